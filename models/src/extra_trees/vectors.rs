//! Vector instructions that the compiler does not find by itself.
//!
//! Nearly all loops here are written over slices, and become vector instructions where they are compiled. What is
//! asked for by name goes through [`Vectors`], with a plain loop that gives the same elsewhere: counting edges is
//! here, choosing the bytes of rows in [`row_picks`](super::row_picks), arithmetic on lanes in
//! [`lanes`](super::lanes), and parting rows in [`partition`](super::partition).

/// Numbers that are compared together.
pub(crate) const WIDTH: usize = 16;

/// The vector instructions at hand. They are fast only inside [`pulp::Arch::dispatch`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Vectors {
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    pub(crate) v3: Option<pulp::x86::V3>,
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    pub(crate) v4: Option<pulp::x86::V4>,
}

impl Vectors {
    /// Those of this processor.
    pub(crate) fn detect() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            v3: pulp::x86::V3::try_new(),
            #[cfg(target_arch = "x86_64")]
            v4: pulp::x86::V4::try_new(),
        }
    }

    /// How many of `numbers` are at most `bound`.
    #[inline(always)]
    pub(crate) fn count_at_most(self, numbers: &[f32; WIDTH], bound: f32) -> u32 {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(v4) = self.v4 {
                let bound = v4.avx512f._mm512_set1_ps(bound);
                let numbers = bytemuck::cast(*numbers);
                return v4.avx512f._mm512_cmple_ps_mask(numbers, bound).count_ones();
            }
            if let Some(v3) = self.v3 {
                return count_at_most(v3, numbers, bound);
            }
        }
        numbers.iter().map(|&number| u32::from(number <= bound)).sum()
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn count_at_most(v3: pulp::x86::V3, numbers: &[f32; WIDTH], bound: f32) -> u32 {
    use std::arch::x86_64::{__m256, _CMP_LE_OQ};

    let [first, last]: [__m256; 2] = bytemuck::cast(*numbers);
    let bound = v3.avx._mm256_set1_ps(bound);
    let first = v3.avx._mm256_cmp_ps::<_CMP_LE_OQ>(first, bound);
    let last = v3.avx._mm256_cmp_ps::<_CMP_LE_OQ>(last, bound);
    let first = v3.avx._mm256_movemask_ps(first).cast_unsigned();
    let last = v3.avx._mm256_movemask_ps(last).cast_unsigned();
    (first | last << 8).count_ones()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that this processor has, down to none.
    pub(in super::super) fn all_kinds() -> Vec<Vectors> {
        vec![
            Vectors::detect(),
            #[cfg(target_arch = "x86_64")]
            Vectors { v4: None, ..Vectors::detect() },
            Vectors::default(),
        ]
    }

    proptest! {
        #[test]
        fn numbers_are_counted_alike(numbers in any::<[f32; WIDTH]>(), bound in any::<f32>(), own in 0..WIDTH) {
            for bound in [bound, numbers[own], f32::NAN] {
                let expected = numbers.iter().filter(|&&number| number <= bound).count();
                for vectors in all_kinds() {
                    let counted = vectors.count_at_most(&numbers, bound);
                    prop_assert_eq!(counted, u32::try_from(expected).unwrap());
                }
            }
        }
    }
}
