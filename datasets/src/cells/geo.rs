//! The metadata that make a Parquet file a GeoParquet file.

use geoparquet::metadata::GeoParquetMetadata;
use serde_json::{Value, json};

use super::{Crs, CrsError};

/// The key under which GeoParquet keeps its metadata.
pub(super) const KEY: &str = "geo";
/// The column of outlines.
pub(super) const COLUMN: &str = "geometry";

/// `metadata` as JSON, with what the specification says where there is nothing to describe: no bounds
/// without a single outline, and `crs: null` for "unknown" (a missing key would mean longitude and latitude).
pub(super) fn describe(metadata: &GeoParquetMetadata) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(metadata)?;
    let bounded = metadata
        .columns
        .get(COLUMN)
        .and_then(|column| column.bbox.as_ref())
        .is_some_and(|bounds| bounds.iter().all(|bound| bound.is_finite()));
    if let Some(column) = value.pointer_mut("/columns/geometry").and_then(Value::as_object_mut) {
        if !bounded {
            column.remove("bbox");
        }
        column.entry("crs").or_insert(Value::Null);
    }
    Ok(value.to_string())
}

/// The coordinate reference system that `text`, the value of [`KEY`], names.
pub(super) fn crs(text: &str) -> Result<Option<Crs>, CrsError> {
    let value: Value = serde_json::from_str(text).map_err(|source| CrsError::Json { source })?;
    match value.pointer("/columns/geometry") {
        None => Err(CrsError::Incomplete { key: "columns.geometry" }),
        Some(column) => match column.get("crs") {
            None => Crs::try_from(longitude_latitude()).map(Some),
            Some(Value::Null) => Ok(None),
            Some(crs) => Crs::try_from(crs.clone()).map(Some),
        },
    }
}

/// What GeoParquet means where a file does not speak of a reference system: OGC:CRS84.
fn longitude_latitude() -> Value {
    json!({
        "type": "GeographicCRS",
        "name": "WGS 84 (CRS84)",
        "datum_ensemble": {
            "name": "World Geodetic System 1984 ensemble",
            "members": [{"name": "World Geodetic System 1984 (G2139)"}],
            "ellipsoid": {
                "name": "WGS 84", "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563
            },
            "accuracy": "2.0"
        },
        "coordinate_system": {
            "subtype": "ellipsoidal",
            "axis": [
                {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
                {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"}
            ]
        },
        "id": {"authority": "OGC", "code": "CRS84"}
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_system_means_longitude_and_latitude_and_null_means_unknown() {
        let missing = crs(r#"{"columns": {"geometry": {}}}"#).unwrap();
        assert_eq!(missing.unwrap().code().unwrap(), "OGC:CRS84");
        assert_eq!(crs(r#"{"columns": {"geometry": {"crs": null}}}"#).unwrap(), None);
        assert!(crs(r#"{"columns": {}}"#).is_err());
    }
}
