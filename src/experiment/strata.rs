//! How common the classes are in each stratum of the place of use, as an experiment says it.
//!
//! ```toml
//! [validation.target-prevalence]
//! strata = "group"                   # or { file = "states.gpkg", column = "name" }: what says where a cell lies
//!
//! [validation.target-prevalence.by-stratum]     # or `table = "strata.csv"`
//! north = { share = 0.4, urban = 0.05 }         # `cells = 790000` instead of `share`, everywhere
//! south = { share = 0.6, urban = 0.01 }
//! ```
//!
//! A table has a row for each stratum and the columns `stratum`, `share` or `cells`, and one for each class but one. It is copied
//! into the resolved experiment, so a run does not depend on it.
//!
//! `share` and `cells` always speak of the stratum: a class of such a name is the one that is left out, and has the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;

use super::prevalence::by_class;
use super::strata_table;
use super::{ExperimentError, RegionPolygons, RegionSource};
use crate::metrics::{Prevalence, StratumShares};

/// Where the problems of strata are noted.
pub(super) const KEY: &str = "validation.target-prevalence";
/// The share of all cells that lie in a stratum.
pub(super) const SHARE: &str = "share";
/// The number of cells that lie in a stratum.
pub(super) const CELLS: &str = "cells";
/// The column of a store that says to which stratum a cell belongs.
const GROUP: &str = "group";
/// How far from 1 the shares of all strata may sum.
const TOLERANCE: f64 = 1e-6;

/// `[validation.target-prevalence]` as written in an experiment file, where strata are told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RawStrata {
    /// What says in which stratum a cell lies.
    pub strata: RawStrataSource,
    /// A CSV or Parquet file with a row for each stratum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<PathBuf>,
    /// For each stratum `share` or `cells`, and the share of each class in it; one class may be left out, which has the rest.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_stratum: BTreeMap<String, BTreeMap<String, f64>>,
}

/// What says in which stratum a cell lies, as written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RawStrataSource {
    /// A column of the store.
    Attribute(String),
    /// Polygons of a file.
    File(RawStrataFile),
}

/// Polygons that are strata, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawStrataFile {
    /// A file of polygons: a cell belongs to the one that holds its middle.
    pub file: PathBuf,
    /// The layer of the file; the only one where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The column of the file that names the stratum of a polygon; polygons of one name are one stratum.
    pub column: String,
}

/// Strata whose shares are known to be such, before the classes are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strata {
    pub(super) source: RegionSource,
    /// For each stratum its share of all cells and the shares of its classes.
    shares: BTreeMap<String, (f64, BTreeMap<String, f64>)>,
}

impl RawStrata {
    /// Takes the strata from the table, where there is one, and notes each problem.
    pub(super) fn resolve(&mut self, problems: &mut Problems) {
        let Some(path) = self.table.take() else { return };
        if !self.by_stratum.is_empty() {
            problems
                .add(&format!("{KEY}.table"), "stands beside `by-stratum`; one of them is enough");
            return;
        }
        match problems.note(&format!("{KEY}.table"), strata_table::read(&path)) {
            Some(read) => self.by_stratum = read,
            None => self.table = Some(path),
        }
    }

    /// Checks every share and notes each problem.
    pub(super) fn check(&self, problems: &mut Problems) -> Strata {
        let source = self.check_source(problems);
        if self.by_stratum.is_empty() && self.table.is_none() {
            problems
                .add(KEY, "tells strata apart and knows none; it needs `by-stratum` or `table`");
        }
        let by_cells = self.by_stratum.values().any(|one| one.contains_key(CELLS));
        let size = if by_cells { CELLS } else { SHARE };
        let mut shares = BTreeMap::new();
        for (name, numbers) in &self.by_stratum {
            let key = format!("{KEY}.by-stratum.{name}");
            let own = check_stratum(&key, numbers, size, problems);
            shares.insert(name.clone(), own);
        }
        let sum: f64 = shares.values().map(|(share, _)| share).sum();
        if !by_cells && !shares.is_empty() && (sum - 1.0).abs() > TOLERANCE {
            let problem =
                format!("has shares of strata that sum to {sum}; expected 1 (or give `cells`)");
            problems.add(&format!("{KEY}.by-stratum"), problem);
        }
        if by_cells && sum <= 0.0 {
            problems.add(&format!("{KEY}.by-stratum"), "has no cells in any stratum");
        } else if by_cells {
            shares.values_mut().for_each(|(share, _)| *share /= sum);
        }
        Strata { source, shares }
    }

    fn check_source(&self, problems: &mut Problems) -> RegionSource {
        match &self.strata {
            RawStrataSource::Attribute(attribute) => {
                if attribute != GROUP {
                    let problem = format!(
                        "is `{attribute}`; expected `{GROUP}`, or a table with `file` and `column`"
                    );
                    problems.add(&format!("{KEY}.strata"), problem);
                }
                RegionSource::Groups
            }
            RawStrataSource::File(RawStrataFile { file, layer, column }) => {
                RegionSource::Polygons(RegionPolygons {
                    file: file.clone(),
                    layer: layer.clone(),
                    column: column.clone(),
                    trains_outside: false,
                })
            }
        }
    }
}

/// The size of a stratum, and the shares of its classes.
fn check_stratum(
    key: &str,
    numbers: &BTreeMap<String, f64>,
    size: &str,
    problems: &mut Problems,
) -> (f64, BTreeMap<String, f64>) {
    let own = numbers.get(size).copied();
    match own {
        None if size == CELLS => {
            problems.add(
                key,
                "has no `cells`, which other strata have; expected one of the two throughout",
            );
        }
        None => {
            problems.add(key, "has neither `share` nor `cells`, one of which says how large it is");
        }
        Some(cells) if size == CELLS && !(cells.is_finite() && cells >= 0.0) => {
            problems
                .add(&format!("{key}.{CELLS}"), format!("is {cells}; expected a number of cells"));
        }
        Some(share) if size == SHARE && !(0.0..=1.0).contains(&share) => {
            problems.add(
                &format!("{key}.{SHARE}"),
                format!("is {share}; expected a share from 0 to 1"),
            );
        }
        Some(_) if size == CELLS && numbers.contains_key(SHARE) => {
            problems.add(key, "has `share` beside `cells`; expected one of the two throughout");
        }
        Some(_) => {}
    }
    let classes = numbers.iter().filter(|(name, _)| *name != SHARE && *name != CELLS);
    let classes: BTreeMap<String, f64> = classes.map(|(name, own)| (name.clone(), *own)).collect();
    for (class, share) in classes.iter().filter(|(_, share)| !(0.0..=1.0).contains(*share)) {
        problems
            .add(&format!("{key}.{class}"), format!("is {share}; expected a share from 0 to 1"));
    }
    (own.unwrap_or(0.0), classes)
}

impl Strata {
    /// The share of each of `classes`, in each stratum and in the whole.
    ///
    /// # Errors
    /// If a class is named that is not there, a stratum leaves out more than one or has shares that do not sum to one, or a class is
    /// nowhere.
    pub(super) fn of(&self, classes: &ClassMap) -> Result<Prevalence, ExperimentError> {
        let refuse = |reason: String| ExperimentError::Prevalence { reason };
        let mut strata = Vec::with_capacity(self.shares.len());
        for (stratum, (share, named)) in &self.shares {
            let in_stratum = |error: ExperimentError| match error {
                ExperimentError::Prevalence { reason } => {
                    refuse(format!("stratum `{stratum}` {reason}{}", hint(classes)))
                }
                error => error,
            };
            let prevalence = by_class(named, classes).map_err(in_stratum)?;
            if let Err(error) = Prevalence::new(prevalence.clone()) {
                return Err(refuse(format!("stratum `{stratum}`: {error}")));
            }
            let (stratum, share) = (stratum.clone(), *share);
            strata.push(StratumShares { stratum, share, prevalence });
        }
        let origins = strata.len() * classes.len();
        if u16::try_from(origins).is_err() {
            let (strata, classes) = (strata.len(), classes.len());
            return Err(refuse(format!(
                "has {strata} strata of {classes} classes; expected at most 65535 of both together"
            )));
        }
        let whole = Prevalence::by_stratum(strata).map_err(|error| refuse(error.to_string()))?;
        match classes.ids().find(|class| whole.shares()[class.index()] <= 0.0) {
            Some(class) => Err(refuse(format!(
                "no stratum has cells of class `{}`; expected each class in one of them",
                classes.name(class)
            ))),
            None => Ok(whole),
        }
    }
}

/// What becomes of a class with the name of a key.
fn hint(classes: &ClassMap) -> &'static str {
    match [SHARE, CELLS].iter().any(|key| classes.id(key).is_some()) {
        true => {
            "; `share` and `cells` are those of the stratum, so a class of that name must be the one that is left out"
        }
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::RawValidation;

    const TWO: [&str; 2] = ["non-urban", "urban"];
    const PLAIN: &str = "[target-prevalence]\nstrata = \"group\"\n[target-prevalence.by-stratum]\n\
        north = { share = 0.4, urban = 0.05 }\nsouth = { share = 0.6, urban = 0.01 }";

    fn target(text: &str, classes: &[&str]) -> Result<Prevalence, String> {
        let mut raw: RawValidation = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut problems = Problems::new();
        raw.resolve(&mut problems);
        let checked = raw.check(&mut problems);
        let validation = problems.finish(checked).map_err(|error| error.to_string())?;
        let classes = ClassMap::new(classes.iter().copied()).unwrap();
        validation.target(&classes).map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = target(text, &TWO).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn strata_make_a_whole() {
        let found = target(PLAIN, &TWO).unwrap();
        assert_eq!(found.strata().len(), 2);
        assert_eq!(found.strata()[0].stratum, "north");
        assert_eq!(found.strata()[0].prevalence, [0.95, 0.05]);
        assert!((found.shares()[1] - 0.026).abs() < 1e-15);
        let cells = PLAIN.replace("share = 0.4", "cells = 40").replace("share = 0.6", "cells = 60");
        assert!(target(&cells, &TWO).unwrap().is_like(&found));
    }

    #[test]
    fn a_table_says_the_same_and_is_copied_into_the_experiment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strata.csv");
        std::fs::write(&path, "stratum,cells,urban\nsouth,60,0.01\nnorth,40,0.05\n").unwrap();
        let text = format!(
            "[target-prevalence]\nstrata = {{ file = \"a.gpkg\", column = \"name\" }}\ntable = \"{}\"",
            path.display()
        );
        let found = target(&text, &TWO).unwrap();
        assert!(found.is_like(&target(PLAIN, &TWO).unwrap()));
        let mut raw: RawValidation = toml::from_str(&text).unwrap();
        raw.resolve(&mut Problems::new());
        let written = toml::to_string(&raw).unwrap();
        assert!(!written.contains("strata.csv") && written.contains("cells = 40"), "{written}");
        assert_eq!(toml::from_str::<RawValidation>(&written).unwrap(), raw, "{written}");
        assert!(target(&written, &TWO).unwrap().is_like(&found));
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        let raw: RawValidation = toml::from_str(PLAIN).unwrap();
        let written = toml::to_string(&raw).unwrap();
        assert_eq!(toml::from_str::<RawValidation>(&written).unwrap(), raw, "{written}");
    }

    #[test]
    fn what_is_no_share_is_refused_with_its_key() {
        refused(
            &PLAIN.replace("0.05", "1.5"),
            "by-stratum.north.urban`: is 1.5; expected a share from 0 to 1",
        );
        refused(
            &PLAIN.replace("share = 0.4", "share = -1"),
            "by-stratum.north.share`: is -1; expected",
        );
        refused(&PLAIN.replace("0.6", "0.5"), "sum to 0.9; expected 1 (or give `cells`)");
        refused(
            &PLAIN.replace("share = 0.4, ", ""),
            "by-stratum.north`: has neither `share` nor `cells`",
        );
        refused(&PLAIN.replace("share = 0.4", "cells = 4"), "by-stratum.south`: has no `cells`");
        let empty = PLAIN.replace("share = 0.4", "cells = 0").replace("share = 0.6", "cells = 0");
        refused(&empty, "by-stratum`: has no cells in any stratum");
        let urban_nowhere = PLAIN.replace("0.05", "0").replace("0.01", "0");
        refused(&urban_nowhere, "no stratum has cells of class `urban`");
        assert!(target(&PLAIN.replace("0.05", "0"), &TWO).is_ok());
    }

    #[test]
    fn keys_are_told_apart_from_classes() {
        refused(
            &PLAIN.replace("by-stratum", "by-strata"),
            "the share of class `by-strata`, a number; strata are",
        );
        refused(&PLAIN.replace("strata = \"group\"\n", ""), "missing field `strata`");
        refused(&PLAIN.replace("\"group\"", "\"state\""), "strata`: is `state`; expected `group`");
        refused(
            &PLAIN.replace("\"group\"", "{ file = \"x\", colum = \"y\" }"),
            "unknown field `colum`",
        );
        let both = PLAIN.replace("\"group\"", "\"group\"\nurban = 0.5");
        refused(&both, "shares of classes (`urban`) stand beside strata");
        refused("[target-prevalence]\nstrata = \"group\"", "needs `by-stratum` or `table`");
        refused(
            &PLAIN.replace("urban = 0.05", "urbane = 0.05"),
            "names class `urbane`; the classes are non-urban, urban",
        );
        // A class may be called as a key is: its share is a number.
        let classes = ["strata", "table"];
        let found = target("target-prevalence = { strata = 0.25 }", &classes).unwrap();
        assert_eq!(found.shares(), [0.25, 0.75]);
        // Within a stratum `share` is that of the stratum, and the class that is called so has the rest.
        let found = target(PLAIN, &["share", "urban"]).unwrap();
        assert_eq!(found.strata()[0].prevalence, [0.95, 0.05]);
        let error = target(PLAIN, &["share", "urban", "water"]).unwrap_err();
        assert!(
            error.contains("stratum `north` names 1 of 3 classes") && error.contains("left out"),
            "{error}"
        );
    }
}
