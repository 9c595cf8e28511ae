//! Ranges of PostgreSQL: columns, parameters, operators, and what the other databases say to them.

use std::ops::Bound;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use orm::prelude::*;
use orm::schema::{Column, Inspector, Table};
use orm::{ColumnType, Dialect, ErrorKind, Range, literal, text};
use rust_decimal::Decimal;

use crate::only;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "ranges", metadata = none)]
struct Ranges {
    #[orm(primary_key)]
    id: i64,
    ints: Range<i32>,
    longs: Option<Range<i64>>,
    prices: Range<Decimal>,
    days: Range<NaiveDate>,
    local: Range<NaiveDateTime>,
    moments: Range<DateTime<Utc>>,
    several: Vec<Range<i32>>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "spans", metadata = none)]
struct Span {
    #[orm(primary_key)]
    id: i64,
    ints: Range<i32>,
    days: Option<Range<NaiveDate>>,
}

fn some_ranges() -> Ranges {
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
    let time = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let moment = |at| Utc.from_utc_datetime(&day(at).and_time(time));
    Ranges {
        id: 1,
        ints: (1..5).into(),
        longs: Some((i64::MIN..).into()),
        prices: (Decimal::new(-105, 2)..=Decimal::new(2000, 2)).into(),
        days: (day(1)..=day(28)).into(),
        local: (..day(29).and_time(time)).into(),
        moments: Range::new(Bound::Excluded(moment(3)), Bound::Included(moment(4))),
        several: vec![(1..2).into(), Range::empty(), (..).into()],
    }
}

fn no_ranges(id: i64) -> Ranges {
    let (prices, days, local, moments) = (Range::empty(), Range::empty(), Range::empty(), Range::empty());
    Ranges { id, ints: Range::empty(), longs: None, prices, days, local, moments, several: vec![] }
}

#[tokio::test]
async fn a_row_of_ranges_comes_back_as_it_was() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Ranges].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let first = session.add(some_ranges());
    session.add(no_ranges(2));
    session.commit().await.unwrap();
    assert_eq!(select(Ranges).order_by(Ranges.id).all(&engine).await.unwrap(), [some_ranges(), no_ranges(2)]);

    // What means the same is no change.
    session.refresh(first).await.unwrap();
    session[first].ints = (1..=4).into();
    assert!(!session.is_modified(first).unwrap());
    session[first].longs = Some((3..=9).into());
    session.commit().await.unwrap();
    let longs = select(Ranges.longs).filter(Ranges.ints.eq(1..=4)).one(&engine).await.unwrap();
    assert_eq!(longs, Some((3..10).into()));

    // As the text protocol and a literal have it.
    let written = select(Ranges).filter(Ranges.moments.eq(some_ranges().moments)).to_sql_literal(Dialect::Postgres);
    let rows: Vec<Ranges> = orm::text(written).columns_of(Ranges).all(&engine).await.unwrap();
    assert_eq!(rows, [Ranges { longs: Some((3..10).into()), ..some_ranges() }]);
}

#[tokio::test]
async fn a_merged_value_brings_its_ranges() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Ranges].create_all(&engine).await.unwrap();
    insert(Ranges).values(no_ranges(1)).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let merged = session.merge(some_ranges()).await.unwrap();
    assert_eq!(session[merged], some_ranges());
    session.commit().await.unwrap();
    assert_eq!(select(Ranges).one(&engine).await.unwrap(), some_ranges());
}

#[tokio::test]
async fn many_rows_of_ranges_are_inserted_and_looked_for_by_arrays() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Span].create_all(&engine).await.unwrap();
    let span = |id: i64| Span { id, ints: (id as i32..id as i32 + 3).into(), days: (id < 9).then(|| (..).into()) };
    let many: Vec<Span> = (1..=20).map(span).collect();
    let gathered = insert(Span).values(many.clone());
    assert!(gathered.to_sql(Dialect::Postgres).contains("unnest($1::BIGINT[], $2::INT4RANGE[], $3::DATERANGE[])"));
    gathered.execute(&engine).await.unwrap();
    assert_eq!(select(Span).order_by(Span.id).all(&engine).await.unwrap(), many);
    let all_but_one = many.iter().skip(1).map(|span| span.ints);
    let found = select(Span.id).filter(Span.ints.in_(all_but_one)).order_by(Span.id);
    assert!(found.to_sql(Dialect::Postgres).contains("spans.ints = ANY ($1)"));
    assert_eq!(found.all(&engine).await.unwrap(), (2..=20).collect::<Vec<i64>>());
}

#[tokio::test]
async fn columns_of_ranges_are_compared_and_computed_with() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Ranges].create_all(&engine).await.unwrap();
    insert(Ranges).values([some_ranges(), no_ranges(2)]).execute(&engine).await.unwrap();
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
    let conditions = [
        Ranges.ints.contains(4) & !Ranges.ints.contains(5) & Ranges.ints.contains(2..=3),
        Ranges.ints.contains(literal(2)) & Ranges.ints.contains(func::range(2, 3)) & Ranges.days.contains(day(28)),
        Ranges.ints.overlaps(4..9) & !Ranges.ints.overlaps(5..9) & Ranges.ints.contained_by(0..9),
        Ranges.ints.is_left_of(5..9) & Ranges.ints.is_adjacent_to(5..9) & !Ranges.ints.is_right_of(5..9),
        Ranges.ints.is_not_right_of(..9) & Ranges.ints.is_not_left_of(0..),
        Ranges.ints.lower_is_included() & !Ranges.ints.upper_is_included() & !Ranges.ints.upper_is_open(),
        Ranges.local.lower_is_open() & !Ranges.ints.is_empty() & Ranges.ints.ne(1..6),
    ];
    for condition in conditions {
        assert_eq!(select(Ranges.id).filter(condition).all(&engine).await.unwrap(), [1]);
    }
    let of_null = select(Ranges.id).filter(Ranges.longs.contains(7) | Ranges.longs.is_null()).order_by(Ranges.id);
    assert_eq!(of_null.all(&engine).await.unwrap(), [1, 2]);

    let computed = select((
        Ranges.ints.lower(),
        Ranges.prices.upper(),
        Ranges.ints.union(5..7),
        Ranges.ints.intersection(3..9),
        Ranges.ints.difference(..2),
        Ranges.longs.intersection(..9),
        Ranges.ints.range_text(),
    ));
    let (lower, upper, union, both, rest, longs, text) = computed.filter(Ranges.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!((lower, upper), (Some(1), Some(Decimal::new(2000, 2))));
    assert_eq!((union, both, rest), ((1..7).into(), (3..5).into(), (2..5).into()));
    assert_eq!((longs, text.as_str()), (Some((i64::MIN..9).into()), "[1,5)"));
    let error = select(Ranges.ints.union(9..12)).all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("not be contiguous"), "{error}");
    let error =
        select(literal(Range::new(Bound::Included(5), Bound::Excluded(1)))).one(&engine).await.unwrap_err().to_string();
    assert!(error.contains("range lower bound must be less than or equal to range upper bound"), "{error}");
}

#[tokio::test]
async fn ranges_are_read_back_from_the_catalog() {
    only!(Postgres);
    let engine = empty_engine().await;
    let wanted = metadata![Ranges];
    wanted.create_all(&engine).await.unwrap();
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert!(diff.is_empty(), "{diff}");
    let found = Inspector::of(&engine).await.unwrap();
    let types: Vec<String> =
        found.columns("ranges").unwrap().iter().map(|column| column.column_type.to_string()).collect();
    let expected = [
        "big_integer",
        "range(integer)",
        "range(big_integer)",
        "range(numeric)",
        "range(date)",
        "range(date_time)",
        "range(timestamp)",
        "range(integer)[]",
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_range_of_a_users_own_type_comes_as_text() {
    only!(Postgres);
    let engine = empty_engine().await;
    let mut connection = engine.connect().await.unwrap();
    orm::text("CREATE TYPE words AS RANGE (subtype = text)").execute(&mut connection).await.unwrap();
    connection.commit().await.unwrap();
    let shown =
        orm::text("SELECT words('a \"b\"', 'c,d', '(]')").columns::<String>().one(&mut connection).await.unwrap();
    assert_eq!(shown, r#"("a ""b""","c,d"]"#);
}

#[tokio::test]
async fn ranges_that_may_not_overlap_are_kept_apart() {
    only!(Postgres);
    let engine = empty_engine().await;
    let stays = Table::new("stays")
        .column(Column::new("id", ColumnType::BigInteger))
        .column(Column::new("days", ColumnType::Range(Box::new(ColumnType::Date))))
        .primary_key(["id"])
        .exclude("one_at_a_time", "USING gist (days WITH &&)");
    stays.create(&engine).await.unwrap();
    let stay = |id: i64, days: &str| text(format!("INSERT INTO stays VALUES ({id}, '{days}')")).execute(&engine);
    stay(1, "[2026-01-01, 2026-01-08)").await.unwrap();
    stay(2, "[2026-01-08, 2026-01-09)").await.unwrap();
    let error = stay(3, "[2026-01-07, 2026-01-10)").await.unwrap_err();
    assert!(error.is_exclusion_violation() && !error.is_check_violation(), "{error}");
    assert_eq!(error.code(), Some("23P01"));
    let ErrorKind::Integrity { constraint, .. } = error.kind() else { panic!("{error:?}") };
    assert_eq!(constraint.as_deref(), Some("one_at_a_time"));
}

#[tokio::test]
async fn a_database_without_ranges_refuses_them_before_anything_is_sent() {
    only!(Sqlite | MySql | MariaDb);
    let engine = empty_engine().await;
    let dialect = crate::support::dialect();
    let before = engine.statement_count();
    let error = metadata![Ranges].create_all(&engine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("the type INT4RANGE is not supported on dialect {dialect}")), "{error}");
    let days = Range::<NaiveDate>::from(..);
    let error = select(literal(days)).one(&engine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("the type DATERANGE is not supported on dialect {dialect}")), "{error}");
    let error = insert(Ranges).values(some_ranges()).execute(&engine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("the type INT4RANGE is not supported on dialect {dialect}")), "{error}");
    let error = select(Ranges.ints.overlaps(1..2)).all(&engine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("a range is not supported on dialect {dialect}")), "{error}");
    assert_eq!(engine.statement_count(), before);
    assert_eq!(
        ColumnType::Range(Box::new(ColumnType::Date)).to_string(),
        "range(date)",
        "as a listing of the metadata has it"
    );
}
