//! How statements are run: [`ExecutionOptions`], which an engine, a connection and a single call may each set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::IsolationLevel;
use super::schemas::SchemaMap;

/// How statements are run. What is not set here is taken from the level above: the call, the connection, the engine.
///
/// SQLAlchemy's `execution_options`.
///
/// ```
/// # use std::time::Duration;
/// # use orm_core::{Engine, ExecutionOptions, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// let engine = Engine::builder("sqlite::memory:")
///     .execution_options(ExecutionOptions::new().timeout(Duration::from_secs(10)))
///     .build()?;
/// // The same pool, with other options.
/// let reports = engine.execution_options(ExecutionOptions::new().read_only(true).max_rows(100_000));
/// let error = text("CREATE TABLE t (a INTEGER)").execute(&reports).await.unwrap_err();
/// assert_eq!(error.message(), "attempt to write a readonly database");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct ExecutionOptions {
    pub(crate) isolation_level: Option<IsolationLevel>,
    pub(crate) read_only: Option<bool>,
    pub(crate) stream_results: Option<bool>,
    pub(crate) yield_per: Option<usize>,
    pub(crate) max_rows: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) compiled_cache: Option<bool>,
    pub(crate) logging_token: Option<Arc<str>>,
    pub(crate) schema_translate_map: Option<SchemaMap>,
}

impl ExecutionOptions {
    /// Returns options that set nothing.
    pub fn new() -> Self {
        ExecutionOptions::default()
    }

    /// How far transactions are kept apart. It counts for transactions that begin afterwards.
    #[must_use]
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.isolation_level = Some(level);
        self
    }

    /// Whether transactions may only read. It counts for transactions that begin afterwards.
    ///
    /// PostgreSQL and MySQL begin them with `READ ONLY`; SQLite refuses writes by `PRAGMA query_only`.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }

    /// Whether [`yield_per`](crate::Select::yield_per) reads through a cursor of the database; it does by default.
    ///
    /// Without, it asks for one page after the other by LIMIT and OFFSET, which needs nothing to stay open between them.
    #[must_use]
    pub fn stream_results(mut self, stream: bool) -> Self {
        self.stream_results = Some(stream);
        self
    }

    /// How many rows a [`stream`](crate::Connection::stream) has in memory at most; 1,000 by default, at least 1.
    #[must_use]
    pub fn yield_per(mut self, rows: usize) -> Self {
        self.yield_per = Some(rows.max(1));
        self
    }

    /// The most rows that a query may give, streams excepted. One that gives more is an error, never a part of the answer.
    #[must_use]
    pub fn max_rows(mut self, rows: u64) -> Self {
        self.max_rows = Some(rows);
        self
    }

    /// How long one statement may run in the database, in steps of a millisecond; zero is no limit.
    ///
    /// PostgreSQL is told by `statement_timeout`, MariaDB by `max_statement_time`, MySQL by `max_execution_time`, which
    /// counts for SELECT alone: there `innodb_lock_wait_timeout`, in whole seconds, is how long a write waits for a lock. SQLite is
    /// interrupted. The wait for a lock counts on PostgreSQL and MariaDB, and for a connection nowhere.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Whether the text of a statement is kept, by the engine and prepared by the database; it is by default.
    ///
    /// Switch it off for statements whose structure hardly ever comes back.
    #[must_use]
    pub fn compiled_cache(mut self, keep: bool) -> Self {
        self.compiled_cache = Some(keep);
        self
    }

    /// A word that marks what an echoing engine says, as `[word] SELECT …`.
    #[must_use]
    pub fn logging_token(mut self, token: &str) -> Self {
        self.logging_token = Some(token.into());
        self
    }

    /// Under which schema the tables of a schema stand, so that one set of models serves many tenants. `None` stands for
    /// tables that say no schema, and for the default schema where one is to have none.
    ///
    /// A schema is that of PostgreSQL, a database of MySQL and MariaDB, an attached database of SQLite. What is not named
    /// here stays what it is. It holds for all that is written of a table's schema: statements, those of a session, and the
    /// DDL of [`create_all`](crate::MetaData::create_all), for sequences, and for types of labels and domains, which have
    /// a schema of their own: one that says none is where `None` leads, whatever the table says. SQL that is given as text is
    /// left as it stands, and so are a [`table`](crate::table) of which only names are known, what is reflected, and
    /// [operations](crate::schema::Operation) that change tables.
    ///
    /// Another map takes the place of this one as a whole. A session keeps to one map: to its identity map two tenants' rows
    /// of a model with equal keys are one object. Each map has compiled statements of its own; see
    /// [`query_cache_size`](crate::EngineBuilder::query_cache_size).
    ///
    /// ```
    /// # use orm_core::{Engine, ExecutionOptions, Model, PoolClass, Session, metadata, select, text};
    /// #[derive(Clone, Debug, orm_derive::Model)]
    /// #[orm(table = "users", metadata = none)]
    /// struct User {
    ///     #[orm(primary_key)]
    ///     id: i64,
    ///     name: String,
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::builder("sqlite::memory:").pool_class(PoolClass::Static).build()?;
    /// text("ATTACH ':memory:' AS tenant_7").execute(&engine).await?;
    /// let tenant = engine.execution_options(ExecutionOptions::new().schema_translate_map([(None, "tenant_7")]));
    /// metadata![User].create_all(&tenant).await?; // CREATE TABLE tenant_7.users
    ///
    /// let mut session = Session::new(&tenant);
    /// session.add(User::builder().name("ed")); // INSERT INTO tenant_7.users
    /// session.commit().await?;
    /// assert_eq!(select(User).count(&tenant).await?, 1);
    /// let sql = "SELECT name FROM tenant_7.users"; // text is left as it stands
    /// assert_eq!(text(sql).columns::<String>().all(&engine).await?, ["ed"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// An empty name is told by whatever is run with the options.
    #[must_use]
    pub fn schema_translate_map<'a, V: Into<Option<&'a str>>>(
        mut self,
        map: impl IntoIterator<Item = (Option<&'a str>, V)>,
    ) -> Self {
        self.schema_translate_map = Some(SchemaMap::new(map));
        self
    }

    /// Returns these options with what the others set on top.
    pub(crate) fn and(&self, over: &ExecutionOptions) -> ExecutionOptions {
        ExecutionOptions {
            isolation_level: over.isolation_level.or(self.isolation_level),
            read_only: over.read_only.or(self.read_only),
            stream_results: over.stream_results.or(self.stream_results),
            yield_per: over.yield_per.or(self.yield_per),
            max_rows: over.max_rows.or(self.max_rows),
            timeout: over.timeout.or(self.timeout),
            compiled_cache: over.compiled_cache.or(self.compiled_cache),
            logging_token: over.logging_token.clone().or_else(|| self.logging_token.clone()),
            schema_translate_map: over.schema_translate_map.clone().or_else(|| self.schema_translate_map.clone()),
        }
    }

    /// Returns whether a statement is run as it is, once it is compiled: nothing but the schemas in it is set.
    pub(super) fn are_plain(&self) -> bool {
        let schema_translate_map = self.schema_translate_map.clone();
        *self == ExecutionOptions { schema_translate_map, ..ExecutionOptions::default() }
    }

    /// Returns whether statements are compiled as they are and kept.
    pub(super) fn compile_as_usual(&self) -> bool {
        self.compiled_cache != Some(false) && self.schemas().is_none()
    }

    /// Returns which schemas are others, if some are.
    pub(crate) fn schemas(&self) -> Option<&SchemaMap> {
        self.schema_translate_map.as_ref().filter(|map| !map.is_empty())
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only == Some(true)
    }

    /// Returns the limit for a statement; a part of a millisecond is a whole one, since zero would be none.
    pub(crate) fn statement_timeout(&self) -> Option<Duration> {
        let limit = self.timeout.filter(|limit| !limit.is_zero())?;
        Some(Duration::from_millis(limit.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as u64))
    }

    /// Returns how many rows a stream has in memory.
    pub(crate) fn stream_buffer(&self) -> usize {
        self.yield_per.unwrap_or(1_000)
    }
}

impl fmt::Debug for ExecutionOptions {
    /// Writes what is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ExecutionOptions");
        macro_rules! fields {
            ($($name:ident),*) => { $( if let Some(value) = &self.$name { shown.field(stringify!($name), value); } )* };
        }
        fields!(
            isolation_level,
            read_only,
            stream_results,
            yield_per,
            max_rows,
            timeout,
            compiled_cache,
            logging_token,
            schema_translate_map
        );
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_nearer_counts() {
        let engine = ExecutionOptions::new().yield_per(10).max_rows(5).read_only(true);
        let call = ExecutionOptions::new().yield_per(0).read_only(false);
        let both = engine.and(&call);
        assert_eq!((both.stream_buffer(), both.max_rows, both.is_read_only()), (1, Some(5), false));
        assert_eq!(format!("{both:?}"), "ExecutionOptions { read_only: false, yield_per: 1, max_rows: 5 }");
    }

    #[test]
    fn a_map_takes_the_place_of_another_as_a_whole() {
        let engine = ExecutionOptions::new().schema_translate_map([(None, "a"), (Some("shared"), "common")]);
        let call = ExecutionOptions::new().schema_translate_map([(None, "b")]);
        let both = engine.and(&call);
        assert_eq!(format!("{both:?}"), r#"ExecutionOptions { schema_translate_map: {None: Some("b")} }"#);
        assert_eq!(engine.and(&ExecutionOptions::new()), engine);
        assert!(both.are_plain() && !both.compile_as_usual());
        let none = both.and(&ExecutionOptions::new().schema_translate_map([(None, ""); 0]));
        assert!(none.are_plain() && none.compile_as_usual());
    }

    #[test]
    fn a_timeout_is_never_rounded_to_none() {
        let of = |limit| ExecutionOptions::new().timeout(limit).statement_timeout();
        assert_eq!(of(Duration::from_micros(1)), Some(Duration::from_millis(1)));
        assert_eq!(of(Duration::from_micros(1_500)), Some(Duration::from_millis(2)));
        assert_eq!(of(Duration::ZERO), None);
        assert_eq!(of(Duration::MAX), Some(Duration::from_millis(i32::MAX as u64)));
    }
}
