//! The report of a comparison: its page, filled from what was compared and from the predictions of the runs.
//!
//! Figures are those of the strictest scheme that all runs share, at the target prevalence where they have the same one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tesela_datasets::cell::CellId;
use tesela_datasets::class::ClassId;
use tesela_datasets::fold::Scheme;
use tesela_datasets::store::StoreReader;
use tesela_datasets::whole_file::write_whole;

use super::of_run::{
    ReportError, curve_of, focus, map_of, reliability_at, resampled, scheme_kind, shown,
};
use super::page::{
    self, Agreement, CellMap, ComparedRun, ComparisonPage, CriticalDifference, DecidedPairs,
    Difference, Discordance, Estimate, Figure, Interval, MapKind, MapMark, PrecisionRecall,
    Reliability, Words, comparison_page,
};
use super::unseen_words;
use crate::comparison::{
    Comparison, Differences, HeadlineDecisions, PairComparison, RankedRuns, RunFigures,
    SchemeComparison,
};
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
    cells: &Differences,
    runs: &[RunDirectory],
    directory: &Path,
) -> Result<Option<PathBuf>, ReportError> {
    let Some(scheme) = comparison.schemes.iter().max_by_key(|scheme| scheme.scheme) else {
        return Ok(None);
    };
    let path = directory.join(FILE);
    let page = comparison_page(&page_of(comparison, scheme, cells, runs)?);
    write_whole(&path, page.as_bytes())
        .map_err(|error| ReportError::Write { path: path.clone(), source: error })?;
    Ok(Some(path))
}

fn page_of(
    comparison: &Comparison,
    scheme: &SchemeComparison,
    cells: &Differences,
    runs: &[RunDirectory],
) -> Result<ComparisonPage, ReportError> {
    let classes = &comparison.classes;
    let focus = focus(classes.len(), comparison.target.as_ref().map(Prevalence::shares));
    let outcomes: Vec<Outcomes> = runs
        .iter()
        .map(|run| outcomes(run, scheme.scheme, comparison.target.as_ref()))
        .collect::<Result<_, _>>()?;
    let named = || comparison.runs.iter().zip(&outcomes);
    let curve = |(run, outcomes): (&crate::comparison::RunSummary, &Outcomes)| {
        let class = ClassId::new(focus?);
        curve_of(&run.name, outcomes, class, classes, comparison.target.as_ref())
    };
    let reliability = |(run, outcomes): (&crate::comparison::RunSummary, &Outcomes)| {
        reliability_at(&run.name, outcomes, focus.map(ClassId::new), None)
    };
    let places = shown(classes.len(), focus);
    let pairs = |pairs: &[PairComparison]| {
        pairs.iter().flat_map(|pair| differences(pair, &places)).collect()
    };
    let decided = scheme.decided.as_ref();
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name.as_str()).collect();
    Ok(ComparisonPage {
        title: names.join(", ").into(),
        date: None,
        classes: classes.names().iter().map(Words::from).collect(),
        focus,
        scheme: scheme_kind(scheme.scheme),
        cells: scheme.cells as u64,
        runs: compared(comparison, scheme, focus),
        has_target: comparison.target.is_some(),
        differences: pairs(&scheme.pairs),
        discordances: scheme.pairs.iter().map(discordance).collect(),
        agreements: scheme.pairs.iter().map(agreement).collect(),
        decided: decided.map(|decided| DecidedPairs {
            differences: pairs(&decided.pairs),
            discordances: decided.pairs.iter().map(discordance).collect(),
            remarks: names
                .iter()
                .zip(&decided.unseen)
                .flat_map(|(name, errors)| unseen_words(name, errors, classes))
                .map(|words| Words::lines(&words))
                .collect(),
        }),
        ranks: scheme.ranks.first().map(|ranked| ranks(ranked, &names, scheme.folds)),
        curves: named().filter_map(curve).collect::<Vec<PrecisionRecall>>(),
        reliability: named().filter_map(reliability).collect::<Vec<Reliability>>(),
        map: map(cells, &names),
    })
}

/// What came of the held-out cells of the first partition of `scheme`.
fn outcomes(
    run: &RunDirectory,
    scheme: Scheme,
    target: Option<&Prevalence>,
) -> Result<Outcomes, ReportError> {
    let failed = |source| ReportError::Run { path: run.path().to_owned(), source };
    let partition = run.measurement().map_err(failed)?.first_of(scheme).partition;
    Ok(run.all_predictions().map_err(failed)?.of_partition(partition).outcomes(target))
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
        decided: page::Scores::default(),
    };
    let mut runs: Vec<ComparedRun> = comparison.runs.iter().zip(&scheme.runs).map(one).collect();
    for (run, figures) in runs.iter_mut().zip(scheme.decided.iter().flat_map(|one| &one.runs)) {
        let figures = figures.target.as_ref().unwrap_or(&figures.sample);
        run.decided = resampled(figures, classes, focus);
    }
    runs
}

/// Where the runs differ, by what their operating points decide where all have one; `None` where cells have no places, or the
/// store of the first run is not there any more.
fn map(cells: &Differences, names: &[&str]) -> Option<CellMap> {
    // Without outlines the table of differing cells has a remark that says why.
    let store = StoreReader::open(cells.store()).ok()?;
    let HeadlineDecisions { cells: ids, known, runs } = cells.decisions();
    let rows: BTreeMap<&CellId, u32> =
        store.cells().iter().map(|cell| &cell.cell.id).zip(0..).collect();
    let kind = |cell: usize| match runs.as_slice() {
        _ if runs.iter().all(|run| run[cell] == runs[0][cell]) => 0,
        [first, _] if first[cell] == known[cell] => 1,
        [_, second] if second[cell] == known[cell] => 2,
        [_, _] => 3,
        _ => 1,
    };
    let placed = ids.iter().enumerate().filter_map(|(cell, id)| Some((*rows.get(id)?, kind(cell))));
    let (rows, found): (Vec<u32>, Vec<usize>) = placed.unzip();
    let kind = |name: String, mark| MapKind { name: name.into(), mark };
    let mut kinds = vec![kind("decided alike".to_owned(), MapMark::Quiet)];
    if let [first, second] = names {
        kinds.push(kind(format!("{first} alone right"), MapMark::Full));
        kinds.push(kind(format!("{second} alone right"), MapMark::Hollow));
        // Of two classes, one of two runs that differ is right.
        if found.contains(&3) {
            kinds.push(kind("both wrong, in different ways".to_owned(), MapMark::Other));
        }
    } else {
        kinds.push(kind("not all alike".to_owned(), MapMark::Full));
    }
    map_of(&store, &rows, kinds, &found)
}

/// The differences that tests over folds speak of, the second run less the first.
fn differences(pair: &PairComparison, shown: &[(Figure, usize)]) -> Vec<Difference> {
    let figures = pair.there();
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
