//! [`HasMany`]: the field of a to-many relationship, as users see it.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::to_many::ToMany;
use super::{RelationField, is_managed, not_loaded};
use crate::error::{Error, or_panic};
use crate::mapper::new_row::{MemberKind, NewObject, literal_set};
use crate::mapper::{IntoMember, Mapper, Model, NewRow};
use crate::session::Handle;

/// A collection of another model's objects.
///
/// Outside a session it holds values: [`get`](Self::get), [`iter`](Self::iter). Inside one it holds handles:
/// [`handles`](Self::handles). Its default is unloaded, which a session takes for empty when it adds the object.
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
/// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
/// session.commit().await?;
///
/// session[ed].addresses.push(Address::builder().email("ed@y.org")); // also while it is not loaded
/// session.commit().await?;
/// session.load(ed, User.addresses).await?;
/// assert_eq!(session[ed].addresses.handles().len(), 2);
///
/// let users = select(User).options(selectinload(User.addresses)).all(&engine).await?; // values
/// assert_eq!(users[0].addresses.get()[1].email, "ed@y.org");
/// # Ok(())
/// # }
/// ```
pub struct HasMany<T> {
    field: ToMany,
    member: PhantomData<fn() -> T>,
}

impl<T> HasMany<T> {
    /// The field of an object that was read: unloaded.
    #[doc(hidden)]
    pub fn __unloaded(mapper: fn() -> &'static Mapper, relationship: u16) -> Self {
        HasMany::of(ToMany::unloaded(Some((mapper, relationship))))
    }

    /// Returns whether its members are here.
    ///
    /// ```
    /// # use orm_core::{HasMany, BelongsTo};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// let mut user = User { id: 1, name: "ed".into(), addresses: HasMany::default() };
    /// assert!(user.addresses.is_unloaded());
    /// user.addresses = Vec::new().into();
    /// assert!(user.addresses.is_loaded());
    /// ```
    pub fn is_loaded(&self) -> bool {
        self.field.loaded
    }

    /// Returns whether its members are not here.
    pub fn is_unloaded(&self) -> bool {
        !self.is_loaded()
    }

    fn of(field: ToMany) -> Self {
        HasMany { field, member: PhantomData }
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

    /// Copies the field as it stands: values with all that they hold, or handles; not what waits for the session.
    #[doc(hidden)]
    #[must_use]
    pub fn __copy(&self) -> Self {
        HasMany::of(self.field.copy())
    }
}

impl<T: 'static> HasMany<T> {
    /// Returns the values that are here.
    fn known_values(&self) -> Option<&[T]> {
        let values: &dyn Any = &**self.field.state.as_ref()?.values.as_ref()?;
        values.downcast_ref::<Vec<T>>().map(Vec::as_slice)
    }
}

impl<T: Model> HasMany<T> {
    /// Returns the members of an object outside a session.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded, with the text of [`try_get`](Self::try_get)'s error.
    #[track_caller]
    pub fn get(&self) -> &[T] {
        or_panic(self.try_get())
    }

    /// Returns the members of an object outside a session.
    ///
    /// ```
    /// # use orm_core::{HasMany, BelongsTo};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// let mut user = User { id: 1, name: "ed".into(), addresses: HasMany::default() };
    /// assert!(user.addresses.try_get().unwrap_err().is_not_loaded());
    ///
    /// let mail = Address { id: 1, email: "ed@x.org".into(), user_id: Some(1), user: BelongsTo::default() };
    /// user.addresses = vec![mail].into();
    /// assert_eq!(user.addresses.try_get()?[0].email, "ed@x.org");
    /// assert_eq!(user.addresses.iter().count(), 1); // the same, with a panic for the error
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the relationship is not loaded, or when the object is a session's, whose members are handles.
    pub fn try_get(&self) -> Result<&[T], Error> {
        if self.field.owner.is_some() {
            return Err(is_managed(self.field.origin, type_name::<T>()));
        }
        match self.known_values() {
            Some(values) => Ok(values),
            None if self.field.loaded => Ok(&[]),
            None => Err(not_loaded(self.field.origin, type_name::<T>())),
        }
    }

    /// Walks over the members of an object outside a session.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded; [`try_iter`](Self::try_iter) gives the error.
    #[track_caller]
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.get().iter()
    }

    /// Walks over the members of an object outside a session.
    ///
    /// # Errors
    ///
    /// As [`try_get`](Self::try_get).
    pub fn try_iter(&self) -> Result<std::slice::Iter<'_, T>, Error> {
        Ok(self.try_get()?.iter())
    }

    /// Returns the handles of the members of an object in a session.
    ///
    /// What was pushed as a value or a builder has no handle before the next flush, load or query.
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
    /// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// let mail = session[ed].addresses.handles()[0];
    /// assert_eq!(session[mail].email, "ed@x.org");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded.
    #[track_caller]
    pub fn handles(&self) -> &[Handle<T>] {
        let Some(count) = self.field.handle_count() else {
            panic!("{}", not_loaded(self.field.origin, type_name::<T>()));
        };
        let Some(state) = &self.field.state else { return &[] };
        let typed = state.typed.get_or_init(|| {
            let mut handles = Vec::with_capacity(count);
            for id in state.handles() {
                handles.push(Handle::<T>::of(*id));
            }
            Box::new(handles)
        });
        typed.downcast_ref::<Vec<Handle<T>>>().map_or(&[], |handles| &handles[..count])
    }

    /// Returns the number of members that are here, those pushed since included; of an unloaded collection, those pushed alone.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded and nothing was done to it: that it has no members is not known.
    #[allow(clippy::len_without_is_empty, reason = "an unloaded collection is not an empty one")]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.field.len(type_name::<T>())
    }

    /// Adds a member: a value, a builder or a handle. An unloaded collection is not loaded for it.
    pub fn push(&mut self, member: impl IntoMember<T>) {
        match member.__member().0 {
            MemberKind::New(row) if self.field.owner.is_some() => self.field.push_new(NewObject::of(*row)),
            MemberKind::New(row) => self.push_value(*row),
            MemberKind::Handle(handle) => self.push_handle(handle),
        }
    }

    fn push_handle(&mut self, handle: Handle<T>) {
        // Whoever reads the handles after each that he adds has them with their type already, all but this one.
        let mut typed = self.field.state().typed.take();
        if self.field.push_known(handle.id())
            && let Some(handles) = typed.as_mut().and_then(|typed| typed.downcast_mut::<Vec<Handle<T>>>())
        {
            handles.truncate(self.field.known_handles().len() - 1);
            handles.push(handle);
        }
        self.field.state().typed = typed.map_or_else(OnceLock::new, OnceLock::from);
    }

    fn push_value(&mut self, row: NewRow<T>) {
        let state = self.field.state();
        let values: &mut dyn Any = &mut **state.values.get_or_insert_with(|| Box::new(Vec::<T>::new()));
        if let Some(values) = values.downcast_mut::<Vec<T>>() {
            // Values that stood here before came as literals.
            for value in &values[state.sets.len()..] {
                state.sets.push(literal_set(value));
            }
            values.push(row.value);
            state.sets.push(row.set);
        }
    }

    /// Takes a member away, and returns whether it was known to be one.
    ///
    /// The member stays in the session; its foreign key is set to NULL, or it is deleted where the relationship says
    /// `delete_orphan`.
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
    /// let mails = ["ed@x.org", "ed@y.org"].map(|email| Address::builder().email(email));
    /// let ed = session.add(User::builder().name("ed").addresses(mails));
    /// session.flush().await?;
    ///
    /// let first = session[ed].addresses.handles()[0];
    /// assert!(session[ed].addresses.remove(first));
    /// session.flush().await?; // UPDATE address SET user_id = NULL
    /// assert_eq!((session[ed].addresses.len(), session[first].user_id), (1, None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove(&mut self, member: Handle<T>) -> bool {
        self.field.remove(member.id())
    }

    /// Takes all members away.
    ///
    /// For an object of the database the collection must be loaded: what is not known cannot be taken away, and the next
    /// flush says so.
    pub fn clear(&mut self) {
        self.field.clear();
    }

    /// Makes these the members; as for [`clear`](Self::clear), those of before must be known.
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
    /// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// session.flush().await?;
    ///
    /// session[ed].addresses.replace([Address::builder().email("ed@y.org")]);
    /// session.flush().await?;
    /// let left = session[ed].addresses.handles()[0];
    /// assert_eq!(session[left].email, "ed@y.org");
    /// session[ed].addresses.clear();
    /// assert_eq!(session[ed].addresses.len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace<I: IntoIterator<Item: IntoMember<T>>>(&mut self, members: I) {
        self.clear();
        members.into_iter().for_each(|member| self.push(member));
    }
}

impl<T> Default for HasMany<T> {
    fn default() -> Self {
        HasMany::of(ToMany::default())
    }
}

impl<T> Clone for HasMany<T> {
    /// Clones the values; a clone of a session's object has unloaded relationships.
    fn clone(&self) -> Self {
        HasMany::of(self.field.clone_values())
    }
}

impl<'a, T: Model> IntoIterator for &'a HasMany<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    /// Walks over the members, as [`iter`](HasMany::iter) does.
    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Model> From<Vec<T>> for HasMany<T> {
    fn from(values: Vec<T>) -> Self {
        HasMany::of(ToMany::holding(Box::new(values)))
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for HasMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known_values() {
            Some(values) => values.fmt(f),
            None if self.field.loaded => {
                f.debug_list().entries(self.field.known_handles().iter().map(|id| Handle::<T>::of(*id))).finish()
            }
            None => f.write_str("<not loaded>"),
        }
    }
}

impl<T: PartialEq + 'static> PartialEq for HasMany<T> {
    /// Compares what is loaded: values with values, handles with handles; two unloaded fields are equal.
    fn eq(&self, other: &Self) -> bool {
        self.field.loaded == other.field.loaded
            && self.known_values() == other.known_values()
            && self.field.known_handles() == other.field.known_handles()
    }
}
