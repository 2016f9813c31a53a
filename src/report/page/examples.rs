//! Pages with numbers that hang together, for tests and for the eye: every figure is counted from the same drawn cells.

use super::{
    Agreement, CellMap, ComparedRun, ComparisonPage, CriticalDifference, DataFacts, DecisionPoint,
    Difference, Discordance, Epoch, Estimate, Figure, FoldResults, Importance, Importances,
    LearningCurve, LeftOut, MapCell, MapKind, MapMark, Measured, Mistake, NationalMap,
    OperatingPoint, PrecisionRecall, Record, Refit, Reliability, ReliabilityBin, RunPage,
    SchemeKind, SchemeResults, Selection, Words,
};

/// Shares that fill 0 to 1 evenly in any order (multiples of the golden ratio).
struct Draws(f64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = (self.0 + 0.618_033_988_749_894_9).fract();
        // Neighbouring draws are far apart, and far ones unrelated.
        (self.0 * 7919.0 + (self.0 * 104_729.0).sin() * 43_758.545_3).abs().fract()
    }

    /// A number below `end`.
    fn below(&mut self, end: u32) -> usize {
        let draw = self.next();
        (1..end).filter(|&step| draw >= f64::from(step) / f64::from(end)).count()
    }

    /// About normal: the sum of twelve draws.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A cell with its class, what it was taken for, and the probability of the latter or of class 1.
#[derive(Clone, Copy)]
struct Cell {
    truth: usize,
    taken: usize,
    probability: f64,
    fold: usize,
    place: (f64, f64),
}

fn cells(count: usize, classes: usize, skill: f64, seed: f64) -> Vec<Cell> {
    let mut draws = Draws(seed);
    let cell = |index: usize| {
        let truth = index % classes;
        let place =
            ((draws.next() * 160.0).floor() * 1000.0, (draws.next() * 110.0).floor() * 1000.0);
        let fold = draws.below(10);
        if classes == 2 {
            let side = if truth == 1 { skill } else { -skill };
            let probability = 1.0 / (1.0 + (-1.6 * (side + draws.normal())).exp());
            return Cell {
                truth,
                taken: usize::from(probability >= 0.5),
                probability,
                fold,
                place,
            };
        }
        let right = draws.next() < 0.55 + 0.4 * (truth as f64 / classes as f64);
        let other = (truth + 1 + draws.below(3)) % classes;
        let probability = 0.4 + 0.6 * draws.next();
        Cell { truth, taken: if right { truth } else { other }, probability, fold, place }
    };
    (0..count).map(cell).collect()
}

fn around(value: f64, weight: f64) -> Estimate {
    let half = 1.96 * (value * (1.0 - value) / weight).sqrt();
    Estimate::within(value, (value - half).max(0.0), (value + half).min(1.0))
}

/// The figures and the confusion of cells, those of each class weighing so that they have these prevalences.
fn measured(cells: &[Cell], classes: usize, target: Option<&[f64]>, intervals: bool) -> Measured {
    let mut confusion = vec![vec![0.0; classes]; classes];
    let supports: Vec<f64> = (0..classes)
        .map(|class| cells.iter().filter(|cell| cell.truth == class).count() as f64)
        .collect();
    let total = cells.len() as f64;
    let weight = |class: usize| match target {
        Some(shares) if supports[class] > 0.0 => shares[class] * total / supports[class],
        _ => 1.0,
    };
    for cell in cells {
        confusion[cell.truth][cell.taken] += weight(cell.truth);
    }
    let estimate = |value: f64, of: f64| {
        if intervals { around(value, of.max(4.0) / 2.0) } else { Estimate::alone(value) }
    };
    let rows: Vec<f64> = confusion.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> =
        (0..classes).map(|class| confusion.iter().map(|row| row[class]).sum()).collect();
    let mut scores = Vec::new();
    let mut f1s = Vec::new();
    for class in (0..classes).rev() {
        let right = confusion[class][class];
        let f1 = 2.0 * right / (rows[class] + columns[class]).max(1e-9);
        f1s.push(f1);
        scores.push((
            Figure::Precision(class),
            estimate(right / columns[class].max(1e-9), columns[class]),
        ));
        scores.push((
            Figure::Recall(class),
            estimate(right / rows[class].max(1e-9), supports[class]),
        ));
        scores.push((Figure::F1(class), estimate(f1, supports[class])));
    }
    let accuracy = (0..classes).map(|class| confusion[class][class]).sum::<f64>() / total;
    scores.push((Figure::Accuracy, estimate(accuracy, total)));
    scores.push((Figure::MacroF1, estimate(f1s.iter().sum::<f64>() / classes as f64, total)));
    let chance =
        rows.iter().zip(&columns).map(|(row, column)| row * column).sum::<f64>() / (total * total);
    scores.push((Figure::Kappa, estimate((accuracy - chance) / (1.0 - chance), total)));
    let loss = cells.iter().map(|cell| {
        let right =
            if classes == 2 && cell.truth == 0 { 1.0 - cell.probability } else { cell.probability };
        -weight(cell.truth) * right.max(1e-6).ln()
    });
    scores.push((Figure::LogLoss, Estimate::alone(loss.sum::<f64>() / total)));
    let prevalence = rows.iter().map(|row| row / total).collect();
    Measured { prevalence, scores: scores.into_iter().collect(), confusion }
}

fn ranked(cells: &[Cell]) -> Vec<Cell> {
    let mut sorted = cells.to_vec();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    sorted
}

fn curve(name: &str, cells: &[Cell], prevalence: f64) -> PrecisionRecall {
    let sorted = ranked(cells);
    let positives = sorted.iter().filter(|cell| cell.truth == 1).count() as f64;
    let negatives = sorted.len() as f64 - positives;
    let weights = (prevalence / positives, (1.0 - prevalence) / negatives);
    let (mut own, mut others, mut area, mut points) = (0.0, 0.0, 0.0, Vec::new());
    for cell in &sorted {
        if cell.truth == 1 {
            own += weights.0
        } else {
            others += weights.1
        }
        let precision = own / (own + others);
        if cell.truth == 1 {
            area += precision * weights.0 / prevalence;
        }
        points.push((own / prevalence, precision));
    }
    let class = "urban".into();
    PrecisionRecall {
        name: name.into(),
        class,
        prevalence,
        points,
        average_precision: area,
        decision: None,
    }
}

fn reliability(name: &str, cells: &[Cell], sharpen: f64) -> Reliability {
    let moved = |probability: f64| {
        let odds = (probability / (1.0 - probability)).ln() * sharpen;
        1.0 / (1.0 + (-odds).exp())
    };
    let mut bins = Vec::new();
    let mut error = 0.0;
    for bin in 0..12 {
        let (low, high) = (f64::from(bin) / 12.0, f64::from(bin + 1) / 12.0);
        let own: Vec<&Cell> =
            cells.iter().filter(|cell| (low..high).contains(&moved(cell.probability))).collect();
        if own.is_empty() {
            continue;
        }
        let count = own.len() as f64;
        let predicted = own.iter().map(|cell| moved(cell.probability)).sum::<f64>() / count;
        let observed = own.iter().filter(|cell| cell.truth == 1).count() as f64 / count;
        error += (predicted - observed).abs() * count / cells.len() as f64;
        bins.push(ReliabilityBin { predicted, observed, cells: own.len() as u64 });
    }
    Reliability { name: name.into(), bins, calibration_error: Some(error) }
}

fn scheme(kind: SchemeKind, how: &str, cells: &[Cell], target: &[f64]) -> SchemeResults {
    let classes = target.len();
    let folds = (0..10).map(|fold| {
        let own: Vec<Cell> = cells.iter().filter(|cell| cell.fold == fold).copied().collect();
        let counts =
            (0..classes).map(|class| own.iter().filter(|cell| cell.truth == class).count() as u64);
        let dropped = if kind == SchemeKind::Blocks { 40 + 3 * fold as u64 } else { 0 };
        FoldResults {
            cells: counts.collect(),
            dropped,
            scores: measured(&own, classes, None, false).scores,
        }
    });
    SchemeResults {
        kind,
        how: how.into(),
        sample: measured(cells, classes, None, true),
        target: Some(measured(cells, classes, Some(target), true)),
        folds: folds.collect(),
        curve: (classes == 2).then(|| curve(kind.in_words(), cells, target[1])),
        reliability: (classes == 2).then(|| reliability("as the model says", cells, 1.0)),
    }
}

fn map(cells: &[Cell], names: [&str; 3], kind: impl Fn(&Cell) -> usize) -> CellMap {
    let marks = [MapMark::Quiet, MapMark::Full, MapMark::Hollow];
    let kinds = names.iter().zip(marks).map(|(name, mark)| MapKind { name: name.into(), mark });
    let cells =
        cells.iter().map(|cell| MapCell { x: cell.place.0, y: cell.place.1, kind: kind(cell) });
    CellMap { side: 1000.0, metres: true, kinds: kinds.collect(), cells: cells.collect() }
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
    let get = |figure| after.scores.get(figure).map_or(0.0, |found| found.value);
    let point = DecisionPoint {
        threshold: 0.88,
        recall: get(Figure::Recall(1)),
        precision: get(Figure::Precision(1)),
    };
    let national = after.confusion.iter().map(|row| {
        row.iter()
            .map(|weight| {
                let cells = weight * 1975.719;
                Estimate::within(cells, 0.82 * cells, 1.2 * cells)
            })
            .collect()
    });
    let mut wrong: Vec<&Cell> = blocks.iter().filter(|cell| cell.truth != cell.taken).collect();
    wrong.sort_by(|a, b| (b.probability - 0.5).abs().total_cmp(&(a.probability - 0.5).abs()));
    let names = ["non-urban", "urban"];
    let mistake = |(index, cell): (u32, &&Cell)| Mistake {
        cell: format!(
            "E{:.0}N{:.0}",
            cell.place.0 / 1000.0 + 2600.0,
            cell.place.1 / 1000.0 + 800.0
        )
        .into(),
        known: names[cell.truth].into(),
        decided: names[cell.taken].into(),
        probability: if cell.taken == 1 { cell.probability } else { 1.0 - cell.probability },
        png: patch(index),
    };
    RunPage {
        title: "demo/extra-trees".into(),
        run: "3f9a1c0e77b2".into(),
        date: Some("21 November 2026".into()),
        model: "Extra Trees, 500 trees".into(),
        question: Some("Which model finds the towns of a simulated state?".into()),
        classes: names.map(Words::from).to_vec(),
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
        national: Some(NationalMap { cells: 1_975_719, confusion: national.collect() }),
        operating_point: Some(OperatingPoint {
            calibration: "Platt, the best of four by cross-fitted log-loss".into(),
            prior: Some("moved from 50 % to 2.1 % urban".into()),
            decision: Some(
                "urban from a probability of 0.88 on, which has the highest F1 in the country"
                    .into(),
            ),
            point: Some(point),
            tried: vec![
                ("none".into(), 0.2891),
                ("temperature".into(), 0.2873),
                ("Platt".into(), 0.2861),
                ("isotonic".into(), 0.2954),
            ],
            before: measured(&blocks, 2, Some(&target), true).scores,
            after: after.scores.clone(),
            log_loss: Some((0.2891, 0.2861)),
            reliability: Some(reliability("after calibration", &blocks, 1.25)),
            sets: Some(
                "hold the true class in 90 of 100 cells of each class; 6.2 % hold both".into(),
            ),
        }),
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
        mistakes: (0..).zip(wrong.iter().take(12)).map(mistake).collect(),
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

/// Three runs on the same cells.
pub(crate) fn three_runs() -> ComparisonPage {
    let target = [0.9789, 0.0211];
    let skills = [
        ("extra-trees", "Extra Trees, 500 trees", 1.5),
        ("lenet", "LeNet, 61,706 parameters", 1.35),
        ("random-forest", "Random forest, 500 trees", 1.45),
    ];
    let drawn: Vec<Vec<Cell>> =
        skills.iter().map(|(.., skill)| cells(1000, 2, *skill, 0.3)).collect();
    let runs = skills.iter().zip(&drawn).map(|((name, model, _), cells)| ComparedRun {
        name: (*name).into(),
        model: (*model).into(),
        store: "demo/store".into(),
        store_digest: if *name == "lenet" { "b".into() } else { "a".into() },
        years: Some("2010".into()),
        target: Some(target.to_vec()),
        sample: measured(cells, 2, None, true).scores,
        at_target: measured(cells, 2, Some(&target), true).scores,
    });
    let runs: Vec<ComparedRun> = runs.collect();
    let mut differences = Vec::new();
    let mut discordances = Vec::new();
    let mut agreements = Vec::new();
    for (run, with) in [(0, 1), (0, 2), (1, 2)] {
        for figure in [
            Figure::F1(1),
            Figure::Precision(1),
            Figure::Recall(1),
            Figure::Accuracy,
            Figure::LogLoss,
        ] {
            let value = runs[run].at_target.get(figure).unwrap().value
                - runs[with].at_target.get(figure).unwrap().value;
            let chances = vec![
                ("bootstrap over blocks".into(), (0.3 - 20.0 * value.abs()).max(0.000_03)),
                ("corrected t".into(), 0.08),
            ];
            differences.push(Difference {
                run,
                with,
                figure,
                difference: Estimate::within(value, value - 0.014, value + 0.014),
                chances,
            });
        }
        let pairs: Vec<(&Cell, &Cell)> = drawn[run].iter().zip(&drawn[with]).collect();
        let rights = |a: bool, b: bool| {
            pairs.iter().filter(|(x, y)| (x.truth == x.taken, y.truth == y.taken) == (a, b)).count()
                as u64
        };
        discordances.push(Discordance {
            run,
            with,
            both: rights(true, true),
            run_alone: rights(true, false),
            with_alone: rights(false, true),
            neither: rights(false, false),
            test: "exact, mid-p".into(),
            chance: 0.0123,
        });
        let taken = |a: usize, b: usize| {
            pairs.iter().filter(|(x, y)| (x.taken, y.taken) == (a, b)).count() as u64
        };
        agreements.push(Agreement {
            run,
            with,
            cells: vec![vec![taken(0, 0), taken(0, 1)], vec![taken(1, 0), taken(1, 1)]],
        });
    }
    let curves =
        runs.iter().zip(&drawn).map(|(run, cells)| curve(run.name.as_str(), cells, target[1]));
    let diagrams =
        runs.iter().zip(&drawn).map(|(run, cells)| reliability(run.name.as_str(), cells, 1.0));
    ComparisonPage {
        title: "Three models on the demonstration".into(),
        date: Some("21 November 2026".into()),
        classes: ["non-urban", "urban"].map(Words::from).to_vec(),
        focus: Some(1),
        scheme: SchemeKind::Blocks,
        cells: 1000,
        differences,
        discordances,
        agreements: agreements.into_iter().take(1).collect(),
        ranks: Some(CriticalDifference {
            of: "accuracy over 10 folds".into(),
            ranks: vec![
                ("extra-trees".into(), 1.35),
                ("random-forest".into(), 1.9),
                ("lenet".into(), 2.75),
            ],
            critical_difference: 1.05,
            groups: vec![vec![0, 1], vec![1, 2]],
            chance: Some(0.004),
        }),
        curves: curves.collect(),
        reliability: diagrams.collect(),
        map: Some(map(
            &drawn[0]
                .iter()
                .zip(&drawn[1])
                .map(|(a, b)| Cell {
                    fold: usize::from(a.taken == a.truth) * 2 + usize::from(b.taken == b.truth),
                    ..*a
                })
                .collect::<Vec<_>>(),
            ["both the same", "extra-trees alone right", "lenet alone right"],
            |cell| match cell.fold {
                2 => 1,
                1 => 2,
                _ => 0,
            },
        )),
        runs,
    }
}
