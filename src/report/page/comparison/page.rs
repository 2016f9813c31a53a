//! The sections of the page of a comparison, in their order.

use maud::{Markup, html};

use super::tables::{agreements, decided, differences, discordances, figures, ranks};
use super::{ComparedRun, ComparisonPage};
use crate::report::page::document::{Head, Section, document};
use crate::report::page::run::curves::{precision_figure, reliability_figure};
use crate::report::page::run::mistakes::map_figure;
use crate::report::page::{Figure, Interval, Words};
use crate::report::{grouped, percent};

/// The page of a comparison as one HTML file.
pub fn comparison_page(page: &ComparisonPage) -> String {
    let head = Head {
        title: page.title.to_string(),
        line: html! {
            (page.runs.len()) " runs on the same " (grouped(page.cells)) " cells, " (page.scheme.in_words())
            @if let Some(date) = &page.date { ", " (date) }
        },
        lead: html! { p.lead { (lead(page)) } },
    };
    let unlike = unlike(page);
    let reading = if page.decided.is_some() {
        "Each cell is decided by the operating point of each run. Cells where the runs differ are drawn larger than they are."
    } else {
        "Each cell is taken for its most probable class. Cells where the runs differ are drawn larger than they are."
    };
    let map = page
        .map
        .as_ref()
        .and_then(|map| map_figure("map-chart", "Where the runs differ", reading, map));
    let sections = [
        Section::of(
            "unlike",
            "What is not the same",
            (!unlike.is_empty()).then(|| unlike_list(&unlike)),
        ),
        Section::of("runs", "Runs", Some(runs(page))),
        Section::of("figures", "Figures", figures(page)),
        Section::of("decided", "Differences with the operating points", decided(page)),
        Section::of("differences", "Differences of the most probable classes", differences(page)),
        Section::of("ranks", "Ranks", ranks(page)),
        Section::of("discordance", "Who is right where the other is wrong", discordances(page)),
        Section::of("agreement", "Agreement", agreements(page)),
        Section::of("precision", "Precision and recall", precision_figure(&page.curves)),
        Section::of(
            "reliability",
            "Reliability of the probabilities",
            reliability_figure(&page.reliability),
        ),
        Section::of("map", "Where the runs differ", map),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let footer = html! { p { "Written by Tesela " (env!("CARGO_PKG_VERSION")) ". This file asks for nothing from the network." } };
    document(&head, &sections, &footer)
}

/// The name of a run.
pub(super) fn name(page: &ComparisonPage, run: usize) -> &str {
    page.runs.get(run).map_or("?", |run| run.name.as_str())
}

/// The figure that runs are judged by.
fn yardstick(page: &ComparisonPage) -> Figure {
    page.focus.map_or(Figure::Accuracy, Figure::F1)
}

/// What came out: the first difference of the yardstick, and whether it is more than luck.
fn lead(page: &ComparisonPage) -> Markup {
    let figure = yardstick(page);
    let decided = page.decided.as_ref();
    let differences = decided.map_or(&page.differences, |decided| &decided.differences);
    let Some(found) = differences.iter().find(|found| found.figure == figure) else {
        return html! { "No difference of " (figure.name(&page.classes)) " was measured." };
    };
    let (value, unit) = (found.difference, figure.unit());
    let (better, worse) =
        if value.value >= 0.0 { (found.run, found.with) } else { (found.with, found.run) };
    let clear = value.interval.map(|interval| interval.low > 0.0 || interval.high < 0.0);
    html! {
        (figure.name(&page.classes)) " of " (name(page, better)) " is "
        strong { (unit.difference(value.value.abs()).trim_start_matches('+')) @if unit == crate::report::page::Unit::Share { " points" } }
        " above that of " (name(page, worse))
        @if decided.is_some() { ", each cell decided by the operating point of its run" }
        @match clear {
            Some(true) => { ", more than chance explains (95 % interval of the difference: " (ends(found)) ")." },
            Some(false) => { ", which chance may explain (95 % interval of the difference: " (ends(found)) ")." },
            None => { "." },
        }
    }
}

/// The interval of a difference, of the better run less the worse as the sentence has it.
fn ends(found: &super::Difference) -> String {
    let unit = found.figure.unit();
    found.difference.interval.map_or_else(String::new, |Interval { low, high }| {
        let (low, high) = if found.difference.value >= 0.0 { (low, high) } else { (-high, -low) };
        format!("{} to {}", unit.difference(low), unit.difference(high))
    })
}

/// What differs between the runs beside the model, in words.
fn unlike(page: &ComparisonPage) -> Vec<String> {
    let Some(first) = page.runs.first() else { return Vec::new() };
    let differs = |same: fn(&ComparedRun, &ComparedRun) -> bool| {
        page.runs.iter().any(|run| !same(run, first))
    };
    let each = |value: &dyn Fn(&ComparedRun) -> String| {
        let parts = page.runs.iter().map(|run| format!("{}: {}", run.name, value(run)));
        parts.collect::<Vec<_>>().join("; ")
    };
    let mut all = Vec::new();
    if differs(|a, b| a.store_digest == b.store_digest) {
        let stores = each(&|run| format!("{} ({:.12})", run.store, run.store_digest.as_str()));
        all.push(format!(
            "The runs used different stores, so a difference may come from the data. {stores}."
        ));
    }
    if differs(|a, b| a.years == b.years) {
        let years =
            each(&|run| run.years.as_ref().map_or_else(|| "unknown".to_owned(), Words::to_string));
        all.push(format!("The labels are of different years. {years}."));
    }
    if differs(|a, b| a.target == b.target) {
        let targets = each(&|run| target_words(page, run));
        all.push(format!("Figures at the target hold for different prevalences and cannot be compared. {targets}."));
    }
    all
}

fn target_words(page: &ComparisonPage, run: &ComparedRun) -> String {
    let Some(target) = &run.target else { return "none given".to_owned() };
    let shares =
        page.classes.iter().zip(target).map(|(name, share)| format!("{name} {}", percent(*share)));
    shares.collect::<Vec<_>>().join(", ")
}

fn unlike_list(unlike: &[String]) -> Markup {
    html! {
        ul.warnings {
            @for words in unlike { li.caution { span.level { "Caution" } p { (words) } } }
        }
    }
}

fn runs(page: &ComparisonPage) -> Markup {
    html! {
        dl.facts {
            @for run in &page.runs {
                dt { (run.name) }
                dd { (run.model) " on " (run.store) @if let Some(years) = &run.years { ", " (years) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DecidedPairs, Difference};
    use super::*;
    use crate::report::page::Estimate;

    #[test]
    fn the_better_run_is_named_first_and_its_interval_is_its_own() {
        let run = |name: &str| ComparedRun { name: name.into(), ..ComparedRun::default() };
        let difference = |value: f64, low: f64, high: f64| Difference {
            run: 1,
            with: 0,
            figure: Figure::F1(0),
            difference: Estimate { value, interval: Some(Interval { low, high }) },
            chances: Vec::new(),
        };
        let lead = |difference| {
            let page = ComparisonPage {
                classes: vec!["urban".into(), "other".into()],
                focus: Some(0),
                runs: vec![run("first"), run("second")],
                differences: vec![difference],
                ..ComparisonPage::default()
            };
            super::lead(&page).into_string()
        };
        let ahead = lead(difference(0.1, 0.05, 0.16));
        let behind = lead(difference(-0.1, -0.16, -0.05));
        assert!(ahead.contains("of second is") && behind.contains("of first is"), "{behind}");
        assert!(ahead.contains("+5.0 to +16.0") && behind.contains("+5.0 to +16.0"), "{behind}");
    }

    #[test]
    fn the_headline_is_of_the_operating_points_where_all_runs_have_one() {
        let run = |name: &str| ComparedRun { name: name.into(), ..ComparedRun::default() };
        let difference = |value: f64| Difference {
            run: 1,
            with: 0,
            figure: Figure::Accuracy,
            difference: Estimate::alone(value),
            chances: Vec::new(),
        };
        let mut page = ComparisonPage {
            runs: vec![run("first"), run("second")],
            differences: vec![difference(0.1)],
            ..ComparisonPage::default()
        };
        assert!(lead(&page).into_string().starts_with("Accuracy of second is"));
        let differences = vec![difference(-0.2)];
        page.decided = Some(DecidedPairs { differences, ..DecidedPairs::default() });
        let words = lead(&page).into_string();
        assert!(words.starts_with("Accuracy of first is"), "{words}");
        assert!(words.contains("20.0") && words.contains("operating point"), "{words}");
    }
}
