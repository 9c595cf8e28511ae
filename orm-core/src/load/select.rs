//! The SELECT that brings the members of a relationship for some of its owners.

use std::borrow::Borrow;

use orm_pool::Value;
use smallvec::SmallVec;

use super::{LoadNode, Strategy};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Direction, Mapper, Object, RelationshipInfo, Row};
use crate::session::Key;
use crate::sql::{
    Correlation, FromItem, JoinKind, JoinNode, Node, Operator, OrderItem, Output, OutputKind, SelectNode,
};

/// How many owners one SELECT asks for by keys of several columns, which are a list as long as they are many: SQLAlchemy's
/// number.
const CHUNK: usize = 500;
/// The same by one column, where a list of any length up to it has one of a few texts. MariaDB reads longer lists as tables.
const LONG_CHUNK: usize = 1_000;
/// The same where the list is an array.
const ARRAY_CHUNK: usize = 10_000;

/// The values of an owner that its members are found by, and the key that tells them from others.
pub(super) struct OwnerKey {
    pub(super) key: Key,
    values: SmallVec<[Value; 1]>,
}

/// Returns what the members of an owner are found by; none where a foreign key is NULL.
pub(super) fn owner_key(object: &dyn Object, info: &RelationshipInfo) -> Option<OwnerKey> {
    let values: SmallVec<_> = info.pairs.iter().map(|&(own, _)| object.column(usize::from(own))).collect();
    Some(OwnerKey { key: Key::of(values.iter().cloned())?, values })
}

/// Returns how many owners one SELECT asks for.
fn chunk(node: &LoadNode, info: &RelationshipInfo, dialect: Dialect) -> usize {
    let by_itself = || match dialect {
        _ if info.pairs.len() > 1 => CHUNK,
        Dialect::Postgres => ARRAY_CHUNK,
        _ => LONG_CHUNK,
    };
    node.chunk.unwrap_or_else(by_itself)
}

/// Which owners a SELECT brings members of.
pub(super) enum Owners<'a> {
    /// These.
    Listed(&'a [&'a OwnerKey]),
    /// Those that a query gives.
    Of(&'a Repeated),
}

/// A query, to be repeated as a subquery: the owners of some relationships are what it selects.
#[derive(Clone)]
pub(crate) struct Repeated {
    select: SelectNode,
    mapper: &'static Mapper,
    alias: Alias,
}

impl Repeated {
    /// Takes a query that selects a model once; one that does so twice leaves open which is meant.
    pub(crate) fn of(select: &SelectNode, root: &'static Mapper) -> Option<Self> {
        let mut entities = select.outputs.iter().filter_map(|output| match output.kind {
            OutputKind::Entity { mapper, alias } if mapper.is(root) => Some(alias),
            _ => None,
        });
        let (Some(alias), None) = (entities.next(), entities.next()) else { return None };
        if !can_be_repeated(select) || alias.is_derived() {
            return None;
        }
        let mut select = select.clone();
        select.lock = None;
        // As a subquery it must not take a table from the query around it.
        select.correlation = Correlation::Only(vec![]);
        Some(Repeated { select, mapper: root, alias })
    }

    /// Returns the query of the members of what a query gives, where what is loaded below repeats one.
    pub(super) fn below<'a>(
        query: Option<&Self>,
        (node, info): (&LoadNode, &'static RelationshipInfo),
        mut children: impl Iterator<Item = &'a LoadNode>,
    ) -> Result<Option<Self>> {
        let Some(query) = query.filter(|_| children.any(LoadNode::repeats_query)) else { return Ok(None) };
        let select = members(node, info, &Owners::Of(query))?;
        Ok(Some(Repeated { select, mapper: info.target, alias: Alias::NONE }))
    }

    /// Selects some columns of the owners.
    fn columns(&self, columns: impl Iterator<Item = u16>) -> SelectNode {
        let Repeated { mapper, alias, .. } = *self;
        let column = |column| Output::expression(Node::Column { mapper, column, alias }, true);
        let mut select = SelectNode { outputs: columns.map(column).collect(), ..self.select.clone() };
        let is_cut = select.limit.is_some() || select.offset.is_some();
        if !is_cut && select.limit_per.is_none() {
            select.order_by.clear();
        }
        self.spell_out_labels(&mut select);
        select
    }

    /// Puts what has a label in the place of the label, where what has it is no longer selected.
    fn spell_out_labels(&self, select: &mut SelectNode) {
        let spell_out = |node: &mut Node| {
            if let Node::LabelName(name) = &*node
                && let Some(own) = self.select.outputs.iter().find(|output| output.label() == Some(name))
                && let Some(own) = own.unlabelled()
            {
                *node = own.clone();
            }
        };
        select.order_by.iter_mut().for_each(|item| spell_out(&mut item.node));
        if !select.group_by.is_empty() {
            select.group_by.iter_mut().for_each(spell_out);
        }
    }
}

/// Returns whether a query gives the same rows when it selects other columns, as a subquery.
fn can_be_repeated(select: &SelectNode) -> bool {
    let is_cut = select.limit.is_some() || select.offset.is_some();
    let is_table = |item: &FromItem| item.derived().is_none();
    let joins_tables = select.joins.iter().all(|join| join.item().is_none_or(is_table));
    let is_plain = select.set.is_none() && select.ctes.is_empty() && !select.writes && select.from.iter().all(is_table);
    let chooses = (select.distinct && is_cut) || !select.distinct_on.is_empty() || select.with_ties;
    is_plain && joins_tables && !chooses
}

/// Makes the SELECTs of the members of owners that are asked for in turns, each with the number of its turn.
///
/// One that repeats the query that gave the owners brings the members of all, so it is for where there is one turn.
pub(super) fn selects<K: Borrow<OwnerKey>>(
    node: &LoadNode,
    info: &'static RelationshipInfo,
    turns: &[Vec<K>],
    query: Option<&Repeated>,
    dialect: Dialect,
) -> Result<Vec<(usize, SelectNode)>> {
    if let Some(query) = query.filter(|_| node.strategy == Strategy::Subquery && turns.len() == 1) {
        return Ok(vec![(0, members(node, info, &Owners::Of(query))?)]);
    }
    let size = chunk(node, info, dialect);
    let chunks = turns.iter().enumerate().flat_map(|(turn, keys)| keys.chunks(size).map(move |keys| (turn, keys)));
    let select = |(turn, keys): (usize, &[K])| {
        let listed: Vec<&OwnerKey> = keys.iter().map(Borrow::borrow).collect();
        Ok((turn, members(node, info, &Owners::Listed(&listed))?))
    };
    chunks.map(select).collect()
}

/// Makes the SELECT of the members of some owners.
///
/// Its rows begin with the members' columns; for a many-to-many relationship the owner's key follows.
pub(super) fn members(node: &LoadNode, info: &'static RelationshipInfo, owners: &Owners<'_>) -> Result<SelectNode> {
    let target = Output::entity(info.target, Alias::NONE).leaving_out(node.left_out.clone());
    let near_alias = near_alias(node, info);
    let owner_column = |column| Node::Column { mapper: info.owner, column, alias: near_alias };
    let (near, outputs, join) = match (&info.secondary, info.condition_between(near_alias, Alias::NONE)) {
        (None, None) => (info.target, vec![target], None),
        (None, Some(on)) => {
            let keys = info.pairs.iter().map(|&(own, _)| Output::expression(owner_column(own), true));
            let right = FromItem::table(info.target, Alias::NONE);
            let join = JoinNode::On { kind: JoinKind::Inner, left: None, right, on: Box::new(on) };
            (info.owner, std::iter::once(target).chain(keys).collect(), Some(join))
        }
        (Some(secondary), _) => {
            let keys =
                info.pairs.iter().map(|&(_, column)| Output::expression(column_of(secondary.mapper, column), true));
            let on = secondary.pairs.iter().map(|&(own, other)| {
                Node::binary(Operator::Eq, column_of(secondary.mapper, own), column_of(info.target, other))
            });
            let on = Node::All(on.collect());
            let join = JoinNode::On {
                kind: JoinKind::Inner,
                left: None,
                right: FromItem::table(info.target, Alias::NONE),
                on: Box::new(on),
            };
            (secondary.mapper, std::iter::once(target).chain(keys).collect(), Some(join))
        }
    };
    let near_column = |column| Node::Column { mapper: near, column, alias: near_alias };
    let columns: Vec<Node> = info.pairs.iter().map(|&(_, column)| near_column(column)).collect();
    let are_owners = match owners {
        Owners::Listed(owners) => among(columns.clone(), owners),
        Owners::Of(query) => within(columns.clone(), query.columns(info.pairs.iter().map(|&(own, _)| own))),
    };
    let (said, order_by) = constraints(node, info);
    let filters = std::iter::once(are_owners).chain(said).collect();
    let limit_per = node.limit.map(|limit| (columns, crate::sql::number(limit)));
    let (from, joins) =
        (vec![FromItem::table(near, near_alias)], join.into_iter().chain(owner_join(node, info)?).collect());
    let mut select = SelectNode { outputs, from, joins, filters, order_by, ..SelectNode::default() };
    if limit_per.is_some() {
        select.limit_per = limit_per;
    }
    if !node.criteria.is_empty() {
        select.criteria.clone_from(&node.criteria);
    }
    if !node.given.is_empty() {
        select.given = node.given_to(info.target, Alias::NONE);
    }
    Ok(select)
}

/// Returns what the table is called that the rows of members are found in: by a condition it is the owners'.
fn near_alias(node: &LoadNode, info: &RelationshipInfo) -> Alias {
    match info.condition {
        Some(_) if node.start != Alias::NONE && node.mentions_owner(info) => node.start,
        // The owners are another instance of the members' table.
        Some(_) if info.is_to_itself() => Alias::new(&format!("{}_owner", info.target.definition.table)),
        _ => Alias::NONE,
    }
}

/// Joins the owners to their members where the conditions or the order are about them too.
///
/// Each row is then a member of the one owner that stands in it, so that one which several owners may share is refused.
pub(super) fn owner_join(node: &LoadNode, info: &'static RelationshipInfo) -> Result<Option<JoinNode>> {
    if info.condition.is_some() || !node.mentions_owner(info) {
        return Ok(None);
    }
    if info.direction == Direction::ManyToOne {
        let (name, owner) = (info.name(), info.owner.definition.name);
        let message = format!("what is said of `{name}` is about `{owner}`, of which several may have one member");
        return Err(Error::new(ErrorKind::Argument, message)
            .hint(format!("use `joinedload({name})`, without a limit and without a subquery")));
    }
    let near = info.secondary.as_ref().map_or(info.target, |secondary| secondary.mapper);
    let on = info.pairs.iter().map(|&(own, other)| {
        let owner = Node::Column { mapper: info.owner, column: own, alias: node.start };
        Node::binary(Operator::Eq, owner, column_of(near, other))
    });
    let (on, right) = (Box::new(Node::All(on.collect())), FromItem::table(info.owner, node.start));
    Ok(Some(JoinNode::On { kind: JoinKind::Inner, left: None, right, on }))
}

/// Returns the conditions and the order of the members, in which an owner that has an alias is called by it.
fn constraints(node: &LoadNode, info: &RelationshipInfo) -> (Vec<Node>, Vec<OrderItem>) {
    let (mut filters, mut order_by) = (node.filters.clone(), order(node, info));
    if node.start != Alias::NONE && !info.is_to_itself() {
        let nodes = filters.iter_mut().chain(order_by.iter_mut().map(|item| &mut item.node));
        nodes.for_each(|said| said.use_alias(info.owner, node.start));
    }
    (filters, order_by)
}

fn column_of(mapper: &'static Mapper, column: u16) -> Node {
    Node::Column { mapper, column, alias: Alias::NONE }
}

/// `column IN (…)`, or `(a, b) IN ((…), …)` for a key of several columns.
fn among(columns: Vec<Node>, owners: &[&OwnerKey]) -> Node {
    let row = |owner: &&OwnerKey| match owner.values.as_slice() {
        [only] => Node::Bind(only.clone()),
        several => Node::Tuple(several.iter().cloned().map(Node::Bind).collect()),
    };
    Node::In { operand: Box::new(tuple(columns)), list: owners.iter().map(row).collect(), negated: false }
}

/// `column IN (SELECT …)`, or `(a, b) IN (SELECT …)`.
fn within(columns: Vec<Node>, select: SelectNode) -> Node {
    Node::InSelect { operand: Box::new(tuple(columns)), select: Box::new(select), negated: false }
}

/// One column is itself, several are a tuple.
fn tuple(nodes: Vec<Node>) -> Node {
    match <[Node; 1]>::try_from(nodes) {
        Ok([only]) => only,
        Err(several) => Node::Tuple(several),
    }
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
    let kind = |own: u16| info.owner.definition().columns[usize::from(own)].kind;
    match info.secondary {
        None if info.condition.is_none() => {
            Key::of_row_columns(row, info.pairs.iter().map(|&(own, column)| (usize::from(column), kind(own))))
        }
        _ => Key::of_row_columns(row, (width..).zip(&info.pairs).map(|(at, &(own, _))| (at, kind(own)))),
    }
}
