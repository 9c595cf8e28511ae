//! Rows of association tables: pairs of keys, added and taken away.

use orm_pool::Value;

use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, RelationshipInfo};
use crate::session::{Objects, PairChange};
use crate::sql::{DeleteNode, InsertNode, Node, Statement};

/// Writes what was added to and taken from many-to-many relationships.
pub(super) async fn emit(objects: &mut Objects, connection: &mut Connection) -> Result<()> {
    let pairs = std::mem::take(&mut objects.pairs);
    let (added, removed): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| pair.is_added);
    for (mapper, columns, rows) in tables(objects, removed)? {
        remove(connection, mapper, &columns, rows).await?;
    }
    for (mapper, columns, rows) in tables(objects, added)? {
        add(connection, mapper, &columns, rows).await?;
    }
    Ok(())
}

/// Rows of one association table: its columns and their values.
type Table = (&'static Mapper, Vec<u16>, Vec<Vec<Value>>);

fn tables(objects: &Objects, pairs: Vec<PairChange>) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for pair in pairs {
        let (owner, index) = pair.relationship;
        let info = &owner.configured()?.relationships[usize::from(index)];
        let (mapper, columns, row) = row(objects, info, &pair)?;
        match tables.iter_mut().find(|(known, names, _)| known.is(mapper) && *names == columns) {
            Some((_, _, rows)) => rows.push(row),
            None => tables.push((mapper, columns, vec![row])),
        }
    }
    Ok(tables)
}

/// Returns the association row of a pair.
fn row(
    objects: &Objects,
    info: &RelationshipInfo,
    pair: &PairChange,
) -> Result<(&'static Mapper, Vec<u16>, Vec<Value>)> {
    let Some(secondary) = &info.secondary else {
        return Err(Error::new(ErrorKind::Configuration, format!("`{}` has no association table", info.name())));
    };
    let owner = objects.object(objects.slot(pair.owner, info.owner.definition.name)?);
    let member = objects.object(objects.slot(pair.member, info.target.definition.name)?);
    let near = info.pairs.iter().map(|&(own, column)| (column, owner.column(usize::from(own))));
    let far = secondary.pairs.iter().map(|&(column, other)| (column, member.column(usize::from(other))));
    let mut cells: Vec<(u16, Value)> = near.chain(far).collect();
    // Both directions of a relationship write the same columns in the same order.
    cells.sort_by_key(|(column, _)| *column);
    let (columns, values) = cells.into_iter().unzip();
    Ok((secondary.mapper, columns, values))
}

async fn add(
    connection: &mut Connection,
    mapper: &'static Mapper,
    columns: &[u16],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    let engine = connection.engine.clone();
    let most = (engine.dialect().capabilities().max_parameters / columns.len().max(1)).max(1);
    let mut rows = rows.into_iter().map(|row| row.into_iter().map(Node::Bind).collect()).peekable();
    while rows.peek().is_some() {
        let statement = InsertNode {
            mapper,
            columns: columns.to_vec(),
            rows: rows.by_ref().take(most).collect(),
            on_conflict: None,
            returning: Vec::new(),
        };
        engine.change(&mut connection.guard, vec![Statement::Insert(Box::new(statement))]).await?;
    }
    Ok(())
}

async fn remove(
    connection: &mut Connection,
    mapper: &'static Mapper,
    columns: &[u16],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    const CHUNK: usize = 250;
    let engine = connection.engine.clone();
    for chunk in rows.chunks(CHUNK) {
        let is_row = |row: &Vec<Value>| {
            let cells = columns.iter().zip(row).map(|(&column, value)| {
                Node::equals(Node::Column { mapper, column, alias: Alias::NONE }, Node::Bind(value.clone()))
            });
            Node::All(cells.collect())
        };
        let filters = vec![Node::Any(chunk.iter().map(is_row).collect())];
        let statement = Statement::Delete(Box::new(DeleteNode { mapper, filters, returning: Vec::new() }));
        let changed = engine.change(&mut connection.guard, vec![statement]).await?;
        if changed < chunk.len() as u64 {
            let message = format!(
                "DELETE statement on table `{}` expected to delete {} rows; only {changed} were matched",
                mapper.definition().table,
                chunk.len()
            );
            return Err(Error::new(ErrorKind::StaleData, message));
        }
    }
    Ok(())
}
