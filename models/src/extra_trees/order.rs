//! Sorts keys whose upper half is a rank.

/// A rank in the upper half, and a code in the lower one.
pub(crate) trait Key: Copy + Ord + Default + Send + std::fmt::Debug {
    /// How many bytes the rank has.
    const RANK_BYTES: usize;

    /// Byte number `index` of the rank, from the lowest.
    fn byte(self, index: usize) -> usize;
}

impl Key for u32 {
    const RANK_BYTES: usize = 2;

    #[inline(always)]
    fn byte(self, index: usize) -> usize {
        (self >> (16 + 8 * index) & 0xFF) as usize
    }
}

impl Key for u64 {
    const RANK_BYTES: usize = 4;

    #[inline(always)]
    fn byte(self, index: usize) -> usize {
        usize::from(self.to_le_bytes()[4 + index])
    }
}

/// So few keys are sorted faster by comparing them.
const FEW: usize = 96;

/// Sorts `keys` by rank. Keys of one rank are in any order, which depends on nothing but the keys given.
#[inline(always)]
pub(crate) fn sort<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>) {
    if keys.len() < FEW {
        keys.sort_unstable();
        return;
    }
    spare.resize(keys.len(), K::default());
    let mut counts = [[0_u32; 256]; 4];
    for &key in keys.iter() {
        for (index, counts) in counts.iter_mut().enumerate().take(K::RANK_BYTES) {
            counts[key.byte(index)] += 1;
        }
    }
    for (index, counts) in counts.iter_mut().enumerate().take(K::RANK_BYTES) {
        // A byte that is the same in all keys does not order them.
        if counts[keys[0].byte(index)] as usize == keys.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            (*count, start) = (start, start + *count);
        }
        for &key in keys.iter() {
            let place = &mut counts[key.byte(index)];
            spare[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, spare);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rank::Rank;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorted_keys_are_in_the_order_of_their_ranks(
            pairs in prop::collection::vec((0_u16..900, any::<u16>()), 0..400), scale in 1_u16..70,
        ) {
            let rank = |rank: u16| rank.wrapping_mul(scale);
            let mut narrow: Vec<u32> =
                pairs.iter().map(|&(number, code)| rank(number).key(u32::from(code))).collect();
            let mut wide: Vec<u64> = pairs
                .iter()
                .map(|&(number, code)| (u32::from(rank(number)) * 70_000).key(u32::from(code)))
                .collect();
            let mut expected = narrow.clone();
            sort(&mut narrow, &mut Vec::new());
            sort(&mut wide, &mut Vec::new());
            prop_assert!(narrow.windows(2).all(|pair| u16::of_key(pair[0]) <= u16::of_key(pair[1])));
            prop_assert!(wide.windows(2).all(|pair| u32::of_key(pair[0]) <= u32::of_key(pair[1])));
            narrow.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(narrow, expected);
        }
    }
}
