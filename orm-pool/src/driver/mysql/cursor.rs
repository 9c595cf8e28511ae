//! Queries that are read piece by piece: a task reads rows from the wire as long as few of them wait to be fetched.
//!
//! sqlx speaks no cursors of this protocol, and a half-read answer is in the way of every other statement. So a task gets
//! the connection until the answer is at its end; the server waits while the task does. What comes next on the
//! connection waits for the task: if somebody still wants the rows, they are all read into memory first, with a warning;
//! if nobody does, they are thrown away, and the server is asked to break off what takes long. A future of this file may be
//! dropped at any time without harm to the connection.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Connection as _, Either, Executor as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::row::Columns;
use super::{Connection, Query, Row, error};
use crate::driver::words::Flavour;
use crate::driver::{self, PATIENCE, Statement, Turns, broken, next, words};
use crate::{Error, ErrorKind, Value};

/// How many rows wait at most, unless the connection is needed for something else.
const MOST_WAITING: usize = 1_000;

/// A query of one connection that is read piece by piece. Dropping it ends the query.
pub struct Cursor {
    mailbox: Arc<Mailbox>,
    columns: Columns,
    is_text: bool,
    has_begun: bool,
    is_done: bool,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}

/// What lies between the task that reads and the user who fetches.
#[derive(Default)]
struct Mailbox {
    inside: Mutex<Inside>,
    has_come: Notify,
    has_gone: Notify,
}

#[derive(Default)]
struct Inside {
    rows: VecDeque<MySqlRow>,
    /// The answer is at its end, or has failed.
    end: Option<Result<(), sqlx::Error>>,
    is_unlimited: bool,
    /// Nobody fetches any more.
    is_abandoned: bool,
}

impl Mailbox {
    /// Puts a row in, when there is room.
    async fn put(&self, row: MySqlRow) {
        loop {
            let has_gone = self.has_gone.notified();
            {
                let mut inside = self.inside.lock();
                if inside.is_abandoned {
                    return;
                }
                if inside.is_unlimited || inside.rows.len() < MOST_WAITING {
                    inside.rows.push_back(row);
                    self.has_come.notify_one();
                    return;
                }
            }
            has_gone.await;
        }
    }

    /// Takes the next row, when there is one; `None` at the end.
    async fn take(&self) -> Result<Option<MySqlRow>, sqlx::Error> {
        loop {
            let has_come = self.has_come.notified();
            {
                let mut inside = self.inside.lock();
                if let Some(row) = inside.rows.pop_front() {
                    // Half empty, so that the two do not wake each other for every row.
                    if inside.rows.len() == MOST_WAITING / 2 {
                        self.has_gone.notify_one();
                    }
                    return Ok(Some(row));
                }
                if let Some(end) = &mut inside.end {
                    return std::mem::replace(end, Ok(())).map(|()| None);
                }
            }
            has_come.await;
        }
    }

    /// Says that no more rows come, unless that is known.
    fn end(&self, result: Result<(), sqlx::Error>) {
        self.inside.lock().end.get_or_insert(result);
        self.has_come.notify_one();
    }

    fn is_abandoned(&self) -> bool {
        self.inside.lock().is_abandoned
    }

    fn abandon(&self) {
        let mut inside = self.inside.lock();
        inside.is_abandoned = true;
        inside.rows.clear();
        self.has_gone.notify_one();
    }

    /// Lets all rows in; returns whether somebody will fetch them.
    fn open_wide(&self) -> bool {
        let mut inside = self.inside.lock();
        inside.is_unlimited = true;
        self.has_gone.notify_one();
        !inside.is_abandoned && inside.end.is_none()
    }
}

/// An answer that a task reads.
pub(super) struct Reading {
    mailbox: Arc<Mailbox>,
    task: JoinHandle<Returned>,
}

/// What the task gives back.
struct Returned {
    inner: MySqlConnection,
    ends_connection: bool,
    ends_transaction: bool,
}

impl Reading {
    /// Returns whether the answer is not at its end.
    pub(super) fn goes_on(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // A connection that is dropped in the middle of an answer is of no use to anybody.
        self.task.abort();
        self.mailbox.end(Err(sqlx::Error::Protocol("the connection was closed while its rows were read".into())));
    }
}

async fn read(mut inner: MySqlConnection, query: Query, mailbox: Arc<Mailbox>) -> Returned {
    let mut result = Ok(());
    {
        let mut answer = inner.fetch_many(query);
        let mut turns = Turns::default();
        while let Some(item) = next(&mut answer).await {
            if turns.is_due() {
                Turns::give().await;
            }
            match item {
                Ok(Either::Right(row)) => mailbox.put(row).await,
                Ok(Either::Left(_)) => {}
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
    }
    let ends_connection = result.as_ref().is_err_and(error::ends_connection);
    let ends_transaction = result.as_ref().is_err_and(error::ends_transaction);
    mailbox.end(result);
    Returned { inner, ends_connection, ends_transaction }
}

impl Connection {
    /// Opens a query whose rows are [fetched](Self::fetch) piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when the statement is none that gives rows, and as [`run`](Self::run).
    pub async fn open_cursor(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Cursor, Error> {
        self.ready().await?;
        if !words::gives_rows(&statement.sql, Flavour::MySql) {
            return Err(Error::new(ErrorKind::InvalidRequest, "only a query can be read piece by piece"));
        }
        let (query, _) = self.query(statement, parameters).await?;
        let is_text = query.arguments.is_none();
        let mailbox = Arc::new(Mailbox::default());
        let inner = self.inner.take().ok_or_else(broken)?;
        let task = tokio::spawn(read(inner, query, Arc::clone(&mailbox)));
        self.reading = Some(Reading { mailbox: Arc::clone(&mailbox), task });
        Ok(Cursor { mailbox, columns: Columns::default(), is_text, has_begun: false, is_done: false })
    }

    /// Pushes up to so many rows to `on_row` until that breaks, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn fetch<F>(&mut self, cursor: &mut Cursor, rows: usize, mut on_row: F) -> Result<bool, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let Cursor { mailbox, columns, is_text, has_begun, is_done } = cursor;
        for _ in 0..rows {
            if *is_done {
                break;
            }
            let row = match mailbox.take().await {
                Ok(Some(row)) => row,
                ended => {
                    *is_done = true;
                    if self.reading.as_ref().is_some_and(|reading| Arc::ptr_eq(&reading.mailbox, mailbox)) {
                        self.bring_home().await?;
                    }
                    return ended.map(|_| false).map_err(error::from);
                }
            };
            if !*has_begun {
                columns.learn(&row, *is_text);
                *has_begun = true;
            }
            columns.next_row();
            if on_row(driver::Row::MySql(Row::new(&row, columns))).is_break() {
                break;
            }
        }
        Ok(!*is_done)
    }

    /// Ends a query before its last row; what is left of it is received and thrown away.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn close_cursor(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        cursor.is_done = true;
        cursor.mailbox.abandon();
        if self.reading.as_ref().is_some_and(|reading| Arc::ptr_eq(&reading.mailbox, &cursor.mailbox)) {
            self.bring_home().await?;
        }
        Ok(())
    }

    /// Waits until the task has read the answer to its end, and takes the connection back from it. An answer that nobody wants and
    /// that takes long, the server is asked to break off.
    #[cold]
    pub(super) async fn bring_home(&mut self) -> Result<(), Error> {
        let Some(reading) = &mut self.reading else { return self.settle_stopping().await };
        if reading.mailbox.open_wide() {
            tracing::warn!(
                "a connection is used while rows of an earlier query are still being read from it: the rest of them is \
                 kept in memory"
            );
        }
        let mut returned = None;
        if self.stopping.is_none() && reading.mailbox.is_abandoned() {
            returned = tokio::time::timeout(PATIENCE, &mut reading.task).await.ok();
            self.stopping = returned.is_none().then(|| tokio::spawn(self.thread.clone().stop()));
        }
        let returned = match returned {
            Some(returned) => returned,
            None => (&mut reading.task).await,
        };
        self.reading = None;
        let Ok(returned) = returned else {
            (self.is_broken, self.may_have_committed) = (true, true);
            return Err(broken());
        };
        self.inner = Some(returned.inner);
        self.is_broken |= returned.ends_connection;
        self.may_have_committed |= returned.ends_connection;
        if returned.ends_transaction && self.transaction.is_open() {
            self.has_lost_transaction = true;
            self.transaction = super::Transaction::None;
        }
        self.settle_stopping().await
    }

    /// Waits for what asks the server to break a query off, and for a sign of life after it: should that have come too late for
    /// the query, it is not to be about the next one.
    async fn settle_stopping(&mut self) -> Result<(), Error> {
        let Some(stopping) = &mut self.stopping else { return Ok(()) };
        // It has been told to give up after a while by itself.
        _ = stopping.await;
        self.stopping = None;
        if self.needs_discard() {
            return Ok(());
        }
        self.is_in_flight = true;
        let result = match self.inner().map_err(error::from)?.ping().await {
            Err(error) if !error::ends_connection(&error) => Ok(()),
            result => result,
        };
        self.end(&result);
        result.map_err(error::from)
    }
}
