//! The headline: what came out, in one sentence with its interval and its prevalence.

use maud::{Markup, html};

use super::figures::at_target;
use crate::report::page::{Estimate, Figure, RunPage, Unit, Words};
use crate::report::percent;

/// What came out.
pub(super) fn headline(page: &RunPage) -> Markup {
    let Some(scheme) = page.schemes.first() else {
        return html! { p.lead { "Nothing was measured in this run." } };
    };
    let on = scheme.kind.in_words();
    let class = page.focus.and_then(|focus| Some((focus, page.classes.get(focus)?)));
    let sentence = match class {
        Some((focus, name)) if scheme.target.is_some() => of_class_there(page, focus, name),
        Some((focus, name)) => of_class_here(page, focus, name),
        None => of_all(page),
    };
    let stands_in = page.operating_point.as_ref().is_some_and(|point| point.stands_in);
    html! {
        p.lead {
            (sentence) ", measured on " (on) "."
            @if stands_in {
                " The prevalence stands in for the one that is estimated when a map is made, and so do all figures that rest on it."
            }
        }
    }
}

/// A share with its interval.
fn share(found: Estimate) -> Markup {
    html! {
        strong { (found.words(Unit::Share)) }
        @if let Some(ends) = found.ends(Unit::Share) { " (" (ends) ")" }
    }
}

fn of_class_there(page: &RunPage, focus: usize, name: &Words) -> Markup {
    let precision = at_target(page, Figure::Precision(focus));
    let prevalence = precision.and_then(|(_, shares)| shares.get(focus)).copied();
    html! {
        "Of the cells that the map will call " (name) ", "
        @if let Some((precision, _)) = precision { (share(precision)) } @else { "an unknown share" }
        " will be " (name)
        @if let Some((recall, _)) = at_target(page, Figure::Recall(focus)) {
            ", and " (share(recall)) " of the " (name) " cells will be found"
        }
        @if let Some(prevalence) = prevalence {
            ", at a prevalence of " (percent(prevalence))
            @if !page.strata.is_empty() { ", known by stratum" }
        }
    }
}

fn of_class_here(page: &RunPage, focus: usize, name: &Words) -> Markup {
    let sample = &page.schemes[0].sample;
    html! {
        "In this sample, where "
        @if let Some(prevalence) = sample.prevalence.get(focus) { (percent(*prevalence)) } @else { "some" }
        " of the cells are " (name) ", "
        @if let Some(precision) = sample.scores.get(Figure::Precision(focus)) { (share(precision)) }
        @else { "an unknown share" }
        " of the cells called " (name) " are " (name)
        @if let Some(recall) = sample.scores.get(Figure::Recall(focus)) {
            ", and " (share(recall)) " of the " (name) " cells are found"
        }
        "; what a map of the country will be like is not known"
    }
}

fn of_all(page: &RunPage) -> Markup {
    let scheme = &page.schemes[0];
    let there = at_target(page, Figure::Accuracy).map(|(found, _)| found);
    let here = scheme.sample.scores.get(Figure::Accuracy);
    html! {
        @match (there, here) {
            (Some(found), _) => { (share(found)) " of the cells of the map will get their class right, of " (page.classes.len())
                " classes as common as they are in the country" },
            (None, Some(found)) => { (share(found)) " of the cells of this sample get their class right, of " (page.classes.len())
                " classes as common as they are in the sample" },
            (None, None) => { "How many cells get their class right is not known" },
        }
    }
}
