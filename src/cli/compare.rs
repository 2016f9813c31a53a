//! `tesela compare`: runs side by side.

use std::path::PathBuf;

use tesela_datasets::class::ClassMap;
use tesela_datasets::fold::Scheme;

use super::{Console, ExitStatus};
use crate::metrics::Summary;
use crate::report::{comparison_table, percent};
use crate::training::{Comparison, Measured, Measurement, RunDirectory};

/// Compare runs on the same cells, score by score
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// Directories of runs that are done, or folders that hold one run each
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
}

pub(crate) fn run(args: &CompareArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let runs = args.runs.iter().map(|path| RunDirectory::find(path)).collect::<Result<_, _>>()?;
    let comparison = Comparison::of(runs)?;
    let names = names(&comparison);
    for (name, (run, _)) in names.iter().zip(&comparison.runs) {
        let manifest = run.manifest();
        console.data(format!("{name}: {}, `{}`", manifest.model, run.path().display()))?;
    }
    let schemes = comparison.schemes();
    console.data(conditions(&comparison, &schemes))?;
    for (place, &scheme) in schemes.iter().enumerate() {
        if schemes.len() > 1 {
            let gap = if place == 0 { "" } else { "\n" };
            console.data(format!("{gap}By {}:", scheme.words()))?;
        }
        tables(&comparison, &names, scheme, console)?;
    }
    Ok(ExitStatus::Success)
}

/// The tables of one scheme, at the prevalence of the sample and of the target.
fn tables(
    comparison: &Comparison,
    names: &[String],
    scheme: Scheme,
    console: &mut Console,
) -> anyhow::Result<()> {
    let summary = |one: &Measurement| one.scheme(scheme).map(|own| own.sample.clone());
    table(comparison, names, summary, console)?;
    let firsts = comparison.runs.iter().map(|(_, one)| one.first_of(scheme));
    let targets = firsts.map(|first| first.target.as_ref());
    if targets.clone().all(|target| target.is_some()) {
        let mixtures = targets.flatten().map(prevalences);
        let mut mixtures: Vec<String> = mixtures.collect();
        mixtures.dedup();
        if let [mixture] = mixtures.as_slice() {
            console.data(format!("\nAt the target prevalence of {mixture}:"))?;
            let summary = |one: &Measurement| one.scheme(scheme).and_then(|own| own.target.clone());
            table(comparison, names, summary, console)?;
        }
    }
    Ok(())
}

fn table(
    comparison: &Comparison,
    names: &[String],
    which: impl Fn(&Measurement) -> Option<Vec<Summary>>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let runs = comparison.runs.iter();
    let summaries = runs.filter_map(|(_, one)| Some(rows(&one.classes, which(one)?)));
    console.data(comparison_table(names, &summaries.collect::<Vec<_>>()))
}

/// The rows of the table: everything, but of many classes F1 only.
fn rows(classes: &ClassMap, summary: Vec<Summary>) -> Vec<Summary> {
    let is_detail = |name: &str| {
        let of_class = classes.names().iter().filter_map(|one| name.strip_prefix(one.as_str()));
        of_class.into_iter().any(|figure| figure.starts_with(' ') && figure != " f1")
    };
    let all = summary.into_iter();
    all.filter(|one| classes.len() <= MANY_CLASSES || !is_detail(&one.name)).collect()
}

/// Above this many classes, the details of each would hide the whole.
const MANY_CLASSES: usize = 3;

/// What the comparison rests on.
fn conditions(comparison: &Comparison, schemes: &[Scheme]) -> String {
    let mut lines = Vec::new();
    if let (Some((run, measurement)), Some(&scheme)) = (comparison.runs.first(), schemes.first()) {
        let sample = &measurement.first_of(scheme).sample;
        let cells = sample.pooled.cells;
        let folds = run.manifest().folds;
        lines.push(if comparison.same_folds {
            format!("The runs share their fold plan: {cells} cells in {folds} folds.")
        } else {
            let words = "The runs are on the same cells, in DIFFERENT folds: deviations may differ for \
                         that reason alone.";
            words.to_owned()
        });
        if !comparison.same_store {
            lines.push("The runs read DIFFERENT stores: their patches may differ.".to_owned());
        }
        let mixture = prevalences(sample);
        lines.push(format!("Mean ± deviation over folds, * best, at a prevalence of {mixture}:"));
    }
    lines.join("\n")
}

fn prevalences(measured: &Measured) -> String {
    let classes = measured.pooled.classes.iter();
    let each = classes.map(|one| format!("{} {}", one.class, percent(one.prevalence)));
    each.collect::<Vec<_>>().join(", ")
}

/// Names that tell the runs apart: the experiment, and the run where experiments are equal.
fn names(comparison: &Comparison) -> Vec<String> {
    let manifests = comparison.runs.iter().map(|(run, _)| run.manifest());
    let all: Vec<_> = manifests.collect();
    let repeated = |name: &str| all.iter().filter(|one| one.experiment == name).count() > 1;
    all.iter()
        .map(|one| {
            if repeated(&one.experiment) {
                format!("{} {}", one.experiment, one.run)
            } else {
                one.experiment.clone()
            }
        })
        .collect()
}
