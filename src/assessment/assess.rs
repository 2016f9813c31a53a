//! The assessment itself: reads, joins, and measures.

use std::path::PathBuf;

use serde::Serialize;
use tesela_datasets::cells::Crs;
use tesela_datasets::class::ClassMap;

use super::announced::{Announcement, Found};
use super::areas::AreaEstimate;
use super::blocks::Blocks;
use super::figures::{contaminated, headline, mixture, weights};
use super::join::{Joined, Sources};
use super::labels::Labels;
use super::regions::Regions;
use super::remarks::{Remark, remarks};
use super::sets::{SetCoverage, coverage};
use super::training_cells::TrainingCells;
use super::{
    Announced, AssessmentError, CellCounts, EdgeBands, Figures, KnownCells, LookupFile, RegionFile,
    Strata, StrataKind, TrainingSource, strata,
};
use crate::map::{MapHeader, MapReader, SettledPrior};
use crate::metrics::{Confusion, Prevalence, Scores};
use crate::progress::Progress;
use crate::raster::CoordinateSystem;
use crate::training::RunDirectory;

/// The version of `metrics.json`.
const FORMAT_VERSION: u32 = 1;
/// The side of blocks where nothing else is said, in metres.
const BLOCK_METRES: f64 = 20_000.0;

/// What is assessed, and against what.
#[derive(Debug)]
pub struct AssessmentInput {
    /// The map.
    pub map: PathBuf,
    /// The labels; those that the map carries where `None`.
    pub labels: Option<LookupFile>,
    /// The run that made the map, where the map does not say what it announced and was trained on.
    pub run: Option<RunDirectory>,
    /// A file with the ids of further cells that were trained on.
    pub trained_on: Option<LookupFile>,
    /// Polygons by which figures are told apart.
    pub regions: Option<RegionFile>,
    /// The side of the blocks that are drawn together; that of the run, or 20 km, where `None`.
    pub block_metres: Option<f64>,
    /// Number of draws for the intervals.
    pub replicates: usize,
}

/// What came of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// Says what the file is.
    pub kind: &'static str,
    /// Version of the format.
    pub format: u32,
    /// The map.
    pub map: PathBuf,
    /// The labels; `None` where the map carries them.
    pub labels: Option<PathBuf>,
    /// The classes, in the order of all tables.
    pub classes: ClassMap,
    /// The class that the headline speaks of: the rarer of two; all of them where there are more.
    pub focus: Option<usize>,
    /// What became of the cells.
    pub counts: CellCounts,
    /// Who said which cells were trained on.
    pub training: TrainingSource,
    /// What the intervals were drawn from.
    pub blocks: Blocks,
    /// Without the cells that were trained on.
    pub headline: Figures,
    /// With them; `None` where there are none. These figures are contaminated.
    pub with_training_cells: Option<Figures>,
    /// By quality, area of applicability and region.
    pub strata: Vec<Strata>,
    /// By distance from the edge.
    pub edge: Option<EdgeBands>,
    /// Why there are no figures by distance.
    pub edge_missing: Option<String>,
    /// What conformal sets are worth; empty where the map has none.
    pub sets: Vec<SetCoverage>,
    /// How much of the country is of each class.
    pub areas: Option<AreaEstimate>,
    /// Why there are no areas.
    pub areas_missing: Option<String>,
    /// The prevalence that operating points estimated on the cells of the map, where they did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<SettledPrior>,
    /// What was announced, and whether the map keeps it.
    pub announced: Option<Announced>,
    /// What a reader must know first.
    pub remarks: Vec<Remark>,
}

/// An assessment with the cells that its pictures are of.
pub struct Assessed {
    /// What came of it.
    pub assessment: Assessment,
    /// The scored cells.
    pub cells: KnownCells,
    /// How common each class is on the map; `None` where the scored cells are mixed like it.
    pub mixture: Option<Prevalence>,
    /// What the places of the cells mean; `None` where nobody knows.
    pub crs: Option<Crs>,
    /// The height of a cell in the unit of the places.
    pub side: f64,
}

/// Assesses a map.
///
/// # Errors
/// If a file cannot be read, the labels are of other cells or other classes, nothing can be scored, or the user stops.
pub fn assess(
    input: &AssessmentInput,
    progress: &mut dyn Progress,
) -> Result<Assessed, AssessmentError> {
    let reader = MapReader::open(&input.map)?;
    let header = reader.header().clone();
    progress.start("reading the labels", None, "cells");
    let labels = Labels::read(input.labels.as_ref(), &input.map, &header)?;
    let training = TrainingCells::read(
        header.origin.content.training,
        input.run.as_ref(),
        input.trained_on.as_ref(),
    )?;
    let (map, labels_file) = (input.map.as_path(), input.labels.as_ref());
    let sources = Sources { map, labels_file, labels: &labels, training: &training };
    let joined = Joined::read(reader, &sources, progress)?;
    drop(labels);
    progress.start("measuring", None, "cells");
    measure(input, &header, joined, training.into_source())
}

fn measure(
    input: &AssessmentInput,
    header: &MapHeader,
    mut joined: Joined,
    training: TrainingSource,
) -> Result<Assessed, AssessmentError> {
    let classes = &header.origin.classes;
    let announcement = match &input.run {
        Some(run) => Some(Announcement::of_run(run)?),
        None => Announcement::of_map(&header.origin),
    };
    let announced_side = announcement.as_ref().and_then(Announcement::block_metres);
    let side = input.block_metres.or(announced_side).unwrap_or(BLOCK_METRES);
    let blocks = Blocks::of(&joined.fresh.places, header.cells.crs.as_ref(), side)?;
    let mixture = mixture(&joined);
    let headline =
        headline(&joined, classes, &blocks, input.replicates, &training, mixture.as_ref());
    let weights = weights(mixture.as_ref(), &headline.confusion);
    let focus = focus(&headline.scores);
    let has_point = header.origin.operating_point;
    let announced = announcement.and_then(|announcement| {
        let found =
            Found { confusion: &headline.confusion, weights: &weights, counts: &joined.counts };
        announcement.against(&found, classes, (focus, has_point))
    });
    let (edge, edge_missing) = apart(EdgeBands::of(&joined, classes, is_metric(header)));
    let (areas, areas_missing) = areas(&joined, &headline.confusion, header);
    let mut strata = strata::of_map(&joined.fresh, classes);
    strata.extend(regions(input, header, &joined.fresh)?);
    let with_training_cells = contaminated(&mut joined, classes);
    let mut assessment = Assessment {
        kind: "assessment",
        format: FORMAT_VERSION,
        map: input.map.clone(),
        labels: input.labels.as_ref().map(|file| file.path.clone()),
        classes: classes.clone(),
        focus,
        with_training_cells,
        sets: coverage(&joined.fresh, classes),
        counts: joined.counts,
        training,
        blocks: blocks.without_cells(),
        headline,
        strata,
        edge,
        edge_missing,
        areas,
        areas_missing,
        settled: header.origin.settled(),
        announced,
        remarks: Vec::new(),
    };
    assessment.remarks = remarks(&assessment);
    let side = joined.pitch.map_or(0.0, |pitch| pitch.y);
    let crs = header.cells.crs.clone();
    Ok(Assessed { assessment, cells: joined.fresh, mixture, crs, side })
}

/// The class that the headline speaks of: the rarer of two, the second of equals.
fn focus(scores: &Scores) -> Option<usize> {
    match scores.classes.as_slice() {
        [first, second] => Some(usize::from(first.support >= second.support)),
        _ => None,
    }
}

fn is_metric(header: &MapHeader) -> bool {
    let system = header.cells.crs.as_ref().map(CoordinateSystem::from_crs);
    system.is_some_and(|system| system.is_ok_and(|system| system.require_metres().is_ok()))
}

fn apart<T>(found: Result<T, String>) -> (Option<T>, Option<String>) {
    match found {
        Ok(found) => (Some(found), None),
        Err(reason) => (None, Some(reason)),
    }
}

/// The areas of the classes: those of the cells that were trained on as they are known, the others from those that were not.
fn areas(
    joined: &Joined,
    confusion: &Confusion,
    header: &MapHeader,
) -> (Option<AreaEstimate>, Option<String>) {
    let (mapped, known) = (&joined.counts.mapped, joined.trained.confusion());
    let estimate = AreaEstimate::of(mapped, confusion, &known, &header.origin.classes);
    let (mut areas, missing) = apart(estimate);
    if let (Some(areas), Some(pitch), true) = (&mut areas, joined.pitch, is_metric(header)) {
        areas.cell_square_kilometres = Some(pitch.x * pitch.y / 1e6);
    }
    (areas, missing)
}

fn regions(
    input: &AssessmentInput,
    header: &MapHeader,
    cells: &KnownCells,
) -> Result<Option<Strata>, AssessmentError> {
    let Some(file) = &input.regions else { return Ok(None) };
    let refuse = |reason: &str| AssessmentError::NoPlaces {
        path: input.map.clone(),
        reason: format!("{reason}; figures by polygon need both"),
    };
    let crs = header.cells.crs.as_ref();
    let crs = crs.ok_or_else(|| refuse("have no coordinate reference system"))?;
    if cells.places.iter().all(Option::is_none) {
        return Err(refuse("have no place"));
    }
    let regions = Regions::read(file, crs)?;
    let order = regions.sorted();
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &region)| rank[region] = place);
    let names: Vec<String> = order.iter().map(|&region| regions.names[region].clone()).collect();
    let of_cells = regions.of(&cells.places);
    let part = |cell: usize| of_cells[cell].map(|region| rank[region]);
    Ok(Some(Strata::of(
        (StrataKind::Region, &file.column),
        &names,
        cells,
        &header.origin.classes,
        part,
    )))
}
