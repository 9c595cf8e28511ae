//! [`BelongsTo`]: the field of a to-one relationship, as users see it.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::to_one::{Content, ToOne};
use super::{RelationField, is_managed, not_loaded};
use crate::error::{Error, or_panic};
use crate::mapper::new_row::{MemberKind, NewObject};
use crate::mapper::object::Shared;
use crate::mapper::{IntoMember, Mapper, Member, Model, NewRow};
use crate::session::Handle;

/// At most one object of another model.
///
/// Outside a session it holds a value, shared by all who refer to it: [`get`](Self::get). Inside one it holds a handle:
/// [`handle`](Self::handle).
///
/// ```
/// # use orm_core::{Engine, HasMany, BelongsTo, Model, Session, metadata, select, selectinload};
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
/// let mail = session.add(Address::builder().email("ed@x.org").user(User::builder().name("ed")));
/// session.commit().await?; // INSERT of the user first
/// let ed = session[mail].user.handle().expect("it was given one");
/// assert_eq!(session[mail].user_id, Some(session[ed].id));
///
/// let addresses = select(Address).options(selectinload(Address.user)).all(&engine).await?; // values
/// assert_eq!(addresses[0].user.get().map(|user| user.name.as_str()), Some("ed"));
/// # Ok(())
/// # }
/// ```
pub struct BelongsTo<T> {
    field: ToOne,
    member: PhantomData<fn() -> T>,
}

impl<T> BelongsTo<T> {
    /// The field of an object that was read: unloaded.
    #[doc(hidden)]
    pub fn __unloaded(mapper: fn() -> &'static Mapper, relationship: u16) -> Self {
        BelongsTo::of(ToOne::of(Content::Unloaded, Some((mapper, relationship))))
    }

    /// Returns whether it is known what it refers to, be it nothing.
    pub fn is_loaded(&self) -> bool {
        self.field.is_loaded()
    }

    /// Returns whether it is not known what it refers to.
    pub fn is_unloaded(&self) -> bool {
        !self.is_loaded()
    }

    fn of(field: ToOne) -> Self {
        BelongsTo { field, member: PhantomData }
    }

    /// The field for whoever does not know its type.
    #[doc(hidden)]
    pub fn __field(&self) -> &dyn RelationField {
        self.field.as_field()
    }

    /// The same, to be changed.
    #[doc(hidden)]
    pub fn __field_mut(&mut self) -> &mut dyn RelationField {
        self.field.as_field_mut()
    }

    /// Copies the field as it stands; a value is shared.
    #[doc(hidden)]
    #[must_use]
    pub fn __copy(&self) -> Self {
        BelongsTo::of(self.field.copy())
    }
}

/// Returns a shared value as its type.
fn typed<T: 'static>(value: &Shared) -> Option<&T> {
    let value: &dyn Any = &**value;
    value.downcast_ref::<T>()
}

impl<T: Model> BelongsTo<T> {
    /// Returns the value that an object outside a session refers to.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded, with the text of [`try_get`](Self::try_get)'s error.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        or_panic(self.try_get())
    }

    /// Returns the value that an object outside a session refers to.
    ///
    /// ```
    /// # use orm_core::{Engine, HasMany, BelongsTo, Model, insert, metadata, select, selectinload};
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
    /// insert(Address).values(Address::builder().email("ed@x.org")).execute(&engine).await?;
    /// let address = select(Address).one(&engine).await?;
    /// assert!(address.user.try_get().unwrap_err().is_not_loaded());
    ///
    /// let address = select(Address).options(selectinload(Address.user)).one(&engine).await?;
    /// assert!(address.user.try_get()?.is_none()); // it belongs to nobody
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the relationship is not loaded, when the object is a session's, or when the field was given a handle.
    pub fn try_get(&self) -> Result<Option<&T>, Error> {
        match &self.field.content {
            _ if self.field.owner.is_some() => Err(is_managed(self.field.origin, type_name::<T>())),
            Content::Unloaded => Err(not_loaded(self.field.origin, type_name::<T>())),
            Content::Empty | Content::Hidden => Ok(None),
            Content::Value(value, _) => Ok(typed::<T>(value)),
            Content::Handle(_) => Err(is_managed(self.field.origin, type_name::<T>())),
        }
    }

    /// Returns the handle of what an object in a session refers to.
    ///
    /// What was given as a value or a builder has no handle before the next flush, load or query.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded.
    #[track_caller]
    pub fn handle(&self) -> Option<Handle<T>> {
        match &self.field.content {
            Content::Handle(id) => Some(Handle::of(*id)),
            Content::Empty | Content::Hidden | Content::Value(..) => None,
            Content::Unloaded => panic!("{}", not_loaded(self.field.origin, type_name::<T>())),
        }
    }

    /// Makes it refer to a value, a builder or a handle.
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
    /// let [ed, wendy] = ["ed", "wendy"].map(|name| session.add(User::builder().name(name)));
    /// let mail = session.add(Address::builder().email("ed@x.org").user(ed));
    /// session.flush().await?;
    ///
    /// session[mail].user.replace(wendy);
    /// session.flush().await?; // UPDATE of the foreign key
    /// assert_eq!(session[mail].user_id, Some(session[wendy].id));
    /// assert!(session[ed].addresses.handles().is_empty()); // the other side follows
    ///
    /// session[mail].user.clear();
    /// session.flush().await?;
    /// assert_eq!(session[mail].user_id, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&mut self, member: impl IntoMember<T>) {
        match member.__member().0 {
            MemberKind::New(row) if self.field.owner.is_some() => self.field.replace_by_new(NewObject::of(*row)),
            MemberKind::New(row) => self.field.content = Content::Value(Arc::new(row.value), Some(Box::new(row.set))),
            MemberKind::Handle(handle) => self.field.replace_by_known(handle.id()),
        }
    }

    /// Makes it refer to nothing.
    pub fn clear(&mut self) {
        self.field.clear();
    }
}

impl<T> Default for BelongsTo<T> {
    fn default() -> Self {
        BelongsTo::of(ToOne::default())
    }
}

impl<T> Clone for BelongsTo<T> {
    /// Clones the field and shares the value; a clone of a session's object has unloaded relationships.
    fn clone(&self) -> Self {
        BelongsTo::of(self.field.clone_values())
    }
}

impl<T: Model> From<T> for BelongsTo<T> {
    fn from(value: T) -> Self {
        let mut field = BelongsTo::default();
        field.replace(Member::__new(NewRow::literal(value)));
        field
    }
}

impl<T: Model> From<Handle<T>> for BelongsTo<T> {
    fn from(handle: Handle<T>) -> Self {
        BelongsTo::of(ToOne::of(Content::Handle(handle.id()), None))
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for BelongsTo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field.content {
            Content::Unloaded => f.write_str("<not loaded>"),
            Content::Empty | Content::Hidden => f.write_str("None"),
            Content::Value(value, _) => typed::<T>(value).fmt(f),
            Content::Handle(id) => Some(Handle::<T>::of(*id)).fmt(f),
        }
    }
}

impl<T: PartialEq + 'static> PartialEq for BelongsTo<T> {
    /// Compares what is loaded; two unloaded fields are equal.
    fn eq(&self, other: &Self) -> bool {
        match (&self.field.content, &other.field.content) {
            (Content::Unloaded, Content::Unloaded) => true,
            (Content::Empty | Content::Hidden, Content::Empty | Content::Hidden) => true,
            (Content::Value(left, _), Content::Value(right, _)) => typed::<T>(left) == typed::<T>(right),
            (Content::Handle(left), Content::Handle(right)) => left == right,
            _ => false,
        }
    }
}
