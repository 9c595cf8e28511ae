//! What objects and collections are after statements of which only the database knows what they have changed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orm::prelude::*;
use orm::{ErrorKind, ObjectState, func};

use crate::only;
use crate::support::{Address, Keyword, User, UserKeyword, session, three_users};

/// Reads the users with their addresses and keywords, and the addresses.
async fn read(session: &mut Session) -> (Vec<Handle<User>>, Vec<Handle<Address>>) {
    let options = (selectinload(User.addresses), selectinload(User.keywords));
    let users = session.query(User).options(options).order_by(User.id).all().await.unwrap();
    let addresses = session.query(Address).order_by(Address.id).all().await.unwrap();
    (users, addresses)
}

// ------------------------------------------------------------------------------------------------ CTEs that write

#[tokio::test]
async fn objects_are_read_again_after_a_cte_has_updated_rows() {
    only!(Postgres);
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, _) = read(&mut session).await;
    let renamed = || {
        let renamed = update(User).set(User.fullname, User.fullname.concat("!")).filter(User.id.eq(1));
        renamed.returning(User.id).cte("renamed")
    };
    let name = async |session: &mut Session| {
        assert!(session.is_expired(users[0]).unwrap());
        assert_eq!(session.get_one(User, 1).await.unwrap(), users[0]);
        session[users[0]].fullname.clone().unwrap()
    };

    // As rows of the query; each of them shows what was before.
    let cte = renamed();
    let found = session.query(User).join_on(&cte, cte.0.eq(User.id)).all().await.unwrap();
    assert_eq!(found, [users[0]]);
    assert_eq!(name(&mut session).await, "Ed Jones!");
    // Beside it.
    session.query(Keyword).add_cte(renamed()).all().await.unwrap();
    assert_eq!(name(&mut session).await, "Ed Jones!!");
    // In a subquery of a condition.
    let cte = renamed();
    let mentioned = Keyword.id.in_(select(cte.0).select_from(&cte));
    drop(cte);
    assert_eq!(session.query(Keyword).filter(mentioned).all().await.unwrap().len(), 1);
    assert_eq!(name(&mut session).await, "Ed Jones!!!");
    // Of what gives no objects.
    assert_eq!(session.query(Keyword).add_cte(renamed()).count().await.unwrap(), 2);
    assert_eq!(name(&mut session).await, "Ed Jones!!!!");
    // Before statements that write themselves.
    let blue = || Keyword::builder().word("x");
    session.execute(insert(Keyword).values(blue()).add_cte(renamed())).await.unwrap();
    assert_eq!(name(&mut session).await, "Ed Jones!!!!!");
    let word = update(Keyword).set(Keyword.word, "y").filter(Keyword.word.eq("x"));
    assert_eq!(session.execute(word.add_cte(renamed())).await.unwrap(), 1);
    assert_eq!(name(&mut session).await, "Ed Jones!!!!!!");
    let gone = delete(Keyword).filter(Keyword.word.eq("y")).add_cte(renamed()).returning(Keyword.id);
    assert_eq!(session.all(gone).await.unwrap().len(), 1);
    assert_eq!(name(&mut session).await, "Ed Jones!!!!!!!");
    session.rollback().await.unwrap();
    session.refresh(users[0]).await.unwrap();
    assert_eq!(session[users[0]].fullname.as_deref(), Some("Ed Jones"));
}

#[tokio::test]
async fn objects_of_rows_that_a_cte_has_deleted_are_gone_with_the_next_read() {
    only!(Postgres);
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, addresses) = read(&mut session).await;
    let gone = delete(Address).filter(Address.user_id.eq(1)).returning(Address.user_id).cte("gone");
    let query = select((User.name, func::count(gone.0))).join_on(&gone, gone.0.eq(User.id)).group_by(User.name);
    assert_eq!(session.all(query).await.unwrap(), [("ed".to_owned(), 2)]);
    assert_eq!(session.get(Address, 1).await.unwrap(), None);
    assert_eq!(session.state(addresses[0]).unwrap(), ObjectState::Deleted);
    session.load(users[0], User.addresses).await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses), []);
}

#[tokio::test]
async fn collections_are_read_again_after_a_cte_has_moved_members_or_brought_some() {
    only!(Postgres);
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, addresses) = read(&mut session).await;
    let moved = update(Address).set(Address.user_id, 3).filter(Address.id.eq(2)).returning(Address.id).cte("moved");
    let new = insert(Address).values(Address::builder().email("wendy@y.org").user_id(2)).returning(Address.id);
    let pairs = insert(UserKeyword).values(UserKeyword { user_id: 3, keyword_id: 1 }).returning(UserKeyword.user_id);
    session.query(Keyword).add_cte(moved).add_cte(new.cte("new")).add_cte(pairs.cte("pairs")).all().await.unwrap();
    session.load(&users, User.addresses).await.unwrap();
    session.load(&users, User.keywords).await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses), addresses[..1]);
    assert_eq!(session[users[1]].addresses.len(), 2);
    assert_eq!(session.handles(users[2], User.addresses), addresses[1..2]);
    assert_eq!(session[users[2]].keywords.len(), 1);
}

#[tokio::test]
async fn a_cte_that_writes_runs_once_whatever_the_session_asks_to_follow() {
    only!(Postgres);
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    read(&mut session).await;
    let before = engine.statement_count();
    // The keys that are set cannot be given back, and would be asked for before.
    let new = insert(Keyword).values(Keyword::builder().word("new")).returning(Keyword.id).cte("new");
    let change = update(Address).set(Address.id, Address.id + 10).filter(Address.id.not_in(select(new.0)));
    assert_eq!(session.execute(change).await.unwrap(), 2, "all but that with the new key");
    assert_eq!(engine.statement_count() - before, 1);
    assert_eq!(session.query(Keyword).filter(Keyword.word.eq("new")).count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_cte_that_writes_is_not_followed_where_nothing_is_to_follow() {
    only!(Postgres);
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, _) = read(&mut session).await;
    let renamed = update(User).set(User.fullname, "x").filter(User.id.eq(1)).returning(User.id).cte("renamed");
    let change = update(Keyword).set(Keyword.word, "y").add_cte(renamed);
    session.execute_with(change, orm::Synchronize::No).await.unwrap();
    assert!(!session.is_expired(users[0]).unwrap());
}

// ------------------------------------------------------------------------------------------------ collections in doubt

#[tokio::test]
async fn rows_that_are_inserted_without_objects_are_members_of_what_is_loaded_next() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, _) = read(&mut session).await;
    session.execute(insert(Address).values(Address::builder().email("fred@x.org").user_id(3))).await.unwrap();
    session.bulk_insert([UserKeyword { user_id: 3, keyword_id: 1 }]).await.unwrap();
    session.load(users[2], User.addresses).await.unwrap();
    session.load(users[2], User.keywords).await.unwrap();
    assert_eq!((session[users[2]].addresses.len(), session[users[2]].keywords.len()), (1, 1));
}

#[tokio::test]
async fn what_is_deleted_by_a_condition_is_no_member_of_what_is_loaded_next() {
    for condition in [Address.id.eq(1), Address.email.like("ed@x%")] {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let (users, addresses) = read(&mut session).await;
        session.execute(delete(Address).filter(condition)).await.unwrap();
        session.load(users[0], User.addresses).await.unwrap();
        assert_eq!(session.handles(users[0], User.addresses), addresses[1..2]);
    }
}

#[tokio::test]
async fn members_that_a_statement_may_have_moved_are_neither_cleared_nor_replaced() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, addresses) = read(&mut session).await;
    session.execute(update(Address).set(Address.user_id, 1).filter(Address.email.like("wendy%"))).await.unwrap();

    session[users[0]].addresses.clear();
    let error = session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotLoaded);
    let message = "relationship `User.addresses` may have got other members by a statement since it was loaded, so that \
                   its members cannot be replaced or cleared";
    assert_eq!(error.message(), message);
    assert!(error.to_string().contains("hint: call `session.load(user, User.addresses)` first"));
    session.rollback().await.unwrap();

    // What was read again is known.
    let (users, _) = read(&mut session).await;
    session.execute(update(Address).set(Address.user_id, 1).filter(Address.email.like("wendy%"))).await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    session.replace(users[0], User.addresses, [addresses[2]]);
    session.commit().await.unwrap();
    let left = select((Address.id, Address.user_id)).all(&engine).await.unwrap();
    assert_eq!(left, [(3, 1)], "the others were orphans");
}

#[tokio::test]
async fn pairs_that_a_statement_may_have_changed_are_neither_cleared_nor_replaced() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, _) = read(&mut session).await;
    session.execute(insert(UserKeyword).values(UserKeyword { user_id: 2, keyword_id: 1 })).await.unwrap();
    session[users[1]].keywords.clear();
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::NotLoaded);
    session.rollback().await.unwrap();
    // The rollback has undone the statement, too.
    session[users[1]].keywords.clear();
    session.commit().await.unwrap();
    assert_eq!(select(UserKeyword).filter(UserKeyword.user_id.eq(2)).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn members_that_were_read_in_a_savepoint_that_is_undone_are_neither_cleared_nor_replaced() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, addresses) = read(&mut session).await;
    let mut inner = session.begin_nested().await.unwrap();
    inner.execute(update(Address).set(Address.user_id, 1).filter(Address.email.like("wendy%"))).await.unwrap();
    inner.load(users[0], User.addresses).await.unwrap();
    inner.rollback().await.unwrap();
    session[users[0]].addresses.clear();
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::NotLoaded);
    session.rollback().await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    session[users[0]].addresses.clear();
    session.commit().await.unwrap();
    assert_eq!(session[addresses[2]].user_id, 2);
    assert_eq!(select(Address.user_id).all(&engine).await.unwrap(), [2]);
}

#[tokio::test]
async fn members_that_were_read_in_a_transaction_that_is_undone_are_neither_cleared_nor_replaced() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let (users, _) = read(&mut session).await;
    session.execute(delete(Address).filter(Address.email.eq("ed@x.org"))).await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses).len(), 1);
    session.rollback().await.unwrap();
    let replaced = catch_unwind(AssertUnwindSafe(|| {
        session.replace(users[0], User.addresses, [Address::builder().email("lost@x.org")]);
    }));
    assert!(replaced.is_err());
    session.commit().await.unwrap(); // what was refused has added nothing
    session[users[0]].addresses.clear();
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::NotLoaded);
    session.rollback().await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    session.replace(users[0], User.addresses, [Address::builder().email("new@x.org")]);
    session.commit().await.unwrap();
    let left = select(Address.email).filter(Address.user_id.eq(1)).all(&engine).await.unwrap();
    assert_eq!(left, ["new@x.org"]);
}

#[tokio::test]
async fn members_that_were_read_after_a_flush_that_is_undone_are_not_trusted() {
    for is_loaded_before in [false, true] {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let ed = session.get_one(User, 1).await.unwrap();
        if is_loaded_before {
            session.load(ed, User.addresses).await.unwrap();
        }
        let mail = session.query(Address).order_by(Address.id).first().await.unwrap().unwrap();
        let mut inner = session.begin_nested().await.unwrap();
        inner.delete(mail).await.unwrap();
        inner.flush().await.unwrap();
        let query = select(User).options(selectinload(User.addresses)).filter(User.id.eq(1));
        query.all(&mut *inner).await.unwrap();
        assert_eq!(inner.handles(ed, User.addresses).len(), 1);
        inner.rollback().await.unwrap();
        session[ed].addresses.clear();
        match session.flush().await {
            Ok(()) => assert_eq!(select(Address).filter(Address.user_id.eq(1)).count(&mut session).await.unwrap(), 0),
            Err(error) => assert_eq!(*error.kind(), ErrorKind::NotLoaded),
        }
    }
}
