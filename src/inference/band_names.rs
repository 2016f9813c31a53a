//! What a file calls its bands, held against what they are read as.

use tesela_datasets::descriptor::FileBands;
use tesela_datasets::pixel::Band;

/// What the names of a file say of how its bands are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ByName {
    /// Nothing against it.
    Fits,
    /// Bands are others.
    Other {
        /// What the bands that are read are called, each with its number.
        found: String,
        /// What they are read as.
        expected: String,
    },
}

/// Whether `names`, in the order of the file, contradict `bands`. Only names of bands say something: that of the number that is
/// read as a band must not be the name of another one, nor stand at another number.
pub(super) fn by_name(names: &[String], bands: &FileBands) -> ByName {
    let of_file: Vec<Option<Band>> = names.iter().map(|name| band_of(name)).collect();
    let at = |number: usize| of_file.get(number - 1).copied().flatten();
    let pairs = || bands.bands().iter().zip(bands.numbers().iter().copied());
    let is_other = |(band, number): (Band, usize)| match at(number) {
        Some(found) => found != band,
        None => of_file.contains(&Some(band)),
    };
    if !pairs().any(is_other) {
        return ByName::Fits;
    }
    let mut numbers = bands.numbers().to_vec();
    numbers.extend((1..=of_file.len()).filter(|&number| at(number).is_some()));
    numbers.sort_unstable();
    numbers.dedup();
    let list = |name: &dyn Fn(usize) -> Option<Band>| {
        let words = numbers.iter().map(|&number| {
            let name = name(number).map_or("-", Band::name);
            format!("{number} {name}")
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let read_as = |number| pairs().find(|(_, own)| *own == number).map(|(band, _)| band);
    ByName::Other { found: list(&at), expected: list(&read_as) }
}

fn band_of(name: &str) -> Option<Band> {
    let name = name.trim();
    Band::ALL.into_iter().find(|band| band.name().eq_ignore_ascii_case(name))
}

/// Which band of a file each band is, in words: part of what a prediction is known by.
pub(super) fn order_words(bands: &FileBands) -> String {
    let pairs = bands.bands().iter().zip(bands.numbers());
    pairs.map(|(band, number)| format!("{band} {number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn of(names: &[&str], read_as: &[&str]) -> ByName {
        by_name(&owned(names), &FileBands::new(&owned(read_as)).unwrap())
    }

    #[test]
    fn names_that_are_no_bands_or_the_right_ones_say_nothing() {
        assert_eq!(of(&["", "", ""], &["red", "green", "nir"]), ByName::Fits);
        assert_eq!(of(&["B4", "Band 2", "x"], &["red", "green", "nir"]), ByName::Fits);
        assert_eq!(of(&["Red", " green ", ""], &["red", "green", "nir"]), ByName::Fits);
        // What is not read may be called anything, also as what is read.
        assert_eq!(of(&["red", "red", "blue"], &["red", "-", "-"]), ByName::Fits);
    }

    #[test]
    fn names_in_another_order_and_of_other_bands_are_told_with_their_numbers() {
        let other = |found: &str, expected: &str| ByName::Other {
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let turned = of(&["red", "green", "blue"], &["blue", "green", "red"]);
        assert_eq!(turned, other("1 red, 2 green, 3 blue", "1 blue, 2 green, 3 red"));
        let elsewhere = of(&["", "red"], &["red", "-"]);
        assert_eq!(elsewhere, other("1 -, 2 red", "1 red, 2 -"));
        let strange = of(&["swir1", ""], &["red", "green"]);
        assert_eq!(strange, other("1 swir1, 2 -", "1 red, 2 green"));
    }

    #[test]
    fn an_order_is_told_by_bands_and_numbers() {
        let bands = FileBands::new(&owned(&["-", "red", "blue"])).unwrap();
        assert_eq!(order_words(&bands), "blue 3, red 2");
    }
}
