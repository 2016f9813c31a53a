//! Permutation importances: what a model loses where a feature says nothing any more.
//!
//! The numbers of a feature are shuffled among the held-out cells of a fold, and the model of that fold predicts them again;
//! how much the log-loss rises is what the feature is worth to it (Breiman 2001, "Random Forests", Machine Learning 45:5).
//! Features that say the same stand in for each other, so each alone may be worth little: the features of a channel, and those
//! of a statistic, are shuffled together as well. Unlike mean decreases of impurity, this is measured on cells that the model
//! has not seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, Label};
use tesela_datasets::features::parts_of;
use tesela_datasets::random::{derive, generator, shuffle};
use tesela_datasets::source::{CellSource, FeatureMatrix};
use tesela_models::{Classifier, Probabilities, bundle};

use super::files::write_bytes;
use super::{Part, RunDirectory, Sample, TrainingError};
use crate::metrics::log_loss;
use crate::progress::Progress;

/// The file in the directory of a run.
pub const PERMUTATIONS: &str = "importances.csv";
/// The place of shuffles below a seed.
const PLACE: u64 = 0x5065_726d;

/// What is shuffled together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureGroup {
    /// One feature, or one column of a table.
    Feature,
    /// All features of a channel.
    Channel,
    /// The same statistic of all channels.
    Statistic,
}

/// What a group of features is worth to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermutationImportance {
    /// What was shuffled together.
    pub group: FeatureGroup,
    /// The feature, channel or statistic.
    pub name: String,
    /// How much the log-loss rises, in the mean over folds and repeats; below 0 where the model does better without.
    pub importance: f64,
    /// The standard deviation over folds and repeats.
    pub deviation: f64,
}

/// How much is shuffled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermutationOptions {
    /// How often each group is shuffled in each fold.
    pub repeats: usize,
    /// Whether the features of patches are shuffled one by one, too: some 486 predictions of each cell and repeat.
    pub each: bool,
}

/// Columns that are shuffled together.
struct Group {
    kind: FeatureGroup,
    name: String,
    columns: Vec<usize>,
}

/// Shuffles the features of the held-out cells of `run`, whose cells are `sample`, in the folds of the headline scheme, and
/// writes [`PERMUTATIONS`] into its directory.
///
/// # Errors
/// If the run is not done, its models do not look at features, cells cannot be read, or the user stops.
pub fn permutation_importances(
    run: &RunDirectory,
    sample: &Sample,
    options: PermutationOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<PermutationImportance>, TrainingError> {
    let measurement = run.measurement()?;
    let folds = &measurement.headline().folds;
    let mut rises: BTreeMap<(FeatureGroup, String), Vec<f64>> = BTreeMap::new();
    for (place, &fold) in folds.iter().enumerate() {
        let path = run.bundle(Part::Fold(fold));
        let (classifier, _) =
            bundle::load(&path, "flex").map_err(|error| TrainingError::read(&path, error))?;
        let (cells, _) = sample.held_out(fold);
        let features = cells.features()?;
        let groups = groups(&features.columns, options.each);
        if place == 0 {
            let total = folds.len() * groups.len() * options.repeats;
            progress.start("shuffling features", Some(total as u64), "predictions");
        }
        let seed = derive(run.manifest().seed, &[PLACE, fold as u64]);
        let shuffled = Shuffled { run, classifier: &*classifier, features: &features, seed };
        let labels: Vec<Label> = cells.labels().to_vec();
        let truths: Vec<Option<ClassId>> = labels.into_iter().map(Label::class).collect();
        let base = mean_log_loss(&shuffled.predict(&features.values)?, &truths);
        for (index, group) in groups.into_iter().enumerate() {
            let own = rises.entry((group.kind, group.name.clone())).or_default();
            for repeat in 0..options.repeats {
                if progress.wants_stop() {
                    return Err(TrainingError::Interrupted);
                }
                let found = shuffled.without(&group, [index as u64, repeat as u64])?;
                own.push(mean_log_loss(&found, &truths) - base);
                progress.advance(1);
            }
        }
    }
    let mut all: Vec<PermutationImportance> = rises.into_iter().map(summarised).collect();
    // Equal ones stay in the order of their names.
    all.sort_by(|a, b| a.group.cmp(&b.group).then(b.importance.total_cmp(&a.importance)));
    write_bytes(&run.path().join(PERMUTATIONS), &to_csv(&all))?;
    Ok(all)
}

/// The features of some cells, of which some are shuffled.
struct Shuffled<'a> {
    run: &'a RunDirectory,
    classifier: &'a dyn Classifier,
    features: &'a FeatureMatrix,
    seed: u64,
}

impl Shuffled<'_> {
    fn predict(&self, values: &[f32]) -> Result<Probabilities, TrainingError> {
        self.classifier.predict_features(values).ok_or_else(|| TrainingError::NotARun {
            path: self.run.path().to_owned(),
            reason: format!(
                "its model, `{}`, looks at pixels; features can be shuffled for trees",
                self.classifier.kind()
            ),
        })
    }

    /// What the model says where the columns of `group` are shuffled, all in the same way.
    fn without(&self, group: &Group, place: [u64; 2]) -> Result<Probabilities, TrainingError> {
        let (rows, width) = (self.features.rows, self.features.columns.len());
        let mut order: Vec<usize> = (0..rows).collect();
        shuffle(&mut generator(self.seed, &place), &mut order);
        let mut values = self.features.values.clone();
        for (row, &from) in values.chunks_exact_mut(width).zip(&order) {
            for &column in &group.columns {
                row[column] = self.features.values[from * width + column];
            }
        }
        self.predict(&values)
    }
}

/// What is shuffled: channels and statistics where columns are features of patches; columns one by one in a table, or where
/// `each` asks for it.
fn groups(columns: &[String], each: bool) -> Vec<Group> {
    let mut together: BTreeMap<(FeatureGroup, String), Vec<usize>> = BTreeMap::new();
    let mut singles = Vec::new();
    for (column, name) in columns.iter().enumerate() {
        let parts = parts_of(name);
        if let Some((channel, statistic)) = parts {
            for (kind, name) in
                [(FeatureGroup::Channel, channel.name()), (FeatureGroup::Statistic, statistic)]
            {
                together.entry((kind, name.to_owned())).or_default().push(column);
            }
        }
        if each || parts.is_none() {
            let (kind, name) = (FeatureGroup::Feature, name.clone());
            singles.push(Group { kind, name, columns: vec![column] });
        }
    }
    let together = together.into_iter();
    let together = together.map(|((kind, name), columns)| Group { kind, name, columns });
    singles.into_iter().chain(together).collect()
}

/// Mean log-loss; cells of which nothing is said are left out.
fn mean_log_loss(found: &Probabilities, truths: &[Option<ClassId>]) -> f64 {
    let known = found.rows().zip(truths).filter_map(|(row, truth)| Some((row, (*truth)?)));
    let (mut sum, mut count) = (0.0, 0_u64);
    for (row, truth) in known.filter(|(row, truth)| !row[truth.index()].is_nan()) {
        sum += log_loss(truth, row);
        count += 1;
    }
    sum / count.max(1) as f64
}

fn summarised(((group, name), rises): ((FeatureGroup, String), Vec<f64>)) -> PermutationImportance {
    let count = rises.len() as f64;
    let importance = rises.iter().sum::<f64>() / count;
    let squares: f64 = rises.iter().map(|rise| (rise - importance).powi(2)).sum();
    let deviation = if rises.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
    PermutationImportance { group, name, importance, deviation }
}

fn to_csv(all: &[PermutationImportance]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for one in all {
        writer.serialize(one).expect("memory can be written");
    }
    writer.into_inner().expect("memory can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(groups: &[Group]) -> Vec<(FeatureGroup, &str, usize)> {
        groups.iter().map(|group| (group.kind, group.name.as_str(), group.columns.len())).collect()
    }

    #[test]
    fn features_are_grouped_and_columns_of_tables_stand_alone() {
        let columns = ["red_mean", "red_h0", "nir_mean", "height"].map(str::to_owned);
        assert_eq!(
            names(&groups(&columns, false)),
            [
                (FeatureGroup::Feature, "height", 1),
                (FeatureGroup::Channel, "nir", 1),
                (FeatureGroup::Channel, "red", 2),
                (FeatureGroup::Statistic, "h0", 1),
                (FeatureGroup::Statistic, "mean", 2),
            ]
        );
        assert_eq!(groups(&columns, true).len(), 8);
    }

    #[test]
    fn a_loss_leaves_out_what_is_not_known() {
        let found = Probabilities::new(2, vec![0.5, 0.5, f32::NAN, f32::NAN, 0.0, 1.0]);
        let truths = [Some(ClassId::new(0)), Some(ClassId::new(1)), Some(ClassId::new(1))];
        assert!((mean_log_loss(&found, &truths) - 0.5 * 2_f64.ln()).abs() < 1e-12);
    }
}
