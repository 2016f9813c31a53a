//! Which cells the models of a map were trained on: what they know cannot measure them.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tesela_datasets::cell::CellId;

use super::{AssessmentError, LookupFile};
use crate::map::MapRows;
use crate::training::RunDirectory;

/// Who says which cells were trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingSource {
    /// The map itself.
    Map,
    /// The fold plan of a run.
    Run(PathBuf),
    /// A file of ids.
    File(PathBuf),
    /// Nobody: no cell could be left out.
    Nobody,
}

/// The cells that the models of a map were trained on.
pub(super) struct TrainingCells {
    source: TrainingSource,
    /// Ids beyond those that the map marks.
    ids: HashSet<CellId>,
    of_map: bool,
}

impl TrainingCells {
    /// Gathers them from the map (where `of_map`), `run` and `file`; all that one of them names count.
    pub(super) fn read(
        of_map: bool,
        run: Option<&RunDirectory>,
        file: Option<&LookupFile>,
    ) -> Result<Self, AssessmentError> {
        let mut ids = HashSet::new();
        let mut source = if of_map { TrainingSource::Map } else { TrainingSource::Nobody };
        if let Some(run) = run {
            ids.extend(run.plan()?.cells().iter().cloned());
            source = TrainingSource::Run(run.path().to_owned());
        }
        if let Some(file) = file {
            file.each_id(&mut |id, _| {
                ids.insert(CellId::new(id));
                Ok(())
            })?;
            source = TrainingSource::File(file.path.clone());
        }
        Ok(Self { source, ids, of_map })
    }

    /// Whether a model was trained on the cell in row `index`.
    pub(super) fn has(&self, rows: &MapRows, index: usize) -> bool {
        let marked = self.of_map && rows.trained.get(index).copied().unwrap_or(false);
        marked || (!self.ids.is_empty() && self.ids.contains(&rows.cells[index].id))
    }

    pub(super) fn into_source(self) -> TrainingSource {
        self.source
    }
}
