//! The derived tables that a program has at the moment, by number: a column of one finds it here, so that selecting the column,
//! or a condition on it, brings the table into FROM.
//!
//! In: a derived table that was made, out: its number, until it is dropped. Who asks: a SELECT that is given a column.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use parking_lot::Mutex;

use super::{DerivedNode, FromItem, Node};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);
static KNOWN: Mutex<HashMap<u64, Arc<DerivedNode>, FixedState>> =
    Mutex::new(HashMap::with_hasher(FixedState::with_seed(0)));

/// How many are known.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The place of a derived table among those that are known, which it leaves when this is dropped.
pub(super) struct Place(u64);

impl Place {
    pub(super) fn of(node: &Arc<DerivedNode>) -> Self {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        KNOWN.lock().insert(id, Arc::clone(node));
        COUNT.fetch_add(1, Ordering::Relaxed);
        Place(id)
    }

    pub(super) fn id(&self) -> u64 {
        self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What it held is dropped when the lock has been let go.
        COUNT.fetch_sub(1, Ordering::Relaxed);
        let node = KNOWN.lock().remove(&self.0);
        drop(node);
    }
}

/// Returns whether the program has any derived table, so that most conditions need not be looked through.
#[inline]
pub(super) fn has_any() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

/// Returns the derived tables whose columns an expression mentions, as they stand in FROM for that alone.
pub(super) fn mentioned(node: &Node) -> Vec<FromItem> {
    let mut tables: Vec<Arc<DerivedNode>> = Vec::new();
    node.visit(&mut |node| {
        if let Node::Field { table, .. } = node {
            tables.extend(find(*table));
        }
    });
    let implied = |table: Arc<DerivedNode>| DerivedNode { is_implied: true, ..(*table).clone() };
    tables.into_iter().map(|table| FromItem::Derived(Box::new(implied(table)))).collect()
}

/// Returns a derived table that has not been dropped.
fn find(id: u64) -> Option<Arc<DerivedNode>> {
    KNOWN.lock().get(&id).cloned()
}
