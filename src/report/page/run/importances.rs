//! Importances: what the model looks at, by feature, by channel and by statistic.

use maud::{Markup, html};

use crate::report::page::chart::{Telling, bars, listed};
use crate::report::page::document::{figure, table};
use crate::report::page::{Importance, RunPage};

/// Bars of a chart.
const MOST: usize = 20;

/// The charts, and all numbers.
pub(super) fn importances(page: &RunPage) -> Option<Markup> {
    let all = page.importances.as_ref()?;
    let groups = [
        ("channels-chart", "Channels", &all.channels),
        ("statistics-chart", "Statistics", &all.statistics),
        ("features-chart", "Features", &all.features),
    ];
    if groups.iter().all(|(.., bars)| bars.is_empty()) {
        return None;
    }
    let groups = groups.into_iter().filter(|(.., bars)| !bars.is_empty());
    let groups: Vec<_> = groups.collect();
    Some(html! {
        p { "Importance is the " (all.method) ". Features that say the same share it, so a small one is not proof of no use." }
        div.pair { @for (id, title, bars) in &groups { (group(id, title, bars, all.method.as_str())) } }
        details {
            summary { "All numbers" }
            @for (_, title, bars) in &groups { (numbers(title, bars)) }
        }
    })
}

fn group(id: &str, title: &str, all: &[Importance], method: &str) -> Markup {
    let shown = &all[..all.len().min(MOST)];
    let first = shown.iter().take(3).map(|bar| format!("{} {:.3}", bar.name, bar.value));
    let words = format!("Most important: {}.", listed(&first.collect::<Vec<_>>()));
    let telling = Telling { id, title, description: &words };
    let more = all.len() - shown.len();
    let caption = html! {
        strong { (title) } ". " (words)
        @if more > 0 { " " (more) " more are in the table." }
    };
    figure(None, &bars(&telling, &axis_label(method), shown), &caption)
}

/// The method, where it is short enough for an axis.
fn axis_label(method: &str) -> String {
    if method.chars().count() <= 48 { method.to_owned() } else { "Importance".to_owned() }
}

fn numbers(title: &str, all: &[Importance]) -> Markup {
    let head = html! {
        tr { th.name scope="col" { (title) } th scope="col" { "importance" } th scope="col" { "deviation" } }
    };
    let body = html! {
        @for bar in all {
            tr {
                th scope="row" { (bar.name) }
                td { (format!("{:.4}", bar.value)) }
                td { (bar.deviation.map_or_else(|| "–".to_owned(), |deviation| format!("{deviation:.4}"))) }
            }
        }
    };
    table("", &html! { (title) " by importance." }, &head, &body)
}
