//! A closure as a transaction: committed when it returns `Ok`, rolled back when it returns `Err`, run again when the
//! database could not serialize it.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::Location;
use std::time::{Duration, Instant};

use super::Engine;
use crate::error::{Error, Result};
use crate::session::{Session, SessionMaker};

/// How often a transaction is tried. When all fifteen connections of a pool want one row, at least one of them gets it each
/// time; with the waits between, the unluckiest of 160 such transactions was seen to need fourteen.
const ATTEMPTS: u32 = 40;
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Engine {
    /// Runs a closure in a SERIALIZABLE transaction (SQLite: `BEGIN IMMEDIATE`) with a session of its own.
    ///
    /// `Ok` commits and `Err` rolls back; the session's own `commit` and `rollback` are refused inside. After a serialization failure or a deadlock the closure runs again with a fresh
    /// session, up to forty times in all, each after a random wait of less than a second; so it must not give away what it
    /// captured: it is written without `move`, and clones what it has to give away. A commit whose answer was lost is not
    /// run again.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Account { #[orm(primary_key)] id: i64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Account].create_all(&engine).await?;
    /// # engine.transaction_once(async |s| { s.add(Account { id: 1, balance: 100 }); Ok(()) }).await?;
    /// let left = engine
    ///     .transaction(async |session| {
    ///         let account = session.get_one(Account, 1).await?;
    ///         session[account].balance -= 10;
    ///         Ok(session[account].balance)
    ///     })
    ///     .await?;
    /// assert_eq!(left, 90);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the closure's error, or with that of the commit.
    #[track_caller]
    pub fn transaction<F, R>(&self, work: F) -> impl Future<Output = Result<R>>
    where
        R: Send,
        F: Send
            + for<'s> AsyncFnMut(&'s mut Session) -> Result<R>
            + for<'s> Work<&'s mut Session, Result<R>, Fut: Send>,
    {
        // A statement on the connection that a session has lent fails without the session.
        run_until(Source::Engine(self), work, Error::is_retryable, Location::caller())
    }

    /// Runs a closure as [`transaction`](Self::transaction) does, with an error type of the user's own.
    ///
    /// Whether it is run again is decided by what happened to the session, not by the error: not by what has failed on the
    /// connection that a session [has lent](Session::connection).
    ///
    /// # Errors
    ///
    /// Fails with the closure's error, or with that of the commit.
    #[track_caller]
    pub fn try_transaction<F, R, E>(&self, work: F) -> impl Future<Output = Result<R, E>>
    where
        R: Send,
        E: From<Error> + Send,
        F: Send
            + for<'s> AsyncFnMut(&'s mut Session) -> Result<R, E>
            + for<'s> Work<&'s mut Session, Result<R, E>, Fut: Send>,
    {
        run_until(Source::Engine(self), work, |_| false, Location::caller())
    }

    /// Runs a closure once in a transaction, so that it may give away what it captured.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let user = User { id: 0, name: "ed".into() };
    /// engine.transaction_once(async move |session| { session.add(user); session.flush().await }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the closure's error, or with that of the commit.
    #[track_caller]
    pub fn transaction_once<F, R>(&self, work: F) -> impl Future<Output = Result<R>>
    where
        R: Send,
        F: Send
            + for<'s> AsyncFnOnce(&'s mut Session) -> Result<R>
            + for<'s> WorkOnce<&'s mut Session, Result<R>, Fut: Send>,
    {
        run_once(Source::Engine(self).session(Location::caller()), work)
    }
}

impl SessionMaker {
    /// Runs a closure as [`Engine::transaction`] does, with sessions of this make: their filters and listeners hold, and its
    /// statements go where those of its sessions go, but none to a replica.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Engine, Model, SessionEvents, SessionMaker, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Account { #[orm(primary_key)] id: i64, balance: i64, closed: bool }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Account].create_all(&engine).await?;
    /// let sessions = SessionMaker::new(&engine).events(SessionEvents::new().filter(Account, Account.closed.eq(false)));
    /// sessions.transaction_once(async |s| { s.add(Account { id: 1, balance: 100, closed: true }); Ok(()) }).await?;
    /// let open = sessions.transaction(async |session| session.query(Account).count().await).await?;
    /// assert_eq!(open, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::transaction`].
    #[track_caller]
    pub fn transaction<F, R>(&self, work: F) -> impl Future<Output = Result<R>>
    where
        R: Send,
        F: Send
            + for<'s> AsyncFnMut(&'s mut Session) -> Result<R>
            + for<'s> Work<&'s mut Session, Result<R>, Fut: Send>,
    {
        run_until(Source::Maker(self), work, Error::is_retryable, Location::caller())
    }

    /// Runs a closure as [`transaction`](Self::transaction) does, with an error type of the user's own: see
    /// [`Engine::try_transaction`].
    ///
    /// # Errors
    ///
    /// Fails with the closure's error, or with that of the commit.
    #[track_caller]
    pub fn try_transaction<F, R, E>(&self, work: F) -> impl Future<Output = Result<R, E>>
    where
        R: Send,
        E: From<Error> + Send,
        F: Send
            + for<'s> AsyncFnMut(&'s mut Session) -> Result<R, E>
            + for<'s> Work<&'s mut Session, Result<R, E>, Fut: Send>,
    {
        run_until(Source::Maker(self), work, |_| false, Location::caller())
    }

    /// Runs a closure once in a transaction with a session of this make: see [`Engine::transaction_once`].
    ///
    /// # Errors
    ///
    /// Fails with the closure's error, or with that of the commit.
    #[track_caller]
    pub fn transaction_once<F, R>(&self, work: F) -> impl Future<Output = Result<R>>
    where
        R: Send,
        F: Send
            + for<'s> AsyncFnOnce(&'s mut Session) -> Result<R>
            + for<'s> WorkOnce<&'s mut Session, Result<R>, Fut: Send>,
    {
        run_once(Source::Maker(self).session(Location::caller()), work)
    }
}

/// Where the sessions of a transaction come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Engine(&'a Engine),
    Maker(&'a SessionMaker),
}

impl Source<'_> {
    fn session(self, place: &'static Location<'static>) -> Session {
        match self {
            Source::Engine(engine) => Session::new_at(engine, place),
            Source::Maker(maker) => maker.session_at(place),
        }
    }
}

/// Runs a closure again and again while its session, or its error by itself, says that this may help.
async fn run_until<F, R, E>(
    source: Source<'_>,
    mut work: F,
    is_retryable: fn(&E) -> bool,
    place: &'static Location<'static>,
) -> Result<R, E>
where
    R: Send,
    E: From<Error> + Send,
    F: Send
        + for<'s> AsyncFnMut(&'s mut Session) -> Result<R, E>
        + for<'s> Work<&'s mut Session, Result<R, E>, Fut: Send>,
{
    let mut attempt = 1;
    loop {
        let begin = Instant::now();
        let mut session = source.session(place);
        let worked = match session.begin_for_closure().await {
            Ok(()) => work(&mut session).await,
            Err(error) => Err(E::from(error)),
        };
        session.has_left_closure();
        let done = match worked {
            Ok(value) => session.commit().await.map(|()| value).map_err(E::from),
            Err(error) => Err(error),
        };
        match done {
            Err(error) if attempt < ATTEMPTS && (session.has_retryable_failure() || is_retryable(&error)) => {
                roll_back(session).await;
                wait(attempt, begin.elapsed()).await;
                attempt += 1;
            }
            Err(error) => {
                roll_back(session).await;
                return Err(error);
            }
            Ok(value) => return Ok(value),
        }
    }
}

/// Runs a closure in the only transaction of a session.
async fn run_once<F, R>(mut session: Session, work: F) -> Result<R>
where
    R: Send,
    F: Send
        + for<'s> AsyncFnOnce(&'s mut Session) -> Result<R>
        + for<'s> WorkOnce<&'s mut Session, Result<R>, Fut: Send>,
{
    session.begin_for_closure().await?;
    let worked = work(&mut session).await;
    session.has_left_closure();
    match worked {
        Ok(value) => session.commit().await.map(|()| value),
        Err(error) => {
            roll_back(session).await;
            Err(error)
        }
    }
}

/// Rolls back a session whose transaction has failed already; what goes wrong now changes nothing.
async fn roll_back(mut session: Session) {
    if let Err(error) = session.rollback().await {
        tracing::warn!(target: "orm::engine", %error, "rolling back a failed transaction failed");
    }
}

/// Waits longer after each attempt, for a random part of the time, so that rivals do not meet again.
///
/// Rivals of a transaction that takes long, on a busy server, must be further apart to miss each other.
async fn wait(attempt: u32, took: Duration) {
    let most = took.max(Duration::from_millis(1)).saturating_mul(1 << attempt.min(7)).min(LONGEST_WAIT);
    // A new hasher state is random enough to spread rivals, and needs no generator.
    let random = RandomState::new().hash_one(attempt) % 1000;
    tokio::time::sleep(most.mul_f64(random as f64 / 1000.0)).await;
}

/// Names the future of an async closure that can be run again, so that it can be asked to be `Send`.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be run again as a transaction",
    label = "a transaction may be re-run after a serialization failure, so its closure must not give away what it captured",
    note = "borrow or clone inside of it, or use `transaction_once`"
)]
pub trait Work<T, R>: AsyncFnMut(T) -> R + FnMut(T) -> <Self as Work<T, R>>::Fut {
    /// The future.
    type Fut: Future<Output = R>;
}
impl<F, T, R, Fut> Work<T, R> for F
where
    F: AsyncFnMut(T) -> R + FnMut(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// Names the future of an async closure that is run once.
pub trait WorkOnce<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as WorkOnce<T, R>>::Fut {
    /// The future.
    type Fut: Future<Output = R>;
}
impl<F, T, R, Fut> WorkOnce<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}
