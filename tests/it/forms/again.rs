//! Forms that are made a second time: the same bytes, whenever that is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tesela::map::{write_cog, write_csv, write_geopackage, write_quick_look};

use super::Country;

/// Writes all forms of the map of `country` into a folder of its own; what lies there then, by name.
fn write(country: &Country, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let (map, folder) = (country.map(), country.path(folder));
    std::fs::create_dir(&folder).unwrap();
    write_cog(&map, &folder.join("map.tif")).unwrap();
    write_geopackage(&map, &folder.join("map.gpkg")).unwrap();
    write_csv(&map, &folder.join("map.csv")).unwrap();
    write_quick_look(&map, &folder.join("map.png")).unwrap();
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let bytes = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path.strip_prefix(&folder).unwrap().to_owned(), bytes)
    };
    entries.map(bytes).collect()
}

#[test]
fn forms_that_are_made_again_later_have_the_same_bytes() {
    let country = Country::new(300, 130);
    let first = write(&country, "first");
    assert_eq!(first.len(), 7, "{:?}", first.keys());
    std::thread::sleep(Duration::from_millis(1100));
    let second = write(&country, "second");
    assert!(first.keys().eq(second.keys()));
    for (name, bytes) in &first {
        assert!(*bytes == second[name], "`{}` differs", name.display());
    }
}
