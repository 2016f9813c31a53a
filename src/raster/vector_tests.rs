//! Reading and writing of vector layers, with small files made on the spot.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::class::{ClassMap, Label};

use super::*;

fn file(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A bow tie of area 2 with the attribute `kind` = `tie`, and a feature without geometry.
const BOW_TIE: &str = r#"{"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"kind": "tie", "size": 7},
     "geometry": {"type": "Polygon", "coordinates": [[[0,0],[2,2],[2,0],[0,2],[0,0]]]}},
    {"type": "Feature", "properties": {"kind": null, "size": 8}, "geometry": null}]}"#;

fn cells() -> Vec<Cell> {
    let cell = |id: &str, x: f64, label| Cell {
        id: CellId::new(id),
        label,
        outline: Some(Outline::square(x, 5000.0, 1000.0)),
        year: None,
    };
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    vec![
        cell("a", 0.0, Label::Class(classes.id("urban").unwrap())),
        Cell { year: Some(2010), ..cell("b", 1000.0, Label::Undefined) },
    ]
}

#[test]
fn cells_come_back_from_a_geopackage() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("cells.gpkg");
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    let mut writer = GeoPackageWriter::create(&path, &crs, &classes).unwrap();
    for cell in cells() {
        writer.append(&[cell]).unwrap();
    }
    assert!(!path.exists(), "the file appears when it is whole");
    writer.finish().unwrap();

    let layer = VectorLayer::open(&path, None).unwrap();
    assert!(layer.crs().unwrap().is_same(&crs).unwrap());
    assert_eq!(layer.columns(), ["cell_id", "label", "year"]);
    assert_eq!(layer.remark(geopackage::CLASSES_KEY).unwrap(), r#"["non-urban","urban"]"#);
    let shapes: Vec<Shape> = layer
        .into_shapes(&["year", "cell_id", "label"], Validity::AsIs)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(shapes[0].attributes, [None, text("a"), text("urban")]);
    assert_eq!(shapes[1].attributes, [text("2010"), text("b"), None]);
    let corner = shapes[1].polygons.0[0].exterior().0[0];
    assert_eq!((corner.x, corner.y), (1000.0, 5000.0));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn an_unfinished_geopackage_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("cells.gpkg");
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    let mut writer = GeoPackageWriter::create(&path, &crs, &classes).unwrap();
    writer.append(&cells()).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let classes = ClassMap::new(["urban"]).unwrap();
    let path = PathBuf::from("no/such/cells.gpkg");
    let error = GeoPackageWriter::create(&path, &crs, &classes).unwrap_err();
    assert_eq!(error.to_string(), "cannot create `no/such/cells.gpkg`");
}

#[test]
fn a_polygon_that_crosses_itself_is_repaired_and_keeps_its_area() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "tie.geojson", BOW_TIE);
    let layer = VectorLayer::open(&path, None).unwrap();
    let shapes: Vec<Shape> =
        layer.into_shapes(&["kind"], Validity::Repair).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(shapes[0].repaired);
    assert_eq!(shapes[0].polygons.0.len(), 2);
    assert!(!shapes[1].repaired && shapes[1].polygons.0.is_empty());
    assert_eq!(shapes[1].attributes, [None]);
}

#[test]
fn a_condition_leaves_features_out() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "tie.geojson", BOW_TIE);
    let mut layer = VectorLayer::open(&path, None).unwrap();
    layer.keep_where("size > 7").unwrap();
    let shapes: Vec<Shape> =
        layer.into_shapes(&["size"], Validity::Repair).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(shapes.len(), 1);
    assert_eq!(shapes[0].attributes, [Some("8".to_owned())]);
    assert!(VectorLayer::open(&path, None).unwrap().keep_where("size >").is_err());
}

#[test]
fn bad_files_are_named_with_what_was_found() {
    let directory = TempDir::new().unwrap();
    let message = |path: &PathBuf| VectorLayer::open(path, None).unwrap_err().to_string();
    let missing = message(&directory.path().join("none.gpkg"));
    assert!(missing.contains("none.gpkg` does not exist; expected a vector file"), "{missing}");
    let empty = message(&file(&directory, "empty.gpkg", ""));
    assert!(empty.contains("empty.gpkg` is empty (0 bytes)"), "{empty}");
    let text = message(&file(&directory, "notes.txt", "hello"));
    assert!(text.contains("notes.txt` cannot be opened as a vector file"), "{text}");
    let raster = file(
        &directory,
        "raster.asc",
        "ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n5\n",
    );
    let raster = message(&raster);
    assert!(raster.contains("raster.asc` is a raster; expected a vector file"), "{raster}");
}

#[test]
fn a_truncated_geopackage_is_an_error_and_not_a_short_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("cells.gpkg");
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap();
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    let mut writer = GeoPackageWriter::create(&path, &crs, &classes).unwrap();
    let many: Vec<Cell> = (0..2000)
        .map(|index| Cell { id: CellId::new(format!("cell {index}")), ..cells()[0].clone() })
        .collect();
    writer.append(&many).unwrap();
    writer.finish().unwrap();
    let bytes = fs::read(&path).unwrap();
    for share in [10, 50, 90] {
        fs::write(&path, &bytes[..bytes.len() * share / 100]).unwrap();
        let read = || -> Result<usize, RasterError> {
            let layer = VectorLayer::open(&path, None)?;
            let shapes = layer.into_shapes(&["cell_id"], Validity::AsIs)?;
            Ok(shapes.collect::<Result<Vec<_>, _>>()?.len())
        };
        assert!(read().is_err(), "{share} % of the file pass for all of it");
    }
}

#[test]
fn lines_are_not_polygons() {
    let directory = TempDir::new().unwrap();
    let text = r#"{"type": "Feature", "properties": {},
        "geometry": {"type": "LineString", "coordinates": [[0,0],[1,1]]}}"#;
    let path = file(&directory, "line.geojson", text);
    let layer = VectorLayer::open(&path, None).unwrap();
    let error = layer.into_shapes(&[], Validity::Repair).unwrap().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("is a linestring; expected a polygon"), "{error}");
}

#[test]
fn columns_and_layers_that_are_missing_are_answered_with_those_that_exist() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "tie.geojson", BOW_TIE);
    let layer = VectorLayer::open(&path, None).unwrap();
    let error = layer.into_shapes(&["knd"], Validity::AsIs).unwrap_err().to_string();
    assert!(error.contains("no column `knd`; it has `kind`, `size`"), "{error}");
    let error = VectorLayer::open(&path, Some("ties")).unwrap_err().to_string();
    assert!(error.contains("no layer `ties`; it has `tie`"), "{error}");
}
