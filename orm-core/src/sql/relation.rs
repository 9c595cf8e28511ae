//! Relationships inside statements: joins along them, and `any`/`has` over their members.

use orm_pool::Value;

use super::from::{FromItem, FromTarget, JoinKind, JoinNode, TableRef};
use super::node::RelationReference;
use super::{Expr, Node, Operator, Output, Predicate, SelectNode};
use crate::error::{Error, ErrorKind};
use crate::mapper::{
    Alias, ColumnReference, Definition, Entity, Many, Mapper, Model, One, Relationship, RelationshipInfo,
};

impl<M: Model, T: Model, K> Relationship<M, T, K> {
    /// Leads to an alias of the target instead of its table: `Employee.manager.of(manager)`.
    pub fn of<A: Entity<Model = T>>(self, target: A) -> RelationshipTo<M, T> {
        let reference = RelationReference { target_alias: target.__alias_of(), ..self.reference() };
        RelationshipTo { reference, types: std::marker::PhantomData }
    }

    pub(crate) fn reference(self) -> RelationReference {
        RelationReference {
            owner: M::__mapper(),
            index: self.__index(),
            alias: self.__alias_of(),
            target_alias: Alias::NONE,
        }
    }
}

/// What `any` asks the members of: a relationship with many.
#[diagnostic::on_unimplemented(
    message = "this relationship has at most one member, and `any` asks those of many",
    note = "of the one that it refers to ask `has`: `Address.user.has(User.name.eq(…))`"
)]
pub trait ToMany {}
impl ToMany for Many {}

/// What `has` asks the member of: a relationship with at most one.
#[diagnostic::on_unimplemented(
    message = "this relationship has many members, and `has` asks the one that a relationship refers to",
    note = "of many members ask `any`: `User.addresses.any(Address.email.like(…))`"
)]
pub trait ToOne {}
impl ToOne for One {}

/// What a relationship is not: without it, the compiler takes `eq` for that of iterators.
#[diagnostic::on_unimplemented(
    message = "a relationship is not compared with a value",
    note = "compare the column of its foreign key, `Address.user_id.eq(1)`, or ask what it leads to: `Address.user.is(&user)`, \
            `Address.user.has(User.name.eq(…))`, `User.addresses.any(Address.id.eq(1))`"
)]
#[doc(hidden)]
pub trait ComparedByValue {}

impl<M: Model, T: Model, K> Relationship<M, T, K> {
    /// Whether some member fulfils the condition.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{select, HasMany, BelongsTo, Dialect};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
    /// let query = select(User.id).filter(User.addresses.any(Address.email.like("%@x.org")));
    /// assert_eq!(
    ///     query.to_sql(Dialect::Sqlite),
    ///     "SELECT user.id FROM user WHERE EXISTS \
    ///      (SELECT 1 FROM address WHERE user.id = address.user_id AND address.email LIKE ?)"
    /// );
    /// ```
    pub fn any(self, condition: impl Predicate) -> Expr<bool>
    where
        K: ToMany,
    {
        self.related(Some(condition.__predicate()))
    }

    /// Whether it refers to an object that fulfils the condition.
    pub fn has(self, condition: impl Predicate) -> Expr<bool>
    where
        K: ToOne,
    {
        self.related(Some(condition.__predicate()))
    }

    #[doc(hidden)]
    pub fn eq(self, _value: impl Sized) -> Expr<bool>
    where
        Self: ComparedByValue,
    {
        self.related(None)
    }

    #[doc(hidden)]
    pub fn ne(self, _value: impl Sized) -> Expr<bool>
    where
        Self: ComparedByValue,
    {
        self.related(None)
    }

    fn related(self, filter: Option<Node>) -> Expr<bool> {
        Expr::new(Node::Related { relation: self.reference(), filter: filter.map(Box::new), negated: false })
    }
}

impl<M: Model, T: Model> Relationship<M, T, Many> {
    /// Whether there is a member at all.
    pub fn is_not_empty(self) -> Expr<bool> {
        self.related(None)
    }

    /// Whether there is no member.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{select, HasMany, BelongsTo, Dialect};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, #[orm(foreign_key = User.id)] user_id: i64 }
    /// let query = select(User.id).filter(User.addresses.is_empty());
    /// assert_eq!(
    ///     query.to_sql(Dialect::Sqlite),
    ///     "SELECT user.id FROM user WHERE NOT EXISTS (SELECT 1 FROM address WHERE user.id = address.user_id)"
    /// );
    /// ```
    pub fn is_empty(self) -> Expr<bool> {
        !self.is_not_empty()
    }

    /// Whether this object, which has its key, is among the members.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{select, HasMany, BelongsTo, Dialect};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, #[orm(foreign_key = User.id)] user_id: i64 }
    /// # let address = Address { id: 1, user_id: 7 };
    /// let query = select(User.id).filter(User.addresses.contains(&address));
    /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT user.id FROM user WHERE user.id = ?");
    /// ```
    pub fn contains(self, member: &T) -> Expr<bool> {
        refers(self.reference(), member)
    }
}

impl<M: Model, T: Model> Relationship<M, T, One> {
    /// Whether it refers to an object at all.
    pub fn is_some(self) -> Expr<bool> {
        self.related(None)
    }

    /// Whether it refers to none.
    pub fn is_none(self) -> Expr<bool> {
        !self.is_some()
    }

    /// Whether it refers to this object, which has its key: one that was added to a session has it after a flush.
    pub fn is(self, object: &T) -> Expr<bool> {
        refers(self.reference(), object)
    }
}

/// The members that an object has by a relationship, as a condition on them: SQLAlchemy's `with_parent`.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{select, with_parent, HasMany, BelongsTo, Dialect};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
/// # let ed = User { id: 1, addresses: HasMany::default() };
/// let query = select(Address.email).filter(with_parent(&ed, User.addresses));
/// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT address.email FROM address WHERE ? = address.user_id");
/// ```
pub fn with_parent<M: Model, T: Model, K>(parent: &M, relationship: Relationship<M, T, K>) -> Expr<bool> {
    let reference = relationship.reference();
    let value = |column| value_of(parent, column);
    let target = |column| Node::Column { mapper: T::__mapper(), column, alias: Alias::NONE };
    resolved(reference, |info| match &info.secondary {
        None if info.condition.is_some() => info.condition_with(true, value).unwrap_or(Node::All(Vec::new())),
        None => equal(info.pairs.iter().map(|&(own, other)| (value(own), target(other)))),
        Some(secondary) => {
            let between = |column| Node::Column { mapper: secondary.mapper, column, alias: Alias::NONE };
            let near = info.pairs.iter().map(|&(own, other)| (value(own), between(other)));
            let far = secondary.pairs.iter().map(|&(own, other)| (between(own), target(other)));
            exists_in(secondary.mapper, equal(near.chain(far)))
        }
    })
}

/// Whether the object at the start of a relationship has this one at its end.
fn refers<T: Model>(relation: RelationReference, object: &T) -> Expr<bool> {
    let value = |column| value_of(object, column);
    let owner = |column| Node::Column { mapper: relation.owner, column, alias: relation.alias };
    resolved(relation, |info| match &info.secondary {
        None if info.condition.is_some() => {
            let mut condition = info.condition_with(false, value).unwrap_or(Node::All(Vec::new()));
            condition.use_alias(info.owner, relation.alias);
            condition
        }
        None => equal(info.pairs.iter().map(|&(own, other)| (owner(own), value(other)))),
        Some(secondary) => {
            let between = |column| Node::Column { mapper: secondary.mapper, column, alias: Alias::NONE };
            let near = info.pairs.iter().map(|&(own, other)| (owner(own), between(other)));
            let far = secondary.pairs.iter().map(|&(own, other)| (between(own), value(other)));
            exists_in(secondary.mapper, equal(near.chain(far)))
        }
    })
}

/// Returns a column of an object as a condition compares it. A key that the database has not generated yet, the object's own
/// or one that it refers to, is refused with the statement, which would find nothing.
fn value_of<M: Model>(object: &M, column: u16) -> Node {
    let Definition { name, columns, .. } = M::__mapper().definition();
    let own = &columns[usize::from(column)];
    let is_generated =
        |target: ColumnReference| target.mapper.definition().columns[usize::from(target.column)].generated;
    let value = object.__column(usize::from(column));
    if matches!(value, Value::Int16(0) | Value::Int32(0) | Value::Int64(0))
        && (own.generated || own.foreign_key.is_some_and(|key| is_generated((key.target)())))
    {
        let message = format!("a `{name}` whose `{}` is 0, since it has no row yet, is no condition", own.field);
        return Node::Refused(Box::new(Error::new(ErrorKind::InvalidRequest, message).hint("flush the session first")));
    }
    Node::Bind(value)
}

/// Makes a condition of a relationship's columns; a relationship that cannot be joined is refused with the statement.
fn resolved(relation: RelationReference, condition: impl FnOnce(&RelationshipInfo) -> Node) -> Expr<bool> {
    Expr::new(match relation.owner.configured() {
        Ok(configured) => condition(&configured.relationships[usize::from(relation.index)]),
        Err(error) => Node::Refused(Box::new(error)),
    })
}

/// Compares pairs by `=` alone: a key that is NULL refers to nothing.
fn equal(pairs: impl Iterator<Item = (Node, Node)>) -> Node {
    Node::All(pairs.map(|(left, right)| Node::binary(Operator::Eq, left, right)).collect())
}

/// EXISTS of a row of an association table.
fn exists_in(mapper: &'static Mapper, condition: Node) -> Node {
    let from = vec![FromItem::table(mapper, Alias::NONE)];
    let outputs = vec![Output::expression(Node::Sql("1".into()), true)];
    let select = SelectNode { outputs, from, filters: [condition].into(), ..SelectNode::default() };
    Node::Exists { select: Box::new(select), negated: false }
}

/// A relationship that leads to an alias of its target.
#[derive(Debug)]
pub struct RelationshipTo<M, T> {
    reference: RelationReference,
    types: std::marker::PhantomData<fn() -> (M, T)>,
}

impl<M, T> RelationshipTo<M, T> {
    /// Returns the relationship's position, and the aliases that it starts from and leads to.
    pub(crate) fn ends(&self) -> (u16, Alias, Alias) {
        (self.reference.index, self.reference.alias, self.reference.target_alias)
    }
}

impl<M: Model, T: Model> RelationshipTo<M, T> {
    /// Whether some member fulfils the condition, which is about the alias.
    pub fn any(&self, condition: impl Predicate) -> Expr<bool> {
        let filter = Some(Box::new(condition.__predicate()));
        Expr::new(Node::Related { relation: self.reference, filter, negated: false })
    }

    /// Whether it refers to an object that fulfils the condition, which is about the alias.
    pub fn has(&self, condition: impl Predicate) -> Expr<bool> {
        self.any(condition)
    }
}

/// What `join` and its kin lead to: a relationship, one that leads to an alias, or a model or alias, which is joined by
/// the foreign keys between it and what is there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relationship",
    label = "expected a relationship such as `User.addresses`, or a model such as `Address`",
    note = "a join on a condition of your own is written `.join_on(Address, Address.user_id.eq(User.id))`"
)]
pub trait JoinTarget {
    #[doc(hidden)]
    fn __join(self, kind: JoinKind) -> JoinNode;
}

impl<M: Model, T: Model, K> JoinTarget for Relationship<M, T, K> {
    fn __join(self, kind: JoinKind) -> JoinNode {
        JoinNode::Relation { kind, relation: self.reference() }
    }
}
impl<M: Model, T: Model> JoinTarget for RelationshipTo<M, T> {
    fn __join(self, kind: JoinKind) -> JoinNode {
        JoinNode::Relation { kind, relation: self.reference }
    }
}
impl<A: Entity> JoinTarget for A {
    fn __join(self, kind: JoinKind) -> JoinNode {
        JoinNode::Inferred { kind, left: None, right: self.__item() }
    }
}

/// Makes a JOIN on a condition.
pub(crate) fn condition_join(
    kind: JoinKind,
    left: Option<TableRef>,
    target: impl FromTarget,
    on: impl Predicate,
) -> JoinNode {
    JoinNode::On { kind, left, right: target.__item(), on: Box::new(on.__predicate()) }
}

/// Adds a JOIN on the foreign keys between two tables.
pub(crate) fn join_from(node: &mut SelectNode, kind: JoinKind, left: FromItem, right: FromItem) {
    let left = Some(put_into_from(node, left));
    node.add_join(JoinNode::Inferred { kind, left, right });
}

/// Puts a table into FROM, unless it is there or joined, and says which it is.
pub(crate) fn put_into_from(node: &mut SelectNode, item: FromItem) -> TableRef {
    let table = item.reference();
    let mut known = node.from.iter().chain(node.joins.iter().filter_map(JoinNode::item));
    if !known.any(|known| known.reference().is(table)) {
        node.add_from(item);
    }
    table
}
