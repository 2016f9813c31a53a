//! What programs that know nothing of this project see in the forms of a map.

use std::path::{Path, PathBuf};
use std::process::Command;

use tesela::map::{MapRows, MapWriter, write_cog, write_csv, write_geopackage, write_quick_look};
use tesela_datasets::cell::Outline;

use super::{Country, header};

/// A Python with the packages of `maps.txt`.
pub(crate) fn python() -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tesela-python");
    let made = Command::new(scripts.join("environment.sh"))
        .arg(folder)
        .arg(scripts.join("maps.txt"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

#[test]
fn geopandas_rasterio_and_gdal_see_the_same_map_in_every_form() {
    let (columns, rows) = (601, 530);
    let country = Country::new(columns, rows);
    let map = country.map();
    write_cog(&map, &country.path("map.tif")).unwrap();
    write_geopackage(&map, &country.path("map.gpkg")).unwrap();
    write_csv(&map, &country.path("map.csv")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_map.py");
    let check = Command::new(python())
        .arg(script)
        .arg(country.folder.path())
        .args([columns.to_string(), rows.to_string()])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn qgis_shows_the_classes_where_it_is_installed() {
    // QGIS comes with the Python of the system.
    let python = "/usr/bin/python3";
    let found = Command::new(python).args(["-c", "import qgis.core"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: QGIS is not installed");
        return;
    }
    let country = Country::new(300, 130);
    write_cog(&country.map(), &country.path("map.tif")).unwrap();
    write_geopackage(&country.map(), &country.path("map.gpkg")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/open_in_qgis.py");
    let check = Command::new(python)
        .arg(script)
        .arg(country.folder.path())
        .args(["300", "130"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn geopandas_sees_points_where_cells_are_points() {
    let country = Country::new(5, 4);
    let mut header = header();
    header.cells.crs = None;
    let mut rows = MapRows::default();
    (0..20).for_each(|number| country.add(&mut rows, number, number));
    for (cell, x) in rows.cells.iter_mut().zip(0..) {
        cell.outline = Some(Outline::point(f64::from(x), 7.5));
    }
    let mut writer = MapWriter::create(&country.map(), &header).unwrap();
    writer.append(&rows).unwrap();
    writer.finish().unwrap();
    let out = country.path("points.gpkg");
    write_geopackage(&country.map(), &out).unwrap();
    let text = "import geopandas, sys\n\
                table = geopandas.read_file(sys.argv[1], layer='cells')\n\
                assert list(table.geometry.x) == list(range(20)), table.geometry\n\
                assert (table.geometry.y == 7.5).all(), table.geometry\n\
                assert table.crs is None or table.crs.to_epsg() is None, table.crs\n";
    let check = Command::new(python()).args(["-c", text]).arg(out).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    write_quick_look(&country.map(), &country.path("points.png")).unwrap();
    assert!(country.path("points.png").exists());
}
