//! Precision over recall, one line for each curve, with the points where cells are decided.

use maud::Markup;
use plotters::element::PathElement;
use plotters::series::LineSeries;

use super::axes::{Axis, panel};
use super::legend::Mark;
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::PrecisionRecall;

/// Draws `curves`; the line of chance lies at the prevalence of the first.
pub(in crate::report::page) fn precision_recall(
    telling: &Telling,
    curves: &[&PrecisionRecall],
) -> Markup {
    draw(telling, 340, |area| paint(area, curves))
}

fn paint(area: &Area, curves: &[&PrecisionRecall]) -> Result<(), Fault> {
    let mut panel = panel(area, Axis::share("Recall"), Axis::share("Precision"))?;
    for prevalence in prevalences(curves) {
        let chance = vec![(0.0, prevalence), (1.0, prevalence)];
        panel.draw_series([PathElement::new(chance, Ink::Axis.colour())])?;
    }
    for (index, curve) in curves.iter().enumerate() {
        let points = curve.points.iter().copied().filter(|point| in_square(*point));
        let style = plotters::style::Color::stroke_width(&Ink::Dashed(index).colour(), 2);
        panel.draw_series(LineSeries::new(points, style))?;
    }
    for (index, curve) in curves.iter().enumerate() {
        let decided = curve.decision.map(|decision| (decision.recall, decision.precision));
        if let Some(place) = decided.filter(|place| in_square(*place)) {
            panel.draw_series([Mark::of(index).at(place, index)])?;
        }
    }
    Ok(())
}

fn in_square((x, y): (f64, f64)) -> bool {
    (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
}

/// The prevalences of the curves, each once.
fn prevalences(curves: &[&PrecisionRecall]) -> Vec<f64> {
    let mut all: Vec<f64> = curves.iter().map(|curve| curve.prevalence).collect();
    all.retain(|prevalence| (0.0..=1.0).contains(prevalence));
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| (*a - *b).abs() < 5e-4);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_outside_the_square_are_not_drawn_and_chance_is_drawn_once() {
        let curve = |points| PrecisionRecall {
            name: "a".into(),
            class: "urban".into(),
            prevalence: 0.02,
            points,
            average_precision: 0.5,
            decision: None,
        };
        let curves =
            [curve(vec![(0.0, 1.0), (f64::NAN, 0.5), (0.5, 2.0), (1.0, 0.0)]), curve(vec![])];
        let curves: Vec<&PrecisionRecall> = curves.iter().collect();
        let telling = Telling { id: "pr", title: "", description: "" };
        let svg = precision_recall(&telling, &curves).into_string();
        assert!(!svg.contains("NaN"), "{svg}");
        assert_eq!(prevalences(&curves), [0.02]);
    }
}
