//! Rows that are deleted before anything else, since other rows take what they have.
//!
//! A flush deletes last, when whatever referred to a row has let go of it. But a database checks unique values row by row: a
//! new row cannot have the value of one that is deleted after it. So such a row goes first, with those that are deleted and
//! refer to it; pairs of association tables are taken away before, and rows that stay let go of it. What cannot let go yet
//! (its UPDATE waits itself, or the row is to refer to what goes) keeps the row until the end: what is updated then waits
//! for it ([`turns`](super::trade::turns)), and a new row is refused by the database.
//!
//! In: [`Work`]. Out: [`First`]. Where nothing takes a value of a row that goes, nothing is looked at.

use std::collections::{HashMap, HashSet};

use orm_pool::Value;

use super::collect::Work;
use super::trade::{Contested, wanted};
use crate::error::Result;
use crate::mapper::{ForeignKey, Object};
use crate::session::{Key, ObjectId, Objects, PairChange, State};

/// What is done before anything else.
#[derive(Default)]
pub(super) struct First {
    /// Objects that stay, with the columns by which they refer to rows that go.
    pub(super) letting_go: Vec<(u32, Vec<u16>)>,
    /// What is taken away from association tables.
    pub(super) pairs: Vec<PairChange>,
    /// Objects that are deleted.
    pub(super) deletes: Vec<u32>,
}

/// Finds what is deleted first, and takes the pairs of that out of the session's.
pub(super) fn first(objects: &mut Objects, work: &Work) -> Result<First> {
    let wanted = wanted(objects, work);
    if wanted.is_empty() {
        return Ok(First::default());
    }
    let holds = Holds::of(objects, work)?;
    let staying = reach(&holds.staying, |slot| holds.leads_to.get(&slot));
    let free: Vec<u32> = wanted.into_iter().filter(|slot| !staying.contains(slot)).collect();
    let going = reach(&free, |slot| holds.goes_before.get(&slot));
    let ids: HashSet<_> = going.iter().map(|&slot| objects.id(slot)).collect();
    let is_of_going = |pair: &mut PairChange| ids.contains(&pair.owner) || ids.contains(&pair.member);
    let pairs = objects.pairs.extract_if(.., is_of_going).collect();
    let mut letting_go: Vec<(u32, Vec<u16>)> = Vec::new();
    for (slot, columns, _) in holds.letting_go.into_iter().filter(|(.., target)| going.contains(target)) {
        match letting_go.last_mut() {
            Some((last, known)) if *last == slot => known.extend(columns),
            _ => letting_go.push((slot, columns)),
        }
    }
    let deletes = work.deletes.iter().copied().filter(|slot| going.contains(slot)).collect();
    Ok(First { letting_go, pairs, deletes })
}

/// Returns these and whatever the steps lead to.
fn reach<'s>(from: &[u32], steps: impl Fn(u32) -> Option<&'s Vec<u32>>) -> HashSet<u32> {
    let mut found: HashSet<u32> = from.iter().copied().collect();
    let mut rest = from.to_vec();
    while let Some(slot) = rest.pop() {
        rest.extend(steps(slot).into_iter().flatten().filter(|&&next| found.insert(next)));
    }
    found
}

/// What refers to rows that are to be deleted.
#[derive(Default)]
struct Holds {
    /// Those of the rows that are deleted themselves, by the row to which they refer.
    goes_before: HashMap<u32, Vec<u32>>,
    /// The same the other way.
    leads_to: HashMap<u32, Vec<u32>>,
    /// Objects that stay and can let go at once: the columns, and the row to which they refer.
    letting_go: Vec<(u32, Vec<u16>, u32)>,
    /// Rows that are held by something else.
    staying: Vec<u32>,
}

impl Holds {
    /// (What neither goes nor changes is left to the database, which does to it what it would do later.)
    fn of(objects: &Objects, work: &Work) -> Result<Holds> {
        let mut targets = Targets { objects, doomed: &work.deletes, rows: HashMap::new() };
        let mut contested = Contested::of(objects, work);
        let mut holds = Holds::default();
        for &slot in &work.deletes {
            for key in &objects.get(slot).mapper.configured()?.foreign_keys {
                if let Some(target) = targets.find(key, objects.stored(slot)) {
                    holds.goes_before.entry(target).or_default().push(slot);
                    holds.leads_to.entry(slot).or_default().push(target);
                }
            }
        }
        for &slot in work.inserts.iter().chain(&work.updates) {
            for (position, key) in objects.get(slot).mapper.configured()?.foreign_keys.iter().enumerate() {
                holds.staying.extend(match next(objects, slot, position)? {
                    Next::Linked(parent) => stays(objects, parent.slot).is_none().then_some(parent.slot),
                    Next::Null => None,
                    Next::Value => targets.find(key, objects.object(slot)),
                });
            }
        }
        for &slot in &work.updates {
            let was = objects.stored(slot);
            for (position, key) in was.mapper().configured()?.foreign_keys.iter().enumerate() {
                if key.columns.iter().any(|&column| was.is_left_out(usize::from(column))) {
                    // It may refer to any of them.
                    let is_target = |&doomed: &u32| objects.get(doomed).mapper.is(key.target);
                    holds.staying.extend(work.deletes.iter().copied().filter(is_target));
                } else if let Some(target) = targets.find(key, was) {
                    match written_first(objects, slot, (position, key))? {
                        Some(columns) if contested.leaves(objects, slot, &columns) => {
                            holds.letting_go.push((slot, key.columns.clone(), target));
                        }
                        _ => holds.staying.push(target),
                    }
                }
            }
        }
        for pair in objects.pairs.iter().filter(|pair| pair.is_added) {
            holds.staying.extend([pair.owner.slot, pair.member.slot]);
        }
        Ok(holds)
    }
}

/// The rows that are to be deleted, by what is referred to.
struct Targets<'o> {
    objects: &'o Objects,
    doomed: &'o [u32],
    rows: HashMap<(usize, &'static [u16]), HashMap<Key, u32>>,
}

impl Targets<'_> {
    /// Returns the one that an object refers to.
    fn find(&mut self, key: &'static ForeignKey, object: &dyn Object) -> Option<u32> {
        let &mut Targets { objects, doomed, .. } = self;
        let rows = self.rows.entry((key.target.id(), &*key.target_columns)).or_insert_with(|| {
            let own = doomed.iter().copied().filter(|&slot| objects.get(slot).mapper.is(key.target));
            let columns = || key.target_columns.iter().copied();
            own.filter_map(|slot| Some((Key::of_columns(objects.stored(slot), columns())?, slot))).collect()
        });
        if rows.is_empty() { None } else { rows.get(&Key::of_columns(object, key.columns.iter().copied())?).copied() }
    }
}

/// What a foreign key is to be.
enum Next {
    Linked(ObjectId),
    Null,
    /// What the object's columns say.
    Value,
}

fn next(objects: &Objects, slot: u32, foreign_key: usize) -> Result<Next> {
    let link = objects.get(slot).links.iter().find(|link| link.foreign_key() == foreign_key);
    Ok(match link.map(|link| link.parent) {
        Some(Some(parent)) => Next::Linked(parent),
        Some(None) if !objects.keeps_key(slot, foreign_key)? => Next::Null,
        Some(None) | None => Next::Value,
    })
}

/// Returns an object that has a row before and after the flush.
fn stays(objects: &Objects, slot: u32) -> Option<u32> {
    (objects.get(slot).state == State::Persistent && !objects.get(slot).is_doomed).then_some(slot)
}

/// Returns what the columns of a foreign key get if they are written before anything else: `None` if they cannot be, since
/// there is no row yet to which they would refer, or another foreign key depends on them.
fn written_first(
    objects: &Objects,
    slot: u32,
    (position, key): (usize, &ForeignKey),
) -> Result<Option<Vec<(u16, Value)>>> {
    let (entry, own) = (objects.get(slot), objects.object(slot));
    let is_shared = |(other, others): (usize, &ForeignKey)| {
        other != position && others.columns.iter().any(|column| key.columns.contains(column))
    };
    let is_there = |id: ObjectId| objects.is_alive(id) && stays(objects, id.slot).is_some();
    if entry.mapper.configured()?.foreign_keys.iter().enumerate().any(is_shared)
        || !entry.links.iter().all(|link| link.parent.is_none_or(is_there))
    {
        return Ok(None);
    }
    let next = next(objects, slot, position)?;
    if matches!(next, Next::Value)
        && let Some(value) = Key::of_columns(own, key.columns.iter().copied())
    {
        let is_key = key.target_columns == key.target.definition.key;
        let target = objects.find(key.target, &value).filter(|_| is_key);
        if target.and_then(|target| stays(objects, target)).is_none() {
            return Ok(None);
        }
    }
    let written = |(&column, &target): (&u16, &u16)| match next {
        Next::Linked(parent) => (column, objects.stored(parent.slot).column(usize::from(target))),
        Next::Null => (column, Value::Null(entry.mapper.definition().columns[usize::from(column)].kind)),
        Next::Value => (column, own.column(usize::from(column))),
    };
    Ok(Some(key.columns.iter().zip(&key.target_columns).map(written).collect()))
}
