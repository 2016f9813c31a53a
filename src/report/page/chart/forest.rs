//! Forest plots: differences with their intervals below each other, and the line of no difference.

use maud::Markup;
use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axes::{Axis, panel, plain_number, short, text};
use super::legend::Mark;
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::Estimate;

/// One difference.
pub(in crate::report::page) struct ForestRow {
    /// What differs from what.
    pub(in crate::report::page) name: String,
    /// By how much.
    pub(in crate::report::page) difference: Estimate,
}

/// Height of a row.
const ROW: u32 = 40;

/// Draws `rows`; `label` names the figure and its unit.
pub(in crate::report::page) fn forest(
    telling: &Telling,
    label: &str,
    rows: &[ForestRow],
) -> Markup {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX).min(60);
    draw(telling, ROW * count + 56, |area| paint(area, label, rows))
}

fn paint(area: &Area, label: &str, rows: &[ForestRow]) -> Result<(), Fault> {
    let ends = rows.iter().flat_map(|row| {
        let Estimate { value, interval } = row.difference;
        let [low, high] = interval.map_or([value; 2], |interval| [interval.low, interval.high]);
        [0.0, low, value, high]
    });
    let x = Axis::around(label, ends, plain_number);
    let y = Axis::list(rows.len());
    let mut panel = panel(area, x, y)?;
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.difference.value.is_finite())
    {
        let top = -(index as f64);
        let height = top - 0.7;
        let name = short(&row.name, 52);
        panel.draw_series([Text::new(
            name,
            (x.beginning(), top - 0.28),
            text(Ink::Text, HPos::Left),
        )])?;
        let zero = vec![(0.0, height - 0.22), (0.0, height + 0.22)];
        panel.draw_series([PathElement::new(zero, Ink::Axis.colour().stroke_width(2))])?;
        if let Some(interval) = row.difference.interval {
            let ends = vec![(interval.low, height), (interval.high, height)];
            panel.draw_series([PathElement::new(ends, Ink::Series(0).colour().stroke_width(2))])?;
        }
        panel.draw_series([Mark::Square.at((row.difference.value, height), 0)])?;
    }
    Ok(())
}
