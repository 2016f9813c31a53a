//! Cells on disk while they wait to be cut.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tesela_datasets::cell::{Cell, CellId, Outline, Point};
use tesela_datasets::class::{ClassId, Label};

/// The number that stands for "undefined" and for "no year".
const NONE: u64 = u64::MAX;

/// Where a cell lies in a [`CellSpool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpoolPlace {
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// Writes cells to a file that has no name, so that nothing is left of it however the program ends.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    file: BufWriter<File>,
    length: u64,
    record: Vec<u8>,
}

/// Cells on disk, read one by one.
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

    /// Appends `cell`.
    pub(super) fn push(&mut self, cell: &Cell) -> io::Result<SpoolPlace> {
        self.record.clear();
        encode(cell, &mut self.record);
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
    /// The cell at `place`, which the writer gave.
    pub(super) fn get(&self, place: SpoolPlace) -> io::Result<Cell> {
        let mut record = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut record, place.offset)?;
        decode(&record)
    }
}

fn encode(cell: &Cell, record: &mut Vec<u8>) {
    let label = cell.label.class().map_or(NONE, |class| class.index() as u64);
    let year = cell.year.map_or(NONE, |year| u64::from(year.cast_unsigned()));
    let id = cell.id.as_str().as_bytes();
    let corners = cell.outline.as_ref().map_or(&[][..], |outline| &outline.corners);
    for number in [label, year, id.len() as u64] {
        record.extend_from_slice(&number.to_le_bytes());
    }
    record.extend_from_slice(id);
    for corner in corners {
        record.extend_from_slice(&corner.x.to_le_bytes());
        record.extend_from_slice(&corner.y.to_le_bytes());
    }
}

fn decode(record: &[u8]) -> io::Result<Cell> {
    let mut rest = record;
    let [label, year, length] = [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let (id, corners) = rest.split_at_checked(length).ok_or(io::ErrorKind::InvalidData)?;
    let present = |number: u64| (number != NONE).then_some(number);
    let class = present(label).map(usize::try_from).transpose().map_err(io::Error::other)?;
    let year = present(year).map(u32::try_from).transpose().map_err(io::Error::other)?;
    let corners: Vec<Point> = corners
        .as_chunks::<8>()
        .0
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[x, y]| Point { x: f64::from_le_bytes(*x), y: f64::from_le_bytes(*y) })
        .collect();
    Ok(Cell {
        id: CellId::new(std::str::from_utf8(id).map_err(io::Error::other)?),
        label: Label::from(class.map(ClassId::new)),
        outline: (!corners.is_empty()).then_some(Outline { corners }),
        year: year.map(u32::cast_signed),
    })
}

fn number(rest: &mut &[u8]) -> io::Result<u64> {
    let mut bytes = [0; 8];
    rest.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let places = cells.each_ref().map(|cell| writer.push(cell).unwrap());
        let spool = writer.finish().unwrap();
        for index in [2, 0, 1] {
            assert_eq!(spool.get(places[index]).unwrap(), cells[index]);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
