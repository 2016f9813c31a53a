//! Reliability diagrams: how often cells are of the class, over the probability that they were given.
//!
//! Below the diagram stands how many cells each bin has, on a logarithmic scale, since a bin of five cells may lie
//! anywhere.

use maud::Markup;
use plotters::element::{PathElement, Rectangle};
use plotters::series::LineSeries;
use plotters::style::Color;

use super::axes::{Axis, panel};
use super::legend::Mark;
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::{Reliability, ReliabilityBin};

/// Height of the diagram, and of the counts below it.
const HEIGHTS: (u32, u32) = (330, 110);

/// Draws `diagrams` over each other.
pub(in crate::report::page) fn reliability(telling: &Telling, diagrams: &[&Reliability]) -> Markup {
    draw(telling, HEIGHTS.0 + HEIGHTS.1, |area| paint(area, diagrams))
}

fn paint(area: &Area, diagrams: &[&Reliability]) -> Result<(), Fault> {
    let (upper, lower) = area.split_vertically(HEIGHTS.0);
    let observed = Axis::share("Share that is of the class");
    let mut square = panel(&upper, Axis::share(""), observed)?;
    let diagonal = vec![(0.0, 0.0), (1.0, 1.0)];
    square.draw_series([PathElement::new(diagonal, Ink::Axis.colour())])?;
    for (index, diagram) in diagrams.iter().enumerate() {
        let style = Ink::Dashed(index).colour().stroke_width(2);
        square.draw_series(LineSeries::new(places(diagram), style))?;
        square.draw_series(places(diagram).map(|place| Mark::of(index).at(place, index)))?;
    }
    counts(&lower, diagrams)
}

fn places(diagram: &Reliability) -> impl Iterator<Item = (f64, f64)> + '_ {
    diagram.bins.iter().filter(|bin| is_drawn(bin)).map(|bin| (bin.predicted, bin.observed))
}

fn is_drawn(bin: &ReliabilityBin) -> bool {
    (0.0..=1.0).contains(&bin.predicted) && (0.0..=1.0).contains(&bin.observed) && bin.cells > 0
}

/// The logarithm of how many cells each bin has, as narrow bars beside each other.
fn counts(area: &Area, diagrams: &[&Reliability]) -> Result<(), Fault> {
    let bins = || diagrams.iter().flat_map(|diagram| &diagram.bins).filter(|bin| is_drawn(bin));
    let most = bins().map(|bin| bin.cells).max().unwrap_or(1);
    let cells = Axis {
        label: "Cells",
        from: 0.0,
        to: (most as f64).log10().ceil().max(1.0),
        write: power,
        is_list: false,
    };
    let mut panel = panel(area, Axis::share("Probability given"), cells)?;
    let width = 0.012;
    for (index, diagram) in diagrams.iter().enumerate() {
        let shift = (index as f64 - 0.5 * diagrams.len() as f64) * width;
        let bars = diagram.bins.iter().filter(|bin| is_drawn(bin)).map(|bin| {
            let left = (bin.predicted + shift).clamp(0.0, 1.0 - width);
            let top = (bin.cells as f64).log10().max(0.05);
            Rectangle::new([(left, 0.0), (left + width, top)], Ink::Series(index).colour().filled())
        });
        panel.draw_series(bars)?;
    }
    Ok(())
}

/// Ten to the power of a whole number; nothing between them.
fn power(exponent: f64) -> String {
    if (exponent - exponent.round()).abs() > 1e-6 {
        return String::new();
    }
    match exponent.round() {
        whole if whole < 4.0 => format!("{:.0}", 10_f64.powf(whole)),
        whole if whole < 6.0 => format!("{:.0} k", 10_f64.powf(whole - 3.0)),
        whole => format!("{:.0} M", 10_f64.powf(whole - 6.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_labelled_at_powers_of_ten() {
        let found: Vec<String> = [0.0, 0.5, 3.0, 4.0, 6.0].into_iter().map(power).collect();
        assert_eq!(found, ["1", "", "1000", "10 k", "1 M"]);
    }

    #[test]
    fn empty_and_impossible_bins_are_not_drawn() {
        let bin = |predicted, cells| ReliabilityBin { predicted, observed: 0.5, cells };
        let bins = vec![bin(0.1, 0), bin(f64::NAN, 3), bin(1.5, 3), bin(0.2, 3)];
        let diagram = Reliability { name: "before".into(), bins, calibration_error: None };
        assert_eq!(places(&diagram).collect::<Vec<_>>(), [(0.2, 0.5)]);
        let telling = Telling { id: "r", title: "", description: "" };
        assert!(!reliability(&telling, &[&diagram]).into_string().contains("NaN"));
        assert!(reliability(&telling, &[]).into_string().contains("</svg>"));
    }
}
