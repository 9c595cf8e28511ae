//! What a statement gave, as a user of Python's DB-API knows it: [`ResultSet`], with the methods that return one.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orm_pool::Value;
use orm_pool::driver::Done;

use super::execute::Prepared;
use super::{Connection, Engine, Record, Request, Savepoint, Transaction};
use crate::error::{Error, Result};
use crate::mapper::{Model, RowType};
use crate::sql::{Delete, Insert, Returning, Rows, Select, Statement, Text, Update, Write, is_write, within};
use crate::types::SqlType;

/// What a statement gave: rows, and how many it changed. It holds all rows in memory; [`stream`](Connection::stream) does
/// not.
///
/// A stored procedure may give several sets of rows, one after the other: see [`next_set`](Self::next_set). On PostgreSQL
/// these are the cursors whose names a function returns; the first set are the names.
///
/// ```
/// # use orm_core::{Engine, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # let mut connection = engine.connect().await?;
/// let mut result = connection.execute(text("SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 ORDER BY n")).await?;
/// assert_eq!(result.fetch_one().unwrap().get::<i64>("n")?, 1);
/// assert_eq!(result.fetch_many(5).len(), 2);
/// assert!(result.fetch_one().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResultSet {
    current: Set,
    next: VecDeque<Set>,
    rows_affected: u64,
    last_insert_id: Option<i64>,
}

/// One set of rows.
#[derive(Clone, Debug, Default)]
struct Set {
    keys: Arc<[String]>,
    rows: VecDeque<Record>,
}

impl ResultSet {
    /// Returns the names of the columns; none for a statement that gives no rows.
    pub fn keys(&self) -> &[String] {
        &self.current.keys
    }

    /// Returns whether the statement is one that gives rows, be it none.
    pub fn returns_rows(&self) -> bool {
        !self.current.keys.is_empty()
    }

    /// Returns how many rows were inserted, updated or deleted.
    pub fn rows_affected(&self) -> u64 {
        self.rows_affected
    }

    /// Returns the key that SQLite, MySQL or MariaDB has generated for the last inserted row.
    pub fn last_insert_id(&self) -> Option<i64> {
        self.last_insert_id
    }

    /// Takes the next row.
    pub fn fetch_one(&mut self) -> Option<Record> {
        self.current.rows.pop_front()
    }

    /// Takes up to so many rows.
    pub fn fetch_many(&mut self, rows: usize) -> Vec<Record> {
        let rows = rows.min(self.current.rows.len());
        self.current.rows.drain(..rows).collect()
    }

    /// Takes the rows that are left.
    pub fn fetch_all(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.current.rows).into()
    }

    /// Returns the first row, if there is one.
    pub fn first(mut self) -> Option<Record> {
        self.fetch_one()
    }

    /// Returns the only row.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NoResultFound`](crate::ErrorKind::NoResultFound) when there is none and with
    /// [`ErrorKind::MultipleResultsFound`](crate::ErrorKind::MultipleResultsFound) when there are several.
    pub fn one(self) -> Result<Record> {
        if self.current.rows.len() > 1 {
            return Err(Error::several_rows("exactly one"));
        }
        self.first().ok_or_else(Error::no_row)
    }

    /// Returns the only row, or `None`.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::MultipleResultsFound`](crate::ErrorKind::MultipleResultsFound) when there are several.
    pub fn one_or_none(self) -> Result<Option<Record>> {
        if self.current.rows.len() > 1 {
            return Err(Error::several_rows("one or none"));
        }
        Ok(self.first())
    }

    /// Returns the first column of the first row; no row and NULL are both `None`.
    ///
    /// # Errors
    ///
    /// Fails when the value does not become the type.
    pub fn scalar<T: SqlType>(self) -> Result<Option<T>> {
        self.first().map_or(Ok(None), |row| row.get::<Option<T>>(0))
    }

    /// Returns the first column of the rows that are left.
    ///
    /// # Errors
    ///
    /// Fails when a value does not become the type.
    pub fn scalars<T: SqlType>(mut self) -> Result<Vec<T>> {
        self.fetch_all().iter().map(|row| row.get(0)).collect()
    }

    /// Returns the rows that are left, each by the names of its columns; of several of one name it has the last.
    pub fn mappings(mut self) -> Vec<BTreeMap<String, Value>> {
        self.fetch_all().iter().map(Record::mapping).collect()
    }

    /// Goes on to the next set of rows, if the statement gave another; what is left of this one is let go.
    pub fn next_set(&mut self) -> bool {
        let next = self.next.pop_front();
        let has_next = next.is_some();
        self.current = next.unwrap_or_default();
        has_next
    }

    fn add(&mut self, done: Done) {
        self.rows_affected += done.rows_affected;
        self.last_insert_id = done.last_insert_id.or(self.last_insert_id);
    }
}

impl Iterator for ResultSet {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.fetch_one()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.current.rows.len(), Some(self.current.rows.len()))
    }
}

/// What [`Connection::execute`] takes: `text(…)`, `select(…)`, `insert(…)`, `update(…)`, `delete(…)`, with or without
/// RETURNING.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a statement that can be executed")]
pub trait Executable {
    #[doc(hidden)]
    fn __executable(self) -> Result<Request>;
}
impl<S: RowType> Executable for Select<S> {
    fn __executable(self) -> Result<Request> {
        self.__request()
    }
}
impl<S: RowType> Executable for Returning<S> {
    fn __executable(self) -> Result<Request> {
        self.__request()
    }
}
macro_rules! executable {
    ($({$($generic:tt)*} $type:ty;)*) => { $(
        impl<$($generic)*> Executable for $type {
            fn __executable(self) -> Result<Request> {
                self.__statements().map(|statements| Request::new(statements, Vec::new()))
            }
        }
    )* };
}
executable! { {} Text; {M: Model} Insert<M>; {M: Model} Update<M>; {M: Model} Delete<M>; }

/// The values of a statement in the database's own words: `()`, an array or a tuple of values, or a `Vec<Value>`.
pub trait Parameters {
    #[doc(hidden)]
    fn __values(self) -> Vec<Value>;
}

/// A value of [`Parameters`].
pub trait Parameter {
    #[doc(hidden)]
    fn __value(self) -> Value;
}
impl<T: SqlType> Parameter for T {
    fn __value(self) -> Value {
        self.encode()
    }
}
impl Parameter for &str {
    fn __value(self) -> Value {
        Value::Text(self.to_owned())
    }
}
impl Parameter for Value {
    fn __value(self) -> Value {
        self
    }
}

impl Parameters for () {
    fn __values(self) -> Vec<Value> {
        Vec::new()
    }
}
impl<T: Parameter> Parameters for Vec<T> {
    fn __values(self) -> Vec<Value> {
        self.into_iter().map(Parameter::__value).collect()
    }
}
impl<T: Parameter, const N: usize> Parameters for [T; N] {
    fn __values(self) -> Vec<Value> {
        self.into_iter().map(Parameter::__value).collect()
    }
}
macro_rules! tuples {
    ($($($name:ident)*;)*) => { $(
        impl<$($name: Parameter),*> Parameters for ($($name,)*) {
            #[allow(non_snake_case, reason = "one variable per member, named after it")]
            fn __values(self) -> Vec<Value> {
                let ($($name,)*) = self;
                vec![$($name.__value()),*]
            }
        }
    )* };
}
tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H; }

impl Connection {
    /// Runs a statement and returns what it gave, as [`Record`]s.
    ///
    /// Statements give Rust values by their own `all`, `one` and so on, which take `&mut connection`.
    ///
    /// # Errors
    ///
    /// Fails when the statement cannot be rendered for the database, or the database refuses it.
    pub fn execute(&mut self, statement: impl Executable) -> impl Future<Output = Result<ResultSet>> + Send {
        let request = statement.__executable();
        async move {
            let request = request?;
            self.autobegin(request.statements.iter().any(Statement::takes_write_lock)).await?;
            let engine = self.engine.clone();
            let mut result = ResultSet::default();
            for statement in within(request.statements.into_vec(), self.guard.most_bytes()) {
                let prepared = engine.prepare(statement)?;
                engine.collect(self, &prepared, &mut result).await?;
            }
            Ok(result)
        }
    }

    /// Runs one statement in the database's own words, with its own placeholders, and returns what it gave.
    ///
    /// Nothing of the text is looked at. SQLAlchemy's `exec_driver_sql`.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses the statement.
    pub fn exec_driver_sql(
        &mut self,
        sql: &str,
        parameters: impl Parameters,
    ) -> impl Future<Output = Result<ResultSet>> + Send {
        let will_write = is_write(sql);
        let (sql, values) = (sql.to_owned(), parameters.__values());
        async move {
            self.autobegin(will_write).await?;
            let prepared = self.engine.prepare_raw(&sql, values);
            let mut result = ResultSet::default();
            self.engine.clone().collect(self, &prepared, &mut result).await?;
            Ok(result)
        }
    }

    /// Runs a statement and returns the first column of its first row; no row and NULL are both `None`.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and when the value does not become the type.
    pub fn scalar<T: SqlType>(&mut self, statement: impl Executable) -> impl Future<Output = Result<Option<T>>> + Send {
        let result = self.execute(statement);
        async move { result.await?.scalar() }
    }

    /// Commits what was done on success, and rolls it back otherwise.
    pub(super) async fn finish<T>(mut self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                // What is told is what went wrong first.
                _ = self.rollback().await;
                Err(error)
            }
        }
    }
}

/// What holds a connection runs statements as it does.
macro_rules! delegates {
    ($($type:ty),*) => { $(
        impl $type {
            /// Runs a statement and returns what it gave; see [`Connection::execute`].
            ///
            /// # Errors
            ///
            /// As [`Connection::execute`].
            pub fn execute(&mut self, statement: impl Executable) -> impl Future<Output = Result<ResultSet>> + Send {
                self.connection.execute(statement)
            }

            /// Runs one statement in the database's own words; see [`Connection::exec_driver_sql`].
            ///
            /// # Errors
            ///
            /// As [`Connection::exec_driver_sql`].
            pub fn exec_driver_sql(
                &mut self,
                sql: &str,
                parameters: impl Parameters,
            ) -> impl Future<Output = Result<ResultSet>> + Send {
                self.connection.exec_driver_sql(sql, parameters)
            }

            /// Runs a statement and returns the first column of its first row; see [`Connection::scalar`].
            ///
            /// # Errors
            ///
            /// As [`Connection::scalar`].
            pub fn scalar<T: SqlType>(
                &mut self,
                statement: impl Executable,
            ) -> impl Future<Output = Result<Option<T>>> + Send {
                self.connection.scalar(statement)
            }
        }
    )* };
}
delegates!(Transaction, Savepoint<'_>);

impl Engine {
    /// Runs a statement and adds what it gives to a result.
    async fn collect(&self, connection: &mut Connection, prepared: &Prepared, result: &mut ResultSet) -> Result<()> {
        let mut sets: Vec<Set> = Vec::new();
        let mut cursors: Vec<String> = Vec::new();
        let done = self
            .run_prepared(&mut connection.guard, prepared.sent(), &mut |row| {
                while sets.len() <= row.set() {
                    sets.push(Set::default());
                }
                let set = &mut sets[row.set()];
                cursors.extend(row.cursor(0).map(str::to_owned));
                let record = Record::of(&row, set.rows.front().map(Record::shared_keys));
                set.keys = record.shared_keys().clone();
                set.rows.push_back(record);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        result.add(done);
        let mut sets = sets.into_iter();
        let mut first = sets.next().unwrap_or_default();
        if first.rows.is_empty() {
            // Rows would have brought their names.
            let names = connection.guard.columns(&prepared.compiled.statement, &prepared.values).await;
            first.keys = names.map_err(|error| self.failed(prepared.sent(), error))?.into();
        }
        // Several statements of one shape, as of a long list of rows to insert, give one set.
        result.current.keys = first.keys;
        result.current.rows.append(&mut first.rows);
        result.next.extend(sets);
        for cursor in cursors {
            result.next.push_back(self.cursor_rows(connection, &cursor).await?);
        }
        Ok(())
    }

    /// Returns the rows of a cursor that a function of PostgreSQL has opened.
    async fn cursor_rows(&self, connection: &mut Connection, name: &str) -> Result<Set> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // The same words for another cursor of the name would find what was prepared for this one, and its columns.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let sql = format!("FETCH ALL FROM \"{}\" /* {number} */", name.replace('"', "\"\""));
        let mut inner = ResultSet::default();
        Box::pin(self.collect(connection, &self.prepare_raw(&sql, Vec::new()), &mut inner)).await?;
        Ok(inner.current)
    }
}
