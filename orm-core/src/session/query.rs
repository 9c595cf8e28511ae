//! What a session reads: queries, objects by key, relationships on demand.

use std::future::Future;
use std::ops::ControlFlow;
use std::panic::Location;

use orm_pool::Value;

use super::chunks::ChunkEnding;
use super::identity::values_text;
use super::synchronize::written_by_ctes;
use super::{BindRequest, Busy, Flushing, Handle, Key, Objects, Session, State, Synchronize, WRITING, model_name};
use crate::engine::{Handles, Mode, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, ColumnRule, LoadPath};
use crate::mapper::{Alias, Decoded, Entity, IntoKey, Mapper, Model, Row, RowType, Selectable};
use crate::sql::{Lock, Node, Output, Returning, Rows, Select, SelectNode, Statement, Taken, Write, clauses, select};
use crate::types::SqlType;

/// Where the rows of a session's request go: the one thing about them that depends on their type.
trait CollectManaged: Send {
    /// Reads a row, whose objects the session has then.
    fn push(&mut self, row: &Row<'_>, objects: &mut Objects) -> Decoded<()>;

    /// Returns how many there are.
    fn count(&self) -> usize;

    /// Returns how many columns a row takes.
    fn width(&self) -> usize;
}

struct ManagedRows<S: RowType>(Vec<S::Managed>);

impl<S: RowType> CollectManaged for ManagedRows<S> {
    #[inline]
    fn push(&mut self, row: &Row<'_>, objects: &mut Objects) -> Decoded<()> {
        self.0.push(S::__managed(row, 0, objects)?);
        Ok(())
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn width(&self) -> usize {
        S::__width()
    }
}

impl Session {
    /// Starts a query whose rows come as handles: SQLAlchemy's 1.x style.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, func, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// let users = session.query(User).filter(User.name.like("e%")).order_by(User.id).all().await?;
    /// assert_eq!(users, [ed]);
    /// let pairs: Vec<(String, i64)> = session.query((User.name, func::length(User.name).cast::<i64>())).all().await?;
    /// assert_eq!(pairs, [("ed".to_owned(), 2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query<S: Selectable>(&mut self, selected: S) -> Query<'_, S::Row> {
        let autoflush = self.autoflush;
        Query { session: self, autoflush, overwrites: false, select: select(selected) }
    }

    pub(crate) async fn fetch_managed<S: RowType>(&mut self, request: Request) -> Result<Vec<S::Managed>> {
        let mut rows = ManagedRows::<S>(Vec::new());
        self.fetch_into(request, &mut rows).await?;
        Ok(rows.0)
    }

    /// Runs a request and collects its rows, whose objects get their members.
    async fn fetch_into(&mut self, mut request: Request, rows: &mut dyn CollectManaged) -> Result<()> {
        self.check()?;
        self.flush_before_query().await?;
        self.rewrite(&mut request.statements)?;
        self.fetch_rewritten(request, rows).await
    }

    /// Runs a request that listeners have seen.
    async fn fetch_rewritten(&mut self, mut request: Request, rows: &mut dyn CollectManaged) -> Result<()> {
        if request.statements.iter().any(Statement::is_write) {
            self.busy = WRITING;
        }
        let mut written = 0;
        let done = self.fetch_rows(&mut request, rows, &mut written).await;
        self.busy = Busy::No;
        match done {
            // What the statements before it have written would stay alone.
            Err(error) if written > 0 => Err(self.flush_failed(error).await),
            done => done,
        }
    }

    /// Counts the statements that have written before another one failed.
    async fn fetch_rows(
        &mut self,
        request: &mut Request,
        rows: &mut dyn CollectManaged,
        written_before: &mut usize,
    ) -> Result<()> {
        let dialect = self.connections.engine_of(BindRequest::of(&request.statements)).dialect();
        request.make_for(dialect);
        let plans = request.plans()?;
        self.refuse_far_loads(&plans)?;
        if request.lets_go {
            self.let_go_of_chunk();
        }
        let bind = BindRequest::of(&request.statements);
        self.connected_for(bind).await?;
        let foreseen = self.foresee(&request.statements, dialect)?;
        // Rows may be those that a CTE gives, or be as they were before it: they are read, and read again.
        let written = written_by_ctes(&request.statements);
        self.doubt_written(&written)?;
        let Session { connections, objects, has_retryable_failure, overwrites, .. } = self;
        let connection = connections.for_loading(bind, objects).await?;
        objects.seen.clear();
        objects.overwrites = *overwrites;
        objects.query += 1;
        let mut members = load::ObjectRows::default();
        let ending = if request.is_chunk { ChunkEnding::of(&request.statements) } else { None };
        let mut last = None;
        let mut query = None;
        request.make_within(connection.guard.most_bytes());
        for mut statement in std::mem::take(&mut request.statements) {
            let is_write = statement.is_write();
            let is_text = matches!(statement, Statement::Text(_));
            let most = if is_write { usize::MAX } else { request.most() };
            let joins = load::attach(&mut statement, &plans, &mut query)?;
            connection
                .run(statement, &mut |row| {
                    if is_text {
                        row.has_columns(rows.width())?;
                    }
                    let Some(joins) = &joins else {
                        rows.push(&row, objects)?;
                        last = ending.as_ref().and_then(|ending| ending.read(&row, rows.count()));
                        return Ok(if rows.count() < most {
                            ControlFlow::Continue(())
                        } else {
                            ControlFlow::Break(())
                        });
                    };
                    if members.begin(&row, joins) {
                        if rows.count() == most {
                            return Ok(ControlFlow::Break(()));
                        }
                        rows.push(&row, objects)?;
                        last = ending.as_ref().and_then(|ending| ending.read(&row, rows.count()));
                    }
                    members.gather(&row, joins, objects)?;
                    Ok(ControlFlow::Continue(()))
                })
                .await
                .inspect_err(|error| *has_retryable_failure |= error.is_retryable())?;
            *written_before += usize::from(is_write);
        }
        *written_before = 0;
        let mut seen = std::mem::take(&mut objects.seen);
        if !plans.is_empty() {
            seen.sort_unstable();
            seen.dedup();
            let loading = load::load_objects(connection, objects, &seen, &plans, members, query.as_ref());
            let loaded = Box::pin(loading).await;
            self.noted(loaded)?;
        }
        self.objects.overwrites = false;
        if let Some(foreseen) = foreseen {
            self.follow(foreseen, &seen, dialect);
        }
        self.doubt_written(&written)?;
        if request.is_chunk {
            self.chunk = seen;
            self.chunk_ends_with = last;
        }
        self.connections.rest();
        match self.objects.vetoed.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    pub(crate) async fn fetch_values<S: RowType>(&mut self, request: Request) -> Result<Vec<S>> {
        self.check()?;
        self.flush_before_query().await?;
        let mut request = request;
        self.rewrite(&mut request.statements)?;
        let written = written_by_ctes(&request.statements);
        let bind = BindRequest::of(&request.statements);
        if request.statements.iter().any(Statement::is_write) {
            self.busy = WRITING;
        }
        let values = match self.connected_for(bind).await {
            Ok(connection) => connection.values_for_session(request).await,
            Err(error) => Err(error),
        };
        self.busy = Busy::No;
        self.doubt_written(&written)?;
        self.noted(values)
    }

    /// Lets listeners change statements, and refuses those that no engine has all tables of.
    pub(super) fn rewrite(&self, statements: &mut [Statement]) -> Result<()> {
        statements.iter_mut().try_for_each(|statement| self.objects.events.rewrite(statement, &self.objects.info))?;
        self.connections.far_model(statements).map_or(Ok(()), |taken| Err(leads_elsewhere(&taken)))
    }

    /// Refuses to load relationships along with a query that is run elsewhere than where their members are.
    fn refuse_far_loads(&self, plans: &[load::Plan]) -> Result<()> {
        for plan in plans {
            for node in &plan.nodes {
                let info = node.info()?;
                if !self.connections.are_together(plan.root, info.target) {
                    let name = info.name();
                    let message = format!("relationship `{name}` leads to a model of another engine");
                    return Err(Error::new(ErrorKind::InvalidRequest, message)
                        .hint(format!("load it after the query, by `session.load(&handles, {name})`")));
                }
            }
        }
        Ok(())
    }

    /// Runs statements for their effect; the objects follow.
    pub(crate) async fn change(&mut self, statements: Vec<Statement>) -> Result<u64> {
        self.change_with(statements, Synchronize::Auto).await
    }

    // ------------------------------------------------------------------------------------------ statements

    /// Runs a statement and returns every row, as handles and values.
    ///
    /// Objects follow an UPDATE, a DELETE or an upsert with RETURNING as they follow one that is [executed](Self::execute).
    ///
    /// ```
    /// # use orm_core::{Engine, Handle, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// let pairs: Vec<(Handle<User>, String)> = session.all(select((User, User.name))).await?;
    /// assert_eq!(pairs, [(ed, "ed".to_owned())]);
    /// assert_eq!(session.one(select(User).filter(User.name.eq("ed"))).await?, ed);
    /// assert_eq!(session.first(select(User.name).order_by(User.id)).await?.as_deref(), Some("ed"));
    /// assert_eq!(session.one_or_none(select(User).filter(User.id.eq(9))).await?, None);
    /// assert_eq!(session.scalars(select(User.id)).await?, [1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the session waits for a rollback, as [`flush`](Self::flush), which comes first, when the statement
    /// cannot be rendered, when the database refuses it, or when a value does not fit its Rust type.
    pub fn all<Q: Rows>(&mut self, statement: Q) -> impl Future<Output = Result<Vec<Managed<Q>>>> + Send {
        rows(statement).all(self)
    }

    /// Does the same as [`all`](Self::all), under the name that SQLAlchemy has for single columns and objects.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn scalars<Q: Rows>(&mut self, statement: Q) -> impl Future<Output = Result<Vec<Managed<Q>>>> + Send {
        rows(statement).all(self)
    }

    /// Runs a statement and returns its first row, if there is one; [`all`](Self::all) shows it.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first<Q: Rows>(&mut self, statement: Q) -> impl Future<Output = Result<Option<Managed<Q>>>> + Send {
        rows(statement).first(self)
    }

    /// Runs a statement and returns its only row; [`all`](Self::all) shows it.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), with [`ErrorKind::NoResultFound`] when there is none and with
    /// [`ErrorKind::MultipleResultsFound`] when there are several.
    #[track_caller]
    pub fn one<Q: Rows>(&mut self, statement: Q) -> impl Future<Output = Result<Managed<Q>>> + Send {
        rows(statement).one(self)
    }

    /// Runs a statement and returns its only row, or `None`; [`all`](Self::all) shows it.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and with [`ErrorKind::MultipleResultsFound`] when there are several.
    #[track_caller]
    pub fn one_or_none<Q: Rows>(&mut self, statement: Q) -> impl Future<Output = Result<Option<Managed<Q>>>> + Send {
        rows(statement).one_or_none(self)
    }

    /// Runs a statement and returns the only column of its first row; no row and NULL are both `None`.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, func, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// assert_eq!(session.scalar(select(func::max(User.id))).await?, None); // NULL
    /// session.add(User::builder().name("ed"));
    /// assert_eq!(session.scalar(select(func::max(User.id))).await?, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn scalar<Q: Rows<Row: SqlType>>(
        &mut self,
        statement: Q,
    ) -> impl Future<Output = Result<Option<<Q::Row as SqlType>::Plain>>> + Send {
        rows(statement).scalar(self)
    }

    /// Runs an INSERT, UPDATE, DELETE or text in the session's transaction, and returns how many rows it changed.
    ///
    /// The session's objects of the model that it writes are expired; those of text are not, since it is not read.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// let changed = session.execute(update(User).set(User.name, "edward")).await?; // flushes first
    /// assert_eq!(changed, 1);
    /// session.refresh(ed).await?; // the statement has expired it
    /// assert_eq!(session[ed].name, "edward");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn execute(&mut self, statement: impl Write) -> impl Future<Output = Result<u64>> + Send {
        let statements = statement.__statements();
        async move { self.change(statements?).await }
    }

    // ------------------------------------------------------------------------------------------ by key

    /// Returns the object with this key: from the identity map if it is there and fresh, else from the database.
    ///
    /// ```
    /// # use orm_core as orm;
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
    /// assert_eq!(session.get(User, 1).await?, Some(ed));
    /// assert_eq!(session.get(User, 2).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database refuses the query, or the session waits for a rollback.
    pub async fn get<A: Entity>(
        &mut self,
        entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
    ) -> Result<Option<Handle<A::Model>>> {
        self.get_by_values(entity, key.__into_key()).await
    }

    async fn get_by_values<A: Entity>(&mut self, _entity: A, values: Vec<Value>) -> Result<Option<Handle<A::Model>>> {
        self.check()?;
        let mapper = A::Model::__mapper();
        let known = Key::of(values.iter().cloned()).and_then(|key| self.objects.find(mapper, &key));
        if let Some(slot) = known
            && !self.objects.get(slot).is_expired
        {
            return Ok(Some(Handle::of(self.objects.id(slot))));
        }
        self.read_by_key::<A::Model>(values, known, None, true).await
    }

    /// Returns the object with this key, read from the database and locked against others until the transaction ends:
    /// FOR UPDATE, or SQLite's write lock. What was changed in it is flushed first.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Account { #[orm(primary_key)] id: i64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Account].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.add(Account { id: 1, balance: 100 });
    /// session.commit().await?;
    /// update(Account).set(Account.balance, 50).execute(&engine).await?;
    ///
    /// let account = session.get_for_update(Account, 1).await?.expect("it is there");
    /// session[account].balance -= 10; // nobody else can change it meanwhile
    /// session.commit().await?;
    /// assert_eq!(session[account].balance, 40);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and as [`flush`](Self::flush).
    pub async fn get_for_update<A: Entity>(
        &mut self,
        entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
    ) -> Result<Option<Handle<A::Model>>> {
        self.get_locked(entity, key, Lock::update()).await
    }

    /// Returns the object with this key, read from the database and locked as a [`Lock`] says. SQLAlchemy's `get` with
    /// `with_for_update`.
    ///
    /// With [`Lock::skip_locked`] a row that another transaction has locked is as one that is not there.
    ///
    /// ```
    /// # use orm_core::{Engine, Lock, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Account { #[orm(primary_key)] id: i64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Account].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(Account::builder().balance(1));
    /// let account = session.get_locked(Account, 1, Lock::share()).await?;
    /// assert_eq!(account.map(|account| session[account].balance), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), when the database does not know the lock, and, with [`Lock::nowait`], when the row is locked.
    pub async fn get_locked<A: Entity>(
        &mut self,
        _entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
        lock: Lock,
    ) -> Result<Option<Handle<A::Model>>> {
        self.flush().await?;
        let values = key.__into_key();
        let key = Key::of(values.iter().cloned());
        let known = key.and_then(|key| self.objects.find(A::Model::__mapper(), &key));
        known.into_iter().for_each(|slot| self.objects.expire(slot));
        let known = known.filter(|_| !lock.skips());
        self.read_by_key::<A::Model>(values, known, Some(lock), true).await
    }

    /// Reads an object's row again and locks it: [`refresh`](Self::refresh) with a [`Lock`]. SQLAlchemy's `refresh` with
    /// `with_for_update`.
    ///
    /// # Errors
    ///
    /// As [`refresh`](Self::refresh), when the database does not know the lock, and when the row is locked by another
    /// transaction and the lock does not wait.
    pub async fn refresh_locked<M: Model>(&mut self, handle: Handle<M>, lock: Lock) -> Result<()> {
        self.check()?;
        let slot = self.slot(handle)?;
        let Some(key) = self.stored_key(slot) else { return Err(not_persistent(&self.objects, slot)) };
        self.expire(handle)?;
        let skips = lock.skips();
        match self.read_by_key::<M>(key, None, Some(lock), false).await? {
            Some(_) => Ok(()),
            None if skips => Err(skipped(&self.objects, slot)),
            None => Err(cannot_be_refreshed(&self.objects, slot)),
        }
    }

    /// Returns the key of an object's row as the database has it.
    pub(super) fn stored_key(&self, slot: u32) -> Option<Vec<orm_pool::Value>> {
        let entry = self.objects.get(slot);
        if entry.state != State::Persistent || entry.key.is_none() {
            return None;
        }
        let object = self.objects.stored(slot);
        Some(entry.mapper.definition().key.iter().map(|&column| object.column(usize::from(column))).collect())
    }

    /// Reads the row with a key, `as_query` as far as the session's filters let it be seen; an expired object whose row is gone
    /// is no longer what the key leads to.
    async fn read_by_key<M: Model>(
        &mut self,
        values: Vec<orm_pool::Value>,
        known: Option<u32>,
        lock: Option<Lock>,
        as_query: bool,
    ) -> Result<Option<Handle<M>>> {
        let mapper = M::__mapper();
        let columns = mapper.definition().key.iter();
        let filters = columns.zip(values).map(|(&column, value)| {
            Node::equals(Node::Column { mapper, column, alias: Alias::NONE }, Node::Bind(value))
        });
        let outputs = vec![Output::entity(mapper, Alias::NONE)];
        let mut select = SelectNode { outputs, filters: filters.collect(), ..SelectNode::default() };
        if lock.is_some() {
            select.lock = lock;
        }
        // What an expired object had loaded is loaded again.
        let loaded = known.map(|slot| {
            let is_loaded = |column: &u16| self.objects.get(slot).has_columns([*column]);
            LoadPath::here(mapper, ColumnRule::Undefer(mapper.deferrable().filter(is_loaded).collect()))
        });
        let loads = loaded.filter(|_| mapper.has_deferrable()).into_iter().collect();
        let mut request = Request::new(vec![Statement::Select(Box::new(select))], loads);
        self.check()?;
        self.flush_before_query().await?;
        if as_query {
            self.rewrite(&mut request.statements)?;
        }
        let criteria = request.statements.iter().flat_map(Statement::criteria);
        let hides_rows = criteria.into_iter().any(|criterion| criterion.mapper.is(mapper));
        let mut rows = ManagedRows::<M>(Vec::new());
        self.fetch_rewritten(request, &mut rows).await?;
        let found = rows.0.into_iter().next();
        if let (None, Some(slot)) = (found, known)
            // A row that a filter hides is not gone.
            && !hides_rows
            && self.objects.get(slot).is_expired
            // What is changed in it is for the flush to tell of, which finds no row for it.
            && !self.objects.is_modified(slot)
        {
            // The object stays readable. Its row comes back with a rollback if it was deleted in this transaction.
            self.objects.save(slot);
            self.objects.forget_identity(slot);
            self.objects.set_state(slot, State::Deleted);
        }
        Ok(found)
    }

    /// Returns the object with this key.
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
    /// session.add(User::builder().name("ed"));
    /// session.flush().await?;
    /// let ed = session.get_one(User, 1).await?;
    /// assert_eq!(session[ed].name, "ed");
    /// let error = session.get_one(User, 2).await.unwrap_err();
    /// assert_eq!(error.message(), "no `User` with key 2 was found when one was required");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and with [`ErrorKind::NoResultFound`] when there is none.
    pub async fn get_one<A: Entity>(
        &mut self,
        entity: A,
        key: impl IntoKey<<A::Model as Model>::Key> + Send,
    ) -> Result<Handle<A::Model>> {
        let values = key.__into_key();
        let key = values_text(values.iter().cloned());
        self.get_by_values(entity, values).await?.ok_or_else(|| {
            let message = format!("no `{}` with key {key} was found when one was required", model_name::<A::Model>());
            Error::new(ErrorKind::NoResultFound, message).hint("`get` gives an `Option`")
        })
    }

    // ------------------------------------------------------------------------------------------ again

    /// Reads an object's row again and forgets what was loaded of its relationships.
    ///
    /// Changes that were not flushed are lost.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # let ed = session.add(User::builder().name("ed"));
    /// # session.commit().await?;
    /// update(User).set(User.name, "edward").execute(&engine).await?; // somebody else
    /// session.refresh(ed).await?;
    /// assert_eq!(session[ed].name, "edward");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, when the row is gone or was never inserted, when the
    /// session waits for a rollback, or when the database refuses the query.
    pub async fn refresh<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        self.check()?;
        let slot = self.slot(handle)?;
        if matches!(self.objects.get(slot).state, State::Pending | State::Transient) {
            return Err(not_persistent(&self.objects, slot));
        }
        let slots = self.objects.refreshed_with(slot);
        self.expire_slots(&slots);
        self.objects.get_mut(slot).is_expired = true;
        for of_one_model in slots
            .chunk_by(|&left, &right| self.objects.are_of_one_model(left, right))
            .map(<[u32]>::to_vec)
            .collect::<Vec<_>>()
        {
            self.read_again(&of_one_model).await?;
        }
        if self.objects.get(slot).is_expired { Err(cannot_be_refreshed(&self.objects, slot)) } else { Ok(()) }
    }

    /// Reads the rows of expired objects, so that what is loaded for them is loaded by keys that are theirs.
    pub(super) async fn read_again(&mut self, slots: &[u32]) -> Result<()> {
        let expired: Vec<u32> = slots.iter().copied().filter(|&slot| self.objects.get(slot).is_expired).collect();
        let Some(&first) = expired.first() else { return Ok(()) };
        let mapper = self.objects.get(first).mapper;
        for chunk in expired.chunks(500) {
            let filters = vec![self.rows_of(mapper, chunk)];
            let is_loaded = |column: &u16| chunk.iter().any(|&slot| self.objects.get(slot).has_columns([*column]));
            // What a flush has forgotten is computed again.
            let is_forgotten = |column: &u16| {
                let column = &mapper.definition.columns[usize::from(*column)];
                column.property.is_some() && !column.deferred
            };
            let is_of_query = |column: &u16| mapper.definition.columns[usize::from(*column)].is_of_query();
            let is_left_out = |column: &u16| is_of_query(column) || (!is_loaded(column) && !is_forgotten(column));
            let left_out = mapper.deferrable().filter(is_left_out).collect();
            self.read_rows(mapper, BindRequest::read(mapper), left_out, filters, false).await?;
        }
        Ok(())
    }

    /// The condition that names the rows of some objects.
    pub(super) fn rows_of(&self, mapper: &'static Mapper, slots: &[u32]) -> Node {
        let keys = slots.iter().filter_map(|&slot| {
            let entry = self.objects.get(slot);
            entry.key.as_ref()?;
            let object = self.objects.stored(slot);
            let cells = mapper.definition.key.iter().map(|&column| {
                let value = object.column(usize::from(column));
                Node::equals(Node::Column { mapper, column, alias: Alias::NONE }, Node::Bind(value))
            });
            Some(Node::All(cells.collect()))
        });
        Node::Any(keys.collect())
    }

    /// Reads the rows of a model that fulfil conditions into their objects, without some columns, and returns these. They
    /// are rows of objects that the session has, or, `as_query`, what a query would find.
    pub(super) async fn read_rows(
        &mut self,
        mapper: &'static Mapper,
        bind: BindRequest,
        left_out: Vec<u16>,
        filters: Vec<Node>,
        as_query: bool,
    ) -> Result<Vec<u32>> {
        let Session { connections, objects, .. } = self;
        let connection = connections.for_loading(bind, objects).await?;
        let outputs = vec![Output::entity(mapper, Alias::NONE).leaving_out(left_out)];
        let select = SelectNode { outputs, filters: filters.into(), ..SelectNode::default() };
        let mut statement = Statement::Select(Box::new(select));
        if as_query {
            objects.events.rewrite(&mut statement, &objects.info)?;
        }
        let mut read = Vec::new();
        let mut take = |row: Row<'_>| {
            read.push(objects.load_any(mapper, &row, 0)?);
            Ok(ControlFlow::Continue(()))
        };
        let done = connection.run(statement, &mut take).await.map(|_| ());
        self.noted(done)?;
        Ok(read)
    }

    /// Says that an object may have changed: the next row that is read for it overwrites it. Changes that were not
    /// flushed are lost, and loaded relationships are forgotten.
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
    /// session.expire(ed)?; // loses the change; no statement yet
    /// assert_eq!(session[ed].name, "ed");
    /// assert_eq!(session.get(User, 1).await?, Some(ed)); // reads its row
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the handle names no object of this session, or one that has no row.
    pub fn expire<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        let slot = self.persistent_slot(handle)?;
        let slots = self.objects.refreshed_with(slot);
        self.expire_slots(&slots);
        Ok(())
    }

    /// Returns the slot of an object that has a row.
    pub(super) fn persistent_slot<M: Model>(&self, handle: Handle<M>) -> Result<u32> {
        let slot = self.slot(handle)?;
        let is_persistent = self.objects.get(slot).state == State::Persistent;
        if is_persistent { Ok(slot) } else { Err(not_persistent(&self.objects, slot)) }
    }

    /// [Expires](Self::expire) every object.
    pub fn expire_all(&mut self) {
        let is_persistent = |&slot: &u32| self.objects.get(slot).state == State::Persistent;
        let slots: Vec<u32> = self.objects.in_use().filter(is_persistent).collect();
        self.expire_slots(&slots);
    }

    fn expire_slots(&mut self, slots: &[u32]) {
        let done = self.objects.forget_and_expire(slots);
        self.deferred = self.deferred.take().or(done.err());
    }
}

/// What a session makes of the rows of a statement.
///
/// ```
/// # use orm_core::{Engine, Handle, Model, Rows, Session, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// async fn last<Q: Rows + Send>(session: &mut Session, query: Q) -> orm_core::Result<Option<orm_core::Managed<Q>>> {
///     Ok(session.all(query).await?.pop())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().name("ed"));
/// assert_eq!(last(&mut session, select(User)).await?, Some(ed)); // a handle
/// assert_eq!(last(&mut session, select(User.id)).await?, Some(1)); // a value
/// # Ok(())
/// # }
/// ```
pub type Managed<Q> = <Handles as Mode>::Output<<Q as Rows>::Row>;

/// Says that there is no row to be read again.
pub(super) fn not_persistent(objects: &Objects, slot: u32) -> Error {
    let message = format!("object {} is not persistent within this session", objects.describe(slot));
    Error::new(ErrorKind::InvalidRequest, message).hint("flush it first, if it is new")
}

pub(super) fn cannot_be_refreshed(objects: &Objects, slot: u32) -> Error {
    let message = format!("object {} cannot be refreshed: its row is gone", objects.describe(slot));
    Error::new(ErrorKind::InvalidRequest, message)
        .hint("somebody else has deleted it: take it out by `session.expunge`, or keep its value by `session.detach`")
}

/// Says that a lock that waits for none has left out the row to be read again.
fn skipped(objects: &Objects, slot: u32) -> Error {
    let message = format!(
        "object {} cannot be refreshed: its row is locked by another transaction, or gone",
        objects.describe(slot)
    );
    Error::new(ErrorKind::InvalidRequest, message)
        .hint("leave `skip_locked` out to wait for it; `session.refresh` reads it without a lock, and tells whether it is gone")
}

/// Makes any statement with rows one that has the terminals.
pub(super) fn rows<Q: Rows>(statement: Q) -> Returning<Q::Row> {
    Returning::of(statement.__request())
}

/// A query of a session: the clauses of [`Select`], and terminals that need no executor.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Engine, Model, Session, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// session.add_all(["ed", "wendy"].map(|name| User::builder().name(name)));
/// let first = session.query(User).order_by(User.name.desc()).first().await?; // flushes first
/// assert_eq!(first.map(|user| session[user].name.as_str()), Some("wendy"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Query<'s, S> {
    session: &'s mut Session,
    /// Whether it flushes first.
    autoflush: bool,
    overwrites: bool,
    select: Select<S>,
}

impl<'s, S: RowType> Query<'s, S> {
    clauses!(|this| this.select);

    /// Has the rows overwrite the objects that the session knows, and those of members that options load: what was changed
    /// in them and not flushed is lost.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// session.flush().await?;
    /// session[ed].name = "changed".into();
    /// session.no_autoflush().query(User).populate_existing().all().await?;
    /// assert_eq!(session[ed].name, "ed");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn populate_existing(self) -> Self {
        Query { overwrites: true, ..self }
    }

    pub(super) fn without_autoflush(self) -> Self {
        Query { autoflush: false, ..self }
    }

    /// Returns every row; this example shows the other ends of a query as well.
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
    /// assert_eq!(session.query(User).all().await?, [ed]);
    /// assert_eq!(session.query(User).one().await?, ed);
    /// assert_eq!(session.query(User).filter(User.id.eq(2)).one_or_none().await?, None);
    /// assert_eq!(session.query(User.name).scalar().await?.as_deref(), Some("ed"));
    /// assert_eq!(session.query(User).count().await?, 1);
    /// assert!(session.query(User).filter(User.name.eq("ed")).exists().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Select::all`], and as [`Session::flush`], which comes first.
    pub async fn all(self) -> Result<Vec<S::Managed>> {
        self.select.all(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session()).await
    }

    /// Returns the first row, if there is one.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn first(self) -> Result<Option<S::Managed>> {
        self.select.first(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session()).await
    }

    /// Returns the only row.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and when there is none or several.
    #[track_caller]
    pub fn one(self) -> impl Future<Output = Result<S::Managed>> + Send {
        let (place, Query { session, autoflush, overwrites, select }) = (Location::caller(), self);
        async move { select.one_at(Flushing::new(session, autoflush).overwriting(overwrites).session(), place).await }
    }

    /// Returns the only row, or `None`.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and when there are several.
    #[track_caller]
    pub fn one_or_none(self) -> impl Future<Output = Result<Option<S::Managed>>> + Send {
        let (place, Query { session, autoflush, overwrites, select }) = (Location::caller(), self);
        async move {
            select.one_or_none_at(Flushing::new(session, autoflush).overwriting(overwrites).session(), place).await
        }
    }

    /// Returns the only column of the first row; no row and NULL are both `None`.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn scalar(self) -> Result<Option<S::Plain>>
    where
        S: SqlType,
    {
        self.select.scalar(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session()).await
    }

    /// Returns how many rows there are.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn count(self) -> Result<u64> {
        self.select.count(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session()).await
    }

    /// Returns whether there is a row.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn exists(self) -> Result<bool> {
        self.select.exists(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session()).await
    }
}

impl<M: Model> Query<'_, M> {
    /// Returns the object with this key, if it is one of those that the query finds. SQLAlchemy's `Query.get`.
    ///
    /// It asks the database always, and loads what the options say; [`Session::get`] looks into the identity map first.
    ///
    /// ```
    /// # use orm_core::{Engine, HasMany, Model, Session, metadata, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// # session.commit().await?;
    /// let ed = session.query(User).options(selectinload(User.addresses)).get(1).await?.expect("it is there");
    /// assert_eq!(session.handles(ed, User.addresses).len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and when a join has multiplied the row.
    pub async fn get(self, key: impl IntoKey<M::Key> + Send) -> Result<Option<Handle<M>>> {
        self.select.get(Flushing::new(self.session, self.autoflush).overwriting(self.overwrites).session(), key).await
    }
}

/// Says that a statement takes a table of another engine than its own.
fn leads_elsewhere(taken: &Taken) -> Error {
    let message = match taken.relationship {
        Some((owner, relationship)) => {
            let (owner, name) = (owner.definition.name, relationship.name);
            format!("relationship `{owner}.{name}` leads to a model of another engine")
        }
        None => format!("the statement takes `{}`, a model of another engine", taken.mapper.definition.name),
    };
    Error::new(ErrorKind::InvalidRequest, message)
        .hint("ask each engine by a statement of its own, and give one what the other has found")
}
