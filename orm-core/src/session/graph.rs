//! Members of relationships, added and taken away: both sides in step, without a database.
//!
//! In: what was done through the session's methods, or waits in the fields of objects that were given out for change. Out:
//! [`LinkChange`](super::objects::LinkChange)s and [`PairChange`](super::objects::PairChange)s for the flush.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use super::handle::ObjectId;
use super::identity::Key;
use super::objects::{LinkChange, Objects, PairChange, Slot, State};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{
    Change, Direction, Incoming, Link, Mapper, NewObject, Object, RelationshipInfo, RelationshipKind, is_zero,
};
use crate::types::RowValue;

/// Values that several new objects share, by where they are, and what became of them. The pointers keep the places taken.
type Shared = HashMap<usize, (Weak<dyn Object>, ObjectId)>;

/// What was done through one field.
struct FieldChanges {
    owner: ObjectId,
    info: &'static RelationshipInfo,
    changes: Vec<Change>,
}

/// The members of one relationship that wait for a flush: added, or taken away.
#[derive(Default)]
pub(crate) struct Waiting {
    /// For each owner, what was done to its members, in order: `true` if one was added.
    of: HashMap<ObjectId, Vec<(ObjectId, bool)>, foldhash::fast::RandomState>,
    /// Objects that were given another parent: no longer members of an owner that does not wait for them.
    moved: HashSet<ObjectId, foldhash::fast::RandomState>,
    /// Whether what waits takes the place of what was there.
    is_to_one: bool,
}

impl Waiting {
    /// Returns the members of an owner once the flush will have been, from those of before.
    pub(crate) fn members(&self, owner: ObjectId, before: Vec<ObjectId>) -> Vec<ObjectId> {
        let mut members = before;
        let Some(changes) = self.of.get(&owner) else {
            members.retain(|member| !self.moved.contains(member));
            return members;
        };
        let last: HashMap<ObjectId, bool> = changes.iter().copied().collect();
        let stays = |member: &ObjectId| last.get(member).copied().unwrap_or(!self.moved.contains(member));
        members.retain(|member| !self.is_to_one && stays(member));
        let mut known: HashSet<ObjectId> = members.iter().copied().collect();
        let added = changes.iter().map(|&(member, _)| member).filter(|member| last[member]);
        members.extend(added.filter(|&member| known.insert(member)));
        members
    }

    fn add(&mut self, owner: ObjectId, member: ObjectId, is_added: bool) {
        self.of.entry(owner).or_default().push((member, is_added));
    }
}

impl Objects {
    // ------------------------------------------------------------------------------------------ taking in

    /// Takes in a new object with all that it holds, by the cascade of its relationships.
    pub(crate) fn add_graph(&mut self, new: NewObject) -> Result<u32> {
        let (slot, done) = self.place_graph(new);
        done.map(|()| slot)
    }

    /// Takes in a new object, whatever becomes of what it holds.
    pub(crate) fn place_graph(&mut self, new: NewObject) -> (u32, Result<()>) {
        let slot = self.place_new(new.object, new.set.all);
        (slot, self.take_first_members(slot, &mut Shared::new()))
    }

    fn add_new(&mut self, new: NewObject, shared: &mut Shared) -> Result<u32> {
        let place = new.origin.as_ref().map(|origin| origin.as_ptr().cast::<()>() as usize);
        if let Some((_, known)) = place.and_then(|place| shared.get(&place)) {
            return Ok(known.slot);
        }
        let slot = self.place_new(new.object, new.set.all);
        if let (Some(place), Some(origin)) = (place, new.origin) {
            shared.insert(place, (origin, self.id(slot)));
        }
        self.take_first_members(slot, shared)?;
        Ok(slot)
    }

    /// Takes up what the fields of a new object hold.
    fn take_first_members(&mut self, slot: u32, shared: &mut Shared) -> Result<()> {
        let mapper = self.get(slot).mapper;
        let id = self.id(slot);
        for index in 0..mapper.definition.relationships.len() {
            let field = self.object_mut(slot).relation_mut(index);
            field.set_origin(mapper, index as u16);
            let changes = field.adopt(id, true);
            if !changes.is_empty() {
                let info = &mapper.configured()?.relationships[index];
                self.apply(FieldChanges { owner: id, info, changes }, shared)?;
            } else if mapper.definition.relationships[index].kind == RelationshipKind::BelongsTo {
                self.leave_to_key(slot, index)?;
            }
        }
        Ok(())
    }

    /// Unloads a relationship of a new object whose foreign key was set as a column: the key says what it refers to.
    fn leave_to_key(&mut self, slot: u32, index: usize) -> Result<()> {
        let entry = self.get(slot);
        let info = &entry.mapper.configured()?.relationships[index];
        if info.condition.is_some() {
            return Ok(());
        }
        let mut columns = info.pairs.iter().map(|&(column, _)| column);
        let is_set = columns.clone().all(|column| entry.set.contains(usize::from(column)));
        if is_set && !columns.any(|column| self.object(slot).column(usize::from(column)).is_null()) {
            self.object_mut(slot).relation_mut(index).unload();
        }
        Ok(())
    }

    /// Takes in again an object whose first addition was rolled back, and with it the transient objects that it is linked
    /// to. Foreign keys are taken from the linked objects once more, since those may get other keys than they had.
    pub(crate) fn add_again(&mut self, slot: u32) -> Result<()> {
        let (mut waiting, mut placed) = (vec![slot], Vec::new());
        while let Some(slot) = waiting.pop() {
            if self.get(slot).state != State::Transient {
                continue;
            }
            self.place_again(slot);
            self.lend(slot);
            placed.push(slot);
            for info in self.get(slot).mapper.configured()?.relationships.iter().filter(|info| follows_again(info)) {
                waiting.extend(self.members_of(slot, usize::from(info.index)).iter().map(|member| member.slot));
            }
        }
        placed.into_iter().try_for_each(|slot| self.link_again(slot))
    }

    /// Links an object to the members that it still holds, as if for the first time.
    fn link_again(&mut self, slot: u32) -> Result<()> {
        let owner = self.id(slot);
        for info in self.get(slot).mapper.configured()?.relationships.iter().filter(|info| follows_again(info)) {
            let index = usize::from(info.index);
            for member in self.members_of(slot, index) {
                if !matches!(self.get(member.slot).state, State::Pending | State::Persistent) {
                    continue;
                }
                self.object_mut(slot).relation_mut(index).take_out(member);
                if let Some(reverse) = info.reverse {
                    self.object_mut(member.slot).relation_mut(usize::from(reverse)).take_out(owner);
                }
                self.link(owner, info, member)?;
            }
        }
        Ok(())
    }

    /// Takes up what was done through the fields of objects that were given out for change.
    ///
    /// Of several changes that cannot be taken up, the first is told; the others are taken up all the same.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let mut done = Ok(());
        // A member that is added again brings what was done through its own fields.
        while self.has_lent() {
            let changes = self.take_changes()?;
            done = done.and(self.apply_all(changes));
        }
        done
    }

    /// Loses what was changed in objects and not flushed, and expires them. What was done through the fields of others is kept,
    /// for what those had before it may be among what is forgotten.
    pub(crate) fn forget_and_expire(&mut self, slots: &[u32]) -> Result<()> {
        slots.iter().for_each(|&slot| self.forget_lent(slot));
        let kept = self.take_changes();
        for &slot in slots {
            self.forget_changes(slot);
            self.expire(slot);
        }
        self.apply_all(kept?)
    }

    /// Takes the changes out of the fields. A field that was assigned or swapped in gets the members that the one before
    /// it had, so that a whole object can be assigned without a relationship being emptied.
    fn take_changes(&mut self) -> Result<Vec<FieldChanges>> {
        let mut found = Vec::new();
        let mut waiting: HashMap<(usize, usize), Waiting> = HashMap::new();
        for slot in self.take_lent() {
            let owner = self.id(slot);
            let mapper = self.get(slot).mapper;
            self.keep_generated_key(slot)?;
            for index in 0..mapper.definition.relationships.len() {
                let field = self.object_mut(slot).relation_mut(index);
                let was_here = field.is_of(owner);
                let changes = field.adopt(owner, false);
                if was_here && changes.is_empty() {
                    continue;
                }
                field.set_origin(mapper, index as u16);
                let info = &mapper.configured()?.relationships[index];
                let base = self.get(slot).base.clone();
                if let Some(before) = base.filter(|base| !was_here && base.relation(index).is_loaded()) {
                    let field = before.relation(index);
                    let waiting = waiting.entry((mapper.id(), index)).or_insert_with(|| self.waiting(info));
                    let members = waiting.members(owner, field.members());
                    self.object_mut(slot).relation_mut(index).load(&members, field.is_complete());
                } else if !was_here {
                    self.object_mut(slot).relation_mut(index).unload();
                }
                if !changes.is_empty() {
                    found.push(FieldChanges { owner, info, changes });
                }
            }
        }
        Ok(found)
    }

    /// Gives an object its row's key again where a literal that was assigned to it has 0, which is to say: made up by the
    /// database.
    fn keep_generated_key(&mut self, slot: u32) -> Result<()> {
        let entry = self.get(slot);
        let columns = entry.mapper.definition.columns;
        let (Some(base), State::Persistent) = (entry.base.clone(), entry.state) else { return Ok(()) };
        let Some(column) = columns.iter().position(|column| column.generated) else { return Ok(()) };
        let key = base.column(column);
        if is_zero(&self.object(slot).column(column)) && !is_zero(&key) {
            let put = self.object_mut(slot).set_column(column, RowValue::of(&key).get());
            put.map_err(|reason| Error::new(ErrorKind::Data, reason.reason().to_owned()))?;
        }
        Ok(())
    }

    fn apply_all(&mut self, fields: Vec<FieldChanges>) -> Result<()> {
        let mut shared = Shared::new();
        let mut done = Ok(());
        for changes in fields {
            done = done.and(self.apply(changes, &mut shared));
        }
        done
    }

    fn apply(&mut self, field: FieldChanges, shared: &mut Shared) -> Result<()> {
        let FieldChanges { owner, info, changes } = field;
        refuse_viewonly(info)?;
        for change in changes {
            match change {
                Change::Add(incoming) => {
                    let is_new = matches!(incoming, Incoming::New(_));
                    let member = self.member(info, incoming, shared)?;
                    match is_new.then(|| self.first_link(info, member)).flatten() {
                        Some(link) => self.link_first(owner, info, link, member)?,
                        None => self.link(owner, info, member)?,
                    }
                }
                Change::Remove(member) => {
                    self.unlink(owner, info, member)?;
                }
                Change::Clear => self.clear(owner, info)?,
            }
        }
        Ok(())
    }

    fn member(&mut self, info: &RelationshipInfo, incoming: Incoming, shared: &mut Shared) -> Result<ObjectId> {
        match incoming {
            Incoming::New(new) => {
                if !info.definition.cascade.save_update {
                    let message = format!(
                        "a new `{}` cannot be added through `{}`, whose cascade does not include `save_update`",
                        info.target.definition.name,
                        info.name()
                    );
                    return Err(Error::new(ErrorKind::InvalidRequest, message).hint("add it by `session.add(…)` first"));
                }
                let slot = self.add_new(new, shared)?;
                Ok(self.id(slot))
            }
            Incoming::Known(id) => {
                let slot = self.slot(id, info.target.definition.name)?;
                if info.definition.cascade.save_update {
                    self.add_again(slot)?;
                }
                Ok(id)
            }
        }
    }

    /// Returns an object that is to become a member by the session's own methods: what is new is taken in.
    pub(crate) fn incoming(&mut self, incoming: Incoming) -> Result<ObjectId> {
        match incoming {
            Incoming::New(new) => self.add_graph(new).map(|slot| self.id(slot)),
            Incoming::Known(id) => Ok(id),
        }
    }

    // ------------------------------------------------------------------------------------------ both sides

    /// Returns whether a handle names an object of this session.
    pub(crate) fn is_alive(&self, id: ObjectId) -> bool {
        let slot = self.slots.get(id.slot as usize);
        slot.is_some_and(|slot| id.session == self.session && slot.generation == id.generation && slot.object.is_some())
    }

    /// Returns the members of a relationship that the session still has.
    pub(crate) fn members_of(&self, owner: u32, index: usize) -> Vec<ObjectId> {
        let mut members = self.object(owner).relation(index).members();
        members.retain(|&member| self.is_alive(member));
        members
    }

    /// Returns an object and what is refreshed and expired with it: the loaded members that the cascade `refresh_expire`
    /// leads to, as far as they have a row. Those of one model stand together.
    pub(crate) fn refreshed_with(&self, slot: u32) -> Vec<u32> {
        let (mut found, mut waiting) = (vec![slot], vec![slot]);
        while let Some(slot) = waiting.pop() {
            let relationships = self.get(slot).mapper.definition.relationships.iter().enumerate();
            for (index, _) in relationships.filter(|(_, definition)| definition.cascade.refresh_expire) {
                for member in self.members_of(slot, index) {
                    if self.get(member.slot).state == State::Persistent && !found.contains(&member.slot) {
                        found.push(member.slot);
                        waiting.push(member.slot);
                    }
                }
            }
        }
        found[1..].sort_by_key(|&slot| self.get(slot).mapper.id());
        found
    }

    /// Returns whether two objects are of the same model.
    pub(crate) fn are_of_one_model(&self, left: u32, right: u32) -> bool {
        self.get(left).mapper.is(self.get(right).mapper)
    }

    /// Returns whether a field holds all members of its object, none of which has left the session.
    pub(crate) fn has_all_members(&self, owner: u32, index: usize) -> bool {
        let field = self.object(owner).relation(index);
        field.is_complete() && field.members().into_iter().all(|member| self.is_alive(member))
    }

    /// Returns whether an object may have left a collection since that was read, which is not read again to be deleted.
    pub(super) fn may_have_left(&self, owner: u32, info: &RelationshipInfo, member: ObjectId) -> bool {
        let entry = self.get(member.slot);
        let Some(link) = info.link.filter(|_| info.definition.passive_deletes && entry.state == State::Persistent)
        else {
            return false;
        };
        info.direction == Direction::OneToMany
            && !entry.links.iter().any(|change| change.foreign_key() == link.foreign_key)
            && self.is_stale(owner, usize::from(info.index))
            && (entry.is_expired || !self.is_child_of(member.slot, link, self.id(owner)))
    }

    /// Makes an object a member of a relationship, on both sides.
    pub(crate) fn link(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId) -> Result<()> {
        refuse_viewonly(info)?;
        for (id, mapper) in [(owner, info.owner), (member, info.target)] {
            let slot = self.slot(id, mapper.definition.name)?;
            self.refuse_gone(slot, info)?;
        }
        match (info.direction, info.link) {
            (Direction::OneToMany, Some(link)) => {
                if info.is_to_one() && !self.has_member(owner, info, member) {
                    self.refuse_unknown(owner, info)?;
                }
                // Who gets a new parent is not deleted, whatever its former parent said.
                self.spare(member.slot)?;
                self.set_parent(member.slot, link, Some(owner))?;
                self.put_by_condition(owner, info, member, true)
            }
            (Direction::ManyToOne, Some(link)) => {
                // Whose former parent goes is not deleted with it.
                let former = self.current_parent(owner.slot, link);
                if former.is_some_and(|former| self.get(former).is_doomed) && !self.get(member.slot).is_doomed {
                    self.spare(owner.slot)?;
                }
                self.set_parent(owner.slot, link, Some(member))?;
                self.put_by_condition(owner, info, member, true)
            }
            _ => self.set_pair(owner, info, member, true).map(|_| ()),
        }
    }

    /// Ends the membership of an object, on both sides; `false` if it was no member.
    pub(crate) fn unlink(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId) -> Result<bool> {
        refuse_viewonly(info)?;
        self.slot(member, info.target.definition.name)?;
        let (child, parent, link) = match (info.direction, info.link) {
            (Direction::OneToMany, Some(link)) => (member, owner, link),
            (Direction::ManyToOne, Some(link)) => (owner, member, link),
            _ => return self.set_pair(owner, info, member, false),
        };
        let is_member = self.is_child_of(child.slot, link, parent);
        if is_member {
            if self.current_parent(child.slot, link) != Some(parent.slot) {
                self.touch_fields(parent.slot);
                self.take_from_parent(child, link, parent.slot)?;
            }
            self.set_parent(child.slot, link, None)?;
            self.put_by_condition(owner, info, member, false)?;
        }
        Ok(is_member)
    }

    /// Puts the fields at both ends of a relationship by condition in step with what was linked through it. Others over the
    /// same foreign key do not follow: whether the condition holds, the database says.
    fn put_by_condition(
        &mut self,
        owner: ObjectId,
        info: &RelationshipInfo,
        member: ObjectId,
        is_added: bool,
    ) -> Result<()> {
        let others = &info.target.configured()?.relationships;
        let reverse = info.reverse.map(|index| (member, &others[usize::from(index)], owner));
        for (end, info, other) in [Some((owner, info, member)), reverse].into_iter().flatten() {
            if info.condition.is_none() || info.definition.viewonly {
                continue;
            }
            self.touch(end.slot);
            let field = self.object_mut(end.slot).relation_mut(usize::from(info.index));
            match (is_added, info.is_to_one()) {
                (true, true) => field.load(&[other], true),
                (true, false) => _ = field.insert(other),
                (false, _) => _ = field.take_out(other),
            }
        }
        Ok(())
    }

    /// Makes these the members of a relationship, and no others.
    pub(crate) fn replace(&mut self, owner: ObjectId, info: &RelationshipInfo, members: &[ObjectId]) -> Result<()> {
        self.refuse_to_replace(owner, info)?;
        match members {
            [] => return self.clear(owner, info),
            [.., last] if info.direction == Direction::ManyToOne => return self.link(owner, info, *last),
            _ => {}
        }
        let kept: HashSet<&ObjectId> = members.iter().collect();
        for member in self.members_of(owner.slot, usize::from(info.index)).into_iter().rev() {
            if !kept.contains(&member) {
                self.unlink(owner, info, member)?;
            }
        }
        members.iter().try_for_each(|&member| self.link(owner, info, member))
    }

    /// Ends every membership.
    fn clear(&mut self, owner: ObjectId, info: &RelationshipInfo) -> Result<()> {
        if let (Direction::ManyToOne, Some(link)) = (info.direction, info.link) {
            self.set_parent(owner.slot, link, None)?;
            if info.condition.is_some() {
                self.object_mut(owner.slot).relation_mut(usize::from(info.index)).load(&[], true);
            }
            return Ok(());
        }
        self.refuse_unknown(owner, info)?;
        let index = usize::from(info.index);
        let members = self.members_of(owner.slot, index);
        if let (Direction::OneToMany, Some(link)) = (info.direction, info.link) {
            // Emptied at once, rather than searched for each member.
            self.touch(owner.slot);
            self.object_mut(owner.slot).relation_mut(index).load(&[], true);
            return members.into_iter().try_for_each(|member| self.set_parent(member.slot, link, None));
        }
        members.into_iter().rev().try_for_each(|member| self.set_pair(owner, info, member, false).map(|_| ()))
    }

    /// Returns the foreign key by which an object that has never had a parent there becomes one of many members, which nobody
    /// else has to be told of.
    fn first_link(&self, info: &RelationshipInfo, member: ObjectId) -> Option<Link> {
        let link = info.link.filter(|_| info.direction == Direction::OneToMany && !info.is_to_one())?;
        let entry = self.get(member.slot);
        let configured = link.child.configured().ok()?;
        let is_set = |&column: &u16| entry.set.contains(usize::from(column));
        let is_by_condition = info.condition.is_some()
            || info.reverse.is_some_and(|at| configured.relationships[usize::from(at)].condition.is_some());
        let is_first = entry.state == State::Pending
            && entry.mapper.is(link.child)
            && !is_by_condition
            && !configured.foreign_keys[link.foreign_key].columns.iter().any(is_set)
            && self.linked(member.slot, link).is_none();
        is_first.then_some(link)
    }

    /// Makes such an object a member, on both sides: as [`link`](Self::link) does, without a former parent.
    fn link_first(&mut self, owner: ObjectId, info: &RelationshipInfo, link: Link, member: ObjectId) -> Result<()> {
        let slot = self.slot(owner, info.owner.definition.name)?;
        self.refuse_gone(slot, info)?;
        self.touch_fields(member.slot);
        self.get_mut(member.slot).links.put(LinkChange::new(link.foreign_key, Some(owner)));
        self.tell_ends(member, link, Some(owner))
    }

    fn has_member(&self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId) -> bool {
        info.link.is_some_and(|link| self.is_child_of(member.slot, link, owner))
    }

    /// Refuses what has no row any more, or was never to have one.
    fn refuse_gone(&self, slot: u32, info: &RelationshipInfo) -> Result<()> {
        let entry = self.get(slot);
        let (why, hint) = match entry.state {
            State::Pending | State::Persistent => return Ok(()),
            State::Transient => ("whose addition was rolled back", "add it by `session.add_again(…)` first"),
            State::Deleted | State::Detached => ("which has been deleted", "take it out by `detach` and add the value"),
        };
        let object = self.describe(slot);
        let message = format!("the object {object}, {why}, cannot take part in relationship `{}`", info.name());
        Err(Error::new(ErrorKind::InvalidRequest, message).hint(hint))
    }

    /// Refuses to replace members that are not known, or not to be changed: for who has to know before there are new ones.
    pub(crate) fn refuse_to_replace(&self, owner: ObjectId, info: &RelationshipInfo) -> Result<()> {
        refuse_viewonly(info)?;
        if info.direction == Direction::ManyToOne { Ok(()) } else { self.refuse_unknown(owner, info) }
    }

    /// Refuses to link a new member to what cannot take it: for who has to know before it is there.
    pub(crate) fn refuse_new_member(&self, owner: ObjectId, info: &RelationshipInfo) -> Result<()> {
        refuse_viewonly(info)?;
        self.refuse_gone(owner.slot, info)?;
        let takes_place = info.direction == Direction::OneToMany && info.is_to_one();
        if takes_place { self.refuse_unknown(owner, info) } else { Ok(()) }
    }

    /// Refuses to take away members that are not known.
    fn refuse_unknown(&self, owner: ObjectId, info: &RelationshipInfo) -> Result<()> {
        let is_stored = self.get(owner.slot).state == State::Persistent;
        let index = usize::from(info.index);
        let why = match self.has_all_members(owner.slot, index) {
            _ if !is_stored => return Ok(()),
            false => "is not loaded",
            true if self.is_doubted(owner.slot, index) => {
                "may have got other members by a statement since it was loaded"
            }
            true => return Ok(()),
        };
        let name = info.name();
        let message = format!("relationship `{name}` {why}, so that its members cannot be replaced or cleared");
        let owner = info.owner.definition.name.to_lowercase();
        Err(Error::new(ErrorKind::NotLoaded, message).hint(format!("call `session.load({owner}, {name})` first")))
    }

    /// Returns the object that a foreign key leads to: by what was linked, else by the key as the fields know it, else by
    /// the child's own field.
    pub(crate) fn current_parent(&self, child: u32, link: Link) -> Option<u32> {
        let entry = self.get(child);
        if let Some(change) = entry.links.iter().find(|change| change.foreign_key() == link.foreign_key) {
            return change.parent.filter(|&parent| self.is_alive(parent)).map(|parent| parent.slot);
        }
        let key = &link.child.configured().ok()?.foreign_keys[link.foreign_key];
        if key.target_columns == key.target.definition.key {
            let values = Key::of_columns(self.stored(child), key.columns.iter().copied())?;
            if let Some(parent) = self.find(key.target, &values) {
                return Some(parent);
            }
            // The database may have told of a parent whose key it holds equal.
            let mut parents = self.told_parents(child, link).into_iter();
            return parents.find(|&parent| self.was_child_of(child, link, parent)).map(|parent| parent.slot);
        }
        let mut fields = relationships_over(link.child, link, Direction::ManyToOne).ok()?;
        fields.find_map(|index| self.members_of(child, index).first().map(|parent| parent.slot))
    }

    /// Returns whether a foreign key leads to an object.
    fn is_child_of(&self, child: u32, link: Link, parent: ObjectId) -> bool {
        match self.linked(child, link) {
            Some(change) => change.parent == Some(parent),
            None => self.was_child_of(child, link, parent),
        }
    }

    /// Returns what a relationship has set a foreign key to since the last flush.
    fn linked(&self, child: u32, link: Link) -> Option<&LinkChange> {
        self.get(child).links.iter().find(|change| change.foreign_key() == link.foreign_key)
    }

    /// Returns whether a foreign key led to an object when the last flush was done.
    fn was_child_of(&self, child: u32, link: Link, parent: ObjectId) -> bool {
        let Ok(configured) = link.child.configured() else { return false };
        let key = &configured.foreign_keys[link.foreign_key];
        let values = Key::of_columns(self.stored(child), key.columns.iter().copied());
        if self.get(parent.slot).state != State::Persistent || values.is_none() {
            return false;
        }
        let of_parent = Key::of_columns(self.stored(parent.slot), key.target_columns.iter().copied());
        let is_alike = || matches!((&values, &of_parent), (Some(own), Some(parent)) if own.is_alike(parent));
        values == of_parent
            || (is_alike()
                && (self.told_parents(child, link).contains(&parent) || self.is_told_child(child, link, parent)))
    }

    /// Returns the parents that the child's own fields lead to.
    fn told_parents(&self, child: u32, link: Link) -> Vec<ObjectId> {
        let Ok(fields) = relationships_over(link.child, link, Direction::ManyToOne) else { return Vec::new() };
        fields.flat_map(|index| self.members_of(child, index)).collect()
    }

    /// Returns whether a field of the parent leads to the child.
    fn is_told_child(&self, child: u32, link: Link, parent: ObjectId) -> bool {
        let mapper = self.get(parent.slot).mapper;
        let Ok(mut fields) = relationships_over(mapper, link, Direction::OneToMany) else { return false };
        let child = self.id(child);
        fields.any(|index| self.members_of(parent.slot, index).contains(&child))
    }

    /// Points a foreign key at an object, and puts the fields of the child, of its former and of its new parent in step.
    fn set_parent(&mut self, child: u32, link: Link, parent: Option<ObjectId>) -> Result<()> {
        let former =
            self.current_parent(child, link).filter(|&former| Some(former) != parent.map(|parent| parent.slot));
        let child_id = self.id(child);
        self.touch_fields(child);
        if let Some(former) = former {
            self.touch_fields(former);
            self.take_from_parent(child_id, link, former)?;
        }
        let entry = self.get_mut(child);
        entry.links.put(LinkChange::new(link.foreign_key, parent));
        let is_orphan = self.is_orphan(child)?;
        self.get_mut(child).is_orphan = is_orphan;
        self.tell_ends(child_id, link, parent)
    }

    /// Puts the fields of a child and of its new parent in step.
    fn tell_ends(&mut self, child: ObjectId, link: Link, parent: Option<ObjectId>) -> Result<()> {
        for index in relationships_over(link.child, link, Direction::ManyToOne)? {
            self.object_mut(child.slot).relation_mut(index).load(parent.as_slice(), true);
        }
        let Some(parent) = parent else { return Ok(()) };
        self.touch_fields(parent.slot);
        self.give_to_parent(child, link, parent.slot)
    }

    fn take_from_parent(&mut self, child: ObjectId, link: Link, parent: u32) -> Result<()> {
        for index in relationships_over(self.get(parent).mapper, link, Direction::OneToMany)? {
            self.object_mut(parent).relation_mut(index).take_out(child);
        }
        Ok(())
    }

    /// Adds a child to the fields of its parent; where there can be only one, the one that was there makes way.
    fn give_to_parent(&mut self, child: ObjectId, link: Link, parent: u32) -> Result<()> {
        let mapper = self.get(parent).mapper;
        for index in relationships_over(mapper, link, Direction::OneToMany)? {
            if mapper.configured()?.relationships[index].is_to_one() {
                for replaced in self.members_of(parent, index).into_iter().filter(|&member| member != child) {
                    self.set_parent(replaced.slot, link, None)?;
                }
            }
            self.object_mut(parent).relation_mut(index).insert(child);
        }
        Ok(())
    }

    /// Returns whether a child that leaves its parent keeps its foreign key, which nobody but the database looks after.
    pub(crate) fn keeps_key(&self, child: u32, foreign_key: usize) -> Result<bool> {
        let mapper = self.get(child).mapper;
        let link = Link { child: mapper, foreign_key };
        let parent = mapper.configured()?.foreign_keys[foreign_key].target;
        let is_left = |index: usize| parent.definition.relationships[index].passive_deletes_all;
        Ok(relationships_over(parent, link, Direction::OneToMany)?.any(is_left)
            && relationships_over(mapper, link, Direction::ManyToOne)?.next().is_none())
    }

    /// Returns whether an object has lost a parent without which it is deleted.
    fn is_orphan(&self, child: u32) -> Result<bool> {
        let entry = self.get(child);
        for change in entry.links.iter().filter(|change| change.parent.is_none()) {
            let link = Link { child: entry.mapper, foreign_key: change.foreign_key() };
            let parent = entry.mapper.configured()?.foreign_keys[change.foreign_key()].target;
            for index in relationships_over(parent, link, Direction::OneToMany)? {
                if parent.definition.relationships[index].cascade.delete_orphan {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Adds a row to an association table or takes one away, and puts the fields of both ends in step; `false` if there is
    /// nothing to do.
    fn set_pair(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId, is_added: bool) -> Result<bool> {
        let sides = [(owner, Some(info.index), member), (member, info.reverse, owner)];
        let mut changes = true;
        for (end, index, other) in sides {
            let Some(index) = index else { continue };
            self.touch(end.slot);
            let field = self.object_mut(end.slot).relation_mut(usize::from(index));
            let has_changed = if is_added { field.insert(other) } else { field.take_out(other) };
            // A side that does not know all its members cannot tell that there is nothing to add or take away.
            changes &= has_changed || !(is_added || self.has_all_members(end.slot, usize::from(index)));
        }
        if changes {
            self.pairs.push(PairChange { relationship: (info.owner, info.index), owner, member, is_added });
        }
        Ok(changes)
    }

    // ------------------------------------------------------------------------------------------ after a flush

    /// Puts the fields of relationships in step with foreign keys that were written as columns: `before` is the row as it
    /// was, none for a new one.
    pub(crate) fn follow_keys(&mut self, child: u32, before: Option<&dyn Object>) -> Result<()> {
        let mapper = self.get(child).mapper;
        for (position, key) in mapper.configured()?.foreign_keys.iter().enumerate() {
            if self.get(child).links.iter().any(|change| change.foreign_key() == position) {
                continue;
            }
            let key_in = |object: &dyn Object| Key::of_columns(object, key.columns.iter().copied());
            let (was, is) = (before.and_then(key_in), key_in(self.object(child)));
            if was == is {
                continue;
            }
            let find = |key_values: &Key| {
                (key.target_columns == key.target.definition.key).then(|| self.find(key.target, key_values)).flatten()
            };
            let (former, parent) = (was.as_ref().and_then(find), is.as_ref().and_then(find));
            let parent_id = parent.map(|parent| self.id(parent));
            let link = Link { child: mapper, foreign_key: position };
            for index in relationships_over(mapper, link, Direction::ManyToOne)? {
                let field = self.object_mut(child).relation_mut(index);
                match (&is, parent_id) {
                    (Some(_), None) => field.unload(),
                    (_, parent) => field.load(parent.as_slice(), true),
                }
            }
            self.follow_key(self.id(child), link, former, parent)?;
        }
        Ok(())
    }

    /// Moves a child from the loaded fields of its former parent to those of its new one.
    fn follow_key(&mut self, child: ObjectId, link: Link, former: Option<u32>, parent: Option<u32>) -> Result<()> {
        for (parent, is_new) in
            former.map(|former| (former, false)).into_iter().chain(parent.map(|parent| (parent, true)))
        {
            for index in relationships_over(self.get(parent).mapper, link, Direction::OneToMany)? {
                if !self.object(parent).relation(index).is_loaded() {
                    continue;
                }
                self.touch(parent);
                let field = self.object_mut(parent).relation_mut(index);
                let _ = if is_new { field.insert(child) } else { field.take_out(child) };
            }
        }
        Ok(())
    }

    /// Takes an object that is about to leave out of the fields of others that it leads to.
    pub(crate) fn disconnect(&mut self, slot: u32) -> Result<()> {
        self.leave(slot, |_| true)
    }

    /// Takes objects that are about to leave out of the fields of others, whether they lead to those or not.
    pub(crate) fn disconnect_all(&mut self, slots: &[u32]) -> Result<()> {
        slots.iter().try_for_each(|&slot| self.disconnect(slot))?;
        let leaving: HashSet<ObjectId> = slots.iter().map(|&slot| self.id(slot)).collect();
        let models: HashSet<usize> = slots.iter().map(|&slot| self.get(slot).mapper.id()).collect();
        // Of each model, the relationships that may lead to them.
        let mut leading: HashMap<usize, Vec<usize>> = HashMap::new();
        for slot in self.in_use().collect::<Vec<u32>>() {
            let mapper = self.get(slot).mapper;
            let indexes = leading.entry(mapper.id()).or_insert_with(|| {
                let relationships = mapper.definition.relationships.iter().enumerate();
                let leads = relationships.filter(|(_, definition)| models.contains(&(definition.target)().id()));
                leads.map(|(index, _)| index).collect()
            });
            for &index in &*indexes {
                if !self.object(slot).relation(index).has_any_of(&leaving) {
                    continue;
                }
                let owner = self.id(slot);
                let members = self.object(slot).relation(index).members();
                let gone = members.into_iter().filter(|member| leaving.contains(member));
                gone.for_each(|member| self.forget_member(owner, index, member));
            }
        }
        Ok(())
    }

    /// Takes an object that is not in the database, after all, out of the fields of those that are.
    pub(crate) fn leave_stored(&mut self, slot: u32) -> Result<()> {
        if self.get(slot).object.is_none() {
            return Ok(());
        }
        self.leave(slot, |other| other.state == State::Persistent)
    }

    fn leave(&mut self, slot: u32, is_left: impl Fn(&Slot) -> bool) -> Result<()> {
        let leaving = self.id(slot);
        let mapper = self.get(slot).mapper;
        for foreign_key in 0..mapper.configured()?.foreign_keys.len() {
            let link = Link { child: mapper, foreign_key };
            let parent = self.current_parent(slot, link).filter(|&parent| is_left(self.get(parent)));
            let Some(parent) = parent else { continue };
            for index in relationships_over(self.get(parent).mapper, link, Direction::OneToMany)? {
                self.forget_member(self.id(parent), index, leaving);
            }
        }
        for info in &mapper.configured()?.relationships {
            for member in self.members_of(slot, usize::from(info.index)) {
                if !is_left(self.get(member.slot)) {
                    continue;
                }
                let fields: Vec<usize> = match (info.direction, info.link) {
                    (Direction::ManyToOne, _) => Vec::new(),
                    (_, Some(link)) => relationships_over(link.child, link, Direction::ManyToOne)?.collect(),
                    (_, None) => info.reverse.map(usize::from).into_iter().collect(),
                };
                fields.into_iter().for_each(|index| self.forget_member(member, index, leaving));
            }
        }
        Ok(())
    }

    /// Takes a member that is about to leave out of a field. What the database knows better is unloaded.
    fn forget_member(&mut self, owner: ObjectId, index: usize, leaving: ObjectId) {
        let is_stored = |slot: u32| self.get(slot).state == State::Persistent;
        let can_be_read = is_stored(owner.slot) && is_stored(leaving.slot);
        let field = self.object_mut(owner.slot).relation_mut(index);
        if field.take_out(leaving) && can_be_read {
            field.unload();
        }
    }

    /// Returns the relationships of an object that hold what a foreign key refers to, each with that key; not those that
    /// were linked and wait for a flush.
    pub(crate) fn references(&self, slot: u32) -> Vec<(usize, Option<Key>)> {
        let mapper = self.get(slot).mapper;
        // A model that cannot be configured has none.
        let Ok(configured) = mapper.configured() else { return Vec::new() };
        let object = self.object(slot);
        let loaded = configured.relationships.iter().filter(|info| {
            info.direction == Direction::ManyToOne && object.relation(usize::from(info.index)).is_loaded()
        });
        let with_key = loaded.filter_map(|info| {
            let Link { foreign_key, .. } = info.link?;
            if self.get(slot).links.iter().any(|change| change.foreign_key() == foreign_key) {
                return None;
            }
            let columns = &configured.foreign_keys[foreign_key].columns;
            Some((usize::from(info.index), Key::of_columns(object, columns.iter().copied())))
        });
        with_key.collect()
    }

    /// Says that collections are to be read again whose members a statement may have brought or moved: it has set columns of
    /// their table, also in rows that nobody has read.
    pub(crate) fn doubt_members(&mut self, table: &'static Mapper, is_set: impl Fn(u16) -> bool) -> Result<()> {
        self.note_written();
        self.doubt_children(table, is_set, false)?;
        self.doubt_pairs(table, false)
    }

    /// Says that collections are to be read again whose members a statement may have deleted.
    pub(crate) fn doubt_deleted_members(&mut self, table: &'static Mapper) -> Result<()> {
        self.note_written();
        self.doubt_children(table, |_| true, true)?;
        self.doubt_pairs(table, true)
    }

    fn doubt_children(
        &mut self,
        child: &'static Mapper,
        is_set: impl Fn(u16) -> bool,
        only_deletes: bool,
    ) -> Result<()> {
        for (foreign_key, key) in child.configured()?.foreign_keys.iter().enumerate() {
            if !key.columns.iter().any(|&column| is_set(column)) {
                continue;
            }
            let fields = relationships_over(key.target, Link { child, foreign_key }, Direction::OneToMany)?;
            for index in fields.collect::<Vec<usize>>() {
                let owners: Vec<u32> = self.in_use().filter(|&slot| self.get(slot).mapper.is(key.target)).collect();
                owners.into_iter().for_each(|owner| self.doubt(owner, index, only_deletes));
            }
        }
        Ok(())
    }

    /// Of collections whose pairs are rows of that table.
    fn doubt_pairs(&mut self, table: &'static Mapper, only_deletes: bool) -> Result<()> {
        for slot in self.in_use().collect::<Vec<u32>>() {
            for info in &self.get(slot).mapper.configured()?.relationships {
                if info.secondary.as_ref().is_some_and(|secondary| secondary.mapper.is(table)) {
                    self.doubt(slot, usize::from(info.index), only_deletes);
                }
            }
        }
        Ok(())
    }

    /// Unloads those of the [`references`](Self::references) that lead elsewhere, now that the row was read again.
    pub(crate) fn follow_references(&mut self, slot: u32, before: Vec<(usize, Option<Key>)>) {
        if before.is_empty() {
            return;
        }
        let after: HashMap<usize, Option<Key>> = self.references(slot).into_iter().collect();
        for (index, key) in before {
            if after.get(&index).is_some_and(|now| *now != key) {
                self.object_mut(slot).relation_mut(index).unload();
            }
        }
    }

    /// Forgets what was linked through the foreign keys of an object and is not flushed. The fields at the other ends are
    /// left to the database, those of what has no row yet lose what they were given.
    pub(crate) fn forget_links(&mut self, slot: u32) -> Result<()> {
        let child = self.id(slot);
        let mapper = self.get(slot).mapper;
        let links = std::mem::take(&mut self.get_mut(slot).links);
        for &change in links.iter() {
            let link = Link { child: mapper, foreign_key: change.foreign_key() };
            for index in relationships_over(mapper, link, Direction::ManyToOne)? {
                self.leave_to_database(slot, index);
            }
            let former = self.current_parent(slot, link);
            let given = change.parent.filter(|&parent| self.is_alive(parent)).map(|parent| parent.slot);
            for parent in former.into_iter().chain(given) {
                let is_stored = self.get(parent).state == State::Persistent;
                for index in relationships_over(self.get(parent).mapper, link, Direction::OneToMany)? {
                    self.object_mut(parent).relation_mut(index).take_out(child);
                    if is_stored {
                        self.leave_to_database(parent, index);
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets the rows of association tables that were added or taken away for an object and are not flushed, on whichever
    /// side. The fields at both ends are left to the database, those of what has no row yet lose what they were given.
    pub(crate) fn forget_pairs(&mut self, slot: u32) -> Result<()> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        let id = self.id(slot);
        let is_of = |pair: &PairChange| pair.owner == id || pair.member == id;
        let (forgotten, kept) = std::mem::take(&mut self.pairs).into_iter().partition(is_of);
        self.pairs = kept;
        for PairChange { relationship: (mapper, index), owner, member, .. } in forgotten {
            let reverse = mapper.configured()?.relationships[usize::from(index)].reverse;
            for (end, index, other) in [(owner, Some(index), member), (member, reverse, owner)] {
                let Some(index) = index.map(usize::from).filter(|_| self.is_alive(end)) else { continue };
                self.object_mut(end.slot).relation_mut(index).take_out(other);
                if self.get(end.slot).state == State::Persistent {
                    self.leave_to_database(end.slot, index);
                }
            }
        }
        Ok(())
    }

    /// Unloads a relationship whose changes are forgotten, also in what the object was before: nothing of it has changed.
    fn leave_to_database(&mut self, slot: u32, index: usize) {
        let entry = self.get_mut(slot);
        if let Some(base) = entry.base.as_deref().filter(|base| base.relation(index).is_loaded()) {
            let mut base = base.copy();
            base.relation_mut(index).unload();
            entry.base = Some(Arc::from(base));
        }
        self.object_mut(slot).relation_mut(index).unload();
    }

    // ------------------------------------------------------------------------------------------ what waits

    /// Returns the members of a relationship that wait for a flush, in one walk over what was changed.
    pub(crate) fn waiting(&self, info: &RelationshipInfo) -> Waiting {
        let mut waiting = Waiting::default();
        match (info.direction, info.link) {
            // Which of them fulfil the condition, the database says.
            _ if info.condition.is_some() => {}
            (Direction::OneToMany, Some(link)) => self.waiting_children(link, &mut waiting),
            (Direction::ManyToOne, Some(link)) => self.waiting_parents(link, &mut waiting),
            _ => self.waiting_pairs(info, &mut waiting),
        }
        waiting
    }

    fn waiting_children(&self, link: Link, waiting: &mut Waiting) {
        for &slot in self.touched.iter().chain(&self.pending) {
            let entry = self.get(slot);
            if !entry.mapper.is(link.child) {
                continue;
            }
            let Some(change) = entry.links.iter().find(|change| change.foreign_key() == link.foreign_key) else {
                continue;
            };
            let child = self.id(slot);
            waiting.moved.insert(child);
            if let Some(parent) = change.parent {
                waiting.add(parent, child, true);
            }
        }
    }

    fn waiting_parents(&self, link: Link, waiting: &mut Waiting) {
        waiting.is_to_one = true;
        for &slot in self.touched.iter().chain(&self.pending) {
            let entry = self.get(slot);
            let is_changed = |change: &&LinkChange| change.foreign_key() == link.foreign_key;
            if let Some(change) = entry.links.iter().find(is_changed).filter(|_| entry.mapper.is(link.child)) {
                let parents = waiting.of.entry(self.id(slot)).or_default();
                *parents = change.parent.into_iter().map(|parent| (parent, true)).collect();
            }
        }
    }

    fn waiting_pairs(&self, info: &RelationshipInfo, waiting: &mut Waiting) {
        for pair in &self.pairs {
            let (mapper, index) = pair.relationship;
            if mapper.is(info.owner) && index == info.index {
                waiting.add(pair.owner, pair.member, pair.is_added);
            } else if mapper.is(info.target) && info.reverse == Some(index) {
                waiting.add(pair.member, pair.owner, pair.is_added);
            }
        }
    }

    /// Returns the members that a relationship had when the last flush was done, as far as they are known.
    pub(crate) fn former_members(&self, owner: u32, info: &RelationshipInfo) -> Vec<ObjectId> {
        let index = usize::from(info.index);
        let entry = self.get(owner);
        let now = self.members_of(owner, index);
        if matches!(entry.state, State::Pending | State::Transient) {
            return Vec::new();
        }
        let before = entry.base.as_deref().map(|base| base.relation(index));
        if let Some(before) = before.filter(|before| before.is_loaded()) {
            return before.members();
        }
        // It was read after the object was changed, or is not loaded: what waits for a flush tells who came and went.
        match (info.direction, info.link) {
            _ if info.condition.is_some() || info.definition.viewonly => now,
            (Direction::OneToMany, Some(link)) => self.former_children(self.id(owner), link, now),
            (Direction::ManyToOne, Some(link)) => self.former_parent(owner, link, now),
            _ => self.former_pairs(self.id(owner), info, now),
        }
    }

    fn former_children(&self, owner: ObjectId, link: Link, now: Vec<ObjectId>) -> Vec<ObjectId> {
        let is_linked = |child: u32| self.get(child).mapper.is(link.child) && self.linked(child, link).is_some();
        let is_new = |child: u32| matches!(self.get(child).state, State::Pending | State::Transient);
        let was_here = |child: u32| !is_new(child) && self.was_child_of(child, link, owner);
        let gone = self.touched.iter().copied().filter(|&child| is_linked(child) && was_here(child));
        let gone = gone.map(|child| self.id(child)).filter(|child| !now.contains(child)).collect::<Vec<_>>();
        let stayed = now.into_iter().filter(|child| was_here(child.slot));
        stayed.chain(gone).collect()
    }

    fn former_parent(&self, child: u32, link: Link, now: Vec<ObjectId>) -> Vec<ObjectId> {
        if self.linked(child, link).is_none() {
            return now;
        }
        let Ok(configured) = link.child.configured() else { return Vec::new() };
        let key = &configured.foreign_keys[link.foreign_key];
        if key.target_columns == key.target.definition.key {
            let key_values = Key::of_columns(self.stored(child), key.columns.iter().copied());
            let parent = key_values.and_then(|key_values| self.find(key.target, &key_values));
            return parent.map(|parent| self.id(parent)).into_iter().collect();
        }
        let parents = self.in_use().filter(|&parent| self.get(parent).mapper.is(key.target)).map(|slot| self.id(slot));
        parents.filter(|&parent| self.was_child_of(child, link, parent)).collect()
    }

    fn former_pairs(&self, owner: ObjectId, info: &RelationshipInfo, now: Vec<ObjectId>) -> Vec<ObjectId> {
        let mut waiting = Waiting::default();
        self.waiting_pairs(info, &mut waiting);
        let mut before = now;
        // The first that was done to a member says whether it was there.
        for &(member, is_added) in waiting.of.get(&owner).into_iter().flatten().rev() {
            match is_added {
                true => before.retain(|other| *other != member),
                false if !before.contains(&member) && self.is_alive(member) => before.push(member),
                false => {}
            }
        }
        before
    }

    /// Returns whether members of an object have come or gone since the last flush, as far as they are known.
    pub(crate) fn has_changed_members(&self, slot: u32) -> bool {
        let entry = self.get(slot);
        let Ok(configured) = entry.mapper.configured() else { return false };
        entry.is_touched
            && configured.relationships.iter().any(|info| {
                let index = usize::from(info.index);
                let (now, before) = (self.members_of(slot, index), self.former_members(slot, info));
                let is_same = now.len() == before.len() && now.iter().all(|member| before.contains(member));
                !is_same || self.object(slot).relation(index).is_changed()
            })
    }

    /// Returns the slots that a change which waits for a flush leads to.
    pub(crate) fn awaited(&self) -> HashSet<u32> {
        let links = self.touched.iter().chain(&self.pending).flat_map(|&slot| self.get(slot).links.iter());
        let parents = links.filter_map(|change| change.parent).map(|parent| parent.slot);
        parents.chain(self.pairs.iter().flat_map(|pair| [pair.owner.slot, pair.member.slot])).collect()
    }
}

/// Returns whether what a relationship holds is added again with its owner, or linked to it again.
fn follows_again(info: &RelationshipInfo) -> bool {
    (info.definition.cascade.save_update || info.direction == Direction::ManyToOne) && !info.definition.viewonly
}

fn refuse_viewonly(info: &RelationshipInfo) -> Result<()> {
    if !info.definition.viewonly {
        return Ok(());
    }
    let message = format!("relationship `{}` is viewonly and cannot be changed", info.name());
    Err(Error::new(ErrorKind::InvalidRequest, message))
}

/// Returns the positions of a model's relationships that follow a foreign key in a direction.
fn relationships_over(
    mapper: &'static Mapper,
    link: Link,
    direction: Direction,
) -> Result<impl Iterator<Item = usize> + use<>> {
    let relationships = &mapper.configured()?.relationships;
    let follows = move |info: &&RelationshipInfo| {
        info.direction == direction
            && !info.definition.viewonly
            && info.condition.is_none()
            && info.link.is_some_and(|other| other.foreign_key == link.foreign_key && other.child.is(link.child))
    };
    Ok(relationships.iter().filter(follows).map(|info| usize::from(info.index)))
}
