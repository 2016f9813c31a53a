//! Axes: the frame around lines and marks, with round numbers.

use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{Cartesian2d, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, TextStyle};

use super::{Area, Fault, Ink, TEXT};

/// A chart with its axes, ready for lines.
pub(super) type Panel<'a> =
    ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// One axis.
#[derive(Clone, Copy)]
pub(super) struct Axis<'a> {
    pub(super) label: &'a str,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) write: fn(f64) -> String,
    /// Whether it has rows with names of their own instead of numbers.
    pub(super) is_list: bool,
}

impl<'a> Axis<'a> {
    /// From nothing to all, in per cent.
    pub(super) fn share(label: &'a str) -> Self {
        Self { label, from: 0.0, to: 1.0, write: whole_percent, is_list: false }
    }

    /// Around `values`, with a little room at each end.
    pub(super) fn around(
        label: &'a str,
        values: impl Iterator<Item = f64>,
        write: fn(f64) -> String,
    ) -> Self {
        let ends = values.filter(|value| value.is_finite()).fold(None, |ends, value| match ends {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        let room =
            if high - low > 1e-9 { 0.06 * (high - low) } else { 0.5_f64.min(0.1 + low.abs()) };
        Self { label, from: low - room, to: high + room, write, is_list: false }
    }

    /// Rows from the top down, one unit each.
    pub(super) fn list(rows: usize) -> Self {
        Self { label: "", from: -(rows as f64), to: 0.0, write: |_| String::new(), is_list: true }
    }

    /// A little to the right of the beginning, where names of rows begin.
    pub(super) fn beginning(&self) -> f64 {
        self.from + 0.012 * (self.to - self.from)
    }

    /// The same axis, kept between `least` and `most`.
    pub(super) fn within(self, least: f64, most: f64) -> Self {
        let (from, to) = (self.from.max(least), self.to.min(most));
        if from < to { Self { from, to, ..self } } else { Self { from: least, to: most, ..self } }
    }
}

/// `35 %`, or `0.5 %` where the ends lie close together.
pub(super) fn whole_percent(value: f64) -> String {
    let percent = 100.0 * value;
    if (percent - percent.round()).abs() < 1e-6 {
        format!("{:.0} %", percent.round() + 0.0)
    } else {
        format!("{percent:.1} %")
    }
}

/// `0.35`, without needless zeros.
pub(super) fn plain_number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

/// Draws the axes into `area`.
pub(super) fn panel<'a>(area: &Area<'a>, x: Axis, y: Axis) -> Result<Panel<'a>, Fault> {
    let mut panel = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(18)
        .x_label_area_size(if x.label.is_empty() { 26 } else { 48 })
        .y_label_area_size(if y.is_list { 22 } else { 66 })
        .build_cartesian_2d(x.from..x.to, y.from..y.to)?;
    let mut mesh = panel.configure_mesh();
    mesh.x_labels(6).y_labels(6);
    if y.is_list {
        mesh.disable_y_mesh().y_labels(0).set_tick_mark_size(LabelAreaPosition::Left, 0);
    }
    mesh.x_desc(x.label)
        .y_desc(y.label)
        .x_label_formatter(&|value| (x.write)(*value))
        .y_label_formatter(&|value| (y.write)(*value))
        .bold_line_style(Ink::Rule.colour())
        .light_line_style(Ink::Rule.colour().mix(0.0))
        .axis_style(Ink::Axis.colour())
        .label_style(("sans-serif", TEXT - 1).into_font().color(&Ink::Soft.colour()))
        .axis_desc_style(("sans-serif", TEXT).into_font().color(&Ink::Text.colour()))
        .max_light_lines(0)
        .draw()?;
    Ok(panel)
}

/// Text of a chart, anchored as said.
pub(super) fn text(ink: Ink, across: HPos) -> TextStyle<'static> {
    let style = ("sans-serif", TEXT - 1).into_font().color(&ink.colour());
    style.pos(Pos::new(across, VPos::Center))
}

/// The beginning of a name that fits into `letters`.
pub(super) fn short(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    name.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_room_whatever_its_values_are() {
        for values in [vec![], vec![0.3], vec![f64::NAN, 0.3], vec![0.0, 0.0], vec![1e-12, 2e-12]] {
            let axis = Axis::around("", values.iter().copied(), plain_number);
            assert!(axis.from < axis.to, "{values:?}");
        }
        let axis = Axis::around("", [0.9, 1.0].into_iter(), whole_percent).within(0.0, 1.0);
        assert_eq!(axis.to, 1.0);
        assert!(axis.from < 0.9);
    }

    #[test]
    fn numbers_on_an_axis_are_short() {
        assert_eq!(whole_percent(0.35), "35 %");
        assert_eq!(whole_percent(0.355), "35.5 %");
        assert_eq!(whole_percent(-0.0), "0 %");
        assert_eq!(plain_number(-0.05), "−0.05");
        assert_eq!(plain_number(0.0), "0");
        assert_eq!(plain_number(2.0), "2");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("äbcd", 4), "äbcd");
    }
}
