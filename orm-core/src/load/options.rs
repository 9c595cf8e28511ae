//! What a query says about loading: `selectinload(User.addresses)`, chained to any depth and constrained on the way.

use std::marker::PhantomData;

use super::columns::ColumnRule;
use crate::mapper::{Alias, Attribute, Entity, Mapper, Model, Relationship};
use crate::sql::{AsExpr, Columns, Node, OrderBy, OrderItem, Predicate, RelationshipTo};

/// How a relationship is to be loaded, from the query's model on, or which columns of that.
#[derive(Clone, Debug)]
pub struct LoadPath {
    pub(crate) root: &'static Mapper,
    /// What is said of the columns of the query's model.
    pub(crate) columns: Vec<ColumnRule>,
    pub(crate) steps: Vec<LoadStep>,
}

impl LoadPath {
    /// A path that begins with this step.
    pub(super) fn to(step: LoadStep) -> Self {
        LoadPath { root: step.owner, columns: Vec::new(), steps: vec![step] }
    }

    /// What is said of the columns of a query's model.
    pub(crate) fn here(root: &'static Mapper, rule: ColumnRule) -> Self {
        LoadPath { root, columns: vec![rule], steps: Vec::new() }
    }

    /// Returns whether a LIMIT would count what the query's user has joined.
    pub(crate) fn counts_members(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.strategy, Strategy::Contained(_)))
    }
}

/// One relationship of a path, or all of a model, and which of the members are wanted.
#[derive(Clone, Debug)]
pub(crate) struct LoadStep {
    pub(crate) owner: &'static Mapper,
    /// The alias of the owner that the relationship was named by; none for the model itself, whatever it is called.
    pub(crate) start: Alias,
    /// The position of the relationship; none for every relationship that no other path names.
    pub(crate) index: Option<u16>,
    pub(crate) strategy: Strategy,
    pub(crate) filters: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<u64>,
    /// How many owners one SELECT asks for.
    pub(crate) chunk: Option<usize>,
    /// How many further levels of a model's relationship to itself are loaded.
    pub(crate) recursion: u32,
    /// What is said of the members' columns.
    pub(crate) columns: Vec<ColumnRule>,
}

/// How the members of a relationship are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// As the relationship says.
    Default,
    /// Not by this query.
    Lazy,
    /// Not by this query, nor on demand for its objects; at most without a statement.
    Raise { on_sql: bool },
    /// By SELECTs of their own, which name the owners.
    Selectin,
    /// By a JOIN of the query itself.
    Joined { inner: bool },
    /// By a SELECT of their own, which repeats the query.
    Subquery,
    /// They are in the rows already, by a JOIN that the user has written to the table or to this alias of it.
    Contained(Alias),
}

/// A path of relationships to load, from a model `R` to a model `T`.
///
/// What is said after a step constrains that step: [`filter`](Self::filter), [`order_by`](Self::order_by), and
/// [`limit`](Self::limit) per owner.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Load, Model, Session, metadata, select, selectinload};
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
/// # let mails = ["a@x.org", "b@y.org", "c@x.org"].map(|email| Address::builder().email(email));
/// # session.add(User::builder().name("ed").addresses(mails));
/// # session.commit().await?;
/// fn newest_at_x() -> Load<User, Address> {
///     selectinload(User.addresses).filter(Address.email.like("%@x.org")).order_by(Address.id.desc()).limit(1)
/// }
/// let users = select(User).options(newest_at_x().selectinload(Address.user)).all(&engine).await?;
/// assert_eq!(users[0].addresses.get()[0].email, "c@x.org");
/// assert_eq!(users[0].addresses.get()[0].user.get().map(|user| user.id), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Load<R, T> {
    path: LoadPath,
    ends: PhantomData<fn() -> (R, T)>,
}

/// Loads a relationship by SELECTs of its own, each of which names up to 1,000 owners: SQLAlchemy's `selectinload`.
///
/// The best choice where nothing speaks for another: the rows of the query stay as they are, however many members there
/// are, and the number of statements is that of the relationships.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, selectinload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let users = select(User).options(selectinload(User.addresses).order_by(Address.id.desc()).limit(1)).all(&engine).await?;
/// assert_eq!(users[0].addresses.get()[0].email, "ed@y.org");
/// # Ok(())
/// # }
/// ```
pub fn selectinload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Selectin)
}

/// Loads a relationship by a JOIN of the query itself: SQLAlchemy's `joinedload`.
///
/// The join is a LEFT OUTER JOIN to an alias of its own, such as `addresses_1`, which no condition of the query can
/// touch; [`innerjoin`](Load::innerjoin) makes it a plain JOIN. A query with a LIMIT, DISTINCT or joins of its own becomes
/// a subquery, so that it gives the same objects as without the option. The best choice for what each object has at most
/// one of. Several collections in one query multiply its rows; give all but one of them to [`selectinload`].
///
/// Members with a [`limit`](Load::limit), or with a subquery in their condition, come as by [`selectinload`]; so does
/// everything where no join can be written: in [`text`](crate::text), in RETURNING, beside [`contains_eager`].
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, joinedload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let query = select(Address).order_by(Address.id).options(joinedload(Address.user));
/// let sent = engine.statement_count();
/// let addresses = query.all(&engine).await?;
/// assert_eq!(engine.statement_count() - sent, 1);
/// assert_eq!(addresses[1].user.get().map(|user| user.name.as_str()), Some("ed"));
/// # Ok(())
/// # }
/// ```
pub fn joinedload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Joined { inner: false })
}

/// Loads a relationship by one SELECT of its own, which repeats the query as a subquery: SQLAlchemy's `subqueryload`.
///
/// One statement per relationship, however many owners there are. A query with a LIMIT needs an ORDER BY that leaves no
/// choice, else both statements may mean different rows. Where no subquery can be written, in [`text`](crate::text) and
/// RETURNING, and for `session.load`, it is [`selectinload`].
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, subqueryload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let users = select(User).filter(User.name.eq("ed")).options(subqueryload(User.addresses)).all(&engine).await?;
/// assert_eq!(users[0].addresses.len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn subqueryload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Subquery)
}

/// Leaves a relationship unloaded that its model says is always loaded: SQLAlchemy's `lazyload`.
///
/// `session.load` brings it later.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, lazyload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let user = select(User).options(lazyload(User.addresses)).one(&engine).await?;
/// assert!(user.addresses.is_unloaded());
/// # Ok(())
/// # }
/// ```
pub fn lazyload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Lazy)
}

/// Leaves a relationship unloaded, and has `session.load` refuse it for the objects of this query: SQLAlchemy's `raiseload`.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, raiseload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let mut session = Session::new(&engine);
/// let ed = session.query(User).options(raiseload(User.addresses)).one().await?;
/// let error = session.load(ed, User.addresses).await.unwrap_err();
/// assert_eq!(error.message(), "relationship `User.addresses` is not loaded on demand: a query said `raiseload`");
/// # Ok(())
/// # }
/// ```
pub fn raiseload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Raise { on_sql: false })
}

/// Takes the members from the rows of the query, which joins them itself: SQLAlchemy's `contains_eager`.
///
/// What the query's conditions leave out is not among the members, and a LIMIT counts joined rows. A join to an alias is
/// named by [`of`](Relationship::of).
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, contains_eager};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let query = select(User).join(User.addresses).filter(Address.email.like("%y.org")).options(contains_eager(User.addresses));
/// let users = query.all(&engine).await?;
/// assert_eq!(users[0].addresses.get()[0].email, "ed@y.org");
///
/// let mail = Address.alias("mail");
/// let query = select(User).join(User.addresses.of(mail)).options(contains_eager(User.addresses.of(mail)));
/// assert_eq!(query.all(&engine).await?[0].addresses.len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn contains_eager<C: Joinable>(joined: C) -> Load<C::Owner, C::Member> {
    Load { path: LoadPath::to(contained(joined)), ends: PhantomData }
}

/// Goes through a relationship, loaded as it says itself, to one of its members': SQLAlchemy's `defaultload`.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, defaultload, lazyload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Page { #[orm(primary_key)] id: i64, #[orm(foreign_key = Book.id)] book_id: i64,
/// #     #[orm(lazy = joined)] book: BelongsTo<Book> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Book { #[orm(primary_key)] id: i64, #[orm(lazy = selectin)] pages: HasMany<Page> }
/// # metadata![Page, Book].create_all(&engine).await?;
/// // The book is joined, as the model says; its own pages are left out.
/// let pages = select(Page).options(defaultload(Page.book).lazyload(Book.pages)).all(&engine).await?;
/// # assert!(pages.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn defaultload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load::begin(relationship, Strategy::Default)
}

/// Loads every relationship of a model that no other option names, as [`selectinload`] does: its `selectinload("*")`.
pub fn selectinload_all<A: Entity>(_entity: A) -> LoadAll<A::Model> {
    LoadAll::begin(Strategy::Selectin)
}

/// Loads every relationship of a model that no other option names, as [`joinedload`] does.
pub fn joinedload_all<A: Entity>(_entity: A) -> LoadAll<A::Model> {
    LoadAll::begin(Strategy::Joined { inner: false })
}

/// Leaves every relationship of a model unloaded that no other option names: SQLAlchemy's `lazyload("*")`.
pub fn lazyload_all<A: Entity>(_entity: A) -> LoadAll<A::Model> {
    LoadAll::begin(Strategy::Lazy)
}

/// Refuses every relationship of a model that no other option names: SQLAlchemy's `raiseload("*")`.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, raiseload_all};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user, order_by = id)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User, Address].create_all(&engine).await?;
/// # let mut session = Session::new(&engine);
/// # session.add(User::builder().name("ed").addresses(["ed@x.org", "ed@y.org"].map(|mail| Address::builder().email(mail))));
/// # session.commit().await?;
/// let mut session = Session::new(&engine);
/// let ed = session.query(User).options(raiseload_all(User)).one().await?;
/// assert!(session.load(ed, User.addresses).await.is_err());
/// # Ok(())
/// # }
/// ```
pub fn raiseload_all<A: Entity>(_entity: A) -> LoadAll<A::Model> {
    LoadAll::begin(Strategy::Raise { on_sql: false })
}

/// An option for every relationship of what a path leads to; nothing can follow it.
#[derive(Debug)]
pub struct LoadAll<R> {
    path: LoadPath,
    root: PhantomData<fn() -> R>,
}

impl<R: Model> LoadAll<R> {
    fn begin(strategy: Strategy) -> Self {
        LoadAll { path: LoadPath::to(LoadStep::new(R::__mapper(), None, strategy)), root: PhantomData }
    }
}

/// A path of relationships to load, and several options below it: what [`Load::options`] gives.
#[derive(Debug)]
pub struct LoadTree<R> {
    paths: Vec<LoadPath>,
    root: PhantomData<fn() -> R>,
}

/// What a query has joined: a relationship, or one with an alias for its far end, by [`of`](Relationship::of).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relationship",
    label = "expected a relationship such as `User.addresses`, or `User.addresses.of(alias)`"
)]
pub trait Joinable {
    /// The model that the join starts from.
    type Owner: Model;
    /// The model that it leads to.
    type Member: Model;

    /// Gives the position of the relationship, and the aliases that it starts from and leads to.
    #[doc(hidden)]
    fn __joined(self) -> (u16, Alias, Alias);
}

impl<M: Model, T: Model, K> Joinable for Relationship<M, T, K> {
    type Owner = M;
    type Member = T;

    fn __joined(self) -> (u16, Alias, Alias) {
        (self.__index(), self.__alias_of(), Alias::NONE)
    }
}

impl<M: Model, T: Model> Joinable for RelationshipTo<M, T> {
    type Owner = M;
    type Member = T;

    fn __joined(self) -> (u16, Alias, Alias) {
        self.ends()
    }
}

fn contained<C: Joinable>(joined: C) -> LoadStep {
    let (index, start, end) = joined.__joined();
    LoadStep { start, ..LoadStep::new(C::Owner::__mapper(), Some(index), Strategy::Contained(end)) }
}

impl LoadStep {
    fn new(owner: &'static Mapper, index: Option<u16>, strategy: Strategy) -> Self {
        let (filters, order_by, columns) = (vec![], vec![], vec![]);
        let start = Alias::NONE;
        LoadStep { owner, start, index, strategy, filters, order_by, limit: None, chunk: None, recursion: 0, columns }
    }

    fn along<M: Model, T, K>(relationship: Relationship<M, T, K>, strategy: Strategy) -> Self {
        let step = LoadStep::new(M::__mapper(), Some(relationship.__index()), strategy);
        LoadStep { start: relationship.__alias_of(), ..step }
    }

    /// The same step, which says nothing but where the path goes.
    fn mention(&self) -> Self {
        let strategy = match self.strategy {
            Strategy::Contained(alias) => Strategy::Contained(alias),
            _ => Strategy::Default,
        };
        LoadStep { start: self.start, ..LoadStep::new(self.owner, self.index, strategy) }
    }

    /// Returns whether it says which members are wanted, or in which order.
    pub(super) fn is_constrained(&self) -> bool {
        !self.filters.is_empty() || !self.order_by.is_empty() || self.limit.is_some()
    }
}

impl<R, T> Clone for Load<R, T> {
    fn clone(&self) -> Self {
        Load { path: self.path.clone(), ends: PhantomData }
    }
}

impl<R: Model, T: Model> Load<R, T> {
    fn begin<K>(relationship: Relationship<R, T, K>, strategy: Strategy) -> Self {
        let step = LoadStep::along(relationship, strategy);
        Load { path: LoadPath::to(step), ends: PhantomData }
    }

    fn then<U>(mut self, step: LoadStep) -> Load<R, U> {
        self.path.steps.push(step);
        Load { path: self.path, ends: PhantomData }
    }

    fn on<U: Model, K>(self, relationship: Relationship<T, U, K>, strategy: Strategy) -> Load<R, U> {
        self.then(LoadStep::along(relationship, strategy))
    }

    fn on_all(mut self, strategy: Strategy) -> LoadAll<R> {
        self.path.steps.push(LoadStep::new(T::__mapper(), None, strategy));
        LoadAll { path: self.path, root: PhantomData }
    }
}

impl<R: Model, T: Model> Load<R, T> {
    /// Goes on to a relationship of what is loaded.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, selectinload};
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
    /// let users = select(User).options(selectinload(User.addresses).selectinload(Address.user)).all(&engine).await?;
    /// let address = &users[0].addresses.get()[0];
    /// assert_eq!(address.user.get().map(|user| user.id), Some(users[0].id));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn selectinload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Selectin)
    }

    /// Goes on to a relationship of what is loaded; see [`joinedload`](fn@joinedload).
    #[must_use]
    pub fn joinedload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Joined { inner: false })
    }

    /// Goes on to a relationship of what is loaded; see [`subqueryload`](fn@subqueryload).
    #[must_use]
    pub fn subqueryload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Subquery)
    }

    /// Leaves a relationship of what is loaded; see [`lazyload`](fn@lazyload).
    #[must_use]
    pub fn lazyload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Lazy)
    }

    /// Refuses a relationship of what is loaded; see [`raiseload`](fn@raiseload).
    #[must_use]
    pub fn raiseload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Raise { on_sql: false })
    }

    /// Goes on to a relationship of what is loaded, as that says itself; see [`defaultload`](fn@defaultload).
    #[must_use]
    pub fn defaultload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.on(relationship, Strategy::Default)
    }

    /// Goes on to a relationship that the query has joined as well; see [`contains_eager`](fn@contains_eager).
    #[must_use]
    pub fn contains_eager<C: Joinable<Owner = T>>(self, joined: C) -> Load<R, C::Member> {
        self.then(contained(joined))
    }

    /// Loads every relationship of what is loaded that no other option names.
    #[must_use]
    pub fn selectinload_all(self) -> LoadAll<R> {
        self.on_all(Strategy::Selectin)
    }

    /// Joins every relationship of what is loaded that no other option names.
    #[must_use]
    pub fn joinedload_all(self) -> LoadAll<R> {
        self.on_all(Strategy::Joined { inner: false })
    }

    /// Leaves every relationship of what is loaded that no other option names.
    #[must_use]
    pub fn lazyload_all(self) -> LoadAll<R> {
        self.on_all(Strategy::Lazy)
    }

    /// Refuses every relationship of what is loaded that no other option names.
    #[must_use]
    pub fn raiseload_all(self) -> LoadAll<R> {
        self.on_all(Strategy::Raise { on_sql: false })
    }

    /// Says several things of what is loaded: SQLAlchemy's `Load.options`.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Deferred, Engine, HasMany, Model, Session, load_only, metadata, select, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Book { #[orm(primary_key)] id: i64, #[orm(back_populates = book)] pages: HasMany<Page>,
    /// #     #[orm(back_populates = book)] notes: HasMany<Note> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Page { #[orm(primary_key)] id: i64, text: Deferred<String>, #[orm(foreign_key = Book.id)] book_id: i64,
    /// #     #[orm(back_populates = pages)] book: BelongsTo<Book>, lines: HasMany<Line> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Note { #[orm(primary_key)] id: i64, #[orm(foreign_key = Book.id)] book_id: i64,
    /// #     #[orm(back_populates = notes)] book: BelongsTo<Book> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Line { #[orm(primary_key)] id: i64, #[orm(foreign_key = Page.id)] page_id: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Book, Page, Note, Line].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(Book::builder().pages([Page::builder().text("long").lines([Line::builder()])]));
    /// # session.commit().await?;
    /// let below = (load_only(Page.id), selectinload(Page.lines), selectinload(Page.book).selectinload(Book.notes));
    /// let book = select(Book).options(selectinload(Book.pages).options(below)).one(&engine).await?;
    /// let page = &book.pages.get()[0];
    /// assert_eq!((page.text.is_loaded(), page.lines.len()), (false, 1));
    /// assert_eq!(page.book.get().map(|book| book.notes.len()), Some(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn options(self, options: impl LoadOption<T>) -> LoadTree<R> {
        let mut below = Vec::new();
        options.__paths(&mut below);
        // What the steps say of themselves is said once, by the path itself.
        let prefix: Vec<LoadStep> = self.path.steps.iter().map(LoadStep::mention).collect();
        let mut paths = vec![self.path];
        paths.extend(below.into_iter().map(|path| {
            let mut steps = prefix.clone();
            steps.last_mut().into_iter().for_each(|last| last.columns.clone_from(&path.columns));
            steps.extend(path.steps);
            LoadPath { root: R::__mapper(), columns: Vec::new(), steps }
        }));
        LoadTree { paths, root: PhantomData }
    }

    /// Joins by a plain JOIN, which drops owners without a member; for references that are never NULL.
    ///
    /// Below an outer join it stays an outer join, which the result cannot tell where the members exist.
    ///
    /// # Panics
    ///
    /// Panics when the last step is no [`joinedload`](fn@joinedload).
    #[must_use]
    #[track_caller]
    pub fn innerjoin(mut self) -> Self {
        let step = self.last();
        assert!(matches!(step.strategy, Strategy::Joined { .. }), "`innerjoin` is a word of `joinedload` alone");
        step.strategy = Strategy::Joined { inner: true };
        self
    }

    /// Refuses only a load that takes a statement: a reference whose target the session knows is let through. SQLAlchemy's
    /// `raiseload(sql_only=True)`.
    ///
    /// # Panics
    ///
    /// Panics when the last step is no [`raiseload`](fn@raiseload).
    #[must_use]
    #[track_caller]
    pub fn sql_only(mut self) -> Self {
        let step = self.last();
        assert!(matches!(step.strategy, Strategy::Raise { .. }), "`sql_only` is a word of `raiseload` alone");
        step.strategy = Strategy::Raise { on_sql: true };
        self
    }

    /// Asks for so many owners in one SELECT, instead of 1,000, of 10,000 on PostgreSQL, which takes them as an array, or of 500
    /// that are told by keys of several columns.
    ///
    /// # Panics
    ///
    /// Panics on zero.
    #[must_use]
    #[track_caller]
    pub fn chunk_size(mut self, owners: usize) -> Self {
        assert!(owners > 0, "a chunk has one owner or more");
        self.last().chunk = Some(owners);
        self
    }

    /// Loads only the members that fulfil a condition.
    #[must_use]
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.last().filters.push(condition.__predicate());
        self
    }

    /// Orders the members, instead of by what the relationship says.
    #[must_use]
    pub fn order_by(mut self, order: impl OrderBy) -> Self {
        order.__order(&mut self.last().order_by);
        self
    }

    /// Loads at most so many members for each owner.
    #[must_use]
    pub fn limit(mut self, members: u64) -> Self {
        self.last().limit = Some(members);
        self
    }

    /// Loads only these columns of the members, and their keys; see [`load_only`](fn@crate::load_only).
    ///
    /// ```
    /// # use orm_core::{Deferred, Engine, HasMany, Model, metadata, select, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Book { #[orm(primary_key)] id: i64, chapters: HasMany<Chapter> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Chapter { #[orm(primary_key)] id: i64, title: String, text: Deferred<String>,
    /// #     #[orm(foreign_key = Book.id)] book_id: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Book, Chapter].create_all(&engine).await?;
    /// # let chapters = [Chapter::builder().title("one").text("It was a dark and stormy night")];
    /// # let mut session = orm_core::Session::new(&engine);
    /// # session.add(Book::builder().chapters(chapters));
    /// # session.commit().await?;
    /// let titles = selectinload(Book.chapters).load_only(Chapter.title);
    /// let book = select(Book).options(titles).one(&engine).await?;
    /// assert!(book.chapters.get()[0].text.is_unloaded());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn load_only(self, columns: impl Columns<T>) -> Self {
        self.rule(ColumnRule::only(columns))
    }

    /// Leaves columns of the members out; see [`defer`](fn@crate::defer).
    #[must_use]
    pub fn defer(self, columns: impl Columns<T>) -> Self {
        self.rule(ColumnRule::defer(columns))
    }

    /// Loads columns of the members that would be left out; see [`undefer`](fn@crate::undefer).
    #[must_use]
    pub fn undefer(self, columns: impl Columns<T>) -> Self {
        self.rule(ColumnRule::undefer(columns))
    }

    /// Loads the columns of the members that say `deferred(group = "…")`; see [`undefer_group`](fn@crate::undefer_group).
    #[must_use]
    pub fn undefer_group(self, group: impl Into<String>) -> Self {
        self.rule(ColumnRule::UndeferGroup(group.into()))
    }

    /// Says by what a column of the members is computed that is a `query_expression`; see
    /// [`with_expression`](fn@crate::with_expression).
    #[must_use]
    pub fn with_expression<V>(self, column: Attribute<T, V>, expression: impl AsExpr<V>) -> Self {
        self.rule(ColumnRule::Expression(column.__column(), expression.__node()))
    }

    fn rule(mut self, rule: ColumnRule) -> Self {
        self.last().columns.push(rule);
        self
    }

    fn last(&mut self) -> &mut LoadStep {
        self.path.steps.last_mut().expect("a path begins with a step")
    }
}

impl<R: Model, T: Model> Load<R, T> {
    /// Loads a relationship of a model to itself so many levels further, or until there are no members.
    ///
    /// One statement per level; what the step says of its members holds on every level. SQLAlchemy's `recursion_depth`.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Node { #[orm(primary_key)] id: i64, #[orm(foreign_key = Node.id)] parent_id: Option<i64>,
    /// #     #[orm(back_populates = parent)] children: HasMany<Node>,
    /// #     #[orm(back_populates = children)] parent: BelongsTo<Node> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Node].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(Node::builder().children([Node::builder().children([Node::builder()])]));
    /// # session.commit().await?;
    /// let roots = select(Node).filter(Node.parent_id.is_null());
    /// let root = roots.options(selectinload(Node.children).recursive(10)).one(&engine).await?;
    /// assert_eq!(root.children.get()[0].children.get()[0].children.len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when the last step leads to another model than it starts from, and on more than 1,000 levels.
    #[must_use]
    #[track_caller]
    pub fn recursive(mut self, levels: u32) -> Self {
        assert!(levels <= 1_000, "a relationship goes on for 1,000 levels at most");
        let step = self.last();
        assert!(step.owner.is(T::__mapper()), "only a relationship of a model to itself goes on");
        step.recursion = levels;
        self
    }
}

/// An option of a query over rows of `S`, or a tuple of options.
///
/// ```
/// # use orm_core::{BelongsTo, Dialect, HasMany, LoadOption, Select, joinedload, select, selectinload};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// fn users(with: impl LoadOption<User>) -> Select<User> {
///     select(User).options(with)
/// }
/// let query = users((selectinload(User.addresses), joinedload(User.addresses).selectinload(Address.user)));
/// # let _ = query.to_sql(Dialect::Sqlite);
/// ```
#[diagnostic::on_unimplemented(
    message = "this option does not start at what the query selects",
    label = "the path of `{Self}` must begin with a relationship of `{S}`"
)]
pub trait LoadOption<S> {
    #[doc(hidden)]
    fn __paths(self, paths: &mut Vec<LoadPath>);
}

impl<R: Model, T, S: Contains<R>> LoadOption<S> for Load<R, T> {
    fn __paths(self, paths: &mut Vec<LoadPath>) {
        paths.push(self.path);
    }
}

impl<R: Model, S: Contains<R>> LoadOption<S> for LoadAll<R> {
    fn __paths(self, paths: &mut Vec<LoadPath>) {
        paths.push(self.path);
    }
}

impl<R: Model, S: Contains<R>> LoadOption<S> for LoadTree<R> {
    fn __paths(self, paths: &mut Vec<LoadPath>) {
        paths.extend(self.paths);
    }
}

/// Rows that hold objects of a model.
#[diagnostic::on_unimplemented(
    message = "the query selects no `{R}`",
    label = "this path starts at `{R}`",
    note = "begin the path with a relationship of a model that the query selects"
)]
pub trait Contains<R> {}
impl<M: Model> Contains<M> for M {}

/// A tuple is searched when the statement runs: one implementation per position would overlap.
macro_rules! tuples {
    ($($name:ident)*) => {
        impl<R, $($name),*> Contains<R> for ($($name,)*) {}
    };
}
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);

macro_rules! options {
    ($($name:ident $index:tt),*) => {
        impl<S, $($name: LoadOption<S>),*> LoadOption<S> for ($($name,)*) {
            fn __paths(self, paths: &mut Vec<LoadPath>) { $( self.$index.__paths(paths); )* }
        }
    };
}
options!(A 0);
options!(A 0, B 1);
options!(A 0, B 1, C 2);
options!(A 0, B 1, C 2, D 3);
options!(A 0, B 1, C 2, D 3, E 4);
options!(A 0, B 1, C 2, D 3, E 4, F 5);
