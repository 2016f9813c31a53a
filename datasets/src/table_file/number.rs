//! Numbers as tables write them.

/// What stands for a number that is missing, beside an empty field.
const MISSING: [&str; 4] = ["NA", "NaN", "nan", "null"];

/// What is wrong with a number that is infinite in single precision.
pub(super) const FINITE: &str = "a finite number in the range of single precision";
/// What is wrong with text.
pub(super) const NUMBER: &str = "a number, or nothing";
/// What is wrong with a year.
pub(super) const YEAR: &str = "a year as a whole number, or nothing";

/// The number that `text` is, `NaN` where it is missing; `None` where it is none.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    if text.is_empty() || MISSING.contains(&text) {
        return Some(f64::NAN);
    }
    match text {
        "true" | "True" | "TRUE" => return Some(1.0),
        "false" | "False" | "FALSE" => return Some(0.0),
        _ => {}
    }
    text.parse().ok()
}

/// `value` in single precision; `None` where it is infinite there.
#[expect(clippy::cast_possible_truncation, reason = "models learn from single precision")]
pub(super) fn single(value: f64) -> Option<f32> {
    let single = value as f32;
    (!single.is_infinite()).then_some(single)
}

/// The year that `value` is, nothing where it is `NaN`; an error where it is no whole number.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
pub(super) fn year(value: f64) -> Result<Option<i32>, ()> {
    if value.is_nan() {
        return Ok(None);
    }
    let whole = value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX);
    if whole { Ok(Some(value as i32)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_numbers_are_nan_and_text_is_none() {
        for text in ["", " ", "NA", "nan", "null"] {
            assert!(parse(text).is_some_and(f64::is_nan), "{text}");
        }
        assert_eq!(parse(" -1.5e3 "), Some(-1500.0));
        assert_eq!((parse("TRUE"), parse("false")), (Some(1.0), Some(0.0)));
        for text in ["abc", "1,5", "1 2", "N/A!"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_infinite_in_single_precision_is_none() {
        assert_eq!(single(1e300), None);
        assert_eq!(parse("-inf").and_then(single), None);
        assert_eq!(single(0.1), Some(0.1));
        assert!(single(f64::NAN).is_some_and(f32::is_nan));
    }

    #[test]
    fn years_are_whole() {
        assert_eq!(year(2010.0), Ok(Some(2010)));
        assert_eq!(year(f64::NAN), Ok(None));
        assert_eq!((year(2010.5), year(1e12)), (Err(()), Err(())));
    }
}
