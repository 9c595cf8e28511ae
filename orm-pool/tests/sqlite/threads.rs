//! Where statements run, and what other tasks get of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use orm_pool::driver::sqlite::Threading;

use super::*;

/// Rows that nothing holds.
fn count_to(rows: u64) -> Statement {
    once(&format!("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}) SELECT n FROM c"))
}

/// A statement that makes one row in about so long that nobody waits for it.
const ENDLESS: &str = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c";

async fn blocking() -> Connection {
    let options = Options { threading: Threading::Blocking, ..Options::memory() };
    Connection::open(&options).await.unwrap()
}

#[tokio::test]
async fn between_the_rows_of_a_long_query_other_tasks_run() {
    let mut connection = memory().await;
    let (turns, is_over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let other = tokio::spawn({
        let (turns, is_over) = (turns.clone(), is_over.clone());
        async move {
            while !is_over.load(Ordering::Relaxed) {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }
    });
    let mut rows = 0;
    connection
        .run(&count_to(500_000), &[], |_| {
            rows += 1;
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
    is_over.store(true, Ordering::Relaxed);
    other.await.unwrap();
    assert_eq!(rows, 500_000);
    assert!(turns.load(Ordering::Relaxed) > 3, "the other task had {turns:?} turns");
}

#[tokio::test]
async fn a_query_that_is_dropped_between_its_rows_is_over() {
    let mut connection = memory().await;
    execute(&mut connection, "CREATE TABLE t (v)", &[]).await.unwrap();
    for _ in 0..20 {
        let count = count_to(1_000_000);
        let query = connection.run(&count, &[], |_| ControlFlow::Continue(()));
        assert!(tokio::time::timeout(Duration::from_millis(2), query).await.is_err(), "it was given up");
        execute(&mut connection, "INSERT INTO t VALUES (1)", &[]).await.unwrap();
        execute(&mut connection, "DELETE FROM t", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn on_another_thread_statements_give_the_same() {
    let mut connection = blocking().await;
    execute(&mut connection, "CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d REAL)", &[]).await.unwrap();
    let values = [Value::Int64(7), Value::Text("x".into()), Value::Bytes(vec![0, 1]), Value::Float64(0.5)];
    let done = execute(&mut connection, "INSERT INTO t VALUES (?, ?, ?, ?)", &values).await.unwrap();
    assert_eq!((done.rows_affected, done.last_insert_id), (1, Some(1)));
    let mut seen = Vec::new();
    let select = Statement { sql: "SELECT a, b, c, d, NULL AS e FROM t".into(), id: 17 };
    for _ in 0..3 {
        seen.clear();
        let read = connection.run(&select, &[], |row| {
            assert_eq!((row.name(1), row.len()), ("b", 5));
            seen.extend((0..5).map(|column| Cell::from(row.value(column))));
            ControlFlow::Continue(())
        });
        read.await.unwrap();
    }
    assert_eq!(seen, [Cell::Int(7), text("x"), Cell::Bytes(vec![0, 1]), Cell::Float(0.5), Cell::Null]);
    connection.batch("BEGIN; INSERT INTO t (a) VALUES (8)").await.unwrap();
    assert!(connection.is_in_transaction());
    assert!(connection.rollback_now());
    let error = execute(&mut connection, "SELECT nowhere", &[]).await.unwrap_err();
    assert_eq!(error.message(), "no such column: nowhere");
    let mut cursor = connection.open_cursor(&count_to(2_500), &[]).await.unwrap();
    let mut sum = 0;
    loop {
        let fetched = connection.fetch(&mut cursor, 1_000, |row| {
            sum += match row.value(0) {
                ValueRef::Int(n) => n,
                other => panic!("{other:?}"),
            };
            ControlFlow::Continue(())
        });
        if !fetched.await.unwrap() {
            break;
        }
    }
    assert_eq!(sum, 2_500 * 2_501 / 2);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_statement_on_another_thread_is_interrupted_when_its_future_is_dropped() {
    let mut connection = blocking().await;
    execute(&mut connection, "CREATE TABLE t (v)", &[]).await.unwrap();
    for round in 0..3 {
        let endless = once(ENDLESS);
        let query = connection.run(&endless, &[], |_| ControlFlow::Continue(()));
        assert!(tokio::time::timeout(Duration::from_millis(20), query).await.is_err());
        assert!(connection.is_in_flight());
        if round == 0 {
            connection.drain(Duration::from_secs(30)).await.unwrap();
        }
        let found = rows(&mut connection, &once("SELECT 40 + 2"), &[]).await.unwrap();
        assert_eq!(found, [[Cell::Int(42)]]);
        assert!(!connection.is_in_flight() && !connection.needs_discard());
    }
    // A write in a transaction takes the transaction with it, and that is known.
    connection.batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").await.unwrap();
    let endless = once(&format!("INSERT INTO t {ENDLESS}"));
    let write = connection.run(&endless, &[], |_| ControlFlow::Continue(()));
    assert!(tokio::time::timeout(Duration::from_millis(20), write).await.is_err());
    connection.drain(Duration::from_secs(30)).await.unwrap();
    assert_eq!((connection.is_in_transaction(), connection.has_lost_transaction()), (false, true));
    assert_eq!(rows(&mut connection, &once("SELECT count(*) FROM t"), &[]).await.unwrap(), [[Cell::Int(0)]]);
}

#[tokio::test]
async fn a_time_limit_interrupts_on_either_thread() {
    for mut connection in [memory().await, blocking().await] {
        connection.set_time_limit(Some(Duration::from_millis(20)));
        let error = execute(&mut connection, ENDLESS, &[]).await.unwrap_err();
        assert_eq!(error.message(), "the statement was interrupted, since it took longer than 20ms");
        assert_eq!(error.database_kind(), Some(orm_pool::DatabaseErrorKind::Cancelled));
        connection.set_time_limit(None);
        let found = rows(&mut connection, &count_to(10_000), &[]).await.unwrap();
        assert_eq!(found.len(), 10_000);
    }
}

#[tokio::test]
async fn cursors_run_side_by_side_and_end_when_they_are_dropped() {
    let mut connection = memory().await;
    execute(&mut connection, "CREATE TABLE t (v)", &[]).await.unwrap();
    for n in 0..100 {
        execute(&mut connection, "INSERT INTO t VALUES (?)", &[Value::Int64(n)]).await.unwrap();
    }
    let select = Statement { sql: "SELECT v FROM t WHERE v >= ? ORDER BY v".into(), id: 5 };
    let mut one = connection.open_cursor(&select, &[Value::Int64(0)]).await.unwrap();
    let mut two = connection.open_cursor(&select, &[Value::Int64(50)]).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        for cursor in [&mut one, &mut two] {
            let fetched = connection.fetch(cursor, 2, |row| {
                seen.push(Cell::from(row.value(0)));
                ControlFlow::Continue(())
            });
            assert!(fetched.await.unwrap());
        }
    }
    let expected = [0, 1, 50, 51, 2, 3, 52, 53, 4, 5, 54, 55].map(Cell::Int);
    assert_eq!(seen, expected);
    // The same statement runs beside them.
    assert_eq!(rows(&mut connection, &select, &[Value::Int64(98)]).await.unwrap().len(), 2);
    drop(one);
    connection.close_cursor(&mut two).await.unwrap();
    assert!(!connection.is_open(&two));
    connection.batch("DROP TABLE t").await.unwrap();
    let writing = once("DELETE FROM sqlite_schema");
    let error = connection.open_cursor(&writing, &[]).await.unwrap_err();
    assert!(
        ["only a query can be read piece by piece", "table sqlite_master may not be modified"]
            .contains(&error.message()),
        "{error}"
    );
    let mut other = memory().await;
    let mut cursor = connection.open_cursor(&count_to(5), &[]).await.unwrap();
    let error = other.fetch(&mut cursor, 1, |_| ControlFlow::Continue(())).await.unwrap_err();
    assert_eq!(error.message(), "the cursor is not open on this connection");
}
