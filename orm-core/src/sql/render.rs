//! The text of a statement, for a person or another program, without a database.

use super::{Delete, Insert, Returning, Select, Statement, Text, Update};
use crate::compile::{self, Rendered};
use crate::dialect::Dialect;
use crate::engine::{Executor, PlanLine, Request};
use crate::error::Result;
use crate::mapper::{Model, RowType};

/// A statement that can be shown as SQL.
///
/// Every kind of statement has these as methods of its own; the trait is for code that takes any of them.
///
/// ```
/// # use orm_core::{Dialect, Model, Render, delete, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// fn show(statement: &impl Render) -> String {
///     statement.to_sql_literal(Dialect::MySql)
/// }
/// assert_eq!(show(&select(User.id).filter(User.name.eq("it's"))), "SELECT users.id FROM users WHERE users.name = 'it''s'");
/// assert_eq!(show(&delete(User).filter(User.id.eq(1))), "DELETE FROM users WHERE users.id = 1");
/// ```
pub trait Render {
    #[doc(hidden)]
    fn __rendered(&self) -> Result<Vec<Statement>>;

    /// Returns the SQL for a dialect, with placeholders for the values. It needs no database.
    ///
    /// A statement that cannot be rendered gives the error's text. What takes several statements, such as an INSERT of rows
    /// that set different columns, is a line each.
    fn to_sql(&self, dialect: Dialect) -> String {
        shown(self.render(dialect))
    }

    /// Returns the SQL for a dialect, with the values written into it. It needs no database.
    ///
    /// It is for reading, logging and scripts. To run a statement, run it: then values travel beside the text. A statement that
    /// cannot be rendered gives the error's text, and so does a value that has no literal, such as text with a NUL character
    /// on PostgreSQL.
    fn to_sql_literal(&self, dialect: Dialect) -> String {
        shown(self.__rendered().and_then(|statements| compile::render(statements, dialect, true)))
    }

    /// Returns the SQL for a dialect and the values in the order of its placeholders. It needs no database.
    ///
    /// # Errors
    ///
    /// Fails when the dialect has no such construct, with an error that names both.
    fn render(&self, dialect: Dialect) -> Result<Vec<Rendered>> {
        compile::render(self.__rendered()?, dialect, false)
    }
}

/// Shows statements, a line each.
fn shown(rendered: Result<Vec<Rendered>>) -> String {
    match rendered {
        Ok(statements) => statements.into_iter().map(|statement| statement.sql).collect::<Vec<_>>().join(";\n"),
        Err(error) => error.to_string(),
    }
}

/// Gives a statement its own methods of [`Render`], so that nobody needs to import the trait.
macro_rules! renders {
    ($({$($generics:tt)*} $type:ty, |$this:ident| $statements:expr;)*) => { $(
        impl<$($generics)*> Render for $type {
            fn __rendered(&self) -> Result<Vec<Statement>> {
                let $this = self;
                $statements
            }
        }

        impl<$($generics)*> $type {
            /// Returns the SQL for a dialect, with placeholders for the values. It needs no database.
            ///
            /// A statement that cannot be rendered gives the error's text.
            pub fn to_sql(&self, dialect: Dialect) -> String {
                Render::to_sql(self, dialect)
            }

            /// Returns the SQL for a dialect, with the values written into it. It needs no database.
            ///
            /// It is for reading, logging and scripts; a statement that is run sends its values beside the text. A statement that
            /// cannot be rendered gives the error's text.
            pub fn to_sql_literal(&self, dialect: Dialect) -> String {
                Render::to_sql_literal(self, dialect)
            }

            /// Returns the SQL for a dialect and the values in the order of its placeholders. It needs no database.
            ///
            /// # Errors
            ///
            /// Fails when the dialect has no such construct, with an error that names both.
            pub fn render(&self, dialect: Dialect) -> Result<Vec<Rendered>> {
                Render::render(self, dialect)
            }

            /// Returns how the database plans to run it, a line a step. It is not run.
            ///
            /// # Errors
            ///
            /// Fails when the statement cannot be rendered for the database, or when the database refuses it.
            pub fn explain<E: Executor>(self, db: E) -> impl Future<Output = Result<String>> + Send {
                let statements = self.__rendered();
                async move {
                    let explain = |statement| Statement::Explain(Box::new(statement));
                    let statements = statements?.into_iter().map(explain).collect::<Vec<_>>();
                    let lines = db.__values::<PlanLine>(Request::new(statements, Vec::new())).await?;
                    Ok(lines.into_iter().map(|line| line.0 + "\n").collect())
                }
            }
        }
    )* };
}
renders! {
    {S: RowType} Select<S>, |this| this.clone().request().and_then(Request::joined);
    {M: Model} Insert<M>, |this| this.clone().statements();
    {M: Model} Update<M>, |this| this.clone().statements();
    {M: Model} Delete<M>, |this| this.clone().statements();
    {S: RowType} Returning<S>, |this| this.to_statements();
    {} Text, |this| this.statements(None);
}
