//! The input pipeline: a thread of its own reads patches and has batches prepared while the network computes.
//!
//! A bounded channel lies between the two, so memory stays at a few batches whatever the size of the source.
//! The batches and their order depend on the request alone.

use std::sync::mpsc;

use rayon::prelude::*;
use tesela_datasets::class::ClassId;
use tesela_datasets::patch::PatchBatch;
use tesela_datasets::source::{PatchSource, SourceError};

use super::augment::Symmetries;
use super::device_planes::PackedPatches;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::planes::{InputPlanes, Scratch};
use super::preparation::Preparers;
use super::stage_clock::{Stage, StageClock};

/// How many batches may wait to be consumed.
const AHEAD: usize = 2;
/// How many patches a thread prepares at a time, at least.
const MIN_SHARE: usize = 4;

/// A batch as the network takes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HostBatch {
    /// One patch after the other, in the pipeline's layout; nothing where the device makes the planes.
    pub(crate) planes: Vec<f32>,
    /// What the device makes the planes from.
    pub(crate) packed: Option<PackedPatches>,
    /// The class of each patch; only patches of a class are streamed.
    pub(crate) labels: Vec<ClassId>,
}

/// How patches become batches.
pub(crate) struct Pipeline<'a> {
    pub(crate) source: PatchSource<'a>,
    pub(crate) planes: &'a InputPlanes,
    pub(crate) symmetries: &'a Symmetries,
    pub(crate) input: InputShape,
    pub(crate) layout: Layout,
    pub(crate) seed: u64,
    pub(crate) batch_size: usize,
    /// What makes patches into planes on the host.
    pub(crate) preparers: &'a Preparers,
    /// What hears how long each stage takes.
    pub(crate) clock: Option<&'a StageClock>,
    /// Whether the device makes the planes.
    pub(crate) packs: bool,
}

impl Pipeline<'_> {
    /// Streams the patches of `order` from place `start` on through `consume`, batch by batch, in order.
    ///
    /// # Errors
    /// If patches cannot be read, or with the first error of `consume`.
    pub(crate) fn run<E: From<SourceError>>(
        &self,
        order: &[u32],
        start: usize,
        epoch: u64,
        mut consume: impl FnMut(HostBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let stream = self.source.stream(&order[start.min(order.len())..], self.batch_size)?;
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                let (mut slot, mut stream) = (start, stream);
                while let Some(batch) = self.time(Stage::Reading, || stream.next()) {
                    let prepared = batch.map(|batch| {
                        let first = slot;
                        slot += batch.len();
                        self.time(Stage::Preparing, || self.prepare(&batch, epoch, first))
                    });
                    // The consumer hangs up when it fails; its error is the one that counts.
                    if sender.send(prepared).is_err() {
                        return;
                    }
                }
            });
            // The channel ends with the stream.
            while let Ok(batch) = self.time(Stage::Waiting, || receiver.recv()) {
                self.time(Stage::Computing, || consume(batch?))?;
            }
            Ok(())
        })
    }

    fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        match self.clock {
            Some(clock) => clock.time(stage, work),
            None => work(),
        }
    }

    /// The patches of `batch`, which lie from place `slot` on in the order of `epoch`.
    fn prepare(&self, batch: &PatchBatch, epoch: u64, slot: usize) -> HostBatch {
        let labels = batch.labels.iter().filter_map(|label| label.class()).collect();
        if self.packs {
            let pick = |index| self.symmetries.pick(self.seed, epoch, (slot + index) as u64);
            let packed = PackedPatches::of(batch, pick);
            return HostBatch { planes: Vec::new(), packed, labels };
        }
        let size = self.layout.len(self.input);
        let mut planes = vec![0.0; batch.len() * size];
        let fill =
            |(index, out): (usize, &mut [f32]), scratch: &mut Scratch, upright: &mut [f32]| {
                self.planes.fill(scratch, batch, index, upright);
                let table = self.symmetries.draw(self.seed, epoch, (slot + index) as u64);
                self.layout.arrange(table, upright, out);
            };
        self.preparers.with(|| {
            planes.par_chunks_exact_mut(size).enumerate().with_min_len(MIN_SHARE).for_each_init(
                || (Scratch::default(), vec![0.0; self.input.len()]),
                |(scratch, upright), own| fill(own, scratch, upright),
            );
        });
        HostBatch { planes, packed: None, labels }
    }
}
