//! Confusion matrices: what became of the cells of each class, here and in the country.

use maud::{Markup, html};

use crate::report::page::document::table;
use crate::report::page::{Estimate, Interval, Measured, RunPage, Words};
use crate::report::{grouped, percent};

/// More classes than this get small cells.
const MANY: usize = 5;

/// The matrices of the scheme of the headline, and that of the map of the country.
pub(super) fn matrices(page: &RunPage) -> Option<Markup> {
    let scheme = page.schemes.first()?;
    let classes = page.classes.len();
    let on = scheme.kind.in_words();
    let sample = square(&scheme.sample, classes).map(|counts| {
        let caption = html! {
            "The scored cells, measured on " (on)
            ": cells of each class by the class that is most probable, and their share of the row."
        };
        matrix(&page.classes, &caption, &counts)
    });
    let national = page.national.as_ref().filter(|map| is_square(&map.confusion, classes));
    let there = match (national, scheme.target.as_ref().and_then(|target| square(target, classes)))
    {
        (Some(map), _) => {
            let caption = html! {
                "The map of the country, before it is made"
                @if page.operating_point.is_some() { ", decided by the operating point" }
                ": cells out of " (grouped(map.cells)) ". In 95 of 100 such maps each number lies between the two below it."
            };
            Some(matrix(&page.classes, &caption, &map.confusion))
        }
        (None, Some(counts)) => {
            let caption = html! {
                "At the mixture of the country: cells out of " (grouped(MILLION)) " that are as mixed as the country is."
            };
            Some(matrix(&page.classes, &caption, &per_million(&counts)))
        }
        (None, None) => None,
    };
    if sample.is_none() && there.is_none() {
        return None;
    }
    Some(html! {
        p.soft { "Rows are what a cell is, columns what it was taken for. The stronger the colour, the larger the share of the row." }
        div.pair.matrices { (sample.unwrap_or_default()) (there.unwrap_or_default()) }
    })
}

const MILLION: u64 = 1_000_000;

fn is_square<T>(rows: &[Vec<T>], classes: usize) -> bool {
    classes > 0 && rows.len() == classes && rows.iter().all(|row| row.len() == classes)
}

fn square(measured: &Measured, classes: usize) -> Option<Vec<Vec<Estimate>>> {
    let alone = |row: &Vec<f64>| row.iter().map(|&cells| Estimate::alone(cells)).collect();
    is_square(&measured.confusion, classes).then(|| measured.confusion.iter().map(alone).collect())
}

/// The counts, scaled so that they sum to a million.
fn per_million(counts: &[Vec<Estimate>]) -> Vec<Vec<Estimate>> {
    let total: f64 = counts.iter().flatten().map(|cells| cells.value).sum();
    let scale = if total > 0.0 { MILLION as f64 / total } else { 0.0 };
    let scaled = |cells: &Estimate| Estimate::alone(cells.value * scale);
    counts.iter().map(|row| row.iter().map(scaled).collect()).collect()
}

/// A matrix of counts: rows are what a cell is, columns what it was taken for.
pub(in crate::report::page) fn matrix(
    classes: &[Words],
    caption: &Markup,
    counts: &[Vec<Estimate>],
) -> Markup {
    let head = html! {
        tr {
            td {}
            th scope="colgroup" colspan=(classes.len()) { "taken for" }
            td {}
        }
        tr {
            th.name scope="col" { "is" }
            @for name in classes { th scope="col" { (name) } }
            th scope="col" { "all" }
        }
    };
    let body = html! {
        @for (class, row) in counts.iter().enumerate() {
            @let total: f64 = row.iter().map(|cells| cells.value).sum();
            tr {
                th scope="row" { (classes[class]) }
                @for (taken, cells) in row.iter().enumerate() { (entry(*cells, total, taken == class)) }
                td.total { (cells_words(total)) }
            }
        }
        tr {
            th scope="row" { "all" }
            @for taken in 0..counts.len() {
                @let total: f64 = counts.iter().map(|row| row[taken].value).sum();
                td.total { (cells_words(total)) }
            }
            td.total { (cells_words(counts.iter().flatten().map(|cells| cells.value).sum())) }
        }
    };
    let class = if classes.len() > MANY { "matrix many" } else { "matrix" };
    table(class, caption, &head, &body)
}

fn entry(cells: Estimate, total: f64, right: bool) -> Markup {
    let share = if total > 0.0 { (cells.value / total).clamp(0.0, 1.0) } else { 0.0 };
    let class = if right { "right" } else { "wrong" };
    html! {
        td class=(class) style=(format!("--share:{share:.2}")) {
            (cells_words(cells.value))
            @if let Some(Interval { low, high }) = cells.interval {
                span.ends { (cells_words(low)) " to " (cells_words(high)) }
            }
            @if cells.value > 0.0 { span.ends { (percent(share)) } }
        }
    }
}

/// A number of cells, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn cells_words(cells: f64) -> String {
    if cells.is_finite() {
        grouped(cells.round().clamp(0.0, 1e15) as u64)
    } else {
        "–".to_owned()
    }
}
