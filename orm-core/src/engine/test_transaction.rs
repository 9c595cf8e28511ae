//! A transaction that is never committed, around all that an engine does: so that a test of code which takes an engine,
//! and commits, leaves nothing behind.
//!
//! In: what a [`Connection`] would say to begin and to end a transaction. Out: a savepoint of the one connection that such
//! an engine has. Rails' transactional tests and Ecto's sandbox are like this.

use std::sync::atomic::{AtomicBool, Ordering};

use orm_pool::Error as PoolError;

use super::connect::Lent;
use super::{Connection, EngineBuilder, PoolClass};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// Begins a transaction.
pub(super) const SAVEPOINT: &str = "SAVEPOINT orm_test";
const RELEASE: &str = "RELEASE SAVEPOINT orm_test";
const ROLLBACK: &str = "ROLLBACK TO SAVEPOINT orm_test; RELEASE SAVEPOINT orm_test";
/// What a COMMIT of PostgreSQL looks at that is deferred, which the end of a savepoint does not. Being rolled back it
/// leaves when to look at what as it was.
pub(super) const CHECK: &str =
    "SAVEPOINT orm_check; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT orm_check; RELEASE SAVEPOINT orm_check";

/// What an engine knows of its test transaction.
#[derive(Debug, Default)]
pub(super) struct TestTransaction {
    /// Whether it has begun, on whichever connection.
    has_begun: AtomicBool,
}

/// Where a connection stands whose transactions are savepoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The transaction around them has not begun.
    #[default]
    Fresh,
    /// It has.
    Begun,
    /// There is a savepoint in it, or one may be on its way.
    Inside,
}

impl EngineBuilder {
    /// Whether all that the engine does is one transaction that is never committed, for tests of code that takes an engine
    /// and commits; off by default.
    ///
    /// The engine has one connection, on which a transaction is begun when it is first used and rolled back when the engine
    /// goes or is [disposed of](crate::Engine::dispose). Within it everything is as always: what is a transaction to the
    /// code is a savepoint to the database. So tests share a database, its tables and what was put there before, run beside
    /// each other and need not clean up. Diesel's `begin_test_transaction`, for a whole engine.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # async fn sign_up(engine: &Engine, name: &str) -> Result<(), Error> {
    /// #     let mut session = Session::new(engine);
    /// #     session.add(User::builder().name(name));
    /// #     session.commit().await
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let folder = std::env::temp_dir().join(format!("orm-test-transaction-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).map_err(Error::other)?;
    /// # let url = format!("sqlite:///{}", folder.join("shop.db").display());
    /// # let engine = Engine::new(&url)?;
    /// # metadata![User].create_all(&engine).await?;
    /// let test = Engine::builder(&url).test_transaction(true).build()?;
    /// sign_up(&test, "ed").await?; // begins, inserts, commits
    /// assert_eq!(select(User).count(&test).await?, 1);
    /// drop(test);
    /// assert_eq!(select(User).count(&engine).await?, 0);
    /// # engine.dispose().await;
    /// # std::fs::remove_dir_all(&folder).map_err(Error::other)
    /// # }
    /// ```
    ///
    /// What is different:
    ///
    /// - Whoever wants a connection while another has it waits, for as long as
    ///   [`pool_timeout`](EngineBuilder::pool_timeout) says: what has written is to commit before anybody else comes. A
    ///   session that has only read is in nobody's way.
    /// - There is nobody to be isolated from, so isolation levels have no effect, locks are always had, and `read_only`
    ///   does not keep MySQL from writing. PostgreSQL's `now()` is the time at which the test began.
    /// - Sequences and `AUTO_INCREMENT` are not rolled back, in any transaction: keys go on from test to test.
    /// - SQLite looks at constraints that are `DEFERRABLE INITIALLY DEFERRED` when a transaction ends, which this one
    ///   never does.
    /// - A future that is dropped in the middle of a statement, as by a time limit or `select!`, costs MySQL the connection,
    ///   and with it all that the test has done; PostgreSQL only where the server does not come to an end with it in time, or
    ///   where it was the end of a transaction. What comes after fails and says so. SQLite goes on.
    /// - MySQL commits by itself at a definition: tables have to be there before. What comes after fails and says so.
    #[must_use]
    pub fn test_transaction(mut self, test: bool) -> Self {
        self.is_test = test;
        self
    }

    /// Returns what the engine is to know of its test transaction, and with which kind of pool it has one.
    pub(super) fn test(&self) -> Result<(Option<TestTransaction>, PoolClass)> {
        match self.class {
            class if !self.is_test => Ok((None, class)),
            PoolClass::Queue | PoolClass::Static => Ok((Some(TestTransaction::default()), PoolClass::Static)),
            class => {
                let message = format!("an engine with `test_transaction` has one connection, and no {class:?} pool");
                Err(Error::new(ErrorKind::Argument, message).hint("leave `pool_class` out"))
            }
        }
    }
}

impl Connection {
    /// Begins the transaction around all others, unless it has begun.
    pub(super) async fn begin_test(&mut self) -> Result<()> {
        let engine = self.engine.clone();
        let Some(test) = &engine.shared.test else { return Ok(()) };
        match self.guard.stage {
            Stage::Fresh if !test.has_begun.swap(true, Ordering::Relaxed) => {
                let words = if self.dialect() == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
                self.engine.echo_words(words, " (of the test)");
                // Whoever gives up now has begun it nonetheless.
                self.guard.stage = Stage::Begun;
                let begun = self.send(words).await;
                if begun.is_err() {
                    self.guard.stage = Stage::Fresh;
                    test.has_begun.store(false, Ordering::Relaxed);
                }
                begun
            }
            Stage::Fresh => {
                let message = "the test's transaction has been rolled back, since its connection was lost, disposed of, or \
                               closed with a statement whose future was dropped, as by a time limit";
                Err(Error::new(ErrorKind::InvalidRequest, message).hint("make another engine"))
            }
            Stage::Begun | Stage::Inside => self.refuse_ended_test(),
        }
    }

    /// Fails if the transaction around all others is no more.
    pub(super) fn refuse_ended_test(&self) -> Result<()> {
        if self.guard.stage == Stage::Fresh || self.guard.connection.is_in_transaction() {
            return Ok(());
        }
        let message = "the test's transaction was ended: by a COMMIT or ROLLBACK in SQL text, by a definition, with which \
                       MySQL commits, or by the database, as after a deadlock";
        Err(Error::new(ErrorKind::InvalidRequest, message)
            .hint("create tables before, with another engine; then make an engine for the test"))
    }
}

impl Lent {
    /// Returns whether a transaction is open, to whoever has the connection.
    pub(super) fn is_in_transaction(&self) -> bool {
        (!self.is_of_test || self.stage == Stage::Inside) && self.connection.is_in_transaction()
    }

    /// Returns the words that roll it back.
    pub(super) fn rollback_words(&self) -> &'static str {
        if self.is_of_test { ROLLBACK } else { "ROLLBACK" }
    }

    /// Returns the words that commit it.
    pub(super) fn commit_words(&self) -> &'static str {
        if self.is_of_test { RELEASE } else { "COMMIT" }
    }

    /// Ends it by these words.
    pub(super) async fn end(&mut self, words: &str) -> Result<(), PoolError> {
        self.connection.batch(words).await?;
        self.has_ended();
        Ok(())
    }

    /// Rolls it back, if that needs no waiting; returns whether it did.
    pub(super) fn rollback_now(&mut self) -> bool {
        if !self.is_of_test {
            return self.connection.rollback_now();
        }
        let is_done = ROLLBACK.split("; ").all(|words| self.connection.run_now(words));
        if is_done {
            self.has_ended();
        }
        is_done
    }

    /// Commits it, if that needs no waiting; returns whether it did.
    pub(super) fn commit_now(&mut self) -> bool {
        let is_done = self.connection.run_now(self.commit_words());
        if is_done {
            self.has_ended();
        }
        is_done && !self.is_in_transaction()
    }

    /// Notes that it begins.
    pub(super) fn begins(&mut self) {
        if self.is_of_test {
            self.stage = Stage::Inside;
        }
    }

    /// Notes that it has ended.
    pub(super) fn has_ended(&mut self) {
        if self.stage == Stage::Inside {
            self.stage = Stage::Begun;
        }
    }
}
