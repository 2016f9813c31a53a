//! The residual network for a given input.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::block::{Block, Normed};
use super::config::ResnetConfig;
use crate::network::{
    Dense, InputShape, Layer, Network, NetworkGraph, Pass, ShapeError, Trunk, global_average,
};
use crate::onnx::Value;

/// The least rows and columns of a patch.
const MINIMUM_SIDE: usize = 8;
/// The name of the layer that takes the mean of each plane.
const POOL: &str = "pool";

/// The network.
#[derive(Debug)]
pub(crate) struct Resnet {
    input: InputShape,
    stem: Normed,
    blocks: Vec<Block>,
    dropout: f64,
    logits: Dense,
}

impl Resnet {
    /// The network for `input`.
    pub(crate) fn new(config: &ResnetConfig, input: InputShape) -> Result<Self, ShapeError> {
        let input = input.at_least(MINIMUM_SIDE, "ResNet")?;
        let names = ["stem", "stem_norm"].map(str::to_owned);
        let stem = Normed::new(names, [input.planes(), config.width], 3, 1, 1.0);
        let (mut blocks, mut planes) = (Vec::new(), config.width);
        for (stage, &count) in config.blocks.iter().enumerate() {
            let filters = config.width << stage;
            for block in 0..count {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("stages.{}.{}", stage + 1, block + 1);
                blocks.push(Block::new(&name, [planes, filters], stride));
                planes = filters;
            }
        }
        let logits = Dense { name: "dense".to_owned(), inputs: planes, outputs: input.classes() };
        Ok(Self { input, stem, blocks, dropout: config.dropout, logits })
    }

    /// The first convolution with its norm.
    pub(super) fn stem(&self) -> &Normed {
        &self.stem
    }

    /// The blocks, in order.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Planes whose means the last layer sees.
    pub(super) fn last_planes(&self) -> usize {
        self.logits.inputs
    }

    /// The last layer.
    ///
    /// # Shapes
    /// - `means`: `[batch, plane]`
    /// - output: `[batch, class]`
    pub(super) fn dense(&self, pass: &Pass<'_>, means: Tensor<2>) -> Tensor<2> {
        self.logits.forward(pass, pass.dropout(0, self.dropout, means))
    }
}

impl Network for Resnet {
    fn input(&self) -> InputShape {
        self.input
    }

    fn layers(&self) -> Vec<Layer> {
        let (stem, mut side) = self.stem.layers(self.input.side());
        let mut layers = Vec::from(stem);
        for block in &self.blocks {
            let (own, after) = block.layers(side);
            layers.extend(own);
            side = after;
        }
        let logits = self.logits.layer();
        layers.push(Layer {
            name: POOL.to_owned(),
            what: "mean of each plane".to_owned(),
            output: vec![self.logits.inputs],
            tensors: Vec::new(),
            multiply_adds: 0,
        });
        layers.push(logits);
        layers
    }

    fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<2> {
        let stem = relu(self.stem.forward(pass, planes)); // [batch, width, row, column]
        let blocks = self.blocks.iter();
        let deep = blocks.fold(stem, |planes, block| block.forward(pass, planes));
        let means = pass.show(POOL, global_average(deep)); // [batch, plane]
        self.dense(pass, means)
    }

    fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value {
        let stem = self.stem.write_onnx(graph, planes);
        let mut value = graph.relu(&stem);
        for block in &self.blocks {
            value = block.write_onnx(graph, &value);
        }
        let means = graph.node("GlobalAveragePool", &[&value], &[]);
        let flat = graph.flatten(&means);
        self.logits.write_onnx(graph, &flat)
    }

    fn torch_twin(&self) -> &'static str {
        include_str!("twin.py")
    }

    fn trunk(&self) -> Option<&dyn Trunk> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resnet(planes: usize, side: [usize; 2]) -> Result<Resnet, ShapeError> {
        Resnet::new(&ResnetConfig::default(), InputShape::new(planes, side, 2)?)
    }

    /// Parameters and multiply-adds of the layers whose names begin so.
    fn figures(network: &Resnet, start: &str) -> (usize, usize) {
        let layers = network.layers();
        let own = layers.iter().filter(|layer| layer.name.starts_with(start));
        own.fold((0, 0), |(parameters, adds), layer| {
            (parameters + layer.parameters(), adds + layer.multiply_adds)
        })
    }

    #[test]
    fn the_figures_of_the_module_documentation_are_right() {
        let network = resnet(28, [33, 33]).unwrap();
        assert_eq!(figures(&network, "stem"), (4_064, 4_390_848));
        assert_eq!(figures(&network, "stages.1"), (9_344, 10_036_224));
        assert_eq!(figures(&network, "stages.2"), (33_088, 9_469_952));
        assert_eq!(figures(&network, "stages.3"), (131_712, 10_616_832));
        assert_eq!(figures(&network, "dense"), (130, 128));
        assert_eq!(figures(&network, ""), (178_338, 34_513_984));
    }

    #[test]
    fn every_tensor_has_a_name_of_its_own() {
        let mut names: Vec<String> =
            resnet(4, [8, 9]).unwrap().tensors().into_iter().map(|tensor| tensor.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_patch_that_is_too_small_is_refused() {
        assert!(resnet(3, [8, 8]).is_ok());
        let error = resnet(3, [8, 7]).unwrap_err().to_string();
        assert!(error.contains("8 × 7 pixels; ResNet needs at least 8 × 8"), "{error}");
    }
}
