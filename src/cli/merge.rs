//! `tesela merge`: joins the parts of a map.

use std::path::PathBuf;

use super::map_forms::MapFiles;
use super::map_making::{make_map, tell, tell_decider};
use super::predict::bundle_of;
use super::{Console, ExitStatus};
use crate::inference::{Decider, GridInput, ModelFacts, PartSet};

/// Join the parts that `tesela predict --part` has made to a map
///
/// All parts must be there and complete, of the same bundles, mosaic and grid; every cell comes once. The map is the same,
/// byte by byte, whatever the number of parts.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// Parts, or folders of parts
    #[arg(value_name = "FOLDER|FILE", required = true)]
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
    let parts = PartSet::open(&args.parts)?;
    let header = parts.header();
    let bundles = match args.models.is_empty() {
        true => header.bundles.clone(),
        false => args.models.iter().map(|model| bundle_of(model)).collect::<anyhow::Result<_>>()?,
    };
    let facts =
        bundles.iter().map(|bundle| ModelFacts::load(bundle)).collect::<Result<Vec<_>, _>>()?;
    let decider = Decider::new(&facts, args.raw)?;
    tell_decider(&decider, args.raw, console);
    let grid = GridInput {
        path: args.grid.clone().unwrap_or_else(|| header.grid.clone()),
        layer: header.layer.clone(),
        id_column: header.id_column.clone(),
    };
    let made = make_map(&parts, &facts, &decider, &grid, &files, console)?;
    tell(&facts[0].classes, &made, "no pixel, no class", console)?;
    Ok(ExitStatus::Success)
}
