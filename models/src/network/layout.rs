//! How the numbers of a patch lie in memory when the network takes them.

use super::architecture::Network;
use super::input_shape::InputShape;
use crate::device::DeviceChoice;

/// The order of the numbers of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[plane, row, column]`: burn's convolutions.
    PlanesFirst,
    /// `[row, column, plane]`, and room behind: trunks on the processor.
    PlanesLast {
        /// Numbers of a patch, with the room.
        len: usize,
    },
}

impl Layout {
    /// What `network` takes on `device`.
    pub(crate) fn of(network: &dyn Network, device: DeviceChoice) -> Self {
        match network.trunk().filter(|_| device == DeviceChoice::Flex) {
            Some(trunk) => Self::PlanesLast { len: trunk.image_len() },
            None => Self::PlanesFirst,
        }
    }

    /// Numbers of a patch of `input`.
    pub(crate) fn len(self, input: InputShape) -> usize {
        match self {
            Self::PlanesFirst => input.len(),
            Self::PlanesLast { len } => len,
        }
    }

    /// Copies a patch `[plane, row, column]` whose pixels come from the places of `table`.
    pub(crate) fn arrange(self, table: &[usize], from: &[f32], to: &mut [f32]) {
        let pixels = table.len();
        let planes = from.len() / pixels;
        match self {
            Self::PlanesFirst => {
                for (from, to) in from.chunks_exact(pixels).zip(to.chunks_exact_mut(pixels)) {
                    for (to, &source) in to.iter_mut().zip(table) {
                        *to = from[source];
                    }
                }
            }
            Self::PlanesLast { .. } => {
                for (to, &source) in to.chunks_exact_mut(planes).zip(table) {
                    for (to, from) in to.iter_mut().zip(from.chunks_exact(pixels)) {
                        *to = from[source];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_planes_turn_alike_in_either_order() {
        let (table, from) = ([1, 0, 3, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let mut to = [0.0; 8];
        Layout::PlanesFirst.arrange(&table, &from, &mut to);
        assert_eq!(to, [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0, 7.0]);
        let mut to = [0.0; 9];
        Layout::PlanesLast { len: 9 }.arrange(&table, &from, &mut to);
        assert_eq!(to, [2.0, 6.0, 1.0, 5.0, 4.0, 8.0, 3.0, 7.0, 0.0]);
    }
}
