//! Errors that no evaluated cell shows, in words.

use tesela_datasets::class::ClassMap;

use super::percent;
use crate::statistics::UnseenErrors;

/// What a reader of the figures of `run` must know of `errors`, in words for each class whose cells are all right. Of many classes few
/// are taken for every other, which tells nothing.
pub fn unseen_words(run: &str, errors: &[UnseenErrors], classes: &ClassMap) -> Vec<String> {
    let sentence = |one: &UnseenErrors| {
        let names: Vec<&str> = one.taken_for.iter().map(|&class| classes.name(class)).collect();
        let (known, blocks) = (classes.name(one.known), one.blocks);
        format!(
            "{run} takes no evaluated {known} cell for {}. Intervals of differences do not know of such errors; up to {} of the \
             {known} cells of its map may be such (no error in {blocks} {}).",
            names.join(" or "),
            percent(one.at_most),
            if blocks == 1 { "block of cells" } else { "blocks of cells" }
        )
    };
    let all_right = |one: &&UnseenErrors| {
        one.taken_for.len() + 1 == classes.len() && !one.taken_for.contains(&one.known)
    };
    errors.iter().filter(all_right).map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::class::ClassId;

    #[test]
    fn what_was_not_seen_is_said_with_its_bound() {
        let classes = ClassMap::new(["rural", "urban"]).unwrap();
        let errors = |known: usize, taken: usize| UnseenErrors {
            known: ClassId::new(known),
            taken_for: vec![ClassId::new(taken)],
            blocks: 60,
            at_most: 0.041,
        };
        let words = unseen_words("few", &[errors(0, 1)], &classes);
        let expected = "few takes no evaluated rural cell for urban.";
        assert!(
            words[0].starts_with(expected) && words[0].contains("4.1 % of the rural"),
            "{words:?}"
        );
        // That none is right is no error that was not seen.
        assert!(unseen_words("few", &[errors(1, 1)], &classes).is_empty());
    }
}
