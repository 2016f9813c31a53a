//! The loss: cross-entropy with class weights and smoothed labels, as PyTorch defines it.

use tesela_datasets::class::ClassId;

use super::weights::to_single;

/// What a wrong probability costs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loss {
    class_weights: Vec<f64>,
    label_smoothing: f64,
}

impl Loss {
    /// The loss with one weight for each class.
    pub(crate) fn new(class_weights: Vec<f64>, label_smoothing: f64) -> Self {
        Self { class_weights, label_smoothing }
    }

    /// The same weight for each of `classes`, and unsmoothed labels.
    #[cfg(test)]
    pub(crate) fn plain(classes: usize) -> Self {
        Self::new(vec![1.0; classes], 0.0)
    }

    /// The weight of some patches together.
    pub(crate) fn total(&self, labels: impl Iterator<Item = ClassId>) -> f64 {
        labels.map(|label| self.class_weights[label.index()]).sum()
    }

    /// The targets of a batch: what the negative log-probabilities are weighted with, such that their sum is the
    /// part of the batch in the loss of patches whose [`Self::total`] is `total`.
    ///
    /// With weights w and smoothing ε, patch i of class y has ((1 − ε) w_y [c = y] + ε w_c / C) / Σ w_y at
    /// class c: `CrossEntropyLoss(weight, label_smoothing)` of PyTorch.
    ///
    /// # Shapes
    /// - output: `[batch, class]`
    pub(crate) fn targets(&self, labels: &[ClassId], total: f64) -> Vec<f32> {
        let classes = self.class_weights.len();
        let smoothed = self.label_smoothing / classes as f64;
        let mut targets = Vec::with_capacity(labels.len() * classes);
        for label in labels {
            for (class, weight) in self.class_weights.iter().enumerate() {
                let own = if class == label.index() { 1.0 - self.label_smoothing } else { 0.0 };
                targets.push(to_single(weight * (own + smoothed) / total));
            }
        }
        targets
    }
}

/// Weights that let each class count the same in total: n / (classes · count), as scikit-learn's `balanced`.
pub(crate) fn balanced(counts: &[usize]) -> Vec<f64> {
    let total: usize = counts.iter().sum();
    counts
        .iter()
        .map(|&count| if count == 0 { 0.0 } else { total as f64 / (counts.len() * count) as f64 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_targets_are_one_hot_and_sum_to_one() {
        let targets = Loss::plain(2).targets(&[ClassId::new(1), ClassId::new(0)], 2.0);
        assert_eq!(targets, [0.0, 0.5, 0.5, 0.0]);
    }

    #[test]
    fn weights_and_smoothing_follow_the_definition_of_pytorch() {
        // torch.nn.CrossEntropyLoss(weight=torch.tensor([1., 3.]), label_smoothing=0.2) on classes 1, 0.
        let (loss, labels) = (Loss::new(vec![1.0, 3.0], 0.2), [ClassId::new(1), ClassId::new(0)]);
        let targets = loss.targets(&labels, loss.total(labels.into_iter()));
        let expected = [0.1 / 4.0, 2.7 / 4.0, 0.9 / 4.0, 0.3 / 4.0];
        for (found, expected) in targets.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-7, "{found} {expected}");
        }
    }

    #[test]
    fn balanced_weights_even_the_classes_out() {
        let weights = balanced(&[30, 10]);
        assert_eq!(weights[0] * 30.0, weights[1] * 10.0);
        assert_eq!(weights[0] * 30.0 + weights[1] * 10.0, 40.0);
    }
}
