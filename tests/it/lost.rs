//! What a session makes of a transaction that is lost while a savepoint is open, of statements that are dropped, and of
//! connections that have died in the pool: nothing that was done before is believed to be there still.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orm::prelude::*;
use orm::{Connection, Dialect, ErrorKind, Handle, JoinMode, ResetOnReturn, update};

use crate::faults::{kill, polled};
use crate::only;
use crate::support::{Address, Node, User, dialect, empty_engine_with, engine, session, two_users};

/// Asserts that a session does nothing more before a rollback, after which there is nothing of its transaction.
async fn assert_waits_for_rollback(session: &mut Session, what: &str) {
    let is_pending = |error: Error| assert_eq!(*error.kind(), ErrorKind::PendingRollback, "{what}: {error}");
    is_pending(session.flush().await.unwrap_err());
    is_pending(session.query(Node).count().await.unwrap_err());
    is_pending(session.commit().await.unwrap_err());
    session.rollback().await.unwrap();
    session.commit().await.unwrap();
}

/// The database rolls back by itself.
#[tokio::test]
async fn a_rollback_is_done_where_the_connection_is_gone() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(2)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    for is_noticed in [true, false] {
        let mut session = Session::new(&engine);
        let node = session.add(Node::builder().name("kept"));
        kill(session.connection().await.unwrap()).await;
        if is_noticed {
            assert!(session.query(Node).count().await.unwrap_err().is_disconnect());
        }
        session.rollback().await.unwrap();
        assert!(!session.in_transaction());
        assert_eq!(select(Node).count(&engine).await.unwrap(), 0);
        session.add_again(node).unwrap();
        session.commit().await.unwrap();
        assert_eq!(delete(Node).execute(&engine).await.unwrap(), 1);

        let mut connection = engine.connect().await.unwrap();
        insert(Node).values(Node::builder().name("lost")).execute(&mut connection).await.unwrap();
        kill(&mut connection).await;
        if is_noticed {
            assert!(select(Node).count(&mut connection).await.unwrap_err().is_disconnect());
        }
        connection.rollback().await.unwrap();
        assert!(!connection.in_transaction());
        drop(connection);
        assert_eq!(select(Node).count(&engine).await.unwrap(), 0);
    }
}

// ------------------------------------------------------------------------------------------------ savepoints

#[tokio::test]
async fn a_savepoint_does_not_outlive_a_flush_that_was_dropped_in_it() {
    let engine = engine().await;
    for (times, way) in (1..4).flat_map(|times| (0..3).map(move |way| (times, way))) {
        let what = format!("{times} polls, way {way}");
        let mut session = Session::new(&engine);
        let before = session.add(Node::builder().name("before"));
        let mut outer = session.begin_nested().await.unwrap();
        let mut inner = outer.begin_nested().await.unwrap();
        inner.add(User::builder().name("inside").addresses([Address::builder().email("n")]));
        if polled(inner.flush(), times).await.is_some() {
            continue; // A server may be that quick.
        }
        match way {
            0 => {
                assert_eq!(*inner.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback, "{what}");
                assert_eq!(*inner.rollback().await.unwrap_err().kind(), ErrorKind::PendingRollback, "{what}");
                assert_eq!(*outer.rollback().await.unwrap_err().kind(), ErrorKind::PendingRollback, "{what}");
            }
            1 => {
                assert_eq!(*inner.rollback().await.unwrap_err().kind(), ErrorKind::PendingRollback, "{what}");
                drop(outer);
            }
            _ => {
                drop(inner);
                drop(outer);
            }
        }
        session.add(Node::builder().name("after"));
        assert_waits_for_rollback(&mut session, &what).await;
        assert_eq!(session.state(before).unwrap(), orm::ObjectState::Transient, "{what}");
        assert_eq!(select(Node).count(&engine).await.unwrap(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_savepoint_does_not_outlive_its_connection() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(2)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    for is_dropped in [false, true] {
        let mut session = Session::new(&engine);
        let before = session.add(Node::builder().name("before"));
        let mut inner = session.begin_nested().await.unwrap();
        inner.add(Node::builder().name("inside"));
        kill(inner.connection().await.unwrap()).await;
        inner.add(Node::builder().name("lost"));
        assert!(inner.flush().await.unwrap_err().is_disconnect());
        match is_dropped {
            false => assert_eq!(*inner.rollback().await.unwrap_err().kind(), ErrorKind::PendingRollback),
            true => drop(inner),
        }
        session.add(Node::builder().name("after"));
        assert_waits_for_rollback(&mut session, "killed").await;
        assert_eq!(select(Node).count(&engine).await.unwrap(), 0);
        session.add_again(before).unwrap();
        session.commit().await.unwrap();
        assert_eq!(select(Node.name).all(&engine).await.unwrap(), ["before"]);
        delete(Node).execute(&engine).await.unwrap();
    }
}

/// A deadlock takes the whole transaction on MariaDB and MySQL, the savepoint and what was before it.
#[tokio::test]
async fn a_savepoint_does_not_outlive_a_deadlock() {
    only!(MariaDb | MySql);
    for is_flushed in [false, true] {
        let engine = engine().await;
        two_users(&engine).await;
        let mut other = engine.connect().await.unwrap();
        let rename = |name: &str| update(User).set(User.fullname, "theirs").filter(User.name.eq(name));
        // Who has changed less is the one to go.
        insert(Node)
            .values((0..50).map(|_| Node::builder().name("theirs")).collect::<Vec<_>>())
            .execute(&mut other)
            .await
            .unwrap();
        rename("wendy").execute(&mut other).await.unwrap();
        let mut session = Session::new(&engine);
        let [ed, wendy] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
        session[ed].fullname = Some("before".into());
        let mut inner = session.begin_nested().await.unwrap();
        let theirs = tokio::spawn(async move {
            rename("ed").execute(&mut other).await?;
            other.commit().await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let error = if is_flushed {
            inner[wendy].fullname = Some("lost".into());
            inner.flush().await.unwrap_err()
        } else {
            inner.execute(rename("wendy")).await.unwrap_err()
        };
        assert!(error.is_retryable(), "{error}");
        theirs.await.unwrap().unwrap();
        assert_eq!(*inner.rollback().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        session.add(Node::builder().name("after"));
        for _ in 0..2 {
            assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
            assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        }
        session.rollback().await.unwrap();
        session.get_one(User, 1).await.unwrap();
        assert_eq!(session[ed].fullname.as_deref(), Some("theirs"));
        assert_eq!(select(Node).filter(Node.name.eq("after")).count(&engine).await.unwrap(), 0);
    }
}

/// Nothing is asked of the session between.
#[tokio::test]
async fn a_savepoint_that_was_dropped_is_undone_by_what_ends_the_transaction() {
    let (engine, mut session) = session().await;
    session.add(Node::builder().name("before"));
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(Node::builder().name("inside"));
    inner.flush().await.unwrap();
    drop(inner);
    session.commit().await.unwrap();
    assert_eq!(select(Node.name).all(&engine).await.unwrap(), ["before"]);
    // The owner of a lent connection gets it back without the savepoint.
    let mut connection = engine.connect().await.unwrap();
    insert(Node).values(Node::builder().name("outer")).execute(&mut connection).await.unwrap();
    let mut session = Session::join(connection, JoinMode::RollbackOnly);
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(Node::builder().name("inside"));
    inner.flush().await.unwrap();
    drop(inner);
    session.close().await.unwrap();
    let mut connection = session.into_connection().await.unwrap();
    connection.commit().await.unwrap();
    assert_eq!(select(Node.name).order_by(Node.id).all(&engine).await.unwrap(), ["before", "outer"]);
}

/// Whatever the pool does with connections that come back.
#[tokio::test]
async fn what_a_dropped_session_has_not_committed_is_rolled_back_where_the_pool_commits() {
    for reset in [ResetOnReturn::Commit, ResetOnReturn::Rollback, ResetOnReturn::None] {
        let engine = empty_engine_with(|settings| settings.pool_size(1).pool_reset_on_return(reset)).await;
        metadata![Node].create_all(&engine).await.unwrap();
        for times in 0..5 {
            let mut session = Session::new(&engine);
            session.add(Node::builder().name("lost"));
            session.flush().await.unwrap();
            session.add(Node::builder().name("dropped").children([Node::builder().name("child")]));
            if times > 0 {
                _ = polled(session.flush(), times).await;
            }
            drop(session);
            let mut session = Session::new(&engine);
            assert_eq!(session.query(Node).count().await.unwrap(), 0, "{reset:?}, {times} polls");
            session.rollback().await.unwrap();
            assert_eq!(select(Node).count(&engine).await.unwrap(), 0, "{reset:?}, {times} polls");
        }
    }
}

// ------------------------------------------------------------------------------------------------ dropped futures

/// What a session is in the middle of when its future is dropped.
async fn change(session: &mut Session, ed: Handle<User>, way: usize) {
    let rename = update(User).set(User.fullname, "changed").filter(User.id.gt(0));
    match way {
        0 => _ = session.execute(rename).await.unwrap(),
        1 => _ = session.execute_with(rename, orm::Synchronize::Fetch).await.unwrap(),
        2 if matches!(session.engine().dialect(), Dialect::MySql | Dialect::MariaDb) => {} // They give no rows of an UPDATE.
        2 => _ = session.all(rename.returning(User)).await.unwrap(),
        3 => {
            let values = [User { fullname: Some("changed".into()), ..session[ed].clone() }];
            assert_eq!(session.bulk_update(User.fullname, values).await.unwrap(), 1);
        }
        4 => session.delete(ed).await.unwrap(),
        5 => drop(session.begin_nested().await.unwrap()),
        _ => {
            let mut inner = session.begin_nested().await.unwrap();
            inner[ed].fullname = Some("changed".into());
            inner.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_changes_rows_and_is_dropped_waits_for_a_rollback() {
    let engine = engine().await;
    two_users(&engine).await;
    for way in 0..7 {
        for times in 1.. {
            let what = format!("way {way}, {times} polls");
            let mut session = Session::new(&engine);
            let before = session.add(Node::builder().name("before"));
            let [ed, _] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
            if polled(change(&mut session, ed, way), times).await.is_some() {
                break;
            }
            let error = session.flush().await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::PendingRollback, "{what}: {error}");
            assert!(error.to_string().contains("was cut off by its future being dropped"), "{error}");
            assert_waits_for_rollback(&mut session, &what).await;
            assert_eq!(session.state(before).unwrap(), orm::ObjectState::Transient, "{what}");
            assert!(session.deleted().is_empty(), "{what}");
            session.get_one(User, 1).await.unwrap();
            assert_eq!(session[ed].fullname.as_deref(), Some("Ed Jones"), "{what}");
            assert_eq!(select(Node).count(&engine).await.unwrap(), 0, "{what}");
            assert!(times < 1000, "{what}: it never ends");
        }
    }
}

#[tokio::test]
async fn a_session_goes_on_after_a_beginning_that_was_dropped() {
    let engine = empty_engine_with(|settings| match dialect() {
        Dialect::Sqlite => settings.connect_arg("threading", "blocking"),
        _ => settings,
    });
    let engine = engine.await;
    metadata![Node].create_all(&engine).await.unwrap();
    insert(Node).values(Node::builder().name("one")).execute(&engine).await.unwrap();
    for locks in [false, true] {
        let mut session = Session::new(&engine);
        let node = session.get_one(Node, 1).await.unwrap();
        session.commit().await.unwrap();
        match locks {
            true => _ = polled(session.get_for_update(Node, 1), 1).await,
            false => _ = polled(session.get_one(Node, 1), 1).await,
        }
        if session.in_transaction() {
            session.rollback().await.unwrap(); // A server may be that quick.
        }
        assert_eq!(session.get_one(Node, 1).await.unwrap(), node);
        session[node].name.push('!');
        session.commit().await.unwrap();
    }
    assert_eq!(select(Node.name).all(&engine).await.unwrap(), ["one!!"]);
}

/// MariaDB and MySQL do not tell what is left of an answer: the connection goes, and the transaction with it.
#[tokio::test]
async fn after_a_query_that_was_dropped_the_transaction_goes_on_or_says_that_it_is_gone() {
    let engine = engine().await;
    two_users(&engine).await;
    for times in 1.. {
        let what = format!("{times} polls");
        let mut session = Session::new(&engine);
        let ed = session.get_one(User, 1).await.unwrap();
        session[ed].fullname = Some(what.clone());
        session.flush().await.unwrap();
        let is_done = polled(session.query(User).options(selectinload(User.addresses)).all(), times).await.is_some();
        let is_kept = match session.load(ed, User.addresses).await {
            Ok(()) => {
                assert_eq!(session[ed].addresses.len(), 2, "{what}");
                session.commit().await.unwrap();
                true
            }
            Err(error) => {
                assert!(error.is_disconnect() && !is_done, "{error}");
                let error = session.commit().await.unwrap_err();
                assert_eq!(*error.kind(), ErrorKind::Disconnected, "{what}: COMMIT was not sent: {error}");
                assert_waits_for_rollback(&mut session, &what).await;
                false
            }
        };
        let kept = select(User).filter(User.fullname.eq(what.as_str())).count(&engine).await.unwrap();
        assert_eq!(kept, u64::from(is_kept), "{what}");
        session.get_one(User, 1).await.unwrap();
        assert_eq!(session[ed].fullname.as_ref() == Some(&what), is_kept);
        if is_done {
            break;
        }
        assert!(times < 1000, "it never ends");
    }
}

/// What could be read of its members is not deleted alone.
#[tokio::test]
async fn a_delete_that_cannot_read_all_members_deletes_nothing() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    session.commit().await.unwrap();
    text("ALTER TABLE user_keywords RENAME TO elsewhere").execute(&engine).await.unwrap();
    assert!(session.delete(ed).await.is_err());
    assert!(session.deleted().is_empty());
    session.rollback().await.unwrap();
    text("ALTER TABLE elsewhere RENAME TO user_keywords").execute(&engine).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((select(User).count(&engine).await.unwrap(), select(Address).count(&engine).await.unwrap()), (2, 3));
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((select(User).count(&engine).await.unwrap(), select(Address).count(&engine).await.unwrap()), (1, 1));
}

// ------------------------------------------------------------------------------------------------ connections

#[tokio::test]
async fn a_session_does_not_go_on_elsewhere_when_its_lent_connection_is_gone() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    for mode in [JoinMode::CreateSavepoint, JoinMode::RollbackOnly, JoinMode::ControlFully] {
        let mut connection = engine.connect().await.unwrap();
        insert(Node).values(Node::builder().name("outer")).execute(&mut connection).await.unwrap();
        let mut session = Session::join(connection, mode);
        while polled(session.flush(), 1).await.is_some() {
            session.add(Node::builder().name("lost")); // A server may be quick.
        }
        assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        session.rollback().await.unwrap();
        session.add(Node::builder().name("after"));
        let error = session.commit().await.unwrap_err();
        let message = "the connection that was lent to the session is gone, and its transaction was rolled back";
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Disconnected, message), "{mode:?}");
        session.rollback().await.unwrap();
        assert!(session.into_connection().await.is_err());
        assert_eq!(select(Node).count(&engine).await.unwrap(), 0, "{mode:?}");
    }
}

/// Has the server end every connection that lies idle in the pool.
async fn kill_idle(engine: &Engine) {
    let admin = Engine::new(&engine.url().to_string()).unwrap();
    let mut lent: Vec<Connection> = Vec::new();
    for _ in 0..3 {
        lent.push(engine.connect().await.unwrap());
    }
    for connection in &mut lent {
        let word =
            if dialect() == Dialect::Postgres { "SELECT pg_backend_pid()::bigint" } else { "SELECT connection_id()" };
        let id = text(word).columns::<i64>().one(&mut *connection).await.unwrap();
        connection.rollback().await.unwrap();
        let kill = if dialect() == Dialect::Postgres { "SELECT pg_terminate_backend" } else { "KILL" };
        text(format!("{kill}({id})")).execute(&admin).await.unwrap();
    }
    drop(lent);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(engine.pool().status().idle, 3);
}

#[tokio::test]
async fn a_transaction_that_is_to_begin_on_a_dead_connection_begins_on_another() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(3)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    kill_idle(&engine).await;
    let mut session = Session::new(&engine);
    session.add(Node::builder().name("one"));
    session.commit().await.unwrap();
    assert_eq!(session.query(Node).count().await.unwrap(), 1);
    session.close().await.unwrap();
    kill_idle(&engine).await;
    let runs = AtomicU32::new(0);
    engine
        .transaction(async |session| {
            runs.fetch_add(1, Ordering::SeqCst);
            session.add(Node::builder().name("two"));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(select(Node.name).order_by(Node.name).all(&engine).await.unwrap(), ["one", "two"]);
}

// ------------------------------------------------------------------------------------------------ in the server

/// Locks the rows of two users one after the other, and gives up waiting for the second.
async fn give_up_between(session: &mut Session) {
    let waiting = async {
        session.get_for_update(User, 1).await.unwrap();
        session.get_for_update(User, 2).await
    };
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
}

#[tokio::test]
async fn what_was_given_up_keeps_no_locks() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    two_users(&engine).await;
    let mut holder = Session::new(&engine);
    holder.get_for_update(User, 2).await.unwrap();
    for is_rolled_back in [false, true] {
        let mut given_up = Session::new(&engine);
        give_up_between(&mut given_up).await;
        let go_on = async {
            // The server would wait on for a minute, or without end.
            if is_rolled_back {
                given_up.rollback().await.unwrap();
                assert_eq!(given_up.query(User).count().await.unwrap(), 2);
            }
            drop(given_up);
            let mut next = Session::new(&engine);
            next.get_for_update(User, 1).await.unwrap();
            next.rollback().await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(20), go_on).await.expect("the lock is held by nobody");
    }
    holder.rollback().await.unwrap();
}

#[tokio::test]
async fn an_update_that_was_given_up_while_it_waited_is_not_carried_out() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    two_users(&engine).await;
    let mut holder = Session::new(&engine);
    holder.get_for_update(User, 1).await.unwrap();
    let renaming = update(User).set(User.name, "given up").filter(User.id.eq(1)).execute(&engine);
    assert!(tokio::time::timeout(Duration::from_millis(100), renaming).await.is_err());
    let running = match engine.dialect() {
        Dialect::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'UPDATE users%'"
        }
        _ => "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE users%'",
    };
    let told = async {
        while text(running).columns::<i64>().one(&engine).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("the statement goes on in the server");
    holder.rollback().await.unwrap();
    let mut next = Session::new(&engine);
    let first = next.get_for_update(User, 1).await.unwrap().unwrap(); // behind whoever waited before
    assert_eq!(next[first].name, "ed");
}

#[test]
fn an_engine_outlives_the_runtimes_in_which_it_connects() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime().block_on(async {
        let engine = engine().await;
        two_users(&engine).await;
        engine
    });
    for _ in 0..6 {
        assert_eq!(runtime().block_on(select(User).count(&engine)).unwrap(), 2);
        runtime().block_on(async {
            let mut session = Session::new(&engine);
            let ed = session.get_one(User, 1).await.unwrap();
            session[ed].active = !session[ed].active;
            session.commit().await.unwrap();
        });
    }
    runtime().block_on(engine.dispose());
}
