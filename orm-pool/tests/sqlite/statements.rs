//! Preparing, the cache of statements, batches, decoders that break.

use std::panic::AssertUnwindSafe;

use super::*;

async fn with_numbers(count: i64) -> Connection {
    let mut connection = memory().await;
    connection.batch("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)").await.unwrap();
    let insert = Statement { sql: "INSERT INTO numbers VALUES (?, ?)".into(), id: 1 };
    for n in 1..=count {
        let values = [Value::Int64(n), Value::Text(format!("word {n}"))];
        connection.run(&insert, &values, |_| ControlFlow::Continue(())).await.unwrap();
    }
    connection
}

#[tokio::test]
async fn done_counts_rows_and_knows_the_last_key() {
    let mut connection = with_numbers(3).await;
    let done = execute(&mut connection, "INSERT INTO numbers (word) VALUES ('a'), ('b')", &[]).await.unwrap();
    assert_eq!(done, Done { rows_affected: 2, last_insert_id: Some(5) });
    assert_eq!(execute(&mut connection, "UPDATE numbers SET word = 'x'", &[]).await.unwrap().rows_affected, 5);
    assert_eq!(execute(&mut connection, "DELETE FROM numbers WHERE n > 99", &[]).await.unwrap().rows_affected, 0);
    assert_eq!(execute(&mut connection, "SELECT * FROM numbers", &[]).await.unwrap(), Done::default());
    // SQLite's own counter still says 5 here.
    execute(&mut connection, "UPDATE numbers SET word = 'y'", &[]).await.unwrap();
    assert_eq!(execute(&mut connection, "CREATE TABLE other (x)", &[]).await.unwrap(), Done::default());
    assert_eq!(execute(&mut connection, "BEGIN IMMEDIATE", &[]).await.unwrap(), Done::default());
}

#[tokio::test]
async fn rows_know_their_columns() {
    let mut connection = with_numbers(1).await;
    let look = |row: orm_pool::driver::Row<'_>| {
        assert_eq!(row.len(), 2);
        assert!(!row.is_empty());
        assert_eq!((row.name(0), row.name(1)), ("n", "größe"));
        ControlFlow::Continue(())
    };
    connection.run(&once("SELECT n, word AS größe FROM numbers"), &[], look).await.unwrap();
}

#[tokio::test]
async fn a_column_that_the_row_lacks_panics() {
    let mut connection = with_numbers(1).await;
    let select = once("SELECT n FROM numbers");
    let read = connection.run(&select, &[], |row| {
        row.value(1);
        ControlFlow::Continue(())
    });
    let panic = catch(read).await.unwrap_err();
    assert_eq!(panic, "the row has 1 columns, so there is none at position 1");
}

/// Awaits a future and returns the message of its panic, if it panics.
async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => std::task::Poll::Ready(Err(match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => panic.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
        })),
    })
    .await
}

#[tokio::test]
async fn a_decoder_that_breaks_leaves_the_connection_usable() {
    let mut connection = with_numbers(10).await;
    let select = Statement { sql: "SELECT n FROM numbers ORDER BY n".into(), id: 2 };
    let mut seen = 0;
    let stop = |_: orm_pool::driver::Row<'_>| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    connection.run(&select, &[], stop).await.unwrap();
    assert_eq!(seen, 3);
    assert_eq!(rows(&mut connection, &select, &[]).await.unwrap().len(), 10);
    // A statement that was not reset would forbid this.
    execute(&mut connection, "DROP TABLE numbers", &[]).await.unwrap();
}

#[tokio::test]
async fn a_decoder_that_panics_leaves_the_connection_usable() {
    let mut connection = with_numbers(10).await;
    for id in [0, 2] {
        let select = Statement { sql: "SELECT n FROM numbers WHERE word <> ?".into(), id };
        let values = [Value::Text("a text that is freed afterwards".into())];
        let panic = catch(connection.run(&select, &values, |_| panic!("decoder"))).await.unwrap_err();
        assert_eq!(panic, "decoder");
        assert_eq!(rows(&mut connection, &select, &[Value::Text("word 1".into())]).await.unwrap().len(), 9);
    }
    execute(&mut connection, "DROP TABLE numbers", &[]).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_write_is_carried_out_even_if_its_decoder_breaks() {
    let mut connection = with_numbers(0).await;
    let mut seen = 0;
    let insert = once("INSERT INTO numbers (word) VALUES ('a'), ('b'), ('c') RETURNING n");
    let first = |_: orm_pool::driver::Row<'_>| {
        seen += 1;
        ControlFlow::Break(())
    };
    let done = connection.run(&insert, &[], first).await.unwrap();
    assert_eq!((seen, done.rows_affected), (1, 3));
    assert!(!connection.is_in_transaction());
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM numbers", &[]).await, Cell::Int(3));
}

#[tokio::test]
async fn a_small_cache_evicts_and_goes_on() {
    let options = Options { statement_cache: 3, ..Options::memory() };
    let mut connection = Connection::open(&options).await.unwrap();
    for round in 0..5 {
        for id in 1..=20_u64 {
            let statement = Statement { sql: format!("SELECT {id} + ?").into(), id };
            let found = rows(&mut connection, &statement, &[Value::Int64(round)]).await.unwrap();
            assert_eq!(found, [[Cell::Int(id as i64 + round)]]);
        }
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_cache_of_nothing_keeps_nothing() {
    let options = Options { statement_cache: 0, ..Options::memory() };
    let mut connection = Connection::open(&options).await.unwrap();
    let statement = Statement { sql: "SELECT 1".into(), id: 1 };
    for _ in 0..3 {
        assert_eq!(rows(&mut connection, &statement, &[]).await.unwrap(), [[Cell::Int(1)]]);
    }
}

#[tokio::test]
async fn a_kept_statement_sees_a_changed_schema() {
    let mut connection = with_numbers(1).await;
    let select = Statement { sql: "SELECT * FROM numbers".into(), id: 2 };
    assert_eq!(rows(&mut connection, &select, &[]).await.unwrap()[0].len(), 2);
    connection.batch("ALTER TABLE numbers ADD COLUMN more DEFAULT 'm'").await.unwrap();
    assert_eq!(rows(&mut connection, &select, &[]).await.unwrap(), [[Cell::Int(1), text("word 1"), text("m")]]);
    connection.batch("ALTER TABLE numbers DROP COLUMN more; ALTER TABLE numbers DROP COLUMN word").await.unwrap();
    assert_eq!(rows(&mut connection, &select, &[]).await.unwrap(), [[Cell::Int(1)]]);
}

#[tokio::test]
async fn a_batch_runs_all_its_statements() {
    let mut connection = memory().await;
    let sql = "
        -- two tables
        CREATE TABLE a (x); ; CREATE TABLE b (y); /* and rows */
        INSERT INTO a VALUES (1), (2);
        SELECT * FROM a;
        BEGIN";
    connection.batch(sql).await.unwrap();
    assert!(connection.is_in_transaction());
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM a", &[]).await, Cell::Int(2));
    connection.batch("").await.unwrap();
    connection.batch(" ; -- nothing").await.unwrap();
    let error = connection.batch("INSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1)").await.unwrap_err();
    assert_eq!(error.message(), "no such table: nowhere");
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM b", &[]).await, Cell::Int(1));
}

#[tokio::test]
async fn the_words_of_a_transaction_are_good_again_after_a_failure_and_a_changed_schema() {
    let mut connection = with_numbers(1).await;
    for n in 0..3 {
        connection.batch("BEGIN").await.unwrap();
        connection.batch("BEGIN").await.unwrap_err();
        connection.batch("BEGIN IMMEDIATE").await.unwrap_err();
        connection.batch(&format!("ALTER TABLE numbers ADD COLUMN c{n}")).await.unwrap();
        connection.batch("COMMIT").await.unwrap();
        connection.batch("COMMIT").await.unwrap_err();
        connection.batch("ROLLBACK").await.unwrap_err();
        connection.batch("BEGIN IMMEDIATE").await.unwrap();
        execute(&mut connection, "DELETE FROM numbers", &[]).await.unwrap();
        connection.batch("ROLLBACK").await.unwrap();
        assert!(!connection.is_in_transaction());
    }
    let select = Statement { sql: "SELECT * FROM numbers".into(), id: 2 };
    assert_eq!(rows(&mut connection, &select, &[]).await.unwrap()[0].len(), 5);
}

#[tokio::test]
async fn the_transaction_flag_follows_every_statement() {
    let mut connection = with_numbers(1).await;
    assert!(!connection.is_in_transaction());
    execute(&mut connection, "BEGIN", &[]).await.unwrap();
    assert!(connection.is_in_transaction());
    execute(&mut connection, "DELETE FROM numbers", &[]).await.unwrap();
    assert!(connection.rollback_now());
    assert!(!connection.is_in_transaction());
    assert!(connection.rollback_now());
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM numbers", &[]).await, Cell::Int(1));
    connection.batch("SAVEPOINT a").await.unwrap();
    assert!(connection.is_in_transaction());
    // SQLite itself rolls the transaction back here.
    execute(&mut connection, "INSERT OR ROLLBACK INTO numbers VALUES (1, 'again')", &[]).await.unwrap_err();
    assert!(!connection.is_in_transaction());
    connection.ping().await.unwrap();
}
