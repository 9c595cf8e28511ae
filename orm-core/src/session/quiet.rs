//! [`NoAutoflush`]: a session's queries without the flush that comes before them.
//!
//! The guard has no destructor, so that the session can be used again as soon as the guard is used no more: each of its
//! methods switches autoflush off for itself, also when its future is dropped.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::query::rows;
use super::{Handle, HandleList, Managed, Query, Session, Synchronize};
use crate::error::Result;
use crate::mapper::{Entity, IntoKey, Model, NewInstance, Relationship, Selectable};
use crate::sql::{Columns, Rows, Write};
use crate::types::SqlType;

/// A session whose queries do not flush first. What is not a query goes to the session itself.
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
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().name("ed"));
/// let mut quiet = session.no_autoflush();
/// assert_eq!(quiet.query(User).count().await?, 0);
/// assert_eq!(session.query(User).one().await?, ed); // flushes first
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NoAutoflush<'s> {
    session: &'s mut Session,
}

/// A session with autoflush as it is said, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flushing<'s> {
    session: &'s mut Session,
    before: bool,
    overwrites: bool,
}

impl<'s> Flushing<'s> {
    pub(crate) fn new(session: &'s mut Session, autoflush: bool) -> Self {
        let before = std::mem::replace(&mut session.autoflush, autoflush);
        Flushing { session, before, overwrites: false }
    }

    /// Says whether rows overwrite the objects that are there.
    pub(crate) fn overwriting(mut self, overwrites: bool) -> Self {
        self.overwrites = overwrites;
        self
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        self.session.overwrites = self.overwrites;
        self.session
    }
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.session.autoflush = self.before;
        self.session.overwrites = false;
    }
}

impl Session {
    /// Gives a session whose queries do not flush first.
    pub fn no_autoflush(&mut self) -> NoAutoflush<'_> {
        NoAutoflush { session: self }
    }
}

impl NoAutoflush<'_> {
    pub(crate) fn quiet(&mut self) -> Flushing<'_> {
        Flushing::new(self.session, false)
    }

    /// As [`Session::query`].
    pub fn query<S: Selectable>(&mut self, selected: S) -> Query<'_, S::Row> {
        self.session.query(selected).without_autoflush()
    }

    /// As [`Session::all`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn all<Q: Rows + Send>(&mut self, statement: Q) -> Result<Vec<Managed<Q>>> {
        self.quiet().session().all(statement).await
    }

    /// As [`Session::scalars`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn scalars<Q: Rows + Send>(&mut self, statement: Q) -> Result<Vec<Managed<Q>>> {
        self.quiet().session().scalars(statement).await
    }

    /// As [`Session::first`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn first<Q: Rows + Send>(&mut self, statement: Q) -> Result<Option<Managed<Q>>> {
        self.quiet().session().first(statement).await
    }

    /// As [`Session::one`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    #[track_caller]
    pub fn one<Q: Rows + Send>(&mut self, statement: Q) -> impl Future<Output = Result<Managed<Q>>> + Send {
        let place = Location::caller();
        async move { rows(statement).one_at(self.quiet().session(), place).await }
    }

    /// As [`Session::one_or_none`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    #[track_caller]
    pub fn one_or_none<Q: Rows + Send>(
        &mut self,
        statement: Q,
    ) -> impl Future<Output = Result<Option<Managed<Q>>>> + Send {
        let place = Location::caller();
        async move { rows(statement).one_or_none_at(self.quiet().session(), place).await }
    }

    /// As [`Session::scalar`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn scalar<Q: Rows<Row: SqlType> + Send>(
        &mut self,
        statement: Q,
    ) -> Result<Option<<Q::Row as SqlType>::Plain>> {
        self.quiet().session().scalar(statement).await
    }

    /// As [`Session::execute`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn execute(&mut self, statement: impl Write + Send) -> Result<u64> {
        self.quiet().session().execute(statement).await
    }

    /// As [`Session::execute_with`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn execute_with(&mut self, statement: impl Write + Send, synchronize: Synchronize) -> Result<u64> {
        self.quiet().session().execute_with(statement, synchronize).await
    }

    /// As [`Session::bulk_insert`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn bulk_insert<I>(&mut self, rows: I) -> Result<u64>
    where
        I: IntoIterator<Item: NewInstance> + Send,
    {
        self.quiet().session().bulk_insert(rows).await
    }

    /// As [`Session::bulk_update`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn bulk_update<M: Model>(
        &mut self,
        columns: impl Columns<M> + Send,
        values: impl IntoIterator<Item = M> + Send,
    ) -> Result<u64> {
        self.quiet().session().bulk_update(columns, values).await
    }

    /// As [`Session::get`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn get<A: Entity>(
        &mut self,
        entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
    ) -> Result<Option<Handle<A::Model>>> {
        self.quiet().session().get(entity, key).await
    }

    /// As [`Session::get_one`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn get_one<A: Entity>(
        &mut self,
        entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
    ) -> Result<Handle<A::Model>> {
        self.quiet().session().get_one(entity, key).await
    }

    /// As [`Session::load`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn load<M: Model, T: Model, K>(
        &mut self,
        handles: impl HandleList<M>,
        relationship: Relationship<M, T, K>,
    ) -> Result<()> {
        self.quiet().session().load(handles, relationship).await
    }

    /// As [`Session::merge`].
    ///
    /// # Errors
    ///
    /// As the session's method.
    pub async fn merge<N: NewInstance + Send>(&mut self, new: N) -> Result<Handle<N::Model>> {
        self.quiet().session().merge(new).await
    }
}

impl Deref for NoAutoflush<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl DerefMut for NoAutoflush<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
    }
}
