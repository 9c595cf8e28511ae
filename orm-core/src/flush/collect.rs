//! Collects what a flush has to do. Out: [`Work`], lists of slots.

use crate::error::Result;
use crate::mapper::Mapper;
use crate::session::{Objects, State};

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
pub(super) fn collect(objects: &Objects) -> Result<Work> {
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
