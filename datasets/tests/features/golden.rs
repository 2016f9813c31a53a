//! The golden vectors of `tests/data/golden`, within the published tolerances: single-precision pixels with
//! double-precision sums.

use std::path::PathBuf;

use tesela_datasets::channels::{Channel, ChannelKernel};
use tesela_datasets::features::{
    BINS, FeatureExtractor, FeatureScratch, HistogramMode, STATISTICS,
};
use tesela_datasets::patch::PatchShape;
use tesela_datasets::pixel::{Band, PixelDefinition, Product, TasseledCap};

/// How far a number may be from its reference: `absolute + relative · |reference|`.
#[derive(Clone, Copy)]
struct Tolerance {
    absolute: f64,
    relative: f64,
}

const fn within(absolute: f64, relative: f64) -> Tolerance {
    Tolerance { absolute, relative }
}

const CHANNELS: Tolerance = within(2e-6, 2e-6);

impl Tolerance {
    #[track_caller]
    fn check(self, found: f32, expected: f64, what: &str) {
        assert_eq!(found.is_nan(), expected.is_nan(), "{what}: {found}, expected {expected}");
        let error = (f64::from(found) - expected).abs();
        let allowed = self.absolute + self.relative * expected.abs();
        assert!(
            expected.is_nan() || error <= allowed,
            "{what}: {found}, expected {expected}; off by {error:.1e}, allowed {allowed:.1e}"
        );
    }
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden").join(name)
}

/// A table of text, by row.
struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(name: &str) -> Self {
        let mut reader = csv::Reader::from_path(golden(name)).expect("the golden table is there");
        let head = reader.headers().expect("it has a head");
        let head = head.iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| {
            let row = row.expect("a golden row is complete");
            row.iter().map(str::to_owned).collect()
        });
        Self { head, rows: rows.collect() }
    }

    fn column(&self, name: &str) -> usize {
        self.head.iter().position(|own| own == name).expect("the golden column is there")
    }

    fn number(&self, row: usize, column: usize) -> f64 {
        self.rows[row][column].parse().expect("a golden value is a number")
    }
}

fn product_of(name: &str) -> Product {
    match name {
        "c1" => Product::C1,
        "c2" => Product::C2,
        other => unreachable!("golden data has no product `{other}`"),
    }
}

/// The pixels of one product as a patch of one row, with the rows of the table they come from.
fn pixels_of(table: &Table, product: &str) -> (Vec<usize>, Vec<f32>, Vec<bool>) {
    let of_product = table.column("product");
    let rows: Vec<usize> =
        (0..table.rows.len()).filter(|&row| table.rows[row][of_product] == product).collect();
    let bands = Band::ALL.map(|band| table.column(&format!("dn_{band}")));
    let stored = |column: usize, row: usize| -> f32 {
        table.rows[row][column].parse().expect("a stored number")
    };
    let samples =
        bands.iter().flat_map(|&column| rows.iter().map(move |&row| stored(column, row))).collect();
    let valid = table.column("valid");
    let used = rows.iter().map(|&row| table.rows[row][valid] == "1").collect();
    (rows, samples, used)
}

fn check_pixels(product: &str, tasseled_cap: TasseledCap, column_of: impl Fn(Channel) -> String) {
    let table = Table::read("golden_pixels.csv");
    let (rows, samples, used) = pixels_of(&table, product);
    let definition =
        PixelDefinition { tasseled_cap, ..PixelDefinition::of_product(product_of(product)) };
    for (at, &row) in rows.iter().enumerate() {
        let valid = samples.iter().skip(at).step_by(rows.len());
        let valid = valid.clone().all(|&stored| definition.scaling.is_valid(stored));
        assert_eq!(valid, used[at], "{}", table.rows[row][1]);
    }
    let shape = PatchShape { bands: 6, height: 1, width: rows.len() };
    let mut out = vec![0.0; 27 * rows.len()];
    ChannelKernel::new(&definition).compute(shape, &samples, &used, &mut out);
    for channel in Channel::ALL {
        let column = table.column(&column_of(channel));
        for (at, &row) in rows.iter().enumerate() {
            let what = format!("{channel} of {}", table.rows[row][1]);
            let found = out[channel.index() * rows.len() + at];
            CHANNELS.check(found, table.number(row, column), &what);
        }
    }
}

fn plain_column(channel: Channel) -> String {
    if channel.is_band() { format!("rho_{channel}") } else { channel.name().to_owned() }
}

#[test]
fn golden_pixels_have_their_channels_in_both_products() {
    check_pixels("c1", TasseledCap::Tm, plain_column);
    check_pixels("c2", TasseledCap::Tm, plain_column);
}

#[test]
fn golden_pixels_have_the_components_of_the_other_table() {
    let column = |channel: Channel| {
        let component = channel >= Channel::Tcb;
        if component { format!("x_etm_{channel}") } else { plain_column(channel) }
    };
    check_pixels("c1", TasseledCap::Etm, column);
    check_pixels("c2", TasseledCap::Etm, column);
}

const SIZE: usize = 33;
const PIXELS: usize = SIZE * SIZE;
const SHAPE: PatchShape = PatchShape { bands: 6, height: SIZE, width: SIZE };

/// One golden patch, in the layout of a store.
struct Patch {
    name: String,
    definition: PixelDefinition,
    samples: Vec<f32>,
    used: Vec<bool>,
}

fn array<T: npyz::Deserialize>(name: &str) -> Vec<T> {
    let bytes = std::fs::read(golden(name)).expect("the golden array is there");
    npyz::NpyFile::new(&bytes[..]).and_then(npyz::NpyFile::into_vec).expect("it is an array")
}

fn patches() -> Vec<Patch> {
    let names = Table::read("golden_features.csv").head;
    let names = names.iter().filter_map(|name| name.strip_prefix("fixed_"));
    let numbers = array::<i32>("golden_patches_dn.npy"); // [patch, row, column, band]
    let inside = array::<u8>("golden_patches_inside.npy"); // [patch, row, column]
    let patch = |(index, name): (usize, &str)| {
        let product = if name.ends_with("c2") { Product::C2 } else { Product::C1 };
        let definition = PixelDefinition::of_product(product);
        let numbers = &numbers[index * PIXELS * 6..][..PIXELS * 6];
        let samples: Vec<f32> = (0..6)
            .flat_map(|band| (0..PIXELS).map(move |pixel| numbers[pixel * 6 + band] as f32))
            .collect();
        let inside = &inside[index * PIXELS..][..PIXELS];
        let valid = |pixel: usize| {
            (0..6).all(|band| definition.scaling.is_valid(samples[band * PIXELS + pixel]))
        };
        let used = (0..PIXELS).map(|pixel| inside[pixel] == 1 && valid(pixel)).collect();
        Patch { name: name.to_owned(), used, samples, definition }
    };
    names.enumerate().map(patch).collect()
}

#[test]
fn golden_patches_have_their_channels_where_they_are_used_and_nothing_elsewhere() {
    const STEP: usize = 31;
    let expected = array::<f32>("golden_channels.npy"); // [patch, pixel, channel]
    let patches = patches();
    let kept = PIXELS.div_ceil(STEP);
    assert_eq!(expected.len(), patches.len() * kept * 27);
    for (patch, expected) in patches.iter().zip(expected.chunks(kept * 27)) {
        let mut out = vec![0.0; 27 * PIXELS];
        let kernel = ChannelKernel::new(&patch.definition);
        kernel.compute(SHAPE, &patch.samples, &patch.used, &mut out);
        for channel in Channel::ALL {
            let plane = &out[channel.index() * PIXELS..][..PIXELS];
            for (value, &used) in plane.iter().zip(&patch.used) {
                assert_eq!(value.is_nan(), !used, "{channel} of {}", patch.name);
            }
            for (at, &found) in plane.iter().step_by(STEP).enumerate() {
                let expected = f64::from(expected[at * 27 + channel.index()]);
                CHANNELS.check(found, expected, &format!("{channel} of {}, {at}", patch.name));
            }
        }
    }
}

/// The tolerance of a statistic over `used` pixels.
fn tolerance(statistic: &str, mode: HistogramMode, used: usize) -> Tolerance {
    let moved = 10.0 / used as f64;
    match (statistic, mode) {
        ("mean" | "median" | "center", _) => within(1e-6, 1e-5),
        ("var", _) => within(1e-12, 1e-4),
        ("cv", _) => within(1e-6, 1e-4),
        ("skew" | "kurt", _) => within(1e-5, 1e-4),
        ("entropy", HistogramMode::Fixed) => within(1e-5, 0.0),
        // Ten pixels in other bins change two terms of p ln p each.
        ("entropy", HistogramMode::Patch) => within(1e-5 + 2.0 * moved * (used as f64).ln(), 0.0),
        (_, HistogramMode::Fixed) => within(1e-6, 0.0),
        // The limits of a patch are values of single precision: ten pixels may change their bin.
        (_, HistogramMode::Patch) => within(1e-6 + moved, 0.0),
    }
}

fn check_features(mode: HistogramMode, prefix: &str) {
    let table = Table::read("golden_features.csv");
    for patch in patches() {
        let column = table.column(&format!("{prefix}_{}", patch.name));
        let extractor = FeatureExtractor::new(&patch.definition, mode);
        let mut found = vec![0.0; extractor.columns().len()];
        let mut scratch = FeatureScratch::default();
        let used = extractor.extract(&mut scratch, SHAPE, &patch.samples, &patch.used, &mut found);
        assert_eq!(used.to_string(), table.rows[0][column], "used pixels of {}", patch.name);
        assert_eq!(table.rows.len(), 1 + found.len());
        for (at, (name, &found)) in extractor.columns().iter().zip(&found).enumerate() {
            assert_eq!(*name, table.rows[1 + at][0]);
            let tolerance = tolerance(STATISTICS[at % STATISTICS.len()], mode, used.max(1));
            let expected = table.number(1 + at, column);
            tolerance.check(found, expected, &format!("{prefix} {name} of {}", patch.name));
        }
    }
}

#[test]
fn golden_patches_have_their_features_with_fixed_histograms() {
    check_features(HistogramMode::Fixed, "fixed");
}

#[test]
fn golden_patches_have_their_features_with_histograms_of_their_own() {
    check_features(HistogramMode::Patch, "patch");
}

#[test]
fn at_most_ten_pixels_in_all_change_their_bin_in_a_histogram_of_a_patch() {
    let table = Table::read("golden_features.csv");
    for patch in patches() {
        let column = table.column(&format!("patch_{}", patch.name));
        let extractor = FeatureExtractor::new(&patch.definition, HistogramMode::Patch);
        let mut found = vec![0.0; extractor.columns().len()];
        let mut scratch = FeatureScratch::default();
        let used = extractor.extract(&mut scratch, SHAPE, &patch.samples, &patch.used, &mut found);
        for (channel, row) in found.chunks(STATISTICS.len()).enumerate().filter(|_| used > 0) {
            let moved: f64 = (7..7 + BINS)
                .map(|at| (channel * STATISTICS.len() + at, row[at]))
                .map(|(at, share)| (f64::from(share) - table.number(1 + at, column)).abs())
                .sum();
            // A pixel that moves is missing in one bin and added in another.
            let pixels = moved * used as f64 / 2.0;
            assert!(pixels < 10.01, "{pixels:.2} pixels of channel {channel} of {}", patch.name);
        }
    }
}
