//! The table of a model.
//!
//! In: the constant [`Definition`] that the derive writes. Out: a [`Table`] whose constraints have no names yet.

use super::{CheckConstraint, Column, ForeignKey, Index, IndexColumn, PrimaryKey, Table, UniqueConstraint};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{CheckDefinition, ColumnReference, Definition, IndexDefinition, Mapper};

/// Makes the table of a model, without the names that a convention gives.
pub(super) fn table(definition: &Definition) -> Result<Table> {
    check_names(definition)?;
    let columns = definition.columns.iter().filter(|column| column.property.is_none());
    let columns = columns.map(|column| Column::of(definition, column));
    Ok(Table {
        schema: definition.schema.map(str::to_owned),
        name: definition.table.to_owned(),
        columns: columns.collect::<Result<_>>()?,
        primary_key: PrimaryKey::new(names(definition, definition.key)),
        uniques: uniques(definition),
        foreign_keys: foreign_keys(definition)?,
        checks: definition.checks.iter().map(check).collect(),
        excludes: Vec::new(),
        indexes: indexes(definition),
        comment: definition.comment.map(str::to_owned),
        prefixes: Vec::new(),
        options: definition.options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    })
}

fn check(definition: &CheckDefinition) -> CheckConstraint {
    CheckConstraint { name: definition.name.map(str::to_owned), ..CheckConstraint::new(definition.sql) }
}

/// Refuses two fields with one column.
fn check_names(definition: &Definition) -> Result<()> {
    for (position, column) in definition.columns.iter().enumerate() {
        if let Some(first) = definition.columns[..position].iter().find(|first| first.name == column.name) {
            let message = format!(
                "the fields `{0}.{1}` and `{0}.{2}` are both the column `{3}.{4}`",
                definition.name, first.field, column.field, definition.table, column.name
            );
            let hint = "name another column for one of them: `#[orm(column = \"…\")]`";
            return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
        }
    }
    Ok(())
}

/// Returns the names of the columns at these positions.
fn names(definition: &Definition, positions: &[u16]) -> Vec<String> {
    positions.iter().map(|position| definition.columns[usize::from(*position)].name.to_owned()).collect()
}

/// Those of single columns, then those of several. A column that is also indexed has a unique index instead.
fn uniques(definition: &Definition) -> Vec<UniqueConstraint> {
    let single = definition.columns.iter().filter(|column| column.unique && !column.index);
    let single = single.map(|column| UniqueConstraint::new([column.name]));
    let several = definition.uniques.iter().map(|unique| UniqueConstraint {
        name: unique.name.map(str::to_owned),
        deferrable: unique.deferrable,
        nulls_not_distinct: unique.nulls_not_distinct,
        ..UniqueConstraint::new(names(definition, unique.columns))
    });
    without_repeats(single.chain(several), |unique| (unique.columns.clone(), unique.name.clone())).collect()
}

/// Those of single columns, then those of several.
fn indexes(definition: &Definition) -> Vec<Index> {
    let single = definition.columns.iter().filter(|column| column.index);
    let single = single.map(|column| Index { is_unique: column.unique, ..Index::new([column.name]) });
    let several = definition.indexes.iter().map(|index| Index {
        name: index.name.map(str::to_owned),
        is_unique: index.is_unique,
        condition: index.condition.map(str::to_owned),
        method: index.method.map(str::to_owned),
        include: names(definition, index.include),
        nulls_not_distinct: index.nulls_not_distinct,
        ..Index::new(parts(definition, index))
    });
    let key =
        |index: &Index| (index.columns.clone(), index.name.clone(), index.condition.clone(), index.method.clone());
    without_repeats(single.chain(several), key).collect()
}

/// What an index is over, in order.
fn parts(definition: &Definition, index: &IndexDefinition) -> Vec<IndexColumn> {
    let mut parts: Vec<_> = names(definition, index.columns).into_iter().map(IndexColumn::column).collect();
    for (place, sql) in index.expressions {
        parts.insert(usize::from(*place), IndexColumn::expression(*sql));
    }
    for place in index.descending {
        parts[usize::from(*place)].is_descending = true;
    }
    parts
}

/// Those of single columns, then those of several.
fn foreign_keys(definition: &Definition) -> Result<Vec<ForeignKey>> {
    let mut keys = Vec::new();
    for column in definition.columns {
        if let Some(key) = column.foreign_key {
            let to = referring(definition, vec![column.name.to_owned()], &[(key.target)()])?;
            let (on_delete, on_update, deferrable) = (key.on_delete, key.on_update, key.deferrable);
            let name = column.foreign_key_name.map(str::to_owned);
            keys.push(ForeignKey { name, on_delete, on_update, deferrable, ..to });
        }
    }
    for group in definition.foreign_keys {
        let to = referring(definition, names(definition, group.columns), &(group.targets)())?;
        let (on_delete, on_update, deferrable) = (group.on_delete, group.on_update, group.deferrable);
        let name = group.name.map(str::to_owned);
        keys.push(ForeignKey { name, on_delete, on_update, deferrable, ..to });
    }
    let key = |key: &ForeignKey| (key.columns.clone(), key.target_table.clone());
    Ok(without_repeats(keys.into_iter(), key).collect())
}

/// A foreign key of which nothing is known but the columns.
fn referring(definition: &Definition, columns: Vec<String>, targets: &[ColumnReference]) -> Result<ForeignKey> {
    let of_one_table = |first: &Mapper| targets.iter().all(|target| target.mapper.is(first));
    let Some(target) = targets.first().filter(|first| targets.len() == columns.len() && of_one_table(first.mapper))
    else {
        let message = format!(
            "the foreign key on `{}.({})` does not refer to as many columns of one table",
            definition.table,
            columns.join(", ")
        );
        return Err(Error::new(ErrorKind::Configuration, message));
    };
    let target = target.mapper.definition();
    let positions: Vec<u16> = targets.iter().map(|target| target.column).collect();
    let target_schema = target.schema.map(str::to_owned);
    Ok(ForeignKey { target_schema, ..ForeignKey::new(columns, target.table, names(target, &positions)) })
}

/// Leaves out what was there before by its key: two constraints of one table cannot have one name.
fn without_repeats<T, K: PartialEq>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> impl Iterator<Item = T> {
    let mut known = Vec::new();
    items.filter(move |item| {
        let key = key(item);
        let is_new = !known.contains(&key);
        if is_new {
            known.push(key);
        }
        is_new
    })
}
