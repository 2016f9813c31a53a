//! TensorBoard events: scalars while a model is fitted, scores and pictures when it is measured.
//!
//! The library behind this panics where the disk refuses, and writes on threads of its own. So it lives
//! on one thread here, behind a channel; when it fails, the log ends with a message and the run goes on. `metrics.json`
//! and the histories are the record of a run, events are for looking at.

use std::fs::{create_dir_all, remove_file, write};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use tensorboard_rs::summary_writer::SummaryWriter;
use tesela_models::histogram::Histogram;

use super::Picture;

/// A log of events in one directory.
#[derive(Debug)]
pub struct EventLog {
    directory: PathBuf,
    events: Option<Sender<Event>>,
    writer: Option<JoinHandle<bool>>,
}

/// Bytes that are written to see whether there is room: more than the library begins with.
const PROBE: usize = 4096;

enum Event {
    Scalar { tag: String, value: f32, step: usize },
    Image { tag: String, pixels: Vec<u8>, side: usize, step: usize },
    Histogram { tag: String, histogram: Histogram, step: usize },
}

impl EventLog {
    /// Opens a log in `directory`, which is made where it is missing.
    pub fn open(directory: &Path) -> Self {
        silence_the_library();
        let (events, inbox) = channel();
        let own = directory.to_owned();
        let writer = Builder::new().name("tensorboard".to_owned());
        let writer = writer.spawn(move || write_all(&own, &inbox)).ok();
        Self { directory: directory.to_owned(), events: Some(events), writer }
    }

    /// Logs a number. Once the log has failed nothing happens.
    pub fn scalar(&self, tag: &str, value: f64, step: u64) {
        #[expect(clippy::cast_possible_truncation, reason = "events hold single precision")]
        let value = value as f32;
        self.send(Event::Scalar { tag: tag.to_owned(), value, step: to_step(step) });
    }

    /// Logs how the numbers of a tensor are spread. Once the log has failed nothing happens.
    pub fn histogram(&self, tag: &str, histogram: &Histogram, step: u64) {
        let histogram = histogram.clone();
        self.send(Event::Histogram { tag: tag.to_owned(), histogram, step: to_step(step) });
    }

    /// Logs a picture. Once the log has failed nothing happens.
    ///
    /// The library takes height for width in one place and not in another, so pictures are made square.
    pub fn image(&self, tag: &str, picture: &Picture, step: u64) {
        let (pixels, side) = picture.to_square();
        self.send(Event::Image { tag: tag.to_owned(), pixels, side, step: to_step(step) });
    }

    /// Ends the log; a message says so where not everything was written.
    ///
    /// # Errors
    /// If an event could not be written.
    pub fn close(mut self) -> Result<(), String> {
        if self.end() {
            return Ok(());
        }
        let directory = self.directory.display();
        Err(format!(
            "TensorBoard events in `{directory}` are incomplete: they could not be written"
        ))
    }

    fn send(&self, event: Event) {
        if let Some(events) = &self.events {
            // The writer is gone where it has failed; `close` reports that.
            drop(events.send(event));
        }
    }

    /// Waits until all events are written; whether they are, and the folder still is there.
    fn end(&mut self) -> bool {
        self.events = None;
        let written = self.writer.take().is_some_and(|writer| writer.join().unwrap_or(false));
        // Where files can be removed while they are written, nobody else notices.
        written && self.directory.is_dir()
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.end();
    }
}

fn to_step(step: u64) -> usize {
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// Writes until the channel closes; whether everything was written.
fn write_all(directory: &Path, inbox: &Receiver<Event>) -> bool {
    if !can_write(directory) {
        return false;
    }
    let open = || SummaryWriter::new(directory);
    let Ok(mut writer) = catch_unwind(AssertUnwindSafe(open)) else { return false };
    let written = catch_unwind(AssertUnwindSafe(|| {
        for event in inbox {
            match event {
                Event::Scalar { tag, value, step } => writer.add_scalar(&tag, value, step),
                Event::Image { tag, pixels, side, step } => {
                    writer.add_image(&tag, &pixels, &[3, side, side], step);
                }
                Event::Histogram { tag, histogram, step } => {
                    let Histogram { least, most, count, sum, sum_squares, .. } = histogram;
                    let (limits, counts) = (&histogram.limits, &histogram.counts);
                    writer.add_histogram_raw(
                        &tag,
                        least,
                        most,
                        count,
                        sum,
                        sum_squares,
                        limits,
                        counts,
                        step,
                    );
                }
            }
            writer.flush();
        }
    }));
    // The library also panics when a writer that has failed is dropped.
    let closed = catch_unwind(AssertUnwindSafe(|| drop(writer)));
    written.is_ok() && closed.is_ok()
}

/// Whether a file can be made and filled in `directory`, which is made where it is missing.
///
/// Where the first file of the library cannot be written, it may panic while it cleans up after a panic, which ends the whole
/// process and cannot be caught.
fn can_write(directory: &Path) -> bool {
    let probe = directory.join(".probe");
    let written = create_dir_all(directory).and_then(|()| write(&probe, [0; PROBE]));
    let removed = remove_file(&probe);
    written.and(removed).is_ok()
}

/// Keeps panics of the library, which are caught, from being printed; all others are.
fn silence_the_library() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            let of_library =
                panic.location().is_some_and(|location| location.file().contains("tensorboard-rs"));
            if !of_library {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written() {
        let directory = tempfile::tempdir().unwrap();
        let log = EventLog::open(&directory.path().join("fold-00"));
        log.scalar("loss", 0.5, 1);
        log.close().unwrap();
        let files: Vec<_> =
            std::fs::read_dir(directory.path().join("fold-00")).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        assert!(files[0].metadata().unwrap().len() > 40);
    }

    #[test]
    fn a_log_whose_folder_is_removed_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("fold-00");
        let log = EventLog::open(&folder);
        // The library ends the process where its folder is removed before it has made its file.
        let is_made = |folder: &Path| {
            let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
            names
                .map(|entry| entry.file_name())
                .any(|name| name.to_string_lossy().contains("tfevents"))
        };
        while !is_made(&folder) {
            std::thread::yield_now();
        }
        std::fs::remove_dir_all(&folder).unwrap();
        log.scalar("loss", 0.5, 1);
        assert!(log.close().unwrap_err().contains("fold-00` are incomplete"));
    }

    #[test]
    fn a_log_that_cannot_be_written_is_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let occupied = directory.path().join("file");
        std::fs::write(&occupied, b"in the way").unwrap();
        let log = EventLog::open(&occupied);
        log.scalar("loss", 0.5, 1);
        assert!(log.close().unwrap_err().contains("incomplete"));
    }
}
