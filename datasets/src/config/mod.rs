//! Configuration: TOML files that are checked once, at the door.
//!
//! A raw struct mirrors the file and denies unknown keys; [`read_toml`] reads it and answers a misspelt key
//! with the nearest right one. Its `check` gathers every [`Problems`] before it reports, so that a file
//! is mended in one go.

mod problems;
mod toml_file;

pub use problems::{InvalidConfig, Problems};
pub use toml_file::{ConfigError, parse_toml, read_toml};
