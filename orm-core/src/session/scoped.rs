//! [`ScopedSession`]: one session for a task's scope or a thread, for code that is handed no session.

use std::collections::HashMap;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ThreadId;

use parking_lot::Mutex;

use super::{Session, SessionMaker};
use crate::error::{Error, ErrorKind, Result};

/// The sessions of a scope, by the registry that made them.
type Scope = Arc<Mutex<HashMap<u64, Place>>>;

/// Where a scope keeps its session.
#[derive(Debug)]
enum Place {
    Here(Box<Session>),
    /// The session is with the guard of this number.
    Lent(u64),
}

/// Numbers registries and guards.
static NEXT: AtomicU64 = AtomicU64::new(0);

tokio::task_local! {
    static SCOPE: Scope;
}

/// Gives the same session within a scope, and another one in another. SQLAlchemy's `scoped_session`.
///
/// A scope is the future that [`scope`](Self::scope) runs, such as the handling of one request; outside of one it is the
/// thread. A task that moves between threads needs a scope of its own.
///
/// ```
/// # use orm_core::{Engine, Model, ScopedSession, SessionMaker, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let sessions = ScopedSession::new(SessionMaker::new(&engine));
/// sessions
///     .scope(async {
///         sessions.lend()?.add(User::builder().name("ed"));
///         sessions.lend()?.commit().await // the same session
///     })
///     .await?; // and here it ends
/// assert_eq!(sessions.lend()?.query(User).count().await?, 1);
/// assert!(sessions.remove());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScopedSession {
    maker: SessionMaker,
    id: u64,
    threads: Mutex<HashMap<ThreadId, Scope>>,
}

impl ScopedSession {
    /// Makes a registry of sessions of one make.
    pub fn new(maker: SessionMaker) -> Self {
        ScopedSession { maker, id: NEXT.fetch_add(1, Ordering::Relaxed), threads: Mutex::default() }
    }

    /// Runs a future with a scope of its own. The session that it used ends with it, which rolls back what is not committed.
    pub async fn scope<F: Future>(&self, work: F) -> F::Output {
        SCOPE.scope(Scope::default(), work).await
    }

    /// Lends the session of this scope, made at its first use, until the guard is dropped.
    ///
    /// # Errors
    ///
    /// Fails when it is lent already.
    #[track_caller]
    pub fn lend(&self) -> Result<ScopedGuard> {
        let scope = self.here();
        let guard = NEXT.fetch_add(1, Ordering::Relaxed);
        let known = scope.lock().remove(&self.id);
        let session = match known {
            Some(Place::Here(session)) => session,
            None => Box::new(self.maker.session()),
            Some(lent @ Place::Lent(_)) => {
                scope.lock().insert(self.id, lent);
                let message = "the session of this scope is lent already";
                return Err(Error::new(ErrorKind::InvalidRequest, message)
                    .hint("pass the session on as `&mut Session`, or drop the guard first"));
            }
        };
        scope.lock().insert(self.id, Place::Lent(guard));
        Ok(ScopedGuard { scope, id: self.id, guard, session: Some(session) })
    }

    /// Ends the session of this scope, which rolls back what is not committed; `false` if there was none. One that is lent
    /// ends when its guard is dropped.
    pub fn remove(&self) -> bool {
        let removed = self.here().lock().remove(&self.id).is_some();
        if SCOPE.try_with(|_| ()).is_err() {
            self.threads.lock().remove(&std::thread::current().id());
        }
        removed
    }

    fn here(&self) -> Scope {
        let of_task = SCOPE.try_with(Scope::clone);
        of_task.unwrap_or_else(|_| self.threads.lock().entry(std::thread::current().id()).or_default().clone())
    }
}

/// A session that is lent from a [`ScopedSession`], which it stands for.
#[derive(Debug)]
pub struct ScopedGuard {
    scope: Scope,
    id: u64,
    /// The guard's own number.
    guard: u64,
    session: Option<Box<Session>>,
}

impl Deref for ScopedGuard {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_deref().expect("a guard has its session until it is dropped")
    }
}

impl DerefMut for ScopedGuard {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_deref_mut().expect("a guard has its session until it is dropped")
    }
}

impl Drop for ScopedGuard {
    fn drop(&mut self) {
        // Whoever has removed the session meanwhile wants it to end, also where another has been lent since.
        if let Some(place @ &mut Place::Lent(guard)) = self.scope.lock().get_mut(&self.id)
            && guard == self.guard
            && let Some(session) = self.session.take()
        {
            *place = Place::Here(session);
        }
    }
}
