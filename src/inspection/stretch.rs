//! Stretch: from values to the grey levels that an eye can tell apart.

/// The values that become black and white, per colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    low: f32,
    high: f32,
}

impl Stretch {
    /// Black below the 2nd and white above the 98th percentile of `values`, which are sorted by this.
    pub(super) fn of(values: &mut [f32]) -> Self {
        values.sort_unstable_by(f32::total_cmp);
        let at = |percent: usize| values.get(values.len() * percent / 100).copied().unwrap_or(0.0);
        let (low, high) = (at(2), at(98));
        // A constant collection is shown in mid-grey, not divided by nothing.
        if high > low { Self { low, high } } else { Self { low: low - 0.5, high: low + 0.5 } }
    }

    /// The level of `value`; mid-tones are lifted a little, as most land is dark.
    pub(super) fn level(self, value: f32) -> u8 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "limited to 0..=255")]
        #[expect(clippy::cast_sign_loss, reason = "limited to 0..=255")]
        let level = (share.powf(0.8) * 255.0).round() as u8;
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_become_black_and_white_and_order_is_kept() {
        let mut values: Vec<f32> = (0..1000_u16).rev().map(f32::from).collect();
        let stretch = Stretch::of(&mut values);
        assert_eq!((stretch.level(-5.0), stretch.level(2000.0)), (0, 255));
        assert!(stretch.level(300.0) < stretch.level(600.0));
    }

    #[test]
    fn a_constant_and_an_empty_collection_are_grey() {
        assert!((100..160).contains(&Stretch::of(&mut [3.0; 9]).level(3.0)));
        assert!((100..160).contains(&Stretch::of(&mut []).level(0.0)));
    }
}
