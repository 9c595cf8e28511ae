//! Knows the statements that ran on a connection, by their number.
//!
//! In: a [`Statement`]. Out: what was learnt when it was prepared. The prepared statements themselves are sqlx's, which
//! finds them by their text; types of parameters are sent with each run, so that they need not be kept apart.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::driver::Statement;
use crate::driver::words::Facts;

/// The statements of one connection.
pub(super) struct Statements {
    by_id: HashMap<u64, Known, FixedState>,
    capacity: usize,
}

/// What is known of a statement.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) facts: Facts,
    pub(super) parameters: usize,
    /// Whether it cannot be prepared, and goes as text.
    pub(super) is_text: bool,
}

impl Statements {
    pub(super) fn new(capacity: usize) -> Self {
        Statements { by_id: HashMap::with_hasher(FixedState::default()), capacity: capacity.max(1) }
    }

    /// Returns how many texts may be prepared before all are forgotten.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    pub(super) fn find(&self, statement: &Statement) -> Option<Known> {
        self.by_id.get(&statement.id).copied()
    }

    pub(super) fn insert(&mut self, statement: &Statement, known: Known) {
        if statement.id != 0 {
            self.by_id.insert(statement.id, known);
        }
    }

    /// Forgets all; sqlx has to forget them, too.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
    }
}
