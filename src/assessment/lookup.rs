//! Files that are looked up by cell, for their labels or for their ids alone: tables, and any vector file.

use std::path::{Path, PathBuf};

use tesela_datasets::table_file::TableFile;

use super::AssessmentError;
use crate::raster::{Validity, VectorLayer};

/// The usual name of the column of ids.
const ID: &str = "cell_id";
/// The usual name of the column of labels.
const LABEL: &str = "label";

/// A file with a row for each cell: GeoParquet, Parquet, CSV, GeoPackage, or another vector file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupFile {
    /// The file.
    pub path: PathBuf,
    /// Its layer, where it is a vector file; the only one where `None`.
    pub layer: Option<String>,
    /// The column of ids; `cell_id` where `None`.
    pub id_column: Option<String>,
    /// The column of labels; `label` where `None`.
    pub label_column: Option<String>,
}

/// What is done with a row: its id, and its label where labels are read.
type Take<'a> = &'a mut dyn FnMut(&str, Option<&str>) -> Result<(), AssessmentError>;

impl LookupFile {
    /// One of the usual columns.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Calls `take` with the id and the label of each row, in the order of the file. Labels that are missing, empty or spelt
    /// `undefined` are `None`.
    pub(super) fn each_label(&self, take: Take<'_>) -> Result<(), AssessmentError> {
        let label = self.label_column.as_deref().unwrap_or(LABEL);
        self.each_row(&[self.id_name(), label], take)
    }

    /// Calls `take` with the id of each row.
    pub(super) fn each_id(&self, take: Take<'_>) -> Result<(), AssessmentError> {
        self.each_row(&[self.id_name()], take)
    }

    fn id_name(&self) -> &str {
        self.id_column.as_deref().unwrap_or(ID)
    }

    fn each_row(&self, columns: &[&str], take: Take<'_>) -> Result<(), AssessmentError> {
        let mut row = 0_u64;
        let mut one = |fields: &[Option<String>]| {
            row += 1;
            let id = fields.first().and_then(Option::as_deref).filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| {
                self.refuse(format!("row {row} has no id in column `{}`", columns[0]))
            })?;
            take(id, fields.get(1).and_then(Option::as_deref).and_then(meaningful))
        };
        if is_table(&self.path) {
            for batch in TableFile::open(&self.path)?.texts(columns)? {
                batch?.iter().try_for_each(|fields| one(fields))?;
            }
        } else {
            let layer = VectorLayer::open(&self.path, self.layer.as_deref())?;
            for shape in layer.into_shapes(columns, Validity::AsIs)? {
                one(&shape?.attributes)?;
            }
        }
        if row == 0 {
            return Err(self.refuse("it has no rows; expected one for each cell".to_owned()));
        }
        Ok(())
    }

    pub(super) fn refuse(&self, reason: String) -> AssessmentError {
        AssessmentError::Rows { path: self.path.clone(), reason }
    }
}

fn is_table(path: &Path) -> bool {
    let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("csv" | "parquet"))
}

/// The label, unless it says that nothing is known.
fn meaningful(label: &str) -> Option<&str> {
    let label = label.trim();
    (!label.is_empty() && !label.eq_ignore_ascii_case("undefined")).then_some(label)
}
