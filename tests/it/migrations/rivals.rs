//! Several programs migrate one database at once, and some are cut off.

use orm::prelude::*;

use super::{Folder, applied, tables, three};
use crate::faults::polled;
use crate::only;
use crate::support::{dialect, empty_engine, empty_engine_with};

#[tokio::test]
async fn one_of_several_does_it_and_the_others_find_nothing_to_do() {
    let (engine, folder) = (empty_engine().await, three());
    let pause = match dialect() {
        orm::Dialect::Sqlite => "SELECT 1",
        orm::Dialect::Postgres => "SELECT pg_sleep(0.3)",
        _ => "DO SLEEP(0.3)",
    };
    folder.write(2, "email.sql", &format!("-- upgrade\n{pause};\nALTER TABLE users ADD COLUMN email VARCHAR(50);\n"));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (engine, migrations) = (engine.clone(), folder.migrations());
            tokio::spawn(async move { migrations.upgrade(&engine).await.unwrap().len() })
        })
        .collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    assert_eq!(done.iter().sum::<usize>(), 3, "{done:?}");
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
    assert_eq!(tables(&engine).await, ["pets(id)", "users(id name email)"]);
    assert_eq!(text("SELECT count(*) FROM pets").columns::<i64>().one(&engine).await.unwrap(), 1);
}

/// What waits for a lock in the server would be waited for by this.
#[tokio::test]
async fn an_index_is_created_concurrently_while_others_wait() {
    only!(Postgres);
    let (engine, folder) = (empty_engine().await, three());
    folder.write(
        4,
        "index.sql",
        "-- upgrade\n-- no transaction\nSELECT pg_sleep(0.3);\nCREATE INDEX CONCURRENTLY by_name ON users (name);\n",
    );
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let (engine, migrations) = (engine.clone(), folder.migrations());
            tokio::spawn(async move { migrations.upgrade(&engine).await.unwrap().len() })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    assert_eq!(done, 4);
}

#[tokio::test]
async fn what_is_dropped_anywhere_leaves_no_lock_and_no_half() {
    let engine = empty_engine_with(|settings| settings.pool_size(2)).await;
    text("CREATE TABLE t (a INTEGER)").execute(&engine).await.unwrap();
    let folder = Folder::new();
    // Rows alone, since definitions of MySQL and MariaDB cannot be undone.
    folder.write(
        1,
        "one.sql",
        "-- upgrade\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n-- downgrade\nDELETE FROM t WHERE a < 3;\n",
    );
    folder.write(2, "two.sql", "-- upgrade\nINSERT INTO t VALUES (3);\n-- downgrade\nDELETE FROM t WHERE a = 3;\n");
    let migrations = folder.migrations();
    for times in 1.. {
        let is_done = polled(migrations.upgrade(&engine), times).await.is_some();
        migrations.upgrade(&engine).await.unwrap();
        let found = text("SELECT a FROM t ORDER BY a").columns::<i32>().all(&engine).await.unwrap();
        assert_eq!(found, [1, 2, 3], "after {times} polls");
        assert_eq!(applied(&engine).await, ["one", "two"]);
        migrations.downgrade(&engine, "base").await.unwrap();
        assert_eq!(text("SELECT count(*) FROM t").columns::<i64>().one(&engine).await.unwrap(), 0);
        if is_done {
            break;
        }
        assert!(times < 1000, "it never ends");
    }
}

#[tokio::test]
async fn what_is_dropped_in_a_long_statement_lets_the_next_go_on() {
    only!(Postgres | MySql | MariaDb);
    let (engine, folder) = (empty_engine().await, three());
    let endless = if dialect() == orm::Dialect::Postgres { "SELECT pg_sleep(3600)" } else { "DO SLEEP(3600)" };
    folder.write(4, "endless.sql", &format!("-- upgrade\nINSERT INTO pets VALUES (2);\n{endless};\n"));
    assert!(polled(folder.migrations().upgrade(&engine), 150).await.is_none());
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
    folder.write(4, "endless.sql", "-- upgrade\nINSERT INTO pets VALUES (3);\n");
    folder.migrations().upgrade(&engine).await.unwrap();
    assert_eq!(text("SELECT id FROM pets ORDER BY id").columns::<i32>().all(&engine).await.unwrap(), [1, 3]);
}

/// SQLite's write lock is that of anybody who writes.
#[tokio::test]
async fn whoever_writes_is_waited_for() {
    only!(Sqlite);
    let path = Folder::new();
    let engine = Engine::new(&format!("sqlite:///{}/db?busy_timeout=10", path.0.display())).unwrap();
    let folder = three();
    let mut writer = engine.connect().await.unwrap();
    writer.begin().await.unwrap();
    let task = {
        let (engine, migrations) = (engine.clone(), folder.migrations());
        tokio::spawn(async move { migrations.upgrade(&engine).await.map(|done| done.len()) })
    };
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!task.is_finished());
    writer.rollback().await.unwrap();
    assert_eq!(task.await.unwrap().unwrap(), 3);
}
