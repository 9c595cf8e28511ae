//! A default of a column in one form: databases write a text of it as the value that it becomes in the column's type.

use super::sql;
use crate::dialect::Dialect;
use crate::types::ColumnType;

/// Brings the default of a column of this type into one form; NULL is what there is without one.
pub(super) fn default(text: &str, of: &ColumnType, dialect: Dialect) -> Option<String> {
    let value = quoted(text).filter(|_| dialect != Dialect::Sqlite).and_then(|text| value(&text, of, dialect));
    let normal = value.unwrap_or_else(|| sql(text, dialect));
    let is_null = normal == "null" || text.trim().eq_ignore_ascii_case("null");
    (!is_null).then_some(normal)
}

/// Returns what one text in quotes says, with or without a cast behind it.
fn quoted(sql: &str) -> Option<String> {
    let sql = sql.trim();
    if let Some(within) = sql.strip_prefix('(').and_then(|sql| sql.strip_suffix(')')) {
        return quoted(within);
    }
    let rest = sql.strip_prefix('\'')?;
    let (text, behind) = rest.rsplit_once('\'')?;
    let is_whole = !text.replace("''", "").contains('\'') && (behind.is_empty() || behind.starts_with("::"));
    is_whole.then(|| text.replace("''", "'"))
}

/// Writes a text as the database writes the value that it stands for.
fn value(text: &str, of: &ColumnType, dialect: Dialect) -> Option<String> {
    let is_postgres = dialect == Dialect::Postgres;
    match of {
        ColumnType::Time => time(text).map(|time| format!("'{time}'")),
        ColumnType::DateTime | ColumnType::Timestamp => moment(text).map(|moment| format!("'{moment}'")),
        ColumnType::Boolean if is_postgres => truth(text).map(|is_true| is_true.to_string()),
        ColumnType::LargeBinary if is_postgres => Some(format!("'{}'", bytes(text)?)),
        ColumnType::Interval if is_postgres => interval(text),
        ColumnType::Range(of) if is_postgres && is_integer(of) => range(text),
        #[cfg(feature = "json")]
        ColumnType::Json if is_postgres => {
            let value = serde_json::from_str(text).ok()?;
            Some(format!("'{}'", json(&value).replace('\'', "''")))
        }
        _ => None,
    }
}

fn is_integer(of: &ColumnType) -> bool {
    matches!(of, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger)
}

/// Writes a time with its seconds, and without a fraction of zeros.
fn time(text: &str) -> Option<String> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<&str> = time.split(':').collect();
    let is_number = |part: &&str| !part.is_empty() && part.len() <= 2 && part.chars().all(|c| c.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_number) {
        return None;
    }
    let seconds = parts.get(2).unwrap_or(&"0");
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{:0>2}:{:0>2}:{seconds:0>2}{dot}{fraction}", parts[0], parts[1]))
}

/// Writes a date with its time, which is midnight where none is said.
fn moment(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    if !date.chars().all(|c| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let rest = rest.trim_start_matches([' ', 'T', 't']);
    let without_zone = ["+00", "+00:00", "Z"].iter().find_map(|zone| rest.strip_suffix(zone));
    let time = time(if rest.is_empty() { "00:00" } else { without_zone.unwrap_or(rest) })?;
    Some(format!("{date} {time}"))
}

/// <https://www.postgresql.org/docs/current/datatype-boolean.html>
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Writes bytes in hexadecimal digits; a text of them with escapes is left alone.
fn bytes(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix("\\x") {
        return Some(format!("\\x{}", digits.to_ascii_lowercase()));
    }
    let digits = text.bytes().map(|byte| format!("{byte:02x}"));
    (!text.contains('\\')).then(|| format!("\\x{}", digits.collect::<String>()))
}

/// Writes a range of integers from the first that is within to the first that is not.
fn range(text: &str) -> Option<String> {
    let text = text.trim();
    let (open, close) = (text.chars().next()?, text.chars().last()?);
    let (lower, upper) = text.get(1..text.len() - 1)?.split_once(',')?;
    let bound = |bound: &str, next: bool| -> Option<String> {
        if bound.trim().is_empty() {
            return Some(String::new());
        }
        let value: i64 = bound.trim().parse().ok()?;
        value.checked_add(i64::from(next)).map(|value| value.to_string())
    };
    let (lower, upper) = (bound(lower, open == '(')?, bound(upper, close == ']')?);
    let open = if lower.is_empty() { '(' } else { '[' };
    Some(format!("'{open}{lower},{upper})'"))
}

/// Writes JSON with its keys in order.
#[cfg(feature = "json")]
fn json(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members =
                members.into_iter().map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Writes an interval as its months, days and microseconds.
fn interval(text: &str) -> Option<String> {
    let (mut months, mut days, mut micros) = (0_i64, 0_i64, 0_i64);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = micros.checked_add(clock(word)?)?;
            continue;
        }
        let number: i64 = word.parse().ok()?;
        let (sum, factor) = match words.next()?.to_ascii_lowercase().trim_end_matches('s') {
            "year" => (&mut months, 12),
            "mon" | "month" => (&mut months, 1),
            "week" => (&mut days, 7),
            "day" => (&mut days, 1),
            "hour" => (&mut micros, 3_600_000_000),
            "minute" | "min" => (&mut micros, 60_000_000),
            "second" | "sec" => (&mut micros, 1_000_000),
            _ => return None,
        };
        *sum = sum.checked_add(number.checked_mul(factor)?)?;
    }
    Some(format!("'{months} months {days} days {micros} microseconds'"))
}

/// Reads `-01:02:03.5`, in microseconds.
fn clock(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.trim_start_matches('+').split(':').map(str::parse::<i64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let seconds = parts.next().unwrap_or(Ok(0)).ok()?;
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    Some(sign * (whole.checked_mul(1_000_000)? + micros))
}
