//! SQLite through its own handle: a statement runs inside the call, with no thread in between.
//!
//! In: a [`Statement`] and its values. Out: rows while they lie in SQLite's buffers. sqlx opens and closes the file; its
//! worker thread would cost more than the query, so the handle is taken from it for the life of the connection.
//!
//! | | |
//! |---|---|
//! | `options` | what to open |
//! | `open` | opens it, and says why not |
//! | `statements` | prepared statements, found by number |
//! | `cursor` | queries that are read piece by piece |
//! | `wait` | waits for locks without blocking the thread |
//! | `error` | what result codes mean |
//! | `raw` | the handle; all `unsafe` |
//! | `temporary` | a database for tests and trials |

mod cursor;
mod error;
mod open;
mod options;
#[allow(unsafe_code)]
mod raw;
mod statements;
mod temporary;
mod wait;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

pub use self::cursor::Cursor;
pub use self::options::{Database, Options};
pub use self::raw::Row;
pub use self::temporary::TemporaryDatabase;

use self::cursor::Cursors;
use self::raw::{Failure, Handle, Keep};
use self::statements::{Refused, Statements};
use self::wait::LockWait;
use crate::driver::{self, Done, Statement};
use crate::{DatabaseErrorKind, Error, ErrorKind, Value};

/// An open SQLite database.
///
/// Statements run on the calling thread. Where another connection holds a lock, the future waits, at most for
/// [`Options::busy_timeout`], and the thread goes on with other tasks; a future that is dropped while it waits has done
/// nothing.
///
/// Values go in as SQLite's four types: truth values and integers as `INTEGER`, floats as `REAL`, bytes as `BLOB`,
/// everything else as `TEXT`. A NaN is stored as NULL, since SQLite has none.
pub struct Connection {
    statements: Statements,
    cursors: Cursors,
    handle: Handle,
    busy_timeout: Duration,
    time_limit: Option<Duration>,
    /// Whether SQLite has rolled back by itself, and nobody has taken notice.
    has_lost_transaction: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_in_transaction = self.is_in_transaction();
        f.debug_struct("Connection").field("is_in_transaction", &is_in_transaction).finish_non_exhaustive()
    }
}

/// Why a statement stopped.
enum Stop {
    /// Another connection holds a lock, and nothing has happened yet.
    Locked(Failure),
    /// It failed.
    Failed(Error),
}

impl From<Failure> for Stop {
    #[cold]
    fn from(failure: Failure) -> Self {
        if error::is_lock(&failure) { Stop::Locked(failure) } else { Stop::Failed(error::from(failure)) }
    }
}

impl From<Refused> for Stop {
    #[cold]
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::ByDatabase(failure) => failure.into(),
            Refused::Text(what) => Stop::Failed(error::not_one_statement(what)),
        }
    }
}

impl Connection {
    /// Opens a database and reads it once.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Connect`], naming the path and the reason, when the file cannot be opened or is not a
    /// database; with [`ErrorKind::Configuration`] when the options make no sense.
    pub async fn open(options: &Options) -> Result<Self, Error> {
        open::open(options).await
    }

    fn new(handle: Handle, options: &Options) -> Self {
        Connection {
            statements: Statements::new(options.statement_cache),
            cursors: Cursors::default(),
            handle,
            busy_timeout: options.busy_timeout,
            time_limit: None,
            has_lost_transaction: false,
        }
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// A statement that writes is carried out to its end even if `on_row` breaks.
    ///
    /// # Errors
    ///
    /// Fails when SQLite refuses the statement, when the number of values is not that of the parameters, when the text
    /// does not hold exactly one statement, and when a lock is not had in time.
    #[inline]
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], mut on_row: F) -> Result<Done, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let mut wait = LockWait::new(self.busy_timeout);
        let was_in_transaction = self.is_in_transaction();
        self.handle.set_deadline(self.time_limit);
        loop {
            match self.try_run(statement, parameters, &mut on_row) {
                Ok(done) => return Ok(done),
                Err(Stop::Failed(error)) => return Err(self.failed(error, was_in_transaction)),
                Err(Stop::Locked(failure)) => wait.pause(failure).await?,
            }
        }
    }

    /// Notes what an error has done besides.
    #[cold]
    fn failed(&mut self, error: Error, was_in_transaction: bool) -> Error {
        self.has_lost_transaction |= was_in_transaction && !self.is_in_transaction();
        match (error.database_kind(), self.time_limit) {
            (Some(DatabaseErrorKind::Cancelled), Some(limit)) => {
                let message = format!("the statement was interrupted, since it took longer than {limit:?}");
                Error::new(error.kind().clone(), message)
            }
            _ => error,
        }
    }

    /// Runs a statement as far as locks allow.
    #[inline]
    fn try_run<F>(&mut self, statement: &Statement, parameters: &[Value], on_row: &mut F) -> Result<Done, Stop>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        self.cursors.close_abandoned(&mut self.handle);
        let slot = self.statements.find(&mut self.handle, statement)?;
        let mut running = self.handle.start(slot, parameters)?;
        let Some(first) = running.step()? else { return Ok(running.done()) };
        let mut flow = on_row(driver::Row::Sqlite(first));
        // What a statement writes is committed, or refused, after its last row.
        while flow.is_continue() || !running.is_read_only() {
            // A row has been handed out, so that running the statement again would hand it out twice.
            let Some(row) = running.step().map_err(|failure| Stop::Failed(error::from(failure)))? else { break };
            if flow.is_continue() {
                flow = on_row(driver::Row::Sqlite(row));
            }
        }
        Ok(running.done())
    }

    /// Runs each statement of the text, without parameters and without rows.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); statements before the one that failed have taken effect.
    pub async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        if sql.contains('\0') {
            return Err(error::not_one_statement("the text contains a NUL character"));
        }
        let mut rest = sql;
        let mut wait = LockWait::new(self.busy_timeout);
        while !rest.is_empty() {
            match self.try_first(rest) {
                Ok(0) => break,
                Ok(used) => {
                    rest = &rest[used..];
                    wait = LockWait::new(self.busy_timeout);
                }
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Locked(failure)) => wait.pause(failure).await?,
            }
        }
        Ok(())
    }

    /// Runs the first statement of the text and returns how many bytes it took.
    fn try_first(&mut self, sql: &str) -> Result<usize, Stop> {
        self.cursors.close_abandoned(&mut self.handle);
        let (slot, used) = self.handle.prepare(sql, Keep::No)?;
        if let Some(slot) = slot {
            let mut running = self.handle.start(slot, &[])?;
            while running.step()?.is_some() {}
        }
        Ok(used)
    }

    /// Returns whether a transaction is open.
    #[inline]
    pub fn is_in_transaction(&self) -> bool {
        self.handle.is_in_transaction()
    }

    /// Asks for a sign of life, which a database in this process always gives.
    ///
    /// # Errors
    ///
    /// Fails when SQLite cannot run a statement.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.batch("SELECT 1").await
    }

    /// Returns the names of the columns of what this statement gives; none for one that gives no rows, or that cannot be
    /// prepared a second time, as a definition.
    pub fn columns(&mut self, statement: &Statement) -> Vec<String> {
        match self.statements.find(&mut self.handle, statement) {
            Ok(slot) => self.handle.names(slot),
            Err(_) => Vec::new(),
        }
    }

    /// Limits how long a statement may run, the wait for a lock not counted. It is interrupted then.
    pub fn set_time_limit(&mut self, limit: Option<Duration>) {
        self.time_limit = limit;
    }

    /// Returns whether SQLite has rolled back a transaction by itself, as it does when a statement that writes is
    /// interrupted, and nobody has [taken notice](Self::forget_lost_transaction) yet.
    pub fn has_lost_transaction(&self) -> bool {
        self.has_lost_transaction
    }

    /// Takes notice of a transaction that SQLite has rolled back.
    pub fn forget_lost_transaction(&mut self) {
        self.has_lost_transaction = false;
    }

    /// Runs words that wait for no lock; returns whether they have been run.
    pub fn run_now(&mut self, sql: &str) -> bool {
        matches!(self.try_first(sql), Ok(used) if used == sql.len())
    }

    /// Rolls back the open transaction, if there is one; returns whether none is left.
    pub fn rollback_now(&mut self) -> bool {
        if self.is_in_transaction() {
            // Rolling back takes no lock. Where it fails, the transaction is gone or `is_in_transaction` says so.
            let _ = self.try_first("ROLLBACK");
        }
        !self.is_in_transaction()
    }

    /// Finalizes all statements and closes the database; an open transaction is rolled back.
    ///
    /// # Errors
    ///
    /// Fails when closing went wrong; the connection is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        let Connection { handle, .. } = self;
        handle.close().await.map_err(|error| {
            let kind = ErrorKind::Database {
                kind: DatabaseErrorKind::Other,
                code: String::new(),
                constraint: None,
                table: None,
                columns: Vec::new(),
            };
            Error::with_source(kind, format!("the connection did not close cleanly: {error}"), error)
        })
    }
}

// A session holds a connection and is itself `Send` and `Sync`.
const _: fn() = || {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<driver::Connection>();
};
