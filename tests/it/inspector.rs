//! What an inspector tells beside tables, and which of them metadata takes.

use orm::prelude::*;
use orm::schema::{CheckConstraint, Column, Domain, ForeignKey, Index, Inspector, Reflection, Sequence, Table, View};
use orm::{ColumnType, Dialect, ErrorKind, insert, select, text};

use crate::reflect::comes_back;
use crate::support::{dialect, empty_engine};
use crate::{assert_statements, only};

fn keyed(name: &str) -> Table {
    Table::new(name).column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"])
}

/// Orders refer to users, who refer to themselves; a log refers to nothing.
fn shop() -> MetaData {
    let refers = |table: Table, column: &str, target: &str| {
        table
            .column(Column::new(column, ColumnType::BigInteger).nullable())
            .index([column])
            .foreign_key(ForeignKey::new([column], target, ["id"]))
    };
    MetaData::new()
        .table(refers(keyed("users"), "boss_id", "users"))
        .table(refers(keyed("orders"), "user_id", "users"))
        .table(refers(keyed("lines"), "order_id", "orders"))
        .table(keyed("log"))
        .view(View::new("seen", "SELECT id, user_id FROM orders"))
}

fn names(metadata: &MetaData) -> Vec<String> {
    metadata.tables().unwrap().into_iter().map(|table| table.name).collect()
}

#[tokio::test]
async fn tables_are_chosen_by_names_or_by_a_function() {
    let engine = empty_engine().await;
    shop().create_all(&engine).await.unwrap();
    let read = async |options: Reflection| MetaData::reflect_with(&engine, options).await.unwrap();
    let all = read(Reflection::new()).await;
    assert_eq!(names(&all), ["lines", "log", "orders", "users"]);
    assert_eq!(all.views().len(), 1);
    assert!(shop().diff(&all).unwrap().is_empty());

    let some = read(Reflection::new().only(["orders"])).await;
    assert_eq!(names(&some), ["orders", "users"]);
    assert!(some.views().is_empty());
    assert_eq!(names(&read(Reflection::new().only(["orders"]).without_targets()).await), ["orders"]);
    assert_eq!(names(&read(Reflection::new().only_if(|name| name == "lines")).await), ["lines", "orders", "users"]);
    let by_letter = Reflection::new().only_if(|name| name.starts_with('l')).without_targets();
    assert_eq!(names(&read(by_letter).await), ["lines", "log"]);

    let error = MetaData::reflect_with(&engine, Reflection::new().only(["users", "orderz", "x"])).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    let inspector = Inspector::of(&engine).await.unwrap();
    let words = format!(
        "could not reflect: requested table(s) not available in schema `{}`: (orderz, x)\n\
         hint: there are `lines`, `log`, `orders`, `users`",
        inspector.default_schema()
    );
    assert_eq!(error.to_string(), words);
}

#[tokio::test]
async fn views_are_tables_for_those_who_ask() {
    let engine = empty_engine().await;
    shop().create_all(&engine).await.unwrap();
    let read = Reflection::new().views().only(["seen"]);
    let found = MetaData::reflect_with(&engine, read).await.unwrap();
    assert_eq!(names(&found), ["seen"]);
    let seen = &found.tables().unwrap()[0];
    let columns: Vec<&str> = seen.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id", "user_id"]);
    assert_eq!(select(seen.c::<i64>("id")).all(&engine).await.unwrap(), [0i64; 0]);
    // Without asking, there is no table of that name.
    assert!(MetaData::reflect_with(&engine, Reflection::new().only(["seen"])).await.is_err());
}

#[tokio::test]
async fn a_schema_of_its_own_is_read_alone() {
    only!(Postgres);
    let engine = empty_engine().await;
    let schema = format!("{}_b", Inspector::of(&engine).await.unwrap().default_schema());
    text(format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).execute(&engine).await.unwrap();
    text(format!("CREATE SCHEMA {schema}")).execute(&engine).await.unwrap();
    MetaData::new().table(keyed("here")).create_all(&engine).await.unwrap();
    let there =
        MetaData::new().schema(schema.as_str()).table(keyed("there")).domain(Domain::new("d", ColumnType::Text));
    there.create_all(&engine).await.unwrap();
    let found = MetaData::reflect_with(&engine, Reflection::new().schema(schema.as_str())).await.unwrap();
    assert!(there.diff(&found).unwrap().is_empty());
    assert_eq!((names(&found), found.domains().len()), (vec!["there".to_owned()], 1));
    text(format!("DROP SCHEMA {schema} CASCADE")).execute(&engine).await.unwrap();
}

#[tokio::test]
async fn tables_are_removed_from_metadata() {
    let engine = empty_engine().await;
    let mut metadata = shop();
    assert!(metadata.remove("log") && !metadata.remove("log"));
    metadata.create_all(&engine).await.unwrap();
    assert_eq!(Inspector::of(&engine).await.unwrap().table_names(), ["lines", "orders", "users"]);
    metadata.drop_all(&engine).await.unwrap();
    let mut found = MetaData::reflect(&engine).await.unwrap();
    found.clear();
    assert!(found.tables().unwrap().is_empty() && found.views().is_empty());
}

#[test]
fn a_model_is_removed_from_metadata_by_its_table() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "nouns", metadata = none)]
    struct Noun {
        #[orm(primary_key)]
        id: i64,
    }
    let mut metadata = orm::metadata![Noun].table(keyed("verbs"));
    assert!(metadata.remove("nouns"));
    assert_eq!(names(&metadata), ["verbs"]);
}

#[tokio::test]
async fn tables_are_sorted_by_what_they_refer_to() {
    let engine = empty_engine().await;
    let part = |name: &str, other: &str| {
        keyed(name)
            .column(Column::new("other", ColumnType::BigInteger).nullable())
            .index(["other"])
            .foreign_key(ForeignKey::new(["other"], other, ["id"]))
    };
    let metadata = shop().table(part("hens", "eggs")).table(part("eggs", "hens"));
    metadata.create_all(&engine).await.unwrap();
    let (tables, late) = Inspector::of(&engine).await.unwrap().sorted_table_names();
    let at = |name: &str| tables.iter().position(|table| table == name).unwrap();
    assert!(at("users") < at("orders") && at("orders") < at("lines"), "{tables:?}");
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!((late[0].0.as_str(), late[0].1.as_deref()), ("eggs", Some("fk_eggs_other_hens")));
}

#[tokio::test]
async fn domains_come_back() {
    only!(Postgres);
    let positive = Domain::new("positive", ColumnType::Integer)
        .check("VALUE > 0")
        .check(CheckConstraint::new("VALUE < 100 OR (VALUE > 1000 AND VALUE <> 5000)").name("not_between"));
    let code = Domain::new("code", ColumnType::String(5)).not_null().default_value("'none'").collation("C");
    let mood = ColumnType::labels("mood", &["sad", "happy"]);
    let stock = keyed("stock")
        .column(Column::new("n", ColumnType::domain("positive", ColumnType::Integer)))
        .column(Column::new("list", ColumnType::Array(Box::new(ColumnType::domain("positive", ColumnType::Integer)))))
        .column(Column::new("code", ColumnType::domain("code", ColumnType::String(5))).nullable())
        .column(Column::new("mood", mood));
    let metadata = MetaData::new().domain(positive.clone()).domain(code.clone()).table(stock);
    let found = comes_back(&metadata).await;
    let domains: Vec<&str> = found.domains().iter().map(|domain| domain.name.as_str()).collect();
    assert_eq!(domains, ["code", "positive"]);
    let code = &found.domains()[0];
    assert_eq!((&code.base, code.is_nullable, code.collation.as_deref()), (&ColumnType::String(5), false, Some("C")));
    let types: Vec<ColumnType> = found.tables().unwrap()[0].columns.iter().map(|of| of.column_type.clone()).collect();
    assert_eq!(types[1], ColumnType::domain("positive", ColumnType::Integer));
    assert_eq!(types[2], ColumnType::Array(Box::new(types[1].clone())));
}

#[tokio::test]
async fn domains_are_created_once_changed_and_dropped() {
    only!(Postgres);
    let engine = empty_engine().await;
    let of = |domain: Domain| {
        let n = ColumnType::domain("small", ColumnType::Integer);
        MetaData::new().domain(domain).table(keyed("stock").column(Column::new("n", n)))
    };
    let plain = || Domain::new("small", ColumnType::Integer);
    let wanted = of(plain().check("VALUE < 10"));
    wanted.create_all(&engine).await.unwrap();
    wanted.create_all(&engine).await.unwrap();
    let inspector = Inspector::of(&engine).await.unwrap();
    assert!(inspector.has_type("small") && !inspector.has_type("stock") && !inspector.has_type("large"));
    let table = &wanted.tables().unwrap()[0];
    table.insert().set("id", 1).set("n", 9).execute(&engine).await.unwrap();
    let refused = table.insert().set("id", 2).set("n", 10).execute(&engine).await.unwrap_err();
    assert!(refused.to_string().contains("ck_small_1"), "{refused}");

    for other in [plain().check("VALUE < 20"), plain().default_value("7"), plain().not_null(), plain()] {
        let wanted = of(other);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert!(diff.to_string().starts_with("alter domain small integer"), "{diff}");
        diff.execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
    }
    let other = of(Domain::new("small", ColumnType::BigInteger));
    let diff = other.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    let error = diff.operations[0].to_sql(Dialect::Postgres).unwrap_err();
    assert!(error.to_string().starts_with("changing the type of domain `small`"), "{error}");
    wanted.drop_all(&engine).await.unwrap();
    assert!(!Inspector::of(&engine).await.unwrap().has_type("small"));
}

/// Where there are no domains, the column has the type beneath.
#[tokio::test]
async fn a_domain_is_the_type_beneath_elsewhere() {
    only!(Sqlite | MariaDb | MySql);
    let n = ColumnType::domain("small", ColumnType::Integer);
    let metadata = MetaData::new()
        .domain(Domain::new("small", ColumnType::Integer).check("VALUE < 10"))
        .table(keyed("stock").column(Column::new("n", n)));
    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap();
    metadata.check(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap();
    assert_eq!(found.tables().unwrap()[0].columns[1].column_type, ColumnType::Integer);
}

#[tokio::test]
async fn a_model_names_a_domain_by_its_sql_type() {
    only!(Postgres);
    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "people", metadata = none)]
    struct Person {
        #[orm(primary_key)]
        id: i64,
        #[orm(sql_type = "email")]
        email: String,
    }
    let engine = empty_engine().await;
    let metadata = orm::metadata![Person].domain(Domain::new("email", ColumnType::Text).check("VALUE LIKE '%@%'"));
    metadata.create_all(&engine).await.unwrap();
    metadata.check(&engine).await.unwrap();
    insert(Person).values(Person::builder().email("ed@x.org")).execute(&engine).await.unwrap();
    assert!(insert(Person).values(Person::builder().email("ed")).execute(&engine).await.is_err());
    let found = select(Person).filter(Person.email.eq("ed@x.org")).all(&engine).await.unwrap();
    assert_eq!(found, [Person { id: found[0].id, email: "ed@x.org".to_owned() }]);
}

/// They belong to the connection, so it is asked.
#[tokio::test]
async fn temporary_tables_and_views_are_told_apart() {
    only!(Sqlite | Postgres);
    let engine = empty_engine().await;
    let mut connection = engine.connect().await.unwrap();
    keyed("kept").create(&mut connection).await.unwrap();
    let draft = Table { prefixes: vec!["TEMPORARY".to_owned()], ..keyed("draft") };
    let draft = draft.column(Column::new("word", ColumnType::String(5))).index(Index::new(["word"]).name("by_word"));
    draft.create(&mut connection).await.unwrap();
    text("CREATE TEMPORARY VIEW glance AS SELECT word FROM draft").execute(&mut connection).await.unwrap();
    let inspector = Inspector::of(&mut connection).await.unwrap();
    assert_eq!((inspector.table_names(), inspector.view_names()), (vec!["kept".to_owned()], Vec::new()));
    assert_eq!((inspector.temp_table_names(), inspector.temp_view_names()), (vec!["draft"], vec!["glance"]));
    assert!(inspector.has_table("draft") && inspector.has_index("draft", "by_word"));
    assert_eq!(inspector.primary_key("draft").unwrap().columns, ["id"]);
    assert_eq!(inspector.columns("draft").unwrap()[1].column_type, ColumnType::String(5));
    assert_eq!(inspector.columns("glance").unwrap()[0].name, "word");
    assert!(inspector.view_definition("glance").unwrap().to_lowercase().contains("word"));
    assert!(!inspector.schema_names().iter().any(|schema| schema.contains("temp")));
    assert_eq!(names(&MetaData::reflect(&mut connection).await.unwrap()), ["kept"]);
}

#[tokio::test]
async fn foreign_tables_are_told_apart() {
    only!(Postgres);
    let engine = empty_engine().await;
    keyed("own").create(&engine).await.unwrap();
    let name = Inspector::of(&engine).await.unwrap().default_schema().to_owned();
    for sql in [
        format!("CREATE FOREIGN DATA WRAPPER {name}"),
        format!("CREATE SERVER {name} FOREIGN DATA WRAPPER {name}"),
        format!("CREATE FOREIGN TABLE away (id BIGINT NOT NULL, word VARCHAR(5)) SERVER {name}"),
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    let inspector = Inspector::of(&engine).await.unwrap();
    assert_eq!(
        (inspector.table_names(), inspector.foreign_table_names()),
        (vec!["own".to_owned()], vec!["away".to_owned()])
    );
    let types: Vec<&ColumnType> = inspector.columns("away").unwrap().iter().map(|column| &column.column_type).collect();
    assert_eq!(types, [&ColumnType::BigInteger, &ColumnType::String(5)]);
    assert_eq!(names(&MetaData::reflect(&engine).await.unwrap()), ["own"]);
    text(format!("DROP FOREIGN DATA WRAPPER {name} CASCADE")).execute(&engine).await.unwrap();
}

#[tokio::test]
async fn materialized_views_come_back() {
    only!(Postgres);
    let engine = empty_engine().await;
    let view = || View::new("kept", "SELECT id FROM log").materialized();
    let metadata = MetaData::new().table(keyed("log")).view(view());
    metadata.create_all(&engine).await.unwrap();
    metadata.check(&engine).await.unwrap();
    let inspector = Inspector::of(&engine).await.unwrap();
    assert_eq!((inspector.materialized_view_names(), inspector.view_names()), (vec!["kept".to_owned()], Vec::new()));
    assert_eq!(inspector.columns("kept").unwrap()[0].column_type, ColumnType::BigInteger);
    metadata.drop_all(&engine).await.unwrap();
}

#[tokio::test]
async fn sequences_have_types_caches_and_bounds() {
    only!(Postgres | MariaDb);
    let engine = empty_engine().await;
    let plain = || Sequence::new("numbers");
    let mut all = vec![
        plain().start(5).minimum(2).maximum(50).increment(3).cache(20).cycle(),
        plain().data_type(ColumnType::BigInteger).increment(-1).minimum(-9).maximum(90),
        plain(),
    ];
    if dialect() == Dialect::Postgres {
        all.push(plain().data_type(ColumnType::SmallInteger));
        all.push(plain().data_type(ColumnType::Integer).maximum(100));
        all.push(plain());
    }
    for wanted in all {
        let of = || MetaData::new().sequence(wanted.clone());
        let diff = of().diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert_eq!(diff.operations.len(), 1, "{diff}");
        diff.execute(&engine).await.unwrap();
        of().check(&engine).await.unwrap();
        // As when it is created.
        let other = empty_engine().await;
        of().create_all(&other).await.unwrap();
        of().check(&other).await.unwrap();
        assert_eq!(Inspector::of(&other).await.unwrap().sequence_names(), ["numbers"]);
    }
    if dialect() == Dialect::MariaDb {
        let small = MetaData::new().sequence(plain().data_type(ColumnType::SmallInteger));
        let error = small.create_all(&engine).await.unwrap_err();
        let words = "the type `small_integer` of the sequence `numbers` is not supported on dialect mariadb";
        assert_eq!(error.to_string(), words);
    }
}

#[tokio::test]
async fn what_is_read_takes_as_many_queries_for_many_domains() {
    only!(Postgres);
    let engine = empty_engine().await;
    let of = |count: usize| {
        (0..count).fold(MetaData::new(), |metadata, number| {
            let domain = Domain::new(format!("domain_{number}"), ColumnType::Integer).check("VALUE > 0");
            let column = Column::new("n", ColumnType::domain(domain.name.clone(), ColumnType::Integer));
            metadata.domain(domain).table(keyed(&format!("table_{number}")).column(column))
        })
    };
    of(1).create_all(&engine).await.unwrap();
    assert_statements!(engine, 9, Inspector::of(&engine).await.unwrap());
    of(30).create_all(&engine).await.unwrap();
    let inspector = assert_statements!(engine, 9, Inspector::of(&engine).await.unwrap());
    assert_eq!((inspector.domains().len(), inspector.tables().len()), (30, 30));
}
