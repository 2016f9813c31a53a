//! What a model says of itself within its ONNX file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::BundleManifest;

/// All facts, by name; those that are not texts are JSON.
pub(super) fn facts(
    manifest: &BundleManifest,
    features: Option<&[String]>,
) -> BTreeMap<String, String> {
    let origin = &manifest.provenance;
    let mut facts = BTreeMap::from([
        ("kind", manifest.kind.clone()),
        ("classes", json(&manifest.classes)),
        ("input", json(&manifest.input)),
        ("settings", json(&origin.model)),
        ("dataset", origin.dataset.clone()),
        ("store_digest", origin.store_digest.clone()),
        ("seed", origin.seed.to_string()),
        ("program_version", origin.program_version.clone()),
        ("measured", json(&origin.measured)),
        // Whoever has the bundle can tell by these digests that the model is its own.
        ("weights", json(&manifest.weights)),
    ]);
    let mut note = |name, value: Option<String>| value.map(|value| facts.insert(name, value));
    note("source", origin.source.clone());
    note("licence", origin.licence.clone());
    note("fold_plan_digest", origin.fold_plan_digest.clone());
    note("operating_point", manifest.operating_point.as_ref().map(json));
    note("features", features.map(|names| json(&names)));
    facts.into_iter().map(|(name, value)| (format!("tesela.{name}"), value)).collect()
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what a bundle says is plain data")
}
