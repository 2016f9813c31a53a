//! `tesela evaluate`: a fitted model on cells that it does not know.

use std::path::PathBuf;

use super::{Console, ExitStatus, train};
use crate::progress::Progress;
use crate::report::{RunWatch, class_table, grouped, publish};
use crate::training::{Fitted, evaluate};

/// Measure a fitted model on a store that was held out
///
/// Cells that the model was fitted on are left out of the scores. Of a run, the final model is measured. Where its bundle has
/// an operating point, the scores are those of the raw probabilities and, as a map decides, those with the operating point.
#[derive(Debug, clap::Args)]
pub(crate) struct EvaluateArgs {
    /// Run, folder that holds one run, or bundle
    #[arg(value_name = "RUN|BUNDLE")]
    model: PathBuf,

    /// Store with labelled cells
    store: PathBuf,

    /// Directory to write scores, predictions and pictures to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Measure the model of this fold of the run instead of the final one
    #[arg(long, value_name = "N")]
    fold: Option<usize>,

    /// What networks compute on, such as `flex` or `wgpu:1`
    #[arg(long, value_name = "DEVICE", default_value = "flex")]
    device: String,

    /// Leave the operating point of the bundle out: only probabilities as the model gives them, and the most probable class
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(args: &EvaluateArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let model = Fitted::load(&args.model, args.fold, &args.device)?;
    let model = if args.raw { model.without_operating_point() } else { model };
    let mut watch = RunWatch::new(console, &args.out, "evaluation");
    let evaluation = evaluate(&model, &args.store, &args.out, &mut watch)?;
    match evaluation.known_cells {
        None => console.warn(
            "nobody knows which cells the model was fitted on, because its run is not there; scores \
             are too good where it knows some",
        ),
        Some(0) => {}
        Some(known) => console.warn(&format!(
            "{} cells of the store are left out: the model was fitted on them",
            grouped(known as u64)
        )),
    }
    if evaluation.undefined > 0 {
        let count = grouped(evaluation.undefined as u64);
        console.note(format!("{count} cells are undefined or of classes that the model lacks"));
    }
    if let Some(reason) = &evaluation.unstratified {
        console.warn(&format!(
            "the target prevalence is that of all strata together, and not by stratum: {reason}"
        ));
    }
    let title = format!("{} on {}", model.manifest().kind, args.store.display());
    publish(&evaluation.measurement, &title, &args.out)?;
    if evaluation.decided.is_some() {
        console.data("Raw probabilities and the most probable class:")?;
    }
    train::print(&evaluation.measurement, console)?;
    let point = model.manifest().operating_point.as_ref();
    if point.is_some_and(|point| point.unsettled().is_some()) {
        console.note(
            "the operating point estimates the prevalence when a map is made; here that of its run stands in for it",
        );
    }
    if let Some(decided) = &evaluation.decided {
        console
            .data("\nTHE HEADLINE, how a map decides: with the operating point of the bundle")?;
        console.data(class_table(&decided.sample, decided.target.as_ref()))?;
    }
    console.data(args.out.display())?;
    Ok(ExitStatus::Success)
}
