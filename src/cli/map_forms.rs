//! The forms in which a map is wanted, by the extensions of their names.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::WholeFile;

use super::map_targets::{Target, check_distinct, check_spared};
use crate::map::{
    CogFiles, check_raster_classes, write_cog, write_csv, write_geopackage, write_quick_look,
};

/// A form of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MapForm {
    /// GeoParquet, from which all others are made.
    Table,
    /// GeoPackage.
    GeoPackage,
    /// Cloud-optimised GeoTIFF.
    Raster,
    /// A picture.
    Picture,
    /// Comma-separated values.
    Csv,
}

impl MapForm {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("parquet") => Ok(Self::Table),
            Some("gpkg") => Ok(Self::GeoPackage),
            Some("tif" | "tiff") => Ok(Self::Raster),
            Some("png") => Ok(Self::Picture),
            Some("csv") => Ok(Self::Csv),
            _ => bail!(
                "`{}` is not a name for a map; expected one that ends in `.parquet`, `.gpkg`, `.tif`, `.png` or `.csv`",
                path.display()
            ),
        }
    }
}

/// The files that are wanted of one map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MapFiles {
    files: Vec<(MapForm, PathBuf)>,
}

impl MapFiles {
    /// Checks the names in `out`, of which there is at least one.
    pub(super) fn new(out: &[PathBuf]) -> anyhow::Result<Self> {
        let mut files: Vec<(MapForm, PathBuf)> = Vec::new();
        for path in out {
            let form = MapForm::of(path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                bail!(
                    "`{}` cannot be written: there is no folder `{}`",
                    path.display(),
                    folder.display()
                );
            }
            files.push((form, path.clone()));
        }
        let files = Self { files };
        check_distinct(&files.targets())?;
        Ok(files)
    }

    /// Refuses to write over one of `inputs`, each with what it is.
    pub(super) fn spare(&self, inputs: &[(&str, &Path)]) -> anyhow::Result<()> {
        check_spared(&self.targets(), inputs)
    }

    /// Refuses classes that one of the forms cannot hold.
    pub(super) fn check_classes(&self, classes: &ClassMap) -> anyhow::Result<()> {
        for (form, path) in &self.files {
            let checked = match form {
                MapForm::Table | MapForm::Csv | MapForm::Picture => Ok(()),
                MapForm::GeoPackage => {
                    let checked = classes.check_characters().and_then(|()| classes.check_alike());
                    checked.map_err(|error| error.to_string())
                }
                MapForm::Raster => {
                    let checked = classes.check_characters().map_err(|error| error.to_string());
                    checked.and_then(|()| check_raster_classes(classes))
                }
            };
            if let Err(reason) = checked {
                bail!(
                    "`{}` cannot hold the classes of the model: {reason}; the other forms of a map can",
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Whether cells become the pixels of a raster.
    pub(super) fn has_raster(&self) -> bool {
        self.files.iter().any(|(form, _)| *form == MapForm::Raster)
    }

    /// All files that will be written, those beside the named ones and the table from which they are made included.
    fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for (form, path) in &self.files {
            let mut files = vec![path.clone()];
            if *form == MapForm::Raster {
                let CogFiles { numbers, style, .. } = CogFiles::of(path);
                files.extend([numbers, style]);
            }
            targets.extend(files.into_iter().map(|file| Target { file, of: path.clone() }));
        }
        if self.files.iter().all(|(form, _)| *form != MapForm::Table) {
            let of = self.files[0].1.clone();
            targets.push(Target { file: self.table(&self.folder()), of });
        }
        targets
    }

    /// The folder beside the first file in which work is kept until it is done.
    pub(super) fn folder(&self) -> PathBuf {
        let mut name = self.files[0].1.clone().into_os_string();
        name.push(".parts");
        name.into()
    }

    /// Where the GeoParquet form is to be written: where it is wanted, or in `folder`.
    pub(super) fn table(&self, folder: &Path) -> PathBuf {
        let wanted = self.files.iter().find(|(form, _)| *form == MapForm::Table);
        wanted.map_or_else(|| folder.join("map.parquet"), |(_, path)| path.clone())
    }

    /// Whether a form needs the outlines of cells.
    pub(super) fn first_with_outlines(&self) -> Option<&Path> {
        let drawn = |form| matches!(form, MapForm::Raster | MapForm::Picture | MapForm::GeoPackage);
        self.files.iter().find(|(form, _)| drawn(*form)).map(|(_, path)| path.as_path())
    }

    /// Makes all forms of the map at `table`; gives the files, in the order in which they were named.
    pub(super) fn write(&self, table: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        for (form, path) in &self.files {
            match form {
                MapForm::Table if path == table => {}
                MapForm::Table => copy_whole(table, path)?,
                MapForm::Csv => write_csv(table, path)?,
                MapForm::GeoPackage => write_geopackage(table, path)?,
                MapForm::Picture => write_quick_look(table, path)?,
                MapForm::Raster => {
                    let CogFiles { classes, numbers, .. } = write_cog(table, path)?;
                    written.extend([classes, numbers]);
                    continue;
                }
            }
            written.push(path.clone());
        }
        Ok(written)
    }
}

/// Copies a file; the copy appears whole.
fn copy_whole(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut file = WholeFile::create(to)?;
    std::io::copy(&mut File::open(from)?, &mut file)?;
    Ok(file.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_second_table_is_a_copy_that_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let [table, copy] = ["a.parquet", "b.parquet"].map(|name| folder.path().join(name));
        fs::write(&table, "rows").unwrap();
        fs::write(&copy, "old").unwrap();
        let files = MapFiles::new(&[table.clone(), copy.clone()]).unwrap();
        assert_eq!(files.write(&table).unwrap(), [table.clone(), copy.clone()]);
        assert_eq!(fs::read(&copy).unwrap(), b"rows");
        // What cannot be copied leaves the former file, and nothing beside it.
        fs::remove_file(&table).unwrap();
        assert!(files.write(&table).is_err());
        assert_eq!(fs::read(&copy).unwrap(), b"rows");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_would_be_written_over_each_other_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let refused = |names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
            MapFiles::new(&paths).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(&["map.tif", "map.parquet", "a/map.tif", "map.png"]), "");
        assert!(refused(&["map.tif", "a/../map.tif"]).contains("would be written twice"));
        let beside = refused(&["map.tif", "map-probability.tif"]);
        assert!(beside.contains("map-probability.tif` would be written twice"), "{beside}");
        assert!(refused(&["map.tif", "map.tiff"]).contains("would be written twice"));
    }

    #[test]
    fn no_input_is_written_over_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("map.tif.parts")).unwrap();
        for name in ["map.tif", "map-probability.tif", "map.qml", "map.tif.parts/map.parquet"] {
            fs::write(at(name), "input").unwrap();
            std::os::unix::fs::symlink(at(name), at("link")).unwrap();
            for input in [at(name), at("link"), folder.path().join("map.tif.parts/..").join(name)] {
                let files = MapFiles::new(&[at("map.tif")]).unwrap();
                let error = files.spare(&[("the grid", &input)]).unwrap_err().to_string();
                assert!(error.contains("the grid") && error.contains(name), "{error}");
            }
            fs::remove_file(at("link")).unwrap();
        }
        let files = MapFiles::new(&[at("other.tif")]).unwrap();
        files.spare(&[("the grid", &at("map.tif")), ("m", Path::new("https://x/m.tif"))]).unwrap();
    }

    #[test]
    fn classes_that_a_form_cannot_hold_are_refused_for_that_form() {
        let of = |name: &str, classes: ClassMap| {
            let files = MapFiles::new(&[PathBuf::from(name)]).unwrap();
            files.check_classes(&classes).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let alike = || ClassMap::new(["Town", "town"]).unwrap();
        assert!(of("m.gpkg", alike()).contains("differ by small and capital letters"));
        assert_eq!(of("m.tif", alike()) + &of("m.parquet", alike()), "");
        let many = || ClassMap::new((0..300).map(|class| format!("c{class}"))).unwrap();
        assert!(of("m.tif", many()).contains("300 classes; at most 255 fit"));
        assert_eq!(of("m.csv", many()), "");
        assert!(of("m.tif", ClassMap::new(["a\0"]).unwrap()).contains("control character"));
    }
}
