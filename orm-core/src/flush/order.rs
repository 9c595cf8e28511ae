//! Orders the work so that each row exists before a row refers to it.
//!
//! In: [`Work`]. Out: groups of models, each before those that refer to it; inside of a group whose models refer to each
//! other or to themselves, levels of rows. Tables decide the order of models, links the order of rows.

use std::collections::{HashMap, HashSet};

use super::collect::Work;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Direction, Mapper, RelationshipInfo};
use crate::session::{Key, Objects};

/// Models that are ordered as one: a single one, or several that refer to each other.
#[derive(Debug)]
pub(super) struct Group(Vec<usize>);

impl Group {
    /// Returns those of the objects whose models are of the group.
    pub(super) fn of(&self, work: &Work, objects: &Objects, slots: &[u32]) -> Vec<u32> {
        if self.0.len() == work.mappers.len() {
            return slots.to_vec();
        }
        let is_own = |slot: u32| self.0.iter().any(|&model| work.mappers[model].is(objects.get(slot).mapper));
        slots.iter().copied().filter(|&slot| is_own(slot)).collect()
    }
}

/// Orders the models by their tables' foreign keys.
pub(super) fn groups(work: &Work) -> Result<Vec<Group>> {
    let mut edges = Vec::new();
    for (child, mapper) in work.mappers.iter().enumerate() {
        for key in &mapper.configured()?.foreign_keys {
            if let Some(parent) = work.mappers.iter().position(|parent| parent.is(key.target)) {
                edges.push((parent, child));
            }
        }
    }
    Ok(components(work.mappers.len(), &edges).into_iter().map(Group).collect())
}

/// Sorts nodes so that each comes after those that point at it; nodes that point at each other come together.
///
/// The result depends on the order of nodes and edges alone. Tarjan's algorithm, without recursion.
pub(super) fn components(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); count];
    edges.iter().for_each(|&(from, to)| parents[to].push(from));
    let (mut index, mut low) = (vec![UNSEEN; count], vec![0; count]);
    let (mut on_stack, mut stack, mut found, mut next) = (vec![false; count], vec![], vec![], 0);
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        // Each entry is a node and how many of its parents have been looked at.
        let mut path = vec![(root, 0)];
        while let Some((node, looked)) = path.pop() {
            if looked == 0 {
                (index[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            match parents[node].get(looked) {
                Some(&parent) => {
                    path.push((node, looked + 1));
                    if index[parent] == UNSEEN {
                        path.push((parent, 0));
                    } else if on_stack[parent] {
                        low[node] = low[node].min(index[parent]);
                    }
                }
                None => {
                    if let Some(&(child, _)) = path.last() {
                        low[child] = low[child].min(low[node]);
                    }
                    if low[node] == index[node] {
                        let start = stack.iter().rposition(|&other| other == node).unwrap_or_default();
                        let mut component = stack.split_off(start);
                        component.iter().for_each(|&member| on_stack[member] = false);
                        component.sort_unstable();
                        found.push(component);
                    }
                }
            }
        }
    }
    found
}

type Positions = HashMap<u32, usize, foldhash::fast::RandomState>;

/// Splits new rows into levels: each row after those that its links lead to.
pub(super) fn levels(objects: &Objects, slots: Vec<u32>) -> Result<Vec<Vec<u32>>> {
    if slots.iter().all(|&slot| objects.get(slot).links.is_empty()) {
        return Ok(if slots.is_empty() { Vec::new() } else { vec![slots] });
    }
    let position: Positions = slots.iter().enumerate().map(|(position, &slot)| (slot, position)).collect();
    let mut edges = Vec::new();
    for (child, &slot) in slots.iter().enumerate() {
        let entry = objects.get(slot);
        for link in entry.links.iter() {
            let parent = link.parent.and_then(|parent| position.get(&parent.slot));
            if let Some(&parent) = parent
                && !is_post_update(entry.mapper, link.foreign_key())?
            {
                edges.push((parent, child));
            }
        }
    }
    let mut level = vec![0; slots.len()];
    if !edges.is_empty() {
        let mut parents = vec![Vec::new(); slots.len()];
        edges.iter().for_each(|&(parent, child)| parents[child].push(parent));
        for component in components(slots.len(), &edges) {
            if component.len() > 1 || parents[component[0]].contains(&component[0]) {
                return Err(circular(objects, component.iter().map(|&position| slots[position])));
            }
            let node = component[0];
            level[node] = parents[node].iter().map(|&parent| level[parent] + 1).max().unwrap_or(0);
        }
    }
    let mut result = vec![Vec::new(); level.iter().max().map_or(0, |deepest| deepest + 1)];
    for (&slot, level) in slots.iter().zip(level) {
        result[level].push(slot);
    }
    Ok(result)
}

/// How rows are deleted.
pub(super) struct Deletes {
    /// Foreign keys that are set to NULL first, since their rows refer to each other in a ring: object and position.
    pub(super) parted: Vec<(u32, usize)>,
    /// Each row after those that refer to it.
    pub(super) levels: Vec<Vec<u32>>,
}

/// A row that refers to another one or to itself, both to be deleted.
struct Reference {
    child: usize,
    parent: usize,
    foreign_key: usize,
}

/// Orders rows to be deleted. What a ring of rows refers by is set to NULL first, where `post_update` says so; a ring
/// without goes in one statement, at whose end the database checks. Where it checks each row, whatever is in a ring and
/// can be NULL is set to NULL, that of a row which refers to itself included; and so is what `post_update` says of a row
/// that is not known to go, since the database may delete it with this one.
pub(super) fn deletes(objects: &Objects, slots: &[u32], checks_each_row: bool) -> Result<Deletes> {
    let references = references(objects, slots)?;
    let edges = |references: &[Reference]| -> Vec<(usize, usize)> {
        references.iter().map(|reference| (reference.child, reference.parent)).collect()
    };
    let mut ring_of = vec![0; slots.len()];
    for (ring, component) in components(slots.len(), &edges(&references)).into_iter().enumerate() {
        component.into_iter().for_each(|node| ring_of[node] = ring);
    }
    let (mut kept, mut parted) = (Vec::new(), Vec::new());
    for reference in references {
        let mapper = objects.get(slots[reference.child]).mapper;
        let Reference { child, parent, foreign_key } = reference;
        let is_in_ring = ring_of[child] == ring_of[parent];
        let is_parted = checks_each_row || (child != parent && is_post_update(mapper, foreign_key)?);
        if is_in_ring && is_parted && is_nullable(mapper, foreign_key)? {
            parted.push((slots[child], foreign_key));
        } else {
            kept.push(reference);
        }
    }
    if checks_each_row {
        let known: HashSet<(u32, usize)> = kept
            .iter()
            .map(|reference| (slots[reference.child], reference.foreign_key))
            .chain(parted.iter().copied())
            .collect();
        parted.extend(outward_post_updates(objects, slots)?.into_iter().filter(|key| !known.contains(key)));
    }
    Ok(Deletes { parted, levels: levels_of(slots, &edges(&kept)) })
}

/// Lists the foreign keys of rows that refer to something, can be NULL and are of a relationship with `post_update`.
fn outward_post_updates(objects: &Objects, slots: &[u32]) -> Result<Vec<(u32, usize)>> {
    let mut found = Vec::new();
    for &slot in slots {
        let mapper = objects.get(slot).mapper;
        for (foreign_key, key) in mapper.configured()?.foreign_keys.iter().enumerate() {
            if is_post_update(mapper, foreign_key)?
                && is_nullable(mapper, foreign_key)?
                && Key::of_columns(objects.stored(slot), key.columns.iter().copied()).is_some()
            {
                found.push((slot, foreign_key));
            }
        }
    }
    Ok(found)
}

/// Finds the foreign keys, as the database has them, that lead from one row to another or to itself.
fn references(objects: &Objects, slots: &[u32]) -> Result<Vec<Reference>> {
    let mut positions: HashMap<(usize, Key), usize> = HashMap::new();
    for (position, &slot) in slots.iter().enumerate() {
        if let Some(key) = Key::of_object(objects.stored(slot)) {
            positions.insert((objects.get(slot).mapper.id(), key), position);
        }
    }
    let mut references = Vec::new();
    for (child, &slot) in slots.iter().enumerate() {
        for (foreign_key, key) in objects.get(slot).mapper.configured()?.foreign_keys.iter().enumerate() {
            let target = Key::of_columns(objects.stored(slot), key.columns.iter().copied());
            let parent = target.and_then(|target| positions.get(&(key.target.id(), target)));
            if let Some(&parent) = parent {
                references.push(Reference { child, parent, foreign_key });
            }
        }
    }
    Ok(references)
}

fn is_nullable(mapper: &'static Mapper, foreign_key: usize) -> Result<bool> {
    let columns = &mapper.configured()?.foreign_keys[foreign_key].columns;
    Ok(columns.iter().all(|&column| mapper.definition.columns[usize::from(column)].nullable))
}

/// Splits rows into levels: each after those that point at it, and a ring as one.
pub(super) fn levels_of(slots: &[u32], edges: &[(usize, usize)]) -> Vec<Vec<u32>> {
    let mut before = vec![Vec::new(); slots.len()];
    edges.iter().for_each(|&(from, to)| before[to].push(from));
    let mut level: Vec<Option<usize>> = vec![None; slots.len()];
    for component in components(slots.len(), edges) {
        // Those of the component itself have no level yet.
        let outside = component.iter().flat_map(|&node| &before[node]).filter_map(|&from| level[from]);
        let deepest = outside.map(|level| level + 1).max().unwrap_or(0);
        component.iter().for_each(|&node| level[node] = Some(deepest));
    }
    let deepest = level.iter().flatten().max().map_or(0, |deepest| deepest + 1);
    let mut result = vec![Vec::new(); deepest];
    for (&slot, level) in slots.iter().zip(level) {
        result[level.unwrap_or_default()].push(slot);
    }
    result
}

/// Returns whether a relationship over a foreign key says that it is set by an UPDATE of its own.
pub(super) fn is_post_update(child: &'static Mapper, foreign_key: usize) -> Result<bool> {
    let key = &child.configured()?.foreign_keys[foreign_key];
    let says_so = |info: &RelationshipInfo| {
        info.definition.post_update
            && info.direction != Direction::ManyToMany
            && info.link.is_some_and(|link| link.child.is(child) && link.foreign_key == foreign_key)
    };
    Ok(child.configured()?.relationships.iter().any(says_so)
        || key.target.configured()?.relationships.iter().any(says_so))
}

fn circular(objects: &Objects, slots: impl Iterator<Item = u32>) -> Error {
    let names: Vec<String> = slots.map(|slot| format!("`{:?}`", objects.handle(slot))).collect();
    let message = format!("circular dependency: the new objects {} refer to each other", names.join(", "));
    Error::new(ErrorKind::InvalidRequest, message)
        .hint("say `post_update` on one of the relationships, so that its foreign key is set after both rows exist")
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn a_chain_is_sorted_parents_first() {
        assert_eq!(components(3, &[(2, 1), (1, 0)]), [[2], [1], [0]]);
    }

    #[test]
    fn nodes_without_edges_keep_their_order() {
        assert_eq!(components(3, &[]), [[0], [1], [2]]);
    }

    #[test]
    fn a_ring_comes_together_after_what_it_needs() {
        assert_eq!(components(4, &[(0, 1), (1, 2), (2, 1), (2, 3)]), [vec![0], vec![1, 2], vec![3]]);
    }

    #[test]
    fn a_diamond_has_its_top_first_and_its_bottom_last() {
        let sorted = components(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert_eq!(sorted.first(), Some(&vec![0]));
        assert_eq!(sorted.last(), Some(&vec![3]));
    }

    #[test]
    fn a_node_that_points_at_itself_stands_alone() {
        assert_eq!(components(2, &[(0, 0), (0, 1)]), [[0], [1]]);
    }

    #[test]
    fn rings_that_share_a_node_are_one_and_others_stay_apart() {
        let shared = [(0, 1), (1, 0), (1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 5), (5, 1)];
        assert_eq!(components(6, &shared), [[0, 1, 2, 3, 4, 5]]);
        let apart = [(0, 1), (1, 0), (2, 3), (3, 2), (1, 2)];
        assert_eq!(components(4, &apart), [[0, 1], [2, 3]]);
    }

    #[test]
    fn the_order_is_the_same_each_time() {
        let edges = [(3, 1), (4, 1), (1, 0), (4, 2), (5, 2)];
        let first = components(6, &edges);
        assert!((0..50).all(|_| components(6, &edges) == first));
        let place = |node| first.iter().position(|component| component.contains(&node));
        assert!(edges.iter().all(|&(before, after)| place(before) < place(after)));
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let edges: Vec<_> = (1..200_000).map(|node| (node - 1, node)).collect();
        assert_eq!(components(200_000, &edges).len(), 200_000);
    }
}
