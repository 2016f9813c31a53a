//! The extent of a network's input, and how many classes it tells apart.

/// The most rows and columns of a patch, and the most planes: far above any use, and low enough that no
/// product of sizes overflows.
const MAXIMUM: usize = 4096;

/// The extent of a network's input, and how many classes it tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputShape {
    planes: usize,
    height: usize,
    width: usize,
    classes: usize,
}

/// Why there is no network for an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The layers would leave no pixel.
    #[error(
        "the patches have {height} × {width} pixels; {network} needs at least {least} × {least}"
    )]
    TooSmall {
        /// The network.
        network: &'static str,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The least rows and columns.
        least: usize,
    },
    /// Some size is out of range.
    #[error("{what} is {found}; expected 1 to {most}")]
    OutOfRange {
        /// Which size.
        what: &'static str,
        /// Its value.
        found: usize,
        /// The most possible.
        most: usize,
    },
}

impl InputShape {
    /// Patches of `planes` planes and `height` × `width` pixels, of `classes` classes.
    ///
    /// # Errors
    /// If a size is zero, or beyond reason.
    pub fn new(
        planes: usize,
        [height, width]: [usize; 2],
        classes: usize,
    ) -> Result<Self, ShapeError> {
        let ranges = [
            ("the number of rows", height, MAXIMUM),
            ("the number of columns", width, MAXIMUM),
            ("the number of input planes", planes, MAXIMUM),
            ("the number of classes", classes, usize::from(u16::MAX)),
        ];
        for (what, found, most) in ranges {
            if !(1..=most).contains(&found) {
                return Err(ShapeError::OutOfRange { what, found, most });
            }
        }
        Ok(Self { planes, height, width, classes })
    }

    /// The same, where `network` needs `least` rows and columns.
    pub(crate) fn at_least(self, least: usize, network: &'static str) -> Result<Self, ShapeError> {
        let Self { height, width, .. } = self;
        if height < least || width < least {
            return Err(ShapeError::TooSmall { network, height, width, least });
        }
        Ok(self)
    }

    /// Input planes: the channels, and the plane of used pixels.
    pub fn planes(&self) -> usize {
        self.planes
    }

    /// Rows and columns.
    pub fn side(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Numbers of one input.
    pub(crate) fn len(&self) -> usize {
        self.planes * self.height * self.width
    }

    /// Classes.
    pub fn classes(&self) -> usize {
        self.classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_reason_are_refused() {
        let error = InputShape::new(usize::MAX, [33, 33], 2).unwrap_err().to_string();
        assert!(error.contains("input planes") && error.contains("expected 1 to 4096"), "{error}");
        assert!(InputShape::new(4, [33, 33], 0).is_err());
        assert!(InputShape::new(0, [33, 33], 2).is_err());
    }

    #[test]
    fn a_patch_below_the_least_is_refused_with_both_extents() {
        let shape = InputShape::new(1, [33, 15], 2).unwrap();
        let error = shape.at_least(16, "LeNet").unwrap_err().to_string();
        assert!(error.contains("33 × 15 pixels; LeNet needs at least 16 × 16"), "{error}");
        assert!(shape.at_least(15, "LeNet").is_ok());
    }
}
