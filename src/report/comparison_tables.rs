//! Tables of runs that are compared.

use comfy_table::Table;
use tesela_datasets::class::ClassMap;

use super::table::{align, number, start};
use crate::comparison::{FoldTests, PairComparison, RankedRuns};
use crate::statistics::{Estimate, Interval};

/// Above this many classes, the details of each would hide the whole.
const MANY_CLASSES: usize = 3;
/// Figures of a pair of runs, besides the F1 of each class.
const OF_PAIRS: [&str; 7] = ["accuracy", "kappa", "mcc", "log-loss", "brier", "pr-auc", "macro f1"];

/// Several runs side by side: one row per score, one column per run, the best marked with `*`.
pub fn figures_table(names: &[String], runs: &[&[Estimate]], classes: &ClassMap) -> Table {
    let header = std::iter::once("score".to_owned()).chain(names.iter().cloned()).collect();
    let mut table = start(header);
    for (place, first) in runs.first().copied().unwrap_or_default().iter().enumerate() {
        if classes.len() > MANY_CLASSES && is_detail(&first.name, classes) {
            continue;
        }
        let estimates: Vec<&Estimate> = runs.iter().filter_map(|run| run.get(place)).collect();
        let best = best_of(&first.name, &estimates);
        let cells = estimates.iter().map(|estimate| {
            let is_best = estimates.len() > 1 && best.is_some() && estimate.value == best;
            let mark = if is_best { " *" } else { "  " };
            match estimate.interval {
                Some(Interval { lower, upper }) => {
                    format!("{}  {lower:.3} to {upper:.3}{mark}", number(estimate.value))
                }
                None => format!("{}  {:14}{mark}", number(estimate.value), ""),
            }
        });
        table.add_row(std::iter::once(first.name.clone()).chain(cells));
    }
    align(&mut table);
    table
}

/// How the second run of a pair differs from the first; `*` where the interval does not hold zero. `tests` over folds belong to
/// the sample alone.
pub fn difference_table(
    differences: &[Estimate],
    tests: Option<&[FoldTests]>,
    classes: &ClassMap,
) -> Table {
    let mut header = vec!["score", "difference", "95 % interval  "];
    header.extend(tests.map(|_| "p, folds"));
    let mut table = start(header.into_iter().map(str::to_owned).collect());
    for (place, estimate) in differences.iter().enumerate() {
        if !is_of_pairs(&estimate.name, classes) {
            continue;
        }
        let p_value = tests.map(|tests| {
            let test = tests.get(place).and_then(|tests| tests.corrected_t);
            test.map_or_else(|| "–".to_owned(), |test| probability(test.p_value))
        });
        let name = estimate.name.clone();
        let row = [name, signed(estimate.value), around_zero(estimate.interval)];
        table.add_row(row.into_iter().chain(p_value));
    }
    align(&mut table);
    table
}

/// One row per pair of runs: their difference in macro F1, and the tests corrected for the number of pairs. `figures` are the
/// differences to show, at one mixture or the other; tests over folds are of the cells as they are mixed.
pub fn pairs_table(
    names: &[String],
    pairs: &[PairComparison],
    figures: fn(&PairComparison) -> &[Estimate],
) -> Table {
    let header = ["second less first", "macro f1", "95 % interval", "p, folds", "p, cells", "same"];
    let mut table = start(header.map(str::to_owned).to_vec());
    for pair in pairs {
        let figures = figures(pair);
        let place = figures.iter().position(|one| one.name == "macro f1");
        let difference = place.map(|place| &figures[place]);
        let over_folds = place.and_then(|place| pair.folds.get(place)?.corrected_t_holm);
        table.add_row([
            format!("{} – {}", names[pair.second], names[pair.first]),
            signed(difference.and_then(|one| one.value)),
            around_zero(difference.and_then(|one| one.interval)),
            over_folds.map_or_else(|| "–".to_owned(), probability),
            probability(pair.mcnemar_holm),
            pair.agreement.share().map_or_else(|| "–".to_owned(), super::percent),
        ]);
    }
    align(&mut table);
    table
}

/// Mean ranks of each run, one being best. Runs that share a letter are not told apart.
pub fn rank_table(names: &[String], ranks: &[RankedRuns]) -> Table {
    let figures = ranks.iter().map(|one| format!("rank by {}", one.figure));
    let mut table = start(std::iter::once("run".to_owned()).chain(figures).collect());
    for (run, name) in names.iter().enumerate() {
        let cells = ranks.iter().map(|one| {
            let rank = one.friedman.mean_ranks[run];
            let groups = one.friedman.groups.iter().zip('a'..='z');
            let letters: String = groups
                .filter(|(group, _)| group.contains(&run))
                .map(|(_, letter)| letter)
                .collect();
            format!("{rank:.2} {letters:3}")
        });
        table.add_row(std::iter::once(name.clone()).chain(cells));
    }
    let of_test = |name: &str, value: &dyn Fn(&RankedRuns) -> String| {
        let values = ranks.iter().map(|one| format!("{}    ", value(one)));
        std::iter::once(name.to_owned()).chain(values).collect::<Vec<String>>()
    };
    table.add_row(of_test("critical difference", &|one| {
        format!("{:.2}", one.friedman.critical_difference)
    }));
    table.add_row(of_test("p, Friedman", &|one| probability(one.friedman.p_value)));
    align(&mut table);
    table
}

/// A p-value with as many digits as say something.
pub fn probability(p_value: f64) -> String {
    if p_value < 0.0001 { "< 0.0001".to_owned() } else { format!("{p_value:.4}") }
}

fn signed(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:+.4}"))
}

fn around_zero(interval: Option<Interval>) -> String {
    let Some(Interval { lower, upper }) = interval else { return "–  ".to_owned() };
    let mark = if lower > 0.0 || upper < 0.0 { " *" } else { "  " };
    format!("{lower:+.3} to {upper:+.3}{mark}")
}

/// Whether a figure is of one class and not its F1.
fn is_detail(name: &str, classes: &ClassMap) -> bool {
    let mut of_class = classes.names().iter().filter_map(|class| name.strip_prefix(class.as_str()));
    of_class.any(|figure| figure.starts_with(' ') && figure != " f1")
}

fn is_of_pairs(name: &str, classes: &ClassMap) -> bool {
    let is_f1 = |class: &String| name.strip_prefix(class.as_str()) == Some(" f1");
    OF_PAIRS.contains(&name) || classes.names().iter().any(is_f1)
}

/// The best of the values: the lowest loss, the highest of everything else.
fn best_of(name: &str, estimates: &[&Estimate]) -> Option<f64> {
    let values = estimates.iter().filter_map(|estimate| estimate.value);
    if matches!(name, "log-loss" | "brier") {
        values.min_by(f64::total_cmp)
    } else {
        values.max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(name: &str, value: f64) -> Estimate {
        let interval = Some(Interval { lower: value - 0.1, upper: value + 0.1 });
        Estimate { name: name.to_owned(), value: Some(value), interval }
    }

    #[test]
    fn the_best_run_is_marked_and_the_best_loss_is_the_lowest() {
        let a = [estimate("accuracy", 0.9), estimate("log-loss", 0.3)];
        let b = [estimate("accuracy", 0.8), estimate("log-loss", 0.2)];
        let classes = ClassMap::new(["x", "y"]).unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        let text = figures_table(&names, &[&a, &b], &classes).to_string();
        assert!(text.contains("0.9000  0.800 to 1.000 *"), "{text}");
        assert!(text.contains("0.2000  0.100 to 0.300 *"), "{text}");
        assert!(!text.contains("0.8000  0.700 to 0.900 *"), "{text}");
    }

    #[test]
    fn an_interval_without_zero_is_marked() {
        let of = |lower, upper| around_zero(Some(Interval { lower, upper }));
        assert_eq!(of(0.01, 0.02), "+0.010 to +0.020 *");
        assert_eq!(of(-0.01, 0.02), "-0.010 to +0.020  ");
        assert_eq!((probability(0.00001), probability(0.04)), ("< 0.0001".into(), "0.0400".into()));
    }
}
