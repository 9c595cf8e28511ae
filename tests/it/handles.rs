//! A handle names one object for ever: never another one, whatever became of its own.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;

use orm::prelude::*;

use crate::support::{Address, Keyword, Node, User, UserKeyword, session, three_users, tree, two_users};

#[tokio::test]
async fn a_handle_kept_past_expunge_never_names_another_row() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.expunge(ed).unwrap();
    let error = session.object(ed).unwrap_err();
    assert_eq!(error.message(), "object `User` is no longer in the session: it was expunged");
    // The slot is used again, by an object of the same model.
    let wendy = session.get_one(User, 2).await.unwrap();
    assert_ne!(ed, wendy);
    assert!(session.object(ed).is_err());
    let again = session.get_one(User, 1).await.unwrap();
    assert_ne!(ed, again);
    assert!(session.object(ed).is_err());
}

#[tokio::test]
async fn a_handle_kept_past_a_rollback_names_its_own_object_or_none() {
    let (_engine, mut session) = session().await;
    let lost = session.add(User::builder().name("lost"));
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    let kept = session.add(User::builder().name("kept"));
    session.commit().await.unwrap();
    assert_ne!(lost, kept);
    assert_eq!((session[lost].name.as_str(), session[kept].name.as_str()), ("lost", "kept"));
    let key = session[kept].id;
    session.expunge_all();
    let other = session.get_one(User, key).await.unwrap();
    assert!(session.object(lost).is_err() && session.object(kept).is_err() && session.object(other).is_ok());
}

#[tokio::test]
async fn a_handle_kept_past_a_delete_reads_the_object_until_it_is_expunged() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session[ed].name, "ed");
    insert(User).values(User::builder().id(1).name("another")).execute(&engine).await.unwrap();
    let another = session.get_one(User, 1).await.unwrap();
    assert_ne!(ed, another);
    assert_eq!(session[ed].name, "ed");
    session.expunge(ed).unwrap();
    assert!(session.object(ed).is_err());
}

#[tokio::test]
#[should_panic(expected = "object `User` is no longer in the session: it was taken out by `detach`")]
async fn reading_by_a_dead_handle_panics_with_what_removed_it() {
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    let value = session.detach(ed).unwrap();
    assert_eq!(value.name, "ed");
    let _ = &session[ed];
}

#[tokio::test]
async fn a_handle_of_another_session_is_refused() {
    let (engine, mut one) = session().await;
    let mut two = Session::new(&engine);
    let ed = one.add(User::builder().name("ed"));
    let address = two.add(Address::builder().email("e"));
    let error = two.object(ed).unwrap_err();
    let text = error.message();
    assert!(text.starts_with("object `User` is already attached to session `"), "{text}");
    assert!(text.contains("` (this is `"), "{text}");
    assert!(two.delete(ed).await.is_err());
    assert!(two.refresh(ed).await.is_err());
    assert!(two.load(ed, User.addresses).await.is_err());
    two[address].user.replace(ed);
    let error = two.flush().await.unwrap_err();
    assert!(error.message().contains("already attached to session"), "{error}");
}

#[tokio::test]
async fn handles_are_small_and_tell_their_model() {
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    assert_eq!(size_of_val(&ed), 12);
    assert_eq!(format!("{ed:?}"), "Handle<User>(0)");
    let pending = session.pending();
    assert!(pending[0].is(ed));
    assert_eq!(pending[0].model(), "User");
}

/// The handles of members that had left the session were still given out where only one side was loaded.
#[tokio::test]
async fn a_relationship_whose_members_have_left_is_not_loaded() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let address = session.query(Address).options(selectinload(Address.user)).order_by(Address.id).first().await;
    let address = address.unwrap().unwrap();
    let ed = session.handles(address, Address.user)[0];
    session.expunge(ed).unwrap();
    let error = session.try_handles(address, Address.user).unwrap_err();
    assert!(error.is_not_loaded(), "{error}");
    session.load(address, Address.user).await.unwrap();
    let again = session.handles(address, Address.user)[0];
    assert_eq!((again == ed, session[again].name.as_str()), (false, "ed"));
}

/// What a field itself gives out is no dead handle either, where the object that leaves does not lead back to it.
#[tokio::test]
async fn a_field_does_not_name_what_has_left_although_only_its_side_is_loaded() {
    for way in ["expunge", "detach", "expunge_clean"] {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let addresses = session.query(Address).options(selectinload(Address.user)).order_by(Address.id).all();
        let address = addresses.await.unwrap()[0];
        let ed = session[address].user.handle().unwrap();
        let red = session.query(Keyword).filter(Keyword.id.eq(1)).options(selectinload(Keyword.users)).one();
        let red = red.await.unwrap();
        assert_eq!(session[red].users.handles(), [ed]);
        match way {
            "expunge" => session.expunge(ed).unwrap(),
            "detach" => drop(session.detach(ed).unwrap()),
            _ => {
                // What is changed stays.
                session[address].email.push('!');
                session[red].word.push('!');
                session.expunge_clean();
                assert!(session.contains(address) && session.contains(red) && !session.contains(ed));
            }
        }
        assert!(session[address].user.is_unloaded(), "{way}");
        assert!(session[red].users.is_unloaded(), "{way}");
        session.load(address, Address.user).await.unwrap();
        session.load(red, Keyword.users).await.unwrap();
        let again = session[address].user.handle().unwrap();
        assert_eq!((session[again].name.as_str(), session[red].users.handles()), ("ed", [again].as_slice()));
    }
}

/// A link to what has left is refused before anything is sent.
#[tokio::test]
async fn what_was_linked_to_an_object_that_has_left_is_refused_by_the_flush() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let nodes = session.query(Node).filter(Node.name.in_(["a1", "b"])).order_by(Node.name).all().await.unwrap();
    let (leaf, branch) = (nodes[0], nodes[1]);
    let stored = session[leaf].parent_id;
    session.link(leaf, Node.parent, branch);
    session.expunge(branch).unwrap();
    assert!(session[leaf].parent.is_unloaded());
    let error = session.query(Node).count().await.unwrap_err();
    assert!(error.message().contains("object `Node` is no longer in the session: it was expunged"), "{error}");
    session.rollback().await.unwrap();
    session.load(leaf, Node.parent).await.unwrap();
    assert_eq!(session[leaf].parent_id, stored);
}

/// Where the other side still held the object that had left, nothing was taken away.
#[tokio::test]
async fn a_pair_is_taken_away_although_an_object_left_and_came_back() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    let red = session.add(Keyword::builder().word("red"));
    session.link(red, Keyword.users, ed);
    session.commit().await.unwrap();
    session.get_one(User, 1).await.unwrap();
    session.refresh(ed).await.unwrap(); // its own side is not loaded
    session.expunge(ed).unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    assert!(session.unlink(ed, User.keywords, red));
    session.commit().await.unwrap();
    assert_eq!(select(UserKeyword).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_handle_of_any_model_is_typed_by_its_own_model_alone() {
    let (_engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    let red = session.add(Keyword::builder().word("red"));
    let pending = session.pending();
    assert_eq!(pending.iter().filter_map(|any| any.downcast(User)).collect::<Vec<_>>(), [ed]);
    assert_eq!(pending.iter().filter_map(|any| any.downcast(Keyword)).collect::<Vec<_>>(), [red]);
    assert!(pending.iter().all(|any| any.downcast(Node).is_none()));
}

thread_local! {
    /// Where this thread has panicked last.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
    static IS_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Returns where something panics.
fn place_of_panic(what: impl FnOnce()) -> (String, u32) {
    IS_EXPECTED.set(true);
    let caught = std::panic::catch_unwind(AssertUnwindSafe(what));
    IS_EXPECTED.set(false);
    assert!(caught.is_err(), "it does not panic");
    PLACE.take().expect("the hook has noted it")
}

/// Panics are told with the line of the program that made the mistake, not with one of the library.
#[tokio::test]
async fn panics_name_the_line_that_asked() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match IS_EXPECTED.get() {
        true => PLACE.set(panic.location().map(|place| (place.file().to_owned(), place.line()))),
        false => before(panic),
    }));
    // The macro's arguments stay on its line.
    macro_rules! panics_here {
        (in $($what:tt)*) => {
            assert_eq!(place_of_panic(|| { let _ = { $($what)* }; }), (file!().to_owned(), line!()))
        };
    }
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let gone = session.get_one(User, 2).await.unwrap();
    session.expunge(gone).unwrap();
    let user = select(User).get(&engine, 1).await.unwrap().unwrap();
    let address = select(Address).first(&engine).await.unwrap().unwrap();
    panics_here!(in user.addresses.get().len());
    panics_here!(in user.addresses.iter().count());
    panics_here!(in user.addresses.len());
    panics_here!(in for _ in &user.addresses {});
    panics_here!(in address.user.get().is_some());
    panics_here!(in session[gone].name.len());
    panics_here!(in session[gone].active = true);
    panics_here!(in session.handles(ed, User.addresses));
    panics_here!(in session.related(ed, User.addresses).count());
    panics_here!(in session.link(gone, User.addresses, Address::builder().email("x")));
    panics_here!(in session.replace(gone, User.addresses, [Address::builder().email("x")]));
}
