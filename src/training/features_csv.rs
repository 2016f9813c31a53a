//! `features.csv`: what a tabular model found out about each number that it could learn from.
//!
//! One row per number, in the order of the features: `feature`, `kept`, `f`, `p_value`, `variance` (nothing without a
//! selection), `importance` (nothing where it was not learned from).

use tesela_models::classifier::FeatureRecord;

/// The file.
pub(super) fn features_csv(records: &[FeatureRecord]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let optional = |value: Option<f64>| {
        value.filter(|value| !value.is_nan()).map(|value| value.to_string()).unwrap_or_default()
    };
    let rows = records.iter().map(|record| {
        let test = record.test;
        let kept = test.is_none_or(|test| test.kept);
        [
            record.name.clone(),
            kept.to_string(),
            optional(test.map(|test| test.test.statistic)),
            optional(test.map(|test| test.test.p_value)),
            optional(test.map(|test| test.variance)),
            optional(record.importance),
        ]
    });
    let header = ["feature", "kept", "f", "p_value", "variance", "importance"].map(str::to_owned);
    for row in std::iter::once(header).chain(rows) {
        writer.write_record(row).expect("memory can be written");
    }
    writer.into_inner().expect("memory can be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_models::selection::{ColumnTest, FTest};

    #[test]
    fn a_column_that_was_dropped_has_no_importance() {
        let test = FTest { statistic: 2.5, p_value: f64::NAN };
        let test = ColumnTest { kept: false, test, variance: 0.0 };
        let record = |name: &str, test, importance| FeatureRecord {
            name: name.to_owned(),
            test,
            importance,
        };
        let records = [record("red, mean", Some(test), None), record("b", None, Some(0.25))];
        let text = String::from_utf8(features_csv(&records)).unwrap();
        assert_eq!(
            text,
            "feature,kept,f,p_value,variance,importance\n\"red, mean\",false,2.5,,0,\nb,true,,,,0.25\n"
        );
    }
}
