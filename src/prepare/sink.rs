//! Where prepared cells go: into the store, past everything that watches them.

use std::path::Path;

use tesela_datasets::channels::ChannelSet;
use tesela_datasets::patch::PatchBatch;
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{Counts, StoreCell, StoreDefinition, StoreOverview, StoreWriter};
use tesela_datasets::table::RowBatch;

use super::origin::Origin;
use super::{Coverage, PrepareError};
use crate::plausibility::NirMedian;
use crate::progress::Progress;

/// A store that is ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What it is a store of.
    pub definition: StoreDefinition,
    /// How many cells there are of each kind.
    pub counts: Counts,
    /// How many of them are known how well.
    pub coverage: Coverage,
    /// The digest of the store.
    pub digest: String,
    /// The channels that its bands allow, and those that they do not; `None` for a table.
    pub channels: Option<ChannelSet>,
    /// Cells of the grid that do not overlap the mosaic, and have no patch.
    pub outside: u64,
    /// Whether it was there already, made of the same inputs.
    pub was_there: bool,
}

impl Prepared {
    /// The store `out`, which an earlier call has made.
    pub(super) fn found(out: &Path) -> Result<Self, PrepareError> {
        let mut coverage = None;
        let store = StoreOverview::of(out, &mut |definition, cell| {
            coverage.get_or_insert_with(|| Coverage::of(&definition.input)).note(&cell);
        })?;
        Ok(Self {
            channels: channels_of(&store.definition.input),
            coverage: coverage.unwrap_or_else(|| Coverage::of(&store.definition.input)),
            definition: store.definition,
            counts: store.counts,
            digest: store.digest,
            outside: 0,
            was_there: true,
        })
    }
}

fn channels_of(input: &InputDefinition) -> Option<ChannelSet> {
    input.patches().map(|patches| ChannelSet::of(&patches.pixel))
}

/// Writes a store and watches what goes into it.
pub(super) struct StoreSink {
    writer: StoreWriter,
    definition: StoreDefinition,
    nir: Option<NirMedian>,
    coverage: Coverage,
    defined: u64,
}

impl StoreSink {
    /// Begins the store `out` that is made of `origin`.
    pub(super) fn create(
        out: &Path,
        definition: StoreDefinition,
        origin: &Origin,
    ) -> Result<Self, PrepareError> {
        let writer = StoreWriter::create(out, &definition)?;
        origin.write(out)?;
        let nir = definition.input.patches().and_then(|patches| NirMedian::of(&patches.pixel));
        let coverage = Coverage::of(&definition.input);
        Ok(Self { writer, definition, nir, coverage, defined: 0 })
    }

    /// Appends `patches` and `cells`, unless the user wants to stop.
    pub(super) fn append(
        &mut self,
        patches: &PatchBatch,
        cells: &[StoreCell],
        progress: &mut dyn Progress,
    ) -> Result<(), PrepareError> {
        self.note(cells, progress)?;
        if let Some(nir) = &mut self.nir {
            nir.note(patches);
        }
        self.writer.append(patches, cells)?;
        progress.advance(cells.len() as u64);
        Ok(())
    }

    /// Appends `rows` and `cells`, unless the user wants to stop.
    pub(super) fn append_rows(
        &mut self,
        rows: &RowBatch,
        cells: &[StoreCell],
        progress: &mut dyn Progress,
    ) -> Result<(), PrepareError> {
        self.note(cells, progress)?;
        self.writer.append_rows(rows, cells)?;
        progress.advance(cells.len() as u64);
        Ok(())
    }

    fn note(
        &mut self,
        cells: &[StoreCell],
        progress: &mut dyn Progress,
    ) -> Result<(), PrepareError> {
        if progress.wants_stop() {
            return Err(PrepareError::Interrupted);
        }
        for cell in cells {
            self.coverage.note(cell);
            self.defined += u64::from(cell.cell.label.class().is_some());
        }
        Ok(())
    }

    /// Completes the store.
    pub(super) fn finish(
        self,
        outside: u64,
        progress: &mut dyn Progress,
    ) -> Result<Prepared, PrepareError> {
        if progress.wants_stop() {
            return Err(PrepareError::Interrupted);
        }
        if let Some(warning) = self.nir.as_ref().and_then(NirMedian::warning) {
            progress.warn(&warning);
        }
        if self.defined == 0 {
            progress.warn(
                "no cell is of a class: all are undefined, so the store can be predicted and not trained on",
            );
        }
        let summary = self.writer.finish()?;
        Ok(Prepared {
            channels: channels_of(&self.definition.input),
            definition: self.definition,
            counts: summary.counts,
            coverage: self.coverage,
            digest: summary.digest,
            outside,
            was_there: false,
        })
    }
}
