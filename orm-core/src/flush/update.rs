//! UPDATE of changed objects: only the columns that differ, and only while the row is as it was read.

use orm_pool::Value;

use super::insert::fill_foreign_keys;
use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, Object};
use crate::session::{Objects, State, as_row_value};
use crate::sql::{Node, Operator, Statement, UpdateNode};
use crate::types::same;

/// Splits objects into those whose links lead to rows that exist, and those that have to wait.
pub(super) fn split(objects: &Objects, slots: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
    slots.into_iter().partition(|&slot| {
        let parents = objects.get(slot).links.iter().filter_map(|link| link.parent);
        parents.into_iter().all(|parent| objects.get(parent.slot).state == State::Persistent)
    })
}

/// Updates the rows of some objects.
pub(super) async fn emit(objects: &mut Objects, connection: &mut Connection, slots: &[u32]) -> Result<()> {
    for &slot in slots {
        objects.touch(slot);
        fill_foreign_keys(objects, slot)?;
        let Some(statement) = statement(objects, slot)? else { continue };
        let engine = connection.engine.clone();
        let changed = engine.change(&mut connection.guard, vec![statement]).await?;
        if changed != 1 {
            return Err(stale(objects, slot, "UPDATE", changed));
        }
        objects.identify(slot);
        let before = objects.get(slot).base.clone();
        objects.follow_keys(slot, before.as_deref())?;
        objects.renew_base(slot);
    }
    Ok(())
}

/// Makes the UPDATE of an object, or none if no column differs.
fn statement(objects: &mut Objects, slot: u32) -> Result<Option<Statement>> {
    let entry = objects.get(slot);
    let mapper = entry.mapper;
    let Some(base) = entry.base.clone() else { return Ok(None) };
    let object = objects.object(slot);
    let changed: Vec<usize> = (0..mapper.width())
        .filter(|&column| mapper.definition.columns[column].computed.is_none())
        .filter(|&column| !same(&base.column(column), &object.column(column)))
        .collect();
    if changed.is_empty() {
        return Ok(None);
    }
    let version = mapper.definition.version.map(usize::from);
    let mut filters = key_filters(mapper, &*base);
    if entry.was_expired && version.is_none() {
        // It was changed without being read again: whoever changed the same columns since must not be overwritten.
        filters.extend(changed.iter().map(|&column| {
            Node::binary(Operator::IsNotDistinctFrom, column_of(mapper, column), Node::Bind(base.column(column)))
        }));
    }
    let mut sets: Vec<(u16, Node)> =
        changed.iter().map(|&column| (column as u16, Node::Bind(object.column(column)))).collect();
    for (column, definition) in mapper.definition.columns.iter().enumerate() {
        if let Some(on_update) = definition.on_update
            && !changed.contains(&column)
        {
            set(objects, slot, column, &on_update())?;
            sets.push((column as u16, Node::Bind(objects.object(slot).column(column))));
        }
    }
    if let Some(column) = version {
        let next = next_version(mapper, column, &base.column(column))?;
        filters.push(Node::equals(column_of(mapper, column), Node::Bind(base.column(column))));
        sets.retain(|(changed, _)| usize::from(*changed) != column);
        set(objects, slot, column, &next)?;
        sets.push((column as u16, Node::Bind(next)));
    }
    Ok(Some(Statement::Update(Box::new(UpdateNode::new(mapper, sets, filters)))))
}

fn column_of(mapper: &'static Mapper, column: usize) -> Node {
    Node::Column { mapper, column: column as u16, alias: Alias::NONE }
}

/// The conditions that name the row of an object, by the key that the database has.
pub(super) fn key_filters(mapper: &'static Mapper, object: &dyn Object) -> Vec<Node> {
    let key = mapper.definition.key.iter().map(|&column| usize::from(column));
    key.map(|column| Node::equals(column_of(mapper, column), Node::Bind(object.column(column)))).collect()
}

fn set(objects: &mut Objects, slot: u32, column: usize, value: &Value) -> Result<()> {
    let mapper = objects.get(slot).mapper;
    objects.object_mut(slot).set_column(column, as_row_value(value)).map_err(|reason| {
        let field = mapper.definition.columns[column].field;
        Error::new(ErrorKind::Data, format!("`{}.{field}` cannot be set: {}", mapper.definition.name, reason.reason()))
    })
}

fn next_version(mapper: &Mapper, column: usize, now: &Value) -> Result<Value> {
    match now {
        Value::Int16(version) => Ok(Value::Int16(version.wrapping_add(1))),
        Value::Int32(version) => Ok(Value::Int32(version.wrapping_add(1))),
        Value::Int64(version) => Ok(Value::Int64(version.wrapping_add(1))),
        _ => {
            let field = mapper.definition.columns[column].field;
            let message = format!("the version column `{}.{field}` is not an integer", mapper.definition.name);
            Err(Error::new(ErrorKind::Configuration, message))
        }
    }
}

/// Says that a row is not as it was when it was read.
pub(super) fn stale(objects: &Objects, slot: u32, verb: &str, changed: u64) -> Error {
    let mapper = objects.get(slot).mapper;
    let key: Vec<String> = mapper
        .definition
        .key
        .iter()
        .map(|&column| objects.object(slot).column(usize::from(column)).to_string())
        .collect();
    let message = format!(
        "{verb} statement on table `{}` expected to match 1 row; {changed} were matched",
        mapper.definition.table
    );
    Error::new(ErrorKind::StaleData, message).hint(format!(
        "`{}` with key {} was changed or deleted by someone else: roll back, read it again, and repeat",
        mapper.definition.name,
        key.join(", ")
    ))
}
