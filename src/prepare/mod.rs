//! Preparing: from imagery to a store.
//!
//! Two kinds of imagery are prepared: a mosaic with a grid of cells ([`prepare_mosaic`]), and ready-made patches
//! in a folder or zip archive with one folder per class ([`prepare_patches`]). Both read under a descriptor,
//! stream with bounded memory, and end with a store that appears whole, or with nothing.
//!
//! A store remembers what it was made of. Preparing it again from the same inputs does nothing; from
//! others it is refused, so that no experiment loses its data.

mod error;
mod mosaic;
mod origin;
mod patches;
mod plausibility;
mod sink;

pub use error::PrepareError;
pub use mosaic::{MosaicInput, prepare_mosaic};
pub use patches::{PatchesInput, prepare_patches};
pub use sink::{Prepared, UsedPixels};
