//! Curves of a run: precision over recall, reliability, learning.

use maud::{Markup, html};

use crate::report::page::chart::{
    Telling, learning_rates, legend, listed, losses, precision_recall, reliability,
};
use crate::report::page::document::figure;
use crate::report::page::{DecisionPoint, PrecisionRecall, Reliability, RunPage};
use crate::report::percent;

/// Precision over recall of each scheme.
pub(super) fn precision(page: &RunPage) -> Option<Markup> {
    let mut curves: Vec<PrecisionRecall> =
        page.schemes.iter().filter_map(|scheme| scheme.curve.clone()).collect();
    let decided = page.operating_point.as_ref().and_then(|point| point.point);
    if let (Some(first), Some(point)) = (curves.first_mut(), decided) {
        first.decision = Some(point);
    }
    precision_figure(&curves)
}

/// The chart of `curves`, with what it shows in words.
pub(in crate::report::page) fn precision_figure(curves: &[PrecisionRecall]) -> Option<Markup> {
    let first = curves.first()?;
    let words = listed(&curves.iter().map(curve_words).collect::<Vec<_>>());
    let words = format!("Average precision: {words}.");
    let points: Vec<String> =
        curves.iter().filter_map(|curve| curve.decision.map(point_words)).collect();
    let points =
        if points.is_empty() { String::new() } else { format!(" Marked: {}.", points.join("; ")) };
    let description = format!("{words}{points}");
    let title = format!("Precision over recall, {}", first.class);
    let telling = Telling { id: "precision-chart", title: &title, description: &description };
    let names: Vec<String> = curves.iter().map(|curve| curve.name.to_string()).collect();
    let borrowed: Vec<&PrecisionRecall> = curves.iter().collect();
    let caption = html! {
        (description) " The level line is chance: a prevalence of " (percent(first.prevalence)) "."
    };
    let marked = curves.iter().any(|curve| curve.decision.is_some());
    Some(figure(
        Some(legend(&names, marked, true)),
        &precision_recall(&telling, &borrowed),
        &caption,
    ))
}

fn curve_words(curve: &PrecisionRecall) -> String {
    format!("{} {:.3}", curve.name, curve.average_precision)
}

fn point_words(point: DecisionPoint) -> String {
    let DecisionPoint { threshold, recall, precision } = point;
    format!(
        "a threshold of {threshold:.3} has a precision of {} and a recall of {}",
        percent(precision),
        percent(recall)
    )
}

/// Reliability before and after calibration.
pub(super) fn calibration(page: &RunPage) -> Option<Markup> {
    let before = page.schemes.first().and_then(|scheme| scheme.reliability.clone());
    let after = page.operating_point.as_ref().and_then(|point| point.reliability.clone());
    let diagrams: Vec<Reliability> = before.into_iter().chain(after).collect();
    reliability_figure(&diagrams)
}

/// The chart of `diagrams`, with what it shows in words.
pub(in crate::report::page) fn reliability_figure(diagrams: &[Reliability]) -> Option<Markup> {
    if diagrams.iter().all(|diagram| diagram.bins.is_empty()) {
        return None;
    }
    let errors = diagrams.iter().filter_map(|diagram| {
        let error = diagram.calibration_error?;
        Some(format!("{} {:.1} points", diagram.name, 100.0 * error))
    });
    let errors: Vec<String> = errors.collect();
    let words = if errors.is_empty() {
        "Share of cells that are of the class, over the probability they were given.".to_owned()
    } else {
        format!(
            "Mean distance from the diagonal (expected calibration error): {}.",
            listed(&errors)
        )
    };
    let telling = Telling { id: "reliability-chart", title: "Reliability", description: &words };
    let names: Vec<String> = diagrams.iter().map(|diagram| diagram.name.to_string()).collect();
    let borrowed: Vec<&Reliability> = diagrams.iter().collect();
    let caption = html! {
        (words) " On the diagonal, 70 of 100 cells that are given 70 % are of the class; below it, probabilities are too high."
    };
    let chart = reliability(&telling, &borrowed);
    Some(html! {
        (figure(Some(legend(&names, true, true)), &chart, &caption))
        (bin_table(diagrams))
    })
}

fn bin_table(diagrams: &[Reliability]) -> Markup {
    let head = html! {
        tr {
            th.name scope="col" { "Diagram" }
            @for name in ["mean probability", "share of the class", "cells"] { th scope="col" { (name) } }
        }
    };
    let body = html! {
        @for diagram in diagrams {
            @for bin in &diagram.bins {
                tr {
                    th scope="row" { (diagram.name) }
                    td { (percent(bin.predicted)) }
                    td { (percent(bin.observed)) }
                    td { (crate::report::grouped(bin.cells)) }
                }
            }
        }
    };
    let caption = html! { "The numbers of the diagram." };
    html! {
        details {
            summary { "Numbers of the diagram" }
            (crate::report::page::document::table("", &caption, &head, &body))
        }
    }
}

/// The losses and step sizes of networks.
pub(super) fn learning(page: &RunPage) -> Option<Markup> {
    let folds = &page.learning;
    let last = folds.iter().filter_map(|fold| fold.epochs.last());
    let epochs: Vec<u32> = last.map(|epoch| epoch.epoch).collect();
    let (least, most) = (epochs.iter().min()?, epochs.iter().max()?);
    let lasting = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let words = format!("{} networks, {lasting} epochs each.", folds.len());
    let names = ["while training", "on the cells that decide when to stop"].map(str::to_owned);
    let loss = Telling { id: "loss-chart", title: "Losses by epoch", description: &words };
    let rate = Telling { id: "rate-chart", title: "Learning rates by epoch", description: &words };
    let loss_caption = html! { (words) " One line for each fold. Where the dashed lines rise, networks learn cells by heart." };
    let rate_caption = html! { "The size of the steps, on a logarithmic scale." };
    Some(html! {
        div.pair {
            (figure(Some(legend(&names, false, true)), &losses(&loss, folds), &loss_caption))
            (figure(None, &learning_rates(&rate, folds), &rate_caption))
        }
    })
}
