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
    /// A row of SQLite that was read by another thread.
    #[cfg(feature = "sqlite")]
    Copied(sqlite::CopiedRow<'a>),
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
            #[cfg(feature = "sqlite")]
            Row::Copied(row) => row.value(column),
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
            #[cfg(feature = "sqlite")]
            Row::Copied(row) => row.len(),
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

    /// Returns which set of rows it belongs to: 0, unless a stored procedure gives several.
    #[inline]
    pub fn set(&self) -> usize {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(_) | Row::Copied(_) => 0,
            #[cfg(feature = "postgres")]
            Row::Postgres(_) => 0,
            #[cfg(feature = "mysql")]
            Row::MySql(row) => row.set(),
        }
    }

    /// Returns the name of the cursor that is at this position, which PostgreSQL alone has as values.
    pub fn cursor(&self, column: usize) -> Option<&'a str> {
        match self {
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.cursor(column),
            #[allow(unreachable_patterns, reason = "with one driver there is no other")]
            _ => {
                _ = column;
                None
            }
        }
    }

    /// Returns the name that the database gives the column at this position.
    pub fn name(&self, column: usize) -> &'a str {
        match self {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.name(column),
            #[cfg(feature = "sqlite")]
            Row::Copied(row) => row.name(column),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.name(column),
            #[cfg(feature = "mysql")]
            Row::MySql(row) => row.name(column),
        }
    }
}

/// Takes the rows of a statement, until it breaks.
pub type OnRow<'a> = dyn FnMut(Row<'_>) -> ControlFlow<()> + Send + 'a;

impl Connection {
    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses the statement, when a lock is not had in time, or when the connection is lost.
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], mut on_row: F) -> Result<Done, Error>
    where
        F: FnMut(Row<'_>) -> ControlFlow<()> + Send,
    {
        let mut done = Done::default();
        self.run_with(statement, parameters, &mut on_row, &mut done).await?;
        Ok(done)
    }

    /// Does the same as [`run`](Self::run), for a taker of rows of any type, and writes what the statement did where the
    /// caller keeps it.
    ///
    /// The future is small whatever the database, since each that awaits it moves it: what a server needs is boxed.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    #[inline]
    pub async fn run_with(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
        on_row: &mut OnRow<'_>,
        done: &mut Done,
    ) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.run_with(statement, parameters, on_row, done).await?,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => *done = Box::pin(connection.run(statement, parameters, on_row)).await?,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => *done = Box::pin(connection.run(statement, parameters, on_row)).await?,
        }
        Ok(())
    }

    /// Returns how many bytes a statement may have with its values, where the server says so: MySQL's `max_allowed_packet`.
    pub fn most_bytes(&self) -> Option<usize> {
        match self {
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => Some(connection.most_bytes()),
            #[allow(unreachable_patterns, reason = "there may be no other driver")]
            _ => None,
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

    /// Returns the names of the columns of what this statement gives; none for one that gives no rows.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn columns(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Vec<String>, Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => {
                _ = parameters;
                connection.columns(statement).await
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.columns(statement, parameters).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => {
                _ = parameters;
                connection.columns(statement).await
            }
        }
    }

    /// Opens a query whose rows are [fetched](Self::fetch) piece by piece, forward only, with a bounded number of them in
    /// memory here.
    ///
    /// PostgreSQL and SQLite run other statements meanwhile, and have several such queries open; a cursor of PostgreSQL
    /// goes with its transaction. MySQL sends all rows, so that another statement has to wait for the last of them.
    ///
    /// # Errors
    ///
    /// Fails when the statement is no query, and as [`run`](Self::run).
    pub async fn open_cursor(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Cursor, Error> {
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => Cursor::Sqlite(connection.open_cursor(statement, parameters).await?),
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => Cursor::Postgres(connection.open_cursor(statement, parameters).await?),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => {
                Cursor::MySql(Box::new(connection.open_cursor(statement, parameters).await?))
            }
        })
    }

    /// Pushes up to so many rows of an open query to `on_row` until that breaks, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when the cursor is not open on this connection.
    pub async fn fetch<F>(&mut self, cursor: &mut Cursor, rows: usize, on_row: F) -> Result<bool, Error>
    where
        F: FnMut(Row<'_>) -> ControlFlow<()> + Send,
    {
        match (self, cursor) {
            #[cfg(feature = "sqlite")]
            (Connection::Sqlite(connection), Cursor::Sqlite(cursor)) => connection.fetch(cursor, rows, on_row).await,
            #[cfg(feature = "postgres")]
            (Connection::Postgres(connection), Cursor::Postgres(cursor)) => {
                connection.fetch(cursor, rows, on_row).await
            }
            #[cfg(feature = "mysql")]
            (Connection::MySql(connection), Cursor::MySql(cursor)) => connection.fetch(cursor, rows, on_row).await,
            #[allow(unreachable_patterns, reason = "with one driver there is no other")]
            _ => Err(foreign_cursor()),
        }
    }

    /// Returns whether rows can be fetched from an open query on this connection.
    pub fn is_open(&self, cursor: &Cursor) -> bool {
        match (self, cursor) {
            #[cfg(feature = "sqlite")]
            (Connection::Sqlite(connection), Cursor::Sqlite(cursor)) => connection.is_open(cursor),
            #[cfg(feature = "postgres")]
            (Connection::Postgres(connection), Cursor::Postgres(cursor)) => connection.is_open(cursor),
            // Its rows come from a task, whatever the connection does.
            #[cfg(feature = "mysql")]
            (Connection::MySql(_), Cursor::MySql(_)) => true,
            #[allow(unreachable_patterns, reason = "with one driver there is no other")]
            _ => false,
        }
    }

    /// Ends an open query before its last row. One whose cursor is dropped ends with the next statement.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn close_cursor(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        match (self, cursor) {
            #[cfg(feature = "sqlite")]
            (Connection::Sqlite(connection), Cursor::Sqlite(cursor)) => connection.close_cursor(cursor).await,
            #[cfg(feature = "postgres")]
            (Connection::Postgres(connection), Cursor::Postgres(cursor)) => connection.close_cursor(cursor).await,
            #[cfg(feature = "mysql")]
            (Connection::MySql(connection), Cursor::MySql(cursor)) => connection.close_cursor(cursor).await,
            #[allow(unreachable_patterns, reason = "with one driver there is no other")]
            _ => Err(foreign_cursor()),
        }
    }

    /// Ends all open queries without waiting; returns whether none is left.
    pub fn close_cursors_now(&mut self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => {
                connection.close_cursors();
                true
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => !connection.has_cursors(),
            // It is in flight until the last row has come.
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => true,
        }
    }

    /// Ends all open queries.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn close_cursors(&mut self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => {
                connection.close_cursors();
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.close_cursors().await,
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => Ok(()),
        }
    }

    /// Limits how long a statement may run, where no server can be told to: SQLite alone takes notice.
    pub fn set_time_limit(&mut self, limit: Option<Duration>) {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.set_time_limit(limit),
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => _ = limit,
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => _ = limit,
        }
    }

    /// Returns whether the database has rolled back a transaction by itself, as after a deadlock, and nobody has
    /// [taken notice](Self::forget_lost_transaction) yet.
    ///
    /// PostgreSQL never does; there a failed transaction waits for its end.
    pub fn has_lost_transaction(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.has_lost_transaction(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => false,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.has_lost_transaction(),
        }
    }

    /// Takes notice of a transaction that the database has rolled back.
    pub fn forget_lost_transaction(&mut self) {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.forget_lost_transaction(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {}
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.forget_lost_transaction(),
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

    /// Returns whether transactions are known to begin at READ COMMITTED unless they say otherwise, as PostgreSQL's do by default.
    pub fn reads_committed(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.reads_committed(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.reads_committed(),
            #[allow(unreachable_patterns, reason = "which patterns are left depends on the features")]
            _ => false,
        }
    }

    /// Returns whether a server commits a statement by itself that is sent outside of a transaction.
    ///
    /// SQLite does so too; but there a transaction costs no round trip, so that nothing is gained by asking.
    pub fn commits_alone(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => true,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.commits_alone(),
        }
    }

    /// Returns whether an operation has begun and not ended, since its future was dropped.
    ///
    /// [`drain`](Self::drain) waits for it, unless the connection [should be discarded](Self::needs_discard).
    pub fn is_in_flight(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.is_in_flight(),
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
            Connection::Sqlite(connection) => connection.needs_discard(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.needs_discard(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.needs_discard(),
        }
    }

    /// Returns whether the connection is gone and with it, for certain, the transaction that was open: no statement was on
    /// its way that may have committed.
    pub fn has_surely_rolled_back(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.has_surely_rolled_back(),
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.has_surely_rolled_back(),
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
            Connection::Sqlite(connection) => connection.drain(within).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => connection.drain(within).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => connection.drain(within).await,
        }
    }

    /// Waits for the end of an operation whose future was dropped where that alone tells whether a transaction is open, as
    /// SQLite's on another thread: what it did is not known before. Elsewhere it is taken to be open in doubt, and whatever is
    /// sent next waits.
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use.
    pub async fn settle(&mut self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.settle().await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => Ok(()),
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => Ok(()),
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

    /// Runs words without waiting, where the database is in this process; returns whether they have been run.
    pub fn run_now(&mut self, sql: &str) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => connection.run_now(sql),
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {
                _ = sql;
                false
            }
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => {
                _ = sql;
                false
            }
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

/// A query that is read piece by piece; see [`Connection::open_cursor`]. Dropping it ends the query.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cursor {
    /// A statement of SQLite between two steps.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Cursor),
    /// A cursor of PostgreSQL's server.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Cursor),
    /// An answer of MySQL that is read from the wire as it is wanted.
    #[cfg(feature = "mysql")]
    MySql(Box<mysql::Cursor>),
}

#[cold]
fn foreign_cursor() -> Error {
    Error::new(crate::ErrorKind::InvalidRequest, "the cursor is not open on this connection")
}

/// How long a server may take to accept that a connection is closed.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long what nobody waits for any more may go on before the server is asked to stop it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PATIENCE: Duration = Duration::from_millis(100);

/// Counts the rows of an answer. What has come is read without a wait, so that nobody else would have a turn, nor a timeout fire,
/// before the last row.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[derive(Default)]
struct Turns(u32);

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Turns {
    /// Notes a row, and returns whether [`give`](Self::give) is due.
    #[inline]
    fn is_due(&mut self) -> bool {
        self.0 = self.0.wrapping_add(1);
        self.0.is_multiple_of(64)
    }

    /// Returns whether there have been more rows than are received in a moment.
    #[cfg(feature = "postgres")]
    fn are_many(&self) -> bool {
        self.0 > 4_096
    }

    /// Gives the runtime a turn when this task has had its share.
    async fn give() {
        tokio::task::coop::consume_budget().await;
    }
}

/// Asks a server, by a connection of its own, to stop a statement that nobody waits for any more; what cannot be stopped goes
/// on.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn ask_to_stop(asking: impl Future<Output = Result<(), Error>>) {
    match tokio::time::timeout(CLOSE_TIMEOUT, asking).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the server was not asked to stop an abandoned statement"),
        Err(_) => tracing::debug!("the server did not answer to what was to stop an abandoned statement"),
    }
}

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
