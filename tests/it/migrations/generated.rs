//! Revisions that are generated from models: they lead there, and back again.

use orm::migrate::Migrations;
use orm::prelude::*;
use orm::schema::{Column, ForeignKey, Index, Sequence, Table, View};
use orm::{ColumnType, Dialect, ErrorKind};

use super::{Folder, tables};
use crate::only;
use crate::support::{dialect, empty_engine};

mod first {
    use orm::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
    #[orm(name = "status", rename_all = "snake_case")]
    pub(super) enum Status {
        Active,
        Gone,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "users", metadata = none, check("length(name) > 0", name = "has_name"), index(city, name, name = "by_city"))]
    pub(super) struct User {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(length = 50, unique)]
        pub(super) name: String,
        #[orm(length = 80)]
        pub(super) city: Option<String>,
        #[orm(server_default = "'active'")]
        pub(super) status: Status,
        #[orm(length = 20)]
        pub(super) nick: Option<String>,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "addresses", metadata = none)]
    pub(super) struct Address {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(length = 100)]
        pub(super) email: String,
        #[orm(foreign_key = User.id, on_delete = cascade, index)]
        pub(super) user_id: i64,
    }

    pub(super) fn metadata() -> MetaData {
        metadata![User, Address]
    }
}

mod second {
    use orm::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
    #[orm(name = "status", rename_all = "snake_case")]
    pub(super) enum Status {
        Active,
        Away,
        Gone,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "users", metadata = none, check("length(name) > 1", name = "has_name"), index(name, city, name = "by_city"))]
    pub(super) struct User {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(length = 80, unique)]
        pub(super) name: String,
        #[orm(length = 80, server_default = "'Oslo'")]
        pub(super) city: String,
        #[orm(server_default = "'away'")]
        pub(super) status: Status,
        #[orm(server_default = "0")]
        pub(super) visits: i64,
        #[orm(foreign_key = User.id)]
        pub(super) boss_id: Option<i64>,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "addresses", metadata = none, unique(user_id, email))]
    pub(super) struct Address {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(length = 100)]
        pub(super) email: String,
        #[orm(foreign_key = User.id, index)]
        pub(super) user_id: i64,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "pets", metadata = none)]
    pub(super) struct Pet {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(foreign_key = User.id)]
        pub(super) owner_id: i64,
        #[orm(length = 20)]
        pub(super) name: String,
    }

    pub(super) fn metadata() -> MetaData {
        metadata![User, Address, Pet]
    }
}

/// Generates, upgrades, and sees that nothing is left to do.
async fn goes_to(engine: &Engine, folder: &Folder, metadata: &MetaData, name: &str) -> Vec<String> {
    let files = folder.migrations().generate(engine, metadata, name).await.unwrap_or_else(|error| panic!("{error}"));
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let migrations = folder.migrations();
    migrations.upgrade(engine).await.unwrap_or_else(|error| panic!("{error}\n{}", texts.join("\n---\n")));
    let checked = migrations.check(engine, metadata).await;
    checked.unwrap_or_else(|error| panic!("{error}\n{}", texts.join("\n---\n")));
    metadata.check(engine).await.unwrap();
    assert!(migrations.generate(engine, metadata, "nothing").await.unwrap().is_empty());
    texts
}

/// Goes back so far, and sees that all is as it was.
async fn goes_back(migrations: &Migrations, engine: &Engine, target: &str, before: &MetaData, texts: &[String]) {
    let done = migrations.downgrade(engine, target).await;
    done.unwrap_or_else(|error| panic!("{error}\n{}", texts.join("\n---\n")));
    let left = before.diff(&MetaData::reflect(engine).await.unwrap()).unwrap();
    assert!(left.is_empty(), "{left}\n{}", texts.join("\n---\n"));
}

#[tokio::test]
async fn models_that_change_are_followed_there_and_back_with_their_rows() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    goes_to(&engine, &folder, &first::metadata(), "first").await;
    {
        use first::{Address, Status, User};
        let ed = User::builder().name("ed").city("Rome").status(Status::Gone).nick("e");
        let id = insert(User).values(ed).returning(User.id).one(&engine).await.unwrap();
        insert(Address).values(Address::builder().email("ed@x.org").user_id(id)).execute(&engine).await.unwrap();
    }
    if dialect() == Dialect::Sqlite {
        for sql in [
            "CREATE TABLE log (name TEXT)",
            "CREATE TRIGGER noted AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.name); SELECT 1; END",
        ] {
            text(sql).execute(&engine).await.unwrap();
        }
    }
    let log = || Table::new("log").column(Column::new("name", ColumnType::Text).nullable());
    let of = |metadata: MetaData| if dialect() == Dialect::Sqlite { metadata.table(log()) } else { metadata };
    let middle = MetaData::reflect(&engine).await.unwrap();
    let texts = goes_to(&engine, &folder, &of(second::metadata()), "second").await;
    assert!(
        texts.concat().contains("-- drop column `users.nick`\n-- this loses data: all values of the column\n"),
        "{texts:?}"
    );
    {
        use second::{Address, Status, User};
        let users = select(User).all(&engine).await.unwrap();
        assert_eq!((users[0].name.as_str(), users[0].city.as_str(), users[0].visits), ("ed", "Rome", 0));
        assert_eq!(users[0].status, Status::Gone);
        assert_eq!(select(Address.email).all(&engine).await.unwrap(), ["ed@x.org"]);
        let kim = User::builder().name("kim").boss_id(users[0].id);
        insert(User).values(kim).execute(&engine).await.unwrap();
        let away = select(User.status).filter(User.name.eq("kim")).one(&engine).await.unwrap();
        assert_eq!(away, Status::Away);
        delete(User).filter(User.name.eq("kim")).execute(&engine).await.unwrap();
    }
    if dialect() == Dialect::Sqlite {
        assert_eq!(text("SELECT name FROM log").columns::<String>().all(&engine).await.unwrap(), ["kim"]);
    }
    let migrations = folder.migrations();
    goes_back(&migrations, &engine, "first", &middle, &texts).await;
    first::metadata().diff(&middle).unwrap();
    assert_eq!(select(first::Address.email).all(&engine).await.unwrap(), ["ed@x.org"]);
    if dialect() == Dialect::Sqlite {
        insert(first::User).values(first::User::builder().name("lou")).execute(&engine).await.unwrap();
        assert_eq!(text("SELECT name FROM log").columns::<String>().all(&engine).await.unwrap(), ["kim", "lou"]);
        delete(first::User).filter(first::User.name.eq("lou")).execute(&engine).await.unwrap();
    }
    migrations.upgrade(&engine).await.unwrap();
    migrations.check(&engine, &of(second::metadata())).await.unwrap();
    goes_back(&migrations, &engine, "first", &middle, &texts).await;
    migrations.downgrade(&engine, "base").await.unwrap();
    let left = tables(&engine).await;
    assert_eq!(left, if dialect() == Dialect::Sqlite { vec!["log(name)"] } else { vec![] });
    // Nothing is left of it that would be in the way.
    migrations.upgrade(&engine).await.unwrap();
}

fn users() -> Table {
    Table::new("users")
        .column(Column::new("id", ColumnType::BigInteger).generated())
        .column(Column::new("name", ColumnType::String(50)))
        .primary_key(["id"])
}

#[tokio::test]
async fn tables_in_a_ring_views_and_keys_go_and_come() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    goes_to(&engine, &folder, &MetaData::new().table(users()), "users").await;
    let before = MetaData::reflect(&engine).await.unwrap();
    let ring = |name: &str, other: &str| {
        Table::new(name)
            .column(Column::new("id", ColumnType::BigInteger).generated())
            .column(Column::new("other_id", ColumnType::BigInteger).nullable())
            .column(Column::new("user_id", ColumnType::BigInteger))
            .primary_key(["id"])
            .foreign_key(ForeignKey::new(["other_id"], other, ["id"]).name(format!("fk_{name}_other")))
            .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]).name(format!("fk_{name}_user")))
    };
    let column = Column::new("best_id", ColumnType::BigInteger).nullable();
    let users = users()
        .column(column)
        .foreign_key(ForeignKey::new(["best_id"], "lefts", ["id"]).name("fk_users_best"))
        .index(Index::new(["name"]).name("by_name"));
    let mut wanted = MetaData::new().table(users).table(ring("lefts", "rights")).table(ring("rights", "lefts"));
    wanted = wanted.view(View::new("names", "SELECT name FROM users"));
    if matches!(dialect(), Dialect::Postgres | Dialect::MariaDb) {
        wanted = wanted.sequence(Sequence::new("tickets"));
    }
    let texts = goes_to(&engine, &folder, &wanted, "ring").await;
    let migrations = folder.migrations();
    goes_back(&migrations, &engine, "users", &before, &texts).await;
    assert_eq!(MetaData::reflect(&engine).await.unwrap().views().len(), 0);
    assert_eq!(MetaData::reflect(&engine).await.unwrap().sequences().len(), 0);
    migrations.upgrade(&engine).await.unwrap();
    migrations.check(&engine, &wanted).await.unwrap();
}

/// MySQL makes an index for a foreign key, and leaves it when that goes.
#[tokio::test]
async fn a_foreign_key_that_comes_and_goes_leaves_nothing() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    let pets = || Table::new("pets").column(Column::new("user_id", ColumnType::BigInteger));
    goes_to(&engine, &folder, &MetaData::new().table(users()).table(pets()), "tables").await;
    let before = MetaData::reflect(&engine).await.unwrap();
    let with_key = pets().foreign_key(ForeignKey::new(["user_id"], "users", ["id"]));
    let texts = goes_to(&engine, &folder, &MetaData::new().table(users()).table(with_key), "key").await;
    goes_back(&folder.migrations(), &engine, "tables", &before, &texts).await;
    let left = MetaData::reflect(&engine).await.unwrap().diff(&before).unwrap();
    assert!(left.is_empty(), "{left}");
}

#[tokio::test]
async fn labels_that_are_used_at_once_are_a_revision_of_their_own() {
    only!(Postgres);
    let (engine, folder) = (empty_engine().await, Folder::new());
    goes_to(&engine, &folder, &first::metadata(), "first").await;
    let before = MetaData::reflect(&engine).await.unwrap();
    let texts = goes_to(&engine, &folder, &second::metadata(), "second").await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    let migrations = folder.migrations();
    let names: Vec<String> = migrations.revisions(dialect()).unwrap().into_iter().map(|of| of.name).collect();
    assert_eq!(names, ["first", "second_labels", "second"]);
    // Each goes by itself.
    for target in ["second_labels", "first"] {
        migrations.downgrade(&engine, target).await.unwrap();
        migrations.upgrade(&engine).await.unwrap();
        migrations.check(&engine, &second::metadata()).await.unwrap();
    }
    goes_back(&migrations, &engine, "first", &before, &texts).await;
}

#[tokio::test]
async fn an_index_that_is_created_concurrently_is_a_revision_of_its_own() {
    only!(Postgres);
    let (engine, folder) = (empty_engine().await, Folder::new());
    goes_to(&engine, &folder, &MetaData::new().table(users()), "users").await;
    let before = MetaData::reflect(&engine).await.unwrap();
    let wanted = users()
        .column(Column::new("city", ColumnType::Text).nullable())
        .index(Index::new(["name"]).name("by_name").concurrent());
    let texts = goes_to(&engine, &folder, &MetaData::new().table(wanted), "city").await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[1].starts_with(
            "-- database: postgresql\n\n-- upgrade\n-- no transaction\n\n-- create on `users` the index by_name"
        ),
        "{}",
        texts[1]
    );
    goes_back(&folder.migrations(), &engine, "users", &before, &texts).await;
}

#[tokio::test]
async fn nothing_is_generated_before_all_is_applied() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    let metadata = MetaData::new().table(users());
    folder.write(1, "other.sql", "-- upgrade\nCREATE TABLE others (id INTEGER);\n");
    let error = folder.migrations().generate(&engine, &metadata, "users").await.unwrap_err();
    assert_eq!(error.message(), "the database does not have all revisions: 20260101000000_other: pending");
    folder.migrations().upgrade(&engine).await.unwrap();
    folder.remove(1, "other.sql");
    let error = folder.migrations().generate(&engine, &metadata, "users").await.unwrap_err();
    assert!(error.message().starts_with("the database has a revision of which there is no file: "), "{error}");
    let error = folder.migrations().generate(&engine, &metadata, "add users").await.unwrap_err();
    assert_eq!(error.message(), "`add users` is no name of a revision");
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[tokio::test]
async fn an_empty_revision_is_behind_all_others() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    std::fs::write(folder.0.join("99990101000000_late.sql"), "-- upgrade\n").unwrap();
    let file = folder.migrations().generate_empty("mine").unwrap();
    assert_eq!(file.file_name().unwrap(), "99990101000001_mine.sql");
    let migrations = folder.migrations();
    assert_eq!(migrations.upgrade(&engine).await.unwrap().len(), 2);
    assert!(migrations.revisions(dialect()).unwrap()[1].is_reversible());
}

#[tokio::test]
async fn what_is_generated_is_for_one_database() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    let files = folder.migrations().generate(&engine, &MetaData::new().table(users()), "users").await.unwrap();
    let text = std::fs::read_to_string(&files[0]).unwrap();
    let own = dialect().to_string();
    assert!(text.starts_with(&format!("-- database: {own}\n\n-- upgrade\n")), "{text}");
    folder.migrations().upgrade(&engine).await.unwrap();

    let other = if dialect() == Dialect::Sqlite { Dialect::Postgres } else { Dialect::Sqlite };
    let error = folder.migrations().revisions(other).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    let words = format!(" is for {own}, as its line `-- database: {own}` says, and not for {other}");
    assert!(error.message().ends_with(&words), "{error}");
    assert!(error.to_string().contains(&format!("_users.{other}.sql`; or take the line out")), "{error}");

    // What has been applied is still the same under a name of one database, and what is generated then has such a name.
    let renamed = files[0].with_extension(format!("{own}.sql"));
    std::fs::rename(&files[0], &renamed).unwrap();
    assert_eq!(folder.migrations().revisions(other).unwrap(), []);
    assert_eq!(folder.migrations().upgrade(&engine).await.unwrap(), []);
    let files = folder.migrations().generate(&engine, &MetaData::new(), "none").await.unwrap();
    assert!(files[0].to_str().unwrap().ends_with(&format!("_none.{own}.sql")), "{files:?}");
    folder.migrations().upgrade(&engine).await.unwrap();
    assert_eq!(folder.migrations().revisions(dialect()).unwrap().len(), 2);
}

#[test]
fn a_file_for_a_database_that_is_unknown_is_refused() {
    let folder = Folder::new();
    folder.write(1, "a.sql", "-- a comment\n-- database: oracle\n-- upgrade\n");
    let error = folder.migrations().revisions(dialect()).unwrap_err();
    assert_eq!(error.message(), "`20260101000000_a.sql` is for the database `oracle`, which is unknown");
    // Within a section it is a comment as any other.
    folder.write(1, "a.sql", "\u{feff}-- Database:  MySQL\r\n\n-- upgrade\n-- database: oracle\nSELECT 1;\n");
    assert_eq!(folder.migrations().revisions(Dialect::MariaDb).unwrap().len(), 1);
    assert!(folder.migrations().revisions(Dialect::Postgres).is_err());
}
