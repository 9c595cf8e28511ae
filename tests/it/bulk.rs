//! Lists of every length: blocks, one transaction, rows matched safely.

use orm::prelude::*;

use crate::support::{Keyword, User, engine};

fn keyword(id: i64, word: impl Into<String>) -> Keyword {
    Keyword { id, word: word.into(), users: ManyToMany::default() }
}

#[tokio::test]
async fn an_iterator_of_many_rows_is_inserted_in_blocks() {
    let engine = engine().await;
    let before = engine.statement_count();
    let rows = (1..=10_001).map(|id| keyword(id, format!("word {id}")));
    assert_eq!(insert(Keyword).values(rows).execute(&engine).await.unwrap(), 10_001);
    assert_eq!(engine.statement_count() - before, 11);
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 10_001);
    let wrong = select(Keyword).filter(Keyword.word.ne(literal_word())).count(&engine).await.unwrap();
    assert_eq!(wrong, 0);
}

/// `word 7` for the row 7.
fn literal_word() -> orm::Expr<String> {
    orm::literal("word ".to_owned()).concat(Keyword.id.cast::<String>())
}

#[tokio::test]
async fn all_blocks_are_one_transaction() {
    let engine = engine().await;
    let rows = (1..=2_500).map(|id| keyword(if id == 2_400 { 7 } else { id }, "x"));
    let error = insert(Keyword).values(rows).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn returning_gives_the_rows_of_all_blocks() {
    let engine = engine().await;
    crate::only!(Sqlite | Postgres | MariaDb);
    let rows = (1..=2_500).map(|number| keyword(0, format!("{number}")));
    let mut found = insert(Keyword).values(rows).returning((Keyword.id, Keyword.word)).all(&engine).await.unwrap();
    found.sort();
    assert_eq!(found.len(), 2_500);
    assert_eq!(found.last().map(|(id, _)| *id), Some(2_500));
    let stored: Vec<(i64, String)> =
        select((Keyword.id, Keyword.word)).order_by(Keyword.id).all(&engine).await.unwrap();
    assert_eq!(found, stored);
}

#[tokio::test]
async fn lists_of_every_length_are_inserted() {
    let engine = engine().await;
    let mut next = 0;
    for length in (0..40).chain([999, 1_000, 1_001]) {
        let rows = (0..length).map(|_| {
            next += 1;
            keyword(next, "x")
        });
        assert_eq!(insert(Keyword).values(rows).execute(&engine).await.unwrap(), length as u64);
    }
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), next as u64);
}

#[tokio::test]
async fn long_values_go_in_smaller_blocks() {
    let engine = engine().await;
    let before = engine.statement_count();
    let long = "long".repeat(15_000);
    insert(Keyword).values((1..=100).map(|id| keyword(id, long.as_str()))).execute(&engine).await.unwrap();
    assert_eq!(engine.statement_count() - before, 2);
    assert_eq!(select(Keyword).filter(Keyword.word.eq(long)).count(&engine).await.unwrap(), 100);
}

#[tokio::test]
async fn many_rows_may_conflict() {
    let engine = engine().await;
    let rows = |word: &'static str, count: i64| (1..=count).map(move |id| keyword(id, word));
    insert(Keyword).values(rows("old", 1_500)).execute(&engine).await.unwrap();
    let upsert = insert(Keyword).values(rows("new", 3_000)).on_conflict(Keyword.id).do_update(Keyword.word);
    upsert.execute(&engine).await.unwrap();
    assert_eq!(select(Keyword).filter(Keyword.word.eq("new")).count(&engine).await.unwrap(), 3_000);
}

#[tokio::test]
async fn a_connection_and_a_session_insert_within_their_transaction() {
    let engine = engine().await;
    let users = || (1..=1_200).map(|number| User::builder().name(format!("{number}")));
    let mut connection = engine.connect().await.unwrap();
    insert(User).values(users()).execute(&mut connection).await.unwrap();
    connection.rollback().await.unwrap();
    connection.close().await.unwrap();
    let mut session = Session::new(&engine);
    assert_eq!(insert(User).values(users()).execute(&mut session).await.unwrap(), 1_200);
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}
