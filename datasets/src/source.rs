//! Sources: where cells come from while something is fitted, scored or predicted.
//!
//! A [`CellSource`] is a numbered list of labelled cells that can be streamed in any order with bounded
//! memory: patches of pixels, or rows of a table. Models and cross-validation know this trait only, not the
//! store behind it. What needs pixels takes a [`PatchSource`], which a source of rows does not give.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::class::{ClassMap, Label};
use crate::patch::{PatchBatch, PatchDefinition};
use crate::table::{RowBatch, TableDefinition};

/// Why cells could not be delivered. The message names the thing, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SourceError {
    /// An error that stands for itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// An error with a cause.
    pub fn caused(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), source: Some(cause.into()) }
    }
}

/// What a model is fitted on and later needs to see again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected what patches are, or the columns of a table")]
pub enum InputDefinition {
    /// Patches of pixels.
    Patches(PatchDefinition),
    /// Rows of a table.
    Table(TableDefinition),
}

impl InputDefinition {
    /// What the patches are; `None` where there are none.
    pub fn patches(&self) -> Option<&PatchDefinition> {
        match self {
            Self::Patches(definition) => Some(definition),
            Self::Table(_) => None,
        }
    }

    /// What the table is; `None` where there is none.
    pub fn table(&self) -> Option<&TableDefinition> {
        match self {
            Self::Table(definition) => Some(definition),
            Self::Patches(_) => None,
        }
    }

    /// What it is, in some words: `a table of 12 columns`.
    pub fn words(&self) -> String {
        match self {
            Self::Patches(PatchDefinition { shape, .. }) => {
                format!(
                    "patches of {} bands and {} × {} pixels",
                    shape.bands, shape.height, shape.width
                )
            }
            Self::Table(table) => match table.columns().len() {
                1 => "a table of 1 column".to_owned(),
                columns => format!("a table of {columns} columns"),
            },
        }
    }
}

/// Some cells of one source.
#[derive(Debug, Clone, PartialEq)]
pub enum Batch {
    /// Patches of pixels.
    Patches(PatchBatch),
    /// Rows of a table.
    Rows(RowBatch),
}

impl Batch {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels().is_empty()
    }

    /// What is known about each cell.
    pub fn labels(&self) -> &[Label] {
        match self {
            Self::Patches(patches) => &patches.labels,
            Self::Rows(rows) => &rows.labels,
        }
    }

    /// Position of each cell in the source that it was read from.
    pub fn positions(&self) -> &[u32] {
        match self {
            Self::Patches(patches) => &patches.positions,
            Self::Rows(rows) => &rows.positions,
        }
    }
}

impl From<PatchBatch> for Batch {
    fn from(patches: PatchBatch) -> Self {
        Self::Patches(patches)
    }
}

impl From<RowBatch> for Batch {
    fn from(rows: RowBatch) -> Self {
        Self::Rows(rows)
    }
}

/// The features of some cells, row by row: computed from pixels, or the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    /// Name of each column, such as `blue_mean`.
    pub columns: Vec<String>,
    /// Number of rows.
    pub rows: usize,
    /// `[row, column]`; a row of `NaN` stands for a cell of which nothing is known, such as a patch without
    /// used pixels.
    pub values: Vec<f32>,
}

impl FeatureMatrix {
    /// The features of row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.columns.len();
        &self.values[index * width..(index + 1) * width]
    }
}

/// Batches of cells, one after the other; the order depends on the request alone, never on threads.
pub type BatchStream<'a> = Box<dyn Iterator<Item = Result<Batch, SourceError>> + Send + 'a>;

/// A numbered list of labelled cells.
pub trait CellSource: Send + Sync {
    /// What the cells are.
    fn input(&self) -> &InputDefinition;

    /// The classes that the labels speak of.
    fn classes(&self) -> &ClassMap;

    /// What is known about each cell, by position.
    fn labels(&self) -> &[Label];

    /// Number of cells.
    fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there are no cells.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Streams the cells at the positions of `order`, in that order, `batch` at a time (fewer at the end).
    ///
    /// # Errors
    /// If the stream cannot be opened; later failures come as items, after which the stream ends.
    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<BatchStream<'a>, SourceError>;

    /// The features of all cells, in order of position.
    ///
    /// # Errors
    /// If cells cannot be read.
    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError>;
}

/// Batches of patches, one after the other.
pub type PatchStream<'a> = Box<dyn Iterator<Item = Result<PatchBatch, SourceError>> + Send + 'a>;

/// A source whose cells are patches of pixels.
#[derive(Clone, Copy)]
pub struct PatchSource<'a> {
    source: &'a dyn CellSource,
    definition: &'a PatchDefinition,
}

impl<'a> PatchSource<'a> {
    /// The patches of `source`; `None` where its cells are rows of a table.
    pub fn of(source: &'a dyn CellSource) -> Option<Self> {
        source.input().patches().map(|definition| Self { source, definition })
    }

    /// What the patches are.
    pub fn definition(&self) -> &'a PatchDefinition {
        self.definition
    }

    /// The classes that the labels speak of.
    pub fn classes(&self) -> &'a ClassMap {
        self.source.classes()
    }

    /// What is known about each patch, by position.
    pub fn labels(&self) -> &'a [Label] {
        self.source.labels()
    }

    /// Number of patches.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether there are no patches.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// As [`CellSource::stream`].
    ///
    /// # Errors
    /// If the stream cannot be opened; later failures come as items.
    pub fn stream(&self, order: &[u32], batch: usize) -> Result<PatchStream<'a>, SourceError> {
        let stream = self.source.stream(order, batch)?;
        Ok(Box::new(stream.map(|batch| match batch? {
            Batch::Patches(patches) => Ok(patches),
            Batch::Rows(_) => {
                Err(SourceError::new("the source delivers rows of a table; it announces patches"))
            }
        })))
    }
}
