//! `[validation]`: how an experiment is measured.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;
use tesela_datasets::fold::Scheme;

use super::ExperimentError;
use super::prevalence::{RawPrevalence, TargetPrevalence};
use super::schemes::{
    DEFAULT_FOLDS, Folding, RawBlocks, RawHeldOut, RawRegions, RegionSource, SchemeSettings,
};
use crate::metrics::Prevalence;

/// Cells of a map where an experiment does not say.
const DEFAULT_MAP_CELLS: u64 = 1_000_000;
/// More cells than any map has.
const MOST_MAP_CELLS: u64 = 1_000_000_000_000;

/// `[validation]` as written in an experiment file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawValidation {
    /// In which ways cells come into folds; random folds where nothing is said.
    pub schemes: Option<Vec<Scheme>>,
    /// Number of folds.
    pub folds: Option<usize>,
    /// How often random folds and blocks are drawn.
    pub repeats: Option<u16>,
    /// The fold plan of another run; its cells are the cells of this experiment.
    pub plan: Option<PathBuf>,
    /// Blocks of the ground.
    pub blocks: Option<RawBlocks>,
    /// Regions that are left out one by one.
    pub regions: Option<RawRegions>,
    /// A fixed held-out set.
    pub held_out: Option<RawHeldOut>,
    /// How common each class is where the model is to be used.
    pub target_prevalence: Option<RawPrevalence>,
    /// How many cells the map will have where the model is to be used; a million where nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_cells: Option<u64>,
}

/// Where the folds come from.
#[derive(Debug, Clone, PartialEq)]
pub enum FoldSource {
    /// They are made from the seed of the experiment.
    Drawn(Folding),
    /// Those of this file.
    Plan(PathBuf),
}

/// Validation settings that are known to be usable.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    folds: FoldSource,
    target: Option<TargetPrevalence>,
    map_cells: u64,
}

impl RawValidation {
    /// Fills in what is left out, and what lies in a table of its own; notes each problem.
    pub(super) fn resolve(&mut self, problems: &mut Problems) {
        if let Some(RawPrevalence::Strata(strata)) = &mut self.target_prevalence {
            strata.resolve(problems);
        }
        let has_folds = self.named_schemes().iter().any(|&scheme| scheme != Scheme::HeldOut);
        if self.plan.is_none() && has_folds {
            self.folds.get_or_insert(DEFAULT_FOLDS);
        }
    }

    /// Checks every field and notes each problem with the key that caused it.
    pub fn check(&self, problems: &mut Problems) -> Option<Validation> {
        let folds = match &self.plan {
            Some(plan) => {
                self.check_alone(problems);
                Some(FoldSource::Plan(plan.clone()))
            }
            None => self.check_folding(problems).map(FoldSource::Drawn),
        };
        let target = self.target_prevalence.as_ref().map(|target| target.check(problems));
        if let Some(cells) = self.map_cells.filter(|cells| !(1..=MOST_MAP_CELLS).contains(cells)) {
            let problem = format!("is {cells}; expected 1 to {MOST_MAP_CELLS}");
            problems.add("validation.map-cells", problem);
        }
        Some(Validation {
            folds: folds?,
            target,
            map_cells: self.map_cells.unwrap_or(DEFAULT_MAP_CELLS),
        })
    }

    /// A plan leaves nothing else to say about folds.
    fn check_alone(&self, problems: &mut Problems) {
        let others = [
            ("schemes", self.schemes.is_some()),
            ("folds", self.folds.is_some()),
            ("repeats", self.repeats.is_some()),
            ("blocks", self.blocks.is_some()),
            ("regions", self.regions.is_some()),
            ("held-out", self.held_out.is_some()),
        ];
        for (key, _) in others.into_iter().filter(|(_, is_there)| *is_there) {
            let key = format!("validation.{key}");
            problems.add(&key, "stands beside `plan`, which says it already");
        }
    }
}

impl Validation {
    /// The file of polygons that are the regions, where there is one.
    pub fn region_file(&self) -> Option<&Path> {
        let FoldSource::Drawn(folding) = &self.folds else { return None };
        folding.schemes().iter().find_map(|scheme| match scheme {
            SchemeSettings::Regions { source: RegionSource::Polygons(polygons), .. } => {
                Some(polygons.file.as_path())
            }
            _ => None,
        })
    }

    /// What says in which stratum of the target prevalence a cell lies, where strata are told apart.
    pub fn strata(&self) -> Option<&RegionSource> {
        self.target.as_ref().and_then(TargetPrevalence::strata)
    }

    /// The file of polygons that are the strata of the target prevalence, where there is one.
    pub fn strata_file(&self) -> Option<&Path> {
        match self.strata()? {
            RegionSource::Polygons(polygons) => Some(polygons.file.as_path()),
            RegionSource::Groups => None,
        }
    }

    /// Where the folds come from.
    pub fn folds(&self) -> &FoldSource {
        &self.folds
    }

    /// How many cells the map will have where the model is to be used.
    pub fn map_cells(&self) -> u64 {
        self.map_cells
    }

    /// The mixture that scores are reported for beside that of the sample.
    ///
    /// # Errors
    /// If it names a class that is not there, leaves out more than one, or does not sum to one.
    pub fn target(&self, classes: &ClassMap) -> Result<Option<Prevalence>, ExperimentError> {
        self.target.as_ref().map(|target| target.of(classes)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_plan_exclude_each_other() {
        let raw: RawValidation = toml::from_str("folds = 5\nplan = \"folds.parquet\"").unwrap();
        let mut problems = Problems::new();
        let checked = raw.check(&mut problems);
        assert!(problems.finish(checked).unwrap_err().to_string().contains("beside `plan`"));
    }
}
