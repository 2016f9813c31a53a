//! Names of classes that the sets of a map cannot hold: those of bundles from before names were checked where they are declared.

use super::{Decider, InferenceError, ModelFacts};

/// Whether the classes of `facts` can be told apart in the sets of a map that `decider` decides, if it will have sets.
///
/// # Errors
/// If the name of one looks like several.
pub fn check_class_names(
    facts: &[ModelFacts],
    decider: &Decider<'_>,
) -> Result<(), InferenceError> {
    let Some(facts) = facts.first().filter(|_| decider.content(true).sets) else { return Ok(()) };
    facts.classes.check_separator().map_err(InferenceError::ClassNames)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tesela_datasets::class::ClassMap;
    use tesela_datasets::source::InputDefinition;
    use tesela_datasets::table::{TableDefinition, TableKeys};
    use tesela_models::operating_point::OperatingPoint;

    use super::*;
    use crate::map::ModelOrigin;

    /// A bundle from before names were checked, whose operating point gives sets.
    fn facts(names: [&str; 2]) -> ModelFacts {
        let point: OperatingPoint = serde_json::from_value(serde_json::json!({
            "classes": names,
            "calibration": "none",
            "prior": null,
            "decision": "argmax",
            "conformal": { "error": 0.1, "limits": [0.5, 0.5] },
        }))
        .unwrap();
        let table = TableDefinition::new(vec!["slope".to_owned()], TableKeys::id("plot"));
        ModelFacts {
            name: PathBuf::from("old"),
            origin: ModelOrigin {
                digest: String::new(),
                kind: "extra-trees".to_owned(),
                dataset: "old".to_owned(),
                measured: serde_json::Map::new(),
                settled: None,
            },
            classes: ClassMap::new(names).unwrap(),
            input: InputDefinition::Table(table.unwrap()),
            operating_point: Some(point),
            applicability: None,
            trained: None,
            pixel_metres: None,
        }
    }

    #[test]
    fn a_name_that_looks_like_several_is_refused_where_there_are_sets() {
        let check = |names, raw| {
            let facts = [facts(names)];
            check_class_names(&facts, &Decider::new(&facts, raw).unwrap())
        };
        assert!(check(["rural", "urban"], false).is_ok());
        let error = check(["rural", "town;village"], false).unwrap_err();
        assert!(error.to_string().contains("`--raw` leaves the operating point out"), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("class `town;village` has a `;`"), "{cause}");
        assert!(check(["rural", "town;village"], true).is_ok());
    }
}
