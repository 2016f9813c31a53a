//! `tesela merge`: joins the parts of a map.

use std::path::PathBuf;

use tesela_datasets::class::ClassMap;

use super::map_forms::MapFiles;
use super::predict::{bundle_of, tell_decider};
use super::{Console, ExitStatus};
use crate::inference::{Decider, GridInput, MapSummary, ModelFacts, PartSet, merge};
use crate::progress::Progress;

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

/// A map in all its forms.
pub(super) struct MadeMap {
    /// What is on it.
    pub(super) summary: MapSummary,
    /// Its files.
    pub(super) files: Vec<PathBuf>,
}

/// Makes all forms of the map that `parts` say.
pub(super) fn make_map(
    parts: &PartSet,
    facts: &[ModelFacts],
    decider: &Decider<'_>,
    grid: &GridInput,
    files: &MapFiles,
    console: &mut Console,
) -> anyhow::Result<MadeMap> {
    let folder = files.folder();
    std::fs::create_dir_all(&folder)?;
    let table = files.table(&folder);
    let summary = merge(parts, facts, decider, grid, &table, console)?;
    let watch: &mut dyn Progress = console;
    watch.finish("");
    let written = files.write(&table)?;
    if table.starts_with(&folder) {
        std::fs::remove_file(&table)?;
    }
    // It is left where it holds parts.
    drop(std::fs::remove_dir(&folder));
    Ok(MadeMap { summary, files: written })
}

/// Tells how many cells are of each class, how many of none, and where the map is.
pub(super) fn tell(
    classes: &ClassMap,
    MadeMap { summary, files }: &MadeMap,
    lacking: &str,
    console: &mut Console,
) -> anyhow::Result<()> {
    let classified: u64 = summary.counts.iter().sum();
    for (name, count) in classes.names().iter().zip(&summary.counts) {
        let share = 100.0 * *count as f64 / classified.max(1) as f64;
        console.data(format!("{name:<24} {count:>10} cells {share:>7.2} %"))?;
    }
    console.data(format!("{lacking:<24} {:>10} cells", summary.unknown))?;
    if summary.outside > 0 {
        console.note(format!("{} of these do not overlap the mosaic", summary.outside));
    }
    if summary.partial > 0 {
        console.note(format!("{} cells with a class lack a part of their pixels", summary.partial));
    }
    if let Some(trained) = summary.trained.filter(|&trained| trained > 0) {
        console.note(format!(
            "{trained} cells were trained on; leave them out where the map is judged"
        ));
    }
    for file in files {
        console.data(format!("map: {}", file.display()))?;
    }
    Ok(())
}
