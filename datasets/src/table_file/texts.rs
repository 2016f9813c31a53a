//! Columns of a table as text: for what is looked up, not learned from, such as labels by id.

use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use arrow::array::{Array, StringArray};

use super::csv::TextRecords;
use super::{TableFileError, parquet};

/// Rows that are read at a time.
pub(super) const BATCH: usize = 8192;

/// Some rows of a few columns: `[row][column]`; nothing where a field is empty or null.
pub type TextBatch = Vec<Vec<Option<String>>>;

/// The rows of a few columns as text, some at a time, in the order of the file. Nothing follows an error.
pub struct TextRows {
    path: PathBuf,
    names: Vec<String>,
    source: Source,
    ended: bool,
}

enum Source {
    Csv(Box<TextRecords>),
    Parquet(Box<ParquetRecordBatchReader>),
}

impl TextRows {
    /// Begins to read the columns `names` of the CSV file at `path`, which stand at `places`.
    pub(super) fn of_csv(
        path: &Path,
        names: &[&str],
        places: Vec<usize>,
    ) -> Result<Self, TableFileError> {
        Ok(Self::new(path, names, Source::Csv(Box::new(TextRecords::open(path, places)?))))
    }

    /// Begins to read the columns `names` of the Parquet file at `path`.
    pub(super) fn of_parquet(path: &Path, names: &[&str]) -> Result<Self, TableFileError> {
        let batches = parquet::batches(path, names.iter().copied(), BATCH)?;
        Ok(Self::new(path, names, Source::Parquet(Box::new(batches))))
    }

    fn new(path: &Path, names: &[&str], source: Source) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self { path: path.to_owned(), names, source, ended: false }
    }

    fn read(&mut self) -> Result<TextBatch, TableFileError> {
        match &mut self.source {
            Source::Csv(records) => records.next_batch(&self.path),
            Source::Parquet(batches) => {
                let Some(batch) = parquet::next(&self.path, batches)? else {
                    return Ok(Vec::new());
                };
                let column = |name: &String| parquet::texts(&self.path, &batch, name);
                let columns: Vec<StringArray> =
                    self.names.iter().map(column).collect::<Result<_, _>>()?;
                let field = |column: &StringArray, row: usize| {
                    let text = column.is_valid(row).then(|| column.value(row))?;
                    (!text.is_empty()).then(|| text.to_owned())
                };
                let row = |row: usize| columns.iter().map(|column| field(column, row)).collect();
                Ok((0..batch.num_rows()).map(row).collect())
            }
        }
    }
}

impl Iterator for TextRows {
    type Item = Result<TextBatch, TableFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.read();
        self.ended = batch.as_ref().map_or(true, Vec::is_empty);
        match batch {
            Ok(rows) if rows.is_empty() => None,
            batch => Some(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ::parquet::arrow::ArrowWriter;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;
    use crate::table_file::TableFile;

    fn read(path: &Path, names: &[&str]) -> TextBatch {
        let rows = TableFile::open(path).unwrap().texts(names).unwrap();
        rows.flat_map(Result::unwrap).collect()
    }

    #[test]
    fn both_formats_give_the_same_text_in_the_order_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("a.csv");
        std::fs::write(&csv, "id;other;label\n7;x;urban\n8;y;\n").unwrap();
        let parquet = folder.path().join("a.parquet");
        let columns: [(&str, ArrayRef); 2] = [
            ("id", Arc::new(Int64Array::from(vec![7, 8]))),
            ("label", Arc::new(StringArray::from(vec![Some("urban"), None]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = std::fs::File::create(&parquet).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let text = |text: &str| Some(text.to_owned());
        let expected = [vec![text("urban"), text("7")], vec![None, text("8")]];
        assert_eq!(read(&csv, &["label", "id"]), expected);
        assert_eq!(read(&parquet, &["label", "id"]), expected);
        let error = TableFile::open(&csv).unwrap().texts(&["lable"]).err().unwrap().to_string();
        assert!(error.contains("`lable`") && error.contains("did you mean `label`"), "{error}");
    }

    #[test]
    fn a_file_of_many_batches_comes_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let rows: String = (0..20_000).map(|row| format!("c{row},urban\n")).collect();
        std::fs::write(&path, format!("id,label\n{rows}")).unwrap();
        let read = read(&path, &["id"]);
        assert_eq!(read.len(), 20_000);
        assert_eq!(read[19_999][0].as_deref(), Some("c19999"));
    }
}
