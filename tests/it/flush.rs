//! The statements of a flush, rule by rule, and what they leave in the rows.

use orm::Dialect::{MariaDb, MySql, Postgres, Sqlite};
use orm::ErrorKind;
use orm::prelude::*;

use crate::assert_statements;
use crate::relationships::SqlLog;
use crate::support::{Address, Node, User, dialect, empty_engine, empty_engine_with, engine, expected, two_users};

/// An engine that tells its statements.
async fn echoing(tables: orm::MetaData) -> Engine {
    let engine = empty_engine_with(|settings| settings.echo(true)).await;
    tables.create_all(&engine).await.unwrap();
    engine
}

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    name: String,
    price: i64,
    note: Option<String>,
    #[orm(unique)]
    code: i64,
}

async fn items(engine: &Engine, count: i64) -> (Session, Vec<Handle<Item>>) {
    let mut session = Session::new(engine);
    let items = session.add_all((1..=count).map(|n| Item::builder().name("item").price(n).code(n)));
    session.commit().await.unwrap();
    session.query(Item).all().await.unwrap();
    (session, items)
}

#[tokio::test]
async fn rows_that_change_the_same_columns_are_one_update() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Item]).await;
    let (mut session, items) = items(&engine, 3).await;
    log.take();
    for &item in &items {
        session[item].price += 10;
        session[item].note = Some("dear".into());
    }
    session.flush().await.unwrap();
    let quoted = "UPDATE items SET price = CASE WHEN items.id = ? THEN ? WHEN items.id = ? THEN ? WHEN items.id = ? THEN ? \
                  END, note = ? WHERE items.id IN (?, ?, ?)";
    let sent = log.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    if dialect() == Sqlite {
        assert!(sent[0].starts_with(quoted), "{sent:?}");
    }
    session.commit().await.unwrap();
    let rows = select((Item.price, Item.note)).order_by(Item.id).all(&engine).await.unwrap();
    let dear = || Some("dear".to_owned());
    assert_eq!(rows, [(11, dear()), (12, dear()), (13, dear())]);
}

#[tokio::test]
async fn rows_that_change_other_columns_are_another_update() {
    let engine = echoing(metadata![Item]).await;
    let (mut session, items) = items(&engine, 4).await;
    session[items[0]].price = 100;
    session[items[1]].note = Some("note".into());
    session[items[2]].price = 300;
    session[items[3]].note = Some("other".into());
    assert_statements!(engine, 2, session.commit().await.unwrap());
    let rows = select((Item.price, Item.note)).order_by(Item.id).all(&engine).await.unwrap();
    assert_eq!(rows[..2], [(100, None), (2, Some("note".to_owned()))]);
    assert_eq!(rows[2..], [(300, None), (4, Some("other".to_owned()))]);
}

#[tokio::test]
async fn a_thousand_changed_rows_are_four_updates() {
    let engine = echoing(metadata![Item]).await;
    let (mut session, items) = items(&engine, 1000).await;
    items.iter().for_each(|&item| session[item].price *= 2);
    assert_statements!(engine, 4, session.commit().await.unwrap());
    let sum = select(orm::func::sum(Item.price)).one(&engine).await.unwrap();
    assert_eq!(sum.map(|sum| sum.to_string()), Some("1001000".to_owned()));
}

#[tokio::test]
async fn a_unique_column_goes_row_by_row_in_the_order_of_keys() {
    let engine = echoing(metadata![Item]).await;
    let (mut session, items) = items(&engine, 3).await;
    // Each row takes the code of the one before, which has gone on already.
    session[items[2]].code = 2;
    session[items[1]].code = 1;
    session[items[0]].code = 0;
    assert_statements!(engine, 3, session.commit().await.unwrap());
    assert_eq!(select(Item.code).order_by(Item.id).all(&engine).await.unwrap(), [0, 1, 2]);
}

#[tokio::test]
async fn rows_that_set_other_columns_are_inserted_together_where_default_can_stand_for_a_value() {
    let log = SqlLog::start();
    let engine = echoing(metadata![User, Address]).await;
    log.take();
    let mut session = Session::new(&engine);
    let users: Vec<_> = (0..10)
        .map(|n| match n % 2 {
            0 => session.add(User::builder().name(format!("user {n}"))),
            _ => session.add(User::builder().name(format!("user {n}")).fullname("Full")),
        })
        .collect();
    session.flush().await.unwrap();
    let verbs = expected(
        vec!["SELECT users", "INSERT users", "INSERT users"],
        [
            (Postgres, vec!["WITH keys", "INSERT users"], "keys come from the sequence"),
            (MariaDb, vec!["INSERT users"], "RETURNING gives the keys"),
            (MySql, vec!["SELECT ", "INSERT users"], "the first key comes back, and the step to the next is known"),
        ],
    );
    assert_eq!(log.verbs(), verbs);
    session.commit().await.unwrap();
    for (n, &user) in users.iter().enumerate() {
        let row = select((User.name, User.fullname)).filter(User.id.eq(session[user].id)).one(&engine).await.unwrap();
        let fullname = (n % 2 == 1).then(|| "Full".to_owned());
        assert_eq!(row, (format!("user {n}"), fullname), "each object has the key of its own row");
    }
}

/// Saves a graph of 1 × 100 × 10 rows, and returns how many statements that took.
pub(crate) async fn statements_of_a_graph(engine: &Engine) -> u64 {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "graph_roots", metadata = none)]
    struct Root {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = root)]
        branches: HasMany<Branch>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "graph_branches", metadata = none)]
    struct Branch {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Root.id)]
        root_id: i64,
        #[orm(back_populates = branches)]
        root: BelongsTo<Root>,
        #[orm(back_populates = branch)]
        leaves: HasMany<Leaf>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "graph_leaves", metadata = none)]
    struct Leaf {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(foreign_key = Branch.id)]
        branch_id: i64,
        #[orm(back_populates = leaves)]
        branch: BelongsTo<Branch>,
    }
    metadata![Root, Branch, Leaf].create_all(engine).await.unwrap();
    let mut session = Session::new(engine);
    let leaves = |b: u32| (0..10).map(move |l| Leaf::builder().name(format!("{b}.{l}"))).collect::<Vec<_>>();
    let branches: Vec<_> = (0..100).map(|b| Branch::builder().leaves(leaves(b))).collect();
    let root = session.add(Root::builder().branches(branches));
    let before = engine.statement_count();
    session.commit().await.unwrap();
    let sent = engine.statement_count() - before;
    // Every leaf is at its branch: names tell where it was put.
    for (at, branch) in session.handles(root, Root.branches).into_iter().enumerate() {
        let id = session[branch].id;
        let names = select(Leaf.name).filter(Leaf.branch_id.eq(id)).order_by(Leaf.id).all(engine).await.unwrap();
        assert_eq!(names, (0..10).map(|l| format!("{at}.{l}")).collect::<Vec<_>>());
    }
    sent
}

#[tokio::test]
async fn a_graph_of_one_hundred_times_ten_takes_at_most_six_statements() {
    let engine = empty_engine().await;
    let sent = statements_of_a_graph(&engine).await;
    assert!(sent <= 6, "{sent} statements");
}

// -------------------------------------------------------------------------------------------------------- row switches

#[derive(Clone, Debug, Model)]
#[orm(table = "words", metadata = none)]
struct Word {
    #[orm(primary_key, length = 20)]
    word: String,
    meaning: Option<String>,
    uses: i64,
}

#[tokio::test]
async fn a_new_object_takes_the_row_of_a_deleted_one_with_its_key() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Word]).await;
    let mut session = Session::new(&engine);
    let old = session.add(Word { word: "run".into(), meaning: Some("move fast".into()), uses: 3 });
    session.commit().await.unwrap();
    session.get_one(Word, "run").await.unwrap();
    log.take();
    session.delete(old).await.unwrap();
    let new = session.add(Word::builder().word("run").uses(3));
    session.flush().await.unwrap();
    let sent = log.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("UPDATE words SET meaning = ?") || dialect() != Sqlite, "{sent:?}");
    assert_eq!(session.get(Word, "run").await.unwrap(), Some(new));
    session.commit().await.unwrap();
    assert_eq!(select((Word.meaning, Word.uses)).all(&engine).await.unwrap(), [(None, 3)]);
    assert_eq!(session[old].meaning.as_deref(), Some("move fast"), "it stays readable");
}

/// What was alike in the new object and in memory was not written, and stayed as somebody else had left it in the row.
#[tokio::test]
async fn a_new_object_that_takes_a_row_not_read_again_writes_all_of_it() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    update(User).set(User.name, "edward").set(User.active, false).filter(User.id.eq(1)).execute(&engine).await.unwrap();
    session.delete(ed).await.unwrap();
    let new = session.add(User::builder().id(1).name("ed").fullname("Ed Jones"));
    session.commit().await.unwrap();
    let row = select((User.name, User.fullname, User.active)).filter(User.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(row, ("ed".to_owned(), Some("Ed Jones".to_owned()), true));
    // The rest of its life it is an object like others.
    session.refresh(new).await.unwrap();
    session[new].active = false;
    assert_statements!(engine, 1, session.flush().await.unwrap());
}

#[tokio::test]
async fn a_rollback_undoes_a_row_switch() {
    let engine = echoing(metadata![Word]).await;
    let mut session = Session::new(&engine);
    let old = session.add(Word { word: "run".into(), meaning: None, uses: 1 });
    session.commit().await.unwrap();
    session.delete(old).await.unwrap();
    let new = session.add(Word { word: "run".into(), meaning: None, uses: 2 });
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.get(Word, "run").await.unwrap(), Some(old));
    assert_eq!((session[old].uses, session[new].uses), (1, 2));
    assert_eq!(session.state(new).unwrap(), orm::ObjectState::Transient);
    session.commit().await.unwrap();
    assert_eq!(select(Word.uses).all(&engine).await.unwrap(), [1]);
}

#[tokio::test]
async fn an_association_that_is_deleted_and_made_again_keeps_its_row() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "places", metadata = none)]
    struct Place {
        #[orm(primary_key)]
        id: i64,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "seats", metadata = none)]
    struct Seat {
        #[orm(primary_key, foreign_key = Place.id)]
        place_id: i64,
        place: BelongsTo<Place>,
        name: String,
    }
    let engine = echoing(metadata![Place, Seat]).await;
    let mut session = Session::new(&engine);
    let place = session.add(Place::builder());
    let seat = session.add(Seat::builder().place_id(0).name("first").place(place));
    session.commit().await.unwrap();
    session.delete(seat).await.unwrap();
    // Its key comes by the relationship.
    let again = session.add(Seat::builder().place_id(0).name("second").place(place));
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session.commit().await.unwrap();
    assert_eq!(session[again].place_id, session[place].id);
    assert_eq!(select(Seat.name).all(&engine).await.unwrap(), ["second"]);
}

// -------------------------------------------------------------------------------------------------------- changed keys

#[derive(Clone, Debug, Model)]
#[orm(table = "countries", metadata = none)]
struct Country {
    #[orm(primary_key, length = 4)]
    code: String,
    #[orm(back_populates = country)]
    cities: HasMany<City>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cities", metadata = none)]
struct City {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Country.code, on_update = cascade, length = 4)]
    country_code: Option<String>,
    #[orm(back_populates = cities)]
    country: BelongsTo<Country>,
}

#[tokio::test]
async fn a_changed_key_is_followed_by_the_database_and_by_memory() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Country, City]).await;
    let mut session = Session::new(&engine);
    let country =
        session.add(Country::builder().code("xx").cities([City::builder().name("a"), City::builder().name("b")]));
    session.commit().await.unwrap();
    session.load(country, Country.cities).await.unwrap();
    let city = session.handles(country, Country.cities)[0];
    log.take();
    session[country].code = "yy".into();
    session[city].name = "c".into();
    session.flush().await.unwrap();
    assert_eq!(log.verbs(), ["UPDATE countries", "UPDATE cities"], "the second for the name");
    assert_eq!(session[city].country_code.as_deref(), Some("yy"));
    assert!(!session.is_modified(city).unwrap());
    assert_eq!(session.get(Country, "yy").await.unwrap(), Some(country));
    session.commit().await.unwrap();
    let rows = select((City.name, City.country_code)).order_by(City.id).all(&engine).await.unwrap();
    assert_eq!(rows, [("c".to_owned(), Some("yy".to_owned())), ("b".to_owned(), Some("yy".to_owned()))]);
    session.rollback().await.unwrap();
    assert_eq!(session[country].code, "yy");
}

#[tokio::test]
async fn a_changed_key_goes_to_known_children_where_the_database_does_nothing() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "plain_parents", metadata = none)]
    struct Parent {
        #[orm(primary_key, length = 4)]
        code: String,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "plain_children", metadata = none)]
    struct Child {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Parent.code, length = 4)]
        parent_code: Option<String>,
    }
    let engine = empty_engine().await;
    // Tables without a constraint, as many legacy databases have them.
    text("CREATE TABLE plain_parents (code VARCHAR(4) PRIMARY KEY)").execute(&engine).await.unwrap();
    let ids = expected(
        "INTEGER PRIMARY KEY",
        [
            (Postgres, "BIGSERIAL PRIMARY KEY", "its word"),
            (MariaDb, "BIGINT PRIMARY KEY AUTO_INCREMENT", "its words"),
            (MySql, "BIGINT PRIMARY KEY AUTO_INCREMENT", "its words"),
        ],
    );
    text(format!("CREATE TABLE plain_children (id {ids}, parent_code VARCHAR(4))")).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let parent = session.add(Parent { code: "a".into() });
    let children = session.add_all(["a", "a"].map(|code| Child::builder().parent_code(code)));
    session.commit().await.unwrap();
    session.query(Child).all().await.unwrap();
    session[parent].code = "b".into();
    assert_statements!(engine, 2, session.flush().await.unwrap());
    assert_eq!(session[children[1]].parent_code.as_deref(), Some("b"));
    session.rollback().await.unwrap();
    assert_eq!((session[parent].code.as_str(), session[children[1]].parent_code.as_deref()), ("a", Some("a")));
}

/// Tables whose foreign keys the database does not look after, as many legacy databases have them.
async fn unconstrained(engine: &Engine) {
    for sql in [
        "CREATE TABLE clubs (code VARCHAR(4) PRIMARY KEY)",
        "CREATE TABLE teams (club_code VARCHAR(4), number BIGINT, PRIMARY KEY (club_code, number))",
        "CREATE TABLE players (id BIGINT PRIMARY KEY, club_code VARCHAR(4), team_number BIGINT)",
        "CREATE TABLE fans (id BIGINT PRIMARY KEY)",
        "CREATE TABLE club_fans (club_code VARCHAR(4), fan_id BIGINT, PRIMARY KEY (club_code, fan_id))",
    ] {
        text(sql).execute(engine).await.unwrap();
    }
}

#[derive(Clone, Debug, Model)]
#[orm(table = "clubs", metadata = none)]
struct Club {
    #[orm(primary_key, length = 4)]
    code: String,
    #[orm(cascade(all))]
    teams: HasMany<Team>,
    #[orm(secondary = ClubFan)]
    fans: ManyToMany<Fan>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "teams", metadata = none)]
struct Team {
    #[orm(primary_key, foreign_key = Club.code, length = 4)]
    club_code: String,
    #[orm(primary_key, autoincrement = false)]
    number: i64,
    players: HasMany<Player>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "players", metadata = none, foreign_key((club_code, team_number) = (Team.club_code, Team.number)))]
struct Player {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(length = 4)]
    club_code: Option<String>,
    team_number: Option<i64>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "fans", metadata = none)]
struct Fan {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "club_fans", metadata = none)]
struct ClubFan {
    #[orm(primary_key, foreign_key = Club.code, length = 4)]
    club_code: String,
    #[orm(primary_key, foreign_key = Fan.id)]
    fan_id: i64,
}

#[tokio::test]
async fn a_changed_key_goes_to_rows_that_are_not_loaded_where_the_database_does_nothing() {
    let log = SqlLog::start();
    let engine = echoing(metadata![]).await;
    unconstrained(&engine).await;
    let mut session = Session::new(&engine);
    let teams = [1, 2].map(|number| {
        Team::builder()
            .club_code("")
            .number(number)
            .players([Player::builder().id(number * 10), Player::builder().id(number * 10 + 1)])
    });
    session.add(Club::builder().code("a").teams(teams).fans([Fan::builder().id(7), Fan::builder().id(8)]));
    session.add(Club::builder().code("b").teams([Team::builder().club_code("").number(1)]));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let club = session.get_one(Club, "a").await.unwrap();
    log.take();
    session[club].code = "c".into();
    session.flush().await.unwrap();
    let verbs = log.verbs();
    let reads = verbs.iter().filter(|verb| verb.starts_with("SELECT")).count();
    assert_eq!(reads, 4, "the teams, the pairs, and the players of each team: {verbs:?}");
    session.commit().await.unwrap();
    let teams =
        select((Team.club_code, Team.number)).order_by((Team.club_code, Team.number)).all(&engine).await.unwrap();
    assert_eq!(teams, [("b".to_owned(), 1), ("c".to_owned(), 1), ("c".to_owned(), 2)]);
    assert_eq!(select(Player).filter(Player.club_code.eq("c")).count(&engine).await.unwrap(), 4);
    assert_eq!(select(ClubFan.club_code).all(&engine).await.unwrap(), ["c", "c"]);
    // And back: the rollback leaves nothing of it.
    session.get_one(Club, "c").await.unwrap();
    session[club].code = "d".into();
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session[club].code, "c");
    assert_eq!(select(Player).filter(Player.club_code.eq("c")).count(&engine).await.unwrap(), 4);
}

#[tokio::test]
async fn a_key_change_is_undone_with_its_transaction() {
    let engine = echoing(metadata![Country, City]).await;
    let mut session = Session::new(&engine);
    let country = session.add(Country::builder().code("xx"));
    session.commit().await.unwrap();
    session[country].code = "yy".into();
    session.flush().await.unwrap();
    let mut inner = session.begin_nested().await.unwrap();
    inner[country].code = "zz".into();
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    assert_eq!(session.get(Country, "yy").await.unwrap(), Some(country));
    session.rollback().await.unwrap();
    assert_eq!(session.get(Country, "yy").await.unwrap(), None);
    assert_eq!(session.get(Country, "xx").await.unwrap(), Some(country));
}

// ----------------------------------------------------------------------------------------------------------- versions

#[derive(Clone, Debug, Model)]
#[orm(table = "pages", version = version, metadata = none)]
struct Page {
    #[orm(primary_key)]
    id: i64,
    text: String,
    #[orm(default = 1)]
    version: i64,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "drafts", version = version, metadata = none)]
struct Draft {
    #[orm(primary_key)]
    id: i64,
    text: String,
    version: i32,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", version = version, metadata = none)]
struct Marked {
    #[orm(primary_key)]
    id: i64,
    text: String,
    #[orm(length = 20, on_update = mark())]
    version: String,
}

fn mark() -> String {
    static MARKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    format!("mark {}", MARKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

#[tokio::test]
async fn a_version_that_a_builder_leaves_out_is_the_first() {
    let engine = echoing(metadata![Draft, Marked]).await;
    let mut session = Session::new(&engine);
    let (draft, marked) = (session.add(Draft::builder().text("a")), session.add(Marked::builder().text("b")));
    session.commit().await.unwrap();
    assert_eq!((session[draft].version, session[marked].version.as_str()), (1, "mark 1"));
    session[draft].text.push('!');
    session[marked].text.push('!');
    session.commit().await.unwrap();
    assert_eq!((session[draft].version, session[marked].version.as_str()), (2, "mark 2"));

    insert(Draft).values(Draft::builder().text("c").version(7)).execute(&engine).await.unwrap();
    insert(Draft).values(Draft::builder().text("d")).execute(&engine).await.unwrap();
    let versions = select(Draft.version).order_by(Draft.id).all(&engine).await.unwrap();
    assert_eq!(versions, [2, 7, 1]);

    // What is merged without one is not told from what is there by it.
    let merged = session.merge(Draft::builder().id(1).text("e")).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((merged, session[draft].version), (draft, 3));
}

#[tokio::test]
async fn versions_are_checked_for_many_rows_in_one_statement() {
    let engine = echoing(metadata![Page]).await;
    let mut session = Session::new(&engine);
    let pages = session.add_all(["a", "b", "c"].map(|text| Page::builder().text(text)));
    session.commit().await.unwrap();
    session.query(Page).all().await.unwrap();
    pages.iter().for_each(|&page| session[page].text.push('!'));
    assert_statements!(engine, 1, session.commit().await.unwrap());
    assert_eq!(select((Page.text, Page.version)).all(&engine).await.unwrap()[2], ("c!".to_owned(), 2));

    session.query(Page).all().await.unwrap();
    session.commit().await.unwrap();
    update(Page).set(Page.version, 9).filter(Page.id.eq(2)).execute(&engine).await.unwrap();
    pages.iter().for_each(|&page| session[page].text.push('?'));
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert_eq!(error.message(), "UPDATE statement on table `pages` expected to update 3 row(s); 2 were matched");
    session.rollback().await.unwrap();
    assert_eq!(session[pages[0]].version, 2);
}

#[tokio::test]
async fn deleting_a_row_of_another_version_is_stale() {
    let engine = echoing(metadata![Page]).await;
    let mut session = Session::new(&engine);
    let pages = session.add_all(["a", "b", "c"].map(|text| Page::builder().text(text)));
    session.commit().await.unwrap();
    update(Page).set(Page.version, 5).filter(Page.id.eq(1)).execute(&engine).await.unwrap();
    for &page in &pages {
        session.delete(page).await.unwrap();
    }
    let error = session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    assert_eq!(error.message(), "DELETE statement on table `pages` expected to delete 3 row(s); 2 were matched");
    session.rollback().await.unwrap();
    assert_eq!(select(Page).count(&engine).await.unwrap(), 3);
    // Read again, it can be deleted, and all go in one statement.
    session.query(Page).all().await.unwrap();
    for &page in &pages {
        session.delete(page).await.unwrap();
    }
    assert_statements!(engine, 1, session.commit().await.unwrap());
    assert_eq!(select(Page).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_time_is_a_version_too() {
    use chrono::{DateTime, Utc};
    #[derive(Clone, Debug, Model)]
    #[orm(table = "timed", version = changed, metadata = none)]
    struct Timed {
        #[orm(primary_key)]
        id: i64,
        text: String,
        changed: DateTime<Utc>,
    }
    let engine = echoing(metadata![Timed]).await;
    let mut session = Session::new(&engine);
    let start: DateTime<Utc> = "2999-01-01T00:00:00Z".parse().unwrap();
    let row = session.add(Timed::builder().text("a").changed(start));
    session.commit().await.unwrap();
    session[row].text = "b".into();
    session.commit().await.unwrap();
    assert!(session[row].changed > start, "later than before, whatever the clock says");
    update(Timed).set(Timed.changed, start).execute(&engine).await.unwrap();
    session[row].text = "c".into();
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::StaleData);
}

#[tokio::test]
async fn the_database_may_count_versions_itself() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "counted", version = version, metadata = none)]
    struct Counted {
        #[orm(primary_key)]
        id: i64,
        text: String,
        #[orm(server_default = "1", server_onupdate)]
        version: i64,
    }
    let engine = echoing(metadata![Counted]).await;
    let triggers: &[&str] = match dialect() {
        Sqlite => &["CREATE TRIGGER count_up AFTER UPDATE OF text ON counted BEGIN \
                     UPDATE counted SET version = version + 1 WHERE id = NEW.id; END"],
        Postgres => &[
            "CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.version = OLD.version + 1; RETURN NEW; END'",
            "CREATE TRIGGER count_up BEFORE UPDATE ON counted FOR EACH ROW EXECUTE FUNCTION count_up()",
        ],
        _ => &["CREATE TRIGGER count_up BEFORE UPDATE ON counted FOR EACH ROW SET NEW.version = OLD.version + 1"],
    };
    let mut connection = engine.connect().await.unwrap();
    for trigger in triggers {
        text(*trigger).execute(&mut connection).await.unwrap();
    }
    connection.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let rows = session.add_all(["a", "b"].map(|text| Counted::builder().text(text)));
    session.flush().await.unwrap();
    assert_eq!(session[rows[0]].version, 1);
    rows.iter().for_each(|&row| session[row].text.push('!'));
    session.flush().await.unwrap();
    assert_eq!((session[rows[0]].version, session[rows[1]].version), (2, 2), "read back");
    session[rows[0]].text.push('!');
    session.commit().await.unwrap();
    assert_eq!(select(Counted.version).order_by(Counted.id).all(&engine).await.unwrap(), [3, 2]);
    // Somebody else changes it.
    update(Counted).set(Counted.text, "theirs").execute(&engine).await.unwrap();
    session[rows[0]].text = "mine".into();
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::StaleData);
}

#[tokio::test]
async fn a_row_switch_goes_on_with_the_version() {
    let engine = echoing(metadata![Page]).await;
    let mut session = Session::new(&engine);
    let old = session.add(Page { id: 1, text: "old".into(), version: 1 });
    session.commit().await.unwrap();
    session.delete(old).await.unwrap();
    let new = session.add(Page { id: 1, text: "new".into(), version: 1 });
    session.commit().await.unwrap();
    assert_eq!((session[new].version, session[new].text.as_str()), (2, "new"));
    assert_eq!(select(Page.version).all(&engine).await.unwrap(), [2]);
}

// ---------------------------------------------------------------------------------------------------- rows that are gone

/// Items whose rows somebody else has deleted, but the last.
async fn gone(count: i64, is_confirming: bool) -> (SqlLog, Engine, Session, Vec<Handle<Item>>) {
    let log = SqlLog::start();
    let engine = echoing(metadata![Item]).await;
    let mut session = orm::SessionMaker::new(&engine).confirm_deleted_rows(is_confirming).session();
    let items = session.add_all((1..=count).map(|n| Item::builder().name("item").price(n).code(n)));
    session.commit().await.unwrap();
    session.query(Item).all().await.unwrap();
    session.commit().await.unwrap();
    delete(Item).filter(Item.code.ne(count)).execute(&engine).await.unwrap();
    (log, engine, session, items)
}

async fn prices(engine: &Engine) -> Vec<(i64, i64)> {
    select((Item.id, Item.price)).order_by(Item.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn an_update_of_a_row_that_is_gone_is_stale() {
    let (_log, engine, mut session, items) = gone(2, true).await;
    session[items[0]].price = 10;
    let error = session.flush().await.unwrap_err();
    assert!(error.is_stale_data());
    assert_eq!(
        error.to_string(),
        "UPDATE statement on table `items` expected to update 1 row(s); 0 were matched\n\
         hint: `Item` with key 1 was changed or deleted by someone else: roll back, read it again, and repeat"
    );
    session.rollback().await.unwrap();
    assert_eq!(session[items[0]].price, 1, "as it was when the transaction began");
    assert_eq!(session.get(Item, 1).await.unwrap(), None);
    assert_eq!(prices(&engine).await, [(2, 2)]);
}

#[tokio::test]
async fn an_update_of_a_row_that_get_has_found_gone_is_stale_too() {
    let (_log, _engine, mut session, items) = gone(2, true).await;
    session[items[0]].price = 10;
    assert_eq!(session.no_autoflush().get(Item, 1).await.unwrap(), None);
    assert_eq!(session.state(items[0]).unwrap(), orm::ObjectState::Persistent);
    assert!(session.flush().await.unwrap_err().is_stale_data());
    session.rollback().await.unwrap();
    assert_eq!(session.get(Item, 1).await.unwrap(), None);
    assert_eq!(session.state(items[0]).unwrap(), orm::ObjectState::Deleted);
}

#[tokio::test]
async fn an_update_of_many_rows_of_which_some_are_gone_is_stale_and_changes_none() {
    let (_log, engine, mut session, items) = gone(3, true).await;
    for &item in &items {
        session[item].price += 10;
    }
    let error = session.flush().await.unwrap_err();
    assert!(error.is_stale_data());
    assert_eq!(
        error.to_string(),
        "UPDATE statement on table `items` expected to update 3 row(s); 1 were matched\n\
         hint: one or more of `Item` with keys 1; 2; 3 were changed or deleted by someone else: roll back, read it again, \
         and repeat"
    );
    session.rollback().await.unwrap();
    assert_eq!(session.iter(&items).map(|item| item.price).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(prices(&engine).await, [(3, 3)]);
}

#[tokio::test]
async fn an_update_of_a_unique_column_of_a_row_that_is_gone_is_stale_too() {
    let (_log, engine, mut session, items) = gone(3, true).await;
    session[items[0]].code = 30;
    session[items[2]].code = 10;
    let error = session.flush().await.unwrap_err();
    assert!(
        error.message().starts_with("UPDATE statement on table `items` expected to update 1 row(s); 0 were matched")
    );
    session.rollback().await.unwrap();
    assert_eq!(select(Item.code).all(&engine).await.unwrap(), [3]);
}

fn warnings(log: &SqlLog) -> Vec<String> {
    let lines = log.lines().into_iter();
    lines.filter(|line| line.contains("DELETE statement on table `items` expected")).collect()
}

#[tokio::test]
async fn a_delete_of_rows_that_are_gone_is_worth_a_warning() {
    let (log, engine, mut session, items) = gone(3, true).await;
    session.delete(items[0]).await.unwrap();
    session.commit().await.unwrap();
    let said = warnings(&log);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("expected to delete 1 row(s); 0 were matched; `SessionMaker::confirm_deleted_rows(false)`")
    );
    session.delete(items[1]).await.unwrap();
    session.delete(items[2]).await.unwrap();
    session.commit().await.unwrap();
    assert!(warnings(&log)[0].contains("expected to delete 2 row(s); 1 were matched"));
    assert_eq!(session.state(items[2]).unwrap(), orm::ObjectState::Detached);
    assert_eq!(prices(&engine).await, []);
}

#[tokio::test]
async fn a_delete_of_rows_that_are_gone_is_quiet_where_nobody_wants_to_know() {
    let (log, engine, mut session, items) = gone(3, false).await;
    for &item in &items {
        session.delete(item).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(warnings(&log), [] as [&str; 0]);
    assert_eq!(prices(&engine).await, []);
}

// -------------------------------------------------------------------------------------------------------- post_update

#[derive(Clone, Debug, Model)]
#[orm(table = "balls", metadata = none)]
struct Ball {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Person.id)]
    person_id: Option<i64>,
    #[orm(foreign_key = Ball.person_id, back_populates = balls)]
    person: BelongsTo<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "ball_people", metadata = none)]
struct Person {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Ball.id)]
    favorite_id: Option<i64>,
    #[orm(foreign_key = Person.favorite_id, post_update)]
    favorite: BelongsTo<Ball>,
    #[orm(foreign_key = Ball.person_id, back_populates = person, cascade(all))]
    balls: HasMany<Ball>,
}

#[tokio::test]
async fn rows_that_refer_to_each_other_are_inserted_updated_and_parted_before_they_go() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Person, Ball]).await;
    let mut session = Session::new(&engine);
    let people: Vec<_> =
        (0..3).map(|_| session.add(Person::builder().balls([Ball::builder(), Ball::builder()]))).collect();
    for &person in &people {
        let first = session.handles(person, Person.balls)[0];
        session.link(person, Person.favorite, first);
    }
    log.take();
    session.flush().await.unwrap();
    let verbs: Vec<String> =
        log.verbs().into_iter().filter(|verb| !verb.starts_with("SELECT") && !verb.starts_with("WITH")).collect();
    assert_eq!(verbs, ["INSERT ball_people", "INSERT balls", "UPDATE ball_people"], "one UPDATE for the three");
    session.commit().await.unwrap();
    let favorites = select((Person.id, Ball.person_id)).join_on(Ball, Ball.id.eq(Person.favorite_id));
    for (person, owner) in favorites.all(&engine).await.unwrap() {
        assert_eq!(owner, Some(person));
    }
    for &person in &people {
        session.delete(person).await.unwrap();
    }
    log.take();
    session.flush().await.unwrap();
    let both = vec!["UPDATE ball_people", "UPDATE balls", "DELETE balls", "DELETE ball_people"];
    let why = "it checks each row: whatever is in the ring is parted";
    let verbs = expected(
        vec!["UPDATE ball_people", "DELETE balls", "DELETE ball_people"],
        [(MariaDb, both.clone(), why), (MySql, both, why)],
    );
    assert_eq!(log.verbs(), verbs);
    session.commit().await.unwrap();
    assert_eq!(select(Ball).count(&engine).await.unwrap(), 0);
}

// --------------------------------------------------------------------------------------------- trees, as SQLAlchemy has

#[tokio::test]
async fn a_tree_is_inserted_level_by_level_and_deleted_leaves_first() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Node]).await;
    let mut session = Session::new(&engine);
    let node = |name: &str| Node::builder().name(name);
    let root = session.add(
        node("1").children([node("2").children([node("4"), node("5")]), node("3").children([node("6"), node("7")])]),
    );
    log.take();
    session.commit().await.unwrap();
    let inserts = log.verbs().iter().filter(|verb| *verb == "INSERT nodes").count();
    assert_eq!(inserts, 3, "one for each level");
    let parents = select((Node.name, Node.parent_id)).order_by(Node.name).all(&engine).await.unwrap();
    let id = |name: usize| Some(name as i64);
    let all = vec![None, id(1), id(1), id(2), id(2), id(3), id(3)];
    let by_name: Vec<Option<i64>> = parents.into_iter().map(|(_, parent)| parent).collect();
    assert_eq!(by_name, all);
    session.delete(root).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Node).filter(Node.parent_id.is_null()).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_child_is_moved_before_its_former_parent_goes() {
    let log = SqlLog::start();
    let engine = echoing(metadata![Node]).await;
    let mut session = Session::new(&engine);
    let old = session.add(Node::builder().name("old").children([Node::builder().name("child")]));
    let new = session.add(Node::builder().name("new"));
    session.commit().await.unwrap();
    session.load(old, Node.children).await.unwrap();
    let child = session.handles(old, Node.children)[0];
    session.link(new, Node.children, child);
    session.delete(old).await.unwrap();
    log.take();
    session.flush().await.unwrap();
    assert_eq!(log.verbs(), ["UPDATE nodes", "DELETE nodes"], "one UPDATE, not one for each parent");
    session.commit().await.unwrap();
    assert_eq!(session[child].parent_id, Some(session[new].id));
}

#[tokio::test]
async fn nothing_changed_is_nothing_sent() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let users = session.query(User).options(selectinload(User.addresses)).all().await.unwrap();
    users.iter().for_each(|&user| session[user].fullname = session[user].fullname.clone());
    assert!(session.dirty().is_empty());
    assert_statements!(engine, 0, session.commit().await.unwrap());
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "doubles", metadata = none)]
struct Double {
    #[orm(primary_key)]
    id: i64,
    number: i64,
    #[orm(computed("number * 2", stored))]
    twice: i64,
}

#[tokio::test]
async fn what_is_assigned_to_a_computed_column_does_not_outlive_the_flush() {
    let engine = echoing(metadata![Double]).await;
    let mut session = Session::new(&engine);
    let double = session.add(Double::builder().number(4));
    session.commit().await.unwrap();
    session.refresh(double).await.unwrap();
    session[double].twice = 99;
    assert_statements!(engine, 0, session.flush().await.unwrap());
    assert_eq!(session[double].twice, 8);
    session[double] = Double { id: session[double].id, number: 5, twice: 0 };
    session.flush().await.unwrap();
    assert_eq!(session[double].twice, 10);
}
