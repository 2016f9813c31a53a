//! `tesela train`: an experiment, from its file to a measured run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::{Console, ExitStatus};
use crate::experiment::Experiment;
use crate::inspection::ContactSheets;
use crate::progress::Progress;
use crate::report::{
    Caption, Picture, RunWatch, class_table, grouped, log_run, publish, score_table,
};
use crate::training::{
    Access, CrossValidation, Job, Measurement, Part, RunDirectory, RunManifest, RunOptions, Sample,
    cross_validate, train_in_processes, worst_classified,
};

/// How many of the cells that were classified worst are shown.
const WORST: usize = 32;

/// Train a model by cross-validation, and measure it
///
/// The run lies in `runs/<experiment>/<run>/`, or where `--out` says. The same command continues a run that
/// was interrupted; it is refused where the store has changed since.
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

    /// Train this many folds at a time, each in a process of its own
    #[arg(long, value_name = "N", conflicts_with = "fold", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// What networks compute on, such as `flex` or `wgpu:1` (see `tesela devices`); several, such as
    /// `wgpu:0,wgpu:1`, are taken in turn by the folds of `--jobs`
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "flex",
        value_delimiter = ',',
        num_args = 1
    )]
    device: Vec<String>,

    /// The position of the device to take, counted from 0
    #[arg(long, hide = true, default_value = "0")]
    slot: usize,
}

impl TrainArgs {
    /// The device of this process.
    fn own_device(&self) -> &str {
        self.device.get(self.slot % self.device.len().max(1)).map_or("flex", String::as_str)
    }

    /// Whether other processes train other folds at the same time.
    fn access(&self) -> Access {
        let shared = self.fold.is_some() || self.jobs.is_some_and(|jobs| jobs > 1);
        if shared { Access::Shared } else { Access::Alone }
    }
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
    let manifest = RunManifest::of(&experiment, &sample, &args.device.join(","));
    let path = match &args.out {
        Some(path) => path.clone(),
        None => RunDirectory::default_path("runs".as_ref(), &manifest, &experiment)?,
    };
    let plan = sample.plan();
    let mut directory = RunDirectory::create(&path, manifest, &experiment, plan, args.access())?;
    console.note(format!(
        "{}: {} cells of {} classes, {} folds",
        experiment.name(),
        grouped(sample.len() as u64),
        sample.classes().len(),
        sample.plan().folds().get()
    ));
    console.note(format!("the run lies in `{}`", path.display()));
    let folds = sample.plan().folds().get();
    let events = path.join("tensorboard");
    if let Some(jobs) = args.jobs.map(usize::from).filter(|&jobs| jobs > 1) {
        let undone = (0..folds).filter(|&fold| !directory.is_done(Part::Fold(fold)));
        let undone: Vec<usize> = undone.collect();
        let jobs = jobs.min(undone.len()).max(1);
        let mut start = |fold, slot| job(args, &path, fold, slot, threads_each(threads, jobs));
        train_in_processes(&undone, jobs, &mut start, console)?;
        directory.take_alone()?;
    }
    let options =
        RunOptions { fold: args.fold, threads, device: args.own_device(), checkpoint_every };
    let mut watch = RunWatch::new(console, &events, experiment.name()).with_profile(args.profile);
    let result = cross_validate(&experiment, &sample, &directory, options, &mut watch)
        .with_context(|| format!("the run in `{}` is not complete", path.display()))?;
    match result {
        CrossValidation::Complete(measurement) => {
            let how = format!("{folds} folds");
            let caption = Caption { title: experiment.name().to_owned(), how };
            let picture = publish(&measurement, &caption, &path)?;
            let worst = worst_sheet(&directory, &sample)?;
            let logged = log_run(&measurement, &picture, worst.as_ref(), &events.join("all"));
            if let Err(message) = logged {
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

/// The patches that were classified worst, side by side; `None` where the store has no pixels.
fn worst_sheet(directory: &RunDirectory, sample: &Sample) -> anyhow::Result<Option<Picture>> {
    if sample.reader().definition().input.patches().is_none() {
        return Ok(None);
    }
    let rows = worst_classified(directory, sample, WORST)?;
    Ok(Some(Picture::of(ContactSheets::new(sample.reader())?.sheet(&rows)?)))
}

/// Threads of each of `jobs` processes: an even share of those that all may use.
fn threads_each(threads: Option<usize>, jobs: usize) -> usize {
    let all = threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    (all.unwrap_or(1) / jobs.max(1)).max(1)
}

/// Starts this program on one fold of the run in `path`.
fn job(
    args: &TrainArgs,
    path: &Path,
    fold: usize,
    slot: usize,
    threads: usize,
) -> std::io::Result<Job> {
    let words = tempfile::tempfile()?;
    let process = Command::new(std::env::current_exe()?)
        .arg("train")
        .arg(&args.experiment)
        .arg("--out")
        .arg(path)
        .args(["--device", &args.device.join(","), "--quiet"])
        .args(["--fold", &fold.to_string(), "--slot", &slot.to_string()])
        .args(["--threads", &threads.to_string()])
        .args(["--checkpoint-minutes", &args.checkpoint_minutes.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words.try_clone()?)
        .spawn()?;
    Ok(Job { process, words })
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
