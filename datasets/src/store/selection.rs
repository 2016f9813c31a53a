//! A part of a store, as a source of cells.

use std::sync::Arc;

use super::StoreReader;
use super::stream::{Request, StoreStream};
use crate::class::{ClassMap, Label};
use crate::source::{BatchStream, CellSource, FeatureMatrix, InputDefinition, SourceError};
use crate::table::TableDefinition;

/// Some rows of a store with labels of their own; made by [`StoreReader::select`].
#[derive(Clone)]
pub struct Selection {
    reader: Arc<StoreReader>,
    rows: Vec<u32>,
    labels: Vec<Label>,
    classes: ClassMap,
}

impl Selection {
    pub(super) fn new(
        reader: Arc<StoreReader>,
        rows: Vec<u32>,
        labels: Vec<Label>,
        classes: ClassMap,
    ) -> Self {
        assert_eq!(rows.len(), labels.len(), "every row has a label");
        assert!(rows.iter().all(|&row| (row as usize) < reader.len()), "rows are of the store");
        let known = |label: &Label| label.class().is_none_or(|class| class.index() < classes.len());
        assert!(labels.iter().all(known), "labels are of the class map");
        Self { reader, rows, labels, classes }
    }

    /// The store.
    pub fn reader(&self) -> &Arc<StoreReader> {
        &self.reader
    }

    /// The row in the store of each cell.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    fn request(&self, position: u32) -> Result<Request, SourceError> {
        let place = position as usize;
        let (Some(&row), Some(&label)) = (self.rows.get(place), self.labels.get(place)) else {
            let len = self.rows.len();
            return Err(SourceError::new(format!(
                "there is no cell at position {position}; the selection has {len}"
            )));
        };
        Ok(Request { position, row, label })
    }
}

impl CellSource for Selection {
    fn input(&self) -> &InputDefinition {
        &self.reader.definition().input
    }

    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn labels(&self) -> &[Label] {
        &self.labels
    }

    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<BatchStream<'a>, SourceError> {
        if batch == 0 {
            return Err(SourceError::new("batches have 0 cells; expected at least 1"));
        }
        let requests =
            order.iter().map(|&position| self.request(position)).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(StoreStream::start(self.reader.clone(), requests, batch)?))
    }

    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError> {
        let features = match self.input() {
            InputDefinition::Patches(_) => {
                self.reader.features.features_of(&self.reader, &self.rows)?
            }
            InputDefinition::Table(table) => self.table_features(table)?,
        };
        Ok(Arc::new(features))
    }
}

impl Selection {
    /// The columns of a table are features as they are; they are read when they are needed, and not kept.
    fn table_features(&self, table: &TableDefinition) -> Result<FeatureMatrix, SourceError> {
        let values = self.reader.read_rows(&self.rows).map_err(|error| {
            let path = self.reader.path().display();
            SourceError::caused(format!("cannot read rows of `{path}`"), error)
        })?;
        Ok(FeatureMatrix { columns: table.columns().to_vec(), rows: self.rows.len(), values })
    }
}
