//! File bands: where a file holds the bands that are wanted.

use crate::pixel::{Band, BandSet, BandSetError};

/// The mark of a file band that is not used.
const UNUSED: &str = "-";

/// Which band each band of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBands {
    count: usize,
    bands: BandSet,
    /// For each band of the set, its number in the file, from 1.
    numbers: Vec<usize>,
}

/// Why a list of names does not describe the bands of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileBandsError {
    /// A name is unknown.
    #[error(
        "file band {number} is `{found}`; expected one of blue, green, red, nir, swir1, swir2, or `-` for a band that is not used{suggestion}"
    )]
    Unknown {
        /// Number of the band in the file, from 1.
        number: usize,
        /// The name.
        found: String,
        /// The nearest right one, as an end of the sentence.
        suggestion: String,
    },
    /// No band, or one twice.
    #[error(transparent)]
    Set(#[from] BandSetError),
}

impl FileBands {
    /// Reads the names of the bands in the order of the file, `-` for those that are not used.
    ///
    /// # Errors
    /// If a name is unknown or stands twice, or no band is used.
    pub fn new(names: &[String]) -> Result<Self, FileBandsError> {
        let mut found: Vec<(Band, usize)> = Vec::new();
        for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != UNUSED) {
            let band = Band::ALL.into_iter().find(|band| band.name() == name);
            found.push((band.ok_or_else(|| unknown(index + 1, name))?, index + 1));
        }
        found.sort_unstable();
        let bands = BandSet::new(found.iter().map(|(band, _)| *band))?;
        let numbers = found.into_iter().map(|(_, number)| number).collect();
        Ok(Self { count: names.len(), bands, numbers })
    }

    /// How many bands the file has, used or not.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The bands that are used.
    pub fn bands(&self) -> &BandSet {
        &self.bands
    }

    /// The number in the file, from 1, of each used band, in canonical order of the bands.
    pub fn numbers(&self) -> &[usize] {
        &self.numbers
    }
}

fn unknown(number: usize, name: &str) -> FileBandsError {
    let nearest = Band::ALL
        .into_iter()
        .map(|band| (strsim::jaro_winkler(&name.to_lowercase(), band.name()), band))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let suggestion = nearest.map_or(String::new(), |(_, band)| format!("; did you mean `{band}`?"));
    FileBandsError::Unknown { number, found: name.to_owned(), suggestion }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn bands_are_found_whatever_the_order_of_the_file() {
        let bands = FileBands::new(&names("- red green blue - nir")).unwrap();
        assert_eq!(bands.count(), 6);
        assert_eq!(
            bands.bands().iter().map(Band::name).collect::<Vec<_>>(),
            ["blue", "green", "red", "nir"]
        );
        assert_eq!(bands.numbers(), [4, 3, 2, 6]);
    }

    #[test]
    fn unusable_lists_are_refused_with_the_reason() {
        let error = FileBands::new(&names("blue gren")).unwrap_err().to_string();
        assert!(error.starts_with("file band 2 is `gren`"), "{error}");
        assert!(error.ends_with("did you mean `green`?"), "{error}");
        assert_eq!(FileBands::new(&names("- -")), Err(FileBandsError::Set(BandSetError::Empty)));
        assert!(FileBands::new(&names("red - red")).is_err());
    }
}
