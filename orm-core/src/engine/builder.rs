//! Settings of an engine, as SQLAlchemy's `create_engine` takes them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use orm_pool::pool;

use super::connect::Connector;
use super::{Engine, Shared, StatementCache, Url};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// Which kind of pool an engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolClass {
    /// Keeps some connections and opens more when they are needed. The default.
    Queue,
    /// Opens a connection for each use.
    Null,
    /// Has one connection, lent to one user at a time; with `sqlite::memory:`, the literal in-memory database.
    Static,
    /// Has one connection for each task, or for each thread outside of tasks, which it uses again and again.
    Singleton,
    /// Has one connection, and fails when it is wanted twice: for tests.
    Assertion,
}

/// How far transactions are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsolationLevel {
    /// READ UNCOMMITTED.
    ReadUncommitted,
    /// READ COMMITTED.
    ReadCommitted,
    /// REPEATABLE READ.
    RepeatableRead,
    /// SERIALIZABLE; what SQLite always is.
    Serializable,
    /// No transactions: each statement commits itself.
    Autocommit,
}

impl IsolationLevel {
    /// Returns the words of SQL, or `None` where there is no transaction.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            IsolationLevel::ReadUncommitted => Some("READ UNCOMMITTED"),
            IsolationLevel::ReadCommitted => Some("READ COMMITTED"),
            IsolationLevel::RepeatableRead => Some("REPEATABLE READ"),
            IsolationLevel::Serializable => Some("SERIALIZABLE"),
            IsolationLevel::Autocommit => None,
        }
    }
}

/// The settings of an engine; [`build`](Self::build) makes it.
///
/// ```
/// # use std::time::Duration;
/// # use orm_core::{Engine, PoolClass};
/// let engine = Engine::builder("sqlite:///shop.db")
///     .pool_size(5)
///     .max_overflow(10)
///     .pool_timeout(Duration::from_secs(30))
///     .pool_class(PoolClass::Queue)
///     .echo(true)
///     .build()?;
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct EngineBuilder {
    url: String,
    pool: pool::Options,
    class: PoolClass,
    echo: bool,
    hide_parameters: bool,
    isolation_level: Option<IsolationLevel>,
}

impl EngineBuilder {
    pub(super) fn new(url: &str) -> Self {
        EngineBuilder {
            url: url.to_owned(),
            pool: pool::Options::default(),
            class: PoolClass::Queue,
            echo: false,
            hide_parameters: false,
            isolation_level: None,
        }
    }

    /// How many connections the pool keeps; 5 by default.
    #[must_use]
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool.size = connections as usize;
        self
    }

    /// How many more it opens when all are out, and closes when they come back; 10 by default.
    #[must_use]
    pub fn max_overflow(mut self, connections: u32) -> Self {
        self.pool.max_overflow = Some(connections as usize);
        self
    }

    /// How long to wait for a connection; 30 seconds by default.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool.timeout = timeout;
        self
    }

    /// The age at which a connection is replaced when it is next lent; none by default.
    #[must_use]
    pub fn pool_recycle(mut self, age: Duration) -> Self {
        self.pool.recycle = Some(age);
        self
    }

    /// Whether a connection is asked for a sign of life before it is lent; off by default.
    #[must_use]
    pub fn pool_pre_ping(mut self, ping: bool) -> Self {
        self.pool.pre_ping = ping;
        self
    }

    /// Which kind of pool; [`PoolClass::Queue`] by default.
    #[must_use]
    pub fn pool_class(mut self, class: PoolClass) -> Self {
        self.class = class;
        self
    }

    /// Whether statements, their parameters and durations are logged through `tracing` at level INFO; off by default.
    #[must_use]
    pub fn echo(mut self, echo: bool) -> Self {
        self.echo = echo;
        self
    }

    /// Whether parameters stay out of logs and errors; off by default.
    #[must_use]
    pub fn hide_parameters(mut self, hide: bool) -> Self {
        self.hide_parameters = hide;
        self
    }

    /// How far transactions are kept apart; the database's default by default. SQLite is always serializable.
    #[must_use]
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.isolation_level = Some(level);
        self
    }

    /// Makes the engine. It connects to nothing.
    ///
    /// # Errors
    ///
    /// Fails when the URL cannot be parsed, when this build has no driver for it, or when a setting makes no sense for it.
    pub fn build(self) -> Result<Engine> {
        let url = Url::parse(&self.url)?;
        let class = match self.class {
            PoolClass::Queue => pool::Class::Queue,
            PoolClass::Null => pool::Class::Null,
            PoolClass::Static => pool::Class::Static,
            PoolClass::Assertion => pool::Class::Assertion,
            PoolClass::Singleton => pool::Class::Singleton,
        };
        if let Some(level) = self.isolation_level
            && url.dialect == Dialect::Sqlite
            && !matches!(level, IsolationLevel::Serializable | IsolationLevel::Autocommit)
        {
            return Err(unsupported(&format!("isolation level `{level:?}` on dialect {}", url.dialect)));
        }
        let connector = Connector::new(&url, class == pool::Class::Static)?;
        let dialect = url.dialect;
        let shared = Shared {
            url,
            dialect,
            pool: pool::Pool::new(connector, pool::Options { class, ..self.pool }),
            cache: StatementCache::default(),
            echo: self.echo,
            hide_parameters: self.hide_parameters,
            isolation_level: self.isolation_level,
            statements: AtomicU64::new(0),
        };
        Ok(Engine { shared: Arc::new(shared) })
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{what} is not supported"))
}
