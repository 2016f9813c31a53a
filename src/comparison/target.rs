//! The mixture of classes that runs report figures for.

use super::paired::PairedRun;
use crate::metrics::Prevalence;

/// The target prevalence of a run.
pub(super) fn target(run: &PairedRun<'_>) -> Option<Prevalence> {
    let target = run.measurement.headline().target.as_ref()?;
    let shares = target.pooled.classes.iter().map(|class| class.prevalence).collect();
    // Scores that were read from a file may hold anything; what is no mixture is no target.
    Prevalence::new(shares).ok()
}

/// The target prevalence that all runs share, up to rounding.
pub(super) fn shared_target(runs: &[PairedRun<'_>]) -> Option<Prevalence> {
    let first = target(&runs[0])?;
    let same = |run: &PairedRun<'_>| {
        target(run).is_some_and(|other| {
            let pairs = first.shares().iter().zip(other.shares());
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9)
        })
    };
    runs.iter().all(same).then_some(first)
}
