//! The descriptors that are built into the program.

use std::path::Path;

/// Name and text of each, in order of name.
const BUILTIN: [(&str, &str); 6] = [
    ("eurosat-ms", include_str!("../../descriptors/eurosat-ms.toml")),
    ("eurosat-rgb", include_str!("../../descriptors/eurosat-rgb.toml")),
    ("landsat-c1", include_str!("../../descriptors/landsat-c1.toml")),
    ("landsat-c2", include_str!("../../descriptors/landsat-c2.toml")),
    ("olinda", include_str!("../../descriptors/olinda.toml")),
    ("simulated", include_str!("../../descriptors/simulated.toml")),
];

/// The names, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

/// The text of the descriptor that `path` names, where it is a mere name.
pub(super) fn text_of(path: &Path) -> Option<&'static str> {
    let path = path.to_str()?;
    let name = path.strip_suffix(".toml").unwrap_or(path);
    BUILTIN.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::super::{DataKind, Descriptor, FileBands};
    use super::*;

    #[test]
    fn every_built_in_descriptor_is_valid_and_called_like_its_file() {
        for name in names() {
            let descriptor = Descriptor::load(Path::new(name)).unwrap();
            assert_eq!(descriptor.name(), name);
        }
    }

    fn bands(descriptor: &Descriptor) -> &FileBands {
        &descriptor.imagery().unwrap().file_bands
    }

    #[test]
    fn eurosat_declares_what_its_files_are() {
        let colour = Descriptor::load(Path::new("eurosat-rgb.toml")).unwrap();
        assert_eq!(colour.classes().len(), 10);
        assert_eq!(bands(&colour).numbers(), [3, 2, 1]);
        assert!(!colour.imagery().unwrap().pixel.scaling.is_calibrated());
        let spectral = Descriptor::load(Path::new("eurosat-ms")).unwrap();
        assert_eq!(bands(&spectral).count(), 13);
        assert_eq!(bands(&spectral).numbers(), [2, 3, 4, 8, 11, 12]);
        assert!(matches!(spectral.kind(), DataKind::Patches { .. }));
    }

    #[test]
    fn a_path_that_is_no_name_is_read_from_disk() {
        assert!(Descriptor::load(Path::new("no/such/eurosat-ms.toml")).is_err());
    }
}
