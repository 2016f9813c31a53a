//! `tesela importances`: what the features of a run are worth to its models.

use std::path::PathBuf;

use super::{Console, ExitStatus};
use crate::progress::Progress;
use crate::report::{plain_table, write_report};
use crate::training::{
    FeatureGroup, PERMUTATIONS, PermutationImportance, PermutationOptions, RunDirectory, Sample,
    permutation_importances,
};

/// How many features are listed.
const LISTED: usize = 30;

/// Measure what features are worth to the models of a run, by shuffling them
///
/// The features of a channel, and those of a statistic, are shuffled together among the held-out cells of each fold; the
/// importance is how much the log-loss rises. Writes `importances.csv` into the run, and its report anew.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportancesArgs {
    /// Directory of a run of trees that is done, or a folder that holds one
    run: PathBuf,

    /// How often each group is shuffled in each fold
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,

    /// Shuffle the features of patches one by one, too
    #[arg(long)]
    each: bool,
}

pub(crate) fn run(args: &ImportancesArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let run = RunDirectory::find(&args.run)?;
    let sample = Sample::open(&run.experiment()?)?;
    let repeats = usize::try_from(args.repeats)?;
    let options = PermutationOptions { repeats, each: args.each };
    let all = permutation_importances(&run, &sample, options, console)?;
    console.finish("");
    for (group, title) in [
        (FeatureGroup::Feature, "feature"),
        (FeatureGroup::Channel, "channel"),
        (FeatureGroup::Statistic, "statistic"),
    ] {
        let own: Vec<_> = all.iter().filter(|one| one.group == group).take(LISTED).collect();
        if !own.is_empty() {
            console.data(table(title, &own))?;
        }
    }
    write_report(&run)?;
    console.data(run.path().join(PERMUTATIONS).display())?;
    Ok(ExitStatus::Success)
}

fn table(title: &'static str, rows: &[&PermutationImportance]) -> impl std::fmt::Display {
    let row = |one: &&PermutationImportance| {
        [one.name.clone(), format!("{:+.4}", one.importance), format!("{:.4}", one.deviation)]
    };
    plain_table([title, "log-loss rises by", "deviation"], rows.iter().map(row).collect())
}
