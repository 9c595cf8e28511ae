//! An engine's pool: its classes and limits, and listeners to its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use orm::prelude::*;
use orm::{Dialect, PoolClass, SessionMaker, text};

use crate::faults::polled;
use crate::support::{Node, dialect, empty_engine_with};

async fn one(engine: &Engine) -> i64 {
    text("SELECT 40 + 2").columns::<i64>().one(engine).await.unwrap()
}

/// Waits until all connections are home: what takes a round trip is done in the background.
async fn come_home(engine: &Engine) {
    for _ in 0..2000 {
        if engine.pool().status().checked_out == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("{:?}", engine.pool().status());
}

#[tokio::test]
async fn a_listener_to_new_connections_settles_what_they_are_like() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let (set, ask) = match dialect() {
        Dialect::Sqlite => ("PRAGMA cache_size = 1234", "PRAGMA cache_size"),
        Dialect::Postgres => ("SET extra_float_digits = 2", "SELECT current_setting('extra_float_digits')::int8"),
        _ => ("SET SESSION lock_wait_timeout = 1234", "SELECT @@SESSION.lock_wait_timeout"),
    };
    let connected = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connected);
    engine.pool().on_connect(move |connection| {
        let count = Arc::clone(&count);
        Box::pin(async move {
            connection.info().insert(count.fetch_add(1, Ordering::SeqCst) + 1);
            connection.execute(set).await
        })
    });
    for round in 1..=2 {
        let kept = text(ask).columns::<i64>().one(&engine).await.unwrap();
        assert_eq!(kept, if dialect() == Dialect::Postgres { 2 } else { 1234 });
        one(&engine).await;
        come_home(&engine).await;
        assert_eq!(connected.load(Ordering::SeqCst), round);
        engine.pool().invalidate();
    }
}

#[tokio::test]
async fn a_listener_to_checkouts_may_refuse_a_connection() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    engine.pool().on_checkout(move |connection| {
        let count = Arc::clone(&count);
        Box::pin(async move {
            assert_eq!(connection.scalar::<i64>("SELECT 1").await?, Some(1));
            match count.fetch_add(1, Ordering::SeqCst) {
                1 => Err(connection.disconnect("not this one")),
                4 => Err(Error::other("no connections on Sundays")),
                _ => Ok(()),
            }
        })
    });
    let closed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&closed);
    engine.pool().on_invalidate(move |connection| {
        assert!(connection.error().is_some());
        count.fetch_add(1, Ordering::SeqCst);
    });
    for _ in 0..3 {
        assert_eq!(one(&engine).await, 42);
    }
    let error = text("SELECT 1").columns::<i64>().one(&engine).await.unwrap_err();
    assert_eq!(error.to_string(), "no connections on Sundays");
    assert_eq!((asked.load(Ordering::SeqCst), closed.load(Ordering::SeqCst)), (5, 2));
}

#[tokio::test]
async fn what_is_not_committed_is_rolled_back_whatever_listens() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    text("CREATE TABLE notes (id INT PRIMARY KEY)").execute(&engine).await.unwrap();
    let seen = Arc::new(AtomicU32::new(0));
    let (resets, checkins) = (Arc::clone(&seen), Arc::clone(&seen));
    engine.pool().on_reset(move |connection| {
        let resets = Arc::clone(&resets);
        Box::pin(async move {
            // It comes before the rollback.
            assert_eq!(connection.scalar::<i64>("SELECT COUNT(*) FROM notes").await?, Some(1));
            resets.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    });
    engine.pool().on_checkin(move |_| _ = checkins.fetch_add(100, Ordering::SeqCst));
    let mut connection = engine.connect().await.unwrap();
    text("INSERT INTO notes VALUES (1)").execute(&mut connection).await.unwrap();
    drop(connection);
    come_home(&engine).await;
    assert_eq!(seen.load(Ordering::SeqCst), 101);
    let mut connection = engine.connect().await.unwrap();
    let left = text("SELECT COUNT(*) FROM notes").columns::<i64>().one(&mut connection).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_singleton_pool_serves_a_session() {
    let engine = empty_engine_with(|settings| settings.pool_class(PoolClass::Singleton)).await;
    text("CREATE TABLE notes (id INT PRIMARY KEY)").execute(&engine).await.unwrap();
    for id in 1..=3 {
        text("INSERT INTO notes VALUES (:id)").bind("id", id).execute(&engine).await.unwrap();
    }
    let count = text("SELECT COUNT(*) FROM notes").columns::<i64>().one(&engine).await.unwrap();
    assert_eq!(count, 3);
    come_home(&engine).await;
    assert_eq!(engine.pool().status().idle, 1);
}

#[derive(Debug, PartialEq)]
struct Note(&'static str);

#[tokio::test]
async fn a_connection_can_be_noted_replaced_and_taken_out_of_the_pool() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let mut connection = engine.connect().await.unwrap();
    connection.info().insert(Note("connection"));
    connection.record_info().insert(Note("place"));
    drop(connection);
    let mut connection = engine.connect().await.unwrap();
    assert_eq!(connection.info().get(), Some(&Note("connection")));
    connection.soft_invalidate();
    assert_eq!(text("SELECT 1").columns::<i64>().one(&mut connection).await.unwrap(), 1);
    drop(connection);
    let mut connection = engine.connect().await.unwrap();
    assert_eq!(connection.info().get::<Note>(), None);
    assert!(!connection.is_detached());
    assert_eq!(connection.record_info().get(), Some(&Note("place")));

    connection.detach();
    assert!(connection.is_detached());
    let mut other = engine.connect().await.unwrap();
    for connection in [&mut connection, &mut other] {
        assert_eq!(text("SELECT 1").columns::<i64>().one(connection).await.unwrap(), 1);
    }
    drop(connection);
    assert_eq!((engine.pool().status().checked_out, engine.pool().status().idle), (1, 0));
}

async fn a_handler_that_forgets(engine: &Engine) -> orm::Connection {
    engine.connect().await.unwrap()
}

#[tokio::test]
async fn an_exhausted_pool_says_who_has_its_connections() {
    let patience = std::time::Duration::from_millis(50);
    let engine =
        empty_engine_with(|settings| settings.pool_size(1).max_overflow(0).pool_timeout(patience).pool_trace(true))
            .await;
    let _held = a_handler_that_forgets(&engine).await;
    let error = one_or_error(&engine).await.unwrap_err();
    let message = error.to_string();
    let first = "QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 0.05";
    assert_eq!(message.lines().next(), Some(first));
    let second = message.lines().nth(1).unwrap();
    assert!(second.starts_with("1 connection is checked out; the oldest for 0."), "{message}");
    assert!(second.split(" < ").next().unwrap().contains("tests/it/pool.rs:"), "{message}");
    assert!(second.split(" < ").count() > 2, "{message}");
}

/// A session connects in the middle of the library, so the place is that where it was made.
#[tokio::test]
async fn an_exhausted_pool_says_where_the_sessions_were_made_that_have_its_connections() {
    let patience = std::time::Duration::from_millis(50);
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0).pool_timeout(patience)).await;
    let line = line!() + 1;
    for mut session in [Session::new(&engine), SessionMaker::new(&engine).session()] {
        session.begin().await.unwrap();
        let message = one_or_error(&engine).await.unwrap_err().to_string();
        assert!(message.contains(&format!("tests/it/pool.rs:{line}:")), "{message}");
    }
    let line = line!() + 1;
    let work = engine.transaction(async |_: &mut Session| one_or_error(&engine).await);
    let message = work.await.unwrap_err().to_string();
    assert!(message.contains(&format!("tests/it/pool.rs:{line}:")), "{message}");
}

/// What an engine runs by itself takes a connection in the middle of the library too.
#[tokio::test]
async fn an_exhausted_pool_says_which_statements_have_its_connections() {
    let patience = std::time::Duration::from_millis(50);
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0).pool_timeout(patience)).await;
    let two = text("SELECT 1 UNION ALL SELECT 2");
    let stream = async |engine: &Engine| {
        let line = line!() + 1;
        let stream = engine.stream(two.clone().columns::<i64>()).await.unwrap();
        (line, stream)
    };
    for is_warm in [false, true] {
        let (line, held) = stream(&engine).await;
        let message = one_or_error(&engine).await.unwrap_err().to_string();
        assert!(message.contains(&format!("tests/it/pool.rs:{line}:")), "{is_warm}: {message}");
        drop(held);
    }
    let sessions = orm::ScopedSession::new(SessionMaker::new(&engine));
    let line = line!() + 1;
    let mut session = sessions.lend().unwrap();
    session.begin().await.unwrap();
    let message = one_or_error(&engine).await.unwrap_err().to_string();
    assert!(message.contains(&format!("tests/it/pool.rs:{line}:")), "{message}");
    session.rollback().await.unwrap();
    drop(session);

    // Each of them is waited for: on a thread of its own, or by a server.
    let engine = empty_engine_with(|settings| {
        let settings = settings.pool_size(1).max_overflow(0).pool_timeout(patience);
        if dialect() == Dialect::Sqlite { settings.connect_arg("threading", "blocking") } else { settings }
    });
    let engine = engine.await;
    metadata![Node].create_all(&engine).await.unwrap();
    let insert = || insert(Node).values(Node::builder().name("n"));
    let mut chunks = select(Node).yield_per(1);
    let mut reader = &engine;
    let line = line!() + 1;
    let works: [Work<'_>; 9] = [
        Box::pin(done(select(Node).all(&engine))),
        Box::pin(done(select(Node).first(&engine))),
        Box::pin(done(select(Node).one_or_none(&engine))),
        Box::pin(done(select(Node.id).scalar(&engine))),
        Box::pin(done(select(Node).count(&engine))),
        Box::pin(done(text("SELECT id FROM nodes").columns::<i64>().all(&engine))),
        Box::pin(done(insert().execute(&engine))),
        Box::pin(done(text("SELECT 1").execute(reader.again()))),
        Box::pin(done(chunks.next(&engine))),
    ];
    for (line, mut work) in (line + 1..).zip(works) {
        // A server may be so quick that there is nothing to be seen.
        if polled(&mut work, 1).await.is_none() {
            let message = one_or_error(&engine).await.unwrap_err().to_string();
            assert!(message.contains(&format!("tests/it/pool.rs:{line}:")), "{message}");
            work.await;
        }
    }
}

type Work<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

async fn done<T>(work: impl Future<Output = Result<T, Error>>) {
    work.await.map(|_| ()).unwrap();
}

async fn one_or_error(engine: &Engine) -> Result<i64, Error> {
    text("SELECT 40 + 2").columns::<i64>().one(engine).await
}
