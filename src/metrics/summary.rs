//! Summaries: mean and deviation of each figure over the folds.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;

use super::{Areas, OriginConfusion, Scores, Totals};

/// One number out of [`Scores`], by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name, such as `accuracy` or `urban precision`.
    pub name: String,
    /// Its value, where it has one.
    pub value: Option<f64>,
}

/// One figure over several folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the figure.
    pub name: String,
    /// Mean over the folds that have the figure.
    pub mean: Option<f64>,
    /// Standard deviation over them, with `n - 1` in the denominator; needs two.
    pub deviation: Option<f64>,
    /// How many folds have the figure.
    pub folds: usize,
}

impl Scores {
    /// All figures, in the order of the tables.
    pub fn figures(&self) -> Vec<Figure> {
        let figure = |name: &str, value| Figure { name: name.to_owned(), value };
        let mut figures = vec![
            figure("accuracy", Some(self.accuracy)),
            figure("kappa", self.kappa),
            figure("mcc", Some(self.mcc)),
            figure("log-loss", Some(self.log_loss)),
            figure("brier", Some(self.brier)),
            figure("roc-auc", self.roc_auc),
            figure("pr-auc", self.average_precision),
        ];
        for (name, averages) in
            [("macro", &self.macro_average), ("weighted", &self.weighted_average)]
        {
            figures.push(figure(&format!("{name} precision"), Some(averages.precision)));
            figures.push(figure(&format!("{name} recall"), Some(averages.recall)));
            figures.push(figure(&format!("{name} f1"), Some(averages.f1)));
        }
        for class in &self.classes {
            let name = &class.class;
            // Of a class without cells nothing was measured, and zero would be taken for a failure.
            let measured = |value: f64| (class.support > 0).then_some(value);
            figures.push(figure(&format!("{name} precision"), measured(class.precision)));
            figures.push(figure(&format!("{name} recall"), measured(class.recall)));
            figures.push(figure(&format!("{name} f1"), measured(class.f1)));
            figures.push(figure(&format!("{name} roc-auc"), class.roc_auc));
            figures.push(figure(&format!("{name} pr-auc"), class.average_precision));
        }
        figures
    }
}

/// The figures that follow from known and decided classes alone, cells weighing as much as their origin says.
pub(crate) fn rate_figures(
    confusion: &OriginConfusion,
    classes: &ClassMap,
    weights: &[f64],
) -> Vec<Figure> {
    let totals = Totals::of_counts(confusion.clone());
    let areas = vec![Areas { roc_auc: None, average_precision: None }; classes.len()];
    let mut figures = Scores::assemble(&totals, &areas, classes, weights).figures();
    figures.retain(|figure| is_rate(&figure.name));
    figures
}

/// Whether the figure called `name` follows from known and decided classes alone.
pub(crate) fn is_rate(name: &str) -> bool {
    !["log-loss", "brier", "roc-auc", "pr-auc"].iter().any(|own| name.ends_with(own))
}

/// Mean and deviation of each figure over `folds`, which speak of the same classes.
pub fn summarise(folds: &[Scores]) -> Vec<Summary> {
    let figures: Vec<Vec<Figure>> = folds.iter().map(Scores::figures).collect();
    let Some(first) = figures.first() else { return Vec::new() };
    let summary = |(index, figure): (usize, &Figure)| {
        let values: Vec<f64> = figures.iter().filter_map(|fold| fold[index].value).collect();
        let mean = mean(&values);
        Summary {
            name: figure.name.clone(),
            mean,
            deviation: mean.and_then(|mean| deviation(&values, mean)),
            folds: values.len(),
        }
    };
    first.iter().enumerate().map(summary).collect()
}

/// The same over those of `folds` that have scores.
pub fn summarise_known(folds: &[Option<Scores>]) -> Vec<Summary> {
    let known: Vec<Scores> = folds.iter().flatten().cloned().collect();
    summarise(&known)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn deviation(values: &[f64], mean: f64) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use tesela_datasets::class::ClassId;

    use super::*;
    use crate::metrics::Outcomes;

    fn fold_with_accuracy(right: u8) -> Scores {
        let mut outcomes = Outcomes::new(2);
        for cell in 0..10 {
            let row = if cell < right { [1.0, 0.0] } else { [0.0, 1.0] };
            outcomes.push(ClassId::new(0), &row);
        }
        Scores::of(&outcomes, &ClassMap::new(["a", "b"]).unwrap(), None).unwrap()
    }

    #[test]
    fn the_mean_and_the_deviation_are_those_of_the_folds() {
        let folds = [fold_with_accuracy(8), fold_with_accuracy(10)];
        let summaries = summarise(&folds);
        assert_eq!(summaries[0].name, "accuracy");
        assert!((summaries[0].mean.unwrap() - 0.9).abs() < 1e-12);
        assert!((summaries[0].deviation.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
        assert_eq!(summarise(&folds[..1])[0].deviation, None);
        let area = summaries.iter().find(|summary| summary.name == "roc-auc").unwrap();
        assert_eq!((area.mean, area.folds), (None, 0));
    }
}
