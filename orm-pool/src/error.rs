//! What went wrong on the way to a database, before the crates above add which statement it was.

use std::fmt;
use std::time::Duration;

/// An error of a driver or of the pool.
///
/// It is one word wide; cloning it is cheap.
#[derive(Clone)]
pub struct Error(std::sync::Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings make no sense, or ask for what this build lacks.
    Configuration,
    /// No connection could be opened.
    Connect,
    /// The connection was lost while it was used.
    Disconnected,
    /// The database refused the statement.
    Database {
        /// Why, as far as the database says.
        kind: DatabaseErrorKind,
        /// The database's own code, such as `2067` or `23505`.
        code: String,
        /// The constraint's name, if the database names it.
        constraint: Option<String>,
        /// The table, if the database names it.
        table: Option<String>,
        /// The columns, if the database names them.
        columns: Vec<String>,
    },
    /// A value cannot be bound, or text from the database is not what it should be.
    Data,
    /// No connection became free in time.
    Timeout {
        /// How long was waited.
        waited: Duration,
    },
    /// The pool or the connection has been closed.
    Closed,
    /// The pool class forbids it.
    InvalidRequest,
}

/// Why a database refused a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatabaseErrorKind {
    /// A unique or primary key constraint.
    UniqueViolation,
    /// A foreign key constraint.
    ForeignKeyViolation,
    /// NULL in a column that forbids it.
    NotNullViolation,
    /// A check constraint.
    CheckViolation,
    /// An exclude constraint of PostgreSQL.
    ExclusionViolation,
    /// Two transactions could not be serialized; running it again may help.
    SerializationFailure,
    /// Two transactions waited for each other; running it again may help.
    Deadlock,
    /// A lock was not had in time.
    LockTimeout,
    /// The database or the transaction allows no writes.
    ReadOnly,
    /// A value that the database cannot take or compute with: too long, out of range, divided by zero.
    Data,
    /// The text is not SQL, or names what does not exist.
    Syntax,
    /// The statement was cancelled.
    Cancelled,
    /// Anything else.
    Other,
}

impl Error {
    /// Makes an error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(std::sync::Arc::new(Inner { kind, message: message.into(), source: None }))
    }

    /// Makes an error of this kind with what caused it.
    pub fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Error(std::sync::Arc::new(Inner { kind, message: message.into(), source: Some(source.into()) }))
    }

    /// Returns what happened.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns why the database refused the statement, if it did.
    pub fn database_kind(&self) -> Option<DatabaseErrorKind> {
        match &self.0.kind {
            ErrorKind::Database { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// Returns whether the connection is gone, so that the pool must not keep it.
    pub fn is_disconnect(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Disconnected | ErrorKind::Connect)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("message", &self.0.message).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
