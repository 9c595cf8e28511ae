//! Arrays of PostgreSQL: columns, parameters, and what the other databases say to them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use orm::prelude::*;
use orm::{Dialect, literal};

use crate::only;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "arrays", metadata = none)]
struct Arrays {
    #[orm(primary_key)]
    id: i64,
    numbers: Vec<i32>,
    words: Vec<Option<String>>,
    flags: Option<Vec<bool>>,
    floats: Vec<f64>,
    days: Vec<NaiveDate>,
    times: Vec<NaiveTime>,
    local: Vec<NaiveDateTime>,
    moments: Vec<DateTime<Utc>>,
    documents: Vec<serde_json::Value>,
}

fn some_arrays() -> Arrays {
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let time = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    Arrays {
        id: 1,
        numbers: vec![1, -2, i32::MAX],
        words: ["", "NULL", "a,b", "{}", "\"", "\\", "it's", "é", " "]
            .iter()
            .map(|word| Some((*word).into()))
            .collect(),
        flags: Some(vec![true, false]),
        floats: vec![0.1, -1e300, 1.0, 5e-324],
        days: vec![day],
        times: vec![time],
        local: vec![day.and_time(time)],
        moments: vec![Utc.from_utc_datetime(&day.and_time(time)), Utc.timestamp_opt(0, 0).unwrap()],
        documents: vec![serde_json::json!({"a": [1, null, "x"]}), serde_json::json!(2)],
    }
}

#[tokio::test]
async fn the_other_libraries_have_arrays_too() {
    only!(Postgres);
    let engine = empty_engine().await;
    let days = vec![jiff::civil::date(2024, 2, 29), jiff::civil::date(1, 1, 1)];
    let moments = vec![Some(days[0].at(23, 59, 58, 123_456_000)), None];
    let stamps = vec![jiff::Timestamp::new(-5, -1_000).unwrap()];
    let theirs = (literal(days.clone()), literal(moments.clone()), literal(stamps.clone()));
    assert_eq!(select(theirs).one(&engine).await.unwrap(), (days, moments, stamps));
    let day = time::Date::from_calendar_date(2024, time::Month::February, 29).unwrap();
    let moment = day.with_hms_micro(23, 59, 58, 123_456).unwrap();
    let (days, moments) = (vec![day], vec![moment.assume_utc()]);
    let times = vec![moment.time()];
    let theirs = (literal(days.clone()), literal(moments.clone()), literal(times.clone()), literal(vec![moment]));
    assert_eq!(select(theirs).one(&engine).await.unwrap(), (days, moments, times, vec![moment]));
}

#[tokio::test]
async fn a_row_of_arrays_comes_back_as_it_was() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Arrays].create_all(&engine).await.unwrap();
    let mut arrays = some_arrays();
    arrays.words.push(None);
    let empty = Arrays {
        id: 2,
        numbers: vec![],
        words: vec![],
        flags: None,
        floats: vec![],
        days: vec![],
        times: vec![],
        local: vec![],
        moments: vec![],
        documents: vec![],
    };
    let mut session = Session::new(&engine);
    session.add(arrays.clone());
    session.add(empty.clone());
    session.commit().await.unwrap();
    let found = select(Arrays).order_by(Arrays.id).all(&engine).await.unwrap();
    assert_eq!(found, [arrays, empty]);

    let by_value = select(Arrays.id).filter(Arrays.numbers.eq(vec![1, -2, i32::MAX]));
    assert_eq!(by_value.all(&engine).await.unwrap(), [1]);
    update(Arrays).set(Arrays.numbers, vec![7]).filter(Arrays.id.eq(2)).execute(&engine).await.unwrap();
    let numbers = select(Arrays.numbers).filter(Arrays.id.eq(2)).one(&engine).await.unwrap();
    assert_eq!(numbers, [7]);
}

#[tokio::test]
async fn arrays_are_looked_for_among_arrays() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Arrays].create_all(&engine).await.unwrap();
    let many: Vec<Arrays> = (1..=3).map(|id| Arrays { id, numbers: vec![id as i32], ..some_arrays() }).collect();
    insert(Arrays).values(many).execute(&engine).await.unwrap();
    for count in [1, 2, 8, 9] {
        let list: Vec<Vec<i32>> = (2..2 + count).map(|number| vec![number]).collect();
        let inside = select(Arrays.id).filter(Arrays.numbers.in_(list.clone())).order_by(Arrays.id);
        let found: Vec<i64> = [2, 3].into_iter().take(count as usize).collect();
        assert_eq!(inside.all(&engine).await.unwrap(), found, "{count}");
        let outside = select(Arrays.id).filter(Arrays.numbers.not_in(list)).order_by(Arrays.id);
        let found: Vec<i64> = (1..=3).filter(|id| !found.contains(id)).collect();
        assert_eq!(outside.all(&engine).await.unwrap(), found, "{count}");
    }
    let long = select(Arrays.id).filter(Arrays.id.in_((2..20).collect::<Vec<i64>>())).order_by(Arrays.id);
    assert_eq!(long.all(&engine).await.unwrap(), [2, 3]);
}

#[tokio::test]
async fn many_rows_of_arrays_are_not_made_one_array() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Arrays].create_all(&engine).await.unwrap();
    let many: Vec<Arrays> =
        (1..=20).map(|id| Arrays { id, numbers: (0..id as i32 % 4).collect(), ..some_arrays() }).collect();
    insert(Arrays).values(many.clone()).execute(&engine).await.unwrap();
    assert_eq!(select(Arrays).order_by(Arrays.id).all(&engine).await.unwrap(), many);
}

#[tokio::test]
async fn a_database_without_arrays_refuses_them_before_anything_is_sent() {
    only!(Sqlite | MySql | MariaDb);
    let engine = empty_engine().await;
    let dialect = crate::support::dialect();
    let error = metadata![Arrays].create_all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("arrays are not supported on dialect"), "{error}");
    let error = select(literal(vec![1i64])).one(&engine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("an array is not supported on dialect {dialect}")), "{error}");
    assert_eq!(select(literal(vec![1i64])).to_sql(Dialect::Postgres), "SELECT $1");
}

#[tokio::test]
async fn a_session_copies_arrays_from_one_object_to_another() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Arrays].create_all(&engine).await.unwrap();
    let mut first = some_arrays();
    first.words.push(None);
    insert(Arrays).values(Arrays { numbers: vec![], flags: None, ..first.clone() }).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let merged = session.merge(first.clone()).await.unwrap();
    assert_eq!(session[merged], first);
    session.commit().await.unwrap();
    session[merged].numbers = vec![7];
    assert_eq!(session.history(merged, Arrays.numbers).unwrap().deleted, [vec![1, -2, i32::MAX]]);
    // What is read again is copied beside what was changed.
    update(Arrays).set(Arrays.floats, vec![2.5]).execute(&engine).await.unwrap();
    session.no_autoflush().query(Arrays).all().await.unwrap();
    let expected = Arrays { numbers: vec![7], floats: vec![2.5], ..first.clone() };
    assert_eq!(session[merged], expected);
    session.expire_attributes(merged, Arrays.numbers).unwrap();
    assert_eq!(session[merged].numbers, first.numbers);
    let changed = update(Arrays).set(Arrays.flags, Some(vec![false, true]));
    changed.execute(&mut session).await.unwrap();
    session.refresh(merged).await.unwrap();
    let expected = Arrays { floats: vec![2.5], flags: Some(vec![false, true]), ..first };
    assert_eq!(session[merged], expected);
}
