//! Gradient noise over the ground, as rows of a raster and at single points.
//!
//! The value at a place depends on its coordinates and a seed alone, so neighbouring tiles join without a
//! seam and any window of a country can be drawn by itself. A [`Frame`] is filled row by row, which shares
//! most of the arithmetic of gradient noise (Perlin 2002) between the pixels of a lattice square.

use super::frame::Frame;

/// Brings gradient noise to a standard deviation of about 0.85.
const UNIT: f32 = 3.95;
/// Sixteen directions, so that no gradient needs a sine.
const DIRECTIONS: [[f32; 2]; 16] = [
    [1.0, 0.0],
    [0.923_879_5, 0.382_683_43],
    [std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::FRAC_1_SQRT_2],
    [0.382_683_43, 0.923_879_5],
    [0.0, 1.0],
    [-0.382_683_43, 0.923_879_5],
    [-std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::FRAC_1_SQRT_2],
    [-0.923_879_5, 0.382_683_43],
    [-1.0, 0.0],
    [-0.923_879_5, -0.382_683_43],
    [-std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2],
    [-0.382_683_43, -0.923_879_5],
    [0.0, -1.0],
    [0.382_683_43, -0.923_879_5],
    [std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2],
    [0.923_879_5, -0.382_683_43],
];

/// A number from a place and a seed in which every bit depends on every bit (after Wellons' `lowbias32`).
pub(crate) fn hash(seed: u32, x: i32, y: i32) -> u32 {
    let place = x.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ y.cast_unsigned().wrapping_mul(0x85EB_CA77).rotate_left(15);
    let mut bits = place ^ seed.wrapping_mul(0xC2B2_AE3D);
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x7FEB_352D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x846C_A68B);
    bits ^ (bits >> 16)
}

/// The share of 0..1 that the upper 24 bits of `bits` stand for.
pub(crate) fn share(bits: u32) -> f32 {
    (bits >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Zero below `low`, one above `high`, smooth between; the other way round where `low` exceeds `high`.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Single precision, in which fields are kept; enough for centimetres across a town.
pub(crate) fn single(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "that is what the function is for")]
    let single = value as f32;
    single
}

/// Gradients on two neighbouring rows of a lattice, and the number of the first.
type LatticeRows = (i32, Vec<[f32; 2]>, Vec<[f32; 2]>);

/// Several octaves of noise, each half as wide as the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fractal {
    seed: u32,
    wavelength: f64,
    octaves: u32,
    gain: f32,
}

impl Fractal {
    /// Octaves from `wavelength` metres downwards, each `gain` times as strong as the one before.
    pub(crate) const fn new(seed: u32, wavelength: f64, octaves: u32, gain: f32) -> Self {
        Self { seed, wavelength, octaves, gain }
    }

    /// Seed, wavelength and amplitude of each octave; the variances add up to about one.
    fn each(&self) -> impl Iterator<Item = (u32, f64, f32)> + use<> {
        let energy: f32 =
            (0..self.octaves).map(|octave| self.gain.powi(2 * octave.cast_signed())).sum();
        let (seed, wavelength, gain) = (self.seed, self.wavelength, self.gain);
        (0..self.octaves).map(move |octave| {
            let exponent = octave.cast_signed();
            let amplitude = gain.powi(exponent) / energy.sqrt();
            // A ratio off 2 keeps the lattices of the octaves apart.
            (hash(seed, exponent, 77), wavelength * 0.4873_f64.powi(exponent), amplitude)
        })
    }

    /// The noise at every pixel of `frame`: mean 0, standard deviation about 0.85.
    pub(crate) fn fill(&self, frame: &Frame) -> Vec<f32> {
        let mut out = vec![0.0; frame.len()];
        for (seed, wavelength, amplitude) in self.each() {
            add_octave(
                frame,
                seed,
                wavelength,
                |to, value| *to += amplitude * UNIT * value,
                &mut out,
            );
        }
        out
    }

    /// Ridges where each octave of the noise crosses zero: 1 on the crest, towards 0 away from it.
    pub(crate) fn fill_ridged(&self, frame: &Frame) -> Vec<f32> {
        let total: f32 = self.each().map(|(_, _, amplitude)| amplitude).sum();
        let mut out = vec![0.0; frame.len()];
        for (seed, wavelength, amplitude) in self.each() {
            let weight = amplitude / total;
            let add =
                |to: &mut f32, value: f32| *to += weight * (1.0 - (value.abs() * 2.6).min(1.0));
            add_octave(frame, seed, wavelength, add, &mut out);
        }
        out
    }

    /// The noise at one place, in metres.
    pub(crate) fn at(&self, x: f64, y: f64) -> f32 {
        self.each()
            .map(|(seed, wavelength, amplitude)| {
                amplitude * UNIT * octave_at(seed, x / wavelength, y / wavelength)
            })
            .sum()
    }
}

fn fade(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

fn gradient(seed: u32, x: i32, y: i32) -> [f32; 2] {
    DIRECTIONS[(hash(seed, x, y) >> 28) as usize]
}

fn lattice(position: f64) -> (i32, f32) {
    let floor = position.floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a country is far smaller than 2³¹ lattice squares"
    )]
    let result = (floor as i32, (position - floor) as f32);
    result
}

fn octave_at(seed: u32, x: f64, y: f64) -> f32 {
    let ((ix, dx), (iy, dy)) = (lattice(x), lattice(y));
    let corner = |across: i32, down: i32| {
        let [gx, gy] = gradient(seed, ix.wrapping_add(across), iy.wrapping_add(down));
        gx * (dx - across as f32) + gy * (dy - down as f32)
    };
    let (wx, wy) = (fade(dx), fade(dy));
    let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * wx;
    let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * wx;
    top + (bottom - top) * wy
}

/// Pixels of a row that lie in the same lattice column.
struct Run {
    start: usize,
    end: usize,
    column: usize,
}

/// Gives the noise of one octave to `add`, pixel by pixel.
fn add_octave(
    frame: &Frame,
    seed: u32,
    wavelength: f64,
    add: impl Fn(&mut f32, f32),
    out: &mut [f32],
) {
    let columns: Vec<(i32, f32)> =
        (0..frame.width).map(|column| lattice(frame.x(column) / wavelength)).collect();
    let first = columns.first().map_or(0, |column| column.0);
    let runs = runs(&columns, first);
    let offsets: Vec<f32> = columns.iter().map(|column| column.1).collect();
    let weights: Vec<f32> = offsets.iter().map(|&offset| fade(offset)).collect();
    let count = runs.last().map_or(0, |run| run.column + 2);
    let row_gradients =
        |y: i32| -> Vec<[f32; 2]> { (first..).take(count).map(|x| gradient(seed, x, y)).collect() };
    let mut present: Option<LatticeRows> = None;
    let mut mixed = vec![[0.0_f32; 2]; count];
    for row in 0..frame.height {
        let (iy, dy) = lattice(frame.y(row) / wavelength);
        if present.as_ref().is_none_or(|(y, ..)| *y != iy) {
            present = Some((iy, row_gradients(iy), row_gradients(iy.wrapping_add(1))));
        }
        if let Some((_, above, below)) = &present {
            let wy = fade(dy);
            for ((mixed, above), below) in mixed.iter_mut().zip(above).zip(below) {
                let (top, bottom) = (above[1] * dy, below[1] * (dy - 1.0));
                *mixed = [top + (bottom - top) * wy, above[0] + (below[0] - above[0]) * wy];
            }
        }
        let line = &mut out[row * frame.width..(row + 1) * frame.width];
        for run in &runs {
            let ([a0, b0], [a1, b1]) = (mixed[run.column], mixed[run.column + 1]);
            let range = run.start..run.end;
            let places = offsets[range.clone()].iter().zip(&weights[range.clone()]);
            for (to, (&dx, &w)) in line[range].iter_mut().zip(places) {
                let left = a0 + b0 * dx;
                let right = a1 + b1 * (dx - 1.0);
                add(to, left + (right - left) * w);
            }
        }
    }
}

fn runs(columns: &[(i32, f32)], first: i32) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, (column, _)) in columns.iter().enumerate() {
        let column = usize::try_from(column - first).expect("columns of a frame come in order");
        match runs.last_mut() {
            Some(run) if run.column == column => run.end = index + 1,
            _ => runs.push(Run { start: index, end: index + 1, column }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_points_give_the_same_noise() {
        let noise = Fractal::new(5, 900.0, 4, 0.6);
        let frame = Frame { column: -3, row: 40, width: 90, height: 50 };
        let filled = noise.fill(&frame);
        for row in 0..frame.height {
            for column in 0..frame.width {
                let point = noise.at(frame.x(column), frame.y(row));
                assert!((filled[row * frame.width + column] - point).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_part_is_drawn_like_the_whole() {
        let noise = Fractal::new(9, 3000.0, 6, 0.5);
        let whole = Frame { column: 0, row: 0, width: 120, height: 80 };
        let part = Frame { column: 37, row: 21, width: 50, height: 30 };
        for draw in [Fractal::fill, Fractal::fill_ridged] {
            let (all, some) = (draw(&noise, &whole), draw(&noise, &part));
            for row in 0..part.height {
                let from = (row + 21) * whole.width + 37;
                assert_eq!(
                    all[from..from + part.width],
                    some[row * part.width..(row + 1) * part.width]
                );
            }
        }
    }

    #[test]
    fn noise_has_mean_zero_and_the_promised_deviation() {
        let frame = Frame { column: 0, row: 0, width: 1000, height: 1000 };
        let values = Fractal::new(1, 300.0, 5, 0.5).fill(&frame);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance =
            values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.05, "{mean}");
        assert!((variance.sqrt() - 0.85).abs() < 0.08, "{}", variance.sqrt());
    }
}
