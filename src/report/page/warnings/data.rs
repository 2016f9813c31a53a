//! Warnings about the cells and the imagery.

use super::{Severity, Warning};
use crate::report::page::RunPage;
use crate::report::page::chart::listed;
use crate::report::{grouped, percent};

/// A share of left-out cells that can change the figures.
const MANY: f64 = 0.05;

/// Numbers of the imagery are not reflectance.
pub(super) fn uncalibrated(page: &RunPage) -> Option<Warning> {
    page.data.uncalibrated.then(|| Warning {
        code: "uncalibrated-imagery",
        severity: Severity::Caution,
        title: "The imagery is not calibrated to reflectance".to_owned(),
        meaning: "Constants in spectral indexes and tasseled caps mean nothing on such numbers, and a model that was fitted \
                  on them does not work on other imagery, not even of the same sensor on another day."
            .to_owned(),
        advice: "Use a product with surface reflectance for everything but a first try, and say in the descriptor how its \
                 integers become reflectance."
            .to_owned(),
        toml: Some("product = \"c2\"   # in the descriptor of the data set".to_owned()),
    })
}

/// Many cells with a known class are not scored.
pub(super) fn many_left_out(page: &RunPage) -> Option<Warning> {
    let scored: u64 = page.data.cells.iter().sum();
    let left_out: u64 = page.data.left_out.iter().map(|part| part.cells).sum();
    let share = left_out as f64 / (scored + left_out).max(1) as f64;
    if share <= MANY {
        return None;
    }
    let parts = page.data.left_out.iter().filter(|part| part.cells > 0);
    let parts: Vec<String> =
        parts.map(|part| format!("{} {}", grouped(part.cells), part.reason)).collect();
    Some(Warning {
        code: "many-cells-left-out",
        severity: Severity::Caution,
        title: format!("{} of the cells with a known class are not scored", percent(share)),
        meaning: format!(
            "They are {}. If they are harder than the others, as cells under cloud or at borders are, the figures are too good.",
            listed(&parts)
        ),
        advice: "Find out where these cells lie before the figures are used for the whole country."
            .to_owned(),
        toml: None,
    })
}
