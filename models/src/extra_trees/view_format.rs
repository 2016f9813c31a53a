//! Forests that are walked where their bytes lie, as specified in `models/README.md`.
//!
//! `forest.bin` is half as large, but has to be unpacked. Here the bytes are the very tables that are walked: a file
//! mapped into memory is ready as soon as it has been checked once, and processes share its pages. Every byte is
//! untrusted: whatever a file holds, a walk that begins ends, and finds nothing but what is there.

use std::path::Path;

use tesela_datasets::whole_file::write_whole;

use super::forest_view::ForestView;
use super::format::{FormatError, Reader};
use super::group_view::{GroupView, LANES};
use super::parameters::MAX_TREES;
use super::tree::{Layout, MOST_COLUMNS, Node, Words};
use crate::classifier::SaveError;

/// The version that this build writes and reads.
pub const VIEW_FORMAT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"TESFVIEW";
/// Magic, version and checksum.
const SEALED_FROM: usize = MAGIC.len() + 2 * size_of::<u32>();

impl<'a> ForestView<'a> {
    /// The forest as bytes that [`Self::from_bytes`] walks where they lie; the same forest gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut sealed = Vec::new();
        let mut write = |number: usize| {
            sealed.extend(u32::try_from(number).expect("a forest counts in u32").to_le_bytes());
        };
        [self.columns(), self.classes(), self.groups().len()].into_iter().for_each(&mut write);
        for group in self.groups() {
            let shares = group.shares.len() / self.classes();
            [group.trees, group.nodes.len(), shares].into_iter().for_each(&mut write);
            group.roots.into_iter().for_each(|root| write(root as usize));
        }
        for group in self.groups() {
            sealed.extend(group.nodes.as_flattened().iter().flat_map(|word| word.to_le_bytes()));
            sealed.extend(group.shares.iter().flat_map(|share| share.to_le_bytes()));
        }
        let numbers = [VIEW_FORMAT_VERSION, crc32c::crc32c(&sealed)];
        let head = numbers.into_iter().flat_map(u32::to_le_bytes);
        MAGIC.iter().copied().chain(head).chain(sealed).collect()
    }

    /// Writes the forest to `path`, which appears whole or not at all; a file that is replaced stays as it was for
    /// those that have it mapped.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn save(&self, path: &Path) -> Result<(), SaveError> {
        write_whole(path, &self.to_bytes())
            .map_err(|error| SaveError { path: path.into(), source: error.into() })
    }

    /// The forest that `bytes` hold, walked where they lie: they are checked once, and nothing is copied.
    ///
    /// # Errors
    /// If they are not what [`Self::to_bytes`] gives, if they begin at an address that is no multiple of four (those
    /// of a mapped file do not), or if the machine puts the highest byte of a number first.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if !bytes.starts_with(MAGIC) {
            return Err(FormatError::Foreign);
        }
        let mut reader = Reader { bytes: &bytes[MAGIC.len()..] };
        let found = reader.number()?;
        if found != VIEW_FORMAT_VERSION {
            return Err(FormatError::Version { found, expected: VIEW_FORMAT_VERSION });
        }
        let sealed = bytes.get(SEALED_FROM..).ok_or(FormatError::Checksum)?;
        if reader.number()? != crc32c::crc32c(sealed) {
            return Err(FormatError::Checksum);
        }
        if cfg!(target_endian = "big") {
            return Err(FormatError::Place("this machine puts the highest byte of a number first"));
        }
        ViewReader { reader }.forest()
    }
}

/// Takes a forest from bytes that may hold anything.
struct ViewReader<'a> {
    reader: Reader<'a>,
}

/// What is said of a group before its tables.
struct Head {
    trees: usize,
    nodes: usize,
    mixed: usize,
    roots: [u32; LANES],
}

impl<'a> ViewReader<'a> {
    fn forest(mut self) -> Result<ForestView<'a>, FormatError> {
        let reader = &mut self.reader;
        let (columns, classes, groups) = (reader.count()?, reader.count()?, reader.count()?);
        if !(1..=MOST_COLUMNS).contains(&columns) || !(1..=usize::from(u16::MAX)).contains(&classes)
        {
            return Err(FormatError::Content("the forest has no columns or classes, or too many"));
        }
        // Taken before anything is allocated for them.
        let heads = reader.take(groups.checked_mul(size_of::<[u32; 3 + LANES]>()))?;
        let heads = Self { reader: Reader { bytes: heads } }.heads(groups)?;
        let trees: usize = heads.iter().map(|head| head.trees).sum();
        if trees == 0 || trees as u64 > MAX_TREES {
            return Err(FormatError::Content("the forest has no trees, or too many"));
        }
        let read = |head| self.group(head, columns, classes);
        let groups = heads.iter().map(read).collect::<Result<_, _>>()?;
        if !self.reader.bytes.is_empty() {
            return Err(FormatError::Content("bytes are left behind the last tree"));
        }
        Ok(ForestView::new(columns, classes, groups))
    }

    fn heads(mut self, count: usize) -> Result<Vec<Head>, FormatError> {
        (0..count).map(|_| self.head()).collect()
    }

    fn head(&mut self) -> Result<Head, FormatError> {
        let reader = &mut self.reader;
        let mut head = Head {
            trees: reader.count()?,
            nodes: reader.count()?,
            mixed: reader.count()?,
            roots: [0; LANES],
        };
        for root in &mut head.roots {
            *root = reader.number()?;
        }
        let inside = head.roots.iter().all(|&root| (root as usize) < head.nodes);
        if !(1..=LANES).contains(&head.trees) || !inside {
            return Err(FormatError::Content(
                "a group has no trees, or roots that it does not hold",
            ));
        }
        Ok(head)
    }

    fn group(
        &mut self,
        head: &Head,
        columns: usize,
        classes: usize,
    ) -> Result<GroupView<'a>, FormatError> {
        let nodes: &[Words] = self.table(Some(head.nodes))?;
        let shares: &[f32] = self.table(head.mixed.checked_mul(classes))?;
        let checker = Checker { layout: Layout::new(columns), nodes, columns };
        checker.check(classes + head.mixed)?;
        if !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(FormatError::Content("a share of a leaf is not between 0 and 1"));
        }
        Ok(GroupView { nodes, roots: head.roots, trees: head.trees, shares })
    }

    /// The next `count` elements of a table, where they lie.
    fn table<T: bytemuck::AnyBitPattern>(
        &mut self,
        count: Option<usize>,
    ) -> Result<&'a [T], FormatError> {
        let bytes = count.and_then(|count| count.checked_mul(size_of::<T>()));
        bytemuck::try_cast_slice(self.reader.take(bytes)?).map_err(|_| {
            FormatError::Place("the bytes begin at an address that is no multiple of four")
        })
    }
}

/// Holds the nodes of a group against what a walk relies on.
struct Checker<'a> {
    layout: Layout,
    nodes: &'a [Words],
    columns: usize,
}

impl Checker<'_> {
    /// Every walk ends in a leaf whose code is below `codes`: children come after their parents, but for pairs of
    /// leaves, which parents may share.
    fn check(&self, codes: usize) -> Result<(), FormatError> {
        for (slot, &words) in self.nodes.iter().enumerate() {
            let node = Node::from(words);
            match node.leaf_code() {
                Some(code) => {
                    // A slot that is too high for the layout comes back as another.
                    let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                    let is_its_own = self.layout.child(node) == slot
                        && node == self.layout.leaf(self.layout.child(node), code);
                    if !is_its_own || code as usize >= codes {
                        return Err(FormatError::Content("a leaf is not one"));
                    }
                }
                None if self.is_split(slot, node) => {}
                None => {
                    return Err(FormatError::Content(
                        "a split has no such column, threshold or children",
                    ));
                }
            }
        }
        Ok(())
    }

    fn is_split(&self, slot: usize, node: Node) -> bool {
        let child = self.layout.child(node) as usize;
        let Some(children) = self.nodes.get(child..child + 2) else { return false };
        let are_leaves = || children.iter().all(|&words| Node::from(words).leaf_code().is_some());
        self.layout.column(node) < self.columns
            && node.threshold().is_finite()
            && (child > slot || are_leaves())
    }
}

#[cfg(test)]
mod tests {
    use super::super::class_weight::ClassWeight;
    use super::super::fit::tests::{grow, table};
    use super::super::forest::Forest;
    use super::super::matrix::Matrix;
    use super::super::parameters::Parameters;
    use super::*;
    use proptest::prelude::*;

    fn forest(seed: u64, classes: u16, trees: usize) -> Forest {
        let parameters = Parameters {
            n_trees: trees,
            min_samples_leaf: 4,
            class_weight: ClassWeight::Balanced,
            ..Parameters::default()
        };
        grow(&table(120, 9, classes, seed), &parameters, 1)
    }

    /// `bytes` at an address that is a multiple of four, as those of a mapping are.
    fn aligned(bytes: &[u8]) -> Vec<u32> {
        let mut words = vec![0; bytes.len().div_ceil(4)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        words
    }

    /// Seals `bytes` as an attacker would, and lets `look` see what comes of them.
    fn resealed(mut bytes: Vec<u8>, look: impl FnOnce(Result<ForestView<'_>, FormatError>)) {
        if let Some(sealed) = bytes.get(SEALED_FROM..) {
            let checksum = crc32c::crc32c(sealed).to_le_bytes();
            bytes[SEALED_FROM - 4..SEALED_FROM].copy_from_slice(&checksum);
        }
        let words = aligned(&bytes);
        look(ForestView::from_bytes(&bytemuck::cast_slice(&words)[..bytes.len()]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_view_says_what_its_forest_says(
            seed in any::<u64>(), classes in 2_u16..9, trees in 1_usize..24,
            missing in any::<prop::sample::Index>(),
        ) {
            let forest = forest(seed, classes, trees);
            let bytes = forest.view().to_bytes();
            let words = aligned(&bytes);
            let view = ForestView::from_bytes(bytemuck::cast_slice(&words)).unwrap();
            prop_assert!(view == forest.view());
            prop_assert_eq!(view.to_bytes(), bytes);
            let mut numbers = table(50, 9, classes, seed ^ 1).rows.concat();
            let missing = missing.index(numbers.len());
            numbers[missing] = f32::NAN;
            let matrix = Matrix::new(&numbers, 9).unwrap();
            prop_assert_eq!(
                view.predict_with_spread(matrix).unwrap(),
                forest.predict_with_spread(matrix).unwrap()
            );
        }

        #[test]
        fn altered_bytes_are_refused(place in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = forest(1, 3, 12).view().to_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            prop_assert!(ForestView::from_bytes(bytemuck::cast_slice(&aligned(&bytes))).is_err());
        }

        #[test]
        fn altered_bytes_with_a_right_checksum_do_no_harm(
            place in any::<prop::sample::Index>(), flip in 1_u8.., seed in 0_u64..9,
        ) {
            let mut bytes = forest(seed, 3, 12).view().to_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            resealed(bytes, |read| {
                let Ok(view) = read else { return };
                let numbers: Vec<f32> = (0..30 * view.columns()).map(|i| (i % 7) as f32).collect();
                let mut numbers = numbers;
                numbers[0] = f32::NAN;
                let said = view.predict(Matrix::new(&numbers, view.columns()).unwrap()).unwrap();
                // Which leaf a row reaches may have changed; what a leaf may say has not.
                assert!(said.iter().all(|value| (0.0..=1.0).contains(value)));
            });
        }

        #[test]
        fn truncated_bytes_are_refused(place in any::<prop::sample::Index>()) {
            let bytes = forest(3, 4, 3).view().to_bytes();
            let bytes = &bytes[..place.index(bytes.len())];
            prop_assert!(ForestView::from_bytes(&bytemuck::cast_slice(&aligned(bytes))[..bytes.len()]).is_err());
            resealed(bytes.to_vec(), |read| assert!(read.is_err()));
        }

        #[test]
        fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(VIEW_FORMAT_VERSION.to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(&noise);
            resealed(noise, |read| assert_eq!(read.unwrap_err(), FormatError::Foreign));
            resealed(bytes, |read| assert!(read.is_err()));
        }
    }

    #[test]
    fn a_walk_that_would_not_end_is_refused() {
        let layout = Layout::new(1);
        let split = |child| Words::from(layout.split(0, 0.0, true, child));
        let leaf = |slot| Words::from(layout.leaf(slot, 0));
        let missing_right = |slot: u32| [leaf(slot)[0], leaf(slot)[1] | 1 << 9];
        for (nodes, expected) in [
            (vec![split(1), leaf(1), leaf(2)], true),
            (vec![split(1), split(3), split(3), leaf(3), leaf(4)], true),
            (vec![split(0), leaf(1), leaf(2)], false),
            (vec![split(1), split(1), leaf(2)], false),
            (vec![split(2), leaf(1), leaf(2)], false),
            (vec![split(1), leaf(1), leaf(1)], false),
            (vec![split(1), leaf(1), missing_right(2)], false),
        ] {
            let roots = [0; LANES];
            let group = GroupView { nodes: &nodes, roots, trees: 1, shares: &[] };
            let bytes = ForestView::new(1, 2, vec![group]).to_bytes();
            let words = aligned(&bytes);
            let read = ForestView::from_bytes(bytemuck::cast_slice(&words));
            assert_eq!(read.is_ok(), expected, "{nodes:?}");
        }
    }

    #[test]
    fn bytes_that_cannot_be_walked_where_they_lie_are_refused() {
        let bytes = forest(5, 2, 1).view().to_bytes();
        let words = aligned(&[&[0], &bytes[..]].concat());
        let error =
            ForestView::from_bytes(&bytemuck::cast_slice(&words)[1..=bytes.len()]).unwrap_err();
        assert_eq!(error.to_string(), "the bytes begin at an address that is no multiple of four");
        let mut words = aligned(&bytes);
        words[2] = 9;
        let error = ForestView::from_bytes(bytemuck::cast_slice(&words)).unwrap_err();
        assert_eq!(error.to_string(), "the forest has format 9; this build reads 1");
    }
}
