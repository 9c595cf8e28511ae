//! [`SessionInfo`]: what a program notes of a session, for listeners to read.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// What is noted of a session, such as whose request it serves: a value of each type. SQLAlchemy's `Session.info`.
///
/// [`Session::set_info`](super::Session::set_info) and [`SessionMaker::info`](super::SessionMaker::info) note it, and listeners
/// read it where they get the session, the [`Execution`](super::Execution) of a statement, or a transaction that has begun.
#[derive(Clone, Default)]
pub struct SessionInfo(Option<Arc<Notes>>);

type Notes = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl SessionInfo {
    /// Returns the value of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get(&TypeId::of::<T>())?.downcast_ref()
    }

    pub(super) fn set<T: Send + Sync + 'static>(&mut self, value: T) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(TypeId::of::<T>(), Arc::new(value));
    }
}

impl std::fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionInfo").field("values", &self.0.as_ref().map_or(0, |notes| notes.len())).finish()
    }
}
