//! From the cells of a grid, in any order, to the order in which a mosaic is read.

use std::path::{Path, PathBuf};

use tesela_datasets::cell::{Cell, Outline, Point};

use super::locate::Locator;
use super::pool::PatchPool;
use super::row_bands::{Located, RowBands};
use super::spool::{CellSpool, SpoolWriter};
use super::strips::{Reach, Wanted};
use super::usual_side::UsualSide;
use super::{CellSet, Cutter, CutterSettings, CuttingError};
use crate::raster::{CoordinateSystem, Mosaic};

/// Rows or columns of the largest patch: a window of this side still fits memory many times.
pub const MOST_PATCH_PIXELS: usize = 511;

/// Cells on disk, sorted by rows of a mosaic.
#[derive(Debug)]
pub(super) struct SortedCells {
    pub(super) spool: CellSpool,
    pub(super) bands: RowBands,
    pub(super) reach: Reach,
    /// Where they are; for error messages.
    pub(super) directory: PathBuf,
}

/// Takes in the cells of a grid in any order and sorts them on disk, so that memory does not grow with the grid.
#[derive(Debug)]
pub struct CellSorter {
    mosaic: Mosaic,
    crs: CoordinateSystem,
    locator: Locator,
    directory: PathBuf,
    spool: SpoolWriter,
    bands: RowBands,
    sides: UsualSide,
    first: Option<Outline>,
    cells: u32,
}

impl CellSorter {
    /// Begins with no cells. Their outlines will be in `crs`; they wait in files without names, some 220 bytes
    /// each, on the disk of `place`: a file or folder that need not exist yet.
    ///
    /// # Errors
    /// If outlines in `crs` cannot be brought to `mosaic`, or nothing can be written there.
    pub fn new(mosaic: Mosaic, crs: &CoordinateSystem, place: &Path) -> Result<Self, CuttingError> {
        let directory = existing_folder(place);
        let failed = |source| CuttingError::Spool { path: directory.to_owned(), source };
        Ok(Self {
            locator: Locator::new(crs, mosaic.crs(), *mosaic.placement())?,
            spool: SpoolWriter::create(directory).map_err(failed)?,
            bands: RowBands::create(directory, mosaic.rows()).map_err(failed)?,
            mosaic,
            crs: crs.clone(),
            directory: directory.to_owned(),
            sides: UsualSide::default(),
            first: None,
            cells: 0,
        })
    }

    /// Takes in the next cells of the grid; they are numbered in the order in which they come.
    ///
    /// # Errors
    /// If one has no outline, there are too many, or the disk is full.
    pub fn extend(&mut self, cells: &[Cell]) -> Result<(), CuttingError> {
        for cell in cells {
            self.push(cell)?;
        }
        Ok(())
    }

    fn push(&mut self, cell: &Cell) -> Result<(), CuttingError> {
        let outline = cell.outline.as_ref().filter(|outline| !outline.corners.is_empty());
        let outline = outline.ok_or_else(|| CuttingError::NoOutline { id: cell.id.clone() })?;
        let number = self.cells;
        self.cells = number.checked_add(1).ok_or(CuttingError::TooManyCells)?;
        if self.first.is_none() {
            self.first = Some(outline.clone());
        }
        let Some(location) = self.locator.locate(outline) else { return Ok(()) };
        self.sides.note(location.footprint.area().sqrt());
        let (column, row) = location.centre;
        let failed = |source| CuttingError::Spool { path: self.directory.clone(), source };
        let place = self.spool.push(cell, &location.footprint).map_err(failed)?;
        self.bands.push(Located { place, cell: number, column, row }).map_err(failed)
    }

    /// The size of patches that fits the cells: the odd number nearest to the side of a square as large as the
    /// usual one. Cells of 1 km have 33 pixels of 30 m.
    ///
    /// # Errors
    /// If there are no cells, they are too large, or none has a place in the system of the mosaic.
    pub fn patch_pixels(&self) -> Result<usize, CuttingError> {
        let side = self.sides.median().ok_or_else(|| self.misses())?;
        if side.is_nan() || side > MOST_PATCH_PIXELS as f64 {
            return Err(CuttingError::CellSize {
                path: self.mosaic.path().to_owned(),
                pixels: side,
            });
        }
        #[expect(clippy::cast_possible_truncation, reason = "limited to a small number")]
        #[expect(clippy::cast_sign_loss, reason = "a side is positive")]
        let half = ((side - 1.0) / 2.0).max(0.0).round() as usize;
        Ok(2 * half + 1)
    }

    /// Ends with a cutter of the cells that overlap the mosaic.
    ///
    /// # Errors
    /// If none does, or the disk cannot be used.
    pub fn into_cutter(self, settings: CutterSettings) -> Result<Cutter, CuttingError> {
        let failed = |source| CuttingError::Spool { path: self.directory.clone(), source };
        let extent = (self.mosaic.columns(), self.mosaic.rows());
        let reach = Reach::new(extent, settings.patch_pixels);
        let mut row_counts = vec![0_u32; self.mosaic.rows()];
        let mut overlapping = 0_u64;
        for band in 0..self.bands.len() {
            let cells = self.bands.read(band).map_err(failed)?;
            for window in cells.iter().filter_map(|cell| reach.window(cell)) {
                row_counts[reach.first_row(&window)] += 1;
                overlapping += 1;
            }
        }
        if overlapping == 0 {
            return Err(self.misses());
        }
        let outside = u64::from(self.cells) - overlapping;
        let spool = self.spool.finish().map_err(failed)?;
        let sorted = SortedCells { spool, bands: self.bands, reach, directory: self.directory };
        let wanted = Wanted { rows: 0..row_counts.len(), done: CellSet::default() };
        let mosaic = self.mosaic;
        let pool = PatchPool::default();
        Ok(Cutter { mosaic, settings, sorted, row_counts, wanted, outside, pool })
    }

    fn misses(&self) -> CuttingError {
        let Some(first) = &self.first else { return CuttingError::NoCells };
        let words = |point: Point| format!("({:.6}, {:.6})", point.x, point.y);
        let mosaic = &self.mosaic;
        let grid = first.centroid().map_or_else(|| "nowhere".to_owned(), words);
        let (columns, rows) = (mosaic.columns() as f64, mosaic.rows() as f64);
        let from = words(mosaic.placement().to_ground(0.0, 0.0));
        let to = words(mosaic.placement().to_ground(columns, rows));
        CuttingError::Misses {
            path: mosaic.path().to_owned(),
            cells: self.cells,
            grid: format!("{grid} in `{}`", self.crs),
            mosaic: format!("{from} to {to} in `{}`", mosaic.crs()),
        }
    }
}

/// The folder nearest to `place` that exists: itself, or the first above it.
fn existing_folder(place: &Path) -> &Path {
    let above = place.ancestors().find(|folder| folder.is_dir());
    above.unwrap_or_else(|| Path::new("."))
}
