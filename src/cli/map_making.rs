//! From the parts of a map to all its forms, and what is told of it: the end of `predict` and of `merge`.

use std::path::PathBuf;

use tesela_datasets::class::ClassMap;

use super::Console;
use super::map_forms::MapFiles;
use crate::inference::{Decider, GridInput, MapSummary, ModelFacts, PartSet, merge};
use crate::progress::Progress;

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
    console.finish_counted("mapped");
    let written = files.write(&table);
    // Also where a form failed: what lies beside parts is taken for one by whoever names the files.
    if table.starts_with(&folder) {
        std::fs::remove_file(&table)?;
    }
    let written = written?;
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
    for prior in &summary.settled {
        console.data(format!("estimated prevalence: {}", prior.words(classes)))?;
        if let Some(warning) = prior.warning(classes) {
            Progress::warn(console, &warning);
        }
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

/// Tells how cells are decided.
pub(super) fn tell_decider(decider: &Decider<'_>, raw: bool, console: &mut Console) {
    console.note(match (decider.has_operating_point(), raw) {
        (true, _) => "the operating point of the bundle calibrates probabilities and decides",
        (false, true) => {
            "raw probabilities and the most probable class, the operating point left out"
        }
        (false, false) => {
            "the bundle has no operating point: raw probabilities and the most probable class"
        }
    });
}
