//! [`SessionMaker`]: sessions of one make, for the places that begin units of work.

use super::{NPlusOne, Session};
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
    n_plus_one: NPlusOne,
}

impl SessionMaker {
    /// Makes a maker of sessions over an engine.
    pub fn new(engine: &Engine) -> Self {
        SessionMaker { engine: engine.clone(), autoflush: true, expire_on_commit: true, n_plus_one: NPlusOne::Warn }
    }

    /// Says whether queries flush first; on by default.
    #[must_use]
    pub fn autoflush(mut self, autoflush: bool) -> Self {
        self.autoflush = autoflush;
        self
    }

    /// Says whether a commit expires the objects; on by default.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, insert, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let sessions = SessionMaker::new(&engine).expire_on_commit(false);
    /// let mut session = sessions.session();
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    ///
    /// update(User).set(User.name, "edward").execute(&engine).await?;
    /// assert_eq!(session.get(User, 1).await?, Some(ed)); // from the identity map, without a statement
    /// assert_eq!(session[ed].name, "ed");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expire_on_commit(mut self, expire: bool) -> Self {
        self.expire_on_commit = expire;
        self
    }

    /// Says what sessions do about relationships that are loaded for one object after the other; they warn by default.
    ///
    /// See [`Session::n_plus_one`].
    #[must_use]
    pub fn n_plus_one(mut self, policy: NPlusOne) -> Self {
        self.n_plus_one = policy;
        self
    }

    /// Makes a session. It connects at its first statement.
    pub fn session(&self) -> Session {
        let mut session = Session {
            autoflush: self.autoflush,
            expire_on_commit: self.expire_on_commit,
            ..Session::new(&self.engine)
        };
        session.n_plus_one(self.n_plus_one);
        session
    }
}
