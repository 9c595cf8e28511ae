//! Finds tables of one FROM that no condition connects: each row of one is paired with each row of the other.
//!
//! SQLAlchemy's `from_linting`, with its words.

use super::writer::source_name;
use crate::mapper::{Alias, Mapper};
use crate::sql::{Node, OutputKind, SelectNode};

/// A table or alias.
type Table = (&'static Mapper, Alias);

/// The tables of a FROM, and which of them belong together.
pub(super) struct Connections {
    tables: Vec<Table>,
    /// For each table the number of its group.
    groups: Vec<usize>,
}

impl Connections {
    pub(super) fn of(tables: impl IntoIterator<Item = Table>) -> Self {
        let tables: Vec<Table> = tables.into_iter().collect();
        Connections { groups: (0..tables.len()).collect(), tables }
    }

    /// Notes that a condition or a join connects these tables.
    pub(super) fn connect(&mut self, tables: impl IntoIterator<Item = Table>) {
        let positions: Vec<usize> = tables
            .into_iter()
            .filter_map(|(mapper, alias)| self.tables.iter().position(|known| known.1 == alias && known.0.is(mapper)))
            .collect();
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
            .map(|((mapper, alias), _)| format!("\"{}\"", source_name(mapper, *alias)))
            .collect();
        let (mapper, alias) = self.tables[0];
        (!apart.is_empty()).then(|| {
            format!(
                "{statement} statement has a cartesian product between FROM element(s) {} and FROM element \"{}\".  Apply join \
                 condition(s) between each element to resolve.",
                apart.join(", "),
                source_name(mapper, alias)
            )
        })
    }
}

/// Returns every table that a condition mentions, its subqueries included.
pub(super) fn mentioned(node: &Node) -> Vec<Table> {
    let mut tables = Vec::new();
    node.visit(&mut |node| match node {
        Node::Column { mapper, alias, .. } => tables.push((*mapper, *alias)),
        Node::Related { relation, filter, .. } => {
            tables.push((relation.owner, relation.alias));
            filter.iter().for_each(|filter| tables.extend(mentioned(filter)));
        }
        Node::Select(select) | Node::Exists { select, .. } | Node::InSelect { select, .. } => {
            tables.extend(mentioned_in(select));
        }
        _ => {}
    });
    tables
}

fn mentioned_in(select: &SelectNode) -> Vec<Table> {
    let outputs = select.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Expression(node) => Some(node),
        OutputKind::Entity { .. } => None,
    });
    outputs.chain(&select.filters).flat_map(mentioned).collect()
}
