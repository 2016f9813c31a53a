//! The cutter: reads a mosaic ahead of those who want its patches.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use tesela_datasets::cell::Cell;
use tesela_datasets::patch::{PatchBatch, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::Scaling;

use super::cut::{CellToCut, CutPixels, cut};
use super::locate::Locator;
use super::plan::{CellWindow, RasterLayout, ReadingPlan, strip_rows};
use super::sorter::SortedCells;
use super::strips::{Strips, Wanted};
use super::{CellSet, CuttingError, Part};
use crate::raster::{CoordinateSystem, Mosaic, MosaicWindow};

/// Bytes of a window that is read at once; three of them exist at a time.
const WINDOW_BYTES: usize = 32 << 20;
/// Patches that are handed over at a time.
const BATCH: usize = 1024;

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
    /// The patches; their positions are the numbers of their cells in the grid.
    pub patches: PatchBatch,
    /// The cells.
    pub cells: Vec<Cell>,
    /// Pixels of the window inside each cell, measured or not.
    pub inside_pixels: Vec<u32>,
    /// Used pixels of each cell.
    pub used_pixels: Vec<u32>,
}

/// Cuts the patches of all cells that overlap a mosaic; a [`CellSorter`](super::CellSorter) makes it.
#[derive(Debug)]
pub struct Cutter {
    pub(super) mosaic: Mosaic,
    pub(super) crs: CoordinateSystem,
    pub(super) settings: CutterSettings,
    pub(super) sorted: SortedCells,
    /// How many windows begin in each row of the mosaic.
    pub(super) row_counts: Vec<u32>,
    pub(super) wanted: Wanted,
    pub(super) outside: u64,
}

impl Cutter {
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
        let rows = self.row_counts[self.wanted.rows.clone()].iter();
        let cells: usize = rows.map(|&count| count as usize).sum();
        cells.saturating_sub(self.wanted.done.len())
    }

    /// Whether there will be none, as happens where a part has no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many cells of the grid overlap the mosaic, whatever part of them is cut.
    pub fn overlapping(&self) -> u64 {
        self.row_counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// Leaves all other parts to others. Where a part ends does not depend on anything but mosaic and grid.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.wanted.rows = part.rows(&self.row_counts);
        self
    }

    /// Leaves out cells of this part that are done already.
    #[must_use]
    pub fn without(mut self, done: CellSet) -> Self {
        self.wanted.done = done;
        self
    }

    /// How many cells do not overlap the mosaic; they get no patch.
    pub fn outside(&self) -> u64 {
        self.outside
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
        let scaling = self.settings.scaling;
        let (sender, receiver) = sync_channel(1);
        let (done, spare) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || WindowReader::run(self, &spare, &sender));
            let mut hand = Hand { pending: empty(shape, sample_type), sink };
            for read in receiver {
                let ReadCells { window, windows, cells } = read?;
                let mut cells = cells.into_iter();
                for windows in windows.chunks(BATCH) {
                    let pixels = cut(&window, windows, shape, &scaling);
                    hand.over(pixels, cells.by_ref().take(windows.len()))?;
                }
                // The reader may have come to its end.
                let _ = done.send(window.samples);
            }
            hand.finish()
        })
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
        cells: Vec::new(),
        inside_pixels: Vec::new(),
        used_pixels: Vec::new(),
    }
}

/// A window with the cells that are cut from it.
struct ReadCells {
    window: MosaicWindow,
    windows: Vec<CellToCut>,
    cells: Vec<NumberedCell>,
}

/// A cell and its number in the grid.
type NumberedCell = (u32, Cell);

/// Reads windows ahead, in a thread of its own: a data set of GDAL serves one thread.
struct WindowReader {
    mosaic: Mosaic,
    locator: Locator,
    sorted: SortedCells,
}

impl WindowReader {
    fn run(
        cutter: Cutter,
        spare: &Receiver<Samples>,
        sender: &SyncSender<Result<ReadCells, CuttingError>>,
    ) {
        if let Err(error) = Self::try_run(cutter, spare, sender) {
            // Nobody listens any more when the sink has failed.
            let _ = sender.send(Err(error));
        }
    }

    fn try_run(
        cutter: Cutter,
        spare: &Receiver<Samples>,
        sender: &SyncSender<Result<ReadCells, CuttingError>>,
    ) -> Result<(), CuttingError> {
        let Cutter { mosaic, crs, settings, sorted, wanted, .. } = cutter;
        let size = settings.patch_pixels;
        let layout = RasterLayout {
            columns: mosaic.columns(),
            rows: mosaic.rows(),
            block: mosaic.block(),
            pixel_bytes: mosaic.bands() * bytes_of(mosaic.sample_type()),
        };
        let locator = Locator::new(&crs, mosaic.crs(), *mosaic.placement())?;
        let reader = Self { mosaic, locator, sorted };
        let sorted = &reader.sorted;
        let height = strip_rows(&layout, size, WINDOW_BYTES);
        for strip in Strips::new(&sorted.bands, sorted.reach, &wanted, height) {
            let strip = strip.map_err(|source| reader.failed(source))?;
            let plan = ReadingPlan::new(strip, size, &layout, WINDOW_BYTES);
            for reading in &plan.readings {
                let window = match spare.try_recv() {
                    Ok(spare) => reader.mosaic.read_into(reading.window, spare)?,
                    Err(_) => reader.mosaic.read(reading.window)?,
                };
                let read = reader.cells(window, &plan.cells[reading.cells.clone()])?;
                if sender.send(Ok(read)).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// `window`, with the cells that are cut from it.
    fn cells(
        &self,
        window: MosaicWindow,
        planned: &[CellWindow],
    ) -> Result<ReadCells, CuttingError> {
        let (mut windows, mut cells) = (Vec::new(), Vec::new());
        for &CellWindow { place, cell: number, column, row } in planned {
            let cell = self.sorted.spool.get(place).map_err(|source| self.failed(source))?;
            let outline = cell.outline.as_ref().expect("cells without an outline are refused");
            let location = self.locator.locate(outline);
            let footprint = location.expect("a cell that was found is found again").footprint;
            windows.push(CellToCut { column: column.into(), row: row.into(), footprint });
            cells.push((number, cell));
        }
        Ok(ReadCells { window, windows, cells })
    }

    fn failed(&self, source: std::io::Error) -> CuttingError {
        CuttingError::Spool { path: self.sorted.directory.clone(), source }
    }
}

/// Hands patches over in batches of a good size: small ones are gathered.
struct Hand<'a, E> {
    pending: CutPatches,
    sink: &'a mut dyn FnMut(CutPatches) -> Result<(), E>,
}

impl<E> Hand<'_, E> {
    fn over(
        &mut self,
        pixels: CutPixels,
        cells: impl Iterator<Item = NumberedCell>,
    ) -> Result<(), E> {
        let (positions, cells): (Vec<u32>, Vec<Cell>) = cells.unzip();
        let patches = PatchBatch {
            shape: self.pending.patches.shape,
            samples: pixels.samples,
            used: pixels.used,
            labels: cells.iter().map(|cell| cell.label).collect(),
            positions,
        };
        let new = CutPatches {
            patches,
            cells,
            inside_pixels: pixels.inside_counts,
            used_pixels: pixels.used_counts,
        };
        if self.pending.patches.len() + new.patches.len() > BATCH {
            self.finish()?;
        }
        if self.pending.patches.is_empty() {
            self.pending = new;
        } else {
            append(&mut self.pending, new);
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
}

fn append(to: &mut CutPatches, from: CutPatches) {
    to.patches.samples.extend_from(&from.patches.samples, 0..from.patches.samples.len());
    to.patches.used.extend_from_slice(&from.patches.used);
    to.patches.labels.extend_from_slice(&from.patches.labels);
    to.patches.positions.extend_from_slice(&from.patches.positions);
    to.cells.extend(from.cells);
    to.inside_pixels.extend_from_slice(&from.inside_pixels);
    to.used_pixels.extend_from_slice(&from.used_pixels);
}
