//! The arrows hold: a lower room never knows the name of a higher one.
//!
//! Source files are read as text, without comments and without their tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the root package from top to bottom; a room may name those on lower levels only, and those
/// listed beside it.
const LEVELS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["report"],
    &["comparison", "export", "assessment"],
    &["training", "inference", "evaluation"],
    &["prepare", "label", "simulate", "inspection"],
    &["experiment", "grid", "cutting", "statistics", "map"],
    &["raster", "metrics"],
    &["progress", "data_path", "picture", "numerals", "plausibility"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below `folder`, as paths relative to the root, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is part of the project") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                found.push((path.strip_prefix(root()).unwrap().to_owned(), code_of(&text)));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files below `{folder}`");
    found
}

/// The lines that are neither comments nor tests.
fn code_of(text: &str) -> String {
    let code = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Whether `text` names the module or crate `name` in a path.
fn names(text: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&format!("{name}::")).any(|(at, _)| !text[..at].ends_with(part_of_word))
        || text.contains(&format!("use {name};"))
}

/// The files below `folders` outside `room` for which `offends` holds.
fn offenders(folders: &[&str], room: &str, offends: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    folders
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|(path, text)| !path.starts_with(room) && offends(text))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn only_the_raster_room_names_gdal() {
    let offenders = offenders(&["src", "models/src", "datasets/src"], "src/raster", |text| {
        names(text, "gdal") || names(text, "gdal_sys")
    });
    assert!(offenders.is_empty(), "{offenders:?} name gdal");
}

#[test]
fn only_models_names_burn() {
    let offenders = offenders(&["src", "datasets/src"], "models", |text| names(text, "burn"));
    assert!(offenders.is_empty(), "{offenders:?} name burn");
    for manifest in ["Cargo.toml", "datasets/Cargo.toml"] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let named = manifest["dependencies"].as_table().unwrap().contains_key("burn");
        assert!(!named, "a dependency of {manifest:?} is burn");
    }
}

#[test]
fn only_the_command_line_prints() {
    let words = ["println!", "print!", "eprintln!", "eprint!", "dbg!", "stdout()", "stderr()"];
    let offenders = offenders(&["src", "models/src", "datasets/src"], "src/cli", |text| {
        words.iter().any(|word| text.contains(word))
    });
    assert!(offenders.is_empty(), "{offenders:?} print");
}

#[test]
fn packages_name_only_the_packages_below_them() {
    let offenders = offenders(&["datasets/src"], "src", |text| {
        names(text, "tesela_models") || names(text, "tesela")
    });
    assert!(offenders.is_empty(), "{offenders:?} of datasets name a higher package");
    let offenders = self::offenders(&["models/src"], "src", |text| names(text, "tesela"));
    assert!(offenders.is_empty(), "{offenders:?} of models name a higher package");
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let level_of: BTreeMap<&str, usize> = LEVELS
        .iter()
        .enumerate()
        .flat_map(|(level, rooms)| rooms.iter().map(move |&room| (room, level)))
        .collect();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        let own = *level_of.get(room.as_str()).unwrap_or_else(|| panic!("`{room}` has no level"));
        for (&other, &level) in &level_of {
            let allowed = other == room || level > own || (own == 1 && level >= 1);
            if !allowed && text.contains(&format!("crate::{other}")) {
                wrong.push(format!("{} names `{other}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The room of a file: the folder below `src`, or the file itself.
fn room_of(path: &Path) -> String {
    let below_src = path.strip_prefix("src").unwrap();
    let first = below_src.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_scanner_sees_what_it_looks_for() {
    assert!(names("use gdal::Dataset;", "gdal"));
    assert!(names("    gdal::version()", "gdal"));
    assert!(!names("use my_gdal::x;", "gdal"));
    assert!(!names("// nothing", "gdal"));
    assert_eq!(code_of("a\n// gdal::x\n#[cfg(test)]\ngdal::y\n"), "a\n");
    assert_eq!(room_of(Path::new("src/cli/train.rs")), "cli");
    assert_eq!(room_of(Path::new("src/progress.rs")), "progress");
}
