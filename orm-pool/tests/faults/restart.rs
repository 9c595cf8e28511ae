//! Servers that are killed under load and come back: what was committed is there, once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::instance::Instance;
use super::*;

const TASKS: i64 = 8;

/// What one task has seen.
#[derive(Default)]
struct Seen {
    committed: u64,
    unknown: u64,
    errors: u64,
    errors_since_back: u64,
    first_success: Option<Instant>,
}

/// What the tasks are told.
#[derive(Default)]
struct Signals {
    is_over: AtomicBool,
    /// Whether the server is to be killed, or has not come back.
    is_down: AtomicBool,
    /// How often the server has come back.
    comebacks: AtomicU64,
}

/// Raises the task's number by one; the number before and the new one go into the row, with a text made of it.
pub(super) async fn raise(
    c: &mut Connection,
    target: &Target,
    table: &str,
    task: i64,
    possible: &[i64],
) -> Result<i64, Error> {
    c.batch("BEGIN").await?;
    let select = target.sql(&format!("SELECT id, n, note FROM {table} WHERE id = ?"));
    let found = rows(c, &select, &[Value::Int64(task)]).await?;
    let [row] = found.as_slice() else { panic!("task {task} found {found:?}") };
    let [Cell::Int(id), Cell::Int(n), Cell::Text(note)] = row.as_slice() else { panic!("task {task} found {row:?}") };
    assert_eq!((*id, note.as_str()), (task, format!("{task}:{n}").as_str()), "a wrong row");
    assert!(possible.contains(n), "task {task} has {n}, and committed one of {possible:?}");
    let next = *n + 1;
    let update = target.sql(&format!("UPDATE {table} SET n = ?, note = ? WHERE id = ? AND n = ?"));
    let values = [Value::Int64(next), Value::Text(format!("{task}:{next}")), Value::Int64(task), Value::Int64(*n)];
    let done = c.run(&kept(&update), &values, |_| ControlFlow::Continue(())).await?;
    if done.rows_affected == 0 && possible.len() > 1 {
        // A commit whose answer was lost has come through only now, after the row was read.
        return Err(Error::new(ErrorKind::Disconnected, "the row has changed"));
    }
    assert_eq!(done.rows_affected, 1, "task {task} at {next}");
    Ok(next)
}

/// Raises a number until it is over.
async fn work(pool: Pool<Target>, table: String, task: i64, signals: Arc<Signals>) -> Seen {
    let target = pool.connector().clone();
    let (mut seen, mut possible, mut comebacks) = (Seen::default(), vec![0], 0);
    while !signals.is_over.load(Ordering::SeqCst) {
        let so_often = signals.comebacks.load(Ordering::SeqCst);
        if so_often != comebacks {
            (comebacks, seen.first_success) = (so_often, None);
        }
        let step = async {
            let mut guard: Lent = pool.acquire().await?;
            let raised = raise(&mut guard, &target, &table, task, &possible).await;
            note(&pool, &raised);
            let next = raised?;
            let committed = guard.batch("COMMIT").await;
            note(&pool, &committed);
            match committed {
                Ok(()) => Ok(Some(next)),
                Err(error) if error.is_disconnect() => {
                    // It may have been committed.
                    if !possible.contains(&next) {
                        possible.push(next);
                    }
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        };
        match in_time(step).await {
            Ok(Some(next)) => {
                possible = vec![next];
                seen.committed += 1;
                seen.first_success.get_or_insert_with(Instant::now);
            }
            Ok(None) => seen.unknown += 1,
            Err::<_, Error>(error) => {
                assert!(error.is_disconnect(), "{error:?}");
                seen.errors += 1;
                // A task that has had no turn yet meets the next outage, which is none of this comeback's failures.
                let is_back = comebacks > 0 && !signals.is_down.load(Ordering::SeqCst);
                if is_back && seen.first_success.is_none() {
                    seen.errors_since_back += 1;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    seen
}

async fn survives_restarts(mut instance: Instance, target: Target, pre_ping: bool) {
    const RESTARTS: u32 = 2;
    let pool = target.pool(pool::Options { pre_ping, timeout: Duration::from_secs(20), ..options(4) });
    let columns = "id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(40) NOT NULL";
    let table = Table::new(&target, columns).await;
    let all: Vec<String> = (0..TASKS).map(|task| format!("({task}, 0, '{task}:0')")).collect();
    target.connection().await.batch(&format!("INSERT INTO {} VALUES {}", table.name, all.join(", "))).await.unwrap();

    let signals = Arc::new(Signals::default());
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(work(pool.clone(), table.name.clone(), task, Arc::clone(&signals))))
        .collect();
    let mut backs = Vec::new();
    for _ in 0..RESTARTS {
        tokio::time::sleep(Duration::from_millis(500)).await;
        signals.is_down.store(true, Ordering::SeqCst);
        instance.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let took = instance.start(&target).await;
        signals.comebacks.fetch_add(1, Ordering::SeqCst);
        signals.is_down.store(false, Ordering::SeqCst);
        backs.push((Instant::now(), took));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    signals.is_over.store(true, Ordering::SeqCst);
    let mut total = Seen::default();
    let mut slowest = Duration::ZERO;
    for task in tasks {
        let seen = in_time(task).await.unwrap();
        let first = seen.first_success.expect("after the last restart, each task gets something done");
        slowest = slowest.max(first.saturating_duration_since(backs[RESTARTS as usize - 1].0));
        total.committed += seen.committed;
        total.unknown += seen.unknown;
        total.errors += seen.errors;
        total.errors_since_back = total.errors_since_back.max(seen.errors_since_back);
    }
    let kind = if matches!(target, Target::Postgres(_)) { "PostgreSQL" } else { "MariaDB" };
    eprintln!(
        "{kind}, pre_ping {pre_ping}: {RESTARTS} restarts (each {:?}), {} committed, {} unknown, {} errors; after the last \
         comeback every task had success within {slowest:?} and at most {} failures",
        backs.iter().map(|(_, took)| *took).collect::<Vec<_>>(),
        total.committed,
        total.unknown,
        total.errors,
        total.errors_since_back,
    );
    assert!(total.errors + total.unknown > 0, "nobody noticed");
    assert!(slowest < Duration::from_secs(30));
    // Each task may be unlucky once for each connection of the old server, and that twice.
    assert!(total.errors_since_back <= 16, "{} failures in a row after a comeback", total.errors_since_back);
    assert_whole(&pool, kind).await;
    pool.dispose().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_survives_that_postgresql_is_killed() {
    let Some((instance, target)) = Instance::postgres(None).await else { return };
    survives_restarts(instance, target, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_survives_that_mariadb_is_killed() {
    let Some((instance, target)) = Instance::mariadb().await else { return };
    survives_restarts(instance, target, true).await;
}
