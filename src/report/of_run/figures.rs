//! Figures of a page, by their places among those of [`Scores`](crate::metrics::Scores).
//!
//! Names of figures hold names of classes, which may be anything, so figures are found by their places.

use crate::metrics::Scores;
use crate::report::page::{self, Figure};
use crate::statistics;

/// Figures of all classes together, in the order of `Scores::figures`.
const GENERAL: usize = 13;
/// Figures of each class.
const OF_CLASS: usize = 5;

/// The figures of a page with their places, those of the class in `focus` first.
pub(in crate::report) fn shown(classes: usize, focus: Option<usize>) -> Vec<(Figure, usize)> {
    let others = (0..classes).filter(|class| Some(*class) != focus);
    let of_class = |class: usize| {
        let first = GENERAL + OF_CLASS * class;
        [
            (Figure::Precision(class), first),
            (Figure::Recall(class), first + 1),
            (Figure::F1(class), first + 2),
        ]
    };
    let general = [
        (Figure::Accuracy, 0),
        (Figure::MacroF1, 9),
        (Figure::Kappa, 1),
        (Figure::Mcc, 2),
        (Figure::RocAuc, 5),
        (Figure::AveragePrecision, 6),
        (Figure::LogLoss, 3),
        (Figure::Brier, 4),
    ];
    focus.into_iter().chain(others).flat_map(of_class).chain(general).collect()
}

/// Figures without intervals.
pub(super) fn plain(scores: &Scores, focus: Option<usize>) -> page::Scores {
    let values = scores.figures();
    let value = |(figure, place): (Figure, usize)| {
        Some((figure, page::Estimate::alone(values.get(place)?.value?)))
    };
    shown(scores.classes.len(), focus).into_iter().filter_map(value).collect()
}

/// Figures with their intervals.
pub(in crate::report) fn resampled(
    estimates: &[statistics::Estimate],
    classes: usize,
    focus: Option<usize>,
) -> page::Scores {
    let value = |(figure, place): (Figure, usize)| {
        let found = estimates.get(place)?;
        let interval =
            found.interval.map(|ends| page::Interval { low: ends.lower, high: ends.upper });
        Some((figure, page::Estimate { value: found.value?, interval }))
    };
    shown(classes, focus).into_iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use tesela_datasets::class::{ClassId, ClassMap};

    use super::*;
    use crate::metrics::Outcomes;

    #[test]
    fn places_are_those_of_the_figures_whatever_classes_are_called() {
        let classes = ClassMap::new(["macro", "urban"]).unwrap();
        let mut outcomes = Outcomes::new(2);
        for (class, row) in [(0, [0.75, 0.25]), (0, [0.25, 0.75]), (1, [0.4, 0.6]), (1, [0.1, 0.9])]
        {
            outcomes.push(ClassId::new(class), &row);
        }
        let scores = Scores::of(&outcomes, &classes, None).unwrap();
        let names: Vec<String> = scores.figures().into_iter().map(|figure| figure.name).collect();
        let expected = [
            (Figure::Precision(1), "urban precision"),
            (Figure::Recall(1), "urban recall"),
            (Figure::F1(1), "urban f1"),
            (Figure::Precision(0), "macro precision"),
            (Figure::Recall(0), "macro recall"),
            (Figure::F1(0), "macro f1"),
            (Figure::Accuracy, "accuracy"),
            (Figure::MacroF1, "macro f1"),
            (Figure::Kappa, "kappa"),
            (Figure::Mcc, "mcc"),
            (Figure::RocAuc, "roc-auc"),
            (Figure::AveragePrecision, "pr-auc"),
            (Figure::LogLoss, "log-loss"),
            (Figure::Brier, "brier"),
        ];
        let found = shown(2, Some(1));
        let found: Vec<(Figure, &str)> =
            found.into_iter().map(|(figure, place)| (figure, names[place].as_str())).collect();
        assert_eq!(found, expected);
        let plain = plain(&scores, Some(1));
        let recall = plain.get(Figure::Recall(0)).unwrap().value;
        assert!((recall - scores.classes[0].recall).abs() < 1e-15);
        let f1 = plain.get(Figure::MacroF1).unwrap().value;
        assert!((f1 - scores.macro_average.f1).abs() < 1e-15);
    }
}
