//! Preparing, changed tables, batches, decoders that break.

use std::time::{Duration, Instant};

use super::*;

#[tokio::test]
async fn done_counts_what_was_written_and_knows_the_key() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b TEXT)").await.unwrap();
    let done = async |c: &mut Connection, sql: &str| execute(c, sql, &[]).await.unwrap();
    let of = |rows_affected, last_insert_id| Done { rows_affected, last_insert_id };
    assert_eq!(done(&mut c, "INSERT INTO t (b) VALUES ('x')").await, of(1, Some(1)));
    // The first of several.
    assert_eq!(done(&mut c, "INSERT INTO t (b) VALUES ('y'), ('z')").await, of(2, Some(2)));
    // Rows that matched, changed or not.
    assert_eq!(done(&mut c, "UPDATE t SET b = 'x'").await.rows_affected, 3);
    assert_eq!(done(&mut c, "DELETE FROM t WHERE id = 99").await, of(0, None));
    assert_eq!(done(&mut c, "SELECT * FROM t").await, of(0, None));
    assert_eq!(done(&mut c, "CREATE TEMPORARY TABLE u AS SELECT * FROM t").await, of(0, None));
    let returning = execute(&mut c, "INSERT INTO t (b) VALUES ('r'), ('s') RETURNING id", &[]).await;
    if let Ok(done) = returning {
        assert_eq!(done.rows_affected, 2);
    }
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
}

#[tokio::test]
async fn a_changed_table_is_seen() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a INT); INSERT INTO t VALUES (1)").await.unwrap();
    let statement = kept("SELECT * FROM t");
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap(), [[Cell::Int(1)]]);
    c.batch("ALTER TABLE t ADD COLUMN b VARCHAR(9) DEFAULT 'x'").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap(), [[Cell::Int(1), text("x")]]);
    c.batch("ALTER TABLE t DROP COLUMN a").await.unwrap();
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap(), [[text("x")]]);
}

#[tokio::test]
async fn six_hundred_texts_do_not_wait_for_delayed_acknowledgements() {
    let Some(mut c) = connect().await else { return };
    let statements: Vec<Statement> = (0..600).map(|n| kept(&format!("SELECT {n} + ?"))).collect();
    let start = Instant::now();
    for _ in 0..2 {
        for (n, statement) in statements.iter().enumerate() {
            assert_eq!(rows(&mut c, statement, &[Value::Int64(1)]).await.unwrap(), [[Cell::Int(n as i64 + 1)]]);
        }
        for n in 0..600 {
            let found = rows(&mut c, &once(&format!("SELECT ? - {n}")), &[Value::Int64(n)]).await.unwrap();
            assert_eq!(found, [[Cell::Int(0)]]);
        }
    }
    let elapsed = start.elapsed();
    eprintln!("2400 runs of 1200 texts took {elapsed:?}");
    // At 40 ms each they would take 96 s.
    assert!(elapsed < Duration::from_secs(10), "2400 runs took {elapsed:?}");
    let Cell::Text(prepared) =
        rows(&mut c, &once("SHOW STATUS LIKE 'Prepared_stmt_count'"), &[]).await.unwrap()[0][1].clone()
    else {
        panic!()
    };
    assert!(prepared.parse::<u32>().unwrap() <= 5000);
}

#[tokio::test]
async fn a_decoder_that_breaks_leaves_the_connection_usable() {
    let Some(mut c) = connect().await else { return };
    let definitions =
        "CREATE TABLE t (n INT AUTO_INCREMENT PRIMARY KEY, b VARCHAR(99)); INSERT INTO t (b) VALUES ('x'), ('y')";
    let own = Database::new(&mut c, definitions).await;
    for _ in 0..10 {
        execute(&mut c, "INSERT INTO t (b) SELECT REPEAT(b, 2) FROM t LIMIT 5000", &[]).await.unwrap();
        c.batch("UPDATE t SET b = 'x'").await.unwrap();
    }
    let statement = kept("SELECT n, b FROM t");
    let count = rows(&mut c, &statement, &[]).await.unwrap().len();
    let mut seen = 0;
    let stop = |_: orm_pool::driver::Row<'_>| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    c.run(&statement, &[], stop).await.unwrap();
    assert_eq!(seen, 3);
    assert!(!c.is_in_flight());
    assert_eq!(rows(&mut c, &statement, &[]).await.unwrap().len(), count);
    own.drop(c).await;
}

#[tokio::test]
async fn a_batch_runs_all_its_statements() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a INT); INSERT INTO t VALUES (1), (2); /* ; */ SELECT * FROM t; -- end")
        .await
        .unwrap();
    assert_eq!(scalar(&mut c, "SELECT COUNT(*) FROM t", &[]).await, Cell::Int(2));
    c.batch("").await.unwrap();
    c.batch(" -- nothing").await.unwrap();
    c.batch("INSERT INTO t VALUES (3); SELECT * FROM nowhere; INSERT INTO t VALUES (4)").await.unwrap_err();
    assert_eq!(scalar(&mut c, "SELECT COUNT(*) FROM t", &[]).await, Cell::Int(3));
    assert!(!c.needs_discard());
}

#[tokio::test]
async fn what_cannot_be_prepared_is_sent_as_text() {
    let Some(mut c) = connect().await else { return };
    c.batch("CREATE TEMPORARY TABLE t (a INT)").await.unwrap();
    for statement in [once("LOCK TABLES t WRITE"), kept("UNLOCK TABLES"), once("USE test"), once("HELP 'x'")] {
        rows(&mut c, &statement, &[]).await.unwrap();
    }
    assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
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
