//! A session's objects: added, found, changed, and the statements that it takes.

use orm::Dialect::{MariaDb, MySql, Postgres};
use orm::ErrorKind;
use orm::prelude::*;

use crate::assert_statements;
use crate::echo::Log;
use crate::support::{Address, Keyword, User, UserKeyword, empty_engine, engine, expected, session, two_users};

#[tokio::test]
async fn a_new_object_is_pending_until_the_flush_fills_in_its_key() {
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    assert_eq!((session[ed].id, session.pending().len(), session.in_transaction()), (0, 1, false));
    session.flush().await.unwrap();
    assert_eq!((session[ed].id, session.pending().len(), session.in_transaction()), (1, 0, true));
    assert_eq!(session.identity_map().len(), 1);
    session.commit().await.unwrap();
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn one_row_is_one_object() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let first = session.query(User).filter(User.name.eq("ed")).one().await.unwrap();
    let again = session.get(User, 1).await.unwrap();
    let among = session.query(User).order_by(User.id).all().await.unwrap();
    assert_eq!((Some(first), among[0]), (again, first));
}

#[tokio::test]
async fn get_asks_the_identity_map_first() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = assert_statements!(engine, 1, session.get(User, 1).await.unwrap());
    assert_eq!(assert_statements!(engine, 0, session.get(User, 1).await.unwrap()), ed);
    assert_eq!(session.get(User, 99).await.unwrap(), None);
    let error = session.get_one(User, 99).await.unwrap_err();
    assert_eq!(error.message(), "no `User` with key 99 was found when one was required");
    session.commit().await.unwrap();
    assert_statements!(engine, 1, session.get(User, 1).await.unwrap());
}

#[tokio::test]
async fn get_for_update_reads_again_and_locks() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("mine".into());
    assert_eq!(assert_statements!(engine, 2, session.get_for_update(User, 1).await.unwrap()), Some(ed));
    assert_eq!(session[ed].fullname.as_deref(), Some("mine"), "flushed first, then read");
    assert_eq!(session.get_for_update(User, 99).await.unwrap(), None);
    session.commit().await.unwrap();
    update(User).set(User.fullname, "theirs").execute(&engine).await.unwrap();
    session.get_for_update(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("theirs"));
}

#[tokio::test]
async fn get_takes_a_composite_key() {
    let (_engine, mut session) = session().await;
    session.add(User::builder().name("ed").keywords([Keyword::builder().word("k")]));
    session.commit().await.unwrap();
    let pair = session.get(UserKeyword, (1, 1)).await.unwrap().unwrap();
    assert_eq!(session[pair].keyword_id, 1);
    assert_eq!(session.get(UserKeyword, (1, 2)).await.unwrap(), None);
}

#[tokio::test]
async fn only_changed_columns_are_updated_and_only_once() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("Edward".into());
    assert!(session.is_modified(ed).unwrap());
    assert_eq!(session.dirty().len(), 1);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    assert!(!session.is_modified(ed).unwrap());
    assert_statements!(engine, 0, session.flush().await.unwrap());
    // Given out for change and left as it was, or changed back: nothing to do.
    session[ed].name.push('x');
    session[ed].name.pop();
    assert_statements!(engine, 0, session.commit().await.unwrap());
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().unwrap(), "Edward");
}

#[tokio::test]
async fn queries_flush_first_unless_told_not_to() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].name = "edward".into();
    assert_eq!(session.no_autoflush().query(User).filter(User.name.eq("edward")).count().await.unwrap(), 0);
    assert_eq!(session.query(User).filter(User.name.eq("edward")).one().await.unwrap(), ed);
    // A statement of the engine does not see what is not committed.
    assert_eq!(select(User).filter(User.name.eq("edward")).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_row_read_again_does_not_overwrite_what_was_changed() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("mine".into());
    session.no_autoflush().query(User).all().await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("mine"));
}

#[tokio::test]
async fn after_a_commit_objects_stay_readable_and_are_read_again_by_the_next_query() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    update(User).set(User.fullname, "Elsewhere").execute(&engine).await.unwrap();
    assert_eq!((session[ed].name.as_str(), &session[ed].fullname), ("ed", &None));
    session.get(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("Elsewhere"));
    session.commit().await.unwrap();
    delete(User).execute(&engine).await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    assert_eq!(session[ed].name, "ed");
}

#[tokio::test]
async fn what_was_changed_while_it_was_expired_does_not_overwrite_others() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").fullname("one"));
    session.commit().await.unwrap();
    update(User).set(User.fullname, "two").execute(&engine).await.unwrap();
    session[ed].fullname = Some("three".into());
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert!(
        error.message().starts_with("UPDATE statement on table `users` expected to update 1 row(s); 0 were matched")
    );
    session.rollback().await.unwrap();
    // Another column may change meanwhile.
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    update(User).set(User.active, false).execute(&engine).await.unwrap();
    session[ed].fullname = Some("three".into());
    session.commit().await.unwrap();
    let row = select((User.fullname, User.active)).one(&engine).await.unwrap();
    assert_eq!(row, (Some("three".to_owned()), false));
}

#[tokio::test]
async fn a_version_column_tells_stale_data() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "documents", version = version, metadata = none)]
    struct Document {
        #[orm(primary_key)]
        id: i64,
        title: String,
        #[orm(default = 1)]
        version: i64,
    }
    let engine = empty_engine().await;
    metadata![Document].create_all(&engine).await.unwrap();
    let mut mine = Session::new(&engine);
    let document = mine.add(Document::builder().title("a"));
    mine.commit().await.unwrap();
    mine[document].title = "b".into();
    mine.commit().await.unwrap();
    assert_eq!(mine[document].version, 2);
    let mut theirs = Session::new(&engine);
    let same = theirs.get_one(Document, 1).await.unwrap();
    theirs[same].title = "theirs".into();
    theirs.commit().await.unwrap();
    mine[document].title = "mine".into();
    assert!(mine.commit().await.unwrap_err().is_stale_data());
    mine.rollback().await.unwrap();
    mine.delete(document).await.unwrap();
    assert!(mine.commit().await.unwrap_err().is_stale_data(), "a delete checks the version too");
    mine.rollback().await.unwrap();
    mine.refresh(document).await.unwrap();
    mine.delete(document).await.unwrap();
    mine.commit().await.unwrap();
}

#[tokio::test]
async fn a_changed_key_is_an_update_of_the_key() {
    let (engine, mut session) = session().await;
    let k = session.add(Keyword::builder().word("k"));
    session.commit().await.unwrap();
    session[k].id = 7;
    session.commit().await.unwrap();
    assert_eq!(select(Keyword.id).all(&engine).await.unwrap(), [7]);
    assert_eq!(session.get(Keyword, 7).await.unwrap(), Some(k));
    assert_eq!(session.get(Keyword, 1).await.unwrap(), None);
}

#[tokio::test]
async fn whole_objects_can_be_assigned_and_swapped() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
    let (ed, wendy) = (users[0], users[1]);
    let (a, b) = session.pair_mut(ed, wendy).unwrap();
    std::mem::swap(&mut a.fullname, &mut b.fullname);
    session.commit().await.unwrap();
    let fullnames = select(User.fullname).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(fullnames, [None, Some("Ed Jones".to_owned())]);
    let mut copy = session[ed].clone();
    copy.name = "edward".into();
    session[ed] = copy;
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).first(&engine).await.unwrap().unwrap(), "edward");
    assert_eq!(select(Address).count(&engine).await.unwrap(), 3, "an unloaded relationship removes nothing");
    let error = session.pair_mut(ed, ed).unwrap_err();
    assert_eq!(error.message(), "`pair_mut` was given the same object `User` twice");
}

#[tokio::test]
async fn a_literal_sends_every_column_but_a_key_of_zero() {
    let (engine, mut session) = session().await;
    let user = |id, name: &str| User {
        id,
        name: name.into(),
        fullname: None,
        active: false,
        addresses: HasMany::default(),
        keywords: ManyToMany::default(),
    };
    let handles = session.add_all([user(0, "a"), user(9, "b"), user(0, "c")]);
    session.commit().await.unwrap();
    let ids: Vec<i64> = session.iter(&handles).map(|user| user.id).collect();
    let first = "rows with keys of their own go first, so that no generated key meets them";
    let keys = expected(
        [1, 9, 10],
        [
            (Postgres, [1, 9, 2], "a sequence does not hear of keys that are given"),
            (MariaDb, [10, 9, 11], first),
            (MySql, [10, 9, 11], first),
        ],
    );
    assert_eq!(ids, keys);
    assert_eq!(select(User.active).all(&engine).await.unwrap(), [false; 3]);
}

#[tokio::test]
async fn merge_copies_onto_the_object_with_the_key_or_adds() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut value = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    value.fullname = Some("merged".into());
    let merged = session.merge(value).await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), Some(merged));
    session.merge(User::builder().id(2).name("wendy").fullname("W")).await.unwrap();
    let new = session.merge(User::builder().name("new").addresses([Address::builder().email("n")])).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session[new].id, 3);
    let rows = select((User.fullname, User.active)).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(rows[0].0.as_deref(), Some("merged"));
    assert_eq!(rows[1], (Some("W".to_owned()), false), "a default is for what is new");
    assert_eq!(select(Address).count(&engine).await.unwrap(), 4);
}

#[tokio::test]
async fn refresh_and_expire_forget_changes() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].name = "changed".into();
    session.refresh(ed).await.unwrap();
    assert_eq!(session[ed].name, "ed");
    session[ed].name = "changed".into();
    session.expire(ed).unwrap();
    assert_eq!(session[ed].name, "ed");
    assert_statements!(engine, 1, session.get(User, 1).await.unwrap());
    session.expire_all();
    assert_statements!(engine, 1, session.commit().await.map(|()| 0).and(session.get(User, 1).await).unwrap());
    delete(Address).execute(&mut session).await.unwrap();
    delete(User).execute(&mut session).await.unwrap();
    let error = session.refresh(ed).await.unwrap_err();
    assert_eq!(error.message(), "object `User` with key 1 cannot be refreshed: its row is gone");
}

#[tokio::test]
async fn statements_through_the_session_run_in_its_transaction_and_expire_what_they_write() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("flushed".into());
    let changed = session.execute(update(User).set(User.active, false)).await.unwrap();
    assert_eq!(changed, 2);
    session.get(User, 1).await.unwrap();
    assert_eq!((session[ed].active, session[ed].fullname.as_deref()), (false, Some("flushed")));
    session.rollback().await.unwrap();
    assert!(select(User.active).filter(User.id.eq(1)).one(&engine).await.unwrap());
}

#[tokio::test]
async fn server_defaults_come_home_with_the_flush() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "events", metadata = none)]
    struct Event {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(server_default = "'open'")]
        state: String,
        #[orm(server_default = "CURRENT_TIMESTAMP")]
        created_at: chrono::DateTime<chrono::Utc>,
        #[orm(computed = "upper(name)")]
        loud: String,
    }
    let engine = empty_engine().await;
    metadata![Event].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let events = session.add_all(["a", "b"].map(|name| Event::builder().name(name)));
    let closed = session.add(Event::builder().name("c").state("closed"));
    session.flush().await.unwrap();
    let states: Vec<&str> = session.iter(&events).map(|event| event.state.as_str()).collect();
    assert_eq!(states, ["open", "open"]);
    assert_eq!((session[closed].state.as_str(), session[closed].loud.as_str()), ("closed", "C"));
    assert!(session[closed].created_at > chrono::DateTime::UNIX_EPOCH);
    assert_eq!(session.iter(&events).map(|event| event.id).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_graph_of_a_thousand_rows_takes_few_statements() {
    let (engine, mut session) = session().await;
    let users: Vec<_> = (0..100)
        .map(|n| {
            let addresses = (0..10).map(|m| Address::builder().email(format!("{n}.{m}@x.org")));
            User::builder().name(format!("user {n}")).addresses(addresses.collect::<Vec<_>>())
        })
        .collect();
    let users = session.add_all(users);
    // For each table one SELECT of the greatest key, of keys from a sequence or of the step between keys, and one INSERT.
    let returning = (MariaDb, 2, "the INSERT gives the keys back");
    assert_statements!(engine, expected(4, [returning]), session.commit().await.unwrap());
    let last = users[99];
    let emails: Vec<_> = session.related(last, User.addresses).map(|(_, address)| address.email.clone()).collect();
    assert_eq!((session[last].id, emails.len(), emails[9].as_str()), (100, 10, "99.9@x.org"));
    let stored = select(Address.email).filter(Address.user_id.eq(100)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(stored, emails, "each row got the key of its own object");
}

#[tokio::test]
async fn detach_gives_the_loaded_graph() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).options(selectinload(User.addresses)).first().await.unwrap().unwrap();
    let value: User = session.detach(ed).unwrap();
    assert_eq!(
        value.addresses.iter().map(|address| address.email.as_str()).collect::<Vec<_>>(),
        ["ed@x.org", "ed@y.org"]
    );
    assert!(value.addresses.get()[0].user.is_unloaded(), "the way back stays unloaded");
    assert!(value.keywords.is_unloaded());
    assert!(session.object(ed).is_err());
    let _ = User::builder();
}

#[tokio::test]
async fn a_closed_session_can_be_used_again() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let ed = session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    session.close().await.unwrap();
    assert!(session.object(ed).unwrap_err().message().contains("let go by `close()`"));
    assert_eq!(session.query(User).count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_quiet_session_is_quiet_for_itself_alone() {
    async fn users(mut db: impl orm::Executor) -> u64 {
        select(User).count(db.again()).await.unwrap() + select(User).count(db).await.unwrap()
    }
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    // The guard has no destructor: the session can be used while it is still in scope.
    let mut quiet = session.no_autoflush();
    assert_eq!(quiet.query(User).all().await.unwrap(), []);
    assert_eq!(quiet.get(User, 1).await.unwrap(), None);
    assert_eq!(users(&mut quiet).await, 0);
    assert_eq!(select(User).all(&mut quiet).await.unwrap(), []);
    assert_eq!(quiet[ed].name, "ed");
    assert_eq!(session.query(User).all().await.unwrap(), [ed]);
    assert_eq!(users(&mut session).await, 2);
}

#[tokio::test]
async fn the_first_statement_takes_a_connection_and_the_end_of_a_transaction_gives_it_back() {
    let (engine, mut session) = session().await;
    let taken = || engine.pool().status().checked_out;
    session.add(User::builder().name("ed"));
    assert_eq!((taken(), session.in_transaction()), (0, false), "nothing is sent yet");
    session.flush().await.unwrap();
    assert_eq!((taken(), session.in_transaction()), (1, true));
    session.commit().await.unwrap();
    assert_eq!((taken(), session.in_transaction()), (0, false));
    session.query(User).all().await.unwrap();
    assert_eq!(taken(), 1);
    session.rollback().await.unwrap();
    assert_eq!(taken(), 0);
    session.query(User).all().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(taken(), 0);
}

#[tokio::test]
async fn where_a_key_and_a_relationship_disagree_the_relationship_wins() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let wendy = session.get_one(User, 2).await.unwrap();
    let new = session.add(Address::builder().email("new").user_id(1).user(wendy));
    let old = session.get_one(Address, 1).await.unwrap();
    session[old].user_id = 1;
    session.link(old, Address.user, wendy);
    session.commit().await.unwrap();
    assert_eq!((session[new].user_id, session[old].user_id), (2, 2));
    let owners = select(Address.user_id).filter(Address.id.in_([1, session[new].id])).all(&engine).await.unwrap();
    assert_eq!(owners, [2, 2]);
}

#[tokio::test]
async fn a_session_with_very_many_objects_warns_once() {
    let log = crate::relationships::SqlLog::start();
    let (_, mut session) = session().await;
    for id in 1..=100_001 {
        session.merge_loaded(Keyword { id, word: String::new(), users: ManyToMany::default() }).unwrap();
        if id == 99_999 {
            assert!(!log.lines().iter().any(|line| line.contains("very many objects")));
        }
    }
    let warnings = log.lines().iter().filter(|line| line.contains("a session holds very many objects")).count();
    assert_eq!(warnings, 1);
}

/// Returns what is said while a session does something and is dropped.
fn said_by(work: impl AsyncFnOnce(Session)) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(engine());
    runtime.block_on(two_users(&engine));
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work(Session::new(&engine))));
    log.text()
}

#[test]
fn a_session_that_was_never_committed_is_warned_of() {
    let forgotten = said_by(async |mut session| {
        let ed = session.get_one(User, 1).await.unwrap();
        let wendy = session.get_one(User, 2).await.unwrap();
        session[ed].name = "edward".into();
        session.delete(wendy).await.unwrap();
        session.add_all(["mary", "fred"].map(|name| User::builder().name(name)));
    });
    assert!(forgotten.contains("never saved"), "{forgotten}");
    assert!(forgotten.contains("new=2 changed=1 deleted=2"), "wendy and her address: {forgotten}");
    for ended in [
        said_by(async |mut session| {
            session.add(User::builder().name("mary"));
            session.commit().await.unwrap();
        }),
        said_by(async |mut session| {
            session.add(User::builder().name("mary"));
            session.rollback().await.unwrap();
        }),
        said_by(async |mut session| {
            session.add(User::builder().name("mary"));
            session.close().await.unwrap();
        }),
        said_by(async |mut session| {
            let ed = session.get_one(User, 1).await.unwrap();
            session[ed].name = "ed".into(); // as it was
        }),
        said_by(async |mut session| {
            session.add(User::builder().id(1).name("mary"));
            session.flush().await.unwrap_err(); // has said what is wrong
        }),
    ] {
        assert_eq!(ended, "");
    }
}
