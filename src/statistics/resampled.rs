//! Resamples: every figure, computed again on blocks of cells drawn with replacement.
//!
//! The bootstrap of Efron (1979) on blocks: as many blocks are drawn as there are, each with all its cells (the
//! cluster bootstrap; Davison and Hinkley 1997, *Bootstrap Methods and their Application*, section 3.8). Blocks are
//! drawn without regard to classes, so the mixture of classes varies from draw to draw as it would from survey to
//! survey.
//!
//! Cells within blocks are alike; intervals that draw single cells are then too narrow. With blocks of 25 cells whose
//! errors share half of their variance, intervals of 95 % over blocks hold the true accuracy in 95 % of 500
//! simulated surveys of 60 blocks, and intervals over cells in 43 % (`coverage` below measures it).
//!
//! Draw `n` of a seed is the same whatever the number of threads and draws, and the same for all runs on the same
//! blocks; so the replicates of two runs are paired and can be subtracted ([`Replicates::minus`]).

use std::collections::BTreeSet;

use rayon::prelude::*;
use tesela_datasets::class::ClassMap;
use tesela_datasets::random::{below, generator, shuffle};

use super::Decided;
use super::replicates::Replicates;
use super::tally::{Figures, Tally};
use super::unseen::{Unseen, UnseenErrors};
use crate::metrics::{Confusion, Prevalence, is_rate, rate_figures};

/// The place of draws below a seed.
const DRAWS: u64 = 0x426f_6f74;
/// The place of the groups that are left out below a seed.
const GROUPS: u64 = 0x4772_6f75;
/// Most groups that are left out, one at a time, to measure how lopsided a figure is. The acceleration of
/// `n` groups is off by about `0.4 / n`, which moves no end of an interval visibly.
const MOST_GROUPS: u8 = 200;

/// How often to draw, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of draws; a thousand or more where intervals of 95 % are wanted.
    pub replicates: usize,
    /// The origin of every draw.
    pub seed: u64,
}

impl Bootstrap {
    /// Draws where nobody asks for another number.
    pub const REPLICATES: usize = 1000;

    /// As many draws as usual, from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self { replicates: Self::REPLICATES, seed }
    }
}

/// The figures of some cells on each draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    sample: Replicates,
    target: Option<Replicates>,
    confusion: Confusion,
    confusions: Vec<Confusion>,
    /// For each class the number of blocks that have cells of it.
    blocks_of: Vec<u64>,
}

impl Resampled {
    /// Computes all figures of `decided` on each draw, as the cells are mixed and as if they were mixed as `target`
    /// says.
    ///
    /// `None` where there are no cells. There are no figures at the target where it has a class of which there is no
    /// cell.
    ///
    /// # Panics
    /// If the three do not speak of the same classes.
    pub fn of(
        decided: &Decided,
        classes: &ClassMap,
        target: Option<&Prevalence>,
        bootstrap: Bootstrap,
    ) -> Option<Self> {
        assert_eq!(decided.outcomes().classes(), classes.len(), "both speak of the same classes");
        let drawn = Self::draw(&Tally::of(decided, classes, target), decided, classes, bootstrap)?;
        Some(drawn.bounded(classes, target))
    }

    /// Like [`Resampled::of`], but for areas under curves: for millions of cells, whose order would be gone through in each
    /// draw.
    ///
    /// # Panics
    /// If the three do not speak of the same classes.
    pub fn without_areas(
        decided: &Decided,
        classes: &ClassMap,
        target: Option<&Prevalence>,
        bootstrap: Bootstrap,
    ) -> Option<Self> {
        assert_eq!(decided.outcomes().classes(), classes.len(), "both speak of the same classes");
        let tally = Tally::unranked(decided, classes, target);
        Some(Self::draw(&tally, decided, classes, bootstrap)?.bounded(classes, target))
    }

    fn draw(
        tally: &Tally,
        decided: &Decided,
        classes: &ClassMap,
        bootstrap: Bootstrap,
    ) -> Option<Self> {
        let all = tally.figures(|_| 1)?;
        let blocks = decided.blocks() as usize;
        let draws = (0..bootstrap.replicates as u64).into_par_iter();
        let draws: Vec<Figures> = draws
            .filter_map(|draw| {
                let times = draw_blocks(blocks, bootstrap.seed, draw);
                tally.figures(|unit| u32::from(times[unit as usize]))
            })
            .collect();
        let groups = groups(blocks, bootstrap.seed);
        let left_out = (0..number_of_groups(blocks)).into_par_iter();
        let left_out: Vec<Figures> = left_out
            .filter_map(|group| tally.figures(|unit| u32::from(groups[unit as usize] != group)))
            .collect();
        let blocks_of = blocks_of(decided, classes);
        let resampled = Self::gather(figure_names(classes), all, draws, left_out);
        Some(Self { blocks_of, ..resampled })
    }

    fn gather(
        names: Vec<String>,
        all: Figures,
        draws: Vec<Figures>,
        left_out: Vec<Figures>,
    ) -> Self {
        let width = names.len();
        let or_missing =
            |values: Vec<Option<f64>>| if values.is_empty() { vec![None; width] } else { values };
        let has_target = !all.target.is_empty();
        let mut sample = Replicates {
            names,
            values: all.sample,
            draws: Vec::with_capacity(draws.len()),
            left_out: Vec::with_capacity(left_out.len()),
            bound: Vec::new(),
        };
        let mut target = Replicates { values: or_missing(all.target), ..sample.clone() };
        let mut confusions = Vec::with_capacity(draws.len());
        for one in draws {
            sample.draws.push(one.sample);
            target.draws.push(or_missing(one.target));
            confusions.push(one.confusion);
        }
        for one in left_out {
            sample.left_out.push(one.sample);
            target.left_out.push(or_missing(one.target));
        }
        let target = has_target.then_some(target);
        Self { sample, target, confusion: all.confusion, confusions, blocks_of: Vec::new() }
    }

    /// The same with what figures may be by errors that no cell shows.
    fn bounded(mut self, classes: &ClassMap, target: Option<&Prevalence>) -> Self {
        let supports = self.confusion.supports();
        let worst =
            Unseen::of(&self.confusion, &self.blocks_of).worst(&self.confusion, &self.blocks_of);
        let Some(worst) = worst else { return self };
        let bound = |names: &[String], weights: &[f64]| {
            let mut rates = rate_figures(&worst, classes, weights).into_iter();
            let of = |name: &String| is_rate(name).then(|| rates.next()?.value).flatten();
            names.iter().map(of).collect()
        };
        self.sample.bound = bound(&self.sample.names, &vec![1.0; supports.len()]);
        let weights = target.and_then(|target| target.weights(&supports));
        if let (Some(there), Some(weights)) = (&mut self.target, weights) {
            there.bound = bound(&there.names, &weights);
        }
        self
    }

    /// The figures as the cells are mixed.
    pub fn sample(&self) -> &Replicates {
        &self.sample
    }

    /// The figures as if the cells were mixed as the target.
    pub fn target(&self) -> Option<&Replicates> {
        self.target.as_ref()
    }

    /// Known against decided class of all cells.
    pub fn confusion(&self) -> &Confusion {
        &self.confusion
    }

    /// Errors that no cell shows, so that no draw has them either.
    pub fn unseen(&self) -> Vec<UnseenErrors> {
        Unseen::of(&self.confusion, &self.blocks_of).errors(&self.blocks_of)
    }

    /// For each class the number of blocks that have cells of it: how often it was seen independently.
    pub(super) fn blocks_of(&self) -> &[u64] {
        &self.blocks_of
    }

    /// Known against decided class on each draw.
    pub(super) fn confusions(&self) -> &[Confusion] {
        &self.confusions
    }
}

/// For each class the number of blocks that have cells of it.
fn blocks_of(decided: &Decided, classes: &ClassMap) -> Vec<u64> {
    let mut seen = vec![BTreeSet::new(); classes.len()];
    for (truth, &block) in decided.outcomes().truths().iter().zip(decided.units()) {
        seen[truth.index()].insert(block);
    }
    seen.iter().map(|blocks| blocks.len() as u64).collect()
}

/// How often each of `blocks` blocks is in draw `draw`.
///
/// A byte each, so that the counts of millions of blocks stay in the cache. Any block of more than 255 is drawn so
/// often once in `255!` draws, which is never.
fn draw_blocks(blocks: usize, seed: u64, draw: u64) -> Vec<u8> {
    let mut times = vec![0_u8; blocks];
    let mut generator = generator(seed, &[DRAWS, draw]);
    for _ in 0..blocks {
        let pick = below(&mut generator, blocks as u64);
        let times = &mut times[usize::try_from(pick).expect("a pick lies below a length")];
        *times = times.saturating_add(1);
    }
    times
}

/// How many groups are left out in turn.
fn number_of_groups(blocks: usize) -> u8 {
    u8::try_from(blocks).map_or(MOST_GROUPS, |blocks| blocks.min(MOST_GROUPS))
}

/// The group of each block: equally large ones, at random.
fn groups(blocks: usize, seed: u64) -> Vec<u8> {
    let mut groups: Vec<u8> = (0..number_of_groups(blocks)).cycle().take(blocks).collect();
    shuffle(&mut generator(seed, &[GROUPS]), &mut groups);
    groups
}

/// The names of the figures of [`Scores`](crate::metrics::Scores), in their order.
fn figure_names(classes: &ClassMap) -> Vec<String> {
    use crate::metrics::{Areas, Scores, Totals};
    let areas = vec![Areas { roc_auc: None, average_precision: None }; classes.len()];
    let nothing = Totals::new(classes.len());
    let scores = Scores::assemble(&nothing, &areas, classes, &vec![1.0; classes.len()]);
    scores.figures().into_iter().map(|figure| figure.name).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tesela_datasets::class::ClassId;
    use tesela_datasets::random::unit;

    use super::*;
    use crate::metrics::{Outcomes, Scores};
    use crate::statistics::{IntervalMethod, Level};

    const METHOD: IntervalMethod = IntervalMethod::Bca;

    fn classes() -> ClassMap {
        ClassMap::new(["a", "b"]).unwrap()
    }

    fn bootstrap(replicates: usize) -> Bootstrap {
        Bootstrap { replicates, seed: 11 }
    }

    /// Cells of two classes whose errors share a part of their variance within blocks of `size` cells.
    fn survey(blocks: usize, size: usize, seed: u64) -> (Outcomes, Vec<usize>) {
        let mut generator = generator(seed, &[]);
        let mut outcomes = Outcomes::new(2);
        let mut names = Vec::new();
        for block in 0..blocks {
            let of_block = unit(&mut generator);
            for _ in 0..size {
                let truth = usize::from(unit(&mut generator) < 0.4);
                // Half of the cells follow their block, so errors come in clumps.
                let own = unit(&mut generator);
                let chance = if unit(&mut generator) < 0.707 { of_block } else { own };
                let sure = 0.5 + 0.45 * own;
                let says = if chance < 0.85 { sure } else { 1.0 - sure };
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "probabilities are 32 bits wide"
                )]
                let says = says as f32;
                let row = if truth == 0 { [says, 1.0 - says] } else { [1.0 - says, says] };
                outcomes.push(ClassId::new(truth), &row);
                names.push(block);
            }
        }
        (outcomes, names)
    }

    fn accuracy(decided: &Decided, seed: u64) -> (f64, crate::statistics::Interval) {
        let bootstrap = Bootstrap { replicates: 400, seed };
        let resampled = Resampled::of(decided, &classes(), None, bootstrap).unwrap();
        let first = resampled.sample().intervals(Level::NINETY_FIVE, METHOD).swap_remove(0);
        (first.value.unwrap(), first.interval.unwrap())
    }

    #[test]
    fn the_figures_of_all_cells_are_those_of_scores() {
        let (outcomes, names) = survey(12, 9, 3);
        let target = Prevalence::new(vec![0.9, 0.1]).unwrap();
        let decided = Decided::most_probable(outcomes.clone()).with_blocks(&names);
        let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap(3)).unwrap();
        for (found, target) in
            [(resampled.sample(), None), (resampled.target().unwrap(), Some(&target))]
        {
            let expected = Scores::of(&outcomes, &classes(), target).unwrap().figures();
            assert_eq!(found.names.len(), expected.len());
            for (figure, (name, value)) in
                expected.iter().zip(found.names.iter().zip(&found.values))
            {
                assert_eq!(&figure.name, name);
                assert!((figure.value.unwrap() - value.unwrap()).abs() < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn without_areas_all_other_figures_are_the_same() {
        let (outcomes, names) = survey(12, 9, 3);
        let decided = Decided::most_probable(outcomes).with_blocks(&names);
        let target = Prevalence::new(vec![0.9, 0.1]).unwrap();
        let all = Resampled::of(&decided, &classes(), Some(&target), bootstrap(50)).unwrap();
        let rates =
            Resampled::without_areas(&decided, &classes(), Some(&target), bootstrap(50)).unwrap();
        let intervals = |one: &Resampled| {
            let mixtures = [one.sample(), one.target().unwrap()];
            mixtures.map(|drawn| drawn.intervals(Level::NINETY_FIVE, METHOD)).concat()
        };
        for (found, expected) in intervals(&rates).into_iter().zip(intervals(&all)) {
            let is_area = expected.name.ends_with("auc");
            assert!(if is_area { found.value.is_none() } else { found == expected }, "{found:?}");
        }
        assert_eq!(rates.confusion(), all.confusion());
    }

    #[test]
    fn a_draw_has_the_figures_of_the_cells_that_it_repeats() {
        let (outcomes, names) = survey(9, 7, 5);
        let decided = Decided::most_probable(outcomes.clone()).with_blocks(&names);
        let target = Prevalence::new(vec![0.8, 0.2]).unwrap();
        let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap(20)).unwrap();
        for draw in 0..20 {
            let times = draw_blocks(9, 11, draw as u64);
            let mut repeated = Outcomes::new(2);
            for ((truth, row), block) in outcomes.iter().zip(&names) {
                for _ in 0..times[*block] {
                    repeated.push(truth, row);
                }
            }
            let expected = Scores::of(&repeated, &classes(), Some(&target)).unwrap().figures();
            let found = &resampled.target().unwrap().draws[draw];
            for (figure, value) in expected.iter().zip(found) {
                assert!((figure.value.unwrap() - value.unwrap()).abs() < 1e-12, "{}", figure.name);
            }
            assert_eq!(resampled.confusions()[draw], repeated.confusion());
        }
    }

    #[test]
    fn one_thread_and_three_draw_the_same() {
        let (outcomes, names) = survey(30, 4, 8);
        let decided = Decided::most_probable(outcomes).with_blocks(&names);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Resampled::of(&decided, &classes(), None, bootstrap(50)).unwrap())
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn decisions_move_rates_but_not_rankings() {
        let (outcomes, _) = survey(30, 4, 8);
        let all_b = vec![ClassId::new(1); outcomes.len()];
        let usual = Decided::most_probable(outcomes);
        let moved = usual.clone().with_decisions(all_b);
        let of = |decided| Resampled::of(decided, &classes(), None, bootstrap(1)).unwrap();
        let (usual, moved) = (of(&usual), of(&moved));
        assert_eq!(moved.sample().value("b recall"), Some(1.0));
        assert_eq!(moved.sample().value("pr-auc"), usual.sample().value("pr-auc"));
        assert_ne!(moved.sample().value("accuracy"), usual.sample().value("accuracy"));
    }

    #[test]
    fn a_figure_that_draws_lack_has_no_interval_and_no_cells_have_no_figures() {
        let mut outcomes = Outcomes::new(2);
        for _ in 0..8 {
            outcomes.push(ClassId::new(0), &[0.9, 0.1]);
        }
        assert_eq!(
            Resampled::of(
                &Decided::most_probable(Outcomes::new(2)),
                &classes(),
                None,
                bootstrap(9)
            ),
            None
        );
        outcomes.push(ClassId::new(1), &[0.2, 0.8]);
        let target = Prevalence::new(vec![0.5, 0.5]).unwrap();
        let decided = Decided::most_probable(outcomes);
        let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap(200)).unwrap();
        // A third of the draws lack the only cell of `b`.
        let there = resampled.target().unwrap().intervals(Level::NINETY_FIVE, METHOD);
        assert!(there.iter().all(|figure| figure.interval.is_none()));
        let here = resampled.sample().intervals(Level::NINETY_FIVE, METHOD);
        let figure = |name: &str| here.iter().find(|one| one.name == name).unwrap();
        assert!(figure("accuracy").interval.is_some() && figure("roc-auc").interval.is_none());
    }

    #[test]
    fn errors_that_no_cell_shows_are_in_the_intervals() {
        // 60 of 60 cells of `a` and 30 of 60 of `b` are right: what is called `b` is `b`, as far as anybody has seen.
        let mut outcomes = Outcomes::new(2);
        for cell in 0..60 {
            outcomes.push(ClassId::new(0), &[0.9, 0.1]);
            outcomes.push(ClassId::new(1), if cell < 30 { &[0.2, 0.8] } else { &[0.8, 0.2] });
        }
        let target = Prevalence::new(vec![0.98, 0.02]).unwrap();
        let decided = Decided::most_probable(outcomes);
        let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap(300)).unwrap();
        let interval = |replicates: &Replicates, name: &str| {
            let all = replicates.intervals(Level::NINETY_FIVE, METHOD);
            all.into_iter().find(|one| one.name == name).unwrap().interval.unwrap()
        };
        // Jeffreys' upper end for 0 of 60 is 0.0408 (SciPy, `beta.ppf(0.975, 0.5, 60.5)`).
        let here = interval(resampled.sample(), "a recall");
        assert!((here.lower - 0.9592).abs() < 1e-3 && here.upper == 1.0, "{here:?}");
        let precision = interval(resampled.sample(), "b precision");
        assert!((precision.lower - 0.5 / 0.5408).abs() < 1e-3, "{precision:?}");
        // Where `b` is rare, the same errors leave little of it.
        let there = interval(resampled.target().unwrap(), "b precision");
        let expected = 0.5 * 0.02 / (0.5 * 0.02 + 0.0408 * 0.98);
        assert!((there.lower - expected).abs() < 1e-3 && there.upper == 1.0, "{there:?}");
        // Figures of which errors were seen stay those of the draws.
        let recall = interval(resampled.sample(), "b recall");
        assert!(recall.lower > 0.33 && recall.upper < 0.68, "{recall:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn blocks_of_single_cells_are_the_ordinary_bootstrap(seed in any::<u64>(), cells in 2_usize..60) {
            let (outcomes, _) = survey(cells, 1, seed);
            let ordinary = Decided::most_probable(outcomes);
            let names: Vec<usize> = (0..cells).collect();
            let blocks = ordinary.clone().with_blocks(&names);
            let of = |decided| Resampled::of(decided, &classes(), None, bootstrap(20));
            prop_assert_eq!(of(&ordinary), of(&blocks));
        }

        #[test]
        fn accuracy_lies_in_its_interval_and_runs_differ_from_themselves_by_nothing(
            seed in any::<u64>(), blocks in 20_usize..60,
        ) {
            let (outcomes, names) = survey(blocks, 3, seed);
            let decided = Decided::most_probable(outcomes).with_blocks(&names);
            let (value, interval) = accuracy(&decided, seed);
            prop_assert!(interval.lower <= value && value <= interval.upper);
            let one = Resampled::of(&decided, &classes(), None, bootstrap(30)).unwrap();
            for figure in one.sample().minus(one.sample()).intervals(Level::NINETY_FIVE, METHOD) {
                prop_assert!(figure.value.is_none_or(|value| value == 0.0));
                prop_assert!(figure.interval.is_none_or(|one| one.lower == 0.0 && one.upper == 0.0));
            }
        }

        #[test]
        fn swapping_runs_mirrors_their_differences(seed in any::<u64>()) {
            let (a, names) = survey(25, 3, seed);
            let truths = a.truths().to_vec();
            let mut b = Outcomes::new(2);
            let (rows, _) = survey(25, 3, seed ^ 1);
            for (truth, (_, row)) in truths.iter().zip(rows.iter()) {
                b.push(*truth, row);
            }
            let of = |outcomes| {
                let decided = Decided::most_probable(outcomes).with_blocks(&names);
                Resampled::of(&decided, &classes(), None, bootstrap(200)).unwrap()
            };
            let (a, b) = (of(a), of(b));
            let forth = a.sample().minus(b.sample()).intervals(Level::NINETY_FIVE, METHOD);
            let back = b.sample().minus(a.sample()).intervals(Level::NINETY_FIVE, METHOD);
            for (forth, back) in forth.iter().zip(&back) {
                prop_assert_eq!(forth.value, back.value.map(|value| -value));
                if let (Some(forth), Some(back)) = (forth.interval, back.interval) {
                    prop_assert!((forth.lower + back.upper).abs() < 1e-9);
                    prop_assert!((forth.upper + back.lower).abs() < 1e-9);
                }
            }
        }
    }

    /// The shares of 500 surveys whose intervals hold the true accuracy: over blocks, and over cells.
    #[test]
    #[ignore = "takes a minute; it measures a figure of the documentation"]
    fn coverage() {
        // A cell is right when a uniform draw, its own or that of its block, lies below 0.85.
        let truth = 0.85;
        let (mut over_blocks, mut over_cells) = (0_u32, 0_u32);
        for seed in 0..500 {
            let (outcomes, names) = survey(60, 25, seed);
            let cells = Decided::most_probable(outcomes);
            let holds = |decided: &Decided| {
                let (_, interval) = accuracy(decided, seed);
                u32::from(interval.lower <= truth && truth <= interval.upper)
            };
            over_cells += holds(&cells);
            over_blocks += holds(&cells.with_blocks(&names));
        }
        println!("over blocks {over_blocks}, over cells {over_cells} of 500");
        assert!(over_blocks > 460 && over_cells < 350);
    }
}
