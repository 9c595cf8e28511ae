//! A lent connection, which comes back when the guard is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::events::Kind;
use super::lease::Lease;
use super::record::Entry;
use super::{Connector, Info, Reset, ResetOnReturn};
use crate::{Error, sync};

/// A lent connection. Dropping the guard cleans the connection up and gives it back.
///
/// Where cleaning up takes waiting, it goes on in the background; without a tokio runtime the connection is dropped
/// instead.
pub struct Guard<C: Connector> {
    /// Always holds a connection, until `drop`, `into_connection` or `invalidate` takes it out.
    lease: Lease<C>,
    on_return: ResetOnReturn,
}

const HELD: &str = "a guard holds its connection until it is dropped";

impl<C: Connector> Guard<C> {
    #[inline]
    pub(super) fn new(lease: Lease<C>) -> Self {
        let on_return = lease.shared().options.reset_on_return;
        Guard { lease, on_return }
    }

    /// Returns what is noted about this connection; a new one in its place begins without.
    pub fn info(&self) -> &Info {
        &self.entry().info
    }

    /// Returns what is noted about this connection, to be changed.
    pub fn info_mut(&mut self) -> &mut Info {
        &mut self.lease.entry_mut().expect(HELD).info
    }

    /// Returns what is noted about the connection's place in the pool: the connections that follow in it keep that.
    pub fn record_info(&self) -> &Info {
        self.lease.record_info()
    }

    /// Returns what is noted about the connection's place in the pool, to be changed.
    pub fn record_info_mut(&mut self) -> &mut Info {
        self.lease.record_info_mut()
    }

    /// Says what is to become of an open transaction when this guard is dropped, in place of what the pool's options say.
    pub fn set_reset_on_return(&mut self, on_return: ResetOnReturn) {
        self.on_return = on_return;
    }

    /// Opens another connection in the place of this one, which is of no more use.
    ///
    /// # Errors
    ///
    /// Fails with what the [`Connector`] reports when it cannot connect; then all is as it was.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let shared = self.lease.shared().clone();
        shared.renew(&mut self.lease).await
    }

    /// Closes the connection instead of giving it back.
    pub fn invalidate(self) {
        self.close_now(None);
    }

    /// Closes the connection instead of giving it back, for this reason.
    pub fn invalidate_because(self, error: &Error) {
        self.close_now(Some(error));
    }

    fn close_now(mut self, error: Option<&Error>) {
        self.tell(Kind::Invalidate, error);
        if let Some(entry) = self.lease.take_entry() {
            let shared = self.lease.shared().clone();
            shared.discard(entry, self.lease.record_info_mut());
        }
    }

    /// Lets another connection take the place of this one the next time that it would be lent; until then it is used on.
    pub fn soft_invalidate(&mut self) {
        self.lease.entry_mut().expect(HELD).is_soft_invalidated = true;
        self.tell(Kind::SoftInvalidate, None);
    }

    /// Takes the connection out of the pool, which may open another in its place at once.
    ///
    /// The guard can be used as before; dropping it closes the connection. What was noted about its place stays there.
    pub fn detach(&mut self) {
        if !self.lease.is_detached() {
            self.tell(Kind::Detach, None);
            self.lease.detach();
        }
    }

    /// Returns whether the connection has left the pool.
    pub fn is_detached(&self) -> bool {
        self.lease.is_detached()
    }

    /// Takes the connection out of the pool and out of the guard.
    pub fn into_connection(mut self) -> C::Connection {
        self.detach();
        self.lease.take_entry().expect(HELD).connection
    }

    fn tell(&mut self, kind: Kind, error: Option<&Error>) {
        let shared = self.lease.shared().clone();
        if let (Some(entry), record_info) = self.lease.parts() {
            shared.listeners.tell(kind, &mut entry.connection, &mut entry.info, record_info, error);
        }
    }

    #[inline]
    fn entry(&self) -> &Entry<C::Connection> {
        self.lease.entry().expect(HELD)
    }
}

impl<C: Connector> Deref for Guard<C> {
    type Target = C::Connection;

    #[inline]
    fn deref(&self) -> &C::Connection {
        &self.entry().connection
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
        f.debug_struct("Guard").field("is_detached", &self.is_detached()).finish_non_exhaustive()
    }
}

impl<C: Connector> Drop for Guard<C> {
    #[inline]
    fn drop(&mut self) {
        // The lease is dropped after this, with the connection if that is clean, else with its count alone.
        if self.lease.is_detached() {
            return;
        }
        let Some(mut entry) = self.lease.take_entry() else { return };
        if self.lease.shared().listeners.has(Kind::Reset) {
            return self.reset_in_background(entry);
        }
        match self.lease.shared().connector.reset_now(&mut entry.connection, self.on_return) {
            Reset::Clean => check_in(&mut self.lease, entry),
            Reset::NeedsWork => self.reset_in_background(entry),
            Reset::Broken => close_broken(&mut self.lease, entry, None),
        }
    }
}

impl<C: Connector> Guard<C> {
    /// Moves the lease and its connection into a task, which gives them back when the connection is clean.
    #[cold]
    fn reset_in_background(&mut self, mut entry: Box<Entry<C::Connection>>) {
        if !sync::can_spawn() {
            return;
        }
        let (mut lease, on_return) = (self.lease.move_out(), self.on_return);
        lease.goes_back();
        sync::spawn(async move {
            let patience = lease.shared().options.answer_timeout;
            match sync::timeout(patience, reset(&mut lease, &mut entry, on_return)).await {
                Ok(Ok(())) => check_in(&mut lease, entry),
                Ok(Err(error)) => close_broken(&mut lease, entry, Some(&error)),
                Err(_) => {
                    let message = format!("the connection could not be reset within {patience:?}");
                    close_broken(&mut lease, entry, Some(&Error::new(crate::ErrorKind::Disconnected, message)));
                }
            }
        });
    }
}

/// Asks the listeners and cleans the connection up.
async fn reset<C: Connector>(
    lease: &mut Lease<C>,
    entry: &mut Entry<C::Connection>,
    on_return: ResetOnReturn,
) -> Result<(), Error> {
    let shared = lease.shared().clone();
    let (connector, connection) = (&shared.connector, &mut entry.connection);
    if shared.listeners.has(Kind::Reset) {
        // What was abandoned is finished first, so that the listeners find a connection that answers.
        clean(connector, connection, ResetOnReturn::None).await?;
        shared.listeners.ask(Kind::Reset, connection, &mut entry.info, lease.record_info_mut()).await?;
    }
    clean(connector, connection, on_return).await
}

async fn clean<C: Connector>(connector: &C, connection: &mut C::Connection, how: ResetOnReturn) -> Result<(), Error> {
    match connector.reset_now(connection, how) {
        Reset::Clean => Ok(()),
        Reset::NeedsWork => connector.reset(connection, how).await,
        Reset::Broken => Err(Error::new(crate::ErrorKind::Disconnected, "the connection is of no more use")),
    }
}

/// Puts a clean connection into the lease, and tells.
#[inline]
fn check_in<C: Connector>(lease: &mut Lease<C>, mut entry: Box<Entry<C::Connection>>) {
    if lease.shared().listeners.has(Kind::Checkin) {
        let shared = lease.shared().clone();
        let (connection, info) = (&mut entry.connection, &mut entry.info);
        shared.listeners.tell(Kind::Checkin, connection, info, lease.record_info_mut(), None);
    }
    lease.put_entry(entry);
}

/// Closes a connection that could not be cleaned up, and tells.
#[cold]
fn close_broken<C: Connector>(lease: &mut Lease<C>, mut entry: Box<Entry<C::Connection>>, error: Option<&Error>) {
    match error {
        Some(error) => tracing::warn!(%error, "a connection could not be reset; it is closed"),
        None => tracing::warn!("a connection could not be reset; it is closed"),
    }
    let shared = lease.shared().clone();
    let (connection, info) = (&mut entry.connection, &mut entry.info);
    shared.listeners.tell(Kind::Invalidate, connection, info, lease.record_info_mut(), error);
    shared.discard(entry, lease.record_info_mut());
}
