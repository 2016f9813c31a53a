//! The expected map: what a map of a country should look like before it is made.
//!
//! From the rates at which cells of each class are taken for each class, and from how common the classes are, follows
//! how many cells of a map of `N` cells should be of each class and taken for each. The map is one finite draw, not the
//! mean of all maps, so its intervals are *prediction* intervals: each is made of draws in which the rates are those of
//! one resample of the evaluated cells (what the evaluation does not know) and each cell of the map errs at those rates
//! (what chance does on the map: a multinomial draw for each known class). Errors of a kind that no evaluated cell shows have
//! a rate that the evaluation allows. With 95 % the figure of the map itself
//! is to fall between their ends.
//!
//! Where the classes are known by stratum, the rates of a class are those of its strata, mixed as in the country; on the map its
//! cells are drawn as if each could lie in any of them, which makes intervals a little wider than they need be.
//!
//! Three things they do not know: an error in the declared prevalence, cells unlike those evaluated, and errors that come
//! in clumps on the map beyond those that the blocks of the evaluation show.
//!
//! Ends are plain quantiles of the draws: a prediction has no single value that a correction could be made for.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::random::{Generator, generator};

use super::Resampled;
use super::binomial;
use super::interval::{Estimate, Interval, Level, percentile_interval};
use super::unseen::Unseen;
use crate::metrics::{Confusion, Figure, OriginConfusion, Prevalence, rate_figures};

/// The place of draws below a seed.
const DRAWS: u64 = 0x4d61_7073;

/// A number of cells of a map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// How many are expected.
    pub expected: f64,
    /// Between which numbers the map's own is to fall.
    pub interval: Interval,
}

/// What to expect of a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExpectedMap {
    /// Cells of the map.
    pub cells: u64,
    /// How many of them are of each class.
    pub known: Vec<u64>,
    /// `[known class][class on the map]`.
    pub confusion: Vec<Vec<Count>>,
    /// Cells that the map takes for each class.
    pub mapped: Vec<Count>,
    /// The rates of the map, as they would be found if all of its cells were known.
    pub figures: Vec<Estimate>,
}

impl ExpectedMap {
    /// What to expect of a map of `cells` cells of which `prevalence` are of each class, decided like the cells of
    /// `resampled`.
    ///
    /// `None` where a class that is to be there was not evaluated, or where more than a tenth of the draws lack it.
    ///
    /// # Panics
    /// If they do not speak of the same classes.
    pub fn of(
        resampled: &Resampled,
        classes: &ClassMap,
        prevalence: &Prevalence,
        cells: u64,
        level: Level,
        seed: u64,
    ) -> Option<Self> {
        let known = apportion(cells, prevalence.shares());
        let rates = rates(resampled.origins(), prevalence, &known)?;
        let draws = resampled.draws().par_iter().enumerate();
        let unseen = Unseen::of(resampled.confusion(), resampled.blocks_of());
        let maps: Vec<Confusion> = draws
            .filter_map(|(draw, confusion)| {
                let mut generator = generator(seed, &[DRAWS, draw as u64]);
                let mut rates = self::rates(confusion, prevalence, &known)?;
                unseen.draw(&mut rates, &mut generator);
                Some(draw_map(&known, &rates, &mut generator))
            })
            .collect();
        if maps.is_empty() || 10 * maps.len() < 9 * resampled.draws().len() {
            return None;
        }
        let count = |expected: f64, of: &dyn Fn(&Confusion) -> u64| Count {
            expected,
            interval: percentile_interval(maps.iter().map(|map| of(map) as f64).collect(), level),
        };
        let expected = |truth: usize, decided: usize| known[truth] as f64 * rates[truth][decided];
        let numbers = 0..classes.len();
        let confusion = numbers.clone().map(|truth| {
            let cell = |decided| count(expected(truth, decided), &|map| map.rows()[truth][decided]);
            numbers.clone().map(cell).collect()
        });
        let mapped = numbers.clone().map(|decided| {
            let sum = numbers.clone().map(|truth| expected(truth, decided)).sum();
            count(sum, &|map| map.predicted(ClassId::new(decided)))
        });
        Some(Self {
            cells,
            confusion: confusion.collect(),
            mapped: mapped.collect(),
            figures: figures(resampled.origins(), prevalence, &maps, classes, level)?,
            known,
        })
    }
}

impl ExpectedMap {
    /// Gives each of `estimates` that is a rate of the map the interval that the map's own is to fall into. It knows of errors that
    /// no evaluated cell shows, which draws of these cells cannot; the expected figure itself is always in it.
    pub fn amend(&self, estimates: &mut [Estimate]) {
        for expected in &self.figures {
            if let Some(own) = estimates.iter_mut().find(|own| own.name == expected.name) {
                let holding = |interval: Interval| {
                    expected.value.map_or(interval, |value| interval.reaching(value))
                };
                own.interval = expected.interval.map(holding);
            }
        }
    }
}

/// The rates of the maps, each around what is expected of it.
fn figures(
    evaluated: &OriginConfusion,
    prevalence: &Prevalence,
    maps: &[Confusion],
    classes: &ClassMap,
    level: Level,
) -> Option<Vec<Estimate>> {
    let weights = prevalence.weights(&evaluated.supports())?;
    let ones = vec![1.0; classes.len()];
    let of_maps: Vec<Vec<Figure>> =
        maps.iter().map(|map| rate_figures(&map.into(), classes, &ones)).collect();
    let expected = rate_figures(evaluated, classes, &weights).into_iter().enumerate();
    let estimate = |(place, figure): (usize, Figure)| {
        let values: Vec<f64> = of_maps.iter().filter_map(|map| map[place].value).collect();
        let enough = !values.is_empty() && 10 * values.len() >= 9 * maps.len();
        let interval = enough.then(|| percentile_interval(values, level));
        Estimate { name: figure.name, value: figure.value, interval }
    };
    Some(expected.map(estimate).collect())
}

/// At which rates cells of each class are taken for each class; `None` where a class that the map has was not there. Where strata
/// are told apart, the rates of a class are those of its strata, mixed as `prevalence` says.
fn rates(
    confusion: &OriginConfusion,
    prevalence: &Prevalence,
    known: &[u64],
) -> Option<Vec<Vec<f64>>> {
    let weights = match confusion.is_stratified() {
        true => prevalence.weights(&confusion.supports())?,
        false => vec![1.0; known.len()],
    };
    let weighted = confusion.weighted(&weights);
    let rows = weighted.rows().iter().zip(known);
    rows.map(|(row, &known)| {
        let support: f64 = row.iter().sum();
        match support > 0.0 {
            false if known > 0 => None,
            false => Some(vec![0.0; row.len()]),
            true => Some(row.iter().map(|&cells| cells / support).collect()),
        }
    })
    .collect()
}

/// One map: each cell of a class falls to a class at its rate, class after class.
fn draw_map(known: &[u64], rates: &[Vec<f64>], generator: &mut Generator) -> Confusion {
    let mut map = Confusion::new(known.len());
    for (truth, (&cells, rates)) in known.iter().zip(rates).enumerate() {
        let (mut left, mut share_left) = (cells, 1.0);
        for (decided, &rate) in rates.iter().enumerate() {
            let last = decided + 1 == rates.len();
            let chance = if last || rate >= share_left { 1.0 } else { rate / share_left };
            let chance = if rate <= 0.0 && !last { 0.0 } else { chance };
            let drawn = binomial::draw(generator, left, chance);
            map.add_many(ClassId::new(truth), ClassId::new(decided), drawn);
            left -= drawn;
            share_left -= rate;
        }
    }
    map
}

/// Whole numbers of cells closest to the shares, which sum to `cells` (largest remainders; of equal ones the lowest
/// class).
fn apportion(cells: u64, shares: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = shares.iter().map(|share| share * cells as f64).collect();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let mut whole: Vec<u64> = exact.iter().map(|value| value.floor() as u64).collect();
    let mut order: Vec<usize> = (0..shares.len()).filter(|&class| shares[class] > 0.0).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let missing = cells.saturating_sub(whole.iter().sum());
    for (_, &class) in (0..missing).zip(order.iter().cycle()) {
        whole[class] += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Outcomes;
    use crate::statistics::{Bootstrap, Decided};

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban"]).unwrap()
    }

    /// The pilot's sample: 20,000 cells of each class, and its cross-validated rates, a tenth as many cells.
    fn pilot() -> Resampled {
        let mut outcomes = Outcomes::new(2);
        for cell in 0..2000 {
            let row = if cell < 1871 { [0.9, 0.1] } else { [0.1, 0.9] };
            outcomes.push(ClassId::new(0), &row);
            let row = if cell < 1844 { [0.1, 0.9] } else { [0.9, 0.1] };
            outcomes.push(ClassId::new(1), &row);
        }
        let bootstrap = Bootstrap { replicates: 300, seed: 2 };
        Resampled::of(&Decided::most_probable(outcomes), &classes(), None, bootstrap).unwrap()
    }

    fn expect(cells: u64) -> ExpectedMap {
        let prevalence = Prevalence::new(vec![0.9789, 0.0211]).unwrap();
        ExpectedMap::of(&pilot(), &classes(), &prevalence, cells, Level::NINETY_FIVE, 9).unwrap()
    }

    #[test]
    fn the_pilot_would_have_known_of_its_precision() {
        let map = expect(1_741_553);
        let precision = map.figures.iter().find(|one| one.name == "urban precision").unwrap();
        let interval = precision.interval.unwrap();
        assert!(interval.lower > 0.19 && interval.upper < 0.28, "{interval:?}");
        // The map that was made had 25.16 %.
        assert!(interval.lower < 0.2516 && 0.2516 < interval.upper, "{interval:?}");
        assert_eq!(map.known.iter().sum::<u64>(), 1_741_553);
        let mapped = map.mapped[1];
        assert!(mapped.interval.lower < mapped.expected && mapped.expected < mapped.interval.upper);
        let sum: f64 = map.confusion.iter().flatten().map(|count| count.expected).sum();
        assert!((sum - 1_741_553.0).abs() < 1e-6);
    }

    #[test]
    fn small_maps_scatter_more_than_large_ones() {
        let width = |map: ExpectedMap| {
            let recall = map.figures.iter().find(|one| one.name == "urban recall").unwrap();
            let interval = recall.interval.unwrap();
            interval.upper - interval.lower
        };
        assert!(width(expect(5000)) > 2.0 * width(expect(5_000_000)));
    }

    #[test]
    fn nothing_is_expected_of_a_class_that_was_not_evaluated() {
        let mut outcomes = Outcomes::new(2);
        (0..50).for_each(|_| outcomes.push(ClassId::new(0), &[0.9, 0.1]));
        let bootstrap = Bootstrap { replicates: 20, seed: 2 };
        let resampled =
            Resampled::of(&Decided::most_probable(outcomes), &classes(), None, bootstrap).unwrap();
        let of = |shares: [f64; 2]| {
            let prevalence = Prevalence::new(shares.to_vec()).unwrap();
            ExpectedMap::of(&resampled, &classes(), &prevalence, 100, Level::NINETY_FIVE, 9)
        };
        assert_eq!(of([0.5, 0.5]), None);
        assert_eq!(of([1.0, 0.0]).map(|map| map.known), Some(vec![100, 0]));
    }

    /// The class is found in one stratum and missed in the other.
    #[test]
    fn rates_of_a_class_are_mixed_by_stratum() {
        let mut outcomes = Outcomes::of_strata(2, 2);
        for cell in 0..1600_u16 {
            let (stratum, truth) = (cell % 2, cell / 2 % 2);
            let found = if stratum == 0 { cell % 10 < 9 } else { cell % 10 < 4 };
            let row = if (truth == 1) == found { [0.2, 0.8] } else { [0.8, 0.2] };
            outcomes.push_in(stratum, ClassId::new(usize::from(truth)), &row);
        }
        let stratum = |name: &str, share, urban| crate::metrics::StratumShares {
            stratum: name.to_owned(),
            share,
            prevalence: vec![1.0 - urban, urban],
        };
        let strata = vec![stratum("found", 0.9, 0.1), stratum("missed", 0.1, 0.1)];
        let target = Prevalence::by_stratum(strata).unwrap();
        let expected = crate::metrics::Scores::of(&outcomes, &classes(), Some(&target)).unwrap();
        let recall = expected.classes[1].recall;
        let bootstrap = Bootstrap { replicates: 200, seed: 2 };
        let decided = Decided::most_probable(outcomes);
        let resampled = Resampled::of(&decided, &classes(), Some(&target), bootstrap).unwrap();
        let level = Level::NINETY_FIVE;
        let map = ExpectedMap::of(&resampled, &classes(), &target, 10_000, level, 9).unwrap();
        assert_eq!(map.known, [9000, 1000]);
        assert!((map.confusion[1][1].expected - 1000.0 * recall).abs() < 1e-9);
        let own = map.figures.iter().find(|one| one.name == "urban recall").unwrap();
        assert!((own.value.unwrap() - recall).abs() < 1e-12);
        let interval = own.interval.unwrap();
        assert!(interval.lower < recall && recall < interval.upper);
        assert!(interval.upper - interval.lower < 0.12, "{interval:?}");
        // By class alone the two strata would count the same.
        let plain = Prevalence::new(target.shares().to_vec()).unwrap();
        let by_class = Resampled::of(&decided, &classes(), Some(&plain), bootstrap).unwrap();
        let by_class = by_class.target().unwrap().value("urban recall").unwrap();
        assert!(recall - by_class > 0.1, "{recall} {by_class}");
    }

    proptest! {
        #[test]
        fn apportioned_cells_sum_up(cells in 0_u64..3_000_000, parts in prop::collection::vec(0_u32..50, 1..8)) {
            let sum: u32 = parts.iter().sum();
            prop_assume!(sum > 0);
            let shares: Vec<f64> = parts.iter().map(|&part| f64::from(part) / f64::from(sum)).collect();
            let whole = apportion(cells, &shares);
            prop_assert_eq!(whole.iter().sum::<u64>(), cells);
            for (whole, share) in whole.iter().zip(&shares) {
                prop_assert!((*whole as f64 - share * cells as f64).abs() <= 1.0 + 1e-6);
            }
        }
    }
}
