//! Writes a grid in the format that its file name asks for.

use std::path::Path;

use tesela_datasets::cell::Cell;
use tesela_datasets::cells::{CellTableHeader, CellTableWriter};
use tesela_datasets::class::ClassMap;

use super::GridError;
use crate::raster::{CoordinateSystem, GeoPackageWriter};

/// Writes a grid as GeoPackage (`.gpkg`) or GeoParquet (`.parquet`).
///
/// The file appears under its name when [`GridWriter::finish`] succeeds.
#[derive(Debug)]
pub struct GridWriter {
    inner: Inner,
}

enum Inner {
    GeoPackage(GeoPackageWriter),
    Table(Box<CellTableWriter>),
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::GeoPackage(_) => "GeoPackage",
            Self::Table(_) => "Table",
        })
    }
}

impl GridWriter {
    /// Begins the file at `path`.
    ///
    /// # Errors
    /// If the ending of the name is neither of the two, or the file cannot be made.
    pub fn create(
        path: &Path,
        crs: &CoordinateSystem,
        classes: &ClassMap,
    ) -> Result<Self, GridError> {
        let inner = match extension(path).as_deref() {
            Some("gpkg") => Inner::GeoPackage(GeoPackageWriter::create(path, crs, classes)?),
            Some("parquet") => {
                let header = CellTableHeader { classes: classes.clone(), crs: Some(crs.to_crs()) };
                Inner::Table(Box::new(CellTableWriter::create(path, &header)?))
            }
            _ => return Err(GridError::Format { path: path.to_owned() }),
        };
        Ok(Self { inner })
    }

    /// Writes `cells` after those written before.
    ///
    /// # Errors
    /// If the disk is full or the file is gone.
    pub fn append(&mut self, cells: &[Cell]) -> Result<(), GridError> {
        match &mut self.inner {
            Inner::GeoPackage(writer) => Ok(writer.append(cells)?),
            Inner::Table(writer) => Ok(writer.append(cells)?),
        }
    }

    /// Puts the file under its name.
    ///
    /// # Errors
    /// If the disk is full or the name cannot be taken.
    pub fn finish(self) -> Result<(), GridError> {
        match self.inner {
            Inner::GeoPackage(writer) => writer.finish()?,
            Inner::Table(writer) => {
                writer.finish()?;
            }
        }
        Ok(())
    }
}

/// The ending of a file name, in lower case.
pub(super) fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase())
}
