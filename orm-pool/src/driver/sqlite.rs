//! SQLite through its own handle: a statement runs inside the call, or on a thread for such work.
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
//! | `turn` | lets other tasks run between the rows of a long result |
//! | `away` | runs statements on a thread for blocking work |
//! | `functions` | what SQL can call beside SQLite's own |
//! | `error` | what result codes mean |
//! | `raw` | the handle; all `unsafe` |
//! | `temporary` | a database for tests and trials |
//!
//! **Where a statement runs.** By default on the thread that asks, since a hop to another and back takes five to ten
//! microseconds and a query by key half of one. Between the rows of a query other tasks get their turn once it has taken a
//! millisecond. What cannot be interrupted is the making of a single row, as of an aggregate over millions or after a
//! sort, and a statement that writes: SQLite knows no way to go on later. Who has such statements beside tasks that must
//! not wait opens the database with [`Threading::Blocking`], and pays the hop for each statement.

mod away;
mod cursor;
mod decimal;
mod error;
mod functions;
mod open;
mod options;
#[allow(unsafe_code)]
mod raw;
mod statements;
mod temporary;
mod turn;
mod wait;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

pub use self::away::CopiedRow;
pub use self::cursor::Cursor;
pub use self::options::{Database, Options, Threading};
pub use self::raw::Row;
pub use self::temporary::TemporaryDatabase;

use self::away::Away;
use self::cursor::Cursors;
use self::raw::{Failure, Handle, Running};
use self::statements::{Refused, Statements};
use self::turn::Turn;
use self::wait::LockWait;
use crate::driver::{self, Done, OnRow, Statement};
use crate::{DatabaseErrorKind, Error, ErrorKind, Value};

/// An open SQLite database.
///
/// Where another connection holds a lock, the future waits, at most for [`Options::busy_timeout`], and the thread goes on
/// with other tasks; a future that is dropped while it waits has done nothing. One that is dropped between the rows of a
/// query has ended it.
///
/// Values go in as SQLite's four types: truth values and integers as `INTEGER`, floats as `REAL`, bytes as `BLOB`,
/// everything else as `TEXT`. A NaN is stored as NULL, since SQLite has none.
pub struct Connection {
    /// `None` while another thread has it.
    core: Option<Box<Core>>,
    away: Option<Away>,
    threading: Threading,
    busy_timeout: Duration,
    time_limit: Option<Duration>,
    /// Whether a transaction was open when the core was last here.
    was_in_transaction: bool,
    /// Whether SQLite has rolled back by itself, and nobody has taken notice.
    has_lost_transaction: bool,
    /// Whether the connection is of no more use.
    is_broken: bool,
}

/// What runs statements, on whatever thread.
struct Core {
    // Finalized before the handle goes, by the handle itself.
    statements: Statements,
    cursors: Cursors,
    handle: Handle,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_in_transaction = self.is_in_transaction();
        f.debug_struct("Connection").field("is_in_transaction", &is_in_transaction).finish_non_exhaustive()
    }
}

/// A query between two of its rows, after which other tasks have their turn.
struct Paused<'h> {
    running: Running<'h>,
    turn: Turn,
}

/// Why a statement stopped.
enum Stop {
    /// Another connection holds a lock, and nothing has happened yet.
    Locked(Box<Failure>),
    /// It failed.
    Failed(Error),
}

impl From<Box<Failure>> for Stop {
    #[cold]
    fn from(failure: Box<Failure>) -> Self {
        if error::is_lock(&failure) { Stop::Locked(failure) } else { Stop::Failed(error::from(*failure)) }
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
        let (statements, cursors) = (Statements::new(options.statement_cache), Cursors::default());
        Connection {
            core: Some(Box::new(Core { statements, cursors, handle })),
            away: None,
            threading: options.threading,
            busy_timeout: options.busy_timeout,
            time_limit: None,
            was_in_transaction: false,
            has_lost_transaction: false,
            is_broken: false,
        }
    }

    /// Returns the core, when nothing is left of an operation whose future was dropped.
    #[inline]
    async fn core(&mut self) -> Result<&mut Core, Error> {
        if self.core.is_none() {
            self.come_back().await?;
        }
        self.core.as_deref_mut().ok_or_else(away::lost)
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// A statement that writes is carried out to its end even if `on_row` breaks.
    ///
    /// # Errors
    ///
    /// Fails when SQLite refuses the statement, when the number of values is not that of the parameters, when the text
    /// does not hold exactly one statement, and when a lock is not had in time.
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], mut on_row: F) -> Result<Done, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let mut done = Done::default();
        self.run_with(statement, parameters, &mut on_row, &mut done).await?;
        Ok(done)
    }

    /// Does the same as [`run`](Self::run), within one poll where nothing has to be waited for. What waits is boxed.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub(super) async fn run_with(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
        on_row: &mut OnRow<'_>,
        done: &mut Done,
    ) -> Result<(), Error> {
        if self.threading != Threading::Blocking
            && let Some(core) = &mut self.core
        {
            core.handle.set_deadline(self.time_limit);
            let was_in_transaction = core.handle.is_in_transaction();
            let tried = match core.begin(statement, parameters, on_row, done) {
                Ok(None) => return Ok(()),
                Ok(Some(paused)) => Box::pin(paused.go_on(on_row, done)).await,
                Err(stop) => Err(stop),
            };
            match tried {
                Ok(()) => return Ok(()),
                Err(Stop::Failed(error)) => return Err(self.failed(error, was_in_transaction)),
                // It is tried again, with a watch on how long.
                Err(Stop::Locked(_)) => {}
            }
        }
        Box::pin(self.run_patiently(statement, parameters, on_row, done)).await
    }

    /// Runs a statement, and waits for its locks or for another thread.
    async fn run_patiently(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
        on_row: &mut OnRow<'_>,
        done: &mut Done,
    ) -> Result<(), Error> {
        let mut wait = LockWait::new(self.busy_timeout);
        let limit = self.time_limit;
        let was_in_transaction = self.core().await?.handle.is_in_transaction();
        loop {
            let tried = if self.threading == Threading::Blocking {
                self.try_run_away(statement, parameters, on_row).await?.map(|did| *done = did)
            } else {
                let core = self.core().await?;
                core.handle.set_deadline(limit);
                match core.begin(statement, parameters, on_row, done) {
                    Ok(None) => Ok(()),
                    Ok(Some(paused)) => paused.go_on(on_row, done).await,
                    Err(stop) => Err(stop),
                }
            };
            match tried {
                Ok(()) => return Ok(()),
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
            let tried = if self.threading == Threading::Blocking {
                self.try_first_away(rest).await?
            } else {
                self.core().await?.try_first(rest)
            };
            match tried {
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

    /// Returns whether a transaction is open.
    #[inline]
    pub fn is_in_transaction(&self) -> bool {
        self.core.as_ref().map_or(self.was_in_transaction, |core| core.handle.is_in_transaction())
    }

    /// Returns whether a statement runs on another thread, since its future was dropped.
    pub fn is_in_flight(&self) -> bool {
        self.away.is_some()
    }

    /// Returns whether the connection is of no more use.
    pub fn needs_discard(&self) -> bool {
        self.is_broken
    }

    /// Interrupts a statement whose future was dropped, and waits for its end.
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use.
    pub async fn settle(&mut self) -> Result<(), Error> {
        self.core().await.map(|_| ())
    }

    /// Does the same, within a time.
    ///
    /// # Errors
    ///
    /// Fails when it does not end in time; then the connection is of no more use.
    pub async fn drain(&mut self, within: Duration) -> Result<(), Error> {
        let result = match tokio::time::timeout(within, self.come_back()).await {
            Ok(result) => result,
            Err(_) => Err(away::lost()),
        };
        self.is_broken |= result.is_err();
        result
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
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use.
    pub async fn columns(&mut self, statement: &Statement) -> Result<Vec<String>, Error> {
        let Core { statements, handle, .. } = self.core().await?;
        Ok(match statements.find(handle, statement) {
            Ok(slot) => handle.names(slot),
            Err(_) => Vec::new(),
        })
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

    /// Runs words that wait for no lock, on this thread; returns whether they have been run.
    pub fn run_now(&mut self, sql: &str) -> bool {
        let Some(core) = &mut self.core else { return false };
        matches!(core.try_first(sql), Ok(used) if used == sql.len())
    }

    /// Rolls back the open transaction, if there is one; returns whether none is left.
    pub fn rollback_now(&mut self) -> bool {
        let Some(core) = &mut self.core else { return false };
        if core.handle.is_in_transaction() {
            // Rolling back takes no lock. Where it fails, the transaction is gone or `is_in_transaction` says so.
            let _ = core.try_first("ROLLBACK");
        }
        !core.handle.is_in_transaction()
    }

    /// Finalizes all statements and closes the database; an open transaction is rolled back.
    ///
    /// # Errors
    ///
    /// Fails when closing went wrong; the connection is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        // What runs elsewhere is interrupted, and closes when it has ended.
        let Some(core) = self.core else { return Ok(()) };
        let Core { handle, .. } = *core;
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

impl Core {
    /// Runs a statement as far as locks allow, and until other tasks should have their turn.
    fn begin<'h>(
        &'h mut self,
        statement: &Statement,
        parameters: &'h [Value],
        on_row: &mut OnRow<'_>,
        done: &mut Done,
    ) -> Result<Option<Paused<'h>>, Stop> {
        self.cursors.close_abandoned(&mut self.handle);
        let slot = self.statements.find(&mut self.handle, statement)?;
        let mut running = self.handle.start(slot, parameters)?;
        let Some(first) = running.step()? else {
            running.done(done);
            return Ok(None);
        };
        let flow = on_row(driver::Row::Sqlite(first));
        let mut turn = Turn::new();
        let is_paused = hand_out(&mut running, &mut turn, flow, on_row, done)?;
        Ok(if is_paused { Some(Paused { running, turn }) } else { None })
    }

    /// Runs the first statement of the text and returns how many bytes it took.
    fn try_first(&mut self, sql: &str) -> Result<usize, Stop> {
        self.cursors.close_abandoned(&mut self.handle);
        let (slot, used) = self.statements.first(&mut self.handle, sql)?;
        if let Some(slot) = slot {
            let mut running = self.handle.start(slot, &[])?;
            while running.step()?.is_some() {}
        }
        Ok(used)
    }
}

/// Hands out rows to the last one, or until other tasks should have their turn; returns whether that is so.
fn hand_out(
    running: &mut Running<'_>,
    turn: &mut Turn,
    mut flow: ControlFlow<()>,
    on_row: &mut OnRow<'_>,
    done: &mut Done,
) -> Result<bool, Stop> {
    let is_read_only = running.is_read_only();
    // What a statement writes is committed, or refused, after its last row.
    while flow.is_continue() || !is_read_only {
        // A statement that writes is never left halfway.
        if is_read_only && turn.is_over_after_row() {
            return Ok(true);
        }
        // A row has been handed out, so that running the statement again would hand it out twice.
        let Some(row) = running.step().map_err(|failure| Stop::Failed(error::from(*failure)))? else { break };
        if flow.is_continue() {
            flow = on_row(driver::Row::Sqlite(row));
        }
    }
    running.done(done);
    Ok(false)
}

impl Paused<'_> {
    /// Lets other tasks run, and hands out the rest of the rows by turns.
    async fn go_on(mut self, on_row: &mut OnRow<'_>, done: &mut Done) -> Result<(), Stop> {
        loop {
            self.turn.give_away().await;
            if !hand_out(&mut self.running, &mut self.turn, ControlFlow::Continue(()), on_row, done)? {
                return Ok(());
            }
        }
    }
}

// A session holds a connection and is itself `Send` and `Sync`.
const _: fn() = || {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<driver::Connection>();
};
