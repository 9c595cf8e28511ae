//! The fields of relationships: [`HasMany`], [`HasOne`], [`BelongsTo`], [`ManyToMany`].
//!
//! Outside a session they hold values, inside one handles. What they hold is kept without its type, since models that
//! refer to each other must not contain each other: the compiler would walk a ring of them for ever. What is changed
//! through a field waits in it as a [`Change`] until the session takes it up at the next flush, load or query.
//!
//! All that a field does stands in `to_many` and `to_one`, without the type, so that it is compiled once and not for every model;
//! `has_many` and `belongs_to` are what users see of it.

mod belongs_to;
mod has_many;
mod to_many;
mod to_one;

use std::collections::HashSet;

pub use belongs_to::BelongsTo;
pub use has_many::HasMany;

use super::Mapper;
use super::new_row::Incoming;
use super::object::{Shared, Values};
use crate::error::{Error, ErrorKind};
use crate::session::ObjectId;

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
    /// Turns it into a field outside a session that holds these values, of its own model; `is_all` says that there are no
    /// others.
    fn set_values(&mut self, values: Box<dyn Values>, is_all: bool);
    /// Turns it into a field outside a session that holds this value, or none; `is_all` says that there is no other.
    fn set_value(&mut self, value: Option<Shared>, is_all: bool);
}

/// Names a field and its object; of a field that nobody has told where it stands, the target's type is known.
fn field_name(origin: Origin, target: &str) -> (String, String) {
    match origin {
        Some((mapper, index)) => {
            let definition = mapper().definition();
            let field = definition.relationships[usize::from(index)].name;
            (format!("{}.{field}", definition.name), definition.name.to_lowercase())
        }
        None => {
            let target = target.rsplit("::").next().unwrap_or_default();
            (format!("…: {target}"), "object".to_owned())
        }
    }
}

#[cold]
fn not_loaded(origin: Origin, target: &str) -> Error {
    let (field, owner) = field_name(origin, target);
    Error::new(ErrorKind::NotLoaded, format!("relationship `{field}` is not loaded"))
        .hint(format!("add `.options(selectinload({field}))` to the query, or call `session.load({owner}, {field})`"))
}

#[cold]
fn is_managed(origin: Origin, target: &str) -> Error {
    let (field, owner) = field_name(origin, target);
    let message = format!("relationship `{field}` of an object in a session holds handles, not values");
    Error::new(ErrorKind::InvalidRequest, message)
        .hint(format!("read it by `session.related({owner}, {field})` or `session.handles({owner}, {field})`"))
}
