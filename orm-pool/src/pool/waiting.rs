//! A place in the queue of those who wait for a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checkouts::Place;
use super::lease::Lease;
use super::scope::Scope;
use super::state::{State, Waiter};
use super::{Connector, Shared};
use crate::sync::{self, oneshot};
use crate::{Error, ErrorKind};

/// A place in the queue; dropping it leaves the queue, and passes on what has just been handed over.
pub(super) struct Waiting<'a, C: Connector> {
    shared: &'a Arc<Shared<C>>,
    number: u64,
    scope: Option<Scope>,
    receiver: oneshot::Receiver<Lease<C>>,
    since: Instant,
    is_queued: bool,
}

impl<'a, C: Connector> Waiting<'a, C> {
    /// Joins the end of the queue.
    pub(super) fn join(shared: &'a Arc<Shared<C>>, state: &mut State<C>, scope: Option<Scope>, place: Place) -> Self {
        let (sender, receiver) = oneshot::channel();
        let number = state.next_number;
        state.next_number += 1;
        state.waiters.push_back(Waiter { number, place, scope, sender });
        Waiting { shared, number, scope, receiver, since: state.checkouts.note_time(), is_queued: true }
    }

    /// Waits until a lease is handed over.
    pub(super) async fn lease(mut self, timeout: Duration) -> Result<Lease<C>, Error> {
        match sync::timeout(timeout, &mut self.receiver).await {
            Ok(Ok(lease)) => {
                self.is_queued = false;
                Ok(lease)
            }
            Ok(Err(_)) => Err(Error::new(ErrorKind::Closed, "the pool is gone")),
            // It may have been handed over just now.
            Err(_) => self.receiver.try_recv().map_err(|_| self.timeout_error(timeout)),
        }
    }

    fn timeout_error(&self, timeout: Duration) -> Error {
        let options = &self.shared.options;
        let (size, overflow) = options.shape();
        let state = self.shared.state.lock();
        let mut message = format!(
            "{} limit of size {size} overflow {overflow} reached, connection timed out, timeout {:.2}\n{}",
            options.class,
            timeout.as_secs_f64(),
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
        // A lease that lies in the receiver is dropped after this, outside the lock, and so given to the next.
    }
}
