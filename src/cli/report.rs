//! `tesela report`: what came out of a run, as one HTML file.

use std::path::PathBuf;

use super::{Console, ExitStatus};
use crate::report::write_report;
use crate::training::RunDirectory;

/// Write the report of runs anew
///
/// `tesela train` leaves `report.html` in the directory of a run; this writes it again, such as after an update.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// Directories of runs that are done, or folders that hold one run each
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    runs: Vec<PathBuf>,
}

pub(crate) fn run(args: &ReportArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    for path in &args.runs {
        let report = write_report(&RunDirectory::find(path)?)?;
        console.data(report.display())?;
    }
    Ok(ExitStatus::Success)
}
