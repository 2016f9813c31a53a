//! Tables and remarks on the cells of a store, which several subcommands print.

use comfy_table::Table;
use tesela_datasets::channels::ChannelSet;
use tesela_datasets::class::ClassMap;
use tesela_datasets::store::Counts;

use crate::prepare::Coverage;
use crate::report::{grouped, percent, plain_table};

/// How many cells are of each class, and how well they are known.
pub(super) fn counts_table(classes: &ClassMap, counts: &Counts, coverage: &Coverage) -> Table {
    let of_classes = classes.names().iter().map(String::as_str).zip(counts.classes.iter().copied());
    let undefined = (counts.undefined > 0).then_some(("undefined", counts.undefined));
    let total = [("total", counts.cells)];
    let known = match coverage {
        Coverage::Pixels(used) => vec![
            ("all pixels used", used.all),
            ("25 to 100 % used", used.most),
            ("below 25 % used", used.few),
            ("no pixel used", used.none),
        ],
        Coverage::Numbers(known) => vec![
            ("all numbers known", known.all),
            ("some numbers missing", known.some),
            ("no number known", known.none),
        ],
    };
    let row = |(name, count): (&str, u64)| {
        let share = count as f64 / counts.cells.max(1) as f64;
        [name.to_owned(), grouped(count), percent(share)]
    };
    let rows = of_classes.chain(undefined).chain(total).chain(known).map(row).collect();
    plain_table(["cells", "number", "share"], rows)
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
