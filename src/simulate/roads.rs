//! Roads: every town is joined to its nearest larger neighbours, every village to a town.

use tesela_datasets::random::{self, generator};

use super::frame::{Block, Extent, Frame};
use super::noise::single;
use super::towns::Town;

/// A straight piece of road.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Road {
    from: [f32; 2],
    to: [f32; 2],
    width: f32,
    paved: bool,
}

/// How much of a pixel is road.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RoadShare {
    /// Asphalt.
    pub(crate) paved: f32,
    /// Beaten earth.
    pub(crate) track: f32,
}

/// A town from this radius on (metres) has paved roads.
const PAVED_RADIUS: f64 = 380.0;
/// Longest straight piece.
const PIECE_METRES: f64 = 450.0;

/// The roads between `towns`, which come by falling importance.
pub(crate) fn connect(seed: u64, towns: &[Town]) -> Vec<Road> {
    let hubs: Vec<usize> =
        (0..towns.len()).filter(|&index| towns[index].radius >= PAVED_RADIUS).collect();
    let mut roads = Vec::new();
    for (index, town) in towns.iter().enumerate() {
        let paved = town.radius >= PAVED_RADIUS;
        let larger = hubs
            .iter()
            .copied()
            .take_while(|&hub| hub < index || !paved)
            .filter(|&hub| hub != index);
        let neighbours = nearest(town, towns, larger, if paved { 2 } else { 1 });
        for neighbour in neighbours {
            let width = if paved { (8.0 + town.radius / 150.0).min(26.0) } else { 7.0 };
            let mut draw = generator(seed, &[3, index as u64, neighbour as u64]);
            let (from, to) = ([town.x, town.y], [towns[neighbour].x, towns[neighbour].y]);
            let mut points = vec![from];
            wind(from, to, &mut || random::unit(&mut draw) - 0.5, &mut points);
            roads.extend(points.windows(2).map(|pair| Road {
                from: pair[0].map(single),
                to: pair[1].map(single),
                width: single(width),
                paved,
            }));
        }
    }
    roads
}

fn nearest(
    town: &Town,
    towns: &[Town],
    candidates: impl Iterator<Item = usize>,
    count: usize,
) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(count + 1);
    for candidate in candidates {
        let distance = (towns[candidate].x - town.x).hypot(towns[candidate].y - town.y);
        let place = best.partition_point(|&(other, _)| other <= distance);
        if place < count {
            best.insert(place, (distance, candidate));
            best.truncate(count);
        }
    }
    best.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Appends the points of a winding way by displacing midpoints.
fn wind(from: [f64; 2], to: [f64; 2], draw: &mut impl FnMut() -> f64, points: &mut Vec<[f64; 2]>) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    if dx.hypot(dy) <= PIECE_METRES {
        points.push(to);
        return;
    }
    let bend = 0.22 * draw();
    let middle =
        [f64::midpoint(from[0], to[0]) - dy * bend, f64::midpoint(from[1], to[1]) + dx * bend];
    wind(from, middle, draw, points);
    wind(middle, to, draw, points);
}

impl Road {
    /// The rectangle that it may colour.
    pub(crate) fn extent(&self) -> Extent {
        let reach = self.reach();
        let edge = |axis: usize| {
            let (a, b) = (f64::from(self.from[axis]), f64::from(self.to[axis]));
            (a.min(b) - reach, a.max(b) + reach)
        };
        let ((left, right), (upper, lower)) = (edge(0), edge(1));
        [left, upper, right, lower]
    }

    fn reach(&self) -> f64 {
        f64::from(self.width) / 2.0 + 30.0
    }

    /// Draws the road into `shares`, the pixels of `frame`.
    pub(crate) fn draw(&self, frame: &Frame, shares: &mut [RoadShare]) {
        let Block { rows, columns } = frame.within(self.extent());
        for row in rows {
            for column in columns.clone() {
                let share = self.share_at(frame.x(column), frame.y(row));
                let pixel = &mut shares[row * frame.width + column];
                let own = if self.paved { &mut pixel.paved } else { &mut pixel.track };
                *own = own.max(share);
            }
        }
    }

    /// The share of a pixel around a place that the road covers.
    fn share_at(&self, x: f64, y: f64) -> f32 {
        let offset = [single(x - f64::from(self.from[0])), single(y - f64::from(self.from[1]))];
        let along = [self.to[0] - self.from[0], self.to[1] - self.from[1]];
        let length = (along[0] * along[0] + along[1] * along[1]).max(1.0);
        let part = ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0);
        let (dx, dy) = (offset[0] - part * along[0], offset[1] - part * along[1]);
        let distance = (dx * dx + dy * dy).sqrt();
        // The road is a band of `width`, the pixel one of 30 m: the overlap falls linearly.
        let overlap = (15.0 + self.width / 2.0 - distance).clamp(0.0, self.width.min(30.0));
        overlap / 30.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town(x: f64, y: f64, radius: f64) -> Town {
        Town::new(x, y, radius, &mut generator(1, &[]))
    }

    #[test]
    fn every_town_is_joined_to_another() {
        let towns = [town(0.0, 0.0, 3000.0), town(9000.0, 0.0, 900.0), town(4000.0, 4000.0, 100.0)];
        let roads = connect(5, &towns);
        for town in &towns {
            let place = [single(town.x), single(town.y)];
            assert!(roads.iter().any(|road| road.from == place || road.to == place));
        }
        assert!(roads.iter().any(|road| road.paved) && roads.iter().any(|road| !road.paved));
    }

    #[test]
    fn a_road_covers_the_pixels_that_it_crosses() {
        let road = Road { from: [0.0, 105.0], to: [600.0, 105.0], width: 15.0, paved: true };
        let frame = Frame { column: 0, row: 0, width: 20, height: 8 };
        let mut shares = vec![RoadShare::default(); frame.len()];
        road.draw(&frame, &mut shares);
        assert_eq!(shares[3 * 20 + 10].paved, 0.5);
        assert_eq!(shares[7 * 20 + 10].paved, 0.0);
    }
}
