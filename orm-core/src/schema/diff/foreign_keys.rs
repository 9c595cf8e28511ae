//! Foreign keys and what changes around them: those that stay and stand in the way are dropped before and added again after;
//! those of new tables come when what they refer to is there.
//!
//! No database drops a key or a unique constraint that a foreign key refers to; MySQL neither an index that it is found
//! by, and it changes the type or the collation of a column on neither side of one; PostgreSQL does where it can still compare the two sides.
//! SQLite copies tables, and looks at foreign keys when that is done.

use super::super::{Column, ForeignKey, Index, Table, options};
use super::{Comparison, Side};
use crate::dialect::Dialect;
use crate::schema::ColumnChange;
use crate::types::ColumnType;

/// The columns of a table that something which changes is made of.
struct Changed<'a> {
    table: &'a Table,
    columns: Vec<String>,
    /// Whether it is a key or an index that goes; if not, a column that changes.
    is_index: bool,
}

impl Comparison<'_> {
    /// Returns the foreign keys of each of the found tables that stand in the way.
    pub(super) fn in_the_way(&self, wanted: &[Side], found: &[Side]) -> Vec<Vec<ForeignKey>> {
        if self.dialect == Some(Dialect::Sqlite) {
            return vec![Vec::new(); found.len()];
        }
        let mut changed = Vec::new();
        for from in found {
            if let Some(to) = wanted.iter().find(|to| to.is(from)) {
                self.changed(to, from, &mut changed);
            }
        }
        let of = |from: &Side| {
            let table = &from.normal;
            table.foreign_keys.iter().filter(|key| self.is_in_the_way(key, table, &changed)).cloned().collect()
        };
        found.iter().map(of).collect()
    }

    pub(super) fn is_mysql(&self) -> bool {
        matches!(self.dialect, Some(Dialect::MySql | Dialect::MariaDb))
    }

    /// Lists what changes of a table.
    fn changed<'a>(&self, wanted: &Side, found: &'a Side, changed: &mut Vec<Changed<'a>>) {
        let (to, from) = (&wanted.normal, &found.normal);
        let mut indexes = Vec::new();
        if !from.primary_key.columns.is_empty() && !self.same_key(to, from) {
            indexes.push(from.primary_key.columns.clone());
        }
        let uniques = from.uniques.iter().filter(|unique| !to.uniques.iter().any(|to| self.same_unique(to, unique)));
        indexes.extend(uniques.map(|unique| unique.columns.clone()));
        let gone = from.indexes.iter().filter(|index| !to.indexes.iter().any(|to| self.same_index(to, index)));
        indexes.extend(gone.filter(|index| index.is_unique || self.is_mysql()).map(Index::column_names));
        changed.extend(indexes.into_iter().map(|columns| Changed { table: from, columns, is_index: true }));
        for column in &from.columns {
            let Some(to) = to.find_column(&column.name) else { continue };
            let is_changed = match self.is_mysql() {
                true => self.is_changed_in_mysql((wanted, found), column, to),
                false => self.is_retyped(column, to),
            };
            if is_changed {
                changed.push(Changed { table: from, columns: vec![column.name.clone()], is_index: false });
            }
        }
    }

    /// MySQL, not MariaDB, neither lets a column of a foreign key begin or stop to generate.
    fn is_changed_in_mysql(&self, (wanted, found): (&Side, &Side), from: &Column, to: &Column) -> bool {
        let is_other = |change: &ColumnChange| match change {
            ColumnChange::Type | ColumnChange::Collation => true,
            ColumnChange::Generation => self.dialect == Some(Dialect::MySql),
            _ => false,
        };
        let stops = self.dialect == Some(Dialect::MySql) && from.is_generated && self.changes_key(wanted, found);
        let of_table = options::changes(&wanted.given, &found.given, Dialect::MySql);
        let is_converted = of_table.iter().any(|(name, ..)| name != "mysql_engine") && is_text(&from.column_type);
        stops || is_converted || self.changes(&found.given, from, to).iter().any(is_other)
    }

    fn is_in_the_way(&self, key: &ForeignKey, own: &Table, changed: &[Changed<'_>]) -> bool {
        changed.iter().any(|changed| {
            let is_own = std::ptr::eq(changed.table, own);
            let is_target = key.refers_to(changed.table);
            match changed.is_index {
                false => {
                    (is_own && key.columns.contains(&changed.columns[0]))
                        || (is_target && key.target_columns.contains(&changed.columns[0]))
                }
                // MySQL finds rows by an index that begins with the columns, on both sides.
                true if self.is_mysql() => {
                    (is_own && changed.columns.starts_with(&key.columns))
                        || (is_target && changed.columns.starts_with(&key.target_columns))
                }
                true => is_target && are_same(&changed.columns, &key.target_columns),
            }
        })
    }

    /// Returns which foreign keys of new tables come later, by the positions of the table and the key: those of cycles when all
    /// tables are there, and others when what they refer to is as it will be.
    pub(super) fn late(&self, forward: &[(usize, usize)], wanted: &[Side], found: &[Side]) -> Vec<(usize, usize)> {
        if self.dialect == Some(Dialect::Sqlite) {
            return Vec::new();
        }
        let waits = |key: &ForeignKey| {
            let target = wanted.iter().find(|wanted| key.refers_to(&wanted.given));
            let both = target.and_then(|to| Some((to, found.iter().find(|from| from.is(to))?)));
            both.is_some_and(|(to, from)| !self.is_ready(key, to, from))
        };
        let mut late = Vec::new();
        for (position, table) in wanted.iter().enumerate() {
            let is_new = !found.iter().any(|found| found.is(table));
            for (number, key) in table.given.foreign_keys.iter().enumerate() {
                if forward.contains(&(position, number)) || (is_new && waits(key)) {
                    late.push((position, number));
                }
            }
        }
        late
    }

    /// Adds, to those in the way, the foreign keys of a table that goes after one that they refer to.
    pub(super) fn with_those_of_cycles(
        &self,
        mut keys: Vec<ForeignKey>,
        (position, forward): (usize, &[(usize, usize)]),
        wanted: &[Side],
        found: &[Side],
    ) -> Vec<ForeignKey> {
        if self.dialect == Some(Dialect::Sqlite) {
            return keys;
        }
        let goes = |table: &&Side| !wanted.iter().any(|wanted| wanted.is(table));
        for &(_, number) in forward.iter().filter(|(table, _)| *table == position) {
            let key = &found[position].given.foreign_keys[number];
            let is_to_one_that_goes = found.iter().filter(goes).any(|other| key.refers_to(&other.given));
            if is_to_one_that_goes && keys.iter().all(|known| known.name != key.name) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Returns whether a new table can refer to a table that is there before this has changed.
    fn is_ready(&self, key: &ForeignKey, wanted: &Side, found: &Side) -> bool {
        let (to, from) = (&wanted.normal, &found.normal);
        let is_as_wanted = |name: &String| match (from.find_column(name), to.find_column(name)) {
            (Some(from), Some(to)) => !self.changes(&found.given, from, to).contains(&ColumnChange::Type),
            _ => false,
        };
        let has = |columns: &[String]| are_same(columns, &key.target_columns);
        let is_key = has(&from.primary_key.columns) && self.same_key(to, from);
        let is_unique = from
            .uniques
            .iter()
            .any(|unique| has(&unique.columns) && to.uniques.iter().any(|to| self.same_unique(to, unique)));
        let is_index = from
            .indexes
            .iter()
            .any(|index| has(&index.column_names()) && to.indexes.iter().any(|to| self.same_index(to, index)));
        key.target_columns.iter().all(is_as_wanted) && (is_key || is_unique || is_index)
    }
}

/// Returns whether values are of characters, which a table's other collation changes.
fn is_text(of: &ColumnType) -> bool {
    use ColumnType::{Char, Enum, String, Text};
    matches!(of, Char(_) | Enum { .. } | String(_) | Text)
}

fn are_same(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().all(|column| right.contains(column))
}

impl Side {
    /// Leaves out foreign keys.
    pub(super) fn without_keys(mut self, keys: &[ForeignKey], cx: &Comparison<'_>) -> Side {
        self.normal.foreign_keys.retain(|own| !keys.iter().any(|key| cx.same_foreign_key(own, key)));
        self
    }
}
