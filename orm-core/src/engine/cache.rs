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

/// The statements that an engine has compiled, the least recently used of which go first.
#[derive(Default)]
pub(crate) struct StatementCache {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Box<[u8]>, Entry, foldhash::fast::RandomState>,
    clock: u64,
}

struct Entry {
    compiled: Arc<Compiled>,
    used: u64,
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
                self.entries.lock().insert(lifted.key.into_boxed_slice(), compiled.clone());
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

    fn insert(&mut self, key: Box<[u8]>, compiled: Arc<Compiled>) {
        self.by_key.insert(key, Entry { compiled, used: self.clock });
        if self.by_key.len() > PRUNED_AT {
            let mut ages: Vec<u64> = self.by_key.values().map(|entry| entry.used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - KEPT];
            self.by_key.retain(|_, entry| entry.used >= oldest);
        }
    }
}
