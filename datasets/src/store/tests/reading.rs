//! What was written is read, in any order.

use std::fs;
use std::sync::Arc;

use proptest::prelude::*;
use rayon::prelude::*;

use super::*;
use crate::features::{FeatureExtractor, HistogramMode};
use crate::random::shuffle;
use crate::source::{Batch, CellSource, FeatureMatrix, PatchSource};

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
