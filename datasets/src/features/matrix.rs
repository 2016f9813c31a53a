//! The features of a whole source, on all threads.

use std::sync::mpsc;

use rayon::prelude::*;

use super::{FeatureExtractor, FeatureScratch};
use crate::patch::{PatchBatch, PatchShape};
use crate::source::{FeatureMatrix, PatchSource, PatchStream, SourceError};

/// Patches that are read at once.
const BATCH: usize = 1024;
/// Batches that wait to be worked on: reading and computing overlap, and memory stays bounded.
const WAITING: usize = 2;

impl FeatureExtractor {
    /// Computes the features of all patches of `source`, in order of position.
    ///
    /// Patches are read on one thread and described on all threads of the current rayon pool; beside the
    /// matrix, memory holds a few batches. `progress` hears how many more patches are done.
    ///
    /// # Errors
    /// If patches cannot be read, or are not those that the source announces.
    pub fn matrix_of(
        &self,
        source: PatchSource<'_>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<FeatureMatrix, SourceError> {
        let rows = source.len();
        let count = u32::try_from(rows).map_err(|_| {
            SourceError::new(format!("there are {rows} patches; at most {} are possible", u32::MAX))
        })?;
        let width = self.columns().len();
        let order: Vec<u32> = (0..count).collect();
        let mut values = vec![0.0; rows * width];
        let stream = source.stream(&order, BATCH)?;
        let mut done = 0;
        in_background(stream, |batch| {
            let announced = source.definition().shape;
            if batch.shape != announced {
                return Err(wrong_shape(batch.shape, announced));
            }
            let out = values.get_mut(done * width..(done + batch.len()) * width);
            let out = out.ok_or_else(|| {
                let message =
                    format!("the source delivers more patches than the {rows} it announces");
                SourceError::new(message)
            })?;
            self.describe_batch(&batch, out);
            done += batch.len();
            progress(batch.len());
            Ok(())
        })?;
        if done != rows {
            let message = format!("the source delivers {done} patches; expected {rows}");
            return Err(SourceError::new(message));
        }
        Ok(FeatureMatrix { columns: self.columns().to_vec(), rows, values })
    }

    /// As [`FeatureExtractor::extract_batch`], on all threads.
    fn describe_batch(&self, batch: &PatchBatch, out: &mut [f32]) {
        out.par_chunks_exact_mut(self.columns().len()).enumerate().for_each_init(
            FeatureScratch::default,
            |scratch, (index, row)| {
                self.extract_from(scratch, batch, index, row);
            },
        );
    }
}

fn wrong_shape(found: PatchShape, expected: PatchShape) -> SourceError {
    let text = |shape: PatchShape| {
        format!("{} x {} pixels and {} bands", shape.width, shape.height, shape.bands)
    };
    SourceError::new(format!(
        "the source delivers patches of {}; expected {}",
        text(found),
        text(expected)
    ))
}

/// Reads `stream` on a thread of its own and hands each batch to `work`, until one of them fails.
fn in_background(
    stream: PatchStream<'_>,
    mut work: impl FnMut(PatchBatch) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        scope.spawn(move || {
            for batch in stream {
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        receiver.into_iter().try_for_each(|batch| work(batch?))
    })
}
