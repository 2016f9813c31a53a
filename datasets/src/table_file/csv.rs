//! Tables as CSV.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::file::{ColumnKind, FileColumn};
use super::gather::{FileBatch, Gatherer, RowKeys};
use super::number;
use super::texts::{BATCH, TextBatch};
use super::{TableFileError, file};

/// Rows that are looked at to find out what the columns hold.
const SAMPLE: usize = 1000;
/// The most bytes of one row: a quote that is never closed must not fill the memory.
const MOST_ROW_BYTES: u64 = 64 << 20;
/// What may stand between two fields.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Gives up where a single row is longer than any table has.
struct Limited {
    file: BufReader<File>,
    /// Bytes since the row began.
    read: Arc<AtomicU64>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.load(Ordering::Relaxed) > MOST_ROW_BYTES {
            let message =
                format!("a row has more than {MOST_ROW_BYTES} bytes; is a quote left open?");
            return Err(io::Error::other(message));
        }
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Records of a file, each within bounds.
struct Records {
    reader: Reader<Limited>,
    read: Arc<AtomicU64>,
}

impl Records {
    fn open(path: &Path) -> Result<Self, TableFileError> {
        let failed = |source| TableFileError::Read { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let separator = separator(file.fill_buf().map_err(failed)?);
        let read = Arc::new(AtomicU64::new(0));
        let limited = Limited { file, read: Arc::clone(&read) };
        let reader = ReaderBuilder::new().delimiter(separator).from_reader(limited);
        Ok(Self { reader, read })
    }

    /// The names of the columns.
    fn header(&mut self, path: &Path) -> Result<Vec<String>, TableFileError> {
        let header = self.reader.byte_headers().map_err(|error| damaged(path, error))?;
        let name = |field: &[u8]| std::str::from_utf8(field).ok().map(str::to_owned);
        let names = header.iter().map(name).collect::<Option<Vec<_>>>();
        let names =
            names.ok_or_else(|| TableFileError::Encoding { path: path.to_owned(), row: 0 })?;
        if names.iter().all(String::is_empty) {
            return Err(TableFileError::Empty { path: path.to_owned() });
        }
        Ok(names)
    }

    /// Reads the next record; says no at the end.
    fn next(&mut self, path: &Path, record: &mut ByteRecord) -> Result<bool, TableFileError> {
        self.read.store(0, Ordering::Relaxed);
        self.reader.read_byte_record(record).map_err(|error| damaged(path, error))
    }
}

fn damaged(path: &Path, error: csv::Error) -> TableFileError {
    TableFileError::Damaged { path: path.to_owned(), format: "CSV", source: error.into() }
}

/// What stands between the fields of the first line of `beginning`: what it has most of, the comma where it has
/// as many of another.
fn separator(beginning: &[u8]) -> u8 {
    let line = beginning.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut quoted = false;
    let mut counts = [0_usize; SEPARATORS.len()];
    for &byte in line {
        quoted ^= byte == b'"';
        if let Some(place) = SEPARATORS.iter().position(|&own| own == byte && !quoted) {
            counts[place] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let place = counts.iter().position(|&count| count == most).unwrap_or(0);
    SEPARATORS[place]
}

/// The columns of the file at `path`, and what the first rows show of them.
pub(super) fn columns(path: &Path) -> Result<Vec<FileColumn>, TableFileError> {
    let mut records = Records::open(path)?;
    let names = records.header(path)?;
    let mut seen: Vec<Seen> = names.iter().map(|_| Seen::default()).collect();
    let mut record = ByteRecord::new();
    for row in 1..=SAMPLE as u64 {
        if !records.next(path, &mut record)? {
            break;
        }
        for (seen, field) in seen.iter_mut().zip(record.iter()) {
            seen.note(row, field);
        }
    }
    let columns = names.into_iter().zip(seen);
    Ok(columns.map(|(name, seen)| FileColumn { name, kind: seen.kind() }).collect())
}

/// What the first rows show of a column.
#[derive(Debug, Default)]
struct Seen {
    numbers: bool,
    /// The first text, with its row.
    text: Option<(u64, String)>,
}

impl Seen {
    fn note(&mut self, row: u64, field: &[u8]) {
        let number = std::str::from_utf8(field).ok().and_then(number::parse);
        match number {
            Some(number) => self.numbers |= !number.is_nan(),
            None if self.text.is_none() => {
                let text = file::shortened(&String::from_utf8_lossy(field));
                self.text = Some((row, text));
            }
            None => {}
        }
    }

    fn kind(self) -> ColumnKind {
        match (self.text, self.numbers) {
            (None, _) => ColumnKind::Numbers,
            (Some((row, found)), true) => ColumnKind::Mixed { row, found },
            (Some((_, found)), false) => ColumnKind::Other(format!("text such as `{found}`")),
        }
    }
}

/// Streams a few columns of a file as text.
pub(super) struct TextRecords {
    records: Records,
    record: ByteRecord,
    places: Vec<usize>,
    /// Rows read so far.
    seen: u64,
}

impl TextRecords {
    /// Begins to read the columns at `places` of the file at `path`.
    pub(super) fn open(path: &Path, places: Vec<usize>) -> Result<Self, TableFileError> {
        let mut records = Records::open(path)?;
        records.header(path)?;
        Ok(Self { records, record: ByteRecord::new(), places, seen: 0 })
    }

    /// The next rows; none at the end.
    pub(super) fn next_batch(&mut self, path: &Path) -> Result<TextBatch, TableFileError> {
        let mut rows = Vec::new();
        while rows.len() < BATCH && self.records.next(path, &mut self.record)? {
            self.seen += 1;
            let field = |&place: &usize| {
                let bytes = self.record.get(place).unwrap_or_default();
                let text = std::str::from_utf8(bytes).map_err(|_| {
                    let path = path.to_owned();
                    TableFileError::Encoding { path, row: self.seen }
                })?;
                Ok((!text.is_empty()).then(|| text.to_owned()))
            };
            rows.push(self.places.iter().map(field).collect::<Result<_, TableFileError>>()?);
        }
        Ok(rows)
    }
}

/// Streams the rows of a file.
pub(super) struct CsvRows {
    records: Records,
    record: ByteRecord,
    gatherer: Gatherer,
    places: Places,
    batch: usize,
}

/// Where the columns stand in the file.
struct Places {
    id: usize,
    label: Option<usize>,
    group: Option<usize>,
    year: Option<usize>,
    x: Option<usize>,
    y: Option<usize>,
    numbers: Vec<usize>,
}

impl CsvRows {
    /// Begins to read the file of `gatherer`, which has the columns `found`, `batch` rows at a time.
    pub(super) fn open(
        gatherer: Gatherer,
        found: &[FileColumn],
        batch: usize,
    ) -> Result<Self, TableFileError> {
        let mut records = Records::open(&gatherer.path)?;
        let names = records.header(&gatherer.path)?;
        let same = names.iter().eq(found.iter().map(|column| &column.name));
        if !same {
            let changed = io::Error::other("the file has changed since it was opened");
            return Err(TableFileError::Read { path: gatherer.path.clone(), source: changed });
        }
        let place = |name: &str| {
            names.iter().position(|own| own == name).expect("columns are known to be there")
        };
        let maybe = |name: &Option<String>| name.as_deref().map(place);
        let keys = gatherer.table.keys();
        let places = Places {
            id: place(&keys.id),
            label: maybe(&keys.label),
            group: maybe(&keys.group),
            year: maybe(&keys.year),
            x: maybe(&keys.x),
            y: maybe(&keys.y),
            numbers: gatherer.table.columns().iter().map(|name| place(name)).collect(),
        };
        Ok(Self { records, record: ByteRecord::new(), gatherer, places, batch })
    }

    /// The next rows; nothing at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<FileBatch>, TableFileError> {
        while self.gatherer.len() < self.batch {
            if !self.records.next(&self.gatherer.path, &mut self.record)? {
                break;
            }
            self.gather()?;
        }
        if self.gatherer.len() == 0 {
            return self.gatherer.finish().map(|()| None);
        }
        Ok(Some(self.gatherer.take()))
    }

    fn gather(&mut self) -> Result<(), TableFileError> {
        let Self { record, gatherer, places, .. } = self;
        let row = gatherer.row();
        let encoding = || TableFileError::Encoding { path: gatherer.path.clone(), row };
        let field = |place: usize| {
            let bytes = record.get(place).unwrap_or_default();
            std::str::from_utf8(bytes).map_err(|_| encoding())
        };
        let maybe = |place: Option<usize>| place.map(field).transpose();
        let id = field(places.id)?;
        let number = |place: Option<usize>, name: &Option<String>| {
            let Some(place) = place else { return Ok(f64::NAN) };
            let text = field(place)?;
            number::parse(text).ok_or_else(|| TableFileError::Number {
                path: gatherer.path.clone(),
                id: id.to_owned(),
                column: name.clone().unwrap_or_default(),
                found: file::shortened(text),
                expected: number::NUMBER,
            })
        };
        let names = gatherer.table.keys();
        let keys = RowKeys {
            id,
            label: maybe(places.label)?,
            group: maybe(places.group)?,
            year: number(places.year, &names.year)?,
            x: number(places.x, &names.x)?,
            y: number(places.y, &names.y)?,
        };
        gatherer.begin(&keys)?;
        let last = gatherer.len() - 1;
        for (column, &place) in places.numbers.iter().enumerate() {
            let bytes = record.get(place).unwrap_or_default();
            let text = std::str::from_utf8(bytes)
                .map_err(|_| TableFileError::Encoding { path: gatherer.path.clone(), row })?;
            let value = number::parse(text)
                .ok_or_else(|| gatherer.no_number(last, column, &file::shortened(text)))?;
            let value = gatherer.number(last, column, value)?;
            gatherer.values().push(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_what_the_header_has_most_of() {
        assert_eq!(separator(b"a,b;c,d\n1;2;3;4"), b',');
        assert_eq!(separator(b"a;b;\"c,,,d\"\n"), b';');
        assert_eq!(separator(b"a\tb"), b'\t');
        assert_eq!(separator(b"a"), b',');
    }
}
