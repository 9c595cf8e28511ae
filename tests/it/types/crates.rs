//! Types of `uuid`, `rust_decimal`, `time` and `jiff` as fields: their extremes and NULL come back, and are found by value.

use orm::prelude::*;
use orm::{Dialect, ErrorKind};

use crate::support::{dialect, empty_engine};

/// A model with a column of the type and one that may be NULL, written by a session and by a statement.
macro_rules! kept {
    ($(#[$attribute:meta])* $name:ident: $type:ty = $values:expr) => {
        mod $name {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Model)]
            #[orm(metadata = none)]
            struct Specimen {
                #[orm(primary_key)]
                id: i64,
                $(#[$attribute])*
                value: $type,
                $(#[$attribute])*
                maybe: Option<$type>,
            }

            #[tokio::test]
            async fn comes_back_and_is_found() {
                let engine = empty_engine().await;
                metadata![Specimen].create_all(&engine).await.unwrap();
                let values: Vec<$type> = Vec::from($values);
                for &value in &values {
                    let mut session = Session::new(&engine);
                    let handle = session.add(Specimen::builder().value(value).maybe(value));
                    session.commit().await.unwrap();
                    let written = Specimen { id: session[handle].id, value, maybe: Some(value) };
                    insert(Specimen).values(Specimen { id: 0, value, maybe: None }).execute(&engine).await.unwrap();

                    let found = session.query(Specimen).populate_existing().filter(Specimen.maybe.eq(value)).all().await;
                    let [found] = found.unwrap()[..] else { panic!("{value:?} is found once") };
                    assert_eq!(session[found], written);
                    let both = select((Specimen.value, Specimen.maybe)).order_by(Specimen.id);
                    for condition in [Specimen.value.eq(value), Specimen.value.in_([value])] {
                        let found = both.clone().filter(condition).all(&engine).await.unwrap();
                        assert_eq!(found, [(value, Some(value)), (value, None)]);
                    }
                    assert_eq!(both.clone().filter(Specimen.value.ne(value)).all(&engine).await.unwrap(), []);
                    session[found].maybe = None;
                    session.commit().await.unwrap();
                    assert_eq!(select(Specimen).filter(Specimen.maybe.is_null()).count(&engine).await.unwrap(), 2);
                    delete(Specimen).execute(&engine).await.unwrap();
                }
            }
        }
    };
}

/// The first year that each database promises to keep: MySQL begins with 1000.
fn first_year() -> i16 {
    if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) { 1000 } else { 1 }
}

kept! {
    uuids: uuid::Uuid = [0, 1, 0x0123_4567_89AB_4DEF_8123_4567_89AB_CDEF, u128::MAX].map(uuid::Uuid::from_u128)
}

kept! {
    #[orm(precision = 29, scale = 0)]
    large_decimals: rust_decimal::Decimal = {
        use rust_decimal::Decimal;
        [Decimal::MIN, Decimal::NEGATIVE_ONE, Decimal::ZERO, Decimal::from(i64::MAX), Decimal::MAX]
    }
}

kept! {
    #[orm(precision = 28, scale = 28)]
    small_decimals: rust_decimal::Decimal = {
        use rust_decimal::Decimal;
        [Decimal::new(-1, 28), Decimal::new(0, 28), Decimal::new(1, 28), Decimal::new(i64::MAX, 28)]
    }
}

mod of_time {
    use super::*;
    use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

    fn dates() -> Vec<Date> {
        let first = Date::from_calendar_date(first_year().into(), Month::January, 1).unwrap();
        let leap = Date::from_calendar_date(2000, Month::February, 29).unwrap();
        vec![first, leap, Date::from_calendar_date(9999, Month::December, 31).unwrap()]
    }

    fn times() -> Vec<Time> {
        vec![
            Time::MIDNIGHT,
            Time::from_hms_micro(0, 0, 0, 1).unwrap(),
            Time::from_hms_micro(23, 59, 59, 999_999).unwrap(),
        ]
    }

    fn date_times() -> Vec<PrimitiveDateTime> {
        dates().into_iter().zip(times()).map(|(date, time)| date.with_time(time)).collect()
    }

    fn moments() -> Vec<OffsetDateTime> {
        let mut moments: Vec<_> = date_times().into_iter().map(PrimitiveDateTime::assume_utc).collect();
        // The same moment elsewhere is the same moment.
        moments.push(moments[1].to_offset(UtcOffset::from_hms(-9, -30, 0).unwrap()));
        moments
    }

    kept! { days: Date = dates() }
    kept! { hours: Time = times() }
    kept! { local: PrimitiveDateTime = date_times() }
    kept! { utc: OffsetDateTime = moments() }
}

mod of_jiff {
    use super::*;
    use jiff::Timestamp;
    use jiff::civil::{Date, DateTime, Time};

    fn dates() -> Vec<Date> {
        vec![Date::constant(first_year(), 1, 1), Date::constant(2000, 2, 29), Date::MAX]
    }

    fn times() -> Vec<Time> {
        vec![Time::MIN, Time::constant(0, 0, 0, 1_000), Time::constant(23, 59, 59, 999_999_000)]
    }

    fn date_times() -> Vec<DateTime> {
        dates().into_iter().zip(times()).map(|(date, time)| date.to_datetime(time)).collect()
    }

    fn moments() -> Vec<Timestamp> {
        let first: Timestamp = format!("{:04}-01-01T00:00:00Z", first_year()).parse().unwrap();
        // The last that jiff has, in full microseconds.
        let last = "9999-12-30T22:00:00.999999Z".parse().unwrap();
        vec![first, Timestamp::UNIX_EPOCH, Timestamp::from_microsecond(-1).unwrap(), last]
    }

    kept! { days: Date = dates() }
    kept! { hours: Time = times() }
    kept! { local: DateTime = date_times() }
    kept! { utc: Timestamp = moments() }
}

/// Spans, of which the shortest and the longest have no more than microseconds in 64 bits.
mod spans {
    use std::time::Duration;

    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn micros() -> [i64; 7] {
        [0, 1, -1, DAY, -90 * DAY - 1, i64::MAX, i64::MIN + 1]
    }

    kept! { of_the_library: Duration = [0, 1, 999_999, 86_400_000_001, i64::MAX as u64].map(Duration::from_micros) }
    kept! { of_time: time::Duration = micros().map(time::Duration::microseconds) }
    kept! { of_jiff: jiff::SignedDuration = micros().map(jiff::SignedDuration::from_micros) }
    kept! { of_chrono: chrono::TimeDelta = micros().map(chrono::TimeDelta::microseconds) }

    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(metadata = none)]
    struct Task {
        #[orm(primary_key)]
        id: i64,
        took: Duration,
    }

    /// As text they would not be.
    #[tokio::test]
    async fn are_in_order() {
        let engine = empty_engine().await;
        metadata![Task].create_all(&engine).await.unwrap();
        metadata![Task].check(&engine).await.unwrap();
        let seconds = [90_000, 5, 3600, 10];
        let rows: Vec<_> = seconds.map(|count| Task::builder().took(Duration::from_secs(count))).into();
        insert(Task).values(rows).execute(&engine).await.unwrap();
        let long = select(Task.took).filter(Task.took.gt(Duration::from_secs(9))).order_by(Task.took.asc());
        assert_eq!(long.all(&engine).await.unwrap(), [10, 3600, 90_000].map(Duration::from_secs));
    }

    /// No database would give it back.
    #[tokio::test]
    async fn longer_than_can_be_kept_are_refused() {
        let engine = empty_engine().await;
        metadata![Task].create_all(&engine).await.unwrap();
        let mut session = Session::new(&engine);
        let task = session.add(Task::builder().took(Duration::from_secs(1)));
        session.commit().await.unwrap();
        let refused = |error: Error| {
            assert_eq!(*error.kind(), ErrorKind::Data, "{error}");
            assert!(
                error.message().ends_with("the span of time 18446744073709551615.999999999s is out of range"),
                "{error}"
            );
        };
        refused(insert(Task).values(Task::builder().took(Duration::MAX)).execute(&engine).await.unwrap_err());
        refused(select(Task).filter(Task.took.lt(Duration::MAX)).all(&engine).await.unwrap_err());
        session[task].took = Duration::MAX;
        refused(session.commit().await.unwrap_err());
        assert_eq!(select(Task.took).one(&engine).await.unwrap(), Duration::from_secs(1));
    }

    /// A month has no fixed length.
    #[tokio::test]
    async fn of_months_are_no_duration() {
        crate::only!(Postgres);
        let engine = empty_engine().await;
        let months = orm::text("SELECT INTERVAL '1 month 3 days'").columns::<Duration>().one(&engine).await;
        let error = months.unwrap_err().to_string();
        assert!(error.contains("has months, which have no fixed length"), "{error}");
        let days = orm::text("SELECT INTERVAL '-3 days 04:05:06.7'").columns::<chrono::TimeDelta>().one(&engine).await;
        assert_eq!(days.unwrap(), chrono::TimeDelta::microseconds(-3 * DAY + 14_706_700_000));
    }
}

/// Addresses of the Internet.
mod addresses {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    kept! { of_either: IpAddr = ["0.0.0.0", "192.168.7.1", "::", "2001:db8::ff00:42:8329"].map(|text| text.parse().unwrap()) }
    kept! { of_four_numbers: Ipv4Addr = [Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST] }
    kept! { of_sixteen_bytes: Ipv6Addr = [Ipv6Addr::LOCALHOST, Ipv6Addr::from([255; 16])] }
}

/// Types of MySQL that have no generic name; elsewhere the columns have the usual types.
mod of_mysql {
    use super::*;

    kept! { #[orm(mysql(sql_type = "TINYINT"))] tiny: i16 = [-128, 0, 127] }
    kept! { #[orm(mysql(sql_type = "MEDIUMINT"))] medium: i32 = [-8_388_608, 0, 8_388_607] }
    kept! { #[orm(mysql(sql_type = "YEAR"))] year: i16 = [1901, 2024, 2155] }
    kept! { #[orm(mysql(sql_type = "BIGINT UNSIGNED"))] unsigned: i64 = [0, i64::MAX] }

    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(metadata = none)]
    struct Paper {
        #[orm(primary_key)]
        id: i64,
        #[orm(mysql(sql_type = "TINYTEXT"))]
        tiny: String,
        #[orm(mysql(sql_type = "MEDIUMTEXT"))]
        medium: String,
        #[orm(mysql(sql_type = "LONGTEXT"))]
        long: String,
        #[orm(mysql(sql_type = "TINYBLOB"))]
        tiny_bytes: Vec<u8>,
        #[orm(mysql(sql_type = "MEDIUMBLOB"))]
        medium_bytes: Vec<u8>,
    }

    #[tokio::test]
    async fn texts_and_bytes_of_every_size_come_back() {
        let engine = empty_engine().await;
        metadata![Paper].create_all(&engine).await.unwrap();
        metadata![Paper].check(&engine).await.unwrap();
        let paper = Paper {
            id: 1,
            tiny: "t".repeat(255),
            medium: "m".repeat(70_000),
            long: "ö".repeat(40_000),
            tiny_bytes: (0..=254).collect(),
            medium_bytes: vec![7; 70_000],
        };
        insert(Paper).values(paper.clone()).execute(&engine).await.unwrap();
        assert_eq!(select(Paper).all(&engine).await.unwrap(), [paper]);
    }
}
