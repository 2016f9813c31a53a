//! A convolution with its weights, and its gradients, for one image at a time.

use pulp::Arch;

use super::canvas::Canvas;
use super::plan::{Plan, Shape};
use super::products::{Grouped, Products};
use super::slopes::Slopes;

/// The sizes of a convolution.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    /// Planes and filters of the network, without those that fill vectors up.
    planes: usize,
    filters: usize,
    kernel: usize,
    pub(super) from: Canvas,
    pub(super) to: Canvas,
    forward: Plan,
    backward: Vec<Plan>,
}

/// A convolution with its weights laid out for the kernels.
#[derive(Debug, Clone)]
pub(super) struct Filters {
    geometry: Geometry,
    arch: Arch,
    forward: Grouped,
    /// One for each plan of the way back.
    backward: Vec<Grouped>,
}

impl Geometry {
    /// A convolution of `planes` planes, which lie on `from`, with so many filters.
    pub(super) fn new(shape: Shape, from: Canvas, [planes, filters]: [usize; 2]) -> Self {
        let to = Canvas::of_planes(filters, shape.output(from.side));
        Self {
            planes,
            filters,
            kernel: shape.kernel,
            from,
            to,
            forward: shape.forward(from, to),
            backward: shape.backward(from, to),
        }
    }

    /// Where a weight stands in PyTorch's layout `[filter, plane, row, column]`; nowhere where plane or filter only fill
    /// vectors up.
    fn place(&self, filter: usize, plane: usize, [row, column]: [usize; 2]) -> Option<usize> {
        let real = filter < self.filters && plane < self.planes;
        real.then(|| ((filter * self.planes + plane) * self.kernel + row) * self.kernel + column)
    }

    /// The weights of the way forward: `[tap · plane, filter]`.
    fn forward_weights(&self, weights: &[f32]) -> Vec<f32> {
        let sizes = [self.from.channels, self.to.channels];
        lay_out(&self.forward.taps, sizes, |tap, plane, filter| {
            self.place(filter, plane, tap).map_or(0.0, |place| weights[place])
        })
    }

    /// The weights of a plan of the way back: `[tap · filter, plane]`.
    fn backward_weights(&self, plan: &Plan, weights: &[f32]) -> Vec<f32> {
        let sizes = [self.to.channels, self.from.channels];
        lay_out(&plan.taps, sizes, |tap, filter, plane| {
            self.place(filter, plane, tap).map_or(0.0, |place| weights[place])
        })
    }

    /// Numbers of a gradient of the weights as [`Filters::add_slopes`] makes it.
    pub(super) fn slopes_len(&self) -> usize {
        self.forward.taps.len() * self.from.channels * self.to.channels
    }

    /// A gradient of the weights in PyTorch's layout.
    pub(super) fn gradient(&self, slopes: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.filters * self.planes * self.kernel * self.kernel];
        for (tap, slopes) in slopes.chunks_exact(self.from.channels * self.to.channels).enumerate()
        {
            for (plane, slopes) in slopes.chunks_exact(self.to.channels).enumerate() {
                for (filter, &slope) in slopes.iter().enumerate() {
                    if let Some(place) = self.place(filter, plane, self.forward.taps[tap]) {
                        gradient[place] = slope;
                    }
                }
            }
        }
        gradient
    }
}

/// Weights `[tap · source, made]` for so many sources and as many numbers that are made.
fn lay_out(
    taps: &[[usize; 2]],
    [sources, made]: [usize; 2],
    weight: impl Fn([usize; 2], usize, usize) -> f32,
) -> Vec<f32> {
    let mut laid_out = Vec::with_capacity(taps.len() * sources * made);
    for &tap in taps {
        for source in 0..sources {
            laid_out.extend((0..made).map(|made| weight(tap, source, made)));
        }
    }
    laid_out
}

impl Filters {
    /// Lays out weights that are in PyTorch's layout.
    pub(super) fn new(arch: Arch, geometry: Geometry, weights: &[f32]) -> Self {
        let forward = geometry.forward_weights(weights);
        let backward = geometry.backward.iter().map(|plan| {
            Grouped::new(arch, &geometry.backward_weights(plan, weights), geometry.from.channels)
        });
        Self {
            arch,
            forward: Grouped::new(arch, &forward, geometry.to.channels),
            backward: backward.collect(),
            geometry,
        }
    }

    /// The sizes.
    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What it makes of an image.
    pub(super) fn forward(&self, from: &[f32]) -> Vec<f32> {
        let mut to = self.geometry.to.blank();
        let (plan, grouped) = (&self.geometry.forward, &self.forward);
        self.arch.dispatch(Products { plan, grouped, from, to: &mut to, add: false });
        to
    }

    /// The gradient of the image from that of what was made of it, written to `lower` or added.
    pub(super) fn backward(&self, upper: &[f32], lower: &mut [f32], add: bool) {
        for (plan, grouped) in self.geometry.backward.iter().zip(&self.backward) {
            self.arch.dispatch(Products { plan, grouped, from: upper, to: lower, add });
        }
    }

    /// Adds the gradient of the weights: `[tap · plane, filter]`.
    pub(super) fn add_slopes(&self, from: &[f32], upper: &[f32], slopes: &mut [f32]) {
        let plan = &self.geometry.forward;
        let filters = self.geometry.to.channels;
        self.arch.dispatch(Slopes { plan, filters, from, upper, sums: slopes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::random::{Generator, below, generator};

    fn draw(draws: &mut Generator, count: usize) -> Vec<f32> {
        (0..count).map(|_| below(draws, 1 << 20) as f32 / 524_288.0 - 1.0).collect()
    }

    /// Noise on `planes` channels of a canvas, zeros on the others and on the border.
    fn image(draws: &mut Generator, canvas: Canvas, planes: usize) -> Vec<f32> {
        let mut image = canvas.blank();
        for row in canvas.rows() {
            for pixel in image[row].chunks_exact_mut(canvas.channels) {
                pixel[..planes].copy_from_slice(&draw(draws, planes));
            }
        }
        image
    }

    /// What one weight multiplies: the places of a number that is taken and of one that is made.
    fn each_product(geometry: &Geometry, shape: Shape, mut visit: impl FnMut(usize, usize, usize)) {
        let (from, to) = (geometry.from, geometry.to);
        for row in 0..to.side[0] {
            for column in 0..to.side[1] {
                for tap in 0..shape.kernel * shape.kernel {
                    let [tap_row, tap_column] = [tap / shape.kernel, tap % shape.kernel];
                    // From the corner of the border, which is one pixel wide.
                    let source = from.bordered(
                        row * shape.stride + tap_row + 1 - shape.padding,
                        column * shape.stride + tap_column + 1 - shape.padding,
                    );
                    let made = to.bordered(row + 1, column + 1);
                    for filter in 0..geometry.filters {
                        for plane in 0..geometry.planes {
                            let place = geometry.place(filter, plane, [tap_row, tap_column]);
                            visit(place.unwrap(), source + plane, made + filter);
                        }
                    }
                }
            }
        }
    }

    fn close(found: &[f32], expected: &[f64], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-4, "{what}: {found} {expected}");
        }
    }

    #[test]
    fn all_three_products_are_those_of_the_definition_at_any_size() {
        let mut draws = generator(1, &[]);
        for (kernel, stride) in [(3, 1), (3, 2), (1, 1), (1, 2)] {
            let shape = Shape { kernel, stride, padding: kernel / 2 };
            for (planes, filters, side) in
                [(3, 5, [1, 1]), (16, 33, [2, 7]), (1, 16, [9, 8]), (20, 48, [5, 19])]
            {
                let from = Canvas::of_planes(planes, side);
                let geometry = Geometry::new(shape, from, [planes, filters]);
                let weights = draw(&mut draws, filters * planes * kernel * kernel);
                let taken = image(&mut draws, from, planes);
                let upper = image(&mut draws, geometry.to, filters);
                let [mut made, mut lower, mut gradient] =
                    [upper.len(), taken.len(), weights.len()].map(|len| vec![0.0; len]);
                each_product(&geometry, shape, |weight, source, target| {
                    let [number, factor] = [taken[source], weights[weight]].map(f64::from);
                    made[target] += number * factor;
                    lower[source] += f64::from(upper[target]) * factor;
                    gradient[weight] += f64::from(upper[target]) * number;
                });
                let border: Vec<usize> = (0..taken.len())
                    .filter(|&place| !from.rows().any(|row| row.contains(&place)))
                    .collect();
                border.into_iter().for_each(|place| lower[place] = 0.0);
                let what = format!("{kernel}/{stride}, {planes} to {filters}, {side:?}");
                let own = Filters::new(Arch::new(), geometry, &weights);
                close(&own.forward(&taken), &made, &what);
                let mut found = from.blank();
                own.backward(&upper, &mut found, false);
                close(&found, &lower, &what);
                own.backward(&upper, &mut found, true);
                close(&found, &lower.iter().map(|own| 2.0 * own).collect::<Vec<_>>(), &what);
                let mut slopes = vec![0.0; own.geometry().slopes_len()];
                own.add_slopes(&taken, &upper, &mut slopes);
                close(&own.geometry().gradient(&slopes), &gradient, &what);
            }
        }
    }
}
