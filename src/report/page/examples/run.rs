//! Runs with everything that a page can show, and with little of it.

use super::super::{
    DataFacts, DecisionPoint, Epoch, Estimate, Figure, Importance, Importances, LearningCurve,
    LeftOut, Measured, Mistake, NationalMap, OperatingPoint, Record, Refit, RunPage, SchemeKind,
    Scores, Selection, StratumResults, Words,
};
use super::{Cell, NAMES, cells, map, measured, reliability, scheme};

/// A run with two classes, 1,000 cells, two schemes and everything else that a page can show.
pub(crate) fn two_classes() -> RunPage {
    let target = [0.9789, 0.0211];
    let (random, blocks) = (cells(1000, 2, 1.75, 0.11), cells(1000, 2, 1.25, 0.47));
    let decided: Vec<Cell> = blocks
        .iter()
        .map(|cell| Cell { taken: usize::from(cell.probability >= 0.88), ..*cell })
        .collect();
    let schemes = vec![
        scheme(
            SchemeKind::Blocks,
            "10 folds of squares of 20 km; cells within 2 km of a held-out cell are not trained on",
            &blocks,
            &target,
        ),
        scheme(
            SchemeKind::Random,
            "10 folds, each with its share of every class",
            &random,
            &target,
        ),
    ];
    let after = measured(&decided, 2, Some(&target), true);
    RunPage {
        title: "demo/extra-trees".into(),
        run: "3f9a1c0e77b2".into(),
        date: Some("21 November 2026".into()),
        model: "Extra Trees, 500 trees".into(),
        question: Some("Which model finds the towns of a simulated state?".into()),
        classes: NAMES.map(Words::from).to_vec(),
        focus: Some(1),
        data: DataFacts {
            dataset: "simulated".into(),
            store: "demo/store".into(),
            cells: vec![500, 500],
            undefined: 3012,
            left_out: vec![LeftOut { reason: "without a used pixel".into(), cells: 12 }],
            product: Some("Landsat collection 2, surface reflectance (c2)".into()),
            years: Some("2010".into()),
            has_places: true,
            ..DataFacts::default()
        },
        schemes,
        strata: Vec::new(),
        national: Some(national(&after)),
        operating_point: Some(operating_point(&blocks, &target, &after)),
        learning: learning(),
        errors: Some(map(
            &blocks,
            ["right", "urban, taken for non-urban", "non-urban, taken for urban"],
            |cell| match (cell.truth, cell.taken) {
                (1, 0) => 1,
                (0, 1) => 2,
                _ => 0,
            },
        )),
        mistakes: mistakes(&blocks),
        importances: Some(importances()),
        selection: Some(Selection {
            method: "ANOVA F with a family-wise error of 0.05, then variance above 0".into(),
            offered: 486,
            kept: vec![402, 398, 405, 401, 399, 404, 400, 397, 403, 402],
            always: 391,
            sometimes: ["ndvi bin 3", "blue bin 9", "wetness minimum"].map(Words::from).to_vec(),
        }),
        refit: Some(Refit {
            how: "fitted anew on all 1,000 cells with the settings of the folds".into(),
            differs: vec![],
        }),
        record: record(),
    }
}

/// The same run where the country is known by stratum: two strata, and one in which nothing is urban.
pub(crate) fn stratified() -> RunPage {
    let page = two_classes();
    let figures = page.operating_point.as_ref().map(|point| point.after.clone());
    RunPage { strata: strata(&figures.unwrap_or_default()), ..page }
}

fn strata(scores: &Scores) -> Vec<StratumResults> {
    let stratum = |name: &str, share, urban: f64, cells| StratumResults {
        name: name.into(),
        share,
        prevalence: vec![1.0 - urban, urban],
        cells,
        scores: if urban > 0.0 { scores.clone() } else { Scores::default() },
    };
    vec![
        stratum("Altiplano", 0.35, 0.0337, vec![210, 260]),
        stratum("Desierto", 0.2, 0.0, vec![130, 0]),
        stratum("Valles y costas", 0.45, 0.0207, vec![160, 240]),
    ]
}

/// A run with ten classes, one scheme, nothing known of the country.
pub(crate) fn ten_classes() -> RunPage {
    let names = [
        "Annual crop",
        "Forest",
        "Herbaceous vegetation",
        "Highway",
        "Industrial",
        "Pasture",
        "Permanent crop",
        "Residential",
        "River",
        "Sea or lake",
    ];
    let all = cells(2700, 10, 0.0, 0.23);
    let mut only = scheme(
        SchemeKind::Random,
        "10 folds, each with its share of every class",
        &all,
        &[0.1; 10],
    );
    only.target = None;
    RunPage {
        title: "eurosat-classes/lenet".into(),
        run: "77b2c0e3f9a1".into(),
        date: Some("21 November 2026".into()),
        model: "LeNet, 61,706 parameters".into(),
        classes: names.map(Words::from).to_vec(),
        data: DataFacts {
            dataset: "EuroSAT".into(),
            store: "eurosat/store".into(),
            cells: vec![270; 10],
            uncalibrated: true,
            product: Some("JPEG, 8 bit".into()),
            ..DataFacts::default()
        },
        schemes: vec![only],
        learning: learning(),
        errors: Some(map(&all, ["right", "wrong", "unknown"], |cell| {
            usize::from(cell.truth != cell.taken)
        })),
        record: record(),
        ..RunPage::default()
    }
}

/// The operating point of a run on `blocks`, with which it measures `after`.
fn operating_point(blocks: &[Cell], target: &[f64], after: &Measured) -> OperatingPoint {
    let get = |figure| after.scores.get(figure).map_or(0.0, |found| found.value);
    let point = DecisionPoint {
        threshold: 0.88,
        recall: get(Figure::Recall(1)),
        precision: get(Figure::Precision(1)),
    };
    OperatingPoint {
        calibration: "Platt, the best of four by cross-fitted log-loss".into(),
        prior: Some("moved from 50 % to 2.1 % urban".into()),
        stands_in: false,
        decision: Some(
            "urban from a probability of 0.88 on, which has the highest F1 in the country".into(),
        ),
        point: Some(point),
        tried: vec![
            ("none".into(), 0.2891),
            ("temperature".into(), 0.2873),
            ("Platt".into(), 0.2861),
            ("isotonic".into(), 0.2954),
        ],
        before: measured(blocks, 2, Some(target), true).scores,
        after: after.scores.clone(),
        log_loss: Some((0.2891, 0.2861)),
        reliability: Some(reliability("after calibration", blocks, 1.25)),
        sets: Some("hold the true class in 90 of 100 cells of each class; 6.2 % hold both".into()),
        remarks: Vec::new(),
    }
}

/// What a map with the rates of `measured` looks like.
fn national(measured: &Measured) -> NationalMap {
    let cell = |weight: &f64| {
        let cells = weight * 1975.719;
        Estimate::within(cells, 0.82 * cells, 1.2 * cells)
    };
    let rows = measured.confusion.iter().map(|row| row.iter().map(cell).collect());
    NationalMap { cells: 1_975_719, confusion: rows.collect() }
}

/// The surest mistakes among `cells`.
fn mistakes(cells: &[Cell]) -> Vec<Mistake> {
    let mut wrong: Vec<&Cell> = cells.iter().filter(|cell| cell.truth != cell.taken).collect();
    wrong.sort_by(|a, b| (b.probability - 0.5).abs().total_cmp(&(a.probability - 0.5).abs()));
    let mistake = |(index, cell): (u32, &&Cell)| {
        let (east, north) = (cell.place.0 / 1000.0 + 2600.0, cell.place.1 / 1000.0 + 800.0);
        Mistake {
            cell: format!("E{east:.0}N{north:.0}").into(),
            known: NAMES[cell.truth].into(),
            decided: NAMES[cell.taken].into(),
            probability: if cell.taken == 1 { cell.probability } else { 1.0 - cell.probability },
            png: patch(index),
        }
    };
    (0..).zip(wrong.iter().take(12)).map(mistake).collect()
}

/// A patch of 33 × 33 pixels with streets in it.
fn patch(seed: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let street = (x * (3 + seed % 3) + y) % 11 < 2 || (x + y * (2 + seed % 2)) % 13 < 2;
        let grain = u8::try_from((x * 37 + y * 91 + seed * 53) % 40).unwrap();
        if street {
            image::Rgb([150 + grain, 140 + grain, 135 + grain])
        } else {
            image::Rgb([70 + grain, 92 + grain, 58 + grain])
        }
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(33, 33, pixel).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn importances() -> Importances {
    let channels =
        ["ndbi", "swir1", "ndvi", "nir", "red", "savi", "wetness", "mndwi", "blue", "brightness"];
    let statistics =
        ["mean", "90th percentile", "deviation", "median", "centre", "maximum", "minimum"];
    let falling = |index: usize| 0.061 * 0.74_f64.powi(i32::try_from(index).unwrap());
    let bar = |(index, name): (usize, &str)| Importance {
        name: name.into(),
        value: falling(index),
        deviation: Some(0.12 * falling(index) + 0.0004),
    };
    let features = (0..30).map(|index| {
        let name = format!("{} {}", channels[index * 3 % 10], statistics[index * 5 % 7]);
        Importance { name: name.into(), value: 0.6 * falling(index), deviation: Some(0.002) }
    });
    Importances {
        method: "loss of accuracy when shuffled".into(),
        features: features.collect(),
        channels: channels.into_iter().enumerate().map(bar).collect(),
        statistics: statistics.into_iter().enumerate().map(bar).collect(),
    }
}

fn learning() -> Vec<LearningCurve> {
    let epoch = |fold: u32, epoch: u32| {
        let (wiggle, step) =
            ((f64::from(epoch) * 1.7 + f64::from(fold)).sin() * 0.012, f64::from(epoch));
        Epoch {
            epoch,
            train_loss: 0.14 + 0.55 * (-step / 6.0).exp() + 0.4 * wiggle,
            validation_loss: Some(0.20 + 0.45 * (-step / 5.0).exp() + 0.0016 * step + wiggle),
            learning_rate: 1e-3 * 0.5_f64.powf((step / 10.0).floor()),
        }
    };
    let curve = |fold: u32| LearningCurve {
        fold: fold as usize,
        epochs: (1..=30 + 2 * fold).map(|one| epoch(fold, one)).collect(),
    };
    (0..5).map(curve).collect()
}

fn record() -> Record {
    let facts = [
        ("Program", "tesela 0.1.0"),
        ("Run", "3f9a1c0e77b2"),
        (
            "Digest of the experiment",
            "9b1f4f5c2a0d7f1e3a77c09b65d1f0a4c4c1f0b7a19d0e8a52f3c6b7d8e9f001",
        ),
        ("Digest of the store", "1e02c5b79a6d34f8804f2b6a9c7d1e3f5a8b0c2d4e6f8091a3b5c7d9e1f20345"),
        ("Digest of the folds", "c0ffee5b79a6d34f8804f2b6a9c7d1e3f5a8b0c2d4e6f8091a3b5c7d9e1f2034"),
        ("Seed", "1"),
        ("Device", "flex"),
        ("Took", "3 min 12 s"),
    ];
    Record {
        command: Some("tesela train experiments/demo/extra-trees.toml".into()),
        configuration: Some(Words::lines(
            "seed = 1\n\n[data]\nstore = \"demo/store\"\n\n[validation]\nschemes = [\"random\", \"blocks\"]\nfolds = 10\n\n[model.extra-trees]\nn-trees = 500\n",
        )),
        facts: facts.map(|(name, value)| (name.into(), value.into())).to_vec(),
    }
}
