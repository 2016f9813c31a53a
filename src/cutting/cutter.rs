//! The cutter: reads a mosaic ahead of those who want its patches.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tesela_datasets::cell::Cell;
use tesela_datasets::patch::{PatchBatch, PatchShape, SampleType};
use tesela_datasets::pixel::Scaling;

use super::assemble::Assembler;
use super::crew::Workplace;
use super::mask::Judge;
use super::pieces::Waiting;
use super::slabs::{RasterLayout, Slabs};
use super::sorter::SortedCells;
use super::steps::Steps;
use super::strips::{Strips, Wanted};
use super::{CellSet, Crew, CuttingError, Part, PatchPool};
use crate::raster::{Access, Mosaic, MosaicNumber};

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

    /// Cuts all patches and hands them to `sink`, in the order of the slabs of the mosaic; a thread of its own reads ahead.
    ///
    /// # Errors
    /// If the mosaic cannot be read, or `sink` fails.
    pub fn run<E: From<CuttingError>>(
        self,
        sink: &mut dyn FnMut(CutPatches) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sink = |cut| sink(cut).map(ControlFlow::Continue);
        self.run_by(Crew::READER, &|cut| cut, &mut sink)
    }

    /// Cuts all patches by the threads of `crew`, each of which has `work` done on what it has cut, and hands the results to `sink`
    /// as they come. Where `sink` breaks off, or the mosaic cannot be read, what was begun is ended and handed on, too.
    ///
    /// # Errors
    /// If the mosaic cannot be read, or `sink` fails, which then gets nothing more.
    pub fn run_by<R: Send, E: From<CuttingError>>(
        self,
        crew: Crew,
        work: &(dyn Fn(CutPatches) -> R + Sync),
        sink: &mut dyn FnMut(R) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match self.sample_type() {
            SampleType::UInt8 => self.run_typed::<u8, R, E>(crew, work, sink),
            SampleType::UInt16 => self.run_typed::<u16, R, E>(crew, work, sink),
            SampleType::Int16 => self.run_typed::<i16, R, E>(crew, work, sink),
            SampleType::Float32 => self.run_typed::<f32, R, E>(crew, work, sink),
        }
    }

    fn run_typed<T: MosaicNumber, R: Send, E: From<CuttingError>>(
        self,
        crew: Crew,
        work: &(dyn Fn(CutPatches) -> R + Sync),
        sink: &mut dyn FnMut(R) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let shape = self.shape();
        let Self { mosaic, settings, sorted, wanted, pool, .. } = self;
        let (extent, number_bytes) =
            ((mosaic.columns(), mosaic.rows()), mosaic.sample_type().bytes());
        let layout = RasterLayout {
            columns: extent.0,
            rows: extent.1,
            block: mosaic.block(),
            number_bytes,
            access: mosaic.access(),
        };
        let slabs = Slabs::new(&layout, settings.patch_pixels);
        let crew = crew.within(slabs.pixels() * shape.bands * number_bytes);
        let gap = settings.scaling.nodata.and_then(T::exactly);
        let strips = Strips::new(&sorted.bands, sorted.reach, &wanted, slabs.height());
        let workplace = Workplace {
            crew,
            steps: Mutex::new(Steps::new(slabs, strips)),
            mosaics: handles(mosaic, crew.threads)?,
            assembler: Assembler {
                shape,
                fill: gap.unwrap_or(T::BLANK),
                judge: Judge { shape, gap, extent },
                slabs,
                waiting: Waiting::default(),
            },
            spool: &sorted.spool,
            whole_cells: settings.with_cells,
            directory: sorted.directory.clone(),
            pool,
            stopped: AtomicBool::new(false),
        };
        workplace.run(work, sink)
    }
}

/// As many handles of `mosaic` as may read side by side for so many threads.
fn handles(mosaic: Mosaic, threads: usize) -> Result<Vec<Mutex<Mosaic>>, CuttingError> {
    let most = match mosaic.access() {
        Access::Blocks => threads,
        Access::Windows { readers, .. } => readers.min(threads),
    };
    let others = (1..most).map(|_| Ok(Mutex::new(mosaic.reopen()?)));
    let mut handles = others.collect::<Result<Vec<_>, CuttingError>>()?;
    handles.push(Mutex::new(mosaic));
    Ok(handles)
}
