//! The cutter: reads a mosaic ahead of those who want its patches.

use std::sync::mpsc::sync_channel;

use tesela_datasets::cell::Cell;
use tesela_datasets::patch::{PatchBatch, PatchShape, SampleType};
use tesela_datasets::pixel::Scaling;

use super::assemble::{Assembled, Assembler};
use super::batches::Batch;
use super::mask::{Judge, Judged, Mask};
use super::plan::{RasterLayout, Tiling};
use super::sorter::SortedCells;
use super::spool::SpooledCell;
use super::strips::Wanted;
use super::{CellSet, CuttingError, Part, PatchPool};
use crate::raster::{Mosaic, MosaicNumber};

/// What is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutterSettings {
    /// Rows and columns of a patch; odd, so that it has a centre.
    pub patch_pixels: usize,
    /// What the numbers mean.
    pub scaling: Scaling,
    /// Whether patches come with their cells, which takes memory for each.
    pub with_cells: bool,
}

/// Some patches with what is known about their pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct CutPatches {
    /// The patches; their positions are the numbers of their cells in the grid.
    pub patches: PatchBatch,
    /// The cells; none unless [`CutterSettings::with_cells`].
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
    pub(super) settings: CutterSettings,
    pub(super) sorted: SortedCells,
    /// How many windows begin in each row of the mosaic.
    pub(super) row_counts: Vec<u32>,
    pub(super) wanted: Wanted,
    pub(super) outside: u64,
    pub(super) pool: PatchPool,
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

    /// Takes the memory of patches that are of no more use, for those to come.
    pub fn pool(&self) -> PatchPool {
        self.pool.clone()
    }

    /// Cuts all patches and hands them to `sink`, in the order of the blocks of the mosaic.
    ///
    /// # Errors
    /// If the mosaic cannot be read, or `sink` fails.
    pub fn run<E: From<CuttingError>>(
        self,
        sink: &mut dyn FnMut(CutPatches) -> Result<(), E>,
    ) -> Result<(), E> {
        let nodata = self.settings.scaling.nodata;
        #[expect(clippy::cast_possible_truncation, reason = "the mosaic's type holds the value")]
        #[expect(clippy::cast_sign_loss, reason = "the mosaic's type holds the value")]
        match self.sample_type() {
            SampleType::UInt8 => self.run_typed(nodata.unwrap_or_default() as u8, sink),
            SampleType::UInt16 => self.run_typed(nodata.unwrap_or_default() as u16, sink),
            SampleType::Int16 => self.run_typed(nodata.unwrap_or_default() as i16, sink),
            SampleType::Float32 => self.run_typed(nodata.unwrap_or(f64::NAN) as f32, sink),
        }
    }

    /// Of numbers of one type; patches hold `fill` outside the mosaic.
    fn run_typed<T: MosaicNumber, E: From<CuttingError>>(
        self,
        fill: T,
        sink: &mut dyn FnMut(CutPatches) -> Result<(), E>,
    ) -> Result<(), E> {
        let shape = self.shape();
        let Self { mosaic, settings, sorted, wanted, pool, .. } = self;
        let extent = (mosaic.columns(), mosaic.rows());
        let judge = Judge { shape, scaling: settings.scaling, extent };
        let layout = RasterLayout {
            columns: mosaic.columns(),
            rows: mosaic.rows(),
            block: mosaic.block(),
            number_bytes: mosaic.sample_type().bytes(),
            access: mosaic.access(),
        };
        let tiling = Tiling::new(&layout, settings.patch_pixels);
        let (sender, receiver) = sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let sender = &sender;
                let whole_cells = settings.with_cells;
                let assembler =
                    Assembler { mosaic, sorted, shape, fill, tiling, pool, whole_cells, sender };
                assembler.run(&wanted);
            });
            for assembled in receiver {
                sink(judged(assembled?, &judge))?;
            }
            Ok(())
        })
    }
}

/// Patches with what `judge` says of their pixels.
fn judged<T: MosaicNumber>(assembled: Assembled<T>, judge: &Judge) -> CutPatches {
    let Batch { cells: windows, samples, used } = assembled.batch;
    let (mut cells, mut patches, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (SpooledCell { cell, label, footprint }, window) in
        assembled.cells.into_iter().zip(&windows)
    {
        let (column, row) = (window.column.into(), window.row.into());
        patches.push(Judged { column, row, footprint });
        labels.push(label);
        cells.extend(cell);
    }
    let samples = T::into_samples(samples);
    let Mask { used, inside_counts, used_counts } = judge.mask(&patches, &samples, used);
    let patches = PatchBatch {
        shape: judge.shape,
        samples,
        used,
        labels,
        positions: windows.iter().map(|window| window.cell).collect(),
    };
    CutPatches { patches, cells, inside_pixels: inside_counts, used_pixels: used_counts }
}
