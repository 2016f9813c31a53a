//! The sections of the page of a run, in their order.

use maud::html;

use super::RunPage;
use super::configuration::configuration;
use super::curves::{calibration, learning, precision};
use super::data::{data, selection};
use super::figures::{figures, folds};
use super::headline::headline;
use super::importances::importances;
use super::matrices::matrices;
use super::mistakes::{errors, mistakes};
use super::strata::strata;
use crate::report::page::document::{Head, Section, document};
use crate::report::page::warnings;

/// The page of a run as one HTML file.
pub fn run_page(page: &RunPage) -> String {
    let found = warnings::warnings(page);
    let head = Head {
        title: page.title.to_string(),
        line: html! {
            (page.model) ", run " (page.run)
            @if let Some(date) = &page.date { ", " (date) }
        },
        lead: headline(page),
    };
    let sections = [
        Section::of("warnings", "Warnings", Some(warnings::list(&found))),
        Section::of("data", "Question and data", Some(data(page))),
        Section::of("figures", "Figures", figures(page)),
        Section::of("strata", "The country by stratum", strata(page)),
        Section::of("confusion", "Confusion", matrices(page)),
        Section::of("precision", "Precision and recall", precision(page)),
        Section::of("reliability", "Reliability of the probabilities", calibration(page)),
        Section::of("folds", "Spread over the folds", folds(page)),
        Section::of("learning", "Learning curves", learning(page)),
        Section::of("errors", "Where the errors lie", errors(page)),
        Section::of("mistakes", "The surest mistakes", mistakes(page)),
        Section::of("importances", "What the model looks at", importances(page)),
        Section::of("selection", "Selection of features", selection(page)),
        Section::of("record", "How to repeat this run", configuration(&page.record)),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let footer = html! { p { "Written by Tesela " (env!("CARGO_PKG_VERSION")) ". This file asks for nothing from the network." } };
    document(&head, &sections, &footer)
}
