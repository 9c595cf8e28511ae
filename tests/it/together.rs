//! Features in pairs: what each does alone is tested elsewhere.

use orm::prelude::*;
use orm::{Dialect, ErrorKind, JoinMode, ObjectState, SessionEvents, SessionMaker, Synchronize};

use crate::support::{Address, Keyword, Node, User, empty_engine, engine, session, two_users};

// ------------------------------------------------------------------------------------------------ keys that are used again

/// An object whose row was deleted without the session knowing is not taken for the owner of a new row with its key.
#[tokio::test]
async fn a_new_row_with_the_key_of_one_that_went_unseen_is_not_the_former_objects() {
    let (engine, mut session) = session().await;
    session.add(Keyword { id: 1, word: "old".into(), users: ManyToMany::default() });
    session.commit().await.unwrap();
    let old = session.get_one(Keyword, 1).await.unwrap();
    let mut inner = session.begin_nested().await.unwrap();
    inner.execute_with(delete(Keyword), Synchronize::No).await.unwrap();
    let new = inner.add(Keyword { id: 1, word: "new".into(), users: ManyToMany::default() });
    inner.flush().await.unwrap();
    assert_eq!((inner.get_one(Keyword, 1).await.unwrap(), inner.state(old).unwrap()), (new, ObjectState::Deleted));
    inner[old].word = "ghost".into();
    inner.flush().await.unwrap();
    assert_eq!(inner.scalars(select(Keyword.word)).await.unwrap(), ["new"]);
    inner.rollback().await.unwrap();
    assert_eq!(session.get_one(Keyword, 1).await.unwrap(), old);
    assert_eq!((session[old].word.as_str(), session.state(new).unwrap()), ("old", ObjectState::Transient));
    session.execute_with(delete(Keyword), Synchronize::No).await.unwrap();
    session.add_again(new).unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.state(old).unwrap(), ObjectState::Detached);
    assert_eq!(select(Keyword.word).all(&engine).await.unwrap(), ["new"]);
}

// ------------------------------------------------------------------------------------------------ filters and writes

/// What a condition hides is no member to clear or to delete: where rows are left that refer to what goes, the database refuses.
#[tokio::test]
async fn what_a_filter_hides_is_neither_cleared_nor_deleted_with_its_owner() {
    let engine = engine().await;
    two_users(&engine).await;
    let events = SessionEvents::new().filter(Address, Address.email.ne("ed@y.org"));
    let mut session = SessionMaker::new(&engine).events(events).session();
    let ed = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one().await.unwrap();
    session.delete(ed).await.unwrap();
    assert!(session.commit().await.unwrap_err().is_foreign_key_violation());
    session.rollback().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 3);
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session[ed].addresses.len(), 1);
    session[ed].addresses.clear();
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).order_by(Address.id).all(&engine).await.unwrap(), ["ed@y.org", "wendy@x.org"]);
}

// ------------------------------------------------------------------------------------------------ statements and pending work

#[tokio::test]
async fn what_waits_for_a_flush_in_an_object_that_a_statement_has_deleted_is_not_written() {
    for how in [Synchronize::Auto, Synchronize::Fetch] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let addresses = session.query(Address).order_by(Address.id).all().await.unwrap();
        session[addresses[0]].email = "waits".into();
        session.no_autoflush().execute_with(delete(Address).filter(Address.id.lt(3)), how).await.unwrap();
        session.flush().await.unwrap();
        assert_eq!(session.state(addresses[0]).unwrap(), ObjectState::Deleted, "{how:?}");
        session.rollback().await.unwrap();
        session.query(Address).all().await.unwrap();
        assert_eq!(session[addresses[0]].email, "ed@x.org");
        session[addresses[0]].email = "later".into();
        session.commit().await.unwrap();
        assert_eq!(select(Address.email).order_by(Address.id).first(&engine).await.unwrap().unwrap(), "later");
    }
}

/// Taken out of the collection that it has left since, a member is no orphan, and does not go with its former owner.
#[tokio::test]
async fn a_member_that_a_statement_has_moved_is_no_orphan_of_its_former_owner() {
    for (way, is_fetched) in (0..3).flat_map(|way| [(way, false), (way, true)]) {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let users = session.query(User).options(selectinload(User.addresses)).order_by(User.id).all().await.unwrap();
        let first = session.handles(users[0], User.addresses)[0];
        let update = update(Address).set(Address.user_id, 2);
        match is_fetched {
            true => session.execute(update.filter(Address.email.like("ed@x%"))).await.unwrap(),
            false => session.execute(update.filter(Address.id.eq(1))).await.unwrap(),
        };
        match way {
            0 => _ = session.unlink(users[0], User.addresses, first),
            1 => _ = session[users[0]].addresses.remove(first),
            _ => session.delete(users[0]).await.unwrap(),
        }
        session.commit().await.unwrap();
        let left = select(Address.email).filter(Address.user_id.eq(2)).order_by(Address.id).all(&engine).await.unwrap();
        assert_eq!(left, ["ed@x.org", "wendy@x.org"], "way {way}, fetched: {is_fetched}");
    }
}

// ------------------------------------------------------------------------------------------------ lent connections and savepoints

#[tokio::test]
async fn savepoints_of_a_session_over_a_lent_connection_end_within_what_it_may_end() {
    for mode in [JoinMode::CreateSavepoint, JoinMode::RollbackOnly, JoinMode::ControlFully] {
        for (is_kept, is_committed) in [(true, true), (true, false), (false, true), (false, false)] {
            let what = format!("{mode:?}, kept: {is_kept}, committed: {is_committed}");
            let engine = engine().await;
            let mut connection = engine.connect().await.unwrap();
            insert(Node).values(Node::builder().name("outer")).execute(&mut connection).await.unwrap();
            let mut session = Session::join(connection, mode);
            session.add(Node::builder().name("before"));
            let mut inner = session.begin_nested().await.unwrap();
            inner.add(Node::builder().name("inside"));
            inner.flush().await.unwrap();
            match is_kept {
                true => inner.commit().await.unwrap(),
                false => inner.rollback().await.unwrap(),
            }
            session.add(Node::builder().name("after"));
            session.flush().await.unwrap();
            match is_committed {
                true => session.commit().await.unwrap(),
                false => session.rollback().await.unwrap(),
            }
            let mut connection = session.into_connection().await.unwrap();
            let mut expected = match (mode, is_committed) {
                (_, true) => vec!["outer", "before", "inside", "after"],
                (JoinMode::CreateSavepoint, false) => vec!["outer"],
                _ => vec![],
            };
            expected.retain(|name| is_kept || *name != "inside");
            let names = select(Node.name).order_by(Node.id).all(&mut connection).await.unwrap();
            assert_eq!(names, expected, "{what}");
            connection.rollback().await.unwrap();
            let is_ended = mode == JoinMode::ControlFully && is_committed;
            let left = select(Node).count(&engine).await.unwrap();
            assert_eq!(left, if is_ended { expected.len() as u64 } else { 0 }, "{what}");
        }
    }
}

#[tokio::test]
async fn a_flush_that_fails_in_a_savepoint_of_a_lent_connection_undoes_that_alone() {
    for mode in [JoinMode::CreateSavepoint, JoinMode::RollbackOnly, JoinMode::ControlFully] {
        let engine = engine().await;
        let mut connection = engine.connect().await.unwrap();
        insert(User).values(User::builder().name("outer")).execute(&mut connection).await.unwrap();
        let mut session = Session::join(connection, mode);
        session.add(User::builder().name("before"));
        let mut inner = session.begin_nested().await.unwrap();
        inner.add(User::builder().name("inside"));
        inner.flush().await.unwrap();
        inner.add(User::builder().name("outer"));
        assert!(inner.flush().await.unwrap_err().is_unique_violation());
        assert_eq!(*inner.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        inner.rollback().await.unwrap();
        session.add(User::builder().name("after"));
        session.commit().await.unwrap();
        let mut connection = session.into_connection().await.unwrap();
        let names = select(User.name).order_by(User.id).all(&mut connection).await.unwrap();
        assert_eq!(names, ["outer", "before", "after"], "{mode:?}");
        connection.rollback().await.unwrap();
    }
}

// ------------------------------------------------------------------------------------------------ versions and keys

#[derive(Clone, Debug, Model)]
#[orm(table = "counted", version = version, metadata = none)]
struct Counted {
    #[orm(primary_key)]
    id: i64,
    name: String,
    other: Option<String>,
    #[orm(default = 1)]
    version: i64,
}

/// Who counts by a statement what a flush counts too is understood, with what waits for the flush or without; who does it
/// unseen is refused.
#[tokio::test]
async fn a_version_that_a_statement_raises_is_the_objects() {
    let engine = empty_engine().await;
    metadata![Counted].create_all(&engine).await.unwrap();
    for (how, waits) in
        [Synchronize::Auto, Synchronize::Fetch, Synchronize::No].map(|how| [(how, false), (how, true)]).concat()
    {
        delete(Counted).execute(&engine).await.unwrap();
        let mut session = Session::new(&engine);
        let one = session.add(Counted::builder().name("one"));
        session.commit().await.unwrap();
        let id = session[one].id;
        session.get_one(Counted, id).await.unwrap();
        if waits {
            session[one].other = Some("waits".into());
        }
        let raise = update(Counted).set(Counted.version, Counted.version + 1).set(Counted.name, "raised");
        session.no_autoflush().execute_with(raise.filter(Counted.id.eq(id)), how).await.unwrap();
        session[one].name = "last".into();
        let done = session.commit().await;
        let row = select((Counted.name, Counted.other, Counted.version)).one(&engine).await.unwrap();
        if how == Synchronize::No {
            assert_eq!(*done.unwrap_err().kind(), ErrorKind::StaleData);
            assert_eq!(row, ("one".to_owned(), None, 1));
        } else {
            done.unwrap();
            assert_eq!(row, ("last".to_owned(), waits.then(|| "waits".to_owned()), 3), "{how:?}");
        }
    }
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cells", metadata = none)]
struct Cell {
    #[orm(primary_key)]
    x: i64,
    #[orm(primary_key)]
    y: i64,
    name: String,
}

/// Nobody knows which object it was whose key a statement has set: rows that it gives are other objects.
#[tokio::test]
async fn half_of_a_key_is_set_by_a_statement_that_gives_rows() {
    let engine = empty_engine().await;
    metadata![Cell].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let cells: Vec<_> = (0..4).map(|n| session.add(Cell { x: n / 2, y: n % 2, name: format!("{n}") })).collect();
    session.commit().await.unwrap();
    session.query(Cell).all().await.unwrap();
    if !matches!(session.engine().dialect(), Dialect::MariaDb | Dialect::MySql) {
        let named = update(Cell).set(Cell.name, "a").filter(Cell.x.eq(1));
        assert_eq!(session.all(named.returning(Cell)).await.unwrap(), cells[2..]);
        let moved = update(Cell).set(Cell.x, Cell.x + 10).filter(Cell.y.eq(1));
        let moved = session.all(moved.returning(Cell)).await.unwrap();
        assert_eq!(session.get(Cell, (0, 1)).await.unwrap(), None);
        assert_eq!(session.state(cells[1]).unwrap(), ObjectState::Deleted);
        assert_eq!(session.get(Cell, (10, 1)).await.unwrap(), Some(moved[0]));
        assert_eq!(session.get(Cell, (0, 0)).await.unwrap(), Some(cells[0]));
        session.rollback().await.unwrap();
    }
    assert_eq!(session.query(Cell).order_by(Cell.x).order_by(Cell.y).all().await.unwrap(), cells);
    session[cells[1]].x = 5;
    session.execute(delete(Cell).filter(Cell.x.eq(0))).await.unwrap();
    assert_eq!([0, 1].map(|n| session.state(cells[n]).unwrap()), [ObjectState::Deleted, ObjectState::Persistent]);
    session.commit().await.unwrap();
    let left = select((Cell.x, Cell.y)).order_by(Cell.x).order_by(Cell.y).all(&engine).await.unwrap();
    assert_eq!(left, [(1, 0), (1, 1), (5, 1)]);
}
