//! What a [`BelongsTo`](super::BelongsTo) holds and does, whatever its model.
//!
//! In: a value or a handle. Out: what it refers to, and the [`Change`] that a session takes up.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Change, Origin, RelationField};
use crate::mapper::new_row::{Incoming, NewObject, literal_set};
use crate::mapper::object::{Shared, Values};
use crate::mapper::{Mapper, SetColumns};
use crate::session::ObjectId;

#[derive(Default)]
pub(super) struct ToOne {
    pub(super) content: Content,
    /// What the session has not taken up yet, and what the field held before.
    change: Option<Box<(Change, Content)>>,
    pub(super) origin: Origin,
    pub(super) owner: Option<ObjectId>,
}

#[derive(Clone, Default)]
pub(super) enum Content {
    #[default]
    Unloaded,
    Empty,
    /// Empty as far as is known: an option with a condition may have left out what there is.
    Hidden,
    Value(Shared, Option<Box<SetColumns>>),
    Handle(ObjectId),
}

impl Content {
    fn none(is_all: bool) -> Self {
        if is_all { Content::Empty } else { Content::Hidden }
    }
}

impl ToOne {
    pub(super) fn of(content: Content, origin: Origin) -> Self {
        ToOne { content, origin, ..ToOne::default() }
    }

    pub(super) fn replace_by_new(&mut self, new: NewObject) {
        self.note(Content::Empty, Change::Add(Incoming::New(new)));
    }

    pub(super) fn replace_by_known(&mut self, member: ObjectId) {
        self.note(Content::Handle(member), Change::Add(Incoming::Known(member)));
    }

    pub(super) fn clear(&mut self) {
        self.note(Content::Empty, Change::Clear);
    }

    /// Notes a change for the session, if there is one, and before the first change what the field held.
    fn note(&mut self, content: Content, change: Change) {
        let held = std::mem::replace(&mut self.content, content);
        if self.owner.is_some() {
            let before = self.change.take().map_or(held, |first| first.1);
            self.change = Some(Box::new((change, before)));
        }
    }

    pub(super) fn copy(&self) -> Self {
        let content = self.change.as_ref().map_or(&self.content, |change| &change.1).clone();
        ToOne { content, change: None, ..*self }
    }

    /// Clones the field and shares the value; a clone of a session's object has unloaded relationships.
    pub(super) fn clone_values(&self) -> Self {
        match self.owner {
            None => self.copy(),
            Some(_) => ToOne::of(Content::Unloaded, self.origin),
        }
    }

    #[inline(never)] // So that the table of functions stands in this crate alone.
    pub(super) fn as_field(&self) -> &dyn RelationField {
        self
    }

    #[inline(never)]
    pub(super) fn as_field_mut(&mut self) -> &mut dyn RelationField {
        self
    }
}

impl RelationField for ToOne {
    fn own(&mut self, owner: ObjectId) {
        self.owner = Some(owner);
    }

    fn set_origin(&mut self, mapper: &'static Mapper, relationship: u16) {
        self.origin = Some((mapper.this, relationship));
    }

    fn release(&mut self) {
        (self.content, self.change, self.owner) = (Content::Unloaded, None, None);
    }

    fn is_loaded(&self) -> bool {
        !matches!(self.content, Content::Unloaded)
    }

    fn is_complete(&self) -> bool {
        !matches!(self.content, Content::Unloaded | Content::Hidden)
    }

    fn is_changed(&self) -> bool {
        self.change.is_some() || matches!(self.content, Content::Value(..))
    }

    fn given(&self) -> usize {
        usize::from(matches!(self.content, Content::Value(..) | Content::Handle(_)))
    }

    fn is_of(&self, owner: ObjectId) -> bool {
        self.owner == Some(owner)
    }

    fn adopt(&mut self, owner: ObjectId, is_new: bool) -> Vec<Change> {
        if self.owner == Some(owner) {
            let Some(noted) = self.change.take() else { return Vec::new() };
            let (change, before) = *noted;
            self.content = before;
            return vec![change];
        }
        let was_anothers = self.owner.replace(owner).is_some();
        self.change = None;
        if was_anothers {
            self.content = Content::Unloaded;
            return Vec::new();
        }
        match std::mem::take(&mut self.content) {
            Content::Unloaded | Content::Hidden => {
                if is_new {
                    self.content = Content::Empty;
                }
                Vec::new()
            }
            Content::Empty => {
                self.content = Content::Empty;
                if is_new { Vec::new() } else { vec![Change::Clear] }
            }
            Content::Value(shared, set) => {
                self.content = Content::Empty;
                vec![Change::Add(Incoming::New(shared_object(shared, set)))]
            }
            Content::Handle(id) => {
                self.content = Content::Handle(id);
                vec![Change::Add(Incoming::Known(id))]
            }
        }
    }

    fn members(&self) -> Vec<ObjectId> {
        match self.content {
            Content::Handle(id) => vec![id],
            _ => Vec::new(),
        }
    }

    fn has_any_of(&self, objects: &HashSet<ObjectId>) -> bool {
        matches!(&self.content, Content::Handle(id) if objects.contains(id))
    }

    fn load(&mut self, members: &[ObjectId], is_all: bool) {
        self.content = members.first().map_or(Content::none(is_all), |id| Content::Handle(*id));
    }

    fn insert(&mut self, member: ObjectId) -> bool {
        let is_new = !matches!(self.content, Content::Handle(id) if id == member);
        self.content = Content::Handle(member);
        is_new
    }

    fn take_out(&mut self, member: ObjectId) -> bool {
        let was_there = matches!(self.content, Content::Handle(id) if id == member);
        if was_there {
            self.content = Content::Empty;
        }
        was_there
    }

    fn unload(&mut self) {
        self.content = Content::Unloaded;
    }

    fn set_values(&mut self, _values: Box<dyn Values>, _is_all: bool) {
        self.unload();
    }

    fn set_value(&mut self, value: Option<Shared>, is_all: bool) {
        self.owner = None;
        self.content = value.map_or(Content::none(is_all), |value| Content::Value(value, None));
    }
}

/// Takes a value out of its shared pointer, or copies it where others hold it too; the origin tells that it is the same.
fn shared_object(shared: Shared, set: Option<Box<SetColumns>>) -> NewObject {
    // Whoever has met it before holds a weak pointer, so that the last to come still finds what became of it.
    let is_shared = Arc::strong_count(&shared) > 1 || Arc::weak_count(&shared) > 0;
    let origin = is_shared.then(|| Arc::downgrade(&shared));
    let object = shared.unshare();
    let set = set.map_or_else(|| literal_set(&*object), |set| *set);
    NewObject { object, set, origin }
}
