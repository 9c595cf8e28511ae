//! Finds tables of one FROM that no condition connects: each row of one is paired with each row of the other.
//!
//! SQLAlchemy's `from_linting`, with its words.

use crate::sql::{FromItem, JoinNode, Node, OutputKind, Precedence, Reference, SelectNode, TableRef};

/// What an engine does about a statement that pairs every row of one table with every row of another, which is hardly ever
/// meant.
///
/// SQLAlchemy's `enable_from_linting`. A [`cross_join`](crate::Select::cross_join) is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// Nothing.
    Off,
    /// A warning through `tracing`, when the statement is first compiled.
    #[default]
    Warn,
    /// An error.
    Deny,
}

/// The tables of a FROM, and which of them belong together.
pub(super) struct Connections {
    tables: Vec<TableRef>,
    /// For each table the number of its group.
    groups: Vec<usize>,
}

impl Connections {
    pub(super) fn of(tables: impl IntoIterator<Item = TableRef>) -> Self {
        let tables: Vec<TableRef> = tables.into_iter().collect();
        Connections { groups: (0..tables.len()).collect(), tables }
    }

    /// Notes that a condition or a join connects these tables.
    pub(super) fn connect(&mut self, tables: impl IntoIterator<Item = TableRef>) {
        let positions: Vec<usize> =
            tables.into_iter().filter_map(|table| self.tables.iter().position(|known| known.is(table))).collect();
        let Some(&first) = positions.first() else { return };
        for other in positions {
            let (from, to) = (self.groups[other], self.groups[first]);
            self.groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        }
    }

    /// Says which tables are not connected to the first, if any.
    pub(super) fn verdict(&self, statement: &str) -> Option<String> {
        let first = *self.groups.first()?;
        let apart: Vec<String> = self
            .tables
            .iter()
            .zip(&self.groups)
            .filter(|(_, group)| **group != first)
            .map(|(table, _)| format!("\"{}\"", table.name()))
            .collect();
        let start = self.tables[0].name();
        (!apart.is_empty()).then(|| {
            format!(
                "{statement} statement has a cartesian product between FROM element(s) {} and FROM element \"{start}\".  \
                 Apply join condition(s) between each element to resolve.",
                apart.join(", "),
            )
        })
    }
}

/// Calls `connect` with the tables that a condition brings together: those of the two sides of each comparison in it, and
/// those that a subquery mentions.
///
/// `(a.x + b.y) > 3` brings none together, since nothing stands on the other side.
pub(super) fn edges(node: &Node, connect: &mut impl FnMut(Vec<TableRef>)) {
    node.visit(&mut |node| {
        if let Reference::Members(..) | Reference::Select(_) = node.refers_to() {
            return connect(mentioned(node));
        }
        let (left, right) = sides(node);
        let [left, right] = [left, right].map(|side| side.into_iter().flat_map(mentioned).collect::<Vec<_>>());
        if !left.is_empty() && !right.is_empty() {
            connect(left.into_iter().chain(right).collect());
        }
    });
}

/// Returns what stands on either side of a comparison; of anything else, nothing.
fn sides(node: &Node) -> (Vec<&Node>, Vec<&Node>) {
    match node {
        Node::Binary { operator, sides } if operator.precedence() == Precedence::Comparison => {
            (vec![&sides[0]], vec![&sides[1]])
        }
        Node::Infix { left, right, is_condition: true, .. } => (vec![left], vec![right]),
        Node::Like { operand, pattern, .. } => (vec![operand], vec![pattern]),
        Node::Between { operand, low, high, .. } => (vec![operand], vec![low, high]),
        Node::In { operand, list, .. } => (vec![operand], list.iter().collect()),
        Node::Template { template, arguments } if template.is_condition() => {
            (arguments.iter().take(1).collect(), arguments.iter().skip(1).collect())
        }
        Node::Compared { call, left, right } => {
            let (Node::Function { arguments, .. } | Node::Template { arguments, .. }) = &**call else {
                return (Vec::new(), Vec::new());
            };
            (arguments.iter().skip(*left).take(1).collect(), arguments.iter().skip(*right).take(1).collect())
        }
        _ => (Vec::new(), Vec::new()),
    }
}

/// Returns every table that a condition mentions, its subqueries included.
pub(super) fn mentioned(node: &Node) -> Vec<TableRef> {
    let mut tables = Vec::new();
    node.visit(&mut |node| match node.refers_to() {
        Reference::Table(mapper, alias) => tables.push(TableRef::table(mapper, alias)),
        Reference::Derived(source) => tables.push(TableRef::derived(source)),
        Reference::Members(relation, filter) => {
            tables.push(TableRef::table(relation.owner, relation.alias));
            filter.into_iter().for_each(|filter| tables.extend(mentioned(filter)));
        }
        Reference::Select(select) => tables.extend(mentioned_in(select)),
        Reference::Nothing => {}
    });
    tables
}

/// Returns every table that a subquery mentions.
pub(super) fn mentioned_in(select: &SelectNode) -> Vec<TableRef> {
    let outputs = select.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Expression(node) => Some(node),
        OutputKind::Entity { .. } => None,
    });
    let conditions = select.joins.iter().filter_map(|join| match join {
        JoinNode::On { on, .. } => Some(&**on),
        _ => None,
    });
    let items = select.from.iter().chain(select.joins.iter().filter_map(JoinNode::item));
    let arguments = items.filter_map(FromItem::derived).filter_map(|derived| derived.body.arguments()).flatten();
    let members = select.set.iter().flat_map(|set| &set.members).flat_map(mentioned_in);
    let nodes = outputs.chain(conditions).chain(arguments).chain(&select.filters);
    nodes.flat_map(mentioned).chain(members).collect()
}
