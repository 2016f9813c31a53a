//! Reports: what people look at after a run, as pictures, tables and TensorBoard events.
//!
//! Nothing here computes a score; it shows those of [`crate::metrics`].

mod canvas;
mod confusion_csv;
mod confusion_picture;
mod fit_events;
mod format;
mod live_words;
mod publish;
mod run_clock;
mod run_watch;
mod table;
mod tensorboard;

pub use canvas::Picture;
pub use confusion_csv::confusion_csv;
pub use confusion_picture::{Caption, confusion_picture};
pub use format::{grouped, percent};
pub use publish::{PublishError, log_run, publish};
pub use run_clock::duration;
pub use run_watch::RunWatch;
pub use table::{class_table, comparison_table, layer_table, plain_table, score_table};
pub use tensorboard::EventLog;
