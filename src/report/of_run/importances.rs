//! What a tabular model looks at, and which features it was given, from the `features.csv` of each fold.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tesela_datasets::features::parts_of;

use super::ReportError;
use crate::report::page::{Importance, Importances, Selection};
use crate::training::{FeatureGroup, PERMUTATIONS, Part, PermutationImportance, RunDirectory};

/// Features that are shown one by one.
const SHOWN: usize = 20;
/// Features kept in some folds only that are named.
const NAMED: usize = 20;

/// A row of `features.csv`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    feature: String,
    kept: bool,
    p_value: Option<f64>,
    variance: Option<f64>,
    importance: Option<f64>,
}

/// The rows of each of `folds` that has any.
pub(super) fn features(run: &RunDirectory, folds: &[usize]) -> Result<Vec<Vec<Row>>, ReportError> {
    let paths = folds.iter().map(|&fold| run.folder(Part::Fold(fold)).join("features.csv"));
    let read = |path: std::path::PathBuf| {
        let failed =
            |error: csv::Error| ReportError::History { path: path.clone(), source: error.into() };
        read(&path).map_err(failed)
    };
    paths.filter(|path| path.is_file()).map(read).collect()
}

fn read(path: &Path) -> Result<Vec<Row>, csv::Error> {
    csv::Reader::from_path(path)?.deserialize().collect()
}

/// What was measured by shuffling, where it was; else how much the impurity was lowered.
pub(super) fn importances(
    run: &RunDirectory,
    folds: &[Vec<Row>],
) -> Result<Option<Importances>, ReportError> {
    let path = run.path().join(PERMUTATIONS);
    if !path.is_file() {
        return Ok(of_impurity(folds));
    }
    let read = || csv::Reader::from_path(&path)?.deserialize().collect::<Result<Vec<_>, _>>();
    let rows = read()
        .map_err(|error| ReportError::History { path: path.clone(), source: error.into() })?;
    Ok(Some(of_shuffling(&rows)))
}

fn of_shuffling(rows: &[PermutationImportance]) -> Importances {
    let of = |group: FeatureGroup| {
        let own = rows.iter().filter(move |row| row.group == group);
        own.map(|row| Importance {
            name: row.name.as_str().into(),
            value: row.importance,
            deviation: Some(row.deviation),
        })
    };
    Importances {
        method: "the rise of the log-loss on held-out cells where a feature, or a whole group, is shuffled; bars show the deviation over folds and repeats".into(),
        features: of(FeatureGroup::Feature).take(SHOWN).collect(),
        channels: of(FeatureGroup::Channel).collect(),
        statistics: of(FeatureGroup::Statistic).collect(),
    }
}

/// How much features, channels and statistics lowered the impurity, as means over the folds.
fn of_impurity(folds: &[Vec<Row>]) -> Option<Importances> {
    let is_known = |row: &Row| row.importance.is_some_and(|value| value > 0.0);
    if !folds.iter().flatten().any(is_known) {
        return None;
    }
    let mut features = summed(folds, |feature| Some(feature.to_owned()));
    features.truncate(SHOWN);
    Some(Importances {
        method: "mean decrease of impurity, a share of that of all features; bars show the deviation over folds".into(),
        features,
        channels: summed(folds, |feature| parts_of(feature).map(|(channel, _)| channel.name().to_owned())),
        statistics: summed(folds, |feature| parts_of(feature).map(|(_, rest)| rest.to_owned())),
    })
}

/// Importances summed by what `key` makes of the name of a feature, the largest first; features without a key are left out.
fn summed(folds: &[Vec<Row>], key: impl Fn(&str) -> Option<String>) -> Vec<Importance> {
    let mut sums: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (fold, rows) in folds.iter().enumerate() {
        for row in rows {
            let Some(key) = key(&row.feature) else { continue };
            sums.entry(key).or_insert_with(|| vec![0.0; folds.len()])[fold] +=
                row.importance.unwrap_or(0.0);
        }
    }
    let mut all: Vec<Importance> = sums
        .into_iter()
        .map(|(name, values)| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
            Importance { name: name.into(), value: mean, deviation }
        })
        .collect();
    // Equal ones stay in the order of their names.
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    all
}

/// Which features were kept; `None` where nothing was selected.
pub(super) fn selection(folds: &[Vec<Row>]) -> Option<Selection> {
    let first = folds.first()?;
    let was_tested = |row: &Row| row.p_value.is_some() || row.variance.is_some();
    if !first.iter().any(was_tested) {
        return None;
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for row in folds.iter().flatten() {
        *times.entry(&row.feature).or_default() += usize::from(row.kept);
    }
    let sometimes = times.iter().filter(|(_, times)| (1..folds.len()).contains(*times));
    Some(Selection {
        method: "F test with a bound on the family-wise error, then a threshold of the variance, in the training part of each fold".into(),
        offered: first.len(),
        kept: folds.iter().map(|rows| rows.iter().filter(|row| row.kept).count()).collect(),
        always: times.values().filter(|&&times| times == folds.len()).count(),
        sometimes: sometimes.take(NAMED).map(|(name, _)| (*name).into()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(feature: &str, kept: bool, importance: Option<f64>) -> Row {
        Row { feature: feature.to_owned(), kept, p_value: Some(0.1), variance: None, importance }
    }

    #[test]
    fn importances_are_summed_by_channel_and_statistic() {
        let folds = [
            vec![
                row("red_mean", true, Some(0.5)),
                row("nir_mean", true, Some(0.25)),
                row("red_h0", true, Some(0.25)),
            ],
            vec![
                row("red_mean", true, Some(0.75)),
                row("nir_mean", false, None),
                row("red_h0", true, Some(0.25)),
            ],
        ];
        let found = of_impurity(&folds).unwrap();
        assert_eq!((found.features[0].value, found.features.len()), (0.625, 3));
        assert_eq!(found.channels[0].value, 0.875);
        assert_eq!(found.statistics[0].value, 0.75);
        let chosen = selection(&folds).unwrap();
        assert_eq!(
            (chosen.offered, chosen.kept.as_slice(), chosen.always),
            (3, [3, 2].as_slice(), 2)
        );
        assert_eq!(chosen.sometimes.len(), 1);
    }

    #[test]
    fn columns_of_tables_have_no_channel() {
        let folds = [vec![row("height", true, Some(1.0))]];
        let found = of_impurity(&folds).unwrap();
        assert!(found.channels.is_empty() && found.statistics.is_empty());
        assert!(of_impurity(&[]).is_none() && selection(&[]).is_none());
    }
}
