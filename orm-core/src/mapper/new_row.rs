//! New objects on their way into a session or an INSERT: a value and which of its columns were set.

use std::sync::Weak;

use super::{Embed, Model, Object};
use crate::session::{Handle, ObjectId};

/// Which columns of a row are set, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet {
    first: u64,
    /// Behind one pointer, since a session has such sets for each object, and few models have so many columns.
    rest: Option<Box<Words>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Words(Vec<u64>);

impl ColumnSet {
    /// No column.
    pub const fn new() -> Self {
        ColumnSet { first: 0, rest: None }
    }

    /// The first `count` columns.
    pub(crate) fn all(count: usize) -> Self {
        let mut set = ColumnSet::new();
        (0..count).for_each(|column| set.insert(column));
        set
    }

    /// Adds a column; inline, since most that ask have a constant for it.
    #[inline]
    pub fn insert(&mut self, column: usize) {
        match column / 64 {
            0 => self.first |= 1 << column,
            word => {
                let Words(rest) = &mut **self.rest.get_or_insert_default();
                if rest.len() < word {
                    rest.resize(word, 0);
                }
                rest[word - 1] |= 1 << (column % 64);
            }
        }
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        let rest = self.rest.iter().flat_map(|rest| rest.0.iter());
        self.first == 0 && rest.into_iter().all(|word| *word == 0)
    }

    /// Adds the columns of another set.
    pub(crate) fn add(&mut self, other: &ColumnSet) {
        self.first |= other.first;
        let Some(others) = &other.rest else { return };
        let Words(rest) = &mut **self.rest.get_or_insert_default();
        rest.resize(rest.len().max(others.0.len()), 0);
        rest.iter_mut().zip(&others.0).for_each(|(word, other)| *word |= other);
    }

    /// Takes a column away.
    pub(crate) fn remove(&mut self, column: usize) {
        match column / 64 {
            0 => self.first &= !(1 << column),
            word => {
                if let Some(bits) = self.rest.as_mut().and_then(|rest| rest.0.get_mut(word - 1)) {
                    *bits &= !(1 << (column % 64));
                }
            }
        }
    }

    /// Returns whether a column is in it.
    pub fn contains(&self, column: usize) -> bool {
        match column / 64 {
            0 => self.first & (1 << column) != 0,
            word => {
                let bits = self.rest.as_ref().and_then(|rest| rest.0.get(word - 1));
                bits.is_some_and(|bits| bits & (1 << (column % 64)) != 0)
            }
        }
    }
}

/// Which columns of a new row are set: by whom, a merge asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetColumns {
    /// All that an INSERT sends.
    pub(crate) all: ColumnSet,
    /// Those of them that have their default, since nobody has said more.
    pub(crate) defaults: ColumnSet,
}

impl SetColumns {
    /// No column.
    pub const fn new() -> Self {
        SetColumns { all: ColumnSet::new(), defaults: ColumnSet::new() }
    }

    /// Takes what a builder holds for a field: its value, which counts as set, or what `otherwise` gives, which does not.
    pub fn take<T>(&mut self, column: usize, value: Option<T>, otherwise: fn() -> T) -> T {
        match value {
            Some(value) => {
                self.all.insert(column);
                value
            }
            None => otherwise(),
        }
    }

    /// Takes what a builder holds for a field, or its default; both count as set.
    pub fn fill<T>(&mut self, column: usize, value: Option<T>, default: impl FnOnce() -> T) -> T {
        self.all.insert(column);
        value.unwrap_or_else(|| {
            self.defaults.insert(column);
            default()
        })
    }

    /// Takes what a builder holds for an embedded struct, whose columns begin here, or its default: all count as set that
    /// the database does not compute.
    pub fn embed_or<E: Embed>(&mut self, first: usize, value: Option<E>, default: impl FnOnce() -> E) -> E {
        let columns = E::__COLUMNS.iter().enumerate().filter(|(_, column)| column.computed.is_none());
        for (position, _) in columns {
            self.all.insert(first + position);
            if value.is_none() {
                self.defaults.insert(first + position);
            }
        }
        value.unwrap_or_else(default)
    }

    /// Takes what a builder holds for an embedded struct that is required.
    ///
    /// # Panics
    ///
    /// Panics when it holds nothing, which the builder's type excludes.
    pub fn embed<E: Embed>(&mut self, first: usize, value: Option<E>) -> E {
        self.embed_or(first, value, || panic!("the builder's type says that every required field is set"))
    }

    /// Takes what a builder holds for a required field.
    ///
    /// # Panics
    ///
    /// Panics when it holds nothing, which the builder's type excludes.
    pub fn require<T>(&mut self, column: usize, value: Option<T>) -> T {
        self.all.insert(column);
        value.expect("the builder's type says that every required field is set")
    }
}

/// State of a required field that a builder has set.
#[derive(Clone, Copy, Debug)]
pub struct Set;

/// State of a required field that a builder has not set.
#[derive(Clone, Copy, Debug)]
pub struct Missing;

/// A value of a model and which of its columns were set.
#[derive(Debug)]
pub struct NewRow<M> {
    pub(crate) value: M,
    pub(crate) set: SetColumns,
}

impl<M: Model> NewRow<M> {
    /// The only row of its statement.
    #[doc(hidden)]
    pub fn alone(self) -> Vec<Self> {
        vec![self]
    }

    /// A row of which only some columns are set.
    pub fn new(value: M, set: SetColumns) -> Self {
        NewRow { value, set }
    }

    /// A row as a literal gives it: every column is set, but a generated key that equals its default.
    pub fn literal(value: M) -> Self {
        let set = literal_set(&value);
        NewRow { value, set }
    }
}

/// Which columns a literal sets: a generated key of zero is left to the database, and so is what it computes and what is
/// not loaded.
pub(crate) fn literal_set(object: &dyn Object) -> SetColumns {
    let columns = object.mapper().definition.columns;
    let mut set = ColumnSet::all(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let is_left_out = column.deferrable && object.is_left_out(index);
        if is_left_out || !column.is_written() || (column.generated && is_zero(&object.column(index))) {
            set.remove(index);
        }
    }
    SetColumns { all: set, defaults: ColumnSet::new() }
}

/// Returns whether a generated key is not said.
pub(crate) fn is_zero(value: &orm_pool::Value) -> bool {
    use orm_pool::Value;
    matches!(value, Value::Int16(0) | Value::Int32(0) | Value::Int64(0) | Value::Null(_))
}

/// A new object: a model's value or its builder.
///
/// ```
/// # use orm_core::{Engine, Handle, Model, NewInstance, Session, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// fn add<N: NewInstance>(session: &mut Session, new: N) -> Handle<N::Model> {
///     session.add(new)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let ed = add(&mut session, User { id: 0, name: "ed".into() });
/// let wendy = add(&mut session, User::builder().name("wendy"));
/// session.flush().await?;
/// assert_eq!((session[ed].id, session[wendy].id), (1, 2));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a new object",
    label = "expected a model's value such as `User {{ .. }}` or its builder"
)]
pub trait NewInstance {
    /// The model.
    type Model: Model;

    #[doc(hidden)]
    fn __row(self) -> NewRow<Self::Model>;
}

/// Rows for an INSERT: a value, a builder, or a list or iterator of either.
///
/// A function that takes one row of either kind hands it on as a list of one: `.values([row])`.
///
/// ```
/// # use orm_core::{Engine, Model, insert, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let inserted = insert(User)
///     .values(User { id: 7, name: "ed".into() })
///     .values(["wendy", "mary"].map(|name| User::builder().name(name))) // ids of the database's choice
///     .execute(&engine)
///     .await?;
/// assert_eq!(inserted, 3);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give rows of `{M}`",
    label = "expected a `{M}`, its builder, or a `Vec`, array or iterator such as `.map(…)` of these"
)]
pub trait IntoRows<M> {
    #[doc(hidden)]
    fn __rows(self) -> Vec<NewRow<M>>;
}

/// Takes lists and iterators one type at a time: were every iterator taken, the compiler would no longer say which field of
/// a builder is missing.
macro_rules! lists {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<M: Model, $($generics)*> IntoRows<M> for $type
        where
            $type: IntoIterator<Item: NewInstance<Model = M>>,
        {
            fn __rows(self) -> Vec<NewRow<M>> {
                self.into_iter().map(NewInstance::__row).collect()
            }
        }
    )* };
}
lists! {
    {I} Vec<I>;
    {I, const N: usize} [I; N];
    {I} std::vec::IntoIter<I>;
    {I, F} std::iter::Map<I, F>;
    {I, F} std::iter::Filter<I, F>;
    {I, F} std::iter::FilterMap<I, F>;
    {I, J} std::iter::Chain<I, J>;
    {I} std::iter::Take<I>;
    {I} std::iter::Skip<I>;
    {I} std::iter::Cloned<I>;
    {I: ?Sized} Box<I>;
}

/// What becomes a member of a relationship.
///
/// ```
/// # use orm_core::{Engine, HasMany, BelongsTo, Member, Model, Session, metadata};
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
/// let known = session.add(Address::builder().email("ed@x.org"));
/// let members = [Member::of(known), Member::of(Address::builder().email("ed@y.org"))];
/// let ed = session.add(User::builder().name("ed").addresses(members));
/// session.flush().await?;
/// assert_eq!(session[known].user_id, Some(session[ed].id));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Member<T>(pub(crate) MemberKind<T>);

#[derive(Debug)]
pub(crate) enum MemberKind<T> {
    /// A new object, boxed so that models which refer to each other do not contain each other.
    New(Box<NewRow<T>>),
    /// An object of a session.
    Handle(Handle<T>),
}

impl<T> Member<T> {
    /// Makes a member of a value, a builder or a handle, so that a list may hold members of several kinds.
    pub fn of(member: impl IntoMember<T>) -> Self {
        member.__member()
    }

    /// A new object.
    #[doc(hidden)]
    pub fn __new(row: NewRow<T>) -> Self {
        Member(MemberKind::New(Box::new(row)))
    }
}

/// A value that can become a member of a relationship: a model's value, its builder, or a handle.
///
/// ```
/// # use orm_core::{Engine, HasMany, BelongsTo, Model, Session, metadata};
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
/// let mail = session.add(Address::builder().email("ed@x.org"));
/// session.link(ed, User.addresses, mail); // a handle
/// session.link(ed, User.addresses, Address::builder().email("ed@y.org")); // a builder
/// assert_eq!(session.handles(ed, User.addresses).len(), 2);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot become a member of a relationship to `{T}`",
    label = "expected a `{T}`, its builder, or a `Handle<{T}>`"
)]
pub trait IntoMember<T> {
    #[doc(hidden)]
    fn __member(self) -> Member<T>;
}

impl<T> IntoMember<T> for Handle<T> {
    fn __member(self) -> Member<T> {
        Member(MemberKind::Handle(self))
    }
}

impl<T> IntoMember<T> for Member<T> {
    fn __member(self) -> Member<T> {
        self
    }
}

/// A new object without its type, on its way into a session.
pub struct NewObject {
    pub(crate) object: Box<dyn Object>,
    pub(crate) set: SetColumns,
    /// Where a shared value came from, so that it becomes one object however many hold it.
    pub(crate) origin: Option<Weak<dyn Object>>,
}

impl NewObject {
    pub(crate) fn of<M: Model>(row: NewRow<M>) -> Self {
        NewObject { object: Box::new(row.value), set: row.set, origin: None }
    }
}

impl std::fmt::Debug for NewObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewObject({})", self.object.mapper().definition.name)
    }
}

/// A member on its way into a session.
#[derive(Debug)]
pub enum Incoming {
    /// A new object.
    New(NewObject),
    /// An object that a session has.
    Known(ObjectId),
}

impl Incoming {
    pub(crate) fn of<T: Model>(member: Member<T>) -> Self {
        match member.0 {
            MemberKind::New(row) => Incoming::New(NewObject::of(*row)),
            MemberKind::Handle(handle) => Incoming::Known(handle.id()),
        }
    }
}
