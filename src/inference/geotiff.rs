//! A map as GeoTIFF on the grid: one pixel per cell.

use std::path::{Path, PathBuf};

use tesela_datasets::patch::SampleType;

use super::lattice::{Lattice, NO_CELL};
use super::{CellMap, InferenceError};
use crate::raster::{BandLayout, GeoTiffLayout, GeoTiffWriter, Window};

/// The number that stands for "no class".
const NO_CLASS: u8 = u8::MAX;
/// Colours that are told apart on a map, also by most people who see red and green alike (Okabe and Ito 2008,
/// grey first); repeated where there are more classes.
const COLOURS: [[u8; 4]; 8] = [
    [220, 220, 210, 255],
    [213, 94, 0, 255],
    [0, 114, 178, 255],
    [0, 158, 115, 255],
    [240, 228, 66, 255],
    [204, 121, 167, 255],
    [86, 180, 233, 255],
    [60, 60, 60, 255],
];

/// The files of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapFiles {
    /// One band: the class, with colours and names.
    pub classes: PathBuf,
    /// One band per class: its probability; and one for the share of used pixels.
    pub probabilities: PathBuf,
}

/// Writes `map` to `path` (the classes) and a second file beside it (the probabilities).
///
/// # Errors
/// If the grid is not regular and axis-parallel, there are more than 255 classes, or a file cannot be written.
pub fn write_geotiff(map: &CellMap, path: &Path) -> Result<MapFiles, InferenceError> {
    let no_lattice = |reason| InferenceError::NoLattice { path: path.to_owned(), reason };
    if map.classes.len() > usize::from(NO_CLASS) {
        let found = map.classes.len();
        return Err(no_lattice(format!("there are {found} classes; at most {NO_CLASS} fit")));
    }
    let lattice = Lattice::of(&map.cells).map_err(no_lattice)?;
    let probabilities = beside(path, "probability");
    write_probabilities(map, &lattice, &probabilities)?;
    write_classes(map, &lattice, path)?;
    Ok(MapFiles { classes: path.to_owned(), probabilities })
}

/// `map.tif` becomes `map-probability.tif`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!("{stem}-{suffix}.tif"))
}

fn layout(map: &CellMap, lattice: &Lattice, sample_type: SampleType) -> GeoTiffLayout {
    let size = lattice.size;
    GeoTiffLayout {
        transform: [lattice.corner.x, size, 0.0, lattice.corner.y, 0.0, -size],
        crs: Some(map.crs.projjson().to_owned()),
        ..GeoTiffLayout::new(lattice.columns, lattice.rows, sample_type)
    }
}

fn write_classes(map: &CellMap, lattice: &Lattice, path: &Path) -> Result<(), InferenceError> {
    let colours = COLOURS.iter().cycle().take(map.classes.len()).copied().collect();
    let categories = map.classes.names().to_vec();
    let band = BandLayout { name: "class".to_owned(), colours, categories };
    let layout = GeoTiffLayout {
        bands: vec![band],
        nodata: Some(f64::from(NO_CLASS)),
        ..layout(map, lattice, SampleType::UInt8)
    };
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout)?;
    for window in windows {
        let class = |cell: Option<usize>| {
            let class = cell.and_then(|cell| map.class(cell));
            class.map_or(NO_CLASS, |class| u8::try_from(class.index()).unwrap_or(NO_CLASS))
        };
        writer.write(0, window, &pixels(lattice, window, class))?;
    }
    Ok(writer.finish()?)
}

fn write_probabilities(
    map: &CellMap,
    lattice: &Lattice,
    path: &Path,
) -> Result<(), InferenceError> {
    let names = map.classes.names().iter().map(|name| format!("probability of {name}"));
    let names = names.chain(["share of used pixels".to_owned()]);
    let layout = GeoTiffLayout {
        bands: names.map(BandLayout::named).collect(),
        nodata: Some(f64::NAN),
        ..layout(map, lattice, SampleType::Float32)
    };
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout)?;
    for window in windows {
        for class in 0..map.classes.len() {
            let value = |cell: Option<usize>| cell.map_or(f32::NAN, |cell| map.row(cell)[class]);
            writer.write(class, window, &pixels(lattice, window, value))?;
        }
        let share = |cell: Option<usize>| cell.map_or(f32::NAN, |cell| map.used_shares[cell]);
        writer.write(map.classes.len(), window, &pixels(lattice, window, share))?;
    }
    Ok(writer.finish()?)
}

/// What `value` says of the cell of each pixel of `window`, row by row.
fn pixels<T>(lattice: &Lattice, window: Window, value: impl Fn(Option<usize>) -> T) -> Vec<T> {
    let rows = window.row..window.row + window.height;
    rows.flat_map(|row| {
        let start = row * lattice.columns + window.column;
        &lattice.cells[start..start + window.width]
    })
    .map(|&cell| value((cell != NO_CELL).then_some(cell).and_then(|cell| cell.try_into().ok())))
    .collect()
}
