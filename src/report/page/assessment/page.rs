//! The sections of the page of an assessment, in their order.

use maud::{Markup, html};

use super::AssessmentPage;
use super::parts::{edge, regions, sides};
use super::tables::{announced, areas, cells, confusions, figures, sets};
use crate::assessment::{Remark, TrainingSource, Weight};
use crate::report::page::document::{Head, Section, document};
use crate::report::page::run::curves::{precision_figure, reliability_figure};
use crate::report::page::run::mistakes::map_figure;
use crate::report::page::{Severity, Warning, Words, warnings};
use crate::report::{assessment_sentence, metres};

/// The page of an assessment as one HTML file.
pub fn assessment_page(page: &AssessmentPage<'_>) -> String {
    let assessment = page.assessment;
    let labels = assessment.labels.as_ref().map(|path| Words::from(path.to_string_lossy()));
    let head = Head {
        title: page.title.to_string(),
        line: html! {
            "Assessment of a map against "
            @match labels { Some(path) => { "the labels in " (path) }, None => "the labels that it carries" }
            ", " (training_words(&assessment.training))
        },
        lead: html! { p.lead { (Words::lines(&assessment_sentence(assessment))) } },
    };
    let reading = "Where cells are small, errors are drawn larger than they are. Where they lie together, they have a common cause.";
    let errors = page.errors.as_ref();
    let curves: Vec<_> = page.curve.iter().cloned().collect();
    let diagrams: Vec<_> = page.reliability.iter().cloned().collect();
    let sections = [
        Section::of("warnings", "Warnings", remarks(&assessment.remarks)),
        Section::of("figures", "Figures", Some(figures(page))),
        Section::of("announced", "What was announced", announced(page)),
        Section::of("confusion", "Confusion", Some(confusions(page))),
        Section::of(
            "errors",
            "Where the errors lie",
            errors.and_then(|map| map_figure("errors-chart", "Map of the errors", reading, map)),
        ),
        Section::of("edge", "Distance from the edge", edge(page)),
        Section::of("regions", "By region", regions(page)),
        Section::of("sides", "Quality and area of applicability", sides(page)),
        Section::of("precision", "Precision and recall", precision_figure(&curves)),
        Section::of(
            "reliability",
            "Reliability of the probabilities",
            reliability_figure(&diagrams),
        ),
        Section::of("sets", "Sets of classes", sets(page)),
        Section::of("areas", "Areas", areas(page)),
        Section::of("cells", "Cells", Some(cells(page))),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let footer = html! { p { "Written by Tesela " (env!("CARGO_PKG_VERSION")) ". This file asks for nothing from the network." } };
    document(&head, &sections, &footer)
}

fn training_words(training: &TrainingSource) -> &'static str {
    match training {
        TrainingSource::Nobody => "training cells could not be left out",
        _ => "without the cells that its model was trained on",
    }
}

fn remarks(remarks: &[Remark]) -> Option<Markup> {
    let warning = |remark: &Remark| Warning {
        code: remark.code,
        severity: match remark.weight {
            Weight::Severe => Severity::Severe,
            Weight::Caution => Severity::Caution,
            Weight::Note => Severity::Note,
        },
        title: Words::from(&remark.title).to_string(),
        meaning: Words::lines(&remark.meaning).to_string(),
        advice: Words::lines(&remark.advice).to_string(),
        toml: None,
    };
    let warnings: Vec<Warning> = remarks.iter().map(warning).collect();
    (!warnings.is_empty()).then(|| warnings::items(&warnings))
}

/// What the intervals are over, as the end of a sentence.
pub(super) fn blocks_words(page: &AssessmentPage<'_>) -> String {
    let blocks = &page.assessment.blocks;
    let number = crate::report::grouped(u64::from(blocks.number));
    match blocks.metres {
        Some(side) => format!("over {number} blocks of {}", metres(side)),
        None => format!("over {number} cells, each taken for itself"),
    }
}
