//! Relationships of objects that are in the session already: loaded on demand, counted, or changed without loading.
//!
//! A load for one object after the other is what a session watches for: [`NPlusOne`].

use std::collections::HashMap;
use std::marker::PhantomData;

use super::{BindRequest, Handle, HandleList, Session, State, model_name};
use crate::engine::{Executor, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, LoadNode};
use crate::mapper::{Attribute, IntoMember, Lazy, Many, Model, Relationship, RelationshipInfo};
use crate::sql::{Delete, Expr, Select, SelectNode, Statement, Update, with_parent};

/// What a session does about relationships that are loaded for one object after the other.
///
/// See [`Session::n_plus_one`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NPlusOne {
    /// Says so by `tracing`, once for each relationship.
    #[default]
    Warn,
    /// Refuses with an error, before the statement is sent.
    Deny,
    /// Lets it be.
    Allow,
}

/// What [`Session::load`] loads: a relationship such as `User.addresses`, or a column, or a tuple of columns, that was left
/// out when the object was read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded for a `{M}`",
    label = "expected a relationship of `{M}`, or a column of `{M}` that is `Deferred`"
)]
pub trait Loadable<M> {
    /// Gives the position of the relationship, or adds the columns.
    #[doc(hidden)]
    fn __loaded(self, columns: &mut Vec<u16>) -> Option<u16>;
}

impl<M, T, K> Loadable<M> for Relationship<M, T, K> {
    fn __loaded(self, _columns: &mut Vec<u16>) -> Option<u16> {
        Some(self.__index())
    }
}

impl<M, T> Loadable<M> for Attribute<M, T> {
    fn __loaded(self, columns: &mut Vec<u16>) -> Option<u16> {
        columns.push(self.__column());
        None
    }
}

macro_rules! columns {
    ($($name:ident $index:tt),*) => {
        impl<M, $($name),*> Loadable<M> for ($(Attribute<M, $name>,)*) {
            fn __loaded(self, columns: &mut Vec<u16>) -> Option<u16> {
                columns.extend([$(self.$index.__column()),*]);
                None
            }
        }
    };
}
columns!(A 0);
columns!(A 0, B 1);
columns!(A 0, B 1, C 2);
columns!(A 0, B 1, C 2, D 3);
columns!(A 0, B 1, C 2, D 3, E 4);
columns!(A 0, B 1, C 2, D 3, E 4, F 5);

/// From which load on for single objects that one query has read, and for single objects at all, it is one after the other.
const OF_ONE_QUERY: u32 = 2;
const AT_ALL: u32 = 10;

/// What a session knows of loads for single objects.
#[derive(Debug, Default)]
pub(super) struct LazyLoads {
    pub(super) policy: NPlusOne,
    counts: HashMap<(usize, u16), Count>,
}

#[derive(Debug, Default)]
struct Count {
    all: u32,
    by_query: HashMap<u32, u32>,
    has_warned: bool,
}

impl Session {
    /// Loads a relationship, or columns that were left out, for one object or for many, with one SELECT for every 500.
    ///
    /// What is loaded and fresh is left as it is; what is expired is read again.
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
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// let users = session.query(User).all().await?;
    /// session.load(&users, User.addresses).await?; // one SELECT for all of them
    /// for user in users {
    ///     assert_eq!(session[user].addresses.len(), 1);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when a handle names no object of this session, when the relationship or a query said that it is not to be
    /// loaded on demand, when one object after the other is loaded in a session that [denies](NPlusOne::Deny) it, or when
    /// the database refuses the query.
    pub async fn load<M: Model>(&mut self, handles: impl HandleList<M>, what: impl Loadable<M>) -> Result<()> {
        self.check()?;
        let mut columns = Vec::new();
        let relationship = what.__loaded(&mut columns);
        let handles = handles.__list();
        let slots = handles.into_iter().map(|handle| self.slot(handle)).collect::<Result<Vec<u32>>>()?;
        match relationship {
            Some(index) => {
                let info = &M::__mapper().configured()?.relationships[usize::from(index)];
                self.load_slots(&slots, info, true).await.map(|_| ())
            }
            None => {
                self.flush_before_query().await?;
                self.load_columns(&slots, &columns).await
            }
        }
    }

    /// Reads columns of objects that are not loaded, and those of their groups.
    pub(super) async fn load_columns(&mut self, slots: &[u32], columns: &[u16]) -> Result<()> {
        let is_stored = |slot: &&u32| self.objects.get(**slot).state == State::Persistent;
        let stored: Vec<u32> = slots.iter().filter(is_stored).copied().collect();
        let Some(&first) = stored.first() else { return Ok(()) };
        let mapper = self.objects.get(first).mapper;
        let definitions = mapper.definition().columns;
        let group = |column: &u16| definitions[usize::from(*column)].deferred_group;
        let is_wanted = |column: &u16| {
            columns.contains(column) || columns.iter().any(|own| group(own).is_some() && group(own) == group(column))
        };
        let wanted: Vec<u16> = mapper.deferrable().filter(is_wanted).collect();
        if let Some(own) = wanted.iter().map(|&column| &definitions[usize::from(column)]).find(|own| own.is_of_query())
        {
            let field = format!("{}.{}", mapper.definition().name, own.field);
            let message = format!("`{field}` cannot be loaded by itself: it is what a query says");
            return Err(Error::new(ErrorKind::InvalidRequest, message).hint(format!(
                "read the objects again with `.options(with_expression({field}, …)).populate_existing()`"
            )));
        }
        self.read_again(&stored).await?;
        let lacks = |slot: &u32| !self.objects.get(*slot).has_columns(wanted.iter().copied());
        let lacking: Vec<u32> = stored.into_iter().filter(lacks).collect();
        let key = &mapper.definition().key;
        let is_left_out = |column: &u16| !wanted.contains(column) && !key.contains(column);
        let left_out: Vec<u16> = (0..mapper.width() as u16).filter(is_left_out).collect();
        for chunk in lacking.chunks(500) {
            let filters = vec![self.rows_of(mapper, chunk)];
            self.read_rows(mapper, BindRequest::read(mapper), left_out.clone(), filters, false).await?;
        }
        if let Some(&gone) = lacking.iter().find(|&&slot| !self.objects.get(slot).has_columns(wanted.iter().copied())) {
            let message =
                format!("a column of object {} cannot be loaded: its row is gone", self.objects.describe(gone));
            return Err(Error::new(ErrorKind::InvalidRequest, message).hint(
                "somebody else has deleted it: take it out by `session.expunge`, or keep its value by `session.detach`",
            ));
        }
        Ok(())
    }

    /// Loads a relationship for an object and for its siblings: the objects of its model that the same query has read.
    ///
    /// Returns for how many it was loaded.
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
    /// # let mut session = Session::new(&engine);
    /// # let mails = |name: &str| ["x", "y"].map(|host| Address::builder().email(format!("{name}@{host}.org")));
    /// # session.add_all(["ed", "wendy", "fred"].map(|name| User::builder().name(name).addresses(mails(name))));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// let users = session.query(User).all().await?;
    /// assert_eq!(session.load_with_siblings(users[0], User.addresses).await?, 3);
    /// assert_eq!(session.handles(users[2], User.addresses).len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_with_siblings<M: Model, T: Model, K>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, K>,
    ) -> Result<usize> {
        self.check()?;
        let info = Session::relationship_info(relationship)?;
        let slot = self.slot(handle)?;
        let query = self.objects.get(slot).read_by;
        let is_sibling = |other: &u32| {
            let entry = self.objects.get(*other);
            query != 0 && entry.read_by == query && entry.mapper.is(info.owner) && entry.state == State::Persistent
        };
        let mut slots: Vec<u32> = self.objects.in_use().filter(is_sibling).collect();
        if !slots.contains(&slot) {
            slots.push(slot);
        }
        let loaded = self.load_slots(&slots, info, false).await?;
        tracing::debug!(target: "orm::session", relationship = info.name(), objects = loaded, "loaded with siblings");
        Ok(loaded)
    }

    async fn load_slots(&mut self, slots: &[u32], info: &'static RelationshipInfo, counts: bool) -> Result<usize> {
        self.refuse_load(slots, info)?;
        self.flush_before_query().await?;
        let index = usize::from(info.index);
        let is_stale = |&slot: &u32| self.objects.is_stale(slot, index);
        let stale: Vec<u32> = slots.iter().copied().filter(is_stale).collect();
        if stale.is_empty() {
            return Ok(0);
        }
        if let ([only], true) = (slots, counts) {
            self.count_load(*only, info)?;
        }
        let read_by: Vec<u32> = stale.iter().map(|&slot| self.objects.get(slot).read_by).collect();
        self.read_again(&stale).await?;
        // They are still what their query has read.
        stale.iter().zip(read_by).for_each(|(&slot, query)| self.objects.get_mut(slot).read_by = query);
        let Session { connections, objects, .. } = self;
        let connection = connections.for_loading(BindRequest::read(info.target), objects).await?;
        objects.query += 1;
        let node = LoadNode::plain(info.owner, info.index)?;
        let loaded = load::load_relationship(connection, objects, &stale, &node).await;
        self.noted(loaded)?;
        Ok(stale.len())
    }

    /// Returns whether a query said that a load of this object's relationship is refused.
    fn is_refused(&self, slot: u32, info: &RelationshipInfo) -> bool {
        match self.objects.refuses_load(slot, info.index) {
            None => false,
            Some(on_sql) => !on_sql || self.takes_statement(slot, info),
        }
    }

    fn takes_statement(&self, slot: u32, info: &RelationshipInfo) -> bool {
        let is_stale = self.objects.is_stale(slot, usize::from(info.index));
        is_stale && (self.objects.get(slot).is_expired || load::asks_database(&self.objects, slot, info))
    }

    fn refuse_load(&self, slots: &[u32], info: &RelationshipInfo) -> Result<()> {
        let name = info.name();
        let why = match info.definition.lazy {
            Lazy::Raise => "it says `lazy = raise`",
            Lazy::WriteOnly => "it says `lazy = write_only`",
            Lazy::RaiseOnSql if slots.iter().any(|&slot| self.takes_statement(slot, info)) => {
                "it says `lazy = raise_on_sql`, and it takes a statement"
            }
            _ if slots.iter().any(|&slot| self.is_refused(slot, info)) => "a query said `raiseload`",
            _ => return Ok(()),
        };
        let message = format!("relationship `{name}` is not loaded on demand: {why}");
        let hint = match info.definition.lazy {
            Lazy::WriteOnly => {
                let owner = info.owner.definition.name.to_lowercase();
                format!("read some of it by `session.members({owner}, {name}).select()`")
            }
            _ => format!("add `.options(selectinload({name}))` to the query"),
        };
        Err(Error::new(ErrorKind::InvalidRequest, message).hint(hint))
    }

    // ------------------------------------------------------------------------------------------ one after the other

    /// Says what happens when a relationship is loaded for one object after the other: the "N + 1" statements.
    ///
    /// It is noticed at the second load for single objects that one query has read, and at the tenth for others. By
    /// default the session warns, once for each relationship, with the option that would load all at once.
    ///
    /// ```
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, NPlusOne, Session, metadata};
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
    /// # let mails = |name: &str| ["x", "y"].map(|host| Address::builder().email(format!("{name}@{host}.org")));
    /// # session.add_all(["ed", "wendy", "fred"].map(|name| User::builder().name(name).addresses(mails(name))));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// session.n_plus_one(NPlusOne::Deny);
    /// let users = session.query(User).all().await?;
    /// session.load(users[0], User.addresses).await?;
    /// let error = session.load(users[1], User.addresses).await.unwrap_err();
    /// assert!(error.to_string().contains("add `.options(selectinload(User.addresses))` to the query"));
    ///
    /// session.load(&users, User.addresses).await?; // for all at once
    /// # Ok(())
    /// # }
    /// ```
    pub fn n_plus_one(&mut self, policy: NPlusOne) {
        self.lazy_loads.policy = policy;
    }

    fn count_load(&mut self, slot: u32, info: &'static RelationshipInfo) -> Result<()> {
        if self.lazy_loads.policy == NPlusOne::Allow || !load::asks_database(&self.objects, slot, info) {
            return Ok(());
        }
        let query = self.objects.get(slot).read_by;
        let count = self.lazy_loads.counts.entry((info.owner.id(), info.index)).or_default();
        count.all += 1;
        let of_query = count.by_query.entry(query).or_default();
        *of_query += 1;
        let is_repeated = (query != 0 && *of_query >= OF_ONE_QUERY) || count.all >= AT_ALL;
        if !is_repeated || (self.lazy_loads.policy == NPlusOne::Warn && count.has_warned) {
            return Ok(());
        }
        let (name, times) = (info.name(), if count.all >= AT_ALL { count.all } else { *of_query });
        let message = format!("relationship `{name}` is loaded for one object after the other, {times} times so far");
        let owner = info.owner.definition.name.to_lowercase();
        let hint = format!(
            "add `.options(selectinload({name}))` to the query, or load for all: `session.load(&{owner}s, {name})`"
        );
        if self.lazy_loads.policy == NPlusOne::Deny {
            return Err(Error::new(ErrorKind::InvalidRequest, message).hint(hint));
        }
        count.has_warned = true;
        tracing::warn!(target: "orm::session", "{message}: {hint}");
        Ok(())
    }

    // ------------------------------------------------------------------------------------------ without loading

    /// Counts the members of an object's relationship by `SELECT count(*)`, without loading them.
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
    /// # let mut session = Session::new(&engine);
    /// # let mails = |name: &str| ["x", "y"].map(|host| Address::builder().email(format!("{name}@{host}.org")));
    /// # session.add_all(["ed", "wendy", "fred"].map(|name| User::builder().name(name).addresses(mails(name))));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// let ed = session.get_one(User, 1).await?;
    /// session.link(ed, User.addresses, Address::builder().email("ed@z.org"));
    /// assert_eq!(session.count(ed, User.addresses).await?, 3); // flushed first
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or when the database refuses the query.
    pub async fn count<M: Model, T: Model>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, Many>,
    ) -> Result<u64> {
        self.members(handle, relationship)?.count().await
    }

    /// Gives an object's relationship to be changed, counted and read in part, without ever being loaded: what a large
    /// one needs, and what `lazy = write_only` leaves. SQLAlchemy's `WriteOnlyCollection`.
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
    /// # let mut session = Session::new(&engine);
    /// # let mails = |name: &str| ["x", "y"].map(|host| Address::builder().email(format!("{name}@{host}.org")));
    /// # session.add_all(["ed", "wendy", "fred"].map(|name| User::builder().name(name).addresses(mails(name))));
    /// # session.commit().await?;
    /// # let mut session = Session::new(&engine);
    /// let ed = session.get_one(User, 1).await?;
    /// let mut addresses = session.members(ed, User.addresses)?;
    /// let new = addresses.add(Address::builder().email("ed@z.org"));
    /// assert_eq!(addresses.count().await?, 3);
    ///
    /// let latest = session.members(ed, User.addresses)?.select()?.order_by(Address.id.desc()).limit(1);
    /// assert_eq!(latest.one(&mut session).await?, new);
    ///
    /// session.members(ed, User.addresses)?.remove(new);
    /// assert_eq!(session.count(ed, User.addresses).await?, 2);
    /// assert!(session[ed].addresses.is_unloaded());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or when its model cannot be configured.
    pub fn members<M: Model, T: Model>(
        &mut self,
        handle: Handle<M>,
        relationship: Relationship<M, T, Many>,
    ) -> Result<Members<'_, M, T>> {
        let slot = self.slot(handle)?;
        let info = Session::relationship_info(relationship)?;
        Ok(Members { session: self, slot, handle, relationship, info, types: PhantomData })
    }
}

/// The members of one object along a relationship, which are not loaded; see [`Session::members`].
pub struct Members<'s, M, T> {
    session: &'s mut Session,
    slot: u32,
    handle: Handle<M>,
    relationship: Relationship<M, T, Many>,
    info: &'static RelationshipInfo,
    types: PhantomData<fn() -> T>,
}

impl<M, T> std::fmt::Debug for Members<'_, M, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Members({})", self.info.name())
    }
}

impl<M: Model, T: Model> Members<'_, M, T> {
    /// Adds a member, and returns its handle; see [`Session::link`].
    ///
    /// # Panics
    ///
    /// As [`Session::link`].
    #[track_caller]
    pub fn add(&mut self, member: impl IntoMember<T>) -> Handle<T> {
        self.session.link(self.handle, self.relationship, member)
    }

    /// Adds several members.
    ///
    /// # Panics
    ///
    /// As [`Session::link`].
    #[track_caller]
    pub fn add_all<I: IntoIterator<Item: IntoMember<T>>>(&mut self, members: I) -> Vec<Handle<T>> {
        members.into_iter().map(|member| self.add(member)).collect()
    }

    /// Takes a member away; see [`Session::unlink`].
    ///
    /// # Panics
    ///
    /// As [`Session::unlink`].
    #[track_caller]
    pub fn remove(&mut self, member: Handle<T>) -> bool {
        self.session.unlink(self.handle, self.relationship, member)
    }

    /// Returns the SELECT of the members, for conditions, an order and limits of its own.
    ///
    /// What waits for a flush is there when a session runs it.
    ///
    /// # Errors
    ///
    /// Fails when the object has no row yet: flush first.
    pub fn select(&self) -> Result<Select<T>> {
        let select = self.node()?.ok_or_else(has_no_row::<M>)?;
        Ok(Select { node: Box::new(select), row: PhantomData })
    }

    /// Starts an UPDATE of the members in the database, for values and further conditions.
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
    /// # let mut session = Session::new(&engine);
    /// # let mails = |name: &str| ["x", "y"].map(|host| Address::builder().email(format!("{name}@{host}.org")));
    /// # session.add_all(["ed", "wendy"].map(|name| User::builder().name(name).addresses(mails(name))));
    /// # session.commit().await?;
    /// let ed = session.get_one(User, 1).await?;
    /// let moved = session.members(ed, User.addresses)?.update()?.set(Address.email, "ed@z.org");
    /// assert_eq!(session.execute(moved).await?, 2);
    /// let gone = session.members(ed, User.addresses)?.delete()?.filter(Address.id.eq(1));
    /// assert_eq!(session.execute(gone).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the object has no row yet: flush first.
    pub fn update(&self) -> Result<Update<T>> {
        Ok(crate::sql::update(T::ATTRIBUTES).filter(self.condition()?))
    }

    /// Starts a DELETE of the members from the database, for further conditions; [`update`](Self::update) shows it.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub fn delete(&self) -> Result<Delete<T>> {
        Ok(crate::sql::delete(T::ATTRIBUTES).filter(self.condition()?))
    }

    /// The condition that a row is one of the members.
    fn condition(&self) -> Result<Expr<bool>> {
        let entry = self.session.objects.get(self.slot);
        if entry.state != State::Persistent {
            return Err(has_no_row::<M>());
        }
        Ok(with_parent(self.session.object(self.handle)?, self.relationship))
    }

    /// Counts the members by `SELECT count(*)`.
    ///
    /// # Errors
    ///
    /// Fails when the flush before it fails, or when the database refuses the query.
    pub async fn count(&mut self) -> Result<u64> {
        self.session.flush_before_query().await?;
        let Some(select) = self.node()? else {
            return Ok(self.session.objects.members_of(self.slot, usize::from(self.info.index)).len() as u64);
        };
        let request = Request::new([Statement::Count(Box::new(select))], Vec::new());
        let counts = Executor::__values::<i64>(&mut *self.session, request).await?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    fn node(&self) -> Result<Option<SelectNode>> {
        load::members_of(&self.session.objects, self.slot, self.info)
    }
}

fn has_no_row<M: Model>() -> Error {
    let message = format!("an object `{}` that has no row yet has no members in the database", model_name::<M>());
    Error::new(ErrorKind::InvalidRequest, message).hint("flush first")
}
