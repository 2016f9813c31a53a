//! A map of rows: one row per cell, written as it comes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use tesela_datasets::cell::Cell;
use tesela_datasets::cells::{CellTableHeader, CellTableWriter, Crs};
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::WholeFile;

use super::InferenceError;
use super::deciding::{DISSIMILARITY, DecidedCells, Deciding, INSIDE, SET, set_words};

/// How a map of rows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// GeoParquet: a table of cells, with `class` and `probability_<class>`.
    Table,
    /// CSV: `cell_id`, `class` and `probability_<class>`.
    Csv,
}

/// Writes a map of rows; it appears under its name when it is finished.
pub(super) struct RowMapWriter {
    path: PathBuf,
    classes: ClassMap,
    file: MapFile,
}

enum MapFile {
    Table(Box<CellTableWriter>),
    Csv(Box<csv::Writer<WholeFile>>),
}

impl RowMapWriter {
    /// Begins a map at `path`; `crs` says what the coordinates of cells mean.
    pub(super) fn create(
        path: &Path,
        format: RowFormat,
        classes: &ClassMap,
        deciding: Deciding<'_>,
        crs: Option<Crs>,
    ) -> Result<Self, InferenceError> {
        let probabilities = classes.names().iter().map(|name| format!("probability_{name}"));
        let file = match format {
            RowFormat::Table => {
                let mut extra =
                    vec![Arc::new(Field::new("class", DataType::Utf8, true)) as FieldRef];
                let number = |name| Arc::new(Field::new(name, DataType::Float32, true)) as FieldRef;
                extra.extend(probabilities.map(number));
                if deciding.has_sets() {
                    extra.push(Arc::new(Field::new(SET, DataType::Utf8, false)));
                }
                if deciding.applicability.is_some() {
                    extra.push(number(DISSIMILARITY.to_owned()));
                    extra.push(Arc::new(Field::new(INSIDE, DataType::Boolean, false)));
                }
                let header = CellTableHeader { classes: classes.clone(), crs };
                MapFile::Table(Box::new(CellTableWriter::with_extra(path, &header, &extra)?))
            }
            RowFormat::Csv => {
                let failed = |source| InferenceError::Write { path: path.to_owned(), source };
                let file = WholeFile::create(path).map_err(failed)?;
                let mut writer = csv::Writer::from_writer(file);
                let names = ["cell_id", "class"].map(str::to_owned).into_iter();
                let set = deciding.has_sets().then_some(SET);
                let area = deciding.applicability.map(|_| [DISSIMILARITY, INSIDE]);
                let rest = set.into_iter().chain(area.into_iter().flatten()).map(str::to_owned);
                let header: Vec<String> = names.chain(probabilities).chain(rest).collect();
                writer.write_record(header).map_err(|error| failed(error.into()))?;
                MapFile::Csv(Box::new(writer))
            }
        };
        Ok(Self { path: path.to_owned(), classes: classes.clone(), file })
    }

    /// Appends `cells` with their classes and probabilities.
    pub(super) fn append(
        &mut self,
        cells: &[Cell],
        decided: &DecidedCells,
    ) -> Result<(), InferenceError> {
        let DecidedCells { probabilities, classes, sets, dissimilarities, inside } = decided;
        let names = classes.iter().map(|class| class.map(|class| self.classes.name(class)));
        match &mut self.file {
            MapFile::Table(writer) => {
                let mut columns: Vec<ArrayRef> = vec![Arc::new(names.collect::<StringArray>())];
                for class in self.classes.ids() {
                    let value =
                        |row: &[f32]| Some(row[class.index()]).filter(|value| !value.is_nan());
                    let values: Float32Array = probabilities.rows().map(value).collect();
                    columns.push(Arc::new(values));
                }
                if !sets.is_empty() {
                    let words = sets.chunks_exact(self.classes.len());
                    let words = words.map(|set| Some(set_words(set, &self.classes)));
                    columns.push(Arc::new(words.collect::<StringArray>()));
                }
                if !inside.is_empty() {
                    let known = |value: &f32| Some(*value).filter(|value| !value.is_nan());
                    let values = dissimilarities.iter().map(known);
                    columns.push(Arc::new(values.collect::<Float32Array>()));
                    columns.push(Arc::new(BooleanArray::from(inside.clone())));
                }
                writer.append_extra(cells.iter(), columns)?;
            }
            MapFile::Csv(writer) => {
                let rows = cells.iter().zip(names).zip(probabilities.rows());
                for (index, ((cell, name), row)) in rows.enumerate() {
                    let text = |value: &f32| {
                        if value.is_nan() { String::new() } else { value.to_string() }
                    };
                    let keys = [cell.id.to_string(), name.unwrap_or_default().to_owned()];
                    let own = index * self.classes.len();
                    let set = sets.get(own..own + self.classes.len());
                    let set = set.map(|set| set_words(set, &self.classes));
                    let area = dissimilarities.get(index).zip(inside.get(index));
                    let area = area.map(|(value, inside)| [text(value), inside.to_string()]);
                    let record = keys.into_iter().chain(row.iter().map(text)).chain(set);
                    let record = record.chain(area.into_iter().flatten());
                    writer.write_record(record).map_err(|error| InferenceError::Write {
                        path: self.path.clone(),
                        source: error.into(),
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Completes the map and gives it its name.
    pub(super) fn finish(self) -> Result<(), InferenceError> {
        match self.file {
            MapFile::Table(writer) => {
                writer.finish()?;
            }
            MapFile::Csv(writer) => {
                let finished = writer
                    .into_inner()
                    .map_err(|error| std::io::Error::other(error.to_string()))
                    .and_then(WholeFile::finish);
                let path = self.path;
                finished.map_err(|source| InferenceError::Write { path, source })?;
            }
        }
        Ok(())
    }
}
