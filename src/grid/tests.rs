//! Grids on disk: what is written comes back, and files of others are read or refused with the reason.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tesela_datasets::cell::{Cell, CellId, Outline, Point};
use tesela_datasets::class::{ClassMap, Label};

use super::*;
use crate::raster::CoordinateSystem;

fn classes() -> ClassMap {
    ClassMap::new(["urban", "non-urban"]).unwrap()
}

fn cells(count: u32) -> Vec<Cell> {
    let labels = [classes().id("urban").into(), Label::Undefined, classes().id("non-urban").into()];
    (0..count)
        .map(|index| Cell {
            id: CellId::new(format!("cell-{index}")),
            label: labels[index as usize % 3],
            outline: Some(Outline::square(f64::from(index) * 1000.0, 7000.0, 1000.0)),
            year: (index % 2 == 0).then_some(2010),
        })
        .collect()
}

fn written(path: &Path, cells: &[Cell]) {
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let mut writer = GridWriter::create(path, &crs, &classes()).unwrap();
    for batch in cells.chunks(1000) {
        writer.append(batch).unwrap();
    }
    writer.finish().unwrap();
}

fn read(path: &Path, request: &GridRequest) -> Result<Vec<Cell>, GridError> {
    let mut cells = Vec::new();
    for batch in GridReader::open(path, request)? {
        cells.extend(batch?);
    }
    Ok(cells)
}

/// A GeoJSON file of squares in metres with the given properties.
fn squares(directory: &TempDir, properties: &[&str]) -> PathBuf {
    let feature = |(index, properties): (usize, &&str)| {
        let (west, east) = (index * 10, index * 10 + 10);
        format!(
            r#"{{"type": "Feature", "properties": {properties}, "geometry": {{"type": "MultiPolygon",
            "coordinates": [[[[{west},0],[{east},0],[{east},10],[{west},10],[{west},0]]]]}}}}"#
        )
    };
    let features: Vec<String> = properties.iter().enumerate().map(feature).collect();
    let path = directory.path().join("squares.geojson");
    let text = format!(
        r#"{{"type": "FeatureCollection", "crs": {{"type": "name", "properties":
        {{"name": "urn:ogc:def:crs:EPSG::6372"}}}}, "features": [{}]}}"#,
        features.join(",")
    );
    fs::write(&path, text).unwrap();
    path
}

fn columns(id: &str, label: Option<&str>) -> GridRequest {
    let label = label.map(str::to_owned);
    GridRequest {
        columns: GridColumns { id: id.to_owned(), label, year: None },
        ..GridRequest::default()
    }
}

#[test]
fn both_formats_give_back_what_was_written() {
    let directory = TempDir::new().unwrap();
    for name in ["grid.gpkg", "grid.parquet"] {
        let path = directory.path().join(name);
        let expected = cells(10_000);
        written(&path, &expected);
        let reader = GridReader::open(&path, &GridRequest::default()).unwrap();
        assert_eq!(reader.classes(), &classes(), "{name}");
        assert_eq!(reader.crs().authority(), Some("EPSG:6372"), "{name}");
        assert_eq!(reader.cell_count(), Some(10_000), "{name}");
        let found: Vec<Vec<Cell>> = reader.map(Result::unwrap).collect();
        assert!(found.len() > 1, "{name}: the cells come some at a time");
        let mut found: Vec<Cell> = found.concat();
        // Formats turn rings the way they like; the square is the same.
        for (cell, expected) in found.iter_mut().zip(&expected) {
            let corners = &mut cell.outline.as_mut().unwrap().corners;
            let first = expected.outline.as_ref().unwrap().corners[0];
            let start = corners.iter().position(|&corner| corner == first).unwrap();
            corners.rotate_left(start);
            if corners[1].y > corners[0].y {
                corners[1..].reverse();
            }
        }
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn other_vector_files_are_read_with_their_own_columns() {
    let directory = TempDir::new().unwrap();
    let path = squares(
        &directory,
        &[
            r#"{"CVE": "09-1", "CLASE": "urbano", "year": 2010.0}"#,
            r#"{"CVE": "09-2", "CLASE": "Undefined", "year": null}"#,
            r#"{"CVE": "09-3", "CLASE": "", "year": null}"#,
            r#"{"CVE": "09-4", "CLASE": null, "year": null}"#,
            r#"{"CVE": "09-5", "CLASE": "no urbano", "year": 2015.0}"#,
        ],
    );
    let request = columns("CVE", Some("CLASE"));
    let reader = GridReader::open(&path, &request).unwrap();
    assert_eq!(reader.classes().names(), ["no urbano", "urbano"]);
    let found = read(&path, &request).unwrap();
    let named: Vec<Option<&str>> = found
        .iter()
        .map(|cell| cell.label.class().map(|class| reader.classes().name(class)))
        .collect();
    assert_eq!(named, [Some("urbano"), None, None, None, Some("no urbano")]);
    assert_eq!((found[0].year, found[1].year, found[4].year), (Some(2010), None, Some(2015)));
    assert_eq!(found[1].id.as_str(), "09-2");
    let corners = &found[1].outline.as_ref().unwrap().corners;
    assert_eq!(corners.len(), 4);
    assert!(corners.contains(&Point { x: 20.0, y: 10.0 }));
}

#[test]
fn ids_that_come_twice_are_named() {
    let directory = TempDir::new().unwrap();
    let path = squares(&directory, &[r#"{"id": "a"}"#, r#"{"id": "b"}"#, r#"{"id": "a"}"#]);
    let request = GridRequest { classes: Some(classes()), ..columns("id", None) };
    let error = read(&path, &request).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.to_string().contains("squares.geojson"), "{error}");
    assert!(reason.starts_with("duplicate cell_id `a`"), "{reason}");
}

#[test]
fn cells_without_an_id_or_with_a_foreign_label_are_refused() {
    let directory = TempDir::new().unwrap();
    let path = squares(&directory, &[r#"{"id": "a"}"#, r#"{"id": null}"#]);
    let request = GridRequest { classes: Some(classes()), ..columns("id", None) };
    let error = read(&path, &request).unwrap_err().to_string();
    assert!(error.contains("has no `id`"), "{error}");

    let path = squares(&directory, &[r#"{"id": "a", "label": "agua"}"#]);
    let error = read(&path, &request).unwrap_err().to_string();
    assert!(error.contains("labelled `agua`; the classes are urban, non-urban"), "{error}");
}

#[test]
fn a_grid_without_any_label_needs_classes_from_elsewhere() {
    let directory = TempDir::new().unwrap();
    let path = squares(&directory, &[r#"{"id": "a"}"#]);
    let error = read(&path, &columns("id", None)).unwrap_err();
    assert!(matches!(error, GridError::Classes { .. }), "{error}");
    let request = GridRequest { classes: Some(classes()), ..columns("id", None) };
    assert_eq!(read(&path, &request).unwrap()[0].label, Label::Undefined);
}

#[test]
fn a_column_that_is_missing_is_answered_with_those_that_exist() {
    let directory = TempDir::new().unwrap();
    let path = squares(&directory, &[r#"{"id": "a", "clase": "x"}"#]);
    let request = GridRequest { classes: Some(classes()), ..columns("id", Some("class")) };
    let error = read(&path, &request).unwrap_err().to_string();
    assert!(error.contains("no column `class`; it has `id`, `clase`"), "{error}");
}

#[test]
fn a_grid_without_a_place_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("grid.csv");
    fs::write(&path, "cell_id,WKT\na,\"POLYGON((0 0,1 0,1 1,0 0))\"\n").unwrap();
    let request = GridRequest { classes: Some(classes()), ..GridRequest::default() };
    let error = read(&path, &request).unwrap_err().to_string();
    assert!(error.contains("grid.csv` has no coordinate reference system"), "{error}");
}

#[test]
fn only_two_formats_are_written() {
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let error = GridWriter::create(Path::new("grid.shp"), &crs, &classes()).unwrap_err();
    assert!(error.to_string().contains("ends in `.gpkg` or `.parquet`"), "{error}");
}
