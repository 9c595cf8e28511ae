//! Values that tell rows apart, and objects that take them from each other.
//!
//! A database checks keys and unique columns row by row: a row can have a value only when no other has it any more. So what
//! takes a value goes after what gives it away, and after the DELETE of what goes with it. Of rows that trade values in a
//! ring, one is given a value first that no row has: NULL where there may be NULLs, else one that is looked for.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::Arc;

use orm_pool::Value;

use super::collect::Work;
use super::followers::follow;
use super::guards;
use super::order::components;
use super::update::{RowChange, stale, statement};
use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, IndexDefinition, Mapper, RelationshipInfo, is_changed};
use crate::session::{Key, Objects, State, key_text};
use crate::sql::{Node, Output, SelectNode, Statement};
use crate::types::{ColumnType, RowValue, same};

/// How often a value is looked for that no row has.
const ATTEMPTS: u32 = 20;

/// The columns of a key, a unique column, or several that are unique together: of all that the model has.
fn sets(mapper: &Mapper) -> Vec<Vec<u16>> {
    let definition = mapper.definition();
    let single = definition.columns.iter().enumerate().filter(|(_, column)| column.unique);
    let several = definition.uniques.iter().chain(definition.indexes.iter().filter(|index| index.is_unique));
    // Of an expression it is not known which values it holds equal: equal columns are.
    let columns = |unique: &IndexDefinition| -> Vec<u16> {
        let all = (0..).zip(definition.columns);
        let more = all.filter(|(at, column)| !unique.columns.contains(at) && unique.concerns(*at, column.name));
        unique.columns.iter().copied().chain(more.map(|(at, _)| at)).collect()
    };
    std::iter::once(definition.key.to_vec())
        .chain(single.map(|(position, _)| vec![position as u16]))
        .chain(several.map(columns))
        .collect()
}

/// What one object gives away and takes.
struct Move {
    /// The position among the [`sets`] of its model.
    set: usize,
    from: Option<Key>,
    to: Option<Key>,
}

/// A value that tells the rows of a model apart.
type Held = (usize, usize, Key);

/// Returns the value that the flush copies into a column of an object from the row that it is linked to, if it has one.
pub(super) fn linked(objects: &Objects, slot: u32, column: u16) -> Option<Value> {
    let entry = objects.get(slot);
    entry.links.iter().find_map(|link| {
        let parent = link.parent.filter(|&parent| objects.is_alive(parent))?.slot;
        let key = &entry.mapper.configured().ok()?.foreign_keys[link.foreign_key()];
        let at = key.columns.iter().position(|&own| own == column)?;
        let has_row = objects.get(parent).state == State::Persistent;
        has_row.then(|| objects.object(parent).column(usize::from(key.target_columns[at])))
    })
}

fn moves(objects: &Objects, slot: u32, sets: &[Vec<u16>]) -> Vec<Move> {
    let (was, is) = (objects.stored(slot), objects.object(slot));
    let differs = |&column: &u16| match linked(objects, slot, column) {
        Some(value) => !same(&value, &was.column(usize::from(column))),
        None => is_changed(is, was, usize::from(column)),
    };
    let coming = |&column: &u16| linked(objects, slot, column).unwrap_or_else(|| is.column(usize::from(column)));
    sets.iter()
        .enumerate()
        .filter(|(_, columns)| columns.iter().any(differs))
        .map(|(set, columns)| {
            let from = Key::of_columns(was, columns.iter().copied());
            Move { set, from, to: Key::of(columns.iter().map(coming)) }
        })
        .collect()
}

// ------------------------------------------------------------------------------------------------------- who goes when

/// When the objects of a group are updated.
pub(super) struct Turns {
    /// Before rows are inserted.
    pub(super) early: Vec<u32>,
    /// After rows are inserted, to which they refer.
    pub(super) waiting: Vec<u32>,
    /// After rows are deleted, whose values they take.
    pub(super) last: Vec<u32>,
}

/// Lets objects wait for what gives away the values that they take.
pub(super) fn turns(objects: &Objects, early: Vec<u32>, waiting: Vec<u32>, deletes: &[u32]) -> Turns {
    let mut turns = Turns { early, waiting, last: Vec::new() };
    let mut known = KnownSets::default();
    let moving: Vec<u32> = turns.early.iter().chain(&turns.waiting).copied().collect();
    if moving.iter().all(|&slot| known.moves(objects, slot).is_empty()) {
        return turns;
    }
    let doomed = deletes.iter().flat_map(|&slot| known.held(objects, slot)).collect::<HashSet<Held>>();
    let Turns { early, waiting, last } = &mut turns;
    let mut held = doomed;
    loop {
        let count = last.len();
        known.put_off(objects, early, last, held.clone());
        known.put_off(objects, waiting, last, held);
        if last.len() == count {
            break;
        }
        // What waits for these has to wait as well.
        held = last.iter().flat_map(|&slot| known.given(objects, slot)).collect();
    }
    let given = waiting.iter().flat_map(|&slot| known.given(objects, slot)).collect();
    known.put_off(objects, early, waiting, given);
    turns
}

/// Finds the objects to be deleted whose values others take: new ones, and ones that change.
pub(super) fn wanted(objects: &Objects, work: &Work) -> Vec<u32> {
    let mut models: Vec<usize> = Vec::new();
    for &slot in &work.deletes {
        let model = objects.get(slot).mapper.id();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    let is_of_these = |slot: &&u32| models.contains(&objects.get(**slot).mapper.id());
    let mut known = KnownSets::default();
    let mut taken: HashSet<Held> = HashSet::new();
    if !models.is_empty() {
        work.updates.iter().filter(is_of_these).for_each(|&slot| taken.extend(known.taken(objects, slot)));
        work.inserts.iter().filter(is_of_these).for_each(|&slot| taken.extend(known.brought(objects, slot)));
    }
    if taken.is_empty() {
        return Vec::new();
    }
    let mut is_wanted = |slot: &u32| known.held(objects, *slot).iter().any(|held| taken.contains(held));
    work.deletes.iter().copied().filter(|slot| is_wanted(slot)).collect()
}

/// The values of the rows that are deleted or updated.
pub(super) struct Contested {
    known: KnownSets,
    held: HashSet<Held>,
}

impl Contested {
    pub(super) fn of(objects: &Objects, work: &Work) -> Contested {
        let (mut known, mut held) = (KnownSets::default(), HashSet::new());
        // Which of them an update gives away is not known before what it is to refer to has a row.
        let slots = work.deletes.iter().chain(&work.updates);
        slots.for_each(|&slot| held.extend(known.held(objects, slot)));
        Contested { known, held }
    }

    /// Returns whether columns of a row can be written before its others and before any other row: they are not of its key,
    /// and what they tell apart they do at once, by a value that none of these rows has.
    pub(super) fn leaves(&mut self, objects: &Objects, slot: u32, columns: &[(u16, Value)]) -> bool {
        let mapper = objects.get(slot).mapper;
        let (was, is) = (objects.stored(slot), objects.object(slot));
        let written = |column: u16| columns.iter().find(|(own, _)| *own == column).map(|(_, value)| value.clone());
        let comes_later = |&column: &u16| written(column).is_none() && is_changed(is, was, usize::from(column));
        let at_once = |&column: &u16| written(column).unwrap_or_else(|| was.column(usize::from(column)));
        let mut sets = self.known.of(mapper).iter().enumerate();
        sets.all(|(set, own)| {
            if !own.iter().any(|&column| written(column).is_some()) {
                return true;
            }
            let is_key = set == 0;
            let key = Key::of(own.iter().map(at_once));
            let is_free = |key| !own.iter().any(comes_later) && !self.held.contains(&(mapper.id(), set, key));
            !is_key && key.is_none_or(is_free)
        })
    }
}

/// Finds the objects that take a value after others have given it away: positions of who gives and who takes.
pub(super) fn takers(objects: &Objects, slots: &[u32]) -> Vec<(usize, usize)> {
    let mut known = KnownSets::default();
    let given = slots
        .iter()
        .enumerate()
        .flat_map(|(at, &slot)| known.given(objects, slot).into_iter().map(move |held| (held, at)));
    let givers: HashMap<Held, usize> = given.collect();
    let mut found = Vec::new();
    for (taker, &slot) in slots.iter().enumerate() {
        let taken = known.taken(objects, slot).into_iter().filter_map(|held| givers.get(&held).copied());
        found.extend(taken.filter(|&giver| giver != taker).map(|giver| (giver, taker)));
    }
    found
}

/// The sets of the models that were asked for.
#[derive(Default)]
struct KnownSets(HashMap<usize, Vec<Vec<u16>>>);

impl KnownSets {
    fn of(&mut self, mapper: &Mapper) -> &[Vec<u16>] {
        self.0.entry(mapper.id()).or_insert_with(|| sets(mapper))
    }

    fn moves(&mut self, objects: &Objects, slot: u32) -> Vec<Move> {
        moves(objects, slot, self.of(objects.get(slot).mapper))
    }

    /// What an object's row has.
    fn held(&mut self, objects: &Objects, slot: u32) -> Vec<Held> {
        let mapper = objects.get(slot).mapper;
        let key = |columns: &Vec<u16>| Key::of_columns(objects.stored(slot), columns.iter().copied());
        let keys = self.of(mapper).iter().map(key).enumerate();
        keys.filter_map(|(set, key)| Some((mapper.id(), set, key?))).collect()
    }

    /// What an object gives away.
    fn given(&mut self, objects: &Objects, slot: u32) -> Vec<Held> {
        let model = objects.get(slot).mapper.id();
        self.moves(objects, slot).into_iter().filter_map(|change| Some((model, change.set, change.from?))).collect()
    }

    /// What an object takes.
    fn taken(&mut self, objects: &Objects, slot: u32) -> Vec<Held> {
        let model = objects.get(slot).mapper.id();
        self.moves(objects, slot).into_iter().filter_map(|change| Some((model, change.set, change.to?))).collect()
    }

    /// What a new object brings, as far as it is known before its row is inserted.
    fn brought(&mut self, objects: &Objects, slot: u32) -> Vec<Held> {
        let entry = objects.get(slot);
        let object = objects.object(slot);
        let is_set = |column: usize| {
            entry.set.contains(column) || entry.base.as_deref().is_some_and(|base| is_changed(object, base, column))
        };
        let own = |column: usize| is_set(column).then(|| object.column(column));
        let value = |&column: &u16| linked(objects, slot, column).or_else(|| own(usize::from(column)));
        let key = |columns: &Vec<u16>| Key::of(columns.iter().map(value).collect::<Option<Vec<Value>>>()?);
        let keys = self.of(entry.mapper).iter().map(key).enumerate();
        keys.filter_map(|(set, key)| Some((entry.mapper.id(), set, key?))).collect()
    }

    /// Puts off what takes one of these values, and what takes a value of that.
    fn put_off(&mut self, objects: &Objects, now: &mut Vec<u32>, later: &mut Vec<u32>, mut held: HashSet<Held>) {
        while !held.is_empty() {
            let mut takes = |&slot: &u32| self.taken(objects, slot).iter().any(|taken| held.contains(taken));
            let (taking, rest): (Vec<u32>, Vec<u32>) = now.iter().copied().partition(&mut takes);
            held = taking.iter().flat_map(|&slot| self.given(objects, slot)).collect();
            *now = rest;
            later.extend(taking);
        }
    }
}

// -------------------------------------------------------------------------------------------------- which row before which

/// A row that gets a value for the time being: its position, and the columns that it tells apart.
pub(super) struct Parking {
    row: usize,
    set: Vec<u16>,
}

/// A row that takes a value after another has given it away.
struct Edge {
    first: usize,
    then: usize,
    set: usize,
}

/// Orders changes of one model so that each value is free before it is taken. Out: what has to be moved aside before.
pub(super) fn order(objects: &Objects, mapper: &'static Mapper, rows: &mut Vec<RowChange>) -> Result<Vec<Parking>> {
    let mut parked: Vec<Parking> = Vec::new();
    if rows.len() < 2 {
        return Ok(parked);
    }
    let sets = sets(mapper);
    let mut edges = edges(objects, rows, &sets);
    let sorted = loop {
        let pairs: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.first, edge.then)).collect();
        let sorted = components(rows.len(), &pairs);
        let Some(ring) = sorted.iter().find(|component| component.len() > 1) else { break sorted };
        let is_of_ring = |edge: &&Edge| ring.contains(&edge.first) && ring.contains(&edge.then);
        let can_wait = |edge: &&Edge| !spare_columns(mapper, &sets[edge.set], &rows[edge.first]).is_empty();
        let Some(edge) = edges.iter().filter(is_of_ring).find(can_wait) else {
            return Err(trade(objects, mapper, ring.iter().map(|&row| rows[row].slot)));
        };
        let (first, set) = (edge.first, edge.set);
        edges.retain(|edge| !(edge.first == first && edge.set == set));
        parked.push(Parking { row: first, set: sets[set].clone() });
    };
    let turn: Vec<usize> = sorted.into_iter().flatten().collect();
    let place: HashMap<usize, usize> = turn.iter().enumerate().map(|(place, &row)| (row, place)).collect();
    let mut ordered: Vec<(usize, RowChange)> =
        std::mem::take(rows).into_iter().enumerate().map(|(row, change)| (place[&row], change)).collect();
    ordered.sort_by_key(|(place, _)| *place);
    *rows = ordered.into_iter().map(|(_, change)| change).collect();
    parked.iter_mut().for_each(|parking| parking.row = place[&parking.row]);
    Ok(parked)
}

fn edges(objects: &Objects, rows: &[RowChange], sets: &[Vec<u16>]) -> Vec<Edge> {
    let moves: Vec<Vec<Move>> = rows.iter().map(|row| moves(objects, row.slot, sets)).collect();
    let mut holders: HashMap<(usize, &Key), usize> = HashMap::new();
    for (row, moves) in moves.iter().enumerate() {
        let given = moves.iter().filter_map(|change| Some(((change.set, change.from.as_ref()?), row)));
        holders.extend(given);
    }
    let mut edges = Vec::new();
    for (then, moves) in moves.iter().enumerate() {
        for change in moves {
            let holder = change.to.as_ref().and_then(|to| holders.get(&(change.set, to)));
            if let Some(&first) = holder.filter(|&&holder| holder != then) {
                edges.push(Edge { first, then, set: change.set });
            }
        }
    }
    edges
}

fn trade(objects: &Objects, mapper: &Mapper, slots: impl Iterator<Item = u32>) -> Error {
    let keys: Vec<String> = slots.take(10).map(|slot| key_text(objects.stored(slot))).collect();
    let name = mapper.definition.name;
    let message =
        format!("the objects `{name}` with keys {} take unique values from each other in a ring", keys.join("; "));
    Error::new(ErrorKind::InvalidRequest, message).hint(
        "a database checks row by row, and there is no value that one of them could have meanwhile: give one of them a \
         value of its own, call `flush`, and then give it the other's",
    )
}

// ------------------------------------------------------------------------------------------- a value for the time being

/// Lists the columns of a set that may hold another value for a moment, the best first: those that may be NULL, then those
/// that change anyway. A foreign key cannot, since there is no row that it would refer to.
fn spare_columns(mapper: &'static Mapper, set: &[u16], row: &RowChange) -> Vec<u16> {
    let is_foreign = |column: u16| {
        let keys = mapper.configured().map(|configured| &configured.foreign_keys);
        keys.is_ok_and(|keys| keys.iter().any(|key| key.columns.contains(&column)))
    };
    let nullable = |column: u16| may_be_null(mapper, column);
    let changes = |column: u16| row.sets.iter().any(|(set, _)| *set == column);
    let mut columns: Vec<u16> = set
        .iter()
        .copied()
        .filter(|&column| nullable(column) || !is_foreign(column))
        .filter(|&column| {
            nullable(column) || candidate(mapper, column, &row.base.column(usize::from(column))).is_some()
        })
        .collect();
    columns.sort_by_key(|&column| (!nullable(column), !changes(column)));
    columns
}

/// Returns whether a column may be NULL for a moment: what follows it would be NULL for good. A variant's field may not be
/// `None`, although its column is NULL in rows of other variants.
fn may_be_null(mapper: &'static Mapper, column: u16) -> bool {
    let follows = |info: &RelationshipInfo| {
        let key = info.link.and_then(|link| link.child.configured().ok()?.foreign_keys.get(link.foreign_key));
        key.is_some_and(|key| key.target.is(mapper) && key.target_columns.contains(&column))
    };
    mapper.definition().columns[usize::from(column)].nullable
        && mapper.definition().unit_of(column).len() == 1
        && mapper.configured().is_ok_and(|configured| !configured.relationships.iter().any(follows))
}

/// Returns a random value of a column, as unlikely in a row as its type allows; `None` where its type has none.
fn candidate(mapper: &Mapper, column: u16, now: &Value) -> Option<Value> {
    let definition = &mapper.definition().columns[usize::from(column)];
    if definition.has_own_type() || definition.computed.is_some() {
        return None;
    }
    let length = match (definition.column_type)() {
        ColumnType::String(length) | ColumnType::Char(length) => length.min(16),
        ColumnType::Text | ColumnType::Varchar => definition.length.unwrap_or(16).min(16),
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger | ColumnType::Uuid => 0,
        _ => return None,
    };
    let value = match now {
        // Below zero, where no counter of the database counts.
        Value::Int16(_) => Value::Int16(-1 - (random() >> 50) as i16),
        Value::Int32(_) => Value::Int32(-1 - (random() >> 34) as i32),
        Value::Int64(_) => Value::Int64(-1 - (random() >> 2) as i64),
        Value::Uuid(_) => {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&random().to_be_bytes());
            bytes[8..].copy_from_slice(&random().to_be_bytes());
            Value::Uuid(bytes)
        }
        Value::Text(_) if length > 0 => {
            let digits = format!("{:016x}", random());
            Value::Text(digits.chars().take(length as usize).collect())
        }
        _ => return None,
    };
    Some(value)
}

/// Returns a random number: each new state of the standard library's hasher has keys of its own.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// Gives a row a value for the time being, and lets the change go on from there.
pub(super) async fn park(
    objects: &mut Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    rows: &mut [RowChange],
    parking: &Parking,
) -> Result<()> {
    let row = &mut rows[parking.row];
    // It may have followed the key of another since.
    row.base = objects.get(row.slot).base.clone().unwrap_or_else(|| row.base.clone());
    let mut aside = row.base.copy();
    let mut found = None;
    for column in spare_columns(mapper, &parking.set, row) {
        if let Some(value) = free_value(connection, mapper, column, &row.base.column(usize::from(column))).await?
            && aside.set_column(usize::from(column), RowValue::of(&value).get()).is_ok()
        {
            found = Some((column, value));
            break;
        }
    }
    let Some((column, value)) = found else { return Err(trade(objects, mapper, std::iter::once(row.slot))) };
    let first = RowChange {
        slot: row.slot,
        base: row.base.clone(),
        sets: vec![(column, value)],
        guards: std::mem::take(&mut row.guards),
    };
    let update = |rows: &[RowChange]| Statement::Update(Box::new(statement(mapper, rows)));
    let parked = [first];
    let matched = guards::change(connection, mapper, &parked, update).await;
    let matched = matched.map_err(|error| explain_update(objects, mapper, &parked, error))?;
    if matched != 1 {
        return Err(stale(objects, std::iter::once(row.slot), "UPDATE", "update", matched));
    }
    if row.sets.iter().all(|(set, _)| *set != column) {
        row.sets.push((column, row.base.column(usize::from(column))));
    }
    let before = std::mem::replace(&mut row.base, Arc::from(aside));
    objects.get_mut(row.slot).base = Some(row.base.clone());
    follow(objects, &*before, &*row.base)
}

/// Finds a value of a column that no row has.
async fn free_value(
    connection: &mut Connection,
    mapper: &'static Mapper,
    column: u16,
    now: &Value,
) -> Result<Option<Value>> {
    let definition = &mapper.definition().columns[usize::from(column)];
    if may_be_null(mapper, column) {
        return Ok(Some(Value::Null(definition.kind)));
    }
    let node = || Node::Column { mapper, column, alias: Alias::NONE };
    for _ in 0..ATTEMPTS {
        let Some(value) = candidate(mapper, column, now) else { return Ok(None) };
        let select = SelectNode {
            outputs: vec![Output::expression(node(), true)],
            filters: [Node::equals(node(), Node::Bind(value.clone()))].into(),
            ..SelectNode::default()
        };
        let mut is_free = true;
        let mut take = |_: crate::mapper::Row<'_>| {
            is_free = false;
            Ok(ControlFlow::Continue(()))
        };
        connection.run(Statement::Select(Box::new(select)), &mut take).await?;
        if is_free {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

// ------------------------------------------------------------------------------------------------------------ messages

/// Adds to the error of an INSERT which object of the session has a value of these new rows: one of the same key, or one that is
/// to be deleted, since rows are deleted last.
pub(super) fn explain_insert(objects: &Objects, slots: &[u32], error: Error) -> Error {
    let Some(mapper) = slots.first().map(|&slot| objects.get(slot).mapper).filter(|_| error.is_unique_violation())
    else {
        return error;
    };
    let sets = sets(mapper);
    let is_taken = |columns: &[u16]| {
        let names = columns.iter().map(|&column| mapper.definition().columns[usize::from(column)].name);
        error.columns().is_empty() || names.eq(error.columns().iter().map(String::as_str))
    };
    let is_doomed = |slot: u32| objects.get(slot).is_doomed && objects.get(slot).state == State::Persistent;
    for &slot in slots.iter().filter(|_| is_taken(mapper.definition().key)) {
        let key = Key::of_object(objects.object(slot)).filter(|_| has_own_key(objects, slot));
        let other = key.and_then(|key| objects.find(mapper, &key)).filter(|&other| other != slot);
        if let Some(other) = other.filter(|&other| !is_doomed(other) && !has_new_key(objects, other)) {
            let other = objects.describe(other);
            return error.hint(format!("the session has the object {other} already: change that one, or use `merge`"));
        }
    }
    let mut known = KnownSets::default();
    let mut doomed: HashMap<Held, u32> = HashMap::new();
    let are_doomed = |&slot: &u32| objects.has_doomed && objects.get(slot).mapper.is(mapper) && is_doomed(slot);
    for slot in objects.in_use().filter(are_doomed) {
        doomed.extend(known.held(objects, slot).into_iter().map(|held| (held, slot)));
    }
    for &slot in slots {
        for (set, columns) in sets.iter().enumerate().filter(|(_, columns)| is_taken(columns)) {
            let key = Key::of_columns(objects.object(slot), columns.iter().copied());
            if let Some(&holder) = key.and_then(|key| doomed.get(&(mapper.id(), set, key))) {
                let holder = objects.describe(holder);
                return error.hint(format!(
                    "the object {holder}, which is to be deleted, has this value until then, and a flush deletes last: call \
                     `flush` after `delete`"
                ));
            }
        }
    }
    error
}

/// Adds to the error of an UPDATE that has changed the key of a row to which others refer what has those follow.
pub(super) fn explain_update(objects: &Objects, mapper: &'static Mapper, rows: &[RowChange], error: Error) -> Error {
    let sets = |row: &RowChange, columns: &[u16]| row.sets.iter().any(|(column, _)| columns.contains(column));
    let Some(row) = rows.iter().find(|row| error.is_foreign_key_violation() && sets(row, mapper.definition().key))
    else {
        return error;
    };
    // It may as well be the row that refers to nothing.
    let keys = mapper.configured().map(|configured| &configured.foreign_keys);
    if keys.is_ok_and(|keys| keys.iter().any(|key| sets(row, &key.columns))) {
        return error;
    }
    let owner = objects.describe(row.slot);
    error.hint(format!(
        "the key of {owner} has changed, and rows refer to what it was: declare their foreign keys with `on_update = \
         cascade`, and the database has the rows follow"
    ))
}

/// Returns whether an object's key is another than that of its row.
fn has_new_key(objects: &Objects, slot: u32) -> bool {
    let entry = objects.get(slot);
    let Some(base) = entry.base.as_deref().filter(|_| entry.state == State::Persistent) else { return false };
    entry.mapper.definition().key.iter().any(|&column| is_changed(objects.object(slot), base, usize::from(column)))
}

/// Returns whether a new object brings its key.
fn has_own_key(objects: &Objects, slot: u32) -> bool {
    let entry = objects.get(slot);
    entry.mapper.definition().key.iter().all(|&column| entry.set.contains(usize::from(column)))
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn random_numbers_are_of_the_type_and_below_zero() {
        for _ in 0..1000 {
            let number = random();
            assert!(-1 - ((number >> 50) as i16) < 0);
            assert!(-1 - ((number >> 34) as i32) < 0);
            assert!(-1 - ((number >> 2) as i64) < 0);
        }
    }
}
