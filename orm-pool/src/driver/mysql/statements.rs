//! Knows the statements that ran on a connection, by their number.
//!
//! In: a [`Statement`]. Out: what was learnt when it was prepared. The prepared statements themselves are sqlx's, which
//! finds them by their text. MariaDB takes the types of parameters as each run sends them. MySQL gives parameters the types
//! that they had when the statement ran first, and makes what comes later into those: a text into the number 0. So each list
//! of types has a text of its own there, which ends in other spaces.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::mem::discriminant;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::Value;
use crate::driver::Statement;
use crate::driver::words::Facts;

/// The statements of one connection.
pub(super) struct Statements {
    by_id: HashMap<(u64, TypesOf), Known, FixedState>,
    /// The lists of types that each text has been prepared for.
    types: HashMap<Arc<str>, Vec<TypesOf>, FixedState>,
    capacity: usize,
    /// Whether a prepared statement is for values of some types alone.
    goes_by_types: bool,
}

/// Stands for the types of a list of values; 0 where they make no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypesOf(u64);

/// What is known of a statement.
#[derive(Clone)]
pub(super) struct Known {
    /// What is sent: the text, of which that for other types of values is another.
    pub(super) sql: Arc<str>,
    pub(super) facts: Facts,
    pub(super) parameters: usize,
    /// Whether it cannot be prepared, and goes as text.
    pub(super) is_text: bool,
}

impl Statements {
    pub(super) fn new(capacity: usize, goes_by_types: bool) -> Self {
        Statements {
            by_id: HashMap::with_hasher(FixedState::default()),
            types: HashMap::with_hasher(FixedState::default()),
            capacity: capacity.max(1),
            goes_by_types,
        }
    }

    /// Returns what the types of these values are told apart by.
    #[inline]
    pub(super) fn types_of(&self, parameters: &[Value]) -> TypesOf {
        if !self.goes_by_types || parameters.is_empty() {
            return TypesOf(0);
        }
        let mut hasher = FixedState::default().build_hasher();
        // Labels of different enums are text all the same, as are lists, which no server here takes.
        parameters.iter().for_each(|value| discriminant(&value.kind()).hash(&mut hasher));
        TypesOf(hasher.finish())
    }

    /// Returns how many texts may be prepared before all are forgotten.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    pub(super) fn find(&self, statement: &Statement, types: TypesOf) -> Option<Known> {
        self.by_id.get(&(statement.id, types)).cloned()
    }

    pub(super) fn insert(&mut self, statement: &Statement, types: TypesOf, known: &Known) {
        if statement.id != 0 {
            self.by_id.insert((statement.id, types), known.clone());
        }
    }

    /// Returns the text that is sent for values of these types: as many spaces longer as the text has other lists of types.
    pub(super) fn text(&self, sql: &Arc<str>, types: TypesOf) -> Arc<str> {
        let known = self.types.get(sql).map(Vec::as_slice).unwrap_or_default();
        match known.iter().position(|known| *known == types).unwrap_or(known.len()) {
            0 => Arc::clone(sql),
            others => format!("{sql}{:others$}", "").into(),
        }
    }

    /// Notes that the text is prepared for values of these types.
    pub(super) fn note_prepared(&mut self, sql: &Arc<str>, types: TypesOf) {
        if types != TypesOf(0) {
            let known = self.types.entry(Arc::clone(sql)).or_default();
            if !known.contains(&types) {
                known.push(types);
            }
        }
    }

    /// Forgets all; sqlx has to forget them, too.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.types.clear();
    }
}
