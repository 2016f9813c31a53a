//! What writing makes, and what it refuses.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::whole_file::partial_path;

/// Patches of nine pixels of one band.
fn nine_pixels() -> StoreDefinition {
    definition(PatchShape { bands: 1, height: 3, width: 3 }, SampleType::UInt8)
}

/// A writer of such patches to `path`, and `count` of them that it has not seen.
fn begun(path: &Path, count: usize) -> (StoreWriter, PatchBatch, Vec<StoreCell>) {
    let definition = nine_pixels();
    let (batch, cells) = patches(&definition, count, 1);
    (StoreWriter::create(path, &definition).unwrap(), batch, cells)
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
    let (mut writer, batch, cells) = begun(&path, 5);
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
    assert!(matches!(StoreWriter::create(&path, &nine_pixels()), Err(StoreError::Exists { .. })));
}

#[test]
fn an_id_that_comes_twice_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (mut writer, batch, cells) = begun(&directory.path().join("a.store"), 5);
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
    let (mut writer, batch, mut cells) = begun(&directory.path().join("a.store"), 2);
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
    let (patches, cells) = patches(&nine_pixels(), 2, 1);
    let error = writer.append(&patches, &cells).unwrap_err().to_string();
    assert!(error.contains("it holds a table of 3 columns, and patches are"), "{error}");
}
