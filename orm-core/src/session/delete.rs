//! Deleting objects: what goes with them by cascade, and what they leave behind with NULL.

use std::future::Future;
use std::pin::Pin;

use super::objects::State;
use super::{BindRequest, Handle, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, LoadNode};
use crate::mapper::{Direction, Mapper, Model, RelationshipInfo};

impl Session {
    /// Marks an object to be deleted by the next flush, with what its relationships say `cascade(delete)` of.
    ///
    /// Members of other collections stay and lose their foreign key; association rows go. Collections that are not
    /// loaded are loaded for that, unless they say `passive_deletes`. The object stays readable until it is expunged.
    /// One that has been deleted already is left alone.
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
        self.doom(vec![slot]).await
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
        let follows = info.definition.cascade.delete;
        if (info.direction == Direction::ManyToOne && !follows) || info.definition.passive_deletes_all {
            return Ok(());
        }
        let index = usize::from(info.index);
        let is_unknown = |&slot: &u32| self.objects.is_stale(slot, index);
        let unknown: Vec<u32> = owners.iter().copied().filter(is_unknown).collect();
        if !unknown.is_empty() && !info.definition.passive_deletes {
            let Session { connections, objects, .. } = &mut *self;
            let connection = connections.of(BindRequest::read(info.target)).await?;
            load::load_relationship(
                connection,
                objects,
                &unknown,
                &LoadNode::bare(info.owner, info.index).without_deferred(),
            )
            .await?;
        }
        let mut doomed = Vec::new();
        for &slot in owners {
            let owner = self.objects.id(slot);
            for member in self.objects.members_of(slot, index) {
                let entry = self.objects.get(member.slot);
                let (state, is_doomed) = (entry.state, entry.is_doomed);
                if info.direction == Direction::ManyToMany {
                    self.objects.unlink(owner, info, member)?;
                }
                match state {
                    State::Persistent if follows => doomed.push(member.slot),
                    State::Pending if follows => {
                        self.let_go(member.slot, "removed with its owner before it was saved")?
                    }
                    State::Persistent | State::Pending if info.direction == Direction::OneToMany && !is_doomed => {
                        self.objects.unlink(owner, info, member)?;
                    }
                    _ => {}
                }
            }
        }
        self.doom(doomed).await
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
                        entry.links.clear();
                        doomed.push(slot);
                    }
                    _ => {}
                }
            }
            self.doom(doomed).await?;
        }
    }
}
