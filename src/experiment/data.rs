//! `[data]`: which cells an experiment is about, and what their classes are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;

use super::{ClassGroups, ExperimentError, Regrouping};

/// `[data]` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawData {
    /// The store.
    pub store: PathBuf,
    /// The command that makes the store.
    pub make: Option<String>,
    /// Patches with a smaller share of used pixels, of those inside the cell, are not trained on.
    #[serde(default = "default_min_used_share")]
    pub min_used_share: f64,
    /// How the classes of the store are regrouped.
    pub classes: Option<ClassGroups>,
    /// Which cells are taken; all without it.
    pub sample: Option<RawSample>,
}

/// `[data.sample]` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawSample {
    /// Cells of each class.
    pub per_class: usize,
}

fn default_min_used_share() -> f64 {
    0.25
}

/// Data settings that are known to be usable.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    store: PathBuf,
    make: Option<String>,
    min_used_share: f64,
    classes: Option<ClassGroups>,
    per_class: Option<usize>,
}

impl RawData {
    /// Checks every field and notes each problem with the key that caused it.
    pub fn check(&self, problems: &mut Problems) -> Option<Data> {
        let share = self.min_used_share;
        if !(0.0..=1.0).contains(&share) {
            let problem = format!("is {share}; expected a share between 0 and 1");
            problems.add("data.min-used-share", problem);
        }
        if self.sample.as_ref().is_some_and(|sample| sample.per_class < 2) {
            problems.add("data.sample.per-class", "is too small; expected at least 2 cells");
        }
        Some(Data {
            store: self.store.clone(),
            make: self.make.clone(),
            min_used_share: share,
            classes: self.classes.clone(),
            per_class: self.sample.as_ref().map(|sample| sample.per_class),
        })
    }
}

impl Data {
    /// The store, which is known to exist.
    ///
    /// # Errors
    /// If there is nothing; the message holds the command that makes it.
    pub fn store(&self) -> Result<&Path, ExperimentError> {
        if self.store.exists() {
            return Ok(&self.store);
        }
        Err(ExperimentError::MissingStore { store: self.store.clone(), make: self.make.clone() })
    }

    /// The smallest share of used pixels, of those inside the cell, that is trained on.
    pub fn min_used_share(&self) -> f64 {
        self.min_used_share
    }

    /// Cells of each class that are taken; all where `None`.
    pub fn per_class(&self) -> Option<usize> {
        self.per_class
    }

    /// What the classes of the store become.
    ///
    /// # Errors
    /// If the groups do not fit the store, or fewer than two classes remain.
    pub fn regroup(&self, store: &ClassMap) -> Result<Regrouping, ExperimentError> {
        let regrouping = match &self.classes {
            Some(groups) => groups.apply(store)?,
            None => Regrouping::identity(store),
        };
        if regrouping.classes().len() < 2 {
            let only = regrouping.classes();
            let reason = format!("leaves one class, `{only}`; expected two at least");
            return Err(ExperimentError::Classes { reason });
        }
        Ok(regrouping)
    }
}
