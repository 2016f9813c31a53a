//! What to expect of an operating point on cells that it was not learned from.

use rayon::prelude::*;
use tesela_datasets::class::ClassId;

use super::cross_fit::Learned;
use super::{OutOfFold, Quality};

/// Figures of an operating point, each cell decided by one that was learned without its part of the folds.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Calibrated probabilities at the mixture of the sample, `[cell, class]`, in the order of the
    /// [`OutOfFold`] cells.
    pub calibrated: Vec<f64>,
    /// The same, moved to the mixture of the place of use.
    pub probabilities: Vec<f64>,
    /// The class of each cell.
    pub classes: Vec<ClassId>,
    /// The classes that cannot be ruled out, `[cell, class]`; empty where there are no conformal sets.
    pub sets: Vec<bool>,
    /// Raw and calibrated probabilities at the mixture of the sample; of its classes, where cells
    /// [count differently](OutOfFold::weighted).
    pub at_sample: Comparison,
    /// Raw and moved probabilities at the mixture of the place of use, where it is another.
    pub at_target: Option<Comparison>,
    /// What the conformal sets hold, for each class; empty where there are none.
    pub coverage: Vec<ClassCoverage>,
    /// Whether the choice of the calibration was made anew without each part; not so where a class has cells in two
    /// parts only, or there are more than 262,144 cells, whose choice no single part sways.
    pub choice_is_nested: bool,
    /// In how many parts no threshold reached the precision that was asked for; the most precise was taken there.
    pub short_of_precision: usize,
}

/// Probabilities before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// As the classifier gave them.
    pub before: Quality,
    /// As the operating point gives them.
    pub after: Quality,
}

/// What the conformal sets of the cells of a class hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassCoverage {
    /// The class.
    pub class: ClassId,
    /// Number of its cells.
    pub cells: u64,
    /// Share of them whose set holds the class.
    pub covered: f64,
    /// Mean number of classes in their sets.
    pub size: f64,
}

/// Cells that are decided together by a thread.
const CHUNK: usize = 1 << 13;

/// What each cell is decided as.
struct Decisions {
    calibrated: Vec<f64>,
    probabilities: Vec<f64>,
    classes: Vec<ClassId>,
    sets: Vec<bool>,
}

impl Assessment {
    /// Decides the cells of each part by the operating point that was learned without it.
    pub(crate) fn new(
        data: &OutOfFold,
        parts: &[Learned],
        target: Option<&[f64]>,
        choice_is_nested: bool,
    ) -> Self {
        let Decisions { calibrated, probabilities, classes, sets } = Decisions::new(data, parts);
        let raw: Vec<f64> = data.probabilities().iter().map(|&raw| f64::from(raw)).collect();
        let compare = |after: &[f64], weights: &[f64]| {
            let weight = |cell: usize| weights[data.truths()[cell].index()] * data.weight(cell);
            let quality =
                |rows: &[f64]| Quality::of_cells(rows, data.truths(), weights.len(), &weight);
            let (before, after) = rayon::join(|| quality(&raw), || quality(after));
            Comparison { before, after }
        };
        let weights = |target: &[f64]| -> Vec<f64> {
            target.iter().zip(data.shares()).map(|(to, from)| to / from).collect()
        };
        Self {
            at_sample: compare(&calibrated, &vec![1.0; data.classes().len()]),
            at_target: target.map(|target| compare(&probabilities, &weights(target))),
            coverage: if sets.is_empty() { Vec::new() } else { coverage(data, &sets) },
            short_of_precision: parts.iter().filter(|part| !part.reached).count(),
            choice_is_nested,
            calibrated,
            probabilities,
            classes,
            sets,
        }
    }
}

impl Decisions {
    fn new(data: &OutOfFold, parts: &[Learned]) -> Self {
        let (cells, width) = (data.len(), data.classes().len());
        let mut own = Self {
            calibrated: vec![0.0; cells * width],
            probabilities: vec![0.0; cells * width],
            classes: vec![ClassId::new(0); cells],
            sets: vec![false; cells * width],
        };
        own.calibrated
            .par_chunks_mut(CHUNK * width)
            .zip(own.probabilities.par_chunks_mut(CHUNK * width))
            .zip(own.sets.par_chunks_mut(CHUNK * width))
            .zip(own.classes.par_chunks_mut(CHUNK))
            .enumerate()
            .for_each(|(chunk, (((calibrated, rows), sets), classes))| {
                let rows = calibrated.chunks_exact_mut(width).zip(rows.chunks_exact_mut(width));
                let outputs = sets.chunks_exact_mut(width).zip(classes);
                for (index, ((calibrated, row), (set, class))) in rows.zip(outputs).enumerate() {
                    let cell = chunk * CHUNK + index;
                    let point = &parts[usize::from(data.parts()[cell])].point;
                    point.calibration().apply(data.row(cell), calibrated);
                    let decided = point.apply(data.row(cell), row, set);
                    *class = decided.expect("out-of-fold cells without probabilities are left out");
                }
            });
        if parts.iter().any(|part| part.point.conformal().is_none()) {
            own.sets = Vec::new();
        }
        own
    }
}

fn coverage(data: &OutOfFold, sets: &[bool]) -> Vec<ClassCoverage> {
    let width = data.classes().len();
    let mut counts = vec![[0_u64; 3]; width];
    for (truth, set) in data.truths().iter().zip(sets.chunks_exact(width)) {
        let [cells, covered, size] = &mut counts[truth.index()];
        *cells += 1;
        *covered += u64::from(set[truth.index()]);
        *size += set.iter().map(|&member| u64::from(member)).sum::<u64>();
    }
    let share = |count: u64, cells: u64| count as f64 / cells as f64;
    let one = |(class, [cells, covered, size]): (usize, [u64; 3])| ClassCoverage {
        class: ClassId::new(class),
        cells,
        covered: share(covered, cells),
        size: share(size, cells),
    };
    counts.into_iter().enumerate().map(one).collect()
}
