//! The tables of an assessment: figures, confusion, what was announced, areas, cells.

use maud::{Markup, html};

use super::AssessmentPage;
use super::page::blocks_words;
use crate::assessment::{AnnouncedFigure, ClassArea, Figures, Share, Verdict};
use crate::metrics::Confusion;
use crate::report::assessment_tables::square_kilometres;
use crate::report::of_run::shown;
use crate::report::page::document::{estimate, table};
use crate::report::page::run::matrices::matrix;
use crate::report::page::{Estimate, Figure, Interval, Unit, Words};
use crate::report::{grouped, percent};

/// The figures without the cells that were trained on, and beside them those with them.
pub(super) fn figures(page: &AssessmentPage<'_>) -> Markup {
    let assessment = page.assessment;
    let (headline, contaminated) = (&assessment.headline, assessment.with_training_cells.as_ref());
    let (names, rows) = (page.classes(), shown(assessment.classes.len(), assessment.focus));
    let chief = assessment.focus.map_or(Figure::Accuracy, Figure::F1);
    let head = html! {
        tr {
            th.name scope="col" { "Figure" }
            th scope="col" { @if headline.contaminated { "all cells (contaminated?)" } @else { "without training cells" } }
            @if contaminated.is_some() { th scope="col" { "with training cells (contaminated)" } }
        }
    };
    let body = html! {
        @for &(figure, place) in &rows {
            tr class=[(figure == chief).then_some("chief")] {
                th scope="row" { (figure.name(&names)) }
                td { (estimate(with_interval(headline, place), figure.unit())) }
                @if let Some(figures) = contaminated {
                    td { (estimate(value(figures, place).map(Estimate::alone), figure.unit())) }
                }
            }
        }
        (calibration(headline, contaminated, &names))
    };
    let caption = html! {
        "Figures of " (grouped(headline.scores.cells)) " cells at the prevalence of all labelled cells of the map; below each its 95 % interval, "
        (blocks_words(page)) "."
        @if let Some(figures) = contaminated {
            " The last column holds " (grouped(figures.scores.cells - headline.scores.cells))
            " cells that the model was trained on: it is contaminated and not to be quoted."
        }
    };
    table("", &caption, &head, &body)
}

fn value(figures: &Figures, place: usize) -> Option<f64> {
    figures.scores.figures().get(place)?.value
}

fn with_interval(figures: &Figures, place: usize) -> Option<Estimate> {
    let ends = figures.intervals.get(place).and_then(|found| found.interval);
    let interval = ends.map(|ends| Interval { low: ends.lower, high: ends.upper });
    Some(Estimate { value: value(figures, place)?, interval })
}

fn calibration(headline: &Figures, contaminated: Option<&Figures>, names: &[Words]) -> Markup {
    let of_classes = names.iter().map(|name| format!("Calibration error, {name}"));
    let rows = std::iter::once("Calibration error".to_owned()).chain(of_classes);
    let number = |figures: &Figures, place: usize| {
        let found = figures.calibration_errors.get(place).copied().flatten();
        estimate(found.map(Estimate::alone), Unit::Number)
    };
    html! {
        @for (place, name) in rows.enumerate() {
            tr {
                th scope="row" { (name) }
                td { (number(headline, place)) }
                @if let Some(figures) = contaminated { td { (number(figures, place)) } }
            }
        }
    }
}

/// The confusion without and with the cells that were trained on.
pub(super) fn confusions(page: &AssessmentPage<'_>) -> Markup {
    let names = page.classes();
    let counts = |confusion: &Confusion| -> Vec<Vec<Estimate>> {
        let row = |row: &Vec<u64>| row.iter().map(|&cells| Estimate::alone(cells as f64)).collect();
        confusion.rows().iter().map(row).collect()
    };
    let assessment = page.assessment;
    let own = html! {
        @if assessment.headline.contaminated { "All known cells; which of them were trained on is not known." }
        @else { "Cells that the model was not trained on." }
    };
    html! {
        p.soft { "Rows are what a cell is, columns what the map takes it for. The stronger the colour, the larger the share of the row." }
        div.pair.matrices {
            (matrix(&names, &own, &counts(&assessment.headline.confusion)))
            @if let Some(figures) = &assessment.with_training_cells {
                (matrix(&names, &html! { "Contaminated: with the cells that it was trained on." }, &counts(&figures.confusion)))
            }
        }
    }
}

/// What was announced, beside what was found.
pub(super) fn announced(page: &AssessmentPage<'_>) -> Option<Markup> {
    let announced = page.assessment.announced.as_ref()?;
    let decisive = announced.decisive();
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
    let sentence = match decisive.verdict() {
        Verdict::Inside => "lies within the interval that was announced: the map keeps its promise",
        Verdict::Below => {
            "lies below the interval that was announced: the map is worse than promised"
        }
        Verdict::Above => {
            "lies above the interval that was announced: the map is better than promised"
        }
        Verdict::Unknown => "cannot be judged, because no interval was announced",
    };
    let head = html! {
        tr {
            th.name scope="col" { "Figure" }
            th scope="col" { "announced" }
            th scope="col" { "map" }
            th.text scope="col" { "the map lies" }
        }
    };
    let body = html! {
        @for (place, figure) in announced.figures.iter().enumerate().filter(|(_, one)| one.announced.is_some()) {
            tr class=[(place == announced.decisive).then_some("chief")] {
                th scope="row" { (Words::from(&figure.name)) }
                td { (estimate(promise(figure), Unit::Share)) }
                td { (share(figure.found)) }
                td.text { (verdict(figure.verdict())) }
            }
        }
    };
    let caption = html! {
        "Announced by " (Words::from(&announced.by))
        @match announced.cells {
            Some(cells) => { " for a map of " (grouped(cells)) " cells; in 95 of 100 such maps each figure lies between the two ends below it" },
            None => { ", as measured and without intervals: no target prevalence was declared, or the map was not decided by the operating point" },
        }
        ". Mapped shares are those of all cells of the map, the others those of the scored ones."
    };
    Some(html! {
        p { strong { (Words::from(&decisive.name)) " of " (share(decisive.found)) } " " (sentence) "." }
        (table("", &caption, &head, &body))
    })
}

fn promise(figure: &AnnouncedFigure) -> Option<Estimate> {
    let interval = figure.interval.map(|ends| Interval { low: ends.lower, high: ends.upper });
    Some(Estimate { value: figure.announced?, interval })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Inside => "within",
        Verdict::Below => "below",
        Verdict::Above => "above",
        Verdict::Unknown => "–",
    }
}

/// What conformal sets are worth.
pub(super) fn sets(page: &AssessmentPage<'_>) -> Option<Markup> {
    let sets = &page.assessment.sets;
    if sets.is_empty() {
        return None;
    }
    let head = html! {
        tr {
            th.name scope="col" { "Known class" }
            @for name in ["cells", "set holds it", "mean size", "one class alone"] { th scope="col" { (name) } }
        }
    };
    let body = html! {
        @for one in sets {
            tr {
                th scope="row" { @match &one.class { Some(name) => (Words::from(name)), None => "all classes" } }
                td { (grouped(one.cells)) }
                td { (percent(one.covered)) }
                td { (format!("{:.2}", one.mean_size)) }
                td { (percent(one.single)) }
            }
        }
    };
    let caption = html! {
        "How often the set of classes that cannot be ruled out holds the known one, and how much it leaves open."
    };
    Some(table("", &caption, &head, &body))
}

/// How much of the country is of each class.
pub(super) fn areas(page: &AssessmentPage<'_>) -> Option<Markup> {
    let areas = page.assessment.areas.as_ref()?;
    let country = areas.cell_square_kilometres.map(|cell| cell * areas.cells as f64);
    let head = html! {
        tr {
            th.name scope="col" { "Class" }
            th scope="col" { "mapped" }
            th scope="col" { "estimated" }
            @if country.is_some() { th scope="col" { "km²" } }
            th scope="col" { "labelled" }
        }
    };
    let body = html! {
        @for one in &areas.classes {
            tr {
                th scope="row" { (Words::from(&one.class)) }
                td { (percent(one.mapped_share)) }
                td { (estimate(Some(of_share(one.share)), Unit::Share)) }
                @if let Some(country) = country { td { (ground(one, country)) } }
                td { (grouped(one.sampled_cells)) }
            }
        }
    };
    let caption = html! {
        "Counting the cells of a map counts its errors, too. The estimate takes the mapped classes as strata and the labelled cells as a "
        "sample of each (Olofsson and others 2014); it holds where they were drawn at random. Cells that were trained on are counted as they are known. Of "
        (grouped(areas.cells)) " mapped cells. "
        @if page.assessment.counts.is_census() { "Here every class is known, so nothing is left to guess." }
    };
    Some(table("", &caption, &head, &body))
}

fn of_share(share: Share) -> Estimate {
    Estimate::within(share.value, share.interval.lower, share.interval.upper)
}

fn ground(one: &ClassArea, country: f64) -> Markup {
    let [value, low, high] = [one.share.value, one.share.interval.lower, one.share.interval.upper]
        .map(|share| square_kilometres(share * country));
    html! { (value) span.ends { (low) " to " (high) } }
}

/// What became of the cells.
pub(super) fn cells(page: &AssessmentPage<'_>) -> Markup {
    let counts = &page.assessment.counts;
    let rows = [
        ("Cells of the map", counts.map),
        ("Scored", counts.scored),
        ("Left out, because the model was trained on them", counts.trained),
        ("Labelled, without a class on the map", counts.without_class),
        ("… of those without a used pixel", counts.no_data),
        ("… of those outside the mosaic", counts.outside),
        ("Undefined: their label says that nothing is known", counts.undefined),
        ("Unlabelled: no label speaks of them", counts.unlabelled),
        ("Cells of the labels that are not on the map", counts.not_on_map),
    ];
    let known = percent(counts.known_share());
    html! {
        dl.facts {
            @for (name, count) in rows { dt { (name) } dd { (grouped(count)) } }
            dt { "Mapped cells whose class is known" }
            dd { (known) @if counts.is_census() { ": a census" } @else { ": a sample" } }
        }
    }
}
