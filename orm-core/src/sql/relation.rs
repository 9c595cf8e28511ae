//! Relationships inside statements: joins along them, and `any`/`has` over their members.

use super::node::{JoinKind, JoinNode, RelationReference};
use super::{Expr, Node, Predicate};
use crate::mapper::{Alias, Entity, Many, Model, One, Relationship};

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

    fn related(self, filter: Option<Node>) -> Expr<bool> {
        Expr::new(Node::Related { relation: self.reference(), filter: filter.map(Box::new), negated: false })
    }
}

impl<M: Model, T: Model> Relationship<M, T, Many> {
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
    pub fn any(self, condition: impl Predicate) -> Expr<bool> {
        self.related(Some(condition.__predicate()))
    }

    /// Whether there is a member at all.
    pub fn is_not_empty(self) -> Expr<bool> {
        self.related(None)
    }
}

impl<M: Model, T: Model> Relationship<M, T, One> {
    /// Whether it refers to an object that fulfils the condition.
    pub fn has(self, condition: impl Predicate) -> Expr<bool> {
        self.related(Some(condition.__predicate()))
    }
}

/// A relationship that leads to an alias of its target.
#[derive(Debug)]
pub struct RelationshipTo<M, T> {
    reference: RelationReference,
    types: std::marker::PhantomData<fn() -> (M, T)>,
}

impl<M, T> RelationshipTo<M, T> {
    /// Returns the relationship's position and the alias that it leads to.
    pub(crate) fn far_end(&self) -> (u16, Alias) {
        (self.reference.index, self.reference.target_alias)
    }
}

/// What `join` and `outerjoin` follow: a relationship, or one that leads to an alias.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relationship",
    label = "expected a relationship such as `User.addresses`",
    note = "a join on a condition of your own is written `.join_on(Address, Address.user_id.eq(User.id))`"
)]
pub trait JoinTarget {
    #[doc(hidden)]
    fn __relation(self) -> Targeted;
}

/// A relationship and where it leads.
#[derive(Debug)]
pub struct Targeted(RelationReference);

impl Targeted {
    pub(crate) fn reference(self) -> RelationReference {
        self.0
    }
}

impl<M: Model, T: Model, K> JoinTarget for Relationship<M, T, K> {
    fn __relation(self) -> Targeted {
        Targeted(self.reference())
    }
}
impl<M: Model, T: Model> JoinTarget for RelationshipTo<M, T> {
    fn __relation(self) -> Targeted {
        Targeted(self.reference)
    }
}

/// Makes the JOIN along a relationship.
pub(crate) fn relation_join(kind: JoinKind, target: impl JoinTarget) -> JoinNode {
    JoinNode::Relation { kind, relation: target.__relation().0 }
}

/// Makes a JOIN to a table or alias on a condition.
pub(crate) fn condition_join<A: Entity>(kind: JoinKind, entity: A, on: impl Predicate) -> JoinNode {
    let mapper = A::Model::__mapper();
    JoinNode::On { kind, mapper, alias: entity.__alias_of(), on: on.__predicate() }
}
