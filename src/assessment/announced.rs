//! What was announced: the figures that a run promised for the map, and whether the map keeps them.
//!
//! A run with a target prevalence leaves an expected map in its bundle: figures with intervals of 95 %. Where there is
//! none, what was measured is the announcement, without intervals, at the closest mixture to that of the map.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tesela_datasets::class::ClassMap;

use super::CellCounts;
use crate::map::MapOrigin;
use crate::metrics::{Confusion, Scores, rate_figures};
use crate::statistics::{Count, ExpectedMap, Interval};
use crate::training::{RunDirectory, TrainingError};

/// Rates of all classes together, in the order of [`rate_figures`].
const GENERAL: usize = 9;
/// Rates of each class.
const OF_CLASS: usize = 3;

/// What was announced, held against the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announced {
    /// Where it was announced: `the map` or the path of a run.
    pub by: String,
    /// Cells of the map that was expected; `None` where none was.
    pub cells: Option<u64>,
    /// The share of each class that was expected; `None` where nothing is known of it.
    pub prevalence: Option<Vec<f64>>,
    /// The figures: accuracy, mean F1 of the classes, then precision, recall, F1 and mapped share of each class.
    pub figures: Vec<AnnouncedFigure>,
    /// The position of the figure that decides: F1 of the class in focus, or the mean F1.
    pub decisive: usize,
}

/// A figure that was announced, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnouncedFigure {
    /// Its name, such as `urban precision`.
    pub name: String,
    /// What was announced.
    pub announced: Option<f64>,
    /// Between which ends the map was to fall.
    pub interval: Option<Interval>,
    /// What the map has.
    pub found: Option<f64>,
}

/// How a map lies to what was announced of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the interval.
    Inside,
    /// Worse than its lower end.
    Below,
    /// Better than its upper end.
    Above,
    /// No interval was announced.
    Unknown,
}

impl AnnouncedFigure {
    /// Where the map's figure lies.
    pub fn verdict(&self) -> Verdict {
        match (self.interval, self.found) {
            (Some(interval), Some(found)) if found < interval.lower => Verdict::Below,
            (Some(interval), Some(found)) if found > interval.upper => Verdict::Above,
            (Some(_), Some(_)) => Verdict::Inside,
            _ => Verdict::Unknown,
        }
    }
}

impl Announced {
    /// The figure that decides whether the map is as good as announced.
    pub fn decisive(&self) -> &AnnouncedFigure {
        &self.figures[self.decisive]
    }
}

/// What a model says of the map before it is held against it.
pub(super) struct Announcement {
    by: String,
    measured: Map<String, Value>,
}

impl Announcement {
    /// What the map says of its model; `None` where it has several, of whose mean nothing was measured.
    pub(super) fn of_map(origin: &MapOrigin) -> Option<Self> {
        let [model] = origin.models.as_slice() else { return None };
        Some(Self { by: "the map".to_owned(), measured: model.measured.clone() })
    }

    /// What `run` says of its final model.
    pub(super) fn of_run(run: &RunDirectory) -> Result<Self, TrainingError> {
        Ok(Self { by: run.path().display().to_string(), measured: run.announced()? })
    }

    /// The side of the blocks that it was measured with.
    pub(super) fn block_metres(&self) -> Option<f64> {
        let side = self.measured.get("block_metres").and_then(Value::as_f64);
        side.filter(|side| side.is_finite() && *side > 0.0)
    }

    /// Holds it against what was `found` of a map, of which `focus` is the class that counts. Figures that hold for
    /// an operating point are not taken where the map `has_point` not.
    pub(super) fn against(
        &self,
        found: &Found<'_>,
        classes: &ClassMap,
        (focus, has_point): (Option<usize>, bool),
    ) -> Option<Announced> {
        let found = found.figures(classes);
        let expected = self.expected(classes).filter(|_| has_point);
        let announced = match &expected {
            Some(map) => of_expected(map),
            None => of_scores(&self.scores(classes, has_point)?),
        };
        let names = names(classes);
        let figures = names.into_iter().zip(announced).zip(found);
        let figures = figures.map(|((name, (announced, interval)), found)| AnnouncedFigure {
            name,
            announced,
            interval,
            found,
        });
        let share = |map: &ExpectedMap| {
            let cells = map.cells.max(1) as f64;
            map.known.iter().map(|&known| known as f64 / cells).collect()
        };
        Some(Announced {
            by: self.by.clone(),
            cells: expected.as_ref().map(|map| map.cells),
            prevalence: expected.as_ref().map(share),
            figures: figures.collect(),
            decisive: focus.map_or(1, |class| 2 + 4 * class + 2),
        })
    }

    /// The map that was expected; what is not one, such as `null`, announces nothing.
    fn expected(&self, classes: &ClassMap) -> Option<ExpectedMap> {
        let map: ExpectedMap =
            serde_json::from_value(self.measured.get("expected_map")?.clone()).ok()?;
        let width = classes.len();
        let whole = map.known.len() == width
            && map.mapped.len() == width
            && map.figures.len() == GENERAL + OF_CLASS * width;
        whole.then_some(map)
    }

    /// The scores at the closest mixture to that of the map; other JSON announces nothing.
    fn scores(&self, classes: &ClassMap, has_point: bool) -> Option<Scores> {
        let nested = |key: &str| self.measured.get(key).filter(|value| value.is_object()).cloned();
        let with_point = has_point.then(|| nested("with_operating_point")).flatten();
        let at_target = || nested("at_target_prevalence").filter(|_| !has_point);
        let sample = || Value::Object(self.measured.clone());
        let value = with_point.or_else(at_target).unwrap_or_else(sample);
        let scores: Scores = serde_json::from_value(value).ok()?;
        let own = scores.classes.iter().map(|one| one.class.as_str());
        own.eq(classes.names().iter().map(String::as_str)).then_some(scores)
    }
}

fn names(classes: &ClassMap) -> Vec<String> {
    let of_class = |name: &String| {
        ["precision", "recall", "f1", "mapped share"].map(|figure| format!("{name} {figure}"))
    };
    let general = ["accuracy", "macro f1"].map(str::to_owned);
    general.into_iter().chain(classes.names().iter().flat_map(of_class)).collect()
}

type Promise = (Option<f64>, Option<Interval>);

fn of_expected(map: &ExpectedMap) -> Vec<Promise> {
    let figure = |place: usize| (map.figures[place].value, map.figures[place].interval);
    let share = |count: &Count| {
        let cells = map.cells.max(1) as f64;
        let Interval { lower, upper } = count.interval;
        let interval = Interval { lower: lower / cells, upper: upper / cells };
        (Some(count.expected / cells), Some(interval))
    };
    let of_class = |(class, count): (usize, &Count)| {
        let first = GENERAL + OF_CLASS * class;
        [figure(first), figure(first + 1), figure(first + 2), share(count)]
    };
    let classes = map.mapped.iter().enumerate().flat_map(of_class);
    [figure(0), figure(5)].into_iter().chain(classes).collect()
}

fn of_scores(scores: &Scores) -> Vec<Promise> {
    let general = [Some(scores.accuracy), Some(scores.macro_average.f1)];
    let of_class = scores.classes.iter().flat_map(|one| {
        // What share the map would take for it follows from both rates.
        let mapped = one.recall * one.prevalence / one.precision;
        let mapped = Some(mapped).filter(|share| share.is_finite());
        [Some(one.precision), Some(one.recall), Some(one.f1), mapped]
    });
    general.into_iter().chain(of_class).map(|value| (value, None)).collect()
}

/// What was found of a map.
pub(super) struct Found<'a> {
    /// Of the scored cells.
    pub(super) confusion: &'a Confusion,
    /// What a cell of each class weighs, so that they are mixed as the map is.
    pub(super) weights: &'a [f64],
    /// Of all cells.
    pub(super) counts: &'a CellCounts,
}

impl Found<'_> {
    /// Rates of the scored cells, mapped shares of all classified ones.
    fn figures(&self, classes: &ClassMap) -> Vec<Option<f64>> {
        let rates = rate_figures(&self.confusion.into(), classes, self.weights);
        let rate = |place: usize| rates.get(place).and_then(|figure| figure.value);
        let classified = self.counts.classified().max(1) as f64;
        let of_class = |class: usize| {
            let first = GENERAL + OF_CLASS * class;
            let share = self.counts.mapped[class] as f64 / classified;
            [rate(first), rate(first + 1), rate(first + 2), Some(share)]
        };
        [rate(0), rate(5)].into_iter().chain((0..classes.len()).flat_map(of_class)).collect()
    }
}
