//! Where one who waits finds what it waits for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::sync::Mutex;

/// What becomes of somebody who waits.
pub(super) enum Outcome<T> {
    /// It has what it wanted.
    Served(T),
    /// It has waited long enough.
    Expired,
    /// Nobody keeps the time any more; it waits on.
    NobodyKeepsTime,
}

/// A place for one outcome, with an end for who gives and one for who waits.
pub(super) struct Slot<T>(Mutex<Inner<T>>);

struct Inner<T> {
    outcome: Option<Outcome<T>>,
    waker: Option<Waker>,
    /// Whether nobody waits any more.
    is_left: bool,
}

impl<T> Slot<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Slot(Mutex::new(Inner { outcome: None, waker: None, is_left: false })))
    }

    /// Serves whoever waits, or gives the thing back if nobody does.
    pub(super) fn serve(&self, thing: T) -> Result<(), T> {
        let mut inner = self.0.lock();
        if inner.is_left {
            return Err(thing);
        }
        inner.outcome = Some(Outcome::Served(thing));
        let waker = inner.waker.take();
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Tells whoever waits something else, unless what it knows already is the end of the matter.
    pub(super) fn tell(&self, outcome: Outcome<T>) {
        let mut inner = self.0.lock();
        if matches!(inner.outcome, None | Some(Outcome::NobodyKeepsTime)) {
            inner.outcome = Some(outcome);
        }
        let waker = inner.waker.take();
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Waits for an outcome.
    pub(super) async fn outcome(&self) -> Outcome<T> {
        poll_fn(|cx| {
            let mut inner = self.0.lock();
            match inner.outcome.take() {
                Some(outcome) => Poll::Ready(outcome),
                None => {
                    match &mut inner.waker {
                        Some(waker) => waker.clone_from(cx.waker()),
                        None => inner.waker = Some(cx.waker().clone()),
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Says that nobody waits any more, and returns what was given meanwhile.
    pub(super) fn leave(&self) -> Option<Outcome<T>> {
        let mut inner = self.0.lock();
        inner.is_left = true;
        inner.outcome.take()
    }
}
