//! The spread over folds: one dot for each fold, one row for each figure, the schemes below each other in a row.

use maud::Markup;
use plotters::element::{PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axes::{Axis, Panel, panel, short, text, whole_percent};
use super::legend::Mark;
use super::{Area, Fault, Ink, Telling, draw};

/// One figure.
pub(in crate::report::page) struct SpreadRow {
    /// Its name.
    pub(in crate::report::page) name: String,
    /// Its value in each fold, scheme by scheme.
    pub(in crate::report::page) schemes: Vec<Vec<f64>>,
}

/// Height of a row.
const ROW: u32 = 54;
/// Height of what lies below the rows.
const BELOW: u32 = 56;

/// Draws the shares of `rows`.
pub(in crate::report::page) fn spread(telling: &Telling, rows: &[SpreadRow]) -> Markup {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX).min(40);
    draw(telling, ROW * count + BELOW, |area| paint(area, rows))
}

fn paint(area: &Area, rows: &[SpreadRow]) -> Result<(), Fault> {
    let values = rows.iter().flat_map(|row| row.schemes.iter().flatten().copied());
    let x = Axis::around("Share, one mark for each fold", values, whole_percent).within(0.0, 1.0);
    let y = Axis::list(rows.len());
    let mut panel = panel(area, x, y)?;
    for (index, row) in rows.iter().enumerate() {
        let top = -(index as f64);
        let name = short(&row.name, 44);
        panel.draw_series([Text::new(
            name,
            (x.beginning(), top - 0.2),
            text(Ink::Text, HPos::Left),
        )])?;
        for (scheme, values) in row.schemes.iter().enumerate() {
            let share = (scheme as f64 + 0.5) / row.schemes.len() as f64;
            dots(&mut panel, values, top - 0.36 - 0.56 * share, scheme)?;
        }
    }
    Ok(())
}

/// The marks of one scheme on a line, and a stroke at their mean.
fn dots(panel: &mut Panel, values: &[f64], height: f64, scheme: usize) -> Result<(), Fault> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if finite.is_empty() {
        return Ok(());
    }
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let stroke = vec![(mean, height - 0.13), (mean, height + 0.13)];
    let style = Ink::Text.colour().stroke_width(2);
    panel.draw_series(finite.iter().map(|&value| Mark::of(scheme).at((value, height), scheme)))?;
    panel.draw_series([PathElement::new(stroke, style)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fold_has_a_mark_and_every_scheme_a_mean() {
        let schemes = vec![vec![0.8, 0.9, f64::NAN], vec![0.5, 0.6, 0.7]];
        let rows = [SpreadRow { name: "Recall <urban>".to_owned(), schemes }];
        let telling = Telling { id: "s", title: "", description: "" };
        let svg = spread(&telling, &rows).into_string();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(svg.matches("fill=\"var(--s1)\"").count(), 3);
        assert!(svg.contains("Recall &lt;urban&gt;"), "{svg}");
        assert!(spread(&telling, &[]).into_string().contains("</svg>"));
    }
}
