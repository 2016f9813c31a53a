//! The features of a store of patches, computed once for all folds.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rayon::ThreadPoolBuilder;

use super::StoreReader;
use crate::class::Label;
use crate::features::{FeatureExtractor, HistogramMode};
use crate::source::{FeatureMatrix, PatchSource, SourceError};

/// The features of the rows that were asked for so far.
#[derive(Default)]
pub(super) struct FeatureCache {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    blocks: Vec<FeatureMatrix>,
    /// Block and row of the block, by row of the store.
    places: Vec<Option<(u32, u32)>>,
}

impl FeatureCache {
    /// The features of `rows` of `reader`, in that order; rows that nobody asked for before are computed.
    pub(super) fn features_of(
        &self,
        reader: &Arc<StoreReader>,
        rows: &[u32],
    ) -> Result<FeatureMatrix, SourceError> {
        // A thread that panicked while computing has changed nothing.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.places.resize(reader.len(), None);
        let mut missing: Vec<u32> =
            rows.iter().copied().filter(|&row| known.places[row as usize].is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() || known.blocks.is_empty() {
            let block = compute(reader, missing.clone())?;
            let number = index(known.blocks.len());
            for (place, &row) in missing.iter().enumerate() {
                known.places[row as usize] = Some((number, index(place)));
            }
            known.blocks.push(block);
        }
        Ok(known.pick(rows))
    }
}

impl Known {
    fn pick(&self, rows: &[u32]) -> FeatureMatrix {
        let columns = self.blocks[0].columns.clone();
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for &row in rows {
            let place = self.places[row as usize];
            let (block, place) = place.expect("every row that is missing was computed");
            values.extend_from_slice(self.blocks[block as usize].row(place as usize));
        }
        FeatureMatrix { columns, rows: rows.len(), values }
    }
}

/// Computes on threads of its own while this one waits: a waiting thread of the shared pool would take up
/// other work, such as the next fold, which waits for the same features.
fn compute(reader: &Arc<StoreReader>, rows: Vec<u32>) -> Result<FeatureMatrix, SourceError> {
    let labels = vec![Label::Undefined; rows.len()];
    let selection = reader.select(rows, labels, reader.definition().classes.clone());
    let patches = PatchSource::of(&selection).expect("features are computed of patches");
    let extractor = FeatureExtractor::new(&patches.definition().pixel, HistogramMode::default());
    let pool = ThreadPoolBuilder::new()
        .num_threads(rayon::current_num_threads())
        .thread_name(|index| format!("features-{index}"))
        .build()
        .map_err(|error| SourceError::caused("cannot start threads for the features", error))?;
    thread::scope(|scope| {
        let work = || pool.install(|| extractor.matrix_of(patches, &mut |_| {}));
        scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn index(value: usize) -> u32 {
    u32::try_from(value).expect("a store has fewer than 2^32 cells")
}
