//! The pictures and the page of an assessment.

use std::path::{Path, PathBuf};

use tesela_datasets::class::ClassId;
use tesela_datasets::whole_file::write_whole;

use super::of_run::{curve_of, reliability_at};
use super::page::{
    AssessmentPage, CellMap, DecisionPoint, MapCell, MapKind, MapMark, assessment_page,
};
use super::publish::PublishError;
use super::{Caption, confusion_csv, confusion_picture};
use crate::assessment::{Assessed, Assessment};
use crate::raster::CoordinateSystem;

/// Writes `confusion.csv`, `confusion.png` and `report.html` into `directory`; where the page lies.
///
/// # Errors
/// If the disk refuses.
pub fn publish_assessment(assessed: &Assessed, directory: &Path) -> Result<PathBuf, PublishError> {
    let assessment = &assessed.assessment;
    let headline = &assessment.headline;
    let classes = &assessment.classes;
    write(&directory.join("confusion.csv"), &confusion_csv(&headline.confusion, classes))?;
    let caption = Caption { title: title(assessment), how: how(assessment).to_owned() };
    let picture = confusion_picture(&headline.confusion, &headline.scores, classes, &caption);
    let path = directory.join("confusion.png");
    let png = picture.to_png().map_err(|error| PublishError::new(&path, error))?;
    write(&path, &png)?;
    let path = directory.join("report.html");
    write(&path, assessment_page(&page_of(assessed)).as_bytes())?;
    Ok(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    write_whole(path, bytes).map_err(|error| PublishError::new(path, error))
}

/// The name of the map.
fn title(assessment: &Assessment) -> String {
    let name = assessment.map.file_name();
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Which cells the figures are of, in words.
fn how(assessment: &Assessment) -> &'static str {
    if assessment.headline.contaminated {
        "training cells could not be left out"
    } else {
        "without training cells"
    }
}

fn page_of(assessed: &Assessed) -> AssessmentPage<'_> {
    let Assessed { assessment, cells, mixture, .. } = assessed;
    let mixture = mixture.as_ref();
    let focus = assessment.focus.map(ClassId::new);
    let curve = focus.and_then(|class| {
        let mut curve = curve_of("the map", &cells.outcomes, class, &assessment.classes, mixture)?;
        let own = &assessment.headline.scores.classes[class.index()];
        let threshold = cells.outcomes.column(class).into_iter().zip(&cells.decisions);
        let least = threshold.filter(|(_, decided)| **decided == class).map(|(value, _)| value);
        let threshold = f64::from(least.fold(f32::INFINITY, f32::min));
        let (precision, recall) = (own.precision, own.recall);
        // Where nothing is taken for the class, there is no place on the curve.
        curve.decision =
            threshold.is_finite().then_some(DecisionPoint { threshold, recall, precision });
        Some(curve)
    });
    AssessmentPage {
        title: title(assessment).into(),
        assessment,
        curve,
        reliability: reliability_at("the map", &cells.outcomes, focus, mixture),
        errors: map(assessed),
    }
}

/// Where the errors lie.
fn map(assessed: &Assessed) -> Option<CellMap> {
    let Assessed { assessment, cells, crs, side, .. } = assessed;
    let system = crs.as_ref().map(CoordinateSystem::from_crs)?;
    let metres = system.is_ok_and(|system| system.require_metres().is_ok());
    let names = assessment.classes.names();
    let kind = |name: String, mark| MapKind { name: name.into(), mark };
    let right = kind("right".to_owned(), MapMark::Quiet);
    let kinds = match assessment.focus {
        Some(focus) => {
            let (own, other) = (&names[focus], &names[1 - focus]);
            let missed = kind(format!("{own}, taken for {other}"), MapMark::Full);
            vec![right, missed, kind(format!("{other}, taken for {own}"), MapMark::Hollow)]
        }
        None => vec![right, kind("wrong".to_owned(), MapMark::Full)],
    };
    let kind_of = |truth: ClassId, decided: ClassId| match assessment.focus {
        _ if truth == decided => 0,
        Some(focus) if truth.index() != focus => 2,
        _ => 1,
    };
    let known = cells.outcomes.truths().iter().zip(&cells.decisions).zip(&cells.places);
    let placed = known.filter_map(|((&truth, &decided), place)| {
        let place = (*place)?;
        Some(MapCell { x: place.x, y: place.y, kind: kind_of(truth, decided) })
    });
    let cells: Vec<MapCell> = placed.collect();
    (!cells.is_empty()).then_some(CellMap { side: *side, metres, kinds, cells })
}
