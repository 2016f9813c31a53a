//! What an operating point is learned from: predictions of cells by models that had not seen them.
//!
//! Everything is checked here, once; behind this door rows are whole, probabilities are numbers, and each class
//! has cells in two parts at least.

use tesela_datasets::class::{ClassId, ClassMap};

use super::OperatingPointError;

/// The heaviest that a cell may be.
const MOST_WEIGHT: f64 = 1e12;
/// How far from 1 the probabilities of a cell may sum.
const SUM_TOLERANCE: f64 = 1e-3;
/// The most parts that folds are joined to for cross-fitting: with more, the time would grow with the square of the
/// folds and the figures would hardly change.
pub(crate) const MOST_PARTS: usize = 10;

/// Out-of-fold predictions of cells whose class is known.
///
/// Folds stay together: up to ten folds are the parts of cross-fitting, more are joined to ten parts, in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    classes: ClassMap,
    truths: Vec<ClassId>,
    probabilities: Vec<f32>,
    parts: Vec<u8>,
    part_count: u8,
    positions: Vec<usize>,
    unclassified: usize,
    /// What each cell counts; those of a class sum to their number. 1 each where nothing is said.
    weights: Option<Vec<f64>>,
}

impl OutOfFold {
    /// Checks predictions: for each cell its known class, one probability per class (`[cell, class]`) and the fold in
    /// which it was held out. Cells with `NaN` for every class are unclassified: left out, and counted.
    ///
    /// # Errors
    /// If lengths disagree, a number is no probability, a row does not sum to 1, a class has no cells, or all cells
    /// of a class are of one fold.
    pub fn new(
        classes: &ClassMap,
        truths: &[ClassId],
        probabilities: &[f32],
        folds: &[u32],
    ) -> Result<Self, OperatingPointError> {
        let (cells, width) = (truths.len(), classes.len());
        if width < 2 {
            let class = classes.names().first().cloned().unwrap_or_default();
            return Err(OperatingPointError::OneClass { class });
        }
        let length = |what, found, expected| {
            let classes = width;
            Err(OperatingPointError::Length { what, found, cells, classes, expected })
        };
        if probabilities.len() != cells.saturating_mul(width) {
            return length("probabilities", probabilities.len(), cells.saturating_mul(width));
        }
        if folds.len() != cells {
            return length("folds", folds.len(), cells);
        }
        let positions = classified(classes, truths, probabilities)?;
        let (parts, part_count) = parts_of(&positions, folds);
        let own = Self {
            classes: classes.clone(),
            truths: positions.iter().map(|&cell| truths[cell]).collect(),
            probabilities: gather(probabilities, width, &positions),
            parts,
            part_count,
            unclassified: cells - positions.len(),
            positions,
            weights: None,
        };
        own.check_classes(folds)?;
        Ok(own)
    }

    /// The same cells, each of which counts as its number of `weights` says, one for each cell that has probabilities, beside
    /// the others of its class; classes stay as common as they are. Where a class is not the same everywhere, cells of places
    /// that the sample favours count less so.
    ///
    /// Everything is learned and measured with weights, but for conformal sets: their guarantee is about the cells themselves.
    ///
    /// # Errors
    /// If there is not one weight for each cell, one is negative or no number, or those of a class are all zero.
    pub fn weighted(self, weights: &[f64]) -> Result<Self, OperatingPointError> {
        check_weights(&self, weights)?;
        let mut of_classes = vec![(0.0, 0.0); self.classes.len()];
        for (truth, weight) in self.truths.iter().zip(weights) {
            let (cells, sum) = &mut of_classes[truth.index()];
            *cells += 1.0;
            *sum += weight;
        }
        if let Some(class) = of_classes.iter().position(|(_, sum)| *sum <= 0.0) {
            let class = self.classes.name(ClassId::new(class)).to_owned();
            return Err(OperatingPointError::NoCells { class });
        }
        let scaled = self.truths.iter().zip(weights).map(|(truth, weight)| {
            let (cells, sum) = of_classes[truth.index()];
            weight * cells / sum
        });
        Ok(Self { weights: Some(scaled.collect()), ..self })
    }

    /// Every class has cells, and in two parts at least.
    fn check_classes(&self, folds: &[u32]) -> Result<(), OperatingPointError> {
        let counts = self.counts_by_part();
        let total = |class: usize| counts.iter().map(|part| part[class]).sum::<usize>();
        for class in self.classes.ids() {
            if total(class.index()) == 0 {
                let class = self.classes.name(class).to_owned();
                return Err(OperatingPointError::NoCells { class });
            }
        }
        if self.part_count < 2 {
            return Err(OperatingPointError::OneFold);
        }
        for class in self.classes.ids() {
            let cells = total(class.index());
            if counts.iter().any(|part| part[class.index()] == cells) {
                let first = self.truths.iter().position(|&truth| truth == class);
                let fold = first.map_or(0, |cell| folds[self.positions[cell]]);
                let own = |cell: &usize| self.truths[*cell].index() == class.index();
                let joined =
                    (0..self.len()).filter(own).any(|cell| folds[self.positions[cell]] != fold);
                let class = self.classes.name(class).to_owned();
                return Err(OperatingPointError::ClassInOneFold { fold, joined, cells, class });
            }
        }
        Ok(())
    }

    /// The classes, in the order of the columns.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// Number of cells that have probabilities.
    pub fn len(&self) -> usize {
        self.truths.len()
    }

    /// Whether there are none; never, since each class has cells.
    pub fn is_empty(&self) -> bool {
        self.truths.is_empty()
    }

    /// The known class of each cell.
    pub fn truths(&self) -> &[ClassId] {
        &self.truths
    }

    /// The raw probabilities, `[cell, class]`.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Where each cell was among those that were given.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// How many cells were left out because they have no probabilities.
    pub fn unclassified(&self) -> usize {
        self.unclassified
    }

    /// The share of each class among the cells.
    pub fn shares(&self) -> Vec<f64> {
        let counts = self.counts_by_part();
        let total = |class: usize| counts.iter().map(|part| part[class]).sum::<usize>();
        (0..self.classes.len()).map(|class| total(class) as f64 / self.len() as f64).collect()
    }

    /// What each cell counts beside the others of its class, where they do not count the same.
    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// What cell `index` counts beside the others of its class.
    pub(crate) fn weight(&self, index: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[index])
    }

    /// The part of cross-fitting that each cell belongs to.
    pub(crate) fn parts(&self) -> &[u8] {
        &self.parts
    }

    /// How many parts there are: 2 to [`MOST_PARTS`].
    pub(crate) fn part_count(&self) -> u8 {
        self.part_count
    }

    /// Raw probabilities of cell `index`.
    pub(crate) fn row(&self, index: usize) -> &[f32] {
        &self.probabilities[index * self.classes.len()..][..self.classes.len()]
    }

    /// Number of cells of each class, `[part][class]`.
    pub(crate) fn counts_by_part(&self) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; self.classes.len()]; usize::from(self.part_count)];
        for (truth, &part) in self.truths.iter().zip(&self.parts) {
            counts[usize::from(part)][truth.index()] += 1;
        }
        counts
    }
}

/// Refuses weights that cannot be those of the cells of `data`.
pub(crate) fn check_weights(data: &OutOfFold, weights: &[f64]) -> Result<(), OperatingPointError> {
    let (cells, classes) = (data.len(), data.classes().len());
    if weights.len() != cells {
        let (what, found, expected) = ("weights", weights.len(), cells);
        return Err(OperatingPointError::Length { what, found, cells, classes, expected });
    }
    match weights.iter().position(|weight| !(0.0..=MOST_WEIGHT).contains(weight)) {
        Some(cell) => Err(OperatingPointError::Weight { cell, found: weights[cell] }),
        None => Ok(()),
    }
}

/// The positions of the cells that have probabilities, all of which are checked.
fn classified(
    classes: &ClassMap,
    truths: &[ClassId],
    probabilities: &[f32],
) -> Result<Vec<usize>, OperatingPointError> {
    let mut positions = Vec::with_capacity(truths.len());
    for (cell, (truth, row)) in
        truths.iter().zip(probabilities.chunks_exact(classes.len())).enumerate()
    {
        if truth.index() >= classes.len() {
            let (found, classes) = (truth.index(), classes.len());
            return Err(OperatingPointError::UnknownClass { cell, found, classes });
        }
        if check_row(classes, cell, row)? {
            positions.push(cell);
        }
    }
    Ok(positions)
}

/// Whether a row is classified; an error where it is neither that nor all `NaN`.
pub(crate) fn check_row(
    classes: &ClassMap,
    cell: usize,
    row: &[f32],
) -> Result<bool, OperatingPointError> {
    if row.iter().all(|value| value.is_nan()) {
        return Ok(false);
    }
    if let Some(class) = row.iter().position(|value| !(0.0..=1.0).contains(value)) {
        let (found, class) = (row[class], classes.name(ClassId::new(class)).to_owned());
        return Err(OperatingPointError::Probability { cell, class, found });
    }
    let found: f64 = row.iter().map(|&value| f64::from(value)).sum();
    if (found - 1.0).abs() > SUM_TOLERANCE {
        return Err(OperatingPointError::Sum { cell, found });
    }
    Ok(true)
}

fn gather(probabilities: &[f32], width: usize, positions: &[usize]) -> Vec<f32> {
    positions.iter().flat_map(|&cell| &probabilities[cell * width..][..width]).copied().collect()
}

/// The part of each cell, and how many parts there are: folds in the order of their numbers, joined in turn.
fn parts_of(positions: &[usize], folds: &[u32]) -> (Vec<u8>, u8) {
    let mut known: Vec<u32> = positions.iter().map(|&cell| folds[cell]).collect();
    known.sort_unstable();
    known.dedup();
    let count = u8::try_from(known.len().min(MOST_PARTS)).expect("the bound fits");
    let part = |cell: &usize| {
        let rank = known.partition_point(|&fold| fold < folds[*cell]);
        u8::try_from(rank % MOST_PARTS).expect("the bound fits")
    };
    (positions.iter().map(part).collect(), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urban() -> ClassMap {
        ClassMap::new(["non-urban", "urban"]).unwrap()
    }

    fn new(truths: &[usize], rows: &[[f32; 2]], folds: &[u32]) -> Result<OutOfFold, String> {
        let truths: Vec<ClassId> = truths.iter().map(|&class| ClassId::new(class)).collect();
        OutOfFold::new(&urban(), &truths, rows.as_flattened(), folds)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn unclassified_cells_are_left_out_and_counted() {
        let nan = [f32::NAN; 2];
        let rows = [[0.2, 0.8], nan, [0.9, 0.1], [0.5, 0.5], [0.5, 0.5]];
        let data = new(&[1, 1, 0, 0, 1], &rows, &[7, 7, 7, 9, 9]).unwrap();
        assert_eq!((data.len(), data.unclassified(), data.part_count()), (4, 1, 2));
        assert_eq!(data.positions(), [0, 2, 3, 4]);
        assert_eq!(data.row(1), [0.9, 0.1]);
        assert_eq!(data.parts(), [0, 0, 1, 1]);
        assert_eq!(data.shares(), [0.5, 0.5]);
    }

    #[test]
    fn many_folds_are_joined_to_ten_parts() {
        let folds: Vec<u32> = (0..50).map(|cell| cell * 3).collect();
        let truths: Vec<usize> = (0..50).map(|cell| usize::from(cell % 20 < 10)).collect();
        let data = new(&truths, &[[0.5, 0.5]; 50], &folds).unwrap();
        assert_eq!(data.part_count(), 10);
        assert_eq!(data.parts()[9..12], [9, 0, 1]);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let good = [[0.5, 0.5]; 4];
        let refusal = |truths: &[usize], rows: &[[f32; 2]], folds: &[u32]| {
            new(truths, rows, folds).unwrap_err()
        };
        let text = refusal(&[0, 1, 0, 1], &good[..3], &[0, 0, 1, 1]);
        assert!(text.contains("6 probabilities for 4 cells of 2 classes; expected 8"), "{text}");
        let text = refusal(&[0, 1, 0, 1], &good, &[0, 0, 1]);
        assert!(text.contains("3 folds for 4 cells"), "{text}");
        let text = refusal(&[0, 2, 0, 1], &good, &[0, 0, 1, 1]);
        assert!(text.contains("cell 1 is of class 2; the 2 classes"), "{text}");
        let rows = [[0.5, 0.5], [0.5, 0.5], [0.5, 0.6], [0.5, 0.5]];
        let text = refusal(&[0, 1, 0, 1], &rows, &[0, 0, 1, 1]);
        assert!(text.contains("probabilities of cell 2 sum to 1.1"), "{text}");
        for wrong in [f32::NAN, f32::INFINITY, -0.5] {
            let rows = [[0.5, 0.5], [1.0, wrong], [0.5, 0.5], [0.5, 0.5]];
            let text = refusal(&[0, 1, 0, 1], &rows, &[0, 0, 1, 1]);
            assert!(text.contains("cell 1 has probability") && text.contains("`urban`"), "{text}");
        }
        let text = refusal(&[0, 0, 0, 0], &good, &[0, 0, 1, 1]);
        assert!(text.contains("no cell with probabilities is of class `urban`"), "{text}");
        let text = refusal(&[0, 1, 0, 1], &good, &[4, 4, 4, 4]);
        assert!(text.contains("all cells are of one fold"), "{text}");
        let text = refusal(&[0, 0, 0, 1], &good, &[0, 0, 3, 3]);
        assert!(text.contains("fold 3 holds all 1 cells of class `urban`"), "{text}");
        let folds: Vec<u32> = (0..30).collect();
        let truths: Vec<usize> = (0..30).map(|cell| usize::from(cell % 10 == 3)).collect();
        let text = refusal(&truths, &[[0.5, 0.5]; 30], &folds);
        assert!(
            text.contains("fold 3, with the folds that are joined to it, holds all 3"),
            "{text}"
        );
        let one = ClassMap::new(["urban"]).unwrap();
        let error = OutOfFold::new(&one, &[], &[], &[]).unwrap_err();
        assert!(error.to_string().contains("one class, `urban`"));
    }
}
