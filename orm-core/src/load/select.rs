//! The SELECT that brings the members of a relationship for some of its owners.

use orm_pool::Value;
use orm_pool::driver::Row;

use super::LoadNode;
use crate::error::Result;
use crate::mapper::{Alias, Mapper, Object, RelationshipInfo};
use crate::session::Key;
use crate::sql::{JoinKind, JoinNode, Node, Operator, OrderItem, Output, SelectNode};

/// How many owners one SELECT asks for: SQLAlchemy's number.
pub(super) const CHUNK: usize = 500;

/// The values of an owner that its members are found by, and the key that tells them from others.
pub(super) struct OwnerKey {
    pub(super) key: Key,
    values: Vec<Value>,
}

/// Returns what the members of an owner are found by; none where a foreign key is NULL.
pub(super) fn owner_key(object: &dyn Object, info: &RelationshipInfo) -> Option<OwnerKey> {
    let values: Vec<Value> = info.pairs.iter().map(|&(own, _)| object.column(usize::from(own))).collect();
    Some(OwnerKey { key: Key::of(values.iter().cloned())?, values })
}

/// Makes the SELECT of the members of some owners.
///
/// Its rows begin with the members' columns; for a many-to-many relationship the owner's key follows.
pub(super) fn members(node: &LoadNode, info: &'static RelationshipInfo, owners: &[&OwnerKey]) -> Result<SelectNode> {
    let target = Output::entity(info.target, Alias::NONE);
    let (near, outputs, joins) = match &info.secondary {
        None => (info.target, vec![target], vec![]),
        Some(secondary) => {
            let keys =
                info.pairs.iter().map(|&(_, column)| Output::expression(column_of(secondary.mapper, column), true));
            let on = secondary.pairs.iter().map(|&(own, other)| {
                Node::binary(Operator::Eq, column_of(secondary.mapper, own), column_of(info.target, other))
            });
            let on = Node::All(on.collect());
            let join = JoinNode::On { kind: JoinKind::Inner, mapper: info.target, alias: Alias::NONE, on };
            (secondary.mapper, std::iter::once(target).chain(keys).collect(), vec![join])
        }
    };
    let columns: Vec<Node> = info.pairs.iter().map(|&(_, column)| column_of(near, column)).collect();
    let mut filters = vec![among(columns.clone(), owners)];
    filters.extend(node.filters.iter().cloned());
    let order_by = order(node, info);
    let limit_per = node.limit.map(|limit| (columns, crate::sql::number(limit)));
    let from = vec![(near, Alias::NONE)];
    Ok(SelectNode { outputs, from, joins, filters, order_by, limit_per, ..SelectNode::default() })
}

fn column_of(mapper: &'static Mapper, column: u16) -> Node {
    Node::Column { mapper, column, alias: Alias::NONE }
}

/// `column IN (…)`, or `(a, b) IN ((…), …)` for a key of several columns.
fn among(columns: Vec<Node>, owners: &[&OwnerKey]) -> Node {
    let tuple = |nodes: Vec<Node>| if nodes.len() == 1 { nodes.into_iter().next() } else { Some(Node::Tuple(nodes)) };
    let row = |owner: &&OwnerKey| tuple(owner.values.iter().cloned().map(Node::Bind).collect());
    let list = owners.iter().filter_map(row).collect();
    Node::In { operand: Box::new(tuple(columns).unwrap_or(Node::Star)), list, negated: false }
}

/// The order of the members: what the option says, else what the relationship says. A limit needs some order.
fn order(node: &LoadNode, info: &RelationshipInfo) -> Vec<OrderItem> {
    if !node.order_by.is_empty() {
        return node.order_by.clone();
    }
    if let Some(order) = info.definition.order_by {
        return order();
    }
    if node.limit.is_none() {
        return Vec::new();
    }
    let key = &info.target.definition().key;
    key.iter().map(|&column| OrderItem::new(column_of(info.target, column))).collect()
}

/// Returns the key of the owner that a row brings a member for: what the member refers by, or what the association row
/// says.
pub(super) fn key_of_row(row: &Row<'_>, info: &RelationshipInfo) -> Option<Key> {
    let width = info.target.width();
    match info.secondary {
        None => Key::of_row_columns(row, info.pairs.iter().map(|&(_, column)| usize::from(column))),
        Some(_) => Key::of_row_columns(row, width..width + info.pairs.len()),
    }
}
