//! `store.json`: what a store says about itself.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::layout::{
    ArrayLayout, Chunking, FORMAT_VERSION, MANIFEST, MAX_EDGE, REGISTER, TABLE_FORMAT_VERSION,
    layouts,
};
use super::{StoreDefinition, StoreError};
use crate::class::Label;
use crate::file_mark::FileMark;
use crate::hex;
use crate::patch::PatchDefinition;
use crate::source::InputDefinition;

/// The largest description that is read.
const MAX_BYTES: u64 = 64 << 20;

/// How many cells there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All cells.
    pub cells: u64,
    /// Cells of which nothing is known.
    pub undefined: u64,
    /// Cells of each class, in the order of the class map.
    pub classes: Vec<u64>,
}

impl Counts {
    /// No cells of `classes` classes.
    pub(super) fn new(classes: usize) -> Self {
        Self { cells: 0, undefined: 0, classes: vec![0; classes] }
    }

    /// Counts one cell; says no where the label is of another class map.
    pub(super) fn note(&mut self, label: Label) -> bool {
        let count = match label {
            Label::Undefined => Some(&mut self.undefined),
            Label::Class(class) => self.classes.get_mut(class.index()),
        };
        let Some(count) = count else { return false };
        *count += 1;
        self.cells += 1;
        true
    }
}

/// What a store says about itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) definition: StoreDefinition,
    pub(super) counts: Counts,
    pub(super) chunking: Chunking,
    /// The shards of each array, in the order of [`layouts`].
    pub(super) shards: Vec<Vec<FileMark>>,
    pub(super) cells: FileMark,
}

/// `store.json` of a store of patches, without its last key, `digest`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchManifest {
    format: u64,
    definition: StoreDefinition,
    counts: Counts,
    patches_per_shard: usize,
    bands: Vec<FileMark>,
    mask: Vec<FileMark>,
    cells: FileMark,
}

/// `store.json` of a store of rows, without its last key, `digest`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableManifest {
    format: u64,
    definition: StoreDefinition,
    counts: Counts,
    rows_per_chunk: usize,
    chunks_per_shard: usize,
    features: Vec<FileMark>,
    cells: FileMark,
}

impl Manifest {
    /// The text of `store.json`, and the digest of the store in it.
    pub(super) fn to_text(&self) -> Result<(String, String), serde_json::Error> {
        let mut value = self.to_value()?;
        let digest = digest_of(&value);
        if let Some(object) = value.as_object_mut() {
            object.insert("digest".into(), Value::String(digest.clone()));
        }
        Ok((serde_json::to_string_pretty(&value)? + "\n", digest))
    }

    fn to_value(&self) -> Result<Value, serde_json::Error> {
        let (definition, counts) = (self.definition.clone(), self.counts.clone());
        let Chunking { cells_per_chunk, chunks_per_shard } = self.chunking;
        let marks = |array: usize| self.shards.get(array).cloned().unwrap_or_default();
        let cells = self.cells.clone();
        match definition.input {
            InputDefinition::Patches(_) => serde_json::to_value(PatchManifest {
                format: FORMAT_VERSION,
                definition,
                counts,
                patches_per_shard: chunks_per_shard,
                bands: marks(0),
                mask: marks(1),
                cells,
            }),
            InputDefinition::Table(_) => serde_json::to_value(TableManifest {
                format: TABLE_FORMAT_VERSION,
                definition,
                counts,
                rows_per_chunk: cells_per_chunk,
                chunks_per_shard,
                features: marks(0),
                cells,
            }),
        }
    }

    /// Reads and checks the description of the store in `directory`; returns its digest as well.
    pub(super) fn read(directory: &Path) -> Result<(Self, String), StoreError> {
        let path = directory.join(MANIFEST);
        let malformed = |source| StoreError::Description { path: path.clone(), source };
        let inconsistent = |reason: String| StoreError::Inconsistent { path: path.clone(), reason };
        let text = read_bounded(directory, &path)?;
        let mut value: Value = serde_json::from_slice(&text).map_err(malformed)?;
        let format = match value.get("format").and_then(Value::as_u64) {
            Some(format @ (FORMAT_VERSION | TABLE_FORMAT_VERSION)) => format,
            Some(found) => return Err(StoreError::Version { path: directory.to_owned(), found }),
            None => return Err(inconsistent("`format` is not a number".into())),
        };
        let named = value.as_object_mut().and_then(|object| object.remove("digest"));
        let digest = digest_of(&value);
        if named != Some(Value::String(digest.clone())) {
            let named = named.unwrap_or_default();
            return Err(inconsistent(format!("its digest is {digest}, and it names {named}")));
        }
        let manifest = if format == TABLE_FORMAT_VERSION {
            serde_json::from_value(value).map(Self::of_table)
        } else {
            serde_json::from_value(value).map(Self::of_patches)
        };
        let manifest = manifest.map_err(malformed)?;
        manifest.check(format).map_err(inconsistent)?;
        Ok((manifest, digest))
    }

    fn of_patches(manifest: PatchManifest) -> Self {
        let PatchManifest { definition, counts, patches_per_shard, bands, mask, cells, .. } =
            manifest;
        let chunking = Chunking { cells_per_chunk: 1, chunks_per_shard: patches_per_shard };
        Self { definition, counts, chunking, shards: vec![bands, mask], cells }
    }

    fn of_table(manifest: TableManifest) -> Self {
        let TableManifest { definition, counts, rows_per_chunk, chunks_per_shard, .. } = manifest;
        let chunking = Chunking { cells_per_chunk: rows_per_chunk, chunks_per_shard };
        let (shards, cells) = (vec![manifest.features], manifest.cells);
        Self { definition, counts, chunking, shards, cells }
    }

    /// Checks what sizes and offsets are later computed from.
    fn check(&self, format: u64) -> Result<(), String> {
        let input = &self.definition.input;
        let expected = match input {
            InputDefinition::Patches(_) => FORMAT_VERSION,
            InputDefinition::Table(_) => TABLE_FORMAT_VERSION,
        };
        if format != expected {
            return Err(format!("it holds {}; format {format} is another", input.words()));
        }
        if let InputDefinition::Patches(patches) = input {
            check_patches(patches)?;
        }
        let side = self.definition.pixel_metres;
        if let Some(side) = side.filter(|side| !(side.is_finite() && *side > 0.0)) {
            return Err(format!("`pixel_metres` is {side}; expected a length above 0"));
        }
        self.chunking.check(input)?;
        self.check_counts()?;
        for (layout, shards) in self.layouts().iter().zip(&self.shards) {
            let (found, expected) = (shards.len(), layout.shards(self.len()));
            if found != expected {
                let name = layout.name();
                return Err(format!("`{name}` has {found} shards; its cells need {expected}"));
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), String> {
        let counts = &self.counts;
        if counts.classes.len() != self.definition.classes.len() {
            let (found, expected) = (counts.classes.len(), self.definition.classes.len());
            return Err(format!("it counts {found} classes and names {expected}"));
        }
        let sum = counts.classes.iter().try_fold(counts.undefined, |sum, &n| sum.checked_add(n));
        if sum != Some(counts.cells) || u32::try_from(counts.cells).is_err() {
            return Err(format!(
                "it counts {} cells, which its classes do not add up to",
                counts.cells
            ));
        }
        Ok(())
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.counts.cells).expect("counts are checked to fit 32 bits")
    }

    /// The arrays.
    pub(super) fn layouts(&self) -> Vec<ArrayLayout> {
        layouts(&self.definition.input, self.chunking)
    }

    /// Every file of consequence below the store, with its mark.
    pub(super) fn files(&self) -> Vec<(PathBuf, &FileMark)> {
        let mut files = vec![(PathBuf::from(REGISTER), &self.cells)];
        for (layout, marks) in self.layouts().iter().zip(&self.shards) {
            let shards = marks.iter().enumerate();
            files.extend(shards.map(|(index, mark)| (layout.shard(index), mark)));
        }
        files
    }
}

/// Says what is wrong with the extent of patches, if anything.
pub(super) fn check_patches(patches: &PatchDefinition) -> Result<(), String> {
    let (shape, named) = (patches.shape, patches.pixel.bands.len());
    if shape.bands != named {
        return Err(format!("{} bands in `shape`, {named} named", shape.bands));
    }
    for (edge, value) in [("height", shape.height), ("width", shape.width)] {
        if !(1..=MAX_EDGE).contains(&value) {
            return Err(format!("`{edge}` is {value}; expected 1 to {MAX_EDGE}"));
        }
    }
    Ok(())
}

fn read_bounded(directory: &Path, path: &Path) -> Result<Vec<u8>, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: directory.to_owned() });
    }
    let failed = |source| StoreError::Read { path: path.to_owned(), source };
    let mut text = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        let reason = format!("it is longer than {MAX_BYTES} bytes");
        return Err(StoreError::Inconsistent { path: path.to_owned(), reason });
    }
    Ok(text)
}

/// The SHA-256 of `value` as compact JSON with sorted keys.
pub(super) fn digest_of(value: &Value) -> String {
    let mut text = String::new();
    write_sorted(value, &mut text);
    hex::encode(&Sha256::digest(text.as_bytes()))
}

/// Sorts keys itself: whether the parser keeps their order is a feature that any dependency may turn on.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_sorted(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_sorted(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_keys() {
        let one: Value =
            serde_json::from_str(r#"{"a": 1, "b": {"c": [true, null], "d": "é"}}"#).unwrap();
        let other: Value =
            serde_json::from_str(r#"{"b": {"d": "é", "c": [true, null]}, "a": 1}"#).unwrap();
        assert_eq!(digest_of(&one), digest_of(&other));
        let mut text = String::new();
        write_sorted(&other, &mut text);
        assert_eq!(text, r#"{"a":1,"b":{"c":[true,null],"d":"é"}}"#);
    }
}
