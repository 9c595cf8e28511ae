//! Reads the dates and times of the binary protocol, each behind a byte with its length
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>).

use std::fmt::Write as _;

use crate::text;

/// A date as MySQL shows it, which may be no day at all.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    year: u16,
    month: u8,
    day: u8,
}

impl Shown {
    pub(super) fn write_date(self, out: &mut String) {
        _ = write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day);
    }
}

/// Reads a date: the days since 1970-01-01, if it is one, and what MySQL shows.
#[inline]
pub(super) fn date(bytes: &[u8]) -> Option<(Option<i32>, Shown)> {
    let shown = match *bytes.split_first()?.1 {
        [] => Shown { year: 0, month: 0, day: 0 },
        [low, high, month, day, ..] => Shown { year: u16::from_le_bytes([low, high]), month, day },
        _ => return None,
    };
    let Shown { year, month, day } = shown;
    // Under `ALLOW_INVALID_DATES`, MySQL has a 31st in each month.
    let is_day = (1..=12).contains(&month) && (1..=text::last_day(year.into(), month.into())).contains(&day.into());
    Some((is_day.then(|| text::days(year.into(), month.into(), day.into())), shown))
}

/// Reads hour, minute, second and microseconds, of which the end may be left out where it is zero.
#[inline]
pub(super) fn clock(bytes: &[u8]) -> Option<i64> {
    let (whole, micros) = match *bytes {
        [] => return Some(0),
        [hour, minute, second] => ([hour, minute, second], 0),
        [hour, minute, second, a, b, c, d] => ([hour, minute, second], u32::from_le_bytes([a, b, c, d])),
        _ => return None,
    };
    let [hour, minute, second] = whole.map(i64::from);
    Some((hour * 3600 + minute * 60 + second) * 1_000_000 + i64::from(micros))
}

/// Reads a time: whether it is negative, and its microseconds.
#[inline]
pub(super) fn time(bytes: &[u8]) -> Option<(bool, i64)> {
    match *bytes.split_first()?.1 {
        [] => Some((false, 0)),
        [sign, a, b, c, d, ref rest @ ..] => {
            let days = i64::from(u32::from_le_bytes([a, b, c, d]));
            Some((sign != 0, days * 86_400_000_000 + clock(rest)?))
        }
        _ => None,
    }
}
