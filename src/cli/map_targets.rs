//! The files that a command will write, held against each other and against what it reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A file that will be written.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The file.
    pub(super) file: PathBuf,
    /// The name that was given, which may be that of a file beside it.
    pub(super) of: PathBuf,
}

/// Refuses two files of one name.
pub(super) fn check_distinct(targets: &[Target]) -> anyhow::Result<()> {
    let mut seen: BTreeMap<PathBuf, &Target> = BTreeMap::new();
    for target in targets {
        if let Some(other) = seen.insert(full(&target.file), target) {
            bail!(
                "`{}` would be written twice, for `--out {}` and for `--out {}`; choose another name",
                target.file.display(),
                other.of.display(),
                target.of.display()
            );
        }
    }
    Ok(())
}

/// Refuses to write over one of `inputs`, each with what it is.
pub(super) fn check_spared(targets: &[Target], inputs: &[(&str, &Path)]) -> anyhow::Result<()> {
    for (what, input) in inputs {
        let place = full(input);
        if let Some(target) = targets.iter().find(|target| full(&target.file) == place) {
            bail!(
                "`--out {}` would write over `{}`, which is {what} (`{}`); choose another name",
                target.of.display(),
                target.file.display(),
                input.display()
            );
        }
    }
    Ok(())
}

/// The one name of a file, there or not, whatever links and dots it is called by.
fn full(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default();
    match folder.canonicalize() {
        Ok(folder) => folder.join(name),
        // A folder that is not there holds no input.
        Err(_) => path.to_owned(),
    }
}
