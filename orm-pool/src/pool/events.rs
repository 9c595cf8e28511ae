//! What happens to connections, told to those who listen.
//!
//! A listener that may wait runs while the connection belongs to nobody else, and decides by its result; one that is only
//! told returns nothing. No lock is held meanwhile. Where nobody listens, all this costs one load.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use parking_lot::RwLock;

use super::Info;
use crate::Error;

/// A connection to which something happens.
pub struct Event<'a, T> {
    /// The connection.
    pub connection: &'a mut T,
    /// What is noted about the connection; gone with it.
    pub info: &'a mut Info,
    /// What is noted about its place in the pool; there for the connections that follow in this place.
    pub record_info: &'a mut Info,
    /// Why it is invalidated, if an error is the reason.
    pub error: Option<&'a Error>,
}

impl<T> fmt::Debug for Event<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("error", &self.error).finish_non_exhaustive()
    }
}

/// The future of a listener that may wait: `Box::pin(async move { … })`.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    FirstConnect,
    Connect,
    Checkout,
    Reset,
    Checkin,
    Invalidate,
    SoftInvalidate,
    Detach,
    Close,
}

impl Kind {
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

type Asked<T> = Arc<dyn for<'a> Fn(Event<'a, T>) -> Answer<'a> + Send + Sync>;
type Told<T> = Arc<dyn Fn(Event<'_, T>) + Send + Sync>;

/// All who listen to a pool, in the order in which they came.
pub(super) struct Listeners<T> {
    /// One bit for each kind to which somebody listens.
    kinds: AtomicU16,
    asked: RwLock<Vec<(Kind, Asked<T>)>>,
    told: RwLock<Vec<(Kind, Told<T>)>>,
    /// Whether the pool has connected before.
    has_connected: AtomicBool,
}

impl<T> Listeners<T> {
    pub(super) fn new() -> Self {
        Listeners {
            kinds: AtomicU16::new(0),
            asked: RwLock::default(),
            told: RwLock::default(),
            has_connected: AtomicBool::new(false),
        }
    }

    pub(super) fn add_asked(&self, kind: Kind, listener: Asked<T>) {
        self.asked.write().push((kind, listener));
        self.kinds.fetch_or(kind.bit(), Ordering::Release);
    }

    pub(super) fn add_told(&self, kind: Kind, listener: Told<T>) {
        self.told.write().push((kind, listener));
        self.kinds.fetch_or(kind.bit(), Ordering::Release);
    }

    /// Returns whether anybody listens to this.
    #[inline]
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.kinds.load(Ordering::Acquire) & kind.bit() != 0
    }

    /// Asks one listener after the other, until one objects.
    pub(super) async fn ask(
        &self,
        kind: Kind,
        connection: &mut T,
        info: &mut Info,
        record_info: &mut Info,
    ) -> Result<(), Error> {
        if !self.has(kind) {
            return Ok(());
        }
        let all: Vec<Asked<T>> =
            self.asked.read().iter().filter(|(of, _)| *of == kind).map(|(_, l)| l.clone()).collect();
        for listener in all {
            listener(Event { connection, info, record_info, error: None }).await?;
        }
        Ok(())
    }

    /// Asks those who wait for the pool's first connection, and then those who listen to each.
    ///
    /// While the first connection is looked at, others do not wait for that. If it is refused, the next is the first.
    pub(super) async fn ask_about_new(
        &self,
        connection: &mut T,
        info: &mut Info,
        record_info: &mut Info,
    ) -> Result<(), Error> {
        if self.has(Kind::FirstConnect) && !self.has_connected.swap(true, Ordering::AcqRel) {
            let attempt = FirstAttempt(Some(&self.has_connected));
            self.ask(Kind::FirstConnect, connection, info, record_info).await?;
            attempt.succeed();
        }
        self.ask(Kind::Connect, connection, info, record_info).await
    }

    /// Tells all listeners. A panic of one is logged, and keeps nobody from hearing of it.
    pub(super) fn tell(
        &self,
        kind: Kind,
        connection: &mut T,
        info: &mut Info,
        record_info: &mut Info,
        error: Option<&Error>,
    ) {
        if !self.has(kind) {
            return;
        }
        let all: Vec<Told<T>> = self.told.read().iter().filter(|(of, _)| *of == kind).map(|(_, l)| l.clone()).collect();
        for listener in all {
            let event = Event { connection: &mut *connection, info: &mut *info, record_info: &mut *record_info, error };
            // Much of this happens while something is dropped, where a second panic would end the program.
            if catch_unwind(AssertUnwindSafe(|| listener(event))).is_err() {
                tracing::error!(event = ?kind, "a listener of the pool panicked");
            }
        }
    }
}

/// Takes back that the pool has connected, unless it succeeds.
struct FirstAttempt<'a>(Option<&'a AtomicBool>);

impl FirstAttempt<'_> {
    fn succeed(mut self) {
        self.0 = None;
    }
}

impl Drop for FirstAttempt<'_> {
    fn drop(&mut self) {
        if let Some(has_connected) = self.0 {
            has_connected.store(false, Ordering::Release);
        }
    }
}
