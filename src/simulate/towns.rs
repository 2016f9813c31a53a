//! Towns and villages: where they are, how large, and how densely built at a place.

use std::f64::consts::{PI, TAU};

use tesela_datasets::random::{self, Generator, generator};

use super::boundary::Boundary;
use super::frame::{Block, CELL_METRES, Extent, Frame};
use super::land::Land;
use super::noise::{single, smoothstep};

/// A town or village.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Town {
    /// Metres from the left edge of the country.
    pub(crate) x: f64,
    /// Metres down from the upper edge of the country.
    pub(crate) y: f64,
    /// Mean distance from the centre to the edge, in metres.
    pub(crate) radius: f64,
    /// Share of the ground that is built in the middle.
    pub(crate) density: f32,
    /// How much of the town is informal settlement, 0 to 1.
    pub(crate) informal: f32,
    /// Where the informal settlement lies.
    informal_direction: f32,
    /// Direction of the streets.
    pub(crate) grid: f32,
    /// How far the town goes.
    shape: Shape,
}

/// How far a town goes.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// As far as its radius, more or less: amplitude and phase of the lobes.
    Lobes([(f32, f32); 4]),
    /// As far as given polygons.
    Polygons(Boundary),
}

/// How a place is built.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Built {
    /// Share of ground that belongs to dense settlement.
    pub(crate) dense: f32,
    /// Share of ground that belongs to sparse, informal settlement.
    pub(crate) sparse: f32,
}

impl Town {
    /// A town of `radius` metres with a character drawn from `draw`.
    pub(crate) fn new(x: f64, y: f64, radius: f64, draw: &mut Generator) -> Self {
        let mut unit = || single(random::unit(draw));
        let large = smoothstep(250.0, 1500.0, single(radius));
        let lobes = [0.20, 0.16, 0.12, 0.10]
            .map(|size| (size * (0.4 + 1.2 * unit()), unit() * std::f32::consts::TAU));
        Self {
            x,
            y,
            radius,
            density: 0.42 + 0.22 * unit() + 0.28 * large,
            informal: unit() * (0.40 + 0.60 * large) + 0.15,
            informal_direction: unit() * std::f32::consts::TAU,
            grid: unit() * std::f32::consts::FRAC_PI_2,
            shape: Shape::Lobes(lobes),
        }
    }

    /// A town inside given polygons, whose `boundary` lies around `(x, y)`. It has `residents`, where that
    /// is known; more of them on the same ground leave less of it open.
    pub(crate) fn inside(
        [x, y]: [f64; 2],
        boundary: Boundary,
        residents: Option<f64>,
        draw: &mut Generator,
    ) -> Self {
        let hectares = boundary.square_metres() / 10_000.0;
        let radius = (boundary.square_metres() / PI).sqrt();
        let mut town = Self::new(x, y, radius, draw);
        if let Some(residents) = residents {
            let per_hectare = residents / hectares.max(0.01);
            let crowding = single(per_hectare / (per_hectare + 35.0));
            town.density = 0.34 + 0.56 * crowding + 0.1 * (single(random::unit(draw)) - 0.5);
        }
        town.shape = Shape::Polygons(boundary);
        town
    }

    /// Outside this rectangle nothing is built.
    pub(crate) fn extent(&self) -> Extent {
        let (reach, [left, upper, right, lower]) = match &self.shape {
            Shape::Lobes(_) => (self.radius * 2.6 + 150.0, [0.0; 4]),
            Shape::Polygons(boundary) => (f64::from(self.reach()), boundary.extent()),
        };
        [
            self.x + left - reach,
            self.y + upper - reach,
            self.x + right + reach,
            self.y + lower + reach,
        ]
    }

    /// Width of the edge of a town inside polygons.
    fn fringe(&self) -> f32 {
        (0.22 * single(self.radius)).clamp(45.0, 400.0)
    }

    /// How far from given polygons something is built.
    fn reach(&self) -> f32 {
        2.5 * self.fringe()
    }

    /// Where polygons are given: how far each pixel of `block` is from them, in metres, negative inside.
    pub(crate) fn distances(&self, frame: &Frame, block: &Block) -> Option<Vec<f32>> {
        match &self.shape {
            Shape::Lobes(_) => None,
            Shape::Polygons(boundary) => {
                Some(boundary.distances([self.x, self.y], frame, block, self.reach()))
            }
        }
    }

    /// How a place `(east, south)` metres from the centre is built; `patchiness` is noise of deviation 1 and
    /// `distance` one of [`Self::distances`], where there are any.
    pub(crate) fn built(
        &self,
        [east, south]: [f32; 2],
        distance: Option<f32>,
        patchiness: f32,
    ) -> Built {
        match (&self.shape, distance) {
            (Shape::Lobes(lobes), _) => self.built_in_lobes(lobes, [east, south], patchiness),
            (Shape::Polygons(_), Some(distance)) if distance < self.reach() => {
                self.built_in_polygons([east, south], distance, patchiness)
            }
            (Shape::Polygons(_), _) => Built::default(),
        }
    }

    fn built_in_polygons(&self, [east, south]: [f32; 2], distance: f32, patchiness: f32) -> Built {
        let place = distance / self.fringe();
        // Inside, parks and vacant lots; real outlines enclose them.
        let solid = 1.0 - 0.4 * smoothstep(0.7, 2.4, patchiness);
        let dense = self.density * solid * (1.0 - smoothstep(-1.0, 0.5, place + 0.35 * patchiness));
        let ring =
            smoothstep(-1.4, -0.3, place) * (1.0 - smoothstep(0.5, 2.0, place + 0.5 * patchiness));
        let houses = 0.13 * (1.0 - smoothstep(0.0, 2.2, place));
        self.with_informal(dense, ring, houses, south.atan2(east), patchiness)
    }

    fn built_in_lobes(
        &self,
        lobes: &[(f32, f32); 4],
        [east, south]: [f32; 2],
        patchiness: f32,
    ) -> Built {
        let distance = (east * east + south * south).sqrt() / single(self.radius);
        if distance > 2.6 {
            return Built::default();
        }
        let angle = south.atan2(east);
        let lobes: f32 = (1_u8..)
            .zip(lobes)
            .map(|(order, (size, phase))| size * (f32::from(order) * angle + phase).cos())
            .sum();
        let place = distance / (1.0 + lobes).max(0.35);
        let edge = place + 0.20 * patchiness;
        let dense = self.density * (1.0 - smoothstep(0.55, 1.20, edge));
        let ring =
            smoothstep(0.5, 0.95, place) * (1.0 - smoothstep(1.25, 1.9, place + 0.25 * patchiness));
        let houses = 0.13 * (1.0 - smoothstep(1.0, 2.0, place));
        self.with_informal(dense, ring, houses, angle, patchiness)
    }

    /// Adds what stands in the `ring` around the dense part: informal settlement in one direction, single
    /// houses in all.
    fn with_informal(
        &self,
        dense: f32,
        ring: f32,
        houses: f32,
        angle: f32,
        patchiness: f32,
    ) -> Built {
        let toward = smoothstep(-0.2, 0.8, (angle - self.informal_direction).cos());
        let sparse = (self.informal * toward * ring * 1.2)
            .min(1.0)
            .max(houses * (1.0 + 0.6 * patchiness).max(0.0));
        Built { dense, sparse: sparse * (1.0 - dense) }
    }
}

/// What decides about the towns of a country.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TownPlan {
    /// Seed of the country.
    pub(crate) seed: u64,
    /// Cells from left to right and from top to bottom.
    pub(crate) cells: [u32; 2],
    /// Share of cells that are to be urban.
    pub(crate) urban_share: f64,
}

/// Area of the smallest town, in cells.
const SMALLEST: f64 = 0.35;
/// Urban cells per unit of town area, measured over seeds: edges count half.
const YIELD: f64 = 1.45;
/// Villages per cell of the country.
const VILLAGES: f64 = 0.045;

impl TownPlan {
    /// Towns by falling size (Zipf's rule), then villages.
    pub(crate) fn settle(&self, land: &Land) -> Vec<Town> {
        let mut towns: Vec<Town> = Vec::new();
        for (rank, area) in (0_u64..).zip(self.town_areas()) {
            let mut draw = generator(self.seed, &[1, rank]);
            let radius = (area / PI).sqrt() * CELL_METRES * (0.92 + 0.16 * random::unit(&mut draw));
            let place = self.place(land, &towns, radius, &mut draw);
            towns.push(Town::new(place[0], place[1], radius, &mut draw));
        }
        let count = (self.area() * VILLAGES * self.urban_share / 0.02).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: below 2³²"
        )]
        let count = count as u64;
        for index in 0..count {
            let mut draw = generator(self.seed, &[2, index]);
            // A power law between 70 and 420 m.
            let radius = 70.0 * (1.0 - 0.985 * random::unit(&mut draw)).powf(-0.43);
            let place = self.place(land, &[], radius, &mut draw);
            towns.push(Town::new(place[0], place[1], radius, &mut draw));
        }
        towns
    }

    fn area(&self) -> f64 {
        f64::from(self.cells[0]) * f64::from(self.cells[1])
    }

    /// Areas in cells by rank: the largest over the rank, down to the smallest, of the wanted sum.
    fn town_areas(&self) -> Vec<f64> {
        let wanted = self.area() * self.urban_share / YIELD;
        let areas = |largest: f64| {
            (1_u32..)
                .map(move |rank| largest / f64::from(rank).powf(0.95))
                .take_while(|&area| area >= SMALLEST)
        };
        let (mut low, mut high) = (0.0, wanted.max(SMALLEST));
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if areas(middle).sum::<f64>() < wanted { low = middle } else { high = middle }
        }
        areas(high).collect()
    }

    /// The best of some places: level, watered, and not on another town; small towns seek company.
    fn place(&self, land: &Land, towns: &[Town], radius: f64, draw: &mut Generator) -> [f64; 2] {
        let extent = self.cells.map(|cells| f64::from(cells) * CELL_METRES);
        let mut best = ([0.0, 0.0], f64::NEG_INFINITY);
        for _ in 0..10 {
            let place = match near(towns, draw) {
                Some(place) => place,
                None => extent.map(|metres| metres * random::unit(draw)),
            };
            let [x, y] = place;
            let inside =
                place.iter().zip(extent).all(|(&at, end)| at > radius && at < end - radius);
            let crowd = towns
                .iter()
                .map(|town| 1.15 * (town.radius + radius) - (town.x - x).hypot(town.y - y))
                .fold(0.0, f64::max);
            let score = f64::from(land.river_at(x, y)) - 3.0 * f64::from(land.relief_at(x, y))
                + 0.8 * f64::from(land.moisture_at(x, y))
                - 4.0 * crowd / (radius + 500.0)
                - if inside { 0.0 } else { 5.0 }
                + 0.8 * random::unit(draw);
            if score > best.1 {
                best = (place, score);
            }
        }
        best.0
    }
}

/// Now and then a place around a larger town.
fn near(towns: &[Town], draw: &mut Generator) -> Option<[f64; 2]> {
    if towns.is_empty() || random::unit(draw) > 0.35 {
        return None;
    }
    let rank = (towns.len() as f64).powf(random::unit(draw)) - 1.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lies below the number of towns"
    )]
    let town = &towns[(rank.max(0.0) as usize).min(towns.len() - 1)];
    let distance = town.radius * (1.3 + 2.2 * random::unit(draw));
    let (sine, cosine) = (TAU * random::unit(draw)).sin_cos();
    Some([town.x + distance * cosine, town.y + distance * sine])
}
