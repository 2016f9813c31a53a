//! How a mosaic is read: what is refused, what is told, and what a prediction is known by.

use super::*;

/// Hears warnings.
#[derive(Debug, Default)]
struct Listener(Vec<String>);

impl Progress for Listener {
    fn start(&mut self, _what: &str, _total: Option<u64>, _unit: &str) {}
    fn advance(&mut self, _count: u64) {}
    fn show(&mut self, _message: &str) {}
    fn finish(&mut self, _summary: &str) {}
    fn warn(&mut self, message: &str) {
        self.0.push(message.to_owned());
    }
    fn wants_stop(&self) -> bool {
        false
    }
}

/// A mosaic of 10 by 10 cells like that of [`write_mosaic`], with bands called `names`; `number(band, column)` is the number of the
/// cells in a column.
fn write_bands(
    path: &Path,
    names: &[&str],
    nodata: Option<f64>,
    number: impl Fn(usize, usize) -> i16,
) {
    let layout = GeoTiffLayout {
        bands: names.iter().map(|&name| BandLayout::named(name)).collect(),
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        nodata,
        ..GeoTiffLayout::new(330, 330, SampleType::Int16)
    };
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout).unwrap();
    for window in windows {
        for band in 0..names.len() {
            let columns = window.column..window.column + window.width;
            let row: Vec<i16> = columns.map(|column| number(band, column / 33)).collect();
            writer.write(band, window, &row.repeat(window.height)).unwrap();
        }
    }
    writer.finish().unwrap();
}

fn ascending(column: usize) -> i16 {
    i16::try_from(column * 1000 + 500).unwrap()
}

/// Two bands: the second is as bright as the first is dark.
fn two_bands(band: usize, column: usize) -> i16 {
    if band == 0 { ascending(column) } else { 10_000 - ascending(column) }
}

impl Place {
    /// Takes a descriptor of `bands` with `more`, which says what the numbers are.
    fn describe(&mut self, bands: &str, more: &str) {
        let path = self.path("d.toml");
        let text = format!(
            "name = \"d\"\nsource = \"nobody\"\nlicence = \"MIT\"\nclasses = [\"a\", \"b\"]\nbands = [{bands}]\n{more}\n[mosaic]\n"
        );
        fs::write(&path, text).unwrap();
        self.descriptor = Some(Descriptor::load(&path).unwrap());
    }

    /// The message that predicting is refused with.
    fn refused(&self) -> String {
        chain(&self.predict("1/1", "parts").unwrap_err())
    }

    /// The warnings of predicting with `--force`.
    fn forced(&self) -> Vec<String> {
        let mut listener = Listener::default();
        let part = self.predict_watched("1/1", "forced", true, &mut listener).unwrap();
        assert_eq!(part.cells, 100);
        listener.0
    }

    /// Takes one model with another input.
    fn model_of(&mut self, change: impl Fn(&mut PatchDefinition)) {
        let mut model = Bright { asked: Arc::clone(&self.asked), ..Bright::new() };
        let mut patches = model.input.patches().unwrap().clone();
        change(&mut patches);
        model.input = InputDefinition::Patches(patches);
        let facts = model.facts();
        self.models = Models::new(vec![(Box::new(model), facts)], "flex").unwrap();
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

const C1: &str = "product = \"c1\"";
const OWN: &str = "[scale]\nscale = 0.0001\nnodata = -9999";

#[test]
fn what_was_begun_with_another_order_of_bands_is_not_continued() {
    let mut place = Place::new();
    write_bands(&place.path("m.tif"), &["", ""], Some(-9999.0), two_bands);
    place.describe("\"red\", \"-\"", C1);
    let mut watch = Hasty { stopped: false, warnings: Vec::new() };
    let stopped = place.predict_watched("1/1", "parts", false, &mut watch).unwrap_err();
    assert!(matches!(stopped, InferenceError::Interrupted));
    place.describe("\"-\", \"red\"", C1);
    let message = place.refused();
    assert!(message.contains("holds another prediction"), "{message}");
    assert!(message.contains("the order of the bands was `red 1`; now it is `red 2`"), "{message}");
    place.describe("\"red\", \"-\"", C1);
    place.predict("1/1", "parts").unwrap();
}

#[test]
fn parts_with_other_orders_or_scales_of_bands_do_not_make_a_map() {
    let mut place = Place::new();
    write_bands(&place.path("m.tif"), &["", ""], Some(-9999.0), two_bands);
    place.describe("\"red\", \"-\"", C1);
    place.predict("1/2", "parts").unwrap();
    place.describe("\"-\", \"red\"", C1);
    place.predict("2/2", "parts").unwrap();
    let message = place.merge(&["parts"], "map.parquet").unwrap_err().to_string();
    assert!(message.contains("the order of the bands was `red 2`; now it is `red 1`"), "{message}");
    place.describe("\"red\", \"-\"", OWN);
    fs::remove_file(place.path("parts/part-2-of-2.cells")).unwrap();
    place.predict_watched("2/2", "parts", true, &mut Unwatched).unwrap();
    let message = place.merge(&["parts"], "map.parquet").unwrap_err().to_string();
    let words =
        "the scale of the mosaic was `scale 0.0001, offset 0, nodata -9999`; now it is `c1`";
    assert!(message.contains(words), "{message}");
    assert!(!place.path("map.parquet").exists());
}

#[test]
fn a_mosaic_whose_content_changed_is_noticed_also_behind_a_virtual_raster() {
    let mut place = Place::new();
    let vrt = "<VRTDataset rasterXSize=\"330\" rasterYSize=\"330\"><SRS>EPSG:32614</SRS>\
        <GeoTransform>500000, 30, 0, 2000000, 0, -30</GeoTransform>\
        <VRTRasterBand dataType=\"Int16\" band=\"1\"><NoDataValue>-9999</NoDataValue><SimpleSource>\
        <SourceFilename relativeToVRT=\"1\">tile.tif</SourceFilename><SourceBand>1</SourceBand>\
        </SimpleSource></VRTRasterBand></VRTDataset>";
    for (mosaic, changing, parts) in
        [("m.tif", "m.tif", "parts"), ("m.vrt", "tile.tif", "virtual-parts")]
    {
        place.mosaic = mosaic;
        fs::write(place.path("m.vrt"), vrt).unwrap();
        write_mosaic(&place.path(changing));
        place.predict("1/2", parts).unwrap();
        place.predict("1/2", parts).unwrap();
        write_bands(&place.path(changing), &["red"], Some(-9999.0), |_, column| {
            ascending(9 - column)
        });
        let message = place.predict("1/2", parts).unwrap_err().to_string();
        assert!(message.contains("the content of the mosaic was `"), "{message}");
    }
}

#[test]
fn what_another_version_began_is_an_error_with_both_formats() {
    let place = Place::new();
    let ledger = place.predict("1/1", "parts").unwrap().ledger;
    let mut bytes = fs::read(&ledger).unwrap();
    bytes[8] = 1;
    for path in [ledger.clone(), place.path("parts/part-1-of-1.cells.partial")] {
        drop(fs::remove_file(&ledger));
        fs::write(&path, &bytes).unwrap();
        let message = place.refused();
        assert!(message.contains("has format 1; this build reads 2"), "{message}");
        fs::remove_file(path).unwrap();
    }
    fs::write(&ledger, &bytes).unwrap();
    let message = place.merge(&["parts"], "map.parquet").unwrap_err().to_string();
    assert!(message.contains("has format 1; this build reads 2"), "{message}");
}

#[test]
fn another_scale_is_refused_with_its_risk_and_can_be_forced() {
    let mut place = Place::new();
    place.describe("\"red\"", OWN);
    let message = place.refused();
    for words in [
        "the scale is scale 0.0001, offset 0, nodata -9999",
        "the model was fitted on product `c1`",
        "`--force`",
        "wherever the scales differ",
    ] {
        assert!(message.contains(words), "{message}");
    }
    let warnings = place.forced();
    assert!(warnings[0].contains("the scale of the mosaic is scale 0.0001"), "{warnings:?}");
    assert_eq!(warnings.len(), 1);
}

#[test]
fn another_tasseled_cap_is_refused_by_its_name_and_can_be_forced() {
    let mut place = Place::new();
    place.describe("\"red\"", "product = \"c1\"\ntasseled-cap = \"oli-sr\"");
    let message = place.refused();
    let words = "the tasseled cap is `oli-sr`, and the model was fitted on `tm`";
    assert!(message.contains(words), "{message}");
    let warnings = place.forced();
    assert!(warnings[0].contains("the tasseled cap of the mosaic is `oli-sr`"), "{warnings:?}");
}

#[test]
fn another_type_of_numbers_is_refused() {
    let mut place = Place::new();
    place.model_of(|patches| patches.sample_type = SampleType::Float32);
    let message = place.refused();
    let words = "the type of numbers is int16, and the model was fitted on float32";
    assert!(message.contains(words), "{message}");
}

#[test]
fn names_of_bands_that_contradict_the_reading_are_refused_and_can_be_forced() {
    let mut place = Place::new();
    write_bands(&place.path("m.tif"), &["green", "red"], Some(-9999.0), two_bands);
    place.describe("\"red\", \"-\"", C1);
    let message = place.refused();
    let words = "calls its bands 1 green, 2 red; descriptor `d` says 1 red, 2 -. With `--force`";
    assert!(message.contains(words), "{message}");
    let warnings = place.forced();
    assert!(warnings[0].contains("read as 1 red, 2 -: indexes of bands"), "{warnings:?}");
    place.describe("\"-\", \"red\"", C1);
    place.predict("1/1", "right").unwrap();
    // Without a descriptor it is the canonical order that is contradicted.
    write_bands(&place.path("m.tif"), &["nir"], Some(-9999.0), |_, column| ascending(column));
    place.descriptor = None;
    let message = place.refused();
    assert!(message.contains("without a descriptor the canonical order says 1 red"), "{message}");
}

#[test]
fn without_a_descriptor_messages_speak_of_the_model() {
    let mut place = Place::new();
    let path = place.path("m.tif");
    let input = MosaicInput { path: &path, descriptor: None, force: false };
    let told = input.assumption(&place.models).unwrap();
    assert!(told.contains("taken for red in this order, with product `c1`"), "{told}");
    write_bands(&path, &["", ""], Some(-9999.0), two_bands);
    let message = place.refused();
    assert!(message.contains("has 2 bands; the model was fitted on 1 (red)"), "{message}");
    assert!(!message.contains("the descriptor lists"), "{message}");
    write_bands(&path, &["red"], Some(0.0), |_, column| ascending(column));
    let message = place.refused();
    assert!(
        message.contains("declares nodata 0; product `c1` of the model has -9999"),
        "{message}"
    );
    place.describe("\"red\"", C1);
    let input = MosaicInput { path: &path, descriptor: place.descriptor.as_ref(), force: false };
    assert_eq!(input.assumption(&place.models), None);
}

#[test]
fn near_infrared_of_another_product_is_told_at_the_end_of_a_part() {
    let mut place = Place::new();
    place.model_of(|patches| patches.pixel.bands = BandSet::new([Band::Nir]).unwrap());
    let told = |number: i16| {
        write_bands(&place.path("m.tif"), &["nir"], Some(-9999.0), |_, _| number);
        let (mut listener, folder) = (Listener::default(), format!("parts-{number}"));
        place.predict_watched("1/1", &folder, false, &mut listener).unwrap();
        listener.0
    };
    assert_eq!(told(2500), Vec::<String>::new());
    let warnings = told(16_000);
    assert_eq!(warnings.len(), 1);
    for words in ["reflectance is 1.60", "between 0.15 and 0.35", "under product `c2` it would be"]
    {
        assert!(warnings[0].contains(words), "{warnings:?}");
    }
}

#[test]
fn missing_pixels_are_those_of_the_mosaic_also_where_its_scale_is_forced() {
    let mut place = Place::new();
    let number = |_: usize, column: usize| if column == 9 { 0 } else { ascending(column) };
    write_bands(&place.path("m.tif"), &["red"], Some(0.0), number);
    place.describe("\"red\"", "[scale]\nscale = 0.0001\nnodata = 0");
    let warnings = place.forced();
    assert!(warnings[0].contains("pixels of 0 alone count as missing"), "{warnings:?}");
    let summary = place.merge(&["forced"], "map.parquet").unwrap();
    assert_eq!((summary.unknown, summary.outside), (20, 10));
    let rows = place.rows("map.parquet");
    assert_eq!(rows.qualities[9], Quality::NoData);
    assert!(rows.probabilities_of(9, 2)[1].is_nan());
}

#[test]
fn a_file_that_declares_no_nodata_value_is_told_once() {
    let place = Place::new();
    write_bands(&place.path("m.tif"), &["red"], None, |_, column| ascending(column));
    let warnings = place.forced();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("declares no nodata value: pixels of -9999"), "{warnings:?}");
    write_mosaic(&place.path("m.tif"));
    drop(fs::remove_dir_all(place.path("forced")));
    assert!(place.forced().is_empty());
}

#[test]
fn patches_that_no_mosaic_gives_are_refused_before_anything_is_read() {
    let mut place = Place::new();
    for (height, width) in [(0, 0), (1_000_001, 1_000_001), (64, 64), (33, 31), (513, 513)] {
        place.model_of(|patches| patches.shape = PatchShape { bands: 1, height, width });
        let message = place.refused();
        assert!(
            message.contains(&format!("{height} × {width} pixels; those of a mosaic")),
            "{message}"
        );
    }
}

#[test]
fn cells_that_cannot_be_pixels_are_refused_before_anything_is_computed() {
    let mut place = Place::new();
    let header = CellTableHeader {
        classes: ClassMap::new(["known"]).unwrap(),
        crs: Some(CoordinateSystem::parse("EPSG:32614").unwrap().to_crs()),
    };
    let cell = |(index, (x, y)): (usize, (f64, f64))| Cell {
        id: CellId::new(format!("c{index}")),
        label: Label::Undefined,
        outline: Some(Outline::square(500_000.0 + x, 1_990_100.0 + y, 990.0)),
        year: None,
    };
    let places = [(0.0, 0.0), (990.0, 0.0), (1485.0, 990.0)];
    let mut writer = CellTableWriter::create(&place.path("g.parquet"), &header).unwrap();
    writer.append(&places.into_iter().enumerate().map(cell).collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    place.as_raster = true;
    let message = place.refused();
    assert!(message.contains("`c2` lies between rows or columns"), "{message}");
    assert_eq!(place.asked(), 0);
    place.as_raster = false;
    assert_eq!(place.predict("1/1", "parts").unwrap().cells, 3);
}
