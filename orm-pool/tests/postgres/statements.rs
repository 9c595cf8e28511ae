//! Preparing, types of parameters, changed tables, batches, decoders that break.

use std::time::{Duration, Instant};

use super::*;

#[tokio::test]
async fn done_counts_what_was_written() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a int PRIMARY KEY, b text)").await.unwrap();
    let count = async |c: &mut Connection, sql: &str| execute(c, sql, &[]).await.unwrap().rows_affected;
    assert_eq!(count(&mut c, "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5) g").await, 5);
    assert_eq!(count(&mut c, "INSERT INTO t VALUES (6), (7) RETURNING a").await, 2);
    assert_eq!(count(&mut c, "UPDATE t SET b = 'y' WHERE a > 3").await, 4);
    assert_eq!(count(&mut c, "DELETE FROM t WHERE a = 99").await, 0);
    assert_eq!(count(&mut c, "WITH old AS (SELECT 1 AS a) DELETE FROM t USING old WHERE t.a = old.a").await, 1);
    assert_eq!(count(&mut c, "SELECT * FROM t").await, 0);
    assert_eq!(count(&mut c, "CREATE TEMPORARY TABLE u AS SELECT * FROM t").await, 0);
    let done = execute(&mut c, "INSERT INTO t VALUES (9)", &[]).await.unwrap();
    assert_eq!(done, Done { rows_affected: 1, last_insert_id: None });
}

#[tokio::test]
async fn rows_know_their_columns() {
    let Some(mut c) = connect().await else { return };
    let look = |row: orm_pool::driver::Row<'_>| {
        assert_eq!((row.len(), row.is_empty()), (2, false));
        assert_eq!((row.name(0), row.name(1)), ("n", "größe"));
        ControlFlow::Continue(())
    };
    c.run(&once("SELECT 1 AS n, 2 AS größe"), &[], look).await.unwrap();
    assert_eq!(rows(&mut c, &once("SELECT"), &[]).await.unwrap(), [vec![]]);
}

#[tokio::test]
async fn the_same_text_with_other_types_answers_as_asked() {
    let Some(mut c) = connect().await else { return };
    // Eight bytes of text, which are an integer as well.
    let word = Value::Text("ABCDEFGH".into());
    let statement = kept("SELECT $1 AS a");
    for _ in 0..3 {
        assert_eq!(rows(&mut c, &statement, &[Value::Int64(7)]).await.unwrap(), [[Cell::Int(7)]]);
        assert_eq!(rows(&mut c, &statement, std::slice::from_ref(&word)).await.unwrap(), [[text("ABCDEFGH")]]);
        assert_eq!(rows(&mut c, &statement, &[Value::Bytes(vec![1; 8])]).await.unwrap(), [[Cell::Bytes(vec![1; 8])]]);
        assert_eq!(rows(&mut c, &statement, &[Value::Null(Kind::Date)]).await.unwrap(), [[Cell::Null]]);
        assert_eq!(rows(&mut c, &statement, &[Value::Int16(7)]).await.unwrap(), [[Cell::Int(7)]]);
        // The same text under another number, and under none.
        assert_eq!(
            rows(&mut c, &kept("SELECT $1 AS a"), std::slice::from_ref(&word)).await.unwrap(),
            [[text("ABCDEFGH")]]
        );
        assert_eq!(
            rows(&mut c, &once("SELECT $1 AS a"), &[Value::Float64(1.5)]).await.unwrap(),
            [[Cell::Float64(1.5)]]
        );
        assert_eq!(
            rows(&mut c, &once("SELECT $1 AS a"), std::slice::from_ref(&word)).await.unwrap(),
            [[text("ABCDEFGH")]]
        );
    }
}

#[tokio::test]
async fn a_changed_table_is_seen_outside_of_a_transaction() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a int); INSERT INTO t VALUES (1)").await.unwrap();
    let statement = kept("SELECT * FROM t WHERE a = $1");
    let one = [Value::Int32(1)];
    assert_eq!(rows(&mut c, &statement, &one).await.unwrap(), [[Cell::Int(1)]]);
    c.batch("ALTER TABLE t ADD COLUMN b text DEFAULT 'x'").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &one).await.unwrap(), [[Cell::Int(1), text("x")]]);
    c.batch("ALTER TABLE t ALTER COLUMN b DROP DEFAULT, ALTER COLUMN b TYPE int USING 5").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &one).await.unwrap(), [[Cell::Int(1), Cell::Int(5)]]);
    // As `DISCARD ALL` and poolers do.
    c.batch("DEALLOCATE ALL").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &one).await.unwrap(), [[Cell::Int(1), Cell::Int(5)]]);
}

#[tokio::test]
async fn a_changed_table_is_an_error_within_a_transaction_and_fine_after_it() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a int); INSERT INTO t VALUES (1)").await.unwrap();
    let statement = kept("SELECT * FROM t");
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap(), [[Cell::Int(1)]]);
    c.batch("ALTER TABLE t ADD COLUMN b int").await.unwrap();
    c.batch("BEGIN").await.unwrap();
    let error = rows(&mut c, &statement, &[]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Database { code, .. } if code == "0A000"));
    assert_eq!(
        error.message(),
        "cached plan must not change result type\n\
         hint: a table has changed since the statement was prepared; roll the transaction back and run it again"
    );
    c.batch("ROLLBACK; BEGIN").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap(), [[Cell::Int(1), Cell::Null]]);
    c.batch("COMMIT").await.unwrap();
}

#[tokio::test]
async fn rows_are_never_handed_out_twice() {
    let Some(mut c) = connect().await else { return };
    // The function meets a changed table on its own, behind rows that have been handed out.
    let definitions = "CREATE TABLE t (a int); PREPARE p AS SELECT * FROM t; EXECUTE p;
         CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             IF n = 400 THEN EXECUTE 'ALTER TABLE t ADD COLUMN b int'; EXECUTE 'EXECUTE p'; END IF;
             RETURN n; END $$";
    let schema = Schema::new(&mut c, definitions).await;
    let mut seen = Vec::new();
    let look = |row: orm_pool::driver::Row<'_>| {
        seen.push(Cell::from(row.value(0)));
        ControlFlow::Continue(())
    };
    let statement = kept("SELECT f(g), repeat('x', 1000) FROM generate_series(1, 500) g");
    let error = c.run(&statement, &[], look).await.unwrap_err();
    assert!(error.message().starts_with("cached plan must not change result type"), "{error}");
    assert!(seen.len() > 100, "{} rows came before the error", seen.len());
    let expected: Vec<Cell> = (1..=seen.len() as i64).map(Cell::Int).collect();
    assert_eq!(seen, expected);
    schema.drop(c).await;
}

#[tokio::test]
async fn a_decoder_that_breaks_or_panics_leaves_the_connection_usable() {
    let Some(mut c) = connect().await else { return };
    let statement = kept("SELECT g FROM generate_series(1, 10000) g");
    let mut seen = 0;
    let stop = |_: orm_pool::driver::Row<'_>| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    c.run(&statement, &[], stop).await.unwrap();
    assert_eq!(seen, 3);
    assert!(!c.is_in_flight());
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap().len(), 10_000);
    // An error behind the row at which the decoder broke is not lost.
    let error = c.run(&once("SELECT 1 / (3 - g) FROM generate_series(1, 3) g"), &[], |_| ControlFlow::Break(())).await;
    assert_eq!(error.unwrap_err().message(), "division by zero");

    let mut future = Box::pin(c.run(&statement, &[], |_| panic!("decoder")));
    let panic = std::future::poll_fn(|cx| {
        let poll = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| future.as_mut().poll(cx)));
        poll.map_or(std::task::Poll::Ready(true), |poll| poll.map(|_| false))
    });
    assert!(panic.await);
    drop(future);
    assert!(c.is_in_flight());
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap().len(), 10_000);
    assert!(!c.is_in_flight());
}

#[tokio::test]
async fn a_batch_runs_all_its_statements_or_none() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a int); ; INSERT INTO t VALUES (1), (2); /* ; */ SELECT * FROM t; -- end")
        .await
        .unwrap();
    assert_eq!(scalar(&mut c, "SELECT count(*) FROM t", &[]).await, Cell::Int(2));
    c.batch("").await.unwrap();
    c.batch(" ; -- nothing").await.unwrap();
    c.batch("INSERT INTO t VALUES (3); SELECT 1 / 0").await.unwrap_err();
    assert_eq!(scalar(&mut c, "SELECT count(*) FROM t", &[]).await, Cell::Int(2));
}

#[tokio::test]
async fn more_texts_than_are_kept_are_fine() {
    let Some(mut c) = connect_with(&Options { statement_cache: 10, ..options() }).await else { return };
    let statements: Vec<Statement> = (0..100).map(|n| kept(&format!("SELECT {n} + $1"))).collect();
    for _ in 0..3 {
        for (n, statement) in statements.iter().enumerate() {
            let found = rows(&mut c, statement, &[Value::Int64(1)]).await.unwrap();
            assert_eq!(found, [[Cell::Int(n as i64 + 1)]]);
        }
    }
    let Cell::Int(prepared) = scalar(&mut c, "SELECT count(*) FROM pg_prepared_statements", &[]).await else {
        panic!()
    };
    assert!(prepared <= 10, "{prepared} statements are prepared");
    // Texts that are not worth keeping make room as well, and none is ever answered with another's types.
    for n in 0..200 {
        let sql = format!("SELECT $1, {n}");
        assert_eq!(rows(&mut c, &once(&sql), &[Value::Int64(n)]).await.unwrap(), [[Cell::Int(n), Cell::Int(n)]]);
        assert_eq!(rows(&mut c, &once(&sql), &[Value::Bool(true)]).await.unwrap(), [[Cell::Bool(true), Cell::Int(n)]]);
    }
    let Cell::Int(prepared) = scalar(&mut c, "SELECT count(*) FROM pg_prepared_statements", &[]).await else {
        panic!()
    };
    assert!(prepared <= 10, "{prepared} statements are prepared");
}

#[tokio::test]
async fn a_type_of_the_users_own_is_no_trouble_in_a_transaction() {
    let Some(mut c) = connect().await else { return };
    let schema = Schema::new(&mut c, "CREATE TYPE mood AS ENUM ('sad')").await;
    for id in [0, 1 << 50] {
        let mut c = schema.connect().await;
        c.batch("BEGIN").await.unwrap();
        let statement = Statement { sql: "SELECT 'sad'::mood, $1".into(), id };
        let found = rows(&mut c, &statement, &[Value::Int64(1)]).await.unwrap();
        assert_eq!(found, [[text("sad"), Cell::Int(1)]]);
        c.batch("COMMIT").await.unwrap();
    }
    // A pooler's server forgets the statement once; it is run again.
    let parameters = vec![("search_path".into(), schema.0.clone())];
    let pooled = Options { transaction_pooler: true, parameters, ..options() };
    let options = pooled;
    let mut pooled = Connection::open(&options).await.unwrap();
    assert_eq!(scalar(&mut pooled, "SELECT 'sad'::mood WHERE $1", &[Value::Bool(true)]).await, text("sad"));
    pooled.batch("BEGIN").await.unwrap();
    assert_eq!(scalar(&mut pooled, "SELECT 'sad'::mood WHERE $1", &[Value::Bool(true)]).await, text("sad"));
    pooled.batch("COMMIT").await.unwrap();
    // In a transaction it cannot be run again, so the type is asked for before.
    let mut pooled = Connection::open(&options).await.unwrap();
    pooled.batch("BEGIN").await.unwrap();
    for _ in 0..2 {
        assert_eq!(scalar(&mut pooled, "SELECT 'sad'::mood WHERE $1", &[Value::Bool(true)]).await, text("sad"));
    }
    assert_eq!(scalar(&mut pooled, "SELECT count(*) FROM pg_prepared_statements", &[]).await, Cell::Int(0));
    assert!(
        pooled.run(&kept("SELECT $1 FROM nowhere"), &[Value::Int64(1)], |_| ControlFlow::Continue(())).await.is_err()
    );
    assert!(pooled.is_in_transaction());
    pooled.batch("ROLLBACK").await.unwrap();
    assert_eq!(scalar(&mut pooled, "SELECT $1", &[Value::Int64(5)]).await, Cell::Int(5));
    schema.drop(c).await;
}

#[tokio::test]
async fn no_statement_waits_for_a_delayed_acknowledgement() {
    let Some(mut c) = connect_with(&Options { statement_cache: 20, ..options() }).await else { return };
    let start = Instant::now();
    for n in 0..200 {
        rows(&mut c, &kept(&format!("SELECT {n} + $1")), &[Value::Int64(1)]).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(4), "200 statements took {:?}", start.elapsed());
}

#[tokio::test]
async fn a_pooler_finds_nothing_left_behind() {
    let Some(mut c) = connect_with(&Options { transaction_pooler: true, ..options() }).await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a int UNIQUE)").await.unwrap();
    let insert = kept("INSERT INTO t VALUES ($1)");
    let run = async |c: &mut Connection| c.run(&insert, &[Value::Int32(1)], |_| ControlFlow::Continue(())).await;
    assert_eq!(run(&mut c).await.unwrap().rows_affected, 1);
    assert!(!c.is_in_transaction());
    assert!(run(&mut c).await.is_err());
    assert!(!c.is_in_transaction());
    assert_eq!(scalar(&mut c, "SELECT count(*) FROM t", &[]).await, Cell::Int(1));
    assert_eq!(scalar(&mut c, "SELECT $1", &[Value::Text("a".into())]).await, text("a"));
    assert_eq!(scalar(&mut c, "SELECT $1", &[Value::Int64(5)]).await, Cell::Int(5));
    c.batch("BEGIN").await.unwrap();
    assert_eq!(scalar(&mut c, "SELECT $1", &[Value::Int64(5)]).await, Cell::Int(5));
    assert!(c.is_in_transaction());
    c.batch("ROLLBACK").await.unwrap();
    let question = kept("SELECT a AS b, $1 AS c FROM t WHERE false");
    assert_eq!(c.columns(&question, &[Value::Int64(5)]).await.unwrap(), ["b", "c"]);
    assert!(!c.is_in_transaction());
    assert!(c.columns(&kept("SELECT a FROM nowhere"), &[]).await.is_err());
    assert!(!c.is_in_transaction());
    let error = c.open_cursor(&question, &[Value::Int64(5)]).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    c.batch("BEGIN").await.unwrap();
    assert_eq!(c.columns(&question, &[Value::Int64(5)]).await.unwrap(), ["b", "c"]);
    let mut cursor =
        c.open_cursor(&kept("SELECT n, $1 FROM generate_series(1, 3) n"), &[Value::Int64(5)]).await.unwrap();
    let mut fetched = Vec::new();
    let mut take = |row: orm_pool::driver::Row<'_>| {
        fetched.push((Cell::from(row.value(0)), Cell::from(row.value(1))));
        ControlFlow::Continue(())
    };
    while c.fetch(&mut cursor, 2, &mut take).await.unwrap() {}
    assert_eq!(fetched, [1, 2, 3].map(|n| (Cell::Int(n), Cell::Int(5))));
    c.batch("COMMIT").await.unwrap();
    assert_eq!(scalar(&mut c, "SELECT count(*) FROM pg_prepared_statements", &[]).await, Cell::Int(0));
}

#[tokio::test]
#[should_panic(expected = "the row has 1 columns, so there is none at position 1")]
async fn a_column_that_the_row_lacks_panics() {
    let Some(mut c) = connect().await else { panic!("the row has 1 columns, so there is none at position 1") };
    let read = |row: orm_pool::driver::Row<'_>| {
        row.value(1);
        ControlFlow::Continue(())
    };
    c.run(&once("SELECT 1"), &[], read).await.unwrap();
}
