//! The report of a comparison: its page, filled from what was compared and from the predictions of the runs.
//!
//! Figures are those of the strictest scheme that all runs share, at the target prevalence where they have the same one.

use std::path::{Path, PathBuf};

use tesela_datasets::class::ClassId;
use tesela_datasets::fold::Scheme;
use tesela_datasets::whole_file::write_whole;

use super::of_run::{ReportError, curve_of, focus, reliability_at, resampled, scheme_kind, shown};
use super::page::{
    Agreement, ComparedRun, ComparisonPage, CriticalDifference, Difference, Discordance, Estimate,
    Figure, Interval, PrecisionRecall, Reliability, Words, comparison_page,
};
use crate::comparison::{Comparison, PairComparison, RankedRuns, RunFigures, SchemeComparison};
use crate::metrics::{Outcomes, Prevalence};
use crate::statistics;
use crate::training::RunDirectory;

/// The name of the report in the directory of a comparison.
const FILE: &str = "report.html";

/// Writes `report.html` into `directory`; where it lies. `runs` are those of `comparison`, in its order.
///
/// # Errors
/// If the predictions of a run cannot be read, or the disk refuses.
pub fn write_comparison_report(
    comparison: &Comparison,
    runs: &[RunDirectory],
    directory: &Path,
) -> Result<Option<PathBuf>, ReportError> {
    let Some(scheme) = comparison.schemes.iter().max_by_key(|scheme| scheme.scheme) else {
        return Ok(None);
    };
    let path = directory.join(FILE);
    let page = comparison_page(&page_of(comparison, scheme, runs)?);
    write_whole(&path, page.as_bytes())
        .map_err(|error| ReportError::Write { path: path.clone(), source: error })?;
    Ok(Some(path))
}

fn page_of(
    comparison: &Comparison,
    scheme: &SchemeComparison,
    runs: &[RunDirectory],
) -> Result<ComparisonPage, ReportError> {
    let classes = &comparison.classes;
    let focus = focus(classes.len(), comparison.target.as_ref().map(Prevalence::shares));
    let outcomes: Vec<Outcomes> =
        runs.iter().map(|run| outcomes(run, scheme.scheme)).collect::<Result<_, _>>()?;
    let named = || comparison.runs.iter().zip(&outcomes);
    let curve = |(run, outcomes): (&crate::comparison::RunSummary, &Outcomes)| {
        let class = ClassId::new(focus?);
        curve_of(&run.name, outcomes, class, classes, comparison.target.as_ref())
    };
    let reliability = |(run, outcomes): (&crate::comparison::RunSummary, &Outcomes)| {
        reliability_at(&run.name, outcomes, focus.map(ClassId::new))
    };
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name.as_str()).collect();
    Ok(ComparisonPage {
        title: names.join(", ").into(),
        date: None,
        classes: classes.names().iter().map(Words::from).collect(),
        focus,
        scheme: scheme_kind(scheme.scheme),
        cells: scheme.cells as u64,
        runs: compared(comparison, scheme, focus),
        differences: scheme
            .pairs
            .iter()
            .flat_map(|pair| differences(pair, &shown(classes.len(), focus)))
            .collect(),
        discordances: scheme.pairs.iter().map(discordance).collect(),
        agreements: scheme.pairs.iter().map(agreement).collect(),
        ranks: scheme.ranks.first().map(|ranked| ranks(ranked, &names, scheme.folds)),
        curves: named().filter_map(curve).collect::<Vec<PrecisionRecall>>(),
        reliability: named().filter_map(reliability).collect::<Vec<Reliability>>(),
        map: None,
    })
}

/// What came of the held-out cells of the first partition of `scheme`.
fn outcomes(run: &RunDirectory, scheme: Scheme) -> Result<Outcomes, ReportError> {
    let failed = |source| ReportError::Run { path: run.path().to_owned(), source };
    let partition = run.measurement().map_err(failed)?.first_of(scheme).partition;
    Ok(run.all_predictions().map_err(failed)?.of_partition(partition).outcomes())
}

fn compared(
    comparison: &Comparison,
    scheme: &SchemeComparison,
    focus: Option<usize>,
) -> Vec<ComparedRun> {
    let classes = comparison.classes.len();
    let one = |(run, figures): (&crate::comparison::RunSummary, &RunFigures)| ComparedRun {
        name: run.name.as_str().into(),
        model: (&run.manifest.model).into(),
        store: run.manifest.store.to_string_lossy().into(),
        store_digest: (&run.manifest.store_digest).into(),
        years: None,
        target: comparison.target.as_ref().map(|target| target.shares().to_vec()),
        sample: resampled(&figures.sample, classes, focus),
        at_target: figures
            .target
            .as_ref()
            .map(|target| resampled(target, classes, focus))
            .unwrap_or_default(),
    };
    comparison.runs.iter().zip(&scheme.runs).map(one).collect()
}

/// The differences that tests over folds speak of, the second run less the first.
fn differences(pair: &PairComparison, shown: &[(Figure, usize)]) -> Vec<Difference> {
    let figures = pair.target.as_ref().unwrap_or(&pair.sample);
    let difference = |&(figure, place): &(Figure, usize)| {
        let found = figures.get(place)?;
        let tests = pair.folds.iter().find(|own| own.figure == pair.sample[place].name)?;
        let corrected = tests.corrected_t.as_ref();
        let mut chances = Vec::new();
        chances.extend(corrected.map(|own| ("corrected t over folds".into(), own.p_value)));
        chances.extend(tests.corrected_t_holm.map(|own| ("the same after Holm".into(), own)));
        let difference = estimate(found)?;
        Some(Difference { run: pair.second, with: pair.first, figure, difference, chances })
    };
    shown.iter().filter_map(difference).collect()
}

fn estimate(found: &statistics::Estimate) -> Option<Estimate> {
    let interval = found.interval.map(|ends| Interval { low: ends.lower, high: ends.upper });
    Some(Estimate { value: found.value?, interval })
}

fn discordance(pair: &PairComparison) -> Discordance {
    let table = &pair.agreement;
    Discordance {
        run: pair.second,
        with: pair.first,
        both: table.both_right,
        run_alone: table.only_second_right,
        with_alone: table.only_first_right,
        neither: table.both_wrong,
        test: "McNemar".into(),
        chance: pair.mcnemar.p_value,
    }
}

fn agreement(pair: &PairComparison) -> Agreement {
    Agreement { run: pair.first, with: pair.second, cells: pair.agreement.cells.clone() }
}

/// Mean ranks over folds, the best first.
fn ranks(ranked: &RankedRuns, names: &[&str], folds: usize) -> CriticalDifference {
    let test = &ranked.friedman;
    let mut order: Vec<usize> = (0..test.mean_ranks.len()).collect();
    order.sort_by(|&a, &b| test.mean_ranks[a].total_cmp(&test.mean_ranks[b]));
    let place = |run: &usize| order.iter().position(|own| own == run);
    let group = |group: &Vec<usize>| {
        let mut places: Vec<usize> = group.iter().filter_map(place).collect();
        places.sort_unstable();
        places
    };
    CriticalDifference {
        of: format!("{} over {folds} folds", ranked.figure).into(),
        ranks: order.iter().map(|&run| (names[run].into(), test.mean_ranks[run])).collect(),
        critical_difference: test.critical_difference,
        groups: test.groups.iter().map(group).collect(),
        chance: Some(test.p_value),
    }
}
