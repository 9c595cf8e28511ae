//! [`Criterion`]: a condition on every row of a model, wherever its table stands in a statement.
//!
//! In: a condition as a session has it. Out: a statement that carries it; the compiler puts it behind each table.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Correlation, FromItem, JoinNode, Node, OutputKind, SelectNode, Statement, TableRef};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};

/// A condition on every row of a model.
#[derive(Clone, Debug)]
pub(crate) struct Criterion {
    pub(crate) mapper: &'static Mapper,
    /// It is about the table without an alias.
    pub(crate) condition: Node,
    /// Whether a query says it, of what is loaded with it too; a session says its own of each statement.
    is_of_query: bool,
    /// Tells it from others. A query and the one around it may both have it.
    id: u64,
}

/// Numbers the conditions of the program.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl Criterion {
    /// Makes one of a condition that, outside of its subqueries, mentions no other table.
    pub(crate) fn new(mapper: &'static Mapper, condition: Node) -> Result<Self> {
        let Some(other) = condition.other_table(mapper) else {
            return Ok(Criterion::unchecked(mapper, condition));
        };
        let (model, name) = (mapper.definition().name, other.name());
        let message = format!("the condition on every `{model}` mentions `{name}`, which is another table");
        Err(Error::new(ErrorKind::Argument, message)
            .hint(format!("write it of the columns of `{model}` itself, and of others in a subquery, `any` or `has`")))
    }

    /// Makes one of what a query says; where it is none, the query cannot be rendered.
    pub(crate) fn of_query(mapper: &'static Mapper, condition: Node) -> Self {
        let refused = |error| Criterion::unchecked(mapper, Node::Refused(Box::new(error)));
        let criterion = Criterion::new(mapper, condition).unwrap_or_else(refused);
        Criterion { is_of_query: true, ..criterion }
    }

    fn unchecked(mapper: &'static Mapper, condition: Node) -> Self {
        Criterion { mapper, condition, is_of_query: false, id: NEXT_ID.fetch_add(1, Ordering::Relaxed) }
    }

    /// Returns whether it is one of these.
    pub(crate) fn is_among(&self, others: &[Criterion]) -> bool {
        others.iter().any(|other| other.id == self.id)
    }

    /// Returns the condition on a table or an alias of one.
    pub(crate) fn on(&self, alias: Alias) -> Node {
        let mut condition = self.condition.clone();
        if alias != Alias::NONE {
            condition.use_alias(self.mapper, alias);
        }
        condition
    }
}

impl Node {
    /// Returns a table that it mentions outside of its subqueries, and that is not the one of this model.
    pub(crate) fn other_table(&self, mapper: &'static Mapper) -> Option<TableRef> {
        let mut other = None;
        self.visit(&mut |node| {
            let table = match node {
                Node::Column { mapper, alias, .. } => TableRef::table(mapper, *alias),
                Node::Related { relation, .. } => TableRef::table(relation.owner, relation.alias),
                Node::Field { source, .. } => TableRef::derived(*source),
                _ => return,
            };
            if !table.is(TableRef::table(mapper, Alias::NONE)) {
                other = other.or(Some(table));
            }
        });
        other
    }
}

impl Statement {
    /// Returns what holds for every row of some models in it.
    pub(crate) fn criteria(&self) -> &[Criterion] {
        match self {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => &select.criteria,
            Statement::Explain(inner) => inner.criteria(),
            Statement::Insert(insert) => &insert.criteria,
            Statement::Update(update) => &update.rows.criteria,
            Statement::Delete(delete) => &delete.rows.criteria,
            Statement::Text(_) => &[],
        }
    }

    /// Returns what the query itself says of every row of some models.
    pub(crate) fn own_criteria(&self) -> Vec<Criterion> {
        self.criteria().iter().filter(|criterion| criterion.is_of_query).cloned().collect()
    }

    /// Has a condition hold for every row of a model in it. Nobody knows which tables stand in a text.
    pub(crate) fn restrict(&mut self, criterion: Criterion) {
        match self {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => {
                select.criteria.push(criterion);
            }
            Statement::Explain(inner) => inner.restrict(criterion),
            Statement::Insert(insert) => insert.criteria.push(criterion),
            Statement::Update(update) => update.rows.criteria.push(criterion),
            Statement::Delete(delete) => delete.rows.criteria.push(criterion),
            Statement::Text(_) => {}
        }
    }
}

impl SelectNode {
    /// Makes what a subquery says of a table around it said of an alias of that.
    pub(super) fn use_outer_alias(&mut self, table: &Mapper, alias: Alias) {
        let is_it = |other: &TableRef| other.alias == Alias::NONE && other.mapper.is_some_and(|other| other.is(table));
        if self.has_own(&is_it) {
            return;
        }
        let outputs = self.outputs.iter_mut().filter_map(|output| match &mut output.kind {
            OutputKind::Expression(node) => Some(node),
            OutputKind::Entity { .. } => None,
        });
        let conditions = self.joins.iter_mut().filter_map(|join| match join {
            JoinNode::On { on, .. } => Some(&mut **on),
            _ => None,
        });
        let order = self.order_by.iter_mut().map(|item| &mut item.node);
        let nodes = outputs.chain(conditions).chain(&mut self.filters).chain(order);
        nodes.for_each(|node| node.use_alias(table, alias));
        let Some(rare) = &mut self.rare else { return };
        if let Correlation::Only(tables) | Correlation::Except(tables) = &mut rare.correlation {
            tables.iter_mut().filter(|known| is_it(known)).for_each(|known| known.alias = alias);
        }
        let nodes = rare.group_by.iter_mut().chain(&mut rare.having).chain(&mut rare.distinct_on);
        nodes.for_each(|node| node.use_alias(table, alias));
        for member in rare.set.iter_mut().flat_map(|set| &mut set.members) {
            member.use_outer_alias(table, alias);
        }
    }

    /// Returns whether a table is one of its own, and not one of the statement around it.
    fn has_own(&self, is_it: &impl Fn(&TableRef) -> bool) -> bool {
        let of_join = |join: &JoinNode| match join {
            JoinNode::Relation { relation, .. } => {
                let target = (relation.owner.definition().relationships[usize::from(relation.index)].target)();
                is_it(&TableRef::table(target, relation.target_alias))
                    || is_it(&TableRef::table(relation.owner, relation.alias))
            }
            JoinNode::On { left, right, .. } | JoinNode::Inferred { left, right, .. } => {
                is_it(&right.reference()) || left.as_ref().is_some_and(is_it)
            }
            JoinNode::Cross { right } => is_it(&right.reference()),
        };
        let in_output = |kind: &OutputKind| match kind {
            OutputKind::Entity { mapper, alias } => is_it(&TableRef::table(mapper, *alias)),
            OutputKind::Expression(node) => {
                let mut found = false;
                node.visit(&mut |node| {
                    if let Node::Column { mapper, alias, .. } = node {
                        found |= is_it(&TableRef::table(mapper, *alias));
                    }
                });
                found
            }
        };
        match &self.correlation {
            Correlation::Only(tables) => !tables.iter().any(is_it),
            Correlation::Except(tables) => tables.iter().any(is_it),
            Correlation::Automatic => {
                self.from.iter().map(FromItem::reference).any(|table| is_it(&table))
                    || self.joins.iter().any(of_join)
                    || self.outputs.iter().any(|output| in_output(&output.kind))
            }
        }
    }
}
