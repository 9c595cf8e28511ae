//! The columns that are known to draw their keys from a sequence.

use std::collections::HashMap;

use parking_lot::Mutex;

/// What sessions have found out about the tables of PostgreSQL: a table's name as it is written, and the position of a column.
#[derive(Default)]
pub(crate) struct Draws(Mutex<HashMap<(String, usize), Draw>>);

/// A column that draws its keys from a sequence.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    /// Whether nothing takes part in an INSERT that may change or leave out rows: no trigger before it, and no rule.
    pub(crate) is_plain: bool,
}

impl Draws {
    pub(crate) fn get(&self, table: String, column: usize) -> Option<Draw> {
        self.0.lock().get(&(table, column)).copied()
    }

    pub(crate) fn note(&self, table: String, column: usize, draw: Draw) {
        self.0.lock().insert((table, column), draw);
    }
}
