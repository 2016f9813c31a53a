//! Placement: where the pixels of a raster lie on the ground, and the other way round.

use tesela_datasets::cell::Point;

/// The affine map between pixels and the ground; rotation and shear are allowed.
///
/// Pixel `(column, row)` covers `column..column + 1` and `row..row + 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelPlacement {
    to_ground: [f64; 6],
    to_pixel: [f64; 6],
}

impl PixelPlacement {
    /// The placement with the six coefficients of GDAL: x = c0 + column c1 + row c2, y = c3 + column c4 + row c5.
    ///
    /// # Errors
    /// If a coefficient is not finite, or pixels have no area; the message says which.
    pub fn new(to_ground: [f64; 6]) -> Result<Self, String> {
        let [x0, xc, xr, y0, yc, yr] = to_ground;
        if let Some(wrong) = to_ground.iter().find(|value| !value.is_finite()) {
            return Err(format!("a coefficient is {wrong}; expected finite numbers"));
        }
        let determinant = xc * yr - xr * yc;
        if !determinant.is_normal() {
            return Err(format!("pixels have area {determinant}; expected other than 0"));
        }
        let (cx, cy) = (yr / determinant, -xr / determinant);
        let (rx, ry) = (-yc / determinant, xc / determinant);
        Ok(Self { to_ground, to_pixel: [x0, cx, cy, y0, rx, ry] })
    }

    /// The ground position of the pixel coordinates `(column, row)`.
    pub fn to_ground(&self, column: f64, row: f64) -> Point {
        let [x0, xc, xr, y0, yc, yr] = self.to_ground;
        Point { x: x0 + column * xc + row * xr, y: y0 + column * yc + row * yr }
    }

    /// The pixel coordinates `(column, row)` of a ground position.
    pub fn to_pixel(&self, point: Point) -> (f64, f64) {
        // Relative to the origin first: national coordinates would cancel away the digits.
        let [x0, cx, cy, y0, rx, ry] = self.to_pixel;
        let (x, y) = (point.x - x0, point.y - y0);
        (x * cx + y * cy, x * rx + y * ry)
    }

    /// Area of a pixel on the ground, in square units.
    pub fn pixel_area(&self) -> f64 {
        let [_, xc, xr, _, yc, yr] = self.to_ground;
        (xc * yr - xr * yc).abs()
    }

    /// Whether columns grow towards the east, and rows towards the south, as they do in most rasters.
    pub fn directions(&self) -> (bool, bool) {
        (self.to_ground[1] >= 0.0, self.to_ground[5] <= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pixels_and_ground_are_each_others_inverse(
            turn in 0.0_f64..std::f64::consts::TAU,
            column in -1e5_f64..1e5,
            row in -1e5_f64..1e5,
        ) {
            let (sin, cos) = turn.sin_cos();
            let placement = PixelPlacement::new([
                2_599_000.0, 30.0 * cos, 30.0 * sin, 695_000.0, 30.0 * sin, -30.0 * cos,
            ]).unwrap();
            let (c, r) = placement.to_pixel(placement.to_ground(column, row));
            prop_assert!((c - column).abs() < 1e-6 && (r - row).abs() < 1e-6, "{c} {r}");
        }
    }

    #[test]
    fn pixels_without_area_are_refused() {
        assert!(PixelPlacement::new([0.0, 1.0, 1.0, 0.0, 1.0, 1.0]).is_err());
        assert!(PixelPlacement::new([0.0, f64::NAN, 0.0, 0.0, 0.0, 1.0]).is_err());
    }

    #[test]
    fn the_centre_of_the_first_pixel_is_half_a_pixel_from_the_corner() {
        let placement = PixelPlacement::new([100.0, 30.0, 0.0, 900.0, 0.0, -30.0]).unwrap();
        assert_eq!(placement.to_ground(0.5, 0.5), Point { x: 115.0, y: 885.0 });
        assert_eq!(placement.pixel_area(), 900.0);
        assert_eq!(placement.directions(), (true, true));
    }
}
