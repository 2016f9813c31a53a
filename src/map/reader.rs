//! Reads a map again, without trusting what it holds.

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type};
use tesela_datasets::cell::Cell;
use tesela_datasets::cells::{CellTableError, CellTableReader, table_column};

use super::columns::{
    CLASS, DISSIMILARITY, INSIDE, PROBABILITY, QUALITY, SET, SPREAD, TRAINED, UNCERTAINTY, USED,
    set_of,
};
use super::header::FORMAT_VERSION;
use super::writer::KEY;
use super::{MapError, MapHeader, MapOrigin, MapRows, Quality};

/// Reads a map, some cells at a time; nothing follows an error.
pub struct MapReader {
    path: PathBuf,
    header: MapHeader,
    table: CellTableReader,
}

impl MapReader {
    /// Opens the map at `path`, a GeoParquet file that [`MapWriter`](super::MapWriter) has written.
    ///
    /// # Errors
    /// If the file cannot be read, or is no map.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        let table = CellTableReader::open(path).map_err(|error| match error {
            CellTableError::Damaged { path, source } => MapError::OtherForm { path, source },
            error => error.into(),
        })?;
        let foreign = |reason| MapError::Foreign { path: path.to_owned(), reason };
        let text = table
            .description(KEY)
            .ok_or_else(|| foreign(format!("its metadata have no key `{KEY}`")))?;
        let origin: MapOrigin =
            serde_json::from_str(text).map_err(|error| foreign(format!("key `{KEY}`: {error}")))?;
        if origin.format != FORMAT_VERSION {
            let found = origin.format;
            return Err(foreign(format!(
                "it has format {found}; this build reads {FORMAT_VERSION}"
            )));
        }
        let header = MapHeader { cells: table.header().clone(), origin };
        Ok(Self { path: path.to_owned(), header, table })
    }

    /// What holds for every cell.
    pub fn header(&self) -> &MapHeader {
        &self.header
    }

    /// Number of cells that the file promises.
    pub fn len(&self) -> u64 {
        self.table.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn decode(&self, cells: Vec<Cell>, batch: &RecordBatch) -> Result<MapRows, MapError> {
        let origin = &self.header.origin;
        let content = origin.content;
        let columns = Columns { path: &self.path, batch, cells: &cells };
        let some = |there: bool, name| {
            if there { columns.numbers(name) } else { Ok(Vec::new()) }
        };
        let flags = |there: bool, name| {
            if there { columns.flags(name) } else { Ok(Vec::new()) }
        };
        Ok(MapRows {
            classes: self.classes(&columns)?,
            probabilities: self.probabilities(&columns)?,
            uncertainties: columns.numbers(UNCERTAINTY)?,
            spreads: some(content.spread, SPREAD)?,
            sets: if content.sets { self.sets(&columns)? } else { Vec::new() },
            dissimilarities: some(content.applicability, DISSIMILARITY)?,
            inside: flags(content.applicability, INSIDE)?,
            used_shares: some(content.pixels, USED)?,
            qualities: if content.pixels { columns.qualities()? } else { Vec::new() },
            trained: flags(content.training, TRAINED)?,
            cells,
        })
    }

    fn classes(
        &self,
        columns: &Columns<'_>,
    ) -> Result<Vec<Option<tesela_datasets::class::ClassId>>, MapError> {
        let classes = &self.header.origin.classes;
        columns.texts(CLASS, |name| match name {
            None => Ok(None),
            Some(name) => match classes.id(name) {
                Some(class) => Ok(Some(class)),
                None => Err(format!("class `{name}` is not one of {classes}")),
            },
        })
    }

    fn probabilities(&self, columns: &Columns<'_>) -> Result<Vec<f32>, MapError> {
        let classes = &self.header.origin.classes;
        let width = classes.len();
        let mut values = vec![0.0; columns.cells.len() * width];
        for (class, name) in classes.names().iter().enumerate() {
            let column = columns.numbers(&format!("{PROBABILITY}{name}"))?;
            for (cell, value) in column.into_iter().enumerate() {
                if !value.is_nan() && !(0.0..=1.0).contains(&value) {
                    let reason = format!("probability of `{name}` is {value}; expected 0 to 1");
                    return Err(columns.wrong(cell, reason));
                }
                values[cell * width + class] = value;
            }
        }
        Ok(values)
    }

    fn sets(&self, columns: &Columns<'_>) -> Result<Vec<bool>, MapError> {
        let classes = &self.header.origin.classes;
        let sets = columns.texts(SET, |words| {
            let words = words.unwrap_or_default();
            set_of(words, classes)
                .ok_or_else(|| format!("set `{words}` names others than {classes}"))
        })?;
        Ok(sets.concat())
    }
}

impl Iterator for MapReader {
    type Item = Result<MapRows, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.table.next_batch()?;
        let decoded = batch.map_err(MapError::from);
        Some(decoded.and_then(|(cells, batch)| self.decode(cells, &batch)))
    }
}

/// The further columns of some cells.
struct Columns<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
    cells: &'a [Cell],
}

impl Columns<'_> {
    fn wrong(&self, cell: usize, reason: String) -> MapError {
        MapError::Value { path: self.path.to_owned(), id: self.cells[cell].id.to_string(), reason }
    }

    fn column(&self, name: &str, expected: &DataType) -> Result<ArrayRef, MapError> {
        Ok(table_column(self.path, self.batch, name, expected)?)
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, MapError> {
        let column = self.column(name, &DataType::Float32)?;
        let values = column.as_primitive::<Float32Type>().iter();
        Ok(values.map(|value| value.unwrap_or(f32::NAN)).collect())
    }

    fn flags(&self, name: &str) -> Result<Vec<bool>, MapError> {
        let column = self.column(name, &DataType::Boolean)?;
        let values = column.as_boolean();
        let flag = |cell: usize| {
            let known = values.is_valid(cell).then(|| values.value(cell));
            known.ok_or_else(|| self.wrong(cell, format!("`{name}` is missing")))
        };
        (0..values.len()).map(flag).collect()
    }

    /// The texts of a column, each turned into a value by `parse`, whose error says what is wrong.
    fn texts<T>(
        &self,
        name: &str,
        parse: impl Fn(Option<&str>) -> Result<T, String>,
    ) -> Result<Vec<T>, MapError> {
        let column = self.column(name, &DataType::Utf8)?;
        let texts = column.as_string::<i32>().iter().enumerate();
        texts.map(|(cell, text)| parse(text).map_err(|reason| self.wrong(cell, reason))).collect()
    }

    fn qualities(&self) -> Result<Vec<Quality>, MapError> {
        let names = Quality::ALL.map(Quality::name).join("`, `");
        self.texts(QUALITY, |name| {
            let name = name.unwrap_or_default();
            Quality::of_name(name).ok_or_else(|| format!("quality `{name}` is none of `{names}`"))
        })
    }
}
