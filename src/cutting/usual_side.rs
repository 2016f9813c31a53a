//! The usual size of the cells of a grid of any length.

/// Sides that are kept at most.
const KEPT: usize = 2048;

/// The median of many sides, from an even sample of them: each, then every second, every fourth, ...
#[derive(Debug, Clone)]
pub(super) struct UsualSide {
    kept: Vec<f64>,
    step: u64,
    seen: u64,
}

impl Default for UsualSide {
    fn default() -> Self {
        Self { kept: Vec::new(), step: 1, seen: 0 }
    }
}

impl UsualSide {
    /// Takes in `side`.
    pub(super) fn note(&mut self, side: f64) {
        if self.seen.is_multiple_of(self.step) {
            if self.kept.len() == KEPT {
                let mut index = 0_usize;
                self.kept.retain(|_| {
                    index += 1;
                    !index.is_multiple_of(2)
                });
                self.step *= 2;
            }
            // With an even number kept, the side at hand is on the wider steps, too.
            self.kept.push(side);
        }
        self.seen += 1;
    }

    /// The median; `None` without a side.
    pub(super) fn median(&self) -> Option<f64> {
        let mut sides = self.kept.clone();
        sides.sort_unstable_by(f64::total_cmp);
        sides.get(sides.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_even_and_small_whatever_comes() {
        let mut usual = UsualSide::default();
        assert_eq!(usual.median(), None);
        for number in 0..100_000 {
            usual.note(f64::from(number));
            assert!(usual.kept.len() <= KEPT);
        }
        assert!(usual.kept.len() >= KEPT / 2);
        let steps = usual.kept.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(
            steps.clone().all(|step| step == usual.step as f64),
            "{:?}",
            steps.max_by(f64::total_cmp)
        );
        let median = usual.median().unwrap();
        assert!((median - 50_000.0).abs() <= usual.step as f64, "{median}");
    }
}
