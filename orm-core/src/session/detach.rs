//! Objects taken out of a session: as values, graph and all, or for good.

use super::objects::{Objects, State};
use super::{Handle, Session, wrong_model};
use crate::error::Result;
use crate::mapper::{Model, Object, RelationshipInfo, downcast};

impl Session {
    /// Takes an object out as a value, with all that is loaded of its relationships.
    ///
    /// Along the way, the other side of the relationship just walked and whatever is on the path already stay unloaded;
    /// what is reached twice is copied. Only the object itself leaves the session, and what its relationships say
    /// `cascade(expunge)` of; changes that were not flushed go with it.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn detach<M: Model>(&mut self, handle: Handle<M>) -> Result<M> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        let value = value_of(&self.objects, slot, None, &mut Vec::new())?;
        self.remove(slot, "taken out by `detach`");
        downcast(value).ok_or_else(wrong_model::<M>)
    }

    /// Lets go of an object, and of what its relationships say `cascade(expunge)` of. Their handles are dead.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn expunge<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        self.remove(slot, "expunged");
        Ok(())
    }

    /// Lets go of every object.
    pub fn expunge_all(&mut self) {
        self.remove_all("expunged");
    }

    /// Lets go of every object that has not been changed.
    pub fn expunge_clean(&mut self) {
        let clean: Vec<u32> = self.objects.in_use().filter(|&slot| self.is_clean(slot)).collect();
        clean.into_iter().for_each(|slot| drop(self.objects.remove(slot, "expunged while it was unchanged")));
    }

    /// Lets go of the clean objects that the last chunk of a query brought in.
    pub(super) fn let_go_of_chunk(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        for slot in chunk {
            if self.objects.get(slot).object.is_some() && self.is_clean(slot) {
                self.objects.remove(slot, "let go when the next chunk was read");
            }
        }
    }

    fn is_clean(&self, slot: u32) -> bool {
        let entry = self.objects.get(slot);
        matches!(entry.state, State::Persistent | State::Detached)
            && !entry.is_touched
            && !entry.is_doomed
            && !self.objects.pairs.iter().any(|pair| pair.owner.slot == slot || pair.member.slot == slot)
            && !self.objects.is_linked_to(slot)
    }

    pub(super) fn remove_all(&mut self, why: &'static str) {
        for slot in self.objects.in_use().collect::<Vec<_>>() {
            self.objects.remove(slot, why);
        }
        self.objects.pairs.clear();
    }

    fn remove(&mut self, slot: u32, why: &'static str) {
        let mapper = self.objects.get(slot).mapper;
        let mut followers = Vec::new();
        for (index, definition) in mapper.definition.relationships.iter().enumerate() {
            if definition.cascade.expunge {
                followers.extend(self.objects.object(slot).relation(index).members());
            }
        }
        self.objects.remove(slot, why);
        for follower in followers {
            if self.objects.slot(follower, model_name_of(&self.objects, follower.slot)).is_ok() {
                self.remove(follower.slot, why);
            }
        }
    }
}

fn model_name_of(objects: &Objects, slot: u32) -> &'static str {
    objects.get(slot).mapper.definition.name
}

/// Makes a value of an object and of what is loaded of its relationships.
fn value_of(
    objects: &Objects,
    slot: u32,
    came_by: Option<&RelationshipInfo>,
    path: &mut Vec<u32>,
) -> Result<Box<dyn Object>> {
    path.push(slot);
    let object = objects.object(slot);
    let mut value = object.copy();
    for index in 0..object.mapper().definition.relationships.len() {
        value.relation_mut(index).release();
        let is_way_back = came_by.is_some_and(|info| info.reverse == Some(index as u16));
        let field = object.relation(index);
        if is_way_back || !field.is_loaded() {
            continue;
        }
        let members: Vec<u32> = field.members().into_iter().map(|id| id.slot).collect();
        if members.iter().any(|member| path.contains(member)) {
            continue;
        }
        let info = &object.mapper().configured()?.relationships[index];
        let mut list = (info.target.new_vec)();
        for &member in &members {
            if objects.get(member).object.is_some() {
                list.push(value_of(objects, member, Some(info), path)?);
            }
        }
        if info.is_to_one() {
            value.relation_mut(index).set_value(list.share().into_iter().next());
        } else {
            let all = (0..list.len() as u32).collect();
            let values = list.split(&[all]).into_iter().next();
            values.into_iter().for_each(|values| value.relation_mut(index).set_values(values));
        }
    }
    path.pop();
    Ok(value)
}
