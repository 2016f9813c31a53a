//! The cells that a model was fitted on, so that whoever maps them again can tell.

use std::collections::BTreeSet;
use std::path::Path;

use tesela_datasets::cell::CellId;

use super::BundleError;

/// The name of the file in a bundle.
pub const TRAINED_CELLS_FILE: &str = "trained-cells.jsonl";

/// The ids of the cells that a model was fitted on, those that decided when to stop included.
///
/// In a bundle they lie one to a line, each as a JSON string, in ascending order, each once.
///
/// ```
/// use tesela_datasets::cell::CellId;
/// use tesela_models::bundle::TrainedCells;
///
/// let cells: TrainedCells = ["b", "a"].map(CellId::new).into_iter().collect();
/// assert!(cells.contains("a") && !cells.contains("c"));
/// assert_eq!(cells.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrainedCells {
    /// All ids, one behind the other, in ascending order.
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl TrainedCells {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether the cell with this id is one of them.
    pub fn contains(&self, id: &str) -> bool {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.get(middle).cmp(id) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        false
    }

    /// These cells and `others`, each once.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        let ids: BTreeSet<&str> = self.iter().chain(others.iter()).collect();
        let mut cells = Self::default();
        for id in ids {
            cells.push(id);
        }
        cells
    }

    /// The ids, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    /// Appends `id`, which follows all others; says no where it does not.
    fn push(&mut self, id: &str) -> bool {
        if !self.is_empty() && self.get(self.len() - 1) >= id {
            return false;
        }
        self.text.push_str(id);
        self.ends.push(self.text.len());
        true
    }

    /// As in a bundle.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 3 * self.len());
        for index in 0..self.len() {
            serde_json::to_writer(&mut bytes, self.get(index)).expect("text is JSON");
            bytes.push(b'\n');
        }
        bytes
    }

    /// From a bundle; `path` is what errors name.
    pub(super) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let mut cells = Self::default();
        for (number, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let content = |reason: String| BundleError::Content {
                path: path.to_owned(),
                reason: format!("line {}: {reason}", number + 1),
            };
            let id: String = serde_json::from_slice(line).map_err(|error| {
                content(format!("{error}; expected a cell's id as JSON string"))
            })?;
            if !cells.push(&id) {
                return Err(content(format!("`{id}` does not follow the id before it")));
            }
        }
        Ok(cells)
    }
}

impl FromIterator<CellId> for TrainedCells {
    fn from_iter<T: IntoIterator<Item = CellId>>(ids: T) -> Self {
        let ids: BTreeSet<CellId> = ids.into_iter().collect();
        let mut cells = Self::default();
        for id in ids {
            cells.push(id.as_str());
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_come_back_and_are_found(ids in prop::collection::vec(any::<String>(), 0..40), other: String) {
            let cells: TrainedCells = ids.iter().map(|id| CellId::new(id.as_str())).collect();
            let back = TrainedCells::from_bytes(Path::new("x"), &cells.to_bytes()).unwrap();
            prop_assert_eq!(&back, &cells);
            for id in &ids {
                prop_assert!(back.contains(id));
            }
            let (one, two): (Vec<_>, Vec<_>) = ids.iter().enumerate().partition(|(at, _)| at % 3 == 0);
            let of = |ids: Vec<(usize, &String)>| -> TrainedCells {
                ids.into_iter().map(|(_, id)| CellId::new(id.as_str())).collect()
            };
            prop_assert_eq!(&of(one).union(&of(two)), &cells);
            prop_assert_eq!(back.contains(&other), ids.contains(&other));
        }

        #[test]
        fn bytes_of_any_kind_are_an_error_or_cells(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(TrainedCells::from_bytes(Path::new("x"), &bytes));
        }
    }

    #[test]
    fn lines_out_of_order_are_named() {
        let error = TrainedCells::from_bytes(Path::new("x"), b"\"b\"\n\"a\"\n").unwrap_err();
        assert!(error.to_string().contains("line 2: `a` does not follow"), "{error}");
        let error = TrainedCells::from_bytes(Path::new("x"), b"\"b\"\n7\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
