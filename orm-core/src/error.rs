//! The one error of the library: what happened, to what, and a hint.
//!
//! Each constructor stands beside the code that knows the fact; this file holds the type, its kinds and its questions.
//! The distinctions are SQLAlchemy's.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use orm_pool::DatabaseErrorKind;
use orm_pool::Value;

/// Anything that can go wrong.
///
/// One word wide and cheap to clone. Its text says what happened, to what, and then a hint; the SQL follows, with its
/// parameters unless the engine hides them. It has no `From` implementations beside the trivial one, so that `?` infers
/// in closures; wrap an error of your own by [`Error::other`].
///
/// ```
/// # use orm_core::{Engine, Error};
/// let error: Error = Engine::new("oracle://scott@localhost/xe").unwrap_err();
/// assert!(error.to_string().contains("`oracle`"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    sql: Option<Arc<str>>,
    parameters: Option<String>,
    notes: Vec<String>,
    retryable: bool,
    /// Why the database refused the statement, and its own code for that.
    refusal: Option<(DatabaseErrorKind, Arc<str>)>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kind of thing went wrong.
///
/// ```
/// # use orm_core::{Engine, ErrorKind, Model, insert, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let row = || User::builder().name("ed");
/// insert(User).values(row()).execute(&engine).await?;
/// let error = insert(User).values(row()).execute(&engine).await.unwrap_err();
/// match error.kind() {
///     ErrorKind::Integrity { columns, .. } => assert_eq!(columns, &["name"]), // of a unique column
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting, a URL or an argument makes no sense.
    Argument,
    /// A mapper cannot be configured: a foreign key, a relationship or a table does not resolve.
    Configuration,
    /// A statement cannot be rendered, or would give wrong rows.
    Compile,
    /// The call does not fit the state that the session, the object or the connection is in.
    InvalidRequest,
    /// A relationship is read that has not been loaded.
    NotLoaded,
    /// [`one`](crate::Select::one) found no row.
    NoResultFound,
    /// [`one`](crate::Select::one) found more than one row.
    MultipleResultsFound,
    /// No connection became free in time.
    Timeout,
    /// A constraint of the database refused the change.
    Integrity {
        /// Which kind of constraint.
        kind: DatabaseErrorKind,
        /// Its name, where the database gives one.
        constraint: Option<String>,
        /// The table, where the database names it.
        table: Option<String>,
        /// The columns, where the database names them.
        columns: Vec<String>,
    },
    /// The database could not do it now: a lock, a conflict of transactions, a read-only database.
    Operational,
    /// The database does not understand the statement.
    Programming,
    /// A value does not fit the Rust type of its column, or the other way round; or the database cannot take it or compute
    /// with it: too long, out of range, divided by zero.
    Data,
    /// Rows are not as they were when they were read.
    StaleData,
    /// What a flush is to write does not pass the [`validate`](crate::validate()) of its model. Nothing was written, and the
    /// session goes on: what is mended is written by the next flush.
    Validation {
        /// All that is wrong with the objects of the flush.
        violations: Vec<Violation>,
    },
    /// The connection was lost, or could not be opened.
    Disconnected,
    /// The answer to a COMMIT, or to a statement that commits itself, was lost or could not be taken up: it may have happened or not.
    CommitUnknown,
    /// The session's transaction has failed and waits for `rollback()`.
    PendingRollback,
    /// An error of the application, wrapped by [`Error::other`].
    Other,
}

/// What is wrong with an object that is to be written.
///
/// ```
/// # use orm_core::{Model, Violation, validate};
/// fn has_at(email: &str) -> Result<(), &'static str> {
///     if email.contains('@') { Ok(()) } else { Err("has no `@`") }
/// }
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(crate = orm_core)]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(validate = has_at)]
///     email: String,
/// }
///
/// let error = validate(&User { id: 1, email: "ed".into() }).unwrap_err();
/// assert_eq!(error.message(), "`User.email` has no `@`");
/// let violations: &[Violation] = error.violations();
/// assert_eq!((violations[0].field, violations[0].message.as_str()), (Some("email"), "has no `@`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Violation {
    /// The model's name.
    pub model: &'static str,
    /// The name of the field, unless it is about the object as a whole.
    pub field: Option<&'static str>,
    /// What the function said.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { model, field, message } = self;
        match field {
            Some(field) => write!(f, "`{model}.{field}` {message}"),
            None => write!(f, "`{model}` {message}"),
        }
    }
}

/// A result of this library.
///
/// ```
/// use orm_core::{Engine, Result, text};
///
/// async fn answer(engine: &Engine) -> Result<i64> {
///     text("SELECT 40 + 2").columns::<i64>().one(engine).await
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// assert_eq!(answer(&engine).await?, 42);
/// # Ok(())
/// # }
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of this kind with its first line.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Arc::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            sql: None,
            parameters: None,
            notes: Vec::new(),
            retryable: false,
            refusal: None,
            source: None,
        }))
    }

    /// A query that wants a row has found none.
    #[cold]
    pub(crate) fn no_row() -> Self {
        Error::new(ErrorKind::NoResultFound, "no row was found when one was required")
    }

    /// A query has found more rows than it wants: `exactly one`, `one or none`.
    #[cold]
    pub(crate) fn several_rows(wanted: &str) -> Self {
        let message = format!("multiple rows were found when {wanted} was required");
        Error::new(ErrorKind::MultipleResultsFound, message)
    }

    /// Says which query it was that has found too few rows or too many: what its rows are, and where it was run.
    #[cold]
    pub(crate) fn of_query<R>(self, place: &Location<'_>) -> Self {
        let other = match self.is_no_result_found() {
            true => "`one_or_none` gives an `Option`",
            false => "`first` takes the first of them, `all` takes them all",
        };
        let rows = without_paths(std::any::type_name::<R>());
        self.hint(format!("the query of `{rows}` was run at {place}; {other}"))
    }

    /// Wraps an error of the application, so that it can leave a transaction's closure.
    ///
    /// ```
    /// # use orm_core::Error;
    /// let error = Error::other("the till is closed");
    /// assert_eq!(error.to_string(), "the till is closed");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source: Arc<dyn std::error::Error + Send + Sync> = Arc::from(error.into());
        let mut wrapped = Error::new(ErrorKind::Other, source.to_string());
        wrapped.inner().source = Some(source);
        wrapped
    }

    /// Returns the application's error that [`other`](Self::other) wrapped, if it is of this type.
    ///
    /// ```
    /// # use orm_core::Error;
    /// let error = Error::other(std::io::Error::other("the disk is full"));
    /// assert!(error.downcast_ref::<std::io::Error>().is_some());
    /// assert!(error.downcast_ref::<std::fmt::Error>().is_none());
    /// ```
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.source.as_deref().and_then(|source| source.downcast_ref())
    }

    /// Translates an error of the driver or the pool.
    pub(crate) fn from_pool(error: orm_pool::Error) -> Self {
        // That of a listener to the pool's events comes back as it was.
        if let Some(own) = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>()) {
            return own.clone();
        }
        use orm_pool::ErrorKind as Pool;
        let kind = match error.kind() {
            Pool::Configuration => ErrorKind::Argument,
            Pool::Connect | Pool::Disconnected => ErrorKind::Disconnected,
            Pool::Database { kind, constraint, table, columns, .. } => match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::ExclusionViolation => ErrorKind::Integrity {
                    kind: *kind,
                    constraint: constraint.clone(),
                    table: table.clone(),
                    columns: columns.clone(),
                },
                DatabaseErrorKind::Syntax => ErrorKind::Programming,
                DatabaseErrorKind::Data => ErrorKind::Data,
                _ => ErrorKind::Operational,
            },
            Pool::Data => ErrorKind::Data,
            Pool::Timeout { .. } => ErrorKind::Timeout,
            _ => ErrorKind::InvalidRequest,
        };
        let mut own = Error::new(kind, error.message());
        own.inner().retryable = matches!(
            error.database_kind(),
            Some(DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::Deadlock)
        ) || has_lost_statement(&error);
        if let Pool::Database { kind, code, .. } = error.kind() {
            own.inner().refusal = Some((*kind, code.as_str().into()));
        }
        if let Pool::Timeout { .. } = error.kind() {
            own = own.hint(
                "commit, close or drop what holds a connection before another is asked for: in a task that has a session, ask that \
                 session and not the engine",
            );
        }
        if own.is_lock_timeout() {
            own = own.hint("commit or close the session, connection or transaction that holds the lock");
        }
        if is_old_snapshot(&error) {
            let hint = "another transaction has written since this one read: roll back and repeat it, as `engine.transaction` does, \
                        or begin with what writes";
            own = own.hint(hint);
        }
        if is_missing_table(&error) {
            own = own.hint("create the tables by `metadata![…].create_all(&engine)`, or see whether the URL names the right database");
        }
        own.inner().source = Some(Arc::new(error));
        own
    }

    /// Returns whether a foreign key is violated, and the database does not say which, as SQLite does not.
    pub(crate) fn is_unnamed_foreign_key(&self) -> bool {
        use DatabaseErrorKind::ForeignKeyViolation;
        let kind = &self.0.kind;
        matches!(kind, ErrorKind::Integrity { kind: ForeignKeyViolation, constraint: None, .. })
            && self.0.hint.is_none()
    }

    /// Names table and columns of a violated constraint, where the database gives no more than its name.
    pub(crate) fn name_columns(mut self, own: &str, of: impl FnOnce(&str) -> Option<Vec<String>>) -> Self {
        if let ErrorKind::Integrity { constraint: Some(constraint), table, columns, .. } = &self.0.kind
            && columns.is_empty()
            && table.as_deref().is_none_or(|table| table == own)
            && let Some(found) = of(constraint)
            && let ErrorKind::Integrity { table, columns, .. } = &mut self.inner().kind
        {
            *table = Some(own.to_owned());
            *columns = found;
        }
        self
    }

    /// Takes values out of the database's message, which may quote them.
    pub(crate) fn without_values(mut self, values: &[Value]) -> Self {
        let inner = self.inner();
        // PostgreSQL shows keys and rows in the detail.
        let first = inner.message.split("\ndetail: ").next().unwrap_or_default();
        let mut message = match (&inner.kind, first.split_once('\'')) {
            // MySQL shows the key: `Duplicate entry 'a' for key 'email'`.
            (
                ErrorKind::Integrity { kind: DatabaseErrorKind::UniqueViolation, constraint: Some(name), .. },
                Some((words, _)),
            ) => {
                format!("{words}'…' for key '{name}'")
            }
            _ => first.to_owned(),
        };
        let elements = values.iter().flat_map(|value| match value {
            Value::Array(_, elements) => elements.as_slice(),
            alone => std::slice::from_ref(alone),
        });
        for value in elements {
            if let Value::Text(text) = value {
                let quotes = [format!("'{text}'"), format!("\"{text}\"")];
                quotes.iter().for_each(|quoted| message = message.replace(quoted, "'…'"));
            }
        }
        inner.message = message;
        inner.source = None;
        self
    }

    /// Adds what the reader can do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.inner().hint = Some(hint.into());
        self
    }

    /// Adds the statement that failed, unless one is known already.
    pub(crate) fn sql(mut self, sql: &Arc<str>) -> Self {
        if self.0.sql.is_none() {
            self.inner().sql = Some(sql.clone());
        }
        self
    }

    /// Adds the statement's parameters, or says that they are hidden.
    pub(crate) fn parameters(mut self, values: &[Value], hide: bool) -> Self {
        if self.0.parameters.is_none() {
            self.inner().parameters = Some(if hide {
                "hidden, since `hide_parameters` is set".to_owned()
            } else {
                crate::engine::log::parameters(values)
            });
        }
        self
    }

    /// Says what is wrong with objects that are to be written.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let message = violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; ");
        Error::new(ErrorKind::Validation { violations }, message)
    }

    /// Adds a line in parentheses, such as that autoflush raised it.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.inner().notes.push(note.into());
        self
    }

    /// Returns whether a statement has named a table that the database does not have.
    pub(crate) fn is_missing_table(&self) -> bool {
        let source = self.0.source.as_deref().and_then(|source| source.downcast_ref::<orm_pool::Error>());
        source.is_some_and(is_missing_table)
    }

    /// Says where it happened, before its first line.
    pub(crate) fn within(mut self, place: &str) -> Self {
        let inner = self.inner();
        inner.message = format!("{place}: {}", inner.message);
        self
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// Returns what kind of thing went wrong.
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
    /// let error = text("SELECT nothing").execute(&engine).await.unwrap_err();
    /// assert_eq!(*error.kind(), orm_core::ErrorKind::Programming);
    /// # Ok(())
    /// # }
    /// ```
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the first line alone: what happened, to what.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let error = text("SELECT nobody").execute(&engine).await.unwrap_err();
    /// assert_eq!(error.message(), "no such column: nobody");
    /// assert_eq!(error.statement(), Some("SELECT nobody"));
    /// assert_eq!(error.to_string(), "no such column: nobody\n[SQL: SELECT nobody]\n[parameters: ()]");
    /// # Ok(())
    /// # }
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the SQL of the statement that failed, if it came that far: all of it, where the error's text shows of a very long one
    /// the beginning and the end.
    pub fn statement(&self) -> Option<&str> {
        self.0.sql.as_deref()
    }

    /// Returns whether a unique or primary key constraint refused the change.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, insert, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// # insert(User).values(User::builder().name("ed")).execute(&engine).await?;
    /// let told = match insert(User).values(User::builder().name("ed")).execute(&engine).await {
    ///     Err(error) if error.is_unique_violation() => format!("this {} is taken", error.columns().join(" and ")),
    ///     done => format!("inserted {} rows", done?),
    /// };
    /// assert_eq!(told, "this name is taken");
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_unique_violation(&self) -> bool {
        self.is_violation(DatabaseErrorKind::UniqueViolation)
    }

    /// Returns whether a foreign key refused the change.
    pub fn is_foreign_key_violation(&self) -> bool {
        self.is_violation(DatabaseErrorKind::ForeignKeyViolation)
    }

    /// Returns whether a NOT NULL column refused the change.
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
    /// let error = text("INSERT INTO users (name) VALUES (NULL)").execute(&engine).await.unwrap_err();
    /// assert!(error.is_not_null_violation());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_not_null_violation(&self) -> bool {
        self.is_violation(DatabaseErrorKind::NotNullViolation)
    }

    /// Returns whether a check constraint refused the change.
    pub fn is_check_violation(&self) -> bool {
        self.is_violation(DatabaseErrorKind::CheckViolation)
    }

    /// Returns whether an exclude constraint of PostgreSQL refused the change, as where two spans of time overlap.
    ///
    /// ```no_run
    /// # use orm_core::{Engine, Error, ErrorKind, text};
    /// # async fn book(engine: &Engine) -> Result<bool, Error> {
    /// let booked = text("INSERT INTO bookings VALUES (7, '[2026-01-01, 2026-01-08)')").execute(engine).await;
    /// match booked {
    ///     Err(error) if error.is_exclusion_violation() => Ok(false), // somebody else has the room then
    ///     done => done.map(|_| true),
    /// }
    /// # }
    /// ```
    pub fn is_exclusion_violation(&self) -> bool {
        self.is_violation(DatabaseErrorKind::ExclusionViolation)
    }

    /// Returns whether a lock was not had: in the time that the database waits for one, or at once where it was asked for with
    /// NOWAIT.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::new("sqlite::memory:?busy_timeout=10")?; // milliseconds
    /// let writer = engine.begin().await?;
    /// let error = text("CREATE TABLE t (a INTEGER)").execute(&engine).await.unwrap_err();
    /// assert!(error.is_lock_timeout() && !error.is_retryable()); // it has been waited for
    /// writer.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_lock_timeout(&self) -> bool {
        self.is_refusal(DatabaseErrorKind::LockTimeout)
    }

    /// Returns whether the database cut the statement off: it took longer than [`timeout`](crate::ExecutionOptions::timeout)
    /// or the server allows, or somebody has cancelled it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use orm_core::{Engine, ExecutionOptions, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let hasty = engine.execution_options(ExecutionOptions::new().timeout(Duration::from_millis(10)));
    /// let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c";
    /// let error = text(endless).execute(&hasty).await.unwrap_err();
    /// assert!(error.is_cancelled());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.is_refusal(DatabaseErrorKind::Cancelled)
    }

    /// Returns whether the database, the server or the transaction allows no writes.
    ///
    /// ```
    /// # use orm_core::{Engine, ExecutionOptions, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let reader = engine.execution_options(ExecutionOptions::new().read_only(true));
    /// let error = text("CREATE TABLE t (a INTEGER)").execute(&reader).await.unwrap_err();
    /// assert!(error.is_read_only());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_read_only(&self) -> bool {
        self.is_refusal(DatabaseErrorKind::ReadOnly)
    }

    fn is_refusal(&self, wanted: DatabaseErrorKind) -> bool {
        matches!(self.0.refusal, Some((kind, _)) if kind == wanted)
    }

    /// Returns the database's own code for why it refused the statement: PostgreSQL's SQLSTATE such as `23505`, the number of
    /// MySQL and MariaDB such as `1062`, or SQLite's extended code such as `2067`.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # text("CREATE TABLE t (a INTEGER UNIQUE)").execute(&engine).await?;
    /// let error = text("INSERT INTO t VALUES (1), (1)").execute(&engine).await.unwrap_err();
    /// assert_eq!(error.code(), Some("2067")); // SQLITE_CONSTRAINT_UNIQUE
    /// # Ok(())
    /// # }
    /// ```
    pub fn code(&self) -> Option<&str> {
        self.0.refusal.as_ref().map(|(_, code)| &**code)
    }

    fn is_violation(&self, wanted: DatabaseErrorKind) -> bool {
        matches!(&self.0.kind, ErrorKind::Integrity { kind, .. } if *kind == wanted)
    }

    /// Returns whether running the whole transaction again may succeed: after a serialization failure or a deadlock, or where
    /// PostgreSQL did not know a prepared statement any more.
    ///
    /// A lock that was not had in time is none of these: it has been waited for already, or was asked for with NOWAIT, by who
    /// wants to know at once.
    /// [`Engine::transaction`](crate::Engine::transaction) asks this by itself.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns whether [`one`](crate::Select::one) found no row.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = match session.get_one(User, 1).await {
    ///     Err(error) if error.is_no_result_found() => session.add(User::builder().name("ed")),
    ///     found => found?,
    /// };
    /// assert_eq!(session[ed].name, "ed");
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_no_result_found(&self) -> bool {
        self.0.kind == ErrorKind::NoResultFound
    }

    /// Returns whether the connection was lost or could not be opened.
    pub fn is_disconnect(&self) -> bool {
        self.0.kind == ErrorKind::Disconnected
    }

    /// Returns whether a relationship was read that is not loaded.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, HasMany, BelongsTo, insert, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # insert(User).values(User::builder().name("ed")).execute(&engine).await?;
    /// let user = select(User).one(&engine).await?;
    /// let error = user.addresses.try_get().unwrap_err();
    /// assert!(error.is_not_loaded());
    /// assert_eq!(error.message(), "relationship `User.addresses` is not loaded");
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_not_loaded(&self) -> bool {
        self.0.kind == ErrorKind::NotLoaded
    }

    /// Returns whether rows were not as they were when they were read.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, delete, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    /// delete(User).execute(&engine).await?; // somebody else
    ///
    /// session[ed].name = "edward".into();
    /// let error = session.flush().await.unwrap_err(); // the UPDATE finds no row
    /// assert!(error.is_stale_data());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_stale_data(&self) -> bool {
        self.0.kind == ErrorKind::StaleData
    }

    /// Returns the columns that a violated constraint names, such as `name` of `UNIQUE constraint failed: users.name`.
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
    /// let ed = || insert(User).values(User { id: 0, name: "ed".into() }).execute(&engine);
    /// ed().await?;
    /// assert_eq!(ed().await.unwrap_err().columns(), ["name"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn columns(&self) -> &[String] {
        match &self.0.kind {
            ErrorKind::Integrity { columns, .. } => columns,
            _ => &[],
        }
    }
}

impl Error {
    /// Returns what is wrong with the objects that were to be written, if this is why.
    ///
    /// ```
    /// # use orm_core::Engine;
    /// let error = Engine::new("oracle://scott@localhost/xe").unwrap_err();
    /// assert!(error.violations().is_empty()); // it is about something else
    /// ```
    pub fn violations(&self) -> &[Violation] {
        match &self.0.kind {
            ErrorKind::Validation { violations } => violations,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "\nhint: {hint}")?;
        }
        for note in &self.0.notes {
            write!(f, "\n({note})")?;
        }
        if let Some(sql) = &self.0.sql {
            write!(f, "\n[SQL: {}]", Shortened(sql))?;
        }
        if let Some(parameters) = &self.0.parameters {
            write!(f, "\n[parameters: {parameters}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `unwrap` and a `main` that returns it print: the text that a person reads.
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The most bytes of a statement that a message shows.
const SHOWN: usize = 8_000;

/// A statement as a message shows it: of a very long one the beginning and the end.
struct Shortened<'s>(&'s str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sql = self.0;
        if sql.len() <= SHOWN {
            return f.write_str(sql);
        }
        let (start, end) = (sql.floor_char_boundary(SHOWN * 3 / 4), sql.ceil_char_boundary(sql.len() - SHOWN / 4));
        write!(f, "{} … {} bytes … {}", &sql[..start], end - start, &sql[end..])
    }
}

/// Returns whether SQLite refused to write since the transaction reads a state that is no longer the newest.
fn is_old_snapshot(error: &orm_pool::Error) -> bool {
    const BUSY_SNAPSHOT: &str = "517";
    matches!(error.kind(), orm_pool::ErrorKind::Database { kind: DatabaseErrorKind::SerializationFailure, code, .. } if code == BUSY_SNAPSHOT)
}

/// Returns whether a statement names a table that the database does not have.
fn is_missing_table(error: &orm_pool::Error) -> bool {
    match error.kind() {
        // PostgreSQL's and MySQL's codes; SQLite has but one for all errors of a statement.
        orm_pool::ErrorKind::Database { code, .. } => {
            matches!(&**code, "42P01" | "1146") || error.message().starts_with("no such table: ")
        }
        _ => false,
    }
}

/// Returns whether PostgreSQL has lost a prepared statement, so that it has run nothing and ended the transaction: behind a
/// pooler, or when a type has been made again.
fn has_lost_statement(error: &orm_pool::Error) -> bool {
    matches!(error.kind(), orm_pool::ErrorKind::Database { code, .. } if code == "26000")
}

/// Gives the value, or panics with the error's text at the place that asked.
#[inline]
#[track_caller]
pub(crate) fn or_panic<T>(done: Result<T>) -> T {
    match done {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// Takes the modules off a type's name: `String` of `alloc::string::String`.
pub(crate) fn without_paths(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}
