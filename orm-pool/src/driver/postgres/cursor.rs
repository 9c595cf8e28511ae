//! Queries that are read piece by piece, through cursors of the server: `DECLARE`, `FETCH`, `CLOSE`.
//!
//! The server makes rows as they are fetched, so that neither side has all of them in memory. A cursor lasts as long as
//! its transaction; outside of one it is declared `WITH HOLD`, for which the server writes the rest of the rows to its
//! disk at once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::{Connection, Query, error, parameters};
use crate::driver::words::{self, Flavour};
use crate::driver::{self, Statement};
use crate::{Error, ErrorKind, Value};

/// A query of one connection that is read piece by piece. Dropping it ends the query.
#[derive(Debug)]
pub struct Cursor {
    number: u64,
    is_done: bool,
    _alive: Arc<()>,
}

/// The open cursors of a connection.
#[derive(Default)]
pub(super) struct Cursors(Vec<Open>);

struct Open {
    number: u64,
    /// Whether it outlasts the transaction.
    is_held: bool,
    /// Whether the server has it for certain: not while it is declared or closed, which may be given up halfway.
    is_sure: bool,
    alive: Weak<()>,
}

impl Cursors {
    /// Forgets those that have gone with their transaction.
    #[inline]
    pub(super) fn forget_transaction(&mut self) {
        if !self.0.is_empty() {
            self.0.retain(|open| open.is_held);
        }
    }

    pub(super) fn are_open(&self) -> bool {
        !self.0.is_empty()
    }

    fn find(&mut self, number: u64) -> Option<&mut Open> {
        self.0.iter_mut().find(|open| open.number == number)
    }

    fn forget(&mut self, number: u64) {
        self.0.retain(|open| open.number != number);
    }

    /// Returns the number of one whose cursor was dropped.
    fn dropped(&self) -> Option<u64> {
        self.0.iter().find(|open| open.alive.strong_count() == 0).map(|open| open.number)
    }
}

fn name(number: u64) -> String {
    format!("orm_cursor_{number}")
}

/// Says that what fetches the next rows might reach another server.
fn needs_transaction() -> Error {
    let message = "behind a pooler in transaction mode, a query is read piece by piece within a transaction only\n\
                   hint: begin one, or read all rows at once";
    Error::new(ErrorKind::InvalidRequest, message)
}

impl Connection {
    /// Opens a query whose rows are [fetched](Self::fetch) piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when the statement is no SELECT or VALUES, and as [`run`](Self::run).
    pub async fn open_cursor(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Cursor, Error> {
        // No two cursors have the same name, so that what is prepared to fetch from one never fits another.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.ready().await?;
        self.close_abandoned().await?;
        let expected = words::parameter_count(&statement.sql);
        if expected != parameters.len() {
            return Err(Error::new(ErrorKind::Data, driver::parameter_count(expected, parameters.len())));
        }
        let is_held = !self.transaction.is_open();
        if is_held && self.has_pooler {
            return Err(needs_transaction());
        }
        let hold = if is_held { "WITH HOLD" } else { "WITHOUT HOLD" };
        let (number, alive) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(()));
        let sql = format!("DECLARE {} NO SCROLL CURSOR {hold} FOR {}", name(number), statement.sql);
        // Noted before it is there, so that it is closed should this future be dropped.
        self.cursors.0.push(Open { number, is_held, is_sure: false, alive: Arc::downgrade(&alive) });
        let facts = words::facts(&sql, Flavour::Postgres);
        let query = Query { sql: sql.into(), arguments: Some(parameters::arguments(parameters)?), is_kept: false };
        if let Err(error) = self.send(query, &[facts], &mut |_| ControlFlow::Break(())).await {
            self.cursors.forget(number);
            return Err(error::from(error));
        }
        if let Some(open) = self.cursors.find(number) {
            open.is_sure = true;
        }
        Ok(Cursor { number, is_done: false, _alive: alive })
    }

    /// Pushes up to so many rows to `on_row` until that breaks, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when the cursor is not one of this connection or went with its transaction.
    pub async fn fetch<F>(&mut self, cursor: &mut Cursor, rows: usize, mut on_row: F) -> Result<bool, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        if cursor.is_done {
            return Ok(false);
        }
        if !self.is_open(cursor) {
            return Err(Error::new(ErrorKind::InvalidRequest, "the cursor is not open on this connection"));
        }
        self.ready().await?;
        let sql = format!("FETCH FORWARD {rows} FROM {}", name(cursor.number));
        let facts = words::facts(&sql, Flavour::Postgres);
        // Kept, since sqlx may ask the server about a type in between, which makes it forget what has no name. Behind a
        // pooler nothing has a name: it goes as text.
        let arguments = if self.has_pooler { None } else { Some(parameters::arguments(&[])?) };
        let query = Query { sql: sql.into(), arguments, is_kept: true };
        let mut count = 0;
        let mut flow = ControlFlow::Continue(());
        let counted = &mut |row: driver::Row<'_>| {
            count += 1;
            if flow.is_continue() {
                flow = on_row(row);
            }
            ControlFlow::Continue(())
        };
        self.send(query, &[facts], counted).await.map_err(error::from)?;
        if count < rows {
            self.close_cursor(cursor).await?;
        }
        Ok(!cursor.is_done)
    }

    /// Returns whether a cursor can be fetched from.
    pub fn is_open(&self, cursor: &Cursor) -> bool {
        self.cursors.0.iter().any(|open| open.number == cursor.number)
    }

    /// Ends a query before its last row.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn close_cursor(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        cursor.is_done = true;
        if self.is_open(cursor) {
            self.ready().await?;
            self.close_one(cursor.number).await?;
        }
        Ok(())
    }

    async fn close_one(&mut self, number: u64) -> Result<(), Error> {
        if let Some(open) = self.cursors.find(number)
            && (std::mem::take(&mut open.is_sure) || self.has_cursor(number).await?)
        {
            self.send_text(&format!("CLOSE {}", name(number))).await?;
        }
        self.cursors.forget(number);
        Ok(())
    }

    /// Asks the server whether it has a cursor: closing one that it does not have would cost the transaction.
    async fn has_cursor(&mut self, number: u64) -> Result<bool, Error> {
        let found = self.send_text(&format!("SELECT 1 FROM pg_cursors WHERE name = '{}'", name(number))).await?;
        Ok(found.affected > 0)
    }

    /// Ends the queries whose cursors were dropped.
    #[inline]
    pub(super) async fn close_abandoned(&mut self) -> Result<(), Error> {
        if self.cursors.0.is_empty() { Ok(()) } else { Box::pin(self.close_dropped()).await }
    }

    #[cold]
    async fn close_dropped(&mut self) -> Result<(), Error> {
        // In a transaction that has failed nothing can be closed, and they go with it.
        if self.transaction == super::Transaction::Failed {
            return Ok(());
        }
        while let Some(number) = self.cursors.dropped() {
            self.close_one(number).await?;
        }
        Ok(())
    }

    /// Ends all queries that are read piece by piece and outlast their transaction.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn close_cursors(&mut self) -> Result<(), Error> {
        if self.cursors.are_open() {
            self.ready().await?;
            self.send_text("CLOSE ALL").await?;
            self.cursors.0.clear();
        }
        Ok(())
    }

    /// Returns whether a query is open that is read piece by piece.
    pub fn has_cursors(&self) -> bool {
        self.cursors.are_open()
    }
}
