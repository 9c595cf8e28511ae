//! The order of tables: each after those that it refers to, and what is left over where they refer to each other.

use super::{ForeignKey, Table};

/// Tables such that each comes after those that it refers to, but for the foreign keys of cycles.
pub(crate) struct Sorted {
    pub(crate) tables: Vec<Table>,
    /// The foreign keys that are added when all tables exist, by the positions of the table and the key: those that refer
    /// to a table further on, and those that ask for it.
    pub(crate) forward: Vec<(usize, usize)>,
}

/// Sorts tables.
pub(crate) fn sorted(tables: Vec<Table>) -> Sorted {
    let mut tables: Vec<Option<Table>> = tables.into_iter().map(Some).collect();
    let order = order(&parents(tables.iter().flatten()));
    let tables: Vec<Table> = order.into_iter().filter_map(|position| tables[position].take()).collect();
    let forward = forward(&tables);
    Sorted { tables, forward }
}

/// Returns for each table the positions of the other tables that it refers to.
fn parents<'a>(tables: impl Iterator<Item = &'a Table> + Clone) -> Vec<Vec<usize>> {
    let of = |(child, table): (usize, &Table)| {
        let others = tables.clone().enumerate().filter(|(parent, _)| *parent != child);
        let parents =
            others.filter(|(_, other)| table.foreign_keys.iter().any(|key| !key.use_alter && key.refers_to(other)));
        parents.map(|(parent, _)| parent).collect()
    };
    tables.clone().enumerate().map(of).collect()
}

/// Orders tables by their parents: the next is the first that waits for no other, or else the first of a cycle.
fn order(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_done = vec![false; parents.len()];
    while order.len() < parents.len() {
        let mut waiting = (0..parents.len()).filter(|table| !is_done[*table]);
        let free = waiting.clone().find(|table| parents[*table].iter().all(|parent| is_done[*parent]));
        let Some(next) = free.or_else(|| waiting.find(|table| reaches_itself(*table, parents, &is_done))) else {
            break;
        };
        is_done[next] = true;
        order.push(next);
    }
    order
}

/// Returns whether a table refers to itself through others that wait as well.
fn reaches_itself(table: usize, parents: &[Vec<usize>], is_done: &[bool]) -> bool {
    let mut is_reached = is_done.to_vec();
    let mut open = parents[table].clone();
    while let Some(next) = open.pop() {
        if !std::mem::replace(&mut is_reached[next], true) {
            open.extend(&parents[next]);
        }
    }
    is_reached[table]
}

/// Finds the foreign keys that refer to a table further on.
fn forward(tables: &[Table]) -> Vec<(usize, usize)> {
    let keys = tables.iter().enumerate().flat_map(|(at, table)| {
        let keys = table.foreign_keys.iter().enumerate();
        keys.map(move |(position, key)| (at, position, key))
    });
    let forward =
        keys.filter(|(at, _, key)| key.use_alter || tables[at + 1..].iter().any(|table| key.refers_to(table)));
    forward.map(|(at, position, _)| (at, position)).collect()
}

/// Takes foreign keys out of their tables.
pub(crate) fn take_out(tables: &mut [Table], keys: &[(usize, usize)]) -> Vec<(usize, ForeignKey)> {
    // From the last one on, so that positions stay right.
    let mut taken: Vec<_> = keys.iter().rev().map(|&(at, key)| (at, tables[at].foreign_keys.remove(key))).collect();
    taken.reverse();
    taken
}
