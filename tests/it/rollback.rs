//! What a rollback, a savepoint and a failed flush leave behind, in the database and in memory.

use orm::ErrorKind;
use orm::prelude::*;

use crate::support::{Address, User, session, two_users};

#[tokio::test]
async fn rollback_puts_objects_back_as_they_were_when_the_transaction_began() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].name = "flushed".into();
    session.flush().await.unwrap();
    session[ed].name = "not flushed".into();
    session.rollback().await.unwrap();
    assert_eq!(session[ed].name, "ed");
    assert!(!session.is_modified(ed).unwrap());
    assert_eq!(select(User.name).filter(User.id.eq(1)).one(&engine).await.unwrap(), "ed");
}

#[tokio::test]
async fn an_added_object_becomes_transient_stays_readable_and_can_be_added_again() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("e")]));
    session.flush().await.unwrap();
    session[ed].fullname = Some("kept".into());
    session.rollback().await.unwrap();
    assert_eq!((session[ed].id, session[ed].name.as_str()), (0, "ed"));
    assert_eq!(session[ed].fullname.as_deref(), Some("kept"));
    assert!(session.pending().is_empty() && session.identity_map().is_empty());
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).one(&engine).await.unwrap().as_deref(), Some("kept"));
    let owners = select((Address.email, User.name)).join(Address.user).all(&engine).await.unwrap();
    assert_eq!(owners, [("e".to_owned(), "ed".to_owned())], "its members come with it");
}

#[tokio::test]
async fn a_deleted_object_comes_back() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.delete(ed).await.unwrap();
    session.flush().await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    session.rollback().await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
    session[ed].fullname = Some("again".into());
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn collections_are_as_they_were() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).options(selectinload(User.addresses)).first().await.unwrap().unwrap();
    let before = session.handles(ed, User.addresses);
    session[ed].addresses.push(Address::builder().email("new"));
    session[ed].addresses.remove(before[0]);
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses), before);
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses), before);
}

#[tokio::test]
async fn what_was_read_in_the_transaction_is_expired() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    session.execute(update(User).set(User.fullname, "never committed")).await.unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("never committed"));
    session.rollback().await.unwrap();
    session.get(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("Ed Jones"));
}

#[tokio::test]
async fn a_savepoint_is_undone_alone() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].name = "outer".into();
    let mut inner = session.begin_nested().await.unwrap();
    inner[ed].name = "inner".into();
    let added = inner.add(User::builder().name("added"));
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!(session[ed].name, "outer");
    assert_eq!(session[added].id, 0);
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["outer", "wendy"]);
}

#[tokio::test]
async fn a_savepoint_that_is_kept_goes_with_the_transaction() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let mut inner = session.begin_nested().await.unwrap();
    inner[ed].name = "inner".into();
    inner.commit().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session[ed].name, "ed");
    let mut inner = session.begin_nested().await.unwrap();
    inner[ed].name = "inner".into();
    inner.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.name).filter(User.id.eq(1)).one(&engine).await.unwrap(), "inner");
}

#[tokio::test]
async fn a_dropped_savepoint_is_rolled_back() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    {
        let mut inner = session.begin_nested().await.unwrap();
        inner[ed].name = "dropped".into();
        inner.flush().await.unwrap();
    }
    assert_eq!(session[ed].name, "ed");
    assert_eq!(session.query(User).filter(User.name.eq("dropped")).count().await.unwrap(), 0);
    session.commit().await.unwrap();
    assert_eq!(select(User).filter(User.name.eq("dropped")).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn savepoints_nest() {
    let (engine, mut session) = session().await;
    let mut first = session.begin_nested().await.unwrap();
    first.add(User::builder().name("first"));
    let mut second = first.begin_nested().await.unwrap();
    second.add(User::builder().name("second"));
    second.rollback().await.unwrap();
    let mut third = first.begin_nested().await.unwrap();
    third.add(User::builder().name("third"));
    third.commit().await.unwrap();
    first.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["first", "third"]);
}

#[tokio::test]
async fn after_a_failed_flush_the_session_waits_for_a_rollback() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let fine = session.add(User::builder().name("fine"));
    session.flush().await.unwrap();
    let twin = session.add(User::builder().name("ed"));
    let error = session.flush().await.unwrap_err();
    assert!(error.is_unique_violation());
    assert_eq!(error.columns(), ["name"]);
    for waiting in [
        session.flush().await.unwrap_err(),
        session.commit().await.unwrap_err(),
        session.query(User).all().await.unwrap_err(),
        session.get(User, 1).await.unwrap_err(),
    ] {
        assert_eq!(*waiting.kind(), ErrorKind::PendingRollback);
        assert!(waiting.to_string().contains(&format!("the original error was: {}", error.message())), "{waiting}");
    }
    session.rollback().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 2);
    // What failed can be mended and added again.
    session[twin].name = "edwin".into();
    session.add_again(twin).unwrap();
    session.add_again(fine).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 4);
}

#[tokio::test]
async fn a_flush_that_fails_in_a_savepoint_fails_the_savepoint_alone() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    session.add(User::builder().name("kept"));
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("ed"));
    assert!(inner.flush().await.unwrap_err().is_unique_violation());
    inner.rollback().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["ed", "wendy", "kept"]);
}

#[tokio::test]
async fn an_error_raised_by_autoflush_says_so() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    session.add(User::builder().name("ed"));
    let error = session.query(User).all().await.unwrap_err();
    assert!(error.to_string().contains("session.no_autoflush()"), "{error}");
}

#[tokio::test]
async fn a_dropped_session_rolls_back() {
    let (engine, mut session) = session().await;
    session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    drop(session);
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_readers_query_never_waits_for_a_sessions_open_transaction() {
    let (engine, mut session) = session().await;
    session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    let reading = tokio::time::timeout(std::time::Duration::from_secs(2), select(User).count(&engine));
    assert_eq!(reading.await.expect("a reader does not wait").unwrap(), 0);
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
}
