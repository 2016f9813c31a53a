//! The comparison of several runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::fold::{FoldPlan, Scheme};

use super::ComparisonError;
use super::differences::Differences;
use super::pair::{PairComparison, Side};
use super::paired::{PairedRun, PartitionCells, pair};
use super::remarks::{remarks, undecided};
use super::several::{RankedRuns, rank};
use super::target::shared_target;
use crate::metrics::{Figure, Outcomes, Prevalence, Scores};
use crate::statistics::{
    Bootstrap, Decided, Estimate, IntervalMethod, Level, Resampled, UnseenErrors, holm,
};
use crate::training::{Operation, RunDirectory, RunManifest};

/// The version of `comparison.json`.
const FORMAT_VERSION: u32 = 1;

/// How thoroughly to compare.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonOptions {
    /// Number of draws for the intervals.
    pub replicates: usize,
    /// How often intervals are to hold the truth.
    pub level: Level,
}

impl Default for ComparisonOptions {
    fn default() -> Self {
        Self { replicates: Bootstrap::REPLICATES, level: Level::NINETY_FIVE }
    }
}

/// Runs on the same cells and folds, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// Version of the format.
    pub format: u32,
    /// The classes, in the order of all tables.
    pub classes: ClassMap,
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// What differs between the runs besides their models, in sentences.
    pub remarks: Vec<String>,
    /// The mixture of classes that figures are given for beside that of the sample; missing where runs have none or
    /// different ones.
    pub target: Option<Prevalence>,
    /// How often intervals are to hold the truth.
    pub level: Level,
    /// Number of draws for the intervals.
    pub replicates: usize,
    /// The origin of the draws: the seed of the first run.
    pub seed: u64,
    /// What each validation scheme says, the strictest first.
    pub schemes: Vec<SchemeComparison>,
}

/// What ran on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunSummary {
    /// What the run is called here.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// What ran on what.
    pub manifest: RunManifest,
}

/// The comparison by one validation scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SchemeComparison {
    /// The scheme.
    pub scheme: Scheme,
    /// Cells that are held out in its first partition.
    pub cells: usize,
    /// How many of them are of each class.
    pub known: Vec<u64>,
    /// Blocks that they lie in.
    pub blocks: u32,
    /// Folds of all its partitions.
    pub folds: usize,
    /// The figures of each run.
    pub runs: Vec<RunFigures>,
    /// Each pair of runs.
    pub pairs: Vec<PairComparison>,
    /// Mean ranks of three runs and more.
    pub ranks: Vec<RankedRuns>,
    /// The same cells as the operating point of each run decides them; missing where a run has none, and beside the
    /// strictest scheme, from which operating points are learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<DecidedComparison>,
}

/// The comparison of what the operating points of the runs decide, which is what their maps will show. The cells of each part of
/// the folds are decided by an operating point that was learned without them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DecidedComparison {
    /// The figures of each run. At the target, intervals of rates are those that the map of the run is to fall into.
    pub runs: Vec<RunFigures>,
    /// Each pair of runs.
    pub pairs: Vec<PairComparison>,
    /// For each run the errors that none of its cells shows; intervals of differences do not know of them.
    pub unseen: Vec<Vec<UnseenErrors>>,
}

/// The figures of a run with their intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunFigures {
    /// Of the cells as they are mixed.
    pub sample: Vec<Estimate>,
    /// As if the cells were mixed as the target.
    pub target: Option<Vec<Estimate>>,
}

/// Compares `runs`; gives the comparison, and the cells of the strictest scheme that some runs decide differently about.
///
/// # Errors
/// If a run is not done or cannot be read, or if two cannot be paired: other classes, schemes, cells, folds or labels, or
/// probabilities that are none.
pub fn compare(
    runs: &[RunDirectory],
    options: ComparisonOptions,
) -> Result<(Comparison, Differences), ComparisonError> {
    let runs = pair(runs)?;
    let plan = runs[0].directory.plan()?;
    let target = shared_target(&runs);
    let seed = runs[0].directory.manifest().seed;
    let bootstrap = Bootstrap { replicates: options.replicates, seed };
    let schemes = runs[0].measurement.schemes.iter().map(|one| one.scheme);
    let headline = runs[0].measurement.headline().partition;
    let operations = runs.iter().map(|run| run.operation(headline));
    let operations: Vec<Option<Operation>> = operations.collect::<Result<_, _>>()?;
    let mut remarks = remarks(&runs);
    remarks.extend(undecided(&runs, &operations));
    let operations: Option<Vec<Operation>> = operations.into_iter().collect();
    let task = Task {
        runs: &runs,
        operations: operations.as_deref(),
        plan: &plan,
        target: target.as_ref(),
        bootstrap,
        options,
    };
    let schemes: Vec<SchemeComparison> = schemes.map(|scheme| task.scheme(scheme)).collect();
    let summary = |run: &PairedRun<'_>| RunSummary {
        name: run.name.clone(),
        path: run.directory.path().display().to_string(),
        manifest: run.directory.manifest().clone(),
    };
    let differences = Differences::of(&runs, task.operations, headline);
    let comparison = Comparison {
        format: FORMAT_VERSION,
        classes: runs[0].classes().clone(),
        runs: runs.iter().map(summary).collect(),
        remarks,
        target,
        level: options.level,
        replicates: options.replicates,
        seed,
        schemes,
    };
    Ok((comparison, differences))
}

/// What every scheme is compared with.
struct Task<'a> {
    runs: &'a [PairedRun<'a>],
    /// What the operating point of each run makes of the cells of the headline.
    operations: Option<&'a [Operation]>,
    plan: &'a FoldPlan,
    target: Option<&'a Prevalence>,
    bootstrap: Bootstrap,
    options: ComparisonOptions,
}

/// One run by one scheme.
struct Measured {
    decided: Decided,
    resampled: Resampled,
    folds: Vec<Vec<Figure>>,
}

impl Task<'_> {
    fn classes(&self) -> &ClassMap {
        self.runs[0].classes()
    }

    /// The number in the fold plan of the first partition of `scheme`.
    fn first_partition(&self, scheme: Scheme) -> usize {
        self.runs[0].measurement.first_of(scheme).partition
    }

    fn scheme(&self, scheme: Scheme) -> SchemeComparison {
        let measured: Vec<Measured> =
            self.runs.iter().map(|run| self.measure(run, scheme)).collect();
        let test_share = self.test_share(scheme);
        let (runs, pairs) = self.compare(&measured, test_share);
        let folds: Vec<Vec<Vec<Figure>>> = measured.iter().map(|one| one.folds.clone()).collect();
        let is_headline = scheme == self.runs[0].measurement.headline;
        let decided = self.operations.filter(|_| is_headline).map(|operations| {
            let decided: Vec<Measured> =
                self.runs.iter().zip(operations).map(|(run, own)| self.decide(run, own)).collect();
            let (mut runs, pairs) = self.compare(&decided, test_share);
            for (place, figures) in runs.iter_mut().enumerate() {
                let (own, cells) = (&decided[place].resampled, self.runs[place].map_cells);
                let map = operations[place].expected_map(own, cells, self.bootstrap.seed);
                if let (Some(map), Some(target)) = (map, &mut figures.target) {
                    map.amend(target);
                }
            }
            let unseen = decided.iter().map(|own| own.resampled.unseen()).collect();
            DecidedComparison { runs, pairs, unseen }
        });
        SchemeComparison {
            scheme,
            cells: measured[0].decided.outcomes().len(),
            known: measured[0].resampled.confusion().supports(),
            blocks: measured[0].decided.blocks(),
            folds: measured[0].folds.len(),
            runs,
            pairs,
            ranks: rank(&folds),
            decided,
        }
    }

    /// The figures of each run, and each pair of them.
    fn compare(
        &self,
        measured: &[Measured],
        test_share: f64,
    ) -> (Vec<RunFigures>, Vec<PairComparison>) {
        let sides: Vec<Side> = measured
            .iter()
            .enumerate()
            .map(|(place, one)| Side {
                place,
                decided: &one.decided,
                resampled: &one.resampled,
                folds: &one.folds,
            })
            .collect();
        let mut pairs = Vec::new();
        for (place, first) in sides.iter().enumerate() {
            for second in &sides[place + 1..] {
                pairs.push(PairComparison::of(first, second, test_share, self.options.level));
            }
        }
        correct(&mut pairs);
        let (level, method) = (self.options.level, IntervalMethod::default());
        let figures = |one: &Measured| RunFigures {
            sample: one.resampled.sample().intervals(level, method),
            target: one.resampled.target().map(|target| target.intervals(level, method)),
        };
        (measured.iter().map(figures).collect(), pairs)
    }

    fn measure(&self, run: &PairedRun<'_>, scheme: Scheme) -> Measured {
        let classes = self.classes();
        let first = run.partition(self.first_partition(scheme));
        let partitions = run.measurement.scheme(scheme).into_iter().flat_map(|one| &one.partitions);
        let folds = partitions.flat_map(|&partition| {
            let partition = run.partition(partition);
            self.folds(&partition, &partition.decided(classes, None))
        });
        self.draw(first.decided(classes, self.target), folds.collect())
    }

    /// The cells of the headline as the operating point of `run` decides them.
    fn decide(&self, run: &PairedRun<'_>, operation: &Operation) -> Measured {
        let decided = operation.decided();
        let headline = run.partition(run.measurement.headline().partition);
        let folds = self.folds(&headline, &decided);
        self.draw(decided, folds)
    }

    fn draw(&self, decided: Decided, folds: Vec<Vec<Figure>>) -> Measured {
        let resampled = Resampled::of(&decided, self.classes(), self.target, self.bootstrap)
            .expect("a run that is done has held-out cells");
        Measured { decided, resampled, folds }
    }

    /// The figures of each fold of a partition whose cells are `decided`.
    fn folds(&self, partition: &PartitionCells, decided: &Decided) -> Vec<Vec<Figure>> {
        let cells = &partition.cells;
        assert_eq!(cells.len(), decided.decisions().len(), "every cell is decided");
        let mut folds: BTreeMap<u16, (Outcomes, Vec<ClassId>)> = BTreeMap::new();
        let rows = decided.outcomes().iter().zip(decided.decisions());
        for (cell, ((truth, row), &decision)) in cells.iter().zip(rows) {
            let empty = || (Outcomes::new(self.classes().len()), Vec::new());
            let (outcomes, decisions) = folds.entry(cell.fold).or_insert_with(empty);
            outcomes.push(truth, row);
            decisions.push(decision);
        }
        let of_fold = |(outcomes, decisions): &(Outcomes, Vec<ClassId>)| {
            let scores = Scores::decided(outcomes, decisions, self.classes(), None);
            scores.expect("a fold that occurs has cells").figures()
        };
        folds.values().map(of_fold).collect()
    }

    /// Mean over the folds of `scheme` of the number of held-out cells over that of cells trained on.
    fn test_share(&self, scheme: Scheme) -> f64 {
        let partitions = self.runs[0].measurement.partitions.iter();
        let folds: Vec<usize> = partitions
            .filter(|one| one.scheme == scheme)
            .flat_map(|one| one.folds.clone())
            .collect();
        let share = |&fold: &usize| {
            let trained = self.plan.training(Some(fold)).into_iter().filter(|&own| own).count();
            self.plan.held_out(fold).count() as f64 / trained.max(1) as f64
        };
        folds.iter().map(share).sum::<f64>() / folds.len().max(1) as f64
    }
}

/// Corrects the p-values of each test for the number of pairs.
fn correct(pairs: &mut [PairComparison]) {
    let cells: Vec<f64> = pairs.iter().map(|pair| pair.mcnemar.p_value).collect();
    for (pair, corrected) in pairs.iter_mut().zip(holm(&cells)) {
        pair.mcnemar_holm = corrected;
    }
    let figures = pairs.iter().map(|pair| pair.folds.len()).min().unwrap_or(0);
    for figure in 0..figures {
        let tested =
            |pair: &PairComparison| pair.folds[figure].corrected_t.map(|test| test.p_value);
        let p_values: Vec<f64> = pairs.iter().filter_map(tested).collect();
        let mut corrected = holm(&p_values).into_iter();
        for pair in pairs.iter_mut().filter(|pair| tested(pair).is_some()) {
            pair.folds[figure].corrected_t_holm = corrected.next();
        }
    }
}
