//! Compiled statements, found again by the whole of their structure.
//!
//! All threads share what an engine has compiled. Each has the statements besides that it found last, so that most queries
//! take no lock and count no reference, which all cores would have to agree upon.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ThreadId};

use hashbrown::HashTable;
use parking_lot::Mutex;

use super::SchemaMap;
use crate::compile::{Compiled, Lint, compile, compile_with, structure};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Statement;

/// An INSERT of more rows than this is long. Every number of rows is a text of its own, so only the long ones that were used
/// last are kept: a program that inserts lists of every length does not push its other statements out.
const LONG: usize = 16;
const LONG_KEPT: usize = 16;

/// The statements that an engine has compiled, the least recently used of which go first.
pub(crate) struct StatementCache {
    /// A number that no other cache has, and that this one changes when it forgets all.
    id: AtomicU64,
    hasher: foldhash::fast::RandomState,
    entries: Mutex<Entries>,
    /// How many are kept after pruning. It lets half as many more in before, as SQLAlchemy does.
    kept: usize,
    lint: Lint,
    /// How many statements were about to run, but for those that their threads have counted.
    counted: AtomicU64,
}

#[derive(Default)]
struct Entries {
    by_key: HashTable<Entry>,
    clock: u64,
    long: usize,
    /// What each thread has counted. Only that thread writes it, so that none waits for another to count.
    counts: HashMap<ThreadId, Count>,
}

type Count = Arc<AtomicU64>;

struct Entry {
    key: Box<[u8]>,
    compiled: Arc<Compiled>,
    used: u64,
    is_long: bool,
}

static NEXT_CACHE: AtomicU64 = AtomicU64::new(1);

impl StatementCache {
    pub(super) fn new(kept: usize, lint: Lint) -> Self {
        StatementCache {
            id: AtomicU64::new(NEXT_CACHE.fetch_add(1, Ordering::Relaxed)),
            hasher: foldhash::fast::RandomState::default(),
            entries: Mutex::default(),
            kept,
            lint,
            counted: AtomicU64::new(0),
        }
    }

    /// Returns the compiled form of a statement that is about to run, and puts its values there in the order of the
    /// placeholders.
    pub(crate) fn prepare(
        &self,
        statement: &mut Statement,
        values: &mut Vec<orm_pool::Value>,
        dialect: Dialect,
    ) -> Result<Lent> {
        let structure = structure::lift(statement, values, structure::Purpose::Prepared(dialect));
        let compiled = match self.kept > 0 {
            true => self.find(structure, || compile(statement, dialect))?,
            false => self.unkept(compile(statement, dialect)?)?,
        };
        compiled.arrange(values);
        Ok(compiled)
    }

    /// Does the same for one in which schemas are others, or which is not to be kept. A cache has statements of this kind or
    /// of the other, since their keys end in different ways.
    #[cold]
    pub(super) fn prepare_with(
        &self,
        statement: &mut Statement,
        values: &mut Vec<orm_pool::Value>,
        dialect: Dialect,
        schemas: Option<&SchemaMap>,
        is_kept: bool,
    ) -> Result<Lent> {
        let mut structure = structure::lift(statement, values, structure::Purpose::Prepared(dialect));
        if let Some(schemas) = schemas {
            schemas.note(&mut structure.key);
        }
        let compiled = match is_kept && self.kept > 0 {
            true => self.find(structure, || compile_with(statement, dialect, schemas))?,
            false => self.unkept(compile_with(statement, dialect, schemas)?)?,
        };
        compiled.arrange(values);
        Ok(compiled)
    }

    /// Takes a compiled statement that is not kept, by the driver neither.
    fn unkept(&self, mut compiled: Compiled) -> Result<Lent> {
        compiled.statement.id = 0;
        self.lint(&compiled)?;
        self.count();
        Ok(Lent::of(compiled))
    }

    /// Returns the compiled form of a statement whose values were lifted: this thread's, or that of all, or a new one.
    fn find(&self, structure: structure::Structure, compile: impl FnOnce() -> Result<Compiled>) -> Result<Lent> {
        let hash = self.hasher.hash_one(structure.key.as_slice());
        let cache = self.id.load(Ordering::Relaxed);
        let own = RECENT.try_with(|recent| recent.borrow_mut()[place_of(hash)].take(cache, &structure.key));
        if let Ok(Some(compiled)) = own {
            structure::let_go_of(structure.key);
            return Ok(Lent(Some(compiled)));
        }
        let known = self.entries.lock().get(hash, &structure.key);
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                let mut compiled = compile()?;
                self.lint(&compiled)?;
                compiled.hash = hash;
                let compiled = Arc::new(compiled);
                let (key, is_long) = (structure.key.as_slice().into(), structure.rows > LONG);
                self.insert(Entry { key, compiled: compiled.clone(), used: 0, is_long });
                compiled
            }
        };
        self.count();
        if compiled.statement.sql.len() <= LONGEST_RECENT {
            let count = self.count_of_thread();
            // It comes there when it has run.
            let place = |recent: &RefCell<[Recent; PLACES]>| {
                recent.borrow_mut()[place_of(hash)].expect(cache, &structure.key, &compiled, count);
            };
            _ = RECENT.try_with(place);
        }
        structure::let_go_of(structure.key);
        Ok(Lent(Some(compiled)))
    }

    fn insert(&self, entry: Entry) {
        let mut entries = self.entries.lock();
        entries.insert(entry, |entry| self.hasher.hash_one(&*entry.key));
        entries.prune(self.kept);
    }

    /// Counts a statement that is about to run.
    #[inline]
    pub(super) fn count(&self) {
        self.counted.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns where this thread counts.
    fn count_of_thread(&self) -> Count {
        let mut entries = self.entries.lock();
        let counts = &mut entries.counts;
        let thread = thread::current().id();
        if let Some(count) = counts.get(&thread) {
            return Arc::clone(count);
        }
        // Threads that have ended, or have forgotten all of this, count no more.
        counts.retain(|_, count| match Arc::get_mut(count) {
            None => true,
            Some(last) => {
                self.counted.fetch_add(*last.get_mut(), Ordering::Relaxed);
                false
            }
        });
        Arc::clone(counts.entry(thread).or_default())
    }

    /// Returns how many statements were about to run.
    pub(super) fn counted(&self) -> u64 {
        let entries = self.entries.lock();
        let of_threads: u64 = entries.counts.values().map(|count| count.load(Ordering::Relaxed)).sum();
        self.counted.load(Ordering::Relaxed) + of_threads
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
        // What threads have of it is of a number that none asks for any more.
        self.id.store(NEXT_CACHE.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let mut entries = self.entries.lock();
        *entries = Entries { counts: std::mem::take(&mut entries.counts), ..Entries::default() };
    }
}

impl Entries {
    fn get(&mut self, hash: u64, key: &[u8]) -> Option<Arc<Compiled>> {
        self.clock += 1;
        let entry = self.by_key.find_mut(hash, |entry| *entry.key == *key)?;
        entry.used = self.clock;
        Some(entry.compiled.clone())
    }

    /// Puts in a statement, in the place of one that another thread has compiled meanwhile.
    fn insert(&mut self, entry: Entry, hash_of: impl Fn(&Entry) -> u64) {
        let (hash, is_long) = (entry.compiled.hash, entry.is_long);
        let entry = Entry { used: self.clock, ..entry };
        match self.by_key.find_mut(hash, |known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => {
                self.by_key.insert_unique(hash, entry, hash_of);
                self.long += usize::from(is_long);
            }
        }
    }

    fn prune(&mut self, kept: usize) {
        if self.long > LONG_KEPT {
            let oldest = self.by_key.iter().filter(|entry| entry.is_long).map(|entry| entry.used).min();
            self.by_key.retain(|entry| !entry.is_long || Some(entry.used) != oldest);
            self.long = self.by_key.iter().filter(|entry| entry.is_long).count();
        }
        if self.by_key.len() > kept.saturating_add(kept / 2) {
            let mut ages: Vec<u64> = self.by_key.iter().map(|entry| entry.used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - kept];
            self.by_key.retain(|entry| entry.used >= oldest);
            self.long = self.by_key.iter().filter(|entry| entry.is_long).count();
        }
    }
}

// ------------------------------------------------------------------------------------------------------ of one thread

/// How many statements a thread has at hand.
const PLACES: usize = 64;

/// How often a thread takes a statement before all are told again that it is used.
const TAKEN_BEFORE_TOLD: u32 = 64;

/// The longest text that a thread keeps, in bytes.
const LONGEST_RECENT: usize = 4096;

thread_local! {
    static RECENT: RefCell<[Recent; PLACES]> = const { RefCell::new([const { Recent::NONE }; PLACES]) };
}

fn place_of(hash: u64) -> usize {
    hash as usize % PLACES
}

/// A statement that this thread has found before, unless it is running.
struct Recent {
    cache: u64,
    key: Vec<u8>,
    /// The number of its text.
    id: u64,
    taken: u32,
    compiled: Option<Arc<Compiled>>,
    /// Where this thread counts what it takes.
    count: Option<Count>,
}

impl Recent {
    const NONE: Recent = Recent { cache: 0, key: Vec::new(), id: 0, taken: 0, compiled: None, count: None };

    #[inline]
    fn take(&mut self, cache: u64, key: &[u8]) -> Option<Arc<Compiled>> {
        if self.cache != cache || self.key != key || self.taken >= TAKEN_BEFORE_TOLD {
            return None;
        }
        self.taken += 1;
        let compiled = self.compiled.take()?;
        if let Some(count) = &self.count {
            // Nobody else writes it: what adds at once would lock it for others.
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        Some(compiled)
    }

    fn expect(&mut self, cache: u64, key: &[u8], compiled: &Compiled, count: Count) {
        (self.cache, self.id, self.taken, self.compiled) = (cache, compiled.statement.id, 0, None);
        self.count = Some(count);
        self.key.clear();
        self.key.extend_from_slice(key);
    }
}

/// A compiled statement, for as long as it runs. Then it goes to the thread that drops it, if that has a place for it.
#[derive(Debug)]
pub(crate) struct Lent(Option<Arc<Compiled>>);

impl Lent {
    /// One that nobody keeps.
    pub(super) fn of(compiled: Compiled) -> Self {
        Lent(Some(Arc::new(compiled)))
    }
}

impl Deref for Lent {
    type Target = Compiled;

    #[inline]
    fn deref(&self) -> &Compiled {
        self.0.as_deref().expect("it is there until it is dropped")
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        let Some(compiled) = self.0.take() else { return };
        _ = RECENT.try_with(|recent| {
            let place = &mut recent.borrow_mut()[place_of(compiled.hash)];
            if place.id == compiled.statement.id && place.id != 0 && place.compiled.is_none() {
                place.compiled = Some(compiled);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use orm_pool::Value;

    use super::super::SchemaMap;
    use super::{LONG, LONG_KEPT, StatementCache, TAKEN_BEFORE_TOLD};
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
            let compiled = cache.prepare(&mut insert(rows), &mut values, Dialect::MySql).unwrap();
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
            cache.prepare(&mut insert(rows), &mut Vec::new(), Dialect::Postgres).unwrap();
        }
        assert_eq!(cache.entries.lock().by_key.len(), 5);
    }

    #[test]
    fn the_key_of_many_rows_is_as_short_as_that_of_one() {
        let key = |rows| {
            crate::compile::structure::lift(&mut insert(rows), &mut Vec::new(), crate::compile::structure::Purpose::Key)
                .key
        };
        assert_eq!(key(200).len(), key(1).len());
        assert_eq!(key(10_000).len(), key(1_000).len());
        assert_ne!(key(200), key(1));
        assert_ne!(key(10_000), key(1_000));
    }

    #[test]
    fn a_text_that_was_used_last_is_kept() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let prepare = |rows| {
            let prepare = || cache.prepare(&mut insert(rows), &mut Vec::new(), Dialect::Sqlite);
            // A thread that has found nothing yet.
            let prepared = std::thread::scope(|scope| scope.spawn(prepare).join());
            prepared.unwrap().unwrap().statement.id
        };
        let first = prepare(100);
        (101..=110).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (201..=210).for_each(|rows| _ = prepare(rows));
        assert_eq!(prepare(100), first);
        (301..=330).for_each(|rows| _ = prepare(rows));
        assert_ne!(prepare(100), first);
    }

    /// Returns the number of the text of an INSERT of so many rows, and whether this thread had it at hand.
    fn found(cache: &StatementCache, rows: usize) -> (u64, bool) {
        let before = cache.entries.lock().clock;
        let prepared = cache.prepare(&mut insert(rows), &mut Vec::new(), Dialect::Sqlite).unwrap();
        (prepared.statement.id, cache.entries.lock().clock == before)
    }

    #[test]
    fn a_thread_has_at_hand_what_it_found_last_and_tells_all_now_and_then() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let (first, is_at_hand) = found(&cache, 1);
        assert!(!is_at_hand);
        for _ in 0..TAKEN_BEFORE_TOLD {
            assert_eq!(found(&cache, 1), (first, true));
        }
        assert_eq!(found(&cache, 1), (first, false));
        assert_eq!(found(&cache, 1), (first, true));
        assert_eq!(cache.counted(), u64::from(TAKEN_BEFORE_TOLD) + 3);
        let of_threads = || {
            for _ in 0..3 {
                // Joined, so that what the thread had is gone: the scope alone does not wait for that.
                let counts = || (found(&cache, 1), found(&cache, 1));
                std::thread::scope(|scope| scope.spawn(counts).join().unwrap());
            }
        };
        of_threads();
        assert_eq!(cache.counted(), u64::from(TAKEN_BEFORE_TOLD) + 9, "what threads have counted outlives them");
        assert!(cache.entries.lock().counts.len() <= 2, "{:?}", cache.entries.lock().counts);
        let other = StatementCache::new(500, crate::compile::Lint::Warn);
        let (theirs, is_at_hand) = found(&other, 1);
        assert!(theirs != first && !is_at_hand);
        assert_eq!(found(&cache, 1).0, first);
    }

    #[test]
    fn each_map_of_schemas_has_a_text_of_its_own() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let found = |name: &str, is_kept| {
            let (map, mut values) = (SchemaMap::new([(None, name)]), Vec::new());
            let found = cache.prepare_with(&mut insert(1), &mut values, Dialect::Sqlite, Some(&map), is_kept).unwrap();
            (found.statement.id, found.statement.sql.to_string())
        };
        let (first, second) = (found("a", true), found("b", true));
        assert_eq!(first.1, "INSERT INTO a.word (text) VALUES (?)");
        assert_eq!(second.1, "INSERT INTO b.word (text) VALUES (?)");
        assert_eq!((found("a", true), found("b", true)), (first.clone(), second));
        assert_eq!(found("a", false), (0, first.1));
    }

    #[test]
    fn a_statement_that_runs_twice_at_once_is_one_text() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let prepare = || cache.prepare(&mut insert(1), &mut Vec::new(), Dialect::Sqlite).unwrap();
        let (one, two) = (prepare(), prepare());
        assert_eq!(one.statement.id, two.statement.id);
        drop((one, two));
        assert!(found(&cache, 1).1);
    }

    #[test]
    fn a_cache_that_has_forgotten_all_compiles_anew() {
        let cache = StatementCache::new(500, crate::compile::Lint::Warn);
        let (first, _) = found(&cache, 1);
        cache.clear();
        let (again, is_at_hand) = found(&cache, 1);
        assert!(again != first && !is_at_hand);
    }
}
