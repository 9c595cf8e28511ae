//! What is there after a statement has failed, and what is said of it.

use std::time::Duration;

use orm::prelude::*;
use orm::{Dialect, ExecutionOptions, IsolationLevel};

use super::{Folder, applied, tables, three};
use crate::only;
use crate::support::{dialect, empty_engine, expected};

const WHY: &str = "MySQL and MariaDB commit at each definition";

#[tokio::test]
async fn a_failure_half_way_is_told_with_its_place_and_those_before_it_stay() {
    let (engine, folder) = (empty_engine().await, three());
    folder.write(2, "email.sql", "-- upgrade\nCREATE TABLE one (a INTEGER);\n\nINSERT INTO one VALUES (1);\nINSERT INTO nowhere\nVALUES (1);\nCREATE TABLE two (a INTEGER);\n");
    let migrations = folder.migrations();
    let error = migrations.upgrade(&engine).await.unwrap_err();
    let place = "revision 20260102000000_email: upgrade: statement 3 of 4 of `20260102000000_email.sql`, line 5: ";
    assert!(error.message().starts_with(place), "{error}");
    assert_eq!(error.statement(), Some("INSERT INTO nowhere\nVALUES (1)"));
    let words = error.to_string();
    let is_mysql = matches!(dialect(), Dialect::MySql | Dialect::MariaDb);
    let kept = "(statement 1 has been done and stays, since this database commits at each definition)";
    let none = "(nothing of this revision was kept)";
    assert!(words.contains(if is_mysql { kept } else { none }), "{words}");
    assert_eq!(words.contains("and `stamp 20260102000000_email`"), is_mysql, "{words}");
    assert_eq!(words.contains("hint: a revision before this one has to create the table"), !is_mysql, "{words}");
    assert!(words.contains("(upgrade before it: 20260101000000_users)"), "{words}");
    assert_eq!(applied(&engine).await, ["users"]);
    let with_one = vec!["one(a)", "users(id name)"];
    let left =
        expected(vec!["users(id name)"], [(Dialect::MySql, with_one.clone(), WHY), (Dialect::MariaDb, with_one, WHY)]);
    assert_eq!(tables(&engine).await, left);

    // Once it is mended, it goes on.
    let again = if is_mysql { "" } else { "CREATE TABLE one (a INTEGER);\n" };
    folder.write(2, "email.sql", &format!("-- upgrade\n{again}INSERT INTO one VALUES (1);\n"));
    assert_eq!(folder.migrations().upgrade(&engine).await.unwrap().len(), 2);
    assert_eq!(text("SELECT count(*) FROM one").columns::<i64>().one(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn a_failure_on_the_way_back_is_told_too() {
    let (engine, folder) = (empty_engine().await, three());
    folder.migrations().upgrade(&engine).await.unwrap();
    folder.write(2, "email.sql", "-- upgrade\nALTER TABLE users ADD COLUMN email VARCHAR(50);\n-- downgrade\nDELETE FROM users;\nDROP TABLE nowhere;\n");
    text("INSERT INTO users (id) VALUES (1)").execute(&engine).await.unwrap();
    let error = folder.migrations().downgrade(&engine, "base").await.unwrap_err();
    let place = "revision 20260102000000_email: downgrade: statement 2 of 2 of `20260102000000_email.sql`, line 5: ";
    assert!(error.message().starts_with(place), "{error}");
    assert_eq!(applied(&engine).await, ["users", "email"]);
    // What drops commits before it is tried, there.
    let rows = expected(1, [(Dialect::MySql, 0, WHY), (Dialect::MariaDb, 0, WHY)]);
    assert_eq!(text("SELECT count(*) FROM users").columns::<i64>().one(&engine).await.unwrap(), rows);
}

#[tokio::test]
async fn rows_alone_are_all_or_nothing_everywhere() {
    let (engine, folder) = (empty_engine().await, three());
    folder.write(4, "rows.sql", "-- upgrade\nINSERT INTO pets VALUES (7);\nINSERT INTO pets VALUES (7);\n");
    let error = folder.migrations().upgrade(&engine).await.unwrap_err();
    assert!(error.is_unique_violation());
    assert!(error.to_string().contains("(nothing of this revision was kept)"), "{error}");
    assert_eq!(text("SELECT id FROM pets").columns::<i32>().all(&engine).await.unwrap(), [1]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
}

#[tokio::test]
async fn an_engine_without_transactions_has_them_for_migrations() {
    let (engine, folder) = (empty_engine().await, three());
    let options = ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit).timeout(Duration::from_millis(1));
    let hurried = engine.execution_options(options.schema_translate_map([(None, "nowhere")]));
    folder.migrations().upgrade(&hurried).await.unwrap();
    folder.write(4, "rows.sql", "-- upgrade\nINSERT INTO pets VALUES (7);\nINSERT INTO pets VALUES (7);\n");
    assert!(folder.migrations().upgrade(&hurried).await.unwrap_err().is_unique_violation());
    assert_eq!(text("SELECT id FROM pets").columns::<i32>().all(&engine).await.unwrap(), [1]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
}

#[tokio::test]
async fn what_runs_outside_a_transaction_says_what_has_been_done() {
    let (engine, folder) = (empty_engine().await, three());
    folder.write(4, "rows.sql", "-- upgrade\n-- no transaction\nINSERT INTO pets VALUES (7);\nINSERT INTO pets VALUES (8);\nINSERT INTO pets VALUES (7);\n");
    let error = folder.migrations().upgrade(&engine).await.unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("(statements 1 to 2 have been done and stay, since the revision runs outside a transaction)"),
        "{words}"
    );
    let hint = "hint: undo them by hand and upgrade again; or do what is left by hand, and `stamp 20260104000000_rows`";
    assert!(words.contains(hint), "{words}");
    assert_eq!(text("SELECT id FROM pets ORDER BY id").columns::<i32>().all(&engine).await.unwrap(), [1, 7, 8]);
    folder.migrations().stamp(&engine, "20260104000000_rows").await.unwrap();
    assert!(folder.migrations().status(&engine).await.unwrap().is_current());
}

#[tokio::test]
async fn what_no_transaction_takes_runs_outside_of_one() {
    let (engine, folder) = (empty_engine().await, three());
    folder
        .write(4, "outside.sqlite.sql", "-- upgrade\n-- no transaction\nVACUUM;\nINSERT INTO pets VALUES (2);\n-- downgrade\nDELETE FROM pets;\n")
        .write(4, "outside.postgresql.sql", "-- upgrade\n-- no transaction\nCREATE INDEX CONCURRENTLY by_name ON users (name);\nINSERT INTO pets VALUES (2);\n-- downgrade\n-- no transaction\nDROP INDEX CONCURRENTLY by_name;\nDELETE FROM pets;\n")
        .write(4, "outside.mysql.sql", "-- upgrade\n-- no transaction\nCREATE INDEX by_name ON users (name);\nBEGIN;\nINSERT INTO pets VALUES (2);\nCOMMIT;\n-- downgrade\n-- no transaction\nDELETE FROM pets;\n");
    let migrations = folder.migrations();
    migrations.upgrade(&engine).await.unwrap();
    assert_eq!(text("SELECT id FROM pets ORDER BY id").columns::<i32>().all(&engine).await.unwrap(), [1, 2]);
    migrations.downgrade(&engine, "pets").await.unwrap();
    assert_eq!(text("SELECT id FROM pets").columns::<i32>().all(&engine).await.unwrap(), [0; 0]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
}

/// SQLite looks at foreign keys when a table is dropped, unless it is told not to.
#[tokio::test]
async fn foreign_keys_that_are_off_are_looked_at_in_the_end() {
    only!(Sqlite);
    let (engine, folder) = (empty_engine().await, Folder::new());
    folder.write(1, "t.sql", "-- upgrade\nCREATE TABLE owners (id INTEGER PRIMARY KEY);\nCREATE TABLE pets (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES owners (id) ON DELETE CASCADE);\nINSERT INTO owners VALUES (1);\nINSERT INTO pets VALUES (1, 1);\n");
    folder.write(2, "copy.sql", "-- upgrade\n-- foreign keys off\nCREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO new (id) SELECT id FROM owners;\nDROP TABLE owners;\nALTER TABLE new RENAME TO owners;\n");
    folder.migrations().upgrade(&engine).await.unwrap();
    assert_eq!(text("SELECT count(*) FROM pets").columns::<i64>().one(&engine).await.unwrap(), 1);
    folder.write(3, "bad.sql", "-- upgrade\n-- foreign keys off\nDELETE FROM owners;\n");
    let error = folder.migrations().upgrade(&engine).await.unwrap_err();
    assert_eq!(error.message(), "revision 20260103000000_bad: 1 row would refer to rows that are not there");
    assert_eq!(text("SELECT count(*) FROM owners").columns::<i64>().one(&engine).await.unwrap(), 1);
    assert_eq!(applied(&engine).await, ["t", "copy"]);
    // They are looked at again by all connections.
    let dangling = text("INSERT INTO pets VALUES (2, 77)").execute(&engine).await.unwrap_err();
    assert!(dangling.is_foreign_key_violation(), "{dangling}");
}
