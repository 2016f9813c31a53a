//! Tables in both formats, good and bad.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use proptest::prelude::*;

use super::*;
use crate::cell::Outline;
use crate::class::{ClassId, ClassMap};
use crate::table::TableKeys;

const CSV: &str = "plot,type,state,year,east,north,slope,rain,wet,notes
a,oak,s1,2019,5.5,20,1.5,700,true,wet
b,pine,s1,,6.5,21,,NA,false,
c,,s2,2020,,,2e3,-1,,dry
";

fn keys() -> TableKeys {
    TableKeys {
        id: "plot".into(),
        label: Some("type".into()),
        group: Some("state".into()),
        year: Some("year".into()),
        x: Some("east".into()),
        y: Some("north".into()),
    }
}

fn classes() -> ClassMap {
    ClassMap::new(["pine", "oak"]).unwrap()
}

fn write(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("plots.csv");
    fs::write(&path, text).unwrap();
    path
}

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None);
    writer.as_mut().unwrap().write(&batch).unwrap();
    writer.unwrap().close().unwrap();
}

/// The table of [`CSV`].
fn parquet(directory: &Path) -> PathBuf {
    let path = directory.join("plots.parquet");
    let text = |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let number = |values: [Option<f64>; 3]| Arc::new(Float64Array::from(values.to_vec()));
    write_parquet(
        &path,
        vec![
            ("plot", text([Some("a"), Some("b"), Some("c")])),
            ("type", text([Some("oak"), Some("pine"), None])),
            ("state", text([Some("s1"), Some("s1"), Some("s2")])),
            ("year", Arc::new(Int64Array::from(vec![Some(2019), None, Some(2020)]))),
            ("east", number([Some(5.5), Some(6.5), None])),
            ("north", number([Some(20.0), Some(21.0), None])),
            ("slope", Arc::new(Float32Array::from(vec![Some(1.5), None, Some(2e3)]))),
            ("rain", number([Some(700.0), Some(f64::NAN), Some(-1.0)])),
            ("wet", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            ("notes", text([Some("wet"), None, Some("dry")])),
        ],
    );
    path
}

fn read(path: &Path, choice: &ColumnChoice) -> Result<Vec<FileBatch>, TableFileError> {
    let file = TableFile::open(path)?;
    let chosen = file.define(&keys(), choice)?;
    file.rows(&chosen.table, Some(&classes()))?.collect()
}

fn message(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(message);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Why the table `text` is refused.
fn refusal(text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), text);
    message(&read(&path, &ColumnChoice::default()).unwrap_err())
}

/// Two batches that are equal, where missing numbers are.
fn assert_same(one: &FileBatch, other: &FileBatch) {
    let bits = |batch: &FileBatch| -> Vec<u32> {
        batch.rows.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(bits(one), bits(other));
    assert_eq!((&one.cells, &one.groups), (&other.cells, &other.groups));
    assert_eq!((&one.rows.columns, &one.rows.labels), (&other.rows.columns, &other.rows.labels));
}

#[test]
fn both_formats_give_the_same_rows() {
    let directory = tempfile::tempdir().unwrap();
    let csv = read(&write(directory.path(), CSV), &ColumnChoice::default()).unwrap();
    let parquet = read(&parquet(directory.path()), &ColumnChoice::default()).unwrap();
    assert_eq!((csv.len(), parquet.len()), (1, 1));
    assert_same(&csv[0], &parquet[0]);
    let batch = &csv[0];
    assert_eq!(*batch.rows.columns, ["slope", "rain", "wet"]);
    assert_eq!(batch.rows.row(0), [1.5, 700.0, 1.0]);
    assert!(batch.rows.row(1)[..2].iter().all(|value| value.is_nan()));
    assert_eq!(
        batch.rows.labels.iter().map(|label| label.class().map(ClassId::index)).collect::<Vec<_>>(),
        [Some(1), Some(0), None]
    );
    assert_eq!(batch.cells[0].outline, Some(Outline::point(5.5, 20.0)));
    assert_eq!((batch.cells[2].outline.clone(), batch.cells[1].year), (None, None));
    assert!(Arc::ptr_eq(batch.groups[0].as_ref().unwrap(), batch.groups[1].as_ref().unwrap()));
}

#[test]
fn columns_are_chosen_by_name_in_the_order_of_the_choice() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), CSV);
    let file = TableFile::open(&path).unwrap();
    let chosen = file.define(&keys(), &ColumnChoice::default()).unwrap();
    assert_eq!(chosen.no_numbers, ["notes"]);
    let but = file.define(&keys(), &ColumnChoice::AllBut(vec!["rain".into()])).unwrap();
    assert_eq!(**but.table.columns(), ["slope", "wet"]);
    let named = ColumnChoice::Named(vec!["rain".into(), "slope".into()]);
    assert_eq!(read(&path, &named).unwrap()[0].rows.row(0), [700.0, 1.5]);
    let refused = |choice| message(&file.define(&keys(), &choice).unwrap_err());
    let error = refused(ColumnChoice::Named(vec!["slop".into()]));
    assert!(error.contains("no column `slop`; did you mean `slope`?"), "{error}");
    let error = refused(ColumnChoice::Named(vec!["notes".into()]));
    assert!(error.contains("holds text such as `wet`; expected numbers"), "{error}");
    let error = refused(ColumnChoice::AllBut(vec!["rian".into()]));
    assert!(error.contains("did you mean `rain`?"), "{error}");
    let no_id = TableKeys::id("cell_id");
    let error = message(&file.define(&no_id, &ColumnChoice::default()).unwrap_err());
    assert!(error.contains("has no column `cell_id`"), "{error}");
}

#[test]
fn semicolons_tabs_and_marks_of_byte_order_are_understood() {
    let directory = tempfile::tempdir().unwrap();
    let expected = read(&write(directory.path(), CSV), &ColumnChoice::default()).unwrap();
    for text in [CSV.replace(',', ";"), CSV.replace(',', "\t"), format!("\u{feff}{CSV}")] {
        let found = read(&write(directory.path(), &text), &ColumnChoice::default()).unwrap();
        assert_same(&found[0], &expected[0]);
    }
}

#[test]
fn bad_rows_are_refused_with_id_and_column() {
    let error = refusal(&CSV.replace("1.5", "inf"));
    assert!(
        error.starts_with("row `a` of") && error.contains("`inf` in column `slope`"),
        "{error}"
    );
    let error = refusal(&CSV.replace("2e3", "-1e39"));
    assert!(error.contains("row `c`") && error.contains("range of single precision"), "{error}");
    let error = refusal(&CSV.replace("\nb,", "\na,"));
    assert!(error.contains("duplicate cell_id `a`"), "{error}");
    let error = refusal(&CSV.replace("\nb,", "\n,"));
    assert!(error.contains("row 2 of") && error.contains("has no `plot`"), "{error}");
    let error = refusal(&CSV.replace("pine", "palm"));
    assert!(
        error.contains("row `b`") && error.contains("`palm`; the classes are pine, oak"),
        "{error}"
    );
    let error = refusal(&CSV.replace("2019", "2019.5"));
    assert!(error.contains("`2019.5` in column `year`; expected a year"), "{error}");
    let error = refusal(&CSV.replace("5.5", "inf"));
    assert!(error.contains("`inf` in column `east`"), "{error}");
    let error = refusal(&CSV.replace("700", "7OO"));
    assert!(error.contains("column `rain`") && error.contains("in row 1 `7OO`"), "{error}");
    let error = refusal(&CSV.replace("\nc,,", "\nc,"));
    assert!(error.contains("cannot be read as CSV"), "{error}");
}

#[test]
fn text_after_the_first_thousand_rows_is_refused_with_id_and_column() {
    let rows: String = (0..1500).map(|row| format!("p{row},{row}\n")).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), &format!("plot,slope\n{}", rows.replace(",1400", ",14OO")));
    let file = TableFile::open(&path).unwrap();
    let chosen = file.define(&TableKeys::id("plot"), &ColumnChoice::default()).unwrap();
    let batches: Result<Vec<_>, _> = file.rows(&chosen.table, None).unwrap().collect();
    let error = message(&batches.unwrap_err());
    assert!(error.contains("row `p1400`") && error.contains("`14OO` in column `slope`"), "{error}");
}

#[test]
fn files_that_are_no_tables_are_refused() {
    assert!(refusal("").contains("is empty"));
    assert!(refusal("plot,type\na,oak\n").contains("no column `state`"));
    let header = CSV.lines().next().unwrap();
    let error = refusal(&format!("{header}\n"));
    assert!(error.contains("has no rows"), "{error}");
    let error = refusal(&CSV.replace("rain", "slope"));
    assert!(error.contains("two columns `slope`"), "{error}");
    let error = refusal(&CSV.replace("rain", ""));
    assert!(error.contains("column 1 has an empty name"), "{error}");
    let only_keys = "plot,type,state,year,east,north\na,oak,s,1,1,1\n";
    assert!(refusal(only_keys).contains("no columns of numbers"), "{}", refusal(only_keys));
    let directory = tempfile::tempdir().unwrap();
    let error = message(&TableFile::open(&directory.path().join("plots.xlsx")).unwrap_err());
    assert!(error.contains("ends in `.csv` or `.parquet`"), "{error}");
    let error = message(&TableFile::open(&directory.path().join("plots.csv")).unwrap_err());
    assert!(error.contains("cannot read the table"), "{error}");
    fs::write(directory.path().join("latin.csv"), b"plot,slope\n\xe1rbol,1\n").unwrap();
    let file = TableFile::open(&directory.path().join("latin.csv")).unwrap();
    let chosen = file.define(&TableKeys::id("plot"), &ColumnChoice::default()).unwrap();
    let error = file.rows(&chosen.table, None).unwrap().next().unwrap().unwrap_err();
    assert!(message(&error).contains("row 1 of") && message(&error).contains("not UTF-8"));
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), &format!("plot,slope\n\"a,1\n{}", "b,2\n".repeat(20 << 20)));
    let error = message(&TableFile::open(&path).unwrap_err());
    assert!(error.contains("is a quote left open?"), "{error}");
}

#[test]
fn a_table_of_other_types_is_refused_column_by_column() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plots.parquet");
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
    let numbers = |values: [f64; 2]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let columns = vec![("plot", ids.clone()), ("slope", numbers([1.0, f64::INFINITY]))];
    write_parquet(&path, columns);
    let file = TableFile::open(&path).unwrap();
    assert_eq!(file.row_count(), Some(2));
    let chosen = file.define(&TableKeys::id("plot"), &ColumnChoice::default()).unwrap();
    let error = file.rows(&chosen.table, None).unwrap().next().unwrap().unwrap_err();
    assert!(message(&error).starts_with("row `8` of"), "{}", message(&error));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1", "2"]));
    write_parquet(&path, vec![("plot", ids), ("slope", text)]);
    let file = TableFile::open(&path).unwrap();
    let choice = ColumnChoice::Named(vec!["slope".into()]);
    let error = message(&file.define(&TableKeys::id("plot"), &choice).unwrap_err());
    assert!(error.contains("column `slope`") && error.contains("expected numbers"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_parquet_file_is_an_error_and_not_a_panic(
        at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = parquet(directory.path());
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = value;
        }
        fs::write(&path, bytes).unwrap();
        let read = read(&path, &ColumnChoice::default());
        prop_assert!(!cut || read.is_err());
    }

    #[test]
    fn arbitrary_text_is_read_or_refused_but_never_a_panic(text in "[a-c,;\"\n0-9.]{0,80}") {
        let directory = tempfile::tempdir().unwrap();
        let path = write(directory.path(), &format!("plot,slope\n{text}"));
        if let Ok(file) = TableFile::open(&path)
            && let Ok(chosen) = file.define(&TableKeys::id("plot"), &ColumnChoice::default())
        {
            let rows = file.rows(&chosen.table, None).unwrap();
            let _: Result<Vec<_>, _> = rows.collect();
        }
    }
}
