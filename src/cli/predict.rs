//! `tesela predict`: makes a map of every cell of a grid, or of every row of a table.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::class::ClassMap;
use tesela_datasets::descriptor::{DataKind, Descriptor};
use tesela_models::applicability::CellApplicability;
use tesela_models::bundle::{self, BundleManifest};

use super::prepare::place;
use super::{Console, ExitStatus};
use crate::grid::GridColumns;
use crate::inference::{
    Deciding, PredictInput, RowFormat, TablePredictInput, predict_grid, predict_table,
    write_geopackage, write_geotiff, write_table,
};
use crate::progress::Progress;
use crate::training::{Part, RunDirectory};

/// Predict every cell of a grid or every row of a table, labelled or not
///
/// The map is a table with one row per cell, GeoParquet (`.parquet`) or GeoPackage (`.gpkg`), or a GeoTIFF with
/// one pixel per cell (`.tif`, and a second file with the probabilities). A model of a table predicts `--table`, whose
/// columns may stand in any order, to GeoParquet or CSV (`.csv`).
#[derive(Debug, clap::Args)]
pub(crate) struct PredictArgs {
    /// Run, whose final model is taken, or bundle of a model
    #[arg(value_name = "RUN|BUNDLE")]
    model: PathBuf,

    /// Mosaic to predict: GeoTIFF, COG or VRT [default: where the descriptor says]
    #[arg(long, value_name = "FILE", required_unless_present_any = ["descriptor", "table"])]
    mosaic: Option<PathBuf>,

    /// Descriptor of the mosaic or table, or the name of a built-in one [default: bands or columns as the model knows
    /// them]
    #[arg(long, value_name = "FILE")]
    descriptor: Option<PathBuf>,

    /// Grid of cells: GeoParquet, GeoPackage or any vector file
    #[arg(long, value_name = "FILE", required_unless_present = "table")]
    grid: Option<PathBuf>,

    /// Table to predict: CSV or Parquet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mosaic", "grid", "layer"])]
    table: Option<PathBuf>,

    /// Layer of the grid [default: the only one]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    /// Column of the grid or table with the ids of cells [default: `cell_id`; of a table as the model knows it]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,

    /// Device of a network
    #[arg(long, value_name = "NAME", default_value = "flex")]
    device: String,

    /// Map to write: `.parquet`, `.gpkg` or `.tif`; of a table `.parquet` or `.csv`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Leave the operating point of the bundle out: probabilities as the model gives them, and the most probable class
    #[arg(long)]
    raw: bool,
}

impl PredictArgs {
    /// How cells are decided, which the user is told.
    fn deciding<'a>(
        &self,
        manifest: &'a BundleManifest,
        applicability: Option<&'a CellApplicability>,
        console: &mut Console,
    ) -> Deciding<'a> {
        let point = manifest.operating_point.as_ref().filter(|_| !self.raw);
        console.note(match (point.is_some(), manifest.operating_point.is_some()) {
            (true, _) => "the operating point of the bundle calibrates probabilities and decides",
            (_, true) => {
                "raw probabilities and the most probable class, the operating point left out"
            }
            _ => "the bundle has no operating point: raw probabilities and the most probable class",
        });
        Deciding { point, applicability }
    }
}

pub(crate) fn run(args: &PredictArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    match (&args.table, &args.grid) {
        (Some(table), _) => run_table(args, table, console),
        (None, Some(grid)) => run_grid(args, grid, console),
        (None, None) => bail!("`--grid` or `--table` is missing"),
    }
}

fn run_grid(args: &PredictArgs, grid: &Path, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let format = MapFormat::of(&args.out)?;
    let bundle = bundle_of(&args.model)?;
    let (classifier, manifest) = bundle::load(&bundle, &args.device)?;
    let applicability = bundle::load_applicability(&bundle, &manifest)?;
    let deciding = args.deciding(&manifest, applicability.as_ref(), console);
    let descriptor = args.descriptor.as_deref().map(Descriptor::load).transpose()?;
    let mosaic = mosaic_of(args, descriptor.as_ref())?;
    let usual = GridColumns::default();
    let input = PredictInput {
        mosaic: &mosaic,
        descriptor: descriptor.as_ref(),
        grid,
        layer: args.layer.clone(),
        columns: GridColumns { id: args.id_column.clone().unwrap_or(usual.id), ..usual },
        scratch: &args.out,
    };
    let map = predict_grid(classifier.as_ref(), deciding, &input, console)?;
    let watch: &mut dyn Progress = console;
    watch.finish("");
    let files = match format {
        MapFormat::Table => {
            write_table(&map, &args.out)?;
            vec![args.out.clone()]
        }
        MapFormat::GeoPackage => {
            write_geopackage(&map, &args.out)?;
            vec![args.out.clone()]
        }
        MapFormat::Raster => {
            let files = write_geotiff(&map, &args.out)?;
            vec![files.classes, files.probabilities]
        }
    };
    let counts = map.counts();
    let without = map.cells.len() as u64 - counts.iter().sum::<u64>();
    report(&map.classes, &counts, ("no pixel, no class", without), console)?;
    if map.outside > 0 {
        console.note(format!("{} of these do not overlap the mosaic", map.outside));
    }
    for file in files {
        console.data(format!("map: {}", file.display()))?;
    }
    Ok(ExitStatus::Success)
}

fn run_table(
    args: &PredictArgs,
    table: &Path,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    let format = row_format_of(&args.out)?;
    let bundle = bundle_of(&args.model)?;
    let (classifier, manifest) = bundle::load(&bundle, &args.device)?;
    let applicability = bundle::load_applicability(&bundle, &manifest)?;
    let deciding = args.deciding(&manifest, applicability.as_ref(), console);
    let descriptor = args.descriptor.as_deref().map(Descriptor::load).transpose()?;
    let source = match descriptor.as_ref().map(|descriptor| (descriptor, descriptor.kind())) {
        None => None,
        Some((_, DataKind::Table(source))) => Some(source),
        Some((descriptor, kind)) => {
            bail!("descriptor `{}` declares {}; expected a table", descriptor.name(), kind.words())
        }
    };
    let input = TablePredictInput { table, source, id: args.id_column.clone() };
    let summary = predict_table(classifier.as_ref(), deciding, &input, format, &args.out, console)?;
    let watch: &mut dyn Progress = console;
    watch.finish("");
    let without = ("no number, no class", summary.unknown);
    report(classifier.classes(), &summary.counts, without, console)?;
    console.data(format!("map: {}", args.out.display()))?;
    Ok(ExitStatus::Success)
}

/// How a map of rows is written.
fn row_format_of(path: &Path) -> anyhow::Result<RowFormat> {
    match extension(path).as_deref() {
        Some("parquet") => Ok(RowFormat::Table),
        Some("csv") => Ok(RowFormat::Csv),
        _ => bail!(
            "`{}` is not a name for the map of a table; expected one that ends in `.parquet` or `.csv`",
            path.display()
        ),
    }
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|text| text.to_string_lossy().to_lowercase())
}

/// How a map is written.
#[derive(Debug, Clone, Copy)]
enum MapFormat {
    Table,
    GeoPackage,
    Raster,
}

impl MapFormat {
    fn of(path: &Path) -> anyhow::Result<Self> {
        match extension(path).as_deref() {
            Some("parquet") => Ok(Self::Table),
            Some("gpkg") => Ok(Self::GeoPackage),
            Some("tif" | "tiff") => Ok(Self::Raster),
            _ => bail!(
                "`{}` is not a name for a map; expected one that ends in `.parquet`, `.gpkg` or `.tif`",
                path.display()
            ),
        }
    }
}

/// Where the mosaic lies.
fn mosaic_of(args: &PredictArgs, descriptor: Option<&Descriptor>) -> anyhow::Result<PathBuf> {
    let declared = descriptor.map(|descriptor| (descriptor, descriptor.kind()));
    match (&args.mosaic, declared) {
        (Some(mosaic), _) => Ok(mosaic.clone()),
        (None, Some((descriptor, DataKind::Mosaic { path, .. }))) => {
            place(None, path.as_deref(), "--mosaic", descriptor)
        }
        (None, Some((descriptor, kind))) => {
            bail!("descriptor `{}` declares {}; expected a mosaic", descriptor.name(), kind.words())
        }
        (None, None) => bail!("`--mosaic` is missing"),
    }
}

/// The bundle that `model` is, or the final one of the run that it is.
fn bundle_of(model: &Path) -> anyhow::Result<PathBuf> {
    if model.join("bundle.json").is_file() {
        return Ok(model.to_owned());
    }
    if !model.join("run.json").is_file() {
        bail!(
            "`{}` is neither a run (it has no `run.json`) nor a bundle (`bundle.json`)",
            model.display()
        );
    }
    let bundle = RunDirectory::open(model)?.bundle(Part::Final);
    if !bundle.join("bundle.json").is_file() {
        bail!(
            "run `{}` has no final model in `{}`; `tesela train` makes it when all folds are done, or name the \
             bundle of a fold, such as `{}`",
            model.display(),
            bundle.display(),
            model.join("fold-00").join("bundle").display()
        );
    }
    Ok(bundle)
}

fn report(
    classes: &ClassMap,
    counts: &[u64],
    (lacking, without): (&str, u64),
    console: &mut Console,
) -> anyhow::Result<()> {
    let classified: u64 = counts.iter().sum();
    for (name, count) in classes.names().iter().zip(counts) {
        let share = 100.0 * *count as f64 / classified.max(1) as f64;
        console.data(format!("{name:<24} {count:>10} cells {share:>7.2} %"))?;
    }
    console.data(format!("{lacking:<24} {without:>10} cells"))
}
