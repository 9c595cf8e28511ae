//! INSERT of new objects: neighbours of one shape in one statement, keys and defaults brought home.
//!
//! A row is matched to its object by key, and by the order in which rows come back only where their keys follow that order. Where
//! the database generates the keys of several rows, that takes one of four ways ([`GeneratedKeys`]):
//!
//! | database | how | statements for n rows |
//! |---|---|---|
//! | SQLite | the next keys are known under the write lock, which one transaction alone has | SELECT, INSERT |
//! | PostgreSQL | the keys are taken from the sequence before, the first time | SELECT, INSERT |
//! | | then RETURNING gives them, and they follow each other in the order of the rows | INSERT |
//! | MariaDB | RETURNING gives them, and they rise in the order of the rows | INSERT |
//! | MySQL | it tells the first one, and how far they are apart | SELECT, INSERT |
//!
//! MariaDB and MySQL reserve the keys of an INSERT whose number of rows is known before it runs, and hand them out in the
//! order of the rows, whatever `auto_increment_increment` is and whatever others insert meanwhile: these are the "simple
//! inserts" of <https://mariadb.com/kb/en/auto_increment-handling-in-innodb/> and
//! <https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html>. No row of a batch brings a key of its own, so
//! the least key is that of the first row, and on MySQL, which tells no other, the next ones are each `auto_increment_increment`
//! further.
//!
//! PostgreSQL evaluates the defaults of `INSERT … SELECT … ORDER BY` row by row in that order, and gives the rows back as it has
//! inserted them. It is asked so once a sequence is known to be behind the column, and only where values of one type each fill
//! the same columns of all rows; keys that come back but neither rise nor fall are refused.
//!
//! SQLite gives the rows of one INSERT the keys behind the greatest one, so that those are not sent, since it looks for the
//! place of each key that is: the key of the last row has to be the expected one. They are sent where rows with keys of
//! their own, or rows that set other columns, come between.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use orm_pool::{Kind, Value};

use super::order::is_post_update;
use super::update::key_filters;
use super::validate::validate_heard;
use super::{tell, trade};
use crate::compile::can_be_gathered;
use crate::dialect::{Capabilities, Dialect, GeneratedKeys};
use crate::engine::{Connection, Draw, Engine, ExecutionOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, ColumnSet, Mapper, Row, is_changed};
use crate::session::{BindRequest, Connections, Key, Moment, Objects, SessionEvents, State, StatementKind, as_value};
use crate::sql::{
    InsertNode, InsertSource, Node, Output, SelectNode, Statement, TextNode, TextPart, bytes_at_once, row_size,
    value_size,
};
use crate::types::RowValue;

/// Inserts the rows of one level. Foreign keys that have to wait for other rows go to `late`.
pub(super) async fn emit(
    objects: &mut Objects,
    connections: &mut Connections,
    slots: Vec<u32>,
    late: &mut Vec<u32>,
) -> Result<()> {
    for &slot in &slots {
        if objects.events.listens(Moment::BeforeInsert, objects.get(slot).mapper) {
            objects.touch(slot);
            tell(objects, Moment::BeforeInsert, &[slot])?;
            note_changes(objects, slot);
            validate_heard(objects, slot)?;
        }
        if fill_foreign_keys(objects, slot)? {
            late.push(slot);
        }
        note_changes(objects, slot);
        reject_unfilled(objects, slot)?;
    }
    let mut rest = slots;
    while let Some(&first) = rest.first() {
        let mapper = objects.get(first).mapper;
        let is_own = |&slot: &u32| objects.get(slot).mapper.is(mapper);
        let (own, others) = match rest.iter().all(is_own) {
            true => (rest, Vec::new()),
            false => rest.into_iter().partition(is_own),
        };
        rest = others;
        let connection = connections.of(BindRequest::write(mapper, StatementKind::Insert)).await?;
        let given = give_keys(objects, connection, mapper, &own).await?;
        let batches = batches(objects, connection.engine.dialect(), mapper, own);
        if batches.len() > 1 {
            connection.writes_more();
        }
        for batch in batches {
            insert(objects, connection, &batch, given).await?;
        }
    }
    Ok(())
}

/// Copies the keys of linked objects into the foreign keys of an object; `true` if one is not there yet.
pub(super) fn fill_foreign_keys(objects: &mut Objects, slot: u32) -> Result<bool> {
    let mapper = objects.get(slot).mapper;
    let mut waits = false;
    for at in 0..objects.get(slot).links.len() {
        let link = objects.get(slot).links[at];
        let key = &mapper.configured()?.foreign_keys[link.foreign_key()];
        let parent = match link.parent {
            Some(parent) => Some(objects.slot(parent, key.target.definition.name)?),
            None => None,
        };
        if parent.is_none() && objects.keeps_key(slot, link.foreign_key())? {
            continue;
        }
        let state = parent.map(|parent| objects.get(parent).state);
        if matches!(state, Some(State::Transient | State::Deleted | State::Detached)) {
            let (name, target) = (mapper.definition.name, key.target.definition.name);
            let message = format!("`{name}` refers to a `{target}` that has no row: it was deleted, or never saved");
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        if state == Some(State::Pending) {
            if !is_post_update(mapper, link.foreign_key())? {
                let name = mapper.definition.name;
                let message = format!("`{name}` refers to a new `{}` that has no row yet", key.target.definition.name);
                return Err(Error::new(ErrorKind::InvalidRequest, message));
            }
            waits = true;
            continue;
        }
        for (&column, &target) in key.columns.iter().zip(&key.target_columns) {
            let value = match parent {
                // A key that is not written yet is followed when it is.
                Some(parent) => objects.stored(parent).column(usize::from(target)),
                None => Value::Null(mapper.definition.columns[usize::from(column)].kind),
            };
            set_foreign_key(objects, slot, usize::from(column), &value)?;
        }
    }
    Ok(waits)
}

pub(super) fn set_foreign_key(objects: &mut Objects, slot: u32, column: usize, value: &Value) -> Result<()> {
    let mapper = objects.get(slot).mapper;
    let definition = &mapper.definition.columns[column];
    let field = || format!("{}.{}", mapper.definition.name, definition.field);
    if value.is_null() && !definition.nullable {
        let cascade = "delete the object, or say `cascade(all, delete_orphan)` on the collection";
        let (what, hint) = match definition.primary_key {
            true => ("part of the primary key", cascade.to_owned()),
            false => ("NOT NULL", format!("make the field an `Option`, {cascade}")),
        };
        let message = format!(
            "`{}` cannot be set to NULL, since it is {what}: what it refers to was deleted or taken away",
            field()
        );
        return Err(Error::new(ErrorKind::InvalidRequest, message).hint(hint));
    }
    objects.object_mut(slot).set_column(column, RowValue::of(value).get()).map_err(|reason| {
        let message = format!("`{}` cannot take the key it refers to: {}", field(), reason.reason());
        Error::new(ErrorKind::Data, message)
    })?;
    objects.get_mut(slot).set.insert(column);
    Ok(())
}

/// Adds the columns that were changed since the object was added to those that were set.
fn note_changes(objects: &mut Objects, slot: u32) {
    let entry = objects.get(slot);
    let Some(base) = entry.base.clone() else { return };
    let object = objects.object(slot);
    let changed: Vec<usize> = (0..entry.mapper.width()).filter(|&column| is_changed(object, &*base, column)).collect();
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

/// Rows of one model that go in one statement.
struct Batch {
    mapper: &'static Mapper,
    /// The columns that some row of it sets.
    set: ColumnSet,
    /// Whether each row sets all of them.
    is_even: bool,
    /// Whether the database generates the keys.
    generated: Option<usize>,
    slots: Vec<u32>,
}

/// What is known of the keys of new rows that bring none.
#[derive(Clone, Copy, Default)]
struct Given {
    /// Whether the column takes no keys unless it is told to.
    overrides: bool,
    /// Whether the objects have the keys that the database is going to generate.
    are_expected: bool,
    /// Whether the rows are inserted in the order of the objects, which tells whose key is whose.
    in_order: bool,
    /// Whether each row is known to be inserted as it is sent.
    is_plain: bool,
}

/// Gives new rows the keys that the database would have generated, or is going to, where they can be had before.
async fn give_keys(
    objects: &mut Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    slots: &[u32],
) -> Result<Given> {
    let Some(column) = mapper.definition.columns.iter().position(|column| column.generated) else {
        return Ok(Given::default());
    };
    let is_generated = |slot: &u32| !objects.get(*slot).set.contains(column);
    let mut keyless = Vec::with_capacity(slots.len());
    keyless.extend(slots.iter().copied().filter(is_generated));
    if keyless.len() <= 1 {
        return Ok(Given::default());
    }
    if keyless.len() == slots.len()
        && let Some(draw) = draw_in_order(objects, connection, mapper, column, slots)?
    {
        return Ok(Given { in_order: true, is_plain: draw.is_plain, ..Given::default() });
    }
    let own_key = |&slot: &u32| match is_generated(&slot) {
        true => None,
        false => as_integer(&objects.object(slot).column(column)),
    };
    let own_keys: Vec<Option<i64>> = match keyless.len() == slots.len() {
        true => vec![None; slots.len()],
        false => slots.iter().map(own_key).collect(),
    };
    let Some(reserved) = reserve_keys(connection, mapper, column, &own_keys).await? else {
        return Ok(Given::default());
    };
    // They are generated in the order of the rows if all go in one statement, or in one after the other.
    let go_together = set_by_each(objects, slots).is_some_and(|set| !set.is_empty());
    let are_expected = reserved.are_next && go_together;
    let given = Given { overrides: reserved.overrides, are_expected, ..Given::default() };
    for (&key, &slot) in reserved.keys.iter().zip(&keyless) {
        set_generated_key(objects, slot, column, key)?;
        if !given.are_expected {
            objects.get_mut(slot).set.insert(column);
        }
    }
    Ok(given)
}

/// Returns the sequence that new rows are known to get their keys from, if they can be inserted in the order in which they stand.
fn draw_in_order(
    objects: &Objects,
    connection: &Connection,
    mapper: &'static Mapper,
    column: usize,
    slots: &[u32],
) -> Result<Option<Draw>> {
    if connection.engine.dialect().capabilities().generated_keys != GeneratedKeys::Sequence {
        return Ok(None);
    }
    let Some(set) = set_by_each(objects, slots) else { return Ok(None) };
    let columns = columns_where(mapper, |column, definition| set.contains(column) && definition.is_written());
    // What a value is otherwise than its column is seen when the rows are there.
    let kinds: Vec<Kind> = columns.iter().map(|&column| mapper.definition.columns[usize::from(column)].kind).collect();
    if columns.is_empty() || !can_be_gathered(mapper, &columns, &kinds) {
        return Ok(None);
    }
    Ok(connection.engine.shared.draws.get(table_name(&connection.engine, mapper)?, column))
}

/// Returns whether PostgreSQL inserts these rows one after another: by arrays, each of values of one type.
fn has_order(mapper: &Mapper, columns: &[u16], source: &InsertSource) -> bool {
    matches!(source, InsertSource::Plain(plain) if can_be_gathered(mapper, columns, &plain.kinds))
}

/// Returns the columns that each of these rows sets, if they are the same.
fn set_by_each<'o>(objects: &'o Objects, slots: &[u32]) -> Option<&'o ColumnSet> {
    let first = slots.first().map(|&slot| &objects.get(slot).set)?;
    slots.iter().all(|&slot| objects.get(slot).set == *first).then_some(first)
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int16(value) => Some((*value).into()),
        Value::Int32(value) => Some((*value).into()),
        Value::Int64(value) => Some(*value),
        _ => None,
    }
}

/// Gathers the rows of a model. Where `DEFAULT` can stand for a value, rows that set other columns go in one statement too;
/// rows with a key of their own and rows whose key the database generates never do.
fn batches(objects: &Objects, dialect: Dialect, mapper: &'static Mapper, slots: Vec<u32>) -> Vec<Batch> {
    let has_default = dialect != Dialect::Sqlite;
    let batch = |set: &ColumnSet, slots: Vec<u32>| {
        let (set, generated) = (set.clone(), generated_key(mapper, set));
        Batch { mapper, set, is_even: true, generated, slots }
    };
    if let Some(set) = set_by_each(objects, &slots) {
        return vec![batch(set, slots)];
    }
    let mut batches: Vec<Batch> = Vec::new();
    for slot in slots {
        let set = &objects.get(slot).set;
        let generated = generated_key(mapper, set);
        let fits = |batch: &&mut Batch| {
            batch.generated == generated
                && (batch.set == *set || (has_default && !set.is_empty() && !batch.set.is_empty()))
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => {
                if batch.set != *set {
                    batch.is_even = false;
                    batch.set.add(set);
                }
                batch.slots.push(slot);
            }
            None => batches.push(batch(set, vec![slot])),
        }
    }
    // The database makes no key that a row has brought before.
    batches.sort_by_key(|batch| batch.generated.is_some());
    batches
}

/// Returns the column whose value the database is to generate.
fn generated_key(mapper: &Mapper, set: &ColumnSet) -> Option<usize> {
    let columns = mapper.definition.columns;
    columns.iter().position(|column| column.generated).filter(|&column| !set.contains(column))
}

/// Inserts a batch and writes back what the database filled in.
async fn insert(objects: &mut Objects, connection: &mut Connection, batch: &Batch, given: Given) -> Result<()> {
    let &Batch { mapper, ref set, generated, .. } = batch;
    let capabilities = connection.engine.dialect().capabilities();
    let filled: Vec<u16> = columns_where(mapper, |column, definition| {
        let is_left_out = || batch.slots.iter().any(|&slot| !objects.get(slot).set.contains(column));
        (definition.server_default.is_some() || definition.computed.is_some()) && is_left_out()
    });
    let reads_back = !capabilities.returning.insert && !filled.is_empty();
    let mut columns: Vec<u16> =
        columns_where(mapper, |column, definition| set.contains(column) && definition.is_written());
    if connection.engine.dialect() != Dialect::Sqlite && columns.is_empty() {
        // The key, as DEFAULT: rows that set nothing go together too.
        columns.extend(generated.map(|column| column as u16));
    }
    let is_known = given.are_expected || given.in_order;
    let one_by_one = !is_known && generated.is_some_and(|column| !rises(mapper, column, capabilities));
    let has_others = generated.is_some() && !one_by_one && batch.slots.len() > 1;
    let step = match capabilities.generated_keys {
        GeneratedKeys::FirstKey if has_others => key_step(connection).await?,
        _ => 0,
    };
    let most = (capabilities.max_parameters / columns.len().max(1)).max(1);
    let mut rows_at_once = if one_by_one || columns.is_empty() { 1 } else { most };
    let bytes_at_once = bytes_at_once(connection.guard.most_bytes());
    let mut rest = batch.slots.as_slice();
    while !rest.is_empty() {
        let next = &rest[..rows_at_once.min(rest.len())];
        // The key stands among the columns unset where a row needs one.
        let is_plain = !columns.is_empty() && columns.iter().all(|&column| set.contains(usize::from(column)));
        let (source, count) = match is_plain && batch.is_even {
            true => plain_rows(objects, &columns, next, bytes_at_once),
            false => rows(objects, &columns, next, bytes_at_once),
        };
        if given.in_order && count > 1 && !has_order(mapper, &columns, &source) {
            rows_at_once = 1;
            continue;
        }
        let (slots, others) = rest.split_at(count);
        rest = others;
        // What may come back otherwise than it was sent must be undone then.
        let is_sure = slots.len() == 1 || given.is_plain || connection.engine.dialect() != Dialect::Postgres;
        if reads_back || !rest.is_empty() || !is_sure {
            connection.writes_more();
        }
        slots.iter().for_each(|&slot| objects.save(slot));
        let returning = returned(mapper, generated, &filled, capabilities);
        let statement = InsertNode {
            overrides: given.overrides,
            in_order: given.in_order,
            returning: outputs(mapper, &returning),
            source,
            ..InsertNode::rows(mapper, columns.clone(), Vec::new())
        };
        // Rows whose keys are known are told by them.
        let unknown = generated.filter(|_| !given.are_expected);
        let returned = Returned { columns: returning, generated: unknown, in_order: given.in_order };
        let last_key = send(objects, connection, statement, slots, returned).await?;
        match generated {
            Some(column) if given.are_expected => check_key(objects, slots, column, last_key)?,
            Some(column) => {
                let key = |position| last_key.map(|key| key + step * position);
                // Where RETURNING has brought them, all have them by now.
                (0..).zip(slots).try_for_each(|(position, &slot)| take_key(objects, slot, column, key(position)))?;
            }
            None => {}
        }
        objects.expect_identities(slots.len());
        for &slot in slots {
            objects.set_state(slot, State::Persistent);
            objects.get_mut(slot).base = None; // It is as its row.
            objects.forget_properties(slot);
            objects.identify_new(slot);
            objects.follow_keys(slot, None)?;
        }
    }
    if reads_back {
        read_filled(objects, connection, batch, &filled).await?;
    }
    Ok(())
}

/// Returns the rows of the first objects, all of which set the columns, and how many they are: as many as have so many bytes
/// together, and one at least.
fn plain_rows(objects: &Objects, columns: &[u16], slots: &[u32], most_bytes: usize) -> (InsertSource, usize) {
    let mut values = Vec::with_capacity(slots.len() * columns.len());
    let (mut bytes, mut count) = (0, 0);
    for &slot in slots {
        let object = objects.object(slot);
        object.push_columns(columns, &mut values);
        bytes += values[count * columns.len()..].iter().map(value_size).sum::<usize>();
        if bytes > most_bytes && count > 0 {
            values.truncate(count * columns.len());
            break;
        }
        count += 1;
    }
    (InsertSource::of_values(values, columns.len()), count)
}

/// The same for objects that set different columns: what one does not set is DEFAULT.
fn rows(objects: &Objects, columns: &[u16], slots: &[u32], most_bytes: usize) -> (InsertSource, usize) {
    let mut rows = Vec::with_capacity(slots.len());
    let mut bytes = 0;
    for &slot in slots {
        let (object, own) = (objects.object(slot), &objects.get(slot).set);
        let value = |&column: &u16| match own.contains(usize::from(column)) {
            true => Node::Bind(object.column(usize::from(column))),
            false => Node::Sql("DEFAULT".into()),
        };
        let row: Vec<Node> = columns.iter().map(value).collect();
        bytes += row_size(&row);
        if bytes > most_bytes && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    let count = rows.len();
    (InsertSource::Rows(rows), count)
}

fn columns_where(mapper: &Mapper, keep: impl Fn(usize, &crate::mapper::Column) -> bool) -> Vec<u16> {
    let columns = mapper.definition.columns.iter().enumerate();
    columns.filter(|(position, column)| keep(*position, column)).map(|(position, _)| position as u16).collect()
}

fn outputs(mapper: &'static Mapper, columns: &[u16]) -> Vec<Output> {
    let column = |&column: &u16| Output::expression(Node::Column { mapper, column, alias: Alias::NONE }, true);
    columns.iter().map(column).collect()
}

/// Returns whether the keys that the database generates rise in the order of the rows, so that the key that comes back
/// tells the row. In a key whose first column is another, some engines count for each value of that one.
fn rises(mapper: &Mapper, column: usize, capabilities: &Capabilities) -> bool {
    let is_first = mapper.definition.key.first().is_some_and(|&first| usize::from(first) == column);
    matches!(capabilities.generated_keys, GeneratedKeys::Rising | GeneratedKeys::FirstKey) && is_first
}

/// Returns the columns that an INSERT gives back: the key and what was filled, or none where there is nothing to learn.
fn returned(mapper: &Mapper, generated: Option<usize>, filled: &[u16], capabilities: &Capabilities) -> Vec<u16> {
    // SQLite tells the last key without being asked.
    let is_wanted = generated.is_some() && capabilities.generated_keys != GeneratedKeys::NextOnes;
    if !capabilities.returning.insert || (filled.is_empty() && !is_wanted) {
        return Vec::new();
    }
    let mut columns = mapper.definition.key.to_vec();
    columns.extend(generated.map(|column| column as u16).filter(|column| !columns.contains(column)));
    columns.extend(filled);
    columns
}

// --------------------------------------------------------------------------------------------------------------- keys

/// Keys that are this transaction's to give.
struct Reserved {
    keys: Vec<i64>,
    /// Whether the column takes no keys unless it is told to.
    overrides: bool,
    /// Whether they are those that the database generates next.
    are_next: bool,
}

/// Takes the next keys of a table, so that several rows can be inserted with them; `None` where that cannot be done.
async fn reserve_keys(
    connection: &mut Connection,
    mapper: &'static Mapper,
    column: usize,
    own_keys: &[Option<i64>],
) -> Result<Option<Reserved>> {
    let count = own_keys.iter().filter(|own| own.is_none()).count();
    match connection.engine.dialect().capabilities().generated_keys {
        GeneratedKeys::NextOnes => next_keys(connection, mapper, column, own_keys).await.map(Some),
        GeneratedKeys::Sequence => keys_of_sequence(connection, mapper, column, count).await,
        GeneratedKeys::Rising | GeneratedKeys::FirstKey => Ok(None),
    }
}

/// Returns how far the keys are apart that this connection generates: more than 1 where several servers generate them.
async fn key_step(connection: &mut Connection) -> Result<i64> {
    let request = sql_request(vec![TextPart::Sql("SELECT @@auto_increment_increment".to_owned())]);
    let rows: Vec<i64> = connection.engine.fetch(&mut connection.guard, request).await?;
    Ok(rows.first().copied().unwrap_or(1))
}

/// Takes the keys behind the greatest one, which no other transaction can take: this one has the only write lock, or its
/// INSERT fails because another has written since it read. Rows with a key of their own move those behind them, as if one
/// had been inserted after the other.
async fn next_keys(
    connection: &mut Connection,
    mapper: &'static Mapper,
    column: usize,
    own_keys: &[Option<i64>],
) -> Result<Reserved> {
    let taken: HashSet<i64> = own_keys.iter().flatten().copied().collect();
    let found = greatest_key(connection, mapper, column).await?;
    let mut greatest = found.max(0);
    let mut keys = Vec::with_capacity(own_keys.len());
    for own in own_keys {
        if let Some(own) = own {
            greatest = greatest.max(*own);
            continue;
        }
        let next = (1..).map_while(|step| greatest.checked_add(step)).find(|next| !taken.contains(next));
        let Some(next) = next else {
            let message = format!("table `{}` has no keys left", mapper.definition.table);
            return Err(Error::new(ErrorKind::Operational, message));
        };
        greatest = next;
        keys.push(next);
    }
    // SQLite counts on from a negative key, and generates none in a key of several columns, nor in a table without rowid.
    let is_alone = mapper.definition.key == [column as u16];
    let has_rowid = !mapper.definition.options.iter().any(|(option, _)| *option == "sqlite_without_rowid");
    let are_next = taken.is_empty() && found >= 0 && is_alone && has_rowid;
    Ok(Reserved { keys, overrides: false, are_next })
}

async fn greatest_key(connection: &mut Connection, mapper: &'static Mapper, column: usize) -> Result<i64> {
    let dialect = connection.engine.dialect();
    let table = table_name(&connection.engine, mapper)?;
    let mut name = String::new();
    dialect.write_identifier(mapper.definition.columns[column].name, &mut name);
    let mut sql = format!("SELECT coalesce(max({name}), 0) FROM {table}");
    if mapper.definition.options.iter().any(|(option, _)| *option == "sqlite_autoincrement") {
        // AUTOINCREMENT never gives a key again, not even that of a deleted row.
        let literal = mapper.definition.table.replace('\'', "''");
        // Each attached database has one of its own.
        let sequences = qualified(&connection.engine, mapper.definition.schema, "sqlite_sequence")?;
        sql = format!(
            "SELECT max(coalesce((SELECT seq FROM {sequences} WHERE name = '{literal}'), 0), \
             (SELECT coalesce(max({name}), 0) FROM {table}))"
        );
    }
    let request = sql_request(vec![TextPart::Sql(sql)]);
    let rows: Vec<i64> = connection.engine.fetch(&mut connection.guard, request).await?;
    Ok(rows.first().copied().unwrap_or_default())
}

/// Takes keys from the sequence behind a column, if there is one that this user may use.
async fn keys_of_sequence(
    connection: &mut Connection,
    mapper: &'static Mapper,
    column: usize,
    count: usize,
) -> Result<Option<Reserved>> {
    let sql = |text: &str| TextPart::Sql(text.to_owned());
    let of_table = table_name(&connection.engine, mapper)?;
    let table = || TextPart::Parameter(Node::Bind(Value::Text(of_table.clone())));
    let name = || TextPart::Parameter(Node::Bind(Value::Text(mapper.definition.columns[column].name.to_owned())));
    let count = TextPart::Parameter(Node::Bind(Value::Int64(count as i64)));
    // Materialized, or the sequence would be looked up for every key.
    let owned = || vec![sql("pg_get_serial_sequence("), table(), sql(", "), name(), sql(")")];
    let sequence = mapper.definition.columns[column].sequence;
    let sequence = sequence.map(|sequence| qualified(&connection.engine, None, sequence)).transpose()?;
    let named = sequence.map(|sequence| vec![TextPart::Parameter(Node::Bind(Value::Text(sequence)))]);
    let mut parts = vec![sql("WITH found AS MATERIALIZED (SELECT ")];
    parts.extend(named.unwrap_or_else(owned));
    parts.extend([
        sql("::regclass AS sequence, (SELECT attidentity = 'a' FROM pg_attribute WHERE attrelid = "),
        table(),
        sql("::regclass AND attname = "),
        name(),
        sql(") AS is_always, (SELECT relkind = 'r' AND NOT relhasrules AND NOT EXISTS (SELECT FROM pg_trigger \
             WHERE tgrelid = pg_class.oid AND NOT tgisinternal AND tgtype & 2 <> 0) FROM pg_class WHERE oid = "),
        table(),
        sql("::regclass) AS is_plain) SELECT nextval(sequence), is_always, is_plain FROM found, generate_series(1, "),
        count,
        sql(") WHERE has_sequence_privilege(sequence, 'USAGE')"),
    ]);
    let request = sql_request(parts);
    // The keys are no rows of the user's, whose number may be limited.
    let engine = connection.engine.execution_options(ExecutionOptions::new().max_rows(u64::MAX));
    let rows: Vec<(i64, bool, bool)> = engine.fetch(&mut connection.guard, request).await?;
    let overrides = rows.iter().any(|&(_, is_always, _)| is_always);
    if let Some(&(.., is_plain)) = rows.first() {
        connection.engine.shared.draws.note(of_table, column, Draw { is_plain });
    }
    let keys: Vec<i64> = rows.into_iter().map(|(key, ..)| key).collect();
    Ok(if keys.is_empty() { None } else { Some(Reserved { keys, overrides, are_next: false }) })
}

fn table_name(engine: &Engine, mapper: &Mapper) -> Result<String> {
    qualified(engine, mapper.definition.schema, mapper.definition.table)
}

/// Writes the name of something in a schema, as it stands for this engine.
fn qualified(engine: &Engine, schema: Option<&str>, name: &str) -> Result<String> {
    let schema = engine.schemas()?.map_or(schema, |schemas| schemas.of(schema));
    let mut written = String::new();
    engine.dialect().write_qualified(schema, name, &mut written);
    Ok(written)
}

/// SQL that the session itself writes.
fn sql_request(parts: Vec<TextPart>) -> crate::engine::Request {
    let text = TextNode { parts, model: None };
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

/// Makes sure that the last of some new rows has the key that was expected, and so each the one that its object has.
fn check_key(objects: &Objects, slots: &[u32], column: usize, last_key: Option<i64>) -> Result<()> {
    let Some(&last) = slots.last() else { return Ok(()) };
    let expected = as_integer(&objects.object(last).column(column));
    if last_key == expected {
        return Ok(());
    }
    let name = objects.get(last).mapper.definition.name;
    let shown = |key: Option<i64>| key.map_or_else(|| "none".to_owned(), |key| key.to_string());
    let message = format!(
        "the INSERT of {} rows of `{name}` gave the last one the key {} instead of {}",
        slots.len(),
        shown(last_key),
        shown(expected)
    );
    Err(Error::new(ErrorKind::StaleData, message)
        .hint("a trigger inserts into the table as well: flush after each object that is added"))
}

// --------------------------------------------------------------------------------------------------------------- rows

/// The columns that come back, and which of them the database generates.
struct Returned {
    columns: Vec<u16>,
    generated: Option<usize>,
    /// Whether they come back in the order of the objects.
    in_order: bool,
}

/// Says what to do with an object whose row is there already.
fn taken_key(error: Error, mapper: &Mapper, events: &SessionEvents) -> Error {
    let definition = mapper.definition();
    let key = definition.key.iter().map(|&column| definition.columns[usize::from(column)].name);
    if error.is_unique_violation() && key.eq(error.columns().iter().map(String::as_str)) {
        if events.filters(mapper) {
            return error.hint(format!(
                "the row may be one that a filter of the session hides, which `merge` does not find either: bring it in by \
                 `merge` in a session without the filter of `{}`",
                definition.name
            ));
        }
        return error.hint("if the object is that of a row which is there already, bring it in by `merge`");
    }
    error
}

/// Sends an INSERT, and puts what it returns into the objects: a single row into the only one, rows whose keys were
/// generated by their rising keys, others by their keys.
async fn send(
    objects: &mut Objects,
    connection: &mut Connection,
    statement: InsertNode,
    slots: &[u32],
    returned: Returned,
) -> Result<Option<i64>> {
    let mapper = statement.mapper;
    let count = slots.len() as u64;
    let mut rows: Vec<(Option<Key>, Vec<Value>)> = Vec::new();
    let done = connection
        .run(Statement::Insert(Box::new(statement)), &mut |row| {
            let values = (0..returned.columns.len()).map(|position| as_value(row.value(position)));
            rows.push((Key::of_first_columns(&row, mapper), values.collect()));
            Ok(ControlFlow::Continue(()))
        })
        .await
        .map_err(|error| trade::explain_insert(objects, slots, taken_key(error, mapper, &objects.events)))?;
    let given = rows.len();
    let is_returning = !returned.columns.is_empty();
    let pairs = match slots {
        [only] => rows.into_iter().map(|(_, values)| (*only, values)).collect(),
        _ if !is_returning => Vec::new(),
        _ if returned.in_order => as_they_came(mapper, &returned, rows, slots)?,
        _ if returned.generated.is_some() => by_rising_key(rows, slots),
        _ => by_key(objects, rows, slots),
    };
    if done.rows_affected != count || (is_returning && (given != slots.len() || pairs.len() != slots.len())) {
        let message = format!(
            "the INSERT of {count} rows into `{}` inserted {} and gave {given} back",
            mapper.definition.table, done.rows_affected
        );
        return Err(Error::new(ErrorKind::StaleData, message).hint("check the triggers of the table"));
    }
    for (slot, values) in pairs {
        fill(objects, slot, &returned.columns, &values)?;
        objects.get_mut(slot).has_generated_key |= returned.generated.is_some();
    }
    Ok(done.last_insert_id)
}

/// Gives each object its row, by the rule that they were inserted in the order of the objects: their keys tell whether they were.
fn as_they_came(
    mapper: &Mapper,
    returned: &Returned,
    rows: Vec<(Option<Key>, Vec<Value>)>,
    slots: &[u32],
) -> Result<Vec<(u32, Vec<Value>)>> {
    let generated = returned.columns.iter().position(|&column| Some(usize::from(column)) == returned.generated);
    let key = |(_, values): &(Option<Key>, Vec<Value>)| generated.and_then(|at| as_integer(&values[at]));
    let keys: Vec<Option<i64>> = rows.iter().map(key).collect();
    if keys.contains(&None) || !(keys.is_sorted_by(|one, next| one < next) || keys.is_sorted_by(|one, next| one > next))
    {
        let message = format!(
            "the INSERT of {} rows of `{}` gave keys that neither rise nor fall, so that it is not known which row has which",
            slots.len(),
            mapper.definition.name
        );
        return Err(Error::new(ErrorKind::StaleData, message)
            .hint("a trigger gives them, or a sequence that starts again: flush after each object that is added"));
    }
    Ok(slots.iter().copied().zip(rows.into_iter().map(|(_, values)| values)).collect())
}

/// Gives each object its row, by the rule that the first one has the least key.
fn by_rising_key(mut rows: Vec<(Option<Key>, Vec<Value>)>, slots: &[u32]) -> Vec<(u32, Vec<Value>)> {
    // The generated column is the first of the key, and that the first of what comes back.
    let generated = |values: &[Value]| match values.first() {
        Some(Value::Int64(key)) => *key,
        _ => i64::MIN,
    };
    rows.sort_by_key(|(_, values)| generated(values));
    slots.iter().copied().zip(rows.into_iter().map(|(_, values)| values)).collect()
}

/// Gives each object the row with its key.
fn by_key(objects: &Objects, rows: Vec<(Option<Key>, Vec<Value>)>, slots: &[u32]) -> Vec<(u32, Vec<Value>)> {
    let slot_of = |&slot: &u32| Some((Key::of_object(objects.object(slot))?, slot));
    let mut slots: HashMap<Key, u32> = slots.iter().filter_map(slot_of).collect();
    rows.into_iter().filter_map(|(key, values)| Some((slots.remove(&key?)?, values))).collect()
}

/// Puts values into columns of an object.
pub(super) fn fill(objects: &mut Objects, slot: u32, columns: &[u16], values: &[Value]) -> Result<()> {
    for (&column, value) in columns.iter().zip(values) {
        let column = usize::from(column);
        objects.object_mut(slot).set_column(column, RowValue::of(value).get()).map_err(|reason| {
            let definition = &objects.get(slot).mapper.definition;
            let (name, field) = (definition.name, definition.columns[column].field);
            let message = format!("`{name}.{field}` cannot take what the database filled in: {}", reason.reason());
            Error::new(ErrorKind::Data, message)
        })?;
    }
    Ok(())
}

/// Reads what the database has filled in, where INSERT does not give it back.
async fn read_filled(objects: &mut Objects, connection: &mut Connection, batch: &Batch, filled: &[u16]) -> Result<()> {
    const CHUNK: usize = 500;
    let mapper = batch.mapper;
    let columns: Vec<u16> = mapper.definition.key.iter().chain(filled).copied().collect();
    for slots in batch.slots.chunks(CHUNK) {
        let filters = slots.iter().map(|&slot| Node::All(key_filters(mapper, objects.object(slot))));
        let filters = [Node::Any(filters.collect())].into();
        let select = SelectNode { outputs: outputs(mapper, &columns), filters, ..SelectNode::default() };
        let mut rows = Vec::new();
        let mut take = |row: Row<'_>| {
            let values = (0..columns.len()).map(|position| as_value(row.value(position)));
            rows.push((Key::of_first_columns(&row, mapper), values.collect()));
            Ok(ControlFlow::Continue(()))
        };
        connection.run(Statement::Select(Box::new(select)), &mut take).await?;
        for (slot, values) in by_key(objects, rows, slots) {
            fill(objects, slot, &columns, &values)?;
        }
    }
    Ok(())
}
