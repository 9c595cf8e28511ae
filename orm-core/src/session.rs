//! How data changes: [`Session`], an identity map and a unit of work. It owns the objects; a [`Handle`] names one.
//!
//! In: new objects, handles, statements. Out: handles and objects; statements go through the [`flush`](crate::flush) and
//! the executors. The files: `objects` holds the objects and what they were, `graph` keeps both sides of relationships in
//! step, `query` reads, `transaction` begins and ends, `detach` takes objects out.

mod bulk;
mod changes;
mod chunks;
mod connections;
mod delete;
mod detach;
mod events;
mod graph;
mod handle;
mod history;
mod identity;
mod identity_map;
mod info;
mod lazy;
mod maker;
mod merge;
mod objects;
mod query;
mod quiet;
mod routes;
mod scoped;
mod synchronize;
mod transaction;

use std::ops::{Index, IndexMut};
use std::panic::Location;

pub(crate) use connections::Connections;
pub use connections::JoinMode;
pub(crate) use events::Moment;
pub(crate) use events::places;
pub use events::{Execution, SessionEvents, StateChange};
pub use handle::{AnyHandle, Handle, HandleList, ObjectId};
pub use history::{History, ObjectState};
pub(crate) use identity::{Key, as_value, key_text};
pub use info::SessionInfo;
pub use lazy::{Loadable, Members, NPlusOne};
pub use maker::SessionMaker;
pub use objects::Objects;
pub(crate) use objects::{PairChange, Slot, Spare, State};
pub use query::{Managed, Query};
pub(crate) use quiet::Flushing;
pub use quiet::NoAutoflush;
pub use routes::{BindRequest, StatementKind};
pub use scoped::{ScopedGuard, ScopedSession};
pub use synchronize::Synchronize;
pub use transaction::Nested;

use routes::Routes;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, or_panic};
use crate::flush;
use crate::mapper::{Incoming, IntoMember, Member, Model, NewInstance, NewObject, Relationship, RelationshipInfo};
use crate::opaque::OpaqueBox;

/// An identity map and a unit of work: the objects of one piece of work, and what has changed in them.
///
/// The session owns the objects that it manages, and a [`Handle`] names one: `session[handle]` reads it, and the borrow
/// checker sees to it that nobody reads what another changes. Nothing is sent before a flush, nothing is kept before a
/// commit, and dropping a session rolls back. Use one session per unit of work. SQLAlchemy's `Session`.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Engine, HasMany, BelongsTo, Model, Session, metadata, selectinload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// let mut session = Session::new(&engine); // connects on first use
/// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
/// session.commit().await?; // INSERT of a user, INSERT of an address
/// assert_eq!(session[ed].id, 1);
///
/// session[ed].name = "edward".into(); // marks it dirty
/// session.commit().await?; // UPDATE of one column
///
/// let found = session.query(User).filter(User.name.eq("edward")).options(selectinload(User.addresses)).one().await?;
/// assert_eq!(found, ed); // one row, one object
/// for (_, address) in session.related(ed, User.addresses) {
///     assert_eq!(address.email, "ed@x.org");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Session {
    connections: Connections,
    pub(crate) objects: OpaqueBox<Objects>,
    autoflush: bool,
    /// Whether the rows of the query at hand overwrite objects.
    overwrites: bool,
    expire_on_commit: bool,
    /// Why the transaction waits for `rollback()`.
    failed: Option<Error>,
    /// What went wrong where no error can be returned; the next flush tells.
    deferred: Option<Error>,
    /// What was going on when a future may have been dropped.
    busy: Busy,
    /// Whether the transaction is that of a closure, and ends with it.
    is_of_closure: bool,
    /// Whether a statement failed in a way that running the transaction again may cure.
    has_retryable_failure: bool,
    /// What the last chunk of a query brought in.
    chunk: Vec<u32>,
    /// What its last row was ordered by, if the next chunk can go on behind that.
    chunk_ends_with: Option<Vec<orm_pool::Value>>,
    /// Relationships that were loaded for single objects.
    lazy_loads: lazy::LazyLoads,
}

/// What a session was doing; what it still says at the next call was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    No,
    /// What would have changed the transaction or what is to be flushed, by its name.
    Work(&'static str),
    Commit,
}

/// What has not run to its end may have changed rows, which objects do not follow then.
const WRITING: Busy = Busy::Work("a statement that writes");

impl Session {
    /// Makes a session over an engine. It connects at its first statement. [`SessionMaker`] makes one with other settings.
    ///
    /// ```
    /// # use orm_core::{Engine, Session};
    /// let engine = Engine::new("sqlite::memory:")?;
    /// let session = Session::new(&engine);
    /// assert!(!session.in_transaction());
    /// assert_eq!(session.engine().url().to_string(), "sqlite::memory:");
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    #[track_caller]
    pub fn new(engine: &Engine) -> Session {
        Session {
            connections: Connections::new(Routes::to(engine)),
            objects: OpaqueBox::new(Objects::new(engine.spare())),
            autoflush: true,
            overwrites: false,
            expire_on_commit: true,
            failed: None,
            deferred: None,
            busy: Busy::No,
            is_of_closure: false,
            has_retryable_failure: false,
            chunk: Vec::new(),
            chunk_ends_with: None,
            lazy_loads: lazy::LazyLoads::default(),
        }
    }

    /// The same for a caller who was called from elsewhere.
    pub(crate) fn new_at(engine: &Engine, place: &'static Location<'static>) -> Session {
        let mut session = Session::new(engine);
        session.connections.made_at(place);
        session
    }

    /// Makes a session that works on a connection, and in the transaction that is begun on it: for code that commits, in a
    /// test whose rows are never to stay. SQLAlchemy's session with a connection as its bind.
    ///
    /// ```
    /// # use orm_core::{Engine, JoinMode, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut connection = engine.connect().await?;
    /// select(User).count(&mut connection).await?; // begins a transaction
    ///
    /// let mut session = Session::join(connection, JoinMode::CreateSavepoint);
    /// session.add(User::builder().name("ed"));
    /// session.commit().await?; // releases a savepoint
    ///
    /// let mut connection = session.into_connection().await?;
    /// assert_eq!(select(User).count(&mut connection).await?, 1);
    /// connection.rollback().await?;
    /// assert_eq!(select(User).count(&engine).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(connection: crate::engine::Connection, mode: JoinMode) -> Session {
        let engine = connection.engine().clone();
        let mut session = Session::new(&engine);
        session.connections = Connections::join(connection, mode);
        session
    }

    /// Gives the connection back that the session was made with, after a rollback of what the session has not committed.
    ///
    /// # Errors
    ///
    /// Fails when the session has no connection of somebody else's, or has lost it.
    pub async fn into_connection(mut self) -> Result<crate::engine::Connection> {
        if self.connections.has_open_work() {
            self.rollback().await?;
        }
        self.connections.take_connection().ok_or_else(|| {
            let message = "the session has no connection that was lent to it, or has lost it";
            Error::new(ErrorKind::InvalidRequest, message)
        })
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        self.connections.engine()
    }

    // ------------------------------------------------------------------------------------------ objects in

    /// Adds a new object with all that it holds, to be inserted by the next flush.
    ///
    /// In a value, a generated key equal to its default is left to the database, and every other column is sent as it
    /// stands. A model that cannot be configured is told by the flush.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// assert_eq!((session[ed].id, session.pending().len()), (0, 2)); // nothing is sent yet
    /// session.commit().await?;
    /// assert_eq!((session[ed].id, session.pending().len()), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn add<N: NewInstance>(&mut self, new: N) -> Handle<N::Model> {
        // What it refers to may have got members through fields before it.
        self.take_up_fields();
        let (slot, done) = self.objects.place_graph(NewObject::of(new.__row()));
        self.deferred = self.deferred.take().or(done.err());
        Handle::of(self.objects.id(slot))
    }

    /// Adds several new objects.
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
    /// let users = session.add_all(["ed", "wendy"].map(|name| User::builder().name(name)));
    /// session.commit().await?; // one INSERT of two rows
    /// assert_eq!(session[users[1]].id, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_all<I>(&mut self, new: I) -> Vec<Handle<<I::Item as NewInstance>::Model>>
    where
        I: IntoIterator<Item: NewInstance>,
    {
        let new = new.into_iter();
        self.objects.expect_new(new.size_hint().0);
        new.map(|new| self.add(new)).collect()
    }

    /// Adds an object again whose first addition was rolled back, or which is marked to be deleted: it loses the mark, with
    /// what was marked along with it, and gets the members back that it would have lost.
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
    /// session.rollback().await?;
    /// assert_eq!((session[ed].name.as_str(), session[ed].id), ("ed", 0)); // it stays readable
    ///
    /// session.add_again(ed)?;
    /// session.commit().await?;
    /// assert_eq!(session[ed].id, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or one that a flush has deleted.
    pub fn add_again<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        match self.objects.get(slot).state {
            State::Transient => self.objects.add_again(slot)?,
            State::Persistent if self.objects.get(slot).is_doomed => self.objects.spare(slot)?,
            State::Pending | State::Persistent => {}
            State::Deleted | State::Detached => {
                let message =
                    format!("object {} has been deleted and cannot be added again", self.objects.describe(slot));
                return Err(
                    Error::new(ErrorKind::InvalidRequest, message).hint("take it out by `detach` and add the value")
                );
            }
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------------ reading and changing

    /// Takes up what was done through fields, where no error can be returned; the next flush tells.
    fn take_up_fields(&mut self) {
        let done = self.objects.sync();
        self.deferred = self.deferred.take().or(done.err());
    }

    fn slot<M: Model>(&self, handle: Handle<M>) -> Result<u32> {
        self.objects.slot(handle.id(), model_name::<M>())
    }

    /// Returns the object that a handle names.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// let engine = Engine::new("sqlite::memory:")?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// assert_eq!(session.object(ed)?.name, "ed"); // `session[ed]` is the same, with a panic for the error
    ///
    /// session.expunge(ed)?;
    /// let error = session.object(ed).unwrap_err();
    /// assert_eq!(error.message(), "object `User` is no longer in the session: it was expunged");
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle is of another session, or its object has left this one.
    pub fn object<M: Model>(&self, handle: Handle<M>) -> Result<&M> {
        let slot = self.slot(handle)?;
        let object: &dyn std::any::Any = self.objects.object(slot);
        object.downcast_ref().ok_or_else(|| wrong_model::<M>())
    }

    /// Returns the object that a handle names, to be changed.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object).
    pub fn object_mut<M: Model>(&mut self, handle: Handle<M>) -> Result<&mut M> {
        let slot = self.slot(handle)?;
        self.objects.lend(slot);
        let object: &mut dyn std::any::Any = self.objects.object_mut(slot);
        object.downcast_mut().ok_or_else(|| wrong_model::<M>())
    }

    /// Returns two objects at once, to be changed.
    ///
    /// ```
    /// # use orm_core::{Engine, Session};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Account { #[orm(primary_key)] id: i64, balance: i64 }
    /// let engine = Engine::new("sqlite::memory:")?;
    /// let mut session = Session::new(&engine);
    /// let from = session.add(Account { id: 1, balance: 100 });
    /// let to = session.add(Account { id: 2, balance: 0 });
    /// let (giver, taker) = session.pair_mut(from, to)?;
    /// std::mem::swap(&mut giver.balance, &mut taker.balance);
    /// assert_eq!((session[from].balance, session[to].balance), (0, 100));
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object), and when both handles name one object.
    pub fn pair_mut<A: Model, B: Model>(&mut self, a: Handle<A>, b: Handle<B>) -> Result<(&mut A, &mut B)> {
        let (first, second) = (self.slot(a)?, self.slot(b)?);
        if first == second {
            let message = format!("`pair_mut` was given the same object `{}` twice", model_name::<A>());
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        self.objects.lend(first);
        self.objects.lend(second);
        let Ok([left, right]) = self.objects.slots.get_disjoint_mut([first as usize, second as usize]) else {
            return Err(wrong_model::<A>());
        };
        let (Some(left), Some(right)) = (left.object.as_deref_mut(), right.object.as_deref_mut()) else {
            return Err(wrong_model::<A>());
        };
        let (left, right): (&mut dyn std::any::Any, &mut dyn std::any::Any) = (left, right);
        let left = left.downcast_mut().ok_or_else(|| wrong_model::<A>())?;
        Ok((left, right.downcast_mut().ok_or_else(|| wrong_model::<B>())?))
    }

    /// Walks over the objects that handles name.
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
    /// session.add_all(["ed", "wendy"].map(|name| User::builder().name(name)));
    /// let users = session.query(User).order_by(User.id).all().await?;
    /// let names: Vec<&str> = session.iter(users).map(|user| user.name.as_str()).collect();
    /// assert_eq!(names, ["ed", "wendy"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics where [`object`](Self::object) would fail.
    pub fn iter<M: Model>(&self, handles: impl HandleList<M>) -> impl Iterator<Item = &M> {
        handles.__list().into_iter().map(|handle| &self[handle])
    }

    /// Returns whether an object differs from what the database has, as far as the session knows: it is new, a column
    /// differs, or members of its relationships have come or gone.
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
    /// session[ed].name = "ed".into(); // as it was
    /// assert!(!session.is_modified(ed)?);
    /// session[ed].name = "edward".into();
    /// assert!(session.is_modified(ed)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object).
    pub fn is_modified<M: Model>(&self, handle: Handle<M>) -> Result<bool> {
        let slot = self.slot(handle)?;
        let is_new = matches!(self.objects.get(slot).state, State::Pending | State::Transient);
        Ok(is_new || self.differs(slot))
    }

    /// Returns whether a column or a relationship of an object differs from what the database has.
    fn differs(&self, slot: u32) -> bool {
        let is_linked = !self.objects.get(slot).links.is_empty();
        is_linked || self.objects.is_modified(slot) || self.objects.has_changed_members(slot)
    }

    fn list(&self, is_wanted: impl Fn(u32) -> bool) -> Vec<AnyHandle> {
        let slots = self.objects.in_use().filter(|&slot| is_wanted(slot));
        slots.map(|slot| self.objects.handle(slot)).collect()
    }

    /// Returns the new objects that wait for a flush: SQLAlchemy's `session.new`.
    pub fn pending(&self) -> Vec<AnyHandle> {
        self.list(|slot| self.objects.get(slot).state == State::Pending)
    }

    /// Returns the objects of the database that were changed and wait for a flush, those among them of which only
    /// relationships have changed; not those that are to be [deleted](Self::deleted).
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
    /// let [ed, wendy] = ["ed", "wendy"].map(|name| session.add(User::builder().name(name)));
    /// session.flush().await?;
    /// session[ed].name = "edward".into();
    /// session.delete(wendy).await?;
    /// let mary = session.add(User::builder().name("mary"));
    ///
    /// assert!(session.dirty()[0].is(ed));
    /// assert!(session.deleted()[0].is(wendy));
    /// assert!(session.pending()[0].is(mary));
    /// assert_eq!(session.identity_map().len(), 2); // those that have a row
    /// # Ok(())
    /// # }
    /// ```
    pub fn dirty(&self) -> Vec<AnyHandle> {
        self.list(|slot| {
            let entry = self.objects.get(slot);
            entry.state == State::Persistent && !entry.is_doomed && self.differs(slot)
        })
    }

    /// Returns the objects that the next flush deletes.
    pub fn deleted(&self) -> Vec<AnyHandle> {
        self.list(|slot| self.objects.get(slot).is_doomed)
    }

    /// Returns the objects that stand for rows of the database.
    pub fn identity_map(&self) -> Vec<AnyHandle> {
        self.list(|slot| self.objects.get(slot).state == State::Persistent)
    }

    /// Returns whether a handle names an object of this session.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// let engine = Engine::new("sqlite::memory:")?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// assert!(session.contains(ed));
    /// assert!(!Session::new(&engine).contains(ed));
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    pub fn contains<M: Model>(&self, handle: Handle<M>) -> bool {
        self.slot(handle).is_ok()
    }

    // ------------------------------------------------------------------------------------------ relationships

    fn relationship_info<M: Model, T: Model, K>(
        relationship: Relationship<M, T, K>,
    ) -> Result<&'static RelationshipInfo> {
        Ok(&M::__mapper().configured()?.relationships[usize::from(relationship.__index())])
    }

    /// Walks over the members of a relationship: their handles and the objects.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// # session.commit().await?;
    /// for user in session.query(User).options(selectinload(User.addresses)).all().await? {
    ///     for (_, address) in session.related(user, User.addresses) {
    ///         assert_eq!((session[user].name.as_str(), address.email.as_str()), ("ed", "ed@x.org"));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded, or the handle names no object of this session.
    #[track_caller]
    pub fn related<M: Model, T: Model, K>(
        &self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> impl Iterator<Item = (Handle<T>, &T)> {
        self.handles(handle, relationship).into_iter().map(|member| (member, &self[member]))
    }

    /// Returns the handles of the members of a relationship, in a list of its own, so that objects may be changed
    /// meanwhile.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ED@X.ORG")]));
    /// # session.commit().await?;
    /// let ed = session.query(User).options(selectinload(User.addresses)).one().await?;
    /// for address in session.handles(ed, User.addresses) {
    ///     session[address].email.make_ascii_lowercase();
    /// }
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded, or the handle names no object of this session.
    #[track_caller]
    pub fn handles<M: Model, T: Model, K>(
        &self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> Vec<Handle<T>> {
        or_panic(self.try_handles(handle, relationship))
    }

    /// Returns the handles of the members of a relationship.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed"));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// let ed = session.get_one(User, 1).await?;
    /// let members = match session.try_handles(ed, User.addresses) {
    ///     Err(error) if error.is_not_loaded() => {
    ///         session.load(ed, User.addresses).await?;
    ///         session.handles(ed, User.addresses)
    ///     }
    ///     members => members?,
    /// };
    /// assert!(members.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the relationship is not loaded, when members that were loaded have left the session since, or the handle
    /// names no object of this session.
    pub fn try_handles<M: Model, T: Model, K>(
        &self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> Result<Vec<Handle<T>>> {
        let slot = self.slot(handle)?;
        let field = self.objects.object(slot).relation(usize::from(relationship.__index()));
        let members = field.members();
        // Of a field whose members have left the session since it was read, the database knows better.
        let has_left = |&member: &ObjectId| !self.objects.is_alive(member);
        let is_outdated = self.objects.get(slot).state == State::Persistent && members.iter().any(has_left);
        if !field.is_loaded() || is_outdated {
            let model = model_name::<M>();
            let definition = &M::__mapper().definition.relationships[usize::from(relationship.__index())];
            let name = format!("{model}.{}", definition.name);
            let message = format!("relationship `{name}` is not loaded");
            return Err(Error::new(ErrorKind::NotLoaded, message).hint(format!(
                "add `.options(selectinload({name}))` to the query, or call `session.load({}, {name})`",
                model.to_lowercase()
            )));
        }
        Ok(members.into_iter().map(Handle::of).collect())
    }

    /// Makes an object a member of a relationship, on both sides at once, and returns the member's handle.
    ///
    /// The member is a value, a builder or a handle. To-one relationships let go of what they referred to.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// let mail = session.link(ed, User.addresses, Address::builder().email("ed@x.org"));
    /// assert_eq!(session[mail].user.handle(), Some(ed)); // the other side, at once
    /// session.flush().await?;
    ///
    /// assert!(session.unlink(ed, User.addresses, mail));
    /// assert_eq!(session[mail].user.handle(), None);
    /// session.commit().await?; // UPDATE of the foreign key to NULL
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when a handle names no object of this session or one that is deleted, when the relationship is `viewonly` or
    /// cannot be configured, and when it is a `HasOne` of an object that has a row and is not loaded: whoever was there
    /// before has to be let go. [`load`](Self::load) it first. Nothing has been changed then: a new member is not added.
    #[track_caller]
    pub fn link<M: Model, T: Model, K>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
        member: impl IntoMember<T>,
    ) -> Handle<T> {
        let link = || {
            let slot = self.slot(handle)?;
            self.objects.sync()?;
            let info = Session::relationship_info(relationship)?;
            let owner = self.objects.id(slot);
            let member = Incoming::of(member.__member());
            if matches!(member, Incoming::New(_)) {
                self.objects.refuse_new_member(owner, info)?;
            }
            let member = self.objects.incoming(member)?;
            self.objects.link(owner, info, member)?;
            Ok(Handle::of(member))
        };
        or_panic(link())
    }

    /// Ends the membership of an object, on both sides at once; `false` if it was no member.
    ///
    /// # Panics
    ///
    /// As [`link`](Self::link).
    #[track_caller]
    pub fn unlink<M: Model, T: Model, K>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
        member: Handle<T>,
    ) -> bool {
        let mut unlink = || {
            let slot = self.slot(handle)?;
            self.objects.sync()?;
            let info = Session::relationship_info(relationship)?;
            let owner = self.objects.id(slot);
            self.objects.unlink(owner, info, member.id())
        };
        or_panic(unlink())
    }

    /// Makes these the members of a relationship, on both sides at once, and returns their handles.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Member, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let mails = ["ed@x.org", "ed@y.org"].map(|email| Address::builder().email(email));
    /// let ed = session.add(User::builder().name("ed").addresses(mails));
    /// session.flush().await?;
    ///
    /// let old = session.handles(ed, User.addresses);
    /// let new = Address::builder().email("ed@z.org");
    /// let members = session.replace(ed, User.addresses, [Member::of(old[1]), Member::of(new)]);
    /// session.commit().await?;
    /// assert_eq!((session[old[0]].user_id, session[members[1]].user_id), (None, Some(1)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`link`](Self::link), and when the members that are to go are not loaded.
    #[track_caller]
    pub fn replace<M: Model, T: Model, K, I: IntoIterator<Item: IntoMember<T>>>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
        members: I,
    ) -> Vec<Handle<T>> {
        let members: Vec<Member<T>> = members.into_iter().map(IntoMember::__member).collect();
        let replace = || {
            let slot = self.slot(handle)?;
            self.objects.sync()?;
            let info = Session::relationship_info(relationship)?;
            let owner = self.objects.id(slot);
            // Before the new ones are added.
            self.objects.refuse_to_replace(owner, info)?;
            let members = members.into_iter().map(|member| self.objects.incoming(Incoming::of(member)));
            let members = members.collect::<Result<Vec<ObjectId>>>()?;
            self.objects.replace(owner, info, &members)?;
            Ok(members.into_iter().map(Handle::of).collect())
        };
        or_panic(replace())
    }

    // ------------------------------------------------------------------------------------------ flush

    /// Sends what has changed: INSERT, UPDATE and DELETE in the order that the tables ask for.
    ///
    /// Nothing is kept before [`commit`](Self::commit). After a failure the transaction has been rolled back and the
    /// session waits for [`rollback`](Self::rollback), which puts the objects back as they were.
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
    /// session.flush().await?; // INSERT
    /// assert_eq!(session[ed].id, 1);
    ///
    /// session[ed].id = 2;
    /// session.flush().await?; // UPDATE
    /// session.flush().await?; // nothing has changed: no statement
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database refuses a row, when rows are not as they were read ([`ErrorKind::StaleData`]), when new
    /// objects refer to each other in a circle, and when a key that must not be NULL was not filled.
    pub async fn flush(&mut self) -> Result<()> {
        self.flush_for(false).await
    }

    /// Flushes, for a commit that follows at once or for what comes next in the transaction.
    async fn flush_for(&mut self, is_commit: bool) -> Result<()> {
        self.check()?;
        if let Some(error) = self.deferred.take() {
            return Err(self.flush_failed(error).await);
        }
        if let Err(error) = self.objects.sync() {
            return Err(self.flush_failed(error).await);
        }
        if let Err(error) = self.doom_what_follows().await {
            return Err(self.flush_failed(error).await);
        }
        if flush::is_clean(&self.objects) {
            self.objects.settle_untouched();
            return Ok(());
        }
        let events = self.objects.events.clone();
        if let Err(error) = self.tell_before_flush(&events).await {
            return Err(self.flush_failed(error).await);
        }
        // Nothing has been written: what is not as it must be can be mended.
        flush::validate_all(&self.objects)?;
        self.busy = Busy::Work("a flush");
        let Session { connections, objects, .. } = self;
        objects.tell_later();
        let done = flush::flush(objects, connections, is_commit).await;
        self.busy = Busy::No;
        self.objects.tell_now();
        if let Err(error) = done {
            let error =
                if self.connections.may_have_committed() { Self::committed_all_the_same(&error) } else { error };
            return Err(self.flush_failed(error).await);
        }
        events.call_after_flush(self);
        Ok(())
    }

    /// Says that rows are there although the flush has failed: a statement that committed itself could not be undone.
    fn committed_all_the_same(error: &Error) -> Error {
        let message = "the flush failed after its one statement, which commits itself: what it wrote may be there";
        let error = Error::new(ErrorKind::CommitUnknown, message).note(error.message().to_owned());
        error.hint("call `session.rollback()`, and look for the rows")
    }

    /// Lets listeners have their say, and takes up what they have changed.
    async fn tell_before_flush(&mut self, events: &SessionEvents) -> Result<()> {
        events.call_before_flush(self)?;
        self.objects.sync()?;
        self.doom_what_follows().await
    }

    /// Marks what is to be deleted because of what was unlinked, or linked to what goes.
    async fn doom_what_follows(&mut self) -> Result<()> {
        self.busy = Busy::Work("a flush");
        let done = match self.doom_orphans().await {
            Ok(()) => self.doom_latecomers().await,
            Err(error) => Err(error),
        };
        self.busy = Busy::No;
        done
    }

    /// Adds listeners to this session, besides those that its maker gave it.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// # use std::sync::Arc;
    /// # use orm_core::{Engine, Model, Session, SessionEvents, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let commits = Arc::new(AtomicU32::new(0));
    /// let counter = commits.clone();
    /// let mut session = Session::new(&engine);
    /// session.listen(SessionEvents::new().after_commit(move |_| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    /// }));
    /// session.commit().await?;
    /// assert_eq!(commits.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn listen(&mut self, events: SessionEvents) {
        self.connections.listen(&events);
        std::sync::Arc::make_mut(&mut self.objects.events).extend(events);
    }

    /// Notes something of the session, for listeners to read; a value of the same type goes. SQLAlchemy's `Session.info`.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, SessionEvents, SessionMaker, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Note { #[orm(primary_key)] id: i64, text: String, #[orm(default)] author: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Note].create_all(&engine).await?;
    /// struct Author(String); // whose request it is
    ///
    /// let events = SessionEvents::new().before_flush(|session| {
    ///     let Some(Author(name)) = session.info() else { return Ok(()) };
    ///     let name = name.clone();
    ///     for note in session.pending() {
    ///         if let Some(note) = note.downcast(Note) {
    ///             session[note].author = name.clone();
    ///         }
    ///     }
    ///     Ok(())
    /// });
    /// let sessions = SessionMaker::new(&engine).events(events); // one for all requests
    ///
    /// let mut session = sessions.session();
    /// session.set_info(Author("ed".into()));
    /// session.add(Note::builder().text("buy milk"));
    /// session.commit().await?;
    /// assert_eq!(select(Note.author).one(&engine).await?, "ed");
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_info<T: Send + Sync + 'static>(&mut self, value: T) {
        self.objects.info.set(value);
        self.connections.set_info(&self.objects.info);
    }

    /// Returns what is noted of the session in this type.
    pub fn info<T: 'static>(&self) -> Option<&T> {
        self.objects.info.get()
    }

    /// Flushes before a query, unless that is switched off; a failure says where it came from.
    pub(super) async fn flush_before_query(&mut self) -> Result<()> {
        if !self.autoflush {
            return self.objects.sync();
        }
        self.flush().await.map_err(|error| match error.kind() {
            ErrorKind::PendingRollback => error,
            _ => error
                .note("raised as a result of autoflush; use `session.no_autoflush()` if this flush comes too early"),
        })
    }
}

/// Returns the struct's name.
fn model_name<M: Model>() -> &'static str {
    M::__mapper().definition.name
}

#[cold]
fn wrong_model<M: Model>() -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("the handle does not name a `{}`", model_name::<M>()))
}

impl<T: Model> Index<Handle<T>> for Session {
    type Output = T;

    /// Returns the object.
    ///
    /// # Panics
    ///
    /// Panics where [`Session::object`] would fail, with its text.
    #[track_caller]
    fn index(&self, handle: Handle<T>) -> &T {
        or_panic(self.object(handle))
    }
}

impl<T: Model> IndexMut<Handle<T>> for Session {
    /// Returns the object, to be changed.
    ///
    /// # Panics
    ///
    /// Panics where [`Session::object_mut`] would fail, with its text.
    #[track_caller]
    fn index_mut(&mut self, handle: Handle<T>) -> &mut T {
        or_panic(self.object_mut(handle))
    }
}

impl Drop for Session {
    /// Warns of what nobody has saved, unless an error or a panic has said more.
    fn drop(&mut self) {
        if flush::is_clean(&self.objects) || self.failed.is_some() || std::thread::panicking() {
            return;
        }
        let [new, changed, deleted] = [self.pending(), self.dirty(), self.deleted()].map(|handles| handles.len());
        if new + changed + deleted > 0 {
            tracing::warn!(
                target: "orm::session",
                new,
                changed,
                deleted,
                "a session is dropped with objects that were never saved: call `commit()`, or `rollback()` where that is meant"
            );
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.objects.session)
            .field("engine", self.engine())
            .field("objects", &self.objects.in_use().count())
            .field("in_transaction", &self.in_transaction())
            .finish_non_exhaustive()
    }
}

const _: fn() = || {
    fn one_task_at_a_time<T: Send + Sync>() {}
    one_task_at_a_time::<Session>();
};
