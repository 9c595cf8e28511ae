//! Arrays of PostgreSQL in expressions. On the other databases each fails when the statement is compiled.

use super::expr::templated;
use super::func::ListOf;
use super::nullness::Like;
use super::template;
use super::{AsExpr, Containing, DerivedColumn, Expr, Node};
use crate::mapper::{Attribute, Model};
use crate::types::{ArrayElement, SqlType};

/// A type whose column is an array.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an array")]
pub trait ArrayType: SqlType {
    /// What it holds.
    type Element: ArrayElement;
}
impl<T: ArrayElement> ArrayType for Vec<T> {
    type Element = T;
}
impl<T: ArrayType> ArrayType for Option<T> {
    type Element = T::Element;
}

impl<T: ArrayElement, A: AsExpr<Vec<T>>> Containing<A> for Vec<T> {
    fn __contains(operand: Node, other: A) -> Node {
        templated::<bool>(&template::ARRAY_CONTAINS, vec![operand, other.__node()]).node
    }
}

/// `ARRAY[…]` of expressions and values, the first of which is an expression.
///
/// ```
/// # use orm_core::{Dialect, func, literal, select};
/// let both = select(func::array((literal(1), 2)));
/// assert_eq!(both.to_sql(Dialect::Postgres), "SELECT ARRAY[$1, $2]");
/// assert!(both.to_sql(Dialect::Sqlite).contains("an array is not supported on dialect sqlite"));
/// ```
pub fn array<T: ArrayElement, L: ListOf<T>>(list: L) -> Expr<Vec<T>> {
    let mut elements = Vec::new();
    list.__list(&mut elements);
    templated(&template::ARRAY, elements)
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: ArrayType> $type {
            /// The element at this place, from 1, or NULL.
            pub fn element(self, place: impl AsExpr<i32>) -> Expr<Option<<T::Element as SqlType>::Plain>> {
                templated(&template::ARRAY_ELEMENT, vec![self.into(), place.__node()])
            }
            /// The elements from one place to another, counted from 1, both included.
            pub fn slice(self, from: impl AsExpr<i32>, to: impl AsExpr<i32>) -> Expr<T> {
                templated(&template::ARRAY_SLICE, vec![self.into(), from.__node(), to.__node()])
            }
            /// How many elements it has.
            pub fn cardinality(self) -> Expr<Like<T, i64>> {
                templated(&template::ARRAY_LENGTH, vec![self.into()])
            }
            /// The elements of both: `||`.
            pub fn array_concat(self, other: impl AsExpr<Vec<T::Element>>) -> Expr<T> {
                templated(&template::ARRAY_CONCAT, vec![self.into(), other.__node()])
            }
            /// The array with another element at its end.
            pub fn append(self, element: impl AsExpr<T::Element>) -> Expr<T> {
                templated(&template::ARRAY_APPEND, vec![self.into(), element.__node()])
            }
            /// The array without the elements that equal this one.
            pub fn without(self, element: impl AsExpr<T::Element>) -> Expr<T> {
                templated(&template::ARRAY_REMOVE, vec![self.into(), element.__node()])
            }
        }

        impl<$($generics)* T: ArrayElement> $type {
            /// `= ANY` of an array: whether it is one of its elements.
            pub fn in_array<A: AsExpr<Vec<T>>>(self, array: A) -> Expr<Option<bool>> {
                let any = templated::<T>(&template::ANY_OF, vec![array.__node()]).node;
                Expr::new(Node::binary(super::Operator::Eq, self.into(), any))
            }
            /// `<> ALL` of an array: whether it is none of its elements.
            pub fn not_in_array<A: AsExpr<Vec<T>>>(self, array: A) -> Expr<Option<bool>> {
                let all = templated::<T>(&template::ALL_OF, vec![array.__node()]).node;
                Expr::new(Node::binary(super::Operator::Ne, self.into(), all))
            }
        }
    )* };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
}
