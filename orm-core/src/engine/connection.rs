//! A lent connection ([`Connection`]), and one with a transaction that its owner ends ([`Transaction`]).

use orm_pool::driver;
use orm_pool::pool;
use orm_pool::pool::Reset;

use super::{Engine, Url};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A driver's connection, lent by the pool.
pub(crate) type Guard = pool::Guard<Connector>;

/// Opens connections for a pool.
pub(crate) struct Connector {
    database: Database,
}

enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Source),
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::time::Duration;

    use once_cell::sync::OnceCell;
    use orm_pool::driver::sqlite::{Options, TemporaryDatabase};

    use super::{Error, ErrorKind, Result, Url};

    /// Where an engine's SQLite database is.
    pub(super) struct Source {
        options: Options,
        /// For `sqlite::memory:`: the database that all connections of the engine share, made at the first one.
        shared: Option<OnceCell<TemporaryDatabase>>,
    }

    impl Source {
        pub(super) fn new(url: &Url, is_single: bool) -> Result<Self> {
            let path = url.database.as_deref().unwrap_or(":memory:");
            let is_memory = path == ":memory:";
            let mut options = if is_memory { Options::memory() } else { Options::file(path) };
            for (key, value) in &url.query {
                apply(&mut options, key, value)?;
            }
            Ok(Source { options, shared: (is_memory && !is_single).then(OnceCell::new) })
        }

        pub(super) fn options(&self) -> Result<Options, orm_pool::Error> {
            let Some(shared) = &self.shared else { return Ok(self.options.clone()) };
            let temporary = shared.get_or_try_init(TemporaryDatabase::new)?.options();
            Ok(Options {
                database: temporary.database,
                journal_mode: temporary.journal_mode,
                synchronous: temporary.synchronous,
                ..self.options.clone()
            })
        }
    }

    /// Applies a key of the URL's query.
    fn apply(options: &mut Options, key: &str, value: &str) -> Result<()> {
        let wrong = |expected: &str| {
            let message = format!("`{key}={value}` in the database URL makes no sense");
            Err(Error::new(ErrorKind::Argument, message).hint(format!("expected {expected}")))
        };
        match key {
            "busy_timeout" => match value.parse() {
                Ok(milliseconds) => options.busy_timeout = Duration::from_millis(milliseconds),
                Err(_) => return wrong("a number of milliseconds"),
            },
            "foreign_keys" => match value {
                "on" | "true" | "1" => options.foreign_keys = true,
                "off" | "false" | "0" => options.foreign_keys = false,
                _ => return wrong("`on` or `off`"),
            },
            "mode" => match value {
                "ro" => (options.read_only, options.create_if_missing) = (true, false),
                "rw" => options.create_if_missing = false,
                "rwc" => options.create_if_missing = true,
                _ => return wrong("`ro`, `rw` or `rwc`"),
            },
            "journal_mode" => options.journal_mode = Some(value.to_owned()),
            "synchronous" => options.synchronous = Some(value.to_owned()),
            _ => {
                let message = format!("the database URL has the unknown key `{key}`");
                return Err(Error::new(ErrorKind::Argument, message).hint(
                    "the known ones are `busy_timeout`, `foreign_keys`, `journal_mode`, `mode` and `synchronous`",
                ));
            }
        }
        Ok(())
    }
}

impl Connector {
    pub(super) fn new(url: &Url, is_single: bool) -> Result<Self> {
        match url.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => Ok(Connector { database: Database::Sqlite(sqlite::Source::new(url, is_single)?) }),
            other => {
                let _ = is_single;
                let message = format!("this build has no driver for {other}");
                Err(Error::new(ErrorKind::Argument, message))
            }
        }
    }
}

impl pool::Connector for Connector {
    type Connection = driver::Connection;

    async fn connect(&self) -> Result<driver::Connection, orm_pool::Error> {
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(source) => {
                let options = source.options()?;
                Ok(driver::Connection::Sqlite(driver::sqlite::Connection::open(&options).await?))
            }
        }
    }

    fn reset_now(&self, connection: &mut driver::Connection) -> Reset {
        if !connection.is_in_transaction() || connection.rollback_now() { Reset::Clean } else { Reset::NeedsWork }
    }

    async fn reset(&self, connection: &mut driver::Connection) -> Result<(), orm_pool::Error> {
        connection.batch("ROLLBACK").await
    }

    async fn ping(&self, connection: &mut driver::Connection) -> Result<(), orm_pool::Error> {
        connection.ping().await
    }

    async fn close(&self, connection: driver::Connection) {
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "closing a connection failed");
        }
    }
}

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
        if !self.state.is_begun {
            let words = match self.engine.dialect() {
                // A transaction that reads first and writes later is refused at once when another has written between.
                Dialect::Sqlite if will_write => "BEGIN IMMEDIATE",
                _ => "BEGIN",
            };
            self.words(words).await?;
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
