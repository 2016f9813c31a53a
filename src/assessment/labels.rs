//! Labels: what is known of the cells of a map, by id, in the classes of the map.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use tesela_datasets::cell::{Cell, CellId};
use tesela_datasets::class::{ClassId, ClassMap, Label};

use super::{AssessmentError, LookupFile};
use crate::map::MapHeader;

/// How many ids or names a message shows.
const SHOWN: usize = 3;
/// Class names that are gathered for a message; a column of free text has as many as rows.
const MOST_NAMES: usize = 20;

/// What is known of the cells of a map.
pub(super) enum Labels {
    /// What the grid of the map said, by class of the grid.
    OfMap(Vec<Option<ClassId>>),
    /// What a file says.
    OfFile(FileLabels),
}

/// The labels of a file.
pub(super) struct FileLabels {
    labels: HashMap<CellId, Label>,
    /// The first ids of the file.
    first: Vec<String>,
}

/// What is known of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// No label speaks of it.
    Nothing,
    /// Its label says that nothing is known.
    Undefined,
    /// Its class.
    Class(ClassId),
}

impl Labels {
    /// Reads `file`, or takes the labels that the map carries.
    pub(super) fn read(
        file: Option<&LookupFile>,
        map: &Path,
        header: &MapHeader,
    ) -> Result<Self, AssessmentError> {
        match file {
            None => Ok(Self::of_grid(header)),
            Some(file) => read_file(file, map, &header.origin.classes).map(Self::OfFile),
        }
    }

    fn of_grid(header: &MapHeader) -> Self {
        let own = |name: &String| header.origin.classes.id(name);
        Self::OfMap(header.cells.classes.names().iter().map(own).collect())
    }

    /// What is known of `cell`; `map` and `header` are named where its label is of no class of the map.
    pub(super) fn of(
        &self,
        cell: &Cell,
        map: &Path,
        header: &MapHeader,
    ) -> Result<Known, AssessmentError> {
        let label = match self {
            Self::OfFile(file) => file.labels.get(&cell.id).copied(),
            Self::OfMap(own) => Some(match cell.label {
                Label::Undefined => Label::Undefined,
                Label::Class(class) => {
                    Label::Class(own[class.index()].ok_or_else(|| AssessmentError::Classes {
                        labels: map.to_owned(),
                        found: header.cells.classes.to_string(),
                        map: map.to_owned(),
                        expected: header.origin.classes.to_string(),
                    })?)
                }
            }),
        };
        Ok(match label {
            None => Known::Nothing,
            Some(Label::Undefined) => Known::Undefined,
            Some(Label::Class(class)) => Known::Class(class),
        })
    }

    /// How many cells the file of labels speaks of, and the first of them; `None` where the map carries its own.
    pub(super) fn file(&self) -> Option<(usize, String)> {
        match self {
            Self::OfMap(_) => None,
            Self::OfFile(file) => Some((file.labels.len(), quoted(&file.first))),
        }
    }
}

fn read_file(
    file: &LookupFile,
    map: &Path,
    classes: &ClassMap,
) -> Result<FileLabels, AssessmentError> {
    let mut labels = HashMap::new();
    let (mut first, mut foreign, mut named) = (Vec::new(), false, BTreeSet::new());
    file.each_label(&mut |id, label| {
        if first.len() < SHOWN {
            first.push(id.to_owned());
        }
        let class = label.map(|name| (name, classes.id(name)));
        if let Some((name, class)) = class {
            foreign |= class.is_none();
            if named.len() < MOST_NAMES && !named.contains(name) {
                named.insert(name.to_owned());
            }
        }
        let label = Label::from(class.and_then(|(_, class)| class));
        match labels.insert(CellId::new(id), label) {
            None => Ok(()),
            Some(_) => Err(file.refuse(format!("cell `{id}` stands in it twice"))),
        }
    })?;
    if foreign {
        let named: Vec<String> = named.into_iter().collect();
        return Err(AssessmentError::Classes {
            labels: file.path.clone(),
            found: listed(&named, MOST_NAMES),
            map: map.to_owned(),
            expected: classes.to_string(),
        });
    }
    Ok(FileLabels { labels, first })
}

/// The first ids, quoted.
pub(super) fn quoted(ids: &[String]) -> String {
    listed(ids, SHOWN)
}

fn listed(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    shown.join(", ")
}
