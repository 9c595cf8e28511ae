//! What the objects of a session are after rows were changed by condition, in bulk, by an upsert, and by statements that give
//! rows, case by case.

use orm::Dialect::{MariaDb, MySql};
use orm::prelude::*;
use orm::{ErrorKind, ObjectState, Synchronize, func};

use crate::cases_states::first_goes_with_its_new_owner;
use crate::support::{Address, Keyword, User, UserKeyword, dialect, empty_engine, session, three_users, two_users};

fn fullnames(session: &Session, users: &[Handle<User>]) -> Vec<String> {
    users.iter().map(|&user| session[user].fullname.clone().unwrap_or_default()).collect()
}

// ------------------------------------------------------------------------------------------------ by condition

#[tokio::test]
async fn whatever_the_condition_objects_are_as_the_rows() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let hit = || update(User).set(User.fullname, "hit");
    let changes = [
        hit().filter(User.name.eq("ed")),
        hit().filter(User.name.eq("ED")),
        hit().filter(User.id.lt(3)),
        hit().filter(User.fullname.is_null()),
        hit().filter(User.fullname.eq("Ed Jones") & User.id.eq(1)),
        hit().filter(User.fullname.eq("x") | User.id.eq(2)),
        hit().filter(!(User.fullname.eq("x") | User.id.eq(2))),
        hit().filter(!User.active),
        hit().filter(User.active.eq(true) & User.fullname.ne("x")),
        hit().filter(User.name.starts_with("w")),
        hit().filter(User.name.concat("_foo").eq("ed_foo")),
        hit().filter(User.fullname.in_(["Ed Jones", "x"])),
        hit().filter(User.fullname.not_in(["Ed Jones", "x"])),
        hit().filter(User.fullname.not_in(Vec::<&str>::new())),
        hit().filter(orm::tuple((User.id, User.name)).in_([(1, "ed"), (2, "fred")])),
        hit().filter(User.fullname.is_distinct_from("Ed Jones")),
        hit().filter(User.id.between(2, 3)).filter(User.name.ne("fred")),
        update(User).set(User.fullname, User.name).filter(User.id.gt(1)),
        update(User).set(User.fullname, User.name.concat(User.name)).filter(User.name.eq("wendy")),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for synchronize in [Synchronize::Auto, Synchronize::Fetch] {
            let mut inner = session.begin_nested().await.unwrap();
            inner.execute_with(change.clone(), synchronize).await.unwrap();
            let is_fresh = |user: &&Handle<User>| !inner.is_expired(**user).unwrap();
            let fresh: Vec<Handle<User>> = users.iter().filter(is_fresh).copied().collect();
            let rows = select((User.id, User.fullname)).order_by(User.id);
            let mut rows = inner.all(rows).await.unwrap();
            rows.retain(|(id, _)| fresh.iter().any(|&user| inner[user].id == *id));
            let objects: Vec<_> = fresh.iter().map(|&user| (inner[user].id, inner[user].fullname.clone())).collect();
            assert_eq!(objects, rows, "change {number}, {synchronize:?}");
            inner.rollback().await.unwrap();
            session.query(User).all().await.unwrap();
            assert_eq!(fullnames(&session, &users), ["Ed Jones", "", ""], "change {number}");
        }
    }
}

#[tokio::test]
async fn what_is_expired_is_judged_by_the_database() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    session.execute(text("UPDATE users SET active = FALSE WHERE id = 1")).await.unwrap();
    session.expire(users[0]).unwrap();
    let hit = update(User).set(User.fullname, "hit").filter(!User.active);
    let error = session.execute_with(hit.clone(), Synchronize::Evaluate).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(session.execute(hit).await.unwrap(), 2);
    assert!(session.is_expired(users[0]).unwrap() && !session.is_expired(users[1]).unwrap());
    session.query(User).all().await.unwrap();
    assert_eq!(fullnames(&session, &users), ["hit", "hit", ""]);
    for table in ["addresses", "user_keywords"] {
        session.execute(text(format!("DELETE FROM {table}"))).await.unwrap();
    }
    session.expire(users[1]).unwrap();
    assert_eq!(session.execute(delete(User).filter(!User.active)).await.unwrap(), 2);
    let states: Vec<ObjectState> = users.iter().map(|&user| session.state(user).unwrap()).collect();
    assert_eq!(states, [ObjectState::Deleted, ObjectState::Deleted, ObjectState::Persistent]);
}

/// Whether there is an object to judge makes no difference to what is refused.
#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_is_refused_by_a_session_without_objects() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let hit = || update(User).set(User.fullname, "hit");
    let ids = || select(Address.user_id);
    let refused = [
        hit().filter(User.name.like("e%")),
        hit().filter(User.name.gt("e")),
        hit().filter(User.name.in_(["ed"]) & User.name.concat("!").eq("ed!")),
        hit().filter(!(User.id.eq(1) | User.name.starts_with("w"))),
        hit().filter(User.id.in_(ids())),
        hit().filter(User.id.between(1, 2) & func::length(User.name).eq(2)),
        hit().filter(User.addresses.any(Address.id.eq(1))),
        hit().filter(User.id.eq(Address.user_id)),
        hit().filter(User.name.in_(Vec::<&str>::new()) & User.name.lt("x")),
    ];
    for (number, change) in refused.into_iter().enumerate() {
        let sent = engine.statement_count();
        let error = session.execute_with(change, Synchronize::Evaluate).await.unwrap_err();
        assert_eq!(error.message(), "the condition cannot be evaluated in memory", "change {number}");
        assert_eq!(engine.statement_count(), sent, "change {number}");
    }
    let error =
        session.execute_with(delete(User).filter(User.name.like("e%")), Synchronize::Evaluate).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    let taken = [
        (hit(), 3),
        (hit().filter(User.active), 2),
        (hit().filter(!User.active.eq(true)), 1),
        (hit().filter(User.id.in_([1, 2]) & (User.id + 1).ne(2)), 1),
        (hit().filter(User.id.between(2, 3) | User.fullname.is_null()), 2),
        (hit().filter(User.fullname.eq(None::<String>)), 0),
    ];
    for (number, (change, count)) in taken.into_iter().enumerate() {
        let changed = session.execute_with(change, Synchronize::Evaluate).await;
        assert_eq!(changed.unwrap(), count, "change {number}");
    }
}

#[tokio::test]
async fn columns_that_are_set_one_from_the_other_are_as_in_the_row() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "swaps", metadata = none)]
    struct Swap {
        #[orm(primary_key)]
        id: i64,
        a: i64,
        b: i64,
    }
    let engine = empty_engine().await;
    metadata![Swap].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let swap = session.add(Swap::builder().a(1).b(2));
    session.flush().await.unwrap();
    let change = update(Swap).set(Swap.a, Swap.a + 10).set(Swap.b, Swap.a);
    session.execute(change.filter(Swap.id.eq(1))).await.unwrap();
    session.get_one(Swap, 1).await.unwrap();
    let row = session.one(select((Swap.a, Swap.b))).await.unwrap();
    assert_eq!((session[swap].a, session[swap].b), row);
}

#[tokio::test]
async fn an_object_whose_key_is_set_by_a_condition_is_not_found_by_the_former_one() {
    for synchronize in [Synchronize::Auto, Synchronize::Fetch] {
        for is_known in [true, false] {
            let (engine, mut session) = session().await;
            three_users(&engine).await;
            session.execute(delete(UserKeyword)).await.unwrap();
            let [red, blue] = session.query(Keyword).order_by(Keyword.id).all().await.unwrap()[..] else { panic!() };
            let change = update(Keyword).set(Keyword.id, Keyword.id + 10);
            let change =
                if is_known { change.filter(Keyword.id.eq(1)) } else { change.filter(Keyword.word.like("r%")) };
            session.execute_with(change, synchronize).await.unwrap();
            assert_eq!(session.get(Keyword, 1).await.unwrap(), None, "{synchronize:?} {is_known}");
            assert_eq!(session.state(red).unwrap(), ObjectState::Deleted);
            let moved = session.get_one(Keyword, 11).await.unwrap();
            assert_eq!(session[moved].word, "red");
            assert_eq!(session.get(Keyword, 2).await.unwrap(), Some(blue));
            session.rollback().await.unwrap();
            assert_eq!(session.get(Keyword, 1).await.unwrap(), Some(red));
        }
    }
}

#[tokio::test]
async fn rows_of_an_alias_and_rows_beside_another_table_are_found_by_the_database() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let addresses = session.query(Address).order_by(Address.id).all().await.unwrap();
    let [first, second, third] = addresses[..] else { panic!() };
    let mail = Address.alias("mail");
    session.execute(update(mail).set(Address.email, "changed").filter(mail.email.like("ed@x%"))).await.unwrap();
    session.get_one(Address, 1).await.unwrap();
    assert_eq!(session[first].email, "changed");
    session.execute(delete(mail).filter(mail.email.like("wendy%"))).await.unwrap();
    assert_eq!(session.get(Address, 3).await.unwrap(), None);
    assert_eq!(session.state(third).unwrap(), ObjectState::Deleted);
    session.execute(delete(Address).filter(Address.user_id.eq(User.id) & User.name.eq("ed"))).await.unwrap();
    for address in [first, second] {
        let id = session[address].id;
        assert_eq!(session.get(Address, id).await.unwrap(), None);
        assert_eq!(session.state(address).unwrap(), ObjectState::Deleted);
    }
    session.rollback().await.unwrap();
    for address in addresses {
        assert_eq!(session.state(address).unwrap(), ObjectState::Persistent);
    }
}

#[tokio::test]
async fn members_that_a_delete_by_condition_took_are_no_trouble_to_their_owner() {
    for way in ["clear", "replace", "unlink", "delete"] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let query = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses));
        let ed = query.one().await.unwrap();
        let [first, second] = session.handles(ed, User.addresses)[..] else { panic!() };
        session.execute(delete(Address).filter(Address.id.eq(1))).await.unwrap();
        match way {
            "clear" => session[ed].addresses.clear(),
            "replace" => session[ed].addresses.replace([second]),
            "unlink" => _ = session.unlink(ed, User.addresses, first),
            _ => session.delete(ed).await.unwrap(),
        }
        session.commit().await.unwrap();
        let left = if matches!(way, "clear" | "delete") { vec![3] } else { vec![2, 3] };
        assert_eq!(select(Address.id).order_by(Address.id).all(&engine).await.unwrap(), left, "{way}");
        assert_eq!(session.state(first).unwrap(), ObjectState::Detached);
    }
}

#[tokio::test]
async fn pairs_that_a_delete_by_condition_took_are_read_again() {
    for gives_rows in [false, true] {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let query = session.query(User).order_by(User.id).options(selectinload(User.keywords));
        let users = query.all().await.unwrap();
        let query = session.query(Keyword).order_by(Keyword.id).options(selectinload(Keyword.users));
        let keywords = query.all().await.unwrap();
        let gone = delete(UserKeyword).filter(UserKeyword.user_id.eq(1));
        if gives_rows {
            let gone = session.all(gone.returning(UserKeyword.keyword_id)).await;
            if dialect() == MySql {
                assert_eq!(*gone.unwrap_err().kind(), ErrorKind::Compile);
                return;
            }
            assert_eq!(gone.unwrap().len(), 2);
        } else {
            session.execute(gone).await.unwrap();
        }
        session.load(&keywords, Keyword.users).await.unwrap();
        assert!(session.handles(keywords[0], Keyword.users).is_empty());
        assert_eq!(session.handles(keywords[1], Keyword.users), [users[1]]);
        // None of them is looked for when their owner goes.
        session.delete(users[0]).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select(UserKeyword.user_id).all(&engine).await.unwrap(), [2]);
    }
}

// ------------------------------------------------------------------------------------------------ in bulk

#[tokio::test]
async fn members_that_a_bulk_update_or_an_upsert_has_moved_are_their_new_owners() {
    for is_upsert in [false, true] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
        let [ed, wendy] = users[..] else { panic!() };
        let [first, second] = session.handles(ed, User.addresses)[..] else { panic!() };
        let mut moved = select(Address).filter(Address.email.eq("ed@x.org")).one(&engine).await.unwrap();
        moved.user_id = 2;
        if is_upsert {
            let upsert = insert(Address).values(moved).on_conflict(Address.id).do_update(Address.user_id);
            session.execute(upsert).await.unwrap();
        } else {
            session.bulk_update(Address.user_id, [moved]).await.unwrap();
        }
        first_goes_with_its_new_owner(&engine, session, [ed, wendy], [first, second]).await;
    }
}

#[tokio::test]
async fn a_quiet_session_flushes_before_no_statement_that_writes() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    let new = session.add(User::builder().name("new"));
    let mut quiet = session.no_autoflush();
    let hit = update(User).set(User.fullname, "hit");
    assert_eq!(quiet.execute(hit.clone()).await.unwrap(), 2);
    for synchronize in [Synchronize::Fetch, Synchronize::No] {
        assert_eq!(quiet.execute_with(hit.clone(), synchronize).await.unwrap(), 2);
    }
    assert_eq!(quiet.bulk_insert([User::builder().name("added")]).await.unwrap(), 1);
    let changed = User { fullname: Some("in bulk".into()), ..ed };
    assert_eq!(quiet.bulk_update(User.fullname, [changed]).await.unwrap(), 1);
    assert_eq!(session.state(new).unwrap(), ObjectState::Pending);
    session.commit().await.unwrap();
    let rows = select((User.name, User.fullname)).order_by(User.name).all(&engine).await.unwrap();
    let expected = [("added", None), ("ed", Some("in bulk")), ("new", None), ("wendy", Some("hit"))];
    assert_eq!(rows, expected.map(|(name, full)| (name.to_owned(), full.map(str::to_owned))));
}

// ------------------------------------------------------------------------------------------------ statements that give rows

#[tokio::test]
async fn an_update_that_gives_rows_changes_the_objects() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let hit = |name: &'static str| update(User).set(User.fullname, name).filter(User.id.lt(3));
    let columns = session.all(hit("columns").returning(User.id)).await;
    if matches!(dialect(), MariaDb | MySql) {
        assert_eq!(*columns.unwrap_err().kind(), ErrorKind::Compile);
        assert_eq!(fullnames(&session, &users), ["Ed Jones", "", ""]);
        return;
    }
    assert_eq!(columns.unwrap().len(), 2);
    assert_eq!(fullnames(&session, &users), ["columns", "columns", ""]);
    assert!(session.dirty().is_empty() && !session.is_expired(users[0]).unwrap());
    let mut whole = session.all(hit("whole").returning(User)).await.unwrap();
    whole.sort_by_key(|&user| session[user].id);
    assert_eq!(whole, users[..2]);
    assert_eq!(fullnames(&session, &users), ["whole", "whole", ""]);
    // What only the database can tell.
    let computed = || update(User).filter(User.name.like("%ed%"));
    session.all(computed().set(User.fullname, func::upper(User.name)).returning(User)).await.unwrap();
    assert_eq!(
        (session[users[0]].fullname.as_deref(), session[users[2]].fullname.as_deref()),
        (Some("ED"), Some("FRED"))
    );
    session.all(computed().set(User.fullname, func::lower(User.name)).returning(User.id)).await.unwrap();
    session.query(User).all().await.unwrap();
    assert_eq!(fullnames(&session, &users), ["ed", "whole", "fred"]);
    // What waits for a flush stays, and nothing is stale.
    session[users[0]].fullname = Some("mine".into());
    session.no_autoflush().all(hit("theirs").returning(User)).await.unwrap();
    session[users[1]].active = true;
    assert_eq!(fullnames(&session, &users), ["mine", "theirs", "fred"]);
    session.commit().await.unwrap();
    let rows = select(func::coalesce(User.fullname, "")).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(rows, ["mine", "theirs", "fred"]);
}

#[tokio::test]
async fn what_an_update_that_gives_rows_has_changed_goes_back_with_its_savepoint() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    for is_whole in [true, false] {
        let mut inner = session.begin_nested().await.unwrap();
        let change = update(User).set(User.fullname, "inner").filter(User.id.eq(1));
        let is_done = match is_whole {
            true => inner.all(change.returning(User)).await.is_ok(),
            false => inner.all(change.returning(User.id)).await.is_ok(),
        };
        assert_eq!(is_done, !matches!(dialect(), MariaDb | MySql));
        inner.rollback().await.unwrap();
        session.query(User).all().await.unwrap();
        assert_eq!(fullnames(&session, &users), ["Ed Jones", ""], "the whole row: {is_whole}");
    }
}

#[tokio::test]
async fn what_a_delete_that_gives_rows_has_deleted_is_deleted() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    text("DELETE FROM addresses").execute(&engine).await.unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    let gone = session.all(delete(User).filter(User.id.lt(3)).returning(User)).await;
    if dialect() == MySql {
        assert_eq!(*gone.unwrap_err().kind(), ErrorKind::Compile);
        return;
    }
    let mut gone = gone.unwrap();
    gone.sort_by_key(|&user| session[user].id);
    assert_eq!(gone[0], ed);
    for &user in &gone {
        assert_eq!(session.state(user).unwrap(), ObjectState::Deleted);
    }
    assert_eq!(session[gone[1]].name, "wendy");
    assert_eq!(session.get(User, 2).await.unwrap(), None);
    session.rollback().await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
    assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
    // Columns, by a condition that can be evaluated, and by one that only the database can.
    assert_eq!(session.all(delete(User).filter(User.id.eq(2)).returning(User.id)).await.unwrap(), [2]);
    assert_eq!(session.all(delete(User).filter(User.name.like("e%")).returning(User.id)).await.unwrap(), [1]);
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    assert_eq!(session.state(ed).unwrap(), ObjectState::Deleted);
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn an_upsert_that_gives_rows_changes_the_objects() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].active = false;
    let row = User::builder().id(1).name("ed").fullname("again");
    let upsert = insert(User).values(row).on_conflict(User.id).do_update(User.fullname).returning(User);
    let rows = session.all(upsert).await;
    if dialect() == MySql {
        assert_eq!(*rows.unwrap_err().kind(), ErrorKind::Compile);
        return;
    }
    assert_eq!(rows.unwrap(), [ed]);
    assert_eq!((session[ed].fullname.as_deref(), session[ed].active), (Some("again"), false));
    session.commit().await.unwrap();
    let row = select((User.fullname, User.active)).filter(User.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(row, (Some("again".to_owned()), false));
}

/// MariaDB orders UUIDs by other bytes than the first.
#[cfg(feature = "uuid")]
#[tokio::test]
async fn objects_follow_an_order_of_uuids_as_the_database_has_it() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "uuids", metadata = none)]
    struct Marked {
        #[orm(primary_key)]
        id: i64,
        mark: uuid::Uuid,
        hit: bool,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Marked].create_all(&engine).await.unwrap();
    let marks = [
        "10000000-0000-1000-8000-000000000009",
        "90000000-0000-1000-8000-000000000001",
        "50000000-0000-4000-8000-000000000005",
    ]
    .map(|mark| mark.parse::<uuid::Uuid>().unwrap());
    let mut session = Session::new(&engine);
    let rows = session.add_all(marks.map(|mark| Marked::builder().mark(mark).hit(false)));
    session.commit().await.unwrap();
    session.query(Marked).all().await.unwrap();
    let conditions = [Marked.mark.gt(marks[2]), Marked.mark.between(marks[0], marks[1]), Marked.mark.eq(marks[1])];
    for (number, condition) in conditions.into_iter().enumerate() {
        session.execute(update(Marked).set(Marked.hit, false)).await.unwrap();
        session.execute(update(Marked).set(Marked.hit, true).filter(condition)).await.unwrap();
        session.query(Marked).all().await.unwrap();
        let known: Vec<(i64, bool)> = session.iter(&rows).map(|row| (row.id, row.hit)).collect();
        let stored = session.all(select((Marked.id, Marked.hit)).order_by(Marked.id)).await.unwrap();
        assert_eq!(known, stored, "condition {number}");
    }
}
