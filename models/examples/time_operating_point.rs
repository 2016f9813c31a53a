//! Times the operating point and the area of applicability on drawn cells, and prints one line of JSON.
//!
//! `time_operating_point FIT_CELLS CELLS TRAINING_CELLS ROWS SEED`: an operating point is fitted on so many
//! out-of-fold predictions of two classes in ten folds, and applied to so many cells; an area of applicability is
//! learned from so many training cells of 486 columns and asked about so many rows.

#![expect(clippy::print_stdout, reason = "the result is read from standard output")]

use std::time::Instant;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::random::{self, Generator};
use tesela_models::applicability::{Applicability, Limits, Training};
use tesela_models::operating_point::{
    CalibrationChoice, OperatingPoint, OperatingSettings, OutOfFold, Place, RawOperatingPoint,
};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Columns of the patches of the pilot.
const COLUMNS: usize = 486;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).map(|argument| argument.parse()).collect::<Result<_, _>>()?;
    let [fit_cells, cells, training_cells, rows, seed] = arguments[..] else {
        return Err("usage: time_operating_point FIT_CELLS CELLS TRAINING_CELLS ROWS SEED".into());
    };
    let mut draws = random::generator(seed as u64, &[]);
    let point = time_point(fit_cells, cells, &mut draws)?;
    let area = time_area(training_cells, rows, &mut draws)?;
    println!("{{{point}, {area}}}");
    Ok(())
}

fn time_point(fit_cells: usize, cells: usize, draws: &mut Generator) -> Result<String, AnyError> {
    let classes = ClassMap::new(["non-urban", "urban"])?;
    let (truths, raw) = predictions(fit_cells, draws);
    let folds: Vec<u32> = (0..10).cycle().take(fit_cells).collect();
    let started = Instant::now();
    let data = OutOfFold::new(&classes, &truths, &raw, &folds)?;
    let place = Place { target: Some(&[0.9789, 0.0211]), unlabelled: None };
    let fitted = OperatingPoint::fit(&data, &OperatingSettings::default(), &place)?;
    let fit = started.elapsed().as_secs_f64();
    let (_, raw) = predictions(cells, draws);
    let mut applied = Vec::new();
    for calibration in
        [CalibrationChoice::Temperature, CalibrationChoice::Platt, CalibrationChoice::Isotonic]
    {
        let raw_settings = RawOperatingPoint { calibration, ..RawOperatingPoint::default() };
        let point = OperatingPoint::fit(&data, &raw_settings.try_into()?, &place)?.point;
        let started = Instant::now();
        let decided = point.apply_all(&raw)?;
        let seconds = started.elapsed().as_secs_f64();
        applied.push(format!("\"apply_{}\": {seconds:.3}", point.calibration().kind()));
        assert_eq!(decided.classes.len(), cells, "every cell is decided");
    }
    let chosen = fitted.point.calibration().kind();
    Ok(format!("\"chosen\": \"{chosen}\", \"fit\": {fit:.3}, {}", applied.join(", ")))
}

/// Cells whose raw probabilities are too bold.
fn predictions(cells: usize, draws: &mut Generator) -> (Vec<ClassId>, Vec<f32>) {
    let (mut truths, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..cells {
        let own = random::unit(draws) < 0.5;
        let score = (0..6).map(|_| random::unit(draws)).sum::<f64>() - if own { 2.5 } else { 3.5 };
        truths.push(ClassId::new(usize::from(own)));
        let probability = single(1.0 / (1.0 + (-6.0 * score).exp()));
        raw.extend([1.0 - probability, probability]);
    }
    (truths, raw)
}

fn time_area(cells: usize, rows: usize, draws: &mut Generator) -> Result<String, AnyError> {
    // Neighbouring columns are alike, as bands are.
    let mut table = |count: usize| -> Vec<f32> {
        let mut values = Vec::with_capacity(count * COLUMNS);
        for _ in 0..count {
            let mut value = 3.0 * random::unit(draws);
            for _ in 0..COLUMNS {
                value = 0.9 * value + 0.3 * random::unit(draws);
                values.push(single(value));
            }
        }
        values
    };
    let (values, others) = (table(cells), table(rows));
    let importances: Vec<f64> =
        (0..COLUMNS).map(|column| 1.0 / (1.0 + column as f64).sqrt()).collect();
    let truths: Vec<ClassId> = (0..cells).map(|cell| ClassId::new(cell % 2)).collect();
    let folds: Vec<u32> = (0..10).cycle().take(cells).collect();
    let training =
        Training { values: &values, importances: &importances, truths: &truths, folds: &folds };
    let started = Instant::now();
    let area = Applicability::fit(&training, Limits::default(), 1)?.applicability;
    let fit = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let found = area.dissimilarity(&others)?;
    let rate = found.len() as f64 / started.elapsed().as_secs_f64();
    let bytes = area.to_bytes()?.len();
    Ok(format!(
        "\"area_fit\": {fit:.3}, \"area_bytes\": {bytes}, \"area_rows_a_second\": {rate:.0}"
    ))
}

fn single(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "features have that precision")]
    let value = value as f32;
    value
}
