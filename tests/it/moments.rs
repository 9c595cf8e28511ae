//! What is computed of points in time: the beginning of their month, what is later, and how much.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use orm::prelude::*;
use orm::{func, literal};

use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, Model)]
#[orm(table = "meetings", metadata = none)]
struct Meeting {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    day: NaiveDate,
    local: NaiveDateTime,
    begins: DateTime<Utc>,
    ends: Option<DateTime<Utc>>,
    lasts: TimeDelta,
}

const MOMENTS: [&str; 4] =
    ["2024-02-29 23:59:58.999999", "2023-12-31 00:00:00", "2024-01-01 12:30:00.5", "1969-07-20 20:17:40.000001"];

fn moment(text: &str) -> NaiveDateTime {
    let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
    moment.or_else(|_| NaiveDateTime::parse_from_str(&format!("{text} 00:00:00"), "%Y-%m-%d %H:%M:%S")).unwrap()
}

async fn meetings() -> Engine {
    let engine = empty_engine().await;
    metadata![Meeting].create_all(&engine).await.unwrap();
    let rows = MOMENTS.into_iter().zip(1..).map(|(at, id)| {
        let local = moment(at);
        let lasts = TimeDelta::minutes(90 * id) + TimeDelta::microseconds(1);
        let ends = (id != 2).then(|| local.and_utc() + lasts);
        Meeting { id, day: local.date(), local, begins: local.and_utc(), ends, lasts }
    });
    insert(Meeting).values(rows).execute(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn the_beginning_of_a_unit_is_a_moment_of_the_same_type() {
    use func::Part::*;
    let engine = meetings().await;
    for (part, expected) in [
        (Year, ["2024-01-01", "2023-01-01", "2024-01-01", "1969-01-01"]),
        (Quarter, ["2024-01-01", "2023-10-01", "2024-01-01", "1969-07-01"]),
        (Month, ["2024-02-01", "2023-12-01", "2024-01-01", "1969-07-01"]),
        // A Thursday, a Sunday, a Monday and a Sunday.
        (Week, ["2024-02-26", "2023-12-25", "2024-01-01", "1969-07-14"]),
        (Day, ["2024-02-29", "2023-12-31", "2024-01-01", "1969-07-20"]),
        (Hour, ["2024-02-29 23:00:00", "2023-12-31", "2024-01-01 12:00:00", "1969-07-20 20:00:00"]),
        (Minute, ["2024-02-29 23:59:00", "2023-12-31", "2024-01-01 12:30:00", "1969-07-20 20:17:00"]),
        (Second, ["2024-02-29 23:59:58", "2023-12-31", "2024-01-01 12:30:00", "1969-07-20 20:17:40"]),
    ] {
        let cut = (func::date_trunc(part, Meeting.local), func::date_trunc(part, Meeting.begins));
        let cut = select(cut).order_by(Meeting.id).all(&engine).await.unwrap();
        assert_eq!(cut, expected.map(|text| (moment(text), moment(text).and_utc())), "{part:?}");
        if !matches!(part, Hour | Minute | Second) {
            let days = select(func::date_trunc(part, Meeting.day)).order_by(Meeting.id).all(&engine).await.unwrap();
            assert_eq!(days, expected.map(|text| moment(text).date()), "{part:?}");
        }
    }
    // MySQL takes a year of two digits for one of this time.
    for (part, expected) in [(Year, "0099-01-01"), (Quarter, "0099-10-01"), (Month, "0099-11-01"), (Day, "0099-11-30")]
    {
        let cut = select(func::date_trunc(part, literal(moment("0099-11-30 10:00:00")))).one(&engine).await.unwrap();
        assert_eq!(cut, moment(expected), "{part:?}");
    }
    let nothing = select(func::date_trunc(Month, Meeting.ends)).filter(Meeting.id.eq(2)).one(&engine).await.unwrap();
    assert_eq!(nothing, None);
    // What is compared is what a value is.
    let january = moment("2024-01-01").and_utc();
    let found = select(Meeting.id).filter(func::date_trunc(Month, Meeting.begins).eq(january));
    assert_eq!(found.all(&engine).await.unwrap(), [3]);
    let month = || func::date_trunc(Month, Meeting.begins);
    let counts = select((month(), func::count_all())).group_by(month()).order_by(month()).all(&engine).await.unwrap();
    assert_eq!(counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1; 4]);
}

#[tokio::test]
async fn what_has_no_beginning_is_refused_before_anything_is_sent() {
    let engine = meetings().await;
    let before = engine.statement_count();
    let hours = select(func::date_trunc(func::Part::Hour, Meeting.day)).all(&engine).await.unwrap_err();
    assert!(hours.to_string().contains("a date has no part `Hour`"), "{hours}");
    let epoch = select(func::date_trunc(func::Part::Epoch, Meeting.begins)).all(&engine).await.unwrap_err();
    assert!(epoch.to_string().contains("`Epoch` has no beginning"), "{epoch}");
    assert_eq!(engine.statement_count(), before);
}

#[tokio::test]
async fn a_span_is_added_to_a_moment_and_taken_from_it_to_the_microsecond() {
    let engine = meetings().await;
    let span = TimeDelta::hours(1) + TimeDelta::microseconds(1);
    let ends = (Meeting.local.plus(span), Meeting.begins.minus(span), Meeting.begins.plus(Meeting.lasts));
    let found = select(ends).order_by(Meeting.id).all(&engine).await.unwrap();
    for ((text, id), (later, earlier, end)) in MOMENTS.into_iter().zip(1..).zip(found) {
        let at = moment(text);
        assert_eq!((later, earlier.naive_utc()), (at + span, at - span));
        assert_eq!(end.naive_utc(), at + TimeDelta::minutes(90 * id) + TimeDelta::microseconds(1));
    }
    let in_time = select(Meeting.id).filter(Meeting.begins.plus(Meeting.lasts).eq(Meeting.ends)).order_by(Meeting.id);
    assert_eq!(in_time.all(&engine).await.unwrap(), [1, 3, 4]);
    let none = select(Meeting.ends.plus(span)).filter(Meeting.id.eq(2)).one(&engine).await.unwrap();
    assert_eq!(none, None);
    let before = moment("2024-01-01").and_utc();
    let late = select(Meeting.id).filter(Meeting.begins.plus(TimeDelta::days(1)).ge(before)).order_by(Meeting.id);
    assert_eq!(late.all(&engine).await.unwrap(), [1, 2, 3]);
    let negative = select(Meeting.local.minus(-span)).filter(Meeting.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(negative, moment(MOMENTS[0]) + span);
}

#[tokio::test]
async fn operators_say_the_same() {
    let engine = meetings().await;
    let (span, at) = (TimeDelta::hours(1), moment("2024-01-01"));
    let by_method = select((
        (Meeting.local.plus(span), Meeting.ends.minus(span), Meeting.begins.plus(Meeting.lasts)),
        (Meeting.ends.since(Meeting.begins), Meeting.local.since(at), Meeting.begins.since(Meeting.ends)),
        (Meeting.day.plus(span), Meeting.day.since(at.date())),
    ));
    let by_operator = select((
        (Meeting.local + span, Meeting.ends - span, Meeting.begins + Meeting.lasts),
        (Meeting.ends - Meeting.begins, Meeting.local - at, Meeting.begins - Meeting.ends),
        (Meeting.day + span, Meeting.day - at.date()),
    ));
    assert_eq!(by_operator.to_sql(dialect()), by_method.to_sql(dialect()));
    let by_method = by_method.order_by(Meeting.id).all(&engine).await.unwrap();
    assert_eq!(by_operator.order_by(Meeting.id).all(&engine).await.unwrap(), by_method);

    // Of what a subquery gives, and of what an operator gives.
    let inner = select((Meeting.id, Meeting.begins, Meeting.ends)).subquery("m");
    let early = select(inner.0).filter(((inner.1 + span) - span).eq(inner.1) & (inner.2 - inner.1).gt(span));
    assert_eq!(early.order_by(inner.0).all(&engine).await.unwrap(), [1, 3, 4]);
}

#[tokio::test]
async fn the_present_has_the_type_of_what_it_meets() {
    let engine = meetings().await;
    let ids = async |condition: orm::Expr<Option<bool>>| {
        select(Meeting.id).filter(condition).order_by(Meeting.id).all(&engine).await.unwrap()
    };
    assert_eq!(
        ids(Meeting.ends.lt(func::now()) & Meeting.begins.le(func::now()) & Meeting.day.ne(func::now())).await,
        [1, 3, 4]
    );
    assert_eq!(ids(Meeting.ends.gt(func::now::<DateTime<Utc>>() - TimeDelta::days(1))).await, [0i64; 0]);
    let changed = update(Meeting).set(Meeting.ends, func::now()).set(Meeting.day, func::now()).filter(Meeting.id.eq(2));
    assert_eq!(changed.execute(&engine).await.unwrap(), 1);
    let (since, case): (TimeDelta, DateTime<Utc>) = select((
        func::now::<DateTime<Utc>>() - Meeting.begins,
        func::case(Meeting.id.eq(2), func::now()).otherwise(Meeting.begins),
    ))
    .filter(Meeting.id.eq(2))
    .order_by(func::now::<DateTime<Utc>>())
    .one(&engine)
    .await
    .unwrap();
    assert!(since > TimeDelta::days(365) && case > Utc::now() - TimeDelta::hours(1));
}

#[tokio::test]
async fn days_are_added_to_a_date() {
    let engine = meetings().await;
    let day = |text: &str| moment(text).date();
    let (week, hour) = (TimeDelta::days(7), TimeDelta::hours(1));
    let shifted = (Meeting.day.plus(week), Meeting.day.minus(week), Meeting.day.minus(hour), Meeting.day.plus(hour));
    let found = select(shifted).filter(Meeting.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(found, (day("2024-03-07"), day("2024-02-22"), day("2024-02-28"), day("2024-02-29")));
    let due = select(Meeting.id).filter(Meeting.day.plus(week).gt(day("2024-01-07"))).order_by(Meeting.id);
    assert_eq!(due.all(&engine).await.unwrap(), [1, 3]);
}

#[tokio::test]
async fn the_span_between_two_moments_is_one_of_time() {
    let engine = meetings().await;
    let spans = (Meeting.ends.since(Meeting.begins), Meeting.begins.since(Meeting.ends), Meeting.lasts);
    let found = select(spans).order_by(Meeting.id).all(&engine).await.unwrap();
    for (id, (span, back, lasts)) in (1..).zip(found) {
        let lasts = (id != 2).then_some(lasts);
        assert_eq!((span, back), (lasts, lasts.map(|lasts| -lasts)), "{id}");
    }
    let first = moment(MOMENTS[1]).date();
    let days = select(Meeting.day.since(first)).order_by(Meeting.id).all(&engine).await.unwrap();
    assert_eq!(days, [60, 0, 1, -19_887].map(TimeDelta::days));
    let long = Meeting.ends.since(Meeting.begins).gt(TimeDelta::hours(2));
    assert_eq!(select(Meeting.id).filter(long).order_by(Meeting.id).all(&engine).await.unwrap(), [3, 4]);
    let on_time = select(Meeting.id).filter(Meeting.ends.since(Meeting.begins).eq(Meeting.lasts)).order_by(Meeting.id);
    assert_eq!(on_time.all(&engine).await.unwrap(), [1, 3, 4]);
    let literals = literal(moment("2024-03-01")).since(moment("2024-02-01"));
    assert_eq!(select(literals).one(&engine).await.unwrap(), TimeDelta::days(29));
}

#[tokio::test]
async fn spans_are_added_up_and_have_an_average() {
    let engine = meetings().await;
    let spans = (
        func::sum(Meeting.lasts),
        func::avg(Meeting.lasts),
        func::sum(Meeting.ends.since(Meeting.begins)),
        func::avg(Meeting.ends.since(Meeting.begins)).filter(Meeting.id.gt(2)),
        func::sum(Meeting.lasts).filter(Meeting.id.gt(4)),
        func::max(Meeting.lasts),
    );
    let (sum, average, of_three, of_two, none, most) = select(spans).one(&engine).await.unwrap();
    let minutes = |minutes: i64, micros: i64| Some(TimeDelta::minutes(minutes) + TimeDelta::microseconds(micros));
    assert_eq!((sum, average, none), (minutes(900, 4), minutes(225, 1), None));
    assert_eq!((of_three, of_two, most), (minutes(720, 3), minutes(315, 1), minutes(360, 1)));
    let long = select(func::count_all()).having(func::avg(Meeting.lasts).gt(TimeDelta::hours(3)));
    assert_eq!(long.all(&engine).await.unwrap(), [4]);
    let running = func::sum(Meeting.lasts).over(orm::window().order_by(Meeting.id));
    let running = select(running).order_by(Meeting.id).all(&engine).await.unwrap();
    assert_eq!(running[1], minutes(270, 2));
}

#[tokio::test]
async fn an_update_moves_a_moment() {
    let engine = meetings().await;
    let moved = update(Meeting).set(Meeting.begins, Meeting.begins.plus(TimeDelta::days(1))).filter(Meeting.id.eq(1));
    moved.execute(&engine).await.unwrap();
    let begins = select(Meeting.begins).filter(Meeting.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(begins.naive_utc(), moment("2024-03-01 23:59:58.999999"));
    let found = select(Meeting.id).filter(Meeting.begins.eq(begins)).all(&engine).await.unwrap();
    assert_eq!(found, [1]);
}

#[tokio::test]
async fn the_other_libraries_have_spans_of_their_own() {
    let engine = empty_engine().await;
    let at = jiff::civil::date(2024, 2, 28).at(23, 0, 0, 0);
    let later = select(literal(at).plus(jiff::SignedDuration::from_hours(2))).one(&engine).await.unwrap();
    assert_eq!(later, jiff::civil::date(2024, 2, 29).at(1, 0, 0, 0));
    let day = time::Date::from_calendar_date(2024, time::Month::March, 1).unwrap();
    let back = select(literal(day).minus(time::Duration::days(1))).one(&engine).await.unwrap();
    assert_eq!(back.day(), 29);
    let span = select(literal(day).since(back)).one(&engine).await.unwrap();
    assert_eq!(span, time::Duration::days(1));
}
