//! `tesela train`: an experiment, from its file to a measured run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::{Console, ExitStatus};
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::report::{Caption, RunWatch, class_table, grouped, log_run, publish, score_table};
use crate::training::{
    CrossValidation, Measurement, RunDirectory, RunManifest, RunOptions, Sample, cross_validate,
};

/// Train a model by cross-validation, and measure it
///
/// The run lies in `runs/<experiment>/<run>/`, or where `--out` says. The same command continues a run that
/// was interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// Experiment file, such as `experiments/demo/lenet.toml`
    experiment: PathBuf,

    /// Directory of the run [default: `runs/<experiment>/<run>`]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Train this fold alone (folds are counted from 0)
    #[arg(long, value_name = "N")]
    fold: Option<usize>,

    /// Write a checkpoint of a network after so many minutes, too, not at the end of each epoch alone
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    checkpoint_minutes: f64,

    /// Tell which stage of a network's training takes the time: reading, preparing, computing
    #[arg(long)]
    profile: bool,

    /// What networks compute on, such as `flex` or `wgpu:1` (see `tesela devices`)
    #[arg(long, value_name = "DEVICE", default_value = "flex")]
    device: String,
}

pub(crate) fn run(
    args: &TrainArgs,
    threads: Option<usize>,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    let checkpoint_every = Some(minutes(args.checkpoint_minutes)?);
    let experiment = Experiment::load(&args.experiment)?;
    let sample = Sample::open(&experiment)?;
    for remark in sample.remarks() {
        console.note(remark);
    }
    let manifest = RunManifest::of(&experiment, &sample, &args.device);
    let path = match &args.out {
        Some(path) => path.clone(),
        None => manifest.default_directory("runs".as_ref()),
    };
    let directory = RunDirectory::create(&path, manifest, &experiment, sample.plan())?;
    console.note(format!(
        "{}: {} cells of {} classes, {} folds; the run lies in `{}`",
        experiment.name(),
        grouped(sample.len() as u64),
        sample.classes().len(),
        sample.plan().folds().get(),
        path.display()
    ));
    let folds = sample.plan().folds().get();
    let events = path.join("tensorboard");
    let options = RunOptions { fold: args.fold, threads, checkpoint_every };
    let mut watch =
        RunWatch::new(console, &events, experiment.name(), folds).with_profile(args.profile);
    let result = cross_validate(&experiment, &sample, &directory, options, &mut watch)
        .with_context(|| format!("the run in `{}` is not complete", path.display()))?;
    match result {
        CrossValidation::Complete(measurement) => {
            let how = format!("{folds} folds");
            let caption = Caption { title: experiment.name().to_owned(), how };
            let picture = publish(&measurement, &caption, &path)?;
            if let Err(message) = log_run(&measurement, &picture, &events.join("all")) {
                console.warn(&message);
            }
            print(&measurement, console)?;
            console.data(path.display())?;
        }
        CrossValidation::Partial { done, measurement } => {
            print(&measurement, console)?;
            console.note(format!("{} of {folds} folds are done", done.len()));
            console.data(path.display())?;
        }
    }
    Ok(ExitStatus::Success)
}

/// A length of time that a user gave in minutes.
fn minutes(number: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(number * 60.0)
        .map_err(|_| anyhow!("`--checkpoint-minutes` is {number}; expected 0 or more"))
}

/// The tables at the end of a run or an evaluation.
pub(super) fn print(measurement: &Measurement, console: &mut Console) -> anyhow::Result<()> {
    let target = measurement.target.as_ref();
    let sample = &measurement.sample;
    let several = if sample.folds.len() > 1 { sample.summary.as_slice() } else { &[] };
    let at_target = target.map(|target| (&target.pooled, target.summary.as_slice()));
    console.data(format!("{}\n", score_table(&sample.pooled, several, at_target)))?;
    console.data(class_table(&sample.pooled, target.map(|target| &target.pooled)))?;
    Ok(())
}
