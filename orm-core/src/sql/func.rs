//! Functions of SQL with their types: `func::count(Address.id)`.

use orm_pool::Kind;

use super::expr::function;
use super::node::Nullability::{Own, Strict};
use super::{AsExpr, Expr, Expression, Node, Select};
use crate::mapper::RowType;
use crate::types::{Numeric, SqlType, Textual};

fn aggregate<T>(name: &'static str, argument: Node) -> Expr<T> {
    Expr::new(function(name, vec![argument], Own))
}

/// `count(x)`: how many rows have a value that is not NULL.
pub fn count<E: Expression>(expression: E) -> Expr<i64> {
    aggregate("count", expression.__expression())
}

/// `count(*)`: how many rows there are.
pub fn count_all() -> Expr<i64> {
    aggregate("count", Node::Star)
}

/// `count(DISTINCT x)`: how many different values there are.
pub fn count_distinct<E: Expression>(expression: E) -> Expr<i64> {
    let arguments = vec![expression.__expression()];
    Expr::new(Node::Function { name: "count".into(), arguments, distinct: true, nullability: Own })
}

/// `max(x)`: the greatest value, or NULL where there is none.
pub fn max<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    aggregate("max", expression.__expression())
}

/// `min(x)`: the least value, or NULL where there is none.
pub fn min<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    aggregate("min", expression.__expression())
}

/// A number whose sum has a type.
pub trait Summable: Numeric {
    /// The type of the sum.
    type Sum: SqlType;
}
macro_rules! sums {
    ($($type:ty => $sum:ty),*) => { $( impl Summable for $type { type Sum = $sum; } )* };
}
sums!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => i64, u16 => i64, u32 => i64, f32 => f64, f64 => f64);
#[cfg(feature = "rust_decimal")]
sums!(rust_decimal::Decimal => rust_decimal::Decimal);
impl<T: Summable> Summable for Option<T> {
    type Sum = T::Sum;
}

/// `sum(x)`, or NULL where there is nothing to add up.
pub fn sum<E: Expression<Type: Summable>>(expression: E) -> Expr<Option<<E::Type as Summable>::Sum>> {
    aggregate("sum", expression.__expression())
}

/// `avg(x)`, or NULL where there is nothing.
pub fn avg<E: Expression<Type: Numeric>>(expression: E) -> Expr<Option<f64>> {
    aggregate("avg", expression.__expression())
}

/// `lower(x)`.
pub fn lower<E: Expression<Type: Textual>>(expression: E) -> Expr<E::Type> {
    Expr::new(function("lower", vec![expression.__expression()], Strict))
}

/// `upper(x)`.
pub fn upper<E: Expression<Type: Textual>>(expression: E) -> Expr<E::Type> {
    Expr::new(function("upper", vec![expression.__expression()], Strict))
}

/// `length(x)` in characters; NULL for NULL.
pub fn length<E: Expression<Type: Textual>>(expression: E) -> Expr<Option<i64>> {
    Expr::new(function("char_length", vec![expression.__expression()], Strict))
}

/// `abs(x)`.
pub fn abs<E: Expression<Type: Numeric>>(expression: E) -> Expr<E::Type> {
    Expr::new(function("abs", vec![expression.__expression()], Strict))
}

/// `coalesce(x, y)`: `x` where it is not NULL, else `y`.
pub fn coalesce<T, E>(expression: E, otherwise: impl AsExpr<T>) -> Expr<T>
where
    T: SqlType,
    E: Expression<Type = Option<T>>,
{
    Expr::new(function("coalesce", vec![expression.__expression(), otherwise.__node()], Own))
}

/// EXISTS of a query, as a condition.
///
/// The terminal [`exists`](Select::exists) runs a query; this one stands inside another.
pub fn exists<S: RowType>(select: Select<S>) -> Expr<bool> {
    Expr::new(Node::Exists { select: select.node, negated: false })
}

/// Any function by its name, which is taken as it stands, with the type that it gives. The arguments are a tuple.
///
/// ```
/// # use orm_core::{Dialect, Expr, func, literal, select};
/// let version: Expr<String> = func::custom("sqlite_version", ());
/// assert_eq!(select(version).to_sql(Dialect::Sqlite), "SELECT sqlite_version()");
/// let padded: Expr<String> = func::custom("printf", (literal("%5d".to_owned()), literal(7i64)));
/// assert_eq!(select(padded).to_sql(Dialect::Sqlite), "SELECT printf(?, ?)");
/// ```
pub fn custom<T: SqlType>(name: &'static str, arguments: impl Arguments) -> Expr<T> {
    let mut list = Vec::new();
    arguments.__arguments(&mut list);
    Expr::new(function(name, list, Own))
}

/// The arguments of a function: a tuple of columns and expressions.
pub trait Arguments {
    #[doc(hidden)]
    fn __arguments(self, list: &mut Vec<Node>);
}
macro_rules! arguments {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Expression),*> Arguments for ($($name,)*) {
            fn __arguments(self, _list: &mut Vec<Node>) { $( _list.push(self.$index.__expression()); )* }
        }
    };
}
arguments!();
arguments!(A 0);
arguments!(A 0, B 1);
arguments!(A 0, B 1, C 2);
arguments!(A 0, B 1, C 2, D 3);
arguments!(A 0, B 1, C 2, D 3, E 4);

/// NULL of a type.
pub fn null<T: SqlType>() -> Expr<Option<T>> {
    let kind: Kind = T::KIND;
    Expr::new(Node::Bind(orm_pool::Value::Null(kind)))
}
