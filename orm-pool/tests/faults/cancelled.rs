//! Each operation is begun, polled so many times, and dropped: once, twice, and so on until it ends. After each time the pool
//! has to be whole, and what it lends has to be clean and to answer what it is asked.
//!
//! Servers are reached through a relay that hands on few bytes at a time, so that there are many places to stop; on SQLite
//! a rival holds a lock for a while.

use std::pin::pin;
use std::task::Poll;

use orm_pool::driver::sqlite;

use super::relay::{Relay, Way};
use super::*;

/// Polls a future so many times, each after it has been woken, and drops it; returns what it gave if it has ended.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|cx| {
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What is polled and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Checkout,
    CheckoutWithPing,
    Begin,
    Execute,
    Fetch,
    Savepoint,
    Commit,
    Rollback,
}

use Operation::*;

const ALL: [Operation; 8] = [Checkout, CheckoutWithPing, Begin, Execute, Fetch, Savepoint, Commit, Rollback];

/// SQLite's files, treated as the engine does.
#[derive(Clone)]
struct Files(sqlite::Options);

impl pool::Connector for Files {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, Error> {
        Ok(Connection::Sqlite(sqlite::Connection::open(&self.0).await?))
    }

    fn reset_now(&self, connection: &mut Connection, how: ResetOnReturn) -> Reset {
        reset_now(connection, how)
    }

    async fn reset(&self, connection: &mut Connection, how: ResetOnReturn) -> Result<(), Error> {
        reset(connection, how).await
    }

    async fn ping(&self, connection: &mut Connection) -> Result<(), Error> {
        connection.ping().await
    }

    async fn close(&self, connection: Connection) {
        _ = connection.close().await;
    }
}

/// A database in which operations are cancelled.
struct Subject<C> {
    /// The way on which they are slow.
    slow: C,
    /// The way on which the outcome is looked at.
    fast: C,
    table: String,
    /// The placeholder for a parameter.
    first_parameter: &'static str,
    /// What each poll of a statement waits for, if it is not the network.
    rival: Option<fn(Operation) -> &'static str>,
}

impl<C: pool::Connector<Connection = Connection> + Clone> Subject<C> {
    fn pool(&self, operation: Operation) -> Pool<C> {
        let pre_ping = operation == CheckoutWithPing;
        Pool::new(self.slow.clone(), pool::Options { pre_ping, ..options(2) })
    }

    fn insert(&self) -> String {
        format!("INSERT INTO {} VALUES ({}, 'x')", self.table, self.first_parameter)
    }

    /// Does what has to be done before the operation.
    async fn prepare(&self, c: &mut Connection, operation: Operation, n: i64) {
        if matches!(operation, Execute | Savepoint | Commit | Rollback) {
            c.batch("BEGIN").await.unwrap();
            insert(c, &self.insert(), n).await.unwrap();
        }
        if matches!(operation, Commit | Rollback) {
            insert(c, &self.insert(), n).await.unwrap();
        }
    }

    async fn run(&self, c: &mut Connection, operation: Operation, n: i64) -> Result<(), Error> {
        match operation {
            Begin => c.batch("BEGIN").await,
            Execute => insert(c, &self.insert(), n).await,
            Fetch => {
                // Another text each time, so that it is prepared, too.
                let sql = format!("SELECT n, {n} FROM {} WHERE n < {} ORDER BY n", self.table, self.first_parameter);
                let found = rows(c, &sql, &[Value::Int64(0)]).await?;
                let expected: Vec<Vec<Cell>> = (-20..0).map(|k| vec![Cell::Int(k), Cell::Int(n)]).collect();
                assert_eq!(found, expected);
                Ok(())
            }
            Savepoint => c.batch("SAVEPOINT a").await,
            Commit => c.batch("COMMIT").await,
            Rollback => c.batch("ROLLBACK").await,
            Checkout | CheckoutWithPing => unreachable!("it has no connection yet"),
        }
    }

    /// Holds a lock that the operation needs, for a while.
    async fn hinder(&self, operation: Operation) -> tokio::task::JoinHandle<()> {
        let Some(rival) = self.rival else { return tokio::spawn(async {}) };
        let mut c = self.fast.connect().await.unwrap();
        c.batch(rival(operation)).await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(12)).await;
            if c.is_in_transaction() {
                c.batch("ROLLBACK").await.unwrap();
            }
        })
    }

    /// Begins an operation, drops it after so many polls, and looks at what is left; returns whether it had ended.
    async fn cancel(&self, pool: &Pool<C>, operation: Operation, times: usize, n: i64) -> bool {
        let has_ended = if matches!(operation, Checkout | CheckoutWithPing) {
            if operation == Checkout {
                pool.dispose().await;
            } else {
                drop(pool.acquire().await.unwrap());
            }
            let rival = self.hinder(operation).await;
            let lent = in_time(polled(pool.acquire(), times)).await;
            rival.await.unwrap();
            lent.map(|lent| drop(lent.unwrap())).is_some()
        } else {
            let mut guard = in_time(pool.acquire()).await.unwrap();
            self.prepare(&mut guard, operation, n).await;
            let rival = self.hinder(operation).await;
            let ended = in_time(polled(self.run(&mut guard, operation, n), times)).await;
            drop(guard);
            rival.await.unwrap();
            ended.map(Result::unwrap).is_some()
        };
        let context = format!("{operation:?}, dropped after {times} polls");
        // Twice as many as there are connections, so that each that was kept is seen.
        let twice = format!("SELECT n + {} FROM {} WHERE n = -1", self.first_parameter, self.table);
        for k in 0..4 {
            let mut guard = in_time(pool.acquire()).await.unwrap();
            assert!(!guard.is_in_transaction() && !guard.is_in_flight(), "{context}");
            let answer = in_time(rows(&mut guard, &twice, &[Value::Int64(n + k)])).await.unwrap();
            assert_eq!(answer, [[Cell::Int(n + k - 1)]], "{context}");
        }
        let status = pool.status();
        assert!(status.idle + status.checked_out <= 2 && status.waiting == 0, "{status:?}, {context}");
        // All of the transaction or nothing.
        let mut other = self.fast.connect().await.unwrap();
        let left = int(&mut other, &format!("SELECT COUNT(*) FROM {} WHERE n = {n}", self.table)).await.unwrap();
        let possible: &[i64] = if operation == Commit { if has_ended { &[2] } else { &[0, 2] } } else { &[0] };
        assert!(possible.contains(&left), "{left} rows are left: {context}");
        _ = other.close().await;
        has_ended
    }

    /// Asks a thousand questions, some at a time, and checks each answer.
    async fn a_thousand_right_answers(&self, pool: &Pool<C>, context: &str) {
        let ask = async |task: i64| {
            for n in 0..250 {
                let mut guard = pool.acquire().await.unwrap();
                let sql = format!("SELECT n * {} FROM {} WHERE n = -7", self.first_parameter, self.table);
                let answer = rows(&mut guard, &sql, &[Value::Int64(task * 1000 + n)]).await.unwrap();
                assert_eq!(answer, [[Cell::Int((task * 1000 + n) * -7)]], "{context}");
            }
        };
        in_time(async { tokio::join!(ask(1), ask(2), ask(3), ask(4)) }).await;
    }

    async fn survives_every_poll(&self, least_polls: impl Fn(Operation) -> usize) {
        let mut n = 1000;
        for operation in ALL {
            let pool = self.pool(operation);
            let mut times = 0;
            // The number of polls varies a little; it has ended for good when it has ended thrice in a row.
            let mut ended = 0;
            while ended < 3 {
                times += 1;
                n += 10;
                let has_ended = self.cancel(&pool, operation, times, n).await;
                ended = if has_ended { ended + 1 } else { 0 };
                assert!(times < 5000, "{operation:?} does not end");
            }
            let polls = times - 2;
            eprintln!("{operation:?} takes {polls} polls");
            assert!(polls >= least_polls(operation), "{operation:?} took {polls} polls only");
            self.a_thousand_right_answers(&pool, &format!("after {operation:?}")).await;
            assert_whole(&pool, &format!("after {operation:?}")).await;
            pool.dispose().await;
        }
    }
}

async fn insert(c: &mut Connection, sql: &str, n: i64) -> Result<(), Error> {
    c.run(&kept(sql), &[Value::Int64(n)], |_| ControlFlow::Continue(())).await.map(|_| ())
}

fn negative_numbers(table: &str) -> String {
    let all: Vec<String> = (1..=20).map(|n| format!("(-{n}, 'x')")).collect();
    format!("INSERT INTO {table} VALUES {}", all.join(", "))
}

/// Hands on a few of the server's bytes at a time, and stops a moment before each.
fn dripping(target: &Target) -> (Relay, Target) {
    let (host, port) = target.place();
    let relay = Relay::new(&host, port, |way| {
        let mut has_stopped = false;
        move |count| {
            has_stopped = way == Way::ToClient && !has_stopped;
            ControlFlow::Continue(match way {
                Way::ToServer => count,
                Way::ToClient if has_stopped => 0,
                Way::ToClient => count.min(10),
            })
        }
    });
    let target = target.by_way_of(relay.port);
    (relay, target)
}

async fn on_a_server(name: &str, first_parameter: &'static str) {
    let Some(target) = Target::shared(name).await else { return };
    let table = Table::new(&target, "n BIGINT NOT NULL, note VARCHAR(10)").await;
    target.connection().await.batch(&negative_numbers(&table.name)).await.unwrap();
    let (_relay, slow) = dripping(&target);
    let subject = Subject { slow, fast: target, table: table.name.clone(), first_parameter, rival: None };
    let least = |operation| match operation {
        Checkout | Fetch => 10,
        _ => 2,
    };
    subject.survives_every_poll(least).await;
}

#[tokio::test]
async fn no_poll_of_postgresql_is_a_bad_one_to_be_the_last() {
    on_a_server("postgres", "$1").await;
}

#[tokio::test]
async fn no_poll_of_mysql_is_a_bad_one_to_be_the_last() {
    on_a_server("mysql", "?").await;
}

#[tokio::test]
async fn no_poll_of_sqlite_is_a_bad_one_to_be_the_last() {
    let folder = process::Folder::new(process::User::find("nobody").expect("there is a user"));
    // Without WAL, so that readers and writers are in each other's way.
    let options = sqlite::Options { journal_mode: None, ..sqlite::Options::file(folder.path.join("cancelled.db")) };
    let files = Files(options);
    let mut c = pool::Connector::connect(&files).await.unwrap();
    c.batch("CREATE TABLE t (n INTEGER NOT NULL, note TEXT)").await.unwrap();
    c.batch(&negative_numbers("t")).await.unwrap();
    c.close().await.unwrap();
    let rival = |operation| match operation {
        // What has a lock already waits for readers when it commits, and for nobody else.
        Commit => "BEGIN; SELECT COUNT(*) FROM t",
        Execute | Savepoint | Rollback => "SELECT 1",
        Begin | Fetch | Checkout | CheckoutWithPing => "BEGIN EXCLUSIVE",
    };
    let (slow, fast) = (files.clone(), files);
    let subject = Subject { slow, fast, table: "t".into(), first_parameter: "?", rival: Some(rival) };
    let least = |operation| match operation {
        Fetch | Commit => 5,
        Checkout => 2,
        _ => 1,
    };
    subject.survives_every_poll(least).await;
}

/// The pool resets in the background, where nobody can drop it but the runtime that ends.
#[test]
fn a_runtime_that_ends_at_any_moment_of_a_reset_loses_no_place() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for name in ["postgres", "mysql"] {
        let Some(target) = runtime().block_on(Target::shared(name)) else { return };
        let table = runtime().block_on(Table::new(&target, "n BIGINT NOT NULL"));
        let (_relay, slow) = dripping(&target);
        let pool = slow.pool(options(2));
        let insert = format!("INSERT INTO {} VALUES (1)", table.name);
        let (mut was_reset, mut in_flight) = (0, 0);
        for moment in 0..60 {
            runtime().block_on(async {
                let mut guard = pool.acquire().await.unwrap();
                guard.batch("BEGIN").await.unwrap();
                guard.batch(&insert).await.unwrap();
                if moment % 2 == 1 {
                    // In flight, so that it has to be drained, or given up; a machine that is busy may have the answer already.
                    in_flight += usize::from(polled(guard.batch("SELECT 1"), 1).await.is_none());
                }
                drop(guard);
                for _ in 0..moment {
                    tokio::time::sleep(Duration::from_micros(30)).await;
                }
                was_reset += usize::from(pool.status().idle > 0);
            });
            let status = pool.status();
            assert_eq!((status.checked_out, status.waiting), (0, 0), "{status:?}, {name}, after {moment} moments");
            // What is idle belongs to a runtime that is gone.
            pool.invalidate();
        }
        assert!(in_flight > 20, "{name}: {in_flight} of 30 were in flight");
        eprintln!("{name}: {was_reset} of 60 were reset in time");
        runtime().block_on(async {
            assert_eq!(
                int(&mut target.connection().await, &format!("SELECT COUNT(*) FROM {}", table.name)).await.unwrap(),
                0
            );
            assert_whole(&pool, name).await;
        });
    }
}
