//! The 18 statistics and the names of their columns.

use crate::channels::ChannelSet;

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
