//! Learning curves, from the `history.csv` of each fold.

use std::path::Path;

use serde::Deserialize;

use super::ReportError;
use crate::report::page::{Epoch, LearningCurve};
use crate::training::{Part, RunDirectory};

/// A row of `history.csv`.
#[derive(Debug, Deserialize)]
struct Row {
    epoch: u32,
    train_loss: f64,
    validation_loss: Option<f64>,
    learning_rate: f64,
}

/// The learning curves of the folds that have one.
pub(super) fn learning(run: &RunDirectory) -> Result<Vec<LearningCurve>, ReportError> {
    let mut curves = Vec::new();
    for fold in 0..run.manifest().folds {
        let path = run.folder(Part::Fold(fold)).join("history.csv");
        if path.is_file() {
            let failed = |error: csv::Error| ReportError::History {
                path: path.clone(),
                source: error.into(),
            };
            curves.push(LearningCurve { fold, epochs: read(&path).map_err(failed)? });
        }
    }
    Ok(curves)
}

fn read(path: &Path) -> Result<Vec<Epoch>, csv::Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let rows = reader.deserialize().map(|row| {
        let Row { epoch, train_loss, validation_loss, learning_rate } = row?;
        Ok(Epoch { epoch, train_loss, validation_loss, learning_rate })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_and_a_damaged_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.csv");
        let header = "epoch,train_loss,validation_loss,validation_accuracy,learning_rate\n";
        std::fs::write(&path, format!("{header}1,0.5,,0.75,0.001\n2,0.4,0.45,0.8,0.0005\n"))
            .unwrap();
        let epochs = read(&path).unwrap();
        assert_eq!((epochs[0].epoch, epochs[0].validation_loss), (1, None));
        assert_eq!((epochs[1].validation_loss, epochs[1].learning_rate), (Some(0.45), 0.0005));
        std::fs::write(&path, format!("{header}1,many,,,0.001\n")).unwrap();
        assert!(read(&path).is_err());
    }
}
