//! Regrouping: how the classes of a store become those of an experiment.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use toml::Spanned;

use super::ExperimentError;

/// `[data.classes]`: the classes of an experiment, in order, with their members among those of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassGroups {
    groups: Vec<(String, Members)>,
}

/// Which classes of the store a class of the experiment stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// These.
    Named(Vec<String>),
    /// All that no other group names: `"rest"`.
    Rest,
}

/// The classes of an experiment, and what each class of the store becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regrouping {
    classes: ClassMap,
    becomes: Vec<Option<ClassId>>,
}

impl ClassGroups {
    /// Finds each class of the store its group.
    ///
    /// # Errors
    /// If a group names a class that the store lacks, or that another group has; if there are several rests;
    /// if fewer than two groups remain.
    pub fn apply(&self, store: &ClassMap) -> Result<Regrouping, ExperimentError> {
        let refuse = |reason: String| ExperimentError::Classes { reason };
        let names = self.groups.iter().map(|(name, _)| name.as_str());
        let classes = ClassMap::new(names).map_err(|error| refuse(format!("is wrong: {error}")))?;
        classes.check_names().map_err(|error| refuse(format!("is wrong: {error}")))?;
        let mut becomes: Vec<Option<ClassId>> = vec![None; store.len()];
        let mut rest = None;
        for (group, (name, members)) in classes.ids().zip(&self.groups) {
            let Members::Named(members) = members else {
                if let Some(first) = rest.replace(group) {
                    let first = classes.name(first);
                    return Err(refuse(format!("has two rests, `{first}` and `{name}`")));
                }
                continue;
            };
            for member in members {
                let id = store.id(member).ok_or_else(|| ExperimentError::UnknownClass {
                    key: "data.classes",
                    found: member.clone(),
                    expected: store.to_string(),
                })?;
                if becomes[id.index()].replace(group).is_some() {
                    return Err(refuse(format!("puts class `{member}` into two groups")));
                }
            }
        }
        for class in &mut becomes {
            *class = class.or(rest);
        }
        let regrouping = Regrouping { classes, becomes };
        match regrouping.empty_group() {
            Some(name) => {
                Err(refuse(format!("leaves group `{name}` without a class of the store")))
            }
            None => Ok(regrouping),
        }
    }
}

impl Regrouping {
    /// Every class stays what it is.
    pub fn identity(store: &ClassMap) -> Self {
        Self { classes: store.clone(), becomes: store.ids().map(Some).collect() }
    }

    /// Classes keep their names and take the order of `own`; those that are not in `own` are left out.
    ///
    /// `None` where not a single name is common.
    pub fn by_name(store: &ClassMap, own: &ClassMap) -> Option<Self> {
        let becomes: Vec<Option<ClassId>> = store.names().iter().map(|name| own.id(name)).collect();
        becomes.iter().any(Option::is_some).then(|| Self { classes: own.clone(), becomes })
    }

    /// The classes of the experiment.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// What a cell is to the experiment that is `label` to the store; classes in no group are undefined.
    pub fn label(&self, label: Label) -> Label {
        label.class().and_then(|class| self.becomes[class.index()]).into()
    }

    /// The classes of the store that are in no group.
    pub fn left_out<'a>(&'a self, store: &'a ClassMap) -> impl Iterator<Item = &'a str> + 'a {
        store.ids().filter(|id| self.becomes[id.index()].is_none()).map(|id| store.name(id))
    }

    fn empty_group(&self) -> Option<&str> {
        let empty = |id: &ClassId| !self.becomes.contains(&Some(*id));
        self.classes.ids().find(empty).map(|id| self.classes.name(id))
    }
}

impl<'de> Deserialize<'de> for ClassGroups {
    /// Tables come sorted by key; where the groups stand in the file gives their order back.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = BTreeMap::<String, Spanned<Members>>::deserialize(deserializer)?;
        let mut groups: Vec<(String, Spanned<Members>)> = table.into_iter().collect();
        groups.sort_by_key(|(_, members)| members.span().start);
        let groups = groups.into_iter().map(|(name, members)| (name, members.into_inner()));
        Ok(Self { groups: groups.collect() })
    }
}

impl Serialize for ClassGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.groups.len()))?;
        for (name, members) in &self.groups {
            map.serialize_entry(name, members)?;
        }
        map.end()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of classes, or \"rest\"")]
enum RawMembers {
    Named(Vec<String>),
    Rest(RestWord),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RestWord {
    Rest,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match RawMembers::deserialize(deserializer)? {
            RawMembers::Named(names) => Self::Named(names),
            RawMembers::Rest(RestWord::Rest) => Self::Rest,
        })
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(names) => names.serialize(serializer),
            Self::Rest => RestWord::Rest.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> ClassMap {
        ClassMap::new(["Forest", "Industrial", "Residential", "River"]).unwrap()
    }

    fn groups(text: &str) -> ClassGroups {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn classes_are_regrouped_in_the_order_of_the_file() {
        let text = "urban = [\"Industrial\", \"Residential\"]\nnon-urban = \"rest\"\n";
        let regrouping = groups(text).apply(&store()).unwrap();
        assert_eq!(regrouping.classes().names(), ["urban", "non-urban"]);
        let became: Vec<_> = store()
            .ids()
            .map(|id| regrouping.label(Label::Class(id)).class().unwrap().index())
            .collect();
        assert_eq!(became, [1, 0, 0, 1]);
        assert_eq!(regrouping.label(Label::Undefined), Label::Undefined);
    }

    #[test]
    fn a_class_in_no_group_is_undefined() {
        let regrouping = groups("a = [\"Forest\"]\nb = [\"River\"]").apply(&store()).unwrap();
        assert_eq!(regrouping.label(Label::Class(ClassId::new(1))), Label::Undefined);
        let left_out: Vec<String> = regrouping.left_out(&store()).map(str::to_owned).collect();
        assert_eq!(left_out, ["Industrial", "Residential"]);
    }

    #[test]
    fn contradictions_are_refused_with_the_reason() {
        let error = |text: &str| groups(text).apply(&store()).unwrap_err().to_string();
        assert_eq!(
            error("a = [\"Forrest\"]\nb = \"rest\""),
            "`data.classes` names class `Forrest`; the classes are Forest, Industrial, Residential, River"
        );
        assert!(error("a = [\"River\"]\nb = [\"River\"]").contains("into two groups"));
        assert!(error("a = \"rest\"\nb = \"rest\"").contains("two rests, `a` and `b`"));
        assert!(error("a = []\nb = \"rest\"").contains("leaves group `a` without"));
        assert!(error("\"a;b\" = [\"River\"]\nc = \"rest\"").contains("class `a;b` has a `;`"));
        let error = toml::from_str::<ClassGroups>("a = \"others\"").unwrap_err().to_string();
        assert!(error.contains("expected a list of classes, or \"rest\""), "{error}");
    }
}
