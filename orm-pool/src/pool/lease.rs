//! The right to one connection, which cannot be lost: dropping a [`Lease`] gives it back, wherever that happens.

use std::sync::Arc;

use super::checkouts::Ticket;
use super::record::{Entry, Record};
use super::{Connector, Info, Shared};

/// One counted place of the pool, with a connection that is open and clean, or still to be opened.
pub(super) struct Lease<C: Connector> {
    /// `None` once the lease has been given back.
    shared: Option<Arc<Shared<C>>>,
    /// `None` for a connection that has left the pool, and is not counted.
    ticket: Option<Ticket>,
    record: Record<C::Connection>,
}

impl<C: Connector> Lease<C> {
    #[inline]
    pub(super) fn new(shared: Arc<Shared<C>>, ticket: Ticket, record: Record<C::Connection>) -> Self {
        Lease { shared: Some(shared), ticket: Some(ticket), record }
    }

    /// Returns the pool.
    #[inline]
    pub(super) fn shared(&self) -> &Arc<Shared<C>> {
        self.shared.as_ref().expect("a lease has a pool until it is dropped")
    }

    #[inline]
    pub(super) fn entry(&self) -> Option<&Entry<C::Connection>> {
        self.record.entry.as_deref()
    }

    #[inline]
    pub(super) fn entry_mut(&mut self) -> Option<&mut Entry<C::Connection>> {
        self.record.entry.as_deref_mut()
    }

    /// Takes the connection out; the lease still counts.
    #[inline]
    pub(super) fn take_entry(&mut self) -> Option<Box<Entry<C::Connection>>> {
        self.record.entry.take()
    }

    /// Puts a clean connection in.
    #[inline]
    pub(super) fn put_entry(&mut self, entry: Box<Entry<C::Connection>>) {
        self.record.entry = Some(entry);
    }

    pub(super) fn record_info(&self) -> &Info {
        &self.record.info
    }

    pub(super) fn record_info_mut(&mut self) -> &mut Info {
        &mut self.record.info
    }

    /// Returns the connection and what is noted about its place.
    pub(super) fn parts(&mut self) -> (Option<&mut Entry<C::Connection>>, &mut Info) {
        (self.record.entry.as_deref_mut(), &mut self.record.info)
    }

    /// Returns the same lease as a new value; this one no longer counts.
    pub(super) fn move_out(&mut self) -> Self {
        let record = std::mem::replace(&mut self.record, Record::new());
        Lease { shared: self.shared.take(), ticket: self.ticket, record }
    }

    /// Tells the pool that nobody has the connection any more, though it is not yet to be had.
    pub(super) fn goes_back(&self) {
        if let Some(ticket) = self.ticket {
            self.shared().state.lock().checkouts.goes_back(ticket);
        }
    }

    /// Gives the place back and keeps the connection, which is then not counted.
    pub(super) fn detach(&mut self) {
        let shared = Arc::clone(self.shared());
        let entry = self.take_entry();
        drop(self.move_out());
        *self = Lease { shared: Some(shared), ticket: None, record: Record { entry, ..Record::new() } };
    }

    #[inline]
    pub(super) fn is_detached(&self) -> bool {
        self.ticket.is_none()
    }
}

impl<C: Connector> Drop for Lease<C> {
    #[inline]
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let record = std::mem::replace(&mut self.record, Record::new());
        match self.ticket {
            Some(ticket) => give_back(&shared, ticket, record),
            None => shared.discard_from(record),
        }
    }
}

/// Gives a place back.
#[inline]
pub(super) fn give_back<C: Connector>(shared: &Arc<Shared<C>>, ticket: Ticket, record: Record<C::Connection>) {
    let mut state = shared.state.lock();
    if state.may_keep(&record, shared.limits.idle) {
        state.checkouts.remove(ticket);
        state.put_idle(record, None);
    } else {
        drop(state);
        pass_on(Arc::clone(shared), ticket, record);
    }
}

/// Gives a lease to the first in the queue who still waits, or its connection to the idle ones, or ends it.
#[inline(never)]
fn pass_on<C: Connector>(mut shared: Arc<Shared<C>>, ticket: Ticket, mut record: Record<C::Connection>) {
    loop {
        let mut state = shared.state.lock();
        if let Some(stale) = record.entry.take_if(|entry| entry.generation != state.generation) {
            drop(state);
            shared.discard(stale, &mut record.info);
            continue;
        }
        let scope = state.scope_of(ticket);
        let Some(waiter) = state.next_waiter(scope) else {
            state.checkouts.remove(ticket);
            state.end_scope(ticket);
            if record.entry.is_some() && state.idle.len() < shared.limits.idle {
                state.put_idle(record, scope);
                return;
            }
            state.open -= 1;
            let entry = record.entry.take();
            drop(state);
            if let Some(entry) = entry {
                shared.discard(entry, &mut record.info);
            }
            shared.keep_vacancy(record);
            return;
        };
        state.checkouts.hand_over(ticket, waiter.place);
        drop(state);
        let Err(mut refused) = waiter.slot.serve(Lease::new(shared, ticket, record)) else { return };
        // It has stopped waiting. What it was to have is ours again, to be given to the next.
        let Some(returned) = refused.shared.take() else { return };
        shared = returned;
        record = std::mem::replace(&mut refused.record, Record::new());
    }
}
