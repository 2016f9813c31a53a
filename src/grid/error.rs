//! Why a grid could not be made, read or written.

use std::path::PathBuf;

use tesela_datasets::cells::{CellTableError, UniqueIdsError};
use tesela_datasets::class::ClassMapError;

use crate::raster::RasterError;

/// Why a grid could not be made, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The user asked to stop.
    #[error("reading the grid was interrupted")]
    Interrupted,
    /// The file cannot be read or written as a raster or vector file.
    #[error(transparent)]
    Raster(Box<RasterError>),
    /// The file cannot be read or written as a table of cells.
    #[error(transparent)]
    Table(#[from] CellTableError),
    /// The size of cells is not usable.
    #[error(
        "cell size {found} is not usable; expected metres from 0.001 to 1,000,000, in whole millimetres"
    )]
    CellSize {
        /// The size.
        found: f64,
    },
    /// The extent encloses nothing.
    #[error(
        "extent from ({min_x}, {min_y}) to ({max_x}, {max_y}) is not usable; expected min below max, in metres"
    )]
    Extent {
        /// Western edge.
        min_x: f64,
        /// Southern edge.
        min_y: f64,
        /// Eastern edge.
        max_x: f64,
        /// Northern edge.
        max_y: f64,
    },
    /// There would be too many cells.
    #[error(
        "the grid has {found} cells; at most {} are possible, so take larger cells or a smaller extent",
        u32::MAX
    )]
    TooMany {
        /// How many cells there would be.
        found: u128,
    },
    /// Ids need a code to begin with.
    #[error(
        "`{crs}` has no code, from which the ids of cells are made; expected a coordinate reference system such as `EPSG:6372`"
    )]
    NoCode {
        /// The coordinate reference system.
        crs: String,
    },
    /// The name of the file does not say what it should be.
    #[error("`{}` is not a name for a grid; expected one that ends in `.gpkg` or `.parquet`", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Columns of a table of cells have fixed names.
    #[error("`{}` is a table of cells, whose columns are `cell_id`, `label` and `year`; column `{column}` cannot be chosen", .path.display())]
    FixedColumns {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
    },
    /// A cell has no id.
    #[error("feature {feature} of `{}` has no `{column}`; every cell needs an id", .path.display())]
    NoId {
        /// The file.
        path: PathBuf,
        /// Number of the feature.
        feature: u64,
        /// The id column.
        column: String,
    },
    /// An id stands twice.
    #[error("the ids of the cells in `{}` cannot be used", .path.display())]
    Ids {
        /// The file.
        path: PathBuf,
        /// Which, and why.
        source: UniqueIdsError,
    },
    /// A cell is not one polygon without holes.
    #[error("the outline of cell `{id}` in `{}` is {found}; expected one polygon without holes", .path.display())]
    Outline {
        /// The file.
        path: PathBuf,
        /// The cell.
        id: String,
        /// What it is.
        found: String,
    },
    /// A label is none of the classes.
    #[error("cell `{id}` of `{}` is labelled `{label}`; the classes are {classes}", .path.display())]
    UnknownClass {
        /// The file.
        path: PathBuf,
        /// The cell.
        id: String,
        /// The label.
        label: String,
        /// The classes that there are.
        classes: String,
    },
    /// A year is not one.
    #[error("cell `{id}` of `{}` has the year `{year}`; expected a whole number", .path.display())]
    Year {
        /// The file.
        path: PathBuf,
        /// The cell.
        id: String,
        /// What stands for the year.
        year: String,
    },
    /// The labels do not make classes.
    #[error("the labels of `{}` make no classes", .path.display())]
    Classes {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ClassMapError,
    },
}

impl From<RasterError> for GridError {
    fn from(error: RasterError) -> Self {
        Self::Raster(Box::new(error))
    }
}
