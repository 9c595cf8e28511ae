//! The objects of a session: slots that own them, the identity map that finds them, and what they were before.
//!
//! Nothing here talks to a database. Rows come in through [`Objects::__load`]; the flush asks what has changed.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use super::events::{Moment, SessionEvents};
use super::handle::{AnyHandle, Handle, ObjectId};
use super::identity::{Key, key_text};
use super::identity_map::IdentityMap;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{LoadNode, Strategy};
use crate::mapper::{
    ColumnSet, Decoded, Mapper, Misread, Model, Object, RelationshipInfo, Row, is_changed, literal_set,
};

/// Where an object stands between memory and the database. SQLAlchemy's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Known to the session and not to be saved: it was added in a transaction that was rolled back.
    Transient,
    /// Added, to be inserted with the next flush.
    Pending,
    /// A row of the database.
    Persistent,
    /// Deleted by a flush of this transaction.
    Deleted,
    /// Deleted by a transaction that has committed; only memory has it.
    Detached,
}

/// One place for an object.
pub(crate) struct Slot {
    pub(crate) generation: u32,
    pub(crate) mapper: &'static Mapper,
    /// `None` once the object has left.
    pub(crate) object: Option<Box<dyn Object>>,
    /// What took the object out, for messages.
    pub(crate) gone: &'static str,
    pub(crate) state: State,
    /// The key under which the identity map has it.
    pub(crate) key: Option<Key>,
    /// For a pending object: the columns that were set.
    pub(crate) set: ColumnSet,
    /// The object as the database has it, since it was first changed after that.
    pub(crate) base: Option<Arc<dyn Object>>,
    /// Whether the row may have changed since it was read.
    pub(crate) is_expired: bool,
    /// The relationships that have not been read since it expired, although its columns have.
    stale: ColumnSet,
    /// Whether it was changed while it was expired: then an UPDATE makes sure that the row is as it was read.
    pub(crate) was_expired: bool,
    /// Whether the next flush deletes it.
    pub(crate) is_doomed: bool,
    /// Whether it left a collection that deletes what leaves it.
    pub(crate) is_orphan: bool,
    /// Whether it is in the list of touched objects.
    pub(crate) is_touched: bool,
    /// The number of the query that read it last.
    pub(crate) read_by: u32,
    /// Whether it is in the list of lent objects.
    is_lent: bool,
    /// The foreign keys that relationships have set, for the flush to copy the other row's key into.
    pub(crate) links: Vec<LinkChange>,
    /// The depth of the frame that has saved it or to which it was added, counted from 1.
    saved_at: usize,
    /// Whether the database made its key, so that a rollback takes it away again.
    pub(crate) has_generated_key: bool,
}

impl Slot {
    /// Takes from a row what was left out when the object was read, and returns whether there was any; all else stays as
    /// it is.
    #[inline]
    fn fill_in(&mut self, row: &Row<'_>, at: usize) -> Decoded<bool> {
        let mut is_filled = false;
        if !self.mapper.has_deferrable() {
            return Ok(is_filled);
        }
        for column in self.mapper.deferrable().map(usize::from) {
            if row.is_left_out(at + column) {
                continue;
            }
            let fill = |object: &mut dyn Object| {
                let filled = object.set_column(column, row.value(at + column));
                filled.map_err(|reason| Misread::new(at + column, reason))
            };
            if let Some(object) = self.object.as_deref_mut().filter(|object| object.is_left_out(column)) {
                fill(object)?;
                is_filled = true;
            }
            if let Some(base) = self.base.as_deref().filter(|base| base.is_left_out(column)) {
                let mut base = base.copy();
                fill(&mut *base)?;
                self.base = Some(Arc::from(base));
            }
        }
        Ok(is_filled)
    }

    /// Returns whether the object has a value for each of these columns.
    pub(crate) fn has_columns(&self, columns: impl IntoIterator<Item = u16>) -> bool {
        let object = self.object.as_deref();
        columns.into_iter().all(|column| object.is_some_and(|object| !object.is_left_out(usize::from(column))))
    }
}

/// A foreign key that a relationship has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkChange {
    /// The position among the model's foreign keys.
    pub(crate) foreign_key: usize,
    /// The object whose key it takes; none for NULL.
    pub(crate) parent: Option<ObjectId>,
}

/// A change of an association table.
#[derive(Clone, Debug)]
pub(crate) struct PairChange {
    /// The relationship, from the side of `owner`.
    pub(crate) relationship: (&'static Mapper, u16),
    pub(crate) owner: ObjectId,
    pub(crate) member: ObjectId,
    pub(crate) is_added: bool,
}

/// A member that an object has lost since it is marked to be deleted.
pub(crate) struct Parted {
    pub(super) owner: ObjectId,
    pub(super) info: &'static RelationshipInfo,
    pub(super) member: ObjectId,
}

/// What a transaction or savepoint needs to be undone in memory.
#[derive(Default)]
pub(crate) struct Frame {
    saved: Vec<Saved>,
    // A slot may be used again meanwhile, so what was added and loaded is named as by a handle.
    added: Vec<ObjectId>,
    loaded: Vec<ObjectId>,
    /// Relationships that were read, with their owners.
    filled: Vec<(ObjectId, usize)>,
}

struct Saved {
    slot: u32,
    generation: u32,
    object: Arc<dyn Object>,
    state: State,
    key: Option<Key>,
    links: Vec<LinkChange>,
    is_doomed: bool,
}

/// Memory that a session of an engine has left for the next one: to have it anew from the system, page by page, costs more
/// than what is put there.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Option<Storage>>);

#[derive(Default)]
struct Storage {
    slots: Vec<Slot>,
    identity: IdentityMap,
}

/// The most objects whose memory is kept: some five megabytes.
const KEPT: usize = 16_384;

impl Spare {
    fn take(&self) -> Storage {
        self.0.lock().take().unwrap_or_default()
    }

    /// Keeps the memory of a session that has ended, unless it is much more than that session needed.
    fn keep(&self, mut storage: Storage, used: usize) {
        let kept = storage.slots.capacity().max(storage.identity.capacity());
        if (kept <= KEPT * 2) && (kept <= 64 || used >= kept / 16) {
            storage.slots.clear();
            storage.identity.clear();
            *self.0.lock() = Some(storage);
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let storage = Storage { slots: std::mem::take(&mut self.slots), identity: std::mem::take(&mut self.identity) };
        let used = storage.slots.len();
        self.spare.keep(storage, used);
    }
}

/// Keys of pending objects.
#[derive(Default)]
struct NewKeys {
    slots: HashMap<(usize, Key), u32, foldhash::fast::RandomState>,
    /// How many of the pending objects were looked at, and the last of them.
    count: usize,
    last: u32,
}

/// The objects of one session.
pub struct Objects {
    pub(crate) session: NonZeroU32,
    pub(crate) slots: Vec<Slot>,
    free: Vec<u32>,
    identity: IdentityMap,
    /// Slots that were given out for change since the last flush, in order.
    pub(crate) touched: Vec<u32>,
    /// Slots that were given out for change since the session last looked at their fields, in order.
    lent: Vec<u32>,
    /// Pending slots, in the order in which they were added.
    pub(crate) pending: Vec<u32>,
    pub(crate) pairs: Vec<PairChange>,
    /// The keys of pending objects that bring one, as far as they were looked at.
    new_keys: NewKeys,
    /// The transaction, and a frame for each savepoint in it.
    frames: Vec<Frame>,
    /// What the statement that is running has read.
    pub(crate) seen: Vec<u32>,
    /// The number of the query that is running, or ran last.
    pub(crate) query: u32,
    /// Who listens to what happens to objects.
    pub(crate) events: Arc<SessionEvents>,
    /// Whether rows overwrite what is there.
    pub(crate) overwrites: bool,
    /// Whether some object waits to be deleted.
    pub(crate) has_doomed: bool,
    /// What objects that wait to be deleted have lost by that.
    pub(crate) parted: Vec<Parted>,
    /// Whether a flush warns of rows to be deleted that are gone.
    pub(crate) confirms_deletes: bool,
    /// Relationships that a query said are not to be loaded on demand.
    refused: HashMap<(ObjectId, u16), bool>,
    /// What a listener has refused while a row was read.
    pub(crate) vetoed: Option<Error>,
    /// What a flush has to tell of states when it is over; none outside of a flush.
    pub(super) told_later: Option<Vec<super::changes::Waiting>>,
    warns_at: usize,
    /// Where its memory comes from and goes to.
    spare: Arc<Spare>,
}

static NEXT_SESSION: AtomicU32 = AtomicU32::new(1);

impl Objects {
    pub(crate) fn new(spare: &Arc<Spare>) -> Self {
        let Storage { slots, identity } = spare.take();
        let number = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
        Objects {
            session: NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN),
            slots,
            free: Vec::new(),
            identity,
            touched: Vec::new(),
            lent: Vec::new(),
            pending: Vec::new(),
            pairs: Vec::new(),
            new_keys: NewKeys::default(),
            frames: vec![Frame::default()],
            seen: Vec::new(),
            query: 0,
            events: Arc::default(),
            overwrites: false,
            has_doomed: false,
            parted: Vec::new(),
            confirms_deletes: true,
            refused: HashMap::new(),
            vetoed: None,
            told_later: None,
            warns_at: 100_000,
            spare: spare.clone(),
        }
    }

    // ------------------------------------------------------------------------------------------------ finding objects

    pub(crate) fn id(&self, slot: u32) -> ObjectId {
        ObjectId { session: self.session, slot, generation: self.slots[slot as usize].generation }
    }

    /// Returns the slot that a handle names.
    #[inline]
    pub(crate) fn slot(&self, id: ObjectId, model: &'static str) -> Result<u32> {
        match self.slots.get(id.slot as usize) {
            Some(slot) if id.session == self.session && slot.generation == id.generation && slot.object.is_some() => {
                Ok(id.slot)
            }
            _ => Err(self.dead(id, model)),
        }
    }

    #[cold]
    fn dead(&self, id: ObjectId, model: &'static str) -> Error {
        if id.session != self.session {
            let message = format!(
                "object `{model}` is already attached to session `{}` (this is `{}`)",
                id.session, self.session
            );
            return Error::new(ErrorKind::InvalidRequest, message)
                .hint("take it out of the other session by `detach`, or read it again in this one");
        }
        let slot = self.slots.get(id.slot as usize);
        let gone = slot.filter(|slot| slot.object.is_none() && slot.generation == id.generation + 1);
        let why = gone.map_or("taken out", |slot| slot.gone);
        let message = format!("object `{model}` is no longer in the session: it was {why}");
        Error::new(ErrorKind::InvalidRequest, message)
    }

    pub(crate) fn get(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// Returns the object in a slot that has one.
    pub(crate) fn object(&self, slot: u32) -> &dyn Object {
        self.slots[slot as usize].object.as_deref().expect("a slot that is in use has an object")
    }

    /// Returns the object in a slot that has one, to be changed by the session itself: nothing is noted.
    pub(crate) fn object_mut(&mut self, slot: u32) -> &mut dyn Object {
        self.slots[slot as usize].object.as_deref_mut().expect("a slot that is in use has an object")
    }

    /// Returns the object of this key, if the session knows it.
    pub(crate) fn find(&self, mapper: &Mapper, key: &Key) -> Option<u32> {
        self.identity.get(&self.slots, mapper, key)
    }

    /// Returns the pending object that brings this key, if there is one.
    pub(crate) fn find_new(&mut self, mapper: &Mapper, key: &Key) -> Option<u32> {
        let known = &mut self.new_keys;
        if known.count > self.pending.len() || (known.count > 0 && self.pending[known.count - 1] != known.last) {
            *known = NewKeys::default(); // they were flushed
        }
        for &slot in &self.pending[known.count..] {
            let Slot { mapper, set, object, .. } = &self.slots[slot as usize];
            let has_own = mapper.definition.key.iter().all(|&column| set.contains(usize::from(column)));
            if let Some(key) = object.as_deref().filter(|_| has_own).and_then(Key::of_object) {
                known.slots.insert((mapper.id(), key), slot);
            }
            known.last = slot;
        }
        known.count = self.pending.len();
        let slot = known.slots.get(&(mapper.id(), key.clone())).copied()?;
        let entry = &self.slots[slot as usize];
        let is_it = entry.state == State::Pending && !entry.is_doomed && entry.mapper.is(mapper);
        (is_it && entry.object.as_deref().and_then(Key::of_object).as_ref() == Some(key)).then_some(slot)
    }

    /// Returns every slot in use.
    pub(crate) fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.slots.len() as u32).filter(|&slot| self.slots[slot as usize].object.is_some())
    }

    /// Names an object in a message: its model, and the key of its row if it has one.
    pub(crate) fn describe(&self, slot: u32) -> String {
        let entry = self.get(slot);
        let name = entry.mapper.definition.name;
        match (entry.state, &entry.base, &entry.object) {
            (State::Pending | State::Transient, ..) | (_, None, None) => format!("`{name}`"),
            (_, Some(base), _) => format!("`{name}` with key {}", key_text(&**base)),
            (_, None, Some(object)) => format!("`{name}` with key {}", key_text(&**object)),
        }
    }

    pub(crate) fn handle(&self, slot: u32) -> AnyHandle {
        AnyHandle { id: self.id(slot), model: self.get(slot).mapper.definition.name }
    }

    /// Notes that a relationship of these objects is not to be loaded on demand, if the option says so.
    pub(crate) fn refuse_loads(&mut self, owners: &[u32], node: &LoadNode) {
        if let Strategy::Raise { on_sql } = node.strategy {
            self.refused.extend(owners.iter().map(|&slot| {
                let entry = &self.slots[slot as usize];
                ((ObjectId { session: self.session, slot, generation: entry.generation }, node.index), on_sql)
            }));
        }
    }

    /// Returns whether a query said that this relationship is not to be loaded on demand; `Some(true)` where that holds for
    /// statements alone.
    pub(crate) fn refuses_load(&self, slot: u32, relationship: u16) -> Option<bool> {
        if self.refused.is_empty() { None } else { self.refused.get(&(self.id(slot), relationship)).copied() }
    }

    // ------------------------------------------------------------------------------------------------ letting them in

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
            gone: "",
            state,
            key,
            set: ColumnSet::new(),
            base: None,
            is_expired: false,
            stale: ColumnSet::new(),
            was_expired: false,
            is_doomed: false,
            is_orphan: false,
            is_touched: false,
            read_by: if state == State::Persistent { self.query } else { 0 },
            is_lent: false,
            links: Vec::new(),
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

    /// Notes that an object was added in this frame: when that is undone it is no more, so that nothing of it is saved.
    fn note_added(&mut self, slot: u32) {
        self.get_mut(slot).saved_at = self.frames.len();
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
                let object = M::__read(row, at)?;
                self.place_unknown(Box::new(object), key)
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
    pub(super) fn place_loaded(&mut self, object: Box<dyn Object>, key: Key) -> u32 {
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
        let overwrites = self.overwrites;
        let entry = &mut self.slots[slot as usize];
        if entry.state != State::Persistent {
            return Ok(());
        }
        if !(entry.is_expired || overwrites) {
            if entry.fill_in(row, at)? {
                self.note_loaded(slot);
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
                for column in 0..entry.mapper.width() {
                    if is_changed(object, &**base, column) {
                        continue;
                    }
                    if fresh.is_left_out(column) {
                        object.leave_out(column);
                        continue;
                    }
                    let value = fresh.column(column);
                    object
                        .set_column(column, super::identity::as_row_value(&value))
                        .map_err(|reason| Misread::new(at + column, reason))?;
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
        if overwrites {
            // A model that cannot be configured has no links.
            let _ = self.forget_links(slot);
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

    /// Fills the field of a relationship with the members that were read for it.
    pub(crate) fn fill_field(&mut self, slot: u32, relationship: usize, members: &[ObjectId], is_complete: bool) {
        self.object_mut(slot).relation_mut(relationship).load(members, is_complete);
        self.get_mut(slot).stale.remove(relationship);
        self.note_filled(slot, relationship);
    }

    /// Returns whether a relationship has to be read (again), although it may hold members.
    pub(crate) fn is_stale(&self, slot: u32, relationship: usize) -> bool {
        let entry = self.get(slot);
        entry.is_expired || entry.stale.contains(relationship) || !self.has_all_members(slot, relationship)
    }

    /// Has a relationship read again by whatever reads it next.
    pub(super) fn doubt(&mut self, slot: u32, relationship: usize) {
        let entry = self.get_mut(slot);
        if entry.state == State::Persistent {
            entry.stale.insert(relationship);
        }
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

    /// Has a row read again by whatever reads it next.
    pub(crate) fn expire(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        if entry.state == State::Persistent {
            entry.is_expired = true;
        }
    }

    // ------------------------------------------------------------------------------------------------ letting them go

    /// Takes an object out. Its handles are dead from now on.
    pub(crate) fn remove(&mut self, slot: u32, why: &'static str) -> Option<Box<dyn Object>> {
        self.forget_identity(slot);
        let entry = self.get_mut(slot);
        let object = entry.object.take();
        if let Some(object) = object.as_deref().filter(|_| self.tells_states()) {
            self.tell_left(self.id(slot), object, self.get(slot).state);
        }
        let entry = self.get_mut(slot);
        entry.gone = why;
        entry.generation += 1;
        entry.base = None;
        entry.links = Vec::new();
        let (is_pending, is_touched) = (entry.state == State::Pending, entry.is_touched);
        self.free.push(slot);
        if is_pending {
            self.pending.retain(|&pending| pending != slot);
            self.new_keys = NewKeys::default();
        }
        if is_touched {
            self.touched.retain(|&touched| touched != slot);
        }
        object
    }

    /// Takes every object out. All handles are dead from now on.
    pub(crate) fn remove_all(&mut self, why: &'static str) {
        if self.tells_states() {
            self.in_use().for_each(|slot| self.tell_left(self.id(slot), self.object(slot), self.get(slot).state));
        }
        self.identity.clear();
        for (slot, entry) in self.slots.iter_mut().enumerate() {
            if entry.object.take().is_some() {
                (entry.key, entry.base, entry.links) = (None, None, Vec::new());
                entry.gone = why;
                entry.generation += 1;
                self.free.push(slot as u32);
            }
        }
        self.pending.clear();
        self.new_keys = NewKeys::default();
        self.touched.clear();
        self.pairs.clear();
        self.parted.clear();
    }

    /// Takes the object out of the identity map.
    pub(crate) fn forget_identity(&mut self, slot: u32) {
        self.identity.remove(&self.slots, slot);
        self.slots[slot as usize].key = None;
    }

    /// Makes room for so many more objects in the identity map.
    pub(crate) fn expect_identities(&mut self, count: usize) {
        self.identity.reserve(count);
    }

    /// Puts the object into the identity map under the key that it has now.
    pub(crate) fn identify(&mut self, slot: u32) {
        self.forget_identity(slot);
        let key = Key::of_object(self.object(slot));
        if let Some(key) = key {
            let mapper = self.get(slot).mapper;
            self.identity.insert(&self.slots, mapper, &key, slot);
            self.get_mut(slot).key = Some(key);
        }
    }

    // ------------------------------------------------------------------------------------------------ noting changes

    /// Notes that an object is given out for change: what it was is kept, once.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        let depth = self.frames.len();
        let entry = &self.slots[slot as usize];
        if !entry.is_touched || entry.base.is_none() || entry.saved_at < depth {
            self.remember(slot, depth);
        }
    }

    /// Notes that the fields of an object's relationships change, and no column. Of one that was added in this frame nothing is
    /// kept: there is no row to compare it with, and a rollback lets go of it.
    #[inline]
    pub(crate) fn touch_fields(&mut self, slot: u32) {
        let depth = self.frames.len();
        let entry = &mut self.slots[slot as usize];
        if entry.state != State::Pending || entry.saved_at < depth {
            self.touch(slot);
        } else if !entry.is_touched {
            entry.is_touched = true;
            self.touched.push(slot);
        }
    }

    /// Notes that an object is given out for change to the user, who may change the fields of its relationships.
    #[inline]
    pub(crate) fn lend(&mut self, slot: u32) {
        self.touch(slot);
        let entry = &mut self.slots[slot as usize];
        if !entry.is_lent {
            entry.is_lent = true;
            self.lent.push(slot);
        }
    }

    /// Returns the objects that were lent since the last call, as far as they are still here.
    pub(crate) fn take_lent(&mut self) -> Vec<u32> {
        let mut lent = std::mem::take(&mut self.lent);
        lent.iter().for_each(|&slot| self.get_mut(slot).is_lent = false);
        lent.retain(|&slot| self.get(slot).object.is_some());
        lent
    }

    fn remember(&mut self, slot: u32, depth: usize) {
        let entry = &mut self.slots[slot as usize];
        let object = entry.object.as_deref().expect("a slot that is in use has an object");
        if entry.base.is_none() {
            entry.base = Some(Arc::from(object.copy()));
            entry.was_expired = entry.is_expired;
        }
        if !entry.is_touched {
            entry.is_touched = true;
            self.touched.push(slot);
        }
        if entry.saved_at < depth {
            // In a savepoint the base may be older than the savepoint; then the object itself is what to go back to.
            let object = match &entry.base {
                Some(base) if entry.saved_at == 0 => base.clone(),
                _ => Arc::from(object.copy()),
            };
            entry.saved_at = depth;
            let saved = Saved {
                slot,
                generation: entry.generation,
                object,
                state: entry.state,
                key: entry.key.clone(),
                links: entry.links.clone(),
                is_doomed: entry.is_doomed,
            };
            self.frame().saved.push(saved);
        }
    }

    /// Says that a flush has made the database agree with an object.
    pub(crate) fn settle(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        entry.base = None;
        entry.is_touched = false;
        entry.was_expired = false;
        entry.links.clear();
        entry.is_orphan = false;
    }

    /// Says that an UPDATE has made the row agree with an object that is still being flushed.
    pub(crate) fn renew_base(&mut self, slot: u32) {
        let copy: Arc<dyn Object> = Arc::from(self.object(slot).copy());
        let entry = self.get_mut(slot);
        entry.base = Some(copy);
        entry.was_expired = false;
    }

    /// Notes that an object was read in this transaction. What has left meanwhile is forgotten before the list grows, so
    /// that a session which reads very many objects and lets them go stays small.
    pub(super) fn note_loaded(&mut self, slot: u32) {
        let id = self.id(slot);
        let mut loaded = std::mem::take(&mut self.frame().loaded);
        if loaded.len() == loaded.capacity() {
            loaded.retain(|&id| self.is_alive(id));
        }
        loaded.push(id);
        self.frame().loaded = loaded;
    }

    /// Notes that a relationship was read in this transaction, as [`note_loaded`](Self::note_loaded) does.
    fn note_filled(&mut self, slot: u32, relationship: usize) {
        let owner = self.id(slot);
        let mut filled = std::mem::take(&mut self.frame().filled);
        if filled.len() == filled.capacity() {
            filled.retain(|&(owner, _)| self.is_alive(owner));
        }
        filled.push((owner, relationship));
        self.frame().filled = filled;
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("there is always the frame of the transaction")
    }

    // ------------------------------------------------------------------------------------------------ transactions

    /// Begins a savepoint.
    pub(crate) fn push_frame(&mut self) {
        self.frames.push(Frame::default());
    }

    /// Ends a savepoint that is kept: what it would have undone, the transaction around it would.
    pub(crate) fn merge_frame(&mut self) {
        let Some(inner) = (self.frames.len() > 1).then(|| self.frames.pop()).flatten() else { return };
        let depth = self.frames.len();
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
        self.frame().loaded.extend(inner.loaded);
        self.frame().filled.extend(inner.filled);
    }

    /// Returns how many transactions and savepoints there are.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
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

    /// Undoes the innermost frame: objects are as they were when it began, and what it touched or read is expired.
    pub(crate) fn rollback_frame(&mut self) {
        let is_root = self.frames.len() == 1;
        let frame = if is_root { std::mem::take(self.frame()) } else { self.frames.pop().unwrap_or_default() };
        self.pairs.clear();
        self.parted.clear();
        self.take_lent();
        // What was added keeps the values that it has: they are all that is left of it.
        let here = |ids: Vec<ObjectId>| ids.into_iter().filter(|&id| self.is_alive(id)).map(|id| id.slot);
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
        for (owner, relationship) in frame.filled {
            if self.is_alive(owner) {
                self.get_mut(owner.slot).stale.insert(relationship);
            }
        }
        let touched = std::mem::take(&mut self.touched);
        for slot in touched {
            let depth = self.frames.len();
            let entry = self.get_mut(slot);
            entry.saved_at = entry.saved_at.min(depth);
            self.settle(slot);
        }
        let has_doomed = self.in_use().any(|slot| self.get(slot).is_doomed);
        self.has_doomed = has_doomed;
        let pending: Vec<u32> = self.in_use().filter(|&slot| self.get(slot).state == State::Pending).collect();
        self.pending = pending;
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
        let depth = self.frames.len();
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
