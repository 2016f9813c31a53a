//! Predicting in parts, killed and taken up again: the map is the same, byte by byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tesela::map::{MapReader, MapRows, Quality};

mod columns;
#[cfg(unix)]
mod full_disk;
mod killed;
mod watched;

pub(crate) const DATA: &str = "--mosaic state/mosaic.tif --grid state/grid.parquet";

/// All forms of a map.
const FORMS: [&str; 5] = ["parquet", "csv", "tif", "gpkg", "png"];

/// A folder with a simulated state of 40 by 40 cells and two runs of trees on it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        place.succeed("simulate --size 40 --seed 3 --out state");
        place.succeed(&format!("prepare simulated {DATA} --out store"));
        for (name, seed) in [("run", 5), ("other", 6)] {
            let text = format!(
                "seed = {seed}\n[data]\nstore = \"store\"\n[data.sample]\nper-class = 20\n\
                 [validation]\nfolds = 2\ntarget-prevalence = {{ urban = 0.05 }}\n\
                 [model.extra-trees]\nn-trees = 60\n"
            );
            fs::write(place.path("trees.toml"), text).unwrap();
            place.succeed(&format!("train trees.toml --out {name}"));
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tesela"));
        command.current_dir(self.folder.path()).args(line.split_whitespace());
        command
    }

    fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    pub(crate) fn succeed(&self, line: &str) -> (String, String) {
        let (code, said, remarks) = self.run(line);
        assert_eq!(code, Some(0), "{line}: {remarks}");
        (said, remarks)
    }

    fn refuse(&self, line: &str) -> String {
        let (code, _, message) = self.run(line);
        assert_eq!(code, Some(2), "{line}: {message}");
        message
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

/// All rows of a map.
fn rows(map: &Path) -> Vec<MapRows> {
    MapReader::open(map).unwrap().map(Result::unwrap).collect()
}

#[test]
fn parts_are_joined_to_the_map_that_one_process_makes() {
    let place = Place::new();
    let forms = |name: &str| FORMS.map(|end| format!("--out {name}.{end}")).join(" ");
    let (_, remarks) = place.succeed(&format!("predict run {DATA} {}", forms("whole")));
    assert!(remarks.contains("40 cells were trained on"), "{remarks}");
    for part in 1..=3 {
        let line = format!("predict run {DATA} --part {part}/3 --out map.parquet");
        let (said, _) = place.succeed(&line);
        assert!(said.starts_with(&format!("part {part}/3: ")), "{said}");
        // What is done is not done again.
        let (_, remarks) = place.succeed(&line);
        assert!(remarks.contains("cells were known from before"), "{remarks}");
        assert!(!remarks.contains("predicted"), "{remarks}");
        if part < 3 {
            let message = place.refuse("merge map.parquet.parts --out map.parquet");
            assert!(message.contains("of 3 parts are missing"), "{message}");
        }
    }
    let (said, _) = place.succeed(&format!("merge map.parquet.parts {}", forms("map")));
    for end in FORMS {
        assert!(said.contains(&format!("map: map.{end}")), "{said}");
        let [map, whole] = ["map", "whole"].map(|name| place.bytes(&format!("{name}.{end}")));
        assert!(map == whole, "`map.{end}` differs");
    }
    for end in ["-probability.tif", ".qml", ".tif.aux.xml"] {
        let [map, whole] = ["map", "whole"].map(|name| place.bytes(&format!("{name}{end}")));
        assert!(map == whole, "`map{end}` differs");
    }
    assert_eq!(String::from_utf8(place.bytes("map.csv")).unwrap().lines().count(), 1601);
    // The parts stay: whoever made them decides when they go. One process that makes the map removes its own alone.
    place.succeed(&format!("predict run {DATA} --out map.parquet"));
    assert!(!place.path("map.parquet.parts/part-1-of-1.cells").exists());
    assert!(place.path("map.parquet.parts/part-3-of-3.cells").exists());

    fs::create_dir(place.path("elsewhere")).unwrap();
    for moved in ["run", "state"] {
        fs::rename(place.path(moved), place.path(&format!("elsewhere/{moved}"))).unwrap();
    }
    let message = place.refuse("merge map.parquet.parts --out again.parquet");
    assert!(message.contains("`run/final/bundle`"), "{message}");
    let there = "--model elsewhere/run --grid elsewhere/state/grid.parquet";
    place.succeed(&format!("merge map.parquet.parts {there} --out again.parquet"));
    assert!(place.bytes("again.parquet") == place.bytes("whole.parquet"));
    let other = there.replace("elsewhere/run", "other");
    let message = place.refuse(&format!("merge map.parquet.parts {other} --out again.parquet"));
    assert!(message.contains("is not the one that predicted"), "{message}");
    for (size, cells) in [(36, 1296), (44, 1936)] {
        place.succeed(&format!("simulate --size {size} --seed 3 --out foreign"));
        let there = "--model elsewhere/run --grid foreign/grid.parquet";
        let message = place.refuse(&format!("merge map.parquet.parts {there} --out again.parquet"));
        let expected =
            format!("not the one that was predicted: it has {cells} cells, that one 1600");
        assert!(message.contains(&expected), "{message}");
        fs::remove_dir_all(place.path("foreign")).unwrap();
    }
}

#[test]
fn several_models_are_averaged_and_other_inputs_are_not_mixed_up() {
    let place = Place::new();
    place.succeed(&format!("predict run other {DATA} --part 1/1 --out both.parquet"));
    place.succeed("merge both.parquet.parts --out both.parquet");
    let map = rows(&place.path("both.parquet"));
    assert!(map.iter().flat_map(|rows| &rows.spreads).any(|&spread| spread > 0.0));
    assert!(
        map.iter().flat_map(|rows| &rows.qualities).any(|&quality| quality == Quality::Partial)
    );
    let message = place.refuse(&format!("predict run {DATA} --part 1/1 --out both.parquet"));
    assert!(message.contains("holds another prediction: the bundle was"), "{message}");
    let message = place.refuse(&format!("predict run {DATA} --part 2/1 --out both.parquet"));
    assert!(message.contains("part 2 of 1"), "{message}");
    let message = place.refuse(&format!("predict run {DATA} --out nowhere/map.parquet"));
    assert!(message.contains("there is no folder `nowhere`"), "{message}");
    let message = place.refuse(&format!("predict run {DATA} --out map.doc"));
    assert!(message.contains("`.parquet`, `.gpkg`, `.tif`, `.png` or `.csv`"), "{message}");
}

/// Whether a Slurm is here whose controller answers and has a node.
fn slurm_answers() -> bool {
    let answer = Command::new("sinfo").arg("--noheader").output();
    answer.is_ok_and(|answer| answer.status.success() && !answer.stdout.is_empty())
}

#[test]
fn jobs_of_slurm_make_the_map_that_one_process_makes() {
    if !slurm_answers() {
        eprintln!("skipped: no Slurm that answers");
        return;
    }
    let place = Place::new();
    place.succeed(&format!("predict run {DATA} --out whole.parquet"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster/predict.slurm");
    let submitted = Command::new("bash")
        .arg(script)
        .current_dir(place.folder.path())
        .envs([("MODEL", "run"), ("MOSAIC", "state/mosaic.tif"), ("GRID", "state/grid.parquet")])
        .envs([("OUT", "map.parquet"), ("PARTS", "3"), ("FORMS", "map.csv")])
        .env("TESELA", env!("CARGO_BIN_EXE_tesela"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&submitted.stderr);
    assert!(submitted.status.success(), "{said}");
    let limit = Instant::now() + Duration::from_mins(5);
    while !place.path("map.csv").exists() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(place.path("map.csv").exists(), "the jobs have made no map in five minutes");
    assert!(place.bytes("map.parquet") == place.bytes("whole.parquet"));
}
