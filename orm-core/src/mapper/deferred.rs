//! [`Deferred`]: the field of a column that may be left out when its row is read.

use std::fmt;

use super::Mapper;
use super::members::Origin;
use crate::error::{Error, ErrorKind, Result, or_panic};
use crate::sql::IntoValue;

/// The field of a column that a query may leave out: a long text, a picture.
///
/// With `#[orm(deferred)]` it is left out unless a query asks for it by [`undefer`](crate::undefer); without, it is
/// loaded unless a query leaves it out by [`defer`](crate::defer) or [`load_only`](crate::load_only). Reading one that is
/// not loaded is an error, never a hidden query: [`Session::load`](crate::Session::load) brings it. What is not loaded
/// is not written either; what is assigned is.
///
/// The attribute is that of the column itself: `Page.text` is an `Attribute<Page, String>`. With `column_property` or
/// `query_expression` it is the field of what queries compute, and the table has no such column; SQLAlchemy's words.
///
/// ```
/// # use orm_core::{Deferred, Engine, Model, Session, metadata, select, undefer};
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct Page {
///     #[orm(primary_key)]
///     id: i64,
///     title: String,
///     #[orm(deferred)]
///     text: Deferred<String>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Page].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// session.add(Page::builder().title("ORMs").text("It was a dark and stormy night"));
/// session.commit().await?;
///
/// let page = select(Page).one(&engine).await?;
/// assert!(page.text.is_unloaded());
/// let page = select(Page).options(undefer(Page.text)).one(&engine).await?;
/// assert_eq!(page.text.get().len(), 30);
///
/// # let mut session = Session::new(&engine);
/// let page = session.query(Page).one().await?;
/// session.load(page, Page.text).await?;
/// assert_eq!(session[page].text.get().len(), 30);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Deferred<T>(State<T>);

#[derive(Clone)]
enum State<T> {
    Loaded(T),
    /// Where the field stands, for messages: the position is one among the columns.
    Unloaded(Origin),
}

impl<T> Deferred<T> {
    /// A field that holds a value.
    pub const fn new(value: T) -> Self {
        Deferred(State::Loaded(value))
    }

    /// A field that is not loaded: what is inserted with it leaves the column to the database.
    ///
    /// ```
    /// # use orm_core::Deferred;
    /// let text: Deferred<String> = Deferred::unloaded();
    /// assert!(text.try_get().unwrap_err().is_not_loaded());
    /// ```
    pub const fn unloaded() -> Self {
        Deferred(State::Unloaded(None))
    }

    #[doc(hidden)]
    pub fn __unloaded(mapper: fn() -> &'static Mapper, column: u16) -> Self {
        Deferred(State::Unloaded(Some((mapper, column))))
    }

    /// Returns whether its value is here.
    pub const fn is_loaded(&self) -> bool {
        matches!(self.0, State::Loaded(_))
    }

    /// Returns whether its value is not here.
    pub const fn is_unloaded(&self) -> bool {
        !self.is_loaded()
    }

    /// Returns the value, or `None` when it is not loaded.
    pub const fn loaded(&self) -> Option<&T> {
        match &self.0 {
            State::Loaded(value) => Some(value),
            State::Unloaded(_) => None,
        }
    }

    /// Returns the value.
    ///
    /// # Panics
    ///
    /// Panics when it is not loaded, with the text of [`try_get`](Self::try_get)'s error.
    #[track_caller]
    pub fn get(&self) -> &T {
        or_panic(self.try_get())
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// Fails when it is not loaded, with the name of the column and the option that loads it.
    pub fn try_get(&self) -> Result<&T> {
        match &self.0 {
            State::Loaded(value) => Ok(value),
            State::Unloaded(origin) => Err(not_loaded(*origin)),
        }
    }

    /// Returns the value, to be changed.
    ///
    /// # Panics
    ///
    /// Panics when it is not loaded; [`set`](Self::set) needs no value to be there.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.0 {
            State::Loaded(value) => value,
            State::Unloaded(origin) => panic!("{}", not_loaded(*origin)),
        }
    }

    /// Sets the value, whether or not there was one; the next flush writes it.
    ///
    /// ```
    /// # use orm_core::Deferred;
    /// let mut text: Deferred<Option<String>> = Deferred::unloaded();
    /// text.set("written");
    /// assert_eq!(text.get().as_deref(), Some("written"));
    /// ```
    pub fn set(&mut self, value: impl IntoValue<T>) {
        self.0 = State::Loaded(value.into_value());
    }

    /// Returns the value, or `None` when it is not loaded.
    pub fn into_inner(self) -> Option<T> {
        match self.0 {
            State::Loaded(value) => Some(value),
            State::Unloaded(_) => None,
        }
    }
}

#[cold]
fn not_loaded(origin: Origin) -> Error {
    let Some((mapper, column)) = origin else {
        return Error::new(ErrorKind::NotLoaded, "a deferred column is not loaded");
    };
    let mapper = mapper();
    let model = mapper.definition.name;
    let definition = &mapper.definition.columns[usize::from(column)];
    let field = format!("{model}.{}", definition.field);
    let load = format!("call `session.load({}, {field})`", model.to_lowercase());
    let error = Error::new(ErrorKind::NotLoaded, format!("column `{field}` is not loaded"));
    if definition.is_of_query() {
        return error.hint(format!("a query says what it is: `.options(with_expression({field}, …))`"));
    }
    if definition.property.is_some() && !definition.deferred {
        return error.hint(format!("a query computes it, and a flush forgets it: {load}, or read the object again"));
    }
    error.hint(format!("add `.options(undefer({field}))` to the query, or {load}"))
}

impl<T> From<T> for Deferred<T> {
    fn from(value: T) -> Self {
        Deferred::new(value)
    }
}

/// The default of the value, not an unloaded field.
impl<T: Default> Default for Deferred<T> {
    fn default() -> Self {
        Deferred::new(T::default())
    }
}

/// Two fields that are not loaded are equal: nothing is known of either.
impl<T: PartialEq> PartialEq for Deferred<T> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (State::Loaded(left), State::Loaded(right)) => left == right,
            (State::Unloaded(_), State::Unloaded(_)) => true,
            _ => false,
        }
    }
}

impl<T: Eq> Eq for Deferred<T> {}

impl<T: fmt::Debug> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Loaded(value) => value.fmt(f),
            State::Unloaded(_) => f.write_str("<not loaded>"),
        }
    }
}
