//! A map as a picture to look at: classes in their colours, with a legend and a scale.
//!
//! A pixel of a large country stands for several cells. Their colours are mixed, and each class counts one over the
//! root of its share of the map: a class of 2 % of the cells counts seven times what one of 98 % does. So a town that
//! takes a quarter of a pixel is plainly there, and where there is none the picture does not change.

mod bins;
mod frame;
mod sheet;

use std::path::Path;

use tesela_datasets::whole_file::write_whole;

use self::bins::Bins;
use self::frame::Frame;
use self::sheet::{Sheet, draw};
use super::{MapError, MapReader};
use crate::raster::CoordinateSystem;

/// Writes the finished map `map` to `out`, a PNG with at most 2,000 pixels of country a side.
///
/// Cells of a regular grid are drawn as they lie; others are counted in squares, by their middles.
///
/// # Errors
/// If the map cannot be read, no cell has a place, or the file cannot be written; nothing is left then.
pub fn write_quick_look(map: &Path, out: &Path) -> Result<(), MapError> {
    let header = MapReader::open(map)?.header().clone();
    let classes = &header.origin.classes;
    let frame = Frame::of_map(map, classes.len())?;
    let bins = Bins::count(map, &frame)?;
    let crs = header.cells.crs.as_ref().map(CoordinateSystem::from_crs).transpose()?;
    let in_metres = crs.is_some_and(|crs| crs.require_metres().is_ok());
    let picture = draw(&Sheet { header: &header, frame: &frame, bins: &bins, in_metres });
    let failed = |source| MapError::Write { path: out.to_owned(), source };
    let bytes = picture.to_png().map_err(|error| failed(std::io::Error::other(error)))?;
    write_whole(out, &bytes).map_err(failed)
}
