//! Names that move from tables which go to others: what bears them is dropped before, not with its table, which goes last.
//!
//! An index of SQLite and PostgreSQL is known by its name alone, as is what has one on PostgreSQL: a key or a constraint; MySQL
//! knows foreign keys so.

use super::super::{ForeignKey, Table};
use super::{Comparison, Parts, Side};
use crate::dialect::Dialect;
use crate::schema::operation::{Constraint, Operation, TableName};

/// A schema and what is called so in it.
type Name = (Option<String>, String);

impl Parts {
    /// Drops what gives its name to something new before that comes.
    pub(super) fn free_names(&mut self, created: &[Operation], dropped: &[&Side], cx: &Comparison<'_>) {
        let added = created.iter().chain(&self.rest).chain(&self.added_keys);
        let taken: Vec<Name> = added.flat_map(|operation| cx.names_of(operation)).collect();
        let (mut freed, mut keys) = (Vec::new(), Vec::new());
        for &table in dropped {
            let name: TableName = (&table.given).into();
            let is_taken = |of: Option<&str>| {
                let is_it = |(schema, known): &Name| Some(known.as_str()) == of && *schema == name.schema;
                taken.iter().any(is_it)
            };
            for constraint in cx.named_constraints(&table.given) {
                if !is_taken(constraint.name()) {
                    continue;
                }
                match constraint {
                    Constraint::ForeignKey(key) => keys.push((name.clone(), key)),
                    constraint => {
                        keys.extend(keys_to(&table.given, dropped));
                        freed.push(Operation::DropConstraint { table: name.clone(), constraint });
                    }
                }
            }
            let by_name = matches!(cx.dialect, Some(Dialect::Sqlite | Dialect::Postgres));
            for index in table.given.indexes.iter().filter(|index| by_name && is_taken(index.name.as_deref())) {
                if cx.dialect == Some(Dialect::Postgres) {
                    keys.extend(keys_to(&table.given, dropped));
                }
                freed.push(Operation::DropIndex { table: name.clone(), index: index.clone() });
            }
        }
        for (table, key) in keys {
            let is_it = |known: &Operation| {
                matches!(known, Operation::DropConstraint { table: of, constraint }
                    if *of == table && constraint.name() == key.name.as_deref())
            };
            if !self.dropped_keys.iter().any(is_it) {
                self.drop_key(table, key);
            }
        }
        // SQLite copies a table where the first of its changes stands.
        self.dropping.splice(0..0, freed);
    }
}

/// Returns the foreign keys by which tables that go refer to one of them.
fn keys_to(target: &Table, dropped: &[&Side]) -> Vec<(TableName, ForeignKey)> {
    let of_table = |side: &&Side| {
        let keys = side.given.foreign_keys.iter().filter(|key| key.refers_to(target)).cloned();
        let table: TableName = (&side.given).into();
        keys.map(move |key| (table.clone(), key)).collect::<Vec<_>>()
    };
    dropped.iter().flat_map(of_table).collect()
}

impl Comparison<'_> {
    /// Returns the constraints of which there is one of a name in a schema.
    fn named_constraints(&self, table: &Table) -> Vec<Constraint> {
        match self.dialect {
            Some(Dialect::Postgres) => {
                let key = std::iter::once(table.primary_key.clone()).map(Constraint::PrimaryKey);
                let uniques = table.uniques.iter().cloned().map(Constraint::Unique);
                key.chain(uniques).chain(table.excludes.iter().cloned().map(Constraint::Exclude)).collect()
            }
            Some(Dialect::MySql | Dialect::MariaDb) => {
                table.foreign_keys.iter().cloned().map(Constraint::ForeignKey).collect()
            }
            Some(Dialect::Sqlite) | None => Vec::new(),
        }
    }

    /// Returns the names that something new takes.
    fn names_of(&self, operation: &Operation) -> Vec<Name> {
        let of = |schema: &Option<String>, name: Option<&str>| Some((schema.clone(), self.normal_name(name)?));
        match operation {
            Operation::CreateTable(table) => {
                let constraints = self.named_constraints(table);
                let constraints = constraints.iter().map(Constraint::name);
                let names = constraints.chain(table.indexes.iter().map(|index| index.name.as_deref()));
                names.filter_map(|name| of(&table.schema, name)).collect()
            }
            Operation::AddConstraint { table, constraint } => {
                of(&table.schema, constraint.name()).into_iter().collect()
            }
            Operation::CreateIndex { table, index } => of(&table.schema, index.name.as_deref()).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
