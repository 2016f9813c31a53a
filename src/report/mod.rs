//! Reports: what people look at after a run, as pictures, tables and TensorBoard events.
//!
//! Nothing here computes a score; it shows those of [`crate::metrics`].

mod canvas;
mod comparison_tables;
mod confusion_csv;
mod confusion_picture;
mod fit_events;
mod format;
mod live_words;
mod of_comparison;
mod of_run;
pub mod page;
mod publish;
mod run_clock;
mod run_watch;
mod table;
mod tensorboard;
mod unseen_words;
mod variogram_csv;
mod variogram_picture;

pub use canvas::Picture;
pub use comparison_tables::{
    difference_table, figures_table, pairs_table, probability, rank_table,
};
pub use confusion_csv::confusion_csv;
pub use confusion_picture::{Caption, confusion_picture};
pub use format::{grouped, metres, percent};
pub use of_comparison::write_comparison_report;
pub use of_run::{ReportError, write_report};
pub use publish::{PublishError, how, log_run, publish};
pub use run_clock::duration;
pub use run_watch::RunWatch;
pub use table::{class_table, layer_table, plain_table, scheme_table, score_table};
pub use tensorboard::EventLog;
pub use unseen_words::unseen_words;
pub use variogram_csv::variogram_csv;
pub use variogram_picture::variogram_picture;
