//! Relationships that a SELECT brings along by joins of its own, beside those that its user has written.

use super::{JoinKind, Node, OrderItem, RelationReference};
use crate::mapper::Alias;

/// The joins of a SELECT that bring relationships, and whether they go around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct EagerNode {
    pub(crate) joins: Vec<EagerJoin>,
    pub(crate) wrap: Wrap,
    /// What orders the members, behind the order of the SELECT itself.
    pub(crate) order_by: Vec<OrderItem>,
}

/// Whether a SELECT becomes a subquery, so that joins do not change which rows it gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// The joins stand in its own FROM, and their columns among its outputs.
    #[default]
    No,
    /// It is a subquery of what joins.
    Subquery,
    /// The same, and its rows are numbered, since two of them may be alike.
    Numbered,
}

/// One relationship, joined to an alias that nobody else uses.
#[derive(Clone, Debug)]
pub(crate) struct EagerJoin {
    pub(crate) kind: JoinKind,
    /// The alias in it names the owner, unless that is in the subquery.
    pub(crate) relation: RelationReference,
    /// The position of the owner's first column in the subquery.
    pub(crate) owner_at: Option<usize>,
    /// The alias of the association table.
    pub(crate) secondary: Alias,
    /// Which members are wanted.
    pub(crate) filters: Vec<Node>,
    /// The columns of the members that are not asked for.
    pub(crate) left_out: Vec<u16>,
}
