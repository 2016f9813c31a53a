//! The coordinate reference system of a table, as text that others understand.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A coordinate reference system, described as PROJJSON.
///
/// This package compares and passes on the description and never computes with it: that is for the room
/// that knows PROJ. Equality is equality of the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Crs {
    value: Value,
}

/// Why a text is not a coordinate reference system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// It is not JSON.
    #[error("the coordinate reference system is not PROJJSON")]
    Json {
        /// What the parser said.
        source: serde_json::Error,
    },
    /// It is JSON of another kind.
    #[error("the coordinate reference system is not PROJJSON: it has no `{key}`")]
    Incomplete {
        /// What is missing.
        key: &'static str,
    },
}

impl Crs {
    /// Reads PROJJSON, such as GDAL's `exportToPROJJSON` writes.
    ///
    /// # Errors
    /// If `text` is not a JSON object with `type` and `name`.
    pub fn from_projjson(text: &str) -> Result<Self, CrsError> {
        let value: Value =
            serde_json::from_str(text).map_err(|source| CrsError::Json { source })?;
        Self::try_from(value)
    }

    /// The description as PROJJSON.
    pub fn to_projjson(&self) -> String {
        self.value.to_string()
    }

    /// The name, such as `WGS 84 / UTM zone 14N`.
    pub fn name(&self) -> &str {
        self.value["name"].as_str().unwrap_or_default()
    }

    /// The registered code, such as `EPSG:32614`, where there is one.
    pub fn code(&self) -> Option<String> {
        let id = self.value.get("id")?;
        let authority = id.get("authority")?.as_str()?;
        match id.get("code")? {
            Value::String(code) => Some(format!("{authority}:{code}")),
            Value::Number(code) => Some(format!("{authority}:{code}")),
            _ => None,
        }
    }
}

impl TryFrom<Value> for Crs {
    type Error = CrsError;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        for key in ["type", "name"] {
            if !value.get(key).is_some_and(Value::is_string) {
                return Err(CrsError::Incomplete { key });
            }
        }
        Ok(Self { value })
    }
}

impl From<Crs> for Value {
    fn from(crs: Crs) -> Self {
        crs.value
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => write!(formatter, "{} ({code})", self.name()),
            None => formatter.write_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_code_are_read_from_the_description() {
        let text = r#"{"type": "ProjectedCRS", "name": "WGS 84 / UTM zone 14N",
            "id": {"authority": "EPSG", "code": 32614}}"#;
        let crs = Crs::from_projjson(text).unwrap();
        assert_eq!(crs.to_string(), "WGS 84 / UTM zone 14N (EPSG:32614)");
        assert_eq!(Crs::from_projjson(&crs.to_projjson()).unwrap(), crs);
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(matches!(Crs::from_projjson("PROJCS[]"), Err(CrsError::Json { .. })));
        assert!(matches!(Crs::from_projjson("[1]"), Err(CrsError::Incomplete { key: "type" })));
        assert!(serde_json::from_str::<Crs>(r#"{"type": "ProjectedCRS"}"#).is_err());
    }
}
