//! Maps that are written and read again.

use std::path::Path;

use proptest::prelude::*;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::{CellTableHeader, CellTableWriter};
use tesela_datasets::class::{ClassId, ClassMap, Label};

use super::{
    MapContent, MapError, MapHeader, MapOrigin, MapReader, MapRows, MapWriter, Quality, uncertainty,
};

fn header(content: MapContent) -> MapHeader {
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    let cells = CellTableHeader { classes: ClassMap::new(["town"]).unwrap(), crs: None };
    MapHeader { cells, origin: MapOrigin::new(classes, content) }
}

/// Rows of cells of which every fifth has no class.
fn rows(first: usize, count: usize, content: MapContent) -> MapRows {
    let mut rows = MapRows::default();
    for number in first..first + count {
        rows.cells.push(Cell {
            id: CellId::new(format!("c{number}")),
            label: Label::Undefined,
            outline: Some(Outline::square(number as f64, 0.0, 1.0)),
            year: None,
        });
        let seen = !number.is_multiple_of(5);
        let urban = if seen { (number % 7) as f32 / 7.0 } else { f32::NAN };
        let own = [1.0 - urban, urban];
        rows.classes.push(seen.then(|| ClassId::new(usize::from(urban > 0.5))));
        rows.probabilities.extend(own);
        rows.uncertainties.push(uncertainty(&own));
        if content.spread {
            rows.spreads.push(urban / 2.0);
        }
        if content.sets {
            rows.sets.extend([true, !seen]);
        }
        if content.applicability {
            rows.dissimilarities.push(urban);
            rows.inside.push(seen);
        }
        if content.pixels {
            rows.used_shares.push(if seen { 1.0 } else { 0.0 });
            rows.qualities.push(if seen { Quality::Full } else { Quality::Outside });
        }
        if content.training {
            rows.trained.push(number.is_multiple_of(3));
        }
    }
    rows
}

fn write(path: &Path, header: &MapHeader, parts: &[MapRows]) {
    let mut writer = MapWriter::create(path, header).unwrap();
    for part in parts {
        writer.append(part).unwrap();
    }
    writer.finish().unwrap();
}

/// Whether two rows hold the same; numbers that are missing are alike.
fn alike(one: &MapRows, other: &MapRows) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_map_comes_back_as_it_was(
        cells in 1_usize..200,
        flags in any::<[bool; 5]>(),
    ) {
        let [pixels, spread, sets, applicability, training] = flags;
        let content = MapContent { pixels, spread, sets, applicability, training };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("map.parquet");
        let (header, written) = (header(content), rows(0, cells, content));
        write(&path, &header, std::slice::from_ref(&written));
        let reader = MapReader::open(&path).unwrap();
        prop_assert_eq!(reader.header(), &header);
        prop_assert_eq!(reader.len(), cells as u64);
        let read: Vec<MapRows> = reader.map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), 1);
        prop_assert!(alike(&read[0], &written));
    }
}

#[test]
fn bytes_do_not_depend_on_how_many_cells_are_appended_at_a_time() {
    let content = MapContent { pixels: true, ..MapContent::default() };
    let directory = tempfile::tempdir().unwrap();
    let paths = ["one", "many"].map(|name| directory.path().join(name));
    write(&paths[0], &header(content), &[rows(0, 100, content)]);
    let parts: Vec<MapRows> = (0..10).map(|part| rows(part * 10, 10, content)).collect();
    write(&paths[1], &header(content), &parts);
    let [one, many] = paths.map(|path| std::fs::read(path).unwrap());
    assert!(one == many);
}

#[test]
fn rows_that_are_not_like_the_header_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("map.parquet");
    let content = MapContent { sets: true, ..MapContent::default() };
    let mut writer = MapWriter::create(&path, &header(content)).unwrap();
    let error = writer.append(&rows(0, 3, MapContent::default())).unwrap_err();
    let words = "0 sets of 3 cells; expected 6";
    assert!(error.to_string().contains(words), "{error}");
    drop(writer);
    assert!(!path.exists());
}

#[test]
fn a_table_of_cells_that_is_no_map_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grid.parquet");
    let cells = header(MapContent::default()).cells;
    CellTableWriter::create(&path, &cells).unwrap().finish().unwrap();
    let error = MapReader::open(&path).err().unwrap();
    assert!(matches!(error, MapError::Foreign { .. }));
    assert!(error.to_string().contains("tesela:map"), "{error}");
}
