//! The plan: what a label file asks for, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::config::{ConfigError, Problems, read_toml};

use super::rule::Rule;
use crate::data_path;
use crate::grid::{GridColumns, GridRequest};
use crate::raster::{CoordinateSystem, Extent};

/// A label file as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPlan {
    grid: RawGrid,
    source: RawSource,
    classes: BTreeMap<String, RawClass>,
    rest: Option<RawRest>,
    known: Option<RawKnown>,
    #[serde(default)]
    output: RawOutput,
}

/// `[grid]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawGrid {
    crs: Option<String>,
    cell_size: Option<f64>,
    extent: Option<[f64; 4]>,
    over: Option<String>,
    file: Option<String>,
    layer: Option<String>,
    id: Option<String>,
}

/// `[source]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSource {
    file: String,
    layer: Option<String>,
    class: String,
    #[serde(rename = "where")]
    condition: Option<String>,
}

/// `[classes.<name>]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawClass {
    values: Vec<String>,
    #[serde(default = "half")]
    min_share: f64,
}

/// `[rest]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRest {
    class: String,
    #[serde(default = "tenth")]
    below_share: f64,
}

/// `[known.<how>]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawKnown {
    Everywhere(RawEverywhere),
    Polygons(RawPolygons),
    Layer(RawLayer),
    Within(RawWithin),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEverywhere {}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPolygons {
    #[serde(default = "half")]
    min_share: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLayer {
    file: String,
    layer: Option<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
    #[serde(default = "half")]
    min_share: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawWithin {
    metres: f64,
}

/// `[output]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawOutput {
    year: Option<i32>,
    undefined: Undefined,
}

fn half() -> f64 {
    0.5
}

fn tenth() -> f64 {
    0.1
}

/// How a grid is to be labelled: a label file that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPlan {
    pub(super) grid: GridPlan,
    pub(super) source: PolygonFile,
    /// The column of the source that says the class.
    pub(super) class_column: String,
    /// The values of that column, and the group of polygons that each belongs to.
    pub(super) groups: BTreeMap<String, usize>,
    pub(super) rule: Rule,
    pub(super) known: Known,
    pub(super) year: Option<i32>,
    pub(super) undefined: Undefined,
}

/// Where cells come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum GridPlan {
    /// They are made over an extent.
    Extent { crs: CoordinateSystem, size_metres: f64, extent: Extent },
    /// They are made over a raster; without a coordinate system in that of the raster.
    Raster { crs: Option<CoordinateSystem>, size_metres: f64, path: PathBuf },
    /// They are made over all that is known from the polygons of the source and the distance around them.
    Source { crs: CoordinateSystem, size_metres: f64 },
    /// They exist.
    Read { path: PathBuf, request: GridRequest },
}

/// Polygons on disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PolygonFile {
    pub(super) path: PathBuf,
    pub(super) layer: Option<String>,
    pub(super) condition: Option<String>,
}

/// When the source says something about a cell at all.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    /// Always.
    Everywhere,
    /// When polygons of the source, of whatever value, cover at least this share of it.
    Polygons(f64),
    /// When polygons of another layer, such as a boundary, cover at least this share of it.
    Layer(PolygonFile, f64),
    /// When its centre lies within this many metres of a polygon of the source.
    Within(f64),
}

/// What happens to cells about which nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Undefined {
    /// They are written without a label, to be predicted later.
    #[default]
    Keep,
    /// Those that the source says nothing about are left out; those between both shares are kept.
    Drop,
}

impl LabelPlan {
    /// Reads the label file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read, or with all problems that it has.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let raw: RawPlan = read_toml(path)?;
        let mut problems = Problems::new();
        let plan = raw.check(&mut problems);
        problems.finish(plan).map_err(|source| ConfigError::invalid(path, source))
    }

    /// The classes of the labels: the rest class first, then the named ones in alphabetical order.
    pub fn classes(&self) -> &ClassMap {
        &self.rule.classes
    }
}

impl RawPlan {
    fn check(self, problems: &mut Problems) -> Option<LabelPlan> {
        let rule = check_rule(&self.classes, self.rest.as_ref(), problems);
        let groups = check_groups(&self.classes, problems);
        let known = check_known(self.known, self.rest.is_some(), problems);
        let within = matches!(known, Some(Known::Within(_)));
        let grid = self.grid.check(within, problems);
        let source = check_file(
            "source.file",
            &self.source.file,
            self.source.layer,
            self.source.condition,
            problems,
        );
        Some(LabelPlan {
            grid: grid?,
            source: source?,
            class_column: self.source.class,
            groups,
            rule: rule?,
            known: known?,
            year: self.output.year,
            undefined: self.output.undefined,
        })
    }
}

impl RawGrid {
    fn check(self, within: bool, problems: &mut Problems) -> Option<GridPlan> {
        match (&self.file, self.extent, &self.over) {
            (Some(file), None, None) => {
                for (key, given) in
                    [("grid.crs", self.crs.is_some()), ("grid.cell-size", self.cell_size.is_some())]
                {
                    if given {
                        problems.add(key, "is what `grid.file` says; leave it out");
                    }
                }
                let path = problems.note("grid.file", data_path::resolve(file))?;
                let usual = GridColumns::default();
                let columns = GridColumns { id: self.id.unwrap_or(usual.id), ..usual };
                Some(GridPlan::Read {
                    path,
                    // Labels are made anew; those of the file, if any, are of no interest.
                    request: GridRequest {
                        columns,
                        layer: self.layer,
                        ignore_labels: true,
                        ..GridRequest::default()
                    },
                })
            }
            (None, Some(_), Some(_)) | (Some(_), ..) => {
                problems
                    .add("grid", "has more than one of `extent`, `over` and `file`; expected one");
                None
            }
            (None, ..) => self.check_made(within, problems),
        }
    }

    fn check_made(self, within: bool, problems: &mut Problems) -> Option<GridPlan> {
        for (key, given) in [("grid.layer", self.layer.is_some()), ("grid.id", self.id.is_some())] {
            if given {
                problems.add(key, "belongs to `grid.file`, which is not given");
            }
        }
        let crs = self.crs.as_ref().map(|text| metric_crs(text, problems));
        let size = self.cell_size;
        if size.is_none() {
            problems.add("grid.cell-size", "is missing; expected metres, such as 1000");
        }
        if crs.is_none() && self.over.is_none() {
            problems.add("grid.crs", "is missing; expected one such as `EPSG:6372`");
        }
        match (self.extent, self.over) {
            (Some([min_x, min_y, max_x, max_y]), _) => {
                let extent = Extent { min_x, min_y, max_x, max_y };
                Some(GridPlan::Extent { crs: crs??, size_metres: size?, extent })
            }
            (None, Some(raster)) => {
                let path = problems.note("grid.over", data_path::resolve(&raster))?;
                let crs = match crs {
                    Some(crs) => Some(crs?),
                    None => None,
                };
                Some(GridPlan::Raster { crs, size_metres: size?, path })
            }
            (None, None) if within => Some(GridPlan::Source { crs: crs??, size_metres: size? }),
            (None, None) => {
                let found = "has none of `extent`, `over` and `file`";
                problems.add("grid", format!("{found}; expected one of them, or `[known.within]`"));
                None
            }
        }
    }
}

fn metric_crs(text: &str, problems: &mut Problems) -> Option<CoordinateSystem> {
    let crs = problems.note("grid.crs", CoordinateSystem::parse(text))?;
    problems.note("grid.crs", crs.require_metres())?;
    Some(crs)
}

/// Makes the rule: the rest class first, then the named ones in alphabetical order.
fn check_rule(
    classes: &BTreeMap<String, RawClass>,
    rest: Option<&RawRest>,
    problems: &mut Problems,
) -> Option<Rule> {
    let names = rest.map(|rest| rest.class.clone()).into_iter().chain(classes.keys().cloned());
    let map = problems.note("classes", ClassMap::new(names))?;
    problems.note("classes", map.check_names())?;
    let mut groups = Vec::new();
    for (name, class) in classes {
        check_share(&format!("classes.{name}.min-share"), class.min_share, problems);
        groups.push((map.id(name)?, class.min_share));
    }
    if let Some(rest) = rest {
        check_share("rest.below-share", rest.below_share, problems);
        let least = classes.values().map(|class| class.min_share).fold(1.0, f64::min);
        if rest.below_share > least {
            problems.add(
                "rest.below-share",
                format!("is {}, above the smallest `min-share` of {least}", rest.below_share),
            );
        }
    }
    let rest = rest.map(|rest| (ClassId::new(0), rest.below_share));
    Some(Rule { classes: map, groups, rest })
}

/// Which value of the class column belongs to which group of polygons.
fn check_groups(
    classes: &BTreeMap<String, RawClass>,
    problems: &mut Problems,
) -> BTreeMap<String, usize> {
    if classes.is_empty() {
        problems.add("classes", "has no class; expected a table such as `[classes.urban]`");
    }
    let mut groups = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (group, (name, class)) in classes.iter().enumerate() {
        let key = format!("classes.{name}.values");
        if class.values.is_empty() {
            problems.add(&key, "is empty; expected the values that mean this class");
        }
        for value in &class.values {
            if !seen.insert(value) {
                problems.add(&key, format!("has `{value}`, which is listed twice"));
            }
            groups.insert(value.clone(), group);
        }
    }
    groups
}

fn check_known(known: Option<RawKnown>, rest: bool, problems: &mut Problems) -> Option<Known> {
    match known {
        None if rest => {
            problems.add(
                "known",
                "is missing; expected `[known.polygons]`, `[known.layer]`, `[known.within]` or \
                 `[known.everywhere]`, which says where the source speaks of cells at all",
            );
            None
        }
        None | Some(RawKnown::Everywhere(RawEverywhere {})) => Some(Known::Everywhere),
        Some(RawKnown::Polygons(polygons)) => {
            check_share("known.polygons.min-share", polygons.min_share, problems);
            Some(Known::Polygons(polygons.min_share))
        }
        Some(RawKnown::Layer(layer)) => {
            check_share("known.layer.min-share", layer.min_share, problems);
            let file =
                check_file("known.layer.file", &layer.file, layer.layer, layer.condition, problems);
            Some(Known::Layer(file?, layer.min_share))
        }
        Some(RawKnown::Within(within)) => {
            if !(0.0..=1e7).contains(&within.metres) {
                problems.add(
                    "known.within.metres",
                    format!("is {}; expected from 0 to 10,000,000", within.metres),
                );
            }
            Some(Known::Within(within.metres))
        }
    }
}

fn check_file(
    key: &str,
    file: &str,
    layer: Option<String>,
    condition: Option<String>,
    problems: &mut Problems,
) -> Option<PolygonFile> {
    let path = problems.note(key, data_path::resolve(file))?;
    Some(PolygonFile { path, layer, condition })
}

fn check_share(key: &str, share: f64, problems: &mut Problems) {
    if !(share > 0.0 && share <= 1.0) {
        problems.add(key, format!("is {share}; expected a share above 0 and at most 1"));
    }
}
