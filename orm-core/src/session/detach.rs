//! Objects taken out of a session: as values, graph and all, or for good.

use std::collections::HashSet;

use super::objects::{Objects, State};
use super::{Handle, ObjectId, Session, wrong_model};
use crate::error::Result;
use crate::mapper::{Mapper, Model, Object, RelationshipInfo, downcast};

impl Session {
    /// Takes an object out as a value, with all that is loaded of its relationships.
    ///
    /// Along the way, the other side of the relationship just walked and whatever leads back to the path or to what has
    /// left the session stay unloaded; what is reached twice is copied. Only the object itself leaves the session, and
    /// what its relationships say `cascade(expunge)` of; changes that were not flushed go with it.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata};
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
    /// session.commit().await?;
    ///
    /// let user: User = session.detach(ed)?;
    /// assert_eq!(user.addresses.get()[0].email, "ed@x.org"); // values, as outside of every session
    /// assert!(!session.contains(ed));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn detach<M: Model>(&mut self, handle: Handle<M>) -> Result<M> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        let value = value_of(&self.objects, slot, None, &mut Vec::new())?;
        self.remove(slot, "taken out by `detach`")?;
        downcast(value).ok_or_else(wrong_model::<M>)
    }

    /// Returns an object as a value with all that is loaded of its relationships, as [`detach`](Self::detach) gives it; the
    /// object stays in the session. For an answer in JSON, say, which handles of members have no place in.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, metadata, selectinload};
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
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// let ed = session.query(User).options(selectinload(User.addresses)).one().await?;
    /// let user: User = session.value_of(ed)?;
    /// assert_eq!(user.addresses.get()[0].email, "ed@x.org");
    /// assert_eq!(session[ed].name, "ed"); // still there
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn value_of<M: Model>(&mut self, handle: Handle<M>) -> Result<M> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        downcast(value_of(&self.objects, slot, None, &mut Vec::new())?).ok_or_else(wrong_model::<M>)
    }

    /// Lets go of an object, and of what its relationships say `cascade(expunge)` of. Their handles are dead.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.expunge(ed)?; // before a flush: it is not saved
    /// session.flush().await?;
    /// assert_eq!(session.query(User).count().await?, 0);
    /// assert!(session.object(ed).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn expunge<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        let slot = self.slot(handle)?;
        self.objects.sync()?;
        self.remove(slot, "expunged")
    }

    /// Lets go of every object.
    pub fn expunge_all(&mut self) {
        self.objects.remove_all("expunged");
    }

    /// Lets go of every object that has not been changed.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let users = session.add_all(["ed", "wendy", "mary"].map(|name| User::builder().name(name)));
    /// session.commit().await?;
    /// session[users[0]].name = "edward".into();
    ///
    /// session.expunge_clean();
    /// assert!(session.contains(users[0])); // its change waits for a flush
    /// assert!(!session.contains(users[1]));
    /// session.expunge_all(); // and the change is lost
    /// assert!(!session.contains(users[0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn expunge_clean(&mut self) {
        // What was done through fields leads to objects, too.
        self.take_up_fields();
        let clean: Vec<u32> = self.objects.in_use().collect();
        self.let_go_of_clean(clean, "expunged while it was unchanged");
    }

    /// Lets go of the clean objects that the last chunk of a query brought in.
    pub(super) fn let_go_of_chunk(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.let_go_of_clean(chunk, "let go when the next chunk was read");
    }

    /// Lets go of those that are clean, and that no change which waits for a flush leads to.
    fn let_go_of_clean(&mut self, slots: Vec<u32>, why: &'static str) {
        let awaited = self.objects.awaited();
        let is_clean = |slot: &u32| {
            let entry = self.objects.get(*slot);
            matches!(entry.state, State::Persistent | State::Detached)
                && entry.object.is_some()
                && !entry.is_touched
                && !entry.is_doomed
                && !awaited.contains(slot)
        };
        let clean: Vec<u32> = slots.into_iter().filter(is_clean).collect();
        // A model that cannot be configured has no fields in step with others.
        let _ = self.objects.disconnect_all(&clean);
        for slot in clean {
            self.objects.remove(slot, why);
        }
    }

    /// Takes out an object and what its relationships say `cascade(expunge)` of, which is all known before any of it leaves.
    fn remove(&mut self, slot: u32, why: &'static str) -> Result<()> {
        let leaving = self.expunged_with(slot);
        self.objects.disconnect_all(&leaving)?;
        for slot in leaving {
            let id = self.objects.id(slot);
            self.objects.pairs.retain(|pair| pair.owner != id && pair.member != id);
            self.objects.remove(slot, why);
        }
        Ok(())
    }

    fn expunged_with(&self, slot: u32) -> Vec<u32> {
        let (mut leaving, mut known, mut at) = (vec![slot], HashSet::from([slot]), 0);
        while let Some(&slot) = leaving.get(at) {
            at += 1;
            let relationships = self.objects.get(slot).mapper.definition.relationships.iter().enumerate();
            for (index, _) in relationships.filter(|(_, definition)| definition.cascade.expunge) {
                let members = self.objects.members_of(slot, index).into_iter().map(|member| member.slot);
                leaving.extend(members.filter(|&member| known.insert(member)));
            }
        }
        leaving
    }
}

/// Makes a value of an object and of what is loaded of its relationships.
fn value_of(
    objects: &Objects,
    slot: u32,
    came_by: Option<&RelationshipInfo>,
    path: &mut Vec<u32>,
) -> Result<Box<dyn Object>> {
    path.push(slot);
    let object = objects.object(slot);
    let mut value = object.copy();
    for index in 0..object.mapper().definition.relationships.len() {
        value.relation_mut(index).release();
        let is_way_back = came_by.is_some_and(|info| info.reverse == Some(index as u16));
        let field = object.relation(index);
        if is_way_back || !field.is_loaded() {
            continue;
        }
        let members = field.members();
        // What was deleted stays in the collection until that is read again, and is no value of it.
        let is_gone = |member: &ObjectId| matches!(objects.get(member.slot).state, State::Deleted | State::Detached);
        let is_left_out = |member: &ObjectId| path.contains(&member.slot) || !objects.is_alive(*member);
        if members.iter().any(is_left_out) {
            continue;
        }
        let info = &object.mapper().configured()?.relationships[index];
        let mut list = (info.target.new_vec)();
        for member in members.into_iter().filter(|member| !is_gone(member)) {
            list.push(value_of(objects, member.slot, Some(info), path)?);
        }
        // What the session's conditions hide is still there.
        let hides = |mapper: &Mapper| objects.events.filters(mapper);
        let is_all = field.is_complete()
            && !hides(info.target)
            && !info.secondary.as_ref().is_some_and(|secondary| hides(secondary.mapper));
        if info.is_to_one() {
            value.relation_mut(index).set_value(list.share().into_iter().next(), is_all);
        } else {
            let mut values = None;
            list.move_to(&mut values);
            values.into_iter().for_each(|values| value.relation_mut(index).set_values(values, is_all));
        }
    }
    path.pop();
    Ok(value)
}
