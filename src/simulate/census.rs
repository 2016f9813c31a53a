//! What the census of a simulated country knows about its cells.
//!
//! A cell is urban from a built share of 0.28 on and non-urban below 0.14; between
//! the two, and in regions that were not surveyed, nothing is known. The census is off by some percent of the
//! ground near the edge of settlements, so some cells there are of the wrong class.

use tesela_datasets::class::{ClassId, ClassMap, Label};

use super::config::CountryConfig;
use super::country::seed32;
use super::frame::{CELL_METRES, PIXEL_METRES};
use super::noise::{Fractal, hash, share};
use super::sensor::quantile;
use crate::raster::Window;

/// The census calls a cell urban from this built share on.
const URBAN_FROM: f64 = 0.28;
/// The census calls a cell non-urban below this built share.
const NON_URBAN_BELOW: f64 = 0.14;
/// In truth, a cell is urban from this built share on.
const TRULY_URBAN_FROM: f64 = 0.21;

/// Counts built ground cell by cell while windows are drawn, in any order.
#[derive(Debug, Clone)]
pub struct Census {
    seed: u32,
    year: i32,
    label_noise: f64,
    regions: Fractal,
    unsurveyed_above: f32,
    size: [usize; 2],
    built: Vec<u64>,
    pixels: Vec<u32>,
}

/// One cell of the census.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surveyed {
    /// Column of the cell, from the left.
    pub column: u32,
    /// Row of the cell, from the top.
    pub row: u32,
    /// The share of the cell that is built, in truth.
    pub built_share: f64,
    /// What the census says.
    pub label: Label,
    /// What holds in truth.
    pub truth: ClassId,
}

/// `non-urban` and `urban`.
pub(crate) fn classes() -> ClassMap {
    ClassMap::new(["non-urban", "urban"]).expect("two distinct names are a class map")
}

impl Census {
    /// A census of the country that `config` describes, before anything was counted.
    pub fn new(config: &CountryConfig) -> Self {
        let seed = seed32(config.seed(), 2);
        let regions = Fractal::new(hash(seed, 1, 1), 24_000.0, 5, 0.6);
        let size =
            config.size().map(|cells| usize::try_from(cells).expect("cells along an edge fit"));
        let cells = size[0] * size[1];
        let metres = config.size().map(|cells| f64::from(cells) * CELL_METRES);
        Self {
            seed,
            year: config.raw().year,
            label_noise: config.raw().label_noise,
            regions,
            unsurveyed_above: quantile(&regions, metres, 1.0 - config.raw().unsurveyed_share),
            size,
            built: vec![0; cells],
            pixels: vec![0; cells],
        }
    }

    /// Counts the pixels of a window: ten-thousandths of each that are built, `[row, column]`.
    pub fn count(&mut self, window: Window, built: &[u16]) {
        for (row, line) in built.chunks_exact(window.width).enumerate() {
            let Some(cell_row) = cell(window.row + row, self.size[1]) else { continue };
            for (column, &built) in line.iter().enumerate() {
                if let Some(cell_column) = cell(window.column + column, self.size[0]) {
                    let index = cell_row * self.size[0] + cell_column;
                    self.built[index] += u64::from(built);
                    self.pixels[index] += 1;
                }
            }
        }
    }

    /// All cells, row by row.
    pub fn cells(&self) -> impl Iterator<Item = Surveyed> + '_ {
        (0..self.built.len()).map(|index| self.survey(index % self.size[0], index / self.size[0]))
    }

    /// The year of which the census speaks.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.built.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.built.is_empty()
    }

    fn survey(&self, column: usize, row: usize) -> Surveyed {
        let index = row * self.size[0] + column;
        let built_share =
            self.built[index] as f64 / (10_000.0 * f64::from(self.pixels[index].max(1)));
        let whole = |place: usize| i32::try_from(place).expect("cells along an edge fit");
        let bits = hash(self.seed, whole(column), whole(row));
        let middle = |place: usize| (place as f64 + 0.5) * CELL_METRES;
        let surveyed = self.regions.at(middle(column), middle(row)) <= self.unsurveyed_above;
        // The sum of four uniform draws is nearly normal; its deviation is 0.577.
        let normal: f32 = (0..4).map(|draw| share(hash(bits, draw, 5)) - 0.5).sum::<f32>() / 0.577;
        let edge = (4.0 * built_share * (1.0 - built_share)).sqrt();
        let believed = built_share + self.label_noise * edge * f64::from(normal);
        let number = |place: usize| u32::try_from(place).expect("cells along an edge fit");
        Surveyed {
            column: number(column),
            row: number(row),
            built_share,
            label: if surveyed { label(believed) } else { Label::Undefined },
            truth: ClassId::new(usize::from(built_share >= TRULY_URBAN_FROM)),
        }
    }
}

fn label(believed: f64) -> Label {
    if believed >= URBAN_FROM {
        Label::Class(ClassId::new(1))
    } else if believed < NON_URBAN_BELOW {
        Label::Class(ClassId::new(0))
    } else {
        Label::Undefined
    }
}

/// The cell in which the middle of a pixel lies.
fn cell(pixel: usize, cells: usize) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a pixel lies at a place above zero"
    )]
    let cell = ((pixel as f64 + 0.5) * PIXEL_METRES / CELL_METRES) as usize;
    (cell < cells).then_some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Country, RawCountry};

    /// Counts a whole country and gives its samples of the near infrared.
    fn counted(seed: u64) -> (Census, Vec<i16>) {
        let raw = RawCountry { seed: Some(seed), size: Some([90, 90]), ..RawCountry::default() };
        let country = Country::new(raw.check().unwrap()).unwrap();
        let mut census = Census::new(country.config());
        let [width, height] = country.pixels();
        let mut infrared = Vec::new();
        for row in (0..height).step_by(500) {
            let window = Window { column: 0, row, width, height: 500.min(height - row) };
            let drawn = country.draw(window);
            census.count(window, &drawn.built);
            let plane = window.width * window.height;
            infrared.extend(drawn.samples[3 * plane..4 * plane].iter().step_by(97));
        }
        (census, infrared)
    }

    #[test]
    fn countries_are_as_urban_known_and_bright_as_they_should_be() {
        for seed in [1, 2, 3] {
            let (census, mut infrared) = counted(seed);
            let cells: Vec<Surveyed> = census.cells().collect();
            let of = |label| cells.iter().filter(|cell| cell.label == label).count() as f64;
            let undefined = of(Label::Undefined) / cells.len() as f64;
            let urban = of(Label::Class(ClassId::new(1)));
            let share = urban / (cells.len() as f64 * (1.0 - undefined));
            assert!((0.01..0.04).contains(&share), "seed {seed}: {share} are urban");
            assert!((0.07..0.17).contains(&undefined), "seed {seed}: {undefined} are undefined");
            infrared.retain(|&value| value != super::super::sensor::NODATA);
            infrared.sort_unstable();
            let median = infrared[infrared.len() / 2];
            assert!((1500..3500).contains(&median), "seed {seed}: near infrared {median}");
        }
    }

    #[test]
    fn every_pixel_is_counted_in_the_cell_of_its_middle() {
        assert_eq!((cell(0, 3), cell(32, 3), cell(33, 3)), (Some(0), Some(0), Some(1)));
        assert_eq!((cell(99, 3), cell(100, 3)), (Some(2), None));
    }
}
