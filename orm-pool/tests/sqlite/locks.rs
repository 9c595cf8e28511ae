//! Locks: who waits, for how long, and what is refused at once.

use std::time::{Duration, Instant};

use orm_pool::DatabaseErrorKind;

use super::*;

async fn two_connections() -> (TemporaryDatabase, Connection, Connection) {
    let database = TemporaryDatabase::new().unwrap();
    let mut first = open(&database).await;
    first.batch("CREATE TABLE t (x INTEGER)").await.unwrap();
    let second = open(&database).await;
    (database, first, second)
}

async fn insert(connection: &mut Connection, x: i64) -> Result<Done, Error> {
    execute(connection, "INSERT INTO t VALUES (?)", &[Value::Int64(x)]).await
}

async fn count(connection: &mut Connection) -> Cell {
    scalar(connection, "SELECT count(*) FROM t", &[]).await
}

/// Both tasks share one thread: a wait inside SQLite would keep the lock's holder from ever letting go.
#[tokio::test(flavor = "current_thread")]
async fn a_writer_waits_while_other_tasks_run() {
    let (_database, mut first, mut second) = two_connections().await;
    first.batch("BEGIN IMMEDIATE").await.unwrap();
    insert(&mut first, 1).await.unwrap();
    let holder = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        first.batch("COMMIT").await.unwrap();
    });
    let started = Instant::now();
    insert(&mut second, 2).await.unwrap();
    let waited = started.elapsed();
    holder.await.unwrap();
    assert!(waited >= Duration::from_millis(140) && waited < Duration::from_secs(2), "waited {waited:?}");
    assert_eq!(count(&mut second).await, Cell::Int(2));
}

#[tokio::test]
async fn begin_immediate_waits_in_a_batch_too() {
    let (_database, mut first, mut second) = two_connections().await;
    first.batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").await.unwrap();
    let commit = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.batch("COMMIT").await
    };
    let sql = "SELECT 1; BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT";
    let (committed, waited) = tokio::join!(commit, second.batch(sql));
    committed.unwrap();
    waited.unwrap();
    assert_eq!(count(&mut second).await, Cell::Int(2));
}

#[tokio::test]
async fn a_lock_that_is_not_had_in_time_says_how_long_was_waited() {
    let (database, mut first, _second) = two_connections().await;
    first.batch("BEGIN IMMEDIATE").await.unwrap();
    let impatient = Options { busy_timeout: Duration::from_millis(100), ..database.options() };
    let mut second = Connection::open(&impatient).await.unwrap();
    let started = Instant::now();
    let error = insert(&mut second, 1).await.unwrap_err();
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::LockTimeout));
    assert!(error.message().starts_with("database is locked (waited 0."), "{error}");

    let hasty = Options { busy_timeout: Duration::ZERO, ..database.options() };
    let error = insert(&mut Connection::open(&hasty).await.unwrap(), 1).await.unwrap_err();
    assert_eq!(error.message(), "database is locked (waited 0.00 s)");
    first.batch("COMMIT").await.unwrap();
    insert(&mut second, 1).await.unwrap();
}

#[tokio::test]
async fn a_future_dropped_while_it_waits_has_done_nothing() {
    let (_database, mut first, mut second) = two_connections().await;
    first.batch("BEGIN IMMEDIATE").await.unwrap();
    for id in [0, 5] {
        let statement = Statement { sql: "INSERT INTO t VALUES (?)".into(), id };
        let values = [Value::Text("freed".into())];
        let run = second.run(&statement, &values, |_| ControlFlow::Continue(()));
        tokio::time::timeout(Duration::from_millis(30), run).await.unwrap_err();
        assert!(!second.is_in_transaction());
    }
    first.batch("COMMIT").await.unwrap();
    assert_eq!(count(&mut second).await, Cell::Int(0));
    insert(&mut second, 1).await.unwrap();
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_read_an_old_state_fails_at_once() {
    let (_database, mut first, mut second) = two_connections().await;
    second.batch("BEGIN").await.unwrap();
    assert_eq!(count(&mut second).await, Cell::Int(0));
    insert(&mut first, 1).await.unwrap();
    let started = Instant::now();
    let error = insert(&mut second, 2).await.unwrap_err();
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::SerializationFailure));
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(second.rollback_now());
    insert(&mut second, 2).await.unwrap();
}

#[tokio::test]
async fn a_reader_goes_on_while_a_transaction_writes() {
    let (_database, mut writer, mut reader) = two_connections().await;
    writer.batch("INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").await.unwrap();
    let started = Instant::now();
    assert_eq!(count(&mut reader).await, Cell::Int(1));
    assert!(started.elapsed() < Duration::from_millis(500));
    writer.batch("COMMIT").await.unwrap();
    assert_eq!(count(&mut reader).await, Cell::Int(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_on_one_file_all_get_their_turn() {
    let (database, mut first, _second) = two_connections().await;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let mut connection = open(&database).await;
        tasks.push(tokio::spawn(async move {
            for x in 0..20 {
                connection.batch("BEGIN IMMEDIATE").await.unwrap();
                insert(&mut connection, task * 100 + x).await.unwrap();
                tokio::task::yield_now().await;
                connection.batch("COMMIT").await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&mut first).await, Cell::Int(160));
}

/// Without WAL a reader keeps a writer from committing; the commit is tried again, with the transaction still open.
#[tokio::test]
async fn a_commit_waits_for_readers_of_a_rollback_journal() {
    let database = TemporaryDatabase::new().unwrap();
    let options = Options { journal_mode: Some("DELETE".into()), ..database.options() };
    let mut writer = Connection::open(&options).await.unwrap();
    let mut reader = Connection::open(&options).await.unwrap();
    writer.batch("CREATE TABLE t (x INTEGER)").await.unwrap();
    reader.batch("BEGIN").await.unwrap();
    assert_eq!(count(&mut reader).await, Cell::Int(0));
    let rollback = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(reader.rollback_now());
    };
    let (done, ()) = tokio::join!(insert(&mut writer, 1), rollback);
    assert_eq!(done.unwrap().rows_affected, 1);
    assert_eq!(count(&mut reader).await, Cell::Int(1));
}
