//! A session's transaction: begun by the first statement, ended by commit, rollback or close; savepoints inside of it.

use std::ops::{Deref, DerefMut};

use super::{BindRequest, Busy, Session};
use crate::engine::{Connection, IsolationLevel};
use crate::error::{Error, ErrorKind, Result};
use crate::flush;

const SAVEPOINT: Busy = Busy::Work("the begin or end of a savepoint");

impl Session {
    /// Refuses work while the transaction waits for a rollback, and notices what a dropped future has left behind.
    pub(super) fn check(&mut self) -> Result<()> {
        self.objects.overwrites = false;
        self.objects.reads_elsewhere = false;
        self.objects.renews_references = false;
        match std::mem::replace(&mut self.busy, Busy::No) {
            Busy::No => {}
            Busy::Work(what) if !self.connections.may_have_committed() => {
                self.objects.tell_now();
                // The connections go back to their pools, which roll back what they were in the middle of.
                self.connections.lose();
                let message = format!("{what} was cut off by its future being dropped");
                self.failed = Some(Error::new(ErrorKind::InvalidRequest, message));
            }
            Busy::Commit | Busy::Work(_) => {
                self.objects.tell_now();
                self.connections.lose();
                let message = "a commit was cut off: the transaction may have been committed or not";
                self.failed = Some(Error::new(ErrorKind::CommitUnknown, message));
            }
        }
        match &self.failed {
            None => Ok(()),
            Some(cause) => {
                let message = match cause.kind() {
                    ErrorKind::CommitUnknown => {
                        "this session waits for a rollback: its commit may have been done or not"
                    }
                    _ => "this session's transaction has been rolled back due to a previous error",
                };
                let hint = match self.is_of_closure {
                    true => "return the error from the closure; what may fail goes into a savepoint, by `begin_nested`",
                    false => "call `session.rollback()` to begin a new one",
                };
                Err(Error::new(ErrorKind::PendingRollback, message)
                    .hint(hint)
                    .note(format!("the original error was: {}", cause.message())))
            }
        }
    }

    /// Returns the primary engine's connection, with the transaction begun.
    pub(super) async fn connected(&mut self, will_write: bool) -> Result<&mut Connection> {
        self.connected_for(BindRequest::transaction(will_write)).await
    }

    /// Returns the connection for a statement, with the transaction begun.
    pub(super) async fn connected_for(&mut self, request: BindRequest) -> Result<&mut Connection> {
        let Session { connections, has_retryable_failure, .. } = self;
        let connection = connections.of(request).await;
        connection.inspect_err(|error| *has_retryable_failure |= error.is_retryable())
    }

    /// Notes whether something has failed after which the transaction may be run again: each statement of the session tells.
    pub(super) fn noted<T>(&mut self, done: Result<T>) -> Result<T> {
        match &done {
            Ok(_) => self.connections.rest(),
            Err(error) => self.has_retryable_failure |= error.is_retryable(),
        }
        done
    }

    /// Undoes in the database what a failed flush has sent, and leaves the session waiting for a rollback.
    pub(super) async fn flush_failed(&mut self, error: Error) -> Error {
        self.has_retryable_failure |= error.is_retryable();
        self.connections.undo_flush().await;
        self.failed = Some(error.clone());
        error
    }

    /// Flushes and returns the connection of the session's transaction, for values inside of it.
    ///
    /// It is that of the primary engine, since it may be used to write; what the session reads afterwards comes from there too.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.add(User::builder().name("ed"));
    /// let users: Vec<User> = select(User).all(session.connection().await?).await?; // values, not handles
    /// assert_eq!(users[0].name, "ed");
    /// assert_eq!(select(User).count(&engine).await?, 0); // nothing is committed
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), and when no connection can be had.
    pub async fn connection(&mut self) -> Result<&mut Connection> {
        self.flush().await?;
        self.connected_for(BindRequest::connection()).await
    }

    /// Begins the transaction, which otherwise the first statement does.
    ///
    /// ```
    /// # use orm_core::{Engine, Session};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let mut session = Session::new(&engine);
    /// session.begin().await?;
    /// assert!(session.in_transaction());
    /// let error = session.begin().await.unwrap_err();
    /// assert_eq!(error.message(), "a transaction is already begun on this session");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when it has begun already, or when no connection can be had.
    pub async fn begin(&mut self) -> Result<()> {
        self.check()?;
        if self.in_transaction() {
            return Err(Error::new(ErrorKind::InvalidRequest, "a transaction is already begun on this session")
                .hint("commit or roll back first; `begin_nested` begins a savepoint inside of it"));
        }
        self.connected(false).await.map(|_| ())
    }

    /// Begins the transaction of a closure, as a serializable one that will write.
    pub(crate) async fn begin_for_closure(&mut self) -> Result<()> {
        self.is_of_closure = true;
        self.connections.begin_with(IsolationLevel::Serializable);
        self.connected(true).await.map(|_| ())
    }

    /// Notes that the closure has returned, so that its transaction may be ended.
    pub(crate) fn has_left_closure(&mut self) {
        self.is_of_closure = false;
    }

    /// Refuses to end the transaction of a closure within it: what followed would be in another one, without its isolation
    /// level, and what was committed would be committed again when the closure is run again.
    fn refuse_end_in_closure(&self) -> Result<()> {
        if !self.is_of_closure {
            return Ok(());
        }
        let message = "this session's transaction ends with the closure that it runs in";
        Err(Error::new(ErrorKind::InvalidRequest, message)
            .hint("return `Ok` to commit and an error to roll back; what `begin_nested` begins may be ended inside"))
    }

    /// Returns whether the session's transaction has begun in the database.
    pub fn in_transaction(&self) -> bool {
        self.connections.in_transaction()
    }

    /// Returns whether a savepoint is open.
    pub fn in_nested_transaction(&self) -> bool {
        self.objects.depth() > 1
    }

    /// Returns whether a statement has failed in a way that running the whole transaction again may cure.
    pub(crate) fn has_retryable_failure(&self) -> bool {
        self.has_retryable_failure
    }

    /// Flushes, commits, and gives the connection back.
    ///
    /// Afterwards the objects stay readable and are expired: the next row that is read for one overwrites it, and
    /// [`get`](Self::get) and [`load`](Self::load) read again.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    /// assert_eq!(session[ed].id, 1); // readable
    /// assert!(!session.in_transaction());
    /// assert_eq!(select(User).count(&engine).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush); with [`ErrorKind::CommitUnknown`] when the answer to COMMIT is lost, or to the one statement of a
    /// transaction that commits itself. Where the connection is known to be gone before COMMIT is sent, the error says that the
    /// transaction was rolled back. Within the closure of [`Engine::transaction`](crate::Engine::transaction), which commits by
    /// returning, it is refused.
    pub async fn commit(&mut self) -> Result<()> {
        self.refuse_end_in_closure()?;
        self.check().map_err(|error| self.failed_commit().unwrap_or(error))?;
        let events = self.objects.events.clone();
        if let Err(error) = events.call_before_commit(self) {
            return Err(self.flush_failed(error).await);
        }
        self.flush_until_clean().await?;
        // Savepoints that are still open end with the transaction.
        while self.objects.depth() > 1 {
            self.objects.merge_frame();
        }
        self.connections.undo_abandoned().await?;
        self.connections.forget_savepoints();
        let is_its_owners = self.connections.is_its_owners();
        self.busy = Busy::Commit;
        let done = self.connections.commit().await;
        self.busy = Busy::No;
        if let Err(error) = done {
            self.has_retryable_failure |= error.is_retryable();
            self.failed = Some(error.clone());
            return Err(error);
        }
        match is_its_owners {
            true => self.objects.commit_within(self.expire_on_commit),
            false => self.objects.commit(self.expire_on_commit),
        }
        events.call_after_commit(self);
        Ok(())
    }

    /// Returns what became of the commit before this one, if that is unknown: whoever commits again asks for the same.
    fn failed_commit(&self) -> Option<Error> {
        let unknown = self.failed.clone().filter(|cause| *cause.kind() == ErrorKind::CommitUnknown)?;
        Some(unknown.hint("call `session.rollback()`, and look for the rows"))
    }

    /// Flushes until listeners change nothing more.
    async fn flush_until_clean(&mut self) -> Result<()> {
        const MOST: usize = 100;
        for _ in 0..MOST {
            self.flush_for(true).await?;
            // What listeners were given may have got members, which the next flush takes up.
            if !self.objects.has_lent() && flush::is_clean(&self.objects) {
                return Ok(());
            }
        }
        let message = format!("over {MOST} flushes have followed each other within one commit");
        let error =
            Error::new(ErrorKind::InvalidRequest, message).hint("does a listener change objects after each flush?");
        Err(self.flush_failed(error).await)
    }

    /// Rolls back, gives the connection back, and puts the objects back as they were when the transaction began.
    ///
    /// New objects become transient: they stay readable and can be added again. Everything else is expired, since what
    /// was read may be what nobody ever committed.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    /// session[ed].name = "edward".into();
    /// let wendy = session.add(User::builder().name("wendy"));
    /// session.flush().await?;
    ///
    /// session.rollback().await?;
    /// assert_eq!(session[ed].name, "ed");
    /// assert_eq!(session[wendy].id, 0); // transient: `add_again` would add it
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database refuses; memory is put back all the same. Where the connection is lost, the database has rolled
    /// back by itself. Refused within the closure of [`Engine::transaction`](crate::Engine::transaction), which rolls back by
    /// returning an error.
    pub async fn rollback(&mut self) -> Result<()> {
        self.refuse_end_in_closure()?;
        let events = self.objects.events.clone();
        events.call_before_rollback(self);
        self.put_back();
        let done = self.connections.rollback().await;
        events.call_after_rollback(self);
        done
    }

    /// Puts the objects back as they were when the transaction began.
    fn put_back(&mut self) {
        self.objects.tell_now();
        while self.objects.depth() > 1 {
            self.objects.rollback_frame();
        }
        self.objects.rollback_frame();
        self.failed = None;
        self.deferred = None;
        if std::mem::replace(&mut self.busy, Busy::No) != Busy::No {
            // Something was cut off: the pool ends what a connection was in the middle of.
            self.connections.drop_all();
        }
    }

    /// Rolls back and lets go of every object; their handles are dead. The session can be used again.
    ///
    /// What was flushed in the transaction of a connection that was lent with [`JoinMode::RollbackOnly`](super::JoinMode)
    /// is left to its owner.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.flush().await?;
    /// session.close().await?;
    /// let error = session.object(ed).unwrap_err();
    /// assert_eq!(error.message(), "object `User` is no longer in the session: it was let go by `close()`");
    /// assert_eq!(session.query(User).count().await?, 0); // usable, in a new transaction
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`rollback`](Self::rollback).
    pub async fn close(&mut self) -> Result<()> {
        self.refuse_end_in_closure()?;
        let done = if self.connections.is_its_owners() {
            self.put_back();
            self.connections.leave().await
        } else {
            self.rollback().await
        };
        self.objects.remove_all("let go by `close()`");
        done
    }

    /// Closes the session, and ends its connections instead of giving them back: for work that was given up halfway, whose
    /// connections are known to be of no use. The database rolls back by itself. SQLAlchemy's `invalidate`.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.add(User::builder().name("ed"));
    /// session.flush().await?;
    /// session.invalidate();
    /// assert_eq!(session.query(User).count().await?, 0); // on another connection
    /// # Ok(())
    /// # }
    /// ```
    pub fn invalidate(&mut self) {
        self.put_back();
        self.connections.invalidate();
        if self.is_of_closure {
            self.connections.begin_with(IsolationLevel::Serializable);
        }
        self.objects.remove_all("let go by `invalidate()`");
    }

    /// Flushes and begins a savepoint. The guard is a session; dropping it rolls back to the savepoint.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.add(User::builder().name("ed"));
    /// for name in ["wendy", "ed"] {
    ///     let mut inner = session.begin_nested().await?;
    ///     inner.add(User::builder().name(name));
    ///     match inner.flush().await {
    ///         Err(error) if error.is_unique_violation() => inner.rollback().await?, // the others stay
    ///         done => inner.commit().await.and(done)?,
    ///     }
    /// }
    /// session.commit().await?;
    /// assert_eq!(session.query(User).count().await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub async fn begin_nested(&mut self) -> Result<Nested<'_>> {
        self.flush().await?;
        self.busy = SAVEPOINT;
        let savepoint = self.connections.savepoint().await;
        self.busy = Busy::No;
        self.noted(savepoint)?;
        self.objects.push_frame();
        let depth = self.objects.depth();
        Ok(Nested { session: self, depth, is_open: true })
    }
}

/// A savepoint of a session, which it stands for. Dropping it rolls back to it.
///
/// ```
/// # use orm_core::{Engine, Session};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Account { #[orm(primary_key)] id: i64, balance: i64 }
/// # use orm_core::metadata;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Account].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let account = session.add(Account { id: 1, balance: 100 });
/// let mut inner = session.begin_nested().await?;
/// inner[account].balance = 0;
/// inner.flush().await?;
/// drop(inner);
/// assert_eq!(session[account].balance, 100);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Nested<'s> {
    session: &'s mut Session,
    /// How many transactions and savepoints there are with this one.
    depth: usize,
    is_open: bool,
}

impl Nested<'_> {
    /// Flushes and keeps what was done; the transaction around it decides.
    ///
    /// # Errors
    ///
    /// As [`Session::flush`], and when the whole transaction has been committed or rolled back meanwhile, by a function that
    /// took the guard for its session. Where the database does not keep the savepoint, it is rolled back.
    pub async fn commit(mut self) -> Result<()> {
        self.check_open()?;
        self.session.flush().await?;
        self.session.busy = SAVEPOINT;
        let released = self.session.connections.release().await;
        self.session.busy = Busy::No;
        released?;
        self.session.objects.merge_frame();
        self.is_open = false;
        Ok(())
    }

    /// Undoes what was done, in the database and in the objects.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost, and when the whole transaction has been committed or rolled back meanwhile.
    pub async fn rollback(mut self) -> Result<()> {
        self.check_open()?;
        self.undo();
        // Where the connection is gone, so is what was done before the savepoint.
        self.session.check()?;
        self.session.connections.undo_abandoned().await
    }

    fn check_open(&self) -> Result<()> {
        if self.session.objects.depth() >= self.depth {
            return Ok(());
        }
        let message = "this savepoint is closed, since its transaction has been committed or rolled back";
        Err(Error::new(ErrorKind::InvalidRequest, message))
    }

    fn undo(&mut self) {
        if std::mem::take(&mut self.is_open) && self.session.objects.depth() >= self.depth {
            // What was cut off is noticed here, where nothing is asked of the session before.
            let _ = self.session.check();
            self.session.objects.tell_now();
            self.session.objects.rollback_frame();
            self.session.deferred = None;
            if !self.session.connections.is_lost() {
                self.session.connections.abandon();
                self.session.failed = None;
            }
        }
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.undo();
    }
}

impl Deref for Nested<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl DerefMut for Nested<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
    }
}
