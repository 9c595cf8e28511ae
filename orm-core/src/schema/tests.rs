//! Definitions become tables, and tables become DDL; no database is asked.

use orm_pool::{Kind, Value, ValueRef};

use super::{Identity, MetaData, Table};
use crate::dialect::Dialect;
use crate::error::ErrorKind;
use crate::mapper::{
    Alias, Column, ColumnReference, Decoded, Definition, Entity, ForeignKeyColumn, ForeignKeyGroup, IndexDefinition,
    Mapper, Model, ReferentialAction, RelationField, Row, RowType, Selectable,
};
use crate::session::{Handle, Objects};
use crate::sql::Output;
use crate::types::{ColumnType, DecodeError};

const EMPTY: Definition = Definition { columns: &[ID], key: &[0], ..Definition::bare("things", ("src/shop.rs", 1)) };
const ID: Column = Column::new::<i64>("id", "id").primary_key().generated();

/// A foreign key of one column to the first column of a model.
macro_rules! refers_to {
    ($mapper:expr) => {
        ForeignKeyColumn {
            target: || ColumnReference { mapper: &$mapper, column: 0 },
            on_delete: None,
            on_update: None,
        }
    };
}

macro_rules! models {
    ($($name:ident = { $($field:ident: $value:expr),* $(,)? };)*) => { $(
        static $name: Mapper = Mapper::new::<Dummy>(Definition { $($field: $value,)* ..EMPTY });
    )* };
}

models! {
    USER = {
        name: "User", table: "users", location: ("src/shop.rs", 7),
        columns: &[ID, Column::new::<String>("name", "name").length(50).unique(), Column::new::<Option<String>>("fullname", "fullname")],
    };
    ADDRESS = {
        name: "Address", table: "addresses", location: ("src/shop.rs", 20),
        columns: &[
            ID,
            Column::new::<String>("email", "email"),
            Column::new::<i64>("user_id", "user_id").index().foreign_key(ForeignKeyColumn {
                on_delete: Some(ReferentialAction::Cascade),
                on_update: Some(ReferentialAction::SetNull),
                ..refers_to!(USER)
            }),
        ],
        checks: &["email LIKE '%@%'"],
    };
}

fn metadata<const N: usize>(mappers: [&'static Mapper; N]) -> MetaData {
    MetaData::__of(mappers.to_vec())
}

/// Checks the DDL of one model.
#[track_caller]
fn check(mapper: &'static Mapper, dialect: Dialect, expected: &str) {
    assert_eq!(Table::of(mapper).unwrap().to_sql(dialect), expected);
}

/// Checks that the DDL of one model contains a line.
#[track_caller]
fn check_line(mapper: &'static Mapper, dialect: Dialect, line: &str) {
    let sql = Table::of(mapper).unwrap().to_sql(dialect);
    let has_line = sql.lines().any(|found| found.trim().trim_end_matches(',') == line);
    assert!(has_line, "{line}\nis not a line of\n{sql}");
}

/// Checks that a model, alone, is refused with this text.
#[track_caller]
fn check_refused(mapper: &'static Mapper, text: &str) {
    let error = Table::of(mapper).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), text);
}

fn names(tables: &[Table]) -> Vec<&str> {
    tables.iter().map(|table| table.name.as_str()).collect()
}

// ------------------------------------------------------------------------------------------------------ golden texts

#[test]
fn sqlite_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::Sqlite);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%')
);

CREATE INDEX ix_addresses_user_id ON addresses (user_id)"
    );
}

#[test]
fn postgres_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::Postgres);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id BIGSERIAL NOT NULL,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id BIGSERIAL NOT NULL,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    CONSTRAINT pk_addresses PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%')
);

CREATE INDEX ix_addresses_user_id ON addresses (user_id)"
    );
}

#[test]
fn mysql_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::MySql);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id BIGINT NOT NULL AUTO_INCREMENT,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%'),
    INDEX ix_addresses_user_id (user_id)
)"
    );
    assert_eq!(metadata([&ADDRESS, &USER]).to_sql(Dialect::MariaDb), sql);
}

models! {
    ORDER = {
        name: "Order", table: "order", schema: Some("Shop"), comment: Some("what's ordered"),
        columns: &[
            Column::new::<i32>("select", "select").primary_key(),
            Column::new::<i32>("Line", "Line").primary_key().comment("from 1 \\ up"),
            Column::new::<i32>("double", "double").index().unique(),
        ],
        key: &[0, 1], uniques: &[IndexDefinition::new(&[1, 2])], indexes: &[IndexDefinition::new(&[2, 0])],
    };
}

#[test]
fn names_are_quoted_and_have_their_schema() {
    check(
        &ORDER,
        Dialect::Sqlite,
        "\
CREATE TABLE \"Shop\".\"order\" (
    \"select\" INTEGER NOT NULL,
    \"Line\" INTEGER NOT NULL,
    double INTEGER NOT NULL,
    PRIMARY KEY (\"select\", \"Line\"),
    CONSTRAINT \"uq_order_Line_double\" UNIQUE (\"Line\", double)
);

CREATE UNIQUE INDEX \"Shop\".ix_order_double ON \"order\" (double);

CREATE INDEX \"Shop\".ix_order_double_select ON \"order\" (double, \"select\")",
    );
    check(
        &ORDER,
        Dialect::MySql,
        "\
CREATE TABLE `Shop`.`order` (
    `select` INTEGER NOT NULL,
    `Line` INTEGER NOT NULL COMMENT 'from 1 \\\\ up',
    `double` INTEGER NOT NULL,
    PRIMARY KEY (`select`, `Line`),
    CONSTRAINT `uq_order_Line_double` UNIQUE (`Line`, `double`),
    UNIQUE INDEX ix_order_double (`double`),
    INDEX ix_order_double_select (`double`, `select`)
) COMMENT='what''s ordered'",
    );
}

#[test]
fn postgres_has_comments_of_their_own() {
    check(
        &ORDER,
        Dialect::Postgres,
        "\
CREATE TABLE \"Shop\".\"order\" (
    \"select\" INTEGER NOT NULL,
    \"Line\" INTEGER NOT NULL,
    double INTEGER NOT NULL,
    CONSTRAINT pk_order PRIMARY KEY (\"select\", \"Line\"),
    CONSTRAINT \"uq_order_Line_double\" UNIQUE (\"Line\", double)
);

CREATE UNIQUE INDEX ix_order_double ON \"Shop\".\"order\" (double);

CREATE INDEX ix_order_double_select ON \"Shop\".\"order\" (double, \"select\");

COMMENT ON TABLE \"Shop\".\"order\" IS 'what''s ordered';

COMMENT ON COLUMN \"Shop\".\"order\".\"Line\" IS 'from 1 \\ up'",
    );
}

// ----------------------------------------------------------------------------------------------------------- columns

fn numeric() -> ColumnType {
    ColumnType::Numeric(None)
}

const PRICE: Column = Column { column_type: numeric, kind: Kind::Decimal, ..Column::new::<f64>("price", "price") };
fn moment() -> ColumnType {
    ColumnType::Timestamp
}
const CREATED: Column =
    Column { column_type: moment, kind: Kind::Timestamp, ..Column::new::<i64>("created", "created") };

models! {
    TYPES = {
        name: "Types", table: "types",
        columns: &[
            ID,
            PRICE.precision(10).scale(2),
            Column::new::<String>("code", "code").sql_type("CHAR(2)"),
            Column::new::<Vec<u8>>("hash", "hash").length(32),
            CREATED.server_default("CURRENT_TIMESTAMP"),
            Column::new::<String>("state", "state").server_default("'it''s new'"),
            Column::new::<i32>("number", "number").server_default("1 + 1"),
            Column::new::<i32>("other", "other").server_default(" (abs(-1)) "),
            Column::new::<bool>("active", "active").server_default("true"),
            Column::new::<i32>("twice", "twice").computed("number * 2"),
            Column::new::<Option<i32>>("half", "half").computed_stored("number / 2"),
        ],
    };
}

#[test]
fn columns_of_sqlite() {
    for line in [
        "price TEXT NOT NULL",
        "code CHAR(2) NOT NULL",
        "hash BLOB NOT NULL",
        "created DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL",
        "state TEXT DEFAULT 'it''s new' NOT NULL",
        "number INTEGER DEFAULT (1 + 1) NOT NULL",
        "other INTEGER DEFAULT (abs(-1)) NOT NULL",
        "active BOOLEAN DEFAULT true NOT NULL",
        "twice INTEGER GENERATED ALWAYS AS (number * 2) VIRTUAL NOT NULL",
        "half INTEGER GENERATED ALWAYS AS (number / 2) STORED",
    ] {
        check_line(&TYPES, Dialect::Sqlite, line);
    }
}

#[test]
fn columns_of_postgres() {
    for line in [
        "price NUMERIC(10, 2) NOT NULL",
        "hash BYTEA NOT NULL",
        "created TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL",
        "number INTEGER DEFAULT 1 + 1 NOT NULL",
        "half INTEGER GENERATED ALWAYS AS (number / 2) STORED",
    ] {
        check_line(&TYPES, Dialect::Postgres, line);
    }
}

/// MySQL refuses a default of other digits than the type, and takes defaults of long text only as expressions.
#[test]
fn columns_of_mysql() {
    for line in [
        "price NUMERIC(10, 2) NOT NULL",
        "hash VARBINARY(32) NOT NULL",
        "created DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) NOT NULL",
        "state TEXT DEFAULT ('it''s new') NOT NULL",
        "number INTEGER DEFAULT (1 + 1) NOT NULL",
        "other INTEGER DEFAULT (abs(-1)) NOT NULL",
        "active BOOL DEFAULT true NOT NULL",
        "twice INTEGER GENERATED ALWAYS AS (number * 2) VIRTUAL",
    ] {
        check_line(&TYPES, Dialect::MySql, line);
    }
    check_line(&TYPES, Dialect::MariaDb, "twice INTEGER GENERATED ALWAYS AS (number * 2) VIRTUAL");
}

models! {
    IDENTITY = { table: "identities", columns: &[ID.identity(Identity::DEFAULT)] };
    SMALL = { table: "smalls", columns: &[Column::new::<i16>("id", "id").primary_key().generated()] };
    SERIAL = { table: "serials", columns: &[Column::new::<i32>("id", "id").primary_key().generated()] };
    UNSIGNED = { table: "unsigned", columns: &[ID.sql_type("BIGINT UNSIGNED")] };
    SEQUENCE = { table: "sequences", columns: &[ID.server_default("nextval('s')")] };
    GIVEN = { table: "given", columns: &[Column::new::<Option<i64>>("id", "id").primary_key()] };
}

#[test]
fn generated_keys() {
    let keys: [(&'static Mapper, [&str; 3]); 6] = [
        (
            &IDENTITY,
            [
                "id INTEGER NOT NULL",
                "id BIGINT GENERATED BY DEFAULT AS IDENTITY NOT NULL",
                "id BIGINT NOT NULL AUTO_INCREMENT",
            ],
        ),
        (&SMALL, ["id INTEGER NOT NULL", "id SMALLSERIAL NOT NULL", "id SMALLINT NOT NULL AUTO_INCREMENT"]),
        (&SERIAL, ["id INTEGER NOT NULL", "id SERIAL NOT NULL", "id INTEGER NOT NULL AUTO_INCREMENT"]),
        (
            &UNSIGNED,
            [
                "id INTEGER NOT NULL",
                "id BIGINT UNSIGNED GENERATED BY DEFAULT AS IDENTITY NOT NULL",
                "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT",
            ],
        ),
        (
            &SEQUENCE,
            [
                "id BIGINT DEFAULT (nextval('s')) NOT NULL",
                "id BIGINT DEFAULT nextval('s') NOT NULL",
                "id BIGINT DEFAULT (nextval('s')) NOT NULL",
            ],
        ),
        (&GIVEN, ["id BIGINT NOT NULL"; 3]),
    ];
    for (mapper, lines) in keys {
        for (dialect, line) in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql].into_iter().zip(lines) {
            check_line(mapper, dialect, line);
        }
    }
}

models! {
    LINE = {
        name: "Line", table: "lines",
        columns: &[Column::new::<i64>("order_id", "order_id").primary_key(), Column::new::<i64>("n", "n").primary_key().identity(Identity::DEFAULT)],
        key: &[0, 1],
    };
    TICKET = { name: "Ticket", table: "tickets", columns: &[Column::new::<String>("id", "id").length(5).primary_key(), Column::new::<i64>("n", "n").identity(Identity::DEFAULT)] };
}

#[test]
fn a_column_that_the_database_would_not_generate_is_refused() {
    let refused = |mapper, dialect| {
        let text = Table::of(mapper).unwrap().to_sql(dialect);
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        refused(&LINE, Dialect::Sqlite),
        "column `lines.n` is a generated column that is not the whole primary key, which is not supported on dialect sqlite"
    );
    assert_eq!(
        refused(&TICKET, Dialect::MySql),
        "column `tickets.n` is a generated column outside of the primary key, which is not supported on dialect mysql"
    );
    check_line(&TICKET, Dialect::Postgres, "n BIGINT GENERATED BY DEFAULT AS IDENTITY NOT NULL");
}

// ----------------------------------------------------------------------------------------------------------- options

models! {
    OPTIONS = {
        name: "Options", table: "options",
        columns: &[ID, Column::new::<String>("name", "name").length(5), CREATED],
        options: &[
            ("sqlite_autoincrement", "true"), ("sqlite_strict", "true"), ("mysql_engine", "InnoDB"),
            ("mysql_default_charset", "utf8mb4"), ("mysql_row_format", "DYNAMIC"), ("mariadb_page_compressed", "1"),
            ("postgres_tablespace", "fast"), ("postgresql_with", "fillfactor=70"), ("postgres_unlogged", "true"),
        ],
    };
    WITHOUT_ROWID = {
        table: "keyed", columns: &[Column::new::<String>("key", "key").primary_key()],
        options: &[("sqlite_without_rowid", "true"), ("sqlite_strict", "true")],
    };
    BOTH = { table: "both", options: &[("sqlite_without_rowid", "true")] };
    NO_KEY = { table: "bare", columns: &[Column::new::<i64>("id", "id")], options: &[("sqlite_autoincrement", "true")], key: &[] };
    MISSPELT = { table: "misspelt", options: &[("sqlite_rowid", "false")] };
    ORACLE = { table: "oracles", options: &[("oracle_compress", "true")] };
    PARTITIONED = { table: "parted", options: &[("postgres_partition", "x")] };
}

#[test]
fn options_are_for_their_database() {
    check(
        &OPTIONS,
        Dialect::Sqlite,
        "CREATE TABLE options (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,\n    name TEXT NOT NULL,\n    created TEXT NOT NULL\n) STRICT",
    );
    let last =
        |mapper, dialect| Table::of(mapper).unwrap().to_sql(dialect).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&OPTIONS, Dialect::MySql), ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=DYNAMIC");
    assert!(last(&OPTIONS, Dialect::MariaDb).ends_with(" PAGE_COMPRESSED=1"));
    assert_eq!(last(&OPTIONS, Dialect::Postgres), ") WITH (fillfactor=70) TABLESPACE fast");
    check_line(&OPTIONS, Dialect::Postgres, "CREATE UNLOGGED TABLE options (");
    assert_eq!(last(&WITHOUT_ROWID, Dialect::Sqlite), ") STRICT, WITHOUT ROWID");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let to_sql = |mapper, dialect| Table::of(mapper).unwrap().to_sql(dialect);
    assert_eq!(
        to_sql(&BOTH, Dialect::Sqlite),
        "column `both.id` is a generated column in a table without rowid, which is not supported on dialect sqlite\n\
         hint: give its values yourself: `#[orm(autoincrement = false)]`"
    );
    assert_eq!(to_sql(&NO_KEY, Dialect::Sqlite), "table `bare` has `sqlite_autoincrement` and no generated key");
    assert_eq!(
        to_sql(&MISSPELT, Dialect::Sqlite),
        "table `misspelt` has the unknown option `sqlite_rowid`\n\
         hint: the known ones are `autoincrement`, `strict` and `without_rowid`"
    );
    assert_eq!(
        to_sql(&ORACLE, Dialect::MySql),
        "table `oracles` has the unknown option `oracle_compress`\n\
         hint: the known ones are `sqlite_…`, `postgres_…`, `mysql_…` and `mariadb_…`"
    );
    assert_eq!(
        to_sql(&PARTITIONED, Dialect::Postgres),
        "table `parted` has the unknown option `postgres_partition`\n\
         hint: the known ones are `inherits`, `partition_by`, `using`, `with`, `on_commit`, `tablespace` and `unlogged`"
    );
}

// ------------------------------------------------------------------------------------------------------- many tables

models! {
    A = { name: "A", table: "a", columns: &[ID, Column::new::<i64>("b", "b").foreign_key(refers_to!(B))] };
    B = { name: "B", table: "b", columns: &[ID, Column::new::<i64>("c", "c").foreign_key(refers_to!(C))] };
    C = { name: "C", table: "c" };
    NODE = { name: "Node", table: "nodes", columns: &[ID, Column::new::<Option<i64>>("parent", "parent").foreign_key(refers_to!(NODE))] };
    LEAF = { name: "Leaf", table: "leaves", columns: &[ID, Column::new::<i64>("egg", "egg").foreign_key(refers_to!(EGG))] };
    HEN = { name: "Hen", table: "hens", columns: &[ID, Column::new::<i64>("egg", "egg").foreign_key(refers_to!(EGG)), Column::new::<i64>("c", "c").foreign_key(refers_to!(C))] };
    EGG = { name: "Egg", table: "eggs", columns: &[ID, Column::new::<i64>("hen", "hen").foreign_key(refers_to!(HEN))] };
}

#[test]
fn tables_come_after_those_that_they_refer_to() {
    let sorted = |metadata: MetaData| names(&metadata.sorted_tables().unwrap()).join(" ");
    assert_eq!(sorted(metadata([&A, &B, &C])), "c b a");
    assert_eq!(sorted(metadata([&C, &B, &A])), "c b a");
    assert_eq!(sorted(metadata([&USER, &A, &NODE, &C, &ADDRESS, &B])), "users nodes c addresses b a");
    assert_eq!(names(&metadata([&A, &B, &C]).tables().unwrap()), ["a", "b", "c"]);
    assert_eq!(sorted(metadata([])), "");
    assert_eq!(metadata([]).to_sql(Dialect::Sqlite), "");
}

/// A table that only refers to a cycle waits for it, wherever it was given.
#[test]
fn a_cycle_begins_with_its_first_table() {
    let sorted = metadata([&LEAF, &HEN, &EGG, &C]).sorted_tables().unwrap();
    assert_eq!(names(&sorted), ["c", "hens", "eggs", "leaves"]);
}

#[test]
fn sqlite_takes_a_cycle_within_the_tables() {
    let sql = metadata([&HEN, &EGG, &C]).to_sql(Dialect::Sqlite);
    assert!(!sql.contains("ALTER"), "{sql}");
    assert_eq!(sql.matches("REFERENCES").count(), 3);
}

#[test]
fn a_cycle_is_closed_at_the_end() {
    let sql = metadata([&HEN, &EGG, &C]).to_sql(Dialect::Postgres);
    let statements: Vec<&str> = sql.split(";\n\n").collect();
    assert_eq!(statements.len(), 4);
    assert!(statements[1].contains("fk_hens_c_c") && !statements[1].contains("fk_hens_egg_eggs"));
    assert_eq!(
        statements[3],
        "ALTER TABLE hens ADD CONSTRAINT fk_hens_egg_eggs FOREIGN KEY (egg) REFERENCES eggs (id)"
    );
}

#[test]
fn a_model_named_twice_is_one_table() {
    assert_eq!(names(&metadata([&C, &C]).tables().unwrap()), ["c"]);
}

#[test]
fn the_global_metadata_has_no_models_of_its_own() {
    assert!(MetaData::global().tables().is_ok());
}

models! {
    CHILD = { name: "Child", table: "a", columns: &[ID, Column::new::<i64>("b_c", "b_c").index()] };
    OTHER_CHILD = { name: "OtherChild", table: "a_b", columns: &[ID, Column::new::<i64>("c", "c").index()] };
}

/// Names of indexes are known to a whole schema: CREATE INDEX IF NOT EXISTS would leave the second out.
#[test]
fn indexes_of_one_name_are_told_apart() {
    let tables = metadata([&CHILD, &OTHER_CHILD]).tables().unwrap();
    let name = |table: usize| tables[table].indexes[0].name.clone().unwrap();
    assert_eq!(name(0), "ix_a_b_c");
    assert!(name(1).starts_with("ix_a_b_c_"), "{}", name(1));
}

models! {
    GROUP = {
        name: "Group", table: "groups",
        columns: &[Column::new::<i64>("x", "x").index().unique().foreign_key(refers_to!(USER)), Column::new::<i64>("y", "y")],
        foreign_keys: &[
            ForeignKeyGroup {
                columns: &[0, 1],
                targets: || vec![ColumnReference { mapper: &ORDER, column: 0 }, ColumnReference { mapper: &ORDER, column: 1 }],
                on_delete: Some(ReferentialAction::Restrict),
                on_update: None,
            },
        ],
        indexes: &[IndexDefinition::new(&[0]), IndexDefinition::new(&[0, 1]), IndexDefinition::new(&[0, 1])], uniques: &[IndexDefinition::new(&[0, 1]), IndexDefinition::new(&[0, 1])], key: &[],
    };
    TORN = {
        name: "Torn", table: "torn",
        foreign_keys: &[ForeignKeyGroup {
            columns: &[0],
            targets: || vec![ColumnReference { mapper: &ORDER, column: 0 }, ColumnReference { mapper: &USER, column: 0 }],
            on_delete: None,
            on_update: None,
        }],
    };
}

#[test]
fn constraints_over_several_columns() {
    check(
        &GROUP,
        Dialect::Postgres,
        "\
CREATE TABLE groups (
    x BIGINT NOT NULL,
    y BIGINT NOT NULL,
    CONSTRAINT uq_groups_x_y UNIQUE (x, y),
    CONSTRAINT fk_groups_x_users FOREIGN KEY (x) REFERENCES users (id),
    CONSTRAINT fk_groups_x_y_order FOREIGN KEY (x, y) REFERENCES \"Shop\".\"order\" (\"select\", \"Line\") ON DELETE RESTRICT
);

CREATE UNIQUE INDEX ix_groups_x ON groups (x);

CREATE INDEX ix_groups_x_y ON groups (x, y)",
    );
    check_refused(&TORN, "the foreign key on `torn.(id)` does not refer to as many columns of one table");
    assert_eq!(
        Table::of(&GROUP).unwrap().to_sql(Dialect::Sqlite),
        "column `groups.x, y` refers to another schema, which is not supported on dialect sqlite\n\
         hint: a foreign key of SQLite stays within one database file"
    );
}

models! {
    LONG = {
        name: "Long", table: "measurements_of_the_northern_observation_station",
        columns: &[ID, Column::new::<i64>("second", "second_calibration_value").unique()],
    };
}

#[test]
fn long_names_are_cut_where_the_database_would() {
    let name = "uq_measurements_of_the_northern_observation_station_second_calibration_value";
    check_line(&LONG, Dialect::Sqlite, &format!("CONSTRAINT {name} UNIQUE (second_calibration_value)"));
    for (dialect, length) in [(Dialect::Postgres, 63), (Dialect::MySql, 64)] {
        let sql = Table::of(&LONG).unwrap().to_sql(dialect);
        let start = sql.find("uq_").unwrap();
        let cut = sql[start..].split(' ').next().unwrap();
        assert_eq!(cut.len(), length);
        assert_eq!(cut[..length - 9], name[..length - 9]);
    }
}

// ------------------------------------------------------------------------------------------------------------ errors

models! {
    OTHER_USER = { name: "Account", table: "users", location: ("src/bank.rs", 3) };
    MAPPED_TWICE = {
        name: "Person", table: "people",
        columns: &[ID, Column::new::<String>("name", "name"), Column::new::<String>("full_name", "name")],
    };
    WORD = { table: "words", columns: &[ID, Column::new::<String>("state", "state").server_default("it's new")] };
    BARE_WORD = { table: "words", columns: &[ID, Column::new::<String>("state", "state").server_default("active")] };
    LENGTH = { table: "lengths", columns: &[ID.length(5)] };
    PRECISION = { table: "digits", columns: &[ID.precision(5)] };
    SCALE = { table: "scales", columns: &[PRICE.scale(5)] };
}

#[test]
fn two_models_of_one_table_are_told_with_their_places() {
    let error = metadata([&USER, &OTHER_USER]).tables().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "two models have the table `users`: `User` at src/shop.rs:7 and `Account` at src/bank.rs:3\n\
         hint: name the models that are wanted by `metadata![…]`, or leave one out of `MetaData::global()` by \
         `#[orm(metadata = none)]`"
    );
}

#[test]
fn a_missing_table_is_told_with_its_model() {
    let error = metadata([&ADDRESS]).tables().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "the foreign key on column `addresses.user_id` refers to the table `users`, which is not among these tables\n\
         hint: add `User` to `metadata![…]`"
    );
    assert!(metadata([&ADDRESS, &OTHER_USER]).tables().is_ok(), "another model of the table will do");
}

#[test]
fn a_column_of_two_fields_is_told() {
    check_refused(
        &MAPPED_TWICE,
        "the fields `Person.name` and `Person.full_name` are both the column `people.name`\n\
         hint: name another column for one of them: `#[orm(column = \"…\")]`",
    );
}

#[test]
fn a_default_without_quotes_is_told() {
    check_refused(
        &BARE_WORD,
        "`server_default` of column `words.state` is SQL, and `active` is no number, text, function or keyword\n\
         hint: for the text, write it in quotes: `server_default = \"'active'\"`",
    );
    // An apostrophe makes it look like SQL; the database tells.
    assert!(Table::of(&WORD).is_ok());
}

#[test]
fn settings_that_do_not_fit_the_type_are_told() {
    let hint = "hint: leave it out, or give the type by `sql_type = \"…\"`";
    let check_refused = |mapper, message: &str| check_refused(mapper, &format!("{message}\n{hint}"));
    check_refused(&LENGTH, "`length` is set for column `lengths.id`, which is neither text nor bytes");
    check_refused(&PRECISION, "`precision` is set for column `digits.id`, which is not a decimal number");
    check_refused(&SCALE, "`scale` is set for column `scales.price`, which is without a `precision`");
}

models! {
    TEXT_KEY = { table: "texts", columns: &[Column::new::<String>("id", "id").primary_key()] };
    TEXT_UNIQUE = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").unique()] };
    TEXT_INDEX = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").sql_type("longtext")], indexes: &[IndexDefinition::new(&[0, 1])] };
    BYTES_INDEX = { table: "texts", columns: &[ID, Column::new::<Vec<u8>>("name", "name").index()] };
    VARCHAR = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").sql_type("VARCHAR")] };
    FINE = {
        table: "texts",
        columns: &[
            ID, Column::new::<String>("a", "a").length(5).index(), Column::new::<String>("b", "b").sql_type("VARCHAR(5)").index(),
            Column::new::<Vec<u8>>("c", "c").length(5).unique(), Column::new::<String>("d", "d"),
        ],
    };
}

#[test]
fn mysql_wants_the_length_of_text_in_keys() {
    for (mapper, column) in [(&TEXT_KEY, "id"), (&TEXT_UNIQUE, "name"), (&TEXT_INDEX, "name"), (&BYTES_INDEX, "name")] {
        for dialect in [Dialect::MySql, Dialect::MariaDb] {
            let expected = format!(
                "column `texts.{column}` is part of a key, unique constraint or index, so it needs a length on dialect \
                 {dialect}\nhint: add `length = …` to the field's `#[orm(…)]`"
            );
            check(mapper, dialect, &expected);
        }
        assert!(Table::of(mapper).unwrap().to_sql(Dialect::Postgres).starts_with("CREATE"));
    }
    check(
        &VARCHAR,
        Dialect::MySql,
        "column `texts.name` cannot be declared: VARCHAR requires a length on dialect mysql\n\
         hint: add `length = …` to the field's `#[orm(…)]`",
    );
    assert!(Table::of(&FINE).unwrap().to_sql(Dialect::MySql).starts_with("CREATE"));
}

// ----------------------------------------------------------------------------------------------- statements to be run

fn script(statements: crate::Result<Vec<String>>) -> String {
    statements.unwrap().join("\n")
}

#[test]
fn what_exists_is_left_alone() {
    let ddl = crate::compile::ddl::Ddl::new(Dialect::Sqlite).leaving_alone();
    let sql = script(ddl.create(&Table::of(&ADDRESS).unwrap()));
    assert!(sql.starts_with("CREATE TABLE IF NOT EXISTS addresses ("), "{sql}");
    assert!(sql.ends_with("\nCREATE INDEX IF NOT EXISTS ix_addresses_user_id ON addresses (user_id)"), "{sql}");
}

#[test]
fn tables_are_dropped_in_reverse() {
    let sql = |metadata: MetaData, dialect| {
        script(metadata.dropping(&crate::compile::ddl::Ddl::new(dialect).leaving_alone()))
    };
    assert_eq!(
        sql(metadata([&USER, &ADDRESS]), Dialect::Sqlite),
        "DROP TABLE IF EXISTS addresses\nDROP TABLE IF EXISTS users"
    );
    let cycle = || metadata([&HEN, &EGG, &C]);
    assert_eq!(
        sql(cycle(), Dialect::Sqlite),
        "PRAGMA defer_foreign_keys = ON\nDROP TABLE IF EXISTS eggs\nDROP TABLE IF EXISTS hens\nDROP TABLE IF EXISTS c"
    );
    assert_eq!(
        sql(cycle(), Dialect::Postgres).lines().next(),
        Some("ALTER TABLE IF EXISTS hens DROP CONSTRAINT IF EXISTS fk_hens_egg_eggs")
    );
    assert_eq!(sql(cycle(), Dialect::MySql).lines().next(), Some("ALTER TABLE hens DROP FOREIGN KEY fk_hens_egg_eggs"));
}

#[test]
fn a_cycle_may_be_closed_again() {
    let sql =
        |dialect| script(metadata([&HEN, &EGG, &C]).creating(&crate::compile::ddl::Ddl::new(dialect).leaving_alone()));
    assert!(sql(Dialect::Postgres).ends_with(
        "DO $$ BEGIN\n    ALTER TABLE hens ADD CONSTRAINT fk_hens_egg_eggs FOREIGN KEY (egg) REFERENCES eggs (id);\n\
         EXCEPTION WHEN duplicate_object THEN NULL;\nEND $$"
    ));
    assert!(sql(Dialect::MariaDb).ends_with("FOREIGN KEY IF NOT EXISTS (egg) REFERENCES eggs (id)"));
}

// --------------------------------------------------------------------------------------------------------- on SQLite

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use super::*;
    use crate::{Engine, Session, text};

    fn run(test: impl Future<Output = crate::Result<()>>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test).unwrap();
    }

    fn engine() -> Engine {
        Engine::new("sqlite::memory:").unwrap()
    }

    async fn tables(engine: &Engine) -> Vec<String> {
        let names =
            text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name").columns::<String>();
        names.all(engine).await.unwrap()
    }

    async fn execute(engine: &Engine, sql: &str) -> crate::Result<u64> {
        text(sql).execute(engine).await
    }

    #[test]
    fn tables_are_created_and_dropped_again_and_again() {
        run(async {
            let (engine, metadata) = (engine(), metadata([&ADDRESS, &USER]));
            metadata.create_all(&engine).await?;
            execute(&engine, "INSERT INTO users (name) VALUES ('ed'), ('wendy')").await?;
            metadata.create_all(&engine).await?;
            assert_eq!(tables(&engine).await, ["addresses", "ix_addresses_user_id", "users"]);
            let ids = text("SELECT id FROM users WHERE rowid = id ORDER BY id").columns::<i64>().all(&engine).await?;
            assert_eq!(ids, [1, 2], "the key is the rowid");
            let refused = execute(&engine, "INSERT INTO addresses (email, user_id) VALUES ('a@b', 7)").await;
            assert!(refused.unwrap_err().is_foreign_key_violation());
            let refused = execute(&engine, "INSERT INTO addresses (email, user_id) VALUES ('a', 1)").await;
            assert!(refused.unwrap_err().is_check_violation());
            execute(&engine, "INSERT INTO addresses (email, user_id) VALUES ('a@b', 1)").await?;
            metadata.drop_all(&engine).await?;
            metadata.drop_all(&engine).await?;
            assert!(tables(&engine).await.is_empty());
            Ok(())
        });
    }

    #[test]
    fn a_transaction_that_is_rolled_back_creates_nothing() {
        run(async {
            let engine = engine();
            let mut transaction = engine.begin().await?;
            metadata([&USER]).create_all(&mut transaction).await?;
            transaction.rollback().await?;
            assert!(tables(&engine).await.is_empty());
            let mut connection = engine.connect().await?;
            metadata([&USER]).create_all(&mut connection).await?;
            connection.commit().await?;
            assert_eq!(tables(&engine).await, ["users"]);
            Ok(())
        });
    }

    #[test]
    fn a_session_creates_tables_in_its_transaction() {
        run(async {
            let engine = engine();
            let mut session = Session::new(&engine);
            metadata([&USER]).create_all(&mut session).await?;
            session.commit().await?;
            assert_eq!(tables(&engine).await, ["users"]);
            Ok(())
        });
    }

    /// Dropping the first table of a cycle would break the foreign keys of the rows of the second.
    #[test]
    fn a_cycle_with_rows_is_dropped() {
        run(async {
            let (engine, metadata) = (engine(), metadata([&HEN, &EGG, &C, &NODE]));
            metadata.create_all(&engine).await?;
            let mut transaction = engine.begin().await?;
            for sql in [
                "PRAGMA defer_foreign_keys = ON",
                "INSERT INTO c (id) VALUES (1)",
                "INSERT INTO hens (id, egg, c) VALUES (1, 1, 1), (2, 2, 1)",
                "INSERT INTO eggs (id, hen) VALUES (1, 2), (2, 1)",
                "INSERT INTO nodes (id, parent) VALUES (1, 1), (2, 1)",
            ] {
                text(sql).execute(&mut transaction).await?;
            }
            transaction.commit().await?;
            metadata.drop_all(&engine).await?;
            assert!(tables(&engine).await.is_empty());
            Ok(())
        });
    }

    #[test]
    fn one_table_is_created_and_dropped() {
        run(async {
            let (engine, table) = (engine(), Table::of(&ADDRESS)?);
            table.create(&engine).await?;
            table.create(&engine).await?;
            assert_eq!(tables(&engine).await, ["addresses", "ix_addresses_user_id"]);
            table.drop(&engine).await?;
            table.drop(&engine).await?;
            assert!(tables(&engine).await.is_empty());
            Ok(())
        });
    }

    #[test]
    fn every_form_of_a_table_is_taken() {
        run(async {
            let engine = engine();
            for mapper in [
                &TYPES,
                &IDENTITY,
                &SMALL,
                &SERIAL,
                &GIVEN,
                &OPTIONS,
                &WITHOUT_ROWID,
                &LONG,
                &TEXT_KEY,
                &NODE,
                &PARTITIONED,
            ] {
                Table::of(mapper)?.create(&engine).await?;
            }
            execute(&engine, "INSERT INTO types (price, code, hash) VALUES ('1.10', 'ab', x'00')").await?;
            let sql = "SELECT price, state, number, other, active, twice, half FROM types";
            let row = text(sql).columns::<(String, String, i32, i32, bool, i32, i32)>().one(&engine).await?;
            assert_eq!(row, ("1.10".to_owned(), "it's new".to_owned(), 2, 1, true, 4, 1));
            Ok(())
        });
    }

    #[test]
    fn keys_of_autoincrement_are_not_used_again() {
        run(async {
            let engine = engine();
            Table::of(&OPTIONS)?.create(&engine).await?;
            for sql in [
                "INSERT INTO options (name, created) VALUES ('a', '2024-01-01')",
                "DELETE FROM options",
                "INSERT INTO options (name, created) VALUES ('b', '2024-01-01')",
            ] {
                execute(&engine, sql).await?;
            }
            assert_eq!(text("SELECT id FROM options").columns::<i64>().one(&engine).await?, 2);
            Ok(())
        });
    }

    #[test]
    fn nothing_is_created_of_metadata_that_makes_no_sense() {
        run(async {
            let engine = engine();
            let error = metadata([&C, &USER, &OTHER_USER]).create_all(&engine).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Configuration);
            assert!(tables(&engine).await.is_empty());
            Ok(())
        });
    }
}

// ------------------------------------------------------------------------------------------------------------- dummy

/// A model whose definition is written by hand, and which has no rows.
#[derive(Clone, Copy)]
struct Dummy;

impl RowType for Dummy {
    type Managed = Handle<Dummy>;

    fn __width() -> usize {
        0
    }

    fn __value(_: &Row<'_>, _: usize) -> Decoded<Self> {
        unreachable!()
    }

    fn __managed(_: &Row<'_>, _: usize, _: &mut Objects) -> Decoded<Handle<Dummy>> {
        unreachable!()
    }

    fn __is_null(_: &Row<'_>, _: usize) -> bool {
        unreachable!()
    }
}

impl Selectable for Dummy {
    type Row = Dummy;

    fn __outputs(self, _: &mut Vec<Output>) {}
}

impl Entity for Dummy {
    type Model = Dummy;

    fn __alias_of(&self) -> Alias {
        Alias::NONE
    }
}

impl Model for Dummy {
    type Attributes = Dummy;
    type Key = i64;
    type Builder = ();
    const ATTRIBUTES: Dummy = Dummy;

    fn builder() {}

    fn __mapper() -> &'static Mapper {
        &USER
    }

    fn __read(_: &Row<'_>, _: usize) -> Decoded<Self> {
        unreachable!()
    }

    fn __column(&self, _: usize) -> Value {
        unreachable!()
    }

    fn __set_column(&mut self, _: usize, _: ValueRef<'_>) -> Result<(), DecodeError> {
        unreachable!()
    }

    fn __copy(&self) -> Self {
        *self
    }

    fn __relation(&self, _: usize) -> &dyn RelationField {
        unreachable!()
    }

    fn __relation_mut(&mut self, _: usize) -> &mut dyn RelationField {
        unreachable!()
    }
}
