//! From the raw numbers of models to what a map says: by their operating points, or as the models give them.

use std::borrow::Cow;

use tesela_datasets::cell::Cell;
use tesela_datasets::class::ClassId;
use tesela_models::bundle::TrainedCells;
use tesela_models::classifier::Probabilities;
use tesela_models::operating_point::{Decided, Decision, OperatingPoint};

use super::models::layout_of;
use super::settling::FreshCells;
use super::{InferenceError, ModelFacts, RawLayout};
use crate::map::{MapContent, MapRows, ModelOrigin, SettledPrior, uncertainty};

/// Decides cells on what models say of them.
///
/// Of several models the mean of their probabilities is taken, each calibrated and moved by its own operating point. Where
/// all have a threshold for the same class, the mean of those decides, otherwise the most probable class. A class cannot be
/// ruled out where one of them cannot; a cell is inside the area of applicability where it is inside that of all, and as
/// unlike the training cells as the model says that finds it most unlike.
#[derive(Debug)]
pub struct Decider<'a> {
    facts: &'a [ModelFacts],
    layout: RawLayout,
    /// Those of all models, or none.
    points: Vec<Cow<'a, OperatingPoint>>,
    /// What was found on the cells of the map; empty where nothing was.
    settled: Vec<Option<SettledPrior>>,
    decision: Decision,
    /// Which columns a map from pixels has.
    content: MapContent,
}

impl<'a> Decider<'a> {
    /// For models of which `facts` are known; `raw` leaves their operating points out.
    ///
    /// # Errors
    /// If they do not fit together, or some have an operating point and others none.
    pub fn new(facts: &'a [ModelFacts], raw: bool) -> Result<Self, InferenceError> {
        let layout = layout_of(facts)?;
        let points: Vec<Cow<'a, OperatingPoint>> = match raw {
            true => Vec::new(),
            false => facts
                .iter()
                .filter_map(|facts| facts.operating_point.as_ref())
                .map(Cow::Borrowed)
                .collect(),
        };
        if !points.is_empty() && points.len() < facts.len() {
            let lacking = facts.iter().find(|facts| facts.operating_point.is_none());
            let name = lacking.map_or_else(Default::default, |facts| facts.name.clone());
            return Err(InferenceError::NoOperatingPoint { name });
        }
        let decision = common_decision(&points);
        let content = MapContent {
            pixels: true,
            spread: layout.models() > 1,
            sets: points.iter().any(|point| point.conformal().is_some()),
            applicability: !layout.compared().is_empty(),
            training: facts.iter().all(|facts| facts.trained.is_some()),
        };
        Ok(Self { facts, layout, points, settled: Vec::new(), decision, content })
    }

    /// Whether a prevalence is to be estimated before cells are decided.
    pub(super) fn is_unsettled(&self) -> bool {
        (0..self.points.len()).any(|model| self.is_open(model))
    }

    /// Whether the prevalence that `model` decides at is to be estimated.
    pub(super) fn is_open(&self, model: usize) -> bool {
        self.points.get(model).is_some_and(|point| point.unsettled().is_some())
    }

    /// The same models with what was left open settled on `fresh`.
    pub(super) fn settle(&self, fresh: &FreshCells) -> Result<Self, InferenceError> {
        let (mut points, mut settled) = (Vec::new(), Vec::new());
        for (model, point) in self.points.iter().enumerate() {
            let (point, prior) = match fresh.settle(model, point)? {
                Some((point, prior)) => (Cow::Owned(point), Some(prior)),
                None => (point.clone(), None),
            };
            points.push(point);
            settled.push(prior);
        }
        let (facts, layout, content) = (self.facts, self.layout.clone(), self.content);
        let decision = common_decision(&points);
        Ok(Self { facts, layout, points, settled, decision, content })
    }

    /// What a map says of the models.
    pub(super) fn origins(&self) -> Vec<ModelOrigin> {
        let settled = |model: usize| self.settled.get(model).cloned().flatten();
        let facts = self.facts.iter().enumerate();
        facts
            .map(|(model, facts)| ModelOrigin { settled: settled(model), ..facts.origin.clone() })
            .collect()
    }

    /// What numbers there are of each cell.
    pub(super) fn layout(&self) -> &RawLayout {
        &self.layout
    }

    /// Whether operating points decide.
    pub fn has_operating_point(&self) -> bool {
        !self.points.is_empty()
    }

    /// How many numbers the models give for each cell.
    pub(super) fn width(&self) -> usize {
        self.layout.width()
    }

    /// Which columns a map will have; `pixels`: whether it is made from pixels.
    pub(super) fn content(&self, pixels: bool) -> MapContent {
        MapContent { pixels, ..self.content }
    }

    /// Whether a model was fitted on each of `cells`; empty where not all models know.
    pub(super) fn trained(&self, cells: &[Cell]) -> Vec<bool> {
        let known: Option<Vec<&TrainedCells>> =
            self.facts.iter().map(|facts| facts.trained.as_ref()).collect();
        let Some(known) = known else { return Vec::new() };
        let is_trained = |cell: &Cell| known.iter().any(|one| one.contains(cell.id.as_str()));
        cells.iter().map(is_trained).collect()
    }

    /// Decides `cells`, of which the models say `rows`. What pixels say of them is left to the caller.
    pub(super) fn decide(&self, cells: Vec<Cell>, rows: &[f32]) -> Result<MapRows, InferenceError> {
        let width = self.layout.classes();
        let of_models: Vec<Decided> = (0..self.layout.models())
            .map(|model| self.of_model(rows, model))
            .collect::<Result<_, InferenceError>>()?;
        let probabilities = mean(&of_models);
        let spreads = match of_models.len() {
            1 => Vec::new(),
            _ => spreads(&of_models, &probabilities, width),
        };
        let classes = match &of_models[..] {
            [only] => only.classes.clone(),
            _ => probabilities.chunks_exact(width).map(|row| self.class_of(row)).collect(),
        };
        let probabilities: Vec<f32> = probabilities.into_iter().map(single).collect();
        let uncertainties = probabilities.chunks_exact(width).map(uncertainty).collect();
        let (dissimilarities, inside) = self.compare(rows);
        let sets = self.union(&of_models, rows.len() / self.layout.width() * width);
        Ok(MapRows {
            trained: self.trained(&cells),
            cells,
            classes,
            probabilities,
            uncertainties,
            spreads,
            sets,
            dissimilarities,
            inside,
            ..MapRows::default()
        })
    }

    /// What `model` alone says.
    fn of_model(&self, rows: &[f32], model: usize) -> Result<Decided, InferenceError> {
        let raw = self.layout.probabilities(rows, model);
        match self.points.get(model) {
            Some(point) => point.apply_all(&raw).map_err(InferenceError::Deciding),
            None => Ok(Decided {
                classes: raw
                    .chunks_exact(self.layout.classes())
                    .map(Probabilities::most_probable)
                    .collect(),
                probabilities: raw.into_iter().map(f64::from).collect(),
                sets: Vec::new(),
            }),
        }
    }

    fn class_of(&self, row: &[f64]) -> Option<ClassId> {
        (!row.iter().any(|value| value.is_nan())).then(|| self.decision.apply(row))
    }

    /// The classes that one of the models cannot rule out, of which there are `len` entries.
    fn union(&self, of_models: &[Decided], len: usize) -> Vec<bool> {
        if !self.content.sets {
            return Vec::new();
        }
        // A model without sets rules nothing out.
        let holds = |model: &Decided, place: usize| model.sets.get(place).is_none_or(|&held| held);
        (0..len).map(|place| of_models.iter().any(|model| holds(model, place))).collect()
    }

    fn compare(&self, rows: &[f32]) -> (Vec<f32>, Vec<bool>) {
        if self.layout.compared().is_empty() {
            return (Vec::new(), Vec::new());
        }
        let areas: Vec<_> =
            self.facts.iter().filter_map(|facts| facts.applicability.as_ref()).collect();
        let rows = rows.chunks_exact(self.layout.width());
        rows.map(|row| {
            let own = self.layout.dissimilarities(row);
            let inside = own.iter().zip(&areas).all(|(&value, area)| area.is_inside(value));
            (own.iter().copied().reduce(larger).unwrap_or(f32::NAN), inside)
        })
        .unzip()
    }
}

/// The larger of two numbers; `NaN` where one is.
fn larger(one: f32, other: f32) -> f32 {
    if one.is_nan() || other.is_nan() { f32::NAN } else { one.max(other) }
}

fn common_decision(points: &[Cow<'_, OperatingPoint>]) -> Decision {
    let thresholds: Vec<(ClassId, f64)> = points
        .iter()
        .filter_map(|point| match point.decision() {
            Decision::Threshold { class, at_least } => Some((class, at_least)),
            Decision::Argmax => None,
        })
        .collect();
    match thresholds.first() {
        Some(&(class, _))
            if thresholds.len() == points.len() && thresholds.iter().all(|own| own.0 == class) =>
        {
            let sum: f64 = thresholds.iter().map(|(_, at_least)| at_least).sum();
            Decision::Threshold { class, at_least: sum / thresholds.len() as f64 }
        }
        _ => Decision::Argmax,
    }
}

fn mean(of_models: &[Decided]) -> Vec<f64> {
    let mut sums = of_models[0].probabilities.clone();
    if of_models.len() == 1 {
        return sums;
    }
    for model in &of_models[1..] {
        sums.iter_mut().zip(&model.probabilities).for_each(|(sum, value)| *sum += value);
    }
    let count = of_models.len() as f64;
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}

/// For each cell the standard deviation of the models around their `mean` (over all of them, not one less), of the class
/// for which it is largest.
fn spreads(of_models: &[Decided], mean: &[f64], width: usize) -> Vec<f32> {
    let deviation = |place: usize| {
        let squares =
            of_models.iter().map(|model| (model.probabilities[place] - mean[place]).powi(2));
        (squares.sum::<f64>() / of_models.len() as f64).sqrt()
    };
    let largest = |cell: usize| {
        let own = (cell * width..(cell + 1) * width).map(deviation);
        own.reduce(|one, other| if one.is_nan() || one > other { one } else { other })
    };
    (0..mean.len() / width).map(|cell| single(largest(cell).unwrap_or(f64::NAN))).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a probability needs few digits")]
fn single(value: f64) -> f32 {
    value as f32
}
