//! A country in memory: all that is needed to draw any window of it.
//!
//! A country holds its towns and roads (some megabytes for a nation) and the noises of its land; pixels come
//! into being window by window with [`Country::draw`] and depend on the configuration alone.

use tesela_datasets::random;

use super::bins::Bins;
use super::config::CountryConfig;
use super::frame::{CELL_METRES, Frame, PIXEL_METRES};
use super::given_towns::{GivenTownsError, read_towns};
use super::land::Land;
use super::roads::{Road, RoadShare, connect};
use super::scene::Painter;
use super::sensor::Sensor;
use super::towns::{Town, TownPlan};
use crate::raster::Window;

/// Pixels around a window that are drawn with it: slopes and optics look at neighbours.
const MARGIN: usize = 2;

/// A country that can be drawn.
#[derive(Debug, Clone)]
pub struct Country {
    config: CountryConfig,
    land: Land,
    towns: Vec<Town>,
    roads: Vec<Road>,
    town_bins: Bins,
    road_bins: Bins,
    painter: Painter,
    sensor: Sensor,
}

/// What one window of a country shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Numbers of Landsat Collection 1: `[band, row, column]`.
    pub samples: Vec<i16>,
    /// Ten-thousandths of each pixel that are built, whether it was seen or not: `[row, column]`.
    pub built: Vec<u16>,
}

impl Country {
    /// The country that `config` describes.
    ///
    /// # Errors
    /// If its towns are given and cannot be read.
    pub fn new(config: CountryConfig) -> Result<Self, GivenTownsError> {
        let raw = config.raw();
        let seed = seed32(config.seed(), 1);
        #[expect(clippy::cast_possible_truncation, reason = "shares between 0 and 1")]
        let [aridity, badlands, noise] =
            [raw.aridity, raw.badlands, raw.sensor_noise].map(|share| share as f32);
        let land = Land::new(seed, aridity, badlands);
        let plan =
            TownPlan { seed: config.seed(), cells: config.size(), urban_share: raw.urban_share };
        let towns = read_towns(&config)?.unwrap_or_else(|| plan.settle(&land));
        let roads = connect(config.seed(), &towns);
        let size = config.size().map(|cells| f64::from(cells) * CELL_METRES);
        Ok(Self {
            town_bins: Bins::new(size, towns.iter().map(Town::extent)),
            road_bins: Bins::new(size, roads.iter().map(Road::extent)),
            sensor: Sensor::new(seed, size, noise, raw.gap_share),
            painter: Painter::new(seed),
            config,
            land,
            towns,
            roads,
        })
    }

    /// What the country was made from.
    pub fn config(&self) -> &CountryConfig {
        &self.config
    }

    /// Columns and rows of pixels that cover all cells.
    pub fn pixels(&self) -> [usize; 2] {
        self.config.size().map(|cells| {
            let pixels = (f64::from(cells) * CELL_METRES / PIXEL_METRES).ceil();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most 666,667"
            )]
            let pixels = pixels as usize;
            pixels
        })
    }

    /// Draws the pixels of `window`.
    pub fn draw(&self, window: Window) -> Drawn {
        let frame = frame(window);
        let land = self.land.fields(&frame);
        let near: Vec<(u32, &Town)> = self
            .town_bins
            .near(&frame)
            .into_iter()
            .map(|number| (number, &self.towns[number as usize]))
            .collect();
        let settlement = self.painter.settlement(&frame, &near);
        let mut roads = vec![RoadShare::default(); frame.len()];
        for number in self.road_bins.near(&frame) {
            self.roads[number as usize].draw(&frame, &mut roads);
        }
        let ground = self.painter.ground(&frame, &land, &settlement, &self.towns, &roads);
        let samples = self.sensor.observe(&frame, MARGIN, &ground);
        let mut built = Vec::with_capacity(window.width * window.height);
        for row in MARGIN..frame.height - MARGIN {
            let start = row * frame.width + MARGIN;
            built.extend(settlement.built[start..start + window.width].iter().map(|built| {
                // Rivers and lakes stay unbuilt only in the picture: the census counts ground.
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "lies within 0..=10000"
                )]
                let share = ((built.dense + built.sparse).min(1.0) * 10_000.0).round() as u16;
                share
            }));
        }
        Drawn { samples, built }
    }
}

fn frame(window: Window) -> Frame {
    let before = |start: usize| {
        let start =
            i32::try_from(start).expect("a country has fewer than 2³¹ pixels along an edge");
        start - i32::try_from(MARGIN).expect("the margin is small")
    };
    Frame {
        column: before(window.column),
        row: before(window.row),
        width: window.width + 2 * MARGIN,
        height: window.height + 2 * MARGIN,
    }
}

/// A seed of 32 bits for the noises.
pub(crate) fn seed32(seed: u64, purpose: u64) -> u32 {
    u32::try_from(random::derive(seed, &[purpose]) >> 32).expect("the upper half has 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::RawCountry;

    fn country(seed: u64) -> Country {
        let raw = RawCountry { seed: Some(seed), size: Some([40, 30]), ..RawCountry::default() };
        Country::new(raw.check().unwrap()).unwrap()
    }

    #[test]
    fn a_part_is_drawn_like_the_whole() {
        let country = country(4);
        let whole = Window { column: 300, row: 200, width: 256, height: 200 };
        let part = Window { column: 411, row: 233, width: 64, height: 70 };
        let (all, some) = (country.draw(whole), country.draw(part));
        for row in 0..part.height {
            let from = (row + 33) * whole.width + 111;
            assert_eq!(
                all.built[from..from + part.width],
                some.built[row * part.width..(row + 1) * part.width]
            );
            for band in 0..6 {
                let from = (band * whole.height + row + 33) * whole.width + 111;
                let own = (band * part.height + row) * part.width;
                assert_eq!(
                    all.samples[from..from + part.width],
                    some.samples[own..own + part.width]
                );
            }
        }
    }

    #[test]
    fn seeds_make_countries() {
        let window = Window { column: 0, row: 0, width: 50, height: 50 };
        assert_eq!(country(1).draw(window), country(1).draw(window));
        assert_ne!(country(1).draw(window), country(2).draw(window));
    }
}
