//! Why a map could not be read or written.

use std::path::PathBuf;

use tesela_datasets::cells::CellTableError;

use crate::raster::RasterError;

/// Why a map could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The table of cells cannot be read or written.
    #[error(transparent)]
    Cells(#[from] CellTableError),
    /// The file is not Parquet: another form of a map, perhaps.
    #[error(
        "`{}` cannot be read as Parquet; expected a map in its first form, GeoParquet (`tesela predict --out map.parquet`), from \
         which the others are made",
        .path.display()
    )]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// What the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is a table of cells, and not a map.
    #[error("`{}` is not a map that `tesela predict` has made: {reason}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A value does not belong into its column.
    #[error("cell `{id}` of map `{}`: {reason}", .path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The cell.
        id: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// The rows to be written are not like the header says.
    #[error("cannot write rows to the map `{}`: {reason}", .path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A form of the map needs a regular grid, and this is none.
    #[error("map `{}` cannot be drawn as a raster: {reason}", .path.display())]
    NoLattice {
        /// The file.
        path: PathBuf,
        /// What keeps its cells from being one.
        reason: String,
    },
    /// A raster or vector file of the map cannot be written.
    #[error("cannot write a form of the map")]
    Raster(#[from] RasterError),
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}
