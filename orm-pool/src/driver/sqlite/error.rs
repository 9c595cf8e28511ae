//! What SQLite's result codes mean (<https://www.sqlite.org/rescode.html>), and what its messages name.
//!
//! In: a [`Failure`] of the raw handle. Out: an [`Error`] with its kind, constraint, table and columns.

use std::time::Duration;

use libsqlite3_sys as ffi;

use super::raw::Failure;
use crate::{DatabaseErrorKind, Error, ErrorKind};

/// Returns whether the failure may pass when another connection lets go of its lock.
///
/// `SQLITE_BUSY_SNAPSHOT` does not: this transaction reads what is no longer the newest state, and stays with it.
pub(super) fn is_lock(failure: &Failure) -> bool {
    let Failure::Database { code, .. } = failure else { return false };
    matches!(*code, ffi::SQLITE_BUSY | ffi::SQLITE_BUSY_RECOVERY | ffi::SQLITE_LOCKED_SHAREDCACHE)
}

/// Makes the error of a lock that was not had in this time.
pub(super) fn lock_timeout(failure: Failure, waited: Duration) -> Error {
    let Failure::Database { code, message, .. } = failure else { return from(failure) };
    let message = format!("{message} (waited {:.2} s)", waited.as_secs_f64());
    Error::new(database(DatabaseErrorKind::LockTimeout, code, Named::default()), message)
}

/// Makes the error of text that is not one statement.
pub(super) fn not_one_statement(what: &str) -> Error {
    Error::new(database(DatabaseErrorKind::Syntax, ffi::SQLITE_ERROR, Named::default()), what)
}

/// Makes the error of a failure.
pub(super) fn from(failure: Failure) -> Error {
    match failure {
        Failure::ParameterCount { expected, given } => Error::new(
            ErrorKind::Data,
            format!("the statement has {expected} {} and {given} {} given", plural(expected), were(given)),
        ),
        Failure::LongInterval { position, span } => {
            Error::new(ErrorKind::Data, format!("parameter ?{position}: the span of time {span} is out of range"))
        }
        Failure::Database { code, message, at_prepare } => Error::new(kind(code, &message, at_prepare), message),
    }
}

fn plural(parameters: usize) -> &'static str {
    if parameters == 1 { "parameter" } else { "parameters" }
}

fn were(values: usize) -> &'static str {
    if values == 1 { "value was" } else { "values were" }
}

fn kind(code: i32, message: &str, at_prepare: bool) -> ErrorKind {
    use DatabaseErrorKind::*;
    if matches!(code & 0xff, ffi::SQLITE_NOTADB | ffi::SQLITE_CANTOPEN) {
        return ErrorKind::Connect;
    }
    let kind = match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            UniqueViolation
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ForeignKeyViolation,
        // What is kept by `ON DELETE RESTRICT` is so by a trigger of SQLite's own, whose code is that of `RAISE(…)` too.
        ffi::SQLITE_CONSTRAINT_TRIGGER if message == "FOREIGN KEY constraint failed" => ForeignKeyViolation,
        ffi::SQLITE_CONSTRAINT_NOTNULL => NotNullViolation,
        ffi::SQLITE_CONSTRAINT_CHECK => CheckViolation,
        // What a STRICT table does not take.
        ffi::SQLITE_CONSTRAINT_DATATYPE => Data,
        ffi::SQLITE_BUSY_SNAPSHOT => SerializationFailure,
        _ => match code & 0xff {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => LockTimeout,
            ffi::SQLITE_READONLY => ReadOnly,
            ffi::SQLITE_INTERRUPT => Cancelled,
            ffi::SQLITE_MISMATCH | ffi::SQLITE_TOOBIG => Data,
            ffi::SQLITE_ERROR if at_prepare || is_about_names(message) => Syntax,
            ffi::SQLITE_ERROR if is_about_values(message) => Data,
            _ => Other,
        },
    };
    database(kind, code, Named::of(kind, message))
}

/// Returns whether a failed step says that the statement no longer fits the schema, as preparing it anew would.
fn is_about_names(message: &str) -> bool {
    message.starts_with("no such table") || message.starts_with("no such column")
}

/// Returns whether a failed step says that values cannot be computed with, for which there is no code.
fn is_about_values(message: &str) -> bool {
    message == "integer overflow" || message.starts_with("malformed JSON")
}

fn database(kind: DatabaseErrorKind, code: i32, named: Named) -> ErrorKind {
    let Named { constraint, table, columns } = named;
    ErrorKind::Database { kind, code: code.to_string(), constraint, table, columns }
}

/// What the message of a violated constraint names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    constraint: Option<String>,
    table: Option<String>,
    columns: Vec<String>,
}

impl Named {
    fn of(kind: DatabaseErrorKind, message: &str) -> Self {
        let Some((_, what)) = message.split_once(" constraint failed: ") else { return Named::default() };
        match kind {
            DatabaseErrorKind::UniqueViolation => match what.strip_prefix("index '") {
                Some(index) => Named::constraint(index.strip_suffix('\'').unwrap_or(index)),
                None => Named::columns(what),
            },
            DatabaseErrorKind::NotNullViolation => Named::columns(what),
            DatabaseErrorKind::CheckViolation => Named::constraint(what),
            _ => Named::default(),
        }
    }

    fn constraint(name: &str) -> Self {
        Named { constraint: Some(name.into()), ..Named::default() }
    }

    /// Takes `users.first, users.last` apart.
    fn columns(list: &str) -> Self {
        let Some((table, _)) = list.split_once('.') else { return Named::default() };
        let column = |item: &str| item.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
        Named { table: Some(table.into()), columns: list.split(", ").filter_map(column).collect(), constraint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_columns_index_or_constraint() {
        let unique = |message| Named::of(DatabaseErrorKind::UniqueViolation, message);
        assert_eq!(
            unique("UNIQUE constraint failed: a.x, a.y"),
            Named { table: Some("a".into()), columns: vec!["x".into(), "y".into()], constraint: None }
        );
        assert_eq!(unique("UNIQUE constraint failed: index 'ix'"), Named::constraint("ix"));
        assert_eq!(
            Named::of(DatabaseErrorKind::CheckViolation, "CHECK constraint failed: price > 0"),
            Named::constraint("price > 0")
        );
        assert_eq!(
            Named::of(DatabaseErrorKind::ForeignKeyViolation, "FOREIGN KEY constraint failed"),
            Named::default()
        );
    }
}
