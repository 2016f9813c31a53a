//! A pass: one way of some patches through a network, with the weights, and with what training adds.

use std::cell::RefCell;

use burn::tensor::{Tensor, TensorData};
use tesela_datasets::random;

use super::parameters::{Parameters, host};
use super::weights::to_single;
use crate::histogram::Histogram;

/// The place of the draws of dropout below the seed.
const DROPOUT: u64 = 5;

/// One way of some patches through a network.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    parameters: &'a Parameters,
    draws: Option<Draws>,
    statistics: RefCell<Vec<(usize, Tensor<1>)>>,
    /// How what each layer makes is spread, where the pass is watched.
    shown: Option<RefCell<Vec<Histogram>>>,
}

/// Where in a training a pass is: what its random draws depend on, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draws {
    /// The seed of the training.
    pub(crate) seed: u64,
    /// The step of the optimiser, counted from 0.
    pub(crate) step: u64,
    /// The part of the step, where gradients are accumulated.
    pub(crate) part: u64,
}

impl<'a> Pass<'a> {
    /// A pass that predicts.
    pub(crate) fn predicting(parameters: &'a Parameters) -> Self {
        Self { parameters, draws: None, statistics: RefCell::default(), shown: None }
    }

    /// A pass that predicts and keeps how what each layer makes is spread.
    pub(crate) fn watched(parameters: &'a Parameters) -> Self {
        Self { shown: Some(RefCell::default()), ..Self::predicting(parameters) }
    }

    /// A pass that trains.
    pub(crate) fn training(parameters: &'a Parameters, draws: Draws) -> Self {
        Self { draws: Some(draws), ..Self::predicting(parameters) }
    }

    /// Whether the pass trains.
    pub(crate) fn trains(&self) -> bool {
        self.draws.is_some()
    }

    /// Tensor `name` in its shape.
    pub(crate) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        self.parameters.tensor(name)
    }

    /// Notes what a running statistic becomes.
    pub(crate) fn follow(&self, name: &str, value: Tensor<1>) {
        let index = self.parameters.index(name);
        self.statistics.borrow_mut().push((index, value.inner()));
    }

    /// Shows what layer `name` makes to whoever watches the pass; gives it on as it is.
    pub(crate) fn show<const D: usize>(&self, name: &str, output: Tensor<D>) -> Tensor<D> {
        if let Some(shown) = &self.shown {
            // Counted at once: only one layer's numbers lie on the host at a time.
            shown.borrow_mut().extend(Histogram::of(name, &host(output.clone())));
        }
        output
    }

    /// How what each layer made is spread, in the order of the computation.
    pub(crate) fn into_shown(self) -> Vec<Histogram> {
        self.shown.map(RefCell::into_inner).unwrap_or_default()
    }

    /// What the running statistics become, by position of the tensor.
    pub(crate) fn into_statistics(self) -> Vec<(usize, Tensor<1>)> {
        self.statistics.into_inner()
    }

    /// Sets each number to zero with probability `rate` and scales the others up by as much, where the pass trains.
    ///
    /// The draws depend on the seed, the step and `layer`: they can be made again, on every device.
    ///
    /// # Shapes
    /// - `numbers`, output: `[batch, number]`
    pub(crate) fn dropout(&self, layer: u64, rate: f64, numbers: Tensor<2>) -> Tensor<2> {
        let Some(draws) = self.draws.filter(|_| rate > 0.0) else { return numbers };
        let shape = numbers.dims();
        let place = [DROPOUT, draws.step, draws.part, layer];
        let mut generator = random::generator(draws.seed, &place);
        let kept = to_single(1.0 / (1.0 - rate));
        let mask: Vec<f32> = (0..shape[0] * shape[1])
            .map(|_| if random::unit(&mut generator) < rate { 0.0 } else { kept })
            .collect();
        let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), &numbers.device());
        numbers * mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::parameters::host;
    use crate::network::weights::Weights;
    use burn::tensor::Device;

    #[test]
    fn dropout_leaves_out_its_share_and_keeps_the_mean_where_the_pass_trains() {
        let device = Device::flex();
        let nothing = Parameters::new(&Weights::new([].into(), Vec::new()), &device);
        let ones = || Tensor::<2>::ones([100, 200], &device);
        let draw = |step, layer| {
            let pass = Pass::training(&nothing, Draws { seed: 7, step, part: 0 });
            host(pass.dropout(layer, 0.25, ones()))
        };
        let found = draw(3, 0);
        let zeros = found.iter().filter(|&&value| value == 0.0).count() as f64 / 20_000.0;
        // Four standard errors of 20,000 draws.
        assert!((zeros - 0.25).abs() < 0.0123, "{zeros}");
        assert!(found.iter().all(|&value| value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
        assert_eq!(found, draw(3, 0), "a step that is done again has the same draws");
        assert!(found != draw(4, 0) && found != draw(3, 1), "steps and layers differ");
        let predicting = Pass::predicting(&nothing).dropout(0, 0.25, ones());
        assert!(host(predicting).iter().all(|&value| value == 1.0));
    }
}
