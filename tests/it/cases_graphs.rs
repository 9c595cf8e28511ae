//! Graphs that go round: models in rings, rows that follow each other, associations with data, owners that were let go of
//! and read again.

use orm::prelude::*;

use crate::assert_statements;
use crate::support::{Address, Keyword, User, UserKeyword, empty_engine, session, three_users};

// ------------------------------------------------------------------------------------------------ models in rings

/// Hosts and guests refer to each other, and visits to both.
#[derive(Clone, Debug, Model)]
#[orm(table = "hosts", metadata = none)]
struct Host {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Guest.id)]
    guest_id: Option<i64>,
    #[orm(foreign_key = Host.guest_id)]
    guest: BelongsTo<Guest>,
    #[orm(foreign_key = Guest.host_id)]
    others: HasMany<Guest>,
    #[orm(back_populates = host)]
    visits: HasMany<Visit>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "guests", metadata = none)]
struct Guest {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Host.id)]
    host_id: Option<i64>,
    #[orm(foreign_key = Guest.host_id)]
    host: BelongsTo<Host>,
    #[orm(foreign_key = Host.guest_id)]
    others: HasMany<Host>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "visits", metadata = none)]
struct Visit {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Host.id)]
    host_id: i64,
    #[orm(foreign_key = Guest.id)]
    guest_id: i64,
    #[orm(back_populates = visits)]
    host: BelongsTo<Host>,
    guest: BelongsTo<Guest>,
}

async fn hosts() -> (Engine, Session) {
    let engine = empty_engine().await;
    metadata![Host, Guest, Visit].create_all(&engine).await.unwrap();
    let session = Session::new(&engine);
    (engine, session)
}

#[tokio::test]
async fn what_refers_to_a_ring_of_models_is_saved_whether_or_not_they_change() {
    let (engine, mut session) = hosts().await;
    let host = session.add(Host::builder().guest(Guest::builder()));
    session.flush().await.unwrap();
    let guest = session.handles(host, Host.guest)[0];
    // Nothing in the ring changes.
    session.add(Visit::builder().host(host).guest(guest));
    assert_statements!(engine, 1, session.flush().await.unwrap());
    // Something new in it, which nothing connects.
    let new = session.add(Host::builder());
    let other = session.add(Guest::builder());
    session.add(Visit::builder().host(new).guest(other));
    session.add(Visit::builder().host(host).guest(other));
    session.commit().await.unwrap();
    let ids = |session: &Session| [session[host].id, session[new].id, session[guest].id, session[other].id];
    let [a, b, c, d] = ids(&session);
    let visits = select((Visit.host_id, Visit.guest_id)).order_by(Visit.id).all(&engine).await.unwrap();
    assert_eq!(visits, [(a, c), (b, d), (a, d)]);
    assert_eq!(select(Host.guest_id).order_by(Host.id).all(&engine).await.unwrap(), [Some(c), None]);
}

#[tokio::test]
async fn members_of_members_of_the_first_model_are_saved_and_parted() {
    let (engine, mut session) = hosts().await;
    let [a, c] = [(); 2].map(|()| session.add(Host::builder()));
    let [b, d, e] = [(); 3].map(|()| session.add(Guest::builder()));
    session.link(a, Host.others, b);
    session.link(d, Guest.others, c);
    session.link(b, Guest.others, c);
    for host in [a, a, c] {
        session.add(Visit::builder().host(host).guest(e));
    }
    session.flush().await.unwrap();
    assert_eq!(session[b].host_id, Some(session[a].id));
    assert_eq!(session[c].guest_id, Some(session[b].id), "it has moved");
    // Its visits cannot be without a host.
    session.delete(d).await.unwrap();
    let id = session[c].id;
    let visit = session.query(Visit).filter(Visit.host_id.eq(id)).one().await.unwrap();
    session.delete(visit).await.unwrap();
    session.delete(c).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Host.id).all(&engine).await.unwrap(), [session[a].id]);
    let guests = select((Guest.id, Guest.host_id)).order_by(Guest.id).all(&engine).await.unwrap();
    let mut expected = [(session[b].id, Some(session[a].id)), (session[e].id, None)];
    expected.sort_unstable();
    assert_eq!(guests, expected);
    assert_eq!(select(Visit).count(&engine).await.unwrap(), 2);
}

/// A node of a list within a tree: it knows its parent, the one before it, and, set afterwards, the one behind it.
#[derive(Clone, Debug, Model)]
#[orm(table = "steps", metadata = none)]
struct Step {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    path: String,
    #[orm(foreign_key = Step.id)]
    parent_id: Option<i64>,
    #[orm(foreign_key = Step.id)]
    before_id: Option<i64>,
    #[orm(foreign_key = Step.id)]
    behind_id: Option<i64>,
    #[orm(foreign_key = parent_id, back_populates = children)]
    parent: BelongsTo<Step>,
    #[orm(foreign_key = parent_id, back_populates = parent, order_by = id, cascade(all))]
    children: HasMany<Step>,
    #[orm(foreign_key = before_id)]
    before: BelongsTo<Step>,
    #[orm(foreign_key = behind_id, post_update)]
    behind: BelongsTo<Step>,
}

async fn steps(engine: &Engine) -> Vec<(String, Option<String>, Option<String>)> {
    let [before, behind] = ["before", "behind"].map(|name| Step.alias(name));
    let rows = select((Step.path, optional(before.path), optional(behind.path)))
        .outerjoin_on(before, before.id.eq(Step.before_id))
        .outerjoin_on(behind, behind.id.eq(Step.behind_id));
    rows.filter(Step.parent_id.is_not_null()).order_by(Step.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn rows_that_follow_each_other_are_linked_afterwards_and_only_where_they_change() {
    let engine = empty_engine().await;
    metadata![Step].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let root = session.add(Step::builder().path("root"));
    let names = ["about", "cats", "stories", "bruce"];
    let nodes = names.map(|name| session.link(root, Step.children, Step::builder().path(name)));
    for pair in nodes.windows(2) {
        session.link(pair[0], Step.behind, pair[1]);
        session.link(pair[1], Step.before, pair[0]);
    }
    session.commit().await.unwrap();
    let row = |path: &str, before: Option<&str>, behind: Option<&str>| {
        (path.to_owned(), before.map(str::to_owned), behind.map(str::to_owned))
    };
    let expected = [
        row("about", None, Some("cats")),
        row("cats", Some("about"), Some("stories")),
        row("stories", Some("cats"), Some("bruce")),
        row("bruce", Some("stories"), None),
    ];
    assert_eq!(steps(&engine).await, expected);
    // One is taken out of the middle, and those beside it are linked.
    let [about, cats, stories, _] = nodes;
    session.query(Step).all().await.unwrap();
    session.load(&nodes[..], Step.children).await.unwrap();
    session.link(stories, Step.before, about);
    session.link(about, Step.behind, stories);
    session.unlink(root, Step.children, cats);
    session.delete(cats).await.unwrap();
    session.commit().await.unwrap();
    let expected = [
        row("about", None, Some("stories")),
        row("stories", Some("about"), Some("bruce")),
        row("bruce", Some("stories"), None),
    ];
    assert_eq!(steps(&engine).await, expected);
    session.delete(root).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Step).count(&engine).await.unwrap(), 0);
    // The first of two goes, and the second forgets it.
    let first = session.add(Step::builder().path("first"));
    let second = session.add(Step::builder().path("second"));
    session.link(first, Step.behind, second);
    session.link(second, Step.before, first);
    session.flush().await.unwrap();
    session.delete(first).await.unwrap();
    session.unlink(second, Step.before, first);
    session.commit().await.unwrap();
    assert_eq!(select((Step.path, Step.before_id)).all(&engine).await.unwrap(), [("second".to_owned(), None)]);
}

#[tokio::test]
async fn a_favourite_child_comes_and_goes_with_its_parent() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "parents", metadata = none)]
    struct Parent {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Child.id)]
        child_id: Option<i64>,
        #[orm(foreign_key = Parent.child_id, post_update)]
        child: BelongsTo<Child>,
        #[orm(foreign_key = Child.parent_id, order_by = id)]
        children: HasMany<Child>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "children", metadata = none)]
    struct Child {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Child.id)]
        friend_id: Option<i64>,
        friend: BelongsTo<Child>,
        #[orm(foreign_key = Parent.id)]
        parent_id: Option<i64>,
    }
    let engine = empty_engine().await;
    metadata![Parent, Child].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let one = session.add(Parent::builder());
    let first = session.link(one, Parent.children, Child::builder());
    let second = session.link(one, Parent.children, Child::builder().friend(first));
    session.link(one, Parent.child, second);
    session.flush().await.unwrap();
    assert_eq!(session[one].child_id, Some(session[second].id));
    // One parent comes with its favourite, another loses its own.
    let two = session.add(Parent::builder());
    let third = session.link(two, Parent.children, Child::builder());
    session.link(two, Parent.child, third);
    session.unlink(one, Parent.children, second);
    session.unlink(one, Parent.child, second);
    session.delete(second).await.unwrap();
    session.flush().await.unwrap();
    let favourites = select(Parent.child_id).order_by(Parent.id);
    assert_eq!(favourites.clone().all(&mut session).await.unwrap(), [None, Some(session[third].id)]);
    session.unlink(two, Parent.child, third);
    session.commit().await.unwrap();
    assert_eq!(favourites.all(&engine).await.unwrap(), [None, None]);
    assert_eq!(select(Child.parent_id).order_by(Child.id).all(&engine).await.unwrap(), [Some(1), Some(2)]);
}

#[tokio::test]
async fn a_tree_that_is_joined_by_another_column_than_its_key_is_saved_and_loaded_both_ways() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "items", metadata = none)]
    struct Item {
        #[orm(primary_key)]
        id: i64,
        #[orm(unique, length = 32)]
        code: String,
        #[orm(foreign_key = Item.code, length = 32)]
        parent_code: Option<String>,
        #[orm(back_populates = children)]
        parent: BelongsTo<Item>,
        #[orm(back_populates = parent, order_by = id)]
        children: HasMany<Item>,
    }
    let engine = empty_engine().await;
    metadata![Item].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let item = |code: &str| Item::builder().code(code);
    let root = session.add(item("root").children([item("a"), item("b").children([item("c")])]));
    session.commit().await.unwrap();
    let rows = select((Item.code, Item.parent_code)).order_by(Item.code).all(&engine).await.unwrap();
    let expected = [("a", Some("root")), ("b", Some("root")), ("c", Some("b")), ("root", None)];
    assert_eq!(rows, expected.map(|(code, parent)| (code.to_owned(), parent.map(str::to_owned))));
    session.expunge_all();
    assert!(session.object(root).is_err());
    let c = session.query(Item).filter(Item.code.eq("c")).one().await.unwrap();
    session.load(c, Item.parent).await.unwrap();
    let b = session.handles(c, Item.parent)[0];
    assert_eq!(session[b].code, "b");
    session.load(b, Item.children).await.unwrap();
    assert_eq!(session.handles(b, Item.children), [c]);
    // The target that is known by its own key is found by the other column as well.
    session.load(b, Item.parent).await.unwrap();
    let root = session.handles(b, Item.parent)[0];
    session.delete(root).await.unwrap();
    session.commit().await.unwrap();
    let roots = select(Item.code).filter(Item.parent_code.is_null()).order_by(Item.code);
    assert_eq!(roots.all(&engine).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn nodes_with_pairs_and_a_favourite_go_in_any_order() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "points", metadata = none)]
    struct Point {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Point.id)]
        favourite_id: Option<i64>,
        #[orm(foreign_key = favourite_id)]
        favourite: BelongsTo<Point>,
        #[orm(secondary("edges", "from_id", "to_id"), back_populates = sources)]
        targets: ManyToMany<Point>,
        #[orm(secondary("edges", "to_id", "from_id"), back_populates = targets)]
        sources: ManyToMany<Point>,
    }
    let engine = empty_engine().await;
    metadata![Point].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [n1, n2, n3, n4, n5] = [(); 5].map(|()| session.add(Point::builder()));
    for (node, favourite) in [(n4, n3), (n1, n5), (n5, n2)] {
        session.link(node, Point.favourite, favourite);
    }
    for (node, targets) in [(n1, vec![n2, n3, n4]), (n2, vec![n3, n5]), (n3, vec![n5, n4])] {
        targets.into_iter().for_each(|target| _ = session.link(node, Point.targets, target));
    }
    session.flush().await.unwrap();
    let edges = orm::table("edges", [orm::column("from_id"), orm::column("to_id")]);
    let (from, to) = (edges.c::<i64>("from_id"), edges.c::<i64>("to_id"));
    let all = select((from.clone(), to.clone())).order_by((from, to));
    let id = |node: Handle<Point>| session[node].id;
    let expected = [(n1, n2), (n1, n3), (n1, n4), (n2, n3), (n2, n5), (n3, n4), (n3, n5)];
    let mut expected = expected.map(|(from, to)| (id(from), id(to)));
    expected.sort_unstable();
    let of_others: Vec<(i64, i64)> = expected.iter().copied().filter(|&(from, _)| from != id(n1)).collect();
    assert_eq!(all.clone().all(&mut session).await.unwrap(), expected);
    session.delete(n1).await.unwrap();
    session.flush().await.unwrap();
    assert_eq!(all.clone().all(&mut session).await.unwrap(), of_others);
    for node in [n2, n3, n4, n5] {
        session.delete(node).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(all.all(&engine).await.unwrap(), []);
    assert_eq!(select(Point).count(&engine).await.unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------ associations

#[derive(Clone, Debug, Model)]
#[orm(table = "shelves", metadata = none)]
struct Shelf {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = shelf, cascade(all, delete_orphan), order_by = note)]
    places: HasMany<Place>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "places", metadata = none)]
struct Place {
    #[orm(primary_key, foreign_key = Shelf.id)]
    shelf_id: i64,
    #[orm(primary_key, foreign_key = Word.id)]
    word_id: i64,
    #[orm(length = 30)]
    note: String,
    #[orm(back_populates = places)]
    shelf: BelongsTo<Shelf>,
    #[orm(lazy = joined)]
    word: BelongsTo<Word>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "words", metadata = none)]
struct Word {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 30)]
    name: String,
}

#[tokio::test]
async fn associations_with_data_are_replaced_for_the_same_and_for_other_ends() {
    let engine = empty_engine().await;
    metadata![Shelf, Word, Place].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let place = |word: &str| Place::builder().word(Word::builder().name(word)).note(format!("{word} place"));
    let one = session.add(Shelf::builder().places([place("blue"), place("red")]));
    let two = session.add(Shelf::builder().places([place("green")]));
    session.flush().await.unwrap();
    let notes = async |session: &mut Session| {
        let rows =
            select((Place.shelf_id, Word.name, Place.note)).join(Place.word).order_by((Place.shelf_id, Place.note));
        rows.all(session).await.unwrap()
    };
    let row = |shelf: i64, word: &str, note: &str| (shelf, word.to_owned(), note.to_owned());
    let expected = [row(1, "blue", "blue place"), row(1, "red", "red place"), row(2, "green", "green place")];
    assert_eq!(notes(&mut session).await, expected);
    // One goes and another of the same two ends comes, which takes its row.
    let [blue, red] = session.handles(one, Shelf.places)[..] else { panic!() };
    let red_word = session.handles(red, Place.word)[0];
    session.unlink(one, Shelf.places, red);
    let new_red = session.link(one, Shelf.places, Place::builder().word(red_word).note("new red place"));
    session.flush().await.unwrap();
    assert_eq!(notes(&mut session).await[1], row(1, "red", "new red place"));
    // All of them go; what comes shares a word, some of it new.
    let purple = session.add(Word::builder().name("purple"));
    for place in [blue, new_red] {
        session.unlink(one, Shelf.places, place);
    }
    session.link(one, Shelf.places, Place::builder().word(red_word).note("third red place"));
    session.link(two, Shelf.places, Place::builder().word(purple).note("purple place 2"));
    session.link(one, Shelf.places, Place::builder().word(purple).note("purple place 1"));
    session.link(one, Shelf.places, place("yellow"));
    session.commit().await.unwrap();
    let expected = [
        row(1, "purple", "purple place 1"),
        row(1, "red", "third red place"),
        row(1, "yellow", "yellow place"),
        row(2, "green", "green place"),
        row(2, "purple", "purple place 2"),
    ];
    assert_eq!(notes(&mut session).await, expected);
    session.load(&[one, two], Shelf.places).await.unwrap();
    assert_eq!(session.handles(one, Shelf.places).len(), 3);
    for shelf in [one, two] {
        session.delete(shelf).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(select(Place).count(&engine).await.unwrap(), 0);
    assert_eq!(select(Word).count(&engine).await.unwrap(), 5);
}

#[tokio::test]
async fn pairs_have_the_defaults_of_their_model_and_go_whatever_else_they_hold() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "things", metadata = none)]
    struct Thing {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary = Tagging)]
        tags: ManyToMany<Tag>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "tags", metadata = none)]
    struct Tag {
        #[orm(primary_key)]
        id: i64,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "taggings", metadata = none)]
    struct Tagging {
        #[orm(primary_key, foreign_key = Thing.id)]
        thing_id: i64,
        #[orm(primary_key, foreign_key = Tag.id)]
        tag_id: i64,
        #[orm(default = true)]
        is_own: bool,
        #[orm(server_default = "7")]
        weight: i64,
        remark: Option<String>,
    }
    let engine = empty_engine().await;
    metadata![Thing, Tag, Tagging].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let thing = session.add(Thing::builder().tags([Tag::builder(), Tag::builder()]));
    session.commit().await.unwrap();
    let rows = select((Tagging.is_own, Tagging.weight, Tagging.remark)).all(&engine).await.unwrap();
    assert_eq!(rows, [(true, 7, None), (true, 7, None)]);
    update(Tagging).set(Tagging.weight, 9).execute(&engine).await.unwrap();
    session.load(thing, Thing.tags).await.unwrap();
    session.replace(thing, Thing.tags, Vec::<Handle<Tag>>::new());
    session.commit().await.unwrap();
    assert_eq!(select(Tagging).count(&engine).await.unwrap(), 0);
    assert_eq!(select(Tag).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn two_relationships_over_two_tables_of_pairs_stay_apart() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "transitions", metadata = none)]
    struct Transition {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary("inputs", "transition_id", "spot_id"), back_populates = inputs, lazy = joined)]
        inputs: ManyToMany<Spot>,
        #[orm(secondary("outputs", "transition_id", "spot_id"), back_populates = outputs, lazy = joined)]
        outputs: ManyToMany<Spot>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "spots", metadata = none)]
    struct Spot {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary("inputs", "spot_id", "transition_id"), back_populates = inputs)]
        inputs: ManyToMany<Transition>,
        #[orm(secondary("outputs", "spot_id", "transition_id"), back_populates = outputs)]
        outputs: ManyToMany<Transition>,
    }
    let engine = empty_engine().await;
    metadata![Transition, Spot].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [p1, p2, p3] = [(); 3].map(|()| session.add(Spot::builder()));
    let [t1, t2, t3] = [(); 3].map(|()| session.add(Transition::builder()));
    session.link(t1, Transition.inputs, p1);
    session.link(t1, Transition.inputs, p2);
    session.link(t1, Transition.outputs, p3);
    session.link(t2, Transition.inputs, p1);
    session.link(p2, Spot.inputs, t2);
    session.link(p3, Spot.inputs, t2);
    session.link(p1, Spot.outputs, t1);
    session.commit().await.unwrap();
    let all = session.query(Transition).order_by(Transition.id).all().await.unwrap();
    assert_eq!(all, [t1, t2, t3]);
    let sorted = |mut spots: Vec<Handle<Spot>>| {
        spots.sort_by_key(|&spot| session[spot].id);
        spots
    };
    assert_eq!(sorted(session.handles(t1, Transition.inputs)), [p1, p2]);
    assert_eq!(sorted(session.handles(t1, Transition.outputs)), [p1, p3]);
    assert_eq!(sorted(session.handles(t2, Transition.inputs)), [p1, p2, p3]);
    assert_eq!(session.handles(t3, Transition.inputs), []);
    session.load(p2, Spot.inputs).await.unwrap();
    let mut both = session.handles(p2, Spot.inputs);
    both.sort_by_key(|&transition| session[transition].id);
    assert_eq!(both, [t1, t2]);
}

#[tokio::test]
async fn a_node_may_be_on_both_sides_of_another() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "sites", metadata = none)]
    struct Site {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary("ways", "from_id", "to_id"), back_populates = from)]
        to: ManyToMany<Site>,
        #[orm(secondary("ways", "to_id", "from_id"), back_populates = to)]
        from: ManyToMany<Site>,
    }
    let engine = empty_engine().await;
    metadata![Site].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [one, two] = [(); 2].map(|()| session.add(Site::builder()));
    session.link(two, Site.from, one);
    session.link(one, Site.from, two);
    session.commit().await.unwrap();
    session.load(&[one, two], Site.from).await.unwrap();
    session.load(&[one, two], Site.to).await.unwrap();
    for (site, other) in [(one, two), (two, one)] {
        assert_eq!(session.handles(site, Site.from), [other]);
        assert_eq!(session.handles(site, Site.to), [other]);
    }
    // One of the two ways goes, and itself comes.
    session.unlink(one, Site.to, two);
    session.link(one, Site.to, one);
    session.commit().await.unwrap();
    session.load(&[one, two], Site.from).await.unwrap();
    assert_eq!(session.handles(two, Site.from), []);
    let mut from: Vec<i64> = session.related(one, Site.from).map(|(_, site)| site.id).collect();
    from.sort_unstable();
    assert_eq!(from, [1, 2]);
}

#[tokio::test]
async fn pairs_that_somebody_has_deleted_are_noticed_and_come_back_with_the_rollback() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.load(ed, User.keywords).await.unwrap();
    let red = session.query(Keyword).filter(Keyword.word.eq("red")).one().await.unwrap();
    session.execute(text("DELETE FROM user_keywords")).await.unwrap();
    session.unlink(ed, User.keywords, red);
    assert!(session.flush().await.unwrap_err().is_stale_data());
    session.rollback().await.unwrap();
    session.load(ed, User.keywords).await.unwrap();
    assert_eq!(session.handles(ed, User.keywords).len(), 2, "the pairs are back, and so are the members");
}

// ------------------------------------------------------------------------------------------------ owners and members

#[derive(Clone, Debug, Model)]
#[orm(table = "owners", metadata = none)]
struct Owner {
    #[orm(primary_key)]
    id: i64,
    #[orm(cascade(save_update, merge, delete, delete_orphan))]
    pets: HasMany<Pet>,
    #[orm(back_populates = owner)]
    house: HasOne<House>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "pets", metadata = none)]
struct Pet {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Owner.id)]
    owner_id: Option<i64>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "houses", metadata = none)]
struct House {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Owner.id)]
    owner_id: Option<i64>,
    #[orm(back_populates = house)]
    owner: BelongsTo<Owner>,
}

async fn owners() -> (Engine, Session) {
    let engine = empty_engine().await;
    metadata![Owner, Pet, House].create_all(&engine).await.unwrap();
    let session = Session::new(&engine);
    (engine, session)
}

#[tokio::test]
async fn a_member_whose_owner_was_let_go_of_and_read_again_leaves_it() {
    for is_flushed in [true, false] {
        let (engine, mut session) = owners().await;
        let owner = session.add(Owner::builder().pets([Pet::builder()]));
        session.flush().await.unwrap();
        let pet = session.handles(owner, Owner.pets)[0];
        session.expunge(owner).unwrap();
        assert!(session.contains(pet));
        let again = session.query(Owner).one().await.unwrap();
        assert_ne!(again, owner);
        session.load(again, Owner.pets).await.unwrap();
        assert_eq!(session.handles(again, Owner.pets), [pet]);
        session.unlink(again, Owner.pets, pet);
        if is_flushed {
            session.flush().await.unwrap();
            assert_eq!(select(Pet).count(&mut session).await.unwrap(), 0, "it is an orphan");
        } else {
            // Another takes it before anybody looks.
            let other = session.add(Owner::builder());
            session.link(other, Owner.pets, pet);
            session.commit().await.unwrap();
            assert_eq!(select(Pet.owner_id).all(&engine).await.unwrap(), [Some(session[other].id)]);
        }
    }
}

#[tokio::test]
async fn a_member_that_another_owner_has_taken_does_not_leave_it_with_the_first() {
    let (engine, mut session) = owners().await;
    let first = session.add(Owner::builder().pets([Pet::builder()]));
    session.flush().await.unwrap();
    let pet = session.handles(first, Owner.pets)[0];
    let second = session.add(Owner::builder());
    session.link(second, Owner.pets, pet);
    session.flush().await.unwrap();
    session.expunge(second).unwrap();
    // It is no member of the first any more, whatever is known of the second.
    assert!(!session.unlink(first, Owner.pets, pet));
    session.commit().await.unwrap();
    assert_eq!(select(Pet.owner_id).all(&engine).await.unwrap(), [Some(2)]);
}

#[tokio::test]
async fn the_one_member_is_taken_from_either_side_replaced_and_forgotten() {
    let (engine, mut session) = owners().await;
    let owner = session.add(Owner::builder());
    let house = session.add(House::builder());
    session.link(owner, Owner.house, house);
    session.flush().await.unwrap();
    assert_eq!(session.handles(house, House.owner), [owner]);
    session.unlink(house, House.owner, owner);
    assert_eq!(session.handles(owner, Owner.house), []);
    session.rollback().await.unwrap();

    for is_loaded in [true, false] {
        let (owner, house) = (session.add(Owner::builder()), session.add(House::builder()));
        session.link(owner, Owner.house, house);
        session.commit().await.unwrap();
        session.expunge_all();
        let owner = session.query(Owner).order_by(Owner.id.desc()).first().await.unwrap().unwrap();
        let house = session.query(House).order_by(House.id.desc()).first().await.unwrap().unwrap();
        if is_loaded {
            session.load(house, House.owner).await.unwrap();
        }
        session.load(owner, Owner.house).await.unwrap();
        let second = session.link(owner, Owner.house, House::builder());
        session.flush().await.unwrap();
        assert_eq!((session[house].owner_id, session[second].owner_id), (None, Some(session[owner].id)));
        session.unlink(owner, Owner.house, second);
        session.delete(owner).await.unwrap();
        session.commit().await.unwrap();
    }
    assert_eq!(select(House.owner_id).all(&engine).await.unwrap(), [None; 4]);
    assert_eq!(select(Owner).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reference_follows_its_column_when_it_is_read_and_not_before() {
    for (is_loaded, is_flushed, is_expired) in (0..8).map(|bits| (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4)) {
        let (_engine, mut session) = owners().await;
        let [first, second] = [(); 2].map(|()| session.add(Owner::builder()));
        let house = session.add(House::builder());
        session.link(first, Owner.house, house);
        session.commit().await.unwrap();
        session.expunge(house).unwrap();
        session.query(Owner).all().await.unwrap();
        let house = session.query(House).one().await.unwrap();
        if is_loaded {
            session.load(house, House.owner).await.unwrap();
        }
        session[house].owner_id = Some(session[second].id);
        if is_flushed {
            session.flush().await.unwrap();
        }
        if is_expired {
            session.expire_relationship(house, House.owner).unwrap();
        }
        let mut quiet = session.no_autoflush();
        quiet.load(house, House.owner).await.unwrap();
        // What is loaded stays until somebody writes or forgets it.
        let expected = if is_loaded && !is_flushed && !is_expired { first } else { second };
        assert_eq!(quiet.handles(house, House.owner), [expected], "{is_loaded} {is_flushed} {is_expired}");
        session.commit().await.unwrap();
        assert_eq!(session[house].owner_id, Some(session[second].id));
    }
}

// ------------------------------------------------------------------------------------------------ rows that are taken over

#[tokio::test]
async fn what_takes_a_row_takes_its_pairs_as_far_as_it_has_them() {
    for is_loaded in [true, false] {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let words = session.query(Keyword).order_by(Keyword.id).all().await.unwrap();
        let green = session.add(Keyword::builder().word("green"));
        session.commit().await.unwrap();
        let ed = session.get_one(User, 1).await.unwrap();
        if is_loaded {
            session.load(ed, User.keywords).await.unwrap();
        }
        session.delete(ed).await.unwrap();
        // He has red and blue.
        let new = session.add(User::builder().id(1).name("ed").keywords([words[1], green]));
        session.commit().await.unwrap();
        let pairs =
            select((UserKeyword.user_id, Keyword.word)).join(Keyword).order_by((UserKeyword.user_id, Keyword.word));
        let expected = [(1, "blue"), (1, "green"), (2, "blue")].map(|(user, word)| (user, word.to_owned()));
        assert_eq!(pairs.all(&engine).await.unwrap(), expected, "{is_loaded}");
        assert_eq!(session.get_one(User, 1).await.unwrap(), new);
        session.load(new, User.keywords).await.unwrap();
        assert_eq!(session.handles(new, User.keywords).len(), 2);
        assert_eq!(select(Address).filter(Address.user_id.eq(1)).count(&engine).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_refers_takes_a_row_and_so_does_what_it_refers_to() {
    let (engine, mut session) = owners().await;
    let old = session.add(House::builder().owner(Owner::builder()));
    session.commit().await.unwrap();
    let owner = session.get_one(Owner, 1).await.unwrap();
    session.load(owner, Owner.house).await.unwrap();
    session.delete(old).await.unwrap();
    session.delete(owner).await.unwrap();
    let new = session.add(House::builder().id(1).owner(Owner::builder().id(1)));
    session.commit().await.unwrap();
    assert_eq!(select((House.id, House.owner_id)).all(&engine).await.unwrap(), [(1, Some(1))]);
    assert_eq!(select(Owner.id).all(&engine).await.unwrap(), [1]);
    assert_eq!(session.get_one(House, 1).await.unwrap(), new);
    assert!(session.contains(new) && session.get_one(Owner, 1).await.unwrap() != owner);
}
