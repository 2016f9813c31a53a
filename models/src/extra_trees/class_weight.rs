//! What the rows of each class weigh.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much the rows of each class weigh.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// Each row weighs the same.
    None,
    /// Each class weighs the same: a row of class `c` weighs `rows / (classes × rows of c)`.
    Balanced,
    /// As [`Self::Balanced`], in each bootstrap sample anew.
    BalancedSubsample,
    /// A row of a named class weighs so much, of any other class 1.
    Named(BTreeMap<String, f64>),
    /// A row of each class weighs so much, in the order of the classes.
    InOrder(Vec<f64>),
}

impl ClassWeight {
    /// Passes on weights that are finite, not negative and not all zero.
    pub(crate) fn checked(self) -> Result<Self, String> {
        let weights: Vec<f64> = match &self {
            Self::Named(weights) => weights.values().copied().collect(),
            Self::InOrder(weights) => weights.clone(),
            _ => return Ok(self),
        };
        if let Some(weight) = weights.iter().find(|weight| !(0.0..=1e12).contains(*weight)) {
            return Err(format!("has a weight of {weight}; expected 0 to 1e12"));
        }
        if matches!(self, Self::InOrder(_)) && weights.iter().all(|&weight| weight == 0.0) {
            return Err("has no weight above 0; expected at least one".into());
        }
        Ok(self)
    }

    /// The same, with weights of named classes put in the order of `classes`.
    pub(crate) fn in_order(&self, classes: &[String]) -> Result<Self, String> {
        let Self::Named(weights) = self else { return Ok(self.clone()) };
        if let Some(name) = weights.keys().find(|name| !classes.contains(name)) {
            let classes = classes.join("`, `");
            return Err(format!("`class-weight` names `{name}`; the classes are `{classes}`"));
        }
        let weight = |name: &String| weights.get(name).copied().unwrap_or(1.0);
        Ok(Self::InOrder(classes.iter().map(weight).collect()))
    }
}

impl Serialize for ClassWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Balanced => serializer.serialize_str("balanced"),
            Self::BalancedSubsample => serializer.serialize_str("balanced-subsample"),
            Self::Named(weights) => weights.serialize(serializer),
            Self::InOrder(weights) => weights.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClassWeightVisitor)
    }
}

struct ClassWeightVisitor;

impl<'de> Visitor<'de> for ClassWeightVisitor {
    type Value = ClassWeight;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "`none`, `balanced`, `balanced-subsample`, or weights of classes such as \
             { urban = 2.0 }",
        )
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ClassWeight, E> {
        match name {
            "none" => Ok(ClassWeight::None),
            "balanced" => Ok(ClassWeight::Balanced),
            "balanced-subsample" => Ok(ClassWeight::BalancedSubsample),
            _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClassWeight, A::Error> {
        let mut weights = BTreeMap::new();
        while let Some((name, weight)) = map.next_entry()? {
            weights.insert(name, weight);
        }
        Ok(ClassWeight::Named(weights))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<ClassWeight, A::Error> {
        let mut weights = Vec::new();
        while let Some(weight) = sequence.next_element()? {
            weights.push(weight);
        }
        Ok(ClassWeight::InOrder(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        class_weight: ClassWeight,
    }

    fn parse(text: &str) -> Result<ClassWeight, String> {
        parse_toml::<File>(&format!("class-weight = {text}"), Path::new("x.toml"))
            .map(|file| file.class_weight)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn class_weights_have_five_spellings() {
        let named = ClassWeight::Named([("urban".to_owned(), 2.0)].into());
        for (text, expected) in [
            ("\"none\"", ClassWeight::None),
            ("\"balanced\"", ClassWeight::Balanced),
            ("\"balanced-subsample\"", ClassWeight::BalancedSubsample),
            ("{ urban = 2.0 }", named),
            ("[1.0, 2.5]", ClassWeight::InOrder(vec![1.0, 2.5])),
        ] {
            assert_eq!(parse(text).unwrap(), expected);
            let written = serde_json::to_string(&expected).unwrap();
            assert_eq!(serde_json::from_str::<ClassWeight>(&written).unwrap(), expected);
        }
        assert!(parse("\"even\"").unwrap_err().contains("expected `none`, `balanced`"));
        assert!(parse("{ urban = \"two\" }").is_err());
    }

    #[test]
    fn named_weights_are_put_in_order_and_others_are_one() {
        let classes = ["rural", "urban"].map(str::to_owned);
        let weights = parse("{ urban = 2.0 }").unwrap().checked().unwrap();
        assert_eq!(weights.in_order(&classes), Ok(ClassWeight::InOrder(vec![1.0, 2.0])));
        let error = parse("{ town = 2.0 }").unwrap().in_order(&classes).unwrap_err();
        assert_eq!(error, "`class-weight` names `town`; the classes are `rural`, `urban`");
        assert!(parse("{ urban = nan }").unwrap().checked().is_err());
        assert!(parse("[0.0, 0.0]").unwrap().checked().is_err());
    }
}
