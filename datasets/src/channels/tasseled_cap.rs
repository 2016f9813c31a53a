//! The tasseled-cap tables: published rotations of the six bands.
//!
//! Rows are brightness, greenness, wetness and three more; columns are the bands in canonical order. Every
//! table is orthonormal to within its printed digits. The tests keep it so, which catches each of the
//! wrong copies that circulate.

use crate::pixel::TasseledCap;

/// Six rows of weights of the six bands.
pub type Rotation = [[f64; 6]; 6];

/// Crist 1985, TM reflectance factor.
const TM: Rotation = [
    [0.2043, 0.4158, 0.5524, 0.5741, 0.3124, 0.2303],
    [-0.1603, -0.2819, -0.4934, 0.7940, -0.0002, -0.1446],
    [0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109],
    [-0.2117, -0.0284, 0.1302, -0.1007, 0.6529, -0.7078],
    [-0.8669, -0.1835, 0.3856, 0.0408, -0.1132, 0.2272],
    [0.3677, -0.8200, 0.4354, 0.0518, -0.0066, -0.0104],
];

/// Huang et al. 2002, ETM+ at-satellite reflectance.
const ETM: Rotation = [
    [0.3561, 0.3972, 0.3904, 0.6966, 0.2286, 0.1596],
    [-0.3344, -0.3544, -0.4556, 0.6966, -0.0242, -0.2630],
    [0.2626, 0.2141, 0.0926, 0.0656, -0.7629, -0.5388],
    [0.0805, -0.0498, 0.1950, -0.1327, 0.5752, -0.7775],
    [-0.7252, -0.0202, 0.6683, 0.0631, -0.1494, -0.0274],
    [0.4000, -0.8172, 0.3832, 0.0602, -0.1095, 0.0985],
];

/// Baig et al. 2014, OLI at-satellite reflectance.
const OLI: Rotation = [
    [0.3029, 0.2786, 0.4733, 0.5599, 0.5080, 0.1872],
    [-0.2941, -0.2430, -0.5424, 0.7276, 0.0713, -0.1608],
    [0.1511, 0.1973, 0.3283, 0.3407, -0.7117, -0.4559],
    [-0.8239, 0.0849, 0.4396, -0.0580, 0.2013, -0.2773],
    [-0.3294, 0.0557, 0.1056, 0.1855, -0.4349, 0.8085],
    [0.1079, -0.9023, 0.4119, 0.0575, -0.0259, 0.0252],
];

/// Zhai et al. 2022, OLI surface reflectance; only three rows are published.
const OLI_SR: [[f64; 6]; 3] = [
    [0.3690, 0.4271, 0.4689, 0.5073, 0.3824, 0.2406],
    [-0.2870, -0.2685, -0.4087, 0.8145, 0.0637, -0.1052],
    [0.0382, 0.2137, 0.3536, 0.2270, -0.6108, -0.6351],
];

/// Shi and Xu 2019, Sentinel-2 at-sensor reflectance; only three rows are published.
const MSI: [[f64; 6]; 3] = [
    [0.3510, 0.3813, 0.3437, 0.7196, 0.2396, 0.1949],
    [-0.3599, -0.3533, -0.4734, 0.6633, 0.0087, -0.2856],
    [0.2578, 0.2305, 0.0883, 0.1071, -0.7611, -0.5308],
];

impl TasseledCap {
    /// The six rows of weights.
    pub fn rotation(self) -> Rotation {
        match self {
            Self::Tm => TM,
            Self::Etm => ETM,
            Self::Oli => OLI,
            Self::OliSr => complete(&OLI_SR),
            Self::Msi => complete(&MSI),
        }
    }
}

/// Extends three published rows to six: Gram-Schmidt of Baig's last three rows against them, twice for
/// rounding. They span the right space; the axes within it are a convention.
fn complete(published: &[[f64; 6]; 3]) -> Rotation {
    let mut rows = [[0.0; 6]; 6];
    rows[..3].copy_from_slice(published);
    for index in 3..6 {
        let mut row = OLI[index];
        for _ in 0..2 {
            for other in &rows[..index] {
                let share = dot(&row, other) / dot(other, other);
                row = std::array::from_fn(|band| row[band] - share * other[band]);
            }
        }
        let length = dot(&row, &row).sqrt();
        rows[index] = row.map(|weight| weight / length);
    }
    rows
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest deviation of the rows' products from those of an orthonormal table.
    fn deviation(rows: &Rotation) -> f64 {
        let mut largest = 0.0_f64;
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                largest = largest.max((dot(a, b) - f64::from(u8::from(i == j))).abs());
            }
        }
        largest
    }

    #[test]
    fn every_table_is_orthonormal_within_its_documented_deviation() {
        let documented = [
            (TasseledCap::Tm, 1.2e-4),
            (TasseledCap::Etm, 7.4e-5),
            (TasseledCap::Oli, 8.4e-5),
            (TasseledCap::OliSr, 1.2e-4),
            (TasseledCap::Msi, 1.2e-4),
        ];
        for (table, limit) in documented {
            // The documented figures have two digits.
            let found = deviation(&table.rotation());
            assert!(found < limit * 1.05, "{table:?} deviates by {found:.2e}, not {limit:.1e}");
        }
    }

    #[test]
    fn known_wrong_copies_do_not_pass_the_orthonormality_test() {
        let wrong_copies = [
            (TasseledCap::Tm, 0, 5, -0.2303),
            (TasseledCap::Tm, 1, 0, -0.1063),
            (TasseledCap::Oli, 1, 2, -0.5242),
            (TasseledCap::Oli, 1, 4, -0.0713),
            (TasseledCap::Oli, 1, 5, -0.160),
            (TasseledCap::Oli, 4, 5, -0.8085),
        ];
        for (table, row, column, value) in wrong_copies {
            let mut rotation = table.rotation();
            rotation[row][column] = value;
            assert!(deviation(&rotation) > 1.26e-4, "{table:?} [{row}][{column}] = {value}");
        }
    }

    #[test]
    fn completed_tables_keep_the_published_rows() {
        assert_eq!(TasseledCap::OliSr.rotation()[..3], OLI_SR);
        assert_eq!(TasseledCap::Msi.rotation()[..3], MSI);
    }
}
