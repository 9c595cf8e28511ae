//! UNION, INTERSECT, EXCEPT of queries.

use super::{Select, SelectNode};
use crate::mapper::RowType;

/// How the rows of two queries become those of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOperator {
    Union,
    UnionAll,
    Intersect,
    IntersectAll,
    Except,
    ExceptAll,
}

impl SetOperator {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            SetOperator::Union => "UNION",
            SetOperator::UnionAll => "UNION ALL",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::IntersectAll => "INTERSECT ALL",
            SetOperator::Except => "EXCEPT",
            SetOperator::ExceptAll => "EXCEPT ALL",
        }
    }
}

/// Queries of one shape, from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Compound {
    pub(crate) operator: SetOperator,
    pub(crate) members: Vec<SelectNode>,
}

impl<S: RowType> Select<S> {
    /// The rows of both, each once: UNION.
    ///
    /// `order_by`, `limit` and `offset` of what it gives are about the whole; a condition is not, and belongs to the
    /// members or to a query over [`subquery`](Self::subquery). A column orders it where it is selected.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Group { #[orm(primary_key)] id: i64, title: String }
    /// let names = select(User.name).union(select(Group.title)).order_by(User.name).limit(10);
    /// assert_eq!(
    ///     names.to_sql(Dialect::Sqlite),
    ///     "SELECT user.name FROM user UNION SELECT \"group\".title FROM \"group\" ORDER BY name LIMIT ?"
    /// );
    /// ```
    #[must_use]
    pub fn union(self, other: Select<S>) -> Self {
        self.compound(SetOperator::Union, other)
    }

    /// The rows of both: UNION ALL.
    #[must_use]
    pub fn union_all(self, other: Select<S>) -> Self {
        self.compound(SetOperator::UnionAll, other)
    }

    /// The rows that both have, each once: INTERSECT.
    #[must_use]
    pub fn intersect(self, other: Select<S>) -> Self {
        self.compound(SetOperator::Intersect, other)
    }

    /// The rows that both have, as often as both have them: INTERSECT ALL. SQLite has none.
    #[must_use]
    pub fn intersect_all(self, other: Select<S>) -> Self {
        self.compound(SetOperator::IntersectAll, other)
    }

    /// The rows that the other has not, each once: EXCEPT.
    #[must_use]
    pub fn except(self, other: Select<S>) -> Self {
        self.compound(SetOperator::Except, other)
    }

    /// The rows that the other has not, as often as they are more: EXCEPT ALL. SQLite has none.
    #[must_use]
    pub fn except_all(self, other: Select<S>) -> Self {
        self.compound(SetOperator::ExceptAll, other)
    }

    fn compound(self, operator: SetOperator, other: Select<S>) -> Self {
        let outputs = self.node.outputs.clone();
        let writes = self.node.writes || other.node.writes;
        let (mut left, right) = (*self.node, *other.node);
        let loads = left.take_loads();
        let is_bare = left.order_by.is_empty() && left.limit.is_none() && left.offset.is_none() && left.lock.is_none();
        let members = match left.rare.as_mut().and_then(|rare| rare.set.as_mut()) {
            // `(a UNION b) UNION c` is a list of three.
            Some(set) if is_bare && set.operator == operator => {
                let mut members = std::mem::take(&mut set.members);
                members.push(right);
                members
            }
            _ => vec![left, right],
        };
        let mut node = SelectNode { outputs, writes, ..SelectNode::default() };
        node.set = Some(Box::new(Compound { operator, members }));
        node.loads = loads;
        Select { node: Box::new(node), row: self.row }
    }
}
