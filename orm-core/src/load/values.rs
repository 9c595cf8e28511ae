//! Loads relationships of values: the members are read, loaded further themselves, and then shared out.

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use orm_pool::driver;

use super::select::{CHUNK, key_of_row, members, owner_key};
use super::{LoadNode, Plan};
use crate::engine::Engine;
use crate::error::Result;
use crate::mapper::{Object, RelationshipInfo};
use crate::session::Key;
use crate::sql::Statement;

/// Which owners have a key.
type Owners = HashMap<Key, Vec<usize>, foldhash::fast::RandomState>;

/// Fills the fields of objects outside a session.
pub(crate) async fn values(
    engine: &Engine,
    connection: &mut driver::Connection,
    objects: Vec<&mut dyn Object>,
    plans: &[Plan],
) -> Result<()> {
    let mut objects = objects;
    for plan in plans {
        let mut owners: Vec<&mut dyn Object> =
            objects.iter_mut().filter(|object| object.mapper().is(plan.root)).map(|object| &mut **object).collect();
        for node in &plan.nodes {
            load(engine, connection, &mut owners, node).await?;
        }
    }
    Ok(())
}

/// Fills one field of the owners.
fn load<'a>(
    engine: &'a Engine,
    connection: &'a mut driver::Connection,
    owners: &'a mut [&mut dyn Object],
    node: &'a LoadNode,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        let info = node.info()?;
        let mut by_key = Owners::default();
        let mut keys = Vec::new();
        for (position, owner) in owners.iter().enumerate() {
            let Some(key) = owner_key(&**owner, info) else { continue };
            let positions = by_key.entry(key.key.clone()).or_default();
            if positions.is_empty() {
                keys.push(key);
            }
            positions.push(position);
        }
        let mut found = (info.target.new_vec)();
        let mut keys_of_found: Vec<Option<Key>> = Vec::new();
        for chunk in keys.chunks(CHUNK) {
            let chunk: Vec<_> = chunk.iter().collect();
            let statement = Statement::Select(Box::new(members(node, info, &chunk)?));
            let prepared = engine.prepare(statement)?;
            engine
                .run(connection, &prepared, |row| {
                    found.push_row(&row, 0)?;
                    keys_of_found.push(key_of_row(&row, info));
                    Ok(ControlFlow::Continue(()))
                })
                .await?;
        }
        {
            let mut objects = found.objects();
            for child in &node.children {
                load(engine, connection, &mut objects, child).await?;
            }
        }
        let mut shares: Vec<Vec<u32>> = vec![Vec::new(); owners.len()];
        for (position, key) in keys_of_found.iter().enumerate() {
            let positions = key.as_ref().and_then(|key| by_key.get(key));
            positions.into_iter().flatten().for_each(|&owner| shares[owner].push(position as u32));
        }
        share(owners, info, found, &shares);
        Ok(())
    })
}

/// Gives each owner its members.
fn share(
    owners: &mut [&mut dyn Object],
    info: &RelationshipInfo,
    found: Box<dyn crate::mapper::ObjectVec>,
    shares: &[Vec<u32>],
) {
    let index = usize::from(info.index);
    if info.is_to_one() {
        let found = found.share();
        for (owner, share) in owners.iter_mut().zip(shares) {
            let value = share.first().map(|&position| found[position as usize].clone());
            owner.relation_mut(index).set_value(value);
        }
    } else {
        for (owner, values) in owners.iter_mut().zip(found.split(shares)) {
            owner.relation_mut(index).set_values(values);
        }
    }
}
