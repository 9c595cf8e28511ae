//! Listeners to the beginning of a session's transaction, and what is noted of a session for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orm::prelude::*;
use orm::{Error, ErrorKind, JoinMode, SessionEvents, SessionMaker, func, text};

use crate::only;
use crate::support::{Address, User, empty_engine, engine};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "traces", metadata = none)]
struct Trace {
    #[orm(primary_key)]
    id: i64,
    number: i64,
}

/// An engine whose sessions leave a row for each transaction that they begin.
async fn traced() -> (Engine, SessionEvents, Arc<AtomicUsize>) {
    let engine = engine().await;
    metadata![Trace].create_all(&engine).await.unwrap();
    let (events, count) = leaving_traces();
    (engine, events, count)
}

fn leaving_traces() -> (SessionEvents, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let events = SessionEvents::new().after_begin(move |connection, _| {
        let number = counter.fetch_add(1, Ordering::Relaxed) as i64 + 1;
        Box::pin(async move {
            assert!(connection.in_transaction());
            insert(Trace).values(Trace::builder().number(number)).execute(connection).await.map(drop)
        })
    });
    (events, count)
}

async fn traces(engine: &Engine) -> Vec<i64> {
    select(Trace.number).order_by(Trace.number).all(engine).await.unwrap()
}

#[tokio::test]
async fn a_transaction_is_told_of_before_its_first_statement() {
    let (engine, events, count) = traced().await;
    let sessions = SessionMaker::new(&engine).events(events);
    let mut session = sessions.session();
    assert_eq!(count.load(Ordering::Relaxed), 0, "it has begun nothing");
    assert_eq!(
        session.scalars(select(Trace.number)).await.unwrap(),
        [1],
        "what is done is seen by the first statement"
    );
    session.query(User).all().await.unwrap();
    session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    session.commit().await.unwrap();
    assert_eq!(traces(&engine).await, [1]);

    session.add(User::builder().name("wendy"));
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2, "each transaction is told of");
    assert_eq!(traces(&engine).await, [1], "what was done went with it");

    select(User).count(session.connection().await.unwrap()).await.unwrap();
    session.commit().await.unwrap();
    session.commit().await.unwrap(); // has begun nothing
    assert_eq!(traces(&engine).await, [1, 3]);
}

/// What is set is set for the transaction, though the first thing that is done in it is a savepoint.
#[tokio::test]
async fn a_savepoint_does_not_undo_what_was_done_at_the_beginning() {
    let (engine, events, count) = traced().await;
    let mut session = Session::new(&engine);
    session.listen(events);
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("ed"));
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!(session.scalars(select(Trace.number)).await.unwrap(), [1]);
    session.commit().await.unwrap();
    assert_eq!((traces(&engine).await, count.load(Ordering::Relaxed)), (vec![1], 1));
}

#[tokio::test]
async fn what_fails_at_the_beginning_leaves_nothing_begun() {
    let (engine, events, count) = traced().await;
    let fails = Arc::new(AtomicUsize::new(2));
    let left = fails.clone();
    let events = events.after_begin(move |connection, _| {
        let is_ill = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        Box::pin(async move {
            match is_ill {
                true => connection.execute(text("SELECT nothing_of_that_name")).await.map(drop),
                false => Ok(()),
            }
        })
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let error = session.query(User).all().await.unwrap_err();
    assert!(error.to_string().contains("nothing_of_that_name"), "{error}");
    assert!(!session.in_transaction());
    assert_eq!(engine.pool().status().checked_out, 0);

    let ed = session.add(User::builder().name("ed"));
    session.flush().await.unwrap_err();
    assert!(!session.in_transaction());
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert_eq!(traces(&engine).await, [0; 0]);

    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    assert_eq!((traces(&engine).await, count.load(Ordering::Relaxed)), (vec![3], 3));
}

/// A transaction whose listener has not come to an end is nobody's: the next statement begins another.
#[tokio::test]
async fn what_is_given_up_at_the_beginning_is_begun_again() {
    let (engine, events, count) = traced().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let events = events.after_begin(move |_, _| {
        let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        Box::pin(async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let query = async { session.query(User).all().await.map(drop) };
    tokio::time::timeout(Duration::from_millis(200), query).await.unwrap_err();
    assert!(!session.in_transaction());
    session.query(User).all().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((traces(&engine).await, count.load(Ordering::Relaxed)), (vec![2], 2));
}

#[tokio::test]
async fn each_engine_of_a_session_begins_by_itself() {
    let (engine, events, count) = traced().await;
    let other = Engine::new("sqlite::memory:").unwrap();
    metadata![Trace, User, Address].create_all(&other).await.unwrap();
    let sessions = SessionMaker::new(&engine).bind(User, &other).events(events);
    let mut session = sessions.session();
    session.query(User).all().await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    session.scalars(select(Trace.number)).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
    session.query(User).all().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((traces(&other).await, traces(&engine).await), (vec![1], vec![2]));
}

/// A session in somebody else's transaction is told of its own part.
#[tokio::test]
async fn a_session_on_a_connection_is_told_of_its_part() {
    for mode in [JoinMode::CreateSavepoint, JoinMode::RollbackOnly] {
        let (engine, events, count) = traced().await;
        let mut connection = engine.connect().await.unwrap();
        select(Trace).count(&mut connection).await.unwrap();
        let mut session = Session::join(connection, mode);
        session.listen(events);
        assert_eq!(session.scalars(select(Trace.number)).await.unwrap(), [1]);
        session.query(User).all().await.unwrap();
        session.commit().await.unwrap();
        session.query(User).all().await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2, "{mode:?}");
        session.rollback().await.unwrap();
        let mut connection = session.into_connection().await.unwrap();
        let left: Vec<i64> = select(Trace.number).all(&mut connection).await.unwrap();
        let expected = if mode == JoinMode::CreateSavepoint { vec![1] } else { vec![] };
        assert_eq!(left, expected, "{mode:?}");
        connection.rollback().await.unwrap();
        assert_eq!(traces(&engine).await, [0; 0]);
    }
}

#[tokio::test]
async fn what_fails_on_a_lent_connection_leaves_the_transaction_of_its_owner() {
    let (engine, events, _) = traced().await;
    let events = events.after_begin(|_, _| Box::pin(async { Err(Error::other("not today")) }));
    let mut connection = engine.connect().await.unwrap();
    insert(Trace).values(Trace::builder().number(70)).execute(&mut connection).await.unwrap();
    let mut session = Session::join(connection, JoinMode::CreateSavepoint);
    session.listen(events);
    assert!(session.query(User).all().await.is_err());
    assert!(session.query(User).all().await.is_err(), "it is told again");
    let mut connection = session.into_connection().await.unwrap();
    connection.commit().await.unwrap();
    assert_eq!(traces(&engine).await, [70]);
}

// ----------------------------------------------------------------------------------------------- row-level security

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "letters", metadata = none)]
struct Letter {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    owner: i64,
    text: String,
}

#[derive(Clone)]
struct CurrentUser(i64);

/// One pool serves users of whom each sees only what is theirs, and PostgreSQL sees to it.
#[tokio::test]
async fn row_level_security_knows_whom_a_session_serves() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Letter].create_all(&engine).await.unwrap();
    // A superuser sees everything, so the transaction takes the role of one who does not.
    for words in [
        "ALTER TABLE letters ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON letters USING (owner = current_setting('app.user_id')::bigint)",
        "GRANT ALL ON letters TO pg_monitor",
    ] {
        text(words).execute(&engine).await.unwrap();
    }
    let schema: String = text("SELECT current_schema()").columns::<String>().one(&engine).await.unwrap();
    text(format!("GRANT USAGE ON SCHEMA \"{schema}\" TO pg_monitor")).execute(&engine).await.unwrap();
    let events = SessionEvents::new().after_begin(|connection, info| {
        Box::pin(async move {
            let CurrentUser(id) = info.get().ok_or_else(|| Error::other("whose request is it?"))?;
            connection.execute(text("SET LOCAL ROLE pg_monitor")).await?;
            let set = text("SELECT set_config('app.user_id', :id, true)").bind("id", id.to_string());
            connection.execute(set).await.map(drop)
        })
    });
    let sessions = SessionMaker::new(&engine).events(events);
    let of = |user: i64| {
        let mut session = sessions.session();
        session.set_info(CurrentUser(user));
        session
    };
    let (mut ed, mut wendy) = (of(1), of(2));
    let first = ed.add(Letter { id: 1, owner: 1, text: "of ed".into() });
    ed.commit().await.unwrap();
    wendy.add(Letter { id: 2, owner: 2, text: "of wendy".into() });
    wendy.commit().await.unwrap();

    assert_eq!(ed.scalars(select(Letter.text)).await.unwrap(), ["of ed"]);
    assert_eq!(wendy.scalars(select(Letter.text)).await.unwrap(), ["of wendy"]);
    assert_eq!(select(Letter).count(ed.connection().await.unwrap()).await.unwrap(), 1);
    assert_eq!(wendy.get(Letter, 1).await.unwrap(), None);
    ed.commit().await.unwrap();
    assert_eq!(ed.scalars(select(Letter.text)).await.unwrap(), ["of ed"], "in the next transaction too");
    ed[first].text = "changed".into();
    ed.commit().await.unwrap();
    wendy.add(Letter { id: 3, owner: 1, text: "forged".into() });
    let error = wendy.commit().await.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");

    let error = sessions.session().query(Letter).all().await.unwrap_err();
    assert!(error.to_string().contains("whose request is it?"), "{error}");
    let all: Vec<String> = select(Letter.text).order_by(Letter.id).all(&engine).await.unwrap();
    assert_eq!(all, ["changed", "of wendy"], "the pool's connections are as they were");
}

// ------------------------------------------------------------------------------------------------- what is noted

#[tokio::test]
async fn listeners_read_what_is_noted_of_a_session() {
    struct Named(&'static str);
    #[derive(Debug, PartialEq)]
    struct Region(u8);
    let engine = engine().await;
    insert(User).values(["ed", "wendy"].map(|name| User::builder().name(name))).execute(&engine).await.unwrap();
    let events = SessionEvents::new()
        .before_statement(|statement| {
            let Some(Named(name)) = statement.info() else { return Ok(()) };
            statement.filter(User, User.name.eq(*name))
        })
        .before_flush(|session| {
            session.info::<Region>().map(drop).ok_or_else(|| Error::other("nobody says where this is"))
        });
    let sessions = SessionMaker::new(&engine).events(events).info(Named("ed"));
    let names = async |session: &mut Session| session.scalars(select(User.name).order_by(User.name)).await.unwrap();
    let (mut first, mut second) = (sessions.session(), sessions.session());
    second.set_info(Named("wendy"));
    second.set_info(Region(7));
    assert_eq!(names(&mut first).await, ["ed"]);
    assert_eq!(names(&mut second).await, ["wendy"]);
    assert_eq!((first.info::<Region>(), second.info()), (None, Some(&Region(7))));
    assert_eq!(names(&mut Session::new(&engine)).await, ["ed", "wendy"]);

    first.add(User::builder().name("jack"));
    assert!(first.flush().await.unwrap_err().to_string().contains("nobody says where this is"));
    second.add(User::builder().name("jack"));
    second.commit().await.unwrap();
    assert_eq!(select(User).filter(User.name.eq("jack")).count(&engine).await.unwrap(), 1);
    assert_eq!(second.scalar(select(func::count(User.id))).await.unwrap(), Some(1));
}
