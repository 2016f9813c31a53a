//! Where the errors lie, and what the surest ones look like.

use std::collections::BTreeMap;
use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use tesela_datasets::cell::{CellId, Outline};
use tesela_datasets::store::StoreReader;
use tesela_models::Probabilities;

use super::ReportError;
use super::write::Material;
use crate::inspection::ContactSheets;
use crate::report::page::{CellMap, MapCell, MapKind, MapMark, Mistake};
use crate::training::{Ground, Predictions};

/// How many mistakes are shown.
const MISTAKES: usize = 12;
/// Metres of a degree of latitude.
const DEGREE: f64 = 111_320.0;

/// A cell that something was predicted of.
struct Seen {
    row: u32,
    truth: usize,
    taken: usize,
    probability: f32,
}

/// The map of the errors, and the mistakes that the model was surest of.
pub(super) fn places(
    material: &Material,
    predictions: &Predictions,
) -> Result<(Option<CellMap>, Vec<Mistake>), ReportError> {
    let Some(store) = &material.store else { return Ok((None, Vec::new())) };
    let seen = seen(store, predictions);
    Ok((map(material, store, &seen), mistakes(material, store, &seen)?))
}

fn seen(store: &StoreReader, predictions: &Predictions) -> Vec<Seen> {
    let rows: BTreeMap<&CellId, u32> =
        store.cells().iter().map(|cell| &cell.cell.id).zip(0..).collect();
    let one = |(cell, probabilities): (&crate::training::HeldOutCell, &[f32])| {
        let taken = Probabilities::most_probable(probabilities)?.index();
        let row = *rows.get(&cell.cell)?;
        Some(Seen { row, truth: cell.label.index(), taken, probability: probabilities[taken] })
    };
    predictions.rows().filter_map(one).collect()
}

/// The map, where cells have places on a known ground.
fn map(material: &Material, store: &StoreReader, seen: &[Seen]) -> Option<CellMap> {
    let rows: Vec<u32> = seen.iter().map(|seen| seen.row).collect();
    let found: Vec<usize> = seen.iter().map(|seen| kind(material, seen)).collect();
    map_of(store, &rows, kinds(material), &found)
}

/// A map of the cells in `rows` of `store`, each of its kind in `found`.
pub(in crate::report) fn map_of(
    store: &StoreReader,
    rows: &[u32],
    kinds: Vec<MapKind>,
    found: &[usize],
) -> Option<CellMap> {
    // Cells without places have no map; why, the data section shows by what it lacks.
    let ground = Ground::of(store, rows).ok()?;
    let scale = if ground.remark.is_some() { DEGREE } else { 1.0 };
    let outline = |row: &u32| store.cells()[*row as usize].cell.outline.as_ref();
    let side = scale * rows.iter().find_map(outline).map_or(0.0, height);
    let cells = ground.points.iter().zip(found).filter_map(|(point, &kind)| {
        let point = (*point)?;
        Some(MapCell { x: point.x, y: point.y, kind })
    });
    Some(CellMap { side, metres: true, kinds, cells: cells.collect() })
}

/// From the lowest to the highest corner.
fn height(outline: &Outline) -> f64 {
    let ends = outline.corners.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |ends, corner| {
        (ends.0.min(corner.y), ends.1.max(corner.y))
    });
    ends.1 - ends.0
}

fn kinds(material: &Material) -> Vec<MapKind> {
    let kind = |name: String, mark| MapKind { name: name.into(), mark };
    let right = kind("right".to_owned(), MapMark::Quiet);
    let names = material.names();
    match (material.focus, names.as_slice()) {
        (Some(focus), [_, _]) => {
            let (own, other) = (&names[focus], &names[1 - focus]);
            let missed = kind(format!("{own}, taken for {other}"), MapMark::Full);
            let added = kind(format!("{other}, taken for {own}"), MapMark::Hollow);
            vec![right, missed, added]
        }
        _ => vec![right, kind("wrong".to_owned(), MapMark::Full)],
    }
}

fn kind(material: &Material, seen: &Seen) -> usize {
    match material.focus {
        _ if seen.truth == seen.taken => 0,
        Some(focus) if seen.truth != focus => 2,
        _ => 1,
    }
}

fn mistakes(
    material: &Material,
    store: &StoreReader,
    seen: &[Seen],
) -> Result<Vec<Mistake>, ReportError> {
    let mut wrong: Vec<&Seen> = seen.iter().filter(|seen| seen.truth != seen.taken).collect();
    wrong.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.row.cmp(&b.row)));
    wrong.truncate(MISTAKES);
    let rows: Vec<u32> = wrong.iter().map(|seen| seen.row).collect();
    let names = material.names();
    let pictures = pictures(store, &rows)?;
    let mistake = |(seen, png): (&&Seen, Vec<u8>)| Mistake {
        cell: store.cells()[seen.row as usize].cell.id.as_str().into(),
        known: names[seen.truth].clone(),
        decided: names[seen.taken].clone(),
        probability: f64::from(seen.probability),
        png,
    };
    Ok(wrong.iter().zip(pictures).map(mistake).collect())
}

/// A picture of each row; empty ones where the store has no pixels.
fn pictures(store: &StoreReader, rows: &[u32]) -> Result<Vec<Vec<u8>>, ReportError> {
    if store.definition().input.patches().is_none() || rows.is_empty() {
        return Ok(vec![Vec::new(); rows.len()]);
    }
    let failed = |source| ReportError::Patches { store: store.path().to_owned(), source };
    let pictures = ContactSheets::new(store).and_then(|sheets| sheets.pictures(rows));
    Ok(pictures.map_err(failed)?.iter().map(png).collect())
}

/// The picture as a file; empty where it cannot be packed, as one without pixels.
fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match picture.write_to(&mut bytes, ImageFormat::Png) {
        Ok(()) => bytes.into_inner(),
        Err(_) => Vec::new(),
    }
}
