//! The write side: what has changed in memory becomes INSERT, UPDATE and DELETE.
//!
//! In: the session's [`Objects`]. Collect what has changed, order it so that each row exists before a row refers to it,
//! batch neighbours of one shape, emit, and write back what the database filled in.

mod collect;
mod delete;
mod insert;
mod order;
mod pairs;
mod update;

pub(crate) use collect::is_clean;

use crate::engine::Connection;
use crate::error::Result;
use crate::session::Objects;

/// Brings the database in line with the objects.
pub(crate) async fn flush(objects: &mut Objects, connection: &mut Connection) -> Result<()> {
    let work = collect::collect(objects)?; // what has changed
    let groups = order::groups(&work)?; // which models before which
    let mut late = Vec::new();
    for group in &groups {
        let (early, waiting) = update::split(objects, group.updates(&work));
        update::emit(objects, connection, &early).await?;
        for level in order::levels(objects, &group.inserts(&work))? {
            insert::emit(objects, connection, level, &mut late).await?;
        }
        update::emit(objects, connection, &waiting).await?;
    }
    late.iter().for_each(|&slot| objects.renew_base(slot));
    update::emit(objects, connection, &late).await?; // keys of rows that refer to each other
    pairs::emit(objects, connection).await?;
    let checks_each_row = connection.engine.dialect().capabilities().checks_each_row;
    for group in groups.iter().rev() {
        let deletes = order::deletes(objects, &group.deletes(&work), checks_each_row)?;
        delete::part(objects, connection, &deletes.parted).await?; // rows that refer to each other
        for level in deletes.levels {
            delete::emit(objects, connection, level).await?;
        }
    }
    collect::settle(objects, &work);
    Ok(())
}
