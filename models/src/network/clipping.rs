//! Clipping: a limit to the norm of all gradients together.

use burn::tensor::Tensor;

use super::optimizer::Gradients;

/// What keeps the scale from dividing by zero; PyTorch's.
const EPSILON: f64 = 1e-6;

/// The common norm of all gradients, on the device: nothing waits for it. `None` where there are none.
pub(crate) fn norm(gradients: &Gradients) -> Option<Tensor<1>> {
    let squares = gradients.iter().flatten().map(|gradient| gradient.clone().square().sum_dim(0));
    squares.reduce(|sum, square| sum + square).map(Tensor::sqrt)
}

/// Scales all gradients, whose common norm is `norm`, down alike, such that it is at most `most`; as PyTorch's
/// `clip_grad_norm_`.
pub(crate) fn clip(gradients: &mut Gradients, norm: Tensor<1>, most: f64) {
    let scale: Tensor<1> = (norm + EPSILON).recip().mul_scalar(most).clamp_max(1.0);
    for gradient in gradients.iter_mut() {
        *gradient = gradient.take().map(|gradient| gradient * scale.clone());
    }
}
