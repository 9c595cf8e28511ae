//! Runs statements on a thread for blocking work: [`Threading::Blocking`](super::Threading::Blocking).
//!
//! The whole core goes there and comes back, with copies of the rows. A future that is dropped meanwhile leaves it there;
//! it is interrupted, and fetched back by whatever comes next.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::raw::Deadline;
use super::{Connection, Core, Stop};
use crate::driver::{self, Done, OnRow, Statement};
use crate::{Error, ErrorKind, Value, ValueRef};

/// A core on another thread. Dropping it interrupts what runs there.
pub(super) struct Away {
    task: JoinHandle<Box<Core>>,
    deadline: Arc<Deadline>,
}

impl Drop for Away {
    fn drop(&mut self) {
        self.deadline.is_now();
    }
}

/// A row that has been copied, valid while the decoder runs.
#[derive(Clone, Copy)]
pub struct CopiedRow<'a> {
    names: &'a [String],
    values: &'a [Value],
}

impl<'a> CopiedRow<'a> {
    /// Returns the value at this position.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    pub fn value(&self, column: usize) -> ValueRef<'a> {
        // What SQLite has are integers, floats, text, bytes and NULL.
        self.values[column].as_ref().unwrap_or(ValueRef::Null)
    }

    /// Returns how many values the row has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns whether the row has no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the name of the column at this position.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    pub fn name(&self, column: usize) -> &'a str {
        &self.names[column]
    }
}

/// Rows on their way from another thread.
#[derive(Default)]
pub(super) struct Copies {
    names: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Copies {
    pub(super) fn push(&mut self, row: &driver::Row<'_>) {
        if self.names.is_empty() {
            self.names = (0..row.len()).map(|column| row.name(column).to_owned()).collect();
        }
        self.rows.push((0..row.len()).map(|column| row.value(column).to_value()).collect());
    }

    /// Pushes the rows to `on_row` until that breaks.
    pub(super) fn replay(&self, on_row: &mut OnRow<'_>) {
        for values in &self.rows {
            if on_row(driver::Row::Copied(CopiedRow { names: &self.names, values })).is_break() {
                return;
            }
        }
    }
}

/// Makes the error of a core that does not come back.
#[cold]
pub(super) fn lost() -> Error {
    Error::new(ErrorKind::Disconnected, "the connection was lost on the thread that ran its statement")
}

impl Connection {
    /// Lets another thread work with the core, and waits for it.
    pub(super) async fn elsewhere<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Core) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let limit = self.time_limit;
        let core = self.core().await?;
        let deadline = core.handle.armed(limit);
        let Some(mut core) = self.core.take() else { return Err(lost()) };
        self.was_in_transaction = core.handle.is_in_transaction();
        let (sender, mut receiver) = oneshot::channel();
        let task = tokio::task::spawn_blocking(move || {
            _ = sender.send(work(&mut core));
            core
        });
        self.away = Some(Away { task, deadline });
        self.fetch_back().await?;
        receiver.try_recv().map_err(|_| lost())
    }

    /// Interrupts what runs on another thread for nobody, and takes the core back.
    #[cold]
    pub(super) async fn come_back(&mut self) -> Result<(), Error> {
        if let Some(away) = &self.away {
            away.deadline.is_now();
            self.fetch_back().await?;
            self.has_lost_transaction |= self.was_in_transaction && !self.is_in_transaction();
        }
        if self.core.is_some() { Ok(()) } else { Err(lost()) }
    }

    async fn fetch_back(&mut self) -> Result<(), Error> {
        let Some(away) = &mut self.away else { return Ok(()) };
        let core = (&mut away.task).await;
        self.away = None;
        match core {
            Ok(core) => {
                self.core = Some(core);
                Ok(())
            }
            Err(_) => {
                self.is_broken = true;
                Err(lost())
            }
        }
    }

    /// Runs a statement as far as locks allow, and hands out its rows when it has ended.
    pub(super) async fn try_run_away(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
        on_row: &mut OnRow<'_>,
    ) -> Result<Result<Done, Stop>, Error> {
        let (statement, parameters) = (statement.clone(), parameters.to_vec());
        let ran = self.elsewhere(move |core| {
            let mut copies = Copies::default();
            let done = core.run_to_end(&statement, &parameters, &mut copies);
            done.map(|done| (done, copies))
        });
        Ok(ran.await?.map(|(done, copies)| {
            copies.replay(on_row);
            done
        }))
    }

    /// Runs the first statement of the text and returns how many bytes it took.
    pub(super) async fn try_first_away(&mut self, sql: &str) -> Result<Result<usize, Stop>, Error> {
        let sql = sql.to_owned();
        self.elsewhere(move |core| core.try_first(&sql)).await
    }
}

impl Core {
    fn run_to_end(&mut self, statement: &Statement, parameters: &[Value], copies: &mut Copies) -> Result<Done, Stop> {
        self.cursors.close_abandoned(&mut self.handle);
        let slot = self.statements.find(&mut self.handle, statement)?;
        let mut running = self.handle.start(slot, parameters)?;
        while let Some(row) = running.step()? {
            copies.push(&driver::Row::Sqlite(row));
        }
        let mut done = Done::default();
        running.done(&mut done);
        Ok(done)
    }
}
