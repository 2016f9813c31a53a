//! Variograms as a table for other programs.

use crate::metrics::variogram::{Fitted, Variogram};

/// The columns of the table.
const HEADER: [&str; 5] =
    ["quantity", "distance_metres", "pairs", "semivariance", "model_semivariance"];

/// Variograms with their models as CSV: one row per interval of distance.
pub fn variogram_csv(variograms: &[(Variogram, Fitted)]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = variograms.iter().flat_map(|(variogram, fitted)| {
        variogram.lags.iter().map(|lag| {
            [
                variogram.name.clone(),
                lag.distance.to_string(),
                lag.pairs.to_string(),
                lag.semivariance.to_string(),
                fitted.at(lag.distance).to_string(),
            ]
        })
    });
    for row in std::iter::once(HEADER.map(str::to_owned)).chain(rows) {
        writer.write_record(&row).expect("all rows have one length, and memory takes them");
    }
    writer.into_inner().expect("memory takes what is left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::variogram::{Lag, Model};

    #[test]
    fn each_interval_is_a_row() {
        let lag = |distance| Lag { distance, semivariance: 0.25, pairs: 40 };
        let lags = vec![lag(100.0), lag(300.0)];
        let variogram = Variogram { name: "label: a, b".to_owned(), lags, reach: 400.0 };
        let fitted = Fitted {
            model: Model::Spherical,
            nugget: 0.25,
            partial_sill: 0.5,
            range: 200.0,
            deviation: 0.0,
            furthest: 300.0,
        };
        let text = String::from_utf8(variogram_csv(&[(variogram, fitted)])).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], HEADER.join(","));
        assert_eq!(lines[1], "\"label: a, b\",100,40,0.25,0.59375");
        assert_eq!(lines[2], "\"label: a, b\",300,40,0.25,0.75");
    }
}
