//! The columns of a map: their names, order and values, the same in every form.

use tesela_datasets::class::{ClassMap, SET_SEPARATOR};

use super::{MapOrigin, MapRows};

/// The class that was decided on.
pub(super) const CLASS: &str = "class";
/// Before the name of a class: its probability.
pub(super) const PROBABILITY: &str = "probability_";
/// How little is known, 0 to 1.
pub(super) const UNCERTAINTY: &str = "uncertainty";
/// How far the models are from each other.
pub(super) const SPREAD: &str = "spread";
/// The classes that cannot be ruled out.
pub(super) const SET: &str = "conformal_set";
/// How unlike the training cells a cell is.
pub(super) const DISSIMILARITY: &str = "dissimilarity";
/// Whether a cell is like those that were trained on.
pub(super) const INSIDE: &str = "inside_area_of_applicability";
/// The share of pixels that are used.
pub(super) const USED: &str = "used_share";
/// How well a cell was seen.
pub(super) const QUALITY: &str = "quality";
/// Whether a model was trained on the cell.
pub(super) const TRAINED: &str = "trained_on";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Numbers of single precision.
    Number,
    /// Yes or no.
    Flag,
}

/// A column of a map, beside those of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether values may be missing.
    pub nullable: bool,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// Text.
    Text(Vec<Option<String>>),
    /// Numbers; `NaN` is a missing one.
    Number(Vec<f32>),
    /// Yes or no.
    Flag(Vec<bool>),
}

impl MapOrigin {
    /// The columns, in order; [`MapRows::columns`] gives their values.
    pub fn columns(&self) -> Vec<MapColumn> {
        let column =
            |name: &str, kind, nullable| MapColumn { name: name.to_owned(), kind, nullable };
        let mut columns = vec![column(CLASS, ColumnKind::Text, true)];
        for name in self.classes.names() {
            columns.push(column(&format!("{PROBABILITY}{name}"), ColumnKind::Number, true));
        }
        let content = self.content;
        let rest = [
            (true, UNCERTAINTY, ColumnKind::Number, true),
            (content.spread, SPREAD, ColumnKind::Number, true),
            (content.sets, SET, ColumnKind::Text, false),
            (content.applicability, DISSIMILARITY, ColumnKind::Number, true),
            (content.applicability, INSIDE, ColumnKind::Flag, false),
            (content.pixels, USED, ColumnKind::Number, false),
            (content.pixels, QUALITY, ColumnKind::Text, false),
            (content.training, TRAINED, ColumnKind::Flag, false),
        ];
        let there = rest.into_iter().filter(|(there, ..)| *there);
        columns.extend(there.map(|(_, name, kind, nullable)| column(name, kind, nullable)));
        columns
    }
}

impl MapRows {
    /// The values of the columns that [`MapOrigin::columns`] names.
    pub fn columns(&self, origin: &MapOrigin) -> Vec<ColumnData> {
        let (classes, content) = (&origin.classes, origin.content);
        let name = |class: &Option<_>| class.map(|class| classes.name(class).to_owned());
        let mut columns = vec![ColumnData::Text(self.classes.iter().map(name).collect())];
        for class in classes.ids() {
            let rows = self.probabilities.chunks_exact(classes.len());
            columns.push(ColumnData::Number(rows.map(|row| row[class.index()]).collect()));
        }
        columns.push(ColumnData::Number(self.uncertainties.clone()));
        if content.spread {
            columns.push(ColumnData::Number(self.spreads.clone()));
        }
        if content.sets {
            let sets = self.sets.chunks_exact(classes.len());
            columns.push(ColumnData::Text(sets.map(|set| Some(set_words(set, classes))).collect()));
        }
        if content.applicability {
            columns.push(ColumnData::Number(self.dissimilarities.clone()));
            columns.push(ColumnData::Flag(self.inside.clone()));
        }
        if content.pixels {
            columns.push(ColumnData::Number(self.used_shares.clone()));
            let names = self.qualities.iter().map(|quality| Some(quality.name().to_owned()));
            columns.push(ColumnData::Text(names.collect()));
        }
        if content.training {
            columns.push(ColumnData::Flag(self.trained.clone()));
        }
        columns
    }
}

/// The names of the classes of a set, in order.
pub(super) fn set_words(set: &[bool], classes: &ClassMap) -> String {
    let names = classes.names().iter().zip(set).filter(|(_, held)| **held);
    names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(&SET_SEPARATOR.to_string())
}

/// The set that `words` names; `None` where one is no class.
pub(super) fn set_of(words: &str, classes: &ClassMap) -> Option<Vec<bool>> {
    let mut set = vec![false; classes.len()];
    for word in words.split(SET_SEPARATOR).filter(|word| !word.is_empty()) {
        set[classes.id(word)?.index()] = true;
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_the_names_of_its_classes() {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        for (set, words) in
            [([true, true], "non-urban;urban"), ([false, true], "urban"), ([false; 2], "")]
        {
            assert_eq!(set_words(&set, &classes), words);
            assert_eq!(set_of(words, &classes).unwrap(), set);
        }
        assert_eq!(set_of("urban;rural", &classes), None);
    }
}
