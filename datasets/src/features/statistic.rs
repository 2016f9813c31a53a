//! The 18 statistics and the names of their columns.

use crate::channels::{Channel, ChannelSet};

/// Bins of a histogram.
pub const BINS: usize = 10;

/// The statistics of a channel, in the order of the columns.
pub const STATISTICS: [&str; 18] = [
    "mean", "var", "median", "cv", "skew", "kurt", "entropy", "h0", "h1", "h2", "h3", "h4", "h5",
    "h6", "h7", "h8", "h9", "center",
];

/// The names of the columns, `{channel}_{statistic}`, channel by channel.
pub fn column_names(channels: &ChannelSet) -> Vec<String> {
    let names = channels.channels().iter().map(|channel| channel.name());
    names.flat_map(|name| STATISTICS.map(|statistic| format!("{name}_{statistic}"))).collect()
}

/// The channel and the statistic of a column that [`column_names`] has named; `None` for any other name.
pub fn parts_of(column: &str) -> Option<(Channel, &'static str)> {
    let statistic = STATISTICS
        .iter()
        .find(|name| column.strip_suffix(**name).is_some_and(|rest| rest.ends_with('_')))?;
    let channel = &column[..column.len() - statistic.len() - 1];
    Some((Channel::from_name(channel)?, statistic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::{PixelDefinition, Product};

    #[test]
    fn every_column_has_the_parts_that_it_was_named_after() {
        let channels = Channel::ALL;
        for (index, column) in
            column_names(&ChannelSet::of(&PixelDefinition::of_product(Product::C1)))
                .iter()
                .enumerate()
        {
            let expected =
                (channels[index / STATISTICS.len()], STATISTICS[index % STATISTICS.len()]);
            assert_eq!(parts_of(column), Some(expected), "{column}");
        }
        for other in ["height", "mean", "_mean", "swir9_mean", ""] {
            assert_eq!(parts_of(other), None, "{other}");
        }
    }
}
