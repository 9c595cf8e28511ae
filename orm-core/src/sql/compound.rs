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
        let members = match (*self.node, *other.node) {
            // `(a UNION b) UNION c` is a list of three.
            (SelectNode { set: Some(set), order_by, limit: None, offset: None, lock: None, .. }, other)
                if set.operator == operator && order_by.is_empty() =>
            {
                let mut members = set.members;
                members.push(other);
                members
            }
            (left, right) => vec![left, right],
        };
        let set = Some(Box::new(Compound { operator, members }));
        let node = SelectNode { outputs, set, writes, ..SelectNode::default() };
        Select { node: Box::new(node), loads: self.loads, row: self.row }
    }
}
