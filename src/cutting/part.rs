//! Parts: work on a mosaic that is divided among processes.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The most parts that work is divided into.
const MOST: u32 = 1_000_000;

/// The `number`-th of `of` parts, counted from 1; written `3/8`.
///
/// Parts are bands of rows of the mosaic with about as many cells each, so that each reads its own blocks.
///
/// ```
/// use tesela::cutting::Part;
///
/// let part: Part = "3/8".parse()?;
/// assert_eq!(part.to_string(), "3/8");
/// assert!("9/8".parse::<Part>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    number: u32,
    of: u32,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The `number`-th of `of` parts; the message says what is wrong.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn new(number: u32, of: u32) -> Result<Self, String> {
        if number == 0 || number > of || of > MOST {
            return Err(format!("part {number} of {of}; expected 1/n to n/n, n at most {MOST}"));
        }
        Ok(Self { number, of })
    }

    /// Which part it is, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// The rows of this part, where `counts` cells begin in each row: every row is of one part.
    pub(super) fn rows(self, counts: &[u32]) -> Range<usize> {
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        let own = u64::from(self.number - 1);
        let mut before = 0_u64;
        let mut rows = counts.len()..counts.len();
        for (row, &count) in counts.iter().enumerate() {
            let owner = (before * u64::from(self.of)).checked_div(total).unwrap_or(0);
            // Rows behind the last cell are of the last part.
            let owner = owner.min(u64::from(self.of) - 1);
            if owner == own {
                rows.start = rows.start.min(row);
            } else if owner > own {
                rows.end = row;
                break;
            }
            before += u64::from(count);
        }
        rows.start.min(rows.end)..rows.end
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        let (number, of) = numbers.ok_or_else(|| format!("`{text}`; expected such as 3/8"))?;
        Self::new(number, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_is_of_one_part_and_parts_are_about_as_large(
            counts in prop::collection::vec(0_u32..50, 1..200),
            of in 1_u32..12,
        ) {
            let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
            let mut next = 0;
            for number in 1..=of {
                let rows = Part::new(number, of).unwrap().rows(&counts);
                if rows.is_empty() {
                    continue;
                }
                prop_assert_eq!(rows.start, next);
                next = rows.end;
                let cells: u64 = counts[rows].iter().map(|&count| u64::from(count)).sum();
                prop_assert!(cells <= total / u64::from(of) + 50);
            }
            prop_assert_eq!(next, counts.len());
        }
    }

    #[test]
    fn parts_that_do_not_exist_are_refused() {
        for text in ["0/3", "4/3", "1/0", "x/3", "3", "1/2000000", "-1/3"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
        assert_eq!("1/1".parse(), Ok(Part::WHOLE));
    }
}
