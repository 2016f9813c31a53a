//! The command line: one file per subcommand, and the only room that prints.
//!
//! Each subcommand loads, calls the library and prints. Data goes to standard output, everything else to
//! standard error; the exit code is 0 (done), 1 (the answer is no) or 2 (it could not be done).

mod assess;
mod compare;
mod console;
mod counts;
mod devices;
mod evaluate;
mod export;
mod importances;
mod inspect;
mod label;
mod map_forms;
mod map_making;
mod map_targets;
mod merge;
mod predict;
mod prepare;
mod report;
mod screen;
mod simulate;
mod train;
mod variogram;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use console::Console;

/// Classify the cells of a country from satellite imagery, with figures that hold on the map
#[derive(Debug, Parser)]
#[command(name = "tesela", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

/// What every subcommand understands.
#[derive(Debug, clap::Args)]
struct GlobalArgs {
    /// Print errors, warnings and results only
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Assess(assess::AssessArgs),
    Compare(compare::CompareArgs),
    Devices(devices::DevicesArgs),
    Evaluate(evaluate::EvaluateArgs),
    Export(export::ExportArgs),
    Importances(importances::ImportancesArgs),
    Inspect(inspect::InspectArgs),
    Label(label::LabelArgs),
    Merge(merge::MergeArgs),
    Predict(predict::PredictArgs),
    Prepare(prepare::PrepareArgs),
    Report(report::ReportArgs),
    Simulate(simulate::SimulateArgs),
    Train(train::TrainArgs),
}

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// What was asked is done.
    Success,
    /// It was done, and the answer is no.
    No,
}

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut console = Console::new(cli.global.quiet);
    let result = set_threads(cli.global.threads).and_then(|()| dispatch(&cli, &mut console));
    match result {
        Ok(ExitStatus::Success) => ExitCode::SUCCESS,
        Ok(ExitStatus::No) => ExitCode::from(1),
        Err(error) => {
            console.error(&error);
            ExitCode::from(2)
        }
    }
}

fn dispatch(cli: &Cli, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let threads = cli.global.threads.map(usize::from);
    match &cli.command {
        Command::Assess(args) => assess::run(args, console),
        Command::Compare(args) => compare::run(args, console),
        Command::Devices(args) => devices::run(args, console),
        Command::Evaluate(args) => evaluate::run(args, console),
        Command::Export(args) => export::run(args, console),
        Command::Importances(args) => importances::run(args, console),
        Command::Inspect(args) => inspect::run(args, console),
        Command::Label(args) => label::run(args, console),
        Command::Merge(args) => merge::run(args, console),
        Command::Predict(args) => predict::run(args, console),
        Command::Prepare(args) => prepare::run(args, console),
        Command::Report(args) => report::run(args, console),
        Command::Simulate(args) => simulate::run(args, console),
        Command::Train(args) => train::run(args, threads, console),
    }
}

/// Limits the pool that all parallel work shares.
fn set_threads(threads: Option<u16>) -> anyhow::Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    Ok(())
}
