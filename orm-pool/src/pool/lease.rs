//! The right to one connection, which cannot be lost: dropping a [`Lease`] gives it back, wherever that happens.

use std::sync::Arc;

use super::checkouts::Ticket;
use super::state::Entry;
use super::{Connector, Shared};

/// One counted connection: open and clean, or still to be opened.
pub(super) struct Lease<C: Connector> {
    /// `None` once the lease has been given back.
    shared: Option<Arc<Shared<C>>>,
    ticket: Ticket,
    entry: Option<Box<Entry<C::Connection>>>,
}

impl<C: Connector> Lease<C> {
    #[inline]
    pub(super) fn new(shared: Arc<Shared<C>>, ticket: Ticket, entry: Option<Box<Entry<C::Connection>>>) -> Self {
        Lease { shared: Some(shared), ticket, entry }
    }

    /// Returns the pool.
    #[inline]
    pub(super) fn shared(&self) -> &Arc<Shared<C>> {
        self.shared.as_ref().expect("a lease has a pool until it is dropped")
    }

    #[inline]
    pub(super) fn entry(&self) -> Option<&Entry<C::Connection>> {
        self.entry.as_deref()
    }

    #[inline]
    pub(super) fn entry_mut(&mut self) -> Option<&mut Entry<C::Connection>> {
        self.entry.as_deref_mut()
    }

    /// Takes the connection out; the lease still counts.
    #[inline]
    pub(super) fn take_entry(&mut self) -> Option<Box<Entry<C::Connection>>> {
        self.entry.take()
    }

    /// Returns the same lease as a new value; this one no longer counts.
    pub(super) fn move_out(&mut self) -> Self {
        Lease { shared: self.shared.take(), ticket: self.ticket, entry: self.entry.take() }
    }

    /// Puts a clean connection in.
    #[inline]
    pub(super) fn put_entry(&mut self, entry: Box<Entry<C::Connection>>) {
        self.entry = Some(entry);
    }
}

impl<C: Connector> Drop for Lease<C> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            give_back(shared, self.ticket, self.entry.take());
        }
    }
}

/// Gives a lease to the first in the queue who still waits, or its connection to the idle ones, or ends it.
fn give_back<C: Connector>(mut shared: Arc<Shared<C>>, ticket: Ticket, mut entry: Option<Box<Entry<C::Connection>>>) {
    loop {
        let mut state = shared.state.lock();
        if let Some(stale) = entry.take_if(|entry| entry.generation != state.generation) {
            drop(state);
            shared.discard(stale);
            continue;
        }
        let Some(waiter) = state.waiters.pop_front() else {
            state.checkouts.remove(ticket);
            match entry {
                Some(entry) if state.idle.len() < shared.limits.idle => state.idle.push_back(entry),
                entry => {
                    state.open -= 1;
                    drop(state);
                    entry.into_iter().for_each(|entry| shared.discard(entry));
                }
            }
            return;
        };
        state.checkouts.hand_over(ticket, waiter.location);
        drop(state);
        let Err(mut refused) = waiter.sender.send(Lease::new(shared, ticket, entry)) else { return };
        // It has stopped waiting. What it was to have is ours again, to be given to the next.
        let Some(returned) = refused.shared.take() else { return };
        shared = returned;
        entry = refused.entry.take();
    }
}
