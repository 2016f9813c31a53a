//! The experiment as a whole: read, checked, resolved.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tesela_datasets::config::{ConfigError, Problems, parse_toml};
use tesela_datasets::hex;
use tesela_models::config::{ModelConfig, RawModelConfig};
use tesela_models::operating_point::{OperatingSettings, RawOperatingPoint};

use super::{Data, ExperimentError, FoldSource, RawData, RawValidation, Validation};

/// An experiment as written in its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawExperiment {
    /// The origin of every random draw; has no default.
    pub seed: u64,
    /// Whether a model for use is fitted on all cells after the folds.
    #[serde(default = "yes")]
    pub final_model: bool,
    /// Which cells.
    pub data: RawData,
    /// How the model is measured.
    #[serde(default)]
    pub validation: RawValidation,
    /// How probabilities become classes where the model is used; not written where it is the default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub operating_point: RawOperatingPoint,
    /// What is trained.
    pub model: RawModelConfig,
}

/// Experiments from before there were operating points keep their digest.
fn is_default(raw: &RawOperatingPoint) -> bool {
    *raw == RawOperatingPoint::default()
}

fn yes() -> bool {
    true
}

/// An experiment that is known to make sense.
#[derive(Debug, Clone)]
pub struct Experiment {
    name: String,
    seed: u64,
    final_model: bool,
    data: Data,
    validation: Validation,
    operating: OperatingSettings,
    model: ModelConfig,
    opening: String,
    resolved: String,
}

impl Experiment {
    /// Reads and checks the experiment at `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is not an experiment, or has values that cannot be used; all of them are
    /// named.
    pub fn load(path: &Path) -> Result<Self, ExperimentError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks the experiment that `text` describes, which errors ascribe to `path`.
    ///
    /// # Errors
    /// If it is not an experiment, or has values that cannot be used; all of them are named.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ExperimentError> {
        let mut raw: RawExperiment = parse_toml(text, path)?;
        let mut problems = Problems::new();
        raw.validation.resolve(&mut problems);
        let data = raw.data.check(&mut problems);
        let validation = raw.validation.check(&mut problems);
        let model = raw.model.clone().check(&mut problems);
        let operating = raw.operating_point.clone().check(&mut problems);
        if raw.data.sample.is_some() && raw.validation.plan.is_some() {
            let problem =
                "stands beside `validation.plan`, whose cells are the cells of the experiment";
            problems.add("data.sample", problem);
        }
        if raw
            .data
            .sample
            .as_ref()
            .zip(raw.validation.folds)
            .is_some_and(|(sample, folds)| sample.per_class < folds)
        {
            problems.add("data.sample.per-class", "is less than `validation.folds`");
        }
        let parts = data.zip(validation).zip(model).zip(operating);
        let (((data, validation), model), operating) =
            problems.finish(parts).map_err(|invalid| ConfigError::invalid(path, invalid))?;
        let resolved = toml::to_string(&raw).expect("an experiment that was read can be written");
        let name = name_of(path);
        let (seed, final_model) = (raw.seed, raw.final_model);
        let opening = opening(text);
        Ok(Self { name, seed, final_model, data, validation, operating, model, opening, resolved })
    }

    /// What the experiment is called: its path below `experiments/`, or the name of its file, without
    /// the ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The origin of every random draw.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether a model for use is fitted on all cells after the folds.
    pub fn final_model(&self) -> bool {
        self.final_model
    }

    /// Which cells.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// How the model is measured.
    pub fn validation(&self) -> &Validation {
        &self.validation
    }

    /// How probabilities become classes where the model is used.
    pub fn operating(&self) -> &OperatingSettings {
        &self.operating
    }

    /// What is trained.
    pub fn model(&self) -> &ModelConfig {
        &self.model
    }

    /// What the experiment asks: the first paragraph of the comment that its file opens with.
    pub fn question(&self) -> Option<String> {
        let lines = self.opening.lines().map(|line| line.trim_start_matches('#').trim());
        let lines = lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
        let question = lines.collect::<Vec<_>>().join(" ");
        (!question.is_empty()).then_some(question)
    }

    /// The experiment as a file of its own: the comment that it opens with, then all settings and defaults. The comment is not
    /// in the digest.
    pub fn to_file(&self) -> String {
        if self.opening.is_empty() {
            return self.resolved.clone();
        }
        format!("{}\n{}", self.opening, self.resolved)
    }

    /// The experiment with all defaults, as TOML.
    pub fn resolved(&self) -> &str {
        &self.resolved
    }

    /// The SHA-256 of the resolved experiment, in hexadecimal digits.
    pub fn digest(&self) -> String {
        hex::encode(&Sha256::digest(self.resolved.as_bytes()))
    }

    /// Number of folds of a scheme, where the experiment says.
    pub fn folds(&self) -> Option<usize> {
        match self.validation.folds() {
            FoldSource::Drawn(folding) => Some(folding.folds().get()),
            FoldSource::Plan(_) => None,
        }
    }
}

/// The comment that `text` opens with, line by line.
fn opening(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// `experiments/eurosat-urban/lenet.toml` is called `eurosat-urban/lenet`.
fn name_of(path: &Path) -> String {
    let path = path.with_extension("");
    let parts: Vec<String> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let below = parts
        .iter()
        .rposition(|part| part == "experiments")
        .map_or(parts.len().saturating_sub(1), |position| {
            (position + 1).min(parts.len().saturating_sub(1))
        });
    parts[below..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "seed = 1\n[data]\nstore = \"stores/x\"\n[model.extra-trees]\n";

    fn parse(text: &str) -> Result<Experiment, ExperimentError> {
        Experiment::parse(text, Path::new("experiments/some/trees.toml"))
    }

    /// The message of an error with its causes.
    fn refusal(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        message
    }

    #[test]
    fn the_smallest_experiment_is_resolved_with_all_defaults() {
        let experiment = parse(SMALLEST).unwrap();
        assert_eq!(experiment.name(), "some/trees");
        assert_eq!(experiment.folds(), Some(10));
        for line in ["folds = 10", "min-used-share = 0.25", "final-model = true", "n-trees = "] {
            assert!(experiment.resolved().contains(line), "{}", experiment.resolved());
        }
    }

    #[test]
    fn a_resolved_experiment_is_its_own_resolution() {
        let experiment = parse(SMALLEST).unwrap();
        let again = parse(experiment.resolved()).unwrap();
        assert_eq!(again.resolved(), experiment.resolved());
        assert_eq!(again.digest(), experiment.digest());
    }

    #[test]
    fn the_question_is_the_first_paragraph_of_the_opening_comment() {
        let text =
            format!("# Which model\n#   finds towns?\n#\n# Expected: 90 %.\n\n# other\n{SMALLEST}");
        let experiment = parse(&text).unwrap();
        assert_eq!(experiment.question().as_deref(), Some("Which model finds towns?"));
        // The file of a run keeps the comment, and is the same experiment.
        let file = experiment.to_file();
        assert!(file.starts_with("# Which model\n#   finds towns?\n#\n# Expected: 90 %.\n\nseed"));
        let again = parse(&file).unwrap();
        assert_eq!((again.question(), again.to_file()), (experiment.question(), file));
        assert_eq!(again.digest(), parse(SMALLEST).unwrap().digest());
        let silent = parse(SMALLEST).unwrap();
        assert_eq!((silent.question(), silent.to_file().as_str()), (None, silent.resolved()));
    }

    #[test]
    fn a_seed_must_be_given() {
        let message = refusal(&SMALLEST.replace("seed = 1", ""));
        assert!(message.contains("missing field `seed`"), "{message}");
    }

    #[test]
    fn misspelt_keys_are_answered_with_the_right_one() {
        let message = refusal(&SMALLEST.replace("store", "stoer"));
        assert!(message.contains("did you mean `store`?"), "{message}");
        let message = refusal(&format!("{SMALLEST}n-tress = 10\n"));
        assert!(message.contains("did you mean `n-trees`?"), "{message}");
        let message = refusal(&SMALLEST.replace("extra-trees", "extra-tree"));
        assert!(message.contains("did you mean `extra-trees`?"), "{message}");
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let text =
            SMALLEST.replace("[model", "min-used-share = 2.0\n[validation]\nfolds = 1\n[model");
        let message = refusal(&text);
        assert!(message.contains("`data.min-used-share`: is 2; expected"), "{message}");
        assert!(message.contains("`validation.folds`: is 1; expected 2 to 1000"), "{message}");
    }

    #[test]
    fn experiments_are_called_after_their_place() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("experiments/eurosat-urban/lenet.toml"), "eurosat-urban/lenet");
        assert_eq!(name("/home/me/experiments/a.toml"), "a");
        assert_eq!(name("../x/y.toml"), "y");
        assert_eq!(name("experiments.toml"), "experiments");
    }

    #[test]
    fn every_experiment_of_the_project_can_be_used_and_opens_with_a_comment() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
        let mut seen = 0;
        for folder in std::fs::read_dir(root).unwrap().flatten() {
            for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
                let path = file.path();
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.starts_with("# "), "{}", path.display());
                if text.contains("[model.") {
                    seen += 1;
                    if let Err(error) = Experiment::parse(&text, &path) {
                        panic!("{error}: {:?}", std::error::Error::source(&error));
                    }
                }
            }
        }
        assert!(seen >= 8);
    }
}
