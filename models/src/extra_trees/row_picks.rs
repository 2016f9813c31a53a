//! The bins of a node's rows in some columns, laid out row by row.
//!
//! A few columns of a row lie scattered over its lines of cache. Where the processor can choose words from two
//! lines in one instruction, all lines are read from the first to the last, which takes half the time of a load
//! and a store for each byte.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512i;

use super::bins::MISSING;
use super::kernels::LANES;
use super::lanes::Row;
use super::vectors::Vectors;

/// Bytes that are chosen from together: two lines of cache.
#[cfg(any(target_arch = "x86_64", test))]
const SPAN: usize = 128;
/// Rows of so many spans are read whole, without a loop.
#[cfg(target_arch = "x86_64")]
const FEW_SPANS: usize = 4;

/// Which bytes of a row are picked.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "rows are copied one by one there")
)]
#[derive(Debug)]
pub(crate) struct RowPicks {
    /// For each lane the word within its span, and by how many bits it is to be shifted.
    words: [u16; LANES],
    shifts: [u16; LANES],
    /// [`MISSING`] in the lanes of no column.
    unused: Row,
    /// Spans of a row, and the lanes of the columns in each.
    spans: Vec<(usize, u32)>,
}

impl RowPicks {
    /// No columns.
    pub(crate) fn new() -> Self {
        let (words, shifts) = ([0; LANES], [0; LANES]);
        Self { words, shifts, unused: [MISSING; LANES], spans: Vec::new() }
    }

    /// Copies the bins of each of the rows `ids` in at most [`LANES`] `columns`; `values` holds them row by row,
    /// `width` bytes each. Lanes of no column are [`MISSING`].
    #[inline(always)]
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(unused_variables, reason = "rows are copied one by one there")
    )]
    pub(crate) fn copy(
        &mut self,
        vectors: Vectors,
        (values, width): (&[u8], usize),
        ids: &[u32],
        columns: &[u32],
        into: &mut Vec<Row>,
    ) {
        #[cfg(target_arch = "x86_64")]
        if let (Some(v4), true) = (vectors.v4, width.is_multiple_of(SPAN)) {
            into.resize(ids.len(), [MISSING; LANES]);
            self.choose(columns, width / SPAN);
            return self.copy_whole(v4, (values.as_chunks().0, width / SPAN), ids, into);
        }
        // The lanes of no column must not be written after those of the columns: vectors that are read soon after
        // single bytes were written have to wait for them.
        into.clear();
        into.resize(ids.len(), [MISSING; LANES]);
        for (row, &id) in into.iter_mut().zip(ids) {
            let from = &values[id as usize * width..][..width];
            for (to, &column) in row.iter_mut().zip(columns) {
                *to = from[column as usize];
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl RowPicks {
    /// Finds where `columns` lie in rows of so many spans.
    #[inline(always)]
    fn choose(&mut self, columns: &[u32], spans: usize) {
        self.spans.clear();
        self.spans.extend((0..spans).map(|span| (span, 0)));
        (self.words, self.shifts, self.unused) = ([0; LANES], [0; LANES], [MISSING; LANES]);
        for (lane, &column) in columns.iter().enumerate().take(LANES) {
            self.spans[column as usize / SPAN].1 |= 1 << lane;
            let byte = u16::from(column.to_le_bytes()[0]) % 128;
            self.words[lane] = byte / 2;
            self.shifts[lane] = byte % 2 * 8;
            self.unused[lane] = 0;
        }
        if spans > FEW_SPANS {
            self.spans.retain(|&(_, lanes)| lanes != 0);
        }
    }

    /// Copies what was chosen from rows of so many spans.
    #[inline(always)]
    fn copy_whole(
        &self,
        v4: pulp::x86::V4,
        (values, spans): (&[[u8; SPAN]], usize),
        ids: &[u32],
        into: &mut [Row],
    ) {
        match spans {
            1 => self.copy_spans(v4, self.first::<1>(), (values, 1), ids, into),
            2 => self.copy_spans(v4, self.first::<2>(), (values, 2), ids, into),
            3 => self.copy_spans(v4, self.first::<3>(), (values, 3), ids, into),
            4 => self.copy_spans(v4, self.first::<4>(), (values, 4), ids, into),
            _ => self.copy_spans(v4, &self.spans[..], (values, spans), ids, into),
        }
    }

    /// The lanes of so many spans, which are all that a row has.
    #[inline(always)]
    fn first<const SPANS: usize>(&self) -> [(usize, u32); SPANS] {
        std::array::from_fn(|span| (span, self.spans[span].1))
    }

    /// Copies what was chosen from these spans; without a loop where their number is known.
    #[inline(always)]
    fn copy_spans(
        &self,
        v4: pulp::x86::V4,
        chosen: impl AsRef<[(usize, u32)]>,
        (values, spans): (&[[u8; SPAN]], usize),
        ids: &[u32],
        into: &mut [Row],
    ) {
        let (bytes, chosen) = (v4.avx512bw, chosen.as_ref());
        let (words, shifts) = (bytemuck::cast(self.words), bytemuck::cast(self.shifts));
        let unused = bytemuck::cast(self.unused);
        for (to, &id) in into.iter_mut().zip(ids) {
            let row = &values[id as usize * spans..][..spans];
            let mut picked = v4.avx512f._mm512_setzero_si512();
            for &(span, lanes) in chosen {
                let [first, last]: [__m512i; 2] = bytemuck::cast(row[span]);
                let of_span = bytes._mm512_permutex2var_epi16(first, words, last);
                picked = bytes._mm512_mask_blend_epi16(lanes, picked, of_span);
            }
            let picked = bytes._mm512_srlv_epi16(picked, shifts);
            let picked = bytes._mm512_cvtepi16_epi8(picked);
            *to = bytemuck::cast(v4.avx2._mm256_or_si256(picked, unused));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::tests::all_kinds;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_row_shows_its_bins_in_the_columns_that_were_picked(
            spans in 1_usize..7,
            columns in prop::collection::vec(0_usize..6 * SPAN, 0..=LANES),
            ids in prop::collection::vec(0_u32..20, 0..60),
        ) {
            // Also rows of less than a span.
            for width in [spans * SPAN, 32] {
                let values: Vec<u8> = (0..20 * width).map(|place| (place * 7 / 3).to_le_bytes()[0]).collect();
                let columns: Vec<u32> =
                    columns.iter().map(|&column| u32::try_from(column % width).unwrap()).collect();
                let (mut picks, mut rows) = (RowPicks::new(), vec![[3; LANES]; 5]);
                for vectors in all_kinds() {
                    picks.copy(vectors, (&values, width), &ids, &columns, &mut rows);
                    prop_assert_eq!(rows.len(), ids.len());
                    for (row, &id) in rows.iter().zip(&ids) {
                        let expected = |&column: &u32| values[id as usize * width + column as usize];
                        let expected: Vec<u8> = columns.iter().map(expected).collect();
                        prop_assert_eq!(&row[..columns.len()], &expected);
                        prop_assert!(row[columns.len()..].iter().all(|&bin| bin == MISSING));
                    }
                }
            }
        }
    }
}
