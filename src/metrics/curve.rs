//! Curves: precision and recall of a class at every threshold of its probability.

use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

use super::ranking::{RankStep, Ranking};
use super::{Confusion, Outcomes};

/// Points of a drawn curve.
const MOST_POINTS: usize = 500;
/// Columns in which a long curve is summed up before it is thinned; finer than any screen.
const COLUMNS: f64 = 5000.0;

/// Precision and recall when a cell is taken for the class from a threshold on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The lowest probability of the class that counts as it.
    pub threshold: f32,
    /// Of the cells taken for the class, the share that are of it.
    pub precision: f64,
    /// Of the cells of the class, the share taken for it.
    pub recall: f64,
}

/// Precision over recall of one class against the rest, as scikit-learn draws it.
///
/// Points run from the highest threshold down, so recall rises; scikit-learn's closing point (recall 0, precision 1, at no
/// threshold) is left to the drawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrecisionRecallCurve {
    points: Vec<CurvePoint>,
}

impl PrecisionRecallCurve {
    /// The curve of `class`, with a point at every distinct probability; `weights` says how much a cell of each class
    /// weighs, or of each class of a stratum after the other where strata are told apart. `None` where no cell is of the class, or none of them weighs anything.
    ///
    /// # Panics
    /// If there is not one weight per class and stratum.
    pub fn of(outcomes: &Outcomes, class: ClassId, weights: &[f64]) -> Option<Self> {
        let origins = outcomes.classes() * outcomes.strata();
        assert_eq!(origins, weights.len(), "each class of a stratum has one weight");
        let steps = Ranking::of(outcomes, class, None).steps(weights)?;
        let mut falling = outcomes.column(class);
        falling.par_sort_unstable_by(|a, b| b.total_cmp(a));
        let all = steps.last()?.own;
        let point = |step: &RankStep| CurvePoint {
            threshold: falling[step.place],
            precision: if step.own > 0.0 { step.own / (step.own + step.others) } else { 0.0 },
            recall: step.own / all,
        };
        Some(Self { points: steps.iter().map(point).collect() })
    }

    /// The points.
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// The same curve in at most 500 points, which is as fine as it can be drawn.
    ///
    /// Long curves are first reduced to the first, last, lowest and highest point of each of 5,000 columns, which draws the
    /// same picture (M4; Jugel and others 2014, *Proceedings of the VLDB Endowment* 7). Then the point that lies
    /// furthest from the line so far is added, until there are enough (Ramer 1972; Douglas and Peucker 1973).
    #[must_use]
    pub fn thinned(&self) -> Self {
        if self.points.len() <= MOST_POINTS {
            return self.clone();
        }
        let points = columns(&self.points);
        let kept = furthest(&points, MOST_POINTS);
        Self { points: kept.into_iter().map(|place| points[place]).collect() }
    }
}

impl Outcomes {
    /// Known against decided class when cells are taken for `class` from probability `threshold` on, and for the most
    /// probable other class below it.
    ///
    /// `None` where there is no other class.
    pub fn confusion_at(&self, class: ClassId, threshold: f32) -> Option<Confusion> {
        let mut confusion = Confusion::new(self.classes());
        for (truth, row) in self.iter() {
            let decided =
                if row[class.index()] >= threshold { class } else { best_other(row, class)? };
            confusion.add(truth, decided);
        }
        Some(confusion)
    }
}

/// The most probable class but `class`, the lowest where several are.
fn best_other(row: &[f32], class: ClassId) -> Option<ClassId> {
    let others = row.iter().enumerate().filter(|(place, _)| *place != class.index());
    others.rev().max_by(|a, b| a.1.total_cmp(b.1)).map(|(place, _)| ClassId::new(place))
}

/// First, last, lowest and highest point of each column of recall, in order.
fn columns(points: &[CurvePoint]) -> Vec<CurvePoint> {
    let column = |point: &CurvePoint| (point.recall * COLUMNS).floor();
    let mut kept = Vec::new();
    let mut start = 0;
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        let by_precision = |a: &usize, b: &usize| run[*a].precision.total_cmp(&run[*b].precision);
        let lowest = (0..run.len()).min_by(by_precision).unwrap_or(0);
        let highest = (0..run.len()).max_by(by_precision).unwrap_or(0);
        let mut places = [0, lowest, highest, run.len() - 1].map(|place| start + place).to_vec();
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|place| points[place]));
        start += run.len();
    }
    kept
}

/// The places of at most `most` points, both ends and then always the one furthest from the line so far.
fn furthest(points: &[CurvePoint], most: usize) -> Vec<usize> {
    if points.len() <= most {
        return (0..points.len()).collect();
    }
    let last = points.len() - 1;
    let mut kept = vec![0, last];
    let mut gaps = vec![Gap::of(points, 0, last)];
    while kept.len() < most {
        let widest = (0..gaps.len()).max_by(|&a, &b| gaps[a].distance.total_cmp(&gaps[b].distance));
        let Some(widest) = widest.filter(|&widest| gaps[widest].distance > 0.0) else { break };
        let Gap { from, at, to, .. } = gaps.swap_remove(widest);
        kept.push(at);
        gaps.extend([Gap::of(points, from, at), Gap::of(points, at, to)]);
    }
    kept.sort_unstable();
    kept
}

/// The points between two that are kept, and the one of them that is furthest from their line.
struct Gap {
    from: usize,
    to: usize,
    at: usize,
    distance: f64,
}

impl Gap {
    fn of(points: &[CurvePoint], from: usize, to: usize) -> Self {
        let mut gap = Self { from, to, at: from, distance: 0.0 };
        for place in from + 1..to {
            let distance = distance(&points[place], &points[from], &points[to]);
            if distance > gap.distance {
                (gap.at, gap.distance) = (place, distance);
            }
        }
        gap
    }
}

/// How far `point` lies from the line between two others.
fn distance(point: &CurvePoint, from: &CurvePoint, to: &CurvePoint) -> f64 {
    let (along, up) = (to.recall - from.recall, to.precision - from.precision);
    let (x, y) = (point.recall - from.recall, point.precision - from.precision);
    let length = along.hypot(up);
    if length > 0.0 { (along * y - up * x).abs() / length } else { x.hypot(y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(cells: u32) -> Outcomes {
        let mut outcomes = Outcomes::new(2);
        for cell in 0..cells {
            let noise = tesela_datasets::random::mix(u64::from(cell)) % 1_000_003;
            #[expect(clippy::cast_possible_truncation, reason = "probabilities are 32 bits wide")]
            let score = (noise as f64 / 1_000_003.0) as f32;
            let luck = tesela_datasets::random::mix(u64::from(cell) << 32) % 1000;
            let own = (luck as f64) < 1000.0 * f64::from(score * score);
            outcomes.push(ClassId::new(usize::from(own)), &[1.0 - score, score]);
        }
        outcomes
    }

    #[test]
    fn a_thinned_curve_stays_close_to_the_whole_one() {
        let whole = PrecisionRecallCurve::of(&noisy(60_000), ClassId::new(1), &[1.0, 1.0]).unwrap();
        let thin = whole.thinned();
        assert!(whole.points().len() > 30_000 && thin.points().len() <= 500);
        assert_eq!(whole.points().first(), thin.points().first());
        assert_eq!(whole.points().last(), thin.points().last());
        let mut next = 1;
        for point in whole.points() {
            while next + 1 < thin.points.len() && thin.points[next].recall < point.recall {
                next += 1;
            }
            let away = distance(point, &thin.points[next - 1], &thin.points[next]);
            assert!(away < 0.01, "{point:?} is {away} away");
        }
        assert!(thin.points().iter().all(|point| whole.points().contains(point)));
    }

    #[test]
    fn short_curves_are_kept_and_missing_classes_have_none() {
        let outcomes = noisy(90);
        let whole = PrecisionRecallCurve::of(&outcomes, ClassId::new(1), &[1.0, 1.0]).unwrap();
        assert_eq!(whole.thinned(), whole);
        let mut none = Outcomes::new(2);
        none.push(ClassId::new(0), &[0.5, 0.5]);
        assert_eq!(PrecisionRecallCurve::of(&none, ClassId::new(1), &[1.0, 1.0]), None);
    }

    #[test]
    fn below_the_threshold_the_best_other_class_is_taken() {
        let mut outcomes = Outcomes::new(3);
        outcomes.push(ClassId::new(0), &[0.25, 0.5, 0.25]);
        outcomes.push(ClassId::new(2), &[0.0, 0.75, 0.25]);
        let at = outcomes.confusion_at(ClassId::new(1), 0.75).unwrap();
        assert_eq!(at.rows(), [[1, 0, 0], [0, 0, 0], [0, 1, 0]]);
        let mut alone = Outcomes::new(1);
        alone.push(ClassId::new(0), &[0.4]);
        assert_eq!(alone.confusion_at(ClassId::new(0), 0.5), None);
    }

    #[test]
    fn the_confusion_at_a_threshold_has_the_rates_of_the_curve() {
        let outcomes = noisy(500);
        let curve = PrecisionRecallCurve::of(&outcomes, ClassId::new(1), &[1.0, 1.0]).unwrap();
        for point in curve.points().iter().step_by(37) {
            let rows = outcomes.confusion_at(ClassId::new(1), point.threshold).unwrap();
            let [right, wrong, missed] = [rows.rows()[1][1], rows.rows()[0][1], rows.rows()[1][0]];
            assert!((point.precision - right as f64 / (right + wrong) as f64).abs() < 1e-12);
            assert!((point.recall - right as f64 / (right + missed) as f64).abs() < 1e-12);
        }
    }
}
