//! Queries that are read piece by piece: SQLite makes each row when it is asked for it, so that none waits in memory.
//!
//! A statement between two steps holds a read lock and a snapshot. So the connection knows all of them, and ends those
//! whose [`Cursor`] was dropped before it does anything else.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::away::Copies;
use super::raw::{Handle, Keep, Slot};
use super::statements::prepare_one;
use super::wait::LockWait;
use super::{Connection, Core, Stop, Threading, error};
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

    fn find(&self, number: u64) -> Option<Slot> {
        self.0.iter().find(|open| open.number == number).map(|open| open.slot)
    }
}

impl Connection {
    /// Opens a query whose rows are [fetched](Self::fetch) piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when the statement is none that only reads, and as [`run`](Self::run).
    pub async fn open_cursor(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Cursor, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let core = self.core().await?;
        core.cursors.close_abandoned(&mut core.handle);
        let slot = core.open(statement, parameters).map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Locked(failure) => error::from(*failure),
        })?;
        let (number, alive) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(()));
        core.cursors.0.push(Open { number, slot, alive: Arc::downgrade(&alive) });
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
        let limit = self.time_limit;
        let was_in_transaction = self.core().await?.handle.is_in_transaction();
        while !cursor.is_done {
            let number = cursor.number;
            let tried = if self.threading == Threading::Blocking {
                let fetched = self.elsewhere(move |core| {
                    let mut copies = Copies::default();
                    let is_done = core.try_fetch(number, rows, &mut |row| {
                        copies.push(&row);
                        ControlFlow::Continue(())
                    });
                    (copies, is_done)
                });
                let (copies, tried) = fetched.await?;
                copies.replay(&mut |row| {
                    cursor.has_begun = true;
                    on_row(row)
                });
                tried
            } else {
                let core = self.core().await?;
                core.handle.set_deadline(limit);
                core.try_fetch(number, rows, &mut |row| {
                    cursor.has_begun = true;
                    on_row(row)
                })
            };
            match tried {
                Ok(is_done) => {
                    cursor.is_done = is_done;
                    break;
                }
                Err(Stop::Locked(failure)) if !cursor.has_begun => wait.pause(failure).await?,
                Err(stop) => {
                    self.close_cursor(cursor).await?;
                    let error = match stop {
                        Stop::Failed(error) => error,
                        Stop::Locked(failure) => error::from(*failure),
                    };
                    return Err(self.failed(error, was_in_transaction));
                }
            }
        }
        if cursor.is_done {
            self.close_cursor(cursor).await?;
        }
        Ok(!cursor.is_done)
    }

    /// Returns whether a cursor can be fetched from.
    pub fn is_open(&self, cursor: &Cursor) -> bool {
        self.core.as_ref().is_some_and(|core| core.cursors.find(cursor.number).is_some())
    }

    /// Ends a query before its last row.
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use.
    pub async fn close_cursor(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        cursor.is_done = true;
        let number = cursor.number;
        let Core { cursors, handle, .. } = self.core().await?;
        cursors.close(handle, |open| open.number == number);
        Ok(())
    }

    /// Ends all queries that are read piece by piece.
    pub fn close_cursors(&mut self) {
        if let Some(core) = &mut self.core
            && !core.cursors.0.is_empty()
        {
            core.cursors.close(&mut core.handle, |_| true);
        }
    }
}

impl Core {
    /// Prepares a statement for itself alone, since the same text may be run meanwhile, and binds copies of its values.
    fn open(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Slot, Stop> {
        let slot = prepare_one(&mut self.handle, &statement.sql, Keep::Yes)?;
        let opened = if self.handle.is_read_only(slot) {
            self.handle.open(slot, parameters).map_err(Stop::from)
        } else {
            let message = "only a query can be read piece by piece";
            Err(Stop::Failed(Error::new(ErrorKind::InvalidRequest, message)))
        };
        opened.inspect_err(|_| self.handle.finalize(slot)).map(|()| slot)
    }

    /// Fetches as far as locks allow; returns whether that was all.
    fn try_fetch<F>(&mut self, number: u64, rows: usize, on_row: &mut F) -> Result<bool, Stop>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()>,
    {
        let Some(slot) = self.cursors.find(number) else {
            let message = "the cursor is not open on this connection";
            return Err(Stop::Failed(Error::new(ErrorKind::InvalidRequest, message)));
        };
        let mut stepping = self.handle.go_on(slot);
        for _ in 0..rows {
            let Some(row) = stepping.step()? else { return Ok(true) };
            if on_row(driver::Row::Sqlite(row)).is_break() {
                break;
            }
        }
        Ok(false)
    }
}
