//! What a [`HasMany`](super::HasMany) holds and does, whatever its model.
//!
//! In: values or handles of members, and what is done with them. Out: the members, and the [`Change`]s that a session takes up.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::{Change, Origin, RelationField, not_loaded};
use crate::mapper::new_row::{Incoming, NewObject, literal_set};
use crate::mapper::object::{Shared, Values};
use crate::mapper::{Mapper, SetColumns};
use crate::session::ObjectId;

#[derive(Default)]
pub(super) struct ToMany {
    /// What is known of the members; none for an unloaded field, nor for an empty one.
    pub(super) state: Option<Box<State>>,
    /// Whether members are here.
    pub(super) loaded: bool,
    /// Whether those are not all, since they were loaded by an option with a condition or a limit.
    partial: bool,
    pub(super) origin: Origin,
    /// The object of a session whose field this is; after `mem::swap` it is another's.
    pub(super) owner: Option<ObjectId>,
}

#[derive(Default)]
pub(super) struct State {
    /// Outside a session: a `Vec` of the model's values.
    pub(super) values: Option<Box<dyn Values>>,
    /// Which columns of the values were set, as far as they came from builders.
    pub(super) sets: Vec<SetColumns>,
    /// Inside a session, or given to a new object.
    handles: Handles,
    /// The same for lookup, once there are many.
    known: Option<Box<Known>>,
    /// The handles with their type, once somebody has asked for them; there may be more behind as many as there are handles.
    pub(super) typed: OnceLock<Box<dyn Any + Send + Sync>>,
    /// What the session has not taken up yet.
    changes: Vec<Change>,
    /// The handles before these changes.
    before: Option<Handles>,
}

/// Handles that copies of a field share; none where there were never any, so that a field of values needs no memory for them.
type Handles = Option<Arc<Vec<ObjectId>>>;

type Known = HashSet<ObjectId, foldhash::fast::RandomState>;

/// How many members are looked through one by one.
const FEW: usize = 32;

impl State {
    fn of(handles: Handles) -> Self {
        State { handles, ..State::default() }
    }

    pub(super) fn handles(&self) -> &[ObjectId] {
        self.handles.as_ref().map_or(&[], |handles| handles)
    }

    fn handles_mut(&mut self) -> &mut Vec<ObjectId> {
        Arc::make_mut(self.handles.get_or_insert_default())
    }

    fn value_count(&self) -> usize {
        self.values.as_ref().map_or(0, |values| values.count())
    }

    fn contains(&mut self, member: ObjectId) -> bool {
        let handles = self.handles.as_ref().map_or(&[][..], |handles| handles);
        if handles.len() < FEW {
            return handles.contains(&member);
        }
        self.known.get_or_insert_with(|| Box::new(handles.iter().copied().collect())).contains(&member)
    }

    /// Adds a handle at the end, and returns whether it was not there.
    fn insert(&mut self, member: ObjectId) -> bool {
        if self.contains(member) {
            return false;
        }
        self.typed.take();
        self.handles_mut().push(member);
        if let Some(known) = &mut self.known {
            known.insert(member);
        }
        true
    }

    /// Takes a handle away, and returns whether it was there.
    fn take_out(&mut self, member: ObjectId) -> bool {
        if !self.contains(member) {
            return false;
        }
        let handles = self.handles_mut();
        // The last one goes without a search, so that a list is emptied fast from its end.
        if handles.pop_if(|last| *last == member).is_none()
            && let Some(position) = handles.iter().position(|handle| *handle == member)
        {
            handles.remove(position);
            self.typed.take();
        }
        if let Some(known) = &mut self.known {
            known.remove(&member);
        }
        true
    }

    /// Makes these the handles.
    fn set(&mut self, handles: Handles) {
        self.handles = handles;
        self.known = None;
        self.typed.take();
    }

    /// Notes a change for the session, and before the first one what it starts from.
    fn note(&mut self, change: Change) {
        self.before.get_or_insert_with(|| self.handles.clone());
        self.changes.push(change);
    }

    /// Takes the values out as new objects.
    fn take_new(&mut self) -> impl Iterator<Item = NewObject> {
        let mut sets = std::mem::take(&mut self.sets).into_iter();
        let objects = self.values.take().map_or_else(Vec::new, <dyn Values>::into_objects);
        objects.into_iter().map(move |object| {
            let set = sets.next().unwrap_or_else(|| literal_set(&*object));
            NewObject { object, set, origin: None }
        })
    }
}

impl ToMany {
    pub(super) fn unloaded(origin: Origin) -> Self {
        ToMany { origin, ..ToMany::default() }
    }

    /// The field of an object outside a session.
    pub(super) fn holding(values: Box<dyn Values>) -> Self {
        let state = State { values: Some(values), ..State::default() };
        ToMany { state: Some(Box::new(state)), loaded: true, ..ToMany::default() }
    }

    /// Forgets what is known of the members.
    fn forget(&mut self) {
        (self.state, self.loaded, self.partial) = (None, false, false);
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.state.get_or_insert_default()
    }

    /// Returns the handles that are here, whether or not those are all.
    pub(super) fn known_handles(&self) -> &[ObjectId] {
        self.state.as_ref().map_or(&[], |state| state.handles())
    }

    /// Returns how many handles can be read; none where the relationship is not loaded.
    pub(super) fn handle_count(&self) -> Option<usize> {
        let count = self.known_handles().len();
        // Outside a session, what was pushed is all that there is.
        (self.loaded || (self.owner.is_none() && count > 0)).then_some(count)
    }

    #[track_caller]
    pub(super) fn len(&self, target: &str) -> usize {
        let Some(state) = &self.state else {
            if !self.loaded && self.origin.is_some() {
                panic!("{}", not_loaded(self.origin, target));
            }
            return 0;
        };
        let is_known = state.values.is_some() || !state.handles().is_empty() || !state.changes.is_empty();
        if !self.loaded && !is_known && self.origin.is_some() {
            panic!("{}", not_loaded(self.origin, target));
        }
        let pushed = state.changes.iter().filter(|change| matches!(change, Change::Add(Incoming::New(_))));
        state.value_count() + state.handles().len() + pushed.count()
    }

    /// Adds a new object to a session's object.
    pub(super) fn push_new(&mut self, new: NewObject) {
        self.state().note(Change::Add(Incoming::New(new)));
    }

    /// Adds an object that a session has, and returns whether it was not there.
    pub(super) fn push_known(&mut self, member: ObjectId) -> bool {
        let is_owned = self.owner.is_some();
        let state = self.state();
        if is_owned {
            // The session looks at one that is here already too: it may have been deleted meanwhile.
            state.note(Change::Add(Incoming::Known(member)));
        }
        state.insert(member)
    }

    pub(super) fn remove(&mut self, member: ObjectId) -> bool {
        let (is_owned, is_loaded) = (self.owner.is_some(), self.loaded);
        let state = self.state();
        let was_member = state.contains(member);
        if is_owned && (was_member || !is_loaded) {
            state.note(Change::Remove(member));
        }
        state.take_out(member);
        was_member
    }

    pub(super) fn clear(&mut self) {
        let is_owned = self.owner.is_some();
        self.loaded |= !is_owned;
        let state = self.state();
        if is_owned {
            state.note(Change::Clear);
        }
        state.values = None;
        state.sets.clear();
        state.set(None);
    }

    pub(super) fn copy(&self) -> Self {
        let state = self.state.as_ref().map(|state| {
            Box::new(State {
                values: state.values.as_ref().map(|values| values.copy()),
                sets: state.sets.clone(),
                ..State::of(state.before.as_ref().unwrap_or(&state.handles).clone())
            })
        });
        ToMany { state, ..*self }
    }

    /// Clones the values; a clone of a session's object has unloaded relationships.
    pub(super) fn clone_values(&self) -> Self {
        match self.owner {
            None => self.copy(),
            Some(_) => ToMany::unloaded(self.origin),
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

impl RelationField for ToMany {
    fn own(&mut self, owner: ObjectId) {
        self.owner = Some(owner);
    }

    fn set_origin(&mut self, mapper: &'static Mapper, relationship: u16) {
        self.origin = Some((mapper.this, relationship));
    }

    fn release(&mut self) {
        self.forget();
        self.owner = None;
    }

    fn is_loaded(&self) -> bool {
        self.loaded
    }

    fn is_complete(&self) -> bool {
        self.loaded && !self.partial
    }

    fn is_changed(&self) -> bool {
        self.state.as_ref().is_some_and(|state| !state.changes.is_empty() || state.value_count() > 0)
    }

    fn given(&self) -> usize {
        self.state.as_ref().map_or(0, |state| state.value_count() + state.handles().len())
    }

    fn is_of(&self, owner: ObjectId) -> bool {
        self.owner == Some(owner)
    }

    fn adopt(&mut self, owner: ObjectId, is_new: bool) -> Vec<Change> {
        if self.owner == Some(owner) {
            let Some(state) = self.state.as_mut() else { return Vec::new() };
            if let Some(before) = state.before.take() {
                state.set(before);
            }
            return std::mem::take(&mut state.changes);
        }
        let was_anothers = self.owner.replace(owner).is_some();
        if was_anothers {
            self.forget();
            return Vec::new();
        }
        // Of some members of a value, the others are not known to be none.
        let replaces = !is_new && !self.partial;
        self.partial &= !is_new;
        let Some(state) = self.state.as_mut() else {
            // A value without members, assigned to an object that was there before, takes those away.
            let clear = (self.loaded && replaces).then_some(Change::Clear);
            self.loaded |= is_new;
            return clear.into_iter().collect();
        };
        let handles = state.handles.take();
        state.set(None);
        // A value assigned to an object that was there before replaces its members.
        let mut changes: Vec<Change> = replaces.then_some(Change::Clear).into_iter().collect();
        let known = handles.iter().flat_map(|handles| handles.iter());
        changes.extend(known.map(|handle| Change::Add(Incoming::Known(*handle))));
        changes.extend(state.take_new().map(|object| Change::Add(Incoming::New(object))));
        self.loaded = true;
        changes
    }

    fn members(&self) -> Vec<ObjectId> {
        self.known_handles().to_vec()
    }

    fn has_any_of(&self, objects: &HashSet<ObjectId>) -> bool {
        self.known_handles().iter().any(|handle| objects.contains(handle))
    }

    fn load(&mut self, members: &[ObjectId], is_all: bool) {
        (self.loaded, self.partial) = (true, !is_all);
        match &mut self.state {
            Some(state) => state.set(Some(Arc::new(members.to_vec()))),
            None if members.is_empty() => {}
            None => self.state = Some(Box::new(State::of(Some(Arc::new(members.to_vec()))))),
        }
    }

    fn insert(&mut self, member: ObjectId) -> bool {
        self.state().insert(member)
    }

    fn take_out(&mut self, member: ObjectId) -> bool {
        self.state.as_mut().is_some_and(|state| state.take_out(member))
    }

    fn unload(&mut self) {
        self.forget();
    }

    fn set_values(&mut self, values: Box<dyn Values>, is_all: bool) {
        *self = ToMany { origin: self.origin, partial: !is_all, ..ToMany::holding(values) };
    }

    fn set_value(&mut self, _value: Option<Shared>, _is_all: bool) {
        self.unload();
    }
}
