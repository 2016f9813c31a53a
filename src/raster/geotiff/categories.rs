//! The names of values, in a file beside the raster.

use std::fs;
use std::path::{Path, PathBuf};

use super::{BandLayout, GeoTiffLayout};
use crate::raster::RasterError;

/// Where the names of the values of the raster `path` lie.
pub(super) fn categories_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".aux.xml");
    path.with_file_name(name)
}

/// Writes the names of values where GDAL and QGIS look for them: `<file>.aux.xml`.
pub(super) fn write_categories(path: &Path, layout: &GeoTiffLayout) -> Result<(), RasterError> {
    let bands: Vec<String> = (1..).zip(&layout.bands).filter_map(category_xml).collect();
    let aux = categories_path(path);
    if bands.is_empty() {
        return match fs::remove_file(&aux) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(RasterError::io("replace", &aux)(error))
            }
            _ => Ok(()),
        };
    }
    fs::write(&aux, format!("<PAMDataset>\n{}</PAMDataset>\n", bands.concat()))
        .map_err(RasterError::io("write", &aux))
}

/// The names of the values of one numbered band, if it has any.
fn category_xml((number, band): (usize, &BandLayout)) -> Option<String> {
    let category = |name: &String| format!("      <Category>{}</Category>\n", escape(name));
    let names: Vec<String> = band.categories.iter().map(category).collect();
    (!names.is_empty()).then(|| {
        format!(
            "  <PAMRasterBand band=\"{number}\">\n    <CategoryNames>\n{}    </CategoryNames>\n  \
             </PAMRasterBand>\n",
            names.concat()
        )
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
