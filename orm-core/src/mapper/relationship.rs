//! [`Relationship`]: the way from one model to another; what `User.addresses` is.

use std::marker::PhantomData;

use super::Alias;

/// The marker of a relationship with many members.
#[derive(Clone, Copy, Debug)]
pub struct Many;

/// The marker of a relationship with at most one member.
#[derive(Clone, Copy, Debug)]
pub struct One;

/// The way from a model `M` to a model `T`: what `User.addresses` is.
///
/// Joins, load options and the session's methods take it. It carries the alias of its start, so that `manager.reports`
/// starts at `manager`.
///
/// ```
/// # use orm_core::{Dialect, HasMany, BelongsTo, One, Many, Relationship, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// let many: Relationship<User, Address, Many> = User.addresses;
/// let one: Relationship<Address, User, One> = Address.user;
/// let query = select(User.id).join(many).filter(Address.email.like("%@x.org"));
/// assert_eq!(
///     query.to_sql(Dialect::Sqlite),
///     "SELECT user.id FROM user JOIN address ON user.id = address.user_id WHERE address.email LIKE ?"
/// );
/// assert!(select(Address.id).filter(one.has(User.name.eq("ed"))).to_sql(Dialect::Sqlite).contains("EXISTS"));
/// ```
pub struct Relationship<M, T, K = Many> {
    index: u16,
    alias: Alias,
    types: Ends<M, T, K>,
}

/// Both models and how many members there are, in a form that makes no demands on them.
type Ends<M, T, K> = PhantomData<fn() -> (M, T, K)>;

impl<M, T, K> Clone for Relationship<M, T, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, T, K> Copy for Relationship<M, T, K> {}

impl<M, T, K> std::fmt::Debug for Relationship<M, T, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relationship({} to {})", std::any::type_name::<M>(), std::any::type_name::<T>())
    }
}

#[doc(hidden)]
impl<M, T, K> Relationship<M, T, K> {
    pub const fn __new(index: u16) -> Self {
        Relationship { index, alias: Alias::NONE, types: PhantomData }
    }

    #[must_use]
    pub const fn __alias(self, alias: Alias) -> Self {
        Relationship { index: self.index, alias, types: PhantomData }
    }

    pub const fn __index(self) -> u16 {
        self.index
    }

    pub const fn __alias_of(self) -> Alias {
        self.alias
    }
}
