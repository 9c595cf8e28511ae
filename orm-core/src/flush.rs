//! The write side: what has changed in memory becomes INSERT, UPDATE and DELETE.
//!
//! In: the session's [`Objects`]. Collect what has changed, order it so that each row exists before a row refers to it,
//! batch neighbours of one shape, emit, and write back what the database filled in.

mod alone;
mod collect;
mod delete;
mod followers;
mod guards;
mod insert;
mod order;
mod pairs;
mod referrers;
mod trade;
mod update;
mod vacate;
mod validate;

pub(crate) use collect::is_clean;
pub(crate) use update::update_by_key;
pub use validate::validate;
pub(crate) use validate::validate_all;

use crate::error::Result;
use crate::session::{Connections, Moment, Objects};

/// Brings the database in line with the objects; `is_commit` says that the commit follows.
pub(crate) async fn flush(objects: &mut Objects, connections: &mut Connections, is_commit: bool) -> Result<()> {
    collect::switch_rows(objects)?;
    referrers::spread_keys(objects, connections).await?;
    let work = collect::collect(objects); // what has changed
    let groups = order::groups(&work)?; // which models before which
    let first = vacate::first(objects, &work)?; // whose values others take
    connections.write_alone_if(is_commit && alone::may_be_one_statement(objects, &work));
    update::let_go(objects, connections, &first.letting_go).await?;
    pairs::emit(objects, connections, &first.pairs).await?;
    delete_rows(objects, connections, &work, &groups, &first.deletes).await?;
    let (mut late, mut last) = (Vec::new(), Vec::new());
    for group in &groups {
        let (early, waiting) = update::split(objects, group.of(&work, objects, &work.updates));
        let doomed = doomed(objects, group.of(&work, objects, &work.deletes));
        let mut turns = trade::turns(objects, early, waiting, &doomed); // who takes whose value
        followers::put_off(objects, &mut turns.early, &mut last)?;
        followers::put_off(objects, &mut turns.waiting, &mut last)?;
        update::emit(objects, connections, &turns.early).await?;
        for level in order::levels(objects, group.of(&work, objects, &work.inserts))? {
            insert::emit(objects, connections, level, &mut late).await?;
        }
        update::emit(objects, connections, &turns.waiting).await?;
        let leaving = update::leaving(objects, &turns.last)?;
        update::let_go(objects, connections, &leaving).await?;
        last.extend(turns.last);
    }
    late.iter().for_each(|&slot| objects.renew_base(slot));
    update::emit(objects, connections, &late).await?; // keys of rows that refer to each other
    let pairs = std::mem::take(&mut objects.pairs);
    pairs::emit(objects, connections, &pairs).await?;
    delete_rows(objects, connections, &work, &groups, &work.deletes).await?;
    update::emit(objects, connections, &last).await?; // what takes the value of a row that is gone
    collect::settle(objects, &work);
    tell_after(objects, &work)
}

/// Deletes those of the objects that are not deleted yet, each after what refers to it.
async fn delete_rows(
    objects: &mut Objects,
    connections: &mut Connections,
    work: &collect::Work,
    groups: &[order::Group],
    slots: &[u32],
) -> Result<()> {
    if slots.is_empty() {
        return Ok(());
    }
    let checks_each_row = connections.engine().dialect().capabilities().checks_each_row;
    for group in groups.iter().rev() {
        let doomed = doomed(objects, group.of(work, objects, slots));
        let deletes = order::deletes(objects, &doomed, checks_each_row)?;
        if !deletes.parted.is_empty() {
            connections.write_alone_if(false);
        }
        let parted = delete::part(objects, connections, &deletes.parted).await?; // rows that refer to each other
        for level in deletes.levels {
            delete::emit(objects, connections, level, &parted).await?;
        }
    }
    Ok(())
}

/// Leaves those of the objects to be deleted that have not gone first.
fn doomed(objects: &Objects, mut slots: Vec<u32>) -> Vec<u32> {
    slots.retain(|&slot| objects.get(slot).is_doomed);
    slots
}

/// Tells who listens to objects of these models. What they change of relationships is taken up by the next flush.
fn tell(objects: &mut Objects, moment: Moment, slots: &[u32]) -> Result<()> {
    let events = objects.events.clone();
    for &slot in slots {
        if events.listens(moment, objects.get(slot).mapper) {
            if !matches!(moment, Moment::BeforeDelete | Moment::AfterDelete) {
                objects.lend(slot);
            }
            events.call(moment, objects.object_mut(slot))?;
        }
    }
    Ok(())
}

/// Tells who listens to what was written. What they change waits for the next flush.
fn tell_after(objects: &mut Objects, work: &collect::Work) -> Result<()> {
    let moments = [
        (Moment::AfterInsert, &work.inserts),
        (Moment::AfterUpdate, &work.updates),
        (Moment::AfterDelete, &work.deletes),
    ];
    for (moment, slots) in moments {
        let heard: Vec<u32> =
            slots.iter().copied().filter(|&slot| objects.events.listens(moment, objects.get(slot).mapper)).collect();
        tell(objects, moment, &heard)?;
    }
    Ok(())
}
