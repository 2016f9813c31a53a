//! Estimates: a figure, what it is of, and the interval that it lies in.

use super::Words;
use crate::report::percent;

/// Where a figure lies with a stated confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A number that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The 95 % interval, where one was computed.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// A number without an interval.
    pub fn alone(value: f64) -> Self {
        Self { value, interval: None }
    }

    /// A number with its 95 % interval.
    pub fn within(value: f64, low: f64, high: f64) -> Self {
        Self { value, interval: Some(Interval { low, high }) }
    }

    /// Length of the interval.
    pub fn width(&self) -> Option<f64> {
        self.interval.map(|interval| interval.high - interval.low)
    }

    /// The number in words: `24.1 %`, `0.913`.
    pub fn words(&self, unit: Unit) -> String {
        unit.words(self.value)
    }

    /// The ends of the interval in words: `21.3 to 27.2`.
    pub fn ends(&self, unit: Unit) -> Option<String> {
        self.interval
            .map(|Interval { low, high }| format!("{} to {}", unit.bare(low), unit.bare(high)))
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share of something, in per cent.
    Share,
    /// A number without a unit.
    Number,
}

impl Unit {
    /// A number in words; `–` where it is none.
    pub fn words(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => "–".to_owned(),
            Self::Share => percent(value),
            Self::Number => minus(format!("{value:.3}")),
        }
    }

    /// The same without the sign of per cent.
    fn bare(self, value: f64) -> String {
        self.words(value).trim_end_matches(" %").to_owned()
    }

    /// A difference, with its sign: `+1.2 points`, `−0.013`.
    pub fn difference(self, value: f64) -> String {
        let sign = if value > 0.0 { "+" } else { "" };
        match self {
            _ if !value.is_finite() => "–".to_owned(),
            Self::Share => minus(format!("{sign}{:.1}", 100.0 * value)),
            Self::Number => minus(format!("{sign}{value:.3}")),
        }
    }
}

/// A hyphen before a digit becomes the sign that is as wide as a plus; zero has none.
fn minus(text: String) -> String {
    let Some(digits) = text.strip_prefix('-') else { return text };
    let zero = digits.chars().all(|letter| matches!(letter, '0' | '.'));
    if zero { digits.to_owned() } else { format!("−{digits}") }
}

/// What a figure measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Figure {
    /// Of the cells taken for a class, the share that are of it.
    Precision(usize),
    /// Of the cells of a class, the share taken for it.
    Recall(usize),
    /// Harmonic mean of the two.
    F1(usize),
    /// Share of cells taken for their class.
    Accuracy,
    /// Mean of the F1 of all classes.
    MacroF1,
    /// Agreement beyond chance.
    Kappa,
    /// Matthews' correlation.
    Mcc,
    /// The chance that a cell of a class ranks above another one.
    RocAuc,
    /// Area under precision over recall.
    AveragePrecision,
    /// Mean of minus the logarithm of the known class's probability.
    LogLoss,
    /// Mean squared error of the probabilities.
    Brier,
}

impl Figure {
    /// Its name, with that of its class.
    pub fn name(self, classes: &[Words]) -> String {
        let of = |class: usize, what: &str| match classes.get(class) {
            Some(name) => format!("{what}, {name}"),
            None => what.to_owned(),
        };
        match self {
            Self::Precision(class) => of(class, "Precision"),
            Self::Recall(class) => of(class, "Recall"),
            Self::F1(class) => of(class, "F1"),
            Self::Accuracy => "Accuracy".to_owned(),
            Self::MacroF1 => "F1, mean of classes".to_owned(),
            Self::Kappa => "Kappa".to_owned(),
            Self::Mcc => "Matthews correlation".to_owned(),
            Self::RocAuc => "Area under ROC".to_owned(),
            Self::AveragePrecision => "Average precision".to_owned(),
            Self::LogLoss => "Log-loss".to_owned(),
            Self::Brier => "Brier score".to_owned(),
        }
    }

    /// How it is written.
    pub fn unit(self) -> Unit {
        match self {
            Self::Precision(_) | Self::Recall(_) | Self::F1(_) | Self::Accuracy | Self::MacroF1 => {
                Unit::Share
            }
            _ => Unit::Number,
        }
    }

    /// Whether less of it is better.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::LogLoss | Self::Brier)
    }
}

/// Figures of one measurement, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    entries: Vec<(Figure, Estimate)>,
}

impl Scores {
    /// The value of a figure, where it was measured.
    pub fn get(&self, figure: Figure) -> Option<Estimate> {
        self.entries.iter().find(|(found, _)| *found == figure).map(|(_, estimate)| *estimate)
    }

    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = Figure> + '_ {
        self.entries.iter().map(|(figure, _)| *figure)
    }
}

impl FromIterator<(Figure, Estimate)> for Scores {
    fn from_iter<I: IntoIterator<Item = (Figure, Estimate)>>(entries: I) -> Self {
        let finite = entries.into_iter().filter(|(_, estimate)| estimate.value.is_finite());
        Self { entries: finite.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_written_with_its_ends() {
        let share = Estimate::within(0.2412, 0.2133, 0.2718);
        assert_eq!(share.words(Unit::Share), "24.1 %");
        assert_eq!(share.ends(Unit::Share).unwrap(), "21.3 to 27.2");
        let number = Estimate::within(-0.0131, -0.02, 0.0001);
        assert_eq!(number.words(Unit::Number), "−0.013");
        assert_eq!(number.ends(Unit::Number).unwrap(), "−0.020 to 0.000");
        assert_eq!(Estimate::alone(f64::NAN).words(Unit::Share), "–");
        assert_eq!(Estimate::alone(0.5).ends(Unit::Share), None);
    }

    #[test]
    fn differences_carry_their_sign_and_zero_has_none() {
        assert_eq!(Unit::Share.difference(0.0123), "+1.2");
        assert_eq!(Unit::Share.difference(-0.0123), "−1.2");
        assert_eq!(Unit::Number.difference(-0.000_01), "0.000");
    }

    #[test]
    fn figures_that_are_no_number_are_not_kept() {
        let scores: Scores =
            [(Figure::Kappa, Estimate::alone(f64::NAN)), (Figure::Accuracy, Estimate::alone(0.9))]
                .into_iter()
                .collect();
        assert_eq!(scores.get(Figure::Kappa), None);
        assert_eq!(scores.get(Figure::Accuracy), Some(Estimate::alone(0.9)));
        assert_eq!(scores.figures().count(), 1);
    }
}
