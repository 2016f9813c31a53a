//! Errors that were not seen: not seeing one among a hundred cells does not mean that there is none among a million.
//!
//! A bootstrap cannot draw what no cell shows: where not one of the evaluated cells of a class was taken for another, it says that
//! none ever will be. So in each draw the rate of such errors is one that the evaluation allows, drawn from Jeffreys' posterior
//! of a rate of which *n* trials showed nothing, Beta(1/2, *n* + 1/2) (Brown, Cai and DasGupta 2001, "Interval Estimation for a
//! Binomial Proportion", Statistical Science 16:101); *n* is the number of blocks that have cells of the class, for cells of
//! one block are not trials of their own. The errors fall to one of the classes for which none was taken.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};
use tesela_datasets::class::ClassId;
use tesela_datasets::random::{Generator, below, unit};

use crate::metrics::Confusion;

/// Parts of a cell that are counted.
const MILLION: u64 = 1_000_000;
/// Where the upper end of an interval of 95 % lies.
const UPPER: f64 = 0.975;

/// Errors of a class that no evaluated cell shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnseenErrors {
    /// The known class.
    pub known: ClassId,
    /// The classes for which none of its cells was taken.
    pub taken_for: Vec<ClassId>,
    /// Blocks that have cells of it.
    pub blocks: u64,
    /// The share of its cells that may be taken for these classes all the same: the upper end of Jeffreys' interval of 95 %.
    pub at_most: f64,
}

/// For each class what was not seen of it.
pub(super) struct Unseen {
    classes: Vec<Option<Row>>,
}

struct Row {
    law: Beta,
    /// Classes for which no cell was taken.
    decided: Vec<usize>,
}

impl Unseen {
    /// What `evaluated` does not show, where each class was seen in so many blocks.
    pub(super) fn of(evaluated: &Confusion, blocks: &[u64]) -> Self {
        let row = |(row, &blocks): (&Vec<u64>, &u64)| {
            let decided: Vec<usize> = (0..row.len()).filter(|&class| row[class] == 0).collect();
            let law = Beta::new(0.5, blocks as f64 + 0.5).ok()?;
            (!decided.is_empty() && blocks > 0).then_some(Row { law, decided })
        };
        Self { classes: evaluated.rows().iter().zip(blocks).map(row).collect() }
    }

    /// What was not seen, in the order of the classes; `blocks` as in [`Unseen::of`].
    pub(super) fn errors(&self, blocks: &[u64]) -> Vec<UnseenErrors> {
        let classes = self.classes.iter().zip(blocks).enumerate();
        let errors = classes.filter_map(|(known, (row, &blocks))| {
            let Row { law, decided } = row.as_ref()?;
            let taken_for = decided.iter().copied().map(ClassId::new).collect();
            let at_most = law.inverse_cdf(UPPER);
            Some(UnseenErrors { known: ClassId::new(known), taken_for, blocks, at_most })
        });
        errors.collect()
    }

    /// `evaluated` as it would be with all errors that may be, of classes whose cells are all decided alike; `None` where there is no
    /// such class. Cells are counted in millionths. Classes of which some errors were seen have intervals of their own.
    pub(super) fn worst(&self, evaluated: &Confusion, blocks: &[u64]) -> Option<Confusion> {
        let classes = blocks.len();
        let alike = |one: &UnseenErrors| one.taken_for.len() + 1 == classes;
        let errors: Vec<UnseenErrors> = self.errors(blocks).into_iter().filter(alike).collect();
        if errors.is_empty() {
            return None;
        }
        let mut worst = Confusion::new(classes);
        for (known, row) in evaluated.rows().iter().enumerate() {
            let known = ClassId::new(known);
            let unseen = errors.iter().find(|one| one.known == known);
            let cells = MILLION * row.iter().sum::<u64>();
            let others =
                unseen.map_or(0, |one| millionths(one.at_most, cells) / one.taken_for.len() as u64);
            for (decided, &seen) in row.iter().enumerate() {
                let moved = unseen.map_or(0, |one| others * one.taken_for.len() as u64);
                let count = if seen > 0 { MILLION * seen - moved } else { others };
                worst.add_many(known, ClassId::new(decided), count);
            }
        }
        Some(worst)
    }

    /// Gives each class the errors of one draw, at the expense of what was seen.
    pub(super) fn draw(&self, rates: &mut [Vec<f64>], generator: &mut Generator) {
        for (rates, unseen) in rates.iter_mut().zip(&self.classes) {
            let Some(Row { law, decided }) = unseen else { continue };
            let rate = law.inverse_cdf(unit(generator));
            let place = below(generator, decided.len() as u64);
            let class = decided[usize::try_from(place).expect("it is below a length")];
            rates.iter_mut().for_each(|seen| *seen *= 1.0 - rate);
            rates[class] += rate;
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
fn millionths(share: f64, cells: u64) -> u64 {
    (share * cells as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::random::generator;

    #[test]
    fn what_was_never_seen_is_rare_and_what_was_seen_stays() {
        let mut evaluated = Confusion::new(2);
        evaluated.add_many(ClassId::new(0), ClassId::new(0), 100);
        evaluated.add_many(ClassId::new(1), ClassId::new(1), 60);
        evaluated.add_many(ClassId::new(1), ClassId::new(0), 40);
        let unseen = Unseen::of(&evaluated, &[100, 100]);
        let errors = unseen.errors(&[100, 100]);
        assert_eq!(errors.len(), 1);
        assert_eq!((errors[0].known, errors[0].blocks), (ClassId::new(0), 100));
        assert_eq!(errors[0].taken_for, [ClassId::new(1)]);
        assert!((errors[0].at_most - 0.0247).abs() < 1e-4, "{errors:?}");
        let mut generator = generator(5, &[]);
        let mut errors: Vec<f64> = (0..4000)
            .map(|_| {
                let mut rates = vec![vec![1.0, 0.0], vec![0.4, 0.6]];
                unseen.draw(&mut rates, &mut generator);
                assert_eq!(rates[1], [0.4, 0.6]);
                assert!((rates[0].iter().sum::<f64>() - 1.0).abs() < 1e-12);
                rates[0][1]
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        // The ends of Jeffreys' interval for 0 of 100: 0.0000049 and 0.0247 (SciPy, `beta.ppf`).
        assert!((errors[3900] - 0.0247).abs() < 0.004, "{}", errors[3900]);
        assert!(errors[100] < 1e-4, "{}", errors[100]);
    }
}
