//! One connection to one database: text and bound values in, rows out, pushed to a decoder.
//!
//! In: a [`Statement`] and its [`Value`]s, from the executor above. Out: each [`Row`] to a closure while it
//! is still in the driver's buffer, and a [`Done`] at the end. sqlx opens the connections; its types stay in here.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod calendar;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod refused;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod transaction;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod words;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::{Error, Value, ValueRef};

/// Text that is prepared once per connection and found again by its number.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The SQL, with the dialect's placeholders.
    pub sql: Arc<str>,
    /// A number that no other text of the program has, or 0 for text that is not worth keeping.
    pub id: u64,
}

/// What a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows inserted, updated or deleted; 0 for a query.
    pub rows_affected: u64,
    /// The key that the database generated for the last inserted row, where it says so.
    pub last_insert_id: Option<i64>,
}

/// An open connection. One `match` per statement, and none per value.
#[derive(Debug)]
#[non_exhaustive]
pub enum Connection {
    /// SQLite, driven through its own handle.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Connection),
    /// PostgreSQL, through sqlx.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Connection),
    /// MySQL or MariaDB, through sqlx.
    #[cfg(feature = "mysql")]
    MySql(mysql::Connection),
}

/// One row, valid while the decoder runs.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Row<'a> {
    /// A row of SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Row<'a>),
    /// A row of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Row<'a>),
    /// A row of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    MySql(mysql::Row<'a>),
}

impl<'a> Row<'a> {
    /// Returns the value at this position.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    #[inline]
    pub fn value(&self, column: usize) -> ValueRef<'a> {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.value(column),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.value(column),
            #[cfg(feature = "mysql")]
            Row::MySql(row) => row.value(column),
        }
    }

    /// Returns how many values the row has.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.len(),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.len(),
            #[cfg(feature = "mysql")]
            Row::MySql(row) => row.len(),
        }
    }

    /// Returns whether the row has no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the name that the database gives the column at this position.
    pub fn name(&self, column: usize) -> &'a str {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.name(column),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.name(column),
            #[cfg(feature = "mysql")]
            Row::MySql(row) => row.name(column),
        }
    }
}

impl Connection {
    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses the statement, when a lock is not had in time, or when the connection is lost.
    #[inline]
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], on_row: F) -> Result<Done, Error>
    where
        F: FnMut(Row<'_>) -> ControlFlow<()> + Send,
    {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.run(statement, parameters, on_row).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.run(statement, parameters, on_row).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.run(statement, parameters, on_row).await,
        }
    }

    /// Runs text that may hold several statements, without parameters and without rows: `BEGIN`, `PRAGMA`, DDL.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run). Statements before the one that failed have taken effect; not so with PostgreSQL, to which a
    /// text without a `BEGIN` is one transaction.
    pub async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.batch(sql).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.batch(sql).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.batch(sql).await,
        }
    }

    /// Returns whether the database has a transaction open on this connection.
    pub fn is_in_transaction(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.is_in_transaction(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.is_in_transaction(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.is_in_transaction(),
        }
    }

    /// Returns whether an operation has begun and not ended, since its future was dropped.
    ///
    /// [`drain`](Self::drain) waits for it, unless the connection [should be discarded](Self::needs_discard).
    pub fn is_in_flight(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.is_in_flight(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.is_in_flight(),
        }
    }

    /// Returns whether the connection is of no more use: it is gone, or MySQL has an operation in flight.
    pub fn needs_discard(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.needs_discard(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.needs_discard(),
        }
    }

    /// Waits for the end of an operation whose future was dropped; an open transaction stays open.
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use, or has become so by not being ready in time.
    pub async fn drain(&mut self, within: Duration) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => {
                _ = within;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.drain(within).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => {
                _ = within;
                connection.check()
            }
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    ///
    /// Fails when the connection is gone.
    pub async fn ping(&mut self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.ping().await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.ping().await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.ping().await,
        }
    }

    /// Rolls back without waiting, where the database is in this process.
    ///
    /// Returns `false` where that takes a round trip, and nothing was done.
    pub fn rollback_now(&mut self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.rollback_now(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.rollback_now(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.rollback_now(),
        }
    }

    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// Fails when the database reports that closing went wrong; the connection is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.close().await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.close().await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.close().await,
        }
    }
}

/// How long a server may take to accept that a connection is closed.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns the next item of a stream.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[inline]
async fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *stream).poll_next(cx)).await
}

/// Makes the error of a connection that is of no more use.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[cold]
fn broken() -> Error {
    Error::new(
        crate::ErrorKind::Disconnected,
        "the connection was lost earlier, or abandoned in the middle of a statement",
    )
}

/// Says that the number of values is not that of the parameters.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn parameter_count(expected: usize, given: usize) -> String {
    let parameters = if expected == 1 { "parameter" } else { "parameters" };
    let were = if given == 1 { "value was" } else { "values were" };
    format!("the statement has {expected} {parameters} and {given} {were} given")
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[cold]
#[inline(never)]
fn no_such_column(column: usize, width: usize) -> ! {
    panic!("the row has {width} columns, so there is none at position {column}")
}
