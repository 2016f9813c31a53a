//! Tables and the sentence of an assessment, for a terminal.

use comfy_table::Table;

use super::table::{align, number, plain_table, start};
use super::{grouped, percent};
use crate::assessment::{
    Announced, AreaEstimate, Assessment, CellCounts, EdgeBands, Strata, Stratum, Verdict,
};
use crate::metrics::{ClassScores, Scores};
use crate::statistics::Interval;

/// Above this many classes, the details of each would hide the whole.
const MANY_CLASSES: usize = 3;
/// Figures of all classes together, in the order of [`Scores::figures`].
const GENERAL: usize = 13;
/// Figures of each class.
const OF_CLASS: usize = 5;

/// What came out, in one sentence with its intervals and its prevalence.
pub fn assessment_sentence(assessment: &Assessment) -> String {
    let scores = &assessment.headline.scores;
    let with_interval = |place: usize, value: f64| {
        let estimate = assessment.headline.intervals.get(place);
        let ends = estimate.and_then(|estimate| estimate.interval);
        let ends = ends.map(|Interval { lower, upper }| {
            format!(" ({} to {})", percent(lower).trim_end_matches(" %"), percent(upper))
        });
        format!("{}{}", percent(value), ends.unwrap_or_default())
    };
    let cells = grouped(scores.cells);
    let Some(focus) = assessment.focus else {
        let accuracy = with_interval(0, scores.accuracy);
        return format!(
            "{accuracy} of {cells} cells have their class right on the map, of {} classes as common as they are there.",
            scores.classes.len()
        );
    };
    let ClassScores { class, precision, recall, prevalence, .. } = &scores.classes[focus];
    let first = GENERAL + OF_CLASS * focus;
    let (precision, recall) = (with_interval(first, *precision), with_interval(first + 1, *recall));
    format!(
        "Of the cells that the map calls {class}, {precision} are {class}, and {recall} of the {class} cells are found, \
         at the map's prevalence of {}, measured on {cells} cells.",
        percent(*prevalence)
    )
}

/// What became of the cells.
pub fn counts_table(counts: &CellCounts) -> Table {
    let all = [
        ("scored", counts.scored),
        ("trained on, left out", counts.trained),
        ("labelled, without a class on the map", counts.without_class),
        ("undefined", counts.undefined),
        ("unlabelled", counts.unlabelled),
        ("cells of the map", counts.map),
        ("labels that are not on the map", counts.not_on_map),
    ];
    let shown = |(name, count): &(&str, u64)| *count > 0 || *name == "scored";
    let row = |(name, count): (&str, u64)| {
        let is_of_map = count <= counts.map && !name.starts_with("labels");
        let share = count as f64 / counts.map.max(1) as f64;
        let share = if is_of_map { percent(share) } else { String::new() };
        [name.to_owned(), grouped(count), share]
    };
    plain_table(["cells", "number", "share"], all.into_iter().filter(shown).map(row).collect())
}

/// The figures without the cells that were trained on, with their intervals, and beside them those with them.
pub fn assessed_table(assessment: &Assessment) -> Table {
    let contaminated = assessment.with_training_cells.as_ref();
    let mut header = vec!["score", "map", "95 % interval"];
    header.extend(contaminated.map(|_| "contaminated"));
    let mut table = start(header.into_iter().map(str::to_owned).collect());
    let figures = assessment.headline.scores.figures();
    let with = contaminated.map(|figures| figures.scores.figures());
    let shown = if assessment.classes.len() > MANY_CLASSES { GENERAL } else { figures.len() };
    for (place, figure) in figures.into_iter().enumerate().take(shown) {
        let interval = assessment.headline.intervals.get(place).and_then(|one| one.interval);
        let beside = with.as_ref().map(|figures| number(figures[place].value));
        let row = [figure.name, number(figure.value), ends(interval)];
        table.add_row(row.into_iter().chain(beside));
    }
    align(&mut table);
    table
}

fn ends(interval: Option<Interval>) -> String {
    interval
        .map_or_else(String::new, |Interval { lower, upper }| format!("{lower:.4} to {upper:.4}"))
}

/// What was announced, beside what was found.
pub fn announced_table(announced: &Announced) -> Table {
    let header = ["score", "announced", "95 % interval", "map", ""];
    let rows = announced.figures.iter().filter(|figure| figure.announced.is_some());
    let row = |figure: &crate::assessment::AnnouncedFigure| {
        let verdict = match figure.verdict() {
            Verdict::Inside => "within",
            Verdict::Below => "below",
            Verdict::Above => "above",
            Verdict::Unknown => "",
        };
        let (announced, found) = (number(figure.announced), number(figure.found));
        [figure.name.clone(), announced, ends(figure.interval), found, verdict.to_owned()]
    };
    plain_table(header, rows.map(row).collect())
}

/// Parts of the scored cells, one row each; `*` where a class has fewer than ten cells.
pub fn strata_table(strata: &Strata, focus: Option<usize>) -> Table {
    let parts = strata.parts.iter().map(|part| (part.name.clone(), part));
    parts_table(&strata.by, parts.collect(), focus)
}

/// The scored cells by their distance from the edge.
pub fn edge_table(edge: &EdgeBands, focus: Option<usize>) -> Table {
    let parts = edge.bands.iter().map(|band| (band.stratum.name.clone(), &band.stratum));
    parts_table("distance to another class", parts.collect(), focus)
}

fn parts_table(by: &str, parts: Vec<(String, &Stratum)>, focus: Option<usize>) -> Table {
    let header = [by, "cells", "prevalence", "accuracy", "precision", "recall", "F1"];
    let row = |(name, part): (String, &Stratum)| {
        let few = if part.few.is_empty() { "" } else { " *" };
        let scores = &part.scores;
        let [prevalence, precision, recall, f1] = rates(scores, focus);
        let cells = grouped(scores.cells);
        [
            format!("{name}{few}"),
            cells,
            prevalence,
            number(Some(scores.accuracy)),
            precision,
            recall,
            f1,
        ]
    };
    plain_table(header, parts.into_iter().map(row).collect())
}

/// Prevalence, precision, recall and F1 of the class in focus, or the means of all.
fn rates(scores: &Scores, focus: Option<usize>) -> [String; 4] {
    match focus.map(|focus| &scores.classes[focus]) {
        Some(own) => {
            let measured = |value: f64| number((own.support > 0).then_some(value));
            [
                percent(own.prevalence),
                measured(own.precision),
                measured(own.recall),
                measured(own.f1),
            ]
        }
        None => {
            let mean = scores.macro_average;
            let [precision, recall, f1] =
                [mean.precision, mean.recall, mean.f1].map(|value| number(Some(value)));
            [String::new(), precision, recall, f1]
        }
    }
}

/// Mapped against estimated shares.
pub fn areas_table(areas: &AreaEstimate) -> Table {
    let header = ["class", "mapped", "estimated", "95 % interval", "km²"];
    let country = areas.cell_square_kilometres.map(|cell| cell * areas.cells as f64);
    let row = |one: &crate::assessment::ClassArea| {
        let Interval { lower, upper } = one.share.interval;
        let ground = country
            .map_or_else(String::new, |country| square_kilometres(one.share.value * country));
        [
            one.class.clone(),
            percent(one.mapped_share),
            percent(one.share.value),
            format!("{} to {}", percent(lower), percent(upper)),
            ground,
        ]
    };
    plain_table(header, areas.classes.iter().map(row).collect())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(super) fn square_kilometres(area: f64) -> String {
    grouped(area.round().clamp(0.0, 1e15) as u64)
}
