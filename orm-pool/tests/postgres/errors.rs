//! What the server refuses: the kind, code, constraint, table and columns of each error.

use orm_pool::DatabaseErrorKind;

use super::*;

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
        columns: columns.iter().map(|column| (*column).into()).collect(),
    }
}

#[tokio::test]
async fn violated_constraints_name_what_they_know() {
    use DatabaseErrorKind::*;
    let Some(mut c) = connect().await else { return };
    c.batch(
        "CREATE TEMPORARY TABLE users (id int PRIMARY KEY, name text NOT NULL, age int CONSTRAINT grown CHECK (age > 17));
         CREATE TEMPORARY TABLE pairs (a int, b int, CONSTRAINT pair UNIQUE (a, b));
         CREATE UNIQUE INDEX low ON users (lower(name));
         CREATE TEMPORARY TABLE pets (user_id int CONSTRAINT owner REFERENCES users);
         INSERT INTO users VALUES (1, 'ann', 20); INSERT INTO pairs VALUES (1, 2); INSERT INTO pets VALUES (1)",
    )
    .await
    .unwrap();
    for (sql, expected) in [
        (
            "INSERT INTO users VALUES (1, 'bob')",
            database(UniqueViolation, "23505", Some("users_pkey"), Some("users"), &["id"]),
        ),
        (
            "INSERT INTO pairs VALUES (1, 2)",
            database(UniqueViolation, "23505", Some("pair"), Some("pairs"), &["a", "b"]),
        ),
        ("INSERT INTO users VALUES (2, 'ANN')", database(UniqueViolation, "23505", Some("low"), Some("users"), &[])),
        ("INSERT INTO users VALUES (2, NULL)", database(NotNullViolation, "23502", None, Some("users"), &["name"])),
        ("INSERT INTO users VALUES (2, 'x', 3)", database(CheckViolation, "23514", Some("grown"), Some("users"), &[])),
        (
            "INSERT INTO pets VALUES (9)",
            database(ForeignKeyViolation, "23503", Some("owner"), Some("pets"), &["user_id"]),
        ),
        ("DELETE FROM users", database(ForeignKeyViolation, "23503", Some("owner"), Some("pets"), &[])),
        ("SELEKT 1", database(Syntax, "42601", None, None, &[])),
        ("SELECT * FROM nowhere", database(Syntax, "42P01", None, None, &[])),
        ("SELECT absent FROM users", database(Syntax, "42703", None, None, &[])),
        ("SELECT 1; SELECT 2", database(Syntax, "42601", None, None, &[])),
        ("SELECT 1\0", database(Syntax, "42601", None, None, &[])),
        ("SELECT 1 / 0", database(Data, "22012", None, None, &[])),
    ] {
        for statement in [once(sql), kept(sql)] {
            let error = rows(&mut c, &statement, &[]).await.unwrap_err();
            assert_eq!(error.kind(), &expected, "{sql}: {error}");
            assert!(!error.is_disconnect() && !c.needs_discard());
        }
        assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
    }
    let error = execute(&mut c, "INSERT INTO users VALUES (1, 'bob')", &[]).await.unwrap_err();
    assert_eq!(
        error.message(),
        "duplicate key value violates unique constraint \"users_pkey\"\ndetail: Key (id)=(1) already exists."
    );
}

#[tokio::test]
async fn the_number_of_values_must_be_that_of_the_parameters() {
    let Some(mut c) = connect().await else { return };
    let ints = [Value::Int32(1), Value::Int32(2), Value::Int32(3)];
    for statement in [once("SELECT $1::int, $2::int"), kept("SELECT $1::int, $2::int")] {
        for (count, message) in [
            (3, "the statement has 2 parameters and 3 values were given"),
            (1, "the statement has 2 parameters and 1 value was given"),
            (0, "the statement has 2 parameters and 0 values were given"),
        ] {
            let error = rows(&mut c, &statement, &ints[..count]).await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (&ErrorKind::Data, message));
        }
        assert_eq!(rows(&mut c, &statement, &ints[..2]).await.unwrap(), [[Cell::Int(1), Cell::Int(2)]]);
    }
}

#[tokio::test]
async fn locks_and_limits_have_kinds_of_their_own() {
    use DatabaseErrorKind::*;
    let Some(mut c) = connect().await else { return };
    let schema =
        Schema::new(&mut c, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)").await;
    let mut other = schema.connect().await;
    let kind = |result: Result<(), Error>| result.unwrap_err().database_kind().unwrap();

    c.batch("BEGIN; UPDATE t SET v = 1 WHERE id = 1").await.unwrap();
    assert_eq!(kind(other.batch("SELECT * FROM t FOR UPDATE NOWAIT").await), LockTimeout);
    assert_eq!(kind(other.batch("SET statement_timeout = 50; UPDATE t SET v = 2").await), Cancelled);
    other.batch("SET statement_timeout = 0").await.unwrap();

    other.batch("BEGIN; UPDATE t SET v = 2 WHERE id = 2").await.unwrap();
    let (first, second) = tokio::join!(c.batch("UPDATE t SET v = 1 WHERE id = 2"), async {
        let result = other.batch("UPDATE t SET v = 2 WHERE id = 1").await;
        // Whoever is the victim lets the other go on.
        other.batch("ROLLBACK").await.unwrap();
        result
    });
    assert_eq!(kind(first.and(second)), Deadlock);
    c.batch("ROLLBACK").await.unwrap();

    c.batch("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t").await.unwrap();
    other.batch("UPDATE t SET v = 9").await.unwrap();
    assert_eq!(kind(c.batch("UPDATE t SET v = 8").await), SerializationFailure);
    c.batch("ROLLBACK; BEGIN READ ONLY").await.unwrap();
    assert_eq!(kind(c.batch("UPDATE t SET v = 8").await), ReadOnly);
    c.batch("ROLLBACK").await.unwrap();
    schema.drop(c).await;
}

#[tokio::test]
async fn a_killed_connection_is_disconnected() {
    let Some(mut killer) = connect().await else { return };
    for idle in [true, false] {
        let mut c = connect().await.unwrap();
        let pid = scalar(&mut c, "SELECT pg_backend_pid()", &[]).await;
        let Cell::Int(pid) = pid else { panic!("{pid:?}") };
        let kill = format!("SELECT pg_terminate_backend({pid}) FROM pg_sleep(0.1)");
        let error = if idle {
            killer.batch(&kill).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            c.batch("SELECT 1").await.unwrap_err()
        } else {
            let (killed, error) = tokio::join!(killer.batch(&kill), c.batch("SELECT pg_sleep(5)"));
            killed.unwrap();
            error.unwrap_err()
        };
        assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
        assert!(error.is_disconnect() && c.needs_discard());
        assert!(c.ping().await.unwrap_err().is_disconnect());
        c.close().await.unwrap();
    }
}
