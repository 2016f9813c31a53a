//! Numbers as people read them.

/// A count with its thousands apart: `1,975,719`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent with one digit, or two where one would hide it: `97.9 %`, `0.04 %`.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share;
    let close_to_an_end = (value > 0.0 && value < 0.1) || (value > 99.9 && value < 100.0);
    if close_to_an_end { format!("{value:.2} %") } else { format!("{value:.1} %") }
}

/// A length with three digits that matter: `4.21 km`, `870 m`.
pub fn metres(length: f64) -> String {
    let (value, unit) = if length >= 1000.0 { (length / 1000.0, "km") } else { (length, "m") };
    match value {
        ..10.0 => format!("{value:.2} {unit}"),
        ..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_975_719), "1,975,719");
    }

    #[test]
    fn lengths_have_three_digits() {
        assert_eq!(metres(4213.0), "4.21 km");
        assert_eq!(metres(870.4), "870 m");
        assert_eq!(metres(55.0), "55.0 m");
        assert_eq!(metres(123_456.0), "123 km");
    }

    #[test]
    fn shares_do_not_vanish() {
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(0.0004), "0.04 %");
        assert_eq!(percent(0.979), "97.9 %");
        assert_eq!(percent(1.0), "100.0 %");
    }
}
