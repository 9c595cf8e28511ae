//! What an echoing engine says, in the attribute names of OpenTelemetry, and how parameters are shown.
//!
//! The names are those of <https://opentelemetry.io/docs/specs/semconv/database/database-spans/>.

use std::time::Duration;

use orm_pool::Value;
use orm_pool::driver::Done;

use super::{Engine, Url};
use crate::dialect::Dialect;

/// Shows parameters as SQLAlchemy cuts them: 300 characters of each, the first and last 50 of many.
pub(crate) fn parameters(values: &[Value]) -> String {
    const SIDE: usize = 50;
    let shown = |value: &Value| {
        let text = value.to_string();
        match text.char_indices().nth(300) {
            None => text,
            Some((cut, _)) => format!("{}… ({} characters truncated)", &text[..cut], text[cut..].chars().count()),
        }
    };
    let list = |values: &[Value]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    if values.len() <= 2 * SIDE {
        return format!("({})", list(values));
    }
    let hidden = values.len() - 2 * SIDE;
    let (first, last) = (&values[..SIDE], &values[values.len() - SIDE..]);
    format!("({}, … {hidden} parameters truncated …, {})", list(first), list(last))
}

/// The attributes that every event of an engine has.
pub(super) struct Server {
    namespace: Option<String>,
    address: Option<String>,
    port: Option<u16>,
}

impl Server {
    pub(super) fn of(url: &Url) -> Self {
        let usual_port = match url.dialect {
            Dialect::Postgres => Some(5432),
            Dialect::MySql | Dialect::MariaDb => Some(3306),
            _ => None,
        };
        let address = usual_port.map(|_| url.host.clone().unwrap_or_else(|| "localhost".to_owned()));
        Server { namespace: url.database.clone(), address, port: usual_port.map(|usual| url.port.unwrap_or(usual)) }
    }
}

/// What an engine says of a statement that has run.
pub(super) struct Ran<'a> {
    pub(super) sql: &'a str,
    pub(super) values: &'a [Value],
    /// Not known of a query that is read piece by piece.
    pub(super) rows: Option<u64>,
    pub(super) result: Result<&'a Done, &'a orm_pool::Error>,
    pub(super) duration: Duration,
}

impl Engine {
    /// Says that a statement has run.
    pub(super) fn echo_statement(&self, ran: &Ran<'_>) {
        let shared = &*self.shared;
        if !shared.echo {
            return;
        }
        let parameters = if shared.hide_parameters { "hidden".to_owned() } else { parameters(ran.values) };
        let code = ran.result.err().map(|error| match error.kind() {
            orm_pool::ErrorKind::Database { code, .. } => code.as_str(),
            _ => "",
        });
        let affected = ran.result.ok().map(|done| done.rows_affected).filter(|rows| *rows > 0);
        tracing::info!(
            target: "orm::engine",
            {
                db.system.name = shared.dialect.name(),
                db.namespace = shared.server.namespace,
                db.operation.name = operation(ran.sql),
                db.query.parameters = parameters,
                db.response.returned_rows = ran.rows.filter(|_| ran.result.is_ok()),
                db.response.status_code = code.filter(|code| !code.is_empty()),
                error.type = ran.result.err().map(error_type),
                affected_rows = affected,
                duration_us = ran.duration.as_micros() as u64,
                server.address = shared.server.address,
                server.port = shared.server.port,
                db.query.text = ran.sql,
            },
            "{}{}", self.token(), ran.sql
        );
    }

    /// Says that a transaction has begun or ended.
    pub(super) fn echo_words(&self, words: &str, remark: &str) {
        let shared = &*self.shared;
        if !shared.echo {
            return;
        }
        tracing::info!(
            target: "orm::engine",
            {
                db.system.name = shared.dialect.name(),
                db.namespace = shared.server.namespace,
                db.operation.name = operation(words),
                server.address = shared.server.address,
                server.port = shared.server.port,
            },
            "{}{words}{remark}", self.token()
        );
    }

    fn token(&self) -> String {
        self.options.logging_token.as_ref().map_or_else(String::new, |token| format!("[{token}] "))
    }
}

/// Returns the first word of a statement, which says what it does.
fn operation(sql: &str) -> String {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    word.to_ascii_uppercase()
}

/// Returns the class of an error, of which there are few.
fn error_type(error: &orm_pool::Error) -> String {
    match error.kind() {
        orm_pool::ErrorKind::Database { kind, .. } => format!("{kind:?}"),
        orm_pool::ErrorKind::Timeout { .. } => "Timeout".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_and_long_values_are_cut() {
        let many: Vec<Value> = (0..120).map(Value::Int64).collect();
        let shown = parameters(&many);
        assert!(shown.starts_with("(0, 1, ") && shown.ends_with(", 118, 119)"), "{shown}");
        assert!(shown.contains("49, … 20 parameters truncated …, 70"), "{shown}");
        let long = parameters(&[Value::Text("ä".repeat(400))]);
        assert!(long.ends_with("ä… (102 characters truncated))"), "{long}");
        assert_eq!(long.matches('ä').count(), 299);
        assert_eq!(parameters(&[Value::Bytes(vec![0; 1 << 20])]), "(<1048576 bytes>)");
    }

    #[test]
    fn the_first_word_is_the_operation() {
        assert_eq!(operation("  select 1"), "SELECT");
        assert_eq!(operation("(SELECT 1)"), "");
        assert_eq!(operation(""), "");
    }
}
