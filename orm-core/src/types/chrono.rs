//! The types of `chrono`. Less than a microsecond is cut off; a leap second is the last microsecond before it, since no
//! database has one.

use ::chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use super::civil::{Parts, temporal};

temporal! {
    NaiveDate, Date, "chrono::NaiveDate", |date| (days(*date), 0), |(days, _)| date(days);
    NaiveTime, Time, "chrono::NaiveTime", |time| (0, micros(*time)), |(_, micros)| time(micros);
    /// A date and time without a zone: text that has one is an error.
    NaiveDateTime, DateTime, "chrono::NaiveDateTime", |value| parts(*value), date_time;
    DateTime<Utc>, Timestamp, "chrono::DateTime<Utc>",
        |moment| parts(moment.naive_utc()), |parts| Some(date_time(parts)?.and_utc());
    /// A moment: databases keep it in UTC, so it comes back equal but with the offset 0.
    DateTime<FixedOffset>, Timestamp, "chrono::DateTime<FixedOffset>",
        |moment| parts(moment.naive_utc()), |parts| Some(date_time(parts)?.and_utc().fixed_offset());
}

/// Days from the first of January of the year 1, counted as 1, to 1970-01-01.
const EPOCH: i32 = 719_163;

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH
}

fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH)?)
}

fn micros(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond().min(999_999_999) / 1000)
}

fn time(micros: i64) -> Option<NaiveTime> {
    let nanos = (micros % 1_000_000) as u32 * 1000;
    NaiveTime::from_num_seconds_from_midnight_opt((micros / 1_000_000) as u32, nanos)
}

fn parts(value: NaiveDateTime) -> Parts {
    (days(value.date()), micros(value.time()))
}

fn date_time((days, micros): Parts) -> Option<NaiveDateTime> {
    Some(date(days)?.and_time(time(micros)?))
}
