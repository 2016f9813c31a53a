//! Ensembles: several models of the same cells and classes, whose probabilities are averaged.
//!
//! The models of all folds of a run make one: each saw most of the cells, together they saw all, and an operating point that was
//! learned from what they said of held-out cells fits them. The mean is taken in double precision in the order of the members.
//!
//! Start with [`Ensemble`].

#[cfg(test)]
mod tests;

use std::path::Path;

use tesela_datasets::class::ClassMap;
use tesela_datasets::source::{Batch, CellSource, InputDefinition};

use crate::classifier::{Classifier, PredictError, Probabilities, SaveError};
use crate::describe::Describer;
use crate::onnx::{OnnxError, OnnxModel, Scores};

/// A fitted model of several members.
pub struct Ensemble {
    /// Each with the name of its folder.
    members: Vec<(String, Box<dyn Classifier>)>,
    /// What makes the rows that all members look at, so that they are made once; `None` where members look at pixels.
    describer: Option<Describer>,
}

/// Why models cannot be averaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// There is nothing to average.
    #[error("an ensemble has no members; expected one at least")]
    Empty,
    /// A member is not as the first.
    #[error("member `{member}` has {what} other than those of member `{first}`")]
    Differs {
        /// The member.
        member: String,
        /// The first member.
        first: String,
        /// What differs.
        what: &'static str,
    },
}

impl Ensemble {
    /// Joins `members`, each with the name of its folder.
    ///
    /// # Errors
    /// If there are none, or they differ in classes, input or kind.
    pub fn new(members: Vec<(String, Box<dyn Classifier>)>) -> Result<Self, EnsembleError> {
        let (first, one) = members.first().ok_or(EnsembleError::Empty)?;
        for (member, other) in &members {
            for (what, differs) in [
                ("classes", other.classes() != one.classes()),
                ("cells", other.input() != one.input()),
                ("settings", other.kind() != one.kind()),
            ] {
                if differs {
                    let (member, first) = (member.clone(), first.clone());
                    return Err(EnsembleError::Differs { member, first, what });
                }
            }
        }
        let describer = one.features().map(|_| Describer::new(one.input()));
        Ok(Self { members, describer })
    }

    fn first(&self) -> &dyn Classifier {
        &*self.members.first().expect("an ensemble has members").1
    }

    /// The mean of what `predict` makes of each member.
    fn mean<E>(
        &self,
        mut predict: impl FnMut(&dyn Classifier) -> Result<Probabilities, E>,
    ) -> Result<Probabilities, E> {
        let mut sums: Vec<f64> = Vec::new();
        for (_, member) in &self.members {
            let own = predict(&**member)?;
            sums.resize(own.values().len(), 0.0);
            for (sum, &value) in sums.iter_mut().zip(own.values()) {
                *sum += f64::from(value);
            }
        }
        let members = self.members.len() as f64;
        Ok(Probabilities::new(
            self.classes().len(),
            sums.into_iter().map(|sum| single(sum / members)).collect(),
        ))
    }
}

impl Classifier for Ensemble {
    fn classes(&self) -> &ClassMap {
        self.first().classes()
    }

    fn input(&self) -> &InputDefinition {
        self.first().input()
    }

    fn kind(&self) -> &'static str {
        self.first().kind()
    }

    fn predict(&self, cells: &Batch) -> Result<Probabilities, PredictError> {
        let Some(describer) = &self.describer else {
            return self.mean(|member| member.predict(cells));
        };
        let rows = describer.describe(cells)?;
        let found = self.predict_features(&rows);
        Ok(found.expect("members look at rows of the same width"))
    }

    fn predict_features(&self, values: &[f32]) -> Option<Probabilities> {
        self.mean(|member| member.predict_features(values).ok_or(())).ok()
    }

    fn predict_source(
        &self,
        source: &dyn CellSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        // The members predict one after the other; what is heard is how much of all of it is done, as cells.
        let members = self.members.len();
        let (mut before, mut member) = (0, 0);
        self.mean(|own| {
            let found = own.predict_source(source, &mut |done| progress((before + done) / members));
            member += 1;
            before = member * source.len();
            found
        })
    }

    fn write_onnx(&self, model: &mut OnnxModel) -> Result<Scores, OnnxError> {
        let members = self.members.iter().map(|(name, member)| (name.as_str(), &**member));
        model.mean(members)
    }

    fn torch_twin(&self) -> Option<String> {
        self.first().torch_twin()
    }

    fn features(&self) -> Option<&[String]> {
        self.first().features()
    }

    fn save_weights(&self, directory: &Path) -> Result<(), SaveError> {
        for (name, member) in &self.members {
            let folder = directory.join(name);
            std::fs::create_dir(&folder)
                .map_err(|error| SaveError { path: folder.clone(), source: error.into() })?;
            member.save_weights(&folder)?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "probabilities are given in single precision")]
fn single(value: f64) -> f32 {
    value as f32
}
