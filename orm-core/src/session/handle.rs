//! [`Handle`]: the name of an object in a session. It is `Copy`, and it never names another object.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;

use crate::mapper::{Entity, Mapper, Model};

/// Names an object of a session: `session[handle]` reads it.
///
/// It carries the session, the slot and a generation, so that a handle which outlives its object never names another.
///
/// ```
/// # use orm_core::{Engine, Handle, Model, Session};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// fn shout(session: &mut Session, user: Handle<User>) {
///     session[user].name.make_ascii_uppercase();
/// }
/// let engine = Engine::new("sqlite::memory:")?;
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().name("ed"));
/// let same = ed; // `Copy`
/// shout(&mut session, ed);
/// assert_eq!((session[same].name.as_str(), ed == same), ("ED", true));
/// # Ok::<(), orm_core::Error>(())
/// ```
pub struct Handle<T> {
    id: ObjectId,
    object: PhantomData<fn() -> T>,
}

/// A handle without its type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    pub(crate) session: NonZeroU32,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl ObjectId {
    /// The object of no session, for what has to name an owner outside of one.
    pub(crate) const NOWHERE: ObjectId = ObjectId { session: NonZeroU32::MAX, slot: u32::MAX, generation: 0 };
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.session, self.slot)
    }
}

impl<T> Handle<T> {
    pub(crate) fn of(id: ObjectId) -> Self {
        Handle { id, object: PhantomData }
    }

    pub(crate) fn id(self) -> ObjectId {
        self.id
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl<T> Eq for Handle<T> {}

impl<T> Hash for Handle<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<T>();
        write!(f, "Handle<{}>({})", name.rsplit("::").next().unwrap_or(name), self.id.slot)
    }
}

/// A handle of whatever model, in lists such as [`Session::dirty`](crate::Session::dirty).
///
/// ```
/// # use orm_core::{Engine, Model, Session};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let engine = Engine::new("sqlite::memory:")?;
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().name("ed"));
/// let pending = session.pending();
/// assert_eq!(pending[0].model(), "User");
/// assert!(pending[0].is(ed));
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct AnyHandle {
    pub(crate) id: ObjectId,
    pub(crate) mapper: &'static Mapper,
}

impl AnyHandle {
    /// Returns the name of the object's model.
    pub fn model(&self) -> &'static str {
        self.mapper.definition().name
    }

    /// Returns whether it names the same object as a typed handle.
    pub fn is<T>(&self, handle: Handle<T>) -> bool {
        self.id == handle.id
    }

    /// Returns the typed handle, if the object is of this model: what `isinstance` asks in SQLAlchemy.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, SessionEvents, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Stock { #[orm(primary_key)] id: i64, quantity: i64 }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Audit { #[orm(primary_key)] id: i64, what: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Stock, Audit].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.listen(SessionEvents::new().before_flush(|session| {
    ///     for stock in session.dirty().into_iter().filter_map(|handle| handle.downcast(Stock)) {
    ///         let what = format!("stock {} is now {}", session[stock].id, session[stock].quantity);
    ///         session.add(Audit::builder().what(what));
    ///     }
    ///     Ok(())
    /// }));
    /// let stock = session.add(Stock { id: 7, quantity: 3 });
    /// session.commit().await?;
    /// session[stock].quantity = 2;
    /// session.commit().await?;
    /// assert_eq!(session.scalars(select(Audit.what)).await?, ["stock 7 is now 2"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn downcast<A: Entity>(&self, _entity: A) -> Option<Handle<A::Model>> {
        self.mapper.is(A::Model::__mapper()).then_some(Handle::of(self.id))
    }
}

impl PartialEq for AnyHandle {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for AnyHandle {}

impl Hash for AnyHandle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for AnyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>({})", self.model(), self.id.slot)
    }
}

/// One handle or many.
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
/// # session.add_all(["ed", "wendy"].map(|name| User::builder().name(name)));
/// let users = session.query(User).all().await?;
/// session.load(users[0], User.addresses).await?; // one
/// session.load(&users, User.addresses).await?; // many, in one SELECT
/// assert_eq!(session.iter(&users[1..]).count(), 1);
/// # Ok(())
/// # }
/// ```
pub trait HandleList<T>: Send {
    #[doc(hidden)]
    fn __list(self) -> Vec<Handle<T>>;
}
impl<T> HandleList<T> for Handle<T> {
    fn __list(self) -> Vec<Handle<T>> {
        vec![self]
    }
}
impl<T> HandleList<T> for &[Handle<T>] {
    fn __list(self) -> Vec<Handle<T>> {
        self.to_vec()
    }
}
impl<T> HandleList<T> for &Vec<Handle<T>> {
    fn __list(self) -> Vec<Handle<T>> {
        self.clone()
    }
}
impl<T> HandleList<T> for Vec<Handle<T>> {
    fn __list(self) -> Vec<Handle<T>> {
        self
    }
}
impl<T, const N: usize> HandleList<T> for [Handle<T>; N] {
    fn __list(self) -> Vec<Handle<T>> {
        self.to_vec()
    }
}
impl<T, const N: usize> HandleList<T> for &[Handle<T>; N] {
    fn __list(self) -> Vec<Handle<T>> {
        self.to_vec()
    }
}
