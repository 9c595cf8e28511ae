//! Loading relationships: with a query and on demand, as values and as objects, nested and constrained.

use orm::prelude::*;
use orm::{Dialect, ErrorKind, func};

use crate::assert_statements;
use crate::relationships::{SqlLog, echoing};
use crate::support::{
    Address, Keyword, Node, User, UserKeyword, emails, empty_engine, engine, session, strategies, three_users, tree,
    two_users,
};

// ---------------------------------------------------------------------------------------------- both roads

#[tokio::test]
async fn members_come_by_one_select_for_all_owners() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    three_users(&engine).await;
    let query = || select(User).order_by(User.id).options((selectinload(User.addresses), selectinload(User.keywords)));
    let expected = [
        "SELECT users.id, users.name, users.fullname, users.active FROM users ORDER BY users.id",
        "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses \
         WHERE addresses.user_id IN (?, ?, ?) ORDER BY addresses.id",
        "SELECT keywords.id, keywords.word, user_keywords.user_id FROM user_keywords \
         JOIN keywords ON user_keywords.keyword_id = keywords.id WHERE user_keywords.user_id IN (?, ?, ?)",
    ];
    log.take();
    let users: Vec<User> = query().all(&engine).await.unwrap();
    assert_eq!(log.take(), expected);
    assert_eq!(
        users.iter().map(emails).collect::<Vec<_>>(),
        [vec!["ed@x.org", "ed@y.org"], vec!["wendy@x.org"], vec![]]
    );
    assert_eq!(users.iter().map(|user| user.keywords.len()).collect::<Vec<_>>(), [2, 1, 0]);
    let mut session = Session::new(&engine);
    let users = query().all(&mut session).await.unwrap();
    assert_eq!(log.take(), expected);
    let counts = |session: &Session| -> Vec<usize> {
        users.iter().map(|&user| session.handles(user, User.addresses).len()).collect()
    };
    assert_eq!(counts(&session), [2, 1, 0]);
    // One row is one object: both have the same keyword.
    let blue = session.handles(users[1], User.keywords)[0];
    assert!(session.handles(users[0], User.keywords).contains(&blue));
}

#[tokio::test]
async fn an_owner_without_members_has_an_empty_list() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || select(User).filter(User.name.eq("fred")).options(selectinload(User.addresses));
    let fred: User = query().one(&engine).await.unwrap();
    assert!(fred.addresses.is_loaded());
    assert_eq!(fred.addresses.get(), []);
    let fred = query().one(&mut session).await.unwrap();
    assert_eq!(session.handles(fred, User.addresses), []);
    assert_eq!(session[fred].addresses.handles(), []);
}

#[tokio::test]
async fn a_reference_that_is_null_is_none_without_a_statement() {
    let (engine, mut session) = session().await;
    session.add(Node::builder().name("root"));
    session.commit().await.unwrap();
    let root: Node =
        assert_statements!(engine, 1, select(Node).options(selectinload(Node.parent)).one(&engine).await.unwrap());
    assert_eq!(root.parent.get(), None);
    let mut session = Session::new(&engine);
    let root = session.get_one(Node, 1).await.unwrap();
    assert_statements!(engine, 0, session.load(root, Node.parent).await.unwrap());
    assert_eq!(session[root].parent.handle(), None);
}

#[tokio::test]
async fn a_target_that_several_refer_to_is_one_value() {
    let engine = engine().await;
    two_users(&engine).await;
    let query = select(Address).order_by(Address.id).options(selectinload(Address.user));
    let addresses: Vec<Address> = assert_statements!(engine, 2, query.all(&engine).await.unwrap());
    let users: Vec<&User> = addresses.iter().map(|address| address.user.get().unwrap()).collect();
    assert!(std::ptr::eq(users[0], users[1]) && !std::ptr::eq(users[1], users[2]));
    assert_eq!(users[2].name, "wendy");
}

#[tokio::test]
async fn a_target_that_the_session_knows_is_not_read_again() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let addresses = session.query(Address).order_by(Address.id).all().await.unwrap();
    assert_statements!(engine, 0, session.load(&addresses[..2], Address.user).await.unwrap());
    assert_eq!(session[addresses[0]].user.handle(), Some(ed));
    assert_statements!(engine, 1, session.load(&addresses, Address.user).await.unwrap());
}

#[tokio::test]
async fn paths_go_three_levels_deep_on_both_roads() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    tree(&engine).await;
    let query = || {
        select(Keyword)
            .filter(Keyword.word.eq("blue"))
            .options(selectinload(Keyword.users).selectinload(User.addresses).selectinload(Address.user))
    };
    let blue: Keyword = assert_statements!(engine, 4, query().one(&engine).await.unwrap());
    let address = &blue.users.get()[0].addresses.get()[0];
    assert_eq!(address.user.get().unwrap().name, "ed");
    let blue = assert_statements!(engine, 3, query().one(&mut session).await.unwrap());
    let ed = session.handles(blue, Keyword.users)[0];
    let address = session.handles(ed, User.addresses)[0];
    assert_eq!(session[address].user.handle(), Some(ed));
    let roots = select(Node).filter(Node.parent_id.is_null());
    let path = selectinload(Node.children).selectinload(Node.children).selectinload(Node.children);
    let root: Node = assert_statements!(engine, 4, roots.options(path).one(&engine).await.unwrap());
    let names = |node: &Node| node.children.iter().map(|child| child.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&root), ["a", "b"]);
    assert_eq!(names(&root.children.get()[1]), ["b1", "b2"]);
    assert_eq!(root.children.get()[1].children.get()[0].children.len(), 0);
}

#[tokio::test]
async fn a_model_that_refers_to_itself_is_loaded_both_ways() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let query = || select(Node).order_by(Node.id).options((selectinload(Node.children), selectinload(Node.parent)));
    let nodes: Vec<Node> = query().all(&engine).await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.children.len()).collect::<Vec<_>>(), [2, 2, 2, 0, 0, 0, 0]);
    assert_eq!(nodes[0].parent.get(), None);
    assert_eq!(nodes[6].parent.get().unwrap().name, "b");
    // Every parent is among what was read.
    let nodes = assert_statements!(engine, 2, query().all(&mut session).await.unwrap());
    assert_eq!(session[nodes[6]].parent.handle(), Some(nodes[2]));
    assert_eq!(session.handles(nodes[2], Node.children), [nodes[5], nodes[6]]);
}

// ---------------------------------------------------------------------------------------------- constraints

#[tokio::test]
async fn members_can_be_filtered_ordered_and_limited_for_each_owner() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = |option| select(User).order_by(User.id).options(option);
    let lists = |users: &[User]| users.iter().map(|user| emails(user).join(" ")).collect::<Vec<_>>();
    let filtered = || selectinload(User.addresses).filter(Address.email.like("%x.org"));
    let users = query(filtered()).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["ed@x.org", "wendy@x.org", ""]);
    let users = query(selectinload(User.addresses).order_by(Address.email.desc())).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["ed@y.org ed@x.org", "wendy@x.org", ""]);
    let limited = || selectinload(User.addresses).order_by(Address.id.desc()).limit(1);
    let users = query(limited()).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["ed@y.org", "wendy@x.org", ""]);
    let users = query(filtered()).all(&mut session).await.unwrap();
    assert_eq!(users.iter().map(|&user| session.handles(user, User.addresses).len()).collect::<Vec<_>>(), [1, 1, 0]);
    query(limited()).all(&mut session).await.unwrap();
    let last = session.related(users[0], User.addresses).map(|(_, address)| address.email.as_str()).collect::<Vec<_>>();
    assert_eq!(last, ["ed@y.org"]);
    // What is there in part cannot be emptied as a whole.
    session[users[0]].addresses.clear();
    assert!(session.flush().await.unwrap_err().is_not_loaded());
}

#[tokio::test]
async fn many_to_many_members_can_be_constrained_for_each_owner() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = |option| select(User).order_by(User.id).options(option);
    let words = |users: &[User]| -> Vec<String> {
        let words =
            |user: &User| user.keywords.iter().map(|keyword| keyword.word.clone()).collect::<Vec<_>>().join(" ");
        users.iter().map(words).collect()
    };
    let blue = selectinload(User.keywords).filter(Keyword.word.eq("blue"));
    assert_eq!(words(&query(blue).all(&engine).await.unwrap()), ["blue", "blue", ""]);
    let by_word = || selectinload(User.keywords).order_by(Keyword.word);
    assert_eq!(words(&query(by_word()).all(&engine).await.unwrap()), ["blue red", "blue", ""]);
    let first = || by_word().limit(1);
    assert_eq!(words(&query(first()).all(&engine).await.unwrap()), ["blue", "blue", ""]);
    let unordered = selectinload(User.keywords).limit(1);
    assert_eq!(words(&query(unordered).all(&engine).await.unwrap()), ["red", "blue", ""]);
    let users = query(first()).all(&mut session).await.unwrap();
    assert_eq!(session.handles(users[0], User.keywords), session.handles(users[1], User.keywords));
}

#[tokio::test]
async fn a_constraint_holds_for_its_step_alone() {
    let engine = engine().await;
    tree(&engine).await;
    let path = selectinload(Node.children).filter(Node.name.eq("b")).selectinload(Node.children);
    let root: Node = select(Node).filter(Node.parent_id.is_null()).options(path).one(&engine).await.unwrap();
    assert_eq!(root.children.len(), 1);
    assert_eq!(root.children.get()[0].children.len(), 2);
}

#[tokio::test]
async fn members_may_come_mixed_and_an_owner_that_comes_twice_has_them_twice() {
    let (engine, mut session) = session().await;
    for (name, numbers) in [("ed", [1, 3, 5]), ("wendy", [2, 4, 6])] {
        let addresses = numbers.map(|number| Address::builder().email(format!("{number}@x.org")));
        session.add(User::builder().name(name).addresses(addresses));
    }
    session.add(User::builder().name("fred"));
    session.commit().await.unwrap();
    // One after the other of ed's and wendy's.
    let path = selectinload(User.addresses).order_by(Address.email.desc()).selectinload(Address.user);
    let query = select(User).outerjoin(User.addresses).filter(Address.id.is_null() | Address.email.gt("3"));
    let users: Vec<User> = query.order_by(User.id).options(path).all(&engine).await.unwrap();
    let ed = ["5@x.org", "3@x.org", "1@x.org"].as_slice();
    let wendy = ["6@x.org", "4@x.org", "2@x.org"].as_slice();
    assert_eq!(users.iter().map(emails).collect::<Vec<_>>(), [ed, ed, wendy, wendy, &[]]);
    for user in &users {
        assert!(user.addresses.iter().all(|address| address.user.get().unwrap().name == user.name));
    }
}

#[tokio::test]
async fn a_thousand_owners_take_one_statement_and_one_more_takes_two() {
    let (engine, mut session) = session().await;
    let most = if engine.dialect() == Dialect::Postgres { 10_000 } else { 1_000 };
    let users = (0..=most).map(|n| User::builder().name(format!("u{n}")).addresses([Address::builder().email("a")]));
    session.add_all(users.collect::<Vec<_>>());
    session.commit().await.unwrap();
    let query = |limit| select(User).order_by(User.id).limit(limit).options(selectinload(User.addresses));
    assert_statements!(engine, 2, query(most).all(&engine).await.unwrap());
    let all: Vec<User> = assert_statements!(engine, 3, query(most + 1).all(&engine).await.unwrap());
    assert!(all.iter().all(|user| user.addresses.get()[0].user_id == user.id));
    let mut session = Session::new(&engine);
    let all = assert_statements!(engine, 3, query(most + 1).all(&mut session).await.unwrap());
    assert!(all.iter().all(|&user| session.handles(user, User.addresses).len() == 1));
    let path = selectinload(User.addresses).chunk_size(400);
    let few = select(User).order_by(User.id).limit(401).options(path);
    assert_statements!(engine, 3, few.all(&engine).await.unwrap());
}

#[tokio::test]
async fn owners_with_keys_of_several_columns_are_told_apart() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "sheets", metadata = none)]
    struct Sheet {
        #[orm(primary_key, length = 10)]
        book: String,
        #[orm(primary_key)]
        page: i64,
        #[orm(order_by = id)]
        notes: HasMany<Note>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "notes", metadata = none, foreign_key((book, page) = (Sheet.book, Sheet.page)))]
    struct Note {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 10)]
        book: String,
        page: i64,
        sheet: BelongsTo<Sheet>,
    }
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Sheet, Note].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for (book, page) in [("a", 1), ("a", 2), ("b", 1)] {
        session.add(Sheet::builder().book(book).page(page).notes([Note::builder(), Note::builder()]));
    }
    session.commit().await.unwrap();
    log.take();
    let sheets: Vec<Sheet> = select(Sheet).options(selectinload(Sheet.notes)).all(&engine).await.unwrap();
    assert!(
        sheets.iter().all(|sheet| sheet.notes.iter().all(|note| (&note.book, note.page) == (&sheet.book, sheet.page)))
    );
    assert!(sheets.iter().all(|sheet| sheet.notes.len() == 2));
    let sql = log.take();
    assert!(sql[1].contains("WHERE (notes.book, notes.page) IN ((?, ?), (?, ?), (?, ?)) ORDER BY notes.id"), "{sql:?}");
    let mut session = Session::new(&engine);
    let notes = session.query(Note).order_by(Note.id).options(selectinload(Note.sheet)).all().await.unwrap();
    let sheet = session[notes[5]].sheet.handle().unwrap();
    assert_eq!((session[sheet].book.as_str(), session[sheet].page), ("b", 1));
    // All known by now.
    session.expire(notes[5]).unwrap();
    assert_statements!(engine, 1, session.load(notes[5], Note.sheet).await.unwrap());
}

// ---------------------------------------------------------------------------------------------- what is always loaded

#[derive(Clone, Debug, Model)]
#[orm(table = "albums", metadata = none)]
struct Album {
    #[orm(primary_key)]
    id: i64,
    #[orm(lazy = selectin, back_populates = album, order_by = id)]
    tracks: HasMany<Track>,
    #[orm(lazy = raise)]
    covers: HasMany<Cover>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tracks", metadata = none)]
struct Track {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Album.id)]
    album_id: i64,
    #[orm(back_populates = tracks)]
    album: BelongsTo<Album>,
    #[orm(lazy = joined)]
    genre: BelongsTo<Genre>,
    #[orm(foreign_key = Genre.id)]
    genre_id: Option<i64>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "genres", metadata = none)]
struct Genre {
    #[orm(primary_key)]
    id: i64,
    name: String,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "covers", metadata = none)]
struct Cover {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Album.id)]
    album_id: i64,
    album: BelongsTo<Album>,
}

async fn albums() -> Engine {
    let engine = empty_engine().await;
    metadata![Album, Track, Genre, Cover].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let rock = session.add(Genre::builder().name("rock"));
    session.add(Album::builder().tracks([Track::builder().genre(rock), Track::builder()]).covers([Cover::builder()]));
    session.commit().await.unwrap();
    engine
}

#[tokio::test]
async fn a_relationship_that_says_selectin_is_loaded_with_every_query() {
    let engine = albums().await;
    // The tracks come by a SELECT, and their genres by its JOIN.
    let album: Album = assert_statements!(engine, 2, select(Album).one(&engine).await.unwrap());
    assert_eq!(album.tracks.get()[0].genre.get().unwrap().name, "rock");
    assert_eq!(album.tracks.get()[1].genre.get().map(|genre| genre.id), None);
    assert!(album.tracks.get()[0].album.is_unloaded() && album.covers.is_unloaded());
    let mut session = Session::new(&engine);
    let album = assert_statements!(engine, 2, session.get_one(Album, 1).await.unwrap());
    let tracks = session.handles(album, Album.tracks);
    assert!(session[tracks[0]].genre.handle().is_some());
    // Loading on demand brings what the members always load.
    let mut session = Session::new(&engine);
    let cover = session.get_one(Cover, 1).await.unwrap();
    assert_statements!(engine, 2, session.load(cover, Cover.album).await.unwrap());
    let album = session[cover].album.handle().unwrap();
    assert_eq!(session.handles(album, Album.tracks).len(), 2);
}

#[tokio::test]
async fn a_relationship_that_says_raise_is_loaded_by_a_query_alone() {
    let engine = albums().await;
    let mut session = Session::new(&engine);
    let album = session.get_one(Album, 1).await.unwrap();
    let error = session.load(album, Album.covers).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "relationship `Album.covers` is not loaded on demand: it says `lazy = raise`\n\
         hint: add `.options(selectinload(Album.covers))` to the query"
    );
    session.query(Album).options(selectinload(Album.covers)).one().await.unwrap();
    assert_eq!(session.handles(album, Album.covers).len(), 1);
    // A delete has to know them, whatever they say.
    let mut session = Session::new(&engine);
    let album = session.get_one(Album, 1).await.unwrap();
    session.delete(album).await.unwrap();
    assert!(session.flush().await.unwrap_err().message().starts_with("`Track.album_id` cannot be set to NULL"));
}

// ---------------------------------------------------------------------------------------------- on demand

#[tokio::test]
async fn load_takes_one_object_or_many() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    assert_statements!(engine, 1, session.load(users[0], User.addresses).await.unwrap());
    assert_eq!(session.handles(users[0], User.addresses).len(), 2);
    assert_statements!(engine, 0, session.load(users[0], User.addresses).await.unwrap());
    assert_statements!(engine, 1, session.load(&users, User.addresses).await.unwrap());
    assert_eq!(session.handles(users[1], User.addresses).len(), 1);
    assert_statements!(engine, 0, session.load(&users, User.addresses).await.unwrap());
    session.commit().await.unwrap();
    insert(Address).values(Address::builder().email("new").user_id(3)).execute(&engine).await.unwrap();
    // What is expired is read again: the owners, and then their members.
    assert_statements!(engine, 2, session.load(&users, User.addresses).await.unwrap());
    assert_eq!(session.handles(users[2], User.addresses).len(), 1);
}

#[tokio::test]
async fn what_was_loaded_in_part_is_loaded_as_a_whole_on_demand() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let some = selectinload(User.addresses).limit(1);
    let ed = session.query(User).filter(User.id.eq(1)).options(some).one().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
}

#[tokio::test]
async fn changes_that_wait_for_a_flush_are_seen_by_a_load() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let addresses = session.query(Address).order_by(Address.id).all().await.unwrap();
    let red = session.query(Keyword).filter(Keyword.word.eq("red")).one().await.unwrap();
    session[users[0]].addresses.push(Address::builder().email("new"));
    session[users[2]].addresses.push(addresses[0]);
    session[users[0]].keywords.remove(red);
    session[users[2]].keywords.push(red);
    let mut quiet = session.no_autoflush();
    let before = engine.statement_count();
    quiet.load(&users, User.addresses).await.unwrap();
    quiet.load(&users, User.keywords).await.unwrap();
    quiet.load(addresses[0], Address.user).await.unwrap();
    assert_eq!(engine.statement_count() - before, 2, "nothing was flushed");
    let emails = |session: &Session, user| -> Vec<String> {
        session.related(user, User.addresses).map(|(_, address)| address.email.clone()).collect()
    };
    assert_eq!(emails(&quiet, users[0]), ["ed@y.org", "new"]);
    assert_eq!(emails(&quiet, users[2]), ["ed@x.org"]);
    assert_eq!(quiet[addresses[0]].user.handle(), Some(users[2]));
    let words: Vec<usize> = users.iter().map(|&user| quiet.handles(user, User.keywords).len()).collect();
    assert_eq!(words, [1, 1, 1]);
    session.commit().await.unwrap();
    session.load(&users, User.addresses).await.unwrap();
    assert_eq!(emails(&session, users[0]), ["ed@y.org", "new"]);
    // With autoflush the database has it all.
    session[users[1]].addresses.push(Address::builder().email("later"));
    assert_statements!(engine, 3, session.query(User).options(selectinload(User.addresses)).all().await.unwrap());
    assert_eq!(emails(&session, users[1]), ["wendy@x.org", "later"]);
}

#[tokio::test]
async fn a_new_object_is_not_asked_for_in_the_database() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let fred = session.add(User::builder().name("fred"));
    let address = session.add(Address::builder().email("a").user_id(1));
    let mut quiet = session.no_autoflush();
    assert_statements!(engine, 0, quiet.load(fred, User.addresses).await.unwrap());
    // But a key that was set leads somewhere.
    assert_statements!(engine, 1, quiet.load(address, Address.user).await.unwrap());
    let ed = quiet[address].user.handle().unwrap();
    assert_eq!(quiet[ed].name, "ed");
}

// ---------------------------------------------------------------------------------------------- what is not loaded

#[tokio::test]
async fn reading_what_is_not_loaded_says_how_to_load_it() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let user: User = select(User).first(&engine).await.unwrap().unwrap();
    let address: Address = select(Address).first(&engine).await.unwrap().unwrap();
    let many = "relationship `User.addresses` is not loaded\n\
                hint: add `.options(selectinload(User.addresses))` to the query, or call `session.load(user, User.addresses)`";
    let one = "relationship `Address.user` is not loaded\n\
               hint: add `.options(selectinload(Address.user))` to the query, or call `session.load(address, Address.user)`";
    assert_eq!(user.addresses.try_get().unwrap_err().to_string(), many);
    assert_eq!(user.addresses.try_iter().unwrap_err().to_string(), many);
    assert_eq!(address.user.try_get().unwrap_err().to_string(), one);
    assert!(address.user.try_get().unwrap_err().is_not_loaded());
    assert_eq!(panic_of(|| user.addresses.get().len()), many);
    assert_eq!(panic_of(|| user.addresses.iter()), many);
    assert_eq!(panic_of(|| address.user.get()), one);
    let ed = session.get_one(User, 1).await.unwrap();
    let address = session.get_one(Address, 1).await.unwrap();
    assert_eq!(session.try_handles(ed, User.addresses).unwrap_err().to_string(), many);
    assert_eq!(panic_of(|| session.handles(ed, User.addresses)), many);
    assert_eq!(panic_of(|| session.related(ed, User.addresses).count()), many);
    assert_eq!(panic_of(|| session[ed].addresses.handles().len()), many);
    assert_eq!(panic_of(|| session[address].user.handle()), one);
    session[ed].addresses.push(address);
    assert_eq!(panic_of(|| session[ed].addresses.handles().len()), many, "what was pushed is not all");
}

#[tokio::test]
async fn the_field_of_a_managed_object_says_where_its_members_are() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.query(User).options(selectinload(User.addresses)).first().await.unwrap().unwrap();
    let address = session.handles(ed, User.addresses)[0];
    session.load(address, Address.user).await.unwrap();
    let many = "relationship `User.addresses` of an object in a session holds handles, not values\n\
                hint: read it by `session.related(user, User.addresses)` or `session.handles(user, User.addresses)`";
    let one = "relationship `Address.user` of an object in a session holds handles, not values\n\
               hint: read it by `session.related(address, Address.user)` or `session.handles(address, Address.user)`";
    assert_eq!(session[ed].addresses.try_iter().unwrap_err().to_string(), many);
    assert_eq!(panic_of(|| session[ed].addresses.iter()), many);
    assert_eq!(session[address].user.try_get().unwrap_err().to_string(), one);
    assert_eq!(session.handles(address, Address.user), [ed]);
    // Whether it refers to something or not.
    let root = session.add(Node::builder().name("root"));
    assert_eq!(*session[root].parent.try_get().unwrap_err().kind(), ErrorKind::InvalidRequest);
    // A new object's field has a name too.
    let new = session.add(User::builder().name("new"));
    assert_eq!(session[new].addresses.try_get().unwrap_err().to_string(), many);
}

fn panic_of<R>(code: impl FnOnce() -> R) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        code();
    }));
    let caught = caught.expect_err("it should have panicked");
    *caught.downcast::<String>().expect("a text")
}

// ---------------------------------------------------------------------------------------------- options

#[tokio::test]
async fn options_work_on_tuples() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || {
        select((User, optional(Address)))
            .outerjoin(User.addresses)
            .order_by((User.id, Address.id))
            .options((selectinload(User.keywords), selectinload(Address.user)))
    };
    let rows: Vec<(User, Option<Address>)> = assert_statements!(engine, 3, query().all(&engine).await.unwrap());
    assert_eq!(rows.iter().map(|(user, _)| user.keywords.len()).collect::<Vec<_>>(), [2, 2, 1, 0]);
    assert_eq!(rows[2].1.as_ref().unwrap().user.get().unwrap().name, "wendy");
    assert!(rows[3].1.is_none());
    let rows = assert_statements!(engine, 2, query().all(&mut session).await.unwrap());
    let (ed, address) = rows[0];
    assert_eq!(session[address.unwrap()].user.handle(), Some(ed));
    assert_eq!(session.handles(ed, User.keywords).len(), 2);
}

#[tokio::test]
async fn an_option_must_begin_at_what_is_selected() {
    let engine = engine().await;
    let query = select((User, User.name)).options(selectinload(Address.user));
    let error = query.all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(
        error.to_string(),
        "the option for `Address.user` does not start at what the query selects\n\
         hint: select `Address`, or begin the path with a relationship of a model that the query selects"
    );
}

#[tokio::test]
async fn options_for_one_relationship_are_merged() {
    let engine = engine().await;
    three_users(&engine).await;
    let query = select(Keyword).filter(Keyword.word.eq("blue")).options((
        selectinload(Keyword.users).selectinload(User.addresses),
        selectinload(Keyword.users).selectinload(User.keywords),
    ));
    let blue: Keyword = assert_statements!(engine, 4, query.one(&engine).await.unwrap());
    let ed = &blue.users.get()[0];
    assert_eq!((ed.addresses.len(), ed.keywords.len()), (2, 2));
    let twice = select(User).options(selectinload(User.addresses)).options(selectinload(User.addresses));
    assert_statements!(engine, 2, twice.all(&engine).await.unwrap());
    // joinedload gives the same.
    let joined: Vec<User> =
        select(User).order_by(User.id).options(joinedload(User.addresses)).all(&engine).await.unwrap();
    assert_eq!(emails(&joined[0]), ["ed@x.org", "ed@y.org"]);
}

#[tokio::test]
async fn what_a_new_query_loads_does_not_undo_what_waits() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || select(User).filter(User.id.eq(1)).options(selectinload(User.addresses));
    let ed = query().one(&mut session).await.unwrap();
    let eds = session.handles(ed, User.addresses);
    let mut quiet = session.no_autoflush();
    quiet[ed].addresses.remove(eds[0]);
    let new = quiet.link(ed, User.addresses, Address::builder().email("new"));
    query().one(&mut quiet).await.unwrap();
    assert_eq!(quiet.handles(ed, User.addresses), [eds[1], new]);
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 3);
}

#[tokio::test]
async fn a_loaded_collection_of_values_is_walked_over_like_a_list() {
    let engine = engine().await;
    two_users(&engine).await;
    let users = select(User).options(selectinload(User.addresses)).order_by(User.id).all(&engine).await.unwrap();
    let mut emails = Vec::new();
    for address in &users[0].addresses {
        emails.push(address.email.as_str());
    }
    assert_eq!(emails, ["ed@x.org", "ed@y.org"]);
}

#[tokio::test]
async fn the_length_of_what_is_not_loaded_is_no_zero() {
    let engine = engine().await;
    two_users(&engine).await;
    let user = select(User).order_by(User.id).first(&engine).await.unwrap().unwrap();
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    for length in [&mut || user.addresses.len(), &mut || session[ed].addresses.len()] as [&mut dyn FnMut() -> usize; 2]
    {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(length)).unwrap_err();
        let words = panic.downcast::<String>().unwrap();
        assert!(words.starts_with("relationship `User.addresses` is not loaded\nhint: add "), "{words}");
    }
    // What was done to it is known.
    session[ed].addresses.push(Address::builder().email("new"));
    assert_eq!(session[ed].addresses.len(), 1);
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session[ed].addresses.len(), 3);
    assert_eq!(User { addresses: HasMany::default(), ..user }.addresses.len(), 0, "a new object has none");
}

#[tokio::test]
async fn what_is_joined_below_a_parent_that_is_known_already_is_there() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    // One of the parents is known when the other is read, and its members come in no row.
    let first = session.query(Address).order_by(Address.id).limit(1).options(selectinload(Address.user));
    let first = first.one().await.unwrap();
    let ed = session[first].user.handle().unwrap();
    let path = selectinload(Address.user).joinedload(User.addresses);
    session.query(Address).options(path).all().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
}

#[tokio::test]
async fn a_query_that_is_repeated_for_the_members_means_its_own_tables() {
    let engine = engine().await;
    two_users(&engine).await;
    let has_second =
        func::exists(select(Address.id).filter(Address.user_id.eq(User.id) & Address.email.like("%y.org")));
    let by_number = select(func::count(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    for path in strategies(User.addresses) {
        let query = select(User).filter(has_second.clone()).order_by(by_number.clone().desc()).options(path);
        let users: Vec<User> = query.all(&engine).await.unwrap();
        assert_eq!(users.iter().map(emails).collect::<Vec<_>>(), [["ed@x.org", "ed@y.org"]]);
    }
}
