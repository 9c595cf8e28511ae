//! A place in the queue of those who wait for a connection, and who sees to it that none waits too long.
//!
//! Setting an alarm for each who waits would take longer than most of them wait. All wait equally long, so that the first in
//! the queue is the first whose time is up: one task keeps the time for all of them, and looks up when it is that of the
//! first, as it was when the task last looked. It ends when it finds the queue empty.

use std::sync::{Arc, Weak};

use super::checkouts::Place;
use super::lease::Lease;
use super::scope::Scope;
use super::slot::{Outcome, Slot};
use super::state::{State, Waiter};
use super::{Connector, Shared};
use crate::sync::{self, Instant};
use crate::{Error, ErrorKind};

/// A place in the queue; dropping it leaves the queue, and passes on what has just been handed over.
pub(super) struct Waiting<'a, C: Connector> {
    shared: &'a Arc<Shared<C>>,
    number: u64,
    scope: Option<Scope>,
    slot: Arc<Slot<Lease<C>>>,
    since: Instant,
    needs_keeper: bool,
    is_queued: bool,
}

impl<'a, C: Connector> Waiting<'a, C> {
    /// Joins the end of the queue.
    pub(super) fn join(shared: &'a Arc<Shared<C>>, state: &mut State<C>, scope: Option<Scope>, place: Place) -> Self {
        let (slot, number, since) = (Slot::new(), state.next_number, Instant::now());
        state.checkouts.note_time(since.into_std());
        let needs_keeper = !state.has_keeper;
        state.next_number += 1;
        let deadline = since.checked_add(shared.options.timeout);
        state.waiters.push_back(Waiter { number, place, scope, deadline, slot: Arc::clone(&slot) });
        Waiting { shared, number, scope, slot, since, needs_keeper, is_queued: true }
    }

    /// Waits until a lease is handed over.
    pub(super) async fn lease(mut self) -> Result<Lease<C>, Error> {
        loop {
            if self.needs_keeper {
                Keeper::start_if_missing(self.shared);
            }
            match self.slot.outcome().await {
                Outcome::Served(lease) => {
                    self.is_queued = false;
                    return Ok(lease);
                }
                Outcome::Expired => return Err(self.timeout_error()),
                Outcome::NobodyKeepsTime => self.needs_keeper = true,
            }
        }
    }

    fn timeout_error(&self) -> Error {
        let options = &self.shared.options;
        let (size, overflow) = options.shape();
        let state = self.shared.state.lock();
        let mut message = format!(
            "{} limit of size {size} overflow {overflow} reached, connection timed out, timeout {:.2}\n{}",
            options.class,
            options.timeout.as_secs_f64(),
            state.checkouts.describe()
        );
        if let Some(scope) = self.scope {
            let name = scope.name();
            message +=
                &format!("\nthis {name} has one connection, which it holds already or has given to another {name}");
        }
        if let Some(error) = &state.last_error {
            message += &format!("\nthe last attempt to connect failed: {error}");
        }
        Error::new(ErrorKind::Timeout { waited: self.since.elapsed() }, message)
    }
}

impl<C: Connector> Drop for Waiting<'_, C> {
    fn drop(&mut self) {
        if !self.is_queued {
            return;
        }
        let mut state = self.shared.state.lock();
        if let Ok(place) = state.waiters.binary_search_by_key(&self.number, |waiter| waiter.number) {
            state.waiters.remove(place);
        }
        drop(state);
        // A lease that has been handed over is dropped here, and so given to the next.
        drop(self.slot.leave());
    }
}

/// Keeps the time for all who wait in a queue. There is at most one for a pool.
struct Keeper<C: Connector> {
    shared: Weak<Shared<C>>,
    has_ended: bool,
}

impl<C: Connector> Keeper<C> {
    /// Starts keeping the time if nobody does and somebody's is limited.
    #[cold]
    fn start_if_missing(shared: &Arc<Shared<C>>) {
        let mut state = shared.state.lock();
        if !state.has_keeper && state.waiters.front().is_some_and(|waiter| waiter.deadline.is_some()) {
            state.has_keeper = sync::can_spawn();
            let must_start = state.has_keeper;
            drop(state);
            if must_start {
                let keeper = Keeper { shared: Arc::downgrade(shared), has_ended: false };
                sync::spawn(keeper.keep());
            }
        }
    }

    async fn keep(mut self) {
        while let Some(deadline) = self.expire_first() {
            sync::sleep_until(deadline).await;
        }
    }

    /// Tells those whose time is up; returns when that of the next is, or `None` if there is nothing left to do.
    fn expire_first(&mut self) -> Option<Instant> {
        let shared = self.shared.upgrade()?;
        loop {
            let mut state = shared.state.lock();
            let Some(deadline) = state.waiters.front().and_then(|waiter| waiter.deadline) else {
                state.has_keeper = false;
                self.has_ended = true;
                return None;
            };
            if deadline > Instant::now() {
                return Some(deadline);
            }
            let expired = state.waiters.pop_front();
            drop(state);
            if let Some(waiter) = expired {
                waiter.slot.tell(Outcome::Expired);
            }
        }
    }
}

impl<C: Connector> Drop for Keeper<C> {
    /// Where the runtime has ended, but others wait on: one of them finds another keeper.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let Some(shared) = self.shared.upgrade() else { return };
        let mut state = shared.state.lock();
        state.has_keeper = false;
        let slots: Vec<_> = state.waiters.iter().map(|waiter| Arc::clone(&waiter.slot)).collect();
        drop(state);
        for slot in slots {
            slot.tell(Outcome::NobodyKeepsTime);
        }
    }
}
