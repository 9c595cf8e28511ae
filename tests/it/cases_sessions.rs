//! A session between its flushes: rollbacks before anything was sent, listeners that change what is being flushed, conditions on
//! new objects, cascades over what must not or cannot be loaded.

use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{ErrorKind, ObjectState, SessionEvents, SessionMaker, with_parent};

use crate::assert_statements;
use crate::support::{Address, Keyword, User, emails, empty_engine, engine, session, three_users, two_users};

#[tokio::test]
async fn a_rollback_undoes_what_was_done_before_anything_was_sent() {
    for (case, expires, also_changed) in (0..16).map(|n| (n & 3, n & 4 == 4, n & 8 == 8)) {
        let engine = engine().await;
        let mut session = SessionMaker::new(&engine).expire_on_commit(expires).session();
        let [first, second, third] = ["x", "d", "e"].map(|name| session.add(User::builder().name(name)));
        session.commit().await.unwrap();
        assert!(!session.in_transaction());
        let mut added = None;
        match case {
            1 => added = Some(session.add(User::builder().name("q"))),
            2 => session.delete(second).await.unwrap(),
            3 => session[third].name = "m".into(),
            _ => (),
        }
        if also_changed {
            session[first].name = "y".into();
        }
        session.rollback().await.unwrap();
        let names = [first, second, third].map(|user| session[user].name.clone());
        assert_eq!(names, ["x", "d", "e"], "{case} {expires} {also_changed}");
        assert!(session.dirty().is_empty() && session.deleted().is_empty() && session.pending().is_empty());
        assert!(added.is_none_or(|added| session.state(added).unwrap() == ObjectState::Transient));
        assert_statements!(engine, 0, session.commit().await.unwrap());
        assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["x", "d", "e"]);
    }
}

// ------------------------------------------------------------------------------------------------ listeners

#[tokio::test]
async fn members_that_a_listener_adds_during_a_flush_are_saved_by_the_next() {
    for is_before in [true, false] {
        let engine = engine().await;
        let push = |user: &mut User| {
            if user.name == "u1" {
                user.addresses.push(Address::builder().email("pushed"));
            }
            Ok(())
        };
        let events = match is_before {
            true => SessionEvents::new().before_insert(User, push),
            false => SessionEvents::new().after_insert(User, push),
        };
        let mut session = SessionMaker::new(&engine).events(events).session();
        let user = session.add(User::builder().name("u1").addresses([Address::builder().email("own")]));
        session.commit().await.unwrap();
        let found = select(Address.email).order_by(Address.id).all(&engine).await.unwrap();
        assert_eq!(found, ["own", "pushed"], "{is_before}");
        session.load(user, User.addresses).await.unwrap();
        assert_eq!(session.handles(user, User.addresses).len(), 2);
    }
}

#[tokio::test]
async fn listeners_to_the_end_of_a_transaction_can_read_the_objects_that_were_in_it() {
    let engine = engine().await;
    let known = Arc::new(Mutex::new(None::<Handle<User>>));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = |what: &'static str| {
        let (known, seen) = (known.clone(), seen.clone());
        move |session: &Session| {
            let user = known.lock().unwrap().unwrap();
            let is_fresh = !session.is_expired(user).unwrap();
            seen.lock().unwrap().push((what, session[user].name.clone(), is_fresh));
        }
    };
    let events = SessionEvents::new().after_commit(look("commit")).after_rollback(look("rollback"));
    let mut session = SessionMaker::new(&engine).events(events).session();
    let user = session.add(User::builder().name("u1"));
    *known.lock().unwrap() = Some(user);
    session.commit().await.unwrap();
    session.query(User).one().await.unwrap();
    session.rollback().await.unwrap();
    assert!(session.is_expired(user).unwrap());
    let u1 = || "u1".to_owned();
    // What is expired stays readable.
    assert_eq!(*seen.lock().unwrap(), [("commit", u1(), false), ("rollback", u1(), false)]);
}

#[tokio::test]
async fn what_a_listener_makes_of_a_row_is_what_was_read() {
    let engine = engine().await;
    two_users(&engine).await;
    let events = SessionEvents::new()
        .on_load(User, |user| {
            user.name.make_ascii_uppercase();
            Ok(())
        })
        .on_refresh(User, |user| {
            user.name.push_str(" again");
            Ok(())
        });
    let mut session = SessionMaker::new(&engine).events(events).session();
    let ed = session.query(User).order_by(User.id).first().await.unwrap().unwrap();
    assert_eq!((session[ed].name.as_str(), session.is_modified(ed).unwrap()), ("ED", false));
    assert_eq!(session.history(ed, User.name).unwrap().unchanged, ["ED"]);
    session.refresh(ed).await.unwrap();
    assert_eq!((session[ed].name.as_str(), session.is_modified(ed).unwrap()), ("ed again", false));
    session.expire(ed).unwrap();
    session.query(User).populate_existing().all().await.unwrap();
    assert_eq!(session[ed].name, "ed again");
    assert_statements!(engine, 0, session.flush().await.unwrap());
}

// ------------------------------------------------------------------------------------------------ conditions on objects

#[tokio::test]
async fn an_object_without_a_key_is_no_condition() {
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("foo")]));
    let mail = session.handles(ed, User.addresses)[0];
    let word = session.add(Keyword::builder().word("w"));
    session.link(ed, User.keywords, word);
    let by_user = |session: &Session| select(Address).filter(Address.user.is(&session[ed]));
    let by_parent = |session: &Session| select(Address).filter(with_parent(&session[ed], User.addresses));
    let by_member = |session: &Session| select(User).filter(User.addresses.contains(&session[mail]));
    let by_pair = |session: &Session| select(Keyword).filter(Keyword.users.contains(&session[ed]));
    // It would find nothing, although the flush before it gives the object its key.
    let statements = (by_user(&session), by_parent(&session), by_member(&session), by_pair(&session));
    for error in [
        session.all(statements.0).await.unwrap_err(),
        session.all(statements.1).await.unwrap_err(),
        session.all(statements.2).await.unwrap_err(),
        session.all(statements.3).await.unwrap_err(),
    ] {
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains("since it has no row yet"), "{error}");
    }
    session.flush().await.unwrap();
    let statements = (by_user(&session), by_parent(&session), by_member(&session), by_pair(&session));
    session.expire_all();
    assert_eq!(session.all(statements.0).await.unwrap(), [mail]);
    assert_eq!(session.all(statements.1).await.unwrap(), [mail]);
    assert_eq!(session.all(statements.2).await.unwrap(), [ed]);
    assert_eq!(session.all(statements.3).await.unwrap(), [word]);
    // The value stays, whatever becomes of the object.
    let statement = by_user(&session);
    session.commit().await.unwrap();
    session.expunge(ed).unwrap();
    assert_eq!(session.all(statement).await.unwrap().len(), 1);
}

// ------------------------------------------------------------------------------------------------ cascades and loading

#[derive(Clone, Debug, Model)]
#[orm(table = "trunks", metadata = none)]
struct Trunk {
    #[orm(primary_key)]
    id: i64,
    #[orm(unique, length = 20)]
    code: String,
    #[orm(back_populates = trunk, lazy = raise, cascade(all, delete_orphan))]
    leaves: HasMany<Leaf>,
    #[orm(back_populates = trunk, lazy = raise)]
    nests: HasMany<Nest>,
    #[orm(lazy = write_only)]
    birds: HasMany<Bird>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "leaves", metadata = none)]
struct Leaf {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Trunk.id)]
    trunk_id: i64,
    #[orm(back_populates = leaves, lazy = raise)]
    trunk: BelongsTo<Trunk>,
}

/// Refers by a column that is no key, and takes its trunk along.
#[derive(Clone, Debug, Model)]
#[orm(table = "nests", metadata = none)]
struct Nest {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Trunk.code, length = 20)]
    trunk_code: Option<String>,
    #[orm(back_populates = nests, lazy = raise, cascade(all))]
    trunk: BelongsTo<Trunk>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "birds", metadata = none)]
struct Bird {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Trunk.id)]
    trunk_id: Option<i64>,
}

async fn trunk() -> (Engine, Session, Handle<Trunk>) {
    let engine = empty_engine().await;
    metadata![Trunk, Leaf, Nest, Bird].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(
        Trunk::builder()
            .code("oak")
            .leaves([Leaf::builder(), Leaf::builder()])
            .nests([Nest::builder(), Nest::builder()])
            .birds([Bird::builder(), Bird::builder()]),
    );
    session.commit().await.unwrap();
    session.expunge_all();
    let trunk = session.get_one(Trunk, 1).await.unwrap();
    (engine, session, trunk)
}

#[tokio::test]
async fn a_delete_loads_what_is_not_to_be_loaded_on_demand() {
    let (engine, mut session, trunk) = trunk().await;
    assert!(session.load(trunk, Trunk.leaves).await.is_err());
    session.delete(trunk).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Leaf).count(&engine).await.unwrap(), 0);
    assert_eq!(select(Nest.trunk_code).all(&engine).await.unwrap(), [None, None]);
    assert_eq!(select(Bird.trunk_id).all(&engine).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn a_target_that_is_no_key_goes_with_what_refers_to_it_and_lets_the_others_go() {
    let (engine, mut session, _) = trunk().await;
    session.expunge_all();
    let nest = session.query(Nest).order_by(Nest.id).first().await.unwrap().unwrap();
    session.delete(nest).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Trunk).count(&engine).await.unwrap(), 0);
    assert_eq!(select(Nest.trunk_code).all(&engine).await.unwrap(), [None]);
    assert_eq!(select(Leaf).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn members_that_are_never_loaded_come_go_and_come_back() {
    let (engine, mut session, trunk) = trunk().await;
    let birds = session.members(trunk, Trunk.birds).unwrap().select().unwrap().order_by(Bird.id);
    let [first, second] = birds.clone().all(&mut session).await.unwrap()[..] else { panic!() };
    // Out, in again, and out: each is one UPDATE that reads nothing.
    let owned = select(Bird.id).filter(Bird.trunk_id.is_not_null()).order_by(Bird.id);
    session.members(trunk, Trunk.birds).unwrap().remove(first);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    assert_eq!(owned.clone().all(&mut session).await.unwrap(), [2]);
    session.members(trunk, Trunk.birds).unwrap().add(first);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    assert_eq!(owned.clone().all(&mut session).await.unwrap(), [1, 2]);
    let mut members = session.members(trunk, Trunk.birds).unwrap();
    members.remove(second);
    let third = members.add(Bird::builder());
    session.flush().await.unwrap();
    assert_eq!(birds.clone().all(&mut session).await.unwrap(), [first, third]);
    // What waits is there for the next query, and not after a rollback.
    session.commit().await.unwrap();
    session.members(trunk, Trunk.birds).unwrap().add(Bird::builder());
    assert_eq!(birds.clone().all(&mut session).await.unwrap().len(), 3);
    session.rollback().await.unwrap();
    assert_eq!(birds.clone().all(&mut session).await.unwrap(), [first, third]);
    // A value that does not speak of them leaves them alone.
    session.merge(Trunk::builder().id(1).code("oak")).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(birds.all(&mut session).await.unwrap(), [first, third]);
}

#[tokio::test]
async fn what_can_only_be_read_is_merged_and_let_go_of_and_not_written() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "clients", metadata = none)]
    struct Client {
        #[orm(primary_key, autoincrement = false)]
        id: i64,
        #[orm(primaryjoin = orm::foreign(Order.client_id).eq(Client.id), viewonly, cascade(all), order_by = id)]
        orders: HasMany<Order>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "client_orders", metadata = none)]
    struct Order {
        #[orm(primary_key, autoincrement = false)]
        id: i64,
        client_id: i64,
    }
    let engine = empty_engine().await;
    metadata![Client, Order].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Client::builder().id(1));
    let orders = session.add_all([1, 2].map(|id| Order::builder().id(id).client_id(1)));
    session.commit().await.unwrap();
    let value = select(Client).options(selectinload(Client.orders)).one(&engine).await.unwrap();
    assert_eq!(value.orders.len(), 2);
    let client = session.get_one(Client, 1).await.unwrap();
    session.load(client, Client.orders).await.unwrap();
    assert_eq!(session.handles(client, Client.orders), orders);
    let copy = session.merge(value.clone()).await.unwrap();
    assert_eq!(copy, client);
    assert!(session.dirty().is_empty(), "{:?}", session.dirty());
    assert_statements!(engine, 0, session.flush().await.unwrap());
    session.expunge(client).unwrap();
    assert!(orders.iter().all(|&order| !session.contains(order)));
    let again = session.merge_loaded(value).unwrap();
    assert_eq!(session.handles(again, Client.orders).len(), 2);
    assert_statements!(engine, 0, session.commit().await.unwrap());
    // Cascades that would write do nothing.
    session.delete(again).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Order.client_id).all(&engine).await.unwrap(), [1, 1]);
    assert_eq!(select(Client).count(&engine).await.unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------ expired and merged

#[tokio::test]
async fn a_column_that_expires_is_read_again_after_what_waits_was_written() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let mail = session.get_one(Address, 3).await.unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    session.link(mail, Address.user, ed);
    session.expire_attributes(mail, Address.user_id).unwrap();
    session.query(Address).all().await.unwrap();
    assert_eq!(session[mail].user_id, 1);
    assert_eq!(session.handles(mail, Address.user), [ed]);
    session.commit().await.unwrap();
    assert_eq!(select(Address.user_id).filter(Address.id.eq(3)).one(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn an_expired_object_has_its_joined_members_after_the_query_that_brings_them() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = session.query(User).filter(User.id.eq(1)).options(joinedload(User.addresses)).one().await.unwrap();
    session.expire(ed).unwrap();
    let query = session.query(User).filter(User.id.eq(1)).options(joinedload(User.addresses));
    assert_eq!(query.all().await.unwrap(), [ed]);
    assert!(!session.is_expired(ed).unwrap());
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
}

#[tokio::test]
async fn a_value_with_loaded_relationships_brings_them_whatever_is_loaded_there() {
    for (is_there, is_loaded) in [(true, true), (true, false), (false, false)] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let query = select(User).options(selectinload(User.addresses)).filter(User.id.eq(1));
        let value = query.one(&engine).await.unwrap();
        if is_there {
            let ed = session.get_one(User, 1).await.unwrap();
            if is_loaded {
                session.load(ed, User.addresses).await.unwrap();
            }
        }
        let ed = session.merge(value.clone()).await.unwrap();
        assert_eq!(
            session.related(ed, User.addresses).map(|(_, mail)| mail.email.as_str()).collect::<Vec<_>>(),
            emails(&value)
        );
        let before = engine.statement_count();
        session.flush().await.unwrap();
        assert_eq!(engine.statement_count(), before, "{is_there} {is_loaded}");
        // One that has none leaves those that are there.
        let plain = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
        session.merge(plain).await.unwrap();
        assert_eq!(session.handles(ed, User.addresses).len(), 2);
        session.commit().await.unwrap();
        assert_eq!(select(Address).count(&engine).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn rows_written_in_bulk_and_objects_go_in_the_order_of_the_program() {
    let (engine, mut session) = session().await;
    let waiting = session.add(User::builder().name("waits"));
    session.bulk_insert(["a", "b"].map(|name| User::builder().name(name))).await.unwrap();
    let objects = session.add_all(["c", "d"].map(|name| User::builder().name(name)));
    session.commit().await.unwrap();
    let names = select(User.name).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(names, ["waits", "a", "b", "c", "d"]);
    assert_eq!((session[waiting].id, session[objects[0]].id, session[objects[1]].id), (1, 4, 5));
}

#[tokio::test]
async fn a_transaction_that_has_begun_cannot_begin_again() {
    let (_engine, mut session) = session().await;
    session.begin().await.unwrap();
    assert!(session.in_transaction());
    assert_eq!(*session.begin().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    session.rollback().await.unwrap();
    // A flush that has nothing to write begins none; a query does.
    session.flush().await.unwrap();
    assert!(!session.in_transaction());
    session.query(User).all().await.unwrap();
    assert!(session.in_transaction() && session.begin().await.is_err());
    session.commit().await.unwrap();
    assert!(!session.in_transaction());
    session.begin().await.unwrap();
    session.close().await.unwrap();
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn pairs_that_are_never_loaded_come_and_go() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let [ed, _, fred] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
    let words = session.members(ed, User.keywords).unwrap().select().unwrap().order_by(Keyword.id);
    let [red, blue] = words.clone().all(&mut session).await.unwrap()[..] else { panic!() };
    session.members(ed, User.keywords).unwrap().remove(red);
    let green = session.members(ed, User.keywords).unwrap().add(Keyword::builder().word("green"));
    session.members(fred, User.keywords).unwrap().add_all([red, green]);
    assert_eq!(words.clone().all(&mut session).await.unwrap(), [blue, green]);
    assert_eq!(session.members(fred, User.keywords).unwrap().count().await.unwrap(), 2);
    assert!(session[ed].keywords.is_unloaded() && session[fred].keywords.is_unloaded());
    session.rollback().await.unwrap();
    assert_eq!(words.all(&mut session).await.unwrap(), [red, blue]);
    assert_eq!(session.members(fred, User.keywords).unwrap().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_limited_query_locks_its_rows_with_joined_members() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    for is_limited in [true, false] {
        for option in [joinedload(User.addresses), joinedload(User.addresses).innerjoin()] {
            let query = select(User).options(option).order_by(User.id).for_update();
            let query = if is_limited { query.limit(1) } else { query };
            let users = query.all(&mut session).await.unwrap();
            assert_eq!(session.handles(users[0], User.addresses).len(), 2, "{is_limited}");
            assert!(users.len() == 1 || !is_limited);
            session.rollback().await.unwrap();
        }
    }
}
