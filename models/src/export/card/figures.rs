//! What was measured, as far as a bundle says so: figures at the mixture of the sample and at that of the place of use.
//!
//! `measured` of a bundle is any JSON object; what is known in it is shown, and the rest is passed over.

use serde::Deserialize;
use serde_json::{Map, Value};
use tesela_datasets::class::ClassMap;

use super::{escaped, percent};

/// What was measured.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    pub(super) scheme: Option<String>,
    folds: Option<u64>,
    pub(super) sample: Option<Figures>,
    pub(super) target: Option<Figures>,
    pub(super) decided: Option<Figures>,
    intervals: Intervals,
    map: Option<ExpectedMap>,
}

/// Figures at one mixture of classes.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Figures {
    #[serde(default)]
    cells: u64,
    accuracy: f64,
    #[serde(rename = "macro")]
    macro_average: Option<Average>,
    #[serde(default)]
    pub(super) classes: Vec<OfClass>,
}

#[derive(Debug, Clone, Deserialize)]
struct Average {
    f1: f64,
}

/// Figures of one class.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OfClass {
    pub(super) class: String,
    pub(super) support: u64,
    pub(super) prevalence: f64,
    pub(super) precision: f64,
    pub(super) recall: f64,
    f1: f64,
}

/// How a figure is read off those of a class.
type Reading = fn(&OfClass) -> f64;

/// The figures of a class: what the card calls them, what intervals are named after them, and which they are.
const OF_CLASS: [(&str, &str, Reading); 3] = [
    ("precision", "precision", |own| own.precision),
    ("recall", "recall", |own| own.recall),
    ("F1", "f1", |own| own.f1),
];

/// Intervals of the figures above, by their names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Intervals {
    level: Option<f64>,
    sample: Vec<Estimate>,
    target: Vec<Estimate>,
    decided: Vec<Estimate>,
}

#[derive(Debug, Clone, Deserialize)]
struct Estimate {
    name: String,
    interval: Option<Interval>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Interval {
    lower: f64,
    upper: f64,
}

/// What a map of the place of use should look like.
#[derive(Debug, Clone, Deserialize)]
struct ExpectedMap {
    cells: u64,
    figures: Vec<Estimate>,
}

impl Measured {
    /// What `measured` says.
    pub(super) fn of(measured: &Map<String, Value>) -> Self {
        Self {
            scheme: part(measured.get("scheme")),
            folds: part(measured.get("folds")),
            sample: part(Some(&Value::Object(measured.clone()))),
            target: part(measured.get("at_target_prevalence")),
            decided: part(measured.get("with_operating_point")),
            intervals: part(measured.get("intervals")).unwrap_or_default(),
            map: part(measured.get("expected_map")),
        }
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.sample.is_none()
    }

    /// How cells came into folds.
    pub(super) fn scheme_in_words(&self) -> String {
        let cells = self.sample.as_ref().map_or(0, |sample| sample.cells);
        let folds = self.folds.map_or(String::new(), |folds| match folds {
            1 => " in one fold".to_owned(),
            folds => format!(" in {folds} folds"),
        });
        let how = match self.scheme.as_deref() {
            Some("random") => "spread at random",
            Some("blocks") => "held out together in blocks of the ground",
            Some("regions") => "held out by region",
            Some("held-out") => "held out once and for all",
            _ => "held out",
        };
        format!("{} cells were {how}{folds}.", grouped(cells))
    }

    /// All figures side by side.
    pub(super) fn table(&self, classes: &ClassMap) -> String {
        let columns = self.columns();
        let heads: String = columns.iter().map(|(head, ..)| format!(" {head} |")).collect();
        let mut text = format!("| |{heads}\n|---|{}\n", "--:|".repeat(columns.len()));
        let mut row = |name: &str, value: &dyn Fn(&Figures, &[Estimate]) -> Option<String>| {
            let values = columns.iter().map(|(_, figures, intervals)| {
                format!(" {} |", value(figures, intervals).unwrap_or_default())
            });
            text += &format!("| {} |{}\n", escaped(name), values.collect::<String>());
        };
        for (index, class) in classes.names().iter().enumerate() {
            row(&format!("share of `{class}`"), &|figures, _| {
                figures.classes.get(index).map(|own| percent(own.prevalence))
            });
        }
        row("accuracy", &|figures, intervals| Some(with(figures.accuracy, "accuracy", intervals)));
        row("mean F1 of the classes", &|figures, intervals| {
            let average = figures.macro_average.as_ref()?;
            Some(with(average.f1, "macro f1", intervals))
        });
        for (index, class) in classes.names().iter().enumerate() {
            for (label, what, of) in OF_CLASS {
                row(&format!("{label} of `{class}`"), &|figures, intervals| {
                    let own = figures.classes.get(index)?;
                    Some(with(of(own), &format!("{class} {what}"), intervals))
                });
            }
        }
        format!("{text}\n{}{}", self.about_intervals(), self.about_map(classes))
    }

    /// What is known at each mixture, with its head and its intervals.
    fn columns(&self) -> Vec<(&'static str, &Figures, &[Estimate])> {
        let decided = match self.target {
            Some(_) => "at the place of use, with the operating point",
            None => "at the mixture of the sample, with the operating point",
        };
        let all = [
            ("at the mixture of the sample", &self.sample, &self.intervals.sample),
            ("at the place of use, most probable class", &self.target, &self.intervals.target),
            (decided, &self.decided, &self.intervals.decided),
        ];
        let known = all.into_iter().filter_map(|(head, figures, intervals)| {
            Some((head, figures.as_ref()?, intervals.as_slice()))
        });
        known.collect()
    }

    fn about_intervals(&self) -> String {
        match self.intervals.level {
            Some(level) => format!(
                "In brackets intervals of {:.0} %, from the bootstrap over the blocks in which cells were held out.\n",
                100.0 * level
            ),
            None => "No intervals were recorded.\n".to_owned(),
        }
    }

    /// What its own figures on a map should be.
    fn about_map(&self, classes: &ClassMap) -> String {
        let Some(map) = &self.map else { return String::new() };
        let parts = classes.names().iter().flat_map(|class| {
            ["precision", "recall"].into_iter().filter_map(move |what| {
                let name = format!("{class} {what}");
                let found = map.figures.iter().find(|one| one.name == name)?;
                let Interval { lower, upper } = found.interval?;
                Some(format!("{what} of `{class}` between {lower:.3} and {upper:.3}"))
            })
        });
        let parts: Vec<String> = parts.collect();
        format!(
            "\nOn a map of {} cells of the place of use, decided by the operating point, one expects with 95 % each: {}.\n",
            grouped(map.cells),
            parts.join(", ")
        )
    }
}

/// A number with its digits in threes.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = if first > 0 { vec![&digits[..first]] } else { Vec::new() };
    groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.join(",")
}

fn part<T: for<'a> Deserialize<'a>>(value: Option<&Value>) -> Option<T> {
    value.and_then(|value| T::deserialize(value).ok())
}

/// A figure with its interval where there is one.
fn with(value: f64, name: &str, intervals: &[Estimate]) -> String {
    let found = intervals.iter().find(|one| one.name == name).and_then(|one| one.interval);
    match found {
        Some(Interval { lower, upper }) => format!("{value:.3} ({lower:.3} to {upper:.3})"),
        None => format!("{value:.3}"),
    }
}
