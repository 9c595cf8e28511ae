//! Comparisons with ANY and with ALL: of the rows of a subquery, or of the elements of an array.

use super::expr::templated;
use super::{DerivedColumn, Expr, Node, Operator, Select, SelectNode, template};
use crate::mapper::{Attribute, Model};
use crate::types::{ArrayElement, SqlType};

/// What a value is compared with by ANY and ALL: a subquery of one column, or an array of PostgreSQL.
///
/// SQLite has neither; MySQL and MariaDB have them of subqueries.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users", metadata = none)]
/// # struct User { #[orm(primary_key)] id: i64, age: i64 }
/// let other = User.alias("other");
/// let oldest = select(User.id).filter(User.age.ge_all(select(other.age)));
/// assert_eq!(
///     oldest.to_sql(Dialect::MySql),
///     "SELECT users.id FROM users WHERE users.age >= ALL (SELECT other.age FROM users AS other)"
/// );
/// let beyond = select(User.id).filter(User.age.gt_any(vec![30, 40]));
/// assert_eq!(beyond.to_sql(Dialect::Postgres), "SELECT users.id FROM users WHERE users.age > ANY ($1)");
/// ```
#[diagnostic::on_unimplemented(
    message = "a value of type `{T}` is not compared with any or all of `{Self}`",
    label = "expected a subquery of one column of type `{T}`, or an array of such"
)]
pub trait Several<T> {
    #[doc(hidden)]
    fn __compared(self, operator: Operator, every: bool, operand: Node) -> Node;
}
impl<T: SqlType> Several<T> for Select<T> {
    fn __compared(self, operator: Operator, every: bool, operand: Node) -> Node {
        of_rows(operator, every, operand, self.node)
    }
}
impl<T: SqlType> Several<T> for Select<Option<T>> {
    fn __compared(self, operator: Operator, every: bool, operand: Node) -> Node {
        of_rows(operator, every, operand, self.node)
    }
}
impl<T: SqlType> Several<Option<T>> for Select<T> {
    fn __compared(self, operator: Operator, every: bool, operand: Node) -> Node {
        of_rows(operator, every, operand, self.node)
    }
}

fn of_rows(operator: Operator, every: bool, operand: Node, select: Box<SelectNode>) -> Node {
    Node::Quantified { operator, every, operand: Box::new(operand), select }
}

fn with_array(operator: Operator, every: bool, operand: Node, array: Node) -> Node {
    let several = if every { &template::ALL_OF } else { &template::ANY_OF };
    Node::binary(operator, operand, templated::<bool>(several, vec![array]).node)
}

macro_rules! arrays {
    ($({$($generics:tt)*} $type:ty, $element:ty, |$array:ident| $node:expr;)*) => { $(
        impl<$($generics)* T: ArrayElement> Several<$element> for $type {
            fn __compared(self, operator: Operator, every: bool, operand: Node) -> Node {
                let $array = self;
                with_array(operator, every, operand, $node)
            }
        }
    )* };
}
arrays! {
    {} Vec<T>, T, |array| Node::Bind(array.encode());
    {} Vec<T>, Option<T>, |array| Node::Bind(array.encode());
    {} Expr<Vec<T>>, T, |array| array.into();
    {} Expr<Vec<T>>, Option<T>, |array| array.into();
    {M: Model,} Attribute<M, Vec<T>>, T, |array| array.into();
    {M: Model,} Attribute<M, Vec<T>>, Option<T>, |array| array.into();
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: SqlType> $type {
            /// `= ANY`: whether it is among them, as [`in_`](Self::in_) of a subquery asks in every database.
            pub fn eq_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Eq, false, self.into()))
            }
            /// `= ALL` of them.
            pub fn eq_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Eq, true, self.into()))
            }
            /// `<> ANY` of them.
            pub fn ne_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Ne, false, self.into()))
            }
            /// `<> ALL`: whether it is none of them.
            pub fn ne_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Ne, true, self.into()))
            }
            /// `> ANY` of them.
            pub fn gt_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Gt, false, self.into()))
            }
            /// `> ALL` of them.
            pub fn gt_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Gt, true, self.into()))
            }
            /// `>= ANY` of them.
            pub fn ge_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Ge, false, self.into()))
            }
            /// `>= ALL` of them.
            pub fn ge_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Ge, true, self.into()))
            }
            /// `< ANY` of them.
            pub fn lt_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Lt, false, self.into()))
            }
            /// `< ALL` of them.
            pub fn lt_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Lt, true, self.into()))
            }
            /// `<= ANY` of them.
            pub fn le_any(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Le, false, self.into()))
            }
            /// `<= ALL` of them.
            pub fn le_all(self, others: impl Several<T>) -> Expr<Option<bool>> {
                Expr::new(others.__compared(Operator::Le, true, self.into()))
            }
        }
    )* };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
}
