//! Objects let in: new ones, and those that rows become or overwrite.

use std::sync::Arc;

use super::{Links, Objects, Slot, State};
use crate::mapper::{
    ColumnSet, Decoded, Mapper, Model, Object, Row, copy_columns, is_changed, literal_set, set_columns,
};
use crate::session::events::Moment;
use crate::session::{Handle, Key, ObjectId};

impl Objects {
    /// Puts an object into a free slot.
    fn place(&mut self, mut object: Box<dyn Object>, state: State, key: Option<Key>) -> u32 {
        let mapper = object.mapper();
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        let generation = self.slots.get(slot as usize).map_or(0, |slot| slot.generation);
        let id = ObjectId { session: self.session, slot, generation };
        for relationship in 0..mapper.definition.relationships.len() {
            if state == State::Persistent {
                object.relation_mut(relationship).own(id);
            }
        }
        let entry = Slot {
            generation,
            mapper,
            object: Some(object),
            gone: 0,
            state,
            key,
            set: ColumnSet::new(),
            base: None,
            is_expired: false,
            stale: ColumnSet::new(),
            was_expired: false,
            was_elsewhere: self.reads_elsewhere && state == State::Persistent,
            is_doomed: false,
            is_orphan: false,
            is_touched: false,
            read_by: if state == State::Persistent { self.query } else { 0 },
            is_lent: false,
            links: Links::default(),
            saved_at: 0,
            has_generated_key: false,
        };
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = entry,
            None => self.slots.push(entry),
        }
        if self.tells_states() {
            self.tell_state(slot, None, state);
        }
        slot
    }

    /// Takes in a new object, to be inserted.
    pub(crate) fn place_new(&mut self, object: Box<dyn Object>, set: ColumnSet) -> u32 {
        let slot = self.place(object, State::Pending, None);
        self.get_mut(slot).set = set;
        self.note_added(slot);
        slot
    }

    /// Takes a transient object in again, to be inserted.
    ///
    /// Every column is sent as it stands, but a generated key: what a builder left out has been filled meanwhile.
    pub(crate) fn place_again(&mut self, slot: u32) {
        let set = literal_set(self.object(slot)).all;
        let entry = self.get_mut(slot);
        entry.set = set;
        self.set_state(slot, State::Pending);
        self.note_added(slot);
    }

    /// Makes room for so many new objects, as far as that is a modest number.
    pub(crate) fn expect_new(&mut self, count: usize) {
        let count = count.min(16_384);
        self.pending.reserve(count);
        self.frame().added.reserve(count);
    }

    /// Notes that an object was added in this frame: when that is undone it is no more, so that nothing of it is saved.
    fn note_added(&mut self, slot: u32) {
        self.get_mut(slot).saved_at = self.frame_number();
        self.pending.push(slot);
        let id = self.id(slot);
        self.frame().added.push(id);
    }

    /// Reads a row of a model: into the object that the session has of it, or into a new one.
    #[inline]
    pub fn __load<M: Model>(&mut self, row: &Row<'_>, at: usize) -> Decoded<Handle<M>> {
        let mapper = M::__mapper();
        let slot = match self.known(mapper, row, at)? {
            Ok(slot) => slot,
            Err(key) => {
                // `?` on the value itself would move it once more.
                let object = M::__value(row, at).map(Box::new)?;
                self.place_unknown(object, key)
            }
        };
        Ok(Handle::of(self.id(slot)))
    }

    /// The same without the type.
    pub(crate) fn load_any(&mut self, mapper: &'static Mapper, row: &Row<'_>, at: usize) -> Decoded<u32> {
        match self.known(mapper, row, at)? {
            Ok(slot) => Ok(slot),
            Err(key) => {
                let object = (mapper.read)(row, at)?;
                Ok(self.place_unknown(object, key))
            }
        }
    }

    /// Returns the object that the session has of a row, else the row's key and its hash.
    fn known(&mut self, mapper: &'static Mapper, row: &Row<'_>, at: usize) -> Decoded<Result<u32, Option<(Key, u32)>>> {
        let Some(key) = Key::of_row(row, at, mapper) else { return Ok(Err(None)) };
        let hash = self.identity.hash(mapper, &key);
        match self.identity.get_hashed(hash, &self.slots, mapper, &key) {
            Some(slot) => {
                self.read_again(slot, row, at)?;
                self.get_mut(slot).read_by = self.query;
                self.seen.push(slot);
                Ok(Ok(slot))
            }
            None => Ok(Err(Some((key, hash)))),
        }
    }

    /// Takes in an object that was read, whose key the session does not know.
    pub(in crate::session) fn place_loaded(&mut self, object: Box<dyn Object>, key: Key) -> u32 {
        let hash = self.identity.hash(object.mapper(), &key);
        self.place_unknown(object, Some((key, hash)))
    }

    fn place_unknown(&mut self, mut object: Box<dyn Object>, key: Option<(Key, u32)>) -> u32 {
        self.tell(Moment::Load, &mut *object);
        let (key, hash) = key.unzip();
        let slot = self.place(object, State::Persistent, key);
        hash.into_iter().for_each(|hash| self.identity.insert_new(hash, slot));
        self.note_loaded(slot);
        self.seen.push(slot);
        if self.slots.len() == self.warns_at {
            tracing::warn!(target: "orm::session", objects = self.slots.len(), "a session holds very many objects: use one session per unit of work, `yield_per`, or `expunge_clean()`");
        }
        slot
    }

    /// Tells listeners of an object that was read; what one refuses, the query tells.
    fn tell(&mut self, moment: Moment, object: &mut dyn Object) {
        if let Err(error) = self.events.call(moment, object) {
            self.vetoed.get_or_insert(error);
        }
    }

    /// Lets a row overwrite an object that is expired; what was changed and not flushed stays.
    fn read_again(&mut self, slot: u32, row: &Row<'_>, at: usize) -> Decoded<()> {
        let entry = &mut self.slots[slot as usize];
        // Another row of the same query may have fewer of its columns, and what was loaded of it meanwhile stays.
        let overwrites = self.overwrites && entry.read_by != self.query;
        if entry.state != State::Persistent {
            return Ok(());
        }
        if !(entry.is_expired || overwrites) {
            if entry.fill_in(row, at)? {
                entry.was_elsewhere |= self.reads_elsewhere;
                self.note_loaded(slot);
            }
            if self.renews_references && self.get(slot).was_elsewhere {
                self.renew_references(slot, row, at)?;
            }
            return Ok(());
        }
        let references = self.references(slot);
        let entry = &mut self.slots[slot as usize];
        let object = entry.object.as_deref_mut().expect("the identity map holds slots in use");
        match &entry.base {
            None => object.reload(row, at)?,
            Some(base) if !overwrites => {
                let mut fresh = base.copy();
                fresh.reload(row, at)?;
                for columns in entry.mapper.definition().units() {
                    let first = columns.start;
                    if columns.clone().any(|column| is_changed(object, &**base, column)) {
                        continue;
                    }
                    if fresh.is_left_out(first) {
                        object.leave_out(first);
                        continue;
                    }
                    copy_columns(&*fresh, object, columns).map_err(|misread| misread.behind(at + first))?;
                }
                entry.base = Some(Arc::from(fresh));
            }
            Some(_) => {
                object.reload(row, at)?;
                entry.base = None;
                entry.is_orphan = false;
            }
        }
        if entry.is_expired || overwrites {
            entry.stale = ColumnSet::all(entry.mapper.definition.relationships.len());
        }
        entry.is_expired = false;
        entry.was_expired = false;
        entry.was_elsewhere = self.reads_elsewhere;
        if overwrites {
            // A model that cannot be configured has no links.
            let _ = self.forget_links(slot);
            let _ = self.forget_pairs(slot);
        }
        self.follow_references(slot, references);
        if self.events.listens(Moment::Refresh, self.get(slot).mapper)
            && let Some(mut object) = self.get_mut(slot).object.take()
        {
            self.tell(Moment::Refresh, &mut *object);
            self.get_mut(slot).object = Some(object);
        }
        self.note_loaded(slot);
        Ok(())
    }

    /// Takes what an object refers to from its row, unless that was changed and waits for a flush. Its other columns stay as
    /// they were read, which the next UPDATE of them asks for.
    fn renew_references(&mut self, slot: u32, row: &Row<'_>, at: usize) -> Decoded<()> {
        // A model that cannot be configured refers to nothing.
        let Ok(configured) = self.get(slot).mapper.configured() else { return Ok(()) };
        let references = self.references(slot);
        for &column in configured.foreign_keys.iter().flat_map(|key| &key.columns) {
            let entry = self.get_mut(slot);
            let columns = entry.mapper.definition().unit_of(column);
            let at = at + columns.start;
            let put = |object: &mut dyn Object| {
                let put = set_columns(object, columns.clone(), &|column| row.value(at + column));
                put.map_err(|misread| misread.behind(at))
            };
            let object = entry.object.as_deref_mut().expect("the identity map holds slots in use");
            let is_changed = |base: &dyn Object| columns.clone().any(|column| is_changed(object, base, column));
            if !entry.base.as_deref().is_some_and(is_changed) {
                put(object)?;
            }
            if let Some(base) = &entry.base {
                let mut base = base.copy();
                put(&mut *base)?;
                entry.base = Some(Arc::from(base));
            }
        }
        self.follow_references(slot, references);
        self.note_loaded(slot);
        Ok(())
    }

    /// Notes of an object of which a part was read whether that came from elsewhere.
    pub(in crate::session) fn read_elsewhere(&mut self, slot: u32) {
        let is_elsewhere = self.reads_elsewhere;
        self.get_mut(slot).was_elsewhere |= is_elsewhere;
    }

    /// Fills the field of a relationship with the members that were read for it.
    pub(crate) fn fill_field(&mut self, slot: u32, relationship: usize, members: &[ObjectId], is_complete: bool) {
        self.object_mut(slot).relation_mut(relationship).load(members, is_complete);
        self.get_mut(slot).stale.remove(relationship);
        if self.reads_elsewhere {
            self.filled_elsewhere.insert((self.id(slot), relationship));
        } else if !self.filled_elsewhere.is_empty() {
            self.filled_elsewhere.remove(&(self.id(slot), relationship));
        }
        if !self.doubted.is_empty() {
            self.doubted.remove(&(self.id(slot), relationship));
        }
        self.note_filled(slot, relationship);
    }

    /// Returns whether a relationship has to be read (again), although it may hold members.
    pub(crate) fn is_stale(&self, slot: u32, relationship: usize) -> bool {
        let entry = self.get(slot);
        entry.is_expired || entry.stale.contains(relationship) || !self.has_all_members(slot, relationship)
    }

    /// Has a relationship read again by whatever reads it next: a statement may have changed which members it has. Until
    /// then nobody takes those for all that it has, unless the statement `only_deletes`.
    pub(in crate::session) fn doubt(&mut self, slot: u32, relationship: usize, only_deletes: bool) {
        let entry = self.get_mut(slot);
        if entry.state != State::Persistent {
            return;
        }
        entry.stale.insert(relationship);
        if only_deletes {
            return;
        }
        if self.object(slot).relation(relationship).is_loaded() {
            self.doubted.insert((self.id(slot), relationship));
        }
    }

    /// Returns whether the members of a relationship were read elsewhere, where they may be others.
    pub(in crate::session) fn is_filled_elsewhere(&self, slot: u32, relationship: usize) -> bool {
        !self.filled_elsewhere.is_empty() && self.filled_elsewhere.contains(&(self.id(slot), relationship))
    }

    /// Returns whether a statement may have moved the members of a relationship since it was loaded.
    pub(in crate::session) fn is_doubted(&self, slot: u32, relationship: usize) -> bool {
        !self.doubted.is_empty() && self.doubted.contains(&(self.id(slot), relationship))
    }

    /// Forgets the value of a column that may be left out.
    pub(crate) fn forget_column(&mut self, slot: u32, column: usize) {
        let entry = self.get_mut(slot);
        entry.object.as_deref_mut().into_iter().for_each(|object| object.leave_out(column));
        if let Some(base) = &entry.base {
            let mut base = base.copy();
            base.leave_out(column);
            entry.base = Some(Arc::from(base));
        }
    }

    /// Forgets what queries have computed of an object that has been written: it may be something else now.
    pub(crate) fn forget_properties(&mut self, slot: u32) {
        for column in self.get(slot).mapper.properties().map(usize::from) {
            if !self.object(slot).is_left_out(column) {
                self.forget_column(slot, column);
            }
        }
    }

    /// Has a row read again by whatever reads it next.
    pub(crate) fn expire(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        if entry.state == State::Persistent {
            entry.is_expired = true;
        }
    }
}
