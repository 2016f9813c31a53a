//! From a simulated state to maps of it: `simulate`, `prepare`, `train`, `predict`.

use std::path::Path;
use std::process::{Command, Output};

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use tesela::grid::{GridColumns, GridReader, GridRequest};
use tesela::raster::{Mosaic, MosaicReading, Window};
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::pixel::Scaling;

mod files;

const SIDE: usize = 24;
const EXPERIMENT: &str = "seed = 5\n[data]\nstore = \"store\"\n[data.sample]\nper-class = 12\n\
                          [validation]\nfolds = 2\n[model.extra-trees]\nn-trees = 20\n";

fn run(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tesela"));
    command.current_dir(folder).args(line.split(' ')).output().unwrap()
}

fn succeed(folder: &Path, line: &str) -> String {
    let output = run(folder, line);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the column `class` of the GeoPackage `table` says of each cell.
fn classes_in_package(table: &Path) -> Vec<Option<String>> {
    let columns = GridColumns { label: Some("class".to_owned()), ..GridColumns::default() };
    let request = GridRequest { columns, ..GridRequest::default() };
    let reader = GridReader::open(table, &request).unwrap();
    let classes = reader.classes().clone();
    let cells = reader.flat_map(|batch| batch.unwrap());
    cells.map(|cell| cell.label.class().map(|class| classes.name(class).to_owned())).collect()
}

/// The column `column` of text of the GeoParquet `table`.
fn texts_in_table(table: &Path, column: &str) -> Vec<Option<String>> {
    let file = std::fs::File::open(table).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut texts = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let array = batch.column_by_name(column).unwrap().as_string::<i32>();
        texts.extend(array.iter().map(|text| text.map(str::to_owned)));
    }
    texts
}

/// The classes of the raster at `path`, row by row.
fn raster_classes(path: &Path) -> Vec<f32> {
    let bands = FileBands::new(&["red".to_owned()]).unwrap();
    let reading = MosaicReading { bands, scaling: Scaling::declared(1.0, 0.0, Some(255.0)) };
    let raster = Mosaic::open(path, &reading).unwrap();
    assert_eq!((raster.columns(), raster.rows()), (SIDE, SIDE));
    let window = Window { column: 0, row: 0, width: SIDE, height: SIDE };
    let mut values = vec![0.0; SIDE * SIDE];
    raster.read(window).unwrap().samples.copy_to_f32(0, &mut values);
    values
}

#[test]
fn a_run_maps_the_state_that_it_was_trained_on() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    succeed(folder, &format!("simulate --size {SIDE} --seed 3 --out state"));
    let data = "--mosaic state/mosaic.tif --grid state/grid.parquet";
    succeed(folder, &format!("prepare simulated {data} --out store"));
    std::fs::write(folder.join("trees.toml"), EXPERIMENT).unwrap();
    // One fold alone leaves no final model: which one is meant has to be said.
    succeed(folder, "train trees.toml --out run --fold 0");
    let output = run(folder, &format!("predict run {data} --out map.tif"));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("`run/fold-00/bundle`"), "{message}");
    assert!(!folder.join("map.tif").exists());

    succeed(folder, "train trees.toml --out run");
    let mut said = Vec::new();
    for map in ["map.tif", "map.parquet", "map.gpkg"] {
        let text = succeed(folder, &format!("predict run {data} --out {map}"));
        assert!(text.contains(&format!("map: {map}")), "{text}");
        said.push(text.lines().take(3).map(str::to_owned).collect::<Vec<_>>());
    }
    assert!(said[0] == said[1] && said[1] == said[2], "{said:?}");
    let classes = texts_in_table(&folder.join("map.parquet"), "class");
    assert_eq!(classes_in_package(&folder.join("map.gpkg")), classes);
    let is = |class: &'static str| move |label: &&Option<String>| label.as_deref() == Some(class);
    let urban = classes.iter().filter(is("urban")).count();
    let pixels = raster_classes(&folder.join("map.tif"));
    assert_eq!(pixels.iter().filter(|&&class| class == 1.0).count(), urban);
    // The model has seen some of these cells; it would be strange if it did not know most of them again.
    let truth = texts_in_table(&folder.join("map.parquet"), "label");
    for class in ["urban", "non-urban"] {
        let of_class = || truth.iter().zip(&classes).filter(|(label, _)| is(class)(label));
        let found = of_class().filter(|(label, found)| label == found).count();
        assert!(found * 10 > of_class().count() * 6, "{found} of {} {class}", of_class().count());
    }
}
