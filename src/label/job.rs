//! Labels a grid from beginning to end, streaming.
//!
//! Polygons are read once into an index; cells are made or read some at a time, labelled in parallel, and
//! written by a thread of its own in their order: row by row from the north, each from the west, or as they
//! stand in the grid that exists. The result does not depend on the number of threads.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rayon::prelude::*;
use tesela_datasets::cell::{Cell, Outline};
use tesela_datasets::class::Label;

use super::config::{GridPlan, Known, LabelPlan, PolygonFile, Undefined};
use super::coverage::{Shares, shares};
use super::error::LabelError;
use super::index::{Group, IndexBuilder, PolygonIndex};
use crate::grid::{GridError, GridReader, GridSpec, GridWriter};
use crate::progress::Progress;
use crate::raster::{CoordinateSystem, Extent, Transform, Validity, VectorLayer};

/// Cells that are labelled before the next look at progress and interruption.
const BATCH: u64 = 1 << 16;

/// Values of the class column that are remembered for a message.
const REMEMBERED: usize = 20;

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSummary {
    /// The file.
    pub path: PathBuf,
    /// How many cells each class has, in the order of the classes.
    pub classes: Vec<(String, u64)>,
    /// How many cells are written without a label.
    pub undefined: u64,
    /// How many cells were left out because nothing is known about them.
    pub dropped: u64,
    /// How many polygons the source has.
    pub polygons: u64,
    /// How many of them crossed themselves and were repaired.
    pub repaired: u64,
}

/// Labels a grid as `plan` says and writes it to `out`, a name that ends in `.gpkg` or `.parquet`.
///
/// # Errors
/// If the grid or polygons cannot be read, the file cannot be written, or the user interrupts; no file
/// appears then.
pub fn label_grid(
    plan: &LabelPlan,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<LabelSummary, LabelError> {
    let grid = OpenGrid::open(&plan.grid)?;
    let crs = grid.crs().clone();
    if matches!(plan.known, Known::Within(_)) {
        crs.require_metres()?;
    }
    // Claims the name before long work begins, so that a folder that is missing is found out at once.
    let writer = GridWriter::create(out, &crs, plan.classes())?;
    let (source, counts) = read_source(plan, &crs, out, progress)?;
    let known = match &plan.known {
        Known::Layer(file, _) => Some(read_known(file, &crs, out, progress)?),
        _ => None,
    };
    let labeller = Labeller { plan, source, known };
    let mut summary = run(grid, &labeller, writer, out, progress)?;
    summary.polygons = counts.polygons;
    summary.repaired = counts.repaired;
    Ok(summary)
}

/// A grid that is ready to give cells.
enum OpenGrid {
    Made(GridSpec),
    /// The extent is known only when polygons are read.
    OverSource {
        crs: CoordinateSystem,
        size_metres: f64,
    },
    Read(Box<GridReader>),
}

impl OpenGrid {
    fn open(plan: &GridPlan) -> Result<Self, LabelError> {
        let (crs, size_metres, extent) = match plan {
            GridPlan::Read { path, request } => {
                return Ok(Self::Read(Box::new(GridReader::open(path, request)?)));
            }
            GridPlan::Source { crs, size_metres } => {
                return Ok(Self::OverSource { crs: crs.clone(), size_metres: *size_metres });
            }
            GridPlan::Extent { crs, size_metres, extent } => (crs.clone(), size_metres, *extent),
            GridPlan::Raster { crs, size_metres, path } => {
                let (extent, own) = Extent::of_raster(path)?;
                let crs = crs.clone().unwrap_or_else(|| own.clone());
                let extent = Transform::new(&own, &crs)?.extent(extent)?;
                (crs, size_metres, extent)
            }
        };
        Ok(Self::Made(GridSpec::new(crs, *size_metres, extent)?))
    }

    fn crs(&self) -> &CoordinateSystem {
        match self {
            Self::Made(spec) => spec.crs(),
            Self::OverSource { crs, .. } => crs,
            Self::Read(reader) => reader.crs(),
        }
    }
}

/// How many polygons were read and repaired.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    polygons: u64,
    repaired: u64,
}

/// Reads polygons into an index; `group` gives each its group from the value of `column`.
fn read_polygons(
    file: &PolygonFile,
    column: Option<&str>,
    crs: &CoordinateSystem,
    out: &Path,
    progress: &mut dyn Progress,
    group: &mut dyn FnMut(Option<&str>) -> Group,
) -> Result<(PolygonIndex, Counts), LabelError> {
    let mut layer = VectorLayer::open(&file.path, file.layer.as_deref())?;
    if let Some(condition) = &file.condition {
        layer.keep_where(condition)?;
    }
    let transform = Transform::new(&layer.crs()?, crs)?;
    progress.start("reading polygons", layer.count(), "polygons");
    let mut builder = IndexBuilder::default();
    let mut counts = Counts::default();
    let columns: Vec<&str> = column.into_iter().collect();
    for shape in layer.into_shapes(&columns, Validity::Repair)? {
        let shape = shape?;
        let value = shape.attributes.first().and_then(Option::as_deref);
        builder.add(&shape.polygons, group(value), &transform)?;
        counts.polygons += u64::from(!shape.polygons.0.is_empty());
        counts.repaired += u64::from(shape.repaired);
        progress.advance(1);
        if counts.polygons % 256 == 0 && progress.wants_stop() {
            return Err(LabelError::Interrupted { path: out.to_owned() });
        }
    }
    progress.finish("");
    if counts.polygons == 0 {
        return Err(LabelError::NoPolygons { path: file.path.clone() });
    }
    if counts.repaired > 0 {
        let (repaired, path) = (counts.repaired, file.path.display());
        progress
            .warn(&format!("{repaired} polygons of `{path}` cross themselves and were repaired"));
    }
    Ok((builder.build(), counts))
}

fn read_source(
    plan: &LabelPlan,
    crs: &CoordinateSystem,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<(PolygonIndex, Counts), LabelError> {
    let mut per_group = vec![0_u64; plan.rule.groups.len()];
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    let mut group = |value: Option<&str>| {
        let group = value.and_then(|value| plan.groups.get(value.trim()).copied());
        match (group, value) {
            (Some(group), _) => per_group[group] += 1,
            (None, Some(value)) if others.len() < REMEMBERED || others.contains_key(value) => {
                *others.entry(value.to_owned()).or_default() += 1;
            }
            _ => {}
        }
        group
    };
    let column = Some(plan.class_column.as_str());
    let read = read_polygons(&plan.source, column, crs, out, progress, &mut group)?;
    if let Some(empty) = per_group.iter().position(|&count| count == 0) {
        let (class, _) = plan.rule.groups[empty];
        let wanted = plan.groups.iter().filter(|(_, group)| **group == empty);
        return Err(LabelError::EmptyClass {
            path: plan.source.path.clone(),
            class: plan.rule.classes.name(class).to_owned(),
            column: plan.class_column.clone(),
            wanted: quoted(wanted.map(|(value, _)| value)),
            found: quoted(others.keys()),
        });
    }
    Ok(read)
}

fn read_known(
    file: &PolygonFile,
    crs: &CoordinateSystem,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<PolygonIndex, LabelError> {
    let (index, _) = read_polygons(file, None, crs, out, progress, &mut |_| None)?;
    Ok(index)
}

fn quoted<'a>(values: impl Iterator<Item = &'a String>) -> String {
    let values: Vec<String> = values.map(|value| format!("`{value}`")).collect();
    if values.is_empty() { "nothing else".to_owned() } else { values.join(", ") }
}

/// Gives cells their labels.
struct Labeller<'a> {
    plan: &'a LabelPlan,
    source: PolygonIndex,
    known: Option<PolygonIndex>,
}

impl Labeller<'_> {
    /// The cell with its label; `None` where it is to be dropped.
    fn label(&self, mut cell: Cell) -> Option<Cell> {
        let outline = cell.outline.as_ref()?;
        let shares = shares(&self.source, self.plan.rule.groups.len(), outline);
        let known = OnceCell::new();
        let is_known = || *known.get_or_init(|| self.is_known(&shares, outline));
        let label = self.plan.rule.label(&shares, is_known);
        if self.plan.undefined == Undefined::Drop && label == Label::Undefined && !is_known() {
            return None;
        }
        cell.label = label;
        cell.year = self.plan.year.or(cell.year);
        Some(cell)
    }

    fn is_known(&self, shares: &Shares, outline: &Outline) -> bool {
        match (&self.plan.known, &self.known) {
            (Known::Polygons(least), _) => shares.all >= least - 1e-9,
            (Known::Layer(_, least), Some(layer)) => {
                super::coverage::shares(layer, 0, outline).all >= least - 1e-9
            }
            (Known::Within(metres), _) => {
                let centre = outline.centroid();
                shares.all > 0.0
                    || centre.is_some_and(|at| self.source.is_within(at.x, at.y, *metres))
            }
            (Known::Everywhere | Known::Layer(..), _) => true,
        }
    }
}

/// Makes or reads cells, labels them and hands them to the writer.
fn run(
    grid: OpenGrid,
    labeller: &Labeller<'_>,
    writer: GridWriter,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<LabelSummary, LabelError> {
    let (sender, receiver) = sync_channel(4);
    thread::scope(|scope| {
        let writing = scope.spawn(move || write_all(writer, &receiver));
        let made = feed(grid, labeller, &sender, out, progress);
        // The writer ends the file only when it is told that all is well.
        let tally = made.and_then(|tally| {
            if tally.written() == 0 {
                return Err(LabelError::NoCells);
            }
            Ok(tally)
        });
        if tally.is_ok() {
            progress.start("finishing the file", None, "");
            // A writer that is gone has an error of its own, which comes with the join.
            drop(sender.send(Message::Finish));
        }
        drop(sender);
        let written = writing.join().expect("the writer does not panic");
        progress.finish("");
        // Where writing fails, feeding stops for that reason.
        match (written, tally) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), tally) => Ok(tally?.summary(labeller.plan, out)),
        }
    })
}

/// What the writer is told.
enum Message {
    Cells(Vec<Cell>),
    Finish,
}

/// Writes what comes; without a final word, nothing is left under the name.
fn write_all(mut writer: GridWriter, messages: &Receiver<Message>) -> Result<(), GridError> {
    for message in messages {
        match message {
            Message::Cells(cells) => writer.append(&cells)?,
            Message::Finish => return writer.finish(),
        }
    }
    Ok(())
}

/// Counts of labels.
#[derive(Debug)]
struct Tally {
    classes: Vec<u64>,
    undefined: u64,
    dropped: u64,
}

impl Tally {
    fn written(&self) -> u64 {
        self.classes.iter().sum::<u64>() + self.undefined
    }

    fn count(&mut self, cells: &[Cell]) {
        for cell in cells {
            match cell.label {
                Label::Class(class) => self.classes[class.index()] += 1,
                Label::Undefined => self.undefined += 1,
            }
        }
    }

    fn summary(self, plan: &LabelPlan, out: &Path) -> LabelSummary {
        LabelSummary {
            path: out.to_owned(),
            classes: plan.classes().names().iter().cloned().zip(self.classes).collect(),
            undefined: self.undefined,
            dropped: self.dropped,
            polygons: 0,
            repaired: 0,
        }
    }
}

fn feed(
    grid: OpenGrid,
    labeller: &Labeller<'_>,
    sender: &SyncSender<Message>,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<Tally, LabelError> {
    let classes = labeller.plan.classes().len();
    let mut tally = Tally { classes: vec![0; classes], undefined: 0, dropped: 0 };
    let mut deal = |cells: Vec<Cell>, total: u64, progress: &mut dyn Progress| {
        progress.advance(total);
        tally.count(&cells);
        tally.dropped += total - cells.len() as u64;
        // The writer is gone when it met an error; that error is the one to be reported.
        let gone = !cells.is_empty() && sender.send(Message::Cells(cells)).is_err();
        if gone || progress.wants_stop() {
            return Err(LabelError::Interrupted { path: out.to_owned() });
        }
        Ok(())
    };
    match grid {
        OpenGrid::Read(reader) => {
            progress.start("labelling", reader.cell_count(), "cells");
            for batch in *reader {
                let batch = batch?;
                let total = batch.len() as u64;
                let cells = batch.into_par_iter().filter_map(|cell| labeller.label(cell)).collect();
                deal(cells, total, progress)?;
            }
        }
        OpenGrid::Made(spec) => feed_made(&spec, labeller, progress, &mut deal)?,
        OpenGrid::OverSource { crs, size_metres } => {
            let metres = if let Known::Within(metres) = labeller.plan.known { metres } else { 0.0 };
            let none = || LabelError::NoPolygons { path: labeller.plan.source.path.clone() };
            let reach = labeller.source.reach().ok_or_else(none)?.grown(metres);
            let spec = GridSpec::new(crs, size_metres, reach)?;
            feed_made(&spec, labeller, progress, &mut deal)?;
        }
    }
    Ok(tally)
}

type Deal<'a> = dyn FnMut(Vec<Cell>, u64, &mut dyn Progress) -> Result<(), LabelError> + 'a;

fn feed_made(
    spec: &GridSpec,
    labeller: &Labeller<'_>,
    progress: &mut dyn Progress,
    deal: &mut Deal<'_>,
) -> Result<(), LabelError> {
    progress.start("labelling", Some(spec.len()), "cells");
    let columns = u64::from(spec.columns());
    let cell = |index: u64| {
        let row = u32::try_from(index / columns).expect("rows are counted in 32 bits");
        let column = u32::try_from(index % columns).expect("columns are counted in 32 bits");
        let outline = Some(spec.outline(row, column));
        let id = spec.id(row, column);
        labeller.label(Cell { id, label: Label::Undefined, outline, year: None })
    };
    let mut start = 0;
    while start < spec.len() {
        let end = spec.len().min(start + BATCH);
        let cells = (start..end).into_par_iter().filter_map(cell).collect();
        deal(cells, end - start, progress)?;
        start = end;
    }
    Ok(())
}
