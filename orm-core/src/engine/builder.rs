//! Settings of an engine, as SQLAlchemy's `create_engine` takes them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orm_pool::pool::{self, ResetOnReturn};

use super::connect::{Connector, Creator};
use super::draws::Draws;
use super::events::{OnStatement, StatementEvent};
use super::log::Server;
use super::{Engine, ExecutionOptions, Plugin, SchemaMap, Shared, StatementCache, Url, config};
use crate::compile::Lint;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::opaque::Opaque;

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

    /// Reads the words of SQL in any case, with spaces, underscores or hyphens, or `AUTOCOMMIT`.
    pub(super) fn from_words(words: &str) -> Option<IsolationLevel> {
        let words = words.to_ascii_uppercase().replace(['_', '-'], " ");
        if words == "AUTOCOMMIT" {
            return Some(IsolationLevel::Autocommit);
        }
        let levels = [
            IsolationLevel::ReadUncommitted,
            IsolationLevel::ReadCommitted,
            IsolationLevel::RepeatableRead,
            IsolationLevel::Serializable,
        ];
        levels.into_iter().find(|level| level.words() == Some(&words))
    }

    /// Fails if a database does not have it.
    pub(super) fn check(self, dialect: Dialect) -> Result<()> {
        if dialect != Dialect::Sqlite || matches!(self, IsolationLevel::Serializable | IsolationLevel::Autocommit) {
            return Ok(());
        }
        let name = self.words().unwrap_or("AUTOCOMMIT");
        let message = format!("dialect {dialect} has no isolation level `{name}`");
        Err(Error::new(ErrorKind::Argument, message).hint("it has `SERIALIZABLE` and `AUTOCOMMIT`"))
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
#[derive(Clone)]
pub struct EngineBuilder {
    url: String,
    connect_args: Vec<(String, String)>,
    creator: Option<Creator>,
    plugins: Vec<Arc<dyn Plugin>>,
    pool: pool::Options,
    pub(super) class: PoolClass,
    pub(super) is_test: bool,
    echo: bool,
    listeners: Vec<OnStatement>,
    hide_parameters: bool,
    lazy_begin: bool,
    lint: Lint,
    query_cache_size: usize,
    options: ExecutionOptions,
}

impl fmt::Debug for EngineBuilder {
    /// Writes the settings, with the URL only if it can be shown without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("url", &self.url().ok())
            .field("pool", &self.pool)
            .field("class", &self.class)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl EngineBuilder {
    pub(super) fn new(url: &str) -> Self {
        EngineBuilder {
            url: url.to_owned(),
            connect_args: Vec::new(),
            creator: None,
            plugins: Vec::new(),
            pool: pool::Options::default(),
            class: PoolClass::Queue,
            is_test: false,
            echo: false,
            listeners: Vec::new(),
            hide_parameters: false,
            lazy_begin: true,
            lint: Lint::Warn,
            query_cache_size: 500,
            options: ExecutionOptions::new(),
        }
    }

    /// Returns the URL, parsed.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be parsed.
    pub fn url(&self) -> Result<Url> {
        let url = Url::parse(&self.url)?;
        Ok(self.connect_args.iter().fold(url, |url, (key, value)| url.with_query(key, value)))
    }

    /// Replaces the URL, and with it what [`connect_arg`](Self::connect_arg) has added to the one before.
    #[must_use]
    pub fn with_url(mut self, url: Url) -> Self {
        self.url = url.render(false);
        self.connect_args.clear();
        self
    }

    /// Tells the driver something about each connection, as a key after the `?` of the URL does: which keys there are
    /// depends on the database, and an unknown one is an error of [`build`](Self::build) that lists them.
    ///
    /// ```
    /// # use orm_core::Engine;
    /// let engine = Engine::builder("sqlite:///shop.db").connect_arg("busy_timeout", 2_000).build()?;
    /// assert_eq!(engine.url().to_string(), "sqlite:///shop.db?busy_timeout=2000");
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    #[must_use]
    pub fn connect_arg(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.connect_args.push((key.to_owned(), value.to_string()));
        self
    }

    /// Asks this function for the URL whenever a connection is opened, as for a password that changes.
    ///
    /// It gets the engine's URL and returns the one to connect to, which must be of the same dialect. It may wait; whoever
    /// wants a connection waits with it, for as long as it takes.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Url};
    /// # async fn new_token() -> Result<String, std::io::Error> { Ok("t".into()) }
    /// # #[cfg(feature = "postgres")] {
    /// let engine = Engine::builder("postgresql://web@db.example.org/shop")
    ///     .creator(async |url: Url| {
    ///         let token = new_token().await.map_err(Error::other)?;
    ///         Ok(url.with_password(token))
    ///     })
    ///     .build()?;
    /// # }
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn creator<F, Fut>(mut self, creator: F) -> Self
    where
        F: Fn(Url) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Url>> + Send + 'static,
    {
        self.creator = Some(Creator::new(creator));
        self
    }

    /// Adds a plugin, which may change the settings when the engine is made.
    #[must_use]
    pub fn plugin(mut self, plugin: impl Plugin + 'static) -> Self {
        self.plugins.push(Arc::new(plugin));
        self
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

    /// Opens as many more as are needed.
    #[must_use]
    pub fn unlimited_overflow(mut self) -> Self {
        self.pool.max_overflow = None;
        self
    }

    /// Whether the connection that came back last is lent first, so that those which are not needed go idle and the
    /// server may end them; on by default. SQLAlchemy's `pool_use_lifo`.
    #[must_use]
    pub fn pool_use_lifo(mut self, lifo: bool) -> Self {
        self.pool.lifo = lifo;
        self
    }

    /// What becomes of a transaction that is open when a connection comes back; it is rolled back by default.
    ///
    /// What a [`Connection`](crate::Connection) has begun by itself and not committed is rolled back in any case: this is
    /// about what was begun by SQL text.
    #[must_use]
    pub fn pool_reset_on_return(mut self, reset: ResetOnReturn) -> Self {
        self.pool.reset_on_return = reset;
        self
    }

    /// Whether the pool remembers which calls led to each checkout, for the error that says that no connection became
    /// free; off by default, since it takes some microseconds each time.
    #[must_use]
    pub fn pool_trace(mut self, trace: bool) -> Self {
        self.pool.trace = trace;
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

    /// Whether a server is told of a session's transaction only when something needs it; on by default.
    ///
    /// No server is told of one that only reads, at READ COMMITTED, which is PostgreSQL's default; nor of one whose writing is one
    /// statement. Off, the first statement begins and a commit ends, whatever they are: where a view, a policy or an operator calls
    /// a function that writes, or where a monitor counts transactions.
    ///
    /// ```
    /// # use orm_core::Engine;
    /// # fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::builder("sqlite::memory:").lazy_begin(false).build()?;
    /// # let _ = engine;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lazy_begin(mut self, lazy: bool) -> Self {
        self.lazy_begin = lazy;
        self
    }

    /// Whether statements, their parameters and durations are logged through `tracing` at level INFO; off by default.
    #[must_use]
    pub fn echo(mut self, echo: bool) -> Self {
        self.echo = echo;
        self
    }

    /// Tells a listener of each statement when it has run: for metrics, and for a log of what is slow. SQLAlchemy's
    /// `after_cursor_execute`, which may look and change nothing.
    ///
    /// It hears of all statements of the engine, those of sessions, relationships and flushes among them, and of the words
    /// that begin and end transactions and savepoints; not of what the pool asks of connections, and not of a statement whose future
    /// is dropped. It is called while the connection is held, so it had better be quick. Where nobody listens nothing is
    /// measured.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use std::time::Duration;
    /// # use orm_core::{Engine, Error, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// // How many statements have taken less than 1 ms, 10 ms, 100 ms, and more.
    /// let histogram: Arc<Mutex<[u64; 4]>> = Arc::default();
    /// let counts = histogram.clone();
    /// let engine = Engine::builder("sqlite::memory:")
    ///     .on_statement(move |event| {
    ///         let place = [1, 10, 100].iter().filter(|limit| event.duration().as_millis() >= **limit).count();
    ///         counts.lock().unwrap()[place] += 1;
    ///     })
    ///     .on_statement(|event| {
    ///         if event.duration() > Duration::from_millis(200) {
    ///             tracing::warn!(rows = event.rows(), failed = event.error().is_some(), "slow: {}", event.sql());
    ///         }
    ///     })
    ///     .build()?;
    /// text("SELECT 1").columns::<i64>().one(&engine).await?;
    /// assert_eq!(histogram.lock().unwrap().iter().sum::<u64>(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_statement(mut self, listener: impl Fn(&StatementEvent<'_>) + Send + Sync + 'static) -> Self {
        self.listeners.push(Arc::new(listener));
        self
    }

    /// Whether parameters stay out of logs and errors; off by default.
    #[must_use]
    pub fn hide_parameters(mut self, hide: bool) -> Self {
        self.hide_parameters = hide;
        self
    }

    /// Whether a SELECT whose tables no condition connects is warned of; on by default.
    #[must_use]
    pub fn enable_from_linting(self, enable: bool) -> Self {
        self.from_linting(if enable { Lint::Warn } else { Lint::Off })
    }

    /// What is done about a SELECT whose tables no condition connects; it is warned of by default.
    #[must_use]
    pub fn from_linting(mut self, lint: Lint) -> Self {
        self.lint = lint;
        self
    }

    /// How far transactions are kept apart; the database's default by default. SQLite is always serializable.
    #[must_use]
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.options.isolation_level = Some(level);
        self
    }

    /// How the engine's statements are run, unless a connection or a call says otherwise.
    #[must_use]
    pub fn execution_options(mut self, options: ExecutionOptions) -> Self {
        self.options = self.options.and(&options);
        self
    }

    /// How many compiled statements the engine keeps; 500 by default, 0 for none.
    ///
    /// It lets half as many more in before it lets go of those that were not used for the longest time. As many more are kept
    /// of those that a [`schema_translate_map`](ExecutionOptions::schema_translate_map) is for, each map's own: many tenants need
    /// a larger number.
    #[must_use]
    pub fn query_cache_size(mut self, statements: usize) -> Self {
        self.query_cache_size = statements;
        self
    }

    /// Makes the engine. It connects to nothing.
    ///
    /// # Errors
    ///
    /// Fails when the URL cannot be parsed, when this build has no driver for it, or when a setting makes no sense for it.
    pub fn build(mut self) -> Result<Engine> {
        let plugins = std::mem::take(&mut self.plugins);
        let settings = plugins.iter().try_fold(self, |settings, plugin| plugin.configure(settings))?;
        let engine = settings.build_as_it_is()?;
        plugins.iter().for_each(|plugin| plugin.engine_created(&engine));
        Ok(engine)
    }

    fn build_as_it_is(self) -> Result<Engine> {
        let url = self.url()?;
        let (test, class) = self.test()?;
        let class = match class {
            PoolClass::Queue => pool::Class::Queue,
            PoolClass::Null => pool::Class::Null,
            PoolClass::Static => pool::Class::Static,
            PoolClass::Assertion => pool::Class::Assertion,
            PoolClass::Singleton => pool::Class::Singleton,
        };
        let dialect = url.dialect;
        self.options.isolation_level.map_or(Ok(()), |level| level.check(dialect))?;
        self.options.schemas().map_or(Ok(()), SchemaMap::check)?;
        let connector = Connector::new(&url, class == pool::Class::Static, self.creator, test.is_some())?;
        // The one connection that a test has is not to be replaced.
        let recycle = self.pool.recycle.filter(|_| test.is_none());
        let shared = Shared {
            server: Server::of(&url),
            url,
            dialect,
            pool: pool::Pool::new(connector, pool::Options { class, recycle, ..self.pool }),
            cache: StatementCache::new(self.query_cache_size, self.lint),
            translated: StatementCache::new(self.query_cache_size, self.lint),
            echo: self.echo,
            listeners: self.listeners,
            hide_parameters: self.hide_parameters,
            lazy_begin: self.lazy_begin,
            test,
            draws: Draws::default(),
            spare: Arc::default(),
        };
        Ok(Engine::with(Opaque::new(shared), self.options))
    }
}

impl Engine {
    /// Makes an engine of settings as words, as a file or the environment gives them: SQLAlchemy's `engine_from_config`.
    ///
    /// The keys are those of [`EngineBuilder`] behind a prefix, `url` among them, and `connect_args.` with a key of the
    /// URL. Keys without the prefix are left alone.
    ///
    /// ```
    /// # use orm_core::Engine;
    /// let config = [("db.url", "sqlite:///shop.db"), ("db.pool_size", "20"), ("db.echo", "no"), ("colour", "red")];
    /// let engine = Engine::from_config(config, "db.")?;
    ///
    /// let error = Engine::from_config([("db.url", "sqlite::memory:"), ("db.pool_sise", "20")], "db.").unwrap_err();
    /// assert_eq!(error.message(), "the configuration has the unknown key `db.pool_sise`");
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when there is no URL, when a key is unknown, which lists the known ones, when a value makes no sense, and as
    /// [`EngineBuilder::build`].
    pub fn from_config<K: AsRef<str>, V: AsRef<str>>(
        config: impl IntoIterator<Item = (K, V)>,
        prefix: &str,
    ) -> Result<Engine> {
        config::read(config, prefix)?.build()
    }
}
