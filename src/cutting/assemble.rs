//! Assembling patches from the blocks of a mosaic, in a thread of its own: a data set of GDAL serves one thread.

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;

use tesela_datasets::patch::PatchShape;

use super::CuttingError;
use super::batches::{Batch, BatchQueue, Slot};
use super::copy::copy;
use super::plan::{CellWindow, Step, TilePlace, TilePlan, Tiling};
use super::pool::PatchPool;
use super::sorter::SortedCells;
use super::spool::SpooledCell;
use super::strips::{Strips, Wanted};
use crate::raster::{Mosaic, MosaicNumber};

/// Patches that are handed over at a time.
const BATCH: usize = 1024;
/// Unless they have more bytes than this.
const BATCH_BYTES: usize = 32 << 20;

/// Patches that are whole, with their cells.
pub(super) struct Assembled<T> {
    pub(super) batch: Batch<T>,
    pub(super) cells: Vec<SpooledCell>,
}

/// A cell whose patch is not whole yet.
struct OpenCell<T> {
    window: CellWindow,
    /// What the tiles before had of it; empty where none had.
    pixels: Vec<T>,
}

/// Where the pixels of a cell go.
#[derive(Clone, Copy)]
enum Target {
    /// Into a batch: the cell is complete with this tile. Nothing was written there yet.
    Announced(Slot),
    /// Into a batch, with what was there before.
    Begun(Slot),
    /// Along with the cell, to the next tile.
    Cell,
}

/// Reads a mosaic and makes patches of it.
pub(super) struct Assembler<'a, T> {
    pub(super) mosaic: Mosaic,
    pub(super) sorted: SortedCells,
    pub(super) shape: PatchShape,
    /// What patches hold outside the mosaic.
    pub(super) fill: T,
    pub(super) tiling: Tiling,
    pub(super) pool: PatchPool,
    /// Whether all of a cell is wanted, and not what its mask needs alone.
    pub(super) whole_cells: bool,
    pub(super) sender: &'a SyncSender<Result<Assembled<T>, CuttingError>>,
}

/// Why assembling ended early.
enum Stop {
    /// Nobody wants more.
    Unwanted,
    Failed(CuttingError),
}

impl<T: MosaicNumber> Assembler<'_, T> {
    /// Assembles the patches of `wanted` cells and sends them, in batches of a good size, or why that failed.
    pub(super) fn run(self, wanted: &Wanted) {
        if let Err(Stop::Failed(error)) = self.assemble(wanted) {
            // Nobody listens any more when the sink has failed.
            let _ = self.sender.send(Err(error));
        }
    }

    fn assemble(&self, wanted: &Wanted) -> Result<(), Stop> {
        let bytes = self.shape.samples() * size_of::<T>();
        let length = (BATCH_BYTES / bytes.max(1)).clamp(1, BATCH);
        let mut queue = BatchQueue::new(self.shape.samples(), length, self.pool.clone());
        let strips =
            Strips::new(&self.sorted.bands, self.sorted.reach, wanted, self.tiling.strip_rows());
        let mut waiting: Tiles<T> = BTreeMap::new();
        for (row, strip) in strips.enumerate() {
            for window in strip.map_err(|source| self.failed(source))? {
                let (first, _) = self.tiling.tiles(&window);
                waiting.entry(first).or_default().push(OpenCell { window, pixels: Vec::new() });
            }
            while let Some(tile) = waiting.first_entry().filter(|tile| tile.key().row == row) {
                let (place, cells) = tile.remove_entry();
                for cell in self.read_tile(place, cells, &mut queue)? {
                    let next = self.next_tile(place, &cell.window);
                    waiting.entry(next).or_default().push(cell);
                }
            }
        }
        queue.finish().map_or(Ok(()), |batch| self.send(batch))
    }

    /// Where the rest of `window` lies, which goes on behind the tile at `place`.
    fn next_tile(&self, place: TilePlace, window: &CellWindow) -> TilePlace {
        let (first, last) = self.tiling.tiles(window);
        if place.column < last.column {
            TilePlace { row: place.row, column: place.column + 1 }
        } else {
            TilePlace { row: place.row + 1, column: first.column }
        }
    }

    /// Reads the tile at `place` for `cells`, and gives those back that go on behind it.
    fn read_tile(
        &self,
        place: TilePlace,
        mut cells: Vec<OpenCell<T>>,
        queue: &mut BatchQueue<T>,
    ) -> Result<Vec<OpenCell<T>>, Stop> {
        let windows: Vec<CellWindow> = cells.iter().map(|cell| cell.window).collect();
        let plan = TilePlan::new(&self.tiling, place, &windows);
        let mut targets = vec![Target::Cell; cells.len()];
        for &index in &plan.ending {
            targets[index] = Target::Announced(queue.announce(cells[index].window));
        }
        let mut complete = 0;
        for step in &plan.steps {
            for &index in &step.cells {
                targets[index] = self.begin(targets[index], &mut cells[index], queue);
            }
            self.read_step(step, &targets, &mut cells, queue)?;
            queue.complete(step.complete - complete);
            complete = step.complete;
            while let Some(batch) = queue.next_full() {
                self.send(batch)?;
            }
        }
        let goes_on = |target: &Target| matches!(target, Target::Cell);
        let left = cells.into_iter().zip(&targets).filter(|(_, target)| goes_on(target));
        Ok(left.map(|(cell, _)| cell).collect())
    }

    /// Makes `target` ready for the pixels of `cell`: all that will not be written is what it has to be.
    fn begin(&self, target: Target, cell: &mut OpenCell<T>, queue: &mut BatchQueue<T>) -> Target {
        match target {
            Target::Announced(slot) => {
                let pixels = std::mem::take(&mut cell.pixels);
                if !pixels.is_empty() {
                    queue.patch(slot).copy_from_slice(&pixels);
                } else if !self.tiling.is_inside(&cell.window) {
                    queue.patch(slot).fill(self.fill);
                }
                Target::Begun(slot)
            }
            Target::Cell if cell.pixels.is_empty() => {
                cell.pixels = vec![self.fill; self.shape.samples()];
                target
            }
            begun => begun,
        }
    }

    fn read_step(
        &self,
        step: &Step,
        targets: &[Target],
        cells: &mut [OpenCell<T>],
        queue: &mut BatchQueue<T>,
    ) -> Result<(), Stop> {
        let pixels = self.shape.pixels();
        for &window in &step.windows {
            for band in 0..self.shape.bands {
                let plane = self.mosaic.read_plane::<T>(band, window);
                let plane = plane.map_err(|error| Stop::Failed(error.into()))?;
                for &index in &step.cells {
                    let cell = &mut cells[index];
                    let patch = match targets[index] {
                        Target::Announced(slot) | Target::Begun(slot) => queue.patch(slot),
                        Target::Cell => &mut cell.pixels[..],
                    };
                    let patch = &mut patch[band * pixels..(band + 1) * pixels];
                    copy(&plane, &cell.window, self.shape.width, patch);
                }
            }
        }
        Ok(())
    }

    fn send(&self, batch: Batch<T>) -> Result<(), Stop> {
        let places = batch.cells.iter().map(|cell| cell.place);
        let cells = self.sorted.spool.get(places, self.whole_cells);
        let cells = cells.map_err(|source| self.failed(source))?;
        self.sender.send(Ok(Assembled { batch, cells })).map_err(|_| Stop::Unwanted)
    }

    fn failed(&self, source: std::io::Error) -> Stop {
        Stop::Failed(CuttingError::Spool { path: self.sorted.directory.clone(), source })
    }
}

/// Cells by the tile that they wait for.
type Tiles<T> = BTreeMap<TilePlace, Vec<OpenCell<T>>>;
