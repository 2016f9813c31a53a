//! What GDAL is told about networks, unless the user has told it otherwise.

use std::sync::Once;

use gdal::config::{
    clear_thread_local_config_option, get_config_option, get_thread_local_config_option,
    set_config_option, set_thread_local_config_option,
};

/// How often GDAL asks again by itself where a server is busy (status 429, 502, 503, 504).
pub(super) const MAX_RETRY: &str = "GDAL_HTTP_MAX_RETRY";
/// Seconds before it does so for the first time.
pub(super) const RETRY_DELAY: &str = "GDAL_HTTP_RETRY_DELAY";
const READDIR: &str = "GDAL_DISABLE_READDIR_ON_OPEN";

/// By itself GDAL waits for ever, never asks twice, and fetches 16 kB at a time.
const DEFAULTS: [(&str, &str); 8] = [
    (MAX_RETRY, "3"),
    (RETRY_DELAY, "1"),
    ("GDAL_HTTP_CONNECTTIMEOUT", "20"),
    // A transfer that stays below 1 kB a second for half a minute has failed.
    ("GDAL_HTTP_LOW_SPEED_TIME", "30"),
    ("GDAL_HTTP_LOW_SPEED_LIMIT", "1000"),
    ("GDAL_HTTP_MERGE_CONSECUTIVE_RANGES", "YES"),
    // A block of 256 × 256 pixels of six bands, compressed, has some hundred kilobytes.
    ("CPL_VSIL_CURL_CHUNK_SIZE", "262144"),
    ("CPL_VSIL_CURL_CACHE_SIZE", "67108864"),
];

/// Makes the settings, once. They say nothing about files on disk.
pub(crate) fn prepare_for_networks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (key, value) in DEFAULTS {
            if setting(key).is_none() {
                // Failing only means that GDAL's own default holds.
                drop(set_config_option(key, value));
            }
        }
    });
}

/// Runs `open`, in which GDAL does not list the folder around a file: servers do not answer that, or slowly. Side files
/// of a remote mosaic (`.aux.xml`, `.ovr`) are therefore not looked for, unless the user has set the listing.
pub(crate) fn without_listing<T>(open: impl FnOnce() -> T) -> T {
    if setting(READDIR).is_some() { open() } else { with_setting(READDIR, "EMPTY_DIR", open) }
}

/// Runs `action`, in which `key` has `value` on this thread.
pub(super) fn with_setting<T>(key: &str, value: &str, action: impl FnOnce() -> T) -> T {
    let former = get_thread_local_config_option(key, "").unwrap_or_default();
    // Failing only means some requests more.
    drop(set_thread_local_config_option(key, value));
    let done = action();
    drop(if former.is_empty() {
        clear_thread_local_config_option(key)
    } else {
        set_thread_local_config_option(key, &former)
    });
    done
}

/// What the user, or this program, has set.
pub(super) fn setting(key: &str) -> Option<String> {
    get_config_option(key, "").ok().filter(|value| !value.is_empty())
}
