//! UPDATE of the rows that fulfil conditions.

use std::borrow::Borrow;
use std::marker::PhantomData;

use orm_pool::Value;

use super::change::{Joined, Rows, narrows};
use super::{AsExpr, FromTarget, JoinTarget, Node, OrderBy, Predicate, Returning, Statement, Write, executes};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Attribute, Embedding, Entity, Mapper, Model, Selectable, embed};
use crate::types::SqlType;

/// An UPDATE without its types.
#[derive(Clone, Debug)]
pub struct UpdateNode {
    pub(crate) rows: Rows,
    pub(crate) sets: Vec<(u16, Node)>,
    /// Columns of tables beside it, which are set as well.
    pub(crate) joined_sets: Vec<JoinedSet>,
}

/// A column of another table that an UPDATE sets.
#[derive(Clone, Debug)]
pub(crate) struct JoinedSet {
    pub(crate) mapper: &'static Mapper,
    pub(crate) alias: Alias,
    pub(crate) column: u16,
    pub(crate) value: Node,
}

impl UpdateNode {
    /// An UPDATE of the rows that fulfil all conditions.
    pub(crate) fn new(mapper: &'static Mapper, sets: Vec<(u16, Node)>, filters: Vec<Node>) -> Self {
        UpdateNode { rows: Rows { filters, ..Rows::of(mapper, Alias::NONE) }, sets, joined_sets: Vec::new() }
    }
}

/// An UPDATE of the table of `M`.
///
/// Given a session it runs in the session's transaction, after a flush, and expires the objects of `M`.
pub struct Update<M> {
    node: UpdateNode,
    model: PhantomData<fn() -> M>,
}

/// Starts an UPDATE of a model's table, or of an alias of it. Without a filter it changes every row.
///
/// A column with `#[orm(on_update = …)]` that is not set is set to that.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Engine, insert, metadata, select, update};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String, visits: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// # insert(User).values(User { id: 1, name: "ed".into(), visits: 1 }).execute(&engine).await?;
/// let changed = update(User).set(User.visits, User.visits + 1).filter(User.id.eq(1)).execute(&engine).await?;
/// assert_eq!(changed, 1);
/// # assert_eq!(select(User.visits).scalar(&engine).await?, Some(2));
/// # Ok(())
/// # }
/// ```
///
/// With other tables it is `UPDATE … FROM` of PostgreSQL and SQLite, and the UPDATE of several tables of MySQL:
///
/// ```
/// # use orm_core::{BelongsTo, Dialect, HasMany, update};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, name: String, #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "addresses")]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// let statement = update(User).join(User.addresses).set(User.name, Address.email);
/// assert_eq!(
///     statement.to_sql(Dialect::Postgres),
///     "UPDATE users SET name = addresses.email FROM addresses WHERE users.id = addresses.user_id"
/// );
/// assert_eq!(
///     statement.to_sql(Dialect::MySql),
///     "UPDATE users, addresses SET users.name = addresses.email WHERE users.id = addresses.user_id"
/// );
/// ```
pub fn update<A: Entity>(entity: A) -> Update<A::Model> {
    let rows = Rows::of(A::Model::__mapper(), entity.__alias_of());
    Update { node: UpdateNode { rows, sets: Vec::new(), joined_sets: Vec::new() }, model: PhantomData }
}

impl<M: Model> Update<M> {
    /// Sets a column to a value or an expression, which may be a column of another table or of a subquery.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, update, values};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, age: i64 }
    /// let ages = values("ages", ["id", "age"], [(1i64, 30i64), (2, 41)]);
    /// assert_eq!(
    ///     update(User).set(User.age, ages.1).filter(ages.0.eq(User.id)).to_sql(Dialect::Postgres),
    ///     "UPDATE users SET age = ages.age FROM (VALUES ($1, $2), ($3, $4)) AS ages (id, age) WHERE ages.id = users.id"
    /// );
    /// ```
    #[must_use]
    pub fn set<T: SqlType>(mut self, attribute: Attribute<M, T>, value: impl AsExpr<T>) -> Self {
        let column = attribute.__column();
        self.node.sets.retain(|(known, _)| *known != column);
        let value = value.__node();
        self.node.rows.imply(&value);
        self.node.sets.push((column, value));
        self
    }

    /// Sets all columns of an embedded struct or enum.
    ///
    /// ```
    /// # use orm_core::{Dialect, Embed, Model, update};
    /// # #[derive(Clone, Debug, orm_derive::Embed)]
    /// # struct Place { street: String, city: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(embed)] home: Place }
    /// let home = Place { street: "Rue 1".into(), city: "Paris".into() };
    /// assert_eq!(
    ///     update(User).set_embedded(User.home, &home).filter(User.id.eq(1)).to_sql(Dialect::Postgres),
    ///     "UPDATE users SET home_street = $1, home_city = $2 WHERE users.id = $3"
    /// );
    /// ```
    #[must_use]
    pub fn set_embedded<A: Embedding<M>>(mut self, attributes: A, value: impl Borrow<A::Value>) -> Self {
        for (column, value) in embed::sets(attributes, value.borrow()) {
            self.node.sets.retain(|(known, _)| *known != column);
            self.node.sets.push((column, value));
        }
        self
    }

    /// Sets a column of another table that stands beside this one: MySQL and MariaDB update several tables at once.
    ///
    /// What `on_update` says of that table's columns is not set.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, active: bool }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "addresses", metadata = none)]
    /// # struct Address { #[orm(primary_key)] id: i64, valid: bool, #[orm(foreign_key = User.id)] user_id: i64 }
    /// let closed = update(User).set(User.active, false).set_joined(Address.valid, false).filter(Address.user_id.eq(User.id));
    /// assert_eq!(
    ///     closed.to_sql(Dialect::MariaDb),
    ///     "UPDATE users, addresses SET users.active = ?, addresses.valid = ? WHERE addresses.user_id = users.id"
    /// );
    /// ```
    #[must_use]
    pub fn set_joined<O: Model, T: SqlType>(mut self, attribute: Attribute<O, T>, value: impl AsExpr<T>) -> Self {
        let value = value.__node();
        self.node.rows.imply(&value);
        let (mapper, alias, column) = (O::__mapper(), attribute.__alias_of(), attribute.__column());
        self.node.joined_sets.push(JoinedSet { mapper, alias, column, value });
        self
    }

    pub(super) fn statements(mut self) -> Result<Vec<Statement>> {
        let definition = self.node.rows.mapper.definition();
        if self.node.sets.is_empty() && self.node.joined_sets.is_empty() {
            let message = format!("`update({})` sets no column", definition.name);
            return Err(Error::new(ErrorKind::Argument, message).hint("add `.set(column, value)`"));
        }
        for (column, node) in &self.node.sets {
            let column = &definition.columns[usize::from(*column)];
            if matches!(node, Node::Bind(Value::Null(_))) && !column.nullable {
                let message = format!("`{}.{}` is NOT NULL and cannot be set to NULL", definition.name, column.field);
                return Err(
                    Error::new(ErrorKind::Argument, message).hint("make the field an `Option`, or give it a value")
                );
            }
        }
        for (column, definition) in (0..).zip(definition.columns) {
            if let Some(on_update) = definition.on_update
                && self.node.sets.iter().all(|(set, _)| *set != column)
            {
                self.node.sets.push((column, Node::Bind(on_update())));
            }
        }
        Ok(vec![Statement::Update(Box::new(self.node))])
    }
}

narrows!(Update, "update");
