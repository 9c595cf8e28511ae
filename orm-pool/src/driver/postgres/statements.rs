//! Knows the statements that ran on a connection, and keeps parameter types apart.
//!
//! In: a [`Statement`] and its values. Out: the text to send. sqlx finds a prepared statement by its text alone, so that
//! the same text with other types would be answered with garbage; here each list of types has a text of its own.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::error;
use super::parameters::type_name;
use crate::driver::words::{self, Facts, Flavour};
use crate::driver::{Statement, parameter_count};
use crate::{Error, ErrorKind, Kind, Value};

/// The statements of one connection.
///
/// Two texts in here are equal only if they belong to the same types. It remembers at least what sqlx has prepared.
pub(super) struct Statements {
    by_id: HashMap<u64, Known, FixedState>,
    /// Which types the bare text stands for.
    owners: HashMap<Arc<str>, Box<[Kind]>, FixedState>,
    forms: usize,
    capacity: usize,
}

struct Known {
    facts: Facts,
    forms: Vec<Form>,
}

/// The text of a statement for these types.
struct Form {
    kinds: Box<[Kind]>,
    sql: Arc<str>,
}

/// What to send.
pub(super) struct Sendable {
    pub(super) sql: Arc<str>,
    pub(super) facts: Facts,
    /// Whether it stays prepared.
    pub(super) is_kept: bool,
}

impl Statements {
    /// Makes the memory for a server that keeps so many statements; with 0, none is kept.
    pub(super) fn new(capacity: usize) -> Self {
        Statements {
            by_id: HashMap::with_hasher(FixedState::default()),
            owners: HashMap::with_hasher(FixedState::default()),
            forms: 0,
            capacity,
        }
    }

    /// Returns whether so many texts are known that all should be forgotten, here and by sqlx.
    ///
    /// sqlx itself forgets the one unused for the longest time, so that most of these are no longer prepared.
    pub(super) fn is_full(&self) -> bool {
        self.forms > self.capacity.saturating_mul(8)
    }

    /// Forgets all; sqlx has to forget them, too.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.owners.clear();
        self.forms = 0;
    }

    /// Returns the text for these types.
    #[inline]
    pub(super) fn find(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Sendable, Error> {
        if let Some(known) = self.by_id.get(&statement.id)
            && let Some(form) = known.forms.iter().find(|form| is_for(&form.kinds, parameters))
        {
            return Ok(Sendable { sql: Arc::clone(&form.sql), facts: known.facts, is_kept: true });
        }
        self.learn(statement, parameters)
    }

    #[cold]
    fn learn(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Sendable, Error> {
        if statement.sql.contains('\0') {
            return Err(error::nul_in_text());
        }
        // Declared but unused, a parameter too many would pass with the server.
        let expected = words::parameter_count(&statement.sql);
        if expected != parameters.len() {
            return Err(Error::new(ErrorKind::Data, parameter_count(expected, parameters.len())));
        }
        let facts = words::facts(&statement.sql, Flavour::Postgres);
        if self.capacity == 0 {
            return Ok(Sendable { sql: Arc::clone(&statement.sql), facts, is_kept: false });
        }
        let kinds: Box<[Kind]> = parameters.iter().map(Value::kind).collect();
        let is_taken = self.owners.get(&statement.sql).is_some_and(|owner| **owner != *kinds);
        let sql = if is_taken { marked(&statement.sql, parameters) } else { Arc::clone(&statement.sql) };
        // A marked text is owned as well, lest somebody has written the very same comment.
        if !self.owners.contains_key(&sql) {
            self.owners.insert(Arc::clone(&sql), kinds.clone());
            self.forms += 1;
        }
        if statement.id != 0 {
            let known = self.by_id.entry(statement.id).or_insert_with(|| Known { facts, forms: Vec::with_capacity(1) });
            known.forms.push(Form { kinds, sql: Arc::clone(&sql) });
            self.forms += 1;
        }
        // Even a text that is not worth keeping: the unnamed statement, which would not be kept, is gone when sqlx asks
        // the server about a type of the user's own before it runs the statement.
        Ok(Sendable { sql, facts, is_kept: true })
    }
}

#[inline]
fn is_for(kinds: &[Kind], parameters: &[Value]) -> bool {
    kinds.len() == parameters.len() && kinds.iter().zip(parameters).all(|(kind, value)| *kind == value.kind())
}

/// Returns the text with the types in a comment.
fn marked(sql: &str, parameters: &[Value]) -> Arc<str> {
    let mut marked = String::with_capacity(sql.len() + 8 + parameters.len() * 12);
    marked.push_str(sql);
    marked.push_str(" /*");
    for value in parameters {
        _ = write!(marked, " {}", type_name(value.kind()));
    }
    marked.push_str(" */");
    marked.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(id: u64) -> Statement {
        Statement { sql: "SELECT $1".into(), id }
    }

    #[test]
    fn a_text_has_one_list_of_types() {
        let mut statements = Statements::new(10);
        let int = [Value::Int64(1)];
        let text = [Value::Text("a".into())];
        assert_eq!(&*statements.find(&statement(1), &int).unwrap().sql, "SELECT $1");
        assert_eq!(&*statements.find(&statement(1), &text).unwrap().sql, "SELECT $1 /* text */");
        assert_eq!(&*statements.find(&statement(1), &[Value::Null(Kind::Int64)]).unwrap().sql, "SELECT $1");
        // The same text under another number, and under none.
        assert_eq!(&*statements.find(&statement(2), &text).unwrap().sql, "SELECT $1 /* text */");
        assert_eq!(&*statements.find(&statement(2), &int).unwrap().sql, "SELECT $1");
        assert_eq!(&*statements.find(&statement(0), &text).unwrap().sql, "SELECT $1 /* text */");
        assert_eq!(&*statements.find(&statement(0), &[Value::Bool(true)]).unwrap().sql, "SELECT $1 /* bool */");
        let one_off = Statement { sql: "SELECT $1, 0".into(), id: 0 };
        assert_eq!(&*statements.find(&one_off, &int).unwrap().sql, "SELECT $1, 0");
        assert_eq!(&*statements.find(&one_off, &text).unwrap().sql, "SELECT $1, 0 /* text */");
    }
}
