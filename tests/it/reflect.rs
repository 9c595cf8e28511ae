//! What was created is read back: every type, every constraint, awkward names, and a schema written by hand.

mod generated;

use orm::prelude::*;
use orm::schema::{
    CheckConstraint, Column, Deferrable, ForeignKey, Identity, Index, IndexColumn, IndexPart, Inspector,
    ReferentialAction, Sequence, Table, View,
};
use orm::{ColumnType, Dialect, text};

use crate::support::{dialect, empty_engine};
use crate::{assert_statements, only};

/// Creates metadata in an empty database, and checks that it comes back as it was: nothing is to be done, and what is
/// created of what came back comes back the same.
pub(crate) async fn comes_back(metadata: &MetaData) -> MetaData {
    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap_or_else(|error| panic!("{error}"));
    let found = MetaData::reflect(&engine).await.expect("the catalogs can be read");
    let diff = metadata.diff(&found).expect("the metadata makes sense");
    assert!(diff.is_empty(), "{diff}\nof\n{metadata}\n--- which came back as\n{found}");
    metadata.check(&engine).await.expect("nothing differs");

    let again = empty_engine().await;
    let mut repeated = MetaData::new().naming_convention(orm::schema::NamingConvention::NONE);
    for table in found.tables().expect("what was read makes sense") {
        repeated = repeated.table(table);
    }
    for sequence in found.sequences() {
        repeated = repeated.sequence(sequence.clone());
    }
    for domain in found.domains() {
        repeated = repeated.domain(domain.clone());
    }
    repeated.create_all(&again).await.unwrap_or_else(|error| panic!("{error}\n{repeated}"));
    let once_more = MetaData::reflect(&again).await.expect("the catalogs can be read");
    let (tables, others) = (found.tables().expect("read"), once_more.tables().expect("read"));
    assert_eq!(tables, others);
    found
}

fn id() -> Column {
    Column::new("id", ColumnType::BigInteger).generated()
}

fn table(name: &str) -> Table {
    Table::new(name).column(id()).primary_key(["id"])
}

fn labels() -> ColumnType {
    ColumnType::labels("mood", &["happy", "it's fine", "Ünhappy"])
}

/// The types that each database has.
fn types() -> Vec<(&'static str, ColumnType)> {
    let mut types = vec![
        ("a_boolean", ColumnType::Boolean),
        ("a_small_integer", ColumnType::SmallInteger),
        ("an_integer", ColumnType::Integer),
        ("a_big_integer", ColumnType::BigInteger),
        ("a_real", ColumnType::Real),
        ("a_double", ColumnType::Double),
        ("a_text", ColumnType::Text),
        ("a_string", ColumnType::String(50)),
        ("a_char", ColumnType::Char(5)),
        ("bytes", ColumnType::LargeBinary),
        ("a_date", ColumnType::Date),
        ("a_time", ColumnType::Time),
        ("a_date_time", ColumnType::DateTime),
        ("a_timestamp", ColumnType::Timestamp),
        ("a_uuid", ColumnType::Uuid),
        ("a_numeric", ColumnType::Numeric(Some((10, 2)))),
        ("a_json", ColumnType::Json),
        ("an_enum", labels().as_text()),
        ("a_native_enum", labels()),
        ("a_span", ColumnType::Interval),
        ("an_address", ColumnType::Inet),
        ("a_network", ColumnType::Cidr),
    ];
    match dialect() {
        Dialect::Postgres => types.extend([
            ("a_varchar", ColumnType::Varchar),
            ("a_plain_numeric", ColumnType::Numeric(None)),
            ("integers", ColumnType::Array(Box::new(ColumnType::Integer))),
            ("strings", ColumnType::Array(Box::new(ColumnType::String(7)))),
            ("moods", ColumnType::Array(Box::new(labels()))),
            ("a_mac", ColumnType::custom("MACADDR")),
            ("a_range", ColumnType::custom("TSTZRANGE")),
            ("a_vector", ColumnType::custom("TSVECTOR")),
            ("a_json_text", ColumnType::custom("JSON")),
            ("some_bits", ColumnType::custom("BIT(3)")),
            ("milliseconds", ColumnType::custom("TIMESTAMP(3) WITH TIME ZONE")),
        ]),
        Dialect::Sqlite => types.extend([
            ("a_varchar", ColumnType::Varchar),
            ("an_odd_one", ColumnType::custom("FANCY TYPE(3, 4)")),
            ("a_clob", ColumnType::custom("CLOB")),
        ]),
        _ => types.extend([
            ("a_tiny_integer", ColumnType::custom("TINYINT")),
            ("a_medium_integer", ColumnType::custom("MEDIUMINT UNSIGNED")),
            ("an_unsigned", ColumnType::custom("BIGINT UNSIGNED")),
            ("a_long_text", ColumnType::custom("LONGTEXT")),
            ("a_tiny_text", ColumnType::custom("TINYTEXT")),
            ("a_medium_text", ColumnType::custom("MEDIUMTEXT")),
            ("a_tiny_blob", ColumnType::custom("TINYBLOB")),
            ("a_blob", ColumnType::custom("BLOB")),
            ("a_medium_blob", ColumnType::custom("MEDIUMBLOB")),
            ("a_bit", ColumnType::custom("BIT(3)")),
            ("a_year", ColumnType::custom("YEAR")),
            ("a_set", ColumnType::custom("SET('a','b')")),
            ("seconds", ColumnType::custom("DATETIME")),
        ]),
    }
    types
}

#[tokio::test]
async fn every_type_comes_back() {
    let mut all = table("types");
    for (name, column_type) in types() {
        all = all.column(Column::new(name, column_type.clone()));
        all = all.column(Column::new(format!("{name}_or_null"), column_type).nullable());
    }
    let found = comes_back(&MetaData::new().table(all)).await;
    let tables = found.tables().unwrap();
    let of = |name: &str| tables[0].find_column(name).unwrap().column_type.clone();
    assert_eq!(of("a_string"), ColumnType::String(50));
    assert_eq!(of("an_integer"), ColumnType::Integer);
    match dialect() {
        Dialect::Postgres => {
            assert_eq!(of("a_json"), ColumnType::Json);
            assert_eq!(of("moods"), ColumnType::Array(Box::new(labels())));
            assert_eq!(of("an_enum"), ColumnType::String(9));
        }
        Dialect::Sqlite => assert_eq!(of("a_json"), ColumnType::Text),
        _ => {
            assert_eq!(of("a_json"), ColumnType::Json);
            assert_eq!(of("an_unsigned"), ColumnType::custom("bigint unsigned"));
        }
    }
}

#[tokio::test]
async fn every_default_comes_back() {
    let mut all = table("defaults");
    let defaults = [
        ("number", ColumnType::Integer, "7"),
        ("negative", ColumnType::Integer, "-7"),
        ("sum", ColumnType::Integer, "1 + 1"),
        ("word", ColumnType::String(20), "'it''s new'"),
        ("empty", ColumnType::String(20), "''"),
        ("digits", ColumnType::String(20), "'7'"),
        ("long", ColumnType::Text, "'text'"),
        ("yes", ColumnType::Boolean, "true"),
        ("no", ColumnType::Boolean, "false"),
        ("price", ColumnType::Numeric(Some((10, 2))), "1.5"),
        ("moment", ColumnType::DateTime, "CURRENT_TIMESTAMP"),
        ("zoned", ColumnType::Timestamp, "CURRENT_TIMESTAMP"),
        ("day", ColumnType::Date, "'2024-02-29'"),
        ("epoch", ColumnType::DateTime, "'1970-01-01 00:00:00'"),
        ("midnight", ColumnType::DateTime, "'1970-01-01'"),
        ("later", ColumnType::DateTime, "'1970-01-01 10:00:00.5'"),
        ("zoned_epoch", ColumnType::Timestamp, "'1970-01-01 00:00:00'"),
        ("clock", ColumnType::Time, "'10:00'"),
    ];
    for (name, column_type, default) in defaults {
        all = all.column(Column::new(name, column_type).server_default(default));
    }
    all = all.column(Column::new("nothing", ColumnType::Integer).nullable().server_default("NULL"));
    comes_back(&MetaData::new().table(all)).await;
}

/// Each is shown otherwise than it was written; the third is another value.
#[tokio::test]
async fn a_default_is_the_value_that_it_stands_for() {
    let mut defaults = vec![
        (ColumnType::DateTime, "'1970-01-01 00:00:00'", "'1970-01-01 00:00:01'"),
        (ColumnType::Time, "'10:00'", "'10:01'"),
    ];
    if dialect() == Dialect::Postgres {
        defaults.extend([
            (ColumnType::Boolean, "'t'", "'no'"),
            (ColumnType::Interval, "'1 hour'", "'1 day'"),
            (ColumnType::Interval, "'2 days 90 minutes'", "'2 days 91 minutes'"),
            (ColumnType::Interval, "'1 year 2 months'", "'13 months'"),
            (ColumnType::LargeBinary, "''", "'a'"),
            (ColumnType::LargeBinary, "'abc'", "'abd'"),
            (ColumnType::Json, "'{\"b\":[1, {}],\"a\":\"it''s\"}'", "'{\"a\": 1}'"),
            (ColumnType::Range(Box::new(ColumnType::Integer)), "'[1,2]'", "'[1,2)'"),
            (ColumnType::Range(Box::new(ColumnType::BigInteger)), "'(1,]'", "'[1,]'"),
        ]);
    }
    for (of, default, other) in defaults {
        let with = |default: &str| {
            MetaData::new().table(table("defaults").column(Column::new("x", of.clone()).server_default(default)))
        };
        let found = comes_back(&with(default)).await;
        let diff = with(other).diff(&found).unwrap().to_string();
        assert!(diff.starts_with("alter column `defaults.x`: default"), "{of}: {default} -> {other}: {diff}");
    }
}

fn shop() -> MetaData {
    let users = table("users")
        .column(Column::new("tenant", ColumnType::Integer))
        .column(Column::new("name", ColumnType::String(50)))
        .column(Column::new("email", ColumnType::String(100)).nullable())
        .column(Column::new("age", ColumnType::Integer).nullable())
        .unique(["tenant", "id"])
        .unique(["name"])
        .check("age > 17")
        .check(CheckConstraint::new("name <> 'root' AND age IN (18, 19)").name("not_root"))
        .index(["email"])
        .index(Index::new(["email", "name"]).unique());
    let orders = table("orders")
        .column(Column::new("tenant", ColumnType::Integer))
        .column(Column::new("user_id", ColumnType::BigInteger))
        .column(Column::new("parent_id", ColumnType::BigInteger).nullable())
        .column(Column::new("amount", ColumnType::Integer))
        .column(Column::new("doubled", ColumnType::Integer).nullable().computed_stored("amount * 2"))
        .foreign_key(
            ForeignKey::new(["tenant", "user_id"], "users", ["tenant", "id"]).on_delete(ReferentialAction::Cascade),
        )
        .foreign_key(ForeignKey::new(["parent_id"], "orders", ["id"]).on_delete(ReferentialAction::SetNull))
        .index(Index::new([IndexColumn::from("amount").descending(), IndexColumn::from("tenant")]).name("by_amount"));
    MetaData::new().table(orders).table(users)
}

#[tokio::test]
async fn every_constraint_comes_back() {
    let found = comes_back(&shop()).await;
    let tables = found.tables().unwrap();
    let orders = &tables[0];
    let mut keys: Vec<String> = orders.foreign_keys.iter().map(ToString::to_string).collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "foreign key fk_orders_parent_id_orders (parent_id) to orders (id) on delete set null",
            "foreign key fk_orders_tenant_user_id_users (tenant, user_id) to users (tenant, id) on delete cascade",
        ]
    );
    assert!(orders.find_column("doubled").unwrap().computed.as_ref().is_some_and(|computed| computed.is_stored));
    assert!(orders.indexes[0].columns[0].is_descending || dialect() == Dialect::MariaDb);
}

#[tokio::test]
async fn tables_that_refer_to_each_other_come_back() {
    let egg = table("eggs")
        .column(Column::new("hen_id", ColumnType::BigInteger).nullable())
        .foreign_key(ForeignKey::new(["hen_id"], "hens", ["id"]));
    let hen = table("hens")
        .column(Column::new("egg_id", ColumnType::BigInteger).nullable())
        .foreign_key(ForeignKey::new(["egg_id"], "eggs", ["id"]).name("from_egg"));
    let metadata = MetaData::new().table(egg).table(hen);
    comes_back(&metadata).await;
    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap();
    metadata.create_all(&engine).await.unwrap();
    metadata.drop_all(&engine).await.unwrap();
    metadata.drop_all(&engine).await.unwrap();
    assert!(MetaData::reflect(&engine).await.unwrap().tables().unwrap().is_empty());
}

#[tokio::test]
async fn keys_come_back() {
    let given = Table::new("given").column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"]);
    let pair = Table::new("pairs")
        .column(Column::new("b", ColumnType::Integer))
        .column(Column::new("a", ColumnType::Integer))
        .primary_key(["a", "b"]);
    let word = Table::new("words").column(Column::new("word", ColumnType::String(20))).primary_key(["word"]);
    let found = comes_back(&MetaData::new().table(table("made")).table(given).table(pair).table(word)).await;
    let tables = found.tables().unwrap();
    let is_generated: Vec<bool> = tables.iter().map(|table| table.columns[0].is_generated).collect();
    assert_eq!(is_generated, [false, true, false, false]);
    assert_eq!(tables[2].primary_key.columns, ["a", "b"]);
}

#[tokio::test]
async fn a_table_without_a_key_comes_back() {
    comes_back(&MetaData::new().table(Table::new("log").column(Column::new("line", ColumnType::Text)))).await;
}

#[tokio::test]
async fn awkward_names_come_back() {
    let odd = Table::new("Odd \"name'`s")
        .column(Column::new("Id", ColumnType::Integer))
        .column(Column::new("select", ColumnType::Integer))
        .column(Column::new("with space", ColumnType::String(9)))
        .column(Column::new("qu\"ote`s'", ColumnType::String(9)).nullable())
        .column(Column::new("größe", ColumnType::Integer).nullable())
        // MariaDB has a check on it that names the column; generated tables have found it.
        .column(Column::new("back`tick", ColumnType::Json).nullable())
        .primary_key(["Id"])
        .unique(["with space", "select"])
        .index(["qu\"ote`s'"])
        .index(Index::new(["größe"]).name("Größe (index), with comma"));
    let other = Table::new("order")
        .column(Column::new("group", ColumnType::Integer).nullable())
        .foreign_key(ForeignKey::new(["group"], "Odd \"name'`s", ["Id"]).name("FK; --"));
    comes_back(&MetaData::new().table(odd).table(other)).await;
}

#[tokio::test]
async fn names_that_are_cut_come_back() {
    let long = "measurements_of_the_northern_observation_station";
    let of = table(long).column(Column::new("second_calibration_value_of_the_day", ColumnType::Integer).nullable());
    let of = of.unique(["second_calibration_value_of_the_day"]).check("second_calibration_value_of_the_day > 0");
    let of = of.index(["second_calibration_value_of_the_day", "id"]);
    comes_back(&MetaData::new().table(of)).await;
}

#[tokio::test]
async fn comments_come_back() {
    only!(Postgres | MySql | MariaDb);
    let of = table("users")
        .comment("who's there \\ who")
        .column(Column::new("name", ColumnType::Text).comment("it's \"so\""));
    let found = comes_back(&MetaData::new().table(of)).await;
    assert_eq!(found.tables().unwrap()[0].comment.as_deref(), Some("who's there \\ who"));
}

#[tokio::test]
async fn collations_come_back() {
    let name = match dialect() {
        Dialect::Sqlite => "NOCASE",
        Dialect::Postgres => "C",
        _ => "utf8mb4_bin",
    };
    let of = table("words").column(Column::new("word", ColumnType::String(9)).collation(name));
    let found = comes_back(&MetaData::new().table(of)).await;
    assert_eq!(found.tables().unwrap()[0].columns[1].collation.as_deref(), Some(name));
}

#[tokio::test]
async fn computed_columns_come_back() {
    let of = table("sums")
        .column(Column::new("a", ColumnType::Integer))
        .column(Column::new("b", ColumnType::Integer).nullable().computed("a + 1"))
        .column(Column::new("c", ColumnType::Integer).nullable().computed_stored("a * 2"));
    comes_back(&MetaData::new().table(of)).await;
}

#[tokio::test]
async fn partial_indexes_and_expressions_come_back() {
    only!(Sqlite | Postgres);
    let of = table("users")
        .column(Column::new("name", ColumnType::String(50)))
        .column(Column::new("deleted", ColumnType::Integer).nullable())
        .index(Index::new(["name"]).unique().condition("deleted IS NULL").name("living"))
        .index(Index::new([IndexColumn::expression("lower(name)"), IndexColumn::from("id")]).name("by_lower_name"));
    let of = match dialect() {
        Dialect::Postgres => of.index(Index::new([IndexColumn::expression("(name COLLATE \"C\")")]).name("in_c")),
        _ => of,
    };
    let found = comes_back(&MetaData::new().table(of)).await;
    let tables = found.tables().unwrap();
    let expression =
        &tables[0].indexes.iter().find(|index| index.name.as_deref() == Some("by_lower_name")).unwrap().columns[0];
    assert!(matches!(&expression.part, IndexPart::Expression(sql) if sql.contains("lower(")), "{expression:?}");
}

#[tokio::test]
async fn what_postgres_alone_has_comes_back() {
    only!(Postgres);
    let identity = Identity {
        is_always: true,
        counting: orm::schema::Counting { start: Some(100), increment: Some(5), ..Default::default() },
    };
    let users = Table::new("users")
        .column(Column::new("id", ColumnType::Integer).identity(identity))
        .column(Column::new("number", ColumnType::BigInteger).sequence("numbers"))
        .column(Column::new("tags", ColumnType::Array(Box::new(ColumnType::Text))))
        .column(Column::new("mood", labels()).server_default("'happy'"))
        .column(Column::new("name", ColumnType::Text))
        .column(Column::new("during", ColumnType::custom("tstzrange")))
        .primary_key(orm::schema::PrimaryKey::new(["id"]).name("the_key"))
        .unique(orm::schema::UniqueConstraint {
            nulls_not_distinct: true,
            ..orm::schema::UniqueConstraint::new(["number"])
        })
        .unique(orm::schema::UniqueConstraint::new(["name"]).deferrable(Deferrable::InitiallyDeferred))
        .exclude("no_overlap", "USING gist (during WITH &&)")
        .index(Index::new(["tags"]).method("gin"))
        .index(
            Index::new([IndexColumn::from("name").operator_class("text_pattern_ops")])
                .include(["mood"])
                .name("by_pattern"),
        );
    let log = Table::new("log").column(Column::new("line", ColumnType::Text)).option("postgres_unlogged", "true");
    let likes = table("likes").column(Column::new("user_id", ColumnType::Integer)).foreign_key(
        ForeignKey::new(["user_id"], "users", ["id"])
            .on_update(ReferentialAction::Restrict)
            .deferrable(Deferrable::InitiallyImmediate),
    );
    let sequence = Sequence::new("numbers").start(7).increment(3).between(2, 1000).cycle();
    let found = comes_back(&MetaData::new().table(users).table(likes).table(log).sequence(sequence.clone())).await;
    assert_eq!(found.sequences(), [sequence]);
    let tables = found.tables().unwrap();
    assert_eq!(tables[2].columns[0].identity, Some(identity));
    assert_eq!(tables[2].columns[1].sequence.as_deref(), Some("numbers"));
    assert_eq!(tables[0].foreign_keys[0].deferrable, Some(Deferrable::InitiallyImmediate));
}

#[tokio::test]
async fn what_mysql_alone_has_comes_back() {
    only!(MySql | MariaDb);
    let notes = table("notes")
        .column(Column::new("body", ColumnType::Text))
        .column(Column::new("title", ColumnType::String(200)))
        .column(
            Column::new("changed", ColumnType::DateTime)
                .server_default("CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"),
        )
        .index(Index::new(["body"]).method("fulltext").name("words"))
        .index(Index::new([IndexColumn::from("body").length(20)]).name("beginnings"))
        .option("mysql_engine", "InnoDB");
    comes_back(&MetaData::new().table(notes)).await;
}

#[tokio::test]
async fn sequences_of_mariadb_come_back() {
    only!(MariaDb);
    let of = table("orders").column(Column::new("number", ColumnType::BigInteger).sequence("numbers"));
    let metadata = MetaData::new().table(of).sequence(Sequence::new("numbers").start(100).increment(5));
    let found = comes_back(&metadata).await;
    assert_eq!(found.sequences(), metadata.sequences());
    assert_eq!(found.tables().unwrap()[0].columns[1].sequence.as_deref(), Some("numbers"));
}

#[tokio::test]
async fn what_sqlite_alone_has_comes_back() {
    only!(Sqlite);
    let strict = Table::new("strict")
        .column(Column::new("key", ColumnType::String(5)))
        .column(Column::new("price", ColumnType::Numeric(Some((5, 2)))))
        .primary_key(["key"])
        .option("sqlite_strict", "true")
        .option("sqlite_without_rowid", "true");
    let counted = table("counted").option("sqlite_autoincrement", "true");
    let waits = table("waits")
        .column(Column::new("other", ColumnType::BigInteger).nullable())
        .foreign_key(ForeignKey::new(["other"], "waits", ["id"]).deferrable(Deferrable::InitiallyDeferred));
    comes_back(&MetaData::new().table(strict).table(counted).table(waits)).await;
}

#[tokio::test]
async fn views_are_created_read_and_dropped() {
    let engine = empty_engine().await;
    let metadata = shop().view(View::new("adults", "SELECT id, name FROM users WHERE age > 17"));
    metadata.create_all(&engine).await.unwrap();
    metadata.create_all(&engine).await.unwrap();
    let inspector = Inspector::of(&engine).await.unwrap();
    assert_eq!(inspector.view_names(), ["adults"]);
    assert_eq!(inspector.table_names(), ["orders", "users"]);
    let columns: Vec<&str> = inspector.columns("adults").unwrap().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id", "name"]);
    assert!(inspector.view_definition("adults").unwrap().to_lowercase().contains("select"));
    metadata.drop_all(&engine).await.unwrap();
    assert!(Inspector::of(&engine).await.unwrap().view_names().is_empty());
}

#[tokio::test]
async fn the_number_of_queries_does_not_depend_on_the_number_of_tables() {
    let engine = empty_engine().await;
    let queries = match dialect() {
        Dialect::Sqlite => 5,
        Dialect::Postgres => 9,
        // One for what the server is.
        Dialect::MySql => 7,
        _ => 6,
    };
    let mut metadata = MetaData::new();
    for count in [1, 40] {
        for number in 0..count {
            let of = shop().tables().unwrap().remove(0);
            let of = Table { foreign_keys: Vec::new(), indexes: Vec::new(), ..of }.primary_key(["id"]);
            metadata = metadata.table(Table { name: format!("table_{count}_{number}"), ..of });
        }
        metadata.create_all(&engine).await.unwrap();
        let found = assert_statements!(engine, queries, MetaData::reflect(&engine).await.unwrap());
        assert!(metadata.diff(&found).unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let engine = empty_engine().await;
    shop().create_all(&engine).await.unwrap();
    let inspector = Inspector::of(&engine).await.unwrap();
    let error = inspector.columns("user").unwrap_err().to_string();
    assert!(error.starts_with("there is no table `user` in schema `"), "{error}");
    assert!(error.ends_with("\nhint: there are `orders`, `users`"), "{error}");
    assert!(inspector.has_table("users") && !inspector.has_table("user"));
    assert!(inspector.has_index("orders", "by_amount") && inspector.has_schema(inspector.default_schema()));
}

#[tokio::test]
async fn a_session_and_a_transaction_read_what_they_have_made() {
    let engine = empty_engine().await;
    let mut transaction = engine.begin().await.unwrap();
    shop().create_all(&mut transaction).await.unwrap();
    assert_eq!(Inspector::of(&mut transaction).await.unwrap().table_names(), ["orders", "users"]);
    transaction.commit().await.unwrap();
    let mut session = Session::new(&engine);
    assert_eq!(Inspector::of(&mut session).await.unwrap().table_names(), ["orders", "users"]);
}

/// A schema that was not made by this library.
#[tokio::test]
async fn a_schema_written_by_hand_is_read() {
    let engine = empty_engine().await;
    let statements: &[&str] = match dialect() {
        Dialect::Sqlite => &[
            "CREATE TABLE \"Group\" (a INT NOT NULL, [b c] VARCHAR(10) NOT NULL DEFAULT 'x' COLLATE NOCASE, \
             total DECIMAL(10,2) CHECK (total >= 0), twice INT GENERATED ALWAYS AS (a * 2), PRIMARY KEY (a, [b c]))",
            "CREATE TABLE item (id INTEGER PRIMARY KEY, ga INT, gb VARCHAR(10), up INTEGER REFERENCES item, \
             CONSTRAINT to_group FOREIGN KEY (ga, gb) REFERENCES \"Group\" ON DELETE CASCADE, UNIQUE (ga, up))",
            "CREATE UNIQUE INDEX \"odd index\" ON item (gb COLLATE NOCASE, abs(ga) DESC) WHERE up IS NOT NULL",
        ],
        Dialect::Postgres => &[
            "CREATE TABLE \"Group\" (a INT NOT NULL, \"b c\" VARCHAR(10) COLLATE \"C\" NOT NULL DEFAULT 'x', \
             total DECIMAL(10,2) CHECK (total >= 0), twice INT GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (a, \"b c\"))",
            "CREATE TABLE item (id SERIAL PRIMARY KEY, ga INT, gb VARCHAR(10), up INTEGER REFERENCES item, \
             CONSTRAINT to_group FOREIGN KEY (ga, gb) REFERENCES \"Group\" ON DELETE CASCADE, UNIQUE (ga, up))",
            "CREATE UNIQUE INDEX \"odd index\" ON item (gb, abs(ga) DESC) WHERE up IS NOT NULL",
        ],
        _ => &[
            "CREATE TABLE `Group` (a INT NOT NULL, `b c` VARCHAR(10) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x', \
             total DECIMAL(10,2) CHECK (total >= 0), twice INT GENERATED ALWAYS AS (a * 2), PRIMARY KEY (a, `b c`))",
            "CREATE TABLE item (id INTEGER AUTO_INCREMENT PRIMARY KEY, ga INT, gb VARCHAR(10) COLLATE utf8mb4_bin, up INTEGER, \
             FOREIGN KEY (up) REFERENCES item (id), \
             CONSTRAINT to_group FOREIGN KEY (ga, gb) REFERENCES `Group` (a, `b c`) ON DELETE CASCADE, UNIQUE (ga, up))",
            "CREATE INDEX `odd index` ON item (gb(3), ga DESC)",
        ],
    };
    for sql in statements {
        text(*sql).execute(&engine).await.unwrap();
    }
    let inspector = Inspector::of(&engine).await.unwrap();
    let group = inspector.table("Group").unwrap();
    assert_eq!(group.primary_key.columns, ["a", "b c"]);
    let names: Vec<&str> = group.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b c", "total", "twice"]);
    assert!(group.columns[1].collation.is_some() && group.columns[1].server_default.is_some());
    let computed = group.columns[3].computed.as_ref().unwrap();
    assert!(computed.sql.contains("* 2"), "{computed:?}");
    assert_eq!(group.checks.len(), 1);

    let item = inspector.table("item").unwrap();
    assert!(item.columns[0].is_generated);
    let to_group = item.foreign_keys.iter().find(|key| key.name.as_deref() == Some("to_group")).unwrap();
    assert_eq!(
        (&*to_group.target_table, &*to_group.target_columns),
        ("Group", &["a".to_owned(), "b c".to_owned()][..])
    );
    assert_eq!(to_group.on_delete, Some(ReferentialAction::Cascade));
    let to_itself = item.foreign_keys.iter().find(|key| key.columns == ["up"]).unwrap();
    assert_eq!((&*to_itself.target_table, &*to_itself.target_columns), ("item", &["id".to_owned()][..]));
    assert_eq!(item.uniques[0].columns, ["ga", "up"]);
    let index = &item.indexes[0];
    assert_eq!((item.indexes.len(), index.name.as_deref()), (1, Some("odd index")));
    assert_eq!(index.columns.len(), 2);
    if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) {
        assert!(index.is_unique && index.columns[1].is_descending);
        assert!(matches!(&index.columns[1].part, IndexPart::Expression(sql) if sql.contains("abs(ga)")));
        assert!(index.condition.as_deref().unwrap().to_uppercase().contains("UP IS NOT NULL"));
    } else {
        assert_eq!(index.columns[0].length, Some(3));
    }
    let metadata = inspector.clone().into_metadata();
    assert!(metadata.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().is_empty());
}
