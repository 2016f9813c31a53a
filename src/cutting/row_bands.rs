//! Located cells on disk, by the rows of the mosaic that they lie in.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::spool::SpoolPlace;

/// Rows of the mosaic are divided into at most so many bands.
const BANDS: usize = 256;
/// Cells of a band that are held in memory before they are written together.
const TOGETHER: usize = 1024;
/// Bytes of a cell on disk.
const RECORD: usize = 24;

/// A cell whose place in the mosaic is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Located {
    /// Where the cell itself is kept.
    pub(super) place: SpoolPlace,
    /// Its number in the grid.
    pub(super) cell: u32,
    /// The column of its centre; may lie outside the mosaic.
    pub(super) column: i32,
    /// The row of its centre; may lie outside the mosaic.
    pub(super) row: i32,
}

/// Takes in cells in any order, and gives them back by bands of rows.
#[derive(Debug)]
pub(super) struct RowBands {
    file: File,
    length: u64,
    /// Rows of a band.
    height: usize,
    rows: usize,
    bands: Vec<Band>,
}

/// The cells of one band.
#[derive(Debug, Clone, Default)]
struct Band {
    /// Where full buffers were written; each holds [`TOGETHER`] cells.
    written: Vec<u64>,
    buffer: Vec<Located>,
}

impl RowBands {
    /// Begins with no cells, for a mosaic of `rows` rows, on the disk of `directory`.
    pub(super) fn create(directory: &Path, rows: usize) -> io::Result<Self> {
        let height = rows.div_ceil(BANDS).max(1);
        let bands = vec![Band::default(); rows.div_ceil(height).max(1)];
        Ok(Self { file: tempfile::tempfile_in(directory)?, length: 0, height, rows, bands })
    }

    /// Takes in `cell`. Its row may lie outside the mosaic; then it is of the nearest band.
    pub(super) fn push(&mut self, cell: Located) -> io::Result<()> {
        let row = usize::try_from(cell.row.max(0)).map_err(io::Error::other)?;
        let band = &mut self.bands[row.min(self.rows.saturating_sub(1)) / self.height];
        band.buffer.push(cell);
        if band.buffer.len() == TOGETHER {
            let bytes: Vec<u8> = band.buffer.drain(..).flat_map(encode).collect();
            self.file.write_all_at(&bytes, self.length)?;
            band.written.push(self.length);
            self.length += bytes.len() as u64;
        }
        Ok(())
    }

    /// How many bands there are.
    pub(super) fn len(&self) -> usize {
        self.bands.len()
    }

    /// The first row of band `index`.
    pub(super) fn first_row(&self, index: usize) -> usize {
        index * self.height
    }

    /// The cells of band `index`, in the order in which they came.
    pub(super) fn read(&self, index: usize) -> io::Result<Vec<Located>> {
        let band = &self.bands[index];
        let mut cells = Vec::with_capacity(band.written.len() * TOGETHER + band.buffer.len());
        let mut bytes = vec![0; TOGETHER * RECORD];
        for &offset in &band.written {
            self.file.read_exact_at(&mut bytes, offset)?;
            cells.extend(bytes.as_chunks().0.iter().map(decode));
        }
        cells.extend_from_slice(&band.buffer);
        Ok(cells)
    }
}

fn encode(cell: Located) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[0..8].copy_from_slice(&cell.place.offset.to_le_bytes());
    record[8..12].copy_from_slice(&cell.place.length.to_le_bytes());
    record[12..16].copy_from_slice(&cell.cell.to_le_bytes());
    record[16..20].copy_from_slice(&cell.column.to_le_bytes());
    record[20..24].copy_from_slice(&cell.row.to_le_bytes());
    record
}

fn decode(record: &[u8; RECORD]) -> Located {
    let (&offset, rest) = record.split_first_chunk().expect("a record has 24 bytes");
    let word = |index: usize| -> [u8; 4] { *rest.as_chunks().0[index..].first().expect("4 words") };
    Located {
        place: SpoolPlace {
            offset: u64::from_le_bytes(offset),
            length: u32::from_le_bytes(word(0)),
        },
        cell: u32::from_le_bytes(word(1)),
        column: i32::from_le_bytes(word(2)),
        row: i32::from_le_bytes(word(3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_cell_comes_back_once_from_the_band_of_its_row(
            rows in 1_usize..5000,
            seed in any::<u32>(),
            count in 0_u32..6000,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let mut bands = RowBands::create(directory.path(), rows).unwrap();
            let cells: Vec<Located> = (0..count)
                .map(|cell| {
                    let mixed = cell.wrapping_mul(2_654_435_761).wrapping_add(seed);
                    let row = i32::try_from(mixed % 6000).unwrap() - 500;
                    let place = SpoolPlace { offset: u64::from(mixed) << 9, length: mixed >> 3 };
                    Located { place, cell, column: -row * 7, row }
                })
                .collect();
            cells.iter().for_each(|&cell| bands.push(cell).unwrap());
            let mut back = Vec::new();
            for index in 0..bands.len() {
                let (first, end) = (bands.first_row(index), bands.first_row(index + 1));
                for cell in bands.read(index).unwrap() {
                    let row = usize::try_from(cell.row.max(0)).unwrap().min(rows - 1);
                    prop_assert!((first..end).contains(&row));
                    back.push(cell);
                }
            }
            back.sort_unstable_by_key(|cell| cell.cell);
            prop_assert_eq!(back, cells);
        }
    }
}
