//! `tesela label`: makes a grid and labels it from polygons.

use std::path::PathBuf;

use comfy_table::{CellAlignment, Table};

use super::{Console, ExitStatus};
use crate::label::{LabelPlan, LabelSummary, label_grid};

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
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["label", "cells", "share"]);
    let mut row = |name: &str, count: u64| {
        let share = 100.0 * count as f64 / total.max(1) as f64;
        table.add_row([name.to_owned(), count.to_string(), format!("{share:.2} %")]);
    };
    for (name, count) in &summary.classes {
        row(name, *count);
    }
    row("undefined", summary.undefined);
    row("total", total);
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
