//! Keys that have changed, and what refers to their rows.
//!
//! In: objects whose key differs from the row's. Out: changes of the objects that refer to them.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::insert::set_foreign_key;
use super::update::tells_rows_apart;
use crate::error::Result;
use crate::mapper::{Alias, Direction, ForeignKey, Mapper, Object, ReferentialAction, Row, is_changed};
use crate::session::{BindRequest, Connections, Key, Objects, State};
use crate::sql::{Node, Output, SelectNode, Statement};

/// Gives the rows that refer to an object whose key has changed the new key. Rows that the database itself updates
/// (`on_update = cascade`) are left to it; others are read, as far as relationships of the object lead to them.
pub(super) async fn spread_keys(objects: &mut Objects, connections: &mut Connections) -> Result<()> {
    let mut at = 0;
    while let Some(&parent) = objects.touched.get(at) {
        at += 1;
        let Some(before) = changed_key(objects, parent) else { continue };
        read_referring(objects, connections, parent, &*before).await?;
        for (child, foreign_key) in referring(objects, &*before, objects.object(parent), false)? {
            let mapper = objects.get(child).mapper;
            let key = &mapper.configured()?.foreign_keys[foreign_key];
            objects.touch(child);
            for (&column, &target) in key.columns.iter().zip(&key.target_columns) {
                let value = objects.object(parent).column(usize::from(target));
                set_foreign_key(objects, child, usize::from(column), &value)?;
            }
        }
    }
    Ok(())
}

/// Reads the rows that refer to an object by the key that it had. SQLAlchemy's `passive_updates=False`.
async fn read_referring(
    objects: &mut Objects,
    connections: &mut Connections,
    parent: u32,
    before: &dyn Object,
) -> Result<()> {
    for (child, key) in keys_to(objects.get(parent).mapper)? {
        let own = |object: &dyn Object| Key::of_columns(object, key.target_columns.iter().copied());
        let was = own(before);
        if was.is_none() || was == own(objects.object(parent)) {
            continue;
        }
        let refers = key.columns.iter().zip(&key.target_columns).map(|(&column, &target)| {
            let column = Node::Column { mapper: child, column, alias: Alias::NONE };
            Node::equals(column, Node::Bind(before.column(usize::from(target))))
        });
        let outputs = vec![Output::entity(child, Alias::NONE)];
        let select = SelectNode { outputs, filters: refers.collect(), ..SelectNode::default() };
        let connection = connections.for_loading(BindRequest::read_to_write(child), objects).await?;
        let mut take = |row: Row<'_>| {
            objects.load_any(child, &row, 0)?;
            Ok(ControlFlow::Continue(()))
        };
        connection.run(Statement::Select(Box::new(select)), &mut take).await?;
    }
    Ok(())
}

/// Lists the foreign keys by which rows refer to those of a model and which the database does not keep in step, as far as
/// relationships of the model know of them.
fn keys_to(parent: &'static Mapper) -> Result<Vec<(&'static Mapper, &'static ForeignKey)>> {
    let mut keys: Vec<(&'static Mapper, &'static ForeignKey)> = Vec::new();
    for info in parent.configured()?.relationships.iter().filter(|info| !info.definition.viewonly) {
        let child = match (info.direction, &info.secondary, &info.link) {
            (_, Some(secondary), _) => secondary.mapper,
            (Direction::OneToMany, None, Some(link)) => link.child,
            _ => continue,
        };
        for key in &child.configured()?.foreign_keys {
            let is_left = key.on_update == Some(ReferentialAction::Cascade);
            let is_known = keys.iter().any(|(_, known)| std::ptr::eq(*known, key));
            if key.target.is(parent) && !is_left && !is_known {
                keys.push((child, key));
            }
        }
    }
    Ok(keys)
}

/// Returns what an object was before a column changed that others may refer to.
fn changed_key(objects: &Objects, slot: u32) -> Option<Arc<dyn Object>> {
    let entry = objects.get(slot);
    let base = entry.base.as_ref().filter(|_| entry.state == State::Persistent && !entry.is_doomed)?;
    key_differs(objects.object(slot), &**base).then(|| base.clone())
}

/// Returns whether an object differs in a column that others may refer to.
fn key_differs(now: &dyn Object, before: &dyn Object) -> bool {
    let mapper = now.mapper();
    (0..mapper.width()).any(|column| tells_rows_apart(mapper, column as u16) && is_changed(now, before, column))
}

/// Returns the objects, with their foreign keys, whose rows refer to one by a key that it had before and has no more: those
/// that the database updates by itself, or the others, unless they are to refer to something else.
pub(super) fn referring(
    objects: &Objects,
    before: &dyn Object,
    now: &dyn Object,
    is_cascading: bool,
) -> Result<Vec<(u32, usize)>> {
    let target = now.mapper();
    let mut found = Vec::new();
    if !key_differs(now, before) {
        return Ok(found);
    }
    for child in objects.in_use() {
        let entry = objects.get(child);
        if entry.state != State::Persistent || (entry.is_doomed && !is_cascading) {
            continue;
        }
        for (position, key) in entry.mapper.configured()?.foreign_keys.iter().enumerate() {
            let cascades = key.on_update == Some(ReferentialAction::Cascade);
            if !key.target.is(target) || cascades != is_cascading {
                continue;
            }
            let was = Key::of_columns(before, key.target_columns.iter().copied());
            let is = Key::of_columns(now, key.target_columns.iter().copied());
            let own = |object: &dyn Object| Key::of_columns(object, key.columns.iter().copied());
            let refers = was.is_some() && was != is && own(objects.stored(child)) == was;
            let is_linked = entry.links.iter().any(|link| link.foreign_key() == position);
            // What is linked to another object already is left to that; its row follows nonetheless.
            if refers && (is_cascading || (!is_linked && own(objects.object(child)) == was)) {
                found.push((child, position));
            }
        }
    }
    Ok(found)
}
