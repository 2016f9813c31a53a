//! How much of a cell polygons cover.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::simplify::SimplifyShape;
use i_overlay::float::single::SingleFloatOverlay;
use tesela_datasets::cell::Outline;

use super::clip::{Position, Ring, clip_to, reach, signed_area};
use super::index::{Group, Piece, PolygonIndex};
use crate::raster::Extent;

/// The shares of a cell that polygons cover, each from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shares {
    /// Covered by the polygons of each group.
    pub(super) groups: Vec<f64>,
    /// Covered by polygons of any group.
    pub(super) named: f64,
    /// Covered by polygons of any group or none.
    pub(super) all: f64,
}

/// The part of a polygon inside a cell, relative to the cell's corner.
struct Part {
    polygon: u32,
    group: Group,
    rings: Vec<Ring>,
    area: f64,
}

/// What the polygons of `index`, counted in `groups`, cover of a cell.
pub(super) fn shares(index: &PolygonIndex, groups: usize, cell: &Outline) -> Shares {
    let none = || Shares { groups: vec![0.0; groups], named: 0.0, all: 0.0 };
    let corners: Ring = cell.corners.iter().map(|corner| [corner.x, corner.y]).collect();
    let area = signed_area(&corners).abs();
    let pieces = if area > 0.0 { index.near(&reach(&corners)) } else { Vec::new() };
    if pieces.is_empty() {
        return none();
    }
    let parts = match rectangle(&corners) {
        Some(extent) => parts_in_rectangle(&pieces, &extent),
        None => parts_in_outline(&pieces, &corners),
    };
    let all = parts.iter().collect::<Vec<_>>();
    let named: Vec<&Part> = parts.iter().filter(|part| part.group.is_some()).collect();
    let share = |parts: &[&Part]| (united_area(parts) / area).clamp(0.0, 1.0);
    // Most cells meet one polygon or none, or polygons of one group: a part counts the same then.
    let all_share = share(&all);
    let named_share = if named.len() == all.len() { all_share } else { share(&named) };
    let group_share = |own: usize| {
        let group: Vec<&Part> =
            named.iter().copied().filter(|part| part.group == Some(own)).collect();
        if group.len() == named.len() { named_share } else { share(&group) }
    };
    Shares { groups: (0..groups).map(group_share).collect(), named: named_share, all: all_share }
}

/// The rectangle that four corners make, if they make an axis-parallel one.
fn rectangle(corners: &[Position]) -> Option<Extent> {
    let extent = reach(corners);
    let at_corner = |&[x, y]: &Position| {
        (x == extent.min_x || x == extent.max_x) && (y == extent.min_y || y == extent.max_y)
    };
    let whole = (extent.max_x - extent.min_x) * (extent.max_y - extent.min_y);
    let full = (signed_area(corners).abs() - whole).abs() <= whole * 1e-12;
    (corners.len() == 4 && corners.iter().all(at_corner) && full).then_some(extent)
}

fn parts_in_rectangle(pieces: &[&Piece], extent: &Extent) -> Vec<Part> {
    let clipped = |piece: &&Piece| {
        let rings = piece.rings.iter().map(|ring| clip_to(ring, extent));
        let rings: Vec<Ring> = rings.filter(|ring| ring.len() > 2).collect();
        part(piece, &rings, [extent.min_x, extent.min_y])
    };
    pieces.iter().filter_map(clipped).collect()
}

/// For cells that are rotated or of any other form.
fn parts_in_outline(pieces: &[&Piece], corners: &[Position]) -> Vec<Part> {
    let origin = corners.first().copied().unwrap_or_default();
    let mut cell = vec![moved(corners, origin)];
    if signed_area(corners) < 0.0 {
        cell[0].reverse();
    }
    let clipped = |piece: &&Piece| {
        let rings: Vec<Ring> = piece.rings.iter().map(|ring| moved(ring, origin)).collect();
        let shapes = rings.overlay_as::<i64>(&cell, OverlayRule::Intersect, FillRule::NonZero);
        let rings: Vec<Ring> = shapes.into_iter().flatten().collect();
        part(piece, &rings, [0.0, 0.0])
    };
    pieces.iter().filter_map(clipped).collect()
}

fn part(piece: &Piece, rings: &[Ring], origin: Position) -> Option<Part> {
    let area: f64 = rings.iter().map(|ring| signed_area(ring)).sum();
    (area > 0.0).then(|| Part {
        polygon: piece.polygon,
        group: piece.group,
        rings: rings.iter().map(|ring| moved(ring, origin)).collect(),
        area,
    })
}

fn moved(ring: &[Position], [x, y]: Position) -> Ring {
    ring.iter().map(|corner| [corner[0] - x, corner[1] - y]).collect()
}

/// The area that the parts cover together: what several cover counts once.
fn united_area(parts: &[&Part]) -> f64 {
    // Parts of one polygon do not overlap.
    if parts.windows(2).all(|pair| pair[0].polygon == pair[1].polygon) {
        return parts.iter().map(|part| part.area).sum();
    }
    let rings: Vec<Ring> = parts.iter().flat_map(|part| part.rings.iter().cloned()).collect();
    let shapes = rings.simplify_shape_as::<i64>(FillRule::NonZero);
    shapes.iter().flatten().map(|ring| signed_area(ring)).sum::<f64>().abs()
}
