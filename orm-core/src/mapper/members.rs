//! The fields of relationships: [`HasMany`], [`HasOne`], [`BelongsTo`], [`ManyToMany`].
//!
//! Outside a session they hold values, inside one handles. What they hold is kept without its type, since models that
//! refer to each other must not contain each other: the compiler would walk a ring of them for ever. What is changed
//! through a field waits in it as a [`Change`] until the session takes it up at the next flush, load or query.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use super::new_row::{Incoming, MemberKind, NewObject, literal_set};
use super::object::{Erased, Shared};
use super::{IntoMember, Mapper, Member, Model, NewRow, SetColumns};
use crate::error::{Error, ErrorKind};
use crate::session::{Handle, ObjectId};

/// A many-to-many relationship: the same field as [`HasMany`], over an association table.
///
/// ```
/// # use orm_core::{Engine, ManyToMany, Model, Session, metadata};
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct Post {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(secondary = PostTag)]
///     tags: ManyToMany<Tag>,
/// }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Tag { #[orm(primary_key)] id: i64, word: String }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct PostTag { #[orm(primary_key, foreign_key = Post.id)] post_id: i64,
/// #     #[orm(primary_key, foreign_key = Tag.id)] tag_id: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Post, Tag, PostTag].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let post = session.add(Post::builder().tags(["rust", "sql"].map(|word| Tag::builder().word(word))));
/// session.flush().await?; // a post, two tags, two rows of `post_tag`
///
/// let first = session.handles(post, Post.tags)[0];
/// session[post].tags.remove(first);
/// session.commit().await?; // DELETE of one row of `post_tag`
/// assert_eq!(orm_core::select(PostTag).count(&engine).await?, 1);
/// # Ok(())
/// # }
/// ```
pub type ManyToMany<T> = HasMany<T>;

/// A one-to-one relationship whose foreign key is over there: the same field as [`BelongsTo`].
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasOne, Model, Session, metadata};
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(back_populates = user)]
///     profile: HasOne<Profile>,
/// }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Profile { #[orm(primary_key)] id: i64, motto: String, #[orm(foreign_key = User.id, unique)] user_id: i64,
/// #     #[orm(back_populates = profile)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Profile].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().profile(Profile::builder().motto("onwards")));
/// session.flush().await?;
/// let profile = session[ed].profile.handle().expect("it was given one");
/// assert_eq!(session[profile].user_id, session[ed].id);
/// # Ok(())
/// # }
/// ```
pub type HasOne<T> = BelongsTo<T>;

/// Where a field stands, for messages: the model, and the position among its relationships or columns.
///
/// The model is given by a function: whoever asks the compiler whether an object is `Send` would else have it go through
/// all that a mapper holds, again for each function that asks, since it does not keep what it finds out about references.
pub(super) type Origin = Option<(fn() -> &'static Mapper, u16)>;

/// What was done through a field and waits for the session.
#[derive(Debug)]
pub enum Change {
    /// A member was added.
    Add(Incoming),
    /// A member was removed.
    Remove(ObjectId),
    /// All members were removed.
    Clear,
}

/// What the session and the loaders do to a field without knowing its type.
pub trait RelationField: Send + Sync {
    /// Makes it the field of an object of a session; what it holds is kept.
    fn own(&mut self, owner: ObjectId);
    /// Says which relationship it is the field of, for messages.
    fn set_origin(&mut self, mapper: &'static Mapper, relationship: u16);
    /// Makes it an unloaded field outside a session.
    fn release(&mut self);
    /// Returns whether its members can be read.
    fn is_loaded(&self) -> bool;
    /// Returns whether it holds all the members of its object: it is loaded, and by nothing that left some out.
    fn is_complete(&self) -> bool;
    /// Returns whether it is the field of this object, rather than one that was assigned or swapped in.
    fn is_of(&self, owner: ObjectId) -> bool;
    /// Takes what was done through the field, and makes it the field of `owner`.
    ///
    /// Its members are then those from before the changes, for the session to change. `is_new` says that the owner was
    /// just added: then what the field holds are its first members, and all of them.
    fn adopt(&mut self, owner: ObjectId, is_new: bool) -> Vec<Change>;
    /// Returns whether something was done through the field that the session has not taken up.
    fn is_changed(&self) -> bool;
    /// Returns how many members the field would bring to an object that is added with it.
    fn given(&self) -> usize;
    /// Returns the members, for the field of a session's object.
    fn members(&self) -> Vec<ObjectId>;
    /// Returns whether one of these is a member.
    fn has_any_of(&self, objects: &HashSet<ObjectId>) -> bool;
    /// Makes these the members; `is_all` says that there are no others.
    fn load(&mut self, members: &[ObjectId], is_all: bool);
    /// Adds a member that the session knows, and returns whether it was not there.
    fn insert(&mut self, member: ObjectId) -> bool;
    /// Takes a member away, and returns whether it was there.
    fn take_out(&mut self, member: ObjectId) -> bool;
    /// Forgets what was loaded.
    fn unload(&mut self);
    /// Turns it into a field outside a session that holds these values: a boxed `Vec<T>`.
    fn set_values(&mut self, values: Erased);
    /// Turns it into a field outside a session that holds this value, or none.
    fn set_value(&mut self, value: Option<Shared>);
}

// ---------------------------------------------------------------------------------------------------------- to many

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
    /// What is known of the members; none for an unloaded field, nor for an empty one.
    state: Option<Box<ManyState<T>>>,
    /// Whether members are here.
    loaded: bool,
    /// Whether those are not all, since they were loaded by an option with a condition or a limit.
    partial: bool,
    origin: Origin,
    /// The object of a session whose field this is; after `mem::swap` it is another's.
    owner: Option<ObjectId>,
}

struct ManyState<T> {
    /// Outside a session: a `Vec<T>`.
    values: Option<Erased>,
    /// Which columns of the values were set, as far as they came from builders.
    sets: Vec<SetColumns>,
    /// Inside a session, or given to a new object.
    handles: Handles<T>,
    /// The same for lookup, once there are many.
    known: Option<Known>,
    /// What the session has not taken up yet.
    changes: Vec<Change>,
    /// The handles before these changes.
    before: Option<Handles<T>>,
}

/// Handles that copies of a field share; none where there were never any, so that a field of values needs no memory for them.
type Handles<T> = Option<Arc<Vec<Handle<T>>>>;

type Known = HashSet<ObjectId, foldhash::fast::RandomState>;

/// How many members are looked through one by one.
const FEW: usize = 32;

impl<T> Default for ManyState<T> {
    fn default() -> Self {
        Self::of(None)
    }
}

impl<T> ManyState<T> {
    fn of(handles: Handles<T>) -> Self {
        ManyState { values: None, sets: vec![], handles, known: None, changes: vec![], before: None }
    }

    fn handles(&self) -> &[Handle<T>] {
        self.handles.as_ref().map_or(&[], |handles| handles)
    }

    fn handles_mut(&mut self) -> &mut Vec<Handle<T>> {
        Arc::make_mut(self.handles.get_or_insert_default())
    }

    /// Returns whether some members were given or taken away.
    fn is_known(&self) -> bool {
        self.values.is_some() || !self.handles().is_empty() || !self.changes.is_empty()
    }

    fn contains(&mut self, member: Handle<T>) -> bool {
        let handles = self.handles.as_ref().map_or(&[][..], |handles| handles);
        if handles.len() < FEW {
            return handles.contains(&member);
        }
        let known = self.known.get_or_insert_with(|| handles.iter().map(|handle| handle.id()).collect());
        known.contains(&member.id())
    }

    /// Adds a handle at the end, and returns whether it was not there.
    fn insert(&mut self, member: Handle<T>) -> bool {
        if self.contains(member) {
            return false;
        }
        self.handles_mut().push(member);
        if let Some(known) = &mut self.known {
            known.insert(member.id());
        }
        true
    }

    /// Takes a handle away, and returns whether it was there.
    fn take_out(&mut self, member: Handle<T>) -> bool {
        if !self.contains(member) {
            return false;
        }
        let handles = self.handles_mut();
        // The last one goes without a search, so that a list is emptied fast from its end.
        if handles.pop_if(|last| *last == member).is_none()
            && let Some(position) = handles.iter().position(|handle| *handle == member)
        {
            handles.remove(position);
        }
        if let Some(known) = &mut self.known {
            known.remove(&member.id());
        }
        true
    }

    /// Makes these the handles.
    fn set(&mut self, handles: Handles<T>) {
        self.handles = handles;
        self.known = None;
    }

    /// Notes a change for the session, and before the first one what it starts from.
    fn note(&mut self, change: Change) {
        self.before.get_or_insert_with(|| self.handles.clone());
        self.changes.push(change);
    }
}

impl<T> HasMany<T> {
    /// The field of an object that was read: unloaded.
    #[doc(hidden)]
    pub fn __unloaded(mapper: fn() -> &'static Mapper, relationship: u16) -> Self {
        HasMany { origin: Some((mapper, relationship)), ..HasMany::default() }
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
        self.loaded
    }

    /// Returns whether its members are not here.
    pub fn is_unloaded(&self) -> bool {
        !self.is_loaded()
    }

    /// Forgets what is known of the members.
    fn forget(&mut self) {
        (self.state, self.loaded, self.partial) = (None, false, false);
    }

    /// The field of an object outside a session, with a boxed `Vec<T>`.
    fn holding(values: Erased) -> Self {
        let state = Some(Box::new(ManyState { values: Some(values), ..ManyState::default() }));
        HasMany { state, loaded: true, ..HasMany::default() }
    }

    /// Returns the values that are here.
    fn known_values(&self) -> Option<&[T]>
    where
        T: 'static,
    {
        self.state.as_ref().and_then(|state| state.values())
    }

    /// Returns the handles that are here, whether or not those are all.
    fn known_handles(&self) -> &[Handle<T>] {
        self.state.as_ref().map_or(&[], |state| state.handles())
    }

    fn state(&mut self) -> &mut ManyState<T> {
        self.state.get_or_insert_default()
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
        self.try_get().unwrap_or_else(|error| panic!("{error}"))
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
        if self.owner.is_some() {
            return Err(is_managed::<T>(self.origin));
        }
        match self.known_values() {
            Some(values) => Ok(values),
            None if self.loaded => Ok(&[]),
            None => Err(not_loaded::<T>(self.origin)),
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
        match &self.state {
            // Outside a session, what was pushed is all that there is.
            Some(state) if self.loaded || (self.owner.is_none() && !state.handles().is_empty()) => state.handles(),
            None if self.loaded => &[],
            _ => panic!("{}", not_loaded::<T>(self.origin)),
        }
    }

    /// Returns the number of members that are here, those pushed since included; of an unloaded collection, those pushed alone.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded and nothing was done to it: that it has no members is not known.
    #[allow(clippy::len_without_is_empty, reason = "an unloaded collection is not an empty one")]
    #[track_caller]
    pub fn len(&self) -> usize {
        let is_known = self.loaded || self.state.as_ref().is_some_and(|state| state.is_known());
        if !is_known && self.origin.is_some() {
            panic!("{}", not_loaded::<T>(self.origin));
        }
        self.state.as_ref().map_or(0, |state| {
            let pushed = state.changes.iter().filter(|change| matches!(change, Change::Add(Incoming::New(_))));
            state.values().map_or(0, <[T]>::len) + state.handles().len() + pushed.count()
        })
    }

    /// Adds a member: a value, a builder or a handle. An unloaded collection is not loaded for it.
    pub fn push(&mut self, member: impl IntoMember<T>) {
        let is_owned = self.owner.is_some();
        let state = self.state();
        match member.__member().0 {
            MemberKind::New(row) if is_owned => state.note(Change::Add(Incoming::New(NewObject::of(*row)))),
            MemberKind::New(row) => state.push_value(*row),
            MemberKind::Handle(handle) => {
                if is_owned {
                    // The session looks at one that is here already too: it may have been deleted meanwhile.
                    state.note(Change::Add(Incoming::Known(handle.id())));
                }
                if !state.contains(handle) {
                    state.insert(handle);
                }
            }
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
        let (is_owned, is_loaded) = (self.owner.is_some(), self.loaded);
        let state = self.state();
        let was_member = state.contains(member);
        if is_owned && (was_member || !is_loaded) {
            state.note(Change::Remove(member.id()));
        }
        state.take_out(member);
        was_member
    }

    /// Takes all members away.
    ///
    /// For an object of the database the collection must be loaded: what is not known cannot be taken away, and the next
    /// flush says so.
    pub fn clear(&mut self) {
        let is_owned = self.owner.is_some();
        self.loaded |= !is_owned;
        let state = self.state();
        if is_owned {
            state.note(Change::Clear);
        }
        state.values = None;
        state.sets.clear();
        state.set(None);
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

    /// Copies the field as it stands: values with all that they hold, or handles; not what waits for the session.
    #[doc(hidden)]
    #[must_use]
    pub fn __copy(&self) -> Self {
        let state = self.state.as_ref().map(|state| {
            let copied: Option<Vec<T>> = state.values().map(|values| values.iter().map(T::__copy).collect());
            Box::new(ManyState {
                values: copied.map(|values| Box::new(values) as Erased),
                sets: state.sets.clone(),
                ..ManyState::of(state.before.as_ref().unwrap_or(&state.handles).clone())
            })
        });
        HasMany { state, ..*self }
    }
}

impl<T: Model> ManyState<T> {
    fn push_value(&mut self, row: NewRow<T>) {
        let values = self.values.get_or_insert_with(|| Box::new(Vec::<T>::new()));
        if let Some(values) = values.downcast_mut::<Vec<T>>() {
            // Values that stood here before came as literals.
            let known = self.sets.len();
            self.sets.extend(values[known..].iter().map(|value| literal_set(value)));
            values.push(row.value);
            self.sets.push(row.set);
        }
    }

    fn take_new(&mut self) -> Vec<NewObject> {
        let sets = std::mem::take(&mut self.sets);
        let values = self.values.take().and_then(|values| values.downcast::<Vec<T>>().ok());
        let mut sets = sets.into_iter();
        let rows = values.into_iter().flat_map(|values| *values).map(|value| match sets.next() {
            Some(set) => NewRow { value, set },
            None => NewRow::literal(value),
        });
        rows.map(NewObject::of).collect()
    }
}

impl<T: 'static> ManyState<T> {
    fn values(&self) -> Option<&[T]> {
        self.values.as_ref().and_then(|values| values.downcast_ref::<Vec<T>>()).map(Vec::as_slice)
    }
}

impl<T: Model> RelationField for HasMany<T> {
    fn own(&mut self, owner: ObjectId) {
        self.owner = Some(owner);
    }

    fn set_origin(&mut self, mapper: &'static Mapper, relationship: u16) {
        self.origin = Some((mapper.this, relationship));
    }

    fn release(&mut self) {
        self.forget();
        self.owner = None;
    }

    fn is_loaded(&self) -> bool {
        HasMany::is_loaded(self)
    }

    fn is_complete(&self) -> bool {
        self.loaded && !self.partial
    }

    fn is_changed(&self) -> bool {
        let has_values = |state: &ManyState<T>| state.values().is_some_and(|values| !values.is_empty());
        self.state.as_ref().is_some_and(|state| !state.changes.is_empty() || has_values(state))
    }

    fn given(&self) -> usize {
        self.state.as_ref().map_or(0, |state| state.values().map_or(0, <[T]>::len) + state.handles().len())
    }

    fn is_of(&self, owner: ObjectId) -> bool {
        self.owner == Some(owner)
    }

    fn adopt(&mut self, owner: ObjectId, is_new: bool) -> Vec<Change> {
        if self.owner == Some(owner) {
            let Some(state) = self.state.as_mut() else { return Vec::new() };
            if let Some(before) = state.before.take() {
                state.set(before);
            }
            return std::mem::take(&mut state.changes);
        }
        let was_anothers = self.owner.replace(owner).is_some();
        if was_anothers {
            self.forget();
            return Vec::new();
        }
        let Some(state) = self.state.as_mut() else {
            // A value without members, assigned to an object that was there before, takes those away.
            let clear = (self.loaded && !is_new).then_some(Change::Clear);
            self.loaded |= is_new;
            return clear.into_iter().collect();
        };
        let handles = std::mem::take(&mut state.handles);
        state.known = None;
        let new = state.take_new().into_iter().map(|object| Change::Add(Incoming::New(object)));
        let known =
            handles.iter().flat_map(|handles| handles.iter()).map(|handle| Change::Add(Incoming::Known(handle.id())));
        // A value assigned to an object that was there before replaces its members.
        let clear = (!is_new).then_some(Change::Clear);
        let changes = clear.into_iter().chain(known).chain(new).collect();
        self.loaded = true;
        changes
    }

    fn members(&self) -> Vec<ObjectId> {
        self.known_handles().iter().map(|handle| handle.id()).collect()
    }

    fn has_any_of(&self, objects: &HashSet<ObjectId>) -> bool {
        self.known_handles().iter().any(|handle| objects.contains(&handle.id()))
    }

    fn load(&mut self, members: &[ObjectId], is_all: bool) {
        (self.loaded, self.partial) = (true, !is_all);
        let handles = members.iter().map(|id| Handle::of(*id)).collect::<Vec<_>>();
        match &mut self.state {
            Some(state) => state.set(Some(Arc::new(handles))),
            None if handles.is_empty() => {}
            None => self.state = Some(Box::new(ManyState::of(Some(Arc::new(handles))))),
        }
    }

    fn insert(&mut self, member: ObjectId) -> bool {
        self.state().insert(Handle::of(member))
    }

    fn take_out(&mut self, member: ObjectId) -> bool {
        self.state.as_mut().is_some_and(|state| state.take_out(Handle::of(member)))
    }

    fn unload(&mut self) {
        self.forget();
    }

    fn set_values(&mut self, values: Erased) {
        *self = HasMany { origin: self.origin, ..HasMany::holding(values) };
    }

    fn set_value(&mut self, _value: Option<Shared>) {
        self.unload();
    }
}

impl<T> Default for HasMany<T> {
    fn default() -> Self {
        HasMany { state: None, loaded: false, partial: false, origin: None, owner: None }
    }
}

impl<T: Model> Clone for HasMany<T> {
    /// Clones the values; a clone of a session's object has unloaded relationships.
    fn clone(&self) -> Self {
        match self.owner {
            None => self.__copy(),
            Some(_) => HasMany { origin: self.origin, ..HasMany::default() },
        }
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
        HasMany::holding(Box::new(values))
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for HasMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known_values() {
            Some(values) => values.fmt(f),
            None if self.loaded => self.known_handles().fmt(f),
            None => f.write_str("<not loaded>"),
        }
    }
}

impl<T: PartialEq + 'static> PartialEq for HasMany<T> {
    /// Compares what is loaded: values with values, handles with handles; two unloaded fields are equal.
    fn eq(&self, other: &Self) -> bool {
        self.loaded == other.loaded
            && self.known_values() == other.known_values()
            && self.known_handles() == other.known_handles()
    }
}

// ----------------------------------------------------------------------------------------------------------- to one

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
    content: Content,
    /// What the session has not taken up yet, and what the field held before.
    change: Option<Box<(Change, Content)>>,
    origin: Origin,
    owner: Option<ObjectId>,
    member: PhantomData<fn() -> T>,
}

#[derive(Clone, Default)]
enum Content {
    #[default]
    Unloaded,
    Empty,
    Value(Shared, Option<Box<SetColumns>>),
    Handle(ObjectId),
}

impl<T> BelongsTo<T> {
    /// The field of an object that was read: unloaded.
    #[doc(hidden)]
    pub fn __unloaded(mapper: fn() -> &'static Mapper, relationship: u16) -> Self {
        BelongsTo { origin: Some((mapper, relationship)), ..BelongsTo::default() }
    }

    /// Returns whether it is known what it refers to, be it nothing.
    pub fn is_loaded(&self) -> bool {
        !matches!(self.content, Content::Unloaded)
    }

    /// Returns whether it is not known what it refers to.
    pub fn is_unloaded(&self) -> bool {
        !self.is_loaded()
    }
}

impl<T: Model> BelongsTo<T> {
    /// Returns the value that an object outside a session refers to.
    ///
    /// # Panics
    ///
    /// Panics when the relationship is not loaded, with the text of [`try_get`](Self::try_get)'s error.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.try_get().unwrap_or_else(|error| panic!("{error}"))
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
        match &self.content {
            _ if self.owner.is_some() => Err(is_managed::<T>(self.origin)),
            Content::Unloaded => Err(not_loaded::<T>(self.origin)),
            Content::Empty => Ok(None),
            Content::Value(value, _) => Ok(value.downcast_ref::<T>()),
            Content::Handle(_) => Err(is_managed::<T>(self.origin)),
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
        match &self.content {
            Content::Handle(id) => Some(Handle::of(*id)),
            Content::Empty | Content::Value(..) => None,
            Content::Unloaded => panic!("{}", not_loaded::<T>(self.origin)),
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
        let is_owned = self.owner.is_some();
        match member.__member().0 {
            MemberKind::New(row) if is_owned => {
                self.note(Content::Empty, Change::Add(Incoming::New(NewObject::of(*row))));
            }
            MemberKind::New(row) => self.content = Content::Value(Arc::new(row.value), Some(Box::new(row.set))),
            MemberKind::Handle(handle) => {
                self.note(Content::Handle(handle.id()), Change::Add(Incoming::Known(handle.id())));
            }
        }
    }

    /// Makes it refer to nothing.
    pub fn clear(&mut self) {
        self.note(Content::Empty, Change::Clear);
    }

    /// Notes a change for the session, if there is one, and before the first change what the field held.
    fn note(&mut self, content: Content, change: Change) {
        let held = std::mem::replace(&mut self.content, content);
        if self.owner.is_some() {
            let before = self.change.take().map_or(held, |first| first.1);
            self.change = Some(Box::new((change, before)));
        }
    }

    /// Copies the field as it stands; a value is shared.
    #[doc(hidden)]
    #[must_use]
    pub fn __copy(&self) -> Self {
        BelongsTo {
            content: self.change.as_ref().map_or(&self.content, |change| &change.1).clone(),
            change: None,
            origin: self.origin,
            owner: self.owner,
            member: PhantomData,
        }
    }
}

impl<T: Model> RelationField for BelongsTo<T> {
    fn own(&mut self, owner: ObjectId) {
        self.owner = Some(owner);
    }

    fn set_origin(&mut self, mapper: &'static Mapper, relationship: u16) {
        self.origin = Some((mapper.this, relationship));
    }

    fn release(&mut self) {
        (self.content, self.change, self.owner) = (Content::Unloaded, None, None);
    }

    fn is_loaded(&self) -> bool {
        BelongsTo::is_loaded(self)
    }

    fn is_complete(&self) -> bool {
        BelongsTo::is_loaded(self)
    }

    fn is_changed(&self) -> bool {
        self.change.is_some() || matches!(self.content, Content::Value(..))
    }

    fn given(&self) -> usize {
        usize::from(matches!(self.content, Content::Value(..) | Content::Handle(_)))
    }

    fn is_of(&self, owner: ObjectId) -> bool {
        self.owner == Some(owner)
    }

    fn adopt(&mut self, owner: ObjectId, is_new: bool) -> Vec<Change> {
        if self.owner == Some(owner) {
            let Some(noted) = self.change.take() else { return Vec::new() };
            let (change, before) = *noted;
            self.content = before;
            return vec![change];
        }
        let was_anothers = self.owner.replace(owner).is_some();
        self.change = None;
        if was_anothers {
            self.content = Content::Unloaded;
            return Vec::new();
        }
        match std::mem::take(&mut self.content) {
            Content::Unloaded => {
                if is_new {
                    self.content = Content::Empty;
                }
                Vec::new()
            }
            Content::Empty => {
                self.content = Content::Empty;
                if is_new { Vec::new() } else { vec![Change::Clear] }
            }
            Content::Value(shared, set) => {
                self.content = Content::Empty;
                shared_object::<T>(shared, set).map(|object| Change::Add(Incoming::New(object))).into_iter().collect()
            }
            Content::Handle(id) => {
                self.content = Content::Handle(id);
                vec![Change::Add(Incoming::Known(id))]
            }
        }
    }

    fn members(&self) -> Vec<ObjectId> {
        match self.content {
            Content::Handle(id) => vec![id],
            _ => Vec::new(),
        }
    }

    fn has_any_of(&self, objects: &HashSet<ObjectId>) -> bool {
        matches!(&self.content, Content::Handle(id) if objects.contains(id))
    }

    fn load(&mut self, members: &[ObjectId], _is_all: bool) {
        self.content = members.first().map_or(Content::Empty, |id| Content::Handle(*id));
    }

    fn insert(&mut self, member: ObjectId) -> bool {
        let is_new = !matches!(self.content, Content::Handle(id) if id == member);
        self.content = Content::Handle(member);
        is_new
    }

    fn take_out(&mut self, member: ObjectId) -> bool {
        let was_there = matches!(self.content, Content::Handle(id) if id == member);
        if was_there {
            self.content = Content::Empty;
        }
        was_there
    }

    fn unload(&mut self) {
        self.content = Content::Unloaded;
    }

    fn set_values(&mut self, _values: Erased) {
        self.unload();
    }

    fn set_value(&mut self, value: Option<Shared>) {
        self.owner = None;
        self.content = value.map_or(Content::Empty, |value| Content::Value(value, None));
    }
}

/// Takes a value out of its shared pointer, or copies it where others hold it too; the origin tells that it is the same.
fn shared_object<T: Model>(shared: Shared, set: Option<Box<SetColumns>>) -> Option<NewObject> {
    // Whoever has met it before holds a weak pointer, so that the last to come still finds what became of it.
    let is_shared = Arc::strong_count(&shared) > 1 || Arc::weak_count(&shared) > 0;
    let origin: Option<Weak<dyn Any + Send + Sync>> = is_shared.then(|| Arc::downgrade(&shared));
    let typed: Arc<T> = shared.downcast::<T>().ok()?;
    let value = Arc::try_unwrap(typed).unwrap_or_else(|shared| shared.__copy());
    let row = match set {
        Some(set) => NewRow { value, set: *set },
        None => NewRow::literal(value),
    };
    Some(NewObject { origin, ..NewObject::of(row) })
}

impl<T> Default for BelongsTo<T> {
    fn default() -> Self {
        BelongsTo { content: Content::Unloaded, change: None, origin: None, owner: None, member: PhantomData }
    }
}

impl<T: Model> Clone for BelongsTo<T> {
    /// Clones the field and shares the value; a clone of a session's object has unloaded relationships.
    fn clone(&self) -> Self {
        match self.owner {
            None => self.__copy(),
            Some(_) => BelongsTo { origin: self.origin, ..BelongsTo::default() },
        }
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
        BelongsTo { content: Content::Handle(handle.id()), ..BelongsTo::default() }
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for BelongsTo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Unloaded => f.write_str("<not loaded>"),
            Content::Empty => f.write_str("None"),
            Content::Value(value, _) => value.downcast_ref::<T>().fmt(f),
            Content::Handle(id) => Some(Handle::<T>::of(*id)).fmt(f),
        }
    }
}

impl<T: PartialEq + 'static> PartialEq for BelongsTo<T> {
    /// Compares what is loaded; two unloaded fields are equal.
    fn eq(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Unloaded, Content::Unloaded) | (Content::Empty, Content::Empty) => true,
            (Content::Value(left, _), Content::Value(right, _)) => {
                left.downcast_ref::<T>() == right.downcast_ref::<T>()
            }
            (Content::Handle(left), Content::Handle(right)) => left == right,
            _ => false,
        }
    }
}

// ----------------------------------------------------------------------------------------------------------- errors

fn field_name<T>(origin: Origin) -> (String, String) {
    match origin {
        Some((mapper, index)) => {
            let definition = mapper().definition();
            let field = definition.relationships[usize::from(index)].name;
            (format!("{}.{field}", definition.name), definition.name.to_lowercase())
        }
        None => {
            let target = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
            (format!("…: {target}"), "object".to_owned())
        }
    }
}

#[cold]
fn not_loaded<T>(origin: Origin) -> Error {
    let (field, owner) = field_name::<T>(origin);
    Error::new(ErrorKind::NotLoaded, format!("relationship `{field}` is not loaded"))
        .hint(format!("add `.options(selectinload({field}))` to the query, or call `session.load({owner}, {field})`"))
}

#[cold]
fn is_managed<T>(origin: Origin) -> Error {
    let (field, owner) = field_name::<T>(origin);
    let message = format!("relationship `{field}` of an object in a session holds handles, not values");
    Error::new(ErrorKind::InvalidRequest, message)
        .hint(format!("read it by `session.related({owner}, {field})` or `session.handles({owner}, {field})`"))
}
