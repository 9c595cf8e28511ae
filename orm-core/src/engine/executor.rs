//! What runs a statement, and what comes out: [`Executor`].
//!
//! An engine, a connection and a transaction give values; a session gives handles.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::Location;

use smallvec::SmallVec;

use super::execute::Collect;
use super::{Chunk, Connection, Engine, Savepoint, Source, Transaction};
use crate::compile::read_back;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{LoadPath, Plan, attach};
use crate::mapper::{Alias, Decoded, Mapper, Misread, Row, RowType};
use crate::session::{Flushing, Nested, NoAutoflush, Objects, Session};
use crate::sql::{Node, Output, Statement, is_limited, within};
use crate::types::DecodeError;

mod sealed {
    pub trait Sealed {}
}

/// Statements, of which there is mostly one.
pub(crate) type Statements = SmallVec<[Statement; 1]>;

/// Statements whose rows are wanted, and what is loaded with them.
#[derive(Debug)]
pub struct Request {
    pub(crate) statements: Statements,
    pub(crate) loads: Vec<LoadPath>,
    /// Where in the program it was asked, for the pool to remember.
    pub(crate) place: &'static Location<'static>,
    /// The most rows that are wanted, as far as that is a number to count to.
    at_most: u32,
    /// Whether a session lets go of the clean objects that only the last chunk brought in.
    pub(crate) lets_go: bool,
    /// Whether it is a chunk, whose objects are remembered for that.
    pub(crate) is_chunk: bool,
}

/// Writes how many rows are wanted.
///
/// One and two are part of what `first` and `one` mean, so they stand in the text: a bound LIMIT is a part of SQLite's plan, and
/// binding it has the statement prepared again each time, which costs several times what a row by its key does.
fn at_most(rows: usize) -> Node {
    match rows {
        1 => Node::Sql("1".into()),
        2 => Node::Sql("2".into()),
        _ => crate::sql::number(rows as u64),
    }
}

impl Request {
    #[track_caller]
    pub(crate) fn new(statements: impl Into<Statements>, loads: Vec<LoadPath>) -> Self {
        let (statements, place) = (statements.into(), Location::caller());
        Request { statements, loads, place, at_most: u32::MAX, lets_go: false, is_chunk: false }
    }

    /// Says where it is asked.
    pub(crate) fn asked_at(mut self, place: &'static Location<'static>) -> Self {
        self.place = place;
        self
    }

    /// Returns how many rows are wanted at most.
    pub(crate) fn most(&self) -> usize {
        if self.at_most == u32::MAX { usize::MAX } else { self.at_most as usize }
    }

    /// Wants no more than so many rows; a SELECT without a LIMIT gets one, unless that would count members.
    pub(crate) fn at_most(mut self, rows: usize) -> Self {
        self.at_most = rows.try_into().unwrap_or(u32::MAX);
        if let [Statement::Select(select)] = self.statements.as_mut_slice()
            && select.limit.is_none()
            && select.limit_per.is_none()
            && !self.loads.iter().any(LoadPath::counts_members)
        {
            select.limit = Some(at_most(rows));
        }
        self
    }

    /// Returns whether it is one query that only reads, and with which nothing else is loaded, as most are.
    pub(crate) fn is_simple(&self) -> bool {
        match self.statements.as_slice() {
            [statement @ Statement::Select(select)] => {
                !select.writes && self.loads.is_empty() && !selects_more(statement)
            }
            [Statement::Count(select) | Statement::Exists(select)] => !select.writes,
            _ => false,
        }
    }

    /// Makes it statements that a database has.
    pub(crate) fn make_for(&mut self, dialect: Dialect) {
        if self.statements.iter().any(|statement| read_back::may_be_several(statement, dialect)) {
            let statements = std::mem::take(&mut self.statements);
            self.statements =
                statements.into_iter().flat_map(|statement| read_back::for_dialect(statement, dialect)).collect();
        }
    }

    /// Makes it statements of which none has more bytes than a server takes.
    pub(crate) fn make_within(&mut self, limit: Option<usize>) {
        if is_limited(limit) {
            self.statements = within(std::mem::take(&mut self.statements).into_vec(), limit).into();
        }
    }

    /// Returns what is loaded with the objects of its rows.
    pub(crate) fn plans(&self) -> Result<Vec<Plan>> {
        if self.loads.is_empty() && !self.statements.iter().any(selects_more) {
            return Ok(Vec::new());
        }
        let mut roots = Vec::new();
        for statement in &self.statements {
            match statement {
                Statement::Select(select) => roots.extend(select.outputs.iter().filter_map(Output::model)),
                Statement::Text(text) => roots.extend(text.model.map(|model| (model, Alias::NONE))),
                _ => {}
            }
        }
        let mut plans = Plan::of(&roots, &self.loads)?;
        let criteria = self.statements.first().map(Statement::own_criteria).unwrap_or_default();
        if !criteria.is_empty() {
            plans.iter_mut().for_each(|plan| plan.restrict(&criteria));
        }
        Ok(plans)
    }

    /// Returns the statements with the joins that its options ask for, as they are sent.
    pub(crate) fn joined(mut self) -> Result<Vec<Statement>> {
        let plans = self.plans()?;
        for statement in &mut self.statements {
            attach(statement, &plans, &mut None)?;
        }
        Ok(self.statements.into_vec())
    }

    /// Makes it a chunk, of so many rows as the database counts them: none of them may be only one more member of an object.
    pub(crate) fn chunk(mut self, lets_go: bool) -> Result<Self> {
        self.plans()?.iter().try_for_each(Plan::refuse_contained_members)?;
        self.is_chunk = true;
        self.lets_go = lets_go;
        Ok(self)
    }
}

/// Returns whether a statement selects a model with relationships that are always loaded, or columns that are left out.
fn selects_more(statement: &Statement) -> bool {
    match statement {
        Statement::Select(select) => {
            select.outputs.iter().filter_map(Output::model).any(|(root, _)| root.loads_by_itself())
        }
        Statement::Text(text) => text.model.is_some_and(Mapper::loads_by_itself),
        _ => false,
    }
}

/// Runs statements; what it is decides what comes out.
///
/// `&Engine`, `&mut Connection` and `&mut Transaction` give values, `&mut Session` gives handles. A function that runs
/// several statements takes `mut db: impl Reader` and gives [`again`](Self::again) to all but the last.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run a statement",
    label = "expected `&Engine`, `&mut Connection`, `&mut Transaction` or `&mut Session`",
    note = "write `&engine`, `&mut connection` or `&mut session`"
)]
pub trait Executor: sealed::Sealed + Send + Sized {
    /// Whether values or handles come out.
    type Mode: Mode;

    /// Borrows it for one statement.
    fn again(&mut self) -> Exec<'_, Self::Mode>;

    #[doc(hidden)]
    fn __fetch<S: RowType>(self, request: Result<Request>) -> impl Future<Output = Result<Vec<Out<Self, S>>>> + Send;

    /// Values, whatever the mode.
    #[doc(hidden)]
    fn __values<S: RowType>(self, request: Request) -> impl Future<Output = Result<Vec<S>>> + Send;

    #[doc(hidden)]
    fn __run(self, statements: Result<Vec<Statement>>) -> impl Future<Output = Result<u64>> + Send;

    /// The next chunk of a query: through a cursor where there can be one, else as a page.
    #[doc(hidden)]
    fn __chunk<S: RowType>(
        self,
        chunk: Chunk,
        source: &mut Source,
    ) -> impl Future<Output = Result<Vec<Out<Self, S>>>> + Send;
}

/// What a row of `S` becomes when `E` runs the statement.
pub type Out<E, S> = <<E as Executor>::Mode as Mode>::Output<S>;

/// What a statement gives: values or handles.
pub trait Mode: Send + Sized + 'static {
    /// What a row becomes.
    type Output<S: RowType>: Send + 'static;

    #[doc(hidden)]
    fn __fetch<S: RowType>(
        executor: Exec<'_, Self>,
        request: Request,
    ) -> impl Future<Output = Result<Vec<Self::Output<S>>>> + Send;

    #[doc(hidden)]
    fn __chunk<S: RowType>(
        executor: Exec<'_, Self>,
        chunk: Chunk,
        source: &mut Source,
    ) -> impl Future<Output = Result<Vec<Self::Output<S>>>> + Send;
}

/// The mode of engines, connections and transactions.
#[derive(Debug)]
pub enum Values {}
impl Mode for Values {
    type Output<S: RowType> = S;

    async fn __fetch<S: RowType>(executor: Exec<'_, Values>, request: Request) -> Result<Vec<S>> {
        executor.__values(request).await
    }

    async fn __chunk<S: RowType>(executor: Exec<'_, Values>, chunk: Chunk, source: &mut Source) -> Result<Vec<S>> {
        match executor {
            Exec::Engine(engine) => engine.chunk(chunk, source).await,
            Exec::Connection(connection) => connection.chunk(chunk, source).await,
            session => session.__values(chunk.page).await,
        }
    }
}

/// The mode of sessions.
#[derive(Debug)]
pub enum Handles {}
impl Mode for Handles {
    type Output<S: RowType> = S::Managed;

    async fn __fetch<S: RowType>(executor: Exec<'_, Handles>, request: Request) -> Result<Vec<S::Managed>> {
        match executor {
            Exec::Session(session, _) => session.fetch_managed::<S>(request).await,
            Exec::NoAutoflush(session) => Flushing::new(session, false).session().fetch_managed::<S>(request).await,
            Exec::Engine(_) | Exec::Connection(_) => {
                Err(Error::new(ErrorKind::InvalidRequest, "only a session gives handles"))
            }
        }
    }

    async fn __chunk<S: RowType>(
        executor: Exec<'_, Handles>,
        chunk: Chunk,
        source: &mut Source,
    ) -> Result<Vec<S::Managed>> {
        match executor {
            Exec::Session(session, _) => session.fetch_chunk::<S>(chunk.page, source).await,
            Exec::NoAutoflush(session) => {
                Flushing::new(session, false).session().fetch_chunk::<S>(chunk.page, source).await
            }
            other => Self::__fetch::<S>(other, chunk.page).await,
        }
    }
}

/// An executor that gives values: what a repository function takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not read values",
    label = "expected `&Engine`, `&mut Connection`, `&mut Transaction` or `&mut Savepoint`",
    note = "a session gives handles: give its connection, `session.connection().await?`"
)]
pub trait Reader: Executor<Mode = Values> {}
// Each by itself: of a type that is none, the compiler would else say which `Mode` it cannot find.
impl Reader for &Engine {}
impl Reader for &mut Connection {}
impl Reader for &mut Transaction {}
impl Reader for &mut Savepoint<'_> {}
impl Reader for Exec<'_, Values> {}

/// An executor that is borrowed for one statement.
#[derive(Debug)]
#[non_exhaustive]
pub enum Exec<'a, M> {
    /// An engine.
    Engine(&'a Engine),
    /// A connection.
    Connection(&'a mut Connection),
    /// A session.
    Session(&'a mut Session, PhantomData<fn() -> M>),
    /// A session that does not flush first.
    NoAutoflush(&'a mut Session),
}

impl Engine {
    /// Runs a request on a connection of its own and collects its rows.
    ///
    /// The request is lent, here and further down, since what a future takes is moved with it.
    async fn collect_values(&self, request: &mut Request, rows: &mut &mut dyn Collect) -> Result<()> {
        if self.is_plain
            && request.is_simple()
            && let Some(mut connection) = self.acquire_now(request.place)
            && let Some(statement) = request.statements.pop()
        {
            self.collect_simple(&mut connection, statement, request.most(), rows).await?;
            // A query that has ended leaves nothing behind.
            connection.give_back_clean();
            return Ok(());
        }
        Box::pin(self.collect_any(request, rows)).await
    }

    /// Runs statements for their effect, on a connection of which the pool remembers the place that asks.
    #[expect(
        clippy::manual_async_fn,
        reason = "what an `async fn` takes is moved once more, and has two places in its future"
    )]
    fn run_from(
        &self,
        mut statements: Result<Vec<Statement>>,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<u64>> + Send {
        async move {
            let statements = statements.as_mut().map_err(|refused| refused.clone())?;
            if self.is_plain
                && statements.len() == 1
                && let Some(mut connection) = self.acquire_now(place)
                && !is_limited(connection.most_bytes())
                && let Some(statement) = statements.pop()
            {
                return self.change_one(&mut connection, statement).await;
            }
            Box::pin(self.change_any(std::mem::take(statements), place)).await
        }
    }

    /// Runs statements for their effect that may have to wait for a connection, or to take a transaction.
    async fn change_any(&self, statements: Vec<Statement>, place: &'static Location<'static>) -> Result<u64> {
        let mut guard = self.acquire(place).await?;
        let statements = within(statements, guard.most_bytes());
        if statements.len() > 1 || self.needs_transaction() {
            let mut connection = Connection::new(self.clone(), guard);
            let changed = Executor::__run(&mut connection, Ok(statements)).await;
            return connection.finish(changed).await;
        }
        self.change(&mut guard, statements).await
    }

    /// Runs a request that may have to wait for a connection, or to take several statements or a transaction.
    async fn collect_any(&self, request: &mut Request, rows: &mut &mut dyn Collect) -> Result<()> {
        let mut guard = self.acquire(request.place).await?;
        request.make_for(self.dialect());
        request.make_within(guard.most_bytes());
        if request.statements.len() > 1 || self.needs_transaction() {
            let mut connection = Connection::new(self.clone(), guard);
            let done = connection.collect_values(request, rows).await;
            return connection.finish(done).await;
        }
        self.collect_rows(&mut guard, request, rows).await
    }
}

impl Connection {
    /// Runs a request of a session, whose transaction has begun or was put off.
    pub(crate) async fn values_for_session<S: RowType>(&mut self, mut request: Request) -> Result<Vec<S>> {
        let mut rows: Vec<S> = Vec::new();
        self.collect_for_session(&mut request, &mut (&mut rows as _)).await?;
        Ok(rows)
    }

    async fn collect_for_session(&mut self, request: &mut Request, rows: &mut &mut dyn Collect) -> Result<()> {
        if self.has_begun() {
            return self.collect_values(request, rows).await;
        }
        request.make_for(self.engine.dialect());
        if !request.is_simple() {
            return self.collect_values(request, rows).await;
        }
        let most = request.most();
        let Some(statement) = request.statements.pop() else { return Ok(()) };
        let mut take = |row: Row<'_>| {
            rows.push(&row)?;
            Ok(if rows.count() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        };
        self.run(statement, &mut take).await.map(|_| ())
    }

    /// Runs a request in the connection's transaction and collects its rows.
    async fn collect_values(&mut self, request: &mut Request, rows: &mut &mut dyn Collect) -> Result<()> {
        request.make_for(self.engine.dialect());
        request.make_within(self.guard.most_bytes());
        self.autobegin(request.statements.iter().any(Statement::takes_write_lock)).await?;
        self.engine.collect_rows(&mut self.guard, request, rows).await
    }
}

/// How an executor that gives values collects them.
macro_rules! fetches {
    () => {
        fn __fetch<S: RowType>(self, mut request: Result<Request>) -> impl Future<Output = Result<Vec<S>>> + Send {
            async move {
                let mut rows: Vec<S> = Vec::new();
                let request = request.as_mut().map_err(|refused| refused.clone())?;
                self.collect_values(request, &mut (&mut rows as _)).await?;
                Ok(rows)
            }
        }

        fn __values<S: RowType>(self, request: Request) -> impl Future<Output = Result<Vec<S>>> + Send {
            self.__fetch(Ok(request))
        }
    };
}

impl sealed::Sealed for &Engine {}
impl Executor for &Engine {
    type Mode = Values;

    fn again(&mut self) -> Exec<'_, Values> {
        Exec::Engine(self)
    }

    fetches!();

    async fn __chunk<S: RowType>(self, chunk: Chunk, source: &mut Source) -> Result<Vec<S>> {
        self.chunk(chunk, source).await
    }

    #[track_caller]
    fn __run(self, statements: Result<Vec<Statement>>) -> impl Future<Output = Result<u64>> + Send {
        self.run_from(statements, Location::caller())
    }
}

impl sealed::Sealed for &mut Connection {}
impl Executor for &mut Connection {
    type Mode = Values;

    fn again(&mut self) -> Exec<'_, Values> {
        Exec::Connection(self)
    }

    fetches!();

    async fn __chunk<S: RowType>(self, chunk: Chunk, source: &mut Source) -> Result<Vec<S>> {
        self.chunk(chunk, source).await
    }

    async fn __run(self, statements: Result<Vec<Statement>>) -> Result<u64> {
        let statements = statements?;
        self.autobegin(statements.iter().any(Statement::is_write)).await?;
        let statements = within(statements, self.guard.most_bytes());
        self.engine.change(&mut self.guard, statements).await
    }
}

impl sealed::Sealed for &mut Session {}
impl Executor for &mut Session {
    type Mode = Handles;

    fn again(&mut self) -> Exec<'_, Handles> {
        Exec::Session(self, PhantomData)
    }

    async fn __fetch<S: RowType>(self, request: Result<Request>) -> Result<Vec<S::Managed>> {
        self.fetch_managed::<S>(request?).await
    }

    async fn __chunk<S: RowType>(self, chunk: Chunk, source: &mut Source) -> Result<Vec<S::Managed>> {
        self.fetch_chunk::<S>(chunk.page, source).await
    }

    async fn __values<S: RowType>(self, request: Request) -> Result<Vec<S>> {
        self.fetch_values(request).await
    }

    async fn __run(self, statements: Result<Vec<Statement>>) -> Result<u64> {
        self.change(statements?).await
    }
}

/// Executors that hold another one.
macro_rules! delegates {
    ($($type:ty, $mode:ty, |$this:ident| $inner:expr, |$again:ident| $exec:expr;)*) => { $(
        impl sealed::Sealed for $type {}
        impl Executor for $type {
            type Mode = $mode;

            fn again(&mut self) -> Exec<'_, $mode> {
                let $again = self;
                $exec
            }

            async fn __fetch<S: RowType>(self, request: Result<Request>) -> Result<Vec<<$mode as Mode>::Output<S>>> {
                let $this = self;
                $inner.__fetch::<S>(request).await
            }

            async fn __values<S: RowType>(self, request: Request) -> Result<Vec<S>> {
                let $this = self;
                $inner.__values(request).await
            }

            async fn __chunk<S: RowType>(
                self,
                chunk: Chunk,
                source: &mut Source,
            ) -> Result<Vec<<$mode as Mode>::Output<S>>> {
                let $this = self;
                $inner.__chunk::<S>(chunk, source).await
            }

            async fn __run(self, statements: Result<Vec<Statement>>) -> Result<u64> {
                let $this = self;
                $inner.__run(statements).await
            }
        }
    )* };
}
delegates! {
    &mut Transaction, Values, |this| (&mut this.connection), |this| Exec::Connection(&mut this.connection);
    &mut Savepoint<'_>, Values, |this| (&mut *this.connection), |this| Exec::Connection(this.connection);
    &mut Nested<'_>, Handles, |this| (&mut **this), |this| Exec::Session(this, PhantomData);
    &mut NoAutoflush<'_>, Handles, |this| this.quiet().session(), |this| Exec::NoAutoflush(this);
}

impl<M> sealed::Sealed for Exec<'_, M> {}
impl<M: Mode> Executor for Exec<'_, M> {
    type Mode = M;

    fn again(&mut self) -> Exec<'_, M> {
        match self {
            Exec::Engine(engine) => Exec::Engine(engine),
            Exec::Connection(connection) => Exec::Connection(connection),
            Exec::Session(session, mode) => Exec::Session(session, *mode),
            Exec::NoAutoflush(session) => Exec::NoAutoflush(session),
        }
    }

    async fn __fetch<S: RowType>(self, request: Result<Request>) -> Result<Vec<M::Output<S>>> {
        M::__fetch::<S>(self, request?).await
    }

    async fn __chunk<S: RowType>(self, chunk: Chunk, source: &mut Source) -> Result<Vec<M::Output<S>>> {
        M::__chunk::<S>(self, chunk, source).await
    }

    async fn __values<S: RowType>(self, request: Request) -> Result<Vec<S>> {
        match self {
            Exec::Engine(engine) => engine.__values(request).await,
            Exec::Connection(connection) => connection.__values(request).await,
            Exec::Session(session, _) => session.__values(request).await,
            Exec::NoAutoflush(session) => Flushing::new(session, false).session().__values(request).await,
        }
    }

    #[track_caller]
    fn __run(self, statements: Result<Vec<Statement>>) -> impl Future<Output = Result<u64>> + Send {
        let place = Location::caller();
        async move {
            match self {
                Exec::Engine(engine) => engine.run_from(statements, place).await,
                Exec::Connection(connection) => connection.__run(statements).await,
                Exec::Session(session, _) => session.__run(statements).await,
                Exec::NoAutoflush(session) => Flushing::new(session, false).session().__run(statements).await,
            }
        }
    }
}

/// One line of a plan.
#[derive(Debug)]
pub struct PlanLine(pub(crate) String);

impl RowType for PlanLine {
    type Managed = PlanLine;

    fn __width() -> usize {
        1
    }

    fn __value(row: &Row<'_>, _at: usize) -> Decoded<Self> {
        // SQLite gives ids before the text, the others text alone or a table: the last column says it in words.
        let last = row.len() - 1;
        match row.value(last) {
            orm_pool::ValueRef::Text(line) | orm_pool::ValueRef::Json(line) => Ok(PlanLine(line.to_owned())),
            other => Err(Misread::new(last, DecodeError::mismatch("text", other))),
        }
    }

    fn __managed(row: &Row<'_>, at: usize, _objects: &mut Objects) -> Decoded<Self> {
        Self::__value(row, at)
    }

    fn __is_null(_row: &Row<'_>, _at: usize) -> bool {
        false
    }
}
