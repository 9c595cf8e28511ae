//! What the driver knows of transactions, however they are begun and ended.

use super::*;

#[tokio::test]
async fn a_transaction_is_known_however_it_is_begun_and_ended() {
    let Some(mut c) = connect().await else { return };
    let database = Database::new(&mut c, "CREATE TABLE t (a INT)").await;
    // The query itself is a transaction of its own to MySQL, where none is open.
    let known = match c.is_mariadb() {
        true => "SELECT @@in_transaction",
        false => {
            "SELECT COUNT(*) FROM performance_schema.events_transactions_current \
             WHERE thread_id = ps_current_thread_id() AND state = 'ACTIVE' AND autocommit = 'NO'"
        }
    };
    for (sql, expected) in [
        ("BEGIN", true),
        ("INSERT INTO t VALUES (1)", true),
        ("SAVEPOINT a", true),
        ("ROLLBACK TO SAVEPOINT a", true),
        ("COMMIT", false),
        ("/* c */ start transaction read only", true),
        ("rollback", false),
        ("BEGIN; INSERT INTO t VALUES (1); COMMIT", false),
        ("BEGIN; SELECT ';COMMIT;'", true),
        ("COMMIT AND CHAIN", true),
        ("CREATE TEMPORARY TABLE u (a INT)", true),
        ("DROP TEMPORARY TABLE u", true),
        ("CREATE TABLE u (a INT)", false),
        ("BEGIN", true),
        ("TRUNCATE u", false),
        ("COMMIT", false),
    ] {
        c.batch(sql).await.unwrap();
        assert_eq!(c.is_in_transaction(), expected, "after {sql}");
        assert_eq!(scalar(&mut c, known, &[]).await, Cell::Int(expected.into()), "after {sql}");
    }
    for (sql, expected) in [("START TRANSACTION", true), ("ROLLBACK", false)] {
        execute(&mut c, sql, &[]).await.unwrap();
        assert_eq!(c.is_in_transaction(), expected, "after {sql}");
    }
    c.batch("BEGIN; INSERT INTO t VALUES (1); SELECT * FROM nowhere; COMMIT").await.unwrap_err();
    assert!(c.is_in_transaction());
    assert_eq!(scalar(&mut c, known, &[]).await, Cell::Int(1));
    c.batch("ROLLBACK").await.unwrap();
    assert!(!c.rollback_now());
    database.drop(c).await;
}
