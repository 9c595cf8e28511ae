//! Dates and times as day counts, as microseconds and as text: what the libraries of dates have in common.
//!
//! In: a [`ValueRef`], typed or the text that SQLite holds. Out: whole days since 1970-01-01 and microseconds of the day,
//! from which each library builds its own types by [`temporal!`].

use orm_pool::{Kind, Value, ValueRef, text};

use super::DecodeError;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A point in time: days since 1970-01-01, and microseconds since midnight, fewer than those of a day.
pub(super) type Parts = (i32, i64);

/// Implements what a column needs for types of dates and times.
///
/// Each line says what the type is to the database, and how it comes apart into [`Parts`] and is built from them; a part
/// that the type does not have is 0 and ignored. `None` says that the library's type does not reach so far.
macro_rules! temporal {
    ($($(#[$attribute:meta])* $type:ty, $kind:ident, $name:literal, $parts:expr, $build:expr;)*) => { $(
        $crate::row_type!($type);
        impl $crate::types::Placeholder for $type {
            /// Returns the first of January 1970, at midnight.
            fn placeholder() -> Self {
                let build: fn($crate::types::civil::Parts) -> Option<$type> = $build;
                build((0, 0)).expect("every library of dates knows 1970")
            }
        }
        $(#[$attribute])*
        impl $crate::types::SqlType for $type {
            type Plain = $type;
            type Null = crate::sql::NotNull;
            const KIND: orm_pool::Kind = orm_pool::Kind::$kind;

            fn column_type() -> $crate::types::ColumnType {
                $crate::types::ColumnType::$kind
            }

            fn encode(&self) -> orm_pool::Value {
                let parts: fn(&$type) -> $crate::types::civil::Parts = $parts;
                $crate::types::civil::encode(Self::KIND, parts(self))
            }

            #[inline]
            fn decode(value: orm_pool::ValueRef<'_>) -> Result<Self, $crate::types::DecodeError> {
                let build: fn($crate::types::civil::Parts) -> Option<$type> = $build;
                let parts = $crate::types::civil::decode(Self::KIND, value)?;
                build(parts).ok_or_else(|| $crate::types::civil::too_far(Self::KIND, parts, $name))
            }
        }
    )* };
}
pub(super) use temporal;

/// Makes the parameter.
pub(super) fn encode(kind: Kind, (days, micros): Parts) -> Value {
    match (kind, joined((days, micros))) {
        (Kind::Date, _) => Value::Date(days),
        (Kind::Time, _) => Value::Time(micros),
        (Kind::DateTime, Some(micros)) => Value::DateTime(micros),
        (_, Some(micros)) => Value::Timestamp(micros),
        // Past the year 294,246 the microseconds do not fit; the text does, and a database with less range refuses it.
        (_, None) => Value::Text(shown(Kind::DateTime, (days, micros))),
    }
}

/// Reads what a row holds.
#[inline]
pub(super) fn decode(kind: Kind, value: ValueRef<'_>) -> Result<Parts, DecodeError> {
    let parts = match (kind, value) {
        (Kind::Date, ValueRef::Date(days)) => Some((days, 0)),
        (Kind::Time, ValueRef::Time(micros)) => within_a_day(micros),
        (Kind::DateTime, ValueRef::DateTime(micros)) => Some(split(micros)),
        // MySQL has no type for a moment: its dates and times are taken as UTC, as they were written.
        (Kind::Timestamp, ValueRef::Timestamp(micros) | ValueRef::DateTime(micros)) => Some(split(micros)),
        (_, ValueRef::Text(text)) => parse(kind, text),
        _ => None,
    };
    parts.ok_or_else(|| mismatch(kind, value))
}

#[cold]
fn mismatch(kind: Kind, found: ValueRef<'_>) -> DecodeError {
    match (kind, found) {
        (Kind::Time, ValueRef::Time(micros)) => {
            DecodeError::new(format!("expected a time of day, found {}", text::time(micros)))
        }
        (Kind::Date, _) => DecodeError::mismatch("a date as `YYYY-MM-DD`", found),
        (Kind::Time, _) => DecodeError::mismatch("a time as `HH:MM:SS.ffffff`", found),
        (Kind::DateTime, _) => {
            DecodeError::mismatch("a date and time without a zone as `YYYY-MM-DD HH:MM:SS.ffffff`", found)
        }
        _ => DecodeError::mismatch("a moment as `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC or with an offset", found),
    }
}

/// The library's type does not reach so far.
#[cold]
pub(super) fn too_far(kind: Kind, parts: Parts, name: &str) -> DecodeError {
    DecodeError::new(format!("{} does not fit into `{name}`", shown(kind, parts)))
}

fn shown(kind: Kind, (days, micros): Parts) -> String {
    match kind {
        Kind::Date => text::date(days),
        Kind::Time => text::time(micros),
        _ => format!("{} {}", text::date(days), text::time(micros)),
    }
}

fn within_a_day(micros: i64) -> Option<Parts> {
    (0..DAY).contains(&micros).then_some((0, micros))
}

/// Cuts microseconds since 1970 into days and the rest.
pub(super) fn split(micros: i64) -> Parts {
    // The range of i64 microseconds is 107 million days to each side.
    (micros.div_euclid(DAY) as i32, micros.rem_euclid(DAY))
}

/// Returns microseconds since 1970, if they fit.
pub(super) fn joined((days, micros): Parts) -> Option<i64> {
    i64::from(days).checked_mul(DAY)?.checked_add(micros)
}

/// Returns the point in UTC of a local one with this offset, in seconds.
pub(super) fn in_utc((days, micros): Parts, offset: i64) -> Parts {
    let micros = micros - offset * 1_000_000;
    (days + micros.div_euclid(DAY) as i32, micros.rem_euclid(DAY))
}

/// Returns the days since 1970-01-01 of a civil date, by Howard Hinnant's algorithm
/// (<https://howardhinnant.github.io/date_algorithms.html>). The date exists and its year has at most six digits.
pub(super) fn days(year: i32, month: u8, day: u8) -> i32 {
    let year = year - i32::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_index = (i32::from(month) + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + i32::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the civil date of a day count.
#[cfg(feature = "jiff")]
pub(super) fn civil(days: i32) -> (i32, u8, u8) {
    let shifted = i64::from(days) + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u8, day as u8)
}

/// Parses the whole text as what `kind` says.
fn parse(kind: Kind, text: &str) -> Option<Parts> {
    let mut reader = Reader(text.as_bytes());
    let parts = match kind {
        Kind::Date => (reader.date()?, 0),
        Kind::Time => (0, reader.time()?),
        Kind::DateTime => reader.date_time()?,
        _ => {
            let local = reader.date_time()?;
            in_utc(local, reader.offset()?)
        }
    };
    reader.0.is_empty().then_some(parts)
}

/// The rest of a text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Reads `YYYY-MM-DD`; the year has a sign and up to six digits outside of 0 to 9999.
    fn date(&mut self) -> Option<i32> {
        let is_negative = self.skip(b'-');
        if !is_negative {
            self.skip(b'+');
        }
        let year = self.number(self.digits().clamp(4, 6))?;
        let (true, month) = (self.skip(b'-'), self.number(2)?) else { return None };
        let (true, day) = (self.skip(b'-'), self.number(2)?) else { return None };
        let year = if is_negative { -year } else { year };
        let exists = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        exists.then(|| days(year, month as u8, day as u8))
    }

    /// Reads `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f…`; digits after the sixth are left out.
    fn time(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        let (true, minute) = (self.skip(b':'), self.number(2)?) else { return None };
        let second = if self.skip(b':') { self.number(2)? } else { 0 };
        let fraction = if self.skip(b'.') { self.fraction()? } else { 0 };
        let exists = hour < 24 && minute < 60 && second < 60;
        exists.then(|| i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + fraction)
    }

    /// Reads a date and a time with a space or a `T` between; a date alone is its midnight.
    fn date_time(&mut self) -> Option<Parts> {
        let days = self.date()?;
        if self.0.is_empty() {
            return Some((days, 0));
        }
        let has_time = self.skip(b' ') || self.skip(b'T') || self.skip(b't');
        has_time.then(|| self.time())?.map(|micros| (days, micros))
    }

    /// Reads `Z`, `+HH`, `+HHMM`, `+HH:MM` or `+HH:MM:SS`, and returns seconds; nothing is UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.skip(b'Z') || self.skip(b'z') {
            return Some(0);
        }
        let is_negative = self.skip(b'-');
        if !is_negative && !self.skip(b'+') {
            return None;
        }
        let mut seconds = self.number(2)? * 3600;
        for unit in [60, 1] {
            if self.skip(b':') || !self.0.is_empty() {
                seconds += self.number(2)? * unit;
            }
        }
        Some(i64::from(if is_negative { -seconds } else { seconds }))
    }

    /// Reads digits as microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.digits();
        let micros = self.number(digits.min(6))? * 10i32.pow(6 - digits.min(6) as u32);
        self.0 = &self.0[digits.saturating_sub(6)..];
        (digits > 0).then_some(i64::from(micros))
    }

    /// Returns how many digits come next.
    fn digits(&self) -> usize {
        self.0.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Reads a number of so many digits, six at most.
    fn number(&mut self, digits: usize) -> Option<i32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0')))
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(&byte);
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
