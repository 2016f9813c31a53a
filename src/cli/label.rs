//! `tesela label`: makes a grid and labels it from polygons.

use std::path::PathBuf;

use comfy_table::Table;

use super::{Console, ExitStatus};
use crate::label::{LabelPlan, LabelSummary, label_grid};
use crate::report::{grouped, percent, plain_table};

/// Label the cells of a grid from polygons
///
/// A cell is of a class when the polygons of that class cover at least a given share of it, of the rest class
/// when they cover less than a second share and the source says something about the cell at all, and
/// undefined otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct LabelArgs {
    /// Label file, such as `experiments/olinda/labels-1km.toml`
    labels: PathBuf,

    /// File to write; its ending says the format: `.gpkg` or `.parquet`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &LabelArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let plan = LabelPlan::load(&args.labels)?;
    let summary = label_grid(&plan, &args.out, console)?;
    console.data(to_table(&summary))?;
    console.data(format!("grid: {}", summary.path.display()))?;
    Ok(ExitStatus::Success)
}

fn to_table(summary: &LabelSummary) -> Table {
    let labelled: u64 = summary.classes.iter().map(|(_, count)| count).sum();
    let total = labelled + summary.undefined;
    let classes = summary.classes.iter().map(|(name, count)| (name.as_str(), *count));
    let rest = [("undefined", summary.undefined), ("total", total)];
    let row = |(name, count): (&str, u64)| {
        [name.to_owned(), grouped(count), percent(count as f64 / total.max(1) as f64)]
    };
    plain_table(["label", "cells", "share"], classes.chain(rest).map(row).collect())
}
