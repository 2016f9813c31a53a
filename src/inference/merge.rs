//! From the parts of a map to the map.

use std::path::Path;

use tesela_datasets::cell::Cell;
use tesela_datasets::cells::CellTableHeader;

use super::identity::GridDigest;
use super::part_set::{KnownCells, PartSet};
use super::settling::FreshCells;
use super::{Decider, GridInput, InferenceError, ModelFacts};
use crate::map::{MapHeader, MapOrigin, MapRows, MapWriter, Quality, SettledPrior};
use crate::progress::Progress;

/// What is on a map.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapSummary {
    /// All cells.
    pub cells: u64,
    /// How many are of each class, in order.
    pub counts: Vec<u64>,
    /// Cells without a class: of which nothing is known.
    pub unknown: u64,
    /// How many of these do not overlap the mosaic.
    pub outside: u64,
    /// Cells with a class of which a part of the pixels is missing.
    pub partial: u64,
    /// Cells that a model was fitted on; `None` where the models do not say.
    pub trained: Option<u64>,
    /// What operating points left open and was found on the cells of this map.
    pub settled: Vec<SettledPrior>,
}

impl MapSummary {
    pub(super) fn note(&mut self, rows: &MapRows) {
        self.cells += rows.len() as u64;
        for (index, class) in rows.classes.iter().enumerate() {
            match class {
                Some(class) => self.counts[class.index()] += 1,
                None => self.unknown += 1,
            }
            match rows.qualities.get(index) {
                Some(Quality::Outside) => self.outside += 1,
                Some(Quality::Partial) => self.partial += 1,
                _ => {}
            }
        }
        if let Some(trained) = &mut self.trained {
            *trained += rows.trained.iter().filter(|&&trained| trained).count() as u64;
        }
    }
}

/// Joins `parts` to a map of the cells of `grid` at `out`: every cell once, in the order of the grid.
///
/// # Errors
/// If parts are unfinished or overlap, the grid or the models are not those of the parts, or `out` cannot be written;
/// nothing is left then.
pub fn merge(
    parts: &PartSet,
    facts: &[ModelFacts],
    decider: &Decider<'_>,
    grid: &GridInput,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<MapSummary, InferenceError> {
    check_bundles(parts, facts)?;
    let (found, expected) = (parts.identity().numbers, decider.width());
    if found != expected {
        let reason =
            format!("the parts have {found} numbers of each cell; the models give {expected}");
        return Err(InferenceError::Parts { path: parts.paths()[0].clone(), reason });
    }
    let settled;
    let decider = match decider.is_unsettled() {
        true => {
            settled = settle(parts, decider, grid, progress)?;
            &settled
        }
        false => decider,
    };
    // The grid is the one that was predicted, or the digest below differs.
    let reader = grid.open_again()?;
    let cells =
        CellTableHeader { classes: reader.classes().clone(), crs: Some(reader.crs().to_crs()) };
    let mut origin = MapOrigin::new(facts[0].classes.clone(), decider.content(true));
    origin.models = decider.origins();
    origin.operating_point = decider.has_operating_point();
    origin.input_digest = Some(parts.identity().input_digest());
    let classes = origin.classes.len();
    let mut known = KnownCells::new(parts);
    let mut digest = GridDigest::default();
    let content = decider.content(true);
    let mut summary = MapSummary {
        counts: vec![0; classes],
        trained: content.training.then_some(0),
        settled: origin.settled(),
        ..MapSummary::default()
    };
    let mut writer = MapWriter::create(out, &MapHeader { cells, origin })?;
    progress.start("writing the map", Some(parts.identity().cells), "cells");
    for batch in reader {
        if progress.wants_stop() {
            return Err(InferenceError::Interrupted);
        }
        let batch = batch?;
        digest.extend(&batch);
        let rows = rows_of(batch, summary.cells, &mut known, decider)?;
        summary.note(&rows);
        writer.append(&rows)?;
        progress.advance(rows.len() as u64);
    }
    let (_, found) = digest.finish();
    let expected = parts.identity();
    if found != expected.grid {
        return Err(InferenceError::OtherGrid {
            path: grid.path.clone(),
            found: summary.cells,
            expected: expected.cells,
        });
    }
    if known.found != expected.overlapping {
        let (found, expected) = (known.found, expected.overlapping);
        return Err(InferenceError::Parts {
            path: out.to_owned(),
            reason: format!("the parts know {found} cells; expected {expected}"),
        });
    }
    writer.finish()?;
    Ok(summary)
}

/// Settles what the operating points leave open on all cells of `grid` that were not trained on, in its order.
fn settle<'a>(
    parts: &PartSet,
    decider: &Decider<'a>,
    grid: &GridInput,
    progress: &mut dyn Progress,
) -> Result<Decider<'a>, InferenceError> {
    let mut fresh = FreshCells::new(decider);
    let mut known = KnownCells::new(parts);
    let (mut first, mut values) = (0, Vec::new());
    progress.start("estimating prevalence", Some(parts.identity().cells), "cells");
    for batch in grid.open_again()? {
        if progress.wants_stop() {
            return Err(InferenceError::Interrupted);
        }
        let batch = batch?;
        values.clear();
        for number in first..first + batch.len() {
            known.take(number, &mut values)?;
        }
        fresh.extend(decider, &batch, &values);
        first += batch.len();
        progress.advance(batch.len() as u64);
    }
    decider.settle(&fresh)
}

fn check_bundles(parts: &PartSet, facts: &[ModelFacts]) -> Result<(), InferenceError> {
    let expected = &parts.identity().bundles;
    let found: Vec<&String> = facts.iter().map(|facts| &facts.origin.digest).collect();
    if found.len() == expected.len() && found.iter().zip(expected).all(|(own, other)| *own == other)
    {
        return Ok(());
    }
    let differing = facts
        .iter()
        .zip(expected)
        .find(|(facts, expected)| facts.origin.digest != **expected)
        .map(|(facts, expected)| (facts.name.clone(), expected.clone()));
    let (path, digest) = differing.unwrap_or_default();
    Err(InferenceError::OtherBundle { path, expected: digest, bundles: expected.len() })
}

/// The rows of `cells`, the first of which is number `first` of the grid.
fn rows_of(
    cells: Vec<Cell>,
    first: u64,
    known: &mut KnownCells<'_>,
    decider: &Decider<'_>,
) -> Result<MapRows, InferenceError> {
    let first = usize::try_from(first).expect("a grid fits memory");
    let mut values = Vec::new();
    let (mut used_shares, mut qualities) = (Vec::new(), Vec::new());
    for number in first..first + cells.len() {
        let pixels = known.take(number, &mut values)?;
        let (used, inside) = pixels.unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "a share needs few digits")]
        let share = (f64::from(used) / f64::from(inside.max(1))) as f32;
        used_shares.push(share);
        qualities.push(
            pixels.map_or(Quality::Outside, |(used, inside)| Quality::of_pixels(used, inside)),
        );
    }
    Ok(MapRows { used_shares, qualities, ..decider.decide(cells, &values)? })
}
