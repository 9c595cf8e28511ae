//! DELETE of the rows that fulfil conditions.

use std::marker::PhantomData;

use super::change::{Joined, Rows, narrows};
use super::{FromTarget, JoinTarget, Node, OrderBy, Predicate, Returning, Statement, Write, executes};
use crate::error::Result;
use crate::mapper::{Alias, Entity, Mapper, Model, Selectable};

/// A DELETE without its types.
#[derive(Clone, Debug)]
pub struct DeleteNode {
    pub(crate) rows: Rows,
}

impl DeleteNode {
    /// A DELETE of the rows that fulfil all conditions.
    pub(crate) fn new(mapper: &'static Mapper, filters: Vec<Node>) -> Self {
        DeleteNode { rows: Rows { filters, ..Rows::of(mapper, Alias::NONE) } }
    }
}

/// A DELETE from the table of `M`.
///
/// It deletes rows, and what the database's own foreign keys delete with them; the cascades of relationships are for
/// [`Session::delete`](crate::Session::delete).
pub struct Delete<M> {
    node: DeleteNode,
    model: PhantomData<fn() -> M>,
}

/// Starts a DELETE from a model's table, or from an alias of it. Without a filter it deletes every row.
///
/// With other tables it is `DELETE … USING` of PostgreSQL, MySQL and MariaDB; SQLite asks whether there is a partner.
///
/// ```
/// # use orm_core::{BelongsTo, Dialect, HasMany, delete};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, active: bool, #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "addresses")]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// let statement = delete(Address).join(Address.user).filter(!User.active);
/// assert_eq!(
///     statement.to_sql(Dialect::Postgres),
///     "DELETE FROM addresses USING users WHERE addresses.user_id = users.id AND NOT users.active"
/// );
/// assert_eq!(
///     statement.to_sql(Dialect::Sqlite),
///     "DELETE FROM addresses WHERE EXISTS \
///      (SELECT 1 FROM users WHERE addresses.user_id = users.id AND NOT users.active)"
/// );
/// ```
pub fn delete<A: Entity>(entity: A) -> Delete<A::Model> {
    let rows = Rows::of(A::Model::__mapper(), entity.__alias_of());
    Delete { node: DeleteNode { rows }, model: PhantomData }
}

impl<M: Model> Delete<M> {
    #[allow(clippy::unnecessary_wraps, reason = "as the other statements, which can fail")]
    pub(super) fn statements(self) -> Result<Vec<Statement>> {
        Ok(vec![Statement::Delete(Box::new(self.node))])
    }
}

narrows!(Delete, "delete");
