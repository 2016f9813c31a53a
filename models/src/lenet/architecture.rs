//! The sizes of LeNet's layers for a given input.

/// How many filters the first convolution has.
pub(crate) const FILTERS_1: usize = 20;
/// How many filters the second convolution has.
pub(crate) const FILTERS_2: usize = 50;
/// Rows and columns of every filter.
pub(crate) const KERNEL: usize = 5;
/// How many units the hidden dense layer has.
pub(crate) const HIDDEN: usize = 500;
/// The least rows and columns of a patch: both convolutions and both pools must leave a pixel.
pub(crate) const MINIMUM_SIDE: usize = 16;
/// The most rows and columns of a patch, and the most planes: far above any use, and low enough that no
/// product of sizes overflows.
const MAXIMUM: usize = 4096;

/// The sizes of all layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Architecture {
    planes: usize,
    height: usize,
    width: usize,
    classes: usize,
}

/// Why an input has no LeNet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchitectureError {
    /// Two convolutions and two pools leave nothing.
    #[error(
        "the patches have {height} × {width} pixels; LeNet needs at least {MINIMUM_SIDE} × {MINIMUM_SIDE}"
    )]
    TooSmall {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Some size is out of range.
    #[error("{what} is {found}; expected {least} to {most}")]
    OutOfRange {
        /// Which size.
        what: &'static str,
        /// Its value.
        found: usize,
        /// The least possible.
        least: usize,
        /// The most possible.
        most: usize,
    },
}

/// One tensor of weights: its name in files, and its shape in PyTorch's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorShape {
    /// The name, such as `conv1.weight`.
    pub(crate) name: &'static str,
    /// The shape, such as `[20, 28, 5, 5]`.
    pub(crate) shape: Vec<usize>,
    /// How many inputs one output of the layer sums over.
    pub(crate) fan_in: usize,
}

impl TensorShape {
    /// How many numbers the tensor holds.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Architecture {
    /// The network for patches of `planes` planes and `height` × `width` pixels, and `classes` classes.
    pub(crate) fn new(
        planes: usize,
        [height, width]: [usize; 2],
        classes: usize,
    ) -> Result<Self, ArchitectureError> {
        if height < MINIMUM_SIDE || width < MINIMUM_SIDE {
            return Err(ArchitectureError::TooSmall { height, width });
        }
        let ranges = [
            ("the number of rows", height, MINIMUM_SIDE, MAXIMUM),
            ("the number of columns", width, MINIMUM_SIDE, MAXIMUM),
            ("the number of input planes", planes, 1, MAXIMUM),
            ("the number of classes", classes, 1, usize::from(u16::MAX)),
        ];
        for (what, found, least, most) in ranges {
            if !(least..=most).contains(&found) {
                return Err(ArchitectureError::OutOfRange { what, found, least, most });
            }
        }
        Ok(Self { planes, height, width, classes })
    }

    /// Input planes: the channels, and the plane of used pixels.
    pub(crate) fn planes(&self) -> usize {
        self.planes
    }

    /// Rows and columns of the input.
    pub(crate) fn side(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Numbers of one input.
    pub(crate) fn input_len(&self) -> usize {
        self.planes * self.height * self.width
    }

    /// Classes.
    pub(crate) fn classes(&self) -> usize {
        self.classes
    }

    /// Rows and columns after the first convolution.
    pub(crate) fn convolved_1(&self) -> [usize; 2] {
        self.side().map(|side| side - (KERNEL - 1))
    }

    /// Rows and columns after the first pool.
    pub(crate) fn pooled_1(&self) -> [usize; 2] {
        self.convolved_1().map(|side| side / 2)
    }

    /// Rows and columns after the second convolution.
    pub(crate) fn convolved_2(&self) -> [usize; 2] {
        self.pooled_1().map(|side| side - (KERNEL - 1))
    }

    /// Rows and columns after the second pool.
    pub(crate) fn pooled_2(&self) -> [usize; 2] {
        self.convolved_2().map(|side| side / 2)
    }

    /// Numbers that the first dense layer sees.
    pub(crate) fn flat(&self) -> usize {
        FILTERS_2 * self.pooled_2().iter().product::<usize>()
    }

    /// All tensors of weights, in the order in which everything holds them.
    pub(crate) fn tensors(&self) -> [TensorShape; 8] {
        let tensor =
            |name, shape: &[usize], fan_in| TensorShape { name, shape: shape.to_vec(), fan_in };
        let (fan_1, fan_2) = (self.planes * KERNEL * KERNEL, FILTERS_1 * KERNEL * KERNEL);
        let flat = self.flat();
        [
            tensor("conv1.weight", &[FILTERS_1, self.planes, KERNEL, KERNEL], fan_1),
            tensor("conv1.bias", &[FILTERS_1], fan_1),
            tensor("conv2.weight", &[FILTERS_2, FILTERS_1, KERNEL, KERNEL], fan_2),
            tensor("conv2.bias", &[FILTERS_2], fan_2),
            tensor("dense1.weight", &[HIDDEN, flat], flat),
            tensor("dense1.bias", &[HIDDEN], flat),
            tensor("dense2.weight", &[self.classes, HIDDEN], HIDDEN),
            tensor("dense2.bias", &[self.classes], HIDDEN),
        ]
    }

    /// How many numbers are learned.
    pub(crate) fn parameters(&self) -> usize {
        self.tensors().iter().map(TensorShape::len).sum()
    }

    /// How many multiplications with addition one patch takes.
    #[cfg(test)]
    pub(crate) fn multiply_adds(&self) -> usize {
        let area = |side: [usize; 2]| side[0] * side[1];
        let taps = KERNEL * KERNEL;
        area(self.convolved_1()) * FILTERS_1 * self.planes * taps
            + area(self.convolved_2()) * FILTERS_2 * FILTERS_1 * taps
            + self.flat() * HIDDEN
            + HIDDEN * self.classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_the_module_documentation_are_right() {
        let architecture = Architecture::new(28, [33, 33], 2).unwrap();
        assert_eq!(architecture.flat(), 1250);
        assert_eq!(architecture.parameters(), 665_572);
        assert_eq!(architecture.multiply_adds(), 14_900_000);
    }

    #[test]
    fn the_least_patch_leaves_one_pixel_and_a_smaller_one_is_refused() {
        let least = Architecture::new(1, [MINIMUM_SIDE; 2], 2).unwrap();
        assert_eq!(least.pooled_2(), [1, 1]);
        let error = Architecture::new(1, [33, 15], 2).unwrap_err().to_string();
        assert!(error.contains("33 × 15") && error.contains("16 × 16"), "{error}");
    }

    #[test]
    fn sizes_beyond_reason_are_refused() {
        let error = Architecture::new(usize::MAX, [33, 33], 2).unwrap_err().to_string();
        assert!(error.contains("input planes"), "{error}");
        assert!(Architecture::new(4, [33, 33], 0).is_err());
    }
}
