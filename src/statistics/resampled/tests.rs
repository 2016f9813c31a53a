//! What draws of cells must do.

use proptest::prelude::*;
use tesela_datasets::class::ClassId;
use tesela_datasets::random::unit;

use super::*;
use crate::metrics::{Outcomes, Scores, StratumShares};
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
            #[expect(clippy::cast_possible_truncation, reason = "probabilities are 32 bits wide")]
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
        for (figure, (name, value)) in expected.iter().zip(found.names.iter().zip(&found.values)) {
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
        assert_eq!(&resampled.draws()[draw].by_class(), &repeated.confusion());
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
        Resampled::of(&Decided::most_probable(Outcomes::new(2)), &classes(), None, bootstrap(9)),
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
    let found = format!("over blocks {over_blocks}, over cells {over_cells} of 500");
    assert!(over_blocks > 460 && over_cells < 350, "{found}");
}

/// A country of three strata, the last of which is rarely sampled.
fn country() -> Prevalence {
    let stratum = |(name, share, urban): (&str, f64, f64)| StratumShares {
        stratum: name.to_owned(),
        share,
        prevalence: vec![1.0 - urban, urban],
    };
    let strata = [("a", 0.5, 0.1), ("b", 0.3, 0.02), ("c", 0.2, 0.3)];
    Prevalence::by_stratum(strata.into_iter().map(stratum).collect()).unwrap()
}

/// The cells of a survey in the strata of a country, by block.
fn in_strata(outcomes: &Outcomes, blocks: &[usize]) -> Outcomes {
    let mut placed = Outcomes::of_strata(2, 3);
    for ((truth, row), block) in outcomes.iter().zip(blocks) {
        placed.push_in(if *block == 0 { 2 } else { u16::from(*block % 2 == 0) }, truth, row);
    }
    placed
}

#[test]
fn each_draw_is_weighed_by_the_strata_of_its_own_cells() {
    let (outcomes, names) = survey(12, 9, 3);
    let placed = in_strata(&outcomes, &names);
    let target = country();
    let decided = Decided::most_probable(placed.clone()).with_blocks(&names);
    let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap(40)).unwrap();
    let whole = Prevalence::new(target.shares().to_vec()).unwrap();
    let by_class = Scores::of(&outcomes, &classes(), Some(&whole)).unwrap();
    let expected = Scores::of(&placed, &classes(), Some(&target)).unwrap();
    assert!((expected.accuracy - by_class.accuracy).abs() > 1e-4);
    assert!((resampled.target().unwrap().values[0].unwrap() - expected.accuracy).abs() < 1e-12);
    let mut without = 0;
    for draw in 0..40 {
        let times = draw_blocks(12, 11, draw as u64);
        // Block 0 is all of the third stratum: where it is not drawn, the others stand for it.
        without += usize::from(times[0] == 0);
        let mut repeated = Outcomes::of_strata(2, 3);
        for (cell, (truth, row)) in placed.iter().enumerate() {
            for _ in 0..times[names[cell]] {
                repeated.push_in(placed.stratum(cell), truth, row);
            }
        }
        let expected = Scores::of(&repeated, &classes(), Some(&target)).unwrap().figures();
        let found = &resampled.target().unwrap().draws[draw];
        for (figure, value) in expected.iter().zip(found) {
            assert!((figure.value.unwrap() - value.unwrap()).abs() < 1e-12, "{}", figure.name);
        }
    }
    assert!((5..30).contains(&without), "{without}");
    let intervals = resampled.target().unwrap().intervals(Level::NINETY_FIVE, METHOD);
    assert!(intervals.iter().all(|one| one.interval.is_some()));
}

#[test]
fn one_stratum_gives_what_no_stratum_gives_to_the_bit() {
    let (outcomes, names) = survey(12, 9, 3);
    let plain = Prevalence::new(vec![0.9, 0.1]).unwrap();
    let only = StratumShares { stratum: "all".to_owned(), share: 1.0, prevalence: vec![0.9, 0.1] };
    let one = Prevalence::by_stratum(vec![only]).unwrap();
    let decided = Decided::most_probable(outcomes).with_blocks(&names);
    let of = |target: &Prevalence| {
        Resampled::of(&decided, &classes(), Some(target), bootstrap(20)).unwrap()
    };
    assert_eq!(of(&plain), of(&one));
}

#[test]
fn errors_that_no_cell_shows_reach_into_the_target_of_strata() {
    // All cells of the second class are right; at the target its recall may still be less than one.
    let mut outcomes = Outcomes::of_strata(2, 3);
    for cell in 0..240_u16 {
        let truth = usize::from(cell % 4 == 0);
        let right = truth == 1 || cell % 3 > 0;
        let says = if right { [0.9, 0.1] } else { [0.1, 0.9] };
        let row = if truth == 0 { says } else { [says[1], says[0]] };
        outcomes.push_in(cell / 80, ClassId::new(truth), &row);
    }
    let decided = Decided::most_probable(outcomes);
    let resampled = Resampled::of(&decided, &classes(), Some(&country()), bootstrap(200)).unwrap();
    let intervals = resampled.target().unwrap().intervals(Level::NINETY_FIVE, METHOD);
    let recall = intervals.iter().find(|one| one.name == "b recall").unwrap();
    assert_eq!(recall.value, Some(1.0));
    let lower = recall.interval.unwrap().lower;
    assert!(lower > 0.9 && lower < 0.97, "{lower}");
}
