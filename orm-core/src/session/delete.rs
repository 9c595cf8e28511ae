//! Deleting objects: what goes with them by cascade, and what they leave behind with NULL.

use std::future::Future;
use std::pin::Pin;

use super::objects::{Links, Objects, Parted, State};
use super::{BindRequest, Busy, Handle, ObjectId, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, LoadNode};
use crate::mapper::{Direction, Mapper, Model, RelationshipInfo};

impl Session {
    /// Marks an object to be deleted by the next flush, with what its relationships say `cascade(delete)` of.
    ///
    /// Members of other collections stay and lose their foreign key; association rows go. Collections that are not
    /// loaded are loaded for that, unless they say `passive_deletes`. The object stays readable until it is expunged.
    /// One that has been deleted already is left alone. [`add_again`](Self::add_again) takes the mark away before a flush.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// session.flush().await?;
    ///
    /// session.delete(ed).await?;
    /// session.commit().await?; // UPDATE address SET user_id = NULL, DELETE FROM user
    /// assert_eq!(session[ed].name, "ed"); // still readable
    /// assert_eq!(select(Address.user_id).all(&engine).await?, [None]);
    /// # Ok(())
    /// # }
    /// ```
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
                let message =
                    format!("object {} has not been saved and cannot be deleted", self.objects.describe(slot));
                return Err(
                    Error::new(ErrorKind::InvalidRequest, message).hint("flush first, or take it out by `expunge`")
                );
            }
        }
        self.objects.sync()?;
        self.busy = Busy::Work("a delete");
        let done = self.doom(vec![slot]).await;
        self.busy = Busy::No;
        if done.is_err() {
            // It would take along what could be read of its members, and leave the others.
            self.objects.spare(slot)?;
        }
        done
    }

    /// Marks objects, and follows their relationships: all of one model at once, so that what has to be loaded takes few
    /// statements.
    fn doom(&mut self, slots: Vec<u32>) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(async move {
            let mut models: Vec<(&'static Mapper, Vec<u32>)> = Vec::new();
            for slot in slots {
                if self.objects.get(slot).is_doomed {
                    continue;
                }
                self.objects.save(slot);
                self.objects.get_mut(slot).is_doomed = true;
                self.objects.has_doomed = true;
                let mapper = self.objects.get(slot).mapper;
                match models.iter_mut().find(|(known, _)| known.is(mapper)) {
                    Some((_, slots)) => slots.push(slot),
                    None => models.push((mapper, vec![slot])),
                }
            }
            for (mapper, slots) in models {
                for info in mapper.configured()?.relationships.iter().filter(|info| !info.definition.viewonly) {
                    self.doom_along(&slots, info).await?;
                }
            }
            Ok(())
        })
    }

    async fn doom_along(&mut self, owners: &[u32], info: &'static RelationshipInfo) -> Result<()> {
        if !concerns_members(info) {
            return Ok(());
        }
        let index = usize::from(info.index);
        let is_unknown =
            |&slot: &u32| self.objects.is_stale(slot, index) || self.objects.is_filled_elsewhere(slot, index);
        let unknown: Vec<u32> = owners.iter().copied().filter(is_unknown).collect();
        if !unknown.is_empty() && !info.definition.passive_deletes {
            let Session { connections, objects, .. } = &mut *self;
            let connection = connections.for_loading(BindRequest::read_to_write(info.target), objects).await?;
            let node = LoadNode::bare(info.owner, info.index).without_deferred();
            objects.renews_references = true;
            let loaded = load::load_relationship(connection, objects, &unknown, &node).await;
            self.objects.renews_references = false;
            self.noted(loaded)?;
        }
        self.doom_members(owners, info).await
    }

    /// Marks the members that are known, or ends their membership.
    async fn doom_members(&mut self, owners: &[u32], info: &'static RelationshipInfo) -> Result<()> {
        let (index, follows) = (usize::from(info.index), info.definition.cascade.delete);
        let mut doomed = Vec::new();
        for &slot in owners {
            let owner = self.objects.id(slot);
            for member in self.objects.members_of(slot, index) {
                if self.objects.may_have_left(slot, info, member) {
                    continue;
                }
                let entry = self.objects.get(member.slot);
                let (state, is_doomed) = (entry.state, entry.is_doomed);
                if info.direction == Direction::ManyToMany {
                    self.objects.part(owner, info, member)?;
                }
                match state {
                    State::Persistent if follows => doomed.push(member.slot),
                    State::Pending if follows => {
                        self.let_go(member.slot, "removed with its owner before it was saved")?
                    }
                    State::Persistent | State::Pending if info.direction == Direction::OneToMany && !is_doomed => {
                        self.objects.part(owner, info, member)?;
                    }
                    _ => {}
                }
            }
        }
        if doomed.is_empty() { Ok(()) } else { self.doom(doomed).await }
    }

    /// Follows the relationships of what is marked once more, for members that have come after the mark.
    pub(super) async fn doom_latecomers(&mut self) -> Result<()> {
        if !self.objects.has_doomed {
            return Ok(());
        }
        let marked: Vec<u32> = self.objects.in_use().filter(|&slot| self.objects.get(slot).is_doomed).collect();
        for slot in marked {
            let infos = &self.objects.get(slot).mapper.configured()?.relationships;
            for info in infos.iter().filter(|info| !info.definition.viewonly && concerns_members(info)) {
                self.doom_members(&[slot], info).await?;
            }
        }
        Ok(())
    }

    /// Lets go of a new object that will not be saved, and of the new ones that would be deleted with it.
    fn let_go(&mut self, slot: u32, why: &'static str) -> Result<()> {
        let id = self.objects.id(slot);
        for info in &self.objects.get(slot).mapper.configured()?.relationships {
            for member in self.objects.members_of(slot, usize::from(info.index)) {
                let is_pending = self.objects.get(member.slot).state == State::Pending;
                if info.direction != Direction::ManyToOne && info.definition.cascade.delete && is_pending {
                    self.let_go(member.slot, why)?;
                } else if info.direction == Direction::OneToMany && !info.definition.viewonly {
                    self.objects.unlink(id, info, member)?;
                }
            }
        }
        self.objects.disconnect(slot)?;
        self.objects.pairs.retain(|pair| pair.owner != id && pair.member != id);
        self.objects.remove(slot, why);
        Ok(())
    }

    /// Marks what has left a collection that says `delete_orphan`; what was never saved is let go.
    pub(super) async fn doom_orphans(&mut self) -> Result<()> {
        loop {
            let is_orphan = |slot: &u32| self.objects.get(*slot).is_orphan;
            let orphans: Vec<u32> = self.objects.touched.iter().copied().filter(is_orphan).collect();
            if orphans.is_empty() {
                return Ok(());
            }
            let mut doomed = Vec::new();
            for slot in orphans {
                let entry = self.objects.get_mut(slot);
                // Letting go of one may have taken another along.
                let is_orphan = entry.object.is_some() && std::mem::take(&mut entry.is_orphan);
                match entry.state {
                    State::Pending if is_orphan => {
                        self.let_go(slot, "removed from its only owner before it was saved")?
                    }
                    State::Persistent if is_orphan => {
                        entry.links = Links::default();
                        doomed.push(slot);
                    }
                    _ => {}
                }
            }
            self.doom(doomed).await?;
        }
    }
}

/// Returns whether members are deleted or lose their owner when it is deleted.
fn concerns_members(info: &RelationshipInfo) -> bool {
    (info.direction != Direction::ManyToOne || info.definition.cascade.delete) && !info.definition.passive_deletes_all
}

impl Objects {
    /// Ends the membership of what stays when its owner is deleted, so that it can be taken back.
    fn part(&mut self, owner: ObjectId, info: &'static RelationshipInfo, member: ObjectId) -> Result<()> {
        self.unlink(owner, info, member)?;
        self.parted.push(Parted { owner, info, member });
        Ok(())
    }

    /// Takes the mark of deletion from an object and from what was marked along with it, and gives back what they have lost
    /// by it.
    pub(crate) fn spare(&mut self, slot: u32) -> Result<()> {
        if !std::mem::take(&mut self.get_mut(slot).is_doomed) {
            return Ok(());
        }
        for info in &self.get(slot).mapper.configured()?.relationships {
            if info.definition.cascade.delete && !info.definition.viewonly {
                let members = self.members_of(slot, usize::from(info.index));
                members.into_iter().try_for_each(|member| self.spare(member.slot))?;
            }
        }
        let owner = self.id(slot);
        let parted = std::mem::take(&mut self.parted);
        let (own, others): (Vec<Parted>, Vec<Parted>) = parted.into_iter().partition(|parted| parted.owner == owner);
        self.parted = others;
        for Parted { info, member, .. } in own {
            if self.is_alive(member) && !self.has_other_parent(info, member) {
                self.spare(member.slot)?;
                self.link(owner, info, member)?;
            }
        }
        let has_doomed = self.in_use().any(|slot| self.get(slot).is_doomed);
        self.has_doomed = has_doomed;
        Ok(())
    }

    /// Returns whether a member that was parted from its owner has been given another.
    fn has_other_parent(&self, info: &RelationshipInfo, member: ObjectId) -> bool {
        let links = &self.get(member.slot).links;
        info.link.is_some_and(|link| {
            links.iter().any(|change| change.foreign_key() == link.foreign_key && change.parent.is_some())
        })
    }
}
