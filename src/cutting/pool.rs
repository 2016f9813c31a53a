//! Memory of patches, used again: fresh memory has to be fetched from the operating system page by page.

use std::sync::{Arc, Mutex, PoisonError};

use tesela_datasets::patch::PatchBatch;

use crate::raster::MosaicNumber;

/// Batches whose memory is kept at most.
const KEPT: usize = 6;

/// Takes batches that are of no more use, for the memory of those to come. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub struct PatchPool(Arc<Mutex<Vec<PatchBatch>>>);

impl PatchPool {
    /// Takes the memory of `batch`.
    pub fn give_back(&self, batch: PatchBatch) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(batch);
        }
    }

    /// Numbers of any value and a mask of any length, empty where none were given back.
    pub(super) fn take<T: MosaicNumber>(&self) -> (Vec<T>, Vec<bool>) {
        let batch = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(PatchBatch { samples, used, .. }) = batch else { return Default::default() };
        (T::from_samples(samples).unwrap_or_default(), used)
    }
}
