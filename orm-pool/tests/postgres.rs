//! The PostgreSQL driver against a real server: that of `ORM_POSTGRES_URL`, or the local one.
//!
//! Without a server the tests say so and pass, unless the variable `CI` is set.
//!
//! - `values`: what goes in comes out
//! - `statements`: preparing, types of parameters, changed tables, batches
//! - `transactions`: what the driver knows of them
//! - `cancellation`: futures that are dropped half-way
//! - `errors`: what PostgreSQL refuses
//! - `opening`: servers that answer and servers that do not

#![cfg(feature = "postgres")]

#[path = "postgres/cancellation.rs"]
mod cancellation;
#[path = "postgres/errors.rs"]
mod errors;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "server/proxy.rs"]
mod proxy;
#[path = "postgres/statements.rs"]
mod statements;
#[path = "postgres/transactions.rs"]
mod transactions;
#[path = "postgres/values.rs"]
mod values;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use orm_pool::driver::postgres::{Connection, Options};
use orm_pool::driver::{Done, Statement};
use orm_pool::{Error, ErrorKind, Kind, Value, ValueRef};

/// A value of a row that outlives the row.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float32(f32),
    Float64(f64),
    Text(String),
    Bytes(Vec<u8>),
    Date(i32),
    Time(i64),
    DateTime(i64),
    Timestamp(i64),
    Uuid([u8; 16]),
    Decimal(String),
    Json(String),
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Bool(value) => Cell::Bool(value),
            ValueRef::Int(value) => Cell::Int(value),
            ValueRef::Float32(value) => Cell::Float32(value),
            ValueRef::Float64(value) => Cell::Float64(value),
            ValueRef::Text(value) => Cell::Text(value.into()),
            ValueRef::Bytes(value) => Cell::Bytes(value.into()),
            ValueRef::Date(value) => Cell::Date(value),
            ValueRef::Time(value) => Cell::Time(value),
            ValueRef::DateTime(value) => Cell::DateTime(value),
            ValueRef::Timestamp(value) => Cell::Timestamp(value),
            ValueRef::Uuid(value) => Cell::Uuid(value),
            ValueRef::Decimal(value) => Cell::Decimal(value.into()),
            ValueRef::Json(value) => Cell::Json(value.into()),
            other => panic!("PostgreSQL gave {other:?}"),
        }
    }
}

fn text(value: &str) -> Cell {
    Cell::Text(value.into())
}

/// A statement that is not kept.
fn once(sql: &str) -> Statement {
    Statement { sql: sql.into(), id: 0 }
}

/// A statement with a number of its own.
fn kept(sql: &str) -> Statement {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Statement { sql: sql.into(), id: NEXT.fetch_add(1, Ordering::Relaxed) }
}

/// The server's options, from `postgresql://user:password@host:port/database`.
fn options() -> Options {
    let url = std::env::var("ORM_POSTGRES_URL").unwrap_or_else(|_| "postgresql://postgres@127.0.0.1:5432/test".into());
    let rest = url.split_once("://").expect("a URL").1;
    let (who, rest) = rest.split_once('@').expect("a user");
    let (user, password) = who.split_once(':').map_or((who, None), |(user, password)| (user, Some(password.into())));
    let (place, database) = rest.split_once('/').expect("a database");
    let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
    let port = port.parse().expect("a port");
    Options { port, password, database: Some(database.into()), ..Options::new(host, user) }
}

/// Connects, or says that there is no server.
async fn connect() -> Option<Connection> {
    connect_with(&options()).await
}

async fn connect_with(options: &Options) -> Option<Connection> {
    match Connection::open(options).await {
        Ok(connection) => Some(connection),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// Runs a statement and returns all its rows.
async fn rows(connection: &mut Connection, statement: &Statement, values: &[Value]) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = Vec::new();
    let collect = |row: orm_pool::driver::Row<'_>| {
        rows.push((0..row.len()).map(|i| row.value(i).into()).collect());
        ControlFlow::Continue(())
    };
    connection.run(statement, values, collect).await?;
    Ok(rows)
}

/// Runs a query and returns the one value of its one row.
async fn scalar(connection: &mut Connection, sql: &str, values: &[Value]) -> Cell {
    let mut all = rows(connection, &once(sql), values).await.unwrap();
    assert_eq!(all.len(), 1, "{sql} gave {all:?}");
    all.remove(0).remove(0)
}

/// Runs a statement without looking at its rows.
async fn execute(connection: &mut Connection, sql: &str, values: &[Value]) -> Result<Done, Error> {
    connection.run(&once(sql), values, |_| ControlFlow::Continue(())).await
}

/// A schema of a test's own, for what several connections share.
struct Schema(String);

impl Schema {
    async fn new(connection: &mut Connection, definitions: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("orm_pool_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        connection.batch(&format!("CREATE SCHEMA {name}; SET search_path = {name}; {definitions}")).await.unwrap();
        Schema(name)
    }

    async fn connect(&self) -> Connection {
        let parameters = vec![("search_path".into(), self.0.clone())];
        Connection::open(&Options { parameters, ..options() }).await.unwrap()
    }

    async fn drop(self, mut connection: Connection) {
        connection.batch(&format!("DROP SCHEMA {} CASCADE", self.0)).await.unwrap();
    }
}

fn micros(days: i64, time: i64) -> i64 {
    days * 86_400_000_000 + time
}
