//! Values whose types the compiler does not look into.
//!
//! Whoever spawns a future has the compiler ask whether everything in it is `Send`, down to the last field of an engine's
//! pool. What it finds out about a type that holds references it does not keep, so it would go through all of an
//! engine for each function that holds one across an `await`, which takes milliseconds; at a `dyn` it stops.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that is shared.
pub(crate) struct Opaque<T: 'static>(Arc<dyn Deref<Target = T> + Send + Sync>);

impl<T: Send + Sync> Opaque<T> {
    pub(crate) fn new(value: T) -> Self {
        Opaque(Arc::new(Plain(value)))
    }

    /// Returns whether two are one value.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const **self, &raw const **other)
    }
}

impl<T> Clone for Opaque<T> {
    fn clone(&self) -> Self {
        Opaque(self.0.clone())
    }
}

impl<T> Deref for Opaque<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A value of one owner.
pub(crate) struct OpaqueBox<T: 'static>(Box<dyn DerefMut<Target = T> + Send + Sync>);

impl<T: Send + Sync> OpaqueBox<T> {
    pub(crate) fn new(value: T) -> Self {
        OpaqueBox(Box::new(Plain(value)))
    }
}

impl<T> Deref for OpaqueBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for OpaqueBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// What stands behind the `dyn`.
struct Plain<T>(T);

impl<T> Deref for Plain<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Plain<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
