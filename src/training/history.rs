//! The history of a fit: one row per epoch, without times, so that it can be repeated.

use tesela_models::FitEvent;

/// Rows of `history.csv`, gathered while a model is fitted.
#[derive(Debug, Default)]
pub(super) struct History {
    rows: Vec<[String; 5]>,
}

const HEADER: [&str; 5] =
    ["epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate"];

impl History {
    /// Keeps what is worth a row.
    pub(super) fn hear(&mut self, event: &FitEvent) {
        let FitEvent::Epoch {
            epoch,
            train_loss,
            validation_loss,
            validation_accuracy,
            learning_rate,
            patches_per_second: _,
        } = event
        else {
            return;
        };
        let optional =
            |value: &Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        self.rows.push([
            epoch.to_string(),
            train_loss.to_string(),
            optional(validation_loss),
            optional(validation_accuracy),
            learning_rate.to_string(),
        ]);
    }

    /// The file, where there is something to tell.
    pub(super) fn to_csv(&self) -> Option<Vec<u8>> {
        if self.rows.is_empty() {
            return None;
        }
        let lines =
            std::iter::once(HEADER.join(",")).chain(self.rows.iter().map(|row| row.join(",")));
        let mut text = lines.collect::<Vec<_>>().join("\n");
        text.push('\n');
        Some(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_row_and_trees_have_no_history() {
        let mut history = History::default();
        history.hear(&FitEvent::Started { unit: "trees", total: 3, patches: 5 });
        assert_eq!(history.to_csv(), None);
        history.hear(&FitEvent::Epoch {
            epoch: 1,
            train_loss: 0.5,
            validation_loss: None,
            validation_accuracy: Some(0.75),
            learning_rate: 0.001,
            patches_per_second: 123.0,
        });
        let text = String::from_utf8(history.to_csv().unwrap()).unwrap();
        assert_eq!(
            text,
            "epoch,train_loss,validation_loss,validation_accuracy,learning_rate\n1,0.5,,0.75,0.001\n"
        );
    }
}
