//! Revisions are applied in order and taken back, up to any of them.

use orm::ErrorKind;
use orm::migrate::Migrations;
use orm::prelude::*;

use super::{Folder, applied, names, tables, three};
use crate::echo::Log;
use crate::only;
use crate::support::{another_on_server, dialect, empty_engine, empty_engine_with};

#[tokio::test]
async fn what_is_pending_is_applied_once_in_order() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    assert_eq!(names(&migrations.upgrade(&engine).await.unwrap()), ["users", "email", "pets"]);
    assert_eq!(tables(&engine).await, ["pets(id)", "users(id name email)"]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
    assert!(migrations.upgrade(&engine).await.unwrap().is_empty());
    folder.write(4, "more.sql", "-- upgrade\nINSERT INTO pets VALUES (2);\n");
    assert_eq!(names(&folder.migrations().upgrade(&engine).await.unwrap()), ["more"]);
    assert_eq!(text("SELECT id FROM pets ORDER BY id").columns::<i32>().all(&engine).await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn any_revision_can_be_gone_to() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    assert_eq!(names(&migrations.upgrade_to(&engine, "+1").await.unwrap()), ["users"]);
    assert_eq!(names(&migrations.upgrade_to(&engine, "email").await.unwrap()), ["email"]);
    assert_eq!(tables(&engine).await, ["users(id name email)"]);
    assert_eq!(names(&migrations.upgrade_to(&engine, "20260103").await.unwrap()), ["pets"]);
    assert!(migrations.upgrade_to(&engine, "20260101000000_users").await.unwrap().is_empty());
    assert_eq!(names(&migrations.downgrade(&engine, "-1").await.unwrap()), ["pets"]);
    assert_eq!(names(&migrations.downgrade(&engine, "users").await.unwrap()), ["email"]);
    assert_eq!(tables(&engine).await, ["users(id name)"]);
    assert!(migrations.downgrade(&engine, "20260101000000").await.unwrap().is_empty());
    migrations.upgrade(&engine).await.unwrap();
    assert_eq!(names(&migrations.downgrade(&engine, "base").await.unwrap()), ["pets", "email", "users"]);
    assert_eq!(tables(&engine).await, [""; 0]);
    assert_eq!(applied(&engine).await, [""; 0]);
    assert!(migrations.downgrade(&engine, "-5").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_target_that_is_none_is_told() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    let told = async |target: &str| migrations.upgrade_to(&engine, target).await.unwrap_err().to_string();
    assert_eq!(told("nobody").await, "there is no revision `nobody`\nhint: `status` lists them");
    assert_eq!(told("+x").await, "`+x` is no number of revisions\nhint: write `+1`");
    assert_eq!(
        told("202601").await,
        "`202601` may be `20260101000000_users` or `20260102000000_email` or `20260103000000_pets`\nhint: write more digits"
    );
    let error = migrations.downgrade(&engine, "users").await.unwrap_err();
    assert_eq!(error.message(), "revision 20260101000000_users has not been applied: there is no going back to it");
    assert_eq!(tables(&engine).await, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_told_before_anything_is_changed() {
    let (engine, folder) = (empty_engine().await, three());
    folder.write(2, "email.sql", "-- upgrade\nALTER TABLE users ADD COLUMN email VARCHAR(50);\n");
    let migrations = folder.migrations();
    migrations.upgrade(&engine).await.unwrap();
    let error = migrations.downgrade(&engine, "base").await.unwrap_err();
    assert_eq!(error.message(), "`20260102000000_email.sql` cannot be taken back: no line `-- downgrade`");
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
    assert_eq!(names(&migrations.downgrade(&engine, "-1").await.unwrap()), ["pets"]);
}

#[tokio::test]
async fn text_goes_to_the_database_as_it_stands() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    let sql = "-- upgrade\nCREATE TABLE t (a VARCHAR(80));\nINSERT INTO t VALUES (':name ? $1 %s -- no; /* no */');\n";
    folder.write(1, "t.sql", sql);
    folder.migrations().upgrade(&engine).await.unwrap();
    let found = text("SELECT a FROM t").columns::<String>().one(&engine).await.unwrap();
    assert_eq!(found, ":name ? $1 %s -- no; /* no */");
}

#[tokio::test]
async fn bodies_with_semicolons_are_one_statement() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    folder.write(1, "t.sql", "-- upgrade\nCREATE TABLE t (a INTEGER);\nCREATE TABLE log (a INTEGER);\n");
    folder
        .write(2, "trigger.sqlite.sql", "-- upgrade\nCREATE TRIGGER noted AFTER INSERT ON t BEGIN\n  INSERT INTO log VALUES (CASE WHEN new.a > 0 THEN new.a END);\n  INSERT INTO log VALUES (-new.a); -- ; END;\nEND;\nINSERT INTO t VALUES (1);\n")
        .write(2, "trigger.postgresql.sql", "-- upgrade\nCREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  INSERT INTO log VALUES (new.a);\n  INSERT INTO log VALUES (-new.a);\n  RETURN new;\nEND;\n$body$;\nCREATE TRIGGER noted AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();\nCREATE FUNCTION one() RETURNS integer BEGIN ATOMIC SELECT 1; SELECT 1; END;\nINSERT INTO t VALUES (one());\n")
        .write(2, "trigger.mysql.sql", "-- upgrade\nCREATE TRIGGER noted AFTER INSERT ON t FOR EACH ROW\nBEGIN\n  IF NEW.a > 0 THEN INSERT INTO log VALUES (NEW.a); END IF;\n  INSERT INTO log VALUES (-NEW.a); # ; END;\nEND;\nINSERT INTO t VALUES (1);\n");
    folder.migrations().upgrade(&engine).await.unwrap();
    assert_eq!(text("SELECT a FROM log ORDER BY a").columns::<i32>().all(&engine).await.unwrap(), [-1, 1]);
}

#[tokio::test]
async fn a_file_of_this_database_goes_before_the_general_one() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    folder.write(1, "t.sql", "-- upgrade\nCREATE TABLE general (a INTEGER);\n");
    folder.write(1, &format!("t.{}.sql", dialect().name()), "-- upgrade\nCREATE TABLE own (a INTEGER);\n");
    let migrations = folder.migrations();
    migrations.upgrade(&engine).await.unwrap();
    assert_eq!(tables(&engine).await, ["own(a)"]);
    assert_eq!(applied(&engine).await, ["t"]);
}

#[tokio::test]
async fn the_table_can_be_called_otherwise_and_be_elsewhere() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations().table("Our migrations");
    migrations.upgrade(&engine).await.unwrap();
    assert!(migrations.status(&engine).await.unwrap().is_current());
    let quote = if matches!(dialect(), orm::Dialect::MariaDb | orm::Dialect::MySql) { '`' } else { '"' };
    let count = text(format!("SELECT count(*) FROM {quote}Our migrations{quote}"));
    assert_eq!(count.columns::<i64>().one(&engine).await.unwrap(), 3);
    // To another table nothing has been applied.
    assert!(!folder.migrations().status(&engine).await.unwrap().is_current());

    if dialect() == orm::Dialect::Sqlite {
        return;
    }
    let (schema, other) = (another_on_server(), empty_engine().await);
    let migrations = folder.migrations().schema(&schema);
    migrations.upgrade(&other).await.unwrap();
    assert!(migrations.upgrade(&other).await.unwrap().is_empty());
    let count = text(format!("SELECT count(*) FROM {schema}.orm_migrations"));
    assert_eq!(count.columns::<i64>().one(&other).await.unwrap(), 3);
    assert_eq!(tables(&other).await, ["pets(id)", "users(id name email)"]);
}

#[tokio::test]
async fn stamping_writes_down_without_running() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    migrations.stamp(&engine, "email").await.unwrap();
    assert_eq!(tables(&engine).await, [""; 0]);
    assert_eq!(applied(&engine).await, ["users", "email"]);
    migrations.stamp(&engine, "users").await.unwrap();
    assert_eq!(applied(&engine).await, ["users"]);
    migrations.stamp(&engine, "head").await.unwrap();
    assert!(migrations.status(&engine).await.unwrap().is_current());
    assert!(migrations.upgrade(&engine).await.unwrap().is_empty());
    // What no longer has a file is forgotten.
    folder.remove(3, "pets.sql");
    folder.migrations().stamp(&engine, "head").await.unwrap();
    assert_eq!(applied(&engine).await, ["users", "email"]);
    migrations.stamp(&engine, "base").await.unwrap();
    assert_eq!(applied(&engine).await, [""; 0]);
    assert_eq!(migrations.stamp(&engine, "nobody").await.unwrap_err().message(), "there is no revision `nobody`");
}

#[tokio::test]
async fn a_changed_revision_is_shown_and_repaired_and_stops_nothing() {
    let (engine, folder) = (empty_engine().await, three());
    folder.migrations().upgrade(&engine).await.unwrap();
    // Comments, white space and what takes it back do not count.
    folder.write(2, "email.sql", "-- upgrade\n-- for letters\nALTER TABLE users\n  ADD COLUMN email VARCHAR( 50 )\n");
    let nothing = MetaData::reflect(&engine).await.unwrap();
    folder.migrations().check(&engine, &nothing).await.unwrap();

    folder.write(2, "email.sql", "-- upgrade\nALTER TABLE users ADD COLUMN email VARCHAR(60)");
    folder.write(4, "more.sql", "-- upgrade\nINSERT INTO pets VALUES (2);\n");
    let migrations = folder.migrations();
    assert_eq!(names(&migrations.upgrade(&engine).await.unwrap()), ["more"]);
    let status = migrations.status(&engine).await.unwrap();
    assert_eq!(status.changed().map(|of| of.name.as_str()).collect::<Vec<_>>(), ["email"]);
    let second = status.to_string().lines().nth(1).unwrap().to_owned();
    assert!(second.starts_with("20260102000000_email  applied 20"), "{status}");
    assert!(second.ends_with(", changed since"), "{status}");
    let error = migrations.check(&engine, &nothing).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().starts_with("the database does not have the revisions as they are written: 1 difference\n  20260102000000_email: applied"), "{error}");

    assert_eq!(names(&migrations.repair(&engine).await.unwrap()), ["email"]);
    migrations.check(&engine, &nothing).await.unwrap();
    assert!(migrations.repair(&engine).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_revision_that_only_the_database_has_stops_an_older_program_from_nothing_but_going_back() {
    let (engine, folder) = (empty_engine().await, three());
    folder.migrations().upgrade(&engine).await.unwrap();
    folder.remove(3, "pets.sql");
    let older = folder.migrations();
    assert!(older.upgrade(&engine).await.unwrap().is_empty());
    let status = older.status(&engine).await.unwrap();
    assert!(status.to_string().ends_with(", no file"), "{status}");
    let error = older.check(&engine, &MetaData::new()).await.unwrap_err();
    assert!(error.to_string().contains("20260103000000_pets: applied"), "{error}");
    let error = older.downgrade(&engine, "base").await.unwrap_err();
    assert_eq!(
        error.message(),
        "revision 20260103000000_pets has been applied, and there is no file of it to take it back"
    );
    assert_eq!(tables(&engine).await, ["pets(id)", "users(id name email)"]);
}

#[tokio::test]
async fn what_an_upgrade_goes_on_in_spite_of_is_a_warning() {
    let (engine, folder) = (empty_engine().await, three());
    folder.migrations().upgrade(&engine).await.unwrap();
    folder.write(2, "email.sql", "-- upgrade\nALTER TABLE users ADD COLUMN email VARCHAR(60)");
    folder.remove(3, "pets.sql");
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time().finish();
    let guard = tracing::subscriber::set_default(subscriber);
    folder.migrations().upgrade(&engine).await.unwrap();
    drop(guard);
    let log = log.text();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN orm::migrate: ")).collect();
    assert_eq!(warnings.len(), 2, "{log}");
    assert!(warnings[0].contains("revision 20260102000000_email: applied"), "{log}");
    assert!(warnings[0].ends_with(", changed since") && warnings[1].ends_with(", no file"), "{log}");
}

#[tokio::test]
async fn one_that_is_older_than_an_applied_one_is_told_and_applied() {
    let (engine, folder) = (empty_engine().await, three());
    let email = std::fs::read_to_string(folder.0.join("20260102000000_email.sql")).unwrap();
    folder.remove(2, "email.sql");
    folder.migrations().upgrade(&engine).await.unwrap();
    folder.write(2, "email.sql", &email);
    let migrations = folder.migrations();
    let status = migrations.status(&engine).await.unwrap();
    assert!(status.to_string().contains("20260102000000_email  pending, older than an applied one"), "{status}");
    let error = migrations.check(&engine, &MetaData::new()).await.unwrap_err();
    assert!(error.to_string().contains("email: pending, older than an applied one"), "{error}");
    assert_eq!(names(&migrations.upgrade(&engine).await.unwrap()), ["email"]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
}

#[tokio::test]
async fn the_metadata_does_not_know_the_table_of_migrations() {
    let (engine, folder) = (empty_engine().await, Folder::new());
    for migrations in [folder.migrations(), folder.migrations().table("our_history")] {
        migrations.stamp(&engine, "head").await.unwrap();
        MetaData::new().check(&engine).await.unwrap();
        migrations.check(&engine, &MetaData::new()).await.unwrap();
    }
    assert!(MetaData::reflect(&engine).await.unwrap().tables().unwrap().len() == 2);
}

/// PostgreSQL prepares a statement for the columns that a table has then.
#[tokio::test]
async fn connections_of_the_pool_see_what_has_changed() {
    let (engine, folder) = (empty_engine_with(|settings| settings.pool_size(2)).await, three());
    folder.migrations().upgrade_to(&engine, "users").await.unwrap();
    let all = async |columns: usize| {
        let mut transaction = engine.begin().await.unwrap();
        let result = transaction.exec_driver_sql("SELECT * FROM users", ()).await.unwrap();
        assert_eq!(result.keys().len(), columns);
        let names = text("SELECT name FROM users").columns::<Option<String>>().all(&mut transaction).await.unwrap();
        assert!(names.is_empty());
        transaction.commit().await.unwrap();
    };
    let (mut first, mut second) = (engine.connect().await.unwrap(), engine.connect().await.unwrap());
    for connection in [&mut first, &mut second] {
        text("SELECT * FROM users").execute(&mut *connection).await.unwrap();
        connection.commit().await.unwrap();
    }
    drop((first, second));
    all(2).await;
    folder.migrations().upgrade(&engine).await.unwrap();
    all(3).await;
    all(3).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_folder_is_told_before_anything_is_done() {
    let (engine, folder) = (empty_engine().await, three());
    folder.write(4, "bad.sql", "DROP TABLE users;\n");
    let error = folder.migrations().upgrade(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`20260104000000_bad.sql`, line 1: a statement before the line `-- upgrade`");
    assert_eq!(tables(&engine).await, [""; 0]);
    let error = Migrations::read(folder.0.join("nowhere")).unwrap_err();
    assert!(error.message().contains("nowhere` cannot be read: "), "{error}");
}

/// A test's engine has one transaction for all.
#[tokio::test]
async fn a_test_transaction_can_be_migrated() {
    only!(Postgres | Sqlite);
    let engine = empty_engine_with(|settings| settings.test_transaction(true)).await;
    let folder = three();
    folder.migrations().upgrade(&engine).await.unwrap();
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
}
