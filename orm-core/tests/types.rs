//! Values of the types behind features: to a parameter, to the text that SQLite holds, and back.

#![cfg(any(
    feature = "chrono",
    feature = "time",
    feature = "jiff",
    feature = "uuid",
    feature = "rust_decimal",
    feature = "json"
))]
#![allow(dead_code, unused_macros, reason = "a build with one feature uses its share of the helpers")]

use std::fmt::Debug;

use orm_core::SqlType;
use orm_pool::{Value, ValueRef, text};

/// Checks the text that SQLite gets, and that both the text and the typed value come back as the value.
#[track_caller]
fn check<T: SqlType + PartialEq + Debug>(value: T, stored: &str) {
    let encoded = value.encode();
    assert_eq!(encoded.kind(), T::KIND);
    assert_eq!(as_text(&encoded), stored);
    assert_eq!(T::decode(ValueRef::Text(stored)), Ok(value.clone()), "from text");
    assert_eq!(T::decode(as_ref(&encoded)), Ok(value.clone()), "from the typed value");
    assert_eq!(Option::<T>::decode(ValueRef::Text(stored)), Ok(Some(value)));
}

/// Checks that the text is read as this value.
#[track_caller]
fn reads<T: SqlType + PartialEq + Debug>(stored: &str, value: T) {
    assert_eq!(T::decode(ValueRef::Text(stored)), Ok(value));
}

/// Checks that the value is refused, and the reason.
#[track_caller]
fn refuses<T: SqlType + Debug>(value: ValueRef<'_>, reason: &str) {
    assert_eq!(T::decode(value).unwrap_err().reason(), reason);
}

#[track_caller]
fn refuses_texts<T: SqlType + Debug>(texts: &[&str], expected: &str) {
    for text in texts {
        refuses::<T>(ValueRef::Text(text), &format!("expected {expected}, found the text {text:?}"));
    }
}

#[track_caller]
fn null_needs_an_option<T: SqlType + PartialEq + Debug>() {
    refuses::<T>(ValueRef::Null, "it is NULL, and the Rust type is not an `Option`");
    assert_eq!(Option::<T>::decode(ValueRef::Null), Ok(None));
    assert_eq!(None::<T>.encode(), Value::Null(T::KIND));
}

/// Returns what the driver of SQLite binds.
fn as_text(value: &Value) -> String {
    match value {
        Value::Date(days) => text::date(*days),
        Value::Time(micros) => text::time(*micros),
        Value::DateTime(micros) | Value::Timestamp(micros) => text::date_time(*micros),
        Value::Uuid(bytes) => text::uuid(bytes),
        Value::Text(text) | Value::Decimal(text) | Value::Json(text) => text.clone(),
        other => panic!("not a value of these types: {other:?}"),
    }
}

/// Returns what the driver of a database with such types gives.
fn as_ref(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Date(days) => ValueRef::Date(*days),
        Value::Time(micros) => ValueRef::Time(*micros),
        Value::DateTime(micros) => ValueRef::DateTime(*micros),
        Value::Timestamp(micros) => ValueRef::Timestamp(*micros),
        Value::Uuid(bytes) => ValueRef::Uuid(*bytes),
        Value::Decimal(text) => ValueRef::Decimal(text),
        Value::Json(text) => ValueRef::Json(text),
        other => panic!("not a value of these types: {other:?}"),
    }
}

const DATE: &str = "a date as `YYYY-MM-DD`";
const TIME: &str = "a time as `HH:MM:SS.ffffff`";
const DATE_TIME: &str = "a date and time without a zone as `YYYY-MM-DD HH:MM:SS.ffffff`";
const MOMENT: &str = "a moment as `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC or with an offset";

/// The days that every library of dates has in common.
macro_rules! common_dates {
    ($date:ty, $time:ty, $date_time:ty, $moment:ty, $ymd:expr, $hms_micro:expr, $join:expr, $utc:expr) => {
        use super::*;

        #[test]
        fn dates_come_back() {
            check::<$date>($ymd(1970, 1, 1), "1970-01-01");
            check::<$date>($ymd(1969, 12, 31), "1969-12-31");
            check::<$date>($ymd(2024, 2, 29), "2024-02-29");
            check::<$date>($ymd(2000, 2, 29), "2000-02-29");
            check::<$date>($ymd(1900, 3, 1), "1900-03-01");
            check::<$date>($ymd(1, 1, 1), "0001-01-01");
            check::<$date>($ymd(9999, 12, 31), "9999-12-31");
            check::<$date>($ymd(0, 2, 29), "0000-02-29");
            check::<$date>($ymd(-1, 12, 31), "-0001-12-31");
            check::<$date>($ymd(-400, 2, 29), "-0400-02-29");
            check::<$date>($ymd(-9999, 1, 1), "-9999-01-01");
        }

        /// The formula for days is checked against the library, over 800 years and at each month's end.
        #[test]
        fn every_month_of_eight_centuries_comes_back() {
            for month in 0..9600 {
                let (year, month) = (1600 + month / 12, month % 12 + 1);
                check::<$date>($ymd(year, month as u8, 1), &format!("{year:04}-{month:02}-01"));
                check::<$date>($ymd(year, month as u8, 28), &format!("{year:04}-{month:02}-28"));
            }
        }

        #[test]
        fn dates_that_do_not_exist_are_refused() {
            refuses_texts::<$date>(
                &[
                    "",
                    "2024",
                    "2024-02",
                    "2023-02-29",
                    "1900-02-29",
                    "2024-04-31",
                    "2024-00-01",
                    "2024-13-01",
                    "2024-01-00",
                    "2024-1-1",
                    "24-01-01",
                    "2024-01-01 ",
                    " 2024-01-01",
                    "2024-01-01 00:00:00",
                    "2024/01/01",
                    "1234567-01-01",
                    "--001-01-01",
                    "2024-01-0é",
                    "٢٠٢٤-01-01",
                ],
                DATE,
            );
            refuses::<$date>(ValueRef::Int(0), "expected a date as `YYYY-MM-DD`, found the integer 0");
            refuses::<$date>(ValueRef::DateTime(0), "expected a date as `YYYY-MM-DD`, found a value of type datetime");
            null_needs_an_option::<$date>();
        }

        #[test]
        fn times_come_back() {
            check::<$time>($hms_micro(0, 0, 0, 0), "00:00:00");
            check::<$time>($hms_micro(23, 59, 59, 999_999), "23:59:59.999999");
            check::<$time>($hms_micro(1, 2, 3, 4), "01:02:03.000004");
            reads::<$time>("01:02", $hms_micro(1, 2, 0, 0));
            reads::<$time>("01:02:03", $hms_micro(1, 2, 3, 0));
            reads::<$time>("01:02:03.5", $hms_micro(1, 2, 3, 500_000));
            reads::<$time>("01:02:03.123456789", $hms_micro(1, 2, 3, 123_456));
            reads::<$time>("01:02:03.00000099999999999999", $hms_micro(1, 2, 3, 0));
        }

        #[test]
        fn times_that_do_not_exist_are_refused() {
            refuses_texts::<$time>(
                &[
                    "",
                    "24:00:00",
                    "00:60:00",
                    "00:00:60",
                    "1:2:3",
                    "01:02:03.",
                    "01:02:",
                    "-1:00:00",
                    "01:02:03Z",
                    "12",
                ],
                TIME,
            );
            refuses::<$time>(ValueRef::Time(86_400_000_000), "expected a time of day, found 24:00:00");
            assert!(<$time>::decode(ValueRef::Time(-1)).is_err());
            assert!(<$time>::decode(ValueRef::Time(i64::MAX)).is_err());
            assert!(<$time>::decode(ValueRef::Time(i64::MIN)).is_err());
            null_needs_an_option::<$time>();
        }

        #[test]
        fn dates_with_times_come_back() {
            let noon = $join($ymd(2024, 2, 29), $hms_micro(12, 0, 0, 0));
            check::<$date_time>(noon, "2024-02-29 12:00:00");
            check::<$date_time>($join($ymd(1, 1, 1), $hms_micro(0, 0, 0, 0)), "0001-01-01 00:00:00");
            let last = $join($ymd(9999, 12, 31), $hms_micro(23, 59, 59, 999_999));
            check::<$date_time>(last, "9999-12-31 23:59:59.999999");
            let before_1970 = $join($ymd(1969, 12, 31), $hms_micro(23, 59, 59, 999_999));
            check::<$date_time>(before_1970, "1969-12-31 23:59:59.999999");
            check::<$date_time>($join($ymd(-44, 3, 15), $hms_micro(11, 0, 0, 1)), "-0044-03-15 11:00:00.000001");
            reads::<$date_time>("2024-02-29T12:00:00", noon);
            reads::<$date_time>("2024-02-29t12:00", noon);
            reads::<$date_time>("2024-02-29 12:00:00.0000001", noon);
            reads::<$date_time>("2024-02-29", $join($ymd(2024, 2, 29), $hms_micro(0, 0, 0, 0)));
        }

        #[test]
        fn a_zone_is_not_dropped_in_silence() {
            refuses_texts::<$date_time>(
                &["2024-02-29 12:00:00Z", "2024-02-29 12:00:00+02:00", "2024-02-29_12:00:00", "2024-02-29 ", "now"],
                DATE_TIME,
            );
            assert!(<$date_time>::decode(ValueRef::Timestamp(0)).is_err());
            null_needs_an_option::<$date_time>();
        }

        #[test]
        fn moments_come_back_in_utc() {
            let noon = $utc($join($ymd(2024, 2, 29), $hms_micro(12, 0, 0, 0)));
            check::<$moment>(noon, "2024-02-29 12:00:00");
            // As `CURRENT_TIMESTAMP` of SQLite gives it, and as other programs write it.
            for text in [
                "2024-02-29 12:00:00",
                "2024-02-29T12:00:00Z",
                "2024-02-29 12:00:00.000z",
                "2024-02-29 12:00",
                "2024-02-29 14:00:00+02:00",
                "2024-02-29 14:00:00+02",
                "2024-02-29T14:00:00+0200",
                "2024-02-29 06:30:00-05:30",
                "2024-03-01 02:00:00+14:00",
                "2024-02-28 21:59:58.0-14:00:02",
            ] {
                reads::<$moment>(text, noon);
            }
            let first = $utc($join($ymd(1, 1, 1), $hms_micro(0, 0, 0, 0)));
            check::<$moment>(first, "0001-01-01 00:00:00");
            let before_1970 = $utc($join($ymd(1969, 12, 31), $hms_micro(23, 59, 59, 999_999)));
            check::<$moment>(before_1970, "1969-12-31 23:59:59.999999");
            assert_eq!(before_1970.encode(), Value::Timestamp(-1));
            assert_eq!(<$moment>::decode(ValueRef::DateTime(-1)), Ok(before_1970));
        }

        #[test]
        fn moments_that_make_no_sense_are_refused() {
            refuses_texts::<$moment>(
                &["2024-02-29 12:00:00 UTC", "2024-02-29 12:00:00+", "2024-02-29 12:00:00+2", "2024-02-29 12:00:00Z "],
                MOMENT,
            );
            null_needs_an_option::<$moment>();
        }

        #[test]
        fn what_is_too_far_is_an_error() {
            for days in [i32::MIN, i32::MIN + 1, i32::MAX - 1, i32::MAX] {
                assert!(<$date>::decode(ValueRef::Date(days)).is_err());
            }
            for micros in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
                assert!(<$date_time>::decode(ValueRef::DateTime(micros)).is_err());
                assert!(<$moment>::decode(ValueRef::Timestamp(micros)).is_err());
            }
            for text in ["+999999-12-31", "-999999-01-01", "999999-12-31 23:59:59.999999"] {
                assert!(<$date_time>::decode(ValueRef::Text(text)).is_err());
                assert!(<$moment>::decode(ValueRef::Text(text)).is_err());
            }
            let reason = <$date>::decode(ValueRef::Date(i32::MAX)).unwrap_err();
            let start = "+5881580-07-11 does not fit into `";
            assert!(reason.reason().starts_with(start), "{}", reason.reason());
        }
    };
}

#[cfg(feature = "chrono")]
mod chrono_types {
    use ::chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

    fn ymd(year: i32, month: u8, day: u8) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month.into(), day.into()).unwrap()
    }

    fn hms_micro(hour: u8, minute: u8, second: u8, micro: u32) -> NaiveTime {
        NaiveTime::from_hms_micro_opt(hour.into(), minute.into(), second.into(), micro).unwrap()
    }

    common_dates!(
        NaiveDate,
        NaiveTime,
        NaiveDateTime,
        DateTime<Utc>,
        ymd,
        hms_micro,
        |date: NaiveDate, time: NaiveTime| date.and_time(time),
        |naive: NaiveDateTime| naive.and_utc()
    );

    #[test]
    fn the_ends_of_chrono_come_back() {
        check(NaiveDate::MAX, "+262142-12-31");
        check(NaiveDate::MIN, "-262143-01-01");
        for end in [NaiveDateTime::MIN, DateTime::<Utc>::MIN_UTC.naive_utc()] {
            assert_eq!(NaiveDateTime::decode(as_ref(&end.encode())), Ok(end));
        }
        check(DateTime::<Utc>::MIN_UTC, "-262143-01-01 00:00:00");
    }

    #[test]
    fn a_leap_second_is_the_microsecond_before_it() {
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
        assert_eq!(leap.encode(), Value::Time(86_399_999_999));
        let moment = ymd(2016, 12, 31).and_time(leap).and_utc();
        assert_eq!(as_text(&moment.encode()), "2016-12-31 23:59:59.999999");
    }

    #[test]
    fn less_than_a_microsecond_is_cut_off() {
        let time = NaiveTime::from_hms_nano_opt(0, 0, 0, 1999).unwrap();
        assert_eq!(time.encode(), Value::Time(1));
        let before_1970 = ymd(1969, 12, 31).and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap();
        assert_eq!(before_1970.encode(), Value::DateTime(-1));
    }

    #[test]
    fn an_offset_is_the_same_moment_in_utc() {
        let offset = FixedOffset::east_opt(2 * 3600).unwrap();
        let noon = ymd(2024, 2, 29).and_hms_opt(14, 0, 0).unwrap().and_local_timezone(offset).unwrap();
        check(noon, "2024-02-29 12:00:00");
        let read = DateTime::<FixedOffset>::decode(ValueRef::Text("2024-02-29 14:00:00+02:00")).unwrap();
        assert_eq!(read.to_rfc3339(), "2024-02-29T12:00:00+00:00");
    }
}

#[cfg(feature = "time")]
mod time_types {
    use ::time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

    fn ymd(year: i32, month: u8, day: u8) -> Date {
        Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap()
    }

    fn hms_micro(hour: u8, minute: u8, second: u8, micro: u32) -> Time {
        Time::from_hms_micro(hour, minute, second, micro).unwrap()
    }

    common_dates!(
        Date,
        Time,
        PrimitiveDateTime,
        OffsetDateTime,
        ymd,
        hms_micro,
        PrimitiveDateTime::new,
        |local: PrimitiveDateTime| local.assume_utc()
    );

    #[test]
    fn the_ends_of_time_come_back() {
        for date in [Date::MIN, Date::MAX] {
            assert_eq!(Date::decode(as_ref(&date.encode())), Ok(date));
            let midnight = date.midnight();
            assert_eq!(PrimitiveDateTime::decode(as_ref(&midnight.encode())), Ok(midnight));
        }
    }

    /// `to_offset` panics here: UTC is in the year 10,000.
    #[test]
    fn an_offset_that_leaves_the_range_does_not_panic() {
        let west = UtcOffset::from_hms(-1, 0, 0).unwrap();
        let last = PrimitiveDateTime::new(ymd(9999, 12, 31), hms_micro(23, 30, 0, 0)).assume_offset(west);
        assert_eq!(as_text(&last.encode()), "+10000-01-01 00:30:00");
    }

    #[test]
    fn an_offset_is_the_same_moment_in_utc() {
        let east = UtcOffset::from_hms(2, 0, 0).unwrap();
        let noon = PrimitiveDateTime::new(ymd(2024, 2, 29), hms_micro(1, 0, 0, 0)).assume_offset(east);
        check(noon, "2024-02-28 23:00:00");
    }

    #[test]
    fn less_than_a_microsecond_is_cut_off() {
        assert_eq!(Time::from_hms_nano(0, 0, 0, 1999).unwrap().encode(), Value::Time(1));
        let last = Time::from_hms_nano(23, 59, 59, 999_999_999).unwrap();
        assert_eq!(PrimitiveDateTime::new(ymd(1969, 12, 31), last).assume_utc().encode(), Value::Timestamp(-1));
    }
}

#[cfg(feature = "jiff")]
mod jiff_types {
    use ::jiff::Timestamp;
    use ::jiff::civil::{Date, DateTime, Time};
    use ::jiff::tz::Offset;

    fn ymd(year: i16, month: u8, day: u8) -> Date {
        Date::new(year, month as i8, day as i8).unwrap()
    }

    fn hms_micro(hour: i8, minute: i8, second: i8, micro: i32) -> Time {
        Time::new(hour, minute, second, micro * 1000).unwrap()
    }

    common_dates!(Date, Time, DateTime, Timestamp, ymd, hms_micro, DateTime::from_parts, |civil| Offset::UTC
        .to_timestamp(civil)
        .unwrap());

    #[test]
    fn the_ends_of_jiff_come_back() {
        for end in [DateTime::MIN, DateTime::from_parts(Date::MAX, hms_micro(23, 59, 59, 999_999))] {
            assert_eq!(DateTime::decode(as_ref(&end.encode())), Ok(end));
            assert_eq!(Date::decode(as_ref(&end.date().encode())), Ok(end.date()));
        }
        assert_eq!(Timestamp::decode(as_ref(&Timestamp::MIN.encode())), Ok(Timestamp::MIN));
        let last = Timestamp::new(Timestamp::MAX.as_second(), 999_999_000).unwrap();
        assert_eq!(Timestamp::decode(as_ref(&Timestamp::MAX.encode())), Ok(last));
    }

    #[test]
    fn less_than_a_microsecond_is_cut_off() {
        assert_eq!(Time::new(0, 0, 0, 1999).unwrap().encode(), Value::Time(1));
        assert_eq!(Timestamp::from_nanosecond(-1).unwrap().encode(), Value::Timestamp(-1));
        assert_eq!(Timestamp::from_nanosecond(1999).unwrap().encode(), Value::Timestamp(1));
    }
}

#[cfg(feature = "uuid")]
mod uuid_types {
    use ::uuid::Uuid;

    use super::*;

    #[test]
    fn uuids_come_back() {
        check(Uuid::nil(), "00000000-0000-0000-0000-000000000000");
        check(Uuid::max(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
        let uuid = Uuid::from_u128(0x67e5504410b1426f9247bb680e5fe0c8);
        check(uuid, "67e55044-10b1-426f-9247-bb680e5fe0c8");
        reads("67E5504410B1426F9247BB680E5FE0C8", uuid);
        assert_eq!(Uuid::decode(ValueRef::Bytes(uuid.as_bytes())), Ok(uuid));
    }

    #[test]
    fn other_texts_are_refused() {
        refuses_texts::<Uuid>(&["", "ed", "67e55044-10b1-426f-9247-bb680e5fe0cé"], "a UUID");
        refuses::<Uuid>(ValueRef::Int(7), "expected a UUID, found the integer 7");
        assert!(Uuid::decode(ValueRef::Bytes(&[0; 15])).is_err());
        null_needs_an_option::<Uuid>();
    }
}

#[cfg(feature = "rust_decimal")]
mod decimal_types {
    use rust_decimal::Decimal;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn decimals_come_back() {
        for text in [
            "0",
            "1",
            "-1",
            "0.1",
            "-12.50",
            "100",
            "0.0000000000000000000000000001",
            "79228162514264337593543950335",
            "-79228162514264337593543950335",
            "1.10",
            "12345678901234.56789012345678",
        ] {
            check(decimal(text), text);
            assert_eq!(decimal(text).encode(), Value::Decimal(text.to_owned()));
        }
    }

    #[test]
    fn zeros_at_the_end_are_kept() {
        assert_eq!(Decimal::decode(ValueRef::Text("1.10")).unwrap().to_string(), "1.10");
    }

    #[test]
    fn numbers_of_sqlite_are_what_they_print_as() {
        assert_eq!(Decimal::decode(ValueRef::Int(i64::MIN)), Ok(Decimal::from(i64::MIN)));
        assert_eq!(Decimal::decode(ValueRef::Float64(0.1)), Ok(decimal("0.1")));
        assert_eq!(Decimal::decode(ValueRef::Float64(-2.5e-10)), Ok(decimal("-0.00000000025")));
        assert_eq!(Decimal::decode(ValueRef::Float32(0.1)), Ok(decimal("0.1")));
        for float in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE] {
            assert!(Decimal::decode(ValueRef::Float64(float)).is_err(), "{float}");
        }
    }

    #[test]
    fn zeros_past_the_last_digit_do_no_harm() {
        reads("1.000000000000000000000000000000000000", Decimal::ONE);
        reads("12345678901234567890.5000000000000000", decimal("12345678901234567890.5"));
    }

    #[test]
    fn nothing_is_rounded() {
        for text in
            ["79228162514264337593543950336", "0.00000000000000000000000000001", "1234567890123456789012345678.55"]
        {
            let reason = format!("{text} does not fit into `Decimal`, which has 28 digits");
            refuses::<Decimal>(ValueRef::Decimal(text), &reason);
        }
        refuses_texts::<Decimal>(&["", "NaN", "one", "-"], "a decimal number");
        null_needs_an_option::<Decimal>();
    }
}

#[cfg(feature = "json")]
mod json_types {
    use std::collections::BTreeMap;

    use orm_core::Json;
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_back() {
        check(json!(null), "null");
        check(
            json!({"a": [1, -2.5, {"b": [[]]}], "c": "\u{1F600} \"quoted\" \n"}),
            "{\"a\":[1,-2.5,{\"b\":[[]]}],\"c\":\"😀 \\\"quoted\\\" \\n\"}",
        );
        check(Json(vec![Some("😀".to_owned()), None]), "[\"😀\",null]");
        check(Json(BTreeMap::from([("a".to_owned(), Json(1u8))])), "{\"a\":1}");
        check(Json(None::<u8>), "null");
    }

    #[test]
    fn a_bare_number_that_sqlite_made_a_number_is_read() {
        assert_eq!(serde_json::Value::decode(ValueRef::Int(42)), Ok(json!(42)));
        assert_eq!(Json::<f64>::decode(ValueRef::Float64(1.5e300)), Ok(Json(1.5e300)));
        assert_eq!(Json::<Vec<u8>>::decode(ValueRef::Bytes(b"[1]")), Ok(Json(vec![1])));
        assert!(Json::<f64>::decode(ValueRef::Float64(f64::NAN)).is_err());
    }

    #[test]
    fn null_is_not_the_document_null() {
        null_needs_an_option::<serde_json::Value>();
        null_needs_an_option::<Json<u8>>();
        assert_eq!(Some(Json(None::<u8>)).encode(), Value::Json("null".to_owned()));
    }

    #[test]
    fn the_reason_says_where() {
        refuses::<serde_json::Value>(
            ValueRef::Text("{\"a\": }"),
            "expected JSON, found \"{\\\"a\\\": }\": expected value at line 1 column 7",
        );
        refuses::<Json<u8>>(
            ValueRef::Json("\"x\""),
            "expected another JSON document, found \"\\\"x\\\"\": invalid type: string \"x\", expected u8 at line 1 column 3",
        );
    }

    #[test]
    #[should_panic(expected = "cannot be written as JSON: key must be a string")]
    fn a_key_that_json_cannot_have_is_told() {
        let _ = Json(BTreeMap::from([((1, 2), 3)])).encode();
    }

    #[test]
    fn the_value_within_is_at_hand() {
        let mut tags = Json::from(vec![1]);
        tags.push(2);
        assert_eq!(tags.len(), 2);
        assert_eq!(serde_json::to_string(&tags).unwrap(), "[1,2]");
        assert_eq!(serde_json::from_str::<Json<Vec<i32>>>("[1,2]").unwrap().into_inner(), vec![1, 2]);
    }
}
