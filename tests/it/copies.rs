//! Tables of SQLite that are copied because ALTER cannot change them: nothing of them or around them is lost.

use orm::prelude::*;
use orm::schema::{
    CheckConstraint, Column, ColumnChange, Constraint, Diff, ForeignKey, Index, Operation, ReferentialAction, Table,
    UniqueConstraint,
};
use orm::{ColumnType, ErrorKind, text};

use crate::only;
use crate::support::empty_engine;

fn users() -> Table {
    Table::new("users")
        .column(Column::new("id", ColumnType::BigInteger).generated())
        .column(Column::new("name", ColumnType::String(50)))
        .column(Column::new("boss_id", ColumnType::BigInteger).nullable())
        .column(Column::new("double", ColumnType::Integer).nullable().computed("id * 2"))
        .primary_key(["id"])
        .foreign_key(ForeignKey::new(["boss_id"], "users", ["id"]))
        .index(Index::new(["name"]).name("by_name"))
        .option("sqlite_autoincrement", "true")
}

fn addresses() -> Table {
    Table::new("addresses")
        .column(Column::new("user_id", ColumnType::BigInteger))
        .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]).on_delete(ReferentialAction::Cascade))
}

async fn filled() -> Engine {
    let engine = empty_engine().await;
    MetaData::new().table(users()).table(addresses()).create_all(&engine).await.unwrap();
    for sql in [
        "INSERT INTO users (id, name, boss_id) VALUES (1, 'ed', NULL), (2, 'wendy', 1), (9, 'gone', NULL)",
        "DELETE FROM users WHERE id = 9",
        "INSERT INTO addresses VALUES (1), (2), (2)",
        "CREATE TABLE log (name TEXT)",
        "CREATE TRIGGER noted AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.name); END",
        "CREATE VIEW bosses AS SELECT name FROM users WHERE boss_id IS NULL",
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    engine
}

async fn rows(engine: &Engine, sql: &str) -> Vec<String> {
    text(sql).columns::<String>().all(engine).await.unwrap()
}

#[tokio::test]
async fn rows_indexes_triggers_views_and_children_stay() {
    only!(Sqlite);
    let engine = filled().await;
    let mut changed = users().unique(["name"]).check("length(name) > 1");
    changed.columns[1].column_type = ColumnType::String(80);
    let log = || Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
    let wanted = MetaData::new().table(changed).table(addresses()).table(log());
    wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
    assert_eq!(rows(&engine, "SELECT id || name || double FROM users ORDER BY id").await, ["1ed2", "2wendy4"]);
    assert_eq!(rows(&engine, "SELECT count(*) || '' FROM addresses").await, ["3"]);
    assert_eq!(rows(&engine, "SELECT name FROM bosses").await, ["ed"]);
    text("INSERT INTO users (name) VALUES ('kim')").execute(&engine).await.unwrap();
    // The counter goes on behind the row that is gone.
    assert_eq!(rows(&engine, "SELECT name FROM users WHERE id = 10").await, ["kim"]);
    assert_eq!(rows(&engine, "SELECT name FROM log").await, ["kim"]);
    let twice = text("INSERT INTO users (name) VALUES ('kim')").execute(&engine).await.unwrap_err();
    assert!(matches!(twice.kind(), ErrorKind::Integrity { .. }), "{twice}");
    // Foreign keys are looked at again.
    let dangling = text("INSERT INTO addresses VALUES (77)").execute(&engine).await.unwrap_err();
    assert!(matches!(dangling.kind(), ErrorKind::Integrity { .. }), "{dangling}");
    text("DELETE FROM users WHERE id = 2").execute(&engine).await.unwrap();
    assert_eq!(rows(&engine, "SELECT count(*) || '' FROM addresses").await, ["1"]);
}

/// ALTER adds no column whose default is computed to a table with rows.
#[tokio::test]
async fn rows_that_are_there_get_a_default_that_is_computed() {
    only!(Sqlite);
    let engine = filled().await;
    let log = Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
    let added = users()
        .column(Column::new("at", ColumnType::Timestamp).server_default("CURRENT_TIMESTAMP"))
        .column(Column::new("sum", ColumnType::Integer).server_default("1 + 1"))
        .column(Column::new("level", ColumnType::Integer).server_default("-1"));
    let wanted = MetaData::new().table(added).table(addresses()).table(log);
    wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
    let sql = "SELECT length(at) || ' ' || sum || ' ' || level FROM users";
    assert_eq!(rows(&engine, sql).await, ["19 2 -1", "19 2 -1"]);
}

/// SQLite looks at triggers and views only when they run.
#[tokio::test]
async fn a_copy_that_would_break_a_trigger_or_a_view_is_refused() {
    only!(Sqlite);
    for (dependent, message) in [
        (
            "CREATE TRIGGER tr AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.boss_id); END",
            "a trigger on INSERT of `users` names what is no longer there",
        ),
        (
            "CREATE TRIGGER tr AFTER UPDATE OF name ON users BEGIN INSERT INTO log VALUES (old.boss_id); END",
            "a trigger on UPDATE of `users` names what is no longer there",
        ),
        (
            "CREATE TRIGGER tr BEFORE DELETE ON addresses BEGIN UPDATE Users SET boss_id = NULL; END",
            "a trigger on DELETE of `addresses` names what is no longer there",
        ),
        ("CREATE VIEW other AS SELECT boss_id FROM users", "the view `other` reads what is no longer there"),
    ] {
        let engine = filled().await;
        text("DROP VIEW bosses").execute(&engine).await.unwrap();
        // What never ran is nothing that is broken.
        text("CREATE VIEW odd AS SELECT nought FROM users").execute(&engine).await.unwrap();
        text(dependent).execute(&engine).await.unwrap();
        let before = MetaData::reflect(&engine).await.unwrap();
        let mut changed = users().unique(["name"]);
        changed.columns.remove(2);
        changed.foreign_keys.clear();
        let log = || Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
        let wanted = MetaData::new().table(changed).table(addresses()).table(log());
        let diff = wanted.diff(&before).unwrap();
        let error = diff.execute(&engine).await.unwrap_err().to_string();
        assert!(error.contains("no such column") && error.contains(message), "{error}");
        assert_eq!(MetaData::reflect(&engine).await.unwrap().tables().unwrap(), before.tables().unwrap());
        let name = if message.contains("view") { "VIEW other" } else { "TRIGGER tr" };
        text(format!("DROP {name}")).execute(&engine).await.unwrap();
        diff.execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_was_renamed_or_created_just_before_is_copied() {
    only!(Sqlite);
    let engine = filled().await;
    text("CREATE TABLE _new_people (x)").execute(&engine).await.unwrap();
    text("CREATE VIEW __new_people AS SELECT 1").execute(&engine).await.unwrap();
    let unique = |table: &str, name: &str| Operation::AddConstraint {
        table: table.into(),
        constraint: Constraint::Unique(UniqueConstraint::new(["name"]).name(name)),
    };
    let words = Table::new("words").column(Column::new("name", ColumnType::Text));
    let mut diff = Diff::default();
    diff.operations = vec![
        Operation::RenameTable { from: "users".into(), to: "people".to_owned() },
        unique("people", "one_name"),
        Operation::CreateTable(Box::new(words)),
        unique("words", "one_word"),
    ];
    diff.execute(&engine).await.unwrap();
    assert_eq!(rows(&engine, "SELECT name FROM people ORDER BY id").await, ["ed", "wendy"]);
    for twice in ["INSERT INTO people (name) VALUES ('ed')", "INSERT INTO words VALUES ('ed'), ('ed')"] {
        let error = text(twice).execute(&engine).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Integrity { .. }), "{error}");
    }
    // What refers to it follows the name.
    text("DELETE FROM people WHERE id = 2").execute(&engine).await.unwrap();
    assert_eq!(rows(&engine, "SELECT count(*) || '' FROM addresses").await, ["1"]);
    assert_eq!(rows(&engine, "SELECT name FROM bosses").await, ["ed"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_dropped_by_copying() {
    only!(Sqlite);
    let engine = filled().await;
    let table = || "users".into();
    let drop = |constraint: Constraint| Operation::DropConstraint { table: table(), constraint };
    let change = |name: &str| {
        let column = |of: ColumnType| Box::new(Column::new(name, of));
        let (from, to) = (column(ColumnType::Text), column(ColumnType::Integer));
        Operation::AlterColumn { table: table(), from, to, changes: vec![ColumnChange::Type] }
    };
    for operation in [
        drop(Constraint::Unique(UniqueConstraint::new(["name"]))),
        drop(Constraint::Check(CheckConstraint::new("id > 1"))),
        drop(Constraint::ForeignKey(ForeignKey::new(["id"], "users", ["id"]).name("none"))),
        change("nobody"),
    ] {
        let mut diff = Diff::default();
        diff.operations = vec![operation];
        let error = diff.execute(&engine).await.unwrap_err().to_string();
        assert_eq!(error, format!("`{diff}` cannot be done: there is no such thing"));
    }
}

/// To SQLite both names are one.
#[tokio::test]
async fn a_column_whose_name_changes_in_case_alone_keeps_its_values() {
    only!(Sqlite);
    for with_another in [false, true] {
        let engine = filled().await;
        let mut changed = users();
        changed.columns[1].name = "Name".to_owned();
        changed.indexes = vec![Index::new(["Name"]).name("by_name")];
        changed.columns[2].column_type = if with_another { ColumnType::Integer } else { ColumnType::BigInteger };
        let log = Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
        let wanted = MetaData::new().table(changed).table(addresses()).table(log);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap();
        wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        wanted.check(&engine).await.unwrap();
        assert_eq!(rows(&engine, "SELECT Name FROM users ORDER BY id").await, ["ed", "wendy"], "{diff}");
    }
}

#[tokio::test]
async fn a_copy_that_fails_leaves_everything_as_it_was() {
    only!(Sqlite);
    let engine = filled().await;
    let before = MetaData::reflect(&engine).await.unwrap();
    let others = Table { foreign_keys: vec![ForeignKey::new(["user_id"], "others", ["id"])], ..addresses() };
    let other = Table::new("others").column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"]);
    let log = || Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
    let wanted = MetaData::new().table(users()).table(others).table(other).table(log());
    let diff = wanted.diff(&before).unwrap();
    let error = diff.execute(&engine).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 rows of the changed tables refer to rows that are not there\n\
         hint: delete them, or set what they refer to, and try again"
    );
    let mut strict = users();
    strict.columns[2].is_nullable = false;
    let wanted = MetaData::new().table(strict).table(addresses()).table(log());
    let error = wanted.diff(&before).unwrap().execute(&engine).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Integrity { .. }), "{error}");
    assert_eq!(MetaData::reflect(&engine).await.unwrap().tables().unwrap(), before.tables().unwrap());
    assert_eq!(rows(&engine, "SELECT count(*) || '' FROM addresses").await, ["3"]);
    let dangling = text("INSERT INTO addresses VALUES (77)").execute(&engine).await.unwrap_err();
    assert!(matches!(dangling.kind(), ErrorKind::Integrity { .. }), "{dangling}");
}
