//! LeNet's layers for a given input.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

use super::config::LenetConfig;
use super::processor::Blocks;
use crate::network::{
    BatchNorm, Convolution, Dense, Initial, InputShape, Layer, Network, NetworkGraph, Pass,
    ShapeError, Trunk,
};
use crate::onnx::{Attribute, Value};

/// How many filters the first convolution has.
pub(crate) const FILTERS_1: usize = 20;
/// How many filters the second convolution has.
pub(crate) const FILTERS_2: usize = 50;
/// Rows and columns of every filter.
pub(crate) const KERNEL: usize = 5;
/// How many units the hidden dense layer has.
const HIDDEN: usize = 500;
/// The least rows and columns of a patch: both convolutions and both pools must leave a pixel.
const MINIMUM_SIDE: usize = 16;

/// The network.
#[derive(Debug)]
pub(crate) struct Lenet {
    input: InputShape,
    convolutions: [Convolution; 2],
    hidden: Dense,
    logits: Dense,
    /// Of both convolutions and of the hidden layer, where they are asked for.
    norms: Option<[BatchNorm; 3]>,
    dropout: f64,
    blocks: Blocks,
}

impl Lenet {
    /// The network for `input`.
    pub(crate) fn new(config: &LenetConfig, input: InputShape) -> Result<Self, ShapeError> {
        let input = input.at_least(MINIMUM_SIDE, "LeNet")?;
        let convolution = |name: &str, planes, filters| Convolution {
            name: name.to_owned(),
            planes,
            filters,
            kernel: KERNEL,
            stride: 1,
            padding: 0,
            // A norm takes the mean away, and a bias with it.
            bias: !config.batch_norm,
            initial: Initial::of_fan_in(planes * KERNEL * KERNEL),
        };
        let norm = |(name, planes): (&str, usize)| {
            let name = name.to_owned();
            BatchNorm { name, planes, scale: 1.0 }
        };
        let norms = [("norm1", FILTERS_1), ("norm2", FILTERS_2), ("norm3", HIDDEN)];
        let blocks = Blocks::new(input.planes(), input.side());
        Ok(Self {
            input,
            convolutions: [
                convolution("conv1", input.planes(), FILTERS_1),
                convolution("conv2", FILTERS_1, FILTERS_2),
            ],
            hidden: Dense { name: "dense1".to_owned(), inputs: blocks.flat_len(), outputs: HIDDEN },
            logits: Dense { name: "dense2".to_owned(), inputs: HIDDEN, outputs: input.classes() },
            norms: config.batch_norm.then(|| norms.map(norm)),
            dropout: config.dropout,
            blocks,
        })
    }

    /// Convolution, norm, pool, rectifier.
    ///
    /// The rectifier follows the pool: the result is the same as in the other order, at a quarter of the work.
    ///
    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, filter, row / 2 − 2, column / 2 − 2]`
    fn block(&self, pass: &Pass<'_>, index: usize, planes: Tensor<4>) -> Tensor<4> {
        let convolved = self.convolutions[index].forward(pass, planes);
        let normed = match &self.norms {
            Some(norms) => norms[index].forward(pass, convolved),
            None => convolved,
        };
        pass.show(&pool(index), relu(max_pool2d(normed, MaxPoolOptions::new([2, 2]))))
    }

    /// The dense layers.
    ///
    /// # Shapes
    /// - `flat`: `[batch, number]`
    /// - output: `[batch, class]`
    pub(crate) fn dense(&self, pass: &Pass<'_>, flat: Tensor<2>) -> Tensor<2> {
        let hidden = self.hidden.forward(pass, flat); // [batch, 500]
        let hidden = match &self.norms {
            Some([_, _, norm]) => norm.forward(pass, hidden),
            None => hidden,
        };
        self.logits.forward(pass, pass.dropout(0, self.dropout, relu(hidden)))
    }

    /// Both convolutional blocks.
    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }
}

impl Network for Lenet {
    fn input(&self) -> InputShape {
        self.input
    }

    fn layers(&self) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut side = self.input.side();
        for (index, convolution) in self.convolutions.iter().enumerate() {
            let layer = convolution.layer(side);
            let output = layer.output.clone();
            layers.push(layer);
            layers.extend(self.norms.as_ref().map(|norms| norms[index].layer(&output)));
            side = [output[1] / 2, output[2] / 2];
            layers.push(Layer {
                name: pool(index),
                what: "pool 2 × 2, rectifier".to_owned(),
                output: vec![output[0], side[0], side[1]],
                tensors: Vec::new(),
                multiply_adds: 0,
            });
        }
        layers.push(self.hidden.layer());
        layers.extend(self.norms.as_ref().map(|norms| norms[2].layer(&[HIDDEN])));
        layers.push(self.logits.layer());
        layers
    }

    fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<2> {
        let first = self.block(pass, 0, planes); // [batch, 20, row, column]
        let second = self.block(pass, 1, first); // [batch, 50, row, column]
        self.dense(pass, second.flatten(1, 3)) // [batch, 50 · row · column]
    }

    fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value {
        let mut value = planes.clone();
        for (index, convolution) in self.convolutions.iter().enumerate() {
            value = convolution.write_onnx(graph, &value);
            if let Some(norms) = &self.norms {
                value = norms[index].write_onnx(graph, &value);
            }
            let sides = ["kernel_shape", "strides"].map(|name| (name, Attribute::Ints(vec![2; 2])));
            let pooled = graph.node("MaxPool", &[&value], &sides);
            value = graph.relu(&pooled);
        }
        let flat = graph.flatten(&value);
        let mut hidden = self.hidden.write_onnx(graph, &flat);
        if let Some([_, _, norm]) = &self.norms {
            hidden = norm.write_onnx(graph, &hidden);
        }
        let rectified = graph.relu(&hidden);
        self.logits.write_onnx(graph, &rectified)
    }

    fn torch_twin(&self) -> &'static str {
        include_str!("twin.py")
    }

    fn trunk(&self) -> Option<&dyn Trunk> {
        // A norm lies between convolution and pool, which the blocks compute in one go.
        self.norms.is_none().then_some(self)
    }
}

/// The name of the pool of block `index`.
fn pool(index: usize) -> String {
    format!("pool{}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenet(planes: usize, side: [usize; 2], batch_norm: bool) -> Result<Lenet, ShapeError> {
        let config = LenetConfig { batch_norm, ..LenetConfig::default() };
        Lenet::new(&config, InputShape::new(planes, side, 2)?)
    }

    fn sum(network: &Lenet, of: impl Fn(&Layer) -> usize) -> usize {
        network.layers().iter().map(of).sum()
    }

    #[test]
    fn the_figures_of_the_module_documentation_are_right() {
        let network = lenet(28, [33, 33], false).unwrap();
        let layers = network.layers();
        let figures = |index: usize| (layers[index].parameters(), layers[index].multiply_adds);
        assert_eq!(figures(0), (14_020, 11_774_000));
        assert_eq!(figures(2), (25_050, 2_500_000));
        assert_eq!(figures(4), (625_500, 625_000));
        assert_eq!(figures(5), (1_002, 1_000));
        assert_eq!(sum(&network, Layer::parameters), 665_572);
        assert_eq!(sum(&network, |layer| layer.multiply_adds), 14_900_000);
    }

    #[test]
    fn norms_take_the_place_of_biases() {
        let network = lenet(28, [33, 33], true).unwrap();
        let names: Vec<String> = network.tensors().into_iter().map(|tensor| tensor.name).collect();
        assert!(!names.contains(&"conv1.bias".to_owned()));
        assert_eq!(
            names[1..5],
            ["weight", "bias", "running_mean", "running_var"].map(|part| format!("norm1.{part}"))
        );
        // Two numbers learned for each plane, in place of one for each of the convolutions'.
        assert_eq!(sum(&network, Layer::parameters), 665_572 + 20 + 50 + 2 * 500);
        assert!(network.trunk().is_none());
    }

    #[test]
    fn the_least_patch_leaves_one_pixel_and_a_smaller_one_is_refused() {
        let least = lenet(1, [MINIMUM_SIDE; 2], false).unwrap();
        assert_eq!(least.blocks.flat_len(), FILTERS_2);
        let error = lenet(1, [33, 15], false).unwrap_err().to_string();
        assert!(error.contains("33 × 15") && error.contains("16 × 16"), "{error}");
    }
}
