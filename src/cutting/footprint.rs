//! Footprints: which pixels lie inside a cell.
//!
//! A pixel is inside when its centre is. Neighbouring cells share their edges, and no pixel may belong to two of
//! them or, between two of them, to none, whatever the rotation of the grid. So corners are rounded to a
//! fine grid of whole numbers (a 65,536th of a pixel: half a millimetre at 30 m), equal corners stay equal, and
//! from there on every decision is made in exact arithmetic: an edge decides the same for the cells on both
//! its sides.

use std::ops::Range;

use crate::raster::PixelPlacement;
use tesela_datasets::cell::Point;

/// Steps per pixel.
const STEPS: i64 = 1 << 16;
/// Corners further away than this many pixels are moved there; no raster is as large.
const FAR: f64 = 1e9;

/// The outline of a cell in the pixels of a raster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footprint {
    /// Corners in steps, the first axis growing towards the east and the second towards the north.
    corners: Vec<(i64, i64)>,
    eastward: bool,
    southward: bool,
}

impl Footprint {
    /// The outline with these corners on the ground.
    pub fn new(placement: &PixelPlacement, corners: impl IntoIterator<Item = Point>) -> Self {
        let (eastward, southward) = placement.directions();
        let corners = corners
            .into_iter()
            .map(|corner| {
                let (column, row) = placement.to_pixel(corner);
                let (column, row) = (steps(column), steps(row));
                (if eastward { column } else { -column }, if southward { -row } else { row })
            })
            .collect();
        Self { corners, eastward, southward }
    }

    /// Appends it to `record`.
    pub(super) fn encode(&self, record: &mut Vec<u8>) {
        record.extend([self.eastward, self.southward].map(u8::from));
        for &(column, row) in &self.corners {
            record.extend_from_slice(&column.to_le_bytes());
            record.extend_from_slice(&row.to_le_bytes());
        }
    }

    /// What [`Self::encode`] has written; `None` where it is something else.
    pub(super) fn decode(record: &[u8]) -> Option<Self> {
        let (&[eastward, southward], corners) = record.split_first_chunk()?;
        let corners = pairs(corners)
            .map(|[column, row]| (i64::from_le_bytes(column), i64::from_le_bytes(row)))
            .collect();
        Some(Self { corners, eastward: eastward != 0, southward: southward != 0 })
    }

    /// The enclosed area, in pixels.
    pub fn area(&self) -> f64 {
        let following = self.corners.iter().cycle().skip(1);
        let cross = self.corners.iter().zip(following).map(|(from, to)| {
            i128::from(from.0) * i128::from(to.1) - i128::from(to.0) * i128::from(from.1)
        });
        let doubled = cross.sum::<i128>().unsigned_abs() as f64;
        doubled / 2.0 / (STEPS as f64 * STEPS as f64)
    }

    /// Marks the pixels of a window that are inside, and counts them; `inside` is `[row, column]`.
    ///
    /// A centre on the western or southern edge is inside, one on the eastern or northern edge is not.
    pub fn mark(&self, column: i64, row: i64, width: usize, inside: &mut [bool]) -> u32 {
        let count = match self.rectangle() {
            Some((columns, rows)) => {
                let columns = columns.start - column..columns.end - column;
                mark_rectangle(columns, rows.start - row..rows.end - row, width, inside)
            }
            None => self.mark_edges(column, row, width, inside),
        };
        u32::try_from(count).expect("a window has few pixels")
    }

    /// The columns and rows of the pixels that are inside, where all edges run along rows and columns.
    fn rectangle(&self) -> Option<(Range<i64>, Range<i64>)> {
        let &[one, two, three, four] = &self.corners[..] else { return None };
        let upright = one.0 == two.0 && two.1 == three.1 && three.0 == four.0 && four.1 == one.1;
        let lying = one.1 == two.1 && two.0 == three.0 && three.1 == four.1 && four.0 == one.0;
        if !upright && !lying {
            return None;
        }
        // One rule for both directions: a centre on the western or southern edge is inside.
        let inside = |from: i64, to: i64, as_pixels: bool| {
            let (first, end) = (first_row(from.min(to)), first_row(from.max(to)));
            if as_pixels { first..end } else { -end..-first }
        };
        Some((inside(one.0, three.0, self.eastward), inside(one.1, three.1, !self.southward)))
    }

    /// What [`Self::mark`] does, for edges of any direction.
    fn mark_edges(&self, column: i64, row: i64, width: usize, inside: &mut [bool]) -> usize {
        inside.fill(false);
        let rows = row..row + i64::try_from(inside.len() / width).expect("a window is small");
        let rows = if self.southward { -rows.end..-rows.start } else { rows };
        let following = self.corners.iter().cycle().skip(1);
        for (&from, &to) in self.corners.iter().zip(following) {
            // Always upwards, so that both cells at an edge compute the same.
            let (low, high) = if from.1 <= to.1 { (from, to) } else { (to, from) };
            let own = rows.start.max(first_row(low.1))..rows.end.min(first_row(high.1));
            let crossings = Crossings::new(low, high, own.start);
            for (northward, first) in own.zip(crossings) {
                let row = if self.southward { -1 - northward - row } else { northward - row };
                let first = if self.eastward { first } else { -first };
                let row = usize::try_from(row).expect("rows are those of the window");
                flip_from(&mut inside[row * width..(row + 1) * width], first - column);
            }
        }
        inside.iter().filter(|&&inside| inside).count()
    }
}

/// Marks these columns and rows of a window, as far as it has them, and counts them.
fn mark_rectangle(
    columns: Range<i64>,
    rows: Range<i64>,
    width: usize,
    inside: &mut [bool],
) -> usize {
    let clip = |range: Range<i64>, length: usize| {
        let limit = |at: i64| usize::try_from(at.max(0)).map_or(length, |at| at.min(length));
        limit(range.start)..limit(range.end)
    };
    let height = inside.len() / width;
    let (columns, rows) = (clip(columns, width), clip(rows, height));
    if columns.len() == width && rows.len() == height {
        inside.fill(true);
    } else {
        inside.fill(false);
        for row in inside[rows.start * width..rows.end * width].chunks_exact_mut(width) {
            row[columns.clone()].fill(true);
        }
    }
    columns.len() * rows.len()
}

/// The pairs of numbers of eight bytes in `bytes`.
pub(super) fn pairs(bytes: &[u8]) -> impl Iterator<Item = [[u8; 8]; 2]> {
    bytes.as_chunks::<8>().0.as_chunks::<2>().0.iter().copied()
}

/// The pixel coordinate in steps.
fn steps(value: f64) -> i64 {
    let limited = value.clamp(-FAR, FAR) * STEPS as f64;
    #[expect(clippy::cast_possible_truncation, reason = "limited to 2^46")]
    let steps = limited.round() as i64;
    steps
}

/// The first row, counted northwards, whose centre lies on or above `height`.
fn first_row(height: i64) -> i64 {
    -(STEPS / 2 - height).div_euclid(STEPS)
}

/// The first columns whose centres lie on or to the right of an edge, row after row.
struct Crossings {
    /// The column is this number of whole steps to the left.
    left: i128,
    /// What is beyond, in parts of a step: less than `parts`.
    beyond: i128,
    parts: i128,
    /// What a row adds to both.
    more: (i128, i128),
}

impl Crossings {
    /// Of the edge from `low` to `high` in the row `row`, counted northwards, and those after it.
    fn new(low: (i64, i64), high: (i64, i64), row: i64) -> Self {
        let steps = i128::from(STEPS);
        let across = i128::from(high.0 - low.0);
        // Edges along a row cross none.
        let rise = i128::from(high.1 - low.1).max(1);
        let above = i128::from(row) * steps + steps / 2 - i128::from(low.1);
        // column · STEPS + STEPS / 2 >= low.0 + across · above / rise
        let edge = (i128::from(low.0) - steps / 2) * rise + across * above;
        let parts = steps * rise;
        Self {
            left: (-edge).div_euclid(parts),
            beyond: (-edge).rem_euclid(parts),
            parts,
            more: ((-across).div_euclid(rise), (-across).rem_euclid(rise) * steps),
        }
    }
}

impl Iterator for Crossings {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let column = i64::try_from(-self.left).ok();
        self.left += self.more.0;
        self.beyond += self.more.1;
        if self.beyond >= self.parts {
            self.beyond -= self.parts;
            self.left += 1;
        }
        column
    }
}

/// What lies beyond an edge is inside if it was not, and not if it was.
fn flip_from(marks: &mut [bool], first: i64) {
    let first = usize::try_from(first.max(0)).map_or(marks.len(), |first| first.min(marks.len()));
    for mark in &mut marks[first..] {
        *mark = !*mark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tesela_datasets::cell::Outline;

    fn north_up() -> PixelPlacement {
        PixelPlacement::new([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]).unwrap()
    }

    fn marks(footprint: &Footprint, column: i64, row: i64, size: usize) -> (u32, Vec<bool>) {
        let mut inside = vec![true; size * size];
        (footprint.mark(column, row, size, &mut inside), inside)
    }

    #[test]
    fn centres_on_western_and_southern_edges_are_inside_and_others_not() {
        // From 0.5 to 2.5 in both directions: centres lie on all four edges.
        let square = Footprint::new(&north_up(), Outline::square(0.5, -2.5, 2.0).corners);
        let (count, inside) = marks(&square, 0, 0, 4);
        let expected =
            [[false; 4], [true, true, false, false], [true, true, false, false], [false; 4]];
        assert_eq!(inside, expected.concat());
        assert_eq!(count, 4);
    }

    #[test]
    fn west_and_south_stay_so_in_rasters_that_grow_the_other_way() {
        let mirrored = PixelPlacement::new([4.0, -1.0, 0.0, -4.0, 0.0, 1.0]).unwrap();
        let square = Footprint::new(&mirrored, Outline::square(0.5, -2.5, 2.0).corners);
        let (_, inside) = marks(&square, 0, 0, 4);
        // Columns count from x = 4 westwards, rows from y = -4 northwards.
        let expected =
            [[false; 4], [false, false, true, true], [false, false, true, true], [false; 4]];
        assert_eq!(inside, expected.concat());
    }

    #[test]
    fn a_cell_of_1_km_fills_its_window_and_one_turned_by_45_degrees_loses_the_corners() {
        let placement = PixelPlacement::new([0.0, 30.0, 0.0, 0.0, 0.0, -30.0]).unwrap();
        let upright = Footprint::new(&placement, Outline::square(0.0, -1000.0, 1000.0).corners);
        assert_eq!(marks(&upright, 0, 0, 33).0, 1089);
        let half = 500.0 * std::f64::consts::SQRT_2;
        let corners = [(half, 0.0), (0.0, half), (-half, 0.0), (0.0, -half)];
        let centre = 16.5 * 30.0;
        let turned = Footprint::new(
            &placement,
            corners.map(|(x, y)| Point { x: centre + x, y: y - centre }),
        );
        let (count, inside) = marks(&turned, 0, 0, 33);
        assert!((880..940).contains(&count), "{count}");
        assert!(!inside[0] && inside[16 * 33 + 16]);
    }

    proptest! {
        #[test]
        fn rectangles_are_marked_as_edges_mark_them(
            (x, y) in (-3.0..40.0, -3.0..40.0),
            (width, height) in (0.0..40.0, 0.0..40.0),
            quarters in any::<bool>(),
            mirrored in any::<bool>(),
            turn in 0_usize..4,
            backwards in any::<bool>(),
        ) {
            // Quarters put edges on centres and between pixels.
            let rounded = |value: f64| if quarters { (value * 4.0).round() / 4.0 } else { value };
            let [x, y, width, height] = [x, y, width, height].map(rounded);
            let sign = if mirrored { -1.0 } else { 1.0 };
            let placement = PixelPlacement::new([0.0, sign, 0.0, 0.0, 0.0, -sign]).unwrap();
            let mut corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
            corners.rotate_left(turn);
            if backwards {
                corners.reverse();
            }
            let outline = corners.map(|(x, y)| Point { x: sign * x, y: -sign * y });
            let footprint = Footprint::new(&placement, outline);
            prop_assert!(footprint.rectangle().is_some());
            let (mut found, mut expected) = (vec![true; 33 * 33], vec![true; 33 * 33]);
            let count = footprint.mark(2, 3, 33, &mut found);
            let of_edges = footprint.mark_edges(2, 3, 33, &mut expected);
            prop_assert_eq!(count as usize, of_edges);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn outlines_without_area_and_far_away_have_no_pixels() {
        let line = [Point { x: 0.0, y: 0.0 }, Point { x: 9.0, y: -9.0 }];
        assert_eq!(marks(&Footprint::new(&north_up(), line), 0, 0, 8).0, 0);
        assert_eq!(marks(&Footprint::new(&north_up(), []), 0, 0, 8).0, 0);
        let far = Outline::square(1e300, f64::MIN, 1e299);
        assert_eq!(marks(&Footprint::new(&north_up(), far.corners), 0, 0, 8).0, 0);
    }

    proptest! {
        #[test]
        fn an_edge_is_crossed_at_the_first_column_whose_centre_is_not_left_of_it(
            from in (-1_i64 << 46..1 << 46, -1_i64 << 46..1 << 46),
            across in prop_oneof![-1_i64 << 47..1 << 47, -1_i64 << 22..1 << 22],
            rise in prop_oneof![1_i64..1 << 47, 1_i64..1 << 22],
        ) {
            let to = (from.0 + across, from.1 + rise);
            let rows = first_row(from.1)..first_row(to.1);
            let centre = |place: i64| i128::from(place) * i128::from(STEPS) + i128::from(STEPS / 2);
            let is_above = |row: i64, height: i64| centre(row) >= i128::from(height);
            prop_assert!(is_above(rows.start, from.1) && !is_above(rows.start - 1, from.1));
            for (row, found) in rows.clone().zip(Crossings::new(from, to, rows.start)).take(100) {
                let above = centre(row) - i128::from(from.1);
                // (column · STEPS + STEPS / 2 − from) · rise >= across · above
                let reaches = |column: i64| {
                    (centre(column) - i128::from(from.0)) * i128::from(rise) >= i128::from(across) * above
                };
                prop_assert!(reaches(found) && !reaches(found - 1), "row {row}");
            }
        }

        /// A turned, shifted grid of 4 by 4 cells: inside it every pixel belongs to exactly one cell, and
        /// nowhere to two.
        #[test]
        fn neighbours_share_no_pixel_and_leave_none_between_them(
            turn in 0.0_f64..std::f64::consts::TAU,
            x in -3.0_f64..3.0,
            y in -3.0_f64..3.0,
            size in 2.0_f64..9.0,
            whole in any::<bool>(),
        ) {
            // Whole numbers put pixel centres exactly onto edges.
            let (turn, size) = if whole { (0.0, size.round()) } else { (turn, size) };
            let (x, y) = if whole { (x.round() + 0.5, y.round() + 0.5) } else { (x, y) };
            let (sin, cos) = turn.sin_cos();
            let corner = |i: usize, j: usize| {
                let (a, b) = (i as f64 * size - 2.0 * size, j as f64 * size - 2.0 * size);
                Point { x: x + a * cos - b * sin, y: y + a * sin + b * cos }
            };
            let mut owners = vec![0_u8; 80 * 80];
            for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
                let ring = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
                let (count, inside) = marks(&Footprint::new(&north_up(), ring), -40, -40, 80);
                prop_assert_eq!(count as usize, inside.iter().filter(|&&mark| mark).count());
                for (owner, mark) in owners.iter_mut().zip(inside) {
                    *owner += u8::from(mark);
                }
            }
            let ring = [corner(0, 0), corner(4, 0), corner(4, 4), corner(0, 4)];
            let (_, whole) = marks(&Footprint::new(&north_up(), ring), -40, -40, 80);
            for (index, (&owner, inside)) in owners.iter().zip(whole).enumerate() {
                prop_assert!(owner <= 1, "pixel {index} has {owner} owners");
                // The corners of the inner cells are rounded, those of the whole are not: only a
                // pixel that the outer edge passes within a step may differ.
                if whole_interior(index, x, y, turn, size) {
                    prop_assert!(owner == 1 && inside, "pixel {index} has no owner");
                }
            }
        }
    }

    /// Whether the centre of pixel `index` lies well inside the grid of the property above.
    fn whole_interior(index: usize, x: f64, y: f64, turn: f64, size: f64) -> bool {
        let (column, row) = ((index % 80) as f64 - 39.5, (index / 80) as f64 - 39.5);
        let (dx, dy) = (column - x, -row - y);
        let (sin, cos) = turn.sin_cos();
        let (a, b) = (dx * cos + dy * sin, dy * cos - dx * sin);
        a.abs().max(b.abs()) < 2.0 * size - 0.01
    }
}
