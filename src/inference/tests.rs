//! Mapping with a model that looks at one number.

mod deciding;
mod parts;
mod reading;
mod settling;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::{CellTableHeader, CellTableWriter};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::descriptor::Descriptor;
use tesela_datasets::patch::{PatchDefinition, PatchShape, SampleType};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::source::{Batch, InputDefinition};
use tesela_models::bundle::TrainedCells;
use tesela_models::classifier::{Classifier, PredictError, Probabilities, SaveError};

use super::{
    Decider, GridInput, InferenceError, MapSummary, ModelFacts, Models, MosaicInput, PartSet,
    PartSummary, merge, predict_part,
};
use crate::cutting::Part;
use crate::map::{MapReader, MapRows, ModelOrigin, Quality};
use crate::progress::{Progress, Unwatched};
use crate::raster::{BandLayout, CoordinateSystem, GeoTiffLayout, GeoTiffWriter, Window};

/// Says how bright the centre is, a little more or less.
struct Bright {
    classes: ClassMap,
    input: InputDefinition,
    more: f32,
    /// How many patches it was asked about.
    asked: Arc<AtomicU64>,
}

impl Bright {
    fn new() -> Self {
        Self::of_side(33)
    }

    /// Of patches with so many pixels a side.
    fn of_side(side: usize) -> Self {
        let bands = BandSet::new([Band::Red]).unwrap();
        let pixel = PixelDefinition { bands, ..PixelDefinition::of_product(Product::C1) };
        let shape = PatchShape { bands: 1, height: side, width: side };
        let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
        let input = InputDefinition::Patches(input);
        let classes = ClassMap::new(["dark", "bright"]).unwrap();
        Self { classes, input, more: 0.0, asked: Arc::default() }
    }

    /// What is known of it: it was fitted on the cell `c1`.
    fn facts(&self) -> ModelFacts {
        ModelFacts {
            name: PathBuf::from("bright"),
            origin: ModelOrigin {
                digest: format!("digest {}", self.more),
                kind: "bright".to_owned(),
                dataset: "test".to_owned(),
                measured: serde_json::Map::new(),
                settled: None,
            },
            classes: self.classes.clone(),
            input: self.input.clone(),
            operating_point: None,
            applicability: None,
            trained: Some(TrainedCells::from_iter([CellId::new("c1")])),
            pixel_metres: Some(30.0),
        }
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
        self.asked.fetch_add(patches.len() as u64, Ordering::Relaxed);
        let mut values = Vec::new();
        let mut numbers = vec![0.0; patches.shape.samples()];
        for index in 0..patches.len() {
            patches.copy_patch(index, &mut numbers);
            let share = if patches.used_of(index).contains(&true) {
                numbers[numbers.len() / 2] / 10_000.0 + self.more
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
    write_cells(path, 11, 10, 990.0);
}

/// Cells from the upper left corner of the mosaic on, their sides in metres.
fn write_cells(path: &Path, columns: usize, rows: usize, side: f64) {
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let classes = ClassMap::new(["known"]).unwrap();
    let header = CellTableHeader { classes, crs: Some(crs.to_crs()) };
    let cells: Vec<Cell> = (0..columns * rows)
        .map(|index| {
            let (row, column) = ((index / columns) as f64, (index % columns) as f64);
            let (x, y) = (500_000.0 + column * side, 2_000_000.0 - (row + 1.0) * side);
            Cell {
                id: CellId::new(format!("c{index}")),
                label: Label::Undefined,
                outline: Some(Outline::square(x, y, side)),
                year: None,
            }
        })
        .collect();
    let mut writer = CellTableWriter::create(path, &header).unwrap();
    writer.append(&cells).unwrap();
    writer.finish().unwrap();
}

/// Cells a side of a grid whose cells have three pixels a side, all within the mosaic.
const FINE_SIDE: usize = 80;

/// A folder with a mosaic, a grid, and models.
struct Place {
    folder: TempDir,
    models: Models,
    asked: Arc<AtomicU64>,
    descriptor: Option<Descriptor>,
    /// The name of the mosaic.
    mosaic: &'static str,
    as_raster: bool,
}

impl Place {
    fn new() -> Self {
        Self::with(&[0.0])
    }

    /// With a model for each number in `more`.
    fn with(more: &[f32]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_mosaic(&folder.path().join("m.tif"));
        write_grid(&folder.path().join("g.parquet"));
        let asked: Arc<AtomicU64> = Arc::default();
        let models = more.iter().map(|&more| {
            let model = Bright { more, asked: Arc::clone(&asked), ..Bright::new() };
            let facts = model.facts();
            (Box::new(model) as Box<dyn Classifier>, facts)
        });
        let models = Models::new(models.collect(), "flex").unwrap();
        Self { folder, models, asked, descriptor: None, mosaic: "m.tif", as_raster: false }
    }

    /// With so many cells of three pixels a side that they are cut in several batches.
    fn fine() -> Self {
        let mut place = Self::new();
        write_cells(&place.path("g.parquet"), FINE_SIDE, FINE_SIDE, 90.0);
        let model = Bright { asked: Arc::clone(&place.asked), ..Bright::of_side(3) };
        let facts = model.facts();
        place.models = Models::new(vec![(Box::new(model), facts)], "flex").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn grid(&self) -> GridInput {
        let id_column = "cell_id".to_owned();
        GridInput {
            path: self.path("g.parquet"),
            layer: None,
            id_column,
            as_raster: self.as_raster,
        }
    }

    fn predict(&self, part: &str, folder: &str) -> Result<PartSummary, InferenceError> {
        self.predict_watched(part, folder, false, &mut Unwatched)
    }

    fn predict_watched(
        &self,
        part: &str,
        folder: &str,
        force: bool,
        watch: &mut dyn Progress,
    ) -> Result<PartSummary, InferenceError> {
        let mosaic = self.path(self.mosaic);
        let mosaic = MosaicInput { path: &mosaic, descriptor: self.descriptor.as_ref(), force };
        let part: Part = part.parse().unwrap();
        predict_part(&self.models, &mosaic, &self.grid(), part, &self.path(folder), watch)
    }

    fn merge(&self, parts: &[&str], out: &str) -> Result<MapSummary, InferenceError> {
        let parts: Vec<PathBuf> = parts.iter().map(|name| self.path(name)).collect();
        let facts = self.models.facts();
        let decider = Decider::new(facts, false)?;
        let out = self.path(out);
        merge(&PartSet::open(&parts)?, facts, &decider, &self.grid(), &out, &mut Unwatched)
    }

    fn rows(&self, map: &str) -> MapRows {
        let mut all = MapReader::open(&self.path(map)).unwrap().map(Result::unwrap);
        let rows = all.next().unwrap();
        assert!(all.next().is_none());
        rows
    }

    /// How many patches the models were asked about since the last time.
    fn asked(&self) -> u64 {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn every_cell_gets_the_class_of_its_own_pixels() {
    let place = Place::new();
    let part = place.predict("1/1", "parts").unwrap();
    assert_eq!((part.cells, part.known), (100, 0));
    let summary = place.merge(&["parts"], "map.parquet").unwrap();
    let expected = MapSummary {
        cells: 110,
        counts: vec![50, 40],
        unknown: 20,
        outside: 10,
        partial: 0,
        trained: Some(1),
        settled: Vec::new(),
    };
    assert_eq!(summary, expected);
    let rows = place.rows("map.parquet");
    for index in 0..110 {
        let column = index % 11;
        assert_eq!(rows.cells[index].id.as_str(), format!("c{index}"));
        let expected = (column < 9).then(|| usize::from(column >= 5));
        assert_eq!(rows.classes[index].map(ClassId::index), expected, "{index}");
        let bright = rows.probabilities_of(index, 2)[1];
        let expected = column as f32 / 10.0 + 0.05;
        assert!(if column < 9 { (bright - expected).abs() < 1e-6 } else { bright.is_nan() });
        let quality = [Quality::Full, Quality::NoData, Quality::Outside][column.saturating_sub(8)];
        assert_eq!(rows.qualities[index], quality);
        assert_eq!(rows.used_shares[index], if column < 9 { 1.0 } else { 0.0 });
        assert_eq!(rows.trained[index], index == 1);
    }
}

#[test]
fn any_number_of_parts_gives_the_same_map() {
    let place = Place::new();
    place.predict("1/1", "whole").unwrap();
    place.merge(&["whole"], "whole.parquet").unwrap();
    let whole = fs::read(place.path("whole.parquet")).unwrap();
    for of in [2, 3, 7, 40] {
        place.asked();
        let folder = format!("parts-{of}");
        let mut cells = 0;
        for part in 1..=of {
            cells += place.predict(&format!("{part}/{of}"), &folder).unwrap().cells;
        }
        assert_eq!((cells, place.asked()), (100, 100), "{of} parts");
        place.merge(&[&folder], "map.parquet").unwrap();
        assert!(fs::read(place.path("map.parquet")).unwrap() == whole, "{of} parts");
    }
}

#[test]
fn what_is_cut_off_anywhere_is_taken_up_again_and_ends_with_the_same_bytes() {
    let place = Place::fine();
    let all = (FINE_SIDE * FINE_SIDE) as u64;
    let ledger = place.predict("1/1", "parts").unwrap().ledger;
    let whole = fs::read(&ledger).unwrap();
    place.merge(&["parts"], "whole.parquet").unwrap();
    let map = fs::read(place.path("whole.parquet")).unwrap();
    place.asked();
    // Behind magic, version, length and checksum.
    let header = 20 + u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    let in_between = AtomicU64::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
    let outcome = runner.run(&(0..whole.len(), any::<bool>()), |(at, flipped)| {
        let mut bytes = whole.clone();
        if flipped && at >= header {
            bytes[at] ^= 0x10;
        } else {
            bytes.truncate(at);
        }
        fs::write(&ledger, bytes).unwrap();
        let again = place.predict("1/1", "parts").unwrap();
        prop_assert_eq!(again.known + place.asked(), all);
        if again.known > 0 && again.known < all {
            in_between.fetch_add(1, Ordering::Relaxed);
        }
        prop_assert!(fs::read(&ledger).unwrap() == whole);
        place.merge(&["parts"], "map.parquet").unwrap();
        prop_assert!(fs::read(place.path("map.parquet")).unwrap() == map);
        Ok(())
    });
    outcome.unwrap();
    assert!(in_between.into_inner() > 0, "all or nothing was known each time");
}

#[test]
fn altered_parts_are_an_error_or_the_same_map() {
    let place = Place::new();
    let whole = fs::read(place.predict("1/1", "parts").unwrap().ledger).unwrap();
    place.merge(&["parts"], "whole.parquet").unwrap();
    let map = fs::read(place.path("whole.parquet")).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let alterations = (0..whole.len(), 1_u8.., any::<bool>());
    let outcome = runner.run(&alterations, |(at, flip, cut)| {
        let mut bytes = whole.clone();
        bytes[at] ^= flip;
        if cut {
            bytes.truncate(at + 1);
        }
        fs::write(place.path("altered.cells"), bytes).unwrap();
        if place.merge(&["altered.cells"], "altered.parquet").is_ok() {
            prop_assert!(fs::read(place.path("altered.parquet")).unwrap() == map);
        }
        Ok(())
    });
    outcome.unwrap();
}

/// Stops after the first batch.
#[derive(Debug)]
struct Hasty {
    stopped: bool,
    warnings: Vec<String>,
}

impl Progress for Hasty {
    fn start(&mut self, what: &str, _total: Option<u64>, _unit: &str) {
        self.stopped = what == "predicting";
    }
    fn advance(&mut self, _count: u64) {}
    fn show(&mut self, _message: &str) {}
    fn finish(&mut self, _summary: &str) {}
    fn warn(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
    fn wants_stop(&self) -> bool {
        self.stopped
    }
}

#[test]
fn parts_that_do_not_make_a_map_are_named() {
    let place = Place::new();
    for part in ["1/3", "2/3"] {
        place.predict(part, "parts").unwrap();
    }
    let refused = |parts: &[&str]| {
        let error = place.merge(parts, "map.parquet").unwrap_err();
        assert!(!place.path("map.parquet").exists());
        error.to_string()
    };
    assert!(refused(&["parts"]).contains("1 of 3 parts are missing: 3"));
    let mut watch = Hasty { stopped: false, warnings: Vec::new() };
    let error = place.predict_watched("3/3", "parts", false, &mut watch).unwrap_err();
    assert!(matches!(error, InferenceError::Interrupted));
    assert!(refused(&["parts"]).contains("1 of 3 parts are missing: 3 (1 of these are begun"));
    place.predict("3/3", "parts").unwrap();
    assert!(!place.path("parts/part-3-of-3.cells.partial").exists());
    let third = place.path("parts/part-3-of-3.cells");
    let whole = fs::read(&third).unwrap();
    // In the midst of the first block: which cells are in the last one is a matter of threads.
    let header = u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    fs::write(&third, &whole[..20 + header + 20]).unwrap();
    assert!(refused(&["parts"]).contains("(part 3/3) has 0 of 3"));
    fs::write(&third, whole).unwrap();
    let twice = ["parts", "parts/part-1-of-3.cells"];
    assert!(refused(&twice).contains("is part 1, too"));
    place.predict("1/2", "halves").unwrap();
    assert!(refused(&["parts", "halves"]).contains("it is one of 2 parts"));
    assert!(refused(&["m.tif"]).contains("does not begin with `TESLEDGR`"));
    // A part that claims the cells of another.
    let copied = place.path("parts/part-2-of-3.cells");
    let text = fs::read(place.path("parts/part-1-of-3.cells")).unwrap();
    fs::write(&copied, text).unwrap();
    assert!(refused(&["parts"]).contains("is part 1, too"));
    assert!(refused(&["nowhere"]).contains("nowhere"));
}

#[test]
fn a_prediction_of_something_else_is_not_continued() {
    let place = Place::new();
    let ledger = place.predict("1/1", "parts").unwrap().ledger;
    let other = Place::with(&[0.01]);
    fs::create_dir(other.path("parts")).unwrap();
    fs::copy(&ledger, other.path("parts/part-1-of-1.cells")).unwrap();
    let message = other.predict("1/1", "parts").unwrap_err().to_string();
    assert!(message.contains("holds another prediction: the bundle was `digest 0`"), "{message}");
    let message = other.merge(&["parts"], "map.parquet").unwrap_err().to_string();
    assert!(message.contains("`bright` is not the one that predicted"), "{message}");
}

#[test]
fn two_processes_do_not_write_the_same_part() {
    let place = Place::new();
    fs::create_dir(place.path("parts")).unwrap();
    let other = fs::File::create(place.path("parts/part-1-of-1.cells.partial")).unwrap();
    other.lock().unwrap();
    let message = place.predict("1/1", "parts").unwrap_err().to_string();
    assert!(message.contains("is being written by another process"), "{message}");
    drop(other);
    assert_eq!(place.predict("1/1", "parts").unwrap().cells, 100);
}

#[test]
fn a_grid_that_changed_in_between_is_noticed() {
    let place = Place::new();
    place.predict("1/1", "parts").unwrap();
    let header = CellTableHeader {
        classes: ClassMap::new(["known"]).unwrap(),
        crs: Some(CoordinateSystem::parse("EPSG:32614").unwrap().to_crs()),
    };
    let mut writer = CellTableWriter::create(&place.path("g.parquet"), &header).unwrap();
    let outline = Some(Outline::square(500_000.0, 1_999_010.0, 990.0));
    let label = Label::Undefined;
    writer.append(&[Cell { id: CellId::new("c0"), label, outline, year: None }]).unwrap();
    writer.finish().unwrap();
    let message = place.merge(&["parts"], "map.parquet").unwrap_err().to_string();
    assert!(message.contains("has 1 cells, that one 110"), "{message}");
    assert!(!place.path("map.parquet").exists());
}

#[test]
fn several_models_give_their_mean_and_how_far_they_are_apart() {
    let place = Place::with(&[-0.04, 0.02]);
    place.predict("1/1", "parts").unwrap();
    place.merge(&["parts"], "map.parquet").unwrap();
    let rows = place.rows("map.parquet");
    for column in 0..9 {
        let expected = column as f32 / 10.0 + 0.04;
        assert!((rows.probabilities_of(column, 2)[1] - expected).abs() < 1e-6);
        assert!((rows.spreads[column] - 0.03).abs() < 1e-6);
        assert_eq!(rows.classes[column].map(ClassId::index), Some(usize::from(column >= 5)));
    }
    assert!(rows.spreads[9].is_nan() && rows.spreads[10].is_nan());
}

#[test]
fn models_that_do_not_fit_together_are_refused() {
    let [one, mut other] = [Bright::new(), Bright::new()];
    other.classes = ClassMap::new(["bright", "dark"]).unwrap();
    let models = [one, other].map(|model| {
        let facts = model.facts();
        (Box::new(model) as Box<dyn Classifier>, facts)
    });
    let error = Models::new(models.into(), "flex").err().unwrap();
    assert!(error.to_string().contains("the classes of `bright` are"), "{error}");
    assert!(matches!(Models::new(Vec::new(), "flex").err(), Some(InferenceError::NoModel)));
}

#[test]
fn a_mosaic_of_another_product_is_refused() {
    let mut place = Place::new();
    place.descriptor = Some(Descriptor::load(Path::new("landsat-c1")).unwrap());
    let error = place.predict("1/1", "parts").unwrap_err();
    assert!(matches!(error, InferenceError::Unfit { .. }));
    assert!(error.to_string().contains("the set of bands"), "{error}");
}

#[test]
fn another_resolution_is_refused_with_its_risk_and_can_be_forced() {
    let model = Bright::new();
    let facts = ModelFacts { pixel_metres: Some(10.0), ..model.facts() };
    let mut place = Place::new();
    place.models = Models::new(vec![(Box::new(model), facts)], "flex").unwrap();
    let message = place.predict("1/1", "parts").unwrap_err().to_string();
    for words in [
        "30.000 m a pixel",
        "fitted on 10.000 m a pixel",
        "`--force`",
        "nothing that was measured holds",
    ] {
        assert!(message.contains(words), "{message}");
    }
    let mut watch = Hasty { stopped: false, warnings: Vec::new() };
    drop(place.predict_watched("1/1", "parts", true, &mut watch));
    // It says what was found, what was expected, and what may go wrong.
    let warning = &watch.warnings[0];
    for words in ["resolution", "30.000 m", "10.000 m"] {
        assert!(warning.contains(words), "{warning}");
    }
    let risks = ["measured", "wrong", "texture", "risk"];
    assert!(risks.iter().any(|risk| warning.contains(risk)), "{warning}");
    assert_eq!(place.predict_watched("1/1", "parts", true, &mut Unwatched).unwrap().cells, 100);
}
