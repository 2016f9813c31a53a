//! How many cells of each class lie in each square of a picture, and the colour that follows.

use std::path::Path;

use tesela_datasets::class::{ClassId, ClassMap};

use super::Frame;
use crate::map::palette::colour_of;
use crate::map::{MapError, MapReader};
use crate::picture::Colour;

/// Counts of cells.
#[derive(Debug)]
pub(super) struct Bins {
    /// `[square, class]`; behind the classes the cells without one.
    counts: Vec<u32>,
    /// Of each class, and behind them of cells without one; with those that have no place.
    pub(super) totals: Vec<u64>,
    palette: Vec<Colour>,
}

/// What a square shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// No cell.
    Nothing,
    /// Cells, none of which has a class.
    Unseen,
    /// The mixed colours of the classes.
    Classes(Colour),
}

impl Bins {
    /// Counts the cells of `map` in the squares of `frame`.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub(super) fn count(map: &Path, frame: &Frame) -> Result<Self, MapError> {
        let reader = MapReader::open(map)?;
        let mut bins = Self::empty(&reader.header().origin.classes, frame.columns * frame.rows);
        for rows in reader {
            let rows = rows?;
            for (cell, class) in rows.cells.iter().zip(&rows.classes) {
                bins.add(frame.square_of(cell), class.map(ClassId::index));
            }
        }
        Ok(bins)
    }

    fn empty(classes: &ClassMap, squares: usize) -> Self {
        let width = classes.len() + 1;
        let palette = classes.ids().map(colour_of).collect();
        Self { counts: vec![0; squares * width], totals: vec![0; width], palette }
    }

    fn add(&mut self, square: Option<usize>, class: Option<usize>) {
        let width = self.totals.len();
        let class = class.unwrap_or(width - 1);
        self.totals[class] += 1;
        if let Some(square) = square {
            self.counts[square * width + class] += 1;
        }
    }

    /// What each square shows, row by row.
    pub(super) fn looks(&self) -> Vec<Look> {
        let classified: u64 = self.totals[..self.palette.len()].iter().sum();
        let weight = |&count: &u64| (classified.max(1) as f64 / count.max(1) as f64).sqrt();
        let weights: Vec<f64> = self.totals.iter().map(weight).collect();
        self.counts
            .chunks_exact(self.totals.len())
            .map(|counts| self.look(counts, &weights))
            .collect()
    }

    fn look(&self, counts: &[u32], weights: &[f64]) -> Look {
        let mut mixed = [0.0; 3];
        let mut sum = 0.0;
        for ((&count, weight), colour) in counts.iter().zip(weights).zip(&self.palette) {
            let part = f64::from(count) * weight;
            sum += part;
            for (mixed, &value) in mixed.iter_mut().zip(colour) {
                *mixed += part * f64::from(value);
            }
        }
        if sum > 0.0 {
            Look::Classes(mixed.map(|value| to_byte(value / sum)))
        } else if counts.iter().any(|&count| count > 0) {
            Look::Unseen
        } else {
            Look::Nothing
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of bytes is one"
)]
fn to_byte(value: f64) -> u8 {
    value.round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_in_a_quarter_of_a_square_does_not_vanish() {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let mut bins = Bins::empty(&classes, 4);
        let fill = |bins: &mut Bins, square, class, count| {
            (0..count).for_each(|_| bins.add(Some(square), class));
        };
        fill(&mut bins, 0, Some(0), 97);
        fill(&mut bins, 1, Some(0), 1);
        fill(&mut bins, 1, None, 3);
        fill(&mut bins, 2, None, 1);
        // The only towns of the country.
        fill(&mut bins, 3, Some(0), 3);
        fill(&mut bins, 3, Some(1), 1);
        let looks = bins.looks();
        let [plain, urban] = [bins.palette[0], bins.palette[1]];
        assert_eq!(looks[..3], [Look::Classes(plain), Look::Classes(plain), Look::Unseen]);
        let Look::Classes(mixed) = looks[3] else { panic!("{looks:?}") };
        // One quarter of the cells has more than half of the colour.
        let away = |from: Colour| mixed[2].abs_diff(from[2]);
        assert!(away(urban) < away(plain), "{mixed:?}");
        assert_eq!(bins.totals, [101, 1, 4]);
    }
}
