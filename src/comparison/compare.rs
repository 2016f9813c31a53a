//! The comparison of several runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::fold::{FoldPlan, Scheme};
use tesela_datasets::store::StoreReader;

use super::ComparisonError;
use super::differences::Differences;
use super::pair::{PairComparison, Side};
use super::paired::{PairedRun, PartitionCells, pair};
use super::several::{RankedRuns, rank};
use crate::metrics::{Figure, Prevalence, Scores};
use crate::statistics::{Bootstrap, Decided, Estimate, IntervalMethod, Level, Resampled, holm};
use crate::training::{RunDirectory, RunManifest};

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
    runs: Vec<RunDirectory>,
    options: ComparisonOptions,
) -> Result<(Comparison, Differences), ComparisonError> {
    let runs = pair(runs)?;
    let plan = runs[0].directory.plan()?;
    let target = shared_target(&runs);
    let seed = runs[0].directory.manifest().seed;
    let bootstrap = Bootstrap { replicates: options.replicates, seed };
    let schemes = runs[0].measurement.schemes.iter().map(|one| one.scheme);
    let task = Task { runs: &runs, plan: &plan, target: target.as_ref(), bootstrap, options };
    let schemes: Vec<SchemeComparison> = schemes.map(|scheme| task.scheme(scheme)).collect();
    let summary = |run: &PairedRun| RunSummary {
        name: run.name.clone(),
        path: run.directory.path().display().to_string(),
        manifest: run.directory.manifest().clone(),
    };
    let differences = Differences::of(&runs, task.first_partition(runs[0].measurement.headline));
    let comparison = Comparison {
        format: FORMAT_VERSION,
        classes: runs[0].classes().clone(),
        runs: runs.iter().map(summary).collect(),
        remarks: remarks(&runs),
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
    runs: &'a [PairedRun],
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
        let test_share = self.test_share(scheme);
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
        let folds: Vec<Vec<Vec<Figure>>> = measured.iter().map(|one| one.folds.clone()).collect();
        SchemeComparison {
            scheme,
            cells: measured[0].decided.outcomes().len(),
            known: measured[0].resampled.confusion().supports(),
            blocks: measured[0].decided.blocks(),
            folds: measured[0].folds.len(),
            runs: measured.iter().map(figures).collect(),
            pairs,
            ranks: rank(&folds),
        }
    }

    fn measure(&self, run: &PairedRun, scheme: Scheme) -> Measured {
        let classes = self.classes();
        let decided = run.partition(self.first_partition(scheme)).decided(classes, |_| true);
        let resampled = Resampled::of(&decided, classes, self.target, self.bootstrap)
            .expect("a run that is done has held-out cells");
        let partitions = run.measurement.scheme(scheme).into_iter().flat_map(|one| &one.partitions);
        let folds = partitions.flat_map(|&partition| self.folds(&run.partition(partition)));
        Measured { decided, resampled, folds: folds.collect() }
    }

    /// The figures of each fold of a partition.
    fn folds(&self, partition: &PartitionCells) -> Vec<Vec<Figure>> {
        let mut folds: Vec<u16> = partition.cells.iter().map(|cell| cell.fold).collect();
        folds.sort_unstable();
        folds.dedup();
        let of_fold = |fold| {
            let decided = partition.decided(self.classes(), |cell| cell.fold == fold);
            let scores = Scores::of(decided.outcomes(), self.classes(), None);
            scores.expect("a fold that occurs has cells").figures()
        };
        folds.into_iter().map(of_fold).collect()
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

/// The target prevalence of a run.
fn target(run: &PairedRun) -> Option<Prevalence> {
    let target = run.measurement.headline().target.as_ref()?;
    let shares = target.pooled.classes.iter().map(|class| class.prevalence).collect();
    // Scores that were read from a file may hold anything; what is no mixture is no target.
    Prevalence::new(shares).ok()
}

/// The target prevalence that all runs share, up to rounding.
fn shared_target(runs: &[PairedRun]) -> Option<Prevalence> {
    let first = target(&runs[0])?;
    let same = |run: &PairedRun| {
        target(run).is_some_and(|other| {
            let pairs = first.shares().iter().zip(other.shares());
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9)
        })
    };
    runs.iter().all(same).then_some(first)
}

/// What differs between the runs besides their models.
fn remarks(runs: &[PairedRun]) -> Vec<String> {
    let mut remarks = Vec::new();
    let manifests: Vec<&RunManifest> = runs.iter().map(|run| run.directory.manifest()).collect();
    let differ = |of: fn(&RunManifest) -> &str| {
        manifests.iter().any(|manifest| of(manifest) != of(manifests[0]))
    };
    let each = |what: &dyn Fn(&PairedRun) -> String| {
        let all = runs.iter().map(|run| format!("{}: {}", run.name, what(run)));
        all.collect::<Vec<_>>().join("; ")
    };
    if differ(|manifest| &manifest.store_digest) {
        let store = |run: &PairedRun| format!("`{}`", run.directory.manifest().store.display());
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
        let name = |run: &PairedRun| format!("`{}`", run.directory.manifest().dataset);
        remarks.push(format!("The stores are of DIFFERENT data sets. {}.", each(&name)));
    }
    if differ(|manifest| &manifest.program_version) {
        let version = |run: &PairedRun| run.directory.manifest().program_version.clone();
        remarks.push(format!(
            "The runs are of DIFFERENT versions of the program. {}.",
            each(&version)
        ));
    }
    let targets: Vec<Option<Prevalence>> = runs.iter().map(target).collect();
    if shared_target(runs).is_none() && targets.iter().any(Option::is_some) {
        let words = |run: &PairedRun| match target(run) {
            None => "none".to_owned(),
            Some(prevalence) => {
                let pairs = run.classes().names().iter().zip(prevalence.shares());
                let shares = pairs.map(|(name, share)| format!("{name} {share}"));
                shares.collect::<Vec<_>>().join(", ")
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
fn years(run: &PairedRun) -> String {
    let Ok(store) = StoreReader::open(&run.directory.manifest().store) else {
        return "unknown, because the store cannot be read".to_owned();
    };
    let years: BTreeSet<i32> = store.cells().iter().filter_map(|one| one.cell.year).collect();
    let words: Vec<String> = years.iter().map(ToString::to_string).collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join(", ") }
}
