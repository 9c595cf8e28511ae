//! Collects what a flush has to do. Out: [`Work`], lists of slots.

use super::insert::fill_foreign_keys;
use super::update::set;
use crate::error::Result;
use crate::mapper::Mapper;
use crate::session::{Key, Objects, State};

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
}

/// Returns whether a flush would do anything.
pub(crate) fn is_clean(objects: &Objects) -> bool {
    objects.pending.is_empty()
        && objects.pairs.is_empty()
        && objects.touched.iter().all(|&slot| !needs_update(objects, slot) && !objects.get(slot).is_doomed)
        && !objects.has_doomed
}

pub(super) fn needs_update(objects: &Objects, slot: u32) -> bool {
    let entry = objects.get(slot);
    let differs = || objects.is_modified(slot) || objects.replacing.contains(&objects.id(slot));
    entry.state == State::Persistent && (!entry.links.is_empty() || differs())
}

/// Collects what has changed.
pub(super) fn collect(objects: &Objects) -> Work {
    let mut work = Work { inserts: Vec::with_capacity(objects.pending.len()), ..Work::default() };
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
    for &slot in work.inserts.iter().chain(&work.updates).chain(&work.deletes) {
        let mapper = objects.get(slot).mapper;
        if !work.mappers.iter().any(|known| known.is(mapper)) {
            work.mappers.push(mapper);
        }
    }
    work
}

/// Says that the database agrees with memory.
pub(super) fn settle(objects: &mut Objects, work: &Work) {
    let touched = std::mem::take(&mut objects.touched);
    for slot in touched.into_iter().chain(work.inserts.iter().copied()) {
        objects.settle(slot);
    }
    objects.pending.clear();
    objects.has_doomed = false;
    objects.parted.clear();
}

// -------------------------------------------------------------------------------------------------------- row switches

/// Lets a new object take the row of one with its key that is to be deleted: the DELETE and the INSERT are one UPDATE.
pub(super) fn switch_rows(objects: &mut Objects) -> Result<()> {
    objects.replacing.clear();
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
    let keys = &mapper.configured()?.foreign_keys;
    let waiting: Vec<usize> = entry
        .links
        .iter()
        .filter(|link| link.parent.is_some_and(|parent| !is_known(parent.slot)))
        .map(|link| link.foreign_key())
        .collect();
    // Its key is not known before that of a new object is; another column may follow when that has been inserted.
    if waiting.iter().any(|&waits| keys[waits].columns.iter().any(|column| mapper.definition().key.contains(column))) {
        return Ok(None);
    }
    if waiting.is_empty() {
        fill_foreign_keys(objects, slot)?;
    }
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
    let stored = objects.stored_copy(old);
    if objects.get(old).is_expired || objects.get(old).may_differ() {
        objects.replacing.insert(objects.id(slot));
    }
    objects.save(slot);
    objects.save(old);
    objects.forget_identity(old);
    objects.get_mut(old).is_doomed = false;
    objects.set_state(old, State::Deleted);
    for (column, definition) in mapper.definition().columns.iter().enumerate() {
        let is_filled = definition.server_default.is_some() || definition.computed.is_some();
        let is_version = mapper.definition().version == Some(column as u16);
        if is_version || (is_filled && !objects.get(slot).set.contains(column)) {
            set(objects, slot, column, &stored.column(column))?;
        }
    }
    objects.set_state(slot, State::Persistent);
    let entry = objects.get_mut(slot);
    (entry.base, entry.was_expired) = (Some(stored), false);
    if !entry.is_touched {
        entry.is_touched = true;
        objects.touched.push(slot);
    }
    objects.identify(slot);
    objects.follow_keys(slot, None)
}
