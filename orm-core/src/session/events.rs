//! [`SessionEvents`]: what a program wants to be told, or to have a say in, while sessions work.
//!
//! They are made once, given to a [`SessionMaker`](crate::SessionMaker) or to one session, and called in the order in which
//! they were stated.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use super::Session;
use super::handle::{AnyHandle, Handle, ObjectId};
use super::history::ObjectState;
use super::info::SessionInfo;
use crate::engine::Connection;
use crate::error::Result;
use crate::mapper::{Alias, Entity, Mapper, Model, Object};
use crate::sql::{
    ChangedRows, Criterion, FromItem, InsertSource, JoinNode, Joined, Node, OutputKind, Predicate, RelationReference,
    SelectNode, Statement,
};

type OnSession = Arc<dyn Fn(&mut Session) -> Result<()> + Send + Sync>;
type ReadsSession = Arc<dyn Fn(&Session) + Send + Sync>;
type OnObject = Arc<dyn Fn(&mut dyn Object) -> Result<()> + Send + Sync>;
type OnState = Arc<dyn Fn(&StateChange<'_>) + Send + Sync>;
type OnBegin = Arc<dyn for<'a> Fn(&'a mut Connection, &'a SessionInfo) -> Answer<'a> + Send + Sync>;
type OnStatement = Arc<dyn Fn(&mut Execution<'_>) -> Result<()> + Send + Sync>;

/// The future of a listener that may wait.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    BeforeInsert,
    AfterInsert,
    BeforeUpdate,
    AfterUpdate,
    BeforeDelete,
    AfterDelete,
    Load,
    Refresh,
}

/// What a program wants to be told, or to have a say in, while sessions work. SQLAlchemy's session and mapper events.
///
/// An error that a listener returns fails what it listens to: a flush, a commit, a query.
///
/// ```
/// # use orm_core::{Engine, Model, SessionEvents, SessionMaker, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String, #[orm(default = false)] deleted: bool }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let events = SessionEvents::new()
///     .before_insert(User, |user| {
///         user.name = user.name.trim().to_owned();
///         Ok(())
///     })
///     .filter(User, User.deleted.eq(false)); // in every query of these sessions
/// let sessions = SessionMaker::new(&engine).events(events);
///
/// let mut session = sessions.session();
/// session.add(User::builder().name(" ed "));
/// session.add(User::builder().name("gone").deleted(true));
/// session.commit().await?;
/// assert_eq!(session.scalars(select(User.name)).await?, ["ed"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct SessionEvents {
    begins: Begins,
    before_flush: Vec<OnSession>,
    after_flush: Vec<ReadsSession>,
    before_commit: Vec<OnSession>,
    after_commit: Vec<ReadsSession>,
    before_rollback: Vec<ReadsSession>,
    after_rollback: Vec<ReadsSession>,
    objects: Vec<(Moment, usize, OnObject)>,
    states: Vec<OnState>,
    statements: Vec<OnStatement>,
    filters: Vec<Result<Criterion>>,
}

/// Who listens to transactions that begin.
#[derive(Clone, Default)]
pub(super) struct Begins(Vec<OnBegin>);

impl Begins {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extend(&mut self, other: &Begins) {
        self.0.extend_from_slice(&other.0);
    }

    /// Tells of the transaction that has begun on a connection.
    pub(super) async fn call(&self, connection: &mut Connection, info: &SessionInfo) -> Result<()> {
        for listener in &self.0 {
            listener(&mut *connection, info).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for SessionEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionEvents")
            .field("objects", &self.objects.len())
            .field("states", &self.states.len())
            .field("statements", &self.statements.len())
            .field("filters", &self.filters.len())
            .finish_non_exhaustive()
    }
}

macro_rules! object_events {
    ($($(#[doc = $doc:literal])* $name:ident $moment:ident;)*) => { $(
        $(#[doc = $doc])*
        #[must_use]
        pub fn $name<A: Entity>(
            self,
            _entity: A,
            listener: impl Fn(&mut A::Model) -> Result<()> + Send + Sync + 'static,
        ) -> Self {
            self.on_object::<A::Model>(Moment::$moment, listener)
        }
    )* };
}

impl SessionEvents {
    /// No listener yet.
    pub fn new() -> Self {
        SessionEvents::default()
    }

    /// Is called once the session has begun a transaction on an engine, before its first statement there, with the
    /// connection and with [what is noted](Session::set_info) of the session: the place for settings of the transaction, by which
    /// PostgreSQL's row-level security knows whom it serves. SQLAlchemy's `after_begin`.
    ///
    /// The listener may wait, so it is a closure that returns `Box::pin(async move { … })`. Its error fails what the session was
    /// about to do, and rolls back what had begun. Each engine of the session has a transaction of its own, which it is told of;
    /// of a connection that was [lent](Session::join) with a transaction it is told at the session's first statement.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, SessionEvents, SessionMaker, func, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Note { #[orm(primary_key)] id: i64, text: String }
    /// #[derive(Clone)]
    /// struct CurrentUser(i64);
    ///
    /// # fn sessions(engine: &Engine) -> SessionMaker {
    /// let events = SessionEvents::new().after_begin(|connection, info| {
    ///     Box::pin(async move {
    ///         let CurrentUser(id) = info.get().ok_or_else(|| Error::other("whose request is it?"))?;
    ///         let set = text("SELECT set_config('app.user_id', :id, true)").bind("id", id.to_string());
    ///         connection.execute(set).await.map(drop) // as SET LOCAL, until the transaction ends
    ///     })
    /// });
    /// let sessions = SessionMaker::new(engine).events(events);
    /// # sessions
    /// # }
    /// // for each request: let mut session = sessions.session(); session.set_info(CurrentUser(7));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # let mut session = sessions(&engine).session();
    /// # assert!(session.query(Note).all().await.unwrap_err().to_string().contains("whose request is it?"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after_begin<F>(mut self, listener: F) -> Self
    where
        F: for<'a> Fn(&'a mut Connection, &'a SessionInfo) -> Answer<'a> + Send + Sync + 'static,
    {
        self.begins.0.push(Arc::new(listener));
        self
    }

    /// Is called before a flush that has something to do: objects may be added and changed.
    /// [`pending`](Session::pending), [`dirty`](Session::dirty) and [`deleted`](Session::deleted) say what it will write.
    #[must_use]
    pub fn before_flush(mut self, listener: impl Fn(&mut Session) -> Result<()> + Send + Sync + 'static) -> Self {
        self.before_flush.push(Arc::new(listener));
        self
    }

    /// Is called after a flush that has written something.
    #[must_use]
    pub fn after_flush(mut self, listener: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.after_flush.push(Arc::new(listener));
        self
    }

    /// Is called before a commit, and before the flush that it begins with.
    #[must_use]
    pub fn before_commit(mut self, listener: impl Fn(&mut Session) -> Result<()> + Send + Sync + 'static) -> Self {
        self.before_commit.push(Arc::new(listener));
        self
    }

    /// Is called after a commit.
    #[must_use]
    pub fn after_commit(mut self, listener: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.after_commit.push(Arc::new(listener));
        self
    }

    /// Is called before a rollback of the transaction, while objects are still as they were made in it. Not of a savepoint,
    /// and not where a session is closed or dropped. SQLAlchemy tells it of connections alone.
    #[must_use]
    pub fn before_rollback(mut self, listener: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.before_rollback.push(Arc::new(listener));
        self
    }

    /// Is called after a rollback of the transaction, not of a savepoint.
    #[must_use]
    pub fn after_rollback(mut self, listener: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.after_rollback.push(Arc::new(listener));
        self
    }

    object_events! {
        /// Is called before a new object's INSERT, and may change its columns; a change of a relationship waits for the
        /// next flush.
        before_insert BeforeInsert;
        /// Is called when a new object's row is there. A change that it makes waits for the next flush.
        after_insert AfterInsert;
        /// Is called before a changed object's UPDATE, and may change its columns.
        before_update BeforeUpdate;
        /// Is called when a changed object's row is updated. A change that it makes waits for the next flush.
        after_update AfterUpdate;
        /// Is called before an object's DELETE.
        before_delete BeforeDelete;
        /// Is called when an object's row is deleted.
        after_delete AfterDelete;
        /// Is called when a row has become an object. What it changes counts as read: it is not written.
        on_load Load;
        /// Is called when an expired object has been read again. What it changes counts as read: it is not written.
        on_refresh Refresh;
    }

    fn on_object<M: Model>(
        mut self,
        moment: Moment,
        listener: impl Fn(&mut M) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = move |object: &mut dyn Object| {
            let any: &mut dyn Any = object;
            any.downcast_mut::<M>().map_or(Ok(()), &listener)
        };
        self.objects.push((moment, M::__mapper().id(), Arc::new(listener)));
        self
    }

    /// Is called when an object has gone from one state to another, has come into the session or has left it; not when the
    /// session itself is dropped. What a flush changes is told when the flush is over, whether it has failed or not, and all
    /// else at once. SQLAlchemy's `pending_to_persistent`, `loaded_as_persistent`, and the eight others in one.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use orm_core::{Engine, Model, ObjectState, Session, SessionEvents, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let saved = Arc::new(Mutex::new(Vec::new()));
    /// let list = saved.clone();
    /// let mut session = Session::new(&engine);
    /// session.listen(SessionEvents::new().on_state_change(move |change| {
    ///     if let (Some((_, user)), Some(ObjectState::Persistent)) = (change.of(User), change.to()) {
    ///         list.lock().unwrap().push((user.id, change.from()));
    ///     }
    /// }));
    /// session.add(User::builder().name("ed"));
    /// session.commit().await?;
    /// assert_eq!(*saved.lock().unwrap(), [(1, Some(ObjectState::Pending))]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_state_change(mut self, listener: impl Fn(&StateChange<'_>) + Send + Sync + 'static) -> Self {
        self.states.push(Arc::new(listener));
        self
    }

    /// Is called before each statement of the session that is no flush's, also those that load relationships, and may add
    /// filters to it or refuse it. SQLAlchemy's `do_orm_execute`.
    #[must_use]
    pub fn before_statement(
        mut self,
        listener: impl Fn(&mut Execution<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.statements.push(Arc::new(listener));
        self
    }

    /// Adds a condition to every query, UPDATE and DELETE that the session runs and a model's table stands in: a tenant, a mark
    /// of what counts as deleted. SQLAlchemy's `with_loader_criteria`, with `include_aliases`.
    ///
    /// It holds wherever the table or an alias of it stands: in FROM, in joins, whose ON it becomes part of, so that an outer
    /// join keeps its rows; in subqueries, CTEs, sets, `any` and `has`; in relationships, however they are loaded. What
    /// does not fulfil it is as if it were not there. A relationship to such an object is loaded as empty, and a cascade does
    /// not see it; [`merge`](Session::merge) does not find it, unless the session has its object, and
    /// [`bulk_update`](Session::bulk_update) does not change it.
    ///
    /// It does not hold for [`text`](crate::text), whose tables nobody knows (a [`before_statement`](Self::before_statement)
    /// listener can refuse text), for a [`Table`](crate::schema::Table) or [`table`](crate::table) of the same name, for the
    /// identity map, which [`get`](Session::get) asks first, for [`refresh`](Session::refresh) and
    /// [`refresh_locked`](Session::refresh_locked), nor for what a flush writes: an object whose row is hidden by what was
    /// changed in it is `None` to `get` once it has expired, and stays what it is. A statement with a RIGHT or FULL OUTER JOIN
    /// of the table is refused, and one with a condition that mentions other tables outside of a subquery.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{BelongsTo, Engine, HasMany, Model, SessionEvents, SessionMaker, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(default = false)] deleted: bool,
    /// #     #[orm(foreign_key = User.id)] user_id: i64, #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// let events = SessionEvents::new().filter(Address, Address.deleted.eq(false));
    /// let mut session = SessionMaker::new(&engine).events(events).session();
    /// session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org").deleted(true)]));
    /// session.commit().await?;
    /// let reachable = select(User.name).filter(User.addresses.is_not_empty());
    /// assert_eq!(session.scalars(reachable).await?.len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn filter<A: Entity>(mut self, _entity: A, condition: impl Predicate) -> Self {
        self.filters.push(Criterion::new(A::Model::__mapper(), condition.__predicate()));
        self
    }

    /// Adds what others listen to.
    pub(super) fn extend(&mut self, other: SessionEvents) {
        self.begins.extend(&other.begins);
        self.before_flush.extend(other.before_flush);
        self.after_flush.extend(other.after_flush);
        self.before_commit.extend(other.before_commit);
        self.after_commit.extend(other.after_commit);
        self.before_rollback.extend(other.before_rollback);
        self.after_rollback.extend(other.after_rollback);
        self.objects.extend(other.objects);
        self.states.extend(other.states);
        self.statements.extend(other.statements);
        self.filters.extend(other.filters);
    }

    // ------------------------------------------------------------------------------------------------ calling them

    pub(super) fn begins(&self) -> &Begins {
        &self.begins
    }

    pub(super) fn call_before_flush(&self, session: &mut Session) -> Result<()> {
        self.before_flush.iter().try_for_each(|listener| listener(session))
    }

    pub(super) fn call_after_flush(&self, session: &Session) {
        self.after_flush.iter().for_each(|listener| listener(session));
    }

    pub(super) fn call_before_commit(&self, session: &mut Session) -> Result<()> {
        self.before_commit.iter().try_for_each(|listener| listener(session))
    }

    pub(super) fn call_after_commit(&self, session: &Session) {
        self.after_commit.iter().for_each(|listener| listener(session));
    }

    pub(super) fn call_before_rollback(&self, session: &Session) {
        self.before_rollback.iter().for_each(|listener| listener(session));
    }

    pub(super) fn call_after_rollback(&self, session: &Session) {
        self.after_rollback.iter().for_each(|listener| listener(session));
    }

    /// Returns whether somebody listens to what happens to objects of a model.
    pub(crate) fn listens(&self, moment: Moment, mapper: &Mapper) -> bool {
        self.objects.iter().any(|(own, model, _)| *own == moment && *model == mapper.id())
    }

    pub(crate) fn call(&self, moment: Moment, object: &mut dyn Object) -> Result<()> {
        let mapper = object.mapper().id();
        let mut own = self.objects.iter().filter(|(own, model, _)| *own == moment && *model == mapper);
        own.try_for_each(|(_, _, listener)| listener(object))
    }

    /// Returns whether somebody listens to objects that are written.
    pub(crate) fn hears_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    /// Returns whether somebody listens to the states of objects.
    #[inline]
    pub(super) fn hears_states(&self) -> bool {
        !self.states.is_empty()
    }

    pub(super) fn call_states(&self, change: &StateChange<'_>) {
        self.states.iter().for_each(|listener| listener(change));
    }

    /// Lets listeners change a statement of the user's, and adds the filters.
    pub(crate) fn rewrite(&self, statement: &mut Statement, info: &SessionInfo) -> Result<()> {
        self.change(statement, info, false)
    }

    /// As [`rewrite`](Self::rewrite), for a statement that loads a relationship.
    pub(crate) fn rewrite_load(&self, statement: &mut Statement, info: &SessionInfo) -> Result<()> {
        self.change(statement, info, true)
    }

    fn change(&self, statement: &mut Statement, info: &SessionInfo, is_relationship_load: bool) -> Result<()> {
        for listener in &self.statements {
            listener(&mut Execution { statement, info, is_relationship_load })?;
        }
        self.restrict(statement)
    }

    /// Adds the conditions that hold for every row of a model.
    pub(crate) fn restrict(&self, statement: &mut Statement) -> Result<()> {
        for criterion in &self.filters {
            statement.restrict(criterion.clone()?);
        }
        Ok(())
    }

    /// Returns whether not every row of a model counts.
    pub(crate) fn filters(&self, mapper: &Mapper) -> bool {
        self.filters.iter().flatten().any(|criterion| criterion.mapper.is(mapper))
    }
}

/// An object that has gone from one state to another, for a listener to look at; see [`SessionEvents::on_state_change`].
pub struct StateChange<'a> {
    id: ObjectId,
    object: &'a dyn Object,
    from: Option<ObjectState>,
    to: Option<ObjectState>,
}

impl<'a> StateChange<'a> {
    pub(super) fn new(
        id: ObjectId,
        object: &'a dyn Object,
        from: Option<ObjectState>,
        to: Option<ObjectState>,
    ) -> StateChange<'a> {
        StateChange { id, object, from, to }
    }

    /// Returns the object's handle, which is dead if the object has left.
    pub fn handle(&self) -> AnyHandle {
        AnyHandle { id: self.id, mapper: self.object.mapper() }
    }

    /// Returns where the object stood: nowhere if it was not in the session.
    pub fn from(&self) -> Option<ObjectState> {
        self.from
    }

    /// Returns where the object stands: nowhere if it has left the session.
    pub fn to(&self) -> Option<ObjectState> {
        self.to
    }

    /// Returns the object with its handle, if it is of this model.
    pub fn of<A: Entity>(&self, _entity: A) -> Option<(Handle<A::Model>, &'a A::Model)> {
        let any: &dyn Any = self.object;
        any.downcast_ref().map(|object| (Handle::of(self.id), object))
    }
}

impl std::fmt::Debug for StateChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, .. } = self;
        f.debug_struct("StateChange").field("handle", &self.handle()).field("from", from).field("to", to).finish()
    }
}

/// A statement that is about to run, for a listener to look at and to narrow.
pub struct Execution<'a> {
    statement: &'a mut Statement,
    info: &'a SessionInfo,
    is_relationship_load: bool,
}

impl std::fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("is_write", &self.is_write()).finish_non_exhaustive()
    }
}

impl<'a> Execution<'a> {
    /// Returns what is noted of the session in this type; see [`Session::set_info`].
    pub fn info<T: 'static>(&self) -> Option<&'a T> {
        self.info.get()
    }

    /// Returns what kind of statement it is: a listener that fails for [`StatementKind::Text`](super::StatementKind::Text)
    /// sees to it that nothing goes by the filters.
    pub fn kind(&self) -> super::StatementKind {
        super::routes::kind(self.statement)
    }

    /// Returns whether it writes.
    pub fn is_write(&self) -> bool {
        self.statement.is_write()
    }

    /// Returns whether it loads a relationship: that of an option such as [`selectinload`](crate::selectinload), or of
    /// [`load`](Session::load). One whose members are joined to a query is part of that.
    pub fn is_relationship_load(&self) -> bool {
        self.is_relationship_load
    }

    /// Returns whether it reads or writes a model's table by itself, alone or beside others, not only in a subquery. Of
    /// [`text`](crate::text) no more is known than the model whose rows it gives.
    pub fn is_of<A: Entity>(&self, _entity: A) -> bool {
        is_of(self.statement, A::Model::__mapper())
    }

    /// Adds a condition on a model's rows, wherever its table stands in the statement: as [`SessionEvents::filter`].
    ///
    /// # Errors
    ///
    /// Fails when the condition mentions another table outside of a subquery.
    pub fn filter<A: Entity>(&mut self, _entity: A, condition: impl Predicate) -> Result<()> {
        self.statement.restrict(Criterion::new(A::Model::__mapper(), condition.__predicate())?);
        Ok(())
    }
}

fn is_of(statement: &Statement, mapper: &Mapper) -> bool {
    match statement {
        Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => reads(select, mapper),
        Statement::Explain(inner) => is_of(inner, mapper),
        Statement::Insert(insert) => match &insert.source {
            InsertSource::Select(select) => insert.mapper.is(mapper) || reads(select, mapper),
            _ => insert.mapper.is(mapper),
        },
        Statement::Update(update) => changes(&update.rows, mapper),
        Statement::Delete(delete) => changes(&delete.rows, mapper),
        Statement::Text(text) => text.model.is_some_and(|own| own.is(mapper)),
    }
}

fn reads(select: &SelectNode, mapper: &Mapper) -> bool {
    let members = select.set.iter().flat_map(|set| &set.members);
    !places(select, mapper).is_empty() || members.into_iter().any(|member| reads(member, mapper))
}

fn changes(rows: &ChangedRows, mapper: &Mapper) -> bool {
    rows.mapper.is(mapper)
        || rows.joins.iter().any(|joined| match joined {
            Joined::Relation(relation) => target(relation).is(mapper),
            Joined::Inferred(table) => table.mapper.is_some_and(|own| own.is(mapper)),
            Joined::On { mapper: own, .. } => own.is(mapper),
        })
}

/// Returns the alias of a model's table, if this is one.
fn place(item: &FromItem, mapper: &Mapper) -> Option<Alias> {
    match item {
        FromItem::Table(table) => table.mapper.filter(|own| own.is(mapper)).map(|_| table.alias),
        FromItem::Derived(_) => None,
    }
}

fn target(relation: &RelationReference) -> &'static Mapper {
    (relation.owner.definition().relationships[usize::from(relation.index)].target)()
}

/// Returns the aliases under which a SELECT itself reads a model's table.
pub(crate) fn places(select: &SelectNode, mapper: &Mapper) -> Vec<Alias> {
    let mut found: Vec<Alias> = Vec::new();
    let mut note = |is_here: bool, alias: Alias| {
        if is_here && !alias.is_derived() && !found.contains(&alias) {
            found.push(alias);
        }
    };
    let expressions = select.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Expression(node) => Some(node),
        _ => None,
    });
    for node in expressions.chain(&select.filters).chain(&select.group_by) {
        node.visit(&mut |node| {
            if let Node::Column { mapper: other, alias, .. } = node {
                note(other.is(mapper), *alias);
            }
        });
    }
    for output in &select.outputs {
        if let OutputKind::Entity { mapper: other, alias } = &output.kind {
            note(other.is(mapper), *alias);
        }
    }
    for item in select.from.iter().chain(select.joins.iter().filter_map(JoinNode::item)) {
        note(place(item, mapper).is_some(), item.reference().alias);
    }
    for join in &select.joins {
        if let JoinNode::Relation { relation, .. } = join {
            note(target(relation).is(mapper), relation.target_alias);
        }
    }
    found
}
