//! How the numbers of a raster are best read: block by block, or some blocks at once.

use std::path::Path;

use gdal::{Dataset, Metadata};

use crate::raster::Window;

/// The shortest side of a block that is read by itself, in pixels: a patch is put together from few of them.
const SHORTEST_SIDE: usize = 32;
/// The largest block that is read by itself, in bytes.
const MOST_BLOCK_BYTES: usize = 64 << 20;
/// Bytes of one band that are read at once where bands share blocks, or these are rows: those of the other bands stay in
/// GDAL's cache.
const SHARED_BYTES: usize = 1 << 20;
/// Bytes of one band that are read at once where other files or a server are behind the raster: they are asked for much at a
/// time.
const DISTANT_BYTES: usize = 8 << 20;
/// Handles that read side by side where bands share blocks: what each has read of the other bands has room in GDAL's cache.
const SHARED_READERS: usize = 4;

/// How much of a raster is best read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// One block of one band, which lies in a file on disk by itself: it needs no cache.
    Blocks,
    /// A window of one band of at most about so many bytes, but not less than a block.
    Windows {
        /// Bytes of the window.
        bytes: usize,
        /// How many handles may read side by side: more would put what others need out of the cache, or ask a server for
        /// more than it gives.
        readers: usize,
    },
}

impl Access {
    /// For `dataset`, which was opened from `path` and has blocks of `block` columns and rows with numbers of `number_bytes`.
    pub(super) fn of(
        dataset: &Dataset,
        path: &Path,
        block: (usize, usize),
        number_bytes: usize,
    ) -> Self {
        let is_file = path.is_file() && dataset.driver().short_name() == "GTiff";
        if !is_file {
            return Self::Windows { bytes: DISTANT_BYTES, readers: 1 };
        }
        let interleaving = dataset.metadata_item("INTERLEAVE", "IMAGE_STRUCTURE");
        let by_band = dataset.raster_count() == 1 || interleaving.as_deref() == Some("BAND");
        let fits = block.0.min(block.1) >= SHORTEST_SIDE
            && block.0 * block.1 * number_bytes <= MOST_BLOCK_BYTES;
        if by_band && fits {
            Self::Blocks
        } else {
            Self::Windows { bytes: SHARED_BYTES, readers: SHARED_READERS }
        }
    }
}

/// The place of the block of `block` columns and rows that is `window`, in a raster of `extent` columns and rows, if there is
/// one.
pub(super) fn block_of(
    window: Window,
    block: (usize, usize),
    extent: (usize, usize),
) -> Option<(usize, usize)> {
    let place = |start: usize, length: usize, block: usize, extent: usize| {
        let whole = start.is_multiple_of(block) && length == block.min(extent - start);
        whole.then(|| start / block)
    };
    let column = place(window.column, window.width, block.0, extent.0)?;
    Some((column, place(window.row, window.height, block.1, extent.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_are_blocks_are_found_also_at_the_edges() {
        let find = |column, row, width, height| {
            block_of(Window { column, row, width, height }, (256, 100), (600, 250))
        };
        assert_eq!(find(0, 0, 256, 100), Some((0, 0)));
        assert_eq!(find(512, 200, 88, 50), Some((2, 2)));
        assert_eq!(find(512, 200, 88, 49), None);
        assert_eq!(find(0, 0, 512, 100), None);
        assert_eq!(find(1, 0, 256, 100), None);
    }
}
