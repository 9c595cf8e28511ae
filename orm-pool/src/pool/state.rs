//! What the pool's lock protects: the idle connections, the queue of those who wait, and the counts.

use std::collections::VecDeque;
use std::panic::Location;
use std::time::Instant;

use tokio::sync::oneshot;

use super::checkouts::Checkouts;
use super::lease::Lease;
use super::waiting::Waiting;
use super::{Connector, Options, Status};
use crate::Error;

/// An open connection and its history.
pub(super) struct Entry<T> {
    pub(super) connection: T,
    pub(super) opened: Instant,
    /// The pool's generation when it was opened; one of an older generation is not lent again.
    pub(super) generation: u64,
}

/// What a user gets who asks for a connection.
pub(super) enum Turn<'a, C: Connector> {
    Now(Lease<C>),
    Later(Waiting<'a, C>),
}

/// Somebody in the queue.
pub(super) struct Waiter<C: Connector> {
    /// Grows along the queue.
    pub(super) number: u64,
    pub(super) location: &'static Location<'static>,
    pub(super) sender: oneshot::Sender<Lease<C>>,
}

/// Where the connections are.
///
/// While somebody waits, none is idle and `open` is at its limit.
pub(super) struct State<C: Connector> {
    pub(super) idle: VecDeque<Box<Entry<C::Connection>>>,
    pub(super) waiters: VecDeque<Waiter<C>>,
    pub(super) next_number: u64,
    /// The connections that are idle, lent or being opened.
    pub(super) open: usize,
    pub(super) generation: u64,
    pub(super) checkouts: Checkouts,
    /// Why the last attempt to connect failed, unless it succeeded.
    pub(super) last_error: Option<Error>,
}

impl<C: Connector> State<C> {
    pub(super) fn new() -> Self {
        State {
            idle: VecDeque::new(),
            waiters: VecDeque::new(),
            next_number: 0,
            open: 0,
            generation: 0,
            checkouts: Checkouts::default(),
            last_error: None,
        }
    }

    /// Takes an idle connection. All of them are of the present generation.
    #[inline]
    pub(super) fn take_idle(&mut self, lifo: bool) -> Option<Box<Entry<C::Connection>>> {
        if lifo { self.idle.pop_back() } else { self.idle.pop_front() }
    }

    /// Begins a new generation and returns the idle connections, which no longer count.
    pub(super) fn invalidate(&mut self) -> VecDeque<Box<Entry<C::Connection>>> {
        self.generation += 1;
        self.open -= self.idle.len();
        std::mem::take(&mut self.idle)
    }

    pub(super) fn status(&self, options: &Options) -> Status {
        let size = match options.class {
            super::Class::Queue => options.size,
            super::Class::Null => 0,
            super::Class::Static | super::Class::Assertion => 1,
        };
        Status {
            class: options.class,
            size,
            idle: self.idle.len(),
            overflow: self.open as i64 - size as i64,
            checked_out: self.open - self.idle.len(),
            waiting: self.waiters.len(),
        }
    }
}
