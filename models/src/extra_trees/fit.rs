//! Grows the trees of a forest, many at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rayon::prelude::*;

use super::ForestError;
use super::forest::Forest;
use super::grow::{Ground, Grower, PACK, Unfinished};
use super::impurity::class_weights;
use super::parameters::{ClassWeight, Parameters};
use super::table::{Sample, Table};
use super::tree::{Layout, Tree};

/// How often the caller is asked whether to go on.
const POLL: Duration = Duration::from_millis(50);

/// Grows a forest on `sample` with `threads` threads, or as many as the machine has.
///
/// `progress` hears on the calling thread how many trees are done, from 0 on and at least every 50 ms, and
/// answers whether to go on. The forest depends on the sample, the parameters and the seed alone.
///
/// # Errors
/// If the parameters do not suit the sample, `progress` answers no, or threads cannot be started.
pub fn fit(
    sample: &Sample<'_>,
    parameters: &Parameters,
    seed: u64,
    threads: Option<usize>,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<Forest, ForestError> {
    fit_packed(sample, parameters, seed, threads, PACK, progress)
}

/// As [`fit`], with blocks of `pack` rows.
pub(crate) fn fit_packed(
    sample: &Sample<'_>,
    parameters: &Parameters,
    seed: u64,
    threads: Option<usize>,
    pack: usize,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<Forest, ForestError> {
    let tries = parameters.max_features.count(sample.columns()).map_err(ForestError::Unusable)?;
    let balanced = parameters.class_weight == ClassWeight::Balanced;
    let weights = class_weights(&sample.class_counts(), balanced);
    let layout = Layout::new(sample.columns());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|source| ForestError::Threads { threads: threads.unwrap_or(0), source })?;
    if !progress(0) {
        return Err(ForestError::Interrupted);
    }
    let table = pool.install(|| Table::new(*sample));
    let stop = AtomicBool::new(false);
    let ground = Ground {
        table: &table,
        parameters,
        tries,
        class_weights: &weights,
        layout,
        seed,
        pack,
        stop: &stop,
    };
    let trees = std::thread::scope(|scope| {
        let (done, news) = channel();
        let growing = scope.spawn(move || pool.install(|| grow_all(ground, &done)));
        watch(&news, &stop, progress);
        growing.join().expect("growing trees does not panic")
    });
    if stop.into_inner() {
        return Err(ForestError::Interrupted);
    }
    match trees {
        Ok(trees) => Ok(Forest::new(sample.columns(), weights, &trees)),
        Err(Unfinished::Stopped) => Err(ForestError::Interrupted),
        Err(Unfinished::TooLarge) => Err(ForestError::Unusable(format!(
            "a tree has more than {} nodes, which is the most over {} columns; a larger \
             `min-samples-leaf` gives smaller trees",
            layout.capacity(),
            sample.columns()
        ))),
    }
}

fn grow_all(ground: Ground<'_>, done: &Sender<()>) -> Result<Vec<Tree>, Unfinished> {
    (0..ground.parameters.n_trees)
        .into_par_iter()
        .with_max_len(1)
        .map_init(
            || (Grower::new(ground), done.clone()),
            |(grower, done), tree| {
                let tree = grower.grow(tree)?;
                // Nobody listens any more only after the watcher has gone: nothing is lost.
                let _ = done.send(());
                Ok(tree)
            },
        )
        .collect()
}

/// Passes on how many trees are done until all are, and sets `stop` when the answer is no.
fn watch(news: &Receiver<()>, stop: &AtomicBool, progress: &mut dyn FnMut(usize) -> bool) {
    let mut done = 0;
    loop {
        match news.recv_timeout(POLL) {
            Ok(()) => done += 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if !progress(done) {
            stop.store(true, Ordering::Relaxed);
            return;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::matrix::Matrix;
    use super::super::oracle;
    use super::super::parameters::{Criterion, MaxFeatures};
    use super::*;
    use proptest::prelude::*;
    use tesela_datasets::random::{below, generator, unit};

    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    /// Rows with continuous, coarse, constant and nearly constant columns, some of which tell the class.
    pub(in super::super) fn table(
        rows: usize,
        columns: usize,
        classes: u16,
        seed: u64,
    ) -> oracle::Table {
        let mut draws = generator(seed, &[]);
        let mut table =
            oracle::Table { rows: Vec::new(), labels: Vec::new(), classes: usize::from(classes) };
        for _ in 0..rows {
            let class = u16::try_from(below(&mut draws, u64::from(classes))).unwrap();
            let row = (0..columns).map(|column| match column % 5 {
                0 => (unit(&mut draws) * 10.0 - 5.0) as f32,
                1 => (f64::from(class) + unit(&mut draws) * 3.0) as f32,
                2 => below(&mut draws, 3) as f32 - 1.0,
                3 => 3.3,
                _ => {
                    if below(&mut draws, 20) == 0 {
                        1.0
                    } else {
                        -0.0
                    }
                }
            });
            table.rows.push(row.collect());
            table.labels.push(class);
        }
        table
    }

    fn flat(table: &oracle::Table) -> Vec<f32> {
        table.rows.concat()
    }

    pub(in super::super) fn grow(
        table: &oracle::Table,
        parameters: &Parameters,
        threads: usize,
        pack: usize,
    ) -> Forest {
        let numbers = flat(table);
        let matrix = Matrix::new(&numbers, table.rows[0].len()).unwrap();
        let sample = Sample::new(matrix, &table.labels, table.classes).unwrap();
        fit_packed(&sample, parameters, 11, Some(threads), pack, &mut |_| true).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn the_engine_is_the_oracle_bit_for_bit(
            rows in 2_usize..300, columns in 1_usize..14, classes in 2_u16..12, seed in any::<u64>(),
            leaf in 1_usize..4, split in 2_usize..6, depth in prop::option::of(1_usize..6),
            entropy in any::<bool>(), balanced in any::<bool>(), share in 0.01..1.0_f64,
        ) {
            let table = table(rows, columns, classes, seed);
            let parameters = Parameters {
                n_trees: 3,
                max_features: MaxFeatures::Share(share),
                min_samples_leaf: leaf,
                min_samples_split: split,
                max_depth: depth,
                criterion: if entropy { Criterion::Entropy } else { Criterion::Gini },
                class_weight: if balanced { ClassWeight::Balanced } else { ClassWeight::None },
                ..Parameters::default()
            };
            let expected = oracle::grow(&table, &parameters, 11);
            for pack in [0, 16, 33, 100, 8192] {
                let forest = grow(&table, &parameters, 1, pack);
                prop_assert!(forest == expected, "blocks of {pack} rows");
            }
        }
    }

    #[test]
    fn a_forest_does_not_depend_on_the_number_of_threads() {
        let table = table(3000, 23, 3, 5);
        for bootstrap in [false, true] {
            let parameters = Parameters { n_trees: 9, bootstrap, ..Parameters::default() };
            let one = grow(&table, &parameters, 1, PACK);
            for threads in [2, 3, 16] {
                assert!(grow(&table, &parameters, threads, PACK) == one, "{threads} threads");
            }
        }
    }

    #[test]
    fn distinct_rows_are_learned_without_error() {
        let table = table(1500, 10, 4, 6);
        let numbers = flat(&table);
        let forest = grow(&table, &Parameters { n_trees: 2, ..Parameters::default() }, 2, PACK);
        let probabilities = forest.predict(Matrix::new(&numbers, 10).unwrap()).unwrap();
        for (row, &label) in table.labels.iter().enumerate() {
            assert_eq!(probabilities[row * 4 + usize::from(label)], 1.0, "row {row}");
        }
    }

    #[test]
    fn bootstrap_leaves_out_a_third_of_the_rows() {
        let table = table(2000, 5, 2, 8);
        let parameters = Parameters { n_trees: 1, bootstrap: true, ..Parameters::default() };
        let forest = grow(&table, &parameters, 1, PACK);
        let numbers = flat(&table);
        let probabilities = forest.predict(Matrix::new(&numbers, 5).unwrap()).unwrap();
        let right = table
            .labels
            .iter()
            .enumerate()
            .filter(|(row, label)| probabilities[row * 2 + usize::from(**label)] == 1.0)
            .count();
        // All of the 63 % that it has seen, and some of the others.
        assert!((1264..1950).contains(&right), "{right}");
    }

    #[test]
    fn a_forest_is_given_up_when_asked() {
        let table = table(4000, 20, 2, 7);
        let numbers = flat(&table);
        let matrix = Matrix::new(&numbers, 20).unwrap();
        let sample = Sample::new(matrix, &table.labels, 2).unwrap();
        let parameters = Parameters { n_trees: 50_000, ..Parameters::default() };
        let mut heard = 0;
        let error = fit(&sample, &parameters, 1, Some(2), &mut |done| {
            heard = done;
            done < 3
        });
        assert!(matches!(error, Err(ForestError::Interrupted)));
        assert_eq!(heard, 3);
    }

    #[test]
    fn unusable_samples_are_refused_with_the_reason() {
        let matrix = |numbers: &'static [f32]| Matrix::new(numbers, 2).unwrap();
        let reason = |matrix, labels| Sample::new(matrix, labels, 2).unwrap_err().to_string();
        assert_eq!(reason(matrix(&[]), &[]), "there are no rows; expected at least 1");
        assert_eq!(reason(matrix(&[1.0, 2.0]), &[0, 1]), "there are 2 labels for 1 rows");
        assert_eq!(
            reason(matrix(&[1.0, 2.0]), &[2]),
            "the label of row 0 is 2; there are 2 classes"
        );
        assert_eq!(
            reason(matrix(&[1.0, 2.0, 0.0, f32::INFINITY]), &[0, 1]),
            "row 1, column 1 is inf; expected a finite number"
        );
        let numbers = [1.0, 2.0];
        let sample = Sample::new(Matrix::new(&numbers, 2).unwrap(), &[0], 2).unwrap();
        let parameters =
            Parameters { max_features: MaxFeatures::Count(3), ..Parameters::default() };
        let error = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap_err();
        assert_eq!(error.to_string(), "`max-features` is 3; there are 2 columns");
    }
}
