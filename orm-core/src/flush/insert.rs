//! INSERT of new objects: neighbours of one shape in one statement, keys and defaults brought home.
//!
//! A row is matched to its object by key, never by the order in which rows come back: where the database generates the
//! keys, the session either takes the next ones itself, under the write lock that SQLite gives to one transaction alone,
//! or inserts one row at a time.

use std::collections::HashMap;
use std::ops::ControlFlow;

use orm_pool::Value;

use super::order::is_post_update;
use crate::dialect::Capabilities;
use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, ColumnSet, Mapper, Misread};
use crate::session::{Key, Objects, State, as_row_value};
use crate::sql::{InsertNode, Node, Output, Statement};
use crate::types::same;

/// Inserts the rows of one level. Foreign keys that have to wait for other rows go to `late`.
pub(super) async fn emit(
    objects: &mut Objects,
    connection: &mut Connection,
    slots: Vec<u32>,
    late: &mut Vec<u32>,
) -> Result<()> {
    for &slot in &slots {
        if fill_foreign_keys(objects, slot)? {
            late.push(slot);
        }
        note_changes(objects, slot);
        reject_unfilled(objects, slot)?;
    }
    for batch in batches(objects, &slots) {
        insert(objects, connection, &batch).await?;
    }
    Ok(())
}

/// Copies the keys of linked objects into the foreign keys of an object; `true` if one is not there yet.
pub(super) fn fill_foreign_keys(objects: &mut Objects, slot: u32) -> Result<bool> {
    let mapper = objects.get(slot).mapper;
    let mut waits = false;
    for link in objects.get(slot).links.clone() {
        let key = &mapper.configured()?.foreign_keys[link.foreign_key];
        let parent = match link.parent {
            Some(parent) => Some(objects.slot(parent, key.target.definition.name)?),
            None => None,
        };
        let state = parent.map(|parent| objects.get(parent).state);
        if matches!(state, Some(State::Transient | State::Deleted | State::Detached)) {
            let (name, target) = (mapper.definition.name, key.target.definition.name);
            let message = format!("`{name}` refers to a `{target}` that has no row: it was deleted, or never saved");
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        if state == Some(State::Pending) {
            if !is_post_update(mapper, link.foreign_key)? {
                let name = mapper.definition.name;
                let message = format!("`{name}` refers to a new `{}` that has no row yet", key.target.definition.name);
                return Err(Error::new(ErrorKind::InvalidRequest, message));
            }
            waits = true;
            continue;
        }
        for (&column, &target) in key.columns.iter().zip(&key.target_columns) {
            let value = match parent {
                Some(parent) => objects.object(parent).column(usize::from(target)),
                None => Value::Null(mapper.definition.columns[usize::from(column)].kind),
            };
            set_foreign_key(objects, slot, usize::from(column), &value)?;
        }
    }
    Ok(waits)
}

fn set_foreign_key(objects: &mut Objects, slot: u32, column: usize, value: &Value) -> Result<()> {
    let mapper = objects.get(slot).mapper;
    let definition = &mapper.definition.columns[column];
    let field = format!("{}.{}", mapper.definition.name, definition.field);
    if value.is_null() && !definition.nullable {
        let what = if definition.primary_key { "part of the primary key" } else { "NOT NULL" };
        let message = format!("`{field}` cannot be set to NULL, since it is {what}: its relationship was emptied");
        return Err(Error::new(ErrorKind::InvalidRequest, message).hint(
            "make the field an `Option`, delete the object, or say `cascade(all, delete_orphan)` on the collection",
        ));
    }
    objects.object_mut(slot).set_column(column, as_row_value(value)).map_err(|reason| {
        Error::new(ErrorKind::Data, format!("`{field}` cannot take the key it refers to: {}", reason.reason()))
    })?;
    objects.get_mut(slot).set.insert(column);
    Ok(())
}

/// Adds the columns that were changed since the object was added to those that were set.
fn note_changes(objects: &mut Objects, slot: u32) {
    let entry = objects.get(slot);
    let Some(base) = entry.base.clone() else { return };
    let object = objects.object(slot);
    let changed: Vec<usize> =
        (0..entry.mapper.width()).filter(|&column| !same(&base.column(column), &object.column(column))).collect();
    changed.into_iter().for_each(|column| objects.get_mut(slot).set.insert(column));
}

/// Refuses an object with a foreign key that nothing has filled.
fn reject_unfilled(objects: &Objects, slot: u32) -> Result<()> {
    let entry = objects.get(slot);
    let mapper = entry.mapper;
    for (position, key) in mapper.configured()?.foreign_keys.iter().enumerate() {
        for &column in &key.columns {
            let definition = &mapper.definition.columns[usize::from(column)];
            if definition.nullable || definition.server_default.is_some() || entry.set.contains(usize::from(column)) {
                continue;
            }
            let name = mapper.definition.name;
            let relationship = mapper.configured()?.relationships.iter().find(|info| {
                info.link.is_some_and(|link| link.child.is(mapper) && link.foreign_key == position)
                    && info.owner.is(mapper)
            });
            let message = format!("`{name}.{}` is NOT NULL, and nothing has filled it", definition.field);
            let hint = match relationship {
                Some(info) => format!("set `{}` or `{}`", info.definition.name, definition.field),
                None => format!(
                    "set `{}`, or add the object through a collection of `{}`",
                    definition.field, key.target.definition.name
                ),
            };
            return Err(Error::new(ErrorKind::InvalidRequest, message).hint(hint));
        }
    }
    Ok(())
}

/// Rows of one model that set the same columns.
struct Batch {
    mapper: &'static Mapper,
    set: ColumnSet,
    slots: Vec<u32>,
}

/// Gathers rows of one shape. Where the database generates the key, only neighbours: keys rise as objects were added.
fn batches(objects: &Objects, slots: &[u32]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for &slot in slots {
        let entry = objects.get(slot);
        let fits = |batch: &&mut Batch| batch.mapper.is(entry.mapper) && batch.set == entry.set;
        let is_generated = generated_key(entry.mapper, &entry.set).is_some();
        let known = if is_generated {
            batches.iter_mut().rev().find(|batch| batch.mapper.is(entry.mapper)).filter(fits)
        } else {
            batches.iter_mut().find(fits)
        };
        match known {
            Some(batch) => batch.slots.push(slot),
            None => batches.push(Batch { mapper: entry.mapper, set: entry.set.clone(), slots: vec![slot] }),
        }
    }
    batches
}

/// Returns the column whose value the database is to generate.
fn generated_key(mapper: &Mapper, set: &ColumnSet) -> Option<usize> {
    let columns = mapper.definition.columns;
    columns.iter().position(|column| column.generated).filter(|&column| !set.contains(column))
}

/// Inserts a batch and writes back what the database filled in.
async fn insert(objects: &mut Objects, connection: &mut Connection, batch: &Batch) -> Result<()> {
    let mapper = batch.mapper;
    let mut set = batch.set.clone();
    let generated = generated_key(mapper, &set);
    let capabilities = connection.engine.dialect().capabilities();
    let mut one_by_one = generated.is_some();
    if let Some(column) = generated
        && capabilities.reserves_keys
        && batch.slots.len() > 1
    {
        reserve_keys(objects, connection, batch, column).await?;
        set.insert(column);
        one_by_one = false;
    }
    let filled: Vec<u16> = columns_where(mapper, |column, definition| {
        !set.contains(column) && (definition.server_default.is_some() || definition.computed.is_some())
    });
    let columns: Vec<u16> =
        columns_where(mapper, |column, definition| set.contains(column) && definition.computed.is_none());
    let most = (capabilities.max_parameters / columns.len().max(1)).max(1);
    let rows_at_once = if one_by_one || columns.is_empty() { 1 } else { most };
    for slots in batch.slots.chunks(rows_at_once) {
        slots.iter().for_each(|&slot| objects.save(slot));
        let rows = slots.iter().map(|&slot| {
            let object = objects.object(slot);
            columns.iter().map(|&column| Node::Bind(object.column(usize::from(column)))).collect()
        });
        let wanted = generated.filter(|_| one_by_one);
        let returning = returned(mapper, wanted, &filled, capabilities);
        let statement = InsertNode {
            mapper,
            columns: columns.clone(),
            rows: rows.collect(),
            on_conflict: None,
            returning: returning.iter().map(|&column| output(mapper, column)).collect(),
        };
        let last_key = send(objects, connection, statement, slots, &returning).await?;
        if let Some(column) = wanted {
            take_key(objects, slots[0], column, last_key)?;
        }
        for &slot in slots {
            objects.get_mut(slot).state = State::Persistent;
            objects.identify(slot);
            objects.follow_keys(slot, None)?;
        }
    }
    Ok(())
}

fn columns_where(mapper: &Mapper, keep: impl Fn(usize, &crate::mapper::Column) -> bool) -> Vec<u16> {
    let columns = mapper.definition.columns.iter().enumerate();
    columns.filter(|(position, column)| keep(*position, column)).map(|(position, _)| position as u16).collect()
}

fn output(mapper: &'static Mapper, column: u16) -> Output {
    Output::expression(Node::Column { mapper, column, alias: Alias::NONE }, true)
}

/// Returns the columns that an INSERT gives back: the key and what was filled, or none where there is nothing to learn.
fn returned(mapper: &Mapper, generated: Option<usize>, filled: &[u16], capabilities: &Capabilities) -> Vec<u16> {
    // SQLite tells the last key without being asked.
    let tells_key = generated.is_none() || capabilities.reserves_keys;
    if !capabilities.returning.insert || (filled.is_empty() && tells_key) {
        return Vec::new();
    }
    mapper.definition.key.iter().chain(filled).copied().collect()
}

/// Takes the next keys of a table, which no other transaction can take: this one has the only write lock, or its INSERT
/// fails because another has written since it read.
async fn reserve_keys(objects: &mut Objects, connection: &mut Connection, batch: &Batch, column: usize) -> Result<()> {
    let mapper = batch.mapper;
    let greatest = greatest_key(connection, mapper, column).await?;
    let count = batch.slots.len() as i64;
    if greatest.checked_add(count).is_none() {
        let message = format!("table `{}` has no {count} keys left", mapper.definition.table);
        return Err(Error::new(ErrorKind::Operational, message));
    }
    for (key, &slot) in (greatest + 1..).zip(&batch.slots) {
        set_generated_key(objects, slot, column, key)?;
    }
    Ok(())
}

async fn greatest_key(connection: &mut Connection, mapper: &'static Mapper, column: usize) -> Result<i64> {
    let dialect = connection.engine.dialect();
    let mut table = String::new();
    dialect.write_identifier(mapper.definition.table, &mut table);
    let mut name = String::new();
    dialect.write_identifier(mapper.definition.columns[column].name, &mut name);
    let mut sql = format!("SELECT coalesce(max({name}), 0) FROM {table}");
    if mapper.definition.options.iter().any(|(option, _)| *option == "sqlite_autoincrement") {
        // AUTOINCREMENT never gives a key again, not even that of a deleted row.
        let literal = mapper.definition.table.replace('\'', "''");
        sql = format!(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{literal}'), 0), \
             (SELECT coalesce(max({name}), 0) FROM {table}))"
        );
    }
    let rows: Vec<i64> = connection.engine.clone().fetch(&mut connection.guard, sql_request(sql)).await?;
    Ok(rows.first().copied().unwrap_or_default().max(0))
}

/// SQL that the session itself writes.
fn sql_request(sql: String) -> crate::engine::Request {
    let parts = vec![crate::sql::TextPart::Sql(sql)];
    let text = crate::sql::TextNode { parts, model: None };
    crate::engine::Request::new(vec![Statement::Text(Box::new(text))], Vec::new())
}

fn set_generated_key(objects: &mut Objects, slot: u32, column: usize, key: i64) -> Result<()> {
    objects.save(slot);
    let mapper = objects.get(slot).mapper;
    objects.object_mut(slot).set_column(column, orm_pool::ValueRef::Int(key)).map_err(|reason| {
        let field = mapper.definition.columns[column].field;
        let name = mapper.definition.name;
        Error::new(
            ErrorKind::Data,
            format!("`{name}.{field}` cannot take the generated key {key}: {}", reason.reason()),
        )
    })?;
    objects.get_mut(slot).has_generated_key = true;
    Ok(())
}

/// Gives an object the key that the database generated for its row, unless RETURNING has brought it.
fn take_key(objects: &mut Objects, slot: u32, column: usize, last_key: Option<i64>) -> Result<()> {
    if objects.get(slot).has_generated_key {
        return Ok(());
    }
    let Some(key) = last_key else {
        let name = objects.get(slot).mapper.definition.name;
        let message = format!("the INSERT of `{name}` gave no key back");
        return Err(
            Error::new(ErrorKind::Operational, message).hint("check that no trigger keeps the row from being inserted")
        );
    };
    set_generated_key(objects, slot, column, key)
}

/// Sends an INSERT, and puts what it returns into the objects: a single row into the only one, others by their key.
async fn send(
    objects: &mut Objects,
    connection: &mut Connection,
    statement: InsertNode,
    slots: &[u32],
    returning: &[u16],
) -> Result<Option<i64>> {
    let mapper = statement.mapper;
    let count = statement.rows.len() as u64;
    let keys = mapper.definition.key;
    let mut by_key: HashMap<Key, u32> = HashMap::new();
    if !returning.is_empty() && slots.len() > 1 {
        by_key = slots.iter().filter_map(|&slot| Some((Key::of_object(objects.object(slot))?, slot))).collect();
    }
    let engine = connection.engine.clone();
    let prepared = engine.prepare(Statement::Insert(Box::new(statement)))?;
    let mut matched = 0;
    let done = engine
        .run(&mut connection.guard, &prepared, |row| {
            let slot = match slots {
                [only] => Some(*only),
                _ => Key::of_row_columns(&row, 0..keys.len()).and_then(|key| by_key.remove(&key)),
            };
            if let Some(slot) = slot {
                matched += 1;
                for (position, &column) in returning.iter().enumerate() {
                    objects
                        .object_mut(slot)
                        .set_column(usize::from(column), row.value(position))
                        .map_err(|reason| Misread::new(position, reason))?;
                }
                let is_generated = mapper.definition.columns[usize::from(keys[0])].generated;
                objects.get_mut(slot).has_generated_key |= is_generated;
            }
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    if done.rows_affected != count || (!returning.is_empty() && matched != slots.len()) {
        let message = format!(
            "the INSERT of {count} rows into `{}` inserted {} and gave {matched} back",
            mapper.definition.table, done.rows_affected
        );
        return Err(Error::new(ErrorKind::StaleData, message).hint("check the triggers of the table"));
    }
    Ok(done.last_insert_id)
}
