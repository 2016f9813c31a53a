//! Reports: what people look at after a run, as pictures, tables and TensorBoard events.
//!
//! Nothing here computes a score; it shows those of [`crate::metrics`].

mod assessment_tables;
mod comparison_tables;
mod confusion_csv;
mod confusion_picture;
mod fit_events;
mod live_words;
mod of_assessment;
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

pub use crate::numerals::{grouped, metres, percent};
pub use crate::picture::Picture;
pub use assessment_tables::{
    announced_table, areas_table, assessed_table, assessment_sentence, counts_table, edge_table,
    strata_table,
};
pub use comparison_tables::{
    difference_table, figures_table, pairs_table, probability, rank_table,
};
pub use confusion_csv::confusion_csv;
pub use confusion_picture::{Caption, confusion_picture};
pub use of_assessment::publish_assessment;
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
