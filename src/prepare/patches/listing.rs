//! Which files there are, of which class each is, and their bytes.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::descriptor::PathPattern;
use zip::ZipArchive;

use crate::prepare::PrepareError;
use crate::prepare::origin::InputMark;

/// The largest file that is read as a patch.
const MAX_FILE: u64 = 256 << 20;
/// The most files that are listed.
const MAX_FILES: usize = 50_000_000;

/// One patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its class.
    pub(super) class: ClassId,
    /// Its id, such as `River/River_1`.
    pub(super) id: String,
    /// Its path in the folder or archive.
    path: String,
}

/// A folder or zip archive of patches.
pub(super) struct PatchFiles {
    root: PathBuf,
    /// All files, sorted.
    paths: Vec<String>,
    archive: Option<ZipArchive<BufReader<File>>>,
}

impl PatchFiles {
    /// Lists the files of the folder or zip archive at `root`.
    pub(super) fn open(root: &Path) -> Result<Self, PrepareError> {
        let metadata = fs::metadata(root).map_err(PrepareError::read(root))?;
        let (mut paths, mut archive) = (Vec::new(), None);
        if metadata.is_dir() {
            list_folder(root, "", &mut paths)?;
        } else {
            let opened = open_archive(root)?;
            for name in opened.file_names() {
                let name = name.map_err(|source| archive_error(root, source))?;
                if !name.ends_with('/') {
                    paths.push(name.into_owned());
                }
            }
            archive = Some(opened);
        }
        paths.sort_unstable();
        Ok(Self { root: root.to_owned(), paths, archive })
    }

    /// What tells this input from another.
    pub(super) fn mark(&self) -> Result<InputMark, PrepareError> {
        if self.archive.is_some() {
            return InputMark::of_file(&self.root);
        }
        let mut mark = InputMark::of_folder(&self.root);
        mark.files = self.paths.len();
        for path in &self.paths {
            let path = self.root.join(path);
            mark.note(&fs::metadata(&path).map_err(PrepareError::read(&path))?);
        }
        Ok(mark)
    }

    /// The files that match `pattern`, in order of path.
    ///
    /// # Errors
    /// If there is none, or one is of a class that `classes` lacks.
    pub(super) fn entries(
        &self,
        pattern: &PathPattern,
        classes: &ClassMap,
    ) -> Result<Vec<Entry>, PrepareError> {
        let mut entries = Vec::new();
        for path in &self.paths {
            let Some((class, name)) = pattern.read(path) else { continue };
            let id = format!("{class}/{name}");
            let class = classes.id(class).ok_or_else(|| PrepareError::UnknownClass {
                path: self.root.join(path),
                class: class.to_owned(),
                classes: classes.to_string(),
            })?;
            entries.push(Entry { class, id, path: path.clone() });
        }
        if entries.is_empty() {
            let example = self.paths.first().map(|path| format!(", such as `{path}`"));
            return Err(PrepareError::NoPatches {
                path: self.root.clone(),
                pattern: pattern.as_str().to_owned(),
                files: self.paths.len(),
                example: example.unwrap_or_default(),
            });
        }
        Ok(entries)
    }

    /// Where `entry` lies, for messages.
    pub(super) fn full_path(&self, entry: &Entry) -> PathBuf {
        self.root.join(&entry.path)
    }

    /// The bytes of `entry`.
    pub(super) fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, PrepareError> {
        let path = self.full_path(entry);
        let mut bytes = Vec::new();
        match &mut self.archive {
            None => {
                let file = File::open(&path).map_err(PrepareError::read(&path))?;
                file.take(MAX_FILE + 1)
                    .read_to_end(&mut bytes)
                    .map_err(PrepareError::read(&path))?;
            }
            Some(archive) => {
                let file =
                    archive.by_name(&entry.path).map_err(|source| archive_error(&path, source))?;
                let mut file = file.take(MAX_FILE + 1);
                file.read_to_end(&mut bytes).map_err(|source| archive_error(&path, source))?;
            }
        }
        if bytes.len() as u64 > MAX_FILE {
            return Err(PrepareError::Unlike {
                path,
                found: format!("is larger than {MAX_FILE} bytes"),
                expected: "a small image".to_owned(),
            });
        }
        Ok(bytes)
    }
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, PrepareError> {
    let file = File::open(path).map_err(PrepareError::read(path))?;
    ZipArchive::new(BufReader::new(file)).map_err(|source| archive_error(path, source))
}

fn archive_error(
    path: &Path,
    source: impl std::error::Error + Send + Sync + 'static,
) -> PrepareError {
    PrepareError::Archive { path: path.to_owned(), source: Box::new(source) }
}

/// Appends all files below `folder`, as paths relative to it that begin with `prefix`.
fn list_folder(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), PrepareError> {
    for entry in fs::read_dir(folder).map_err(PrepareError::read(folder))? {
        let entry = entry.map_err(PrepareError::read(folder))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().map_err(PrepareError::read(&path))?.is_dir() {
            list_folder(&path, &format!("{name}/"), paths)?;
        } else {
            paths.push(name);
        }
        if paths.len() > MAX_FILES {
            return Err(PrepareError::Unlike {
                path: folder.to_owned(),
                found: format!("has more than {MAX_FILES} files"),
                expected: "a folder of patches".to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn pattern() -> PathPattern {
        PathPattern::new("{class}/{name}.jpg").unwrap()
    }

    fn classes() -> ClassMap {
        ClassMap::new(["River", "Forest"]).unwrap()
    }

    fn make_folder(root: &Path) {
        for path in ["2750/River/River_2.jpg", "2750/Forest/Forest_1.jpg", "2750/readme.txt"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), path).unwrap();
        }
    }

    fn make_archive(path: &Path) {
        let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        for name in ["2750/River/River_2.jpg", "2750/Forest/Forest_1.jpg", "2750/readme.txt"] {
            zip.start_file(name, options).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    #[test]
    fn folders_and_archives_hold_the_same_patches_in_order() {
        let directory = tempfile::tempdir().unwrap();
        make_folder(&directory.path().join("folder"));
        make_archive(&directory.path().join("archive.zip"));
        for root in ["folder", "archive.zip"] {
            let mut files = PatchFiles::open(&directory.path().join(root)).unwrap();
            let entries = files.entries(&pattern(), &classes()).unwrap();
            let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
            assert_eq!(ids, ["Forest/Forest_1", "River/River_2"]);
            assert_eq!(entries[0].class, ClassId::new(1));
            assert_eq!(files.read(&entries[1]).unwrap(), b"2750/River/River_2.jpg");
        }
    }

    #[test]
    fn unknown_classes_and_foreign_folders_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        make_folder(directory.path());
        let files = PatchFiles::open(directory.path()).unwrap();
        let lacking = ClassMap::new(["River", "Lake"]).unwrap();
        let error = files.entries(&pattern(), &lacking).unwrap_err().to_string();
        assert!(error.contains("`Forest`") && error.contains("River, Lake"), "{error}");
        let other = PathPattern::new("{class}/{name}.png").unwrap();
        let error = files.entries(&other, &classes()).unwrap_err().to_string();
        assert!(error.contains("of 3 files, such as `2750/"), "{error}");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.zip");
        fs::write(&path, "no zip").unwrap();
        assert!(matches!(PatchFiles::open(&path), Err(PrepareError::Archive { .. })));
        assert!(matches!(
            PatchFiles::open(&directory.path().join("none")),
            Err(PrepareError::Read { .. })
        ));
    }
}
