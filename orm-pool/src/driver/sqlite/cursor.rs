//! Queries that are read piece by piece: SQLite makes each row when it is asked for it, so that none waits in memory.
//!
//! A statement between two steps holds a read lock and a snapshot. So the connection knows all of them, and ends those
//! whose [`Cursor`] was dropped before it does anything else.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::raw::{Handle, Slot};
use super::statements::prepare_one;
use super::wait::LockWait;
use super::{Connection, Stop, error};
use crate::driver::{self, Statement};
use crate::{Error, ErrorKind, Value};

/// A query of one connection that is read piece by piece. Dropping it ends the query.
#[derive(Debug)]
pub struct Cursor {
    number: u64,
    has_begun: bool,
    is_done: bool,
    _alive: Arc<()>,
}

/// The open cursors of a connection.
#[derive(Default)]
pub(super) struct Cursors(Vec<Open>);

struct Open {
    number: u64,
    slot: Slot,
    alive: Weak<()>,
}

impl Cursors {
    /// Ends the queries whose cursors were dropped.
    #[inline]
    pub(super) fn close_abandoned(&mut self, handle: &mut Handle) {
        if !self.0.is_empty() {
            self.close(handle, |open| open.alive.strong_count() == 0);
        }
    }

    #[cold]
    fn close(&mut self, handle: &mut Handle, is_over: impl Fn(&Open) -> bool) {
        self.0.retain(|open| {
            let is_over = is_over(open);
            if is_over {
                handle.finalize(open.slot);
            }
            !is_over
        });
    }

    fn find(&self, cursor: &Cursor) -> Option<Slot> {
        self.0.iter().find(|open| open.number == cursor.number).map(|open| open.slot)
    }
}

impl Connection {
    /// Opens a query whose rows are [fetched](Self::fetch) piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when the statement is none that only reads, and as [`run`](Self::run).
    pub fn open_cursor(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Cursor, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.cursors.close_abandoned(&mut self.handle);
        let failed = |stop| match stop {
            Stop::Failed(error) => error,
            Stop::Locked(failure) => error::from(failure),
        };
        // It has a prepared form of its own, since the same statement may be run meanwhile.
        let slot = prepare_one(&mut self.handle, &statement.sql, super::Keep::Yes).map_err(|it| failed(it.into()))?;
        let opened = if self.handle.is_read_only(slot) {
            self.handle.open(slot, parameters).map_err(|failure| failed(failure.into()))
        } else {
            Err(Error::new(ErrorKind::InvalidRequest, "only a query can be read piece by piece"))
        };
        if let Err(error) = opened {
            self.handle.finalize(slot);
            return Err(error);
        }
        let (number, alive) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(()));
        self.cursors.0.push(Open { number, slot, alive: Arc::downgrade(&alive) });
        Ok(Cursor { number, has_begun: false, is_done: false, _alive: alive })
    }

    /// Pushes up to so many rows to `on_row` until that breaks, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when the cursor is not one of this connection.
    pub async fn fetch<F>(&mut self, cursor: &mut Cursor, rows: usize, mut on_row: F) -> Result<bool, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let mut wait = LockWait::new(self.busy_timeout);
        let was_in_transaction = self.is_in_transaction();
        self.handle.set_deadline(self.time_limit);
        while !cursor.is_done {
            match self.try_fetch(cursor, rows, &mut on_row) {
                Ok(is_done) => {
                    cursor.is_done = is_done;
                    break;
                }
                Err(Stop::Locked(failure)) if !cursor.has_begun => wait.pause(failure).await?,
                Err(stop) => {
                    self.close_cursor(cursor);
                    let error = match stop {
                        Stop::Failed(error) => error,
                        Stop::Locked(failure) => error::from(failure),
                    };
                    return Err(self.failed(error, was_in_transaction));
                }
            }
        }
        if cursor.is_done {
            self.close_cursor(cursor);
        }
        Ok(!cursor.is_done)
    }

    /// Fetches as far as locks allow; returns whether that was all.
    fn try_fetch<F>(&mut self, cursor: &mut Cursor, rows: usize, on_row: &mut F) -> Result<bool, Stop>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let Some(slot) = self.cursors.find(cursor) else {
            let message = "the cursor is not open on this connection";
            return Err(Stop::Failed(Error::new(ErrorKind::InvalidRequest, message)));
        };
        let mut stepping = self.handle.go_on(slot);
        for _ in 0..rows {
            let Some(row) = stepping.step()? else { return Ok(true) };
            cursor.has_begun = true;
            if on_row(driver::Row::Sqlite(row)).is_break() {
                break;
            }
        }
        Ok(false)
    }

    /// Ends a query before its last row.
    pub fn close_cursor(&mut self, cursor: &mut Cursor) {
        cursor.is_done = true;
        let number = cursor.number;
        self.cursors.close(&mut self.handle, |open| open.number == number);
    }

    /// Ends all queries that are read piece by piece.
    pub fn close_cursors(&mut self) {
        if !self.cursors.0.is_empty() {
            self.cursors.close(&mut self.handle, |_| true);
        }
    }
}
