//! Listeners of sessions and objects, and conditions that every query has.

use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{ErrorKind, ObjectState, SessionEvents, SessionMaker};

use crate::assert_statements;
use crate::support::{Address, Keyword, User, engine, two_users};

/// What was heard, in order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn listeners_hear_of_flushes_commits_and_rollbacks_in_order() {
    let engine = engine().await;
    let heard = Heard::default();
    let ears: Vec<Heard> = (0..6).map(|_| heard.clone()).collect();
    let [a, b, c, d, e, f] = ears.try_into().unwrap_or_else(|_| unreachable!());
    let events = SessionEvents::new()
        .before_flush(move |session| {
            a.note(format!("before flush of {}", session.pending().len()));
            Ok(())
        })
        .after_flush(move |session| b.note(format!("after flush, {} pending", session.pending().len())))
        .before_commit(move |_| {
            c.note("before commit");
            Ok(())
        })
        .after_commit(move |_| d.note("after commit"))
        .before_rollback(move |session| e.note(format!("before rollback of {}", session.pending().len())))
        .after_rollback(move |session| f.note(format!("after rollback, {} pending", session.pending().len())));
    let mut session = SessionMaker::new(&engine).events(events).session();
    session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["before commit", "before flush of 1", "after flush, 0 pending", "after commit"]);
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["before commit", "after commit"], "a flush that has nothing to do is not told");
    session.add(User::builder().name("wendy"));
    session.rollback().await.unwrap();
    assert_eq!(heard.take(), ["before rollback of 1", "after rollback, 0 pending"]);
}

#[tokio::test]
async fn before_flush_may_add_and_change_objects() {
    let engine = engine().await;
    let events = SessionEvents::new().before_flush(|session| {
        if session.pending().len() == 1 {
            session.add(User::builder().name("added by a listener"));
        }
        Ok(())
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn objects_are_told_of_before_and_after_their_statements() {
    let engine = engine().await;
    let heard = Heard::default();
    let mut events = SessionEvents::new().before_insert(User, |user| {
        user.fullname = Some(format!("{} by default", user.name));
        Ok(())
    });
    let h = heard.clone();
    events = events.after_insert(User, move |user| {
        h.note(format!("inserted {}", user.id));
        Ok(())
    });
    let h = heard.clone();
    events = events.before_update(User, move |user| {
        user.active = false;
        h.note("updating");
        Ok(())
    });
    let h = heard.clone();
    events = events.after_update(User, move |user| {
        h.note(format!("updated {}", user.name));
        Ok(())
    });
    let h = heard.clone();
    events = events.before_delete(User, move |user| {
        h.note(format!("deleting {}", user.name));
        Ok(())
    });
    let h = heard.clone();
    events = events.after_delete(User, move |user| {
        h.note(format!("deleted {}", user.name));
        Ok(())
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("e")]));
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["inserted 1"], "of users, and not of addresses");
    assert_eq!(select(User.fullname).one(&engine).await.unwrap().as_deref(), Some("ed by default"));
    session[ed].name = "edward".into();
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["updating", "updated edward"]);
    assert!(!select(User.active).one(&engine).await.unwrap(), "what a listener changes is in the same UPDATE");
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["deleting edward", "deleted edward"]);
}

#[tokio::test]
async fn a_listener_that_refuses_fails_the_flush() {
    let engine = engine().await;
    let events = SessionEvents::new().before_insert(User, |user| match user.name.as_str() {
        "nobody" => Err(Error::other("nobody is not a name")),
        _ => Ok(()),
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    session.add(User::builder().name("ed"));
    session.add(User::builder().name("nobody"));
    let error = session.commit().await.unwrap_err();
    assert!(error.to_string().contains("nobody is not a name"), "{error}");
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_change_after_the_flush_is_written_by_the_commit() {
    let engine = engine().await;
    let events = SessionEvents::new().after_insert(User, |user| {
        user.fullname = Some(format!("number {}", user.id));
        Ok(())
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).one(&engine).await.unwrap().as_deref(), Some("number 1"));
}

#[tokio::test]
async fn a_listener_that_never_ends_is_stopped() {
    let engine = engine().await;
    let events = SessionEvents::new().after_update(User, |user| {
        user.fullname = Some(format!("{}!", user.fullname.clone().unwrap_or_default()));
        Ok(())
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let ed = session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    session[ed].name = "edward".into();
    let error = session.commit().await.unwrap_err();
    assert!(error.message().starts_with("over 100 flushes"), "{error}");
    session.rollback().await.unwrap();
    assert_eq!(session[ed].name, "ed");
}

#[tokio::test]
async fn rows_that_become_objects_are_told_once() {
    let engine = engine().await;
    two_users(&engine).await;
    let heard = Heard::default();
    let (a, b) = (heard.clone(), heard.clone());
    let mut session = Session::new(&engine);
    session.listen(
        SessionEvents::new()
            .on_load(User, move |user| {
                a.note(format!("load {}", user.name));
                user.name.make_ascii_uppercase();
                Ok(())
            })
            .on_refresh(User, move |user| {
                b.note(format!("refresh {}", user.name));
                Ok(())
            }),
    );
    let ed = session.get_one(User, 1).await.unwrap();
    session.get_one(User, 1).await.unwrap();
    session.query(User).filter(User.id.eq(1)).all().await.unwrap();
    assert_eq!(heard.take(), ["load ed"]);
    assert_eq!(session[ed].name, "ED");
    assert!(!session.is_modified(ed).unwrap(), "what a listener changes counts as read");
    session.refresh(ed).await.unwrap();
    assert_eq!(heard.take(), ["refresh ed"]);
}

#[tokio::test]
async fn a_condition_holds_in_every_query_of_a_session() {
    let engine = engine().await;
    two_users(&engine).await;
    let events = SessionEvents::new().filter(User, User.active).filter(Address, Address.email.ne("ed@y.org"));
    let mut session = SessionMaker::new(&engine).events(events).session();
    // wendy is not active, and one address of ed's does not count.
    assert_eq!(session.query(User).count().await.unwrap(), 1);
    assert!(session.query(User).filter(User.name.eq("wendy")).one_or_none().await.unwrap().is_none());
    assert_eq!(session.scalars(select(User.name)).await.unwrap(), ["ed"]);
    assert_eq!(session.get(User, 2).await.unwrap(), None);
    let other = User.alias("other");
    assert_eq!(session.all(select(other.name)).await.unwrap(), ["ed"]);
    let joined = select((User.name, Address.email)).join(User.addresses);
    assert_eq!(session.all(joined).await.unwrap(), [("ed".to_owned(), "ed@x.org".to_owned())]);
    let eds = session.query(User).options(selectinload(User.addresses)).all().await.unwrap();
    assert_eq!(session.handles(eds[0], User.addresses).len(), 1);
    session.expunge_all();
    let ed = session.get_one(User, 1).await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    // UPDATE and DELETE too.
    assert_eq!(session.execute(update(User).set(User.fullname, "changed")).await.unwrap(), 1);
    assert_eq!(session.execute(delete(Address)).await.unwrap(), 2);
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).all(&engine).await.unwrap(), ["ed@y.org"]);
}

#[tokio::test]
async fn a_statement_can_be_looked_at_and_narrowed() {
    let engine = engine().await;
    two_users(&engine).await;
    let heard = Heard::default();
    let ear = heard.clone();
    let events = SessionEvents::new().before_statement(move |execution| {
        ear.note(format!("{} {}", if execution.is_write() { "write" } else { "read" }, execution.is_of(User)));
        match execution.is_write() {
            true if execution.is_of(Address) => Err(Error::other("addresses are read only")),
            _ => execution.filter(User, User.id.eq(2)),
        }
    });
    let mut session = SessionMaker::new(&engine).events(events).session();
    assert_eq!(session.scalars(select(User.name)).await.unwrap(), ["wendy"]);
    assert_eq!(session.execute(update(User).set(User.fullname, "w")).await.unwrap(), 1);
    assert!(session.execute(delete(Address)).await.is_err());
    assert_eq!(heard.take(), ["read true", "write true", "write false"]);
}

#[tokio::test]
async fn a_listener_is_told_what_a_statement_is_for() {
    let engine = engine().await;
    two_users(&engine).await;
    let heard = Heard::default();
    let ear = heard.clone();
    // Each hears what the one before has made of the statement, and that of a relationship is told apart.
    let events = SessionEvents::new()
        .before_statement(|execution| match execution.is_relationship_load() {
            true => execution.filter(Address, Address.email.ne("ed@y.org")),
            false => Ok(()),
        })
        .before_statement(move |execution| {
            let models = [execution.is_of(User), execution.is_of(Address)];
            ear.note(format!("{:?} {models:?} {}", execution.kind(), execution.is_relationship_load()));
            Ok(())
        });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses).len(), 1);
    assert_eq!(session.query(Address).all().await.unwrap().len(), 3);
    assert_eq!(heard.take(), ["Select [true, false] false", "Select [false, true] true", "Select [false, true] false"]);
    session.expire_relationship(users[1], User.addresses).unwrap();
    session.load(users[1], User.addresses).await.unwrap();
    session.query(User).options(joinedload(User.addresses)).all().await.unwrap();
    session.all(select((User.id, Address.email)).join(User.addresses)).await.unwrap();
    assert_eq!(heard.take(), ["Select [false, true] true", "Select [true, false] false", "Select [true, true] false"]);
    session.all(select(User.id).union(select(Address.id))).await.unwrap();
    session.execute(update(User).set(User.fullname, "f").filter(User.id.eq(1))).await.unwrap();
    session.execute(delete(Address).filter(Address.id.eq(1))).await.unwrap();
    session.execute(insert(User).values(User::builder().name("new"))).await.unwrap();
    session.execute(text("DELETE FROM user_keywords")).await.unwrap();
    let copies = select((User.id, User.name)).filter(User.id.eq(0));
    session.execute(insert(Keyword).from_select((Keyword.id, Keyword.word), copies)).await.unwrap();
    assert_eq!(
        heard.take(),
        [
            "Select [true, true] false",
            "Update [true, false] false",
            "Delete [false, true] false",
            "Insert [true, false] false",
            "Text [false, false] false",
            "Insert [true, false] false"
        ]
    );
}

#[tokio::test]
async fn no_listener_costs_no_statement() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = SessionMaker::new(&engine).events(SessionEvents::new()).session();
    assert_statements!(engine, 1, session.query(User).all().await.unwrap());
}

// ---------------------------------------------------------------------------------------------- states

/// Tells of users: `ed: Pending -> Persistent`.
fn states(heard: &Heard) -> SessionEvents {
    let heard = heard.clone();
    SessionEvents::new().on_state_change(move |change| {
        if let Some((handle, user)) = change.of(User) {
            assert!(change.handle().is(handle) && change.handle().model() == "User");
            let word = |state: Option<ObjectState>| state.map_or("nowhere".into(), |state| format!("{state:?}"));
            heard.note(format!("{}: {} -> {}", user.name, word(change.from()), word(change.to())));
        }
    })
}

#[tokio::test]
async fn every_change_of_an_objects_state_is_told_once() {
    let engine = engine().await;
    let heard = Heard::default();
    let mut session = SessionMaker::new(&engine).events(states(&heard)).session();
    let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("not a user")]));
    assert_eq!(heard.take(), ["ed: nowhere -> Pending"]);
    session.flush().await.unwrap();
    assert_eq!(heard.take(), ["ed: Pending -> Persistent"]);
    session[ed].fullname = Some("changed".into());
    session.flush().await.unwrap();
    session.get(User, 1).await.unwrap();
    assert_eq!(heard.take(), [""; 0], "none of these is a change of state");
    session.rollback().await.unwrap();
    assert_eq!(heard.take(), ["ed: Persistent -> Transient"]);
    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["ed: Transient -> Pending", "ed: Pending -> Persistent"]);
    session.delete(ed).await.unwrap();
    assert_eq!(heard.take(), [""; 0], "it is marked, and no more");
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(heard.take(), ["ed: Persistent -> Deleted", "ed: Deleted -> Persistent"]);
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(heard.take(), ["ed: Persistent -> Deleted", "ed: Deleted -> Detached"]);
    session.expunge(ed).unwrap();
    assert_eq!(heard.take(), ["ed: Detached -> nowhere"]);
}

#[tokio::test]
async fn what_is_loaded_expunged_merged_or_deleted_by_a_statement_is_told() {
    let engine = engine().await;
    two_users(&engine).await;
    let heard = Heard::default();
    let mut session = SessionMaker::new(&engine).events(states(&heard)).session();
    let [ed, wendy] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
    assert_eq!(heard.take(), ["ed: nowhere -> Persistent", "wendy: nowhere -> Persistent"]);
    session.query(User).all().await.unwrap();
    assert_eq!(heard.take(), [""; 0], "they are known");
    session.expunge(wendy).unwrap();
    assert_eq!(heard.take(), ["wendy: Persistent -> nowhere"]);
    session.merge(User::builder().id(2).name("wendy").fullname("W")).await.unwrap();
    let value = session.detach(ed).unwrap();
    session.merge_loaded(value).unwrap();
    assert_eq!(
        heard.take(),
        ["wendy: nowhere -> Persistent", "ed: Persistent -> nowhere", "ed: nowhere -> Persistent"]
    );
    session.execute(delete(Address)).await.unwrap();
    session.execute(delete(User).filter(User.id.eq(1))).await.unwrap();
    assert_eq!(heard.take(), ["ed: Persistent -> Deleted"]);
    let new = session.add(User::builder().name("new"));
    session.expunge(new).unwrap();
    session.close().await.unwrap();
    assert_eq!(
        heard.take(),
        [
            "new: nowhere -> Pending",
            "new: Pending -> nowhere",
            "ed: Deleted -> Persistent",
            "ed: Persistent -> nowhere",
            "wendy: Persistent -> nowhere"
        ]
    );
}

#[tokio::test]
async fn states_in_savepoints_and_in_failed_flushes_are_told() {
    let engine = engine().await;
    two_users(&engine).await;
    let heard = Heard::default();
    let mut session = SessionMaker::new(&engine).events(states(&heard)).session();
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("inner"));
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!(
        heard.take(),
        ["inner: nowhere -> Pending", "inner: Pending -> Persistent", "inner: Persistent -> Transient"]
    );
    // What was inserted before the failure is told, and that it is undone.
    session.add(User::builder().id(7).name("first"));
    session.add(User::builder().name("ed"));
    heard.take();
    assert!(session.flush().await.is_err());
    let told = heard.take();
    assert_eq!(told, ["first: Pending -> Persistent"]);
    session.rollback().await.unwrap();
    assert_eq!(heard.take(), ["first: Persistent -> Transient", "ed: Pending -> Transient"]);
}
