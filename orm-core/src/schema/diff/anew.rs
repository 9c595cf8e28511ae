//! Computed columns that cannot be changed as they stand: they are dropped, with what is made of them, and added again.
//!
//! No database changes an expression in every case, nor makes every column a computed one, and PostgreSQL neither changes the
//! type of what another column is computed of. Nothing is lost: the values are computed again.

use super::super::tokens::{TokenKind, tokens};
use super::super::{Column, ColumnChange, IndexPart, PrimaryKey, Table};
use super::{Comparison, Side};
use crate::dialect::Dialect;

impl Comparison<'_> {
    /// Returns whether a column is to keep values that it computes whenever they are read. MySQL and MariaDB make it a stored one
    /// anew, and that a plain one.
    pub(super) fn is_unkept(&self, from: &Column, to: &Column) -> bool {
        let is_virtual = from.computed.as_ref().is_some_and(|computed| !computed.is_stored);
        self.is_mysql() && is_virtual && to.computed.is_none()
    }

    /// Returns the columns to drop and add again, of those that are to be computed, or to keep what they compute.
    pub(super) fn made_anew(&self, wanted: &Side, found: &Side) -> Vec<String> {
        // SQLite copies the table.
        let Some(dialect) = self.dialect.filter(|dialect| *dialect != Dialect::Sqlite) else { return Vec::new() };
        let (mut anew, mut moved) = (Vec::new(), Vec::new());
        for from in &found.normal.columns {
            let Some(to) = wanted.normal.find_column(&from.name) else { continue };
            let changes = self.changes(&found.given, from, to);
            let is_other = |change: &ColumnChange| matches!(change, ColumnChange::Type | ColumnChange::Collation);
            let is_moved =
                dialect == Dialect::Postgres && (changes.iter().any(is_other) || self.is_replaced(&from.column_type));
            let is_other_sql = to.computed.is_some() && changes.contains(&ColumnChange::Computed);
            if is_other_sql || self.is_unkept(from, to) || (are_computed(from, to) && is_moved) {
                anew.push(from.name.clone());
            } else if is_moved {
                moved.push(from.name.clone());
            }
        }
        // What is computed of these goes as well.
        loop {
            let is_next = |from: &&Column| {
                let is_kept = wanted.normal.find_column(&from.name).is_some_and(|to| are_computed(from, to));
                let says = |name: &String| from.computed.as_ref().is_some_and(|of| mentions(&of.sql, name));
                is_kept && !anew.contains(&from.name) && anew.iter().chain(&moved).any(says)
            };
            let Some(next) = found.given.columns.iter().find(is_next) else { return anew };
            anew.push(next.name.clone());
        }
    }
}

fn are_computed(from: &Column, to: &Column) -> bool {
    from.computed.is_some() && to.computed.is_some()
}

impl Side {
    /// Leaves out what is made of these columns: keys, constraints and indexes.
    pub(super) fn without(&self, columns: &[String]) -> Side {
        let mut side = Side { given: self.given.clone(), normal: self.normal.clone() };
        for table in [&mut side.given, &mut side.normal] {
            leave_out(table, columns);
        }
        side
    }
}

fn leave_out(table: &mut Table, columns: &[String]) {
    let is_of = |names: &[String]| names.iter().any(|name| columns.contains(name));
    let says = |sql: &str| columns.iter().any(|name| mentions(sql, name));
    if is_of(&table.primary_key.columns) {
        table.primary_key = PrimaryKey::default();
    }
    table.uniques.retain(|unique| !is_of(&unique.columns));
    table.foreign_keys.retain(|key| !is_of(&key.columns));
    table.checks.retain(|check| !says(&check.sql));
    table.excludes.retain(|exclude| !says(&exclude.sql));
    table.indexes.retain(|index| {
        let is_of_part = |part: &IndexPart| match part {
            IndexPart::Column(name) => columns.contains(name),
            IndexPart::Expression(sql) => says(sql),
        };
        let is_of_columns = index.columns.iter().any(|column| is_of_part(&column.part)) || is_of(&index.include);
        !is_of_columns && !index.condition.as_deref().is_some_and(says)
    });
}

/// Returns whether an expression has a name in it.
pub(super) fn mentions(sql: &str, name: &str) -> bool {
    let is_name = |kind| matches!(kind, TokenKind::Word | TokenKind::Quoted);
    tokens(sql).iter().any(|token| is_name(token.kind) && token.name().eq_ignore_ascii_case(name))
}
