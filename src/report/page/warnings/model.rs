//! Warnings about the model: what it was fitted on, and what its probabilities are worth.

use super::{Severity, Warning};
use crate::report::page::chart::listed;
use crate::report::page::{OperatingPoint, RunPage, Words};
use crate::report::{grouped, percent};

/// A mean distance of probabilities from shares that is worth a word.
const ERROR: f64 = 0.05;

/// Cells are scored that the model had seen.
pub(super) fn scored_cells_were_trained_on(page: &RunPage) -> Option<Warning> {
    let cells = page.data.scored_and_trained;
    let all: u64 = page.data.cells.iter().sum();
    (cells > 0).then(|| Warning {
        code: "scored-cells-trained-on",
        severity: Severity::Severe,
        title: format!("{} of the scored cells were trained on", grouped(cells)),
        meaning: format!(
            "These are {} of all scored cells. A model knows the cells that it was fitted on, so the figures are better than \
             on any other cell.",
            percent(cells as f64 / all.max(cells) as f64)
        ),
        advice: "Score cells that the model has not seen: those of its folds, or those of another store (`tesela evaluate`).".to_owned(),
        toml: None,
    })
}

/// The model for use is not what was measured.
pub(super) fn refitted_otherwise(page: &RunPage) -> Option<Warning> {
    let refit = page.refit.as_ref().filter(|refit| !refit.differs.is_empty())?;
    let differs: Vec<String> = refit.differs.iter().map(Words::to_string).collect();
    Some(Warning {
        code: "refitted-otherwise",
        severity: Severity::Severe,
        title: "The model for use is not the one that was measured".to_owned(),
        meaning: format!(
            "It was fitted anew on all cells, and differs in more than that: {}. The figures of this page are not its own.",
            listed(&differs)
        ),
        advice: "Train it with the settings of the folds, or predict with the models of the folds together.".to_owned(),
        toml: None,
    })
}

/// What was said when the operating point was learned.
pub(super) fn operating_point_remarks(page: &RunPage) -> Option<Warning> {
    let remarks = &page.operating_point.as_ref()?.remarks;
    let sentences: Vec<String> = remarks.iter().map(|remark| sentence(remark.as_str())).collect();
    (!sentences.is_empty()).then(|| Warning {
        code: "operating-point-remarks",
        severity: Severity::Caution,
        title: "What to know about the operating point".to_owned(),
        meaning: sentences.join(" "),
        advice:
            "Take its figures for estimates until more cells are labelled where the model errs."
                .to_owned(),
        toml: None,
    })
}

/// `words` with a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Calibration did harm.
pub(super) fn calibration_made_worse(page: &RunPage) -> Option<Warning> {
    let point = page.operating_point.as_ref()?;
    let (before, after) = point.log_loss?;
    let were_compared = point.tried.len() > 1;
    (after > before + 1e-6).then(|| Warning {
        code: "calibration-made-worse",
        severity: Severity::Caution,
        title: "Calibration made the probabilities worse".to_owned(),
        meaning: format!(
            "The log-loss on cells that calibration had not seen rises from {before:.4} to {after:.4}. There are too few \
             cells for this calibration, or they are unlike those that it was learned from."
        ),
        advice: if were_compared {
            "Leave calibration out: the best of those that were compared does harm, too."
        } else {
            "Let the better one be chosen, or leave calibration out."
        }
        .to_owned(),
        toml: Some(format!(
            "[operating-point]\ncalibration = \"{}\"",
            if were_compared { "none" } else { "best" }
        )),
    })
}

/// The calibration error of what is used: after calibration where there is one.
fn calibration_error(page: &RunPage) -> Option<(f64, bool)> {
    let after = |point: &OperatingPoint| {
        point.reliability.as_ref().and_then(|diagram| diagram.calibration_error)
    };
    let before = || page.schemes.first()?.reliability.as_ref()?.calibration_error;
    let calibrated = page.operating_point.as_ref().and_then(after);
    calibrated.map(|error| (error, true)).or_else(|| before().map(|error| (error, false)))
}

/// Probabilities are far from shares.
pub(super) fn unreliable_probabilities(page: &RunPage) -> Option<Warning> {
    let (error, calibrated) = calibration_error(page).filter(|(error, _)| *error > ERROR)?;
    Some(Warning {
        code: "unreliable-probabilities",
        severity: Severity::Caution,
        title: format!("Probabilities are off by {:.1} points on average", 100.0 * error),
        meaning: format!(
            "Of the cells that are given a probability of 70 %, quite another share than 70 % is of the class{}. Thresholds, \
             expected counts and maps of uncertainty rest on these probabilities.",
            if calibrated { ", also after calibration" } else { "" }
        ),
        advice: "Look at the reliability diagram, and calibrate on held-out cells.".to_owned(),
        toml: (!calibrated).then(|| "[operating-point]\ncalibration = \"best\"".to_owned()),
    })
}
