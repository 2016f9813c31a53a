//! An index of polygons: which of them a cell may meet.
//!
//! Polygons are cut into pieces of few corners, so that a national boundary costs a cell no more than a
//! village does. Pieces of one polygon touch and never overlap.

use geo_types::{LineString, MultiPolygon};
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::clip::{Position, Ring, Side, clip, reach, signed_area};
use crate::raster::{Extent, RasterError, Transform};

/// Corners that a piece may have.
const PIECE_CORNERS: usize = 64;

/// How often a polygon is halved at most; beyond, corners crowd in one place and halving no longer helps.
const HALVINGS: u32 = 30;

/// What a polygon counts as.
pub(crate) type Group = Option<usize>;

/// A part of a polygon.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Exteriors and holes.
    pub(super) rings: Vec<Ring>,
    /// Number of the polygon, in the order of the source.
    pub(super) polygon: u32,
    /// What it counts as; `None` for a polygon of no named class.
    pub(super) group: Group,
    reach: Extent,
}

impl RTreeObject for Piece {
    type Envelope = AABB<Position>;

    fn envelope(&self) -> Self::Envelope {
        envelope(&self.reach)
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, point: &Position) -> f64 {
        let mut inside = false;
        let mut nearest = f64::INFINITY;
        for ring in &self.rings {
            let Some(mut from) = ring.last() else { continue };
            for to in ring {
                nearest = nearest.min(distance_to_edge(point, from, to));
                inside ^= passes_east_of(point, from, to);
                from = to;
            }
        }
        if inside { 0.0 } else { nearest }
    }
}

/// Polygons that are ready to be asked.
#[derive(Debug)]
pub(crate) struct PolygonIndex {
    tree: RTree<Piece>,
}

impl PolygonIndex {
    /// The pieces that may meet `extent`, in the order of the source.
    pub(super) fn near(&self, extent: &Extent) -> Vec<&Piece> {
        let mut pieces: Vec<&Piece> =
            self.tree.locate_in_envelope_intersecting(envelope(extent)).collect();
        // Sums of floating-point numbers depend on their order; the tree's own order is its affair.
        pieces.sort_by(|a, b| a.polygon.cmp(&b.polygon).then_with(|| by_place(a, b)));
        pieces
    }

    /// Whether a polygon lies within `distance` of the place, or holds it.
    pub(super) fn is_within(&self, x: f64, y: f64, distance: f64) -> bool {
        self.tree.locate_within_distance([x, y], distance * distance).next().is_some()
    }

    /// What the polygons that hold the place count as, in the order of the source; those on whose edge it lies are among them.
    pub(crate) fn holding(&self, x: f64, y: f64) -> Vec<Group> {
        let mut found: Vec<(u32, Group)> = self
            .tree
            .locate_within_distance([x, y], 0.0)
            .map(|piece| (piece.polygon, piece.group))
            .collect();
        found.sort_unstable();
        // A place on the cut between two pieces lies in both.
        found.dedup();
        found.into_iter().map(|(_, group)| group).collect()
    }

    /// The ground that the polygons reach over; `None` without any.
    pub(super) fn reach(&self) -> Option<Extent> {
        let corners = self.tree.iter().flat_map(|piece| {
            [(piece.reach.min_x, piece.reach.min_y), (piece.reach.max_x, piece.reach.max_y)]
        });
        Extent::around(corners)
    }
}

/// Collects polygons for an index.
#[derive(Debug, Default)]
pub(crate) struct IndexBuilder {
    pieces: Vec<Piece>,
    polygons: u32,
}

impl IndexBuilder {
    /// Adds the polygons of one feature, moved by `transform`, as `group`.
    ///
    /// # Errors
    /// If a corner has no place in the other coordinate system.
    pub(crate) fn add(
        &mut self,
        polygons: &MultiPolygon<f64>,
        group: Group,
        transform: &Transform,
    ) -> Result<(), RasterError> {
        let mut rings = Vec::new();
        for polygon in polygons {
            rings.extend(ring(polygon.exterior(), 1.0, transform)?);
            for hole in polygon.interiors() {
                rings.extend(ring(hole, -1.0, transform)?);
            }
        }
        if !rings.is_empty() {
            self.divide(
                Piece { reach: joint_reach(&rings), rings, polygon: self.polygons, group },
                0,
            );
            self.polygons += 1;
        }
        Ok(())
    }

    /// Builds the index.
    pub(crate) fn build(self) -> PolygonIndex {
        PolygonIndex { tree: RTree::bulk_load(self.pieces) }
    }

    /// Halves a piece until its parts have few corners.
    fn divide(&mut self, piece: Piece, halvings: u32) {
        let corners: usize = piece.rings.iter().map(Vec::len).sum();
        if corners <= PIECE_CORNERS || halvings == HALVINGS {
            self.pieces.push(piece);
            return;
        }
        let Extent { min_x, min_y, max_x, max_y } = piece.reach;
        let wide = max_x - min_x >= max_y - min_y;
        let (axis, bound) =
            if wide { (0, min_x.midpoint(max_x)) } else { (1, min_y.midpoint(max_y)) };
        for side in [Side::UpTo, Side::From] {
            let rings: Vec<Ring> = piece
                .rings
                .iter()
                .map(|ring| clip(ring, axis, bound, side))
                .filter(|ring| ring.len() > 2)
                .collect();
            if !rings.is_empty() {
                let reach = joint_reach(&rings);
                let (polygon, group) = (piece.polygon, piece.group);
                self.divide(Piece { rings, polygon, group, reach }, halvings + 1);
            }
        }
    }
}

/// The corners of a closed line, moved and turned: to the left for `turn` = 1, to the right for -1.
fn ring(
    line: &LineString<f64>,
    turn: f64,
    transform: &Transform,
) -> Result<Option<Ring>, RasterError> {
    let (mut x, mut y): (Vec<f64>, Vec<f64>) =
        line.coords().map(|corner| (corner.x, corner.y)).unzip();
    transform.points(&mut x, &mut y)?;
    let mut ring: Ring = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let area = signed_area(&ring);
    if area * turn < 0.0 {
        ring.reverse();
    }
    Ok((area != 0.0).then_some(ring))
}

fn joint_reach(rings: &[Ring]) -> Extent {
    rings
        .iter()
        .map(|ring| reach(ring))
        .reduce(|a, b| Extent {
            min_x: a.min_x.min(b.min_x),
            min_y: a.min_y.min(b.min_y),
            max_x: a.max_x.max(b.max_x),
            max_y: a.max_y.max(b.max_y),
        })
        .expect("a piece has a ring")
}

fn envelope(extent: &Extent) -> AABB<Position> {
    AABB::from_corners([extent.min_x, extent.min_y], [extent.max_x, extent.max_y])
}

fn by_place(a: &Piece, b: &Piece) -> std::cmp::Ordering {
    a.reach.min_x.total_cmp(&b.reach.min_x).then_with(|| a.reach.min_y.total_cmp(&b.reach.min_y))
}

/// The squared distance from a place to an edge.
fn distance_to_edge(place: &Position, from: &Position, to: &Position) -> f64 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let (px, py) = (place[0] - from[0], place[1] - from[1]);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - along * dx).powi(2) + (py - along * dy).powi(2)
}

/// Whether a ray from the place to the east meets the edge.
fn passes_east_of(place: &Position, from: &Position, to: &Position) -> bool {
    (from[1] > place[1]) != (to[1] > place[1])
        && place[0] < from[0] + (place[1] - from[1]) / (to[1] - from[1]) * (to[0] - from[0])
}
