//! The command line, and what it prints.

use orm::Dialect;
use orm::migrate::{Migrations, command};
use orm::prelude::*;

use super::{Folder, three};
use crate::only;
use crate::support::empty_engine;

/// What a command prints, or the error that it ends with.
async fn prints(migrations: &Migrations, database: &Folder, arguments: &[&str]) -> String {
    let url = format!("sqlite:///{}/db", database.0.display());
    let mut out = Vec::new();
    let arguments = ["--url", &url].into_iter().chain(arguments.iter().copied());
    let done = command(migrations, &MetaData::new(), arguments, &mut out).await;
    let told = done.err().map_or_else(String::new, |error| format!("error: {}\n", error.message()));
    String::from_utf8(out).unwrap() + &told
}

#[tokio::test]
async fn each_command_says_what_it_has_done() {
    only!(Sqlite);
    let (database, folder) = (Folder::new(), three());
    let migrations = folder.migrations();
    let check = async |arguments: &[&str], expected: &str| {
        assert_eq!(prints(&migrations, &database, arguments).await, expected, "{arguments:?}");
    };
    check(&["status"], "20260101000000_users  pending\n20260102000000_email  pending\n20260103000000_pets   pending\n")
        .await;
    check(&["upgrade", "+1"], "upgrade 20260101000000_users\n1 revision applied\n").await;
    check(&["upgrade"], "upgrade 20260102000000_email\nupgrade 20260103000000_pets\n2 revisions applied\n").await;
    check(&["upgrade"], "nothing to do\n").await;
    check(&["downgrade", "-1"], "downgrade 20260103000000_pets\n1 revision taken back\n").await;
    check(&["stamp", "base"], "stamped base\n").await;
    check(&["stamp", "head"], "stamped head\n").await;
    check(&["repair"], "nothing was changed since it was applied\n").await;
    let models = "use orm::prelude::*;\n\n#[derive(Clone, Debug, Model)]\n#[orm(table = \"users\")]\npub struct User {\n    \
                  #[orm(primary_key)]\n    pub id: i64,\n    #[orm(length = 50)]\n    pub name: Option<String>,\n    \
                  #[orm(length = 50)]\n    pub email: Option<String>,\n}\n";
    check(&["models"], models).await;
    check(&["models", "users"], models).await;
    check(&["models", "user"], "error: the database has no table `user`\n").await;
    let differs = "error: the database is not as the metadata says: 1 difference\n  drop table `users`\n";
    check(&["check"], differs).await;
    check(&["downgrade"], "error: `downgrade` is no command\n").await;
    check(&["upgrade", "nobody"], "error: there is no revision `nobody`\n").await;
    assert!(prints(&migrations, &database, &[]).await.starts_with("usage: [--url URL] COMMAND\n"));
    let wrote = prints(&migrations, &database, &["generate", "no_users"]).await;
    let file = wrote.strip_prefix("wrote ").unwrap().trim_end();
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.starts_with("-- database: sqlite\n\n-- upgrade\n\n-- drop table `users`\n-- this loses data: all rows of the table\nDROP TABLE users;\n\n-- downgrade\n"), "{text}");
    let migrations = folder.migrations();
    assert!(prints(&migrations, &database, &["upgrade"]).await.ends_with("_no_users\n1 revision applied\n"));
    let all = "the database has all revisions, and is as the models say\n";
    assert_eq!(prints(&migrations, &database, &["check"]).await, all);
    assert_eq!(prints(&migrations, &database, &["generate", "x"]).await, "nothing differs: no file was written\n");
}

#[tokio::test]
async fn a_database_has_to_be_named() {
    let mut out = Vec::new();
    let error = command(&three().migrations(), &MetaData::new(), ["status"], &mut out).await.unwrap_err();
    assert_eq!(error.to_string(), "no database is named\nhint: write `--url URL`, or set the variable DATABASE_URL");
}

#[test]
fn what_would_be_run_is_printed_for_each_database() {
    let folder = three();
    folder.write(
        4,
        "special.mysql.sql",
        "-- upgrade\nCREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.name = 'x'; END;\n",
    );
    folder.write(4, "special.sqlite.sql", "-- upgrade\n-- foreign keys off\nDROP TABLE users;\n");
    let migrations = folder.migrations();
    let sum = |name: &str, dialect| {
        let revisions = migrations.revisions(dialect).unwrap();
        revisions.into_iter().find(|of| of.name == name).unwrap().checksum
    };
    let expected = format!(
        "CREATE TABLE IF NOT EXISTS orm_migrations (revision VARCHAR(14) NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, checksum VARCHAR(32) NOT NULL, applied_at TIMESTAMP WITH TIME ZONE NOT NULL);\n\n\
         -- upgrade 20260102000000_email\n\
         BEGIN;\n\
         ALTER TABLE users ADD COLUMN email VARCHAR(50);\n\
         INSERT INTO orm_migrations (revision, name, checksum, applied_at) VALUES ('20260102000000', 'email', '{}', CURRENT_TIMESTAMP);\n\
         COMMIT;\n",
        sum("email", Dialect::Postgres)
    );
    assert_eq!(migrations.to_sql(Dialect::Postgres, "users:email").unwrap(), expected);
    let back = "-- downgrade 20260102000000_email\nBEGIN;\nALTER TABLE users DROP COLUMN email;\nDELETE FROM orm_migrations WHERE revision = '20260102000000';\nCOMMIT;\n";
    assert_eq!(migrations.to_sql(Dialect::Postgres, "email:users").unwrap(), back);
    let mysql = migrations.to_sql(Dialect::MySql, "pets:").unwrap();
    assert!(mysql.contains("DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.name = 'x'; END//\nDELIMITER ;\n"), "{mysql}");
    let sqlite = migrations.to_sql(Dialect::Sqlite, "pets:head").unwrap();
    assert!(sqlite.contains("PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\nDROP TABLE users;\n"), "{sqlite}");
    assert!(sqlite.ends_with("COMMIT;\nPRAGMA foreign_keys = ON;\n"), "{sqlite}");
    let error = migrations.to_sql(Dialect::Postgres, "+1").unwrap_err();
    assert_eq!(error.message(), "`+1` counts from where a database is, and none is asked");
}

/// What is printed is what is run.
#[tokio::test]
async fn what_is_printed_can_be_run_by_hand() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    let sql = migrations.to_sql(engine.dialect(), "").unwrap();
    for statement in sql.split(";\n") {
        let statement: Vec<&str> = statement.lines().filter(|line| !line.starts_with("--")).collect();
        let statement = statement.join("\n").trim().to_owned();
        if !statement.is_empty() && !["BEGIN", "BEGIN IMMEDIATE", "COMMIT"].contains(&statement.as_str()) {
            text(statement).execute(&engine).await.unwrap();
        }
    }
    assert!(migrations.status(&engine).await.unwrap().is_current());
}

static EMBEDDED: Migrations = orm::migrations!("examples/migrations");

#[tokio::test]
async fn what_is_compiled_in_is_what_is_in_the_folder() {
    let engine = empty_engine().await;
    let read = Migrations::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/migrations")).unwrap();
    assert_eq!(EMBEDDED.revisions(engine.dialect()).unwrap(), read.revisions(engine.dialect()).unwrap());
    assert_eq!(EMBEDDED.upgrade(&engine).await.unwrap().len(), 2);
    EMBEDDED.downgrade(&engine, "base").await.unwrap();
}
