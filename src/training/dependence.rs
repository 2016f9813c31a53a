//! Spatial dependence: what the variograms of a store or of a run are taken of.
//!
//! Of a store these are the labels: for each class 1 where a cell is of it and 0 elsewhere. Of a run they are the
//! residuals, too: the same minus the probability that the model gave while the cell was held out. How far labels are alike
//! says how large blocks have to be; residuals say how much of that the model leaves unexplained.

use tesela_datasets::cell::Point;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::store::StoreReader;

use super::{Ground, RunDirectory, TrainingError};
use crate::metrics::variogram::Quantity;

/// Quantities at the cells of a store or of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// Where the cells lie, in metres.
    pub points: Vec<Point>,
    /// What is known about each of them.
    pub quantities: Vec<Quantity>,
    /// What a user should know about how coordinates were moved, if they were.
    pub remark: Option<String>,
}

/// One cell: its place, its class, and its probabilities where it was held out.
struct Known<'a> {
    point: Point,
    class: ClassId,
    probabilities: Option<&'a [f32]>,
}

impl Dependence {
    /// Of the labels of `store`.
    ///
    /// # Errors
    /// If no cell has a place, or nobody knows what its coordinates mean.
    pub fn of_store(store: &StoreReader) -> Result<Self, TrainingError> {
        let cells = store.cells().iter().zip(0..);
        let labelled = cells.filter_map(|(cell, row)| Some((row, cell.cell.label.class()?)));
        let (rows, own): (Vec<u32>, Vec<ClassId>) = labelled.unzip();
        let ground = Ground::of(store, &rows)?;
        let known = ground.points.iter().zip(own).filter_map(|(point, class)| {
            Some(Known { point: (*point)?, class, probabilities: None })
        });
        let known: Vec<Known<'_>> = known.collect();
        Ok(Self::of(&known, &store.definition().classes, ground.remark.clone()))
    }

    /// Of the labels and the residuals of a run that is done, by its strictest scheme.
    ///
    /// # Errors
    /// If the run or its store cannot be read, the store is another one by now, or its cells have no place.
    pub fn of_run(run: &RunDirectory) -> Result<Self, TrainingError> {
        let manifest = run.manifest();
        let store = StoreReader::open(&manifest.store)?;
        if store.digest() != manifest.store_digest {
            let (found, expected) = (store.digest(), &manifest.store_digest);
            let reason = format!("its digest is {found}; the run was on {expected}");
            return Err(TrainingError::Unfit { store: manifest.store.clone(), reason });
        }
        let headline = run.measurement()?.headline().partition;
        let Some(partition) = run.partitions()?.into_iter().nth(headline) else {
            let reason = format!("its fold plan has no partition {headline}");
            return Err(TrainingError::NotARun { path: run.path().to_owned(), reason });
        };
        let found = partition.rows_in(&store).into_iter().zip(partition.predictions.rows());
        let found = found
            .filter(|(_, (_, own))| own.iter().all(|value| !value.is_nan()))
            .filter_map(|(row, (cell, own))| Some((row?, cell.label, own)));
        let found: Vec<(u32, ClassId, &[f32])> = found.collect();
        let rows: Vec<u32> = found.iter().map(|(row, _, _)| *row).collect();
        let ground = Ground::of(&store, &rows)?;
        let known = ground.points.iter().zip(&found).filter_map(|(point, &(_, class, own))| {
            Some(Known { point: (*point)?, class, probabilities: Some(own) })
        });
        let known: Vec<Known<'_>> = known.collect();
        Ok(Self::of(&known, partition.predictions.classes(), ground.remark.clone()))
    }

    fn of(known: &[Known<'_>], classes: &ClassMap, remark: Option<String>) -> Self {
        // Of two classes, one says what the other would say.
        let skipped = usize::from(classes.len() == 2);
        let mut quantities = Vec::new();
        for class in classes.ids().skip(skipped) {
            let indicator = |known: &Known<'_>| f64::from(u8::from(known.class == class));
            let name = classes.name(class);
            quantities.push(Quantity {
                name: format!("label: {name}"),
                values: known.iter().map(indicator).collect(),
            });
            let residual = |known: &Known<'_>| {
                let own = known.probabilities?.get(class.index())?;
                Some(indicator(known) - f64::from(*own))
            };
            let residuals: Option<Vec<f64>> = known.iter().map(residual).collect();
            if let Some(values) = residuals.filter(|values| !values.is_empty()) {
                quantities.push(Quantity { name: format!("residual: {name}"), values });
            }
        }
        Self { points: known.iter().map(|known| known.point).collect(), quantities, remark }
    }
}
