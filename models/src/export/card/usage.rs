//! How to use a model: with this program, with ONNX Runtime, with PyTorch.

use tesela_datasets::patch::{PatchDefinition, SampleType};
use tesela_datasets::source::InputDefinition;

use super::Card;

/// All ways that the files allow.
pub(super) fn usage(card: &Card<'_>) -> String {
    let mut text = program(card);
    if card.has(super::super::ONNX) {
        text += &onnx(card);
    }
    if card.has(super::super::TWIN) {
        text += &twin(card);
    }
    text
}

fn program(card: &Card<'_>) -> String {
    let predict = match &card.manifest.input {
        InputDefinition::Patches(_) => {
            "tesela predict MODEL --mosaic mosaic.tif --grid grid.gpkg --out map.tif"
        }
        InputDefinition::Table(_) => "tesela predict MODEL --table table.csv --out map.csv",
    };
    format!(
        "With Tesela, where `MODEL` is this folder:\n\n```console\n$ {predict}\n$ tesela evaluate MODEL STORE --out measured\n```\n"
    )
}

fn onnx(card: &Card<'_>) -> String {
    let outputs = match card.manifest.operating_point {
        Some(_) => "[\"decided\", \"calibrated\"]",
        None => "[\"label\", \"probabilities\"]",
    };
    let body = match (&card.manifest.input, card.features) {
        (InputDefinition::Patches(patches), None) => format!(
            "bands = numpy.zeros(({shape}), \"{element}\")  # cell, band, row, column: numbers as stored\n\
             used = numpy.ones((1, {height}, {width}), bool)  # cell, row, column: which pixels are used\n\
             classes, probabilities = model.run({outputs}, {{\"bands\": bands, \"used\": used}})\n",
            shape = shape_in(patches),
            element = element(patches.sample_type),
            height = patches.shape.height,
            width = patches.shape.width,
        ),
        (_, features) => format!(
            "features = numpy.zeros((1, {}), \"float32\")  # cell, feature: in the order of features.json, NaN where missing\n\
             classes, probabilities = model.run({outputs}, {{\"features\": features}})\n",
            features.map_or(0, <[String]>::len)
        ),
    };
    let outside = match (&card.manifest.input, card.features) {
        (InputDefinition::Patches(_), Some(features)) => format!(
            "\nThe graph begins with the {} features of a patch. How they are computed from pixels is not part of it; \
             `features.json` has their names in order. To classify pixels, use `tesela predict`.\n",
            features.len()
        ),
        (InputDefinition::Patches(_), None) => {
            "\nChannels, clips and normalisation are part of the graph; pixels that are not used count for nothing.\n".to_owned()
        }
        (InputDefinition::Table(_), _) => String::new(),
    };
    format!(
        "\nWith ONNX Runtime, any number of cells at a time:\n\n```python\nimport numpy, onnxruntime\n\n\
         model = onnxruntime.InferenceSession(\"model.onnx\")\n{body}```\n{outside}\n\
         `label` and `probabilities` are the most probable class and the probabilities as the model gives them{}. A cell of which \
         nothing is known has an empty class and probabilities of NaN. `model.get_modelmeta().custom_metadata_map` holds what this \
         card says.\n",
        match card.manifest.operating_point {
            Some(_) => "; `decided` and `calibrated` are those of the operating point",
            None => "",
        }
    )
}

fn twin(card: &Card<'_>) -> String {
    let member = card.manifest.members.first();
    let load = member.map_or_else(
        || "twin.load(\".\")".to_owned(),
        |member| format!("twin.load(\".\", \"{member}\")  # one member of the ensemble"),
    );
    format!(
        "\nWith PyTorch, to look into it or to train it further, where `bands` are numbers as stored and `used` is the mask:\n\n\
         ```python\nimport torch, twin\n\nnetwork = {load}\n\
         probabilities = network.probabilities(torch.from_numpy(bands), torch.from_numpy(used))\n```\n"
    )
}

fn shape_in(patches: &PatchDefinition) -> String {
    format!("1, {}, {}, {}", patches.shape.bands, patches.shape.height, patches.shape.width)
}

fn element(sample_type: SampleType) -> &'static str {
    match sample_type {
        SampleType::UInt8 => "uint8",
        SampleType::UInt16 => "uint16",
        SampleType::Int16 => "int16",
        SampleType::Float32 => "float32",
    }
}
