//! Transactions and savepoints in memory: what was is kept, and put back.

use std::collections::HashSet;

use super::{Frame, NewKeys, Objects, Saved, State};
use crate::mapper::is_changed;
use crate::session::ObjectId;

impl Objects {
    /// Begins a savepoint.
    pub(crate) fn push_frame(&mut self) {
        self.frames.push(Frame::default());
    }

    /// Ends a savepoint that is kept: what it would have undone, the transaction around it would.
    pub(crate) fn merge_frame(&mut self) {
        let Some(inner) = (self.frames.len() > 1).then(|| self.frames.pop()).flatten() else { return };
        let depth = self.frame_number();
        // What the inner one has read was read after this.
        let had_written = self.frame().has_written();
        // What only a frame further out has saved is not what it was when this one began.
        let own = self.frames.last().into_iter().flat_map(|frame| &frame.saved);
        let known = own.map(|saved| (saved.slot, saved.generation)).collect::<HashSet<(u32, u32)>>();
        for saved in inner.saved {
            let entry = &mut self.slots[saved.slot as usize];
            let is_known = known.contains(&(saved.slot, saved.generation));
            entry.saved_at = depth.min(entry.saved_at);
            if !is_known {
                self.frame().saved.push(saved);
            }
        }
        for id in &inner.added {
            let entry = &mut self.slots[id.slot as usize];
            entry.saved_at = depth.min(entry.saved_at);
        }
        self.frame().added.extend(inner.added);
        if depth > 1 {
            self.frame().loaded.extend(inner.loaded);
        }
        let outer = self.frame();
        outer.filled.extend(inner.filled.into_iter().map(|(owner, index, after)| (owner, index, after || had_written)));
        outer.has_run |= inner.has_run;
    }

    /// Returns how many transactions and savepoints there are.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The number of the innermost of them, counted from 1.
    #[inline]
    pub(super) fn frame_number(&self) -> u32 {
        self.frames.len() as u32
    }

    /// Says that the transaction has committed: nothing can be undone, and everything may now change elsewhere.
    pub(crate) fn commit(&mut self, expires: bool) {
        self.frames = vec![Frame::default()];
        for slot in 0..self.slots.len() as u32 {
            let entry = self.get_mut(slot);
            entry.saved_at = 0;
            entry.has_generated_key = false;
            match entry.state {
                State::Persistent if expires => entry.is_expired = true,
                State::Deleted if entry.object.is_some() => self.set_state(slot, State::Detached),
                _ => {}
            }
        }
    }

    /// Says that the session has committed within a transaction that is somebody else's: everything may now change elsewhere,
    /// and all of it can still be undone.
    pub(crate) fn commit_within(&mut self, expires: bool) {
        let persistent = self.slots.iter_mut().filter(|slot| expires && slot.state == State::Persistent);
        persistent.for_each(|slot| slot.is_expired = true);
    }

    /// Undoes the innermost frame: objects are as they were when it began, and what it touched or read is expired.
    pub(crate) fn rollback_frame(&mut self) {
        let is_root = self.depth() == 1;
        let frame = if is_root { std::mem::take(self.frame()) } else { self.frames.pop().unwrap_or_default() };
        self.pairs.clear();
        self.parted.clear();
        self.take_lent();
        // What was added keeps the values that it has: they are all that is left of it.
        let here = |ids: Vec<ObjectId>| ids.into_iter().filter(|&id| self.is_alive(id)).map(|id| id.slot);
        let has_changed = !(frame.saved.is_empty() && frame.added.is_empty());
        let added: Vec<u32> = here(frame.added).collect();
        let loaded: Vec<u32> = here(frame.loaded).collect();
        let is_new: HashSet<u32> = added.iter().copied().collect();
        for saved in frame.saved.into_iter().rev().filter(|saved| !is_new.contains(&saved.slot)) {
            self.restore(saved);
        }
        added.iter().for_each(|&slot| self.make_transient(slot));
        // What was added is a member of nothing that is left. A model that cannot be configured has no fields in step.
        added.iter().for_each(|&slot| drop(self.leave_stored(slot)));
        if is_root {
            for slot in &mut self.slots {
                slot.saved_at = 0;
                slot.is_expired = slot.state == State::Persistent;
            }
        } else {
            for slot in loaded {
                self.get_mut(slot).is_expired = true;
            }
        }
        if is_root {
            // What may have moved members is undone as well.
            self.doubted.clear();
        }
        for (owner, relationship, is_undone) in frame.filled {
            let relationship = usize::from(relationship);
            if self.is_alive(owner) {
                self.get_mut(owner.slot).stale.insert(relationship);
                if is_undone {
                    self.doubted.insert((owner, relationship));
                }
            }
        }
        let touched = std::mem::take(&mut self.touched);
        for slot in touched {
            let depth = self.frame_number();
            let entry = self.get_mut(slot);
            entry.saved_at = entry.saved_at.min(depth);
            self.settle(slot);
        }
        if has_changed {
            let has_doomed = self.in_use().any(|slot| self.get(slot).is_doomed);
            self.has_doomed = has_doomed;
            let pending = self.in_use().filter(|&slot| self.get(slot).state == State::Pending).collect();
            self.pending = pending;
        }
        self.new_keys = NewKeys::default();
    }

    fn restore(&mut self, saved: Saved) {
        let slot = saved.slot;
        if self.get(slot).generation != saved.generation {
            return;
        }
        self.forget_identity(slot);
        let entry = self.get_mut(slot);
        entry.object = Some(saved.object.copy());
        let state = std::mem::replace(&mut entry.state, saved.state);
        entry.links = saved.links;
        entry.is_doomed = saved.is_doomed;
        entry.is_expired = saved.state == State::Persistent;
        entry.is_touched = false;
        entry.base = None;
        entry.saved_at = 0;
        if let Some(key) = saved.key {
            let mapper = entry.mapper;
            self.identity.insert(&self.slots, mapper, &key, slot);
            self.get_mut(slot).key = Some(key);
        }
        self.unload_dead_members(slot);
        if self.tells_states() {
            self.tell_state(slot, Some(state), saved.state);
        }
    }

    /// Unloads relationships that hold what has left the session meanwhile: the database knows better.
    fn unload_dead_members(&mut self, slot: u32) {
        for relationship in 0..self.get(slot).mapper.definition.relationships.len() {
            let members = self.object(slot).relation(relationship).members();
            if members.into_iter().any(|member| !self.is_alive(member)) {
                self.object_mut(slot).relation_mut(relationship).unload();
            }
        }
    }

    /// Makes an object that was added readable and nothing more; a key that the database made is taken away.
    fn make_transient(&mut self, slot: u32) {
        if self.get(slot).object.is_none() {
            return;
        }
        self.forget_identity(slot);
        if std::mem::take(&mut self.get_mut(slot).has_generated_key) {
            for &column in self.get(slot).mapper.definition.key {
                // The column is an integer, since the database generated it.
                let _ = self.object_mut(slot).set_column(usize::from(column), orm_pool::ValueRef::Int(0));
                self.get_mut(slot).set.remove(usize::from(column));
            }
        }
        let entry = self.get_mut(slot);
        entry.saved_at = 0;
        entry.is_doomed = false;
        entry.is_expired = false;
        self.set_state(slot, State::Transient);
    }

    /// Notes what an object is before the session itself deletes or inserts it.
    pub(crate) fn save(&mut self, slot: u32) {
        let depth = self.frame_number();
        if self.get(slot).saved_at < depth {
            let was_touched = self.get(slot).is_touched;
            let had_base = self.get(slot).base.is_some();
            self.remember(slot, depth);
            if !was_touched {
                self.get_mut(slot).is_touched = false;
                self.touched.pop();
            }
            if !had_base {
                // What is changed later is compared with what it is then, and was expired if it is then.
                self.get_mut(slot).base = None;
            }
        }
    }

    /// Loses what was done to an object since it was given out for change, also through its fields.
    pub(crate) fn forget_lent(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        if entry.is_lent
            && entry.state == State::Persistent
            && let Some(base) = &entry.base
        {
            entry.object = Some(base.copy());
        }
    }

    /// Loses what was changed in an object and not flushed, and what was loaded of its relationships.
    pub(crate) fn forget_changes(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        if entry.state == State::Persistent {
            if let Some(base) = entry.base.take() {
                entry.object = Some(base.copy());
            }
            entry.is_orphan = false;
            // A model that cannot be configured has no links.
            let _ = self.forget_links(slot);
            let _ = self.forget_pairs(slot);
        }
        for relationship in 0..self.get(slot).mapper.definition.relationships.len() {
            self.object_mut(slot).relation_mut(relationship).unload();
        }
    }

    /// Says that what was given out for change and is as it was is clean.
    pub(crate) fn settle_untouched(&mut self) {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().for_each(|slot| self.settle(slot));
    }

    /// Returns whether some column of an object differs from what the database has.
    pub(crate) fn is_modified(&self, slot: u32) -> bool {
        let entry = self.get(slot);
        let (Some(base), Some(object)) = (&entry.base, &entry.object) else { return false };
        (0..entry.mapper.width()).any(|column| is_changed(&**object, &**base, column))
    }
}
