//! Statements that give rows and are no SELECT.

use std::marker::PhantomData;
use std::panic::Location;

use super::{Select, SelectNode, terminals};
use crate::engine::{Executor, Out, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::RowType;
use crate::sql::{Cte, Node, Output, Shape, Statement};
use crate::types::SqlType;

/// A statement with typed rows that is no [`Select`]: RETURNING, or text with columns.
pub struct Returning<S> {
    request: Result<Request>,
    row: PhantomData<fn() -> S>,
}

impl<S> std::fmt::Debug for Returning<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returning").field("request", &self.request).finish()
    }
}

impl<S> Returning<S> {
    pub(crate) fn of(request: Result<Request>) -> Self {
        Returning { request, row: PhantomData }
    }

    pub(crate) fn statements(statements: Result<Vec<Statement>>) -> Self {
        Returning::of(statements.map(|statements| Request::new(statements, Vec::new())))
    }

    pub(crate) fn to_statements(&self) -> Result<Vec<Statement>> {
        self.request.as_ref().map(|request| request.statements.to_vec()).map_err(Clone::clone)
    }
}

impl<S: RowType> Returning<S> {
    terminals!();

    /// Makes it a CTE, whose rows are those that RETURNING gives: of an INSERT, UPDATE or DELETE, on PostgreSQL.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, delete, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Job { #[orm(primary_key)] id: i64, done: bool }
    /// let gone = delete(Job).filter(Job.done).returning(Job.id).cte("gone");
    /// assert_eq!(
    ///     select(gone.0).select_from(&gone).to_sql(Dialect::Postgres),
    ///     "WITH gone AS (DELETE FROM job WHERE job.done RETURNING id) SELECT gone.id FROM gone"
    /// );
    /// ```
    pub fn cte(self, name: &str) -> Cte<S>
    where
        S: Shape,
    {
        match self.writing() {
            Ok((statement, outputs)) => Cte::new(name, statement, &outputs, None),
            Err(error) => {
                let outputs = vec![Output::expression(Node::Refused(Box::new(error)), true); S::__types().len().max(1)];
                let refused = SelectNode { outputs: outputs.clone(), ..SelectNode::default() };
                Cte::new(name, Statement::Select(Box::new(refused)), &outputs, None)
            }
        }
    }

    /// Returns its one statement, and what that gives.
    fn writing(self) -> Result<(Statement, Vec<Output>)> {
        let mut statements = self.request?.statements;
        let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
            let message = "rows that set different columns are several statements, and a CTE is one";
            return Err(Error::new(ErrorKind::Compile, message));
        };
        let outputs = match &statement {
            Statement::Insert(insert) => insert.returning.clone(),
            Statement::Update(update) => update.rows.returning.clone(),
            Statement::Delete(delete) => delete.rows.returning.clone(),
            _ => {
                let message = "text cannot be a CTE, since the names of its columns are not known";
                return Err(Error::new(ErrorKind::Compile, message));
            }
        };
        Ok((statement, outputs))
    }

    #[track_caller]
    pub(crate) fn request(self) -> Result<Request> {
        let place = Location::caller();
        self.request.map(|request| request.asked_at(place))
    }
}

/// A statement with rows, for `session.all(…)` and its like.
pub trait Rows {
    /// What a row becomes.
    type Row: RowType;

    #[doc(hidden)]
    fn __request(self) -> Result<Request>;
}
impl<S: RowType> Rows for Select<S> {
    type Row = S;

    #[track_caller]
    fn __request(self) -> Result<Request> {
        self.request()
    }
}
impl<S: RowType> Rows for Returning<S> {
    type Row = S;

    #[track_caller]
    fn __request(self) -> Result<Request> {
        self.request()
    }
}
