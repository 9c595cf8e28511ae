//! Exact decimal numbers between plain notation and PostgreSQL's digits of base 10,000.
//!
//! The layout is that of `numeric_send`: the count of digits, the weight of the first, the sign, the number of decimals
//! to show, and the digits.

use sqlx::error::BoxDynError;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// How many decimals a value may have.
const MOST_DECIMALS: usize = 16_383;
/// How many digits may stand before the point.
const MOST_DIGITS: usize = 131_072;

/// Writes a number in plain notation as `numeric`.
pub(super) fn write(text: &str, out: &mut Vec<u8>) -> Result<(), BoxDynError> {
    match text {
        "NaN" => return write_special(NAN, out),
        "Infinity" => return write_special(INFINITY, out),
        "-Infinity" => return write_special(NEGATIVE_INFINITY, out),
        _ => {}
    }
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + decimals.len() == 0 || !is_number(whole) || !is_number(decimals) {
        return Err(format!("`{text}` is not a decimal number in plain notation").into());
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > MOST_DIGITS || decimals.len() > MOST_DECIMALS {
        return Err("the decimal number has more digits than PostgreSQL's `numeric`".into());
    }

    // Groups of four, counted from the point.
    let first_group = whole.len().div_ceil(4);
    let groups_behind = decimals.len().div_ceil(4);
    let digit = |position: isize| -> u16 {
        let digit = if position < 0 {
            usize::try_from(-position)
                .ok()
                .and_then(|back| whole.len().checked_sub(back))
                .map(|at| whole.as_bytes()[at])
        } else {
            decimals.as_bytes().get(position.unsigned_abs()).copied()
        };
        digit.map_or(0, |digit| u16::from(digit - b'0'))
    };
    let group = |index: usize| -> u16 {
        let start = (index as isize - first_group as isize) * 4;
        (start..start + 4).fold(0, |value, position| value * 10 + digit(position))
    };
    let count = first_group + groups_behind;
    let leading = (0..count).take_while(|index| group(*index) == 0).count();
    let trailing = (leading..count).rev().take_while(|index| group(*index) == 0).count();
    let used = count - leading - trailing;

    // All of these are within the limits checked above.
    let weight = if used == 0 { 0 } else { (first_group as i32 - 1 - leading as i32) as i16 };
    out.extend_from_slice(&(used as u16).to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&(if is_negative && used > 0 { NEGATIVE } else { 0 }).to_be_bytes());
    out.extend_from_slice(&(decimals.len() as u16).to_be_bytes());
    for index in leading..leading + used {
        out.extend_from_slice(&group(index).to_be_bytes());
    }
    Ok(())
}

fn write_special(sign: u16, out: &mut Vec<u8>) -> Result<(), BoxDynError> {
    for part in [0, 0, sign, 0] {
        out.extend_from_slice(&part.to_be_bytes());
    }
    Ok(())
}

/// Appends a `numeric` in plain notation, with all the decimals that the server would show.
///
/// Returns `None`, with some of it perhaps appended, if the bytes are none.
pub(super) fn read(bytes: &[u8], out: &mut String) -> Option<()> {
    let (header, digits) = bytes.split_at_checked(8)?;
    let part = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (count, weight, sign, decimals) = (part(0), i32::from(part(2) as i16), part(4), usize::from(part(6)));
    let special = match sign {
        NAN => Some("NaN"),
        INFINITY => Some("Infinity"),
        NEGATIVE_INFINITY => Some("-Infinity"),
        _ => None,
    };
    if let Some(special) = special {
        out.push_str(special);
        return Some(());
    }
    if sign == NEGATIVE {
        out.push('-');
    }
    if digits.len() != usize::from(count) * 2 {
        return None;
    }
    let group = |index: i32| {
        let index = usize::try_from(index).ok()?;
        digits.get(index * 2..index * 2 + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    };
    let digits_of = |index: i32| {
        let group = group(index).unwrap_or(0) % 10_000;
        [group / 1000, group / 100 % 10, group / 10 % 10, group % 10].map(|digit| char::from(b'0' + digit as u8))
    };

    let start = out.len();
    for index in 0..=weight {
        for digit in digits_of(index) {
            if digit != '0' || out.len() > start {
                out.push(digit);
            }
        }
    }
    if out.len() == start {
        out.push('0');
    }
    if decimals > 0 {
        out.push('.');
        let behind = (weight + 1..).flat_map(digits_of).take(decimals);
        out.extend(behind);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut bytes = Vec::new();
        write(text, &mut bytes).unwrap();
        let mut out = String::new();
        read(&bytes, &mut out).unwrap();
        assert_eq!(out, expected, "{text} went as {bytes:?}");
    }

    #[test]
    fn a_number_comes_back_with_all_its_decimals() {
        for text in
            ["0", "0.00", "1", "-12.50", "10000", "9999.9999", "0.0001", "0.00001", "123456789012345678901234567890.5"]
        {
            check(text, text);
        }
        for text in ["NaN", "Infinity", "-Infinity", "100000000", "0.000000000000000000000000001", "1234567.0000000"] {
            check(text, text);
        }
        check("+1.5", "1.5");
        check("007", "7");
        check(".5", "0.5");
        check("5.", "5");
        check("-0", "0");
        check("-0.0", "0.0");
        let long = format!("{}.{}", "9".repeat(131_072), "8".repeat(16_383));
        check(&long, &long);
    }

    #[test]
    fn the_bytes_are_those_of_the_server() {
        let mut bytes = Vec::new();
        write("-12345.678", &mut bytes).unwrap();
        assert_eq!(bytes, [0, 3, 0, 1, 0x40, 0, 0, 3, 0, 1, 9, 41, 26, 124]);
    }

    #[test]
    fn what_is_not_plain_notation_is_refused() {
        for text in ["", "-", ".", "1e5", "1,5", "0x10", " 1", "--1", "1.2.3"] {
            assert!(write(text, &mut Vec::new()).is_err(), "{text}");
        }
        assert!(write(&"9".repeat(131_073), &mut Vec::new()).is_err());
    }
}
