//! The table of figures: scheme by scheme, at the mixture of the sample and at that of the country.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::report::page::chart::{SpreadRow, Telling, legend, listed, spread};
use crate::report::page::document::{estimate, figure, table};
use crate::report::page::{Estimate, Figure, Measured, RunPage, Unit, Words};
use crate::report::percent;

/// A figure of the headline at the target, with the prevalences that it holds for: with the operating point where
/// there is one.
pub(in crate::report::page) fn at_target(
    page: &RunPage,
    figure: Figure,
) -> Option<(Estimate, &[f64])> {
    let target = page.schemes.first()?.target.as_ref()?;
    let decided = page.operating_point.as_ref().and_then(|point| point.after.get(figure));
    let found = decided.or_else(|| target.scores.get(figure))?;
    Some((found, &target.prevalence))
}

/// A column of the table.
struct Column<'a> {
    name: &'static str,
    measured: &'a Measured,
}

/// The figures of all schemes side by side.
pub(super) fn figures(page: &RunPage) -> Option<Markup> {
    let columns = columns(page);
    let rows = rows(page, &columns);
    if rows.is_empty() {
        return None;
    }
    let caption = html! {
        "Figures of all scored cells together"
        @if has_intervals(&columns, &rows) { "; below each its 95 % interval" }
        ". Precision, F1, accuracy, kappa and the losses depend on how common the classes are; recall and the area under ROC do not"
        @if page.strata.is_empty() { "." } @else { ", but here, where cells of a class count by stratum." }
    };
    let body = html! {
        @for &row in &rows {
            tr class=[is_chief(page, row).then_some("chief")] {
                th scope="row" { (row.name(&page.classes)) }
                @for column in &columns { td { (estimate(column.measured.scores.get(row), row.unit())) } }
            }
        }
    };
    Some(html! {
        (schemes(page))
        (table("", &caption, &head(page, &columns), &body))
        @if page.classes.len() > 2 { (classes(page)) }
        (decisions(page))
    })
}

fn columns(page: &RunPage) -> Vec<Column<'_>> {
    let of_scheme = page.schemes.iter().flat_map(|scheme| {
        let sample = Column { name: "sample", measured: &scheme.sample };
        let name = if page.strata.is_empty() { "country" } else { "country (by stratum)" };
        let target = scheme.target.as_ref().map(|measured| Column { name, measured });
        [Some(sample), target].into_iter().flatten()
    });
    of_scheme.collect()
}

/// The figures that any column has; of many classes only those of the one in focus.
fn rows(page: &RunPage, columns: &[Column]) -> Vec<Figure> {
    let mut seen = BTreeSet::new();
    let all = columns.iter().flat_map(|column| column.measured.scores.figures());
    let shown = |figure: &Figure| match class_of(*figure) {
        Some(class) if page.classes.len() > 2 => page.focus == Some(class),
        _ => true,
    };
    all.filter(shown).filter(|figure| seen.insert(*figure)).collect()
}

fn class_of(figure: Figure) -> Option<usize> {
    match figure {
        Figure::Precision(class) | Figure::Recall(class) | Figure::F1(class) => Some(class),
        _ => None,
    }
}

fn is_chief(page: &RunPage, figure: Figure) -> bool {
    match page.focus {
        Some(focus) => figure == Figure::Precision(focus),
        None => figure == Figure::Accuracy,
    }
}

fn has_intervals(columns: &[Column], rows: &[Figure]) -> bool {
    let found = |column: &Column, row: &Figure| column.measured.scores.get(*row);
    columns.iter().any(|column| {
        rows.iter().any(|row| found(column, row).is_some_and(|found| found.interval.is_some()))
    })
}

fn head(page: &RunPage, columns: &[Column]) -> Markup {
    html! {
        @if page.schemes.len() > 1 {
            tr {
                td {}
                @for scheme in &page.schemes {
                    th scope="colgroup" colspan=(1 + usize::from(scheme.target.is_some())) { (scheme.kind.name()) }
                }
            }
        }
        tr {
            th.name scope="col" { "Figure" }
            @for column in columns {
                th scope="col" {
                    (column.name)
                    @if let Some(words) = prevalence(page, column.measured) { span.ends { (words) } }
                }
            }
        }
    }
}

/// The share of the class in focus.
fn prevalence(page: &RunPage, measured: &Measured) -> Option<String> {
    let focus = page.focus?;
    let share = measured.prevalence.get(focus)?;
    Some(format!("{} {}", percent(*share), page.classes.get(focus)?))
}

fn schemes(page: &RunPage) -> Markup {
    html! {
        @for scheme in &page.schemes {
            @if !scheme.how.as_str().is_empty() { p { strong { (scheme.kind.name()) } ": " (scheme.how) "." } }
        }
    }
}

/// Precision, recall and F1 of each class, by the scheme of the headline.
fn classes(page: &RunPage) -> Markup {
    let Some(scheme) = page.schemes.first() else { return html! {} };
    let measured = scheme.target.as_ref().unwrap_or(&scheme.sample);
    let place = if scheme.target.is_some() { "the country" } else { "the sample" };
    let caption = html! { "Each class at the mixture of " (place) ", measured on " (scheme.kind.in_words()) "." };
    let head = html! {
        tr {
            th.name scope="col" { "Class" }
            @for name in ["Share", "Precision", "Recall", "F1"] { th scope="col" { (name) } }
        }
    };
    let body = html! {
        @for (class, name) in page.classes.iter().enumerate() {
            tr {
                th scope="row" { (name) }
                td { (measured.prevalence.get(class).map_or_else(|| "–".to_owned(), |share| percent(*share))) }
                @for figure in [Figure::Precision(class), Figure::Recall(class), Figure::F1(class)] {
                    td { (estimate(measured.scores.get(figure), Unit::Share)) }
                }
            }
        }
    };
    table("", &caption, &head, &body)
}

/// What the operating point changes.
fn decisions(page: &RunPage) -> Markup {
    let Some(point) = &page.operating_point else { return html! {} };
    let rows: Vec<Figure> = point.after.figures().collect();
    let caption = html! { "What the operating point changes, at the mixture of the country." };
    let head = html! {
        tr {
            th.name scope="col" { "Figure" }
            th scope="col" { "as the model says" }
            th scope="col" { "with the operating point" }
        }
    };
    let body = html! {
        @for row in &rows {
            tr class=[is_chief(page, *row).then_some("chief")] {
                th scope="row" { (row.name(&page.classes)) }
                td { (estimate(point.before.get(*row), row.unit())) }
                td { (estimate(point.after.get(*row), row.unit())) }
            }
        }
    };
    html! {
        h3 { "Operating point" }
        dl.facts {
            dt { "Calibration" } dd { (point.calibration) }
            @if let Some(prior) = &point.prior { dt { "Prevalence" } dd { (prior) } }
            @if let Some(decision) = &point.decision { dt { "Decision" } dd { (decision) } }
            @if let Some(sets) = &point.sets { dt { "Sets of classes" } dd { (sets) } }
            @if !point.tried.is_empty() {
                dt { "Log-loss by calibration" }
                dd { (listed(&point.tried.iter().map(|(name, loss)| format!("{name} {loss:.4}")).collect::<Vec<_>>())) }
            }
        }
        @if !rows.is_empty() { (table("", &caption, &head, &body)) }
    }
}

/// How the figures differ from fold to fold.
pub(super) fn folds(page: &RunPage) -> Option<Markup> {
    let figures = match (page.focus, page.classes.len()) {
        (Some(class), _) => {
            vec![
                Figure::Precision(class),
                Figure::Recall(class),
                Figure::F1(class),
                Figure::Accuracy,
            ]
        }
        (None, _) => vec![Figure::Accuracy, Figure::MacroF1],
    };
    let schemes: Vec<_> = page.schemes.iter().filter(|scheme| scheme.folds.len() > 1).collect();
    if schemes.is_empty() {
        return None;
    }
    let values = |figure: Figure| -> Vec<Vec<f64>> {
        let of_scheme = |scheme: &&crate::report::page::SchemeResults| {
            let found = scheme.folds.iter().filter_map(|fold| fold.scores.get(figure));
            found.map(|found| found.value).collect()
        };
        schemes.iter().map(of_scheme).collect()
    };
    let rows: Vec<SpreadRow> = figures
        .into_iter()
        .map(|figure| SpreadRow { name: figure.name(&page.classes), schemes: values(figure) })
        .filter(|row| row.schemes.iter().any(|values| !values.is_empty()))
        .collect();
    let names: Vec<String> = schemes.iter().map(|scheme| scheme.kind.name().to_owned()).collect();
    let words = rows.iter().flat_map(|row| {
        row.schemes
            .iter()
            .zip(&names)
            .filter_map(|(values, name)| range_words(&row.name, name, values))
    });
    let words = words.collect::<Vec<_>>().join(" ");
    let telling = Telling { id: "folds-chart", title: "Figures of each fold", description: &words };
    let caption = html! {
        "Each mark is one fold at the mixture of the sample, each stroke the mean of a scheme. Where the marks of a scheme lie far apart, the places differ, and a map is better in some than in others."
    };
    Some(html! {
        (figure(Some(legend(&names, true, false)), &spread(&telling, &rows), &caption))
        (fold_table(page))
    })
}

/// From where to where a figure goes.
fn range_words(figure: &str, scheme: &str, values: &[f64]) -> Option<String> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    let most = values.iter().copied().max_by(f64::total_cmp)?;
    Some(format!("{figure} on {}: {} to {}.", scheme.to_lowercase(), percent(least), percent(most)))
}

/// How many cells each fold has.
fn fold_table(page: &RunPage) -> Markup {
    let has_buffer =
        page.schemes.iter().flat_map(|scheme| &scheme.folds).any(|fold| fold.dropped > 0);
    let head = html! {
        tr {
            th.name scope="col" { "Fold" }
            @for name in &page.classes { th scope="col" { (name) } }
            @if has_buffer { th scope="col" { "kept from training by the buffer" } }
        }
    };
    let body = html! {
        @for scheme in &page.schemes {
            @for (index, fold) in scheme.folds.iter().enumerate() {
                tr {
                    th scope="row" { (scheme.kind.name()) ", " (index) }
                    @for class in 0..page.classes.len() {
                        td { (fold.cells.get(class).map_or_else(|| "–".to_owned(), |cells| crate::report::grouped(*cells))) }
                    }
                    @if has_buffer { td { (crate::report::grouped(fold.dropped)) } }
                }
            }
        }
    };
    let caption = html! { "Scored cells of each class in each fold." };
    html! { details { summary { "Cells of each fold" } (table("", &caption, &head, &body)) } }
}

/// Names of classes with numbers, as `urban 20,000, other 20,000`.
pub(super) fn class_counts(classes: &[Words], counts: &[u64]) -> String {
    let each = classes.iter().zip(counts);
    each.map(|(name, count)| format!("{name} {}", crate::report::grouped(*count)))
        .collect::<Vec<_>>()
        .join(", ")
}
