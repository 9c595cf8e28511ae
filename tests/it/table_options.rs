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

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "guests", metadata = none, index(city, "lower(email)", unique, name = "one_email"))]
#[orm(index(born.desc(), "abs(born)".desc(), city, name = "by_age"))]
struct Guest {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    city: String,
    #[orm(length = 50)]
    email: String,
    born: i32,
}

fn guest(id: i64, email: &str) -> Guest {
    Guest { id, city: "Rome".into(), email: email.into(), born: 1900 }
}

#[tokio::test]
async fn indexes_of_models_are_over_expressions() {
    only!(Sqlite | Postgres);
    let found = comes_back(&metadata![Guest]).await.tables().unwrap().remove(0);
    let by_age = found.indexes.iter().find(|index| index.name.as_deref() == Some("by_age")).unwrap();
    let descending: Vec<bool> = by_age.columns.iter().map(|column| column.is_descending).collect();
    assert_eq!(descending, [true, true, false]);
    let engine = empty_engine().await;
    metadata![Guest].create_all(&engine).await.unwrap();
    insert(Guest).values(guest(1, "Ed@x.org")).execute(&engine).await.unwrap();
    let error = insert(Guest).values(guest(2, "eD@x.org")).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
}

/// A value goes to another object once it is given away, though the index is over an expression of it.
#[tokio::test]
async fn what_an_expression_keeps_apart_is_traded() {
    only!(Sqlite | Postgres);
    let engine = empty_engine().await;
    metadata![Guest].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let handles = [(1, "a"), (2, "b"), (3, "c")].map(|(id, email)| session.add(guest(id, email)));
    session.commit().await.unwrap();
    let [first, second, third] = handles;
    session[first].email = "b".into();
    session[second].email = "c".into();
    session[third].email = "d".into();
    session.commit().await.unwrap();
    session[first].email = "c".into();
    session[second].email = "b".into();
    session.delete(third).await.unwrap();
    session.commit().await.unwrap();
    session.add(guest(4, "c"));
    session.delete(first).await.unwrap();
    session.commit().await.unwrap();
    let emails: Vec<String> = select(Guest.email).order_by(Guest.id).all(&engine).await.unwrap();
    assert_eq!(emails, ["b", "c"]);
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "beds", metadata = none)]
struct Bed {
    #[orm(primary_key, autoincrement = false)]
    house: i64,
    #[orm(primary_key, autoincrement = false, unique)]
    number: i64,
    #[orm(foreign_key(Bed.number, name = "bed_of_another", on_delete = cascade, initially_deferred), index)]
    next: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "stays", metadata = none)]
#[orm(foreign_key((house, number) = (Bed.house, Bed.number), name = "stay_in_bed", on_update = cascade, deferrable))]
struct Stay {
    #[orm(primary_key)]
    id: i64,
    house: i64,
    number: i64,
}

#[tokio::test]
async fn foreign_keys_of_models_wait() {
    only!(Sqlite | Postgres);
    let metadata = metadata![Bed, Stay];
    let found = comes_back(&metadata).await;
    let keys: Vec<(String, Option<String>, Option<Deferrable>)> = found
        .tables()
        .unwrap()
        .into_iter()
        .flat_map(|table| table.foreign_keys.into_iter().map(move |key| (table.name.clone(), key.name, key.deferrable)))
        .collect();
    let key = |table: &str, name: &str, when| (table.to_owned(), Some(name.to_owned()), Some(when));
    let (deferred, immediate) = (Deferrable::InitiallyDeferred, Deferrable::InitiallyImmediate);
    assert_eq!(keys, [key("beds", "bed_of_another", deferred), key("stays", "stay_in_bed", immediate)]);

    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap();
    let bed = |number: i64, next: i64| Bed::builder().house(1).number(number).next(next);
    let mut connection = engine.begin().await.unwrap();
    insert(Bed).values(bed(1, 2)).execute(&mut connection).await.unwrap();
    insert(Bed).values(bed(2, 1)).execute(&mut connection).await.unwrap();
    connection.commit().await.unwrap();
    let mut connection = engine.begin().await.unwrap();
    insert(Bed).values(bed(3, 4)).execute(&mut connection).await.unwrap();
    let error = connection.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
    let error = insert(Stay).values(Stay::builder().house(1).number(9)).execute(&engine).await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "turns", metadata = none, unique(place, initially_deferred), unique(place, day, nulls_not_distinct))]
#[orm(index(day, include(place, text), name = "by_day"), index(text, unique, nulls_not_distinct, name = "one_text"))]
struct Turn {
    #[orm(primary_key)]
    id: i64,
    place: i64,
    day: Option<i64>,
    text: Option<String>,
}

#[tokio::test]
async fn constraints_and_indexes_of_models_have_what_postgres_knows() {
    only!(Postgres);
    let found = comes_back(&metadata![Turn]).await.tables().unwrap().remove(0);
    let by_day = found.indexes.iter().find(|index| index.name.as_deref() == Some("by_day")).unwrap();
    assert_eq!(by_day.include, ["place", "text"]);
    let engine = empty_engine().await;
    metadata![Turn].create_all(&engine).await.unwrap();
    let turn = |place: i64, text: &str| Turn::builder().place(place).day(place).text(text.to_owned());
    insert(Turn).values([turn(1, "a"), turn(2, "b")]).execute(&engine).await.unwrap();
    let mut transaction = engine.begin().await.unwrap();
    update(Turn).set(Turn.place, 2).filter(Turn.text.eq("a")).execute(&mut transaction).await.unwrap();
    update(Turn).set(Turn.place, 1).filter(Turn.text.eq("b")).execute(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let none = || Turn::builder().text(None::<String>);
    insert(Turn).values(none().place(3)).execute(&engine).await.unwrap();
    let error = insert(Turn).values(none().place(4)).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "visits", metadata = none, index(seen.desc(), page, name = "latest"))]
#[orm(foreign_key((first_page, first_seen) = (Self.page, Self.seen), name = "first_visit"), unique(page, seen, name = "once"))]
struct Visit {
    #[orm(primary_key)]
    id: i64,
    page: i64,
    seen: i64,
    #[orm(foreign_key(Visit.id, name = "visit_before", on_delete = set_null))]
    before: Option<i64>,
    first_page: Option<i64>,
    first_seen: Option<i64>,
}

#[tokio::test]
async fn directions_and_names_of_models_come_back() {
    let found = comes_back(&metadata![Visit]).await.tables().unwrap().remove(0);
    let mut names: Vec<_> = found.foreign_keys.iter().filter_map(|key| key.name.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["first_visit", "visit_before"]);
    let latest = found.indexes.iter().find(|index| index.name.as_deref() == Some("latest")).unwrap();
    assert_eq!(latest.column_names(), ["seen", "page"]);
    assert!(latest.columns[0].is_descending);
}
