//! [`StatementEvent`]: what listeners of an engine are told of a statement that has run.

use std::sync::Arc;
use std::time::Duration;

use orm_pool::Value;

use super::Engine;
use crate::error::Error;

pub(super) type OnStatement = Arc<dyn Fn(&StatementEvent<'_>) + Send + Sync>;

/// A statement that has run; see [`EngineBuilder::on_statement`](super::EngineBuilder::on_statement).
pub struct StatementEvent<'a> {
    engine: &'a Engine,
    told: &'a Told<'a>,
}

/// What is known of a statement that has run.
pub(super) struct Told<'a> {
    pub(super) sql: &'a str,
    pub(super) values: &'a [Value],
    pub(super) rows: Option<u64>,
    pub(super) affected: Option<u64>,
    pub(super) duration: Duration,
    pub(super) error: Option<&'a Error>,
    pub(super) in_transaction: bool,
}

impl Engine {
    /// Tells listeners of a statement.
    pub(super) fn tell(&self, told: &Told<'_>) {
        for listener in &self.shared.listeners {
            listener(&StatementEvent { engine: self, told });
        }
    }
}

impl<'a> StatementEvent<'a> {
    /// Returns the SQL as it was sent, with placeholders.
    pub fn sql(&self) -> &'a str {
        self.told.sql
    }

    /// Returns the values of its parameters, unless the engine has [`hide_parameters`](super::EngineBuilder::hide_parameters).
    pub fn parameters(&self) -> Option<&'a [Value]> {
        (!self.engine.shared.hide_parameters).then_some(self.told.values)
    }

    /// Returns how many rows it gave, as far as they were read: of a stream, which is told of when it is opened, that is not
    /// known.
    pub fn rows(&self) -> Option<u64> {
        self.told.rows
    }

    /// Returns how many rows the database says it changed, unless it failed.
    pub fn rows_affected(&self) -> Option<u64> {
        self.told.affected
    }

    /// Returns how long it took: from when it was sent until the last of its rows was read.
    pub fn duration(&self) -> Duration {
        self.told.duration
    }

    /// Returns the error that it ended in, which its caller gets too.
    pub fn error(&self) -> Option<&'a Error> {
        self.told.error
    }

    /// Returns whether a transaction was open when it was sent.
    pub fn in_transaction(&self) -> bool {
        self.told.in_transaction
    }

    /// Returns the [word](crate::ExecutionOptions::logging_token) that marks the engine or the connection.
    pub fn logging_token(&self) -> Option<&'a str> {
        self.engine.options.logging_token.as_deref()
    }

    /// Returns the engine, with the options of the connection.
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }
}

impl std::fmt::Debug for StatementEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Told { sql, rows, duration, error, in_transaction, .. } = self.told;
        f.debug_struct("StatementEvent")
            .field("sql", sql)
            .field("rows", rows)
            .field("duration", duration)
            .field("error", error)
            .field("in_transaction", in_transaction)
            .finish_non_exhaustive()
    }
}
