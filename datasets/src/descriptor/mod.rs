//! Descriptors: what a data set is, declared in one TOML file.
//!
//! A descriptor names the source and the licence of a data set, and the classes that it knows. Of imagery it says
//! how stored numbers become reflectance, and in which order files hold the bands; of a table, which columns say
//! what a row is and which are learned from. Everything that is read
//! from imagery is read under a descriptor, so nothing about pixels is ever guessed. Descriptors of known
//! data sets lie in `datasets/descriptors/` and are built into the program.
//!
//! ```toml
//! name = "state-2010"
//! source = "Geometric median of Landsat 5 and 7, 2010"
//! licence = "CC-BY-4.0"
//! product = "c1"                      # or [scale]; see FEATURES section 1
//! bands = ["blue", "green", "red", "nir", "swir1", "swir2"]   # as in the file; "-" is not used
//! classes = ["non-urban", "urban"]
//! [mosaic]
//! ```
//!
//! A table has no bands and no product:
//!
//! ```toml
//! name = "plots-2020"
//! source = "National forest inventory, plots of 2020"
//! licence = "CC-BY-4.0"
//! classes = ["conifers", "broadleaves"]
//! [table]
//! path = "plots.csv"                  # or --table
//! id = "plot"                         # columns by name; all but `id` may be left out
//! label = "type"
//! group = "state"
//! year = "year"
//! x = "easting"
//! y = "northing"
//! crs = "EPSG:32614"
//! columns = ["slope", "rain"]         # or `ignore = ["notes"]`: all columns of numbers, but these
//! ```
//!
//! Start with [`Descriptor::load`].

mod builtin;
mod checked;
mod file_bands;
mod pattern;
mod raw;
mod table;

pub use checked::{DataKind, Descriptor, Imagery};
pub use file_bands::{FileBands, FileBandsError};
pub use pattern::{PathPattern, PatternError};
pub use raw::{RawDescriptor, RawMosaic, RawPatches, RawScale, RawTable};
pub use table::TableSource;
