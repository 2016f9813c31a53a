//! Boundaries of towns: how far a place is from given polygons.
//!
//! Distances are exact up to a limit and depend on the place alone, so windows that meet fit together.

use geo_types::MultiPolygon;

use super::frame::{Block, Extent, Frame};
use super::noise::single;

/// The rings of polygons, in metres east and south of a place that their owner knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boundary {
    rings: Vec<Vec<[f32; 2]>>,
    square_metres: f64,
    extent: Extent,
}

/// Two neighbouring points of a ring.
type Edge = [[f32; 2]; 2];

impl Boundary {
    /// The rings of `polygons`, which have y to the north, and the middle of the largest polygon, around which
    /// they lie; `None` where the polygons enclose nothing.
    pub(crate) fn around_middle(polygons: &MultiPolygon<f64>) -> Option<([f64; 2], Self)> {
        let largest = polygons
            .iter()
            .map(|polygon| moments(&polygon.exterior().0))
            .max_by(|one, other| one.area.abs().total_cmp(&other.area.abs()))?;
        let square_metres: f64 = polygons
            .iter()
            .map(|polygon| {
                let holes: f64 =
                    polygon.interiors().iter().map(|ring| moments(&ring.0).area.abs()).sum();
                moments(&polygon.exterior().0).area.abs() - holes
            })
            .sum();
        if !(square_metres > 0.0 && largest.area != 0.0) {
            return None;
        }
        let [x, y] = largest.middle;
        let rings: Vec<Vec<[f32; 2]>> = polygons
            .iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
            .map(|ring| ring.coords().map(|p| [single(p.x - x), single(y - p.y)]).collect())
            .collect();
        let extent = extent(rings.iter().flatten());
        Some(([x, y], Self { rings, square_metres, extent }))
    }

    /// The area inside.
    pub(crate) fn square_metres(&self) -> f64 {
        self.square_metres
    }

    /// The smallest rectangle around.
    pub(crate) fn extent(&self) -> Extent {
        self.extent
    }

    /// How far each pixel of `block` is from the boundary around `origin`, at most `limit`; negative inside.
    pub(crate) fn distances(
        &self,
        origin: [f64; 2],
        frame: &Frame,
        block: &Block,
        limit: f32,
    ) -> Vec<f32> {
        let places = Places::new(origin, frame, block);
        let mut squares = vec![limit * limit; places.x.len() * places.y.len()];
        let mut crossings: Vec<Vec<f32>> = vec![Vec::new(); places.y.len()];
        for edge in self.edges() {
            places.note_crossings(edge, &mut crossings);
            places.note_distances(edge, limit, &mut squares);
        }
        let lines = squares.chunks_exact_mut(places.x.len().max(1));
        for (line, crossings) in lines.zip(&mut crossings) {
            sign_inside(line, &places.x, crossings);
        }
        squares
    }

    fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.rings.iter().flat_map(|ring| ring.windows(2).map(|pair| [pair[0], pair[1]]))
    }
}

/// Where the pixels of a block lie, in metres from the place around which a boundary lies.
struct Places {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Places {
    fn new(origin: [f64; 2], frame: &Frame, block: &Block) -> Self {
        let [x, y] = [
            block.columns.clone().map(|column| single(frame.x(column) - origin[0])).collect(),
            block.rows.clone().map(|row| single(frame.y(row) - origin[1])).collect(),
        ];
        Self { x, y }
    }

    /// Notes where `edge` crosses the rows.
    fn note_crossings(&self, [a, b]: Edge, crossings: &mut [Vec<f32>]) {
        let (upper, lower) = (a[1].min(b[1]), a[1].max(b[1]));
        // Half open: a corner on a row counts once where the ring goes on, never or twice where it turns.
        for row in places_in(&self.y, upper, lower) {
            let part = (self.y[row] - a[1]) / (b[1] - a[1]);
            crossings[row].push(a[0] + part * (b[0] - a[0]));
        }
    }

    /// Lowers the squares of distances of the pixels that are near `edge`.
    fn note_distances(&self, [a, b]: Edge, limit: f32, squares: &mut [f32]) {
        let along = [b[0] - a[0], b[1] - a[1]];
        let length = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
        let columns = places_in(&self.x, a[0].min(b[0]) - limit, a[0].max(b[0]) + limit);
        for row in places_in(&self.y, a[1].min(b[1]) - limit, a[1].max(b[1]) + limit) {
            let south = self.y[row] - a[1];
            let line = &mut squares[row * self.x.len()..][columns.clone()];
            for (square, &x) in line.iter_mut().zip(&self.x[columns.clone()]) {
                let east = x - a[0];
                let part = ((east * along[0] + south * along[1]) / length).clamp(0.0, 1.0);
                let (dx, dy) = (east - part * along[0], south - part * along[1]);
                *square = square.min(dx * dx + dy * dy);
            }
        }
    }
}

/// The indices of the rising `places` that lie in `from..to`.
fn places_in(places: &[f32], from: f32, to: f32) -> std::ops::Range<usize> {
    let first = places.partition_point(|&place| place < from);
    first..places.partition_point(|&place| place < to).max(first)
}

/// Turns squares into distances; those between an odd and an even crossing lie inside.
fn sign_inside(line: &mut [f32], x: &[f32], crossings: &mut [f32]) {
    crossings.sort_unstable_by(f32::total_cmp);
    let mut passed = 0;
    for (square, &x) in line.iter_mut().zip(x) {
        while crossings.get(passed).is_some_and(|&crossing| crossing <= x) {
            passed += 1;
        }
        let distance = square.sqrt();
        *square = if passed % 2 == 1 { -distance } else { distance };
    }
}

/// Area and centre of mass of what a ring encloses.
struct Moments {
    area: f64,
    middle: [f64; 2],
}

fn moments(ring: &[geo_types::Coord<f64>]) -> Moments {
    let Some(&first) = ring.first() else { return Moments { area: 0.0, middle: [0.0, 0.0] } };
    let (mut doubled, mut x, mut y) = (0.0, 0.0, 0.0);
    for pair in ring.windows(2) {
        let (a, b) = (pair[0] - first, pair[1] - first);
        let cross = a.x * b.y - b.x * a.y;
        doubled += cross;
        x += (a.x + b.x) * cross;
        y += (a.y + b.y) * cross;
    }
    let middle = [first.x + x / (3.0 * doubled), first.y + y / (3.0 * doubled)];
    Moments { area: doubled / 2.0, middle }
}

fn extent<'a>(points: impl Iterator<Item = &'a [f32; 2]>) -> Extent {
    let empty = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    points.fold(empty, |[left, upper, right, lower], &[x, y]| {
        let (x, y) = (f64::from(x), f64::from(y));
        [left.min(x), upper.min(y), right.max(x), lower.max(y)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::polygon;

    /// A square of 900 m with a hole of 300 m in its middle.
    fn frame_of_houses() -> MultiPolygon<f64> {
        MultiPolygon::new(vec![polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 900.0, y: 0.0), (x: 900.0, y: 900.0), (x: 0.0, y: 900.0)],
            interiors: [[(x: 300.0, y: 300.0), (x: 600.0, y: 300.0), (x: 600.0, y: 600.0), (x: 300.0, y: 600.0)]],
        ]])
    }

    #[test]
    fn distances_are_signed_and_limited() {
        let (middle, boundary) = Boundary::around_middle(&frame_of_houses()).unwrap();
        assert_eq!((middle, boundary.square_metres()), ([450.0, 450.0], 720_000.0));
        assert_eq!(boundary.extent(), [-450.0, -450.0, 450.0, 450.0]);
        // The middle lies at pixel (20, 20) of a country, on the corner of four pixels.
        let frame = Frame { column: 0, row: 0, width: 40, height: 40 };
        let block = frame.within([0.0, 0.0, 1200.0, 1200.0]);
        let distances = boundary.distances([600.0, 600.0], &frame, &block, 100.0);
        let at = |column: usize, row: usize| distances[row * 40 + column];
        assert_eq!(at(5, 20), -15.0, "just inside the left edge");
        assert_eq!(at(4, 20), 15.0, "just outside");
        assert_eq!(at(10, 20), -100.0, "deep inside, limited");
        assert_eq!(at(20, 20), 100.0, "in the hole, limited");
        assert_eq!(at(15, 20), 15.0, "in the hole, near its edge");
        assert!((at(4, 4) - 15.0 * 2.0_f32.sqrt()).abs() < 1e-3, "outside the corner");
        assert_eq!(at(0, 20), 100.0);
    }

    #[test]
    fn a_part_of_the_distances_is_like_the_whole() {
        let (_, boundary) = Boundary::around_middle(&frame_of_houses()).unwrap();
        let whole = Frame { column: 0, row: 0, width: 40, height: 40 };
        let part = Frame { column: 7, row: 11, width: 9, height: 13 };
        let all = |frame: &Frame| {
            let block = frame.within([0.0, 0.0, 1200.0, 1200.0]);
            boundary.distances([611.0, 587.0], frame, &block, 200.0)
        };
        let (whole, part) = (all(&whole), all(&part));
        for row in 0..13 {
            assert_eq!(part[row * 9..][..9], whole[(row + 11) * 40 + 7..][..9]);
        }
    }

    #[test]
    fn what_encloses_nothing_has_no_boundary() {
        let line = polygon![(x: 0.0, y: 0.0), (x: 5.0, y: 5.0), (x: 0.0, y: 0.0)];
        assert!(Boundary::around_middle(&MultiPolygon::new(vec![line])).is_none());
        assert!(Boundary::around_middle(&MultiPolygon::new(Vec::new())).is_none());
    }
}
