//! Columns that get a type of another kind on PostgreSQL, or whose type of labels is made anew.
//!
//! What compares such a column with another, or with a value, would have to compare two kinds of values: foreign keys, checks
//! and conditions of indexes are dropped before and added again after.

use super::super::{Column, EnumType, IndexPart, Operation};
use super::anew::mentions;
use super::{Comparison, Side, same_type};
use crate::dialect::Dialect;
use crate::types::ColumnType;

impl Comparison<'_> {
    /// Returns the columns of a table that are of another kind then.
    pub(super) fn retyped(&self, wanted: &Side, found: &Side) -> Vec<String> {
        let is_retyped =
            |from: &&Column| wanted.normal.find_column(&from.name).is_some_and(|to| self.is_retyped(from, to));
        found.normal.columns.iter().filter(is_retyped).map(|column| column.name.clone()).collect()
    }

    pub(super) fn is_retyped(&self, from: &Column, to: &Column) -> bool {
        let (old, new) = (&from.column_type, &to.column_type);
        self.dialect == Some(Dialect::Postgres)
            && (self.is_replaced(old) || !(same_type(old, new) || are_alike(old, new)))
    }

    /// Returns whether this is a type of labels that is made anew.
    pub(super) fn is_replaced(&self, of: &ColumnType) -> bool {
        self.replaced.iter().any(|(from, _)| is_of(of, from))
    }

    /// Makes types of labels anew, with the columns that have them.
    pub(super) fn replacements(&self, wanted: &[Side], found: &[Side]) -> Vec<Operation> {
        let replace = |(from, to): &(EnumType, EnumType)| {
            let mut columns = Vec::new();
            for (found, wanted) in
                found.iter().filter_map(|found| Some((found, wanted.iter().find(|to| to.is(found))?)))
            {
                // Those that are computed are dropped before, and added after.
                let has_it =
                    |column: &&Column| column.computed.is_none() && is_of(column.type_on(Dialect::Postgres), from);
                for column in found.given.columns.iter().filter(has_it) {
                    let to = wanted.given.find_column(&column.name);
                    columns.push(((&found.given).into(), as_replaced(column, to, from)));
                }
            }
            Operation::ReplaceEnum { from: from.clone(), to: to.clone(), columns }
        };
        self.replaced.iter().map(replace).collect()
    }
}

/// Returns a column with the default that it is to have. One that leaves the type becomes text, which takes any label.
fn as_replaced(column: &Column, to: Option<&Column>, from: &EnumType) -> Column {
    match to.filter(|to| is_of(to.type_on(Dialect::Postgres), from)) {
        Some(to) => Column { server_default: to.server_default.clone(), ..column.clone() },
        None => {
            let mut left = Column { server_default: None, variants: Vec::new(), ..column.clone() };
            *left.column_type.element_mut() = ColumnType::Text;
            left
        }
    }
}

/// Returns whether a type is this one of labels, or an array of it.
fn is_of(column_type: &ColumnType, of: &EnumType) -> bool {
    matches!(column_type.element(), ColumnType::Enum { schema, name, is_native: true, .. }
        if *name == of.name && schema.as_deref() == of.schema.as_deref())
}

impl Side {
    /// Leaves out checks and indexes that say something about these columns.
    pub(super) fn without_conditions(mut self, columns: &[String]) -> Side {
        let says = |sql: &str| columns.iter().any(|name| mentions(sql, name));
        for table in [&mut self.given, &mut self.normal] {
            table.checks.retain(|check| !says(&check.sql));
            table.excludes.retain(|exclude| !says(&exclude.sql));
            table.indexes.retain(|index| {
                let is_said = index.columns.iter().any(|column| match &column.part {
                    IndexPart::Column(_) => false,
                    IndexPart::Expression(sql) => says(sql),
                });
                !is_said && !index.condition.as_deref().is_some_and(says)
            });
        }
        self
    }
}

/// Returns whether PostgreSQL compares values of the two types with each other, and with what either is compared with.
fn are_alike(from: &ColumnType, to: &ColumnType) -> bool {
    let kind = |of: &ColumnType| match of {
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => Some(Kind::Integer),
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) => Some(Kind::Float),
        ColumnType::Numeric(_) => Some(Kind::Numeric),
        ColumnType::Text | ColumnType::String(_) | ColumnType::Varchar => Some(Kind::Text),
        ColumnType::Enum { is_native: false, .. } => Some(Kind::Text),
        ColumnType::Char(_) => Some(Kind::Char),
        _ => None,
    };
    match (from, to) {
        (ColumnType::Domain { base, .. }, to) => are_alike(base, to),
        (from, ColumnType::Domain { base, .. }) => are_alike(from, base),
        (ColumnType::Array(from), ColumnType::Array(to)) => are_alike(from, to),
        (from, to) => from == to || kind(from).is_some_and(|of| kind(to) == Some(of)),
    }
}

/// Types that PostgreSQL compares with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Float,
    Numeric,
    Text,
    Char,
}
