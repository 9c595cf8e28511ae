//! The SQLite driver against real files.
//!
//! - `values`: what goes in comes out
//! - `statements`: preparing, keeping, batches, rows that stop early
//! - `errors`: what SQLite refuses
//! - `locks`: two connections to one file
//! - `opening`: files that open and files that do not
//! - `threads`: where statements run, time limits, queries read piece by piece

#![cfg(feature = "sqlite")]

#[path = "sqlite/errors.rs"]
mod errors;
#[path = "sqlite/locks.rs"]
mod locks;
#[path = "sqlite/opening.rs"]
mod opening;
#[path = "sqlite/statements.rs"]
mod statements;
#[path = "sqlite/threads.rs"]
mod threads;
#[path = "sqlite/values.rs"]
mod values;

use std::ops::ControlFlow;

use orm_pool::driver::sqlite::{Connection, Options, TemporaryDatabase};
use orm_pool::driver::{Done, Statement};
use orm_pool::{Error, Kind, Value, ValueRef};

/// A value of a row that outlives the row.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Int(value) => Cell::Int(value),
            ValueRef::Float64(value) => Cell::Float(value),
            ValueRef::Text(value) => Cell::Text(value.into()),
            ValueRef::Bytes(value) => Cell::Bytes(value.into()),
            other => panic!("SQLite gave {other:?}"),
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

async fn memory() -> Connection {
    Connection::open(&Options::memory()).await.unwrap()
}

async fn open(database: &TemporaryDatabase) -> Connection {
    Connection::open(&database.options()).await.unwrap()
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

const NULL: Value = Value::Null(Kind::Text);
