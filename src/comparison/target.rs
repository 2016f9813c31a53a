//! The mixture of classes that runs report figures for.

use super::paired::PairedRun;
use crate::experiment::Experiment;
use crate::metrics::Prevalence;
use crate::training::Measurement;

/// The target prevalence that `measurement` has figures for: that of the experiment, by stratum where it tells strata apart.
pub(super) fn target(experiment: &Experiment, measurement: &Measurement) -> Option<Prevalence> {
    let measured = measurement.headline().target.as_ref()?;
    let declared = experiment.validation().target(&measurement.classes).ok().flatten();
    if declared.is_some() {
        return declared;
    }
    let shares = measured.pooled.classes.iter().map(|class| class.prevalence).collect();
    // Scores that were read from a file may hold anything; what is no mixture is no target.
    Prevalence::new(shares).ok()
}

/// The target prevalence that all runs share, up to rounding.
pub(super) fn shared_target(runs: &[PairedRun<'_>]) -> Option<Prevalence> {
    let first = runs[0].target.as_ref()?;
    let same = |run: &PairedRun<'_>| run.target.as_ref().is_some_and(|own| own.is_like(first));
    runs.iter().all(same).then(|| first.clone())
}
