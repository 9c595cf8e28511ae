//! Rows that follow a key by `ON UPDATE CASCADE`: what the database makes of them is made of their objects too, as soon as
//! the key is written, so that each is compared with its row and named by the key that this has.
//!
//! (Where the database does not, [`referrers`](super::referrers) has made changes of them.)

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use orm_pool::Value;

use super::order::levels_of;
use super::referrers::referring;
use super::trade::{linked, takers};
use super::update::put;
use crate::error::Result;
use crate::mapper::{ForeignKey, Mapper, Object};
use crate::session::{Key, Objects};

/// Puts objects in step whose rows refer to one that was `before` and is `now`, and what refers to those by a key that has
/// changed with it.
pub(super) fn follow(objects: &mut Objects, before: &dyn Object, now: &dyn Object) -> Result<()> {
    for (slot, foreign_key) in referring(objects, before, now, true)? {
        let mapper = objects.get(slot).mapper;
        let key = &mapper.configured()?.foreign_keys[foreign_key];
        let values = key.target_columns.iter().map(|&target| now.column(usize::from(target)));
        let columns: Vec<(u16, Value)> = key.columns.iter().copied().zip(values).collect();
        let was = objects.stored_copy(slot);
        let mut is = was.copy();
        columns.iter().try_for_each(|(column, value)| put(mapper, &mut *is, *column, value))?;
        objects.save(slot);
        // What it is to be itself it stays.
        let of = |object: &dyn Object| Key::of_columns(object, key.columns.iter().copied());
        if of(objects.object(slot)) == of(&*was) {
            let own = objects.object_mut(slot);
            columns.iter().try_for_each(|(column, value)| put(mapper, own, *column, value))?;
        }
        let is: Arc<dyn Object> = Arc::from(is);
        if let Some(base) = &mut objects.get_mut(slot).base {
            *base = is.clone();
        }
        if columns.iter().any(|(column, _)| mapper.definition.key.contains(column)) {
            objects.identify_as(slot, Key::of_object(&*is));
        }
        follow(objects, &*was, &*is)?;
    }
    Ok(())
}

// ------------------------------------------------------------------------------------------------------- who goes when

/// An object whose row refers to that of another, of which the key changes.
struct Edge {
    parent: usize,
    child: usize,
    /// Whether it is to refer to the new key without being linked.
    is_by_value: bool,
}

/// Splits objects to be updated into levels: each after those that get a key by which its row refers to them, or is to, and
/// those whose unique values it takes.
pub(super) fn levels(objects: &Objects, slots: &[u32]) -> Result<Vec<Vec<u32>>> {
    let mut edges: Vec<(usize, usize)> = edges(objects, slots)?.iter().map(|edge| (edge.parent, edge.child)).collect();
    if edges.is_empty() {
        return Ok(vec![slots.to_vec()]);
    }
    edges.extend(takers(objects, slots));
    Ok(levels_of(slots, &edges))
}

/// Lets objects that are to refer to a new key by its value wait for those that get it last. (What is linked refers to the
/// former key until then, and follows.)
pub(super) fn put_off(objects: &Objects, now: &mut Vec<u32>, last: &mut Vec<u32>) -> Result<()> {
    if last.is_empty() || now.is_empty() {
        return Ok(());
    }
    let slots = [last.as_slice(), now].concat();
    let waits = |edge: &Edge| edge.is_by_value && edge.parent < last.len() && edge.child >= last.len();
    let waiting: HashSet<u32> =
        edges(objects, &slots)?.into_iter().filter(waits).map(|edge| slots[edge.child]).collect();
    last.extend(now.extract_if(.., |slot| waiting.contains(slot)));
    Ok(())
}

fn edges(objects: &Objects, slots: &[u32]) -> Result<Vec<Edge>> {
    let mut mappers: Vec<&'static Mapper> = Vec::new();
    for &slot in slots {
        let mapper = objects.get(slot).mapper;
        if mappers.last().is_none_or(|last| !last.is(mapper)) && !mappers.iter().any(|known| known.is(mapper)) {
            mappers.push(mapper);
        }
    }
    let mut edges = Vec::new();
    for child in &mappers {
        for (position, key) in child.configured()?.foreign_keys.iter().enumerate() {
            if mappers.iter().any(|mapper| key.target.is(mapper)) {
                add_edges(objects, slots, child, (position, key), &mut edges);
            }
        }
    }
    Ok(edges)
}

fn add_edges(
    objects: &Objects,
    slots: &[u32],
    child: &Mapper,
    (position, key): (usize, &ForeignKey),
    edges: &mut Vec<Edge>,
) {
    let of = |mapper| slots.iter().copied().enumerate().filter(move |&(_, slot)| objects.get(slot).mapper.is(mapper));
    let mut changing: HashMap<u32, usize> = HashMap::new();
    let (mut by_former, mut by_next) = (HashMap::new(), HashMap::new());
    for (at, slot) in of(key.target) {
        let coming = |&column: &u16| {
            linked(objects, slot, column).unwrap_or_else(|| objects.object(slot).column(usize::from(column)))
        };
        let was = Key::of_columns(objects.stored(slot), key.target_columns.iter().copied());
        let is = Key::of(key.target_columns.iter().map(coming));
        if was != is {
            changing.insert(slot, at);
            by_former.extend(was.map(|was| (was, at)));
            by_next.extend(is.map(|is| (is, at)));
        }
    }
    if changing.is_empty() {
        return;
    }
    for (at, slot) in of(child) {
        let own = |object: &dyn Object| Key::of_columns(object, key.columns.iter().copied());
        let former = own(objects.stored(slot)).and_then(|was| by_former.get(&was));
        let next = match objects.get(slot).links.iter().find(|link| link.foreign_key() == position) {
            Some(link) => link.parent.and_then(|parent| changing.get(&parent.slot)).map(|&parent| (parent, false)),
            None => own(objects.object(slot)).and_then(|is| by_next.get(&is)).map(|&parent| (parent, true)),
        };
        let parents = former.map(|&parent| (parent, false)).into_iter().chain(next);
        let edge = |(parent, is_by_value)| Edge { parent, child: at, is_by_value };
        edges.extend(parents.filter(|&(parent, _)| parent != at).map(edge));
    }
}
