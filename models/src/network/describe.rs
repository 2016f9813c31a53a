//! A network's layers as a table for people.

use tesela_datasets::patch::PatchDefinition;

use super::architecture::{Layer, NetworkConfig};
use super::input_shape::{InputShape, ShapeError};
use super::planes::InputPlanes;

/// One layer, in words and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// The name, which begins the names of its tensors.
    pub name: String,
    /// What it does.
    pub what: String,
    /// The extent of its output for one patch: planes, rows and columns, or one number.
    pub output: Vec<usize>,
    /// How many numbers it learns.
    pub parameters: usize,
    /// Multiplications with addition that one patch takes; those of norms, pools and rectifiers are not counted.
    pub multiply_adds: usize,
}

/// The layers of the network of `config` for patches as `input` describes them.
///
/// # Errors
/// If there is no such network for these patches.
pub(crate) fn layers(
    config: &dyn NetworkConfig,
    input: &PatchDefinition,
    classes: usize,
) -> Result<Vec<LayerRow>, ShapeError> {
    let sides = [input.shape.height, input.shape.width];
    let shape = InputShape::new(InputPlanes::count(input), sides, classes)?;
    let row = |layer: Layer| LayerRow {
        parameters: layer.parameters(),
        multiply_adds: layer.multiply_adds,
        name: layer.name,
        what: layer.what,
        output: layer.output,
    };
    Ok(config.network(shape)?.layers().into_iter().map(row).collect())
}
