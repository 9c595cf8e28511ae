//! Writes values as PostgreSQL's text, and reads values from it.
//!
//! Arrays come as `{1,NULL,"a b"}`, as PostgreSQL itself writes them and takes them back with a cast.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::from_utf8;

use super::numeric;
use super::parameters::{
    EPOCH_DAYS, EPOCH_MICROS, RANGE_EMPTY, RANGE_LOWER_INCLUDED, RANGE_LOWER_OPEN, RANGE_UPPER_INCLUDED,
    RANGE_UPPER_OPEN,
};
use super::row::{Holds, holds_of_oid};
use crate::text;

/// Appends a value as text; `None` if the bytes are not of this type.
pub(super) fn write_value(holds: Holds, bytes: &[u8], out: &mut String) -> Option<()> {
    match holds {
        Holds::Bool => out.push(if int(bytes)? == 0 { 'f' } else { 't' }),
        Holds::Int2 | Holds::Int4 | Holds::Int8 => _ = write!(out, "{}", int(bytes)?),
        Holds::Oid => _ = write!(out, "{}", int(bytes)? as u32),
        Holds::Float4 => write_float(f32::from_be_bytes(bytes.try_into().ok()?), out),
        Holds::Float8 => write_float(f64::from_be_bytes(bytes.try_into().ok()?), out),
        Holds::Text | Holds::Cursor | Holds::Json | Holds::Unknown => out.push_str(from_utf8(bytes).ok()?),
        Holds::Jsonb | Holds::Versioned => out.push_str(from_utf8(bytes.split_first()?.1).ok()?),
        Holds::Bytea => {
            out.push_str("\\x");
            bytes.iter().for_each(|byte| _ = write!(out, "{byte:02x}"));
        }
        Holds::Date => write_date(int(bytes)?, out),
        Holds::Time => write_time(int(bytes)?, out),
        Holds::TimeTz => {
            let (micros, zone) = bytes.split_at_checked(8)?;
            write_time(int(micros)?, out);
            write_zone(-int(zone)?, out);
        }
        Holds::Timestamp => write_moment(int(bytes)?, "", out),
        Holds::TimestampTz => write_moment(int(bytes)?, "+00", out),
        Holds::Interval => {
            let (micros, rest) = bytes.split_at_checked(8)?;
            let (days, months) = rest.split_at_checked(4)?;
            write_interval(int(months)?, int(days)?, int(micros)?, out);
        }
        Holds::Uuid => out.push_str(&text::uuid(bytes.try_into().ok()?)),
        Holds::Numeric => numeric::read(bytes, out)?,
        Holds::Inet => write_inet(bytes, out)?,
        Holds::MacAddr => {
            for (position, byte) in bytes.iter().enumerate() {
                _ = write!(out, "{}{byte:02x}", if position == 0 { "" } else { ":" });
            }
        }
        Holds::Bit => {
            let (count, bits) = bytes.split_at_checked(4)?;
            let bit = |at: usize| bits.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1);
            for at in 0..usize::try_from(int(count)?).ok()? {
                out.push(if bit(at)? == 0 { '0' } else { '1' });
            }
        }
        Holds::Range(element) => write_range(*element, bytes, out)?,
        Holds::Opaque => return None,
    }
    Some(())
}

/// Reads a signed number of one to eight bytes.
fn int(bytes: &[u8]) -> Option<i64> {
    Some(match *bytes {
        [a] => i64::from(a as i8),
        [a, b] => i16::from_be_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    })
}

/// Writes the shortest digits that read back as the same number.
fn write_float(value: impl Into<f64> + std::fmt::Debug + Copy, out: &mut String) {
    let wide: f64 = value.into();
    if wide.is_infinite() {
        out.push_str(if wide > 0.0 { "Infinity" } else { "-Infinity" });
        return;
    }
    _ = write!(out, "{value:?}");
    if out.ends_with(".0") {
        out.truncate(out.len() - 2);
    }
}

fn write_date(days: i64, out: &mut String) {
    match i32::try_from(days) {
        Ok(i32::MAX) => out.push_str("infinity"),
        Ok(i32::MIN) => out.push_str("-infinity"),
        Ok(days) => out.push_str(&text::date(days.saturating_add(EPOCH_DAYS))),
        Err(_) => {}
    }
}

fn write_moment(micros: i64, zone: &str, out: &mut String) {
    match micros {
        i64::MAX => out.push_str("infinity"),
        i64::MIN => out.push_str("-infinity"),
        micros => {
            out.push_str(without_zeros(&text::date_time(micros.saturating_add(EPOCH_MICROS))));
            out.push_str(zone);
        }
    }
}

fn write_time(micros: i64, out: &mut String) {
    out.push_str(without_zeros(&text::time(micros)));
}

/// Returns a time without the zeros behind its last decimal that is none.
fn without_zeros(time: &str) -> &str {
    if time.contains('.') { time.trim_end_matches('0') } else { time }
}

fn write_zone(seconds: i64, out: &mut String) {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    _ = write!(out, "{sign}{:02}", seconds / 3600);
    if seconds % 3600 != 0 {
        _ = write!(out, ":{:02}", seconds / 60 % 60);
    }
    if seconds % 60 != 0 {
        _ = write!(out, ":{:02}", seconds % 60);
    }
}

fn write_interval(months: i64, days: i64, micros: i64, out: &mut String) {
    let start = out.len();
    for (count, one, many) in [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")] {
        if count != 0 {
            let space = if out.len() > start { " " } else { "" };
            _ = write!(out, "{space}{count} {}", if count == 1 { one } else { many });
        }
    }
    if micros != 0 || out.len() == start {
        if out.len() > start {
            out.push(' ');
        }
        if micros < 0 {
            out.push('-');
        }
        let micros = micros.unsigned_abs();
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction != 0 {
            out.push_str(without_zeros(&format!(".{fraction:06}")));
        }
    }
}

fn write_inet(bytes: &[u8], out: &mut String) -> Option<()> {
    let (header, address) = bytes.split_at_checked(4)?;
    let (bits, is_cidr) = (header[1], header[2] != 0);
    if let Ok(address) = <[u8; 4]>::try_from(address) {
        _ = write!(out, "{}", Ipv4Addr::from(address));
    } else {
        _ = write!(out, "{}", Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?));
    }
    if is_cidr || usize::from(bits) != address.len() * 8 {
        _ = write!(out, "/{bits}");
    }
    Some(())
}

/// Appends a range as PostgreSQL writes it, such as `[1,5)`.
fn write_range(element: Holds, bytes: &[u8], out: &mut String) -> Option<()> {
    let (&facts, mut rest) = bytes.split_first()?;
    let is = |fact: u8| facts & fact != 0;
    if is(RANGE_EMPTY) {
        out.push_str("empty");
        return Some(());
    }
    out.push(if is(RANGE_LOWER_INCLUDED) { '[' } else { '(' });
    if !is(RANGE_LOWER_OPEN) {
        write_end(element, &mut rest, out)?;
    }
    out.push(',');
    if !is(RANGE_UPPER_OPEN) {
        write_end(element, &mut rest, out)?;
    }
    out.push(if is(RANGE_UPPER_INCLUDED) { ']' } else { ')' });
    Some(())
}

fn write_end(element: Holds, rest: &mut &[u8], out: &mut String) -> Option<()> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (value, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let start = out.len();
    write_value(element, value, out)?;
    let is_special =
        |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\\' | '(' | ')' | '[' | ']' | ',' | '\x0b');
    if out.len() == start || out[start..].contains(is_special) {
        let plain = out.split_off(start);
        _ = write!(out, "\"{}\"", plain.replace('\\', r"\\").replace('"', "\"\""));
    }
    Some(())
}

/// Appends an array as text; `None` if the bytes are none, or its elements have no text.
pub(super) fn write_array(element: Holds, bytes: &[u8], out: &mut String) -> Option<()> {
    let mut rest = bytes;
    let dimensions = usize::try_from(take(&mut rest)?).ok().filter(|count| *count <= 6)?;
    take(&mut rest)?;
    let oid = take(&mut rest)? as u32;
    let mut lengths = [0; 6];
    for length in &mut lengths[..dimensions] {
        *length = take(&mut rest)?;
        take(&mut rest)?;
    }
    if dimensions == 0 {
        out.push_str("{}");
        return Some(());
    }
    write_dimension(holds_of_oid(oid).unwrap_or(element), &lengths[..dimensions], &mut rest, out)
}

fn write_dimension(element: Holds, lengths: &[i32], rest: &mut &[u8], out: &mut String) -> Option<()> {
    let (length, inner) = lengths.split_first()?;
    out.push('{');
    for position in 0..*length {
        if position > 0 {
            out.push(',');
        }
        if inner.is_empty() { write_element(element, rest, out)? } else { write_dimension(element, inner, rest, out)? }
    }
    out.push('}');
    Some(())
}

fn write_element(element: Holds, rest: &mut &[u8], out: &mut String) -> Option<()> {
    let Ok(length) = usize::try_from(take(rest)?) else {
        out.push_str("NULL");
        return Some(());
    };
    let (value, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let start = out.len();
    write_value(element, value, out)?;
    if needs_quotes(&out[start..]) {
        let plain = out.split_off(start);
        out.push('"');
        for c in plain.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    Some(())
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.eq_ignore_ascii_case("NULL")
        || text.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '{' | '}' | ',' | '"' | '\\' | '\x0b'))
}

fn take(rest: &mut &[u8]) -> Option<i32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(i32::from_be_bytes(*number))
}

/// Appends the bytes that `\x…` stands for.
pub(super) fn read_hex(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let digits = text.strip_prefix(b"\\x")?;
    for pair in digits.chunks(2) {
        let &[high, low] = pair else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        out.push((digit(high)? * 16 + digit(low)?) as u8);
    }
    Some(())
}

/// Reads a UUID with hyphens.
pub(super) fn read_uuid(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut digits = text.chars().filter(|c| *c != '-');
    for byte in &mut bytes {
        *byte = (digits.next()?.to_digit(16)? * 16 + digits.next()?.to_digit(16)?) as u8;
    }
    digits.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_as_postgresql_does() {
        let check = |months, days, micros, expected| {
            let mut out = String::new();
            write_interval(months, days, micros, &mut out);
            assert_eq!(out, expected);
        };
        check(14, 3, 14_706_000_007, "1 year 2 mons 3 days 04:05:06.000007");
        check(0, 0, 0, "00:00:00");
        check(0, -1, 0, "-1 days");
        check(0, 0, -1_500_000, "-00:00:01.5");
    }
}
