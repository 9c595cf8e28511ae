//! A query's rows a chunk at a time.

use std::panic::Location;

use super::{OrderItem, Select};
use crate::engine::{Chunk, Executor, Out, Source};
use crate::error::Result;
use crate::mapper::RowType;
use crate::sql::{Node, Output, OutputKind};

impl<S: RowType> Select<S> {
    /// Gives the rows in chunks of `rows`, so that not all are in memory at once.
    ///
    /// In a session each chunk is a query of its own, for what comes behind the last row: behind its values, where the rows are
    /// those of one model in an order of its columns. Any other order, by an expression, labels or the columns of another table, goes by
    /// OFFSET, as do other tables and groups. That counts the rows as they then are: **rows that are deleted between two chunks, or
    /// changed so that they come elsewhere or nowhere, make as many others be left out.** Do not delete or move there what the
    /// loop reads: order by columns, or ask for the first rows again and again with `limit`.
    pub fn yield_per(self, rows: usize) -> Chunks<S> {
        Chunks {
            select: self.ordered_by_key(),
            rows: rows.max(1) as u64,
            offset: 0,
            done: false,
            keep: false,
            source: Source::default(),
        }
    }

    /// Orders by the keys of what is selected after what the query orders by, so that pages of it fit together.
    fn ordered_by_key(mut self) -> Self {
        let keys: Vec<Node> = self.node.outputs.iter().flat_map(output_keys).collect();
        if !self.node.distinct && self.node.group_by.is_empty() {
            self.node.order_by.extend(keys.into_iter().map(OrderItem::new));
        }
        self
    }
}

fn output_keys(output: &Output) -> Vec<Node> {
    match output.kind {
        OutputKind::Entity { mapper, alias } => {
            mapper.definition().key.iter().map(|&column| Node::Column { mapper, column, alias }).collect()
        }
        OutputKind::Expression(_) => Vec::new(),
    }
}

/// A query whose rows come in chunks.
///
/// On an engine, a connection or a transaction they come through a cursor, so that there is one statement and one state of
/// the data; an engine lends the chunks a connection of their own until the last. Where there can be no cursor each
/// [`next`](Self::next) is a statement for the next page of rows, ordered by key after what the query orders by; rows that are
/// inserted or deleted between two pages may shift them, so run it inside one transaction. In a session it is one for what
/// comes behind the last row, or such a page: see [`Select::yield_per`]. There is no
/// cursor when [`stream_results`](crate::ExecutionOptions::stream_results) is off, when relationships are loaded by joins,
/// on MySQL when any are loaded, and after the end of the transaction in which it was opened.
pub struct Chunks<S> {
    select: Select<S>,
    rows: u64,
    offset: u64,
    done: bool,
    keep: bool,
    source: Source,
}

impl<S> std::fmt::Debug for Chunks<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunks").field("select", &self.select).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<S: RowType> Chunks<S> {
    /// Leaves the objects of earlier chunks in the session, which otherwise lets go of those that are clean.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Returns the query for the next page, within the limit and behind the offset that the query has itself.
    fn page(&self) -> Select<S> {
        let given = |node: &Option<Node>| match node {
            Some(Node::Bind(orm_pool::Value::Int64(number))) => u64::try_from(*number).ok(),
            _ => None,
        };
        let left = given(&self.select.node.limit).map_or(self.rows, |limit| limit.saturating_sub(self.offset));
        let before = given(&self.select.node.offset).unwrap_or(0);
        self.select.clone().limit(left.min(self.rows)).offset(before + self.offset)
    }

    /// Returns the next chunk, or `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Select::all`], and for [`contains_eager`](crate::contains_eager) of many members, of which a chunk might have a part.
    #[allow(clippy::manual_async_fn, reason = "an async fn does not say that its future is `Send` for every executor")]
    #[track_caller]
    pub fn next<E: Executor>(&mut self, db: E) -> impl Future<Output = Result<Option<Vec<Out<E, S>>>>> + Send {
        let place = Location::caller();
        async move {
            if self.done {
                return Ok(None);
            }
            let page = self.page().request()?.asked_at(place).chunk(!self.keep && self.offset > 0)?;
            let whole = if self.source.is_new() { Some(self.select.clone().request()?) } else { None };
            let chunk = Chunk { page, whole, rows: usize::try_from(self.rows).unwrap_or(usize::MAX) };
            let rows = db.__chunk::<S>(chunk, &mut self.source).await?;
            self.offset += rows.len() as u64;
            self.done = (rows.len() as u64) < self.rows;
            Ok(if rows.is_empty() { None } else { Some(rows) })
        }
    }
}
