//! A place in the pool ([`Record`]) and the connection that fills it for a while ([`Entry`]).

use std::time::Instant;

use super::Info;

/// A place in the pool. Connections come and go; what is noted about the place stays.
pub(super) struct Record<T> {
    /// `None` before it is connected, and while the connection is asked for something and cannot be trusted.
    pub(super) entry: Option<Box<Entry<T>>>,
    /// What was noted about the place.
    pub(super) info: Info,
}

/// An open connection and its history.
pub(super) struct Entry<T> {
    pub(super) connection: T,
    pub(super) opened: Instant,
    /// The pool's generation when it was opened; one of an older generation is not lent again.
    pub(super) generation: u64,
    /// Whether another is to take its place when it is next wanted.
    pub(super) is_soft_invalidated: bool,
    /// What was noted about the connection.
    pub(super) info: Info,
}

impl<T> Record<T> {
    /// Makes a place without a connection.
    #[inline]
    pub(super) fn new() -> Self {
        Record { entry: None, info: Info::default() }
    }
}
