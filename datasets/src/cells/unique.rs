//! Noticing that an id comes twice, in sixteen bytes a cell.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::cell::CellId;

/// The ids seen so far, kept as 128 bits of their SHA-256: for a country of millions of cells the text
/// itself would take several times the memory, and two texts with equal fingerprints are out of reach.
#[derive(Debug, Default, Clone)]
pub struct UniqueIds {
    seen: HashSet<u128>,
}

/// An id that was seen before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("duplicate cell_id `{id}`; every cell needs an id of its own")]
pub struct DuplicateId {
    /// The id.
    pub id: CellId,
}

impl UniqueIds {
    /// Notes `id`.
    ///
    /// # Errors
    /// If it was noted before.
    pub fn note(&mut self, id: &CellId) -> Result<(), DuplicateId> {
        let digest = Sha256::digest(id.as_str().as_bytes());
        let (&half, _) = digest.split_first_chunk::<16>().expect("a digest has 32 bytes");
        if self.seen.insert(u128::from_le_bytes(half)) {
            Ok(())
        } else {
            Err(DuplicateId { id: id.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_second_of_two_equal_ids_is_refused() {
        let mut ids = UniqueIds::default();
        assert_eq!(ids.note(&CellId::new("a")), Ok(()));
        assert_eq!(ids.note(&CellId::new("b")), Ok(()));
        assert_eq!(ids.note(&CellId::new("a")), Err(DuplicateId { id: CellId::new("a") }));
    }
}
