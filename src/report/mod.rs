//! Reports: what people look at after a run, as pictures, tables and TensorBoard events.
//!
//! Nothing here computes a score; it shows those of [`crate::metrics`].

mod canvas;
mod comparison_tables;
mod confusion_csv;
mod confusion_picture;
mod format;
mod publish;
mod run_watch;
mod table;
mod tensorboard;

pub use canvas::Picture;
pub use comparison_tables::{
    difference_table, figures_table, pairs_table, probability, rank_table,
};
pub use confusion_csv::confusion_csv;
pub use confusion_picture::{Caption, confusion_picture};
pub use format::{grouped, percent};
pub use publish::{PublishError, how, log_run, publish};
pub use run_watch::{RunWatch, duration};
pub use table::{class_table, layer_table, plain_table, scheme_table, score_table};
pub use tensorboard::EventLog;
