//! Patches a second from a tiled GeoTIFF: cutting alone, and cutting into a store.
//!
//! The mosaic is small and lies in the page cache, so this measures decoding, cutting, encoding and the writing
//! of files, not a disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use tesela::cutting::{CellSorter, CutterSettings, CuttingError};
use tesela::grid::{GridColumns, GridReader, GridRequest};
use tesela::prepare::{MosaicInput, prepare_mosaic};
use tesela::progress::Unwatched;
use tesela::raster::{Mosaic, MosaicReading};
use tesela::simulate::{Country, RawCountry, simulate};
use tesela_datasets::descriptor::{Descriptor, Imagery};

/// Cells along an edge of the country.
const EDGE: u32 = 48;

/// A simulated country on disk.
struct Place {
    folder: TempDir,
    descriptor: Descriptor,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let raw = RawCountry { size: Some([EDGE, EDGE]), seed: Some(7), ..RawCountry::default() };
        let config = raw.check().expect("a usable country");
        let country = Country::new(config).expect("a country without given towns");
        simulate(&country, folder.path(), &mut Unwatched).expect("room for a small country");
        let descriptor = Descriptor::load(Path::new("simulated")).expect("a built-in descriptor");
        Self { folder, descriptor }
    }

    fn imagery(&self) -> &Imagery {
        self.descriptor.imagery().expect("a mosaic has pixels")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Cuts every patch and throws it away; gives the number of patches.
fn cut(place: &Place) -> usize {
    let mosaic = Mosaic::open(&place.path("mosaic.tif"), &MosaicReading::of(place.imagery()));
    let reader = GridReader::open(&place.path("grid.parquet"), &GridRequest::default());
    let (mosaic, reader) = (mosaic.expect("a mosaic"), reader.expect("a grid"));
    let crs = reader.crs().clone();
    let mut sorter = CellSorter::new(mosaic, &crs, place.folder.path()).expect("room for cells");
    reader.for_each(|batch| sorter.extend(&batch.expect("cells")).expect("room for cells"));
    let scaling = place.imagery().pixel.scaling;
    let settings = CutterSettings { patch_pixels: 33, scaling, with_cells: false };
    let cutter = sorter.into_cutter(settings).expect("cells on the mosaic");
    let mut patches = 0;
    let count = |batch: tesela::cutting::CutPatches| {
        patches += batch.patches.len();
        Ok::<(), CuttingError>(())
    };
    cutter.run(&mut { count }).expect("a readable mosaic");
    patches
}

fn prepare(criterion: &mut Criterion) {
    let place = Place::new();
    let mut group = criterion.benchmark_group("prepare");
    group.throughput(Throughput::Elements(u64::from(EDGE * EDGE)));
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    group.bench_function("cut", |bencher| {
        bencher.iter(|| assert_eq!(cut(&place), (EDGE * EDGE) as usize));
    });
    let (mosaic, grid, store) =
        (place.path("mosaic.tif"), place.path("grid.parquet"), place.path("store"));
    let input = MosaicInput {
        descriptor: &place.descriptor,
        mosaic: &mosaic,
        grid: &grid,
        layer: None,
        columns: GridColumns::default(),
    };
    group.bench_function("store", |bencher| {
        bencher.iter(|| {
            let prepared = prepare_mosaic(&input, &store, &mut Unwatched).expect("a store");
            std::fs::remove_dir_all(&store).expect("the store was there");
            prepared
        });
    });
    group.finish();
}

criterion_group!(benches, prepare);
criterion_main!(benches);
