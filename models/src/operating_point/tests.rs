//! What an operating point must do as a whole.

use proptest::prelude::*;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::random::{self, Generator};

use super::edge::{log_odds, sigmoid};
use super::*;

/// Cells of two classes whose raw probabilities are too bold by `boldness`: the true log-odds are raw ones divided by
/// it. One in `rarity` is of the second class.
fn draw(
    cells: usize,
    rarity: usize,
    boldness: f64,
    draws: &mut Generator,
) -> (Vec<ClassId>, Vec<f32>) {
    let (mut truths, mut rows) = (Vec::new(), Vec::new());
    for cell in 0..cells {
        let own = cell % rarity == 0;
        // Normal scores around ±1 have the log-odds 2 · score at even odds.
        let normal: f64 = (0..12).map(|_| random::unit(draws)).sum::<f64>() - 6.0;
        let score = normal + if own { 1.0 } else { -1.0 };
        let raw = sigmoid(2.0 * score * boldness);
        truths.push(ClassId::new(usize::from(own)));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "raw probabilities have that precision"
        )]
        let raw = raw as f32;
        rows.extend([1.0 - raw, raw]);
    }
    (truths, rows)
}

fn urban() -> ClassMap {
    ClassMap::new(["non-urban", "urban"]).unwrap()
}

fn sample(cells: usize, seed: u64) -> OutOfFold {
    let (truths, rows) = draw(cells, 2, 2.5, &mut random::generator(seed, &[]));
    let folds: Vec<u32> = (0..).map(|cell| cell / 7 % 10).take(cells).collect();
    OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap()
}

/// Settings from JSON, whose keys are those of an experiment file.
fn settings(text: &str) -> OperatingSettings {
    serde_json::from_str(text).unwrap()
}

/// F1, precision and recall of the second class.
fn scores(truths: &[ClassId], decided: &[Option<ClassId>]) -> [f64; 3] {
    let urban = ClassId::new(1);
    let count = |truth: bool, mapped: bool| {
        let cells = truths.iter().zip(decided);
        cells.filter(|(t, d)| (**t == urban, **d == Some(urban)) == (truth, mapped)).count() as f64
    };
    let (both, invented, missed) = (count(true, true), count(false, true), count(true, false));
    [
        2.0 * both / (2.0 * both + invented + missed),
        both / (both + invented),
        both / (both + missed),
    ]
}

#[test]
fn the_pilot_cannot_be_repeated() {
    let data = sample(8000, 1);
    let place = Place { target: Some(&[0.98, 0.02]), unlabelled: None };
    let fitted = OperatingPoint::fit(&data, &OperatingSettings::default(), &place).unwrap();
    let (truths, rows) = draw(100_000, 50, 2.5, &mut random::generator(2, &[]));
    let decided = fitted.point.apply_all(&rows).unwrap();
    let [f1, precision, recall] = scores(&truths, &decided.classes);
    let half: Vec<Option<ClassId>> =
        rows.chunks(2).map(|row| Some(ClassId::new(usize::from(row[1] >= 0.5)))).collect();
    let [plain, ..] = scores(&truths, &half);
    assert!(f1 > 2.0 * plain, "{f1} {plain}");
    let cut = fitted.cut.unwrap();
    assert!((cut.precision - precision).abs() < 0.1, "{cut:?} {precision}");
    assert!((cut.recall - recall).abs() < 0.1, "{cut:?} {recall}");
    // The mean probability is the prevalence, and boldness is mended.
    let mean = decided.probabilities.iter().skip(1).step_by(2).sum::<f64>() / 100_000.0;
    assert!((mean - 0.02).abs() < 0.003, "{mean}");
    let Assessment { at_sample, at_target, coverage, .. } = &fitted.assessment;
    let target = at_target.as_ref().unwrap();
    assert!(at_sample.after.log_loss < 0.8 * at_sample.before.log_loss);
    assert!(target.after.brier < 0.3 * target.before.brier);
    let error = |quality: &Quality| quality.calibration_error(None, Binning::EqualMass).unwrap();
    assert!(error(&at_sample.after) < 0.02 && error(&at_sample.before) > 0.05);
    for class in coverage {
        assert!((class.covered - 0.9).abs() < 0.02, "{class:?}");
    }
}

#[test]
fn the_simplest_calibration_that_is_right_is_chosen() {
    let fitted =
        OperatingPoint::fit(&sample(6000, 3), &OperatingSettings::default(), &Place::default());
    let fitted = fitted.unwrap();
    let kinds: Vec<CalibrationKind> = fitted.losses.iter().map(|loss| loss.kind).collect();
    assert_eq!(kinds, CalibrationKind::ALL);
    let best = fitted.losses.iter().map(|loss| loss.log_loss).fold(f64::INFINITY, f64::min);
    let own = fitted.losses.iter().find(|loss| loss.kind == fitted.point.calibration().kind());
    assert!(own.unwrap().log_loss <= best * (1.0 + 1e-9));
    assert!(fitted.assessment.choice_is_nested && fitted.point.prior().is_none());
    assert!(fitted.losses[0].log_loss > best + 0.05, "doing nothing is worse: {:?}", fitted.losses);
    // The raw log-odds are 2.5 times the true ones.
    if let Calibration::Temperature(temperature) = fitted.point.calibration() {
        assert!((temperature.inverse - 0.4).abs() < 0.03, "{temperature:?}");
    }
}

#[test]
fn weights_calibrate_for_another_place() {
    let data = sample(20_000, 4);
    let weights: Vec<f64> = data.truths().iter().map(|truth| [1.9, 0.1][truth.index()]).collect();
    let (mut weighted, mut moved) = ([0.0; 2], [0.0; 2]);
    let calibration = Calibration::fit(CalibrationKind::Platt, &data, Some(&weights)).unwrap();
    let plain = Calibration::fit(CalibrationKind::Platt, &data, None).unwrap();
    let shift = PriorShift::new(&urban(), &[0.5, 0.5], &[0.95, 0.05]).unwrap();
    for raw in [[0.9, 0.1], [0.5, 0.5], [0.05, 0.95]] {
        calibration.apply(&raw, &mut weighted);
        plain.apply(&raw, &mut moved);
        shift.apply(&mut moved);
        assert!(
            (log_odds(weighted[1]) - log_odds(moved[1])).abs() < 0.15,
            "{weighted:?} {moved:?}"
        );
    }
    let refusal = |weights: &[f64]| {
        Calibration::fit(CalibrationKind::Isotonic, &data, Some(weights)).unwrap_err().to_string()
    };
    assert!(refusal(&weights[1..]).contains("19999 weights for 20000 cells"));
    let mut wrong = weights.clone();
    wrong[3] = f64::NAN;
    assert!(refusal(&wrong).contains("cell 3 weighs NaN"));
    let none: Vec<f64> = data.truths().iter().map(|truth| [1.0, 0.0][truth.index()]).collect();
    assert!(refusal(&none).contains("class `urban` needs cells of the class and others"));
}

#[test]
fn an_estimated_prevalence_takes_the_place_of_a_declared_one() {
    let data = sample(8000, 5);
    let settings = settings(r#"{"prior": "estimated"}"#);
    let (_, rows) = draw(50_000, 25, 2.5, &mut random::generator(6, &[]));
    let place = Place { target: None, unlabelled: Some(&rows) };
    let fitted = OperatingPoint::fit(&data, &settings, &place).unwrap();
    let shares = &fitted.estimate.unwrap().shares;
    assert!((shares[1] - 0.04).abs() < 0.006, "{shares:?}");
    assert_eq!(fitted.point.prior().unwrap().to_shares(), shares);
    let place = Place { target: None, unlabelled: Some(&[]) };
    let error = OperatingPoint::fit(&data, &settings, &place).err().unwrap();
    assert_eq!(error, OperatingPointError::NothingToEstimate);
}

#[test]
fn a_prevalence_that_is_left_open_is_settled_on_the_cells_of_a_map() {
    let data = sample(8000, 5);
    let (truths, rows) = draw(50_000, 25, 2.5, &mut random::generator(6, &[]));
    let known = Place { target: None, unlabelled: Some(&rows) };
    let settings = settings(r#"{"prior": "estimated"}"#);
    let at_once = OperatingPoint::fit(&data, &settings, &known).unwrap();
    for target in [None, Some(&[0.9, 0.1][..])] {
        let place = Place { target, unlabelled: None };
        let fitted = OperatingPoint::fit(&data, &settings, &place).unwrap();
        // Until a map is made, the declared mixture or that of the sample stands in, and words say so.
        assert_eq!(fitted.point.prior().map(PriorShift::to_shares), target);
        let said = fitted.warnings.last().unwrap();
        let expected = ["as a stand-in (`non-urban` 50 %", "as a stand-in (`non-urban` 90 %"];
        assert!(said.contains(expected[usize::from(target.is_some())]), "{said}");
        // It survives the bundle.
        let text = serde_json::to_string(&fitted.point).unwrap();
        let read: OperatingPoint = serde_json::from_str(&text).unwrap();
        assert_eq!(read, fitted.point);
        let Settled { point, estimate } = read.settle(&rows).unwrap().unwrap();
        assert_eq!(estimate, at_once.estimate.clone().unwrap());
        assert_eq!(point.prior(), at_once.point.prior());
        assert_eq!(point.settle(&rows), Ok(None));
        // Its threshold does what that of the known cells does.
        let f1 =
            |point: &OperatingPoint| scores(&truths, &point.apply_all(&rows).unwrap().classes)[0];
        assert!((f1(&point) - f1(&at_once.point)).abs() < 0.02);
        assert_eq!(fitted.point.settle(&[]), Err(OperatingPointError::NothingToEstimate));
        for (from, to, expected) in [
            ("\"from\":[0.5,0.5],\"rule", "\"from\":[0.5,0.4],\"rule", "sum to 0.9"),
            ("\"max-f1\"", "{\"recall\":7.0}", "has a recall that is 7"),
            ("{\"class\":1,\"rule", "{\"class\":9,\"rule", "names class 9; there are 2"),
        ] {
            assert!(text.contains(from), "{text}");
            let error = serde_json::from_str::<OperatingPoint>(&text.replace(from, to));
            assert!(error.unwrap_err().to_string().contains(expected), "{to}");
        }
    }
}

#[test]
fn each_rule_is_found_again_where_the_classes_are_as_common_as_estimated() {
    let data = sample(20_000, 5);
    let (truths, rows) = draw(200_000, 20, 2.5, &mut random::generator(16, &[]));
    for (threshold, figure, expected) in
        [(r#"{"precision": 0.7}"#, 1, 0.7), (r#"{"recall": 0.6}"#, 2, 0.6)]
    {
        let text = format!(r#"{{"prior": "estimated", "threshold": {threshold}}}"#);
        let fitted = OperatingPoint::fit(&data, &settings(&text), &Place::default()).unwrap();
        let settled = fitted.point.settle(&rows).unwrap().unwrap();
        let decided = settled.point.apply_all(&rows).unwrap();
        let found = scores(&truths, &decided.classes)[figure];
        assert!((found - expected).abs() < 0.05, "{threshold} {found}");
    }
    let text = r#"{"prior": "estimated", "threshold": "matched-share"}"#;
    let fitted = OperatingPoint::fit(&data, &settings(text), &Place::default()).unwrap();
    let Settled { point, estimate } = fitted.point.settle(&rows).unwrap().unwrap();
    let shares = count_classified(2, &point.apply_all(&rows).unwrap().classes).unwrap();
    assert!((shares[1] - estimate.shares[1]).abs() < 1e-3, "{shares:?} {estimate:?}");
}

#[test]
fn what_cannot_be_asked_is_refused_with_words() {
    let data = sample(2000, 7);
    let refusal = |text: &str, target: &[f64]| {
        let place = Place { target: Some(target), unlabelled: None };
        OperatingPoint::fit(&data, &settings(text), &place).err().unwrap().to_string()
    };
    let text = refusal("{}", &[1.0, 0.0]);
    assert!(text.contains("the target prevalence of class `non-urban` is 1"), "{text}");
    let text = refusal(r#"{"class": "town"}"#, &[0.9, 0.1]);
    assert!(text.contains("names `town`"), "{text}");
    assert!(refusal("{}", &[0.9]).contains("1 shares of 2 classes"));
}

#[test]
fn a_precision_out_of_reach_is_refused_with_the_best_there_is() {
    // Scores that say nothing: at each of four levels half of the cells are of each class.
    let truths: Vec<ClassId> = (0..80).map(|cell| ClassId::new(cell / 4 % 2)).collect();
    let level = |cell: u8| [0.2, 0.4, 0.6, 0.8][usize::from(cell % 4)];
    let rows: Vec<f32> = (0..80).flat_map(|cell| [1.0 - level(cell), level(cell)]).collect();
    let folds: Vec<u32> = (0..80).map(|cell| cell / 16).collect();
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let settings = settings(r#"{"threshold": {"precision": 0.8}}"#);
    let place = Place { target: Some(&[0.75, 0.25]), unlabelled: None };
    let error = OperatingPoint::fit(&data, &settings, &place).err().unwrap().to_string();
    let expected = "no threshold reaches precision 0.8 for class `urban` at its prevalence of 0.25; the best is 0.25, \
                    with recall ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn each_rule_does_on_new_cells_what_it_promised() {
    let data = sample(10_000, 8);
    let (truths, rows) = draw(100_000, 10, 2.5, &mut random::generator(9, &[]));
    let place = Place { target: Some(&[0.9, 0.1]), unlabelled: None };
    let decide = |threshold: &str| {
        let text = format!("{{\"threshold\": {threshold}}}");
        let fitted = OperatingPoint::fit(&data, &settings(&text), &place).unwrap();
        let decided = fitted.point.apply_all(&rows).unwrap();
        (scores(&truths, &decided.classes), decided.classes)
    };
    let ([_, precision, _], _) = decide(r#"{"precision": 0.8}"#);
    assert!((precision - 0.8).abs() < 0.04, "{precision}");
    let ([_, _, recall], _) = decide(r#"{"recall": 0.9}"#);
    assert!((recall - 0.9).abs() < 0.02, "{recall}");
    let (_, classes) = decide(r#""matched-share""#);
    let share = count_classified(2, &classes).unwrap()[1];
    assert!((share - 0.1).abs() < 0.01, "{share}");
    let costs = |classes: &[Option<ClassId>]| {
        let cost = |(truth, class): (&ClassId, &Option<ClassId>)| match (truth.index(), class) {
            (0, Some(class)) if class.index() == 1 => 0.2,
            (1, Some(class)) if class.index() == 0 => 1.0,
            _ => 0.0,
        };
        truths.iter().zip(classes).map(cost).sum::<f64>()
    };
    let cheap = costs(&decide(r#"{"cost-ratio": 0.2}"#).1);
    for other in [r#"{"cost-ratio": 1.0}"#, r#"{"cost-ratio": 0.02}"#, r#""argmax""#] {
        assert!(cheap < costs(&decide(other).1));
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let data = sample(3000, 10);
    let place = Place { target: Some(&[0.97, 0.03]), unlabelled: None };
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fit = || OperatingPoint::fit(&data, &OperatingSettings::default(), &place).unwrap();
        let fitted = pool.install(fit);
        (fitted.point, fitted.assessment)
    };
    assert_eq!(fit(1), fit(4));
}

#[test]
fn what_the_user_should_know_is_said_in_words() {
    let (mut truths, mut rows) = draw(200, 50, 1.0, &mut random::generator(12, &[]));
    truths.push(ClassId::new(0));
    rows.extend([f32::NAN; 2]);
    let folds: Vec<u32> = (0..201).map(|cell| cell / 41).collect();
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let fitted = OperatingPoint::fit(&data, &OperatingSettings::default(), &Place::default());
    let warnings = fitted.unwrap().warnings;
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    assert!(warnings[0].starts_with("1 of 201 cells"), "{warnings:?}");
    assert!(warnings[1].starts_with("class `urban` has only 0 cells in a part"), "{warnings:?}");
    assert!(warnings[2].contains("`urban` has too few cells to be ruled out at an error of 0.1"));
    assert!(warnings[2].ends_with("until it has 9"), "{warnings:?}");
    assert!(
        warnings[4].contains("declares no prevalence") && warnings[4].contains("`urban` 2 %"),
        "{warnings:?}"
    );
    let place = Place { target: Some(&[0.98, 0.02]), unlabelled: None };
    let strict = settings(r#"{"threshold": {"precision": 0.95}}"#);
    let warnings = OperatingPoint::fit(&sample(8000, 13), &strict, &place).unwrap().warnings;
    assert!(
        warnings.iter().any(|one| one.contains("mapped cells of other classes")),
        "{warnings:?}"
    );
    let calm = OperatingPoint::fit(&sample(8000, 13), &OperatingSettings::default(), &place);
    assert_eq!(calm.unwrap().warnings, Vec::<String>::new());
}

#[test]
fn two_folds_are_enough_but_the_choice_is_then_not_made_anew() {
    let (truths, rows) = draw(400, 2, 1.0, &mut random::generator(11, &[]));
    let folds: Vec<u32> = (0..400).map(|cell| cell / 200).collect();
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let fitted =
        OperatingPoint::fit(&data, &OperatingSettings::default(), &Place::default()).unwrap();
    assert!(!fitted.assessment.choice_is_nested);
    assert_eq!(fitted.assessment.classes.len(), 400);
}

#[test]
fn forests_may_say_zero_and_one() {
    // Perfectly separated and certain: nothing overflows, and the fit is finite.
    let truths: Vec<ClassId> = (0..40).map(|cell| ClassId::new(cell % 2)).collect();
    let rows: Vec<f32> =
        (0..40).flat_map(|cell| if cell % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
    let folds: Vec<u32> = (0..40).map(|cell| cell / 10).collect();
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let place = Place { target: Some(&[0.999, 0.001]), unlabelled: None };
    for kind in ["best", "none", "temperature", "platt", "isotonic"] {
        let settings = settings(&format!("{{\"calibration\": \"{kind}\"}}"));
        let fitted = OperatingPoint::fit(&data, &settings, &place).unwrap();
        let decided = fitted.point.apply_all(&rows).unwrap();
        assert!(decided.probabilities.iter().all(|value| value.is_finite() && *value > 0.0));
        assert_eq!(decided.classes, truths.iter().copied().map(Some).collect::<Vec<_>>(), "{kind}");
        let text = serde_json::to_string(&fitted.point).unwrap();
        assert_eq!(serde_json::from_str::<OperatingPoint>(&text).unwrap(), fitted.point);
    }
}

#[test]
fn scores_that_are_all_alike_are_calibrated_to_the_prevalence() {
    let truths: Vec<ClassId> =
        (0..60).map(|cell| ClassId::new(usize::from(cell % 3 == 0))).collect();
    let folds: Vec<u32> = (0..60).map(|cell| cell / 12).collect();
    let rows = [0.5_f32; 120];
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let mut row = [0.0; 2];
    for kind in CalibrationKind::ALL {
        Calibration::fit(kind, &data, None).unwrap().apply(&[0.5, 0.5], &mut row);
        let expected = if kind <= CalibrationKind::Temperature { 0.5 } else { 1.0 / 3.0 };
        assert!((row[1] - expected).abs() < 0.02, "{kind}: {row:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn calibrated_rows_sum_to_one_and_stay_away_from_the_ends(
        classes in 2_usize..6, cells in 30_usize..90, seed in any::<u64>(), certain in any::<bool>(),
    ) {
        let mut draws = random::generator(seed, &[]);
        let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
        let map = ClassMap::new(names).unwrap();
        let truths: Vec<ClassId> = (0..cells).map(|cell| ClassId::new(cell % classes)).collect();
        let folds: Vec<u32> = (0..).map(|cell| cell / 7 % 5).take(cells).collect();
        let mut rows = Vec::new();
        for _ in 0..cells {
            let mut row: Vec<f64> = (0..classes).map(|_| random::unit(&mut draws)).collect();
            if certain {
                row.fill(0.0);
                let pick = random::below(&mut draws, classes as u64);
                row[usize::try_from(pick).unwrap()] = 1.0;
            }
            let sum: f64 = row.iter().sum();
            #[expect(clippy::cast_possible_truncation, reason = "raw probabilities have that precision")]
            rows.extend(row.iter().map(|value| (value / sum) as f32));
        }
        let Ok(data) = OutOfFold::new(&map, &truths, &rows, &folds) else { return Ok(()) };
        let mut row = vec![0.0; classes];
        for kind in CalibrationKind::ALL {
            let calibration = Calibration::fit(kind, &data, None).unwrap();
            for raw in rows.chunks(classes) {
                calibration.apply(raw, &mut row);
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!(row.iter().all(|&value| value >= EDGE / classes as f64 && value < 1.0));
            }
            let text = serde_json::to_string(&calibration).unwrap();
            prop_assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
        }
    }
}

#[test]
fn a_cell_that_counts_twice_is_as_good_as_two() {
    let (truths, rows) = draw(800, 2, 2.5, &mut random::generator(12, &[]));
    let folds: Vec<u32> = (0..800).map(|cell| cell / 80).collect();
    let twice = |cell: usize| (cell / 2).is_multiple_of(2);
    let weights: Vec<f64> = (0..800).map(|cell| if twice(cell) { 2.0 } else { 1.0 }).collect();
    let data = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let weighted = data.clone().weighted(&weights).unwrap();
    let all: Vec<usize> =
        (0..800).flat_map(|cell| vec![cell; 1 + usize::from(twice(cell))]).collect();
    let truths: Vec<ClassId> = all.iter().map(|&cell| truths[cell]).collect();
    let rows: Vec<f32> =
        all.iter().flat_map(|&cell| [rows[2 * cell], rows[2 * cell + 1]]).collect();
    let folds: Vec<u32> = all.iter().map(|&cell| folds[cell]).collect();
    let repeated = OutOfFold::new(&urban(), &truths, &rows, &folds).unwrap();
    let place = Place { target: Some(&[0.95, 0.05]), unlabelled: None };
    for kind in ["none", "isotonic"] {
        let settings = settings(&format!("{{\"calibration\": \"{kind}\"}}"));
        let fit = |data: &OutOfFold| OperatingPoint::fit(data, &settings, &place).unwrap();
        let [one, other, plain] = [&weighted, &repeated, &data].map(fit);
        let [cut, expected] = [&one, &other].map(|fitted| fitted.cut.unwrap());
        assert!((cut.threshold - expected.threshold).abs() < 1e-9, "{kind}: {cut:?} {expected:?}");
        assert!((cut.precision - expected.precision).abs() < 1e-9, "{kind}: {cut:?} {expected:?}");
        assert!((cut.recall - expected.recall).abs() < 1e-9 && cut.others < expected.others);
        let there = |fitted: &Fitted| fitted.assessment.at_target.clone().unwrap().after;
        let [found, expected, unweighted] =
            [&one, &other, &plain].map(|fitted| there(fitted).log_loss);
        assert!((found - expected).abs() < 1e-9, "{kind}: {found} {expected}");
        assert!((found - unweighted).abs() > 1e-6, "{kind}");
    }
    // Only what cells count beside each other matters, and each class keeps its number.
    let same = data.clone().weighted(&weights.iter().map(|one| 7.0 * one).collect::<Vec<_>>());
    let pairs = same.unwrap();
    let pairs = pairs.weights().unwrap().iter().zip(weighted.weights().unwrap());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
    assert!(data.clone().weighted(&weights[1..]).is_err());
    assert!(data.weighted(&[vec![f64::NAN], vec![1.0; 799]].concat()).is_err());
}
