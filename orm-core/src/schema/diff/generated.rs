//! Keys that MySQL and MariaDB generate, which change in steps: a column generates only as long as a key begins with it, so it
//! stops before its key goes, and begins when its key has come.

use super::super::{Column, ColumnChange, Operation, PrimaryKey, TableName};
use super::{Comparison, Parts, Side};
use crate::schema::Constraint;

impl Comparison<'_> {
    /// Returns whether the key of a table changes where what is generated has to be in it.
    pub(super) fn changes_key(&self, wanted: &Side, found: &Side) -> bool {
        self.is_mysql() && !self.same_key(&wanted.normal, &found.normal)
    }
}

impl Side {
    /// Returns the columns whose values the database makes up.
    fn generated(&self) -> impl Iterator<Item = &Column> {
        self.given.columns.iter().filter(|column| column.is_generated)
    }

    fn with_key(&self, columns: &[String]) -> Side {
        let mut side = self.clone();
        for table in [&mut side.given, &mut side.normal] {
            table.primary_key = PrimaryKey { columns: columns.to_vec(), ..PrimaryKey::default() };
        }
        side
    }
}

impl Parts {
    /// Lets no column generate any more whose key goes, and returns the table without such.
    pub(super) fn stop_generating(
        &mut self,
        table: &TableName,
        wanted: &Side,
        found: Side,
        cx: &Comparison<'_>,
    ) -> Side {
        if !cx.changes_key(wanted, &found) {
            return found;
        }
        let changes = found.generated().map(|column| generation(table, column, &plain(column)));
        self.dropping.extend(changes);
        let mut found = found;
        for column in found.given.columns.iter_mut().chain(&mut found.normal.columns) {
            *column = plain(column);
        }
        found
    }

    /// Notes that a column generates as soon as its key is there, and returns it as it is until then.
    pub(super) fn generate_later(&mut self, table: &TableName, column: &Column) -> Column {
        let until = plain(column);
        self.generating.push(generation(table, &until, column));
        until
    }

    /// Returns the table as it is when its columns are there, of which one that generates brings a key: itself.
    pub(super) fn with_key_of_new(
        &mut self,
        table: &TableName,
        wanted: &Side,
        found: Side,
        cx: &Comparison<'_>,
    ) -> Side {
        let is_new = |column: &&Column| found.given.find_column(&column.name).is_none();
        let Some(column) = wanted.generated().find(is_new).filter(|_| cx.is_mysql()) else { return found };
        let found = found.with_key(std::slice::from_ref(&column.name));
        if cx.same_key(&wanted.normal, &found.normal) {
            return found;
        }
        let until = self.generate_later(table, column);
        let constraint = Constraint::PrimaryKey(found.given.primary_key.clone());
        self.rest.push(generation(table, column, &until));
        self.rest.push(Operation::DropConstraint { table: table.clone(), constraint });
        found
    }
}

fn plain(column: &Column) -> Column {
    Column { is_generated: false, identity: None, ..column.clone() }
}

fn generation(table: &TableName, from: &Column, to: &Column) -> Operation {
    let (from, to) = (Box::new(from.clone()), Box::new(to.clone()));
    Operation::AlterColumn { table: table.clone(), from, to, changes: vec![ColumnChange::Generation] }
}
