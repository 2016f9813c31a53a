//! The grid whose cells are predicted.

use std::path::PathBuf;

use super::InferenceError;
use crate::grid::{GridColumns, GridError, GridReader, GridRequest};

/// Where a grid lies, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridInput {
    /// The file.
    pub path: PathBuf,
    /// The layer; `None` takes the only one.
    pub layer: Option<String>,
    /// The column of ids.
    pub id_column: String,
    /// Whether each cell will be a pixel of a raster, for which they must stand in rows and columns.
    pub as_raster: bool,
}

impl GridInput {
    /// Begins to read it, with its labels where it has any.
    ///
    /// # Errors
    /// If it is no grid.
    pub(super) fn open(&self) -> Result<GridReader, InferenceError> {
        self.open_as(false)
    }

    /// Begins to read it again, after all of it was read.
    ///
    /// # Errors
    /// If it is no grid.
    pub(super) fn open_again(&self) -> Result<GridReader, InferenceError> {
        self.open_as(true)
    }

    fn open_as(&self, known_ids: bool) -> Result<GridReader, InferenceError> {
        let columns = GridColumns { id: self.id_column.clone(), ..GridColumns::default() };
        let layer = self.layer.clone();
        let mut request = GridRequest { columns, layer, known_ids, ..GridRequest::default() };
        match GridReader::open(&self.path, &request) {
            // A grid on which nothing is labelled is as good as any here.
            Err(GridError::Classes { .. }) => {
                request.ignore_labels = true;
                Ok(GridReader::open(&self.path, &request)?)
            }
            opened => Ok(opened?),
        }
    }
}
