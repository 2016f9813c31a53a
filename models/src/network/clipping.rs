//! Clipping: a limit to the norm of all gradients together.

use burn::tensor::Tensor;

use super::optimizer::Gradients;

/// What keeps the scale from dividing by zero; PyTorch's.
const EPSILON: f64 = 1e-6;

/// Scales all gradients down alike, such that their common norm is at most `most`; as PyTorch's `clip_grad_norm_`.
///
/// The norm stays on the device: nothing waits for it.
pub(crate) fn clip(gradients: &mut Gradients, most: f64) {
    let squares = gradients.iter().flatten().map(|gradient| gradient.clone().square().sum_dim(0));
    let Some(sum) = squares.reduce(|sum, square| sum + square) else { return };
    let scale: Tensor<1> = (sum.sqrt() + EPSILON).recip().mul_scalar(most).clamp_max(1.0);
    for gradient in gradients.iter_mut() {
        *gradient = gradient.take().map(|gradient| gradient * scale.clone());
    }
}
