//! DELETE of objects, by key, many in one statement.

use orm_pool::Value;

use super::update::{key_filters, stale};
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::{Alias, Mapper, Object};
use crate::session::{Objects, State};
use crate::sql::{DeleteNode, Node, Statement, UpdateNode};

/// How many rows one statement deletes.
const CHUNK: usize = 500;

/// Deletes the rows of one level.
pub(super) async fn emit(objects: &mut Objects, connection: &mut Connection, slots: Vec<u32>) -> Result<()> {
    let mut rest = slots;
    while let Some(&first) = rest.first() {
        let mapper = objects.get(first).mapper;
        let (own, others): (Vec<u32>, Vec<u32>) =
            rest.into_iter().partition(|&slot| objects.get(slot).mapper.is(mapper));
        rest = others;
        match mapper.definition().version {
            Some(version) => one_by_one(objects, connection, mapper, version, &own).await?,
            None => together(objects, connection, mapper, &own).await?,
        }
        for slot in own {
            objects.save(slot);
            objects.forget_identity(slot);
            let entry = objects.get_mut(slot);
            entry.state = State::Deleted;
            entry.is_doomed = false;
        }
    }
    Ok(())
}

/// Sets foreign keys of rows that are to be deleted to NULL.
pub(super) async fn part(objects: &Objects, connection: &mut Connection, keys: &[(u32, usize)]) -> Result<()> {
    let engine = connection.engine.clone();
    for &(slot, foreign_key) in keys {
        let mapper = objects.get(slot).mapper;
        let columns = &mapper.configured()?.foreign_keys[foreign_key].columns;
        let null = |&column: &u16| {
            let kind = mapper.definition().columns[usize::from(column)].kind;
            (column, Node::Bind(Value::Null(kind)))
        };
        let filters = key_filters(mapper, stored(objects, slot));
        let statement = UpdateNode::new(mapper, columns.iter().map(null).collect(), filters);
        engine.change(&mut connection.guard, vec![Statement::Update(Box::new(statement))]).await?;
    }
    Ok(())
}

/// The object as the database has it.
fn stored(objects: &Objects, slot: u32) -> &dyn Object {
    objects.get(slot).base.as_deref().unwrap_or_else(|| objects.object(slot))
}

async fn together(
    objects: &Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    slots: &[u32],
) -> Result<()> {
    let engine = connection.engine.clone();
    for chunk in slots.chunks(CHUNK) {
        let filter = match mapper.definition().key {
            &[column] => {
                let operand = Box::new(Node::Column { mapper, column, alias: Alias::NONE });
                let value = |&slot: &u32| Node::Bind(stored(objects, slot).column(usize::from(column)));
                match chunk {
                    [only] => Node::equals(*operand, value(only)),
                    _ => Node::In { operand, list: chunk.iter().map(value).collect(), negated: false },
                }
            }
            _ => Node::Any(chunk.iter().map(|&slot| Node::All(key_filters(mapper, stored(objects, slot)))).collect()),
        };
        let statement = DeleteNode::new(mapper, vec![filter]);
        let changed = engine.change(&mut connection.guard, vec![Statement::Delete(Box::new(statement))]).await?;
        if changed != chunk.len() as u64 {
            tracing::warn!(
                target: "orm::session",
                "DELETE statement on table `{}` expected to delete {} row(s); {changed} were matched",
                mapper.definition().table,
                chunk.len()
            );
        }
    }
    Ok(())
}

async fn one_by_one(
    objects: &Objects,
    connection: &mut Connection,
    mapper: &'static Mapper,
    version: u16,
    slots: &[u32],
) -> Result<()> {
    let engine = connection.engine.clone();
    for &slot in slots {
        let object = stored(objects, slot);
        let mut filters = key_filters(mapper, object);
        let known: Value = object.column(usize::from(version));
        filters.push(Node::equals(Node::Column { mapper, column: version, alias: Alias::NONE }, Node::Bind(known)));
        let statement = DeleteNode::new(mapper, filters);
        let changed = engine.change(&mut connection.guard, vec![Statement::Delete(Box::new(statement))]).await?;
        if changed != 1 {
            return Err(stale(objects, slot, "DELETE", changed));
        }
    }
    Ok(())
}
