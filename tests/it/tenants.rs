//! Tenants with tables of their own under one set of models, by `schema_translate_map`: whatever is written of a table's
//! schema goes to the tenant's.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use orm::prelude::*;
use orm::schema::{Column, Domain, ForeignKey, Inspector, Sequence, Table};
use orm::{
    ColumnType, Dialect, ErrorKind, ExecutionOptions, JoinMode, Lock, SessionMaker, excluded, func, literal, table,
};

use crate::only;
use crate::support::{
    Address, Keyword, Node, User, UserKeyword, another_on_server, dialect, emails, empty_engine, expected, strategies,
    three_users, tree,
};

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
enum Mood {
    Happy,
    Sad,
}

/// Everything that has a place of its own in DDL.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "posts", metadata = none, comment = "what was said", index(title, mood, name = "by_title"))]
#[orm(check("visits >= 0", name = "ck_visits"))]
struct Post {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20, unique, comment = "in a word")]
    title: String,
    #[orm(default = Mood::Happy)]
    mood: Mood,
    before: Option<Mood>,
    #[orm(default = 0)]
    visits: i64,
    #[orm(secondary("post_tags", "post_id", "tag_word"), back_populates = posts, order_by = word)]
    tags: ManyToMany<Tag>,
    #[orm(back_populates = post)]
    cover: HasOne<Cover>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "tags", metadata = none)]
struct Tag {
    #[orm(primary_key, length = 20)]
    word: String,
    #[orm(secondary("post_tags", "tag_word", "post_id"), back_populates = tags, order_by = id)]
    posts: ManyToMany<Post>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "covers", metadata = none)]
struct Cover {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    picture: String,
    #[orm(foreign_key = Post.id, unique)]
    post_id: Option<i64>,
    #[orm(back_populates = cover)]
    post: BelongsTo<Post>,
}

/// What all tenants have in common.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(schema = "shared", table = "countries", metadata = none)]
struct Country {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    name: String,
    #[orm(primaryjoin = User.name.like(Country.name.concat("%")), viewonly, order_by = id)]
    users: HasMany<User>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "orders", metadata = none)]
struct Order {
    #[orm(primary_key, sequence = "order numbers")]
    id: i64,
    note: String,
}

fn tables() -> MetaData {
    metadata![User, Address, Keyword, UserKeyword, Node, Post, Tag, Cover, Country, Order]
}

/// One engine, and two over the same pool whose tables are in schemas of their own; `shared` is one for both.
struct Tenants {
    engine: Engine,
    seven: Engine,
    nine: Engine,
    /// The names of these schemas, and of the common one.
    names: [String; 3],
    files: Vec<PathBuf>,
}

impl Tenants {
    /// Three schemas without tables.
    async fn empty() -> Tenants {
        let (engine, names, files) = match dialect() {
            Dialect::Sqlite => attached().await,
            _ => (empty_engine().await, [(); 3].map(|()| another_on_server()), Vec::new()),
        };
        let tenant = |name: &str| {
            let map = [(None, name), (Some("shared"), names[2].as_str())];
            engine.execution_options(ExecutionOptions::new().schema_translate_map(map))
        };
        Tenants { seven: tenant(&names[0]), nine: tenant(&names[1]), engine, names, files }
    }

    /// Both tenants with tables.
    async fn new() -> Tenants {
        let tenants = Tenants::empty().await;
        for tenant in tenants.both() {
            tables().create_all(tenant).await.unwrap();
        }
        tenants
    }

    /// Both tenants with three users each, of which those of the second are called otherwise.
    async fn with_users() -> Tenants {
        let tenants = Tenants::new().await;
        for tenant in tenants.both() {
            three_users(tenant).await;
        }
        let renamed = update(User).set(User.name, User.name.concat("-9")).execute(&tenants.nine).await.unwrap();
        let sent = update(Address).set(Address.email, Address.email.concat(".nine")).execute(&tenants.nine).await;
        assert_eq!((renamed, sent.unwrap()), (3, 3));
        tenants
    }

    fn both(&self) -> [&Engine; 2] {
        [&self.seven, &self.nine]
    }
}

impl Drop for Tenants {
    fn drop(&mut self) {
        for file in &self.files {
            for ending in ["", "-journal", "-wal", "-shm"] {
                _ = std::fs::remove_file(format!("{}{ending}", file.display()));
            }
        }
    }
}

/// Files that each connection of SQLite attaches.
async fn attached() -> (Engine, [String; 3], Vec<PathBuf>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = |name: &str| std::env::temp_dir().join(format!("orm-tenants-{}-{number}-{name}", std::process::id()));
    let names = ["tenant_7", "tenant_9", "common"].map(str::to_owned);
    let engine = Engine::new(&format!("sqlite:///{}", file("main").display())).unwrap();
    for name in &names {
        let attach = format!("ATTACH '{}' AS {name}", file(name).display());
        engine.pool().on_connect(move |connection| {
            let attach = attach.clone();
            Box::pin(async move { connection.execute(&attach).await })
        });
    }
    let files = ["main", "tenant_7", "tenant_9", "common"].map(file).to_vec();
    (engine, names, files)
}

/// The endings of the tenants' users.
const ENDINGS: [&str; 2] = ["", "-9"];

fn called(names: &[&str], ending: &str) -> Vec<String> {
    names.iter().map(|name| format!("{name}{ending}")).collect()
}

#[tokio::test]
async fn tables_are_created_and_dropped_where_the_map_says() {
    let tenants = Tenants::empty().await;
    let schemas: Vec<&str> = tenants.names.iter().map(String::as_str).collect();
    let found = async || {
        let inspector = Inspector::of_schemas(&tenants.engine, &schemas).await.unwrap();
        let of = |schema: &str| inspector.table_names().iter().filter(|name| name.starts_with(schema)).count();
        assert!(inspector.table_names().iter().all(|name| name.contains('.')), "{:?}", inspector.table_names());
        schemas.iter().map(|schema| of(&format!("{schema}."))).collect::<Vec<_>>()
    };
    assert_eq!(found().await, [0, 0, 0]);
    tables().create_all(&tenants.seven).await.unwrap();
    assert_eq!(found().await, [10, 0, 1]);
    // What is there is there, and what is in another schema is not.
    tables().create_all(&tenants.seven).await.unwrap();
    tables().create_all(&tenants.nine).await.unwrap();
    assert_eq!(found().await, [10, 10, 1]);
    for tenant in tenants.both() {
        tables().check(tenant).await.unwrap();
    }
    let inspector = Inspector::of_schemas(&tenants.engine, &schemas).await.unwrap();
    let posts = inspector.table(&format!("{}.posts", schemas[1])).unwrap();
    assert!(posts.indexes.iter().any(|index| index.name.as_deref() == Some("by_title")), "{posts}");
    let covers = inspector.table(&format!("{}.covers", schemas[1])).unwrap();
    assert_eq!(covers.foreign_keys[0].target_schema.as_deref(), Some(schemas[1]));
    if dialect() != Dialect::Sqlite {
        assert_eq!(posts.comment.as_deref(), Some("what was said"));
        assert_eq!(posts.find_column("title").unwrap().comment.as_deref(), Some("in a word"));
    }
    metadata![User, Address, Keyword, UserKeyword, Node, Post, Tag, Cover, Order]
        .drop_all(&tenants.nine)
        .await
        .unwrap();
    assert_eq!(found().await, [10, 0, 1]);
    tables().drop_all(&tenants.seven).await.unwrap();
    assert_eq!(found().await, [0, 0, 0]);
    let left = Inspector::of_schemas(&tenants.engine, &schemas).await.unwrap();
    assert!(left.enums().is_empty() && left.sequences().is_empty(), "{:?} {:?}", left.enums(), left.sequences());
}

#[tokio::test]
async fn queries_read_the_tables_of_their_tenant() {
    let tenants = Tenants::with_users().await;
    // SQLite looks for a table without a database in all that are attached.
    let found = select(User).all(&tenants.engine).await;
    assert_eq!(found.is_ok(), dialect() == Dialect::Sqlite, "there is no such table without the map");
    // Twice, so that what was compiled is found again.
    for _ in 0..2 {
        for (tenant, ending) in tenants.both().into_iter().zip(ENDINGS) {
            let by_name = select(User.name).order_by(User.id);
            assert_eq!(by_name.all(tenant).await.unwrap(), called(&["ed", "wendy", "fred"], ending));
            let ed = select(User).filter(User.name.eq(format!("ed{ending}")));
            assert_eq!(ed.one(tenant).await.unwrap().id, 1);
            assert_eq!(select(User).count(tenant).await.unwrap(), 3);
            assert_eq!(select(User).filter(User.name.like("%-9")).exists(tenant).await.unwrap(), !ending.is_empty());
            assert!(!select(User.name).filter(User.id.eq(1)).explain(tenant).await.unwrap().is_empty());

            let joined = select((User.name, Address.email)).join(User.addresses).order_by(Address.id).limit(1);
            let email = if ending.is_empty() { "ed@x.org" } else { "ed@x.org.nine" };
            assert_eq!(joined.all(tenant).await.unwrap(), [(format!("ed{ending}"), email.to_owned())]);
            let other = User.alias("other");
            let pairs = select((User.name, other.name)).join_from_on(User, other, other.id.eq(User.id + 1));
            assert_eq!(pairs.order_by(User.id).all(tenant).await.unwrap().len(), 2);

            let exists = func::exists(select(Address.id).filter(Address.user_id.eq(User.id)));
            let with_mail = select(User.name).filter(exists).order_by(User.id);
            assert_eq!(with_mail.all(tenant).await.unwrap(), called(&["ed", "wendy"], ending));
            let blue = select(User.name).filter(User.keywords.any(Keyword.word.eq("blue"))).order_by(User.id);
            assert_eq!(blue.all(tenant).await.unwrap(), called(&["ed", "wendy"], ending));

            let mails = select((Address.user_id, Address.email)).filter(Address.id.gt(1)).cte("mails");
            let of_cte = select(User.name).join_on(&mails, mails.0.eq(User.id)).order_by((User.id, mails.1));
            assert_eq!(of_cte.all(tenant).await.unwrap(), called(&["ed", "wendy"], ending));
            let set = select(User.name).union(select(Keyword.word)).count(tenant).await.unwrap();
            assert_eq!(set, 5);
            let many =
                select(User.name).filter(User.name.in_((0..50).map(|n| format!("ed{}", ["", "-9", "x"][n % 3]))));
            assert_eq!(many.all(tenant).await.unwrap(), called(&["ed"], ending));
        }
    }
}

#[tokio::test]
async fn a_tree_is_walked_within_its_tenant() {
    let tenants = Tenants::new().await;
    for tenant in tenants.both() {
        tree(tenant).await;
    }
    delete(Node).filter(Node.name.in_(["b1", "b2"])).execute(&tenants.nine).await.unwrap();
    for (tenant, expected) in tenants.both().into_iter().zip([7, 5]) {
        let below = select((Node.id, literal(0i32).label("depth")))
            .filter(Node.name.eq("root"))
            .cte("below")
            .union_all(|below| select((Node.id, below.1 + 1)).join_on(below, Node.parent_id.eq(below.0)));
        let rows = select((Node.name, below.1)).join_on(&below, below.0.eq(Node.id));
        assert_eq!(rows.all(tenant).await.unwrap().len(), expected);
    }
}

#[tokio::test]
async fn every_strategy_loads_from_its_tenant() {
    let tenants = Tenants::with_users().await;
    for _ in 0..2 {
        for (tenant, ending) in tenants.both().into_iter().zip([".nine"].into_iter().chain([""]).rev()) {
            for (members, keywords) in strategies(User.addresses).into_iter().zip(strategies(User.keywords)) {
                let query = select(User).order_by(User.id).options((members, keywords)).limit(2);
                let users: Vec<User> = query.clone().all(tenant).await.unwrap();
                let mails = ["ed@x.org", "ed@y.org"].map(|mail| format!("{mail}{ending}"));
                assert_eq!(emails(&users[0]), mails.each_ref().map(String::as_str));
                assert_eq!((users[0].keywords.len(), users[1].keywords.len()), (2, 1));
                let mut session = Session::new(tenant);
                let found = query.all(&mut session).await.unwrap();
                assert_eq!(session.related(found[0], User.addresses).count(), 2);
                assert!(session.related(found[0], User.addresses).all(|(_, one)| one.email.ends_with(&mails[1][8..])));
            }
            let mut session = Session::new(tenant);
            let users = session.query(User).order_by(User.id).all().await.unwrap();
            session.load(&users, User.addresses).await.unwrap();
            let first = session.handles(users[0], User.addresses)[0];
            assert_eq!(session[first].email, format!("ed@x.org{ending}"));
            assert_eq!(session.count(users[0], User.keywords).await.unwrap(), 2);
        }
    }
}

#[tokio::test]
async fn statements_write_the_tables_of_their_tenant() {
    let tenants = Tenants::new().await;
    for (round, tenant) in tenants.both().into_iter().chain(tenants.both()).enumerate() {
        let round = round as i64;
        let name = |n: i64| format!("user {}", round * 10 + n);
        let rows = (0..9).map(|n| User::builder().name(name(n)));
        assert_eq!(insert(User).values(rows).execute(tenant).await.unwrap(), 9);
        let ids: Vec<i64> =
            insert(User).values(User::builder().name(name(9))).returning(User.id).all(tenant).await.unwrap();
        assert_eq!(ids.len(), 1);
        let changed = update(User).set(User.fullname, User.name.concat("!")).filter(User.name.eq(name(9)));
        if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
            assert_eq!(changed.execute(tenant).await.unwrap(), 1);
        } else {
            let found: Vec<Option<String>> = changed.returning(User.fullname).all(tenant).await.unwrap();
            assert_eq!(found, [Some(format!("{}!", name(9)))]);
        }

        let copied = select((User.name.concat("@x.org"), User.id)).filter(User.id.eq(ids[0]));
        let copied = insert(Address).from_select((Address.email, Address.user_id), copied);
        assert_eq!(copied.execute(tenant).await.unwrap(), 1);
        let joined = update(Address).set(Address.email, User.name).join(Address.user).filter(User.id.eq(ids[0]));
        assert_eq!(joined.execute(tenant).await.unwrap(), 1);
        assert_eq!(select(Address.email).filter(Address.user_id.eq(ids[0])).one(tenant).await.unwrap(), name(9));
        let gone = delete(Address).join(Address.user).filter(User.id.eq(ids[0])).execute(tenant).await.unwrap();
        assert_eq!(gone, 1);
        let others = select(Address.user_id);
        let gone = delete(User).filter(User.name.eq(name(9)) & !User.id.in_(others)).execute(tenant).await.unwrap();
        assert_eq!(gone, 1);
    }
    for tenant in tenants.both() {
        assert_eq!(select(User).count(tenant).await.unwrap(), 18);
    }
}

#[tokio::test]
async fn an_upsert_sees_the_row_of_its_tenant() {
    let tenants = Tenants::new().await;
    let post = |visits: i64| Post::builder().title("one").visits(visits);
    for (tenant, visits) in [&tenants.seven, &tenants.nine, &tenants.seven].into_iter().zip([1, 10, 100]) {
        insert(Post)
            .values(post(visits))
            .on_conflict(Post.title)
            .set(Post.visits, Post.visits + excluded(Post.visits))
            .do_update(Post.mood)
            .execute(tenant)
            .await
            .unwrap();
    }
    for (tenant, visits) in tenants.both().into_iter().zip([101, 10]) {
        assert_eq!(select((Post.title, Post.visits)).all(tenant).await.unwrap(), [("one".to_owned(), visits)]);
        let error = insert(Post).values(post(0)).execute(tenant).await.unwrap_err();
        assert!(error.is_unique_violation(), "{error}");
        assert_eq!(error.columns(), ["title"]);
    }
}

#[tokio::test]
async fn a_session_flushes_gets_and_refreshes_in_its_tenant() {
    let tenants = Tenants::new().await;
    for (tenant, ending) in tenants.both().into_iter().zip(ENDINGS) {
        let mut session = Session::new(tenant);
        let [rust, sql] = ["rust", "sql"].map(|word| session.add(Tag::builder().word(word)));
        let covered = Post::builder().title(format!("first{ending}")).mood(Mood::Sad);
        let first = session.add(covered.tags([rust, sql]).cover(Cover::builder().picture("a house")));
        let rest = ["a", "b", "c", "d", "e"].map(|title| session.add(Post::builder().title(title).tags([sql])));
        let user = User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]);
        let user = session.add(user.keywords([Keyword::builder().word("red")]));
        session.commit().await.unwrap();
        // Generated keys have come back.
        let mut ids: Vec<i64> = rest.iter().chain([&first]).map(|&post| session[post].id).collect();
        ids.sort_unstable();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
        session[first].visits = 5;
        session[first].before = Some(Mood::Happy);
        session.unlink(rest[0], Post.tags, sql);
        session.link(rest[0], Post.tags, rust);
        session[user].fullname = Some("Ed".into());
        session.commit().await.unwrap();
        session.refresh(first).await.unwrap();
        assert_eq!((session[first].visits, session[first].mood), (5, Mood::Sad));
        let id = session[first].id;
        session.commit().await.unwrap();

        let mut other = Session::new(tenant);
        let found = other.get_one(Post, id).await.unwrap();
        assert_eq!(other[found].title, format!("first{ending}"));
        other.load(found, Post.cover).await.unwrap();
        other.load(found, Post.tags).await.unwrap();
        assert_eq!(other.handles(found, Post.tags).len(), 2);
        other.delete(found).await.unwrap();
        other.commit().await.unwrap();
        assert_eq!(select(Post).count(tenant).await.unwrap(), 5);
        assert_eq!(select(Cover.post_id).one(tenant).await.unwrap(), None, "the cover has no post any more");
        let tagged = select(Post.title).join(Post.tags).filter(Tag.word.eq("rust"));
        assert_eq!(tagged.all(tenant).await.unwrap(), ["a"]);
    }
}

#[tokio::test]
async fn a_row_that_is_gone_is_missed_in_its_tenant_alone() {
    let tenants = Tenants::new().await;
    for tenant in tenants.both() {
        insert(Post).values(Post::builder().title("one")).execute(tenant).await.unwrap();
    }
    let mut session = SessionMaker::new(&tenants.seven).expire_on_commit(false).session();
    let post = session.query(Post).one().await.unwrap();
    session.commit().await.unwrap();
    session[post].visits = 1;
    assert_eq!(delete(Post).execute(&tenants.nine).await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!(select(Post.visits).one(&tenants.seven).await.unwrap(), 1);
    session[post].visits = 2;
    assert_eq!(delete(Post).execute(&tenants.seven).await.unwrap(), 1);
    assert!(session.commit().await.unwrap_err().is_stale_data());
}

#[tokio::test]
async fn rows_in_bulk_go_to_their_tenant() {
    let tenants = Tenants::new().await;
    for (tenant, count) in tenants.both().into_iter().zip([300, 200]) {
        let mut session = SessionMaker::new(tenant).session();
        let rows = (0..count).map(|n| Post::builder().title(format!("post {n}")).before(Mood::Sad));
        assert_eq!(session.bulk_insert(rows).await.unwrap(), count);
        let mut posts = session.query(Post).all().await.unwrap();
        posts.truncate(150);
        session.commit().await.unwrap();
        let mut values = select(Post).order_by(Post.id).limit(150).all(tenant).await.unwrap();
        values.iter_mut().for_each(|post| (post.visits, post.mood) = (7, Mood::Sad));
        assert_eq!(session.bulk_update((Post.visits, Post.mood), values).await.unwrap(), 150);
        session.commit().await.unwrap();
        // The session's own batches.
        let all = session.query(Post).filter(Post.visits.eq(7)).all().await.unwrap();
        for &post in &all {
            session[post].visits += 1;
            session[post].before = None;
        }
        for n in 0..100 {
            session.add(Post::builder().title(format!("new {n}")).mood(Mood::Happy));
        }
        session.commit().await.unwrap();
    }
    for (tenant, count) in tenants.both().into_iter().zip([400, 300]) {
        assert_eq!(select(Post).count(tenant).await.unwrap(), count);
        assert_eq!(select(Post).filter(Post.visits.eq(8) & Post.mood.eq(Mood::Sad)).count(tenant).await.unwrap(), 150);
        assert_eq!(select(Post).filter(Post.before.is_null()).count(tenant).await.unwrap(), 250);
        let mut stream = tenant.stream(select(Post.id).order_by(Post.id)).await.unwrap();
        let mut read = 0;
        while stream.next().await.unwrap().is_some() {
            read += 1;
        }
        assert_eq!(read, count);
        let mut session = Session::new(tenant);
        let mut chunks = select(Post).order_by(Post.id).yield_per(64);
        let mut read = 0;
        while let Some(chunk) = chunks.next(&mut session).await.unwrap() {
            read += chunk.len() as u64;
        }
        assert_eq!(read, count);
    }
}

#[tokio::test]
async fn text_and_returning_give_objects_of_a_table_in_a_schema() {
    let tenants = Tenants::with_users().await;
    for (tenant, (ending, name)) in tenants.both().into_iter().zip(ENDINGS.into_iter().zip(&tenants.names)) {
        let sql = format!("SELECT * FROM {name}.users WHERE id > :id ORDER BY id");
        let users = text(sql).bind("id", 1).columns_of(User).all(tenant).await.unwrap();
        assert_eq!(users[0].name, format!("wendy{ending}"));
        if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
            continue;
        }
        let count = select(func::count(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
        let changed = update(User).set(User.active, true).filter(User.id.eq(1)).returning((User.name, count));
        assert_eq!(changed.all(tenant).await.unwrap(), [(format!("ed{ending}"), Some(2))]);
        let joined = update(Address).set(Address.email, "gone").join(Address.user).filter(User.id.eq(2));
        assert_eq!(joined.returning(Address.email).all(tenant).await.unwrap(), ["gone"]);
    }
}

#[tokio::test]
async fn a_schema_that_is_named_has_a_place_of_its_own() {
    let tenants = Tenants::with_users().await;
    insert(Country).values(["e", "w"].map(|name| Country::builder().name(name))).execute(&tenants.seven).await.unwrap();
    for (tenant, ending) in tenants.both().into_iter().zip(ENDINGS) {
        let joined = select((Country.name, User.name)).join(Country.users).order_by((Country.id, User.id));
        let expected = [("e".to_owned(), format!("ed{ending}")), ("w".to_owned(), format!("wendy{ending}"))];
        assert_eq!(joined.all(tenant).await.unwrap(), expected);
        for path in strategies(Country.users) {
            let found: Vec<Country> = select(Country).order_by(Country.id).options(path).all(tenant).await.unwrap();
            assert_eq!(found[0].users.get()[0].name, format!("ed{ending}"));
        }
        let mut session = Session::new(tenant);
        let country = session.get_one(Country, 1).await.unwrap();
        assert_eq!(session.refresh(country).await.map(|()| session[country].name.clone()).unwrap(), "e");
    }
}

#[tokio::test]
async fn labels_have_the_type_of_their_tenant() {
    let tenants = Tenants::new().await;
    for tenant in tenants.both() {
        let rows = [Mood::Happy, Mood::Sad].map(|mood| Post::builder().title(format!("{mood:?}")).mood(mood));
        insert(Post).values(rows).execute(tenant).await.unwrap();
    }
    // Only the second tenant's type has the label that the first one's is about to lose.
    if dialect() == Dialect::Postgres {
        let rename = format!("ALTER TYPE {}.mood RENAME VALUE 'Sad' TO 'Gone'", tenants.names[0]);
        text(rename).execute(&tenants.engine).await.unwrap();
        let error = update(Post).set(Post.mood, Mood::Sad).execute(&tenants.seven).await.unwrap_err();
        assert!(error.to_string().contains("Sad"), "{error}");
    }
    let tenant = &tenants.nine;
    let sad = select(Post.title).filter(Post.mood.eq(Mood::Sad));
    assert_eq!(sad.all(tenant).await.unwrap(), ["Sad"]);
    let among = select(Post).filter(Post.mood.in_([Mood::Sad, Mood::Happy]));
    assert_eq!(among.count(tenant).await.unwrap(), 2);
    let cased = func::case(Post.visits.gt(0), Mood::Sad).otherwise(Mood::Happy);
    assert_eq!(select(cased).limit(1).all(tenant).await.unwrap(), [Mood::Happy]);
    let cast = select(Post.mood).filter(Post.title.cast::<Mood>().eq(Mood::Sad));
    assert_eq!(cast.all(tenant).await.unwrap(), [Mood::Sad]);
    let mut session = Session::new(tenant);
    let post = session.query(Post).filter(Post.mood.eq(Mood::Sad)).one().await.unwrap();
    session[post].before = Some(Mood::Sad);
    session[post].mood = Mood::Happy;
    session.commit().await.unwrap();
    assert_eq!(select(Post.before).filter(Post.title.eq("Sad")).one(tenant).await.unwrap(), Some(Mood::Sad));
    let by_hand = Table::of_model(Post).unwrap();
    by_hand.insert().set("title", "hand").set("mood", "Sad").set("visits", 1).execute(tenant).await.unwrap();
    assert_eq!(sad_titles(tenant).await, ["hand"]);
}

async fn sad_titles(tenant: &Engine) -> Vec<String> {
    select(Post.title).filter(Post.mood.eq(Mood::Sad)).all(tenant).await.unwrap()
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "hosts", metadata = none, sqlite(autoincrement))]
struct Host {
    #[orm(primary_key)]
    id: i64,
    address: std::net::IpAddr,
}

/// A type of PostgreSQL's own is in no schema of the map, and a key that was given once is never given again.
#[tokio::test]
async fn addresses_and_keys_that_are_never_given_again() {
    let tenants = Tenants::empty().await;
    for tenant in tenants.both() {
        metadata![Host].create_all(tenant).await.unwrap();
        let host = |n: u8| Host::builder().address(std::net::IpAddr::from([10, 0, 0, n]));
        let mut session = Session::new(tenant);
        let hosts = [1, 2, 3].map(|n| session.add(host(n)));
        session.commit().await.unwrap();
        session.delete(hosts[2]).await.unwrap();
        session.commit().await.unwrap();
        let more = [4, 5].map(|n| session.add(host(n)));
        session.commit().await.unwrap();
        let mut ids = more.map(|host| session[host].id);
        ids.sort_unstable();
        assert_eq!(ids, [4, 5]);
        let address = std::net::IpAddr::from([10, 0, 0, 2]);
        assert_eq!(select(Host.id).filter(Host.address.eq(address)).all(tenant).await.unwrap(), [2]);
        let among = select(Host.id).filter(Host.address.in_([address, std::net::IpAddr::from([10, 0, 0, 1])]));
        assert_eq!(among.count(tenant).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn rows_are_locked_in_their_tenant() {
    only!(Postgres | MariaDb | MySql);
    let tenants = Tenants::with_users().await;
    for (tenant, ending) in tenants.both().into_iter().zip(ENDINGS) {
        let mut session = Session::new(tenant);
        let user = session.get_for_update(User, 1).await.unwrap();
        assert_eq!(user.map(|user| session[user].name.clone()), Some(format!("ed{ending}")));
        session.rollback().await.unwrap();
        if dialect() == Dialect::Postgres {
            let locked = select(User.name).join(User.addresses).lock(Lock::update().of(User)).order_by(Address.id);
            assert_eq!(locked.all(&mut session).await.unwrap().len(), 3);
            session.rollback().await.unwrap();
        }
    }
}

#[tokio::test]
async fn sequences_count_for_their_tenant() {
    let tenants = Tenants::new().await;
    for (tenant, count) in tenants.both().into_iter().zip([1, 7]) {
        let mut session = Session::new(tenant);
        let orders: Vec<_> = (0..count).map(|n| session.add(Order::builder().note(format!("{n}")))).collect();
        session.commit().await.unwrap();
        let mut ids: Vec<i64> = orders.iter().map(|&order| session[order].id).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=count).collect::<Vec<i64>>());
    }
    insert(Order).values(Order::builder().note("last")).execute(&tenants.seven).await.unwrap();
    assert_eq!(select(func::max(Order.id)).one(&tenants.seven).await.unwrap(), Some(2));
    only!(Postgres | MariaDb);
    let next = || Sequence::new("order numbers").next_value();
    for (tenant, expected) in [(&tenants.nine, 8), (&tenants.seven, 3), (&tenants.nine, 9)] {
        assert_eq!(select(next()).one(tenant).await.unwrap(), expected);
    }
    let counters =
        MetaData::new().sequence(Sequence::new("counter").start(5)).sequence(Sequence::new("all").schema("shared"));
    for tenant in tenants.both() {
        counters.create_all(tenant).await.unwrap();
        assert_eq!(select(func::next_value("counter")).one(tenant).await.unwrap(), 5);
    }
    let all = || select(Sequence::new("all").schema("shared").next_value());
    assert_eq!((all().one(&tenants.seven).await.unwrap(), all().one(&tenants.nine).await.unwrap()), (1, 2));
}

#[tokio::test]
async fn tables_by_hand_are_a_tenants_too() {
    let tenants = Tenants::empty().await;
    let id = || Column::new("id", ColumnType::BigInteger).generated();
    let owners =
        Table::new("owners").column(id()).column(Column::new("name", ColumnType::String(20))).primary_key(["id"]);
    let amount = ColumnType::domain("amount", ColumnType::Integer);
    let bills = Table::new("bills")
        .column(id())
        .column(Column::new("owner_id", ColumnType::BigInteger))
        .column(Column::new("sum", amount.clone()))
        .primary_key(["id"])
        .foreign_key(ForeignKey::new(["owner_id"], "owners", ["id"]))
        .index(["sum"]);
    let domain = Domain::new("amount", ColumnType::Integer).check("VALUE >= 0");
    let metadata = MetaData::new().domain(domain).table(bills.clone()).table(owners.clone());
    for tenant in tenants.both() {
        metadata.create_all(tenant).await.unwrap();
        metadata.check(tenant).await.unwrap();
        owners.insert().set("name", "ed").next_row().set("name", "wendy").execute(tenant).await.unwrap();
        bills.insert().set("owner_id", 2).set("sum", 7).execute(tenant).await.unwrap();
    }
    let name = owners.c::<String>("name");
    let changed = owners.update().set("name", "edward").filter(name.clone().eq("ed")).execute(&tenants.nine);
    assert_eq!(changed.await.unwrap(), 1);
    for (tenant, first) in tenants.both().into_iter().zip(["ed", "edward"]) {
        assert_eq!(select(name.clone()).order_by(owners.c::<i64>("id")).all(tenant).await.unwrap(), [first, "wendy"]);
        let error = bills.insert().set("owner_id", 5).set("sum", 1).execute(tenant).await.unwrap_err();
        assert!(error.is_foreign_key_violation(), "{error}");
        let gone = owners.delete().filter(name.clone().eq(first)).execute(tenant).await.unwrap();
        assert_eq!(gone, 1);
    }
    bills.drop(&tenants.nine).await.unwrap();
    owners.drop(&tenants.nine).await.unwrap();
    assert!(select(name.clone()).all(&tenants.nine).await.is_err());
    assert_eq!(select(name.clone()).all(&tenants.seven).await.unwrap(), ["wendy"]);
    owners.create(&tenants.nine).await.unwrap();
    owners.create(&tenants.nine).await.unwrap();
    assert!(select(name).all(&tenants.nine).await.unwrap().is_empty());
}

#[tokio::test]
async fn tasks_of_many_tenants_run_at_once() {
    let tenants = Tenants::new().await;
    let mut tasks = Vec::new();
    for (number, tenant) in tenants.both().into_iter().cloned().enumerate() {
        for task in 0..4 {
            let tenant = tenant.clone();
            tasks.push(tokio::spawn(async move {
                for round in 0..5 {
                    let name = format!("{number} {task} {round}");
                    let mut session = Session::new(&tenant);
                    let saved =
                        User::builder().name(name.as_str()).addresses([Address::builder().email(name.as_str())]);
                    session.add(saved);
                    session.commit().await.unwrap();
                    let query = select(User).filter(User.name.eq(name.as_str())).options(selectinload(User.addresses));
                    let found: User = query.one(&tenant).await.unwrap();
                    assert_eq!(emails(&found), [name.as_str()]);
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    for (number, tenant) in tenants.both().into_iter().enumerate() {
        let names = select(User.name).all(tenant).await.unwrap();
        assert_eq!(names.len(), 20);
        assert!(names.iter().all(|name| name.starts_with(&number.to_string())), "{names:?}");
    }
}

#[tokio::test]
async fn a_connection_a_call_and_a_transaction_have_maps_of_their_own() {
    let tenants = Tenants::with_users().await;
    let map = |name: &str| ExecutionOptions::new().schema_translate_map([(None, name)]);
    let first = || select(User.name).filter(User.id.eq(1));
    let mut connection = tenants.seven.connect().await.unwrap();
    assert_eq!(first().one(&mut connection).await.unwrap(), "ed");
    let mut lent = connection.with_options(map(&tenants.names[1])).unwrap();
    assert_eq!(first().one(&mut *lent).await.unwrap(), "ed-9");
    drop(lent);
    assert_eq!(first().one(&mut connection).await.unwrap(), "ed");
    connection.execution_options(map(&tenants.names[1])).unwrap();
    assert_eq!(first().one(&mut connection).await.unwrap(), "ed-9");
    // The whole map was replaced: it says nothing of `shared` any more.
    assert!(select(Country).all(&mut connection).await.is_err());
    connection.rollback().await.unwrap();
    let mut savepoint = connection.begin_nested().await.unwrap();
    assert_eq!(update(User).set(User.name, "x").filter(User.id.eq(1)).execute(&mut savepoint).await.unwrap(), 1);
    savepoint.rollback().await.unwrap();
    let mut session = Session::join(connection, JoinMode::default());
    let user = session.get_one(User, 1).await.unwrap();
    assert_eq!(session[user].name, "ed-9");
    session.rollback().await.unwrap();
    drop(session);
    let mut transaction = tenants.nine.begin().await.unwrap();
    assert_eq!(first().one(&mut transaction).await.unwrap(), "ed-9");
    transaction.rollback().await.unwrap();
    // An empty map translates nothing.
    let plain = tenants.nine.execution_options(ExecutionOptions::new().schema_translate_map([(None, ""); 0]));
    assert_eq!(first().one(&plain).await.is_ok(), dialect() == Dialect::Sqlite);
    let unkept = tenants.nine.execution_options(ExecutionOptions::new().compiled_cache(false));
    assert_eq!(first().one(&unkept).await.unwrap(), "ed-9");
    // Text is left as it stands, and so is a table of which only names are known. SQLite finds the first tenant's.
    let is_sqlite = dialect() == Dialect::Sqlite;
    let found = text("SELECT name FROM users WHERE id = 1").columns::<String>().all(&tenants.nine).await.ok();
    assert_eq!(found, is_sqlite.then(|| vec!["ed".to_owned()]));
    let light = table("users", [orm::column("name")]);
    let found = select(light.c::<String>("name")).limit(1).all(&tenants.nine).await.ok();
    assert_eq!(found, is_sqlite.then(|| vec!["ed".to_owned()]));
    let light = light.schema(&tenants.names[1]);
    assert_eq!(select(light.c::<String>("name")).all(&tenants.seven).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_empty_name_is_an_error() {
    let engine = empty_engine().await;
    let words = "`schema_translate_map` has an empty name of a schema: `None` -> ``";
    let options = ExecutionOptions::new().schema_translate_map([(None, "")]);
    let wrong = engine.execution_options(options.clone());
    let errors = [
        select(User).all(&wrong).await.unwrap_err(),
        metadata![User].create_all(&wrong).await.unwrap_err(),
        metadata![User].drop_all(&wrong).await.unwrap_err(),
        metadata![User].check(&wrong).await.unwrap_err(),
        Table::of_model(User).unwrap().create(&wrong).await.unwrap_err(),
        engine.connect().await.unwrap().execution_options(options.clone()).unwrap_err(),
        Engine::builder("sqlite::memory:").execution_options(options).build().unwrap_err(),
        metadata![User].schema_translate_map([(None, "")]).tables().unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Argument, words));
    }
    let mut session = Session::new(&wrong);
    session.add(User::builder().name("ed"));
    assert_eq!(session.commit().await.unwrap_err().message(), words);
    let twice = MetaData::new().table(Table::new("t").schema("a")).table(Table::new("t"));
    let error = twice.schema_translate_map([(Some("a"), None::<&str>)]).tables().unwrap_err();
    assert_eq!(error.message(), "`schema_translate_map` makes the tables `a.t` and `t` one table, `t`");
}

#[tokio::test]
async fn a_tenant_is_compared_and_migrated_alone() {
    let tenants = Tenants::new().await;
    let [seven, nine, common] = tenants.names.each_ref().map(String::as_str);
    let map = [(None, nine), (Some("shared"), common)];
    let wanted = tables().table(Table::new("more").column(Column::new("word", ColumnType::String(20))));
    let wanted = wanted.schema_translate_map(map);
    let found = MetaData::reflect_schemas(&tenants.engine, &[nine, common]).await.unwrap();
    let diff = wanted.diff(&found).unwrap();
    assert_eq!(diff.to_string(), format!("create table `{nine}.more`"));
    diff.execute(&tenants.nine).await.unwrap();
    wanted.check(&tenants.engine).await.unwrap();
    wanted.check(&tenants.nine).await.unwrap();
    let error = tables().check(&tenants.nine).await.unwrap_err().to_string();
    assert!(error.contains(&format!("drop table `{nine}.more`")), "{error}");
    tables().check(&tenants.seven).await.unwrap();
    let found = MetaData::reflect_schemas(&tenants.engine, &[seven]).await.unwrap();
    assert!(found.tables().unwrap().iter().all(|table| table.name != "more"));
}

#[tokio::test]
async fn the_text_that_is_sent_is_told() {
    let tenants = Tenants::empty().await;
    let error = select(User.name).filter(User.id.eq(1)).all(&tenants.seven).await.unwrap_err();
    let name = &tenants.names[0];
    let usual = format!("SELECT {name}.users.name FROM {name}.users WHERE {name}.users.id = ?");
    let numbered = usual.replace('?', "$1");
    assert_eq!(error.statement(), Some(expected(&*usual, [(Dialect::Postgres, &*numbered, "its placeholders")])));
}
