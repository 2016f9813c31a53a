//! Preparing: from data to a store.
//!
//! Three kinds of data are prepared: a mosaic with a grid of cells ([`prepare_mosaic`]), ready-made patches in a
//! folder or zip archive with one folder per class ([`prepare_patches`]), and a table ([`prepare_table`]). All read under a descriptor,
//! stream with bounded memory, and end with a store that appears whole, or with nothing.
//!
//! A store remembers what it was made of. Preparing it again from the same inputs does nothing; from
//! others it is refused, so that no experiment loses its data.

mod coverage;
mod error;
mod mosaic;
mod origin;
mod patches;
mod sink;
mod table;

pub use coverage::{Coverage, KnownNumbers, UsedPixels};
pub use error::PrepareError;
pub use mosaic::{MosaicInput, prepare_mosaic};
pub use origin::Terms;
pub use patches::{PatchesInput, prepare_patches};
pub use sink::Prepared;
pub use table::{TableInput, prepare_table};
