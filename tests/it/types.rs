//! Every type that a column can hold, written and read back with its extremes, on each database.

mod crates;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use orm::prelude::*;
use orm::{Dialect, ErrorKind, literal};

use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "specimens", metadata = none)]
struct Specimen {
    #[orm(primary_key)]
    id: i64,
    truth: bool,
    small: i16,
    medium: i32,
    large: i64,
    single: f32,
    double: f64,
    words: String,
    #[orm(length = 20)]
    label: String,
    bytes: Vec<u8>,
    day: NaiveDate,
    hour: NaiveTime,
    local: NaiveDateTime,
    moment: DateTime<Utc>,
    document: serde_json::Value,
    maybe: Option<i64>,
    maybe_words: Option<String>,
    maybe_bytes: Option<Vec<u8>>,
    maybe_moment: Option<DateTime<Utc>>,
}

/// A specimen of which nothing is out of the ordinary.
fn plain() -> Specimen {
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let hour = NaiveTime::from_hms_micro_opt(12, 34, 56, 789_012).unwrap();
    Specimen {
        id: 0,
        truth: true,
        small: 1,
        medium: 2,
        large: 3,
        single: 0.5,
        double: 0.25,
        words: "words".into(),
        label: "label".into(),
        bytes: vec![1, 2, 3],
        day,
        hour,
        local: day.and_time(hour),
        moment: Utc.from_utc_datetime(&day.and_time(hour)),
        document: serde_json::json!({ "a": [1, 2.5, null, true, "ß"], "b": {} }),
        maybe: Some(7),
        maybe_words: Some("maybe".into()),
        maybe_bytes: Some(vec![0]),
        maybe_moment: Some(Utc.timestamp_opt(0, 0).unwrap()),
    }
}

/// Writes a specimen by a statement and by a session, and reads it back by both.
async fn check(engine: &Engine, specimen: Specimen) {
    let id = match dialect() {
        Dialect::MySql => {
            let mut session = Session::new(engine);
            let handle = session.add(specimen.clone());
            session.commit().await.unwrap();
            session[handle].id
        }
        _ => insert(Specimen).values(specimen.clone()).returning(Specimen.id).one(engine).await.unwrap(),
    };
    let expected = Specimen { id, ..specimen.clone() };
    assert_eq!(select(Specimen).filter(Specimen.id.eq(id)).one(engine).await.unwrap(), expected);
    let mut session = Session::new(engine);
    let handle = session.add(specimen);
    session.commit().await.unwrap();
    let id = session[handle].id;
    let mut session = Session::new(engine);
    let found = session.get_one(Specimen, id).await.unwrap();
    assert_eq!(session[found], Specimen { id, ..expected });
}

async fn engine() -> Engine {
    let engine = empty_engine().await;
    metadata![Specimen].create_all(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn numbers_keep_their_extremes() {
    let engine = engine().await;
    check(&engine, plain()).await;
    let (small, medium, large) = (i16::MIN, i32::MIN, i64::MIN);
    check(&engine, Specimen { small, medium, large, maybe: Some(i64::MAX), ..plain() }).await;
    let (small, medium, large) = (i16::MAX, i32::MAX, i64::MAX);
    check(&engine, Specimen { small, medium, large, maybe: None, truth: false, ..plain() }).await;
    check(&engine, Specimen { small: 0, medium: 0, large: 0, single: 0.0, double: 0.0, ..plain() }).await;
    for (single, double) in [
        (f32::MAX, f64::MAX),
        (f32::MIN, f64::MIN),
        (f32::MIN_POSITIVE, f64::MIN_POSITIVE),
        (0.1, 0.1),
        (-1.0 / 3.0, 1e-300),
        (16_777_217.0, 9_007_199_254_740_993.0),
    ] {
        check(&engine, Specimen { single, double, ..plain() }).await;
    }
}

#[tokio::test]
async fn what_is_no_number_is_kept_or_refused_and_never_another_value() {
    let engine = engine().await;
    for double in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let wanted = Specimen { double, single: double as f32, ..plain() };
        let written = insert(Specimen).values(wanted.clone()).execute(&engine).await;
        match dialect() {
            Dialect::Postgres => {}
            Dialect::Sqlite if !double.is_nan() => {}
            // SQLite has no NaN but NULL, which the column refuses; MySQL has neither.
            _ => {
                let error = written.unwrap_err();
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Integrity { .. } | ErrorKind::Data | ErrorKind::Operational | ErrorKind::Programming
                    ),
                    "{error}"
                );
                assert_eq!(select(Specimen).count(&engine).await.unwrap(), 0);
                continue;
            }
        }
        written.unwrap();
        let found = select(Specimen).order_by(Specimen.id.desc()).first(&engine).await.unwrap().unwrap();
        assert_eq!((found.double.to_bits(), found.single.is_nan()), (double.to_bits(), double.is_nan()));
        assert_eq!(found.single.is_infinite(), double.is_infinite());
        delete(Specimen).execute(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn text_keeps_every_character_and_bytes_every_byte() {
    let engine = engine().await;
    for words in
        ["", " spaces ", "\u{1F980} crab", "quote ' \" ` \\ %_", "line\nline\r\n\ttab", "e\u{301} \u{202E}\u{FEFF}"]
    {
        let maybe_words = Some(words.to_owned());
        let label: String = words.chars().take(20).collect();
        check(&engine, Specimen { words: words.into(), label, maybe_words, ..plain() }).await;
    }
    for bytes in [vec![], vec![0], vec![0xFF, 0x00, 0x80, b'\'', b'\\'], (0..60_000).map(|i| (i % 251) as u8).collect()]
    {
        check(&engine, Specimen { maybe_bytes: Some(bytes.clone()), bytes, ..plain() }).await;
    }
    check(&engine, Specimen { maybe_bytes: None, ..plain() }).await;
    let megabyte: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
    let words = Specimen { words: "\u{1F980}".repeat(1 << 18), maybe_words: None, ..plain() };
    let bytes = Specimen { bytes: megabyte.clone(), maybe_bytes: Some(megabyte), ..plain() };
    check(&engine, bytes).await;
    match dialect() {
        // The TEXT of MySQL ends at 64 KiB; what is longer is refused, and not cut.
        Dialect::MySql | Dialect::MariaDb => {
            let before = select(Specimen).count(&engine).await.unwrap();
            insert(Specimen).values(words).execute(&engine).await.unwrap_err();
            assert_eq!(select(Specimen).count(&engine).await.unwrap(), before);
        }
        _ => check(&engine, words).await,
    }
}

#[tokio::test]
async fn dates_and_times_keep_their_microseconds_near_and_far() {
    let engine = engine().await;
    let days = [(1, 1, 1), (1582, 10, 10), (1899, 12, 31), (1970, 1, 1), (2000, 2, 29), (2038, 1, 20), (9999, 12, 31)];
    for (year, month, day) in days {
        // MySQL promises dates from the year 1000 on.
        if year < 1000 && matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
            continue;
        }
        for (seconds, micros) in [(0, 0), (1, 1), (86_399, 999_999)] {
            let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            let hour = NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1_000).unwrap();
            let local = day.and_time(hour);
            let moment = Utc.from_utc_datetime(&local);
            check(&engine, Specimen { day, hour, local, moment, maybe_moment: None, ..plain() }).await;
        }
    }
}

#[tokio::test]
async fn documents_come_back_as_they_were() {
    let engine = engine().await;
    for text in [
        "{}",
        "[]",
        "0",
        "\"\"",
        "true",
        r#"{"a":{"b":[{"c":null}]},"ü":"\u0041 \"quoted\" \\ \n"}"#,
        "[1e10,-0.5,9007199254740991,\"\u{1F980}\"]",
    ] {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        check(&engine, Specimen { document, ..plain() }).await;
    }
}

// ----------------------------------------------------------------------------------------------------------- many rows

/// Everything that is out of the ordinary and that each database takes, marked by its number.
fn many() -> Vec<Specimen> {
    let far = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
    let late = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let moment = Utc.from_utc_datetime(&far.and_time(late));
    let nothing = Specimen { maybe: None, maybe_words: None, maybe_bytes: None, maybe_moment: None, ..plain() };
    let list = [
        plain(),
        nothing.clone(),
        Specimen { small: i16::MIN, large: i64::MIN, single: f32::MIN, double: f64::MIN, ..nothing.clone() },
        Specimen { small: i16::MAX, large: i64::MAX, single: 1e-30, double: 5e-324, maybe: Some(i64::MIN), ..plain() },
        Specimen { words: String::new(), label: String::new(), bytes: vec![], maybe_words: Some("".into()), ..plain() },
        Specimen { words: "{},NULL,\"\\'\u{1F980}\n".into(), label: "NULL".into(), ..nothing },
        Specimen { bytes: (0..=255).collect(), maybe_bytes: Some(vec![]), truth: false, ..plain() },
        Specimen { day: far, hour: late, local: far.and_time(late), moment, maybe_moment: Some(moment), ..plain() },
        Specimen { document: serde_json::json!([null, "NULL", {"a": "\"{},\\"}]), ..plain() },
        Specimen { document: serde_json::Value::Null, ..plain() },
    ];
    (0..).zip(list).map(|(medium, specimen)| Specimen { medium, ..specimen }).collect()
}

/// Checks that the table holds the many rows, and empties it.
async fn check_many(engine: &Engine, wanted: &[Specimen]) {
    let found = select(Specimen).order_by(Specimen.medium).all(engine).await.unwrap();
    let without_keys: Vec<Specimen> = found.into_iter().map(|row| Specimen { id: 0, ..row }).collect();
    assert_eq!(without_keys, wanted);
    delete(Specimen).execute(engine).await.unwrap();
}

#[tokio::test]
async fn many_rows_at_once_keep_every_value_and_every_null() {
    let (engine, many) = (engine().await, many());
    insert(Specimen).values(many.clone()).execute(&engine).await.unwrap();
    check_many(&engine, &many).await;
    let mut session = Session::new(&engine);
    session.bulk_insert(many.clone()).await.unwrap();
    session.commit().await.unwrap();
    check_many(&engine, &many).await;

    let handles = session.add_all(many.clone());
    session.commit().await.unwrap();
    let mut again = Session::new(&engine);
    for (handle, wanted) in handles.into_iter().zip(&many) {
        let id = session[handle].id;
        let found = again.get_one(Specimen, id).await.unwrap();
        assert_eq!(again[found], Specimen { id, ..wanted.clone() });
    }
    check_many(&engine, &many).await;
}

#[tokio::test]
async fn many_rows_with_a_default_or_an_expression_among_them_are_inserted() {
    let engine = engine().await;
    let words = literal("a".to_owned()).concat("b");
    insert(Specimen).values(many()).set(Specimen.words, words).execute(&engine).await.unwrap();
    assert_eq!(select(Specimen).filter(Specimen.words.eq("ab")).count(&engine).await.unwrap(), many().len() as u64);
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, Debug, PartialEq, SqlNewtype)]
struct Name(String);

/// The types that are made of others.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "parcels", metadata = none)]
struct Parcel {
    #[orm(primary_key)]
    id: i64,
    colour: Colour,
    maybe_colour: Option<Colour>,
    #[orm(length = 20)]
    name: Name,
    key: uuid::Uuid,
    maybe_key: Option<uuid::Uuid>,
    #[orm(precision = 20, scale = 4)]
    price: rust_decimal::Decimal,
    #[orm(precision = 20, scale = 4)]
    maybe_price: Option<rust_decimal::Decimal>,
    tags: orm::Json<Vec<String>>,
    maybe_tags: Option<orm::Json<Vec<String>>>,
}

#[tokio::test]
async fn many_rows_of_types_made_of_others_come_back_as_they_were() {
    let engine = empty_engine().await;
    metadata![Parcel].create_all(&engine).await.unwrap();
    let parcel = |number: i64| Parcel {
        id: number,
        colour: if number % 2 == 0 { Colour::Red } else { Colour::Green },
        maybe_colour: (number % 3 == 0).then_some(Colour::Green),
        name: Name(format!("n{number}")),
        key: uuid::Uuid::from_u128(number as u128),
        maybe_key: (number % 3 == 1).then(|| uuid::Uuid::from_u128(u128::MAX - number as u128)),
        price: rust_decimal::Decimal::new(if number % 2 == 0 { -number } else { 9_999_999_999_999_999 }, 4),
        maybe_price: (number % 3 == 2).then(|| rust_decimal::Decimal::new(0, 4)),
        tags: orm::Json((0..number % 4).map(|tag| format!("\"{tag}\",")).collect()),
        maybe_tags: (number % 2 == 0).then(|| orm::Json(vec![])),
    };
    let parcels: Vec<Parcel> = (1..=30).map(parcel).collect();
    insert(Parcel).values(parcels.clone()).execute(&engine).await.unwrap();
    assert_eq!(select(Parcel).order_by(Parcel.id).all(&engine).await.unwrap(), parcels);
    delete(Parcel).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add_all(parcels.clone());
    session.commit().await.unwrap();
    assert_eq!(select(Parcel).order_by(Parcel.id).all(&engine).await.unwrap(), parcels);
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "measured", metadata = none)]
struct Measured {
    #[orm(primary_key)]
    id: i64,
    values: orm::Json<Vec<f64>>,
}

/// The reader of JSON was off by the last digit, and gave up on the 309 digits that PostgreSQL writes of the largest float.
#[tokio::test]
async fn floats_in_documents_come_back_as_they_were() {
    let engine = empty_engine().await;
    metadata![Measured].create_all(&engine).await.unwrap();
    let values =
        vec![123_456_789.123_456_79, 1e-307, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 0.1 + 0.2, 1.0 / 3.0, -5e-324];
    insert(Measured).values(Measured { id: 1, values: orm::Json(values.clone()) }).execute(&engine).await.unwrap();
    let read = select(Measured.values).one(&engine).await.unwrap().0;
    if dialect() == Dialect::MySql {
        // Its documents are written with fewer digits.
        let is_near = |(read, value): (&f64, &f64)| (read / value - 1.0).abs() < 1e-14;
        assert!(read.len() == values.len() && read.iter().zip(&values).all(is_near), "{read:?}");
    } else {
        assert_eq!(read, values);
    }
}
