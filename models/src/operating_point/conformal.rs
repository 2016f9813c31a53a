//! Conformal sets: the classes that cannot be ruled out, with a guaranteed rate of error.
//!
//! A cell's set lists every class whose raw probability is not unusually low for cells of that class. Of the cells of
//! each class, the set holds the right class at least at rate `1 − error`, whatever the classifier, as long as the
//! cells that the limits come from and those of the map are exchangeable within the class. The guarantee is by class
//! (Mondrian: Vovk 2013, "Conditional validity of inductive conformal predictors", Machine Learning 92:349; for
//! classes also Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers with bounded error levels",
//! Journal of the American Statistical Association 114:223), so it holds at any prevalence: neither calibration nor
//! prior shift is needed, and raw probabilities are used.
//!
//! Two limits of it. Scores are out-of-fold: they come from as many models as there are folds, each fitted on fewer
//! cells than the model that is used, so it is as good as the folds are like the map; where neighbouring cells are in
//! different folds it is too sure. And it is an average over samples: with `n` cells of a class the rate of one sample
//! spreads by about `√(error·(1−error)/n)`.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

use super::material::Without;
use super::{OperatingPointError, OutOfFold};

/// The classes that cannot be ruled out at a rate of error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConformalSets {
    /// How often the set of a cell may miss its class.
    error: f64,
    /// The highest score (1 − probability) with which a class is in a set; `None` where it always is.
    limits: Vec<Option<f64>>,
}

impl ConformalSets {
    /// The limits for cells that `data` is like, at a rate of `error` above 0 and below 1.
    ///
    /// The limit of a class is the `⌈(n + 1)(1 − error)⌉`-th lowest score of its `n` cells; where there are fewer
    /// cells than that, it is in every set.
    ///
    /// # Errors
    /// If `error` is no such rate.
    pub fn fit(data: &OutOfFold, error: f64) -> Result<Self, OperatingPointError> {
        Self::fit_parts(data, error, Without::NOTHING)
    }

    pub(crate) fn fit_parts(
        data: &OutOfFold,
        error: f64,
        without: Without,
    ) -> Result<Self, OperatingPointError> {
        check_error(error)?;
        let mut scores = vec![Vec::new(); data.classes().len()];
        for (cell, truth) in data.truths().iter().enumerate() {
            if without.keeps(data.parts()[cell]) {
                scores[truth.index()].push(score(data.row(cell)[truth.index()]));
            }
        }
        let limits = scores.into_iter().map(|scores| limit(scores, error)).collect();
        Ok(Self { error, limits })
    }

    /// How often the set of a cell may miss its class.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// The classes that are in every set because too few of their cells are known.
    pub fn always_included(&self) -> impl Iterator<Item = ClassId> + '_ {
        let always = |(class, limit): (usize, &Option<f64>)| limit.is_none().then_some(class);
        self.limits.iter().enumerate().filter_map(always).map(ClassId::new)
    }

    /// How many cells a class needs so that it can be ruled out at all: `⌈1 / error⌉ − 1`.
    pub(crate) fn fewest_cells(error: f64) -> f64 {
        (1.0 / error - 1e-9).ceil() - 1.0
    }

    /// Writes to `set` which classes a cell with the raw probabilities `raw` may be of.
    pub fn apply(&self, raw: &[f32], set: &mut [bool]) {
        for ((member, &value), limit) in set.iter_mut().zip(raw).zip(&self.limits) {
            *member = limit.is_none_or(|limit| score(value) <= limit);
        }
    }

    /// Checks sets that were read, for so many classes.
    pub(crate) fn check(&self, classes: usize) -> Result<(), OperatingPointError> {
        check_error(self.error)?;
        if self.limits.len() != classes {
            let found = self.limits.len();
            return refuse(format!("have {found} limits for {classes} classes"));
        }
        match self.limits.iter().flatten().find(|limit| !(0.0..=1.0).contains(*limit)) {
            Some(limit) => refuse(format!("have a limit of {limit}; expected 0 to 1")),
            None => Ok(()),
        }
    }
}

fn check_error(error: f64) -> Result<(), OperatingPointError> {
    if error > 0.0 && error < 1.0 {
        return Ok(());
    }
    refuse(format!("have error {error}; expected above 0 and below 1"))
}

fn refuse(reason: String) -> Result<(), OperatingPointError> {
    Err(OperatingPointError::Stored { part: "conformal sets", reason })
}

/// How strange a cell would be as one of a class with this probability.
fn score(probability: f32) -> f64 {
    1.0 - f64::from(probability)
}

fn limit(mut scores: Vec<f64>, error: f64) -> Option<f64> {
    let rank = rank(scores.len(), error)?;
    let (_, limit, _) = scores.select_nth_unstable_by(rank - 1, f64::total_cmp);
    Some(*limit)
}

/// `⌈(cells + 1)(1 − error)⌉`, where there are so many cells.
fn rank(cells: usize, error: f64) -> Option<usize> {
    // A product that rounding puts just below a whole number counts as that number: 100 · 0.29 is 29.
    let stranger = ((cells as f64 + 1.0) * error * (1.0 + 1e-12)).floor();
    let lower = (0..=cells).take_while(|&count| (count as f64) < stranger).count();
    (lower > 0).then(|| cells + 1 - lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tesela_datasets::class::ClassMap;
    use tesela_datasets::random::{self, Generator};

    #[test]
    fn ranks_are_those_of_the_definition() {
        assert_eq!(rank(9, 0.1), Some(9));
        assert_eq!(rank(8, 0.1), None);
        assert_eq!(rank(99, 0.29), Some(71));
        assert_eq!(rank(1000, 0.1), Some(901));
        assert_eq!(rank(0, 0.5), None);
        assert_eq!([0.1, 0.05, 0.3].map(ConformalSets::fewest_cells), [9.0, 19.0, 3.0]);
    }

    /// Cells of three classes with noisy probabilities; one in ten is of the last.
    fn draw(cells: usize, draws: &mut Generator) -> (Vec<ClassId>, Vec<f32>) {
        let (mut truths, mut rows) = (Vec::new(), Vec::new());
        for cell in 0..cells {
            let truth = if cell % 10 == 0 { 2 } else { cell % 2 };
            let mut row: [f64; 3] = std::array::from_fn(|_| 0.1 + random::unit(draws));
            row[truth] += random::unit(draws);
            let sum: f64 = row.iter().sum();
            truths.push(ClassId::new(truth));
            #[expect(clippy::cast_possible_truncation, reason = "a test needs no more digits")]
            rows.extend(row.map(|value| (value / sum) as f32));
        }
        (truths, rows)
    }

    fn data(cells: usize, draws: &mut Generator) -> OutOfFold {
        let classes = ClassMap::new(["crops", "forest", "urban"]).unwrap();
        let (truths, rows) = draw(cells, draws);
        let folds: Vec<u32> = (0..).map(|cell| cell / 20 % 5).take(cells).collect();
        OutOfFold::new(&classes, &truths, &rows, &folds).unwrap()
    }

    #[test]
    fn every_class_is_covered_at_the_promised_rate() {
        let mut draws = random::generator(11, &[]);
        let (mut covered, mut cells) = ([0.0; 3], [0.0; 3]);
        for _ in 0..60 {
            let sets = ConformalSets::fit(&data(400, &mut draws), 0.2).unwrap();
            let (truths, rows) = draw(400, &mut draws);
            let mut set = [false; 3];
            for (truth, row) in truths.iter().zip(rows.chunks(3)) {
                sets.apply(row, &mut set);
                cells[truth.index()] += 1.0;
                covered[truth.index()] += f64::from(u8::from(set[truth.index()]));
            }
        }
        for class in 0..3 {
            // 60 samples of 40 to 180 cells: the rate of a class spreads by less than 0.01 around
            // 0.8 to 0.8 + 1 / (n + 1).
            let rate = covered[class] / cells[class];
            assert!((0.78..0.845).contains(&rate), "class {class}: {rate}");
        }
    }

    #[test]
    fn a_class_with_too_few_cells_is_in_every_set() {
        let data = data(60, &mut random::generator(2, &[]));
        let sets = ConformalSets::fit(&data, 0.1).unwrap();
        assert_eq!(sets.always_included().collect::<Vec<_>>(), [ClassId::new(2)]);
        let mut set = [false; 3];
        sets.apply(&[0.5, 0.5, 0.0], &mut set);
        assert!(set[2]);
        let text = serde_json::to_string(&sets).unwrap();
        assert_eq!(serde_json::from_str::<ConformalSets>(&text).unwrap(), sets);
        assert!(ConformalSets::fit(&data, 0.0).is_err() && ConformalSets::fit(&data, 1.0).is_err());
    }

    proptest! {
        #[test]
        fn a_lower_error_never_makes_sets_smaller(seed in any::<u64>(), low in 0.02_f64..0.5, more in 0.0_f64..0.4) {
            let data = data(200, &mut random::generator(seed, &[]));
            let wide = ConformalSets::fit(&data, low).unwrap();
            let narrow = ConformalSets::fit(&data, low + more).unwrap();
            let (mut a, mut b) = ([false; 3], [false; 3]);
            for cell in 0..data.len() {
                wide.apply(data.row(cell), &mut a);
                narrow.apply(data.row(cell), &mut b);
                prop_assert!(a.iter().zip(&b).all(|(wide, narrow)| *wide || !narrow));
            }
        }
    }
}
