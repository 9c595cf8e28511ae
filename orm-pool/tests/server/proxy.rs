//! A relay between a client and a server that stops after any number of the server's bytes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[path = "relay.rs"]
mod relay;

use relay::{Relay, Way};

/// A relay with a budget.
pub(super) struct Proxy {
    pub(super) port: u16,
    /// How many more bytes of the server are handed on.
    budget: Arc<AtomicI64>,
    _relay: Relay,
}

impl Proxy {
    /// Listens for a client that is to speak with this server; hands everything on.
    pub(super) fn new(host: &str, port: u16) -> Self {
        let budget = Arc::new(AtomicI64::new(i64::MAX));
        let left = Arc::clone(&budget);
        let relay = Relay::new(host, port, move |way| {
            let left = Arc::clone(&left);
            move |count| match way {
                Way::ToServer => ControlFlow::Continue(count),
                Way::ToClient => ControlFlow::Continue(spend(&left, count)),
            }
        });
        Proxy { port: relay.port, budget, _relay: relay }
    }

    /// Hands on this many more bytes of the server, and holds back the rest.
    pub(super) fn hold_after(&self, bytes: i64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// Hands everything on again.
    pub(super) fn release(&self) {
        self.budget.store(i64::MAX, Ordering::SeqCst);
    }
}

/// Takes what the budget allows of so many bytes.
fn spend(budget: &AtomicI64, count: usize) -> usize {
    let allowed = budget.load(Ordering::SeqCst);
    let part = count.min(usize::try_from(allowed).unwrap_or(0));
    if allowed < i64::MAX / 2 {
        // A release in between is not undone.
        _ = budget.compare_exchange(allowed, allowed - part as i64, Ordering::SeqCst, Ordering::SeqCst);
    }
    part
}
