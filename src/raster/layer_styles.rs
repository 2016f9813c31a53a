//! How QGIS draws a layer of a GeoPackage: the table in which it keeps styles.

use gdal::Dataset;
use gdal::errors::GdalError;
use gdal::vector::sql::Dialect;

/// The table; it is no layer of anything on the ground.
pub(super) const STYLES: &str = "layer_styles";

/// The table as QGIS itself makes it (`QgsOgrProviderMetadata::saveStyle`), and its entry in the list of contents.
const MAKE: [&str; 2] = [
    "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, \
     f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), \
     f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, \
     useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), \
     update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))",
    "INSERT INTO gpkg_contents (table_name, data_type, identifier) \
     VALUES ('layer_styles', 'attributes', 'layer_styles')",
];

/// Makes `style` (QML) the one in which QGIS draws the layer `layer`.
///
/// # Errors
/// If the disk refuses.
pub(super) fn add_style(dataset: &Dataset, layer: &str, style: &str) -> Result<(), GdalError> {
    let quoted = style.replace('\'', "''");
    let insert = format!(
        "INSERT INTO {STYLES} (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, \
         styleName, styleQML, styleSLD, useAsDefault, description, owner) \
         VALUES ('', '', '{layer}', 'geom', '{layer}', '{quoted}', '', 1, '', '')"
    );
    for statement in MAKE.into_iter().chain([insert.as_str()]) {
        drop(dataset.execute_sql(statement, None, Dialect::DEFAULT)?);
    }
    Ok(())
}
