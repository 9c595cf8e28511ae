//! What objects and the fields of their owners are after they are expired, refreshed, expunged and merged.

use orm::prelude::*;
use orm::{ErrorKind, ObjectState};

use crate::assert_statements;
use crate::support::{Address, Keyword, Node, User, UserKeyword, empty_engine, session, three_users, tree, two_users};

// ------------------------------------------------------------------------------------------------ expired and refreshed

/// How what was changed in an object is forgotten.
#[derive(Clone, Copy, Debug)]
enum Way {
    Expire,
    Refresh,
    Query,
}

#[tokio::test]
async fn what_is_forgotten_of_a_member_its_owners_forget_too() {
    for way in [Way::Expire, Way::Refresh, Way::Query] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
        let [ed, wendy] = users[..] else { panic!() };
        let new = session.add(User::builder().name("new"));
        let before = [session.handles(ed, User.addresses), session.handles(wendy, User.addresses)];
        session.link(wendy, User.addresses, before[0][0]);
        session.link(new, User.addresses, before[0][1]);
        for member in before[0].clone() {
            match way {
                Way::Expire => session.expire(member).unwrap(),
                Way::Refresh => session.refresh(member).await.unwrap(),
                Way::Query => {
                    let id = session[member].id;
                    let mut quiet = session.no_autoflush();
                    let query = quiet.query(Address).filter(Address.id.eq(id)).populate_existing();
                    assert_eq!(query.one().await.unwrap(), member);
                }
            }
        }
        assert!(session.handles(new, User.addresses).is_empty(), "{way:?}");
        session.load(&users, User.addresses).await.unwrap();
        let after = [session.handles(ed, User.addresses), session.handles(wendy, User.addresses)];
        assert_eq!(after, before, "{way:?}");
        // So that nothing is forgotten when its owner goes.
        session.delete(ed).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select(Address.user_id).all(&engine).await.unwrap(), [2], "{way:?}");
    }
}

#[tokio::test]
async fn what_is_forgotten_of_an_object_its_pairs_forget_too() {
    for (way, of_keyword) in
        [Way::Expire, Way::Refresh, Way::Query].into_iter().flat_map(|way| [(way, false), (way, true)])
    {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let users = session.query(User).order_by(User.id).options(selectinload(User.keywords)).all().await.unwrap();
        let words =
            session.query(Keyword).order_by(Keyword.id).options(selectinload(Keyword.users)).all().await.unwrap();
        let (ed, fred, blue) = (users[0], users[2], words[1]);
        let new = session.add(Keyword::builder().word("new"));
        session.link(fred, User.keywords, blue);
        assert!(session.unlink(ed, User.keywords, blue));
        // Stays, since neither end is forgotten with `blue`, and does not with the users.
        session.unlink(ed, User.keywords, words[0]);
        session.link(new, Keyword.users, fred);
        let forgotten: &[Handle<User>] = if of_keyword { &[] } else { &[ed, fred] };
        let mut quiet = session.no_autoflush();
        match way {
            Way::Expire if of_keyword => quiet.expire(blue).unwrap(),
            Way::Refresh if of_keyword => quiet.refresh(blue).await.unwrap(),
            Way::Query if of_keyword => {
                let query = quiet.query(Keyword).filter(Keyword.word.eq("blue")).populate_existing();
                assert_eq!(query.one().await.unwrap(), blue);
            }
            Way::Expire => forgotten.iter().for_each(|&user| quiet.expire(user).unwrap()),
            Way::Refresh => {
                for &user in forgotten {
                    quiet.refresh(user).await.unwrap();
                }
            }
            Way::Query => _ = quiet.query(User).populate_existing().all().await.unwrap(),
        }
        assert!(!quiet.is_modified(blue).unwrap(), "{way:?} {of_keyword}");
        assert_eq!(quiet.is_modified(ed).unwrap(), of_keyword, "{way:?} {of_keyword}");
        quiet.load(&[blue], Keyword.users).await.unwrap();
        let mut names: Vec<&str> = quiet.related(blue, Keyword.users).map(|(_, user)| user.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["ed", "wendy"], "{way:?} {of_keyword}");
        session.commit().await.unwrap();
        let mut pairs = select((UserKeyword.user_id, UserKeyword.keyword_id)).all(&engine).await.unwrap();
        pairs.sort_unstable();
        let expected: &[(i64, i64)] = if of_keyword { &[(1, 2), (2, 2), (3, 3)] } else { &[(1, 1), (1, 2), (2, 2)] };
        assert_eq!(pairs, expected, "{way:?} {of_keyword}");
    }
}

#[tokio::test]
async fn pairs_are_forgotten_with_all_objects() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).options(selectinload(User.keywords)).all().await.unwrap();
    let blue = session.handles(users[1], User.keywords)[0];
    session.link(users[2], User.keywords, blue);
    session.unlink(users[1], User.keywords, blue);
    session.expire_all();
    assert!(session.dirty().is_empty());
    session.commit().await.unwrap();
    assert_eq!(select(func::count(UserKeyword.user_id)).one(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn an_owner_is_as_it_was_once_its_member_is_expired() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
    let mail = session.handles(users[0], User.addresses)[0];
    session.link(users[1], User.addresses, mail);
    session.expire(mail).unwrap();
    assert!(session.dirty().is_empty());
}

#[tokio::test]
async fn what_has_no_row_cannot_be_expired_or_refreshed() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let new = session.add(User::builder().name("new").addresses([Address::builder().email("n")]));
    let gone = session.query(User).filter(User.id.eq(1)).one().await.unwrap();
    let again = session.add(User::builder().name("again"));
    session.delete(gone).await.unwrap();
    session.flush().await.unwrap();
    let pending = session.add(User::builder().name("pending").addresses([Address::builder().email("p")]));
    for (user, what) in [(pending, "`User`"), (gone, "`User` with key 1")] {
        for error in [
            session.expire(user).unwrap_err(),
            session.expire_attributes(user, User.name).unwrap_err(),
            session.expire_relationship(user, User.addresses).unwrap_err(),
        ] {
            assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
            assert_eq!(error.message(), format!("object {what} is not persistent within this session"));
        }
        assert!(session.refresh(user).await.is_err());
    }
    assert_eq!(session.handles(pending, User.addresses).len(), 1, "nothing is lost");
    for user in [new, again] {
        session.expire(user).unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn changes_after_it_was_expired_stay_and_the_rest_is_read() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("lost".into());
    session.expire(ed).unwrap();
    session[ed].name = "edward".into();
    session.no_autoflush().query(User).all().await.unwrap();
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("edward", Some("Ed Jones")));
    assert_eq!(session.history(ed, User.name).unwrap().deleted, ["ed"]);
    // What was read again is what the database has: nothing of it is written.
    session.expire(ed).unwrap();
    session.execute(text("UPDATE users SET fullname = 'by text' WHERE id = 1")).await.unwrap();
    session.get(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("by text"));
    assert_statements!(engine, 0, session.flush().await.unwrap());
    // A refresh takes the expiry away.
    session.expire(ed).unwrap();
    session.refresh(ed).await.unwrap();
    assert_statements!(engine, 0, session.get(User, 1).await.unwrap());
}

#[tokio::test]
async fn what_was_expunged_does_not_come_back_with_a_rollback() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let inserted = session.add(User::builder().name("inserted"));
    let deleted = session.get_one(User, 2).await.unwrap();
    session.delete(deleted).await.unwrap();
    session.flush().await.unwrap();
    session.expunge(inserted).unwrap();
    session.expunge(deleted).unwrap();
    session.rollback().await.unwrap();
    assert!(!session.contains(inserted) && !session.contains(deleted));
    let again = session.get_one(User, 2).await.unwrap();
    assert_ne!(again, deleted);
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn an_object_of_which_both_ends_expunge_goes_with_all_that_it_leads_to() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "left_ends", metadata = none)]
    struct LeftEnd {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = left, cascade(all))]
        rights: HasMany<RightEnd>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "right_ends", metadata = none)]
    struct RightEnd {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = LeftEnd.id)]
        left_id: Option<i64>,
        #[orm(back_populates = rights, cascade(all))]
        left: BelongsTo<LeftEnd>,
    }
    let engine = empty_engine().await;
    metadata![LeftEnd, RightEnd].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let left = session.add(LeftEnd::builder().rights([RightEnd::builder(), RightEnd::builder()]));
    let rights = session.handles(left, LeftEnd.rights);
    session.commit().await.unwrap();
    session.expunge(rights[0]).unwrap();
    assert!(!session.contains(left) && !session.contains(rights[1]));
    assert!(session.identity_map().is_empty());
}

#[tokio::test]
async fn a_value_that_was_taken_out_cannot_stand_beside_its_own_object() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let value = session.detach(ed).unwrap();
    let other = session.get_one(User, 1).await.unwrap();
    assert_ne!(other, ed);
    let new = session.add(value.clone());
    assert!(session.flush().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session.state(new).unwrap(), ObjectState::Transient);
    session.expunge(new).unwrap();
    // Merged, it is that object.
    assert_eq!(session.merge(User { fullname: Some("merged".into()), ..value }).await.unwrap(), other);
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("merged"));
}

// ------------------------------------------------------------------------------------------------ merged

#[tokio::test]
async fn a_value_without_a_key_is_added_and_nothing_is_asked() {
    let (engine, mut session) = session().await;
    let mails = ["a", "b"].map(|email| Address::builder().email(email));
    let merged =
        assert_statements!(engine, 0, { session.merge(User::builder().name("new").addresses(mails)).await.unwrap() });
    assert_eq!(session.state(merged).unwrap(), ObjectState::Pending);
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_graph_that_is_as_the_rows_are_writes_nothing() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let options = (selectinload(User.addresses), selectinload(User.keywords));
    let value = select(User).filter(User.id.eq(1)).options(options).one(&engine).await.unwrap();
    let merged = session.merge(value).await.unwrap();
    assert!(session.dirty().is_empty() && session.pending().is_empty());
    assert_statements!(engine, 0, session.flush().await.unwrap());
    // And a member that differs is one UPDATE.
    let mut value = session.detach(merged).unwrap();
    let mut addresses = value.addresses.get().to_vec();
    addresses[1].email = "changed".into();
    value.addresses = addresses.into();
    session.merge(value).await.unwrap();
    assert_eq!(session.dirty().len(), 1);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session.commit().await.unwrap();
    let emails = select(Address.email).filter(Address.user_id.eq(1)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(emails, ["ed@x.org", "changed"]);
}

#[tokio::test]
async fn what_a_value_says_is_not_there_is_taken_away() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let leaf = |options| {
        let engine = engine.clone();
        async move { select(Node).filter(Node.name.eq("a1")).options(options).one(&engine).await.unwrap() }
    };
    let mut value = leaf(selectinload(Node.parent)).await;
    assert!(value.parent.get().is_some());
    // A reference that is loaded as nothing, which the key then follows.
    value.parent.clear();
    let merged = session.merge(value).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Node.parent_id).filter(Node.name.eq("a1")).one(&engine).await.unwrap(), None);
    let loaded = leaf(selectinload(Node.parent)).await;
    assert!(loaded.parent.get().is_none());
    assert_eq!(session.merge(loaded).await.unwrap(), merged);
    assert_statements!(engine, 0, session.flush().await.unwrap());
}

#[tokio::test]
async fn of_values_with_one_key_the_last_is_the_row() {
    for is_there in [false, true] {
        let (engine, mut session) = session().await;
        if is_there {
            insert(Keyword).values(Keyword::builder().id(1).word("there")).execute(&engine).await.unwrap();
        }
        let words = ["a", "b", "c"];
        let users = words.map(|word| User::builder().name(word).keywords([Keyword::builder().id(1).word(word)]));
        let merged = session.merge_all(users).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select((Keyword.id, Keyword.word)).all(&engine).await.unwrap(), [(1, "c".to_owned())]);
        session.load(&merged, User.keywords).await.unwrap();
        let keywords: Vec<_> = merged.iter().flat_map(|&user| session.handles(user, User.keywords)).collect();
        assert_eq!(keywords, [keywords[0]; 3], "there before: {is_there}");
    }
}

#[tokio::test]
async fn a_relationship_that_does_not_merge_is_left_alone() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "tags", metadata = none)]
    struct Tag {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 20)]
        word: String,
        #[orm(foreign_key = Topic.id)]
        topic_id: Option<i64>,
        #[orm(cascade(save_update))]
        topic: BelongsTo<Topic>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "topics", metadata = none)]
    struct Topic {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 20)]
        word: String,
    }
    let engine = empty_engine().await;
    metadata![Tag, Topic].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let tag = session.add(Tag::builder().word("tag").topic(Topic::builder().word("topic")));
    session.commit().await.unwrap();
    let other = Tag::builder().id(1).word("changed").topic(Topic::builder().word("other"));
    assert_eq!(session.merge(other).await.unwrap(), tag);
    session.commit().await.unwrap();
    assert_eq!(select(Topic.word).all(&engine).await.unwrap(), ["topic"]);
    assert_eq!(select((Tag.word, Tag.topic_id)).one(&engine).await.unwrap(), ("changed".to_owned(), Some(1)));
}

// ------------------------------------------------------------------------------------------------ changed by condition

#[tokio::test]
async fn members_that_an_update_by_condition_has_moved_are_their_new_owners() {
    for is_expression in [false, true] {
        let (engine, mut session) = session().await;
        two_users(&engine).await;
        let users = session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
        let [ed, wendy] = users[..] else { panic!() };
        let [first, second] = session.handles(ed, User.addresses)[..] else { panic!() };
        let third = session.handles(wendy, User.addresses)[0];
        session.expunge(third).unwrap();
        session.load(&users, User.addresses).await.unwrap();
        let change = update(Address).filter(Address.email.in_(["ed@x.org", "wendy@x.org"]));
        let change = match is_expression {
            false => change.set(Address.user_id, 2),
            true => change.set(Address.user_id, Address.user_id * 0 + 2),
        };
        session.execute(change).await.unwrap();
        first_goes_with_its_new_owner(&engine, session, [ed, wendy], [first, second]).await;
    }
}

/// The first address is deleted neither with its former owner, nor forgotten with its new one.
pub(crate) async fn first_goes_with_its_new_owner(
    engine: &Engine,
    mut session: Session,
    [ed, wendy]: [Handle<User>; 2],
    [first, second]: [Handle<Address>; 2],
) {
    session.delete(ed).await.unwrap();
    session.flush().await.unwrap();
    assert_eq!(session.state(first).unwrap(), ObjectState::Persistent);
    assert_eq!(session.state(second).unwrap(), ObjectState::Deleted);
    session.load(wendy, User.addresses).await.unwrap();
    assert_eq!(session.handles(wendy, User.addresses).len(), 2);
    session.load(first, Address.user).await.unwrap();
    assert_eq!(session[first].user.handle(), Some(wendy));
    session.delete(wendy).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(engine).await.unwrap(), 0);
}

#[tokio::test]
async fn what_waits_for_a_flush_is_no_ground_to_take_a_row_for_changed_or_deleted() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let [ed, wendy] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
    session[wendy].name = "gwen".into();
    let mut quiet = session.no_autoflush();
    assert_eq!(quiet.execute(update(User).set(User.active, true).filter(User.name.eq("gwen"))).await.unwrap(), 0);
    assert_eq!(quiet.execute(delete(User).filter(User.name.eq("gwen"))).await.unwrap(), 0);
    assert_eq!(session.state(wendy).unwrap(), ObjectState::Persistent);
    assert!(!session[wendy].active);
    session[ed].fullname = Some("mine".into());
    session
        .no_autoflush()
        .execute(update(User).set(User.name, "row").filter(User.fullname.eq("Ed Jones")))
        .await
        .unwrap();
    assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("row", Some("mine")));
    session.commit().await.unwrap();
    let rows = select((User.name, User.active, User.fullname)).order_by(User.id).all(&engine).await.unwrap();
    let expected = [("row", true, Some("mine")), ("gwen", false, None)];
    assert_eq!(rows, expected.map(|(name, active, full)| (name.to_owned(), active, full.map(str::to_owned))));
}
