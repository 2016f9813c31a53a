//! Critical-difference diagrams (Demšar 2006): average ranks on a line, and bars over runs that the test cannot tell apart.

use maud::Markup;
use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axes::{Axis, panel, plain_number, short, text};
use super::legend::Mark;
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::CriticalDifference;

/// Height of a row.
const ROW: u32 = 34;

/// Draws `ranks`, the best first.
pub(in crate::report::page) fn critical_difference(
    telling: &Telling,
    ranks: &CriticalDifference,
) -> Markup {
    let rows =
        u32::try_from(ranks.ranks.len() + ranks.groups.len() + 1).unwrap_or(u32::MAX).min(60);
    draw(telling, ROW * rows + 56, |area| paint(area, ranks))
}

fn paint(area: &Area, ranks: &CriticalDifference) -> Result<(), Fault> {
    let rows = ranks.ranks.len() + ranks.groups.len() + 1;
    let to = (ranks.ranks.len() as f64).max(1.0 + ranks.critical_difference) + 0.2;
    let x = Axis {
        label: "Average rank (1 is best)",
        from: 0.8,
        to,
        write: plain_number,
        is_list: false,
    };
    let y = Axis::list(rows);
    let mut panel = panel(area, x, y)?;
    let words = format!("critical difference {:.2}", ranks.critical_difference);
    panel.draw_series([Text::new(words, (1.0, -0.28), text(Ink::Soft, HPos::Left))])?;
    let yardstick = vec![(1.0, -0.7), (1.0 + ranks.critical_difference, -0.7)];
    panel.draw_series([PathElement::new(yardstick, Ink::Soft.colour().stroke_width(2))])?;
    for (index, (name, rank)) in
        ranks.ranks.iter().enumerate().filter(|(_, rank)| rank.1.is_finite())
    {
        let top = -(index as f64) - 1.0;
        let across = if *rank > f64::midpoint(x.from, x.to) { HPos::Right } else { HPos::Left };
        let name = format!("{}  {rank:.2}", short(name.as_str(), 40));
        panel.draw_series([Text::new(name, (*rank, top - 0.28), text(Ink::Text, across))])?;
        panel.draw_series([Mark::Circle.at((*rank, top - 0.7), 0)])?;
    }
    for (index, members) in ranks.groups.iter().enumerate() {
        let height = -((ranks.ranks.len() + index) as f64) - 1.5;
        let own =
            members.iter().filter_map(|&member| ranks.ranks.get(member)).map(|(_, rank)| *rank);
        let ends = own.fold(None, |ends: Option<(f64, f64)>, rank| {
            Some(ends.map_or((rank, rank), |(low, high)| (low.min(rank), high.max(rank))))
        });
        if let Some((low, high)) = ends {
            let bar = vec![(low - 0.03, height), (high + 0.03, height)];
            panel.draw_series([PathElement::new(bar, Ink::Text.colour().stroke_width(5))])?;
        }
    }
    Ok(())
}
