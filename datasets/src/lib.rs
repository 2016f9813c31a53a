//! What the data is: classes, cells, patches, channels, features, folds and the store.
//!
//! This package knows neither models nor rasters: it holds what both agree on. From the bottom up:
//!
//! - [`class`], [`cell`], [`patch`], [`table`]: the words of the field as types;
//! - [`cells`]: tables of cells as files;
//! - [`channels`], [`features`]: what is computed from the pixels of a patch;
//! - [`fold`], [`normalisation`]: what is derived from a collection;
//! - [`store`], [`table_file`], [`descriptor`]: how a collection lies on disk, and how it is declared;
//! - [`source`]: the trait through which everything above reads cells.
//!
//! [`config`] checks TOML files at the door; [`random`] is the only origin of randomness; [`whole_file`] makes
//! files appear whole, and a [`file_mark`] knows them again.

pub mod cell;
pub mod cells;
pub mod channels;
pub mod class;
pub mod config;
pub mod descriptor;
pub mod features;
pub mod file_mark;
pub mod fold;
pub mod hex;
pub mod memory;
pub mod normalisation;
pub mod patch;
pub mod pixel;
pub mod random;
pub mod source;
pub mod store;
pub mod table;
pub mod table_file;
pub mod whole_file;
