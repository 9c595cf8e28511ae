//! Rules of a session that no other test tells word by word: on SQLite every line that is sent is compared, elsewhere the rows.

use expect_test::{Expect, expect};
use orm::prelude::*;
use orm::{Dialect, ErrorKind, SessionEvents, SessionMaker, Synchronize};

use crate::relationships::SqlLog;
use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, empty_engine_with, two_users};

/// An engine over users with addresses, and every line that it sends.
struct Lines {
    log: SqlLog,
    engine: Engine,
}

impl Lines {
    async fn of(tables: orm::MetaData) -> Lines {
        let log = SqlLog::start();
        let engine = empty_engine_with(|settings| settings.echo(true)).await;
        tables.create_all(&engine).await.unwrap();
        log.lines();
        Lines { log, engine }
    }

    async fn of_users() -> (Lines, Session) {
        let lines = Lines::of(metadata![User, Address, Keyword, UserKeyword, Node]).await;
        two_users(&lines.engine).await;
        lines.log.lines();
        let session = Session::new(&lines.engine);
        (lines, session)
    }

    /// Compares what was sent since the last time with what is expected on SQLite.
    #[track_caller]
    fn check(&self, expected: Expect) {
        let sent: String = self.log.lines().iter().map(|sql| format!("{sql}\n")).collect();
        if dialect() == Dialect::Sqlite {
            expected.assert_eq(&sent);
        }
    }
}

async fn names(engine: &Engine) -> Vec<String> {
    select(User.name).order_by(User.id).all(engine).await.unwrap()
}

// -------------------------------------------------------------------------------------------------- transactions

#[tokio::test]
async fn the_first_statement_begins_and_the_end_is_sent_once() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN (implicit)
        SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?
        COMMIT
    "#]]);
    session[ed].name = "edward".into();
    lines.check(expect![[""]]);
    session.flush().await.unwrap();
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        UPDATE users SET name = ? WHERE users.id = ? AND users.name = ?
        ROLLBACK
    "#]]);
    session.commit().await.unwrap();
    session.rollback().await.unwrap();
    lines.check(expect![[""]]);
    assert_eq!(names(&lines.engine).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn a_savepoint_is_preceded_by_a_flush_and_undone_or_released() {
    let (lines, mut session) = Lines::of_users().await;
    session.add(User::builder().name("fred"));
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("mary"));
    inner.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        INSERT INTO users (name, active) VALUES (?, ?)
        SAVEPOINT orm_savepoint_1
        INSERT INTO users (name, active) VALUES (?, ?)
        RELEASE SAVEPOINT orm_savepoint_1
    "#]]);
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("jack"));
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        SAVEPOINT orm_savepoint_1
        INSERT INTO users (name, active) VALUES (?, ?)
        ROLLBACK TO SAVEPOINT orm_savepoint_1
        COMMIT
    "#]]);
    assert_eq!(names(&lines.engine).await, ["ed", "wendy", "fred", "mary"]);
}

#[tokio::test]
async fn what_a_savepoint_did_not_touch_is_not_expired_by_its_rollback() {
    let (lines, mut session) = Lines::of_users().await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let mut inner = session.begin_nested().await.unwrap();
    inner[users[0]].name = "edward".into();
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!((session.is_expired(users[0]).unwrap(), session.is_expired(users[1]).unwrap()), (true, false));
    session.rollback().await.unwrap();
    assert!(session.is_expired(users[1]).unwrap(), "the transaction had read it");
    lines.log.lines();
    session.get_one(User, 2).await.unwrap();
    lines.check(expect![[r#"
        BEGIN (implicit)
        SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?
    "#]]);
}

#[tokio::test]
async fn without_expiry_a_commit_leaves_objects_as_they_are() {
    let (lines, _) = Lines::of_users().await;
    let mut session = SessionMaker::new(&lines.engine).expire_on_commit(false).session();
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    lines.log.lines();
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
    session[ed].fullname = None;
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        UPDATE users SET fullname = ? WHERE users.id = ?
        COMMIT
    "#]]);
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&lines.engine).await.unwrap(), None);
}

// ------------------------------------------------------------------------------------------------------ the flush

#[tokio::test]
async fn what_a_listener_adds_before_the_flush_is_part_of_it() {
    let (lines, mut session) = Lines::of_users().await;
    session.listen(SessionEvents::new().before_flush(|session| {
        session.add(Keyword::builder().word("told"));
        Ok(())
    }));
    session.add(User::builder().name("fred"));
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        INSERT INTO users (name, active) VALUES (?, ?)
        INSERT INTO keywords (word) VALUES (?)
        COMMIT
    "#]]);
    assert_eq!(select(Keyword.word).all(&lines.engine).await.unwrap(), ["told"]);
}

#[tokio::test]
async fn rows_are_inserted_in_the_order_in_which_they_were_added() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.get_one(User, 1).await.unwrap();
    lines.log.lines();
    session.add(User::builder().name("z"));
    session[ed].name = "edward".into();
    session.add(User::builder().name("y"));
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        UPDATE users SET name = ? WHERE users.id = ?
        SELECT coalesce(max(id), 0) FROM users
        INSERT INTO users (name, active) VALUES (?, ?), (?, ?)
        COMMIT
    "#]]);
    assert_eq!(names(&lines.engine).await, ["edward", "wendy", "z", "y"]);
}

#[tokio::test]
async fn a_builder_sends_what_it_was_told_and_a_literal_everything_but_its_key() {
    let (lines, mut session) = Lines::of_users().await;
    session.add(User::builder().name("fred"));
    session.flush().await.unwrap();
    let (addresses, keywords) = (HasMany::default(), ManyToMany::default());
    session.add(User { id: 0, name: "mary".into(), fullname: None, active: false, addresses, keywords });
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        INSERT INTO users (name, active) VALUES (?, ?)
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?)
        COMMIT
    "#]]);
    assert_eq!(select(User.active).order_by(User.id).all(&lines.engine).await.unwrap(), [true, false, true, false]);
}

#[tokio::test]
async fn what_the_database_fills_comes_back_with_the_insert() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "filled", metadata = none)]
    struct Filled {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(server_default = "7")]
        count: i64,
    }
    let lines = Lines::of(metadata![Filled]).await;
    let mut session = Session::new(&lines.engine);
    let one = session.add(Filled::builder().name("a"));
    session.flush().await.unwrap();
    lines.check(expect![[r#"
        BEGIN IMMEDIATE (implicit)
        INSERT INTO filled (name) VALUES (?) RETURNING id, count
    "#]]);
    let more = session.add_all(["b", "c"].map(|name| Filled::builder().name(name)));
    session.flush().await.unwrap();
    lines.check(expect![[r#"
        SELECT coalesce(max(id), 0) FROM filled
        INSERT INTO filled (name) VALUES (?), (?) RETURNING id, count
    "#]]);
    assert_eq!(
        [one, more[0], more[1]].map(|handle| (session[handle].id, session[handle].count)),
        [(1, 7), (2, 7), (3, 7)]
    );
}

#[tokio::test]
async fn a_new_object_with_the_key_of_one_that_stays_is_refused_by_the_database() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.get_one(User, 1).await.unwrap();
    let other = session.add(User::builder().id(1).name("other"));
    assert!(session.flush().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
    assert_eq!((session[ed].name.as_str(), session[other].name.as_str()), ("ed", "other"));
    assert_eq!(names(&lines.engine).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn a_new_orphan_sends_nothing() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.query(User).options(selectinload(User.addresses)).filter(User.id.eq(1)).one().await.unwrap();
    lines.log.lines();
    let new = session.link(ed, User.addresses, Address::builder().email("new"));
    session.unlink(ed, User.addresses, new);
    session.flush().await.unwrap();
    lines.check(expect![[""]]);
    assert!(session.object(new).is_err());
    assert_eq!(select(Address).count(&lines.engine).await.unwrap(), 3);
}

#[tokio::test]
async fn a_push_on_what_is_not_loaded_reads_nothing() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.get_one(User, 1).await.unwrap();
    lines.log.lines();
    session[ed].addresses.push(Address::builder().email("new"));
    session.flush().await.unwrap();
    lines.check(expect![[r#"
        INSERT INTO addresses (email, user_id) VALUES (?, ?)
    "#]]);
    session.load(ed, User.addresses).await.unwrap();
    lines.check(expect![[r#"
        SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE addresses.user_id IN (?) ORDER BY addresses.id
    "#]]);
    assert_eq!(session.handles(ed, User.addresses).len(), 3);
}

#[tokio::test]
async fn a_deleted_member_stays_in_a_collection_until_it_is_read_again() {
    let (lines, mut session) = Lines::of_users().await;
    let ed = session.query(User).options(selectinload(User.addresses)).filter(User.id.eq(1)).one().await.unwrap();
    let gone = session.handles(ed, User.addresses)[0];
    lines.log.lines();
    session.delete(gone).await.unwrap();
    session.flush().await.unwrap();
    assert!(session.handles(ed, User.addresses).contains(&gone));
    session.commit().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    lines.check(expect![[r#"
        DELETE FROM addresses WHERE addresses.id = ?
        COMMIT
        BEGIN (implicit)
        SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?
        SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE addresses.user_id IN (?) ORDER BY addresses.id
    "#]]);
    assert!(!session.handles(ed, User.addresses).contains(&gone));
}

// ---------------------------------------------------------------------------------------------- keys and post_update

/// A key of its own that others refer to, with and without the database's help; and a row that may refer to one of its members.
#[derive(Clone, Debug, Model)]
#[orm(table = "countries", metadata = none)]
struct Country {
    #[orm(primary_key, length = 8)]
    code: String,
    name: String,
    #[orm(foreign_key = City.id)]
    capital_id: Option<i64>,
    #[orm(foreign_key = Country.capital_id, post_update)]
    capital: BelongsTo<City>,
    #[orm(foreign_key = City.country_code, back_populates = country, passive_deletes, cascade(all))]
    cities: HasMany<City>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cities", metadata = none)]
struct City {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(foreign_key = Country.code, on_delete = cascade, length = 8)]
    country_code: String,
    #[orm(foreign_key = City.country_code, back_populates = cities)]
    country: BelongsTo<Country>,
}

async fn countries() -> (Lines, Session) {
    let lines = Lines::of(metadata![Country, City]).await;
    let mut session = Session::new(&lines.engine);
    session.add(Country::builder().code("a").name("A").cities([1, 2].map(|id| City::builder().id(id))));
    session.commit().await.unwrap();
    session.expunge_all();
    lines.log.lines();
    (lines, session)
}

#[tokio::test]
async fn what_a_post_update_links_goes_with_the_update_of_its_row() {
    let (lines, mut session) = countries().await;
    let country = session.get_one(Country, "a").await.unwrap();
    let city = session.get_one(City, 2).await.unwrap();
    lines.log.lines();
    session[country].name = "changed".into();
    session.link(country, Country.capital, city);
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        UPDATE countries SET name = ?, capital_id = ? WHERE countries.code = ?
        COMMIT
    "#]]);
    let row = select((Country.name, Country.capital_id)).one(&lines.engine).await.unwrap();
    assert_eq!(row, ("changed".to_owned(), Some(2)));
}

#[tokio::test]
async fn with_passive_deletes_nothing_is_read_and_the_database_deletes() {
    let (lines, mut session) = countries().await;
    let country = session.get_one(Country, "a").await.unwrap();
    lines.log.lines();
    session.delete(country).await.unwrap();
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        DELETE FROM countries WHERE countries.code = ?
        COMMIT
    "#]]);
    assert_eq!(select(City).count(&lines.engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_changed_key_that_the_database_does_not_follow_is_written_to_what_refers_to_it() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "streets", metadata = none)]
    struct Street {
        #[orm(primary_key, length = 8)]
        name: String,
        #[orm(back_populates = street, order_by = id)]
        houses: HasMany<House>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "houses", metadata = none)]
    struct House {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Street.name, length = 8)]
        street_name: Option<String>,
        #[orm(back_populates = houses)]
        street: BelongsTo<Street>,
    }
    crate::only!(Sqlite);
    // Tables without a constraint, as many legacy databases have them; `flush` has this on every database.
    let lines = Lines::of(metadata![]).await;
    for table in ["streets (name TEXT PRIMARY KEY)", "houses (id INTEGER PRIMARY KEY, street_name TEXT)"] {
        text(format!("CREATE TABLE {table}")).execute(&lines.engine).await.unwrap();
    }
    let mut session = Session::new(&lines.engine);
    let street = session.add(Street::builder().name("a").houses([House::builder(), House::builder()]));
    session.commit().await.unwrap();
    session.get_one(Street, "a").await.unwrap();
    lines.log.lines();
    session[street].name = "b".into();
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        SELECT houses.id, houses.street_name FROM houses WHERE houses.street_name = ?
        UPDATE streets SET name = ? WHERE streets.name = ?
        UPDATE houses SET street_name = ? WHERE houses.id IN (?, ?)
        COMMIT
    "#]]);
    let found = select(House.street_name).all(&lines.engine).await.unwrap();
    assert_eq!(found, [Some("b".to_owned()), Some("b".to_owned())]);
}

#[tokio::test]
async fn a_key_that_is_part_of_the_members_key_cannot_be_taken_away() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "orders", metadata = none)]
    struct Order {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = order)]
        lines: HasMany<Line>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "lines", metadata = none)]
    struct Line {
        #[orm(primary_key, foreign_key = Order.id)]
        order_id: i64,
        #[orm(primary_key, autoincrement = false)]
        number: i64,
        #[orm(back_populates = lines)]
        order: BelongsTo<Order>,
    }
    let lines = Lines::of(metadata![Order, Line]).await;
    let mut session = Session::new(&lines.engine);
    let order = session.add(Order::builder().lines([Line::builder().number(1)]));
    session.commit().await.unwrap();
    session.load(order, Order.lines).await.unwrap();
    let line = session.handles(order, Order.lines)[0];
    session.unlink(order, Order.lines, line);
    let error = session.flush().await.unwrap_err();
    expect![[r#"
        `Line.order_id` cannot be set to NULL, since it is part of the primary key: what it refers to was deleted or taken away
        hint: delete the object, or say `cascade(all, delete_orphan)` on the collection"#]].assert_eq(&format!("{error}"));
    session.rollback().await.unwrap();
    assert_eq!(select(Line.order_id).all(&lines.engine).await.unwrap(), [1]);
}

// -------------------------------------------------------------------------------------------- statements by condition

#[tokio::test]
async fn what_is_evaluated_asks_nothing_and_what_is_fetched_comes_with_the_statement() {
    let (lines, mut session) = Lines::of_users().await;
    session.query(User).all().await.unwrap();
    session.add(User::builder().name("fred"));
    lines.log.lines();
    let statement = || update(User).set(User.fullname, "x").filter(User.id.gt(1));
    session.execute(statement()).await.unwrap();
    lines.check(expect![[r#"
        INSERT INTO users (name, active) VALUES (?, ?)
        UPDATE users SET fullname = ? WHERE users.id > ?
    "#]]);
    session.execute_with(statement(), Synchronize::Fetch).await.unwrap();
    lines.check(expect![[r#"
        UPDATE users SET fullname = ? WHERE users.id > ? RETURNING id
    "#]]);
    session.execute_with(statement(), Synchronize::No).await.unwrap();
    lines.check(expect![[r#"
        UPDATE users SET fullname = ? WHERE users.id > ?
    "#]]);
    let gone = delete(User).filter(User.name.like("fr%"));
    session.execute(gone).await.unwrap();
    lines.check(expect![[r#"
        DELETE FROM users WHERE users.name LIKE ? RETURNING id
    "#]]);
    session.commit().await.unwrap();
    assert_eq!(names(&lines.engine).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn a_statement_by_condition_neither_cascades_nor_counts_versions() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "counted", version = version, metadata = none)]
    struct Counted {
        #[orm(primary_key)]
        id: i64,
        text: String,
        #[orm(default = 1)]
        version: i64,
    }
    let lines = Lines::of(metadata![Counted]).await;
    let mut session = Session::new(&lines.engine);
    let one = session.add(Counted::builder().text("a"));
    session.flush().await.unwrap();
    lines.log.lines();
    session.execute(update(Counted).set(Counted.text, "b").filter(Counted.id.eq(1))).await.unwrap();
    lines.check(expect![[r#"
        UPDATE counted SET text = ? WHERE counted.id = ?
    "#]]);
    assert_eq!((session[one].text.as_str(), session[one].version), ("b", 1));
    session.commit().await.unwrap();
    assert_eq!(select(Counted.version).one(&lines.engine).await.unwrap(), 1);

    let (lines, mut session) = Lines::of_users().await;
    let error = session.execute(delete(User).filter(User.id.eq(1))).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Integrity { .. }), "its addresses are there: {error}");
    session.rollback().await.unwrap();
    assert_eq!(names(&lines.engine).await, ["ed", "wendy"]);
}

// ------------------------------------------------------------------------------------------------- what is merged

#[tokio::test]
async fn a_merge_reads_what_is_not_there_and_writes_what_differs() {
    let (lines, mut session) = Lines::of_users().await;
    let merged = session.merge(User::builder().id(1).name("edward")).await.unwrap();
    lines.check(expect![[r#"
        BEGIN (implicit)
        SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?
    "#]]);
    assert_eq!(session.merge(User::builder().id(1).name("edward")).await.unwrap(), merged);
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        UPDATE users SET name = ? WHERE users.id = ?
        COMMIT
    "#]]);
    session.merge(User::builder().id(9).name("new")).await.unwrap();
    session.commit().await.unwrap();
    lines.check(expect![[r#"
        BEGIN (implicit)
        SELECT users.id, users.name, users.fullname, users.active FROM users WHERE users.id = ?
        INSERT INTO users (id, name, active) VALUES (?, ?, ?)
        COMMIT
    "#]]);
    assert_eq!(names(&lines.engine).await, ["edward", "wendy", "new"]);
}
