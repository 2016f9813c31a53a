//! Planes: what a map says of its cells, laid out as pixels.

use std::path::Path;

use super::lattice::Lattice;
use super::{ColumnData, MapError, MapReader, MapRows};
use crate::raster::Window;

/// The number that stands for "no class".
pub(super) const NO_CLASS: u8 = u8::MAX;

/// The class of each pixel, row by row; one byte a pixel.
///
/// # Errors
/// If the map cannot be read, a cell lies between the pixels, or two lie on one.
pub(super) fn class_plane(map: &Path, lattice: &Lattice) -> Result<Vec<u8>, MapError> {
    let mut plane = vec![NO_CLASS; lattice.pixels()];
    let mut taken = Taken::new(lattice.pixels());
    let no_lattice = |reason| MapError::NoLattice { path: map.to_owned(), reason };
    for rows in MapReader::open(map)? {
        let rows = rows?;
        for (cell, class) in rows.cells.iter().zip(&rows.classes) {
            let (column, row) = lattice.place(cell).map_err(no_lattice)?;
            let pixel = row * lattice.columns + column;
            if taken.take(pixel) {
                return Err(no_lattice(format!("cell `{}` lies on another", cell.id)));
            }
            plane[pixel] = class.map_or(NO_CLASS, byte);
        }
    }
    Ok(plane)
}

fn byte(class: tesela_datasets::class::ClassId) -> u8 {
    u8::try_from(class.index()).unwrap_or(NO_CLASS)
}

/// The numbers of some columns for each pixel, `NaN` where there is no cell; four bytes a pixel and column.
///
/// # Errors
/// If the map cannot be read, or a cell lies between the pixels.
pub(super) fn number_planes(
    map: &Path,
    lattice: &Lattice,
    columns: &[usize],
) -> Result<Vec<Vec<f32>>, MapError> {
    let mut planes = vec![vec![f32::NAN; lattice.pixels()]; columns.len()];
    let reader = MapReader::open(map)?;
    let origin = reader.header().origin.clone();
    for rows in reader {
        let rows = rows?;
        let pixels = places(map, lattice, &rows)?;
        let data = rows.columns(&origin);
        for (plane, &column) in planes.iter_mut().zip(columns) {
            let ColumnData::Number(values) = &data[column] else {
                unreachable!("only columns of numbers become planes");
            };
            for (&pixel, &value) in pixels.iter().zip(values) {
                plane[pixel] = value;
            }
        }
    }
    Ok(planes)
}

fn places(map: &Path, lattice: &Lattice, rows: &MapRows) -> Result<Vec<usize>, MapError> {
    let place = |cell| lattice.place(cell).map(|(column, row)| row * lattice.columns + column);
    let pixels = rows.cells.iter().map(place).collect::<Result<_, String>>();
    pixels.map_err(|reason| MapError::NoLattice { path: map.to_owned(), reason })
}

/// The part of a plane of `columns` columns that lies in `window`, row by row.
pub(super) fn part<T: Copy>(plane: &[T], columns: usize, window: Window) -> Vec<T> {
    let rows = window.row..window.row + window.height;
    let of_row = |row: usize| &plane[row * columns + window.column..][..window.width];
    rows.flat_map(of_row).copied().collect()
}

/// Which pixels have a cell; one bit each.
struct Taken(Vec<u64>);

impl Taken {
    fn new(pixels: usize) -> Self {
        Self(vec![0; pixels.div_ceil(64)])
    }

    /// Takes `pixel`; whether it was taken before.
    fn take(&mut self, pixel: usize) -> bool {
        let (word, bit) = (&mut self.0[pixel / 64], 1 << (pixel % 64));
        let taken = *word & bit != 0;
        *word |= bit;
        taken
    }
}
