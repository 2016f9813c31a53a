//! A crew: threads that cut a mosaic side by side, each handing what it has cut to work of its own.
//!
//! Each thread takes the next slab, reads it through a handle of its own, puts patches together and works on them while they are
//! in its cache. What lies in several slabs is put together by the thread that reads the last of them.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use tesela_datasets::patch::PatchBatch;

use super::assemble::Assembler;
use super::batches::{Batch, Batches};
use super::mask::{Judged, Mask};
use super::spool::{CellSpool, SpooledCell};
use super::steps::{Step, Steps};
use super::{CutPatches, CuttingError, PatchPool};
use crate::raster::{Mosaic, MosaicNumber};

/// Bytes of patches that all threads may have begun at a time: some rasters have very large blocks.
const MOST_BEGUN_BYTES: usize = 512 << 20;

/// How many threads cut, and what they hand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    /// Number of threads.
    pub threads: usize,
    /// Patches that are handed on at a time.
    pub patches: usize,
    /// Whether each thread works alone; otherwise work may be divided among the threads of rayon's pool.
    pub alone: bool,
}

impl Crew {
    /// One thread that reads ahead: patches come in the order of the slabs.
    pub const READER: Self = Self { threads: 1, patches: 1024, alone: false };

    /// The same with no more threads than may each have begun patches of `bytes`; few then divide their work.
    pub(super) fn within(self, bytes: usize) -> Self {
        let fitting = (MOST_BEGUN_BYTES / bytes.max(1)).max(2);
        if self.threads <= fitting {
            return self;
        }
        Self { threads: fitting, patches: self.patches.max(Self::READER.patches), alone: false }
    }
}

/// What the threads of a crew share.
pub(super) struct Workplace<'a, T> {
    pub(super) crew: Crew,
    pub(super) steps: Mutex<Steps<'a>>,
    /// Handles of the mosaic; a thread takes the one with its number, counted round.
    pub(super) mosaics: Vec<Mutex<Mosaic>>,
    pub(super) assembler: Assembler<T>,
    pub(super) spool: &'a CellSpool,
    /// Whether all of a cell is wanted, and not what its mask needs alone.
    pub(super) whole_cells: bool,
    /// Where cells wait; for messages.
    pub(super) directory: PathBuf,
    pub(super) pool: PatchPool,
    /// Nothing new is begun.
    pub(super) stopped: AtomicBool,
}

impl<T: MosaicNumber> Workplace<'_, T> {
    /// Has `work` done on all patches, in any order where there are several threads, and hands its results to `sink` as they come.
    /// What was begun before reading fails or `sink` breaks off is ended, and handed on, too.
    pub(super) fn run<R: Send, E: From<CuttingError>>(
        &self,
        work: &(dyn Fn(CutPatches) -> R + Sync),
        sink: &mut dyn FnMut(R) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let (sender, receiver) = sync_channel(self.crew.threads);
        std::thread::scope(|scope| {
            for number in 0..self.crew.threads {
                let sender = sender.clone();
                scope.spawn(move || self.work_through(number, work, &sender));
            }
            drop(sender);
            self.collect(receiver, sink)
        })
    }

    fn collect<R, E: From<CuttingError>>(
        &self,
        receiver: Receiver<Result<R, CuttingError>>,
        sink: &mut dyn FnMut(R) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let (mut failure, mut sink_failed) = (None, false);
        for result in receiver {
            let went_on = match result {
                Ok(_) if sink_failed => continue,
                Ok(result) => sink(result).inspect_err(|_| sink_failed = true),
                Err(error) => Err(error.into()),
            };
            if !matches!(went_on, Ok(ControlFlow::Continue(()))) {
                self.stopped.store(true, Ordering::Relaxed);
            }
            if let Err(error) = went_on {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// What the thread `number` does.
    fn work_through<R>(
        &self,
        number: usize,
        work: &dyn Fn(CutPatches) -> R,
        sender: &SyncSender<Result<R, CuttingError>>,
    ) {
        // In a pool of its own nothing is divided. Where there is none, it is, with the same result.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        let _pool = self.crew.alone.then(|| pool.build().ok());
        let mut hand_on = |batch| {
            let result = self.judged(batch).map(work);
            if sender.send(result).is_err() {
                // The sink has panicked: nobody wants more.
                self.stopped.store(true, Ordering::Relaxed);
            }
        };
        if let Err(error) = self.cut(number, &mut hand_on) {
            self.stopped.store(true, Ordering::Relaxed);
            // Where the sink has panicked, that is what is told.
            let _ = sender.send(Err(error));
        }
    }

    fn cut(&self, number: usize, hand_on: &mut dyn FnMut(Batch<T>)) -> Result<(), CuttingError> {
        let (shape, pool) = (self.assembler.shape, self.pool.clone());
        let mut batches = Batches::new(shape.samples(), self.crew.patches, pool);
        let mosaic = &self.mosaics[number % self.mosaics.len()];
        let ended = loop {
            let step = match self.next_step() {
                Ok(Some(step)) => step,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let whole = batches.len();
            let mosaic = mosaic.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = self.assembler.read(&step, &mosaic, &mut batches) {
                batches.truncate(whole);
                break Err(error);
            }
            drop(mosaic);
            while let Some(batch) = batches.take_full() {
                hand_on(batch);
            }
        };
        while let Some(batch) = batches.take() {
            hand_on(batch);
        }
        ended
    }

    fn next_step(&self) -> Result<Option<Step>, CuttingError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let step = self.steps.lock().unwrap_or_else(PoisonError::into_inner).next();
        step.transpose().map_err(|source| self.failed(source))
    }

    /// The patches of `batch` with what is known of their pixels.
    fn judged(&self, batch: Batch<T>) -> Result<CutPatches, CuttingError> {
        let Batch { cells: windows, may_have_gaps, samples, used } = batch;
        let judge = &self.assembler.judge;
        let places = windows.iter().map(|window| window.place);
        let spooled = self.spool.get(places, self.whole_cells);
        let spooled = spooled.map_err(|source| self.failed(source))?;
        let (mut cells, mut patches, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let seen = windows.iter().zip(may_have_gaps);
        for (SpooledCell { cell, label, footprint }, (window, may_have_gaps)) in
            spooled.into_iter().zip(seen)
        {
            let (column, row) = (window.column.into(), window.row.into());
            patches.push(Judged { column, row, footprint, may_have_gaps });
            labels.push(label);
            cells.extend(cell);
        }
        let Mask { used, inside_counts, used_counts } = judge.mask(&patches, &samples, used);
        let patches = PatchBatch {
            shape: judge.shape,
            samples: T::into_samples(samples),
            used,
            labels,
            positions: windows.iter().map(|window| window.cell).collect(),
        };
        Ok(CutPatches { patches, cells, inside_pixels: inside_counts, used_pixels: used_counts })
    }

    fn failed(&self, source: std::io::Error) -> CuttingError {
        CuttingError::Spool { path: self.directory.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_threads_share_where_blocks_are_large() {
        let crew = Crew { threads: 64, patches: 64, alone: true };
        assert_eq!(crew.within(1 << 20), crew);
        let large = crew.within(200 << 20);
        assert_eq!((large.threads, large.alone), (2, false));
        assert_eq!(Crew::READER.within(usize::MAX), Crew::READER);
    }
}
