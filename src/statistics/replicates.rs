//! Replicates: figures with their values on many draws, and the intervals that follow.

use super::interval::{Estimate, IntervalMethod, Level};

/// Figures, each with its value on each draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    pub(super) names: Vec<String>,
    pub(super) values: Vec<Option<f64>>,
    /// `[draw][figure]`.
    pub(super) draws: Vec<Vec<Option<f64>>>,
    /// `[group][figure]`, that group left out.
    pub(super) left_out: Vec<Vec<Option<f64>>>,
    /// What each figure may be by errors that no cell shows; empty where there are none.
    pub(super) bound: Vec<Option<f64>>,
}

impl Replicates {
    /// The value of the figure called `name` on all cells.
    pub fn value(&self, name: &str) -> Option<f64> {
        let place = self.names.iter().position(|own| own == name)?;
        self.values[place]
    }

    /// Each figure with its interval.
    ///
    /// There is none where more than a tenth of the draws lack the figure. Where the cells of a class are all decided alike, no
    /// draw shows the errors that they lack; the interval of a rate then reaches as far as
    /// [such errors](super::UnseenErrors) may take it.
    pub fn intervals(&self, level: Level, method: IntervalMethod) -> Vec<Estimate> {
        let column = |rows: &[Vec<Option<f64>>], place: usize| -> Vec<f64> {
            rows.iter().filter_map(|row| row[place]).collect()
        };
        let figures = self.names.iter().zip(&self.values).enumerate();
        figures
            .map(|(place, (name, &value))| {
                let draws = column(&self.draws, place);
                let enough = !draws.is_empty() && 10 * draws.len() >= 9 * self.draws.len();
                let left_out = column(&self.left_out, place);
                let interval = value
                    .filter(|_| enough)
                    .map(|value| method.interval(value, draws, &left_out, level));
                let bound = self.bound.get(place).copied().flatten();
                let interval = interval.map(|own| bound.map_or(own, |bound| own.reaching(bound)));
                Estimate { name: name.clone(), value, interval }
            })
            .collect()
    }

    /// These figures less those of `other`, draw by draw; both must come from the same blocks, seed and classes. Errors that no
    /// cell shows are left out: how many of them both runs would share, nobody knows.
    ///
    /// # Panics
    /// If the figures or the numbers of draws differ.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        assert_eq!(self.names, other.names, "both have the same figures");
        let rows = |a: &[Vec<Option<f64>>], b: &[Vec<Option<f64>>]| {
            assert_eq!(a.len(), b.len(), "both have the same draws");
            a.iter().zip(b).map(|(a, b)| differences(a, b)).collect()
        };
        Self {
            names: self.names.clone(),
            values: differences(&self.values, &other.values),
            draws: rows(&self.draws, &other.draws),
            left_out: rows(&self.left_out, &other.left_out),
            bound: Vec::new(),
        }
    }
}

fn differences(a: &[Option<f64>], b: &[Option<f64>]) -> Vec<Option<f64>> {
    a.iter().zip(b).map(|(a, b)| Some((*a)? - (*b)?)).collect()
}
