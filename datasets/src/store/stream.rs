//! Cells on their way: one producer thread, a few batches ahead of whoever uses them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::StoreReader;
use crate::class::Label;
use crate::source::{Batch, SourceError};

/// Batches that wait to be used.
const AHEAD: usize = 2;

/// A cell that was asked for.
pub(super) struct Request {
    pub(super) position: u32,
    pub(super) row: u32,
    pub(super) label: Label,
}

/// The batches of a request, in order. Dropping it stops the producer.
pub(super) struct StoreStream {
    batches: Receiver<Result<Batch, SourceError>>,
}

impl StoreStream {
    /// Starts to read `requests`, `batch` at a time.
    pub(super) fn start(
        reader: Arc<StoreReader>,
        requests: Vec<Request>,
        batch: usize,
    ) -> Result<Self, SourceError> {
        let (sender, batches) = sync_channel(AHEAD);
        thread::Builder::new()
            .name("store-stream".into())
            .spawn(move || produce(&reader, &requests, batch, &sender))
            .map_err(|error| {
                SourceError::caused("cannot start a thread that reads cells", error)
            })?;
        Ok(Self { batches })
    }
}

impl Iterator for StoreStream {
    type Item = Result<Batch, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.recv().ok()
    }
}

fn produce(
    reader: &StoreReader,
    requests: &[Request],
    batch: usize,
    sender: &SyncSender<Result<Batch, SourceError>>,
) {
    for requests in requests.chunks(batch) {
        let read = read(reader, requests);
        let failed = read.is_err();
        // Nobody listens any more when sending fails.
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

fn read(reader: &StoreReader, requests: &[Request]) -> Result<Batch, SourceError> {
    let rows: Vec<u32> = requests.iter().map(|request| request.row).collect();
    let labels = requests.iter().map(|request| request.label).collect();
    let positions = requests.iter().map(|request| request.position).collect();
    reader.read_batch(&rows, labels, positions).map_err(|error| {
        SourceError::caused(format!("cannot read cells of `{}`", reader.path().display()), error)
    })
}
