//! Conditions on every row of a model, written behind each table of a statement that is the model's.
//!
//! Where a table begins a FROM the condition stands in WHERE, where it is joined in ON: what does not fulfil it is as if it
//! were not there. So an outer join keeps the rows that it would keep.

use super::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};
use crate::sql::{Criterion, Node, TableRef};

impl Writer {
    /// Runs `write` with the conditions that a statement carries; one inside of another has those of the other too.
    pub(super) fn under(&mut self, criteria: &[Criterion], write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if criteria.is_empty() {
            return write(self);
        }
        let mut both = criteria.to_vec();
        both.extend(self.criteria.iter().filter(|around| !around.is_among(criteria)).cloned());
        let around = std::mem::replace(&mut self.criteria, both);
        let done = write(self);
        self.criteria = around;
        done
    }

    /// Returns the conditions on a table.
    pub(super) fn criteria_of(&self, table: TableRef) -> Vec<Node> {
        let Some(mapper) = table.mapper.filter(|_| !self.criteria.is_empty() && !table.alias.is_derived()) else {
            return Vec::new();
        };
        let own = self.criteria.iter().filter(|criterion| criterion.mapper.is(mapper));
        own.filter(|criterion| !self.is_spared(criterion.mapper))
            .map(|criterion| Node::Criterion { mapper, condition: Box::new(criterion.on(table.alias)) })
            .collect()
    }

    /// Returns the conditions on several tables.
    pub(super) fn criteria_of_all(&self, tables: impl IntoIterator<Item = (&'static Mapper, Alias)>) -> Vec<Node> {
        let tables = tables.into_iter();
        tables.flat_map(|(mapper, alias)| self.criteria_of(TableRef::table(mapper, alias))).collect()
    }

    fn is_spared(&self, mapper: &Mapper) -> bool {
        self.spared.iter().any(|spared| spared.is(mapper))
    }

    /// Writes a condition on a model. The subqueries in it are not under it themselves, or it would never end.
    pub(super) fn criterion(&mut self, mapper: &'static Mapper, condition: &Node) -> Result<()> {
        self.spared.push(mapper);
        let done = self.node(condition);
        self.spared.pop();
        done
    }
}

/// Says that a condition would change which other rows there are.
pub(super) fn refuse_outer(table: TableRef) -> Error {
    let name = table.mapper.map_or("", |mapper| mapper.definition().name);
    let message = format!("the condition on every `{name}` cannot be added to a RIGHT or FULL OUTER JOIN");
    Error::new(ErrorKind::InvalidRequest, message)
        .hint(format!("write it as a LEFT OUTER JOIN, or join a subquery, such as `select({name}).subquery(\"own\")`"))
}
