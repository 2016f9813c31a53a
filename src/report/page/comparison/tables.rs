//! The tables of a comparison: figures, differences, tests, agreement.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::page::name;
use super::{Agreement, ComparedRun, ComparisonPage, Difference, Discordance};
use crate::report::page::chart::{ForestRow, Telling, critical_difference, forest, listed};
use crate::report::page::document::{estimate, figure, table};
use crate::report::page::{Estimate, Figure, Scores, Unit};
use crate::report::{grouped, percent};

/// Tables of at most so many runs are narrow enough to stand side by side.
const MOST_BESIDE: usize = 2;

/// Figures of all runs, as the cells are mixed and at the target.
pub(super) fn figures(page: &ComparisonPage) -> Option<Markup> {
    let sample =
        of(page, "The most probable classes, the cells as they are mixed.", |run| &run.sample);
    let there =
        of(page, "The most probable classes, at the mixture of the country.", |run| &run.at_target);
    let words =
        format!("The headline: decided by the operating point of each run, {}.", place(page));
    let decided = of(page, &words, |run| &run.decided);
    let tables: Vec<Markup> = [decided, there, sample].into_iter().flatten().collect();
    let beside = page.runs.len() <= MOST_BESIDE;
    (!tables.is_empty()).then(|| {
        html! { div.pair[beside] { @for table in &tables { (table) } } }
    })
}

/// The mixture that operating points are measured at.
fn place(page: &ComparisonPage) -> &'static str {
    if page.has_target { "at the mixture of the country" } else { "the cells as they are mixed" }
}

fn of(page: &ComparisonPage, words: &str, scores: fn(&ComparedRun) -> &Scores) -> Option<Markup> {
    let mut seen = BTreeSet::new();
    let rows = page.runs.iter().flat_map(|run| scores(run).figures());
    let rows: Vec<Figure> = rows.filter(|row| seen.insert(*row)).collect();
    if rows.is_empty() {
        return None;
    }
    let head = html! {
        tr { th.name scope="col" { "Figure" } @for run in &page.runs { th scope="col" { (run.name) } } }
    };
    let body = html! {
        @for &row in &rows {
            @let best = best(page, row, scores);
            tr {
                th scope="row" { (row.name(&page.classes)) }
                @for run in &page.runs {
                    @let found = scores(run).get(row);
                    td {
                        @if page.runs.len() > 1 && found.is_some_and(|found| Some(found.value) == best) {
                            strong { (estimate(found, row.unit())) }
                        } @else { (estimate(found, row.unit())) }
                    }
                }
            }
        }
    };
    let caption = html! { (words) " The best of each row is bold; whether it is better by more than luck, the differences tell." };
    Some(table("", &caption, &head, &body))
}

fn best(page: &ComparisonPage, figure: Figure, scores: fn(&ComparedRun) -> &Scores) -> Option<f64> {
    let values =
        page.runs.iter().filter_map(|run| scores(run).get(figure)).map(|found| found.value);
    if figure.is_loss() { values.min_by(f64::total_cmp) } else { values.max_by(f64::total_cmp) }
}

/// Differences of the most probable classes.
pub(super) fn differences(page: &ComparisonPage) -> Option<Markup> {
    differences_of(page, &page.differences, ["shares-forest", "numbers-forest"])
}

/// Differences of what operating points decide, and who is right then.
pub(super) fn decided(page: &ComparisonPage) -> Option<Markup> {
    let decided = page.decided.as_ref()?;
    let ids = ["decided-shares-forest", "decided-numbers-forest"];
    let differences = differences_of(page, &decided.differences, ids)?;
    Some(html! {
        p {
            "Each cell is decided by the operating point of its run, as the map of the run will be; " (place(page))
            ". It was learned without the part of the folds that the cell is in."
        }
        @if !decided.remarks.is_empty() {
            ul.warnings {
                @for words in &decided.remarks { li.caution { span.level { "Caution" } p { (words) } } }
            }
        }
        (differences)
        (discordances_of(page, &decided.discordances).unwrap_or_default())
    })
}

/// Differences as a picture for each unit, whose ids are `ids`, and as a table.
fn differences_of(
    page: &ComparisonPage,
    differences: &[Difference],
    ids: [&str; 2],
) -> Option<Markup> {
    if differences.is_empty() {
        return None;
    }
    let tests: BTreeSet<&str> = differences
        .iter()
        .flat_map(|found| &found.chances)
        .map(|(test, _)| test.as_str())
        .collect();
    let head = html! {
        tr {
            th.name scope="col" { "Figure" } th.text scope="col" { "Runs" } th scope="col" { "difference" }
            @for test in &tests { th scope="col" { "p, " (test) } }
        }
    };
    let body = html! {
        @for found in differences {
            tr {
                th scope="row" { (found.figure.name(&page.classes)) }
                td.text { (runs_words(page, found)) }
                td { (difference(found)) }
                @for test in &tests { td { (chance_of(found, test)) } }
            }
        }
    };
    let caption = html! {
        "Differences on the same cells, with 95 % intervals; shares in points. p is the chance of so large a difference between two runs that are equally good; it is not corrected for how many rows there are."
    };
    Some(html! {
        div.pair {
            (forest_of(page, differences, Unit::Share, (ids[0], "Difference in points")))
            (forest_of(page, differences, Unit::Number, (ids[1], "Difference")))
        }
        (table("", &caption, &head, &body))
    })
}

fn runs_words(page: &ComparisonPage, found: &Difference) -> String {
    format!("{} − {}", name(page, found.run), name(page, found.with))
}

fn difference(found: &Difference) -> Markup {
    let unit = found.figure.unit();
    html! {
        (unit.difference(found.difference.value))
        @if let Some(interval) = found.difference.interval {
            span.ends { (unit.difference(interval.low)) " to " (unit.difference(interval.high)) }
        }
    }
}

fn chance_of(found: &Difference, test: &str) -> String {
    let chance = found.chances.iter().find(|(name, _)| name.as_str() == test);
    chance.map_or_else(|| "–".to_owned(), |(_, chance)| chance_words(*chance))
}

/// A chance, as exact as it is of use.
pub(super) fn chance_words(chance: f64) -> String {
    match chance {
        chance if !chance.is_finite() => "–".to_owned(),
        chance if chance < 0.0001 => "< 0.0001".to_owned(),
        chance => format!("{chance:.4}"),
    }
}

fn forest_of(
    page: &ComparisonPage,
    differences: &[Difference],
    unit: Unit,
    (id, label): (&str, &str),
) -> Markup {
    let scale = if unit == Unit::Share { 100.0 } else { 1.0 };
    let own = differences.iter().filter(|found| found.figure.unit() == unit);
    let rows = own.map(|found| {
        let Estimate { value, interval } = found.difference;
        let difference = match interval {
            Some(ends) => Estimate::within(scale * value, scale * ends.low, scale * ends.high),
            None => Estimate::alone(scale * value),
        };
        let figure = found.figure.name(&page.classes);
        ForestRow { name: format!("{figure}: {}", runs_words(page, found)), difference }
    });
    let rows: Vec<ForestRow> = rows.collect();
    if rows.is_empty() {
        return html! {};
    }
    let clear = rows.iter().filter(|row| {
        row.difference.interval.is_some_and(|ends| ends.low > 0.0 || ends.high < 0.0)
    });
    let words =
        format!("{} of {} differences have an interval without zero.", clear.count(), rows.len());
    let telling = Telling { id, title: label, description: &words };
    figure(
        None,
        &forest(&telling, label, &rows),
        &html! { (words) " Right of the line the first of the two runs has more" @if unit == Unit::Number { "; of a loss, more is worse" } "." },
    )
}

/// Average ranks, and which runs cannot be told apart.
pub(super) fn ranks(page: &ComparisonPage) -> Option<Markup> {
    let ranks = page.ranks.as_ref().filter(|ranks| !ranks.ranks.is_empty())?;
    let each = ranks.ranks.iter().map(|(name, rank)| format!("{name} {rank:.2}"));
    let words = format!("Average ranks of {}: {}.", ranks.of, listed(&each.collect::<Vec<_>>()));
    let telling = Telling { id: "ranks-chart", title: "Average ranks", description: &words };
    let caption = html! {
        (words) " Runs under one bar cannot be told apart: their ranks differ by less than "
        (format!("{:.2}", ranks.critical_difference)) " (Nemenyi's test at 5 %)."
        @if let Some(chance) = ranks.chance { " Friedman's test that all are equally good: p " (chance_words(chance)) "." }
    };
    Some(figure(None, &critical_difference(&telling, ranks), &caption))
}

/// McNemar's tables.
pub(super) fn discordances(page: &ComparisonPage) -> Option<Markup> {
    discordances_of(page, &page.discordances)
}

fn discordances_of(page: &ComparisonPage, discordances: &[Discordance]) -> Option<Markup> {
    if discordances.is_empty() {
        return None;
    }
    let head = html! {
        tr {
            th.name scope="col" { "Runs" }
            @for name in ["both right", "first alone", "second alone", "neither", "p"] { th scope="col" { (name) } }
        }
    };
    let body = html! {
        @for found in discordances {
            tr {
                th scope="row" { (name(page, found.run)) " and " (name(page, found.with)) }
                @for cells in [found.both, found.run_alone, found.with_alone, found.neither] { td { (grouped(cells)) } }
                td { (chance_words(found.chance)) span.ends { (found.test) } }
            }
        }
    };
    let caption = html! { "Cells by which of two runs has them right. Only those that one alone has right tell the two apart (McNemar 1947)." };
    Some(table("", &caption, &head, &body))
}

/// What two runs make of the same cells.
pub(super) fn agreements(page: &ComparisonPage) -> Option<Markup> {
    let classes = page.classes.len();
    let square = |found: &&Agreement| {
        found.cells.len() == classes && found.cells.iter().all(|row| row.len() == classes)
    };
    let all: Vec<&Agreement> = page.agreements.iter().filter(square).collect();
    (!all.is_empty()).then(|| html! { @for found in all { (agreement(page, found)) } })
}

fn agreement(page: &ComparisonPage, found: &Agreement) -> Markup {
    let total: u64 = found.cells.iter().flatten().sum();
    let same: u64 = found.cells.iter().enumerate().map(|(class, row)| row[class]).sum();
    let share = |cells: u64, of: u64| cells as f64 / of.max(1) as f64;
    let head = html! {
        tr { td {} th scope="colgroup" colspan=(page.classes.len()) { (name(page, found.with)) } }
        tr { th.name scope="col" { (name(page, found.run)) } @for name in &page.classes { th scope="col" { (name) } } }
    };
    let body = html! {
        @for (class, row) in found.cells.iter().enumerate() {
            @let of: u64 = row.iter().sum();
            tr {
                th scope="row" { (page.classes[class]) }
                @for (other, &cells) in row.iter().enumerate() {
                    td class=(if other == class { "right" } else { "wrong" })
                        style=(format!("--share:{:.2}", share(cells, of))) {
                        (grouped(cells)) span.ends { (percent(share(cells, of))) }
                    }
                }
            }
        }
    };
    let caption = html! {
        "Both give the same class to " (percent(share(same, total))) " of the cells; a share below a number is that of its row."
    };
    table(if page.classes.len() > 5 { "matrix many" } else { "matrix" }, &caption, &head, &body)
}
