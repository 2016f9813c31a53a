//! Warnings about how cells were held out: neighbours are alike, and few cells say little.

use super::{Severity, Warning};
use crate::report::page::run::figures;
use crate::report::page::{Figure, RunPage, SchemeKind, SchemeResults, Words};
use crate::report::{grouped, percent};

/// A difference of this share between random and spatial folds is worth a word.
const OPTIMISM: f64 = 0.02;
/// With fewer cells of a class, the figures of a fold are mostly luck.
const FEW: u64 = 10;
/// An interval of this length leaves open what a figure is.
const WIDE: f64 = 0.1;

const BLOCKS: &str = "[validation]\nschemes = [\"random\", \"blocks\"]\n\
                      blocks = { size-metres = 20000, buffer-metres = 2000 }";

/// Neighbours of scored cells were trained on, and nobody looked what that does.
pub(super) fn only_random_folds(page: &RunPage) -> Option<Warning> {
    let only =
        !page.schemes.is_empty() && page.schemes.iter().all(|scheme| !scheme.kind.is_spatial());
    (only && page.data.has_places).then(|| Warning {
        code: "only-random-folds",
        severity: Severity::Severe,
        title: "Cells were held out one by one, next to cells that were trained on".to_owned(),
        meaning: "Neighbouring cells look alike and are often of one class. A model that remembers its neighbours scores \
                  well here and worse in places where no cell was labelled. How much worse is not known."
            .to_owned(),
        advice: "Hold out whole blocks of ground, too; they should be larger than the range over which cells are alike."
            .to_owned(),
        toml: Some(BLOCKS.to_owned()),
    })
}

/// The figure that schemes are compared by.
fn yardstick(page: &RunPage) -> Figure {
    page.focus.map_or(Figure::MacroF1, Figure::F1)
}

fn value(scheme: &SchemeResults, figure: Figure) -> Option<f64> {
    let at = scheme.target.as_ref().unwrap_or(&scheme.sample);
    at.scores.get(figure).map(|found| found.value)
}

/// Random folds look better than spatial ones.
pub(super) fn optimism(page: &RunPage) -> Option<Warning> {
    let random = page.schemes.iter().find(|scheme| scheme.kind == SchemeKind::Random)?;
    let strict = page
        .schemes
        .iter()
        .filter(|scheme| scheme.kind.is_spatial())
        .max_by_key(|scheme| scheme.kind)?;
    let drop = |figure: &Figure| {
        let (easy, hard) = (value(random, *figure)?, value(strict, *figure)?);
        (easy - hard >= OPTIMISM).then_some((*figure, easy, hard))
    };
    // The figure that the headline speaks of, or else the one that is flattered most.
    let recall = page.focus.map(Figure::Recall);
    let others = recall.into_iter().chain([Figure::MacroF1, Figure::Accuracy]);
    let flattered = others.filter_map(|figure| drop(&figure));
    let (figure, easy, hard) = drop(&yardstick(page))
        .or_else(|| flattered.max_by(|a, b| (a.1 - a.2).total_cmp(&(b.1 - b.2))))?;
    let severity = if easy - hard < 3.0 * OPTIMISM { Severity::Caution } else { Severity::Severe };
    Some(Warning {
        code: "optimism",
        severity,
        title: format!("Random folds flatter the model by {:.1} points", 100.0 * (easy - hard)),
        meaning: format!(
            "{} is {} on random folds and {} on {}. The difference is what the model owes to neighbours that it was trained \
             on; where the country has no labelled cells, there are none.",
            figure.name(&page.classes),
            percent(easy),
            percent(hard),
            strict.kind.in_words()
        ),
        advice: format!(
            "Quote the figures on {}; leave those on random folds out, or give both.",
            strict.kind.in_words()
        ),
        toml: None,
    })
}

/// The scheme and the position of the fold with the fewest cells of a class, with the class and the number.
fn fewest(page: &RunPage, keep: fn(u64) -> bool) -> Option<(SchemeKind, usize, usize, u64)> {
    let mut found = Vec::new();
    for scheme in &page.schemes {
        for (fold, results) in scheme.folds.iter().enumerate() {
            for (class, &cells) in results.cells.iter().enumerate() {
                if keep(cells) {
                    found.push((scheme.kind, fold, class, cells));
                }
            }
        }
    }
    found.into_iter().min_by_key(|(.., cells)| *cells)
}

/// A fold has so few cells of a class that its figures are luck.
pub(super) fn few_cells(page: &RunPage) -> Option<Warning> {
    let (scheme, fold, class, cells) = fewest(page, |cells| cells > 0 && cells < FEW)?;
    let name = page.classes.get(class).map_or("?", Words::as_str);
    Some(Warning {
        code: "few-cells-in-a-fold",
        severity: Severity::Caution,
        title: format!("Fold {fold} ({}) has {cells} {name} cells", scheme.in_words()),
        meaning: format!(
            "With fewer than {FEW} cells of a class, one cell more or less moves its recall by {} or more. The spread over \
             folds says little then; the figures of all cells together are better.",
            percent(1.0 / FEW as f64)
        ),
        advice: "Use fewer folds or smaller blocks, or label more cells.".to_owned(),
        toml: Some("[validation]\nfolds = 5".to_owned()),
    })
}

/// A fold has no cell of a class.
pub(super) fn absent_class(page: &RunPage) -> Option<Warning> {
    let (scheme, fold, class, _) = fewest(page, |cells| cells == 0)?;
    let name = page.classes.get(class).map_or("?", Words::as_str);
    Some(Warning {
        code: "class-absent-from-a-fold",
        severity: Severity::Caution,
        title: format!("Fold {fold} ({}) has no {name} cell", scheme.in_words()),
        meaning: format!(
            "Recall of {name} is unknown there, and means over folds leave that fold out."
        ),
        advice: "Use fewer folds or smaller blocks, so that each fold has cells of every class."
            .to_owned(),
        toml: Some("[validation]\nfolds = 5".to_owned()),
    })
}

/// The headline may be quite another number.
pub(super) fn wide_interval(page: &RunPage) -> Option<Warning> {
    let scheme = page.schemes.first()?;
    let figure = page.focus.map_or(Figure::Accuracy, Figure::Precision);
    let there = figures::at_target(page, figure).map(|(found, _)| found);
    let found = there.or_else(|| scheme.sample.scores.get(figure))?;
    let width = found.width().filter(|width| *width > WIDE)?;
    let cells: u64 = page.data.cells.iter().sum();
    Some(Warning {
        code: "wide-interval",
        severity: Severity::Caution,
        title: format!(
            "{} is known to within {:.0} points only",
            figure.name(&page.classes),
            100.0 * width
        ),
        meaning: format!(
            "Its 95 % interval goes from {}. The {} labelled cells, with neighbours that say the same, cannot tell more.",
            found.ends(figure.unit()).unwrap_or_default() + " %",
            grouped(cells)
        ),
        advice:
            "Label more cells in places that have none; more cells in the same places help little."
                .to_owned(),
        toml: None,
    })
}
