//! Reliability: how often what is said with some probability comes true.
//!
//! Cells are put into bins by their probability; in each, the mean probability is held against the rate at which the
//! class was right. The expected calibration error (Naeini, Cooper and Hauskrecht 2015) is their mean distance, each
//! bin weighing as much as its cells. Bins of equal width show the whole range, bins of equal mass show where the
//! cells are.

use tesela_datasets::class::ClassId;

/// Bins of a reliability diagram.
pub const BINS: usize = 15;
/// Weights this close, in shares of all, are equal.
const SLACK: f64 = 1e-12;

/// How bins are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// Bins of equal width; a probability on an edge belongs to the bin below, as in scikit-learn.
    EqualWidth,
    /// Bins of equal weight, as nearly as equal probabilities, which stay together, allow.
    EqualMass,
}

/// One bin that has cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Number of cells.
    pub cells: u64,
    /// Share of the weight of all cells.
    pub share: f64,
    /// Mean probability.
    pub probability: f64,
    /// Rate at which it came true.
    pub rate: f64,
}

/// The bins of one class against all others, or of the most probable class.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The class; `None` for the class that is most probable in each cell.
    pub class: Option<ClassId>,
    /// How bins are cut.
    pub binning: Binning,
    /// The expected calibration error, 0 to 1.
    pub error: f64,
    /// The bins that have cells, by rising probability.
    pub bins: Vec<ReliabilityBin>,
}

/// A probability, whether it came true, and what the cell weighs.
pub(crate) type Said = (f64, bool, f64);

#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    cells: u64,
    weight: f64,
    probability: f64,
    true_weight: f64,
}

impl Reliability {
    /// The bins of what was said, by rising probability.
    pub(crate) fn new(class: Option<ClassId>, binning: Binning, said: &[Said]) -> Self {
        let total: f64 = said.iter().map(|said| said.2).sum();
        let sums = match binning {
            Binning::EqualWidth => equal_width(said),
            Binning::EqualMass => equal_mass(said, total),
        };
        let filled = sums.into_iter().filter(|bin| bin.weight > 0.0);
        let bins: Vec<ReliabilityBin> = filled.map(|bin| bin.finish(total)).collect();
        let error = bins.iter().map(|bin| bin.share * (bin.probability - bin.rate).abs()).sum();
        Self { class, binning, error, bins }
    }
}

fn equal_width(said: &[Said]) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); BINS];
    let edges: Vec<f64> = (1..BINS).map(|edge| edge as f64 / BINS as f64).collect();
    for one in said {
        sums[edges.partition_point(|&edge| edge < one.0)].add(one);
    }
    sums
}

fn equal_mass(said: &[Said], total: f64) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); BINS];
    let (mut bin, mut before) = (0, 0.0);
    for group in said.chunk_by(|a, b| a.0 == b.0) {
        for one in group {
            sums[bin].add(one);
            before += one.2;
        }
        while bin + 1 < BINS && before >= total * ((bin + 1) as f64 / BINS as f64 - SLACK) {
            bin += 1;
        }
    }
    sums
}

impl Sums {
    fn add(&mut self, (probability, came_true, weight): &Said) {
        self.cells += 1;
        self.weight += weight;
        self.probability += weight * probability;
        self.true_weight += if *came_true { *weight } else { 0.0 };
    }

    fn finish(self, total: f64) -> ReliabilityBin {
        ReliabilityBin {
            cells: self.cells,
            share: self.weight / total,
            probability: self.probability / self.weight,
            rate: self.true_weight / self.weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_that_keeps_its_word_has_no_error() {
        let said: Vec<Said> = (0..100).map(|cell| (0.25, cell % 4 == 0, 1.0)).collect();
        for binning in [Binning::EqualWidth, Binning::EqualMass] {
            let found = Reliability::new(None, binning, &said);
            assert!(found.error < 1e-15 && found.bins.len() == 1 && found.bins[0].cells == 100);
        }
    }

    #[test]
    fn equal_masses_hold_equally_many_cells() {
        let said: Vec<Said> = (0..150).map(|cell| (f64::from(cell) / 300.0, false, 2.0)).collect();
        let found = Reliability::new(None, Binning::EqualMass, &said);
        assert!(found.bins.len() == BINS && found.bins.iter().all(|bin| bin.cells == 10));
        assert!((found.error - 74.5 / 300.0).abs() < 1e-12);
        let found = Reliability::new(None, Binning::EqualWidth, &said);
        assert_eq!(found.bins.iter().map(|bin| bin.cells).sum::<u64>(), 150);
        assert_eq!(found.bins.len(), 8);
    }
}
