//! The types of `time`. Less than a microsecond is cut off.

use ::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use orm_pool::text::in_utc;

use super::civil::{Parts, temporal};

temporal! {
    Date, Date, "time::Date", |date| (days(*date), 0), |(days, _)| date(days);
    Time, Time, "time::Time", |time| (0, micros(*time)), |(_, micros)| time(micros);
    /// A date and time without a zone: text that has one is an error.
    PrimitiveDateTime, DateTime, "time::PrimitiveDateTime",
        |value| (days(value.date()), micros(value.time())), date_time;
    /// A moment: databases keep it in UTC, so it comes back equal but with the offset 0.
    OffsetDateTime, Timestamp, "time::OffsetDateTime", utc_parts, |parts| Some(date_time(parts)?.assume_utc());
}

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

fn days(date: Date) -> i32 {
    date.to_julian_day() - EPOCH
}

fn date(days: i32) -> Option<Date> {
    Date::from_julian_day(days.checked_add(EPOCH)?).ok()
}

fn micros(time: Time) -> i64 {
    let (hour, minute, second, micros) = time.as_hms_micro();
    (i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)) * 1_000_000 + i64::from(micros)
}

fn time(micros: i64) -> Option<Time> {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = ((seconds / 3600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8);
    Time::from_hms_micro(hour, minute, second, (micros % 1_000_000) as u32).ok()
}

fn date_time((days, micros): Parts) -> Option<PrimitiveDateTime> {
    Some(PrimitiveDateTime::new(date(days)?, time(micros)?))
}

/// Converts by hand: `to_offset` panics where UTC is in the year 10,000.
fn utc_parts(moment: &OffsetDateTime) -> Parts {
    in_utc((days(moment.date()), micros(moment.time())), moment.offset().whole_seconds().into())
}
