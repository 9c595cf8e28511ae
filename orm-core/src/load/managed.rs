//! Loads relationships of a session's objects: the members go through the identity map, the fields get handles.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use super::groups::Groups;
use super::joined::Joined;
use super::select::{OwnerKey, Owners, Repeated, key_of_row, members, owner_key, selects};
use super::values::warn_of_several;
use super::{Joins, LoadNode, Plan};
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::{Decoded, Direction, RelationshipInfo, Row, Shares};
use crate::session::{Key, ObjectId, Objects, Slot, State};
use crate::sql::{SelectNode, Statement};

/// Fills the fields of the objects that a query has read, and those of members that came with them.
pub(crate) async fn load_objects(
    connection: &mut Connection,
    objects: &mut Objects,
    read: &[u32],
    plans: &[Plan],
    rows: ObjectRows<'_>,
    query: Option<&SelectNode>,
) -> Result<()> {
    let came: Vec<&LoadNode> = rows.nodes.iter().map(|part| part.node).collect();
    for (part, owners) in rows.parts() {
        let query = query.and_then(|select| Repeated::of(select, part.node.owner));
        settle(connection, objects, &owners, part, query.as_ref()).await?;
    }
    for plan in plans {
        let owners: Vec<u32> = read.iter().copied().filter(|&slot| objects.get(slot).mapper.is(plan.root)).collect();
        let query = query.and_then(|select| Repeated::of(select, plan.root));
        for node in plan.nodes.iter().filter(|node| !came.iter().any(|came| std::ptr::eq(*came, *node))) {
            load(connection, objects, &owners, node, query.as_ref()).await?;
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
    load(connection, objects, owners, node, None)
}

fn load<'a>(
    connection: &'a mut Connection,
    objects: &'a mut Objects,
    owners: &'a [u32],
    node: &'a LoadNode,
    query: Option<&'a Repeated>,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        if node.is_left_out() || owners.is_empty() {
            objects.refuse_loads(owners, node);
            return Ok(());
        }
        let info = node.info()?;
        let keys: Vec<Option<OwnerKey>> = owners.iter().map(|&owner| lookup(objects, owner, info)).collect();
        let (found, rows) = find(connection, objects, keys, node, info, query).await?;
        let members = fill(objects, owners.iter().copied().zip(found.iter()), node, info);
        below(connection, objects, &members, (node, info), rows, query).await
    })
}

/// Loads what is wanted of members: what came with them, and what needs statements of its own.
async fn below(
    connection: &mut Connection,
    objects: &mut Objects,
    members: &[u32],
    (node, info): (&LoadNode, &'static RelationshipInfo),
    rows: ObjectRows<'_>,
    query: Option<&Repeated>,
) -> Result<()> {
    let deeper = node.deeper();
    let children = || node.children.iter().chain(&deeper);
    let query = Repeated::below(query, (node, info), children())?;
    let came: Vec<&LoadNode> = rows.nodes.iter().map(|part| part.node).collect();
    for part in rows.nodes {
        settle(connection, objects, members, part, query.as_ref()).await?;
    }
    for child in children().filter(|child| !came.iter().any(|came| std::ptr::eq(*came, *child))) {
        load(connection, objects, members, child, query.as_ref()).await?;
    }
    Ok(())
}

/// Returns what the members of an object are found by in the database; none where it has no row, or refers to nothing.
fn lookup(objects: &Objects, owner: u32, info: &RelationshipInfo) -> Option<OwnerKey> {
    let entry = objects.get(owner);
    match (entry.state, info.direction) {
        (State::Persistent, Direction::ManyToOne) if info.condition.is_none() => owner_key(objects.object(owner), info),
        // Others refer to it by the key that the database has.
        (State::Persistent, _) => owner_key(objects.stored(owner), info),
        (State::Pending, Direction::ManyToOne) if info.condition.is_none() => {
            let is_set = info.pairs.iter().all(|&(column, _)| entry.set.contains(usize::from(column)));
            if is_set { owner_key(objects.object(owner), info) } else { None }
        }
        _ => None,
    }
}

/// Returns whether loading a relationship of one object needs a statement.
pub(crate) fn asks_database(objects: &Objects, owner: u32, info: &RelationshipInfo) -> bool {
    let Some(key) = lookup(objects, owner, info) else { return false };
    let known = is_by_key(info).then(|| objects.find(info.target, &key.key)).flatten();
    known.is_none_or(|slot| objects.get(slot).is_expired)
}

/// Returns the SELECT of the members of one object; none where it has no row, or refers to nothing.
pub(crate) fn members_of(objects: &Objects, owner: u32, info: &'static RelationshipInfo) -> Result<Option<SelectNode>> {
    let Some(key) = lookup(objects, owner, info) else { return Ok(None) };
    let mut select = members(&LoadNode::bare(info.owner, info.index), info, &Owners::Listed(&[&key]))?;
    // The owner is known, and an order of the relationship's own would come before whatever the caller says.
    select.outputs.truncate(1);
    select.order_by.clear();
    Ok(Some(select))
}

/// Returns whether a member is found by its own key, so that it needs no SELECT where the session knows it: SQLAlchemy's
/// `use_get`.
fn is_by_key(info: &RelationshipInfo) -> bool {
    let key = info.target.definition.key.iter().copied();
    info.direction == Direction::ManyToOne
        && info.condition.is_none()
        && info.pairs.iter().map(|&(_, other)| other).eq(key)
}

/// Reads the members of all owners, and what comes in their rows.
async fn find<'p>(
    connection: &mut Connection,
    objects: &mut Objects,
    owners: Vec<Option<OwnerKey>>,
    node: &'p LoadNode,
    info: &'static RelationshipInfo,
    query: Option<&Repeated>,
) -> Result<(Shares, ObjectRows<'p>)> {
    let mut groups = Groups::with_capacity(owners.len());
    let mut group_of = Vec::with_capacity(owners.len());
    let mut keys: Vec<(u32, &OwnerKey)> = Vec::with_capacity(owners.len());
    // What comes in the rows of the members comes with the members that are read, so that all of them have to be.
    let is_alone =
        node.filters.is_empty() && node.criteria.is_empty() && !node.children.iter().any(LoadNode::is_in_rows);
    let is_by_key = is_alone && !objects.events.filters(info.target) && is_by_key(info);
    for owner in &owners {
        let group = owner.as_ref().map(|owner| groups.number(&owner.key));
        group_of.push(group.map(|(group, _)| group));
        let (Some(owner), Some((group, true))) = (owner, group) else { continue };
        let known = is_by_key.then(|| objects.find(info.target, &owner.key)).flatten();
        let wanted = || info.target.deferrable().filter(|column| !node.left_out.contains(column));
        let is_fresh = |entry: &Slot| !entry.is_expired && (!objects.overwrites || entry.read_by == objects.query);
        let known = known.filter(|&slot| is_fresh(objects.get(slot)) && objects.get(slot).has_columns(wanted()));
        match known {
            Some(slot) => groups.add_to(group, slot),
            None => keys.push((group, owner)),
        }
    }
    let keys = groups.in_turns(keys);
    let dialect = connection.engine.dialect();
    // What was changed and not flushed, the repeated query would not see.
    let query = query.filter(|_| objects.touched.is_empty());
    let mut rows = ObjectRows::default();
    for (turn, mut select) in selects(node, info, &keys, query, dialect)? {
        groups.begin_turn(turn);
        let joins = Joins::attach_children(&mut select, node)?;
        let mut statement = Statement::Select(Box::new(select));
        objects.events.rewrite_load(&mut statement, &objects.info)?;
        connection
            .run(statement, &mut |row| {
                let slot = objects.load_any(info.target, &row, 0)?;
                let is_new = joins.as_ref().is_none_or(|joins| rows.begin(&row, joins));
                if is_new {
                    groups.add(key_of_row(&row, info), slot);
                }
                if let Some(joins) = &joins {
                    rows.gather(&row, joins, objects)?;
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
    }
    Ok((Shares::new(groups.finish(), group_of), rows))
}

/// Puts the members that were found into the owners' fields, with what waits for a flush, and returns them all.
fn fill<'f>(
    objects: &mut Objects,
    found: impl Iterator<Item = (u32, &'f [u32])>,
    node: &LoadNode,
    info: &RelationshipInfo,
) -> Vec<u32> {
    let waiting = objects.waiting(info);
    let index = usize::from(info.index);
    let mut members = Vec::new();
    for (owner, found) in found {
        // A new object has all its members in memory, and a deleted one keeps those that it had.
        if objects.get(owner).state == State::Persistent || !objects.object(owner).relation(index).is_loaded() {
            if info.is_to_one() {
                warn_of_several(info, found.len());
            }
            let stored: Vec<ObjectId> = found.iter().map(|&slot| objects.id(slot)).collect();
            let ids = waiting.members(objects.id(owner), stored);
            objects.fill_field(owner, index, &ids, !node.is_partial());
        }
        members.extend(objects.members_of(owner, index).iter().map(|member| member.slot));
    }
    members.sort_unstable();
    members.dedup();
    members
}

// ------------------------------------------------------------------------------------------- members in the rows

/// The members that come in the rows of a SELECT, taken apart.
#[derive(Default)]
pub(crate) struct ObjectRows<'p> {
    known: HashSet<Key, foldhash::fast::RandomState>,
    /// The objects of each kind that the SELECT itself selects.
    entities: Vec<Vec<u32>>,
    nodes: Vec<Gathered<'p>>,
}

/// The members of one relationship by their owners.
struct Gathered<'p> {
    node: &'p LoadNode,
    info: &'static RelationshipInfo,
    entity: usize,
    of: HashMap<u32, Vec<u32>, foldhash::fast::RandomState>,
    pairs: HashSet<(u32, u32), foldhash::fast::RandomState>,
    children: Vec<Gathered<'p>>,
}

impl<'p> ObjectRows<'p> {
    /// Returns whether a row is a new one of the SELECT itself.
    pub(crate) fn begin(&mut self, row: &Row<'_>, joins: &Joins<'p>) -> bool {
        joins.identity(row).is_none_or(|key| self.known.insert(key))
    }

    /// Takes the members of a row.
    pub(crate) fn gather(&mut self, row: &Row<'_>, joins: &Joins<'p>, objects: &mut Objects) -> Decoded<()> {
        if self.nodes.is_empty() {
            self.nodes = joins.nodes().iter().map(Gathered::of).collect();
            self.entities = vec![Vec::new(); joins.entities.len()];
        }
        // Members are not what the query was for.
        let seen = objects.seen.len();
        let mut slots = Vec::with_capacity(joins.entities.len());
        for (entity, list) in joins.entities.iter().zip(&mut self.entities) {
            let slot =
                if entity.is_null(row) { None } else { Some(objects.load_any(entity.mapper, row, entity.at)?) };
            list.extend(slot.filter(|slot| list.last() != Some(slot)));
            slots.push(slot);
        }
        for (gathered, joined) in self.nodes.iter_mut().zip(joins.nodes()) {
            if let Some(owner) = slots[joined.entity] {
                gathered.take(row, joined, owner, objects)?;
            }
        }
        objects.seen.truncate(seen);
        Ok(())
    }

    /// Returns each relationship with its owners.
    fn parts(self) -> Vec<(Gathered<'p>, Vec<u32>)> {
        let mut entities = self.entities;
        for list in &mut entities {
            list.sort_unstable();
            list.dedup();
        }
        let owners: Vec<Vec<u32>> = self.nodes.iter().map(|part| entities[part.entity].clone()).collect();
        self.nodes.into_iter().zip(owners).collect()
    }
}

impl<'p> Gathered<'p> {
    fn of(joined: &Joined<'p>) -> Self {
        Gathered {
            node: joined.node,
            info: joined.info,
            entity: joined.entity,
            of: HashMap::default(),
            pairs: HashSet::default(),
            children: joined.children.iter().map(Gathered::of).collect(),
        }
    }

    fn take(&mut self, row: &Row<'_>, joined: &Joined<'p>, owner: u32, objects: &mut Objects) -> Decoded<()> {
        if joined.is_null(row) {
            return Ok(());
        }
        let slot = objects.load_any(joined.info.target, row, joined.at)?;
        if self.pairs.insert((owner, slot)) {
            self.of.entry(owner).or_default().push(slot);
        }
        for (child, joined) in self.children.iter_mut().zip(&joined.children) {
            child.take(row, joined, slot, objects)?;
        }
        Ok(())
    }
}

/// Fills a field of the owners with what came in their rows, and loads what is below.
fn settle<'a, 'p: 'a>(
    connection: &'a mut Connection,
    objects: &'a mut Objects,
    owners: &'a [u32],
    gathered: Gathered<'p>,
    query: Option<&'a Repeated>,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        let Gathered { node, info, of, children, .. } = gathered;
        let found = |&owner: &u32| (owner, of.get(&owner).map_or(&[][..], Vec::as_slice));
        let members = fill(objects, owners.iter().map(found), node, info);
        let rows = ObjectRows { nodes: children, ..ObjectRows::default() };
        below(connection, objects, &members, (node, info), rows, query).await
    })
}
