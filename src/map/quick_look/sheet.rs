//! The sheet: the picture of a country between title, legend and scale.

use image::{Rgb, RgbImage};

use super::bins::Look;
use super::{Bins, Frame};
use crate::map::palette::colour_of;
use crate::map::{MapHeader, MapOrigin};
use crate::numerals::{grouped, percent};
use crate::picture::{Anchor, Area, Canvas, Colour, Pen, Picture};

/// Lengths, in units of two pixels.
const MARGIN: f32 = 24.0;
const HEADER: f32 = 58.0;
const FOOTER: f32 = 34.0;
const LEGEND: f32 = 250.0;
const LINE: f32 = 22.0;
/// Side of the sample of a colour.
const SWATCH: u32 = 14;
/// Room for a share.
const SHARE: f32 = 62.0;
/// Classes that the legend has room for; the others are counted.
const SHOWN: usize = 40;

const INK: Colour = [28, 32, 38];
const SOFT: Colour = [85, 93, 105];
const UNSEEN: [Colour; 2] = [[226, 228, 231], [150, 155, 163]];

/// What is drawn.
pub(super) struct Sheet<'a> {
    pub(super) header: &'a MapHeader,
    pub(super) frame: &'a Frame,
    pub(super) bins: &'a Bins,
    /// Whether coordinates count metres.
    pub(super) in_metres: bool,
}

/// Draws the sheet.
pub(super) fn draw(sheet: &Sheet<'_>) -> Picture {
    let country = country(sheet.frame, &sheet.bins.looks());
    let (width, height) = (country.width() as f32 / 2.0, country.height() as f32 / 2.0);
    let origin = &sheet.header.origin;
    let lines = origin.classes.len().min(SHOWN) + 2;
    let body = height.max(lines as f32 * LINE);
    let mut canvas =
        Canvas::new(width + LEGEND + 3.0 * MARGIN, HEADER + body + FOOTER + 2.0 * MARGIN);
    let cells: u64 = sheet.bins.totals.iter().sum();
    let title = Pen { size: 19.0, bold: true, colour: INK };
    let text = format!("Classes of {} cells", grouped(cells));
    canvas.write(&text, (MARGIN, MARGIN + 10.0), Anchor::Start, title);
    let below = (MARGIN, MARGIN + 35.0);
    canvas.write(
        &made_by(origin),
        below,
        Anchor::Start,
        Pen { bold: false, size: 12.5, colour: SOFT },
    );
    let top = MARGIN + HEADER;
    canvas.paste((MARGIN, top), &country);
    draw_legend(&mut canvas, (2.0 * MARGIN + width, top), sheet, cells);
    if sheet.in_metres {
        let ground = sheet.frame.step * sheet.frame.columns as f64;
        draw_scale(&mut canvas, (MARGIN, top + height + 20.0), f64::from(width) / ground, ground);
    }
    canvas.finish()
}

/// Which models the map is from, in words.
fn made_by(origin: &MapOrigin) -> String {
    let mut kinds: Vec<&str> = origin.models.iter().map(|model| model.kind.as_str()).collect();
    kinds.dedup();
    let mut datasets: Vec<&str> =
        origin.models.iter().map(|model| model.dataset.as_str()).collect();
    datasets.dedup();
    let models = match origin.models.len() {
        0 => return "of unknown models".to_owned(),
        1 => kinds.join(", "),
        count => format!("mean of {count} models ({})", kinds.join(", ")),
    };
    let decided = if origin.operating_point {
        "decided by the operating point"
    } else {
        "most probable class"
    };
    format!("{models}, fitted on {}; {decided}", datasets.join(", "))
}

/// The pixels of the country.
fn country(frame: &Frame, looks: &[Look]) -> RgbImage {
    let side = |squares: usize| u32::try_from(squares * frame.scale).expect("a picture is small");
    RgbImage::from_fn(side(frame.columns), side(frame.rows), |x, y| {
        let square = y as usize / frame.scale * frame.columns + x as usize / frame.scale;
        Rgb(match looks[square] {
            Look::Nothing => [255; 3],
            Look::Unseen => hatch(x, y),
            Look::Classes(colour) => colour,
        })
    })
}

/// Stripes from lower left to upper right.
fn hatch(x: u32, y: u32) -> Colour {
    UNSEEN[usize::from((x + y) % 8 < 2)]
}

fn draw_legend(canvas: &mut Canvas, (x, y): (f32, f32), sheet: &Sheet<'_>, cells: u64) {
    let classes = &sheet.header.origin.classes;
    let line = |number: usize| y + LINE * (number as f32 + 0.5);
    for class in classes.ids().take(SHOWN) {
        let place = (x, line(class.index()));
        canvas.fill(swatch(place), colour_of(class));
        let count = sheet.bins.totals[class.index()];
        describe(canvas, place, classes.name(class), count, cells);
    }
    let mut next = classes.len().min(SHOWN);
    if classes.len() > SHOWN {
        let rest = &sheet.bins.totals[SHOWN..classes.len()];
        let name = format!("{} more classes", rest.len());
        describe(canvas, (x, line(next)), &name, rest.iter().sum(), cells);
        next += 1;
    }
    let unseen = sheet.bins.totals[classes.len()];
    if unseen > 0 {
        let Area { x: left, y: top, .. } = swatch((x, line(next)));
        let stripes = RgbImage::from_fn(2 * SWATCH, 2 * SWATCH, |x, y| Rgb(hatch(x, y)));
        canvas.paste((left, top), &stripes);
        describe(canvas, (x, line(next)), "no class", unseen, cells);
    }
}

fn swatch((x, y): (f32, f32)) -> Area {
    let side = SWATCH as f32;
    Area { x, y: y - side / 2.0, width: side, height: side }
}

/// The name of a class, how many cells are of it, and their share.
fn describe(canvas: &mut Canvas, (x, y): (f32, f32), name: &str, count: u64, cells: u64) {
    let pen = Pen { size: 13.0, bold: false, colour: INK };
    let soft = Pen { colour: SOFT, ..pen };
    let count_text = grouped(count);
    let room = LEGEND - SHARE - 32.0 - canvas.width_of(&count_text, pen);
    canvas.write(&shortened(canvas, name, room, pen), (x + 22.0, y), Anchor::Start, pen);
    canvas.write(&count_text, (x + LEGEND - SHARE, y), Anchor::End, soft);
    let share = percent(count as f64 / cells.max(1) as f64);
    canvas.write(&share, (x + LEGEND, y), Anchor::End, soft);
}

/// `name`, or as much of it as has room.
fn shortened(canvas: &Canvas, name: &str, room: f32, pen: Pen) -> String {
    if canvas.width_of(name, pen) <= room {
        return name.to_owned();
    }
    let mut kept: Vec<char> = name.chars().collect();
    loop {
        kept.pop();
        let text: String = kept.iter().copied().chain(['…']).collect();
        if kept.is_empty() || canvas.width_of(&text, pen) <= room {
            return text;
        }
    }
}

/// A bar of a round length, at most a quarter of the `ground` metres that the country is wide.
fn draw_scale(canvas: &mut Canvas, (x, y): (f32, f32), units_per_metre: f64, ground: f64) {
    let length = round_length(ground / 4.0);
    #[expect(clippy::cast_possible_truncation, reason = "places on a canvas are small")]
    let bar = (length * units_per_metre) as f32;
    canvas.fill(Area { x, y: y - 2.0, width: bar, height: 4.0 }, INK);
    let text =
        if length >= 1000.0 { format!("{} km", length / 1000.0) } else { format!("{length} m") };
    let pen = Pen { size: 12.5, bold: false, colour: INK };
    canvas.write(&text, (x + bar + 8.0, y), Anchor::Start, pen);
}

/// The largest of 1, 2, 5, 10, 20, … that is not above `most`.
fn round_length(most: f64) -> f64 {
    let power = 10_f64.powf(most.log10().floor());
    let round = [5.0, 2.0, 1.0].into_iter().map(|step| step * power);
    round.into_iter().find(|&length| length <= most).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_lengths() {
        for (most, length) in [(999.0, 500.0), (1000.0, 1000.0), (4.5e5, 2e5), (9.9e4, 5e4)] {
            assert_eq!(round_length(most), length);
        }
    }

    #[test]
    fn the_maker_is_named() {
        use crate::map::{MapContent, ModelOrigin};
        use tesela_datasets::class::ClassMap;
        let classes = ClassMap::new(["a", "b"]).unwrap();
        let mut origin = MapOrigin::new(classes, MapContent::default());
        assert_eq!(made_by(&origin), "of unknown models");
        let model = |kind: &str| ModelOrigin {
            digest: String::new(),
            kind: kind.to_owned(),
            dataset: "simulated".to_owned(),
            measured: serde_json::Map::new(),
            settled: None,
        };
        origin.models = vec![model("lenet")];
        assert_eq!(made_by(&origin), "lenet, fitted on simulated; most probable class");
        origin.models.push(model("extra-trees"));
        origin.operating_point = true;
        let words = "mean of 2 models (lenet, extra-trees), fitted on simulated; decided by the operating point";
        assert_eq!(made_by(&origin), words);
    }
}
