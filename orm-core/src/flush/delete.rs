//! DELETE of objects, by key, many in one statement.

use std::collections::HashSet;

use orm_pool::Value;

use super::update::{ROWS, RowChange, row_filters, stale, statement};
use super::{guards, tell};
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::Mapper;
use crate::session::{BindRequest, Connections, Moment, Objects, State, StatementKind};
use crate::sql::{DeleteNode, Statement};

/// How many rows one statement deletes by a list of keys.
const CHUNK: usize = 500;

/// Deletes the rows of one level.
pub(super) async fn emit(
    objects: &mut Objects,
    connections: &mut Connections,
    slots: Vec<u32>,
    parted: &HashSet<u32>,
) -> Result<()> {
    let mut rest = slots;
    while let Some(&first) = rest.first() {
        let mapper = objects.get(first).mapper;
        let (own, others): (Vec<u32>, Vec<u32>) =
            rest.into_iter().partition(|&slot| objects.get(slot).mapper.is(mapper));
        rest = others;
        tell(objects, Moment::BeforeDelete, &own)?;
        let connection = connections.of(BindRequest::write(mapper, StatementKind::Delete)).await?;
        delete(objects, connection, mapper, &own, parted).await?;
        for slot in own {
            objects.save(slot);
            objects.forget_identity(slot);
            objects.get_mut(slot).is_doomed = false;
            objects.set_state(slot, State::Deleted);
        }
    }
    Ok(())
}

/// Sets foreign keys of rows that are to be deleted to NULL, those of one row together; returns the rows. Where there is a
/// version this asks for it, since the database may count it up thereby: the rows are this transaction's from here on.
pub(super) async fn part(
    objects: &Objects,
    connections: &mut Connections,
    keys: &[(u32, usize)],
) -> Result<HashSet<u32>> {
    let mut parted = HashSet::new();
    let mut of_rows: Vec<(u32, Vec<usize>)> = Vec::new();
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    for (slot, foreign_key) in sorted {
        match of_rows.last_mut() {
            Some((last, keys)) if *last == slot => keys.push(foreign_key),
            _ => of_rows.push((slot, vec![foreign_key])),
        }
        parted.insert(slot);
    }
    while let Some((first, foreign_keys)) = of_rows.first().cloned() {
        let mapper = objects.get(first).mapper;
        let is_alike = |(slot, keys): &(u32, Vec<usize>)| objects.get(*slot).mapper.is(mapper) && *keys == foreign_keys;
        let (alike, others): (Vec<_>, Vec<_>) = of_rows.into_iter().partition(is_alike);
        of_rows = others;
        let configured = mapper.configured()?;
        let mut columns: Vec<u16> =
            foreign_keys.iter().flat_map(|&key| &configured.foreign_keys[key].columns).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let null = |&column: &u16| (column, Value::Null(mapper.definition().columns[usize::from(column)].kind));
        let sets: Vec<(u16, Value)> = columns.iter().map(null).collect();
        let guards: Vec<u16> = mapper.definition().version.into_iter().collect();
        let change =
            |(slot, _)| RowChange { slot, base: objects.stored_copy(slot), sets: sets.clone(), guards: guards.clone() };
        let rows: Vec<RowChange> = alike.into_iter().map(change).collect();
        let connection = connections.of(BindRequest::write(mapper, StatementKind::Update)).await?;
        for rows in rows.chunks(ROWS) {
            let update = |rows: &[RowChange]| Statement::Update(Box::new(statement(mapper, rows)));
            let matched = guards::change(connection, mapper, rows, update).await?;
            if matched != rows.len() as u64 && !guards.is_empty() {
                return Err(stale(objects, rows.iter().map(|row| row.slot), "UPDATE", "update", matched));
            }
        }
    }
    Ok(parted)
}

/// Deletes rows of one model. One that has changed is stale where there is a version to tell it; without one, a row that is
/// gone already is no more than worth a warning.
async fn delete(
    objects: &Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    slots: &[u32],
    parted: &HashSet<u32>,
) -> Result<()> {
    let guards: Vec<u16> = mapper.definition().version.into_iter().collect();
    let chunk = if guards.is_empty() && mapper.definition().key.len() == 1 { CHUNK } else { ROWS };
    for slots in slots.chunks(chunk) {
        let row = |&slot: &u32| {
            let guards = if parted.contains(&slot) { Vec::new() } else { guards.clone() };
            RowChange { slot, base: objects.stored_copy(slot), sets: Vec::new(), guards }
        };
        let rows: Vec<RowChange> = slots.iter().map(row).collect();
        let delete = |rows: &[RowChange]| {
            let filters = row_filters(mapper, rows.iter().map(|row| (&*row.base, &*row.guards)));
            Statement::Delete(Box::new(DeleteNode::new(mapper, filters)))
        };
        let deleted = guards::change(connection, mapper, &rows, delete).await?;
        if deleted == slots.len() as u64 {
            continue;
        }
        let error = stale(objects, slots.iter().copied(), "DELETE", "delete", deleted);
        if !guards.is_empty() {
            return Err(error);
        }
        if objects.confirms_deletes {
            let message = error.message();
            tracing::warn!(target: "orm::session", "{message}; `SessionMaker::confirm_deleted_rows(false)` leaves this unsaid");
        }
    }
    Ok(())
}
