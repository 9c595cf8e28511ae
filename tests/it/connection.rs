//! A connection as a user of Python's DB-API knows it: execute, fetch, commit, roll back, savepoints.

use orm::prelude::*;
use orm::{Connection, Dialect, ErrorKind, ExecutionOptions, IsolationLevel, Record, Value};

use crate::faults::polled;
use crate::only;
use crate::support::{User, dialect, empty_engine, empty_engine_with, engine, expected, two_users};

/// Returns the placeholder with this number.
fn mark(number: usize) -> String {
    if dialect() == Dialect::Postgres { format!("${number}") } else { "?".to_owned() }
}

async fn names(db: impl Executor<Mode = orm::Values>) -> Vec<String> {
    select(User.name).order_by(User.name).all(db).await.unwrap()
}

async fn add(connection: &mut Connection, name: &str) {
    insert(User).values(User::builder().name(name)).execute(connection).await.unwrap();
}

// ---------------------------------------------------------------------------------------------- results

#[tokio::test]
async fn rows_are_fetched_one_by_one_some_and_all() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let mut result = connection.execute(text("SELECT id, name FROM users ORDER BY name")).await.unwrap();
    assert_eq!(result.keys(), ["id", "name"]);
    let first = result.fetch_one().unwrap();
    assert_eq!((first.get::<String>("name").unwrap(), first.get::<String>(1).unwrap()), ("ed".into(), "ed".into()));
    assert_eq!(result.fetch_many(10).len(), 1);
    assert_eq!((result.fetch_one(), result.fetch_all()), (None, vec![]));
    assert!(result.returns_rows());

    let all = connection.execute(select(User.name).order_by(User.name)).await.unwrap();
    assert_eq!(all.scalars::<String>().unwrap(), ["ed", "wendy"]);
    let count = connection.scalar::<i64>(text("SELECT count(*) FROM addresses")).await.unwrap();
    assert_eq!(count, Some(3));
    let rows: Vec<String> =
        connection.execute(select(User).order_by(User.id)).await.unwrap().map(|row| row.get("name").unwrap()).collect();
    assert_eq!(rows, ["ed", "wendy"]);
}

#[tokio::test]
async fn one_and_first_say_what_they_miss() {
    let engine = empty_engine().await;
    let mut connection = engine.connect().await.unwrap();
    let none = "SELECT 1 AS n WHERE 1 = 0";
    let two = "SELECT 1 AS n UNION ALL SELECT 2";
    let mut run = async |sql| connection.execute(text(sql)).await.unwrap();
    let error = run(none).await.one().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::NoResultFound, "no row was found when one was required"));
    let error = run(two).await.one().unwrap_err();
    assert_eq!(error.message(), "multiple rows were found when exactly one was required");
    let error = run(two).await.one_or_none().unwrap_err();
    assert_eq!(error.message(), "multiple rows were found when one or none was required");
    assert_eq!(run(none).await.one_or_none().unwrap(), None);
    assert_eq!(run(none).await.first(), None);
    assert_eq!(run(none).await.scalar::<i64>().unwrap(), None);
    assert_eq!(run("SELECT 7 AS n").await.one().unwrap().get::<i64>("n").unwrap(), 7);
}

#[tokio::test]
async fn columns_are_named_even_if_there_is_no_row() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    let empty =
        connection.execute(text("SELECT id, name AS who FROM users WHERE id = :id").bind("id", 7)).await.unwrap();
    assert_eq!(empty.keys(), ["id", "who"]);
    assert!(empty.returns_rows());
    let changed = connection.execute(update(User).set(User.name, "x").filter(User.id.eq(7))).await.unwrap();
    assert!(!changed.returns_rows() && changed.keys().is_empty());
    assert_eq!(changed.rows_affected(), 0);
}

#[tokio::test]
async fn a_record_is_read_by_name_and_position_and_says_what_it_lacks() {
    let engine = empty_engine().await;
    let row = text("SELECT 1 AS a, 'x' AS b, NULL AS c, 2 AS a").columns::<Record>().one(&engine).await.unwrap();
    assert_eq!(row.keys(), ["a", "b", "c", "a"]);
    assert_eq!(row.value("b").unwrap(), &Value::Text("x".into()));
    assert_eq!(row.get::<Option<String>>("c").unwrap(), None);
    assert_eq!(row.get::<i64>(3).unwrap(), 2);
    let ambiguous = row.get::<i64>("a").unwrap_err();
    assert_eq!(ambiguous.message(), "ambiguous column name `a` in the row");
    let missing = row.value("d").unwrap_err();
    assert_eq!(missing.to_string(), "could not locate column `d` in the row\nhint: it has `a`, `b`, `c`, `a`");
    let beyond = row.value(4).unwrap_err();
    assert_eq!(beyond.message(), "the row has 4 columns, so there is none at position 4");
    let wrong = row.get::<i64>("b").unwrap_err();
    assert_eq!(wrong.message(), "column `b` cannot be read: expected an integer, found the text \"x\"");
    let null = row.get::<String>("c").unwrap_err();
    assert_eq!(null.message(), "column `c` cannot be read: it is NULL, and the Rust type is not an `Option`");
    assert_eq!(row.mapping()["b"], Value::Text("x".into()));
}

#[tokio::test]
async fn text_that_gives_fewer_columns_than_it_was_said_to_is_an_error() {
    let engine = engine().await;
    let few = || text("SELECT 1").columns::<(i64, i64)>();
    let told = "column `#2` cannot be read: the statement gives 1 of the 2 columns that a row takes";
    assert_eq!(few().all(&engine).await.unwrap_err().message(), told);
    let mut session = Session::new(&engine);
    assert_eq!(few().all(&mut session).await.unwrap_err().message(), told);
    assert_eq!(text("SELECT 1, 2").columns::<(i64, i64)>().all(&engine).await.unwrap(), [(1, 2)]);
}

#[tokio::test]
async fn text_of_the_drivers_own_takes_its_placeholders() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    let sql = format!("INSERT INTO users (name, fullname, active) VALUES ({}, {}, {})", mark(1), mark(2), mark(3));
    let done = connection.exec_driver_sql(&sql, ("ed", Some("Ed :x ? Jones".to_owned()), true)).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    assert_eq!(done.last_insert_id(), expected(Some(1), [(Dialect::Postgres, None, "RETURNING says it instead")]));
    let sql = format!("SELECT name, fullname FROM users WHERE name = {}", mark(1));
    let rows = connection.exec_driver_sql(&sql, vec![Value::Text("ed".into())]).await.unwrap().mappings();
    assert_eq!(rows[0]["fullname"], Value::Text("Ed :x ? Jones".into()));
    let made = connection.exec_driver_sql("CREATE TABLE other (a INTEGER)", ()).await.unwrap();
    assert!(!made.returns_rows());
    let error = connection.exec_driver_sql("SELECT nothing FROM nowhere", ()).await.unwrap_err();
    assert_eq!((error.kind(), error.statement()), (&ErrorKind::Programming, Some("SELECT nothing FROM nowhere")));
}

// ---------------------------------------------------------------------------------------------- transactions

#[tokio::test]
async fn the_first_statement_begins_and_commit_ends() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    assert!(!connection.in_transaction());
    add(&mut connection, "ed").await;
    assert!(connection.in_transaction());
    connection.commit().await.unwrap();
    assert!(!connection.in_transaction());
    add(&mut connection, "wendy").await;
    connection.rollback().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
    connection.commit().await.unwrap();
    connection.rollback().await.unwrap();
    add(&mut connection, "jack").await;
    connection.close().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
}

#[tokio::test]
async fn what_is_not_committed_is_gone_with_the_connection() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await;
    drop(connection);
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "wendy").await;
    connection.invalidate();
    assert_eq!(names(&engine).await, [""; 0]);
}

#[tokio::test]
async fn a_transaction_cannot_begin_twice() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    connection.begin().await.unwrap();
    let error = connection.begin().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.message(),
        "this connection has already begun a transaction, by `begin()` or by its first statement"
    );
    connection.commit().await.unwrap();
    connection.execute(select(User)).await.unwrap();
    assert!(connection.begin().await.is_err());
    connection.rollback().await.unwrap();
    connection.begin().await.unwrap();
}

#[tokio::test]
async fn the_transaction_of_a_session_is_not_ended_behind_its_back() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    session.add(User::builder().name("ed"));
    let connection = session.connection().await.unwrap();
    let error = connection.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("call `session.commit()`"), "{error}");
    let error = session.connection().await.unwrap().rollback().await.unwrap_err();
    assert!(error.to_string().contains("call `session.rollback()`"), "{error}");
    // Savepoints are whoever's began them.
    let savepoint = session.connection().await.unwrap().begin_nested().await.unwrap();
    savepoint.rollback().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
    let within = engine.transaction(async |session| {
        session.connection().await?.commit().await?;
        Ok::<_, orm::Error>(())
    });
    let error = within.await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn options_of_a_transaction_cannot_change_in_it() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    connection.execute(select(User)).await.unwrap();
    let level = ExecutionOptions::new().isolation_level(IsolationLevel::Serializable);
    let error = connection.execution_options(level.clone()).unwrap_err();
    assert_eq!(
        error.message(),
        "this connection has already begun a transaction; `isolation_level` may not be altered unless `rollback()` or \
         `commit()` is called first"
    );
    connection.commit().await.unwrap();
    connection.execution_options(level).unwrap();
    let read_only = ExecutionOptions::new().read_only(true);
    assert_eq!(select(User).count(&mut *connection.with_options(read_only.clone()).unwrap()).await.unwrap(), 0);
    assert!(connection.with_options(read_only).is_err(), "a transaction is open");
    connection.rollback().await.unwrap();
    add(&mut connection, "ed").await;
    connection.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
}

#[tokio::test]
async fn savepoints_nest_and_are_undone_alone() {
    let engine = engine().await;
    let mut transaction = engine.begin().await.unwrap();
    transaction.execute(insert(User).values(User::builder().name("a"))).await.unwrap();
    let mut outer = transaction.begin_nested().await.unwrap();
    outer.execute(insert(User).values(User::builder().name("b"))).await.unwrap();
    let mut inner = outer.begin_nested().await.unwrap();
    insert(User).values(User::builder().name("c")).execute(&mut inner).await.unwrap();
    inner.rollback().await.unwrap();
    let mut inner = outer.begin_nested().await.unwrap();
    inner.execute(insert(User).values(User::builder().name("d"))).await.unwrap();
    inner.commit().await.unwrap();
    drop(outer.begin_nested().await.unwrap());
    outer.commit().await.unwrap();
    assert_eq!(names(&mut transaction).await, ["a", "b", "d"]);
    let mut dropped = transaction.begin_nested().await.unwrap();
    dropped.execute(insert(User).values(User::builder().name("e"))).await.unwrap();
    let mut deeper = dropped.begin_nested().await.unwrap();
    deeper.execute(insert(User).values(User::builder().name("f"))).await.unwrap();
    drop(deeper);
    drop(dropped);
    transaction.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["a", "b", "d"]);
}

#[tokio::test]
async fn a_savepoint_begins_the_transaction_around_it() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    let mut savepoint = connection.begin_nested().await.unwrap();
    savepoint.execute(insert(User).values(User::builder().name("ed"))).await.unwrap();
    savepoint.commit().await.unwrap();
    assert!(connection.in_transaction() && !connection.in_nested_transaction());
    assert_eq!(names(&engine).await, [""; 0]);
    connection.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
}

#[tokio::test]
async fn an_error_in_a_savepoint_leaves_what_was_before_it() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await;
    let mut savepoint = connection.begin_nested().await.unwrap();
    let error = insert(User).values(User::builder().name("ed")).execute(&mut savepoint).await.unwrap_err();
    assert!(error.is_unique_violation());
    drop(savepoint);
    add(&mut connection, "wendy").await;
    connection.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn after_a_failed_commit_a_rollback_is_wanted() {
    only!(Sqlite | Postgres);
    let engine = empty_engine().await;
    let deferred = "DEFERRABLE INITIALLY DEFERRED";
    let mut connection = engine.connect().await.unwrap();
    connection.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)")).await.unwrap();
    let sql = format!("CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents {deferred})");
    connection.execute(text(sql)).await.unwrap();
    connection.commit().await.unwrap();
    connection.execute(text("INSERT INTO children VALUES (1, 7)")).await.unwrap();
    assert!(connection.commit().await.unwrap_err().is_foreign_key_violation());
    for _ in 0..2 {
        let error = connection.execute(text("INSERT INTO parents VALUES (1)")).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::PendingRollback);
        assert_eq!(error.message(), "can't go on until the invalid transaction is rolled back");
        assert_eq!(*connection.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    }
    connection.rollback().await.unwrap();
    connection.execute(text("INSERT INTO parents VALUES (7)")).await.unwrap();
    connection.commit().await.unwrap();
    let counts = text("SELECT (SELECT count(*) FROM parents), (SELECT count(*) FROM children)");
    assert_eq!(counts.columns::<(i64, i64)>().one(&engine).await.unwrap(), (1, 0));
}

#[tokio::test]
async fn after_a_deadlock_nothing_runs_outside_of_the_lost_transaction() {
    only!(MySql | MariaDb);
    let engine = engine().await;
    two_users(&engine).await;
    let lock = |name: &'static str| update(User).set(User.fullname, "locked").filter(User.name.eq(name));
    let (mut one, mut two) = (engine.connect().await.unwrap(), engine.connect().await.unwrap());
    lock("ed").execute(&mut one).await.unwrap();
    lock("wendy").execute(&mut two).await.unwrap();
    let (first, second) = tokio::join!(async { lock("wendy").execute(&mut one).await.map(|_| ()) }, async {
        lock("ed").execute(&mut two).await.map(|_| ())
    },);
    let (mut loser, winner) = if first.is_err() { (one, two) } else { (two, one) };
    let error = first.and(second).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let stray = insert(User).values(User::builder().name("stray"));
    let error = stray.execute(&mut loser).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::PendingRollback, "it would have committed itself");
    winner.close().await.unwrap();
    loser.rollback().await.unwrap();
    insert(User).values(User::builder().name("new")).execute(&mut loser).await.unwrap();
    loser.rollback().await.unwrap();
    assert_eq!(names(&mut loser).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn an_interrupted_write_loses_its_transaction_and_says_so() {
    only!(Sqlite);
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await;
    connection.execution_options(ExecutionOptions::new().timeout(std::time::Duration::from_millis(20))).unwrap();
    let endless = "INSERT INTO users (name, active) WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) \
                   SELECT 'n' || n, 1 FROM c";
    let error = connection.execute(text(endless)).await.unwrap_err();
    assert_eq!(error.message(), "the statement was interrupted, since it took longer than 20ms");
    let error = connection.execute(select(User)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::PendingRollback);
    connection.rollback().await.unwrap();
    assert_eq!(names(&mut connection).await, [""; 0]);
}

#[tokio::test]
async fn definitions_that_commit_by_themselves_leave_a_connection_that_goes_on() {
    only!(MySql | MariaDb);
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await;
    connection.execute(text("CREATE TABLE other (a INTEGER)")).await.unwrap();
    add(&mut connection, "wendy").await;
    connection.rollback().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
}

// ---------------------------------------------------------------------------------------------- dropped futures

/// An engine whose statements are always waited for, so that their futures can be dropped halfway.
async fn waiting_engine() -> Engine {
    let engine = empty_engine_with(|settings| match dialect() {
        Dialect::Sqlite => settings.connect_arg("threading", "blocking").connect_arg("busy_timeout", "500"),
        _ => settings,
    });
    let engine = engine.await;
    metadata![User].create_all(&engine).await.unwrap();
    engine
}

fn named(name: &str) -> orm::Insert<User> {
    insert(User).values(User::builder().name(name))
}

/// A connection to MariaDB is of no use once a future was dropped.
fn is_of_no_use(error: &Error) -> bool {
    matches!(dialect(), Dialect::MySql | Dialect::MariaDb) && error.is_disconnect()
}

/// Whether the database has released it or not, nobody can tell: what is sure is that it was meant to be kept, and that
/// what others have committed is none of its business.
#[tokio::test]
async fn a_savepoint_whose_commit_is_dropped_undoes_nothing_that_others_have_committed() {
    let engine = waiting_engine().await;
    for (before, times) in (0..4).flat_map(|before| (1..4).map(move |times| (before, times))) {
        let what = format!("way {before}, {times} polls");
        delete(User).execute(&engine).await.unwrap();
        let mut transaction = engine.begin().await.unwrap();
        let done = async {
            match before {
                0 => drop(transaction.begin_nested().await?),
                1 => transaction.begin_nested().await?.rollback().await?,
                2 => _ = polled(transaction.begin_nested(), 1).await,
                _ => {}
            }
            let mut kept = transaction.begin_nested().await?;
            named("kept").execute(&mut kept).await?;
            kept.commit().await?;
            let mut unknown = transaction.begin_nested().await?;
            named("meant").execute(&mut unknown).await?;
            _ = polled(unknown.commit(), times).await;
            named("after").execute(&mut transaction).await?;
            let mut undone = transaction.begin_nested().await?;
            named("undone").execute(&mut undone).await?;
            drop(undone);
            transaction.commit().await
        };
        let kept = match done.await {
            Ok(()) => vec!["after", "kept", "meant"],
            Err(error) if is_of_no_use(&error) => vec![],
            Err(error) => panic!("{what}: {error}"),
        };
        assert_eq!(names(&engine).await, kept, "{what}");
    }
}

#[tokio::test]
async fn a_savepoint_whose_rollback_is_dropped_is_undone_alone() {
    let engine = waiting_engine().await;
    for times in 1..4 {
        delete(User).execute(&engine).await.unwrap();
        let mut transaction = engine.begin().await.unwrap();
        let done = async {
            let mut outer = transaction.begin_nested().await?;
            named("outer").execute(&mut outer).await?;
            let mut inner = outer.begin_nested().await?;
            named("inner").execute(&mut inner).await?;
            inner.commit().await?;
            let mut inner = outer.begin_nested().await?;
            named("undone").execute(&mut inner).await?;
            _ = polled(inner.rollback(), times).await;
            named("after").execute(&mut outer).await?;
            outer.commit().await?;
            transaction.commit().await
        };
        let kept = match done.await {
            Ok(()) => vec!["after", "inner", "outer"],
            Err(error) if is_of_no_use(&error) => vec![],
            Err(error) => panic!("{times} polls: {error}"),
        };
        assert_eq!(names(&engine).await, kept, "{times} polls");
    }
}

#[tokio::test]
async fn a_transaction_whose_beginning_is_dropped_is_none() {
    let engine = waiting_engine().await;
    for way in 0..6 {
        delete(User).execute(&engine).await.unwrap();
        let mut connection = engine.connect().await.unwrap();
        let is_done = polled(named("lost").execute(&mut connection), 1).await.is_some();
        if is_done || connection.in_transaction() {
            continue; // A server may be that quick.
        }
        let done = async {
            match way {
                0 => connection.rollback().await?,
                1 => connection.commit().await?,
                2 => connection.begin().await?,
                3 => connection.begin_nested().await?.commit().await?,
                4 => _ = select(User).count(&mut connection).await?,
                _ => {}
            }
            if way < 2 {
                // Nobody waits for a lock.
                named("other").execute(&engine).await?;
            }
            named("mine").execute(&mut connection).await?;
            connection.commit().await
        };
        let done = done.await;
        let mut kept = if way < 2 { vec!["mine", "other"] } else { vec!["mine"] };
        if let Err(error) = done {
            assert!(is_of_no_use(&error), "way {way}: {error}");
            kept.retain(|name| *name == "other");
        }
        drop(connection);
        assert_eq!(names(&engine).await, kept, "way {way}");
    }
}

#[tokio::test]
async fn options_of_a_transaction_whose_beginning_is_dropped_go_with_it() {
    let engine = waiting_engine().await;
    let options = [
        ExecutionOptions::new().read_only(true),
        ExecutionOptions::new().timeout(std::time::Duration::from_millis(100)),
        ExecutionOptions::new().isolation_level(IsolationLevel::Serializable),
    ];
    for options in options {
        let mut connection = engine.connect().await.unwrap();
        let mut other = connection.with_options(options.clone()).unwrap();
        let is_done = polled(select(User).count(&mut *other), 1).await.is_some();
        drop(other);
        if is_done || connection.in_transaction() {
            continue; // A server may be that quick.
        }
        match named("new").execute(&mut connection).await {
            Ok(_) => {}
            Err(error) if is_of_no_use(&error) => continue,
            Err(error) => panic!("{options:?}: {error}"),
        }
        if dialect() == Dialect::Postgres {
            let settings = ["statement_timeout", "transaction_isolation", "transaction_read_only"]
                .map(|name| format!("current_setting('{name}')"));
            let settings = text(format!("SELECT concat_ws(' ', {})", settings.join(", "))).columns::<String>();
            assert_eq!(settings.one(&mut connection).await.unwrap(), "0 read committed off", "{options:?}");
        }
        connection.rollback().await.unwrap();
    }
}

/// A statement before it may keep it from being sent.
#[tokio::test]
async fn what_was_to_be_rolled_back_is_not_committed_where_that_is_dropped() {
    let engine = waiting_engine().await;
    let slow = match dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM users",
        Dialect::Postgres => "SELECT pg_sleep(0.1)",
        _ => "SELECT SLEEP(0.1)",
    };
    for is_slow in [false, true] {
        delete(User).execute(&engine).await.unwrap();
        let mut connection = engine.connect().await.unwrap();
        add(&mut connection, "lost").await;
        if is_slow {
            _ = polled(text(slow).execute(&mut connection), 1).await;
        }
        _ = polled(connection.rollback(), 1).await;
        assert!(!connection.in_transaction());
        let done = async {
            named("mine").execute(&mut connection).await?;
            connection.commit().await
        };
        let kept = match done.await {
            Ok(()) => vec!["mine"],
            Err(error) if is_of_no_use(&error) => vec![],
            Err(error) => panic!("{is_slow}: {error}"),
        };
        drop(connection);
        assert_eq!(names(&engine).await, kept, "{is_slow}");
    }
}

/// It might run outside of any transaction.
#[tokio::test]
async fn after_a_commit_that_was_dropped_nothing_runs_before_a_rollback() {
    let engine = waiting_engine().await;
    // What is given up there takes the connection along.
    let is_lost = matches!(dialect(), Dialect::MySql | Dialect::MariaDb);
    for is_asked_again in [false, true] {
        delete(User).execute(&engine).await.unwrap();
        let mut connection = engine.connect().await.unwrap();
        add(&mut connection, "meant").await;
        if polled(connection.commit(), 1).await.is_some() {
            continue; // A server may be that quick.
        }
        let error = named("stray").execute(&mut connection).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::PendingRollback, "{error}");
        if is_asked_again {
            let is_done = match connection.commit().await {
                Ok(()) => true,
                Err(error) => {
                    assert_eq!((error.kind(), is_lost), (&ErrorKind::CommitUnknown, true), "{error}");
                    false
                }
            };
            let kept = names(&engine).await;
            assert!(kept == ["meant"] || (kept.is_empty() && !is_done), "{kept:?}");
        }
        connection.rollback().await.unwrap();
        let kept = names(&engine).await;
        assert!(kept.is_empty() || kept == ["meant"], "{kept:?}");
        add(&mut connection, "next").await;
        connection.rollback().await.unwrap();
        assert_eq!(names(&engine).await, kept);
    }
}

/// SQLite rolls back when a statement that writes is interrupted, as it is when nobody waits for it any more.
#[tokio::test]
async fn after_a_write_that_was_dropped_nothing_runs_outside_of_the_lost_transaction() {
    only!(Sqlite);
    let engine = waiting_engine().await;
    let endless = "INSERT INTO users (name, active) WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) \
                   SELECT 'n' || n, 1 FROM c";
    for is_committed in [false, true] {
        let mut connection = engine.connect().await.unwrap();
        add(&mut connection, "ed").await;
        assert!(polled(text(endless).execute(&mut connection), 1).await.is_none());
        let error = match is_committed {
            true => connection.commit().await.unwrap_err(),
            false => named("stray").execute(&mut connection).await.unwrap_err(),
        };
        assert_eq!(*error.kind(), ErrorKind::PendingRollback, "{error}");
        connection.rollback().await.unwrap();
        assert_eq!(names(&mut connection).await, [""; 0]);
    }
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await;
    assert!(polled(text(endless).execute(&mut connection), 1).await.is_none());
    connection.rollback().await.unwrap();
    assert_eq!(names(&mut connection).await, [""; 0]);
}
