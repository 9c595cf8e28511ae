//! Merging: a value from elsewhere copied onto the session's object of its key, graph and all.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

use super::{BindRequest, Handle, Key, ObjectId, Objects, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, LoadNode};
use crate::mapper::{
    Alias, Change, Direction, Incoming, Mapper, NewInstance, NewObject, Object, RelationshipInfo, copy_columns,
};
use crate::sql::Node;
use crate::types::same;

impl Session {
    /// Copies an object's state onto the one with its key, which is read if need be, or adds it; gives the session's object.
    ///
    /// What the value sets is copied; what a builder leaves out stays as it is, for a default is for what is new. Members that it holds are merged too, along
    /// relationships that say `cascade(merge)`, as they do by default, and become the members: those that it does not hold
    /// leave. A relationship that is not loaded in the value stays as it is.
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
    /// session.commit().await?;
    ///
    /// let merged = session.merge(User::builder().id(1).name("edward")).await?;
    /// assert_eq!((merged, session[ed].name.as_str()), (ed, "edward"));
    /// session.commit().await?; // UPDATE of the name
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database refuses the query, when the session waits for a rollback, and with
    /// [`ErrorKind::StaleData`] when the value has another version than the row.
    pub async fn merge<N: NewInstance + Send>(&mut self, new: N) -> Result<Handle<N::Model>> {
        self.check()?;
        self.objects.sync()?;
        let new = NewObject::of(new.__row());
        let slot = self.merge_object(new).await?;
        Ok(Handle::of(self.objects.id(slot)))
    }

    /// Merges several values, one after the other.
    ///
    /// # Errors
    ///
    /// As [`merge`](Self::merge).
    pub async fn merge_all<I>(&mut self, new: I) -> Result<Vec<Handle<<I::Item as NewInstance>::Model>>>
    where
        I: IntoIterator<Item: NewInstance + Send, IntoIter: Send> + Send,
    {
        let mut merged = Vec::new();
        for new in new {
            merged.push(self.merge(new).await?);
        }
        Ok(merged)
    }

    /// Takes a value that was read from the database before, such as one from a cache, for the row that it was read from, graph
    /// and all: nothing is asked of the database and nothing is written. SQLAlchemy's `merge` with `load=False`.
    ///
    /// An object of the session with its key becomes what the value is; what was changed in it and not flushed is lost.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, insert, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// # insert(User).values(User::builder().name("ed")).execute(&engine).await?;
    /// let cached: User = select(User).one(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let before = engine.statement_count();
    /// let ed = session.merge_loaded(cached)?;
    /// assert_eq!(session.get(User, 1).await?, Some(ed));
    /// assert_eq!(engine.statement_count(), before);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the value, or one of its members, has no key or leaves a column out, and when the session waits for a
    /// rollback.
    pub fn merge_loaded<N: NewInstance>(&mut self, new: N) -> Result<Handle<N::Model>> {
        self.check()?;
        self.objects.sync()?;
        let slot = self.take_loaded(NewObject::of(new.__row()))?;
        Ok(Handle::of(self.objects.id(slot)))
    }

    fn take_loaded(&mut self, new: NewObject) -> Result<u32> {
        let NewObject { mut object, set, .. } = new;
        let mapper = object.mapper();
        let columns = mapper.definition().columns;
        let is_whole = (0..mapper.width()).all(|column| set.all.contains(column) || !columns[column].is_written());
        let Some(key) = Key::of_object(&*object).filter(|_| is_whole) else {
            let message = format!(
                "a `{}` without a key, or with columns left out, is no row that was read",
                mapper.definition().name
            );
            return Err(Error::new(ErrorKind::InvalidRequest, message)
                .hint("`merge` reads the row first, and adds what is new"));
        };
        let mut fields = Vec::new();
        for index in 0..mapper.definition().relationships.len() {
            let field = object.relation_mut(index);
            let (was_loaded, is_all) = (field.is_loaded(), field.is_complete());
            fields.push((was_loaded, is_all, field.adopt(ObjectId::NOWHERE, true)));
            field.unload();
        }
        let slot = self.objects.take_row(object, key)?;
        for (index, (was_loaded, is_all, changes)) in fields.into_iter().enumerate() {
            if !was_loaded || !mapper.configured()?.relationships[index].definition.cascade.merge {
                continue;
            }
            let mut members = Vec::new();
            for change in changes {
                if let Change::Add(Incoming::New(new)) = change {
                    let member = self.take_loaded(new)?;
                    members.push(self.objects.id(member));
                }
            }
            self.objects.fill_field(slot, index, &members, is_all);
        }
        Ok(slot)
    }

    /// Copies a new object onto the one with its key, or adds it.
    fn merge_object(&mut self, new: NewObject) -> Pin<Box<dyn Future<Output = Result<u32>> + Send + '_>> {
        Box::pin(async move {
            let NewObject { mut object, set, .. } = new;
            let mapper = object.mapper();
            let has_key = mapper.definition().key.iter().all(|&column| set.all.contains(usize::from(column)));
            let waiting =
                Key::of_object(&*object).filter(|_| has_key).and_then(|key| self.objects.find_new(mapper, &key));
            let existing = match waiting {
                None if has_key => self.find_by_key(mapper, &*object, &set.all).await?,
                other => other,
            };
            let mut fields = Vec::new();
            for index in 0..mapper.definition().relationships.len() {
                let field = object.relation_mut(index);
                let (was_loaded, is_all) = (field.is_loaded(), field.is_complete());
                fields.push((was_loaded, is_all, field.adopt(ObjectId::NOWHERE, true)));
            }
            let slot = match existing {
                Some(slot) => {
                    // A default is for what is new.
                    let given = |column: usize| set.all.contains(column) && !set.defaults.contains(column);
                    self.refuse_other_version(slot, &*object, given)?;
                    self.objects.touch(slot);
                    // The key is that of the row, which a database may have found by one that it holds equal.
                    let is_key = |column: usize| mapper.definition().key.contains(&(column as u16));
                    let units = mapper.definition().units();
                    for columns in units.filter(|columns| given(columns.start) && !is_key(columns.start)) {
                        put(&*object, self.objects.object_mut(slot), columns.clone())?;
                        if waiting.is_some() {
                            columns.for_each(|column| self.objects.get_mut(slot).set.insert(column));
                        }
                    }
                    slot
                }
                None => {
                    for index in 0..mapper.definition().relationships.len() {
                        object.relation_mut(index).release();
                    }
                    self.objects.add_graph(NewObject { object, set, origin: None })?
                }
            };
            for (index, (was_loaded, is_all, changes)) in fields.into_iter().enumerate() {
                let info = &mapper.configured()?.relationships[index];
                if (was_loaded || !changes.is_empty()) && !info.definition.viewonly && info.definition.cascade.merge {
                    self.merge_members(slot, info, changes, was_loaded && !is_all).await?;
                }
            }
            Ok(slot)
        })
    }

    /// Merges the members that a value holds, and makes them the members of the session's object; where those are not all,
    /// the others stay.
    async fn merge_members(
        &mut self,
        slot: u32,
        info: &'static RelationshipInfo,
        changes: Vec<Change>,
        is_partial: bool,
    ) -> Result<()> {
        if is_partial && info.is_to_one() && changes.is_empty() {
            return Ok(());
        }
        let owner = self.objects.id(slot);
        let mut members = Vec::new();
        for change in changes {
            match change {
                Change::Add(Incoming::Known(id)) => members.push(id),
                Change::Add(Incoming::New(new)) => {
                    let merged = self.merge_object(new).await?;
                    members.push(self.objects.id(merged));
                }
                Change::Remove(_) | Change::Clear => {}
            }
        }
        let index = usize::from(info.index);
        let is_unknown = self.objects.is_stale(slot, index) || self.objects.is_filled_elsewhere(slot, index);
        if info.direction != Direction::ManyToOne && is_unknown && self.is_stored(slot) {
            let Session { connections, objects, .. } = &mut *self;
            let connection = connections.for_loading(BindRequest::read_to_write(info.target), objects).await?;
            let node = LoadNode::bare(info.owner, info.index).without_deferred();
            objects.renews_references = true;
            let loaded = load::load_relationship(connection, objects, &[slot], &node).await;
            self.objects.renews_references = false;
            self.noted(loaded)?;
        }
        if is_partial && !info.is_to_one() {
            let mut all = self.objects.members_of(slot, index);
            members.retain(|member| !all.contains(member));
            all.append(&mut members);
            members = all;
        }
        let is_known = self.objects.object(slot).relation(index).is_loaded() && !self.objects.is_stale(slot, index);
        if (is_known || !self.is_stored(slot)) && self.objects.members_of(slot, index) == members {
            return Ok(());
        }
        self.objects.replace(owner, info, &members)
    }

    fn is_stored(&self, slot: u32) -> bool {
        self.objects.get(slot).state == super::State::Persistent
    }

    /// Refuses a value that was read before somebody else changed the row.
    fn refuse_other_version(&self, slot: u32, object: &dyn Object, given: impl Fn(usize) -> bool) -> Result<()> {
        let version = object.mapper().definition().version.map(usize::from);
        let Some(column) = version.filter(|&column| given(column)) else { return Ok(()) };
        let stored = self.objects.stored(slot).column(column);
        let own = object.column(column);
        if same(&stored, &own) || !self.is_stored(slot) {
            return Ok(());
        }
        let object = self.objects.describe(slot);
        let message = format!("version {own} of the merged {object} does not match the existing version {stored}");
        Err(Error::new(ErrorKind::StaleData, message).hint("read it again, or merge a value with the present version"))
    }

    /// Finds the object of a value's key, and sees that what the value sets is known of it, so that it can be compared.
    async fn find_by_key(
        &mut self,
        mapper: &'static Mapper,
        object: &dyn Object,
        set: &crate::mapper::ColumnSet,
    ) -> Result<Option<u32>> {
        let Some(key) = Key::of_object(object) else { return Ok(None) };
        let is_set = |column: &u16| set.contains(usize::from(*column));
        let known = self.objects.find(mapper, &key);
        if let Some(slot) = known {
            let entry = self.objects.get(slot);
            if entry.was_elsewhere() {
                // The value is compared with the row that it is written to.
                self.objects.expire(slot);
            } else if !entry.is_expired && entry.has_columns(mapper.deferrable().filter(is_set)) {
                return Ok(Some(slot));
            }
        }
        let filters = mapper.definition().key.iter().map(|&column| {
            let left = Node::Column { mapper, column, alias: Alias::NONE };
            Node::equals(left, Node::Bind(object.column(usize::from(column))))
        });
        let left_out = mapper.deferrable().filter(|column| !is_set(column)).collect();
        let (bind, filters) = (BindRequest::read_to_write(mapper), filters.collect());
        // The row of an object that the session has is that object, whether filters hide it or not.
        let read = self.read_rows(mapper, bind, left_out, filters, known.is_none()).await?;
        let found = self.objects.find(mapper, &key).or_else(|| read.first().copied());
        Ok(found.filter(|&slot| !self.objects.get(slot).is_expired))
    }
}

impl Objects {
    /// Takes a value for the row that it was read from: as the object with its key, over what the session has of that.
    pub(crate) fn take_row(&mut self, object: Box<dyn Object>, key: Key) -> Result<u32> {
        let mapper = object.mapper();
        let Some(slot) = self.find(mapper, &key) else { return Ok(self.place_loaded(object, key)) };
        self.forget_changes(slot);
        for columns in mapper.definition().units() {
            put(&*object, self.object_mut(slot), columns)?;
        }
        self.get_mut(slot).is_expired = false;
        self.note_loaded(slot);
        Ok(slot)
    }
}

/// Gives columns that change together the values that another object has there.
pub(super) fn put(from: &dyn Object, to: &mut dyn Object, columns: Range<usize>) -> Result<()> {
    copy_columns(from, to, columns).map_err(|misread| Error::new(ErrorKind::Data, misread.reason.reason().to_owned()))
}
