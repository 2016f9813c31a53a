//! Draws the pixels of a frame: land, fields, settlement and roads, mixed inside each pixel.

use super::frame::Frame;
use super::land::LandFields;
use super::noise::{Fractal, hash, share, smoothstep};
use super::parcels::parcel_at;
use super::roads::RoadShare;
use super::sensor::place;
use super::spectra::{Mixture, Spectrum, Surface};
use super::towns::{Built, Town};

/// What stands in for the houses, streets and yards of one frame.
#[derive(Debug)]
pub(crate) struct SettlementFields {
    /// How each pixel is built.
    pub(crate) built: Vec<Built>,
    /// Index of the town that decides about each pixel's streets; meaningful where it is built.
    pub(crate) town: Vec<u32>,
}

/// Paints pixels from fields.
#[derive(Debug, Clone)]
pub(crate) struct Painter {
    seed: u32,
    patchiness: Fractal,
}

/// A pixel and everything around it that matters.
struct Pixel<'a> {
    index: usize,
    x: f64,
    y: f64,
    /// Random bits of the pixel.
    bits: u32,
    land: &'a LandFields,
}

impl Painter {
    /// The painter of the country with this seed.
    pub(crate) fn new(seed: u32) -> Self {
        Self { seed, patchiness: Fractal::new(hash(seed, 31, 1), 1400.0, 4, 0.75) }
    }

    /// How the pixels of `frame` are built by `towns`, which come with their numbers, in rising order.
    pub(crate) fn settlement(&self, frame: &Frame, towns: &[(u32, &Town)]) -> SettlementFields {
        let mut fields = SettlementFields {
            built: vec![Built::default(); frame.len()],
            town: vec![0; frame.len()],
        };
        if towns.is_empty() {
            return fields;
        }
        let patchiness = self.patchiness.fill(frame);
        for &(number, town) in towns {
            let block = frame.within(town.extent());
            let distances = town.distances(frame, &block);
            let mut distances = distances.iter().flatten().copied();
            for row in block.rows.clone() {
                for column in block.columns.clone() {
                    let index = row * frame.width + column;
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "differences of some kilometres"
                    )]
                    let (east, south) =
                        ((frame.x(column) - town.x) as f32, (frame.y(row) - town.y) as f32);
                    let own = town.built([east, south], distances.next(), patchiness[index]);
                    let built = &mut fields.built[index];
                    if own.dense + own.sparse > built.dense + built.sparse {
                        fields.town[index] = number;
                    }
                    built.dense = 1.0 - (1.0 - built.dense) * (1.0 - own.dense);
                    built.sparse =
                        (1.0 - (1.0 - built.sparse) * (1.0 - own.sparse)) * (1.0 - built.dense);
                }
            }
        }
        fields
    }

    /// Reflectance of the ground under `frame`, lit by the sun.
    pub(crate) fn ground(
        &self,
        frame: &Frame,
        land: &LandFields,
        settlement: &SettlementFields,
        towns: &[Town],
        roads: &[RoadShare],
    ) -> Vec<Spectrum> {
        let mut ground = Vec::with_capacity(frame.len());
        for row in 0..frame.height {
            for column in 0..frame.width {
                let index = row * frame.width + column;
                let (across, down) = place(frame, row, column);
                let bits = hash(self.seed ^ 0xA5, across, down);
                let pixel = Pixel { index, x: frame.x(column), y: frame.y(row), bits, land };
                let mut mixture = self.open_land(&pixel);
                lay_roads(&mut mixture, &pixel, roads[index]);
                let built = settlement.built[index];
                if built.dense + built.sparse > 0.0 {
                    self.lay_settlement(
                        &mut mixture,
                        &pixel,
                        built,
                        &towns[settlement.town[index] as usize],
                    );
                }
                // Houses stand on levelled ground.
                let slope = (land.light[index] - 1.0) * (1.0 - 0.7 * built.dense);
                ground.push(mixture.mean().map(|value| value * (1.0 + slope)));
            }
        }
        ground
    }

    /// Land without settlement: water, tilled or wild.
    fn open_land(&self, pixel: &Pixel) -> Mixture {
        let (land, index) = (pixel.land, pixel.index);
        let mut mixture =
            if land.farms[index] > 0.02 { self.farmed_or_wild(pixel) } else { wild(pixel) };
        let bank = land.bank[index];
        if bank > 0.01 {
            let mut bed = Mixture::default();
            bed.add(Surface::Caliche, 0.35, 0.9 + 0.1 * land.ground[index]);
            bed.add(Surface::Rock, 0.30, 1.0);
            bed.add(Surface::Scrub, 0.2 + 0.3 * land.moisture[index], 1.0);
            mixture.over(&bed, 0.75 * bank);
        }
        let water = land.water[index];
        if water > 0.0 {
            let mut open = Mixture::default();
            let turbid = smoothstep(-0.8, 1.2, land.red[index]);
            open.add(Surface::TurbidWater, turbid, 1.0);
            open.add(Surface::ClearWater, 1.0 - turbid, 1.0);
            mixture.over(&open, water);
        }
        mixture
    }

    fn farmed_or_wild(&self, pixel: &Pixel) -> Mixture {
        let (land, index) = (pixel.land, pixel.index);
        let bend = [500.0 * land.red[index], 500.0 * land.dark[index]];
        let parcel = parcel_at(self.seed ^ 0x77, pixel.x, pixel.y, bend);
        if share(hash(parcel, 1, 0)) > land.farms[index] {
            return wild(pixel);
        }
        field(pixel, parcel)
    }

    fn lay_settlement(&self, mixture: &mut Mixture, pixel: &Pixel, built: Built, town: &Town) {
        let block =
            parcel_at(self.seed ^ town.grid.to_bits(), pixel.x * 2.2, pixel.y * 2.2, [0.0, 0.0]);
        let free = (1.0 - built.dense).max(1e-3);
        mixture.over(&sparse_block(pixel, block), (built.sparse / free).min(1.0));
        mixture.over(&dense_block(pixel, town, block), built.dense);
    }
}

/// Bare ground in the colour of the place.
fn soil(mixture: &mut Mixture, pixel: &Pixel, part: f32, brightness: f32) {
    let (land, index) = (pixel.land, pixel.index);
    let red = smoothstep(-1.2, 1.2, land.red[index]);
    let dark = smoothstep(0.2, 1.8, land.dark[index]);
    let chalk = smoothstep(1.0, 2.2, -land.dark[index]);
    let local = brightness * (1.0 + 0.11 * land.ground[index]).max(0.5);
    let rest = part * (1.0 - dark) * (1.0 - chalk);
    mixture.add(Surface::DarkSoil, part * dark, local);
    mixture.add(Surface::Caliche, part * chalk * (1.0 - dark), local);
    mixture.add(Surface::RedSoil, rest * red, local);
    mixture.add(Surface::PaleSoil, rest * (1.0 - red), local);
}

/// Grass, scrub, forest, bare ground and rock.
fn wild(pixel: &Pixel) -> Mixture {
    let (land, index) = (pixel.land, pixel.index);
    let speckle = share(pixel.bits) - 0.5;
    let moisture = land.moisture[index];
    let texture = 0.16 * land.grain[index] + 0.10 * speckle;
    let green = (1.25 * moisture - 0.12 + texture + 0.05 * land.ground[index]).clamp(0.03, 0.97);
    let forest = smoothstep(0.42, 0.85, moisture + 0.25 * land.relief[index] + 0.5 * texture);
    let rock = land.rock[index] * (1.0 - 0.8 * forest);
    let open = (1.0 - green) * (1.0 - rock);
    let grass = (0.30 + 0.5 * moisture + 0.12 * land.grain[index]).clamp(0.05, 0.85);
    let mut mixture = Mixture::default();
    let pine = smoothstep(0.3, 0.8, land.relief[index]);
    let shade = 1.0 + 0.10 * land.grain[index] + 0.15 * speckle;
    let woods = green * forest * (1.0 - rock);
    mixture.add(Surface::Pine, woods * pine, shade);
    mixture.add(Surface::Oak, woods * (1.0 - pine), shade);
    mixture.add(Surface::Scrub, green * (1.0 - forest) * (1.0 - rock), shade);
    let lava = smoothstep(0.3, 1.4, land.dark[index]);
    let stone = 1.0 + 0.10 * land.ground[index] + 0.18 * speckle;
    mixture.add(Surface::Lava, rock * lava, stone);
    mixture.add(Surface::Rock, rock * (1.0 - lava), stone);
    mixture.add(Surface::DryGrass, open * grass, 1.0 + 0.08 * land.ground[index]);
    soil(&mut mixture, pixel, open * (1.0 - grass), 1.0 + 0.12 * speckle);
    mixture
}

/// A tilled parcel: green, young, harvested or fallow.
fn field(pixel: &Pixel, parcel: u32) -> Mixture {
    let (land, index) = (pixel.land, pixel.index);
    let state = share(hash(parcel, 2, 0));
    let vigour =
        share(hash(parcel, 3, 0)) + 0.15 * (share(pixel.bits) - 0.5) + 0.06 * land.grain[index];
    let tone = 0.86 + 0.28 * share(hash(parcel, 4, 0));
    let wet = (land.moisture[index] + 0.5 * (1.0 - smoothstep(0.02, 0.3, 1.0 - land.bank[index])))
        .min(1.0);
    let (green, young, stubble) = (0.08 + 0.45 * wet, 0.18 + 0.50 * wet, 0.50 + 0.32 * wet);
    let mut mixture = Mixture::default();
    if state < green {
        let cover = (0.55 + 0.4 * vigour).clamp(0.3, 0.98);
        mixture.add(Surface::GreenCrop, cover, 0.8 + 0.3 * vigour);
        soil(&mut mixture, pixel, 1.0 - cover, tone);
    } else if state < young {
        let cover = (0.25 + 0.5 * vigour).clamp(0.1, 0.9);
        mixture.add(Surface::YoungCrop, cover, 1.0);
        soil(&mut mixture, pixel, 1.0 - cover, tone);
    } else if state < stubble {
        let cover = (0.35 + 0.5 * vigour).clamp(0.1, 0.9);
        mixture.add(Surface::Stubble, cover, tone);
        soil(&mut mixture, pixel, 1.0 - cover, tone);
    } else {
        mixture.add(Surface::Scrub, 0.08 * vigour.max(0.0), 1.0);
        mixture.add(Surface::DryGrass, 0.15 * vigour.max(0.0), 1.0);
        soil(&mut mixture, pixel, 0.85, tone);
    }
    mixture
}

fn lay_roads(mixture: &mut Mixture, pixel: &Pixel, road: RoadShare) {
    if road.track > 0.0 {
        let mut track = Mixture::default();
        soil(&mut track, pixel, 1.0, 1.15);
        mixture.over(&track, road.track);
    }
    if road.paved > 0.0 {
        let mut asphalt = Mixture::default();
        asphalt.add(Surface::Asphalt, 0.75, 1.0);
        asphalt.add(Surface::PaleSoil, 0.25, 1.0);
        mixture.over(&asphalt, road.paved);
    }
}

/// How much of the pixel is street: blocks of some 90 × 60 m along the directions of the town.
fn street_share(pixel: &Pixel, town: &Town) -> f32 {
    let (sine, cosine) = f64::from(town.grid).sin_cos();
    let wave = |metres: f64, spacing: f64| {
        let place = metres / spacing;
        #[expect(clippy::cast_possible_truncation, reason = "lies within 0..1")]
        let from_street = ((place - place.floor()) as f32 - 0.5).abs() * 2.0;
        // The pixel is nearly as wide as half a block, so a street never fills it.
        smoothstep(0.35, 1.0, from_street)
    };
    let across = wave(pixel.x * cosine + pixel.y * sine, 104.0);
    let along = wave(pixel.y * cosine - pixel.x * sine, 68.0);
    0.10 + 0.24 * across + 0.16 * along
}

/// Streets, roofs, yards and gardens of a dense block.
fn dense_block(pixel: &Pixel, town: &Town, block: u32) -> Mixture {
    let (land, index) = (pixel.land, pixel.index);
    let street = street_share(pixel, town);
    let speckle = share(pixel.bits) - 0.5;
    let wealth = share(hash(town.grid.to_bits(), 6, 0));
    let draw = |number: i32| share(hash(block, number, 8));
    let park = if draw(1) > 0.95 { 0.75 } else { 0.0 };
    let garden = (0.06
        + 0.30 * land.moisture[index] * (0.5 + wealth)
        + 0.30 * (draw(2) - 0.5)
        + 0.10 * land.grain[index])
        .clamp(0.02, 0.7)
        .max(park);
    let yard = (0.36 - 0.22 * wealth + 0.24 * (draw(3) - 0.5) + 0.12 * speckle).clamp(0.02, 0.6);
    let roofs = 1.0 - street;
    let mut mixture = Mixture::default();
    let paved = 0.35 + 0.6 * wealth;
    mixture.add(Surface::Asphalt, street * paved, 1.0 + 0.2 * speckle);
    soil(&mut mixture, pixel, street * (1.0 - paved), 1.05);
    mixture.add(Surface::Garden, roofs * garden, 1.0 + 0.2 * speckle);
    let rest = roofs * (1.0 - garden);
    soil(&mut mixture, pixel, rest * yard, 1.05);
    mixture.add(Surface::DryGrass, rest * 0.06, 1.0);
    // Roofs of dry places lie under the dust of the place, poor ones are made of it.
    let dust = (0.14 + 0.45 * (1.0 - land.moisture[index]) * (1.0 - wealth)).min(0.6);
    let covered = rest * (1.0 - yard);
    soil(&mut mixture, pixel, covered * dust * 0.6, 1.0);
    mixture.add(Surface::Adobe, covered * dust * 0.4, 1.0 + 0.2 * speckle);
    let roof = covered * (1.0 - dust);
    let large = if draw(4) > 0.93 { 0.7 } else { 0.0 };
    let metal = (0.10 + 0.15 * draw(5)).max(large);
    let brick = (0.12 + 0.5 * (draw(6) - 0.4) * (1.0 - wealth)).clamp(0.0, 0.5) * (1.0 - large);
    let white = 0.10 + 0.18 * draw(7) * wealth;
    let tone = 0.88 + 0.26 * draw(8) + 0.25 * speckle;
    mixture.add(Surface::MetalRoof, roof * metal, tone);
    mixture.add(Surface::Brick, roof * brick, tone);
    mixture.add(Surface::WhiteRoof, roof * white, tone);
    mixture.add(Surface::Concrete, roof * (1.0 - metal - brick - white).max(0.05), tone);
    mixture
}

/// Scattered houses of adobe, block and sheet metal on the ground of the place.
fn sparse_block(pixel: &Pixel, block: u32) -> Mixture {
    let (land, index) = (pixel.land, pixel.index);
    let draw = |number: i32| share(hash(block, number, 9));
    let speckle = share(pixel.bits.rotate_left(9)) - 0.5;
    let houses = (0.20 + 0.22 * (draw(1) - 0.5) + 0.25 * speckle).clamp(0.02, 0.6);
    let green = (0.08 + 0.35 * land.moisture[index] + 0.12 * land.grain[index]).clamp(0.02, 0.6);
    let mut mixture = Mixture::default();
    let tone = 1.0 + 0.2 * speckle;
    mixture.add(Surface::Adobe, houses * 0.40, tone);
    mixture.add(Surface::Concrete, houses * 0.35, tone);
    mixture.add(Surface::MetalRoof, houses * 0.25, tone);
    let ground = 1.0 - houses;
    mixture.add(Surface::Scrub, ground * green, 1.0);
    mixture.add(Surface::DryGrass, ground * (1.0 - green) * 0.2, 1.0);
    soil(&mut mixture, pixel, ground * (1.0 - green) * 0.8, 1.06);
    mixture
}
