//! Ids of cells: derived from the place alone, so that a place has the same id in every year.
//!
//! An id such as `EPSG6372-1000m-E2599000-N0695000` is made of the code of the coordinate reference system,
//! the size of cells, and the coordinates of the lower left corner in metres. Coordinates are filled up with
//! zeros to seven digits before the point and have as many decimals as the size of cells needs; those west
//! or south of the origin carry a minus sign (`E-0012000`).

use tesela_datasets::cell::CellId;

use super::GridError;
use crate::raster::CoordinateSystem;

/// How the ids of a grid are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdScheme {
    prefix: String,
    decimals: usize,
}

impl IdScheme {
    /// Ids of cells of `size_millimetres` in `crs`.
    ///
    /// # Errors
    /// If the coordinate reference system has no code.
    pub(super) fn new(crs: &CoordinateSystem, size_millimetres: i64) -> Result<Self, GridError> {
        let code = crs
            .authority()
            .ok_or_else(|| GridError::NoCode { crs: crs.to_string() })?
            .replace(':', "");
        let decimals = match size_millimetres {
            size if size % 1000 == 0 => 0,
            size if size % 100 == 0 => 1,
            size if size % 10 == 0 => 2,
            _ => 3,
        };
        let size = plain(size_millimetres, decimals, 0);
        Ok(Self { prefix: format!("{code}-{size}m"), decimals })
    }

    /// The id of the cell whose lower left corner lies at these millimetres.
    pub(super) fn id(&self, x_millimetres: i64, y_millimetres: i64) -> CellId {
        let x = plain(x_millimetres, self.decimals, 7);
        let y = plain(y_millimetres, self.decimals, 7);
        CellId::new(format!("{}-E{x}-N{y}", self.prefix))
    }
}

/// Millimetres as metres with `decimals` decimals and at least `digits` digits before the point.
fn plain(millimetres: i64, decimals: usize, digits: usize) -> String {
    let sign = if millimetres < 0 { "-" } else { "" };
    let whole = millimetres.unsigned_abs() / 1000;
    let rest = format!("{:03}", millimetres.unsigned_abs() % 1000);
    match &rest[..decimals] {
        "" => format!("{sign}{whole:0digits$}"),
        rest => format!("{sign}{whole:0digits$}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(size_millimetres: i64) -> IdScheme {
        IdScheme::new(&CoordinateSystem::parse("EPSG:6372").unwrap(), size_millimetres).unwrap()
    }

    #[test]
    fn an_id_names_system_size_and_corner() {
        let id = scheme(1_000_000).id(2_599_000_000, 695_000_000);
        assert_eq!(id.as_str(), "EPSG6372-1000m-E2599000-N0695000");
        let id = scheme(28_500).id(-28_500, 85_500);
        assert_eq!(id.as_str(), "EPSG6372-28.5m-E-0000028.5-N0000085.5");
    }

    #[test]
    fn a_system_without_a_code_cannot_name_cells() {
        let crs = CoordinateSystem::parse("+proj=lcc +lat_1=20 +lat_2=30 +lon_0=-100 +ellps=GRS80");
        let error = IdScheme::new(&crs.unwrap(), 1000).unwrap_err().to_string();
        assert!(error.contains("has no code"), "{error}");
    }
}
