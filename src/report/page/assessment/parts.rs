//! Parts of the scored cells: by distance from the edge, by region, by what the map says of them.

use maud::{Markup, html};

use super::AssessmentPage;
use crate::assessment::{EdgeBand, FEW, Strata, StrataKind, Stratum};
use crate::report::page::chart::{Telling, bars};
use crate::report::page::document::{figure, table};
use crate::report::page::{Importance, Words};
use crate::report::{grouped, percent};

/// Bars that a chart has at most.
const MOST_BARS: usize = 40;

/// Errors by distance from the nearest cell of another class.
pub(super) fn edge(page: &AssessmentPage<'_>) -> Option<Markup> {
    let edge = page.assessment.edge.as_ref()?;
    let bars_of = |band: &EdgeBand| Importance {
        name: Words::from(&band.stratum.name),
        value: 100.0 * (1.0 - band.stratum.scores.accuracy),
        deviation: None,
    };
    let all: Vec<Importance> = edge.bands.iter().map(bars_of).collect();
    let errors: u64 = edge.bands.iter().map(|band| errors(&band.stratum)).sum();
    let near = edge.bands.first().filter(|band| band.to_cells == Some(1))?;
    let words = format!(
        "{} of the {} errors lie on cells that touch a cell of another class.",
        grouped(self::errors(&near.stratum)),
        grouped(errors)
    );
    let telling = Telling {
        id: "edge-chart",
        title: "Share of wrong cells by distance from the edge",
        description: &words,
    };
    let caption = html! {
        (words) " Distances are between labels, from middle to middle"
        @if let Some(side) = edge.cell_metres { "; a cell is " (crate::report::metres(side)) " wide" }
        ". A cell at the edge is half of one class and half of the other; an error far from every edge has another cause."
    };
    let chart = bars(&telling, "Wrong cells, per cent", &all);
    let parts: Vec<&Stratum> = edge.bands.iter().map(|band| &band.stratum).collect();
    Some(html! {
        (figure(None, &chart, &caption))
        (parts_table(page, "Distance", &parts, "The scored cells by their distance from the nearest cell of another class."))
    })
}

fn errors(part: &Stratum) -> u64 {
    let right: u64 = part.confusion.rows().iter().enumerate().map(|(class, row)| row[class]).sum();
    part.confusion.total() - right
}

/// Figures by region.
pub(super) fn regions(page: &AssessmentPage<'_>) -> Option<Markup> {
    let strata = page.assessment.strata.iter().find(|strata| is_by_region(strata))?;
    let parts: Vec<&Stratum> = strata.parts.iter().collect();
    let value = |part: &Stratum| match page.assessment.focus {
        Some(focus) => part.scores.classes[focus].f1,
        None => part.scores.accuracy,
    };
    let mut sorted: Vec<&Stratum> =
        parts.iter().copied().filter(|part| is_measured(page, part)).collect();
    sorted.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let shown = &sorted[..sorted.len().min(MOST_BARS)];
    let all: Vec<Importance> = shown
        .iter()
        .map(|part| Importance {
            name: Words::from(&part.name),
            value: 100.0 * value(part),
            deviation: None,
        })
        .collect();
    let what = match page.assessment.focus {
        Some(focus) => format!("F1, {}", page.classes()[focus]),
        None => "Accuracy".to_owned(),
    };
    let ends = shown.first().zip(sorted.last());
    let words = ends.map_or_else(String::new, |(lowest, highest)| {
        format!(
            "{what} of {} regions, the lowest first: from {} ({}) to {} ({}).",
            sorted.len(),
            percent(value(lowest)),
            Words::from(&lowest.name),
            percent(value(highest)),
            Words::from(&highest.name)
        )
    });
    let telling = Telling { id: "regions-chart", title: "Figures by region", description: &words };
    let caption = html! {
        (words)
        @if sorted.len() > MOST_BARS { " The " (MOST_BARS) " lowest are drawn." }
        @if sorted.len() < parts.len() { " Regions with fewer than " (FEW) " cells of a class are left out here." }
        @if strata.elsewhere > 0 { " " (grouped(strata.elsewhere)) " scored cells lie in no region." }
    };
    Some(html! {
        @if !all.is_empty() { (figure(None, &bars(&telling, &format!("{what}, per cent"), &all), &caption)) }
        (parts_table(page, "Region", &parts, "The scored cells by region, whose polygon holds their middle."))
    })
}

fn is_by_region(strata: &Strata) -> bool {
    strata.kind == StrataKind::Region
}

/// Whether there are enough cells of the class that is shown, or of any.
fn is_measured(page: &AssessmentPage<'_>, part: &Stratum) -> bool {
    match page.assessment.focus {
        Some(focus) => part.scores.classes[focus].support >= FEW,
        None => part.scores.cells >= FEW,
    }
}

/// Figures by quality and area of applicability.
pub(super) fn sides(page: &AssessmentPage<'_>) -> Option<Markup> {
    let all: Vec<&Strata> =
        page.assessment.strata.iter().filter(|strata| !is_by_region(strata)).collect();
    (!all.is_empty()).then(|| {
        html! {
            @for strata in all {
                @let words = match strata.kind {
                    StrataKind::Quality => "By quality: whether all pixels of a cell are used, or some.",
                    _ => "Inside and outside the area of applicability: whether a cell is like those that were trained on.",
                };
                (parts_table(page, &strata.by, &strata.parts.iter().collect::<Vec<_>>(), words))
            }
        }
    })
}

/// One row per part.
fn parts_table(page: &AssessmentPage<'_>, by: &str, parts: &[&Stratum], words: &str) -> Markup {
    let focus = page.assessment.focus;
    let names = page.classes();
    let of_class = |what: &str| match focus {
        Some(focus) => format!("{what}, {}", names[focus]),
        None => format!("{what}, mean of classes"),
    };
    let head = html! {
        tr {
            th.name scope="col" { (Words::from(by)) }
            th scope="col" { "cells" }
            th scope="col" { "wrong" }
            th scope="col" { "accuracy" }
            @if focus.is_some() { th scope="col" { (of_class("Share")) } }
            @for what in ["Precision", "Recall", "F1"] { th scope="col" { (of_class(what)) } }
        }
    };
    let body = html! {
        @for part in parts {
            tr {
                th scope="row" { (Words::from(&part.name)) @if !part.few.is_empty() { " *" } }
                td { (grouped(part.scores.cells)) }
                td { (grouped(errors(part))) }
                td { (percent(part.scores.accuracy)) }
                (rates(part, focus))
            }
        }
    };
    let few = parts.iter().any(|part| !part.few.is_empty());
    let caption = html! {
        (words) " Each at its own prevalence."
        @if few { " * a class has fewer than " (FEW) " cells: its figures are luck." }
    };
    table("", &caption, &head, &body)
}

fn rates(part: &Stratum, focus: Option<usize>) -> Markup {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
    let Some(focus) = focus else {
        let mean = part.scores.macro_average;
        return html! { @for value in [mean.precision, mean.recall, mean.f1] { td { (share(Some(value))) } } };
    };
    let own = &part.scores.classes[focus];
    let measured = |value: f64| (own.support > 0).then_some(value);
    html! {
        td { (percent(own.prevalence)) }
        @for value in [own.precision, own.recall, own.f1] { td { (share(measured(value))) } }
    }
}
