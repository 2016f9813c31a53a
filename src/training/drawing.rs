//! Drawing a fold plan: the schemes of an experiment meet the cells of its store.

use std::collections::BTreeSet;
use std::path::Path;

use tesela_datasets::cell::{CellId, Point};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::fold::{BlockSize, FoldError, FoldPlan, Partition, Roster, Scheme};
use tesela_datasets::random::derive;
use tesela_datasets::store::StoreReader;

use super::regions::CellRegions;
use super::strata::groups;
use super::{Ground, TrainingError};
use crate::experiment::{Folding, HeldOutCells, RegionPolygons, RegionSource, SchemeSettings};

/// The place of repeated draws below a seed.
const PLACE: u64 = 0x5265_7065;

/// A cell that is spread over folds.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its id.
    pub(super) id: CellId,
    /// Its row in the store.
    pub(super) row: u32,
    /// Its class.
    pub(super) class: ClassId,
}

/// What plans are drawn from.
pub(super) struct Drawing<'a> {
    store: &'a StoreReader,
    roster: Roster,
    /// The row in the store of each cell of the roster.
    rows: Vec<u32>,
    seed: u64,
    remarks: Vec<String>,
}

impl<'a> Drawing<'a> {
    /// Draws from `seed` for `cells` of `store`, which are in order of their ids.
    pub(super) fn new(
        store: &'a StoreReader,
        cells: &[Candidate],
        classes: &ClassMap,
        seed: u64,
    ) -> Result<Self, TrainingError> {
        let labelled = cells.iter().map(|cell| (cell.id.clone(), Label::Class(cell.class)));
        let roster = Roster::new(&labelled.collect::<Vec<_>>(), classes).map_err(failed(store))?;
        let rows = cells.iter().map(|cell| cell.row).collect();
        Ok(Self { store, roster, rows, seed, remarks: Vec::new() })
    }

    /// The plan of all schemes of `folding`, and what a user should know about it.
    pub(super) fn plan(
        mut self,
        folding: &Folding,
    ) -> Result<(FoldPlan, Vec<String>), TrainingError> {
        let mut partitions = Vec::new();
        for scheme in folding.schemes() {
            match scheme {
                SchemeSettings::Random => {
                    for repeat in 0..folding.repeats() {
                        let seed = self.seed(Scheme::Random, repeat);
                        let drawn = Partition::random(&self.roster, folding.folds(), seed, repeat);
                        partitions.push(drawn.map_err(failed(self.store))?);
                    }
                }
                SchemeSettings::Blocks(size) => self.blocks(folding, *size, &mut partitions)?,
                SchemeSettings::Regions { source, buffer } => {
                    let drawn = match source {
                        RegionSource::Groups => self.groups(folding)?,
                        RegionSource::Polygons(polygons) => self.regions(folding, polygons)?,
                    };
                    partitions.push(self.with_buffer(drawn, *buffer)?);
                }
                SchemeSettings::HeldOut { cells, buffer } => {
                    let drawn = self.held_out(cells)?;
                    partitions.push(self.with_buffer(drawn, *buffer)?);
                }
            }
        }
        let plan = FoldPlan::new(&self.roster, partitions).map_err(failed(self.store))?;
        self.remark_on_buffers(&plan);
        Ok((plan, self.remarks))
    }

    /// The seed of a repeat; the first takes that of the experiment as it is.
    fn seed(&self, scheme: Scheme, repeat: u16) -> u64 {
        match repeat {
            0 => self.seed,
            repeat => derive(self.seed, &[PLACE, scheme as u64, u64::from(repeat)]),
        }
    }

    fn blocks(
        &mut self,
        folding: &Folding,
        size: BlockSize,
        partitions: &mut Vec<Partition>,
    ) -> Result<(), TrainingError> {
        let points = self.points()?;
        for repeat in 0..folding.repeats() {
            let seed = self.seed(Scheme::Blocks, repeat);
            let folds = folding.folds();
            let drawn = Partition::blocks(&self.roster, &points, size, folds, seed, repeat);
            partitions.push(drawn.map_err(failed(self.store))?);
        }
        Ok(())
    }

    fn regions(
        &mut self,
        folding: &Folding,
        polygons: &RegionPolygons,
    ) -> Result<Partition, TrainingError> {
        let CellRegions { names, remarks } = CellRegions::of(polygons, self.store, &self.rows)?;
        self.remarks.extend(remarks);
        let names: Vec<Option<&str>> = names.iter().map(Option::as_deref).collect();
        Partition::regions_and_rest(&self.roster, &names, folding.folds(), self.seed)
            .map_err(failed(self.store))
    }

    fn groups(&self, folding: &Folding) -> Result<Partition, TrainingError> {
        let groups = groups(self.store, &self.rows);
        let groups: Vec<Option<&str>> = groups.iter().map(Option::as_deref).collect();
        if groups.iter().all(Option::is_none) {
            return Err(TrainingError::NoRegions { store: self.store.path().to_owned() });
        }
        Partition::regions(&self.roster, &groups, folding.folds(), self.seed)
            .map_err(failed(self.store))
    }

    fn held_out(&mut self, cells: &HeldOutCells) -> Result<Partition, TrainingError> {
        let drawn = match cells {
            HeldOutCells::Share(share) => {
                Partition::held_out_share(&self.roster, *share, self.seed)
            }
            HeldOutCells::File(file) => {
                let named = named_cells(file)?;
                let ids = self.roster.ids().iter();
                let is_named: Vec<bool> = ids.map(|id| named.contains(id.as_str())).collect();
                let found = is_named.iter().filter(|is_named| **is_named).count();
                if found < named.len() {
                    let (strangers, file) = (named.len() - found, file.display());
                    self.remarks.push(format!(
                        "{strangers} of the {} cells in `{file}` are not among the labelled ones",
                        named.len()
                    ));
                }
                Partition::held_out_set(&self.roster, &is_named, self.seed)
            }
        };
        drawn.map_err(failed(self.store))
    }

    fn with_buffer(
        &mut self,
        partition: Partition,
        buffer: f64,
    ) -> Result<Partition, TrainingError> {
        if buffer == 0.0 {
            return Ok(partition);
        }
        let points = self.points()?;
        partition.with_buffer(&self.roster, &points, buffer).map_err(failed(self.store))
    }

    /// Where the cells lie, in metres.
    fn points(&mut self) -> Result<Vec<Option<Point>>, TrainingError> {
        let ground = Ground::of(self.store, &self.rows)?;
        self.remarks.extend(ground.remark.filter(|remark| !self.remarks.contains(remark)));
        Ok(ground.points)
    }

    fn remark_on_buffers(&mut self, plan: &FoldPlan) {
        for partition in plan.partitions() {
            let Some(buffer) = partition.design().buffer_metres else { continue };
            let folds = partition.folds();
            let dropped: usize = (0..folds).map(|fold| partition.left_out(fold).len()).sum();
            self.remarks.push(format!(
                "{}: a buffer of {buffer} m keeps {} cells a fold out of training, on average",
                partition.scheme().words(),
                dropped / folds
            ));
        }
    }
}

fn failed(store: &StoreReader) -> impl Fn(FoldError) -> TrainingError {
    move |source| TrainingError::Folds { store: store.path().to_owned(), source }
}

/// The ids in the column `cell_id` of a CSV file.
fn named_cells(file: &Path) -> Result<BTreeSet<String>, TrainingError> {
    let failed = |error: csv::Error| TrainingError::read(file, error);
    let mut reader = csv::Reader::from_path(file).map_err(failed)?;
    let headers = reader.headers().map_err(failed)?;
    let Some(column) = headers.iter().position(|name| name == "cell_id") else {
        let found: Vec<&str> = headers.iter().collect();
        let found = found.join(", ");
        let reason = format!("its columns are {found}; expected a column `cell_id`");
        return Err(TrainingError::read(file, reason));
    };
    let mut named = BTreeSet::new();
    for record in reader.records() {
        named.extend(record.map_err(failed)?.get(column).map(str::to_owned));
    }
    Ok(named)
}
