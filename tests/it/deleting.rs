//! Deleting: what goes by cascade, what stays with NULL, orphans, and objects taken out of the session.

use orm::ErrorKind;
use orm::prelude::*;

use crate::assert_statements;
use crate::relationships::{SqlLog, echoing};
use crate::support::{Address, Keyword, Node, User, UserKeyword, empty_engine, engine, session, two_users};

async fn echoing_users() -> (Engine, Session) {
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword, Node].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let session = Session::new(&engine);
    (engine, session)
}

async fn counts(engine: &Engine) -> (u64, u64) {
    (select(User).count(engine).await.unwrap(), select(Address).count(engine).await.unwrap())
}

async fn loaded(session: &mut Session, id: i64) -> Handle<User> {
    let query = session.query(User).filter(User.id.eq(id)).options(selectinload(User.addresses));
    query.one().await.unwrap()
}

// ---------------------------------------------------------------------------------------------- cascades

#[tokio::test]
async fn a_loaded_collection_is_deleted_before_its_owner() {
    let log = SqlLog::start();
    let (engine, mut session) = echoing_users().await;
    let ed = session
        .query(User)
        .filter(User.id.eq(1))
        .options((selectinload(User.addresses), selectinload(User.keywords)))
        .one()
        .await
        .unwrap();
    log.take();
    session.delete(ed).await.unwrap();
    assert!(log.take().is_empty(), "everything is known");
    assert_eq!(session.deleted().len(), 3);
    session.flush().await.unwrap();
    assert_eq!(
        log.take(),
        ["DELETE FROM addresses WHERE addresses.id IN (?, ?)", "DELETE FROM users WHERE users.id = ?"]
    );
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn an_unloaded_collection_is_loaded_to_be_deleted() {
    let log = SqlLog::start();
    let (engine, mut session) = echoing_users().await;
    let ed = session.get_one(User, 1).await.unwrap();
    log.take();
    session.delete(ed).await.unwrap();
    assert_eq!(log.verbs(), ["SELECT addresses", "SELECT user_keywords"]);
    session.commit().await.unwrap();
    assert_eq!(log.verbs(), ["DELETE addresses", "DELETE users"]);
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn a_collection_that_was_loaded_in_part_is_deleted_as_a_whole() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let some = selectinload(User.addresses).filter(Address.email.like("%@y.org"));
    let ed = session.query(User).filter(User.id.eq(1)).options(some).one().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn an_expired_collection_is_read_again_to_be_deleted() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    session.commit().await.unwrap();
    insert(Address).values(Address::builder().email("elsewhere").user_id(1)).execute(&engine).await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn what_waits_for_a_flush_takes_part_in_the_cascade() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session[ed].addresses.push(Address::builder().email("never saved"));
    session[wendy].addresses.push(eds[0]);
    session.delete(ed).await.unwrap();
    assert_eq!(session.pending().len(), 0, "what was never saved is let go");
    session.commit().await.unwrap();
    let left = select((Address.email, Address.user_id)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(left, [("ed@x.org".to_owned(), 2), ("wendy@x.org".to_owned(), 2)]);
}

#[tokio::test]
async fn a_child_that_gets_another_parent_after_the_delete_is_saved() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.delete(ed).await.unwrap();
    session.link(wendy, User.addresses, eds[0]);
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (1, 2));
}

#[tokio::test]
async fn a_new_graph_of_a_deleted_owner_goes_as_a_whole() {
    let (engine, mut session) = session().await;
    session.add(Tree::builder());
    metadata![Tree].create_all(&engine).await.unwrap();
    session.commit().await.unwrap();
    let root = session.get_one(Tree, 1).await.unwrap();
    session[root].branches.push(Tree::builder().branches([Tree::builder(), Tree::builder()]));
    session.flush().await.unwrap();
    session[root].branches.push(Tree::builder().branches([Tree::builder()]));
    session.delete(root).await.unwrap();
    assert_eq!(session.pending().len(), 0);
    assert_eq!(session.deleted().len(), 4);
    session.commit().await.unwrap();
    assert_eq!(select(Tree).count(&engine).await.unwrap(), 0);
}

#[derive(Clone, Debug, Model)]
#[orm(table = "trees", metadata = none)]
struct Tree {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Tree.id)]
    trunk_id: Option<i64>,
    #[orm(back_populates = branches)]
    trunk: BelongsTo<Tree>,
    #[orm(back_populates = trunk, cascade(all, delete_orphan), order_by = id)]
    branches: HasMany<Tree>,
}

#[tokio::test]
async fn a_tree_is_deleted_leaves_first_and_loaded_level_by_level() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Tree].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let pair = || [Tree::builder(), Tree::builder()];
    session.add(Tree::builder().branches(pair().map(|branch| branch.branches(pair()))));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let root = session.get_one(Tree, 1).await.unwrap();
    log.take();
    session.delete(root).await.unwrap();
    assert_eq!(log.take().len(), 3, "one SELECT for each level, the last of which finds nothing");
    session.commit().await.unwrap();
    assert_eq!(
        log.take(),
        [
            "DELETE FROM trees WHERE trees.id IN (?, ?, ?, ?)",
            "DELETE FROM trees WHERE trees.id IN (?, ?)",
            "DELETE FROM trees WHERE trees.id = ?"
        ]
    );
    assert_eq!(select(Tree).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_branch_that_loses_its_trunk_goes_with_its_leaves() {
    let engine = empty_engine().await;
    metadata![Tree].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let root = session.add(Tree::builder().branches([Tree::builder().branches([Tree::builder()]), Tree::builder()]));
    session.commit().await.unwrap();
    session.load(root, Tree.branches).await.unwrap();
    let branches = session.handles(root, Tree.branches);
    session[root].branches.remove(branches[0]);
    session.commit().await.unwrap();
    assert_eq!(select(Tree.id).order_by(Tree.id).all(&engine).await.unwrap(), [1, session[branches[1]].id]);
}

#[tokio::test]
async fn without_a_cascade_children_lose_their_key() {
    let log = SqlLog::start();
    let (engine, mut session) = echoing_users().await;
    session.add(Node::builder().name("root").children([Node::builder().name("a"), Node::builder().name("b")]));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let root = session.get_one(Node, 1).await.unwrap();
    log.take();
    session.delete(root).await.unwrap();
    assert_eq!(log.verbs(), ["SELECT nodes"]);
    session.flush().await.unwrap();
    assert_eq!(log.verbs(), ["UPDATE nodes", "DELETE nodes"]);
    session.commit().await.unwrap();
    assert_eq!(select(Node.parent_id).all(&engine).await.unwrap(), [None, None]);
}

#[derive(Clone, Debug, Model)]
#[orm(table = "rooms", metadata = none)]
struct Room {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = room)]
    chairs: HasMany<Chair>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "chairs", metadata = none)]
struct Chair {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Room.id)]
    room_id: i64,
    #[orm(back_populates = chairs)]
    room: BelongsTo<Room>,
}

#[tokio::test]
async fn a_key_that_must_not_be_null_refuses_the_delete_before_anything_is_lost() {
    let engine = empty_engine().await;
    metadata![Room, Chair].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let room = session.add(Room::builder().chairs([Chair::builder(), Chair::builder()]));
    session.commit().await.unwrap();
    session.delete(room).await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "`Chair.room_id` cannot be set to NULL, since it is NOT NULL: what it refers to was deleted or taken away\n\
         hint: make the field an `Option`, delete the object, or say `cascade(all, delete_orphan)` on the collection"
    );
    session.rollback().await.unwrap();
    assert_eq!(select(Chair).count(&engine).await.unwrap(), 2);
    session.load(room, Room.chairs).await.unwrap();
    let chairs = session.handles(room, Room.chairs);
    assert_eq!(chairs.len(), 2);
    // With the children deleted by hand it works, in whatever order.
    session.delete(room).await.unwrap();
    for chair in chairs {
        session.delete(chair).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(select(Room).count(&engine).await.unwrap() + select(Chair).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_parent_goes_with_its_child_where_the_reference_says_so() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "shells", metadata = none)]
    struct Shell {
        #[orm(primary_key)]
        id: i64,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "snails", metadata = none)]
    struct Snail {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Shell.id)]
        shell_id: i64,
        #[orm(cascade(all))]
        shell: BelongsTo<Shell>,
    }
    let engine = empty_engine().await;
    metadata![Shell, Snail].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Snail::builder().shell(Shell::builder()));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let snail = session.get_one(Snail, 1).await.unwrap();
    session.delete(snail).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Snail).count(&engine).await.unwrap() + select(Shell).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn passive_deletes_leave_what_is_not_loaded_to_the_database() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "boxes", metadata = none)]
    struct Crate {
        #[orm(primary_key)]
        id: i64,
        #[orm(cascade(all, delete_orphan), passive_deletes)]
        eggs: HasMany<Egg>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "eggs", metadata = none)]
    struct Egg {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Crate.id, on_delete = cascade)]
        crate_id: i64,
    }
    let engine = empty_engine().await;
    metadata![Crate, Egg].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Crate::builder().eggs([Egg::builder(), Egg::builder()]));
    session.add(Crate::builder().eggs([Egg::builder()]));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let first = session.get_one(Crate, 1).await.unwrap();
    assert_statements!(engine, 0, session.delete(first).await.unwrap());
    assert_statements!(engine, 1, session.commit().await.unwrap());
    assert_eq!(select(Egg.crate_id).all(&engine).await.unwrap(), [2]);
    let second = session.query(Crate).options(selectinload(Crate.eggs)).one().await.unwrap();
    session.delete(second).await.unwrap();
    assert_statements!(engine, 2, session.commit().await.unwrap());
    assert_eq!(select(Egg).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn passive_deletes_of_all_leave_what_is_loaded_to_the_database_too() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "nests", metadata = none)]
    struct Nest {
        #[orm(primary_key)]
        id: i64,
        #[orm(passive_deletes = all)]
        birds: HasMany<Bird>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "birds", metadata = none)]
    struct Bird {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Nest.id, on_delete = cascade)]
        nest_id: Option<i64>,
    }
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Nest, Bird].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Nest::builder().birds([Bird::builder(), Bird::builder()]));
    session.commit().await.unwrap();
    let nest = session.query(Nest).options(selectinload(Nest.birds)).one().await.unwrap();
    log.take();
    // What is taken out of the collection keeps its key: no other relationship looks after it.
    let first = session.handles(nest, Nest.birds)[0];
    session.unlink(nest, Nest.birds, first);
    session.flush().await.unwrap();
    assert_eq!((log.take(), session[first].nest_id), (vec![], Some(1)));
    session.delete(nest).await.unwrap();
    session.flush().await.unwrap();
    assert_eq!(log.take().len(), 1, "the nest alone");
    session.commit().await.unwrap();
    assert_eq!(select(Bird).count(&engine).await.unwrap(), 0, "the database has followed");
    assert_eq!(session.get(Bird, 1).await.unwrap(), None);
}

#[tokio::test]
async fn passive_deletes_of_all_without_a_cascade_of_the_database_are_refused_by_it() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "stables", metadata = none)]
    struct Stable {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = stable, passive_deletes = all)]
        horses: HasMany<Horse>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "horses", metadata = none)]
    struct Horse {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Stable.id)]
        stable_id: Option<i64>,
        #[orm(back_populates = horses)]
        stable: BelongsTo<Stable>,
    }
    let engine = empty_engine().await;
    metadata![Stable, Horse].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let stable = session.add(Stable::builder().horses([Horse::builder(), Horse::builder()]));
    session.commit().await.unwrap();
    // The other side looks after the key, and sets it to NULL.
    session.load(stable, Stable.horses).await.unwrap();
    let horse = session.handles(stable, Stable.horses)[0];
    session.unlink(stable, Stable.horses, horse);
    session.commit().await.unwrap();
    assert_eq!(select(Horse.stable_id).order_by(Horse.id).all(&engine).await.unwrap(), [None, Some(1)]);
    session.delete(stable).await.unwrap();
    assert!(session.commit().await.unwrap_err().is_foreign_key_violation());
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn pairs_go_with_either_side() {
    let (engine, mut session) = session().await;
    let keywords = ["red", "blue"].map(|word| Keyword::builder().word(word));
    let ed = session.add(User::builder().name("ed").keywords(keywords));
    let wendy = session.add(User::builder().name("wendy"));
    let [red, blue] = session.handles(ed, User.keywords)[..] else { panic!() };
    session[wendy].keywords.push(blue);
    session.commit().await.unwrap();
    session.delete(red).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(UserKeyword).count(&engine).await.unwrap(), 2);
    // Both ends of one pair at once.
    session.delete(blue).await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(UserKeyword).count(&engine).await.unwrap(), 0);
    assert_eq!(select(User.name).all(&engine).await.unwrap(), ["wendy"]);
}

// ---------------------------------------------------------------------------------------------- orphans

#[tokio::test]
async fn what_leaves_a_collection_that_says_so_is_deleted() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let eds = session.handles(ed, User.addresses);
    session[ed].addresses.remove(eds[0]);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session.unlink(eds[1], Address.user, ed);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 1));
}

#[tokio::test]
async fn an_orphan_by_its_own_reference_is_deleted_too() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let eds = session.handles(ed, User.addresses);
    session[eds[0]].user.clear();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 2));
    // Also where the owner is not in the session.
    let mut session = Session::new(&engine);
    let address = session.get_one(Address, 2).await.unwrap();
    session[address].user.clear();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 1));
}

#[tokio::test]
async fn an_orphan_that_finds_another_parent_before_the_flush_stays() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.unlink(ed, User.addresses, eds[0]);
    session.link(wendy, User.addresses, eds[0]);
    session[ed].addresses.remove(eds[1]);
    session[wendy].addresses.push(eds[1]);
    // Not deleted even where the orphan is told last.
    session[ed].addresses.push(Address::builder().email("new"));
    session.commit().await.unwrap();
    assert_eq!(select(Address.user_id).order_by(Address.id).all(&engine).await.unwrap(), [2, 2, 2, 1]);
}

#[tokio::test]
async fn an_orphan_that_was_never_saved_is_dropped() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let new = session.link(ed, User.addresses, Address::builder().email("new"));
    session[ed].addresses.remove(new);
    assert_statements!(engine, 0, session.commit().await.unwrap());
    assert_eq!(
        session.object(new).unwrap_err().message(),
        "object `Address` is no longer in the session: it was removed from its only owner before it was saved"
    );
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    assert_eq!(counts(&engine).await, (2, 3));
}

#[tokio::test]
async fn an_object_with_two_owners_goes_when_either_lets_it_go() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "mothers", metadata = none)]
    struct Mother {
        #[orm(primary_key)]
        id: i64,
        #[orm(cascade(all, delete_orphan))]
        children: HasMany<Child>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "fathers", metadata = none)]
    struct Father {
        #[orm(primary_key)]
        id: i64,
        #[orm(cascade(all, delete_orphan))]
        children: HasMany<Child>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "children", metadata = none)]
    struct Child {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Mother.id)]
        mother_id: Option<i64>,
        #[orm(foreign_key = Father.id)]
        father_id: Option<i64>,
    }
    let engine = empty_engine().await;
    metadata![Mother, Father, Child].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [mother, other] = [(); 2].map(|()| session.add(Mother::builder()));
    let father = session.add(Father::builder());
    let child = session.link(mother, Mother.children, Child::builder());
    session.commit().await.unwrap();
    assert_eq!(session[child].father_id, None, "an owner that never was is not missed");
    session.link(father, Father.children, child);
    session.commit().await.unwrap();
    // The link to one owner does not make up for the loss of the other.
    session.unlink(father, Father.children, child);
    session.link(other, Mother.children, child);
    session.commit().await.unwrap();
    assert_eq!(select(Child).count(&engine).await.unwrap(), 0);
}

// ---------------------------------------------------------------------------------------------- states

#[tokio::test]
async fn deleting_what_was_never_saved_is_an_error_and_deleting_twice_is_not() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let new = session.add(User::builder().name("new"));
    let error = session.delete(new).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "object `User` has not been saved and cannot be deleted\nhint: flush first, or take it out by `expunge`"
    );
    session.expunge(new).unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    session.delete(ed).await.unwrap();
    session.delete(ed).await.unwrap();
    session.flush().await.unwrap();
    session.delete(ed).await.unwrap();
    assert_eq!(session[ed].name, "ed", "it stays readable");
    session.commit().await.unwrap();
    session.delete(ed).await.unwrap();
    assert_eq!(session[ed].name, "ed");
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn a_rollback_brings_a_deleted_graph_back() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let eds = session.handles(ed, User.addresses);
    session.delete(ed).await.unwrap();
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 3));
    assert_eq!(session.deleted().len(), 0);
    assert_eq!(session.handles(ed, User.addresses), eds);
    assert_statements!(engine, 0, session.commit().await.unwrap());
    session.delete(eds[0]).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 2));
}

#[tokio::test]
async fn a_failed_delete_leaves_everything_after_the_rollback() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.delete(ed).await.unwrap();
    session[wendy].addresses.clear();
    session.add(User::builder().name("wendy"));
    assert!(session.commit().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session.deleted().len(), 0);
    assert_eq!(session.handles(ed, User.addresses), eds);
    assert_eq!(session.handles(wendy, User.addresses).len(), 1);
    assert_statements!(engine, 0, session.commit().await.unwrap());
    assert_eq!(counts(&engine).await, (2, 3));
}

// ---------------------------------------------------------------------------------------------- taken out

#[tokio::test]
async fn detach_leaves_the_way_back_unloaded_and_copies_what_is_reached_twice() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let addresses = session
        .query(Address)
        .filter(Address.user_id.eq(1))
        .options(selectinload(Address.user).selectinload(User.addresses))
        .all()
        .await
        .unwrap();
    let ed = session[addresses[0]].user.handle().unwrap();
    let address: Address = session.detach(addresses[0]).unwrap();
    let user = address.user.get().unwrap();
    assert_eq!(user.name, "ed");
    assert!(user.addresses.is_unloaded(), "the way back");
    assert_eq!(session[ed].name, "ed", "only the root has left");
    assert!(session.object(addresses[0]).is_err());
    let red = session.add(Keyword::builder().word("red"));
    let wendy = loaded(&mut session, 2).await;
    session.link(ed, User.keywords, red);
    session.link(wendy, User.keywords, red);
    session.flush().await.unwrap();
    session.load([ed, wendy], User.keywords).await.unwrap();
    session.load(red, Keyword.users).await.unwrap();
    let keyword: Keyword = session.detach(red).unwrap();
    assert_eq!(keyword.users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ed", "wendy"]);
    assert!(keyword.users.get()[0].keywords.is_unloaded());
    assert!(keyword.users.get()[1].addresses.is_loaded());
}

#[tokio::test]
async fn expunge_follows_its_cascade_and_leaves_no_dead_members() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let eds = session.handles(ed, User.addresses);
    session.load(&eds, Address.user).await.unwrap();
    session.expunge(eds[0]).unwrap();
    assert!(session[ed].addresses.is_unloaded(), "what the session does not have is not among the members");
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.related(ed, User.addresses).count(), 2);
    let eds = session.handles(ed, User.addresses);
    session.expunge(ed).unwrap();
    assert!(session.object(ed).is_err() && session.object(eds[0]).is_err(), "cascade(all)");
    // Without that cascade the members stay, and know that what they refer to is to be read again.
    session.add(Node::builder().name("root").children([Node::builder().name("leaf")]));
    session.commit().await.unwrap();
    let root =
        session.query(Node).filter(Node.parent_id.is_null()).options(selectinload(Node.children)).one().await.unwrap();
    let leaf = session.handles(root, Node.children)[0];
    session.load(leaf, Node.parent).await.unwrap();
    session.expunge(root).unwrap();
    assert!(session[leaf].parent.is_unloaded());
    session.load(leaf, Node.parent).await.unwrap();
    assert!(session[leaf].parent.handle().is_some());
    assert_eq!(counts(&engine).await, (2, 3));
}

#[tokio::test]
async fn a_slot_that_is_used_again_is_no_member() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let wendys = session.handles(wendy, User.addresses)[0];
    let eds = session.handles(ed, User.addresses);
    // The slot of an expunged address is taken by a new object, which `ed` must not take along.
    session.expunge(eds[1]).unwrap();
    let bystander = session.add(Keyword::builder().word("bystander"));
    session.flush().await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 1);
    assert_eq!((session[bystander].word.as_str(), session[wendys].email.as_str()), ("bystander", "wendy@x.org"));
    assert_eq!(counts(&engine).await, (1, 1));
}

#[tokio::test]
async fn expunge_clean_keeps_what_changes_lead_to() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    session.link(ed, User.addresses, Address::builder().email("new"));
    session.expunge_clean();
    assert!(session.contains(ed) && !session.contains(wendy));
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, (2, 4));
}

/// What was done through a field and not taken up was forgotten with the members that left.
#[tokio::test]
async fn expunge_clean_keeps_what_was_done_through_fields() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let word = session.add(Keyword::builder().word("word"));
    session.commit().await.unwrap();
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let (of_ed, of_wendy) = (session.handles(ed, User.addresses), session.handles(wendy, User.addresses));
    session[ed].addresses.push(Address::builder().email("pushed"));
    session[ed].addresses.remove(of_ed[0]);
    session[of_ed[1]].user.replace(wendy);
    session[wendy].keywords.push(word);
    session.expunge_clean();
    assert!([ed, wendy].iter().all(|&user| session.contains(user)) && session.contains(word));
    assert!(!session.contains(of_wendy[0]), "nothing leads to it");
    session.commit().await.unwrap();
    let mails = select((Address.email, Address.user_id)).order_by(Address.email).all(&engine).await.unwrap();
    let expected = [("ed@y.org", 2), ("pushed", 1), ("wendy@x.org", 2)];
    assert_eq!(mails, expected.map(|(mail, user)| (mail.to_owned(), user)));
    let pairs = select((UserKeyword.user_id, UserKeyword.keyword_id)).all(&engine).await.unwrap();
    assert_eq!(pairs, [(2, 1)]);
}

#[derive(Clone, Debug, Model)]
#[orm(table = "departments", metadata = none)]
struct Department {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Worker.id)]
    head_id: Option<i64>,
    #[orm(foreign_key = head_id, post_update)]
    head: BelongsTo<Worker>,
    #[orm(back_populates = department, foreign_key = Worker.department_id, cascade(all), passive_deletes)]
    workers: HasMany<Worker>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "workers", metadata = none)]
struct Worker {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Department.id, on_delete = cascade)]
    department_id: i64,
    #[orm(foreign_key = department_id, back_populates = workers)]
    department: BelongsTo<Department>,
}

#[tokio::test]
async fn what_an_owner_refers_to_by_post_update_may_go_with_it_in_the_database() {
    for (loads_head, loads_workers) in [(false, false), (true, false), (false, true), (true, true)] {
        let engine = empty_engine().await;
        metadata![Department, Worker].create_all(&engine).await.unwrap();
        let mut session = Session::new(&engine);
        let department = session.add(Department::builder());
        let head = session.add(Worker::builder().department(department));
        session.link(department, Department.head, head);
        session.commit().await.unwrap();
        let mut session = Session::new(&engine);
        let department = session.query(Department).one().await.unwrap();
        if loads_head {
            session.load(department, Department.head).await.unwrap();
        }
        if loads_workers {
            session.load(department, Department.workers).await.unwrap();
        }
        session.delete(department).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select(Worker).count(&engine).await.unwrap(), 0, "{loads_head} {loads_workers}");
    }
}
