//! What GDAL says where a network fails, and what it must forget then.

use std::path::{Path, PathBuf};

use gdal::Dataset;
use gdal::errors::GdalError;

use super::names::is_remote;
use super::settings::{with_setting, without_listing};
use crate::raster::open::take_messages;

/// Why GDAL could not open or read something.
#[derive(Debug)]
pub(crate) struct NetworkFailure {
    pub(crate) source: GdalError,
    /// All that it said, warnings too, the first causes first.
    pub(crate) messages: Vec<String>,
}

impl std::fmt::Display for NetworkFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.said())
    }
}

impl NetworkFailure {
    /// The message that says most: one of the network, or else the first.
    pub(crate) fn said(&self) -> String {
        let of_network = self.messages.iter().find(|message| speaks_of_network(message));
        let said = of_network.or(self.messages.first()).cloned();
        let said = said.unwrap_or_else(|| self.source.to_string());
        // What GDAL does next is over when this is read.
        said.split(". Retrying again").next().unwrap_or_default().trim_end_matches('.').to_owned()
    }

    /// The files in which reading failed: that of the raster, or tiles of it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let named = self.messages.iter().filter_map(|message| message.split_once(", band "));
        named.map(|(file, _)| PathBuf::from(file)).collect()
    }

    /// What was said of a file that is not there, if that is the reason.
    pub(crate) fn missing_file(&self) -> Option<String> {
        let is_missing = |said: &&String| {
            said.contains("No such file")
                || said.contains("does not exist")
                || said.contains("response code: 404")
        };
        self.messages.iter().find(is_missing).cloned()
    }
}

fn speaks_of_network(message: &str) -> bool {
    let words = ["HTTP", "response_code", "curl error", "Range downloading"];
    words.iter().any(|word| message.contains(word))
}

/// Makes GDAL forget what it has fetched of `file`, if that lies behind a network. It keeps a part whose transfer broke
/// off, and takes it for the end of the file however often it is asked again.
pub(crate) fn forget(file: &Path) {
    if !is_remote(file) {
        return;
    }
    // The cache of a file that was opened under this setting is dropped when it is closed, also where opening fails.
    let name = file.to_string_lossy();
    with_setting("CPL_VSIL_CURL_NON_CACHED", &name, || {
        without_listing(|| drop(Dataset::open(file)));
    });
    // Nobody asked whether it can be opened.
    take_messages();
}
