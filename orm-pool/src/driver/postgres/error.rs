//! What PostgreSQL's codes mean (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), and what its errors
//! name.
//!
//! In: an error of sqlx. Out: an [`Error`] with its kind, constraint, table and columns.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::{DatabaseErrorKind, Error, ErrorKind};

/// Returns the server's own error, if it is one.
pub(super) fn of_server(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    match error {
        sqlx::Error::Database(error) => error.try_downcast_ref(),
        _ => None,
    }
}

/// Returns whether the connection cannot be used after this.
pub(super) fn ends_connection(error: &sqlx::Error) -> bool {
    of_server(error).is_none_or(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// Returns whether the server no longer has, or no longer accepts, what was prepared before.
pub(super) fn is_about_prepared(error: &PgDatabaseError) -> bool {
    is_stale_plan(error) || is_unknown_statement(error)
}

/// Returns whether the server does not have the prepared statement, so that it has run nothing.
pub(super) fn is_unknown_statement(error: &PgDatabaseError) -> bool {
    error.code() == "26000"
}

/// Returns whether a definition has changed under a prepared statement. The message is translated, the routine is not.
fn is_stale_plan(error: &PgDatabaseError) -> bool {
    error.code() == "0A000" && error.routine() == Some("RevalidateCachedQuery")
}

/// Makes the error of a failed statement.
pub(super) fn from(error: sqlx::Error) -> Error {
    if let Some(failure) = of_server(&error) {
        let (kind, message) = describe(failure);
        return Error::with_source(kind, message, error);
    }
    Error::with_source(ErrorKind::Disconnected, format!("the connection was lost: {error}"), error)
}

/// Makes the error of a commit that the server turned into a rollback.
pub(super) fn commit_of_failed_transaction() -> Error {
    let message = "the transaction was rolled back instead of committed, since a statement in it had failed";
    Error::new(database(DatabaseErrorKind::Other, "25P02"), message)
}

/// Makes the error of text that cannot be sent.
pub(super) fn nul_in_text() -> Error {
    Error::new(database(DatabaseErrorKind::Syntax, "42601"), "the statement contains a NUL character")
}

/// Returns what may help who cannot connect.
pub(super) fn hint_at_connect(error: &sqlx::Error) -> &'static str {
    let of_server = of_server(error);
    if of_server.is_some_and(|it| it.code() == "28000" && it.message().ends_with("no encryption")) {
        return "\nhint: the server may want TLS: `sslmode=require` or `verify-full`, with the feature `tls`; else check its `pg_hba.conf`";
    }
    match of_server.map(PgDatabaseError::code) {
        Some("28P01" | "28000") => "\nhint: check the user, the password and the server's `pg_hba.conf`",
        Some("3D000") => "\nhint: create the database, or check its name",
        Some("53300") => "\nhint: raise `max_connections`, or make the pools smaller",
        _ => "",
    }
}

fn database(kind: DatabaseErrorKind, code: &str) -> ErrorKind {
    ErrorKind::Database { kind, code: code.to_owned(), constraint: None, table: None, columns: Vec::new() }
}

fn describe(error: &PgDatabaseError) -> (ErrorKind, String) {
    let code = error.code();
    let message = error.message();
    if matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic) || is_disconnect(code) {
        return (ErrorKind::Disconnected, format!("the connection was lost: {message}"));
    }
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let kind = ErrorKind::Database {
        kind: kind(code),
        code: code.to_owned(),
        constraint: owned(error.constraint()),
        table: owned(error.table()),
        columns: columns(error),
    };
    (kind, in_words(error))
}

/// Returns the message with what the server adds to it.
fn in_words(error: &PgDatabaseError) -> String {
    let mut message = error.message().to_owned();
    if let Some(detail) = error.detail() {
        message.push_str("\ndetail: ");
        message.push_str(detail);
    }
    match error.hint() {
        Some(hint) => {
            message.push_str("\nhint: ");
            message.push_str(hint);
        }
        None if is_stale_plan(error) => message.push_str(
            "\nhint: a table has changed since the statement was prepared; \
             roll the transaction back and run it again",
        ),
        None if is_unknown_statement(error) => message.push_str("\nhint: run the transaction again"),
        None => {}
    }
    message
}

fn is_disconnect(code: &str) -> bool {
    code.starts_with("08") && code != "08P01" || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

fn kind(code: &str) -> DatabaseErrorKind {
    use DatabaseErrorKind::*;
    match code {
        "23505" => UniqueViolation,
        "23503" | "23001" => ForeignKeyViolation,
        "23502" => NotNullViolation,
        "23514" => CheckViolation,
        "23P01" => ExclusionViolation,
        "40001" => SerializationFailure,
        "40P01" => Deadlock,
        "55P03" => LockTimeout,
        "57014" => Cancelled,
        "25006" => ReadOnly,
        "42501" => Other,
        _ if code.starts_with("22") => Data,
        // A subquery that gives several rows, an upsert that meets a row twice.
        _ if code.starts_with("21") => Syntax,
        _ if code.starts_with("42") || matches!(code, "3F000" | "3D000") => Syntax,
        _ => Other,
    }
}

/// Returns the columns that the error names, or that its detail does: `Key (a, b)=(1, 2) already exists.`
fn columns(error: &PgDatabaseError) -> Vec<String> {
    if let Some(column) = error.column() {
        return vec![column.to_owned()];
    }
    match error.detail() {
        Some(_) if is_kept_by_referrer(error.code(), error.message()) => Vec::new(),
        Some(detail) if error.code().starts_with("23") => key_columns(detail),
        _ => Vec::new(),
    }
}

/// Returns whether a row is kept by one that refers to it: the key of the detail is then that of the row, while the table and
/// the constraint are those of the one that refers. The message is translated, and names three things rather than two.
fn is_kept_by_referrer(code: &str, message: &str) -> bool {
    let quotes = message.chars().filter(|letter| matches!(letter, '"' | '«' | '»' | '“' | '”' | '„'));
    code == "23001" || (code == "23503" && quotes.count() >= 6)
}

fn key_columns(detail: &str) -> Vec<String> {
    let list = detail.split_once('(').and_then(|(_, rest)| rest.split_once(")=("));
    match list {
        // An index over expressions, which are not columns.
        Some((list, _)) if list.contains('(') => Vec::new(),
        Some((list, _)) => list.split(", ").map(|name| name.trim_matches('"').to_owned()).collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_kept_is_told_by_the_names_in_the_message() {
        let kept = [
            "update or delete on table \"users\" violates foreign key constraint \"a_fkey\" on table \"addresses\"",
            "Aktualisieren oder Löschen in Tabelle »users« verletzt Fremdschlüssel-Constraint »a_fkey« von Tabelle »addresses«",
        ];
        assert!(kept.iter().all(|message| is_kept_by_referrer("23503", message)));
        let missing = "insert or update on table \"addresses\" violates foreign key constraint \"a_fkey\"";
        assert!(!is_kept_by_referrer("23503", missing) && !is_kept_by_referrer("23505", kept[0]));
    }

    #[test]
    fn the_detail_names_the_columns_of_a_key() {
        assert_eq!(key_columns("Key (a, b)=(1, 2) already exists."), ["a", "b"]);
        assert_eq!(key_columns("Schlüssel »(\"Mixed\")=(1)« existiert bereits."), ["Mixed"]);
        assert!(key_columns("Key (lower(name))=(x) already exists.").is_empty());
        assert!(key_columns("Failing row contains (1, 2).").is_empty());
    }
}
