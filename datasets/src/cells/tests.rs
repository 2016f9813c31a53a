//! Tables of cells, written and read back.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::cell::{Cell, CellId, Outline, Point};
use crate::class::{ClassId, Label};

fn header() -> CellTableHeader {
    let crs = r#"{"type": "ProjectedCRS", "name": "ITRF2008 / LCC",
        "id": {"authority": "EPSG", "code": 6372}}"#;
    CellTableHeader {
        classes: ClassMap::new(["non-urban", "urban"]).unwrap(),
        crs: Some(Crs::from_projjson(crs).unwrap()),
    }
}

fn write(path: &std::path::Path, header: &CellTableHeader, cells: &[Cell]) {
    let mut writer = CellTableWriter::create(path, header).unwrap();
    // In pieces, as a grid is made.
    for piece in cells.chunks(3) {
        writer.append(piece).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), cells.len() as u64);
}

fn cell(id: &str) -> Cell {
    Cell { id: CellId::new(id), label: Label::Undefined, outline: None, year: None }
}

prop_compose! {
    fn any_cell()(
        label in prop::option::of(0_usize..2),
        year in prop::option::of(any::<i32>()),
        corners in prop::option::of(prop::collection::vec((-1e7..1e7, -1e7..1e7), 3..6)),
    ) -> Cell {
        let outline = corners.map(|corners| Outline {
            corners: corners.into_iter().map(|(x, y)| Point { x, y }).collect(),
        });
        Cell { label: label.map(ClassId::new).into(), outline, year, ..cell("") }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn tables_survive(mut cells in prop::collection::vec(any_cell(), 0..40)) {
        for (row, cell) in cells.iter_mut().enumerate() {
            cell.id = CellId::new(format!("célula {row}"));
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cells.parquet");
        write(&path, &header(), &cells);
        let reader = CellTableReader::open(&path).unwrap();
        prop_assert_eq!(reader.header(), &header());
        prop_assert_eq!(reader.len(), cells.len() as u64);
        prop_assert_eq!(reader.read_all().unwrap(), cells);
    }

    #[test]
    fn a_damaged_table_is_an_error_and_not_a_panic(
        at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cells.parquet");
        let cells: Vec<Cell> = (0..20).map(|row| cell(&row.to_string())).collect();
        write(&path, &header(), &cells);
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = value;
        }
        fs::write(&path, bytes).unwrap();
        // A change may pass unnoticed here (the store keeps a digest); it must not end the program.
        let read = CellTableReader::open(&path).and_then(CellTableReader::read_all);
        prop_assert!(!cut || read.is_err());
    }
}

#[test]
fn an_id_that_comes_twice_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cells.parquet");
    write(&path, &header(), &[cell("a"), cell("b"), cell("c"), cell("b")]);
    let error = CellTableReader::open(&path).unwrap().read_all().unwrap_err();
    assert!(
        matches!(&error, CellTableError::Ids { source, .. } if source.to_string().starts_with("duplicate cell_id `b`")),
        "{error}"
    );
}

#[test]
fn an_unfinished_table_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cells.parquet");
    let mut writer = CellTableWriter::create(&path, &header()).unwrap();
    writer.append(&[cell("a")]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn cells_without_a_place_make_a_table_without_a_reference_system() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cells.parquet");
    let header = CellTableHeader { crs: None, ..header() };
    write(&path, &header, &[cell("a")]);
    assert_eq!(CellTableReader::open(&path).unwrap().header(), &header);
}

#[test]
fn files_of_another_kind_are_named_with_what_they_lack() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cells.parquet");
    assert!(matches!(CellTableReader::open(&path), Err(CellTableError::Read { .. })));
    fs::write(&path, b"cell_id,label\n").unwrap();
    assert!(matches!(CellTableReader::open(&path), Err(CellTableError::Damaged { .. })));
}
