//! `tesela inspect`: tells what a store, a bundle, a run or an experiment holds.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tesela_datasets::channels::ChannelSet;
use tesela_datasets::class::ClassMap;
use tesela_datasets::patch::PatchDefinition;
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::StoreReader;
use tesela_datasets::table::TableDefinition;
use tesela_models::bundle::{BundleManifest, check_exports, load, read_manifest};
use tesela_models::config::ModelConfig;

use super::counts::{counts_table, left_out_text};
use super::{Console, ExitStatus, variogram};
use crate::experiment::Experiment;
use crate::inspection::ContactSheets;
use crate::prepare::Coverage;
use crate::report::layer_table;

/// Tell what a store, a bundle, a run or an experiment holds
///
/// Of a network, bundles and experiments list the layers, with what they learn and what a patch costs.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Store, bundle, run, or experiment file
    path: PathBuf,

    /// Compute the digests of all files of a store again; exit with 1 where one differs
    #[arg(long)]
    verify: bool,

    /// Tell over what distance cells are alike, which blocks of a validation have to be larger than; write the variogram
    /// of the labels of a store, or of the labels and errors of a run, as table and picture into this folder
    #[arg(long, value_name = "DIR")]
    variogram: Option<PathBuf>,

    /// Write quick-look pictures of some patches of each class into this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

pub(crate) fn run(args: &InspectArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let path = &args.path;
    if path.join("bundle.json").is_file() {
        return inspect_bundle(args, console);
    }
    if path.join("run.json").is_file() {
        inspect_run(path, console)?;
        if let Some(folder) = &args.variogram {
            variogram::of_run(path, folder, console)?;
        }
        return Ok(ExitStatus::Success);
    }
    if path.extension().is_some_and(|extension| extension == "toml") {
        return inspect_experiment(path, console);
    }
    if !path.join("store.json").is_file() {
        bail!(
            "`{}` is neither a store (`store.json`), a bundle (`bundle.json`), a run (`run.json`) nor an experiment (`.toml`)",
            path.display()
        );
    }
    let store = match StoreReader::open(path) {
        Err(error) if args.verify => return Ok(wrong(&error.into(), console)),
        store => store?,
    };
    console.data(describe_store(&store))?;
    let mut coverage = Coverage::of(&store.definition().input);
    store.cells().iter().for_each(|cell| coverage.note(cell));
    console.data(counts_table(&store.definition().classes, store.counts(), &coverage))?;
    if let Some(folder) = &args.variogram {
        variogram::of_store(&store, folder, console)?;
    }
    if let Some(folder) = &args.pictures {
        for sheet in ContactSheets::new(&store)?.write(folder)? {
            console.data(format!(
                "picture: {} ({} patches)",
                sheet.path.display(),
                sheet.patches
            ))?;
        }
    }
    if args.verify {
        if let Err(error) = store.verify() {
            return Ok(wrong(&error.into(), console));
        }
        console.data("verified: every file has the digest with which it was written")?;
    }
    Ok(ExitStatus::Success)
}

/// The answer is no: the store is not what it was.
fn wrong(error: &anyhow::Error, console: &mut Console) -> ExitStatus {
    console.error(error);
    ExitStatus::No
}

fn describe_store(store: &StoreReader) -> String {
    let definition = store.definition();
    let crs = match &definition.crs {
        Some(crs) => crs.code().unwrap_or_else(|| crs.name().to_owned()),
        None => "unknown".to_owned(),
    };
    let mut lines = vec![
        line("store", &store.path().display().to_string()),
        line("data set", &definition.dataset),
        line("cells", &store.len().to_string()),
        line("coordinates", &crs),
    ];
    lines.extend(describe_input(&definition.input));
    lines.push(line("digest", store.digest()));
    lines.join("\n")
}

fn describe_input(input: &InputDefinition) -> Vec<String> {
    match input {
        InputDefinition::Patches(patches) => describe_patches(patches),
        InputDefinition::Table(table) => describe_table(table),
    }
}

fn describe_table(table: &TableDefinition) -> Vec<String> {
    let keys: Vec<&str> = table.keys().names().collect();
    let columns = table.columns();
    vec![
        line("table", &format!("{} columns: {}", columns.len(), columns.join(", "))),
        line("keys", &keys.join(", ")),
    ]
}

fn describe_patches(input: &PatchDefinition) -> Vec<String> {
    let pixel = &input.pixel;
    let shape = input.shape;
    let bands: Vec<String> = pixel.bands.iter().map(|band| band.to_string()).collect();
    let scaling = &pixel.scaling;
    let product = match scaling.product {
        Some(product) => product.name().to_owned(),
        None => format!(
            "none, uncalibrated: ({} · number + {}) / {}, nodata {}",
            scaling.multiply,
            scaling.add,
            scaling.divide,
            scaling.nodata.map_or_else(|| "none".to_owned(), |value| value.to_string())
        ),
    };
    let channels = ChannelSet::of(pixel);
    let channels_text =
        left_out_text(&channels).unwrap_or_else(|| format!("all {}", channels.len()));
    vec![
        line(
            "patch",
            &format!("{} × {} pixels of {:?}", shape.height, shape.width, input.sample_type),
        ),
        line("bands", &bands.join(", ")),
        line("product", &product),
        line("channels", &channels_text),
    ]
}

fn line(key: &str, value: &str) -> String {
    format!("{key:<12} {value}")
}

fn inspect_bundle(args: &InspectArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let manifest: BundleManifest = read_manifest(&args.path)?;
    let origin = &manifest.provenance;
    let mut lines = vec![
        line("bundle", &args.path.display().to_string()),
        line("model", &manifest.kind),
        line("classes", &manifest.classes.to_string()),
        line("fitted on", &format!("{} (store {})", origin.dataset, origin.store_digest)),
        line("seed", &origin.seed.to_string()),
    ];
    lines.extend(origin.source.iter().map(|source| line("source", source)));
    lines.extend(origin.licence.iter().map(|licence| line("licence", licence)));
    if let Some(fold) = origin.fold {
        lines.push(line("held out", &format!("fold {fold}")));
    }
    if !manifest.members.is_empty() {
        lines.push(line("mean of", &manifest.members.join(", ")));
    }
    lines.extend(describe_input(&manifest.input));
    for (name, mark) in &manifest.weights {
        lines.push(line("weights", &format!("{name}, {} bytes, {}", mark.bytes, mark.sha256)));
    }
    for (name, mark) in &manifest.exports {
        lines.push(line("exported", &format!("{name}, {} bytes, {}", mark.bytes, mark.sha256)));
    }
    // Tables of figures are for the card of the model.
    let is_short = |name: &&String| !["intervals", "expected_map"].contains(&name.as_str());
    for (name, value) in origin.measured.iter().filter(|(name, _)| is_short(name)) {
        lines.push(line("measured", &format!("{name} {value}")));
    }
    console.data(lines.join("\n"))?;
    print_layers(&origin.model, &manifest.input, &manifest.classes, console)?;
    if args.verify {
        let found = load(&args.path, "flex").and_then(|_| check_exports(&args.path, &manifest));
        if let Err(error) = found {
            return Ok(wrong(&error.into(), console));
        }
        console.data("verified: the files have the digests with which they were written")?;
    }
    Ok(ExitStatus::Success)
}

/// What an experiment trains, and on what.
fn inspect_experiment(path: &Path, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let experiment = Experiment::load(path)?;
    let store = StoreReader::open(experiment.data().store()?)?;
    let definition = store.definition();
    let regrouping = experiment.data().regroup(&definition.classes)?;
    let mut lines = vec![
        line("experiment", experiment.name()),
        line("model", experiment.model().kind()),
        line("classes", &regrouping.classes().to_string()),
        line("store", &store.path().display().to_string()),
        line("data set", &definition.dataset),
        line("seed", &experiment.seed().to_string()),
    ];
    lines.extend(describe_input(&definition.input));
    console.data(lines.join("\n"))?;
    print_layers(experiment.model(), &definition.input, regrouping.classes(), console)?;
    Ok(ExitStatus::Success)
}

/// The layers, where the model is a network and the input has pixels.
fn print_layers(
    model: &ModelConfig,
    input: &InputDefinition,
    classes: &ClassMap,
    console: &mut Console,
) -> anyhow::Result<()> {
    let Some(input) = input.patches() else { return Ok(()) };
    let layers = model.layers(input, classes.len())?;
    if !layers.is_empty() {
        console.data(layer_table(&layers))?;
    }
    Ok(())
}

/// What `run.json` says, as it says it.
fn inspect_run(path: &Path, console: &mut Console) -> anyhow::Result<()> {
    const MAX_BYTES: u64 = 16 << 20;
    let file = path.join("run.json");
    let bytes = std::fs::metadata(&file)?.len();
    if bytes > MAX_BYTES {
        bail!("`{}` has {bytes} bytes; expected at most {MAX_BYTES}", file.display());
    }
    let value: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file)?)
        .map_err(|error| anyhow::anyhow!("`{}` is not JSON: {error}", file.display()))?;
    console.data(line("run", &path.display().to_string()))?;
    if let Some(object) = value.as_object() {
        for (key, value) in object {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            console.data(format!("{key:<20} {text}"))?;
        }
    }
    Ok(())
}
