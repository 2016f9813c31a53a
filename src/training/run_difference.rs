//! How a run that lies in a directory differs from the one that is to go on there.

use super::RunManifest;

/// What is not as it was when the run of `found` began.
pub(super) fn difference(found: &RunManifest, expected: &RunManifest) -> String {
    let (seeds, formats) = (
        [found.seed, expected.seed].map(|seed| seed.to_string()),
        [found.format, expected.format].map(|format| format.to_string()),
    );
    let [was, is] = [found, expected];
    let regions = [was, is].map(|run| run.region_digest.clone().unwrap_or_default());
    let strata = [was, is].map(|run| run.strata_digest.clone().unwrap_or_default());
    let pairs = [
        ("the format", &formats[0], &formats[1]),
        ("the version of the program", &was.program_version, &is.program_version),
        ("the experiment", &was.experiment, &is.experiment),
        ("the seed", &seeds[0], &seeds[1]),
        ("the device", &was.device, &is.device),
        ("the digest of the store", &was.store_digest, &is.store_digest),
        ("the digest of the settings", &was.experiment_digest, &is.experiment_digest),
        ("the digest of the folds", &was.fold_plan_digest, &is.fold_plan_digest),
        ("the digest of the file of regions", &regions[0], &regions[1]),
        ("the digest of the file of strata", &strata[0], &strata[1]),
    ];
    let changed = pairs.into_iter().filter(|(_, was, is)| was != is);
    let words = changed.map(|(what, was, is)| format!("{what} was `{was}` and is `{is}`"));
    match words.collect::<Vec<_>>() {
        words if words.is_empty() => "the cells or classes differ".to_owned(),
        words => words.join("; "),
    }
}
