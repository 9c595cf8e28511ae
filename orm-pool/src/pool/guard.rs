//! A lent connection, which comes back when the guard is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::lease::Lease;
use super::state::Entry;
use super::{Connector, Reset};

/// A lent connection. Dropping the guard cleans the connection up and gives it back.
///
/// Where cleaning up takes waiting, it goes on in the background; without a tokio runtime the connection is dropped
/// instead.
pub struct Guard<C: Connector> {
    /// Always holds a connection, until `drop`, `detach` or `invalidate` takes it out.
    lease: Lease<C>,
}

const HELD: &str = "a guard holds its connection until it is dropped";

impl<C: Connector> Guard<C> {
    #[inline]
    pub(super) fn new(lease: Lease<C>) -> Self {
        Guard { lease }
    }

    /// Takes the connection out of the pool for good; the pool may open another in its place.
    pub fn detach(mut self) -> C::Connection {
        self.lease.take_entry().expect(HELD).connection
    }

    /// Closes the connection instead of giving it back.
    pub fn invalidate(mut self) {
        if let Some(entry) = self.lease.take_entry() {
            self.lease.shared().discard(entry);
        }
    }
}

impl<C: Connector> Deref for Guard<C> {
    type Target = C::Connection;

    #[inline]
    fn deref(&self) -> &C::Connection {
        &self.lease.entry().expect(HELD).connection
    }
}

impl<C: Connector> DerefMut for Guard<C> {
    #[inline]
    fn deref_mut(&mut self) -> &mut C::Connection {
        &mut self.lease.entry_mut().expect(HELD).connection
    }
}

impl<C: Connector> fmt::Debug for Guard<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl<C: Connector> Drop for Guard<C> {
    #[inline]
    fn drop(&mut self) {
        // The lease is dropped after this, with the connection if that is clean, else with its count alone.
        let Some(mut entry) = self.lease.take_entry() else { return };
        match self.lease.shared().connector.reset_now(&mut entry.connection) {
            Reset::Clean => self.lease.put_entry(entry),
            Reset::NeedsWork => self.reset_in_background(entry),
            Reset::Broken => {
                tracing::warn!("a connection could not be reset; it is closed");
                self.lease.shared().discard(entry);
            }
        }
    }
}

impl<C: Connector> Guard<C> {
    /// Moves the lease and its connection into a task, which gives them back when the connection is clean.
    #[cold]
    fn reset_in_background(&mut self, mut entry: Box<Entry<C::Connection>>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut lease = self.lease.move_out();
        runtime.spawn(async move {
            let result = lease.shared().connector.reset(&mut entry.connection).await;
            match result {
                Ok(()) => lease.put_entry(entry),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be reset; it is closed");
                    lease.shared().discard(entry);
                }
            }
        });
    }
}
