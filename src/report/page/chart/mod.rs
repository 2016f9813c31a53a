//! Charts: drawn by the library `plotters` as SVG, coloured by the style sheet of the page.
//!
//! The library writes colours as numbers. A page has two colour schemes, so charts are drawn in colours that stand
//! for roles, and each is replaced by the variable of the style sheet that holds it ([`Ink`]). The
//! replacement looks at whole attributes, which no text can forge, since quotes in texts are escaped.
//!
//! Every chart is `role="img"` with a title and a description that says in numbers what it shows. Charts are at most
//! [`WIDTH`] wide, so that their text stays readable on a phone, where they shrink.
//!
//! Start with [`draw`]; one file per kind of chart.

mod axes;
mod bars;
mod curves;
mod forest;
mod learning;
mod legend;
mod ranks;
mod reliability;
mod spread;

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend};

pub(super) use bars::bars;
pub(super) use curves::precision_recall;
pub(super) use forest::{ForestRow, forest};
pub(super) use learning::{learning_rates, losses};
pub(super) use legend::legend;
pub(super) use ranks::critical_difference;
pub(super) use reliability::reliability;
pub(super) use spread::{SpreadRow, spread};

/// The width of a chart, in CSS pixels.
pub(super) const WIDTH: u32 = 480;
/// Size of the words in a chart; the library writes 1 / 1.24 of it.
const TEXT: u32 = 17;

/// Where a chart is drawn.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Why a chart could not be drawn; a text takes everything, so this does not happen.
type Fault = Box<dyn std::error::Error>;

/// What a chart says without being seen.
pub(super) struct Telling<'a> {
    /// A word that no other chart of the page has, for its ids.
    pub(super) id: &'a str,
    /// What it is.
    pub(super) title: &'a str,
    /// What it shows, in numbers.
    pub(super) description: &'a str,
}

/// What a line or mark is coloured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    Text,
    Soft,
    Axis,
    Rule,
    Paper,
    /// A series, filled or as an unbroken line.
    Series(usize),
    /// A series as a line with its own dash.
    Dashed(usize),
}

/// How many series have a colour of their own.
const SERIES: usize = 6;
/// The dashes of the series: each its own, the first unbroken.
const DASHES: [&str; SERIES] = ["", "7 3", "2 3", "9 3 2 3", "4 4", "12 4"];

impl Ink {
    const PLAIN: [(Self, &'static str); 5] = [
        (Self::Text, "ink"),
        (Self::Soft, "soft"),
        (Self::Axis, "axis"),
        (Self::Rule, "rule"),
        (Self::Paper, "paper"),
    ];

    /// The colour that stands for it while a chart is drawn.
    fn colour(self) -> RGBColor {
        let small = |index: usize| u8::try_from(index % SERIES).unwrap_or_default();
        match self {
            Self::Text => RGBColor(1, 0, 0),
            Self::Soft => RGBColor(1, 0, 1),
            Self::Axis => RGBColor(1, 0, 2),
            Self::Rule => RGBColor(1, 0, 3),
            Self::Paper => RGBColor(1, 0, 4),
            Self::Series(index) => RGBColor(1, 1, small(index)),
            Self::Dashed(index) => RGBColor(1, 2, small(index)),
        }
    }

    /// The end of an attribute that names its colour, and what replaces it.
    fn replacements() -> Vec<(String, String)> {
        let attribute = |ink: Self| {
            let RGBColor(red, green, blue) = ink.colour();
            format!("=\"#{red:02X}{green:02X}{blue:02X}\"")
        };
        let mut all: Vec<(String, String)> = Self::PLAIN
            .into_iter()
            .map(|(ink, name)| (attribute(ink), format!("=\"var(--{name})\"")))
            .collect();
        for (index, dash) in DASHES.iter().enumerate() {
            let plain = format!("=\"var(--s{index})\"");
            let dashed = match *dash {
                "" => plain.clone(),
                dash => format!("{plain} stroke-dasharray=\"{dash}\""),
            };
            all.push((attribute(Self::Series(index)), plain));
            all.push((attribute(Self::Dashed(index)), dashed));
        }
        all
    }
}

/// A chart of [`WIDTH`] times `height`, painted by `paint`.
fn draw(telling: &Telling, height: u32, paint: impl FnOnce(&Area) -> Result<(), Fault>) -> Markup {
    let mut svg = String::new();
    let painted = {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        paint(&area).and_then(|()| area.present().map_err(Fault::from))
    };
    match painted {
        Ok(()) => frame(telling, height, &coloured(inside(&svg))),
        Err(fault) => html! { p.soft { "This chart could not be drawn: " (fault.to_string()) } },
    }
}

/// The drawing in its frame, with its words.
fn frame(telling: &Telling, height: u32, drawing: &str) -> Markup {
    let Telling { id, title, description } = telling;
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-words"));
    html! {
        svg.chart role="img" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height)
            aria-labelledby=(title_id) aria-describedby=(description_id) {
            title id=(title_id) { (title) }
            desc id=(description_id) { (description) }
            (PreEscaped(drawing))
        }
    }
}

/// What stands between the outer tags of an SVG file.
fn inside(svg: &str) -> &str {
    let start = svg.find("<svg").and_then(|at| svg[at..].find('>').map(|end| at + end + 1));
    let end = svg.rfind("</svg>");
    match (start, end) {
        (Some(start), Some(end)) if start <= end => &svg[start..end],
        _ => "",
    }
}

/// The drawing with the variables of the style sheet for its colours.
fn coloured(drawing: &str) -> String {
    let mut text = drawing.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    for (found, replacement) in Ink::replacements() {
        text = text.replace(&found, &replacement);
    }
    text
}

/// Texts joined as a sentence lists them: `a, b and c`.
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            let mut text = first.join(", ");
            // A string takes whatever it is given.
            let _ = write!(text, " and {last}");
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use plotters::element::PathElement;
    use plotters::style::IntoFont;

    use super::*;

    const TELLING: Telling = Telling { id: "x", title: "A <b>", description: "1 of 2" };

    fn drawing(text: &str) -> String {
        let paint = |area: &Area| {
            area.draw(&PathElement::new(vec![(0, 0), (9, 9)], Ink::Dashed(1).colour()))?;
            let style = ("sans-serif", TEXT).into_font().color(&Ink::Text.colour());
            area.draw_text(text, &style, (3, 3))?;
            Ok(())
        };
        draw(&TELLING, 20, paint).into_string()
    }

    #[test]
    fn colours_are_those_of_the_style_sheet() {
        let svg = drawing("0.5");
        assert!(svg.contains("stroke=\"var(--s1)\" stroke-dasharray=\"7 3\""), "{svg}");
        assert!(svg.contains("fill=\"var(--ink)\""), "{svg}");
        assert!(!svg.contains("\"#"), "a colour is left: {svg}");
        assert!(svg.contains("<title id=\"x-title\">A &lt;b&gt;</title>"), "{svg}");
        assert!(svg.contains("aria-describedby=\"x-words\""), "{svg}");
    }

    #[test]
    fn text_in_a_chart_can_neither_be_markup_nor_a_colour() {
        let svg = drawing("</text></svg><script>=\"#010000\"");
        assert!(!svg.contains("<script"), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
        assert!(svg.contains("&quot;#010000&quot;"), "{svg}");
    }

    #[test]
    fn texts_are_listed_as_in_a_sentence() {
        let texts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&texts), "a, b and c");
        assert_eq!(listed(&texts[..1]), "a");
        assert_eq!(listed(&[]), "");
    }
}
