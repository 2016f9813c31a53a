//! Why something on the ground could not be read, written or moved.

use std::path::{Path, PathBuf};

use gdal::errors::GdalError;

/// Why something on the ground could not be read, written or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// There is no such file.
    #[error("`{}` does not exist; expected {expected}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it should have been.
        expected: &'static str,
    },
    /// The file holds nothing at all.
    #[error("`{}` is empty (0 bytes); expected {expected}", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should have been.
        expected: &'static str,
    },
    /// The file is of another kind, or damaged.
    #[error("`{}` cannot be opened as {expected}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What it should have been.
        expected: &'static str,
        /// What GDAL said.
        source: GdalError,
    },
    /// The file lies on a server that does not give it.
    #[error(
        "`{}` cannot be opened over the network in {attempts} attempts: {said}; {advice}", .path.display()
    )]
    Network {
        /// Its address.
        path: PathBuf,
        /// How often it was tried.
        attempts: u32,
        /// What GDAL said of the network.
        said: String,
        /// What can be done.
        advice: &'static str,
    },
    /// The file is an archive, in which rasters lie.
    #[error("`{}` is an archive; name a raster in it: {}", .path.display(), list(.found))]
    Archive {
        /// The file.
        path: PathBuf,
        /// The names under which rasters in it can be opened.
        found: Vec<String>,
    },
    /// The file is readable, and something else.
    #[error("`{}` is {found}; expected {expected}", .path.display())]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The file has other layers.
    #[error("`{}` has no layer `{layer}`; it has {}", .path.display(), list(.found))]
    NoLayer {
        /// The file.
        path: PathBuf,
        /// The layer that was asked for.
        layer: String,
        /// The layers that there are.
        found: Vec<String>,
    },
    /// The file has several layers and none was chosen.
    #[error("`{}` has {} layers, name one of them: {}", .path.display(), .found.len(), list(.found))]
    WhichLayer {
        /// The file.
        path: PathBuf,
        /// The layers that there are.
        found: Vec<String>,
    },
    /// The layer has other columns.
    #[error("`{}` has no column `{column}`; it has {}", .path.display(), list(.found))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns that there are.
        found: Vec<String>,
    },
    /// The attribute filter is not understood.
    #[error("`{}` cannot be filtered by `{filter}`", .path.display())]
    Filter {
        /// The file.
        path: PathBuf,
        /// The condition, as written.
        filter: String,
        /// What GDAL said.
        source: GdalError,
    },
    /// Reading broke off.
    #[error("`{}` cannot be read to its end: {message}", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What GDAL said.
        message: String,
    },
    /// A feature has a geometry of another kind.
    #[error("feature {feature} of `{}` is a {found}; expected a polygon", .path.display())]
    NotPolygon {
        /// The file.
        path: PathBuf,
        /// Number of the feature in the file.
        feature: u64,
        /// The kind of geometry that it has.
        found: String,
    },
    /// A feature has a coordinate that is no number.
    #[error("feature {feature} of `{}` has a coordinate that is not finite", .path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Number of the feature in the file.
        feature: u64,
    },
    /// A polygon crosses itself and cannot be repaired.
    #[error("feature {feature} of `{}` is an invalid polygon that cannot be repaired", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Number of the feature in the file.
        feature: u64,
        /// What GDAL said.
        source: GdalError,
    },
    /// Nobody knows where the file lies.
    #[error(
        "`{}` has no coordinate reference system; give it one, for example with `ogr2ogr -a_srs` or `gdal_edit.py -a_srs`",
        .path.display()
    )]
    NoCrs {
        /// The file.
        path: PathBuf,
    },
    /// The text names no coordinate reference system.
    #[error(
        "`{definition}` is not a coordinate reference system; expected a code such as `EPSG:6372`, WKT or PROJJSON"
    )]
    UnknownCrs {
        /// The text.
        definition: String,
        /// What GDAL said.
        source: GdalError,
    },
    /// The coordinate reference system does not measure in metres.
    #[error(
        "`{crs}` counts in {found}; expected a projected coordinate reference system in metres"
    )]
    NotMetric {
        /// The coordinate reference system.
        crs: String,
        /// Its unit.
        found: String,
    },
    /// Points cannot be moved from one coordinate reference system to the other.
    #[error("coordinates cannot be transformed from `{from}` to `{to}`")]
    Transform {
        /// Where the points are from.
        from: String,
        /// Where they should go.
        to: String,
        /// What GDAL said.
        source: GdalError,
    },
    /// A raster or layer has no place on the ground.
    #[error("`{}` has no extent on the ground: {reason}", .path.display())]
    NoExtent {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// GDAL refused.
    #[error("cannot {action} `{}`", .path.display())]
    Gdal {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What GDAL said.
        source: GdalError,
    },
    /// GDAL refused, and has said more than its own error holds.
    #[error("cannot {action} `{}`: {message}", .path.display())]
    Refused {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said, such as that the disk is full.
        message: String,
    },
    /// A declaration or a request makes no sense.
    #[error("raster `{}`: {message}", .path.display())]
    Request {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        message: String,
    },
    /// The file is not complete, as happens where the disk is full.
    #[error("raster `{}` is incomplete: {message}", .path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is missing.
        message: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl RasterError {
    /// For `map_err`: GDAL refused to do `action` with `path`.
    pub(crate) fn gdal(action: &'static str, path: &Path) -> impl FnOnce(GdalError) -> Self {
        let path = path.to_owned();
        move |source| Self::Gdal { action, path, source }
    }

    /// For `map_err`: the operating system refused to do `action` with `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut text: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}
