//! What sessions and connections make of transactions that go wrong halfway: statements that fail in savepoints, a transaction
//! that ends under a savepoint, connections that are lost or lent.

use orm::prelude::*;
use orm::{Connection, Dialect, ErrorKind, ExecutionOptions, IsolationLevel, JoinMode, ObjectState, SessionMaker};

use crate::faults::kill;
use crate::only;
use crate::support::{Address, User, dialect, empty_engine_with, engine, session, two_users};

async fn names(engine: &Engine) -> Vec<String> {
    select(User.name).order_by(User.id).all(engine).await.unwrap()
}

// ------------------------------------------------------------------------------------------------ savepoints

#[tokio::test]
async fn a_savepoint_in_which_a_statement_has_failed_is_kept_or_undone_and_the_transaction_goes_on() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    session.add(User::builder().name("outer"));
    let mut inner = session.begin_nested().await.unwrap();
    let new = inner.add(User::builder().name("inner"));
    inner.flush().await.unwrap();
    let twin = insert(User).values(User::builder().name("ed"));
    assert!(inner.execute(twin).await.unwrap_err().is_unique_violation());
    let done = inner.commit().await;
    // PostgreSQL refuses everything after a failure but to undo the savepoint.
    let is_kept = dialect() != Dialect::Postgres;
    assert_eq!(done.is_ok(), is_kept, "{done:?}");
    session.add(User::builder().name("later"));
    session.commit().await.unwrap();
    let expected = if is_kept { ObjectState::Persistent } else { ObjectState::Transient };
    assert_eq!(session.state(new).unwrap(), expected);
    let expected = ["ed", "wendy", "outer", "inner", "later"].into_iter().filter(|&name| is_kept || name != "inner");
    assert_eq!(names(&engine).await, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_savepoint_in_a_savepoint_in_which_a_statement_has_failed_is_undone_alone() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut outer = session.begin_nested().await.unwrap();
    outer.add(User::builder().name("outer"));
    let mut inner = outer.begin_nested().await.unwrap();
    inner.add(User::builder().name("inner"));
    inner.flush().await.unwrap();
    let twin = insert(User).values(User::builder().name("ed"));
    assert!(inner.execute(twin).await.unwrap_err().is_unique_violation());
    drop(inner);
    outer.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed", "wendy", "outer"]);
}

/// A function that knows nothing of savepoints.
async fn service(session: &mut Session, is_fine: bool) -> Result<(), Error> {
    session.add(User::builder().name("served"));
    session.flush().await?;
    if is_fine { session.commit().await } else { session.rollback().await }
}

#[tokio::test]
async fn a_savepoint_whose_transaction_has_ended_is_closed_and_says_so() {
    let (engine, mut session) = session().await;
    for (is_fine, commits) in [(true, true), (true, false), (false, true), (false, false)] {
        session.add(User::builder().name(format!("outer {is_fine} {commits}")));
        let mut inner = session.begin_nested().await.unwrap();
        service(&mut inner, is_fine).await.unwrap();
        assert!(!inner.in_transaction());
        // A new transaction has begun, which is not the savepoint's either.
        inner.query(User).count().await.unwrap();
        let done = if commits { inner.commit().await } else { inner.rollback().await };
        let error = done.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
        let message = "this savepoint is closed, since its transaction has been committed or rolled back";
        assert_eq!(error.message(), message);
        session.execute(delete(User).filter(User.name.eq("served"))).await.unwrap();
        session.commit().await.unwrap();
    }
    assert_eq!(names(&engine).await, ["outer true true", "outer true false"]);
}

#[tokio::test]
async fn a_dropped_savepoint_whose_transaction_has_ended_undoes_nothing_of_the_next() {
    let (engine, mut session) = session().await;
    let mut inner = session.begin_nested().await.unwrap();
    service(&mut inner, true).await.unwrap();
    inner.add(User::builder().name("next"));
    inner.flush().await.unwrap();
    drop(inner);
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["served", "next"]);
}

// ------------------------------------------------------------------------------------------------ lent connections

/// Who has begun the transaction of a lent connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    BySession,
    ByOwner,
}

/// How a session ends its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    Close,
    Rollback,
    Nothing,
}

#[tokio::test]
async fn a_lent_connection_comes_back_as_the_mode_says_whoever_began_and_however_it_ends() {
    use JoinMode::{ConditionalSavepoint, ControlFully, CreateSavepoint, RollbackOnly};
    for mode in [ConditionalSavepoint, CreateSavepoint, ControlFully, RollbackOnly] {
        for begun in [Begun::BySession, Begun::ByOwner] {
            for end in [End::Commit, End::Close, End::Rollback, End::Nothing] {
                let what = format!("{mode:?}, begun {begun:?}, {end:?}");
                let engine = engine().await;
                let mut connection = engine.connect().await.unwrap();
                if begun == Begun::ByOwner {
                    insert(User).values(User::builder().name("owner")).execute(&mut connection).await.unwrap();
                }
                let mut session = Session::join(connection, mode);
                session.add(User::builder().name("session"));
                session.flush().await.unwrap();
                match end {
                    End::Commit => session.commit().await.unwrap(),
                    End::Close => session.close().await.unwrap(),
                    End::Rollback => session.rollback().await.unwrap(),
                    End::Nothing => {}
                }
                let mut connection = session.into_connection().await.unwrap();
                let is_rollback_only = matches!(mode, ConditionalSavepoint | RollbackOnly);
                let is_open = begun == Begun::ByOwner
                    && match end {
                        End::Commit | End::Close => mode != ControlFully,
                        End::Rollback => mode == CreateSavepoint,
                        End::Nothing => true,
                    };
                assert_eq!(connection.in_transaction(), is_open, "{what}");
                connection.commit().await.unwrap();
                let expected: &[&str] = match (begun, end) {
                    (Begun::BySession, End::Commit) => &["session"],
                    (Begun::BySession, _) => &[],
                    (Begun::ByOwner, End::Commit) => &["owner", "session"],
                    // What the session has flushed is its owner's to keep or to undo.
                    (Begun::ByOwner, End::Close | End::Nothing) if is_rollback_only => &["owner", "session"],
                    (Begun::ByOwner, End::Nothing) if mode == ControlFully => &["owner", "session"],
                    (Begun::ByOwner, End::Close) if mode == ControlFully => &[],
                    (Begun::ByOwner, End::Rollback) if mode != CreateSavepoint => &[],
                    (Begun::ByOwner, _) => &["owner"],
                };
                assert_eq!(names(&engine).await, expected, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_joined_session_commits_what_it_has_begun_after_a_rollback_of_its_owners_transaction() {
    for mode in [JoinMode::ConditionalSavepoint, JoinMode::RollbackOnly] {
        let engine = engine().await;
        let mut connection = engine.connect().await.unwrap();
        insert(User).values(User::builder().name("owner")).execute(&mut connection).await.unwrap();
        let mut session = Session::join(connection, mode);
        session.rollback().await.unwrap();
        session.add(User::builder().name("session"));
        session.commit().await.unwrap();
        let connection = session.into_connection().await.unwrap();
        assert!(!connection.in_transaction());
        assert_eq!(names(&engine).await, ["session"]);
    }
}

// ------------------------------------------------------------------------------------------------ lost connections

#[tokio::test]
async fn a_session_that_was_given_a_dead_connection_takes_another_for_its_next_statement() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(1)).await;
    metadata![User].create_all(&engine).await.unwrap();
    let mut connection = engine.connect().await.unwrap();
    kill(&mut connection).await;
    drop(connection);
    let mut session = Session::new(&engine);
    assert_eq!(session.query(User).count().await.unwrap(), 0);
    session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed"]);
}

#[tokio::test]
async fn a_session_that_is_invalidated_goes_on_with_another_connection() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let user = session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    session.invalidate();
    assert!(!session.in_transaction() && !session.contains(user));
    assert_eq!(engine.pool().status().checked_out, 0);
    assert_eq!(session.query(User).count().await.unwrap(), 0);
    session.add(User::builder().name("wendy"));
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["wendy"]);
}

#[tokio::test]
async fn a_connection_on_which_no_transaction_could_begin_is_given_back() {
    only!(Sqlite);
    let engine = empty_engine_with(|settings| settings.connect_arg("busy_timeout", 1)).await;
    metadata![User].create_all(&engine).await.unwrap();
    let mut other = engine.connect().await.unwrap();
    insert(User).values(User::builder().name("other")).execute(&mut other).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(User::builder().name("ed"));
    assert!(session.flush().await.is_err(), "another has the lock");
    assert_eq!(engine.pool().status().checked_out, 1, "the other");
    session.rollback().await.unwrap();
}

// ------------------------------------------------------------------------------------------------ sessions

#[tokio::test]
async fn what_is_done_after_a_failed_flush_goes_with_the_rollback() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (session.get_one(User, 1).await.unwrap(), session.get_one(User, 2).await.unwrap());
    session.add(User::builder().name("ed"));
    assert!(session.flush().await.unwrap_err().is_unique_violation());
    let late = session.add(User::builder().name("late"));
    session[ed].name = "late too".into();
    assert_eq!(*session.delete(wendy).await.unwrap_err().kind(), ErrorKind::PendingRollback);
    for _ in 0..3 {
        assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    }
    session.rollback().await.unwrap();
    assert_eq!((session.state(late).unwrap(), session[ed].name.as_str()), (ObjectState::Transient, "ed"));
    assert!(session.pending().is_empty() && session.dirty().is_empty() && session.deleted().is_empty());
    session.add(User::builder().name("jack"));
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed", "wendy", "jack"]);
}

#[tokio::test]
async fn a_session_tells_its_transaction_and_its_savepoints() {
    let (engine, mut session) = session().await;
    let flags = |session: &Session| (session.in_transaction(), session.in_nested_transaction());
    assert_eq!(flags(&session), (false, false));
    session.begin().await.unwrap();
    assert_eq!(flags(&session), (true, false));
    let mut outer = session.begin_nested().await.unwrap();
    assert_eq!(flags(&outer), (true, true));
    let inner = outer.begin_nested().await.unwrap();
    assert_eq!(flags(&inner), (true, true));
    inner.rollback().await.unwrap();
    assert_eq!(flags(&outer), (true, true));
    outer.commit().await.unwrap();
    assert_eq!(flags(&session), (true, false));
    drop(session.begin_nested().await.unwrap());
    assert_eq!(flags(&session), (true, false));
    session.commit().await.unwrap();
    assert_eq!(flags(&session), (false, false));
    assert_eq!(names(&engine).await.len(), 0);
}

/// How an object's row is changed in a savepoint.
#[derive(Clone, Copy, Debug)]
enum Way {
    Object,
    Evaluated,
    Fetched,
}

#[tokio::test]
async fn a_rolled_back_savepoint_expires_what_it_has_changed_and_nothing_else() {
    for way in [Way::Object, Way::Evaluated, Way::Fetched] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let [ed, wendy] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
        let mut inner = session.begin_nested().await.unwrap();
        let change = update(User).set(User.name, "changed");
        match way {
            Way::Object => {
                inner[wendy].name = "changed".into();
                inner.flush().await.unwrap();
            }
            Way::Evaluated => _ = inner.execute(change.filter(User.name.eq("wendy"))).await.unwrap(),
            Way::Fetched => _ = inner.execute(change.filter(User.name.like("wen%"))).await.unwrap(),
        }
        let again = inner.query(User).filter(User.name.eq("changed")).one().await.unwrap();
        assert_eq!((again, inner[wendy].name.as_str()), (wendy, "changed"), "{way:?}");
        inner.rollback().await.unwrap();
        assert!(!session.is_expired(ed).unwrap(), "{way:?}");
        assert!(session.is_expired(wendy).unwrap(), "{way:?}");
        assert_eq!(session.get_one(User, 2).await.unwrap(), wendy);
        assert_eq!(session[wendy].name, "wendy", "{way:?}");
        session.commit().await.unwrap();
        assert_eq!(names(&engine).await, ["ed", "wendy"], "{way:?}");
    }
}

#[tokio::test]
async fn marks_of_deletion_go_with_a_rollback_and_deletions_that_are_committed_stay() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one().await.unwrap();
    let addresses = session.handles(ed, User.addresses);
    // Not flushed, in the transaction and in a savepoint.
    session.delete(ed).await.unwrap();
    assert_eq!(session.deleted().len(), 3);
    session.rollback().await.unwrap();
    assert!(session.deleted().is_empty());
    let mut inner = session.begin_nested().await.unwrap();
    inner.delete(ed).await.unwrap();
    inner.rollback().await.unwrap();
    assert!(session.deleted().is_empty() && session.contains(ed));
    // An orphan that was flushed.
    session.load(ed, User.addresses).await.unwrap();
    session.unlink(ed, User.addresses, addresses[0]);
    session.flush().await.unwrap();
    assert_eq!(session.state(addresses[0]).unwrap(), ObjectState::Deleted);
    session.rollback().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses), addresses);
    // In a savepoint that is kept, undone with the transaction.
    let mut inner = session.begin_nested().await.unwrap();
    inner.delete(ed).await.unwrap();
    inner.commit().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 1);
    session.rollback().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
    // Committed: a later rollback has nothing to do with it.
    session.get_one(User, 1).await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Detached);
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    assert_eq!(names(&engine).await, ["wendy"]);
}

#[tokio::test]
async fn collections_are_as_the_savepoint_found_them_or_as_it_left_them() {
    for is_kept in [false, true] {
        let (engine, mut session) = session().await;
        let mail = |email: &str| Address::builder().email(email);
        let ed = session.add(User::builder().name("ed").addresses([mail("first")]));
        session.commit().await.unwrap();
        session.get_one(User, 1).await.unwrap();
        session[ed].name = "edward".into();
        session[ed].addresses.push(mail("second"));
        let mut inner = session.begin_nested().await.unwrap();
        inner.add(User::builder().name("jack").addresses([mail("of jack")]));
        inner[ed].addresses.push(mail("third"));
        inner.flush().await.unwrap();
        match is_kept {
            true => inner.commit().await.unwrap(),
            false => inner.rollback().await.unwrap(),
        }
        for is_committed in [false, true] {
            session.load(ed, User.addresses).await.unwrap();
            let expected: &[&str] = if is_kept { &["first", "second", "third"] } else { &["first", "second"] };
            assert_eq!(emails(&session[ed], &session), expected, "kept: {is_kept}, committed: {is_committed}");
            assert_eq!(session[ed].name, "edward");
            session.commit().await.unwrap();
            session.get_one(User, 1).await.unwrap();
        }
        let expected: &[&str] = if is_kept { &["edward", "jack"] } else { &["edward"] };
        assert_eq!(names(&engine).await, expected);
    }
}

fn emails(user: &User, session: &Session) -> Vec<String> {
    session.iter(user.addresses.handles()).map(|address| address.email.clone()).collect()
}

#[tokio::test]
async fn objects_that_are_not_expired_by_a_commit_are_expired_by_hand() {
    let engine = engine().await;
    let mut session = SessionMaker::new(&engine).expire_on_commit(false).session();
    let ed = session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    text("UPDATE users SET name = 'edward'").execute(&engine).await.unwrap();
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session[ed].name, "ed");
    session.expire_all();
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session[ed].name, "edward");
}

// ------------------------------------------------------------------------------------------------ connections

async fn add(connection: &mut Connection, name: &str) -> Result<(), Error> {
    insert(User).values(User::builder().name(name)).execute(connection).await.map(|_| ())
}

#[tokio::test]
async fn a_connections_savepoint_in_which_a_statement_has_failed_is_kept_or_undone() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "outer").await.unwrap();
    let mut savepoint = connection.begin_nested().await.unwrap();
    savepoint.execute(insert(User).values(User::builder().name("inner"))).await.unwrap();
    assert!(savepoint.execute(insert(User).values(User::builder().name("outer"))).await.is_err());
    let is_kept = dialect() != Dialect::Postgres;
    assert_eq!(savepoint.commit().await.is_ok(), is_kept);
    add(&mut connection, "later").await.unwrap();
    connection.commit().await.unwrap();
    let expected: &[&str] = if is_kept { &["outer", "inner", "later"] } else { &["outer", "later"] };
    assert_eq!(names(&engine).await, expected);
}

#[tokio::test]
async fn a_transaction_in_which_a_statement_has_failed_is_committed_or_refused_and_never_believed() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "ed").await.unwrap();
    assert!(add(&mut connection, "ed").await.unwrap_err().is_unique_violation());
    // PostgreSQL would answer this COMMIT with a rollback.
    let is_committed = connection.commit().await.is_ok();
    assert_eq!(is_committed, dialect() != Dialect::Postgres);
    connection.rollback().await.unwrap();
    add(&mut connection, "wendy").await.unwrap();
    connection.commit().await.unwrap();
    let expected: &[&str] = if is_committed { &["ed", "wendy"] } else { &["wendy"] };
    assert_eq!(names(&engine).await, expected);
}

#[tokio::test]
async fn savepoints_that_are_open_end_with_their_transaction() {
    let engine = engine().await;
    for is_closed in [false, true] {
        let mut connection = engine.connect().await.unwrap();
        add(&mut connection, "one").await.unwrap();
        let mut outer = connection.begin_nested().await.unwrap();
        outer.execute(insert(User).values(User::builder().name("two"))).await.unwrap();
        let mut inner = outer.begin_nested().await.unwrap();
        inner.execute(insert(User).values(User::builder().name("three"))).await.unwrap();
        assert_eq!(select(User).count(&mut inner).await.unwrap(), 3);
        drop(inner);
        drop(outer);
        assert!(connection.in_transaction());
        match is_closed {
            true => connection.close().await.unwrap(),
            false => drop(connection),
        }
        assert_eq!(names(&engine).await, [""; 0]);
    }
}

#[tokio::test]
async fn however_a_transaction_is_left_the_next_user_of_its_connection_finds_none() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    metadata![User].create_all(&engine).await.unwrap();
    for (ending, is_nested) in (0..4).flat_map(|ending| [(ending, false), (ending, true)]) {
        let what = format!("{ending}, nested: {is_nested}");
        let mut connection = engine.connect().await.unwrap();
        assert!(!connection.in_transaction(), "{what}");
        if ending % 2 == 0 {
            connection.begin().await.unwrap();
        }
        if is_nested {
            let mut savepoint = connection.begin_nested().await.unwrap();
            savepoint.execute(insert(User).values(User::builder().name("nested"))).await.unwrap();
        } else {
            add(&mut connection, "plain").await.unwrap();
        }
        match ending {
            0 => drop(connection),
            1 => connection.close().await.unwrap(),
            2 => {
                connection.rollback().await.unwrap();
                assert!(!connection.in_transaction(), "{what}");
                drop(connection);
            }
            _ => connection.invalidate(),
        }
        assert_eq!(names(&engine).await, [""; 0], "{what}");
    }
    let mut connection = engine.connect().await.unwrap();
    add(&mut connection, "kept").await.unwrap();
    drop(connection.begin_nested().await.unwrap());
    connection.commit().await.unwrap();
    drop(connection);
    assert_eq!(names(&engine).await, ["kept"]);
}

#[tokio::test]
async fn a_level_of_one_connection_ends_with_it() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let level = async |connection: &mut Connection| {
        let level = connection.get_isolation_level().await.unwrap();
        connection.rollback().await.unwrap();
        level
    };
    let usual = level(&mut engine.connect().await.unwrap()).await;
    let other = ExecutionOptions::new().isolation_level(IsolationLevel::Serializable);
    let mut connection = engine.connect().await.unwrap();
    connection.execution_options(other.clone()).unwrap();
    for _ in 0..2 {
        assert_eq!(level(&mut connection).await, IsolationLevel::Serializable, "in each of its transactions");
    }
    drop(connection);
    assert_eq!(level(&mut engine.connect().await.unwrap()).await, usual);
    // Refused in a transaction, it has changed nothing.
    let mut connection = engine.connect().await.unwrap();
    connection.begin().await.unwrap();
    assert!(connection.execution_options(other).is_err());
    assert_eq!(level(&mut connection).await, usual);
    drop(connection);
    assert_eq!(level(&mut engine.connect().await.unwrap()).await, usual);
}
