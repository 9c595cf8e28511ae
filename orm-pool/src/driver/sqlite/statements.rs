//! Finds the prepared statement of a text by its number; the least recently used one makes room.
//!
//! In: a [`Statement`] of the program, or text, such as the words that begin and end a transaction. Out: the [`Slot`] of its
//! prepared form. Called once for each run.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::raw::{Failure, Handle, Keep, Slot};
use crate::driver::Statement;

/// Texts without a number that come again and again: each transaction begins and ends by one.
const WORDS: [&str; 4] = ["BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"];

/// The prepared statements of one connection. Never holds more than its capacity, and the words of transactions.
pub(super) struct Statements {
    by_id: HashMap<u64, Entry, FixedState>,
    words: [Option<Slot>; WORDS.len()],
    capacity: usize,
    clock: u64,
}

struct Entry {
    slot: Slot,
    last_used: u64,
}

/// Why a text has no prepared form.
pub(super) enum Refused {
    /// SQLite says no.
    ByDatabase(Box<Failure>),
    /// The text holds this.
    Text(&'static str),
}

impl From<Box<Failure>> for Refused {
    fn from(failure: Box<Failure>) -> Self {
        Refused::ByDatabase(failure)
    }
}

impl Statements {
    pub(super) fn new(capacity: usize) -> Self {
        Statements {
            by_id: HashMap::with_hasher(FixedState::default()),
            words: [None; WORDS.len()],
            capacity,
            clock: 0,
        }
    }

    /// Returns the prepared form of this statement, preparing it if it is new.
    #[inline]
    pub(super) fn find(&mut self, handle: &mut Handle, statement: &Statement) -> Result<Slot, Refused> {
        self.clock += 1;
        match self.by_id.get_mut(&statement.id) {
            Some(entry) => {
                entry.last_used = self.clock;
                Ok(entry.slot)
            }
            None => self.prepare(handle, statement),
        }
    }

    #[cold]
    fn prepare(&mut self, handle: &mut Handle, statement: &Statement) -> Result<Slot, Refused> {
        if statement.id == 0 || self.capacity == 0 {
            return prepare_one(handle, &statement.sql, Keep::No);
        }
        let slot = prepare_one(handle, &statement.sql, Keep::Yes)?;
        while self.by_id.len() >= self.capacity {
            self.evict(handle);
        }
        self.by_id.insert(statement.id, Entry { slot, last_used: self.clock });
        Ok(slot)
    }

    /// Returns the prepared form of the first statement of a text, and how many bytes of it that takes; none where there is
    /// only white space and comment.
    pub(super) fn first(&mut self, handle: &mut Handle, text: &str) -> Result<(Option<Slot>, usize), Box<Failure>> {
        let Some(word) = WORDS.iter().position(|word| *word == text) else {
            return handle.prepare(text, Keep::No);
        };
        if self.words[word].is_none() {
            (self.words[word], _) = handle.prepare(text, Keep::Yes)?;
        }
        Ok((self.words[word], text.len()))
    }

    /// Finalizes the statement that was not used for the longest time.
    ///
    /// It looks at them all, which costs less than preparing the statement that makes this necessary.
    fn evict(&mut self, handle: &mut Handle) {
        let oldest = self.by_id.iter().min_by_key(|(_, entry)| entry.last_used).map(|(id, _)| *id);
        if let Some(entry) = oldest.and_then(|id| self.by_id.remove(&id)) {
            handle.finalize(entry.slot);
        }
    }
}

/// Prepares text that holds exactly one statement.
pub(super) fn prepare_one(handle: &mut Handle, sql: &str, keep: Keep) -> Result<Slot, Refused> {
    if sql.contains('\0') {
        return Err(Refused::Text("the statement contains a NUL character"));
    }
    let (Some(slot), used) = handle.prepare(sql, keep)? else {
        return Err(Refused::Text("the statement is empty"));
    };
    if is_blank(handle, &sql[used..]) {
        return Ok(slot);
    }
    handle.finalize(slot);
    Err(Refused::Text("the text holds more than one statement\nhint: run it with `batch`"))
}

/// Returns whether nothing but white space, semicolons and comments is left.
fn is_blank(handle: &mut Handle, rest: &str) -> bool {
    let mut rest = rest.trim_start_matches(|c: char| c == ';' || c.is_ascii_whitespace());
    while !rest.is_empty() {
        match handle.prepare(rest, Keep::No) {
            Ok((None, used)) if used > 0 => rest = &rest[used..],
            Ok((None, _)) => return true,
            Ok((Some(slot), _)) => {
                handle.finalize(slot);
                return false;
            }
            Err(_) => return false,
        }
    }
    true
}
