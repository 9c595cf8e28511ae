//! Rows of association tables: pairs of keys, added and taken away.

use std::collections::HashMap;

use orm_pool::Value;

use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, RelationshipInfo};
use crate::session::{BindRequest, Connections, Key, Objects, PairChange, StatementKind};
use crate::sql::{DeleteNode, InsertNode, Node, Statement};

/// Writes what was added to and taken from many-to-many relationships.
pub(super) async fn emit(objects: &Objects, connections: &mut Connections, pairs: &[PairChange]) -> Result<()> {
    let mut tables: Vec<Table> = Vec::new();
    for pair in pairs {
        note(objects, &mut tables, pair)?;
    }
    for table in &tables {
        let connection = connections.of(BindRequest::write(table.mapper, StatementKind::Delete)).await?;
        remove(connection, table, table.rows_to_be(false)).await?;
    }
    for table in &tables {
        let connection = connections.of(BindRequest::write(table.mapper, StatementKind::Insert)).await?;
        add(connection, table, table.rows_to_be(true)).await?;
    }
    Ok(())
}

/// What happens to the rows of one association table.
struct Table {
    mapper: &'static Mapper,
    columns: Vec<u16>,
    rows: Vec<Change>,
    known: HashMap<Key, usize, foldhash::fast::RandomState>,
}

/// What happens to one row: the first and the last of what was done to it.
struct Change {
    row: Vec<Value>,
    first_adds: bool,
    last_adds: bool,
}

impl Table {
    /// Returns the rows to be added or removed. Added and removed again, or the reverse, is as if nothing had been done.
    fn rows_to_be(&self, added: bool) -> Vec<&[Value]> {
        let changes = self.rows.iter().filter(|row| row.first_adds == added && row.last_adds == added);
        changes.map(|change| change.row.as_slice()).collect()
    }
}

/// Notes a pair once, although both sides of the relationship may have told it.
fn note(objects: &Objects, tables: &mut Vec<Table>, pair: &PairChange) -> Result<()> {
    let (owner, index) = pair.relationship;
    let info = &owner.configured()?.relationships[usize::from(index)];
    let (mapper, columns, row) = row(objects, info, pair)?;
    let position = tables.iter().position(|table| table.mapper.is(mapper) && table.columns == columns);
    let position = position.unwrap_or_else(|| {
        tables.push(Table { mapper, columns, rows: Vec::new(), known: HashMap::default() });
        tables.len() - 1
    });
    let Some(table) = tables.get_mut(position) else { return Ok(()) };
    let Some(key) = Key::of(row.iter().cloned()) else {
        return Err(Error::new(ErrorKind::InvalidRequest, format!("`{}` holds an object without a key", info.name())));
    };
    match table.known.get(&key) {
        Some(&known) => table.rows[known].last_adds = pair.is_added,
        None => {
            table.known.insert(key, table.rows.len());
            table.rows.push(Change { row, first_adds: pair.is_added, last_adds: pair.is_added });
        }
    }
    Ok(())
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
    let owner = objects.stored(objects.slot(pair.owner, info.owner.definition.name)?);
    let member = objects.stored(objects.slot(pair.member, info.target.definition.name)?);
    let near = info.pairs.iter().map(|&(own, column)| (column, owner.column(usize::from(own))));
    let far = secondary.pairs.iter().map(|&(column, other)| (column, member.column(usize::from(other))));
    let mut cells: Vec<(u16, Value)> = near.chain(far).collect();
    // Both directions of a relationship write the same columns in the same order.
    cells.sort_by_key(|(column, _)| *column);
    let (columns, values) = cells.into_iter().unzip();
    Ok((secondary.mapper, columns, values))
}

/// Inserts rows, with what a builder would have filled the other columns with.
async fn add(connection: &mut Connection, table: &Table, rows: Vec<&[Value]>) -> Result<()> {
    let mapper = table.mapper;
    let others = (0..mapper.width() as u16).filter(|column| !table.columns.contains(column));
    let has_default = |&column: &u16| (mapper.default)(usize::from(column)).is_some();
    let others: Vec<u16> = others.filter(has_default).collect();
    let columns: Vec<u16> = table.columns.iter().chain(&others).copied().collect();
    let most = (connection.dialect().capabilities().max_parameters / columns.len().max(1)).max(1);
    for chunk in rows.chunks(most) {
        let row = |row: &&[Value]| {
            let defaults = others.iter().filter_map(|&column| (mapper.default)(usize::from(column)));
            row.iter().cloned().chain(defaults).map(Node::Bind).collect()
        };
        let statement = InsertNode::rows(mapper, columns.clone(), chunk.iter().map(row).collect());
        connection.change_one(Statement::Insert(Box::new(statement))).await?;
    }
    Ok(())
}

async fn remove(connection: &mut Connection, table: &Table, rows: Vec<&[Value]>) -> Result<()> {
    const CHUNK: usize = 250;
    let mapper = table.mapper;
    for chunk in rows.chunks(CHUNK) {
        let is_row = |row: &&[Value]| {
            let cells = table.columns.iter().zip(*row).map(|(&column, value)| {
                Node::equals(Node::Column { mapper, column, alias: Alias::NONE }, Node::Bind(value.clone()))
            });
            Node::All(cells.collect())
        };
        let filters = vec![Node::Any(chunk.iter().map(is_row).collect())];
        let statement = Statement::Delete(Box::new(DeleteNode::new(mapper, filters)));
        let changed = connection.change_one(statement).await?;
        if changed < chunk.len() as u64 {
            let message = format!(
                "DELETE statement on table `{}` expected to delete {} row(s); only {changed} were matched",
                mapper.definition().table,
                chunk.len()
            );
            return Err(Error::new(ErrorKind::StaleData, message));
        }
    }
    Ok(())
}
