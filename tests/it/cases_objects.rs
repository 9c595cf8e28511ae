//! Where an object of a session stands after things that happen seldom: rows that go and come back, marks of deletion,
//! objects let go while others refer to them, merged graphs.

use orm::ObjectState;
use orm::prelude::*;

use crate::support::{Address, Keyword, Node, User, empty_engine, session, three_users, tree, two_users};

async fn names(engine: &Engine) -> Vec<String> {
    select(User.name).order_by(User.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn an_object_whose_row_was_deleted_by_text_comes_back_with_the_rollback() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    for sql in ["DELETE FROM addresses", "DELETE FROM users WHERE id = 1"] {
        session.execute(text(sql)).await.unwrap();
    }
    session.expire(ed).unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    assert_eq!((session.state(ed).unwrap(), session[ed].name.as_str()), (ObjectState::Deleted, "ed"));
    session.rollback().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
    session[ed].fullname = Some("again".into());
    session.commit().await.unwrap();
    // Gone for good.
    text("DELETE FROM addresses").execute(&engine).await.unwrap();
    text("DELETE FROM users WHERE id = 1").execute(&engine).await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), None);
    session.commit().await.unwrap();
    assert_eq!(session.state(ed).unwrap(), ObjectState::Detached);
    assert_eq!(names(&engine).await, ["wendy"]);
}

#[tokio::test]
async fn a_value_is_merged_onto_the_new_object_with_its_key_whoever_had_its_place_before() {
    let (engine, mut session) = session().await;
    let first = session.add(User::builder().id(1).name("first"));
    assert_eq!(session.merge(User::builder().id(1).name("First")).await.unwrap(), first);
    session.expunge(first).unwrap();
    let second = session.add(User::builder().id(2).name("second"));
    assert_eq!(session.merge(User::builder().id(2).name("Second")).await.unwrap(), second);
    assert_eq!(session.pending().len(), 1);
    // One that was rolled back, and has another key when it is added again.
    session.rollback().await.unwrap();
    session[second].id = 3;
    session.add_again(second).unwrap();
    assert_eq!(session.merge(User::builder().id(3).name("third")).await.unwrap(), second);
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["third"]);
}

// ------------------------------------------------------------------------------------------------ marks of deletion

#[tokio::test]
async fn an_object_that_is_added_again_is_not_deleted_and_keeps_what_it_had() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.delete(ed).await.unwrap();
    assert_eq!(session.deleted().len(), 3);
    session.add_again(ed).unwrap();
    assert!(session.deleted().is_empty());
    session[ed].fullname = Some("kept".into());
    session.commit().await.unwrap();
    assert_eq!(names(&engine).await, ["ed", "wendy", "fred"]);
    let addresses = select(Address.user_id).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(addresses, [1, 1, 2]);
    session.load(ed, User.keywords).await.unwrap();
    assert_eq!(session.handles(ed, User.keywords).len(), 2);
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn children_that_lost_their_parent_get_it_back_when_it_is_not_deleted() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let root = session.query(Node).filter(Node.name.eq("root")).one().await.unwrap();
    session.delete(root).await.unwrap();
    let mut quiet = session.no_autoflush();
    let children = quiet.query(Node).filter(Node.name.in_(["a", "b"])).order_by(Node.name);
    let [a, b] = children.all().await.unwrap()[..] else { panic!() };
    // One of them has found another parent meanwhile.
    session.link(b, Node.children, a);
    session.add_again(root).unwrap();
    session.commit().await.unwrap();
    let parents = select((Node.name, Node.parent_id)).filter(Node.name.in_(["root", "a", "b"])).order_by(Node.name);
    let [root_id, b_id] = [session[root].id, session[b].id];
    let expected = [("a", Some(b_id)), ("b", Some(root_id)), ("root", None)];
    let expected = expected.map(|(name, parent)| (name.to_owned(), parent));
    assert_eq!(parents.all(&engine).await.unwrap(), expected);
}

#[derive(Clone, Debug, Model)]
#[orm(table = "orders", metadata = none)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = order, cascade(all))]
    items: HasMany<Item>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Order.id)]
    order_id: Option<i64>,
    #[orm(back_populates = items)]
    order: BelongsTo<Order>,
    #[orm(back_populates = item, cascade(all, delete_orphan))]
    notes: HasMany<Note>,
    #[orm(back_populates = item)]
    labels: HasMany<Label>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Item.id)]
    item_id: i64,
    #[orm(back_populates = notes)]
    item: BelongsTo<Item>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "labels", metadata = none)]
struct Label {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Item.id)]
    item_id: Option<i64>,
    #[orm(back_populates = labels)]
    item: BelongsTo<Item>,
}

/// An order with two items, each of which has two notes and a label.
async fn order() -> (Engine, Session, Handle<Order>, Vec<Handle<Item>>) {
    let engine = empty_engine().await;
    metadata![Order, Item, Note, Label].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let item = || Item::builder().notes([Note::builder(), Note::builder()]).labels([Label::builder()]);
    let order = session.add(Order::builder().items([item(), item()]));
    let items = session.handles(order, Order.items);
    session.commit().await.unwrap();
    session.get_one(Order, 1).await.unwrap();
    (engine, session, order, items)
}

async fn counts(engine: &Engine) -> [u64; 3] {
    [
        select(Order).count(engine).await.unwrap(),
        select(Item).count(engine).await.unwrap(),
        select(Note).count(engine).await.unwrap(),
    ]
}

#[tokio::test]
async fn what_is_moved_from_an_owner_that_goes_takes_along_what_belongs_to_it() {
    let (engine, mut session, order, items) = order().await;
    session.delete(order).await.unwrap();
    assert_eq!(session.deleted().len(), 7, "the order, its items, and their notes");
    let other = session.add(Order::builder());
    session.link(other, Order.items, items[0]);
    assert_eq!(session.deleted().len(), 4);
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, [1, 1, 2]);
    let labels = select(Label.item_id).order_by(Label.id).all(&engine).await.unwrap();
    assert_eq!(labels, [Some(session[items[0]].id), None]);
}

#[tokio::test]
async fn a_cascade_reaches_what_is_a_member_and_not_what_has_left() {
    let (engine, mut session, order, items) = order().await;
    session.load(order, Order.items).await.unwrap();
    session.unlink(order, Order.items, items[0]);
    session.delete(order).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, [0, 1, 2], "`all` without `delete_orphan` leaves what has left");
    assert_eq!(select(Item.order_id).all(&engine).await.unwrap(), [None]);
}

#[tokio::test]
async fn members_that_come_after_the_mark_of_deletion_go_or_stay_as_those_before() {
    let (engine, mut session, order, items) = order().await;
    let loose = session.add(Item::builder().notes([Note::builder()]));
    let label = session.add(Label::builder());
    session.flush().await.unwrap();
    session.delete(order).await.unwrap();
    session.link(order, Order.items, loose);
    let new = session.link(order, Order.items, Item::builder());
    session.link(items[0], Item.labels, label);
    session.commit().await.unwrap();
    assert_eq!(counts(&engine).await, [0, 0, 0]);
    assert_eq!(select(Label.item_id).all(&engine).await.unwrap(), [None, None, None]);
    assert_eq!(session.state(loose).unwrap(), ObjectState::Detached);
    assert!(!session.contains(new), "it was never saved");
}

#[tokio::test]
async fn a_list_that_is_replaced_before_the_flush_leaves_nothing_of_the_first() {
    let (engine, mut session) = session().await;
    let mail = |email: &str| Address::builder().email(email);
    let ed = session.add(User::builder().name("ed").addresses([mail("1"), mail("2")]));
    session.replace(ed, User.addresses, [mail("3"), mail("4")]);
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).order_by(Address.id).all(&engine).await.unwrap(), ["3", "4"]);
    session.load(ed, User.addresses).await.unwrap();
    session.replace(ed, User.addresses, [mail("5")]);
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).all(&engine).await.unwrap(), ["5"]);
    session.load(ed, User.addresses).await.unwrap();
    session[ed].addresses.clear();
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn what_refers_to_an_object_that_was_let_go_is_not_saved_as_if_it_referred_to_nothing() {
    let (engine, mut session, _, items) = order().await;
    let other = session.add(Item::builder());
    session.flush().await.unwrap();
    let label = session.query(Label).filter(Label.item_id.eq(1)).one().await.unwrap();
    session.link(label, Label.item, other);
    session.expunge(other).unwrap();
    let error = session.flush().await.unwrap_err();
    assert_eq!(error.message(), "object `Item` is no longer in the session: it was expunged");
    session.rollback().await.unwrap();
    assert!(session.contains(items[0]));
    session.commit().await.unwrap();
    assert_eq!(select(Label.item_id).order_by(Label.id).all(&engine).await.unwrap(), [Some(1), Some(2)]);
}

// ------------------------------------------------------------------------------------------------ references that cascade

#[derive(Clone, Debug, Model)]
#[orm(table = "first", metadata = none)]
struct First {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Second.id)]
    second_id: Option<i64>,
    #[orm(cascade(all))]
    second: BelongsTo<Second>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "second", metadata = none)]
struct Second {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Third.id)]
    third_id: Option<i64>,
    #[orm(cascade(all))]
    third: BelongsTo<Third>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "third", metadata = none)]
struct Third {
    #[orm(primary_key)]
    id: i64,
}

/// What is done to a chain before and after its first row is marked to be deleted.
#[derive(Clone, Copy, Debug)]
enum Chain {
    Whole,
    FirstLinkedAfterwards,
    SecondLinkedAfterwards,
    FirstPartedBefore,
    SecondPartedBefore,
}

#[tokio::test]
async fn a_chain_of_references_goes_as_far_as_it_holds_at_the_flush() {
    use Chain::{FirstLinkedAfterwards, FirstPartedBefore, SecondLinkedAfterwards, SecondPartedBefore, Whole};
    let expected = [
        (Whole, [0, 0, 0]),
        (FirstLinkedAfterwards, [0, 0, 0]),
        (SecondLinkedAfterwards, [0, 0, 0]),
        (FirstPartedBefore, [0, 1, 1]),
        (SecondPartedBefore, [0, 0, 1]),
    ];
    for (chain, left) in expected {
        let engine = empty_engine().await;
        metadata![First, Second, Third].create_all(&engine).await.unwrap();
        let mut session = Session::new(&engine);
        let third = session.add(Third::builder());
        let second = session.add(Second::builder());
        let first = session.add(First::builder());
        if !matches!(chain, FirstLinkedAfterwards) {
            session.link(first, First.second, second);
        }
        if !matches!(chain, SecondLinkedAfterwards | FirstLinkedAfterwards) {
            session.link(second, Second.third, third);
        }
        session.flush().await.unwrap();
        match chain {
            FirstPartedBefore => assert!(session.unlink(first, First.second, second)),
            SecondPartedBefore => assert!(session.unlink(second, Second.third, third)),
            _ => {}
        }
        session.delete(first).await.unwrap();
        match chain {
            FirstLinkedAfterwards => {
                session.link(first, First.second, second);
                session.link(second, Second.third, third);
            }
            SecondLinkedAfterwards => _ = session.link(second, Second.third, third),
            _ => {}
        }
        session.commit().await.unwrap();
        let counts = [
            select(First).count(&engine).await.unwrap(),
            select(Second).count(&engine).await.unwrap(),
            select(Third).count(&engine).await.unwrap(),
        ];
        assert_eq!(counts, left, "{chain:?}");
    }
}

// ------------------------------------------------------------------------------------------------ moves between owners

/// Models of an owner and its member, and a test that moves the member to a new owner, while the old one is deleted or not.
macro_rules! moves {
    ($($name:ident: $kind:ident $(($($cascade:ident),+))?;)*) => { $(
        mod $name {
            use orm::prelude::*;

            use crate::support::empty_engine;

            #[derive(Clone, Debug, Model)]
            #[orm(table = "owners", metadata = none)]
            struct Owner {
                #[orm(primary_key)]
                id: i64,
                #[orm(back_populates = owner $(, cascade($($cascade),+))?)]
                member: $kind<Member>,
            }

            #[derive(Clone, Debug, Model)]
            #[orm(table = "members", metadata = none)]
            struct Member {
                #[orm(primary_key)]
                id: i64,
                #[orm(foreign_key = Owner.id)]
                owner_id: i64,
                #[orm(back_populates = member)]
                owner: BelongsTo<Owner>,
            }

            #[tokio::test]
            async fn a_member_moves_to_a_new_owner_from_one_that_is_deleted_or_stays() {
                for (is_deleted, is_moved_first, by_owner) in
                    (0..8).map(|bits| (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4))
                {
                    let engine = empty_engine().await;
                    metadata![Owner, Member].create_all(&engine).await.unwrap();
                    let mut session = Session::new(&engine);
                    let old = session.add(Owner::builder());
                    let member = session.link(old, Owner.member, Member::builder());
                    session.flush().await.unwrap();
                    if is_deleted && !is_moved_first {
                        session.delete(old).await.unwrap();
                    }
                    let new = session.add(Owner::builder());
                    match by_owner {
                        true => _ = session.link(new, Owner.member, member),
                        false => _ = session.link(member, Member.owner, new),
                    }
                    if is_deleted && is_moved_first {
                        session.delete(old).await.unwrap();
                    }
                    session.commit().await.unwrap();
                    let what = format!("deleted: {is_deleted}, moved first: {is_moved_first}, by the owner: {by_owner}");
                    let owners = select(Member.owner_id).all(&engine).await.unwrap();
                    assert_eq!(owners, [session[new].id], "{what}");
                    assert_eq!(select(Owner).count(&engine).await.unwrap(), if is_deleted { 1 } else { 2 }, "{what}");
                }
            }
        }
    )* };
}

moves! {
    many_without_a_cascade: HasMany;
    many_that_are_deleted: HasMany(all);
    many_whose_orphans_go: HasMany(all, delete_orphan);
    one_without_a_cascade: HasOne;
    one_that_is_deleted: HasOne(all);
    one_whose_orphan_goes: HasOne(all, delete_orphan);
}

#[tokio::test]
async fn a_member_of_several_levels_that_leaves_a_tree_goes_with_its_own() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "branches", metadata = none)]
    struct Branch {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Branch.id)]
        parent_id: Option<i64>,
        #[orm(back_populates = children)]
        parent: BelongsTo<Branch>,
        #[orm(back_populates = parent, cascade(all, delete_orphan))]
        children: HasMany<Branch>,
    }
    let engine = empty_engine().await;
    metadata![Branch].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let twig = Branch::builder().children([Branch::builder()]);
    let root = session.add(Branch::builder().children([Branch::builder(), twig]));
    session.commit().await.unwrap();
    assert_eq!(select(Branch).count(&engine).await.unwrap(), 4);
    session.load(root, Branch.children).await.unwrap();
    let twig = session.handles(root, Branch.children)[1];
    session.unlink(root, Branch.children, twig);
    session.commit().await.unwrap();
    assert_eq!(select(Branch).count(&engine).await.unwrap(), 2);
    // A root that nobody owns is no orphan.
    session[root].parent_id = None;
    session.commit().await.unwrap();
    assert_eq!(select(Branch.parent_id).order_by(Branch.id).all(&engine).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_member_that_may_have_moved_is_left_to_a_database_that_deletes_by_itself() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "hives", metadata = none)]
    struct Hive {
        #[orm(primary_key)]
        id: i64,
        #[orm(cascade(all), passive_deletes)]
        bees: HasMany<Bee>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "bees", metadata = none)]
    struct Bee {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Hive.id, on_delete = cascade)]
        hive_id: i64,
    }
    // Another session moves it, a statement of the session, or one that says no more than that rows may have been moved.
    for way in ["elsewhere", "by condition", "by the database", "in bulk"] {
        let engine = empty_engine().await;
        metadata![Hive, Bee].create_all(&engine).await.unwrap();
        let mut session = Session::new(&engine);
        let first = session.add(Hive::builder().bees([Bee::builder(), Bee::builder()]));
        let second = session.add(Hive::builder());
        session.commit().await.unwrap();
        let hives = session.query(Hive).order_by(Hive.id).options(selectinload(Hive.bees)).all().await.unwrap();
        assert_eq!(hives, [first, second]);
        let [moving, staying] = session.handles(first, Hive.bees)[..] else { panic!() };
        let moved = update(Bee).set(Bee.hive_id, 2).filter(Bee.id.eq(1));
        match way {
            "elsewhere" => {
                session.commit().await.unwrap();
                moved.execute(&engine).await.unwrap();
            }
            "by condition" => _ = session.execute(moved).await.unwrap(),
            "by the database" => {
                let computed = update(Bee).set(Bee.hive_id, orm::func::greatest((Bee.hive_id, 2))).filter(Bee.id.eq(1));
                _ = session.execute(computed).await.unwrap();
            }
            _ => {
                let bee = Bee { hive_id: 2, ..session[moving].clone() };
                _ = session.bulk_update(Bee.hive_id, [bee]).await.unwrap();
            }
        }
        session.delete(first).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select((Bee.id, Bee.hive_id)).all(&engine).await.unwrap(), [(1, 2)], "{way}");
        assert_eq!(session.get(Bee, 1).await.unwrap(), Some(moving));
        assert_eq!(session.get(Bee, 2).await.unwrap(), None);
        assert!(matches!(session.state(staying).unwrap(), ObjectState::Deleted | ObjectState::Detached), "{way}");
        session.delete(second).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(select(Bee).count(&engine).await.unwrap(), 0);
    }
}

// ------------------------------------------------------------------------------------------------ assigned and deleted

/// A literal says 0 of a key that the database makes up. Assigned to an object it had made 0 the key of the row.
#[tokio::test]
async fn an_assigned_literal_that_does_not_say_its_key_keeps_the_rows() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let blue = session.query(Keyword).filter(Keyword.word.eq("blue")).one().await.unwrap();
    let id = session[blue].id;
    session[blue] = Keyword { id: 0, word: "Blue".into(), users: ManyToMany::default() };
    session.flush().await.unwrap();
    assert_eq!((session[blue].id, session[blue].word.as_str()), (id, "Blue"));
    assert_eq!(session.get(Keyword, id).await.unwrap(), Some(blue));
    // What it is given otherwise is its new key.
    let new = session.add(Keyword::builder().word("new"));
    session.flush().await.unwrap();
    session[new] = Keyword { id: 17, word: "seventeen".into(), users: ManyToMany::default() };
    session.commit().await.unwrap();
    let words = select((Keyword.id, Keyword.word)).order_by(Keyword.id).all(&engine).await.unwrap();
    assert_eq!(words[1..], [(id, "Blue".to_owned()), (17, "seventeen".to_owned())]);
}

#[tokio::test]
async fn what_is_to_be_deleted_is_not_dirty() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let words = session.query(Keyword).order_by(Keyword.id).options(selectinload(Keyword.users)).all().await.unwrap();
    session[words[0]].word = "changed".into();
    for &word in &words {
        session.delete(word).await.unwrap();
    }
    assert_eq!(session.deleted().len(), 2);
    assert!(session.dirty().iter().all(|object| words.iter().all(|&word| !object.is(word))));
}

/// Whoever catches the panic goes on with the session.
#[tokio::test]
async fn a_new_member_that_cannot_be_linked_is_not_added() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "huts", metadata = none)]
    struct Hut {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = hut)]
        roof: HasOne<Roof>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "roofs", metadata = none)]
    struct Roof {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Hut.id)]
        hut_id: i64,
        #[orm(back_populates = roof)]
        hut: BelongsTo<Hut>,
    }
    let engine = empty_engine().await;
    metadata![Hut, Roof].create_all(&engine).await.unwrap();
    insert(Hut).values([Hut::builder(), Hut::builder()]).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [hut, other] = session.query(Hut).all().await.unwrap()[..] else { panic!() };
    let link = |session: &mut Session, hut| {
        let link = std::panic::AssertUnwindSafe(|| session.link(hut, Hut.roof, Roof::builder()));
        std::panic::catch_unwind(link).is_ok()
    };
    assert!(!link(&mut session, hut), "it is not loaded");
    session.delete(other).await.unwrap();
    session.flush().await.unwrap();
    assert!(!link(&mut session, other), "it is deleted");
    assert!(session.pending().is_empty());
    session.load(hut, Hut.roof).await.unwrap();
    assert!(link(&mut session, hut));
    session.commit().await.unwrap();
    assert_eq!(select(Roof).count(&engine).await.unwrap(), 1);
}
