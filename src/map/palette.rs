//! The colours of classes, the same in every form of a map.

use tesela_datasets::class::ClassId;

/// Colours that are told apart on a map, also by most people who see red and green alike (Okabe and Ito 2008,
/// grey first); repeated where there are more classes.
const COLOURS: [[u8; 3]; 8] = [
    [220, 220, 210],
    [213, 94, 0],
    [0, 114, 178],
    [0, 158, 115],
    [240, 228, 66],
    [204, 121, 167],
    [86, 180, 233],
    [60, 60, 60],
];

/// Red, green and blue of `class`.
pub(super) fn colour_of(class: ClassId) -> [u8; 3] {
    COLOURS[class.index() % COLOURS.len()]
}
