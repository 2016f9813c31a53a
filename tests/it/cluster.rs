//! The scripts for clusters: what they hold is understood, and what they do is what it should be.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::nation::{DATA, Place};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster")
}

/// Stands in for `sbatch`: writes down how it was called, and prints the number of a job. It runs the jobs
/// one after the other.
const SBATCH: &str = r#"#!/usr/bin/env bash
echo "$*" >> "$CALLS"
array=
for word in "$@"; do case $word in --array=*) array=${word#--array=} ;; esac; done
step=${*: -1}
if [ -n "$array" ]; then
    for task in ${array//,/ }; do SLURM_ARRAY_TASK_ID=$task bash "$SCRIPT" "$step" || exit; done
else
    bash "$SCRIPT" "$step"
fi >&2
echo 7
"#;

/// Stands in for the program: leaves the part or the map that it was asked for, and writes down how it was called.
const TESELA: &str = r#"#!/usr/bin/env bash
echo "tesela $*" >> "$CALLS"
while [ $# -gt 0 ]; do
    case $1 in
    --part) part=${2/\//-of-} ;;
    --out) out=$2 ;;
    esac
    shift
done
if [ -n "${part:-}" ]; then
    mkdir -p "$out.parts"
    touch "$out.parts/part-$part.cells"
else
    touch "$out"
fi
"#;

/// A folder with programs that stand in for others.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::of(&[("sbatch", SBATCH), ("tesela", TESELA)])
    }

    /// With these programs, by name and text.
    fn of(programs: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in programs {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }

    /// With the real program, whatever stands in for the cluster.
    fn real() -> Self {
        let stage = Self::of(&[("sbatch", SBATCH)]);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tesela"), stage.path("tesela")).unwrap();
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn submit(&self) -> Output {
        self.command("bash")
            .current_dir(self.folder.path())
            .arg(scripts().join("predict.slurm"))
            .envs([("MODEL", "run"), ("MOSAIC", "m.tif"), ("GRID", "g.parquet")])
            .envs([("OUT", "map.parquet"), ("PARTS", "3"), ("FORMS", "map.tif map.gpkg")])
            .output()
            .unwrap()
    }

    /// A command that finds the programs of the stage before all others.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .env("CALLS", self.path("calls"))
            .env("SCRIPT", scripts().join("predict.slurm"));
        command
    }

    /// How the programs were called, without the path of the script.
    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap();
        let script = scripts().join("predict.slurm");
        text.lines().map(|line| line.replace(script.to_str().unwrap(), "SCRIPT")).collect()
    }
}

#[test]
fn all_parts_are_submitted_and_merged_after_them() {
    let stage = Stage::new();
    let output = stage.submit();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let predict = |part| {
        format!(
            "tesela predict run --mosaic m.tif --grid g.parquet --part {part}/3 --out map.parquet"
        )
    };
    let expected = [
        "--parsable --array=0,1,2 SCRIPT predict".to_owned(),
        predict(1),
        predict(2),
        predict(3),
        "--parsable --dependency=afterok:7 --kill-on-invalid-dep=yes SCRIPT merge".to_owned(),
        "tesela merge map.parquet.parts --out map.parquet --out map.tif --out map.gpkg".to_owned(),
    ];
    assert_eq!(stage.calls(), expected);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "7\n");
}

#[test]
fn after_a_failure_the_missing_parts_alone_are_submitted() {
    let stage = Stage::new();
    std::fs::create_dir(stage.path("map.parquet.parts")).unwrap();
    for part in [1, 3] {
        std::fs::write(stage.path(&format!("map.parquet.parts/part-{part}-of-3.cells")), "")
            .unwrap();
    }
    assert!(stage.submit().status.success());
    assert_eq!(stage.calls()[0], "--parsable --array=1 SCRIPT predict");
    std::fs::remove_file(stage.path("calls")).unwrap();
    // With all of them there, only the map is left to be made.
    assert!(stage.submit().status.success());
    assert_eq!(stage.calls()[0], "--parsable SCRIPT merge");
}

#[test]
fn a_setting_that_is_missing_is_named() {
    let output = Command::new("bash")
        .arg(scripts().join("predict.slurm"))
        .env("MODEL", "run")
        .env_remove("MOSAIC")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("MOSAIC"));
}

#[test]
fn the_jobs_of_kubernetes_are_whole() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_jobs.py");
    let check = Command::new(crate::forms::python::python())
        .arg(script)
        .arg(scripts().join("predict.k8s.yaml"))
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// Fails where one of `files` of `place` is not as it is in the folder `whole`.
fn assert_whole(place: &Place, folder: &str, files: &[&str]) {
    for file in files {
        let [found, expected] = [folder, "whole"].map(|one| place.bytes(&format!("{one}/{file}")));
        assert!(found == expected, "`{file}` differs");
    }
}

/// A place with the map that a single process makes, in the folder `whole`.
fn place_with_map() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("whole")).unwrap();
    let outs = "--out whole/map.parquet --out whole/map.tif --out whole/map.gpkg";
    place.succeed(&format!("predict run {DATA} {outs}"));
    place
}

/// What a merge that was killed may leave beside the parts.
fn leave_rests(place: &Place, folder: &str) {
    for name in ["map.parquet.partial", "map.parquet"] {
        std::fs::write(place.path(folder).join(name), "half").unwrap();
    }
}

#[test]
fn the_script_for_slurm_makes_the_map_that_one_process_makes() {
    let (place, stage) = (place_with_map(), Stage::real());
    std::fs::create_dir(place.path("jobs")).unwrap();
    let submit = |out: &str, forms: &str| {
        let submitted = stage
            .command("bash")
            .arg(scripts().join("predict.slurm"))
            .current_dir(place.path("jobs"))
            .envs([("MODEL", "../run"), ("MOSAIC", "../state/mosaic.tif")])
            .envs([
                ("GRID", "../state/grid.parquet"),
                ("PARTS", "3"),
                ("OUT", out),
                ("FORMS", forms),
            ])
            .output()
            .unwrap();
        assert!(submitted.status.success(), "{}", String::from_utf8_lossy(&submitted.stderr));
    };
    submit("map.parquet", "map.gpkg");
    assert_whole(&place, "jobs", &["map.parquet", "map.gpkg"]);
    // A map that is no table: where it is merged again after a failure, what that left is no part.
    submit("map.tif", "");
    leave_rests(&place, "jobs/map.tif.parts");
    std::fs::remove_file(place.path("jobs/map.tif")).unwrap();
    submit("map.tif", "");
    assert_whole(&place, "jobs", &["map.tif", "map-probability.tif"]);
}

#[test]
fn the_containers_for_kubernetes_make_the_map_that_one_process_makes() {
    let (place, stage) = (place_with_map(), Stage::real());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/run_jobs.py");
    let data = place.path("state").parent().unwrap().to_owned();
    std::fs::create_dir(place.path("jobs")).unwrap();
    let run = |settings: &[&str]| {
        let ran = stage
            .command(crate::forms::python::python())
            .arg(&script)
            .arg(scripts().join("predict.k8s.yaml"))
            .arg(&data)
            .args([
                "MODEL=/data/run",
                "MOSAIC=/data/state/mosaic.tif",
                "GRID=/data/state/grid.parquet",
            ])
            .arg("PARTS=3")
            .args(settings)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    run(&[
        "OUT=/data/jobs/map.parquet",
        "FORMS=--out /data/jobs/map.tif --out /data/jobs/map.gpkg",
    ]);
    assert_whole(&place, "jobs", &["map.parquet", "map.tif", "map-probability.tif", "map.gpkg"]);
    // A map that is no table, as above.
    run(&["OUT=/data/jobs/again.tif", "FORMS="]);
    leave_rests(&place, "jobs/again.tif.parts");
    run(&["OUT=/data/jobs/again.tif", "FORMS="]);
    let [again, whole] = ["jobs/again.tif", "whole/map.tif"].map(|name| place.bytes(name));
    assert!(again == whole);
}
