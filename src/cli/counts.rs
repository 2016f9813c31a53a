//! Tables and remarks on the cells of a store, which several subcommands print.

use comfy_table::{CellAlignment, Table, presets};
use tesela_datasets::channels::ChannelSet;
use tesela_datasets::class::ClassMap;
use tesela_datasets::store::Counts;

use crate::prepare::UsedPixels;

/// How many cells are of each class, and how many have enough pixels.
pub(super) fn counts_table(classes: &ClassMap, counts: &Counts, used: &UsedPixels) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["cells", "number", "share"]);
    let mut row = |name: &str, count: u64| {
        let share = 100.0 * count as f64 / counts.cells.max(1) as f64;
        table.add_row([name.to_owned(), count.to_string(), format!("{share:.2} %")]);
    };
    for (name, &count) in classes.names().iter().zip(&counts.classes) {
        row(name, count);
    }
    if counts.undefined > 0 {
        row("undefined", counts.undefined);
    }
    row("total", counts.cells);
    row("all pixels used", used.all);
    row("25 to 100 % used", used.most);
    row("below 25 % used", used.few);
    row("no pixel used", used.none);
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Which channels a collection lacks, if any.
pub(super) fn left_out_text(channels: &ChannelSet) -> Option<String> {
    let left_out: Vec<String> = channels.left_out().iter().map(ToString::to_string).collect();
    (!left_out.is_empty()).then(|| {
        format!(
            "{} of 27 channels; left out for missing bands: {}",
            channels.len(),
            left_out.join(", ")
        )
    })
}
