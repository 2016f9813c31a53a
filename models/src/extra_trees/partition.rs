//! Parts the rows of a node into those of its children.
//!
//! Both sides keep their old order, so the rows of every node ascend. Where the processor can bring the chosen ones
//! of sixteen numbers together in one instruction, it does.

use super::vectors::Vectors;

/// Moves the items whose value is at most `last` to the front, both sides in their old order.
#[inline(always)]
pub(crate) fn partition<N: PartialOrd + Copy, T: Copy>(
    values: &[N],
    last: N,
    items: &mut [T],
    spare: &mut [T],
) {
    let mut left = 0;
    for (index, &value) in values.iter().enumerate() {
        let item = items[index];
        (items[left], spare[index - left]) = (item, item);
        left += usize::from(value <= last);
    }
    items[left..].copy_from_slice(&spare[..values.len() - left]);
}

/// Moves an id and a class for each value as [`partition`] does, and gives how many go to the front.
#[inline(always)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(unused_variables, reason = "rows are parted one by one there")
)]
pub(crate) fn partition_rows<N: PartialOrd + Copy>(
    vectors: Vectors,
    values: &[N],
    last: N,
    [ids, spare_ids]: [&mut [u32]; 2],
    [classes, spare_classes]: [&mut [u16]; 2],
) -> usize {
    let rows = values.len();
    let mut parts = Parts {
        ids: &mut ids[..rows],
        classes: &mut classes[..rows],
        spare_ids: &mut spare_ids[..rows],
        spare_classes: &mut spare_classes[..rows],
        left: 0,
        done: 0,
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = vectors.v4 {
        parts.part_many(v4, values, last);
    }
    parts.part_each(values, last);
    parts.finish()
}

/// Rows of which some have been parted.
struct Parts<'r> {
    ids: &'r mut [u32],
    classes: &'r mut [u16],
    spare_ids: &'r mut [u32],
    spare_classes: &'r mut [u16],
    /// How many were put to the front; the others are in the spare.
    left: usize,
    done: usize,
}

impl Parts<'_> {
    /// Parts the rows that are left, one by one.
    #[inline(always)]
    fn part_each<N: PartialOrd + Copy>(&mut self, values: &[N], last: N) {
        for &value in &values[self.done..] {
            let (id, class) = (self.ids[self.done], self.classes[self.done]);
            let right = self.done - self.left;
            (self.ids[self.left], self.classes[self.left]) = (id, class);
            (self.spare_ids[right], self.spare_classes[right]) = (id, class);
            self.left += usize::from(value <= last);
            self.done += 1;
        }
    }

    /// Puts what is in the spare behind what is in front, and gives how many are there.
    #[inline(always)]
    fn finish(self) -> usize {
        let right = self.done - self.left;
        self.ids[self.left..].copy_from_slice(&self.spare_ids[..right]);
        self.classes[self.left..].copy_from_slice(&self.spare_classes[..right]);
        self.left
    }
}

#[cfg(target_arch = "x86_64")]
impl Parts<'_> {
    /// Parts all rows but the last few, sixteen at a time.
    #[inline(always)]
    fn part_many<N: PartialOrd + Copy>(&mut self, v4: pulp::x86::V4, values: &[N], last: N) {
        for values in values.as_chunks::<MANY>().0 {
            let goes_left = values.map(|value| u8::from(value <= last));
            let goes_left = bytemuck::cast(goes_left);
            let goes_left = v4.avx512bw._mm_test_epi8_mask(goes_left, goes_left);
            let (done, right) = (self.done, self.done - self.left);
            // What is written beyond those that belong there has been read, or is written again.
            let ids = bytemuck::cast(*many(self.ids, done));
            let [front, back] = [goes_left, !goes_left]
                .map(|chosen| bytemuck::cast(v4.avx512f._mm512_maskz_compress_epi32(chosen, ids)));
            (*many(self.ids, self.left), *many(self.spare_ids, right)) = (front, back);
            let classes = bytemuck::cast(*many(self.classes, done));
            let classes = v4.avx512f._mm512_cvtepu16_epi32(classes);
            let [front, back] = [goes_left, !goes_left].map(|chosen| {
                let chosen = v4.avx512f._mm512_maskz_compress_epi32(chosen, classes);
                bytemuck::cast(v4.avx512f._mm512_cvtepi32_epi16(chosen))
            });
            (*many(self.classes, self.left), *many(self.spare_classes, right)) = (front, back);
            self.left += goes_left.count_ones() as usize;
            self.done += MANY;
        }
    }
}

/// Rows that are parted together.
#[cfg(target_arch = "x86_64")]
const MANY: usize = 16;

/// So many items from number `first` on.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn many<T>(items: &mut [T], first: usize) -> &mut [T; MANY] {
    items[first..].first_chunk_mut().expect("as many rows are still to be parted")
}

#[cfg(test)]
mod tests {
    use super::super::vectors::tests::all_kinds;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_parted_in_their_old_order(
            rows in prop::collection::vec((any::<u8>(), 0_u16..500), 0..100), last in any::<u8>(),
        ) {
            let (values, classes): (Vec<u8>, Vec<u16>) = rows.iter().copied().unzip();
            let ids: Vec<u32> = (7..).take(rows.len()).collect();
            let (mut expected, right): (Vec<u32>, Vec<u32>) =
                ids.iter().partition(|&&id| values[id as usize - 7] <= last);
            let count = expected.len();
            expected.extend(right);
            let class = |&id: &u32| classes[id as usize - 7];
            let expected_classes: Vec<u16> = expected.iter().map(class).collect();
            for vectors in all_kinds() {
                let (mut ids, mut classes) = (ids.clone(), classes.clone());
                let (mut spare_ids, mut spare_classes) = (vec![0; 150], vec![0; 150]);
                let left = partition_rows(
                    vectors,
                    &values,
                    last,
                    [&mut ids, &mut spare_ids],
                    [&mut classes, &mut spare_classes],
                );
                prop_assert_eq!((left, &ids, &classes), (count, &expected, &expected_classes));
            }
            let (mut again, mut spare) = (ids.clone(), vec![0; 150]);
            partition(&values, last, &mut again, &mut spare);
            prop_assert_eq!(again, expected);
        }
    }
}
