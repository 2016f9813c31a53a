//! Decisions: from probabilities to one class.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

use super::OperatingPointError;

/// How a class is chosen from probabilities that hold at the place of use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The most probable class, the lowest where several are.
    Argmax,
    /// One class where its probability is at least a threshold, else the most probable of the others.
    Threshold {
        /// The class that the threshold speaks of.
        class: ClassId,
        /// The lowest probability that is mapped as this class.
        at_least: f64,
    },
}

impl Decision {
    /// The class of a row of probabilities.
    pub fn apply(&self, row: &[f64]) -> ClassId {
        match *self {
            Self::Argmax => most_probable(row, None),
            Self::Threshold { class, at_least } if row[class.index()] >= at_least => class,
            Self::Threshold { class, .. } => most_probable(row, Some(class)),
        }
    }

    /// Checks a decision that was read, for so many classes.
    pub(crate) fn check(self, classes: usize) -> Result<(), OperatingPointError> {
        let refuse = |reason| Err(OperatingPointError::Stored { part: "decision", reason });
        match self {
            Self::Threshold { class, .. } if class.index() >= classes => {
                refuse(format!("names class {}; there are {classes}", class.index()))
            }
            Self::Threshold { at_least, .. } if !(0.0..=1.0).contains(&at_least) => {
                refuse(format!("has threshold {at_least}; expected 0 to 1"))
            }
            _ => Ok(()),
        }
    }
}

fn most_probable(row: &[f64], except: Option<ClassId>) -> ClassId {
    let mut best: Option<(usize, f64)> = None;
    for (index, &value) in row.iter().enumerate() {
        let allowed = except.is_none_or(|class| class.index() != index);
        if allowed && best.is_none_or(|(_, highest)| value > highest) {
            best = Some((index, value));
        }
    }
    ClassId::new(best.map_or(0, |(index, _)| index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_speaks_of_one_class_and_the_others_compete() {
        let class = ClassId::new(1);
        let decision = Decision::Threshold { class, at_least: 0.2 };
        assert_eq!(decision.apply(&[0.7, 0.2, 0.1]), class);
        assert_eq!(decision.apply(&[0.4, 0.19, 0.41]), ClassId::new(2));
        let decision = Decision::Threshold { class, at_least: 0.9 };
        assert_eq!(decision.apply(&[0.1, 0.8, 0.1]), ClassId::new(0));
        assert_eq!(Decision::Argmax.apply(&[0.4, 0.4, 0.2]), ClassId::new(0));
    }
}
