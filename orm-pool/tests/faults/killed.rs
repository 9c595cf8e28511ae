//! Single connections that the server ends, while they are idle and while they are used.

use super::*;

/// Ends these connections from the side of the server, and waits until they are gone.
async fn kill(admin: &mut Connection, target: &Target, ids: &[i64]) {
    let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let left = match target {
        Target::MySql(_) => {
            for id in ids {
                admin.batch(&format!("KILL {id}")).await.unwrap();
            }
            format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id IN ({list})")
        }
        _ => {
            let kill = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN ({list})");
            admin.batch(&kill).await.unwrap();
            format!("SELECT COUNT(*) FROM pg_stat_activity WHERE pid IN ({list})")
        }
    };
    for _ in 0..3000 {
        if int(admin, &left).await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server does not end {list}");
}

/// Fills a pool, gives everything back, and returns which connections it has.
async fn fill(pool: &Pool<Target>) -> Vec<i64> {
    let mut all = Vec::new();
    for _ in 0..pool.options().size {
        all.push(pool.acquire().await.unwrap());
    }
    let mut ids = Vec::new();
    for guard in &mut all {
        ids.push(int(guard, pool.connector().who_am_i()).await.unwrap());
        // Something prepared, which the next connection does not have.
        assert_eq!(int(guard, "SELECT 40 + 2").await.unwrap(), 42);
    }
    drop(all);
    assert_eq!(pool.status().idle, ids.len());
    ids
}

async fn killed_while_idle(target: Target) {
    let mut admin = target.connection().await;

    let pool = target.pool(pool::Options { pre_ping: true, ..options(4) });
    let old = fill(&pool).await;
    kill(&mut admin, &target, &old).await;
    for _ in 0..8 {
        let mut guard = in_time(pool.acquire()).await.unwrap();
        assert_eq!(in_time(int(&mut guard, "SELECT 40 + 2")).await.unwrap(), 42, "the user sees nothing");
        let id = int(&mut guard, target.who_am_i()).await.unwrap();
        assert!(!old.contains(&id));
    }
    assert_eq!((pool.status().idle, pool.status().checked_out), (1, 0), "the three other ones are condemned, too");
    assert_whole(&pool, "with pings").await;

    let pool = target.pool(options(4));
    let old = fill(&pool).await;
    kill(&mut admin, &target, &old).await;
    let mut errors = 0;
    for _ in 0..8 {
        let mut guard = pool.acquire().await.unwrap();
        let answer = in_time(int(&mut guard, "SELECT 40 + 2")).await;
        note(&pool, &answer);
        match answer {
            Ok(answer) => assert_eq!(answer, 42),
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
                assert!(guard.needs_discard());
                assert!(int(&mut guard, "SELECT 40 + 2").await.unwrap_err().is_disconnect(), "it stays so");
                errors += 1;
            }
        }
    }
    assert_eq!(errors, 1, "the first one to notice condemns all four");
    assert_whole(&pool, "without pings").await;
}

async fn killed_while_used(target: Target) {
    let mut admin = target.connection().await;
    let pool = target.pool(options(4));
    let table = Table::new(&target, "id INT PRIMARY KEY").await;
    let insert = format!("INSERT INTO {} VALUES (1)", table.name);
    let sleep = if matches!(target, Target::MySql(_)) { "SELECT SLEEP(20)" } else { "SELECT pg_sleep(20)" };

    // Between two statements of a transaction.
    let mut guard = pool.acquire().await.unwrap();
    guard.batch("BEGIN").await.unwrap();
    guard.batch(&insert).await.unwrap();
    let id = int(&mut guard, target.who_am_i()).await.unwrap();
    kill(&mut admin, &target, &[id]).await;
    let error = in_time(guard.batch("COMMIT")).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
    drop(guard);
    eventually("it is counted no more", || (pool.status().checked_out, pool.status().idle) == (0, 0)).await;

    // In the middle of a statement.
    let mut guard = pool.acquire().await.unwrap();
    guard.batch("BEGIN").await.unwrap();
    guard.batch(&insert).await.unwrap();
    let id = int(&mut guard, target.who_am_i()).await.unwrap();
    let killing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        kill(&mut admin, &target, &[id]).await;
        (admin, target)
    });
    let error = in_time(guard.batch(sleep)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
    drop(guard);
    let (mut admin, target) = killing.await.unwrap();

    // Within a transaction that is given up, so that it is the pool that finds out.
    let mut guard = pool.acquire().await.unwrap();
    guard.batch("BEGIN").await.unwrap();
    guard.batch(&insert).await.unwrap();
    let id = int(&mut guard, target.who_am_i()).await.unwrap();
    kill(&mut admin, &target, &[id]).await;
    drop(guard);
    eventually("it is counted no more", || (pool.status().checked_out, pool.status().idle) == (0, 0)).await;

    // While it still works on what nobody waits for.
    let mut guard = pool.acquire().await.unwrap();
    let id = int(&mut guard, target.who_am_i()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), guard.batch(sleep)).await.is_err());
    drop(guard);
    kill(&mut admin, &target, &[id]).await;
    eventually("it is counted no more", || (pool.status().checked_out, pool.status().idle) == (0, 0)).await;

    let mut guard = pool.acquire().await.unwrap();
    assert_eq!(int(&mut guard, &format!("SELECT COUNT(*) FROM {}", table.name)).await.unwrap(), 0, "all rolled back");
    drop(guard);
    assert_whole(&pool, "killed while used").await;
}

#[tokio::test]
async fn idle_connections_that_postgresql_ends_are_replaced() {
    let Some(target) = Target::shared("postgres").await else { return };
    killed_while_idle(target).await;
}

#[tokio::test]
async fn idle_connections_that_mysql_ends_are_replaced() {
    let Some(target) = Target::shared("mysql").await else { return };
    killed_while_idle(target).await;
}

#[tokio::test]
async fn connections_that_postgresql_ends_while_they_are_used_are_noticed() {
    let Some(target) = Target::shared("postgres").await else { return };
    killed_while_used(target).await;
}

#[tokio::test]
async fn connections_that_mysql_ends_while_they_are_used_are_noticed() {
    let Some(target) = Target::shared("mysql").await else { return };
    killed_while_used(target).await;
}
