//! What is damaged, altered or missing is named.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::layout::{MANIFEST, REGISTER};
use super::super::manifest;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

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
