//! What UPDATE and DELETE have in common: which rows they are about.

use super::{
    Criterion, FromItem, JoinKind, JoinNode, JoinTarget, Node, OrderItem, Output, RelationReference, TableRef,
};
use crate::mapper::{Alias, Mapper};

/// Which rows of a table an UPDATE or a DELETE is about, and what it gives back.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) mapper: &'static Mapper,
    pub(crate) alias: Alias,
    /// CTEs that it does not use itself.
    pub(crate) ctes: Vec<FromItem>,
    pub(crate) joins: Vec<Joined>,
    /// Subqueries, CTEs and lists of values beside it.
    pub(crate) derived: Vec<FromItem>,
    pub(crate) filters: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Node>,
    pub(crate) returning: Vec<Output>,
    /// What holds for every row of some models, in its subqueries too.
    pub(crate) criteria: Vec<Criterion>,
}

/// A table beside the one that is written.
#[derive(Clone, Debug)]
pub(crate) enum Joined {
    /// Along a relationship.
    Relation(RelationReference),
    /// On the foreign keys between the two.
    Inferred(TableRef),
    /// On a condition.
    On { mapper: &'static Mapper, alias: Alias, on: Node },
}

impl Joined {
    /// What `join` leads to.
    pub(super) fn of(target: impl JoinTarget) -> Self {
        match target.__join(JoinKind::Inner) {
            JoinNode::Relation { relation, .. } => Joined::Relation(relation),
            JoinNode::On { right, .. } | JoinNode::Inferred { right, .. } | JoinNode::Cross { right } => {
                Joined::Inferred(right.reference())
            }
        }
    }
}

impl Rows {
    /// Every row.
    pub(crate) fn of(mapper: &'static Mapper, alias: Alias) -> Self {
        Rows {
            mapper,
            alias,
            ctes: vec![],
            joins: vec![],
            derived: vec![],
            filters: vec![],
            order_by: vec![],
            limit: None,
            returning: vec![],
            criteria: vec![],
        }
    }

    /// Returns whether no other table stands beside it.
    pub(crate) fn is_alone(&self) -> bool {
        self.joins.is_empty() && self.derived.is_empty()
    }

    /// Returns whether a CTE changes rows that stands before it.
    pub(crate) fn has_writing_cte(&self) -> bool {
        let joined = self.joins.iter().filter_map(|joined| match joined {
            Joined::On { on, .. } => Some(on),
            Joined::Relation(_) | Joined::Inferred(_) => None,
        });
        self.ctes.iter().chain(&self.derived).any(FromItem::writes)
            || self.filters.iter().chain(joined).any(Node::writes)
    }

    /// Takes what stands beside it, on a condition.
    pub(super) fn join_on(&mut self, item: FromItem, on: Node) {
        self.imply(&on);
        match item {
            FromItem::Table(TableRef { mapper: Some(mapper), alias }) => {
                self.joins.push(Joined::On { mapper, alias, on });
            }
            item => {
                self.derived.retain(|known| !known.reference().is(item.reference()));
                self.derived.push(item);
                self.filters.push(on);
            }
        }
    }

    /// Adds a condition.
    pub(super) fn add_filter(&mut self, node: Node) {
        self.imply(&node);
        self.filters.push(node);
    }

    /// Takes the derived tables beside it whose columns an expression mentions.
    pub(super) fn imply(&mut self, node: &Node) {
        for item in super::known::mentioned(node) {
            if !self.derived.iter().any(|known| known.reference().is(item.reference())) {
                self.derived.push(item);
            }
        }
    }
}

/// Gives a statement the clauses that say which rows it is about.
macro_rules! narrows {
    ($type:ident, $verb:literal) => {
        impl<M: Model> $type<M> {
            /// WHERE; several are joined by AND.
            ///
            /// Other tables that it mentions are joined, as by [`join_on`](Self::join_on), and so are subqueries, CTEs and lists of
            /// values of which it mentions a column; the tables of its own subqueries are not, and a subquery that mentions the table which is written is about the row at hand.
            #[must_use]
            pub fn filter(mut self, condition: impl Predicate) -> Self {
                self.node.rows.add_filter(condition.__predicate());
                self
            }

            /// Takes the rows that have a partner along a relationship, or by the foreign key between two models, whose columns
            /// may then be used.
            ///
            #[doc = concat!("A row that has several partners is ", $verb, "d once.")]
            #[must_use]
            pub fn join(mut self, relationship: impl JoinTarget) -> Self {
                self.node.rows.joins.push(Joined::of(relationship));
                self
            }

            /// Takes the rows that have a partner in another table, a subquery, a CTE or a list of values on a condition.
            #[must_use]
            pub fn join_on(mut self, target: impl FromTarget, on: impl Predicate) -> Self {
                self.node.rows.join_on(target.__item(), on.__predicate());
                self
            }

            /// Writes a CTE before the statement although it does not use it: one that changes rows, on PostgreSQL.
            ///
            #[doc = concat!("Each of them sees the rows as they were before the whole statement, as the ", $verb, " itself does.")]
            ///
            /// ```
            /// # use orm_core as orm;
            /// # use orm_core::{Dialect, delete, select, update};
            /// # #[derive(Clone, Debug, orm_derive::Model)]
            /// # #[orm(table = "jobs", metadata = none)]
            /// # struct Job { #[orm(primary_key)] id: i64, done: bool }
            /// # #[derive(Clone, Debug, orm_derive::Model)]
            /// # #[orm(table = "logs", metadata = none)]
            /// # struct Log { #[orm(primary_key)] id: i64, open: bool }
            /// let closed = update(Log).set(Log.open, false).returning(Log.id).cte("closed");
            /// assert_eq!(
            ///     delete(Job).filter(Job.done).add_cte(&closed).to_sql(Dialect::Postgres),
            ///     "WITH closed AS (UPDATE logs SET open = $1 RETURNING id) DELETE FROM jobs WHERE jobs.done"
            /// );
            /// ```
            #[must_use]
            pub fn add_cte(mut self, cte: impl FromTarget) -> Self {
                self.node.rows.ctes.push(cte.__item());
                self
            }

            /// ORDER BY, which says to which rows a [`limit`](Self::limit) leads. Only MySQL and MariaDB have it, without joins.
            #[must_use]
            pub fn order_by(mut self, order: impl OrderBy) -> Self {
                order.__order(&mut self.node.rows.order_by);
                self
            }

            /// LIMIT. Only MySQL and MariaDB have it, without joins.
            #[must_use]
            pub fn limit(mut self, rows: u64) -> Self {
                self.node.rows.limit = Some(crate::sql::number(rows));
                self
            }

            #[doc = concat!("Gives values of the ", $verb, "d rows: columns, expressions, a tuple, or the model.")]
            ///
            /// PostgreSQL and SQLite have RETURNING; MariaDB has it for DELETE, and MySQL has none.
            pub fn returning<S: Selectable>(mut self, selected: S) -> Returning<S::Row> {
                selected.__outputs(&mut self.node.rows.returning);
                Returning::statements(self.statements())
            }
        }

        impl<M> Clone for $type<M> {
            fn clone(&self) -> Self {
                $type { node: self.node.clone(), model: PhantomData }
            }
        }

        impl<M> std::fmt::Debug for $type<M> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.node.rows.mapper.definition().name)
            }
        }

        impl<M: Model> Write for $type<M> {
            fn __statements(self) -> Result<Vec<Statement>> {
                self.statements()
            }
        }
        executes! { {M: Model} $type<M>; }
    };
}
pub(super) use narrows;
