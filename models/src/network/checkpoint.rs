//! A checkpoint: all that a training needs to go on, as one file that is written whole and read without trust.
//!
//! ```text
//! 8 bytes     TESCHECK
//! 4 bytes     format version, 1
//! 8 bytes     length of the JSON
//! …           JSON: whose training it is, and how far it has come
//! …           safetensors: the weights, the state of the optimiser, the average, the best weights
//! 32 bytes    SHA-256 of everything before
//! ```
//!
//! Numbers are little-endian. Random draws need no place in it: each derives from the seed and the number of its
//! epoch, step or patch.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tesela_datasets::whole_file::WholeFile;

use super::progress::Progress;

/// The first bytes of a checkpoint.
const MAGIC: &[u8; 8] = b"TESCHECK";
/// The version that this build writes and reads.
const FORMAT_VERSION: u32 = 1;
/// Bytes before the JSON.
const HEAD: usize = 20;
/// Bytes of the digest.
const DIGEST: usize = 32;
/// The largest checkpoint that is read.
const MOST_BYTES: u64 = 8 << 30;

/// All that a training needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint {
    /// Whose training it is: what must be equal, by name.
    pub(crate) identity: BTreeMap<String, String>,
    /// How far it has come.
    pub(crate) progress: Progress,
    /// All tensors, by name.
    pub(crate) tensors: BTreeMap<String, Vec<f32>>,
}

/// Why a checkpoint cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// It is not what was written: truncated, or altered. The one before may be whole.
    Damaged(String),
    /// It is whole, and not for this training.
    Foreign(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    identity: BTreeMap<String, String>,
    progress: Progress,
}

impl Checkpoint {
    /// Writes the file, which appears whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let header = Header { identity: self.identity.clone(), progress: self.progress.clone() };
        let header = serde_json::to_vec(&header)?;
        let mut head = Vec::from(MAGIC);
        head.extend(FORMAT_VERSION.to_le_bytes());
        head.extend((header.len() as u64).to_le_bytes());
        let views: Vec<(&String, TensorView<'_>)> = self
            .tensors
            .iter()
            .map(|(name, values)| {
                let bytes = bytemuck::cast_slice(values);
                let view = TensorView::new(Dtype::F32, vec![values.len()], bytes);
                view.map(|view| (name, view)).map_err(io::Error::other)
            })
            .collect::<Result<_, _>>()?;
        let body = safetensors::serialize(views, None).map_err(io::Error::other)?;
        let mut digest = Sha256::new();
        let mut file = WholeFile::create(path)?;
        for part in [&head, &header, &body] {
            digest.update(part);
            file.write_all(part)?;
        }
        file.write_all(&digest.finalize())?;
        file.finish()
    }

    /// Reads the file, which must be of the training that `identity` describes.
    pub(crate) fn read(path: &Path, identity: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let damaged = |reason: &str| Unusable::Damaged(reason.to_owned());
        let bytes = read_bounded(path).map_err(|error| Unusable::Damaged(error.to_string()))?;
        let Some((content, digest)) = bytes.split_last_chunk::<DIGEST>() else {
            return Err(Unusable::Damaged(format!("it has {} bytes", bytes.len())));
        };
        if Sha256::digest(content)[..] != digest[..] || content.len() < HEAD {
            return Err(damaged("its content is not what its digest says"));
        }
        let (head, rest) = content.split_at(HEAD);
        if head[..8] != MAGIC[..] {
            return Err(damaged("it does not begin as a checkpoint"));
        }
        let version = head[8..12].try_into().map(u32::from_le_bytes).unwrap_or_default();
        if version != FORMAT_VERSION {
            return Err(Unusable::Foreign(format!(
                "it has format {version}; this build reads {FORMAT_VERSION}"
            )));
        }
        let length = head[12..].try_into().map_or(u64::MAX, u64::from_le_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((header, body)) = rest.split_at_checked(length) else {
            return Err(damaged("its JSON is longer than the file"));
        };
        let header: Header =
            serde_json::from_slice(header).map_err(|error| Unusable::Damaged(error.to_string()))?;
        if let Some(difference) = difference(&header.identity, identity) {
            return Err(Unusable::Foreign(difference));
        }
        let tensors = tensors(body).map_err(Unusable::Damaged)?;
        Ok(Self { identity: header.identity, progress: header.progress, tensors })
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("it has more than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

fn tensors(body: &[u8]) -> Result<BTreeMap<String, Vec<f32>>, String> {
    let file = SafeTensors::deserialize(body).map_err(|error| error.to_string())?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor `{name}` is {:?}; expected F32", view.dtype()));
        }
        let numbers = view.data().as_chunks::<4>().0.iter();
        let values = numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        tensors.insert(name.to_owned(), values);
    }
    Ok(tensors)
}

/// The first name whose value differs, in words.
fn difference(
    found: &BTreeMap<String, String>,
    expected: &BTreeMap<String, String>,
) -> Option<String> {
    let value = |map: &BTreeMap<String, String>, name: &String| {
        map.get(name).cloned().unwrap_or_else(|| "nothing".to_owned())
    };
    let mut names = found.keys().chain(expected.keys());
    let name = names.find(|name| found.get(*name) != expected.get(*name))?;
    Some(format!("its {name} is `{}`; expected `{}`", value(found, name), value(expected, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identity(experiment: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("experiment".to_owned(), experiment.to_owned()),
            ("seed".to_owned(), "7".to_owned()),
        ])
    }

    fn checkpoint() -> Checkpoint {
        let mut progress = Progress::new();
        progress.loss_sum = 0.1 + 0.2;
        Checkpoint {
            identity: identity("a"),
            progress,
            tensors: BTreeMap::from([
                ("weights/a".to_owned(), vec![1.0, f32::MIN_POSITIVE, -0.0]),
                ("best/a".to_owned(), vec![]),
            ]),
        }
    }

    #[test]
    fn a_checkpoint_comes_back_bit_by_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        checkpoint().write(&path).unwrap();
        let found = Checkpoint::read(&path, &identity("a")).unwrap();
        assert_eq!(found, checkpoint());
        let bits = |checkpoint: &Checkpoint| checkpoint.tensors["weights/a"][2].to_bits();
        assert_eq!(bits(&found), bits(&checkpoint()));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_checkpoint_of_another_experiment_or_version_is_refused_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        checkpoint().write(&path).unwrap();
        match Checkpoint::read(&path, &identity("b")) {
            Err(Unusable::Foreign(reason)) => {
                assert_eq!(reason, "its experiment is `a`; expected `b`");
            }
            other => panic!("{other:?}"),
        }
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - DIGEST);
        bytes[8] = 9;
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        std::fs::write(&path, &bytes).unwrap();
        match Checkpoint::read(&path, &identity("a")) {
            Err(Unusable::Foreign(reason)) => {
                assert_eq!(reason, "it has format 9; this build reads 1");
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn an_altered_or_truncated_checkpoint_is_seen(
            place in any::<prop::sample::Index>(), flip in 1_u8..
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("x");
            checkpoint().write(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let place = place.index(bytes.len());
            std::fs::write(&path, &bytes[..place]).unwrap();
            let read = || Checkpoint::read(&path, &identity("a"));
            prop_assert!(matches!(read(), Err(Unusable::Damaged(_))));
            bytes[place] ^= flip;
            std::fs::write(&path, &bytes).unwrap();
            prop_assert!(matches!(read(), Err(Unusable::Damaged(_))));
        }
    }
}
