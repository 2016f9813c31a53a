//! The strata of the country: how common the classes are in each, the cells that stand for it, and what is right there.

use maud::{Markup, html};

use crate::report::page::document::{estimate, table};
use crate::report::page::{Figure, RunPage, StratumResults, Unit};
use crate::report::{grouped, percent};

/// The strata in a table, where they are told apart.
pub(super) fn strata(page: &RunPage) -> Option<Markup> {
    if page.strata.is_empty() {
        return None;
    }
    let figures = figures(page);
    let head = html! {
        tr {
            th.name scope="col" { "Stratum" }
            th scope="col" { "Share of the cells" }
            @for name in &page.classes { th scope="col" { (name) } }
            @for figure in &figures { th scope="col" { (figure.name(&page.classes)) } }
        }
    };
    let body = html! { @for stratum in &page.strata { (row(stratum, &figures)) } };
    let caption = html! {
        "Each stratum at its own mixture: below a share of a class the scored cells that stand for it. Figures"
        @if page.operating_point.is_some() { ", with the operating point," }
        " are those of the cells of the stratum alone; the fewer these are, the more they scatter."
    };
    Some(html! {
        p {
            "The country is known by stratum. A scored cell stands for the cells of its class in its own stratum, and all figures of \
             the country on this page are mixed so. The model itself knows no strata: its threshold is one for all."
        }
        (table("", &caption, &head, &body))
    })
}

/// What is said of each stratum.
fn figures(page: &RunPage) -> Vec<Figure> {
    match page.focus {
        Some(focus) => vec![Figure::Precision(focus), Figure::Recall(focus), Figure::F1(focus)],
        None => vec![Figure::Accuracy, Figure::MacroF1],
    }
}

fn row(stratum: &StratumResults, figures: &[Figure]) -> Markup {
    html! {
        tr {
            th scope="row" { (stratum.name) }
            td { (percent(stratum.share)) }
            @for (share, cells) in stratum.prevalence.iter().zip(&stratum.cells) {
                td { (percent(*share)) span.ends { (grouped(*cells)) " cells" } }
            }
            @for figure in figures { td { (estimate(stratum.scores.get(*figure), Unit::Share)) } }
        }
    }
}
