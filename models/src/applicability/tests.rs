//! What an area of applicability must do as a whole.

use proptest::prelude::*;
use tesela_datasets::class::ClassId;
use tesela_datasets::random;

use super::*;

/// Cells of two classes around two centres, in four folds of neighbours.
struct Cells {
    values: Vec<f32>,
    truths: Vec<ClassId>,
    folds: Vec<u32>,
    importances: Vec<f64>,
}

impl Cells {
    fn draw(cells: usize, columns: usize, seed: u64) -> Self {
        let mut draws = random::generator(seed, &[]);
        let truths: Vec<ClassId> = (0..cells).map(|cell| ClassId::new(cell % 2)).collect();
        let mut values = Vec::new();
        for truth in &truths {
            for _ in 0..columns {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "features have that precision"
                )]
                values.push((random::unit(&mut draws) + 2.0 * truth.index() as f64) as f32);
            }
        }
        let folds = (0..).map(|cell| cell / 3 % 4).take(cells).collect();
        let importances = (0..columns).map(|column| 1.0 / (1.0 + column as f64)).collect();
        Self { values, truths, folds, importances }
    }

    fn training(&self) -> Training<'_> {
        Training {
            values: &self.values,
            importances: &self.importances,
            truths: &self.truths,
            folds: &self.folds,
        }
    }

    fn fit(&self) -> Fitted {
        Applicability::fit(&self.training(), Limits::default(), 1).unwrap()
    }
}

#[test]
fn what_was_seen_is_inside_and_another_landscape_is_not() {
    let cells = Cells::draw(600, 8, 1);
    let Fitted { applicability, cross_validated, references } = cells.fit();
    assert_eq!((references.len(), applicability.references()), (600, 600));
    let own = applicability.dissimilarity(&cells.values).unwrap();
    assert!(own.iter().all(|&index| index == 0.0));
    let inside = cross_validated.iter().filter(|&&index| index <= applicability.threshold());
    assert!(inside.count() as f64 / 600.0 > 0.9);
    let others = Cells::draw(400, 8, 2);
    let found = applicability.dissimilarity(&others.values).unwrap();
    let inside = found.iter().filter(|&&index| applicability.is_inside(index)).count();
    assert!(inside > 360, "{inside} of 400");
    let far: Vec<f32> = others.values.iter().map(|value| value * 10.0 + 5.0).collect();
    let found = applicability.dissimilarity(&far).unwrap();
    assert!(found.iter().all(|&index| !applicability.is_inside(index)));
}

#[test]
fn limits_bound_cells_and_columns() {
    let cells = Cells::draw(3000, 20, 3);
    let limits = Limits { cells: 100, columns: 5 };
    let fit = |seed| Applicability::fit(&cells.training(), limits, seed).unwrap();
    let Fitted { applicability, references, cross_validated } = fit(4);
    assert_eq!((references.len(), cross_validated.len()), (100, 100));
    assert_eq!(applicability.columns().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(applicability.width(), 20);
    assert_eq!(fit(4).references, references);
    assert_ne!(fit(5).references, references);
    let refusal = |cells_limit, columns| {
        let limits = Limits { cells: cells_limit, columns };
        Applicability::fit(&cells.training(), limits, 1).unwrap_err().to_string()
    };
    assert!(refusal(1, 5).contains("the limit of cells is 1; expected 2 to"));
    assert!(refusal(10, 0).contains("the limit of columns is 0; expected 1 to"));
}

#[test]
fn missing_numbers_are_average_and_unknown_rows_have_no_index() {
    let cells = Cells::draw(200, 3, 5);
    let applicability = cells.fit().applicability;
    let mean = |column: usize| cells.values.iter().skip(column).step_by(3).sum::<f32>() / 200.0;
    // Weights 1, 1/2, 1/3: without the first, less than half of the squares is known.
    let rows = [
        [mean(0), 0.3, 0.4],
        [f32::NAN, 0.3, 0.4],
        [1.2, 0.3, mean(2)],
        [1.2, 0.3, f32::NEG_INFINITY],
        [f32::MAX, 0.0, 0.0],
    ];
    let found = applicability.dissimilarity(rows.as_flattened()).unwrap();
    assert!(found[0].is_finite() && found[1].is_nan() && !applicability.is_inside(found[1]));
    assert!((found[2] - found[3]).abs() < 1e-4, "{found:?}");
    assert!(found[4].is_finite() && found[4] > 1e10);
}

#[test]
fn what_cannot_be_used_is_named() {
    let good = Cells::draw(40, 3, 6);
    let refusal = |training: Training<'_>| {
        Applicability::fit(&training, Limits::default(), 1).unwrap_err().to_string()
    };
    let text = refusal(Training { values: &good.values[1..], ..good.training() });
    assert_eq!(text, "there are 119 values; expected 120");
    let text = refusal(Training { folds: &good.folds[1..], ..good.training() });
    assert_eq!(text, "there are 39 folds; expected 40");
    let text = refusal(Training { importances: &[1.0, f64::NAN, 1.0], ..good.training() });
    assert!(text.contains("column 1 has importance NaN"), "{text}");
    let text = refusal(Training { importances: &[0.0, -1.0, 0.0], ..good.training() });
    assert!(text.contains("none of 3 columns varies and is important"), "{text}");
    assert!(refusal(Training { values: &[2.0; 120], ..good.training() }).contains("none of 3"));
    let text = refusal(Training { folds: &[7; 40], ..good.training() });
    assert!(text.contains("40 cells know half"), "{text}");
    let none = Training { values: &[], importances: &[], truths: &[], folds: &[] };
    assert!(refusal(none).contains("none of 0 columns"));
    let text = good.fit().applicability.dissimilarity(&[0.0; 4]).unwrap_err().to_string();
    assert_eq!(text, "there are 4 values; expected 3");
}

#[test]
fn results_do_not_depend_on_threads() {
    let cells = Cells::draw(700, 10, 8);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let fitted = cells.fit();
            let others = Cells::draw(1003, 10, 9);
            let found = fitted.applicability.dissimilarity(&others.values).unwrap();
            (fitted, found)
        })
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn bytes_are_read_back_and_the_same_each_time() {
    let cells = Cells::draw(77, 5, 10);
    let applicability = cells.fit().applicability;
    let bytes = applicability.to_bytes().unwrap();
    assert_eq!(Applicability::from_bytes(&bytes).unwrap(), applicability);
    assert_eq!(applicability.to_bytes().unwrap(), bytes);
    for end in [0, 7, 8, 100, bytes.len() - 1] {
        assert!(Applicability::from_bytes(&bytes[..end]).is_err());
    }
}

proptest! {
    #[test]
    fn altered_bytes_are_refused_or_harmless(
        place in any::<prop::sample::Index>(), value in any::<u8>(), second in any::<prop::sample::Index>(),
    ) {
        let cells = Cells::draw(20, 3, 11);
        let mut bytes = cells.fit().applicability.to_bytes().unwrap();
        let (place, second) = (place.index(bytes.len()), second.index(bytes.len()));
        bytes[place] = value;
        bytes[second] ^= 0x80;
        if let Ok(read) = Applicability::from_bytes(&bytes) {
            let row = vec![0.5; read.width().min(1 << 20)];
            // No panic: an index, no index, or an error where the width was altered.
            let _ = read.dissimilarity(&row);
        }
    }
}
