//! One run that nothing is wrong with, and for each rule what sets it off.

use super::*;
use crate::report::page::{
    DataFacts, Estimate, Figure, FoldResults, LeftOut, Measured, OperatingPoint, Refit,
    Reliability, ReliabilityBin, SchemeKind, SchemeResults, Scores,
};

fn scores(precision: f64, f1: f64, accuracy: f64) -> Scores {
    let interval = |value: f64| Estimate::within(value, value - 0.02, value + 0.02);
    [
        (Figure::Precision(1), interval(precision)),
        (Figure::F1(1), interval(f1)),
        (Figure::Accuracy, interval(accuracy)),
        (Figure::MacroF1, interval(f1)),
    ]
    .into_iter()
    .collect()
}

fn scheme(kind: SchemeKind, f1: f64) -> SchemeResults {
    let fold = FoldResults { cells: vec![60, 40], ..FoldResults::default() };
    let measured = |prevalence: [f64; 2]| Measured {
        prevalence: prevalence.to_vec(),
        scores: scores(0.8, f1, 0.97),
        confusion: Vec::new(),
    };
    SchemeResults {
        kind,
        sample: measured([0.6, 0.4]),
        target: Some(measured([0.7, 0.3])),
        folds: vec![fold.clone(), fold],
        ..SchemeResults::default()
    }
}

/// A run that nothing is wrong with.
fn sound() -> RunPage {
    RunPage {
        classes: vec!["non-urban".into(), "urban".into()],
        focus: Some(1),
        data: DataFacts { cells: vec![600, 400], has_places: true, ..DataFacts::default() },
        schemes: vec![scheme(SchemeKind::Blocks, 0.80), scheme(SchemeKind::Random, 0.81)],
        ..RunPage::default()
    }
}

fn codes(page: &RunPage) -> Vec<&'static str> {
    warnings(page).iter().map(|warning| warning.code).collect()
}

/// The warning of a page that has no other.
fn only(page: &RunPage) -> Warning {
    let mut all = warnings(page);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn target(page: &mut RunPage) -> &mut Measured {
    page.schemes[0].target.as_mut().unwrap()
}

#[test]
fn a_sound_run_and_an_empty_page_have_no_warnings() {
    assert_eq!(codes(&sound()), [""; 0]);
    assert_eq!(codes(&RunPage::default()), [""; 0]);
    let text = list(&[]).into_string();
    assert!(text.contains("None of the 17 checks"), "{text}");
}

#[test]
fn a_missing_target_shows_the_lines_that_give_one() {
    let mut page = sound();
    page.classes[0] = "bare \"dry\" soil".into();
    page.schemes.iter_mut().for_each(|scheme| scheme.target = None);
    let warning = only(&page);
    assert_eq!((warning.code, warning.severity), ("no-target-prevalence", Severity::Severe));
    let toml = warning.toml.unwrap();
    assert!(toml.ends_with("\"bare \\\"dry\\\" soil\" = 0.6000\nurban = 0.4000"), "{toml}");
}

#[test]
fn a_far_target_is_warned_of_until_something_is_done() {
    let mut page = sound();
    target(&mut page).prevalence = vec![0.9, 0.1];
    let warning = only(&page);
    assert_eq!(warning.code, "prevalence-not-corrected");
    assert!(warning.meaning.contains("10.0 % are urban: 4.0 times fewer"), "{}", warning.meaning);
    page.operating_point =
        Some(OperatingPoint { prior: Some("moved".into()), ..OperatingPoint::default() });
    assert_eq!(codes(&page), [""; 0]);
}

#[test]
fn a_precision_below_a_half_is_told_in_cells() {
    let mut page = sound();
    target(&mut page).scores = scores(0.24, 0.8, 0.97);
    let warning = only(&page);
    assert_eq!(warning.code, "low-precision");
    assert!(
        warning.title.starts_with("8 of 10 cells that the map will call urban"),
        "{}",
        warning.title
    );
}

#[test]
fn the_map_of_the_pilot_is_worse_than_none() {
    let mut page = sound();
    // 92.9 % in cross-validation, 93.5 % at a prevalence of 2.11 %, where no model at all has 97.9 %.
    page.schemes[0].sample.prevalence = vec![0.5, 0.5];
    let there = target(&mut page);
    there.prevalence = vec![0.9789, 0.0211];
    there.scores = scores(0.235, 0.375, 0.935);
    page.schemes.remove(1);
    page.schemes[0].kind = SchemeKind::Random;
    let expected =
        ["worse-than-commonest", "low-precision", "prevalence-not-corrected", "only-random-folds"];
    assert_eq!(codes(&page), expected);
    let warning = &warnings(&page)[0];
    let meaning = &warning.meaning;
    assert!(meaning.contains("93.5 %") && meaning.contains("97.9 %"), "{meaning}");
    assert!(warning.toml.as_ref().unwrap().contains("max-f1"));
    // A threshold that was sought already is not advised again.
    page.operating_point = Some(OperatingPoint {
        decision: Some("urban from 0.3 on".into()),
        ..OperatingPoint::default()
    });
    let warning = warnings(&page).into_iter().find(|one| one.code == "worse-than-commonest");
    let warning = warning.unwrap();
    assert!(!warning.toml.unwrap().contains("max-f1") && warning.advice.contains("already"));
}

#[test]
fn random_folds_alone_are_warned_of_where_cells_have_places() {
    let mut page = sound();
    page.schemes.remove(0);
    assert_eq!(only(&page).code, "only-random-folds");
    page.data.has_places = false;
    assert_eq!(codes(&page), [""; 0]);
}

#[test]
fn optimism_is_told_in_points_and_grows_more_severe() {
    let mut page = sound();
    page.schemes[1] = scheme(SchemeKind::Random, 0.83);
    let mild = only(&page);
    assert_eq!((mild.code, mild.severity), ("optimism", Severity::Caution));
    page.schemes[1] = scheme(SchemeKind::Random, 0.93);
    let strong = only(&page);
    assert_eq!(strong.severity, Severity::Severe);
    assert_eq!(strong.title, "Random folds flatter the model by 13.0 points");
    assert!(
        strong.meaning.contains("F1, urban is 93.0 % on random folds and 80.0 % on spatial blocks")
    );
}

#[test]
fn optimism_is_measured_against_the_strictest_scheme() {
    let mut page = sound();
    page.schemes.insert(0, scheme(SchemeKind::HeldOut, 0.6));
    assert!(only(&page).meaning.contains("60.0 % on cells that were held out"));
}

#[test]
fn folds_with_few_or_no_cells_are_named() {
    let mut page = sound();
    page.schemes[0].folds[1].cells = vec![60, 9];
    let few = only(&page);
    assert_eq!(
        (few.code, few.title.as_str()),
        ("few-cells-in-a-fold", "Fold 1 (spatial blocks) has 9 urban cells")
    );
    page.schemes[0].folds[1].cells = vec![60, 10];
    assert_eq!(codes(&page), [""; 0]);
    page.schemes[0].folds[0].cells = vec![60, 0];
    let absent = only(&page);
    assert_eq!(
        (absent.code, absent.title.as_str()),
        ("class-absent-from-a-fold", "Fold 0 (spatial blocks) has no urban cell")
    );
}

#[test]
fn a_wide_interval_is_told_with_its_ends() {
    let mut page = sound();
    let wide = (Figure::Precision(1), Estimate::within(0.8, 0.7, 0.85));
    target(&mut page).scores = [wide].into_iter().collect();
    let warning = only(&page);
    assert_eq!(warning.code, "wide-interval");
    assert!(warning.meaning.contains("70.0 to 85.0 %"), "{}", warning.meaning);
}

#[test]
fn scored_cells_that_were_trained_on_come_first() {
    let mut page = sound();
    page.data.scored_and_trained = 250;
    target(&mut page).scores = scores(0.24, 0.8, 0.97);
    assert_eq!(codes(&page), ["scored-cells-trained-on", "low-precision"]);
    assert!(warnings(&page)[0].meaning.contains("25.0 % of all scored cells"));
}

#[test]
fn a_refitted_model_is_warned_of_only_where_it_differs() {
    let mut page = sound();
    page.refit = Some(Refit { how: "on all cells".into(), differs: Vec::new() });
    assert_eq!(codes(&page), [""; 0]);
    page.refit =
        Some(Refit { how: "on all cells".into(), differs: vec!["60 epochs instead of 30".into()] });
    let warning = only(&page);
    assert_eq!(warning.code, "refitted-otherwise");
    assert!(warning.meaning.contains("60 epochs instead of 30"));
}

#[test]
fn uncalibrated_imagery_and_many_left_out_cells_are_told() {
    let mut page = sound();
    page.data.uncalibrated = true;
    assert_eq!(only(&page).code, "uncalibrated-imagery");
    page.data.uncalibrated = false;
    page.data.left_out = vec![LeftOut { reason: "without a used pixel".into(), cells: 52 }];
    assert_eq!(codes(&page), [""; 0]);
    page.data.left_out[0].cells = 53;
    let warning = only(&page);
    assert_eq!(warning.code, "many-cells-left-out");
    assert!(warning.meaning.contains("53 without a used pixel"), "{}", warning.meaning);
}

#[test]
fn calibration_that_does_harm_is_told() {
    let mut page = sound();
    let point =
        |log_loss| Some(OperatingPoint { log_loss: Some(log_loss), ..OperatingPoint::default() });
    page.operating_point = point((0.3, 0.31));
    let warning = only(&page);
    assert_eq!(warning.code, "calibration-made-worse");
    assert!(warning.toml.unwrap().contains("calibration = \"best\""));
    // Where the best was taken, `best` is no advice.
    let tried = vec![("platt".into(), 0.3), ("isotonic".into(), 0.29)];
    page.operating_point.as_mut().unwrap().tried = tried;
    assert!(only(&page).toml.unwrap().contains("calibration = \"none\""));
    page.operating_point = point((0.3, 0.3));
    assert_eq!(codes(&page), [""; 0]);
}

#[test]
fn unreliable_probabilities_are_those_that_are_used() {
    let mut page = sound();
    let diagram = |error| Reliability {
        name: "x".into(),
        bins: vec![ReliabilityBin { predicted: 0.5, observed: 0.4, cells: 9 }],
        calibration_error: Some(error),
    };
    page.schemes[0].reliability = Some(diagram(0.12));
    let warning = only(&page);
    assert_eq!(warning.code, "unreliable-probabilities");
    assert!(warning.toml.is_some());
    page.operating_point =
        Some(OperatingPoint { reliability: Some(diagram(0.01)), ..OperatingPoint::default() });
    assert_eq!(codes(&page), [""; 0]);
}

#[test]
fn every_warning_says_what_to_do() {
    let mut page = sound();
    page.schemes.iter_mut().for_each(|scheme| scheme.target = None);
    let text = list(&warnings(&page)).into_string();
    assert!(text.contains("data-code=\"no-target-prevalence\""), "{text}");
    assert!(text.contains("<strong>What to do: </strong>Give the share"), "{text}");
    assert!(text.contains("[validation.target-prevalence]"), "{text}");
}
