//! Cells on disk while they wait to be cut.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tesela_datasets::cell::{Cell, CellId, Outline, Point};
use tesela_datasets::class::{ClassId, Label};

use super::footprint::{Footprint, pairs};

/// The number that stands for "undefined" and for "no year".
const NONE: u64 = u64::MAX;

/// Where a cell lies in a [`CellSpool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpoolPlace {
    pub(super) offset: u64,
    pub(super) length: u32,
}

impl SpoolPlace {
    fn end(self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

/// A cell as it comes back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SpooledCell {
    /// All of it, where that was asked for.
    pub(super) cell: Option<Cell>,
    /// What is known about its class.
    pub(super) label: Label,
    /// Which pixels of the mosaic are inside.
    pub(super) footprint: Footprint,
}

/// Writes cells to a file that has no name, so that nothing is left of it however the program ends.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    file: BufWriter<File>,
    length: u64,
    record: Vec<u8>,
}

/// Cells on disk.
#[derive(Debug)]
pub(super) struct CellSpool {
    file: File,
}

impl SpoolWriter {
    /// Begins a spool on the disk of `directory`.
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, tempfile::tempfile_in(directory)?);
        Ok(Self { file, length: 0, record: Vec::new() })
    }

    /// Appends `cell`, which lies in the mosaic as `footprint` says.
    pub(super) fn push(&mut self, cell: &Cell, footprint: &Footprint) -> io::Result<SpoolPlace> {
        self.record.clear();
        encode(cell, footprint, &mut self.record);
        self.file.write_all(&self.record)?;
        let length = u32::try_from(self.record.len()).map_err(io::Error::other)?;
        let place = SpoolPlace { offset: self.length, length };
        self.length += u64::from(length);
        Ok(place)
    }

    /// Ends writing.
    pub(super) fn finish(self) -> io::Result<CellSpool> {
        Ok(CellSpool { file: self.file.into_inner().map_err(io::IntoInnerError::into_error)? })
    }
}

impl CellSpool {
    /// The cells at `places`, which the writer gave, in their order; `whole`, or without what a mask does not need. Those that
    /// lie beside each other are read at once.
    pub(super) fn get(
        &self,
        places: impl IntoIterator<Item = SpoolPlace>,
        whole: bool,
    ) -> io::Result<Vec<SpooledCell>> {
        let mut places: Vec<(usize, SpoolPlace)> = places.into_iter().enumerate().collect();
        places.sort_unstable_by_key(|&(_, place)| place.offset);
        let mut cells: Vec<Option<SpooledCell>> = vec![None; places.len()];
        let mut bytes = Vec::new();
        for run in places.chunk_by(|(_, one), (_, other)| other.offset == one.end()) {
            let (start, end) = (run[0].1.offset, run[run.len() - 1].1.end());
            bytes.resize(usize::try_from(end - start).map_err(io::Error::other)?, 0);
            self.file.read_exact_at(&mut bytes, start)?;
            let mut rest = &bytes[..];
            for &(index, place) in run {
                let length = usize::try_from(place.length).map_err(io::Error::other)?;
                let (record, behind) =
                    rest.split_at_checked(length).ok_or(io::ErrorKind::InvalidData)?;
                cells[index] = Some(decode(record, whole)?);
                rest = behind;
            }
        }
        Ok(cells.into_iter().flatten().collect())
    }
}

fn encode(cell: &Cell, footprint: &Footprint, record: &mut Vec<u8>) {
    let label = cell.label.class().map_or(NONE, |class| class.index() as u64);
    let year = cell.year.map_or(NONE, |year| u64::from(year.cast_unsigned()));
    let id = cell.id.as_str().as_bytes();
    let corners = cell.outline.as_ref().map_or(&[][..], |outline| &outline.corners);
    for number in [label, year, id.len() as u64, corners.len() as u64] {
        record.extend_from_slice(&number.to_le_bytes());
    }
    record.extend_from_slice(id);
    for corner in corners {
        record.extend_from_slice(&corner.x.to_le_bytes());
        record.extend_from_slice(&corner.y.to_le_bytes());
    }
    footprint.encode(record);
}

fn decode(record: &[u8], whole: bool) -> io::Result<SpooledCell> {
    let mut rest = record;
    let [label, year] = [number(&mut rest)?, number(&mut rest)?];
    let [length, corners] = [number(&mut rest)?, number(&mut rest)?];
    let mut take = |count: u64, bytes: usize| {
        let count = usize::try_from(count).ok().and_then(|count| count.checked_mul(bytes));
        let (taken, behind) = rest.split_at_checked(count?)?;
        rest = behind;
        Some(taken)
    };
    let id = take(length, 1).ok_or(io::ErrorKind::InvalidData)?;
    let corners = take(corners, 16).ok_or(io::ErrorKind::InvalidData)?;
    let present = |number: u64| (number != NONE).then_some(number);
    let class = present(label).map(usize::try_from).transpose().map_err(io::Error::other)?;
    let year = present(year).map(u32::try_from).transpose().map_err(io::Error::other)?;
    let label = Label::from(class.map(ClassId::new));
    let footprint = Footprint::decode(rest).ok_or(io::ErrorKind::InvalidData)?;
    if !whole {
        return Ok(SpooledCell { cell: None, label, footprint });
    }
    let corners: Vec<Point> = pairs(corners)
        .map(|[x, y]| Point { x: f64::from_le_bytes(x), y: f64::from_le_bytes(y) })
        .collect();
    let cell = Cell {
        id: CellId::new(std::str::from_utf8(id).map_err(io::Error::other)?),
        label,
        outline: (!corners.is_empty()).then_some(Outline { corners }),
        year: year.map(u32::cast_signed),
    };
    Ok(SpooledCell { cell: Some(cell), label, footprint })
}

fn number(rest: &mut &[u8]) -> io::Result<u64> {
    let mut bytes = [0; 8];
    rest.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::PixelPlacement;

    #[test]
    fn cells_come_back_as_they_were_in_any_order() {
        let cell = |id: &str, label: Option<usize>, outline, year| Cell {
            id: CellId::new(id),
            label: Label::from(label.map(ClassId::new)),
            outline,
            year,
        };
        let cells = [
            cell("a", None, Some(Outline::square(1.0, -2.0, 3.0)), None),
            cell("", Some(1), None, Some(2010)),
            cell("ñandú", Some(65_535), Some(Outline::square(5.0, 2.0, 3.0)), Some(-44)),
        ];
        let directory = tempfile::tempdir().unwrap();
        let mut writer = SpoolWriter::create(directory.path()).unwrap();
        let placement = PixelPlacement::new([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]).unwrap();
        let spooled = cells.map(|cell| {
            let corners = cell.outline.clone().unwrap_or_default().corners;
            let footprint = Footprint::new(&placement, corners);
            SpooledCell { label: cell.label, footprint, cell: Some(cell) }
        });
        let places = spooled.each_ref().map(|spooled| {
            writer.push(spooled.cell.as_ref().unwrap(), &spooled.footprint).unwrap()
        });
        let spool = writer.finish().unwrap();
        for order in [vec![2, 0, 1], vec![0, 1], vec![2, 0], vec![1], vec![]] {
            let places = || order.iter().map(|&index| places[index]);
            let mut expected: Vec<_> = order.iter().map(|&index| spooled[index].clone()).collect();
            assert_eq!(spool.get(places(), true).unwrap(), expected);
            expected.iter_mut().for_each(|expected| expected.cell = None);
            assert_eq!(spool.get(places(), false).unwrap(), expected);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
