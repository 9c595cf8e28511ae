//! What users of a pool note about a connection, or about its place in the pool.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// Notes of any type, one of each: SQLAlchemy's `info` dictionaries, by type in place of name.
///
/// ```
/// use orm_pool::pool::Info;
///
/// #[derive(Debug, PartialEq)]
/// struct Tenant(u32);
///
/// let mut info = Info::default();
/// assert_eq!(info.insert(Tenant(7)), None);
/// assert_eq!(info.get(), Some(&Tenant(7)));
/// assert_eq!(info.remove(), Some(Tenant(7)));
/// assert!(info.is_empty());
/// ```
#[derive(Default)]
pub struct Info(Option<Box<Notes>>);

type Notes = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

impl Info {
    /// Notes a value and returns the one of the same type that was there.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        let notes = self.0.get_or_insert_default();
        notes.insert(TypeId::of::<T>(), Box::new(value)).and_then(owned)
    }

    /// Returns the value of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Returns the value of this type, to be changed.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.as_mut()?.get_mut(&TypeId::of::<T>())?.downcast_mut()
    }

    /// Takes out the value of this type.
    pub fn remove<T: 'static>(&mut self) -> Option<T> {
        self.0.as_mut()?.remove(&TypeId::of::<T>()).and_then(owned)
    }

    /// Takes out everything.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Returns whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|notes| notes.is_empty())
    }
}

fn owned<T: 'static>(value: Box<dyn Any + Send + Sync>) -> Option<T> {
    value.downcast().ok().map(|value| *value)
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Info({} notes)", self.0.as_ref().map_or(0, |notes| notes.len()))
    }
}
