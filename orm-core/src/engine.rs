//! Where the data is: [`Engine`], a URL with a dialect and a pool, connected lazily.
//!
//! In: statements from the executors. Out: rows, through a driver's connection that the pool lends.

mod builder;
mod cache;
mod config;
mod connect;
mod connection;
mod draws;
mod events;
mod execute;
mod executor;
pub(crate) mod log;
mod options;
mod plugin;
mod pool;
mod record;
mod result;
mod schemas;
mod stream;
mod test_transaction;
mod transaction;
mod url;

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

pub use builder::{EngineBuilder, IsolationLevel, PoolClass};
pub(crate) use cache::StatementCache;
use connect::{Connector, Guard, Loan};
pub(crate) use connection::unless_lost;
pub use connection::{Connection, Savepoint, Transaction, WithOptions};
pub(crate) use draws::Draw;
use draws::Draws;
use events::OnStatement;
pub use events::StatementEvent;
pub(crate) use execute::OnRow;
pub use executor::{Exec, Executor, Handles, Mode, Out, PlanLine, Reader, Request, Values};
use log::Server;
pub use options::ExecutionOptions;
pub use orm_pool::pool::ResetOnReturn;
pub use plugin::Plugin;
pub use pool::{ConnectionInfo, Pool, PoolStatus, PooledConnection};
pub use record::{Record, RecordIndex};
pub use result::{Executable, Parameter, Parameters, ResultSet};
pub(crate) use schemas::SchemaMap;
pub use stream::RowStream;
pub(crate) use stream::{Chunk, Source};
use test_transaction::TestTransaction;
pub use transaction::{Work, WorkOnce};
pub use url::Url;

use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::opaque::Opaque;
use crate::session::Spare;

/// A database: its URL, its dialect, and a pool of connections that are opened when they are first needed.
///
/// It is cheap to clone; all clones share one pool. SQLAlchemy's `Engine`.
///
/// ```
/// # use orm_core::{Engine, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// let engine = Engine::new("sqlite::memory:")?; // parses, connects to nothing
/// assert_eq!(text("SELECT 40 + 2").columns::<i64>().one(&engine).await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Opaque<Shared>,
    pub(crate) options: Arc<ExecutionOptions>,
    /// Whether statements run as they are: no option is set, and nobody hears of them.
    is_plain: bool,
    /// Whether statements are compiled as they are, and kept.
    compiles_as_usual: bool,
}

/// What all clones of an engine have in common.
pub(crate) struct Shared {
    pub(crate) url: Url,
    pub(crate) dialect: Dialect,
    pub(crate) pool: orm_pool::pool::Pool<Connector>,
    pub(crate) cache: StatementCache,
    /// The statements in which schemas are others, apart so that the rest has to do nothing about it.
    pub(crate) translated: StatementCache,
    server: Server,
    pub(crate) echo: bool,
    /// Who listens to statements.
    listeners: Vec<OnStatement>,
    pub(crate) hide_parameters: bool,
    /// Whether a server is told of a transaction only when something needs it.
    lazy_begin: bool,
    /// Set if all that it does is one transaction, which is never committed.
    test: Option<TestTransaction>,
    /// Which columns of its tables draw their keys from a sequence.
    pub(crate) draws: Draws,
    /// What its sessions leave to each other.
    pub(crate) spare: Arc<Spare>,
}

impl Shared {
    /// Returns whether anybody is told of statements.
    fn is_heard(&self) -> bool {
        self.echo || !self.listeners.is_empty()
    }
}

impl Engine {
    /// Makes an engine of a URL, with default settings. It connects to nothing.
    ///
    /// `dialect://user:password@host:port/dbname?key=value`; for SQLite `sqlite::memory:`, `sqlite:///relative.db` and
    /// `sqlite:////absolute.db`.
    ///
    /// # Errors
    ///
    /// Fails when the URL cannot be parsed, or names a database that this build does not support.
    pub fn new(url: &str) -> Result<Engine> {
        Engine::builder(url).build()
    }

    /// Starts an engine with settings of its own.
    pub fn builder(url: &str) -> EngineBuilder {
        EngineBuilder::new(url)
    }

    fn with(shared: Opaque<Shared>, options: ExecutionOptions) -> Engine {
        let is_plain = options.are_plain() && !shared.is_heard() && shared.test.is_none();
        let compiles_as_usual = options.compile_as_usual();
        Engine { shared, options: Arc::new(options), is_plain, compiles_as_usual }
    }

    /// Returns the URL; printing it does not show the password.
    pub fn url(&self) -> &Url {
        &self.shared.url
    }

    /// Returns the kind of database.
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// Lends a connection from the pool.
    ///
    /// Its first statement begins a transaction, which [`commit`](Connection::commit) ends; what is not committed when it
    /// is dropped is rolled back, with a warning if it wrote.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut connection = engine.connect().await?;
    /// insert(User).values(User { id: 0, name: "ed".into() }).execute(&mut connection).await?;
    /// connection.commit().await?; // what is not committed is rolled back
    /// assert_eq!(select(User).count(&engine).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when no connection can be opened, or none became free in time.
    #[track_caller]
    pub fn connect(&self) -> impl Future<Output = Result<Connection>> + Send {
        self.connect_from(Location::caller())
    }

    /// Lends a connection of which the pool remembers another place than the one that asks.
    pub(crate) async fn connect_from(&self, place: &'static Location<'static>) -> Result<Connection> {
        Ok(Connection::new(self.clone(), self.acquire(place).await?))
    }

    /// Lends a connection and begins a transaction on it; dropping it rolls back.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut transaction = engine.begin().await?;
    /// insert(User).values(User { id: 0, name: "ed".into() }).execute(&mut transaction).await?;
    /// transaction.commit().await?;
    /// assert_eq!(select(User).count(&engine).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    #[track_caller]
    pub fn begin(&self) -> impl Future<Output = Result<Transaction>> + Send {
        let connection = self.connect();
        async move {
            let mut connection = connection.await?;
            connection.begin().await?;
            Ok(Transaction::new(connection))
        }
    }

    /// Returns an engine over the same pool and the same compiled statements, with these options on top of its own.
    ///
    /// [`ExecutionOptions`] shows it. An isolation level that the database does not have is told when it is to begin a
    /// transaction.
    #[must_use]
    pub fn execution_options(&self, options: ExecutionOptions) -> Engine {
        Engine::with(self.shared.clone(), self.options.and(&options))
    }

    /// Returns how its statements are run.
    pub fn get_execution_options(&self) -> &ExecutionOptions {
        &self.options
    }

    /// Forgets the compiled statements.
    pub fn clear_compiled_cache(&self) {
        self.shared.cache.clear();
        self.shared.translated.clear();
    }

    /// Returns how far its transactions are kept apart, unless the database's own default is meant.
    pub(crate) fn isolation_level(&self) -> Option<IsolationLevel> {
        self.options.isolation_level
    }

    /// Returns whether a single statement has to run in a transaction that is begun by words, since these say how.
    fn needs_transaction(&self) -> bool {
        let options = &*self.options;
        let has_level = options.isolation_level.is_some() && self.dialect() != Dialect::Sqlite;
        let has_timeout = options.statement_timeout().is_some() && self.dialect() != Dialect::Sqlite;
        has_level || has_timeout || options.is_read_only() || self.is_of_test()
    }

    /// Returns whether all that it does is one transaction, which is never committed.
    pub(crate) fn is_of_test(&self) -> bool {
        self.shared.test.is_some()
    }

    /// Closes the connections that are idle; those that are lent out close when they come back.
    ///
    /// The engine can be used again, and opens new ones: SQLAlchemy's `dispose`, which puts a new pool in the place of the
    /// old. It is for the end of a program, and for after a fork or a change of the server's address.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::new("sqlite::memory:")?;
    /// text("SELECT 1").columns::<i64>().one(&engine).await?;
    /// engine.dispose().await;
    /// assert_eq!(engine.pool().status().idle, 0);
    /// assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await?, 1); // connects again
    /// # Ok(())
    /// # }
    /// ```
    pub async fn dispose(&self) {
        self.shared.pool.dispose().await;
    }

    /// Returns how many statements have been sent since the engine was made, those that begin and end transactions not
    /// counted.
    ///
    /// A multi-row INSERT is one; a test can assert what a piece of code costs.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let before = engine.statement_count();
    /// select(User).all(&engine).await?;
    /// assert_eq!(engine.statement_count() - before, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn statement_count(&self) -> u64 {
        self.shared.cache.counted() + self.shared.translated.counted()
    }

    /// Returns which schemas are others, if some are.
    ///
    /// # Errors
    ///
    /// Fails when one of them has an empty name.
    pub(crate) fn schemas(&self) -> Result<Option<&SchemaMap>> {
        let schemas = self.options.schemas();
        schemas.map_or(Ok(()), SchemaMap::check)?;
        Ok(schemas)
    }

    /// Returns whether two names are of one engine.
    pub(crate) fn is(&self, other: &Engine) -> bool {
        self.shared.is(&other.shared)
    }

    /// Returns where its sessions leave memory to each other.
    pub(crate) fn spare(&self) -> &Arc<Spare> {
        &self.shared.spare
    }

    /// Lends a driver's connection that is idle and needs nothing to be done first.
    #[inline]
    fn acquire_now(&self, place: &'static Location<'static>) -> Option<Loan<'_>> {
        self.shared.pool.acquire_now_at(place)
    }

    /// Lends a driver's connection; the pool remembers the place that asks.
    pub(crate) async fn acquire(&self, place: &'static Location<'static>) -> Result<Guard> {
        self.shared.pool.acquire_at(place).await.map_err(Error::from_pool)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.shared.url)
    }
}
