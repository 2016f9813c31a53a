//! The natural logarithm, without branches, so that the compiler computes many at a time.

/// `ln(x)` of a positive normal number, within a few units in the last place; any other input gives some
/// number or `NaN` without stopping.
///
/// The polynomial is that of Cephes' `logf` (Moshier): `x = m · 2ᵉ` with `m` between √½ and √2. Products and
/// sums are rounded one by one, so every processor gives the same bits.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    // Moves the cut between exponents from 1 to √½.
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF);
    let exponent = (shifted.cast_signed() >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF)) - 1.0;
    let square = m * m;
    let mut p = 7.037_683_6e-2;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        p = p * m + coefficient;
    }
    // ln 2 in two parts: the first stays exact when multiplied by an exponent.
    let low = m * square * p + exponent * -2.121_944_4e-4 - 0.5 * square;
    (m + low) + exponent * 0.693_359_4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_logarithm(x in prop_oneof![1e-6_f32..1e-2, 0.5_f32..2.0, 1.0_f32..1e6]) {
            let exact = f64::from(x).ln();
            prop_assert!((f64::from(ln(x)) - exact).abs() <= 2e-7 * exact.abs().max(0.5), "{x}");
        }
    }

    #[test]
    fn it_is_exact_where_that_is_possible() {
        assert_eq!(ln(1.0), 0.0);
        assert!((ln(2.0) - std::f32::consts::LN_2).abs() < 1e-7);
    }
}
