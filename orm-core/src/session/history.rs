//! What has changed in an object since the last flush, where it stands, and single attributes expired or read again.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::merge::put;
use super::query::{cannot_be_refreshed, not_persistent};
use super::{BindRequest, Handle, ObjectId, Objects, Session, State};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{
    Alias, Attribute, Decoded, Definition, Model, Relationship, Row, UnitValues, is_changed, set_columns,
};
use crate::sql::{Columns, Node, Output, SelectNode, Statement};
use crate::types::{RowValue, SqlType};

/// What has changed in an attribute since the last flush. SQLAlchemy's `History`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<T> {
    /// What has come; the value of a column that differs.
    pub added: Vec<T>,
    /// What is as it was.
    pub unchanged: Vec<T>,
    /// What has gone; the value that a column had.
    pub deleted: Vec<T>,
}

impl<T> History<T> {
    /// Returns whether something has changed.
    pub fn has_changes(&self) -> bool {
        !self.added.is_empty() || !self.deleted.is_empty()
    }
}

/// Where an object stands between memory and the database. SQLAlchemy's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectState {
    /// Its addition was rolled back; it is not to be saved.
    Transient,
    /// Added, to be inserted by the next flush.
    Pending,
    /// A row of the database.
    Persistent,
    /// Deleted by a flush of this transaction.
    Deleted,
    /// Its row is gone; only memory has it.
    Detached,
}

impl Session {
    /// Returns where an object stands.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, ObjectState, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// assert_eq!(session.state(ed)?, ObjectState::Pending);
    /// session.flush().await?;
    /// assert_eq!(session.state(ed)?, ObjectState::Persistent);
    /// session.delete(ed).await?;
    /// session.flush().await?;
    /// assert_eq!(session.state(ed)?, ObjectState::Deleted);
    /// session.commit().await?;
    /// assert_eq!(session.state(ed)?, ObjectState::Detached);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn state<M: Model>(&self, handle: Handle<M>) -> Result<ObjectState> {
        Ok(self.objects.get(self.slot(handle)?).state.into())
    }

    /// Returns whether an object is expired: read again by whatever reads it next.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn is_expired<M: Model>(&self, handle: Handle<M>) -> Result<bool> {
        Ok(self.objects.get(self.slot(handle)?).is_expired)
    }

    /// Says what has changed in a column since the last flush. A new object has nothing but what was added, in the columns
    /// that were set; of a column that is not loaded nothing is known.
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
    /// session.flush().await?;
    /// session[ed].name = "edward".into();
    /// let history = session.history(ed, User.name)?;
    /// assert_eq!((history.added, history.deleted), (vec!["edward".to_owned()], vec!["ed".to_owned()]));
    /// assert!(!session.history(ed, User.id)?.has_changes());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session.
    pub fn history<M: Model, T: SqlType>(&self, handle: Handle<M>, attribute: Attribute<M, T>) -> Result<History<T>> {
        let slot = self.slot(handle)?;
        let column = usize::from(attribute.__column());
        let decode = |value: orm_pool::Value| {
            let decoded = T::decode(RowValue::of(&value).get());
            decoded.map_err(|reason| Error::new(ErrorKind::Data, reason.reason().to_owned()))
        };
        let object = self.objects.object(slot);
        let entry = self.objects.get(slot);
        let now = object.column(column);
        let mut history = History { added: vec![], unchanged: vec![], deleted: vec![] };
        match (&entry.base, entry.state) {
            // Nothing is known of what is not loaded.
            _ if object.is_left_out(column) => {}
            (base, State::Pending | State::Transient) => {
                let is_changed = base.as_deref().is_some_and(|base| is_changed(object, base, column));
                if is_changed || entry.set.contains(column) {
                    history.added.push(decode(now)?);
                }
            }
            (Some(base), _) if is_changed(object, &**base, column) => {
                if !base.is_left_out(column) {
                    history.deleted.push(decode(base.column(column))?);
                }
                history.added.push(decode(now)?);
            }
            _ => history.unchanged.push(decode(now)?),
        }
        Ok(history)
    }

    /// Says what has changed in a relationship since the last flush, as far as its members are known. What was done through
    /// fields counts from the next query on.
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
    /// session.flush().await?;
    /// let first = session.handles(ed, User.addresses)[0];
    /// let new = session.link(ed, User.addresses, Address::builder().email("ed@y.org"));
    /// session.unlink(ed, User.addresses, first);
    /// let history = session.members_history(ed, User.addresses)?;
    /// assert_eq!((history.added, history.unchanged, history.deleted), (vec![new], vec![], vec![first]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or the relationship cannot be configured.
    pub fn members_history<M: Model, T: Model, K>(
        &self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> Result<History<Handle<T>>> {
        let slot = self.slot(handle)?;
        let now = self.objects.members_of(slot, usize::from(relationship.__index()));
        let before = self.objects.former_members(slot, Self::relationship_info(relationship)?);
        let handles = |members: Vec<ObjectId>| members.into_iter().map(Handle::of).collect();
        let (unchanged, added) = now.iter().copied().partition(|member| before.contains(member));
        let deleted = before.into_iter().filter(|member| !now.contains(member)).collect();
        Ok(History { added: handles(added), unchanged: handles(unchanged), deleted: handles(deleted) })
    }

    /// Forgets what was changed in some columns, and has the object read again by whatever reads it next; what was changed
    /// in others stays. A column that may be left out, a [`Deferred`](crate::Deferred), is then not loaded.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or one that has no row.
    pub fn expire_attributes<M: Model>(&mut self, handle: Handle<M>, columns: impl Columns<M>) -> Result<()> {
        let slot = self.persistent_slot(handle)?;
        let mut list = Vec::new();
        columns.__columns(&mut list);
        self.expire_columns(slot, list)
    }

    fn expire_columns(&mut self, slot: u32, list: Vec<u16>) -> Result<()> {
        let base = self.objects.get(slot).base.clone();
        let (deferrable, list) = self.forget_deferrable(slot, list);
        if list.is_empty() && deferrable {
            return Ok(());
        }
        let Some(base) = base else {
            self.objects.expire(slot);
            return Ok(());
        };
        let definition = self.objects.get(slot).mapper.definition();
        for columns in units_of(definition, &list) {
            put(&*base, self.objects.object_mut(slot), columns)?;
        }
        self.objects.expire(slot);
        Ok(())
    }

    /// Forgets the values of columns that may be left out; returns whether there were any, and the other columns.
    fn forget_deferrable(&mut self, slot: u32, columns: Vec<u16>) -> (bool, Vec<u16>) {
        let mapper = self.objects.get(slot).mapper;
        let is_deferrable = |column: &u16| mapper.deferrable().any(|other| other == *column);
        let (deferrable, others): (Vec<u16>, Vec<u16>) = columns.into_iter().partition(is_deferrable);
        if self.objects.get(slot).state == State::Persistent {
            deferrable.iter().for_each(|&column| self.objects.forget_column(slot, usize::from(column)));
        }
        (!deferrable.is_empty(), others)
    }

    /// Forgets what is loaded of a relationship; what was linked and unlinked and is not flushed stays.
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or one that has no row.
    pub fn expire_relationship<M: Model, T: Model, K>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> Result<()> {
        let slot = self.persistent_slot(handle)?;
        self.objects.sync()?;
        self.objects.object_mut(slot).relation_mut(usize::from(relationship.__index())).unload();
        Ok(())
    }

    /// Reads some columns of an object's row again, those alone, and forgets what was changed in them; what was changed in
    /// others stays. An object that is expired is read as a whole.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, fullname: Option<String> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.flush().await?;
    /// session[ed].name = "changed".into();
    /// session[ed].fullname = Some("Ed Jones".into());
    /// session.refresh_attributes(ed, User.name).await?;
    /// assert_eq!((session[ed].name.as_str(), session[ed].fullname.as_deref()), ("ed", Some("Ed Jones")));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`refresh`](Self::refresh).
    pub async fn refresh_attributes<M: Model>(&mut self, handle: Handle<M>, columns: impl Columns<M>) -> Result<()> {
        self.check()?;
        let slot = self.slot(handle)?;
        let mut list = Vec::new();
        columns.__columns(&mut list);
        let mapper = M::__mapper();
        if self.objects.get(slot).is_expired {
            let deferrable: Vec<u16> = mapper.deferrable().filter(|column| list.contains(column)).collect();
            self.expire_columns(slot, list)?;
            self.read_again(&[slot]).await?;
            self.load_columns(&[slot], &deferrable).await?;
            return if self.objects.get(slot).is_expired {
                Err(cannot_be_refreshed(&self.objects, slot))
            } else {
                Ok(())
            };
        }
        let column = |column| Node::Column { mapper, column, alias: Alias::NONE };
        let Some(key) = self.stored_key(slot) else { return Err(not_persistent(&self.objects, slot)) };
        let is_it =
            mapper.definition().key.iter().zip(key).map(|(&part, value)| Node::equals(column(part), Node::Bind(value)));
        let units: Vec<Range<usize>> = units_of(mapper.definition(), &list).collect();
        let outputs = units.iter().cloned().flatten();
        let select = SelectNode {
            outputs: outputs.map(|part| Output::expression(column(part as u16), true)).collect(),
            filters: is_it.collect(),
            ..SelectNode::default()
        };
        let Session { connections, objects, .. } = self;
        let connection = connections.for_loading(BindRequest::read(mapper), objects).await?;
        let mut is_there = false;
        let mut take = |row: Row<'_>| {
            is_there = true;
            let mut at = 0;
            for columns in &units {
                let put = objects.take_columns(slot, columns, &|column| row.value(at + column));
                put.map_err(|misread| misread.behind(at))?;
                at += columns.len();
            }
            Ok(ControlFlow::Continue(()))
        };
        let done = connection.run(Statement::Select(Box::new(select)), &mut take).await;
        self.noted(done)?;
        if is_there { Ok(()) } else { Err(cannot_be_refreshed(&self.objects, slot)) }
    }
}

impl Objects {
    /// Takes columns of an object's row that change together as they were read.
    fn take_columns(&mut self, slot: u32, columns: &Range<usize>, values: UnitValues<'_, '_>) -> Decoded<()> {
        set_columns(self.object_mut(slot), columns.clone(), values)?;
        if let Some(base) = self.get(slot).base.as_ref() {
            let mut base = base.copy();
            set_columns(&mut *base, columns.clone(), values)?;
            self.get_mut(slot).base = Some(Arc::from(base));
        }
        self.read_elsewhere(slot);
        self.note_loaded(slot);
        Ok(())
    }
}

/// Returns these columns with those that change with them.
fn units_of(definition: &'static Definition, list: &[u16]) -> impl Iterator<Item = Range<usize>> {
    definition.units().filter(|columns| list.iter().any(|column| columns.contains(&usize::from(*column))))
}
