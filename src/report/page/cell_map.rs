//! Maps of cells: small squares where the cells lie, with a scale bar and north.
//!
//! A map may have 100,000 cells, so the squares are a picture (PNG), not as many nodes. A picture cannot follow the
//! colour scheme of a page, so its ground is transparent and its colours stand out from both grounds. What went
//! wrong is drawn last and larger than what went right, so that few errors among many cells are seen; kinds of
//! errors differ in colour, in lightness, and where there is room in shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgba, RgbaImage};
use maud::{Markup, html};

use super::Words;
use super::chart::{Telling, WIDTH};

/// Cells with their places.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellMap {
    /// Length of a cell's side, in the unit of the places.
    pub side: f64,
    /// Whether places are in metres; degrees where not.
    pub metres: bool,
    /// What there is to see.
    pub kinds: Vec<MapKind>,
    /// The cells.
    pub cells: Vec<MapCell>,
}

/// One kind of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct MapKind {
    /// Its name in the legend.
    pub name: Words,
    /// How it is drawn.
    pub mark: MapMark,
}

/// How a cell is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapMark {
    /// Small and grey: nothing to look at.
    Quiet,
    /// A dark square.
    Full,
    /// A light square with a hole.
    Hollow,
    /// A square of a third colour.
    Other,
}

/// A cell on a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapCell {
    /// Eastward place of its centre.
    pub x: f64,
    /// Northward place of its centre.
    pub y: f64,
    /// Its position in the list of kinds.
    pub kind: usize,
}

/// Pixels of the longer side of a picture.
const LONGEST: f64 = 960.0;
/// Height of the strip with scale bar and north.
const STRIP: u32 = 40;

impl MapMark {
    /// Red, green, blue and how opaque.
    fn colour(self) -> Rgba<u8> {
        match self {
            Self::Quiet => Rgba([0x9a, 0xa1, 0xac, 150]),
            Self::Full => Rgba([0x0a, 0x72, 0xb8, 255]),
            Self::Hollow => Rgba([0xe0, 0x6a, 0x10, 255]),
            Self::Other => Rgba([0x0b, 0x8f, 0x6a, 255]),
        }
    }

    fn style(self) -> String {
        let Rgba([red, green, blue, _]) = self.colour();
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Least pixels of a square, where there is room and where there are very many cells.
    fn least(self, many: bool) -> u32 {
        match (self, many) {
            (Self::Quiet, true) => 1,
            (Self::Quiet, false) | (_, true) => 3,
            (_, false) => 8,
        }
    }
}

/// The part of the ground that a picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    left: f64,
    top: f64,
    /// Pixels to a unit of ground.
    scale: f64,
    width: u32,
    height: u32,
}

impl Frame {
    /// Around all cells whose places are numbers.
    fn around(map: &CellMap) -> Option<Self> {
        let side = if map.side.is_finite() && map.side > 0.0 { map.side } else { 1.0 };
        let mut cells = map.cells.iter().filter(|cell| has_place(cell));
        let first = cells.next()?;
        let start = (first.x, first.y, first.x, first.y);
        let (west, south, east, north) = cells.fold(start, |(west, south, east, north), cell| {
            (west.min(cell.x), south.min(cell.y), east.max(cell.x), north.max(cell.y))
        });
        let (wide, high) = (east - west + 3.0 * side, north - south + 3.0 * side);
        let scale = (LONGEST / wide).min(LONGEST / high);
        let (left, top) = (west - 1.5 * side, north + 1.5 * side);
        let pixels = |length: f64| whole(length * scale).clamp(12, whole(LONGEST));
        Some(Self { left, top, scale, width: pixels(wide), height: pixels(high) })
    }

    fn pixel(&self, cell: &MapCell) -> (f64, f64) {
        ((cell.x - self.left) * self.scale, (self.top - cell.y) * self.scale)
    }
}

fn has_place(cell: &MapCell) -> bool {
    // Further than this is no place on the ground, and differences stay finite.
    cell.x.abs() < 1e12 && cell.y.abs() < 1e12
}

/// The map as a drawing; `None` where no cell has a place.
pub(super) fn cell_map(telling: &Telling, map: &CellMap) -> Option<Markup> {
    let frame = Frame::around(map)?;
    let address = png_address(&png(&paint(map, &frame))?);
    let width = f64::from(WIDTH);
    let high = width * f64::from(frame.height) / f64::from(frame.width);
    // A narrow country is drawn narrower, so that it fits on a screen.
    let shrunk = (620.0 / high).min(1.0);
    let (across, high) = (width * shrunk, high * shrunk);
    let height = whole(high) + STRIP;
    let (length, words) = bar(f64::from(frame.width) / frame.scale, map.metres);
    let bar_length = length * frame.scale / f64::from(frame.width) * across;
    let y = high + 22.0;
    let path = format!("M1 {:.1}v6h{bar_length:.1}v-6", y - 3.0);
    let north = format!("M{x:.1} {top:.1}l6 16-6-4-6 4z", x = width - 10.0, top = y - 13.0);
    Some(html! {
        svg.chart role="img" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height)
            aria-labelledby=(format!("{}-title", telling.id))
            aria-describedby=(format!("{}-words", telling.id)) {
            title id=(format!("{}-title", telling.id)) { (telling.title) }
            desc id=(format!("{}-words", telling.id)) { (telling.description) }
            image.pixels href=(address) width=(format!("{across:.1}")) height=(format!("{high:.1}")) {}
            path d=(path) fill="none" stroke="var(--ink)" stroke-width="1.5" {}
            text x=(format!("{:.1}", bar_length + 8.0)) y=(format!("{:.1}", y + 4.0)) font-size="14"
                fill="var(--ink)" { (words) }
            path d=(north) fill="var(--ink)" {}
            text x=(format!("{:.1}", width - 22.0)) y=(format!("{:.1}", y + 4.0)) font-size="14"
                text-anchor="end" fill="var(--ink)" { "North" }
        }
    })
}

/// The kinds of a map with how many cells each has.
pub(super) fn map_legend(map: &CellMap) -> Markup {
    html! {
        ul.legend {
            @for (index, kind) in map.kinds.iter().enumerate() {
                @let count = count(map, index);
                li {
                    svg width="16" height="14" viewBox="0 0 16 14" aria-hidden="true" {
                        @match kind.mark {
                            MapMark::Quiet => rect x="5" y="4" width="5" height="5" fill=(kind.mark.style()) {},
                            MapMark::Hollow => rect x="3.5" y="2.5" width="8" height="8" fill="none"
                                stroke=(kind.mark.style()) stroke-width="3" {},
                            _ => rect x="2" y="1" width="11" height="11" fill=(kind.mark.style()) {},
                        }
                    }
                    " " (kind.name) ": " (crate::report::grouped(count))
                }
            }
        }
    }
}

/// Cells of one kind.
pub(super) fn count(map: &CellMap, kind: usize) -> u64 {
    map.cells.iter().map(|cell| u64::from(cell.kind == kind)).sum()
}

/// A picture as the address of itself.
pub(super) fn png_address(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

fn png(picture: &RgbaImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::NoFilter);
    // A picture has pixels and memory takes it; a page without its map is still a page.
    picture.write_with_encoder(encoder).ok()?;
    Some(bytes)
}

fn paint(map: &CellMap, frame: &Frame) -> RgbaImage {
    let mut picture = RgbaImage::new(frame.width, frame.height);
    let many = map.cells.len() > 5000;
    for quiet in [true, false] {
        for cell in map.cells.iter().filter(|cell| has_place(cell)) {
            let Some(kind) = map.kinds.get(cell.kind) else { continue };
            if (kind.mark == MapMark::Quiet) == quiet {
                square(
                    &mut picture,
                    frame.pixel(cell),
                    size(map, frame, kind.mark, many),
                    kind.mark,
                );
            }
        }
    }
    picture
}

fn size(map: &CellMap, frame: &Frame, mark: MapMark, many: bool) -> u32 {
    // Rounded up, or neighbours would leave a line between them.
    whole((map.side * frame.scale).ceil()).clamp(mark.least(many), 40)
}

fn square(picture: &mut RgbaImage, middle: (f64, f64), size: u32, mark: MapMark) {
    let corner = |place: f64| whole(place - f64::from(size) / 2.0);
    let (left, top) = (corner(middle.0), corner(middle.1));
    let rim = (size / 3).max(1);
    for y in 0..size {
        for x in 0..size {
            let at_rim = [x, y].iter().any(|&at| at < rim || at >= size - rim);
            let filled = at_rim || mark != MapMark::Hollow || size < 5;
            if let Some(pixel) = picture.get_pixel_mut_checked(left + x, top + y).filter(|_| filled)
            {
                *pixel = mark.colour();
            }
        }
    }
}

/// A round length of at most a third of `ground`, with its words.
fn bar(ground: f64, metres: bool) -> (f64, String) {
    let most = ground / 3.0;
    let power = 10_f64.powf(most.log10().floor());
    let length = [5.0, 2.0, 1.0].map(|step| step * power).into_iter().find(|&one| one <= most);
    let length = length.unwrap_or(power);
    let words = match metres {
        true if length >= 1000.0 => format!("{} km", length / 1000.0),
        true => format!("{length} m"),
        false => format!("{length}°"),
    };
    (length, words)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(length: f64) -> u32 {
    length.round().clamp(0.0, 100_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const TELLING: Telling = Telling { id: "m", title: "Errors", description: "2 of 3" };

    fn map(cells: &[(f64, f64, usize)]) -> CellMap {
        let kind = |name: &str, mark| MapKind { name: name.into(), mark };
        let cells = cells.iter().map(|&(x, y, kind)| MapCell { x, y, kind }).collect();
        let kinds = vec![kind("right", MapMark::Quiet), kind("wrong", MapMark::Hollow)];
        CellMap { side: 1000.0, metres: true, kinds, cells }
    }

    #[test]
    fn north_is_up_and_errors_lie_on_top() {
        let map = map(&[(500.0, 500.0, 1), (500.0, 500.0, 0), (20_500.0, 10_500.0, 0)]);
        let frame = Frame::around(&map).unwrap();
        assert_eq!((frame.width, frame.height), (960, 543));
        let picture = paint(&map, &frame);
        let (x, y) = frame.pixel(&map.cells[0]);
        assert!(y > f64::from(frame.height) / 2.0 && x < f64::from(frame.width) / 2.0);
        let edge = whole(x) + size(&map, &frame, MapMark::Hollow, false) / 2 - 1;
        assert_eq!(*picture.get_pixel(edge, whole(y)), MapMark::Hollow.colour());
        assert_eq!(*picture.get_pixel(whole(x), whole(y)), MapMark::Quiet.colour());
    }

    #[test]
    fn impossible_places_and_kinds_are_left_out() {
        let map = map(&[(f64::NAN, 0.0, 1), (1e300, -1e300, 1), (0.0, 0.0, 7)]);
        assert!(cell_map(&TELLING, &map).is_some());
        assert!(cell_map(&TELLING, &CellMap::default()).is_none());
        let nowhere = CellMap { side: f64::NAN, ..map.clone() };
        assert!(cell_map(&TELLING, &nowhere).is_some());
    }

    #[test]
    fn a_scale_bar_has_a_round_length() {
        assert_eq!(bar(100_000.0, true), (20_000.0, "20 km".to_owned()));
        assert_eq!(bar(1_700.0, true), (500.0, "500 m".to_owned()));
        assert_eq!(bar(1.0, false), (0.2, "0.2°".to_owned()));
    }

    #[test]
    fn a_hundred_thousand_cells_stay_a_small_picture() {
        let cells: Vec<_> = (0..100_000_u32)
            .map(|cell| {
                (
                    f64::from(cell % 400) * 1e3,
                    f64::from(cell / 400) * 1e3,
                    usize::from(cell % 13 == 0),
                )
            })
            .collect();
        let markup = cell_map(&TELLING, &map(&cells)).unwrap().into_string();
        assert!(markup.len() < 200_000, "{}", markup.len());
    }
}
