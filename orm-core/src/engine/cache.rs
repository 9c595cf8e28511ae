//! Compiled statements, found again by the whole of their structure.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::compile::{Compiled, compile, structure};
use crate::dialect::Dialect;
use crate::error::Result;
use crate::sql::Statement;

/// How many statements are kept after pruning, and how many are let in before it: SQLAlchemy's numbers.
const KEPT: usize = 500;
const PRUNED_AT: usize = 750;
/// An INSERT of more rows than this is long. Every number of rows is a text of its own, so only the long ones that were used
/// last are kept: a program that inserts lists of every length does not push its other statements out.
const LONG: usize = 16;
const LONG_KEPT: usize = 16;

/// The statements that an engine has compiled, the least recently used of which go first.
#[derive(Default)]
pub(crate) struct StatementCache {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Box<[u8]>, Entry, foldhash::fast::RandomState>,
    clock: u64,
    long: usize,
}

struct Entry {
    compiled: Arc<Compiled>,
    used: u64,
    is_long: bool,
}

impl StatementCache {
    /// Returns the compiled form of a statement, and its values in the order of the placeholders.
    pub(crate) fn prepare(
        &self,
        mut statement: Statement,
        dialect: Dialect,
    ) -> Result<(Arc<Compiled>, Vec<orm_pool::Value>)> {
        let lifted = structure::lift(&mut statement);
        let known = self.entries.lock().get(&lifted.key);
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                let compiled = Arc::new(compile(&statement, dialect)?);
                if let Some(warning) = &compiled.warning {
                    tracing::warn!(target: "orm::engine", "{warning}\n[SQL: {}]", compiled.statement.sql);
                }
                self.entries.lock().insert(lifted.key.into_boxed_slice(), compiled.clone(), lifted.rows > LONG);
                compiled
            }
        };
        let values = compiled.arrange(lifted.values);
        Ok((compiled, values))
    }
}

impl Entries {
    fn get(&mut self, key: &[u8]) -> Option<Arc<Compiled>> {
        self.clock += 1;
        let entry = self.by_key.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.compiled.clone())
    }

    fn insert(&mut self, key: Box<[u8]>, compiled: Arc<Compiled>, is_long: bool) {
        let before = self.by_key.insert(key, Entry { compiled, used: self.clock, is_long });
        if is_long && before.is_none() {
            self.long += 1;
            self.prune_long();
        }
        if self.by_key.len() > PRUNED_AT {
            let mut ages: Vec<u64> = self.by_key.values().map(|entry| entry.used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - KEPT];
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
        let cache = StatementCache::default();
        for rows in 1..=500 {
            let (compiled, values) = cache.prepare(insert(rows), Dialect::Postgres).unwrap();
            assert_eq!(values.len(), rows);
            assert!(compiled.statement.sql.ends_with(&format!("(${rows})")));
        }
        let entries = cache.entries.lock();
        assert_eq!(entries.by_key.len(), LONG + LONG_KEPT);
        assert_eq!(entries.long, LONG_KEPT);
    }

    #[test]
    fn the_key_of_many_rows_is_as_short_as_that_of_one() {
        let key = |rows| crate::compile::structure::lift(&mut insert(rows)).key;
        assert_eq!(key(1_000).len(), key(1).len());
        assert_ne!(key(1_000), key(1));
    }

    #[test]
    fn a_text_that_was_used_last_is_kept() {
        let cache = StatementCache::default();
        let prepare = |rows| cache.prepare(insert(rows), Dialect::Sqlite).unwrap().0.statement.id;
        let first = prepare(100);
        (101..=110).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (201..=210).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (301..=330).for_each(|rows| _ = prepare(rows));
        assert_ne!(prepare(100), first);
    }
}
