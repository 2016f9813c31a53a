//! What lies between the ground and the numbers of the product: optics, air, noise, gaps.

use super::frame::Frame;
use super::noise::{Fractal, hash, share, smoothstep};
use super::spectra::Spectrum;

/// Fill value of Landsat Collection 1.
pub(crate) const NODATA: i16 = -9999;
/// Light that a pixel receives from each of its four neighbours.
const SPREAD: f32 = 0.07;
/// How much of the haze each band keeps after correction.
const HAZE: Spectrum = [1.0, 0.72, 0.52, 0.30, 0.10, 0.06];

/// Air and instrument of one country.
#[derive(Debug, Clone)]
pub(crate) struct Sensor {
    seed: u32,
    noise: f32,
    gap_threshold: f32,
    haze: Fractal,
    clouds: Fractal,
}

impl Sensor {
    /// An instrument whose numbers scatter by `noise` (reflectance), over a country of which about
    /// `gap_share` is never seen.
    pub(crate) fn new(seed: u32, size: [f64; 2], noise: f32, gap_share: f64) -> Self {
        let clouds = Fractal::new(hash(seed, 2, 9), 9000.0, 6, 0.5);
        Self {
            seed,
            noise,
            gap_threshold: quantile(&clouds, size, 1.0 - gap_share),
            haze: Fractal::new(hash(seed, 1, 9), 70_000.0, 3, 0.5),
            clouds,
        }
    }

    /// Integers of the product, `[band, row, column]`, for the inner pixels of `frame`, whose outermost
    /// `margin` (at least one) pixels are only looked at.
    pub(crate) fn observe(&self, frame: &Frame, margin: usize, ground: &[Spectrum]) -> Vec<i16> {
        let (width, height) = (frame.width - 2 * margin, frame.height - 2 * margin);
        let haze = self.haze.fill(frame);
        let clouds = self.clouds.fill(frame);
        let mut samples = vec![NODATA; 6 * width * height];
        for row in 0..height {
            for column in 0..width {
                let index = (row + margin) * frame.width + column + margin;
                if clouds[index] > self.gap_threshold {
                    continue;
                }
                let seen = spread(ground, index, frame.width);
                let haze = 0.006 * (haze[index] + 0.4).clamp(-1.0, 2.5);
                let (x, y) = (frame.x(column + margin), frame.y(row + margin));
                let gain = self.scene_gain(x, y);
                let noise = self.noise_at(frame, row + margin, column + margin);
                for band in 0..6 {
                    let measured = seen[band] * gain * (1.0 - 1.5 * haze * HAZE[band])
                        + haze * HAZE[band]
                        + noise[band];
                    samples[(band * height + row) * width + column] = quantise(measured);
                }
            }
        }
        samples
    }

    /// The mosaic joins strips of scenes; a little of their difference stays.
    fn scene_gain(&self, x: f64, y: f64) -> f32 {
        let strip = (x + 0.22 * y) / 165_000.0;
        let own = |offset: i32| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a country has some dozens of strips"
            )]
            let number = strip.floor() as i32 + offset;
            1.0 + 0.03 * (share(hash(self.seed, number, 4)) - 0.5)
        };
        #[expect(clippy::cast_possible_truncation, reason = "lies within 0..1")]
        let place = (strip - strip.floor()) as f32;
        let blend = smoothstep(0.985, 1.0, place);
        own(0) * (1.0 - blend) + own(1) * blend
    }

    fn noise_at(&self, frame: &Frame, row: usize, column: usize) -> Spectrum {
        let (x, y) = place(frame, row, column);
        let first = hash(self.seed ^ 0x51, x, y);
        let second = hash(first, x, 1);
        let third = hash(first, y, 2);
        let bits = [
            first & 0xFFFF,
            first >> 16,
            second & 0xFFFF,
            second >> 16,
            third & 0xFFFF,
            third >> 16,
        ];
        // Two bytes make a triangle of deviation 0.408 around zero.
        bits.map(|bits| {
            ((bits & 0xFF) as f32 + (bits >> 8) as f32 - 255.0) / 255.0 * 2.45 * self.noise
        })
    }
}

/// The global pixel behind a pixel of a frame.
pub(crate) fn place(frame: &Frame, row: usize, column: usize) -> (i32, i32) {
    let whole = |offset: usize| i32::try_from(offset).expect("a frame is small");
    (frame.column + whole(column), frame.row + whole(row))
}

fn spread(ground: &[Spectrum], index: usize, width: usize) -> Spectrum {
    let neighbours = [index - 1, index + 1, index - width, index + width];
    let mut seen = ground[index].map(|value| value * (1.0 - 4.0 * SPREAD));
    for neighbour in neighbours {
        for (seen, value) in seen.iter_mut().zip(ground[neighbour]) {
            *seen += SPREAD * value;
        }
    }
    seen
}

fn quantise(reflectance: f32) -> i16 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "limited to the valid range of the product"
    )]
    let number = (reflectance * 10_000.0).round().clamp(-2000.0, 16_000.0) as i16;
    number
}

/// The value below which `share` of the noise lies, over a country of `size` metres.
pub(crate) fn quantile(noise: &Fractal, size: [f64; 2], share: f64) -> f32 {
    const SIDE: u32 = 200;
    let place = |index: u32, metres: f64| (f64::from(index) + 0.5) / f64::from(SIDE) * metres;
    let mut values: Vec<f32> = (0..SIDE * SIDE)
        .map(|index| noise.at(place(index % SIDE, size[0]), place(index / SIDE, size[1])))
        .collect();
    values.sort_unstable_by(f32::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lies below the length"
    )]
    let index = (share.clamp(0.0, 1.0) * values.len() as f64) as usize;
    values.get(index).copied().unwrap_or(f32::INFINITY)
}
