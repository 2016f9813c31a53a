//! What a user should know about an operating point, in words.

use super::conformal::ConformalSets;
use super::prevalence::vanishing;
use super::{Assessment, Cut, OperatingPoint, OutOfFold};

/// Fewer cells than this say little about a rate.
const FEW: usize = 10;

/// What is known about a fit.
pub(crate) struct Facts<'a> {
    pub(crate) data: &'a OutOfFold,
    pub(crate) point: &'a OperatingPoint,
    pub(crate) assessment: &'a Assessment,
    pub(crate) cut: Option<Cut>,
    /// Whether the prevalence of the place of use was asked for and is not declared.
    pub(crate) undeclared: bool,
    /// Whether the prevalence is estimated when a map is made, and another stands in for it until then.
    pub(crate) stands_in: bool,
    /// The estimated prevalence of the place of use, and how many cells it rests on.
    pub(crate) estimated: Option<(&'a [f64], u64)>,
    /// The declared prevalence of the place of use.
    pub(crate) declared: Option<&'a [f64]>,
}

impl Facts<'_> {
    /// The warnings, each a sentence without a full stop.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let unclassified = self.unclassified().into_iter();
        let rare = self.rare_classes().into_iter().chain(self.always_included());
        let thin = self.thin_precision().into_iter().chain(self.short_of_precision());
        unclassified
            .chain(rare)
            .chain(thin)
            .chain(self.vanishing())
            .chain(self.undeclared())
            .chain(self.stand_in())
            .collect()
    }

    fn unclassified(&self) -> Option<String> {
        let count = self.data.unclassified();
        (count > 0).then(|| {
            let all = count + self.data.len();
            format!("{count} of {all} cells are left out of the operating point for want of probabilities")
        })
    }

    fn rare_classes(&self) -> Vec<String> {
        let counts = self.data.counts_by_part();
        let fewest = |class: usize| counts.iter().map(|part| part[class]).min().unwrap_or(0);
        let names = self.data.classes().names().iter().enumerate();
        let rare = names.filter(|(class, _)| fewest(*class) < FEW);
        rare.map(|(class, name)| {
            format!(
                "class `{name}` has only {} cells in a part of the folds; {FEW} are needed to say how well its threshold \
                 and its calibration do",
                fewest(class)
            )
        })
        .collect()
    }

    fn always_included(&self) -> Vec<String> {
        let Some(sets) = self.point.conformal() else { return Vec::new() };
        let warning = |class| {
            format!(
                "class `{}` has too few cells to be ruled out at an error of {}: it is in every conformal set until it has \
                 {}",
                self.data.classes().name(class),
                sets.error(),
                ConformalSets::fewest_cells(sets.error())
            )
        };
        sets.always_included().map(warning).collect()
    }

    fn thin_precision(&self) -> Option<String> {
        let cut = self.cut.filter(|cut| cut.others < FEW as u64)?;
        Some(format!(
            "the precision of {:.3} at the threshold rests on {} mapped cells of other classes; {FEW} are needed to say \
             how precise the map is",
            cut.precision, cut.others
        ))
    }

    fn short_of_precision(&self) -> Option<String> {
        let (short, parts) = (self.assessment.short_of_precision, self.data.part_count());
        (short > 0).then(|| {
            format!(
                "in {short} of {parts} parts of the folds no threshold reaches the precision that is asked for; the figures \
                 there are those of the most precise one"
            )
        })
    }

    fn vanishing(&self) -> Option<String> {
        let (shares, cells) = self.estimated?;
        vanishing(self.data.classes(), shares, cells)
    }

    fn undeclared(&self) -> Option<String> {
        let shares = self.words(&self.data.shares());
        self.undeclared.then(|| {
            format!(
                "`validation.target-prevalence` declares no prevalence: probabilities, threshold and figures hold where \
                 classes are as common as in the sample ({shares}), and for no other place"
            )
        })
    }

    fn stand_in(&self) -> Option<String> {
        if !self.stands_in {
            return None;
        }
        let (what, shares) = match self.declared {
            Some(declared) => ("`validation.target-prevalence`", self.words(declared)),
            None => ("the mixture of the sample", self.words(&self.data.shares())),
        };
        Some(format!(
            "`prior = \"estimated\"`: how common the classes are is estimated when a map is made, and the threshold found \
             there; until then probabilities, threshold and figures rest on {what} as a stand-in ({shares})"
        ))
    }

    /// The share of each class.
    fn words(&self, shares: &[f64]) -> String {
        let names = self.data.classes().names().iter().zip(shares);
        let shares: Vec<String> =
            names.map(|(name, share)| format!("`{name}` {:.3} %", share * 100.0)).collect();
        shares.join(", ").replace(".000 %", " %")
    }
}
