//! Mapping with a model that looks at one number.

use std::path::Path;

use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::{CellTableHeader, CellTableReader, CellTableWriter};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::patch::{PatchDefinition, PatchShape, SampleType};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::source::{Batch, InputDefinition};
use tesela_models::classifier::{Classifier, PredictError, Probabilities, SaveError};

use super::{Deciding, InferenceError, PredictInput, predict_grid, write_geotiff, write_table};
use crate::grid::GridColumns;
use crate::progress::Unwatched;
use crate::raster::{
    BandLayout, CoordinateSystem, GeoTiffLayout, GeoTiffWriter, Mosaic, MosaicReading, Window,
};

/// Says how bright the centre is.
struct Bright {
    classes: ClassMap,
    input: InputDefinition,
}

impl Bright {
    fn new() -> Self {
        let bands = BandSet::new([Band::Red]).unwrap();
        let pixel = PixelDefinition { bands, ..PixelDefinition::of_product(Product::C1) };
        let shape = PatchShape { bands: 1, height: 33, width: 33 };
        let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
        let input = InputDefinition::Patches(input);
        Self { classes: ClassMap::new(["dark", "bright"]).unwrap(), input }
    }
}

impl Classifier for Bright {
    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn kind(&self) -> &'static str {
        "bright"
    }

    fn predict(&self, cells: &Batch) -> Result<Probabilities, PredictError> {
        let Batch::Patches(patches) = cells else { panic!("a mosaic has patches") };
        let mut values = Vec::new();
        let mut numbers = vec![0.0; patches.shape.samples()];
        for index in 0..patches.len() {
            patches.copy_patch(index, &mut numbers);
            let share = if patches.used_of(index).contains(&true) {
                numbers[16 * 33 + 16] / 10_000.0
            } else {
                f32::NAN
            };
            values.extend([1.0 - share, share]);
        }
        Ok(Probabilities::new(2, values))
    }

    fn save_weights(&self, _directory: &Path) -> Result<(), SaveError> {
        Ok(())
    }
}

/// A mosaic of 10 by 10 cells of 990 m, brighter from west to east; the last column has no data.
fn write_mosaic(path: &Path) {
    let layout = GeoTiffLayout {
        bands: vec![BandLayout::named("red")],
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        nodata: Some(-9999.0),
        ..GeoTiffLayout::new(330, 330, SampleType::Int16)
    };
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout).unwrap();
    for window in windows {
        let columns = window.column..window.column + window.width;
        let row: Vec<i16> = columns
            .map(|column| match column / 33 {
                9 => -9999,
                cell => i16::try_from(cell * 1000 + 500).unwrap(),
            })
            .collect();
        writer.write(0, window, &row.repeat(window.height)).unwrap();
    }
    writer.finish().unwrap();
}

/// 11 by 10 cells of 990 m; the last column lies beyond the mosaic.
fn write_grid(path: &Path) {
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let classes = ClassMap::new(["known"]).unwrap();
    let header = CellTableHeader { classes, crs: Some(crs.to_crs()) };
    let cells: Vec<Cell> = (0..110_usize)
        .map(|index| {
            let (row, column) = ((index / 11) as f64, (index % 11) as f64);
            let (x, y) = (500_000.0 + column * 990.0, 2_000_000.0 - (row + 1.0) * 990.0);
            Cell {
                id: CellId::new(format!("c{index}")),
                label: Label::Undefined,
                outline: Some(Outline::square(x, y, 990.0)),
                year: None,
            }
        })
        .collect();
    let mut writer = CellTableWriter::create(path, &header).unwrap();
    writer.append(&cells).unwrap();
    writer.finish().unwrap();
}

#[test]
fn every_cell_gets_the_class_of_its_own_pixels_in_both_formats() {
    let directory = tempfile::tempdir().unwrap();
    let (mosaic, grid) = (directory.path().join("m.tif"), directory.path().join("g.parquet"));
    write_mosaic(&mosaic);
    write_grid(&grid);
    let model = Bright::new();
    let input = PredictInput {
        mosaic: &mosaic,
        descriptor: None,
        grid: &grid,
        layer: None,
        columns: GridColumns::default(),
        scratch: directory.path(),
    };
    let map = predict_grid(&model, Deciding::default(), &input, &mut Unwatched).unwrap();
    assert_eq!((map.cells.len(), map.counts()), (110, vec![50, 40]));
    for index in 0..110 {
        let column = index % 11;
        let expected = (column < 9).then(|| usize::from(column >= 5));
        assert_eq!(map.class(index).map(ClassId::index), expected, "{index}");
        assert_eq!(map.used_shares[index] > 0.0, column < 9);
    }
    let table = directory.path().join("map.parquet");
    write_table(&map, &table).unwrap();
    assert_eq!(CellTableReader::open(&table).unwrap().len(), 110);

    let files = write_geotiff(&map, &directory.path().join("map.tif")).unwrap();
    let names = ["-".to_owned(), "red".to_owned(), "-".to_owned()];
    let bands = tesela_datasets::descriptor::FileBands::new(&names).unwrap();
    let scaling = tesela_datasets::pixel::Scaling::declared(1.0, 0.0, None);
    let raster = Mosaic::open(&files.probabilities, &MosaicReading { bands, scaling }).unwrap();
    assert_eq!((raster.columns(), raster.rows()), (11, 10));
    let window = Window { column: 0, row: 3, width: 11, height: 1 };
    let mut values = [0.0; 11];
    raster.read(window).unwrap().samples.copy_to_f32(0, &mut values);
    assert!((values[2] - 0.25).abs() < 1e-6 && values[9].is_nan() && values[10].is_nan());
}

#[test]
fn a_mosaic_of_another_product_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (mosaic, grid) = (directory.path().join("m.tif"), directory.path().join("g.parquet"));
    write_mosaic(&mosaic);
    write_grid(&grid);
    let descriptor =
        tesela_datasets::descriptor::Descriptor::load(Path::new("landsat-c1")).unwrap();
    let input = PredictInput {
        mosaic: &mosaic,
        descriptor: Some(&descriptor),
        grid: &grid,
        layer: None,
        columns: GridColumns::default(),
        scratch: directory.path(),
    };
    let error =
        predict_grid(&Bright::new(), Deciding::default(), &input, &mut Unwatched).unwrap_err();
    assert!(matches!(error, InferenceError::Unfit { .. }));
    assert!(error.to_string().contains("the set of bands"), "{error}");
}
