//! Transactions of sessions that a server is not told of before something needs them: at READ COMMITTED, which MariaDB and MySQL have
//! to be told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use orm::prelude::*;
use orm::{Dialect, ExecutionOptions, IsolationLevel, SessionEvents, SessionMaker};

use crate::faults::polled;
use crate::only;
use crate::support::{Address, Keyword, Sent, User, UserKeyword, dialect, empty_engine_with, two_users};

/// An engine with two users, and what it sends from then on.
async fn heard() -> (Engine, Sent) {
    heard_with(|settings| settings).await
}

async fn heard_with(settings: impl FnOnce(orm::EngineBuilder) -> orm::EngineBuilder) -> (Engine, Sent) {
    let sent = Sent::default();
    let listening = |engine: orm::EngineBuilder| engine.on_statement(sent.listener());
    let engine = empty_engine_with(|engine| settings(at_read_committed(listening(engine)))).await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    sent.take();
    (engine, sent)
}

fn at_read_committed(engine: orm::EngineBuilder) -> orm::EngineBuilder {
    match dialect() {
        Dialect::MariaDb => engine.connect_arg("session.tx_isolation", "READ-COMMITTED"),
        Dialect::MySql => engine.connect_arg("session.transaction_isolation", "READ-COMMITTED"),
        _ => engine,
    }
}

/// Another engine over the same database, whose connections are told from those of the first.
fn admin_of(engine: &Engine) -> Engine {
    Engine::new(&engine.url().with_query("application_name", "admin").render(false)).unwrap()
}

/// The name under which the server lists the connections of an engine.
fn name_of(engine: &Engine) -> String {
    engine.url().query().iter().find(|(key, _)| key == "application_name").unwrap().1.clone()
}

#[tokio::test]
async fn who_only_reads_sends_nothing_but_queries() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    let users = session.query(User).options(selectinload(User.addresses)).all().await.unwrap();
    session.load(&users, User.keywords).await.unwrap();
    session.get(User, 1).await.unwrap().unwrap();
    assert_eq!(session.query(User).filter(User.id.gt(1)).count().await.unwrap(), 1);
    assert!(session.query(Address).exists().await.unwrap());
    assert_eq!(session.scalar(select(func::max(User.id))).await.unwrap(), Some(2));
    assert!(session.in_transaction(), "it has begun for the session");
    assert_eq!(session.handles(users[0], User.addresses).len(), 2);
    session.commit().await.unwrap();
    assert!(!session.in_transaction());
    session.refresh(users[0]).await.unwrap();
    session.rollback().await.unwrap();
    session.query(User).all().await.unwrap();
    drop(session);
    select(User).count(&engine).await.unwrap(); // whatever the pool sends has been sent by now
    let sent = sent.take();
    assert!(sent.iter().all(|word| word == "SELECT"), "{sent:?}");
    assert!(sent.len() > 7, "{sent:?}");
}

#[tokio::test]
async fn no_connection_is_left_idle_in_a_transaction() {
    only!(Postgres);
    let (engine, _) = heard_with(|engine| engine.pool_size(1)).await;
    let (name, admin) = (name_of(&engine), admin_of(&engine));
    let state = async || {
        let sql = "SELECT state FROM pg_stat_activity WHERE application_name = :name";
        text(sql).bind("name", name.as_str()).columns::<String>().one(&admin).await.unwrap()
    };
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    assert_eq!(state().await, "idle");
    session.connection().await.unwrap();
    assert_eq!(state().await, "idle in transaction", "whoever asks for the connection has a transaction");
    session.rollback().await.unwrap();
    assert_eq!(state().await, "idle");
}

#[tokio::test]
async fn what_writes_begins_and_is_undone() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("Edward".into());
    session.flush().await.unwrap();
    session.query(User).all().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), ["SELECT", "BEGIN", "UPDATE", "SELECT", "ROLLBACK"]);
    let fullname = select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(fullname.as_deref(), Some("Ed Jones"));

    let wendy = session.get_one(User, 2).await.unwrap();
    session.delete(wendy).await.unwrap();
    session.commit().await.unwrap();
    let sent = sent.take();
    assert_eq!((&*sent[1], sent.last().map(String::as_str)), ("SELECT", Some("COMMIT")), "{sent:?}");
    assert_eq!(sent.iter().filter(|word| *word == "BEGIN").count(), 1);
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn locks_functions_and_text_begin() {
    only!(Postgres);
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    session.query(User).for_update().all().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), ["SELECT", "BEGIN", "SELECT", "ROLLBACK"]);

    // The time of the transaction, which is the same for all of its statements.
    let times = select(func::now::<DateTime<Utc>>());
    let (one, other) = (session.one(times.clone()).await.unwrap(), session.one(times).await.unwrap());
    assert_eq!(one, other);
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SELECT", "SELECT", "ROLLBACK"]);

    // A function that writes is undone.
    let create = "CREATE FUNCTION add_user() RETURNS BIGINT LANGUAGE sql AS \
                  'INSERT INTO users (name, active) VALUES (''fred'', true) RETURNING id'";
    text(create).execute(&engine).await.unwrap();
    sent.take();
    session.query(User).first().await.unwrap();
    session.one(select(func::custom::<i64>("add_user", ()))).await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), ["SELECT", "BEGIN", "SELECT", "ROLLBACK"]);
    session.all(text("SELECT add_user()").columns::<i64>()).await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_savepoint_is_in_a_transaction() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    let mut inner = session.begin_nested().await.unwrap();
    inner.query(User).all().await.unwrap();
    inner.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["SELECT", "BEGIN", "SAVEPOINT", "SELECT", "RELEASE", "COMMIT"]);
}

#[tokio::test]
async fn at_other_isolation_levels_a_transaction_begins_at_once() {
    only!(Postgres);
    let at_once = ["BEGIN", "SELECT", "ROLLBACK"];
    let (engine, sent) = heard().await;
    let read = async |engine: &Engine| sent.by_a_query(engine).await;
    assert_eq!(read(&engine).await, ["SELECT"]);
    let at = |level| engine.execution_options(ExecutionOptions::new().isolation_level(level));
    assert_eq!(read(&at(IsolationLevel::ReadCommitted)).await, ["SELECT"]);
    assert_eq!(read(&at(IsolationLevel::RepeatableRead)).await, at_once);
    assert_eq!(read(&at(IsolationLevel::Serializable)).await, at_once);

    // What the connection itself says.
    let mut connection = engine.connect().await.unwrap();
    for words in ["SET default_transaction_isolation = 'serializable'", "SET TIME ZONE 'UTC'"] {
        text(words).execute(&mut connection).await.unwrap();
    }
    connection.commit().await.unwrap();
    connection.close().await.unwrap();
    sent.take();
    assert_eq!(read(&engine).await, at_once);

    // What the server says when a connection is opened.
    let sent = Sent::default();
    let url = engine.url().with_query("default_transaction_isolation", "repeatable read").render(false);
    let engine = Engine::builder(&url).on_statement(sent.listener()).build().unwrap();
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SELECT"]);
}

#[tokio::test]
async fn mysql_has_to_be_told_of_the_level() {
    only!(MariaDb | MySql);
    let at_once = ["BEGIN", "SELECT", "ROLLBACK"];
    let (engine, sent) = heard().await;
    let read = async |engine: &Engine| sent.by_a_query(engine).await;
    assert_eq!(read(&engine).await, ["SELECT"]);
    let at = |level| engine.execution_options(ExecutionOptions::new().isolation_level(level));
    assert_eq!(read(&at(IsolationLevel::ReadCommitted)).await, ["SELECT"]);
    let sets = ["SET", "SELECT", "ROLLBACK"];
    assert_eq!(read(&at(IsolationLevel::RepeatableRead)).await, sets);
    assert_eq!(read(&engine).await, ["SELECT"], "that was of one transaction");
    // A lock is part of a transaction.
    let mut session = Session::new(&engine);
    session.query(User).for_share().all().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), at_once);
    // What the connection itself says.
    text("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&engine).await.unwrap();
    sent.take();
    assert_eq!(read(&engine).await, at_once);
    // The server's own default is another one.
    let url = engine.url().without_query("session.tx_isolation").without_query("session.transaction_isolation");
    let other = Engine::builder(&url.render(false)).on_statement(sent.listener()).build().unwrap();
    assert_eq!(read(&other).await, at_once);
    let level = ExecutionOptions::new().isolation_level(IsolationLevel::ReadCommitted);
    assert_eq!(read(&other.execution_options(level)).await, ["SELECT"]);
}

#[tokio::test]
async fn listeners_and_time_limits_begin_at_once() {
    only!(Postgres);
    let (engine, sent) = heard().await;
    let events = SessionEvents::new().after_begin(|connection, _| {
        Box::pin(async move { text("SELECT set_config('app.user', '7', true)").execute(connection).await.map(drop) })
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    session.query(User).all().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SELECT", "SELECT"]);
    drop(session);

    let limited = ExecutionOptions::new().timeout(Duration::from_secs(60));
    let mut session = Session::new(&engine.execution_options(limited));
    session.query(User).all().await.unwrap();
    assert_eq!(sent.take().first().map(String::as_str), Some("BEGIN;"));
    drop(session);

    // Only the transaction says that nothing is to be written.
    let mut session = Session::new(&engine.execution_options(ExecutionOptions::new().read_only(true)));
    session.query(User).all().await.unwrap();
    assert_eq!(sent.take().last_chunk(), Some(&["BEGIN".to_owned(), "SELECT".to_owned()]));
}

#[tokio::test]
async fn a_query_goes_to_another_connection_where_its_own_has_died() {
    only!(Postgres);
    let (engine, _) = heard().await;
    let (name, admin) = (name_of(&engine), admin_of(&engine));
    let kill_all = async || {
        let end = "SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity WHERE application_name = :name";
        assert_ne!(text(end).bind("name", name.as_str()).columns::<i64>().one(&admin).await.unwrap(), 0);
    };
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    // Between two queries of a transaction that has not begun.
    kill_all().await;
    assert_eq!(session.query(User).all().await.unwrap().len(), 2);
    // Before what begins it: an UPDATE, and a query.
    session[ed].fullname = Some("Edward".into());
    kill_all().await;
    session.commit().await.unwrap();
    let fullname = select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(fullname.as_deref(), Some("Edward"));
    session.query(User).all().await.unwrap();
    kill_all().await;
    session.query(User).for_update().all().await.unwrap();
    // What has begun is lost with its connection.
    kill_all().await;
    let error = session.query(User).all().await.unwrap_err();
    assert!(error.is_disconnect(), "{error}");
}

#[tokio::test]
async fn a_transaction_that_is_asked_for_begins_at_once() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    session.begin().await.unwrap();
    session.query(User).all().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SELECT", "ROLLBACK"]);
}

#[tokio::test]
async fn a_query_that_is_dropped_leaves_the_next_ones_as_they_were() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    for times in 1..100 {
        let mut session = Session::new(&engine);
        let ed = session.get_one(User, 1).await.unwrap();
        let is_done = polled(session.query(User).all(), times).await.is_some();
        assert_eq!(session.query(Address).count().await.unwrap(), 3);
        session[ed].fullname = Some(format!("Ed {times}"));
        sent.take();
        session.commit().await.unwrap();
        assert_eq!(sent.take(), ["UPDATE"]);
        let fullname = select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap();
        assert_eq!(fullname, Some(format!("Ed {times}")));
        if is_done {
            return;
        }
    }
    panic!("the query never ends");
}
