//! Descriptors: what a data set is, declared in one TOML file.
//!
//! A descriptor names the source and the licence of a data set, says how its stored numbers become
//! reflectance, in which order its files hold the bands, and which classes it knows. Everything that is read
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
//! Start with [`Descriptor::load`].

mod builtin;
mod checked;
mod file_bands;
mod pattern;
mod raw;

pub use checked::{DataKind, Descriptor};
pub use file_bands::{FileBands, FileBandsError};
pub use pattern::{PathPattern, PatternError};
pub use raw::{RawDescriptor, RawMosaic, RawPatches, RawScale};
