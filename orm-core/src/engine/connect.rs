//! Opens connections for the pool: a URL becomes a driver's options.
//!
//! One file per database says which keys of the URL's query it knows; an unknown one is an error that lists them, or, on
//! the databases that have settings of their own for a session, one of these.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

use orm_pool::pool::{self, Reset, ResetOnReturn};
use orm_pool::{Error as PoolError, driver};

use super::Url;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A driver's connection, lent by the pool.
pub(crate) type Guard = pool::Guard<Connector>;

/// How long an operation whose future was dropped may take to end before its connection is closed.
const DRAIN: Duration = Duration::from_secs(2);

/// Opens connections for a pool.
pub(crate) struct Connector(Source);

/// Where an engine's connections lead.
enum Source {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Source),
    #[cfg(feature = "postgres")]
    Postgres(driver::postgres::Options),
    #[cfg(feature = "mysql")]
    MySql(driver::mysql::Options),
}

impl Connector {
    pub(super) fn new(url: &Url, is_single: bool) -> Result<Self> {
        _ = is_single;
        match url.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => Ok(Connector(Source::Sqlite(sqlite::Source::new(url, is_single)?))),
            #[cfg(feature = "postgres")]
            Dialect::Postgres => Ok(Connector(Source::Postgres(postgres::options(url)?))),
            #[cfg(feature = "mysql")]
            Dialect::MySql | Dialect::MariaDb => Ok(Connector(Source::MySql(mysql::options(url)?))),
            #[allow(unreachable_patterns, reason = "which patterns are left depends on the features")]
            other => {
                let message = format!("this build has no driver for {other}");
                let feature = if other == Dialect::MariaDb { "mysql" } else { other.name() };
                Err(Error::new(ErrorKind::Argument, message)
                    .hint(format!("switch the feature `{}` of `orm` on", feature.replace("postgresql", "postgres"))))
            }
        }
    }
}

impl pool::Connector for Connector {
    type Connection = driver::Connection;

    async fn connect(&self) -> Result<driver::Connection, PoolError> {
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Source::Sqlite(source) => {
                Ok(driver::Connection::Sqlite(driver::sqlite::Connection::open(&source.options()?).await?))
            }
            #[cfg(feature = "postgres")]
            Source::Postgres(options) => {
                Ok(driver::Connection::Postgres(driver::postgres::Connection::open(options).await?))
            }
            #[cfg(feature = "mysql")]
            Source::MySql(options) => Ok(driver::Connection::MySql(driver::mysql::Connection::open(options).await?)),
        }
    }

    fn reset_now(&self, connection: &mut driver::Connection, how: ResetOnReturn) -> Reset {
        match () {
            () if connection.needs_discard() => Reset::Broken,
            () if connection.is_in_flight() => Reset::NeedsWork,
            () if !connection.is_in_transaction() || how == ResetOnReturn::None => Reset::Clean,
            () if how == ResetOnReturn::Rollback && connection.rollback_now() => Reset::Clean,
            () => Reset::NeedsWork,
        }
    }

    async fn reset(&self, connection: &mut driver::Connection, how: ResetOnReturn) -> Result<(), PoolError> {
        let was_abandoned = connection.is_in_flight();
        if was_abandoned {
            connection.drain(DRAIN).await?;
        }
        match how {
            _ if !connection.is_in_transaction() => Ok(()),
            // Half of what was meant must not be kept.
            _ if was_abandoned => connection.batch("ROLLBACK").await,
            ResetOnReturn::Rollback => connection.batch("ROLLBACK").await,
            ResetOnReturn::Commit => connection.batch("COMMIT").await,
            ResetOnReturn::None => Ok(()),
        }
    }

    async fn ping(&self, connection: &mut driver::Connection) -> Result<(), PoolError> {
        connection.ping().await
    }

    async fn close(&self, connection: driver::Connection) {
        if let Err(error) = connection.close().await {
            tracing::warn!(target: "orm::engine", %error, "closing a connection failed");
        }
    }
}

/// Says that a key of the URL's query has a value that makes no sense.
fn wrong(key: &str, value: &str, expected: &str) -> Error {
    let message = format!("`{key}={value}` in the database URL makes no sense");
    Error::new(ErrorKind::Argument, message).hint(format!("expected {expected}"))
}

/// Reads a number of seconds, the unit of `connect_timeout` in the clients of both servers.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn seconds(key: &str, value: &str) -> Result<Duration> {
    value.parse().map(Duration::from_secs).map_err(|_| wrong(key, value, "a number of seconds"))
}
