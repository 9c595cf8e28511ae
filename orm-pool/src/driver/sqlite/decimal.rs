//! The order of decimal numbers, which SQLite keeps as text: the collation `decimal`.

use std::borrow::Cow;
use std::cmp::Ordering;

/// Compares two texts as numbers; what is none comes after all that are.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (&*without_exponent(left), &*without_exponent(right));
    match (Decimal::of(left), Decimal::of(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// Writes out a number such as `1.0e+20`, which a great float is as text.
fn without_exponent(text: &str) -> Cow<'_, str> {
    match text.contains(['e', 'E']).then(|| text.parse::<f64>()) {
        Some(Ok(number)) => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed(text),
    }
}

/// The digits of a decimal number, without the zeros that say nothing.
struct Decimal<'t> {
    is_negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal { is_negative: is_negative && !is_zero, whole, fraction })
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
        }
    }

    /// What compares as the number without its sign: the shorter of two fractions is the lesser if the other begins with it.
    fn size(&self) -> (usize, &'t str, &'t str) {
        (self.whole.len(), self.whole, self.fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_what_is_none_comes_after() {
        let sorted = [
            "-10", "-9.51", "-9.5", "-0.01", "0", "1.0e-05", "0.001", "0.01", ".5", "9.5", "9.51", "10", "100.0",
            "1.0e+20", "", "-", "e", "x",
        ];
        for (at, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(compare(left, right), at.cmp(&other), "{left} and {right}");
            }
        }
    }

    #[test]
    fn zeros_that_say_nothing_do_not_tell_numbers_apart() {
        for (left, right) in
            [("9.5", "9.50"), ("007", "7"), ("-0.0", "0"), ("1.", "1"), (".50", "0.5"), ("+6", "6"), ("1E+3", "1000")]
        {
            assert_eq!(compare(left, right), Ordering::Equal, "{left} and {right}");
        }
    }
}
