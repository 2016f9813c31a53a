//! Pages with numbers that hang together, for tests and for the eye: every figure is counted from the same drawn cells.

use super::{
    CellMap, Estimate, Figure, FoldResults, MapCell, MapKind, MapMark, Measured, PrecisionRecall,
    Reliability, ReliabilityBin, SchemeKind, SchemeResults,
};

mod comparison;
mod run;

pub(crate) use comparison::three_runs;
pub(crate) use run::{stratified, ten_classes, two_classes};

/// The classes of most examples.
const NAMES: [&str; 2] = ["non-urban", "urban"];

/// Shares that fill 0 to 1 evenly in any order (multiples of the golden ratio).
struct Draws(f64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = (self.0 + 0.618_033_988_749_894_9).fract();
        // Neighbouring draws are far apart, and far ones unrelated.
        (self.0 * 7919.0 + (self.0 * 104_729.0).sin() * 43_758.545_3).abs().fract()
    }

    /// A number below `end`.
    fn below(&mut self, end: u32) -> usize {
        let draw = self.next();
        (1..end).filter(|&step| draw >= f64::from(step) / f64::from(end)).count()
    }

    /// About normal: the sum of twelve draws.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A cell with its class, what it was taken for, and the probability of the latter or of class 1.
#[derive(Clone, Copy)]
struct Cell {
    truth: usize,
    taken: usize,
    probability: f64,
    fold: usize,
    place: (f64, f64),
}

fn cells(count: usize, classes: usize, skill: f64, seed: f64) -> Vec<Cell> {
    let mut draws = Draws(seed);
    let cell = |index: usize| {
        let truth = index % classes;
        let place =
            ((draws.next() * 160.0).floor() * 1000.0, (draws.next() * 110.0).floor() * 1000.0);
        let fold = draws.below(10);
        if classes == 2 {
            let side = if truth == 1 { skill } else { -skill };
            let probability = 1.0 / (1.0 + (-1.6 * (side + draws.normal())).exp());
            return Cell {
                truth,
                taken: usize::from(probability >= 0.5),
                probability,
                fold,
                place,
            };
        }
        let right = draws.next() < 0.55 + 0.4 * (truth as f64 / classes as f64);
        let other = (truth + 1 + draws.below(3)) % classes;
        let probability = 0.4 + 0.6 * draws.next();
        Cell { truth, taken: if right { truth } else { other }, probability, fold, place }
    };
    (0..count).map(cell).collect()
}

fn around(value: f64, weight: f64) -> Estimate {
    let half = 1.96 * (value * (1.0 - value) / weight).sqrt();
    Estimate::within(value, (value - half).max(0.0), (value + half).min(1.0))
}

/// The figures and the confusion of cells, those of each class weighing so that they have these prevalences.
fn measured(cells: &[Cell], classes: usize, target: Option<&[f64]>, intervals: bool) -> Measured {
    let mut confusion = vec![vec![0.0; classes]; classes];
    let supports: Vec<f64> = (0..classes)
        .map(|class| cells.iter().filter(|cell| cell.truth == class).count() as f64)
        .collect();
    let total = cells.len() as f64;
    let weight = |class: usize| match target {
        Some(shares) if supports[class] > 0.0 => shares[class] * total / supports[class],
        _ => 1.0,
    };
    for cell in cells {
        confusion[cell.truth][cell.taken] += weight(cell.truth);
    }
    let estimate = |value: f64, of: f64| {
        if intervals { around(value, of.max(4.0) / 2.0) } else { Estimate::alone(value) }
    };
    let rows: Vec<f64> = confusion.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> =
        (0..classes).map(|class| confusion.iter().map(|row| row[class]).sum()).collect();
    let mut scores = Vec::new();
    let mut f1s = Vec::new();
    for class in (0..classes).rev() {
        let right = confusion[class][class];
        let f1 = 2.0 * right / (rows[class] + columns[class]).max(1e-9);
        f1s.push(f1);
        scores.push((
            Figure::Precision(class),
            estimate(right / columns[class].max(1e-9), columns[class]),
        ));
        scores.push((
            Figure::Recall(class),
            estimate(right / rows[class].max(1e-9), supports[class]),
        ));
        scores.push((Figure::F1(class), estimate(f1, supports[class])));
    }
    let accuracy = (0..classes).map(|class| confusion[class][class]).sum::<f64>() / total;
    scores.push((Figure::Accuracy, estimate(accuracy, total)));
    scores.push((Figure::MacroF1, estimate(f1s.iter().sum::<f64>() / classes as f64, total)));
    let chance =
        rows.iter().zip(&columns).map(|(row, column)| row * column).sum::<f64>() / (total * total);
    scores.push((Figure::Kappa, estimate((accuracy - chance) / (1.0 - chance), total)));
    let loss = cells.iter().map(|cell| {
        let right =
            if classes == 2 && cell.truth == 0 { 1.0 - cell.probability } else { cell.probability };
        -weight(cell.truth) * right.max(1e-6).ln()
    });
    scores.push((Figure::LogLoss, Estimate::alone(loss.sum::<f64>() / total)));
    let prevalence = rows.iter().map(|row| row / total).collect();
    Measured { prevalence, scores: scores.into_iter().collect(), confusion }
}

fn ranked(cells: &[Cell]) -> Vec<Cell> {
    let mut sorted = cells.to_vec();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    sorted
}

fn curve(name: &str, cells: &[Cell], prevalence: f64) -> PrecisionRecall {
    let sorted = ranked(cells);
    let positives = sorted.iter().filter(|cell| cell.truth == 1).count() as f64;
    let negatives = sorted.len() as f64 - positives;
    let weights = (prevalence / positives, (1.0 - prevalence) / negatives);
    let (mut own, mut others, mut area, mut points) = (0.0, 0.0, 0.0, Vec::new());
    for cell in &sorted {
        if cell.truth == 1 {
            own += weights.0;
        } else {
            others += weights.1;
        }
        let precision = own / (own + others);
        if cell.truth == 1 {
            area += precision * weights.0 / prevalence;
        }
        points.push((own / prevalence, precision));
    }
    let class = "urban".into();
    PrecisionRecall {
        name: name.into(),
        class,
        prevalence,
        points,
        average_precision: area,
        decision: None,
    }
}

fn reliability(name: &str, cells: &[Cell], sharpen: f64) -> Reliability {
    let moved = |probability: f64| {
        let odds = (probability / (1.0 - probability)).ln() * sharpen;
        1.0 / (1.0 + (-odds).exp())
    };
    let mut bins = Vec::new();
    let mut error = 0.0;
    for bin in 0..12 {
        let (low, high) = (f64::from(bin) / 12.0, f64::from(bin + 1) / 12.0);
        let own: Vec<&Cell> =
            cells.iter().filter(|cell| (low..high).contains(&moved(cell.probability))).collect();
        if own.is_empty() {
            continue;
        }
        let count = own.len() as f64;
        let predicted = own.iter().map(|cell| moved(cell.probability)).sum::<f64>() / count;
        let observed = own.iter().filter(|cell| cell.truth == 1).count() as f64 / count;
        error += (predicted - observed).abs() * count / cells.len() as f64;
        bins.push(ReliabilityBin { predicted, observed, cells: own.len() as u64 });
    }
    Reliability { name: name.into(), bins, calibration_error: Some(error) }
}

fn scheme(kind: SchemeKind, how: &str, cells: &[Cell], target: &[f64]) -> SchemeResults {
    let classes = target.len();
    let folds = (0..10).map(|fold| {
        let own: Vec<Cell> = cells.iter().filter(|cell| cell.fold == fold).copied().collect();
        let counts =
            (0..classes).map(|class| own.iter().filter(|cell| cell.truth == class).count() as u64);
        let dropped = if kind == SchemeKind::Blocks { 40 + 3 * fold as u64 } else { 0 };
        FoldResults {
            cells: counts.collect(),
            dropped,
            scores: measured(&own, classes, None, false).scores,
        }
    });
    SchemeResults {
        kind,
        how: how.into(),
        sample: measured(cells, classes, None, true),
        target: Some(measured(cells, classes, Some(target), true)),
        folds: folds.collect(),
        curve: (classes == 2).then(|| curve(kind.in_words(), cells, target[1])),
        reliability: (classes == 2).then(|| reliability("as the model says", cells, 1.0)),
    }
}

fn map(cells: &[Cell], names: [&str; 3], kind: impl Fn(&Cell) -> usize) -> CellMap {
    let marks = [MapMark::Quiet, MapMark::Full, MapMark::Hollow];
    let kinds = names.iter().zip(marks).map(|(name, mark)| MapKind { name: name.into(), mark });
    let cells =
        cells.iter().map(|cell| MapCell { x: cell.place.0, y: cell.place.1, kind: kind(cell) });
    CellMap { side: 1000.0, metres: true, kinds: kinds.collect(), cells: cells.collect() }
}
