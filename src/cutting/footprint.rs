//! Footprints: which pixels lie inside a cell.
//!
//! A pixel is inside when its centre is. Neighbouring cells share their edges, and no pixel may belong to two of
//! them or, between two of them, to none, whatever the rotation of the grid. So corners are rounded to a
//! fine grid of whole numbers (a 65,536th of a pixel: half a millimetre at 30 m), equal corners stay equal, and
//! from there on every decision is made in exact arithmetic: an edge decides the same for the cells on both
//! its sides.

use crate::raster::PixelPlacement;
use tesela_datasets::cell::Point;

/// Steps per pixel.
const STEPS: i64 = 1 << 16;
/// Edges that are shorter than this, 32,768 pixels, need no more than 64 bits.
const SHORT: i64 = 1 << 31;
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
        let mut crossings = Vec::with_capacity(self.corners.len());
        let mut count = 0;
        inside.fill(false);
        for (row, marks) in (row..).zip(inside.chunks_exact_mut(width)) {
            self.crossings_of_row(row, &mut crossings);
            for span in crossings.chunks_exact(2) {
                count += mark_span(marks, self.columns(span[0], span[1], column));
            }
        }
        count
    }

    /// Between which columns, on the eastward axis, the row is inside: pairs of first and first beyond.
    fn crossings_of_row(&self, row: i64, crossings: &mut Vec<i64>) {
        let row = if self.southward { -1 - row } else { row };
        let height = row * STEPS + STEPS / 2;
        crossings.clear();
        let following = self.corners.iter().cycle().skip(1);
        for (&from, &to) in self.corners.iter().zip(following) {
            // Always upwards, so that both cells at an edge compute the same.
            let (low, high) = if from.1 <= to.1 { (from, to) } else { (to, from) };
            if low.1 <= height && height < high.1 {
                crossings.push(first_column(low, high, height));
            }
        }
        crossings.sort_unstable();
    }

    /// The places in a window from `column` on of the columns `first..beyond` of the eastward axis.
    fn columns(&self, first: i64, beyond: i64, column: i64) -> (i64, i64) {
        if self.eastward {
            (first - column, beyond - column)
        } else {
            (-beyond - column, -first - column)
        }
    }
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

/// The first column whose centre lies on or to the right of the edge from `low` to `high` at `height`.
fn first_column(low: (i64, i64), high: (i64, i64), height: i64) -> i64 {
    let (across, rise, above) = (high.0 - low.0, high.1 - low.1, height - low.1);
    let (whole, rest) = (low.0.div_euclid(STEPS), low.0.rem_euclid(STEPS));
    // (column − whole) · STEPS + STEPS / 2 >= rest + across · above / rise, with rise > 0
    let from = rest - STEPS / 2;
    let column = if across.abs().max(rise) < SHORT {
        let (dividend, divisor) = (from * rise + across * above, STEPS * rise);
        -(-dividend).div_euclid(divisor)
    } else {
        let dividend = i128::from(from) * i128::from(rise) + i128::from(across) * i128::from(above);
        let divisor = i128::from(STEPS) * i128::from(rise);
        i64::try_from(-(-dividend).div_euclid(divisor)).expect("a crossing is between corners")
    };
    whole + column
}

fn mark_span(marks: &mut [bool], (first, beyond): (i64, i64)) -> u32 {
    let width = i64::try_from(marks.len()).expect("a window fits memory");
    let place = |column: i64| usize::try_from(column.clamp(0, width)).expect("not negative");
    let (first, beyond) = (place(first), place(beyond));
    let span = &mut marks[first..beyond.max(first)];
    span.fill(true);
    u32::try_from(span.len()).expect("a window has few columns")
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
            across in prop_oneof![-1_i64 << 32..1 << 32, -1_i64 << 22..1 << 22],
            rise in prop_oneof![1_i64..1 << 32, 1_i64..1 << 22],
            share in 0_i64..1000,
        ) {
            let above = rise * share / 1000;
            let found = first_column(from, (from.0 + across, from.1 + rise), from.1 + above);
            // (column · STEPS + STEPS / 2 − from) · rise >= across · above
            let reaches = |column: i64| {
                let centre = i128::from(column) * i128::from(STEPS) + i128::from(STEPS / 2);
                (centre - i128::from(from.0)) * i128::from(rise) >= i128::from(across) * i128::from(above)
            };
            prop_assert!(reaches(found) && !reaches(found - 1));
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
