//! What the pool's lock protects: the idle connections, the queue of those who wait, and the counts.

use std::collections::VecDeque;
use std::sync::Arc;

use super::checkouts::{Checkouts, Place, Ticket};
use super::lease::Lease;
use super::record::{Entry, Record};
use super::scope::Scope;
use super::slot::Slot;
use super::waiting::Waiting;
use super::{Connector, Options, Status};
use crate::Error;
use crate::sync::Instant;

/// What a user gets who asks for a connection.
pub(super) enum Turn<'a, C: Connector> {
    Now(Lease<C>),
    Later(Waiting<'a, C>),
}

/// Somebody in the queue.
pub(super) struct Waiter<C: Connector> {
    /// Grows along the queue.
    pub(super) number: u64,
    pub(super) place: Place,
    /// Whose connection it waits for, in a pool that has one for each.
    pub(super) scope: Option<Scope>,
    /// When its time is up, if it is limited.
    pub(super) deadline: Option<Instant>,
    pub(super) slot: Arc<Slot<Lease<C>>>,
}

/// Where the connections are.
///
/// While somebody waits, none is idle that it could have, and `open` is at its limit; in a pool with a connection for each
/// task, its own is out.
pub(super) struct State<C: Connector> {
    /// Places with a connection.
    pub(super) idle: VecDeque<Record<C::Connection>>,
    /// Places whose connection is gone, but about which something is noted.
    pub(super) vacant: Vec<Record<C::Connection>>,
    /// In a pool that has a connection for each task: whose the idle ones are, and whose are out. Empty in others.
    pub(super) idle_scopes: VecDeque<Scope>,
    pub(super) scopes_out: Vec<(Scope, Ticket)>,
    pub(super) waiters: VecDeque<Waiter<C>>,
    pub(super) next_number: u64,
    /// Whether somebody keeps the time for those who wait.
    pub(super) has_keeper: bool,
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
            vacant: Vec::new(),
            idle_scopes: VecDeque::new(),
            scopes_out: Vec::new(),
            waiters: VecDeque::new(),
            next_number: 0,
            has_keeper: false,
            open: 0,
            generation: 0,
            checkouts: Checkouts::default(),
            last_error: None,
        }
    }

    /// Takes an idle connection. All of them are of the present generation.
    #[inline]
    pub(super) fn take_idle(&mut self, lifo: bool) -> Option<Record<C::Connection>> {
        if lifo { self.idle.pop_back() } else { self.idle.pop_front() }
    }

    /// Takes the idle connection that is next, if it is good enough.
    #[inline]
    pub(super) fn take_idle_if(
        &mut self,
        lifo: bool,
        is_good: impl FnOnce(&Entry<C::Connection>) -> bool,
    ) -> Option<Record<C::Connection>> {
        let next = if lifo { self.idle.back() } else { self.idle.front() }?;
        if next.entry.as_deref().is_some_and(is_good) { self.take_idle(lifo) } else { None }
    }

    /// Begins a new generation and returns the idle connections, which no longer count.
    pub(super) fn invalidate(&mut self) -> VecDeque<Record<C::Connection>> {
        self.generation += 1;
        self.open -= self.idle.len();
        self.idle_scopes.clear();
        std::mem::take(&mut self.idle)
    }

    /// Keeps a connection that nobody waits for.
    #[inline]
    pub(super) fn put_idle(&mut self, record: Record<C::Connection>, scope: Option<Scope>) {
        self.idle.push_back(record);
        if let Some(scope) = scope {
            self.idle_scopes.push_back(scope);
        }
    }

    /// Returns whether a connection that comes back becomes idle, and nothing else has to be seen to.
    #[inline]
    pub(super) fn may_keep(&self, record: &Record<C::Connection>, most_idle: usize) -> bool {
        self.waiters.is_empty()
            && self.scopes_out.is_empty()
            && self.idle.len() < most_idle
            && record.entry.as_ref().is_some_and(|entry| entry.generation == self.generation)
    }

    /// Takes the idle connection of this task or thread.
    pub(super) fn take_idle_of(&mut self, scope: Scope) -> Option<Record<C::Connection>> {
        let index = self.idle_scopes.iter().position(|of| *of == scope)?;
        self.idle_scopes.remove(index);
        self.idle.remove(index)
    }

    /// Takes the connection that has been idle longest; it no longer counts.
    pub(super) fn give_up_idle(&mut self) -> Option<Record<C::Connection>> {
        let record = self.idle.pop_front()?;
        self.idle_scopes.pop_front();
        self.open -= 1;
        Some(record)
    }

    /// Returns a place for a new connection, with what is noted about it.
    #[inline]
    pub(super) fn vacancy(&mut self) -> Record<C::Connection> {
        self.vacant.pop().unwrap_or_else(Record::new)
    }

    /// Takes the first of the queue who can use a connection that comes back.
    #[inline]
    pub(super) fn next_waiter(&mut self, scope: Option<Scope>) -> Option<Waiter<C>> {
        match scope {
            None => self.waiters.pop_front(),
            Some(_) => {
                let index = self.waiters.iter().position(|waiter| waiter.scope == scope)?;
                self.waiters.remove(index)
            }
        }
    }

    /// Returns whose connection is out, in a pool that has one for each.
    #[inline]
    pub(super) fn scope_of(&self, ticket: Ticket) -> Option<Scope> {
        self.scopes_out.iter().find(|(_, out)| *out == ticket).map(|(scope, _)| *scope)
    }

    /// Notes that it is no longer out.
    #[inline]
    pub(super) fn end_scope(&mut self, ticket: Ticket) {
        self.scopes_out.retain(|(_, out)| *out != ticket);
    }

    pub(super) fn status(&self, options: &Options) -> Status {
        let size = match options.class {
            super::Class::Queue | super::Class::Singleton => options.size,
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
