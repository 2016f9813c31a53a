//! The step size over a training: a short rise, then half a cosine down to zero.

/// The step size at every step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    highest: f64,
    warmup: u64,
    total: u64,
}

impl Schedule {
    /// A training of `total` steps whose first `warmup_share` rises to `highest`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of steps is not negative and not above it"
    )]
    pub(crate) fn new(highest: f64, warmup_share: f64, total: u64) -> Self {
        let warmup = (total as f64 * warmup_share).round() as u64;
        Self { highest, warmup: warmup.min(total), total }
    }

    /// The size of step `step`, counted from 0.
    pub(crate) fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.highest * (step + 1) as f64 / self.warmup as f64;
        }
        let falling = (self.total - self.warmup).max(1) as f64;
        let done = ((step - self.warmup) as f64 / falling).min(1.0);
        self.highest * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_the_highest_and_falls_towards_zero() {
        let schedule = Schedule::new(0.1, 0.1, 100);
        assert!((schedule.at(0) - 0.01).abs() < 1e-12);
        assert!((schedule.at(9) - 0.1).abs() < 1e-12);
        assert!((schedule.at(10) - 0.1).abs() < 1e-12);
        assert!((schedule.at(55) - 0.05).abs() < 1e-12);
        assert!(schedule.at(99) < 1e-3 * 0.1 && schedule.at(99) > 0.0);
        assert!((1..100).all(|step| step < 10 || schedule.at(step) <= schedule.at(step - 1)));
    }

    #[test]
    fn a_training_of_one_step_has_a_step_size() {
        assert_eq!(Schedule::new(0.1, 0.0, 1).at(0), 0.1);
        assert_eq!(Schedule::new(0.1, 1.0, 1).at(0), 0.1);
    }
}
