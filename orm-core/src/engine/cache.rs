//! Compiled statements, found again by the whole of their structure.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::compile::{Compiled, Lint, compile, structure};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Statement;

/// An INSERT of more rows than this is long. Every number of rows is a text of its own, so only the long ones that were used
/// last are kept: a program that inserts lists of every length does not push its other statements out.
const LONG: usize = 16;
const LONG_KEPT: usize = 16;

/// The statements that an engine has compiled, the least recently used of which go first.
pub(crate) struct StatementCache {
    entries: Mutex<Entries>,
    /// How many are kept after pruning. It lets half as many more in before, as SQLAlchemy does.
    kept: usize,
    lint: Lint,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Box<[u8]>, Entry, foldhash::fast::RandomState>,
    /// How many statements were about to run, those that are not kept among them.
    clock: u64,
    long: usize,
}

struct Entry {
    compiled: Arc<Compiled>,
    used: u64,
    is_long: bool,
}

impl StatementCache {
    pub(super) fn new(kept: usize, lint: Lint) -> Self {
        StatementCache { entries: Mutex::default(), kept, lint }
    }

    /// Returns the compiled form of a statement that is about to run, and puts its values there in the order of the
    /// placeholders.
    ///
    /// One that is not to be kept is not kept by the driver either.
    pub(crate) fn prepare(
        &self,
        statement: &mut Statement,
        values: &mut Vec<orm_pool::Value>,
        dialect: Dialect,
        is_kept: bool,
    ) -> Result<Arc<Compiled>> {
        let structure = structure::lift(statement, values, Some(dialect));
        if !is_kept || self.kept == 0 {
            let mut compiled = compile(statement, dialect)?;
            compiled.statement.id = 0;
            self.lint(&compiled)?;
            compiled.arrange(values);
            self.count();
            return Ok(Arc::new(compiled));
        }
        let known = self.entries.lock().get(&structure.key);
        let compiled = match known {
            Some(compiled) => {
                structure::let_go_of(structure.key);
                compiled
            }
            None => {
                let compiled = Arc::new(compile(statement, dialect)?);
                self.lint(&compiled)?;
                let is_long = structure.rows > LONG;
                self.entries.lock().insert(structure.key.into_boxed_slice(), compiled.clone(), is_long, self.kept);
                compiled
            }
        };
        compiled.arrange(values);
        Ok(compiled)
    }

    /// Counts a statement that is about to run without having been asked for here.
    pub(super) fn count(&self) {
        self.entries.lock().clock += 1;
    }

    /// Returns how many statements were about to run.
    pub(super) fn counted(&self) -> u64 {
        self.entries.lock().clock
    }

    fn lint(&self, compiled: &Compiled) -> Result<()> {
        let Some(warning) = &compiled.warning else { return Ok(()) };
        match self.lint {
            Lint::Off => Ok(()),
            Lint::Warn => {
                tracing::warn!(target: "orm::engine", "{warning}\n[SQL: {}]", compiled.statement.sql);
                Ok(())
            }
            Lint::Deny => Err(Error::new(ErrorKind::Compile, warning.as_str())
                .hint("say how the tables belong together, or switch this check off by `from_linting(Lint::Off)`")
                .sql(&compiled.statement.sql)),
        }
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let mut entries = self.entries.lock();
        entries.by_key.clear();
        entries.long = 0;
    }
}

impl Entries {
    fn get(&mut self, key: &[u8]) -> Option<Arc<Compiled>> {
        let entry = self.by_key.get_mut(key)?;
        self.clock += 1;
        entry.used = self.clock;
        Some(entry.compiled.clone())
    }

    fn insert(&mut self, key: Box<[u8]>, compiled: Arc<Compiled>, is_long: bool, kept: usize) {
        self.clock += 1;
        let before = self.by_key.insert(key, Entry { compiled, used: self.clock, is_long });
        if is_long && before.is_none() {
            self.long += 1;
            self.prune_long();
        }
        if self.by_key.len() > kept.saturating_add(kept / 2) {
            let mut ages: Vec<u64> = self.by_key.values().map(|entry| entry.used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - kept];
            self.by_key.retain(|_, entry| entry.used >= oldest);
            self.long = self.by_key.values().filter(|entry| entry.is_long).count();
        }
    }

    fn prune_long(&mut self) {
        if self.long > LONG_KEPT {
            let oldest = self.by_key.values().filter(|entry| entry.is_long).map(|entry| entry.used).min();
            self.by_key.retain(|_, entry| !entry.is_long || Some(entry.used) != oldest);
            self.long = self.by_key.values().filter(|entry| entry.is_long).count();
        }
    }
}

#[cfg(test)]
mod tests {
    use orm_pool::Value;

    use super::{LONG, LONG_KEPT, StatementCache};
    use crate::dialect::Dialect;
    use crate::mapper::Model as _;
    use crate::sql::{InsertNode, Node, Statement};

    #[derive(Clone, Debug, orm_derive::Model)]
    #[orm(metadata = none)]
    struct Word {
        #[orm(primary_key)]
        id: i64,
        text: String,
    }

    fn insert(rows: usize) -> Statement {
        let row = || vec![Node::Bind(Value::Text("x".into()))];
        Statement::Insert(Box::new(InsertNode::rows(Word::__mapper(), vec![1], (0..rows).map(|_| row()).collect())))
    }

    #[test]
    fn inserts_of_every_length_do_not_push_other_statements_out() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        for rows in 1..=500 {
            let mut values = Vec::new();
            let compiled = cache.prepare(&mut insert(rows), &mut values, Dialect::MySql, true).unwrap();
            assert_eq!(values.len(), rows);
            assert_eq!(compiled.statement.sql.matches('?').count(), rows);
        }
        let entries = cache.entries.lock();
        assert_eq!(entries.by_key.len(), LONG + LONG_KEPT);
        assert_eq!(entries.long, LONG_KEPT);
    }

    #[test]
    fn arrays_are_one_text_for_every_number_of_rows() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        for rows in 1..=500 {
            cache.prepare(&mut insert(rows), &mut Vec::new(), Dialect::Postgres, true).unwrap();
        }
        assert_eq!(cache.entries.lock().by_key.len(), 5);
    }

    #[test]
    fn the_key_of_many_rows_is_as_short_as_that_of_one() {
        let key = |rows| crate::compile::structure::lift(&mut insert(rows), &mut Vec::new(), None).key;
        assert_eq!(key(200).len(), key(1).len());
        assert_eq!(key(10_000).len(), key(1_000).len());
        assert_ne!(key(200), key(1));
        assert_ne!(key(10_000), key(1_000));
    }

    #[test]
    fn a_text_that_was_used_last_is_kept() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let prepare = |rows| {
            let prepared = cache.prepare(&mut insert(rows), &mut Vec::new(), Dialect::Sqlite, true);
            prepared.unwrap().statement.id
        };
        let first = prepare(100);
        (101..=110).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (201..=210).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (301..=330).for_each(|rows| _ = prepare(rows));
        assert_ne!(prepare(100), first);
    }
}
