//! Areas: how much of the country is of each class, from a map and a sample of labels.
//!
//! Counting the cells of a map counts its errors, too. The stratified estimator (Olofsson and others 2014, *Good practices
//! for estimating area and assessing accuracy of land change*, Remote Sensing of Environment 148, equations 1 to 11)
//! takes the mapped classes as strata and the labels as a sample of each: the share of a class is the sum over the
//! strata of their share of the map times the share of their labelled cells that is of the class. It holds where the
//! labelled cells of a mapped class were drawn at random; labels at places of somebody's choice estimate nothing.
//!
//! Cells that a model was trained on were not drawn at random: a balanced sample takes most cells of a rare class. They are
//! counted as they are known, and the others are a sample of what is left.
//!
//! Variances carry the finite population correction (Cochran 1977, *Sampling Techniques*, equation 5.7), which the
//! article leaves out because its strata have millions of pixels: the more of a stratum is labelled, the less is left to guess, and
//! a census has no error.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};

use crate::metrics::Confusion;
use crate::statistics::Interval;

/// Standard errors on either side of an interval of 95 %.
const WIDTH: f64 = 1.96;

/// A share with its standard error and its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The share.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Between which it lies in 95 of 100 samples.
    pub interval: Interval,
}

/// The area of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassArea {
    /// The class.
    pub class: String,
    /// Cells that the map takes for it.
    pub mapped_cells: u64,
    /// Their share of the map.
    pub mapped_share: f64,
    /// Labelled cells that the map takes for it.
    pub sampled_cells: u64,
    /// The share of the country that is of it.
    pub share: Share,
    /// Of the cells taken for it, the share that are of it; `None` where the map has none.
    pub users_accuracy: Option<Share>,
    /// Of the cells of it, the share taken for it; `None` where nothing is of it.
    pub producers_accuracy: Option<Share>,
}

/// The areas of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AreaEstimate {
    /// Cells of the map that have a class.
    pub cells: u64,
    /// The area of a cell in square kilometres, where that is known and the same for all.
    pub cell_square_kilometres: Option<f64>,
    /// The share of the country that the map has right.
    pub accuracy: Share,
    /// Each class.
    pub classes: Vec<ClassArea>,
}

/// A mapped class with its labelled cells.
struct Stratum {
    /// Its share of the map.
    weight: f64,
    /// The share of it that is of each class.
    shares: Vec<f64>,
    /// The same of what is not known for certain, as the sample has it.
    drawn: Vec<f64>,
    /// What `p (1 − p)` of a drawn share is multiplied with for the variance of the share: the square of the part that is
    /// not known for certain, times the finite population correction over `n - 1`.
    scale: f64,
}

impl Stratum {
    /// The variance of the share of `class`: `p (1 − p) (1 − n / N) / (n − 1)` where nothing is known for certain.
    fn own_variance(&self, class: usize) -> f64 {
        let share = self.drawn[class];
        share * (1.0 - share) * self.scale
    }

    /// The same of its share of the map.
    fn variance(&self, class: usize) -> f64 {
        self.weight * self.weight * self.own_variance(class)
    }
}

impl AreaEstimate {
    /// Estimates from the number of cells that the map takes for each class, from the labelled cells of a `sample`, and from
    /// those that are `known` but are no sample of the others.
    ///
    /// # Errors
    /// If a mapped class has fewer than two cells in the sample, of which nothing can be said; in words.
    pub fn of(
        mapped: &[u64],
        sample: &Confusion,
        known: &Confusion,
        classes: &ClassMap,
    ) -> Result<Self, String> {
        let cells: u64 = mapped.iter().sum();
        let labels = Labelled { sample, known, classes };
        let strata: Vec<Stratum> = classes
            .ids()
            .map(|class| labels.stratum(mapped[class.index()], cells, class))
            .collect::<Result<_, String>>()?;
        let right =
            (0..strata.len()).map(|class| strata[class].weight * strata[class].shares[class]);
        let variance: f64 = (0..strata.len()).map(|class| strata[class].variance(class)).sum();
        let of_class = |class: ClassId| {
            let place = class.index();
            ClassArea {
                class: classes.name(class).to_owned(),
                mapped_cells: mapped[place],
                mapped_share: strata[place].weight,
                sampled_cells: sample.predicted(class) + known.predicted(class),
                share: area(&strata, place),
                users_accuracy: users(&strata, place),
                producers_accuracy: producers(&strata, place),
            }
        };
        Ok(Self {
            cells,
            cell_square_kilometres: None,
            accuracy: share(right.sum(), variance),
            classes: classes.ids().map(of_class).collect(),
        })
    }
}

/// The labelled cells of a map.
struct Labelled<'a> {
    sample: &'a Confusion,
    known: &'a Confusion,
    classes: &'a ClassMap,
}

impl Labelled<'_> {
    /// The stratum of the `mapped` cells, of `cells` on the map, that are taken for `class`.
    fn stratum(&self, mapped: u64, cells: u64, class: ClassId) -> Result<Stratum, String> {
        let Self { sample, known, classes } = *self;
        let nothing = vec![0.0; classes.len()];
        if mapped == 0 {
            let (shares, drawn) = (nothing.clone(), nothing);
            return Ok(Stratum { weight: 0.0, shares, drawn, scale: 0.0 });
        }
        let open = mapped.saturating_sub(known.predicted(class));
        let sampled = sample.predicted(class);
        if open > 0 && sampled < 2 {
            let name = classes.name(class);
            return Err(format!(
                "{sampled} of the {open} cells that the map takes for `{name}` can be scored; two at least are needed"
            ));
        }
        let (total, open, count) = (mapped as f64, open as f64, sampled as f64);
        let drawn = match sampled {
            0 => nothing,
            _ => classes.ids().map(|truth| sample.count(truth, class) as f64 / count).collect(),
        };
        let share = |(truth, drawn): (ClassId, &f64)| {
            (known.count(truth, class) as f64 + open * drawn) / total
        };
        let correction = (1.0 - count / open.max(1.0)).max(0.0) / (count - 1.0).max(1.0);
        Ok(Stratum {
            weight: total / cells as f64,
            shares: classes.ids().zip(&drawn).map(share).collect(),
            scale: (open / total).powi(2) * correction,
            drawn,
        })
    }
}

fn share(value: f64, variance: f64) -> Share {
    let standard_error = variance.sqrt();
    let end = |sign: f64| (value + sign * WIDTH * standard_error).clamp(0.0, 1.0);
    Share { value, standard_error, interval: Interval { lower: end(-1.0), upper: end(1.0) } }
}

fn area(strata: &[Stratum], class: usize) -> Share {
    let value = strata.iter().map(|one| one.weight * one.shares[class]).sum();
    share(value, strata.iter().map(|one| one.variance(class)).sum())
}

fn users(strata: &[Stratum], class: usize) -> Option<Share> {
    let own = &strata[class];
    (own.weight > 0.0).then(|| share(own.shares[class], own.own_variance(class)))
}

fn producers(strata: &[Stratum], class: usize) -> Option<Share> {
    let area = area(strata, class).value;
    if area <= 0.0 {
        return None;
    }
    let value = strata[class].weight * strata[class].shares[class] / area;
    let others = (0..strata.len()).filter(|&other| other != class);
    let missed: f64 = others.map(|other| strata[other].variance(class)).sum();
    let found = strata[class].variance(class);
    let variance = ((1.0 - value).powi(2) * found + value * value * missed) / (area * area);
    Some(share(value, variance))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn confusion(rows: &[&[u64]]) -> Confusion {
        let mut all = Confusion::new(rows.len());
        for (truth, row) in rows.iter().enumerate() {
            for (decided, &cells) in row.iter().enumerate() {
                all.add_many(ClassId::new(truth), ClassId::new(decided), cells);
            }
        }
        all
    }

    /// Of a sample alone.
    fn estimate(
        mapped: &[u64],
        sample: &Confusion,
        classes: &ClassMap,
    ) -> Result<AreaEstimate, String> {
        AreaEstimate::of(mapped, sample, &Confusion::new(classes.len()), classes)
    }

    #[test]
    fn cells_that_are_no_sample_of_the_others_are_counted_as_they_are() {
        let classes = ClassMap::new(["rest", "town"]).unwrap();
        // All 50 towns that were trained on, and 100 others; of what is left 4 of 40 cells taken for towns are none, and 2 of
        // 400 others are towns.
        let known = confusion(&[&[100, 0], &[0, 50]]);
        let sample = confusion(&[&[398, 4], &[2, 36]]);
        let areas = AreaEstimate::of(&[1100, 90], &sample, &known, &classes).unwrap();
        let towns = 50.0 + 40.0 * 0.9 + 1000.0 * 2.0 / 400.0;
        close(areas.classes[1].share.value, towns / 1190.0, 1e-12);
        // Both samples are weighed by what they stand for; all 40 cells taken for towns are labelled.
        let variance = (1000.0_f64 / 1190.0).powi(2) * 0.005 * 0.995 * (1.0 - 0.4) / 399.0;
        close(areas.classes[1].share.standard_error, variance.sqrt(), 1e-12);
        close(areas.classes[1].users_accuracy.unwrap().value, 86.0 / 90.0, 1e-12);
        // Where everything is known, nothing is guessed.
        let whole = AreaEstimate::of(&[100, 50], &Confusion::new(2), &known, &classes).unwrap();
        assert_eq!((whole.accuracy.value, whole.accuracy.standard_error), (1.0, 0.0));
    }

    #[track_caller]
    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found}, expected {expected}");
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        mapped: Vec<u64>,
        /// `[mapped class][known class]`.
        sample: Vec<Vec<u64>>,
        accuracy: [f64; 2],
        classes: Vec<GoldenClass>,
    }

    #[derive(serde::Deserialize)]
    struct GoldenClass {
        share: [f64; 2],
        users: [f64; 2],
        producers: [f64; 2],
    }

    /// What `tests/data/areas/make_golden.py` finds in single units, without these formulas.
    #[test]
    fn shares_and_errors_are_those_of_single_units() {
        let text = include_str!("../../tests/data/areas/golden.json");
        let mut all: serde_json::Value = serde_json::from_str(text).unwrap();
        let cases: Vec<Golden> = serde_json::from_value(all["cases"].take()).unwrap();
        assert!(cases.len() > 3);
        let same = |found: Share, [value, error]: [f64; 2]| {
            close(found.value, value, 1e-12);
            close(found.standard_error, error, 1e-12);
        };
        for case in cases {
            let count = case.mapped.len();
            let classes = ClassMap::new((0..count).map(|class| format!("class {class}"))).unwrap();
            let mut sample = Confusion::new(count);
            for (decided, row) in case.sample.iter().enumerate() {
                for (truth, &cells) in row.iter().enumerate() {
                    sample.add_many(ClassId::new(truth), ClassId::new(decided), cells);
                }
            }
            let found = estimate(&case.mapped, &sample, &classes).unwrap();
            same(found.accuracy, case.accuracy);
            for (found, expected) in found.classes.iter().zip(case.classes) {
                same(found.share, expected.share);
                same(found.users_accuracy.unwrap(), expected.users);
                same(found.producers_accuracy.unwrap(), expected.producers);
            }
        }
    }

    /// Section 5 of the article: its rows are mapped classes, ours known ones.
    #[test]
    fn the_worked_example_of_the_article_comes_out() {
        let names = ["deforestation", "forest gain", "stable forest", "stable non-forest"];
        let classes = ClassMap::new(names).unwrap();
        let sample =
            confusion(&[&[66, 0, 1, 2], &[0, 55, 0, 1], &[5, 8, 153, 9], &[4, 12, 11, 313]]);
        let mapped = [200_000, 150_000, 3_200_000, 6_450_000];
        let found = estimate(&mapped, &sample, &classes).unwrap();
        close(found.accuracy.value, 0.947, 0.0005);
        close(1.96 * found.accuracy.standard_error, 0.018, 0.0005);
        for (class, expected) in [0.88, 0.73, 0.93, 0.96].into_iter().enumerate() {
            close(found.classes[class].users_accuracy.unwrap().value, expected, 0.005);
        }
        // 10,000,000 pixels of 0.09 hectares: 21,158 ± 6,158 hectares of deforestation.
        let hectares = 10_000_000.0 * 0.09;
        close(found.classes[0].share.value * hectares, 21_158.0, 0.5);
        close(1.96 * found.classes[0].share.standard_error * hectares, 6_158.0, 2.0);
    }

    #[test]
    fn a_census_has_no_error_and_a_stratum_without_labels_no_estimate() {
        let classes = ClassMap::new(["a", "b"]).unwrap();
        let sample = confusion(&[&[90, 4], &[1, 5]]);
        let census = estimate(&[91, 9], &sample, &classes).unwrap();
        close(census.classes[1].share.value, 0.06, 1e-12);
        assert!(census.classes.iter().all(|one| one.share.standard_error == 0.0));
        close(census.classes[1].producers_accuracy.unwrap().value, 5.0 / 6.0, 1e-12);
        let error = estimate(&[91, 9], &confusion(&[&[90, 1], &[1, 0]]), &classes);
        assert!(error.unwrap_err().contains("1 of the 9 cells"));
        let unmapped = estimate(&[91, 0], &confusion(&[&[90, 0], &[1, 0]]), &classes).unwrap();
        assert_eq!(unmapped.classes[1].users_accuracy, None);
        close(unmapped.classes[1].producers_accuracy.unwrap().value, 0.0, 1e-12);
    }

    proptest! {
        #[test]
        fn shares_make_a_whole_and_lie_in_their_intervals(
            counts in prop::array::uniform9(0_u64..40), extra in prop::array::uniform3(0_u64..5000),
        ) {
            let classes = ClassMap::new(["a", "b", "c"]).unwrap();
            let rows: Vec<&[u64]> = counts.chunks(3).collect();
            let sample = confusion(&rows);
            let mapped: Vec<u64> =
                classes.ids().map(|class| sample.predicted(class) + extra[class.index()]).collect();
            prop_assume!(classes.ids().all(|class| sample.predicted(class) > 1));
            let found = estimate(&mapped, &sample, &classes).unwrap();
            let whole: f64 = found.classes.iter().map(|one| one.share.value).sum();
            prop_assert!((whole - 1.0).abs() < 1e-9);
            for one in &found.classes {
                let Share { value, interval, .. } = one.share;
                prop_assert!(interval.lower <= value && value <= interval.upper);
            }
        }
    }
}
