//! Pools of real connections while servers die and refuse.
//!
//! The shared servers are those of the drivers' tests; what kills or reconfigures a server starts one of its own. Without
//! the servers, or their programs, the tests say so and pass, unless the variable `CI` is set.
//!
//! - `restart`: servers that are killed under load and come back
//! - `killed`: single connections that the server ends
//! - `refused`: servers that do not let in, and what the user is told
//! - `cancelled`: futures that are dropped at each of their polls, on SQLite as well
//! - `noise`: a network that delays, cuts and loses at random
//! - `pooler`: PgBouncer in between, which gives each transaction to another server
//! - `traps`: what sqlx does that must not come through, with a test for each
//! - `instance`: servers of a test's own

#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]

#[path = "faults/cancelled.rs"]
mod cancelled;
#[path = "faults/instance.rs"]
mod instance;
#[path = "faults/killed.rs"]
mod killed;
#[path = "faults/noise.rs"]
mod noise;
#[path = "faults/pooler.rs"]
mod pooler;
#[path = "server/process.rs"]
mod process;
#[path = "faults/refused.rs"]
mod refused;
#[path = "server/relay.rs"]
mod relay;
#[path = "faults/restart.rs"]
mod restart;
#[path = "faults/traps.rs"]
mod traps;

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orm_pool::driver::{Connection, Statement, mysql, postgres};
use orm_pool::pool::{self, Guard, Pool, Reset, ResetOnReturn};
use orm_pool::{Error, ErrorKind, Value, ValueRef};

/// A value of a row that outlives the row.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Int(value) => Cell::Int(value),
            ValueRef::Text(value) | ValueRef::Decimal(value) => Cell::Text(value.into()),
            other => panic!("the server gave {other:?}"),
        }
    }
}

/// Where a pool's connections lead; it treats them as the engine does.
#[derive(Clone, Debug)]
enum Target {
    Postgres(postgres::Options),
    MySql(mysql::Options),
}

/// How long the engine waits for the end of what was dropped.
const DRAIN: Duration = Duration::from_secs(2);

impl pool::Connector for Target {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, Error> {
        Ok(match self {
            Target::Postgres(options) => Connection::Postgres(postgres::Connection::open(options).await?),
            Target::MySql(options) => Connection::MySql(mysql::Connection::open(options).await?),
        })
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

fn reset_now(connection: &mut Connection, how: ResetOnReturn) -> Reset {
    match () {
        () if connection.needs_discard() => Reset::Broken,
        () if connection.is_in_flight() => Reset::NeedsWork,
        () if !connection.is_in_transaction() || how == ResetOnReturn::None => Reset::Clean,
        () if how == ResetOnReturn::Rollback && connection.rollback_now() => Reset::Clean,
        () => Reset::NeedsWork,
    }
}

async fn reset(connection: &mut Connection, how: ResetOnReturn) -> Result<(), Error> {
    let was_abandoned = connection.is_in_flight();
    if was_abandoned {
        connection.drain(DRAIN).await?;
    }
    match how {
        _ if !connection.is_in_transaction() => Ok(()),
        _ if was_abandoned => connection.batch("ROLLBACK").await,
        ResetOnReturn::Rollback => connection.batch("ROLLBACK").await,
        ResetOnReturn::Commit => connection.batch("COMMIT").await,
        ResetOnReturn::None => Ok(()),
    }
}

impl Target {
    /// Returns the server that the drivers' tests use, or says that there is none.
    async fn shared(name: &str) -> Option<Self> {
        let (variable, default) = match name {
            "postgres" => ("ORM_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test"),
            _ => ("ORM_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"),
        };
        let url = std::env::var(variable).unwrap_or_else(|_| default.into());
        let rest = url.split_once("://").expect("a URL").1;
        let (who, rest) = rest.split_once('@').expect("a user");
        let (user, password) =
            who.split_once(':').map_or((who, None), |(user, password)| (user, Some(password.to_owned())));
        let (place, database) = rest.split_once('/').expect("a database");
        let (host, port) = place.split_once(':').expect("a port");
        let (port, database) = (port.parse().expect("a port"), Some(database.to_owned()));
        let target = match name {
            "postgres" => {
                Target::Postgres(postgres::Options { port, password, database, ..postgres::Options::new(host, user) })
            }
            _ => Target::MySql(mysql::Options { port, password, database, ..mysql::Options::new(host, user) }),
        };
        match pool::Connector::connect(&target).await {
            Ok(_) => Some(target),
            Err(error) => {
                process::skip(&error.to_string());
                None
            }
        }
    }

    /// Returns host and port.
    fn place(&self) -> (String, u16) {
        match self {
            Target::Postgres(options) => (options.host.clone(), options.port),
            Target::MySql(options) => (options.host.clone(), options.port),
        }
    }

    /// Returns the same server by way of another port of this machine, without TLS.
    fn by_way_of(&self, new_port: u16) -> Self {
        let mut target = self.clone();
        let (host, port, ssl_mode, word) = match &mut target {
            Target::Postgres(options) => (&mut options.host, &mut options.port, &mut options.ssl_mode, "disable"),
            Target::MySql(options) => (&mut options.host, &mut options.port, &mut options.ssl_mode, "disabled"),
        };
        (*host, *port, *ssl_mode) = ("127.0.0.1".into(), new_port, Some(word.into()));
        target
    }

    fn connect_timeout(&self, timeout: Duration) -> Self {
        let mut target = self.clone();
        match &mut target {
            Target::Postgres(options) => options.connect_timeout = timeout,
            Target::MySql(options) => options.connect_timeout = timeout,
        }
        target
    }

    async fn connection(&self) -> Connection {
        pool::Connector::connect(self).await.unwrap()
    }

    fn pool(&self, options: pool::Options) -> Pool<Target> {
        Pool::new(self.clone(), options)
    }

    /// Returns the text with this database's placeholders for `?`.
    fn sql(&self, text: &str) -> String {
        let Target::Postgres(_) = self else { return text.into() };
        let mut parts = text.split('?');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for (n, part) in parts.enumerate() {
            sql += &format!("${}{part}", n + 1);
        }
        sql
    }

    /// Returns what tells a connection from all others.
    fn who_am_i(&self) -> &'static str {
        match self {
            Target::Postgres(_) => "SELECT pg_backend_pid()",
            Target::MySql(_) => "SELECT CONNECTION_ID()",
        }
    }
}

/// So many connections at most, which are all kept; patience; no pings.
fn options(size: usize) -> pool::Options {
    pool::Options { size, max_overflow: Some(0), timeout: Duration::from_secs(30), ..pool::Options::default() }
}

/// Returns the one statement with this text; its number is the same each time.
fn kept(sql: &str) -> Statement {
    let hash = sql
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Statement { sql: sql.into(), id: hash | 1 }
}

/// Runs a statement and returns all its rows.
async fn rows(connection: &mut Connection, sql: &str, values: &[Value]) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = Vec::new();
    let collect = |row: orm_pool::driver::Row<'_>| {
        rows.push((0..row.len()).map(|i| row.value(i).into()).collect());
        ControlFlow::Continue(())
    };
    connection.run(&kept(sql), values, collect).await?;
    Ok(rows)
}

/// Runs a query and returns the integer that it gives.
async fn int(connection: &mut Connection, sql: &str) -> Result<i64, Error> {
    match rows(connection, sql, &[]).await?.as_slice() {
        [row] => match row.as_slice() {
            [Cell::Int(value)] => Ok(*value),
            other => panic!("{sql} gave {other:?}"),
        },
        other => panic!("{sql} gave {other:?}"),
    }
}

/// Fails unless the future ends soon enough not to be called hanging.
#[track_caller]
fn in_time<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let result = tokio::time::timeout(Duration::from_secs(60), future).await;
        result.unwrap_or_else(|_| panic!("hangs: what was begun at {place}"))
    }
}

/// Waits until this holds, within reason.
#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        for _ in 0..3000 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not so for 30 s, at {place}: {what}");
    }
}

/// Waits until all connections are home, and checks that as many as the pool may have can be taken, and not one more.
async fn assert_whole<C: pool::Connector<Connection = Connection>>(pool: &Pool<C>, context: &str) {
    eventually(&format!("all connections come home: {context}"), || {
        let status = pool.status();
        status.checked_out == 0 && status.waiting == 0
    })
    .await;
    let status = pool.status();
    assert!(status.idle <= status.size, "{status:?}, {context}");
    assert_eq!(status.overflow, status.idle as i64 - status.size as i64, "{status:?}, {context}");
    let mut all = Vec::new();
    for _ in 0..status.size {
        all.push(in_time(pool.acquire()).await.unwrap_or_else(|error| panic!("{error}, {context}")));
    }
    for guard in &mut all {
        assert_eq!(int(guard, "SELECT 1").await.unwrap(), 1, "{context}");
        assert!(!guard.is_in_transaction(), "{context}");
    }
    let one_more = tokio::time::timeout(Duration::from_millis(30), pool.acquire()).await;
    assert!(one_more.is_err(), "there is one more than {}: {context}", status.size);
    drop(all);
    let status = pool.status();
    assert_eq!((status.idle, status.checked_out, status.waiting), (status.size, 0, 0), "{context}");
}

/// A table of a test's own; dropping it drops the table, also when the test fails.
struct Table {
    name: String,
    target: Target,
}

impl Table {
    async fn new(target: &Target, columns: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("orm_faults_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let engine = if matches!(target, Target::MySql(_)) { " ENGINE = InnoDB" } else { "" };
        target.connection().await.batch(&format!("CREATE TABLE {name} ({columns}){engine}")).await.unwrap();
        Table { name, target: target.clone() }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let (sql, target) = (format!("DROP TABLE {}", self.name), self.target.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let drop = async { pool::Connector::connect(&target).await?.batch(&sql).await };
            let result = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), drop).await });
            if !matches!(result, Ok(Ok(()))) {
                eprintln!("{sql}: {result:?}");
            }
        });
        _ = thread.join();
    }
}

/// Does what the engine does when a statement has told that the server is gone: no older connection is trusted.
fn note<T>(pool: &Pool<Target>, result: &Result<T, Error>) {
    if result.as_ref().is_err_and(Error::is_disconnect) {
        pool.invalidate();
    }
}

type Lent = Guard<Target>;
