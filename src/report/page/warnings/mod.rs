//! Warnings: what a reader must know before any figure, in plain words, and what to do about it.
//!
//! Each rule looks at the view model of a page and says nothing where it knows nothing. A warning has a code that
//! stays the same whatever its words become, so that scripts and tests can look for it.
//!
//! Start with [`warnings`]; the rules stand in one file for each thing that goes wrong.

mod data;
mod model;
mod prevalence;
#[cfg(test)]
mod tests;
mod validation;

use maud::{Markup, html};

use super::RunPage;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The figures, or the map, are not what they seem.
    Severe,
    /// The figures may be off.
    Caution,
    /// Worth knowing.
    Note,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Severe => "Severe",
            Self::Caution => "Caution",
            Self::Note => "Note",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Severe => "severe",
            Self::Caution => "caution",
            Self::Note => "note",
        }
    }
}

/// Something that a reader must know.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// A name that stays the same.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is the case, in one line.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// What to do.
    pub advice: String,
    /// The lines of an experiment that do it, where there are any.
    pub toml: Option<String>,
}

/// A rule: a warning, where there is something to warn of.
type Rule = fn(&RunPage) -> Option<Warning>;

/// The rules; of equal severity, earlier ones stand first.
const RULES: [Rule; 17] = [
    model::scored_cells_were_trained_on,
    prevalence::worse_than_the_commonest_class,
    prevalence::no_target,
    prevalence::low_precision,
    prevalence::far_target,
    prevalence::collapsed_strata,
    validation::optimism,
    validation::only_random_folds,
    model::refitted_otherwise,
    validation::absent_class,
    validation::few_cells,
    validation::wide_interval,
    data::uncalibrated,
    data::many_left_out,
    model::operating_point_remarks,
    model::calibration_made_worse,
    model::unreliable_probabilities,
];

/// All warnings of a run, the most severe first.
pub fn warnings(page: &RunPage) -> Vec<Warning> {
    let mut all: Vec<Warning> = RULES.iter().filter_map(|rule| rule(page)).collect();
    all.sort_by_key(|warning| warning.severity);
    all
}

/// The warnings as a list.
pub(super) fn list(warnings: &[Warning]) -> Markup {
    html! {
        @if warnings.is_empty() {
            p { "None of the " (RULES.len()) " checks found anything to warn of." }
        } @else { (items(warnings)) }
    }
}

/// Some warnings as a list.
pub(super) fn items(warnings: &[Warning]) -> Markup {
    html! {
        ul.warnings {
            @for warning in warnings {
                li class=(warning.severity.class()) data-code=(warning.code) {
                    span.level { (warning.severity.name()) }
                    h3 { (warning.title) }
                    p { (warning.meaning) }
                    p { strong { "What to do: " } (warning.advice) }
                    @if let Some(toml) = &warning.toml { pre { code { (toml) } } }
                }
            }
        }
    }
}
