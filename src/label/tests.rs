//! Whole label files on small made-up places, with areas that can be computed by hand.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use tesela_datasets::cell::{Cell, Outline, Point};

use super::clip::Position;
use super::coverage::shares;
use super::index::IndexBuilder;
use super::*;
use crate::grid::{GridReader, GridRequest, GridWriter};
use crate::progress::{Progress, Unwatched};
use crate::raster::{CoordinateSystem, Transform};

fn national() -> CoordinateSystem {
    CoordinateSystem::parse("EPSG:6372").unwrap()
}

/// Rings of corners, with the kind that the polygon is of.
type Place<'a> = (&'a str, Vec<Vec<Position>>);

fn square(x: f64, y: f64, width: f64, height: f64) -> Vec<Position> {
    vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
}

/// Writes polygons in national coordinates as GeoJSON.
fn source(directory: &TempDir, places: &[Place<'_>]) -> PathBuf {
    let feature = |(kind, rings): &Place<'_>| {
        let closed = |ring: &Vec<Position>| {
            let mut ring = ring.clone();
            ring.push(ring[0]);
            ring
        };
        let rings: Vec<Vec<Position>> = rings.iter().map(closed).collect();
        let kind = if kind.is_empty() { "null".to_owned() } else { format!("\"{kind}\"") };
        let rings = serde_json::to_string(&rings).unwrap();
        format!(
            r#"{{"type": "Feature", "properties": {{"kind": {kind}}},
            "geometry": {{"type": "Polygon", "coordinates": {rings}}}}}"#
        )
    };
    let features: Vec<String> = places.iter().map(feature).collect();
    let path = directory.path().join("places.geojson");
    let text = format!(
        r#"{{"type": "FeatureCollection", "crs": {{"type": "name", "properties":
        {{"name": "urn:ogc:def:crs:EPSG::6372"}}}}, "features": [{}]}}"#,
        features.join(",")
    );
    fs::write(&path, text).unwrap();
    path
}

/// A label file; `rest` is what follows the classes.
fn plan(directory: &TempDir, grid: &str, rest: &str) -> PathBuf {
    let places = directory.path().join("places.geojson");
    let text = format!(
        "[grid]\n{grid}\n[source]\nfile = '{}'\nclass = 'kind'\n[classes.urban]\nvalues = ['U']\n{rest}",
        places.display()
    );
    let path = directory.path().join("labels.toml");
    fs::write(&path, text).unwrap();
    path
}

const FOUR_CELLS: &str = "crs = 'EPSG:6372'\ncell-size = 100\nextent = [0, 0, 400, 100]";

fn label(directory: &TempDir, plan: &Path) -> Result<Vec<Cell>, LabelError> {
    let plan = LabelPlan::load(plan)?;
    let out = directory.path().join("grid.parquet");
    label_grid(&plan, &out, &mut Unwatched)?;
    let reader = GridReader::open(&out, &GridRequest::default())?;
    Ok(reader.map(Result::unwrap).collect::<Vec<_>>().concat())
}

/// The labels as letters: rest, urban, `?` for undefined.
fn letters(cells: &[Cell]) -> String {
    let letter = |cell: &Cell| cell.label.class().map_or("?", |class| ["r", "u"][class.index()]);
    cells.iter().map(letter).collect()
}

#[test]
fn shares_decide_between_urban_undefined_and_rest() {
    let directory = TempDir::new().unwrap();
    // Half of the first cell, a tenth of the second, less of the third, nothing of the fourth.
    let places = [
        ("U", vec![square(0.0, 0.0, 50.0, 100.0)]),
        ("U", vec![square(100.0, 0.0, 10.0, 100.0)]),
        ("U", vec![square(200.0, 0.0, 9.9, 100.0)]),
    ];
    source(&directory, &places);
    let rest = "[rest]\nclass = 'other'\n";
    let found =
        label(&directory, &plan(&directory, FOUR_CELLS, &format!("{rest}[known.everywhere]")));
    let found = found.unwrap();
    assert_eq!(letters(&found), "u?rr");
    assert_eq!(found[2].id.as_str(), "EPSG6372-100m-E0000200-N0000000");
    // Within 60 m of the centre: the third cell's is 40.1 m away, the fourth's 140.1 m.
    let within = format!("{rest}[known.within]\nmetres = 60");
    assert_eq!(
        letters(&label(&directory, &plan(&directory, FOUR_CELLS, &within)).unwrap()),
        "u?r?"
    );
    let dropped = format!("{within}\n[output]\nundefined = 'drop'");
    assert_eq!(
        letters(&label(&directory, &plan(&directory, FOUR_CELLS, &dropped)).unwrap()),
        "u?r"
    );
}

#[test]
fn polygons_of_other_kinds_make_a_cell_known() {
    let directory = TempDir::new().unwrap();
    let places = [
        ("U", vec![square(0.0, 0.0, 100.0, 100.0)]),
        ("R", vec![square(100.0, 0.0, 60.0, 100.0)]),
        ("", vec![square(200.0, 0.0, 60.0, 100.0)]),
        ("R", vec![square(300.0, 0.0, 40.0, 100.0)]),
    ];
    source(&directory, &places);
    let rest = "[rest]\nclass = 'other'\n[known.polygons]\nmin-share = 0.5";
    assert_eq!(letters(&label(&directory, &plan(&directory, FOUR_CELLS, rest)).unwrap()), "urr?");
}

#[test]
fn another_layer_can_say_where_something_is_known() {
    let directory = TempDir::new().unwrap();
    source(&directory, &[("U", vec![square(0.0, 0.0, 100.0, 100.0)])]);
    let boundary = directory.path().join("boundary.geojson");
    fs::copy(directory.path().join("places.geojson"), &boundary).unwrap();
    let text = fs::read_to_string(&boundary).unwrap();
    fs::write(&boundary, text.replace("100.0", "260.0")).unwrap();
    let rest = format!("[rest]\nclass = 'other'\n[known.layer]\nfile = '{}'", boundary.display());
    assert_eq!(letters(&label(&directory, &plan(&directory, FOUR_CELLS, &rest)).unwrap()), "urr?");
}

#[test]
fn what_several_polygons_cover_counts_once() {
    let directory = TempDir::new().unwrap();
    // Two overlapping thirds cover 0.4 of the cell together, not 0.6.
    let places = [
        ("U", vec![square(0.0, 0.0, 30.0, 100.0)]),
        ("U", vec![square(10.0, 0.0, 30.0, 100.0)]),
        ("U", vec![square(100.0, 0.0, 30.0, 100.0)]),
        ("U", vec![square(130.0, 0.0, 20.0, 100.0)]),
    ];
    source(&directory, &places);
    let rest = "[rest]\nclass = 'other'\n[known.everywhere]";
    assert_eq!(letters(&label(&directory, &plan(&directory, FOUR_CELLS, rest)).unwrap()), "?urr");
}

#[test]
fn holes_are_not_covered() {
    let directory = TempDir::new().unwrap();
    let ring = vec![square(0.0, 0.0, 100.0, 100.0), square(10.0, 10.0, 80.0, 80.0)];
    source(&directory, &[("U", ring)]);
    let rest = "[rest]\nclass = 'other'\n[known.everywhere]";
    // 0.36 of the first cell.
    assert_eq!(letters(&label(&directory, &plan(&directory, FOUR_CELLS, rest)).unwrap()), "?rrr");
}

#[test]
fn a_grid_that_exists_keeps_its_cells_and_ids() {
    let directory = TempDir::new().unwrap();
    source(&directory, &[("U", vec![square(0.0, 0.0, 100.0, 100.0)])]);
    let grid = directory.path().join("own.gpkg");
    // A square that stands on its corner, half of it in the polygon.
    let corner = |x: f64, y: f64| Point { x, y };
    let corners =
        vec![corner(100.0, 0.0), corner(150.0, 50.0), corner(100.0, 100.0), corner(50.0, 50.0)];
    let classes = tesela_datasets::class::ClassMap::new(["whatever"]).unwrap();
    let cells = [("tilted", Outline { corners }), ("beside", Outline::square(500.0, 0.0, 100.0))];
    let cells = cells.map(|(id, outline)| Cell {
        id: tesela_datasets::cell::CellId::new(id),
        label: tesela_datasets::class::Label::Undefined,
        outline: Some(outline),
        year: Some(1999),
    });
    let mut writer = GridWriter::create(&grid, &national(), &classes).unwrap();
    writer.append(&cells).unwrap();
    writer.finish().unwrap();
    let rest = "[rest]\nclass = 'other'\n[known.everywhere]";
    let found = label(&directory, &plan(&directory, &format!("file = '{}'", grid.display()), rest));
    let found = found.unwrap();
    assert_eq!(letters(&found), "ur");
    assert_eq!((found[0].id.as_str(), found[0].year), ("tilted", Some(1999)));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let directory = TempDir::new().unwrap();
    let towns: Vec<Place<'_>> = (0..60_u8)
        .map(|index| {
            let (x, y) = (f64::from(index % 11) * 173.3, f64::from(index % 7) * 211.7);
            ("U", vec![vec![[x, y], [x + 311.0, y + 17.0], [x + 150.0, y + 290.0]]])
        })
        .collect();
    source(&directory, &towns);
    let grid = "crs = 'EPSG:6372'\ncell-size = 10\nextent = [0, 0, 3000, 2000]";
    let rest = "[rest]\nclass = 'other'\n[known.within]\nmetres = 50";
    let path = plan(&directory, grid, rest);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| label(&directory, &path)).unwrap();
        fs::read(directory.path().join("grid.parquet")).unwrap()
    };
    let one = with(1);
    assert!(one == with(3), "the files differ");
}

/// Asks to stop as soon as anybody asks.
struct Impatient;

impl Progress for Impatient {
    fn start(&mut self, _what: &str, _total: Option<u64>, _unit: &str) {}
    fn advance(&mut self, _count: u64) {}
    fn show(&mut self, _message: &str) {}
    fn finish(&mut self, _summary: &str) {}
    fn warn(&mut self, _message: &str) {}
    fn wants_stop(&self) -> bool {
        true
    }
}

#[test]
fn an_interruption_leaves_no_file() {
    let directory = TempDir::new().unwrap();
    source(&directory, &[("U", vec![square(0.0, 0.0, 100.0, 100.0)])]);
    let path = plan(&directory, FOUR_CELLS, "[rest]\nclass = 'other'\n[known.everywhere]");
    let plan = LabelPlan::load(&path).unwrap();
    for name in ["grid.gpkg", "grid.parquet"] {
        let out = directory.path().join(name);
        let error = label_grid(&plan, &out, &mut Impatient).unwrap_err();
        assert!(matches!(error, LabelError::Interrupted { .. }), "{error}");
        let left = fs::read_dir(directory.path()).unwrap();
        let left: Vec<String> =
            left.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        assert!(left.iter().all(|left| !left.starts_with(name)), "{left:?}");
    }
}

#[test]
fn a_class_without_polygons_is_answered_with_what_there_is() {
    let directory = TempDir::new().unwrap();
    source(&directory, &[("URBANO", vec![square(0.0, 0.0, 100.0, 100.0)])]);
    let path = plan(&directory, FOUR_CELLS, "[rest]\nclass = 'other'\n[known.everywhere]");
    let error = label(&directory, &path).unwrap_err().to_string();
    assert!(error.contains("`kind` is none of `U` there, but `URBANO`"), "{error}");
}

#[test]
fn the_smallest_file_is_enough_and_a_misspelt_key_is_refused() {
    let directory = TempDir::new().unwrap();
    source(&directory, &[("U", vec![square(0.0, 0.0, 100.0, 100.0)])]);
    let smallest = plan(&directory, FOUR_CELLS, "");
    assert_eq!(LabelPlan::load(&smallest).unwrap().classes().names(), ["urban"]);
    let misspelt = plan(&directory, FOUR_CELLS, "min-shares = 0.4");
    let error = LabelPlan::load(&misspelt).unwrap_err().to_string();
    assert!(error.contains("did you mean `min-share`?"), "{error}");
}

#[test]
fn all_problems_of_a_file_are_reported_at_once() {
    let directory = TempDir::new().unwrap();
    let grid = "crs = 'EPSG:4326'\nid = 'x'";
    let rest = "min-share = 1.5\n[rest]\nclass = 'other'\nbelow-share = 0\n";
    let path = plan(&directory, grid, rest);
    let error = LabelPlan::load(&path).unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    for expected in [
        "`grid.crs`: `EPSG:4326` counts in degrees",
        "`grid.id`: belongs to `grid.file`",
        "`grid.cell-size`: is missing",
        "`grid`: has none of",
        "`classes.urban.min-share`: is 1.5",
        "`rest.below-share`: is 0",
        "`known`: is missing",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_grid_both_made_and_read_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = plan(&directory, &format!("{FOUR_CELLS}\nfile = 'grid.gpkg'"), "");
    let error = LabelPlan::load(&path).unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("`grid`: has more than one of"), "{text}");
}

/// A tiling of a rectangle by triangles around inner points that are pushed about. Pushes below 25 each way
/// keep every point on its side of every diagonal, 100 / √2 away.
fn tiling(pushes: &[(f64, f64)]) -> Vec<Vec<Position>> {
    const SIDE: usize = 4;
    let node = |row: usize, column: usize| {
        let inner = (1..SIDE).contains(&row) && (1..SIDE).contains(&column);
        let (dx, dy) = if inner { pushes[row * (SIDE + 1) + column] } else { (0.0, 0.0) };
        [column as f64 * 100.0 + dx, row as f64 * 100.0 + dy]
    };
    let corners = |row: usize, column: usize| {
        let (a, b) = (node(row, column), node(row, column + 1));
        let (c, d) = (node(row + 1, column + 1), node(row + 1, column));
        [vec![a, b, c], vec![a, c, d]]
    };
    (0..SIDE).flat_map(|row| (0..SIDE).flat_map(move |column| corners(row, column))).collect()
}

fn multi(ring: &[Position]) -> geo_types::MultiPolygon<f64> {
    let line: Vec<(f64, f64)> = ring.iter().map(|&[x, y]| (x, y)).collect();
    geo_types::MultiPolygon::new(vec![geo_types::Polygon::new(line.into(), Vec::new())])
}

proptest! {
    #[test]
    fn the_shares_of_a_tiling_add_up_to_one(
        pushes in prop::collection::vec((-20.0..20.0, -20.0..20.0), 25),
        x in 0.0..300.0, y in 0.0..300.0, turned in any::<bool>(),
    ) {
        let transform = Transform::new(&national(), &national()).unwrap();
        let tiles = tiling(&pushes);
        let mut builder = IndexBuilder::default();
        for (group, tile) in tiles.iter().enumerate() {
            builder.add(&multi(tile), Some(group), &transform).unwrap();
        }
        let index = builder.build();
        let cell = if turned {
            let corner = |dx: f64, dy: f64| Point { x: x + dx, y: y + dy };
            Outline { corners: vec![corner(50.0, 0.0), corner(100.0, 50.0), corner(50.0, 100.0), corner(0.0, 50.0)] }
        } else {
            Outline::square(x, y, 100.0)
        };
        let shares = shares(&index, tiles.len(), &cell);
        let sum: f64 = shares.groups.iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-8, "{sum}");
        prop_assert!((shares.all - 1.0).abs() < 1e-8 && (shares.named - 1.0).abs() < 1e-8);
    }

    #[test]
    fn dividing_a_polygon_of_many_corners_keeps_its_shares(
        radii in prop::collection::vec(50.0..400.0, 300), x in -300.0..300.0, y in -300.0..300.0,
    ) {
        let transform = Transform::new(&national(), &national()).unwrap();
        let star: Vec<Position> = radii
            .iter()
            .enumerate()
            .map(|(index, radius): (usize, &f64)| {
                let angle = index as f64 / radii.len() as f64 * std::f64::consts::TAU;
                [radius * angle.cos(), radius * angle.sin()]
            })
            .collect();
        let mut builder = IndexBuilder::default();
        builder.add(&multi(&star), Some(0), &transform).unwrap();
        let index = builder.build();
        let cell = crate::raster::Extent { min_x: x, min_y: y, max_x: x + 100.0, max_y: y + 100.0 };
        let expected = clip::signed_area(&clip::clip_to(&star, &cell)) / 10_000.0;
        let found = shares(&index, 1, &Outline::square(x, y, 100.0)).groups[0];
        prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}
