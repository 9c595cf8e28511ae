//! Collects what a flush has to do. Out: [`Work`], lists of slots.

use std::sync::Arc;

use orm_pool::Value;

use super::insert::{fill_foreign_keys, set_foreign_key};
use super::update::tells_rows_apart;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Mapper, Object, ReferentialAction, is_changed};
use crate::session::{Key, Objects, State, as_row_value};

/// What a flush has to do.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// The models that take part, in the order in which they were met.
    pub(super) mappers: Vec<&'static Mapper>,
    /// New objects, in the order in which they were added.
    pub(super) inserts: Vec<u32>,
    /// Objects whose columns or foreign keys have changed.
    pub(super) updates: Vec<u32>,
    /// Objects to be deleted.
    pub(super) deletes: Vec<u32>,
    pub(super) models: std::collections::HashMap<u32, usize, foldhash::fast::RandomState>,
}

impl Work {
    fn add(&mut self, objects: &Objects, slot: u32) {
        let mapper = objects.get(slot).mapper;
        let known = self.mappers.iter().position(|known| known.is(mapper));
        let position = known.unwrap_or_else(|| {
            self.mappers.push(mapper);
            self.mappers.len() - 1
        });
        self.models.insert(slot, position);
    }

    /// Returns the position of an object's model.
    pub(super) fn model(&self, slot: u32) -> usize {
        self.models.get(&slot).copied().unwrap_or_default()
    }
}

/// Returns whether a flush would do anything.
pub(crate) fn is_clean(objects: &Objects) -> bool {
    objects.pending.is_empty()
        && objects.pairs.is_empty()
        && objects.touched.iter().all(|&slot| !needs_update(objects, slot) && !objects.get(slot).is_doomed)
        && !objects.has_doomed
}

fn needs_update(objects: &Objects, slot: u32) -> bool {
    objects.get(slot).state == State::Persistent && (!objects.get(slot).links.is_empty() || objects.is_modified(slot))
}

/// Collects what has changed.
pub(super) fn collect(objects: &mut Objects) -> Result<Work> {
    switch_rows(objects)?;
    spread_keys(objects)?;
    let objects = &*objects;
    let mut work = Work::default();
    for &slot in &objects.pending {
        if objects.get(slot).state == State::Pending && !objects.get(slot).is_doomed {
            work.inserts.push(slot);
        }
    }
    for &slot in &objects.touched {
        if !objects.get(slot).is_doomed && needs_update(objects, slot) {
            work.updates.push(slot);
        }
    }
    if objects.has_doomed {
        work.deletes = objects
            .in_use()
            .filter(|&slot| objects.get(slot).is_doomed && objects.get(slot).state == State::Persistent)
            .collect();
    }
    let slots: Vec<u32> = work.inserts.iter().chain(&work.updates).chain(&work.deletes).copied().collect();
    slots.into_iter().for_each(|slot| work.add(objects, slot));
    Ok(work)
}

/// Says that the database agrees with memory.
pub(super) fn settle(objects: &mut Objects, work: &Work) {
    let touched = std::mem::take(&mut objects.touched);
    for slot in touched.into_iter().chain(work.inserts.iter().copied()) {
        objects.settle(slot);
    }
    objects.pending.clear();
    objects.has_doomed = false;
}

// -------------------------------------------------------------------------------------------------------- row switches

/// Lets a new object take the row of one with its key that is to be deleted: the DELETE and the INSERT are one UPDATE.
fn switch_rows(objects: &mut Objects) -> Result<()> {
    if !objects.has_doomed {
        return Ok(());
    }
    for slot in objects.pending.clone() {
        if objects.get(slot).state == State::Pending
            && !objects.get(slot).is_doomed
            && let Some(old) = row_to_take(objects, slot)?
        {
            switch(objects, slot, old)?;
        }
    }
    Ok(())
}

/// Returns the object whose row a new one takes.
fn row_to_take(objects: &mut Objects, slot: u32) -> Result<Option<u32>> {
    let entry = objects.get(slot);
    let mapper = entry.mapper;
    let is_known = |parent: u32| objects.get(parent).state == State::Persistent;
    if !entry.links.iter().all(|link| link.parent.is_none_or(|parent| is_known(parent.slot))) {
        return Ok(None);
    }
    fill_foreign_keys(objects, slot)?;
    if !mapper.definition().key.iter().all(|&column| objects.get(slot).set.contains(usize::from(column))) {
        return Ok(None);
    }
    let Some(key) = Key::of_object(objects.object(slot)) else { return Ok(None) };
    let old = objects.find(mapper, &key);
    let is_leaving = |old: &u32| objects.get(*old).is_doomed && objects.get(*old).state == State::Persistent;
    Ok(old.filter(is_leaving))
}

fn switch(objects: &mut Objects, slot: u32, old: u32) -> Result<()> {
    let mapper = objects.get(slot).mapper;
    let stored: Arc<dyn Object> = match &objects.get(old).base {
        Some(base) => base.clone(),
        None => Arc::from(objects.object(old).copy()),
    };
    objects.save(slot);
    objects.save(old);
    objects.forget_identity(old);
    let leaving = objects.get_mut(old);
    (leaving.state, leaving.is_doomed) = (State::Deleted, false);
    for (column, definition) in mapper.definition().columns.iter().enumerate() {
        let is_filled = definition.server_default.is_some() || definition.computed.is_some();
        let is_version = mapper.definition().version == Some(column as u16);
        if is_version || (is_filled && !objects.get(slot).set.contains(column)) {
            put(objects, slot, column, &stored.column(column))?;
        }
    }
    let entry = objects.get_mut(slot);
    (entry.state, entry.base, entry.was_expired) = (State::Persistent, Some(stored), false);
    if !entry.is_touched {
        entry.is_touched = true;
        objects.touched.push(slot);
    }
    objects.identify(slot);
    objects.follow_keys(slot, None)
}

fn put(objects: &mut Objects, slot: u32, column: usize, value: &Value) -> Result<()> {
    objects
        .object_mut(slot)
        .set_column(column, as_row_value(value))
        .map_err(|reason| Error::new(ErrorKind::Data, reason.reason().to_owned()))
}

// -------------------------------------------------------------------------------------------------------- changed keys

/// Gives the objects that refer to one whose key has changed the new key, so that their rows are updated too. Rows that
/// the database itself updates (`on_update = cascade`) are left to it.
fn spread_keys(objects: &mut Objects) -> Result<()> {
    let mut at = 0;
    while let Some(&parent) = objects.touched.get(at) {
        at += 1;
        let Some(before) = changed_key(objects, parent) else { continue };
        for (child, foreign_key) in referring(objects, parent, &*before, false)? {
            let mapper = objects.get(child).mapper;
            let key = &mapper.configured()?.foreign_keys[foreign_key];
            objects.touch(child);
            for (&column, &target) in key.columns.iter().zip(&key.target_columns) {
                let value = objects.object(parent).column(usize::from(target));
                set_foreign_key(objects, child, usize::from(column), &value)?;
            }
        }
    }
    Ok(())
}

/// Returns what an object was before a column changed that others may refer to.
fn changed_key(objects: &Objects, slot: u32) -> Option<Arc<dyn Object>> {
    let entry = objects.get(slot);
    let base = entry.base.as_ref().filter(|_| entry.state == State::Persistent && !entry.is_doomed)?;
    let object = objects.object(slot);
    let may_be_referred = |column: usize| tells_rows_apart(entry.mapper, column as u16);
    let differs = |column: usize| is_changed(object, &**base, column);
    (0..entry.mapper.width()).any(|column| may_be_referred(column) && differs(column)).then(|| base.clone())
}

/// Returns the objects, with their foreign keys, that refer to one by a key that it had before: those that the database
/// updates by itself, or the others. What is linked to another object already is not among them.
pub(super) fn referring(
    objects: &Objects,
    parent: u32,
    before: &dyn Object,
    is_cascading: bool,
) -> Result<Vec<(u32, usize)>> {
    let target = objects.get(parent).mapper;
    let now = objects.object(parent);
    let mut found = Vec::new();
    for child in objects.in_use() {
        let entry = objects.get(child);
        if entry.state != State::Persistent || entry.is_doomed {
            continue;
        }
        for (position, key) in entry.mapper.configured()?.foreign_keys.iter().enumerate() {
            let cascades = key.on_update == Some(ReferentialAction::Cascade);
            if !key.target.is(target) || cascades != is_cascading {
                continue;
            }
            let was = Key::of_columns(before, key.target_columns.iter().copied());
            let is = Key::of_columns(now, key.target_columns.iter().copied());
            let stored = entry.base.as_deref().unwrap_or_else(|| objects.object(child));
            let refers = was.is_some() && was == Key::of_columns(stored, key.columns.iter().copied());
            let is_linked = entry.links.iter().any(|link| link.foreign_key == position);
            let own = Key::of_columns(objects.object(child), key.columns.iter().copied());
            if refers && was != is && !is_linked && own == was {
                found.push((child, position));
            }
        }
    }
    Ok(found)
}
