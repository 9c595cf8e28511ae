//! The types of `jiff`. Less than a microsecond is cut off.
//!
//! `Zoned` is not among them, since no database keeps the zone: store a `Timestamp`, and the zone in a column of its own.

use ::jiff::Timestamp;
use ::jiff::civil::{Date, DateTime, Time};

use orm_pool::text;

use super::civil::{Parts, joined, split, temporal};

temporal! {
    Date, Date, "jiff::civil::Date", |date| (days(*date), 0), |(days, _)| date(days);
    Time, Time, "jiff::civil::Time", |time| (0, micros(*time)), |(_, micros)| time(micros);
    /// A date and time without a zone: text that has one is an error.
    DateTime, DateTime, "jiff::civil::DateTime",
        |value| (days(value.date()), micros(value.time())),
        |(days, micros)| Some(date(days)?.to_datetime(time(micros)?));
    Timestamp, Timestamp, "jiff::Timestamp", utc_parts, timestamp;
}

fn days(date: Date) -> i32 {
    text::days(date.year().into(), date.month().unsigned_abs().into(), date.day().unsigned_abs().into())
}

fn date(days: i32) -> Option<Date> {
    let (year, month, day) = text::civil(days.into());
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn micros(time: Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    seconds * 1_000_000 + i64::from(time.subsec_nanosecond() / 1000)
}

fn time(micros: i64) -> Option<Time> {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = ((seconds / 3600) as i8, (seconds / 60 % 60) as i8, (seconds % 60) as i8);
    Time::new(hour, minute, second, (micros % 1_000_000) as i32 * 1000).ok()
}

fn utc_parts(moment: &Timestamp) -> Parts {
    // Before 1970 as well, what is cut off are the last digits: rounding is downwards. The years end at 9999, so it fits.
    split(moment.as_nanosecond().div_euclid(1000) as i64)
}

/// Builds of seconds and a fraction: `from_microsecond` leaves out the last second that jiff has.
fn timestamp(parts: Parts) -> Option<Timestamp> {
    let micros = joined(parts)?;
    Timestamp::new(micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) as i32 * 1000).ok()
}
