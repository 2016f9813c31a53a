//! Variograms as a picture: one panel per quantity, its model as a line and its range marked.
//!
//! The area of a dot says how many pairs of cells it stands for.

use crate::metrics::variogram::{Fitted, Reach, Variogram};
use crate::numerals::metres;
use crate::picture::{Anchor, Area, Canvas, Colour, Pen, Picture};

const INK: Colour = [32, 36, 44];
const GREY: Colour = [108, 116, 128];
const GRID: Colour = [228, 231, 236];
const DOT: Colour = [16, 78, 139];
const CURVE: Colour = [226, 88, 12];

const MARGIN: f32 = 28.0;
const WIDTH: f32 = 680.0;
/// One panel with its title, axis and the gap below.
const PANEL: f32 = 330.0;
const HEAD: f32 = 62.0;
const KEY: &str =
    "dots: pairs of cells, the larger the more pairs  ·  line: fitted model  ·  dashed: its range";
/// Room for the numbers and the title of the vertical axis.
const LEFT: f32 = 78.0;
/// Room for those of the horizontal one.
const BELOW: f32 = 58.0;
/// Room for the title of a panel.
const ABOVE: f32 = 46.0;
/// Points of a curve.
const STEPS: u16 = 240;
const LARGEST_DOT: f32 = 6.0;
const SMALLEST_DOT: f32 = 2.0;

/// Draws `variograms` with their models below `title`.
pub fn variogram_picture(title: &str, variograms: &[(Variogram, Fitted)]) -> Picture {
    let height = MARGIN + HEAD + PANEL * variograms.len() as f32;
    let mut canvas = Canvas::new(WIDTH, height);
    let pen = Pen { size: 19.0, bold: true, colour: INK };
    canvas.write(title, (MARGIN, MARGIN + 8.0), Anchor::Start, pen);
    let pen = Pen { size: 12.5, bold: false, colour: GREY };
    canvas.write(KEY, (MARGIN, MARGIN + 32.0), Anchor::Start, pen);
    for (number, (variogram, fitted)) in variograms.iter().enumerate() {
        let top = MARGIN + HEAD + PANEL * number as f32;
        let plot = Area {
            x: MARGIN + LEFT,
            y: top + ABOVE,
            width: WIDTH - 2.0 * MARGIN - LEFT,
            height: PANEL - ABOVE - BELOW - 16.0,
        };
        let mut panel = Panel::of(&mut canvas, plot, variogram, fitted);
        panel.words(variogram, fitted);
        panel.axes();
        panel.curve(fitted);
        panel.dots(variogram);
    }
    canvas.finish()
}

/// One panel that is being drawn.
struct Panel<'a> {
    canvas: &'a mut Canvas,
    plot: Area,
    /// Where the axes end: metres and semivariance.
    furthest: f64,
    highest: f64,
}

impl<'a> Panel<'a> {
    fn of(canvas: &'a mut Canvas, plot: Area, variogram: &Variogram, fitted: &Fitted) -> Self {
        let highest = variogram.lags.iter().map(|lag| lag.semivariance);
        let highest = highest.fold(fitted.at(variogram.reach), f64::max).max(f64::MIN_POSITIVE);
        Self { canvas, plot, furthest: variogram.reach, highest: 1.08 * highest }
    }

    /// Where a point of the variogram lies on the canvas.
    #[expect(clippy::cast_possible_truncation, reason = "places on a canvas are small")]
    fn at(&self, distance: f64, semivariance: f64) -> (f32, f32) {
        let Area { x, y, width, height } = self.plot;
        let (right, up) = (distance / self.furthest, semivariance / self.highest);
        (x + width * right as f32, y + height * (1.0 - up as f32))
    }

    fn words(&mut self, variogram: &Variogram, fitted: &Fitted) {
        let (x, y) = (MARGIN, self.plot.y - ABOVE + 12.0);
        let pen = Pen { size: 14.0, bold: true, colour: INK };
        self.canvas.write(&variogram.name, (x, y), Anchor::Start, pen);
        let pen = Pen { size: 12.5, bold: false, colour: GREY };
        let sill = fitted.nugget + fitted.partial_sill;
        let model = format!(
            "{} model: {}  ·  nugget {:.3}  ·  sill {sill:.3}",
            fitted.model.name(),
            reach_words(fitted.reach()),
            fitted.nugget
        );
        self.canvas.write(&model, (x, y + 18.0), Anchor::Start, pen);
    }

    fn axes(&mut self) {
        let Area { x, y, width, height } = self.plot;
        let pen = Pen { size: 12.0, bold: false, colour: GREY };
        let (unit, name) = if self.furthest >= 5000.0 { (1000.0, "km") } else { (1.0, "m") };
        for value in ticks(self.furthest / unit) {
            let (at, _) = self.at(value * unit, 0.0);
            self.canvas.line((at, y), (at, y + height), 0.5, GRID);
            self.canvas.write(&shortest(value), (at, y + height + 12.0), Anchor::Middle, pen);
        }
        for value in ticks(self.highest) {
            let (_, at) = self.at(0.0, value);
            self.canvas.line((x, at), (x + width, at), 0.5, GRID);
            self.canvas.write(&shortest(value), (x - 8.0, at), Anchor::End, pen);
        }
        self.canvas.line((x, y + height), (x + width, y + height), 1.0, GREY);
        self.canvas.line((x, y), (x, y + height), 1.0, GREY);
        let below = (x + width / 2.0, y + height + 34.0);
        let title = format!("distance between cells ({name})");
        self.canvas.write(&title, below, Anchor::Middle, pen);
        let beside = (MARGIN + 6.0, y + height / 2.0);
        self.canvas.write_upwards("semivariance", beside, Anchor::Middle, pen);
    }

    fn curve(&mut self, fitted: &Fitted) {
        if let Reach::Range(range) = fitted.reach() {
            let (x, top) = self.at(range, self.highest);
            let bottom = self.plot.y + self.plot.height;
            let mut y = top;
            while y < bottom {
                self.canvas.line((x, y), (x, (y + 4.0).min(bottom)), 1.0, CURVE);
                y += 9.0;
            }
        }
        let distance = |step: u16| self.furthest * f64::from(step) / f64::from(STEPS);
        let points = (0..=STEPS).map(|step| self.at(distance(step), fitted.at(distance(step))));
        let points: Vec<(f32, f32)> = points.collect();
        for pair in points.windows(2) {
            self.canvas.line(pair[0], pair[1], 2.0, CURVE);
        }
    }

    fn dots(&mut self, variogram: &Variogram) {
        let most = variogram.lags.iter().map(|lag| lag.pairs).max().unwrap_or(1).max(1);
        for lag in &variogram.lags {
            let share = lag.pairs as f32 / most as f32;
            let radius = (LARGEST_DOT * share.sqrt()).max(SMALLEST_DOT);
            let middle = self.at(lag.distance, lag.semivariance);
            self.canvas.disc(middle, radius, DOT);
        }
    }
}

fn reach_words(reach: Reach) -> String {
    match reach {
        Reach::Range(range) => format!("range {}", metres(range)),
        Reach::Beyond(distance) => format!("range beyond {}", metres(distance)),
        Reach::Nothing => "no range: distance does not matter".to_owned(),
    }
}

/// Round numbers from 0 to `end`, four to ten of them.
fn ticks(end: f64) -> Vec<f64> {
    let power = 10_f64.powf((end / 4.0).log10().floor());
    let step = [5.0, 2.0, 1.0].into_iter().map(|factor| factor * power);
    let step = step.into_iter().find(|step| end / step >= 4.0).unwrap_or(power);
    let values = (0..=10_u32).map(|count| step * f64::from(count));
    values.take_while(|value| *value <= end * (1.0 + 1e-9)).collect()
}

/// A tick without digits that say nothing.
fn shortest(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::variogram::{Lag, Model};

    #[test]
    fn ticks_are_round_and_few() {
        for end in [0.001, 0.27, 1.0, 3.9, 9.9, 42.0, 41_321.0] {
            let ticks = ticks(end);
            assert!((4..=11).contains(&ticks.len()), "{end}: {ticks:?}");
            assert!(ticks.iter().all(|tick| *tick <= end * 1.000_001));
        }
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(shortest(0.25), "0.25");
        assert_eq!(shortest(20.0), "20");
    }

    #[test]
    fn every_quantity_has_a_panel_and_the_bytes_are_repeatable() {
        let lag = |step: u32| Lag {
            distance: 500.0 * f64::from(step),
            semivariance: 0.01 * f64::from(step),
            pairs: 40,
        };
        let one = |range| {
            let lags = (1..20).map(lag).collect();
            let variogram = Variogram { name: "label: urban".to_owned(), lags, reach: 10_000.0 };
            let (model, nugget, partial_sill) = (Model::Spherical, 0.01, 0.2);
            let (deviation, furthest) = (0.0, 9500.0);
            (variogram, Fitted { model, nugget, partial_sill, range, deviation, furthest })
        };
        let picture = |count: usize| variogram_picture("a", &vec![one(4000.0); count]);
        assert!(picture(2).height() > picture(1).height() + 500);
        assert_eq!(picture(1).to_png().unwrap(), picture(1).to_png().unwrap());
        assert_ne!(
            picture(1).to_png().unwrap(),
            variogram_picture("a", &[one(40_000.0)]).to_png().unwrap()
        );
    }
}
