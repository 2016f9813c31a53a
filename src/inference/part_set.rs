//! The parts of a map: that they belong together, and what they say of a cell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tesela_datasets::whole_file::partial_path;

use super::InferenceError;
use super::identity::Identity;
use super::ledger::{LedgerError, LedgerHeader, LedgerReader, Records};
use crate::cutting::Part;

/// The extension of the files of parts.
pub const PART_SUFFIX: &str = "cells";
/// Cells that are held in memory at a time; fewer in tests, so that small grids have several such windows.
const WINDOW: usize = if cfg!(test) { 100 } else { 1 << 20 };
/// Parts that a message lists.
const LISTED: usize = 10;

/// The name of the file of `part` in the folder of a map.
pub fn part_name(part: Part) -> String {
    format!("part-{}-of-{}.{PART_SUFFIX}", part.number(), part.of())
}

/// All parts of one map.
#[derive(Debug)]
pub struct PartSet {
    /// In order.
    paths: Vec<PathBuf>,
    first: LedgerHeader,
}

impl PartSet {
    /// The parts in `paths`, each a file or a folder of such files.
    ///
    /// # Errors
    /// If one cannot be read, is missing or comes twice, or they are of different predictions.
    pub fn open(paths: &[PathBuf]) -> Result<Self, InferenceError> {
        let mut found: BTreeMap<u32, (PathBuf, LedgerHeader)> = BTreeMap::new();
        for path in files(paths)? {
            let header = LedgerReader::open(&path)?.header().clone();
            if let Some((_, (first, expected))) = found.first_key_value() {
                check_same(&path, &header, first, expected)?;
            }
            if let Some((other, _)) = found.get(&header.part) {
                let reason = format!("`{}` is part {}, too", other.display(), header.part);
                return Err(InferenceError::Parts { path, reason });
            }
            found.insert(header.part, (path, header));
        }
        let Some((_, (path, first))) = found.first_key_value() else {
            let path = paths.first().cloned().unwrap_or_default();
            let reason = format!("there is no file `*.{PART_SUFFIX}`");
            return Err(InferenceError::Parts { path, reason });
        };
        let missing: Vec<u32> = (1..=first.of).filter(|part| !found.contains_key(part)).collect();
        if !missing.is_empty() {
            let listed = missing.iter().take(LISTED).map(u32::to_string).collect::<Vec<_>>();
            let more = if missing.len() > LISTED { ", …" } else { "" };
            let begun = missing.iter().filter(|&&part| is_begun(path, part, first.of)).count();
            let unfinished = match begun {
                0 => String::new(),
                begun => format!(" ({begun} of these are begun; the same command goes on)"),
            };
            let (count, of, listed) = (missing.len(), first.of, listed.join(", "));
            let reason = format!("{count} of {of} parts are missing: {listed}{more}{unfinished}");
            return Err(InferenceError::Parts { path: path.clone(), reason });
        }
        let (cells, overlapping) = (
            found.values().map(|(_, header)| header.cells).sum::<u64>(),
            first.identity.overlapping,
        );
        if cells != overlapping {
            let reason = format!("the parts have {cells} cells; expected {overlapping}");
            return Err(InferenceError::Parts { path: path.clone(), reason });
        }
        let first = first.clone();
        Ok(Self { paths: found.into_values().map(|(path, _)| path).collect(), first })
    }

    /// What was predicted by what.
    pub fn identity(&self) -> &Identity {
        &self.first.identity
    }

    /// Where the parts are, in order.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// What the first part says of its inputs.
    pub fn header(&self) -> &LedgerHeader {
        &self.first
    }
}

/// Whether another part was begun beside the part in `path`.
fn is_begun(path: &Path, part: u32, of: u32) -> bool {
    let name = Part::new(part, of).map(part_name);
    name.is_ok_and(|name| partial_path(&path.with_file_name(name)).exists())
}

fn check_same(
    path: &Path,
    header: &LedgerHeader,
    first: &Path,
    expected: &LedgerHeader,
) -> Result<(), InferenceError> {
    let reason = if header.of == expected.of {
        header.identity.difference(&expected.identity).map(|difference| {
            format!("it is not of the prediction of `{}`: {difference} there", first.display())
        })
    } else {
        let (found, expected) = (header.of, expected.of);
        Some(format!("it is one of {found} parts; `{}` is one of {expected}", first.display()))
    };
    reason.map_or(Ok(()), |reason| Err(InferenceError::Parts { path: path.to_owned(), reason }))
}

/// The files in `paths`, folders taken apart.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InferenceError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |source| LedgerError::Io { doing: "read", path: path.clone(), source };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|extension| extension == PART_SUFFIX) {
                inside.push(file);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// What the parts say of cells that are asked for in ascending order.
#[derive(Debug)]
pub(super) struct KnownCells<'a> {
    set: &'a PartSet,
    width: usize,
    /// The first cell in memory; `None` before anything was read.
    first: Option<usize>,
    known: Vec<bool>,
    records: Records,
    /// Cells that were found in all windows.
    pub(super) found: u64,
}

impl<'a> KnownCells<'a> {
    pub(super) fn new(set: &'a PartSet) -> Self {
        let width = set.identity().width();
        Self { set, width, first: None, known: Vec::new(), records: Records::default(), found: 0 }
    }

    /// Used pixels, pixels inside, and the numbers of `cell`, which is appended to `values`; `NaN` and `None` where no
    /// part speaks of it.
    pub(super) fn take(
        &mut self,
        cell: usize,
        values: &mut Vec<f32>,
    ) -> Result<Option<(u32, u32)>, InferenceError> {
        // A grid with more cells is another grid, which shows when all of it was read.
        if cell as u64 >= self.set.identity().cells {
            values.extend(std::iter::repeat_n(f32::NAN, self.width));
            return Ok(None);
        }
        let first = match self.first {
            Some(first) if cell < first + WINDOW => first,
            _ => self.read(cell / WINDOW * WINDOW)?,
        };
        let place = cell - first;
        let numbers = &self.records.values[place * self.width..(place + 1) * self.width];
        values.extend_from_slice(numbers);
        let pixels = (self.records.used[place], self.records.inside[place]);
        Ok(self.known[place].then_some(pixels))
    }

    /// Reads what all parts say of the cells from `first` on.
    fn read(&mut self, first: usize) -> Result<usize, InferenceError> {
        let total = usize::try_from(self.set.identity().cells).unwrap_or(usize::MAX);
        let length = total.saturating_sub(first).clamp(1, WINDOW);
        self.known = vec![false; length];
        self.records = Records {
            cells: Vec::new(),
            used: vec![0; length],
            inside: vec![0; length],
            values: vec![f32::NAN; length * self.width],
        };
        for path in &self.set.paths {
            let mut reader = LedgerReader::open(path)?;
            let mut count = 0;
            while let Some(block) = reader.next_block()? {
                count += block.cells.len() as u64;
                self.place(path, first, total, &block)?;
            }
            let header = reader.header();
            if !reader.is_complete() || count != header.cells {
                let (part, expected) = (format!("{}/{}", header.part, header.of), header.cells);
                let path = path.clone();
                return Err(LedgerError::Unfinished { path, part, found: count, expected }.into());
            }
        }
        self.found += self.known.iter().filter(|&&known| known).count() as u64;
        self.first = Some(first);
        Ok(first)
    }

    /// Puts the records of `block` that belong into the window from `first` on there.
    fn place(
        &mut self,
        path: &Path,
        first: usize,
        total: usize,
        block: &Records,
    ) -> Result<(), InferenceError> {
        let wrong = |reason| InferenceError::Parts { path: path.to_owned(), reason };
        for (index, &cell) in block.cells.iter().enumerate() {
            let cell = cell as usize;
            if cell >= total {
                return Err(wrong(format!("it has cell {cell}; the grid has {total}")));
            }
            let Some(place) = cell.checked_sub(first).filter(|&place| place < self.known.len())
            else {
                continue;
            };
            if std::mem::replace(&mut self.known[place], true) {
                return Err(wrong(format!("cell {cell} of the grid comes a second time")));
            }
            self.records.used[place] = block.used[index];
            self.records.inside[place] = block.inside[index];
            let width = self.width;
            self.records.values[place * width..(place + 1) * width]
                .copy_from_slice(&block.values[index * width..(index + 1) * width]);
        }
        Ok(())
    }
}
