//! A connection on which alone a database is migrated: [`Locked`].
//!
//! PostgreSQL and MySQL lock a name for the session: what is dropped half way closes the connection, and with it the lock goes.
//! SQLite has no such lock; there each revision takes the write lock, and looks again at what has been applied.

use std::time::Duration;

use orm_core::__private::script::is_of_test;
use orm_core::{Connection, Dialect, Result};

use crate::history::{History, run};

/// How long it takes to ask again.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that holds the lock.
pub(crate) struct Locked {
    lent: Option<Connection>,
    /// What releases the lock.
    release: Option<String>,
    /// Whether nobody else is to have the connection afterwards.
    pub(crate) is_spoilt: bool,
}

impl Locked {
    /// Waits for the lock, for as long as it takes.
    pub(crate) async fn take(mut connection: Connection, history: &History) -> Result<Locked> {
        // All that a test does is one transaction, which nobody else sees.
        if is_of_test(connection.engine()) {
            return Ok(Locked { lent: Some(connection), release: None, is_spoilt: false });
        }
        let (ask, release) = match connection.dialect() {
            Dialect::Postgres => {
                // The schema of a table without one depends on the connection.
                let schema = run(&mut connection, "SELECT current_schema()").await?.scalar::<String>()?;
                let schema = history.schema.clone().or(schema).unwrap_or_default();
                let key = hash(&[&schema, &history.table]) as i64;
                (format!("SELECT pg_try_advisory_lock({key})"), format!("SELECT pg_advisory_unlock({key})"))
            }
            Dialect::MySql | Dialect::MariaDb => {
                // Names are the server's, and of 64 characters at most.
                let schema = run(&mut connection, "SELECT DATABASE()").await?.scalar::<String>()?;
                let schema = history.schema.clone().or(schema).unwrap_or_default();
                let name = format!("orm_migrations_{:016x}", hash(&[&schema, &history.table]));
                (format!("SELECT GET_LOCK('{name}', 0)"), format!("SELECT RELEASE_LOCK('{name}')"))
            }
            _ => return Ok(Locked { lent: Some(connection), release: None, is_spoilt: false }),
        };
        // From here on a connection that is dropped may have the lock.
        let mut locked = Locked { lent: Some(connection), release: Some(release), is_spoilt: true };
        let mut is_told = false;
        // Asked again and again, rather than waited for in the server: `CREATE INDEX CONCURRENTLY` waits for every statement that
        // has begun before it, and would wait for this one.
        while !locked.has_got(&ask).await? {
            if !is_told {
                tracing::info!(target: "orm::migrate", "waiting for another program that migrates this database");
                is_told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(locked)
    }

    async fn has_got(&mut self, ask: &str) -> Result<bool> {
        let connection = self.connection();
        let is_postgres = connection.dialect() == Dialect::Postgres;
        let answer = run(connection, ask).await?;
        if is_postgres { Ok(answer.scalar::<bool>()? == Some(true)) } else { Ok(answer.scalar::<i64>()? == Some(1)) }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.lent.as_mut().expect("it is held until it is released")
    }

    /// Begins a transaction; on SQLite it waits for the write lock for as long as it takes.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        loop {
            match self.connection().begin().await {
                Err(error) if error.is_lock_timeout() => {
                    self.connection().rollback().await?;
                    tracing::info!(target: "orm::migrate", "waiting for the write lock of the database");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Makes the table, unless it is there.
    pub(crate) async fn create(&mut self, history: &History) -> Result<()> {
        self.begin().await?;
        run(self.connection(), &history.create()).await?;
        self.connection().commit().await
    }

    /// Releases the lock, and passes on what came of it.
    ///
    /// Revisions may have set something for the session, so a server's connection is closed rather than given back.
    pub(crate) async fn release<T>(mut self, done: Result<T>) -> Result<T> {
        let release = self.release.take();
        let connection = self.connection();
        // Where the connection is lost, so is the lock.
        _ = connection.rollback().await;
        if let Some(release) = release {
            _ = run(connection, &release).await;
        }
        done
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Some(connection) = self.lent.take().filter(|_| self.is_spoilt) {
            connection.invalidate();
        }
    }
}

/// FNV-1a: a number that is the same in every program.
fn hash(words: &[&str]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    bytes.fold(0xcbf29ce484222325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3))
}
