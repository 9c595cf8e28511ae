//! What has changed in an object and where it stands; single attributes read again; values merged.

use orm::Dialect::{MariaDb, Sqlite};
use orm::prelude::*;
use orm::{ErrorKind, Lock, ObjectState, contains_eager, subqueryload, undefer};

use crate::relationships::{SqlLog, echoing};
use crate::support::{
    Address, Keyword, User, UserKeyword, dialect, empty_engine, engine, expected, session, strategies, three_users,
    two_users,
};
use crate::{assert_statements, only};

#[tokio::test]
async fn an_object_goes_through_its_states() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    assert_eq!(session.state(ed).unwrap(), ObjectState::Pending);
    session.flush().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
    session.rollback().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Transient);
    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    assert!(session.is_expired(ed).unwrap());
    session.delete(ed).await.unwrap();
    assert_eq!((session.state(ed).unwrap(), session.deleted().len()), (ObjectState::Persistent, 1));
    session.flush().await.unwrap();
    assert_eq!((session.state(ed).unwrap(), session.deleted().len()), (ObjectState::Deleted, 0));
    session.rollback().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Detached);
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn history_tells_what_came_and_what_went() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let new = session.add(User::builder().name("new"));
    let history = session.history(new, User.name).unwrap();
    assert_eq!((history.added, history.unchanged, history.deleted), (vec!["new".to_owned()], vec![], vec![]));
    let ed = session.get_one(User, 1).await.unwrap();
    assert_eq!(session.history(ed, User.fullname).unwrap().unchanged, [Some("Ed Jones".to_owned())]);
    session[ed].fullname = None;
    let history = session.history(ed, User.fullname).unwrap();
    assert_eq!((history.added, history.deleted), (vec![None], vec![Some("Ed Jones".to_owned())]));
    session[ed].fullname = Some("Ed Jones".into());
    assert!(!session.history(ed, User.fullname).unwrap().has_changes(), "set back is unchanged");
    session[ed].name = "edward".into();
    session.flush().await.unwrap();
    assert!(!session.history(ed, User.name).unwrap().has_changes(), "since the last flush");
}

#[tokio::test]
async fn history_of_a_relationship_tells_members() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let wendy = session.get_one(User, 2).await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    let own = session.handles(ed, User.addresses);
    let new = session.link(ed, User.addresses, Address::builder().email("new"));
    session.link(wendy, User.addresses, own[0]);
    let history = session.members_history(ed, User.addresses).unwrap();
    assert_eq!((history.added, history.unchanged, history.deleted), (vec![new], vec![own[1]], vec![own[0]]));
    let history = session.members_history(own[0], Address.user).unwrap();
    assert_eq!((history.added, history.deleted), (vec![wendy], vec![ed]), "its key tells, though it was not loaded");
    session.flush().await.unwrap();
    assert!(!session.members_history(ed, User.addresses).unwrap().has_changes());
}

#[tokio::test]
async fn single_attributes_are_expired_and_refreshed() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    session.get_one(User, 1).await.unwrap();
    session[ed].name = "mine".into();
    session[ed].fullname = Some("mine".into());
    session.expire_attributes(ed, User.name).unwrap();
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("ed", Some("mine")));
    session.refresh_attributes(ed, (User.name, User.active)).await.unwrap();
    assert!(!session.is_expired(ed).unwrap());
    assert_eq!(session[ed].fullname.as_deref(), Some("mine"), "what was changed in others stays");
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("mine"));
    session.load(ed, User.addresses).await.unwrap();
    session.expire_relationship(ed, User.addresses).unwrap();
    assert!(session.try_handles(ed, User.addresses).is_err());
    session.commit().await.unwrap();
    delete(Address).execute(&engine).await.unwrap();
    delete(User).execute(&engine).await.unwrap();
    let error = session.refresh_attributes(ed, User.name).await.unwrap_err();
    assert_eq!(error.message(), "object `User` with key 1 cannot be refreshed: its row is gone");
}

#[tokio::test]
async fn rows_overwrite_objects_where_the_query_says_so() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].name = "mine".into();
    session.no_autoflush().query(User).all().await.unwrap();
    assert_eq!(session[ed].name, "mine");
    session.no_autoflush().query(User).populate_existing().all().await.unwrap();
    assert_eq!(session[ed].name, "ed");
    assert!(session.dirty().is_empty());
    // It holds for that query alone.
    session[ed].name = "mine".into();
    session.no_autoflush().query(User).all().await.unwrap();
    assert_eq!(session[ed].name, "mine");
}

/// Members that came by statements of their own were left as they were, those that were joined were not.
#[tokio::test]
async fn rows_overwrite_members_too_however_they_are_loaded() {
    let engine = engine().await;
    two_users(&engine).await;
    for addresses in strategies(User.addresses) {
        let mut session = Session::new(&engine);
        let mail = session.get_one(Address, 1).await.unwrap();
        session[mail].email = "mine".into();
        session.no_autoflush().query(User).options(addresses).populate_existing().all().await.unwrap();
        assert_eq!(session[mail].email, "ed@x.org");
    }
    for user in strategies(Address.user) {
        let mut session = Session::new(&engine);
        let ed = session.get_one(User, 1).await.unwrap();
        session[ed].name = "mine".into();
        session.no_autoflush().query(Address).options(user).populate_existing().all().await.unwrap();
        assert_eq!(session[ed].name, "ed");
    }
}

/// The row of a member, which had fewer columns, overwrote that of the object itself.
#[tokio::test]
async fn an_object_that_a_query_reads_twice_is_overwritten_once() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "people", metadata = none)]
    struct Person {
        #[orm(primary_key)]
        id: i64,
        #[orm(deferred)]
        note: Deferred<i64>,
        #[orm(foreign_key = Person.id)]
        mentor_id: Option<i64>,
        #[orm(back_populates = pupils)]
        mentor: BelongsTo<Person>,
        #[orm(back_populates = mentor)]
        pupils: HasMany<Person>,
    }

    let engine = empty_engine().await;
    metadata![Person].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let person = session.add(Person::builder().id(1).note(7).mentor_id(1));
    session.commit().await.unwrap();
    let noted = session.query(Person).options((undefer(Person.note), joinedload(Person.pupils)));
    noted.populate_existing().all().await.unwrap();
    assert_eq!(session[person].note.get(), &7);
    assert_eq!(session.handles(person, Person.pupils), [person]);
}

#[tokio::test]
async fn what_is_read_again_after_a_commit_has_its_relationships_read_again_by_a_load() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed =
        session.query(User).options(selectinload(User.addresses)).order_by(User.id).first().await.unwrap().unwrap();
    session.commit().await.unwrap();
    insert(Address).values(Address::builder().email("later").user_id(1)).execute(&engine).await.unwrap();
    // The row is fresh again, its members are not.
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    assert_statements!(engine, 1, session.load(ed, User.addresses).await.unwrap());
    assert_eq!(session.handles(ed, User.addresses).len(), 3);
    assert_statements!(engine, 0, session.load(ed, User.addresses).await.unwrap());
}

#[tokio::test]
async fn a_refresh_of_single_attributes_reads_their_columns_alone() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let ed = session.query(User).options(selectinload(User.addresses)).filter(User.id.eq(1)).one().await.unwrap();
    // In the session's transaction, and by its back.
    let change = update(User).set(User.name, "edward").set(User.active, false).filter(User.id.eq(1));
    change.execute(session.connection().await.unwrap()).await.unwrap();
    session[ed].name = "lost".into();
    session[ed].fullname = Some("kept".into());
    log.take();
    session.refresh_attributes(ed, User.name).await.unwrap();
    assert_eq!(log.take(), ["SELECT users.name FROM users WHERE users.id = ?"]);
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("edward", Some("kept")));
    assert!(session[ed].active, "not read");
    assert!(session[ed].addresses.is_loaded());
    assert!(!session.history(ed, User.name).unwrap().has_changes());
    assert!(session.history(ed, User.fullname).unwrap().has_changes());
    session.refresh_attributes(ed, (User.name, User.active)).await.unwrap();
    assert_eq!(log.take(), ["SELECT users.name, users.active FROM users WHERE users.id = ?"]);
    assert!(!session[ed].active);
    session.rollback().await.unwrap();
    assert!(session.is_expired(ed).unwrap(), "what was read in the transaction is not believed after it");
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("ed", Some("Ed Jones")));

    delete(Address).execute(&engine).await.unwrap();
    delete(User).execute(&engine).await.unwrap();
    let error = session.refresh_attributes(ed, User.name).await.unwrap_err();
    assert_eq!(error.message(), "object `User` with key 1 cannot be refreshed: its row is gone");
    let new = session.add(User::builder().name("new"));
    let said = "object `User` is not persistent within this session";
    assert_eq!(session.refresh_attributes(new, User.name).await.unwrap_err().message(), said);
    assert_eq!(session.refresh(new).await.unwrap_err().message(), said);
    assert_eq!(session.refresh_locked(new, Lock::update()).await.unwrap_err().message(), said);
}

// --------------------------------------------------------------------------------------------------------------- locks

#[tokio::test]
async fn an_object_is_read_by_its_key_with_each_lock() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    update(User).set(User.fullname, "theirs").filter(User.id.eq(1)).execute(&engine).await.unwrap();
    log.take();
    assert_eq!(session.get_locked(User, 1, Lock::share()).await.unwrap(), Some(ed));
    assert_eq!(session[ed].fullname.as_deref(), Some("theirs"), "it is read again");
    session.refresh_locked(ed, Lock::update()).await.unwrap();
    assert_eq!(session.get_for_update(User, 9).await.unwrap(), None);
    let share =
        expected(" FOR SHARE", [(Sqlite, "", "it has no row locks"), (MariaDb, " LOCK IN SHARE MODE", "its words")]);
    let update = if dialect() == Sqlite { "" } else { " FOR UPDATE" };
    let read = "SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?";
    assert_eq!(log.take(), [share, update, update].map(|lock| format!("{read}{lock}")));
}

#[tokio::test]
async fn a_locked_row_is_refused_or_left_out() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    two_users(&engine).await;
    let (mut mine, mut theirs) = (Session::new(&engine), Session::new(&engine));
    let ed = mine.get_one(User, 1).await.unwrap();
    mine.commit().await.unwrap();
    theirs.get_for_update(User, 1).await.unwrap();
    assert_eq!(mine.get_locked(User, 1, Lock::update().skip_locked()).await.unwrap(), None);
    assert!(mine.is_expired(ed).unwrap(), "it is there, and was not read");
    mine.get_locked(User, 1, Lock::update().nowait()).await.unwrap_err();
    mine.rollback().await.unwrap();
    mine.refresh_locked(ed, Lock::update().nowait()).await.unwrap_err();
    mine.rollback().await.unwrap();
    let error = mine.refresh_locked(ed, Lock::update().skip_locked()).await.unwrap_err();
    let said = "object `User` with key 1 cannot be refreshed: its row is locked by another transaction, or gone";
    assert_eq!(error.message(), said);
    assert_eq!(mine.state(ed).unwrap(), ObjectState::Persistent);
    mine.refresh(ed).await.unwrap();
    theirs.rollback().await.unwrap();
    mine.rollback().await.unwrap();
    mine.refresh_locked(ed, Lock::update().nowait()).await.unwrap();
    mine.refresh_locked(ed, Lock::update().skip_locked()).await.unwrap();
}

// ------------------------------------------------------------------------------------------------------------- merging

#[tokio::test]
async fn a_value_that_was_read_before_is_taken_for_its_row() {
    let engine = engine().await;
    two_users(&engine).await;
    let cached: User =
        select(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let ed = assert_statements!(engine, 0, session.merge_loaded(cached.clone()).unwrap());
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    assert!(session.dirty().is_empty() && session.pending().is_empty());
    assert!(!session[ed].keywords.is_loaded());
    assert_statements!(engine, 0, {
        assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
        assert!(session.get(Address, 2).await.unwrap().is_some());
        session.flush().await.unwrap();
    });
    // What it becomes from now on is written.
    let address = session.handles(ed, User.addresses)[1];
    session[address].email = "changed".into();
    session[ed].fullname = Some("changed".into());
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).filter(Address.id.eq(2)).one(&engine).await.unwrap(), "changed");
    // Over what is there: its changes are lost, as SQLAlchemy's are.
    session.get_one(User, 1).await.unwrap();
    session[ed].name = "lost".into();
    assert_eq!(session.merge_loaded(cached).unwrap(), ed);
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("ed", Some("Ed Jones")));
    assert!(session.dirty().is_empty());
}

#[tokio::test]
async fn what_was_never_read_cannot_be_taken_for_a_row() {
    let (_, mut session) = crate::support::session().await;
    let error = session.merge_loaded(User::builder().name("new")).unwrap_err();
    assert_eq!(error.message(), "a `User` without a key, or with columns left out, is no row that was read");
    assert!(session.merge_loaded(User::builder().id(1).name("half")).is_err());
    let new = User {
        id: 0,
        name: "n".into(),
        fullname: None,
        active: true,
        addresses: HasMany::default(),
        keywords: ManyToMany::default(),
    };
    assert_eq!(*session.merge_loaded(new).unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_merged_graph_becomes_the_graph() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut ed: User =
        select(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one(&engine).await.unwrap();
    let mut addresses: Vec<Address> = ed.addresses.iter().cloned().collect();
    addresses.remove(0);
    addresses[0].email = "changed@y.org".into();
    ed.fullname = None;
    ed.addresses = addresses.into();
    let mut session = Session::new(&engine);
    let merged = session.merge(ed).await.unwrap();
    session.link(merged, User.addresses, Address::builder().email("new@z.org"));
    session.commit().await.unwrap();
    let emails = select(Address.email).filter(Address.user_id.eq(1)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(emails, ["changed@y.org", "new@z.org"], "the one that it does not hold is an orphan, and goes");
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap(), None);
}

#[tokio::test]
async fn a_merged_value_without_loaded_members_leaves_them_alone() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut ed: User = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    ed.name = "edward".into();
    let mut session = Session::new(&engine);
    let merged = session.merge(ed).await.unwrap();
    session.commit().await.unwrap();
    session.load(merged, User.addresses).await.unwrap();
    assert_eq!((session[merged].name.as_str(), session.handles(merged, User.addresses).len()), ("edward", 2));
}

/// The addresses and keywords of all users, as rows have them.
async fn members(engine: &Engine) -> (Vec<(i64, String)>, Vec<(i64, i64)>) {
    let addresses = select((Address.user_id, Address.email)).order_by(Address.id).all(engine).await.unwrap();
    let pairs = select((UserKeyword.user_id, UserKeyword.keyword_id))
        .order_by((UserKeyword.user_id, UserKeyword.keyword_id))
        .all(engine)
        .await
        .unwrap();
    (addresses, pairs)
}

#[tokio::test]
async fn a_merged_value_of_which_some_members_are_loaded_leaves_the_others_alone() {
    let engine = engine().await;
    three_users(&engine).await;
    let before = members(&engine).await;
    let in_part = [
        select(User).options(selectinload(User.addresses).filter(Address.email.like("%y.org"))),
        select(User).options(selectinload(User.addresses).limit(1)),
        select(User).options(subqueryload(User.addresses).filter(Address.id.lt(0))),
        select(User).options(joinedload(User.keywords).filter(Keyword.word.eq("blue"))),
        select(User).options(selectinload(User.keywords).filter(Keyword.word.eq("blue"))),
        select(User).join(User.addresses).filter(Address.email.eq("ed@x.org")).options(contains_eager(User.addresses)),
    ];
    for query in in_part {
        let values: Vec<User> = query.clone().order_by(User.id).all(&engine).await.unwrap();
        let mut elsewhere = Session::new(&engine);
        let handles = query.order_by(User.id).all(&mut elsewhere).await.unwrap();
        let detached: Vec<User> = handles.into_iter().map(|handle| elsewhere.detach(handle).unwrap()).collect();
        for values in [values, detached] {
            let mut session = Session::new(&engine);
            session.merge_all(values.clone()).await.unwrap();
            session.commit().await.unwrap();
            session.expunge_all();
            session.merge_all(values).await.unwrap();
            session.commit().await.unwrap();
            assert_eq!(members(&engine).await, before);
        }
    }
}

#[tokio::test]
async fn what_is_added_to_some_members_of_a_value_comes_to_the_others() {
    let engine = engine().await;
    three_users(&engine).await;
    let path = selectinload(User.addresses).filter(Address.email.eq("ed@y.org"));
    let mut ed: User = select(User).filter(User.id.eq(1)).options(path).one(&engine).await.unwrap();
    let mut first = ed.addresses.get()[0].clone();
    first.email = "ed@z.org".into();
    ed.addresses = HasMany::default();
    let path = selectinload(User.addresses).filter(Address.email.eq("ed@y.org"));
    let mut again: User = select(User).filter(User.id.eq(1)).options(path).one(&engine).await.unwrap();
    again.addresses.push(Address::builder().email("new@z.org"));
    let mut session = Session::new(&engine);
    session.merge(first).await.unwrap();
    session.merge(again).await.unwrap();
    session.merge(ed).await.unwrap();
    session.commit().await.unwrap();
    let emails = select(Address.email).filter(Address.user_id.eq(1)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(emails, ["ed@x.org", "ed@y.org", "new@z.org"]);
}

#[tokio::test]
async fn what_an_option_hides_of_a_single_member_is_not_taken_away_by_a_merge() {
    let engine = engine().await;
    two_users(&engine).await;
    let path = joinedload(Address.user).filter(User.name.eq("nobody"));
    let address: Address = select(Address).order_by(Address.id).options(path).first(&engine).await.unwrap().unwrap();
    assert!(address.user.get().is_none());
    let mut session = Session::new(&engine);
    session.merge(address).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address.user_id).order_by(Address.id).first(&engine).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_was_deleted_is_no_member_of_a_detached_value() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).options(selectinload(User.addresses)).order_by(User.id).first().await.unwrap();
    let ed = ed.unwrap();
    let first = session.handles(ed, User.addresses)[0];
    session.delete(first).await.unwrap();
    session.commit().await.unwrap();
    let value = session.detach(ed).unwrap();
    assert_eq!(value.addresses.iter().map(|address| address.email.as_str()).collect::<Vec<_>>(), ["ed@y.org"]);
    Session::new(&engine).merge(value).await.unwrap();
    assert_eq!(members(&engine).await.0.len(), 2);
}

#[tokio::test]
async fn merging_adds_what_is_not_there_and_links_what_is() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let rust = session.add(Keyword::builder().word("rust"));
    session.commit().await.unwrap();
    let new = User::builder().id(77).name("new").keywords([Keyword::builder().id(1).word("rust!")]);
    let merged = session.merge(new).await.unwrap();
    assert_eq!(session.state(merged).unwrap(), ObjectState::Pending);
    session.commit().await.unwrap();
    assert_eq!((session[merged].id, session[rust].word.as_str()), (77, "rust!"));
    session.load(merged, User.keywords).await.unwrap();
    assert_eq!(session.handles(merged, User.keywords), [rust]);
    let all = session.merge_all([User::builder().id(77).name("a"), User::builder().id(78).name("b")]).await.unwrap();
    assert_eq!(all[0], merged);
}

#[tokio::test]
async fn a_merged_value_of_another_version_is_stale() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "drafts", version = version, metadata = none)]
    struct Draft {
        #[orm(primary_key)]
        id: i64,
        text: String,
        #[orm(default = 1)]
        version: i64,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Draft].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let draft = session.add(Draft::builder().text("a"));
    session.commit().await.unwrap();
    let mut theirs = select(Draft).one(&engine).await.unwrap();
    session[draft].text = "b".into();
    session.commit().await.unwrap();
    theirs.text = "theirs".into();
    let error = session.merge(theirs).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert_eq!(error.message(), "version 1 of the merged `Draft` with key 1 does not match the existing version 2");
}

/// A merge used to write a builder's defaults over what was there, and so could not be of the present version.
#[tokio::test]
async fn a_merged_builder_leaves_what_it_does_not_set_whatever_its_default() {
    #[derive(Clone, Debug, PartialEq, Embed)]
    struct Size {
        width: i64,
        height: i64,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "boards", version = version, metadata = none)]
    struct Board {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(default = true)]
        open: bool,
        #[orm(embed, default = Size { width: 1, height: 1 })]
        size: Size,
        #[orm(default = 1)]
        version: i64,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Board].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let size = Size { width: 3, height: 4 };
    let board = session.add(Board::builder().name("a").open(false).size(size.clone()));
    session.flush().await.unwrap();
    session[board].name = "b".into();
    session.commit().await.unwrap();

    let merged = session.merge(Board::builder().id(1).name("c")).await.unwrap();
    assert_eq!(merged, board);
    session.commit().await.unwrap();
    let row = select(Board).one(&engine).await.unwrap();
    assert_eq!((row.name.as_str(), row.open, row.size, row.version), ("c", false, size, 3));
    // What is new has them, also while it waits.
    let new = session.merge(Board::builder().id(2).name("new").open(false)).await.unwrap();
    assert_eq!(session.merge(Board::builder().id(2).name("newer")).await.unwrap(), new);
    session.commit().await.unwrap();
    let row = select(Board).filter(Board.id.eq(2)).one(&engine).await.unwrap();
    assert_eq!((row.name.as_str(), row.open, row.size.width, row.version), ("newer", false, 1, 1));
}
