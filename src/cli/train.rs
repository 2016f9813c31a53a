//! `tesela train`: an experiment, from its file to a measured run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tesela_datasets::fold::{FoldPlan, Scheme};
use tesela_models::device::DeviceLoad;

use super::{Console, ExitStatus};
use crate::experiment::Experiment;
use crate::inspection::ContactSheets;
use crate::metrics::Summary;
use crate::progress::Progress;
use crate::report::{
    Picture, RunWatch, class_table, grouped, how, log_run, publish, scheme_table, score_table,
    write_report,
};
use crate::training::{
    Access, CrossValidation, Job, Measurement, Part, RunDirectory, RunManifest, RunOptions, Sample,
    SchemeMeasurement, cross_validate, train_in_processes, worst_classified,
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

    /// Have at most so many patches of a batch on the device at a time, or as many as fit (`auto`); gradients are added up to
    /// those of the whole batch, but a batch norm sees the parts [default: the whole batch]
    #[arg(long, value_name = "N|auto")]
    batch: Option<DeviceLoad>,

    /// The position of the device to take, counted from 0
    #[arg(long, hide = true, default_value = "0")]
    slot: usize,
}

impl TrainArgs {
    /// The device of this process.
    fn own_device(&self) -> &str {
        self.device.get(self.slot % self.device.len().max(1)).map_or("flex", String::as_str)
    }

    /// How many patches of a batch are on the device at a time.
    fn load(&self) -> DeviceLoad {
        self.batch.unwrap_or_default()
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
        "{}: {} cells of {} classes, {}",
        experiment.name(),
        grouped(sample.len() as u64),
        sample.classes().len(),
        folds_of(sample.plan())
    ));
    console.note(format!("the run lies in `{}`", path.display()));
    let folds = sample.plan().folds();
    let events = path.join("tensorboard");
    if let Some(jobs) = args.jobs.map(usize::from).filter(|&jobs| jobs > 1) {
        let undone = (0..folds).filter(|&fold| !directory.is_done(Part::Fold(fold)));
        let undone: Vec<usize> = undone.collect();
        let jobs = jobs.min(undone.len()).max(1);
        let mut start = |fold, slot| job(args, &path, fold, slot, threads_each(threads, jobs));
        train_in_processes(&undone, jobs, &mut start, console)?;
        directory.take_alone()?;
    }
    let options = RunOptions {
        fold: args.fold,
        threads,
        device: args.own_device(),
        checkpoint_every,
        load: args.load(),
    };
    let mut watch = RunWatch::new(console, &events, experiment.name()).with_profile(args.profile);
    let result = cross_validate(&experiment, &sample, &directory, options, &mut watch)
        .with_context(|| format!("the run in `{}` is not complete", path.display()))?;
    match result {
        CrossValidation::Complete(measurement) => {
            let pictures = publish(&measurement, experiment.name(), &path)?;
            let worst = worst_sheet(&directory, &sample)?;
            let logged = log_run(&measurement, &pictures, worst.as_ref(), &events.join("all"));
            if let Err(message) = logged {
                console.warn(&message);
            }
            print(&measurement, console)?;
            if let Some(decided) = directory.decided_scores()? {
                console.data("\nWith the operating point, where the model is used:")?;
                console.data(class_table(&decided, None))?;
            }
            match write_report(&directory) {
                Ok(report) => console.note(format!("the report is `{}`", report.display())),
                Err(error) => console.warn(&format!("there is no report: {:#}", anyhow!(error))),
            }
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

/// The folds of a plan in words, such as `10 random folds and 10 folds of spatial blocks`.
fn folds_of(plan: &FoldPlan) -> String {
    let mut schemes: Vec<(Scheme, usize)> = Vec::new();
    for partition in plan.partitions() {
        match schemes.last_mut().filter(|last| last.0 == partition.scheme()) {
            Some(last) => last.1 += partition.folds(),
            None => schemes.push((partition.scheme(), partition.folds())),
        }
    }
    let words: Vec<String> = schemes.iter().map(|&(scheme, folds)| how(scheme, folds)).collect();
    words.join(" and ")
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
        .args(args.batch.iter().flat_map(|load| ["--batch".to_owned(), load.to_string()]))
        .args(["--checkpoint-minutes", &args.checkpoint_minutes.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words.try_clone()?)
        .spawn()?;
    Ok(Job { process, words })
}

/// The tables at the end of a run or an evaluation.
pub(super) fn print(measurement: &Measurement, console: &mut Console) -> anyhow::Result<()> {
    let (headline, together) = (measurement.headline(), &measurement.schemes[0]);
    let (sample, target) = (&headline.sample, headline.target.as_ref());
    let several = if together.folds > 1 { together.sample.as_slice() } else { &[] };
    let at_target = target.zip(together.target.as_deref());
    let at_target = at_target.map(|(target, summary)| (&target.pooled, summary));
    let by_stratum = measurement.strata > 0;
    if measurement.schemes.len() > 1 {
        console.data(side_by_side(measurement))?;
        console.data(format!("\nBy {}:", headline.scheme.words()))?;
    }
    console.data(format!("{}\n", score_table(&sample.pooled, several, at_target, by_stratum)))?;
    console.data(class_table(&sample.pooled, target.map(|target| &target.pooled)))?;
    Ok(())
}

/// What the schemes say, each in its column.
fn side_by_side(measurement: &Measurement) -> String {
    let columns = |which: fn(&SchemeMeasurement) -> Option<&[Summary]>| {
        let schemes = measurement.schemes.iter();
        let named = schemes.map(|one| Some((one.scheme.words().to_owned(), which(one)?)));
        named.collect::<Option<Vec<_>>>()
    };
    let sample = columns(|one| Some(&one.sample)).unwrap_or_default();
    let mut text = scheme_table(&sample).to_string();
    if let Some(target) = columns(|one| one.target.as_deref()) {
        let by_stratum = if measurement.strata > 0 { " (by stratum)" } else { "" };
        text += &format!("\n\nAt the target prevalence{by_stratum}:\n{}", scheme_table(&target));
    }
    text
}
