//! Learning curves: the losses and the step sizes of a network, epoch by epoch, one thin line for each fold.

use maud::Markup;
use plotters::series::LineSeries;
use plotters::style::Color;

use super::axes::{Axis, Panel, panel, plain_number};
use super::{Area, Fault, Ink, Telling, draw};
use crate::report::page::LearningCurve;

/// Draws the losses of `folds`: those of training unbroken, those of validation dashed.
pub(in crate::report::page) fn losses(telling: &Telling, folds: &[LearningCurve]) -> Markup {
    draw(telling, 300, |area| {
        let all = folds.iter().flat_map(|fold| &fold.epochs);
        let losses =
            all.flat_map(|epoch| [Some(epoch.train_loss), epoch.validation_loss]).flatten();
        let y = Axis::around("Loss", losses, plain_number);
        let mut panel =
            panel(area, epochs(folds), Axis { from: y.from.max(0.0).min(y.to - 1e-9), ..y })?;
        for fold in folds {
            let train = fold.epochs.iter().map(|epoch| (f64::from(epoch.epoch), epoch.train_loss));
            line(&mut panel, train.collect(), Ink::Dashed(0))?;
            let validation = fold.epochs.iter().filter_map(|epoch| {
                epoch.validation_loss.map(|loss| (f64::from(epoch.epoch), loss))
            });
            line(&mut panel, validation.collect(), Ink::Dashed(1))?;
        }
        Ok(())
    })
}

/// Draws the step sizes of `folds`, as powers of ten.
pub(in crate::report::page) fn learning_rates(
    telling: &Telling,
    folds: &[LearningCurve],
) -> Markup {
    draw(telling, 200, |area: &Area| {
        let exponent = |rate: f64| rate.max(1e-12).log10();
        let all = folds.iter().flat_map(|fold| &fold.epochs);
        let y = Axis::around("Learning rate", all.map(|epoch| exponent(epoch.learning_rate)), rate);
        let mut panel = panel(area, epochs(folds), y)?;
        for fold in folds {
            let steps = fold.epochs.iter();
            let steps = steps.map(|epoch| (f64::from(epoch.epoch), exponent(epoch.learning_rate)));
            line(&mut panel, steps.collect(), Ink::Dashed(2))?;
        }
        Ok(())
    })
}

fn epochs(folds: &[LearningCurve]) -> Axis<'static> {
    let last = folds.iter().flat_map(|fold| &fold.epochs).map(|epoch| epoch.epoch).max();
    let to = f64::from(last.unwrap_or(2)).max(2.0);
    Axis { label: "Epoch", from: 1.0, to, write: plain_number, is_list: false }
}

fn line(panel: &mut Panel, points: Vec<(f64, f64)>, ink: Ink) -> Result<(), Fault> {
    let finite = points.into_iter().filter(|(_, y)| y.is_finite());
    panel.draw_series(LineSeries::new(finite, ink.colour().stroke_width(1)))?;
    Ok(())
}

/// `1e-3`, where the axis has a label.
fn rate(exponent: f64) -> String {
    format!("{:.1e}", 10_f64.powf(exponent))
}
