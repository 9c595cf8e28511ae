//! Columns that queries compute: the expression of a `column_property`, and what a statement says of a `query_expression`.
//!
//! In: a column of a table or alias. Out: its expression, written in the place of the column.

use super::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, Property};
use crate::sql::{Given, Node, Precedence};

impl Writer {
    /// Writes the expression of a column that the table does not have, about this table or alias. Its values stand in the
    /// text, since they are always the same.
    pub(super) fn property(
        &mut self,
        mapper: &'static Mapper,
        column: u16,
        alias: Alias,
        expression: Node,
    ) -> Result<()> {
        let definition = mapper.definition();
        let name = || format!("{}.{}", definition.name, definition.columns[usize::from(column)].field);
        if self.properties.iter().any(|(known, its)| known.is(mapper) && *its == column) {
            let message = format!("the column property `{}` is made of itself", name());
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if let Some(other) = expression.other_table(mapper) {
            let message =
                format!("the column property `{}` mentions `{}`, which is another table", name(), other.name());
            let hint = format!(
                "write it of the columns of `{}` itself, and of others in a subquery: `select(…).scalar_subquery()`",
                definition.name
            );
            return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
        }
        let mut expression = expression;
        if alias != Alias::NONE {
            expression.use_alias(mapper, alias);
        }
        self.properties.push((mapper, column));
        let done = self.within(&expression, Precedence::Primary);
        self.properties.pop();
        done
    }

    /// Writes what the statement computes a column by.
    pub(super) fn given(&mut self, mapper: &'static Mapper, column: u16, alias: Alias) -> Result<()> {
        let Some(node) = self.given_for(mapper, column, alias).map(|given| given.node.clone()) else {
            let field =
                format!("{}.{}", mapper.definition().name, mapper.definition().columns[usize::from(column)].field);
            let message = format!("the query does not say what `{field}` is");
            return Err(Error::new(ErrorKind::Compile, message)
                .hint(format!("add `.options(with_expression({field}, …))`, or write the expression itself")));
        };
        self.within(&node, Precedence::Primary)
    }

    /// Finds what the statement computes a column by.
    pub(super) fn given_for(&self, mapper: &Mapper, column: u16, alias: Alias) -> Option<&Given> {
        self.given.iter().find(|given| given.is_for(mapper, column, alias))
    }
}

/// Returns what a column is computed by, unless a table or a derived table has it.
pub(super) fn property(mapper: &Mapper, column: u16, alias: Alias) -> Option<Property> {
    let property = mapper.definition().columns[usize::from(column)].property;
    property.filter(|property| !alias.is_derived() || matches!(property, Property::OfQuery))
}

/// Refuses to write a column that no table has.
pub(super) fn refuse_property(mapper: &Mapper, column: u16) -> Result<()> {
    let (definition, own) = (mapper.definition(), &mapper.definition().columns[usize::from(column)]);
    if own.property.is_none() {
        return Ok(());
    }
    let message = format!("`{}.{}` cannot be written: queries compute it", definition.name, own.field);
    Err(Error::new(ErrorKind::Argument, message).hint("write the columns that its `column_property` is made of"))
}
