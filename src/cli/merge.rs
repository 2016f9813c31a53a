//! `tesela merge`: joins the parts of a map.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::map_forms::MapFiles;
use super::map_making::{make_map, tell, tell_decider};
use super::predict::bundle_of;
use super::{Console, ExitStatus};
use crate::inference::{Decider, GridInput, ModelFacts, PartSet, check_class_names};
use crate::map::MapReader;

/// Join the parts that `tesela predict --part` has made to a map, or write other forms of a map
///
/// All parts must be there and complete, of the same bundles, mosaic and grid; every cell comes once. The map is the same,
/// byte by byte, whatever the number of parts. Of a finished map in its first form, GeoParquet, the forms in `--out` are
/// written.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// Parts, or folders of parts; or one finished map (`.parquet`)
    #[arg(value_name = "FOLDER|FILE|MAP", required = true)]
    parts: Vec<PathBuf>,

    /// Map to write: `.parquet`, `.tif`, `.gpkg`, `.png` or `.csv`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    out: Vec<PathBuf>,

    /// Grid of cells [default: where it was when the parts were made]
    #[arg(long, value_name = "FILE")]
    grid: Option<PathBuf>,

    /// Runs or bundles, in the order in which they were named [default: where they were when the parts were made]
    #[arg(long = "model", value_name = "RUN|BUNDLE")]
    models: Vec<PathBuf>,

    /// Leave the operating point of the bundle out: probabilities as the model gives them, and the most probable class
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(args: &MergeArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let files = MapFiles::new(&args.out)?;
    let named: Vec<_> =
        args.parts.iter().map(|part| ("one of the inputs", part.as_path())).collect();
    files.spare(&named)?;
    if let [map] = &args.parts[..]
        && is_map(map)
    {
        return write_forms(args, map, &files, console);
    }
    let parts = PartSet::open(&args.parts)?;
    let header = parts.header();
    let bundles = match args.models.is_empty() {
        true => header.bundles.clone(),
        false => args.models.iter().map(|model| bundle_of(model)).collect::<anyhow::Result<_>>()?,
    };
    let facts =
        bundles.iter().map(|bundle| ModelFacts::load(bundle)).collect::<Result<Vec<_>, _>>()?;
    let decider = Decider::new(&facts, args.raw)?;
    check_class_names(&facts, &decider)?;
    files.check_classes(&facts[0].classes)?;
    tell_decider(&decider, args.raw, console);
    let grid = GridInput {
        path: args.grid.clone().unwrap_or_else(|| header.grid.clone()),
        layer: header.layer.clone(),
        id_column: header.id_column.clone(),
        as_raster: files.has_raster(),
    };
    files.spare(&[("the grid", &grid.path)])?;
    let made = make_map(&parts, &facts, &decider, &grid, &files, console)?;
    tell(&facts[0].classes, &made, "no pixel, no class", console)?;
    Ok(ExitStatus::Success)
}

/// Whether `path` is a file that is called like the first form of a map.
fn is_map(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet"))
}

/// Writes the forms in `files` of the finished map `map`.
fn write_forms(
    args: &MergeArgs,
    map: &Path,
    files: &MapFiles,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    if args.grid.is_some() || !args.models.is_empty() || args.raw {
        bail!(
            "`{}` is a finished map, whose cells are decided; `--grid`, `--model` and `--raw` are for parts",
            map.display()
        );
    }
    files.check_classes(&MapReader::open(map)?.header().origin.classes)?;
    for file in files.write(map)? {
        console.data(format!("map: {}", file.display()))?;
    }
    Ok(ExitStatus::Success)
}
