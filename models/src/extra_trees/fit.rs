//! Grows the trees of a forest, many at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rayon::prelude::*;

use super::ForestError;
use super::bag::Bagging;
use super::best_cut::BestCut;
use super::bins::MOST_EDGES;
use super::forest::Forest;
use super::grow::{FEW_ROWS, Ground, Grower, Grown, Unfinished};
use super::parameters::{Cut, Parameters};
use super::place::Place;
use super::random_cut::RandomCut;
use super::rank::is_narrow;
use super::rule::Rule;
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
    Work::new(*sample, parameters, seed).grow(threads, progress).map(|grown| grown.forest)
}

/// What is to be grown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) sample: Sample<'a>,
    pub(crate) parameters: &'a Parameters,
    pub(crate) seed: u64,
    /// Nodes of at most so many rows read them row by row.
    pub(crate) few_rows: usize,
    /// Edges between the bins of a column; changes no forest.
    pub(crate) most_edges: usize,
    /// Whether to tell how much each column lowers the impurity.
    pub(crate) with_importances: bool,
    /// Where the columns of the sample lie in the rows that the forest will see, where those have others, too.
    pub(crate) place: Option<Place<'a>>,
}

/// A forest, and what growing it told.
#[derive(Debug)]
pub(crate) struct GrownForest {
    pub(crate) forest: Forest,
    pub(crate) trees: Vec<Tree>,
    pub(crate) bagging: Bagging,
    /// By how much each column lowered the impurity in each tree, where that was asked for.
    pub(crate) decreases: Vec<Vec<f64>>,
}

impl<'a> Work<'a> {
    /// A forest on `sample`.
    pub(crate) fn new(sample: Sample<'a>, parameters: &'a Parameters, seed: u64) -> Self {
        let (few_rows, most_edges) = (FEW_ROWS, MOST_EDGES);
        Self {
            sample,
            parameters,
            seed,
            few_rows,
            most_edges,
            with_importances: false,
            place: None,
        }
    }

    /// Grows all trees.
    pub(crate) fn grow(
        self,
        threads: Option<usize>,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<GrownForest, ForestError> {
        let Self { sample, parameters, .. } = self;
        // Parameters that do not suit the sample are told before anything is done.
        let tries = parameters.max_features.count(sample.columns());
        let tries = tries.map_err(ForestError::Unusable)?;
        let bagging = Bagging::new(&sample, parameters).map_err(ForestError::Unusable)?;
        let pool = start(threads)?;
        if !progress(0) {
            return Err(ForestError::Interrupted);
        }
        let trees = match parameters.cut {
            Cut::Random => {
                let table = pool.install(|| Table::binned(sample, self.most_edges));
                self.grow_on::<RandomCut>(&table, &bagging, tries, &pool, progress)
            }
            Cut::Best if is_narrow(sample.rows()) => {
                let table = pool.install(|| Table::<u16>::ranked(sample));
                self.grow_on::<BestCut<u16>>(&table, &bagging, tries, &pool, progress)
            }
            Cut::Best => {
                let table = pool.install(|| Table::<u32>::ranked(sample));
                self.grow_on::<BestCut<u32>>(&table, &bagging, tries, &pool, progress)
            }
        };
        let (trees, decreases): (Vec<Tree>, _) =
            trees?.into_iter().map(|grown| (grown.tree, grown.decreases)).unzip();
        // Where leaves hold parts, the weights of the classes are in them.
        let weights = if bagging.is_counted() {
            bagging.class_weights().to_vec()
        } else {
            vec![1.0; sample.classes()]
        };
        let forest = match self.place {
            None => Forest::new(sample.columns(), weights, &trees),
            Some(place) => place.forest(weights, &trees),
        };
        Ok(GrownForest { forest, trees, bagging, decreases })
    }

    /// How many numbers the rows have that the forest will see.
    fn width(&self) -> usize {
        self.place.map_or(self.sample.columns(), |place| place.width)
    }

    fn layout(&self) -> Layout {
        Layout::new(self.width())
    }

    fn grow_on<R: Rule>(
        self,
        table: &Table<'_, R::Number>,
        bagging: &Bagging,
        tries: usize,
        pool: &rayon::ThreadPool,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<Grown>, ForestError> {
        let stop = AtomicBool::new(false);
        let layout = self.layout();
        let ground = Ground {
            table,
            parameters: self.parameters,
            tries,
            bagging,
            layout,
            seed: self.seed,
            few_rows: self.few_rows,
            with_importances: self.with_importances,
            stop: &stop,
        };
        let trees = std::thread::scope(|scope| {
            let (done, news) = channel();
            let growing = scope.spawn(move || pool.install(|| grow_all::<R>(ground, &done)));
            watch(&news, &stop, progress);
            growing.join().expect("growing trees does not panic")
        });
        if stop.into_inner() {
            return Err(ForestError::Interrupted);
        }
        trees.map_err(|unfinished| match unfinished {
            Unfinished::Stopped => ForestError::Interrupted,
            Unfinished::TooLarge => ForestError::Unusable(format!(
                "a tree has more than {} nodes, which is the most over {} columns; a larger \
                 `min-samples-leaf` gives smaller trees",
                layout.capacity(),
                self.width()
            )),
        })
    }
}

/// Starts `threads` threads, or as many as the machine has.
pub(crate) fn start(threads: Option<usize>) -> Result<rayon::ThreadPool, ForestError> {
    let threads = threads.unwrap_or(0);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| ForestError::Threads { threads, source })
}

fn grow_all<R: Rule>(
    ground: Ground<'_, R::Number>,
    done: &Sender<()>,
) -> Result<Vec<Grown>, Unfinished> {
    (0..ground.parameters.n_trees)
        .into_par_iter()
        .with_max_len(1)
        .map_init(
            || (Grower::<R>::new(ground), done.clone()),
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
pub(super) mod tests;
