//! Opens connections for the pool: a URL becomes a driver's options.
//!
//! One file per database says which keys of the URL's query it knows; an unknown one is an error that lists them.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::convert::Infallible;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orm_pool::pool::{self, Reset, ResetOnReturn};
use orm_pool::{Error as PoolError, ErrorKind as PoolErrorKind, driver};
use tokio::sync::oneshot;

use super::Url;
use super::test_transaction::Stage;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A driver's connection, lent by the pool.
pub(crate) type Guard = pool::Guard<Connector>;

/// The same, lent for a moment.
pub(crate) type Loan<'p> = pool::Loan<'p, Connector>;

/// How long an operation whose future was dropped may take to end before its connection is closed.
const DRAIN: Duration = Duration::from_secs(2);

/// Opens connections for a pool.
pub(crate) struct Connector {
    source: Source,
    url: Url,
    /// Says where to connect to, each time anew.
    creator: Option<Creator>,
    /// Whether transactions are savepoints of a test's.
    is_of_test: bool,
    /// Done once a server was found to be another than the URL says.
    #[cfg(feature = "mysql")]
    is_other_told: std::sync::Once,
}

/// A user's function that gives the URL to connect to.
#[derive(Clone)]
pub(super) struct Creator(Arc<dyn Fn(Url) -> UrlFuture + Send + Sync>);

type UrlFuture = Pin<Box<dyn Future<Output = Result<Url>> + Send>>;

impl Creator {
    pub(super) fn new<F, Fut>(creator: F) -> Self
    where
        F: Fn(Url) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Url>> + Send + 'static,
    {
        Creator(Arc::new(move |url| Box::pin(creator(url))))
    }

    /// Returns the URL for one connection.
    async fn url(&self, engine: &Url) -> Result<Url> {
        let url = (self.0)(engine.clone()).await?;
        if url.dialect == engine.dialect {
            return Ok(url);
        }
        let message =
            format!("the creator gave a URL of dialect {} for an engine of dialect {}", url.dialect, engine.dialect);
        Err(Error::new(ErrorKind::Argument, message))
    }
}

/// Where an engine's connections lead.
#[derive(Clone)]
enum Source {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Source),
    #[cfg(feature = "postgres")]
    Postgres(driver::postgres::Options),
    #[cfg(feature = "mysql")]
    MySql(driver::mysql::Options),
}

impl Source {
    fn new(url: &Url, is_single: bool) -> Result<Self> {
        _ = is_single;
        match url.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => Ok(Source::Sqlite(sqlite::Source::new(url, is_single)?)),
            #[cfg(feature = "postgres")]
            Dialect::Postgres => Ok(Source::Postgres(postgres::options(url)?)),
            #[cfg(feature = "mysql")]
            Dialect::MySql | Dialect::MariaDb => Ok(Source::MySql(mysql::options(url)?)),
            #[allow(unreachable_patterns, reason = "which patterns are left depends on the features")]
            other => {
                let message = format!("this build has no driver for {other}");
                let feature = if other == Dialect::MariaDb { "mysql" } else { other.name() };
                Err(Error::new(ErrorKind::Argument, message)
                    .hint(format!("switch the feature `{}` of `orm` on", feature.replace("postgresql", "postgres"))))
            }
        }
    }

    /// Returns the source that another URL of the same engine leads to.
    fn at(&self, url: &Url) -> Result<Self> {
        match self {
            // A database in memory is the engine's, whatever the URL.
            #[cfg(feature = "sqlite")]
            Source::Sqlite(source) if source.is_memory() => Ok(self.clone()),
            _ => Source::new(url, false),
        }
    }

    async fn open(&self) -> Result<driver::Connection, PoolError> {
        match self {
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
}

impl Connector {
    pub(super) fn new(url: &Url, is_single: bool, creator: Option<Creator>, is_of_test: bool) -> Result<Self> {
        Ok(Connector {
            source: Source::new(url, is_single)?,
            url: url.clone(),
            creator,
            is_of_test,
            #[cfg(feature = "mysql")]
            is_other_told: std::sync::Once::new(),
        })
    }

    /// Warns, once, of a URL that keeps an engine from what its server can do.
    #[cfg(feature = "mysql")]
    fn tell_other_server(&self, connection: &driver::Connection) {
        if let driver::Connection::MySql(connection) = connection
            && connection.is_mariadb()
            && self.url.dialect == Dialect::MySql
        {
            self.is_other_told.call_once(|| {
                tracing::warn!(target: "orm::engine", "the server is MariaDB: with a URL that begins with `mariadb://` statements are written as it knows them, RETURNING among them");
            });
        }
    }

    async fn source(&self) -> Result<Source, PoolError> {
        let Some(creator) = &self.creator else { return Ok(self.source.clone()) };
        let source = creator.url(&self.url).await.and_then(|url| self.source.at(&url));
        source.map_err(|error| {
            let message = format!("the engine's creator failed: {error}");
            PoolError::with_source(PoolErrorKind::Connect, message, error)
        })
    }
}

/// A driver's connection, and how to undo what was set for its session while it is lent.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(super) connection: driver::Connection,
    undo: Vec<&'static str>,
    /// The time limit that the session has.
    pub(super) timeout: Option<Duration>,
    /// When the server last answered to something that was written, or read on the way to that.
    pub(super) heard: Option<Instant>,
    /// Whether its user has declared it of no use.
    pub(super) is_invalid: bool,
    /// Whether its transactions are savepoints of a test's.
    pub(super) is_of_test: bool,
    /// Where that is.
    pub(super) stage: Stage,
    /// Tells whether the runtime in which it was opened has ended, where it needs one.
    home: Option<oneshot::Sender<Infallible>>,
}

impl Lent {
    /// Sets something for the session, which is undone before anybody else gets the connection.
    pub(super) async fn alter(&mut self, words: &str, undo: &'static str) -> Result<(), PoolError> {
        if !self.undo.contains(&undo) {
            self.undo.push(undo);
        }
        self.connection.batch(words).await
    }

    /// Undoes what was set for the session.
    pub(super) async fn restore(&mut self) -> Result<(), PoolError> {
        while let Some(undo) = self.undo.last() {
            self.connection.batch(undo).await?;
            self.undo.pop();
        }
        self.timeout = None;
        Ok(())
    }

    /// Undoes what was set for the session, if that needs no waiting.
    fn restore_now(&mut self) -> bool {
        while let Some(undo) = self.undo.last() {
            if !self.connection.run_now(undo) {
                return false;
            }
            self.undo.pop();
        }
        self.timeout = None;
        true
    }
}

impl Deref for Lent {
    type Target = driver::Connection;

    #[inline]
    fn deref(&self) -> &driver::Connection {
        &self.connection
    }
}

impl DerefMut for Lent {
    #[inline]
    fn deref_mut(&mut self) -> &mut driver::Connection {
        &mut self.connection
    }
}

impl pool::Connector for Connector {
    type Connection = Lent;

    async fn connect(&self) -> Result<Lent, PoolError> {
        let connection = self.source().await?.open().await?;
        #[cfg(feature = "mysql")]
        self.tell_other_server(&connection);
        let is_of_test = self.is_of_test;
        let (undo, stage) = (Vec::new(), Stage::default());
        let home = match &connection {
            #[cfg(feature = "sqlite")]
            driver::Connection::Sqlite(_) => None,
            #[allow(unreachable_patterns, reason = "which patterns are left depends on the features")]
            _ => Some(home()),
        };
        Ok(Lent { connection, undo, timeout: None, heard: None, is_invalid: false, is_of_test, stage, home })
    }

    fn reset_now(&self, lent: &mut Lent, how: ResetOnReturn) -> Reset {
        if lent.is_invalid || lent.needs_discard() {
            return Reset::Broken;
        }
        if lent.is_in_flight() || !lent.close_cursors_now() {
            return Reset::NeedsWork;
        }
        lent.forget_lost_transaction();
        let is_ended = match how {
            _ if !lent.is_in_transaction() => true,
            ResetOnReturn::None => true,
            ResetOnReturn::Rollback => lent.rollback_now(),
            ResetOnReturn::Commit => lent.commit_now(),
        };
        if is_ended && lent.restore_now() { Reset::Clean } else { Reset::NeedsWork }
    }

    async fn reset(&self, lent: &mut Lent, how: ResetOnReturn) -> Result<(), PoolError> {
        let was_abandoned = lent.is_in_flight();
        if was_abandoned {
            lent.drain(DRAIN).await?;
        }
        lent.forget_lost_transaction();
        match how {
            _ if !lent.is_in_transaction() => {}
            // Half of what was meant must not be kept.
            _ if was_abandoned => lent.end(lent.rollback_words()).await?,
            ResetOnReturn::Rollback => lent.end(lent.rollback_words()).await?,
            ResetOnReturn::Commit => lent.end(lent.commit_words()).await?,
            ResetOnReturn::None => {}
        }
        lent.close_cursors().await?;
        lent.restore().await
    }

    #[inline]
    fn is_dead(&self, lent: &Lent) -> bool {
        lent.home.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    async fn ping(&self, lent: &mut Lent) -> Result<(), PoolError> {
        lent.connection.ping().await
    }

    async fn close(&self, lent: Lent) {
        if let Err(error) = lent.connection.close().await {
            tracing::warn!(target: "orm::engine", %error, "closing a connection failed");
        }
    }
}

/// Returns what is closed when this runtime ends: the other end is held by a task, which waits until this one is dropped.
fn home() -> oneshot::Sender<Infallible> {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(receiver);
    sender
}

/// Says that the URL has a key that the driver does not know, and which it does.
fn unknown(key: &str, known: &[&str], besides: &str) -> Error {
    let message = format!("the database URL has the unknown key `{key}`");
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    Error::new(ErrorKind::Argument, message).hint(format!("the known ones are {}, and {besides}", known.join(", ")))
}

/// Reads a truth value.
#[cfg(feature = "sqlite")]
fn truth(key: &str, value: &str) -> Result<bool> {
    match value {
        "on" | "true" | "1" | "yes" => Ok(true),
        "off" | "false" | "0" | "no" => Ok(false),
        _ => Err(wrong(key, value, "`on` or `off`")),
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
