//! One statement on one connection: prepared, run, echoed, and its errors told with the SQL.

use std::ops::ControlFlow;
use std::time::Instant;

use orm_pool::Value;
use orm_pool::driver::{self, Done};

use super::cache::Lent;
use super::events::Told;
use super::log::Ran;
use super::{Engine, Request};
use crate::compile::Compiled;
use crate::dialect::{Dialect, Upsert};
use crate::error::{Error, ErrorKind, Result};
use crate::load;
use crate::mapper::{Misread, Object, Row, RowType};
use crate::schema::{Table, fit};
use crate::sql::Statement;
use crate::types::IS_NULL;

/// A compiled statement with its values.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) compiled: Lent,
    pub(super) values: Vec<Value>,
}

impl Prepared {
    pub(super) fn sent(&self) -> Sent<'_> {
        Sent { compiled: &self.compiled, values: &self.values }
    }

    /// Returns whether it may give something else, or do more, in a transaction than alone.
    pub(super) fn needs_transaction(&self) -> bool {
        self.compiled.needs_transaction
    }

    /// Returns whether it is an INSERT, UPDATE or DELETE.
    pub(super) fn writes(&self) -> bool {
        self.compiled.written.is_some()
    }
}

/// The same, where it lies. What was written a moment ago is slow to be moved, and a query by key takes few moments.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    compiled: &'a Compiled,
    values: &'a [Value],
}

/// What is noted of a statement while it runs.
struct Watch<'a> {
    sent: Sent<'a>,
    /// When it began, if it is to be told.
    began: Option<Instant>,
    in_transaction: bool,
    /// How many rows it may give.
    most: u64,
    rows: u64,
    misread: Option<Box<Misread>>,
}

impl<'a> Watch<'a> {
    #[inline]
    fn of(sent: Sent<'a>) -> Self {
        Watch { sent, began: None, in_transaction: false, most: u64::MAX, rows: 0, misread: None }
    }

    /// Takes a row.
    #[inline]
    fn take(
        &mut self,
        row: &driver::Row<'_>,
        on_row: impl FnOnce(Row<'_>) -> Result<ControlFlow<()>, Box<Misread>>,
    ) -> ControlFlow<()> {
        self.rows += 1;
        if self.rows > self.most {
            return ControlFlow::Break(());
        }
        on_row(Row::new(row, &self.sent.compiled.left_out)).unwrap_or_else(|wrong| {
            self.misread = Some(wrong);
            ControlFlow::Break(())
        })
    }
}

/// Takes the rows of a statement, until it breaks or cannot read one.
pub(crate) type OnRow<'a> = dyn FnMut(Row<'_>) -> Result<ControlFlow<()>, Box<Misread>> + Send + 'a;

/// Where the rows of a request go: the one thing about them that depends on their type.
///
/// What waits for rows has them as `&mut &mut dyn Collect`: a wide reference is kept in two halves and moved as a whole,
/// which is slow right after.
pub(crate) trait Collect: Send {
    /// Reads a row.
    fn push(&mut self, row: &Row<'_>) -> Result<(), Box<Misread>>;

    /// Returns how many there are.
    fn count(&self) -> usize;

    /// Returns how many columns a row takes.
    fn width(&self) -> usize;

    /// Shows each object of each row, with the positions of the row and of the object among what is selected.
    fn objects<'a>(&'a mut self, visit: &mut dyn FnMut(usize, &'a mut dyn Object));
}

impl<S: RowType> Collect for Vec<S> {
    #[inline]
    fn push(&mut self, row: &Row<'_>) -> Result<(), Box<Misread>> {
        if self.capacity() == 0 {
            // What a list would do at its first growth, without what it asks for that.
            *self = Vec::with_capacity(4);
        }
        // `?` would move it once more.
        S::__value(row, 0).map(|value| Vec::push(self, value))
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn width(&self) -> usize {
        S::__width()
    }

    fn objects<'a>(&'a mut self, visit: &mut dyn FnMut(usize, &'a mut dyn Object)) {
        for (position, row) in self.iter_mut().enumerate() {
            row.__objects(0, &mut |_, object| visit(position, object));
        }
    }
}

/// Rows of SQL text, which may have fewer columns than it was said to give.
struct OfText<'a>(&'a mut dyn Collect);

impl Collect for OfText<'_> {
    fn push(&mut self, row: &Row<'_>) -> Result<(), Box<Misread>> {
        row.has_columns(self.0.width())?;
        self.0.push(row)
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn width(&self) -> usize {
        self.0.width()
    }

    fn objects<'a>(&'a mut self, visit: &mut dyn FnMut(usize, &'a mut dyn Object)) {
        self.0.objects(visit);
    }
}

impl Engine {
    /// Finds or makes the compiled form of a statement that is about to run, and puts its values there.
    ///
    /// The statement itself is of no more use then, and goes before it is run: later it would no longer be near by.
    #[inline]
    fn compiled(&self, mut statement: Statement, values: &mut Vec<Value>) -> Result<Lent> {
        let shared = &*self.shared;
        let compiled = match self.compiles_as_usual {
            true => shared.cache.prepare(&mut statement, values, shared.dialect),
            false => self.compiled_otherwise(&mut statement, values),
        };
        if let Statement::Select(node) = statement {
            node.let_go();
        }
        compiled
    }

    /// The same with other schemas, or without keeping it.
    #[cold]
    fn compiled_otherwise(&self, statement: &mut Statement, values: &mut Vec<Value>) -> Result<Lent> {
        let shared = &*self.shared;
        let schemas = self.schemas()?;
        let cache = if schemas.is_some() { &shared.translated } else { &shared.cache };
        let is_kept = self.options.compiled_cache != Some(false);
        cache.prepare_with(statement, values, shared.dialect, schemas, is_kept)
    }

    /// The same, of which both may be kept.
    pub(super) fn prepare(&self, statement: Statement) -> Result<Prepared> {
        let mut values = Vec::new();
        let compiled = self.compiled(statement, &mut values)?;
        Ok(Prepared { compiled, values })
    }

    /// Takes text as the database has it, with the database's own placeholders.
    pub(super) fn prepare_raw(&self, sql: &str, values: Vec<Value>) -> Prepared {
        self.shared.cache.count();
        Prepared { compiled: Lent::of(Compiled::raw(sql)), values }
    }

    /// Runs a statement and pushes its rows to `on_row` until that breaks or cannot read one.
    pub(crate) async fn run(
        &self,
        connection: &mut driver::Connection,
        statement: Statement,
        on_row: &mut OnRow<'_>,
    ) -> Result<Done> {
        let mut values = Vec::new();
        let compiled = self.compiled(statement, &mut values)?;
        self.run_prepared(connection, Sent { compiled: &compiled, values: &values }, on_row).await
    }

    /// Does the same with a statement that is prepared.
    pub(super) async fn run_prepared(
        &self,
        connection: &mut driver::Connection,
        sent: Sent<'_>,
        on_row: &mut OnRow<'_>,
    ) -> Result<Done> {
        let mut watch = Watch::of(sent);
        self.start(connection, &mut watch);
        let mut take = |row: driver::Row<'_>| watch.take(&row, &mut *on_row);
        let mut done = Done::default();
        let ran = connection.run_with(&sent.compiled.statement, sent.values, &mut take, &mut done).await;
        self.ended(&mut watch, ran, &done)?;
        Ok(done)
    }

    /// Notes what is to be known of a statement when it has run.
    #[inline]
    fn start(&self, connection: &mut driver::Connection, watch: &mut Watch<'_>) {
        if self.is_plain {
            connection.set_time_limit(None);
        } else {
            self.watch_closely(connection, watch);
        }
    }

    #[cold]
    fn watch_closely(&self, connection: &mut driver::Connection, watch: &mut Watch<'_>) {
        connection.set_time_limit(self.options.statement_timeout());
        watch.in_transaction = connection.is_in_transaction();
        watch.began = self.shared.is_heard().then(Instant::now);
        // What a statement writes has happened, whatever comes back of it.
        if let Some(most) = self.options.max_rows.filter(|_| watch.sent.compiled.written.is_none()) {
            watch.most = most;
        }
    }

    /// Says what came of a statement.
    #[inline]
    fn ended(&self, watch: &mut Watch<'_>, ran: Result<(), orm_pool::Error>, done: &Done) -> Result<()> {
        if ran.is_ok() && watch.misread.is_none() && watch.rows <= watch.most && watch.began.is_none() {
            return Ok(());
        }
        self.ended_otherwise(watch, ran, done)
    }

    #[cold]
    fn ended_otherwise(&self, watch: &mut Watch<'_>, ran: Result<(), orm_pool::Error>, done: &Done) -> Result<()> {
        let &mut Watch { sent, began, in_transaction, most, rows, ref mut misread } = watch;
        let (sql, values) = (&sent.compiled.statement.sql, sent.values);
        let duration = began.map(|began| began.elapsed());
        if let Some(duration) = duration {
            let result = ran.as_ref().map(|()| done);
            self.echo_statement(&Ran { sql, values, rows: Some(rows), result, duration });
        }
        let affected = ran.as_ref().ok().map(|()| done.rows_affected);
        let ended = match (misread.take(), ran) {
            (None, Ok(())) if rows > most => Err(self.at(sent, too_many_rows(most))),
            (None, Ok(())) => Ok(()),
            (Some(misread), _) => Err(self.at(sent, misread_error(&misread, sent.compiled))),
            (None, Err(error)) => Err(self.failed(sent, error)),
        };
        if let Some(duration) = duration {
            let error = ended.as_ref().err();
            self.tell(&Told { sql, values, rows: Some(rows), affected, duration, error, in_transaction });
        }
        ended
    }

    /// Tells what a driver reports of a statement.
    #[cold]
    pub(super) fn failed(&self, sent: Sent<'_>, error: orm_pool::Error) -> Error {
        if error.is_disconnect() {
            // The server has gone, and what was opened before went with it.
            self.shared.pool.invalidate();
        }
        self.at(sent, Error::from_pool(error))
    }

    /// Adds the statement to an error, and the columns of a constraint of which the database gives the name alone.
    #[cold]
    pub(super) fn at(&self, sent: Sent<'_>, error: Error) -> Error {
        let Sent { compiled, values } = sent;
        let hides = self.shared.hide_parameters;
        let error = if hides { error.without_values(values) } else { error };
        let error = match compiled.written.and_then(|mapper| Table::of(mapper).ok()) {
            Some(table) if self.dialect() == Dialect::Sqlite && error.is_unnamed_foreign_key() => {
                error.hint(references(&table, compiled.statement.sql.starts_with("DELETE")))
            }
            Some(table) => error.name_columns(&table.name, |name| constrained(&table, name, self.dialect())),
            None => error,
        };
        error.sql(&compiled.statement.sql).parameters(values, hides)
    }

    /// Runs a request whose rows become values, and loads the relationships that it asks for.
    pub(crate) async fn fetch<S: RowType>(
        &self,
        connection: &mut driver::Connection,
        mut request: Request,
    ) -> Result<Vec<S>> {
        let mut rows: Vec<S> = Vec::new();
        self.collect_rows(connection, &mut request, &mut (&mut rows as _)).await?;
        Ok(rows)
    }

    /// Runs a request and collects its rows.
    pub(super) async fn collect_rows(
        &self,
        connection: &mut driver::Connection,
        request: &mut Request,
        rows: &mut &mut dyn Collect,
    ) -> Result<()> {
        if request.is_simple()
            && let Some(statement) = request.statements.pop()
        {
            return self.collect_simple(connection, statement, request.most(), rows).await;
        }
        if request.statements.iter().any(|statement| matches!(statement, Statement::Text(_))) {
            let mut rows = OfText(&mut **rows);
            return self.collect_several(connection, request, &mut (&mut rows as _)).await;
        }
        self.collect_several(connection, request, rows).await
    }

    /// Does the same for one that is not simple.
    async fn collect_several(
        &self,
        connection: &mut driver::Connection,
        request: &mut Request,
        rows: &mut &mut dyn Collect,
    ) -> Result<()> {
        let plans = request.plans()?;
        if !plans.is_empty() {
            return Box::pin(self.collect_graph(connection, request, &plans, rows)).await;
        }
        for statement in std::mem::take(&mut request.statements) {
            let most = if statement.is_write() { usize::MAX } else { request.most() };
            self.collect_simple(connection, statement, most, rows).await?;
        }
        Ok(())
    }

    /// Runs a statement and collects its rows, with which nothing else is loaded.
    pub(super) async fn collect_simple(
        &self,
        connection: &mut driver::Connection,
        statement: Statement,
        most: usize,
        rows: &mut &mut dyn Collect,
    ) -> Result<()> {
        let mut values = Vec::new();
        let compiled = self.compiled(statement, &mut values)?;
        let mut watch = Watch::of(Sent { compiled: &compiled, values: &values });
        self.start(connection, &mut watch);
        let mut take = |row: driver::Row<'_>| {
            watch.take(&row, |row| {
                rows.push(&row)?;
                let has_all = most != usize::MAX && rows.count() >= most;
                Ok(if has_all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
        };
        let mut done = Done::default();
        let ran = connection.run_with(&compiled.statement, &values, &mut take, &mut done).await;
        self.ended(&mut watch, ran, &done)
    }

    /// Runs a request and collects its rows, whose objects get their members.
    async fn collect_graph(
        &self,
        connection: &mut driver::Connection,
        request: &mut Request,
        plans: &[load::Plan],
        rows: &mut &mut dyn Collect,
    ) -> Result<()> {
        let mut members = load::ValueRows::default();
        let (mut query, mut with) = (None, None);
        for mut statement in std::mem::take(&mut request.statements) {
            let most = if statement.is_write() { usize::MAX } else { request.most() };
            let joins = load::attach(&mut statement, plans, &mut query)?;
            let mut take = |row: Row<'_>| {
                let Some(joins) = &joins else {
                    rows.push(&row)?;
                    return Ok(if rows.count() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
                };
                let (position, is_new) = members.begin(&row, joins);
                if is_new {
                    if rows.count() == most {
                        return Ok(ControlFlow::Break(()));
                    }
                    rows.push(&row)?;
                }
                members.gather(&row, joins, position)?;
                Ok(ControlFlow::Continue(()))
            };
            self.run(connection, statement, &mut take).await?;
            with = joins.or(with);
        }
        let mut objects = Vec::with_capacity(rows.count());
        let (mut at, mut entities) = (0, members.entities(0));
        rows.objects(&mut |position, object| {
            if position != at {
                (at, entities) = (position, members.entities(position));
            }
            objects.push((position, entities.next().unwrap_or(0), object));
        });
        members.share((self, connection), &mut objects, query.as_ref()).await?;
        let objects = objects.into_iter().map(|(.., object)| object).collect();
        load::values((self, connection), objects, plans, with.as_ref(), query.as_ref()).await
    }

    /// Runs statements for their effect, and returns how many rows they changed.
    pub(super) async fn change(&self, connection: &mut driver::Connection, statements: Vec<Statement>) -> Result<u64> {
        let mut changed = 0;
        for statement in statements {
            changed += self.change_one(connection, statement).await?;
        }
        Ok(changed)
    }

    /// Runs a statement for its effect, and returns how many rows it changed.
    pub(super) async fn change_one(&self, connection: &mut driver::Connection, statement: Statement) -> Result<u64> {
        let most = rows_put(&statement, self.dialect()).unwrap_or(u64::MAX);
        let mut values = Vec::new();
        let compiled = self.compiled(statement, &mut values)?;
        let mut watch = Watch::of(Sent { compiled: &compiled, values: &values });
        self.start(connection, &mut watch);
        let mut take = |row: driver::Row<'_>| watch.take(&row, |_| Ok(ControlFlow::Continue(())));
        let mut done = Done::default();
        let ran = connection.run_with(&compiled.statement, &values, &mut take, &mut done).await;
        self.ended(&mut watch, ran, &done)?;
        Ok(done.rows_affected.min(most))
    }
}

/// Returns how many rows an upsert puts, where the database counts those twice that it updates.
fn rows_put(statement: &Statement, dialect: Dialect) -> Option<u64> {
    match statement {
        Statement::Insert(insert)
            if !insert.on_conflict.is_empty() && dialect.capabilities().upsert == Upsert::OnDuplicateKey =>
        {
            insert.source.count().map(|count| count as u64)
        }
        _ => None,
    }
}

/// Returns the columns of a table's constraint or unique index.
fn constrained(table: &Table, name: &str, dialect: Dialect) -> Option<Vec<String>> {
    // MySQL's name for every primary key.
    if name == "PRIMARY" {
        return Some(table.primary_key.columns.clone());
    }
    let uniques = table.uniques.iter().map(|unique| (&unique.name, unique.columns.clone()));
    let indexes = table.indexes.iter().map(|index| (&index.name, index.column_names()));
    let keys = table.foreign_keys.iter().map(|key| (&key.name, key.columns.clone()));
    let mut all = uniques.chain(indexes).chain(keys);
    let is_it = |known: &Option<String>| known.as_deref().is_some_and(|known| fit(known, dialect) == name);
    all.find(|(known, _)| is_it(known)).map(|(_, columns)| columns)
}

/// Returns what a foreign key may be that the database does not name.
fn references(table: &Table, deletes: bool) -> String {
    let name = &table.name;
    let keys = table.foreign_keys.iter().filter(|_| !deletes).map(|key| {
        let (columns, targets) = (key.columns.join(", "), key.target_columns.join(", "));
        format!("`{name}` ({columns}) to `{}` ({targets})", key.target_table)
    });
    let keys = keys.collect::<Vec<_>>().join(", ");
    match keys.as_str() {
        "" => format!(
            "SQLite does not name the foreign key: rows of another table refer to those of `{name}`, which have to go or \
             change first, unless their foreign key says `on_delete`"
        ),
        keys => {
            format!("SQLite does not name the foreign key: see that the row is there to which it refers, of {keys}")
        }
    }
}

#[cold]
fn too_many_rows(most: u64) -> Error {
    let message = format!("the statement gave more rows than `max_rows` allows, which is {most}");
    Error::new(ErrorKind::InvalidRequest, message).hint("ask for fewer by a LIMIT, or read them by `stream`")
}

/// Says which column of a row does not become its Rust value.
#[cold]
pub(super) fn misread_error(misread: &Misread, compiled: &Compiled) -> Error {
    let position = format!("#{}", misread.column + 1);
    let label = compiled.labels.get(misread.column).unwrap_or(&position);
    let reason = misread.reason.reason();
    let error = Error::new(ErrorKind::Data, format!("column `{label}` cannot be read: {reason}"));
    match reason == IS_NULL {
        true => error.hint("select it by `optional(…)`, or read it into an `Option`"),
        false => error,
    }
}
