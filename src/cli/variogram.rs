//! `tesela inspect --variogram`: over what distance the cells of a store, or the errors of a run, are alike.
//!
//! It belongs to `inspect` because it looks at what is there already, before an experiment says how large blocks are.

use std::path::Path;

use anyhow::{Context, bail};
use tesela_datasets::store::StoreReader;
use tesela_datasets::whole_file::write_whole;

use super::Console;
use crate::metrics::variogram::{Fitted, Reach, Variogram, variograms};
use crate::progress::Progress;
use crate::report::{grouped, metres, plain_table, variogram_csv, variogram_picture};
use crate::training::{Dependence, RunDirectory};

/// Decides which pairs of cells are taken where there are too many; results hardly depend on it.
const SEED: u64 = 1;

/// Writes the variograms of the labels of a store into `folder`, and prints what they say.
pub(super) fn of_store(
    store: &StoreReader,
    folder: &Path,
    console: &mut Console,
) -> anyhow::Result<()> {
    show(&Dependence::of_store(store)?, store.path(), folder, console)
}

/// Writes the variograms of the labels and residuals of a run into `folder`, and prints what they say.
pub(super) fn of_run(path: &Path, folder: &Path, console: &mut Console) -> anyhow::Result<()> {
    let run = RunDirectory::find(path)?;
    show(&Dependence::of_run(&run)?, run.path(), folder, console)
}

fn show(
    dependence: &Dependence,
    path: &Path,
    folder: &Path,
    console: &mut Console,
) -> anyhow::Result<()> {
    if let Some(remark) = &dependence.remark {
        console.note(remark);
    }
    let found = variograms(&dependence.points, &dependence.quantities, SEED);
    for (quantity, _) in
        dependence.quantities.iter().zip(&found).filter(|(_, found)| found.is_none())
    {
        console.warn(&format!("`{}` has too few pairs of cells for a variogram", quantity.name));
    }
    let found: Vec<(Variogram, Fitted)> = found.into_iter().flatten().collect();
    if found.is_empty() {
        let (path, cells) = (path.display(), dependence.points.len());
        bail!("`{path}` has {cells} labelled cells with a place; expected enough for a variogram");
    }
    let rows = found.iter().map(|(variogram, fitted)| row(variogram, fitted)).collect();
    console.data(plain_table(["variogram", "pairs", "model", "nugget", "sill", "range"], rows))?;
    console.data(proposal(&found))?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let title = format!("Variograms of {}", path.display());
    let picture = variogram_picture(&title, &found).to_png()?;
    for (name, bytes) in [("variogram.csv", variogram_csv(&found)), ("variogram.png", picture)] {
        let file = folder.join(name);
        write_whole(&file, &bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
        console.data(file.display())?;
    }
    Ok(())
}

fn row(variogram: &Variogram, fitted: &Fitted) -> [String; 6] {
    let range = match fitted.reach() {
        Reach::Range(range) => metres(range),
        Reach::Beyond(distance) => format!("beyond {}", metres(distance)),
        Reach::Nothing => "none".to_owned(),
    };
    [
        variogram.name.clone(),
        grouped(variogram.lags.iter().map(|lag| lag.pairs).sum()),
        fitted.model.name().to_owned(),
        format!("{:.4}", fitted.nugget),
        format!("{:.4}", fitted.nugget + fitted.partial_sill),
        range,
    ]
}

/// The block size that the labels ask for, as a line of an experiment.
fn proposal(found: &[(Variogram, Fitted)]) -> String {
    let labels = found.iter().filter(|(variogram, _)| variogram.name.starts_with("label"));
    let reach = labels.map(|(_, fitted)| match fitted.reach() {
        Reach::Range(range) => (range, false),
        Reach::Beyond(distance) => (distance, true),
        Reach::Nothing => (0.0, false),
    });
    let (range, is_open) = reach.fold((0.0_f64, false), |a, b| (a.0.max(b.0), a.1 || b.1));
    if range == 0.0 {
        return "proposed: random folds; labels of neighbouring cells are not alike".to_owned();
    }
    let why = if is_open {
        "labels are alike over the whole extent: take the largest blocks that leave every class in each fold"
    } else {
        "the range over which labels are alike"
    };
    format!("proposed: blocks = {{ size-metres = {} }}  # {why}", rounded_up(range))
}

/// A length with two digits that are not zero, rounded up.
fn rounded_up(length: f64) -> f64 {
    let unit = 10_f64.powf(length.log10().floor() - 1.0);
    (length / unit).ceil() * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::variogram::Model;

    fn fitted(range: f64) -> Fitted {
        let (model, nugget, partial_sill) = (Model::Spherical, 0.1, 0.4);
        Fitted { model, nugget, partial_sill, range, deviation: 0.0, furthest: 10_000.0 }
    }

    fn variogram(name: &str) -> Variogram {
        Variogram { name: name.to_owned(), lags: Vec::new(), reach: 10_000.0 }
    }

    #[test]
    fn the_largest_range_of_a_label_is_proposed() {
        let found = [
            (variogram("label: a"), fitted(4210.0)),
            (variogram("label: b"), fitted(1300.0)),
            (variogram("residual: a"), fitted(9000.0)),
        ];
        assert!(proposal(&found).contains("{ size-metres = 4300 }"), "{}", proposal(&found));
        let open = [(variogram("label: a"), fitted(40_000.0))];
        assert!(proposal(&open).contains("whole extent"), "{}", proposal(&open));
    }

    #[test]
    fn where_nothing_is_alike_random_folds_will_do() {
        let flat = Fitted { partial_sill: 0.0, ..fitted(1.0) };
        let text = proposal(&[(variogram("label: a"), flat)]);
        assert!(text.starts_with("proposed: random folds"), "{text}");
    }
}
