//! `tesela predict`: makes a map of every cell of a grid.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::descriptor::Descriptor;
use tesela_models::bundle;

use super::{Console, ExitStatus};
use crate::grid::GridColumns;
use crate::inference::{CellMap, PredictInput, predict_grid, write_geotiff, write_table};
use crate::progress::Progress;

/// Predict every cell of a grid, labelled or not
///
/// The map is a GeoParquet table with one row per cell (`.parquet`), or a GeoTIFF with one pixel per cell
/// (`.tif`, and a second file with the probabilities).
#[derive(Debug, clap::Args)]
pub(crate) struct PredictArgs {
    /// Bundle of the model
    bundle: PathBuf,

    /// Mosaic to predict: GeoTIFF, COG or VRT
    #[arg(long, value_name = "FILE")]
    mosaic: PathBuf,

    /// Descriptor of the mosaic, or the name of a built-in one [default: the bands of the model, in order]
    #[arg(long, value_name = "FILE")]
    descriptor: Option<PathBuf>,

    /// Grid of cells: GeoParquet, GeoPackage or any vector file
    #[arg(long, value_name = "FILE")]
    grid: PathBuf,

    /// Layer of the grid [default: the only one]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    /// Column of the grid with the ids of cells
    #[arg(long, value_name = "NAME", default_value = "cell_id")]
    id_column: String,

    /// Device of a network
    #[arg(long, value_name = "NAME", default_value = "flex")]
    device: String,

    /// Map to write: `.parquet` or `.tif`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &PredictArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let format = MapFormat::of(&args.out)?;
    refuse_run(&args.bundle)?;
    let (classifier, _) = bundle::load(&args.bundle, &args.device)?;
    let descriptor = args.descriptor.as_deref().map(Descriptor::load).transpose()?;
    let input = PredictInput {
        mosaic: &args.mosaic,
        descriptor: descriptor.as_ref(),
        grid: &args.grid,
        layer: args.layer.clone(),
        columns: GridColumns { id: args.id_column.clone(), ..GridColumns::default() },
    };
    let map = predict_grid(classifier.as_ref(), &input, console)?;
    let watch: &mut dyn Progress = console;
    watch.finish("");
    let files = match format {
        MapFormat::Table => {
            write_table(&map, &args.out)?;
            vec![args.out.clone()]
        }
        MapFormat::Raster => {
            let files = write_geotiff(&map, &args.out)?;
            vec![files.classes, files.probabilities]
        }
    };
    report(&map, &files, console)?;
    Ok(ExitStatus::Success)
}

/// How a map is written.
#[derive(Debug, Clone, Copy)]
enum MapFormat {
    Table,
    Raster,
}

impl MapFormat {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("parquet") => Ok(Self::Table),
            Some("tif" | "tiff") => Ok(Self::Raster),
            _ => bail!(
                "`{}` is not a name for a map; expected one that ends in `.parquet` or `.tif`",
                path.display()
            ),
        }
    }
}

/// A run has several models; which one is meant has to be said.
fn refuse_run(path: &Path) -> anyhow::Result<()> {
    if path.join("run.json").is_file() && !path.join("bundle.json").is_file() {
        bail!(
            "`{}` is a run with one bundle per fold; name one of them, such as `{}`",
            path.display(),
            path.join("fold-00").join("bundle").display()
        );
    }
    Ok(())
}

fn report(map: &CellMap, files: &[PathBuf], console: &mut Console) -> anyhow::Result<()> {
    let counts = map.counts();
    let classified: u64 = counts.iter().sum();
    for (name, count) in map.classes.names().iter().zip(&counts) {
        let share = 100.0 * *count as f64 / classified.max(1) as f64;
        console.data(format!("{name:<24} {count:>10} cells {share:>7.2} %"))?;
    }
    let without = map.cells.len() as u64 - classified;
    console.data(format!("{:<24} {without:>10} cells", "no pixel, no class"))?;
    if map.outside > 0 {
        console.note(format!("{} of these do not overlap the mosaic", map.outside));
    }
    for file in files {
        console.data(format!("map: {}", file.display()))?;
    }
    Ok(())
}
