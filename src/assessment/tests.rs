//! Whole assessments of small maps whose cells are drawn.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::{ClassId, ClassMap, Label};

use super::labels::Known;
use super::{
    Announced, AssessmentError, AssessmentInput, CellCounts, Figures, LookupFile, Verdict, assess,
};
use crate::map::{MapContent, MapHeader, MapOrigin, MapRows, MapWriter, ModelOrigin};
use crate::metrics::Scores;
use crate::progress::Unwatched;

/// A cell of a drawn map.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    label: Known,
    /// The class on the map.
    mapped: Option<usize>,
    trained: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let label = prop_oneof![
        1 => Just(Known::Nothing),
        1 => Just(Known::Undefined),
        3 => (0_usize..3).prop_map(|class| Known::Class(ClassId::new(class))),
    ];
    let mapped = prop::option::weighted(0.8, 0_usize..3);
    (label, mapped, any::<bool>()).prop_map(|(label, mapped, trained)| Drawn {
        label,
        mapped,
        trained,
    })
}

fn classes() -> ClassMap {
    ClassMap::new(["a", "b", "c"]).unwrap()
}

/// Writes `cells` as a map, which marks those that were trained on, and their labels as a table.
fn write(folder: &Path, cells: &[Drawn], measured: serde_json::Map<String, serde_json::Value>) {
    let header = CellTableHeader { classes: classes(), crs: None };
    let content = MapContent { training: true, ..MapContent::default() };
    let (digest, kind, dataset) = (String::new(), "trees".to_owned(), "drawn".to_owned());
    let models = vec![ModelOrigin { digest, kind, dataset, measured, settled: None }];
    let origin = MapOrigin { models, ..MapOrigin::new(classes(), content) };
    let mut rows = MapRows::default();
    let mut labels = "cell_id,label\nstranger,a\n".to_owned();
    for (number, cell) in cells.iter().enumerate() {
        let id = format!("c{number}");
        match cell.label {
            Known::Nothing => {}
            Known::Undefined => writeln!(labels, "{id},").unwrap(),
            Known::Class(class) => writeln!(labels, "{id},{}", classes().name(class)).unwrap(),
        }
        let outline = Some(Outline::square(number as f64, 0.0, 1.0));
        rows.cells.push(Cell { id: CellId::new(id), label: Label::Undefined, outline, year: None });
        rows.classes.push(cell.mapped.map(ClassId::new));
        let share = |class| if cell.mapped == Some(class) { 0.5 } else { 0.25 };
        rows.probabilities
            .extend([0, 1, 2].map(|class| cell.mapped.map_or(f32::NAN, |_| share(class))));
        rows.uncertainties.push(0.5);
        rows.trained.push(cell.trained);
    }
    let header = MapHeader { cells: header, origin };
    let mut writer = MapWriter::create(&folder.join("map.parquet"), &header).unwrap();
    writer.append(&rows).unwrap();
    writer.finish().unwrap();
    std::fs::write(folder.join("labels.csv"), labels).unwrap();
}

fn input(folder: &Path) -> AssessmentInput {
    AssessmentInput {
        map: folder.join("map.parquet"),
        labels: Some(LookupFile::new(folder.join("labels.csv"))),
        run: None,
        trained_on: None,
        regions: None,
        block_metres: None,
        replicates: 100,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_cell_is_of_one_kind_and_the_scored_ones_are_those_that_may_be(
        cells in prop::collection::vec(drawn(), 2..120),
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &cells, serde_json::Map::new());
        let known = |cell: &&Drawn| matches!(cell.label, Known::Class(_)) && cell.mapped.is_some();
        let count = |keep: &dyn Fn(&&Drawn) -> bool| cells.iter().filter(keep).count() as u64;
        let scored = count(&|cell| known(cell) && !cell.trained);
        let found = match assess(&input(folder.path()), &mut Unwatched) {
            Ok(found) => found,
            Err(AssessmentError::Strangers { .. }) => {
                prop_assert!(cells.iter().all(|cell| cell.label == Known::Nothing));
                return Ok(());
            }
            Err(error) => {
                prop_assert!(matches!(error, AssessmentError::NothingToScore { .. }), "{error}");
                prop_assert_eq!(scored, 0);
                return Ok(());
            }
        };
        let CellCounts { map, trained, without_class, undefined, unlabelled, not_on_map, .. } =
            found.assessment.counts;
        prop_assert_eq!(found.assessment.counts.scored, scored);
        prop_assert_eq!(trained, count(&|cell| known(cell) && cell.trained));
        prop_assert_eq!(undefined, count(&|cell| cell.label == Known::Undefined));
        prop_assert_eq!(map, cells.len() as u64);
        prop_assert_eq!(scored + trained + without_class + undefined + unlabelled, map);
        prop_assert_eq!(not_on_map, 1);
        let headline: &Figures = &found.assessment.headline;
        for truth in 0..3 {
            for mapped in 0..3 {
                let expected = count(&|cell| {
                    let is_of_class = cell.label == Known::Class(ClassId::new(truth));
                    !cell.trained && is_of_class && cell.mapped == Some(mapped)
                });
                prop_assert_eq!(headline.confusion.rows()[truth][mapped], expected);
            }
        }
        let with = found.assessment.with_training_cells.map(|figures| figures.confusion.total());
        prop_assert_eq!(with, (trained > 0).then_some(scored + trained));
    }
}

/// What the map of `cells` announces, when its model says that `measured` was.
fn announced(measured: &Scores) -> Announced {
    let folder = tempfile::tempdir().unwrap();
    let cell = |label, mapped| Drawn {
        label: Known::Class(ClassId::new(label)),
        mapped: Some(mapped),
        trained: false,
    };
    let cells = [cell(0, 0), cell(0, 0), cell(1, 1), cell(1, 0), cell(2, 2)];
    let serde_json::Value::Object(measured) = serde_json::to_value(measured).unwrap() else {
        panic!("scores are an object")
    };
    write(folder.path(), &cells, measured);
    assess(&input(folder.path()), &mut Unwatched).unwrap().assessment.announced.unwrap()
}

#[test]
fn without_an_expected_map_what_was_measured_is_announced_without_intervals() {
    let mut outcomes = crate::metrics::Outcomes::new(3);
    for class in [0, 0, 1, 2] {
        outcomes.push(ClassId::new(class), &[0.6, 0.2, 0.2]);
    }
    let measured = Scores::of(&outcomes, &classes(), None).unwrap();
    let found = announced(&measured);
    let names: Vec<&str> = found.figures.iter().map(|figure| figure.name.as_str()).collect();
    let expected = ["accuracy", "macro f1", "a precision", "a recall", "a f1", "a mapped share"];
    assert_eq!((&names[..6], names.len()), (expected.as_slice(), 14));
    let accuracy = &found.figures[0];
    assert_eq!((accuracy.announced, accuracy.found), (Some(0.5), Some(0.8)));
    assert_eq!(accuracy.verdict(), Verdict::Unknown);
    // All four cells were taken for `a`; of the five on the map it has three.
    assert_eq!((found.figures[5].announced, found.figures[5].found), (Some(1.0), Some(0.6)));
    assert_eq!(found.decisive().name, "macro f1");
}

#[test]
fn a_map_of_cells_without_a_known_ground_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cell = Drawn { label: Known::Class(ClassId::new(0)), mapped: Some(0), trained: false };
    write(folder.path(), &[cell; 5], serde_json::Map::new());
    let found = assess(&input(folder.path()), &mut Unwatched).unwrap().assessment;
    assert!(found.blocks.missing.is_some());
    assert!(found.announced.is_none());
    let codes: Vec<&str> = found.remarks.iter().map(|remark| remark.code).collect();
    assert!(codes.contains(&"no-blocks") && codes.contains(&"not-on-map"), "{codes:?}");
    // Cells lie on a lattice even where nobody knows what its numbers mean.
    let edge = found.edge.unwrap();
    assert_eq!((edge.cell_metres, edge.bands.len()), (None, 1));
    assert_eq!(found.areas.unwrap().cell_square_kilometres, None);
}

/// Half of the rare class was trained on: among the cells that are left it is half as common as on the map.
#[test]
fn what_was_trained_on_still_counts_in_the_mixture_of_the_map() {
    let of = |count: usize, class: usize, mapped: usize, trained: bool| {
        let label = Known::Class(ClassId::new(class));
        std::iter::repeat_n(Drawn { label, mapped: Some(mapped), trained }, count)
    };
    // Trained on: all right, as memory has it. Others: 8 of 10 found, 20 of 900 taken for it.
    let cells: Vec<Drawn> = of(10, 1, 1, true)
        .chain(of(80, 0, 0, true))
        .chain(of(8, 1, 1, false))
        .chain(of(2, 1, 0, false))
        .chain(of(20, 0, 1, false))
        .chain(of(880, 0, 0, false))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &cells, serde_json::Map::new());
    let assessment = assess(&input(folder.path()), &mut Unwatched).unwrap().assessment;
    assert_eq!(assessment.headline.confusion.supports(), [900, 10, 0]);
    let scores = &assessment.headline.scores.classes[1];
    // 20 of 1,000 cells of the map are of the class; recall .8, and 20/900 of the others are taken for it.
    let (right, wrong) = (0.02 * 0.8, 0.98 * 20.0 / 900.0);
    assert!((scores.prevalence - 0.02).abs() < 1e-12 && (scores.recall - 0.8).abs() < 1e-12);
    assert!((scores.precision - right / (right + wrong)).abs() < 1e-12, "{scores:?}");
    let with = assessment.with_training_cells.unwrap();
    assert!((with.scores.classes[1].recall - 0.9).abs() < 1e-12);
}
