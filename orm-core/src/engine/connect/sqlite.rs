//! SQLite: a file, or a database in memory that all connections of an engine share.

use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;
use orm_pool::Error as PoolError;
use orm_pool::driver::sqlite::{Options, TemporaryDatabase, Threading};

use super::{truth, unknown, wrong};
use crate::engine::Url;
use crate::error::Result;

/// The keys of the connection.
const KEYS: &[&str] =
    &["busy_timeout", "foreign_keys", "journal_mode", "mode", "statement_cache", "synchronous", "threading"];

/// Where an engine's SQLite database is.
#[derive(Clone)]
pub(super) struct Source {
    options: Options,
    is_memory: bool,
    /// For `sqlite::memory:`: the database that all connections of the engine share, made at the first one.
    shared: Option<Arc<OnceCell<TemporaryDatabase>>>,
}

impl Source {
    pub(super) fn new(url: &Url, is_single: bool) -> Result<Self> {
        let path = url.database.as_deref().unwrap_or(":memory:");
        let is_memory = path == ":memory:";
        let mut options = if is_memory { Options::memory() } else { Options::file(path) };
        for (key, value) in &url.query {
            apply(&mut options, key, value)?;
        }
        Ok(Source { options, is_memory, shared: (is_memory && !is_single).then(Arc::default) })
    }

    pub(super) fn is_memory(&self) -> bool {
        self.is_memory
    }

    pub(super) fn options(&self) -> Result<Options, PoolError> {
        let Some(shared) = &self.shared else { return Ok(self.options.clone()) };
        let temporary = shared.get_or_try_init(TemporaryDatabase::new)?.options();
        Ok(Options {
            database: temporary.database,
            journal_mode: temporary.journal_mode,
            synchronous: temporary.synchronous,
            ..self.options.clone()
        })
    }
}

fn apply(options: &mut Options, key: &str, value: &str) -> Result<()> {
    match key {
        "busy_timeout" => match value.parse() {
            Ok(milliseconds) => options.busy_timeout = Duration::from_millis(milliseconds),
            Err(_) => return Err(wrong(key, value, "a number of milliseconds")),
        },
        "foreign_keys" => options.foreign_keys = truth(key, value)?,
        "statement_cache" => match value.parse() {
            Ok(statements) => options.statement_cache = statements,
            Err(_) => return Err(wrong(key, value, "a number of statements")),
        },
        "mode" => match value {
            "ro" => (options.read_only, options.create_if_missing) = (true, false),
            "rw" => options.create_if_missing = false,
            "rwc" => options.create_if_missing = true,
            _ => return Err(wrong(key, value, "`ro`, `rw` or `rwc`")),
        },
        "threading" => match value {
            "inline" => options.threading = Threading::Inline,
            "blocking" => options.threading = Threading::Blocking,
            _ => return Err(wrong(key, value, "`inline` or `blocking`")),
        },
        "journal_mode" => options.journal_mode = Some(value.to_owned()),
        "synchronous" => options.synchronous = Some(value.to_owned()),
        _ => match key.strip_prefix("pragma.") {
            Some(name) => options.pragmas.push((name.to_owned(), value.to_owned())),
            None => return Err(unknown(key, KEYS, "`pragma.NAME` for any other pragma")),
        },
    }
    Ok(())
}
