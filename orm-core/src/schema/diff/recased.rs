//! Columns whose names change in case alone, which are one name to MySQL and MariaDB: they are renamed, not dropped and added.

use super::super::{IndexPart, Table};
use crate::schema::operation::Operation;

/// Returns what renames such columns, and renames them in the tables that were found.
pub(super) fn renames(wanted: &[Table], found: &mut [Table]) -> Vec<Operation> {
    let mut operations = Vec::new();
    for position in 0..found.len() {
        let from = &found[position];
        let is_it = |to: &&Table| (&to.schema, &to.name) == (&from.schema, &from.name);
        let Some(to) = wanted.iter().find(is_it) else { continue };
        let names = to.columns.iter().filter(|to| from.find_column(&to.name).is_none());
        let alike = |name: &String| {
            let is_like = |other: &&str| other.to_lowercase() == name.to_lowercase();
            from.columns.iter().map(|column| column.name.as_str()).find(is_like).map(str::to_owned)
        };
        let pairs: Vec<(String, String)> =
            names.filter_map(|column| Some((alike(&column.name)?, column.name.clone()))).collect();
        for (from, to) in pairs {
            operations.push(Operation::RenameColumn {
                table: (&found[position]).into(),
                from: from.clone(),
                to: to.clone(),
            });
            rename(found, position, &from, &to);
        }
    }
    operations
}

/// Renames a column of a table wherever it is named; expressions are compared without case.
fn rename(tables: &mut [Table], position: usize, from: &str, to: &str) {
    let named = |names: &mut Vec<String>| {
        names.iter_mut().filter(|name| *name == from).for_each(|name| to.clone_into(name));
    };
    let table = &mut tables[position];
    table.columns.iter_mut().filter(|column| column.name == from).for_each(|column| to.clone_into(&mut column.name));
    named(&mut table.primary_key.columns);
    table.uniques.iter_mut().for_each(|unique| named(&mut unique.columns));
    table.foreign_keys.iter_mut().for_each(|key| named(&mut key.columns));
    for column in table.indexes.iter_mut().flat_map(|index| &mut index.columns) {
        match &mut column.part {
            IndexPart::Column(name) if name == from => to.clone_into(name),
            _ => {}
        }
    }
    let target = table.clone();
    let keys = tables.iter_mut().flat_map(|table| &mut table.foreign_keys);
    keys.filter(|key| key.refers_to(&target)).for_each(|key| named(&mut key.target_columns));
}
