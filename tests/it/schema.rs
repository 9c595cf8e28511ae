//! What models say of their tables reaches the database, and bad input is told by its place.

use orm::prelude::*;
use orm::schema::{Column, ForeignKey, Inspector, NamingConvention, Sequence, Table, View};
use orm::{ColumnType, Dialect, ErrorKind, func, text};

use crate::only;
use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, PartialEq, SqlEnum)]
enum Mood {
    Happy,
    Sad,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes", metadata = none, comment = "what was noted", unique(author, title, name = "one_title"))]
#[orm(index(author, priority, name = "by_author"), index(title, unique, name = "by_title"), check("priority > 0"))]
struct Note {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 40)]
    author: String,
    #[orm(length = 80)]
    title: String,
    #[orm(server_default = "5")]
    priority: i32,
    #[orm(mysql(sql_type = "MEDIUMTEXT"), postgres(sql_type = "VARCHAR"), comment = "the text")]
    body: String,
    #[orm(default = Mood::Happy)]
    mood: Mood,
    #[orm(computed("priority * 2", stored))]
    twice: Option<i32>,
}

#[tokio::test]
async fn what_a_model_says_of_its_table_comes_back() {
    let found = crate::reflect::comes_back(&metadata![Note]).await;
    let table = found.tables().unwrap().remove(0);
    let body = match dialect() {
        Dialect::Sqlite => ColumnType::Text,
        Dialect::Postgres => ColumnType::Varchar,
        _ => ColumnType::custom("mediumtext"),
    };
    assert_eq!(table.find_column("body").unwrap().column_type, body);
    assert!(table.uniques.iter().any(|unique| unique.name.as_deref() == Some("one_title")));
    assert!(table.indexes.iter().any(|index| index.name.as_deref() == Some("by_author")));
}

/// A program that starts waits for no writer: PostgreSQL's `CREATE INDEX IF NOT EXISTS` would.
#[tokio::test]
async fn what_is_there_is_created_beside_an_open_transaction() {
    only!(Postgres);
    let engine = empty_engine().await;
    let metadata = metadata![Note].view(View::new("titles", "SELECT title FROM notes"));
    metadata.create_all(&engine).await.unwrap();
    let mut writing = engine.begin().await.unwrap();
    let note = Note::builder().author("a").title("t").body("b");
    insert(Note).values(note).execute(&mut writing).await.unwrap();
    text("SELECT title FROM titles").columns::<String>().all(&mut writing).await.unwrap();

    let starting = engine.clone();
    let starting = async move {
        metadata.create_all(&starting).await?;
        Table::of_model(Note)?.create(&starting).await
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), starting).await;
    waited.expect("it waits for no writer").unwrap();
    writing.commit().await.unwrap();
}

/// Of each kind one thing is gone, and that alone is created.
#[tokio::test]
async fn what_is_missing_is_created_and_nothing_else() {
    only!(Postgres);
    let sent = crate::support::Sent::default();
    let listening = sent.clone();
    let engine = crate::support::empty_engine_with(|engine| engine.on_statement(listening.listener())).await;
    let metadata =
        metadata![Note].sequence(Sequence::new("numbers")).view(View::new("titles", "SELECT title FROM notes"));
    metadata.create_all(&engine).await.unwrap();
    let before = MetaData::reflect(&engine).await.unwrap();
    for gone in ["INDEX by_author", "SEQUENCE numbers", "VIEW titles"] {
        text(format!("DROP {gone}")).execute(&engine).await.unwrap();
        sent.take();
        metadata.create_all(&engine).await.unwrap();
        let words = sent.take();
        assert_eq!(words.iter().filter(|word| *word == "CREATE").count(), 1, "{gone}: {words:?}");
        assert!(before.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().is_empty(), "{gone} is back");
    }
    sent.take();
    metadata.create_all(&engine).await.unwrap();
    assert_eq!(sent.take(), ["WITH"], "nothing is missing");
}

/// What has the same name in another schema is not what is asked for.
#[tokio::test]
async fn what_another_schema_has_is_created() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Note].create_all(&engine).await.unwrap();
    let other = crate::support::another_on_server();
    let elsewhere =
        engine.execution_options(orm::ExecutionOptions::new().schema_translate_map([(None, other.as_str())]));
    metadata![Note].create_all(&elsewhere).await.unwrap();
    insert(Note).values(Note::builder().author("a").title("t").body("b")).execute(&elsewhere).await.unwrap();
    assert_eq!(select(Note).count(&elsewhere).await.unwrap(), 1);
    assert_eq!(select(Note).count(&engine).await.unwrap(), 0);
    let found = Inspector::of_schemas(&engine, &[&other]).await.unwrap();
    assert!(found.has_index(&format!("{other}.notes"), "by_author"));
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "tickets", metadata = none, index(name, name = "open_ones", condition = "name <> 'x'"))]
struct Ticket {
    #[orm(primary_key, identity(always, start = 100, increment = 10))]
    id: i64,
    #[orm(length = 20, collation = "C")]
    name: String,
}

#[tokio::test]
async fn an_identity_column_counts_as_it_was_told() {
    only!(Postgres);
    crate::reflect::comes_back(&metadata![Ticket]).await;
    let engine = empty_engine().await;
    metadata![Ticket].create_all(&engine).await.unwrap();
    let rows = ["a", "b"].map(|name| Ticket::builder().name(name));
    insert(Ticket).values(rows).execute(&engine).await.unwrap();
    let ids: Vec<i64> = select(Ticket.id).order_by(Ticket.id).all(&engine).await.unwrap();
    assert_eq!(ids, [100, 110]);
}

#[tokio::test]
async fn a_naming_convention_names_what_has_no_name() {
    let convention = NamingConvention {
        primary_key: Some("%(table_name)s_pkey".into()),
        unique: Some("%(column_0_label)s_key".into()),
        foreign_key: Some(
            "%(table_name)s_%(column_0N_name)s_to_%(referred_table_name)s_%(referred_column_0_name)s".into(),
        ),
        check: Some("%(table_name)s_%(constraint_name)s_check".into()),
        index: Some("%(column_0_N_label)s_idx".into()),
    };
    let table = Table::new("users")
        .column(Column::new("id", ColumnType::BigInteger))
        .column(Column::new("boss_id", ColumnType::BigInteger).nullable())
        .column(Column::new("name", ColumnType::String(9)))
        .primary_key(["id"])
        .unique(["name"])
        .foreign_key(ForeignKey::new(["boss_id"], "users", ["id"]))
        .check(orm::schema::CheckConstraint::new("id > 0").name("positive"))
        .index(["boss_id", "name"]);
    let metadata = MetaData::new().naming_convention(convention).table(table);
    let named = metadata.tables().unwrap().remove(0);
    assert_eq!(named.primary_key.name.as_deref(), Some("users_pkey"));
    assert_eq!(named.uniques[0].name.as_deref(), Some("users_name_key"));
    assert_eq!(named.foreign_keys[0].name.as_deref(), Some("users_boss_id_to_users_id"));
    assert_eq!(named.checks[0].name.as_deref(), Some("users_positive_check"));
    assert_eq!(named.indexes[0].name.as_deref(), Some("users_boss_id_users_name_idx"));
    crate::reflect::comes_back(&metadata).await;

    let wrong = NamingConvention { unique: Some("%(tabel_name)s".into()), ..NamingConvention::DEFAULT };
    let error = MetaData::new()
        .naming_convention(wrong)
        .table(Table::new("t").column(Column::new("a", ColumnType::Integer)).unique(["a"]));
    let error = error.tables().unwrap_err();
    assert!(error.to_string().starts_with("the naming convention `%(tabel_name)s` has the unknown token `tabel_name`"));
}

/// Each error names the place, and nothing is sent.
#[tokio::test]
async fn bad_metadata_is_told_before_anything_is_sent() {
    let id = || Column::new("id", ColumnType::BigInteger);
    let users = || Table::new("users").column(id()).primary_key(["id"]);
    let cases: [(MetaData, &str); 8] = [
        (
            MetaData::new().table(users().foreign_key(ForeignKey::new(["id"], "people", ["id"]))),
            "the foreign key on column `users.id` refers to the table `people`, which is not among these tables",
        ),
        (
            MetaData::new().table(users().foreign_key(ForeignKey::new(["id"], "users", ["key"]))),
            "the foreign key on column `users.id` refers to the column `users.key`, which is not there",
        ),
        (
            MetaData::new().table(users().foreign_key(ForeignKey::new(["id"], "users", ["id", "id"]))),
            "the foreign key on `users.(id)` does not refer to as many columns of one table",
        ),
        (MetaData::new().table(users().column(id())), "table `users` has two columns `id`"),
        (MetaData::new().table(users()).table(users()), "the table `users` is given twice"),
        (
            MetaData::new().table(users().unique(["id", "name"])),
            "the unique constraint on `users.(id, name)` names the column `name`, which is not there",
        ),
        (
            MetaData::new().table(users().index(["name"])),
            "the index on `users.(name)` names the column `name`, which is not there",
        ),
        (
            MetaData::new()
                .table(users().column(Column::new("a", ColumnType::labels("t", &["x"]))))
                .table(Table::new("u").column(Column::new("b", ColumnType::labels("t", &["y"])))),
            if dialect() == Dialect::Postgres {
                "the type `t` has the labels `x` for column `users.a` and `y` for column `u.b`"
            } else {
                ""
            },
        ),
    ];
    let engine = empty_engine().await;
    for (metadata, message) in cases {
        let before = engine.statement_count();
        if message.is_empty() {
            continue;
        }
        let error = metadata.create_all(&engine).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().starts_with(message), "{error}");
        assert_eq!(engine.statement_count(), before);
    }
}

#[tokio::test]
async fn what_a_database_lacks_is_told_before_anything_is_sent() {
    let with = |column_type| MetaData::new().table(Table::new("things").column(Column::new("a", column_type)));
    let engine = empty_engine().await;
    let before = engine.statement_count();
    let refused = async |metadata: MetaData, message: String| {
        let error = metadata.create_all(&engine).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Compile);
        assert_eq!(error.message(), message);
    };
    let name = dialect().name();
    if dialect() != Dialect::Postgres {
        let array = with(ColumnType::Array(Box::new(ColumnType::Integer)));
        refused(array, format!("column `things.a` cannot be declared: arrays are not supported on dialect {name}"))
            .await;
    }
    if matches!(dialect(), Dialect::Sqlite | Dialect::MySql) {
        let sequence = MetaData::new().sequence(Sequence::new("numbers"));
        refused(sequence, format!("the sequence `numbers` is not supported on dialect {name}")).await;
    }
    if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
        let varchar = with(ColumnType::Varchar);
        refused(varchar, format!("column `things.a` cannot be declared: VARCHAR requires a length on dialect {name}"))
            .await;
        let unique =
            MetaData::new().table(Table::new("things").column(Column::new("a", ColumnType::Text)).unique(["a"]));
        let message = format!(
            "column `things.a` is part of a key, unique constraint or index, so it needs a length on dialect {name}"
        );
        refused(unique, message).await;
    }
    assert_eq!(engine.statement_count(), before);
}

#[test]
fn a_cycle_without_names_cannot_be_dropped() {
    let part = |name: &str, other: &str| {
        Table::new(name)
            .column(Column::new("id", ColumnType::BigInteger))
            .primary_key(["id"])
            .foreign_key(ForeignKey::new(["id"], other, ["id"]))
    };
    let metadata = MetaData::new()
        .naming_convention(NamingConvention::NONE)
        .table(part("hens", "eggs"))
        .table(part("eggs", "hens"));
    assert_eq!(
        metadata.to_drop_sql(Dialect::Postgres),
        "the tables `eggs`, `hens` refer to each other, so they cannot be sorted to be dropped\n\
         hint: give the foreign key on `hens.(id)` a name, by which it can be dropped first"
    );
    assert!(metadata.to_drop_sql(Dialect::Sqlite).starts_with("PRAGMA"));
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "orders", metadata = none)]
struct Numbered {
    #[orm(primary_key, sequence = "order numbers")]
    id: i64,
    note: String,
}

/// Where there are no sequences the key is generated as ever.
#[tokio::test]
async fn a_sequence_fills_a_key() {
    crate::reflect::comes_back(&metadata![Numbered]).await;
    let engine = empty_engine().await;
    metadata![Numbered].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let added = ["a", "b", "c"].map(|note| session.add(Numbered::builder().note(note)));
    session.commit().await.unwrap();
    assert_eq!(added.map(|one| session[one].id), [1, 2, 3]);
    insert(Numbered).values(Numbered::builder().note("d")).execute(&engine).await.unwrap();
    let notes = select((Numbered.id, Numbered.note)).order_by(Numbered.id.asc()).all(&engine).await.unwrap();
    assert_eq!(notes[3], (4, "d".to_owned()));
    let has_sequence = Inspector::of(&engine).await.unwrap().has_sequence("order numbers");
    assert_eq!(has_sequence, matches!(dialect(), Dialect::Postgres | Dialect::MariaDb));
    metadata![Numbered].drop_all(&engine).await.unwrap();
    assert!(Inspector::of(&engine).await.unwrap().sequences().is_empty());
}

/// The types of labels are made once, whichever columns have them.
#[tokio::test]
async fn types_of_labels_are_created_and_dropped_once() {
    only!(Postgres);
    let mood = || ColumnType::labels("mood", &["happy", "sad"]);
    let table =
        |name: &str| Table::new(name).column(Column::new("a", mood())).column(Column::new("b", mood()).nullable());
    let metadata = MetaData::new().table(table("one")).table(table("two"));
    assert_eq!(metadata.to_sql(Dialect::Postgres).matches("CREATE TYPE").count(), 1);
    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap();
    metadata.create_all(&engine).await.unwrap();
    assert_eq!(Inspector::of(&engine).await.unwrap().enums().len(), 1);
    text("INSERT INTO one (a) VALUES ('sad')").execute(&engine).await.unwrap();
    metadata.drop_all(&engine).await.unwrap();
    metadata.drop_all(&engine).await.unwrap();
    assert!(Inspector::of(&engine).await.unwrap().enums().is_empty());
}

#[tokio::test]
async fn tables_of_models_and_by_hand_are_one_metadata() {
    let likes = Table::new("likes")
        .column(Column::new("note_id", ColumnType::BigInteger))
        .foreign_key(ForeignKey::new(["note_id"], "notes", ["id"]));
    let metadata = metadata![Note].table(likes.clone());
    crate::reflect::comes_back(&metadata).await;
    let error = metadata.table(Table::new("notes")).tables().unwrap_err().to_string();
    assert!(
        error.starts_with("the table `notes` is given twice: by the model `Note` at tests/it/schema.rs:"),
        "{error}"
    );
    assert_eq!(select(func::count(Note.id)).to_sql(Dialect::Sqlite), "SELECT count(notes.id) FROM notes");
}

/// A table without a model: names that need quotes, two tables in one statement, NULL, values of each row.
#[tokio::test]
async fn a_table_without_a_model_is_written_and_read() {
    let users = Table::new("Odd users")
        .column(Column::new("id", ColumnType::BigInteger).generated())
        .column(Column::new("full name", ColumnType::String(50)))
        .column(Column::new("age", ColumnType::Integer).nullable())
        .primary_key(["id"]);
    let visits = Table::new("visits")
        .column(Column::new("user", ColumnType::BigInteger))
        .column(Column::new("page", ColumnType::String(50)))
        .foreign_key(ForeignKey::new(["user"], "Odd users", ["id"]));
    let engine = empty_engine().await;
    MetaData::new().table(users.clone()).table(visits.clone()).create_all(&engine).await.unwrap();

    let two =
        users.insert().set("full name", "ed").set("age", 7).next_row().set("age", None::<i32>).set("full name", "it's");
    assert_eq!(two.execute(&engine).await.unwrap(), 2);
    let rows = [(1, "/"), (1, "/shop"), (2, "/")];
    let pages = rows.into_iter().enumerate().fold(visits.insert(), |insert, (at, (user, page))| {
        let insert = if at == 0 { insert } else { insert.next_row() };
        insert.set("user", user).set("page", page)
    });
    assert_eq!(pages.execute(&engine).await.unwrap(), 3);

    let (id, name, age) = (users.c::<i64>("id"), users.c::<String>("full name"), users.c::<Option<i32>>("age"));
    let all = select((name.clone(), age.clone())).order_by(id.clone()).all(&engine).await.unwrap();
    assert_eq!(all, [("ed".to_owned(), Some(7)), ("it's".to_owned(), None)]);
    let both = select((name.clone(), visits.c::<String>("page")))
        .filter(id.clone().eq(visits.c::<i64>("user")) & visits.c::<String>("page").eq("/shop"))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(both, [("ed".to_owned(), "/shop".to_owned())]);
    let counted = select((visits.c::<String>("page"), func::count(visits.c::<i64>("user"))))
        .group_by(visits.c::<String>("page"))
        .order_by(visits.c::<String>("page"))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(counted, [("/".to_owned(), 2), ("/shop".to_owned(), 1)]);

    let older = users.update().set_to("age", users.c::<i32>("age") + 1).filter(age.clone().is_not_null());
    assert_eq!(older.execute(&engine).await.unwrap(), 1);
    let mut session = Session::new(&engine);
    let gone = visits.delete().filter(visits.c::<i64>("user").eq(2)).execute(&mut session).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((gone, select(age).filter(id.eq(1)).scalar(&engine).await.unwrap()), (1, Some(8)));
}

#[tokio::test]
async fn a_column_that_a_table_does_not_have_is_told() {
    let users = Table::new("users")
        .column(Column::new("name", ColumnType::Text))
        .column(Column::new("age", ColumnType::Integer));
    let engine = empty_engine().await;
    let told = "table `users` has no column `nmae`\nhint: it has `name`, `age`";
    assert_eq!(users.try_c::<String>("nmae").unwrap_err().to_string(), told);
    assert_eq!(users.insert().set("nmae", "ed").execute(&engine).await.unwrap_err().to_string(), told);
    assert_eq!(users.update().set("nmae", "ed").execute(&engine).await.unwrap_err().to_string(), told);
    let rows = users.insert().set("name", "ed").next_row().set("age", 7).execute(&engine).await.unwrap_err();
    assert!(rows.to_string().starts_with("the rows for table `users` set different columns"), "{rows}");
    let nothing = users.update().execute(&engine).await.unwrap_err();
    assert!(nothing.to_string().starts_with("the update of table `users` sets no column"), "{nothing}");
}

#[test]
#[should_panic(expected = "table `users` has no column `nmae`")]
fn naming_a_column_that_is_not_there_panics() {
    _ = Table::new("users").column(Column::new("name", ColumnType::Text)).c::<String>("nmae");
}
