//! The objects of a session: slots that own them, the identity map that finds them, and what they were before.
//!
//! Nothing here talks to a database. Rows come in through [`Objects::__load`]; the flush asks what has changed.

mod rows;
mod transactions;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::events::SessionEvents;
use super::handle::{AnyHandle, ObjectId};
use super::identity::{Key, key_text};
use super::identity_map::IdentityMap;
use super::info::SessionInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{LoadNode, Strategy};
use crate::mapper::{ColumnSet, Decoded, Mapper, Misread, Object, RelationshipInfo, Row};

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
    /// What took the object out, by its place among the reasons of the session.
    gone: u8,
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
    /// Whether it was read from another engine than the one where it is written, which may be behind: then the same.
    was_elsewhere: bool,
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
    pub(crate) links: Links,
    /// The depth of the frame that has saved it or to which it was added, counted from 1.
    saved_at: u32,
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

    /// Returns whether an UPDATE has to make sure that the row is as it was read.
    pub(crate) fn may_differ(&self) -> bool {
        self.was_expired || self.was_elsewhere
    }

    /// Returns whether it is as another engine than the one where it is written has given it.
    pub(crate) fn was_elsewhere(&self) -> bool {
        self.was_elsewhere
    }

    /// Returns whether the object has a value for each of these columns.
    pub(crate) fn has_columns(&self, columns: impl IntoIterator<Item = u16>) -> bool {
        let object = self.object.as_deref();
        columns.into_iter().all(|column| object.is_some_and(|object| !object.is_left_out(usize::from(column))))
    }
}

/// Such foreign keys of one object. Most objects have none, and those that have some one, which takes no memory of its own.
#[derive(Clone, Default)]
pub(crate) enum Links {
    #[default]
    None,
    One(LinkChange),
    Several(Box<[LinkChange]>),
}

impl Links {
    /// Notes a change, in the place of an earlier one of that foreign key.
    pub(crate) fn put(&mut self, change: LinkChange) {
        let others = self.iter().filter(|known| known.key != change.key);
        let links: SmallVec<[LinkChange; 2]> = others.copied().chain([change]).collect();
        *self = match *links {
            [link] => Links::One(link),
            _ => Links::Several(links.into_boxed_slice()),
        };
    }
}

impl Deref for Links {
    type Target = [LinkChange];

    #[inline]
    fn deref(&self) -> &[LinkChange] {
        match self {
            Links::None => &[],
            Links::One(link) => std::slice::from_ref(link),
            Links::Several(links) => links,
        }
    }
}

/// A foreign key that a relationship has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkChange {
    key: u32,
    /// The object whose key it takes; none for NULL.
    pub(crate) parent: Option<ObjectId>,
}

impl LinkChange {
    pub(crate) fn new(foreign_key: usize, parent: Option<ObjectId>) -> Self {
        LinkChange { key: foreign_key as u32, parent }
    }

    /// Returns the position among the model's foreign keys.
    #[inline]
    pub(crate) fn foreign_key(&self) -> usize {
        self.key as usize
    }
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
    /// What a savepoint has read.
    loaded: Vec<ObjectId>,
    /// Relationships that were read, with their owners, and whether that was after something was written: then they may have
    /// members, or lack some, by what is undone with the frame.
    filled: Vec<(ObjectId, u16, bool)>,
    /// Whether a statement has changed rows.
    has_run: bool,
}

impl Frame {
    /// Returns whether it has changed rows, by a statement or by a flush of what was added or changed in it.
    fn has_written(&self) -> bool {
        self.has_run || !self.saved.is_empty() || !self.added.is_empty()
    }
}

struct Saved {
    slot: u32,
    generation: u32,
    object: Arc<dyn Object>,
    state: State,
    key: Option<Key>,
    links: Links,
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
    /// What is noted of the session.
    pub(crate) info: SessionInfo,
    /// Whether rows overwrite what is there.
    pub(crate) overwrites: bool,
    /// Whether the rows that are read come from another engine than the one where they are written.
    pub(super) reads_elsewhere: bool,
    /// Whether rows tell objects that were read elsewhere what they refer to.
    pub(super) renews_references: bool,
    /// Relationships whose members were read elsewhere.
    filled_elsewhere: HashSet<(ObjectId, usize), foldhash::fast::RandomState>,
    /// Objects that took the rows of others of which it is not known what they were.
    pub(crate) replacing: HashSet<ObjectId, foldhash::fast::RandomState>,
    /// Whether some object waits to be deleted.
    pub(crate) has_doomed: bool,
    /// What objects that wait to be deleted have lost by that.
    pub(crate) parted: Vec<Parted>,
    /// Whether a flush warns of rows to be deleted that are gone.
    pub(crate) confirms_deletes: bool,
    /// Loaded relationships whose members a statement may have moved since.
    doubted: HashSet<(ObjectId, usize), foldhash::fast::RandomState>,
    /// Relationships that a query said are not to be loaded on demand.
    refused: HashMap<(ObjectId, u16), bool>,
    /// What a listener has refused while a row was read.
    pub(crate) vetoed: Option<Error>,
    /// What a flush has to tell of states when it is over; none outside of a flush.
    pub(super) told_later: Option<Vec<super::changes::Waiting>>,
    warns_at: usize,
    /// What has taken objects out.
    reasons: Vec<&'static str>,
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
            info: SessionInfo::default(),
            overwrites: false,
            reads_elsewhere: false,
            renews_references: false,
            filled_elsewhere: HashSet::default(),
            replacing: HashSet::default(),
            has_doomed: false,
            parted: Vec::new(),
            confirms_deletes: true,
            doubted: HashSet::default(),
            refused: HashMap::new(),
            vetoed: None,
            told_later: None,
            warns_at: 100_000,
            reasons: Vec::new(),
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
        let why = gone.and_then(|slot| self.reasons.get(usize::from(slot.gone))).copied().unwrap_or("taken out");
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
        AnyHandle { id: self.id(slot), mapper: self.get(slot).mapper }
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

    // ------------------------------------------------------------------------------------------------ letting them go

    /// Takes an object out. Its handles are dead from now on.
    pub(crate) fn remove(&mut self, slot: u32, why: &'static str) -> Option<Box<dyn Object>> {
        self.forget_identity(slot);
        let entry = self.get_mut(slot);
        let object = entry.object.take();
        if let Some(object) = object.as_deref().filter(|_| self.tells_states()) {
            self.tell_left(self.id(slot), object, self.get(slot).state);
        }
        let gone = self.reason(why);
        let entry = self.get_mut(slot);
        entry.gone = gone;
        entry.generation += 1;
        entry.base = None;
        entry.links = Links::default();
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

    /// Returns the place of a reason, of which the program has few.
    fn reason(&mut self, why: &'static str) -> u8 {
        let known = self.reasons.iter().position(|&known| known == why);
        let place = known.unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        });
        u8::try_from(place).unwrap_or_default()
    }

    /// Takes every object out. All handles are dead from now on.
    pub(crate) fn remove_all(&mut self, why: &'static str) {
        if self.tells_states() {
            self.in_use().for_each(|slot| self.tell_left(self.id(slot), self.object(slot), self.get(slot).state));
        }
        self.identity.clear();
        let gone = self.reason(why);
        for (slot, entry) in self.slots.iter_mut().enumerate() {
            if entry.object.take().is_some() {
                (entry.key, entry.base, entry.links) = (None, None, Links::default());
                entry.gone = gone;
                entry.generation += 1;
                self.free.push(slot as u32);
            }
        }
        self.pending.clear();
        self.new_keys = NewKeys::default();
        self.touched.clear();
        self.pairs.clear();
        self.parted.clear();
        self.doubted.clear();
        self.filled_elsewhere.clear();
        self.replacing.clear();
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

    /// Puts the object into the identity map under the key that it has now; returns whoever had that.
    pub(crate) fn identify(&mut self, slot: u32) -> Option<u32> {
        self.identify_as(slot, Key::of_object(self.object(slot)))
    }

    /// Puts the object into the identity map under this key.
    pub(crate) fn identify_as(&mut self, slot: u32, key: Option<Key>) -> Option<u32> {
        self.forget_identity(slot);
        let key = key?;
        let mapper = self.get(slot).mapper;
        let former = self.identity.insert(&self.slots, mapper, &key, slot);
        self.get_mut(slot).key = Some(key);
        former
    }

    /// Puts an object into the identity map whose row is new. An object that had the key has lost its row without the session
    /// knowing, and would be taken for the owner of the new one.
    pub(crate) fn identify_new(&mut self, slot: u32) {
        let former = self.identify(slot);
        if let Some(former) = former.filter(|&former| self.get(former).state == State::Persistent) {
            self.save(former);
            self.forget_identity(former);
            self.set_state(former, State::Deleted);
        }
    }

    // ------------------------------------------------------------------------------------------------ noting changes

    /// Notes that an object is given out for change: what it was is kept, once.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        let depth = self.frame_number();
        let entry = &self.slots[slot as usize];
        if !entry.is_touched || entry.base.is_none() || entry.saved_at < depth {
            self.remember(slot, depth);
        }
    }

    /// Notes that the fields of an object's relationships change, and no column. Of one that was added in this frame nothing is
    /// kept: there is no row to compare it with, and a rollback lets go of it.
    #[inline]
    pub(crate) fn touch_fields(&mut self, slot: u32) {
        let depth = self.frame_number();
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

    /// Returns whether objects were given out for change since their changes were last taken up.
    pub(crate) fn has_lent(&self) -> bool {
        !self.lent.is_empty()
    }

    /// Returns the objects that were lent since the last call, as far as they are still here.
    pub(crate) fn take_lent(&mut self) -> Vec<u32> {
        let mut lent = std::mem::take(&mut self.lent);
        lent.iter().for_each(|&slot| self.get_mut(slot).is_lent = false);
        lent.retain(|&slot| self.get(slot).object.is_some());
        lent
    }

    fn remember(&mut self, slot: u32, depth: u32) {
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

    /// Returns an object as its row is: as the last flush left it, or as this one has made it so far.
    pub(crate) fn stored(&self, slot: u32) -> &dyn Object {
        self.get(slot).base.as_deref().unwrap_or_else(|| self.object(slot))
    }

    /// The same, to be kept.
    pub(crate) fn stored_copy(&self, slot: u32) -> Arc<dyn Object> {
        self.get(slot).base.clone().unwrap_or_else(|| Arc::from(self.object(slot).copy()))
    }

    /// Says that a flush has made the database agree with an object.
    pub(crate) fn settle(&mut self, slot: u32) {
        let entry = self.get_mut(slot);
        entry.base = None;
        entry.is_touched = false;
        entry.was_expired = false;
        entry.links = Links::default();
        entry.is_orphan = false;
    }

    /// Says that an UPDATE has made the row agree with an object that is still being flushed.
    pub(crate) fn renew_base(&mut self, slot: u32) {
        let copy: Arc<dyn Object> = Arc::from(self.object(slot).copy());
        let entry = self.get_mut(slot);
        entry.base = Some(copy);
        entry.was_expired = false;
    }

    /// Notes that an object was read within a savepoint; with the transaction itself, all that was read is undone. What has
    /// left meanwhile is forgotten before the list grows, so that a session which reads very many objects and lets them go
    /// stays small.
    #[inline]
    pub(super) fn note_loaded(&mut self, slot: u32) {
        if self.depth() > 1 {
            self.note_loaded_in_savepoint(self.id(slot));
        }
    }

    fn note_loaded_in_savepoint(&mut self, id: ObjectId) {
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
            filled.retain(|&(owner, ..)| self.is_alive(owner));
        }
        let has_written = self.frame().has_written();
        filled.push((owner, relationship as u16, has_written));
        self.frame().filled = filled;
    }

    /// Notes that a statement has changed rows.
    pub(in crate::session) fn note_written(&mut self) {
        self.frame().has_run = true;
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("there is always the frame of the transaction")
    }
}
