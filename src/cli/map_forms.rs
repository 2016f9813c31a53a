//! The forms in which a map is wanted, by the extensions of their names.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::whole_file::WholeFile;

use crate::map::{CogFiles, write_cog, write_csv, write_geopackage, write_quick_look};

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
            if files.iter().any(|(_, other)| other == path) {
                bail!("`{}` is wanted twice", path.display());
            }
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
        Ok(Self { files })
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
}
