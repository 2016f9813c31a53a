//! A descriptor as written in TOML, before it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::pixel::{Product, TasseledCap};

/// A descriptor file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawDescriptor {
    /// Short name, in small letters, digits and hyphens.
    pub name: String,
    /// What the data are and who made them.
    pub source: String,
    /// Licence of the data.
    pub licence: String,
    /// How to cite it.
    pub citation: Option<String>,
    /// Where a person gets the original.
    pub obtain: Option<String>,
    /// The published rule that turns numbers into reflectance; without it, `[scale]` is needed.
    pub product: Option<Product>,
    /// A rule of one's own, for imagery that is not calibrated.
    pub scale: Option<RawScale>,
    /// The rotation behind the six tasseled-cap channels.
    pub tasseled_cap: Option<TasseledCap>,
    /// The bands in the order of the file; `-` for one that is not used. Imagery needs them, a table has none.
    pub bands: Option<Vec<String>>,
    /// The classes, in the order of every table.
    pub classes: Vec<String>,
    /// SHA-256 of files, by file name.
    #[serde(default)]
    pub checksums: BTreeMap<String, String>,
    /// The data are one raster, cut by a grid.
    pub mosaic: Option<RawMosaic>,
    /// The data are ready-made patches.
    pub patches: Option<RawPatches>,
    /// The data are the rows of a table.
    pub table: Option<RawTable>,
}

/// `[scale]`: value = scale · number + offset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawScale {
    /// Factor of the stored number.
    pub scale: f64,
    /// Addend after the factor.
    #[serde(default)]
    pub offset: f64,
    /// The stored number that means "no data".
    pub nodata: Option<f64>,
    /// Histogram range of the bands, in values.
    pub histogram_range: Option<[f64; 2]>,
}

/// `[mosaic]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawMosaic {
    /// Where the raster lies, where it always lies at the same place; `data:` is the folder of data sets.
    pub path: Option<String>,
    /// Rows and columns of a patch, an odd number; by default what the cells of the grid measure.
    pub patch_pixels: Option<usize>,
}

/// `[patches]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawPatches {
    /// Where the folder or zip archive lies; `data:` is the folder of data sets.
    pub path: Option<String>,
    /// How a path tells class and name, such as `{class}/{name}.jpg`.
    pub pattern: String,
}

/// `[table]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawTable {
    /// Where the table lies, CSV or Parquet; `data:` is the folder of data sets.
    pub path: Option<String>,
    /// The column of ids.
    pub id: String,
    /// The column of labels; without it, all rows are undefined.
    pub label: Option<String>,
    /// The column of groups: rows that belong together.
    pub group: Option<String>,
    /// The column of years.
    pub year: Option<String>,
    /// The column of eastings or longitudes.
    pub x: Option<String>,
    /// The column of northings or latitudes.
    pub y: Option<String>,
    /// What the coordinates mean, such as `EPSG:32614`.
    pub crs: Option<String>,
    /// The columns that are learned from; by default all that hold numbers.
    pub columns: Option<Vec<String>>,
    /// Columns that are left out of these.
    pub ignore: Option<Vec<String>>,
}
