//! Classes: what a cell can be, and whether a cell is known to be it.
//!
//! A [`ClassMap`] gives each class of a collection a small number, in a declared order that every table,
//! model and picture follows. A [`Label`] is the state of one cell: of a class, or undefined.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// The position of a class in its [`ClassMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassId(u16);

impl ClassId {
    /// The class at position `index` of a class map.
    ///
    /// # Panics
    /// If `index` exceeds 65,535, which no checked [`ClassMap`] reaches.
    pub fn new(index: usize) -> Self {
        Self(u16::try_from(index).expect("a class map holds at most 65,535 classes"))
    }

    /// The position as an index into per-class tables.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What is known about the class of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The cell is of this class.
    Class(ClassId),
    /// Nothing is known: the cell is predicted, never trained on and never scored.
    Undefined,
}

impl Label {
    /// The class, if there is one.
    pub fn class(self) -> Option<ClassId> {
        match self {
            Self::Class(class) => Some(class),
            Self::Undefined => None,
        }
    }
}

impl From<Option<ClassId>> for Label {
    fn from(class: Option<ClassId>) -> Self {
        class.map_or(Self::Undefined, Self::Class)
    }
}

/// The names of the classes, in their declared order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct ClassMap {
    names: Vec<String>,
}

/// Why a list of names is not a class map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClassMapError {
    /// There is no class.
    #[error("there are no classes; at least one is needed")]
    Empty,
    /// There are more classes than a class id can count.
    #[error("there are {found} classes; at most {} are possible", u16::MAX)]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// A name is empty.
    #[error("class {index} has an empty name")]
    Unnamed {
        /// Its position.
        index: usize,
    },
    /// A name stands twice.
    #[error("class `{name}` is listed twice")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// Between the names of classes where several stand in one text.
pub const SET_SEPARATOR: char = ';';
/// What stands for a label where nothing is known.
const UNDEFINED: &str = "undefined";

/// Why names of classes cannot stand in tables and maps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClassNameError {
    /// A name looks like several.
    #[error("class `{name}` has a `;`, which stands between the classes of a set in maps")]
    Separator {
        /// The name.
        name: String,
    },
    /// Two names are one for a database.
    #[error(
        "classes `{name}` and `{other}` differ by small and capital letters alone, which the columns of a GeoPackage do not"
    )]
    Alike {
        /// A name.
        name: String,
        /// The other one.
        other: String,
    },
    /// A name has a character that is no text.
    #[error("class {name:?} has a control character, which not every form of a table can hold")]
    Control {
        /// The name.
        name: String,
    },
    /// Labels of this name would not be found.
    #[error("class `{name}` {reason}")]
    Label {
        /// The name.
        name: String,
        /// What happens to such labels.
        reason: &'static str,
    },
}

impl ClassMap {
    /// What keeps the names from standing in grids, tables and maps of all forms: for classes that are declared anew. Classes
    /// that are read are taken as they are.
    ///
    /// # Errors
    /// If a name looks like several or has a control character, two are alike, or labels of a name would not be found.
    pub fn check_names(&self) -> Result<(), ClassNameError> {
        for name in &self.names {
            let label = |reason| Err(ClassNameError::Label { name: name.clone(), reason });
            if name.trim() != name {
                return label("begins or ends with a space, which labels are read without");
            }
            if name.eq_ignore_ascii_case(UNDEFINED) {
                return label("is the word for labels of which nothing is known");
            }
        }
        self.check_characters()?;
        self.check_separator()?;
        self.check_alike()
    }

    /// Whether no name has a control character.
    ///
    /// # Errors
    /// If one has.
    pub fn check_characters(&self) -> Result<(), ClassNameError> {
        let found = self.names.iter().find(|name| name.chars().any(char::is_control));
        found.map_or(Ok(()), |name| Err(ClassNameError::Control { name: name.clone() }))
    }

    /// Whether no name looks like several.
    ///
    /// # Errors
    /// If one does.
    pub fn check_separator(&self) -> Result<(), ClassNameError> {
        let found = self.names.iter().find(|name| name.contains(SET_SEPARATOR));
        found.map_or(Ok(()), |name| Err(ClassNameError::Separator { name: name.clone() }))
    }

    /// Whether all names differ by more than small and capital letters, as databases tell columns apart.
    ///
    /// # Errors
    /// If two do not.
    pub fn check_alike(&self) -> Result<(), ClassNameError> {
        let mut seen = BTreeMap::new();
        for name in &self.names {
            if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
                let (name, other) = (name.clone(), other.clone());
                return Err(ClassNameError::Alike { name, other });
            }
        }
        Ok(())
    }

    /// Checks that the names are present, distinct and few enough to be numbered.
    ///
    /// # Errors
    /// If there is no name, an empty name, a repeated name, or more than 65,535 of them.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, ClassMapError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() {
            return Err(ClassMapError::Empty);
        }
        if names.len() > usize::from(u16::MAX) {
            return Err(ClassMapError::TooMany { found: names.len() });
        }
        let mut seen = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err(ClassMapError::Unnamed { index });
            }
            if !seen.insert(name) {
                return Err(ClassMapError::Duplicate { name: name.clone() });
            }
        }
        Ok(Self { names })
    }

    /// How many classes there are; never zero.
    #[expect(clippy::len_without_is_empty, reason = "a class map is never empty")]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of `class`.
    ///
    /// # Panics
    /// If `class` is of another, larger map.
    pub fn name(&self, class: ClassId) -> &str {
        &self.names[class.index()]
    }

    /// The class called `name`.
    pub fn id(&self, name: &str) -> Option<ClassId> {
        self.names.iter().position(|own| own == name).map(ClassId::new)
    }

    /// All classes, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = ClassId> + use<> {
        (0..self.names.len()).map(ClassId::new)
    }

    /// All names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl TryFrom<Vec<String>> for ClassMap {
    type Error = ClassMapError;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        Self::new(names)
    }
}

impl From<ClassMap> for Vec<String> {
    fn from(map: ClassMap) -> Self {
        map.names
    }
}

impl fmt::Display for ClassMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_each_others_inverse() {
        let map = ClassMap::new(["non-urban", "urban"]).unwrap();
        for id in map.ids() {
            assert_eq!(map.id(map.name(id)), Some(id));
        }
        assert_eq!(map.id("water"), None);
    }

    #[test]
    fn unusable_lists_are_refused_with_the_reason() {
        assert_eq!(ClassMap::new(Vec::<String>::new()), Err(ClassMapError::Empty));
        assert_eq!(ClassMap::new(["a", ""]), Err(ClassMapError::Unnamed { index: 1 }));
        let twice = ClassMap::new(["a", "b", "a"]);
        assert_eq!(twice, Err(ClassMapError::Duplicate { name: "a".into() }));
    }

    #[test]
    fn a_hostile_list_is_refused_while_it_is_read() {
        assert!(serde_json::from_str::<ClassMap>(r#"["a", "a"]"#).is_err());
    }

    #[test]
    fn names_that_some_table_cannot_hold_are_told_apart() {
        let told = |names: [&str; 2]| {
            let checked = ClassMap::new(names).unwrap().check_names();
            checked.map_err(|error| error.to_string()).err().unwrap_or_default()
        };
        assert_eq!(told(["non-urban", "urban & <new>, \"x\""]), "");
        assert!(told(["a", "b;c"]).contains("`b;c` has a `;`"));
        assert!(told(["Town", "town"]).contains("`town` and `Town` differ by small"));
        assert!(told(["a", "b\n"]).contains("begins or ends with a space"));
        assert!(told(["a", "b\0c"]).contains("control character"));
        assert!(told(["a", "Undefined"]).contains("nothing is known"));
    }
}
