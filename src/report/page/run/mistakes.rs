//! Errors one by one: where they lie, and what the surest ones look like.

use maud::{Markup, html};

use crate::report::page::cell_map::{cell_map, count, map_legend, png_address};
use crate::report::page::chart::{Telling, listed};
use crate::report::page::document::figure;
use crate::report::page::{CellMap, Mistake, RunPage};
use crate::report::{grouped, percent};

/// The map of errors.
pub(super) fn errors(page: &RunPage) -> Option<Markup> {
    let map = page.errors.as_ref()?;
    let words = "Where cells are small, errors are drawn larger than they are. Where they lie together, they have a common cause.";
    map_figure("errors-chart", "Map of the errors", words, map)
}

/// A map of cells with how many of each kind it has.
pub(in crate::report::page) fn map_figure(
    id: &str,
    title: &str,
    reading: &str,
    map: &CellMap,
) -> Option<Markup> {
    let counts = map.kinds.iter().enumerate();
    let counts =
        counts.map(|(kind, found)| format!("{} {}", grouped(count(map, kind)), found.name));
    let words = format!(
        "{} cells: {}.",
        grouped(map.cells.len() as u64),
        listed(&counts.collect::<Vec<_>>())
    );
    let chart = cell_map(&Telling { id, title, description: &words }, map)?;
    let caption = html! { (words) " " (reading) };
    Some(figure(Some(map_legend(map)), &chart, &caption))
}

/// The patches of the surest mistakes.
pub(super) fn mistakes(page: &RunPage) -> Option<Markup> {
    if page.mistakes.is_empty() {
        return None;
    }
    Some(html! {
        p { "The cells whose wrong class the model was surest of, when it had not seen them. Look for wrong labels first." }
        div.patches { @for mistake in &page.mistakes { (patch(mistake)) } }
    })
}

fn patch(mistake: &Mistake) -> Markup {
    let Mistake { cell, known, decided, probability, png } = mistake;
    let words = format!("Cell {cell}: {known}, taken for {decided} with {}", percent(*probability));
    html! {
        figure {
            @if !png.is_empty() { img.pixels src=(png_address(png)) alt=(words) width="176" height="176"; }
            figcaption {
                strong { (cell) } br;
                "is " (known) br;
                "taken for " (decided) ", " (percent(*probability))
            }
        }
    }
}
