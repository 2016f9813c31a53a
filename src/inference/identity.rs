//! What a prediction is of: equal in all parts of a map, and when it is taken up again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tesela_datasets::cell::Cell;
use tesela_datasets::class::Label;
use tesela_datasets::hex;

use super::Models;
use super::band_names::order_words;
use crate::raster::{Mosaic, MosaicReading, sample_type_name};

/// Places of a mosaic on this machine whose bytes are looked at, and how many at each.
const PROBES: u64 = 64;
/// Such places in all sources of a virtual raster together; two in each where there are many.
const SOURCE_PROBES: u64 = 1024;
const PROBE_BYTES: usize = 4096;
/// The most numbers of a cell.
const MOST_NUMBERS: usize = 1 << 16;

/// What a prediction is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of the program.
    pub program_version: String,
    /// Digests of the bundles, in order.
    pub bundles: Vec<String>,
    /// The kind of device that networks compute on; `any` for trees.
    pub device: String,
    /// How many numbers the models give for each cell.
    pub numbers: usize,
    /// Extent and type of the mosaic.
    pub mosaic: String,
    /// Digest of its size and of some of its bytes, and of those of its sources where it is a virtual raster; `None` where it does not
    /// lie on this machine as a file.
    pub mosaic_bytes: Option<String>,
    /// Which band of the file each band is, such as `blue 3, red 1`.
    pub bands: String,
    /// What the numbers of the mosaic mean: a product, or scale, offset and nodata value.
    pub scaling: String,
    /// Digest of all cells of the grid.
    pub grid: String,
    /// How many cells the grid has.
    pub cells: u64,
    /// How many of them overlap the mosaic.
    pub overlapping: u64,
}

impl Identity {
    /// What `models` will predict.
    pub(super) fn new(models: &Models, mosaic: &MosaicMark, grid: GridDigest) -> Self {
        let (cells, grid) = grid.finish();
        Self {
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            bundles: models.facts().iter().map(|facts| facts.origin.digest.clone()).collect(),
            device: models.device_kind().to_owned(),
            numbers: models.layout().width(),
            mosaic: mosaic.words.clone(),
            mosaic_bytes: mosaic.bytes.clone(),
            bands: mosaic.bands.clone(),
            scaling: mosaic.scaling.clone(),
            grid,
            cells,
            overlapping: 0,
        }
    }

    /// How many numbers the models give for each cell.
    pub(super) fn width(&self) -> usize {
        self.numbers
    }

    /// What is wrong with an identity that was read.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.numbers == 0 || self.numbers > MOST_NUMBERS {
            let found = self.numbers;
            return Err(format!("{found} numbers of a cell; expected 1 to {MOST_NUMBERS}"));
        }
        if self.cells > u64::from(u32::MAX) || self.overlapping > self.cells {
            let (overlapping, cells) = (self.overlapping, self.cells);
            return Err(format!("{overlapping} of {cells} cells; expected less than 2^32"));
        }
        Ok(())
    }

    /// What differs from `expected`, in words.
    pub(super) fn difference(&self, expected: &Self) -> Option<String> {
        let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".into());
        let bytes = |own: &Self| optional(&own.mosaic_bytes);
        let pairs = [
            ("the bundle", self.bundles.join(", "), expected.bundles.join(", ")),
            ("the mosaic", self.mosaic.clone(), expected.mosaic.clone()),
            ("the content of the mosaic", bytes(self), bytes(expected)),
            ("the order of the bands", self.bands.clone(), expected.bands.clone()),
            ("the scale of the mosaic", self.scaling.clone(), expected.scaling.clone()),
            ("the grid", self.grid.clone(), expected.grid.clone()),
            ("the number of cells", self.cells.to_string(), expected.cells.to_string()),
            ("the device", self.device.clone(), expected.device.clone()),
            (
                "the version of tesela",
                self.program_version.clone(),
                expected.program_version.clone(),
            ),
        ];
        pairs
            .into_iter()
            .find(|(_, found, expected)| found != expected)
            .map(|(what, found, expected)| {
                format!("{what} was {}; now it is {}", short(&found), short(&expected))
            })
            .or_else(|| (self != expected).then(|| "its cells do not lie as they did".to_owned()))
    }

    /// Digest of what the cells were predicted from.
    pub(super) fn input_digest(&self) -> String {
        let mut digest = Sha256::new();
        for text in [&self.mosaic, &self.bands, &self.scaling, &self.grid] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        digest.update(self.mosaic_bytes.as_deref().unwrap_or_default());
        hex::encode(&digest.finalize())
    }
}

/// The beginning of a digest is enough to tell it from another.
fn short(text: &str) -> String {
    let is_digest =
        |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = text.split(", ").map(|word| if is_digest(word) { &word[..12] } else { word });
    format!("`{}`", words.collect::<Vec<_>>().join(", "))
}

/// How a mosaic is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MosaicMark {
    words: String,
    bytes: Option<String>,
    bands: String,
    scaling: String,
}

impl MosaicMark {
    /// The mark of `mosaic`, read as `reading` says.
    pub(super) fn of(mosaic: &Mosaic, reading: &MosaicReading) -> Self {
        let corner = mosaic.placement().to_ground(0.0, 0.0);
        let words = format!(
            "{} × {} pixels of {:.4} m, {} bands of {}, from ({}, {}) in {}",
            mosaic.columns(),
            mosaic.rows(),
            mosaic.pixel_metres(),
            mosaic.bands(),
            sample_type_name(mosaic.sample_type()),
            corner.x,
            corner.y,
            mosaic.crs(),
        );
        let (bands, scaling) = (order_words(&reading.bands), reading.scaling.to_string());
        Self { words, bytes: probe(&mosaic.files()), bands, scaling }
    }
}

/// Digest of the sizes of `files` and of bytes at even distances in each, by which a mosaic is known again on any machine; `None`
/// where there are none.
///
/// Of a compressed raster nearly all bytes change with its content, so that a change is seen. In a file that is not compressed, what
/// changed between two probes is not. The sources of a virtual raster are looked at in fewer places, the more there are; one that is
/// missing is an error when it is read. Nothing is seen of what lies on a server or in an archive, of the sources of sources, and of
/// a raster that is no file: there the extent and type of the mosaic have to be enough.
fn probe(files: &[PathBuf]) -> Option<String> {
    let (own, sources) = files.split_first()?;
    let mut digest = Sha256::new();
    probe_file(own, PROBES, &mut digest)?;
    let each = (SOURCE_PROBES / (sources.len() as u64).max(1)).clamp(2, PROBES);
    for source in sources {
        // It was there when the virtual raster was read, and what cannot be read now says so when it is needed.
        probe_file(source, each, &mut digest).unwrap_or_default();
    }
    Some(hex::encode(&digest.finalize()))
}

fn probe_file(path: &Path, probes: u64, digest: &mut Sha256) -> Option<()> {
    let file = File::open(path).ok()?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    digest.update(length.to_le_bytes());
    let mut buffer = vec![0; PROBE_BYTES];
    for probe in 0..probes {
        let read = file.read_at(&mut buffer, length / probes * probe).ok()?;
        digest.update(&buffer[..read]);
    }
    Some(())
}

/// Takes the digest of the cells of a grid as they come.
#[derive(Debug, Clone, Default)]
pub(super) struct GridDigest {
    digest: Sha256,
    /// What of one cell is taken in.
    record: Vec<u8>,
    cells: u64,
}

impl GridDigest {
    pub(super) fn extend(&mut self, cells: &[Cell]) {
        for cell in cells {
            let id = cell.id.as_str();
            let label = match cell.label {
                Label::Undefined => u64::MAX,
                Label::Class(class) => class.index() as u64,
            };
            self.record.clear();
            self.record.extend((id.len() as u64).to_le_bytes());
            self.record.extend(id.as_bytes());
            self.record.extend(label.to_le_bytes());
            self.record.extend(cell.year.map_or(i64::MIN, i64::from).to_le_bytes());
            for corner in cell.outline.iter().flat_map(|outline| &outline.corners) {
                self.record.extend(corner.x.to_le_bytes());
                self.record.extend(corner.y.to_le_bytes());
            }
            self.digest.update(&self.record);
        }
        self.cells += cells.len() as u64;
    }

    /// How many cells there were, and their digest.
    pub(super) fn finish(self) -> (u64, String) {
        (self.cells, hex::encode(&self.digest.finalize()))
    }
}
