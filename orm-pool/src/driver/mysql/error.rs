//! What the codes of MySQL and MariaDB mean
//! (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>), and what their messages name.
//!
//! In: an error of sqlx. Out: an [`Error`] with its kind, constraint, table and columns.

use sqlx::mysql::MySqlDatabaseError;

use crate::{DatabaseErrorKind, Error, ErrorKind};

/// The command cannot be prepared.
const UNSUPPORTED_PREPARED: u16 = 1295;

/// Returns the server's own error, if it is one.
pub(super) fn of_server(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    match error {
        sqlx::Error::Database(error) => error.try_downcast_ref(),
        _ => None,
    }
}

/// Returns whether the connection cannot be used after this.
///
/// After any error that is not the server's, sqlx still waits for an answer that has come already.
pub(super) fn ends_connection(error: &sqlx::Error) -> bool {
    of_server(error).is_none_or(|error| is_disconnect(error.number()))
}

/// Returns whether the server has rolled the whole transaction back.
pub(super) fn ends_transaction(error: &sqlx::Error) -> bool {
    of_server(error).is_some_and(|error| kind(error) == DatabaseErrorKind::Deadlock)
}

/// Returns whether the statement has to be sent as text.
pub(super) fn cannot_be_prepared(error: &sqlx::Error) -> bool {
    of_server(error).is_some_and(|error| error.number() == UNSUPPORTED_PREPARED)
}

/// Makes the error of a failed statement.
pub(super) fn from(error: sqlx::Error) -> Error {
    let Some(failure) = of_server(&error) else {
        return Error::with_source(ErrorKind::Disconnected, format!("the connection was lost: {error}"), error);
    };
    if is_disconnect(failure.number()) {
        let message = format!("the connection was lost: {}", failure.message());
        return Error::with_source(ErrorKind::Disconnected, message, error);
    }
    let kind = kind(failure);
    let Named { constraint, table, columns } = Named::of(kind, failure.message());
    let code = failure.number().to_string();
    let message = format!("{}{}", failure.message(), hint(failure));
    Error::with_source(ErrorKind::Database { kind, code, constraint, table, columns }, message, error)
}

/// Returns what may help where the message does not say it.
fn hint(failure: &MySqlDatabaseError) -> &'static str {
    // The first number tells of text that is no number, too; the second is that of MySQL 8 for parameters.
    if failure.number() == 3988 || failure.number() == 1366 && failure.message().starts_with("Incorrect string value") {
        return "\nhint: the column's character set has no such character; `utf8mb4` has all, which the database or the table can be given";
    }
    ""
}

/// Returns whether the server wants the password itself and there is no TLS to send it through: it does where
/// `caching_sha2_password` has no proof to compare with, or another one.
pub(super) fn wants_password(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Configuration(cause) | sqlx::Error::Tls(cause) if cause.to_string().contains("RSA auth"))
}

/// Returns what may help who cannot connect.
pub(super) fn hint_at_connect(error: &sqlx::Error) -> &'static str {
    if wants_password(error) {
        return "\nhint: let `ssl_mode` be `preferred` or `required`, or check the password";
    }
    match of_server(error).map(MySqlDatabaseError::number) {
        Some(1045 | 1698) => "\nhint: check the user, the password and the host that the user may come from",
        Some(3159) => "\nhint: the server wants TLS: `ssl_mode=required` or `verify_identity`, with the feature `tls`",
        Some(1049) => "\nhint: create the database, or check its name",
        Some(1040 | 1203) => "\nhint: raise `max_connections`, or make the pools smaller",
        _ => "",
    }
}

fn is_disconnect(number: u16) -> bool {
    matches!(number, 1053 | 1079 | 1080 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 2014 | 2045 | 2055 | 4031)
}

fn kind(error: &MySqlDatabaseError) -> DatabaseErrorKind {
    use DatabaseErrorKind::*;
    match error.number() {
        1022 | 1062 | 1169 | 1586 | 1859 => UniqueViolation,
        1216 | 1217 | 1451 | 1452 | 1557 | 1761 | 1762 => ForeignKeyViolation,
        1048 | 1263 | 1364 => NotNullViolation,
        3819 => CheckViolation,
        // To MySQL, this number is something else.
        4025 if error.code() == Some("23000") => CheckViolation,
        1213 | 1614 => Deadlock,
        1020 => SerializationFailure,
        1205 | 3572 => LockTimeout,
        1290 | 1792 | 1836 | 1874 | 3989 => ReadOnly,
        1317 | 1969 | 3024 => Cancelled,
        1046
        | 1049
        | 1051
        | 1052
        | 1054..=1056
        | 1058
        | 1060
        | 1061
        | 1063..=1066
        | 1072
        | 1091
        | 1109
        | 1111
        | 1136
        | 1146
        | 1149
        | 1241
        | 1247
        | 1248
        | 1305
        | 1327
        | 1582
        | 1630
        | 4078 => Syntax,
        // With regular expressions that are none.
        1139 | 1265 | 1300 | 1366 | 1411 | 3685..=3697 | 3988 => Data,
        // The class of rows and columns that are too many or too few, as of a subquery.
        _ if error.code().is_some_and(|state| state.starts_with("21")) => Syntax,
        // The class of data exceptions.
        _ if error.code().is_some_and(|state| state.starts_with("22")) => Data,
        _ => Other,
    }
}

/// What a message names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    constraint: Option<String>,
    table: Option<String>,
    columns: Vec<String>,
}

impl Named {
    /// Takes a message apart; the words around the names are translated, the quotes are not.
    fn of(kind: DatabaseErrorKind, message: &str) -> Self {
        match kind {
            DatabaseErrorKind::UniqueViolation => Named::of_key(message),
            DatabaseErrorKind::ForeignKeyViolation => Named::of_foreign_key(message),
            DatabaseErrorKind::NotNullViolation => {
                Named { columns: quoted(message, '\'').map(str::to_owned).into_iter().collect(), ..Named::default() }
            }
            DatabaseErrorKind::CheckViolation => Named::of_check(message),
            _ => Named::default(),
        }
    }

    /// `Duplicate entry 'a' for key 'users.email'`; MariaDB leaves the table out.
    fn of_key(message: &str) -> Self {
        let Some(key) = message.strip_suffix('\'').and_then(|rest| rest.rsplit_once('\'')).map(|(_, key)| key) else {
            return Named::default();
        };
        let (table, key) = match key.split_once('.') {
            Some((table, key)) => (Some(table.to_owned()), key),
            None => (None, key),
        };
        Named { constraint: Some(key.to_owned()), table, columns: Vec::new() }
    }

    /// ``… (`db`.`child`, CONSTRAINT `fk` FOREIGN KEY (`parent_id`) REFERENCES `parent` (`id`))``.
    fn of_foreign_key(message: &str) -> Self {
        let Some((_, clause)) = message.split_once('(') else { return Named::default() };
        let (tables, rest) = clause.split_once(", CONSTRAINT ").unwrap_or((clause, ""));
        let table = tables.split('`').rfind(|part| !part.is_empty() && *part != ".");
        let columns = rest.split_once("FOREIGN KEY (").and_then(|(_, list)| list.split_once(')')).map(|(list, _)| list);
        Named {
            constraint: quoted(rest, '`').map(str::to_owned),
            table: table.filter(|_| tables.contains('`')).map(str::to_owned),
            columns: columns
                .map(|list| list.split(", ").map(|name| name.trim_matches('`').to_owned()).collect())
                .unwrap_or_default(),
        }
    }

    /// `Check constraint 'grown' is violated.`, or MariaDB's ``CONSTRAINT `grown` failed for `db`.`users` ``.
    fn of_check(message: &str) -> Self {
        if let Some(constraint) = quoted(message, '\'') {
            return Named { constraint: Some(constraint.to_owned()), ..Named::default() };
        }
        let table = message.strip_suffix('`').and_then(|rest| rest.rsplit_once('`')).map(|(_, table)| table.to_owned());
        Named { constraint: quoted(message, '`').map(str::to_owned), table, columns: Vec::new() }
    }
}

/// Returns what stands in the first quotes.
fn quoted(message: &str, quote: char) -> Option<&str> {
    message.split(quote).nth(1).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseErrorKind::*;

    fn named(constraint: Option<&str>, table: Option<&str>, columns: &[&str]) -> Named {
        Named {
            constraint: constraint.map(str::to_owned),
            table: table.map(str::to_owned),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn messages_of_both_servers_are_taken_apart() {
        let of = Named::of;
        let check = |found: Named, expected: Named| assert_eq!(found, expected);
        check(
            of(UniqueViolation, "Duplicate entry 'a' for key 'users.email'"),
            named(Some("email"), Some("users"), &[]),
        );
        check(of(UniqueViolation, "Duplicate entry 'it's' for key 'PRIMARY'"), named(Some("PRIMARY"), None, &[]));
        check(
            of(
                ForeignKeyViolation,
                "Cannot add or update a child row: a foreign key constraint fails (`db`.`c`, CONSTRAINT `fk` FOREIGN KEY \
                 (`a`, `b`) REFERENCES `p` (`x`, `y`))",
            ),
            named(Some("fk"), Some("c"), &["a", "b"]),
        );
        check(of(NotNullViolation, "Column 'name' cannot be null"), named(None, None, &["name"]));
        check(of(NotNullViolation, "Field 'name' doesn't have a default value"), named(None, None, &["name"]));
        check(of(CheckViolation, "Check constraint 'grown' is violated."), named(Some("grown"), None, &[]));
        check(
            of(CheckViolation, "CONSTRAINT `grown` failed for `db`.`users`"),
            named(Some("grown"), Some("users"), &[]),
        );
    }
}
