//! Values that stand where nothing beside them says what they are: in lists of values, in members of compounds, in subqueries, and
//! under a text that has run with values of other types.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use orm::Dialect::{MariaDb, MySql};
use orm::prelude::*;
use orm::{Expr, RowType, SqlType, func, literal, values};
use serde_json::{Value, json};

use crate::support::{empty_engine, empty_engine_with, expected};

#[derive(Clone, Debug, Model)]
#[orm(table = "papers", metadata = none)]
struct Paper {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 800)]
    text: String,
    body: Value,
}

async fn papers() -> Engine {
    let engine = empty_engine().await;
    metadata![Paper].create_all(&engine).await.unwrap();
    let bodies = [json!({"a": [1, 2]}), json!([3, 1]), json!("x"), json!({"a": [1, 2]})];
    let papers = (1..).zip(bodies).map(|(id, body)| Paper { id, text: id.to_string().repeat(600), body });
    insert(Paper).values(papers.collect::<Vec<_>>()).execute(&engine).await.unwrap();
    engine
}

/// Expects that a NULL in one row leaves the other rows as they are, wherever it stands.
async fn keeps<T>(engine: &Engine, value: T)
where
    T: SqlType + Clone + std::fmt::Debug + PartialEq,
    Option<T>: SqlType + RowType + orm::Bind + Clone + std::fmt::Debug + PartialEq,
{
    for pair in [[None, Some(value.clone())], [Some(value.clone()), None]] {
        let listed = values("listed", ["k", "a"], [(1i64, pair[0].clone()), (2, pair[1].clone())]);
        let found = select(listed.1).select_from(&listed).order_by(listed.0).all(engine).await.unwrap();
        assert_eq!(found, pair);
        let [first, second] = pair.clone().map(literal::<Option<T>>);
        let mut found = select(first).union_all(select(second)).all(engine).await.unwrap();
        found.sort_by_key(Option::is_some);
        assert_eq!(found, [None, Some(value.clone())]);
    }
}

#[tokio::test]
async fn a_null_leaves_the_values_beside_it_what_they_are() {
    let engine = empty_engine().await;
    let moment: NaiveDateTime = "2024-01-02T03:04:05.000006".parse().unwrap();
    keeps(&engine, i64::MAX - 1).await;
    keeps(&engine, -7i32).await;
    keeps(&engine, true).await;
    keeps(&engine, 1.0f64 / 3.0).await;
    keeps(&engine, 0.5f32).await;
    keeps(&engine, "te'xt 🦀".to_owned()).await;
    keeps(&engine, vec![255u8, 0, 1, 200]).await;
    keeps(&engine, moment).await;
    keeps(&engine, moment.and_utc()).await;
    keeps(&engine, moment.date()).await;
    keeps(&engine, moment.time()).await;
    keeps(&engine, "12345678901234567.89".parse::<rust_decimal::Decimal>().unwrap()).await;
    keeps(&engine, json!({"a": [1, null]})).await;

    let listed = values("listed", ["k", "a"], [(1i64, None), (2, Some(10i64)), (3, Some(9))]);
    let sorted = select(listed.0).select_from(&listed).order_by(listed.1.desc().nulls_last());
    assert_eq!(sorted.all(&engine).await.unwrap(), [2, 3, 1]);
    assert_eq!(select(func::max(listed.1)).select_from(&listed).one(&engine).await.unwrap(), Some(10));
}

#[tokio::test]
async fn documents_are_found_among_documents() {
    let engine = papers().await;
    let engine = &engine;
    let third = json!([3, 1]);
    let which = func::case_of(Paper.body).when(third.clone(), 1).otherwise(2);
    assert_eq!(select(which).order_by(Paper.id).all(engine).await.unwrap(), [2, 1, 2, 2]);
    let other = func::nullif(Paper.body, third.clone()).is_null();
    assert_eq!(select(Paper.id).filter(other).all(engine).await.unwrap(), [2]);
    let among = literal(third.clone()).in_(select(Paper.body));
    assert_eq!(select(Paper.id).filter(among).count(engine).await.unwrap(), 4);
    let listed = values("listed", ["a", "k"], [(third.clone(), 1i64), (json!({"a": [1, 2]}), 2)]);
    let joined = select((Paper.id, listed.1)).join_on(&listed, listed.0.eq(Paper.body)).order_by(Paper.id);
    assert_eq!(joined.all(engine).await.unwrap(), [(1, 2), (2, 1), (4, 2)]);
    let one = select((literal(third.clone()).label("a"), Paper.id)).filter(Paper.id.eq(1)).subquery("one");
    let joined = select(Paper.id).join_on(&one, one.0.eq(Paper.body));
    assert_eq!(joined.all(engine).await.unwrap(), [2]);
    let both = select(Paper.body).filter(Paper.id.eq(2)).union(select(literal(third.clone())));
    assert_eq!(both.all(engine).await.unwrap(), [third]);
}

#[tokio::test]
async fn texts_are_joined_however_long_they_are() {
    let engine = papers().await;
    let joined = select(func::string_agg(Paper.text, ",")).one(&engine).await.unwrap().unwrap();
    assert_eq!(joined.len(), 4 * 600 + 3);
}

#[tokio::test]
async fn a_text_that_has_run_takes_values_of_other_types() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    metadata![Paper].create_all(&engine).await.unwrap();
    let names = ["abc", "5", "5 apples", "zz"];
    let papers = (1..).zip(names).map(|(id, text)| Paper { id, text: text.to_owned(), body: json!(null) });
    insert(Paper).values(papers.collect::<Vec<_>>()).execute(&engine).await.unwrap();
    let named = || text("SELECT id FROM papers WHERE text = :text ORDER BY id");
    let numbers = named().bind("text", 5i64).columns::<i64>().all(&engine).await;
    let compared =
        expected(vec![], [(MySql, vec![2, 3], "a text is a number there"), (MariaDb, vec![2, 3], "so it is")]);
    // PostgreSQL compares no text with a number; SQLite takes them for different.
    assert_eq!(
        numbers.unwrap_or_default(),
        if crate::support::dialect() == orm::Dialect::Sqlite { vec![2] } else { compared }
    );
    for (text, id) in [("abc", 1i64), ("5", 2), ("zz", 4)] {
        assert_eq!(named().bind("text", text).columns::<i64>().all(&engine).await.unwrap(), [id]);
    }
    async fn one<T: SqlType + RowType>(engine: &Engine, value: Expr<T>) -> T
    where
        Expr<T>: orm::Selectable<Row = T>,
    {
        select(value).one(engine).await.unwrap()
    }
    let day: NaiveDate = "2024-02-29".parse().unwrap();
    let time: NaiveTime = "10:11:12.5".parse().unwrap();
    assert_eq!(one(&engine, literal(day)).await, day);
    assert_eq!(one(&engine, literal(1.5f64)).await, 1.5);
    assert_eq!(one(&engine, literal("7 apples".to_owned())).await, "7 apples");
    assert_eq!(one(&engine, literal(time)).await, time);
    assert_eq!(one(&engine, literal(vec![1u8, 255])).await, [1, 255]);
    assert!(one(&engine, literal(0.5).eq(0.5)).await);
    assert!(!one(&engine, literal("abc".to_owned()).eq("xyz")).await);
}
