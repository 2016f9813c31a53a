//! Arithmetic on the bins of many columns side by side, one lane each.
//!
//! What is summed over rows has to stay in registers from one row to the next. The compiler does not see to that
//! by itself, so the instructions are named.

use super::bins::MISSING;
use super::kernels::LANES;
use super::vectors::Vectors;

/// One byte for each column.
pub(crate) type Row = [u8; LANES];

/// What is done to lanes.
trait Lanes: Copy {
    type Value: Copy;
    fn load(self, row: &Row) -> Self::Value;
    fn store(self, value: Self::Value) -> Row;
    /// The same in all lanes.
    fn splat(self, byte: u8) -> Self::Value;
    fn min(self, a: Self::Value, b: Self::Value) -> Self::Value;
    fn max(self, a: Self::Value, b: Self::Value) -> Self::Value;
    fn add(self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// One where a lane of `a` is below that of `b`, else zero.
    fn below(self, a: Self::Value, b: Self::Value) -> Self::Value;
    fn and(self, a: Self::Value, b: Self::Value) -> Self::Value;
}

/// Lane by lane.
#[derive(Debug, Clone, Copy)]
struct Plain;

#[inline(always)]
fn each(a: Row, b: Row, of_two: impl Fn(u8, u8) -> u8) -> Row {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = of_two(*out, b);
    }
    out
}

impl Lanes for Plain {
    type Value = Row;

    #[inline(always)]
    fn load(self, row: &Row) -> Row {
        *row
    }

    #[inline(always)]
    fn store(self, value: Row) -> Row {
        value
    }

    #[inline(always)]
    fn splat(self, byte: u8) -> Row {
        [byte; LANES]
    }

    #[inline(always)]
    fn min(self, a: Row, b: Row) -> Row {
        each(a, b, u8::min)
    }

    #[inline(always)]
    fn max(self, a: Row, b: Row) -> Row {
        each(a, b, u8::max)
    }

    #[inline(always)]
    fn add(self, a: Row, b: Row) -> Row {
        each(a, b, u8::wrapping_add)
    }

    #[inline(always)]
    fn below(self, a: Row, b: Row) -> Row {
        each(a, b, |a, b| u8::from(a < b))
    }

    #[inline(always)]
    fn and(self, a: Row, b: Row) -> Row {
        each(a, b, |a, b| a & b)
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V3 {
    type Value = std::arch::x86_64::__m256i;

    #[inline(always)]
    fn load(self, row: &Row) -> Self::Value {
        bytemuck::cast(*row)
    }

    #[inline(always)]
    fn store(self, value: Self::Value) -> Row {
        bytemuck::cast(value)
    }

    #[inline(always)]
    fn splat(self, byte: u8) -> Self::Value {
        self.avx._mm256_set1_epi8(byte.cast_signed())
    }

    #[inline(always)]
    fn min(self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.avx2._mm256_min_epu8(a, b)
    }

    #[inline(always)]
    fn max(self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.avx2._mm256_max_epu8(a, b)
    }

    #[inline(always)]
    fn add(self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.avx2._mm256_add_epi8(a, b)
    }

    #[inline(always)]
    fn below(self, a: Self::Value, b: Self::Value) -> Self::Value {
        // What is left of `b` without `a`, cut at one.
        self.avx2._mm256_min_epu8(self.avx2._mm256_subs_epu8(b, a), self.splat(1))
    }

    #[inline(always)]
    fn and(self, a: Self::Value, b: Self::Value) -> Self::Value {
        self.avx2._mm256_and_si256(a, b)
    }
}

impl Vectors {
    /// The lowest and the highest bin in each lane, with what is missing put behind them; [`MISSING`] and one below
    /// the first where all are missing.
    #[inline(always)]
    pub(crate) fn extremes(self, rows: &[Row]) -> [Row; 2] {
        #[cfg(target_arch = "x86_64")]
        if let Some(v3) = self.v3 {
            return extremes(v3, rows);
        }
        extremes(Plain, rows)
    }

    /// Counts the rows below each of `ends`: all of them, and those whose class is not the first. At most
    /// [`FULL`](super::kernels::FULL) rows, of two classes.
    #[inline(always)]
    pub(crate) fn count_of_two(
        self,
        rows: &[Row],
        classes: &[u16],
        ends: &[Row; 2],
    ) -> [[Row; 2]; 2] {
        #[cfg(target_arch = "x86_64")]
        if let Some(v3) = self.v3 {
            return count_of_two(v3, rows, classes, ends);
        }
        count_of_two(Plain, rows, classes, ends)
    }
}

#[inline(always)]
fn extremes<L: Lanes>(lanes: L, rows: &[Row]) -> [Row; 2] {
    let one = lanes.splat(1);
    let (mut low, mut high) = (lanes.splat(MISSING), lanes.splat(0));
    for row in rows {
        let row = lanes.load(row);
        low = lanes.min(row, low);
        // What is missing is the highest bin, and none when one is added.
        high = lanes.max(lanes.add(row, one), high);
    }
    [lanes.store(low), lanes.store(high).map(|high| high.wrapping_sub(1))]
}

#[inline(always)]
fn count_of_two<L: Lanes>(
    lanes: L,
    rows: &[Row],
    classes: &[u16],
    [first, second]: &[Row; 2],
) -> [[Row; 2]; 2] {
    let (first, second, none) = (lanes.load(first), lanes.load(second), lanes.splat(0));
    let ([mut all_first, mut all_second], [mut ones_first, mut ones_second]) =
        ([none; 2], [none; 2]);
    for (row, &class) in rows.iter().zip(classes) {
        let (row, class) = (lanes.load(row), lanes.splat(class.to_le_bytes()[0]));
        let (below_first, below_second) = (lanes.below(row, first), lanes.below(row, second));
        all_first = lanes.add(all_first, below_first);
        all_second = lanes.add(all_second, below_second);
        ones_first = lanes.add(ones_first, lanes.and(below_first, class));
        ones_second = lanes.add(ones_second, lanes.and(below_second, class));
    }
    [[all_first, all_second], [ones_first, ones_second]].map(|of| of.map(|sum| lanes.store(sum)))
}

#[cfg(test)]
mod tests {
    use super::super::kernels::FULL;
    use super::super::vectors::tests::all_kinds;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lanes_are_what_each_column_is_by_itself(
            rows in prop::collection::vec((any::<Row>(), 0_u16..2), 1..=FULL), ends in any::<[Row; 2]>(),
        ) {
            let (rows, classes): (Vec<Row>, Vec<u16>) = rows.into_iter().unzip();
            for vectors in all_kinds() {
                let [low, high] = vectors.extremes(&rows);
                let counted = vectors.count_of_two(&rows, &classes, &ends);
                for lane in 0..LANES {
                    let column = || rows.iter().map(|row| row[lane]);
                    prop_assert_eq!(low[lane], column().min().unwrap());
                    let highest = column().filter(|&bin| bin != MISSING).max();
                    prop_assert_eq!(high[lane], highest.unwrap_or(MISSING));
                    for end in 0..2 {
                        let below = |class: &u16, bin: u8| *class < 2 && bin < ends[end][lane];
                        let all = classes.iter().zip(column()).filter(|(class, bin)| below(class, *bin));
                        let ones = all.clone().filter(|(class, _)| **class == 1);
                        prop_assert_eq!(usize::from(counted[0][end][lane]), all.count());
                        prop_assert_eq!(usize::from(counted[1][end][lane]), ones.count());
                    }
                }
            }
        }
    }
}
