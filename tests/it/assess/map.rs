//! A small map with its labels, whose every number is known.

use std::path::Path;

use serde_json::{Map, Value, json};
use tesela::map::{
    MapContent, MapHeader, MapOrigin, MapRows, MapWriter, ModelOrigin, Quality, uncertainty,
};
use tesela::raster::CoordinateSystem;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::{ClassId, ClassMap, Label};

pub(super) const COLUMNS: usize = 60;
pub(super) const ROWS: usize = 40;
pub(super) const CELL: f64 = 1000.0;
pub(super) const WEST: f64 = 480_000.0;
const SOUTH: f64 = 2_100_000.0;

/// What is true of a cell, and what the map makes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) index: usize,
    pub(super) urban: bool,
    /// What the map says; `None` where it has no data.
    pub(super) mapped: Option<bool>,
    pub(super) trained: bool,
}

impl Known {
    /// All cells: a town of 10 × 10 cells in a country of 60 × 40, mapped one column too far to the east, with an error
    /// far from the town, no data in the first row, and every seventh cell trained on.
    pub(super) fn all() -> Vec<Self> {
        let is_town =
            |column: usize, row: usize| (20..30).contains(&column) && (15..25).contains(&row);
        let of = |index: usize| {
            let (column, row) = (index % COLUMNS, index / COLUMNS);
            let mapped = is_town(column, row) || (column == 30 && (15..25).contains(&row));
            let mapped = mapped || (column, row) == (50, 5);
            Self {
                index,
                urban: is_town(column, row),
                mapped: (row > 0).then_some(mapped),
                trained: index % 7 == 3,
            }
        };
        (0..COLUMNS * ROWS).map(of).collect()
    }

    pub(super) fn id(&self) -> String {
        format!("c{:05}", self.index)
    }

    pub(super) fn name(&self) -> &'static str {
        if self.urban { "urban" } else { "non-urban" }
    }

    fn cell(&self) -> Cell {
        let (column, row) = (self.index % COLUMNS, self.index / COLUMNS);
        let (x, y) = (WEST + column as f64 * CELL, SOUTH + row as f64 * CELL);
        Cell {
            id: CellId::new(self.id()),
            label: Label::Class(ClassId::new(usize::from(self.urban))),
            outline: Some(Outline::square(x, y, CELL)),
            year: Some(2020),
        }
    }
}

pub(super) fn classes() -> ClassMap {
    ClassMap::new(["non-urban", "urban"]).unwrap()
}

/// Writes a map of all cells; `training` says whether it marks those that were trained on.
pub(super) fn write(path: &Path, training: bool, measured: Map<String, Value>) {
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap().to_crs();
    let content =
        MapContent { pixels: true, spread: false, sets: true, applicability: true, training };
    let model = ModelOrigin {
        digest: "0".repeat(64),
        kind: "extra-trees".to_owned(),
        dataset: "simulated".to_owned(),
        measured,
        settled: None,
    };
    let origin = MapOrigin {
        models: vec![model],
        operating_point: true,
        ..MapOrigin::new(classes(), content)
    };
    let cells = CellTableHeader { classes: classes(), crs: Some(crs) };
    let mut writer = MapWriter::create(path, &MapHeader { cells, origin }).unwrap();
    let mut rows = MapRows::default();
    for known in Known::all() {
        rows.cells.push(known.cell());
        rows.classes.push(known.mapped.map(|urban| ClassId::new(usize::from(urban))));
        let urban = known.mapped.map_or(f32::NAN, |urban| if urban { 0.75 } else { 0.125 });
        rows.probabilities.extend([1.0 - urban, urban]);
        rows.uncertainties.push(uncertainty(&[1.0 - urban, urban]));
        rows.sets.extend([true, known.mapped == Some(true)]);
        rows.dissimilarities.push(0.5);
        rows.inside.push(known.index % COLUMNS < 50);
        rows.used_shares.push(if known.mapped.is_some() { 1.0 } else { 0.0 });
        let quality = if known.index % 2 == 0 { Quality::Full } else { Quality::Partial };
        rows.qualities.push(if known.mapped.is_some() { quality } else { Quality::NoData });
        if training {
            rows.trained.push(known.trained);
        }
    }
    writer.append(&rows).unwrap();
    writer.finish().unwrap();
}

/// What a run announces: an F1 of urban around `f1`, of a map of as many cells.
pub(super) fn announcement(f1: f64) -> Map<String, Value> {
    let figure = |name: &str, value: f64| {
        let interval = json!({ "lower": value - 0.05, "upper": value + 0.05 });
        json!({ "name": name, "value": value, "interval": interval })
    };
    let general = ["accuracy", "kappa", "mcc", "macro precision", "macro recall", "macro f1"];
    let weighted = ["weighted precision", "weighted recall", "weighted f1"];
    let mut figures: Vec<Value> =
        general.iter().chain(&weighted).map(|name| figure(name, 0.9)).collect();
    figures.extend(
        ["precision", "recall", "f1"].map(|name| figure(&format!("non-urban {name}"), 0.99)),
    );
    figures.extend(["precision", "recall", "f1"].map(|name| figure(&format!("urban {name}"), f1)));
    let count = |cells: f64| json!({ "expected": cells, "interval": { "lower": cells - 20.0, "upper": cells + 20.0 } });
    let map = json!({
        "cells": 2400,
        "known": [2300, 100],
        "confusion": [[count(2290.0), count(10.0)], [count(5.0), count(95.0)]],
        "mapped": [count(2295.0), count(105.0)],
        "figures": figures,
    });
    let mut measured = Map::new();
    measured.insert("expected_map".to_owned(), map);
    measured.insert("block_metres".to_owned(), json!(5000.0));
    measured
}
