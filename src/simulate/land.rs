//! The land before people: relief, water, climate, soils and rocks as fields over a frame.

use super::frame::{Frame, PIXEL_METRES};
use super::noise::{Fractal, hash, single, smoothstep};

/// The noises that make the land of one country.
#[derive(Debug, Clone)]
pub(crate) struct Land {
    aridity: f32,
    badlands: f32,
    plains: Fractal,
    relief: Fractal,
    ridges: Fractal,
    hills: Fractal,
    climate: Fractal,
    patches: Fractal,
    red: Fractal,
    dark: Fractal,
    ground: Fractal,
    outcrops: Fractal,
    grain: Fractal,
    farms: Fractal,
    rivers: Fractal,
    brooks: Fractal,
    basins: Fractal,
}

/// The land of one frame; each field is `[row, column]`.
#[derive(Debug)]
pub(crate) struct LandFields {
    /// Light on the slope, 1 on level ground.
    pub(crate) light: Vec<f32>,
    /// 0 on plains, 1 in the mountains.
    pub(crate) relief: Vec<f32>,
    /// How green the land is, 0 to 1.
    pub(crate) moisture: Vec<f32>,
    /// Reddish (positive) against pale soil.
    pub(crate) red: Vec<f32>,
    /// Dark (positive) soil.
    pub(crate) dark: Vec<f32>,
    /// Small-scale brightness of the ground, standard deviation about 1.
    pub(crate) ground: Vec<f32>,
    /// Share of bare rock.
    pub(crate) rock: Vec<f32>,
    /// Irregular texture at the size of outcrops and groves, standard deviation about 1.
    pub(crate) grain: Vec<f32>,
    /// Share of the parcels that are tilled.
    pub(crate) farms: Vec<f32>,
    /// Share of open water.
    pub(crate) water: Vec<f32>,
    /// Dry bed and bank beside the water.
    pub(crate) bank: Vec<f32>,
}

impl Land {
    /// The land of the country with this seed; `aridity` and `badlands` run from 0 to 1.
    pub(crate) fn new(seed: u32, aridity: f32, badlands: f32) -> Self {
        let noise = |index: i32, wavelength: f64, octaves: u32, gain: f32| {
            Fractal::new(hash(seed, index, 1), wavelength, octaves, gain)
        };
        Self {
            aridity,
            badlands,
            plains: noise(1, 160_000.0, 3, 0.5),
            relief: noise(2, 70_000.0, 4, 0.5),
            ridges: noise(3, 16_000.0, 8, 0.52),
            hills: noise(4, 3_000.0, 5, 0.5),
            climate: noise(5, 140_000.0, 4, 0.5),
            patches: noise(6, 6_000.0, 5, 0.6),
            red: noise(7, 45_000.0, 5, 0.5),
            dark: noise(8, 38_000.0, 5, 0.5),
            ground: noise(9, 2_200.0, 6, 0.75),
            outcrops: noise(10, 9_000.0, 5, 0.55),
            grain: noise(11, 420.0, 3, 0.85),
            farms: noise(12, 22_000.0, 4, 0.5),
            rivers: noise(13, 60_000.0, 8, 0.45),
            brooks: noise(14, 14_000.0, 6, 0.45),
            basins: noise(15, 12_000.0, 4, 0.45),
        }
    }

    /// 0 on plains, 1 in the mountains.
    pub(crate) fn relief_at(&self, x: f64, y: f64) -> f32 {
        relief(self.relief.at(x, y))
    }

    /// How green the land is at large, 0 to 1.
    pub(crate) fn moisture_at(&self, x: f64, y: f64) -> f32 {
        self.moisture(self.climate.at(x, y), 0.0, self.relief_at(x, y))
    }

    /// How near a river is: 1 on it.
    pub(crate) fn river_at(&self, x: f64, y: f64) -> f32 {
        1.0 - (self.rivers.at(x, y).abs() * 8.0).min(1.0)
    }

    fn moisture(&self, climate: f32, patches: f32, relief: f32) -> f32 {
        (0.88 - 0.75 * self.aridity + 0.20 * climate + 0.09 * patches + 0.28 * relief)
            .clamp(0.02, 1.0)
    }

    /// Everything about the land under `frame`.
    pub(crate) fn fields(&self, frame: &Frame) -> LandFields {
        let relief: Vec<f32> = self.relief.fill(frame).into_iter().map(relief).collect();
        let rivers = self.rivers.fill(frame);
        let brooks = self.brooks.fill(frame);
        let height = self.height(frame, &relief, &rivers);
        let patches = self.patches.fill(frame);
        let moisture =
            combine(&self.climate.fill(frame), &patches, &relief, |climate, patches, relief| {
                self.moisture(climate, patches, relief)
            });
        let grain = self.grain.fill(frame);
        let rock =
            combine(&self.outcrops.fill(frame), &grain, &relief, |outcrops, grain, relief| {
                self.rock(outcrops, grain, relief)
            });
        let farms = combine(&self.farms.fill(frame), &relief, &rivers, |farms, relief, rivers| {
            let near_river = 1.0 - (rivers.abs() * 5.0).min(1.0);
            smoothstep(-0.9, 1.3, farms + 0.8 * near_river - 2.2 * relief)
        });
        let basins = self.basins.fill(frame);
        let water = combine(&rivers, &brooks, &basins, |rivers, brooks, basins| {
            self.water(rivers, brooks, basins)
        });
        let bank = combine(&rivers, &brooks, &basins, |rivers, brooks, basins| {
            let river = 1.0 - smoothstep(0.008, 0.035, rivers.abs());
            let brook = 0.7 * (1.0 - smoothstep(0.004, 0.03, brooks.abs()));
            river.max(brook).max(smoothstep(2.35, 2.6, basins))
        });
        LandFields {
            light: light(frame, &height),
            relief,
            moisture,
            red: self.red.fill(frame),
            dark: self.dark.fill(frame),
            ground: self.ground.fill(frame),
            rock,
            grain,
            farms,
            water,
            bank,
        }
    }

    /// Metres above the sea.
    fn height(&self, frame: &Frame, relief: &[f32], rivers: &[f32]) -> Vec<f32> {
        let mut height = self.plains.fill(frame);
        let (ridges, hills) = (self.ridges.fill_ridged(frame), self.hills.fill(frame));
        for (index, height) in height.iter_mut().enumerate() {
            let valley = (rivers[index].abs() * 6.0).min(1.0);
            let mountain = relief[index] * 1500.0 * ridges[index].powi(2);
            *height = 1500.0
                + 350.0 * *height
                + valley * (mountain + (6.0 + 40.0 * relief[index]) * hills[index]);
        }
        height
    }

    fn rock(&self, outcrops: f32, grain: f32, relief: f32) -> f32 {
        let threshold = 1.9 - 1.9 * self.badlands - 0.9 * relief;
        let region = smoothstep(threshold, threshold + 1.0, outcrops);
        region * (0.42 + 0.24 * grain).clamp(0.0, 0.95)
    }

    fn water(&self, rivers: f32, brooks: f32, basins: f32) -> f32 {
        let wet = 1.0 - self.aridity;
        let river = 1.0 - smoothstep(0.002 + 0.004 * wet, 0.006 + 0.010 * wet, rivers.abs());
        let brook = wet * (1.0 - smoothstep(0.001, 0.004, brooks.abs()));
        river.max(brook).max(smoothstep(2.55, 2.62, basins))
    }
}

fn relief(noise: f32) -> f32 {
    smoothstep(-0.1, 1.6, noise)
}

fn combine(a: &[f32], b: &[f32], c: &[f32], mix: impl Fn(f32, f32, f32) -> f32) -> Vec<f32> {
    a.iter().zip(b).zip(c).map(|((&a, &b), &c)| mix(a, b, c)).collect()
}

/// Morning sun from the south-east, as Landsat sees the northern tropics; relative to level ground.
fn light(frame: &Frame, height: &[f32]) -> Vec<f32> {
    const SUN: [f32; 3] = [0.52, 0.38, 0.765];
    let mut light = vec![1.0; frame.len()];
    for row in 1..frame.height.saturating_sub(1) {
        for column in 1..frame.width.saturating_sub(1) {
            let index = row * frame.width + column;
            let run = single(2.0 * PIXEL_METRES);
            let east = (height[index + 1] - height[index - 1]) / run;
            let south = (height[index + frame.width] - height[index - frame.width]) / run;
            let facing = (SUN[2] - SUN[0] * east - SUN[1] * south)
                / (1.0 + east * east + south * south).sqrt();
            // A part of the light comes from the whole sky.
            light[index] = 0.15 + 0.85 * (facing / SUN[2]).max(0.1);
        }
    }
    light
}
