//! The quick look: a country in natural and in false colour, side by side.

use image::{Rgb, RgbImage};

use super::sensor::NODATA;
use crate::raster::Window;

/// Longest edge of one of the two pictures.
const EDGE: usize = 1000;
/// Bands of the two pictures (red, green, blue) and the reflectances of black and white.
const PANELS: [([usize; 3], [f32; 2]); 2] =
    [([2, 1, 0], [0.015, 0.285]), ([4, 3, 2], [0.02, 0.42])];
const GAP: Rgb<u8> = Rgb([20, 20, 28]);

/// Means of blocks of pixels while windows are drawn.
#[derive(Debug)]
pub(crate) struct Overview {
    step: usize,
    size: [usize; 2],
    sums: Vec<[u64; 6]>,
    seen: Vec<u32>,
}

impl Overview {
    /// An overview of a raster of `pixels` columns and rows.
    pub(crate) fn new(pixels: [usize; 2]) -> Self {
        let step = pixels[0].max(pixels[1]).div_ceil(EDGE).max(1);
        let size = pixels.map(|pixels| pixels.div_ceil(step));
        Self { step, size, sums: vec![[0; 6]; size[0] * size[1]], seen: vec![0; size[0] * size[1]] }
    }

    /// Adds the samples of a window, `[band, row, column]`.
    pub(crate) fn add(&mut self, window: Window, samples: &[i16]) {
        let plane = window.width * window.height;
        for row in 0..window.height {
            for column in 0..window.width {
                let own = row * window.width + column;
                if samples[own] == NODATA {
                    continue;
                }
                let block = (window.row + row) / self.step * self.size[0]
                    + (window.column + column) / self.step;
                self.seen[block] += 1;
                for (band, sum) in self.sums[block].iter_mut().enumerate() {
                    *sum += u64::from(samples[band * plane + own].max(0).unsigned_abs());
                }
            }
        }
    }

    /// The two pictures.
    pub(crate) fn paint(&self) -> RgbImage {
        let [width, height] =
            self.size.map(|pixels| u32::try_from(pixels).expect("an overview is small"));
        RgbImage::from_fn(2 * width, height, |x, y| {
            let (bands, range) = PANELS[(x / width) as usize];
            let block = y as usize * self.size[0] + (x % width) as usize;
            if self.seen[block] == 0 {
                return GAP;
            }
            Rgb(bands.map(|band| {
                let mean = self.sums[block][band] as f32 / self.seen[block] as f32 / 10_000.0;
                tone(mean, range)
            }))
        })
    }
}

fn tone(reflectance: f32, [black, white]: [f32; 2]) -> u8 {
    let part = ((reflectance - black) / (white - black)).clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lies within 0..=255"
    )]
    let tone = (part.powf(0.8) * 255.0).round() as u8;
    tone
}
