//! Queries and what they give.

use orm::prelude::*;
use orm::{Dialect, ErrorKind, literal};

use crate::support::{Address, Node, User, UserKeyword, dialect, engine, two_users};

#[tokio::test]
async fn every_terminal_gives_what_it_says() {
    let engine = engine().await;
    two_users(&engine).await;
    let by_name = || select(User).order_by(User.name.asc());
    let users: Vec<User> = by_name().all(&engine).await.unwrap();
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ed", "wendy"]);
    assert_eq!(by_name().first(&engine).await.unwrap().unwrap().name, "ed");
    assert_eq!(select(User).filter(User.name.eq("nobody")).first(&engine).await.unwrap(), None);
    assert_eq!(select(User).filter(User.name.eq("ed")).one(&engine).await.unwrap().id, 1);
    assert_eq!(select(User.id).filter(User.name.eq("x")).one_or_none(&engine).await.unwrap(), None);
    assert_eq!(select(User.fullname).filter(User.name.eq("ed")).scalar(&engine).await.unwrap().unwrap(), "Ed Jones");
    assert_eq!(select(User.fullname).filter(User.name.eq("wendy")).scalar(&engine).await.unwrap(), None);
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
    assert_eq!(select(User).limit(1).count(&engine).await.unwrap(), 1);
    assert!(select(User).filter(User.active).exists(&engine).await.unwrap());
    assert!(!select(User).filter(User.id.gt(100)).exists(&engine).await.unwrap());
    assert!(select(User).explain(&engine).await.unwrap().contains("users"));
}

#[tokio::test]
async fn one_tells_none_from_many() {
    let engine = engine().await;
    two_users(&engine).await;
    let none = select(User).filter(User.id.eq(9)).one(&engine).await.unwrap_err();
    assert_eq!((none.kind(), none.message()), (&ErrorKind::NoResultFound, "no row was found when one was required"));
    let many = select(User).one(&engine).await.unwrap_err();
    assert_eq!(*many.kind(), ErrorKind::MultipleResultsFound);
    assert_eq!(many.message(), "multiple rows were found when exactly one was required");
    let many = select(User).one_or_none(&engine).await.unwrap_err();
    assert_eq!(many.message(), "multiple rows were found when one or none was required");
}

#[tokio::test]
async fn what_runs_a_statement_decides_what_comes_out() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let values: Vec<User> = select(User).all(&mut connection).await.unwrap();
    let mut transaction = engine.begin().await.unwrap();
    assert_eq!(select(User).all(&mut transaction).await.unwrap(), values);
    let mut session = Session::new(&engine);
    let handles: Vec<Handle<User>> = select(User).all(&mut session).await.unwrap();
    assert_eq!(session.iter(&handles).map(|user| user.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(session.all(select(User)).await.unwrap(), handles);
    assert_eq!(session.scalars(select(User.name)).await.unwrap(), ["ed", "wendy"]);
    assert_eq!(select(User).all(session.connection().await.unwrap()).await.unwrap(), values);
}

#[tokio::test]
async fn joins_follow_relationships() {
    let engine = engine().await;
    two_users(&engine).await;
    let pairs: Vec<(String, String)> =
        select((User.name, Address.email)).join(User.addresses).order_by(Address.id.asc()).all(&engine).await.unwrap();
    assert_eq!(pairs.len(), 3);
    assert_eq!(pairs[2], ("wendy".to_owned(), "wendy@x.org".to_owned()));
    let counts: Vec<(String, i64)> = select((User.name, func::count(Address.id)))
        .outerjoin(User.addresses)
        .group_by(User.name)
        .having(func::count(Address.id).gt(1))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(counts, [("ed".to_owned(), 2)]);
}

#[tokio::test]
async fn an_outer_join_gives_none_where_it_finds_nothing() {
    let engine = engine().await;
    two_users(&engine).await;
    insert(User).values(User::builder().name("fred")).execute(&engine).await.unwrap();
    let rows: Vec<(User, Option<Address>)> = select((User, optional(Address)))
        .outerjoin(User.addresses)
        .order_by((User.id, Address.id))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0].1.as_ref().map(|address| address.email.as_str()), Some("ed@x.org"));
    assert_eq!((rows[3].0.name.as_str(), &rows[3].1), ("fred", &None));
    let mut session = Session::new(&engine);
    let handles: Vec<(Handle<User>, Option<Handle<Address>>)> =
        select((User, optional(Address))).outerjoin(User.addresses).order_by(User.id).all(&mut session).await.unwrap();
    assert_eq!(handles[0].0, handles[1].0);
    assert!(handles[3].1.is_none());
}

#[tokio::test]
async fn what_an_outer_join_may_miss_must_be_optional() {
    let engine = engine().await;
    let error = select((User.name, Address.email)).outerjoin(User.addresses).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Compile);
    assert_eq!(
        error.to_string(),
        "column `Address.email` comes from an outer join and may be NULL\n\
         hint: select `optional(Address.email)`, which gives an `Option`"
    );
    let error = select((User, Address)).outerjoin(User.addresses).all(&engine).await.unwrap_err();
    assert!(error.to_string().contains("`Address` comes from an outer join"), "{error}");
    let error = select(Address.id + 1).outerjoin(User.addresses).all(&engine).await.unwrap_err();
    assert!(error.to_string().contains("`Address.id`"), "{error}");
}

#[tokio::test]
async fn a_table_joins_itself_under_an_alias() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    session.add(Node::builder().name("root").children([Node::builder().name("leaf")]));
    session.commit().await.unwrap();
    let parent = Node.alias("parent");
    let query = select((Node.name, parent.name)).join(Node.parent.of(parent));
    assert_eq!(
        query.to_sql(Dialect::Sqlite),
        "SELECT nodes.name, parent.name FROM nodes JOIN nodes AS parent ON nodes.parent_id = parent.id"
    );
    assert_eq!(query.all(&engine).await.unwrap(), [("leaf".to_owned(), "root".to_owned())]);
    let on = select((Node.name, parent.name)).join_on(parent, Node.parent_id.eq(parent.id));
    assert_eq!(on.count(&engine).await.unwrap(), 1);
    let error = select(Node).join(Node.parent).all(&engine).await.unwrap_err();
    assert!(error.to_string().contains("leads from `Node` to itself"), "{error}");
}

#[tokio::test]
async fn a_query_is_asked_for_the_row_with_a_key() {
    let engine = engine().await;
    two_users(&engine).await;
    let of_ed = select(User).options(selectinload(User.addresses));
    let ed = of_ed.get(&engine, 1).await.unwrap().expect("it is there");
    assert_eq!((ed.name.as_str(), ed.addresses.len()), ("ed", 2));
    assert!(select(User).get(&engine, 99).await.unwrap().is_none());
    assert!(select(User).filter(User.name.eq("wendy")).get(&engine, 1).await.unwrap().is_none());
    let other = User.alias("other");
    assert_eq!(select(other).get(&engine, 2).await.unwrap().map(|user| user.name), Some("wendy".to_owned()));
    let doubled = select(User).join(User.addresses).get(&engine, 1).await.unwrap_err();
    assert_eq!(*doubled.kind(), ErrorKind::MultipleResultsFound);

    // In a session it is the object that is there already, with what the options add.
    let mut session = Session::new(&engine);
    let known = session.get_one(User, 1).await.unwrap();
    assert!(session[known].addresses.is_unloaded());
    let found = session.query(User).options(selectinload(User.addresses)).get(1).await.unwrap();
    assert_eq!((found, session.handles(known, User.addresses).len()), (Some(known), 2));
    assert_eq!(session.query(UserKeyword).get((1, 99)).await.unwrap(), None);
}

/// Whose fault it is that there is no row is found by the place of the query.
#[tokio::test]
async fn a_row_that_is_missing_is_told_with_the_place_of_its_query() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let here = |line: u32| format!("of `User` was run at {}:{line}:", file!());
    let (line, missing) = (line!(), select(User).one(&engine).await.unwrap_err());
    assert!(missing.to_string().contains(&here(line)), "{missing}");
    let (line, missing) = (line!(), session.query(User).one().await.unwrap_err());
    assert!(missing.to_string().contains(&here(line)), "{missing}");
    let (line, missing) = (line!(), session.one(select(User)).await.unwrap_err());
    assert!(missing.to_string().contains(&here(line)), "{missing}");
    let (line, missing) = (line!(), session.no_autoflush().one(select(User)).await.unwrap_err());
    assert!(missing.to_string().contains(&here(line)), "{missing}");
    let pair = select((User.name, User.id)).one(&engine).await.unwrap_err();
    assert!(pair.to_string().contains("the query of `(String, i64)` was run at"), "{pair}");
}

#[test]
fn a_forgotten_join_is_warned_of() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |query: Select<(String, String)>| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        let engine = runtime.block_on(engine());
        tracing::subscriber::with_default(subscriber, || runtime.block_on(query.all(&engine)).unwrap());
        log.text()
    };
    let forgotten = run(select((User.name, Address.email)));
    assert!(
        forgotten.contains(
            "SELECT statement has a cartesian product between FROM element(s) \"addresses\" and FROM element \"users\".  \
             Apply join condition(s) between each element to resolve."
        ),
        "{forgotten}"
    );
    assert!(!run(select((User.name, Address.email)).join(User.addresses)).contains("cartesian"));
    assert!(!run(select((User.name, Address.email)).filter(Address.user_id.eq(User.id))).contains("cartesian"));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}
impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Log;
    fn make_writer(&self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn conditions_compose() {
    let engine = engine().await;
    two_users(&engine).await;
    let names = |query: Select<String>| {
        let engine = engine.clone();
        async move { query.order_by(User.id).all(&engine).await.unwrap() }
    };
    let name = || select(User.name);
    assert_eq!(names(name().filter(User.name.in_(["ed", "x"]))).await, ["ed"]);
    assert_eq!(names(name().filter(User.name.in_(Vec::<String>::new()))).await, [""; 0]);
    assert_eq!(names(name().filter(User.name.not_in(Vec::<String>::new()) & User.id.gt(1))).await, ["wendy"]);
    assert_eq!(names(name().filter(User.fullname.eq(None))).await, ["wendy"]);
    assert_eq!(names(name().filter(User.fullname.is_not_null())).await, ["ed"]);
    assert_eq!(names(name().filter(!User.active)).await, ["wendy"]);
    assert_eq!(names(name().filter(User.id.between(2, 5) | User.name.eq("ed"))).await, ["ed", "wendy"]);
    assert_eq!(names(name().filter(User.name.contains("en"))).await, ["wendy"]);
    assert_eq!(names(name().filter(User.name.contains("%"))).await, [""; 0]);
    assert_eq!(names(name().filter(User.name.ilike("E%"))).await, ["ed"]);
    assert_eq!(
        names(name().filter(User.id.in_(select(Address.user_id).filter(Address.email.like("w%"))))).await,
        ["wendy"]
    );
    assert_eq!(names(name().filter(User.addresses.any(Address.email.like("ed%")))).await, ["ed"]);
    assert_eq!(names(name().filter(!User.addresses.any(Address.email.like("ed%")))).await, ["wendy"]);
    assert_eq!(names(name().filter(literal(true))).await, ["ed", "wendy"]);
    assert_eq!(names(name().filter((User.id * 2 + 1).eq(5))).await, ["wendy"]);
    let has = select(Address.id).filter(Address.user.has(User.name.eq("wendy")));
    assert_eq!(has.all(&engine).await.unwrap(), [3]);
    let correlated = func::exists(select(Address.id).filter(Address.user_id.eq(User.id) & Address.email.like("w%")));
    assert_eq!(names(name().filter(correlated)).await, ["wendy"]);
}

#[tokio::test]
async fn text_binds_by_name_and_gives_typed_rows() {
    let engine = engine().await;
    two_users(&engine).await;
    let rows = text("SELECT id, name FROM users WHERE name = :name OR fullname = :name OR name = ':name' -- :not")
        .bind("name", "ed")
        .columns::<(i64, String)>()
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(rows, [(1, "ed".to_owned())]);
    let mut session = Session::new(&engine);
    // The columns are found by name, in whatever order the text has them.
    let users = text("SELECT name, active, id, fullname, 'more' AS more FROM users WHERE name = :name")
        .bind("name", "wendy")
        .columns_of(User)
        .all(&mut session)
        .await
        .unwrap();
    assert_eq!(session[users[0]].name, "wendy");
    let missing = text("SELECT :a").columns::<i64>().all(&engine).await.unwrap_err();
    assert!(missing.to_string().starts_with("a value is required for the parameter `:a`"), "{missing}");
    let unused = text("SELECT 1").bind("a", 1).columns::<i64>().all(&engine).await.unwrap_err();
    assert_eq!(unused.message(), "this text has no parameter `:a`");
}

#[tokio::test]
async fn chunks_give_every_row_once() {
    let engine = engine().await;
    let users: Vec<_> = (0..25).map(|n| User::builder().name(format!("user {n}"))).collect();
    insert(User).values(users).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let mut chunks = select(User).yield_per(10);
    let mut sizes = Vec::new();
    while let Some(users) = chunks.next(&mut session).await.unwrap() {
        sizes.push(users.len());
        assert!(session.identity_map().len() <= 20, "earlier chunks are let go");
    }
    assert_eq!(sizes, [10, 10, 5]);
    let mut chunks = select(User).yield_per(10).keep();
    while chunks.next(&mut session).await.unwrap().is_some() {}
    assert_eq!(session.identity_map().len(), 25);
}

#[tokio::test]
async fn conditions_over_a_relationship_to_the_same_table_are_about_the_members() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let leaves = [Node::builder().name("a"), Node::builder().name("b").children([Node::builder().name("deep")])];
    session.add(Node::builder().name("root").children(leaves));
    session.commit().await.unwrap();
    let named = |query: Select<String>| {
        let engine = engine.clone();
        async move { query.order_by(Node.id).all(&engine).await.unwrap() }
    };
    let with_leaf = select(Node.name).filter(Node.children.any(Node.name.eq("a")));
    assert_eq!(
        with_leaf.to_sql(Dialect::Sqlite),
        "SELECT nodes.name FROM nodes WHERE EXISTS (SELECT 1 FROM nodes AS nodes_1 \
         WHERE nodes.id = nodes_1.parent_id AND nodes_1.name = ?)"
    );
    assert_eq!(named(with_leaf).await, ["root"]);
    assert_eq!(named(select(Node.name).filter(Node.parent.has(Node.name.eq("root")))).await, ["a", "b"]);
    let deep = Node.children.any(Node.children.any(Node.name.eq("deep")));
    assert_eq!(named(select(Node.name).filter(deep)).await, ["root"]);
    assert_eq!(named(select(Node.name).filter(!Node.children.is_not_empty())).await, ["a", "deep"]);
    assert_eq!(named(select(Node.name).filter(Node.id.in_(select(Node.parent_id).distinct()))).await, ["root", "b"]);
}

#[tokio::test]
async fn expressions_mean_the_same_everywhere() {
    let engine = engine().await;
    two_users(&engine).await;
    let sums = (func::sum(User.id), func::avg(User.id), func::max(User.name), func::sum(User.id).label("total") + 1);
    let row: (Option<i64>, Option<f64>, Option<String>, Option<i64>) = select(sums).one(&engine).await.unwrap();
    assert_eq!(row, (Some(3), Some(1.5), Some("wendy".to_owned()), Some(4)));
    let none = select((func::sum(User.id), func::avg(User.id))).filter(User.id.gt(9));
    assert_eq!(none.one(&engine).await.unwrap(), (None, None));
    let numbers = select(((User.id + 6) / 2, (User.id + 6) % 4, (User.id - 9) / 2)).filter(User.id.eq(1));
    assert_eq!(numbers.one(&engine).await.unwrap(), (3, 3, -4), "integers are divided as integers");
    let casts = select((User.id.cast::<String>(), User.id.cast::<f64>(), User.name.eq("ed").cast::<i32>()));
    assert_eq!(casts.filter(User.id.eq(1)).one(&engine).await.unwrap(), ("1".to_owned(), 1.0, 1));
    update(User).set(User.fullname, "Jürgen").filter(User.id.eq(1)).execute(&engine).await.unwrap();
    let texts = select((func::length(User.fullname), func::upper(User.name), User.name.concat("!")));
    assert_eq!(texts.filter(User.id.eq(1)).one(&engine).await.unwrap(), (Some(6), "ED".to_owned(), "ed!".to_owned()));

    let names = |query: Select<String>| {
        let engine = engine.clone();
        async move { query.all(&engine).await.unwrap() }
    };
    let name = || select(User.name);
    assert_eq!(names(name().order_by(User.fullname.nulls_first())).await, ["wendy", "ed"]);
    assert_eq!(names(name().order_by(User.fullname.nulls_last())).await, ["ed", "wendy"]);
    assert_eq!(names(name().order_by(User.id).limit(1).offset(1)).await, ["wendy"]);
    assert_eq!(names(name().order_by(User.id).offset(1)).await, ["wendy"]);
    assert_eq!(names(name().filter(User.fullname.is_distinct_from(Some("Jürgen".to_owned())))).await, ["wendy"]);
    assert_eq!(names(name().filter(User.fullname.is_not_distinct_from(None))).await, ["wendy"]);
    assert_eq!(names(name().filter(User.name.eq("ed").eq(true))).await, ["ed"]);
    assert_eq!(names(name().distinct().filter(User.name.ilike("WEN%"))).await, ["wendy"]);
}

#[tokio::test]
async fn wildcards_in_a_text_that_is_looked_for_stand_for_themselves() {
    let engine = engine().await;
    let words = ["50%", "50x", r"a\b", "a/b", "a_b", "it's"];
    insert(User).values(words.map(|word| User::builder().name(word))).execute(&engine).await.unwrap();
    for (text, known) in
        [("%", vec!["50%"]), ("_", vec!["a_b"]), (r"\", vec![r"a\b"]), ("/", vec!["a/b"]), ("'", vec!["it's"])]
    {
        let found = select(User.name).filter(User.name.contains(text)).all(&engine).await.unwrap();
        assert_eq!(found, known, "contains {text}");
    }
    let count = |condition: orm::Expr<bool>| select(User).filter(condition).count(&engine);
    assert_eq!(count(User.name.starts_with("50%")).await.unwrap(), 1);
    assert_eq!(count(User.name.ends_with("/b")).await.unwrap(), 1);
    assert_eq!(count(User.name.like("50_")).await.unwrap(), 2);
}

// -------------------------------------------------------------------------------------------------------- lists in text

#[tokio::test]
async fn a_list_in_text_is_as_many_values() {
    let engine = engine().await;
    two_users(&engine).await;
    let named = async |condition: &str, names: &[&str]| {
        let sql = format!("SELECT name FROM users WHERE {condition} AND 1 = :one ORDER BY id");
        let found = text(sql).bind_list("names", names.iter().copied()).bind("one", 1);
        found.columns::<String>().all(&engine).await.unwrap()
    };
    let others = ["x", "wendy", "y"];
    assert_eq!(named("name IN (:names)", &others).await, ["wendy"]);
    assert_eq!(named("name IN :names", &others).await, ["wendy"]);
    assert_eq!(named("name NOT IN (:names)", &others).await, ["ed"]);
    assert_eq!(named("name NOT in :names", &["ed"]).await, ["wendy"]);
    assert_eq!(named("(name IN (:names) OR name IN ('ed', :names))", &others).await, ["ed", "wendy"]);
    // In no list is nothing, and outside of it is everything.
    assert_eq!(named("name IN (:names)", &[]).await, [""; 0]);
    assert_eq!(named("name NOT IN (:names)", &[]).await, ["ed", "wendy"]);
    assert_eq!(named("name NOT IN :names", &[]).await, ["ed", "wendy"]);
    let ids = |ids: Vec<i64>| text("users.id IN (:ids)").bind_list("ids", ids).expression::<bool>();
    assert_eq!(select(User).filter(ids((2..40).collect())).count(&engine).await.unwrap(), 1);
    assert_eq!(select(User).filter(ids(vec![])).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn an_array_in_text_is_one_value_where_there_are_arrays() {
    let engine = engine().await;
    two_users(&engine).await;
    let found = text("SELECT name FROM users WHERE id = ANY(:ids)").bind("ids", vec![2i64, 3]).columns::<String>();
    let found = found.all(&engine).await;
    if dialect() == Dialect::Postgres {
        assert_eq!(found.unwrap(), ["wendy"]);
        return;
    }
    let error = found.unwrap_err().to_string();
    assert!(error.contains("bind the values by `.bind_list(\"name\", …)`"), "{error}");
}
