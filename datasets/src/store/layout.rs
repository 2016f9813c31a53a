//! Where things lie in a store, and the Zarr metadata that say so to others.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::patch::{PatchShape, SampleType};

/// The version of the layout; a reader refuses any other.
pub const FORMAT_VERSION: u64 = 1;

/// The description of the store.
pub(super) const MANIFEST: &str = "store.json";
/// The register of cells.
pub(super) const REGISTER: &str = "cells.parquet";
/// The metadata of a Zarr group or array.
pub(super) const ZARR: &str = "zarr.json";

/// Compression of patches. Level 1 against level 3 is measured in `benches/store.rs`.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// The most patches in a shard.
pub(super) const MAX_PATCHES_PER_SHARD: usize = 4096;
/// The most bytes of uncompressed patches in a shard, so that a shard stays a handy file.
const MAX_SHARD_BYTES: usize = 64 << 20;
/// The greatest extent of a patch in either direction.
pub(super) const MAX_EDGE: usize = 1024;

/// One of the two arrays of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayKind {
    /// The stored numbers: `[cell, band, row, column]`.
    Bands,
    /// The used pixels: `[cell, row, column]`.
    Mask,
}

impl ArrayKind {
    pub(super) const ALL: [Self; 2] = [Self::Bands, Self::Mask];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bands => "bands",
            Self::Mask => "mask",
        }
    }

    /// The path of shard `index` inside the store.
    pub(super) fn shard(self, index: usize) -> PathBuf {
        let tail = match self {
            Self::Bands => "0/0/0",
            Self::Mask => "0/0",
        };
        Path::new(self.name()).join("c").join(index.to_string()).join(tail)
    }

    /// The path of the metadata inside the store.
    pub(super) fn metadata(self) -> PathBuf {
        Path::new(self.name()).join(ZARR)
    }

    /// Bytes of one patch before compression.
    pub(super) fn patch_bytes(self, shape: PatchShape, sample_type: SampleType) -> usize {
        match self {
            Self::Bands => shape.samples() * sample_bytes(sample_type),
            Self::Mask => shape.pixels(),
        }
    }
}

/// Bytes of one stored number.
pub(super) fn sample_bytes(sample_type: SampleType) -> usize {
    match sample_type {
        SampleType::UInt8 => 1,
        SampleType::UInt16 | SampleType::Int16 => 2,
        SampleType::Float32 => 4,
    }
}

/// How many patches a shard of a new store holds: a power of two.
pub(super) fn patches_per_shard(shape: PatchShape, sample_type: SampleType) -> usize {
    let patch = ArrayKind::Bands.patch_bytes(shape, sample_type).max(1);
    let fitting = (MAX_SHARD_BYTES / patch).clamp(1, MAX_PATCHES_PER_SHARD);
    1 << fitting.ilog2()
}

/// The metadata of the group.
pub(super) fn group_metadata() -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": {}})
}

/// The metadata of array `kind` of `cells` patches.
pub(super) fn array_metadata(
    kind: ArrayKind,
    shape: PatchShape,
    sample_type: SampleType,
    cells: usize,
    shard: usize,
) -> Value {
    let (inner, names, data_type, fill) = match kind {
        ArrayKind::Bands => (
            vec![shape.bands, shape.height, shape.width],
            vec!["cell", "band", "row", "column"],
            data_type(sample_type),
            json!(0),
        ),
        ArrayKind::Mask => {
            (vec![shape.height, shape.width], vec!["cell", "row", "column"], "bool", json!(false))
        }
    };
    let fill = if data_type == "float32" { json!(0.0) } else { fill };
    let extent = |first: usize| [&[first], inner.as_slice()].concat();
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let zstd = json!({"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": true}});
    let plain = if data_type == "bool" || data_type == "uint8" {
        json!({"name": "bytes"})
    } else {
        bytes.clone()
    };
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": extent(cells),
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": extent(shard)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": extent(1),
            "codecs": [plain, zstd],
            "index_codecs": [bytes, {"name": "crc32c"}],
            "index_location": "end"
        }}],
        "dimension_names": names,
        "attributes": {}
    })
}

fn data_type(sample_type: SampleType) -> &'static str {
    match sample_type {
        SampleType::UInt8 => "uint8",
        SampleType::UInt16 => "uint16",
        SampleType::Int16 => "int16",
        SampleType::Float32 => "float32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_hold_thousands_of_landsat_patches_and_fewer_of_large_ones() {
        let landsat = PatchShape { bands: 6, height: 33, width: 33 };
        assert_eq!(patches_per_shard(landsat, SampleType::Int16), 4096);
        let large = PatchShape { bands: 6, height: 256, width: 256 };
        assert_eq!(patches_per_shard(large, SampleType::Float32), 32);
    }
}
