//! What a session makes of cases that meet seldom: keys that come back, what is deleted and undone, members that move between
//! owners of which little is loaded, graphs that name one row twice.

use orm::prelude::*;

use crate::assert_statements;
use crate::support::{Address, Node, User, empty_engine, session, two_users};

#[derive(Clone, Debug, Model)]
#[orm(table = "words", metadata = none)]
struct Word {
    #[orm(primary_key, length = 20)]
    word: String,
    meaning: Option<String>,
}

async fn words<const N: usize>(words: [&str; N]) -> (Engine, Session, [Handle<Word>; N]) {
    let engine = empty_engine().await;
    metadata![Word].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let handles = words.map(|word| session.add(Word::builder().word(word)));
    session.commit().await.unwrap();
    (engine, session, handles)
}

async fn has<const N: usize>(session: &mut Session, expected: [(&str, Handle<Word>); N]) {
    for (word, handle) in expected {
        assert_eq!(session.get(Word, word).await.unwrap(), Some(handle), "{word}");
        assert_eq!(session[handle].word, word);
    }
}

// ------------------------------------------------------------------------------------------- keys, and transactions

#[tokio::test]
async fn a_key_that_another_object_took_after_a_delete_goes_back_with_a_rollback() {
    let (_engine, mut session, [a, b, c]) = words(["a", "b", "c"]).await;
    session.delete(a).await.unwrap();
    session.delete(b).await.unwrap();
    session.flush().await.unwrap();
    for word in ["a", "b"] {
        session[c].word = word.into();
        session.flush().await.unwrap();
        has(&mut session, [(word, c)]).await;
    }
    session.rollback().await.unwrap();
    has(&mut session, [("a", a), ("b", b), ("c", c)]).await;
}

#[tokio::test]
async fn a_key_that_somebody_else_inserted_after_a_delete_goes_back_with_a_rollback() {
    let (_engine, mut session, [a]) = words(["a"]).await;
    session.delete(a).await.unwrap();
    session.flush().await.unwrap();
    session.execute(insert(Word).values(Word::builder().word("a").meaning("another"))).await.unwrap();
    let other = session.get_one(Word, "a").await.unwrap();
    assert_ne!(other, a);
    assert_eq!(session[other].meaning.as_deref(), Some("another"));
    session.rollback().await.unwrap();
    has(&mut session, [("a", a)]).await;
    session[a].meaning = Some("the first".into());
    session.commit().await.unwrap();
    has(&mut session, [("a", a)]).await;
}

#[tokio::test]
async fn a_new_object_whose_key_changed_in_a_kept_savepoint_is_gone_after_a_rollback() {
    let (engine, mut session, [a]) = words(["a"]).await;
    let mut inner = session.begin_nested().await.unwrap();
    let b = inner.add(Word::builder().word("b"));
    inner.flush().await.unwrap();
    inner[b].word = "c".into();
    inner.commit().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.state(b).unwrap(), orm::ObjectState::Transient);
    session[a].word = "e".into();
    session.commit().await.unwrap();
    assert_eq!(select(Word.word).all(&engine).await.unwrap(), ["e"]);
}

#[tokio::test]
async fn a_deleted_and_added_key_is_there_once_after_a_failed_flush() {
    let (engine, mut session, [_, b, c]) = words(["a", "b", "c"]).await;
    session.delete(b).await.unwrap();
    let again = session.add(Word::builder().word("b").meaning("again"));
    session.flush().await.unwrap();
    let twice = session.add(Word::builder().word("c"));
    assert!(session.flush().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    has(&mut session, [("b", b), ("c", c)]).await;
    for new in [again, twice] {
        assert_eq!(session.state(new).unwrap(), orm::ObjectState::Transient);
    }
    session.commit().await.unwrap();
    assert_eq!(select(Word).filter(Word.meaning.is_null()).count(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn what_was_read_and_rolled_back_does_not_keep_its_key() {
    let (_engine, mut session, []) = words([]).await;
    session.execute(insert(Word).values(Word::builder().word("a"))).await.unwrap();
    let read = session.query(Word).one().await.unwrap();
    session.rollback().await.unwrap();
    let new = session.add(Word::builder().word("a"));
    session.commit().await.unwrap();
    assert_ne!(read, new);
    has(&mut session, [("a", new)]).await;
}

#[tokio::test]
async fn a_violation_is_mended_after_the_rollback() {
    let (engine, mut session, [a, b]) = words(["a", "b"]).await;
    let new = session.add(Word::builder().word("a"));
    session[b].meaning = Some("lost".into());
    assert!(session.commit().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session[b].meaning, None);
    session[new].word = "c".into();
    session.add_again(new).unwrap();
    session.commit().await.unwrap();
    has(&mut session, [("a", a), ("b", b), ("c", new)]).await;
    assert_eq!(select(Word).count(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn a_violation_in_a_savepoint_leaves_what_was_done_before_it() {
    let (engine, mut session, [a]) = words(["a"]).await;
    session[a].meaning = Some("kept".into());
    let mut inner = session.begin_nested().await.unwrap();
    let new = inner.add(Word::builder().word("a"));
    assert!(inner.flush().await.unwrap_err().is_unique_violation());
    inner.rollback().await.unwrap();
    assert_eq!(session.state(new).unwrap(), orm::ObjectState::Transient);
    has(&mut session, [("a", a)]).await;
    session.commit().await.unwrap();
    assert_eq!(select(Word.meaning).all(&engine).await.unwrap(), [Some("kept".to_owned())]);
}

#[tokio::test]
async fn what_was_changed_and_then_deleted_comes_back_as_it_was() {
    let (_engine, mut session, [a]) = words(["a"]).await;
    session[a].meaning = Some("changed".into());
    session.delete(a).await.unwrap();
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session[a].meaning, None);
    has(&mut session, [("a", a)]).await;
    let mut inner = session.begin_nested().await.unwrap();
    inner[a].meaning = Some("changed".into());
    inner.flush().await.unwrap();
    inner.delete(a).await.unwrap();
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!(session[a].meaning, None);
    has(&mut session, [("a", a)]).await;
}

#[tokio::test]
async fn changes_in_savepoints_within_savepoints_are_undone_one_by_one() {
    let (engine, mut session, [a]) = words(["a"]).await;
    let meaning = |session: &Session| session[a].meaning.clone().unwrap_or_default();
    session[a].meaning = Some("one".into());
    let mut outer = session.begin_nested().await.unwrap();
    outer[a].meaning = Some("two".into());
    let mut inner = outer.begin_nested().await.unwrap();
    inner[a].meaning = Some("three".into());
    let mut innermost = inner.begin_nested().await.unwrap();
    innermost[a].meaning = Some("four".into());
    innermost.commit().await.unwrap();
    assert_eq!(meaning(&inner), "four");
    inner.rollback().await.unwrap();
    assert_eq!(meaning(&outer), "two");
    outer.rollback().await.unwrap();
    assert_eq!(meaning(&session), "one");
    session.commit().await.unwrap();
    assert_eq!(select(Word.meaning).all(&engine).await.unwrap(), [Some("one".to_owned())]);
}

// ----------------------------------------------------------------------------------------- what is deleted unloaded

#[tokio::test]
async fn a_member_is_deleted_without_its_owner_being_read() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let address = session.get_one(Address, 1).await.unwrap();
    assert_statements!(engine, 1, {
        session.delete(address).await.unwrap();
        session.flush().await.unwrap();
    });
    session.rollback().await.unwrap();
    session.get_one(Address, 1).await.unwrap();
    session.delete(address).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address.id).order_by(Address.id).all(&engine).await.unwrap(), [2, 3]);
}

#[tokio::test]
async fn rows_that_only_their_columns_connect_are_ordered_by_their_tables() {
    let (engine, mut session) = session().await;
    // The address first: nothing but the number says whose it is.
    let address = session.add(Address::builder().id(1).user_id(7).email("a"));
    let user = session.add(User::builder().id(7).name("ed"));
    let nodes = [(1, None), (2, Some(1)), (3, Some(2))];
    let nodes = nodes.map(|(id, parent)| session.add(Node::builder().id(id).name("node").parent_id(parent)));
    session.commit().await.unwrap();
    assert_eq!(select(Address.user_id).all(&engine).await.unwrap(), [7]);
    session.delete(user).await.unwrap();
    session.delete(address).await.unwrap();
    for node in nodes {
        session.delete(node).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!((select(User).count(&engine).await.unwrap(), select(Node).count(&engine).await.unwrap()), (0, 0));
}

#[tokio::test]
async fn a_tree_of_which_nothing_is_loaded_is_deleted_leaves_first() {
    let (engine, mut session) = session().await;
    let leaf = |name: &str| Node::builder().name(name);
    session.add(leaf("root").children([leaf("branch").children([leaf("leaf")])]));
    session.commit().await.unwrap();
    session.expunge_all();
    // The root first: the rows themselves say what refers to what.
    for node in session.query(Node).order_by(Node.id).all().await.unwrap() {
        session.delete(node).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(select(Node).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn orphans_and_members_go_with_an_owner_that_is_deleted() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one().await.unwrap();
    let first = session.handles(ed, User.addresses)[0];
    session.unlink(ed, User.addresses, first);
    session.link(ed, User.addresses, Address::builder().email("new"));
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address.user_id).all(&engine).await.unwrap(), [2]);
}

#[tokio::test]
async fn a_new_member_that_leaves_its_new_owner_is_not_saved_and_a_new_owner_is() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").addresses(["a", "b"].map(|email| Address::builder().email(email))));
    let first = session.handles(ed, User.addresses)[0];
    session.unlink(ed, User.addresses, first);
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).all(&engine).await.unwrap(), ["b"]);
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn two_levels_of_a_new_graph_go_with_the_branch_that_leaves() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "orders", metadata = none)]
    struct Order {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = order, cascade(all, delete_orphan))]
        items: HasMany<Item>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "order_items", metadata = none)]
    struct Item {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Order.id)]
        order_id: i64,
        #[orm(back_populates = items)]
        order: BelongsTo<Order>,
        #[orm(back_populates = item, cascade(all, delete_orphan))]
        notes: HasMany<Note>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "item_notes", metadata = none)]
    struct Note {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Item.id)]
        item_id: i64,
        #[orm(back_populates = notes)]
        item: BelongsTo<Item>,
    }
    let engine = empty_engine().await;
    metadata![Order, Item, Note].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let item = || Item::builder().notes([Note::builder(), Note::builder()]);
    let order = session.add(Order::builder().items([item(), item()]));
    let first = session.handles(order, Order.items)[0];
    session.unlink(order, Order.items, first);
    session.commit().await.unwrap();
    assert_eq!((select(Item).count(&engine).await.unwrap(), select(Note).count(&engine).await.unwrap()), (1, 2));
    // And of a saved one.
    session.load(order, Order.items).await.unwrap();
    session[order].items.clear();
    session.commit().await.unwrap();
    assert_eq!((select(Item).count(&engine).await.unwrap(), select(Note).count(&engine).await.unwrap()), (0, 0));
}

// ------------------------------------------------------------------------------------------------------- one to one

#[derive(Clone, Debug, Model)]
#[orm(table = "drivers", metadata = none)]
struct Driver {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = driver)]
    licence: HasOne<Licence>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "licences", metadata = none)]
struct Licence {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Driver.id)]
    driver_id: Option<i64>,
    #[orm(back_populates = licence)]
    driver: BelongsTo<Driver>,
}

async fn drivers(is_loaded: bool) -> (Engine, Session, [Handle<Driver>; 2], [Handle<Licence>; 2]) {
    let engine = empty_engine().await;
    metadata![Driver, Licence].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let drivers = [1, 2].map(|_| session.add(Driver::builder().licence(Licence::builder())));
    let licences = drivers.map(|driver| session.handles(driver, Driver.licence)[0]);
    session.commit().await.unwrap();
    session.expunge_all();
    let mut read = session.query(Driver).order_by(Driver.id);
    if is_loaded {
        read = read.options(selectinload(Driver.licence).selectinload(Licence.driver));
    }
    let drivers: Vec<_> = read.all().await.unwrap();
    let again: Vec<_> = session.query(Licence).order_by(Licence.id).all().await.unwrap();
    let _ = licences;
    (engine, session, [drivers[0], drivers[1]], [again[0], again[1]])
}

#[tokio::test]
async fn the_one_member_moves_from_either_side_whatever_is_loaded() {
    for is_loaded in [false, true] {
        for by_owner in [false, true] {
            let (engine, mut session, [first, second], [own, other]) = drivers(is_loaded).await;
            if by_owner && !is_loaded {
                // What it would replace has to be known.
                session.load(second, Driver.licence).await.unwrap();
            }
            match by_owner {
                true => drop(session.link(second, Driver.licence, own)),
                false => drop(session.link(own, Licence.driver, second)),
            }
            session.commit().await.unwrap();
            let keys = select(Licence.driver_id).order_by(Licence.id).all(&engine).await.unwrap();
            let message = format!("loaded: {is_loaded}, by the owner: {by_owner}");
            assert_eq!(keys[0], Some(2), "{message}");
            if is_loaded || by_owner {
                assert_eq!(keys[1], None, "{message}");
            }
            session.load(&[first, second], Driver.licence).await.unwrap();
            assert_eq!(session.handles(first, Driver.licence), [], "{message}");
            // Where two refer to one driver, which of them is the one is the database's choice.
            let held = session.handles(second, Driver.licence);
            assert!(held == [own] || (keys[1].is_some() && held == [other]), "{message}");
        }
    }
}

// ------------------------------------------------------------------------------------------------------------ merge

#[tokio::test]
async fn a_new_value_that_is_merged_twice_before_a_flush_is_one_object() {
    let (engine, mut session, []) = words([]).await;
    let first = session.merge(Word::builder().word("a").meaning("one")).await.unwrap();
    let second = session.merge(Word::builder().word("a").meaning("two")).await.unwrap();
    assert_eq!(first, second);
    let added = session.add(Word::builder().word("b"));
    assert_eq!(session.merge(Word::builder().word("b").meaning("three")).await.unwrap(), added);
    session.commit().await.unwrap();
    let rows = select((Word.word, Word.meaning)).order_by(Word.word).all(&engine).await.unwrap();
    assert_eq!(rows, [("a".to_owned(), Some("two".to_owned())), ("b".to_owned(), Some("three".to_owned()))]);
    session.expunge(first).unwrap();
    session.expunge(added).unwrap();
    let again = session.merge(Word::builder().word("a").meaning("four")).await.unwrap();
    assert_eq!(session.state(again).unwrap(), orm::ObjectState::Persistent);
}

#[tokio::test]
async fn a_graph_that_names_a_row_twice_is_merged_into_one_object() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let address = |email: &str| Address::builder().id(1).user_id(1).email(email);
    let ed =
        session.merge(User::builder().id(1).name("ed").addresses([address("first"), address("last")])).await.unwrap();
    session.commit().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    let left = select(Address.email).filter(Address.user_id.eq(1)).all(&engine).await.unwrap();
    assert_eq!(left, ["last"]);
}

#[tokio::test]
async fn merging_a_reference_that_is_none_clears_it_and_an_unloaded_one_does_not() {
    let (engine, mut session) = session().await;
    let root = session.add(Node::builder().name("root").children([Node::builder().name("leaf")]));
    session.commit().await.unwrap();
    let leaf = session.handles(root, Node.children)[0];
    let plain = select(Node).filter(Node.name.eq("leaf")).one(&engine).await.unwrap();
    session.merge(plain).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Node.parent_id).filter(Node.name.eq("leaf")).one(&engine).await.unwrap(), Some(1));
    let cut = Node::builder().id(2).name("leaf").parent_id(None);
    assert_eq!(session.merge(cut).await.unwrap(), leaf);
    session.commit().await.unwrap();
    assert_eq!(select(Node.parent_id).filter(Node.name.eq("leaf")).one(&engine).await.unwrap(), None);
}

// ---------------------------------------------------------------------------------------------- what waits for a load

#[tokio::test]
async fn what_was_pushed_unloaded_and_rolled_back_is_in_no_later_load() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].addresses.push(Address::builder().email("never"));
    session.rollback().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    session[ed].addresses.push(Address::builder().email("once"));
    session.commit().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 3);
    assert_eq!(select(Address).filter(Address.user_id.eq(1)).count(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn a_refresh_takes_back_a_member_that_waits_and_an_expiry_keeps_nothing_of_it() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses)).one().await.unwrap();
    let first = session.handles(ed, User.addresses)[0];
    session[first].email = "changed".into();
    session.refresh(ed).await.unwrap();
    // The cascade of the relationship has `refresh_expire`: members are read again too.
    assert_eq!(session[first].email, "ed@x.org");
    session.load(ed, User.addresses).await.unwrap();
    session[first].email = "changed".into();
    session.expire(ed).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).filter(Address.id.eq(1)).one(&engine).await.unwrap(), "ed@x.org");
}
