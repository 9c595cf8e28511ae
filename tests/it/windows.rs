//! Windows whose frames reach by what is no integer: each database has some of them, and refuses the others by name.

use chrono::{DateTime, TimeDelta, Utc};
use orm::prelude::*;
use orm::{Bound, Dialect, Expr, Window, following, preceding, window};
use rust_decimal::Decimal;

use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, Model)]
#[orm(table = "samples", metadata = none)]
struct Sample {
    #[orm(primary_key)]
    id: i64,
    weight: f64,
    #[orm(precision = 10, scale = 2)]
    price: Decimal,
    at: DateTime<Utc>,
}

/// Four samples: at 0, 12, 36 and 60 hours, of the weights 1.0, 1.4, 2.0 and 2.1, and of prices that are these.
async fn samples() -> Engine {
    let engine = empty_engine().await;
    metadata![Sample].create_all(&engine).await.unwrap();
    let start: DateTime<Utc> = "2024-02-28T00:00:00Z".parse().unwrap();
    let samples = [(0, 1.0, "1.00"), (12, 1.4, "1.40"), (36, 2.0, "2.00"), (60, 2.1, "2.10")];
    let samples = samples.map(|(hours, weight, price)| {
        Sample::builder().weight(weight).price(price.parse::<Decimal>().unwrap()).at(start + TimeDelta::hours(hours))
    });
    insert(Sample).values(samples).execute(&engine).await.unwrap();
    engine
}

fn counted(window: Window) -> Select<i64> {
    let count: Expr<i64> = func::count_all().over(window);
    select(count).order_by(Sample.id)
}

async fn counts(engine: &Engine, window: Window) -> Vec<i64> {
    counted(window).all(engine).await.unwrap()
}

async fn refusal(engine: &Engine, window: Window) -> String {
    counted(window).all(engine).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_frame_reaches_by_floats_in_every_database() {
    let engine = samples().await;
    let by_weight = || window().order_by(Sample.weight);
    assert_eq!(counts(&engine, by_weight().range(-0.5..=0.5)).await, [2, 2, 2, 2]);
    assert_eq!(counts(&engine, by_weight().range(-0.65..=0.0)).await, [1, 2, 2, 2]);
    assert_eq!(counts(&engine, by_weight().range(0.5..)).await, [2, 2, 0, 0]);
    assert_eq!(counts(&engine, by_weight().range(..=1e-7)).await, [1, 2, 3, 4]);
    assert_eq!(counts(&engine, by_weight().range((preceding(0.8), Bound::At(0)))).await, [1, 2, 2, 3]);
    assert_eq!(counts(&engine, by_weight().range((Bound::At(-1), following(0.05)))).await, [1, 2, 3, 3]);
}

#[tokio::test]
async fn a_frame_reaches_by_decimal_numbers_where_they_are_numbers() {
    let engine = samples().await;
    let half: Decimal = "0.60".parse().unwrap();
    let by_price = window().order_by(Sample.price).range(-half..=half);
    if dialect() == Dialect::Sqlite {
        let message = refusal(&engine, by_price).await;
        assert!(message.contains("RANGE by a decimal number is not supported on dialect sqlite"), "{message}");
        return;
    }
    // 1.40 and 2.00 are 0.60 apart, exactly.
    assert_eq!(counts(&engine, by_price).await, [2, 3, 3, 2]);
}

#[tokio::test]
async fn a_frame_reaches_by_spans_of_time_where_they_are_added() {
    let engine = samples().await;
    let by_time = || window().order_by(Sample.at);
    let day = TimeDelta::days(1);
    if matches!(dialect(), Dialect::Sqlite | Dialect::MariaDb) {
        let message = refusal(&engine, by_time().range(-day..=day)).await;
        assert!(message.contains("a window frame of RANGE by a span of time is not supported on dialect"), "{message}");
        return;
    }
    assert_eq!(counts(&engine, by_time().range(-day..=TimeDelta::zero())).await, [1, 2, 2, 2]);
    assert_eq!(counts(&engine, by_time().range(-day..=day)).await, [2, 3, 3, 2]);
    assert_eq!(counts(&engine, by_time().range(-(day * 2)..=-day)).await, [0, 0, 2, 2]);
    let hours = std::time::Duration::from_secs(12 * 3600);
    assert_eq!(counts(&engine, by_time().range((preceding(hours), Bound::Unbounded))).await, [4, 4, 2, 1]);
    if dialect() == Dialect::Postgres {
        // Elsewhere a span is a number of microseconds, which is no month.
        let month = text("INTERVAL '1 month'").expression::<TimeDelta>();
        assert_eq!(counts(&engine, by_time().range((preceding(month), Bound::At(0)))).await, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn a_frame_reaches_no_infinite_distance() {
    let engine = samples().await;
    let message = refusal(&engine, window().order_by(Sample.weight).range(..=f64::INFINITY)).await;
    assert!(message.contains("a window frame reaches a finite distance, and this is inf"), "{message}");
}
