//! What was asked, on what data.

use maud::{Markup, html};

use super::figures::class_counts;
use crate::report::grouped;
use crate::report::page::chart::listed;
use crate::report::page::{RunPage, SchemeKind};

/// The facts as a list.
pub(super) fn data(page: &RunPage) -> Markup {
    let data = &page.data;
    let cells: u64 = data.cells.iter().sum();
    let left_out = data.left_out.iter().filter(|part| part.cells > 0);
    let left_out: Vec<String> =
        left_out.map(|part| format!("{} {}", grouped(part.cells), part.reason)).collect();
    html! {
        @if let Some(question) = &page.question { p { (question) } }
        dl.facts {
            dt { "Model" } dd { (page.model) }
            dt { "Data set" } dd { (data.dataset) }
            dt { "Store" } dd { (data.store) }
            dt { "Scored cells" } dd { (grouped(cells)) ": " (class_counts(&page.classes, &data.cells)) }
            @if data.undefined > 0 {
                dt { "Undefined cells" } dd { (grouped(data.undefined)) ", neither trained on nor scored" }
            }
            @if !left_out.is_empty() { dt { "Left out" } dd { (listed(&left_out)) } }
            @if let Some(product) = &data.product {
                dt { "Imagery" } dd { (product) @if data.uncalibrated { ", not calibrated to reflectance" } }
            }
            @if let Some(years) = &data.years { dt { "Year" } dd { (years) } }
            dt { "Validation" } dd { (validation(page)) }
            @if let Some(refit) = &page.refit { dt { "Model for use" } dd { (refit.how) } }
        }
    }
}

fn validation(page: &RunPage) -> String {
    let schemes = page.schemes.iter().map(|scheme| match scheme.kind {
        SchemeKind::HeldOut => scheme.kind.in_words().to_owned(),
        kind => format!("{} ({} folds)", kind.in_words(), scheme.folds.len()),
    });
    let schemes: Vec<String> = schemes.collect();
    if schemes.is_empty() { "none".to_owned() } else { listed(&schemes) }
}

/// How features were selected.
pub(super) fn selection(page: &RunPage) -> Option<Markup> {
    let selection = page.selection.as_ref()?;
    let least = selection.kept.iter().min();
    let most = selection.kept.iter().max();
    Some(html! {
        p { (selection.method) "." }
        p {
            "Selected anew in each fold, on its training cells alone. Of " (grouped(selection.offered as u64)) " features"
            @if let (Some(least), Some(most)) = (least, most) {
                @if least == most { ", " (least) " are kept in each fold" }
                @else { ", " (least) " to " (most) " are kept in a fold" }
            }
            "; " (selection.always) " are kept in every fold."
        }
        @if !selection.sometimes.is_empty() {
            details {
                summary { (selection.sometimes.len()) " features are kept in some folds only" }
                p { @for (index, name) in selection.sometimes.iter().enumerate() { @if index > 0 { ", " } (name) } }
            }
        }
    })
}
