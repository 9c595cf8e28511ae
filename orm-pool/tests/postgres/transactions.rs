//! What the driver knows of transactions, however they are begun and ended.

use super::*;

#[tokio::test]
async fn a_transaction_is_known_however_it_is_begun_and_ended() {
    let Some(mut c) = connect().await else { return };
    for (sql, expected) in [
        ("BEGIN", true),
        ("SELECT 1", true),
        ("SAVEPOINT a", true),
        ("ROLLBACK TO SAVEPOINT a", true),
        ("RELEASE SAVEPOINT a", true),
        ("COMMIT", false),
        ("/* c */ start transaction read only", true),
        ("rollback", false),
        ("BEGIN; SELECT 1; COMMIT", false),
        ("BEGIN; SELECT ';COMMIT;'", true),
        ("COMMIT AND CHAIN", true),
        ("END", false),
        ("COMMIT", false),
    ] {
        c.batch(sql).await.unwrap();
        assert_eq!(c.is_in_transaction(), expected, "after {sql}");
        assert_eq!(is_open(&mut c).await, expected, "after {sql}");
    }
    for (sql, expected) in [("BEGIN ISOLATION LEVEL SERIALIZABLE", true), ("ABORT", false)] {
        execute(&mut c, sql, &[]).await.unwrap();
        assert_eq!(c.is_in_transaction(), expected, "after {sql}");
    }
    assert!(!c.rollback_now());
}

/// Asks the server: outside of a transaction, each statement has its own time.
async fn is_open(c: &mut Connection) -> bool {
    let now = scalar(c, "SELECT now()", &[]).await;
    std::thread::sleep(std::time::Duration::from_millis(1));
    now == scalar(c, "SELECT now()", &[]).await
}

#[tokio::test]
async fn a_commit_that_the_server_turns_into_a_rollback_is_an_error() {
    let Some(mut c) = connect().await else { return };
    for with_run in [false, true] {
        c.batch("BEGIN").await.unwrap();
        execute(&mut c, "SELECT 1 / 0", &[]).await.unwrap_err();
        assert!(c.is_in_transaction());
        let result = if with_run { execute(&mut c, "COMMIT", &[]).await.map(|_| ()) } else { c.batch("COMMIT").await };
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Database { code, .. } if code == "25P02"), "{error:?}");
        assert!(!c.is_in_transaction());
        assert!(!c.needs_discard());
    }
    // A savepoint mends it.
    c.batch("BEGIN; SAVEPOINT a").await.unwrap();
    execute(&mut c, "SELECT 1 / 0", &[]).await.unwrap_err();
    c.batch("ROLLBACK TO a").await.unwrap();
    c.batch("COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_batch_that_fails_leaves_what_it_left() {
    let Some(mut c) = connect().await else { return };
    c.batch("BEGIN; SELECT 1 / 0; COMMIT").await.unwrap_err();
    assert!(c.is_in_transaction());
    c.batch("ROLLBACK").await.unwrap();
    c.batch("SELECT 1 / 0; BEGIN").await.unwrap_err();
    assert!(!c.is_in_transaction());
    c.batch("BEGIN; COMMIT; SELECT 1 / 0").await.unwrap_err();
    assert!(!c.is_in_transaction());
}

#[tokio::test]
async fn a_commit_that_fails_ends_the_transaction() {
    let Some(mut c) = connect().await else { return };
    c.batch(
        "CREATE TEMPORARY TABLE p (id int PRIMARY KEY);
             CREATE TEMPORARY TABLE c (p_id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    )
    .await
    .unwrap();
    c.batch("BEGIN; INSERT INTO c VALUES (1)").await.unwrap();
    let error = c.batch("COMMIT").await.unwrap_err();
    assert_eq!(error.database_kind(), Some(orm_pool::DatabaseErrorKind::ForeignKeyViolation));
    assert!(!c.is_in_transaction());
    assert_eq!(scalar(&mut c, "SELECT count(*) FROM c", &[]).await, Cell::Int(0));
}
