//! Options of tables, columns, constraints and indexes: each is created, enforced, read back and compared.

use orm::prelude::*;
use orm::schema::{
    CheckConstraint, Column, Deferrable, ForeignKey, Index, IndexColumn, ReferentialAction, Table, UniqueConstraint,
};
use orm::{ColumnType, Dialect, ErrorKind, text};

use crate::only;
use crate::reflect::comes_back;
use crate::support::{dialect, empty_engine};

fn users() -> Table {
    Table::new("users")
        .column(Column::new("id", ColumnType::Integer).generated())
        .column(Column::new("name", ColumnType::String(50)))
        .column(Column::new("number", ColumnType::Integer).nullable())
        .primary_key(["id"])
}

fn of(table: Table) -> MetaData {
    MetaData::new().table(table)
}

/// Both come back as they are, and each is a difference to the other, which goes away when it is done.
async fn differ(one: Table, other: Table) {
    comes_back(&of(one.clone())).await;
    comes_back(&of(other.clone())).await;
    let engine = empty_engine().await;
    of(one.clone()).create_all(&engine).await.unwrap();
    for wanted in [of(other), of(one)] {
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert!(!diff.is_empty(), "{wanted}");
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn options_of_tables_of_sqlite_are_compared() {
    only!(Sqlite);
    differ(users(), users().option("sqlite_strict", "true")).await;
    differ(users(), users().option("sqlite_autoincrement", "true")).await;
    let keyed = || Table::new("words").column(Column::new("word", ColumnType::String(9))).primary_key(["word"]);
    differ(keyed(), keyed().option("sqlite_without_rowid", "true")).await;
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let diff = of(users().option("sqlite_strict", "true")).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    let words = "alter options of table `users`: sqlite_strict `false` -> `true`";
    assert_eq!(diff.to_string().lines().last(), Some(words));
}

#[tokio::test]
async fn options_of_tables_of_postgres_are_compared() {
    only!(Postgres);
    differ(users(), users().option("postgres_unlogged", "true")).await;
    let engine = empty_engine().await;
    let filled = users().option("postgresql_with", "fillfactor=70").option("postgresql_tablespace", "pg_default");
    of(filled).create_all(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap().tables().unwrap().remove(0);
    assert_eq!(found.options, [("postgres_with".to_owned(), "fillfactor=70".to_owned())]);
}

#[tokio::test]
async fn options_of_tables_of_mysql_are_compared_where_they_are_wanted() {
    only!(MySql | MariaDb);
    differ(users().option("mysql_engine", "InnoDB"), users().option("mysql_engine", "MyISAM")).await;
    differ(users().option("mysql_charset", "latin1"), users().option("mysql_charset", "utf8mb4")).await;
    differ(
        users().option("mysql_default_charset", "utf8mb4").option("mysql_collate", "utf8mb4_bin"),
        users().option("mysql_charset", "utf8mb4").option("mysql_collate", "utf8mb4_unicode_ci"),
    )
    .await;
    // Nothing is wanted, so nothing differs.
    let engine = empty_engine().await;
    of(users().option("mysql_engine", "MyISAM").option("mysql_charset", "latin1")).create_all(&engine).await.unwrap();
    of(users()).check(&engine).await.unwrap();
    of(users().option("mysql_engine", "myisam")).check(&engine).await.unwrap();
}

#[tokio::test]
async fn options_of_indexes_are_compared() {
    let by = |index: Index| users().index(index.name("by_it"));
    let name = || IndexColumn::from("name");
    differ(by(Index::new(["name"])), by(Index::new(["name"]).unique())).await;
    differ(by(Index::new(["name", "number"])), by(Index::new(["number", "name"]))).await;
    match dialect() {
        Dialect::Sqlite => {
            differ(by(Index::new([name()])), by(Index::new([name().descending()]))).await;
            differ(by(Index::new(["name"])), by(Index::new(["name"]).condition("number > 1 OR number = 0"))).await;
            differ(by(Index::new(["name"])), by(Index::new([IndexColumn::expression("lower(name)")]))).await;
        }
        Dialect::Postgres => {
            for other in [
                Index::new([name().descending()]),
                Index::new([IndexColumn { nulls_first: Some(true), ..name() }]),
                Index::new([name().operator_class("varchar_pattern_ops")]),
                Index::new([IndexColumn::expression("lower(name)")]),
                Index::new(["name"]).condition("number > 1 OR number = 0"),
                Index::new(["name"]).include(["number"]),
                Index::new(["name"]).method("hash"),
            ] {
                differ(by(Index::new(["name"])), by(other)).await;
            }
            let unique = || Index::new(["number"]).unique();
            differ(by(unique()), by(Index { nulls_not_distinct: true, ..unique() })).await;
        }
        _ => {
            differ(by(Index::new([name()])), by(Index::new([name().length(7)]))).await;
            differ(by(Index::new(["name"])), by(Index::new(["name"]).method("fulltext"))).await;
        }
    }
}

/// It cannot be made within a transaction, so an engine does not put it into one.
#[tokio::test]
async fn an_index_is_made_while_others_write() {
    only!(Postgres);
    let index = Index::new(["name"]).name("by_it").concurrent();
    let sql = orm::schema::Operation::CreateIndex { table: "users".into(), index: index.clone() };
    assert_eq!(sql.to_sql(Dialect::Postgres).unwrap(), ["CREATE INDEX CONCURRENTLY by_it ON users (name)"]);
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let mut connection = engine.connect().await.unwrap();
    let options = orm::ExecutionOptions::new().isolation_level(orm::IsolationLevel::Autocommit);
    connection.execution_options(options).unwrap();
    sql.execute(&mut connection).await.unwrap();
    of(users().index(index)).check(&engine).await.unwrap();
}

/// A new table is nobody's yet, so all of it comes in one transaction; otherwise the index comes after that.
#[tokio::test]
async fn an_index_is_made_while_others_write_beside_other_changes() {
    let index = || Index::new(["name"]).name("by_it").concurrent();
    let engine = empty_engine().await;
    let table = users().index(index());
    of(table.clone()).create_all(&engine).await.unwrap();
    of(table.clone()).check(&engine).await.unwrap();
    table.drop(&engine).await.unwrap();
    table.create(&engine).await.unwrap();
    of(table.clone()).check(&engine).await.unwrap();

    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let others = Table::new("others").column(Column::new("name", ColumnType::String(9))).index(["name"]);
    let wanted = of(table.column(Column::new("age", ColumnType::Integer).nullable()))
        .table(others.index(Index::new(["name"]).name("by_other").concurrent()));
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    wanted.check(&engine).await.unwrap();
}

#[tokio::test]
async fn options_of_constraints_are_compared() {
    let parent = || users().index(["number"]);
    let key = || ForeignKey::new(["number"], "users", ["id"]).name("of_number");
    differ(parent().foreign_key(key()), parent().foreign_key(key().on_delete(ReferentialAction::Cascade))).await;
    differ(parent().foreign_key(key()), parent().foreign_key(key().on_update(ReferentialAction::SetNull))).await;
    if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
        let error = of(parent().foreign_key(key().deferrable(Deferrable::InitiallyDeferred)));
        let error = error.create_all(&empty_engine().await).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Compile);
        return;
    }
    for when in [Deferrable::InitiallyDeferred, Deferrable::InitiallyImmediate] {
        differ(parent().foreign_key(key()), parent().foreign_key(key().deferrable(when))).await;
    }
    if dialect() == Dialect::Sqlite {
        return;
    }
    differ(parent().foreign_key(key()), parent().foreign_key(key().match_full())).await;
    let unique = || UniqueConstraint::new(["number"]).name("one_number");
    differ(users().unique(unique()), users().unique(unique().deferrable(Deferrable::InitiallyDeferred))).await;
    differ(users().unique(unique()), users().unique(UniqueConstraint { nulls_not_distinct: true, ..unique() })).await;
    let exclude = |operator: &str| users().exclude("no_two", format!("USING btree (number WITH {operator})"));
    differ(exclude("="), users()).await;
}

/// What is not valid is so for rows that were there; once it is wanted whole, it is made anew.
#[tokio::test]
async fn a_constraint_may_leave_the_rows_that_are_there_unchecked() {
    only!(Postgres);
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    users().insert().set("name", "ed").set("number", -1).execute(&engine).await.unwrap();
    let check = || CheckConstraint::new("number > 0").name("positive");
    let key = || ForeignKey::new(["number"], "users", ["id"]).name("of_number");
    let loose = || of(users().check(check().not_valid()).foreign_key(key().not_valid()));
    loose().diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    loose().check(&engine).await.unwrap();
    assert!(users().insert().set("name", "al").set("number", -1).execute(&engine).await.is_err());

    let strict = || of(users().check(check()).foreign_key(key()));
    let diff = strict().diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(diff.operations.len(), 4, "{diff}");
    assert!(diff.execute(&engine).await.is_err());
    text("UPDATE users SET number = 1").execute(&engine).await.unwrap();
    diff.execute(&engine).await.unwrap();
    strict().check(&engine).await.unwrap();
    // What is valid is more than what was asked for.
    loose().check(&engine).await.unwrap();
}

#[tokio::test]
async fn truth_values_have_a_check_where_it_is_wanted() {
    let with = |column: Column| of(users().column(column));
    let active = || Column::new("active", ColumnType::Boolean);
    let engine = empty_engine().await;
    with(active().checked()).create_all(&engine).await.unwrap();
    with(active().checked()).check(&engine).await.unwrap();
    let sql = |value: i32| format!("INSERT INTO users (name, active) VALUES ('ed', {value})");
    if dialect() == Dialect::Postgres {
        with(active()).check(&engine).await.unwrap();
        return;
    }
    text(sql(1)).execute(&engine).await.unwrap();
    let error = text(sql(2)).execute(&engine).await.unwrap_err();
    assert!(error.is_check_violation(), "{error}");
    let diff = with(active()).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert!(diff.to_string().starts_with("drop from `users` the check `ck_users_active`"), "{diff}");
    diff.execute(&engine).await.unwrap();
    text(sql(2)).execute(&engine).await.unwrap();
    text("DELETE FROM users").execute(&engine).await.unwrap();
    let back = with(active().checked()).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    back.execute(&engine).await.unwrap();
    assert!(text(sql(2)).execute(&engine).await.is_err());
}

#[tokio::test]
async fn labels_as_text_have_room_for_longer_ones() {
    let mood =
        |length: u32| Column::new("mood", ColumnType::labels("mood", &["sad", "happy"]).as_text()).length(length);
    comes_back(&of(users().column(mood(20)))).await;
    let engine = empty_engine().await;
    of(users().column(mood(20))).create_all(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap().tables().unwrap().remove(0);
    assert_eq!(found.columns[3].column_type, ColumnType::String(20));
    let error = of(users().column(mood(4))).create_all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "column `users.mood` has the length 4, and its longest label has 5 characters");
}

/// As they are written, whatever the database makes of them.
#[test]
fn sql_types_are_written_as_they_stand() {
    for sql in ["NCHAR(5)", "NVARCHAR(7)", "DOUBLE PRECISION", "Decimal(4,1)", "TINYINT(1)", "CLOB"] {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb] {
            let table = Table::new("t").column(Column::new("c", ColumnType::custom(sql)));
            assert_eq!(table.to_sql(dialect), format!("CREATE TABLE t (\n    c {sql} NOT NULL\n)"));
        }
    }
}

#[tokio::test]
async fn a_variant_is_the_type_on_its_database_alone() {
    let column = Column::new("c", ColumnType::Integer)
        .variant(Dialect::Postgres, ColumnType::BigInteger)
        .variant(Dialect::MySql, ColumnType::SmallInteger)
        .variant(Dialect::MariaDb, ColumnType::custom("MEDIUMINT"));
    let found = comes_back(&of(Table::new("t").column(column))).await;
    let wanted = match dialect() {
        Dialect::Postgres => ColumnType::BigInteger,
        Dialect::MySql => ColumnType::SmallInteger,
        Dialect::MariaDb => ColumnType::custom("mediumint"),
        _ => ColumnType::Integer,
    };
    assert_eq!(found.tables().unwrap()[0].columns[0].column_type, wanted);
}

#[tokio::test]
async fn a_relationship_without_a_foreign_key_is_told_when_tables_are_created() {
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Author {
        #[orm(primary_key)]
        id: i64,
        books: HasMany<Book>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Book {
        #[orm(primary_key)]
        id: i64,
        author: BelongsTo<Author>,
    }
    let engine = empty_engine().await;
    let before = engine.statement_count();
    let error = metadata![Author, Book].create_all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "could not determine the join condition of relationship `Author.books`: there are no foreign keys linking \
         `book` to `author`\nhint: add `#[orm(foreign_key = Author.…)]` to a field of `Book`"
    );
    assert_eq!(engine.statement_count(), before);
}

#[test]
fn a_url_of_sqlite_with_a_host_is_told() {
    let error = Engine::new("sqlite://shop.db").unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(
        error.to_string(),
        "could not parse the database URL: `shop.db` stands where a host would, and SQLite has none\n\
         hint: write `sqlite:///shop.db` for a file in the working directory, or `sqlite:////…` for an absolute path"
    );
    assert!(Engine::new("sqlite://").is_ok() && Engine::new("sqlite:///shop.db").is_ok());
}
