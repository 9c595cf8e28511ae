//! In: an idle connection of a pool that is there all the while. Out: it, lent for a moment as a [`Loan`], or as a
//! [`Guard`]. Called by [`Pool::acquire_now`](super::Pool::acquire_now), and by
//! [`Pool::acquire`](super::Pool::acquire) on its way to a guard.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::checkouts::Ticket;
use super::events::Kind;
use super::lease::{Lease, give_back};
use super::record::Record;
use super::{Connector, Guard, Shared};

/// A lent connection, as a [`Guard`] is, that borrows its pool instead of counting who has it.
///
/// Dropping it cleans the connection up and gives it back.
pub struct Loan<'p, C: Connector> {
    shared: &'p Arc<Shared<C>>,
    ticket: Ticket,
    /// Without a connection once it has become a guard.
    record: Record<C::Connection>,
}

const HELD: &str = "a loan holds its connection until it is dropped";

impl<'p, C: Connector> Loan<'p, C> {
    #[inline]
    pub(super) fn new(shared: &'p Arc<Shared<C>>, ticket: Ticket, record: Record<C::Connection>) -> Self {
        Loan { shared, ticket, record }
    }

    /// Gives the connection back as clean as it came, without looking at it: for who has only read, to the end.
    #[inline]
    pub fn give_back_clean(mut self) {
        if self.shared.listeners.has(Kind::Reset) || self.shared.listeners.has(Kind::Checkin) {
            return;
        }
        give_back(self.shared, self.ticket, std::mem::replace(&mut self.record, Record::new()));
    }

    /// Makes it a guard, which may be kept for as long as it is wanted.
    #[inline]
    pub fn into_guard(mut self) -> Guard<C> {
        self.take_out()
    }

    fn take_out(&mut self) -> Guard<C> {
        let record = std::mem::replace(&mut self.record, Record::new());
        Guard::new(Lease::new(Arc::clone(self.shared), self.ticket, record))
    }
}

impl<C: Connector> Deref for Loan<'_, C> {
    type Target = C::Connection;

    #[inline]
    fn deref(&self) -> &C::Connection {
        &self.record.entry.as_ref().expect(HELD).connection
    }
}

impl<C: Connector> DerefMut for Loan<'_, C> {
    #[inline]
    fn deref_mut(&mut self) -> &mut C::Connection {
        &mut self.record.entry.as_mut().expect(HELD).connection
    }
}

impl<C: Connector> fmt::Debug for Loan<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").finish_non_exhaustive()
    }
}

impl<C: Connector> Drop for Loan<'_, C> {
    #[inline]
    fn drop(&mut self) {
        if self.record.entry.is_some() {
            drop(self.take_out());
        }
    }
}
