//! An engine's pool as its user sees it: how full it is, what happens to its connections, and a word in that.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use orm_pool::driver::{self, Statement};
use orm_pool::pool::{Event, Info, Status};
use orm_pool::{Error as PoolError, ErrorKind as PoolErrorKind};

use super::connect::Lent;
use super::{Connection, Connector, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::types::SqlType;

impl Engine {
    /// Returns the pool of connections.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::new("sqlite::memory:")?;
    /// engine.pool().on_connect(|connection| {
    ///     Box::pin(async move { connection.execute("PRAGMA case_sensitive_like = ON").await })
    /// });
    /// assert!(!text("SELECT 'a' LIKE 'A'").columns::<bool>().one(&engine).await?);
    /// let status = "Pool size: 5  Connections in pool: 1 Current Overflow: -4 Current Checked out connections: 0";
    /// assert_eq!(engine.pool().status().to_string(), status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pool(&self) -> Pool<'_> {
        Pool { pool: &self.shared.pool }
    }
}

/// The pool of an engine's connections; [`Engine::pool`] gives it.
///
/// Listeners hear what happens to connections, SQLAlchemy's pool events. Those that may wait are closures that return
/// `Box::pin(async move { … })`; they are asked one after the other, in the order in which they came, while the connection
/// belongs to nobody else, and their error decides what becomes of it. A listener must not ask the same engine for another
/// connection.
///
/// | event | when | an error means |
/// |---|---|---|
/// | [`on_first_connect`](Self::on_first_connect), [`on_connect`](Self::on_connect) | a connection has been opened | it is closed, and who wanted it gets the error |
/// | [`on_checkout`](Self::on_checkout) | it is about to be lent | it is closed; with [`PooledConnection::disconnect`] another is opened and asked about, once |
/// | [`on_reset`](Self::on_reset) | it has come back, before what is left of a transaction is rolled back | it is closed |
/// | [`on_checkin`](Self::on_checkin) | it is clean again | |
/// | [`on_soft_invalidate`](Self::on_soft_invalidate) | it will be replaced when it is next wanted | |
/// | [`on_invalidate`](Self::on_invalidate) | it is closed because of an error | |
/// | [`on_detach`](Self::on_detach) | it leaves the pool | |
/// | [`on_close`](Self::on_close) | it is about to be closed, for whatever reason | |
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    pool: &'a orm_pool::pool::Pool<Connector>,
}

/// How full a pool is; its text is SQLAlchemy's.
pub type PoolStatus = Status;

/// What is noted about a connection: values of any type, one of each.
pub type ConnectionInfo = Info;

/// A connection to which something happens; listeners to a [`Pool`] get it.
#[derive(Debug)]
pub struct PooledConnection<'a> {
    event: Event<'a, Lent>,
}

/// The future of a listener that may wait.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

impl Pool<'_> {
    /// Says how many connections there are, lent and idle, and how many users wait.
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Closes all connections that are idle now, and each that is lent when it comes back, as after a fail-over.
    pub fn invalidate(&self) {
        self.pool.invalidate();
    }

    /// Asks this of the first connection that is opened, before `on_connect`.
    pub fn on_first_connect<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(&'a mut PooledConnection<'_>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.pool.on_first_connect(asked(listener));
        self
    }

    /// Asks this of each connection that is opened: the place for settings of the session.
    pub fn on_connect<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(&'a mut PooledConnection<'_>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.pool.on_connect(asked(listener));
        self
    }

    /// Asks this of each connection before it is lent.
    pub fn on_checkout<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(&'a mut PooledConnection<'_>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.pool.on_checkout(asked(listener));
        self
    }

    /// Asks this of each connection that comes back, before what is left of a transaction is rolled back.
    pub fn on_reset<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(&'a mut PooledConnection<'_>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.pool.on_reset(asked(listener));
        self
    }

    /// Tells of each connection that has come back and is clean.
    pub fn on_checkin(&self, listener: impl Fn(&mut PooledConnection<'_>) + Send + Sync + 'static) -> &Self {
        self.pool.on_checkin(move |event| listener(&mut PooledConnection { event }));
        self
    }

    /// Tells of each connection that is closed because of an error.
    pub fn on_invalidate(&self, listener: impl Fn(&mut PooledConnection<'_>) + Send + Sync + 'static) -> &Self {
        self.pool.on_invalidate(move |event| listener(&mut PooledConnection { event }));
        self
    }

    /// Tells of each connection that is to be replaced when it is next wanted.
    pub fn on_soft_invalidate(&self, listener: impl Fn(&mut PooledConnection<'_>) + Send + Sync + 'static) -> &Self {
        self.pool.on_soft_invalidate(move |event| listener(&mut PooledConnection { event }));
        self
    }

    /// Tells of each connection that leaves the pool.
    pub fn on_detach(&self, listener: impl Fn(&mut PooledConnection<'_>) + Send + Sync + 'static) -> &Self {
        self.pool.on_detach(move |event| listener(&mut PooledConnection { event }));
        self
    }

    /// Tells of each connection that is closed.
    pub fn on_close(&self, listener: impl Fn(&mut PooledConnection<'_>) + Send + Sync + 'static) -> &Self {
        self.pool.on_close(move |event| listener(&mut PooledConnection { event }));
        self
    }
}

/// What a connection has to do with its pool.
impl Connection {
    /// Takes the connection out of the pool, which may open another in its place at once.
    ///
    /// It is used as before; dropping it closes it. SQLAlchemy's `Connection.detach`.
    pub fn detach(&mut self) {
        self.guard.detach();
    }

    /// Returns whether the connection has left the pool.
    pub fn is_detached(&self) -> bool {
        self.guard.is_detached()
    }

    /// Lets another connection take the place of this one the next time that it would be lent; until then it is used on.
    pub fn soft_invalidate(&mut self) {
        self.guard.soft_invalidate();
    }

    /// Returns what is noted about this connection; it stays for who has it next, and goes when it is closed.
    pub fn info(&mut self) -> &mut ConnectionInfo {
        self.guard.info_mut()
    }

    /// Returns what is noted about the connection's place in the pool, which those that follow in it keep.
    pub fn record_info(&mut self) -> &mut ConnectionInfo {
        self.guard.record_info_mut()
    }
}

/// Makes a listener of the pool of one that speaks the engine's language.
fn asked<F>(listener: F) -> impl for<'a> Fn(Event<'a, Lent>) -> orm_pool::pool::Answer<'a> + Send + Sync
where
    F: for<'a> Fn(&'a mut PooledConnection<'_>) -> Answer<'a> + Send + Sync + 'static,
{
    let listener = std::sync::Arc::new(listener);
    move |event| {
        let listener = std::sync::Arc::clone(&listener);
        Box::pin(async move { listener(&mut PooledConnection { event }).await.map_err(into_pool) })
    }
}

/// Wraps an error of a listener, to be found again by whoever asked for the connection.
fn into_pool(error: Error) -> PoolError {
    let kind = match error.kind() {
        ErrorKind::Disconnected => PoolErrorKind::Disconnected,
        _ => PoolErrorKind::InvalidRequest,
    };
    PoolError::with_source(kind, error.message().to_owned(), error)
}

impl PooledConnection<'_> {
    /// Runs SQL text, which may hold several statements, without parameters and without rows.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses it, or when the connection is lost.
    pub async fn execute(&mut self, sql: &str) -> Result<()> {
        self.event.connection.batch(sql).await.map_err(|error| Error::from_pool(error).sql(&sql.into()))
    }

    /// Runs a query and returns the first value of its first row, or `None` where there is no row.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and when the value is not of this type.
    pub async fn scalar<T: SqlType>(&mut self, sql: &str) -> Result<Option<T>> {
        let mut found = None;
        let statement = Statement { sql: sql.into(), id: 0 };
        let take_first = |row: driver::Row<'_>| {
            found = Some(T::decode(row.value(0)));
            ControlFlow::Break(())
        };
        let run = self.event.connection.run(&statement, &[], take_first).await;
        run.map_err(|error| Error::from_pool(error).sql(&statement.sql))?;
        found.transpose().map_err(|error| Error::new(ErrorKind::Data, error.reason()).sql(&statement.sql))
    }

    /// Returns what is noted about this connection, to be read and changed; a new one begins without.
    pub fn info(&mut self) -> &mut ConnectionInfo {
        self.event.info
    }

    /// Returns what is noted about the connection's place in the pool, which those that follow in it keep.
    pub fn record_info(&mut self) -> &mut ConnectionInfo {
        self.event.record_info
    }

    /// Returns why it is closed, in the words of the error, if there was one.
    pub fn error(&self) -> Option<&str> {
        self.event.error.map(PoolError::message)
    }

    /// Makes the error by which a listener to checkouts refuses this connection and asks for another.
    pub fn disconnect(&self, why: impl Into<String>) -> Error {
        Error::new(ErrorKind::Disconnected, why)
    }
}
