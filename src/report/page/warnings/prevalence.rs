//! Warnings about prevalence: precision, F1 and accuracy mean nothing without it.

use super::{Severity, Warning};
use crate::report::page::run::figures;
use crate::report::page::{Figure, RunPage, SchemeResults, StratumResults, Words};
use crate::report::percent;

/// A class that is so many times as common here as there needs a shift of the probabilities.
const FAR: f64 = 2.0;
/// Below this share, most of what a map calls a class is not of it.
const MOSTLY_WRONG: f64 = 0.5;

/// What to do about a map that is right less often than the commonest class, and the settings for it, where no threshold was
/// tried.
const THRESHOLD_IS_LEFT: (&str, &str) = (
    "Do not publish this map as it is. Choose the threshold at the prevalence of the country, and judge the model by \
     precision and recall of the rare class.",
    "[operating-point]\nprior = \"target\"\nthreshold = \"max-f1\"",
);
/// The same where a threshold was sought.
const THRESHOLD_RAN: (&str, &str) = (
    "The threshold was chosen already, for the rare class and not for the share of right cells: judge the map by precision \
     and recall of that class. Where the share of right cells is what counts, take the most probable class; where both are \
     too low, more cells of the rare class help, and no setting.",
    "[operating-point]\nthreshold = \"argmax\"",
);

fn name(page: &RunPage, class: usize) -> &str {
    page.classes.get(class).map_or("?", Words::as_str)
}

/// A name as a key of TOML.
fn key(name: &Words) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    match name.as_str() {
        name if !name.is_empty() && name.chars().all(plain) => name.to_owned(),
        name => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Nobody said how common the classes are where the model is to be used.
pub(super) fn no_target(page: &RunPage) -> Option<Warning> {
    let scheme = page.schemes.first().filter(|scheme| scheme.target.is_none())?;
    let shares = page.classes.iter().zip(&scheme.sample.prevalence);
    let lines: Vec<String> =
        shares.map(|(name, share)| format!("{} = {share:.4}", key(name))).collect();
    Some(Warning {
        code: "no-target-prevalence",
        severity: Severity::Severe,
        title: "How common the classes are in the country is not given".to_owned(),
        meaning: "Precision, F1 and accuracy below hold for the mixture of this sample. Where a class is rarer, most \
                  of the cells that a map gives to it can be wrong though every figure here looks good."
            .to_owned(),
        advice: "Give the share of each class where the map will be made; a census or an \
                 older map is good enough to begin with. The figures then appear at both mixtures."
            .to_owned(),
        toml: Some(format!(
            "[validation.target-prevalence]\n# The shares of this sample; put in those of the country.\n{}",
            lines.join("\n")
        )),
    })
}

/// The class whose prevalence differs most between sample and target, with both shares and their ratio.
fn farthest(scheme: &SchemeResults) -> Option<(usize, f64, f64, f64)> {
    let there = scheme.target.as_ref()?.prevalence.iter();
    let pairs = scheme.sample.prevalence.iter().zip(there).enumerate();
    let ratios = pairs.filter(|(_, (here, there))| **here > 0.0 && **there > 0.0);
    let ratios = ratios
        .map(|(class, (here, there))| (class, *here, *there, (here / there).max(there / here)));
    ratios.max_by(|a, b| a.3.total_cmp(&b.3).then(b.0.cmp(&a.0)))
}

/// The country is mixed otherwise than the sample, and nothing was done about it.
pub(super) fn far_target(page: &RunPage) -> Option<Warning> {
    let (class, here, there, ratio) = farthest(page.schemes.first()?)?;
    let point = page.operating_point.as_ref();
    let shifted = point.is_some_and(|point| point.prior.is_some() || point.decision.is_some());
    if ratio < FAR || shifted {
        return None;
    }
    let name = name(page, class);
    Some(Warning {
        code: "prevalence-not-corrected",
        severity: Severity::Severe,
        title: format!("Probabilities are still those of a sample with {} {name}", percent(here)),
        meaning: format!(
            "In the country {} are {name}: {ratio:.1} times {}. A model that was fitted on this sample gives {name} too \
             {} probabilities there, and a map of the most probable classes shows too {} of it.",
            percent(there),
            if here > there { "fewer" } else { "more" },
            if here > there { "high" } else { "low" },
            if here > there { "much" } else { "little" },
        ),
        advice: "Move the probabilities to the prevalence of the country, and choose the threshold there.".to_owned(),
        toml: Some("[operating-point]\nprior = \"target\"\nthreshold = \"max-f1\"".to_owned()),
    })
}

/// Strata lack cells of a class that is there, and cells of other strata stand for them.
pub(super) fn collapsed_strata(page: &RunPage) -> Option<Warning> {
    let lacks = |stratum: &&StratumResults, class: usize| {
        let there =
            stratum.share > 0.0 && stratum.prevalence.get(class).is_some_and(|own| *own > 0.0);
        there && stratum.cells.get(class) == Some(&0)
    };
    let of_class = |class: usize| {
        let mass = |stratum: &StratumResults| stratum.share * stratum.prevalence[class];
        let missing: Vec<&StratumResults> =
            page.strata.iter().filter(|stratum| lacks(stratum, class)).collect();
        let all: f64 = page.strata.iter().map(mass).sum();
        let share = missing.iter().map(|stratum| mass(stratum)).sum::<f64>() / all;
        let names: Vec<&str> = missing.iter().map(|stratum| stratum.name.as_str()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "of class {} in {} ({} of the class)",
                name(page, class),
                names.join(", "),
                percent(share)
            )
        })
    };
    let found: Vec<String> = (0..page.classes.len()).filter_map(of_class).collect();
    (!found.is_empty()).then(|| Warning {
        code: "strata-without-cells",
        severity: Severity::Caution,
        title: "Some strata have no cells of a class that is there".to_owned(),
        meaning: format!(
            "No scored cell is {}. The cells of the class in other strata stand for them, so figures of the country may be off by as              much.",
            found.join("; ")
        ),
        advice: "Label cells of the class there, or join each of these strata with one that is like it.".to_owned(),
        toml: None,
    })
}

/// Most of what the map will call a class is not of it.
pub(super) fn low_precision(page: &RunPage) -> Option<Warning> {
    let class = page.focus?;
    page.schemes.first()?.target.as_ref()?;
    let (found, prevalence) = figures::at_target(page, Figure::Precision(class))?;
    if found.value >= MOSTLY_WRONG {
        return None;
    }
    let name = name(page, class);
    let of_ten = (10.0 * (1.0 - found.value)).round();
    Some(Warning {
        code: "low-precision",
        severity: Severity::Severe,
        title: format!(
            "{of_ten:.0} of 10 cells that the map will call {name} will be something else"
        ),
        meaning: format!(
            "At a prevalence of {} the precision for {name} is {}. Areas and totals counted from the map will be far too \
             large, and whoever checks its {name} cells will mostly find errors.",
            prevalence.get(class).map_or_else(|| "–".to_owned(), |share| percent(*share)),
            percent(found.value)
        ),
        advice: format!(
            "Ask for the precision that is needed, and look at the recall that is left; and estimate areas from a checked \
             random sample of the map instead of counting {name} cells."
        ),
        toml: Some("[operating-point]\nthreshold = { precision = 0.8 }".to_owned()),
    })
}

/// Calling every cell by the commonest name is right more often.
pub(super) fn worse_than_the_commonest_class(page: &RunPage) -> Option<Warning> {
    page.schemes.first()?.target.as_ref()?;
    let (accuracy, prevalence) = figures::at_target(page, Figure::Accuracy)?;
    let by_share = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1).then(b.0.cmp(&a.0));
    let (class, share) = prevalence.iter().enumerate().max_by(by_share)?;
    if accuracy.value >= *share {
        return None;
    }
    let name = name(page, class);
    let has_threshold = page.operating_point.as_ref().is_some_and(|point| point.decision.is_some());
    let (advice, toml) = if has_threshold { THRESHOLD_RAN } else { THRESHOLD_IS_LEFT };
    Some(Warning {
        code: "worse-than-commonest",
        severity: Severity::Severe,
        title: format!("Calling every cell {name} would be right more often than this model"),
        meaning: format!(
            "At the prevalence of the country the model has {} of the cells right. A map on which every cell is {name} has \
             {} right, without any model. The accuracy in the sample hides this.",
            percent(accuracy.value),
            percent(*share)
        ),
        advice: advice.to_owned(),
        toml: Some(toml.to_owned()),
    })
}
