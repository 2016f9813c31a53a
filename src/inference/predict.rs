//! Predicting every cell of a grid.

use std::path::Path;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::descriptor::{Descriptor, FileBands};
use tesela_datasets::patch::{PatchDefinition, PatchShape};
use tesela_datasets::pixel::{Band, PixelDefinition};
use tesela_models::classifier::Classifier;

use super::deciding::{DecidedCells, set_words};
use super::{CellList, Deciding, InferenceError};
use crate::cutting::{CellSorter, CutPatches, CutterSettings};
use crate::grid::{GridColumns, GridError, GridReader, GridRequest};
use crate::progress::Progress;
use crate::raster::{CoordinateSystem, Mosaic, MosaicReading, sample_type_name};

/// What is predicted.
#[derive(Debug, Clone)]
pub struct PredictInput<'a> {
    /// Where the mosaic lies.
    pub mosaic: &'a Path,
    /// What the mosaic is; `None`: the bands that the model was fitted on, in canonical order.
    pub descriptor: Option<&'a Descriptor>,
    /// Where the grid lies.
    pub grid: &'a Path,
    /// The layer of the grid; `None` takes the only one.
    pub layer: Option<String>,
    /// The columns of the grid.
    pub columns: GridColumns,
    /// A file or folder, which need not exist yet, on whose disk cells can wait for their turn, some 150 bytes each.
    pub scratch: &'a Path,
}

/// The prediction for every cell of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct CellMap {
    /// The cells, in the order of the grid.
    pub cells: CellList,
    /// The classes that labels of the grid speak of.
    pub label_classes: ClassMap,
    /// What the coordinates of outlines mean.
    pub crs: CoordinateSystem,
    /// The classes of the model.
    pub classes: ClassMap,
    /// `[cell, class]`, at the place of use where the model has an operating point; `NaN` for cells without a used pixel.
    pub probabilities: Vec<f32>,
    /// The class of each cell; `None` without a used pixel.
    pub decisions: Vec<Option<ClassId>>,
    /// The classes that cannot be ruled out, `[cell, class]`; empty where the model does not say.
    pub sets: Vec<bool>,
    /// How unlike the training cells each cell is; `NaN` without a used pixel, empty where the model does not say.
    pub dissimilarities: Vec<f32>,
    /// Whether each cell is like those that were trained on; empty where the model does not say.
    pub inside: Vec<bool>,
    /// For each cell the share of its pixels that are used.
    pub used_shares: Vec<f32>,
    /// Cells that do not overlap the mosaic.
    pub outside: u64,
}

impl CellMap {
    /// The probabilities of cell `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.classes.len();
        &self.probabilities[index * width..(index + 1) * width]
    }

    /// The class of cell `index`; `None` without a used pixel.
    pub fn class(&self, index: usize) -> Option<ClassId> {
        self.decisions[index]
    }

    /// The names of the classes of cell `index` that cannot be ruled out; `None` where the model does not say.
    pub fn set(&self, index: usize) -> Option<String> {
        let width = self.classes.len();
        let set = self.sets.get(index * width..(index + 1) * width)?;
        Some(set_words(set, &self.classes))
    }

    /// How many cells are of each class, in order.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        for class in (0..self.cells.len()).filter_map(|index| self.class(index)) {
            counts[class.index()] += 1;
        }
        counts
    }
}

/// Predicts every cell of a grid, labelled or not.
///
/// # Errors
/// If an input cannot be used, the mosaic is not what the model was fitted on, or the user stops.
pub fn predict_grid(
    classifier: &dyn Classifier,
    deciding: Deciding<'_>,
    input: &PredictInput<'_>,
    progress: &mut dyn Progress,
) -> Result<CellMap, InferenceError> {
    let input_of_model = classifier.input();
    let expected = input_of_model
        .patches()
        .ok_or_else(|| InferenceError::NeedsTable { expected: input_of_model.words() })?;
    let mosaic = Mosaic::open(input.mosaic, &reading_of(expected, input.descriptor)?)?;
    check_type(&mosaic, expected)?;
    let grid = open_grid(input)?;
    let (crs, label_classes) = (grid.crs().clone(), grid.classes().clone());
    let mut cells = CellList::default();
    let mut sorter = CellSorter::new(mosaic, &crs, input.scratch)?;
    grid.read(progress, &mut |batch| {
        cells.extend(batch);
        sorter.extend(batch).map_err(InferenceError::from)
    })?;
    let PatchShape { width: patch_pixels, .. } = expected.shape;
    let settings = CutterSettings { patch_pixels, scaling: expected.pixel.scaling };
    let cutter = sorter.into_cutter(settings)?;
    let classes = classifier.classes().clone();
    let mut map = Predictions::new(cells.len(), classes.len(), deciding);
    let outside = cutter.outside();
    progress.start("predicting", Some(cutter.len() as u64), "cells");
    cutter.run(&mut |batch| {
        if progress.wants_stop() {
            return Err(InferenceError::Interrupted);
        }
        let CutPatches { patches, used_pixels, inside_pixels, .. } = batch;
        let patches = patches.into();
        let decided = deciding.decide(&patches, classifier.predict(&patches)?)?;
        map.take(patches.positions(), &used_pixels, &inside_pixels, &decided);
        progress.advance(patches.len() as u64);
        Ok(())
    })?;
    let Predictions {
        probabilities, decisions, sets, dissimilarities, inside, used_shares, ..
    } = map;
    Ok(CellMap {
        cells,
        label_classes,
        crs,
        classes,
        probabilities,
        decisions,
        sets,
        dissimilarities,
        inside,
        used_shares,
        outside,
    })
}

/// What the mosaic must hold.
fn reading_of(
    expected: &PatchDefinition,
    descriptor: Option<&Descriptor>,
) -> Result<MosaicReading, InferenceError> {
    if let Some(descriptor) = descriptor {
        let imagery = descriptor.imagery().ok_or_else(|| InferenceError::NoImagery {
            descriptor: descriptor.name().to_owned(),
        })?;
        check_pixel(&imagery.pixel, &expected.pixel)?;
        return Ok(MosaicReading::of(imagery));
    }
    let names: Vec<String> = expected.pixel.bands.iter().map(|band| band.name().into()).collect();
    let bands = FileBands::new(&names).expect("the names of a band set are known and distinct");
    Ok(MosaicReading { bands, scaling: expected.pixel.scaling })
}

fn check_pixel(found: &PixelDefinition, expected: &PixelDefinition) -> Result<(), InferenceError> {
    let bands =
        |pixel: &PixelDefinition| pixel.bands.iter().map(Band::name).collect::<Vec<_>>().join(", ");
    let scaling = |pixel: &PixelDefinition| match pixel.scaling.product {
        Some(product) => format!("product `{}`", product.name()),
        None => format!("{:?}", pixel.scaling),
    };
    let unfit = |what, found, expected| Err(InferenceError::Unfit { what, found, expected });
    if found.bands != expected.bands {
        return unfit("the set of bands", bands(found), bands(expected));
    }
    if found.scaling != expected.scaling {
        return unfit("the scale", scaling(found), scaling(expected));
    }
    if found.tasseled_cap != expected.tasseled_cap {
        let words = |pixel: &PixelDefinition| format!("{:?}", pixel.tasseled_cap);
        return unfit("the tasseled cap", words(found), words(expected));
    }
    Ok(())
}

fn check_type(mosaic: &Mosaic, expected: &PatchDefinition) -> Result<(), InferenceError> {
    if mosaic.sample_type() == expected.sample_type {
        return Ok(());
    }
    Err(InferenceError::Unfit {
        what: "the type of numbers",
        found: sample_type_name(mosaic.sample_type()).to_owned(),
        expected: sample_type_name(expected.sample_type).to_owned(),
    })
}

fn open_grid(input: &PredictInput<'_>) -> Result<GridReader, InferenceError> {
    let columns = input.columns.clone();
    let layer = input.layer.clone();
    let mut request = GridRequest { columns, layer, ..GridRequest::default() };
    match GridReader::open(input.grid, &request) {
        // A grid on which nothing is labelled is as good as any here.
        Err(GridError::Classes { .. }) => {
            request.ignore_labels = true;
            Ok(GridReader::open(input.grid, &request)?)
        }
        opened => Ok(opened?),
    }
}

/// What is known of all cells so far.
struct Predictions {
    classes: usize,
    probabilities: Vec<f32>,
    decisions: Vec<Option<ClassId>>,
    sets: Vec<bool>,
    dissimilarities: Vec<f32>,
    inside: Vec<bool>,
    used_shares: Vec<f32>,
}

impl Predictions {
    fn new(cells: usize, classes: usize, deciding: Deciding<'_>) -> Self {
        let compared = if deciding.applicability.is_some() { cells } else { 0 };
        Self {
            classes,
            probabilities: vec![f32::NAN; cells * classes],
            decisions: vec![None; cells],
            // Nothing can be ruled out where nothing is seen.
            sets: vec![true; if deciding.has_sets() { cells * classes } else { 0 }],
            dissimilarities: vec![f32::NAN; compared],
            inside: vec![false; compared],
            used_shares: vec![0.0; cells],
        }
    }

    fn take(
        &mut self,
        positions: &[u32],
        used_pixels: &[u32],
        inside_pixels: &[u32],
        decided: &DecidedCells,
    ) {
        let pixels = used_pixels.iter().zip(inside_pixels);
        let rows = positions.iter().zip(decided.probabilities.rows()).zip(&decided.classes);
        for (index, (((&cell, row), &class), (&used, &inside))) in rows.zip(pixels).enumerate() {
            let cell = usize::try_from(cell).expect("an index fits memory");
            let place = cell * self.classes;
            self.probabilities[place..place + self.classes].copy_from_slice(row);
            self.decisions[cell] = class;
            if let Some(&dissimilarity) = decided.dissimilarities.get(index) {
                self.dissimilarities[cell] = dissimilarity;
                self.inside[cell] = decided.inside[index];
            }
            let own = index * self.classes;
            if let Some(set) = decided.sets.get(own..own + self.classes) {
                self.sets[place..place + self.classes].copy_from_slice(set);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a share needs few digits")]
            let share = (f64::from(used) / f64::from(inside.max(1))) as f32;
            self.used_shares[cell] = share;
        }
    }
}
