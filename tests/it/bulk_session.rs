//! Rows written in bulk through a session, and objects that follow UPDATE and DELETE by condition.

use orm::Dialect::{MariaDb, MySql};
use orm::prelude::*;
use orm::{ErrorKind, ObjectState, Synchronize};

use crate::assert_statements;
use crate::support::{User, engine, expected, session, two_users};

#[tokio::test]
async fn rows_are_inserted_in_bulk_without_objects() {
    let (engine, mut session) = session().await;
    let rows = (0..5000).map(|n| User::builder().name(format!("user {n}")));
    let before = engine.statement_count();
    let inserted = session.bulk_insert(rows).await.unwrap();
    assert!(engine.statement_count() - before <= 5, "a thousand rows at once");
    assert_eq!((inserted, session.identity_map().len()), (5000, 0));
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0, "it is in the session's transaction");
}

#[tokio::test]
async fn a_bulk_insert_that_fails_half_way_waits_for_a_rollback() {
    let (engine, mut session) = session().await;
    // Rows that set other columns go by another statement.
    let row = |id: i64| User::builder().name(format!("user {id}")).id(id);
    let again = || row(1).fullname("the first again");
    let error = session.bulk_insert([row(1), row(2), again()]).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);

    let returning = insert(User).values([row(1), row(2), again()]).returning(User.id);
    let error = session.all(returning).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);

    // Nothing was written before the first: where the database goes on, the session does.
    session.bulk_insert([row(1)]).await.unwrap();
    session.bulk_insert([again()]).await.unwrap_err();
    let goes_on = session.commit().await;
    assert_eq!(goes_on.is_ok(), engine.dialect() != orm::Dialect::Postgres, "{goes_on:?}");
}

#[tokio::test]
async fn rows_are_updated_in_bulk_by_key() {
    let (engine, mut session) = session().await;
    session.bulk_insert((0..600).map(|n| User::builder().name(format!("user {n}")))).await.unwrap();
    session.commit().await.unwrap();
    let first = session.get_one(User, 1).await.unwrap();
    let mut users = select(User).all(&engine).await.unwrap();
    users.iter_mut().for_each(|user| user.fullname = Some(format!("number {}", user.id)));
    let updated =
        assert_statements!(engine, 3, session.bulk_update((User.fullname, User.active), users).await.unwrap());
    assert_eq!(updated, 600);
    assert!(session.is_expired(first).unwrap());
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session[first].fullname.as_deref(), Some("number 1"));
    session.commit().await.unwrap();
    let wrong = select(User.id).filter(User.fullname.is_null()).count(&engine).await.unwrap();
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn a_bulk_update_of_a_row_that_is_not_there_is_stale() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut users = select(User).all(&engine).await.unwrap();
    users[1].id = 99;
    let error = session.bulk_update(User.fullname, users.clone()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert_eq!(error.message(), "UPDATE statement on table `users` expected to update 2 row(s); 1 were matched");
    // The row that was there is not changed alone.
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    let error = session.bulk_update(User.id, users).await.unwrap_err();
    assert_eq!(error.message(), "`User.id` is of the key, which says which row is updated");
    assert_eq!(session.bulk_update(User.name, Vec::<User>::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_bulk_update_counts_versions() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "bulk_versions", version = version, metadata = none)]
    struct Versioned {
        #[orm(primary_key)]
        id: i64,
        text: String,
        #[orm(default = 1)]
        version: i64,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Versioned].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.bulk_insert(["a", "b"].map(|text| Versioned::builder().text(text))).await.unwrap();
    session.commit().await.unwrap();
    let values = select(Versioned).all(&engine).await.unwrap();
    session.bulk_update(Versioned.text, values.clone()).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Versioned.version).all(&engine).await.unwrap(), [2, 2]);
    let error = session.bulk_update(Versioned.text, values).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert!(error.to_string().contains("which still has the value's version"), "{error}");
}

#[tokio::test]
async fn a_bulk_update_sets_what_every_update_sets() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "bulk_stamps", metadata = none)]
    struct Stamp {
        #[orm(primary_key)]
        id: i64,
        number: i64,
        #[orm(default = 100, on_update = 7)]
        touched: i64,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Stamp].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.bulk_insert([1, 2].map(|number| Stamp::builder().number(number))).await.unwrap();
    let mut values = select(Stamp).order_by(Stamp.id).all(&mut session).await.unwrap();
    let values: Vec<Stamp> = values.drain(..).map(|stamp| session[stamp].clone()).collect();
    session.bulk_update(Stamp.number, values.clone()).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Stamp.touched).all(&engine).await.unwrap(), [7, 7]);
    session.bulk_update((Stamp.number, Stamp.touched), values).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Stamp.touched).all(&engine).await.unwrap(), [100, 100], "unless it sets another");
}

// -------------------------------------------------------------------------------------------- objects follow statements

/// Two users as objects, fresh.
async fn users() -> (Engine, Session, Vec<Handle<User>>) {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    (engine, session, users)
}

#[tokio::test]
async fn an_update_that_can_be_evaluated_changes_the_objects_and_asks_nothing() {
    let (engine, mut session, users) = users().await;
    let some = update(User).set(User.fullname, "changed").filter(User.id.gt(1) & User.fullname.is_null());
    assert_statements!(engine, 1, session.execute(some).await.unwrap());
    assert_eq!(session[users[0]].fullname.as_deref(), Some("Ed Jones"));
    assert_eq!(session[users[1]].fullname.as_deref(), Some("changed"));
    assert!(session.dirty().is_empty(), "it counts as read");
    assert!(!session.is_expired(users[1]).unwrap() && !session.is_expired(users[0]).unwrap());
    session.rollback().await.unwrap();
    assert_eq!(session[users[1]].fullname, None, "as it was when the transaction began");
}

#[tokio::test]
async fn conditions_in_memory_know_three_truth_values() {
    let (_engine, mut session, users) = users().await;
    // `wendy` has no full name: neither equal nor unequal, so that NOT does not find her either.
    let hit = || update(User).set(User.fullname, "hit");
    let evaluated = [
        (hit().filter(User.fullname.eq("Ed Jones")), vec![0]),
        (hit().filter(!User.fullname.eq("x")), vec![0]),
        (hit().filter(User.id.in_([2, 3])), vec![1]),
        (hit().filter(User.id.between(1, 2) & !User.active), vec![1]),
        (hit().filter(User.active | User.id.eq(2)), vec![0, 1]),
        (hit().filter(User.id.not_in([1])), vec![1]),
    ];
    for (statement, expected) in evaluated {
        let mut inner = session.begin_nested().await.unwrap();
        let changed = inner.execute(statement).await.unwrap();
        assert_eq!(changed, expected.len() as u64);
        let is_hit = |at: &usize| inner[users[*at]].fullname.as_deref() == Some("hit");
        assert_eq!((0..2).filter(is_hit).collect::<Vec<_>>(), expected);
        inner.rollback().await.unwrap();
        session.query(User).all().await.unwrap();
    }
}

#[tokio::test]
async fn what_only_the_database_can_tell_is_fetched() {
    let (engine, mut session, users) = users().await;
    let like = || update(User).set(User.fullname, "changed").filter(User.name.like("w%"));
    let sent = expected(1, [(MariaDb, 2, "UPDATE has no RETURNING"), (MySql, 2, "UPDATE has no RETURNING")]);
    assert_statements!(engine, sent, assert_eq!(session.execute(like()).await.unwrap(), 1));
    assert_eq!(session[users[1]].fullname.as_deref(), Some("changed"));
    let error = session.execute_with(like(), Synchronize::Evaluate).await.unwrap_err();
    assert_eq!(error.message(), "the condition cannot be evaluated in memory");
    let by_key = update(User).set(User.fullname, "fetched").filter(User.id.eq(1));
    assert_statements!(engine, sent, session.execute_with(by_key, Synchronize::Fetch).await.unwrap());
    assert_eq!(session[users[0]].fullname.as_deref(), Some("fetched"));
    let quiet = update(User).set(User.fullname, "unseen");
    assert_statements!(engine, 1, session.execute_with(quiet, Synchronize::No).await.unwrap());
    assert_eq!(session[users[0]].fullname.as_deref(), Some("fetched"), "the objects stay as they are");
}

#[tokio::test]
async fn an_expression_is_computed_or_expires_the_object() {
    let (_engine, mut session, users) = users().await;
    session.execute(update(User).set(User.fullname, orm::func::upper(User.name)).filter(User.id.eq(1))).await.unwrap();
    assert!(session.is_expired(users[0]).unwrap());
    assert!(!session.is_expired(users[1]).unwrap());
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session[users[0]].fullname.as_deref(), Some("ED"));
}

#[tokio::test]
async fn a_change_that_waits_for_a_flush_stays() {
    let (engine, mut session, users) = users().await;
    session[users[0]].fullname = Some("mine".into());
    let all = update(User).set(User.fullname, "theirs").set(User.active, false);
    session.no_autoflush().execute(all).await.unwrap();
    assert_eq!(session[users[0]].fullname.as_deref(), Some("mine"));
    session.commit().await.unwrap();
    let rows = select((User.fullname, User.active)).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(rows[0], (Some("mine".to_owned()), false));
}

#[tokio::test]
async fn objects_of_deleted_rows_are_deleted_and_come_back_with_a_rollback() {
    let (engine, mut session) = session().await;
    let users = session.add_all(["a", "b", "c"].map(|name| User::builder().name(name)));
    session.commit().await.unwrap();
    session.query(User).all().await.unwrap();
    assert_statements!(engine, 1, session.execute(delete(User).filter(User.id.ge(2))).await.unwrap());
    assert_eq!(session.state(users[0]).unwrap(), ObjectState::Persistent);
    assert_eq!(session.state(users[1]).unwrap(), ObjectState::Deleted);
    assert_eq!(session.get(User, 3).await.unwrap(), None);
    session.rollback().await.unwrap();
    assert_eq!(session.get(User, 3).await.unwrap(), Some(users[2]));
    session.execute_with(delete(User), Synchronize::Fetch).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.state(users[2]).unwrap(), ObjectState::Detached);
}

/// An object that had followed a statement was not known to be expired when it was changed after the commit.
#[tokio::test]
async fn what_followed_a_statement_is_guarded_like_others_after_a_commit() {
    let (engine, mut session, users) = users().await;
    session.execute(update(User).set(User.fullname, "mine").filter(User.id.eq(1))).await.unwrap();
    session.commit().await.unwrap();
    update(User).set(User.fullname, "theirs").filter(User.id.eq(1)).execute(&engine).await.unwrap();
    session[users[0]].fullname = Some("over it".into());
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
    session.rollback().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("theirs"));
}
