//! A map as cloud-optimised GeoTIFF on the grid: one pixel per cell.

use std::path::{Path, PathBuf};

use tesela_datasets::class::ClassMap;
use tesela_datasets::patch::SampleType;
use tesela_datasets::whole_file::write_whole;

use super::lattice::Lattice;
use super::palette::colour_of;
use super::planes::{NO_CLASS, class_plane, number_planes, part};
use super::qgis_style::qgis_raster_style;
use super::{ColumnKind, MapError, MapHeader, MapReader};
use crate::raster::{
    BandLayout, CogWriter, CoordinateSystem, FinishedCog, GeoTiffLayout, Overviews, Window,
};

/// Bytes of numbers that are held at once; what needs more takes several passes through the map.
const PLANES: usize = 512 << 20;

/// The files of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CogFiles {
    /// One band: the class, with colours and names.
    pub classes: PathBuf,
    /// One band per column of numbers: the probability of each class, uncertainty, and what else the map has.
    pub numbers: PathBuf,
    /// How QGIS draws the classes; it looks for the file by itself.
    pub style: PathBuf,
}

impl CogFiles {
    /// The files of the map that is written to `out`.
    pub fn of(out: &Path) -> Self {
        let style = out.with_extension("qml");
        Self { classes: out.to_owned(), numbers: beside(out), style }
    }
}

/// Whether a raster can hold so many classes.
///
/// # Errors
/// If there are too many; the message says how many fit.
pub fn check_raster_classes(classes: &ClassMap) -> Result<(), String> {
    match classes.len() {
        found if found > usize::from(NO_CLASS) => {
            Err(format!("there are {found} classes; at most {NO_CLASS} fit"))
        }
        _ => Ok(()),
    }
}

/// Writes the finished map `map` to `out` (the classes: bytes, 255 without class) and to a second file beside it (the
/// numbers: single precision, `NaN` where nothing is known), which for `map.tif` is `map-probability.tif`.
///
/// Both are cloud-optimised: tiled, with overviews, in which classes are the most frequent ones and numbers means. Names
/// of classes lie in `<file>.aux.xml`, where GDAL and QGIS look for them, and as `CLASS_0`, … in the metadata of the
/// band; a style for QGIS, for `map.tif` in `map.qml`, keeps its legend to the classes. Memory is a byte a pixel and 512 MiB for numbers (or one of the bands, where that is more).
///
/// # Errors
/// If the map cannot be read, its grid is not regular and axis-parallel, there are more than 255 classes, or a file
/// cannot be written; neither file is there then, or both are as they were.
pub fn write_cog(map: &Path, out: &Path) -> Result<CogFiles, MapError> {
    let header = MapReader::open(map)?.header().clone();
    check_raster_classes(&header.origin.classes)
        .map_err(|reason| MapError::NoLattice { path: map.to_owned(), reason })?;
    let lattice = Lattice::of_map(map)?;
    let place = place_of(&header, &lattice)?;
    let files = CogFiles::of(out);
    let class_file = write_classes(map, &header.origin.classes, &lattice, &place, &files.classes)?;
    let number_file = write_numbers(map, &header, &lattice, &place, &files.numbers)?;
    let style = qgis_raster_style(&header.origin.classes);
    write_whole(&files.style, style.as_bytes())
        .map_err(|source| MapError::Write { path: files.style.clone(), source })?;
    class_file.publish()?;
    number_file.publish()?;
    Ok(files)
}

/// `map.tif` becomes `map-probability.tif`.
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!("{stem}-probability.tif"))
}

/// A raster of the cells of `lattice`, without bands.
fn place_of(header: &MapHeader, lattice: &Lattice) -> Result<GeoTiffLayout, MapError> {
    let size = lattice.size;
    let crs = header.cells.crs.as_ref().map(CoordinateSystem::from_crs).transpose()?;
    Ok(GeoTiffLayout {
        transform: [lattice.corner.x, size, 0.0, lattice.corner.y, 0.0, -size],
        crs: crs.map(|crs| crs.projjson().to_owned()),
        ..GeoTiffLayout::new(lattice.columns, lattice.rows, SampleType::UInt8)
    })
}

fn write_classes(
    map: &Path,
    classes: &ClassMap,
    lattice: &Lattice,
    place: &GeoTiffLayout,
    out: &Path,
) -> Result<FinishedCog, MapError> {
    let colour = |class| {
        let [red, green, blue] = colour_of(class);
        [red, green, blue, u8::MAX]
    };
    let band = BandLayout {
        name: "class".to_owned(),
        colours: classes.ids().map(colour).collect(),
        categories: classes.names().to_vec(),
    };
    let layout =
        GeoTiffLayout { bands: vec![band], nodata: Some(f64::from(NO_CLASS)), ..place.clone() };
    let windows: Vec<Window> = layout.windows(1).collect();
    let plane = class_plane(map, lattice)?;
    let mut writer = CogWriter::create(out, layout, Overviews::MostFrequent)?;
    for window in windows {
        writer.write(0, window, &part(&plane, lattice.columns, window))?;
    }
    Ok(writer.finish()?)
}

fn write_numbers(
    map: &Path,
    header: &MapHeader,
    lattice: &Lattice,
    place: &GeoTiffLayout,
    out: &Path,
) -> Result<FinishedCog, MapError> {
    let columns = header.origin.columns();
    let is_number = |&index: &usize| columns[index].kind == ColumnKind::Number;
    let numbers: Vec<usize> = (0..columns.len()).filter(is_number).collect();
    let layout = GeoTiffLayout {
        sample_type: SampleType::Float32,
        bands: numbers.iter().map(|&index| BandLayout::named(&columns[index].name)).collect(),
        nodata: Some(f64::NAN),
        ..place.clone()
    };
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = CogWriter::create(out, layout, Overviews::Mean)?;
    let at_once = (PLANES / size_of::<f32>() / lattice.pixels()).max(1);
    let mut band = 0;
    for columns in numbers.chunks(at_once) {
        for plane in number_planes(map, lattice, columns)? {
            for &window in &windows {
                writer.write(band, window, &part(&plane, lattice.columns, window))?;
            }
            band += 1;
        }
    }
    Ok(writer.finish()?)
}
