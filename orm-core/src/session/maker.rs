//! [`SessionMaker`]: sessions of one make, for the places that begin units of work.

use super::Session;
use crate::engine::Engine;

/// Makes sessions with the same settings: what an application keeps in its state, and a handler takes a session from.
///
/// SQLAlchemy's `sessionmaker`.
///
/// ```
/// # use orm_core::{Engine, SessionMaker};
/// let engine = Engine::new("sqlite::memory:")?;
/// let sessions = SessionMaker::new(&engine).autoflush(false);
/// let session = sessions.session();
/// assert!(!session.in_transaction()); // it connects at its first statement
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionMaker {
    engine: Engine,
    autoflush: bool,
    expire_on_commit: bool,
}

impl SessionMaker {
    /// Makes a maker of sessions over an engine.
    pub fn new(engine: &Engine) -> Self {
        SessionMaker { engine: engine.clone(), autoflush: true, expire_on_commit: true }
    }

    /// Says whether queries flush first; on by default.
    #[must_use]
    pub fn autoflush(mut self, autoflush: bool) -> Self {
        self.autoflush = autoflush;
        self
    }

    /// Says whether a commit expires the objects; on by default.
    #[must_use]
    pub fn expire_on_commit(mut self, expire: bool) -> Self {
        self.expire_on_commit = expire;
        self
    }

    /// Makes a session.
    pub fn session(&self) -> Session {
        Session { autoflush: self.autoflush, expire_on_commit: self.expire_on_commit, ..Session::new(&self.engine) }
    }
}
