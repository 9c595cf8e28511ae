//! One connection to one database: text and bound values in, rows out, pushed to a decoder.
//!
//! In: a [`Statement`] and its [`Value`]s, from the executor above. Out: each [`Row`] to a closure while it
//! is still in the driver's buffer, and a [`Done`] at the end. sqlx opens the connections; its types stay in here.

#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::ops::ControlFlow;
use std::sync::Arc;

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

/// An open connection. One `match` per statement; nothing is boxed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Connection {
    /// SQLite, driven through its own handle.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Connection),
}

/// One row, valid while the decoder runs.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Row<'a> {
    /// A row of SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Row<'a>),
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
        }
    }

    /// Returns how many values the row has.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.len(),
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
        }
    }

    /// Runs text that may hold several statements, without parameters and without rows: `BEGIN`, `PRAGMA`, DDL.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); statements before the one that failed have taken effect.
    pub async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.batch(sql).await,
        }
    }

    /// Returns whether the database has a transaction open on this connection.
    pub fn is_in_transaction(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.is_in_transaction(),
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
        }
    }

    /// Rolls back without waiting, where the database is in this process.
    ///
    /// Returns `false` where that takes a round trip, and nothing was done.
    pub fn rollback_now(&mut self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.rollback_now(),
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
        }
    }
}
