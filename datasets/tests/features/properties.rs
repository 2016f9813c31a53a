//! What must hold for any patch.

use proptest::prelude::*;
use tesela_datasets::channels::ChannelKernel;
use tesela_datasets::features::{BINS, FeatureExtractor, HistogramMode, STATISTICS};
use tesela_datasets::random::{generator, shuffle};

use crate::patches::{Patch, any_mode, any_patch};

const WIDTH: usize = STATISTICS.len();
const CENTRE: usize = WIDTH - 1;

fn close(a: f32, b: f32, absolute: f32, relative: f32) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= absolute + relative * b.abs()
}

/// Whether two rows of bits are equal; `NaN` equals itself.
fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|value| value.to_bits()).eq(b.iter().map(|value| value.to_bits()))
}

/// The used values of each channel.
fn values_of(patch: &Patch) -> Vec<Vec<f32>> {
    let kernel = ChannelKernel::new(&patch.definition);
    let pixels = patch.shape.pixels();
    let mut out = vec![0.0; kernel.channels().len() * pixels];
    kernel.compute(patch.shape, &patch.samples, &patch.used, &mut out);
    out.chunks(pixels)
        .map(|plane| plane.iter().copied().filter(|value| !value.is_nan()).collect())
        .collect()
}

/// Mean, variance, skewness and kurtosis, in double precision throughout.
fn plain_moments(values: &[f32]) -> [f64; 4] {
    let count = values.len() as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let central = |power: i32| {
        values.iter().map(|&value| (f64::from(value) - mean).powi(power)).sum::<f64>() / count
    };
    let variance = central(2);
    [mean, variance, central(3) / variance.powf(1.5), central(4) / variance.powi(2) - 3.0]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_shares_of_a_histogram_sum_to_one(patch in any_patch(), mode in any_mode()) {
        prop_assume!(patch.used_count() > 0);
        for row in patch.features(mode).1.chunks(WIDTH) {
            let shares = &row[7..7 + BINS];
            let sum: f32 = shares.iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-5, "{shares:?}");
            let entropy: f32 =
                shares.iter().filter(|&&share| share > 0.0).map(|share| -share * share.ln()).sum();
            prop_assert!(close(row[6], entropy, 1e-5, 0.0), "{} {entropy}", row[6]);
        }
    }

    #[test]
    fn an_extractor_of_some_columns_gives_their_bits(
        patch in any_patch(),
        mode in any_mode(),
        columns in proptest::collection::vec(0_usize..486, 0..12),
    ) {
        let all = patch.features(mode).1;
        let extractor = FeatureExtractor::new(&patch.definition, mode).only(columns.clone());
        let some = patch.features_of(&extractor).1;
        for &column in &columns {
            prop_assert_eq!(some[column].to_bits(), all[column].to_bits(), "{}", column);
        }
        for (some, all) in some.iter().zip(&all) {
            prop_assert!(some.is_nan() || some.to_bits() == all.to_bits());
        }
        let asked: Vec<usize> = columns.iter().map(|column| column / WIDTH).collect();
        let left = some.chunks(WIDTH).enumerate().filter(|(at, _)| !asked.contains(at));
        for (_, row) in left {
            prop_assert!(row.iter().all(|value| value.is_nan()), "no more is computed");
        }
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values(patch in any_patch(), mode in any_mode()) {
        prop_assume!(patch.used_count() > 0);
        let features = patch.features(mode).1;
        for (mut values, row) in values_of(&patch).into_iter().zip(features.chunks(WIDTH)) {
            values.sort_unstable_by(f32::total_cmp);
            let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
            let middle = f64::midpoint(f64::from(low), f64::from(high));
            prop_assert!((f64::from(row[2]) - middle).abs() <= f64::from(f32::EPSILON) * middle.abs());
        }
    }

    #[test]
    fn moments_agree_with_double_precision(patch in any_patch()) {
        prop_assume!(patch.used_count() > 0);
        let features = patch.features(HistogramMode::Fixed).1;
        for (values, row) in values_of(&patch).iter().zip(features.chunks(WIDTH)) {
            let [mean, variance, skewness, kurtosis] = plain_moments(values);
            prop_assert!((f64::from(row[0]) - mean).abs() <= 1e-7 + 1e-6 * mean.abs());
            let spread = values.iter().copied().fold(f32::MIN, f32::max)
                - values.iter().copied().fold(f32::MAX, f32::min);
            if f64::from(spread) <= 1e-6 * mean.abs().max(1.0) {
                prop_assert_eq!(&row[3..6], &[0.0; 3]);
                continue;
            }
            prop_assert!((f64::from(row[1]) - variance).abs() <= 1e-6 * variance);
            prop_assert!((f64::from(row[4]) - skewness).abs() <= 5e-6 + 1e-5 * skewness.abs());
            prop_assert!((f64::from(row[5]) - kurtosis).abs() <= 5e-6 + 1e-5 * kurtosis.abs());
        }
    }

    #[test]
    fn the_order_of_the_pixels_matters_to_the_centre_alone(
        patch in any_patch(), mode in any_mode(), seed in any::<u64>(),
    ) {
        let pixels = patch.shape.pixels();
        let mut order: Vec<usize> = (0..pixels).collect();
        shuffle(&mut generator(seed, &[]), &mut order);
        let mut shuffled = patch.clone();
        shuffled.used = order.iter().map(|&pixel| patch.used[pixel]).collect();
        shuffled.samples = patch
            .samples
            .chunks(pixels)
            .flat_map(|plane| order.iter().map(|&pixel| plane[pixel]))
            .collect();
        let (names, before) = patch.features(mode);
        for ((at, name), (a, b)) in
            names.iter().enumerate().zip(before.iter().zip(shuffled.features(mode).1))
        {
            let (absolute, relative) = match at % WIDTH {
                CENTRE => continue,
                // Counts and order statistics do not round.
                2 | 6..CENTRE => (0.0, 0.0),
                // Divided by a mean that may be a thousandth: the published tolerance.
                3 => (1e-6, 1e-4),
                _ => (5e-6, 1e-5),
            };
            prop_assert!(close(*a, b, absolute, relative), "{name}: {a} and {b}");
        }
    }

    #[test]
    fn a_constant_patch_has_its_value_and_no_spread(
        patch in any_patch(), numbers in prop::array::uniform6(-2000_i16..20_000), mode in any_mode(),
    ) {
        prop_assume!(patch.used_count() > 0);
        let mut patch = patch;
        for (plane, &number) in patch.samples.chunks_mut(patch.shape.height * patch.shape.width).zip(&numbers) {
            plane.fill(f32::from(number));
        }
        for (values, row) in values_of(&patch).iter().zip(patch.features(mode).1.chunks(WIDTH)) {
            prop_assert_eq!((row[2], row[CENTRE]), (values[0], values[0]));
            prop_assert!(close(row[0], values[0], 0.0, 1e-7));
            prop_assert_eq!((row[1], &row[3..7]), (0.0, &[0.0; 4][..]));
            prop_assert_eq!(row[7..7 + BINS].iter().filter(|&&share| share == 1.0).count(), 1);
            if mode == HistogramMode::Patch {
                prop_assert_eq!(row[7 + BINS / 2], 1.0);
            }
        }
    }

    #[test]
    fn one_used_pixel_is_its_own_mean_median_and_centre(patch in any_patch(), pick in any::<prop::sample::Index>()) {
        let mut patch = patch;
        patch.used.fill(false);
        let pixel = pick.index(patch.used.len());
        patch.used[pixel] = true;
        for (values, row) in values_of(&patch).iter().zip(patch.features(HistogramMode::Fixed).1.chunks(WIDTH)) {
            prop_assert_eq!(values.len(), 1);
            prop_assert_eq!((row[0], row[2], row[CENTRE]), (values[0], values[0], values[0]));
            prop_assert_eq!((row[1], &row[3..7]), (0.0, &[0.0; 4][..]));
        }
    }

    #[test]
    fn a_patch_without_used_pixels_has_no_features(patch in any_patch(), mode in any_mode()) {
        let mut patch = patch;
        patch.used.fill(false);
        prop_assert!(patch.features(mode).1.iter().all(|value| value.is_nan()));
        prop_assert!(values_of(&patch).iter().all(Vec::is_empty));
    }

    #[test]
    fn fewer_bands_give_fewer_columns_and_change_no_other(
        patch in any_patch(), mask in 1_u8..64, mode in any_mode(),
    ) {
        let (all_names, all) = patch.features(mode);
        let (names, found) = patch.with_bands(mask).features(mode);
        prop_assert!(names.len() >= mask.count_ones() as usize * WIDTH);
        for (name, value) in names.iter().zip(&found) {
            let at = all_names.iter().position(|own| own == name).expect("a column of the whole");
            prop_assert!(same_bits(&[*value], &[all[at]]), "{name}: {value} and {}", all[at]);
        }
    }

    #[test]
    fn unused_pixels_have_no_say(patch in any_patch(), mode in any_mode(), junk in any::<f32>()) {
        let mut other = patch.clone();
        let pixels = patch.shape.pixels();
        for plane in other.samples.chunks_mut(pixels) {
            for (value, _) in plane.iter_mut().zip(&patch.used).filter(|&(_, &used)| !used) {
                *value = junk;
            }
        }
        prop_assert!(same_bits(&patch.features(mode).1, &other.features(mode).1));
    }

    #[test]
    fn hostile_numbers_that_are_marked_as_used_stay_where_they_are(
        patch in any_patch(), pick in any::<prop::sample::Index>(),
        junk in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), any::<f32>()],
    ) {
        let mut patch = patch;
        let pixel = pick.index(patch.used.len());
        patch.used[pixel] = true;
        let pixels = patch.shape.pixels();
        for plane in patch.samples.chunks_mut(pixels) {
            plane[pixel] = junk;
        }
        prop_assert!(patch.features(HistogramMode::Fixed).1.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn patches_larger_than_any_counter_of_eight_bits_are_described_too() {
    let patch = Patch::random(300, 301, 0.9, 10_000, 5);
    let features = patch.features(HistogramMode::Fixed).1;
    for (mut values, row) in values_of(&patch).into_iter().zip(features.chunks(WIDTH)) {
        values.sort_unstable_by(f32::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        assert!(close(row[2], f32::midpoint(low, high), 0.0, 1e-6));
        let sum: f32 = row[7..7 + BINS].iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
        let [mean, variance, ..] = plain_moments(&values);
        assert!((f64::from(row[0]) - mean).abs() <= 1e-6 * mean.abs().max(0.1));
        assert!((f64::from(row[1]) - variance).abs() <= 1e-5 * variance);
    }
}

#[test]
fn the_centre_is_the_middle_pixel_or_the_median_where_it_is_not_used() {
    let mut patch = Patch::random(4, 6, 1.0, 10_000, 1);
    let middle = 2 * 6 + 3;
    let blue = patch.samples[middle] / 10_000.0;
    let row = patch.features(HistogramMode::Fixed).1;
    assert!(close(row[CENTRE], blue.max(1e-4), 0.0, 1e-7));
    patch.used[middle] = false;
    let row = patch.features(HistogramMode::Fixed).1;
    assert!(close(row[CENTRE], row[2], 0.0, 0.0));
}
