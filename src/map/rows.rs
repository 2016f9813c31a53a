//! What a map says of some cells.

use tesela_datasets::cell::Cell;
use tesela_datasets::class::ClassId;

use super::MapContent;

/// What a map says of some cells, in the order of the grid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapRows {
    /// The cells, with the labels of the grid.
    pub cells: Vec<Cell>,
    /// The class of each; `None` where nothing is known of it.
    pub classes: Vec<Option<ClassId>>,
    /// The probability of each class, `[cell, class]`; `NaN` where nothing is known.
    pub probabilities: Vec<f32>,
    /// See [`uncertainty`]; `NaN` where nothing is known.
    pub uncertainties: Vec<f32>,
    /// Standard deviation of the probabilities among the models, that of the class for which it is largest; empty with one
    /// model.
    pub spreads: Vec<f32>,
    /// The classes that cannot be ruled out, `[cell, class]`; empty where the model does not say.
    pub sets: Vec<bool>,
    /// How unlike the training cells each cell is; empty where the model does not say.
    pub dissimilarities: Vec<f32>,
    /// Whether each cell is like those that were trained on; empty where the model does not say.
    pub inside: Vec<bool>,
    /// For each cell the share of its pixels that are used, 0 to 1; empty where there are no pixels.
    pub used_shares: Vec<f32>,
    /// How well each cell was seen; empty where there are no pixels.
    pub qualities: Vec<Quality>,
    /// Whether a model was trained on each cell; empty where no model says.
    pub trained: Vec<bool>,
}

impl MapRows {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The probabilities of cell `index`, where there are `classes` of them.
    pub fn probabilities_of(&self, index: usize, classes: usize) -> &[f32] {
        &self.probabilities[index * classes..(index + 1) * classes]
    }

    /// What keeps these rows from standing in a map with `classes` and `content`, in words.
    pub(super) fn problem(&self, classes: usize, content: MapContent) -> Option<String> {
        let cells = self.len();
        let lengths = [
            ("classes", self.classes.len(), true, 1),
            ("probabilities", self.probabilities.len(), true, classes),
            ("uncertainties", self.uncertainties.len(), true, 1),
            ("spreads", self.spreads.len(), content.spread, 1),
            ("sets", self.sets.len(), content.sets, classes),
            ("dissimilarities", self.dissimilarities.len(), content.applicability, 1),
            ("inside", self.inside.len(), content.applicability, 1),
            ("used shares", self.used_shares.len(), content.pixels, 1),
            ("qualities", self.qualities.len(), content.pixels, 1),
            ("training flags", self.trained.len(), content.training, 1),
        ];
        lengths.into_iter().find_map(|(what, found, there, width)| {
            let expected = if there { cells * width } else { 0 };
            (found != expected)
                .then(|| format!("{found} {what} of {cells} cells; expected {expected}"))
        })
    }
}

/// How well a cell was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// All its pixels are used.
    Full,
    /// Some are.
    Partial,
    /// It lies in the mosaic, and no pixel of it is used: it has no class.
    NoData,
    /// It does not overlap the mosaic: it has no class.
    Outside,
}

impl Quality {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Full, Self::Partial, Self::NoData, Self::Outside];

    /// Of a cell with so many pixels inside the mosaic, of which so many are used.
    pub fn of_pixels(used: u32, inside: u32) -> Self {
        match used {
            0 => Self::NoData,
            used if used < inside => Self::Partial,
            _ => Self::Full,
        }
    }

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::NoData => "no-data",
            Self::Outside => "outside",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.name() == name)
    }
}

/// Shannon's entropy of the probabilities of a cell over the largest that it can have: 0 where one class is certain, 1
/// where all are as probable; `NaN` where one is.
pub fn uncertainty(probabilities: &[f32]) -> f32 {
    if probabilities.len() < 2 {
        return 0.0;
    }
    let entropy: f64 = probabilities.iter().map(|&value| term(f64::from(value))).sum();
    #[expect(clippy::cast_possible_truncation, reason = "an uncertainty needs few digits")]
    let share = (entropy / (probabilities.len() as f64).ln()).clamp(0.0, 1.0) as f32;
    share
}

fn term(probability: f64) -> f64 {
    if probability == 0.0 { 0.0 } else { -probability * probability.ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertainty_goes_from_one_certain_class_to_all_alike() {
        assert_eq!(uncertainty(&[1.0, 0.0]), 0.0);
        assert_eq!(uncertainty(&[0.25; 4]), 1.0);
        // Binary entropy of 0.11 is half a bit.
        assert!((uncertainty(&[0.11, 0.89]) - 0.5).abs() < 1e-3);
        assert!(uncertainty(&[f32::NAN, f32::NAN]).is_nan());
    }

    #[test]
    fn quality_follows_from_pixels_and_has_a_name() {
        let of = |(used, inside)| Quality::of_pixels(used, inside);
        let found = [(0, 9), (4, 9), (9, 9), (0, 0)].map(of);
        assert_eq!(found, [Quality::NoData, Quality::Partial, Quality::Full, Quality::NoData]);
        for quality in Quality::ALL {
            assert_eq!(Quality::of_name(quality.name()), Some(quality));
        }
        assert_eq!(Quality::of_name("good"), None);
    }
}
