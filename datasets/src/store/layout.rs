//! Where things lie in a store, and the Zarr metadata that say so to others.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::patch::{PatchDefinition, PatchShape, SampleType};
use crate::source::InputDefinition;

/// The version of the layout of patches.
pub const FORMAT_VERSION: u64 = 1;
/// The version of the layout of tables.
pub const TABLE_FORMAT_VERSION: u64 = 2;

/// The description of the store.
pub(super) const MANIFEST: &str = "store.json";
/// The register of cells.
pub(super) const REGISTER: &str = "cells.parquet";
/// The metadata of a Zarr group or array.
pub(super) const ZARR: &str = "zarr.json";

/// Compression of chunks. Level 1 against level 3 is measured in `benches/store.rs`.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// The most chunks in a shard.
pub(super) const MAX_CHUNKS_PER_SHARD: usize = 4096;
/// The most rows of a table in a chunk.
const MAX_ROWS_PER_CHUNK: usize = 1024;
/// The most bytes of uncompressed chunks in a shard, so that a shard stays a handy file.
const MAX_SHARD_BYTES: usize = 64 << 20;
/// Bytes of uncompressed rows in a chunk of a new store: enough for compression to work on, and little to read
/// where a single row is wanted.
const CHUNK_BYTES: usize = 16 << 10;
/// The most bytes of uncompressed rows in a chunk of any store.
const MAX_CHUNK_BYTES: usize = 1 << 20;
/// The greatest extent of a patch in either direction.
pub(super) const MAX_EDGE: usize = 1024;

/// How many cells share a chunk, and how many chunks a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunking {
    /// Cells in a chunk: one patch, or some rows of a table.
    pub(super) cells_per_chunk: usize,
    /// Places for chunks in a shard.
    pub(super) chunks_per_shard: usize,
}

impl Chunking {
    /// That of a new store of cells like `input`: powers of two.
    pub(super) fn of(input: &InputDefinition) -> Self {
        let cell = layouts(input, Self { cells_per_chunk: 1, chunks_per_shard: 1 })
            .iter()
            .map(ArrayLayout::chunk_bytes)
            .max()
            .unwrap_or(1)
            .max(1);
        let power = |fitting: usize, most: usize| 1 << fitting.clamp(1, most).ilog2();
        let cells_per_chunk = match input {
            InputDefinition::Patches(_) => 1,
            InputDefinition::Table(_) => power(CHUNK_BYTES / cell, MAX_ROWS_PER_CHUNK),
        };
        let chunk = cells_per_chunk * cell;
        let chunks_per_shard = power(MAX_SHARD_BYTES / chunk, MAX_CHUNKS_PER_SHARD);
        Self { cells_per_chunk, chunks_per_shard }
    }

    /// Says what is wrong with numbers that a file names, before anything is allocated by them.
    pub(super) fn check(&self, input: &InputDefinition) -> Result<(), String> {
        let [cells, chunks] = match input {
            InputDefinition::Patches(_) => ["", "patches_per_shard"],
            InputDefinition::Table(_) => ["rows_per_chunk", "chunks_per_shard"],
        };
        let ranges = [
            (chunks, self.chunks_per_shard, MAX_CHUNKS_PER_SHARD),
            (cells, self.cells_per_chunk, MAX_ROWS_PER_CHUNK),
        ];
        for (name, value, most) in ranges {
            if !(1..=most).contains(&value) {
                return Err(format!("`{name}` is {value}; expected 1 to {most}"));
            }
        }
        let bytes = layouts(input, *self).iter().map(ArrayLayout::chunk_bytes).max().unwrap_or(0);
        if input.table().is_some() && bytes > MAX_CHUNK_BYTES {
            return Err(format!("a chunk has {bytes} bytes; expected at most {MAX_CHUNK_BYTES}"));
        }
        Ok(())
    }
}

/// The arrays of a store of cells like `input`.
pub(super) fn layouts(input: &InputDefinition, chunking: Chunking) -> Vec<ArrayLayout> {
    match input {
        InputDefinition::Patches(PatchDefinition { shape, sample_type, .. }) => vec![
            ArrayLayout::bands(*shape, *sample_type, chunking),
            ArrayLayout::mask(*shape, chunking),
        ],
        InputDefinition::Table(table) => {
            vec![ArrayLayout::features(table.columns().len(), chunking)]
        }
    }
}

/// One array of a store: what its numbers are, and how they are gathered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrayLayout {
    name: &'static str,
    /// Names of the dimensions after that of cells, with their extents.
    inner: Vec<(&'static str, usize)>,
    data_type: &'static str,
    number_bytes: usize,
    fill: Value,
    pub(super) chunking: Chunking,
}

impl ArrayLayout {
    /// The stored numbers of patches: `[cell, band, row, column]`.
    fn bands(shape: PatchShape, sample_type: SampleType, chunking: Chunking) -> Self {
        let (data_type, fill) = match sample_type {
            SampleType::UInt8 => ("uint8", json!(0)),
            SampleType::UInt16 => ("uint16", json!(0)),
            SampleType::Int16 => ("int16", json!(0)),
            SampleType::Float32 => ("float32", json!(0.0)),
        };
        let inner = vec![("band", shape.bands), ("row", shape.height), ("column", shape.width)];
        let number_bytes = sample_type.bytes();
        Self { name: "bands", inner, data_type, number_bytes, fill, chunking }
    }

    /// The used pixels of patches: `[cell, row, column]`.
    fn mask(shape: PatchShape, chunking: Chunking) -> Self {
        let inner = vec![("row", shape.height), ("column", shape.width)];
        let fill = json!(false);
        Self { name: "mask", inner, data_type: "bool", number_bytes: 1, fill, chunking }
    }

    /// The numbers of a table: `[cell, column]`.
    fn features(columns: usize, chunking: Chunking) -> Self {
        let inner = vec![("column", columns)];
        let fill = json!("NaN");
        Self { name: "features", inner, data_type: "float32", number_bytes: 4, fill, chunking }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Numbers that belong to one cell.
    fn numbers_per_cell(&self) -> usize {
        self.inner.iter().map(|(_, extent)| extent).product()
    }

    /// Bytes of one chunk before compression.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunking.cells_per_chunk * self.numbers_per_cell() * self.number_bytes
    }

    /// How many chunks `cells` cells take; the last may not be full.
    pub(super) fn chunks(&self, cells: usize) -> usize {
        cells.div_ceil(self.chunking.cells_per_chunk)
    }

    /// How many shards `cells` cells take.
    pub(super) fn shards(&self, cells: usize) -> usize {
        self.chunks(cells).div_ceil(self.chunking.chunks_per_shard)
    }

    /// The path of shard `index` inside the store.
    pub(super) fn shard(&self, index: usize) -> PathBuf {
        let mut path = Path::new(self.name).join("c").join(index.to_string());
        self.inner.iter().for_each(|_| path.push("0"));
        path
    }

    /// The path of the metadata inside the store.
    pub(super) fn metadata_path(&self) -> PathBuf {
        Path::new(self.name).join(ZARR)
    }

    /// The metadata of the array for `cells` cells.
    pub(super) fn metadata(&self, cells: usize) -> Value {
        let extents = |first: usize| {
            let inner = self.inner.iter().map(|(_, extent)| *extent);
            std::iter::once(first).chain(inner).collect::<Vec<usize>>()
        };
        let names = self.inner.iter().map(|(name, _)| *name);
        let names: Vec<&str> = std::iter::once("cell").chain(names).collect();
        let Chunking { cells_per_chunk, chunks_per_shard } = self.chunking;
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let zstd =
            json!({"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": true}});
        let plain = if self.number_bytes == 1 { json!({"name": "bytes"}) } else { bytes.clone() };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": extents(cells),
            "data_type": self.data_type,
            "chunk_grid": {"name": "regular", "configuration": {
                "chunk_shape": extents(cells_per_chunk * chunks_per_shard)
            }},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill,
            "codecs": [{"name": "sharding_indexed", "configuration": {
                "chunk_shape": extents(cells_per_chunk),
                "codecs": [plain, zstd],
                "index_codecs": [bytes, {"name": "crc32c"}],
                "index_location": "end"
            }}],
            "dimension_names": names,
            "attributes": {}
        })
    }
}

/// The metadata of the group.
pub(super) fn group_metadata() -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": {}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::{PixelDefinition, Product};
    use crate::table::{TableDefinition, TableKeys};

    fn of_patches(height: usize, sample_type: SampleType) -> Chunking {
        let shape = PatchShape { bands: 6, height, width: height };
        let pixel = PixelDefinition::of_product(Product::C1);
        Chunking::of(&InputDefinition::Patches(PatchDefinition { shape, sample_type, pixel }))
    }

    fn of_table(columns: usize) -> Chunking {
        let columns = (0..columns).map(|column| column.to_string()).collect();
        let table = TableDefinition::new(columns, TableKeys::id("id")).unwrap();
        Chunking::of(&InputDefinition::Table(table))
    }

    #[test]
    fn shards_hold_thousands_of_landsat_patches_and_fewer_of_large_ones() {
        let one = |chunks_per_shard| Chunking { cells_per_chunk: 1, chunks_per_shard };
        assert_eq!(of_patches(33, SampleType::Int16), one(4096));
        assert_eq!(of_patches(256, SampleType::Float32), one(32));
    }

    #[test]
    fn rows_of_a_table_share_chunks_of_some_kilobytes() {
        let some =
            |cells_per_chunk, chunks_per_shard| Chunking { cells_per_chunk, chunks_per_shard };
        assert_eq!(of_table(1), some(1024, 4096));
        assert_eq!(of_table(486), some(8, 4096));
        assert_eq!(of_table(65_535), some(1, 256));
    }
}
