//! The tensors of a network: their names, shapes, and how they begin.

/// One tensor of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TensorSpec {
    /// The name in files, such as `conv1.weight`.
    pub(crate) name: String,
    /// The shape in PyTorch's layout, such as `[20, 28, 5, 5]`.
    pub(crate) shape: Vec<usize>,
    /// What it is to the training.
    pub(crate) role: Role,
    /// What it holds before the training.
    pub(crate) initial: Initial,
}

/// What a tensor is to the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Weights of sums over inputs: learned, and pulled towards zero by weight decay.
    Weight,
    /// Biases, and the scales of norms: learned, and not pulled.
    Offset,
    /// Running statistics: not learned, but followed.
    Statistic,
}

/// What a tensor holds before the training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Initial {
    /// Uniform between minus and plus this bound.
    Uniform(f64),
    /// Normal with mean zero and this deviation.
    Normal(f64),
    /// The same number everywhere.
    Constant(f32),
}

impl Initial {
    /// Uniform below one over the root of the inputs of a sum, for weights and biases alike. This is what PyTorch
    /// does for convolutions and dense layers (Kaiming with a slope of √5).
    pub(crate) fn of_fan_in(fan_in: usize) -> Self {
        Self::Uniform(1.0 / (fan_in as f64).sqrt())
    }
}

impl TensorSpec {
    /// How many numbers the tensor holds.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it is learned.
    pub(crate) fn is_learned(&self) -> bool {
        self.role != Role::Statistic
    }
}
