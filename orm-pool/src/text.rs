//! Dates, times, decimal numbers and UUIDs as the text that databases without such types hold.
//!
//! ```
//! use orm_pool::{Kind, text};
//!
//! let (days, micros) = text::parse(Kind::Timestamp, "2024-02-29 23:30:00-01:00").expect("there is such a moment");
//! assert_eq!((text::date(days), text::time(micros)), ("2024-03-01".into(), "00:30:00".into()));
//! assert_eq!(text::days(2024, 3, 1), days);
//! assert_eq!(text::parse(Kind::Date, "2023-02-29"), None);
//! ```

use crate::Kind;

/// A point in time: days since 1970-01-01, and microseconds since midnight, fewer than those of a day.
pub type Parts = (i32, i64);

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// Returns the decimal number that a text says, exactly: `None` if it is none, or has more than 28 digits.
///
/// A great or small float becomes text with an exponent, such as `1.0e+20`.
#[cfg(feature = "rust_decimal")]
pub fn decimal(text: &str) -> Option<rust_decimal::Decimal> {
    use rust_decimal::Decimal;

    if text.contains(['e', 'E'])
        && let Ok(number) = text.parse::<f64>()
    {
        return decimal(&number.to_string());
    }
    // Zeros at the end take digits which the number may need before the point.
    let without_zeros = || text.contains('.').then(|| text.trim_end_matches('0').trim_end_matches('.'));
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_str_exact(without_zeros()?).ok())
}

/// Returns `YYYY-MM-DD` for a number of days since 1970-01-01.
pub fn date(days: i32) -> String {
    let (year, month, day) = civil(i64::from(days));
    if (0..=9999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+05}-{month:02}-{day:02}")
    }
}

/// Returns `HH:MM:SS.ffffff` for microseconds since midnight, or `HH:MM:SS` where there is no fraction: so SQLite's own
/// words for the moment give what a value is, and texts have the order of what they stand for.
pub fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match fraction {
        0 => format!("{hours:02}:{minutes:02}:{seconds:02}"),
        _ => format!("{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}"),
    }
}

/// Returns `YYYY-MM-DD HH:MM:SS.ffffff` for microseconds since 1970-01-01T00:00:00; see [`time`].
pub fn date_time(micros: i64) -> String {
    let days = micros.div_euclid(DAY);
    // The range of i64 microseconds is 292,000 years to each side, so the days fit.
    format!("{} {}", date(days as i32), time(micros.rem_euclid(DAY)))
}

/// Returns the hyphenated form of a UUID.
pub fn uuid(bytes: &[u8; 16]) -> String {
    let mut out = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}

/// Returns year, month and day of a number of days since 1970-01-01, by Howard Hinnant's algorithm
/// (<https://howardhinnant.github.io/date_algorithms.html>).
pub fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Returns the days since 1970-01-01 of a civil date, by the same algorithm. The date exists and its year has at most six digits.
pub fn days(year: i64, month: u32, day: u32) -> i32 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_index = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) as i32
}

/// Cuts microseconds since 1970 into days and the rest.
pub fn split(micros: i64) -> Parts {
    // The range of i64 microseconds is 107 million days to each side.
    (micros.div_euclid(DAY) as i32, micros.rem_euclid(DAY))
}

/// Returns microseconds since 1970, if they fit.
pub fn joined((days, micros): Parts) -> Option<i64> {
    i64::from(days).checked_mul(DAY)?.checked_add(micros)
}

/// Returns the point in UTC of a local one with this offset, in seconds.
pub fn in_utc((days, micros): Parts, offset: i64) -> Parts {
    let micros = micros - offset * 1_000_000;
    (days + micros.div_euclid(DAY) as i32, micros.rem_euclid(DAY))
}

/// Reads a whole text as what `kind` says: a date, a time of day, a date with time, or a moment, which may have an offset to UTC.
///
/// What the kind does not have is 0. `None` if the text is none, or there is no such day or time.
pub fn parse(kind: Kind, text: &str) -> Option<Parts> {
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
        let exists = (1..=12).contains(&month) && (1..=last_day(year, month)).contains(&day);
        exists.then(|| days(year.into(), month as u32, day as u32))
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

/// Returns the last day of a month, 1 to 12.
pub fn last_day(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
