//! How QGIS draws a layer of a GeoPackage: the table in which it keeps styles.

use gdal::Dataset;
use gdal::errors::GdalError;
use gdal::vector::sql::Dialect;

/// The table; it is no layer of anything on the ground.
pub(super) const STYLES: &str = "layer_styles";

/// The table as QGIS itself makes it (`QgsOgrProviderMetadata::saveStyle`).
const MAKE: &str = "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, \
     f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), \
     f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, \
     useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), \
     update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))";

/// Makes `style` (QML) the one in which QGIS draws the layer `layer`; `time` is when it was made.
///
/// # Errors
/// If the disk refuses.
pub(super) fn add_style(
    dataset: &Dataset,
    layer: &str,
    style: &str,
    time: &str,
) -> Result<(), GdalError> {
    // Its entry in the list of contents.
    let list = format!(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) \
         VALUES ('{STYLES}', 'attributes', '{STYLES}', '{time}')"
    );
    let quoted = style.replace('\'', "''");
    let insert = format!(
        "INSERT INTO {STYLES} (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, \
         styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) \
         VALUES ('', '', '{layer}', 'geom', '{layer}', '{quoted}', '', 1, '', '', '{time}')"
    );
    for statement in [MAKE, &list, &insert] {
        drop(dataset.execute_sql(statement, None, Dialect::DEFAULT)?);
    }
    Ok(())
}
