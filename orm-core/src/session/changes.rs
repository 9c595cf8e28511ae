//! Tells who listens of objects that go from one state to another.
//!
//! What a flush changes is told when the flush is over, since keys and defaults come home after the state has changed; all
//! else at once. Without a listener a change costs one look at an empty list.

use super::events::StateChange;
use super::handle::ObjectId;
use super::history::ObjectState;
use super::objects::{Objects, State};
use crate::mapper::Object;

/// A change of state that waits for the end of the flush.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    object: ObjectId,
    from: Option<State>,
    to: State,
}

impl From<State> for ObjectState {
    fn from(state: State) -> ObjectState {
        match state {
            State::Transient => ObjectState::Transient,
            State::Pending => ObjectState::Pending,
            State::Persistent => ObjectState::Persistent,
            State::Deleted => ObjectState::Deleted,
            State::Detached => ObjectState::Detached,
        }
    }
}

impl Objects {
    /// Returns whether somebody listens.
    #[inline]
    pub(crate) fn tells_states(&self) -> bool {
        self.events.hears_states()
    }

    /// Puts an object into another state, and tells of it.
    #[inline]
    pub(crate) fn set_state(&mut self, slot: u32, to: State) {
        let from = std::mem::replace(&mut self.get_mut(slot).state, to);
        if self.tells_states() {
            self.tell_state(slot, Some(from), to);
        }
    }

    /// Tells that an object has come in or has changed.
    #[cold]
    pub(crate) fn tell_state(&mut self, slot: u32, from: Option<State>, to: State) {
        if from == Some(to) {
            return;
        }
        let object = self.id(slot);
        match &mut self.told_later {
            Some(waiting) => waiting.push(Waiting { object, from, to }),
            None => self.call_state(object, self.object(slot), from, Some(to)),
        }
    }

    /// Tells that an object has left.
    #[cold]
    pub(crate) fn tell_left(&self, id: ObjectId, object: &dyn Object, from: State) {
        self.call_state(id, object, Some(from), None);
    }

    fn call_state(&self, id: ObjectId, object: &dyn Object, from: Option<State>, to: Option<State>) {
        let change = StateChange::new(id, object, from.map(ObjectState::from), to.map(ObjectState::from));
        self.events.call_states(&change);
    }

    /// Keeps what is to be told until the flush is over.
    pub(crate) fn tell_later(&mut self) {
        if self.tells_states() {
            self.told_later = Some(Vec::new());
        }
    }

    /// Tells what was kept.
    pub(crate) fn tell_now(&mut self) {
        for Waiting { object, from, to } in self.told_later.take().into_iter().flatten() {
            if self.is_alive(object) {
                self.call_state(object, self.object(object.slot), from, Some(to));
            }
        }
    }
}
