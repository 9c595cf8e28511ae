//! DDL that SQLite takes.

use super::columns::{GIVEN, IDENTITY, SERIAL, SMALL, TYPES};
use super::errors::{OTHER_USER, TEXT_KEY};
use super::options::{OPTIONS, PARTITIONED, WITHOUT_ROWID};
use super::order::{C, EGG, HEN, LONG, NODE};
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
    let names = text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name").columns::<String>();
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
