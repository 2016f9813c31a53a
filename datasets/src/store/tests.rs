//! Stores, written, damaged and read back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::layout::{MANIFEST, REGISTER};
use super::*;
use crate::cell::{CellId, Outline};
use crate::class::{ClassId, Label};
use crate::features::{FeatureExtractor, HistogramMode};
use crate::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use crate::pixel::{Band, BandSet, PixelDefinition, Product};
use crate::random::{below, generator, shuffle};
use crate::source::{Batch, CellSource, FeatureMatrix, InputDefinition, PatchSource};
use crate::table::{RowBatch, TableDefinition, TableKeys};
use crate::whole_file::partial_path;

const TYPES: [SampleType; 4] =
    [SampleType::UInt8, SampleType::UInt16, SampleType::Int16, SampleType::Float32];

/// The first shards of bands and mask.
const SHARDS: [&str; 2] = ["bands/c/0/0/0/0", "mask/c/0/0/0"];

fn definition(shape: PatchShape, sample_type: SampleType) -> StoreDefinition {
    let bands = BandSet::new(Band::ALL.into_iter().take(shape.bands)).unwrap();
    let pixel = PixelDefinition { bands, ..PixelDefinition::of_product(Product::C2) };
    StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Patches(PatchDefinition { shape, sample_type, pixel }),
        classes: ClassMap::new(["non-urban", "urban"]).unwrap(),
        crs: Crs::from_projjson(r#"{"type": "ProjectedCRS", "name": "LCC"}"#).ok(),
    }
}

/// `count` patches of noise with their cells; the same for the same seed.
fn patches(definition: &StoreDefinition, count: usize, seed: u64) -> (PatchBatch, Vec<StoreCell>) {
    let input = definition.input.patches().unwrap();
    let shape = input.shape;
    let mut draws = generator(seed, &[]);
    let mut draw = |bound: u64| below(&mut draws, bound);
    let numbers: Vec<u64> = (0..count * shape.samples()).map(|_| draw(1 << 16)).collect();
    let narrow = |number: u64| u16::try_from(number).unwrap();
    let samples = match input.sample_type {
        SampleType::UInt8 => {
            Samples::UInt8(numbers.iter().map(|&n| narrow(n).to_le_bytes()[0]).collect())
        }
        SampleType::UInt16 => Samples::UInt16(numbers.iter().map(|&n| narrow(n)).collect()),
        SampleType::Int16 => {
            Samples::Int16(numbers.iter().map(|&n| narrow(n).cast_signed()).collect())
        }
        SampleType::Float32 => {
            Samples::Float32(numbers.iter().map(|&n| f32::from(narrow(n)) / 7.0 - 99.5).collect())
        }
    };
    let used: Vec<bool> = (0..count * shape.pixels()).map(|_| draw(4) > 0).collect();
    let mut cells = Vec::new();
    for index in 0..count {
        let mask = &used[index * shape.pixels()..(index + 1) * shape.pixels()];
        let class = usize::try_from(draw(3)).unwrap();
        let cell = Cell {
            id: CellId::new(format!("E{index}N{seed}")),
            label: (class < 2).then(|| ClassId::new(class)).into(),
            outline: (draw(5) > 0).then(|| Outline::square(index as f64, 4e6, 1000.0)),
            year: (draw(2) > 0).then_some(2010),
        };
        let used_pixels = u32::try_from(mask.iter().filter(|&&used| used).count()).unwrap();
        let content = CellContent::Pixels { used: used_pixels, inside: used_pixels + 1 };
        cells.push(StoreCell { cell, content });
    }
    let labels = cells.iter().map(|cell| cell.cell.label).collect();
    let positions = (0..).take(count).collect();
    (PatchBatch { shape, samples, used, labels, positions }, cells)
}

fn piece(batch: &PatchBatch, range: std::ops::Range<usize>) -> PatchBatch {
    let sample_type = batch.samples.sample_type();
    let mut piece = PatchBatch::with_capacity(batch.shape, sample_type, range.len());
    range.for_each(|index| piece.push_from(batch, index));
    piece
}

fn write(
    path: &Path,
    definition: &StoreDefinition,
    batch: &PatchBatch,
    cells: &[StoreCell],
    at_a_time: usize,
) -> StoreSummary {
    let mut writer = StoreWriter::create(path, definition).unwrap();
    for start in (0..cells.len()).step_by(at_a_time) {
        let end = (start + at_a_time).min(cells.len());
        writer.append(&piece(batch, start..end), &cells[start..end]).unwrap();
    }
    writer.finish().unwrap()
}

/// A small store, to be damaged.
fn small(directory: &Path) -> (PathBuf, PatchBatch) {
    let path = directory.join("small.store");
    let definition = definition(PatchShape { bands: 2, height: 5, width: 4 }, SampleType::Int16);
    let (batch, cells) = patches(&definition, 30, 1);
    write(&path, &definition, &batch, &cells, 30);
    (path, batch)
}

fn message(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(message);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn refused(path: &Path) -> String {
    match StoreReader::open(path) {
        Ok(_) => panic!("the store was opened"),
        Err(error) => message(&error),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn patches_survive_in_any_order(
        bands in 1_usize..=6, height in 1_usize..12, width in 1_usize..12,
        count in 0_usize..60, at_a_time in 1_usize..40, sample_type in 0_usize..4,
        batch_size in 1_usize..20, seed in any::<u64>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.store");
        let shape = PatchShape { bands, height, width };
        let definition = definition(shape, TYPES[sample_type]);
        let (batch, cells) = patches(&definition, count, seed);
        let summary = write(&path, &definition, &batch, &cells, at_a_time);
        let reader = Arc::new(StoreReader::open(&path).unwrap());
        reader.verify().unwrap();
        prop_assert_eq!(reader.definition(), &definition);
        prop_assert_eq!(reader.cells(), &cells);
        prop_assert_eq!(reader.counts(), &summary.counts);
        prop_assert_eq!(reader.digest(), &summary.digest);
        let mut order: Vec<u32> = (0..).take(count).collect();
        shuffle(&mut generator(seed, &[1]), &mut order);
        let selection = reader.select_all();
        let mut seen = PatchBatch::with_capacity(shape, TYPES[sample_type], count);
        let patches = PatchSource::of(&selection).unwrap();
        for piece in patches.stream(&order, batch_size).unwrap() {
            let piece = piece.unwrap();
            prop_assert!(piece.len() == batch_size || seen.len() + piece.len() == count);
            (0..piece.len()).for_each(|index| seen.push_from(&piece, index));
        }
        let mut expected = PatchBatch::with_capacity(shape, TYPES[sample_type], count);
        for &index in &order {
            expected.push_from(&batch, index as usize);
        }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn a_changed_byte_is_found_wherever_it_is(
        file in 0_usize..3, at in any::<prop::sample::Index>(), flip in 1_u8..
    ) {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = small(directory.path());
        let file = [
            PathBuf::from(SHARDS[0]), PathBuf::from(SHARDS[1]), PathBuf::from(REGISTER)
        ][file].clone();
        let mut bytes = fs::read(path.join(&file)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(path.join(&file), bytes).unwrap();
        // The register is read on opening, and may be refused there already.
        match StoreReader::open(&path).and_then(|reader| reader.verify()) {
            Ok(()) => prop_assert!(false, "the change passed"),
            Err(error) => prop_assert!(
                message(&error).contains(file.to_str().unwrap()), "{}", message(&error)
            ),
        }
    }

    #[test]
    fn a_changed_shard_gives_an_error_or_the_patch_but_never_another_patch(
        kind in 0_usize..2, at in any::<prop::sample::Index>(), flip in 1_u8..
    ) {
        let directory = tempfile::tempdir().unwrap();
        let (path, batch) = small(directory.path());
        let shard = path.join(SHARDS[kind]);
        let mut bytes = fs::read(&shard).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(&shard, bytes).unwrap();
        let reader = StoreReader::open(&path).unwrap();
        for row in 0..30 {
            if let Ok((samples, used)) = reader.read(&[row]) {
                let expected = piece(&batch, row as usize..row as usize + 1);
                prop_assert_eq!(samples, expected.samples);
                prop_assert_eq!(used, expected.used);
            }
        }
    }
}

#[test]
fn shards_are_filled_one_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let definition = definition(PatchShape { bands: 1, height: 2, width: 2 }, SampleType::UInt8);
    let (batch, cells) = patches(&definition, 9000, 3);
    let summary = write(&path, &definition, &batch, &cells, 1000);
    assert_eq!(summary.counts.cells, 9000);
    let reader = StoreReader::open(&path).unwrap();
    let rows = [8999, 0, 4095, 4096, 8191, 8192];
    let (samples, used) = reader.read(&rows).unwrap();
    let mut expected = PatchBatch::with_capacity(batch.shape, SampleType::UInt8, 6);
    for row in rows {
        expected.push_from(&batch, row as usize);
    }
    assert_eq!((samples, used), (expected.samples, expected.used));
    assert!(path.join("bands/c/2/0/0/0").exists() && !path.join("bands/c/3").exists());
}

#[test]
fn another_zarr_reader_sees_the_same_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let definition = definition(PatchShape { bands: 3, height: 4, width: 5 }, SampleType::Int16);
    let (batch, cells) = patches(&definition, 7, 4);
    write(&path, &definition, &batch, &cells, 7);
    let files = Arc::new(zarrs::filesystem::FilesystemStore::new(&path).unwrap());
    let bands = zarrs::array::Array::open(files.clone(), "/bands").unwrap();
    let read: Vec<i16> = bands.retrieve_array_subset(&bands.subset_all()).unwrap();
    assert_eq!(Samples::Int16(read), batch.samples);
    let mask = zarrs::array::Array::open(files, "/mask").unwrap();
    let read: Vec<bool> = mask.retrieve_array_subset(&mask.subset_all()).unwrap();
    assert_eq!(read, batch.used);
}

#[test]
fn equal_patches_make_equal_stores_however_they_are_appended() {
    let directory = tempfile::tempdir().unwrap();
    let definition = definition(PatchShape { bands: 2, height: 3, width: 3 }, SampleType::UInt16);
    let (batch, cells) = patches(&definition, 50, 5);
    let digest = |name: &str, at_a_time| {
        write(&directory.path().join(name), &definition, &batch, &cells, at_a_time).digest
    };
    assert_eq!(digest("a", 50), digest("b", 7));
    let (batch, cells) = patches(&definition, 50, 6);
    assert_ne!(
        digest("a2", 50),
        write(&directory.path().join("c"), &definition, &batch, &cells, 50).digest
    );
}

#[test]
fn an_unfinished_store_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let definition = definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8);
    let (batch, cells) = patches(&definition, 5, 1);
    let mut writer = StoreWriter::create(&path, &definition).unwrap();
    writer.append(&batch, &cells).unwrap();
    assert!(partial_path(&path).exists() && !path.exists());
    drop(writer);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_writer_left_is_replaced_and_a_store_never_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("small.store");
    fs::create_dir_all(partial_path(&path).join("bands/c/7")).unwrap();
    let (path, _) = small(directory.path());
    assert!(!path.join("bands/c/7").exists());
    let definition = definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8);
    assert!(matches!(StoreWriter::create(&path, &definition), Err(StoreError::Exists { .. })));
}

#[test]
fn an_id_that_comes_twice_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let definition = definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8);
    let (batch, cells) = patches(&definition, 5, 1);
    let mut writer = StoreWriter::create(&path, &definition).unwrap();
    writer.append(&batch, &cells).unwrap();
    let error = writer.append(&piece(&batch, 2..3), &cells[2..3]).unwrap_err();
    assert!(message(&error).contains("duplicate cell_id `E2N1`"), "{}", message(&error));
    let error = writer.finish().unwrap_err();
    assert!(message(&error).contains("an earlier batch"), "{}", message(&error));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn patches_that_do_not_fit_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let own = definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8);
    let mut writer = StoreWriter::create(&path, &own).unwrap();
    let (batch, mut cells) = patches(&own, 2, 1);
    let mut refuse = |batch: &PatchBatch, cells: &[StoreCell], part: &str| {
        let error = writer.append(batch, cells).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refuse(&batch, &cells[..1], "1 cells, and not as many patches");
    let wide = definition(batch.shape, SampleType::Float32);
    let (floats, other) = patches(&wide, 2, 1);
    refuse(&floats, &other, "of Float32; expected");
    let right = cells[0].content.clone();
    cells[0].content = CellContent::Pixels { used: 10, inside: 10 };
    refuse(&batch, &cells, "used pixels in its mask");
    cells[0].content = right;
    cells[1].cell.label = Label::Class(ClassId::new(2));
    refuse(&batch, &cells, "is not of the store");
}

#[test]
fn a_missing_or_shortened_shard_is_named_on_opening() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let shard = path.join(SHARDS[1]);
    let bytes = fs::read(&shard).unwrap();
    fs::write(&shard, &bytes[..bytes.len() - 1]).unwrap();
    let expected = format!(
        "`{}` has {} bytes; {} were written",
        shard.display(),
        bytes.len() - 1,
        bytes.len()
    );
    assert_eq!(refused(&path), expected);
    fs::remove_file(&shard).unwrap();
    assert!(refused(&path).starts_with(&format!("cannot read `{}`", shard.display())));
    assert!(refused(&directory.path().join("none")).starts_with("there is no store at `"));
}

#[test]
fn another_format_version_is_refused_with_both_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    edit(&path, |value| value["format"] = json!(3), false);
    let expected = format!(
        "store `{}` has format 3; this build reads 1 (patches) and 2 (tables)",
        path.display()
    );
    assert_eq!(refused(&path), expected);
}

#[test]
fn an_altered_description_is_refused_before_anything_is_allocated() {
    type Alteration = (fn(&mut Value), &'static str);
    let alterations: [Alteration; 9] = [
        (|value| value["counts"]["cells"] = json!(-1), "does not describe a store"),
        (|value| value["counts"]["cells"] = json!(u64::MAX), "do not add up to"),
        (|value| value["counts"]["undefined"] = json!(u64::MAX), "do not add up to"),
        (|value| value["patches_per_shard"] = json!(0), "`patches_per_shard` is 0"),
        (|value| value["patches_per_shard"] = json!(1_u64 << 40), "`patches_per_shard` is 1099"),
        (
            |value| value["definition"]["input"]["shape"]["height"] = json!(1_u64 << 40),
            "`height` is",
        ),
        (|value| value["definition"]["input"]["shape"]["bands"] = json!(5), "5 bands in `shape`"),
        (|value| value["bands"] = json!([]), "`bands` has 0 shards; its cells need 1"),
        (|value| value["extra"] = json!(1), "does not describe a store"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let original = fs::read(path.join(MANIFEST)).unwrap();
    for (alter, part) in alterations {
        edit(&path, alter, false);
        assert!(refused(&path).contains("its digest is"), "{}", refused(&path));
        edit(&path, alter, true);
        assert!(refused(&path).contains(part), "{}", refused(&path));
        fs::write(path.join(MANIFEST), &original).unwrap();
    }
    fs::write(path.join(MANIFEST), &original[..original.len() / 2]).unwrap();
    assert!(refused(&path).contains("does not describe a store"));
}

/// Changes the description; with `signed`, as an attacker would who knows the layout.
fn edit(path: &Path, alter: impl Fn(&mut Value), signed: bool) {
    let file = path.join(MANIFEST);
    let mut value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    alter(&mut value);
    if signed {
        value.as_object_mut().unwrap().remove("digest");
        value["digest"] = json!(manifest::digest_of(&value));
    }
    fs::write(&file, value.to_string()).unwrap();
}

#[test]
fn zarr_metadata_that_say_something_else_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let file = path.join("bands/zarr.json");
    let text = fs::read_to_string(&file).unwrap().replace("int16", "uint16");
    fs::write(&file, text).unwrap();
    assert!(refused(&path).contains("`data_type` is \"uint16\""), "{}", refused(&path));
}

#[test]
fn an_error_ends_the_stream_and_bad_requests_do_not_start_one() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let reader = Arc::new(StoreReader::open(&path).unwrap());
    let selection = reader.select_all();
    assert!(selection.stream(&[30], 4).is_err());
    assert!(selection.stream(&[0], 0).is_err());
    assert_eq!(selection.stream(&[], 4).unwrap().count(), 0);
    let shard = path.join(SHARDS[0]);
    let bytes = vec![0; fs::read(&shard).unwrap().len()];
    fs::write(&shard, bytes).unwrap();
    let items: Vec<_> = selection.stream(&[0, 1, 2], 1).unwrap().collect();
    assert_eq!(items.len(), 1);
    let error = items.into_iter().next().unwrap().unwrap_err();
    assert!(message(&error).contains("the checksum of its index is wrong"), "{}", message(&error));
}

#[test]
fn a_dropped_stream_stops_reading() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let reader = Arc::new(StoreReader::open(&path).unwrap());
    let order: Vec<u32> = (0..30).collect();
    let selection = reader.select_all();
    let mut stream = selection.stream(&order, 1).unwrap();
    assert!(stream.next().unwrap().is_ok());
    drop(stream);
    drop(selection);
    // The producer holds the reader until it notices.
    for _ in 0..1000 {
        if Arc::strong_count(&reader) == 1 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the producer still runs");
}

#[test]
fn a_selection_has_labels_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let (path, batch) = small(directory.path());
    let reader = Arc::new(StoreReader::open(&path).unwrap());
    let classes = ClassMap::new(["a", "b", "c"]).unwrap();
    let labels = vec![Label::Class(ClassId::new(2)), Label::Undefined];
    let selection = reader.select(vec![7, 3], labels.clone(), classes);
    let read = selection.stream(&[1, 0], 8).unwrap().next().unwrap().unwrap();
    let Batch::Patches(read) = read else { panic!("the store holds patches") };
    assert_eq!(read.positions, [1, 0]);
    assert_eq!(read.labels, [labels[1], labels[0]]);
    assert_eq!(read.used_of(0), batch.used_of(3));
}

#[test]
fn waiting_for_patches_on_a_shared_thread_does_not_wait_forever() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = small(directory.path());
    let reader = Arc::new(StoreReader::open(&path).unwrap());
    let order: Vec<u32> = (0..30).collect();
    let busy: Vec<usize> = (0..rayon::current_num_threads()).collect();
    let count = |_| reader.select_all().stream(&order, 3).unwrap().count();
    let read: Vec<usize> = busy.into_par_iter().map(count).collect();
    assert!(read.iter().all(|&batches| batches == 10));
}

#[test]
fn features_are_computed_once_and_picked_by_row() {
    let directory = tempfile::tempdir().unwrap();
    let (path, batch) = small(directory.path());
    let reader = Arc::new(StoreReader::open(&path).unwrap());
    let extractor = FeatureExtractor::new(
        &reader.definition().input.patches().unwrap().pixel,
        HistogramMode::Fixed,
    );
    let mut expected = vec![0.0; 30 * extractor.columns().len()];
    extractor.extract_batch(&batch, &mut expected);
    let whole = FeatureMatrix { columns: extractor.columns().to_vec(), rows: 30, values: expected };
    // Parts that overlap, in an order of their own; from several threads, as folds are.
    let parts = [vec![3, 9, 4], vec![9, 20, 0, 3], vec![], (0..30).collect::<Vec<u32>>()];
    parts.par_iter().for_each(|rows| {
        let labels = vec![Label::Undefined; rows.len()];
        let part = reader.select(rows.clone(), labels, reader.definition().classes.clone());
        let features = part.features().unwrap();
        assert_eq!(features.rows, rows.len());
        assert_eq!(features.columns, whole.columns);
        for (place, &row) in rows.iter().enumerate() {
            let bits = |row: &[f32]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(features.row(place)), bits(whole.row(row as usize)));
        }
    });
    // Known by now: the shards are not needed any more.
    fs::remove_dir_all(&path).unwrap();
    assert!(reader.select_all().features().is_ok());
}

/// `count` rows of a table with some numbers missing, and their cells; the same for the same seed.
fn rows(count: usize, columns: usize, seed: u64) -> (StoreDefinition, RowBatch, Vec<StoreCell>) {
    let names = (0..columns).map(|column| format!("column {column}")).collect();
    let keys = TableKeys { group: Some("state".into()), ..TableKeys::id("plot") };
    let table = TableDefinition::new(names, keys).unwrap();
    let mut draws = generator(seed, &[]);
    let mut number = || match below(&mut draws, 5) {
        0 => f32::NAN,
        _ => f32::from(u16::try_from(below(&mut draws, 1 << 16)).unwrap()) / 7.0 - 99.5,
    };
    let values: Vec<f32> = (0..count * columns).map(|_| number()).collect();
    let cell = |row: usize| {
        let known = values[row * columns..(row + 1) * columns].iter();
        let known = u32::try_from(known.filter(|value| !value.is_nan()).count()).unwrap();
        let group = (!row.is_multiple_of(4)).then(|| format!("state {}", row % 3).into());
        let cell = Cell {
            id: CellId::new(format!("plot {row}")),
            label: (row % 3 < 2).then(|| ClassId::new(row % 3)).into(),
            outline: (!row.is_multiple_of(5)).then(|| Outline::point(row as f64, 2e6)),
            year: (!row.is_multiple_of(2)).then_some(2020),
        };
        StoreCell { cell, content: CellContent::Row { known, group } }
    };
    let cells: Vec<StoreCell> = (0..count).map(cell).collect();
    let columns = table.columns().clone();
    let labels = cells.iter().map(|cell| cell.cell.label).collect();
    let positions = (0..).take(count).collect();
    let definition = StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Table(table),
        classes: ClassMap::new(["non-urban", "urban"]).unwrap(),
        crs: None,
    };
    (definition, RowBatch { columns, values, labels, positions }, cells)
}

fn write_rows(
    path: &Path,
    (definition, batch, cells): &(StoreDefinition, RowBatch, Vec<StoreCell>),
    at_a_time: usize,
) -> StoreSummary {
    let mut writer = StoreWriter::create(path, definition).unwrap();
    let width = batch.columns.len();
    for start in (0..cells.len()).step_by(at_a_time) {
        let end = (start + at_a_time).min(cells.len());
        let values = batch.values[start * width..end * width].to_vec();
        let piece = RowBatch { values, ..batch.clone() };
        writer.append_rows(&piece, &cells[start..end]).unwrap();
    }
    writer.finish().unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn rows_survive_in_any_order(
        columns in 1_usize..9, count in 0_usize..3000, at_a_time in 1_usize..2000,
        batch_size in 1_usize..700, seed in any::<u64>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.store");
        let made = rows(count, columns, seed);
        let summary = write_rows(&path, &made, at_a_time);
        let reader = Arc::new(StoreReader::open(&path).unwrap());
        reader.verify().unwrap();
        prop_assert_eq!(reader.definition(), &made.0);
        prop_assert_eq!(reader.cells(), &made.2);
        prop_assert_eq!(reader.digest(), &summary.digest);
        let mut order: Vec<u32> = (0..).take(count).collect();
        shuffle(&mut generator(seed, &[1]), &mut order);
        let (selection, mut seen) = (reader.select_all(), 0);
        for piece in selection.stream(&order, batch_size).unwrap() {
            let Batch::Rows(piece) = piece.unwrap() else { panic!("the store holds rows") };
            for row in 0..piece.len() {
                let expected = made.1.row(order[seen] as usize);
                prop_assert_eq!(bits(piece.row(row)), bits(expected));
                seen += 1;
            }
        }
        prop_assert_eq!(seen, count);
        let features = selection.features().unwrap();
        prop_assert_eq!(bits(&features.values), bits(&made.1.values));
    }

    #[test]
    fn a_changed_table_shard_gives_an_error_or_the_rows_but_never_others(
        at in any::<prop::sample::Index>(), flip in 1_u8..
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.store");
        let made = rows(3000, 3, 1);
        write_rows(&path, &made, 3000);
        let shard = path.join("features/c/0/0");
        let mut bytes = fs::read(&shard).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(&shard, bytes).unwrap();
        let reader = StoreReader::open(&path).unwrap();
        for row in [0, 1024, 2999] {
            if let Ok(values) = reader.read_rows(&[row]) {
                prop_assert_eq!(bits(&values), bits(made.1.row(row as usize)));
            }
        }
        prop_assert!(reader.verify().is_err());
    }
}

#[test]
fn equal_tables_make_equal_stores_however_they_are_appended() {
    let directory = tempfile::tempdir().unwrap();
    let made = rows(2500, 5, 1);
    let digest =
        |name: &str, at_a_time| write_rows(&directory.path().join(name), &made, at_a_time).digest;
    assert_eq!(digest("a", 2500), digest("b", 7));
}

#[test]
fn another_zarr_reader_sees_the_same_rows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    let made = rows(1500, 3, 2);
    write_rows(&path, &made, 1500);
    let files = Arc::new(zarrs::filesystem::FilesystemStore::new(&path).unwrap());
    let features = zarrs::array::Array::open(files, "/features").unwrap();
    let read: Vec<f32> = features.retrieve_array_subset(&features.subset_all()).unwrap();
    assert_eq!(bits(&read), bits(&made.1.values));
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (definition, batch, mut cells) = rows(2, 3, 1);
    let mut writer = StoreWriter::create(&directory.path().join("a.store"), &definition).unwrap();
    let mut refuse = |batch: &RowBatch, cells: &[StoreCell], part: &str| {
        let error = writer.append_rows(batch, cells).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refuse(&batch, &cells[..1], "1 cells, and not as many rows");
    let mut infinite = batch.clone();
    infinite.values[4] = f32::INFINITY;
    refuse(&infinite, &cells, "column `column 1` of cell `plot 1` is inf");
    let renamed: Vec<String> = vec!["a".into(), "b".into(), "c".into()];
    let renamed = RowBatch { columns: renamed.into(), ..batch.clone() };
    refuse(&renamed, &cells, "the columns are not those of the store");
    cells[0].content = CellContent::Row { known: 77, group: None };
    refuse(&batch, &cells, "numbers in its row, and says 77");
    let own = self::definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8);
    let (patches, cells) = patches(&own, 2, 1);
    let error = writer.append(&patches, &cells).unwrap_err().to_string();
    assert!(error.contains("it holds a table of 3 columns, and patches are"), "{error}");
}

#[test]
fn an_altered_description_of_a_table_is_refused_before_anything_is_allocated() {
    type Alteration = (fn(&mut Value), &'static str);
    let alterations: [Alteration; 6] = [
        (|value| value["rows_per_chunk"] = json!(0), "`rows_per_chunk` is 0"),
        (|value| value["rows_per_chunk"] = json!(1_u64 << 40), "`rows_per_chunk` is 1099"),
        (|value| value["chunks_per_shard"] = json!(5000), "`chunks_per_shard` is 5000"),
        (|value| value["features"] = json!([]), "`features` has 0 shards; its cells need 1"),
        (|value| value["format"] = json!(1), "does not describe a store"),
        (
            |value| value["definition"]["input"]["columns"] = json!(["a", "a"]),
            "does not describe a store",
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    write_rows(&path, &rows(30, 2, 1), 30);
    let original = fs::read(path.join(MANIFEST)).unwrap();
    for (alter, part) in alterations {
        edit(&path, alter, true);
        assert!(refused(&path).contains(part), "{}", refused(&path));
        fs::write(path.join(MANIFEST), &original).unwrap();
    }
}

#[test]
fn what_a_store_does_not_hold_is_not_read_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.store");
    write_rows(&path, &rows(3, 2, 1), 3);
    let table = StoreReader::open(&path).unwrap();
    let error = table.read(&[0]).unwrap_err().to_string();
    assert!(error.ends_with("holds a table of 2 columns; expected patches"), "{error}");
    assert!(matches!(table.read_rows(&[3]), Err(StoreError::NoCell { row: 3, len: 3, .. })));
    let (path, _) = small(directory.path());
    let error = StoreReader::open(&path).unwrap().read_rows(&[0]).unwrap_err().to_string();
    assert!(error.contains("holds patches of 2 bands"), "{error}");
}
