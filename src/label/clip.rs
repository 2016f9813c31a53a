//! Clipping of polygons by axis-parallel lines, which keeps areas exact.
//!
//! A ring that is cut by a half-plane (Sutherland and Hodgman 1974) encloses every place of the half-plane
//! as often as before. Where the ring leaves and enters again, edges run along the cut in both directions;
//! they enclose nothing. So signed areas add up, and unions by winding number stay what they are.

use crate::raster::Extent;

/// A position as `[x, y]`.
pub(super) type Position = [f64; 2];

/// Corners in order, the first not repeated at the end. Exteriors turn left, holes turn right.
pub(super) type Ring = Vec<Position>;

/// The side of an axis-parallel line that is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    /// Coordinates of at least the bound.
    From,
    /// Coordinates of at most the bound.
    UpTo,
}

/// The part of `ring` on one `side` of the line where coordinate `axis` equals `bound`.
pub(super) fn clip(ring: &[Position], axis: usize, bound: f64, side: Side) -> Ring {
    let inside = |corner: &Position| match side {
        Side::From => corner[axis] >= bound,
        Side::UpTo => corner[axis] <= bound,
    };
    let mut kept = Vec::with_capacity(ring.len() + 4);
    let Some(mut from) = ring.last() else { return kept };
    for to in ring {
        if inside(from) != inside(to) {
            kept.push(crossing(from, to, axis, bound));
        }
        if inside(to) {
            kept.push(*to);
        }
        from = to;
    }
    kept.dedup();
    kept
}

/// Where the edge meets the line; the same place whichever side is kept.
fn crossing(from: &Position, to: &Position, axis: usize, bound: f64) -> Position {
    let along = (bound - from[axis]) / (to[axis] - from[axis]);
    let other = 1 - axis;
    let mut place = [bound; 2];
    place[other] = from[other] + along * (to[other] - from[other]);
    place
}

/// The part of `ring` inside a rectangle; empty where they do not meet.
pub(super) fn clip_to(ring: &[Position], extent: &Extent) -> Ring {
    let reach = reach(ring);
    let cuts = [
        (reach.min_x < extent.min_x, 0, extent.min_x, Side::From),
        (reach.max_x > extent.max_x, 0, extent.max_x, Side::UpTo),
        (reach.min_y < extent.min_y, 1, extent.min_y, Side::From),
        (reach.max_y > extent.max_y, 1, extent.max_y, Side::UpTo),
    ];
    let mut kept = ring.to_vec();
    for (needed, axis, bound, side) in cuts {
        if needed {
            kept = clip(&kept, axis, bound, side);
        }
    }
    kept
}

/// The area that a ring encloses: positive where it turns left.
///
/// Computed relative to the first corner, so that national coordinates do not cancel away the digits.
pub(super) fn signed_area(ring: &[Position]) -> f64 {
    let Some(&[x, y]) = ring.first() else { return 0.0 };
    let doubled: f64 = ring
        .windows(2)
        .map(|edge| {
            let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
            (ax - x) * (by - y) - (bx - x) * (ay - y)
        })
        .sum();
    doubled / 2.0
}

/// The smallest rectangle that holds the ring; turned inside out without corners.
pub(super) fn reach(ring: &[Position]) -> Extent {
    let empty = Extent {
        min_x: f64::INFINITY,
        min_y: f64::INFINITY,
        max_x: f64::NEG_INFINITY,
        max_y: f64::NEG_INFINITY,
    };
    ring.iter().fold(empty, |reach, &[x, y]| Extent {
        min_x: reach.min_x.min(x),
        min_y: reach.min_y.min(y),
        max_x: reach.max_x.max(x),
        max_y: reach.max_y.max(y),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HORSESHOE: [Position; 8] = [
        [0.0, 0.0],
        [5.0, 0.0],
        [5.0, 4.0],
        [4.0, 4.0],
        [4.0, 1.0],
        [1.0, 1.0],
        [1.0, 4.0],
        [0.0, 4.0],
    ];

    #[test]
    fn a_horseshoe_falls_into_two_arms_of_the_right_area() {
        assert!((signed_area(&HORSESHOE) - 11.0).abs() < 1e-12);
        let arms = clip(&HORSESHOE, 1, 2.0, Side::From);
        assert!((signed_area(&arms) - 4.0).abs() < 1e-12);
        let extent = Extent { min_x: 0.5, min_y: 0.5, max_x: 4.5, max_y: 3.0 };
        // Two arms of 0.5 × 2 and a base of 4 × 0.5.
        assert!((signed_area(&clip_to(&HORSESHOE, &extent)) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_ring_beside_the_rectangle_leaves_nothing() {
        let extent = Extent { min_x: 10.0, min_y: 0.0, max_x: 11.0, max_y: 1.0 };
        assert_eq!(signed_area(&clip_to(&HORSESHOE, &extent)), 0.0);
        assert_eq!(signed_area(&clip_to(&[], &extent)), 0.0);
    }

    proptest! {
        #[test]
        fn both_sides_of_a_cut_add_up(
            ring in prop::collection::vec([0.0..100.0, 0.0..100.0], 3..30),
            axis in 0_usize..2, bound in -10.0..110.0,
        ) {
            let sides = signed_area(&clip(&ring, axis, bound, Side::From))
                + signed_area(&clip(&ring, axis, bound, Side::UpTo));
            // A ring is closed by its first corner, which the windows of an open list leave out: the
            // triangle fan from the first corner makes that edge count nothing.
            prop_assert!((sides - signed_area(&ring)).abs() < 1e-8);
        }
    }
}
