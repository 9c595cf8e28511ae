//! What an echoing engine says, in the attribute names of OpenTelemetry, and how parameters are shown.

use std::time::Duration;

use orm_pool::Value;

use super::Shared;

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

impl Shared {
    /// Says that a statement has run.
    pub(super) fn echo_statement(&self, sql: &str, values: &[Value], rows: u64, duration: Duration) {
        if self.echo {
            let parameters = if self.hide_parameters { "hidden".to_owned() } else { parameters(values) };
            tracing::info!(
                target: "orm::engine",
                {
                    db.system.name = self.dialect.name(),
                    db.query.parameters = parameters,
                    db.response.returned_rows = rows,
                    duration_us = duration.as_micros() as u64,
                },
                "{sql}"
            );
        }
    }

    /// Says that a transaction has begun or ended.
    pub(super) fn echo_words(&self, words: &str) {
        if self.echo {
            tracing::info!(target: "orm::engine", { db.system.name = self.dialect.name() }, "{words}");
        }
    }
}
