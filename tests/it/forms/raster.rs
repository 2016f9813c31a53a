//! Rasters of a map.

use std::path::Path;

use tesela::map::{MapRows, MapWriter, write_cog};
use tesela::raster::{Mosaic, MosaicReading, Window};
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::pixel::Scaling;

use super::{Country, class_of, header, names_in};

/// The numbers of the first band of the raster at `path` of `bands` bands.
fn first_band(path: &Path, bands: usize, nodata: Option<f64>) -> Vec<f32> {
    let mut names = vec!["-".to_owned(); bands];
    names[0] = "red".to_owned();
    let scaling = Scaling::declared(1.0, 0.0, nodata);
    let reading = MosaicReading { bands: FileBands::new(&names).unwrap(), scaling };
    let raster = Mosaic::open(path, &reading).unwrap();
    let (width, height) = (raster.columns(), raster.rows());
    let mut values = vec![0.0; width * height];
    let window = Window { column: 0, row: 0, width, height };
    raster.read(window).unwrap().samples.copy_to_f32(0, &mut values);
    values
}

#[test]
fn pixels_are_the_classes_and_probabilities_of_cells() {
    // More than a block each way, so that there are overviews.
    let country = Country::new(701, 600);
    let files = write_cog(&country.map(), &country.path("map.tif")).unwrap();
    assert_eq!(files.numbers, country.path("map-probability.tif"));
    let classes = first_band(&files.classes, 1, Some(255.0));
    let numbers = first_band(&files.numbers, 6, None);
    assert_eq!(classes.len(), 701 * 600);
    for number in 0..701 * 600 {
        let class = class_of(number).filter(|_| !number.is_multiple_of(7));
        assert_eq!(classes[number], class.map_or(255.0, |class| class as f32), "{number}");
        match class {
            Some(class) => assert_eq!(numbers[number], [0.75, 0.25][class], "{number}"),
            None => assert!(numbers[number].is_nan(), "{number}"),
        }
    }
    let expected = ["map-probability.tif", "map.parquet", "map.qml", "map.tif", "map.tif.aux.xml"];
    assert_eq!(names_in(country.folder.path()), expected);
}

#[test]
fn a_grid_that_is_no_lattice_is_refused_and_the_old_map_stays() {
    let country = Country::new(5, 5);
    let out = country.path("map.tif");
    std::fs::write(&out, "an older map").unwrap();
    let mut rows = MapRows::default();
    for (number, place) in [(1, 1), (2, 2), (9, 1)] {
        country.add(&mut rows, number, place);
    }
    let mut writer = MapWriter::create(&country.map(), &header()).unwrap();
    writer.append(&rows).unwrap();
    writer.finish().unwrap();
    let error = write_cog(&country.map(), &out).unwrap_err().to_string();
    assert!(error.contains("`c9` lies on another"), "{error}");
    assert_eq!(std::fs::read(&out).unwrap(), b"an older map");
    assert_eq!(names_in(country.folder.path()), ["map.parquet", "map.tif"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let country = Country::new(3, 3);
    let error = write_cog(&country.map(), &country.path("no/map.tif")).unwrap_err();
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.contains("no/map.tif"), "{chain}");
}
