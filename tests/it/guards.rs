//! What is changed without being read again is compared with its row, as the database keeps it.

use chrono::{DateTime, NaiveDateTime, Utc};
use orm::ErrorKind;
use orm::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::support::empty_engine;

/// Columns that do not keep all that they are sent, or that cannot be compared with it.
#[derive(Clone, Debug, Model)]
#[orm(table = "samples", metadata = none)]
struct Sample {
    #[orm(primary_key)]
    id: i64,
    #[orm(precision = 10, scale = 2)]
    price: Decimal,
    #[orm(postgres(sql_type = "TIMESTAMP(0)"), mysql(sql_type = "DATETIME"), mariadb(sql_type = "DATETIME"))]
    at: NaiveDateTime,
    #[orm(postgres(sql_type = "REAL"), mysql(sql_type = "FLOAT"), mariadb(sql_type = "FLOAT"))]
    weight: f64,
    #[orm(postgres(sql_type = "JSON"))]
    doc: Json,
    #[orm(postgres(sql_type = "CHAR(6)"), mysql(sql_type = "CHAR(6)"), mariadb(sql_type = "CHAR(6)"))]
    code: String,
    #[orm(server_default = "CURRENT_TIMESTAMP")]
    seen: DateTime<Utc>,
}

async fn samples() -> (Engine, Session, Vec<Handle<Sample>>) {
    let engine = empty_engine().await;
    metadata![Sample].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let sample = || {
        Sample::builder()
            .price("1.555".parse::<Decimal>().unwrap())
            .at("2024-01-01T00:00:00.6".parse::<NaiveDateTime>().unwrap())
            .weight(0.1)
            .doc(json!({"b": 1, "a": [1, 2]}))
            .code("ab")
    };
    let samples = vec![session.add(sample()), session.add(sample())];
    session.commit().await.unwrap();
    (engine, session, samples)
}

/// Changes each column once, of one object or of two at once.
fn change(session: &mut Session, handles: &[Handle<Sample>], column: usize) {
    for &handle in handles {
        let own = &mut session[handle];
        match column {
            0 => own.price = "2".parse().unwrap(),
            1 => own.at = "2025-01-01T00:00:00".parse().unwrap(),
            2 => own.weight = 0.7,
            3 => own.doc = json!(5),
            4 => own.code = "cd".into(),
            _ => own.seen = "2025-01-01T00:00:00Z".parse().unwrap(),
        }
    }
}

#[tokio::test]
async fn what_the_database_keeps_in_another_form_is_not_stale() {
    for column in 0..6 {
        for count in 1..=2 {
            let (engine, mut session, samples) = samples().await;
            change(&mut session, &samples[..count], column);
            session.commit().await.unwrap_or_else(|error| panic!("column {column}: {error}"));
            let changed = match column {
                0 => Sample.price.eq("2".parse::<Decimal>().unwrap()),
                1 => Sample.at.eq("2025-01-01T00:00:00".parse::<NaiveDateTime>().unwrap()),
                2 => Sample.weight.gt(0.6),
                3 => Sample.doc.cast::<String>().eq("5"),
                4 => Sample.code.like("cd%"),
                _ => Sample.seen.eq("2025-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap()),
            };
            assert_eq!(select(Sample).filter(changed).count(&engine).await.unwrap(), count as u64, "column {column}");
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_changed_is_stale_whatever_its_form() {
    for column in 0..6 {
        for count in 1..=2 {
            let (engine, mut session, samples) = samples().await;
            let mut other = Session::new(&engine);
            let theirs = other.query(Sample).order_by(Sample.id).all().await.unwrap();
            let own = &mut other[theirs[0]];
            own.price = "3".parse().unwrap();
            own.at = "2023-01-01T00:00:00".parse().unwrap();
            own.weight = 0.3;
            own.doc = json!({"b": 1, "a": [1, 3]});
            own.code = "ef".into();
            own.seen = "2023-01-01T00:00:00Z".parse().unwrap();
            other.commit().await.unwrap();
            change(&mut session, &samples[..count], column);
            let error = session.commit().await.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::StaleData, "column {column}: {error}");
            session.rollback().await.unwrap();
            let code = select(Sample.code).order_by(Sample.id).first(&engine).await.unwrap();
            assert_eq!(code.unwrap().trim_end(), "ef");
        }
    }
}

/// A version that the database gives first.
#[derive(Clone, Debug, Model)]
#[orm(table = "dated", version = changed, metadata = none)]
struct Dated {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    name: String,
    #[orm(server_default = "CURRENT_TIMESTAMP", on_update = Utc::now())]
    changed: DateTime<Utc>,
}

#[tokio::test]
async fn a_version_that_the_database_gave_is_known_again() {
    let engine = empty_engine().await;
    metadata![Dated].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let dated = session.add_all(["a", "b"].map(|name| Dated::builder().name(name)));
    session.commit().await.unwrap();
    session.query(Dated).all().await.unwrap();
    session[dated[0]].name = "c".into();
    session.delete(dated[1]).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Dated.name).all(&engine).await.unwrap(), ["c"]);
    let mut other = Session::new(&engine);
    let theirs = other.get_one(Dated, session[dated[0]].id).await.unwrap();
    other[theirs].name = "d".into();
    other.commit().await.unwrap();
    session[dated[0]].name = "e".into();
    assert_eq!(session.commit().await.unwrap_err().kind(), &ErrorKind::StaleData);
}

/// A decimal number of which SQLite keeps more digits than its column says.
#[derive(Clone, Debug, Model)]
#[orm(table = "amounts", metadata = none)]
struct Amount {
    #[orm(primary_key)]
    id: i64,
    #[orm(precision = 12, scale = 2)]
    price: Decimal,
    #[orm(sql_type = "CHAR(3)")]
    currency: String,
}

#[tokio::test]
async fn digits_beyond_the_scale_are_not_stale_where_the_database_keeps_them() {
    let engine = empty_engine().await;
    metadata![Amount].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    let amount = session.add(Amount { id: 0, price: price("1.005"), currency: "EUR".into() });
    session.commit().await.unwrap();
    session[amount].price = price("2.00");
    session[amount].currency = "USD".into();
    session.commit().await.unwrap();
    let read = select((Amount.price, Amount.currency)).one(&engine).await.unwrap();
    assert_eq!(read, (price("2"), "USD".to_owned()));
}
