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
    let definitions =
        "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(9) NOT NULL, age INT, CONSTRAINT grown CHECK (age > 17));
         CREATE TABLE pairs (a INT, b INT, CONSTRAINT pair UNIQUE (a, b));
         CREATE TABLE pets (user_id INT, CONSTRAINT owner FOREIGN KEY (user_id) REFERENCES users (id));
         INSERT INTO users VALUES (1, 'ann', 20); INSERT INTO pairs VALUES (1, 2); INSERT INTO pets VALUES (1)";
    let own = Database::new(&mut c, definitions).await;
    let is_mariadb =
        matches!(scalar(&mut c, "SELECT VERSION()", &[]).await, Cell::Text(version) if version.contains("MariaDB"));
    let of = |table| if is_mariadb { None } else { Some(table) };
    let check = if is_mariadb { ("4025", Some("users")) } else { ("3819", None) };
    for (sql, expected) in [
        (
            "INSERT INTO users VALUES (1, 'bob', 20)",
            database(UniqueViolation, "1062", Some("PRIMARY"), of("users"), &[]),
        ),
        ("INSERT INTO pairs VALUES (1, 2)", database(UniqueViolation, "1062", Some("pair"), of("pairs"), &[])),
        ("INSERT INTO users VALUES (2, NULL, 20)", database(NotNullViolation, "1048", None, None, &["name"])),
        ("INSERT INTO users (id) VALUES (2)", database(NotNullViolation, "1364", None, None, &["name"])),
        ("INSERT INTO users VALUES (2, 'x', 3)", database(CheckViolation, check.0, Some("grown"), check.1, &[])),
        (
            "INSERT INTO pets VALUES (9)",
            database(ForeignKeyViolation, "1452", Some("owner"), Some("pets"), &["user_id"]),
        ),
        ("DELETE FROM users", database(ForeignKeyViolation, "1451", Some("owner"), Some("pets"), &["user_id"])),
        ("SELEKT 1", database(Syntax, "1064", None, None, &[])),
        ("SELECT * FROM nowhere", database(Syntax, "1146", None, None, &[])),
        ("SELECT absent FROM users", database(Syntax, "1054", None, None, &[])),
        ("SELECT 1; SELECT 2", database(Syntax, "1064", None, None, &[])),
        ("INSERT INTO users VALUES (2, 'far too long', 20)", database(Data, "1406", None, None, &[])),
    ] {
        for statement in [once(sql), kept(sql)] {
            for _ in 0..2 {
                let error = rows(&mut c, &statement, &[]).await.unwrap_err();
                assert_eq!(error.kind(), &expected, "{sql}: {error}");
                assert!(!error.is_disconnect() && !c.needs_discard());
            }
        }
        assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
    }
    own.drop(c).await;
}

#[tokio::test]
async fn the_number_of_values_must_be_that_of_the_parameters() {
    let Some(mut c) = connect().await else { return };
    let ints = [Value::Int32(1), Value::Int32(2), Value::Int32(3)];
    for statement in [once("SELECT ?, ?"), kept("SELECT ?, ?")] {
        for (count, message) in [
            (3, "the statement has 2 parameters and 3 values were given"),
            (1, "the statement has 2 parameters and 1 value was given"),
            (0, "the statement has 2 parameters and 0 values were given"),
        ] {
            let error = rows(&mut c, &statement, &ints[..count]).await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (&ErrorKind::Data, message));
            assert!(!c.needs_discard());
        }
        assert_eq!(rows(&mut c, &statement, &ints[..2]).await.unwrap(), [[Cell::Int(1), Cell::Int(2)]]);
    }
}

/// The default of MariaDB was `latin1` before 11.6, where the system does not say otherwise.
#[tokio::test]
async fn a_character_that_a_column_has_not_is_told_with_what_helps() {
    let Some(mut c) = connect().await else { return };
    let own = Database::new(&mut c, "CREATE TABLE t (v VARCHAR(9)) CHARACTER SET latin1; CREATE TABLE n (v INT)").await;
    let error = execute(&mut c, "INSERT INTO t VALUES (?)", &[Value::Text("🦀".into())]).await.unwrap_err();
    assert_eq!(error.database_kind(), Some(DatabaseErrorKind::Data));
    assert!(error.message().contains("hint: the column's character set has no such character"), "{error}");
    let error = c.batch("INSERT INTO n VALUES ('no number')").await.unwrap_err();
    assert!(!error.message().contains("hint"), "{error}");
    own.drop(c).await;
}

#[tokio::test]
async fn locks_and_limits_have_kinds_of_their_own() {
    use DatabaseErrorKind::*;
    let Some(mut c) = connect().await else { return };
    let own =
        Database::new(&mut c, "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0), (2, 0)").await;
    let mut other = own.connect().await;
    let kind = |result: Result<(), Error>| result.unwrap_err().database_kind().unwrap();

    c.batch("BEGIN; UPDATE t SET v = 1 WHERE id = 1").await.unwrap();
    other.batch("SET innodb_lock_wait_timeout = 1; BEGIN").await.unwrap();
    assert_eq!(kind(other.batch("UPDATE t SET v = 2").await), LockTimeout);
    assert!(other.is_in_transaction());
    other.batch("ROLLBACK; SET innodb_lock_wait_timeout = 50").await.unwrap();

    other.batch("BEGIN; UPDATE t SET v = 2 WHERE id = 2").await.unwrap();
    let (first, second) = tokio::join!(
        async {
            let result = c.batch("UPDATE t SET v = 1 WHERE id = 2").await;
            // The victim's transaction is gone.
            assert_eq!(c.is_in_transaction(), result.is_ok());
            c.batch("ROLLBACK").await.unwrap();
            result
        },
        async {
            let result = other.batch("UPDATE t SET v = 2 WHERE id = 1").await;
            assert_eq!(other.is_in_transaction(), result.is_ok());
            other.batch("ROLLBACK").await.unwrap();
            result
        }
    );
    assert_eq!(kind(first.and(second)), Deadlock);

    c.batch("START TRANSACTION READ ONLY").await.unwrap();
    assert_eq!(kind(c.batch("UPDATE t SET v = 8").await), ReadOnly);
    c.batch("ROLLBACK").await.unwrap();
    let limit = if c.is_mariadb() { "max_statement_time = 0.05" } else { "max_execution_time = 50" };
    let endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                   SELECT COUNT(*) FROM n a, n b, n c, n d";
    c.batch(&format!("SET SESSION {limit}; {endless}"))
        .await
        .map_or_else(|error| assert_eq!(error.database_kind(), Some(Cancelled), "{error}"), |()| panic!("too fast"));
    own.drop(c).await;
}

#[tokio::test]
async fn a_killed_connection_is_disconnected() {
    let Some(mut killer) = connect().await else { return };
    for idle in [true, false] {
        let mut c = connect().await.unwrap();
        let Cell::Int(id) = scalar(&mut c, "SELECT CONNECTION_ID()", &[]).await else { panic!() };
        let kill = format!("DO SLEEP(0.1); KILL {id}");
        let error = if idle {
            killer.batch(&kill).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            c.batch("SELECT 1").await.unwrap_err()
        } else {
            let (killed, error) = tokio::join!(killer.batch(&kill), c.batch("SELECT SLEEP(5)"));
            killed.unwrap();
            error.unwrap_err()
        };
        assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
        assert!(error.is_disconnect() && c.needs_discard());
        assert!(c.ping().await.unwrap_err().is_disconnect());
        c.close().await.unwrap();
    }
}
