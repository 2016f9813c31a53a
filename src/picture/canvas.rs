//! A canvas for charts: rectangles and text, the same pixels on every machine.
//!
//! The two typefaces are part of the program, so no picture depends on what a machine has installed. All
//! lengths are in units of which a pixel is half of one, for sharp text on dense screens and in print.

use std::io::Cursor;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{ImageError, ImageFormat, Rgb, RgbImage};

/// Pixels per unit of length.
const DENSITY: f32 = 2.0;

static REGULAR: &[u8] = include_bytes!("fonts/DejaVuSansCondensed.ttf");
static BOLD: &[u8] = include_bytes!("fonts/DejaVuSansCondensed-Bold.ttf");

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pixels: RgbImage,
}

impl Picture {
    /// The picture of these pixels.
    pub fn of(pixels: RgbImage) -> Self {
        Self { pixels }
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Pixels in a column.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// The pixels row by row, red green blue, with white added below or to the right until the picture is
    /// as wide as high; and that width.
    pub(crate) fn to_square(&self) -> (Vec<u8>, usize) {
        let side = self.width().max(self.height());
        let mut square = RgbImage::from_pixel(side, side, Rgb([255; 3]));
        image::imageops::replace(&mut square, &self.pixels, 0, 0);
        (square.into_raw(), side as usize)
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// If the encoder refuses, which it does for pictures without pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Cursor::new(Vec::new());
        self.pixels.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }
}

/// Red, green and blue.
pub(crate) type Colour = [u8; 3];

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    /// Height of the letter m's square, in units.
    pub(crate) size: f32,
    pub(crate) bold: bool,
    pub(crate) colour: Colour,
}

/// Which point of a text is put where it is asked for; vertically it is always the middle.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle in units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Area {
    pub(crate) fn middle(&self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

/// A picture that is being drawn.
pub(crate) struct Canvas {
    pixels: RgbImage,
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Canvas {
    /// A white canvas of `width` times `height` units.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        let font =
            |bytes| FontRef::try_from_slice(bytes).expect("the typefaces are part of the program");
        let pixels = RgbImage::from_pixel(to_pixels(width), to_pixels(height), Rgb([255; 3]));
        Self { pixels, regular: font(REGULAR), bold: font(BOLD) }
    }

    /// Fills a rectangle.
    pub(crate) fn fill(&mut self, area: Area, colour: Colour) {
        for y in to_pixels(area.y)..to_pixels(area.y + area.height).min(self.pixels.height()) {
            for x in to_pixels(area.x)..to_pixels(area.x + area.width).min(self.pixels.width()) {
                self.pixels.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    /// Lays `image` on the canvas, pixel by pixel, its upper left corner at a place in units.
    pub(crate) fn paste(&mut self, (x, y): (f32, f32), image: &RgbImage) {
        let (x, y) = (i64::from(to_pixels(x)), i64::from(to_pixels(y)));
        image::imageops::replace(&mut self.pixels, image, x, y);
    }

    /// Draws a straight line of `width` units with round ends.
    pub(crate) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        let scaled = |(x, y): (f32, f32)| (x * DENSITY, y * DENSITY);
        let (from, to, half) = (scaled(from), scaled(to), width * DENSITY / 2.0);
        let along = (to.0 - from.0, to.1 - from.1);
        let squared = (along.0 * along.0 + along.1 * along.1).max(f32::MIN_POSITIVE);
        let bounds = |a: f32, b: f32| (whole(a.min(b) - half) - 1, whole(a.max(b) + half) + 1);
        let ((left, right), (top, bottom)) = (bounds(from.0, to.0), bounds(from.1, to.1));
        for (y, x) in (top..=bottom).flat_map(|y| (left..=right).map(move |x| (y, x))) {
            let away = (x as f32 + 0.5 - from.0, y as f32 + 0.5 - from.1);
            let share = ((away.0 * along.0 + away.1 * along.1) / squared).clamp(0.0, 1.0);
            let distance = (away.0 - share * along.0).hypot(away.1 - share * along.1);
            self.blend(x, y, colour, (half + 0.5 - distance).clamp(0.0, 1.0));
        }
    }

    /// Fills a disc.
    pub(crate) fn disc(&mut self, middle: (f32, f32), radius: f32, colour: Colour) {
        self.line(middle, middle, 2.0 * radius, colour);
    }

    /// The width of `text` in units.
    pub(crate) fn width_of(&self, text: &str, pen: Pen) -> f32 {
        self.lay_out(text, pen).1 / DENSITY
    }

    /// Writes `text` from left to right.
    pub(crate) fn write(&mut self, text: &str, at: (f32, f32), anchor: Anchor, pen: Pen) {
        self.draw(text, at, anchor, pen, |along, across| (along, across));
    }

    /// Writes `text` from bottom to top.
    pub(crate) fn write_upwards(&mut self, text: &str, at: (f32, f32), anchor: Anchor, pen: Pen) {
        self.draw(text, at, anchor, pen, |along, across| (across, -along));
    }

    fn font(&self, pen: Pen) -> &FontRef<'static> {
        if pen.bold { &self.bold } else { &self.regular }
    }

    /// The glyphs of `text` on a line whose middle lies at zero, and its length, in pixels.
    fn lay_out(&self, text: &str, pen: Pen) -> (Vec<Glyph>, f32) {
        let font = self.font(pen);
        let units = font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(pen.size * DENSITY * font.height_unscaled() / units);
        let scaled = font.as_scaled(scale);
        // The middle of capital letters, which have 0.73 of the size in these typefaces.
        let baseline = 0.73 * pen.size * DENSITY / 2.0;
        let mut along = 0.0;
        let mut before = None;
        let mut glyphs = Vec::new();
        for letter in text.chars() {
            let id = scaled.glyph_id(letter);
            along += before.map_or(0.0, |before| scaled.kern(before, id));
            glyphs.push(id.with_scale_and_position(scale, point(along, baseline)));
            along += scaled.h_advance(id);
            before = Some(id);
        }
        (glyphs, along)
    }

    fn draw(
        &mut self,
        text: &str,
        at: (f32, f32),
        anchor: Anchor,
        pen: Pen,
        turn: fn(i64, i64) -> (i64, i64),
    ) {
        let (glyphs, length) = self.lay_out(text, pen);
        let start = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => length / 2.0,
            Anchor::End => length,
        };
        let origin = (whole(at.0 * DENSITY), whole(at.1 * DENSITY));
        let mut dots = Vec::new();
        for mut glyph in glyphs {
            glyph.position.x -= start;
            let Some(outline) = self.font(pen).outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (along, across) =
                    (whole(corner.x) + i64::from(x), whole(corner.y) + i64::from(y));
                let (x, y) = turn(along, across);
                dots.push((origin.0 + x, origin.1 + y, coverage));
            });
        }
        for (x, y, coverage) in dots {
            self.blend(x, y, pen.colour, coverage.clamp(0.0, 1.0));
        }
    }

    fn blend(&mut self, x: i64, y: i64, colour: Colour, coverage: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) {
            pixel.0 = mix(pixel.0, colour, coverage);
        }
    }

    pub(crate) fn finish(self) -> Picture {
        Picture { pixels: self.pixels }
    }
}

/// The colour at `share` of the way from one to the other.
pub(crate) fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        to_byte(from + (to - from) * share)
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn to_pixels(units: f32) -> u32 {
    (units * DENSITY).round().clamp(0.0, 32_768.0) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "places on a canvas are small")]
fn whole(value: f32) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEN: Pen = Pen { size: 12.0, bold: false, colour: [0, 0, 0] };

    /// The bounds of all pixels that are not white.
    fn ink(picture: &Picture) -> (u32, u32, u32, u32) {
        let dark = picture.pixels.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 != [255; 3]);
        dark.fold((u32::MAX, u32::MAX, 0, 0), |bounds, (x, y, _)| {
            (bounds.0.min(x), bounds.1.min(y), bounds.2.max(x), bounds.3.max(y))
        })
    }

    #[test]
    fn text_lies_around_its_anchor() {
        let mut canvas = Canvas::new(100.0, 40.0);
        canvas.write("Höhe", (50.0, 20.0), Anchor::Middle, PEN);
        let (left, top, right, bottom) = ink(&canvas.finish());
        assert!((left + right).abs_diff(200) <= 4, "{left} {right}");
        assert!(top > 24 && bottom < 56, "{top} {bottom}");
    }

    #[test]
    fn upward_text_is_the_turned_one() {
        let mut across = Canvas::new(80.0, 80.0);
        across.write("Rio", (40.0, 40.0), Anchor::Start, PEN);
        let mut upwards = Canvas::new(80.0, 80.0);
        upwards.write_upwards("Rio", (40.0, 40.0), Anchor::Start, PEN);
        let (a, b) = (ink(&across.finish()), ink(&upwards.finish()));
        assert_eq!((a.2 - a.0, a.3 - a.1), (b.3 - b.1, b.2 - b.0));
        assert!(b.3 <= 80);
    }

    #[test]
    fn lines_and_discs_cover_what_they_should() {
        let mut canvas = Canvas::new(40.0, 40.0);
        canvas.line((10.0, 20.0), (30.0, 20.0), 2.0, [0; 3]);
        assert_eq!(ink(&canvas.finish()), (18, 38, 61, 41));
        let mut canvas = Canvas::new(40.0, 40.0);
        canvas.disc((20.0, 20.0), 5.0, [0; 3]);
        assert_eq!(ink(&canvas.finish()), (30, 30, 49, 49));
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.line((5.0, 5.0), (50.0, -20.0), 3.0, [9; 3]);
        canvas.write("a long text", (5.0, 5.0), Anchor::Middle, PEN);
        canvas.fill(Area { x: 5.0, y: 5.0, width: 50.0, height: 50.0 }, [1, 2, 3]);
        assert_eq!(canvas.finish().width(), 20);
    }
}
