//! `tesela predict`: makes a map of every cell of a grid, or of every row of a table.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::descriptor::{DataKind, Descriptor};

use super::map_forms::MapFiles;
use super::map_making::{MadeMap, make_map, tell, tell_decider};
use super::prepare::place;
use super::{Console, ExitStatus};
use crate::cutting::Part;
use crate::grid::GridColumns;
use crate::inference::{
    Decider, GridInput, Models, MosaicInput, PartSet, TablePredictInput, check_class_names,
    predict_part, predict_table,
};
use crate::progress::Progress;
use crate::raster::files_behind;
use crate::training::{Part as RunPart, RunDirectory};

/// Predict every cell of a grid or every row of a table, labelled or not
///
/// The map is a table with one row per cell, GeoParquet (`.parquet`), GeoPackage (`.gpkg`) or CSV (`.csv`), a cloud-optimised
/// GeoTIFF with one pixel per cell (`.tif`, and a second file with the probabilities), or a picture (`.png`); `--out` may be
/// given several times. What is computed is kept in a folder beside the map until it is finished: interrupted or killed,
/// the same command goes on from there. `--part` divides the work among processes, and `tesela merge` joins it.
///
/// Of several models the mean is taken. A model of a table predicts `--table`, whose columns may stand in any order.
///
/// The mosaic may be a file or a virtual raster (VRT), lie on a server (`https://…`, `s3://…`, `gs://…`, `az://…`), or in an archive
/// (`/vsizip/images.zip/m.tif`). The exit code is 0 where the map or part is done, and 2 where it could not be made: then what was
/// computed is kept, and the message says what was found and what was expected.
#[derive(Debug, clap::Args)]
pub(crate) struct PredictArgs {
    /// Runs, whose final models are taken, or bundles of models
    #[arg(value_name = "RUN|BUNDLE", required = true)]
    models: Vec<PathBuf>,

    /// Mosaic to predict: GeoTIFF, COG or VRT, also on a server or in an archive [default: where the descriptor says]
    #[arg(long, value_name = "FILE|URL", required_unless_present_any = ["descriptor", "table"])]
    mosaic: Option<PathBuf>,

    /// Descriptor of the mosaic or table, or the name of a built-in one [default: bands in canonical order and of the product,
    /// or columns, as the model knows them]
    #[arg(long, value_name = "FILE")]
    descriptor: Option<PathBuf>,

    /// Grid of cells: GeoParquet, GeoPackage or any vector file
    #[arg(long, value_name = "FILE", required_unless_present = "table")]
    grid: Option<PathBuf>,

    /// Table to predict: CSV or Parquet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mosaic", "grid", "layer", "part", "force"])]
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

    /// Map to write: `.parquet`, `.tif`, `.gpkg`, `.png` or `.csv`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    out: Vec<PathBuf>,

    /// Predict the I-th of N parts only, counted from 1, and keep it for `tesela merge` in the folder `OUT.parts`
    #[arg(long, value_name = "I/N")]
    part: Option<Part>,

    /// Go on, with a warning, where scale, resolution, tasseled cap or names of bands are not those that the model was fitted on:
    /// nothing that was measured holds for such a map
    #[arg(long)]
    force: bool,

    /// Leave the operating point of the bundle out: probabilities as the model gives them, and the most probable class
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(args: &PredictArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let files = MapFiles::new(&args.out)?;
    match (&args.table, &args.grid) {
        (Some(table), _) => run_table(args, table, &files, console),
        (None, Some(grid)) => run_grid(args, grid, &files, console),
        (None, None) => bail!("`--grid` or `--table` is missing"),
    }
}

fn run_grid(
    args: &PredictArgs,
    grid: &Path,
    files: &MapFiles,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    let models = load(args)?;
    let decider = Decider::new(models.facts(), args.raw)?;
    check_class_names(models.facts(), &decider)?;
    files.check_classes(models.classes())?;
    let descriptor = args.descriptor.as_deref().map(Descriptor::load).transpose()?;
    let mosaic = mosaic_of(args, descriptor.as_ref())?;
    let behind = files_behind(&mosaic);
    let behind = behind.iter().map(|source| ("a part of the mosaic", source.as_path()));
    let inputs = [("the grid", grid), ("the mosaic", &mosaic)].into_iter().chain(behind);
    files.spare(&inputs.collect::<Vec<_>>())?;
    let mosaic = MosaicInput { path: &mosaic, descriptor: descriptor.as_ref(), force: args.force };
    let id_column = args.id_column.clone().unwrap_or(GridColumns::default().id);
    let (layer, as_raster) = (args.layer.clone(), files.has_raster());
    let grid = GridInput { path: grid.to_owned(), layer, id_column, as_raster };
    if let Some(assumption) = mosaic.assumption(&models) {
        console.note(assumption);
    }
    let folder = files.folder();
    let part = args.part.unwrap_or(Part::WHOLE);
    tell_decider(&decider, args.raw, console);
    let done = predict_part(&models, &mosaic, &grid, part, &folder, console);
    match &done {
        Ok(done) if done.known < done.cells => console.finish_counted("predicted"),
        _ => Progress::finish(console, ""),
    }
    let done = done.inspect_err(|_| tell_what_is_kept(&folder, console))?;
    if done.known > 0 {
        let all = if done.known == done.cells { "all" } else { "" };
        console.note(
            format!("{all} {} of {} cells were known from before", done.known, done.cells)
                .trim_start(),
        );
    }
    if args.part.is_some() {
        console.data(format!("part {part}: {} cells in {}", done.cells, done.ledger.display()))?;
        console.note(format!("when all parts are done: tesela merge {} --out …", folder.display()));
        return Ok(ExitStatus::Success);
    }
    let parts = PartSet::open(std::slice::from_ref(&done.ledger))?;
    let made = make_map(&parts, models.facts(), &decider, &grid, files, console)
        .inspect_err(|_| tell_what_is_kept(&folder, console))?;
    // The map is there; what was kept to make it is of no more use. Parts that others have made stay.
    drop(std::fs::remove_file(&done.ledger));
    drop(std::fs::remove_dir(&folder));
    tell(models.classes(), &made, "no pixel, no class", console)?;
    Ok(ExitStatus::Success)
}

/// Tells where what was computed before an error is, or removes the folder in which nothing is.
fn tell_what_is_kept(folder: &Path, console: &Console) {
    drop(std::fs::remove_dir(folder));
    if folder.exists() {
        console.note(format!(
            "what was computed is kept in `{}`; the same command goes on from there",
            folder.display()
        ));
    }
}

fn run_table(
    args: &PredictArgs,
    table: &Path,
    files: &MapFiles,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    if let Some(path) = files.first_with_outlines() {
        bail!(
            "`{}` is not a name for the map of a table; expected one that ends in `.parquet` or `.csv`",
            path.display()
        );
    }
    let models = load(args)?;
    let decider = Decider::new(models.facts(), args.raw)?;
    check_class_names(models.facts(), &decider)?;
    files.check_classes(models.classes())?;
    files.spare(&[("the table", table)])?;
    tell_decider(&decider, args.raw, console);
    let descriptor = args.descriptor.as_deref().map(Descriptor::load).transpose()?;
    let source = match descriptor.as_ref().map(|descriptor| (descriptor, descriptor.kind())) {
        None => None,
        Some((_, DataKind::Table(source))) => Some(source),
        Some((descriptor, kind)) => {
            bail!("descriptor `{}` declares {}; expected a table", descriptor.name(), kind.words())
        }
    };
    let input = TablePredictInput { table, source, id: args.id_column.clone() };
    let folder = files.folder();
    std::fs::create_dir_all(&folder)?;
    let made = map_table(&models, &decider, &input, files, console);
    // A table is predicted in one go: what is half done is of no use. What others have left there stays.
    let made_there = files.table(&folder);
    if made_there.starts_with(&folder) {
        drop(std::fs::remove_file(made_there));
    }
    drop(std::fs::remove_dir(&folder));
    tell(models.classes(), &made?, "no number, no class", console)?;
    Ok(ExitStatus::Success)
}

/// Makes all forms of the map of a table.
fn map_table(
    models: &Models,
    decider: &Decider<'_>,
    input: &TablePredictInput<'_>,
    files: &MapFiles,
    console: &mut Console,
) -> anyhow::Result<MadeMap> {
    let map = files.table(&files.folder());
    let summary = predict_table(models, decider, input, &map, console)?;
    console.finish_counted("mapped");
    Ok(MadeMap { summary, files: files.write(&map)? })
}

fn load(args: &PredictArgs) -> anyhow::Result<Models> {
    let bundles = args.models.iter().map(|model| bundle_of(model));
    let bundles = bundles.collect::<anyhow::Result<Vec<PathBuf>>>()?;
    Ok(Models::load(&bundles, &args.device)?)
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
pub(super) fn bundle_of(model: &Path) -> anyhow::Result<PathBuf> {
    if model.join("bundle.json").is_file() {
        return Ok(model.to_owned());
    }
    if !model.join("run.json").is_file() {
        bail!(
            "`{}` is neither a run (it has no `run.json`) nor a bundle (`bundle.json`)",
            model.display()
        );
    }
    let run = RunDirectory::open(model)?;
    let bundle = run.bundle(RunPart::Final);
    if !bundle.join("bundle.json").is_file() {
        // An experiment that cannot be read any more says nothing.
        if run.experiment().is_ok_and(|experiment| !experiment.final_model()) {
            bail!(
                "run `{0}` has no final model, because its experiment says `final-model = false`; `tesela export {0} --model \
                 ensemble --out DIR` makes one model of all folds",
                model.display()
            );
        }
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
