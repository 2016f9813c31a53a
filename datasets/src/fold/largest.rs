//! The largest block size that works, found by trying.

/// How often a size is halved before the search gives up.
const HALVINGS: usize = 24;
/// How often the interval between a size that works and one that does not is halved.
const REFINEMENTS: usize = 7;

/// A size below `size`, which does not work, that does: as large as was found, with two digits that are not zero; `None`
/// where none was found.
///
/// It is not certain that every smaller size works, or that no larger one does: blocks of another size lie elsewhere.
/// What is returned was tried.
pub(super) fn below(size: f64, works: &dyn Fn(f64) -> bool) -> Option<f64> {
    let mut fails = size;
    let mut best = loop_down(&mut fails, works)?;
    for _ in 0..REFINEMENTS {
        let middle = rounded(f64::midpoint(best, fails));
        if middle <= best || middle >= fails {
            break;
        }
        if works(middle) {
            best = middle;
        } else {
            fails = middle;
        }
    }
    Some(best)
}

/// Halves until it works; `fails` is the smallest that did not.
fn loop_down(fails: &mut f64, works: &dyn Fn(f64) -> bool) -> Option<f64> {
    for _ in 0..HALVINGS {
        let half = rounded(*fails / 2.0);
        if half <= 0.0 || half >= *fails {
            return None;
        }
        if works(half) {
            return Some(half);
        }
        *fails = half;
    }
    None
}

/// `size` with two digits that are not zero, rounded down.
fn rounded(size: f64) -> f64 {
    let unit = 10_f64.powf(size.log10().floor() - 1.0);
    let whole = (size / unit).floor() * unit;
    // Powers of ten below one are not exact; the shortest text is.
    format!("{whole:.6}").parse().unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_answer_was_tried_and_is_close_to_the_edge(
            edge in 10.0..90_000.0_f64, factor in 1.01..1000.0_f64,
        ) {
            let found = below(edge * factor, &|size| size <= edge).unwrap();
            prop_assert!(found <= edge && found > 0.8 * edge, "{} of {}", found, edge);
        }
    }

    #[test]
    fn where_nothing_works_there_is_no_answer() {
        assert_eq!(below(1000.0, &|_| false), None);
        assert_eq!(below(20_000.0, &|size| size <= 4321.0), Some(4300.0));
    }
}
