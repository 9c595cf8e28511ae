//! Spans of time: `std::time::Duration`, and those of `chrono`, `time` and `jiff`.
//!
//! PostgreSQL has a type for them; SQLite and MySQL keep whole microseconds as a number, which comes back as it was and is
//! compared as it should be. Less than a microsecond is cut off.

use orm_pool::{Kind, Value, ValueRef};

use super::{ColumnType, DecodeError, Placeholder, SqlType};

/// Implements what a column needs, from and to microseconds. `None` says that they do not fit.
macro_rules! spans {
    ($($(#[$attribute:meta])* $type:ty, $name:literal, $micros:expr, $build:expr;)*) => { $(
        $crate::row_type!($type);
        impl Placeholder for $type {
            /// Returns no time at all.
            fn placeholder() -> Self {
                <$type>::default()
            }
        }
        $(#[$attribute])*
        impl SqlType for $type {
            type Plain = $type;
            type Null = crate::sql::NotNull;
            const KIND: Kind = Kind::Interval;

            fn column_type() -> ColumnType {
                ColumnType::Interval
            }

            fn encode(&self) -> Value {
                let micros: fn(&$type) -> Option<i64> = $micros;
                match micros(self) {
                    Some(micros) => Value::Interval(micros),
                    // More than 292,000 years: no number of microseconds tells it.
                    None => Value::LongInterval(format!("{self:?}").into()),
                }
            }

            fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
                let build: fn(i64) -> Option<$type> = $build;
                let micros = micros(value)?;
                let too_far = || DecodeError::new(format!("{micros} microseconds do not fit into `{}`", $name));
                build(micros).ok_or_else(too_far)
            }
        }
    )* };
}

spans! {
    /// A span that is negative is an error when it is read.
    std::time::Duration, "std::time::Duration",
        |span| i64::try_from(span.as_micros()).ok(),
        |micros| Some(std::time::Duration::from_micros(u64::try_from(micros).ok()?));
}

#[cfg(feature = "chrono")]
spans! {
    ::chrono::TimeDelta, "chrono::TimeDelta",
        |span| span.num_microseconds(), |micros| Some(::chrono::TimeDelta::microseconds(micros));
}

#[cfg(feature = "time")]
spans! {
    ::time::Duration, "time::Duration",
        |span| i64::try_from(span.whole_microseconds()).ok(), |micros| Some(::time::Duration::microseconds(micros));
}

#[cfg(feature = "jiff")]
spans! {
    ::jiff::SignedDuration, "jiff::SignedDuration",
        |span| i64::try_from(span.as_micros()).ok(), |micros| Some(::jiff::SignedDuration::from_micros(micros));
}

/// Reads microseconds, or a span as PostgreSQL writes it: `2 days -03:00:00.5`.
pub(crate) fn micros(value: ValueRef<'_>) -> Result<i64, DecodeError> {
    match value {
        ValueRef::Int(micros) => Ok(micros),
        // An average of numbers of microseconds, and on MySQL a sum.
        ValueRef::Float64(micros) if micros.abs() < 9e15 => Ok(micros.round() as i64),
        ValueRef::Decimal(text) => whole(text).ok_or_else(|| DecodeError::mismatch("a span of time", value)),
        ValueRef::Text(text) if text.contains("mon") || text.contains("year") => {
            Err(DecodeError::new(format!("the span {text:?} has months, which have no fixed length")))
        }
        ValueRef::Text(text) => parse(text).ok_or_else(|| DecodeError::mismatch("a span of time", value)),
        _ => Err(DecodeError::mismatch("a span of time", value)),
    }
}

/// Reads the nearest whole number.
fn whole(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_up = fraction.starts_with(|digit: char| digit >= '5');
    let away = if text.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().ok()?.checked_add(if is_up { away } else { 0 })
}

fn parse(text: &str) -> Option<i64> {
    let mut sum: i64 = 0;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let part = if word.contains(':') {
            clock(word)?
        } else {
            let days: i64 = word.parse().ok()?;
            if !matches!(words.next()?, "day" | "days") {
                return None;
            }
            days.checked_mul(86_400_000_000)?
        };
        sum = sum.checked_add(part)?;
    }
    Some(sum)
}

/// Reads `-03:00:00.5`, of which the hours may be many.
fn clock(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole = |text: &str| text.parse::<i64>().ok();
    let seconds = whole(hours)?.checked_mul(3600)?.checked_add(whole(minutes)? * 60 + whole(seconds)?)?;
    // The sign goes in first: the least number has no positive one.
    seconds.checked_mul(sign * 1_000_000)?.checked_add(sign * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_read_to_the_microsecond() {
        for (text, expected) in [("12", 12), ("12.4999", 12), ("12.5000", 13), ("-0.5", -1), ("-12.49", -12)] {
            assert_eq!(micros(ValueRef::Decimal(text)).ok(), Some(expected), "{text}");
        }
        assert_eq!(micros(ValueRef::Float64(-2.5)).ok(), Some(-3));
        assert!(micros(ValueRef::Decimal("99999999999999999999")).is_err());
        assert!(micros(ValueRef::Float64(1e300)).is_err());
    }

    #[test]
    fn spans_are_read_as_postgresql_writes_them() {
        let read = |text: &str| micros(ValueRef::Text(text));
        assert_eq!(read("00:00:00"), Ok(0));
        assert_eq!(read("-00:00:00.000001"), Ok(-1));
        assert_eq!(read("1 day -01:00:00.5"), Ok(23 * 3_600_000_000 - 500_000));
        assert_eq!(read("-2 days"), Ok(-2 * 86_400_000_000));
        assert_eq!(read("2562047788:00:54.775807"), Ok(i64::MAX));
        assert_eq!(read("-2562047788:00:54.775808"), Ok(i64::MIN));
        let months = read("1 mon 2 days").unwrap_err();
        assert_eq!(months.reason(), "the span \"1 mon 2 days\" has months, which have no fixed length");
        for text in ["", "1", "1 hour", "x", "00:00", "99999999999999:00:00"] {
            assert!(text.is_empty() || read(text).is_err(), "{text}");
        }
        assert!(std::time::Duration::decode(ValueRef::Int(-1)).is_err());
    }
}
