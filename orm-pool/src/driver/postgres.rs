//! PostgreSQL through sqlx: its binary protocol, with rows read as they arrive.
//!
//! In: a [`Statement`] and its values. Out: rows while they lie in the message that brought them. sqlx speaks the wire
//! protocol; parameters and values are written and read here, and so is what a connection may still be trusted with.
//!
//! | | |
//! |---|---|
//! | `options` | which server, and how |
//! | `open` | connects, and says why not |
//! | `statements` | texts, kept apart by their parameters' types |
//! | `parameters` | values on their way in |
//! | `row` | values on their way out |
//! | `cursor` | queries that are read piece by piece |
//! | `cancel` | what the server is to leave alone |
//! | `numeric`, `written` | the types that need work |
//! | `error` | what codes mean |

mod cancel;
mod cursor;
mod error;
mod numeric;
mod open;
mod options;
mod parameters;
mod row;
mod statements;
mod written;

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use futures_core::Stream;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Either, Execute, Executor as _, Postgres, SqlSafeStr as _, SqlStr,
    Statement as _,
};
use tokio::task::JoinHandle;

pub use self::cursor::Cursor;
pub use self::options::Options;
pub use self::row::Row;

use self::cancel::{Backend, Greeting};
use self::cursor::Cursors;
use self::row::Columns;
use self::statements::{Sendable, Statements};
use super::transaction::Transaction;
use super::words::{self, Effect, Facts, Flavour};
use super::{CLOSE_TIMEOUT, PATIENCE, Turns, broken, next};
use crate::driver::{self, Done, Statement};
use crate::{Error, ErrorKind, Value};

/// An open connection to PostgreSQL.
///
/// A future of this type may be dropped at any time. The connection is then [in flight](Self::is_in_flight): the server
/// still works on the statement, and its answer is awaited and thrown away by whatever comes next, at best by
/// [`drain`](Self::drain), which has a deadline. Where that takes longer than a tenth of a second, the server is asked to
/// cancel the statement, by another connection; not behind a pooler, where nobody knows which server that is.
///
/// Values go in as the binary types `bool`, `int2`, `int4`, `int8`, `float4`, `float8`, `text`, `bytea`, `date`, `time`,
/// `timestamp`, `timestamptz`, `uuid`, `numeric` and `json`; any other type, such as an enum or an array, takes a `text`
/// with a cast around it.
pub struct Connection {
    inner: PgConnection,
    statements: Statements,
    columns: Columns,
    cursors: Cursors,
    transaction: Transaction,
    /// Whether an operation has begun and not ended.
    is_in_flight: bool,
    /// Whether what was sent last has been answered with many rows.
    is_receiving: bool,
    /// Whether the connection is of no more use.
    is_broken: bool,
    /// Whether what was sent last has not been answered and may have committed.
    may_have_committed: bool,
    /// Who works for it in the server, unless a pooler stands between.
    backend: Option<Backend>,
    /// What asks the server to cancel a statement; it is waited for, so that no later one is meant.
    cancelling: Option<JoinHandle<()>>,
    has_pooler: bool,
    /// Whether transactions begin at READ COMMITTED unless they say otherwise; not known behind a pooler.
    reads_committed: bool,
    /// Behind a pooler: the texts whose types are known.
    learnt: HashSet<Arc<str>, FixedState>,
}

/// How many texts are remembered whose types are known.
const MOST_LEARNT: usize = 2048;

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("transaction", &self.transaction)
            .field("is_in_flight", &self.is_in_flight)
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}

/// A statement as sqlx wants to see it.
struct Query {
    sql: Arc<str>,
    /// `None` sends the text alone, which may hold several statements and whose results come as text.
    arguments: Option<PgArguments>,
    is_kept: bool,
}

impl Execute<'_, Postgres> for Query {
    fn sql(self) -> SqlStr {
        AssertSqlSafe(self.sql).into_sql_str()
    }

    fn statement(&self) -> Option<&PgStatement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.is_kept
    }
}

impl Connection {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Connect`], naming host, port, user and reason, when there is no connection to be had; with
    /// [`ErrorKind::Configuration`] when the options make no sense.
    pub async fn open(options: &Options) -> Result<Self, Error> {
        open::open(options).await
    }

    fn new(inner: PgConnection, options: &Options, greeting: Greeting) -> Self {
        let capacity = if options.transaction_pooler { 0 } else { options.statement_cache.max(1) };
        Connection {
            inner,
            statements: Statements::new(capacity),
            columns: Columns::default(),
            cursors: Cursors::default(),
            transaction: Transaction::None,
            is_in_flight: false,
            is_receiving: false,
            is_broken: false,
            may_have_committed: false,
            backend: greeting.backend,
            cancelling: None,
            has_pooler: options.transaction_pooler,
            reads_committed: greeting.reads_committed,
            learnt: HashSet::with_hasher(FixedState::default()),
        }
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// The statement is carried out and its rows are received to the end even if `on_row` breaks: a statement that
    /// should stop early has a `LIMIT`.
    ///
    /// # Errors
    ///
    /// Fails when PostgreSQL refuses the statement, when a value cannot be bound, and when the connection is lost.
    #[inline]
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], mut on_row: F) -> Result<Done, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        self.ready().await?;
        self.close_abandoned().await?;
        let sendable = self.statements.find(statement, parameters)?;
        let facts = sendable.facts;
        if self.has_pooler {
            return done(facts, Box::pin(self.run_through_pooler(sendable, parameters, &mut on_row)).await?);
        }
        let mut has_rows = false;
        let mut noting = |row: driver::Row<'_>| {
            has_rows = true;
            on_row(row)
        };
        let error = match self.send(prepared(sendable, parameters)?, &[facts], &mut noting).await {
            Ok(sent) => return done(facts, sent),
            Err(error) => error,
        };
        // The server has refused what was prepared before, and has run none of it; or a function in the statement has
        // met the same trouble, perhaps after rows that must not be handed out twice.
        if has_rows || !error::of_server(&error).is_some_and(error::is_about_prepared) {
            return Err(error::from(error));
        }
        let again = async {
            self.forget().await?;
            if self.transaction.is_open() {
                return Err(error::from(error));
            }
            let sendable = self.statements.find(statement, parameters)?;
            done(facts, self.send(prepared(sendable, parameters)?, &[facts], &mut on_row).await.map_err(error::from)?)
        };
        Box::pin(again).await
    }

    /// Runs a statement so that all its messages reach the same server, and leaves nothing behind there.
    async fn run_through_pooler<F>(
        &mut self,
        sendable: Sendable,
        parameters: &[Value],
        on_row: &mut F,
    ) -> Result<Sent, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        let facts = sendable.facts;
        if parameters.is_empty() {
            let query = Query { sql: sendable.sql, arguments: None, is_kept: false };
            return self.send(query, &[facts], on_row).await.map_err(error::from);
        }
        if self.transaction.is_open() {
            self.learn_types(&sendable.sql, parameters).await?;
            return self.send(prepared(sendable, parameters)?, &[facts], on_row).await.map_err(error::from);
        }
        let mut is_again = false;
        loop {
            let query = prepared(Sendable { sql: Arc::clone(&sendable.sql), ..sendable }, parameters)?;
            self.send_text("BEGIN").await?;
            let error = match self.send(query, &[facts], on_row).await {
                Ok(sent) => return self.send_text("COMMIT").await.map(|_| sent),
                Err(error) => error,
            };
            let has_lost_statement = error::of_server(&error).is_some_and(error::is_unknown_statement);
            let error = error::from(error);
            // What is told is the first thing that went wrong.
            let rolled_back = self.send_text("ROLLBACK").await;
            // sqlx has asked the server about a type, which made the server forget the statement; now it knows.
            if is_again || !has_lost_statement || rolled_back.is_err() {
                return Err(error);
            }
            is_again = true;
        }
    }

    /// Has sqlx know the types that a statement gives before it runs for the first time: asked between its two messages, the
    /// server would forget it, and with the error the transaction would be lost.
    async fn learn_types(&mut self, sql: &Arc<str>, parameters: &[Value]) -> Result<(), Error> {
        if self.learnt.contains(sql) {
            return Ok(());
        }
        self.describe_through_pooler(Arc::clone(sql), parameters).await?;
        if self.learnt.len() >= MOST_LEARNT {
            self.learnt.clear();
        }
        self.learnt.insert(Arc::clone(sql));
        Ok(())
    }

    /// Describes a statement under a name, which what sqlx asks in between does not take away, and takes the name away before
    /// another client can find it there.
    async fn describe_through_pooler(&mut self, sql: Arc<str>, parameters: &[Value]) -> Result<PgStatement, Error> {
        let is_own = !self.transaction.is_open();
        if is_own {
            self.send_text("BEGIN").await?;
        }
        let described = self.describe(sql, parameters).await;
        let forgotten = self.forget().await;
        if is_own {
            self.send_text(if described.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        }
        forgotten.and(described)
    }

    async fn describe(&mut self, sql: Arc<str>, parameters: &[Value]) -> Result<PgStatement, Error> {
        let types = parameters::types(parameters);
        self.is_in_flight = true;
        let result = self.inner.prepare_with(AssertSqlSafe(sql).into_sql_str(), &types).await;
        if result.is_err() {
            self.transaction = self.transaction.after_failure();
        }
        self.end(&result);
        result.map_err(error::from)
    }

    /// Returns the names of the columns of what this statement gives; none for one that gives no rows.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn columns(&mut self, statement: &Statement, parameters: &[Value]) -> Result<Vec<String>, Error> {
        self.ready().await?;
        let sendable = self.statements.find(statement, parameters)?;
        let described = match self.has_pooler {
            true => self.describe_through_pooler(sendable.sql, parameters).await?,
            false => self.describe(sendable.sql, parameters).await?,
        };
        Ok(described.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// Runs each statement of the text, without parameters and without rows.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run). Several statements without a `BEGIN` among them are one transaction to PostgreSQL: when one
    /// fails, those before it have no effect. A `COMMIT` of a transaction in which a statement has failed is an error, since
    /// PostgreSQL rolls back instead; none is open afterwards.
    pub async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.ready().await?;
        let sent = self.send_text(sql).await?;
        if sent.has_lost_commit { Err(error::commit_of_failed_transaction()) } else { Ok(()) }
    }

    async fn send_text(&mut self, sql: &str) -> Result<Sent, Error> {
        if sql.contains('\0') {
            return Err(error::nul_in_text());
        }
        let facts = words::all_facts(sql, Flavour::Postgres);
        let query = Query { sql: sql.into(), arguments: None, is_kept: false };
        self.send(query, &facts, &mut |_| ControlFlow::Break(())).await.map_err(error::from)
    }

    /// Sends a query, hands out its rows, and notes what it does to the transaction.
    async fn send<F>(&mut self, query: Query, statements: &[Facts], on_row: &mut F) -> Result<Sent, sqlx::Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        self.is_in_flight = true;
        self.may_have_committed = !statements.iter().all(|facts| facts.cannot_commit);
        self.reads_committed &= !statements.iter().any(|facts| facts.changes_level);
        let mut progress = Progress { state: self.transaction, left: statements, sent: Sent::default() };
        self.transaction = self.transaction.during(statements);
        self.is_receiving = false;
        let answer = self.inner.fetch_many(query);
        let result = receive(answer, &mut self.columns, &mut self.is_receiving, &mut progress, on_row).await;
        self.transaction = match &result {
            Ok(()) => progress.state,
            Err(_) => progress.state_after_failure(),
        };
        self.end(&result);
        if !self.transaction.is_open() {
            self.cursors.forget_transaction();
        }
        result.map(|()| progress.sent)
    }

    /// Notes that an operation has ended, and how.
    #[inline]
    fn end<T>(&mut self, result: &Result<T, sqlx::Error>) {
        self.is_in_flight = false;
        if result.as_ref().is_err_and(error::ends_connection) {
            self.is_broken = true;
        } else {
            self.may_have_committed = false;
        }
    }

    /// Returns whether the connection is gone and with it, for certain, the transaction that was open.
    pub fn has_surely_rolled_back(&self) -> bool {
        self.is_broken && !self.is_in_flight && !self.may_have_committed
    }

    /// Makes the connection ready for a statement. What that rarely takes is boxed, here and elsewhere, so that the futures
    /// around it stay small.
    #[inline]
    async fn ready(&mut self) -> Result<(), Error> {
        if self.is_broken || self.is_in_flight {
            Box::pin(self.settle()).await?;
        }
        if self.statements.is_full() {
            Box::pin(self.forget()).await?;
        }
        Ok(())
    }

    /// Receives and throws away what is left of an operation whose future was dropped.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.is_broken {
            return Err(broken());
        }
        // What was being described has a name, perhaps.
        let may_have_named = self.has_pooler && self.is_in_flight;
        while self.is_in_flight {
            let result = self.answer().await;
            match &result {
                // The failure of the statement that nobody waits for any more.
                Err(error) if !error::ends_connection(error) => self.transaction = self.transaction.after_failure(),
                _ => {
                    if let Some(cancelling) = &mut self.cancelling {
                        // It has been told to give up after a while by itself.
                        _ = cancelling.await;
                        self.cancelling = None;
                    }
                    self.end(&result);
                    result.map_err(error::from)?;
                }
            }
        }
        if may_have_named { self.forget().await } else { Ok(()) }
    }

    /// Waits for the answer to whatever was sent, and has the server cancel what takes long.
    async fn answer(&mut self) -> Result<(), sqlx::Error> {
        let mut answer = pin!(self.inner.ping());
        if let (Some(backend), None) = (&self.backend, &self.cancelling) {
            // Of many rows, those that are there are read without a wait: there would be no end to it before the last of them.
            let is_receiving = std::mem::take(&mut self.is_receiving);
            if !is_receiving && let Ok(answered) = tokio::time::timeout(PATIENCE, &mut answer).await {
                return answered;
            }
            let cancelling = self.cancelling.insert(tokio::spawn(backend.clone().cancel()));
            if is_receiving {
                _ = cancelling.await;
                self.cancelling = None;
            }
        }
        answer.await
    }

    /// Forgets all prepared statements, here and on the server.
    #[cold]
    async fn forget(&mut self) -> Result<(), Error> {
        self.statements.clear();
        self.is_in_flight = true;
        let result = self.inner.clear_cached_statements().await;
        self.end(&result);
        result.map_err(error::from)
    }

    /// Returns whether a transaction is open, as far as the statements sent through this connection tell.
    ///
    /// In doubt it is `true`, as after a future that was dropped while it committed. What a procedure does is not seen.
    #[inline]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_open()
    }

    /// Returns whether transactions begin at READ COMMITTED unless they say otherwise.
    ///
    /// In doubt it is `false`, as behind a pooler. A function that changes the setting is not seen.
    #[inline]
    pub fn reads_committed(&self) -> bool {
        self.reads_committed
    }

    /// Returns whether an operation has begun and not ended, since its future was dropped.
    #[inline]
    pub fn is_in_flight(&self) -> bool {
        self.is_in_flight
    }

    /// Returns whether the connection is of no more use, and should be dropped.
    #[inline]
    pub fn needs_discard(&self) -> bool {
        self.is_broken
    }

    /// Waits for the end of an operation whose future was dropped.
    ///
    /// A transaction that was open stays open. Where the time is too short, the connection [is of no more
    /// use](Self::needs_discard).
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Disconnected`] when the connection is gone, or when the server did not finish in time.
    pub async fn drain(&mut self, within: Duration) -> Result<(), Error> {
        let result = match tokio::time::timeout(within, self.settle()).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!("the server did not finish an abandoned statement within {within:?}");
                Err(Error::new(ErrorKind::Disconnected, message))
            }
        };
        self.is_broken |= result.is_err();
        result
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    ///
    /// Fails when the connection is gone.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.settle().await?;
        self.is_in_flight = true;
        let result = self.inner.ping().await;
        self.end(&result);
        result.map_err(error::from)
    }

    /// Returns `false`: rolling back takes a round trip.
    pub fn rollback_now(&mut self) -> bool {
        false
    }

    /// Takes leave of the server, or has it end the connection by itself if there is something in flight.
    ///
    /// # Errors
    ///
    /// Fails when the server cannot be told; the connection is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        if self.is_in_flight
            && let Some(backend) = self.backend
        {
            // It would go on with its statement, and keep its locks, until it has something to say.
            backend.terminate().await;
        }
        if self.is_broken || self.is_in_flight {
            return Ok(());
        }
        match tokio::time::timeout(CLOSE_TIMEOUT, self.inner.close()).await {
            Ok(result) => result.map_err(error::from),
            Err(_) => Err(broken()),
        }
    }
}

/// What a query did.
#[derive(Clone, Copy, Default)]
struct Sent {
    affected: u64,
    /// Whether a commit was answered by a rollback.
    has_lost_commit: bool,
}

/// How far the statements of a query have come.
struct Progress<'a> {
    state: Transaction,
    left: &'a [Facts],
    sent: Sent,
}

impl Progress<'_> {
    fn complete_one(&mut self, affected: u64) {
        self.sent.affected = affected;
        let Some((facts, left)) = self.left.split_first() else { return };
        self.left = left;
        let commits = matches!(facts.effect, Effect::Commit | Effect::CommitAndChain);
        self.sent.has_lost_commit |= commits && self.state == Transaction::Failed;
        self.state = self.state.after(facts.effect);
    }

    fn state_after_failure(&self) -> Transaction {
        match self.left.first().map(|facts| facts.effect) {
            // A commit that fails, as by a deferred constraint, has ended the transaction.
            Some(Effect::Commit | Effect::CommitAndChain) => Transaction::None,
            _ => self.state.after_failure(),
        }
    }
}

/// Hands the rows of an answer to `on_row` until that breaks, and goes on to the end of the answer.
async fn receive<F>(
    mut answer: BoxStream<'_>,
    columns: &mut Columns,
    is_receiving: &mut bool,
    progress: &mut Progress<'_>,
    on_row: &mut F,
) -> Result<(), sqlx::Error>
where
    F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
{
    let mut flow = ControlFlow::Continue(());
    let mut is_first = true;
    let mut turns = Turns::default();
    while let Some(item) = next(&mut answer).await {
        if turns.is_due() {
            *is_receiving = turns.are_many();
            Turns::give().await;
        }
        match item? {
            Either::Right(row) if flow.is_continue() => {
                if is_first {
                    columns.learn(&row);
                    is_first = false;
                }
                columns.write(&row);
                flow = on_row(driver::Row::Postgres(Row::new(&row, columns)));
            }
            Either::Right(_) => {}
            Either::Left(result) => {
                progress.complete_one(result.rows_affected());
                is_first = true;
            }
        }
    }
    Ok(())
}

type BoxStream<'a> = Pin<Box<dyn Stream<Item = Result<Either<PgQueryResult, PgRow>, sqlx::Error>> + Send + 'a>>;

fn prepared(sendable: Sendable, parameters: &[Value]) -> Result<Query, Error> {
    let Sendable { sql, is_kept, .. } = sendable;
    Ok(Query { sql, arguments: Some(parameters::arguments(parameters)?), is_kept })
}

fn done(facts: Facts, sent: Sent) -> Result<Done, Error> {
    if sent.has_lost_commit {
        return Err(error::commit_of_failed_transaction());
    }
    // For a query, the server counts the rows that it returns.
    let rows_affected = if facts.counts_rows { sent.affected } else { 0 };
    Ok(Done { rows_affected, last_insert_id: None })
}

// A session holds a connection and is itself `Send` and `Sync`.
const _: fn() = || {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Connection>();
};
