//! The empirical variogram: pairs of cells by distance.

use rayon::prelude::*;
use tesela_datasets::cell::Point;
use tesela_datasets::random::{generator, shuffle};

use super::model::{Fitted, Reach};

/// The place of subsamples below a seed.
const PLACE: u64 = 0x5661_7269;
/// Intervals of distance.
const LAGS: usize = 20;
/// More cells than this are drawn from.
const MAX_CELLS: usize = 400_000;
/// About so many distances are computed.
const MAX_PAIRS: usize = 100_000_000;
/// All pairs of so few cells are taken, and so many cells have partners at most.
const MAX_CENTRES: usize = 5000;
/// A range of fewer intervals than this is looked at more closely.
const MIN_LAGS_IN_RANGE: f64 = 5.0;
/// How many ranges a closer look reaches.
const RANGES_IN_REACH: f64 = 4.0;
/// How often a closer look is taken.
const MAX_LOOKS: usize = 8;
/// An interval with fewer pairs says nothing.
const MIN_PAIRS: u64 = 30;

/// One quantity at every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// What it is, such as `label: urban`.
    pub name: String,
    /// Its value at each cell.
    pub values: Vec<f64>,
}

/// Pairs of cells that lie about equally far apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lag {
    /// Mean distance in metres.
    pub distance: f64,
    /// Half the mean squared difference.
    pub semivariance: f64,
    /// Number of pairs.
    pub pairs: u64,
}

/// The empirical variogram of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Variogram {
    /// What it is the variogram of.
    pub name: String,
    /// By distance; intervals with too few pairs are left out.
    pub lags: Vec<Lag>,
    /// The largest distance between two cells of a pair, in metres.
    pub reach: f64,
}

/// The variogram and its model for each quantity at `points`, each over a distance that shows its range; `seed` decides
/// which pairs are taken where there are too many. `None` for a quantity where fewer than three intervals of distance have
/// enough pairs.
///
/// # Panics
/// If a quantity has another number of values than there are points.
pub fn variograms(
    points: &[Point],
    quantities: &[Quantity],
    seed: u64,
) -> Vec<Option<(Variogram, Fitted)>> {
    quantities.iter().map(|quantity| closest_look(points, quantity, seed)).collect()
}

/// The variogram over half the extent of the cells, and over less as long as the range is short compared with that.
fn closest_look(points: &[Point], quantity: &Quantity, seed: u64) -> Option<(Variogram, Fitted)> {
    let mut reach = diagonal(points) / 2.0;
    let mut best = None;
    for _ in 0..MAX_LOOKS {
        let variogram = Variogram::of(points, quantity, reach, seed);
        let Some(fitted) = variogram.fit() else { break };
        let Reach::Range(range) = fitted.reach() else { return Some((variogram, fitted)) };
        let is_short = range < MIN_LAGS_IN_RANGE * reach / LAGS as f64;
        best = Some((variogram, fitted));
        if !is_short {
            break;
        }
        reach = RANGES_IN_REACH * range;
    }
    best
}

impl Variogram {
    /// The variogram of `quantity` at `points` for distances up to `reach` metres.
    ///
    /// All pairs are taken where there are few cells. Of many, some are drawn as centres, and the pairs of each with all
    /// cells are taken, so that short distances are not lost.
    ///
    /// # Panics
    /// If there are not as many values as points.
    pub fn of(points: &[Point], quantity: &Quantity, reach: f64, seed: u64) -> Self {
        assert_eq!(points.len(), quantity.values.len(), "every cell has a place and a value");
        let mut order: Vec<usize> = (0..points.len()).collect();
        shuffle(&mut generator(seed, &[PLACE]), &mut order);
        order.truncate(MAX_CELLS);
        let centres = (MAX_PAIRS / order.len().max(1)).clamp(1, MAX_CENTRES).min(order.len());
        let cell = |&cell: &usize| (points[cell], quantity.values[cell]);
        let cells: Vec<(Point, f64)> = order.iter().map(cell).collect();
        let of_centre = |centre: usize| {
            let mut sums = Sums::default();
            // A pair of two centres is taken once.
            for other in &cells[centre + 1..] {
                sums.add(cells[centre], *other, reach);
            }
            sums
        };
        let all: Vec<Sums> = (0..centres).into_par_iter().map(of_centre).collect();
        let total = all.iter().fold(Sums::default(), |mut total, sums| {
            total.merge(sums);
            total
        });
        Self { name: quantity.name.clone(), lags: total.lags(), reach }
    }
}

/// What is summed over pairs, for each interval of distance.
#[derive(Debug, Clone, Default)]
struct Sums {
    intervals: [Interval; LAGS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Interval {
    pairs: u64,
    distance: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, one: (Point, f64), other: (Point, f64), reach: f64) {
        let (x, y) = (one.0.x - other.0.x, one.0.y - other.0.y);
        let squared = x * x + y * y;
        if squared > reach * reach {
            return;
        }
        let distance = squared.sqrt();
        // An interval holds its upper end, and the first one zero, too.
        let steps = (distance / reach * LAGS as f64).ceil() - 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let index = (steps.max(0.0) as usize).min(LAGS - 1);
        let interval = &mut self.intervals[index];
        interval.pairs += 1;
        interval.distance += distance;
        interval.squares += (one.1 - other.1).powi(2);
    }

    fn merge(&mut self, other: &Self) {
        for (own, other) in self.intervals.iter_mut().zip(&other.intervals) {
            own.pairs += other.pairs;
            own.distance += other.distance;
            own.squares += other.squares;
        }
    }

    fn lags(&self) -> Vec<Lag> {
        let known = self.intervals.iter().filter(|interval| interval.pairs >= MIN_PAIRS);
        let lag = |interval: &Interval| {
            let pairs = interval.pairs as f64;
            Lag {
                distance: interval.distance / pairs,
                semivariance: interval.squares / (2.0 * pairs),
                pairs: interval.pairs,
            }
        };
        known.map(lag).collect()
    }
}

/// The diagonal of the rectangle around all points.
fn diagonal(points: &[Point]) -> f64 {
    let span = |of: fn(&Point) -> f64| {
        let values = points.iter().map(of);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        (values.fold(f64::NEG_INFINITY, f64::max) - least).max(0.0)
    };
    span(|point| point.x).hypot(span(|point| point.y))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tesela_datasets::random::unit;

    /// A field of `side` × `side` cells of 1 km, whose value is the mean of noise within `radius` kilometres.
    pub(in super::super) fn field(side: usize, radius: usize, seed: u64) -> (Vec<Point>, Quantity) {
        let mut draws = generator(seed, &[]);
        let wide = side + 2 * radius;
        let noise: Vec<f64> = (0..wide * wide).map(|_| unit(&mut draws) - 0.5).collect();
        let mut points = Vec::new();
        let mut values = Vec::new();
        for cell in 0..side * side {
            let (row, column) = (cell / side, cell % side);
            points.push(Point { x: 1000.0 * column as f64, y: 1000.0 * row as f64 });
            let mut sum = 0.0;
            for (dy, dx) in (0..=2 * radius).flat_map(|y| (0..=2 * radius).map(move |x| (y, x))) {
                if dy.abs_diff(radius).pow(2) + dx.abs_diff(radius).pow(2) <= radius * radius {
                    sum += noise[(row + dy) * wide + column + dx];
                }
            }
            values.push(sum);
        }
        (points, Quantity { name: "field".to_owned(), values })
    }

    #[test]
    fn the_range_of_a_field_is_that_over_which_it_was_smoothed() {
        let (points, quantity) = field(60, 3, 3);
        let found = variograms(&points, &[quantity], 1);
        let (variogram, fitted) = found[0].clone().unwrap();
        // Two cells share noise as long as their circles of 3 km overlap.
        let Reach::Range(range) = fitted.reach() else { panic!("{fitted:?}") };
        assert!((4000.0..9000.0).contains(&range), "{range} m");
        assert!(variogram.reach < 40_000.0, "no closer look was taken");
    }

    #[test]
    fn noise_has_no_range() {
        let (points, quantity) = field(50, 0, 3);
        let (_, fitted) = variograms(&points, &[quantity], 1)[0].clone().unwrap();
        assert!(matches!(fitted.reach(), Reach::Nothing), "{fitted:?}");
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let (points, quantity) = field(40, 3, 5);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Variogram::of(&points, &quantity, 20_000.0, 1))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn too_few_cells_have_no_variogram() {
        let points = [Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 0.0 }];
        let quantity = Quantity { name: "few".to_owned(), values: vec![0.0, 1.0] };
        assert_eq!(variograms(&points, &[quantity], 1), [None]);
        let nothing = Quantity { name: "none".to_owned(), values: Vec::new() };
        assert_eq!(variograms(&[], &[nothing], 1), [None]);
    }
}
