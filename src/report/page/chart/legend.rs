//! Legends: what a mark and a dash stand for, as text beside the chart, which wraps on a phone.

use maud::{Markup, PreEscaped, html};
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::DrawingBackend;
use plotters::style::Color;
use plotters_backend::{BackendCoord, DrawingErrorKind};

use super::{DASHES, Ink, SERIES};

/// The shape of the marks of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report::page) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

impl Mark {
    /// The mark of the series at `index`.
    pub(in crate::report::page) fn of(index: usize) -> Self {
        let all = [Self::Circle, Self::Square, Self::Triangle, Self::Diamond, Self::Cross];
        all[index % all.len()]
    }

    /// The mark of a series at a place of a chart.
    pub(super) fn at(self, place: (f64, f64), series: usize) -> Placed {
        Placed { mark: self, place, series }
    }

    /// The corners of a mark around its middle, in pixels; circles and crosses have none.
    fn corners(self) -> &'static [(i32, i32)] {
        match self {
            Self::Square => &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
            Self::Triangle => &[(0, -5), (5, 4), (-5, 4)],
            Self::Diamond => &[(0, -5), (5, 0), (0, 5), (-5, 0)],
            Self::Circle | Self::Cross => &[],
        }
    }

    /// The same mark as it stands in a legend.
    fn swatch(self) -> &'static str {
        match self {
            Self::Circle => "<circle cx=\"16\" cy=\"7\" r=\"4\"/>",
            Self::Square => "<path d=\"M12 3h8v8h-8z\"/>",
            Self::Triangle => "<path d=\"M16 2l5 9h-10z\"/>",
            Self::Diamond => "<path d=\"M16 2l5 5-5 5-5-5z\"/>",
            Self::Cross => "<path d=\"M12 3l8 8m0-8l-8 8\" stroke-width=\"2\"/>",
        }
    }
}

/// A mark at a place of a chart.
pub(super) struct Placed {
    mark: Mark,
    place: (f64, f64),
    series: usize,
}

impl<'a> PointCollection<'a, (f64, f64)> for &'a Placed {
    type Point = &'a (f64, f64);
    type IntoIter = std::iter::Once<&'a (f64, f64)>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(&self.place)
    }
}

impl<DB: DrawingBackend> Drawable<DB> for Placed {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut place: I,
        backend: &mut DB,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let Some((x, y)) = place.next() else { return Ok(()) };
        let colour = Ink::Series(self.series).colour();
        match self.mark {
            Mark::Circle => backend.draw_circle((x, y), 4, &colour, true),
            Mark::Cross => {
                let stroke = colour.stroke_width(2);
                backend.draw_line((x - 4, y - 4), (x + 4, y + 4), &stroke)?;
                backend.draw_line((x - 4, y + 4), (x + 4, y - 4), &stroke)
            }
            mark => {
                let corners = mark.corners().iter();
                backend.fill_polygon(corners.map(|(right, down)| (x + right, y + down)), &colour)
            }
        }
    }
}

/// The list of the series of a chart, with their dash, and with their mark where `marked`.
pub(in crate::report::page) fn legend(names: &[String], marked: bool, lined: bool) -> Markup {
    html! {
        ul.legend {
            @for (index, name) in names.iter().enumerate() {
                li {
                    svg width="32" height="14" viewBox="0 0 32 14" aria-hidden="true"
                        fill=(variable(index)) stroke=(variable(index)) {
                        @if lined {
                            path d="M0 7h32" stroke-width="2" stroke-dasharray=(dash(index)) {}
                        }
                        @if marked { (PreEscaped(Mark::of(index).swatch())) }
                    }
                    " " (name)
                }
            }
        }
    }
}

fn variable(index: usize) -> String {
    format!("var(--s{})", index % SERIES)
}

fn dash(index: usize) -> &'static str {
    match DASHES[index % SERIES] {
        "" => "none",
        dash => dash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_series_differ_in_more_than_colour() {
        for index in 1..20 {
            assert_ne!(Mark::of(index), Mark::of(index - 1));
            assert_ne!(dash(index), dash(index - 1));
        }
    }

    #[test]
    fn a_legend_names_each_series_once() {
        let text = legend(&["a<b".to_owned(), "c".to_owned()], true, true).into_string();
        assert_eq!(text.matches("<li>").count(), 2);
        assert!(text.contains("a&lt;b"), "{text}");
        assert!(text.contains("stroke-dasharray=\"7 3\""), "{text}");
    }
}
