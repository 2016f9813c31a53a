//! `tesela export`: a model for others, with a card that says what it is.

use std::path::PathBuf;

use tesela_models::export::Format;

use super::{Console, ExitStatus};
use crate::export::{ModelChoice, export_model};

/// Write a model as a bundle with ONNX, a twin in PyTorch and a model card beside it
///
/// The bundle can be used in place of the run: `tesela predict DIR` takes it. A bundle that lies in DIR is replaced; anything
/// else is left alone.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Run, folder that holds one run, or bundle
    #[arg(value_name = "RUN|BUNDLE")]
    model: PathBuf,

    /// Directory to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Which model of the run: `final` (fitted on all cells), `ensemble` (the mean of those of all folds), or that of a fold, such
    /// as `fold-03` [default: final]
    #[arg(long = "model", value_name = "WHICH")]
    choice: Option<ModelChoice>,

    /// Forms beside the bundle's own, separated by commas: `onnx`, `safetensors` (PyTorch; networks alone) [default: all that
    /// the model has]
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',', value_parser = format)]
    formats: Option<Vec<Format>>,
}

pub(crate) fn run(args: &ExportArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let manifest = export_model(&args.model, args.choice, args.formats.as_deref(), &args.out)?;
    if !manifest.members.is_empty() {
        console.note(format!("the members are {}", manifest.members.join(", ")));
    }
    console.data(args.out.display())?;
    for name in manifest.exports.keys() {
        console.data(args.out.join(name).display())?;
    }
    Ok(ExitStatus::Success)
}

fn format(text: &str) -> Result<Format, String> {
    let found = Format::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| "expected `onnx` or `safetensors`".to_owned())
}
