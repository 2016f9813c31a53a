//! A map held against the run that announced it: `simulate`, `prepare`, `train`, `assess --run`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tesela::grid::{GridReader, GridRequest};
use tesela::map::{MapContent, MapHeader, MapOrigin, MapRows, MapWriter, uncertainty};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::ClassId;

use super::metrics;
use crate::program::succeed;

const EXPERIMENT: &str = "seed = 5\n[data]\nstore = \"store\"\n[data.sample]\nper-class = 20\n\
                          [validation]\nfolds = 2\nmap-cells = 1024\ntarget-prevalence = { urban = 0.1 }\n\
                          [model.extra-trees]\nn-trees = 20\n";

/// Writes a map of the grid that says what its labels say; how many cells are labelled.
fn perfect_map(grid: &Path, path: &Path) -> u64 {
    let reader = GridReader::open(grid, &GridRequest::default()).unwrap();
    let (classes, crs) = (reader.classes().clone(), reader.crs().to_crs());
    let cells = CellTableHeader { classes: classes.clone(), crs: Some(crs) };
    let origin =
        MapOrigin { operating_point: true, ..MapOrigin::new(classes, MapContent::default()) };
    let mut writer = MapWriter::create(path, &MapHeader { cells, origin }).unwrap();
    let mut labelled = 0;
    for batch in reader {
        let mut rows = MapRows { cells: batch.unwrap(), ..MapRows::default() };
        for cell in &rows.cells {
            let class = cell.label.class().map_or(0, ClassId::index);
            let row = if class == 1 { [0.25, 0.75] } else { [0.75, 0.25] };
            labelled += u64::from(cell.label.class().is_some());
            rows.classes.push(Some(ClassId::new(class)));
            rows.probabilities.extend(row);
            rows.uncertainties.push(uncertainty(&row));
        }
        writer.append(&rows).unwrap();
    }
    writer.finish().unwrap();
    labelled
}

#[test]
fn a_run_says_what_it_was_trained_on_and_what_it_announced() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| succeed(folder.path(), &line.split(' ').collect::<Vec<_>>());
    run("simulate --size 32 --seed 3 --out state");
    run("prepare simulated --mosaic state/mosaic.tif --grid state/grid.parquet --out store");
    fs::write(folder.path().join("trees.toml"), EXPERIMENT).unwrap();
    run("train trees.toml --out run");
    let json = |path: &str| -> Value {
        serde_json::from_slice(&fs::read(folder.path().join(path)).unwrap()).unwrap()
    };
    let expected = json("run/operating-point.json")["expected_map"].clone();
    assert_eq!(expected["cells"], 1024);
    let bundle = json("run/final/bundle/bundle.json");
    assert_eq!(bundle["provenance"]["measured"]["expected_map"], expected);

    let at = |name: &str| folder.path().join(name);
    let labelled = perfect_map(&at("state/grid.parquet"), &at("map.parquet"));
    let printed = run("assess map.parquet --run run --out out");
    assert!(printed.contains("Announced by run"), "{printed}");
    let found = metrics(folder.path(), "out");
    assert_eq!(found["training"], json!({ "run": "run" }));
    assert_eq!(
        (&found["counts"]["trained"], &found["counts"]["scored"]),
        (&json!(40), &json!(labelled - 40))
    );
    let announced = &found["announced"];
    assert_eq!(announced["cells"], 1024);
    let decisive = usize::try_from(announced["decisive"].as_u64().unwrap()).unwrap();
    let f1 = &announced["figures"][decisive];
    assert_eq!(f1["name"], "urban f1");
    assert_eq!(f1["found"], 1.0);
    let figures = expected["figures"].as_array().unwrap();
    let own = figures.iter().find(|figure| figure["name"] == "urban f1").unwrap();
    assert_eq!((&f1["announced"], &f1["interval"]), (&own["value"], &own["interval"]));
}
