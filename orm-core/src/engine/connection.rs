//! A lent connection ([`Connection`]), and one with a transaction that its owner ends ([`Transaction`]).

use orm_pool::pool::ResetOnReturn;

use super::connect::Guard;
use super::{Engine, IsolationLevel};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A connection from an engine's pool.
///
/// Commit as you go: the first statement begins a transaction, and [`commit`](Self::commit) or
/// [`rollback`](Self::rollback) ends it; the next statement begins another. **What is not committed when the connection is
/// dropped is rolled back**, with a warning if it wrote. Statements that are given the `&Engine` itself commit themselves.
pub struct Connection {
    pub(crate) engine: Engine,
    pub(crate) guard: Guard,
    state: State,
}

/// Where a connection's transaction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    is_begun: bool,
    has_written: bool,
    /// COMMIT has been sent and not been answered.
    is_committing: bool,
}

impl Connection {
    pub(super) fn new(engine: Engine, guard: Guard) -> Self {
        Connection { engine, guard, state: State::default() }
    }

    /// Returns the engine that it came from.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns whether a transaction has begun.
    pub fn in_transaction(&self) -> bool {
        self.state.is_begun
    }

    /// Begins a transaction unless there is one; one that will write takes the write lock at once, where there is one.
    pub(crate) async fn begin(&mut self, will_write: bool) -> Result<()> {
        self.begin_at(self.engine.shared.isolation_level, will_write).await
    }

    /// Begins a transaction at an isolation level, or at the database's own, unless there is one.
    pub(crate) async fn begin_at(&mut self, level: Option<IsolationLevel>, will_write: bool) -> Result<()> {
        if !self.state.is_begun && level != Some(IsolationLevel::Autocommit) {
            match (self.engine.dialect(), level.and_then(IsolationLevel::words)) {
                // A transaction that reads first and writes later is refused at once when another has written between.
                (Dialect::Sqlite, _) => self.words(if will_write { "BEGIN IMMEDIATE" } else { "BEGIN" }).await?,
                (_, None) => self.words("BEGIN").await?,
                (Dialect::Postgres, Some(level)) => self.words(&format!("BEGIN ISOLATION LEVEL {level}")).await?,
                (Dialect::MySql | Dialect::MariaDb, Some(level)) => {
                    self.words(&format!("SET TRANSACTION ISOLATION LEVEL {level}")).await?;
                    self.words("BEGIN").await?;
                }
            }
            self.state = State { is_begun: true, ..State::default() };
        }
        self.state.has_written |= will_write;
        Ok(())
    }

    /// Commits the transaction; without one it does nothing.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, with [`ErrorKind::CommitUnknown`] when its answer is lost.
    pub async fn commit(&mut self) -> Result<()> {
        if !self.state.is_begun {
            return Ok(());
        }
        self.state.is_committing = true;
        let done = self.words("COMMIT").await;
        self.state.is_committing = false;
        match done {
            Ok(()) => {
                self.state = State::default();
                Ok(())
            }
            Err(error) if error.is_disconnect() => {
                self.state = State::default();
                let message = "the connection was lost during COMMIT: the transaction may have been committed or not";
                Err(Error::new(ErrorKind::CommitUnknown, message).note(error.message().to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Rolls the transaction back; without one it does nothing.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost; then the database has rolled back by itself.
    pub async fn rollback(&mut self) -> Result<()> {
        if self.state.is_begun {
            self.state = State::default();
            // Some errors have rolled back already.
            if self.guard.is_in_transaction() {
                self.words("ROLLBACK").await?;
            }
        }
        Ok(())
    }

    /// Gives the connection back; what is not committed is rolled back, without a warning.
    ///
    /// # Errors
    ///
    /// As [`rollback`](Self::rollback).
    pub async fn close(mut self) -> Result<()> {
        self.rollback().await
    }

    /// Sends words that begin or end a transaction or a savepoint.
    pub(crate) async fn words(&mut self, words: &str) -> Result<()> {
        self.engine.shared.echo_words(words);
        self.guard.batch(words).await.map_err(|error| Error::from_pool(error).sql(&words.into()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.state.is_begun {
            // Whatever the pool does with connections that come back, what was not committed is not kept.
            self.guard.set_reset_on_return(ResetOnReturn::Rollback);
        }
        if self.state.is_begun && self.state.has_written {
            tracing::warn!(
                target: "orm::engine",
                "a connection with uncommitted changes is dropped, which rolls them back: call `commit()` or `rollback()`"
            );
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("engine", &self.engine).field("state", &self.state).finish_non_exhaustive()
    }
}

/// A connection in a transaction, which [`commit`](Self::commit) ends. Dropping it rolls back.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) connection: Connection,
}

impl Transaction {
    pub(super) fn new(connection: Connection) -> Self {
        Transaction { connection }
    }

    /// Commits and gives the connection back.
    ///
    /// # Errors
    ///
    /// As [`Connection::commit`].
    pub async fn commit(mut self) -> Result<()> {
        self.connection.commit().await
    }

    /// Rolls back and gives the connection back.
    ///
    /// # Errors
    ///
    /// As [`Connection::rollback`].
    pub async fn rollback(mut self) -> Result<()> {
        self.connection.rollback().await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Rolling back is what dropping a transaction is for: no warning.
        self.connection.state.has_written = false;
    }
}
