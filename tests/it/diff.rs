//! What differs is said, and doing what is said makes it the same.

use orm::prelude::*;
use orm::schema::{
    CheckConstraint, Column, ColumnChange, Constraint, EnumType, ForeignKey, Identity, Index, IndexColumn, Inspector,
    Operation, PrimaryKey, RenameHint, Sequence, Table, TableName, UniqueConstraint, View,
};
use orm::{ColumnType, Dialect, ErrorKind, ExecutionOptions, IsolationLevel, text};

use crate::only;
use crate::support::{dialect, empty_engine};

fn users() -> Table {
    Table::new("users")
        .column(Column::new("id", ColumnType::BigInteger).generated())
        .column(Column::new("name", ColumnType::String(50)))
        .primary_key(["id"])
}

fn of(table: Table) -> MetaData {
    MetaData::new().table(table)
}

/// Creates one table, asks what must happen so that there is the other, checks the words, does it, and asks again.
async fn changes(from: Table, to: Table, words: &[&str]) {
    let engine = empty_engine().await;
    of(from).create_all(&engine).await.unwrap();
    let wanted = of(to);
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(diff.to_string().lines().collect::<Vec<_>>(), words);
    diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    let left = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert!(left.is_empty(), "{left}");
}

#[tokio::test]
async fn nothing_differs_from_what_was_created() {
    changes(users(), users(), &[]).await;
}

#[tokio::test]
async fn a_column_is_added() {
    let to = users().column(Column::new("age", ColumnType::Integer).nullable());
    changes(users(), to, &["add column `users.age`: age integer"]).await;
}

#[tokio::test]
async fn a_column_is_dropped() {
    let from = users().column(Column::new("age", ColumnType::Integer).nullable());
    changes(from, users(), &["drop column `users.age`"]).await;
}

#[tokio::test]
async fn a_column_that_may_have_a_new_name_is_hinted_at() {
    let with = |name: &str| users().column(Column::new(name, ColumnType::Integer).nullable());
    let words = [
        "add column `users.years`: years integer",
        "drop column `users.age`",
        "perhaps the column `users.age` is now called `years`",
    ];
    changes(with("age"), with("years"), &words).await;
    let engine = empty_engine().await;
    of(with("age")).create_all(&engine).await.unwrap();
    let wanted = of(with("years"));
    let hint = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().hints.remove(0);
    let RenameHint::Column { table, from, to } = hint else { panic!("{hint}") };
    Operation::RenameColumn { table, from, to }.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
}

#[tokio::test]
async fn tables_are_added_dropped_and_renamed() {
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let wanted = of(Table { name: "people".to_owned(), ..users() });
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(
        diff.to_string(),
        "create table `people`\ndrop table `users`\nperhaps the table `users` is now called `people`"
    );
    for operation in &diff.operations {
        operation.execute(&engine).await.unwrap();
    }
    wanted.check(&engine).await.unwrap();
    Operation::RenameTable { from: "people".into(), to: "users".to_owned() }.execute(&engine).await.unwrap();
    assert_eq!(MetaData::reflect(&engine).await.unwrap().tables().unwrap()[0].name, "users");
}

#[tokio::test]
async fn tables_that_refer_to_each_other_are_added() {
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let part = |name: &str, other: &str| {
        Table::new(name)
            .column(Column::new("id", ColumnType::BigInteger))
            .column(Column::new("other", ColumnType::BigInteger).nullable())
            .primary_key(["id"])
            .foreign_key(ForeignKey::new(["other"], other, ["id"]))
    };
    let wanted = of(users()).table(part("hens", "eggs")).table(part("eggs", "hens"));
    for operation in wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().operations {
        operation.execute(&engine).await.unwrap();
    }
    wanted.check(&engine).await.unwrap();
}

#[tokio::test]
async fn indexes_are_added_changed_and_dropped() {
    changes(users(), users().index(["name"]), &["create on `users` the index ix_users_name (name)"]).await;
    changes(users().index(["name"]), users(), &["drop from `users` the index ix_users_name (name)"]).await;
    let words = ["drop from `users` the index i (name)", "create on `users` the index i (name, id)"];
    changes(users().index(Index::new(["name"]).name("i")), users().index(Index::new(["name", "id"]).name("i")), &words)
        .await;
}

/// Names without one are made of the table and the columns, which several indexes can share.
#[tokio::test]
async fn many_indexes_over_the_same_columns_are_there_and_stay() {
    let descending = || Index::new([IndexColumn::column("name").descending()]);
    let mut indexes = vec![Index::new(["name"]), descending(), Index::new(["name"]).unique(), descending().unique()];
    if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) {
        indexes.extend(["id > 1", "id > 2", "id > 3"].map(|sql| Index::new(["name"]).condition(sql)));
        let of = |sql: &str| Index::new([IndexColumn::expression(sql)]);
        indexes.extend(["lower(name)", "upper(name)", "length(name)", "id + 1"].map(of));
    }
    let with = |count: usize| indexes[..count].iter().cloned().fold(users(), Table::index);
    let engine = empty_engine().await;
    of(with(indexes.len())).create_all(&engine).await.unwrap();
    of(with(indexes.len())).check(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap().tables().unwrap();
    assert_eq!(found[0].indexes.len() + found[0].uniques.len(), indexes.len());
    // One after the other, too.
    let engine = empty_engine().await;
    of(with(0)).create_all(&engine).await.unwrap();
    for count in 1..=indexes.len() {
        let wanted = of(with(count));
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert_eq!(diff.operations.len(), 1, "{diff}");
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    }
}

#[tokio::test]
async fn columns_are_altered() {
    let with = |column: Column| Table { columns: vec![users().columns.remove(0), column], ..users() };
    let name = || Column::new("name", ColumnType::String(50));
    for (column, words) in [
        (Column::new("name", ColumnType::String(80)), "type string(50) -> string(80)"),
        (name().nullable(), "not null -> null"),
        (name().server_default("'x'"), "default none -> `'x'`"),
        (name().comment("so called"), "comment none -> `so called`"),
        (Column::new("name", ColumnType::String(9)).nullable(), "type string(50) -> string(9), not null -> null"),
    ] {
        if column.comment.is_some() && dialect() == Dialect::Sqlite {
            continue;
        }
        changes(users(), with(column), &[&format!("alter column `users.name`: {words}")]).await;
    }
    let text = match dialect() {
        Dialect::Postgres => "alter column `users.name`: default `'x'::character varying` -> none",
        _ => "alter column `users.name`: default `'x'` -> none",
    };
    changes(with(name().server_default("'x'")), users(), &[text]).await;
}

/// Creates a table `t` with one column and rows, gives it these types, one after the other, and returns what is in it then.
async fn retyped<T: orm::SqlType>(values: &str, types: &[ColumnType]) -> Vec<T> {
    let engine = empty_engine().await;
    let with = |of: &ColumnType| of_one(Column::new("a", of.clone()).nullable());
    with(&types[0]).create_all(&engine).await.unwrap();
    text(format!("INSERT INTO t VALUES {values}")).execute(&engine).await.unwrap();
    for to in &types[1..] {
        let diff = with(to).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        with(to).check(&engine).await.unwrap();
    }
    let found = text("SELECT a FROM t WHERE a IS NOT NULL ORDER BY a").columns::<T>().all(&engine).await.unwrap();
    assert_eq!(text("SELECT count(*) FROM t WHERE a IS NULL").columns::<i64>().one(&engine).await.unwrap(), 1);
    found
}

fn of_one(column: Column) -> MetaData {
    of(Table::new("t").column(column))
}

/// PostgreSQL has casts between truth values and integers of 32 bits alone.
#[tokio::test]
async fn numbers_become_truth_values_and_truth_values_numbers() {
    for number in [ColumnType::SmallInteger, ColumnType::Integer, ColumnType::BigInteger, ColumnType::Double] {
        let truths = retyped::<bool>("(0), (NULL), (1)", &[number.clone(), ColumnType::Boolean]).await;
        assert_eq!(truths, [false, true], "{number}");
        let types = [ColumnType::Boolean, number.clone(), ColumnType::BigInteger];
        assert_eq!(retyped::<i64>("(false), (NULL), (true)", &types).await, [0, 1], "{number}");
    }
}

/// PostgreSQL's casts read and write bytes as they are shown: `\x61` for `a`.
#[tokio::test]
async fn texts_become_bytes_and_bytes_texts() {
    let backslash = if matches!(dialect(), Dialect::MariaDb | Dialect::MySql) { r"\\" } else { r"\" };
    let values = format!("('abc'), (NULL), ('{backslash}x41'), ('é')");
    let texts = ["\\x41", "abc", "é"];
    for of in [ColumnType::Text, ColumnType::String(9), ColumnType::Char(4)] {
        let bytes = retyped::<Vec<u8>>(&values, &[of.clone(), ColumnType::LargeBinary]).await;
        assert_eq!(bytes, texts.map(|text| text.as_bytes().to_vec()), "{of}");
        let back =
            retyped::<String>(&values, &[of.clone(), ColumnType::LargeBinary, of.clone(), ColumnType::Text]).await;
        let mut back: Vec<&str> = back.iter().map(|text| text.trim_end()).collect();
        back.sort_unstable();
        assert_eq!(back, texts, "{of}");
    }
}

/// Databases know some names once, so what has one goes before what takes it, also where its table goes itself.
#[tokio::test]
async fn names_move_to_other_tables() {
    let numbers = |name: &str| {
        Table::new(name)
            .column(Column::new("id", ColumnType::BigInteger))
            .column(Column::new("a", ColumnType::BigInteger))
            .primary_key(["id"])
    };
    let indexed = |name: &str| numbers(name).index(Index::new(["a"]).name("by_a"));
    let unique = |name: &str| numbers(name).unique(UniqueConstraint::new(["a"]).name("one_a"));
    let referring = |name: &str| numbers(name).foreign_key(ForeignKey::new(["a"], "p", ["id"]).name("to_p"));
    let to_t = |name: &str| numbers(name).foreign_key(ForeignKey::new(["a"], "t", ["a"]).name("to_t"));
    let keyed = |name: &str| {
        let table = numbers(name);
        Table { primary_key: PrimaryKey::new(["id"]).name("the_key"), ..table }
    };
    for (from, to) in [
        (vec![indexed("t")], vec![numbers("t"), indexed("u")]),
        (vec![indexed("t")], vec![indexed("u")]),
        (vec![numbers("k"), indexed("t")], vec![indexed("k")]),
        (vec![unique("t")], vec![numbers("t"), unique("u")]),
        (vec![unique("t")], vec![unique("u")]),
        (vec![unique("t"), to_t("s")], vec![unique("u")]),
        (vec![unique("t"), to_t("s")], vec![numbers("t"), unique("u"), numbers("s")]),
        (vec![keyed("t")], vec![keyed("u")]),
        (vec![numbers("p"), referring("t")], vec![numbers("p"), numbers("t"), referring("u")]),
        (vec![numbers("p"), referring("t")], vec![numbers("p"), referring("u")]),
        (vec![numbers("p"), numbers("k"), referring("t")], vec![numbers("p"), referring("k")]),
    ] {
        let all = |tables: Vec<Table>| tables.into_iter().fold(MetaData::new(), MetaData::table);
        let engine = empty_engine().await;
        all(from).create_all(&engine).await.unwrap();
        let wanted = all(to);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
    }
}

/// PostgreSQL compares no date with the text that a check has, and no label of a type with one of another.
#[tokio::test]
async fn a_column_gets_another_type_with_what_compares_it() {
    let words = || ColumnType::String(20);
    let labels = |name: &'static str, labels: &[&'static str]| ColumnType::labels(name, labels);
    for (from, value, to, condition) in [
        (words(), "'2020-02-03'", ColumnType::Date, "a > '2000-01-01'"),
        (ColumnType::Date, "'2020-02-03'", words(), "a > '2000-01-01'"),
        (words(), "'x'", labels("mood", &["x", "y"]), "a = 'x'"),
        (labels("mood", &["x", "y"]), "'x'", words(), "a = 'x'"),
        (labels("mood", &["x", "y"]), "'x'", labels("temper", &["y", "x"]), "a = 'x'"),
        (labels("mood", &["x", "y"]), "'x'", labels("mood", &["y", "x"]), "a = 'x'"),
        (labels("mood", &["x", "y"]), "'x'", labels("mood", &["x"]), "a = 'x'"),
        (ColumnType::Integer, "1", ColumnType::BigInteger, "a IN (1, 2)"),
        (words(), "'x'", ColumnType::Text, "a IN ('x', 'y')"),
    ] {
        let with = |of: ColumnType| {
            let table = users().column(Column::new("a", of)).check(CheckConstraint::new(condition).name("compared"));
            match dialect() {
                Dialect::MariaDb | Dialect::MySql => table,
                _ => table.index(Index::new(["id"]).condition(condition).unique().name("partly")),
            }
        };
        let engine = empty_engine().await;
        of(with(from)).create_all(&engine).await.unwrap();
        text(format!("INSERT INTO users (name, a) VALUES ('ed', {value})")).execute(&engine).await.unwrap();
        let wanted = of(with(to));
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    }
}

/// Columns and tables that go, and columns that leave the type, may have labels that go as well.
#[tokio::test]
async fn labels_go_with_the_columns_that_have_them() {
    let mood = |all: bool| ColumnType::labels("mood", if all { &["a", "b"] } else { &["a"] });
    let key = |name: &str| Table::new(name).column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"]);
    let with = |name: &str, all: bool| key(name).column(Column::new("e", mood(all)).server_default("'a'"));
    let checked = |table: Table| {
        let name = table.name.clone();
        let table = table.check(CheckConstraint::new("e <> 'a'").name(format!("not_a_{name}")));
        match dialect() {
            Dialect::MariaDb | Dialect::MySql => table,
            _ => table.index(Index::new(["id"]).condition("e = 'b'").name(format!("of_b_{name}"))),
        }
    };
    let named = |all: bool| {
        let table = with("named", all).unique(["e"]);
        table.column(Column::new("copied", mood(all)).nullable().computed_stored("e"))
    };
    let referring = |all: bool| with("referring", all).foreign_key(ForeignKey::new(["e"], "named", ["e"]));
    let from = of(named(true)).table(referring(true)).table(checked(with("losing", true)));
    let from = from.table(with("leaving", true)).table(checked(with("going", true)).index(["e"]));
    let leaving = key("leaving").column(Column::new("e", ColumnType::Text).server_default("'z'"));
    let to = of(named(false)).table(referring(false)).table(key("losing")).table(leaving).table(with("coming", false));

    let engine = empty_engine().await;
    from.create_all(&engine).await.unwrap();
    for (table, label) in [("named", "a"), ("referring", "a"), ("losing", "b"), ("leaving", "b"), ("going", "b")] {
        text(format!("INSERT INTO {table} (id, e) VALUES (1, '{label}')")).execute(&engine).await.unwrap();
    }
    let diff = to.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    to.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    text("INSERT INTO leaving (id) VALUES (2)").execute(&engine).await.unwrap();
    let left = text("SELECT e FROM leaving ORDER BY id").columns::<String>().all(&engine).await.unwrap();
    assert_eq!(left, ["b", "z"]);
    let sql =
        if dialect() == Dialect::Postgres { "SELECT copied::text FROM named" } else { "SELECT copied FROM named" };
    assert_eq!(text(sql).columns::<String>().all(&engine).await.unwrap(), ["a"]);
}

/// The default that counted goes before the one that is wanted comes.
#[tokio::test]
async fn a_generated_key_becomes_one_that_is_given_a_default() {
    let key = |column: Column| Table { columns: vec![column, users().columns.remove(1)], ..users() };
    let id = || Column::new("id", ColumnType::BigInteger);
    let always = Identity { is_always: true, ..Identity::DEFAULT };
    let generated = [id().generated(), id().identity(Identity::DEFAULT), id().identity(always)];
    let mut given = vec![(id().server_default("5"), Some(5))];
    if dialect() == Dialect::Postgres {
        given.push((id().server_default("(random() * 0)::bigint + 6"), Some(6)));
        given.push((id().sequence("numbers"), Some(1)));
    }
    given.push((id(), None));
    let generated = generated.into_iter().take(if dialect() == Dialect::Postgres { 3 } else { 1 });
    for from in generated.map(key) {
        for (to, value) in &given {
            let engine = empty_engine().await;
            of(from.clone()).create_all(&engine).await.unwrap();
            text("INSERT INTO users (name) VALUES ('ed')").execute(&engine).await.unwrap();
            let wanted = of(key(to.clone()));
            let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
            diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
            wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
            text("UPDATE users SET id = 100").execute(&engine).await.unwrap();
            let inserted = text("INSERT INTO users (name) VALUES ('wendy')").execute(&engine).await;
            let sql = "SELECT id FROM users WHERE name = 'wendy'";
            let found = text(sql).columns::<i64>().all(&engine).await.unwrap();
            if dialect() != Dialect::Sqlite || value.is_some() {
                assert_eq!(inserted.is_ok(), value.is_some(), "{diff}");
                assert_eq!(found, value.iter().copied().collect::<Vec<i64>>(), "{diff}");
            }
        }
    }
}

#[tokio::test]
async fn constraints_are_added_and_dropped() {
    let parent = || users().column(Column::new("parent", ColumnType::BigInteger).nullable());
    changes(parent(), parent().unique(["name"]), &["add to `users` the unique constraint `uq_users_name` (name)"])
        .await;
    changes(parent().unique(["name"]), parent(), &["drop from `users` the unique constraint `uq_users_name` (name)"])
        .await;
    let key = || parent().index(["parent"]).foreign_key(ForeignKey::new(["parent"], "users", ["id"]));
    let words = "the foreign key `fk_users_parent_users` (parent) to users (id)";
    changes(parent().index(["parent"]), key(), &[&format!("add to `users` {words}")]).await;
    changes(key(), parent().index(["parent"]), &[&format!("drop from `users` {words}")]).await;
    let check = |sql: &str| parent().check(CheckConstraint::new(sql).name("c"));
    changes(parent(), check("parent > 1"), &["add to `users` the check `c` (parent > 1)"]).await;
    let engine = empty_engine().await;
    of(check("parent > 1")).create_all(&engine).await.unwrap();
    let wanted = of(check("parent > 2"));
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(diff.operations.len(), 2, "{diff}");
    diff.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
}

#[tokio::test]
async fn a_key_is_changed() {
    let keyed = |key: [&str; 1]| {
        Table::new("words")
            .column(Column::new("a", ColumnType::String(9)))
            .column(Column::new("b", ColumnType::String(9)))
            .primary_key(key)
    };
    let name = if dialect() == Dialect::Postgres { " `pk_words`" } else { "" };
    let words = [
        format!("drop from `words` the primary key{name} (a)"),
        "add to `words` the primary key `pk_words` (b)".to_owned(),
    ];
    changes(keyed(["a"]), keyed(["b"]), &words.each_ref().map(String::as_str)).await;
}

#[tokio::test]
async fn comments_are_changed() {
    only!(Postgres | MariaDb | MySql);
    changes(users().comment("old"), users().comment("new"), &["comment on table `users`: `old` -> `new`"]).await;
    changes(users().comment("old"), users(), &["comment on table `users`: `old` -> none"]).await;
}

/// No database keeps an empty comment.
#[tokio::test]
async fn an_empty_comment_is_none() {
    let column = |text: &str| Column::new("age", ColumnType::Integer).comment(text);
    let with = |text: &str| users().comment(text).column(column(text));
    changes(with(""), with(""), &[]).await;
    let words = ["comment on table `users`: `old` -> none", "alter column `users.age`: comment `old` -> none"];
    let mut words = if dialect() == Dialect::Sqlite { Vec::new() } else { words.to_vec() };
    words.reverse();
    changes(with("old"), with(""), &words).await;
}

/// SQLite would make one that is called by no letter.
#[tokio::test]
async fn an_index_without_a_name_is_refused() {
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let create = Operation::CreateIndex { table: (&users()).into(), index: Index::new(["name"]).unique() };
    let error = create.execute(&engine).await.unwrap_err();
    let message = "the unique index (name) of table `users` has no name\nhint: give it one by `Index::name`";
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn labels_are_added() {
    only!(Postgres);
    let moods =
        |labels: &[&'static str]| users().column(Column::new("mood", ColumnType::labels("mood", labels)).nullable());
    let words = ["alter type `mood`: (sad, happy) -> (angry, sad, calm, happy)"];
    changes(moods(&["sad", "happy"]), moods(&["angry", "sad", "calm", "happy"]), &words).await;
    let words = ["create type `mood` (sad)", "add column `users.mood`: mood enum(sad)"];
    changes(users(), moods(&["sad"]), &words).await;
    let engine = empty_engine().await;
    of(moods(&["sad", "happy"])).create_all(&engine).await.unwrap();
    let diff = of(moods(&["happy"])).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(diff.to_string().trim_end(), "make type `mood` anew: (sad, happy) -> (happy)");
    let Operation::ReplaceEnum { from, to, .. } = diff.operations[0].clone() else { panic!("{diff}") };
    let error = Operation::AlterEnum { from, to }.to_sql(Dialect::Postgres).unwrap_err();
    assert!(error.to_string().starts_with("taking labels of type `mood` away"), "{error}");
}

/// PostgreSQL takes no new label in the transaction that adds it, and knows no cast from one type of labels to another.
#[tokio::test]
async fn labels_are_added_and_used_at_once() {
    only!(Postgres);
    let mood = |name: &'static str, labels: &[&'static str], default: &str| {
        users().column(Column::new("mood", ColumnType::labels(name, labels)).server_default(default))
    };
    let engine = empty_engine().await;
    of(mood("mood", &["sad"], "'sad'")).create_all(&engine).await.unwrap();
    text("INSERT INTO users (name) VALUES ('ed')").execute(&engine).await.unwrap();
    for wanted in [mood("mood", &["sad", "calm"], "'calm'"), mood("temper", &["calm", "sad"], "'calm'")] {
        let wanted = of(wanted);
        wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
    }
    let moods = text("SELECT mood::text FROM users").columns::<String>().all(&engine).await.unwrap();
    assert_eq!(moods, ["sad"]);
}

/// SQLite's ALTER refuses these where there are rows.
#[tokio::test]
async fn columns_of_which_each_row_computes_its_value_are_added() {
    let with_n = || users().column(Column::new("n", ColumnType::Integer));
    for column in [
        Column::new("x", ColumnType::DateTime).server_default("CURRENT_TIMESTAMP"),
        Column::new("x", ColumnType::Integer).server_default("(1 + 1)"),
        Column::new("x", ColumnType::String(9)).server_default("lower('X')"),
        Column::new("x", ColumnType::Integer).nullable().computed_stored("n * 2"),
        Column::new("x", ColumnType::Integer).nullable().computed("n * 2"),
    ] {
        let engine = empty_engine().await;
        of(with_n()).create_all(&engine).await.unwrap();
        text("INSERT INTO users (name, n) VALUES ('ed', 1), ('wendy', 2)").execute(&engine).await.unwrap();
        let wanted = of(with_n().column(column));
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
        let sql = "SELECT count(*) FROM users WHERE x IS NOT NULL";
        assert_eq!(text(sql).columns::<i64>().one(&engine).await.unwrap(), 2, "{diff}");
    }
}

/// A column goes after what is computed of it, and comes before.
#[tokio::test]
async fn columns_are_changed_with_those_that_are_computed_of_them() {
    let number = |name: &str| Column::new(name, ColumnType::Integer).server_default("1");
    let big = |name: &str| Column::new(name, ColumnType::BigInteger).server_default("1");
    let computed = |sql: &str| Column::new("result", ColumnType::BigInteger).nullable().computed_stored(sql);
    let with = |columns: [Column; 2]| columns.into_iter().fold(users(), Table::column);
    let first = |columns: [Column; 2]| {
        let mut table = with(columns);
        table.columns.rotate_right(1);
        table
    };
    let used = |table: Table| {
        table.index(Index::new(["result"]).name("by_result")).check(CheckConstraint::new("result < 100").name("small"))
    };
    for (from, to, result) in [
        (with([number("a"), computed("a * 2")]), with([number("b"), computed("b * 3")]), Some(3)),
        (with([number("a"), computed("a * 2")]), first([number("b"), computed("b * 3")]), Some(3)),
        (first([number("a"), computed("a * 2")]), users(), None),
        (with([number("a"), computed("a * 2")]), users(), None),
        (users(), first([number("a"), computed("a * 2")]), Some(2)),
        (with([number("a"), computed("a * 2")]), with([big("a"), computed("a * 2")]), Some(2)),
        (with([number("a"), computed("a * 2")]), with([number("a"), computed("a * 4")]), Some(4)),
        (used(with([number("a"), computed("a * 2")])), used(with([big("a"), computed("a * 4")])), Some(4)),
    ] {
        let engine = empty_engine().await;
        of(from).create_all(&engine).await.unwrap();
        text("INSERT INTO users (name) VALUES ('ed')").execute(&engine).await.unwrap();
        let wanted = of(to);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        if let Some(result) = result {
            assert_eq!(text("SELECT result FROM users").columns::<i64>().one(&engine).await.unwrap(), result, "{diff}");
        }
    }
}

/// A row is more than the columns that it had.
#[tokio::test]
async fn rows_stay_when_all_their_columns_go() {
    let only = |column: Column| Table::new("t").column(column);
    let b = || Column::new("b", ColumnType::Integer);
    let computed = || Column::new("c", ColumnType::Integer).nullable().computed("b * 2");
    for (to, sum) in [
        (only(b().server_default("7")).check("b > 0"), Some(14)),
        (only(b().server_default("(3 + 4)")), Some(14)),
        (only(b().nullable()), None),
        (only(computed()).column(b().server_default("2")), Some(4)),
    ] {
        let engine = empty_engine().await;
        of(only(Column::new("a", ColumnType::Integer).nullable())).create_all(&engine).await.unwrap();
        text("INSERT INTO t VALUES (1), (NULL)").execute(&engine).await.unwrap();
        let wanted = of(to);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
        let rows = text("SELECT b FROM t").columns::<Option<i32>>().all(&engine).await.unwrap();
        assert_eq!((rows.len(), rows.into_iter().sum::<Option<i32>>()), (2, sum), "{diff}");
    }
}

#[tokio::test]
async fn a_computed_column_keeps_its_values_as_a_plain_one() {
    let a = |of: ColumnType| Table::new("t").column(Column::new("a", of));
    let x = || Column::new("x", ColumnType::Integer).nullable();
    for computed in [x().computed_stored("a * 2"), x().computed("a * 2")] {
        let computed = || a(ColumnType::Integer).column(computed.clone());
        let plain = [
            a(ColumnType::Integer).column(x()),
            a(ColumnType::BigInteger).column(x()),
            Table::new("t").column(x()),
            a(ColumnType::Integer).column(Column::new("x", ColumnType::BigInteger).server_default("5")),
        ];
        for to in plain {
            let engine = empty_engine().await;
            of(computed()).create_all(&engine).await.unwrap();
            text("INSERT INTO t (a) VALUES (5), (6)").execute(&engine).await.unwrap();
            let wanted = of(to);
            let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
            diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
            wanted.check(&engine).await.unwrap();
            let rows = text("SELECT x FROM t ORDER BY x").columns::<i64>().all(&engine).await.unwrap();
            assert_eq!(rows, [10, 12], "{diff}");
        }
        // The other way round the values are those of the expression.
        let engine = empty_engine().await;
        of(a(ColumnType::Integer).column(x()).index(["x"])).create_all(&engine).await.unwrap();
        text("INSERT INTO t VALUES (5, 0), (6, NULL)").execute(&engine).await.unwrap();
        let wanted = of(computed().index(["x"]));
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
        let rows = text("SELECT x FROM t ORDER BY x").columns::<i64>().all(&engine).await.unwrap();
        assert_eq!(rows, [10, 12], "{diff}");
    }
}

/// Without its trigger what is inserted into a view would be something else, or nothing.
#[tokio::test]
async fn what_stands_on_a_view_stays_when_it_is_made_anew() {
    only!(Sqlite | Postgres);
    let engine = empty_engine().await;
    let seen =
        |of_type: ColumnType, sql: &str| of(users().column(Column::new("n", of_type))).view(View::new("seen", sql));
    seen(ColumnType::Integer, "SELECT id, name, n FROM users").create_all(&engine).await.unwrap();
    let insert = "INSERT INTO users (name, n) VALUES (new.name, new.n * 10)";
    let statements = match dialect() {
        Dialect::Sqlite => vec![format!("CREATE TRIGGER tenfold INSTEAD OF INSERT ON Seen BEGIN {insert}; END")],
        _ => vec![
            format!("CREATE FUNCTION tenfold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {insert}; RETURN new; END'"),
            "CREATE TRIGGER tenfold INSTEAD OF INSERT ON seen FOR EACH ROW EXECUTE FUNCTION tenfold()".to_owned(),
            "CREATE RULE kept AS ON DELETE TO seen DO INSTEAD NOTHING".to_owned(),
            r"COMMENT ON VIEW seen IS 'it''s a\view'".to_owned(),
            "COMMENT ON COLUMN seen.name IS 'so ''called'''".to_owned(),
            "ALTER VIEW seen ALTER COLUMN name SET DEFAULT 'no''body'".to_owned(),
            "ALTER VIEW seen SET (security_barrier = true)".to_owned(),
            "GRANT SELECT, UPDATE ON seen TO PUBLIC".to_owned(),
        ],
    };
    for statement in statements {
        text(statement).execute(&engine).await.unwrap();
    }
    for wanted in [
        seen(ColumnType::BigInteger, "SELECT id, name, n FROM users"),
        seen(ColumnType::Integer, "SELECT n, id, name, 1 AS one FROM users"),
    ] {
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
        text("DELETE FROM users").execute(&engine).await.unwrap();
        let words = if dialect() == Dialect::Postgres { "(n) VALUES (5)" } else { "(n, name) VALUES (5, 'no''body')" };
        text(format!("INSERT INTO seen {words}")).execute(&engine).await.unwrap();
        let row = text("SELECT name, n FROM users").columns::<(String, i32)>().one(&engine).await.unwrap();
        assert_eq!(row, ("no'body".to_owned(), 50), "{diff}");
    }
    let wanted = seen(ColumnType::Integer, "SELECT n, id FROM users");
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    if dialect() == Dialect::Sqlite {
        let error = diff.execute(&engine).await.unwrap_err();
        assert!(error.to_string().contains("a trigger on INSERT of `Seen` names what is no longer there"), "{error}");
        return;
    }
    text("DELETE FROM seen").execute(&engine).await.unwrap();
    let sql = "SELECT count(*), obj_description(CAST('seen' AS REGCLASS), 'pg_class'), \
               (SELECT string_agg(col_description(attrelid, attnum), ',') FROM pg_attribute \
                WHERE attrelid = CAST('seen' AS REGCLASS)), \
               (SELECT concat(reloptions, relacl) FROM pg_class WHERE oid = CAST('seen' AS REGCLASS)) FROM users";
    let (count, comment, of_column, rest) =
        text(sql).columns::<(i64, String, String, String)>().one(&engine).await.unwrap();
    assert_eq!((count, comment.as_str(), of_column.as_str()), (1, r"it's a\view", "so 'called'"));
    assert!(rest.contains("security_barrier=true") && rest.contains("=rw/"), "{rest}");
    // What is of a column goes with it.
    diff.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
}

/// SQLite has to copy the table, which a single operation does not.
#[tokio::test]
async fn sqlite_says_what_it_cannot_change() {
    only!(Sqlite);
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    let wanted = of(users().unique(["name"]));
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    let error = diff.operations[0].execute(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Compile);
    assert_eq!(
        error.to_string(),
        "adding a constraint on table `users` is not supported on dialect sqlite\n\
         hint: SQLite does it by copying the table: `Diff::execute` does that, for all changes at once"
    );
}

#[tokio::test]
async fn conditions_differ_by_their_operators() {
    let users = || users().column(Column::new("n", ColumnType::Integer));
    let with = |sql: &str| users().check(CheckConstraint::new(sql).name("c"));
    for (from, to) in
        [("n > 1", "n >= 1"), ("n BETWEEN 1 AND 5", "n NOT BETWEEN 1 AND 5"), ("n = 1 OR n = 2", "n = 1 AND n = 2")]
    {
        let to_words = format!("add to `users` the check `c` ({to})");
        let engine = empty_engine().await;
        of(with(from)).create_all(&engine).await.unwrap();
        of(with(from)).check(&engine).await.unwrap();
        let diff = of(with(to)).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert_eq!(diff.to_string().lines().last(), Some(&*to_words), "{diff}");
        diff.execute(&engine).await.unwrap();
        of(with(to)).check(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn sequences_are_added_and_count_otherwise() {
    only!(Postgres | MariaDb);
    let engine = empty_engine().await;
    let plain = || Sequence::new("numbers");
    let odd = || plain().start(100).increment(-5).between(-1000, 200).cycle();
    for (wanted, word) in [(plain(), "create"), (odd(), "alter"), (plain().start(7), "alter"), (plain(), "alter")] {
        let wanted = MetaData::new().sequence(wanted);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert!(diff.to_string().starts_with(word), "{diff}");
        diff.execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn views_are_of_the_query_that_they_say() {
    let engine = empty_engine().await;
    let with = |table: Table, sql: &str| of(table).view(View::new("seen", sql));
    let query = "SELECT id, name AS called, count(*) AS n FROM users WHERE id > 1 AND name <> 'x' GROUP BY id, name";
    with(users(), query).create_all(&engine).await.unwrap();
    with(users(), query).check(&engine).await.unwrap();
    for other in [
        query.replace("id > 1", "id > 2"),
        query.replace("id > 1", "id >= 1"),
        query.replace("called", "known"),
        query.replace("'x'", "'y'"),
    ] {
        let wanted = with(users(), &other);
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert!(diff.to_string().starts_with("drop view seen"), "{diff}");
        diff.execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
        with(users(), query).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    }
    with(users(), query).check(&engine).await.unwrap();
}

/// PostgreSQL changes no column that a view reads, and drops no view that another reads; SQLite alters nothing while a view is broken.
#[tokio::test]
async fn views_are_made_anew_when_what_they_read_changes() {
    let engine = empty_engine().await;
    let metadata = |length: u32, with_age: bool, over: &str| {
        let table = Table::new("users")
            .column(Column::new("id", ColumnType::BigInteger).generated())
            .column(Column::new("name", ColumnType::String(length)))
            .primary_key(["id"]);
        let age = Column::new("age", ColumnType::Integer).nullable();
        let age_of = if with_age { ", age" } else { "" };
        let view = |name: &str, sql: String| View::new(name, sql);
        of(if with_age { table.column(age) } else { table })
            .view(view("named", format!("SELECT id, name{age_of} FROM users")))
            .view(view("known", format!("SELECT id, name FROM {over}")))
            .view(view("counted", "SELECT count(*) AS n FROM known".to_owned()))
    };
    metadata(50, true, "named").create_all(&engine).await.unwrap();
    text("INSERT INTO users (name, age) VALUES ('ed', 7)").execute(&engine).await.unwrap();
    for wanted in [metadata(60, true, "named"), metadata(60, false, "named"), metadata(60, false, "users")] {
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap();
        assert_eq!(text("SELECT n FROM counted").columns::<i64>().one(&engine).await.unwrap(), 1);
    }
    assert!(text("SELECT age FROM named").columns::<i64>().all(&engine).await.is_err());
}

/// Of two tables that are not there yet only one can have an index of a name, but those that are there may both have it.
#[tokio::test]
async fn a_name_that_two_tables_know_stays_when_one_of_them_goes() {
    let engine = empty_engine().await;
    let key = match dialect() {
        Dialect::Sqlite => "CONSTRAINT known UNIQUE (k)",
        Dialect::Postgres => "CONSTRAINT known FOREIGN KEY (k) REFERENCES itself (id)",
        _ => "KEY known (k)",
    };
    for name in ["first", "second"] {
        let key = key.replace("itself", name);
        let sql = format!("CREATE TABLE {name} (id BIGINT NOT NULL PRIMARY KEY, k BIGINT, {key})");
        text(sql).execute(&engine).await.unwrap();
    }
    let found = MetaData::reflect(&engine).await.unwrap().tables().unwrap();
    let all = found.iter().cloned().fold(MetaData::new(), MetaData::table);
    all.check(&engine).await.unwrap();
    let wanted = of(found.into_iter().find(|table| table.name == "second").unwrap());
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(diff.to_string().trim_end(), "drop table `first`");
    diff.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
}

/// One database knows an index by its table, another knows each name once.
#[tokio::test]
async fn what_was_read_is_created_with_names_of_its_own() {
    let engine = empty_engine().await;
    let table = |name: &str| {
        let column = Column::new("word", ColumnType::String(20));
        Table::new(name).column(column).index(Index::new(["word"]).name("known"))
    };
    MetaData::new().table(table("first")).create_all(&engine).await.unwrap();
    let both = MetaData::reflect(&engine).await.unwrap().table(table("second"));
    let script = both.to_sql(dialect());
    let count = |words: &str| script.matches(words).count();
    assert_eq!((count("INDEX known"), count("INDEX known_")), (2, 1), "{script}");
    both.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    both.check(&engine).await.unwrap();
}

#[tokio::test]
async fn a_difference_that_its_words_do_not_tell_is_told_otherwise() {
    only!(Sqlite);
    let engine = empty_engine().await;
    text("CREATE TABLE notes (id INT PRIMARY KEY, at TIMESTAMP)").execute(&engine).await.unwrap();
    let at = Column::new("at", ColumnType::Timestamp).nullable();
    let wanted = of(Table::new("notes").column(Column::new("id", ColumnType::Integer)).column(at).primary_key(["id"]));
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert_eq!(
        diff.to_string().trim_end(),
        "alter column `notes.id`: type int -> integer, whether it is the rowid\n\
         alter column `notes.at`: type timestamp -> timestamp, as it is declared here"
    );
    diff.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
}

#[tokio::test]
async fn a_strict_table_gets_columns_of_the_types_that_it_knows() {
    only!(Sqlite);
    let strict = |age: bool| {
        let table = users().option("sqlite_strict", "true");
        let mood = ColumnType::labels("mood", &["happy", "sad"]).as_text().checked();
        match age {
            false => table,
            true => table
                .column(Column::new("nick", ColumnType::String(20)).nullable())
                .column(Column::new("born", ColumnType::Date).nullable())
                .column(Column::new("mood", mood).nullable()),
        }
    };
    let engine = empty_engine().await;
    of(strict(false)).create_all(&engine).await.unwrap();
    text("INSERT INTO users (name) VALUES ('ed')").execute(&engine).await.unwrap();
    let wanted = of(strict(true));
    wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
    let types = text("SELECT type FROM pragma_table_info('users')").columns::<String>().all(&engine).await.unwrap();
    assert_eq!(types, ["INTEGER", "TEXT", "TEXT", "TEXT", "TEXT"]);
    assert!(text("UPDATE users SET mood = 'angry'").execute(&engine).await.is_err());
}

#[tokio::test]
async fn a_check_lists_what_differs() {
    let engine = empty_engine().await;
    of(users()).create_all(&engine).await.unwrap();
    of(users()).check(&engine).await.unwrap();
    let wanted = of(users().column(Column::new("age", ColumnType::Integer).nullable()).index(["age"]));
    let error = wanted.check(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "the database is not as the metadata says: 2 differences\n  \
         add column `users.age`: age integer\n  create on `users` the index ix_users_age (age)\n\
         hint: migrate the database, or change the models"
    );
}

/// A schema of MariaDB is a database, and one of SQLite a file that is attached to a connection.
/// MySQL looks for a target without a schema in that of the table that refers to it.
#[tokio::test]
async fn a_foreign_key_leads_out_of_its_schema() {
    only!(Postgres | MySql | MariaDb);
    let engine = empty_engine().await;
    let home = Inspector::of(&engine).await.unwrap().default_schema().to_owned();
    let schema = format!("{home}_away");
    let word = if dialect() == Dialect::Postgres { "CASCADE" } else { "" };
    let remove = format!("DROP SCHEMA IF EXISTS {schema} {word}");
    for sql in [remove.clone(), format!("CREATE SCHEMA {schema}")] {
        text(sql).execute(&engine).await.unwrap();
    }
    let likes = |name: &str| {
        Table::new(name)
            .schema(schema.clone())
            .column(Column::new("user_id", ColumnType::BigInteger))
            .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]))
    };
    let created = of(users()).table(likes("likes"));
    created.create_all(&engine).await.unwrap();
    created.check(&engine).await.unwrap();
    let wanted = created.table(likes("dislikes"));
    let found = MetaData::reflect_schemas(&engine, &[&schema]).await.unwrap();
    let diff = wanted.diff(&found).unwrap();
    assert_eq!(diff.to_string(), format!("create table `{schema}.dislikes`"));
    diff.execute(&engine).await.unwrap();
    wanted.check(&engine).await.unwrap();
    wanted.drop_all(&engine).await.unwrap();
    text(remove).execute(&engine).await.unwrap();
}

#[tokio::test]
async fn another_schema_is_compared_as_well() {
    let engine = empty_engine().await;
    let mut connection = engine.connect().await.unwrap();
    connection.execution_options(ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit)).unwrap();
    let home = Inspector::of(&engine).await.unwrap().default_schema().to_owned();
    let schema = format!("{home}_b");
    let (make, remove) = match dialect() {
        Dialect::Sqlite => (format!("ATTACH ':memory:' AS {schema}"), format!("DETACH {schema}")),
        Dialect::Postgres => (format!("CREATE SCHEMA {schema}"), format!("DROP SCHEMA {schema} CASCADE")),
        _ => (format!("CREATE DATABASE {schema}"), format!("DROP DATABASE {schema}")),
    };
    if dialect() != Dialect::Sqlite {
        text(
            remove.replace("DROP SCHEMA", "DROP SCHEMA IF EXISTS").replace("DROP DATABASE", "DROP DATABASE IF EXISTS"),
        )
        .execute(&mut connection)
        .await
        .unwrap();
    }
    text(make).execute(&mut connection).await.unwrap();
    let mood = || ColumnType::labels("mood", &["sad", "happy"]).in_schema(schema.clone());
    let other = users()
        .schema(schema.clone())
        .column(Column::new("mood", mood()).server_default("'sad'"))
        .unique(["name"])
        .index(["mood"]);
    let mut likes = Table::new("likes")
        .column(Column::new("user_id", ColumnType::BigInteger))
        .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]).target_schema(schema.clone()));
    if dialect() == Dialect::Sqlite {
        // A foreign key stays within one file.
        let error = of(likes.clone()).table(other.clone()).create_all(&mut connection).await.unwrap_err();
        assert!(error.to_string().contains("refers to another schema"), "{error}");
        likes = likes.schema(schema.clone());
    }
    let metadata = of(likes).table(other.clone());
    metadata.create_all(&mut connection).await.unwrap();
    metadata.create_all(&mut connection).await.unwrap();
    metadata.check(&mut connection).await.unwrap();
    other.insert().set("name", "ed").execute(&mut connection).await.unwrap();
    other.insert().set("name", "wendy").set("mood", "happy").execute(&mut connection).await.unwrap();
    let happy = select(other.c::<String>("name")).filter(other.c::<i64>("id").gt(1));
    assert_eq!(happy.all(&mut connection).await.unwrap(), ["wendy"]);
    let wanted = of(other.column(Column::new("age", ColumnType::Integer).nullable()));
    let found = MetaData::reflect_schemas(&mut connection, &[&schema]).await.unwrap();
    let diff = wanted.diff(&found).unwrap();
    assert_eq!(diff.to_string().lines().next(), Some(&*format!("add column `{schema}.users.age`: age integer")));
    diff.operations[0].execute(&mut connection).await.unwrap();
    metadata.drop_all(&mut connection).await.unwrap();
    let found = MetaData::reflect_schemas(&mut connection, &[&schema]).await.unwrap();
    assert!(found.tables().unwrap().is_empty());
    text(remove).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn single_things_are_created_and_dropped() {
    let engine = empty_engine().await;
    users().create(&engine).await.unwrap();
    let table = || (&users()).into();
    let index = || Index::new(["name"]).name("by_name");
    Operation::CreateIndex { table: table(), index: index() }.execute(&engine).await.unwrap();
    Operation::DropIndex { table: table(), index: index() }.execute(&engine).await.unwrap();
    if dialect() != Dialect::Sqlite {
        let constraint = || Constraint::Unique(UniqueConstraint::new(["name"]).name("one_name"));
        Operation::AddConstraint { table: table(), constraint: constraint() }.execute(&engine).await.unwrap();
        Operation::DropConstraint { table: table(), constraint: constraint() }.execute(&engine).await.unwrap();
    }
    of(users()).check(&engine).await.unwrap();
    let from = Box::new(Column::new("name", ColumnType::Text));
    let alter =
        Operation::AlterColumn { table: table(), from: from.clone(), to: from, changes: vec![ColumnChange::Type] };
    assert_eq!(alter.execute(&engine).await.is_ok(), dialect() != Dialect::Sqlite);
}

/// What is there is not created, and what is not is not dropped; without asking both are errors.
#[tokio::test]
async fn operations_are_done_once() {
    let engine = empty_engine().await;
    let table: fn() -> TableName = || (&users()).into();
    let index = || Index::new(["name"]).name("by_name");
    let column = || Column::new("age", ColumnType::BigInteger).nullable();
    let view = || View::new("seen", "SELECT id FROM users");
    let mut pairs = vec![
        (Operation::CreateTable(Box::new(users())), Operation::DropTable(Box::new(users()))),
        (
            Operation::AddColumn { table: table(), column: column() },
            Operation::DropColumn { table: table(), column: column() },
        ),
        (
            Operation::CreateIndex { table: table(), index: index() },
            Operation::DropIndex { table: table(), index: index() },
        ),
        (Operation::CreateView(view()), Operation::DropView(view())),
    ];
    if dialect() != Dialect::Sqlite {
        let unique = || Constraint::Unique(UniqueConstraint::new(["name"]).name("one_name"));
        let check = || Constraint::Check(CheckConstraint::new("name <> ''").name("filled"));
        let key = || Constraint::ForeignKey(ForeignKey::new(["age"], "users", ["id"]).name("to_itself"));
        for constraint in [unique(), check(), key()] {
            pairs.push((
                Operation::AddConstraint { table: table(), constraint: constraint.clone() },
                Operation::DropConstraint { table: table(), constraint },
            ));
        }
    }
    if matches!(dialect(), Dialect::Postgres | Dialect::MariaDb) {
        let sequence = || Sequence::new("numbers");
        pairs.push((Operation::CreateSequence(sequence()), Operation::DropSequence(sequence())));
    }
    if dialect() == Dialect::Postgres {
        let labels = || EnumType { schema: None, name: "mood".into(), labels: vec!["happy".into()] };
        pairs.push((Operation::CreateEnum(labels()), Operation::DropEnum(labels())));
    }
    for (create, _) in &pairs {
        assert!(create.execute_unless_done(&engine).await.unwrap(), "{create}");
        assert!(!create.execute_unless_done(&engine).await.unwrap(), "{create}");
        assert!(create.execute(&engine).await.is_err(), "{create}");
    }
    for (_, drop) in pairs.iter().rev() {
        assert!(drop.execute_unless_done(&engine).await.unwrap(), "{drop}");
        assert!(!drop.execute_unless_done(&engine).await.unwrap(), "{drop}");
        assert!(drop.execute(&engine).await.is_err(), "{drop}");
    }
    if dialect() == Dialect::Postgres {
        let with = |labels: &[&str]| EnumType {
            schema: None,
            name: "mood".into(),
            labels: labels.iter().map(|&label| label.into()).collect(),
        };
        Operation::CreateEnum(with(&["happy"])).execute(&engine).await.unwrap();
        let alter = Operation::AlterEnum { from: with(&["happy"]), to: with(&["sad", "happy", "calm"]) };
        assert!(alter.execute_unless_done(&engine).await.unwrap());
        assert!(!alter.execute_unless_done(&engine).await.unwrap());
        assert!(alter.execute(&engine).await.is_err());
        let types = Inspector::of(&engine).await.unwrap().enums().to_vec();
        assert_eq!(types, [with(&["sad", "happy", "calm"])]);
    }
}
