//! Remarks: what a reader of a comparison must know before its figures, in sentences.

use std::collections::BTreeSet;

use tesela_datasets::store::StoreReader;

use super::paired::PairedRun;
use super::target::shared_target;
use crate::training::{Operation, RunManifest};

/// What differs between the runs besides their models.
pub(super) fn remarks(runs: &[PairedRun<'_>]) -> Vec<String> {
    let mut remarks = Vec::new();
    let manifests: Vec<&RunManifest> = runs.iter().map(|run| run.directory.manifest()).collect();
    let differ = |of: fn(&RunManifest) -> &str| {
        manifests.iter().any(|manifest| of(manifest) != of(manifests[0]))
    };
    let each = |what: &dyn Fn(&PairedRun<'_>) -> String| {
        let all = runs.iter().map(|run| format!("{}: {}", run.name, what(run)));
        all.collect::<Vec<_>>().join("; ")
    };
    if differ(|manifest| &manifest.store_digest) {
        let store = |run: &PairedRun<'_>| format!("`{}`", run.directory.manifest().store.display());
        remarks.push(format!(
            "The runs read DIFFERENT stores: their cells may differ. {}.",
            each(&store)
        ));
    }
    if differ(|manifest| &manifest.store_digest) {
        let first = years(&runs[0]);
        if runs.iter().any(|run| years(run) != first) {
            remarks.push(format!("The cells are of DIFFERENT years. {}.", each(&years)));
        }
    }
    if differ(|manifest| &manifest.dataset) {
        let name = |run: &PairedRun<'_>| format!("`{}`", run.directory.manifest().dataset);
        remarks.push(format!("The stores are of DIFFERENT data sets. {}.", each(&name)));
    }
    if differ(|manifest| &manifest.program_version) {
        let version = |run: &PairedRun<'_>| run.directory.manifest().program_version.clone();
        remarks.push(format!(
            "The runs are of DIFFERENT versions of the program. {}.",
            each(&version)
        ));
    }
    if shared_target(runs).is_none() && runs.iter().any(|run| run.target.is_some()) {
        let words = |run: &PairedRun<'_>| match &run.target {
            None => "none".to_owned(),
            Some(prevalence) => {
                let pairs = run.classes().names().iter().zip(prevalence.shares());
                let shares: Vec<String> =
                    pairs.map(|(name, share)| format!("{name} {share}")).collect();
                let strata = match prevalence.strata() {
                    [] => String::new(),
                    strata => format!(" by {} strata", strata.len()),
                };
                format!("{}{strata}", shares.join(", "))
            }
        };
        remarks.push(format!(
            "The runs have DIFFERENT target prevalences, so figures are at that of the sample alone. {}.",
            each(&words)
        ));
    }
    remarks
}

/// The years that the cells of a run speak of, in words.
fn years(run: &PairedRun<'_>) -> String {
    let Ok(store) = StoreReader::open(&run.directory.manifest().store) else {
        return "unknown, because the store cannot be read".to_owned();
    };
    let years: BTreeSet<i32> = store.cells().iter().filter_map(|one| one.cell.year).collect();
    let words: Vec<String> = years.iter().map(ToString::to_string).collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join(", ") }
}

/// Which runs have no operating point, where others have one.
pub(super) fn undecided(
    runs: &[PairedRun<'_>],
    operations: &[Option<Operation>],
) -> Option<String> {
    let without = runs.iter().zip(operations).filter(|(_, operation)| operation.is_none());
    let names: Vec<&str> = without.map(|(run, _)| run.name.as_str()).collect();
    let some = !names.is_empty() && names.len() < runs.len();
    some.then(|| {
        format!(
            "NO operating point: {}. So the most probable classes are compared, not what operating points decide.",
            names.join(", ")
        )
    })
}
