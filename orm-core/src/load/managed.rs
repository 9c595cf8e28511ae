//! Loads relationships of a session's objects: the members go through the identity map, the fields get handles.

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use super::select::{CHUNK, OwnerKey, key_of_row, members, owner_key};
use super::{LoadNode, Plan};
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::{Direction, RelationshipInfo};
use crate::session::{Key, ObjectId, Objects, State};
use crate::sql::Statement;

/// The members that were found for each key, in order.
type Found = HashMap<Key, Vec<u32>, foldhash::fast::RandomState>;

/// Fills the fields of the objects that a query has read.
pub(crate) async fn load_objects(
    connection: &mut Connection,
    objects: &mut Objects,
    read: &[u32],
    plans: &[Plan],
) -> Result<()> {
    for plan in plans {
        let owners: Vec<u32> = read.iter().copied().filter(|&slot| objects.get(slot).mapper.is(plan.root)).collect();
        for node in &plan.nodes {
            load_relationship(connection, objects, &owners, node).await?;
        }
    }
    Ok(())
}

/// Fills one field of the owners, and what is to be loaded below it.
pub(crate) fn load_relationship<'a>(
    connection: &'a mut Connection,
    objects: &'a mut Objects,
    owners: &'a [u32],
    node: &'a LoadNode,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        let info = node.info()?;
        let keys: Vec<Option<OwnerKey>> = owners.iter().map(|&owner| lookup(objects, owner, info)).collect();
        let found = find(connection, objects, &keys, node, info).await?;
        let members = fill(objects, owners, &keys, &found, node, info);
        for child in &node.children {
            load_relationship(connection, objects, &members, child).await?;
        }
        Ok(())
    })
}

/// Returns what the members of an object are found by in the database; none where it has no row, or refers to nothing.
fn lookup(objects: &Objects, owner: u32, info: &RelationshipInfo) -> Option<OwnerKey> {
    let entry = objects.get(owner);
    match (entry.state, info.direction) {
        (State::Persistent, Direction::ManyToOne) => owner_key(objects.object(owner), info),
        // Others refer to it by the key that the database has.
        (State::Persistent, _) => owner_key(entry.base.as_deref().unwrap_or_else(|| objects.object(owner)), info),
        (State::Pending, Direction::ManyToOne) => {
            let is_set = info.pairs.iter().all(|&(column, _)| entry.set.contains(usize::from(column)));
            if is_set { owner_key(objects.object(owner), info) } else { None }
        }
        _ => None,
    }
}

/// Reads the members of all owners.
async fn find(
    connection: &mut Connection,
    objects: &mut Objects,
    owners: &[Option<OwnerKey>],
    node: &LoadNode,
    info: &'static RelationshipInfo,
) -> Result<Found> {
    let mut found = Found::default();
    let mut keys: Vec<&OwnerKey> = Vec::new();
    // A many-to-one whose target the session knows needs no SELECT: SQLAlchemy's `use_get`.
    let is_by_key = info.direction == Direction::ManyToOne
        && node.filters.is_empty()
        && info.pairs.iter().map(|&(_, other)| other).eq(info.target.definition.key.iter().copied());
    for owner in owners.iter().flatten() {
        if found.contains_key(&owner.key) {
            continue;
        }
        let known = is_by_key.then(|| objects.find(info.target, &owner.key)).flatten();
        let known = known.filter(|&slot| !objects.get(slot).is_expired);
        if known.is_none() {
            keys.push(owner);
        }
        found.insert(owner.key.clone(), known.into_iter().collect());
    }
    let engine = connection.engine.clone();
    for chunk in keys.chunks(CHUNK) {
        let prepared = engine.prepare(Statement::Select(Box::new(members(node, info, chunk)?)))?;
        engine
            .run(&mut connection.guard, &prepared, |row| {
                let slot = objects.load_any(info.target, &row, 0)?;
                if let Some(list) = key_of_row(&row, info).and_then(|key| found.get_mut(&key)) {
                    list.push(slot);
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
    }
    Ok(found)
}

/// Puts the members that were found into the owners' fields, with what waits for a flush, and returns them all.
fn fill(
    objects: &mut Objects,
    owners: &[u32],
    keys: &[Option<OwnerKey>],
    found: &Found,
    node: &LoadNode,
    info: &RelationshipInfo,
) -> Vec<u32> {
    let waiting = objects.waiting(info);
    let index = usize::from(info.index);
    let mut members = Vec::new();
    for (&owner, key) in owners.iter().zip(keys) {
        // A new object has all its members in memory, and a deleted one keeps those that it had.
        if objects.get(owner).state == State::Persistent || !objects.object(owner).relation(index).is_loaded() {
            let slots = key.as_ref().and_then(|key| found.get(&key.key));
            let stored: Vec<ObjectId> = slots.into_iter().flatten().map(|&slot| objects.id(slot)).collect();
            let ids = waiting.members(objects.id(owner), stored);
            objects.object_mut(owner).relation_mut(index).load(&ids, !node.is_partial());
        }
        members.extend(objects.members_of(owner, index).iter().map(|member| member.slot));
    }
    members.sort_unstable();
    members.dedup();
    members
}
