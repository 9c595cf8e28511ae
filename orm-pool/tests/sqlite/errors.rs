//! What SQLite refuses: the kind, code, constraint, table and columns of each error.

use orm_pool::{DatabaseErrorKind, ErrorKind};

use super::*;

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER CONSTRAINT grown CHECK (age > 17),
        first TEXT, last TEXT, UNIQUE (first, last));
    CREATE UNIQUE INDEX by_lower ON users (lower(first));
    CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users);
    CREATE TABLE pets (user_id INTEGER REFERENCES users ON DELETE RESTRICT);
    CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TRIGGER guard BEFORE DELETE ON pairs BEGIN SELECT RAISE(ABORT, 'pairs stay'); END;
    CREATE TABLE strict (a INTEGER) STRICT;
    INSERT INTO users (id, name, first, last) VALUES (1, 'ed', 'Ed', 'Jones');
    INSERT INTO pets VALUES (1);
    INSERT INTO pairs VALUES (1, 2)";

/// Runs a statement that must fail, and compares everything about its error.
async fn check(sql: &str, expected: ErrorKind, message: &str) {
    let mut connection = memory().await;
    connection.batch(SCHEMA).await.unwrap();
    let error = execute(&mut connection, sql, &[]).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (&expected, message), "{sql}");
    // It is as usable as before.
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM users", &[]).await, Cell::Int(1));
}

fn database(
    kind: DatabaseErrorKind,
    code: &str,
    constraint: Option<&str>,
    table: Option<&str>,
    columns: &[&str],
) -> ErrorKind {
    ErrorKind::Database {
        kind,
        code: code.into(),
        constraint: constraint.map(Into::into),
        table: table.map(Into::into),
        columns: columns.iter().map(|&column| column.into()).collect(),
    }
}

#[tokio::test]
async fn violated_constraints_say_what_they_are() {
    use DatabaseErrorKind::*;
    check(
        "INSERT INTO users (name) VALUES ('ed')",
        database(UniqueViolation, "2067", None, Some("users"), &["name"]),
        "UNIQUE constraint failed: users.name",
    )
    .await;
    check(
        "INSERT INTO users (name, first, last) VALUES ('x', 'Ed', 'Jones')",
        database(UniqueViolation, "2067", Some("by_lower"), None, &[]),
        "UNIQUE constraint failed: index 'by_lower'",
    )
    .await;
    check(
        "INSERT INTO users (id, name) VALUES (1, 'x')",
        database(UniqueViolation, "1555", None, Some("users"), &["id"]),
        "UNIQUE constraint failed: users.id",
    )
    .await;
    check(
        "INSERT INTO pairs VALUES (1, 2)",
        database(UniqueViolation, "1555", None, Some("pairs"), &["a", "b"]),
        "UNIQUE constraint failed: pairs.a, pairs.b",
    )
    .await;
    check(
        "INSERT INTO addresses (user_id) VALUES (99)",
        database(ForeignKeyViolation, "787", None, None, &[]),
        "FOREIGN KEY constraint failed",
    )
    .await;
    check("DELETE FROM users", database(ForeignKeyViolation, "1811", None, None, &[]), "FOREIGN KEY constraint failed")
        .await;
    check(
        "INSERT INTO users (name) VALUES (NULL)",
        database(NotNullViolation, "1299", None, Some("users"), &["name"]),
        "NOT NULL constraint failed: users.name",
    )
    .await;
    check(
        "INSERT INTO users (name, age) VALUES ('x', 3)",
        database(CheckViolation, "275", Some("grown"), None, &[]),
        "CHECK constraint failed: grown",
    )
    .await;
}

#[tokio::test]
async fn text_that_is_not_sql_is_a_syntax_error() {
    let syntax = || database(DatabaseErrorKind::Syntax, "1", None, None, &[]);
    check("SELEKT 1", syntax(), "near \"SELEKT\": syntax error").await;
    check("SELECT * FROM nowhere", syntax(), "no such table: nowhere").await;
    check("SELECT absent FROM users", syntax(), "no such column: absent").await;
    check("", syntax(), "the statement is empty").await;
    check(" -- only a comment\n;", syntax(), "the statement is empty").await;
    check("SELECT 1\0", syntax(), "the statement contains a NUL character").await;
}

#[tokio::test]
async fn a_second_statement_is_refused_and_names_batch() {
    let syntax = database(DatabaseErrorKind::Syntax, "1", None, None, &[]);
    let message = "the text holds more than one statement\nhint: run it with `batch`";
    check("DELETE FROM users; DELETE FROM pairs", syntax.clone(), message).await;
    check("DELETE FROM users; /* c */ nonsense", syntax, message).await;
    let mut connection = memory().await;
    assert_eq!(scalar(&mut connection, "SELECT 1; ; -- and no more\n /* at all */ ;", &[]).await, Cell::Int(1));
}

#[tokio::test]
async fn other_refusals_keep_sqlites_words() {
    check(
        "UPDATE users SET id = 'text'",
        database(DatabaseErrorKind::Data, "20", None, None, &[]),
        "datatype mismatch",
    )
    .await;
    check(
        "SELECT abs(-9223372036854775808)",
        database(DatabaseErrorKind::Data, "1", None, None, &[]),
        "integer overflow",
    )
    .await;
    check(
        "INSERT INTO strict VALUES ('text')",
        database(DatabaseErrorKind::Data, "3091", None, None, &[]),
        "cannot store TEXT value in INTEGER column strict.a",
    )
    .await;
    check("DELETE FROM pairs", database(DatabaseErrorKind::Other, "1811", None, None, &[]), "pairs stay").await;
    check(
        "ROLLBACK",
        database(DatabaseErrorKind::Other, "1", None, None, &[]),
        "cannot rollback - no transaction is active",
    )
    .await;
}

#[tokio::test]
async fn the_number_of_values_must_be_that_of_the_parameters() {
    let mut connection = memory().await;
    let three = [NULL, NULL, NULL];
    let check = async |connection: &mut Connection, id, sql: &str, values: &[Value], message| {
        let statement = Statement { sql: sql.into(), id };
        let error = rows(connection, &statement, values).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Data, message));
    };
    for id in [0, 1] {
        let sql = "SELECT ?, ?";
        check(&mut connection, id, sql, &three, "the statement has 2 parameters and 3 values were given").await;
        check(&mut connection, id, sql, &three[..1], "the statement has 2 parameters and 1 value was given").await;
    }
    check(&mut connection, 2, "SELECT ?", &[], "the statement has 1 parameter and 0 values were given").await;
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_deferred_foreign_key_fails_at_commit_and_leaves_the_transaction_open() {
    let mut connection = memory().await;
    connection
        .batch(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE c (p_id REFERENCES p DEFERRABLE INITIALLY DEFERRED);
             BEGIN; INSERT INTO c VALUES (1)",
        )
        .await
        .unwrap();
    let error = execute(&mut connection, "COMMIT", &[]).await.unwrap_err();
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::ForeignKeyViolation));
    assert!(connection.is_in_transaction());
    assert!(connection.rollback_now());
}

#[tokio::test]
async fn a_deferred_foreign_key_fails_even_if_the_decoder_breaks() {
    let mut connection = memory().await;
    connection
        .batch(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE c (p_id REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
        )
        .await
        .unwrap();
    let insert = once("INSERT INTO c VALUES (1) RETURNING p_id");
    let error = connection.run(&insert, &[], |_| ControlFlow::Break(())).await.unwrap_err();
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::ForeignKeyViolation));
    assert_eq!(scalar(&mut connection, "SELECT count(*) FROM c", &[]).await, Cell::Int(0));
}

#[tokio::test]
async fn a_connection_that_may_only_read_refuses_writes() {
    let database = TemporaryDatabase::new().unwrap();
    let mut writer = open(&database).await;
    writer.batch("CREATE TABLE t (x)").await.unwrap();
    let mut reader = Connection::open(&Options { read_only: true, ..database.options() }).await.unwrap();
    let error = execute(&mut reader, "INSERT INTO t VALUES (1)", &[]).await.unwrap_err();
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::ReadOnly));
    assert_eq!(error.message(), "attempt to write a readonly database");
}
