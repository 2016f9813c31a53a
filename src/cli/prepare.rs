//! `tesela prepare`: makes a store of a mosaic and a grid, of ready-made patches, or of a table.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::descriptor::{DataKind, Descriptor};

use super::counts::{counts_table, left_out_text};
use super::{Console, ExitStatus};
use crate::data_path;
use crate::grid::GridColumns;
use crate::prepare::{
    MosaicInput, PatchesInput, Prepared, TableInput, prepare_mosaic, prepare_patches, prepare_table,
};

/// Prepare a store from a mosaic and a grid, from ready-made patches, or from a table
///
/// The descriptor says what the data are: bands, product or scale, classes. A mosaic is cut by the cells of a
/// grid; ready-made patches lie in a folder or zip archive with one folder per class; a table is CSV or Parquet. What
/// the descriptor says of paths can be replaced by `--mosaic`, `--patches` and `--table`.
#[derive(Debug, clap::Args)]
pub(crate) struct PrepareArgs {
    /// Descriptor file, or the name of a built-in one such as `eurosat-rgb`
    descriptor: PathBuf,

    /// Mosaic to cut: GeoTIFF, COG or VRT
    #[arg(long, value_name = "FILE", conflicts_with = "patches")]
    mosaic: Option<PathBuf>,

    /// Grid of labelled cells: GeoParquet, GeoPackage or any vector file
    #[arg(long, value_name = "FILE", conflicts_with = "patches")]
    grid: Option<PathBuf>,

    /// Layer of the grid [default: the only one]
    #[arg(long, value_name = "NAME", requires = "grid")]
    layer: Option<String>,

    /// Column of the grid with the ids of cells
    #[arg(long, value_name = "NAME", default_value = "cell_id", requires = "grid")]
    id_column: String,

    /// Column of the grid with the labels [default: `label`, where there is one]
    #[arg(long, value_name = "NAME", requires = "grid")]
    label_column: Option<String>,

    /// Column of the grid with the years [default: `year`, where there is one]
    #[arg(long, value_name = "NAME", requires = "grid")]
    year_column: Option<String>,

    /// Folder or zip archive of ready-made patches
    #[arg(long, value_name = "PATH")]
    patches: Option<PathBuf>,

    /// Table to take: CSV or Parquet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mosaic", "grid", "patches"])]
    table: Option<PathBuf>,

    /// Store to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &PrepareArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let descriptor = Descriptor::load(&args.descriptor)?;
    let prepared = match descriptor.kind() {
        DataKind::Mosaic { path, .. } => {
            refuse(args.patches.as_deref(), "--patches", &descriptor)?;
            refuse(args.table.as_deref(), "--table", &descriptor)?;
            let mosaic = place(args.mosaic.as_deref(), path.as_deref(), "--mosaic", &descriptor)?;
            let Some(grid) = &args.grid else {
                bail!("`{}` is a mosaic, which `--grid` has to cut", descriptor.name());
            };
            let columns = GridColumns {
                id: args.id_column.clone(),
                label: args.label_column.clone(),
                year: args.year_column.clone(),
            };
            let (descriptor, layer) = (&descriptor, args.layer.clone());
            let input = MosaicInput { descriptor, mosaic: &mosaic, grid, layer, columns };
            prepare_mosaic(&input, &args.out, console)?
        }
        DataKind::Patches { path, .. } => {
            refuse(args.mosaic.as_deref(), "--mosaic", &descriptor)?;
            refuse(args.grid.as_deref(), "--grid", &descriptor)?;
            refuse(args.table.as_deref(), "--table", &descriptor)?;
            let patches =
                place(args.patches.as_deref(), path.as_deref(), "--patches", &descriptor)?;
            let input = PatchesInput { descriptor: &descriptor, patches: &patches };
            prepare_patches(&input, &args.out, console)?
        }
        DataKind::Table(source) => {
            refuse(args.mosaic.as_deref(), "--mosaic", &descriptor)?;
            refuse(args.grid.as_deref(), "--grid", &descriptor)?;
            refuse(args.patches.as_deref(), "--patches", &descriptor)?;
            let declared = source.path.as_deref();
            let table = place(args.table.as_deref(), declared, "--table", &descriptor)?;
            let input = TableInput { descriptor: &descriptor, table: &table };
            prepare_table(&input, &args.out, console)?
        }
    };
    report(&prepared, &args.out, console)?;
    Ok(ExitStatus::Success)
}

/// Answers a flag that does not fit the kind of data.
fn refuse(given: Option<&Path>, flag: &str, descriptor: &Descriptor) -> anyhow::Result<()> {
    if given.is_some() {
        let kind = descriptor.kind().words();
        bail!("descriptor `{}` declares {kind}; `{flag}` does not fit it", descriptor.name());
    }
    Ok(())
}

/// Where the data lie: as the flag says, or else the descriptor.
pub(super) fn place(
    given: Option<&Path>,
    declared: Option<&str>,
    flag: &str,
    descriptor: &Descriptor,
) -> anyhow::Result<PathBuf> {
    match (given, declared) {
        (Some(path), _) => Ok(path.to_owned()),
        (None, Some(declared)) => Ok(data_path::resolve(declared)?),
        (None, None) => {
            bail!(
                "descriptor `{}` does not say where the data lie; `{flag}` has to",
                descriptor.name()
            )
        }
    }
}

fn report(prepared: &Prepared, out: &Path, console: &mut Console) -> anyhow::Result<()> {
    let progress: &mut dyn crate::progress::Progress = console;
    progress.finish("");
    if prepared.was_there {
        console.note("the store is there already, made of the same inputs");
    }
    if let Some(text) = prepared.channels.as_ref().and_then(left_out_text) {
        console.note(text);
    }
    let patches = prepared.definition.input.patches();
    if patches.is_some_and(|patches| !patches.pixel.scaling.is_calibrated()) {
        console.note("uncalibrated: the constants inside spectral indexes mean nothing here");
    }
    if prepared.outside > 0 {
        console.note(format!(
            "{} cells of the grid do not overlap the mosaic and have no patch",
            prepared.outside
        ));
    }
    console.data(counts_table(
        &prepared.definition.classes,
        &prepared.counts,
        &prepared.coverage,
    ))?;
    console.data(format!("store: {}", out.display()))
}
