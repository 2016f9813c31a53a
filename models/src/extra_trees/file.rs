//! A forest as a file of its own, as it lies in a bundle.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tesela_datasets::whole_file::write_whole;

use super::classifier::LoadError;
use super::forest::Forest;
use crate::classifier::SaveError;

/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 33;

impl Forest {
    /// Writes the forest to `path`, which appears whole or not at all.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn save(&self, path: &Path) -> Result<(), SaveError> {
        write_whole(path, &self.to_bytes())
            .map_err(|error| SaveError { path: path.into(), source: error.into() })
    }

    /// Reads the forest that [`Self::save`] wrote; every byte is checked.
    ///
    /// # Errors
    /// If the file is missing, or does not hold a forest of this version.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let bytes = read(path).map_err(|source| LoadError::Read { path: path.into(), source })?;
        Self::from_bytes(&bytes).map_err(|source| LoadError::Format { path: path.into(), source })
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::{grow, table};
    use super::super::parameters::Parameters;
    use super::*;

    #[test]
    fn a_forest_comes_back_from_its_file_and_a_file_that_is_none_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("some.forest");
        let parameters = Parameters { n_trees: 12, ..Parameters::default() };
        let forest = grow(&table(100, 6, 3, 2), &parameters, 1);
        forest.save(&path).unwrap();
        assert!(Forest::load(&path).unwrap() == forest);

        std::fs::write(&path, &forest.to_bytes()[1..]).unwrap();
        let error = Forest::load(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` is not a usable forest", path.display()));
        let error = Forest::load(&directory.path().join("none")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read forest"), "{error}");
    }
}
