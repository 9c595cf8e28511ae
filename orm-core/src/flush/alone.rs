//! A commit that writes one statement.
//!
//! Outside of a transaction a statement commits itself, so that BEGIN and COMMIT around it are two round trips for nothing. In: what a
//! flush has to do. Out: whether one statement may do it, as far as that can be seen before the first. Whoever finds that it takes
//! more says so ([`Connection::writes_more`](crate::engine::Connection::writes_more)), and the transaction begins.

use super::collect::Work;
use crate::mapper::is_changed;
use crate::session::{Objects, State};

/// Returns whether one statement may be all that a flush writes: new objects of one model, or one object that has changed or is
/// deleted. Of several of these it may find some as they were and others not, and then has to be undone.
pub(super) fn may_be_one_statement(objects: &Objects, work: &Work) -> bool {
    // Who hears of an object may change others, which the next flush writes.
    if work.mappers.len() != 1 || !objects.pairs.is_empty() || objects.events.hears_objects() {
        return false;
    }
    match (&work.inserts[..], &work.updates[..], &work.deletes[..]) {
        (new, [], []) => new.iter().all(|&slot| refers_to_rows(objects, slot)),
        ([], &[changed], []) => {
            objects.replacing.is_empty() && refers_to_rows(objects, changed) && keeps_key(objects, changed)
        }
        ([], [], [_]) => true,
        _ => false,
    }
}

/// Returns whether what an object is linked to has a row.
fn refers_to_rows(objects: &Objects, slot: u32) -> bool {
    let mut parents = objects.get(slot).links.iter().filter_map(|link| link.parent);
    parents.all(|parent| objects.get(parent.slot).state == State::Persistent)
}

/// Returns whether no row would have to follow the object's key.
fn keeps_key(objects: &Objects, slot: u32) -> bool {
    let entry = objects.get(slot);
    let is_same = |base: &std::sync::Arc<dyn crate::mapper::Object>| {
        let key = entry.mapper.definition().key;
        !key.iter().any(|&column| is_changed(objects.object(slot), &**base, usize::from(column)))
    };
    entry.base.as_ref().is_some_and(is_same)
}
