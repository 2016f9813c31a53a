//! `country.toml`: what a simulated country is like.

use serde::{Deserialize, Serialize};
use tesela_datasets::config::{InvalidConfig, Problems};

use super::frame::CELL_METRES;
use crate::raster::Extent;

/// `country.toml` as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawCountry {
    /// Seed of everything that is drawn; given here or on the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Cells from left to right and from top to bottom; given here or on the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// Upper left corner in the units of `crs`, a multiple of 1000 m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<[f64; 2]>,
    /// A projected coordinate reference system in metres.
    pub crs: String,
    /// The year that imagery and labels speak of.
    pub year: i32,
    /// Share of the labelled cells that are urban, where towns are invented.
    pub urban_share: f64,
    /// A file of polygons that are the towns, such as `data:inegi-localities/localities.gpkg`. Without
    /// `origin` and `size`, the country is as large as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towns: Option<String>,
    /// The layer of that file, where it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towns_layer: Option<String>,
    /// Which of the polygons are towns, written like the `WHERE` of SQL, such as `ambito = 'URBANO'`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towns_where: Option<String>,
    /// The column that counts the residents of a town; crowded towns are built more densely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towns_residents: Option<String>,
    /// Share of the cells about which the census says nothing.
    pub unsurveyed_share: f64,
    /// Share of the ground that is never seen without clouds.
    pub gap_share: f64,
    /// 0 is green, 1 is desert.
    pub aridity: f64,
    /// How common bare rock is that looks like a city, 0 to 1.
    pub badlands: f64,
    /// How far the built share that the census believes in is off, near the edge of settlements.
    pub label_noise: f64,
    /// Scatter of the instrument, in reflectance.
    pub sensor_noise: f64,
}

impl Default for RawCountry {
    fn default() -> Self {
        Self {
            seed: None,
            size: None,
            origin: None,
            crs: "EPSG:6372".into(),
            year: 2010,
            urban_share: 0.02,
            towns: None,
            towns_layer: None,
            towns_where: None,
            towns_residents: None,
            unsurveyed_share: 0.10,
            gap_share: 0.004,
            aridity: 0.6,
            badlands: 0.7,
            label_noise: 0.08,
            sensor_noise: 0.003,
        }
    }
}

/// Most cells of a country along one edge: more than any country needs.
const LONGEST_EDGE: u32 = 20_000;
/// Fewest: below this there is no room for a town and its surroundings.
const SHORTEST_EDGE: u32 = 8;

/// Upper left corner of a country that names none.
const ORIGIN: [f64; 2] = [2_300_000.0, 1_200_000.0];

/// A country that can be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct CountryConfig {
    seed: u64,
    size: [u32; 2],
    origin: [f64; 2],
    raw: RawCountry,
}

impl RawCountry {
    /// Checks every value.
    ///
    /// # Errors
    /// With all problems, each with its key.
    pub fn check(self) -> Result<CountryConfig, InvalidConfig> {
        let mut problems = Problems::new();
        let seed = problems.note("seed", self.seed.ok_or("is missing; give `--seed N`"));
        let size = problems.note("size", self.size.ok_or("is missing; give `--size N`"));
        for (axis, edge) in self.size.into_iter().flatten().enumerate() {
            if !(SHORTEST_EDGE..=LONGEST_EDGE).contains(&edge) {
                let name = ["wide", "high"][axis];
                problems.add(
                    "size",
                    format!(
                        "is {edge} cells {name}; {SHORTEST_EDGE} to {LONGEST_EDGE} are possible"
                    ),
                );
            }
        }
        let origin = self.origin.unwrap_or(ORIGIN);
        if !origin.iter().all(|place| place.abs() < 1e9 && place % 1000.0 == 0.0) {
            problems.add("origin", format!("is {origin:?}; multiples of 1000 m are expected"));
        }
        self.check_towns(&mut problems);
        let shares = [
            ("urban-share", self.urban_share, 0.001..=0.2),
            ("unsurveyed-share", self.unsurveyed_share, 0.0..=0.9),
            ("gap-share", self.gap_share, 0.0..=0.5),
            ("aridity", self.aridity, 0.0..=1.0),
            ("badlands", self.badlands, 0.0..=1.0),
            ("label-noise", self.label_noise, 0.0..=0.5),
            ("sensor-noise", self.sensor_noise, 0.0..=0.1),
        ];
        for (key, value, range) in shares {
            if !range.contains(&value) {
                problems.add(
                    key,
                    format!("is {value}; {} to {} is possible", range.start(), range.end()),
                );
            }
        }
        let both = seed.zip(size);
        problems.finish(both.map(|(seed, size)| {
            let raw = Self { origin: Some(origin), ..self };
            CountryConfig { seed, size, origin, raw }
        }))
    }

    fn check_towns(&self, problems: &mut Problems) {
        if self.towns.is_some() {
            if self.origin.is_none() {
                problems.add("origin", "is missing; with `towns`, `size` alone does not say where");
            }
            return;
        }
        let without = [
            ("towns-layer", &self.towns_layer),
            ("towns-where", &self.towns_where),
            ("towns-residents", &self.towns_residents),
        ];
        for (key, value) in without {
            if value.is_some() {
                problems.add(key, "is given without `towns`, the file that it speaks of");
            }
        }
    }
}

impl CountryConfig {
    /// The values behind, all given.
    pub fn raw(&self) -> &RawCountry {
        &self.raw
    }

    /// Seed of everything that is drawn.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Cells from left to right and from top to bottom.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Upper left corner.
    pub fn origin(&self) -> [f64; 2] {
        self.origin
    }

    /// The ground of all cells.
    pub fn extent(&self) -> Extent {
        let [x, y] = self.origin;
        let [width, height] = self.size.map(|cells| f64::from(cells) * CELL_METRES);
        Extent { min_x: x, min_y: y - height, max_x: x + width, max_y: y }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    fn parse(text: &str) -> Result<RawCountry, String> {
        parse_toml(text, Path::new("country.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn seed_and_size_are_enough() {
        let config = parse("seed = 1\nsize = [20, 30]").unwrap().check().unwrap();
        assert_eq!((config.seed(), config.size()), (1, [20, 30]));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let error = parse("urban-shar = 0.1").unwrap_err();
        assert!(error.contains("did you mean `urban-share`?"), "{error}");
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let error =
            parse("size = [0, 30]\naridity = 2.0").unwrap().check().unwrap_err().to_string();
        for key in ["`seed`: is missing", "`size`: is 0 cells wide", "`aridity`: is 2"] {
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn given_towns_need_a_place() {
        let text = "seed = 1\nsize = [20, 30]\ntowns = \"towns.gpkg\"";
        let error = parse(text).unwrap().check().unwrap_err().to_string();
        assert!(error.contains("`origin`: is missing"), "{error}");
        parse(&format!("origin = [0, 1000]\n{text}")).unwrap().check().unwrap();
        let error = parse("towns-where = \"a = 1\"").unwrap().check().unwrap_err().to_string();
        assert!(error.contains("`towns-where`: is given without `towns`"), "{error}");
    }

    #[test]
    fn the_resolved_copy_reads_back_the_same() {
        let raw = RawCountry { seed: Some(3), size: Some([40, 50]), ..RawCountry::default() };
        assert_eq!(parse(&toml::to_string(&raw).unwrap()).unwrap(), raw);
    }
}
