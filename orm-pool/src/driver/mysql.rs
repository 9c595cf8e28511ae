//! MySQL and MariaDB through sqlx: their binary protocol, with rows read as they arrive.
//!
//! In: a [`Statement`] and its values. Out: rows while they lie in the packet that brought them. sqlx speaks the wire
//! protocol; parameters and values are written and read here, and so is what a connection may still be trusted with.
//!
//! | | |
//! |---|---|
//! | `options` | which server, and how |
//! | `open` | connects, sets the session up, and says why not |
//! | `statements` | what is known of prepared texts |
//! | `parameters` | values on their way in |
//! | `row`, `written` | values on their way out |
//! | `kill` | what the server is to leave alone |
//! | `error` | what codes mean |

mod cursor;
mod error;
mod kill;
mod open;
mod options;
mod parameters;
mod row;
mod statements;
mod written;

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySqlArguments, MySqlConnection, MySqlQueryResult, MySqlRow, MySqlStatement};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Either, Execute, Executor as _, MySql, SqlSafeStr as _, SqlStr,
    Statement as _,
};
use tokio::task::JoinHandle;

pub use self::cursor::Cursor;
pub use self::options::Options;
pub use self::row::Row;

use self::cursor::Reading;
use self::kill::Thread;
use self::open::Learnt;
use self::parameters::Types;
use self::row::Columns;
use self::statements::{Known, Statements, TypesOf};
use super::transaction::Transaction;
use super::words::{self, Facts, Flavour};
use super::{CLOSE_TIMEOUT, Turns, broken, next, parameter_count};
use crate::driver::{self, Done, Statement};
use crate::{Error, ErrorKind, Value};

/// An open connection to MySQL or MariaDB.
///
/// A future of this type may be dropped at any time, but the connection is [of no more use](Self::needs_discard) then:
/// sqlx may have read half a packet, and nobody can know what the next bytes mean. [Closing](Self::close) it has the server
/// stop its statement.
///
/// Values go in as `TINYINT`, `SMALLINT`, `INT`, `BIGINT`, `FLOAT`, `DOUBLE`, `VARCHAR`, `BLOB`, `DATE`, `TIME`, `DATETIME`
/// and `DECIMAL`; truth values as 0 and 1, JSON as text, UUIDs as text with hyphens.
pub struct Connection {
    /// `None` while a task reads an answer piece by piece, and when it is lost.
    inner: Option<MySqlConnection>,
    reading: Option<Reading>,
    /// What asks the server to give up a query; it is waited for, so that no later one is meant.
    stopping: Option<JoinHandle<()>>,
    types: &'static Types,
    most_bytes: usize,
    is_mariadb: bool,
    /// Who works for it in the server.
    thread: Thread,
    statements: Statements,
    columns: Columns,
    transaction: Transaction,
    /// Whether an operation has begun and not ended.
    is_in_flight: bool,
    /// Whether the connection is of no more use.
    is_broken: bool,
    /// Whether what was sent last has not been answered and may have committed.
    may_have_committed: bool,
    /// Whether a statement outside of a transaction commits itself, as far as the statements sent tell.
    commits_alone: bool,
    /// Whether transactions begin at READ COMMITTED unless they say otherwise.
    reads_committed: bool,
    /// Whether the server has rolled back by itself, and nobody has taken notice.
    has_lost_transaction: bool,
}

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
    arguments: Option<MySqlArguments>,
}

impl Execute<'_, MySql> for Query {
    fn sql(self) -> SqlStr {
        AssertSqlSafe(self.sql).into_sql_str()
    }

    fn statement(&self) -> Option<&MySqlStatement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<MySqlArguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    /// Returns `true` always: what is not kept is closed by a message that delays the next statement by some 40 ms.
    fn persistent(&self) -> bool {
        true
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

    fn new(inner: MySqlConnection, learnt: &Learnt, options: &Options) -> Self {
        Connection {
            inner: Some(inner),
            reading: None,
            stopping: None,
            types: learnt.types,
            most_bytes: learnt.most_bytes,
            is_mariadb: learnt.is_mariadb,
            thread: Thread::new(learnt.thread, options),
            statements: Statements::new(options.statement_cache, !learnt.is_mariadb),
            columns: Columns::default(),
            transaction: Transaction::None,
            is_in_flight: false,
            is_broken: false,
            may_have_committed: false,
            commits_alone: true,
            reads_committed: learnt.reads_committed,
            has_lost_transaction: false,
        }
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks.
    ///
    /// The statement is carried out and its rows are received to the end even if `on_row` breaks: a statement that
    /// should stop early has a `LIMIT`.
    ///
    /// # Errors
    ///
    /// Fails when the server refuses the statement, when the number of values is not that of the parameters, when a value
    /// cannot be bound, and when the connection is lost.
    #[inline]
    pub async fn run<F>(&mut self, statement: &Statement, parameters: &[Value], mut on_row: F) -> Result<Done, Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        self.ready().await?;
        let (query, facts) = self.query(statement, parameters).await?;
        let sent = self.send(query, &[facts], &mut on_row).await.map_err(error::from)?;
        Ok(done(facts, sent))
    }

    /// Returns how many bytes a statement may have with its values.
    pub fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// Returns whether the server is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.is_mariadb
    }

    /// Makes a statement ready to be sent.
    #[inline]
    async fn query(&mut self, statement: &Statement, parameters: &[Value]) -> Result<(Query, Facts), Error> {
        let types = self.statements.types_of(parameters);
        let known = match self.statements.find(statement, types) {
            Some(known) => known,
            None => {
                parameters::check_count(parameters.len())?;
                Box::pin(self.prepare(statement, types)).await?
            }
        };
        if known.parameters != parameters.len() {
            return Err(Error::new(ErrorKind::Data, parameter_count(known.parameters, parameters.len())));
        }
        let arguments = match known.is_text {
            true => None,
            false => Some(parameters::arguments(self.types, parameters, self.most_bytes)?),
        };
        Ok((Query { sql: known.sql, arguments }, known.facts))
    }

    /// Makes the connection ready for a statement.
    #[inline]
    async fn ready(&mut self) -> Result<(), Error> {
        if self.reading.is_some() || self.stopping.is_some() {
            Box::pin(self.bring_home()).await?;
        }
        self.check()
    }

    /// Returns sqlx's connection, which is there after [`ready`](Self::ready).
    #[inline]
    fn inner(&mut self) -> Result<&mut MySqlConnection, sqlx::Error> {
        self.inner.as_mut().ok_or_else(|| sqlx::Error::Protocol("the connection is in use".into()))
    }

    /// Prepares a statement, which tells the number of its parameters.
    ///
    /// sqlx would find a wrong number by itself, but only after noting that it waits for an answer to what it never sends.
    #[cold]
    async fn prepare(&mut self, statement: &Statement, types: TypesOf) -> Result<Known, Error> {
        parameters::check_size(statement.sql.len() + 1, self.most_bytes)?;
        open::check_set(&statement.sql)?;
        if self.inner.as_ref().is_some_and(|inner| inner.cached_statements_size() >= self.statements.capacity()) {
            self.forget().await?;
        }
        let sql = self.statements.text(&statement.sql, types);
        let result = self.ask_to_prepare(&sql).await;
        let facts = words::facts(&statement.sql, Flavour::MySql);
        let known = match result {
            Ok(prepared) => {
                self.statements.note_prepared(&statement.sql, types);
                let parameters = match prepared.parameters() {
                    Some(Either::Right(count)) => count,
                    Some(Either::Left(types)) => types.len(),
                    None => 0,
                };
                Known { sql, facts, parameters, is_text: false }
            }
            Err(error) if error::cannot_be_prepared(&error) => Known { sql, facts, parameters: 0, is_text: true },
            Err(error) => return Err(error::from(error)),
        };
        self.statements.insert(statement, types, &known);
        Ok(known)
    }

    /// Has the server prepare a statement.
    async fn ask_to_prepare(&mut self, sql: &Arc<str>) -> Result<MySqlStatement, sqlx::Error> {
        let sql = AssertSqlSafe(Arc::clone(sql)).into_sql_str();
        self.is_in_flight = true;
        let result = match self.inner() {
            Ok(inner) => inner.prepare(sql).await,
            Err(error) => Err(error),
        };
        self.end(&result);
        result
    }

    /// Forgets all prepared statements, here and on the server.
    #[cold]
    async fn forget(&mut self) -> Result<(), Error> {
        self.statements.clear();
        self.is_in_flight = true;
        let result = match self.inner() {
            Ok(inner) => inner.clear_cached_statements().await,
            Err(error) => Err(error),
        };
        self.end(&result);
        result.map_err(error::from)
    }

    /// Runs each statement of the text, without parameters and without rows.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); statements before the one that failed have taken effect.
    pub async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.ready().await?;
        let facts = words::all_facts(sql, Flavour::MySql);
        if facts.is_empty() {
            return Ok(());
        }
        parameters::check_size(sql.len() + 1, self.most_bytes)?;
        let query = Query { sql: sql.into(), arguments: None };
        self.send(query, &facts, &mut |_| ControlFlow::Break(())).await.map_err(error::from)?;
        Ok(())
    }

    /// Sends a query, hands out its rows, and notes what it does to the transaction.
    async fn send<F>(&mut self, query: Query, statements: &[Facts], on_row: &mut F) -> Result<Sent, sqlx::Error>
    where
        F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
    {
        self.is_in_flight = true;
        self.may_have_committed = !statements.iter().all(|facts| facts.cannot_commit);
        self.reads_committed &= !statements.iter().any(|facts| facts.changes_level);
        self.commits_alone &= !statements.iter().any(|facts| facts.changes_autocommit);
        let is_text = query.arguments.is_none();
        let mut progress = Progress { state: self.transaction, left: statements, sent: Sent::default() };
        self.transaction = self.transaction.during(statements);
        let result = match &mut self.inner {
            Some(inner) => receive(inner.fetch_many(query), &mut self.columns, is_text, &mut progress, on_row).await,
            None => Err(sqlx::Error::Protocol("the connection is in use".into())),
        };
        self.transaction = match &result {
            Err(error) if error::ends_transaction(error) => {
                self.has_lost_transaction |= progress.state.is_open();
                Transaction::None
            }
            _ => progress.state,
        };
        self.end(&result);
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

    /// Returns whether the connection is gone, or of no more use, and with it, for certain, the transaction that was open.
    pub fn has_surely_rolled_back(&self) -> bool {
        self.needs_discard() && !self.may_have_committed
    }

    /// Fails if the connection is of no more use.
    #[inline]
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.needs_discard() { Err(broken()) } else { Ok(()) }
    }

    /// Returns whether a transaction is open, as far as the statements sent through this connection tell.
    ///
    /// Definitions end it, as does a deadlock. What a procedure does is not seen, nor is `autocommit` when it is off.
    #[inline]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_open()
    }

    /// Returns whether transactions begin at READ COMMITTED unless they say otherwise, as the server was told.
    ///
    /// In doubt it is `false`. A procedure that changes the setting is not seen.
    #[inline]
    pub fn reads_committed(&self) -> bool {
        self.reads_committed
    }

    /// Returns whether a statement outside of a transaction commits itself: no text has named `autocommit`.
    #[inline]
    pub fn commits_alone(&self) -> bool {
        self.commits_alone
    }

    /// Returns whether the server has rolled back a transaction by itself, as after a deadlock, and nobody has
    /// [taken notice](Self::forget_lost_transaction) yet.
    #[inline]
    pub fn has_lost_transaction(&self) -> bool {
        self.has_lost_transaction
    }

    /// Takes notice of a transaction that the server has rolled back.
    pub fn forget_lost_transaction(&mut self) {
        self.has_lost_transaction = false;
    }

    /// Returns the names of the columns of what this statement gives; none for one that gives no rows, or that cannot be
    /// prepared.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn columns(&mut self, statement: &Statement) -> Result<Vec<String>, Error> {
        self.ready().await?;
        if self.statements.find(statement, self.statements.types_of(&[])).is_some_and(|known| known.is_text) {
            return Ok(Vec::new());
        }
        let names =
            |prepared: MySqlStatement| prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        match self.ask_to_prepare(&statement.sql).await {
            Ok(prepared) => Ok(names(prepared)),
            Err(error) if error::cannot_be_prepared(&error) => Ok(Vec::new()),
            Err(error) => Err(error::from(error)),
        }
    }

    /// Returns whether an operation has begun and not ended: its future was dropped, or its rows are read piece by piece.
    #[inline]
    pub fn is_in_flight(&self) -> bool {
        self.is_in_flight || self.reading.is_some() || self.stopping.is_some()
    }

    /// Waits for the end of an answer that is read piece by piece, whose rows are thrown away.
    ///
    /// # Errors
    ///
    /// Fails when the connection is of no more use, or has become so by the server not being ready in time.
    pub async fn drain(&mut self, within: std::time::Duration) -> Result<(), Error> {
        let result = match tokio::time::timeout(within, self.ready()).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!("the server did not finish an abandoned statement within {within:?}");
                Err(Error::new(ErrorKind::Disconnected, message))
            }
        };
        self.is_broken |= result.is_err();
        result
    }

    /// Returns whether the connection is of no more use, and should be dropped: always so when the future of an operation
    /// was dropped.
    #[inline]
    pub fn needs_discard(&self) -> bool {
        self.is_broken || self.is_in_flight
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    ///
    /// Fails when the connection is gone.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.ready().await?;
        self.is_in_flight = true;
        let result = match self.inner() {
            Ok(inner) => inner.ping().await,
            Err(error) => Err(error),
        };
        self.end(&result);
        result.map_err(error::from)
    }

    /// Returns `false`: rolling back takes a round trip.
    pub fn rollback_now(&mut self) -> bool {
        false
    }

    /// Takes leave of the server, or just goes if the connection is of no more use; what the server is doing for it then, it
    /// is to stop.
    ///
    /// # Errors
    ///
    /// Fails when the server cannot be told; the connection is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        if self.is_in_flight || self.reading.as_ref().is_some_and(Reading::goes_on) {
            // It would go on with its statement, and keep its locks, until it has something to say.
            self.thread.kill().await;
        }
        if self.needs_discard() {
            return Ok(());
        }
        let Some(inner) = self.inner else { return Ok(()) };
        match tokio::time::timeout(CLOSE_TIMEOUT, inner.close()).await {
            Ok(result) => result.map_err(error::from),
            Err(_) => Err(broken()),
        }
    }
}

/// What a query did.
#[derive(Clone, Copy, Default)]
struct Sent {
    affected: u64,
    last_insert_id: u64,
    rows: u64,
}

/// How far the statements of a query have come.
struct Progress<'a> {
    state: Transaction,
    left: &'a [Facts],
    sent: Sent,
}

impl Progress<'_> {
    fn complete_one(&mut self, result: &MySqlQueryResult) {
        self.sent.affected = result.rows_affected();
        self.sent.last_insert_id = result.last_insert_id();
        let Some((facts, left)) = self.left.split_first() else { return };
        self.left = left;
        self.state = self.state.after(facts.effect);
    }
}

/// Hands the rows of an answer to `on_row` until that breaks, and goes on to the end of the answer.
async fn receive<F>(
    mut answer: BoxStream<'_>,
    columns: &mut Columns,
    is_text: bool,
    progress: &mut Progress<'_>,
    on_row: &mut F,
) -> Result<(), sqlx::Error>
where
    F: FnMut(driver::Row<'_>) -> ControlFlow<()> + Send,
{
    let mut flow = ControlFlow::Continue(());
    let mut is_first = true;
    let mut turns = Turns::default();
    columns.first_set();
    while let Some(item) = next(&mut answer).await {
        if turns.is_due() {
            Turns::give().await;
        }
        match item? {
            Either::Right(row) => {
                progress.sent.rows += 1;
                if flow.is_break() {
                    continue;
                }
                if is_first {
                    columns.learn(&row, is_text);
                    is_first = false;
                }
                columns.next_row();
                flow = on_row(driver::Row::MySql(Row::new(&row, columns)));
            }
            Either::Left(result) => {
                progress.complete_one(&result);
                columns.next_set();
                is_first = true;
            }
        }
    }
    Ok(())
}

/// Sends text and returns the last row of its last result.
async fn last_row(connection: &mut MySqlConnection, sql: String) -> Result<Option<MySqlRow>, sqlx::Error> {
    let mut answer = connection.fetch_many(Query { sql: sql.into(), arguments: None });
    let mut last = None;
    while let Some(item) = next(&mut answer).await {
        if let Either::Right(row) = item? {
            last = Some(row);
        }
    }
    Ok(last)
}

type BoxStream<'a> = Pin<Box<dyn Stream<Item = Result<Either<MySqlQueryResult, MySqlRow>, sqlx::Error>> + Send + 'a>>;

fn done(facts: Facts, sent: Sent) -> Done {
    if !facts.counts_rows {
        return Done::default();
    }
    Done {
        // With `RETURNING`, MariaDB counts the rows that it returns by returning them alone.
        rows_affected: sent.affected.max(sent.rows),
        last_insert_id: i64::try_from(sent.last_insert_id).ok().filter(|id| *id != 0),
    }
}

// A session holds a connection and is itself `Send` and `Sync`.
const _: fn() = || {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Connection>();
};
