//! What to be wary of, in plain words: each a sentence or two, from what the bundle says.

use tesela_datasets::source::InputDefinition;

use super::figures::{Figures, Measured, OfClass};
use super::{Card, percent};
use crate::bundle::APPLICABILITY_FILE;
use crate::operating_point::Calibration;

/// Cells of a class below which its figures say little.
const FEW: u64 = 100;
/// A precision below which most of what is mapped is wrong.
const POOR: f64 = 0.5;

/// All that applies, the gravest first.
pub(super) fn limits(card: &Card<'_>, measured: &Measured) -> Vec<String> {
    let mut limits = Vec::new();
    limits.extend(mixture(measured));
    limits.extend(poor(measured));
    limits.extend(scheme(measured));
    limits.extend(few(measured));
    limits.extend(imagery(card));
    limits.extend(ensemble(card));
    limits.push(area(card).to_owned());
    limits.extend(steep(card));
    let known = match card.manifest.input {
        InputDefinition::Patches(_) => "the years, the places and the sensor",
        InputDefinition::Table(_) => "the years and the places",
    };
    limits.push(format!(
        "It knows {known} that it was learned from. For others, measure it first (`tesela evaluate`)."
    ));
    limits
}

fn mixture(measured: &Measured) -> Option<String> {
    if measured.is_empty() {
        return Some(
            "Nothing is known about how good it is: do not use it before it was measured."
                .to_owned(),
        );
    }
    measured.target.is_none().then(|| {
        "The figures hold where the classes are mixed as in the sample. Where one is rarer, its precision is lower, often by far; \
         `target-prevalence` in the experiment states figures for the place of use."
            .to_owned()
    })
}

/// Classes of which most of what is mapped is something else.
fn poor(measured: &Measured) -> Vec<String> {
    let used = measured.decided.as_ref().or(measured.target.as_ref()).or(measured.sample.as_ref());
    let classes = used.map_or(&[][..], |figures: &Figures| &figures.classes);
    let is_poor = |own: &&OfClass| own.support > 0 && own.precision < POOR;
    let text = |own: &OfClass| {
        let (class, wrong) = (&own.class, percent(1.0 - own.precision));
        format!(
            "Of the cells that are taken for `{class}`, {wrong} are something else; {} of those that are `{class}` are found.",
            percent(own.recall)
        )
    };
    classes.iter().filter(is_poor).map(text).collect()
}

fn scheme(measured: &Measured) -> Option<String> {
    (measured.scheme.as_deref() == Some("random")).then(|| {
        "Neighbouring cells look alike, and with random folds a model is measured on the neighbours of what it learned. Away from \
         the training cells it is worse than the table says; blocks of the ground tell by how much."
            .to_owned()
    })
}

fn few(measured: &Measured) -> Vec<String> {
    let classes = measured.sample.as_ref().map_or(&[][..], |figures| &figures.classes);
    let few = classes.iter().filter(|own| own.support < FEW);
    few.map(|own| {
        format!(
            "Only {} cells of `{}` were measured: its figures are rough.",
            own.support, own.class
        )
    })
    .collect()
}

fn imagery(card: &Card<'_>) -> Option<String> {
    let InputDefinition::Patches(input) = &card.manifest.input else { return None };
    Some(match input.pixel.scaling.product {
        Some(product) => format!(
            "Give it the numbers of the product `{}` and no others: another product has other offsets, and every index changes.",
            product.name()
        ),
        None => "The imagery is not calibrated: the constants within the indexes mean nothing, and imagery of another sensor or \
                 another treatment is something that it has never seen."
            .to_owned(),
    })
}

fn ensemble(card: &Card<'_>) -> Option<String> {
    let has_point = card.manifest.operating_point.is_some();
    (!card.manifest.members.is_empty() && has_point).then(|| {
        "The operating point was learned from what the single members say of cells that they have not seen. The mean of the \
         members is a little less extreme than each of them, so calibrated probabilities are a little cautious."
            .to_owned()
    })
}

fn area(card: &Card<'_>) -> &'static str {
    if card.manifest.weights.contains_key(APPLICABILITY_FILE) {
        "`tesela predict` tells for each cell whether it is like the training cells (area of applicability). The ONNX file does not."
    } else {
        "Nothing here tells cells that are unlike all training cells; they get a class all the same."
    }
}

/// Curves with jumps, on which rounding may decide.
fn steep(card: &Card<'_>) -> Option<String> {
    let point = card.manifest.operating_point.as_ref()?;
    matches!(point.calibration(), Calibration::Isotonic(_)).then(|| {
        "The calibration has steps: probabilities that differ by rounding may come out apart."
            .to_owned()
    })
}
