//! What was found in each stratum of the country, at its own mixture.

use super::figures;
use super::write::Material;
use crate::metrics::{Prevalence, Scores, StratumShares};
use crate::report::page::StratumResults;
use crate::statistics::Decided;
use crate::training::{Operation, Predictions};

/// The strata of the target with the cells that stand for them, decided by `operation` or taken for their most probable class;
/// nothing where strata are not told apart.
pub(super) fn strata(
    material: &Material,
    predictions: &Predictions,
    operation: Option<&Operation>,
) -> Vec<StratumResults> {
    let Some(target) = material.target.as_ref() else { return Vec::new() };
    let decided = match operation {
        Some(operation) => operation.decided(),
        None => predictions.most_probable(Some(target)),
    };
    if target.strata().len() != decided.outcomes().strata() {
        return Vec::new();
    }
    let supports = decided.outcomes().supports();
    let cells = supports.chunks_exact(target.shares().len());
    let all = (0..).zip(target.strata()).zip(cells);
    all.map(|((number, shares), cells)| StratumResults {
        name: shares.stratum.as_str().into(),
        share: shares.share,
        prevalence: shares.prevalence.clone(),
        cells: cells.to_vec(),
        scores: scores(material, &decided, number, shares)
            .map(|scores| figures::plain(&scores, material.focus))
            .unwrap_or_default(),
    })
    .collect()
}

/// The scores of the cells in stratum `number` at its own mixture; `None` where they cannot be mixed so, or the class in focus is
/// not there.
fn scores(
    material: &Material,
    decided: &Decided,
    number: u16,
    shares: &StratumShares,
) -> Option<Scores> {
    if material.focus.is_some_and(|class| shares.prevalence[class] <= 0.0) {
        return None;
    }
    let own = Prevalence::new(shares.prevalence.clone()).ok()?;
    let (outcomes, decisions) = decided.outcomes().in_stratum(number, decided.decisions());
    Scores::decided(&outcomes, &decisions, &material.run.manifest().classes, Some(&own))
}
