//! `MODEL_CARD.md`: what a model is, how good it is, where it ends, and how to use it, for people who have the bundle alone.

mod figures;
mod limits;
#[cfg(test)]
mod tests;
mod usage;

use std::path::{Path, PathBuf};

use tesela_datasets::file_mark::FileMark;
use tesela_datasets::patch::PatchDefinition;
use tesela_datasets::pixel::Band;
use tesela_datasets::source::InputDefinition;

use self::figures::Measured;
use super::{ExportError, facts};
use crate::bundle::{BundleManifest, MANIFEST_FILE};
use crate::operating_point::{Calibration, Decision, OperatingPoint};

/// What a card is made from.
pub(super) struct Card<'a> {
    pub(super) manifest: &'a BundleManifest,
    /// The names of the numbers that the model looks at, where it looks at rows.
    pub(super) features: Option<&'a [String]>,
    /// The files in other forms.
    pub(super) exports: &'a [String],
}

impl Card<'_> {
    /// The text; digests are those of the files in `folder`.
    pub(super) fn text(&self, folder: &Path) -> Result<String, ExportError> {
        let measured = Measured::of(&self.manifest.provenance.measured);
        let sections = [
            self.opening(),
            format!("## What goes in\n\n{}", self.input()),
            format!("## What it was learned from\n\n{}", self.origin()),
            format!("## How good it is\n\n{}", self.quality(&measured)),
            format!("## How a class is decided\n\n{}", self.decision()),
            format!("## Limits\n\n{}", bullets(&limits::limits(self, &measured))),
            format!("## How to use it\n\n{}", usage::usage(self)),
            format!("## Files\n\n{}", self.files(folder)?),
        ];
        Ok(sections.join("\n"))
    }

    fn has(&self, name: &str) -> bool {
        self.exports.iter().any(|own| own == name)
    }

    fn opening(&self) -> String {
        let BundleManifest { provenance, classes, .. } = self.manifest;
        let cells = match &self.manifest.input {
            InputDefinition::Patches(_) => "cells of a grid by the pixels of satellite imagery",
            InputDefinition::Table(_) => "the rows of a table by their numbers",
        };
        let names: Vec<String> = classes.names().iter().map(|name| format!("`{name}`")).collect();
        let which = match (self.manifest.members.len(), provenance.fold) {
            (0, None) => "It was fitted on all labelled cells.".to_owned(),
            (0, Some(fold)) => {
                format!("It is the model of fold {fold}, fitted without the cells of that fold.")
            }
            (count, _) => format!(
                "It is an ensemble: the mean of the probabilities of {count} models, each fitted without the cells of one fold."
            ),
        };
        format!(
            "# {} for `{}`\n\nThis model classifies {cells} as {}. {which}\n",
            kind_name(&self.manifest.kind),
            provenance.dataset,
            either(&names)
        )
    }

    fn input(&self) -> String {
        match &self.manifest.input {
            InputDefinition::Patches(patches) => patches_in(patches),
            InputDefinition::Table(table) => {
                let columns = table.columns();
                let names: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "Rows of {} numbers, any of which may be missing; a row without any gets no class. The columns: {}.\n",
                    columns.len(),
                    names.join(", ")
                )
            }
        }
    }

    fn origin(&self) -> String {
        let origin = &self.manifest.provenance;
        let unknown = || "not recorded".to_owned();
        let rows = [
            ("data set", format!("`{}`", origin.dataset)),
            ("source", origin.source.clone().unwrap_or_else(unknown)),
            ("licence of the data", origin.licence.clone().unwrap_or_else(unknown)),
            ("digest of the store", format!("`{}`", origin.store_digest)),
            (
                "digest of the folds",
                origin.fold_plan_digest.as_ref().map_or_else(unknown, |it| format!("`{it}`")),
            ),
            ("settings", format!("`{}`", facts::json(&origin.model))),
            ("seed", origin.seed.to_string()),
            ("made by", format!("Tesela {}", origin.program_version)),
        ];
        let rows = rows.map(|(what, value)| format!("| {what} | {} |\n", escaped(&value)));
        format!("| | |\n|---|---|\n{}", rows.concat())
    }

    fn quality(&self, measured: &Measured) -> String {
        let provenance = &self.manifest.provenance;
        if measured.is_empty() {
            return "Nothing was recorded about how good it is.\n".to_owned();
        }
        let whose = match (self.manifest.members.len(), provenance.fold) {
            (0, None) => {
                "Measured by cross-validation: models of the same settings, each on cells that it had not seen. This model was \
                 fitted on all of them, so nothing is left to measure it on."
            }
            (0, Some(_)) => "Measured on the cells of its fold, which it had not seen.",
            _ => {
                "Measured by cross-validation: each member on the cells of the fold that it had not seen. The mean of the members \
                 was not measured itself, because each cell was seen by all members but one."
            }
        };
        format!(
            "{whose} {}\n\n{}",
            measured.scheme_in_words(),
            measured.table(&self.manifest.classes)
        )
    }

    fn decision(&self) -> String {
        let Some(point) = &self.manifest.operating_point else {
            return "There is no operating point: the most probable class is taken, and probabilities are those of the sample.\n"
                .to_owned();
        };
        format!(
            "The bundle holds an operating point, learned from held-out cells. {} {} {}\n",
            calibration(point.calibration()),
            self.prior(point),
            self.rule(point)
        )
    }

    fn prior(&self, point: &OperatingPoint) -> String {
        let moved = self.moved(point);
        match point.unsettled() {
            Some(_) => format!(
                "How common the classes are is estimated when Tesela makes a map, from its own cells, and the threshold found \
                 there; until then, and in `model.onnx`, there is a stand-in. {moved}"
            ),
            None => moved,
        }
    }

    fn moved(&self, point: &OperatingPoint) -> String {
        let Some(prior) = point.prior() else {
            return "They stay at the mixture of the sample.".to_owned();
        };
        let shares = |shares: &[f64]| {
            let pairs = self.manifest.classes.names().iter().zip(shares);
            let words: Vec<String> =
                pairs.map(|(name, share)| format!("`{name}` {}", percent(*share))).collect();
            words.join(", ")
        };
        format!(
            "They are moved from the mixture of the sample ({}) to that of the place of use ({}).",
            shares(prior.from_shares()),
            shares(prior.to_shares())
        )
    }

    fn rule(&self, point: &OperatingPoint) -> String {
        match point.decision() {
            Decision::Argmax => "The most probable class is taken.".to_owned(),
            Decision::Threshold { class, at_least } => {
                let name = self.manifest.classes.name(class);
                let others = match self.manifest.classes.len() {
                    2 => "the other class everywhere else",
                    _ => "the most probable of the others everywhere else",
                };
                let limit = percent(at_least);
                format!(
                    "A cell is taken for `{name}` where its probability is at least {limit}, and for {others}."
                )
            }
        }
    }

    fn files(&self, folder: &Path) -> Result<String, ExportError> {
        let mut text = "| file | bytes | SHA-256 |\n|---|--:|---|\n".to_owned();
        let mut row = |name: &str, mark: &FileMark| {
            text += &format!("| `{name}` | {} | `{}` |\n", mark.bytes, mark.sha256);
        };
        for (name, mark) in &self.manifest.weights {
            row(name, mark);
        }
        for name in self.exports {
            let path: PathBuf = folder.join(name);
            let mark = FileMark::of(&path).map_err(|source| ExportError::Write { path, source })?;
            row(name, &mark);
        }
        Ok(format!("{text}\n`{MANIFEST_FILE}` lists them, too, and this card.\n"))
    }
}

/// What patches of pixels are.
fn patches_in(input: &PatchDefinition) -> String {
    let bands: Vec<&str> = input.pixel.bands.iter().map(Band::name).collect();
    let scaling = input.pixel.scaling;
    let product = match scaling.product {
        Some(product) => format!("the product `{}`", product.name()),
        None => "imagery without calibration".to_owned(),
    };
    let nodata =
        scaling.nodata.map_or(String::new(), |number| format!(", {number} means no measurement"));
    format!(
        "Patches of {} × {} pixels, one for each cell, of {} band{} ({}), as numbers of type `{}` of {product}: a number *n* is worth \
         ({} · *n* + {}) / {}{nodata}. With each patch goes the mask of its used pixels: measured in every band, and inside the \
         cell.\n",
        input.shape.height,
        input.shape.width,
        bands.len(),
        if bands.len() == 1 { "" } else { "s" },
        bands.join(", "),
        format!("{:?}", input.sample_type).to_lowercase(),
        scaling.multiply,
        scaling.add,
        scaling.divide,
    )
}

fn calibration(calibration: &Calibration) -> &'static str {
    match calibration {
        Calibration::None => "Probabilities are taken as the model gives them.",
        Calibration::Temperature(_) => {
            "Probabilities are calibrated with one number for all classes (temperature)."
        }
        Calibration::Platt(_) => "Probabilities are calibrated by a sigmoid (Platt).",
        Calibration::Isotonic(_) => "Probabilities are calibrated by a rising curve (isotonic).",
    }
}

fn kind_name(kind: &str) -> &str {
    match kind {
        "extra-trees" => "Extra Trees",
        "random-forest" => "Random forest",
        "lenet" => "LeNet",
        "resnet" => "Residual network",
        other => other,
    }
}

/// `a`, `b` or `c`.
fn either(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} or {last}", many.join(", ")),
    }
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}\n")).collect()
}

/// Text in a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A share as people read it, with enough digits where it is small.
fn percent(share: f64) -> String {
    let hundred = 100.0 * share;
    if hundred > 0.0 && hundred < 1.0 {
        format!("{hundred:.2} %")
    } else {
        format!("{hundred:.1} %")
    }
}
