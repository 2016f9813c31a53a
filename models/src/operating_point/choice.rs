//! Which calibration: the one that surprises least on cells that it was not fitted on.
//!
//! The measure is the log-loss, a proper score, at the prevalence of the sample; among equals the simpler wins. To
//! judge the choice itself honestly, it must be made without the cells that it is judged on: the loss on one part is
//! then taken from fits that leave out two, that part and the one that judges. A fit that leaves out two parts serves
//! both of them.

use rayon::prelude::*;

use super::material::{Material, Without};
use super::{Calibration, CalibrationKind, OperatingPointError};

/// A kind of calibration with its loss on cells that it was not fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindLoss {
    /// The kind.
    pub kind: CalibrationKind,
    /// Mean of `-ln p` of the known class over all cells, in nats.
    pub log_loss: f64,
}

/// The choice among kinds, for all cells and for all but one part.
#[derive(Debug)]
pub(crate) struct Choice {
    /// The losses over all parts, in the order of the kinds.
    pub(crate) losses: Vec<KindLoss>,
    /// The best kind on all parts.
    pub(crate) best: CalibrationKind,
    /// The best kind without each part; nothing where a class is in too few parts to leave two out, or there are very many
    /// cells.
    pub(crate) best_without: Option<Vec<CalibrationKind>>,
}

/// The most cells for which the choice is made anew without each part. A choice among four is not swayed by a tenth of
/// more cells than this, and fits for all pairs of parts would take minutes.
const MOST_NESTED: usize = 1 << 18;

/// Summed losses of the kinds on one part.
type Losses = Vec<f64>;

impl Choice {
    /// Chooses among `kinds`, from the simplest.
    ///
    /// # Errors
    /// If a class has no weight in some fit.
    pub(crate) fn new(
        kinds: &[CalibrationKind],
        material: &Material<'_>,
    ) -> Result<Self, OperatingPointError> {
        let parts = material.data.part_count();
        let singles: Vec<Losses> = (0..parts)
            .into_par_iter()
            .map(|part| losses_on(kinds, material, Without::part(part), part))
            .collect::<Result<_, _>>()?;
        let total: f64 = material.cells(Without::NOTHING).map(|cell| material.weight(cell)).sum();
        let sums = add(kinds.len(), singles.iter());
        let losses = kinds.iter().zip(&sums);
        let losses: Vec<KindLoss> =
            losses.map(|(&kind, sum)| KindLoss { kind, log_loss: sum / total }).collect();
        Ok(Self {
            best: kinds[lowest(&sums)],
            losses,
            best_without: match kinds {
                [only] => Some(vec![*only; usize::from(parts)]),
                _ => nested(kinds, material)?,
            },
        })
    }
}

/// The best kind without each part.
fn nested(
    kinds: &[CalibrationKind],
    material: &Material<'_>,
) -> Result<Option<Vec<CalibrationKind>>, OperatingPointError> {
    let parts = material.data.part_count();
    if material.data.len() > MOST_NESTED || !two_can_be_left_out(material) {
        return Ok(None);
    }
    let pairs: Vec<(u8, u8)> =
        (0..parts).flat_map(|a| (a + 1..parts).map(move |b| (a, b))).collect();
    let both: Vec<[Losses; 2]> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let fits = fits(kinds, material, Without::parts(a, b))?;
            Ok([loss_of(&fits, material, a), loss_of(&fits, material, b)])
        })
        .collect::<Result<_, OperatingPointError>>()?;
    let best = |outer: u8| {
        // Without `outer`, part `b` is scored by the fit that leaves out both.
        let inner = pairs.iter().zip(&both).filter_map(|(&(a, b), [on_a, on_b])| {
            if a == outer { Some(on_b) } else { (b == outer).then_some(on_a) }
        });
        kinds[lowest(&add(kinds.len(), inner))]
    };
    Ok(Some((0..parts).map(best).collect()))
}

/// Whether every class has cells in three parts at least.
fn two_can_be_left_out(material: &Material<'_>) -> bool {
    let counts = material.data.counts_by_part();
    let parts_with = |class: usize| counts.iter().filter(|part| part[class] > 0).count();
    (0..material.data.classes().len()).all(|class| parts_with(class) >= 3)
}

fn losses_on(
    kinds: &[CalibrationKind],
    material: &Material<'_>,
    without: Without,
    part: u8,
) -> Result<Losses, OperatingPointError> {
    Ok(loss_of(&fits(kinds, material, without)?, material, part))
}

fn fits(
    kinds: &[CalibrationKind],
    material: &Material<'_>,
    without: Without,
) -> Result<Vec<Calibration>, OperatingPointError> {
    kinds.iter().map(|&kind| Calibration::fit_parts(kind, material, without)).collect()
}

/// Summed log-loss of each calibration on the cells of `part`.
fn loss_of(calibrations: &[Calibration], material: &Material<'_>, part: u8) -> Losses {
    let data = material.data;
    let mut row = vec![0.0; data.classes().len()];
    let cells = || (0..data.len()).filter(|&cell| data.parts()[cell] == part);
    let mut loss = |calibration: &Calibration| {
        let one = |cell: usize| {
            calibration.apply(data.row(cell), &mut row);
            -material.weight(cell) * row[data.truths()[cell].index()].ln()
        };
        cells().map(one).sum::<f64>()
    };
    calibrations.iter().map(&mut loss).collect()
}

fn add<'a>(kinds: usize, losses: impl Iterator<Item = &'a Losses>) -> Losses {
    losses.fold(vec![0.0; kinds], |sums, losses| {
        sums.iter().zip(losses).map(|(sum, loss)| sum + loss).collect()
    })
}

/// The first of the lowest, where a rounding error makes no difference.
fn lowest(sums: &[f64]) -> usize {
    let mut best = 0;
    for (index, &sum) in sums.iter().enumerate() {
        if sum < sums[best] * (1.0 - 1e-12) {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_equals_the_simpler_wins() {
        assert_eq!(lowest(&[2.0, 2.0, 1.0, 1.0 - 1e-15]), 2);
        assert_eq!(lowest(&[1.0, 1.0]), 0);
    }
}
