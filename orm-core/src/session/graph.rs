//! Members of relationships, added and taken away: both sides in step, without a database.
//!
//! In: what was done through the session's methods, or waits in the fields of objects that were given out for change. Out:
//! [`LinkChange`](super::objects::LinkChange)s and [`PairChange`](super::objects::PairChange)s for the flush.

use std::collections::HashMap;

use super::handle::ObjectId;
use super::identity::Key;
use super::objects::{LinkChange, Objects, PairChange, State};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Change, Direction, Incoming, Link, Mapper, NewObject, RelationshipInfo};

/// Values that several new objects share, and what became of them.
pub(super) type Shared = HashMap<usize, ObjectId>;

impl Objects {
    /// Takes in a new object with all that it holds, by the cascade of its relationships.
    pub(crate) fn add_graph(&mut self, new: NewObject) -> Result<u32> {
        self.add_new(new, &mut Shared::new())
    }

    fn add_new(&mut self, new: NewObject, shared: &mut Shared) -> Result<u32> {
        if let Some(known) = new.origin.and_then(|origin| shared.get(&origin)) {
            return Ok(known.slot);
        }
        let mapper = new.object.mapper();
        let slot = self.place_new(new.object, new.set);
        let id = self.id(slot);
        if let Some(origin) = new.origin {
            shared.insert(origin, id);
        }
        for index in 0..mapper.definition.relationships.len() {
            let changes = self.object_mut(slot).relation_mut(index).adopt(id, true);
            if !changes.is_empty() {
                let info = &mapper.configured()?.relationships[index];
                self.apply(id, info, changes, shared)?;
            }
        }
        Ok(slot)
    }

    /// Takes up what was done through the fields of objects that were given out for change.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let mut position = 0;
        // Taking up a change may touch further objects, whose fields then wait for nothing.
        while let Some(&slot) = self.touched.get(position) {
            position += 1;
            self.sync_object(slot)?;
        }
        Ok(())
    }

    fn sync_object(&mut self, slot: u32) -> Result<()> {
        let id = self.id(slot);
        let mapper = self.get(slot).mapper;
        for index in 0..mapper.definition.relationships.len() {
            let changes = self.object_mut(slot).relation_mut(index).adopt(id, false);
            if !changes.is_empty() {
                let info = &mapper.configured()?.relationships[index];
                self.apply(id, info, changes, &mut Shared::new())?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, owner: ObjectId, info: &RelationshipInfo, changes: Vec<Change>, shared: &mut Shared) -> Result<()> {
        if info.definition.viewonly {
            let message = format!("relationship `{}` is viewonly and cannot be changed", info.name());
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        for change in changes {
            match change {
                Change::Add(incoming) => {
                    let member = self.member(info, incoming, shared)?;
                    self.link(owner, info, member)?;
                }
                Change::Remove(member) => {
                    self.unlink(owner, info, member)?;
                }
                Change::Clear => {
                    for member in self.former_members(owner, info) {
                        self.unlink(owner, info, member)?;
                    }
                }
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
                if self.get(slot).state == State::Transient && info.definition.cascade.save_update {
                    self.place_again(slot);
                }
                Ok(id)
            }
        }
    }

    /// Returns the members that a relationship had before its field was given out for change.
    fn former_members(&self, owner: ObjectId, info: &RelationshipInfo) -> Vec<ObjectId> {
        let entry = self.get(owner.slot);
        let index = usize::from(info.index);
        let mut members = entry.base.as_ref().map_or_else(Vec::new, |base| base.relation(index).members());
        // A to-one relationship that is not loaded may still lead to an object that the session knows.
        if members.is_empty()
            && info.direction == Direction::ManyToOne
            && let Some(parent) = info.link.and_then(|link| self.current_parent(owner.slot, link))
        {
            members.push(self.id(parent));
        }
        members
    }

    /// Makes an object a member of a relationship, on both sides.
    pub(crate) fn link(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId) -> Result<()> {
        self.slot(member, info.target.definition.name)?;
        match (info.direction, info.link) {
            (Direction::OneToMany, Some(link)) => self.set_parent(member.slot, link, Some(owner), info.is_to_one()),
            (Direction::ManyToOne, Some(link)) => {
                let is_unique = info.reverse.is_some_and(|reverse| {
                    info.target.configured().is_ok_and(|target| target.relationships[usize::from(reverse)].is_to_one())
                });
                self.set_parent(owner.slot, link, Some(member), is_unique)
            }
            _ => self.set_pair(owner, info, member, true),
        }
    }

    /// Ends the membership of an object, on both sides; `false` if it was no member.
    pub(crate) fn unlink(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId) -> Result<bool> {
        let member_slot = self.slot(member, info.target.definition.name)?;
        match (info.direction, info.link) {
            (Direction::OneToMany, Some(link)) => {
                if self.current_parent(member_slot, link).is_some_and(|parent| parent != owner.slot) {
                    return Ok(false);
                }
                self.set_parent(member_slot, link, None, false)?;
                if info.definition.cascade.delete_orphan {
                    self.get_mut(member_slot).is_orphan = true;
                }
                Ok(true)
            }
            (Direction::ManyToOne, Some(link)) => {
                if self.current_parent(owner.slot, link).is_some_and(|parent| parent != member.slot) {
                    return Ok(false);
                }
                self.set_parent(owner.slot, link, None, false)?;
                Ok(true)
            }
            _ => {
                let was_member = self.object(owner.slot).relation(usize::from(info.index)).members().contains(&member);
                self.set_pair(owner, info, member, false)?;
                Ok(was_member)
            }
        }
    }

    /// Returns the object that a foreign key leads to: by what was linked, by the field, or by the key's values.
    pub(crate) fn current_parent(&self, child: u32, link: Link) -> Option<u32> {
        let entry = self.get(child);
        if let Some(change) = entry.links.iter().find(|change| change.foreign_key == link.foreign_key) {
            return change.parent.map(|parent| parent.slot);
        }
        let key = &link.child.configured().ok()?.foreign_keys[link.foreign_key];
        let values = Key::of_columns(self.object(child), key.columns.iter().copied())?;
        (key.target_columns == key.target.definition.key).then(|| self.find(key.target, &values)).flatten()
    }

    /// Points a foreign key at an object, and puts the fields of the child, of its former and of its new parent in step.
    fn set_parent(&mut self, child: u32, link: Link, parent: Option<ObjectId>, is_unique: bool) -> Result<()> {
        let former = self.current_parent(child, link).filter(|&former| Some(former) != parent.map(|parent| parent.slot));
        let child_id = self.id(child);
        self.touch(child);
        if let Some(former) = former {
            for index in relationships_over(self.get(former).mapper, link, Direction::OneToMany)? {
                self.touch(former);
                self.object_mut(former).relation_mut(index).take_out(child_id);
            }
        }
        let entry = self.get_mut(child);
        entry.links.retain(|change| change.foreign_key != link.foreign_key);
        entry.links.push(LinkChange { foreign_key: link.foreign_key, parent });
        entry.is_orphan = false;
        for index in relationships_over(link.child, link, Direction::ManyToOne)? {
            let members: Vec<ObjectId> = parent.into_iter().collect();
            self.object_mut(child).relation_mut(index).load(&members);
        }
        let Some(parent) = parent else { return Ok(()) };
        for index in relationships_over(self.get(parent.slot).mapper, link, Direction::OneToMany)? {
            self.touch(parent.slot);
            if is_unique {
                // The only member makes way for the new one.
                for replaced in self.object(parent.slot).relation(index).members() {
                    if replaced != child_id {
                        self.set_parent(replaced.slot, link, None, false)?;
                    }
                }
            }
            self.object_mut(parent.slot).relation_mut(index).insert(child_id);
        }
        Ok(())
    }

    /// Adds a row to an association table or takes one away, and puts the fields of both ends in step.
    fn set_pair(&mut self, owner: ObjectId, info: &RelationshipInfo, member: ObjectId, is_added: bool) -> Result<()> {
        let sides = [
            (owner, Some((info.owner, info.index)), member),
            (member, info.reverse.map(|reverse| (info.target, reverse)), owner),
        ];
        for (end, relationship, other) in sides {
            let Some((_, index)) = relationship else { continue };
            self.touch(end.slot);
            let field = self.object_mut(end.slot).relation_mut(usize::from(index));
            if is_added {
                field.insert(other);
            } else {
                field.take_out(other);
            }
        }
        let is_same = |pair: &PairChange| {
            (pair.owner == owner && pair.member == member && same_relationship(pair, info, false))
                || (pair.owner == member && pair.member == owner && same_relationship(pair, info, true))
        };
        match self.pairs.iter().position(is_same) {
            // Added and taken away again, or the reverse, before a flush: nothing has happened.
            Some(position) if self.pairs[position].is_added != is_added => {
                self.pairs.remove(position);
            }
            Some(_) => {}
            None => {
                let relationship = (info.owner, info.index);
                self.pairs.push(PairChange { relationship, owner, member, is_added });
            }
        }
        Ok(())
    }
}

fn same_relationship(pair: &PairChange, info: &RelationshipInfo, from_other_side: bool) -> bool {
    let (mapper, index) = pair.relationship;
    if from_other_side {
        mapper.is(info.target) && info.reverse == Some(index)
    } else {
        mapper.is(info.owner) && info.index == index
    }
}

/// Returns the positions of a model's relationships that follow a foreign key in a direction.
fn relationships_over(mapper: &'static Mapper, link: Link, direction: Direction) -> Result<Vec<usize>> {
    let relationships = &mapper.configured()?.relationships;
    let follows = |info: &&RelationshipInfo| {
        info.direction == direction
            && !info.definition.viewonly
            && info.link.is_some_and(|other| other.foreign_key == link.foreign_key && other.child.is(link.child))
    };
    Ok(relationships.iter().filter(follows).map(|info| usize::from(info.index)).collect())
}
