//! How fast a store is written and read, with the general Zarr decoder beside it as the peer.
//!
//! Patches are 33 × 33 pixels of six 16-bit bands, with the spatial correlation of land: neighbouring
//! pixels differ by noise of a few hundred.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{below, generator, shuffle};
use tesela_datasets::source::{CellSource, InputDefinition};
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition, StoreReader, StoreWriter};
use zarrs::array::{Array, ArraySubset};
use zarrs::filesystem::FilesystemStore;

const SHAPE: PatchShape = PatchShape { bands: 6, height: 33, width: 33 };
const PATCHES: usize = 8192;
const BATCH: usize = 256;

fn definition() -> StoreDefinition {
    StoreDefinition {
        dataset: "bench".into(),
        input: InputDefinition::Patches(PatchDefinition {
            shape: SHAPE,
            sample_type: SampleType::Int16,
            pixel: PixelDefinition::of_product(Product::C1),
        }),
        classes: ClassMap::new(["non-urban", "urban"]).expect("two names"),
        crs: None,
        pixel_metres: None,
    }
}

fn pieces() -> Vec<(PatchBatch, Vec<StoreCell>)> {
    (0..PATCHES / BATCH).map(piece).collect()
}

fn piece(index: usize) -> (PatchBatch, Vec<StoreCell>) {
    let mut draws = generator(7, &[index as u64]);
    let mut samples = Vec::with_capacity(BATCH * SHAPE.samples());
    for _ in 0..BATCH * SHAPE.bands {
        let level = 400 + below(&mut draws, 3000);
        for _ in 0..SHAPE.pixels() {
            let value = level + below(&mut draws, 160) + below(&mut draws, 160);
            samples.push(i16::try_from(value).expect("values are small"));
        }
    }
    let label = |row: usize| Label::Class(ClassId::new(row % 2));
    let cell = |row: usize| StoreCell {
        cell: Cell {
            id: CellId::new(format!("E{}N{index}", row + index * BATCH)),
            label: label(row),
            outline: Some(Outline::square(row as f64 * 1000.0, index as f64 * 1000.0, 1000.0)),
            year: Some(2010),
        },
        content: CellContent::Pixels { used: 1089, inside: 1089 },
    };
    let batch = PatchBatch {
        shape: SHAPE,
        samples: Samples::Int16(samples),
        used: vec![true; BATCH * SHAPE.pixels()],
        labels: (0..BATCH).map(label).collect(),
        positions: (0..).take(BATCH).collect(),
    };
    (batch, (0..BATCH).map(cell).collect())
}

fn write(path: &Path, pieces: &[(PatchBatch, Vec<StoreCell>)]) -> u64 {
    let mut writer = StoreWriter::create(path, &definition()).expect("a store can be made");
    for (batch, cells) in pieces {
        writer.append(batch, cells).expect("patches can be written");
    }
    writer.finish().expect("a store can be finished").bytes
}

fn bench(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let pieces = pieces();
    let mut group = criterion.benchmark_group("store");
    group.sample_size(10).throughput(Throughput::Elements(PATCHES as u64));
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            let path = directory.path().join("written.store");
            let bytes = write(&path, &pieces);
            std::fs::remove_dir_all(&path).expect("a store can be removed");
            bytes
        });
    });
    let path = directory.path().join("read.store");
    write(&path, &pieces);
    drop(pieces);
    let reader = Arc::new(StoreReader::open(&path).expect("a store can be opened"));
    let everything = reader.select_all();
    let in_order: Vec<u32> = (0..).take(PATCHES).collect();
    let mut at_random = in_order.clone();
    shuffle(&mut generator(1, &[]), &mut at_random);
    for (name, order) in [("read in order", &in_order), ("read at random", &at_random)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let stream = everything.stream(order, BATCH).expect("a stream can be opened");
                stream
                    .map(|batch| black_box(batch.expect("patches can be read")).len())
                    .sum::<usize>()
            });
        });
    }
    let files = Arc::new(FilesystemStore::new(&path).expect("a store is a folder"));
    let bands = Array::open(files, "/bands").expect("a store has bands");
    let few = &at_random[..BATCH];
    group.throughput(Throughput::Elements(few.len() as u64));
    group.bench_function("read at random, bands only, by zarrs", |bencher| {
        use zarrs::array::{ArrayShardedReadableExt, ArrayShardedReadableExtCache};
        let cache = ArrayShardedReadableExtCache::new(&bands);
        let options = zarrs::array::CodecOptions::default();
        bencher.iter(|| {
            for &row in few {
                let at = ArraySubset::new_with_ranges(&[
                    u64::from(row)..u64::from(row) + 1,
                    0..6,
                    0..33,
                    0..33,
                ]);
                let read: Vec<i16> = bands
                    .retrieve_array_subset_sharded_opt(&cache, &at, &options)
                    .expect("zarrs reads it");
                black_box(read);
            }
        });
    });
    group.bench_function("read at random, one by one", |bencher| {
        bencher.iter(|| {
            for &row in few {
                black_box(reader.read(&[row]).expect("a patch can be read"));
            }
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
