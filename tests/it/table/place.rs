//! A folder with a made-up table in both formats, and its descriptor.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;
use tesela_datasets::random::{generator, unit};

use crate::program;

/// The descriptor of the table.
pub(super) const DESCRIPTOR: &str = "name = \"plots\"\nsource = \"made up\"\nlicence = \"CC0-1.0\"\n\
    classes = [\"rural\", \"urban\"]\n[table]\nid = \"plot\"\nlabel = \"kind\"\ngroup = \"state\"\n\
    x = \"east\"\ny = \"north\"\ncrs = \"EPSG:32614\"\n";

/// An experiment of three folds on `store`, with `more` at its end.
pub(super) fn experiment(store: &str, more: &str) -> String {
    format!(
        "seed = 7\n[data]\nstore = \"{store}\"\n[validation]\nfolds = 3\n\
         [model.extra-trees]\nn-trees = 20\n{more}"
    )
}

/// A folder in which the program runs.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    /// With `plots.csv`, `plots.parquet` and `plots.toml`.
    pub(super) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.plots("plots", 120, 3);
        place.write("plots.toml", DESCRIPTOR);
        place
    }

    /// With a store of the table and a run on it, too.
    pub(super) fn trained() -> Self {
        let place = Self::new();
        place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
        place.write("trees.toml", &experiment("store", ""));
        place.succeed(&["train", "trees.toml", "--out", "run"]);
        place
    }

    /// Writes `rows` rows, in which lights tell the classes apart, though not always; the last three are
    /// undefined.
    pub(super) fn plots(&self, name: &str, rows: usize, seed: u64) {
        let mut draws = generator(seed, &[]);
        let prefix = name.trim_end_matches('s');
        let ids: Vec<String> = (0..rows).map(|row| format!("{prefix}-{row:03}")).collect();
        let kinds: Vec<Option<&str>> =
            (0..rows).map(|row| (row + 3 < rows).then_some(["rural", "urban"][row % 2])).collect();
        let states: Vec<String> = (0..rows).map(|row| format!("state {}", row % 5)).collect();
        #[expect(clippy::cast_possible_truncation, reason = "tables hold single precision")]
        let mut column = |rise: f64| -> Vec<f32> {
            let number = |row: usize| (unit(&mut draws) + rise * (row % 2) as f64) as f32;
            (0..rows).map(number).collect()
        };
        let (slope, lights, rain) = (column(0.0), column(0.9), column(0.1));
        let east: Vec<f64> = (0..rows).map(|row| 500_000.0 + row as f64).collect();
        let north = vec![2_000_000.5; rows];
        let mut csv = "plot,kind,state,east,north,slope,lights,rain\n".to_owned();
        for row in 0..rows {
            let (id, kind, state) = (&ids[row], kinds[row].unwrap_or_default(), &states[row]);
            let place = format!("{},{}", east[row], north[row]);
            let numbers = format!("{},{},{}", slope[row], lights[row], rain[row]);
            csv += &format!("{id},{kind},{state},{place},{numbers}\n");
        }
        self.write(&format!("{name}.csv"), &csv);
        let columns: [(&str, ArrayRef); 8] = [
            ("plot", Arc::new(StringArray::from(ids))),
            ("kind", Arc::new(StringArray::from(kinds))),
            ("state", Arc::new(StringArray::from(states))),
            ("east", Arc::new(Float64Array::from(east))),
            ("north", Arc::new(Float64Array::from(north))),
            ("slope", Arc::new(Float32Array::from(slope))),
            ("lights", Arc::new(Float32Array::from(lights))),
            ("rain", Arc::new(Float32Array::from(rain))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = File::create(self.path(&format!("{name}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        program::command(self.folder.path(), arguments)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program, which must be done with it.
    pub(super) fn succeed(&self, arguments: &[&str]) -> String {
        program::succeed(self.folder.path(), arguments)
    }

    /// Runs the program, which must refuse; gives its message.
    pub(super) fn refuse(&self, arguments: &[&str]) -> String {
        program::refuse(self.folder.path(), arguments)
    }
}
