//! Deleting objects: what goes with them by cascade, and what they leave behind with NULL.

use std::future::Future;
use std::pin::Pin;

use super::objects::State;
use super::{Handle, ObjectId, Session, model_name};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, LoadNode};
use crate::mapper::{Alias, Change, Direction, Incoming, Mapper, Model, NewObject, Object, RelationshipInfo};
use crate::session::Key;
use crate::sql::Node;

impl Session {
    /// Marks an object to be deleted by the next flush, with what its relationships say `cascade(delete)` of.
    ///
    /// Members of other collections stay and lose their foreign key; association rows go. Collections that are not
    /// loaded are loaded for that, unless they say `passive_deletes`. The object stays readable until it is expunged.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, when the object has no row, or when loading fails.
    pub async fn delete<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        self.check()?;
        let slot = self.slot(handle)?;
        match self.objects.get(slot).state {
            State::Persistent => {}
            State::Deleted | State::Detached => return Ok(()),
            State::Pending | State::Transient => {
                let message = format!("object `{}` has not been saved and cannot be deleted", model_name::<M>());
                return Err(Error::new(ErrorKind::InvalidRequest, message)
                    .hint("flush first, or take it out by `expunge`"));
            }
        }
        self.objects.sync()?;
        self.doom(slot).await
    }

    /// Marks an object, and follows its relationships.
    fn doom(&mut self, slot: u32) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(async move {
            if self.objects.get(slot).is_doomed {
                return Ok(());
            }
            self.objects.save(slot);
            self.objects.get_mut(slot).is_doomed = true;
            self.objects.has_doomed = true;
            let mapper = self.objects.get(slot).mapper;
            for info in &mapper.configured()?.relationships {
                if !info.definition.viewonly {
                    self.doom_along(slot, info).await?;
                }
            }
            Ok(())
        })
    }

    async fn doom_along(&mut self, slot: u32, info: &'static RelationshipInfo) -> Result<()> {
        let follows = info.definition.cascade.delete;
        if info.direction == Direction::ManyToOne && !follows {
            return Ok(());
        }
        let index = usize::from(info.index);
        if !self.objects.object(slot).relation(index).is_loaded() || self.objects.get(slot).is_expired {
            if info.definition.passive_deletes {
                return Ok(());
            }
            self.connected(false).await?;
            let Session { connection: Some(connection), objects, .. } = &mut *self else { return Ok(()) };
            let node = LoadNode::plain(info.owner, info.index);
            load::load_relationship(connection, objects, &[slot], &node).await?;
        }
        let owner = self.objects.id(slot);
        for member in self.objects.object(slot).relation(index).members() {
            let state = self.objects.get(member.slot).state;
            if info.direction == Direction::ManyToMany {
                self.objects.unlink(owner, info, member)?;
            }
            if follows && state == State::Persistent {
                self.doom(member.slot).await?;
            } else if follows && state == State::Pending {
                self.objects.remove(member.slot, "removed with its owner before it was saved");
            } else if info.direction == Direction::OneToMany && !self.objects.get(member.slot).is_doomed {
                self.objects.unlink(owner, info, member)?;
            }
        }
        Ok(())
    }

    /// Marks what has left a collection that says `delete_orphan`; what was never saved is let go.
    pub(super) async fn doom_orphans(&mut self) -> Result<()> {
        loop {
            let touched = self.objects.touched.iter().copied();
            let Some(slot) = touched.into_iter().find(|&slot| self.objects.get(slot).is_orphan) else { return Ok(()) };
            self.objects.get_mut(slot).is_orphan = false;
            match self.objects.get(slot).state {
                State::Pending => {
                    self.objects.remove(slot, "removed from its only owner before it was saved");
                }
                State::Persistent => {
                    self.objects.get_mut(slot).links.clear();
                    self.doom(slot).await?;
                }
                _ => {}
            }
        }
    }

    /// Copies a new object onto the one with its key, or adds it.
    pub(super) fn merge_object(&mut self, new: NewObject) -> Pin<Box<dyn Future<Output = Result<u32>> + Send + '_>> {
        Box::pin(async move {
            let NewObject { mut object, set, .. } = new;
            let mapper = object.mapper();
            let has_key = mapper.definition.key.iter().all(|&column| set.contains(usize::from(column)));
            let existing = if has_key { self.find_by_key(mapper, &*object).await? } else { None };
            let mut members = Vec::new();
            for index in 0..mapper.definition.relationships.len() {
                let changes = object.relation_mut(index).adopt(ObjectId::NOWHERE, true);
                members.push(changes);
            }
            let slot = match existing {
                Some(slot) => {
                    self.objects.touch(slot);
                    for column in (0..mapper.width()).filter(|&column| set.contains(column)) {
                        let value = object.column(column);
                        let put = self.objects.object_mut(slot).set_column(column, super::as_row_value(&value));
                        put.map_err(|reason| Error::new(ErrorKind::Data, reason.reason().to_owned()))?;
                    }
                    slot
                }
                None => {
                    for index in 0..mapper.definition.relationships.len() {
                        object.relation_mut(index).release();
                    }
                    self.objects.add_graph(NewObject { object, set, origin: None })?
                }
            };
            for (index, changes) in members.into_iter().enumerate() {
                if !changes.is_empty() {
                    self.merge_members(slot, &mapper.configured()?.relationships[index], changes).await?;
                }
            }
            Ok(slot)
        })
    }

    async fn merge_members(
        &mut self,
        slot: u32,
        info: &'static RelationshipInfo,
        changes: Vec<Change>,
    ) -> Result<()> {
        for change in changes {
            let Change::Add(incoming) = change else { continue };
            let member = match incoming {
                Incoming::Known(id) => id,
                Incoming::New(new) => {
                    let merged = self.merge_object(new).await?;
                    self.objects.id(merged)
                }
            };
            self.objects.link(self.objects.id(slot), info, member)?;
        }
        Ok(())
    }

    async fn find_by_key(&mut self, mapper: &'static Mapper, object: &dyn Object) -> Result<Option<u32>> {
        let Some(key) = Key::of_object(object) else { return Ok(None) };
        if let Some(slot) = self.objects.find(mapper, &key) {
            return Ok(Some(slot));
        }
        let filters = mapper.definition.key.iter().map(|&column| {
            let left = Node::Column { mapper, column, alias: Alias::NONE };
            Node::equals(left, Node::Bind(object.column(usize::from(column))))
        });
        self.read_rows(mapper, filters.collect()).await?;
        Ok(self.objects.find(mapper, &key))
    }
}
