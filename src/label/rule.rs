//! The rule that turns shares into a label.

use tesela_datasets::class::{ClassId, ClassMap, Label};

use super::coverage::Shares;

/// Shares are ratios of computed areas; a cell that is covered to exactly the asked share must not miss it
/// by the last digits.
const NOISE: f64 = 1e-9;

/// When a cell is of which class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// All classes: the rest class first, then the named ones in alphabetical order.
    pub(super) classes: ClassMap,
    /// For each group of polygons: its class, and the least share of a cell of it.
    pub(super) groups: Vec<(ClassId, f64)>,
    /// The rest class, and the share that polygons of named classes must stay below.
    pub(super) rest: Option<(ClassId, f64)>,
}

impl Rule {
    /// The label of a cell with these shares; `known` says whether the source speaks of the cell at all, and
    /// is asked only where that matters.
    ///
    /// A cell that reaches the least share of several classes is of the one that covers most of it; ties go
    /// to the lowest class.
    pub(super) fn label(&self, shares: &Shares, known: impl FnOnce() -> bool) -> Label {
        let reached = self.groups.iter().zip(&shares.groups);
        let reached = reached.filter(|((_, least), share)| **share >= least - NOISE);
        let best = reached.reduce(|best, other| if other.1 > best.1 { other } else { best });
        if let Some(((class, _), _)) = best {
            return Label::Class(*class);
        }
        match self.rest {
            Some((class, below)) if shares.named < below - NOISE && known() => Label::Class(class),
            _ => Label::Undefined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        let classes = ClassMap::new(["rest", "town", "water"]).unwrap();
        Rule {
            groups: vec![(ClassId::new(1), 0.5), (ClassId::new(2), 0.4)],
            rest: Some((ClassId::new(0), 0.1)),
            classes,
        }
    }

    fn label(town: f64, water: f64, named: f64, known: bool) -> Option<usize> {
        let shares = Shares { groups: vec![town, water], named, all: 1.0 };
        rule().label(&shares, || known).class().map(ClassId::index)
    }

    #[test]
    fn at_least_is_reached_and_less_than_is_not() {
        assert_eq!(label(0.5, 0.0, 0.5, false), Some(1));
        assert_eq!(label(0.5 - 1e-12, 0.0, 0.5, false), Some(1));
        assert_eq!(label(0.499, 0.0, 0.499, true), None);
        assert_eq!(label(0.1, 0.0, 0.1, true), None);
        assert_eq!(label(0.099, 0.0, 0.099, true), Some(0));
    }

    #[test]
    fn nothing_is_known_where_the_source_is_silent() {
        assert_eq!(label(0.0, 0.0, 0.0, false), None);
        assert_eq!(label(0.0, 0.0, 0.0, true), Some(0));
    }

    #[test]
    fn the_larger_share_wins_and_ties_go_to_the_lower_class() {
        assert_eq!(label(0.5, 0.6, 1.0, true), Some(2));
        assert_eq!(label(0.5, 0.5, 1.0, true), Some(1));
    }

    #[test]
    fn small_shares_of_several_classes_add_up() {
        assert_eq!(label(0.06, 0.06, 0.12, true), None);
    }
}
