//! A lent connection ([`Connection`]), one with a transaction that its owner ends ([`Transaction`]), and a savepoint of
//! either ([`Savepoint`]).

use std::borrow::Cow;
use std::time::{Duration, Instant};

use orm_pool::driver::{self, Done};
use orm_pool::pool::ResetOnReturn;

use super::connect::Guard;
use super::events::Told;
use super::execute::{OnRow, Prepared};
use super::test_transaction::{CHECK, SAVEPOINT};
use super::{Engine, ExecutionOptions, IsolationLevel, SchemaMap};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::Row;
use crate::sql::Statement;

/// A connection from an engine's pool.
///
/// Commit as you go: the first statement begins a transaction, and [`commit`](Self::commit) or
/// [`rollback`](Self::rollback) ends it; the next statement begins another. **What is not committed when the connection is
/// dropped is rolled back**, with a warning if it wrote. Statements that are given the `&Engine` itself commit themselves.
///
/// ```
/// # use orm_core::{Engine, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// let mut connection = engine.connect().await?;
/// connection.execute(text("CREATE TABLE t (a INTEGER, b TEXT)")).await?;
/// let inserted = connection.exec_driver_sql("INSERT INTO t VALUES (?, ?), (2, 'two')", (1, "one")).await?;
/// assert_eq!(inserted.rows_affected(), 2);
/// connection.commit().await?;
///
/// let mut result = connection.execute(text("SELECT a, b FROM t ORDER BY a")).await?;
/// assert_eq!(result.keys(), ["a", "b"]);
/// while let Some(row) = result.fetch_one() {
///     println!("{}: {}", row.get::<i64>("a")?, row.get::<String>(1)?);
/// }
/// connection.close().await?;
/// # Ok(())
/// # }
/// ```
pub struct Connection {
    /// The engine, with the options of this connection.
    pub(crate) engine: Engine,
    pub(crate) guard: Guard,
    /// Whether a session has begun its transaction, and ends it.
    pub(crate) is_of_session: bool,
    state: State,
}

/// Where a connection's transaction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    is_begun: bool,
    /// It has begun for whoever has the connection, and begins in the database when a statement needs that.
    is_put_off: bool,
    /// The level that it was to begin with.
    level: Option<IsolationLevel>,
    /// The next statement that writes is the only one: it commits itself.
    is_alone: bool,
    /// A statement that commits itself has written something, or is on its way.
    may_have_committed: bool,
    /// It begins or is rolled back. Where that was given up halfway, nobody knows whether it is there: nothing of it is to
    /// be kept.
    is_unsure: bool,
    /// The connection has come with it.
    is_given: bool,
    /// It is no transaction of the database: each statement commits itself.
    is_autocommit: bool,
    has_written: bool,
    /// COMMIT has been sent and not been answered; nor will it be, where that was given up halfway.
    is_committing: bool,
    /// COMMIT has failed: nothing is run before a rollback.
    is_doomed: bool,
    /// How long a statement of this transaction may take.
    timeout: Option<Duration>,
    /// How many savepoints are open.
    depth: u32,
    /// How many savepoints the transaction has had. No two have the same name: one that was given up halfway may be there
    /// still, and one that was rolled back is.
    savepoints: u32,
    /// A savepoint whose guard was dropped, to be rolled back before the next statement.
    abandoned: Option<Place>,
}

/// Where a savepoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// It is the how manieth of its transaction.
    number: u32,
    /// How many are open with it.
    depth: u32,
}

impl Place {
    fn name(self) -> String {
        format!("orm_nested_{}", self.number)
    }
}

impl Connection {
    pub(super) fn new(engine: Engine, guard: Guard) -> Self {
        Connection { engine, guard, is_of_session: false, state: State::default() }
    }

    /// Returns the engine that it came from, with the options of this connection.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the kind of database.
    pub fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }

    /// Returns whether a transaction has begun.
    pub fn in_transaction(&self) -> bool {
        self.state.is_begun
    }

    /// Returns whether a savepoint is open.
    pub fn in_nested_transaction(&self) -> bool {
        let depth = self.state.abandoned.map_or(self.state.depth, |place| place.depth - 1);
        depth > 0
    }

    /// Sets how the statements and transactions of this connection are run, on top of what the engine says.
    ///
    /// # Errors
    ///
    /// Fails when the options name an isolation level or whether to write, and a transaction has begun; and when the
    /// database does not have the isolation level; and when a schema has an empty name.
    pub fn execution_options(&mut self, options: ExecutionOptions) -> Result<()> {
        options.isolation_level.map_or(Ok(()), |level| level.check(self.dialect()))?;
        options.schemas().map_or(Ok(()), SchemaMap::check)?;
        let fixed =
            [("isolation_level", options.isolation_level.is_some()), ("read_only", options.read_only.is_some())];
        if let Some((name, _)) = fixed.iter().find(|(_, is_set)| *is_set && self.state.is_begun) {
            let message = format!(
                "this connection has already begun a transaction; `{name}` may not be altered unless `rollback()` or \
                 `commit()` is called first"
            );
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        self.engine = self.engine.execution_options(options);
        Ok(())
    }

    /// Lends the connection with other options, which end with what is returned: options of a single call.
    ///
    /// ```
    /// # use orm_core::{Engine, ExecutionOptions, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let mut connection = engine.connect().await?;
    /// let few = ExecutionOptions::new().max_rows(1);
    /// let two = text("VALUES (1), (2)").columns::<i64>();
    /// let error = two.all(&mut *connection.with_options(few)?).await.unwrap_err();
    /// assert_eq!(error.message(), "the statement gave more rows than `max_rows` allows, which is 1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execution_options`](Self::execution_options).
    pub fn with_options(&mut self, options: ExecutionOptions) -> Result<WithOptions<'_>> {
        let before = self.engine.clone();
        self.execution_options(options)?;
        Ok(WithOptions { connection: self, before })
    }

    /// Begins a transaction, which otherwise the first statement does. On SQLite it takes the write lock at once, unless
    /// it is read-only.
    ///
    /// # Errors
    ///
    /// Fails when there is a transaction already.
    pub async fn begin(&mut self) -> Result<()> {
        if self.state.is_begun {
            let message = "this connection has already begun a transaction, by `begin()` or by its first statement";
            return Err(Error::new(ErrorKind::InvalidRequest, message)
                .hint("call `commit()` or `rollback()` first, or `begin_nested()` for a savepoint"));
        }
        let will_write = !self.engine.options.is_read_only();
        self.autobegin(will_write).await?;
        self.state.has_written = false;
        Ok(())
    }

    /// Begins a transaction unless there is one; one that will write takes the write lock at once, where there is one.
    pub(crate) async fn autobegin(&mut self, will_write: bool) -> Result<()> {
        let level = if self.state.is_put_off { self.state.level } else { self.engine.isolation_level() };
        self.begin_at(level, will_write).await
    }

    /// Begins a transaction at an isolation level, or at the database's own, unless there is one.
    pub(crate) async fn begin_at(&mut self, level: Option<IsolationLevel>, will_write: bool) -> Result<()> {
        self.replace_lost().await?;
        self.settle().await?;
        if self.has_begun() {
            self.go_on(level, will_write).await?;
        } else {
            self.begin_new(level, will_write).await?;
        }
        self.state.has_written |= will_write;
        Ok(())
    }

    /// Begins a transaction for queries, which the database is told of when the first statement needs it.
    ///
    /// Where each statement sees what is committed, a query of rows gives the same alone. So a transaction that reads only takes no
    /// round trips of its own, and leaves no connection idle in one. Where that cannot be known, it begins at once.
    pub(crate) async fn begin_to_read(&mut self, level: Option<IsolationLevel>) -> Result<()> {
        if self.state.is_put_off {
            self.replace_lost().await?;
            self.settle().await?;
            if self.state.is_put_off {
                return Ok(());
            }
        }
        if self.state.is_begun || self.state.is_unsure || !self.may_put_off(level) {
            return self.begin_at(level, false).await;
        }
        self.replace_lost().await?;
        self.settle().await?;
        let savepoints = self.state.savepoints;
        self.state = State { is_begun: true, is_put_off: true, level, savepoints, ..State::default() };
        Ok(())
    }

    /// Begins a transaction for one statement that writes, after which it is committed: the statement commits itself, if it runs
    /// outside of a transaction. Where something else is to be said before, or another statement follows, it begins as always.
    pub(crate) async fn begin_alone(&mut self, level: Option<IsolationLevel>) -> Result<()> {
        if self.has_begun() || self.state.is_unsure || !self.may_commit_alone(level) {
            return self.begin_at(level, true).await;
        }
        let savepoints = self.state.savepoints;
        self.state = State { is_begun: true, is_put_off: true, is_alone: true, level, savepoints, ..State::default() };
        Ok(())
    }

    /// Says that more than one statement writes, before the first is sent.
    pub(crate) fn writes_more(&mut self) {
        self.state.is_alone = false;
    }

    /// Returns whether a statement that commits itself has written something, or is on its way.
    pub(crate) fn may_have_committed(&self) -> bool {
        self.state.may_have_committed
    }

    /// Returns whether a statement alone is what a transaction with nothing else is.
    ///
    /// BEGIN also tells whether the connection is alive, before anything is at stake; so the server has to have answered lately.
    fn may_commit_alone(&self, level: Option<IsolationLevel>) -> bool {
        const LATELY: Duration = Duration::from_secs(2);
        let is_own_level = match level {
            None => true,
            Some(level) => level == IsolationLevel::ReadCommitted && self.guard.reads_committed(),
        };
        is_own_level
            && self.guard.commits_alone()
            && self.needs_no_words()
            && !self.guard.needs_discard()
            && !self.guard.is_in_flight()
            && self.guard.heard.is_some_and(|heard| heard.elapsed() < LATELY)
    }

    /// Returns whether nothing is to be set for the transaction, and none is open.
    fn needs_no_words(&self) -> bool {
        self.engine.shared.lazy_begin
            && !self.engine.is_of_test()
            && !self.engine.options.is_read_only()
            && self.engine.options.statement_timeout().is_none()
            && !self.guard.is_in_transaction()
    }

    /// Returns whether each statement of a transaction sees what is committed when it begins, and nothing is to be set before.
    fn may_put_off(&self, level: Option<IsolationLevel>) -> bool {
        let reads_committed = match level {
            None => self.guard.reads_committed(),
            level => self.dialect() != Dialect::Sqlite && level == Some(IsolationLevel::ReadCommitted),
        };
        reads_committed && self.needs_no_words()
    }

    /// Returns whether the database knows of a transaction.
    pub(crate) fn has_begun(&self) -> bool {
        self.state.is_begun && !self.state.is_put_off
    }

    /// Takes another connection where this one is lost, and with it all that was open: a transaction that has been rolled back, or
    /// none. SQLite's is the file, or the only one that has its rows.
    async fn replace_lost(&mut self) -> Result<()> {
        let is_over = !self.has_begun() && self.dialect() != Dialect::Sqlite && !self.engine.is_of_test();
        if is_over && self.guard.needs_discard() {
            Box::pin(self.guard.renew()).await.map_err(Error::from_pool)?;
            self.state = State::default();
        }
        Ok(())
    }

    async fn begin_new(&mut self, level: Option<IsolationLevel>, will_write: bool) -> Result<()> {
        level.map_or(Ok(()), |level| level.check(self.dialect()))?;
        self.clear_up().await?;
        let is_autocommit = level == Some(IsolationLevel::Autocommit);
        let (is_given, savepoints) = (self.is_given_a_transaction(), self.state.savepoints);
        self.state = State { is_unsure: true, is_autocommit, is_given, savepoints, ..State::default() };
        if is_autocommit {
            self.engine.echo_words(
                "BEGIN",
                " (implicit; each statement commits itself, since the isolation level is AUTOCOMMIT)",
            );
        }
        if self.engine.is_of_test() {
            self.begin_test().await?;
        }
        self.set_up().await?;
        if !is_autocommit && !is_given {
            let words = self.begin_words(level, will_write);
            self.engine.echo_words(&words, " (implicit)");
            self.guard.begins();
            if let Err(error) = self.send(&words).await {
                self.guard.has_ended();
                return Err(error);
            }
        }
        (self.state.is_begun, self.state.is_unsure) = (true, false);
        Ok(())
    }

    /// Rolls back what is there of a transaction whose beginning or rollback was given up halfway.
    async fn clear_up(&mut self) -> Result<()> {
        if !self.state.is_unsure {
            return Ok(());
        }
        self.settle().await?;
        self.guard.forget_lost_transaction();
        // Some errors have rolled back already.
        if self.guard.is_in_transaction() && !self.state.is_given {
            self.words(self.guard.rollback_words()).await?;
        }
        if self.state.is_autocommit {
            self.guard.restore().await.map_err(Error::from_pool)?;
        }
        self.end().await
    }

    /// Waits for a statement that was given up halfway where its end alone tells what has become of the transaction.
    async fn settle(&mut self) -> Result<()> {
        if !self.guard.is_in_flight() {
            return Ok(());
        }
        // Boxed, as what is rarely done is elsewhere.
        Box::pin(self.guard.settle()).await.map_err(Error::from_pool)
    }

    /// Returns whether the connection has come with a transaction, as it does to whoever has told the pool not to end any.
    ///
    /// In doubt a server is told to begin one, which does no harm where there is one; SQLite leaves no doubt.
    fn is_given_a_transaction(&self) -> bool {
        let keeps = self.engine.shared.pool.options().reset_on_return == ResetOnReturn::None;
        (keeps || self.dialect() == Dialect::Sqlite) && self.guard.is_in_transaction()
    }

    /// Makes an open transaction ready for the next statement.
    async fn go_on(&mut self, level: Option<IsolationLevel>, will_write: bool) -> Result<()> {
        self.refuse_invalid()?;
        if let Some(place) = self.state.abandoned {
            self.words(&format!("ROLLBACK TO SAVEPOINT {}", place.name())).await?;
            (self.state.abandoned, self.state.depth) = (None, place.depth - 1);
        }
        if self.state.is_autocommit {
            return self.set_up().await;
        }
        if !self.guard.is_in_transaction() {
            // A statement has committed by itself, as definitions do in MySQL.
            return self.begin_new(level, will_write).await;
        }
        let timeout = self.engine.options.statement_timeout();
        if self.dialect() == Dialect::Postgres && self.state.timeout != timeout {
            let limit = timeout.unwrap_or_default().as_millis();
            self.state.timeout = timeout;
            return self.send(&format!("SET LOCAL statement_timeout = {limit}")).await;
        }
        if matches!(self.dialect(), Dialect::MySql | Dialect::MariaDb) { self.set_up().await } else { Ok(()) }
    }

    /// Refuses to go on in a transaction that the database has ended after an error, or may have committed.
    pub(crate) fn refuse_invalid(&self) -> Result<()> {
        if self.state.is_committing {
            let message = "can't go on until the transaction is rolled back: its commit was cut off by its future being \
                           dropped, and may have been done or not";
            return Err(
                Error::new(ErrorKind::PendingRollback, message).hint("call `rollback()`, and look for the rows")
            );
        }
        if !self.state.is_doomed && !self.guard.has_lost_transaction() {
            return Ok(());
        }
        let what = if self.state.depth > 0 { "savepoint transaction" } else { "transaction" };
        let message = format!("can't go on until the invalid {what} is rolled back");
        Err(Error::new(ErrorKind::PendingRollback, message)
            .hint("call `rollback()` before the next statement: the database has ended the transaction after an error"))
    }

    /// Sets for the session what is not said by the words that begin a transaction.
    async fn set_up(&mut self) -> Result<()> {
        let timeout = self.engine.options.statement_timeout();
        let is_read_only = self.engine.options.is_read_only();
        let (limit, seconds) = timeout.map_or((0, 0.0), |limit| (limit.as_millis(), limit.as_secs_f64()));
        let altered = match self.dialect() {
            Dialect::Sqlite if is_read_only => self.guard.alter("PRAGMA query_only = 1", "PRAGMA query_only = 0").await,
            Dialect::Postgres if self.state.is_autocommit && self.guard.timeout != timeout => {
                self.guard.timeout = timeout;
                self.guard.alter(&format!("SET statement_timeout = {limit}"), "RESET statement_timeout").await
            }
            Dialect::MySql | Dialect::MariaDb if self.guard.timeout != timeout => {
                self.guard.timeout = timeout;
                // Each of the two servers reads the comment that is meant for it.
                let words = format!(
                    "SET SESSION /*M! max_statement_time = {seconds} */ /*!50708 max_execution_time = {limit} */"
                );
                let undo = "SET SESSION /*M! max_statement_time = DEFAULT */ /*!50708 max_execution_time = DEFAULT */";
                self.guard.alter(&words, undo).await
            }
            _ => Ok(()),
        };
        altered.map_err(Error::from_pool)
    }

    /// Returns the words that begin a transaction, for one round trip.
    fn begin_words(&mut self, level: Option<IsolationLevel>, will_write: bool) -> String {
        let is_read_only = self.engine.options.is_read_only();
        let is_of_test = self.engine.is_of_test();
        let begin = if is_of_test { SAVEPOINT } else { "BEGIN" };
        let level = level.and_then(IsolationLevel::words).filter(|_| !is_of_test);
        match self.dialect() {
            // A transaction that reads first and writes later is refused at once when another has written between.
            Dialect::Sqlite if will_write && !is_read_only && !is_of_test => "BEGIN IMMEDIATE".to_owned(),
            Dialect::Sqlite => begin.to_owned(),
            Dialect::Postgres => {
                let level = level.map_or_else(String::new, |level| format!(" ISOLATION LEVEL {level}"));
                let access = match is_read_only {
                    true if is_of_test => "; SET TRANSACTION READ ONLY",
                    true => " READ ONLY",
                    false => "",
                };
                self.state.timeout = self.engine.options.statement_timeout();
                let limit = self.state.timeout.map(|limit| limit.as_millis());
                let limit = limit.map_or_else(String::new, |limit| format!("; SET LOCAL statement_timeout = {limit}"));
                format!("{begin}{level}{access}{limit}")
            }
            Dialect::MySql | Dialect::MariaDb => {
                let level =
                    level.map_or_else(String::new, |level| format!("SET TRANSACTION ISOLATION LEVEL {level}; "));
                format!("{level}{}", if is_read_only && !is_of_test { "START TRANSACTION READ ONLY" } else { begin })
            }
        }
    }

    /// Returns the words that commit.
    fn commit_words(&self) -> Cow<'static, str> {
        let words = self.guard.commit_words();
        if self.dialect() != Dialect::Postgres || !self.engine.is_of_test() {
            return words.into();
        }
        let limit = self.state.timeout.map_or("", |_| "; SET LOCAL statement_timeout TO DEFAULT");
        format!("{CHECK}; {words}{limit}").into()
    }

    /// Begins a savepoint, and a transaction around it if there is none. Dropping it rolls back to it.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let mut connection = engine.connect().await?;
    /// connection.execute(text("CREATE TABLE t (a INTEGER)")).await?;
    /// let mut savepoint = connection.begin_nested().await?;
    /// savepoint.execute(text("INSERT INTO t VALUES (1)")).await?;
    /// savepoint.rollback().await?;
    /// connection.commit().await?;
    /// assert_eq!(text("SELECT count(*) FROM t").columns::<i64>().one(&engine).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, and when the isolation level is AUTOCOMMIT.
    pub async fn begin_nested(&mut self) -> Result<Savepoint<'_>> {
        self.autobegin(true).await?;
        if self.state.is_autocommit {
            let message = "a savepoint needs a transaction, and the isolation level is AUTOCOMMIT";
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        self.state.savepoints += 1;
        let place = Place { number: self.state.savepoints, depth: self.state.depth + 1 };
        self.words(&format!("SAVEPOINT {}", place.name())).await?;
        self.state.depth = place.depth;
        Ok(Savepoint { connection: self, place, is_open: true })
    }

    /// Commits the transaction, with all savepoints in it; without one it does nothing.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, after which [`rollback`](Self::rollback) has to be called; with
    /// [`ErrorKind::CommitUnknown`] when its answer is lost; and where the transaction is that of a session, which would not know.
    pub async fn commit(&mut self) -> Result<()> {
        self.refuse_end_of_session("commit")?;
        self.commit_now().await
    }

    /// The transaction of a session is ended by that alone: it has to know what its objects are then.
    fn refuse_end_of_session(&self, how: &str) -> Result<()> {
        if !self.is_of_session {
            return Ok(());
        }
        let message = format!("`{how}` of a connection whose transaction is that of a session");
        Err(Error::new(ErrorKind::InvalidRequest, message).hint(format!("call `session.{how}()`")))
    }

    /// Commits, whoever has begun.
    pub(crate) async fn commit_now(&mut self) -> Result<()> {
        if !self.state.is_begun {
            return unless_lost(self.clear_up().await);
        }
        if self.state.is_put_off {
            self.state = State::default();
            return Ok(());
        }
        self.settle().await?;
        if self.state.is_autocommit {
            self.engine.echo_words("COMMIT", " (has no effect, since the isolation level is AUTOCOMMIT)");
            return self.end().await;
        }
        // SQLite leaves no doubt whether a COMMIT that was given up halfway has been carried out.
        if self.state.is_committing && self.dialect() == Dialect::Sqlite && !self.guard.is_in_transaction() {
            self.guard.forget_lost_transaction();
            return self.end().await;
        }
        if self.state.is_doomed || self.state.abandoned.is_some() || self.guard.has_lost_transaction() {
            self.go_on(None, false).await?;
        }
        if self.guard.has_surely_rolled_back() && !self.state.is_committing {
            self.state = State::default();
            let message = "the connection was lost before COMMIT was sent: the transaction was rolled back";
            return Err(Error::new(ErrorKind::Disconnected, message));
        }
        self.refuse_ended_test()?;
        self.state.is_committing = true;
        let words = self.commit_words();
        let done = self.words(&words).await;
        self.state.is_committing = false;
        match done {
            Ok(()) => {
                self.guard.heard = (self.dialect() != Dialect::Sqlite).then(Instant::now);
                self.end().await
            }
            Err(error) if error.is_disconnect() => {
                self.state = State::default();
                let message = "the connection was lost during COMMIT: the transaction may have been committed or not";
                Err(Error::new(ErrorKind::CommitUnknown, message).note(error.message().to_owned()))
            }
            Err(error) => {
                self.state.is_doomed = true;
                Err(error)
            }
        }
    }

    /// Rolls the transaction back, with all savepoints in it; without one it does nothing.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, and where the transaction is that of a session. Where the connection is lost, the
    /// database has rolled back by itself.
    pub async fn rollback(&mut self) -> Result<()> {
        self.refuse_end_of_session("rollback")?;
        unless_lost(self.roll_back().await)
    }

    /// Rolls back, and fails when the connection is lost.
    pub(crate) async fn roll_back(&mut self) -> Result<()> {
        if self.state.is_begun && self.state.is_autocommit {
            self.engine.echo_words("ROLLBACK", " (has no effect, since the isolation level is AUTOCOMMIT)");
            return self.end().await;
        }
        if self.has_begun() {
            self.state = State { is_unsure: true, ..State::default() };
        } else if self.state.is_put_off {
            self.state = State::default();
        }
        self.clear_up().await
    }

    /// Notes that the transaction has ended, and lets the session write again.
    async fn end(&mut self) -> Result<()> {
        self.state = State::default();
        self.guard.has_ended();
        if self.dialect() == Dialect::Sqlite {
            // A query that is read piece by piece holds the transaction's snapshot.
            self.guard.close_cursors_now();
            self.guard.restore().await.map_err(Error::from_pool)?;
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

    /// Ends the connection instead of giving it back, as when it is known to be of no use; what is not committed is rolled
    /// back by the database.
    pub fn invalidate(mut self) {
        self.state = State::default();
        self.guard.is_invalid = true;
    }

    /// Asks the database how far transactions are kept apart: in the one that is open, or in the next.
    ///
    /// SQLite is always serializable.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost.
    pub async fn get_isolation_level(&mut self) -> Result<IsolationLevel> {
        let level = self.engine.isolation_level();
        if level == Some(IsolationLevel::Autocommit) {
            return Ok(IsolationLevel::Autocommit);
        }
        let question = match self.dialect() {
            Dialect::Sqlite => return Ok(IsolationLevel::Serializable),
            Dialect::Postgres => "SHOW transaction_isolation",
            Dialect::MySql | Dialect::MariaDb => {
                "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')"
            }
        };
        let mut answer = self.exec_driver_sql(question, ()).await?;
        // MySQL tells the level of its session, and not that of a transaction which was begun at another.
        if let (Dialect::MySql | Dialect::MariaDb, Some(level)) = (self.dialect(), level) {
            return Ok(level);
        }
        let answer = answer.fetch_all().pop();
        let words = answer.map(|row| row.get::<String>(row.len() - 1)).transpose()?.unwrap_or_default();
        IsolationLevel::from_words(&words).ok_or_else(|| {
            Error::new(ErrorKind::Data, format!("the database answered with the unknown isolation level `{words}`"))
        })
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks or cannot read one.
    pub(crate) async fn run(&mut self, statement: Statement, on_row: &mut OnRow<'_>) -> Result<Done> {
        if self.state.is_put_off {
            return Box::pin(self.run_before_begin(statement, on_row)).await;
        }
        self.engine.run(&mut self.guard, statement, on_row).await
    }

    /// Runs a statement of a transaction that has been put off: alone, if it gives the same so.
    async fn run_before_begin(&mut self, statement: Statement, on_row: &mut OnRow<'_>) -> Result<Done> {
        let prepared = self.engine.prepare(statement)?;
        if self.state.is_alone && prepared.writes() {
            return self.run_alone(&prepared, on_row).await;
        }
        if prepared.needs_transaction() {
            self.begin_after_all(prepared.writes()).await?;
            return self.engine.run_prepared(&mut self.guard, prepared.sent(), on_row).await;
        }
        let mut has_rows = false;
        let mut noting = |row: Row<'_>| {
            has_rows = true;
            on_row(row)
        };
        match self.engine.run_prepared(&mut self.guard, prepared.sent(), &mut noting).await {
            // It had died in the pool, as when a server restarts; nothing was done on it that has gone with it.
            Err(error) if error.is_disconnect() && !has_rows => {
                self.guard.renew().await.map_err(Error::from_pool)?;
                self.engine.run_prepared(&mut self.guard, prepared.sent(), on_row).await
            }
            done => done.inspect(|_| self.guard.heard = Some(Instant::now())),
        }
    }

    /// Runs the one statement that writes, which commits itself.
    async fn run_alone(&mut self, prepared: &Prepared, on_row: &mut OnRow<'_>) -> Result<Done> {
        (self.state.is_alone, self.state.may_have_committed) = (false, true);
        let mut is_misread = false;
        let mut noting = |row: Row<'_>| on_row(row).inspect_err(|_| is_misread = true);
        let ran = self.engine.run_prepared(&mut self.guard, prepared.sent(), &mut noting).await;
        self.state.may_have_committed = ran.as_ref().map_or(is_misread, |done| done.rows_affected > 0);
        match ran {
            Err(error) if error.is_disconnect() => {
                let message = "the connection was lost during the one statement of a transaction, which commits itself: it may \
                               have been done or not";
                Err(Error::new(ErrorKind::CommitUnknown, message).note(error.message().to_owned()))
            }
            ran => ran.inspect(|_| self.guard.heard = Some(Instant::now())),
        }
    }

    /// Begins in the database what was put off.
    async fn begin_after_all(&mut self, will_write: bool) -> Result<()> {
        let level = self.state.level;
        match self.begin_at(level, will_write).await {
            Err(error) if error.is_disconnect() => {
                self.engine.pool().invalidate();
                self.guard.renew().await.map_err(Error::from_pool)?;
                self.state = State::default();
                self.begin_at(level, will_write).await
            }
            begun => begun,
        }
    }

    /// Runs a statement for its effect, and returns how many rows it changed.
    pub(crate) async fn change_one(&mut self, statement: Statement) -> Result<u64> {
        self.engine.change_one(&mut self.guard, statement).await
    }

    /// Sends words that begin or end a transaction or a savepoint.
    pub(crate) async fn words(&mut self, words: &str) -> Result<()> {
        self.engine.echo_words(words, "");
        self.send(words).await
    }

    pub(super) async fn send(&mut self, words: &str) -> Result<()> {
        let began = self.engine.shared.is_heard().then(Instant::now);
        let connection: &mut driver::Connection = &mut self.guard;
        let in_transaction = connection.is_in_transaction();
        let sent = connection.batch(words).await.map_err(|error| Error::from_pool(error).sql(&words.into()));
        if let Some(began) = began {
            let (duration, error) = (began.elapsed(), sent.as_ref().err());
            let (rows, affected) = (None, None);
            self.engine.tell(&Told { sql: words, values: &[], rows, affected, duration, error, in_transaction });
        }
        sent
    }
}

/// Takes a rollback for done where the connection is lost, since the database rolls back by itself then.
pub(crate) fn unless_lost(rolled_back: Result<()>) -> Result<()> {
    rolled_back.or_else(|error| if error.is_disconnect() { Ok(()) } else { Err(error) })
}

impl Drop for Connection {
    fn drop(&mut self) {
        if (self.has_begun() || self.state.is_unsure) && !self.state.is_autocommit {
            // Whatever the pool does with connections that come back, what was not committed is not kept.
            self.guard.set_reset_on_return(ResetOnReturn::Rollback);
        }
        if self.state.is_begun && self.state.has_written && !self.state.is_autocommit {
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

    /// Returns the engine that it came from.
    pub fn engine(&self) -> &Engine {
        self.connection.engine()
    }

    /// Begins a savepoint; dropping it rolls back to it.
    ///
    /// # Errors
    ///
    /// As [`Connection::begin_nested`].
    pub async fn begin_nested(&mut self) -> Result<Savepoint<'_>> {
        self.connection.begin_nested().await
    }

    /// Lends the transaction with other options, which end with what is returned.
    ///
    /// # Errors
    ///
    /// As [`Connection::with_options`].
    pub fn with_options(&mut self, options: ExecutionOptions) -> Result<WithOptions<'_>> {
        self.connection.with_options(options)
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

/// A savepoint of a connection or a transaction, which runs statements as they do. Dropping it rolls back to it.
#[derive(Debug)]
pub struct Savepoint<'c> {
    pub(super) connection: &'c mut Connection,
    place: Place,
    is_open: bool,
}

impl Savepoint<'_> {
    /// Begins a savepoint inside of this one.
    ///
    /// # Errors
    ///
    /// As [`Connection::begin_nested`].
    pub async fn begin_nested(&mut self) -> Result<Savepoint<'_>> {
        self.connection.begin_nested().await
    }

    /// Keeps what was done; the transaction around it decides. So it does where the future is dropped while the database is
    /// being told.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses; then everything since the savepoint is rolled back before the next statement.
    pub async fn commit(mut self) -> Result<()> {
        // One that was begun inside and dropped goes first.
        self.connection.autobegin(false).await?;
        // Whoever gives up from here on cannot know whether it is released, so that there may be nothing to go back to. All
        // the same what was done is kept, as part of what is around it.
        self.is_open = false;
        self.connection.state.depth = self.place.depth - 1;
        let released = self.connection.words(&format!("RELEASE SAVEPOINT {}", self.place.name())).await;
        self.is_open = released.is_err();
        released
    }

    /// Undoes what was done since it began.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost, or the database has ended the transaction.
    pub async fn rollback(self) -> Result<()> {
        let place = self.place;
        // Dropped halfway, it is rolled back before the next statement.
        self.connection.settle().await?;
        self.connection.go_on(None, false).await?;
        self.connection.words(&format!("ROLLBACK TO SAVEPOINT {}", place.name())).await?;
        let mut this = self;
        this.is_open = false;
        this.connection.state.depth = place.depth - 1;
        Ok(())
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.is_open {
            let abandoned = &mut self.connection.state.abandoned;
            // The outermost of those that are to be undone, since it undoes the others.
            if abandoned.is_none_or(|other| self.place.number < other.number) {
                *abandoned = Some(self.place);
            }
        }
    }
}

/// A connection with options of one call; see [`Connection::with_options`].
#[derive(Debug)]
pub struct WithOptions<'c> {
    connection: &'c mut Connection,
    before: Engine,
}

impl std::ops::Deref for WithOptions<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl std::ops::DerefMut for WithOptions<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}

impl Drop for WithOptions<'_> {
    fn drop(&mut self) {
        self.connection.engine = self.before.clone();
    }
}
