//! Three runs on the same cells.

use super::super::{
    Agreement, CellMap, ComparedRun, ComparisonPage, CriticalDifference, DecidedPairs, Difference,
    Discordance, Estimate, Figure, SchemeKind, Words,
};
use super::{Cell, NAMES, cells, curve, map, measured, reliability};

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
        decided: measured(cells, 2, Some(&target), true).scores,
    });
    let runs: Vec<ComparedRun> = runs.collect();
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let differences = pairs.iter().flat_map(|&pair| differences(&runs, pair));
    let discordances = pairs.iter().map(|&(run, with)| discordance(run, with, &drawn));
    let curves =
        runs.iter().zip(&drawn).map(|(run, cells)| curve(run.name.as_str(), cells, target[1]));
    let diagrams =
        runs.iter().zip(&drawn).map(|(run, cells)| reliability(run.name.as_str(), cells, 1.0));
    ComparisonPage {
        title: "Three models on the demonstration".into(),
        date: Some("21 November 2026".into()),
        classes: NAMES.map(Words::from).to_vec(),
        focus: Some(1),
        scheme: SchemeKind::Blocks,
        cells: 1000,
        has_target: true,
        decided: Some(DecidedPairs {
            remarks: vec!["lenet takes no evaluated urban cell for non-urban.".into()],
            differences: pairs.iter().flat_map(|&pair| self::differences(&runs, pair)).collect(),
            discordances: vec![discordance(0, 1, &drawn)],
        }),
        differences: differences.collect(),
        discordances: discordances.collect(),
        agreements: vec![agreement(0, 1, &drawn)],
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
        map: Some(where_they_differ(&drawn[0], &drawn[1])),
        runs,
    }
}

fn differences(runs: &[ComparedRun], (run, with): (usize, usize)) -> Vec<Difference> {
    let figures =
        [Figure::F1(1), Figure::Precision(1), Figure::Recall(1), Figure::Accuracy, Figure::LogLoss];
    let difference = |figure: Figure| {
        let value = |run: usize| runs[run].at_target.get(figure).unwrap().value;
        let value = value(run) - value(with);
        let chances = vec![
            ("bootstrap over blocks".into(), (0.3 - 20.0 * value.abs()).max(0.000_03)),
            ("corrected t".into(), 0.08),
        ];
        let difference = Estimate::within(value, value - 0.014, value + 0.014);
        Difference { run, with, figure, difference, chances }
    };
    figures.map(difference).to_vec()
}

fn discordance(run: usize, with: usize, drawn: &[Vec<Cell>]) -> Discordance {
    let rights = |a: bool, b: bool| {
        let pairs = drawn[run].iter().zip(&drawn[with]);
        let own = pairs.filter(|(x, y)| (x.truth == x.taken, y.truth == y.taken) == (a, b));
        own.count() as u64
    };
    Discordance {
        run,
        with,
        both: rights(true, true),
        run_alone: rights(true, false),
        with_alone: rights(false, true),
        neither: rights(false, false),
        test: "exact, mid-p".into(),
        chance: 0.0123,
    }
}

fn agreement(run: usize, with: usize, drawn: &[Vec<Cell>]) -> Agreement {
    let taken = |a: usize, b: usize| {
        let pairs = drawn[run].iter().zip(&drawn[with]);
        pairs.filter(|(x, y)| (x.taken, y.taken) == (a, b)).count() as u64
    };
    let cells = vec![vec![taken(0, 0), taken(0, 1)], vec![taken(1, 0), taken(1, 1)]];
    Agreement { run, with, cells }
}

fn where_they_differ(first: &[Cell], second: &[Cell]) -> CellMap {
    // The fold of a cell stands for who is right about it.
    let marked = first.iter().zip(second).map(|(a, b)| {
        let fold = match (a.taken == a.truth, b.taken == b.truth) {
            (true, false) => 1,
            (false, true) => 2,
            _ => 0,
        };
        Cell { fold, ..*a }
    });
    let marked: Vec<Cell> = marked.collect();
    let names = ["both the same", "extra-trees alone right", "lenet alone right"];
    map(&marked, names, |cell| cell.fold)
}
