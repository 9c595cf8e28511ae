//! Loads relationships of a session's objects: the members go through the identity map, the fields get handles.

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use super::select::{CHUNK, is_direct, key_columns, members, owner_key};
use super::{LoadNode, Plan};
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::{Direction, RelationshipInfo};
use crate::session::{Key, ObjectId, Objects};
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
        let owners: Vec<u32> =
            read.iter().copied().filter(|&slot| objects.get(slot).mapper.is(plan.root)).collect();
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
        let found = find(connection, objects, owners, node, info).await?;
        let mut members: Vec<u32> = found.values().flatten().copied().collect();
        members.sort_unstable();
        members.dedup();
        for &owner in owners {
            let object = objects.object(owner);
            let slots = owner_key(object, info).and_then(|key| found.get(&key.key));
            let ids: Vec<ObjectId> = slots.into_iter().flatten().map(|&slot| objects.id(slot)).collect();
            let ids = with_pending(objects, owner, info, ids);
            objects.object_mut(owner).relation_mut(usize::from(info.index)).load(&ids);
        }
        for child in &node.children {
            load_relationship(connection, objects, &members, child).await?;
        }
        Ok(())
    })
}

/// Reads the members of all owners.
async fn find(
    connection: &mut Connection,
    objects: &mut Objects,
    owners: &[u32],
    node: &LoadNode,
    info: &'static RelationshipInfo,
) -> Result<Found> {
    let mut found = Found::default();
    let mut keys = Vec::new();
    for &owner in owners {
        let Some(key) = owner_key(objects.object(owner), info) else { continue };
        if found.contains_key(&key.key) {
            continue;
        }
        // A many-to-one whose target the session knows needs no SELECT: SQLAlchemy's `use_get`.
        let is_by_key = info.direction == Direction::ManyToOne
            && node.filters.is_empty()
            && info.pairs.iter().map(|&(_, other)| other).eq(info.target.definition.key.iter().copied());
        let known = is_by_key.then(|| objects.find(info.target, &key.key)).flatten();
        match known.filter(|&slot| !objects.get(slot).is_expired) {
            Some(slot) => {
                found.insert(key.key, vec![slot]);
            }
            None => {
                found.insert(key.key.clone(), Vec::new());
                keys.push(key);
            }
        }
    }
    let engine = connection.engine.clone();
    for chunk in keys.chunks(CHUNK) {
        let chunk: Vec<_> = chunk.iter().collect();
        let prepared = engine.prepare(Statement::Select(Box::new(members(node, info, &chunk)?)))?;
        let mut rows: Vec<(u32, Option<Key>)> = Vec::new();
        engine
            .run(&mut connection.guard, &prepared, |row| {
                let slot = objects.load_any(info.target, &row, 0)?;
                let key = if is_direct(info) { None } else { Key::of_row_columns(&row, key_columns(info)) };
                rows.push((slot, key));
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        for (slot, key) in rows {
            let own = || Key::of_columns(objects.object(slot), info.pairs.iter().map(|&(_, other)| other));
            if let Some(list) = key.or_else(own).and_then(|key| found.get_mut(&key)) {
                list.push(slot);
            }
        }
    }
    Ok(found)
}

/// Adds the members that wait for a flush, and leaves out those that wait to be taken away.
fn with_pending(objects: &Objects, owner: u32, info: &RelationshipInfo, mut ids: Vec<ObjectId>) -> Vec<ObjectId> {
    let owner_id = objects.id(owner);
    match (info.direction, info.link) {
        (Direction::OneToMany, Some(link)) => {
            let parent_of = |slot: u32| {
                let links = &objects.get(slot).links;
                links.iter().find(|change| change.foreign_key == link.foreign_key).map(|change| change.parent)
            };
            ids.retain(|id| parent_of(id.slot).is_none_or(|parent| parent == Some(owner_id)));
            for &slot in objects.touched.iter().chain(&objects.pending) {
                let id = objects.id(slot);
                let is_member = objects.get(slot).mapper.is(link.child) && parent_of(slot) == Some(Some(owner_id));
                if is_member && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        (Direction::ManyToOne, Some(link)) => {
            let links = &objects.get(owner).links;
            if let Some(change) = links.iter().find(|change| change.foreign_key == link.foreign_key) {
                ids = change.parent.into_iter().collect();
            }
        }
        _ => {
            for pair in &objects.pairs {
                let other = match () {
                    () if pair.owner == owner_id => pair.member,
                    () if pair.member == owner_id => pair.owner,
                    () => continue,
                };
                if !objects.get(other.slot).mapper.is(info.target) {
                    continue;
                }
                if !pair.is_added {
                    ids.retain(|id| *id != other);
                } else if !ids.contains(&other) {
                    ids.push(other);
                }
            }
        }
    }
    ids
}
