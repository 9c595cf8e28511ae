//! UPDATE of changed objects: only the columns that differ, only while the row is as it was read, and rows that change the
//! same columns in one statement.
//!
//! ```sql
//! UPDATE users SET name = CASE WHEN id = 1 THEN 'ed' WHEN id = 2 THEN 'wendy' END WHERE id IN (1, 2)
//! ```
//!
//! What tells rows apart goes one row at a time, in the order of keys: a key, and a column that is unique, since a database
//! checks those row by row and two rows may trade values. So do SQL types whose values a `CASE` would turn into text.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use orm_pool::Value;

use super::insert::{fill, fill_foreign_keys};
use super::validate::validate_heard;
use super::{followers, guards, tell, trade};
use crate::dialect::Dialect;
use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Column, Mapper, Object, Row, copy_columns, is_changed};
use crate::session::{
    BindRequest, Connections, Key, Moment, Objects, SessionEvents, Slot, State, StatementKind, as_value, key_text,
};
use crate::sql::{Node, Operator, Output, SelectNode, Statement, UpdateNode, bytes_at_once, value_size};
use crate::types::{ColumnType, DecodeError, RowValue, same};

/// How many rows one statement changes: each adds to the depth of its conditions, which SQLite limits to a thousand.
pub(super) const ROWS: usize = 250;

/// What one row gets.
#[derive(Clone)]
pub(super) struct RowChange {
    pub(super) slot: u32,
    /// The object as the database has it.
    pub(super) base: Arc<dyn Object>,
    pub(super) sets: Vec<(u16, Value)>,
    /// Columns that must still be what they were.
    pub(super) guards: Vec<u16>,
}

/// Rows of one model that change the same columns under the same conditions.
struct Batch {
    mapper: &'static Mapper,
    rows: Vec<RowChange>,
    /// Whether its rows may go in one statement.
    is_joined: bool,
}

/// Splits objects into those whose links lead to rows that exist, and those that have to wait.
pub(super) fn split(objects: &Objects, slots: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
    slots.into_iter().partition(|&slot| {
        let parents = objects.get(slot).links.iter().filter_map(|link| link.parent);
        parents.into_iter().all(|parent| objects.get(parent.slot).state == State::Persistent)
    })
}

/// Updates the rows of some objects.
pub(super) async fn emit(objects: &mut Objects, connections: &mut Connections, slots: &[u32]) -> Result<()> {
    for level in followers::levels(objects, slots)? {
        let mut changes = Vec::new();
        for &slot in &level {
            objects.touch(slot);
            if objects.events.listens(Moment::BeforeUpdate, objects.get(slot).mapper) {
                tell(objects, Moment::BeforeUpdate, &[slot])?;
                validate_heard(objects, slot)?;
            }
            fill_foreign_keys(objects, slot)?;
            changes.extend(change(objects, slot)?);
        }
        write(objects, connections, changes, true).await?;
    }
    Ok(())
}

/// Updates nothing but these columns, by which rows refer to others that are to be deleted: of objects whose other changes
/// come after that.
pub(super) async fn let_go(
    objects: &mut Objects,
    connections: &mut Connections,
    rows: &[(u32, Vec<u16>)],
) -> Result<()> {
    let mut changes = Vec::new();
    for &(slot, ref leaving) in rows {
        objects.touch(slot);
        fill_foreign_keys(objects, slot)?;
        if let Some(mut change) = change(objects, slot)? {
            let version = objects.get(slot).mapper.definition.version;
            change.sets.retain(|(column, _)| leaving.contains(column) || Some(*column) == version);
            if change.sets.iter().any(|(column, _)| leaving.contains(column)) {
                changes.push(change);
            }
        }
    }
    write(objects, connections, changes, false).await
}

/// Finds the columns by which objects' rows refer to ones that are to be deleted, unless they tell rows apart.
pub(super) fn leaving(objects: &Objects, slots: &[u32]) -> Result<Vec<(u32, Vec<u16>)>> {
    let mut found = Vec::new();
    for &slot in slots {
        let mapper = objects.get(slot).mapper;
        let mut columns = Vec::new();
        for key in &mapper.configured()?.foreign_keys {
            let target = Key::of_columns(objects.stored(slot), key.columns.iter().copied());
            let parent = target.filter(|_| key.target_columns == key.target.definition.key);
            let parent = parent.and_then(|parent| objects.find(key.target, &parent));
            if parent.is_some_and(|parent| objects.get(parent).is_doomed) {
                columns.extend(key.columns.iter().filter(|&&column| !tells_rows_apart(mapper, column)));
            }
        }
        if !columns.is_empty() {
            found.push((slot, columns));
        }
    }
    Ok(found)
}

/// Writes changes; `are_whole` says that they are all that differs in their objects.
async fn write(
    objects: &mut Objects,
    connections: &mut Connections,
    changes: Vec<RowChange>,
    are_whole: bool,
) -> Result<()> {
    for Batch { mapper, mut rows, is_joined } in batches(objects, changes)? {
        let connection = connections.of(BindRequest::write(mapper, StatementKind::Update)).await?;
        if !is_joined {
            for parking in trade::order(objects, mapper, &mut rows)? {
                trade::park(objects, connection, mapper, &mut rows, &parking).await?;
            }
        }
        while !rows.is_empty() {
            let most = if is_joined { rows_at_once(connection, mapper, &rows) } else { 1 };
            let rest = rows.split_off(most.min(rows.len()));
            if let ([row], false, true) = (&mut *rows, is_joined, are_whole)
                && !renew(objects, row)?
            {
                rows = rest;
                continue;
            }
            send(objects, connection, mapper, &rows).await?;
            for row in std::mem::replace(&mut rows, rest) {
                let now = if are_whole { Arc::from(objects.object(row.slot).copy()) } else { written(objects, &row)? };
                objects.get_mut(row.slot).was_expired = false;
                objects.get_mut(row.slot).base = Some(now.clone());
                objects.replacing.remove(&objects.id(row.slot));
                objects.identify_as(row.slot, Key::of_object(&*now));
                objects.follow_keys(row.slot, Some(&*row.base))?;
                followers::follow(objects, &*row.base, &*now)?;
            }
        }
    }
    Ok(())
}

/// Returns an object as its row is after a part of its changes: what waits to be written is as it was.
fn written(objects: &Objects, row: &RowChange) -> Result<Arc<dyn Object>> {
    let (mapper, object) = (objects.get(row.slot).mapper, objects.object(row.slot));
    let mut now = object.copy();
    let of_database = changed_by_database(mapper);
    let waits = |column: usize| {
        is_changed(object, &*row.base, column)
            && !of_database.contains(&(column as u16))
            && row.sets.iter().all(|(set, _)| usize::from(*set) != column)
    };
    for columns in mapper.definition().units() {
        let first = columns.start;
        if columns.clone().any(waits) {
            let put = copy_columns(&*row.base, &mut *now, columns);
            put.map_err(|misread| cannot_be(mapper, (first + misread.column) as u16, &misread.reason))?;
        }
    }
    Ok(Arc::from(now))
}

/// Takes up what others have changed by their keys since: what the row refers to, and what the object does. Returns whether
/// there is something left to be written.
fn renew(objects: &mut Objects, row: &mut RowChange) -> Result<bool> {
    fill_foreign_keys(objects, row.slot)?;
    let now = change(objects, row.slot)?;
    Ok(now.map(|now| (row.base, row.sets) = (now.base, now.sets)).is_some())
}

/// Says what differs in an object, or `None` if no column does. Doing so twice is as doing so once.
fn change(objects: &mut Objects, slot: u32) -> Result<Option<RowChange>> {
    let entry = objects.get(slot);
    let mapper = entry.mapper;
    let Some(base) = entry.base.clone() else { return Ok(None) };
    let object = objects.object(slot);
    let replaces = objects.replacing.contains(&objects.id(slot));
    let is_written = |column: &usize| is_changed(object, &*base, *column) || (replaces && is_replaced(entry, *column));
    let (changed, computed): (Vec<usize>, Vec<usize>) =
        (0..mapper.width()).filter(is_written).partition(|&column| mapper.definition.columns[column].is_written());
    // What the database computes is what it was, whatever was assigned.
    for column in computed {
        match mapper.definition.columns[column].property {
            Some(_) => objects.forget_column(slot, column),
            None => set(objects, slot, column, &base.column(column))?,
        }
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let (entry, object) = (objects.get(slot), objects.object(slot));
    let version = mapper.definition.version.map(usize::from);
    let mut guards = Vec::new();
    if entry.may_differ() && version.is_none() {
        // It was changed without being read again, or was read elsewhere: whoever changed the same columns since must not be
        // overwritten. What was not loaded is not known to have been anything.
        let known = changed.iter().filter(|&&column| !base.is_left_out(column));
        guards.extend(known.map(|&column| column as u16));
    }
    let mut sets: Vec<(u16, Value)> = changed.iter().map(|&column| (column as u16, object.column(column))).collect();
    for (column, definition) in mapper.definition.columns.iter().enumerate() {
        if let Some(on_update) = definition.on_update
            && !changed.contains(&column)
            && Some(column) != version
        {
            set(objects, slot, column, &on_update())?;
            sets.push((column as u16, objects.object(slot).column(column)));
        }
    }
    if let Some(column) = version {
        guards.push(column as u16);
        sets.retain(|(changed, _)| usize::from(*changed) != column);
        if let Some(next) = next_version(mapper, column, &base.column(column))? {
            set(objects, slot, column, &next)?;
            sets.push((column as u16, next));
        }
    }
    Ok(Some(RowChange { slot, base, sets, guards }))
}

/// Returns whether a column is written of an object that takes a row of which it is not known what it is: whatever the
/// database would not have filled.
fn is_replaced(entry: &Slot, column: usize) -> bool {
    let definition = &entry.mapper.definition;
    let is_filled = definition.columns[column].server_default.is_some() && !entry.set.contains(column);
    !is_filled && !definition.key.contains(&(column as u16))
}

/// Gathers rows of one shape, each batch in the order of keys: so two transactions lock the rows that both change in one
/// order.
fn batches(objects: &Objects, changes: Vec<RowChange>) -> Result<Vec<Batch>> {
    let mut batches: Vec<Batch> = Vec::new();
    for change in changes {
        let mapper = objects.get(change.slot).mapper;
        let is_joined = can_join(mapper, &change)?;
        let fits = |batch: &&mut Batch| {
            let first = &batch.rows[0];
            let columns = |row: &RowChange| row.sets.iter().map(|(column, _)| *column).collect::<Vec<u16>>();
            batch.mapper.is(mapper)
                && batch.is_joined == is_joined
                && (!is_joined || (columns(first) == columns(&change) && first.guards == change.guards))
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.rows.push(change),
            None => batches.push(Batch { mapper, rows: vec![change], is_joined }),
        }
    }
    for batch in &mut batches {
        batch.rows.sort_by_cached_key(|row| Key::of_object(&*row.base));
    }
    Ok(batches)
}

/// Returns whether a row may be changed in one statement with others.
fn can_join(mapper: &'static Mapper, change: &RowChange) -> Result<bool> {
    let definition = mapper.definition();
    let is_plain = |column: u16| {
        let own = &definition.columns[usize::from(column)];
        let column_type = (own.column_type)();
        !own.has_own_type()
            && !matches!(
                column_type,
                ColumnType::Enum { .. }
                    | ColumnType::Custom(_)
                    | ColumnType::Json
                    | ColumnType::Array(_)
                    | ColumnType::Range(_)
                    | ColumnType::Domain { .. }
                    | ColumnType::Inet
                    | ColumnType::Cidr
                    | ColumnType::Interval
            )
    };
    Ok(change.sets.iter().all(|&(column, _)| !tells_rows_apart(mapper, column) && is_plain(column)))
}

/// Returns whether no two rows may have the same value of a column, or of several of which it is one.
pub(super) fn tells_rows_apart(mapper: &Mapper, column: u16) -> bool {
    let definition = mapper.definition();
    let own = &definition.columns[usize::from(column)];
    let unique_indexes = definition.indexes.iter().filter(|index| index.is_unique);
    own.primary_key
        || own.unique
        || definition.uniques.iter().chain(unique_indexes).any(|unique| unique.concerns(column, own.name))
}

/// Returns how many of these rows, which are of one shape, fit into one statement: one at least.
fn rows_at_once(connection: &Connection, mapper: &Mapper, rows: &[RowChange]) -> usize {
    let (key, Some(row)) = (mapper.definition().key.len(), rows.first()) else { return 1 };
    let values = row.sets.len() * (key + 1) + key + row.guards.len();
    let most = (connection.engine.dialect().capabilities().max_parameters / values.max(1)).clamp(1, ROWS);
    let most_bytes = bytes_at_once(connection.guard.most_bytes());
    let mut bytes = 0;
    let is_within = |row: &&RowChange| {
        bytes += size(mapper, row);
        bytes <= most_bytes
    };
    rows.iter().take(most).take_while(is_within).count().max(1)
}

/// Returns about how many bytes the UPDATE of a row takes on its way: each new value stands behind the key.
fn size(mapper: &Mapper, row: &RowChange) -> usize {
    let of_columns = |columns: &[u16]| -> usize {
        columns.iter().map(|&column| value_size(&row.base.column(usize::from(column)))).sum()
    };
    let sets: usize = row.sets.iter().map(|(_, value)| value_size(value)).sum();
    sets + of_columns(mapper.definition().key) * (row.sets.len() + 1) + of_columns(&row.guards)
}

/// Updates some columns of rows to those of values with their keys, without objects; returns how many rows there were.
pub(crate) async fn update_by_key(
    connections: &mut Connections,
    events: &SessionEvents,
    mapper: &'static Mapper,
    columns: &[u16],
    values: Vec<Box<dyn Object>>,
) -> Result<u64> {
    let version = mapper.definition().version;
    let mut rows = Vec::new();
    for value in values {
        let mut sets: Vec<(u16, Value)> = columns
            .iter()
            .filter(|&&column| Some(column) != version)
            .map(|&column| (column, value.column(usize::from(column))))
            .collect();
        for (column, definition) in mapper.definition().columns.iter().enumerate() {
            let column = column as u16;
            if let Some(on_update) = definition.on_update
                && !columns.contains(&column)
                && Some(column) != version
            {
                sets.push((column, on_update()));
            }
        }
        if let Some(column) = version {
            let next = next_version(mapper, usize::from(column), &value.column(usize::from(column)))?;
            sets.extend(next.map(|next| (column, next)));
        }
        rows.push(RowChange { slot: u32::MAX, base: Arc::from(value), sets, guards: version.into_iter().collect() });
    }
    rows.sort_by_cached_key(|row| Key::of_object(&*row.base));
    let Some(first) = rows.first() else { return Ok(0) };
    let is_missing =
        |row: &RowChange| columns.iter().copied().find(|&column| row.base.is_left_out(usize::from(column)));
    if let Some(column) = rows.iter().find_map(is_missing) {
        let field = mapper.definition().columns[usize::from(column)].field;
        let message = format!("`{}.{field}` is to be updated and is not loaded", mapper.definition().name);
        return Err(Error::new(ErrorKind::Argument, message).hint("give each value one, or leave the column out"));
    }
    if let Some(&(column, _)) = first.sets.iter().find(|(column, _)| mapper.definition().key.contains(column)) {
        let field = mapper.definition().columns[usize::from(column)].field;
        let message = format!("`{}.{field}` is of the key, which says which row is updated", mapper.definition().name);
        return Err(Error::new(ErrorKind::Argument, message));
    }
    if first.sets.is_empty() {
        return Ok(0);
    }
    let connection = connections.of(BindRequest::write(mapper, StatementKind::Update)).await?;
    let is_joined = can_join(mapper, first)?;
    let mut updated = 0;
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let most = if is_joined { rows_at_once(connection, mapper, rest) } else { 1 };
        let (rows, others) = rest.split_at(most.min(rest.len()));
        rest = others;
        let mut statement = Statement::Update(Box::new(statement(mapper, rows)));
        events.restrict(&mut statement)?;
        let matched = connection.change_one(statement).await?;
        if matched != rows.len() as u64 {
            let message = format!(
                "UPDATE statement on table `{}` expected to update {} row(s); {matched} were matched",
                mapper.definition().table,
                rows.len()
            );
            let hint = match rows.iter().any(|row| !row.guards.is_empty()) {
                true => "each value needs a row with its key, which still has the value's version",
                false => "each value needs a row with its key",
            };
            return Err(Error::new(ErrorKind::StaleData, message).hint(hint));
        }
        updated += matched;
    }
    Ok(updated)
}

/// Sends the UPDATE of some rows, makes sure that each was there as it was read, and brings home what the database computed.
async fn send(
    objects: &mut Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    rows: &[RowChange],
) -> Result<()> {
    let computed: Vec<u16> = changed_by_database(mapper);
    let is_triggered = mapper.definition().columns.iter().any(|column| column.server_onupdate);
    let dialect = connection.engine.dialect();
    // What SQLite returns is what the UPDATE has set, before any trigger.
    let returns = dialect.capabilities().returning.update
        && !computed.is_empty()
        && !(is_triggered && dialect == Dialect::Sqlite);
    let reads_back = !returns && !computed.is_empty();
    if reads_back {
        connection.writes_more();
    }
    let columns: Vec<u16> = mapper.definition().key.iter().chain(&computed).copied().collect();
    let update = |rows: &[RowChange]| {
        let mut statement = statement(mapper, rows);
        if returns {
            statement.rows.returning = outputs(mapper, &columns);
        }
        Statement::Update(Box::new(statement))
    };
    let mut given = Vec::new();
    let mut take = |row: Row<'_>| {
        let key = Key::of_first_columns(&row, mapper);
        given.push((key, (0..columns.len()).map(|at| as_value(row.value(at))).collect::<Vec<_>>()));
        Ok(ControlFlow::Continue(()))
    };
    let updated = guards::run(connection, mapper, rows, update, &mut take).await;
    let updated = updated.map_err(|error| trade::explain_update(objects, mapper, rows, error))?;
    if updated != rows.len() as u64 {
        return Err(stale(objects, rows.iter().map(|row| row.slot), "UPDATE", "update", updated));
    }
    if reads_back {
        let filters = rows.iter().map(|row| Node::All(key_filters(mapper, objects.object(row.slot))));
        let filters = [Node::Any(filters.collect())].into();
        let select = SelectNode { outputs: outputs(mapper, &columns), filters, ..SelectNode::default() };
        let mut take = |row: Row<'_>| {
            let key = Key::of_first_columns(&row, mapper);
            given.push((key, (0..columns.len()).map(|at| as_value(row.value(at))).collect()));
            Ok(ControlFlow::Continue(()))
        };
        connection.run(Statement::Select(Box::new(select)), &mut take).await?;
    }
    rows.iter().for_each(|row| objects.forget_properties(row.slot));
    let by_key = rows.iter().filter_map(|row| Some((Key::of_object(objects.object(row.slot))?, row.slot)));
    let by_key: HashMap<Key, u32> = by_key.collect();
    for (key, values) in given {
        if let Some(&slot) = key.and_then(|key| by_key.get(&key)) {
            fill(objects, slot, &columns, &values)?;
        }
    }
    Ok(())
}

/// Returns the columns that an UPDATE changes without being told.
fn changed_by_database(mapper: &Mapper) -> Vec<u16> {
    let columns = mapper.definition().columns.iter().enumerate();
    let is_changed = |column: &Column| column.computed.is_some() || column.server_onupdate;
    columns.filter(|(_, column)| is_changed(column)).map(|(position, _)| position as u16).collect()
}

/// Makes the UPDATE of some rows.
pub(super) fn statement(mapper: &'static Mapper, rows: &[RowChange]) -> UpdateNode {
    let first = &rows[0];
    let sets = first.sets.iter().enumerate().map(|(position, (column, value))| {
        let is_one = rows.iter().all(|row| same(&row.sets[position].1, value));
        let node = if is_one {
            Node::Bind(value.clone())
        } else {
            let when = |row: &RowChange| {
                (Node::All(key_filters(mapper, &*row.base)), Node::Bind(row.sets[position].1.clone()))
            };
            Node::Case { operand: None, whens: rows.iter().map(when).collect(), otherwise: None }
        };
        (*column, node)
    });
    let filters = row_filters(mapper, rows.iter().map(|row| (&*row.base, &*row.guards)));
    UpdateNode::new(mapper, sets.collect(), filters)
}

/// The conditions that name some rows, each as it was read.
pub(super) fn row_filters<'r>(
    mapper: &'static Mapper,
    rows: impl Iterator<Item = (&'r dyn Object, &'r [u16])> + Clone,
) -> Vec<Node> {
    let is_guarded = rows.clone().any(|(_, guards)| !guards.is_empty());
    let count = rows.clone().count();
    let conditions = |(object, guards): (&dyn Object, &[u16])| {
        let mut conditions = key_filters(mapper, object);
        conditions.extend(guards.iter().map(|&column| {
            let now = Node::Bind(object.column(usize::from(column)));
            match mapper.definition.columns[usize::from(column)].nullable {
                true => Node::binary(Operator::IsNotDistinctFrom, column_of(mapper, column), now),
                false => Node::equals(column_of(mapper, column), now),
            }
        }));
        conditions
    };
    match mapper.definition().key {
        &[column] if count > 1 && !is_guarded => {
            let list = rows.map(|(object, _)| Node::Bind(object.column(usize::from(column)))).collect();
            vec![Node::In { operand: Box::new(column_of(mapper, column)), list, negated: false }]
        }
        _ if count == 1 => rows.flat_map(conditions).collect(),
        _ => vec![Node::Any(rows.map(|row| Node::All(conditions(row))).collect())],
    }
}

fn outputs(mapper: &'static Mapper, columns: &[u16]) -> Vec<Output> {
    columns.iter().map(|&column| Output::expression(column_of(mapper, column), true)).collect()
}

fn column_of(mapper: &'static Mapper, column: u16) -> Node {
    Node::Column { mapper, column, alias: Alias::NONE }
}

/// The conditions that name the row of an object, by the key that it has.
pub(super) fn key_filters(mapper: &'static Mapper, object: &dyn Object) -> Vec<Node> {
    let key = mapper.definition.key.iter();
    key.map(|&column| Node::equals(column_of(mapper, column), Node::Bind(object.column(usize::from(column))))).collect()
}

pub(super) fn set(objects: &mut Objects, slot: u32, column: usize, value: &Value) -> Result<()> {
    let mapper = objects.get(slot).mapper;
    put(mapper, objects.object_mut(slot), column as u16, value)
}

/// Sets a column of an object, whether or not that is the session's.
pub(super) fn put(mapper: &Mapper, object: &mut dyn Object, column: u16, value: &Value) -> Result<()> {
    let set = object.set_column(usize::from(column), RowValue::of(value).get());
    set.map_err(|reason| cannot_be(mapper, column, &reason))
}

fn cannot_be(mapper: &Mapper, column: u16, reason: &DecodeError) -> Error {
    let field = mapper.definition.columns[usize::from(column)].field;
    Error::new(ErrorKind::Data, format!("`{}.{field}` cannot be set: {}", mapper.definition.name, reason.reason()))
}

// ----------------------------------------------------------------------------------------------------------- versions

/// Returns the version that a row gets with this change; none where the database gives it.
///
/// A number goes up by one, a time is the present one and later than the one before, and a column with `on_update` takes
/// what that gives.
fn next_version(mapper: &Mapper, column: usize, now: &Value) -> Result<Option<Value>> {
    let definition = &mapper.definition.columns[column];
    if definition.computed.is_some() || definition.server_onupdate {
        return Ok(None);
    }
    if let Some(on_update) = definition.on_update {
        return Ok(Some(on_update()));
    }
    let next = match now {
        Value::Int16(version) => Value::Int16(version.wrapping_add(1)),
        Value::Int32(version) => Value::Int32(version.wrapping_add(1)),
        Value::Int64(version) => Value::Int64(version.wrapping_add(1)),
        Value::DateTime(before) => Value::DateTime(present().max(before + 1)),
        Value::Timestamp(before) => Value::Timestamp(present().max(before + 1)),
        other => {
            let name = mapper.definition.name;
            let message = format!(
                "the version column `{name}.{}` is neither an integer nor a time: it holds {other}",
                definition.field
            );
            return Err(Error::new(ErrorKind::Configuration, message)
                .hint("say `on_update = …`, which gives each change its version"));
        }
    };
    Ok(Some(next))
}

/// Microseconds since 1970.
fn present() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Says that rows are not as they were when they were read.
pub(super) fn stale(
    objects: &Objects,
    slots: impl Iterator<Item = u32>,
    verb: &str,
    does: &str,
    matched: u64,
) -> Error {
    let slots: Vec<u32> = slots.collect();
    let mapper = objects.get(slots[0]).mapper;
    let key = |&slot: &u32| key_text(objects.stored(slot));
    let message = format!(
        "{verb} statement on table `{}` expected to {does} {} row(s); {matched} were matched",
        mapper.definition.table,
        slots.len()
    );
    let (name, keys) = (mapper.definition.name, slots.iter().take(10).map(key).collect::<Vec<_>>());
    let more = if slots.len() > keys.len() { ", …" } else { "" };
    let whose = match keys.as_slice() {
        [only] => format!("`{name}` with key {only} was"),
        several => format!("one or more of `{name}` with keys {}{more} were", several.join("; ")),
    };
    Error::new(ErrorKind::StaleData, message)
        .hint(format!("{whose} changed or deleted by someone else: roll back, read it again, and repeat"))
}
