//! What is done to the numbers of an image one by one.

use pulp::{Simd, WithSimd};

use super::canvas::Canvas;
use super::norm::{Affine, Descent};

/// What comes the way around a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) values: &'a [f32],
    /// The norm on the way; nothing is done to the numbers where there is none.
    pub(super) affine: Option<&'a Affine>,
}

/// Norms an image, adds what comes around, and lets pass what is not negative.
pub(super) struct Activate<'a> {
    pub(super) canvas: Canvas,
    pub(super) affine: &'a Affine,
    pub(super) around: Option<Around<'a>>,
    pub(super) values: &'a mut [f32],
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.canvas.channels / S::F32_LANES;
        let (factor, _) = S::as_simd_f32s(&self.affine.factor);
        let (offset, _) = S::as_simd_f32s(&self.affine.offset);
        let zero = simd.splat_f32s(0.0);
        for row in self.canvas.rows() {
            let (values, _) = S::as_mut_simd_f32s(&mut self.values[row.clone()]);
            for pixel in values.chunks_exact_mut(vectors) {
                for ((value, &factor), &offset) in pixel.iter_mut().zip(factor).zip(offset) {
                    *value = simd.mul_add_f32s(*value, factor, offset);
                }
            }
            if let Some(around) = self.around {
                let (around_values, _) = S::as_simd_f32s(&around.values[row]);
                let pixels =
                    values.chunks_exact_mut(vectors).zip(around_values.chunks_exact(vectors));
                match around.affine {
                    None => {
                        for (pixel, around) in pixels {
                            for (value, &around) in pixel.iter_mut().zip(around) {
                                *value = simd.add_f32s(*value, around);
                            }
                        }
                    }
                    Some(affine) => {
                        let (factor, _) = S::as_simd_f32s(&affine.factor);
                        let (offset, _) = S::as_simd_f32s(&affine.offset);
                        for (pixel, around) in pixels {
                            let around = around.iter().zip(factor).zip(offset);
                            for (value, ((&around, &factor), &offset)) in
                                pixel.iter_mut().zip(around)
                            {
                                let around = simd.mul_add_f32s(around, factor, offset);
                                *value = simd.add_f32s(*value, around);
                            }
                        }
                    }
                }
            }
            for value in values {
                // A NaN passes, so that a network that has diverged shows it.
                let closed = simd.less_than_or_equal_f32s(*value, zero);
                *value = simd.select_f32s(closed, zero, *value);
            }
        }
    }
}

/// Takes away the gradient of what did not pass.
pub(super) struct Close<'a> {
    pub(super) canvas: Canvas,
    /// What passed.
    pub(super) values: &'a [f32],
    /// The gradient, to which `around` is added before.
    pub(super) gradient: &'a mut [f32],
    pub(super) around: Option<&'a [f32]>,
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Close<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        for row in self.canvas.rows() {
            let (gradient, _) = S::as_mut_simd_f32s(&mut self.gradient[row.clone()]);
            let (values, _) = S::as_simd_f32s(&self.values[row.clone()]);
            if let Some(around) = self.around {
                let (around, _) = S::as_simd_f32s(&around[row]);
                for (gradient, &around) in gradient.iter_mut().zip(around) {
                    *gradient = simd.add_f32s(*gradient, around);
                }
            }
            for (gradient, &value) in gradient.iter_mut().zip(values) {
                let open = simd.greater_than_f32s(value, zero);
                *gradient = simd.select_f32s(open, *gradient, zero);
            }
        }
    }
}

/// The gradient of what a norm took.
pub(super) struct Descend<'a> {
    pub(super) canvas: Canvas,
    pub(super) descent: &'a Descent,
    /// What the norm took.
    pub(super) values: &'a [f32],
    /// The gradient of what it made.
    pub(super) upper: &'a [f32],
    pub(super) lower: &'a mut [f32],
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.canvas.channels / S::F32_LANES;
        let Descent { factor, level, tilt, mean, .. } = self.descent;
        let (factor, _) = S::as_simd_f32s(factor);
        let (level, _) = S::as_simd_f32s(level);
        let (tilt, _) = S::as_simd_f32s(tilt);
        let (mean, _) = S::as_simd_f32s(mean);
        for row in self.canvas.rows() {
            let (lower, _) = S::as_mut_simd_f32s(&mut self.lower[row.clone()]);
            let (upper, _) = S::as_simd_f32s(&self.upper[row.clone()]);
            let (values, _) = S::as_simd_f32s(&self.values[row]);
            let pixels = lower.chunks_exact_mut(vectors).zip(upper.chunks_exact(vectors));
            for ((lower, upper), values) in pixels.zip(values.chunks_exact(vectors)) {
                let numbers = lower.iter_mut().zip(upper).zip(values).enumerate();
                for (channel, ((lower, &upper), &value)) in numbers {
                    let straight =
                        simd.mul_f32s(simd.sub_f32s(upper, level[channel]), factor[channel]);
                    let deviation = simd.sub_f32s(value, mean[channel]);
                    *lower = simd.sub_f32s(straight, simd.mul_f32s(deviation, tilt[channel]));
                }
            }
        }
    }
}
