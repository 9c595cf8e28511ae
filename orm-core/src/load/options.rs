//! What a query says about loading: `selectinload(User.addresses)`, chained to any depth and constrained on the way.

use std::marker::PhantomData;

use crate::mapper::{Mapper, Model, Relationship};
use crate::sql::{Node, OrderBy, OrderItem, Predicate};

/// How a relationship is to be loaded, from the query's model on.
#[derive(Clone, Debug)]
pub struct LoadPath {
    pub(crate) steps: Vec<LoadStep>,
}

/// One relationship of a path, and which of its members are wanted.
#[derive(Clone, Debug)]
pub(crate) struct LoadStep {
    pub(crate) owner: &'static Mapper,
    pub(crate) index: u16,
    pub(crate) filters: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<u64>,
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

/// Loads a relationship with one further SELECT for all owners.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select, selectinload, HasMany, BelongsTo};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
/// let query = select(User)
///     .options(selectinload(User.addresses).filter(Address.email.like("%@x.org")).order_by(Address.id.desc()).limit(3));
/// # let _ = query.to_sql(Dialect::Sqlite);
/// ```
pub fn selectinload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    Load { path: LoadPath { steps: vec![step(relationship)] }, ends: PhantomData }
}

/// Loads a relationship with its owners.
///
/// The result is that of [`selectinload`]. It is brought by the same further SELECT for now, not by a JOIN.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, joinedload, metadata, select};
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
/// # session.add(Address::builder().email("ed@x.org").user(User::builder().name("ed")));
/// # session.commit().await?;
/// let address = select(Address).options(joinedload(Address.user)).one(&engine).await?;
/// assert_eq!(address.user.get().map(|user| user.name.as_str()), Some("ed"));
/// # Ok(())
/// # }
/// ```
pub fn joinedload<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> Load<M, T> {
    selectinload(relationship)
}

fn step<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> LoadStep {
    LoadStep { owner: M::__mapper(), index: relationship.__index(), filters: vec![], order_by: vec![], limit: None }
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
    pub fn selectinload<U: Model, K>(mut self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.path.steps.push(step(relationship));
        Load { path: self.path, ends: PhantomData }
    }

    /// Goes on to a relationship of what is loaded; see [`joinedload`](fn@joinedload).
    #[must_use]
    pub fn joinedload<U: Model, K>(self, relationship: Relationship<T, U, K>) -> Load<R, U> {
        self.selectinload(relationship)
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

    fn last(&mut self) -> &mut LoadStep {
        self.path.steps.last_mut().expect("a path begins with a step")
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

/// Rows that hold objects of a model.
#[diagnostic::on_unimplemented(
    message = "the query selects no `{R}`",
    label = "this path starts at `{R}`",
    note = "begin the path with a relationship of a model that the query selects"
)]
pub trait Contains<R> {}

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
