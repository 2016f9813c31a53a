//! `tesela compare`: runs side by side, and whether they differ.

use std::path::PathBuf;

use tesela_datasets::class::ClassMap;

use super::{Console, ExitStatus};
use crate::comparison::{
    Comparison, ComparisonOptions, DecidedComparison, PairComparison, RunFigures, SchemeComparison,
    compare, write_comparison,
};
use crate::metrics::Prevalence;
use crate::progress::Progress;
use crate::report::{
    difference_table, figures_table, grouped, pairs_table, percent, probability, rank_table,
    unseen_words, write_comparison_report,
};
use crate::statistics::Estimate;
use crate::training::{RunDirectory, TrainingError};

/// Compare runs on the same cells and folds: figures, paired differences, tests
///
/// Intervals are over blocks of cells, which are drawn again as a whole.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// Directories of runs that are done, or folders that hold one run each; the first is what the others are compared
    /// with
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// Directory to write `report.html`, `comparison.json`, `agreement.csv` and the cells that differ to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Number of draws for the intervals
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    replicates: u32,
}

impl CompareArgs {
    fn find_runs(&self) -> Result<Vec<RunDirectory>, TrainingError> {
        self.runs.iter().map(|path| RunDirectory::find(path)).collect()
    }
}

pub(crate) fn run(args: &CompareArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let runs = args.find_runs()?;
    let replicates = usize::try_from(args.replicates)?;
    let options = ComparisonOptions { replicates, ..ComparisonOptions::default() };
    let (comparison, differences) = compare(&runs, options)?;
    let names: Vec<String> = comparison.runs.iter().map(|run| run.name.clone()).collect();
    for run in &comparison.runs {
        console.data(format!("{}: {}, `{}`", run.name, run.manifest.model, run.path))?;
    }
    for remark in &comparison.remarks {
        console.data(remark)?;
    }
    for scheme in &comparison.schemes {
        console.data(conditions(scheme, comparison.schemes.len() > 1))?;
        figures(&comparison, scheme, &names, console)?;
        pairs(&comparison, scheme, &names, console)?;
        if let Some(found) = &scheme.decided {
            decided(&comparison, found, &names, console)?;
        }
    }
    if let Some(folder) = &args.out {
        if let Some(remark) = write_comparison(&comparison, &differences, folder)? {
            console.warn(&remark);
        }
        let count = grouped(differences.len() as u64);
        console.note(format!("{count} cells on which runs differ are in `differences.parquet`"));
        let report = write_comparison_report(&comparison, &differences, &runs, folder)?;
        if let Some(report) = report {
            console.note(format!("the report is `{}`", report.display()));
        }
        console.data(folder.display())?;
    }
    Ok(ExitStatus::Success)
}

/// What the comparison rests on.
fn conditions(scheme: &SchemeComparison, is_one_of_many: bool) -> String {
    let (cells, folds) = (scheme.cells, scheme.folds);
    let lead =
        if is_one_of_many { format!("\nBy {}:\n", scheme.scheme.words()) } else { String::new() };
    let blocks = if scheme.blocks as usize == cells {
        "Each cell is a block of its own.".to_owned()
    } else {
        format!("They lie in {} blocks.", grouped(u64::from(scheme.blocks)))
    };
    format!("{lead}The runs share their fold plan: {cells} cells in {folds} folds. {blocks}")
}

/// Whether a target tells strata apart, in words.
fn by_stratum(target: &Prevalence) -> &'static str {
    if target.strata().is_empty() { "" } else { " (by stratum)" }
}

/// The figures of each run, at the prevalence of the sample and of the target.
fn figures(
    comparison: &Comparison,
    scheme: &SchemeComparison,
    names: &[String],
    console: &mut Console,
) -> anyhow::Result<()> {
    let classes = &comparison.classes;
    let share = |&known: &u64| known as f64 / scheme.cells.max(1) as f64;
    let here: Vec<f64> = scheme.known.iter().map(share).collect();
    let mixed = mixture(classes, &here);
    console.data(format!("At a prevalence of {mixed} (* best; intervals of 95 %):"))?;
    let sample: Vec<&[Estimate]> = scheme.runs.iter().map(|run| run.sample.as_slice()).collect();
    console.data(figures_table(names, &sample, classes))?;
    let target = scheme.runs.iter().map(|run| run.target.as_deref());
    let target: Option<Vec<&[Estimate]>> = target.collect();
    if let (Some(prevalence), Some(target)) = (&comparison.target, target) {
        let mixed = mixture(classes, prevalence.shares());
        console
            .data(format!("\nAt the target prevalence of {mixed}{}:", by_stratum(prevalence)))?;
        console.data(figures_table(names, &target, classes))?;
    }
    Ok(())
}

/// How the runs differ: two in full, more of them pair by pair.
fn pairs(
    comparison: &Comparison,
    scheme: &SchemeComparison,
    names: &[String],
    console: &mut Console,
) -> anyhow::Result<()> {
    if let [pair] = scheme.pairs.as_slice() {
        let [first, second] = [&names[pair.first], &names[pair.second]];
        console
            .data(format!("\n{second} less {first}, * where the interval does not hold zero:"))?;
        let classes = &comparison.classes;
        console.data(difference_table(&pair.sample, Some(&pair.folds), classes))?;
        if let Some(target) = &pair.target {
            let strata = comparison.target.as_ref().map_or("", by_stratum);
            console.data(format!("\nAt the target prevalence{strata}:"))?;
            console.data(difference_table(target, None, classes))?;
        }
        return console.data(decisions(pair, first, second));
    }
    console.data(
        "\nEach pair, * where the interval does not hold zero; p corrected by Holm's method:",
    )?;
    console.data(pairs_table(names, &scheme.pairs, |pair| &pair.sample))?;
    if !scheme.ranks.is_empty() {
        console
            .data("\nMean ranks over the folds; runs that share a letter are not told apart:")?;
        console.data(rank_table(names, &scheme.ranks))?;
        console
            .data("Folds share training cells, so these ranks describe; the intervals decide.")?;
    }
    Ok(())
}

/// What the operating points of the runs decide: the headline, because it is what their maps will show.
fn decided(
    comparison: &Comparison,
    found: &DecidedComparison,
    names: &[String],
    console: &mut Console,
) -> anyhow::Result<()> {
    let classes = &comparison.classes;
    let place = match &comparison.target {
        Some(target) => {
            let mixed = mixture(classes, target.shares());
            format!("at the target prevalence of {mixed}{}", by_stratum(target))
        }
        None => "as the cells are mixed".to_owned(),
    };
    console.data(format!(
        "\nTHE HEADLINE, what the maps will show: each cell decided by the operating point of its run, {place}:"
    ))?;
    let figures = |run: &RunFigures| run.target.as_ref().unwrap_or(&run.sample).clone();
    let figures: Vec<Vec<Estimate>> = found.runs.iter().map(figures).collect();
    let figures: Vec<&[Estimate]> = figures.iter().map(Vec::as_slice).collect();
    console.data(figures_table(names, &figures, classes))?;
    for (name, errors) in names.iter().zip(&found.unseen) {
        for words in unseen_words(name, errors, classes) {
            console.data(words)?;
        }
    }
    let [pair] = found.pairs.as_slice() else {
        console.data("\nEach pair, * where the interval does not hold zero:")?;
        return console.data(pairs_table(names, &found.pairs, PairComparison::there));
    };
    let [first, second] = [&names[pair.first], &names[pair.second]];
    console.data(format!("\n{second} less {first}, * where the interval does not hold zero:"))?;
    console.data(difference_table(pair.there(), None, classes))?;
    console.data(decisions(pair, first, second))
}

/// A mixture of classes in words.
fn mixture(classes: &ClassMap, shares: &[f64]) -> String {
    let pairs = classes.names().iter().zip(shares);
    let words = pairs.map(|(name, &share)| format!("{name} {}", percent(share)));
    words.collect::<Vec<_>>().join(", ")
}

/// What two runs take the same cells for, in words.
fn decisions(pair: &PairComparison, first: &str, second: &str) -> String {
    let (agreement, test) = (&pair.agreement, &pair.mcnemar);
    let share =
        agreement.share().map_or_else(String::new, |share| format!(" ({})", percent(share)));
    format!(
        "Both decide the same about {} of {} cells{share}.\n{first} alone is right about {}, {second} alone about {}.\n\
         McNemar's p is {}.",
        grouped(agreement.same()),
        grouped(agreement.total()),
        grouped(agreement.only_first_right),
        grouped(agreement.only_second_right),
        probability(test.p_value),
    )
}
