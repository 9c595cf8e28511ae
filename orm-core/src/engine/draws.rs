//! The columns that are known to draw their keys from a sequence.

use std::collections::HashSet;

use parking_lot::Mutex;

/// What sessions have found out about the tables of PostgreSQL: a table's name as it is written, and the position of a column.
#[derive(Default)]
pub(crate) struct Draws(Mutex<HashSet<(String, usize)>>);

impl Draws {
    pub(crate) fn knows(&self, table: String, column: usize) -> bool {
        self.0.lock().contains(&(table, column))
    }

    pub(crate) fn note(&self, table: String, column: usize) {
        self.0.lock().insert((table, column));
    }
}
