//! The cutter: reads a mosaic ahead of those who want its patches.

use std::sync::mpsc::{SyncSender, sync_channel};

use rayon::prelude::*;
use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::class::Label;
use tesela_datasets::patch::{PatchBatch, PatchShape, SampleType};
use tesela_datasets::pixel::Scaling;

use super::cut::{CellToCut, CutPixels, cut};
use super::locate::{Location, Locator};
use super::plan::{Located, RasterLayout, Reading, ReadingPlan};
use super::{CellList, CuttingError};
use crate::raster::{CoordinateSystem, Mosaic, MosaicError, MosaicWindow};

/// Bytes of a window that is read at once; three of them exist at a time.
const WINDOW_BYTES: usize = 32 << 20;
/// Patches that are handed over at a time.
const BATCH: usize = 1024;
/// Cells that are measured to find the usual size.
const LOOKED_AT: usize = 1000;
/// The largest patch: a window of this side still fits memory many times.
const MAX_PATCH_PIXELS: f64 = 511.0;
/// Cells that are located by one thread at a time; each needs a transformation of its own.
const LOCATED_TOGETHER: usize = 1 << 15;

/// The size of patches that fits `cells` in `mosaic`: the odd number nearest to the side of a square as large as
/// their usual cell. Cells of 1 km have 33 pixels of 30 m.
///
/// # Errors
/// If there are no cells, they are too large, or they cannot be brought to the mosaic.
pub fn patch_pixels_for(
    mosaic: &Mosaic,
    cells: &CellList,
    crs: &CoordinateSystem,
) -> Result<usize, CuttingError> {
    check_cells(cells)?;
    let locator = Locator::new(crs, mosaic.crs(), *mosaic.placement())?;
    let step = cells.len().div_ceil(LOOKED_AT);
    let sides = (0..cells.len()).step_by(step).filter_map(|index| locate(&locator, cells, index));
    let mut sides: Vec<f64> = sides.map(|location| location.footprint.area().sqrt()).collect();
    sides.sort_unstable_by(f64::total_cmp);
    let Some(&side) = sides.get(sides.len() / 2) else { return Err(misses(mosaic, cells, crs)) };
    if side.is_nan() || side > MAX_PATCH_PIXELS {
        return Err(CuttingError::CellSize { path: mosaic.path().to_owned(), pixels: side });
    }
    #[expect(clippy::cast_possible_truncation, reason = "limited to a small number")]
    #[expect(clippy::cast_sign_loss, reason = "a side is positive")]
    let half = ((side - 1.0) / 2.0).max(0.0).round() as usize;
    Ok(2 * half + 1)
}

/// What is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutterSettings {
    /// Rows and columns of a patch; odd, so that it has a centre.
    pub patch_pixels: usize,
    /// What the numbers mean.
    pub scaling: Scaling,
}

/// Some patches with what is known about their pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct CutPatches {
    /// The patches; their positions are places in the list of cells.
    pub patches: PatchBatch,
    /// Pixels of the window inside each cell, measured or not.
    pub inside_pixels: Vec<u32>,
    /// Used pixels of each cell.
    pub used_pixels: Vec<u32>,
}

/// Cuts the patches of all cells that overlap a mosaic.
#[derive(Debug)]
pub struct Cutter<'a> {
    mosaic: Mosaic,
    cells: &'a CellList,
    crs: CoordinateSystem,
    settings: CutterSettings,
    plan: ReadingPlan,
    outside: Vec<u32>,
}

impl<'a> Cutter<'a> {
    /// Locates `cells`, whose outlines are in `crs`, in `mosaic`.
    ///
    /// # Errors
    /// If none overlaps the mosaic, one has no outline, or outlines cannot be brought to the mosaic.
    pub fn new(
        mosaic: Mosaic,
        cells: &'a CellList,
        crs: &CoordinateSystem,
        settings: CutterSettings,
    ) -> Result<Self, CuttingError> {
        check_cells(cells)?;
        let located = locate_all(&mosaic, cells, crs, settings.patch_pixels)?;
        let mut outside = Vec::new();
        let mut inside = Vec::with_capacity(located.len());
        for (cell, window) in (0..).zip(located) {
            match window {
                Some((column, row)) => inside.push(Located { cell, column, row }),
                None => outside.push(cell),
            }
        }
        if inside.is_empty() {
            return Err(misses(&mosaic, cells, crs));
        }
        let layout = RasterLayout {
            columns: mosaic.columns(),
            rows: mosaic.rows(),
            block: mosaic.block(),
            pixel_bytes: mosaic.bands() * bytes_of(mosaic.sample_type()),
        };
        let plan = ReadingPlan::new(inside, settings.patch_pixels, &layout, WINDOW_BYTES);
        Ok(Self { mosaic, cells, crs: crs.clone(), settings, plan, outside })
    }

    /// The extent of the patches.
    pub fn shape(&self) -> PatchShape {
        let size = self.settings.patch_pixels;
        PatchShape { bands: self.mosaic.bands(), height: size, width: size }
    }

    /// The type of the numbers.
    pub fn sample_type(&self) -> SampleType {
        self.mosaic.sample_type()
    }

    /// How many patches there will be.
    pub fn len(&self) -> usize {
        self.plan.cells.len()
    }

    /// Whether there will be none; never, as such a cutter is not made.
    pub fn is_empty(&self) -> bool {
        self.plan.cells.is_empty()
    }

    /// The cells that do not overlap the mosaic; they get no patch.
    pub fn outside(&self) -> &[u32] {
        &self.outside
    }

    /// Cuts all patches and hands them to `sink`, in the order of the blocks of the mosaic.
    ///
    /// # Errors
    /// If the mosaic cannot be read, or `sink` fails.
    pub fn run<E: From<CuttingError>>(
        self,
        sink: &mut dyn FnMut(CutPatches) -> Result<(), E>,
    ) -> Result<(), E> {
        let (shape, sample_type) = (self.shape(), self.sample_type());
        let Self { mosaic, cells, crs, settings, plan, .. } = self;
        let (sender, receiver) = sync_channel(1);
        std::thread::scope(|scope| {
            let reader = Reader { mosaic, cells, crs, plan: &plan };
            scope.spawn(move || reader.run(&sender));
            let mut hand = Hand { pending: empty(shape, sample_type), cells, sink };
            for read in receiver {
                let read: ReadCells = read?;
                for start in (0..read.cells.len()).step_by(BATCH) {
                    let range = start..(start + BATCH).min(read.cells.len());
                    let pixels =
                        cut(&read.window, &read.cells[range.clone()], shape, &settings.scaling);
                    hand.over(pixels, &read.numbers[range])?;
                }
            }
            hand.finish()
        })
    }
}

fn check_cells(cells: &CellList) -> Result<(), CuttingError> {
    if cells.is_empty() {
        return Err(CuttingError::NoCells);
    }
    if u32::try_from(cells.len()).is_err() {
        return Err(CuttingError::TooManyCells { found: cells.len() });
    }
    match (0..cells.len()).find(|&index| cells.corners(index).is_empty()) {
        Some(index) => Err(CuttingError::NoOutline { id: cells.get(index).id }),
        None => Ok(()),
    }
}

/// First column and row of the window of each cell; `None` where it does not overlap the mosaic.
fn locate_all(
    mosaic: &Mosaic,
    cells: &CellList,
    crs: &CoordinateSystem,
    size: usize,
) -> Result<Vec<Option<(i64, i64)>>, CuttingError> {
    let size = i64::try_from(size).expect("a patch is small");
    let reach = |length: usize| 1 - size..i64::try_from(length).expect("a raster fits memory");
    let (columns, rows) = (reach(mosaic.columns()), reach(mosaic.rows()));
    let (placement, target) = (*mosaic.placement(), mosaic.crs());
    let parts: Vec<usize> = (0..cells.len()).step_by(LOCATED_TOGETHER).collect();
    let located: Result<Vec<_>, CuttingError> = parts
        .into_par_iter()
        .map(|start| {
            let locator = Locator::new(crs, target, placement)?;
            let end = (start + LOCATED_TOGETHER).min(cells.len());
            let window = |index| {
                let (column, row) = locate(&locator, cells, index)?.centre;
                let (column, row) = (column - size / 2, row - size / 2);
                (columns.contains(&column) && rows.contains(&row)).then_some((column, row))
            };
            Ok((start..end).map(window).collect::<Vec<_>>())
        })
        .collect();
    Ok(located?.concat())
}

fn locate(locator: &Locator, cells: &CellList, index: usize) -> Option<Location> {
    locator.locate(&Outline { corners: cells.corners(index).to_vec() })
}

fn misses(mosaic: &Mosaic, cells: &CellList, crs: &CoordinateSystem) -> CuttingError {
    let words = |point: Point| format!("({:.6}, {:.6})", point.x, point.y);
    let first = Outline { corners: cells.corners(0).to_vec() };
    let grid = first.centroid().map_or_else(|| "nowhere".to_owned(), words);
    let (columns, rows) = (mosaic.columns() as f64, mosaic.rows() as f64);
    let from = words(mosaic.placement().to_ground(0.0, 0.0));
    let to = words(mosaic.placement().to_ground(columns, rows));
    CuttingError::Misses {
        path: mosaic.path().to_owned(),
        cells: cells.len(),
        grid: format!("{grid} in `{crs}`"),
        mosaic: format!("{from} to {to} in `{}`", mosaic.crs()),
    }
}

fn bytes_of(sample_type: SampleType) -> usize {
    match sample_type {
        SampleType::UInt8 => 1,
        SampleType::UInt16 | SampleType::Int16 => 2,
        SampleType::Float32 => 4,
    }
}

fn empty(shape: PatchShape, sample_type: SampleType) -> CutPatches {
    CutPatches {
        patches: PatchBatch::with_capacity(shape, sample_type, 0),
        inside_pixels: Vec::new(),
        used_pixels: Vec::new(),
    }
}

/// A window with the cells that are cut from it.
struct ReadCells {
    window: MosaicWindow,
    cells: Vec<CellToCut>,
    /// Their places in the list of cells.
    numbers: Vec<u32>,
}

/// Reads windows ahead, in a thread of its own: a data set of GDAL serves one thread.
struct Reader<'a> {
    mosaic: Mosaic,
    cells: &'a CellList,
    crs: CoordinateSystem,
    plan: &'a ReadingPlan,
}

impl Reader<'_> {
    fn run(&self, sender: &SyncSender<Result<ReadCells, CuttingError>>) {
        let locator = Locator::new(&self.crs, self.mosaic.crs(), *self.mosaic.placement());
        let locator = match locator {
            Ok(locator) => locator,
            Err(error) => return drop(sender.send(Err(error.into()))),
        };
        for reading in &self.plan.readings {
            let read = self.read(reading, &locator).map_err(CuttingError::from);
            let failed = read.is_err();
            // Nobody listens any more when the sink has failed.
            if sender.send(read).is_err() || failed {
                return;
            }
        }
    }

    fn read(&self, reading: &Reading, locator: &Locator) -> Result<ReadCells, MosaicError> {
        let window = self.mosaic.read(reading.window)?;
        let located = &self.plan.cells[reading.cells.clone()];
        let cells = located.iter().map(|cell| {
            let index = usize::try_from(cell.cell).expect("an index fits memory");
            let location = locate(locator, self.cells, index);
            let location = location.expect("a cell that was found is found again");
            CellToCut { column: cell.column, row: cell.row, footprint: location.footprint }
        });
        let cells = cells.collect();
        Ok(ReadCells { window, cells, numbers: located.iter().map(|cell| cell.cell).collect() })
    }
}

/// Hands patches over in batches of a good size: small ones are gathered.
struct Hand<'a, E> {
    pending: CutPatches,
    cells: &'a CellList,
    sink: &'a mut dyn FnMut(CutPatches) -> Result<(), E>,
}

impl<E> Hand<'_, E> {
    fn over(&mut self, pixels: CutPixels, numbers: &[u32]) -> Result<(), E> {
        let labels = numbers.iter().map(|&number| self.label(number)).collect();
        let patches = PatchBatch {
            shape: self.pending.patches.shape,
            samples: pixels.samples,
            used: pixels.used,
            labels,
            positions: numbers.to_vec(),
        };
        let new = CutPatches {
            patches,
            inside_pixels: pixels.inside_counts,
            used_pixels: pixels.used_counts,
        };
        if self.pending.patches.len() + new.patches.len() > BATCH {
            self.finish()?;
        }
        if self.pending.patches.is_empty() {
            self.pending = new;
        } else {
            append(&mut self.pending, &new);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), E> {
        if self.pending.patches.is_empty() {
            return Ok(());
        }
        let PatchBatch { shape, ref samples, .. } = self.pending.patches;
        let next = empty(shape, samples.sample_type());
        (self.sink)(std::mem::replace(&mut self.pending, next))
    }

    fn label(&self, number: u32) -> Label {
        self.cells.labels()[usize::try_from(number).expect("an index fits memory")]
    }
}

fn append(to: &mut CutPatches, from: &CutPatches) {
    to.patches.samples.extend_from(&from.patches.samples, 0..from.patches.samples.len());
    to.patches.used.extend_from_slice(&from.patches.used);
    to.patches.labels.extend_from_slice(&from.patches.labels);
    to.patches.positions.extend_from_slice(&from.patches.positions);
    to.inside_pixels.extend_from_slice(&from.inside_pixels);
    to.used_pixels.extend_from_slice(&from.used_pixels);
}
