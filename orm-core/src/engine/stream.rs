//! Queries that are read piece by piece: [`RowStream`], and the chunks of [`yield_per`](crate::Select::yield_per).
//!
//! In: a query. Out: rows, a bounded number of which is in memory at any time; the database makes or keeps the others.
//! PostgreSQL has a cursor for it, SQLite makes a step for each row, and MySQL's rows are read from the wire as they are
//! wanted.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use orm_pool::driver;

use super::events::Told;
use super::execute::{Prepared, misread_error};
use super::log::Ran;
use super::{Connection, Engine, Request, Savepoint, Transaction};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{self, Plan};
use crate::mapper::{Misread, Row, RowType};
use crate::sql::{Rows, Statement};

/// A query that has been opened.
#[derive(Debug)]
pub(crate) struct Opened {
    prepared: Prepared,
    cursor: driver::Cursor,
}

impl Engine {
    /// Opens a query whose rows are read piece by piece.
    pub(crate) async fn open(&self, connection: &mut driver::Connection, prepared: Prepared) -> Result<Opened> {
        connection.set_time_limit(self.options.statement_timeout());
        let (began, in_transaction) = (Instant::now(), connection.is_in_transaction());
        let (statement, values) = (&prepared.compiled.statement, &prepared.values);
        let opened = connection.open_cursor(statement, values).await;
        let result = opened.as_ref().map(|_| &NOTHING_DONE);
        let (sql, duration) = (&statement.sql, began.elapsed());
        self.echo_statement(&Ran { sql, values, rows: None, result, duration });
        let opened = opened.map_err(|error| self.failed(prepared.sent(), error));
        let error = opened.as_ref().err();
        self.tell(&Told { sql, values, rows: None, affected: None, duration, error, in_transaction });
        opened.map(|cursor| Opened { prepared, cursor })
    }

    /// Pushes up to so many rows of an open query to `on_row`, and returns whether there may be more.
    ///
    /// A future that is dropped here may have taken rows with it.
    pub(crate) async fn fetch_some<F>(
        &self,
        connection: &mut driver::Connection,
        opened: &mut Opened,
        rows: usize,
        mut on_row: F,
    ) -> Result<bool>
    where
        F: FnMut(Row<'_>) -> Result<(), Box<Misread>> + Send,
    {
        let Opened { prepared, cursor } = opened;
        let mut misread = None;
        let fetched = connection
            .fetch(cursor, rows, |row| match on_row(Row::new(&row, &prepared.compiled.left_out)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(wrong) => {
                    misread = Some(wrong);
                    ControlFlow::Break(())
                }
            })
            .await;
        match (misread, fetched) {
            (None, Ok(has_more)) => Ok(has_more),
            (Some(misread), _) => Err(self.at(prepared.sent(), misread_error(&misread, &prepared.compiled))),
            (None, Err(error)) => Err(self.failed(prepared.sent(), error)),
        }
    }
}

const NOTHING_DONE: driver::Done = driver::Done { rows_affected: 0, last_insert_id: None };

/// A query that was opened, and what is loaded with each piece of its rows.
pub(crate) struct Pieces {
    opened: Opened,
    plans: Vec<Plan>,
    /// Whether a piece was begun and not ended, since its future was dropped.
    is_cut_off: bool,
    has_more: bool,
}

impl Pieces {
    /// Opens a query, if its rows can be read piece by piece; if not, says why.
    async fn open(connection: &mut Connection, mut request: Request) -> Result<Result<Pieces, &'static str>> {
        let engine = connection.engine.clone();
        request.make_for(engine.dialect());
        let plans = request.plans()?;
        let mut query = None;
        let mut statements = request.statements.into_iter();
        let (Some(mut statement), None) = (statements.next(), statements.next()) else {
            return Ok(Err("it is several statements"));
        };
        // What a text does is known to the database alone, which refuses what is no query.
        if statement.is_write() && !matches!(statement, Statement::Text(_)) {
            return Ok(Err("it writes"));
        }
        if load::attach(&mut statement, &plans, &mut query)?.is_some() {
            return Ok(Err("it joins what it loads"));
        }
        if query.is_some() {
            return Ok(Err("it is repeated for what it loads"));
        }
        if plans.iter().any(Plan::loads) && matches!(engine.dialect(), Dialect::MySql | Dialect::MariaDb) {
            return Ok(Err("a connection of MySQL cannot load relationships while it reads rows"));
        }
        connection.autobegin(false).await?;
        let prepared = engine.prepare(statement)?;
        let opened = engine.open(&mut connection.guard, prepared).await?;
        Ok(Ok(Pieces { opened, plans, is_cut_off: false, has_more: true }))
    }

    /// Returns up to so many rows.
    async fn next<S: RowType>(&mut self, connection: &mut Connection, most: usize) -> Result<Vec<S>> {
        if self.is_cut_off {
            let message =
                "the stream was cut off, by an error or by a future that was dropped, and rows may have gone with it";
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        let mut rows = Vec::new();
        if !self.has_more {
            return Ok(rows);
        }
        self.is_cut_off = true;
        // What was dropped before, and the transaction itself, are as the next statement would find them.
        connection.autobegin(false).await?;
        let engine = connection.engine.clone();
        let fetched = engine.fetch_some(&mut connection.guard, &mut self.opened, most, |row| {
            rows.push(S::__value(&row, 0)?);
            Ok(())
        });
        self.has_more = fetched.await?;
        if !self.plans.is_empty() {
            let mut objects = Vec::with_capacity(rows.len());
            for row in &mut rows {
                row.__objects(0, &mut |_, object| objects.push(object));
            }
            load::values((&engine, &mut connection.guard), objects, &self.plans, None, None).await?;
        }
        self.is_cut_off = false;
        Ok(rows)
    }

    /// Returns whether the query is still open on this connection.
    fn is_open_on(&self, connection: &Connection) -> bool {
        connection.guard.is_open(&self.opened.cursor)
    }
}

/// The rows of a query, one after the other, with a bounded number of them in memory.
///
/// It reads [`ExecutionOptions::yield_per`](crate::ExecutionOptions::yield_per) rows at a time, forward only.
/// [`Connection::stream`] and [`Engine::stream`] give it. Dropping it ends the query.
///
/// ```
/// # use orm_core::{Engine, Model, insert, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Reading { #[orm(primary_key)] id: i64, celsius: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Reading].create_all(&engine).await?;
/// insert(Reading).values((0..10).map(|n| Reading { id: n + 1, celsius: 20.0 + n as f64 })).execute(&engine).await?;
/// let mut readings = engine.stream(select(Reading).order_by(Reading.id)).await?;
/// let mut warmest = f64::MIN;
/// while let Some(reading) = readings.next().await? {
///     warmest = warmest.max(reading.celsius);
/// }
/// assert_eq!(warmest, 29.0);
/// # Ok(())
/// # }
/// ```
pub struct RowStream<'c, S> {
    // Dropped before the connection goes back, so that the query is known to be over.
    pieces: Pieces,
    buffer: VecDeque<S>,
    size: usize,
    home: Home<'c>,
}

/// Whose connection it is.
enum Home<'c> {
    /// The stream's own, until its end.
    Own(Option<Box<Connection>>),
    Lent(&'c mut Connection),
}

impl<S> fmt::Debug for RowStream<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream")
            .field("size", &self.size)
            .field("has_more", &self.pieces.has_more)
            .finish_non_exhaustive()
    }
}

impl<S: RowType> RowStream<'_, S> {
    /// Returns the next row, or `None` at the end.
    ///
    /// A future that is dropped may take rows with it; then what follows is an error, never a gap.
    ///
    /// # Errors
    ///
    /// Fails as the query itself, and when the transaction has ended in which it was opened.
    pub async fn next(&mut self) -> Result<Option<S>> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        Ok(self.buffer.pop_front())
    }

    /// Returns the rows of the next piece, those first that are in memory already; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<S>>> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        let rows = Vec::from(std::mem::take(&mut self.buffer));
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    async fn fill(&mut self) -> Result<()> {
        let connection = match &mut self.home {
            Home::Own(Some(connection)) => &mut **connection,
            Home::Own(None) => return Ok(()),
            Home::Lent(connection) => connection,
        };
        self.buffer = self.pieces.next(connection, self.size).await?.into();
        if !self.pieces.has_more
            && let Home::Own(own) = &mut self.home
            && let Some(mut connection) = own.take()
        {
            connection.commit().await?;
        }
        Ok(())
    }

    /// Ends the query before its last row, and gives the connection back if it is the stream's own.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost.
    pub async fn close(self) -> Result<()> {
        let RowStream { pieces, home, .. } = self;
        let mut opened = pieces.opened;
        match home {
            Home::Own(None) => Ok(()),
            Home::Own(Some(mut connection)) => {
                connection.guard.close_cursor(&mut opened.cursor).await.map_err(Error::from_pool)?;
                connection.commit().await
            }
            Home::Lent(connection) => connection.guard.close_cursor(&mut opened.cursor).await.map_err(Error::from_pool),
        }
    }
}

impl<'c, S: RowType> RowStream<'c, S> {
    /// Makes it a [`Stream`](futures_core::Stream) of its rows, for what is written for any stream: the body of a response,
    /// the methods of `futures` and `tokio_stream`.
    ///
    /// After an error it is at its end. A row that is in memory already is given at once.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, insert, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Reading { #[orm(primary_key)] id: i64, celsius: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![Reading].create_all(&engine).await?;
    /// # insert(Reading).values((0..10).map(|n| Reading { id: n + 1, celsius: 20.0 + n as f64 })).execute(&engine).await?;
    /// let readings = engine.stream(select(Reading).order_by(Reading.id)).await?.into_stream();
    /// let lines: String = readings.map_ok(|reading| format!("{}\n", reading.celsius)).try_collect().await?;
    /// assert_eq!(lines.lines().count(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_stream(self) -> impl Stream<Item = Result<S>> + Send + Unpin + use<'c, S> {
        IntoStream::Idle(self)
    }
}

/// A stream by the trait's rules: what is polled between two rows is kept.
enum IntoStream<'c, S> {
    Idle(RowStream<'c, S>),
    Filling(BoxFuture<'c, (RowStream<'c, S>, Result<()>)>),
    Ended,
}

// Rows are moved as they are given, never pinned.
impl<S> Unpin for IntoStream<'_, S> {}

impl<'c, S: RowType> Stream for IntoStream<'c, S> {
    type Item = Result<S>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<S>>> {
        loop {
            if let IntoStream::Idle(rows) = &mut *self
                && let Some(row) = rows.buffer.pop_front()
            {
                return Poll::Ready(Some(Ok(row)));
            }
            match std::mem::replace(&mut *self, IntoStream::Ended) {
                IntoStream::Idle(mut rows) => {
                    *self = IntoStream::Filling(Box::pin(async move {
                        let filled = rows.fill().await;
                        (rows, filled)
                    }));
                }
                IntoStream::Filling(mut filling) => match filling.as_mut().poll(context) {
                    Poll::Pending => {
                        *self = IntoStream::Filling(filling);
                        return Poll::Pending;
                    }
                    Poll::Ready((rows, Ok(()))) if rows.buffer.is_empty() => return Poll::Ready(None),
                    Poll::Ready((rows, Ok(()))) => *self = IntoStream::Idle(rows),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                },
                IntoStream::Ended => return Poll::Ready(None),
            }
        }
    }
}

fn cannot_stream(why: &str) -> Error {
    let message = format!("this statement cannot be streamed, since {why}");
    Error::new(ErrorKind::InvalidRequest, message)
        .hint("use `yield_per`, which reads pages where it has to, and `selectinload` for what is loaded with the rows")
}

impl Connection {
    /// Opens a query whose rows are read piece by piece, in the connection's transaction.
    ///
    /// On PostgreSQL it is a server-side cursor, which ends with the transaction; in autocommit one `WITH HOLD`, whose
    /// rows the server writes to its disk at once. On MySQL and MariaDB rows are read from the wire as they are wanted:
    /// what is left of them when the stream is dropped has to be received before the next statement. SQLite makes a
    /// step for each row.
    ///
    /// # Errors
    ///
    /// Fails when the statement is no query or loads relationships by joins, and when the database refuses it. On MySQL
    /// a stream cannot load relationships at all.
    pub fn stream<Q: Rows>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<RowStream<'_, Q::Row>>> + Send + use<'_, Q> {
        let request = query.__request();
        async move {
            let size = self.engine.options.stream_buffer();
            let pieces = Pieces::open(self, request?).await?.map_err(cannot_stream)?;
            Ok(RowStream { pieces, buffer: VecDeque::new(), size, home: Home::Lent(self) })
        }
    }
}

impl Transaction {
    /// Opens a query whose rows are read piece by piece; see [`Connection::stream`].
    ///
    /// # Errors
    ///
    /// As [`Connection::stream`].
    pub fn stream<Q: Rows>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<RowStream<'_, Q::Row>>> + Send + use<'_, Q> {
        self.connection.stream(query)
    }
}

impl Savepoint<'_> {
    /// Opens a query whose rows are read piece by piece; see [`Connection::stream`].
    ///
    /// # Errors
    ///
    /// As [`Connection::stream`].
    pub fn stream<Q: Rows>(
        &mut self,
        query: Q,
    ) -> impl Future<Output = Result<RowStream<'_, Q::Row>>> + Send + use<'_, Q> {
        self.connection.stream(query)
    }
}

impl Engine {
    /// Opens a query whose rows are read piece by piece, on a connection of its own in a transaction of its own.
    ///
    /// # Errors
    ///
    /// As [`Connection::stream`], and when no connection can be had.
    #[track_caller]
    pub fn stream<Q: Rows>(
        &self,
        query: Q,
    ) -> impl Future<Output = Result<RowStream<'static, Q::Row>>> + Send + use<'_, Q> {
        let (request, place) = (query.__request(), Location::caller());
        async move {
            let mut connection = Box::new(self.connect_from(place).await?);
            let size = self.options.stream_buffer();
            let pieces = Pieces::open(&mut connection, request?).await?.map_err(cannot_stream)?;
            Ok(RowStream { pieces, buffer: VecDeque::new(), size, home: Home::Own(Some(connection)) })
        }
    }
}

// ---------------------------------------------------------------------------------------------- chunks

/// One chunk that is wanted of a query: how to ask for it alone, and how to ask for all.
#[derive(Debug)]
pub struct Chunk {
    /// The page of so many rows behind those that were given already.
    pub(crate) page: Request,
    /// The whole query, in case that it is to be opened.
    pub(crate) whole: Option<Request>,
    pub(crate) rows: usize,
}

/// Where the chunks of a query come from.
#[derive(Default)]
pub enum Source {
    /// None was asked for yet.
    #[default]
    New,
    /// A query that was opened, with the connection if it is nobody else's.
    #[doc(hidden)]
    Open(Box<OpenSource>),
    /// One page after the other.
    Pages,
    /// Rows behind the one with this key: what a session reads by.
    #[doc(hidden)]
    After(Vec<orm_pool::Value>),
}

/// A query that was opened for its chunks.
pub struct OpenSource {
    // Dropped first, so that the query is known to be over when the connection goes back.
    pieces: Pieces,
    own: Option<Connection>,
}

impl Source {
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Source::New)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::New => "New",
            Source::Open(_) => "Open",
            Source::After(_) => "After",
            Source::Pages => "Pages",
        })
    }
}

impl Connection {
    /// Returns the next chunk of a query, through a cursor if it can have one.
    pub(super) async fn chunk<S: RowType>(&mut self, chunk: Chunk, source: &mut Source) -> Result<Vec<S>> {
        if source.is_new() {
            *source = self.source(chunk.whole).await?;
        }
        if let Source::Open(open) = source {
            if open.pieces.is_open_on(self) || !open.pieces.has_more {
                return open.pieces.next(self, chunk.rows).await;
            }
            // It has gone with its transaction; the rows that are left are asked for page by page.
            *source = Source::Pages;
        }
        super::Executor::__values(self, chunk.page).await
    }

    async fn source(&mut self, whole: Option<Request>) -> Result<Source> {
        let wants_cursor = self.engine.options.stream_results != Some(false);
        let Some(whole) = whole.filter(|_| wants_cursor) else { return Ok(Source::Pages) };
        Ok(match Pieces::open(self, whole).await? {
            Ok(pieces) => Source::Open(Box::new(OpenSource { pieces, own: None })),
            Err(_) => Source::Pages,
        })
    }
}

impl Engine {
    /// Returns the next chunk of a query, through a cursor on a connection of its own if it can have one.
    pub(super) async fn chunk<S: RowType>(&self, chunk: Chunk, source: &mut Source) -> Result<Vec<S>> {
        if source.is_new() {
            let mut connection = self.connect_from(chunk.page.place).await?;
            *source = connection.source(chunk.whole).await?;
            match source {
                Source::Open(open) => open.own = Some(connection),
                _ => connection.close().await?,
            }
        }
        let Source::Open(open) = source else {
            return super::Executor::__values(self, chunk.page).await;
        };
        let OpenSource { pieces, own } = &mut **open;
        let Some(connection) = own else {
            if !pieces.has_more {
                return Ok(Vec::new());
            }
            // A connection has begun it.
            *source = Source::Pages;
            return super::Executor::__values(self, chunk.page).await;
        };
        let rows = pieces.next(connection, chunk.rows).await?;
        if !pieces.has_more
            && let Some(mut connection) = own.take()
        {
            connection.commit().await?;
        }
        Ok(rows)
    }
}
