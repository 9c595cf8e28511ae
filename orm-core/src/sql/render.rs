//! The text of a statement, for a person or another program, without a database.

use super::{Delete, Insert, Returning, Select, Statement, Text, Update};
use crate::compile;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::mapper::{Model, RowType};

/// A statement that can be shown as SQL.
///
/// Every kind of statement has [`to_sql`](Self::to_sql) as a method of its own; the trait is for code that takes any of them.
pub trait Render {
    #[doc(hidden)]
    fn __rendered(&self) -> Result<Vec<Statement>>;

    /// Returns the SQL for a dialect, with placeholders for the values. It needs no database.
    ///
    /// A statement that cannot be rendered gives the error's text. An INSERT of rows that set different columns is several
    /// statements, a line each.
    fn to_sql(&self, dialect: Dialect) -> String {
        match self.__rendered() {
            Ok(statements) => {
                let lines: Vec<String> =
                    statements.iter().map(|statement| compile::display(statement, dialect)).collect();
                lines.join(";\n")
            }
            Err(error) => error.to_string(),
        }
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
        }
    )* };
}
renders! {
    {S: RowType} Select<S>, |this| Ok(vec![Statement::Select(this.node.clone())]);
    {M: Model} Insert<M>, |this| this.statements();
    {M: Model} Update<M>, |this| this.statements();
    {M: Model} Delete<M>, |this| Ok(this.statements());
    {S: RowType} Returning<S>, |this| this.to_statements();
    {} Text, |this| this.statements(None);
}
