//! The join of a map with labels: every cell falls into one kind, and those of a known class are kept.

use std::path::Path;

use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::class::ClassId;

use super::labels::{Known, Labels, quoted};
use super::lattice::Pitch;
use super::training_cells::TrainingCells;
use super::{AssessmentError, CellCounts, KnownCells, LookupFile};
use crate::map::{MapHeader, MapReader, MapRows, Quality};
use crate::progress::Progress;

/// A map with what is known of its cells.
pub(super) struct Joined {
    /// Cells that no model was trained on.
    pub(super) fresh: KnownCells,
    /// Cells that a model was trained on.
    pub(super) trained: KnownCells,
    /// Known class and place of cells that the map gives no class.
    pub(super) blank: Vec<(ClassId, Point)>,
    pub(super) counts: CellCounts,
    /// Width and height of a cell; `None` where cells have no outline.
    pub(super) pitch: Option<Pitch>,
}

/// Who says what about the cells.
pub(super) struct Sources<'a> {
    pub(super) map: &'a Path,
    pub(super) labels_file: Option<&'a LookupFile>,
    pub(super) labels: &'a Labels,
    pub(super) training: &'a TrainingCells,
}

impl Joined {
    /// Reads all of `reader`.
    pub(super) fn read(
        reader: MapReader,
        sources: &Sources<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Self, AssessmentError> {
        let header = reader.header().clone();
        let classes = header.origin.classes.len();
        let counts = CellCounts { mapped: vec![0; classes], ..CellCounts::default() };
        let (fresh, trained) = (KnownCells::new(classes), KnownCells::new(classes));
        let mut joined = Self { fresh, trained, blank: Vec::new(), counts, pitch: None };
        let mut first = Vec::new();
        progress.start("reading the map", Some(reader.len()), "cells");
        for rows in reader {
            let rows = rows?;
            if first.is_empty() {
                first = rows.cells.iter().take(3).map(|cell| cell.id.to_string()).collect();
            }
            for index in 0..rows.len() {
                joined.add(&rows, index, sources, &header)?;
            }
            progress.advance(rows.len() as u64);
            if progress.wants_stop() {
                return Err(AssessmentError::Interrupted);
            }
        }
        joined.check(sources, &first)?;
        Ok(joined)
    }

    fn add(
        &mut self,
        rows: &MapRows,
        index: usize,
        sources: &Sources<'_>,
        header: &MapHeader,
    ) -> Result<(), AssessmentError> {
        let cell = &rows.cells[index];
        let probabilities = rows.probabilities_of(index, header.origin.classes.len());
        let decided = rows.classes[index].filter(|_| !probabilities.iter().any(|p| p.is_nan()));
        self.counts.map += 1;
        if let Some(decided) = decided {
            self.counts.mapped[decided.index()] += 1;
        }
        if self.pitch.is_none() {
            self.pitch = cell.outline.as_ref().and_then(Pitch::of);
        }
        let truth = match sources.labels.of(cell, sources.map, header)? {
            Known::Nothing => {
                self.counts.unlabelled += 1;
                return Ok(());
            }
            Known::Undefined => {
                self.counts.undefined += 1;
                return Ok(());
            }
            Known::Class(truth) => truth,
        };
        let Some(decided) = decided else {
            self.add_blank(rows, index, truth);
            return Ok(());
        };
        if sources.training.has(rows, index) {
            self.counts.trained += 1;
            self.trained.push(rows, index, truth, decided);
        } else {
            self.counts.scored += 1;
            self.fresh.push(rows, index, truth, decided);
        }
        Ok(())
    }

    fn add_blank(&mut self, rows: &MapRows, index: usize, truth: ClassId) {
        self.counts.without_class += 1;
        match rows.qualities.get(index) {
            Some(Quality::NoData) => self.counts.no_data += 1,
            Some(Quality::Outside) => self.counts.outside += 1,
            _ => {}
        }
        let place = rows.cells[index].outline.as_ref().and_then(Outline::centroid);
        self.blank.extend(place.map(|place| (truth, place)));
    }

    /// Notes the labels that are not on the map, and refuses to go on where nothing can be scored.
    fn check(&mut self, sources: &Sources<'_>, first: &[String]) -> Result<(), AssessmentError> {
        let counts = &mut self.counts;
        if let (Some((cells, found)), Some(file)) = (sources.labels.file(), sources.labels_file) {
            // Ids are distinct on both sides, so cells that some label speaks of are labels that were found.
            let met = counts.map - counts.unlabelled;
            counts.not_on_map = cells as u64 - met;
            if met == 0 {
                return Err(AssessmentError::Strangers {
                    labels: file.path.clone(),
                    cells,
                    found,
                    map: sources.map.to_owned(),
                    expected: if first.is_empty() { "no cell".to_owned() } else { quoted(first) },
                });
            }
        }
        if counts.scored > 0 {
            return Ok(());
        }
        let CellCounts { map, undefined, unlabelled, trained, without_class, .. } = *counts;
        Err(AssessmentError::NothingToScore {
            path: sources.map.to_owned(),
            reason: format!(
                "of its {map} cells, {undefined} are of undefined class, {unlabelled} have no label, \
                 {without_class} have a label and no class on the map, and {trained} were trained on"
            ),
        })
    }
}
