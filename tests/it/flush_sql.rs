//! What a flush sends, rule by rule: on SQLite every statement is compared, elsewhere the rows that they leave.

use expect_test::{Expect, expect};
use orm::Dialect;
use orm::prelude::*;

use crate::relationships::SqlLog;
use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, empty_engine_with};

/// Many books, which stay without an author when theirs goes.
#[derive(Clone, Debug, Model)]
#[orm(table = "authors", metadata = none)]
struct Author {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(back_populates = author, order_by = id)]
    books: HasMany<Book>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "books", metadata = none)]
struct Book {
    #[orm(primary_key)]
    id: i64,
    title: String,
    #[orm(foreign_key = Author.id)]
    author_id: Option<i64>,
    #[orm(back_populates = books)]
    author: BelongsTo<Author>,
}

/// One licence, which is nobody's when its driver goes.
#[derive(Clone, Debug, Model)]
#[orm(table = "drivers", metadata = none)]
struct Driver {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = driver)]
    licence: HasOne<Licence>,
    #[orm(back_populates = driver, cascade(all, delete_orphan))]
    badge: HasOne<Badge>,
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

#[derive(Clone, Debug, Model)]
#[orm(table = "badges", metadata = none)]
struct Badge {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Driver.id)]
    driver_id: i64,
    #[orm(back_populates = badge)]
    driver: BelongsTo<Driver>,
}

/// Rows with keys of their own, for what takes the place of what, and a version.
#[derive(Clone, Debug, Model)]
#[orm(table = "shops", metadata = none)]
struct Shop {
    #[orm(primary_key, length = 8)]
    code: String,
    name: Option<String>,
    #[orm(back_populates = shop, cascade(all, delete_orphan), order_by = number)]
    tills: HasMany<Till>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tills", metadata = none)]
struct Till {
    #[orm(primary_key, autoincrement = false)]
    number: i64,
    #[orm(foreign_key = Shop.code, on_update = cascade, length = 8)]
    shop_code: Option<String>,
    #[orm(back_populates = tills)]
    shop: BelongsTo<Shop>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", version = version, metadata = none)]
struct Note {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    text: String,
    #[orm(default = 1)]
    version: i64,
}

/// Two tables whose rows refer to each other.
#[derive(Clone, Debug, Model)]
#[orm(table = "teams", metadata = none)]
struct Team {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(foreign_key = Player.id)]
    captain_id: Option<i64>,
    #[orm(foreign_key = Team.captain_id, post_update)]
    captain: BelongsTo<Player>,
    #[orm(foreign_key = Player.team_id, back_populates = team, cascade(all))]
    players: HasMany<Player>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "players", metadata = none)]
struct Player {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(foreign_key = Team.id)]
    team_id: Option<i64>,
    #[orm(foreign_key = Player.team_id, back_populates = players)]
    team: BelongsTo<Team>,
}

/// A session over new tables, and what it sends.
struct Flushes {
    log: SqlLog,
    engine: Engine,
    session: Session,
}

impl Flushes {
    async fn new(tables: orm::MetaData) -> Flushes {
        let log = SqlLog::start();
        let engine = empty_engine_with(|settings| settings.echo(true)).await;
        tables.create_all(&engine).await.unwrap();
        log.take();
        let session = Session::new(&engine);
        Flushes { log, engine, session }
    }

    /// Commits, forgets everything, and what was sent.
    async fn settle(&mut self) {
        self.session.commit().await.unwrap();
        self.session.expunge_all();
        self.log.take();
    }

    /// Flushes, and compares what was sent since the last time with what is expected on SQLite.
    async fn check(&mut self, expected: Expect) {
        self.session.flush().await.unwrap();
        let sent: String = self.log.take().iter().map(|sql| format!("{sql}\n")).collect();
        if dialect() == Dialect::Sqlite {
            expected.assert_eq(&sent);
        }
        self.session.commit().await.unwrap();
        self.log.take();
    }
}

async fn library() -> (Flushes, Handle<Author>) {
    let mut it = Flushes::new(metadata![Author, Book]).await;
    it.session.add(Author::builder().name("ann").books([Book::builder().title("a"), Book::builder().title("b")]));
    it.settle().await;
    let ann = it.session.query(Author).options(selectinload(Author.books)).one().await.unwrap();
    it.log.take();
    (it, ann)
}

async fn keys_of_books(engine: &Engine) -> Vec<Option<i64>> {
    select(Book.author_id).order_by(Book.id).all(engine).await.unwrap()
}

// ------------------------------------------------------------------------------------------------------- one to many

#[tokio::test]
async fn an_owner_is_inserted_before_its_members() {
    let mut it = Flushes::new(metadata![Author, Book]).await;
    let book = it.session.add(Book::builder().title("a"));
    let ann = it.session.add(Author::builder().name("ann").books([Book::builder().title("b")]));
    it.session.link(ann, Author.books, book);
    it.check(expect![[r#"
        INSERT INTO authors (name) VALUES (?)
        SELECT coalesce(max(id), 0) FROM books
        INSERT INTO books (title, author_id) VALUES (?, ?), (?, ?)
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [Some(1), Some(1)]);
}

#[tokio::test]
async fn a_member_that_is_taken_out_gets_a_null() {
    let (mut it, ann) = library().await;
    let first = it.session.handles(ann, Author.books)[0];
    it.session.unlink(ann, Author.books, first);
    it.check(expect![[r#"
        UPDATE books SET author_id = ? WHERE books.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [None, Some(1)]);
}

#[tokio::test]
async fn a_member_that_moves_is_updated_once() {
    let (mut it, ann) = library().await;
    let bob = it.session.add(Author::builder().name("bob"));
    let first = it.session.handles(ann, Author.books)[0];
    it.session.unlink(ann, Author.books, first);
    it.session.link(bob, Author.books, first);
    it.check(expect![[r#"
        INSERT INTO authors (name) VALUES (?)
        UPDATE books SET author_id = ? WHERE books.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [Some(2), Some(1)]);
}

#[tokio::test]
async fn members_that_are_replaced_leave_and_come_in_one_update() {
    let (mut it, ann) = library().await;
    let third = it.session.add(Book::builder().title("c"));
    it.session.flush().await.unwrap();
    it.log.take();
    it.session.replace(ann, Author.books, [third]);
    it.check(expect![[r#"
        UPDATE books SET author_id = CASE WHEN books.id = ? THEN ? WHEN books.id = ? THEN ? WHEN books.id = ? THEN ? END WHERE books.id IN (?, ?, ?)
    "#]]).await;
    assert_eq!(keys_of_books(&it.engine).await, [None, None, Some(1)]);
}

#[tokio::test]
async fn members_of_an_owner_that_goes_get_a_null_first() {
    let (mut it, ann) = library().await;
    it.session.delete(ann).await.unwrap();
    it.check(expect![[r#"
        UPDATE books SET author_id = ? WHERE books.id IN (?, ?)
        DELETE FROM authors WHERE authors.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [None, None]);
}

#[tokio::test]
async fn members_that_are_not_loaded_are_read_to_get_a_null() {
    let (mut it, _) = library().await;
    it.settle().await;
    let ann = it.session.get_one(Author, 1).await.unwrap();
    it.log.take();
    it.session.delete(ann).await.unwrap();
    it.check(expect![[r#"
        SELECT books.id, books.title, books.author_id FROM books WHERE books.author_id IN (?) ORDER BY books.id
        UPDATE books SET author_id = ? WHERE books.id IN (?, ?)
        DELETE FROM authors WHERE authors.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [None, None]);
}

#[tokio::test]
async fn members_that_go_with_their_owner_are_deleted_first() {
    let (mut it, ann) = library().await;
    for book in it.session.handles(ann, Author.books) {
        it.session.delete(book).await.unwrap();
    }
    it.session.delete(ann).await.unwrap();
    it.check(expect![[r#"
        DELETE FROM books WHERE books.id IN (?, ?)
        DELETE FROM authors WHERE authors.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, []);
}

#[tokio::test]
async fn what_is_set_to_what_it_was_sends_nothing() {
    let (mut it, ann) = library().await;
    it.session[ann].name = "bob".into();
    it.session[ann].name = "ann".into();
    let first = it.session.handles(ann, Author.books)[0];
    it.session.unlink(ann, Author.books, first);
    it.session.link(ann, Author.books, first);
    it.check(expect![[r#""#]]).await;
    assert_eq!(keys_of_books(&it.engine).await, [Some(1), Some(1)]);
}

// ------------------------------------------------------------------------------------------- many to one, one to one

#[tokio::test]
async fn a_target_is_inserted_before_what_refers_to_it_and_changed_by_one_column() {
    let mut it = Flushes::new(metadata![Author, Book]).await;
    let book = it.session.add(Book::builder().title("a").author(Author::builder().name("ann")));
    it.check(expect![[r#"
        INSERT INTO authors (name) VALUES (?)
        INSERT INTO books (title, author_id) VALUES (?, ?)
    "#]])
        .await;
    it.session.get_one(Book, 1).await.unwrap();
    it.log.take();
    let bob = it.session.add(Author::builder().name("bob"));
    it.session.link(book, Book.author, bob);
    it.check(expect![[r#"
        INSERT INTO authors (name) VALUES (?)
        UPDATE books SET author_id = ? WHERE books.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [Some(2)]);
}

#[tokio::test]
async fn a_reference_that_is_cleared_becomes_null_and_its_target_stays() {
    let (mut it, ann) = library().await;
    let first = it.session.handles(ann, Author.books)[0];
    it.session.unlink(first, Book.author, ann);
    it.check(expect![[r#"
        UPDATE books SET author_id = ? WHERE books.id = ?
    "#]])
        .await;
    assert_eq!(keys_of_books(&it.engine).await, [None, Some(1)]);
    assert_eq!(select(Author).count(&it.engine).await.unwrap(), 1);
}

#[tokio::test]
async fn what_refers_goes_before_its_target() {
    let mut it = Flushes::new(metadata![Author, Book]).await;
    it.session.add(Book::builder().title("a").author(Author::builder().name("ann")));
    it.settle().await;
    let book = it.session.query(Book).options(selectinload(Book.author)).one().await.unwrap();
    let ann = it.session[book].author.handle().unwrap();
    it.session.load(ann, Author.books).await.unwrap();
    it.log.take();
    it.session.delete(ann).await.unwrap();
    it.session.delete(book).await.unwrap();
    it.check(expect![[r#"
        DELETE FROM books WHERE books.id = ?
        DELETE FROM authors WHERE authors.id = ?
    "#]])
        .await;
    assert_eq!(select(Author).count(&it.engine).await.unwrap(), 0);
}

#[tokio::test]
async fn the_one_member_that_is_replaced_gets_a_null_or_is_deleted() {
    let mut it = Flushes::new(metadata![Driver, Licence, Badge]).await;
    it.session.add(Driver::builder().licence(Licence::builder()).badge(Badge::builder()));
    it.settle().await;
    let driver = it
        .session
        .query(Driver)
        .options((selectinload(Driver.licence), selectinload(Driver.badge)))
        .one()
        .await
        .unwrap();
    it.log.take();
    it.session.link(driver, Driver.licence, Licence::builder());
    it.session.link(driver, Driver.badge, Badge::builder());
    it.check(expect![[r#"
        UPDATE licences SET driver_id = ? WHERE licences.id = ?
        INSERT INTO licences (driver_id) VALUES (?)
        INSERT INTO badges (driver_id) VALUES (?)
        DELETE FROM badges WHERE badges.id = ?
    "#]])
        .await;
    let licences = select(Licence.driver_id).order_by(Licence.id).all(&it.engine).await.unwrap();
    assert_eq!(licences, [None, Some(1)]);
    assert_eq!(select(Badge.driver_id).all(&it.engine).await.unwrap(), [1]);
}

// ------------------------------------------------------------------------------------------------------ many to many

async fn words() -> (Flushes, Handle<User>) {
    let mut it = Flushes::new(metadata![User, Address, Keyword, UserKeyword]).await;
    let words = ["red", "blue"].map(|word| Keyword::builder().word(word));
    it.session.add(User::builder().name("ed").keywords(words));
    it.settle().await;
    let everything = (selectinload(User.keywords), selectinload(User.addresses));
    let ed = it.session.query(User).options(everything).one().await.unwrap();
    it.log.take();
    (it, ed)
}

async fn pairs(engine: &Engine) -> Vec<(i64, i64)> {
    let query = select((UserKeyword.user_id, UserKeyword.keyword_id));
    query.order_by((UserKeyword.user_id, UserKeyword.keyword_id)).all(engine).await.unwrap()
}

#[tokio::test]
async fn both_ends_are_inserted_before_their_pairs() {
    let mut it = Flushes::new(metadata![User, Address, Keyword, UserKeyword]).await;
    let words = ["red", "blue"].map(|word| Keyword::builder().word(word));
    it.session.add(User::builder().name("ed").keywords(words));
    it.check(expect![[r#"
        INSERT INTO users (name, active) VALUES (?, ?)
        SELECT coalesce(max(id), 0) FROM keywords
        INSERT INTO keywords (word) VALUES (?), (?)
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?), (?, ?)
    "#]])
        .await;
    assert_eq!(pairs(&it.engine).await, [(1, 1), (1, 2)]);
}

#[tokio::test]
async fn pairs_that_leave_go_before_pairs_that_come() {
    let (mut it, ed) = words().await;
    let [red, _] = it.session.handles(ed, User.keywords)[..] else { panic!("there are two") };
    it.session.unlink(ed, User.keywords, red);
    it.session.link(ed, User.keywords, Keyword::builder().word("green"));
    it.check(expect![[r#"
        INSERT INTO keywords (word) VALUES (?)
        DELETE FROM user_keywords WHERE user_keywords.user_id = ? AND user_keywords.keyword_id = ?
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?)
    "#]])
        .await;
    assert_eq!(pairs(&it.engine).await, [(1, 2), (1, 3)]);
}

#[tokio::test]
async fn a_pair_that_both_sides_tell_is_one_row_and_one_that_comes_and_goes_is_none() {
    let (mut it, ed) = words().await;
    let green = it.session.add(Keyword::builder().word("green"));
    let black = it.session.add(Keyword::builder().word("black"));
    it.session.link(ed, User.keywords, green);
    it.session.link(green, Keyword.users, ed);
    it.session.link(ed, User.keywords, black);
    it.session.unlink(black, Keyword.users, ed);
    it.check(expect![[r#"
        SELECT coalesce(max(id), 0) FROM keywords
        INSERT INTO keywords (word) VALUES (?), (?)
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?)
    "#]])
        .await;
    assert_eq!(pairs(&it.engine).await, [(1, 1), (1, 2), (1, 3)]);
}

#[tokio::test]
async fn pairs_go_before_either_end() {
    let (mut it, ed) = words().await;
    it.session.delete(ed).await.unwrap();
    it.check(expect![[r#"
        DELETE FROM user_keywords WHERE user_keywords.user_id = ? AND user_keywords.keyword_id = ? OR user_keywords.user_id = ? AND user_keywords.keyword_id = ?
        DELETE FROM users WHERE users.id = ?
    "#]]).await;
    assert_eq!((pairs(&it.engine).await, select(Keyword).count(&it.engine).await.unwrap()), (vec![], 2));
}

// --------------------------------------------------------------------------------------- cascades and orphans

#[tokio::test]
async fn an_orphan_is_deleted_and_what_finds_another_owner_is_updated() {
    let mut it = Flushes::new(metadata![User, Address, Keyword, UserKeyword]).await;
    let emails = ["a", "b", "c"].map(|email| Address::builder().email(email));
    it.session.add(User::builder().name("ed").addresses(emails));
    it.session.add(User::builder().name("wendy"));
    it.settle().await;
    let users = it.session.query(User).order_by(User.id).options(selectinload(User.addresses)).all().await.unwrap();
    let [first, second, _] = it.session.handles(users[0], User.addresses)[..] else { panic!("there are three") };
    it.log.take();
    it.session.unlink(users[0], User.addresses, first);
    it.session.unlink(users[0], User.addresses, second);
    it.session.link(users[1], User.addresses, second);
    it.check(expect![[r#"
        UPDATE addresses SET user_id = ? WHERE addresses.id = ?
        DELETE FROM addresses WHERE addresses.id = ?
    "#]])
        .await;
    let left = select((Address.id, Address.user_id)).order_by(Address.id).all(&it.engine).await.unwrap();
    assert_eq!(left, [(2, 2), (3, 1)]);
}

#[tokio::test]
async fn an_owner_takes_its_members_along() {
    let (mut it, ed) = words().await;
    it.session.link(ed, User.addresses, Address::builder().email("a"));
    it.session.link(ed, User.addresses, Address::builder().email("b"));
    it.session.flush().await.unwrap();
    it.log.take();
    it.session.delete(ed).await.unwrap();
    it.check(expect![[r#"
        DELETE FROM user_keywords WHERE user_keywords.user_id = ? AND user_keywords.keyword_id = ? OR user_keywords.user_id = ? AND user_keywords.keyword_id = ?
        DELETE FROM addresses WHERE addresses.id IN (?, ?)
        DELETE FROM users WHERE users.id = ?
    "#]]).await;
    assert_eq!(select(Address).count(&it.engine).await.unwrap(), 0);
}

// ---------------------------------------------------------------------------------------------------- trees and rings

#[tokio::test]
async fn a_tree_is_inserted_level_by_level_moved_by_one_column_and_deleted_leaves_first() {
    let mut it = Flushes::new(metadata![Node]).await;
    let leaf = |name: &str| Node::builder().name(name);
    let left = leaf("left").children([leaf("a"), leaf("b")]);
    let root = it.session.add(leaf("root").children([left, leaf("right")]));
    it.check(expect![[r#"
        INSERT INTO nodes (name) VALUES (?)
        SELECT coalesce(max(id), 0) FROM nodes
        INSERT INTO nodes (name, parent_id) VALUES (?, ?), (?, ?)
        SELECT coalesce(max(id), 0) FROM nodes
        INSERT INTO nodes (name, parent_id) VALUES (?, ?), (?, ?)
    "#]])
        .await;
    it.session.expunge_all();
    let all = it.session.query(Node).order_by(Node.id).options(selectinload(Node.children)).all().await.unwrap();
    it.log.take();
    let _ = root;
    let by = |name: &str| *all.iter().find(|&&node| it.session[node].name == name).expect("it is there");
    let (a, right) = (by("a"), by("right"));
    it.session.link(right, Node.children, a);
    it.check(expect![[r#"
        UPDATE nodes SET parent_id = ? WHERE nodes.id = ?
    "#]])
        .await;
    let all = it.session.query(Node).order_by(Node.id).options(selectinload(Node.children)).all().await.unwrap();
    it.log.take();
    for node in all {
        it.session.delete(node).await.unwrap();
    }
    it.check(expect![[r#"
        DELETE FROM nodes WHERE nodes.id IN (?, ?)
        DELETE FROM nodes WHERE nodes.id IN (?, ?)
        DELETE FROM nodes WHERE nodes.id = ?
    "#]])
        .await;
    assert_eq!(select(Node).count(&it.engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_node_of_a_tree_takes_the_row_of_another_within_the_tree() {
    let mut it = Flushes::new(metadata![Node]).await;
    let root = it.session.add(Node::builder().id(1).name("root").children([Node::builder().id(2).name("old")]));
    it.check(expect![[r#"
        INSERT INTO nodes (id, name) VALUES (?, ?)
        INSERT INTO nodes (id, name, parent_id) VALUES (?, ?, ?)
    "#]])
        .await;
    it.session.query(Node).options(selectinload(Node.children)).all().await.unwrap();
    it.log.take();
    let old = it.session.handles(root, Node.children)[0];
    it.session.unlink(root, Node.children, old);
    it.session.delete(old).await.unwrap();
    it.session.link(root, Node.children, Node::builder().id(2).name("new"));
    it.check(expect![[r#"
        UPDATE nodes SET name = ? WHERE nodes.id = ?
    "#]])
        .await;
    let rows = select((Node.id, Node.name, Node.parent_id)).order_by(Node.id).all(&it.engine).await.unwrap();
    assert_eq!(rows[1], (2, "new".to_owned(), Some(1)));
}

#[tokio::test]
async fn rows_of_a_ring_are_inserted_then_linked_and_parted_then_deleted() {
    let mut it = Flushes::new(metadata![Team, Player]).await;
    let team = it.session.add(Team::builder().id(1).players([Player::builder().id(1), Player::builder().id(2)]));
    let captain = it.session.handles(team, Team.players)[1];
    it.session.link(team, Team.captain, captain);
    it.check(expect![[r#"
        INSERT INTO teams (id) VALUES (?)
        INSERT INTO players (id, team_id) VALUES (?, ?), (?, ?)
        UPDATE teams SET captain_id = ? WHERE teams.id = ?
    "#]])
        .await;
    assert_eq!(select(Team.captain_id).all(&it.engine).await.unwrap(), [Some(2)]);
    let team =
        it.session.query(Team).options((selectinload(Team.players), selectinload(Team.captain))).one().await.unwrap();
    it.log.take();
    it.session.delete(team).await.unwrap();
    it.check(expect![[r#"
        UPDATE teams SET captain_id = ? WHERE teams.id = ?
        DELETE FROM players WHERE players.id IN (?, ?)
        DELETE FROM teams WHERE teams.id = ?
    "#]])
        .await;
    assert_eq!(select(Player).count(&it.engine).await.unwrap(), 0);
}

// ----------------------------------------------------------------------------------------------- keys and row switches

async fn shop() -> (Flushes, Handle<Shop>) {
    let mut it = Flushes::new(metadata![Shop, Till]).await;
    it.session.add(Shop::builder().code("a").name("A").tills([1, 2].map(|number| Till::builder().number(number))));
    it.settle().await;
    let shop = it.session.query(Shop).options(selectinload(Shop.tills)).one().await.unwrap();
    it.log.take();
    (it, shop)
}

#[tokio::test]
async fn a_changed_key_is_one_update_where_the_database_follows() {
    let (mut it, shop) = shop().await;
    it.session[shop].code = "b".into();
    it.check(expect![[r#"
        UPDATE shops SET code = ? WHERE shops.code = ?
    "#]])
        .await;
    let codes = select(Till.shop_code).all(&it.engine).await.unwrap();
    assert_eq!(codes, [Some("b".to_owned()), Some("b".to_owned())]);
}

#[tokio::test]
async fn what_is_deleted_and_added_again_with_its_members_is_updated() {
    let (mut it, shop) = shop().await;
    it.session.delete(shop).await.unwrap();
    it.session.add(Shop::builder().code("a").name("B").tills([2, 3].map(|number| Till::builder().number(number))));
    it.check(expect![[r#"
        UPDATE shops SET name = ? WHERE shops.code = ?
        INSERT INTO tills (number, shop_code) VALUES (?, ?)
        DELETE FROM tills WHERE tills.number = ?
    "#]])
        .await;
    let tills = select((Till.number, Till.shop_code)).order_by(Till.number).all(&it.engine).await.unwrap();
    assert_eq!(tills, [2, 3].map(|number| (number, Some("a".to_owned()))));
    assert_eq!(select(Shop.name).one(&it.engine).await.unwrap().as_deref(), Some("B"));
}

#[tokio::test]
async fn what_takes_a_row_and_refers_to_nothing_gets_a_null() {
    let (mut it, shop) = shop().await;
    let first = it.session.handles(shop, Shop.tills)[0];
    it.session.delete(first).await.unwrap();
    it.session.add(Till::builder().number(1));
    it.check(expect![[r#"
        UPDATE tills SET shop_code = ? WHERE tills.number = ?
    "#]])
        .await;
    let codes = select(Till.shop_code).order_by(Till.number).all(&it.engine).await.unwrap();
    assert_eq!(codes, [None, Some("a".to_owned())]);
}

#[tokio::test]
async fn what_takes_a_row_may_refer_to_another_owner() {
    let (mut it, shop) = shop().await;
    let first = it.session.handles(shop, Shop.tills)[0];
    it.session.delete(first).await.unwrap();
    it.session.add(Till::builder().number(1).shop(Shop::builder().code("b")));
    it.check(expect![[r#"
        INSERT INTO shops (code) VALUES (?)
        UPDATE tills SET shop_code = ? WHERE tills.number = ?
    "#]])
        .await;
    let codes = select(Till.shop_code).order_by(Till.number).all(&it.engine).await.unwrap();
    assert_eq!(codes, [Some("b".to_owned()), Some("a".to_owned())]);
}

#[tokio::test]
async fn what_is_deleted_flushed_and_added_again_is_a_delete_and_an_insert() {
    let (mut it, shop) = shop().await;
    it.session.delete(shop).await.unwrap();
    it.session.flush().await.unwrap();
    it.session.add(Shop::builder().code("a").name("B"));
    it.check(expect![[r#"
        DELETE FROM tills WHERE tills.number IN (?, ?)
        DELETE FROM shops WHERE shops.code = ?
        INSERT INTO shops (code, name) VALUES (?, ?)
    "#]])
        .await;
    assert_eq!(select(Shop.name).one(&it.engine).await.unwrap().as_deref(), Some("B"));
}

// ---------------------------------------------------------------------------------------------- versions and batches

async fn notes() -> (Flushes, Vec<Handle<Note>>) {
    let mut it = Flushes::new(metadata![Note]).await;
    it.session.add_all((1..=3).map(|id| Note::builder().id(id).text(format!("note {id}"))));
    it.settle().await;
    let notes = it.session.query(Note).order_by(Note.id).all().await.unwrap();
    it.log.take();
    (it, notes)
}

#[tokio::test]
async fn a_version_is_asked_for_and_raised_by_updates_and_asked_for_by_deletes() {
    let (mut it, notes) = notes().await;
    it.session[notes[0]].text = "changed".into();
    it.session.delete(notes[2]).await.unwrap();
    it.check(expect![[r#"
        UPDATE notes SET text = ?, version = ? WHERE notes.id = ? AND notes.version = ?
        DELETE FROM notes WHERE notes.id = ? AND notes.version = ?
    "#]])
        .await;
    let versions = select((Note.id, Note.version)).order_by(Note.id).all(&it.engine).await.unwrap();
    assert_eq!(versions, [(1, 2), (2, 1)]);
}

#[tokio::test]
async fn many_versions_are_checked_by_one_statement() {
    let (mut it, notes) = notes().await;
    for &note in &notes {
        it.session[note].text.push('!');
    }
    it.check(expect![[r#"
        UPDATE notes SET text = CASE WHEN notes.id = ? THEN ? WHEN notes.id = ? THEN ? WHEN notes.id = ? THEN ? END, version = ? WHERE notes.id = ? AND notes.version = ? OR notes.id = ? AND notes.version = ? OR notes.id = ? AND notes.version = ?
    "#]]).await;
    assert_eq!(select(Note.version).all(&it.engine).await.unwrap(), [2, 2, 2]);
    it.session.query(Note).all().await.unwrap();
    it.log.take();
    for note in notes {
        it.session.delete(note).await.unwrap();
    }
    it.check(expect![[r#"
        DELETE FROM notes WHERE notes.id = ? AND notes.version = ? OR notes.id = ? AND notes.version = ? OR notes.id = ? AND notes.version = ?
    "#]]).await;
    assert_eq!(select(Note).count(&it.engine).await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_changed_without_being_read_again_is_updated_if_it_is_as_it_was() {
    let (mut it, ann) = library().await;
    it.session.commit().await.unwrap();
    it.log.take();
    it.session[ann].name = "anna".into();
    it.check(expect![[r#"
        UPDATE authors SET name = ? WHERE authors.id = ? AND authors.name = ?
    "#]])
        .await;
    assert_eq!(select(Author.name).one(&it.engine).await.unwrap(), "anna");
}

#[tokio::test]
async fn neighbours_of_one_shape_are_one_statement_whatever_was_done_between() {
    let mut it = Flushes::new(metadata![Author, Book]).await;
    for number in 1..=3 {
        it.session.add(Author::builder().name(format!("author {number}")));
        it.session.add(Book::builder().title(format!("book {number}")));
    }
    it.check(expect![[r#"
        SELECT coalesce(max(id), 0) FROM authors
        INSERT INTO authors (name) VALUES (?), (?), (?)
        SELECT coalesce(max(id), 0) FROM books
        INSERT INTO books (title) VALUES (?), (?), (?)
    "#]])
        .await;
    let (authors, books) = (it.session.query(Author).all().await.unwrap(), it.session.query(Book).all().await.unwrap());
    it.log.take();
    for (&author, &book) in authors.iter().zip(&books) {
        it.session[author].name.push('!');
        it.session.link(author, Author.books, book);
    }
    it.check(expect![[r#"
        UPDATE authors SET name = CASE WHEN authors.id = ? THEN ? WHEN authors.id = ? THEN ? WHEN authors.id = ? THEN ? END WHERE authors.id IN (?, ?, ?)
        UPDATE books SET author_id = CASE WHEN books.id = ? THEN ? WHEN books.id = ? THEN ? WHEN books.id = ? THEN ? END WHERE books.id IN (?, ?, ?)
    "#]]).await;
    assert_eq!(keys_of_books(&it.engine).await, [Some(1), Some(2), Some(3)]);
    it.log.take();
    for (author, book) in authors.into_iter().zip(books) {
        it.session.delete(book).await.unwrap();
        it.session.delete(author).await.unwrap();
    }
    it.check(expect![[r#"
        SELECT books.id, books.title, books.author_id FROM books WHERE books.author_id IN (?) ORDER BY books.id
        SELECT books.id, books.title, books.author_id FROM books WHERE books.author_id IN (?) ORDER BY books.id
        SELECT books.id, books.title, books.author_id FROM books WHERE books.author_id IN (?) ORDER BY books.id
        DELETE FROM books WHERE books.id IN (?, ?, ?)
        DELETE FROM authors WHERE authors.id IN (?, ?, ?)
    "#]])
        .await;
    assert_eq!(select(Author).count(&it.engine).await.unwrap(), 0);
}
