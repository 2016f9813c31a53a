//! Tables for a terminal or a log.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use tesela_models::network::LayerRow;

use crate::metrics::{Scores, Summary};
use crate::numerals::{grouped, percent};

/// Lines around the head and at the end, none between rows.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Mean and deviation of the scores over the folds, beside those of all cells together; `by_stratum`: whether the target tells
/// strata apart.
pub fn score_table(
    pooled: &Scores,
    folds: &[Summary],
    target: Option<(&Scores, &[Summary])>,
    by_stratum: bool,
) -> Table {
    let mut header = vec!["score".to_owned(), "all cells".to_owned()];
    if !folds.is_empty() {
        header.push("folds: mean ± deviation".to_owned());
    }
    if target.is_some() {
        let strata = if by_stratum { " (by stratum)" } else { "" };
        header.push(format!("at target prevalence{strata}"));
    }
    let mut table = start(header);
    let general = pooled.figures().len() - FIGURES_PER_CLASS * pooled.classes.len();
    for (index, figure) in pooled.figures().into_iter().enumerate().take(general) {
        let mut row = vec![figure.name, number(figure.value)];
        if let Some(summary) = folds.get(index) {
            row.push(spread(summary));
        }
        if let Some((scores, summaries)) = target {
            let value = number(scores.figures()[index].value);
            let deviation = summaries.get(index).and_then(|summary| summary.deviation);
            row.push(
                deviation.map_or(value.clone(), |deviation| format!("{value} ± {deviation:.4}")),
            );
        }
        table.add_row(row);
    }
    align(&mut table);
    table
}

/// How many figures [`Scores::figures`] has for each class.
const FIGURES_PER_CLASS: usize = 5;

/// The scores of each class, with the prevalence that they hold for.
pub fn class_table(scores: &Scores, target: Option<&Scores>) -> Table {
    let header = ["class", "cells", "prevalence", "precision", "recall", "F1", "ROC-AUC", "PR-AUC"];
    let mut table = start(header.map(str::to_owned).to_vec());
    for (index, class) in scores.classes.iter().enumerate() {
        let at_target = target.map(|target| &target.classes[index]);
        for (row, class) in std::iter::once(class).chain(at_target).enumerate() {
            let (name, cells) = match row {
                0 => (class.class.clone(), grouped(class.support)),
                _ => (String::new(), "at target".to_owned()),
            };
            table.add_row(vec![
                name,
                cells,
                percent(class.prevalence),
                number(Some(class.precision)),
                number(Some(class.recall)),
                number(Some(class.f1)),
                number(class.roc_auc),
                number(class.average_precision),
            ]);
        }
    }
    align(&mut table);
    table
}

/// The schemes of a run side by side, mean and deviation over their folds: one column per scheme, the strictest first.
///
/// # Panics
/// If the schemes do not have the same scores.
pub fn scheme_table(schemes: &[(String, &[Summary])]) -> Table {
    let header = std::iter::once("score".to_owned()).chain(schemes.iter().map(|one| one.0.clone()));
    let mut table = start(header.collect());
    for (index, first) in schemes.first().into_iter().flat_map(|one| one.1).enumerate() {
        let cells = schemes.iter().map(|(_, summaries)| {
            let summary = &summaries[index];
            assert_eq!(summary.name, first.name, "all schemes have the same scores");
            spread(summary)
        });
        table.add_row(std::iter::once(first.name.clone()).chain(cells));
    }
    align(&mut table);
    table
}

/// A table of `rows` below `header`: names to the left, numbers to the right.
pub fn plain_table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> Table {
    let mut table = start(header.map(str::to_owned).to_vec());
    table.add_rows(rows);
    align(&mut table);
    table
}

/// The layers of a network, with what they learn and what one patch costs; the last row adds up.
pub fn layer_table(layers: &[LayerRow]) -> Table {
    let header = ["layer", "what", "output", "parameters", "multiply-adds"];
    let mut table = start(header.map(str::to_owned).to_vec());
    let count = |number: usize| match number {
        0 => String::new(),
        number => grouped(number as u64),
    };
    for layer in layers {
        let output: Vec<String> = layer.output.iter().map(ToString::to_string).collect();
        let (name, what) = (layer.name.clone(), layer.what.clone());
        let numbers = [count(layer.parameters), count(layer.multiply_adds)];
        let [parameters, multiply_adds] = numbers;
        table.add_row([name, what, output.join(" × "), parameters, multiply_adds]);
    }
    let sum = |of: fn(&LayerRow) -> usize| grouped(layers.iter().map(of).sum::<usize>() as u64);
    let (parameters, multiply_adds) =
        (sum(|layer| layer.parameters), sum(|layer| layer.multiply_adds));
    let all = String::from("all");
    table.add_row([all, String::new(), String::new(), parameters, multiply_adds]);
    for column in [3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(super) fn start(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    table
}

/// Names to the left, numbers to the right.
pub(super) fn align(table: &mut Table) {
    for column in table.column_iter_mut() {
        // Two spaces between columns, not three: the table of scores fits eighty columns.
        column.set_padding((1, 0));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"))
}

fn spread(summary: &Summary) -> String {
    match (summary.mean, summary.deviation) {
        (Some(mean), Some(deviation)) => format!("{mean:.4} ± {deviation:.4}"),
        (mean, _) => number(mean),
    }
}
