//! Bars: how much something counts, the longest first.

use maud::Markup;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axes::{Axis, panel, plain_number, short, text};
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::Importance;

/// Height of a bar with its name.
const ROW: u32 = 34;

/// Draws `bars` in their order, with their deviation where they have one.
pub(in crate::report::page) fn bars(telling: &Telling, label: &str, bars: &[Importance]) -> Markup {
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX).min(60);
    draw(telling, ROW * count + 56, |area| paint(area, label, bars))
}

fn paint(area: &Area, label: &str, bars: &[Importance]) -> Result<(), Fault> {
    let ends = bars.iter().flat_map(|bar| {
        let deviation = bar.deviation.unwrap_or(0.0);
        [0.0, bar.value - deviation, bar.value + deviation]
    });
    let x = Axis::around(label, ends, plain_number);
    let x = if x.from >= -0.1 * x.to { Axis { from: 0.0, ..x } } else { x };
    let y = Axis::list(bars.len());
    let mut panel = panel(area, x, y)?;
    for (index, bar) in bars.iter().enumerate().filter(|(_, bar)| bar.value.is_finite()) {
        let top = -(index as f64);
        let corners = [(0.0_f64.max(x.from), top - 0.88), (bar.value, top - 0.58)];
        panel.draw_series([Rectangle::new(corners, Ink::Series(0).colour().filled())])?;
        let name = short(bar.name.as_str(), 52);
        panel.draw_series([Text::new(
            name,
            (x.beginning(), top - 0.3),
            text(Ink::Text, HPos::Left),
        )])?;
        if let Some(deviation) = bar.deviation {
            let ends = [bar.value - deviation, bar.value + deviation];
            let whisker = ends.map(|end| (end, top - 0.73)).to_vec();
            let style = Ink::Text.colour().stroke_width(1);
            panel.draw_series([PathElement::new(whisker, style)])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_bar_for_each_number_and_a_whisker_for_each_deviation() {
        let bar = |value, deviation| Importance { name: "ndvi <mean>".into(), value, deviation };
        let all = [bar(0.4, Some(0.1)), bar(-0.1, None), bar(f64::NAN, None)];
        let telling = Telling { id: "b", title: "", description: "" };
        let svg = bars(&telling, "Loss of accuracy", &all).into_string();
        assert_eq!(svg.matches("fill=\"var(--s0)\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("ndvi &lt;mean&gt;").count(), 2);
        assert!(!svg.contains("NaN"));
        assert!(bars(&telling, "", &[]).into_string().contains("</svg>"));
    }
}
